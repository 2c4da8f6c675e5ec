//! A run of arithmetic as values that depend on each other, and its machine code.

use corepy_core::registry::Instruction;

use super::assembler::{ADDRESSES, Assembler, General, Operand, RDI, RDX, RSI, SCRATCH, VOLATILE, Vectors};
use super::{Arithmetic, Float};

/// Vectors that a turn of the loop works on at most: so many independent chains hide the latency of
/// the instructions (4 cycles at two per cycle) where the chain is short.
const MOST_AT_ONCE: usize = 8;

/// An operation on earlier values. Unary ones have their operand, or the constant that they need, twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Operation {
    pub(super) op: Arithmetic,
    pub(super) a: u8,
    pub(super) b: u8,
}

impl Operation {
    /// Of a group without calls.
    pub(super) fn instruction(&self) -> Instruction {
        self.op.instruction().expect("the group has no calls")
    }
}

/// Values are numbered: scalars, then loads, then the operations' results.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) vectors: Vectors,
    pub(super) float: Float,
    /// Numbers that stand for all elements.
    pub(super) scalars: u8,
    /// Arrays that are read.
    pub(super) loads: u8,
    pub(super) operations: Vec<Operation>,
    /// The values that are written to arrays.
    pub(super) stores: Vec<u8>,
    /// How many of these, the last, are written past the caches: to addresses that are multiples of a vector.
    pub(super) streamed: u8,
    /// Whether the only value of `stores` is summed instead: see [`super::sums`].
    pub(super) sums: bool,
}

/// The code of a function of the addresses of loads, stores and scalars, of the bytes up to which several vectors are
/// taken at a time, and of the bytes in all.
pub(super) struct Assembled {
    pub(super) code: Vec<u8>,
    /// Vectors that are taken at a time.
    pub(super) at_once: usize,
    /// Where in the code there begins another function: of the addresses, of a mask of lanes, and of the offset in bytes of
    /// the vector whose lanes they are.
    pub(super) masked: Option<usize>,
}

impl Assembled {
    fn unmasked(code: Vec<u8>) -> Assembled {
        Assembled { code, at_once: 1, masked: None }
    }
}

impl Group {
    /// The code; None if registers do not suffice.
    pub(super) fn assemble(&self) -> Option<Assembled> {
        if self.sums {
            return if self.calls() > 0 { None } else { super::sums::assemble(self).map(Assembled::unmasked) };
        }
        let has_masks = self.vectors == Vectors::Avx512;
        if self.calls() > 0 {
            let mut assembled = super::calls::assemble(self, false).map(Assembled::unmasked)?;
            if has_masks {
                assembled.masked = Some(assembled.code.len());
                assembled.code.extend(super::calls::assemble(self, true)?);
            }
            return Some(assembled);
        }
        let streams = usize::from(self.loads) + self.stores.len();
        let addresses = ADDRESSES.get(..streams)?;
        let registers = self.vectors.registers().checked_sub(usize::from(self.scalars))?;
        let live = self.live();
        let at_once = [MOST_AT_ONCE, 4, 2, 1].into_iter().find(|&count| count * live <= registers)?;
        let mut assembler = Assembler::new(self.vectors, self.float);
        let bytes = self.vectors.bytes();
        self.function(&mut assembler, addresses, |assembler| {
            assembler.clear(RDI);
            if at_once > 1 {
                assembler.while_below(RDI, RSI, at_once * bytes, |assembler| self.body(assembler, addresses, at_once));
            }
            assembler.while_below(RDI, RDX, bytes, |assembler| self.body(assembler, addresses, 1));
        });
        let mut assembled = Assembled { code: Vec::new(), at_once, masked: None };
        if has_masks && self.streamed == 0 {
            assembled.masked = Some(assembler.code.len());
            assembler.is_masked = true;
            self.function(&mut assembler, addresses, |assembler| {
                assembler.copy_general(RDI, RDX);
                assembler.set_mask();
                self.body(assembler, addresses, 1);
            });
        }
        assembled.code = assembler.code;
        Some(assembled)
    }

    /// A function whose `addresses` and scalars are in registers when `body` begins.
    fn function(&self, assembler: &mut Assembler, addresses: &[General], body: impl FnOnce(&mut Assembler)) {
        let kept = addresses.get(VOLATILE..).unwrap_or_default();
        for &register in kept {
            assembler.push(register);
        }
        for (n, &register) in addresses.iter().enumerate() {
            assembler.load_address(register, RDI, n);
        }
        for scalar in 0..self.scalars {
            assembler.load_address(SCRATCH, RDI, addresses.len() + usize::from(scalar));
            assembler.broadcast(scalar, SCRATCH);
        }
        body(assembler);
        for &register in kept.iter().rev() {
            assembler.pop(register);
        }
        assembler.finish();
    }

