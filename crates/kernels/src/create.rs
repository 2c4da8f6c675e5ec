//! Tensors made from nothing: constants, evenly spaced numbers, identity matrices; and triangles of
//! matrices. Fills are cut into chunks of a fixed size and spread over threads.

use corepy_core::shape::{Shape, Strides, checked_size, contiguous_strides, from_slice};
use corepy_core::storage::Storage;
use corepy_core::{DType, Error, Result, Tensor, arena, scheduler};
use smallvec::SmallVec;

use crate::elementwise::{self, Operand, Scalar};
use crate::exec;
use crate::ffi::{self, Line};

/// Bytes that one chunk writes: about 3 µs of work.
const CHUNK_BYTES: usize = 65_536;

/// Estimated nanoseconds per byte written: a core writes some 20 GB/s to its caches.
const NS_PER_BYTE: f32 = 0.05;

/// Bytes from which a new tensor is written past the caches, which would not hold it until it is read.
/// Ordinary stores first read what they overwrite: `arange` of 8e6 int32 took 6.0 ms on one thread of a
/// busy machine with them, and 3.6 ms with streaming stores.
const STREAM_BYTES: usize = 16 << 20;

/// Bytes computed before they are streamed out of a buffer that stays in L1.
const STREAM_TURN: usize = 4096;

/// Elements that one chunk of any dtype holds: no plan is needed for them.
const FEW: usize = CHUNK_BYTES / 16;

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

/// What writes `n` elements, of which the first has the index `first`, to `address`.
type Write<'a> = dyn Fn(usize, *mut u8, usize) + Sync + 'a;

/// Writes the elements of a fresh, C-contiguous tensor, chunk by chunk. `constant` says that all are equal.
///
/// # Safety
/// `write(first, address, n)` must be sound for every part of the index range and any address that holds
/// `n` elements.
unsafe fn write_all(op: &'static str, out: &Tensor, constant: bool, write: &Write<'_>) -> Result<()> {
    let itemsize = out.dtype().itemsize();
    let (size, bytes) = (out.size(), out.size() * itemsize);
    let per_chunk = CHUNK_BYTES / itemsize;
    let chunks = size.div_ceil(per_chunk);
    let parallel = chunks > 1 && scheduler::worth_parallel((bytes as f32 * NS_PER_BYTE) as u64);
    let streams = bytes >= STREAM_BYTES && out.data().addr().is_multiple_of(64);
    let target = Target(out.data());
    scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
        let first = chunk * per_chunk;
        let n = per_chunk.min(size - first);
        if !streams {
            write(first, target.at(first * itemsize), n);
            return Ok(());
        }
        arena::scope(op, |scope| {
            let buffer = scope.bytes(STREAM_TURN)?;
            let per_turn = STREAM_TURN / itemsize;
            for begin in (first..first + n).step_by(per_turn) {
                let turn = per_turn.min(first + n - begin);
                if begin == first || !constant {
                    write(begin, buffer, turn);
                }
                // SAFETY: the buffer holds `turn` elements, the target has room for them from `begin` on,
                // and both addresses are multiples of 64: a turn is whole cache lines, but for the last.
                unsafe { ffi::stream()(buffer, target.at(begin * itemsize), turn * itemsize) };
            }
            exec::stream_fence();
            Ok(())
        })
    })
}

/// A C-contiguous tensor of zeros.
pub fn zeros(op: &'static str, shape: &[usize], dtype: DType) -> Result<Tensor> {
    let size = checked_size(op, shape, dtype)?;
    let (storage, zeroed) = Storage::allocate_maybe_zeroed(op, size * dtype.itemsize())?;
    let out = Tensor::over(storage, from_slice(shape), size, dtype);
    if !zeroed {
        let itemsize = dtype.itemsize();
        if size * itemsize <= CHUNK_BYTES {
            // SAFETY: a fresh tensor of that many bytes; zero has the same bytes in every dtype.
            unsafe { out.data().write_bytes(0, size * itemsize) };
            return Ok(out);
        }
        // SAFETY: zero has the same bytes in every dtype; `address` holds `n` elements.
        unsafe { write_all(op, &out, true, &|_, address, n| address.write_bytes(0, n * itemsize))? };
    }
    Ok(out)
}

