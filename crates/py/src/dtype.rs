//! dtype objects: singletons that NumPy understands though corepy does not need NumPy.

use corepy_core::DType;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyComplex, PyFloat, PyInt, PyString, PyType};

/// A data type of the Array API standard: `corepy.bool`, `corepy.int8`, ..., `corepy.complex128`.
///
/// Equal to, and hashed as, the NumPy dtype of the same name.
///
/// Parameters
/// ----------
/// dtype : dtype
///     A dtype of corepy or NumPy, a name, or one of Python's `bool int float complex`.
///
/// Raises
/// ------
/// TypeError
///     For what names no dtype of the standard.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.DType("float32") == cp.float32
/// True
/// >>> cp.float32.itemsize, cp.float32.kind
/// (4, 'f')
#[pyclass(frozen, module = "corepy", name = "DType")]
pub struct PyDType {
    pub dtype: DType,
}

static SINGLETONS: PyOnceLock<Vec<Py<PyDType>>> = PyOnceLock::new();

fn singletons(py: Python<'_>) -> &Vec<Py<PyDType>> {
    SINGLETONS.get_or_init(py, || {
        DType::ALL.iter().map(|&dtype| Py::new(py, PyDType { dtype }).expect("a small object")).collect()
    })
}

/// The dtype object.
pub fn object(py: Python<'_>, dtype: DType) -> Py<PyDType> {
    singletons(py)[dtype as usize].clone_ref(py)
}

/// The dtype that a user's `dtype=` argument names: a corepy or NumPy dtype, a name, a NumPy scalar
/// type, or one of `bool int float complex`.
pub fn extract(op: &'static str, value: &Bound<'_, PyAny>) -> PyResult<DType> {
    try_extract(value)?
        .ok_or_else(|| PyTypeError::new_err(format!("{op}: {} is not a dtype that corepy knows", repr(value))))
}

/// As [`extract`], with None for the default.
pub fn extract_optional(op: &'static str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<DType>> {
    match value {
        Some(value) if !value.is_none() => extract(op, value).map(Some),
        _ => Ok(None),
    }
}

fn repr(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| String::from("an object"), |text| text.to_string())
}

fn try_extract(value: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    let py = value.py();
    if let Ok(dtype) = value.cast::<PyDType>() {
        return Ok(Some(dtype.get().dtype));
    }
    if let Ok(name) = value.cast::<PyString>() {
        let name = name.to_string();
        return Ok(DType::from_name(&name).or(match name.as_str() {
            "int" => Some(DType::Int64),
            "float" | "double" => Some(DType::Float64),
            "complex" => Some(DType::Complex128),
            "single" => Some(DType::Float32),
            _ => from_numpy_code(&name),
        }));
    }
    if let Ok(class) = value.cast::<PyType>() {
        for (python, dtype) in [
            (py.get_type::<PyBool>(), DType::Bool),
            (py.get_type::<PyInt>(), DType::Int64),
            (py.get_type::<PyFloat>(), DType::Float64),
            (py.get_type::<PyComplex>(), DType::Complex128),
        ] {
            if class.is(&python) {
                return Ok(Some(dtype));
            }
        }
        if class.module().is_ok_and(|module| module.to_str().is_ok_and(|name| name == "numpy")) {
            let name = class.name()?.to_string();
            return Ok(DType::from_name(name.trim_end_matches('_')));
        }
        return Ok(None);
    }
    from_numpy_dtype(value)
}

/// `<f8` and the like, native byte order only.
fn from_numpy_code(code: &str) -> Option<DType> {
    let code = code.trim_start_matches(['=', '|', if cfg!(target_endian = "little") { '<' } else { '>' }]);
    DType::ALL.into_iter().find(|dtype| {
        let info = dtype.info();
        code == format!("{}{}", info.numpy_kind, info.itemsize) || code == "?" && *dtype == DType::Bool
    })
}

/// A `numpy.dtype`, or another library's object of its looks.
fn from_numpy_dtype(value: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    let (Ok(kind), Ok(itemsize), Ok(order)) =
        (value.getattr("kind"), value.getattr("itemsize"), value.getattr("byteorder"))
    else {
        return Ok(None);
    };
    let (Ok(kind), Ok(itemsize), Ok(order)) =
        (kind.extract::<char>(), itemsize.extract::<usize>(), order.extract::<char>())
    else {
        return Ok(None);
    };
    if !matches!(order, '=' | '|') {
        return Err(PyTypeError::new_err(format!(
            "{} has a non-native byte order, which corepy does not hold; convert it first",
            repr(value)
        )));
    }
    Ok(DType::ALL.into_iter().find(|dtype| {
        let info = dtype.info();
        info.numpy_kind == kind && info.itemsize == itemsize
    }))
}

