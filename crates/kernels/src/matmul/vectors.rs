//! Products with a vector: dots of rows, or combinations of them, whichever walks memory in order.

use corepy_core::arena::Scope;
use corepy_core::{DType, Result, arena, scheduler};

use super::Product;
use crate::ffi;

/// Nanoseconds of work that a chunk should hold, as estimated for memory; from the last-level cache it takes a fifth.
const CHUNK_NS: f32 = 30_000.0;
/// Columns that are combined at a time: a row's part is a run that the prefetcher follows, and the
/// chunks are enough for all threads.
const COLS: usize = 1024;

/// Rows that share the loads of the vector.
const ROWS: usize = 4;

/// Elements of a row that are summed by themselves: long rows are shared among threads, and short enough that a run
/// of the vector stays in L2 from row to row.
const RUN: usize = 1 << 15;

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
    let is_long = by_rows && pair.n > RUN;
    if in_place && !parallel && !is_long {
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
        if is_long {
            return long_rows(op, scope, pair, product.dtype, parallel);
        }
        let pair = pair;
        let unit = if by_rows {
            ((CHUNK_NS / (cost / pair.rows as f32)) as usize).max(1).next_multiple_of(ROWS)
        } else {
            COLS
        };
        scheduler::for_each_chunk(op, pair.rows.div_ceil(unit), parallel, &|chunk| {
            let first = chunk * unit;
            let whole = &pair;
            compute(whole, first, unit.min(whole.rows - first));
            Ok(())
        })
    })
}

/// Dots of long contiguous rows: runs of [`RUN`] elements, whose sums are added in ascending order, whatever the
/// number of rows and threads.
fn long_rows(op: &'static str, scope: &Scope<'_>, pair: Pair, dtype: DType, parallel: bool) -> Result<()> {
    let (item, real) = (dtype.itemsize(), dtype.real());
    let (Some(dot), Some(combine)) = (ffi::products(dtype).dot, ffi::products(real).combine_rows) else {
        unreachable!("bool is computed in integers");
    };
    let runs = pair.n.div_ceil(RUN);
    let groups = pair.rows.div_ceil(ROWS);
    let sums = Pair { out: scope.elements(runs * pair.rows, item)?, ..pair };
    scheduler::for_each_chunk(op, runs * groups, parallel, &|chunk| {
        let whole = &sums;
        let (first, row) = (chunk / groups * RUN, chunk % groups * ROWS);
        let matrix = whole.matrix.wrapping_offset(row as isize * whole.row).wrapping_add(first * item);
        let vector = whole.vector.wrapping_add(first * item);
        let out = whole.out.wrapping_add((chunk / groups * whole.rows + row) * item);
        // SAFETY: rows and vector are contiguous; chunks write disjoint parts of the sums.
        unsafe { dot(matrix, whole.row, vector, 0, ROWS.min(whole.rows - row), RUN.min(whole.n - first), out) };
        Ok(())
    })?;
    // The runs' sums are rows of a matrix of components, combined with factors of 1.
    let width = real.itemsize();
    let ones = scope.elements(runs, width)?;
    let one = match real {
        DType::Float32 => u64::from(1_f32.to_bits()),
        DType::Float64 => 1_f64.to_bits(),
        _ => 1,
    };
    let columns = pair.rows * item / width;
    // SAFETY: the buffer holds `runs` numbers; the sums are `runs` rows of `columns` components, as many as the result.
    unsafe {
        for run in 0..runs {
            ones.add(run * width).copy_from_nonoverlapping(one.to_le_bytes().as_ptr(), width);
        }
        combine(sums.out, (pair.rows * item) as isize, ones, runs, columns, pair.out);
    }
    Ok(())
}
