//! Running a group on a block of a program.

use std::sync::Arc;

use corepy_core::registry::Instruction;
use smallvec::SmallVec;

use super::assembler::Vectors;
use super::cache::{self, Function};
use super::group::{Group, Operation};
use super::{Arithmetic, Float, Outputs, args};
use crate::exec::program::{Mask, Program, Slot};
use crate::ffi::{SUM_LANES, SUM_LEAF};
use crate::isa::{self, Isa};

/// Arrays that a group reads and writes, at most.
const MOST_STREAMS: usize = 9;
/// Arrays and numbers, at most.
const MOST_ADDRESSES: usize = 48;
/// Bytes of a vector, at most.
const VECTOR: usize = 64;
/// Vectors from which it pays to take the elements before a whole line by themselves.
const LEAST_ALIGNED: usize = 8;

/// A vector in memory.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u8; VECTOR]);

/// The bits without the sign's.
static ABS_F32: [u32; 1] = [0x7FFF_FFFF];
static ABS_F64: [u64; 1] = [0x7FFF_FFFF_FFFF_FFFF];
/// The sign's bit.
static SIGN_F32: [u32; 1] = [0x8000_0000];
static SIGN_F64: [u64; 1] = [0x8000_0000_0000_0000];
/// What widened elements are multiplied by when they are added.
static ONE: f64 = 1.0;

/// A number that a group reads.
#[derive(Clone, Copy, PartialEq)]
enum Scalar {
    Slot(Slot),
    /// The mask that an instruction needs.
    Mask(Instruction),
}

impl Scalar {
    fn mask_of(op: Arithmetic) -> Option<Scalar> {
        let needs_mask = |instruction: &Instruction| matches!(instruction, Instruction::Abs | Instruction::Negative);
        op.instruction().filter(needs_mask).map(Scalar::Mask)
    }

    fn address(self, float: Float, slots: &[*mut u8]) -> *mut u8 {
        match (self, float) {
            (Scalar::Slot(slot), _) => slots[usize::from(slot)],
            (Scalar::Mask(Instruction::Abs), Float::F32) => ABS_F32.as_ptr().cast::<u8>().cast_mut(),
            (Scalar::Mask(Instruction::Abs), Float::F64) => ABS_F64.as_ptr().cast::<u8>().cast_mut(),
            (Scalar::Mask(_), Float::F32) => SIGN_F32.as_ptr().cast::<u8>().cast_mut(),
            (Scalar::Mask(_), Float::F64) => SIGN_F64.as_ptr().cast::<u8>().cast_mut(),
        }
    }
}

/// Several steps of a program as one function.
#[derive(Clone)]
pub(in crate::exec) struct Fused {
    function: Arc<Function>,
    /// The one that writes outputs past the caches.
    streaming: Option<Arc<Function>>,
    group: Group,
    float: Float,
    steps: usize,
    vector: usize,
    loads: SmallVec<[Slot; 8]>,
    stores: SmallVec<[Slot; 4]>,
    scalars: SmallVec<[Scalar; 8]>,
}

