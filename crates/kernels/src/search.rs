//! Binary search of many values in sorted elements.

use corepy_core::storage::Storage;
use corepy_core::{DType, Error, Kind, Op, Reduction, Result, Tensor};

use crate::elementwise::{self, Operand, Scalar};
use crate::sort::{Address, contiguous, for_each_range, gathered, sorted_flat};
use crate::{ffi, reduce};

/// Which of the places that keep the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before elements that are equal.
    Left,
    /// After elements that are equal.
    Right,
}

/// Bytes of a table per element, and those that any may have: as much as NumPy takes.
const TABLE_WORTH: usize = 6;
const SMALL_TABLE: usize = 1024;
/// Not a side: whether an element is equal.
const CONTAINS: u32 = 2;

/// A tensor with the elements of an operand, C-contiguous.
fn operand(op: &'static str, value: Operand<'_>, dtype: DType) -> Result<Tensor> {
    match value {
        Operand::Tensor(tensor) => contiguous(op, tensor, dtype),
        Operand::Scalar(scalar) => {
            let out = Tensor::empty(op, &[], dtype)?;
            elementwise::assign(op, &out, Operand::Scalar(scalar))?;
            Ok(out)
        }
    }
}

/// The kernel's answers for each element of `values`; both are contiguous and of one dtype.
fn run(op: &'static str, sorted: &Tensor, values: &Tensor, side: u32, dtype: DType) -> Result<Tensor> {
    let out = Tensor::empty(op, values.shape(), dtype)?;
    let search = ffi::search(values.dtype());
    let (size, itemsize, answer) = (sorted.size(), values.dtype().itemsize(), dtype.itemsize());
    let (elements, source, target) = (Address(sorted.data()), Address(values.data()), Address(out.data()));
    // About 0.5 ns for each halving in the caches.
    let ns = (usize::BITS - size.leading_zeros()) as usize / 2 + 1;
    for_each_range(op, out.size(), ns, &|begin, end| {
        let (from, to) = (source.at(begin * itemsize), target.at(begin * answer));
        // SAFETY: chunks are disjoint; the search stays in `size` elements.
        unsafe { search(elements.start(), size, from, end - begin, side, to) };
        Ok(())
    })?;
    Ok(out)
}

/// Where in `sorted` (taken in the order of `sorter`, if there is one) to insert each of `values` so that it
/// stays sorted. If it is not, the places are some in `0..=size`.
pub fn searchsorted(sorted: &Tensor, values: Operand<'_>, side: Side, sorter: Option<&Tensor>) -> Result<Tensor> {
    let op = "searchsorted";
    if sorted.ndim() != 1 {
        let shape = corepy_core::error::shape_text(sorted.shape());
        return Err(Error::Value { op, message: format!("x1 must have one dimension, got shape {shape}") });
    }
    let dtype = sorted.dtype().promote(values.dtype());
    let mut elements = contiguous(op, sorted, dtype)?;
    if let Some(sorter) = sorter {
        elements = gathered(op, &elements, &checked_sorter(op, sorter, sorted)?)?;
    }
    let values = operand(op, values, dtype)?;
    run(op, &elements, &values, u32::from(side == Side::Right), DType::Int64)
}

/// The sorter as contiguous int64, all in bounds.
fn checked_sorter(op: &'static str, sorter: &Tensor, sorted: &Tensor) -> Result<Tensor> {
    if !sorter.dtype().is_integer() {
        return Err(Error::UnsupportedDType { op, dtypes: vec![sorter.dtype()], expected: "an integer sorter" });
    }
    if sorter.shape() != sorted.shape() {
        let [sorter, sorted] = [sorter, sorted].map(|tensor| corepy_core::error::shape_text(tensor.shape()));
        return Err(Error::Value { op, message: format!("the sorter has shape {sorter}, x1 {sorted}") });
    }
    let size = sorted.size();
    let places = contiguous(op, sorter, DType::Int64)?;
    if size > 0 {
        // A uint64 beyond int64 has become negative.
        for reduction in [Reduction::Min, Reduction::Max] {
            let extreme = reduce::reduce(reduction, &places, None, None, false)?;
            // SAFETY: the result is one int64.
            let index = unsafe { extreme.data().cast::<i64>().read() };
            if !(0..size as i64).contains(&index) {
                return Err(Error::IndexOutOfRange { op, index, axis: 0, size });
            }
        }
    }
    Ok(places)
}

