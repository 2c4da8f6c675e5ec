//! Blocks: how an iteration is cut, and how one block is loaded, run and stored.

use std::ops::Range;

use corepy_core::plan::Plan;
use corepy_core::{Result, arena};
use smallvec::SmallVec;

use super::cache::last_level_bytes;
use super::program::{Mask, Program};
use crate::ffi;

/// Elements per block when every operand is used in place: long enough that the walk costs nothing.
const DIRECT_BLOCK: usize = 16_384;
/// Elements per block when something passes through the arena: two such blocks of 8 bytes (16 KiB
/// each) stay in L1.
pub(crate) const ARENA_BLOCK: usize = 1_024;
/// Elements per block that is streamed (8e6 float64, 2 cores: 2.1 ms for 65,536, 2.4 ms for 16,384).
const STREAM_BLOCK: usize = 65_536;
/// The same where the results pass through a buffer.
const BUFFERED_STREAM_BLOCK: usize = 8_192;
/// Columns up to which rows pass through temporaries whole.
const TEMPORARY_ROW: usize = 1_024;
/// Elements that pass through temporaries, or are computed before they are streamed out: short turns keep loads and streaming
/// stores overlapping (8e6 float64, 2 cores: 3.6 ms for 512, 4.0 ms for 2048, 4.4 ms for 4096).
pub(crate) const STREAM_TURN: usize = 512;
/// Rows of a block that an operand walks across its rows: what is read of its columns is whole cache lines.
const TILE_ROWS: usize = 32;
/// Columns of such a block: long enough that the other operands' rows are fetched ahead (`m.T + m`, 1000 × 1000 float32, one
/// core: 0.53 ms; squares of 64 × 64 took 0.72 ms).
const TILE_COLS: usize = 256;
/// Elements, and bytes, that blocks are cut at multiples of, for whole cache lines.
const LINE: usize = 64;
/// Columns from which a kernel call per row of a tile is cheaper than gathering the rows.
const ROW_CALL: usize = 32;

/// Addresses of a block's slots. Where they go to the heap, freeing them waits for the block's stores (degree-6 Horner of
/// 1e6 float32, 12 operands, one core: 0.21 ms, 0.17 without).
type Addresses = SmallVec<[*mut u8; 24]>;

/// One operand's memory.
#[derive(Debug, Clone, Copy)]
pub struct Operand {
    /// Address of the element that the plan's origin stands for.
    pub data: *mut u8,
    /// Bytes per element.
    pub itemsize: usize,
}

/// How an operand takes part in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// One element stands for the whole block, or where it runs row by row for each row.
    Scalar,
    /// The block lies in memory as the kernel wants it.
    Direct,
    /// Each row of the block does.
    Rows,
    /// It passes through the arena.
    Arena,
    /// An output block that passes through the arena and from there past the caches.
    Stream,
}

/// The cut of one operation: blocks of `block_rows` × `block_cols` elements over the two innermost
/// axes of the plan.
pub struct Geometry<'a> {
    program: &'a Program,
    plan: &'a Plan,
    operands: &'a [Operand],
    inputs: usize,
    roles: SmallVec<[Role; 4]>,
    rows: usize,
    cols: usize,
    block_rows: usize,
    block_cols: usize,
    by_row: bool,
    /// The program's steps stream their results by themselves.
    direct_stream: bool,
    /// Bytes read and written, of operands that are not one element for all.
    bytes: usize,
}

// SAFETY: blocks of one geometry write disjoint memory; the addresses outlive the run.
unsafe impl Sync for Geometry<'_> {}

/// Bytes read and written from which fresh outputs bypass the caches: where they do not fit the last
/// one, the result would be evicted before anyone reads it, and an ordinary store first reads what it
/// overwrites. `a + b` of float64, 2 cores with 32 MiB: 0.15 ms with ordinary and 0.28 ms with streaming
/// stores for 1e6 elements, 0.62 and 0.36 ms for 2e6, 3.1 and 2.2 ms for 8e6.
#[inline]
pub(crate) fn stream_bytes() -> usize {
    last_level_bytes()
}