impl Fused {
    /// The steps `steps` of `program`, which follow one another; None where they do not fit into registers or there is
    /// no code for this processor. `scalars` are the slots that hold one element before the first.
    pub(super) fn new(program: &Program, steps: &[usize], scalars: Mask, outputs: Outputs) -> Option<Fused> {
        let vectors = match isa::active() {
            Isa::Baseline => return None,
            Isa::Avx2 => Vectors::Avx2,
            Isa::Avx512 => Vectors::Avx512,
        };
        let float = program.steps[*steps.first()?].arithmetic?.1;
        let mut numbers: SmallVec<[Scalar; 8]> = SmallVec::new();
        let mut loads: SmallVec<[Slot; 8]> = SmallVec::new();
        let mut written: Vec<Slot> = Vec::new();
        let is_scalar = |slot: Slot| scalars >> slot & 1 == 1;
        for &index in steps {
            let step = &program.steps[index];
            let (op, _) = step.arithmetic?;
            for &slot in args(step) {
                if written.contains(&slot) {
                    continue;
                }
                let scalar = Scalar::Slot(slot);
                if is_scalar(slot) {
                    if !numbers.contains(&scalar) {
                        numbers.push(scalar);
                    }
                } else if !loads.contains(&slot) {
                    loads.push(slot);
                }
            }
            if let Some(mask) = Scalar::mask_of(op)
                && !numbers.contains(&mask)
            {
                numbers.push(mask);
            }
            if !written.contains(&step.out) {
                written.push(step.out);
            }
        }
        if loads.len() > MOST_STREAMS || numbers.len() + MOST_STREAMS > MOST_ADDRESSES {
            return None;
        }
        // Values: numbers, loads, results; per slot the one that it holds.
        let first_result = numbers.len() + loads.len();
        let mut held: Vec<(Slot, u8)> = Vec::new();
        let mut operations = Vec::with_capacity(steps.len());
        for (place, &index) in steps.iter().enumerate() {
            let step = &program.steps[index];
            let (op, _) = step.arithmetic?;
            let value = |slot: Slot| -> u8 {
                if let Some(&(_, value)) = held.iter().rev().find(|(other, _)| *other == slot) {
                    return value;
                }
                if is_scalar(slot) {
                    return numbers.iter().position(|&number| number == Scalar::Slot(slot)).expect("collected") as u8;
                }
                (numbers.len() + loads.iter().position(|&load| load == slot).expect("collected")) as u8
            };
            let a = value(step.args[0]);
            let b = match Scalar::mask_of(op) {
                Some(mask) => numbers.iter().position(|&number| number == mask).expect("collected") as u8,
                None if step.arity == 1 => a,
                None => value(step.args[1]),
            };
            operations.push(Operation { op, a, b });
            held.push((step.out, u8::try_from(first_result + place).ok()?));
        }
        // What outlives the group: outputs, and what a later step reads before another writes it.
        let last = *steps.last()?;
        let mut stores: SmallVec<[Slot; 4]> = SmallVec::new();
        let mut values = Vec::new();
        // Outputs last.
        written.sort_unstable();
        for &slot in &written {
            let outlives = usize::from(slot) >= outputs.first || {
                let later = program.steps[last + 1..].iter();
                later
                    .clone()
                    .find(|step| args(step).contains(&slot) || step.out == slot)
                    .is_some_and(|step| args(step).contains(&slot))
            };
            // A slot of an output is also read later; it holds what was written to it last.
            if outlives {
                stores.push(slot);
                values.push(held.iter().rev().find(|(other, _)| *other == slot)?.1);
            }
        }
        if loads.len() + stores.len() > MOST_STREAMS {
            return None;
        }
        // The elements before and after whole vectors are calls of their own, which read the numbers again.
        debug_assert!(stores.iter().all(|&slot| !is_scalar(slot)), "numbers have slots of their own");
        let group = Group {
            vectors,
            float,
            scalars: numbers.len() as u8,
            loads: loads.len() as u8,
            operations,
            stores: values,
            streamed: 0,
            sums: false,
        };
        let function = cache::function(&group)?;
        let streamed = stores.iter().filter(|&&slot| usize::from(slot) >= outputs.first).count();
        let streaming = if outputs.streams && streamed > 0 {
            cache::function(&Group { streamed: streamed as u8, ..group.clone() })
        } else {
            None
        };
        Some(Fused {
            function,
            streaming,
            group,
            float,
            steps: steps.len(),
            vector: vectors.bytes(),
            loads,
            stores,
            scalars: numbers,
        })
    }

    /// How many steps of the program it is.
    pub(in crate::exec) fn steps(&self) -> usize {
        self.steps
    }

    /// The slots that it writes.
    pub(in crate::exec) fn written(&self) -> Mask {
        self.stores.iter().fold(0, |mask, &slot| mask | 1 << slot)
    }

    /// The group with its result summed rather than written, if `slot` is all that it writes and there is code for that.
    pub(in crate::exec) fn sums(&self, slot: Slot) -> Option<Sums> {
        if self.stores[..] != [slot] {
            return None;
        }
        let function = cache::function(&Group { sums: true, ..self.group.clone() })?;
        Some(Sums { function, float: self.float, loads: self.loads.clone(), scalars: self.scalars.clone() })
    }

