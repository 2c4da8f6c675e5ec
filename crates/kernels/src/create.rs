//! Tensors made from nothing: constants, evenly spaced numbers, identity matrices; and triangles of
//! matrices. Fills are cut into chunks of a fixed size and spread over threads.

use corepy_core::shape::{Shape, Strides, checked_size, contiguous_strides};
use corepy_core::storage::Storage;
use corepy_core::{DType, Error, Result, Tensor, scheduler};
use smallvec::SmallVec;

use crate::elementwise::{self, Operand, Scalar};
use crate::ffi::{self, Line};

/// Elements that one chunk writes: about 4 µs of work, and its memory (64 KiB of float64) fits L2.
const CHUNK: usize = 8192;

/// Estimated nanoseconds per byte written: a core writes some 20 GB/s to its caches.
const NS_PER_BYTE: f32 = 0.05;

/// Runs `body(first, n)` over chunks of `size` elements of `itemsize` bytes.
fn chunked(
    op: &'static str,
    size: usize,
    itemsize: usize,
    body: &(dyn Fn(usize, usize) -> Result<()> + Sync),
) -> Result<()> {
    let chunks = size.div_ceil(CHUNK);
    let parallel = chunks > 1 && scheduler::worth_parallel(((size * itemsize) as f32 * NS_PER_BYTE) as u64);
    scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
        let first = chunk * CHUNK;
        body(first, CHUNK.min(size - first))
    })
}

/// An address that threads write disjoint parts of.
#[derive(Clone, Copy)]
struct Target(*mut u8);

// SAFETY: each user writes only the part of its own chunk.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    fn at(self, offset: usize) -> *mut u8 {
        self.0.wrapping_add(offset)
    }
    fn offset(self, offset: isize) -> *mut u8 {
        self.0.wrapping_offset(offset)
    }
}

/// A C-contiguous tensor of zeros.
pub fn zeros(op: &'static str, shape: &[usize], dtype: DType) -> Result<Tensor> {
    let size = checked_size(op, shape, dtype)?;
    let bytes = size * dtype.itemsize();
    let (storage, zeroed) = Storage::allocate_maybe_zeroed(op, bytes)?;
    if !zeroed {
        let target = Target(storage.as_ptr());
        // Zero has the same bytes in every dtype.
        chunked(op, bytes.div_ceil(8), 8, &|first, n| {
            // SAFETY: chunks partition the fresh storage, which is `bytes` long.
            unsafe { target.at(first * 8).write_bytes(0, (n * 8).min(bytes - first * 8)) };
            Ok(())
        })?;
    }
    Ok(Tensor::over(storage, SmallVec::from_slice(shape), size, dtype))
}

/// `tensor`, fresh and C-contiguous over `shape` permuted by `order`, as a tensor of `shape` whose axes
/// lie in memory in `order`.
pub fn laid_out(
    order: &[usize],
    shape: &[usize],
    make: impl FnOnce(&[usize]) -> Result<Tensor>,
) -> Result<Tensor> {
    let permuted: Shape = order.iter().map(|&axis| shape[axis]).collect();
    let tensor = make(&permuted)?;
    let mut inverse: Shape = SmallVec::from_elem(0, order.len());
    for (position, &axis) in order.iter().enumerate() {
        inverse[axis] = position;
    }
    Ok(tensor.permuted(&inverse))
}

/// The arguments of `arange`.
#[derive(Debug, Clone, Copy)]
pub enum Range {
    /// All are integers.
    Integers {
        /// The first element.
        start: i128,
        /// The end, not included.
        stop: i128,
        /// The distance; not 0.
        step: i128,
    },
    /// Some are not.
    Floats {
        /// The first element.
        start: f64,
        /// The end, not included.
        stop: f64,
        /// The distance; not 0.
        step: f64,
    },
}

fn arange_value(message: String) -> Error {
    Error::Value { op: "arange", message }
}

impl Range {
    /// Number of elements: `ceil((stop - start) / step)`, at least 0.
    fn len(self, dtype: DType) -> Result<usize> {
        let too_large = || arange_value(format!("the range {} has too many elements", self.text()));
        let size = match self {
            Range::Integers { step: 0, .. } => return Err(arange_value(String::from("step must not be 0"))),
            Range::Integers { start, stop, step } => {
                let distance = stop.checked_sub(start).ok_or_else(too_large)?;
                if distance == 0 || (distance < 0) != (step < 0) {
                    return Ok(0);
                }
                let size = distance.unsigned_abs().div_ceil(step.unsigned_abs());
                usize::try_from(size).map_err(|_| too_large())?
            }
            Range::Floats { start, stop, step } => {
                if step == 0.0 {
                    return Err(arange_value(String::from("step must not be 0")));
                }
                if ![start, stop, step].iter().all(|value| value.is_finite()) {
                    return Err(arange_value(format!("start, stop and step must be finite, got {}", self.text())));
                }
                let distance = stop - start;
                let size = if distance.is_finite() { distance / step } else { stop / step - start / step };
                // A quotient that underflows is still more than nothing.
                let size = if size == 0.0 && distance != 0.0 { size.signum() } else { size.ceil() };
                if size <= 0.0 {
                    return Ok(0);
                }
                if size >= isize::MAX as f64 {
                    return Err(too_large());
                }
                size as usize
            }
        };
        checked_size("arange", &[size], dtype)
    }

