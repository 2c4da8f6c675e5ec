//! Discrete Fourier transforms along axes, on rustfft and realfft.

mod lines;
mod plan;

use corepy_core::shape::{Shape, normalize_axes, normalize_axis};
use corepy_core::{DType, Error, Op, Result, Tensor};

use crate::elementwise::{self, Operand, Scalar};
use crate::{create, rearrange};
use lines::Lines;
use plan::Kind;

/// Where the factor 1 / n stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// In the inverse transform.
    Backward,
    /// Its root in both.
    Ortho,
    /// In the forward transform.
    Forward,
}

impl Norm {
    /// The norm of this name.
    pub fn named(op: &'static str, name: &str) -> Result<Norm> {
        match name {
            "backward" => Ok(Norm::Backward),
            "ortho" => Ok(Norm::Ortho),
            "forward" => Ok(Norm::Forward),
            _ => Err(Error::Value {
                op,
                message: format!("norm must be \"backward\", \"ortho\" or \"forward\", not {name:?}"),
            }),
        }
    }

    fn scale(self, n: usize, inverse: bool) -> f64 {
        match (self, inverse) {
            (Norm::Ortho, _) => 1.0 / (n as f64).sqrt(),
            (Norm::Backward, true) | (Norm::Forward, false) => 1.0 / n as f64,
            _ => 1.0,
        }
    }

    /// The norm that makes an inverse transform of a forward one.
    fn opposite(self) -> Norm {
        match self {
            Norm::Backward => Norm::Forward,
            Norm::Forward => Norm::Backward,
            Norm::Ortho => Norm::Ortho,
        }
    }
}

/// The length asked for along an axis, or the one there is.
fn length(op: &'static str, n: Option<i64>, size: usize) -> Result<usize> {
    match n {
        Some(n) if n < 1 => Err(Error::Value { op, message: format!("the length must be at least 1, not {n}") }),
        Some(n) => Ok(n as usize),
        None if size < 1 => {
            Err(Error::Value { op, message: String::from("the axis has no elements, and no length is given") })
        }
        None => Ok(size),
    }
}

/// `x` in the floating-point dtype that is transformed: complex or real.
fn prepared(op: &'static str, x: &Tensor, complex: bool) -> Result<Tensor> {
    if !complex && x.dtype().is_complex() {
        return Err(Error::UnsupportedDType { op, dtypes: vec![x.dtype()], expected: "real-valued floating-point" });
    }
    let real = if x.dtype().is_floating() { x.dtype() } else { DType::Float64 };
    let dtype = if complex { real.complex() } else { real };
    if x.dtype() == dtype { Ok(x.clone()) } else { elementwise::cast(op, x, dtype) }
}

/// Transforms `x`, of the kind's dtype, along one axis.
fn along(op: &'static str, kind: Kind, x: &Tensor, axis: usize, n: usize, scale: f64) -> Result<Tensor> {
    let mut shape: Shape = x.shape().into();
    let dtype = match kind {
        Kind::Forward | Kind::Inverse => {
            shape[axis] = n;
            x.dtype()
        }
        Kind::RealForward => {
            shape[axis] = n / 2 + 1;
            x.dtype().complex()
        }
        Kind::RealInverse => {
            shape[axis] = n;
            x.dtype().real()
        }
    };
    let out = Tensor::empty(op, &shape, dtype)?;
    if out.size() > 0 {
        Lines { op, kind, source: x, out: &out, axis, n, scale }.run()?;
    }
    Ok(out)
}

/// `fft` and `ifft`.
pub fn complex(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm, inverse: bool) -> Result<Tensor> {
    let axis = normalize_axis(op, axis, x.ndim())?;
    let n = length(op, n, x.shape()[axis])?;
    let x = prepared(op, x, true)?;
    let kind = if inverse { Kind::Inverse } else { Kind::Forward };
    along(op, kind, &x, axis, n, norm.scale(n, inverse))
}

