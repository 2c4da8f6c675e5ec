//! Elements to and from Python objects: scalars, nested lists.

use corepy_core::error::shape_text;
use corepy_core::shape::checked_size;
use corepy_core::{DType, Tensor};
use corepy_kernels::elementwise::{self, Operand};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyComplex, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::argument::{Number, overflow};
use crate::data_types::check_cast;
use crate::dtype;
use crate::error::IntoPython;
use crate::tensor::PyTensor;

/// One element, read out.
#[derive(Debug, Clone, Copy)]
pub enum Element {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Complex(f64, f64),
}

/// Reads the element at `address`.
///
/// # Safety
/// `address` holds a readable, aligned element of `dtype`.
#[inline]
unsafe fn read(address: *const u8, dtype: DType) -> Element {
    // SAFETY: the caller's promise.
    unsafe {
        match dtype {
            DType::Bool => Element::Bool(*address != 0),
            DType::Int8 => Element::Signed(i64::from(*address.cast::<i8>())),
            DType::Int16 => Element::Signed(i64::from(*address.cast::<i16>())),
            DType::Int32 => Element::Signed(i64::from(*address.cast::<i32>())),
            DType::Int64 => Element::Signed(*address.cast::<i64>()),
            DType::UInt8 => Element::Unsigned(u64::from(*address)),
            DType::UInt16 => Element::Unsigned(u64::from(*address.cast::<u16>())),
            DType::UInt32 => Element::Unsigned(u64::from(*address.cast::<u32>())),
            DType::UInt64 => Element::Unsigned(*address.cast::<u64>()),
            DType::Float32 => Element::Float(f64::from(*address.cast::<f32>())),
            DType::Float64 => Element::Float(*address.cast::<f64>()),
            DType::Complex64 => {
                Element::Complex(f64::from(*address.cast::<f32>()), f64::from(*address.cast::<f32>().add(1)))
            }
            DType::Complex128 => Element::Complex(*address.cast::<f64>(), *address.cast::<f64>().add(1)),
        }
    }
}

/// The only element of a tensor of size 1.
pub fn element(tensor: &Tensor, what: &str) -> PyResult<Element> {
    if tensor.size() != 1 {
        return Err(PyTypeError::new_err(format!(
            "{what}: only a tensor of size 1 converts to a Python scalar; this one has shape {}",
            shape_text(tensor.shape())
        )));
    }
    // SAFETY: size 1: the first element exists.
    Ok(unsafe { read(tensor.data(), tensor.dtype()) })
}

impl Element {
    pub fn truth(self) -> bool {
        match self {
            Element::Bool(value) => value,
            Element::Signed(value) => value != 0,
            Element::Unsigned(value) => value != 0,
            Element::Float(value) => value != 0.0,
            Element::Complex(re, im) => re != 0.0 || im != 0.0,
        }
    }
    pub fn to_int(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match self {
            Element::Bool(value) => PyInt::new(py, i64::from(value)).into_any(),
            Element::Signed(value) => PyInt::new(py, value).into_any(),
            Element::Unsigned(value) => PyInt::new(py, value).into_any(),
            Element::Float(value) => PyFloat::new(py, value).call_method0("__int__")?,
            Element::Complex(..) => return Err(PyTypeError::new_err("int: a complex tensor has no integer value")),
        })
    }
    pub fn to_float(self) -> PyResult<f64> {
        Ok(match self {
            Element::Bool(value) => f64::from(u8::from(value)),
            Element::Signed(value) => value as f64,
            Element::Unsigned(value) => value as f64,
            Element::Float(value) => value,
            Element::Complex(..) => return Err(PyTypeError::new_err("float: a complex tensor has no real value")),
        })
    }
    pub fn to_complex(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let (re, im) = match self {
            Element::Complex(re, im) => (re, im),
            other => (other.to_float()?, 0.0),
        };
        Ok(PyComplex::from_doubles(py, re, im).into_any())
    }
    /// The Python scalar of the dtype's own kind.
    #[inline]
    pub fn to_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match self {
            Element::Bool(value) => PyBool::new(py, value).to_owned().into_any(),
            Element::Signed(value) => PyInt::new(py, value).into_any(),
            Element::Unsigned(value) => PyInt::new(py, value).into_any(),
            Element::Float(value) => PyFloat::new(py, value).into_any(),
            Element::Complex(re, im) => PyComplex::from_doubles(py, re, im).into_any(),
        })
    }
}

