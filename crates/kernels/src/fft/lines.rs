//! The transform along one axis: lines are gathered in tiles, transformed, scaled and written.

use corepy_core::{DType, Error, Result, Tensor, arena, scheduler};
use num_complex::Complex;
use realfft::FftError;
use smallvec::SmallVec;

use super::plan::{self, Component, Kind, Plan};
use crate::elementwise::Scalar;
use crate::ffi;

/// Estimated nanoseconds per element and doubling of the length, complex128.
pub const NS_PER_STEP: f32 = 0.25;

/// Bytes of the lines that are transformed together: they and their scratch memory fit a first-level cache where
/// the lines are short.
const TILE_BYTES: usize = 32 << 10;

/// Estimated nanoseconds of a chunk.
const CHUNK_NS: f32 = 20_000.0;

/// An address that threads use disjoint parts of.
#[derive(Clone, Copy)]
pub struct Address(pub *mut u8);

// SAFETY: each user writes only the part of its own chunk.
unsafe impl Send for Address {}
// SAFETY: as above.
unsafe impl Sync for Address {}

impl Address {
    /// The address `offset` bytes on.
    #[inline]
    pub fn at(self, offset: isize) -> *mut u8 {
        self.0.wrapping_offset(offset)
    }
}

/// What results are multiplied by.
#[derive(Clone, Copy)]
pub struct Scale(Option<Scalar>);

impl Scale {
    /// By a number, in the precision of `T`.
    pub fn new<T: Component>(factor: f64) -> Scale {
        if factor.to_bits() == 1.0_f64.to_bits() {
            return Scale(None);
        }
        Scale(Some(match T::DTYPE {
            DType::Float32 => Scalar::from_bytes(&(factor as f32).to_ne_bytes(), DType::Float32),
            _ => Scalar::from_bytes(&factor.to_ne_bytes(), DType::Float64),
        }))
    }

    /// Multiplies `n` real components in place.
    ///
    /// # Safety
    /// They are at `data`, and nobody else uses them.
    pub unsafe fn apply<T: Component>(&self, data: *mut u8, n: usize) {
        use corepy_core::Op;
        if let Some(factor) = &self.0
            && let Some(kernel) = ffi::elementwise(const { Op::named("multiply") }, T::DTYPE)
        {
            let args = [data.cast_const(), factor.bytes().as_ptr()];
            // SAFETY: the caller's; the factor stands for all, as the mask says; element on element.
            unsafe { kernel(args.as_ptr(), data, n, 2) };
        }
    }
}

/// The other axes of input and output, merged where both walk them as one.
struct Outer {
    /// Sizes and strides in bytes, outermost first; the last is that of a tile's lines.
    axes: SmallVec<[(usize, isize, isize); 4]>,
}

impl Outer {
    fn new(x: &Tensor, out: &Tensor, axis: usize) -> Outer {
        let mut axes: SmallVec<[(usize, isize, isize); 4]> = SmallVec::new();
        for other in (0..x.ndim()).filter(|&other| other != axis && x.shape()[other] != 1) {
            let (size, from, to) = (x.shape()[other], x.strides()[other], out.strides()[other]);
            match axes.last_mut() {
                Some(last) if last.1 == from * size as isize && last.2 == to * size as isize => {
                    *last = (last.0 * size, from, to);
                }
                _ => axes.push((size, from, to)),
            }
        }
        if axes.is_empty() {
            axes.push((1, 0, 0));
        }
        Outer { axes }
    }

    /// The tile's lines: number and strides.
    fn inner(&self) -> (usize, isize, isize) {
        self.axes[self.axes.len() - 1]
    }

    /// Runs of lines.
    fn runs(&self) -> usize {
        self.axes[..self.axes.len() - 1].iter().map(|axis| axis.0).product()
    }

    /// Where the run starts in input and output.
    fn offsets(&self, mut run: usize) -> (isize, isize) {
        let (mut from, mut to) = (0, 0);
        for &(size, input, output) in self.axes[..self.axes.len() - 1].iter().rev() {
            let index = (run % size) as isize;
            run /= size;
            from += index * input;
            to += index * output;
        }
        (from, to)
    }
}

/// The library refuses wrong lengths and impossible spectra, which it is not given.
fn internal(op: &'static str, error: &FftError) -> Error {
    Error::Panic { op, message: error.to_string() }
}

/// What all tiles of a transform share. Lengths in elements, strides in bytes.
struct Lines<'a, T: Component> {
    plan: &'a Plan<T>,
    n: usize,
    /// Elements that a line of the input has to give; the others are zero.
    taken: usize,
    input: Side,
    output: Side,
    /// Where the second half of a real line's spectrum is wanted: whether it is conjugated.
    mirrored: Option<u32>,
    factor: f64,
    /// By `factor`.
    scale: Scale,
}

/// The input's or the output's lines.
#[derive(Clone, Copy)]
struct Side {
    data: Address,
    itemsize: usize,
    len: usize,
    /// From element to element.
    step: isize,
    /// From line to line in a tile.
    line: isize,
}

