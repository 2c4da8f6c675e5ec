//! Long transforms, cut in two: N = rows * cols.
//!
//! With the line as a matrix of `rows` × `cols`, its columns are transformed, multiplied by powers of the N-th root
//! of unity, and then the rows; the result is the transpose. Each pass reads and writes the line
//! once, works on tiles that lie in a core's cache, and is shared by all cores.

use std::f64::consts::TAU;
use std::sync::Arc;

use corepy_core::storage::Storage;
use corepy_core::{Error, Result, arena, scheduler};
use num_complex::Complex;
use rustfft::{Fft, FftDirection, FftNum};

use super::lines::{Address, NS_PER_STEP, Scale};
use super::plan::{Component, short};
use crate::ffi;

/// Bytes of a tile: half of a small second-level cache.
const TILE_BYTES: usize = 128 << 10;

/// The plan of a long transform.
pub struct Long<T: FftNum> {
    rows: usize,
    cols: usize,
    columns: Arc<dyn Fft<T>>,
    lines: Arc<dyn Fft<T>>,
    roots: Roots,
}

/// The powers of a root of unity as products of two tables' entries.
pub struct Roots {
    /// Powers whose exponents are multiples of `1 << shift`.
    pub coarse: Vec<[f64; 2]>,
    /// Powers below.
    pub fine: Vec<[f64; 2]>,
    /// See `coarse`.
    pub shift: u32,
}

impl Roots {
    /// Those of the `n`-th root.
    pub fn new(op: &'static str, n: usize, direction: FftDirection) -> Result<Roots> {
        let shift = n.isqrt().next_power_of_two().trailing_zeros();
        let fine = 1usize << shift;
        let coarse = n.div_ceil(fine);
        let table = |count: usize, step: usize| {
            let mut table: Vec<[f64; 2]> = Vec::new();
            let bytes = count * size_of::<[f64; 2]>();
            table.try_reserve_exact(count).map_err(|_| Error::OutOfMemory { op, bytes })?;
            table.extend((0..count).map(|index| root(index * step, n, direction)));
            Ok(table)
        };
        Ok(Roots { coarse: table(coarse, fine)?, fine: table(fine, 1)?, shift })
    }
}

/// The power `index` below `n` of the `n`-th root of unity; the angle is taken in the octant around 0 where sine and
/// cosine lose nothing.
fn root(index: usize, n: usize, direction: FftDirection) -> [f64; 2] {
    let (index, n) = (index as u128, n as u128);
    let octant = (8 * index + n / 2) / n;
    // In eighths of a turn, from -1/2 to 1/2: exact but for the division.
    let rest = (8 * index) as i128 - (octant * n) as i128;
    let (sin, cos) = (TAU / 8.0 * (rest as f64 / n as f64)).sin_cos();
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let (re, im) = match octant % 8 {
        0 => (cos, sin),
        1 => ((cos - sin) * half, (cos + sin) * half),
        2 => (-sin, cos),
        3 => ((-cos - sin) * half, (cos - sin) * half),
        4 => (-cos, -sin),
        5 => ((sin - cos) * half, (-cos - sin) * half),
        6 => (sin, -cos),
        _ => ((cos + sin) * half, (sin - cos) * half),
    };
    [re, if direction == FftDirection::Forward { -im } else { im }]
}

impl<T: Component> Long<T> {
    /// The plan of length `rows * cols`.
    pub fn new(op: &'static str, rows: usize, cols: usize, direction: FftDirection) -> Result<Long<T>> {
        let roots = Roots::new(op, rows * cols, direction)?;
        let lines = short(op, cols, direction)?;
        let columns = if rows == cols { Arc::clone(&lines) } else { short(op, rows, direction)? };
        Ok(Long { rows, cols, columns, lines, roots })
    }