/// Orders streaming stores, which are weakly ordered, before whatever says that the chunk is done.
pub(crate) fn stream_fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has the instruction; it only orders stores.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    };
}

/// Elements of each of about `parts` equal parts of `elements`: whole cache lines of any dtype, and an even number of
/// parts, so that two cores share a short operation evenly.
#[inline]
pub(crate) fn even_part(elements: usize, parts: usize) -> usize {
    elements.div_ceil(parts.max(1).next_multiple_of(2)).next_multiple_of(LINE)
}

/// Whether an output of these strides is made of blocks that are runs of whole cache lines.
fn streams(operand: &Operand, strides: &[isize], block_rows: usize, block_cols: usize, cols: usize) -> bool {
    let item = operand.itemsize;
    let Some((&col, others)) = strides.split_last() else { return false };
    let (&row, outer) = others.split_last().unwrap_or((&0, &[]));
    let run = col == item as isize && (block_rows == 1 || (block_cols == cols && row == (cols * item) as isize));
    // Block starts are multiples of the block's or, where rows are cut, of the row's and the block's bytes, from where an
    // index of the outer axes leads.
    run && operand.data.addr().is_multiple_of(LINE)
        && (block_rows * block_cols * item).is_multiple_of(LINE)
        && (row == 0 || (row as usize * block_rows).is_multiple_of(LINE))
        && outer.iter().all(|stride| stride.unsigned_abs().is_multiple_of(LINE))
}

