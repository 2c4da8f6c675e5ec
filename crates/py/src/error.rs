//! corepy's errors as Python exceptions.

use corepy_core::Error;
use pyo3::exceptions::{
    PyBufferError, PyIndexError, PyKeyboardInterrupt, PyMemoryError, PyOverflowError, PyRuntimeError, PyTypeError,
    PyValueError,
};
use pyo3::prelude::*;

use std::cell::RefCell;

pyo3::create_exception!(
    corepy.linalg,
    LinAlgError,
    PyValueError,
    "A matrix for which a function has no result, or an iteration that does not converge."
);

thread_local! {
    /// The exception that a signal handler raised while an operation ran on this thread.
    static PENDING: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// The Python exception for an error.
pub fn to_python(error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Broadcast { .. } | Error::Value { .. } | Error::RepeatedAxis { .. } | Error::ReadOnly { .. } => {
            PyValueError::new_err(text)
        }
        Error::TooLarge { .. } => PyValueError::new_err(text),
        Error::UnsupportedDType { .. } | Error::Cast { .. } | Error::Type { .. } => PyTypeError::new_err(text),
        Error::AxisOutOfRange { .. } | Error::IndexOutOfRange { .. } | Error::Index { .. } => {
            PyIndexError::new_err(text)
        }
        Error::LinearAlgebra { .. } => LinAlgError::new_err(text),
        Error::Overflow { .. } => PyOverflowError::new_err(text),
        Error::Buffer { .. } => PyBufferError::new_err(text),
        Error::OutOfMemory { .. } => PyMemoryError::new_err(text),
        Error::Panic { .. } | Error::Reentrant { .. } => PyRuntimeError::new_err(text),
        Error::Interrupted { .. } => {
            PENDING.with(|pending| pending.borrow_mut().take()).unwrap_or_else(|| PyKeyboardInterrupt::new_err(text))
        }
    }
}

/// Lets `?` turn corepy's results into Python's.
pub trait IntoPython<T> {
    /// The value, or the exception.
    fn py(self) -> PyResult<T>;
}

impl<T> IntoPython<T> for corepy_core::Result<T> {
    #[inline]
    fn py(self) -> PyResult<T> {
        self.map_err(|error| to_python(&error))
    }
}

/// The scheduler's hook: runs Python's signal handlers and says whether one raised.
pub fn signal_raised() -> bool {
    Python::attach(|py| match py.check_signals() {
        Ok(()) => false,
        Err(error) => {
            PENDING.with(|pending| *pending.borrow_mut() = Some(error));
            true
        }
    })
}
