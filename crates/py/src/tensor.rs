//! The Tensor class: attributes, scalars, iteration. Operators are generated (see `operator.rs`).

use corepy_core::{Op, Tensor};
use corepy_kernels::fusion::Value;
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::argument::{Argument, OperatorArgument};
use crate::error::IntoPython;
use crate::{advanced_indexing, convert, dtype, fusion, indexing, operator, slots};

/// Elements from which the GIL is released around an operation. Releasing it and taking it back
/// costs 0.09 µs when nobody else wants it; the cheapest operation on 32768 elements takes 4 µs, so
/// that is 2 % at most, and no other thread waits longer than that for it.
pub const DETACH_ELEMENTS: usize = 32_768;

/// A tensor on the CPU: a view of typed memory with a shape and strides.
///
/// Made by `corepy.asarray`, `corepy.zeros` and the other creation functions.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> x = cp.asarray([[1, 2], [3, 4]])
/// >>> x[0, :] + 10
/// Tensor([11, 12], dtype=int64)
/// >>> x.shape, x.dtype
/// ((2, 2), corepy.int64)
///
/// Notes
/// -----
/// Slices and transposes are views, which share memory.
/// Array API standard 2025.12, array object: ``array``.
#[pyclass(frozen, module = "corepy", name = "Tensor", weakref)]
pub struct PyTensor {
    pub value: Value,
}

impl PyTensor {
    /// A tensor in memory.
    #[inline]
    pub fn new(tensor: Tensor) -> PyTensor {
        PyTensor { value: Value::Tensor(tensor) }
    }

    /// The Python object for a tensor.
    #[inline]
    pub fn wrap(py: Python<'_>, tensor: Tensor) -> PyResult<Py<PyTensor>> {
        slots::wrap(py, tensor)
    }

    /// The tensor in memory; evaluates what is pending.
    #[inline]
    pub fn tensor(&self) -> PyResult<&Tensor> {
        match self.value.tensor() {
            Some(tensor) => Ok(tensor),
            None => fusion::evaluated(&self.value),
        }
    }

    /// The tensor, about to be written through some view of its storage: what is pending and reads that
    /// is evaluated.
    pub fn about_to_write(&self) -> PyResult<&Tensor> {
        let tensor = self.tensor()?;
        fusion::settle(tensor)?;
        Ok(tensor)
    }
}

/// Runs `work`, which touches `elements` elements, without the GIL when that is worth it.
#[inline]
pub fn detached<R: Send>(py: Python<'_>, elements: usize, work: impl FnOnce() -> R + Send) -> R {
    if elements >= DETACH_ELEMENTS { py.detach(work) } else { work() }
}

include!(concat!(env!("OUT_DIR"), "/operators.rs"));

