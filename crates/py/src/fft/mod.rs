//! The Fourier transform extension.

mod axes;
mod frequency;
mod line;

use corepy_kernels::fft::Norm;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use axes::{fftn, ifftn, irfftn, rfftn};
use frequency::{fftfreq, fftshift, ifftshift, rfftfreq};
use line::{fft, hfft, ifft, ihfft, irfft, rfft};

/// Adds the functions of this folder.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    macro_rules! add {
        ($($name:ident)*) => { $(module.add(concat!("fft_", stringify!($name)), wrap_pyfunction!($name, module)?)?;)* };
    }
    add!(fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift);
    Ok(())
}

/// Elements, times the logarithm of a usual length, per element that the GIL is released for: a transform of
/// 4,096 points takes some 10 µs.
const WORK: usize = 8;

fn norm_named(op: &str, name: &str) -> PyResult<Norm> {
    Norm::from_name(name).ok_or_else(|| {
        PyValueError::new_err(format!("{op}: norm must be \"backward\", \"ortho\" or \"forward\", got {name:?}"))
    })
}
