//! Discrete Fourier transforms. The one-dimensional transforms of lines that fit the caches are the libraries'
//! `rustfft` and `realfft`; here are the lines of tensors, padding, norms, threads, and long lines cut into
//! short ones.

mod frequencies;
mod lines;
mod long;
mod long_real;
mod plan;
mod shift;

use corepy_core::shape::normalize_axis;
use corepy_core::{DType, Error, Op, Result, Tensor};
use smallvec::SmallVec;

use crate::elementwise::{self, Operand};
use plan::Kind;

pub use frequencies::frequencies;
pub use shift::shift;

/// Which direction is divided by the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// The inverse one.
    Backward,
    /// Both, by the square root.
    Ortho,
    /// The forward one.
    Forward,
}

impl Norm {
    /// The norm that `name` names.
    pub fn from_name(name: &str) -> Option<Norm> {
        match name {
            "backward" => Some(Norm::Backward),
            "ortho" => Some(Norm::Ortho),
            "forward" => Some(Norm::Forward),
            _ => None,
        }
    }

    /// What a transform of `n` points is multiplied by.
    fn factor(self, n: f64, inverse: bool) -> f64 {
        match self {
            Norm::Ortho => 1.0 / n.sqrt(),
            Norm::Backward if inverse => 1.0 / n,
            Norm::Forward if !inverse => 1.0 / n,
            _ => 1.0,
        }
    }

    /// The norm of the transform in the other direction that does the same.
    fn reversed(self) -> Norm {
        match self {
            Norm::Backward => Norm::Forward,
            Norm::Ortho => Norm::Ortho,
            Norm::Forward => Norm::Backward,
        }
    }
}

/// The number of points: as given, else `default` for the axis's size.
fn points(op: &'static str, given: Option<i64>, size: usize, to_real: bool) -> Result<usize> {
    let n = match given {
        Some(n) => n,
        None if to_real => 2 * (size as i64 - 1),
        None => size as i64,
    };
    if n < 1 {
        let message = if given.is_some() {
            format!("the number of points must be at least 1, got {n}")
        } else {
            format!("an axis of size {size} gives {n} points; at least 1 is needed")
        };
        return Err(Error::Value { op, message });
    }
    Ok(n as usize)
}

/// The transform along one axis, of a tensor of the kind's dtype.
fn along(
    op: &'static str,
    x: &Tensor,
    axis: usize,
    n: usize,
    kind: Kind,
    factor: f64,
    in_place: bool,
) -> Result<Tensor> {
    match x.dtype().real() {
        DType::Float32 => lines::transform::<f32>(op, x, axis, n, kind, factor, in_place),
        _ => lines::transform::<f64>(op, x, axis, n, kind, factor, in_place),
    }
}

/// `x` as complex numbers, and whether it is a copy.
fn as_complex(op: &'static str, x: &Tensor) -> Result<(Tensor, bool)> {
    if x.dtype().is_complex() {
        return Ok((x.clone(), false));
    }
    Ok((elementwise::cast(op, x, x.dtype().complex())?, true))
}

/// `x` as real floating-point numbers.
fn as_real(op: &'static str, x: &Tensor) -> Result<Tensor> {
    match x.dtype() {
        DType::Float32 | DType::Float64 => Ok(x.clone()),
        dtype if dtype.is_complex() => {
            Err(Error::UnsupportedDType { op, dtypes: vec![dtype], expected: "real-valued" })
        }
        _ => elementwise::cast(op, x, DType::Float64),
    }
}

fn conjugate(x: &Tensor) -> Result<Tensor> {
    elementwise::apply(const { Op::named("conj") }, &[Operand::Tensor(x)])
}

/// `fft`, `ifft`.
pub fn complex(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm, inverse: bool) -> Result<Tensor> {
    let axis = normalize_axis(op, axis, x.ndim())?;
    let n = points(op, n, x.shape()[axis], false)?;
    let factor = norm.factor(n as f64, inverse);
    if !x.dtype().is_complex() {
        let kind = if inverse { Kind::WholeInverse } else { Kind::Whole };
        return along(op, &as_real(op, x)?, axis, n, kind, factor, false);
    }
    let kind = if inverse { Kind::Inverse } else { Kind::Forward };
    along(op, x, axis, n, kind, factor, false)
}

/// `rfft`.
pub fn from_real(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm) -> Result<Tensor> {
    let axis = normalize_axis(op, axis, x.ndim())?;
    let x = as_real(op, x)?;
    let n = points(op, n, x.shape()[axis], false)?;
    along(op, &x, axis, n, Kind::FromReal, norm.factor(n as f64, false), false)
}

/// `irfft`.
pub fn to_real(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm) -> Result<Tensor> {
    let axis = normalize_axis(op, axis, x.ndim())?;
    let n = points(op, n, x.shape()[axis], true)?;
    let (x, _) = as_complex(op, x)?;
    along(op, &x, axis, n, Kind::ToReal, norm.factor(n as f64, true), false)
}

/// `hfft`: the spectrum, which is real, of a line given by its first half, the other being its conjugate.
pub fn hermitian(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm) -> Result<Tensor> {
    let (x, _) = as_complex(op, x)?;
    to_real(op, &conjugate(&x)?, n, axis, norm.reversed())
}

