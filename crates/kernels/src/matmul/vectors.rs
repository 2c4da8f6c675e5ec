//! Products with a vector: dots of rows, or combinations of them, whichever walks memory in order.

use corepy_core::{Result, arena, scheduler};

use super::Product;
use crate::ffi;

/// Nanoseconds of work that a chunk should hold.
const CHUNK_NS: f32 = 10_000.0;
/// Columns that are combined at a time: a row's part is a run that the prefetcher follows, and the
/// chunks are enough for all threads.
const COLS: usize = 1024;

/// A matrix in memory and a vector.
#[derive(Clone, Copy)]
struct Pair {
    matrix: *const u8,
    /// From one element of the result to the next, in bytes.
    row: isize,
    /// Along the sum.
    col: isize,
    vector: *const u8,
    step: isize,
    rows: usize,
    n: usize,
    out: *mut u8,
}

// SAFETY: the pointers are into tensors that outlive the operation; threads write disjoint parts.
unsafe impl Send for Pair {}
// SAFETY: as above.
unsafe impl Sync for Pair {}

impl Product {
    /// Whether one side is a vector, so that kernels for those serve.
    pub(super) fn is_by_vector(&self) -> bool {
        let item = self.dtype.itemsize() as isize;
        let pair = self.pair();
        (self.m == 1 || self.n == 1) && (pair.col == item || pair.row == item || self.k == 1 || pair.rows == 1)
    }

    fn pair(&self) -> Pair {
        if self.n == 1 {
            Pair {
                matrix: self.a,
                row: self.a_row,
                col: self.a_col,
                vector: self.b,
                step: self.b_row,
                rows: self.m,
                n: self.k,
                out: self.c,
            }
        } else {
            Pair {
                matrix: self.b,
                row: self.b_col,
                col: self.b_row,
                vector: self.a,
                step: self.a_col,
                rows: self.n,
                n: self.k,
                out: self.c,
            }
        }
    }
}

/// Runs a product of which [`Product::is_by_vector`] holds.
pub(super) fn run(op: &'static str, product: &Product, parallel: bool) -> Result<()> {
    let item = product.dtype.itemsize();
    let kernels = ffi::products(product.dtype);
    let (Some(dot), Some(combine)) = (kernels.dot, kernels.combine_rows) else {
        unreachable!("bool is computed in integers");
    };
    let mut pair = product.pair();
    let by_rows = pair.col == item as isize || pair.n == 1 || pair.rows == 1;
    let compute = |pair: &Pair, first: usize, count: usize| {
        let matrix = pair.matrix.wrapping_offset(first as isize * pair.row);
        let out = pair.out.wrapping_add(first * item);
        // SAFETY: rows and columns are the matrix's own, those along which kernels run are contiguous; chunks write
        // disjoint parts of the result.
        unsafe {
            if by_rows {
                dot(matrix, pair.row, pair.vector, 0, count, pair.n, out);
            } else {
                combine(matrix, pair.col, pair.vector, pair.n, count, out);
            }
        }
    };
    let cost = product.cost();
    let parallel = parallel && scheduler::worth_parallel(cost as u64);
    let contiguous = |step: isize| step == item as isize || pair.n == 1;
    let in_place = contiguous(pair.step) && (pair.rows > 1 || contiguous(pair.col));
    if in_place && !parallel {
        compute(&pair, 0, pair.rows);
        return Ok(());
    }
    arena::scope(op, |scope| {
        let gather = |data: *const u8, step: isize, n: usize| -> Result<*const u8> {
            if step == item as isize || n == 1 {
                return Ok(data);
            }
            let buffer = scope.elements(n, item)?;
            // SAFETY: the vector's own elements; the buffer holds n.
            unsafe { ffi::copy(item)(data, 0, step, buffer, 0, item as isize, 1, n) };
            Ok(buffer)
        };
        pair.vector = gather(pair.vector, pair.step, pair.n)?;
        if pair.rows == 1 {
            pair.matrix = gather(pair.matrix, pair.col, pair.n)?;
        }
        let pair = pair;
        let unit = if by_rows { ((CHUNK_NS / (cost / pair.rows as f32)) as usize).max(1) } else { COLS };
        scheduler::for_each_chunk(op, pair.rows.div_ceil(unit), parallel, &|chunk| {
            let first = chunk * unit;
            let whole = &pair;
            compute(whole, first, unit.min(whole.rows - first));
            Ok(())
        })
    })
}
