//! `where`: the choice between two operands by a third.

use corepy_core::plan::{memory_order, plan};
use corepy_core::shape::{Strides, broadcast_shapes};
use corepy_core::{DType, Result, Tensor};
use smallvec::SmallVec;

use crate::elementwise::Operand;
use crate::exec::{self, Program, Slot, Step};
use crate::ffi;

/// Elements of `chosen` where `condition` holds (is not zero), of `other` elsewhere, in their
/// promoted dtype.
pub fn select(condition: Operand<'_>, chosen: Operand<'_>, other: Operand<'_>) -> Result<Tensor> {
    const OP: &str = "where";
    let dtype = chosen.dtype().promote(other.dtype());
    let operands = [condition, chosen, other];
    let shape = broadcast_shapes(OP, &[condition.shape(), chosen.shape(), other.shape()])?;
    let strides: SmallVec<[Strides; 4]> = operands.iter().map(|operand| operand.strides(&shape)).collect();
    let views = [&strides[0][..], &strides[1][..], &strides[2][..]];
    let order = memory_order(&shape, &views);
    let out = Tensor::empty_ordered(OP, &shape, dtype, &order)?;
    let plan = plan(&shape, &order, &[views[0], views[1], views[2], out.strides()]);

    let mut program = Program::new(0.3 * dtype.itemsize() as f32 / 8.0);
    let mut args = [0; 3];
    for (i, (operand, wanted)) in operands.iter().zip([DType::Bool, dtype, dtype]).enumerate() {
        args[i] = if operand.dtype() == wanted {
            i as Slot
        } else {
            let slot = (3 + program.temporaries.len()) as Slot;
            program.temporaries.push(wanted.itemsize());
            let kernel = ffi::cast(operand.dtype(), wanted);
            program.steps.push(Step::new(kernel, &[i as Slot], slot));
            program.cost += 0.3;
            slot
        };
    }
    let last = (3 + program.temporaries.len()) as Slot;
    program.steps.push(Step::new(ffi::select(dtype.itemsize()), &args, last));
    let mut memory: SmallVec<[exec::Operand; 4]> = operands
        .iter()
        .map(|operand| exec::Operand { data: operand.data(), itemsize: operand.dtype().itemsize() })
        .collect();
    memory.push(exec::Operand { data: out.data(), itemsize: dtype.itemsize() });
    // SAFETY: shape and strides are the tensors' own; `out` is fresh, hence overlaps no operand.
    unsafe { exec::run(OP, &program, &plan, &memory, 3, true)? };
    Ok(out)
}