/// `rfft`.
pub fn real(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm) -> Result<Tensor> {
    let axis = normalize_axis(op, axis, x.ndim())?;
    let n = length(op, n, x.shape()[axis])?;
    along(op, Kind::RealForward, &prepared(op, x, false)?, axis, n, norm.scale(n, false))
}

/// The length of a real transform, given or made of the size of its half-spectrum.
fn real_length(op: &'static str, n: Option<i64>, size: usize) -> Result<usize> {
    let n = n.unwrap_or(2 * (size as i64 - 1));
    if n < 1 {
        return Err(Error::Value { op, message: format!("the length of the result must be at least 1, not {n}") });
    }
    Ok(n as usize)
}

/// `irfft`.
pub fn real_inverse(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm) -> Result<Tensor> {
    let axis = normalize_axis(op, axis, x.ndim())?;
    let n = real_length(op, n, x.shape()[axis])?;
    along(op, Kind::RealInverse, &prepared(op, x, true)?, axis, n, norm.scale(n, true))
}

/// `hfft`: of a signal that is symmetric in time, whose spectrum is real.
pub fn hermitian(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm) -> Result<Tensor> {
    real_inverse(op, &conjugate(&prepared(op, x, true)?)?, n, axis, norm.opposite())
}

/// `ihfft`.
pub fn hermitian_inverse(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm) -> Result<Tensor> {
    conjugate(&real(op, x, n, axis, norm.opposite())?)
}

fn conjugate(x: &Tensor) -> Result<Tensor> {
    elementwise::apply(const { Op::named("conj") }, &[Operand::Tensor(x)])
}

/// The axes of a transform over several, and the lengths given for them.
fn axes_and_lengths(
    op: &'static str,
    x: &Tensor,
    s: Option<&[i64]>,
    axes: Option<&[i64]>,
) -> Result<Vec<(usize, Option<i64>)>> {
    let ndim = x.ndim() as i64;
    let axes: Vec<i64> = match (axes, s) {
        (Some(axes), _) => axes.to_vec(),
        (None, None) => (0..ndim).collect(),
        (None, Some(s)) => (0..s.len() as i64).map(|axis| axis - s.len() as i64).collect(),
    };
    if let Some(s) = s
        && s.len() != axes.len()
    {
        return Err(Error::Value { op, message: format!("{} lengths for {} axes", s.len(), axes.len()) });
    }
    normalize_axes(op, Some(&axes), x.ndim())?;
    axes.iter()
        .enumerate()
        .map(|(place, &axis)| {
            // As in NumPy, -1 leaves an axis as long as it is.
            let n = s.map(|s| s[place]).filter(|&n| n != -1);
            Ok((normalize_axis(op, axis, x.ndim())?, n))
        })
        .collect()
}

/// `fftn` and `ifftn`.
pub fn complex_many(
    op: &'static str,
    x: &Tensor,
    s: Option<&[i64]>,
    axes: Option<&[i64]>,
    norm: Norm,
    inverse: bool,
) -> Result<Tensor> {
    let axes = axes_and_lengths(op, x, s, axes)?;
    let lengths = axes.iter().map(|&(axis, n)| length(op, n, x.shape()[axis])).collect::<Result<Vec<_>>>()?;
    let x = prepared(op, x, true)?;
    over(op, x, axes.iter().map(|&(axis, _)| axis).zip(lengths), norm, inverse)
}

/// Complex transforms over several axes, the last first. What has its final length is transformed in place.
fn over(
    op: &'static str,
    x: Tensor,
    axes: impl DoubleEndedIterator<Item = (usize, usize)>,
    norm: Norm,
    inverse: bool,
) -> Result<Tensor> {
    let kind = if inverse { Kind::Inverse } else { Kind::Forward };
    let mut result = x;
    let mut is_fresh = false;
    for (axis, n) in axes.rev() {
        let scale = norm.scale(n, inverse);
        if is_fresh && result.shape()[axis] == n {
            if result.size() > 0 {
                Lines { op, kind, source: &result, out: &result, axis, n, scale }.run()?;
            }
        } else {
            result = along(op, kind, &result, axis, n, scale)?;
            is_fresh = true;
        }
    }
    // Over no axis at all, a copy.
    if is_fresh { Ok(result) } else { elementwise::cast(op, &result, result.dtype()) }
}

