//! Products of small matrices, read where they lie; a run of a stack is one call of a kernel.

use corepy_core::{Result, arena};

use super::Product;
use crate::ffi::{self, SmallProducts};

/// Bytes of either operand: both stay in L1 while each row of one meets each column of the other.
const BYTES: usize = 32 << 10;
/// Depth up to which rows that lie a power of two apart do not evict one another from L1.
const DEPTH: usize = 256;

impl Product {
    /// Whether kernels for small matrices serve: neither side is a vector, and both fit L1.
    pub(super) fn is_small(&self) -> bool {
        let item = self.dtype.itemsize();
        self.k <= DEPTH && self.m * self.k * item <= BYTES && self.k * self.n * item <= BYTES
    }

    /// Estimated nanoseconds on one core of a product that [`Product::is_small`].
    pub(super) fn small_cost(&self) -> f32 {
        let packed = if self.b_col == self.dtype.itemsize() as isize { 0.0 } else { 0.5 * (self.k * self.n) as f32 };
        5.0 + self.arithmetic() + 0.05 * (self.m * self.n) as f32 + packed
    }
}

/// Runs `count` products like `first`, whose operands lie `a_item` and `b_item` bytes apart, into results one after
/// the other, rows `c_row` bytes apart.
///
/// # Safety
/// [`Product::is_small`]; the matrices lie in memory that lives, and nobody else writes the results.
pub(super) unsafe fn run(
    op: &'static str,
    first: &Product,
    [a_item, b_item]: [isize; 2],
    count: usize,
    c_row: usize,
) -> Result<()> {
    let Product { m, n, k, .. } = *first;
    let Some(kernel) = ffi::gemm_small(first.dtype) else { unreachable!("bool is computed in integers") };
    let item = first.dtype.itemsize();
    let all = SmallProducts {
        a: first.a,
        b: first.b,
        c: first.c,
        a_item,
        b_item,
        c_item: (m * c_row) as isize,
        a_row: first.a_row,
        a_col: first.a_col,
        b_row: first.b_row,
        c_row: c_row as isize,
        m,
        n,
        k,
        count,
    };
    if first.b_col == item as isize || n == 1 {
        // SAFETY: the caller's promise; rows of `b` are contiguous.
        unsafe { kernel(&raw const all) };
        return Ok(());
    }
    arena::scope(op, |scope| {
        let rows = scope.elements(k * n, item)?;
        let copy = ffi::copy(item);
        let b_row = (n * item) as isize;
        // One copy serves all products with the same matrix.
        let per_copy = if b_item == 0 { count } else { 1 };
        for at in (0..count).step_by(per_copy) {
            let offset = at as isize;
            // SAFETY: the matrix's own elements; the buffer holds k × n.
            unsafe {
                let b = first.b.wrapping_offset(offset * b_item);
                copy(b, first.b_row, first.b_col, rows, b_row, item as isize, k, n);
                kernel(&SmallProducts {
                    a: first.a.wrapping_offset(offset * a_item),
                    b: rows,
                    c: first.c.wrapping_offset(offset * all.c_item),
                    b_item: 0,
                    b_row,
                    count: per_copy,
                    ..all
                });
            }
        }
        Ok(())
    })
}