    /// Transforms the line whose elements lie `stride` bytes apart from `src` on to one of `out_stride` bytes at `out`.
    ///
    /// # Safety
    /// Both lines hold `rows * cols` complex numbers; they are the same or do not overlap.
    pub unsafe fn run(
        &self,
        op: &'static str,
        (src, stride): (Address, isize),
        (out, out_stride): (Address, isize),
        scale: Scale,
    ) -> Result<()> {
        let (rows, cols) = (self.rows, self.cols);
        let item = size_of::<Complex<T>>();
        let temporary = Storage::allocate(op, rows * cols * item)?;
        let middle = Address(temporary.as_ptr());
        let work = (rows * cols) as f32 * ((rows * cols) as f32).log2() / 2.0 * NS_PER_STEP;
        let parallel = scheduler::worth_parallel(work as u64);
        let copy = ffi::copy(item);
        let twiddle = ffi::twiddle(T::DTYPE);

        // Columns, each to a row of the temporary.
        let width = tile_width(rows, item);
        scheduler::for_each_chunk(op, cols.div_ceil(width), parallel, &|chunk| {
            let first = chunk * width;
            let count = width.min(cols - first);
            let tile = middle.at((first * rows * item) as isize);
            arena::scope(op, |scope| {
                let scratch_len = self.columns.get_inplace_scratch_len();
                let scratch = scope.elements(scratch_len, item)?;
                // SAFETY: rows `first..first + count` of the temporary are this chunk's; the strides walk the
                // line; scratch memory is this thread's; any bytes are floating-point numbers.
                unsafe {
                    let from = src.at(first as isize * stride);
                    copy(
                        from,
                        stride,
                        stride * cols as isize,
                        tile,
                        (rows * item) as isize,
                        item as isize,
                        count,
                        rows,
                    );
                    let buffer = std::slice::from_raw_parts_mut(tile.cast::<Complex<T>>(), count * rows);
                    let scratch = std::slice::from_raw_parts_mut(scratch.cast::<Complex<T>>(), scratch_len);
                    self.columns.process_with_scratch(buffer, scratch);
                    for col in first..first + count {
                        let row = tile.wrapping_add((col - first) * rows * item);
                        let (coarse, fine) = (self.roots.coarse.as_ptr(), self.roots.fine.as_ptr());
                        twiddle(row, rows, col, coarse, fine, self.roots.shift);
                    }
                }
                Ok(())
            })
        })?;

        // Rows: columns of the temporary, and of the result.
        let width = tile_width(cols, item);
        scheduler::for_each_chunk(op, rows.div_ceil(width), parallel, &|chunk| {
            let first = chunk * width;
            let count = width.min(rows - first);
            arena::scope(op, |scope| {
                let tile = scope.elements(count * cols, item)?;
                let scratch_len = self.lines.get_inplace_scratch_len();
                let scratch = scope.elements(scratch_len, item)?;
                // SAFETY: tile and scratch memory are this thread's; the chunk reads columns of the temporary and
                // writes the elements `first..first + count` of each `rows` of the result.
                unsafe {
                    let from = middle.at((first * item) as isize);
                    let (near, far) = (item as isize, (rows * item) as isize);
                    copy(from, near, far, tile, (cols * item) as isize, near, count, cols);
                    let buffer = std::slice::from_raw_parts_mut(tile.cast::<Complex<T>>(), count * cols);
                    let scratch = std::slice::from_raw_parts_mut(scratch.cast::<Complex<T>>(), scratch_len);
                    self.lines.process_with_scratch(buffer, scratch);
                    scale.apply::<T>(tile, 2 * count * cols);
                    let to = out.at(first as isize * out_stride);
                    copy(tile, near, (cols * item) as isize, to, out_stride * rows as isize, out_stride, cols, count);
                }
                Ok(())
            })
        })
    }
}

/// Lines of a tile: some cache lines on either side. 2^20 points took 10.8 ms on one thread by 8 lines, 9.7 by 16, and no
/// less by more.
fn tile_width(len: usize, item: usize) -> usize {
    (TILE_BYTES / (len * item)).clamp(16, 64) / 16 * 16
}
