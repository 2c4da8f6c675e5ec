//! Which dtypes become which, and of which kinds they are.

use corepy_core::{DType, DTypeSet};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::dtype_of;
use crate::argument::Argument;
use crate::dtype::{self, PyDType};

/// Whether one dtype can be cast to another by the promotion rules.
///
/// Parameters
/// ----------
/// from_ : dtype or Tensor
///     The dtype to cast from; a tensor stands for its own.
/// to : dtype
///     The dtype to cast to.
///
/// Returns
/// -------
/// bool
///     Whether promoting both gives `to`.
///
/// Raises
/// ------
/// TypeError
///     For an argument that is neither.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.can_cast(cp.int16, cp.float32), cp.can_cast(cp.int64, cp.int32)
/// (True, False)
///
/// Notes
/// -----
/// Across kinds as NumPy 2's safe casting: int16 casts to float32, int32 only to float64.
/// Array API standard 2025.12, data type functions: ``can_cast``.
#[pyfunction]
#[pyo3(signature = (from_, to, /))]
pub fn can_cast(from_: &Bound<'_, PyAny>, to: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(dtype_of("can_cast", from_)?.can_cast(dtype::extract("can_cast", to)?))
}

/// Whether a dtype is of a kind.
///
/// Parameters
/// ----------
/// dtype : dtype
///     The dtype asked about.
/// kind : str, dtype or tuple of these
///     A dtype; or one of "bool", "signed integer", "unsigned integer", "integral",
///     "real floating", "complex floating", "numeric". A tuple is the union of its members.
///
/// Returns
/// -------
/// bool
///     Whether the dtype is `kind`, or one of it.
///
/// Raises
/// ------
/// ValueError
///     For the name of no kind.
/// TypeError
///     For anything else.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.isdtype(cp.int8, "integral")
/// True
///
/// Notes
/// -----
/// Array API standard 2025.12, data type functions: ``isdtype``.
#[pyfunction]
#[pyo3(signature = (dtype, kind))]
pub fn isdtype(dtype: &Bound<'_, PyAny>, kind: &Bound<'_, PyAny>) -> PyResult<bool> {
    let dtype = dtype::extract("isdtype", dtype)?;
    if let Ok(kinds) = kind.cast::<PyTuple>() {
        let mut found = false;
        for kind in kinds.iter() {
            found |= is_of_kind(dtype, &kind)?;
        }
        return Ok(found);
    }
    is_of_kind(dtype, kind)
}

fn is_of_kind(dtype: DType, kind: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(name) = kind.cast::<PyString>() else {
        return Ok(dtype == dtype::extract("isdtype", kind)?);
    };
    let set = match name.to_string().as_str() {
        "bool" => DTypeSet::BOOL,
        "signed integer" => DTypeSet::SIGNED,
        "unsigned integer" => DTypeSet::UNSIGNED,
        "integral" => DTypeSet::INTEGER,
        "real floating" => DTypeSet::REAL_FLOATING,
        "complex floating" => DTypeSet::COMPLEX,
        "numeric" => DTypeSet::NUMERIC,
        other => {
            return Err(PyValueError::new_err(format!(
                "isdtype: {other:?} is not a kind; kinds are 'bool', 'signed integer', 'unsigned integer', \
                 'integral', 'real floating', 'complex floating' and 'numeric'"
            )));
        }
    };
    Ok(set.contains(dtype))
}

/// The dtype that the promotion rules give.
///
/// Parameters
/// ----------
/// arrays_and_dtypes : Tensor, dtype or Python scalar
///     At least one; a scalar takes part in the dtype of the others as far as its kind allows.
///
/// Returns
/// -------
/// DType
///     The one that an operation on all of them computes in.
///
/// Raises
/// ------
/// ValueError
///     Without arguments.
/// TypeError
///     For an argument that is none of these.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.result_type(cp.int8, cp.float32)
/// corepy.float32
///
/// Notes
/// -----
/// Mixed kinds promote as in NumPy 2. Scalars alone give the dtype that `asarray` gives them.
/// Array API standard 2025.12, data type functions: ``result_type``.
#[pyfunction]
#[pyo3(signature = (*arrays_and_dtypes))]
pub fn result_type(arrays_and_dtypes: &Bound<'_, PyTuple>) -> PyResult<Py<PyDType>> {
    let op = "result_type";
    let mut strong = Vec::new();
    let mut numbers = Vec::new();
    for object in arrays_and_dtypes.iter() {
        let dtype = match Argument::extract(object.as_borrowed()) {
            Ok(Argument::Tensor(tensor)) => tensor.get().value.dtype(),
            Ok(argument) => {
                numbers.extend(argument.number());
                continue;
            }
            Err(_) => dtype::extract(op, &object)?,
        };
        strong.push(dtype);
    }
    let result = match DType::promote_all(strong.into_iter()) {
        Some(strong) => Some(numbers.iter().fold(strong, |dtype, number| number.dtype_beside(dtype))),
        None => numbers.into_iter().map(crate::argument::Number::default_dtype).reduce(DType::promote),
    };
    let result = result.ok_or_else(|| PyValueError::new_err("result_type: at least one argument is required"))?;
    Ok(dtype::object(arrays_and_dtypes.py(), result))
}