    /// Runs the group on `n` elements.
    ///
    /// # Safety
    /// As [`Program::run`]; the slots of the scalars are those of `new`.
    pub(in crate::exec) unsafe fn run(&self, slots: &[*mut u8], n: usize) {
        let mut addresses: SmallVec<[*mut u8; MOST_ADDRESSES]> = SmallVec::new();
        addresses.extend(self.loads.iter().chain(&self.stores).map(|&slot| slots[usize::from(slot)]));
        let streams = addresses.len();
        addresses.extend(self.scalars.iter().map(|scalar| scalar.address(self.float, slots)));
        let bytes = n * self.float.bytes();
        let stores = &addresses[self.loads.len()..streams];
        // Where all stores lie alike, the first elements go by themselves, so that the others are whole lines.
        let head = stores[0].addr().wrapping_neg() % self.vector;
        let is_alike = stores.iter().all(|store| (store.addr() + head).is_multiple_of(self.vector));
        let is_worth = bytes >= LEAST_ALIGNED * self.vector && head.is_multiple_of(self.float.bytes());
        let is_aligned = is_alike && (is_worth || head == 0);
        let head = if is_aligned { head } else { 0 };
        let function = match &self.streaming {
            Some(streaming) if is_aligned => streaming,
            _ => &self.function,
        };
        let middle = (bytes - head) / self.vector * self.vector;
        let main = middle / (self.vector * self.function.at_once) * (self.vector * self.function.at_once);
        // SAFETY: arrays hold `bytes` bytes, scalars one number; what is streamed is aligned.
        unsafe {
            if head > 0 && self.function.has_masks() {
                self.function.call_masked(&addresses, self.lanes(head), 0);
                advance(&mut addresses[..streams], head);
            } else if head > 0 {
                self.run_part(&mut addresses, streams, head);
            }
            function.call(&addresses, main, middle);
            let rest = bytes - head - middle;
            if rest > 0 && self.function.has_masks() {
                self.function.call_masked(&addresses, self.lanes(rest), middle);
            } else if rest > 0 {
                advance(&mut addresses[..streams], middle);
                self.run_part(&mut addresses, streams, rest);
            }
        }
    }

    /// The mask of the first `bytes` bytes of a vector.
    fn lanes(&self, bytes: usize) -> usize {
        (1 << (bytes / self.float.bytes())) - 1
    }

    /// Runs the group on `bytes` bytes, less than a vector, of each of the first `streams` addresses, and moves
    /// these past them.
    ///
    /// # Safety
    /// As [`Fused::run`].
    unsafe fn run_part(&self, addresses: &mut [*mut u8], streams: usize, bytes: usize) {
        let mut room = [Line([0; VECTOR]); MOST_STREAMS];
        let mut inside: SmallVec<[*mut u8; MOST_ADDRESSES]> = SmallVec::from_slice(addresses);
        for (stream, vector) in room.iter_mut().take(streams).enumerate() {
            if stream < self.loads.len() {
                // SAFETY: the array has `bytes` more bytes.
                unsafe { vector.0.as_mut_ptr().copy_from_nonoverlapping(addresses[stream], bytes) };
            }
            inside[stream] = vector.0.as_mut_ptr();
        }
        // SAFETY: each array is a whole vector.
        unsafe { self.function.call(&inside, 0, self.vector) };
        for stream in self.loads.len()..streams {
            // SAFETY: as above; the array may be written.
            unsafe { addresses[stream].copy_from_nonoverlapping(inside[stream], bytes) };
        }
        advance(&mut addresses[..streams], bytes);
    }
}

/// A group whose result is summed.
pub(crate) struct Sums {
    function: Arc<Function>,
    float: Float,
    loads: SmallVec<[Slot; 8]>,
    scalars: SmallVec<[Scalar; 8]>,
}

impl Sums {
    /// Sums the first `leaves` leaves of the tree of `csrc/reduce_vector.h` to [`SUM_LANES`] numbers each.
    ///
    /// # Safety
    /// As [`Program::run`] for so many elements; `out` has room for the numbers.
    pub(crate) unsafe fn run(&self, slots: &[*mut u8], leaves: usize, out: *mut f64) {
        let mut addresses: SmallVec<[*mut u8; MOST_ADDRESSES]> = SmallVec::new();
        addresses.extend(self.loads.iter().map(|&slot| slots[usize::from(slot)]));
        addresses.push(out.cast());
        addresses.extend(self.scalars.iter().map(|scalar| scalar.address(self.float, slots)));
        addresses.push(std::ptr::from_ref(&ONE).cast::<u8>().cast_mut());
        // SAFETY: the caller's promise.
        unsafe { self.function.call(&addresses, 0, leaves * SUM_LEAF * SUM_LANES * self.float.bytes()) };
    }
}

fn advance(addresses: &mut [*mut u8], bytes: usize) {
    for address in addresses {
        *address = address.wrapping_add(bytes);
    }
}
