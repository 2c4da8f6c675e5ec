//! Transforms of all lines along one axis: gathered in tiles, transformed, scaled and scattered.

use corepy_core::plan::{Plan as Walk, plan as merge};
use corepy_core::{DType, Op, Result, Tensor, arena, scheduler};
use rustfft::num_complex::Complex;
use smallvec::SmallVec;

use super::plan::{Kind, Plan, Precision, plan};
use crate::ffi;

/// Bytes of the lines that are transformed together, where they do not lie one after the other: a
/// tile fits L2, and its lines share the cache lines that they are gathered from.
const TILE_BYTES: usize = 256 << 10;
/// Lines of a tile: the fewest, a cache line of complex128, and the most.
const TILE_LINES: (usize, usize) = (4, 64);
/// Nanoseconds per element and binary digit of the length, on one core with AVX.
const BUTTERFLY_NS: f32 = 0.35;
/// Nanoseconds of work that a chunk should hold.
const CHUNK_NS: f32 = 20_000.0;

/// Transforms along one axis.
pub(super) struct Lines<'a> {
    pub op: &'static str,
    pub kind: Kind,
    /// Real or complex, as the kind wants it.
    pub source: &'a Tensor,
    /// Of the other sizes of `source`; it may be `source` where both are complex.
    pub out: &'a Tensor,
    pub axis: usize,
    /// The length of the transform.
    pub n: usize,
    pub scale: f64,
}

/// One tile in memory. Strides in bytes.
struct Tile {
    source: *const u8,
    source_line: isize,
    out: *mut u8,
    out_line: isize,
    lines: usize,
}

impl Lines<'_> {
    /// Runs them, in the precision of the tensors.
    pub(super) fn run(&self) -> Result<()> {
        match self.out.dtype().real() {
            DType::Float32 => self.run_as::<f32>(),
            _ => self.run_as::<f64>(),
        }
    }

    fn run_as<T: Precision>(&self) -> Result<()> {
        let plan = plan::<T>(self.op, self.kind, self.n)?;
        let walk = self.walk();
        let cols = *walk.shape.last().expect("never empty");
        let bytes = self.n * self.source.dtype().itemsize().max(self.out.dtype().itemsize());
        let unit = (TILE_BYTES / bytes).clamp(TILE_LINES.0, TILE_LINES.1).min(cols);
        let tiles = cols.div_ceil(unit);
        let total = walk.rows() * tiles;
        let line_ns = self.n as f32 * (self.n as f32).log2().max(1.0) * BUTTERFLY_NS + 50.0;
        let per_chunk = ((CHUNK_NS / (line_ns * unit as f32)) as usize).clamp(1, total);
        let parallel = scheduler::worth_parallel((line_ns * (walk.rows() * cols) as f32) as u64);
        scheduler::for_each_chunk(self.op, total.div_ceil(per_chunk), parallel, &|chunk| {
            arena::scope(self.op, |scope| {
                let buffers = Buffers::<T>::new(self, &plan, unit, scope)?;
                for index in chunk * per_chunk..total.min((chunk + 1) * per_chunk) {
                    let tile = self.tile(&walk, index / tiles, index % tiles * unit, unit);
                    // SAFETY: the tile's lines lie in the tensors and are this thread's own.
                    unsafe { self.run_tile(&plan, &tile, &buffers) };
                }
                Ok(())
            })
        })
    }

    /// The walk over the first elements of all lines: source, then result.
    fn walk(&self) -> Walk {
        let others = |values: &[isize]| -> SmallVec<[isize; 4]> {
            values.iter().enumerate().filter(|(axis, _)| *axis != self.axis).map(|(_, &value)| value).collect()
        };
        let shape: SmallVec<[usize; 4]> =
            self.out.shape().iter().enumerate().filter(|(axis, _)| *axis != self.axis).map(|(_, &size)| size).collect();
        let order: SmallVec<[usize; 4]> = (0..shape.len()).collect();
        let (source, out) = (others(self.source.strides()), others(self.out.strides()));
        merge(&shape, &order, &[&source, &out])
    }

    fn tile(&self, walk: &Walk, row: usize, first: usize, unit: usize) -> Tile {
        let last = walk.shape.len() - 1;
        let (source_line, out_line) = (walk.strides[0][last], walk.strides[1][last]);
        let mut offsets = [source_line * first as isize, out_line * first as isize];
        let mut rest = row;
        for axis in (0..last).rev() {
            let at = (rest % walk.shape[axis]) as isize;
            rest /= walk.shape[axis];
            offsets[0] += at * walk.strides[0][axis];
            offsets[1] += at * walk.strides[1][axis];
        }
        Tile {
            source: self.source.data().wrapping_offset(offsets[0]),
            source_line,
            out: self.out.data().wrapping_offset(offsets[1]),
            out_line,
            lines: unit.min(walk.shape[last] - first),
        }
    }

    /// # Safety
    /// The tile lies in the tensors, and nobody else touches its result.
    unsafe fn run_tile<T: Precision>(&self, plan: &Plan<T>, tile: &Tile, buffers: &Buffers<T>) {
        let item = self.out.dtype().itemsize();
        let step = self.out.strides()[self.axis];
        let out_count = self.out.shape()[self.axis];
        // Where the result's lines follow each other they are made in place.
        let direct = step == item as isize && (tile.lines == 1 || tile.out_line == (out_count * item) as isize);
        let result = if direct { tile.out } else { buffers.result };
        // SAFETY: the buffers hold `unit` lines of `n` numbers; a direct result is as long.
        unsafe {
            let input = if buffers.input.is_null() { result } else { buffers.input };
            self.load(tile, input);
            buffers.transform(plan, input, result, self.n, tile.lines);
            if self.scale != 1.0 {
                self.multiply(result, tile.lines * out_count);
            }
            if !direct {
                let row = (out_count * item) as isize;
                if tile.out_line == item as isize {
                    // Lines lie side by side: the copy runs along them.
                    let copy = ffi::copy(item);
                    copy(result, item as isize, row, tile.out, step, tile.out_line, out_count, tile.lines);
                } else {
                    ffi::copy(item)(result, row, item as isize, tile.out, tile.out_line, step, tile.lines, out_count);
                }
            }
        }
    }

    /// Gathers lines one after the other, with zeros after what there is.
    ///
    /// # Safety
    /// `input` holds the tile's lines.
    unsafe fn load(&self, tile: &Tile, input: *mut u8) {
        let item = self.source.dtype().itemsize();
        let count = if self.kind == Kind::RealInverse { self.n / 2 + 1 } else { self.n };
        let given = count.min(self.source.shape()[self.axis]);
        let row = (count * item) as isize;
        let step = self.source.strides()[self.axis];
        // SAFETY: `given` elements lie along the axis; the buffer's rows hold `count`.
        unsafe {
            if !std::ptr::eq(tile.source, input) {
                let copy = ffi::copy(item);
                copy(tile.source, tile.source_line, step, input, row, item as isize, tile.lines, given);
            }
            for line in 0..tile.lines {
                if given < count {
                    input.add((line * count + given) * item).write_bytes(0, (count - given) * item);
                }
                if self.kind == Kind::RealInverse {
                    // The transform of real numbers has real numbers there; what else stands there is ignored.
                    let half = item / 2;
                    let first = input.add(line * count * item);
                    first.add(half).write_bytes(0, half);
                    if self.n.is_multiple_of(2) {
                        first.add((count - 1) * item + half).write_bytes(0, half);
                    }
                }
            }
        }
    }

    /// Multiplies `count` results by the scale.
    ///
    /// # Safety
    /// `result` holds them.
    unsafe fn multiply(&self, result: *mut u8, count: usize) {
        let dtype = self.out.dtype();
        let real = dtype.real();
        let count = count * dtype.itemsize() / real.itemsize();
        let multiply = ffi::elementwise(const { Op::named("multiply") }, real).expect("floating");
        let narrow = self.scale as f32;
        let scale: *const u8 = match real {
            DType::Float32 => std::ptr::from_ref(&narrow).cast(),
            _ => std::ptr::from_ref(&self.scale).cast(),
        };
        // SAFETY: complex numbers are two real ones each; in place.
        unsafe { multiply([result.cast_const(), scale].as_ptr(), result, count, 0b10) };
    }
}

