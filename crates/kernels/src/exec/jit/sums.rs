//! The machine code of a group whose result is summed: the lowest levels of the tree of `csrc/reduce_vector.h`.
//!
//! Reading from memory goes on while elements are summed, and these are never written: a block that is computed first
//! and then summed leaves the memory idle half of the time.

use corepy_core::registry::Instruction;

use super::Float;
use super::assembler::{ADDRESSES, Assembler, General, Operand, RDI, RDX, RSI, SCRATCH, VOLATILE, Vectors};
use super::group::Group;
use crate::ffi::{SUM_LANES, SUM_LEAF};

/// Registers, after those of scalars.
struct Layout {
    vectors: Vectors,
    float: Float,
    /// The accumulators.
    sums: u8,
    /// 1 in each lane, and room for half a vector: where elements are widened.
    one: u8,
    half: u8,
    /// What the group needs.
    values: u8,
}

/// The code, as [`Group::assemble`] has it: the only store is an array of [`SUM_LANES`] float64 for each leaf.
pub(super) fn assemble(group: &Group) -> Option<Vec<u8>> {
    let loads = usize::from(group.loads);
    let addresses = ADDRESSES.get(..=loads)?;
    let vectors = group.vectors;
    let sums = SUM_LANES * size_of::<f64>() / vectors.bytes();
    let widens = group.float == Float::F32;
    let first = group.scalars + sums as u8;
    let layout = Layout {
        vectors,
        float: group.float,
        sums: group.scalars,
        one: first,
        half: first + 1,
        values: first + if widens { 2 } else { 0 },
    };
    if usize::from(layout.values) + group.live() > vectors.registers() {
        return None;
    }
    let mut assembler = Assembler::new(vectors, group.float);
    let kept = addresses.get(VOLATILE..).unwrap_or_default();
    for &register in kept {
        assembler.push(register);
    }
    for (n, &register) in addresses.iter().enumerate() {
        assembler.load_address(register, RDI, n);
    }
    for scalar in 0..group.scalars {
        assembler.load_address(SCRATCH, RDI, addresses.len() + usize::from(scalar));
        assembler.broadcast(scalar, SCRATCH);
    }
    if widens {
        // The last of the addresses.
        assembler.load_address(SCRATCH, RDI, addresses.len() + usize::from(group.scalars));
        assembler.float = Float::F64;
        assembler.broadcast(layout.one, SCRATCH);
        assembler.float = group.float;
    }
    assembler.clear(RDI);
    let step = SUM_LANES * group.float.bytes();
    // The loop over leaves ends where its first step does.
    assembler.while_below(RDI, RDX, 0, |assembler| {
        layout.step(group, assembler, addresses, true);
        assembler.advance(RDI, step);
        assembler.offset(RSI, RDI, (SUM_LEAF - 1) * step);
        assembler.while_below(RDI, RSI, step, |assembler| layout.step(group, assembler, addresses, false));
        layout.store(assembler, addresses[loads]);
    });
    for &register in kept.iter().rev() {
        assembler.pop(register);
    }
    assembler.finish();
    Some(assembler.code)
}

impl Layout {
    /// One element for each lane.
    fn step(&self, group: &Group, assembler: &mut Assembler, addresses: &[General], is_first: bool) {
        let vectors = SUM_LANES * group.float.bytes() / self.vectors.bytes();
        for n in 0..vectors as u8 {
            let value = self.value(group, assembler, addresses, n);
            match self.float {
                Float::F64 => {
                    let sum = self.sums + n;
                    if is_first {
                        assembler.copy(sum, Operand::Register(value));
                    } else {
                        assembler.arithmetic(Instruction::Add, sum, sum, Operand::Register(value));
                    }
                }
                Float::F32 => {
                    let (low, high) = (self.sums + 2 * n, self.sums + 2 * n + 1);
                    assembler.upper_half(self.half, value);
                    if is_first {
                        assembler.widen(low, value);
                        assembler.widen(high, self.half);
                    } else {
                        // As `accumulated` in `csrc/reduce_vector.h`.
                        assembler.widen(value, value);
                        assembler.multiply_add(low, value, self.one);
                        assembler.widen(self.half, self.half);
                        assembler.multiply_add(high, self.half, self.one);
                    }
                }
            }
        }
    }

    /// The register of the group's result for vector `n`.
    fn value(&self, group: &Group, assembler: &mut Assembler, addresses: &[General], n: u8) -> u8 {
        let register = |place: usize| {
            let is_scalar = place > usize::MAX / 2;
            if is_scalar { (usize::MAX - place) as u8 } else { self.values + place as u8 }
        };
        let assembler = std::cell::RefCell::new(assembler);
        let mut results = Vec::new();
        group.allocate(
            |load, place| assembler.borrow_mut().load(register(place), addresses[load], n),
            |operation, [result, a, b]| {
                let (a, b) = if group.swaps(operation) { (b, a) } else { (a, b) };
                let (result, a, b) = (register(result), register(a), register(b));
                assembler.borrow_mut().arithmetic(operation.instruction(), result, a, Operand::Register(b));
                results.push(result);
            },
        );
        results[usize::from(group.stores[0]) - group.first_result()]
    }

    /// Writes the sums to `[out]`, and moves it past them.
    fn store(&self, assembler: &mut Assembler, out: General) {
        assembler.float = Float::F64;
        let sums = SUM_LANES * size_of::<f64>() / self.vectors.bytes();
        for n in 0..sums as u8 {
            assembler.store_at(self.sums + n, out, n);
        }
        assembler.float = self.float;
        assembler.advance(out, SUM_LANES * size_of::<f64>());
    }
}
