//! A program: the instructions that run on each block.

use smallvec::SmallVec;

use crate::ffi::Kernel;

/// A place that holds a block: inputs first, then temporaries, then outputs.
pub type Slot = u8;

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
    /// Whether the kernel of the step that writes the output takes [`crate::ffi::STREAMING`]; those of
    /// the registry's operations and of casts do.
    pub streams: bool,
}