/// `ihfft`: the inverse.
pub fn inverse_hermitian(op: &'static str, x: &Tensor, n: Option<i64>, axis: i64, norm: Norm) -> Result<Tensor> {
    conjugate(&from_real(op, x, n, axis, norm.reversed())?)
}

/// The axes of a transform, and the number of points along each.
struct Axes {
    axes: SmallVec<[usize; 4]>,
    points: SmallVec<[usize; 4]>,
}

impl Axes {
    /// As NumPy reads them: without `axes`, the last as many as there are sizes, or all; a size of -1 is the axis's.
    fn new(op: &'static str, x: &Tensor, s: Option<&[i64]>, axes: Option<&[i64]>, to_real: bool) -> Result<Axes> {
        let ndim = x.ndim();
        let axes: SmallVec<[usize; 4]> = match (axes, s) {
            (Some(axes), _) => axes.iter().map(|&axis| normalize_axis(op, axis, ndim)).collect::<Result<_>>()?,
            (None, Some(s)) if s.len() > ndim => {
                let message = format!("{} sizes for a tensor of {ndim} dimensions", s.len());
                return Err(Error::Value { op, message });
            }
            (None, Some(s)) => (ndim - s.len()..ndim).collect(),
            (None, None) => (0..ndim).collect(),
        };
        for (index, &axis) in axes.iter().enumerate() {
            if axes[..index].contains(&axis) {
                return Err(Error::RepeatedAxis { op, axis });
            }
        }
        if let Some(s) = s
            && s.len() != axes.len()
        {
            let message = format!("{} sizes for {} axes", s.len(), axes.len());
            return Err(Error::Value { op, message });
        }
        let last = axes.len().wrapping_sub(1);
        let points = axes.iter().enumerate().map(|(index, &axis)| {
            let size = x.shape()[axis];
            let given = s.map(|s| s[index]);
            let given = if given == Some(-1) { Some(size as i64) } else { given };
            points(op, given, size, to_real && index == last)
        });
        let points = points.collect::<Result<_>>()?;
        Ok(Axes { axes, points })
    }

    /// What the whole transform is multiplied by.
    fn factor(&self, norm: Norm, inverse: bool) -> f64 {
        norm.factor(self.points.iter().map(|&n| n as f64).product(), inverse)
    }

    /// The last one, which the real transforms halve.
    fn require_last(&self, op: &'static str) -> Result<usize> {
        self.axes
            .len()
            .checked_sub(1)
            .ok_or_else(|| Error::Value { op, message: String::from("at least one axis is needed") })
    }
}

/// `fftn`, `ifftn`.
pub fn complex_nd(
    op: &'static str,
    x: &Tensor,
    s: Option<&[i64]>,
    axes: Option<&[i64]>,
    norm: Norm,
    inverse: bool,
) -> Result<Tensor> {
    let all = Axes::new(op, x, s, axes, false)?;
    let kind = if inverse { Kind::Inverse } else { Kind::Forward };
    if all.axes.is_empty() {
        return elementwise::cast(op, x, x.dtype().complex());
    }
    // A real line's spectrum costs half; from then on the numbers are complex, and this function's own.
    let first = if x.dtype().is_complex() {
        kind
    } else if inverse {
        Kind::WholeInverse
    } else {
        Kind::Whole
    };
    let mut result = if first == kind { x.clone() } else { as_real(op, x)? };
    let last = all.axes.len() - 1;
    for index in (0..=last).rev() {
        let factor = if index == 0 { all.factor(norm, inverse) } else { 1.0 };
        let (kind, own) = if index == last { (first, false) } else { (kind, true) };
        result = along(op, &result, all.axes[index], all.points[index], kind, factor, own)?;
    }
    Ok(result)
}

/// `rfftn`: the last axis first.
pub fn from_real_nd(
    op: &'static str,
    x: &Tensor,
    s: Option<&[i64]>,
    axes: Option<&[i64]>,
    norm: Norm,
) -> Result<Tensor> {
    let x = as_real(op, x)?;
    let all = Axes::new(op, &x, s, axes, false)?;
    let last = all.require_last(op)?;
    let factor = |index: usize| if index == 0 { all.factor(norm, false) } else { 1.0 };
    let mut result = along(op, &x, all.axes[last], all.points[last], Kind::FromReal, factor(last), false)?;
    for index in (0..last).rev() {
        result = along(op, &result, all.axes[index], all.points[index], Kind::Forward, factor(index), true)?;
    }
    Ok(result)
}

/// `irfftn`: the last axis last.
pub fn to_real_nd(op: &'static str, x: &Tensor, s: Option<&[i64]>, axes: Option<&[i64]>, norm: Norm) -> Result<Tensor> {
    let all = Axes::new(op, x, s, axes, true)?;
    let last = all.require_last(op)?;
    let (mut result, mut own) = as_complex(op, x)?;
    for index in 0..last {
        result = along(op, &result, all.axes[index], all.points[index], Kind::Inverse, 1.0, own)?;
        own = true;
    }
    along(op, &result, all.axes[last], all.points[last], Kind::ToReal, all.factor(norm, true), false)
}