/// Nested lists of Python scalars.
pub fn to_list<'py>(py: Python<'py>, tensor: &Tensor) -> PyResult<Bound<'py, PyAny>> {
    list_from(py, tensor, 0, tensor.data())
}

fn list_from<'py>(py: Python<'py>, tensor: &Tensor, axis: usize, data: *const u8) -> PyResult<Bound<'py, PyAny>> {
    if axis == tensor.ndim() {
        // SAFETY: the walk below stays inside the shape, and a full index is an element.
        return unsafe { read(data, tensor.dtype()) }.to_object(py);
    }
    let size = tensor.shape()[axis];
    let stride = tensor.strides()[axis];
    let items: PyResult<Vec<_>> =
        (0..size).map(|index| list_from(py, tensor, axis + 1, data.wrapping_offset(stride * index as isize))).collect();
    Ok(PyList::new(py, items?)?.into_any())
}

/// What a nested sequence turned out to hold.
#[derive(Default)]
struct Discovery {
    shape: Option<Vec<usize>>,
    /// Of the tensors in it.
    strong: Option<DType>,
    /// Of the Python numbers in it.
    weak: Option<DType>,
    beyond_int64: bool,
    negative: bool,
}

fn sequence<'a, 'py>(object: &'a Bound<'py, PyAny>) -> Option<Items<'a, 'py>> {
    if let Ok(list) = object.cast::<PyList>() {
        Some(Items::List(list))
    } else if let Ok(tuple) = object.cast::<PyTuple>() {
        Some(Items::Tuple(tuple))
    } else {
        None
    }
}

/// The items of any other sequence, of a range say; text is none.
fn other_sequence<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyList>>> {
    let is_text = object.is_instance_of::<PyString>() || object.is_instance_of::<PyBytes>();
    // SAFETY: `object` is alive.
    if is_text || unsafe { ffi::PySequence_Check(object.as_ptr()) } == 0 {
        return Ok(None);
    }
    // SAFETY: as above; the result is a new list or null with an error set.
    let list = unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PySequence_List(object.as_ptr()))? };
    Ok(Some(list.cast_into::<PyList>()?))
}

enum Items<'a, 'py> {
    List(&'a Bound<'py, PyList>),
    Tuple(&'a Bound<'py, PyTuple>),
}

impl<'py> Items<'_, 'py> {
    fn len(&self) -> usize {
        match self {
            Items::List(list) => list.len(),
            Items::Tuple(tuple) => tuple.len(),
        }
    }
    fn get(&self, index: usize) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Items::List(list) => list.get_item(index),
            Items::Tuple(tuple) => tuple.get_item(index),
        }
    }
}

impl Discovery {
    fn ragged() -> PyErr {
        PyValueError::new_err("asarray: the nested sequence is ragged: its parts differ in length or depth")
    }

    /// Records that at this depth lies something of `shape`.
    fn leaf(&mut self, prefix: &[usize], shape: &[usize]) -> PyResult<()> {
        match &self.shape {
            None => self.shape = Some([prefix, shape].concat()),
            Some(known) if known.iter().eq(prefix.iter().chain(shape)) => {}
            Some(_) => return Err(Self::ragged()),
        }
        Ok(())
    }

    /// Whether a number at a depth that has numbers adds nothing to what is known: the usual case.
    #[inline]
    fn is_covered(&self, object: &Bound<'_, PyAny>) -> bool {
        matches!(self.weak, Some(DType::Float64 | DType::Complex128)) && object.is_exact_instance_of::<PyFloat>()
    }

