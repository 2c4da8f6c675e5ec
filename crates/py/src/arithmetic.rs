//! Operators on few elements past PyO3, whose dispatch takes a third of their time (see `slots.rs`): two tensors of
//! one shape and dtype, or a tensor and a Python float or int beside floating-point elements. Every other case goes on
//! to the slots that PyO3 made, errors too.

use std::ffi::c_int;
use std::sync::OnceLock;

use corepy_core::{DType, Op, Tensor};
use corepy_kernels::elementwise::{self, Operand, Scalar};
use corepy_kernels::fusion;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;

use crate::slots;

/// Elements up to which an operation may end here: no more than one kernel call takes without a plan.
const FEW: usize = 1024;

/// The slots that PyO3 made.
struct Originals {
    numbers: ffi::PyNumberMethods,
    compare: ffi::richcmpfunc,
}

// SAFETY: addresses of functions.
unsafe impl Send for Originals {}
// SAFETY: as above.
unsafe impl Sync for Originals {}

static ORIGINALS: OnceLock<Originals> = OnceLock::new();

macro_rules! operators {
    ($(binary $binary:ident $binary_op:literal;)* $(unary $unary:ident $unary_op:literal;)*) => {
        $(unsafe extern "C" fn $binary(left: *mut PyObject, right: *mut PyObject) -> *mut PyObject {
            // SAFETY: the interpreter calls a slot with the GIL, for two objects of which one is of the class.
            unsafe {
                match binary(const { Op::named($binary_op) }, left, right) {
                    Some(result) => result,
                    None => match ORIGINALS.get().and_then(|originals| originals.numbers.$binary) {
                        Some(original) => original(left, right),
                        None => ffi::Py_NewRef(ffi::Py_NotImplemented()),
                    },
                }
            }
        })*
        $(unsafe extern "C" fn $unary(object: *mut PyObject) -> *mut PyObject {
            // SAFETY: the interpreter calls a slot with the GIL, for an object of the class.
            unsafe {
                match unary(const { Op::named($unary_op) }, object) {
                    Some(result) => result,
                    None => match ORIGINALS.get().and_then(|originals| originals.numbers.$unary) {
                        Some(original) => original(object),
                        None => std::ptr::null_mut(),
                    },
                }
            }
        })*

        /// Puts the functions into the slots that PyO3 has filled.
        fn fill(numbers: &mut ffi::PyNumberMethods) {
            $(if numbers.$binary.is_some() {
                numbers.$binary = Some($binary);
            })*
            $(if numbers.$unary.is_some() {
                numbers.$unary = Some($unary);
            })*
        }
    };
}

operators! {
    binary nb_add "add";
    binary nb_subtract "subtract";
    binary nb_multiply "multiply";
    binary nb_true_divide "divide";
    binary nb_floor_divide "floor_divide";
    binary nb_remainder "remainder";
    binary nb_and "bitwise_and";
    binary nb_or "bitwise_or";
    binary nb_xor "bitwise_xor";
    unary nb_negative "negative";
    unary nb_absolute "abs";
    unary nb_invert "bitwise_invert";
}

/// Puts the functions into the class.
///
/// # Safety
/// The class of `slots`, ready, changed by the thread that makes the module.
pub unsafe fn install(class: *mut ffi::PyTypeObject) {
    // SAFETY: the caller's promise.
    unsafe {
        let (Some(numbers), Some(compare)) = ((*class).tp_as_number.as_mut(), (*class).tp_richcompare) else { return };
        if ORIGINALS.set(Originals { numbers: *numbers, compare }).is_ok() {
            fill(numbers);
            (*class).tp_richcompare = Some(self::compare);
        }
    }
}

unsafe extern "C" fn compare(left: *mut PyObject, right: *mut PyObject, operator: c_int) -> *mut PyObject {
    let op = match operator {
        ffi::Py_LT => const { Op::named("less") },
        ffi::Py_LE => const { Op::named("less_equal") },
        ffi::Py_EQ => const { Op::named("equal") },
        ffi::Py_NE => const { Op::named("not_equal") },
        ffi::Py_GT => const { Op::named("greater") },
        _ => const { Op::named("greater_equal") },
    };
    let Some(originals) = ORIGINALS.get() else { return std::ptr::null_mut() };
    // SAFETY: the interpreter calls this slot with the GIL, for an object of the class and any other.
    unsafe { binary(op, left, right).unwrap_or_else(|| (originals.compare)(left, right, operator)) }
}

/// The tensor that an object is, if its results are to be computed at once and in one go.
///
/// # Safety
/// A live object; the slots are installed.
#[inline]
unsafe fn few<'a>(object: *mut PyObject) -> Option<&'a Tensor> {
    // SAFETY: the caller's promise.
    let tensor = unsafe { slots::tensor(object) }?;
    (tensor.size() <= FEW && tensor.size() < fusion::threshold()).then_some(tensor)
}

/// A Python float or int as an element of a real floating-point dtype.
///
/// # Safety
/// A live object; the GIL is held.
#[inline]
unsafe fn scalar(object: *mut PyObject, dtype: DType) -> Option<Scalar> {
    // SAFETY: each accessor follows its check.
    let value = unsafe {
        if ffi::PyFloat_CheckExact(object) != 0 {
            ffi::PyFloat_AS_DOUBLE(object)
        } else if ffi::PyLong_CheckExact(object) != 0 {
            let mut overflow = 0;
            let value = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
            if overflow != 0 {
                return None;
            }
            value as f64
        } else {
            return None;
        }
    };
    match dtype {
        DType::Float64 => Some(Scalar::from_bytes(&value.to_ne_bytes(), dtype)),
        DType::Float32 => Some(Scalar::from_bytes(&(value as f32).to_ne_bytes(), dtype)),
        _ => None,
    }
}

/// The result, if the operation is one of those that end here.
///
/// # Safety
/// Live objects; the GIL is held, and the slots are installed.
#[inline]
unsafe fn binary(op: Op, left: *mut PyObject, right: *mut PyObject) -> Option<*mut PyObject> {
    // SAFETY: the caller's promise.
    unsafe {
        let (x, y) = (few(left), few(right));
        let result = match (x, y) {
            (Some(x), Some(y)) => elementwise::apply_few(op, &[Operand::Tensor(x), Operand::Tensor(y)]),
            (Some(x), None) => {
                let y = scalar(right, x.dtype())?;
                elementwise::apply_few(op, &[Operand::Tensor(x), Operand::Scalar(&y)])
            }
            (None, Some(y)) => {
                let x = scalar(left, y.dtype())?;
                elementwise::apply_few(op, &[Operand::Scalar(&x), Operand::Tensor(y)])
            }
            (None, None) => None,
        }?;
        slots::wrap(Python::assume_attached(), result).ok().map(Py::into_ptr)
    }
}

/// As [`binary`].
///
/// # Safety
/// As [`binary`].
#[inline]
unsafe fn unary(op: Op, object: *mut PyObject) -> Option<*mut PyObject> {
    // SAFETY: the caller's promise.
    unsafe {
        let result = elementwise::apply_few(op, &[Operand::Tensor(few(object)?)])?;
        slots::wrap(Python::assume_attached(), result).ok().map(Py::into_ptr)
    }
}