impl<'a> Geometry<'a> {
    /// Chooses the blocks' shape from the operands' strides, never from the number of threads.
    pub fn new(
        program: &'a Program,
        plan: &'a Plan,
        operands: &'a [Operand],
        inputs: usize,
        fresh: bool,
    ) -> Geometry<'a> {
        let axes = plan.shape.len();
        let cols = plan.shape[axes - 1];
        let rows = if axes > 1 { plan.shape[axes - 2] } else { 1 };
        let step = |operand: usize| {
            let strides = &plan.strides[operand];
            (if axes > 1 { strides[axes - 2] } else { 0 }, strides[axes - 1])
        };
        let transposed = axes > 1
            && (0..operands.len()).any(|i| {
                let (row, col) = step(i);
                row != 0 && row.unsigned_abs() < col.unsigned_abs()
            });
        // Whether no operand passes through the arena; narrow rows that lie apart do.
        let in_place = operands.iter().enumerate().all(|(i, operand)| {
            let ((row, col), item) = (step(i), operand.itemsize as isize);
            let joined = row == if col == 0 { 0 } else { cols as isize * item };
            (col == item || col == 0) && (axes == 1 || joined || cols >= ROW_CALL)
        });
        let elements: usize = plan.shape.iter().product();
        let varies = |&(i, _): &(usize, &Operand)| plan.strides[i].iter().any(|&stride| stride != 0);
        let bytes =
            elements * operands.iter().enumerate().filter(varies).map(|(_, operand)| operand.itemsize).sum::<usize>();
        let stream = fresh && bytes >= stream_bytes();
        let direct_stream = stream && program.streams;
        let limit = match (in_place, stream) {
            (false, _) => ARENA_BLOCK,
            // Rows that temporaries must hold stay in L1.
            (true, _) if !program.temporaries.is_empty() && axes > 1 && cols <= TEMPORARY_ROW => 2 * TEMPORARY_ROW,
            (true, _) if !program.temporaries.is_empty() && stream && !direct_stream => BUFFERED_STREAM_BLOCK,
            // In turns or in registers, so that the block may be long.
            (true, _) if !program.temporaries.is_empty() => DIRECT_BLOCK,
            // Expensive functions are cut finer, so that several cores can share short operations.
            (true, false) if program.cost > 0.4 => {
                ((super::CHUNK_NS / program.cost) as usize).clamp(ARENA_BLOCK, DIRECT_BLOCK)
            }
            (true, true) if direct_stream => STREAM_BLOCK,
            (true, true) => BUFFERED_STREAM_BLOCK,
            (true, false) => DIRECT_BLOCK,
        };
        let limit = if axes == 1 && in_place && cols > limit { even_part(cols, cols.div_ceil(limit)) } else { limit };
        let narrowest = operands.iter().map(|operand| operand.itemsize).min().unwrap_or(1);
        let tile_rows = TILE_ROWS.max(LINE / narrowest);
        let (block_rows, block_cols) = if transposed && rows >= 8 {
            (rows.min(tile_rows), cols.min(TILE_COLS))
        } else if cols > limit / 2 || axes == 1 {
            (1, cols.min(limit))
        } else {
            (rows.min((limit / cols.max(1)).max(1)), cols)
        };
        let by_row = block_rows > 1 && block_cols >= ROW_CALL;
        let mut row_scalars = false;
        let roles = operands
            .iter()
            .enumerate()
            .map(|(i, operand)| {
                let (row, col) = step(i);
                let item = operand.itemsize as isize;
                if col == 0 && (block_rows == 1 || row == 0 || by_row) && i < inputs {
                    row_scalars |= row != 0 && block_rows > 1;
                    Role::Scalar
                } else if stream
                    && !direct_stream
                    && i >= inputs
                    && streams(operand, &plan.strides[i], block_rows, block_cols, cols)
                {
                    Role::Stream
                } else if col == item && (block_rows == 1 || (row == cols as isize * item && block_cols == cols)) {
                    Role::Direct
                } else if col == item && by_row {
                    Role::Rows
                } else {
                    Role::Arena
                }
            })
            .collect::<SmallVec<[Role; 4]>>();
        // Without an operand whose rows lie apart or have a scalar each, whole blocks serve.
        let by_row = by_row && (roles.contains(&Role::Rows) || row_scalars);
        let direct_stream =
            direct_stream && roles[inputs..].iter().all(|role| matches!(role, Role::Direct | Role::Rows));
        Geometry {
            program,
            plan,
            operands,
            inputs,
            roles,
            rows,
            cols,
            block_rows,
            block_cols,
            by_row,
            direct_stream,
            bytes,
        }
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        let axes = self.plan.shape.len();
        let outer: usize = self.plan.shape[..axes.saturating_sub(2)].iter().product();
        outer * self.rows.div_ceil(self.block_rows.max(1)) * self.cols.div_ceil(self.block_cols.max(1))
    }

    /// Elements in a full block.
    pub fn elements_per_block(&self) -> usize {
        self.block_rows * self.block_cols
    }

    /// The inputs of which one element stands for every block, or every row of one.
    pub fn scalars(&self) -> Mask {
        let roles = self.roles[..self.inputs].iter().enumerate();
        roles.fold(0, |mask, (input, role)| mask | Mask::from(*role == Role::Scalar) << input)
    }

    /// Elements of what is computed at a time: a row, or a turn.
    pub fn piece(&self) -> usize {
        if self.by_row { self.block_cols } else { self.elements_per_block().min(STREAM_TURN) }
    }

    /// The same cut for a program with the same slots.
    #[must_use]
    pub fn with_program(self, program: &'a Program) -> Geometry<'a> {
        Geometry { program, ..self }
    }

    /// Bytes read and written, of operands that are not one element for all.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether an output is written past the caches.
    pub fn streams(&self) -> bool {
        self.direct_stream || self.roles.contains(&Role::Stream)
    }

    /// Whether the program's steps stream their results by themselves.
    pub fn streams_directly(&self) -> bool {
        self.direct_stream
    }

    /// Runs the program on each block of `range`.
    ///
    /// # Safety
    /// As [`super::run`]; no other thread runs the same blocks.
    pub unsafe fn run_blocks(&self, op: &'static str, range: Range<usize>) -> Result<()> {
        arena::scope(op, |scope| {
            let elements = self.elements_per_block();
            let mut slots: Addresses = SmallVec::new();
            let mut buffers: Addresses = SmallVec::new();
            for (operand, role) in self.operands.iter().zip(&self.roles) {
                buffers.push(match role {
                    Role::Arena | Role::Stream => scope.bytes(elements * operand.itemsize)?,
                    _ => std::ptr::null_mut(),
                });
            }
            slots.resize(self.inputs, std::ptr::null_mut());
            let piece = self.piece();
            for &itemsize in &self.program.temporaries {
                slots.push(scope.bytes(piece * itemsize)?);
            }
            slots.resize(slots.len() + self.operands.len() - self.inputs, std::ptr::null_mut());
            for block in range.clone() {
                // SAFETY: the caller's promise; the buffers hold a full block each.
                unsafe { self.run_block(block, &mut slots, &buffers) };
            }
            if self.streams() {
                stream_fence();
            }
            Ok(())
        })
    }

    /// The slot of an operand: inputs stand before the temporaries, outputs behind.
    #[inline]
    fn slot(&self, operand: usize) -> usize {
        if operand < self.inputs { operand } else { operand + self.program.temporaries.len() }
    }

    unsafe fn run_block(&self, block: usize, slots: &mut [*mut u8], buffers: &[*mut u8]) {
        let axes = self.plan.shape.len();
        let col_blocks = self.cols.div_ceil(self.block_cols);
        let row_blocks = self.rows.div_ceil(self.block_rows);
        let first_col = block % col_blocks * self.block_cols;
        let first_row = block / col_blocks % row_blocks * self.block_rows;
        let outer = block / col_blocks / row_blocks;
        let rows = self.block_rows.min(self.rows - first_row);
        let cols = self.block_cols.min(self.cols - first_col);

        let mut sources: Addresses = SmallVec::new();
        let mut scalars: Mask = 0;
        for (i, operand) in self.operands.iter().enumerate() {
            let strides = &self.plan.strides[i];
            let col_step = strides[axes - 1];
            let row_step = if axes > 1 { strides[axes - 2] } else { 0 };
            let mut offset = first_col as isize * col_step + first_row as isize * row_step;
            let mut rest = outer;
            for axis in (0..axes.saturating_sub(2)).rev() {
                offset += (rest % self.plan.shape[axis]) as isize * strides[axis];
                rest /= self.plan.shape[axis];
            }
            let source = operand.data.wrapping_offset(offset);
            sources.push(source);
            let slot = self.slot(i);
            match self.roles[i] {
                Role::Scalar => {
                    scalars |= 1 << slot;
                    slots[slot] = source;
                }
                Role::Direct | Role::Rows => slots[slot] = source,
                Role::Arena | Role::Stream => {
                    slots[slot] = buffers[i];
                    if i < self.inputs {
                        let item = operand.itemsize as isize;
                        // SAFETY: the source block lies in the operand, the buffer holds a full block.
                        unsafe {
                            ffi::copy(operand.itemsize)(
                                source,
                                row_step,
                                col_step,
                                buffers[i],
                                cols as isize * item,
                                item,
                                rows,
                                cols,
                            );
                        }
                    }
                }
            }
        }
        let streams = self.roles[self.inputs..].contains(&Role::Stream);
        let in_turns = !self.by_row && (streams || self.program.uses_temporaries());
        if self.by_row {
            // Streamed outputs leave the buffer a few rows at a time, in whole cache lines.
            let (mut held, mut sent) = (0, 0);
            for row in 0..rows {
                if row > 0 {
                    for (i, operand) in self.operands.iter().enumerate() {
                        let slot = self.slot(i);
                        let step = match self.roles[i] {
                            Role::Scalar | Role::Rows => self.plan.strides[i][axes - 2],
                            Role::Direct | Role::Arena | Role::Stream => (cols * operand.itemsize) as isize,
                        };
                        slots[slot] = slots[slot].wrapping_offset(step);
                    }
                }
                // SAFETY: each slot points to `cols` elements of this row, or one scalar.
                unsafe { self.program.run(slots, self.inputs, cols, scalars, self.direct_stream) };
                held += cols;
                let last = row + 1 == rows;
                if streams && (last || (held >= STREAM_TURN && self.whole_lines(held))) {
                    // SAFETY: the buffers hold `held` elements; the destinations are this block's own.
                    unsafe { self.stream_out(buffers, &sources, sent, held) };
                    sent += held;
                    held = 0;
                    for i in self.inputs..self.operands.len() {
                        if self.roles[i] == Role::Stream {
                            // One row before the buffer: the next row's step leads to its start.
                            let back = cols * self.operands[i].itemsize;
                            slots[self.slot(i)] = buffers[i].wrapping_sub(back);
                        }
                    }
                }
            }
        } else if in_turns {
            // SAFETY: as below, and the streamed outputs' destinations follow the sources.
            unsafe { self.run_turns(slots, buffers, &sources, rows * cols, scalars) };
        } else {
            // SAFETY: each slot points to the whole block, or one scalar.
            unsafe { self.program.run(slots, self.inputs, rows * cols, scalars, self.direct_stream) };
        }
        for i in self.inputs..self.operands.len() {
            if self.roles[i] == Role::Arena {
                let item = self.operands[i].itemsize as isize;
                let strides = &self.plan.strides[i];
                let row_step = if axes > 1 { strides[axes - 2] } else { 0 };
                // SAFETY: the buffer holds the block, the destination is the operand's own.
                unsafe {
                    ffi::copy(self.operands[i].itemsize)(
                        buffers[i],
                        cols as isize * item,
                        item,
                        sources[i],
                        row_step,
                        strides[axes - 1],
                        rows,
                        cols,
                    );
                }
            }
        }
    }

    /// Whether `n` elements of each streamed output are whole cache lines.
    fn whole_lines(&self, n: usize) -> bool {
        let mut outputs = self.operands.iter().zip(&self.roles).skip(self.inputs);
        outputs.all(|(operand, role)| *role != Role::Stream || (n * operand.itemsize).is_multiple_of(64))
    }

    /// Runs a block in turns, so that temporaries stay in L1, streaming each turn's results out of the
    /// start of the buffers.
    unsafe fn run_turns(
        &self,
        slots: &mut [*mut u8],
        buffers: &[*mut u8],
        destinations: &[*mut u8],
        elements: usize,
        scalars: Mask,
    ) {
        let mut done = 0;
        while done < elements {
            let n = STREAM_TURN.min(elements - done);
            // SAFETY: each slot points to `n` elements from `done` on, or one scalar, or a buffer.
            unsafe { self.program.run(slots, self.inputs, n, scalars, self.direct_stream) };
            // SAFETY: the buffers hold `n` elements; the destinations are this block's own.
            unsafe { self.stream_out(buffers, destinations, done, n) };
            for (i, operand) in self.operands.iter().enumerate() {
                if !matches!(self.roles[i], Role::Scalar | Role::Stream) {
                    let slot = self.slot(i);
                    slots[slot] = slots[slot].wrapping_add(n * operand.itemsize);
                }
            }
            done += n;
        }
    }

    /// Streams `n` elements from the start of each streamed output's buffer to its destination, from
    /// element `first` of the block on.
    unsafe fn stream_out(&self, buffers: &[*mut u8], destinations: &[*mut u8], first: usize, n: usize) {
        for i in self.inputs..self.operands.len() {
            if self.roles[i] == Role::Stream {
                let itemsize = self.operands[i].itemsize;
                // SAFETY: `streams` checked the block's alignment; what came before is whole lines.
                unsafe {
                    ffi::stream()(buffers[i], destinations[i].wrapping_add(first * itemsize), n * itemsize);
                }
            }
        }
    }
}