    fn visit(&mut self, object: &Bound<'_, PyAny>, prefix: &mut Vec<usize>) -> PyResult<()> {
        if let Some(items) = sequence(object) {
            if prefix.len() >= corepy_core::shape::MAX_RANK {
                return Err(PyValueError::new_err(format!(
                    "asarray: sequences are nested more than {} deep",
                    corepy_core::shape::MAX_RANK
                )));
            }
            prefix.push(items.len());
            if items.len() == 0 {
                self.leaf(prefix, &[])?;
            }
            let mut settled = false;
            for index in 0..items.len() {
                let item = items.get(index)?;
                if settled && self.is_covered(&item) {
                    continue;
                }
                self.visit(&item, prefix)?;
                settled = self.shape.as_deref() == Some(&prefix[..]);
            }
            prefix.pop();
            return Ok(());
        }
        if let Some(number) = Number::read(object) {
            self.leaf(prefix, &[])?;
            match number {
                Number::Int(value) => {
                    self.negative |= value < 0;
                    self.beyond_int64 |= i64::try_from(value).is_err();
                }
                Number::Huge(_) => return Err(overflow("asarray", number, DType::Int64)),
                _ => {}
            }
            let dtype = number.default_dtype();
            match numpy_dtype(object) {
                Some(dtype) => self.strong = Some(self.strong.map_or(dtype, |strong| strong.promote(dtype))),
                None => self.weak = Some(self.weak.map_or(dtype, |weak| weak.promote(dtype))),
            }
            return Ok(());
        }
        if let Some(tensor) = nested_tensor(object)? {
            self.leaf(prefix, tensor.shape())?;
            let dtype = tensor.dtype();
            self.strong = Some(self.strong.map_or(dtype, |strong| strong.promote(dtype)));
            return Ok(());
        }
        if let Some(list) = other_sequence(object)? {
            return self.visit(&list, prefix);
        }
        Err(PyTypeError::new_err(format!(
            "asarray: {} is not a number, a sequence of numbers or an array",
            object.get_type().fully_qualified_name()?
        )))
    }

    fn dtype(&self) -> PyResult<DType> {
        let weak = match self.weak {
            Some(DType::Int64) if self.beyond_int64 => {
                if self.negative {
                    return Err(PyOverflowError::new_err("asarray: the integers fit neither int64 nor uint64"));
                }
                Some(DType::UInt64)
            }
            weak => weak,
        };
        Ok(match (self.strong, weak) {
            (Some(strong), Some(weak)) => strong.promote(weak),
            (Some(dtype), None) | (None, Some(dtype)) => dtype,
            (None, None) => DType::Float64,
        })
    }
}

/// The dtype of a NumPy scalar; Python's numbers have none of their own.
fn numpy_dtype(object: &Bound<'_, PyAny>) -> Option<DType> {
    let is_python = object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyBool>()
        || object.is_exact_instance_of::<PyComplex>();
    if is_python {
        return None;
    }
    dtype::extract("asarray", &object.getattr("dtype").ok()?).ok()
}

/// A tensor inside a nested sequence: corepy's own, or of anything that exports a buffer.
fn nested_tensor(object: &Bound<'_, PyAny>) -> PyResult<Option<Tensor>> {
    if let Ok(tensor) = object.cast::<PyTensor>() {
        return Ok(Some(tensor.get().tensor()?.clone()));
    }
    crate::foreign::import(object, None)
}

/// The tensor of a flat list of Python floats, or of Python ints that fit int64: the frequent cases,
/// read in one pass. None for anything else.
fn from_flat_list(object: &Bound<'_, PyAny>, dtype: Option<DType>) -> Option<Tensor> {
    let list = object.cast_exact::<PyList>().ok()?;
    let first = list.get_item(0).ok()?;
    let is_float = first.is_exact_instance_of::<PyFloat>();
    let natural = if is_float { DType::Float64 } else { DType::Int64 };
    if dtype.is_some_and(|dtype| dtype != natural) || !is_float && !first.is_exact_instance_of::<PyInt>() {
        return None;
    }
    let size = list.len();
    let tensor = Tensor::empty("asarray", &[size], natural).ok()?;
    for (index, item) in list.iter().enumerate().take(size) {
        // SAFETY: `index` lies inside the tensor, whose elements are f64 or i64; each item is read as
        // what it was checked to be.
        unsafe {
            if is_float {
                if ffi::PyFloat_CheckExact(item.as_ptr()) == 0 {
                    return None;
                }
                tensor.data().cast::<f64>().add(index).write(ffi::PyFloat_AS_DOUBLE(item.as_ptr()));
            } else {
                let mut overflow = 0;
                if ffi::PyLong_CheckExact(item.as_ptr()) == 0 {
                    return None;
                }
                let value = ffi::PyLong_AsLongLongAndOverflow(item.as_ptr(), &raw mut overflow);
                if overflow != 0 {
                    return None;
                }
                tensor.data().cast::<i64>().add(index).write(value);
            }
        }
    }
    (list.len() == size).then_some(tensor)
}

