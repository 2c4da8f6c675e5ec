//! Running a plan: each row through all stages, chunks of rows on all threads.

use corepy_core::{Result, arena, scheduler};

use super::{Place, Plan, Read, Stage};
use crate::exec::{ARENA_BLOCK, stream_fence};

/// Nanoseconds of work that one chunk should hold.
const CHUNK_NS: f32 = 6_000.0;

impl Plan {
    pub(super) fn run(&self, op: &'static str) -> Result<()> {
        let cost: f32 = self.stages.iter().map(Stage::cost).sum();
        let row_ns = self.rows.n as f32 * cost;
        let per_chunk = ((CHUNK_NS / row_ns) as usize).clamp(1, self.rows.count.max(1));
        let chunks = self.rows.count.div_ceil(per_chunk);
        let parallel = chunks > 1 && scheduler::worth_parallel((self.rows.count as f32 * row_ns) as u64);
        scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
            arena::scope(op, |scope| {
                let mut buffers = Vec::with_capacity(self.buffers.len());
                for &bytes in &self.buffers {
                    buffers.push(scope.elements(bytes, 1)?);
                }
                let mut slots: Vec<Vec<*mut u8>> = Vec::with_capacity(self.stages.len());
                for stage in &self.stages {
                    let Some(compiled) = &stage.compiled else {
                        slots.push(Vec::new());
                        continue;
                    };
                    let mut of_stage = vec![std::ptr::null_mut(); compiled.inputs.len()];
                    for &itemsize in &compiled.program.temporaries {
                        of_stage.push(scope.elements(ARENA_BLOCK, itemsize)?);
                    }
                    of_stage.resize(of_stage.len() + compiled.outputs.len(), std::ptr::null_mut());
                    slots.push(of_stage);
                }
                for row in chunk * per_chunk..self.rows.count.min((chunk + 1) * per_chunk) {
                    for (stage, slots) in self.stages.iter().zip(&mut slots) {
                        // SAFETY: the row is one of the operands', and this chunk's own.
                        unsafe { self.run_stage(stage, row, slots, &buffers) };
                    }
                }
                if self.stages.iter().any(|stage| stage.streams) {
                    stream_fence();
                }
                Ok(())
            })
        })
    }

    /// The address of row `row` of a node.
    fn node(&self, place: usize, row: usize, buffers: &[*mut u8]) -> *mut u8 {
        match self.places[place] {
            Place::Output(data, bytes) => data.wrapping_add(row * bytes),
            Place::Buffer(buffer) => buffers[buffer],
            Place::Nowhere => unreachable!("what is read elsewhere has a place"),
        }
    }

    fn read(&self, read: &Read, row: usize, buffers: &[*mut u8]) -> *mut u8 {
        match read {
            Read::Memory(data, axes) => data.wrapping_offset(axes.offset(row)).cast_mut(),
            Read::Node(place) => self.node(*place, row, buffers),
        }
    }

    /// # Safety
    /// The row exists, and no other thread computes it; slots and buffers are this thread's.
    unsafe fn run_stage(&self, stage: &Stage, row: usize, slots: &mut [*mut u8], buffers: &[*mut u8]) {
        if let Some(compiled) = &stage.compiled {
            let inputs = compiled.inputs.len();
            let first_output = inputs + compiled.program.temporaries.len();
            for (slot, read) in slots.iter_mut().zip(&stage.reads) {
                *slot = self.read(read, row, buffers);
            }
            for (slot, &place) in slots[first_output..].iter_mut().zip(&compiled.outputs) {
                *slot = self.node(place, row, buffers);
            }
            // Temporaries hold so many elements.
            let at_once = if compiled.program.uses_temporaries() { ARENA_BLOCK } else { self.rows.n };
            let mut done = 0;
            while done < self.rows.n {
                let n = at_once.min(self.rows.n - done);
                // What is written past the caches is so by generated code, which sees to lines.
                // SAFETY: inputs and outputs hold `n` more elements of the row; scalars are marked.
                unsafe { compiled.program.run(slots, inputs, n, stage.scalars, false) };
                done += n;
                for (slot, (input, index)) in slots.iter_mut().zip(compiled.inputs.iter().zip(0..)) {
                    if stage.scalars >> index & 1 == 0 {
                        *slot = slot.wrapping_add(n * input.operand.itemsize);
                    }
                }
                for (slot, &itemsize) in slots[first_output..].iter_mut().zip(&compiled.output_sizes) {
                    *slot = slot.wrapping_add(n * itemsize);
                }
            }
        }
        for reducer in &stage.reducers {
            let source = self.read(&reducer.source, row, buffers);
            // SAFETY: the row is computed, or the operand's; the result has a place.
            unsafe { reducer.reduction.run(source, self.node(reducer.node, row, buffers)) };
        }
    }
}

impl Stage {
    /// Estimated nanoseconds per element on one core.
    fn cost(&self) -> f32 {
        let program = self.compiled.as_ref().map_or(0.0, |compiled| compiled.program.cost);
        program + self.reducers.iter().map(|reducer| reducer.reduction.cost()).sum::<f32>()
    }
}
