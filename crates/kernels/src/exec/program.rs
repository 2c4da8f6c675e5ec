//! A program: the instructions that run on each block.

use std::ops::Range;

use smallvec::SmallVec;

use super::jit::{self, Arithmetic, Float, Stage, Sums};
use crate::ffi::{Kernel, STREAMING};

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
    /// The instruction or call that it is in registers, if it can be there.
    pub arithmetic: Option<(Arithmetic, Float)>,
}

impl Step {
    /// One kernel of `args`.
    pub fn new(kernel: Kernel, args: &[Slot], out: Slot) -> Step {
        let mut slots = [0; 3];
        slots[..args.len()].copy_from_slice(args);
        Step { kernel, args: slots, arity: args.len() as u8, out, arithmetic: None }
    }
}

/// Instructions over slots. An eager operation is a program of one step, with a cast before it for
/// each operand of another dtype and one after it where the destination has another.
#[derive(Clone, Default)]
pub struct Program {
    /// In order of execution. A temporary that holds a single element for some step (see [`Program::run`]) has a slot of its
    /// own from there on.
    pub steps: SmallVec<[Step; 4]>,
    /// Bytes per element of each temporary.
    pub temporaries: SmallVec<[usize; 4]>,
    /// Estimated nanoseconds per element on one core.
    pub cost: f32,
    /// What to do where several steps are one; empty where none are.
    pub(super) stages: Vec<Stage>,
    /// Whether the kernels of the steps that write outputs take [`crate::ffi::STREAMING`], which those of the
    /// registry's operations and of casts do, and no step reads an output.
    pub streams: bool,
}

impl Program {
    /// A program without steps.
    pub fn new(cost: f32) -> Program {
        Program { cost, ..Program::default() }
    }

    /// Runs the steps on `n` elements. `slots` are `inputs` inputs, the temporaries, the outputs; one
    /// whose bit is set in `scalars` holds a single element that stands for all. With `streams`, outputs are written
    /// past the caches.
    ///
    /// # Safety
    /// Each slot points to `n` elements, or one where `scalars` says so; temporaries and outputs
    /// may be written.
    #[inline]
    pub unsafe fn run(&self, slots: &[*mut u8], inputs: usize, n: usize, mut scalars: Mask, streams: bool) {
        let first_output = inputs + self.temporaries.len();
        if self.stages.is_empty() {
            for step in &self.steps {
                // SAFETY: the caller's promise.
                unsafe { step.run(slots, first_output, n, &mut scalars, streams) };
            }
            return;
        }
        for stage in &self.stages {
            // SAFETY: the caller's promise.
            unsafe {
                match stage {
                    Stage::Step(index) => self.steps[*index].run(slots, first_output, n, &mut scalars, streams),
                    Stage::Fused(fused) => {
                        fused.run(slots, n);
                        scalars &= !fused.written();
                    }
                }
            }
        }
    }

    /// Makes one of several steps where that can be done, for blocks of which the inputs `scalars`, and no others, are
    /// one element for all.
    pub fn fuse(&mut self, inputs: usize, scalars: Mask, streams: bool) {
        if self.steps.len() > 1 {
            self.stages = jit::stages(self, inputs, scalars, streams, false);
        }
    }

    /// As [`Program::fuse`], for many short blocks that lie in a cache: one step that is arithmetic is taken too, since
    /// generated code takes the ends of blocks without delay.
    pub fn fuse_in_cache(&mut self, inputs: usize, scalars: Mask, streams: bool) {
        self.stages = jit::stages(self, inputs, scalars, streams, true);
    }

    /// The program with its only output summed rather than written, if it is one group and there is code for that.
    /// `scalars` are those of [`Program::fuse`].
    pub(crate) fn sums(&self, inputs: usize, scalars: Mask) -> Option<Sums> {
        jit::sums(self, inputs, scalars)
    }

    /// The steps that run together in registers.
    pub fn groups(&self) -> Vec<Range<usize>> {
        let mut groups = Vec::new();
        let mut next = 0;
        for stage in &self.stages {
            let count = match stage {
                Stage::Step(_) => 1,
                Stage::Fused(fused) => fused.steps(),
            };
            if count > 1 {
                groups.push(next..next + count);
            }
            next += count;
        }
        groups
    }

    /// Whether any block passes through a temporary.
    pub fn uses_temporaries(&self) -> bool {
        match &self.stages[..] {
            // A single stage reads inputs and writes outputs.
            [Stage::Fused(_)] => false,
            _ => !self.temporaries.is_empty(),
        }
    }
}

impl Step {
    /// # Safety
    /// As [`Program::run`].
    #[inline]
    unsafe fn run(&self, slots: &[*mut u8], first_output: usize, n: usize, scalars: &mut Mask, streams: bool) {
        let mut args = [std::ptr::null::<u8>(); 3];
        let mut mask = 0u32;
        let arity = usize::from(self.arity);
        for (i, &slot) in self.args[..arity].iter().enumerate() {
            args[i] = slots[usize::from(slot)];
            mask |= u32::from(*scalars >> slot & 1 == 1) << i;
        }
        let out = usize::from(self.out);
        // A temporary made of scalars is a scalar.
        let whole = mask == (1 << arity) - 1 && out < first_output;
        *scalars = if whole { *scalars | 1 << out } else { *scalars & !(1 << out) };
        if streams && out >= first_output {
            mask |= STREAMING;
        }
        // SAFETY: `args` and the output hold `n` elements, or one where the mask says so; a program that streams has
        // kernels that take the flag.
        unsafe { (self.kernel)(args.as_ptr(), slots[out], if whole { 1 } else { n }, mask) };
    }
}