/// A thread's memory for tiles.
struct Buffers<T> {
    /// Null where the transform works in place of its result.
    input: *mut u8,
    result: *mut u8,
    scratch: *mut Complex<T>,
    scratch_len: usize,
}

impl<T: Precision> Buffers<T> {
    fn new(lines: &Lines<'_>, plan: &Plan<T>, unit: usize, scope: &arena::Scope<'_>) -> Result<Buffers<T>> {
        let complex = size_of::<Complex<T>>();
        // Half-spectra and real lines both fit a line of complex numbers.
        let bytes = unit * lines.n.max(2) * complex;
        let input = match lines.kind {
            Kind::Forward | Kind::Inverse => std::ptr::null_mut(),
            _ => scope.bytes(bytes)?,
        };
        let result = scope.bytes(bytes)?;
        let scratch_len = plan.scratch();
        let scratch = scope.elements(scratch_len, complex)?.cast::<Complex<T>>();
        // SAFETY: the scratch holds `scratch_len` numbers; references to it need initialised ones.
        unsafe { scratch.write_bytes(0, scratch_len) };
        Ok(Buffers { input, result, scratch, scratch_len })
    }

    /// Transforms `lines` lines of `input` into `result`, the same memory for complex transforms.
    ///
    /// # Safety
    /// `input` holds initialised lines of the plan's kind, `result` has room for as many results.
    unsafe fn transform(&self, plan: &Plan<T>, input: *mut u8, result: *mut u8, n: usize, lines: usize) {
        let half = n / 2 + 1;
        // SAFETY: the caller's promise; tensors' elements are aligned, buffers too. A result that is
        // only written is given as initialised: zeros first.
        unsafe {
            let scratch = std::slice::from_raw_parts_mut(self.scratch, self.scratch_len);
            match plan {
                Plan::Complex(plan) => {
                    let numbers = std::slice::from_raw_parts_mut(result.cast::<Complex<T>>(), n * lines);
                    plan.process_with_scratch(numbers, scratch);
                }
                Plan::RealForward(plan) => {
                    result.write_bytes(0, half * lines * size_of::<Complex<T>>());
                    for line in 0..lines {
                        let real = std::slice::from_raw_parts_mut(input.cast::<T>().add(line * n), n);
                        let complex =
                            std::slice::from_raw_parts_mut(result.cast::<Complex<T>>().add(line * half), half);
                        plan.process_with_scratch(real, complex, scratch).expect("the lengths are the plan's");
                    }
                }
                Plan::RealInverse(plan) => {
                    result.write_bytes(0, n * lines * size_of::<T>());
                    for line in 0..lines {
                        let complex = std::slice::from_raw_parts_mut(input.cast::<Complex<T>>().add(line * half), half);
                        let real = std::slice::from_raw_parts_mut(result.cast::<T>().add(line * n), n);
                        plan.process_with_scratch(complex, real, scratch).expect("the lengths are the plan's");
                    }
                }
            }
        }
    }
}
