//! Cross and outer products.

use corepy_core::error::shape_text;
use corepy_core::shape::{Shape, broadcast_shapes, normalize_axis};
use corepy_core::{DType, Error, Op, Result, Tensor};

use crate::elementwise::{self, Operand};

/// The cross products of vectors along `axis`, which counts from the last; other axes broadcast.
pub fn cross(x1: &Tensor, x2: &Tensor, axis: i64) -> Result<Tensor> {
    let op = "cross";
    if x1.dtype() == DType::Bool && x2.dtype() == DType::Bool {
        return Err(Error::UnsupportedDType { op, dtypes: vec![x1.dtype(), x2.dtype()], expected: "numeric" });
    }
    let places = [normalize_axis(op, axis, x1.ndim())?, normalize_axis(op, axis, x2.ndim())?];
    for (tensor, place) in [x1, x2].into_iter().zip(places) {
        if tensor.shape()[place] != 3 {
            let (first, second) = (shape_text(x1.shape()), shape_text(x2.shape()));
            let message =
                format!("the vectors along axis {axis} must have 3 elements; the shapes are {first} and {second}");
            return Err(Error::Value { op, message });
        }
    }
    if axis >= 0 && x1.ndim() != x2.ndim() {
        let message = format!("axis {axis} must be negative for tensors of {} and {} dimensions", x1.ndim(), x2.ndim());
        return Err(Error::Value { op, message });
    }
    let shape = broadcast_shapes(op, &[x1.shape(), x2.shape()])?;
    let place = normalize_axis(op, axis, shape.len())?;
    let dtype = x1.dtype().promote(x2.dtype());
    let out = Tensor::empty(op, &shape, dtype)?;
    let part = |tensor: &Tensor, place: usize, index: usize| tensor.selected(op, place, index as i64);
    let apply = |name: Op, first: &Tensor, second: &Tensor| {
        elementwise::apply(name, &[Operand::Tensor(first), Operand::Tensor(second)])
    };
    for index in 0..3 {
        let (next, last) = ((index + 1) % 3, (index + 2) % 3);
        let forward = apply(const { Op::named("multiply") }, &part(x1, places[0], next)?, &part(x2, places[1], last)?)?;
        let backward =
            apply(const { Op::named("multiply") }, &part(x1, places[0], last)?, &part(x2, places[1], next)?)?;
        let difference = apply(const { Op::named("subtract") }, &forward, &backward)?;
        elementwise::assign(op, &out.selected(op, place, index as i64)?, Operand::Tensor(&difference))?;
    }
    Ok(out)
}

/// Each element of `x1` times each of `x2`.
pub fn outer(x1: &Tensor, x2: &Tensor) -> Result<Tensor> {
    let op = "outer";
    if x1.ndim() != 1 || x2.ndim() != 1 {
        let (first, second) = (shape_text(x1.shape()), shape_text(x2.shape()));
        return Err(Error::Value {
            op,
            message: format!("1 dimension is required; the shapes are {first} and {second}"),
        });
    }
    let shape: Shape = [x1.size(), x2.size()].into_iter().collect();
    corepy_core::shape::checked_size(op, &shape, x1.dtype().promote(x2.dtype()))?;
    let (column, row) = (x1.expanded(1), x2.expanded(0));
    elementwise::apply(const { Op::named("multiply") }, &[Operand::Tensor(&column), Operand::Tensor(&row)])
}