/// `rfftn`.
pub fn real_many(op: &'static str, x: &Tensor, s: Option<&[i64]>, axes: Option<&[i64]>, norm: Norm) -> Result<Tensor> {
    let axes = axes_and_lengths(op, x, s, axes)?;
    let lengths = axes.iter().map(|&(axis, n)| length(op, n, x.shape()[axis])).collect::<Result<Vec<_>>>()?;
    let x = prepared(op, x, false)?;
    let (Some((&(last, _), others)), Some((&n, other_lengths))) = (axes.split_last(), lengths.split_last()) else {
        return Err(Error::Value { op, message: String::from("at least one axis is required") });
    };
    let half = along(op, Kind::RealForward, &x, last, n, norm.scale(n, false))?;
    if others.is_empty() {
        return Ok(half);
    }
    over(op, half, others.iter().map(|&(axis, _)| axis).zip(other_lengths.iter().copied()), norm, false)
}

/// `irfftn`.
pub fn real_inverse_many(
    op: &'static str,
    x: &Tensor,
    s: Option<&[i64]>,
    axes: Option<&[i64]>,
    norm: Norm,
) -> Result<Tensor> {
    let axes = axes_and_lengths(op, x, s, axes)?;
    let Some((&(last, n), others)) = axes.split_last() else {
        return Err(Error::Value { op, message: String::from("at least one axis is required") });
    };
    let n = real_length(op, n, x.shape()[last])?;
    let lengths = others.iter().map(|&(axis, n)| length(op, n, x.shape()[axis])).collect::<Result<Vec<_>>>()?;
    let mut x = prepared(op, x, true)?;
    if !others.is_empty() {
        x = over(op, x, others.iter().map(|&(axis, _)| axis).zip(lengths), norm, true)?;
    }
    along(op, Kind::RealInverse, &x, last, n, norm.scale(n, true))
}

/// `fftshift` and `ifftshift`: the zero frequency to the middle, and back.
pub fn shift(op: &'static str, x: &Tensor, axes: Option<&[i64]>, inverse: bool) -> Result<Tensor> {
    let is_shifted = normalize_axes(op, axes, x.ndim())?;
    let shifts: Shape = x
        .shape()
        .iter()
        .zip(&is_shifted)
        .map(|(&size, &is_shifted)| match (is_shifted && size > 0, inverse) {
            (false, _) => 0,
            (true, false) => size / 2,
            (true, true) => size.div_ceil(2) % size,
        })
        .collect();
    rearrange::roll(op, x, &shifts)
}

/// `fftfreq` and `rfftfreq`: the frequencies of the bins, in cycles per unit of the spacing `d`.
pub fn frequencies(op: &'static str, n: i64, d: f64, dtype: DType, real: bool) -> Result<Tensor> {
    if n < 1 {
        return Err(Error::Value { op, message: format!("n must be at least 1, not {n}") });
    }
    if dtype.real() != dtype || !dtype.is_floating() {
        return Err(Error::UnsupportedDType { op, dtypes: vec![dtype], expected: "real-valued floating-point" });
    }
    let n = n as usize;
    let step = 1.0 / (n as f64 * d);
    let positive = if real { n / 2 + 1 } else { n.div_ceil(2) };
    let line = |first: f64, count: usize| {
        create::linspace([first, 0.0], [first + count as f64, 0.0], count, false, DType::Float64)
    };
    let mut bins = line(0.0, positive)?;
    if !real {
        bins = rearrange::concat(op, &[&bins, &line(-((n / 2) as f64), n / 2)?], Some(0))?;
    }
    let step = Scalar::from_bytes(&step.to_ne_bytes(), DType::Float64);
    let result =
        elementwise::apply(const { Op::named("multiply") }, &[Operand::Tensor(&bins), Operand::Scalar(&step)])?;
    if dtype == DType::Float64 { Ok(result) } else { elementwise::cast(op, &result, dtype) }
}
