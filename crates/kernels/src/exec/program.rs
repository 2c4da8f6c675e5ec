//! A program: the instructions that run on each block.

use smallvec::SmallVec;

use crate::ffi::Kernel;

/// A place that holds a block: inputs first, then temporaries, then outputs.
pub type Slot = u8;

/// A set of slots, by bit.
pub type Mask = u128;

/// The most slots of a program.
pub const MAX_SLOTS: usize = Mask::BITS as usize;

/// One kernel on one block.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What runs.
    pub kernel: Kernel,
    /// Its operands' slots; only the first `arity` count.
    pub args: [Slot; 3],
    /// Number of operands.
    pub arity: u8,
    /// Where the result goes.
    pub out: Slot,
}

/// Instructions over slots. An eager operation is a program of one step, with a cast before it for
/// each operand of another dtype and one after it where the destination has another.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// In order of execution.
    pub steps: SmallVec<[Step; 4]>,
    /// Bytes per element of each temporary.
    pub temporaries: SmallVec<[usize; 4]>,
    /// Estimated nanoseconds per element on one core.
    pub cost: f32,
}

impl Program {
    /// Runs the steps on `n` elements. `slots` are `inputs` inputs, the temporaries, the outputs; one
    /// whose bit is set in `scalars` holds a single element that stands for all.
    ///
    /// # Safety
    /// Each slot points to `n` elements, or one where `scalars` says so; temporaries and outputs
    /// may be written.
    #[inline]
    pub unsafe fn run(&self, slots: &[*mut u8], inputs: usize, n: usize, mut scalars: Mask) {
        let first_output = inputs + self.temporaries.len();
        for step in &self.steps {
            let mut args = [std::ptr::null::<u8>(); 3];
            let mut mask = 0u32;
            let arity = usize::from(step.arity);
            for (i, &slot) in step.args[..arity].iter().enumerate() {
                args[i] = slots[usize::from(slot)];
                mask |= u32::from(scalars >> slot & 1 == 1) << i;
            }
            let out = usize::from(step.out);
            // A temporary made of scalars is a scalar.
            let whole = mask == (1 << arity) - 1 && out < first_output;
            scalars = if whole { scalars | 1 << out } else { scalars & !(1 << out) };
            // SAFETY: `args` and the output hold `n` elements, or one where the mask says so.
            unsafe { (step.kernel)(args.as_ptr(), slots[out], if whole { 1 } else { n }, mask) };
        }
    }
}