#[pymethods]
impl PyDType {
    /// The dtype of this description: `DType("float32")`, `DType(float)`, `DType(numpy.dtype("int8"))`.
    #[new]
    #[pyo3(signature = (dtype, /))]
    fn new(dtype: &Bound<'_, PyAny>) -> PyResult<Py<PyDType>> {
        Ok(object(dtype.py(), extract("DType", dtype)?))
    }
    /// The standard's name.
    #[getter]
    fn name(&self) -> &'static str {
        self.dtype.name()
    }
    /// NumPy's letter for the kind: one of `biufc`.
    #[getter]
    fn kind(&self) -> char {
        self.dtype.info().numpy_kind
    }
    /// NumPy's letter for the dtype.
    #[getter]
    fn char(&self) -> char {
        self.dtype.info().char
    }
    /// Bytes per element.
    #[getter]
    fn itemsize(&self) -> usize {
        self.dtype.itemsize()
    }
    /// Bytes that an element's address is a multiple of.
    #[getter]
    fn alignment(&self) -> usize {
        self.dtype.alignment()
    }
    /// Always native: `=`, or `|` for single bytes.
    #[getter]
    fn byteorder(&self) -> char {
        if self.dtype.itemsize() == 1 { '|' } else { '=' }
    }
    /// NumPy's array-protocol string, `<f8` and the like.
    #[getter]
    fn str(&self) -> String {
        typestr(self.dtype)
    }
    /// Whether it is a boolean or a number: always true.
    #[getter]
    fn isnative(&self) -> bool {
        true
    }
    /// NumPy's scalar type (imports NumPy).
    #[getter]
    fn r#type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.numpy_dtype(py)?.getattr("type")
    }
    /// The NumPy dtype, by which `numpy.dtype(corepy.float64)` works (imports NumPy).
    #[getter(__numpy_dtype__)]
    fn numpy_dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("numpy")?.call_method1("dtype", (self.dtype.name(),))
    }

    fn __repr__(&self) -> String {
        format!("corepy.{}", self.dtype.name())
    }
    fn __str__(&self) -> &'static str {
        self.dtype.name()
    }
    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        matches!(try_extract(other), Ok(Some(dtype)) if dtype == self.dtype)
    }
    fn __ne__(&self, other: &Bound<'_, PyAny>) -> bool {
        !self.__eq__(other)
    }
    /// The hash of the equal `numpy.dtype`, without importing NumPy.
    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        numpy_hash(py, self.dtype)
    }
    fn __reduce__(&self) -> &'static str {
        self.dtype.name()
    }
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

/// NumPy's array-protocol string: `<f8` and the like.
pub fn typestr(dtype: DType) -> String {
    let info = dtype.info();
    let order = match info.itemsize {
        1 => '|',
        _ if cfg!(target_endian = "little") => '<',
        _ => '>',
    };
    format!("{order}{}{}", info.numpy_kind, info.itemsize)
}

/// As NumPy hashes its own dtypes (`_array_descr_builtin` in its `hashdescr.c`): the tuple of kind,
/// byte order, flags (none), size and alignment, the first two as bytes.
fn numpy_hash(py: Python<'_>, dtype: DType) -> PyResult<isize> {
    static HASHES: PyOnceLock<[isize; DType::ALL.len()]> = PyOnceLock::new();
    let hashes = HASHES.get_or_try_init(py, || {
        let mut hashes = [0; DType::ALL.len()];
        for dtype in DType::ALL {
            let info = dtype.info();
            let order = typestr(dtype).as_bytes()[0];
            let kind = PyBytes::new(py, &[info.numpy_kind as u8]);
            let tuple = (kind, PyBytes::new(py, &[order]), 0, info.itemsize, dtype.alignment());
            hashes[dtype as usize] = tuple.into_pyobject(py)?.hash()?;
        }
        Ok::<_, PyErr>(hashes)
    })?;
    Ok(hashes[dtype as usize])
}

/// Refuses a device other than the CPU.
pub fn check_device(op: &'static str, device: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    match device {
        None => Ok(()),
        Some(device) if device.is_none() => Ok(()),
        Some(device) if device.extract::<String>().is_ok_and(|name| name == "cpu") => Ok(()),
        Some(device) => {
            Err(PyValueError::new_err(format!("{op}: unsupported device {}; corepy has \"cpu\"", repr(device))))
        }
    }
}
