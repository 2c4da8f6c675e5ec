//! Differences of neighbours.

use corepy_core::plan::{memory_order, plan};
use corepy_core::shape::{Shape, normalize_axis};
use corepy_core::{DType, Op, Result, Tensor};

use super::concat;
use crate::elementwise::{self, Operand};
use crate::exec::{self, Program, Step};
use crate::ffi;

/// A number, broadcast to the shape of `beside` with one element along `axis`.
pub fn one_along(op: &'static str, number: &Tensor, beside: &Tensor, axis: i64) -> Result<Tensor> {
    let mut shape = Shape::from_slice(beside.shape());
    shape[normalize_axis(op, axis, beside.ndim())?] = 1;
    number.broadcast_to(op, &shape)
}

/// The `n`-th differences of neighbours along `axis`, of `tensor` between `prepend` and `append`.
pub fn diff(
    op: &'static str,
    tensor: &Tensor,
    axis: i64,
    n: usize,
    prepend: Option<&Tensor>,
    append: Option<&Tensor>,
) -> Result<Tensor> {
    let at = normalize_axis(op, axis, tensor.ndim())?;
    let parts: Vec<&Tensor> = prepend.into_iter().chain([tensor]).chain(append).collect();
    let mut result = if parts.len() == 1 { tensor.clone() } else { concat(op, &parts, Some(axis))? };
    // Of truths, whether they differ, as in NumPy.
    let difference = match result.dtype() {
        DType::Bool => const { Op::named("not_equal") },
        _ => const { Op::named("subtract") },
    };
    let mut left = n;
    while left > 0 && result.shape()[at] > 0 {
        let size = result.shape()[at];
        if left > 1 && size > 2 && result.size() > SMALL {
            result = twice(op, difference, &result, at)?;
            left -= 2;
            continue;
        }
        let (before, behind) = (result.sliced(at, 0, 1, size - 1), result.sliced(at, 1.min(size - 1), 1, size - 1));
        result = elementwise::apply(difference, &[Operand::Tensor(&behind), Operand::Tensor(&before)])?;
        left -= 1;
    }
    Ok(result)
}

/// Elements up to which two passes cost less than one planned for both.
const SMALL: usize = 4_096;

/// The second differences along axis `at`, of at least three elements, in one pass.
fn twice(op: &'static str, difference: Op, tensor: &Tensor, at: usize) -> Result<Tensor> {
    let size = tensor.shape()[at] - 2;
    let parts = [2, 1, 0].map(|first| tensor.sliced(at, first, 1, size));
    let (shape, strides) = (parts[0].shape(), tensor.strides());
    let order = memory_order(shape, &[strides]);
    let out = Tensor::empty_ordered(op, shape, tensor.dtype(), &order)?;
    let plan = plan(shape, &order, &[strides, strides, strides, out.strides()]);
    let kernel = ffi::elementwise(difference, tensor.dtype()).expect("differences are of every dtype");
    let item = tensor.dtype().itemsize();
    let mut program = Program::new(0.6 * item as f32 / 8.0);
    program.temporaries.extend([item, item]);
    for (args, out) in [([0, 1], 3), ([1, 2], 4), ([3, 4], 5)] {
        program.steps.push(Step::new(kernel, &args, out));
    }
    let [behind, middle, before] = &parts;
    let memory = [behind, middle, before, &out].map(|part| exec::Operand { data: part.data(), itemsize: item });
    // SAFETY: shape and strides are the tensors' own; `out` is fresh, hence overlaps nothing.
    unsafe { exec::run(op, &program, &plan, &memory, 3, true)? };
    Ok(out)
}