/// A new tensor of a nested sequence of Python numbers and tensors.
pub fn from_sequence(object: &Bound<'_, PyAny>, dtype: Option<DType>) -> PyResult<Tensor> {
    if let Some(tensor) = from_flat_list(object, dtype) {
        return Ok(tensor);
    }
    let mut discovery = Discovery::default();
    discovery.visit(object, &mut Vec::new())?;
    let dtype = match dtype {
        Some(dtype) => dtype,
        None => discovery.dtype()?,
    };
    let shape = discovery.shape.unwrap_or_default();
    checked_size("asarray", &shape, dtype).py()?;
    let tensor = Tensor::empty("asarray", &shape, dtype).py()?;
    let mut next = tensor.data();
    fill(object, &tensor, &mut next, 0)?;
    Ok(tensor)
}

fn fill(object: &Bound<'_, PyAny>, target: &Tensor, next: &mut *mut u8, depth: usize) -> PyResult<()> {
    let dtype = target.dtype();
    let end = target.data().wrapping_add(target.size() * dtype.itemsize());
    let changed = || PyValueError::new_err("asarray: the sequence changed while it was read");
    if let Some(items) = sequence(object) {
        if target.shape().get(depth) != Some(&items.len()) {
            return Err(changed());
        }
        for index in 0..items.len() {
            let item = items.get(index)?;
            // The usual case, where nothing need be converted or checked.
            if let (DType::Float64, true, Ok(value)) = (dtype, depth + 1 == target.ndim(), item.cast_exact::<PyFloat>())
                && *next < end
            {
                // SAFETY: `next` lies inside the target, which is aligned and has room for one more.
                unsafe { next.cast::<f64>().write(value.value()) };
                *next = next.wrapping_add(size_of::<f64>());
                continue;
            }
            fill(&item, target, next, depth + 1)?;
        }
        return Ok(());
    }
    if let Some(number) = Number::read(object) {
        if depth != target.ndim() || *next >= end {
            return Err(changed());
        }
        let scalar = number_as("asarray", number, dtype)?;
        // SAFETY: `next` lies inside the target, which has room for one more element.
        unsafe { std::ptr::copy_nonoverlapping(scalar.bytes().as_ptr(), *next, dtype.itemsize()) };
        *next = next.wrapping_add(dtype.itemsize());
        return Ok(());
    }
    let Some(tensor) = nested_tensor(object)? else {
        return match other_sequence(object)? {
            Some(list) => fill(&list, target, next, depth),
            None => Err(changed()),
        };
    };
    check_cast("asarray", tensor.dtype(), dtype)?;
    let bytes = tensor.size() * dtype.itemsize();
    if target.shape().get(depth..) != Some(tensor.shape()) || (end as usize) < *next as usize + bytes {
        return Err(changed());
    }
    // A window on the target's elements from `next` on.
    let flat = target.reshaped_contiguous(&[target.size()]);
    let first = (*next as usize - target.data() as usize) / dtype.itemsize();
    let window = flat.sliced(0, first.min(target.size().saturating_sub(1)), 1, tensor.size());
    elementwise::assign("asarray", &window.reshaped_contiguous(tensor.shape()), Operand::Tensor(&tensor)).py()?;
    *next = next.wrapping_add(bytes);
    Ok(())
}

/// A Python number in a dtype that was asked for: kinds may go down as far as `dtype=` allows it in
/// NumPy (float to int truncates), but an integer that does not fit is an OverflowError.
pub fn number_as(op: &'static str, number: Number, dtype: DType) -> PyResult<elementwise::Scalar> {
    match number {
        Number::Complex(..) if !dtype.is_complex() => {
            return Err(PyTypeError::new_err(format!("{op}: a complex number cannot become {dtype}")));
        }
        Number::Float(value) if dtype.is_integer() && !value.is_finite() => {
            return Err(if value.is_nan() {
                PyValueError::new_err(format!("{op}: NaN cannot become {dtype}"))
            } else {
                overflow(op, number, dtype)
            });
        }
        Number::Huge(_) if dtype.is_floating() => return Err(overflow(op, number, dtype)),
        _ => {}
    }
    number.to_scalar(dtype).ok_or_else(|| overflow(op, number, dtype))
}
