//! Shapes, sizes and offsets as Python gives them.

use corepy_core::shape::Shape;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString, PyTuple};
use smallvec::SmallVec;

/// The shape that an integer or a sequence of integers is. Integers are those of Python and NumPy,
/// 0-d integer tensors and whatever else has `__index__`.
pub fn extract(op: &str, value: &Bound<'_, PyAny>) -> PyResult<Shape> {
    // The usual case: a tuple of small numbers, or one.
    if let Some(sizes) = small(value) {
        return Ok(sizes);
    }
    let sizes = signed(op, value)?;
    if let Some(negative) = sizes.iter().find(|&&size| size < 0) {
        return Err(PyValueError::new_err(format!("{op}: negative size {negative} in shape {}", text(value))));
    }
    Ok(sizes.into_iter().map(|size| size as usize).collect())
}

/// An int, or a tuple of at most four, none of which is negative or does not fit 64 bits.
#[inline]
fn small(value: &Bound<'_, PyAny>) -> Option<Shape> {
    // SAFETY: live objects, read as what they are checked to be.
    unsafe {
        let size = |object| {
            let mut overflow = 0;
            if ffi::PyLong_CheckExact(object) == 0 {
                return None;
            }
            let size = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
            if overflow == 0 { usize::try_from(size).ok() } else { None }
        };
        let object = value.as_ptr();
        if ffi::PyTuple_CheckExact(object) == 0 {
            return Some(corepy_core::shape::first([size(object)?, 0, 0, 0], 1));
        }
        let rank = ffi::PyTuple_GET_SIZE(object) as usize;
        let mut sizes = [0; 4];
        for axis in 0..rank {
            *sizes.get_mut(axis)? = size(ffi::PyTuple_GET_ITEM(object, axis as isize))?;
        }
        Some(corepy_core::shape::first(sizes, rank))
    }
}

/// As [`extract`], with negative sizes.
pub fn signed(op: &str, value: &Bound<'_, PyAny>) -> PyResult<SmallVec<[i64; 4]>> {
    const NAME: &str = "a size in a shape";
    if let Some(sizes) = small(value) {
        return Ok(sizes.iter().map(|&size| size as i64).collect());
    }
    if value.is_exact_instance_of::<PyInt>() {
        return Ok(std::iter::once(clamped(op, NAME, value)?).collect());
    }
    if let Ok(sizes) = value.cast::<PyTuple>() {
        return sizes.iter().map(|size| clamped(op, NAME, &size)).collect();
    }
    if let Ok(sizes) = value.cast::<PyList>() {
        return sizes.iter().map(|size| clamped(op, NAME, &size)).collect();
    }
    if integer(value).is_some() {
        return Ok(std::iter::once(clamped(op, NAME, value)?).collect());
    }
    match value.try_iter() {
        Ok(sizes) if !value.is_instance_of::<PyString>() => {
            // One size more than there may be is refused later; an iterator may have no end. Not
            // collected: that would ask a foreign object for its length.
            let mut result = SmallVec::new();
            for size in sizes.take(corepy_core::shape::MAX_RANK + 1) {
                result.push(clamped(op, NAME, &size?)?);
            }
            Ok(result)
        }
        _ => Err(PyTypeError::new_err(format!(
            "{op}: a shape is an integer or a sequence of integers, not {}",
            type_name(value)
        ))),
    }
}

/// A number of elements, `name` in messages.
pub fn size(op: &str, name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    let size = clamped(op, name, value)?;
    usize::try_from(size).map_err(|_| PyValueError::new_err(format!("{op}: {name} must not be negative, got {size}")))
}

/// An integer; beyond 64 bits, the nearest that fits them, which stands for any other number of
/// elements that cannot be.
pub fn clamped(op: &str, name: &str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let Some(number) = integer(value) else {
        return Err(PyTypeError::new_err(format!("{op}: {name} must be an integer, not {}", type_name(value))));
    };
    let mut overflow = 0;
    // SAFETY: `number` is an int; overflow is reported, not raised.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(number.as_ptr(), &raw mut overflow) };
    Ok(match overflow {
        0 => small,
        1.. => i64::MAX,
        _ => i64::MIN,
    })
}

/// The Python int that `value` is or stands for.
fn integer<'py>(value: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    if value.cast::<PyInt>().is_ok() {
        return Some(value.clone());
    }
    // SAFETY: `value` is a live object; PyNumber_Index returns a new reference or null with an error set.
    let index = unsafe { Bound::from_owned_ptr_or_err(value.py(), ffi::PyNumber_Index(value.as_ptr())) };
    index.ok()
}

/// The name of an object's class.
pub fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().fully_qualified_name().map_or_else(|_| String::from("this object"), |name| name.to_string())
}

fn text(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| String::from("?"), |text| text.to_string())
}
