//! Shapes: sizes that cannot overflow, broadcasting, axes.

use std::mem::MaybeUninit;

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::error::{Error, Result};

/// One number per dimension, without a heap allocation up to rank 4.
pub type Shape = SmallVec<[usize; 4]>;
/// Strides in bytes, one per dimension.
pub type Strides = SmallVec<[isize; 4]>;

/// The largest rank, NumPy's own bound.
pub const MAX_RANK: usize = 64;

/// The number of elements, provided that `shape` and its bytes are addressable.
///
/// As in NumPy, the product is taken over the non-zero sizes, so that a zero does not hide an
/// overflow.
#[inline]
pub fn checked_size(op: &'static str, shape: &[usize], dtype: DType) -> Result<usize> {
    // The usual case: a line whose bytes no dtype lets overflow.
    match *shape {
        [size] if size < 1 << 48 => Ok(size),
        _ => checked_product(op, shape, dtype),
    }
}

fn checked_product(op: &'static str, shape: &[usize], dtype: DType) -> Result<usize> {
    if shape.len() > MAX_RANK {
        return Err(Error::Value {
            op,
            message: format!("{} dimensions; at most {MAX_RANK} are supported", shape.len()),
        });
    }
    let itemsize = dtype.itemsize();
    let mut bytes = itemsize;
    let (mut overflows, mut is_empty) = (false, false);
    for &size in shape {
        let (product, overflow) = bytes.overflowing_mul(size.max(1));
        bytes = product;
        overflows |= overflow;
        is_empty |= size == 0;
    }
    if overflows || isize::try_from(bytes).is_err() {
        return Err(Error::TooLarge { op, shape: shape.to_vec(), dtype });
    }
    // A power of two: a division would take as long as the rest.
    Ok(if is_empty { 0 } else { bytes >> itemsize.trailing_zeros() })
}

/// A copy; up to rank 4 four words, without a loop.
#[inline]
pub fn copied<T: Copy>(values: &SmallVec<[T; 4]>) -> SmallVec<[T; 4]> {
    if values.spilled() {
        return values.clone();
    }
    // SAFETY: not spilled, the values lie in an array of four, of which the first `len` are written.
    unsafe {
        let words = values.as_ptr().cast::<MaybeUninit<[T; 4]>>().read();
        SmallVec::from_buf_and_len_unchecked(words, values.len())
    }
}

/// The first `rank` of four numbers.
#[inline]
pub fn first<T: Copy>(values: [T; 4], rank: usize) -> SmallVec<[T; 4]> {
    assert!(rank <= 4);
    // SAFETY: all four are written.
    unsafe { SmallVec::from_buf_and_len_unchecked(MaybeUninit::new(values), rank) }
}

/// A copy without the number at `axis`.
#[inline]
pub(crate) fn without<T: Copy + Default>(values: &SmallVec<[T; 4]>, axis: usize) -> SmallVec<[T; 4]> {
    if values.len() <= 4 {
        let mut rest = [T::default(); 4];
        for (to, from) in rest.iter_mut().zip(values[..axis].iter().chain(&values[axis + 1..])) {
            *to = *from;
        }
        return first(rest, values.len() - 1);
    }
    let mut rest = values.clone();
    rest.remove(axis);
    rest
}

/// As many zeros.
#[inline]
pub(crate) fn zeros<T: Copy + Default>(rank: usize) -> SmallVec<[T; 4]> {
    if rank <= 4 { first([T::default(); 4], rank) } else { SmallVec::from_elem(T::default(), rank) }
}

/// A copy of a slice; up to rank 4 without a loop.
#[inline]
pub fn from_slice<T: Copy + Default>(values: &[T]) -> SmallVec<[T; 4]> {
    let zero = T::default();
    match *values {
        [] => first([zero; 4], 0),
        [a] => first([a, zero, zero, zero], 1),
        [a, b] => first([a, b, zero, zero], 2),
        [a, b, c] => first([a, b, c, zero], 3),
        [a, b, c, d] => first([a, b, c, d], 4),
        _ => SmallVec::from_slice(values),
    }
}

/// Strides in bytes of a C-contiguous tensor.
#[inline]
pub fn contiguous_strides(shape: &[usize], itemsize: usize) -> Strides {
    if shape.len() == 1 {
        return first([itemsize as isize, 0, 0, 0], 1);
    }
    strides_of_many(shape, itemsize)
}

