//! Arithmetic in registers: runs of `+ - * / sqrt abs`, and what lies around a function such as `exp`, become one loop
//! of machine code.
//!
//! A kernel of `csrc/` reads its operands from L1 and writes its result there; a polynomial of twelve
//! such steps is bound by that traffic. What is generated here are the vector instructions that the compiler makes of
//! the same functors, one after another on registers, hence the bits are the same. Functions are compiled from `csrc/`
//! for a vector (`csrc/in_registers.h`) and called: so memory is read and written while they compute, and divisions
//! overlap with them. It takes some 40
//! microseconds, once per shape of expression. Where memory may not be executed, and on other
//! processors, the kernels run one by one as before.

mod assembler;
mod cache;
mod calls;
mod group;
mod memory;
mod run;
mod sums;

use corepy_core::registry::Instruction;

use super::program::{Mask, Program, Slot, Step};

pub(super) use run::Fused;
pub(crate) use run::Sums;

/// What computes an operation in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// One instruction.
    Instruction(Instruction),
    /// The function at this address: see [`crate::ffi::in_registers`].
    Call(usize),
}

impl Arithmetic {
    /// The instruction, if it is one.
    pub(super) fn instruction(self) -> Option<Instruction> {
        match self {
            Arithmetic::Instruction(instruction) => Some(instruction),
            Arithmetic::Call(_) => None,
        }
    }

    /// Whether it is none of those that take several times as long as the others: divisions, square roots and functions.
    pub fn is_short(self) -> bool {
        self.instruction().is_some_and(|instruction| !matches!(instruction, Instruction::Divide | Instruction::Sqrt))
    }
}

/// What lanes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Float {
    F32,
    F64,
}

impl Float {
    pub(super) fn bytes(self) -> usize {
        match self {
            Float::F32 => 4,
            Float::F64 => 8,
        }
    }
}

/// One thing to do on a block.
#[derive(Clone)]
pub(super) enum Stage {
    /// A step of the program.
    Step(usize),
    /// Several, in registers.
    Fused(Box<Fused>),
}

/// The slots from which on there are outputs, and whether these are written past the caches.
#[derive(Clone, Copy)]
pub(super) struct Outputs {
    first: usize,
    streams: bool,
}

/// The stages of `program`; empty where nothing can be fused. `scalars` are the inputs of which one
/// element stands for the block, which must be the same for every block. With `streams`, outputs are written past the
/// caches. With `blocks_in_cache` a single step may be a group, and functions are none.
pub(super) fn stages(
    program: &Program,
    inputs: usize,
    scalars: Mask,
    streams: bool,
    blocks_in_cache: bool,
) -> Vec<Stage> {
    let least = if blocks_in_cache { 1 } else { 2 };
    // A function by itself takes several vectors at a time, which is faster where no memory is waited for.
    let calls = !blocks_in_cache && calls::pay(program);
    let arithmetic = |index: usize| {
        let is_step = |arithmetic: &(Arithmetic, Float)| calls || !matches!(arithmetic.0, Arithmetic::Call(_));
        program.steps[index].arithmetic.filter(is_step)
    };
    let outputs = Outputs { first: inputs + program.temporaries.len(), streams };
    let first_output = outputs.first;
    let mut stages = Vec::new();
    let mut group: Vec<usize> = Vec::new();
    let mut before = scalars;
    let mut current = scalars;
    for (index, step) in program.steps.iter().enumerate() {
        let is_scalar = |slot: &Slot| current >> *slot & 1 == 1;
        let is_whole = args(step).iter().all(is_scalar) && usize::from(step.out) < first_output;
        let joins = match arithmetic(index) {
            Some((_, float)) if !is_whole => {
                group.first().is_none_or(|&first| arithmetic(first).is_some_and(|(_, other)| other == float))
            }
            _ => false,
        };
        if !joins {
            flush(program, &mut group, before, outputs, least, &mut stages);
            before = current;
        }
        if arithmetic(index).is_some() && !is_whole {
            if group.is_empty() {
                before = current;
            }
            group.push(index);
        } else {
            stages.push(Stage::Step(index));
        }
        current = if is_whole { current | 1 << step.out } else { current & !(1 << step.out) };
        if group.is_empty() {
            before = current;
        }
    }
    flush(program, &mut group, before, outputs, least, &mut stages);
    if stages.iter().any(|stage| matches!(stage, Stage::Fused(_))) { stages } else { Vec::new() }
}

/// See [`Program::sums`].
pub(super) fn sums(program: &Program, inputs: usize, scalars: Mask) -> Option<Sums> {
    let outputs = Outputs { first: inputs + program.temporaries.len(), streams: false };
    let output = outputs.first as Slot;
    match (&program.stages[..], &program.steps[..]) {
        ([Stage::Fused(fused)], _) => fused.sums(output),
        // One step is no group otherwise.
        ([], [step]) if step.arithmetic.is_some() => Fused::new(program, &[0], scalars, outputs)?.sums(output),
        _ => None,
    }
}

fn args(step: &Step) -> &[Slot] {
    &step.args[..usize::from(step.arity)]
}

/// Turns the steps of `group` into stages: as many as registers hold at a time. `scalars` are those
/// before the first.
fn flush(
    program: &Program,
    group: &mut Vec<usize>,
    scalars: Mask,
    outputs: Outputs,
    least: usize,
    stages: &mut Vec<Stage>,
) {
    let mut rest = &group[..];
    let mut scalars = scalars;
    while !rest.is_empty() {
        let fitting = (least..=calls::most_steps(program, rest))
            .rev()
            .find_map(|count| Fused::new(program, &rest[..count], scalars, outputs).map(|fused| (count, fused)));
        let count = if let Some((count, fused)) = fitting {
            stages.push(Stage::Fused(Box::new(fused)));
            count
        } else {
            stages.push(Stage::Step(rest[0]));
            1
        };
        for &index in &rest[..count] {
            scalars &= !(1 << program.steps[index].out);
        }
        rest = &rest[count..];
    }
    group.clear();
}