    fn text(self) -> String {
        match self {
            Range::Integers { start, stop, step } => format!("start={start}, stop={stop}, step={step}"),
            Range::Floats { start, stop, step } => format!("start={start}, stop={stop}, step={step}"),
        }
    }

    /// Start and step of the elements in an integer dtype. Floats are truncated, and the distance of
    /// the first two elements is the distance of all, as in NumPy.
    fn as_integers(self) -> (i128, i128) {
        match self {
            Range::Integers { start, step, .. } => (start, step),
            Range::Floats { start, step, .. } => (start as i128, (start + step) as i128 - start as i128),
        }
    }
}

/// Evenly spaced numbers of the half-open interval: integers exact, floating-point numbers as
/// `start + i * step` in float64, rounded once to the dtype.
pub fn arange(range: Range, dtype: DType) -> Result<Tensor> {
    let op = "arange";
    if dtype == DType::Bool {
        return Err(Error::UnsupportedDType { op, dtypes: vec![dtype], expected: "numeric" });
    }
    let size = range.len(dtype)?;
    let out = Tensor::empty(op, &[size], dtype)?;
    if size == 0 {
        return Ok(out);
    }
    let target = Target(out.data());
    let itemsize = dtype.itemsize();
    if let (Some(kernel), Some((low, high))) = (ffi::progression(dtype), dtype.integer_range()) {
        let (start, step) = range.as_integers();
        let last = step.checked_mul(size as i128 - 1).and_then(|distance| start.checked_add(distance));
        for value in [Some(start), last] {
            if !value.is_some_and(|value| (low..=high).contains(&value)) {
                let text = value.map_or_else(|| range.text(), |value| value.to_string());
                return Err(Error::Overflow { op, message: format!("{text} is out of bounds for {dtype}") });
            }
        }
        chunked(op, size, itemsize, &|first, n| {
            // SAFETY: the output holds `size` elements, of which this chunk writes its own.
            unsafe { kernel(start as u64, step as u64, first as u64, target.at(first * itemsize), n) };
            Ok(())
        })?;
    } else {
        let (start, step) = match range {
            Range::Integers { start, step, .. } => (start as f64, step as f64),
            Range::Floats { start, step, .. } => (start, step),
        };
        write_line(op, &out, &Line { start: [start, 0.0], step: [step, 0.0], divisor: 0.0 })?;
    }
    Ok(out)
}

/// Writes `line` into a contiguous tensor.
fn write_line(op: &'static str, out: &Tensor, line: &Line) -> Result<()> {
    let (dtype, itemsize) = (out.dtype(), out.dtype().itemsize());
    let kernel = ffi::linear(dtype).ok_or(Error::UnsupportedDType { op, dtypes: vec![dtype], expected: "numeric" })?;
    let target = Target(out.data());
    chunked(op, out.size(), itemsize, &|first, n| {
        // SAFETY: the output is contiguous; this chunk writes its own elements.
        unsafe { kernel(line, first as u64, target.at(first * itemsize), n) };
        Ok(())
    })
}

/// `num` evenly spaced numbers from `start` to `stop`, each given as real and imaginary component; the
/// first is `start`, with `endpoint` the last is `stop`, both exactly. Integer dtypes round down.
pub fn linspace(start: [f64; 2], stop: [f64; 2], num: usize, endpoint: bool, dtype: DType) -> Result<Tensor> {
    let op = "linspace";
    let out = Tensor::empty(op, &[num], dtype)?;
    if num == 0 {
        return Ok(out);
    }
    let intervals = if endpoint { num - 1 } else { num }.max(1) as f64;
    let mut line = Line { start, step: [0.0; 2], divisor: 0.0 };
    let mut underflow = false;
    for part in 0..2 {
        let distance = stop[part] - start[part];
        let overflow = !distance.is_finite() && start[part].is_finite() && stop[part].is_finite();
        line.step[part] = if overflow { stop[part] / intervals - start[part] / intervals } else { distance / intervals };
        underflow |= line.step[part] == 0.0 && distance != 0.0;
    }
    if underflow {
        line.divisor = intervals;
        line.step = [stop[0] - start[0], stop[1] - start[1]];
    }
    write_line(op, &out, &line)?;
    // Adding -0 changes nothing, not even -0.
    let exactly = |index: usize, value: [f64; 2]| {
        let place = out.sliced(0, index, 1, 1);
        write_line(op, &place, &Line { start: value, step: [-0.0; 2], divisor: 0.0 })
    };
    exactly(0, start)?;
    if endpoint && num > 1 {
        exactly(num - 1, stop)?;
    }
    Ok(out)
}

