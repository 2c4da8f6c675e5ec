//! The executor: plan → split → load → run → store, once, for every operation.

mod block;
mod cache;
mod jit;
mod program;

pub(crate) use block::{ARENA_BLOCK, STREAM_TURN, even_part, stream_bytes, stream_fence};
pub use block::{Geometry, Operand, Role};
pub(crate) use cache::second_level_bytes;
pub(crate) use jit::Sums;
pub use jit::{Arithmetic, Float};
pub use program::{MAX_SLOTS, Mask, Program, Slot, Step};

use std::ops::Range;

use corepy_core::plan::Plan;
use corepy_core::{Result, scheduler};
use smallvec::SmallVec;

/// Nanoseconds of work that one chunk should hold: below, handing chunks out costs more than a few
/// percent; above, two cores share short operations badly. Chunks are the unit of scheduling only:
/// no result depends on them.
pub(crate) const CHUNK_NS: f32 = 1_500.0;

/// Chunks per thread that share work of middle length, and the nanoseconds that they grow to for that (1e6 float32, 2
/// cores: division and addition 86.9 µs with chunks of 1.5 µs, 83.0 µs so).
const FEW_CHUNKS: f32 = 8.0;
const MORE_NS: f32 = 5_000.0;

/// Chunks per thread that share long work evenly; more only cost hand-overs.
const CHUNKS_PER_THREAD: usize = 64;

/// Nanoseconds per byte on one core of operands that lie behind its second-level cache: where arithmetic is short it is
/// they that take the time. 1e6 float32 added, all in the last-level cache: 0.034 on a Granite Rapids, where the second
/// core went unused with the arithmetic's estimate alone; their sum: 0.027 to 0.033.
const BEHIND_NS: f32 = 0.026;

/// Estimated nanoseconds that reading or writing so many bytes takes one core; 0 where its own caches hold them.
pub(crate) fn memory_ns(bytes: usize) -> f32 {
    if bytes > second_level_bytes() { bytes as f32 * BEHIND_NS } else { 0.0 }
}

/// How an iteration is cut into chunks of blocks.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// Number of blocks.
    pub blocks: usize,
    /// Elements of a full block.
    pub elements: usize,
    /// Number of chunks: what threads take.
    pub chunks: usize,
    /// Whether more than one thread is worth it.
    pub parallel: bool,
    /// Whether an output is written past the caches.
    pub streams: bool,
    /// Elements that a temporary holds.
    pub piece: usize,
    per_chunk: usize,
}

impl Cut {
    fn new(geometry: &Geometry<'_>, program: &Program) -> Cut {
        let (blocks, elements) = (geometry.blocks(), geometry.elements_per_block());
        let block_ns = elements as f32 * program.cost;
        let total_ns = blocks as f32 * block_ns;
        let per_thread = total_ns / scheduler::num_threads() as f32;
        let chunk_ns = (per_thread / FEW_CHUNKS).clamp(CHUNK_NS, MORE_NS).max(per_thread / CHUNKS_PER_THREAD as f32);
        let per_chunk = ((chunk_ns / block_ns) as usize).clamp(1, blocks.max(1));
        let chunks = blocks.div_ceil(per_chunk);
        let parallel = chunks > 1 && scheduler::worth_parallel(total_ns.max(memory_ns(geometry.bytes())) as u64);
        Cut { blocks, elements, chunks, parallel, streams: geometry.streams(), piece: geometry.piece(), per_chunk }
    }
}

/// How [`run`] would cut the work, and the steps that it would run together in registers. The operands' addresses
/// count for their alignment only.
pub fn describe(
    program: &Program,
    plan: &Plan,
    operands: &[Operand],
    inputs: usize,
    fresh: bool,
) -> (Cut, Vec<Range<usize>>) {
    let geometry = Geometry::new(program, plan, operands, inputs, fresh);
    let mut fused = program.clone();
    fused.fuse(inputs, geometry.scalars(), geometry.streams_directly());
    (Cut::new(&geometry, program), fused.groups())
}

/// The same walk from the other end of the innermost axis, if it is backwards for more operands than not: fewer pass through
/// the arena. Not where it would keep the output from being written past the caches.
fn turned(plan: &Plan, operands: &[Operand]) -> Option<(Plan, SmallVec<[Operand; 4]>)> {
    let axis = plan.shape.len() - 1;
    let steps =
        || plan.strides.iter().zip(operands).map(|(strides, operand)| (strides[axis], operand.itemsize as isize));
    let backwards = steps().filter(|(step, item)| *step == -item).count();
    if backwards == 0 || backwards <= steps().filter(|(step, item)| step == item).count() {
        return None;
    }
    let elements: usize = plan.shape.iter().product();
    if elements * operands.iter().map(|operand| operand.itemsize).sum::<usize>() >= stream_bytes() {
        return None;
    }
    let last = plan.shape[axis].saturating_sub(1) as isize;
    let mut operands: SmallVec<[Operand; 4]> = SmallVec::from_slice(operands);
    let mut plan = plan.clone();
    for (strides, operand) in plan.strides.iter_mut().zip(&mut operands) {
        operand.data = operand.data.wrapping_offset(strides[axis] * last);
        strides[axis] = -strides[axis];
    }
    Some((plan, operands))
}

/// Runs `program` over `plan`. `operands` are the inputs, then the outputs, in the order of the
/// plan's strides.
///
/// `fresh` says that the outputs were just allocated: nobody has read them, so large ones may be
/// written past the caches.
///
/// # Safety
/// Every address that the plan reaches from an operand's `data` must be valid for reads, for outputs
/// also for writes; an output may share memory with an input only if both walk the same
/// addresses in the same order.
pub unsafe fn run(
    op: &'static str,
    program: &Program,
    plan: &Plan,
    operands: &[Operand],
    inputs: usize,
    fresh: bool,
) -> Result<()> {
    let turned = turned(plan, operands);
    let (plan, operands) = turned.as_ref().map_or((plan, operands), |(plan, operands)| (plan, &operands[..]));
    let geometry = Geometry::new(program, plan, operands, inputs, fresh);
    let mut fused = program.clone();
    fused.fuse(inputs, geometry.scalars(), geometry.streams_directly());
    let geometry = geometry.with_program(&fused);
    let Cut { blocks, chunks, parallel, per_chunk, .. } = Cut::new(&geometry, program);
    if blocks == 0 {
        return Ok(());
    }
    scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
        let first = chunk * per_chunk;
        // SAFETY: the caller's promise; chunks partition the blocks.
        unsafe { geometry.run_blocks(op, first..blocks.min(first + per_chunk)) }
    })
}
