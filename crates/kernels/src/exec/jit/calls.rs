//! The machine code of a group that calls a function.
//!
//! A call leaves no vector register as it was, so numbers lie in the frame on the stack, and values that are used
//! after the call are put there before it. One vector is taken at a time: the processor looks far enough
//! ahead to work on the next ones during the function's latency, if the group is not long.

use corepy_core::registry::Instruction;

use super::Arithmetic;
use super::assembler::{Assembler, General, Operand, R12, R13, RBP, RBX, RDI, RDX, RSI, SCRATCH, Vectors};
use super::group::{Group, Operation};
use crate::exec::program::Program;
use crate::isa::{self, Isa};

/// Functions in a group, and operations in all: so that three turns fit into what the processor looks ahead (Zen 4: 320
/// instructions). The chain of a longer group would show its latency (Black-Scholes, 1e6 float64, 2 cores: 4.5 ms
/// without calls, 4.2 with 6 operations, 4.5 with 12; the sigmoid of 8e6 float64 6.1 without and 3.4 with).
const MOST_CALLS: usize = 1;
const MOST_OPERATIONS: usize = 6;

/// The registers of a function's arguments; the first is its result's.
const ARGUMENTS: u8 = 2;

/// The caller wants these back.
const KEPT: [General; 4] = [RBX, RBP, R12, R13];

/// Whether functions are worth calling from groups. With AVX2, whose functions look tables up for four vectors at a time,
/// only where the whole program can be one group, from memory to memory (Zen 3, 2 cores, Black-Scholes of 1e6 float32:
/// 3.0 ms with calls, 2.5 without; float64 6.1 and 4.8).
pub(super) fn pay(program: &Program) -> bool {
    isa::active() != Isa::Avx2 || program.steps.len() <= MOST_OPERATIONS
}

/// How many of the first of `steps` can be one group, as far as calls are concerned.
pub(super) fn most_steps(program: &Program, steps: &[usize]) -> usize {
    let is_call = |&&index: &&usize| matches!(program.steps[index].arithmetic, Some((Arithmetic::Call(_), _)));
    let mut calls = steps.iter().enumerate().filter(|(_, index)| is_call(index)).map(|(place, _)| place);
    let Some(first) = calls.next() else { return steps.len() };
    let end = calls.nth(MOST_CALLS - 1).unwrap_or(steps.len());
    // What lies before the call goes without it if there is not room for both.
    if first < MOST_OPERATIONS { end.min(MOST_OPERATIONS) } else { first }
}

/// The code of one of the two functions that [`super::group::Assembled`] has.
pub(super) fn assemble(group: &Group, is_masked: bool) -> Option<Vec<u8>> {
    let streams = usize::from(group.loads) + group.stores.len();
    let mut assembler = Assembler::new(group.vectors, group.float);
    for register in KEPT {
        assembler.push(register);
    }
    let frame = usize::from(group.scalars) + usize::from(group.loads) + group.operations.len();
    assembler.enter(frame);
    assembler.copy_general(RBX, RDI);
    for scalar in 0..group.scalars {
        assembler.load_address(SCRATCH, RBX, streams + usize::from(scalar));
        assembler.broadcast(0, SCRATCH);
        assembler.spill(0, usize::from(scalar));
    }
    let mut fits = true;
    if is_masked {
        // The mask, the bytes before the vector.
        assembler.copy_general(R12, RSI);
        assembler.copy_general(R13, RDX);
        assembler.is_masked = true;
        fits = Body::new(group, &mut assembler).run().is_some();
    } else {
        // The bytes, the bytes done.
        assembler.copy_general(R12, RDX);
        assembler.clear(R13);
        assembler.while_below(R13, R12, group.vectors.bytes(), |assembler| {
            fits = Body::new(group, assembler).run().is_some();
        });
    }
    assembler.leave();
    for &register in KEPT.iter().rev() {
        assembler.pop(register);
    }
    assembler.finish();
    fits.then_some(assembler.code)
}

/// One turn of the loop.
struct Body<'a> {
    group: &'a Group,
    assembler: &'a mut Assembler,
    last_uses: Vec<Option<usize>>,
    /// Per value, its register.
    registers: Vec<Option<u8>>,
    /// Per value, whether the frame has it.
    is_spilled: Vec<bool>,
    free: Vec<u8>,
}