    /// Functions that are called, per vector.
    pub(super) fn calls(&self) -> usize {
        self.operations.iter().filter(|operation| matches!(operation.op, Arithmetic::Call(_))).count()
    }

    /// Whether the operands change places. Of two NaNs the first operand's is the result: the order is that of the
    /// compiled kernels.
    pub(super) fn swaps(&self, operation: &Operation) -> bool {
        let commutes = matches!(operation.op.instruction(), Some(Instruction::Add | Instruction::Multiply));
        commutes && operation.a >= self.scalars
    }

    pub(super) fn first_result(&self) -> usize {
        usize::from(self.scalars) + usize::from(self.loads)
    }

    /// Per value, the operation that uses it last; the number of operations for what is stored.
    pub(super) fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![None; self.first_result() + self.operations.len()];
        for (index, operation) in self.operations.iter().enumerate() {
            last[usize::from(operation.a)] = Some(index);
            last[usize::from(operation.b)] = Some(index);
        }
        for &value in &self.stores {
            last[usize::from(value)] = Some(self.operations.len());
        }
        last
    }

    /// Visits loads and operations in order with the register of each value, counted from 0 for one of
    /// several chains, and returns how many there are.
    pub(super) fn allocate(
        &self,
        mut load: impl FnMut(usize, usize),
        mut operate: impl FnMut(&Operation, [usize; 3]),
    ) -> usize {
        let last = self.last_uses();
        let scalars = usize::from(self.scalars);
        let mut place = vec![usize::MAX; last.len()];
        let mut taken: Vec<bool> = Vec::new();
        let take = |taken: &mut Vec<bool>| match taken.iter().position(|taken| !taken) {
            Some(free) => {
                taken[free] = true;
                free
            }
            None => {
                taken.push(true);
                taken.len() - 1
            }
        };
        for (index, operation) in self.operations.iter().enumerate() {
            let operands = [usize::from(operation.a), usize::from(operation.b)];
            for value in operands {
                if (scalars..self.first_result()).contains(&value) && place[value] == usize::MAX {
                    place[value] = take(&mut taken);
                    load(value - scalars, place[value]);
                }
            }
            let sources = operands.map(|value| if value < scalars { usize::MAX - value } else { place[value] });
            for value in operands {
                if value >= scalars && last[value] == Some(index) {
                    taken[place[value]] = false;
                }
            }
            let result = self.first_result() + index;
            place[result] = take(&mut taken);
            operate(operation, [place[result], sources[0], sources[1]]);
            if last[result].is_none() {
                taken[place[result]] = false;
            }
        }
        taken.len()
    }

    /// Registers that one chain needs.
    pub(super) fn live(&self) -> usize {
        self.allocate(|_, _| {}, |_, _| {})
    }

    fn body(&self, assembler: &mut Assembler, addresses: &[General], at_once: usize) {
        let scalars = usize::from(self.scalars);
        // Chain n has every `at_once`-th register.
        let register = |place: usize, chain: usize| {
            let is_scalar = place > usize::MAX / 2;
            (if is_scalar { usize::MAX - place } else { scalars + place * at_once + chain }) as u8
        };
        let assembler = std::cell::RefCell::new(assembler);
        let mut results = Vec::new();
        self.allocate(
            |load, place| {
                for chain in 0..at_once {
                    assembler.borrow_mut().load(register(place, chain), addresses[load], chain as u8);
                }
            },
            |operation, [result, a, b]| {
                let (a, b) = if self.swaps(operation) { (b, a) } else { (a, b) };
                for chain in 0..at_once {
                    let (result, a, b) = (register(result, chain), register(a, chain), register(b, chain));
                    assembler.borrow_mut().arithmetic(operation.instruction(), result, a, Operand::Register(b));
                }
                results.push(result);
            },
        );
        for (n, &value) in self.stores.iter().enumerate() {
            let place = results[usize::from(value) - self.first_result()];
            for chain in 0..at_once {
                let address = addresses[usize::from(self.loads) + n];
                let streams = n + usize::from(self.streamed) >= self.stores.len();
                assembler.borrow_mut().store(register(place, chain), address, chain as u8, streams);
            }
        }
    }
}