/// Whether each element of `x1` equals some element of `x2`, or with `invert` none.
pub fn isin(x1: Operand<'_>, x2: Operand<'_>, invert: bool) -> Result<Tensor> {
    let op = "isin";
    let signed_and_unsigned =
        [(x1, x2), (x2, x1)].iter().any(|(a, b)| a.dtype() == DType::UInt64 && b.dtype().kind() == Kind::Signed);
    // No integer dtype holds both. As uint64, negative numbers are from 2^63 on, where nothing is equal.
    let dtype = if signed_and_unsigned { DType::UInt64 } else { x1.dtype().promote(x2.dtype()) };
    let values = operand(op, x1, dtype)?;
    let members = operand(op, x2, dtype)?;
    let mut found = match by_table(op, &values, &members)? {
        Some(found) => found,
        None => run(op, &sorted_flat(op, &members)?, &values, CONTAINS, DType::Bool)?,
    };
    if signed_and_unsigned {
        let border = Scalar::from_bytes(&(1_u64 << 63).to_ne_bytes(), dtype);
        let shared = [Operand::Tensor(&values), Operand::Scalar(&border)];
        let shared = elementwise::apply(const { Op::named("less") }, &shared)?;
        let both = [Operand::Tensor(&found), Operand::Tensor(&shared)];
        found = elementwise::apply(const { Op::named("logical_and") }, &both)?;
    }
    if invert {
        return elementwise::apply(const { Op::named("logical_not") }, &[Operand::Tensor(&found)]);
    }
    Ok(found)
}

/// Whether each of `values` is among the integers `members`, where these lie so close that a table of their
/// range is worth it.
fn by_table(op: &'static str, values: &Tensor, members: &Tensor) -> Result<Option<Tensor>> {
    let dtype = values.dtype();
    if dtype.is_floating() || members.size() == 0 {
        return Ok(None);
    }
    let extreme = |reduction: Reduction| -> Result<u64> {
        let result = reduce::reduce(reduction, members, None, None, false)?;
        let mut bytes = [0; 8];
        // SAFETY: the result is one element; the low bytes come first, or the shift below moves them.
        unsafe { result.data().copy_to_nonoverlapping(bytes.as_mut_ptr(), dtype.itemsize()) };
        let bits = u64::from_ne_bytes(bytes);
        Ok(if cfg!(target_endian = "big") { bits >> (64 - 8 * dtype.itemsize()) } else { bits })
    };
    let (least, most) = (extreme(Reduction::Min)?, extreme(Reduction::Max)?);
    // Modulo 2^bits, the distance is that of signed integers too.
    let last = most.wrapping_sub(least) & (u64::MAX >> (64 - 8 * dtype.itemsize()));
    if last >= (TABLE_WORTH * (values.size() + members.size()) + SMALL_TABLE) as u64 {
        return Ok(None);
    }
    let table = Storage::allocate_zeroed(op, last as usize + 1)?;
    let out = Tensor::empty(op, values.shape(), DType::Bool)?;
    let kernels = ffi::table(dtype.itemsize());
    let (source, marks, target) = (Address(values.data()), Address(table.as_ptr()), Address(out.data()));
    // SAFETY: the members' distances from the least are at most `last`; chunks of the output are disjoint.
    unsafe { (kernels.mark)(members.data(), members.size(), least, marks.start()) };
    for_each_range(op, out.size(), 2, &|begin, end| {
        let from = source.at(begin * dtype.itemsize());
        // SAFETY: as above.
        unsafe { (kernels.look_up)(from, end - begin, least, last, marks.start(), target.at(begin)) };
        Ok(())
    })?;
    Ok(Some(out))
}