impl Side {
    /// Whether `lines` lines lie one after the other without gaps.
    fn is_run(&self, lines: usize) -> bool {
        (self.step == self.itemsize as isize || self.len == 1)
            && (lines == 1 || self.line == (self.len * self.itemsize) as isize)
    }
}

/// Transforms `x`, of the kind's dtype with the components `T`, along `axis`, padded or trimmed to length `n`.
/// Into `x` itself where `in_place` and the length stays.
pub fn transform<T: Component>(
    op: &'static str,
    x: &Tensor,
    axis: usize,
    n: usize,
    kind: Kind,
    factor: f64,
    in_place: bool,
) -> Result<Tensor> {
    let mut shape: SmallVec<[usize; 4]> = SmallVec::from_slice(x.shape());
    shape[axis] = kind.output_len(n);
    let mirrored = match kind {
        Kind::Whole => Some(0),
        Kind::WholeInverse => Some(1),
        _ => None,
    };
    let dtype = if kind == Kind::ToReal { T::DTYPE } else { T::DTYPE.complex() };
    let same = in_place && matches!(kind, Kind::Forward | Kind::Inverse) && x.shape()[axis] == n;
    let out = if same { x.clone() } else { Tensor::empty(op, &shape, dtype)? };
    if out.size() == 0 {
        return Ok(out);
    }
    let plan = plan::plan::<T>(op, kind, n)?;
    let outer = Outer::new(x, &out, axis);
    let (count, input_line, output_line) = outer.inner();
    let side = |tensor: &Tensor, len: usize, line: isize| Side {
        data: Address(tensor.data()),
        itemsize: tensor.dtype().itemsize(),
        len,
        step: tensor.strides()[axis],
        line,
    };
    let lines = Lines {
        plan: &plan,
        n,
        taken: kind.input_len(n).min(x.shape()[axis]),
        input: side(x, kind.input_len(n), input_line),
        output: side(&out, kind.output_len(n), output_line),
        mirrored,
        factor,
        scale: Scale::new::<T>(factor),
    };
    if let Plan::Long(_) | Plan::LongReal(_) = *plan {
        for run in 0..outer.runs() {
            let (from, to) = outer.offsets(run);
            for line in 0..count as isize {
                // SAFETY: the strides walk the tensors' own elements.
                unsafe { lines.long(op, from + line * input_line, to + line * output_line)? };
            }
        }
        return Ok(out);
    }
    let bytes = n * T::DTYPE.complex().itemsize();
    // Whole cache lines where the lines are neighbours.
    let width = (TILE_BYTES / bytes).max(8).min(count);
    let per_run = count.div_ceil(width);
    let tiles = per_run * outer.runs();
    let narrow = if T::DTYPE == DType::Float32 { 0.6 } else { 1.0 };
    let cost = (n as f32 * ((n + 1) as f32).log2() * NS_PER_STEP + 20.0) * width as f32 * narrow;
    let per_chunk = ((CHUNK_NS / cost) as usize).max(1);
    let chunks = tiles.div_ceil(per_chunk);
    let parallel = chunks > 1 && scheduler::worth_parallel((cost * tiles as f32) as u64);
    scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
        for tile in chunk * per_chunk..tiles.min((chunk + 1) * per_chunk) {
            let (from, to) = outer.offsets(tile / per_run);
            let first = tile % per_run * width;
            let (from, to) = (from + first as isize * input_line, to + first as isize * output_line);
            // SAFETY: the strides walk the tensors' own elements, and tiles are disjoint in the output.
            unsafe { lines.tile(op, from, to, width.min(count - first))? };
        }
        Ok(())
    })?;
    Ok(out)
}