#[pymethods]
impl PyTensor {
    /// Data type of the elements.
    #[getter]
    fn dtype(&self, py: Python<'_>) -> Py<dtype::PyDType> {
        dtype::object(py, self.value.dtype())
    }
    /// The device: always "cpu".
    #[getter]
    fn device(&self) -> &'static str {
        "cpu"
    }
    /// Sizes, one per dimension.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.value.shape())
    }
    /// Steps in bytes, one per dimension.
    #[getter]
    fn strides<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.value.strides())
    }
    /// Number of elements.
    #[getter]
    fn size(&self) -> usize {
        self.value.size()
    }
    /// Number of dimensions.
    #[getter]
    fn ndim(&self) -> usize {
        self.value.ndim()
    }
    /// Bytes per element.
    #[getter]
    fn itemsize(&self) -> usize {
        self.value.dtype().itemsize()
    }
    /// Bytes of all elements.
    #[getter]
    fn nbytes(&self) -> usize {
        self.value.size() * self.value.dtype().itemsize()
    }
    /// The transpose of a matrix: a view. ValueError unless there are two dimensions.
    #[getter(T)]
    fn transpose(&self, py: Python<'_>) -> PyResult<Py<PyTensor>> {
        if self.value.ndim() != 2 {
            return Err(PyValueError::new_err(format!(
                "T: 2 dimensions are required; this tensor has {} (use mT for stacks of matrices, permute_dims \
                 otherwise)",
                self.value.ndim()
            )));
        }
        PyTensor::wrap(py, self.tensor()?.permuted(&[1, 0]))
    }
    /// The transpose of each matrix in a stack: a view.
    #[getter(mT)]
    fn matrix_transpose(&self, py: Python<'_>) -> PyResult<Py<PyTensor>> {
        PyTensor::wrap(py, self.tensor()?.matrix_transpose("mT").py()?)
    }
    /// The real components: of a complex tensor a view, otherwise the tensor itself.
    #[getter]
    fn real(slf: &Bound<'_, Self>) -> PyResult<Py<PyTensor>> {
        if slf.get().value.dtype().is_complex() {
            PyTensor::wrap(slf.py(), slf.get().tensor()?.component(0))
        } else {
            Ok(slf.clone().unbind())
        }
    }
    /// The imaginary components: of a complex tensor a view, otherwise zeros.
    #[getter]
    fn imag(slf: &Bound<'_, Self>) -> PyResult<Py<PyTensor>> {
        if slf.get().value.dtype().is_complex() {
            return PyTensor::wrap(slf.py(), slf.get().tensor()?.component(1));
        }
        operator::unary(const { Op::named("imag") }, slf)
    }

    /// The tensor on `device`: itself, since there is only "cpu".
    ///
    /// Parameters
    /// ----------
    /// device : "cpu"
    ///     The only device.
    /// stream : None
    ///     The CPU has no streams.
    ///
    /// Returns
    /// -------
    /// Tensor
    ///     The same object.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     For another device, and if `stream` is not None.
    ///
    /// Examples
    /// --------
    /// >>> import corepy as cp
    /// >>> cp.asarray([1, 2]).to_device("cpu")
    /// Tensor([1, 2], dtype=int64)
    ///
    /// Notes
    /// -----
    /// Array API standard 2025.12, array object: ``to_device``.
    #[pyo3(signature = (device, /, *, stream=None))]
    fn to_device(
        slf: Py<Self>,
        device: &Bound<'_, PyAny>,
        stream: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyTensor>> {
        dtype::check_device("to_device", Some(device))?;
        if stream.is_some() {
            return Err(PyValueError::new_err("to_device: the CPU has no streams; stream must be None"));
        }
        Ok(slf)
    }

    /// The namespace of the Array API standard: the module `corepy`.
    ///
    /// Parameters
    /// ----------
    /// api_version : str, optional
    ///     A revision of the standard, from "2021.12" to "2025.12"; the namespace is the same.
    ///
    /// Returns
    /// -------
    /// module
    ///     `corepy`.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     For a revision that corepy does not know.
    ///
    /// Examples
    /// --------
    /// >>> import corepy as cp
    /// >>> cp.zeros(2).__array_namespace__() is cp
    /// True
    ///
    /// Notes
    /// -----
    /// Array API standard 2025.12, array object: ``__array_namespace__``.
    #[pyo3(signature = (*, api_version=None))]
    fn __array_namespace__<'py>(
        &self,
        py: Python<'py>,
        api_version: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let module = py.import("corepy")?;
        if let Some(version) = api_version {
            let known = version.cast::<PyString>().is_ok_and(|text| {
                matches!(text.to_string().as_str(), "2021.12" | "2022.12" | "2023.12" | "2024.12" | "2025.12")
            });
            if !known {
                return Err(PyValueError::new_err(format!(
                    "__array_namespace__: unknown api_version {}; corepy implements 2025.12",
                    version.repr()?
                )));
            }
        }
        Ok(module.into_any())
    }

    fn __len__(&self) -> PyResult<usize> {
        self.value.shape().first().copied().ok_or_else(|| PyTypeError::new_err("len() of a 0-d tensor"))
    }
    fn __iter__(slf: Bound<'_, Self>) -> PyResult<TensorIterator> {
        if slf.get().tensor()?.ndim() == 0 {
            return Err(PyTypeError::new_err("iteration over a 0-d tensor"));
        }
        Ok(TensorIterator { tensor: slf.get().tensor()?.clone(), next: 0 })
    }
    fn __bool__(&self) -> PyResult<bool> {
        Ok(convert::element(self.tensor()?, "bool")?.truth())
    }
    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::element(self.tensor()?, "int")?.to_int(py)
    }
    fn __float__(&self) -> PyResult<f64> {
        convert::element(self.tensor()?, "float")?.to_float()
    }
    fn __complex__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::element(self.tensor()?, "complex")?.to_complex(py)
    }
    fn __index__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.value.ndim() != 0 || !self.value.dtype().is_integer() {
            return Err(PyTypeError::new_err(format!(
                "only 0-d integer tensors can be an index; this one has shape {} and dtype {}",
                corepy_core::error::shape_text(self.value.shape()),
                self.value.dtype()
            )));
        }
        convert::element(self.tensor()?, "index")?.to_object(py)
    }
    /// The element as a Python scalar: the only one, or the one at the given index or indices.
    ///
    /// Parameters
    /// ----------
    /// indices : int or tuple of int
    ///     None for the only element; one for each dimension, also as a tuple; or a single one that
    ///     counts the elements in C order. Negative ones are counted from the last.
    ///
    /// Returns
    /// -------
    /// bool, int, float or complex
    ///     By the dtype.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     Without indices, if there is not exactly one element.
    /// IndexError
    ///     If an index is out of bounds, or there are too few or too many.
    ///
    /// Examples
    /// --------
    /// >>> import corepy as cp
    /// >>> cp.asarray([[1, 2], [3, 4]]).item(1, 0)
    /// 3
    #[pyo3(signature = (*indices))]
    fn item<'py>(&self, py: Python<'py>, indices: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        if indices.is_empty() {
            return convert::element(self.tensor()?, "item")?.to_object(py);
        }
        let indices = if indices.len() == 1 && indices.get_item(0)?.cast::<PyTuple>().is_ok() {
            indices.get_item(0)?.cast_into::<PyTuple>()?
        } else {
            indices.clone()
        };
        if indices.len() == 1 && self.value.ndim() != 1 {
            // A flat index in C order, as in NumPy.
            let flat = indices.get_item(0)?.extract::<i64>()?;
            let size = self.value.size() as i64;
            let mut rest = if flat < 0 { flat + size } else { flat };
            if !(0..size).contains(&rest) {
                return Err(PyIndexError::new_err(format!(
                    "item: index {flat} is out of bounds for a tensor of size {size}"
                )));
            }
            let mut view = self.tensor()?.clone();
            for axis in (0..self.value.ndim()).rev() {
                let size = self.value.shape()[axis] as i64;
                view = view.selected("item", axis, rest % size).py()?;
                rest /= size;
            }
            return convert::element(&view, "item")?.to_object(py);
        }
        if indices.len() != self.value.ndim() {
            return Err(PyIndexError::new_err(format!(
                "item: {} indices for a tensor of {} dimensions",
                indices.len(),
                self.value.ndim()
            )));
        }
        let mut view = self.tensor()?.clone();
        for index in indices.iter() {
            view = view.selected("item", 0, index.extract::<i64>()?).py()?;
        }
        convert::element(&view, "item")?.to_object(py)
    }
    /// The elements as nested lists of Python scalars; a scalar for a 0-d tensor.
    ///
    /// Returns
    /// -------
    /// list, bool, int, float or complex
    ///     Nested as deep as there are dimensions.
    ///
    /// Examples
    /// --------
    /// >>> import corepy as cp
    /// >>> cp.asarray([[1, 2], [3, 4]]).tolist()
    /// [[1, 2], [3, 4]]
    fn tolist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::to_list(py, self.tensor()?)
    }

    fn __getitem__(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
        let tensor = slf.get().tensor()?;
        match indexing::view(tensor, key, "__getitem__")? {
            Some(view) => PyTensor::wrap(slf.py(), view),
            None => advanced_indexing::get(slf.py(), tensor, key),
        }
    }
    fn __setitem__(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let tensor = slf.get().tensor()?;
        match indexing::view(tensor, key, "__setitem__")? {
            Some(view) => indexing::assign(slf.py(), &view, value),
            None => advanced_indexing::set(slf.py(), tensor, key, value),
        }
    }
    fn __delitem__(&self, _key: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyTypeError::new_err("elements of a tensor cannot be deleted"))
    }
    fn __contains__(slf: &Bound<'_, Self>, value: Argument<'_, '_>) -> PyResult<bool> {
        let equal = crate::function::apply(
            slf.py(),
            const { Op::named("equal") },
            &[Argument::Tensor(slf.as_borrowed()), value],
        )?;
        crate::reduce::any(slf.py(), equal.get().tensor()?)
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("corepy._format")?.call_method1("tensor_repr", (slf,))
    }
    fn __str__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("corepy._format")?.call_method1("tensor_str", (slf,))
    }
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("corepy._format")?.call_method1("tensor_html", (slf,))
    }
    fn __format__<'py>(slf: &Bound<'py, Self>, spec: &str) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if spec.is_empty() {
            return slf.as_any().str().map(Bound::into_any);
        }
        let tensor = slf.get().tensor()?;
        if tensor.ndim() > 0 {
            return Err(PyTypeError::new_err(format!(
                "unsupported format {spec:?} for a tensor of shape {}",
                corepy_core::error::shape_text(tensor.shape())
            )));
        }
        convert::element(tensor, "format")?.to_object(py)?.call_method1("__format__", (spec,))
    }
    fn __copy__(&self, py: Python<'_>) -> PyResult<Py<PyTensor>> {
        let tensor = self.tensor()?;
        let copy = detached(py, tensor.size(), || corepy_kernels::elementwise::cast("copy", tensor, tensor.dtype()));
        PyTensor::wrap(py, copy.py()?)
    }
    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
        self.__copy__(py)
    }
    /// `numpy.ndarray + Tensor` is left to Tensor; below Dask's 11.
    #[classattr]
    #[pyo3(name = "__array_priority__")]
    fn array_priority() -> f64 {
        10.0
    }
    /// Tensors can be changed, hence have no hash.
    #[classattr]
    #[pyo3(name = "__hash__")]
    fn hash(py: Python<'_>) -> Py<PyAny> {
        py.None()
    }
}

/// Iterates over axis 0.
#[pyclass(module = "corepy")]
pub struct TensorIterator {
    tensor: Tensor,
    next: usize,
}

#[pymethods]
impl TensorIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }
    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyTensor>>> {
        if self.next >= self.tensor.shape()[0] {
            return Ok(None);
        }
        let view = self.tensor.selected("iteration", 0, self.next as i64).py()?;
        self.next += 1;
        PyTensor::wrap(py, view).map(Some)
    }
    fn __length_hint__(&self) -> usize {
        self.tensor.shape()[0] - self.next
    }
}