impl<'a> Body<'a> {
    fn new(group: &'a Group, assembler: &'a mut Assembler) -> Body<'a> {
        let values = group.first_result() + group.operations.len();
        Body {
            group,
            assembler,
            last_uses: group.last_uses(),
            registers: vec![None; values],
            is_spilled: (0..values).map(|value| value < usize::from(group.scalars)).collect(),
            free: all_registers(group.vectors),
        }
    }

    /// None if there are too few registers.
    fn run(mut self) -> Option<()> {
        self.assembler.copy_general(RDI, R13);
        for (index, operation) in self.group.operations.iter().enumerate() {
            let result = match operation.op {
                Arithmetic::Call(address) => self.call(index, operation, address),
                Arithmetic::Instruction(instruction) => self.instruction(index, operation, instruction),
            }?;
            self.registers[self.group.first_result() + index] = Some(result);
        }
        let (group, loads) = (self.group, usize::from(self.group.loads));
        for (n, &value) in group.stores.iter().enumerate() {
            let register = self.in_register(usize::from(value))?;
            self.assembler.load_address(SCRATCH, RBX, loads + n);
            let streams = n + usize::from(group.streamed) >= group.stores.len();
            self.set_mask();
            self.assembler.store(register, SCRATCH, 0, streams);
        }
        Some(())
    }

    fn instruction(&mut self, index: usize, operation: &Operation, instruction: Instruction) -> Option<u8> {
        let (mut a, mut b) = (usize::from(operation.a), usize::from(operation.b));
        if self.group.swaps(operation) {
            (a, b) = (b, a);
        }
        let first = self.in_register(a)?;
        let second = self.operand(b)?;
        self.end_uses(index, [a, b]);
        let result = self.free.pop()?;
        self.assembler.arithmetic(instruction, result, first, second);
        Some(result)
    }

    fn call(&mut self, index: usize, operation: &Operation, address: usize) -> Option<u8> {
        let arguments = [usize::from(operation.a), usize::from(operation.b)];
        for (register, value) in arguments.into_iter().enumerate() {
            let operand = self.operand(value)?;
            self.assembler.copy(register as u8, operand);
        }
        self.end_uses(index, arguments);
        for value in 0..self.registers.len() {
            let Some(register) = self.registers[value].take() else { continue };
            if !self.is_spilled[value] {
                self.assembler.spill(register, value);
                self.is_spilled[value] = true;
            }
        }
        self.free = all_registers(self.group.vectors);
        self.assembler.call(address);
        self.assembler.copy_general(RDI, R13);
        let result = self.free.pop()?;
        self.assembler.copy(result, Operand::Register(0));
        Some(result)
    }

    /// The value where it is; what was not read yet is.
    fn operand(&mut self, value: usize) -> Option<Operand> {
        match self.registers[value] {
            None if self.is_spilled[value] => Some(Operand::Frame(value)),
            _ => self.in_register(value).map(Operand::Register),
        }
    }

    fn in_register(&mut self, value: usize) -> Option<u8> {
        if let Some(register) = self.registers[value] {
            return Some(register);
        }
        let register = self.free.pop()?;
        if self.is_spilled[value] {
            self.assembler.copy(register, Operand::Frame(value));
        } else {
            let load = value - usize::from(self.group.scalars);
            self.assembler.load_address(SCRATCH, RBX, load);
            self.set_mask();
            self.assembler.load(register, SCRATCH, 0);
        }
        self.registers[value] = Some(register);
        Some(register)
    }

    /// The mask, if there is one: functions do not keep it.
    fn set_mask(&mut self) {
        if self.assembler.is_masked {
            self.assembler.copy_general(RSI, R12);
            self.assembler.set_mask();
        }
    }

    /// Frees the registers of values that nothing after operation `index` uses.
    fn end_uses(&mut self, index: usize, values: [usize; 2]) {
        for value in values {
            if self.last_uses[value].is_none_or(|last| last <= index)
                && let Some(register) = self.registers[value].take()
            {
                self.free.push(register);
            }
        }
    }
}

fn all_registers(vectors: Vectors) -> Vec<u8> {
    (ARGUMENTS..vectors.registers() as u8).rev().collect()
}