/// A C-contiguous tensor filled with one number.
pub fn full(op: &'static str, shape: &[usize], value: &Scalar) -> Result<Tensor> {
    let out = Tensor::empty(op, shape, value.dtype())?;
    let kernel = ffi::cast(value.dtype(), value.dtype());
    let bytes = value.bytes();
    if out.size() <= FEW {
        // SAFETY: as below; the tensor holds `size` elements.
        unsafe { kernel([bytes.as_ptr()].as_ptr(), out.data(), out.size(), 1) };
        return Ok(out);
    }
    // SAFETY: the kernel repeats its one element, as the mask says, `n` times.
    unsafe { write_all(op, &out, true, &|_, address, n| kernel([bytes.as_ptr()].as_ptr(), address, n, 1))? };
    Ok(out)
}

/// A tensor of `shape` whose axes lie in memory in `order`, outermost first: `make` gives a fresh
/// C-contiguous one of the permuted shape.
pub fn laid_out(order: &[usize], shape: &[usize], make: impl FnOnce(&[usize]) -> Result<Tensor>) -> Result<Tensor> {
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
    if let (Some(kernel), Some((low, high))) = (ffi::progression(dtype), dtype.integer_range()) {
        let (start, step) = range.as_integers();
        let last = step.checked_mul(size as i128 - 1).and_then(|distance| start.checked_add(distance));
        for value in [Some(start), last] {
            if !value.is_some_and(|value| (low..=high).contains(&value)) {
                let text = value.map_or_else(|| range.text(), |value| value.to_string());
                return Err(Error::Overflow { op, message: format!("{text} is out of bounds for {dtype}") });
            }
        }
        let (start, step) = (start as u64, step as u64);
        // SAFETY: the kernel writes `n` elements.
        unsafe { write_all(op, &out, false, &|first, address, n| kernel(start, step, first as u64, address, n))? };
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
pub(crate) fn write_line(op: &'static str, out: &Tensor, line: &Line) -> Result<()> {
    let dtype = out.dtype();
    let kernel = ffi::linear(dtype).ok_or(Error::UnsupportedDType { op, dtypes: vec![dtype], expected: "numeric" })?;
    // SAFETY: the kernel writes `n` elements.
    unsafe { write_all(op, out, false, &|first, address, n| kernel(line, first as u64, address, n)) }
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
        line.step[part] =
            if overflow { stop[part] / intervals - start[part] / intervals } else { distance / intervals };
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
        return Err(Error::Value {
            op,
            message: format!("at least 2 dimensions are required; this tensor has {ndim}"),
        });
    }
    let dtype = x.dtype();
    let itemsize = dtype.itemsize();
    let (rows, cols) = (x.shape()[ndim - 2], x.shape()[ndim - 1]);
    let is_run = |axis: usize| x.shape()[axis] <= 1 || x.strides()[axis] == itemsize as isize;
    let in_runs = is_run(ndim - 1);
    if !in_runs && is_run(ndim - 2) {
        // Columns are runs: the transpose's triangle, which keeps the order in memory.
        return triangle(op, &x.matrix_transpose(op)?, k.saturating_neg(), !lower)?.matrix_transpose(op);
    }
    // Rows that do not lie in one run are gathered first, in tiles, and then only zeroed.
    let out = if in_runs { Tensor::empty(op, x.shape(), dtype)? } else { elementwise::cast_contiguous(op, x, dtype)? };
    if out.size() == 0 {
        return Ok(out);
    }
    let copy = ffi::copy(itemsize);
    let all_rows = out.size() / cols;
    let per_chunk = (CHUNK_BYTES / itemsize / cols).max(1);
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