fn strides_of_many(shape: &[usize], itemsize: usize) -> Strides {
    let mut strides: Strides = zeros(shape.len());
    let mut stride = itemsize as isize;
    for (axis, &size) in shape.iter().enumerate().rev() {
        strides[axis] = stride;
        stride *= size.max(1) as isize;
    }
    strides
}

/// Strides in bytes of a tensor without gaps whose axes lie in memory in `order`, outermost first.
pub fn dense_strides(shape: &[usize], itemsize: usize, order: &[usize]) -> Strides {
    let mut strides: Strides = SmallVec::from_elem(0, shape.len());
    let mut stride = itemsize as isize;
    for &axis in order.iter().rev() {
        strides[axis] = stride;
        stride *= shape[axis].max(1) as isize;
    }
    strides
}

/// The shape that all of `shapes` broadcast to (the standard's broadcasting rules).
pub fn broadcast_shapes(op: &'static str, shapes: &[&[usize]]) -> Result<Shape> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut result: Shape = SmallVec::from_elem(1, rank);
    for shape in shapes {
        let first = rank - shape.len();
        for (axis, &size) in shape.iter().enumerate() {
            let target = &mut result[first + axis];
            if *target == 1 {
                *target = size;
            } else if size != 1 && size != *target {
                return Err(Error::Broadcast { op, shapes: shapes.iter().map(|shape| shape.to_vec()).collect() });
            }
        }
    }
    Ok(result)
}

/// `axis` counted from the front.
pub fn normalize_axis(op: &'static str, axis: i64, ndim: usize) -> Result<usize> {
    let n = ndim as i64;
    if (-n..n).contains(&axis) {
        Ok(if axis < 0 { (axis + n) as usize } else { axis as usize })
    } else {
        Err(Error::AxisOutOfRange { op, axis, ndim })
    }
}

/// A set of axes counted from the front, each at most once, as a mask per dimension.
pub fn normalize_axes(op: &'static str, axes: Option<&[i64]>, ndim: usize) -> Result<SmallVec<[bool; 8]>> {
    let mut mask: SmallVec<[bool; 8]> = SmallVec::from_elem(axes.is_none(), ndim);
    for &axis in axes.unwrap_or(&[]) {
        let axis = normalize_axis(op, axis, ndim)?;
        if mask[axis] {
            return Err(Error::RepeatedAxis { op, axis });
        }
        mask[axis] = true;
    }
    Ok(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_the_standard() {
        let cases: [(&[&[usize]], &[usize]); 5] = [
            (&[&[8, 1, 6, 1], &[7, 1, 5]], &[8, 7, 6, 5]),
            (&[&[], &[3]], &[3]),
            (&[&[0], &[1]], &[0]),
            (&[&[1], &[0, 1]], &[0, 1]),
            (&[&[15, 3, 5], &[3, 1]], &[15, 3, 5]),
        ];
        for (shapes, expected) in cases {
            assert_eq!(broadcast_shapes("f", shapes).unwrap().as_slice(), expected);
        }
        let error = broadcast_shapes("add", &[&[3, 4], &[5]]).unwrap_err();
        assert_eq!(error.to_string(), "add: shapes (3, 4) and (5,) cannot be broadcast");
        assert!(broadcast_shapes("f", &[&[0], &[2]]).is_err());
    }

    #[test]
    fn sizes_never_overflow() {
        assert_eq!(checked_size("f", &[2, 3], DType::Float64), Ok(6));
        assert_eq!(checked_size("f", &[], DType::Float64), Ok(1));
        assert!(checked_size("f", &[1 << 40, 1 << 40], DType::Bool).is_err());
        assert!(checked_size("f", &[1 << 40, 0, 1 << 40], DType::Bool).is_err());
        assert!(checked_size("f", &[1 << 60], DType::Complex128).is_err());
        assert!(checked_size("f", &[1; MAX_RANK + 1], DType::Bool).is_err());
    }

    #[test]
    fn axes_are_normalised_once() {
        assert_eq!(normalize_axes("f", Some(&[-1, 0]), 3).unwrap().as_slice(), [true, false, true]);
        assert_eq!(normalize_axes("f", None, 2).unwrap().as_slice(), [true, true]);
        assert_eq!(normalize_axes("f", Some(&[0, -2]), 2), Err(Error::RepeatedAxis { op: "f", axis: 0 }));
        assert!(normalize_axis("f", 0, 0).is_err());
    }
}