/// A matrix with ones on the diagonal `k` (above the main one where positive), zeros elsewhere.
pub fn eye(rows: usize, cols: usize, k: i64, dtype: DType) -> Result<Tensor> {
    let op = "eye";
    let out = zeros(op, &[rows, cols], dtype)?;
    let below = usize::try_from(k.saturating_neg()).unwrap_or(0);
    let right = usize::try_from(k).unwrap_or(0);
    let size = rows.saturating_sub(below).min(cols.saturating_sub(right));
    if size > 0 {
        let itemsize = dtype.itemsize();
        let data = out.data().wrapping_add((below * cols + right) * itemsize);
        let strides: Strides = SmallVec::from_elem(((cols + 1) * itemsize) as isize, 1);
        let shape: Shape = SmallVec::from_elem(size, 1);
        // SAFETY: `size` steps of one row and one column from (below, right) stay inside the matrix.
        let diagonal = unsafe { Tensor::from_parts(op, out.storage().clone(), data, shape, strides, dtype, true)? };
        let one = Scalar::from_bytes(&[1], DType::Bool);
        elementwise::assign(op, &diagonal, Operand::Scalar(&one))?;
    }
    Ok(out)
}

/// The part of each matrix in a stack on and below (`lower`), or on and above, the diagonal `k`; the
/// rest is zero.
pub fn triangle(op: &'static str, x: &Tensor, k: i64, lower: bool) -> Result<Tensor> {
    let ndim = x.ndim();
    if ndim < 2 {
        return Err(Error::Value { op, message: format!("at least 2 dimensions are required; this tensor has {ndim}") });
    }
    let dtype = x.dtype();
    let itemsize = dtype.itemsize();
    let (rows, cols) = (x.shape()[ndim - 2], x.shape()[ndim - 1]);
    // Rows that do not lie in one run are gathered first, in tiles, and then only zeroed.
    let in_runs = cols <= 1 || x.strides()[ndim - 1] == itemsize as isize;
    let out = if in_runs { Tensor::empty(op, x.shape(), dtype)? } else { elementwise::cast_contiguous(op, x, dtype)? };
    if out.size() == 0 {
        return Ok(out);
    }
    let copy = ffi::copy(itemsize);
    let all_rows = out.size() / cols;
    let per_chunk = (CHUNK / cols).max(1);
    let chunks = all_rows.div_ceil(per_chunk);
    let parallel = chunks > 1 && scheduler::worth_parallel(((out.size() * itemsize) as f32 * NS_PER_BYTE) as u64);
    let target = Target(out.data());
    let source = Target(x.data());
    let outer = contiguous_strides(&x.shape()[..ndim - 1], 1);
    scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
        for row in chunk * per_chunk..all_rows.min((chunk + 1) * per_chunk) {
            // The first element right of the diagonal, or on it for an upper triangle.
            let border = (row % rows) as i128 + i128::from(k) + i128::from(lower);
            let border = border.clamp(0, cols as i128) as usize;
            let (kept, zeroed) = if lower { (0..border, border..cols) } else { (border..cols, 0..border) };
            let start = row * cols * itemsize;
            if in_runs {
                let offset: isize = outer
                    .iter()
                    .zip(x.shape())
                    .zip(x.strides())
                    .map(|((&stride, &size), &step)| (row / stride as usize % size) as isize * step)
                    .sum();
                let from = source.offset(offset).wrapping_add(kept.start * itemsize);
                let item = itemsize as isize;
                // SAFETY: `kept` lies inside this row of both; rows of the output are disjoint, and fresh.
                unsafe { copy(from, 0, item, target.at(start + kept.start * itemsize), 0, item, 1, kept.len()) };
            }
            // SAFETY: `zeroed` lies inside this row, which no other chunk touches.
            unsafe { target.at(start + zeroed.start * itemsize).write_bytes(0, zeroed.len() * itemsize) };
        }
        Ok(())
    })?;
    Ok(out)
}
