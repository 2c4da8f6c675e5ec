//! The frequencies that the elements of a spectrum belong to.

use corepy_core::{DType, Error, Op, Result, Tensor};

use crate::create;
use crate::elementwise::{self, Operand, Scalar};
use crate::ffi::Line;

/// The frequencies of `n` samples that lie `d` apart, in the order of `fft`, or of `rfft` where `half`; computed in
/// float64.
pub fn frequencies(op: &'static str, n: i64, d: f64, dtype: Option<DType>, half: bool) -> Result<Tensor> {
    let dtype = dtype.unwrap_or(DType::Float64);
    if !matches!(dtype, DType::Float32 | DType::Float64) {
        return Err(Error::UnsupportedDType { op, dtypes: vec![dtype], expected: "real-valued floating-point" });
    }
    if n < 1 {
        return Err(Error::Value { op, message: format!("the number of points must be at least 1, got {n}") });
    }
    if d == 0.0 {
        return Err(Error::Value { op, message: format!("the spacing of the samples must not be 0, got {d}") });
    }
    let n = n as usize;
    let size = if half { n / 2 + 1 } else { n };
    let out = Tensor::empty(op, &[size], DType::Float64)?;
    // Whole numbers first, so that each element is rounded once.
    let positive = if half { size } else { n.div_ceil(2) };
    let whole = |first: usize, count: usize, start: f64| {
        let part = out.sliced(0, first, 1, count);
        create::write_line(op, &part, &Line { start: [start, 0.0], step: [1.0, 0.0], divisor: 0.0 })
    };
    whole(0, positive, 0.0)?;
    if positive < size {
        whole(positive, size - positive, -((n / 2) as f64))?;
    }
    let unit = Scalar::from_bytes(&(1.0 / (n as f64 * d)).to_ne_bytes(), DType::Float64);
    let operands = [Operand::Tensor(&out), Operand::Scalar(&unit)];
    elementwise::apply_into(const { Op::named("multiply") }, &operands, &out)?;
    if dtype == DType::Float64 { Ok(out) } else { elementwise::cast(op, &out, dtype) }
}
