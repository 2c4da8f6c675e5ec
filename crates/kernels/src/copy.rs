//! Copies between tensors of one dtype: element to element, without a block in between.

use corepy_core::plan::{Plan, memory_order, plan};
use corepy_core::reduction_plan::Axes;
use corepy_core::{Result, Tensor, scheduler};

use crate::ffi;

/// Bytes that a chunk writes, more or less.
const CHUNK_BYTES: usize = 65_536;
/// Nanoseconds per byte of adjacent elements, on one core.
const BYTE_NS: f32 = 0.03;
/// Nanoseconds per element that lies apart from its neighbours, on one side or both.
const ELEMENT_NS: f32 = 0.3;
/// Rows and columns of a unit whose source is walked across its rows.
const TILE: usize = 64;
/// Elements whose bytes are whole cache lines: rows are cut at multiples of them.
const LINE: usize = 64;

/// The walk of a copy: rows and columns are the two innermost axes, squares the others.
pub(crate) struct Copy {
    data: (*mut u8, *const u8),
    item: usize,
    rows: usize,
    cols: usize,
    /// Whether the source's columns are what lies in one piece.
    across: bool,
    /// In bytes, of rows and of columns; first the destination's.
    row: (isize, isize),
    col: (isize, isize),
    squares: usize,
    outer: (Axes, Axes),
}

// SAFETY: only `run` uses the addresses, whose caller answers for them.
unsafe impl Sync for Copy {}

impl Copy {
    /// The copy of `from` to `to`, of one shape and dtype; `None` if one of them is walked across its rows, which blocks
    /// do better, unless the source's columns lie in one piece each.
    pub fn new(to: &Tensor, from: &Tensor) -> Option<Copy> {
        let order = memory_order(to.shape(), &[to.strides(), from.strides()]);
        Copy::over(&plan(to.shape(), &order, &[from.strides(), to.strides()]), to, from.data())
    }

    /// The same over a plan of source and destination, in this order; the source's origin is `from`.
    pub fn over(plan: &Plan, to: &Tensor, from: *const u8) -> Option<Copy> {
        let Plan { shape, strides } = plan;
        let last = shape.len() - 1;
        let (rows, cols) = (if last > 0 { shape[last - 1] } else { 1 }, shape[last]);
        let row = |strides: &[isize]| if last > 0 { strides[last - 1] } else { 0 };
        let row = (row(&strides[1]), row(&strides[0]));
        let col = (strides[1][last], strides[0][last]);
        let is_across = |row: isize, col: isize| row != 0 && row.unsigned_abs() < col.unsigned_abs();
        let item = to.dtype().itemsize() as isize;
        let across = is_across(row.1, col.1);
        // The kernel transposes columns that lie in one piece each.
        if is_across(row.0, col.0) || across && (row.1 != item || col.0 != item) {
            return None;
        }
        let outer = last.saturating_sub(1);
        let axes = |strides: &[isize]| Axes { shape: shape[..outer].into(), strides: strides[..outer].into() };
        Some(Copy {
            data: (to.data(), from),
            item: to.dtype().itemsize(),
            rows,
            cols,
            across,
            row,
            col,
            squares: shape[..outer].iter().product(),
            outer: (axes(&strides[1]), axes(&strides[0])),
        })
    }

    /// Copies, shared by threads.
    ///
    /// # Safety
    /// The tensors live, and overlap nowhere but element on element.
    pub unsafe fn run(&self, op: &'static str) -> Result<()> {
        let &Copy { item, rows, cols, across, row, col, squares, .. } = self;
        // A unit is some rows of a square, or a part of one row.
        let per_row = (cols * item).div_ceil(CHUNK_BYTES).max(1);
        let part = match across {
            true => cols.min(TILE),
            false if per_row > 1 => cols.div_ceil(per_row).next_multiple_of(LINE),
            false => cols,
        };
        let parts = cols.div_ceil(part.max(1));
        let height = if across { TILE } else { CHUNK_BYTES / (part * item).max(1) }.clamp(1, rows.max(1));
        let heights = rows.div_ceil(height);
        let units = squares * heights * parts;
        let per_chunk = (CHUNK_BYTES / (height * part * item).max(1)).max(1);
        let elements = squares * rows * cols;
        let adjacent = item as isize;
        let work = if col.0 == adjacent && col.1.abs() == adjacent {
            (elements * item) as f32 * BYTE_NS
        } else {
            elements as f32 * ELEMENT_NS
        };
        let kernel = ffi::copy(item);
        let chunks = units.div_ceil(per_chunk);
        let parallel = chunks > 1 && scheduler::worth_parallel(work as u64);
        scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
            for unit in chunk * per_chunk..units.min((chunk + 1) * per_chunk) {
                let (first_col, band) = (unit % parts * part, unit / parts);
                let (first_row, square) = (band % heights * height, band / heights);
                let start = |outer: &Axes, row: isize, col: isize| {
                    outer.offset(square) + row * first_row as isize + col * first_col as isize
                };
                let target = self.data.0.wrapping_offset(start(&self.outer.0, row.0, col.0));
                let source = self.data.1.wrapping_offset(start(&self.outer.1, row.1, col.1));
                let (rows, cols) = (height.min(rows - first_row), part.min(cols - first_col));
                // SAFETY: the plan walks the tensors' own elements; the caller answers for overlap.
                unsafe { kernel(source, row.1, col.1, target, row.0, col.0, rows, cols) };
            }
            Ok(())
        })
    }
}