impl<T: Component> Lines<'_, T> {
    /// Copies `lines` lines from `from` bytes on into a run of lines, and zeros after what the input has.
    unsafe fn gather(&self, from: isize, run: *mut u8, lines: usize) {
        let Side { data, itemsize, len, step, line } = self.input;
        let pitch = len * itemsize;
        // SAFETY: the caller's.
        unsafe {
            let copy = ffi::copy(itemsize);
            copy(data.at(from), line, step, run, pitch as isize, itemsize as isize, lines, self.taken);
            if self.taken < len {
                for index in 0..lines {
                    let rest = run.add(index * pitch + self.taken * itemsize);
                    rest.write_bytes(0, (len - self.taken) * itemsize);
                }
            }
        }
    }

    /// Copies a run of lines to the output from `to` bytes on.
    unsafe fn scatter(&self, run: *const u8, to: isize, lines: usize) {
        let Side { data, itemsize, len, step, line } = self.output;
        let (item, pitch) = (itemsize as isize, (len * itemsize) as isize);
        let copy = ffi::copy(itemsize);
        // SAFETY: the caller's.
        unsafe {
            if step.abs() > line.abs() && lines > 1 {
                copy(run, item, pitch, data.at(to), step, line, len, lines);
            } else {
                copy(run, pitch, item, data.at(to), line, step, lines, len);
            }
        }
    }

    /// Transforms `lines` lines of which the first starts at `from` and `to`.
    unsafe fn tile(&self, op: &'static str, from: isize, to: isize, lines: usize) -> Result<()> {
        let complex = size_of::<Complex<T>>();
        let output = self.output.data.at(to);
        let direct = self.output.is_run(lines);
        let output_bytes = lines * self.output.len * self.output.itemsize;
        let scratch_len = self.plan.scratch_len();
        arena::scope(op, |scope| {
            let scratch = scope.elements(scratch_len, complex)?;
            let run = if direct { output } else { scope.bytes(output_bytes)? };
            let input_bytes = lines * self.input.len * self.input.itemsize;
            // SAFETY: the caller's for input and output; what the scope gives is this thread's; any
            // bytes are floating-point numbers.
            unsafe {
                let scratch = std::slice::from_raw_parts_mut(scratch.cast::<Complex<T>>(), scratch_len);
                match self.plan {
                    Plan::Complex(fft) => {
                        let buffer = std::slice::from_raw_parts_mut(run.cast::<Complex<T>>(), lines * self.n);
                        let source = self.input.data.at(from);
                        if self.taken == self.n && self.input.is_run(lines) && source != run {
                            let source = std::slice::from_raw_parts(source.cast::<Complex<T>>(), lines * self.n);
                            fft.process_immutable_with_scratch(source, buffer, scratch);
                        } else {
                            if source != run || !self.input.is_run(lines) {
                                self.gather(from, run, lines);
                            }
                            fft.process_with_scratch(buffer, scratch);
                        }
                    }
                    Plan::FromReal(fft) => {
                        let reals = scope.bytes(input_bytes)?;
                        self.gather(from, reals, lines);
                        for line in 0..lines {
                            let source = reals.cast::<T>().add(line * self.input.len);
                            let source = std::slice::from_raw_parts_mut(source, self.input.len);
                            let result = run.cast::<Complex<T>>().add(line * self.output.len);
                            let half = std::slice::from_raw_parts_mut(result, self.n / 2 + 1);
                            fft.process_with_scratch(source, half, scratch).map_err(|error| internal(op, &error))?;
                            if let Some(conjugate) = self.mirrored {
                                ffi::mirror(T::DTYPE)(result.cast::<u8>(), self.n, 1, self.n.div_ceil(2), conjugate);
                            }
                        }
                    }
                    Plan::ToReal(fft) => {
                        let spectra = scope.bytes(input_bytes)?;
                        self.gather(from, spectra, lines);
                        for line in 0..lines {
                            let source = spectra.cast::<Complex<T>>().add(line * self.input.len);
                            let source = std::slice::from_raw_parts_mut(source, self.input.len);
                            // As in NumPy, the imaginary components that a real line's spectrum cannot have count
                            // as zero.
                            source[0].im = T::nearest(0.0);
                            if self.n.is_multiple_of(2) {
                                source[self.n / 2].im = T::nearest(0.0);
                            }
                            let result = run.cast::<T>().add(line * self.n);
                            let result = std::slice::from_raw_parts_mut(result, self.n);
                            fft.process_with_scratch(source, result, scratch).map_err(|error| internal(op, &error))?;
                        }
                    }
                    Plan::Long(_) | Plan::LongReal(_) => {}
                }
                self.scale.apply::<T>(run, output_bytes / size_of::<T>());
                if !direct {
                    self.scatter(run, to, lines);
                }
            }
            Ok(())
        })
    }

    /// Transforms one long line.
    unsafe fn long(&self, op: &'static str, from: isize, to: isize) -> Result<()> {
        let direct = self.taken == self.input.len && (self.input.is_run(1) || matches!(self.plan, Plan::Long(_)));
        arena::scope(op, |scope| {
            let (mut input, mut step) = (self.input.data.at(from), self.input.step);
            if !direct {
                input = scope.elements(self.input.len, self.input.itemsize)?;
                step = self.input.itemsize as isize;
                // SAFETY: the caller's; the padded line is this thread's own.
                unsafe { self.gather(from, input, 1) };
            }
            let mut output = self.output.data.at(to);
            if let Plan::Long(plan) = self.plan {
                // SAFETY: the caller's.
                return unsafe {
                    plan.run(op, (Address(input), step), (Address(output), self.output.step), self.scale)
                };
            }
            let Plan::LongReal(plan) = self.plan else { return Ok(()) };
            let contiguous = self.output.is_run(1);
            if !contiguous {
                output = scope.elements(self.output.len, self.output.itemsize)?;
            }
            // SAFETY: the caller's; a line that is not the tensor's own is this thread's.
            unsafe {
                if self.output.itemsize == size_of::<T>() {
                    plan.inverse(op, Address(input), Address(output), self.factor)?;
                } else {
                    plan.forward(op, Address(input), Address(output), self.factor, self.mirrored)?;
                }
                if !contiguous {
                    self.scatter(output, to, 1);
                }
            }
            Ok(())
        })
    }
}
