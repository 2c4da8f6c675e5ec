//! Products of matrices in cache-sized blocks of packed panels.

use corepy_core::{Result, arena, scheduler};

use super::{Product, small};
use crate::ffi::{self, GemmBlock, GemmKernels};

/// Depth of a block: a panel of `b`, 256 rows of 128 bytes, fills L1 while panels of `a` stream past.
const DEPTH: usize = 256;
/// Bytes of a packed block of `a`: it stays in L2 while all panels of `b` pass.
const LEFT_BYTES: usize = 384 << 10;
/// Columns of a packed block of `b`: with [`DEPTH`], 4 MiB of float64 at most, of the last-level cache.
const RIGHT_COLS: usize = 2048;
/// Up to this many elements `b` is read in place where its rows are contiguous: packing it would cost
/// more than the lines that rows far apart evict from L1.
const IN_PLACE: usize = 96 * 96;
/// Nanoseconds of work for which a thread is given a tile of its own.
const TILE_NS: f32 = 30_000.0;

/// Runs a product on all threads that it is worth.
pub(super) fn run(op: &'static str, product: &Product) -> Result<()> {
    let cost = product.cost();
    if !scheduler::worth_parallel(cost as u64) {
        // SAFETY: the whole product, on this thread.
        return unsafe { run_tile(op, product) };
    }
    let kernels = ffi::gemm(product.dtype);
    let threads = scheduler::num_threads();
    // Several tiles per thread, where they are long, so that a thread that comes late has less to do.
    let per_thread = ((cost / threads as f32 / TILE_NS) as usize).clamp(1, 4);
    let (rows, cols) = grid(product, &kernels, threads * per_thread);
    let (row_tiles, col_tiles) = (product.m.div_ceil(rows), product.n.div_ceil(cols));
    scheduler::for_each_chunk(op, row_tiles * col_tiles, true, &|tile| {
        // Tiles that follow one another share columns of `b`.
        let (row, col) = (tile % row_tiles * rows, tile / row_tiles * cols);
        let item = product.dtype.itemsize();
        let part = Product {
            a: product.a.wrapping_offset(row as isize * product.a_row),
            b: product.b.wrapping_offset(col as isize * product.b_col),
            c: product.c.wrapping_add((row * product.n + col) * item),
            m: rows.min(product.m - row),
            n: cols.min(product.n - col),
            ..*product
        };
        // SAFETY: tiles are disjoint parts of the result.
        unsafe { run_part(op, &part, product.n * item) }
    })
}

/// The sizes of about `tiles` tiles, near squares, in units of the narrowest panels.
fn grid(product: &Product, kernels: &GemmKernels, tiles: usize) -> (usize, usize) {
    let (mut row_tiles, mut col_tiles) = (1, 1);
    while row_tiles * col_tiles < tiles {
        let rows = product.m.div_ceil(row_tiles * 2);
        let cols = product.n.div_ceil(col_tiles * 2);
        if rows < kernels.rows && cols < kernels.cols {
            break;
        }
        // Splitting rows packs `b` again, splitting columns packs `a` again: the larger side is halved.
        if rows >= cols || cols < kernels.cols {
            row_tiles *= 2;
        } else {
            col_tiles *= 2;
        }
    }
    (
        product.m.div_ceil(row_tiles).next_multiple_of(kernels.row_step),
        product.n.div_ceil(col_tiles).next_multiple_of(kernels.cols),
    )
}

/// Runs a whole product on this thread.
///
/// # Safety
/// As [`run_part`].
pub(super) unsafe fn run_tile(op: &'static str, product: &Product) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { run_part(op, product, product.n * product.dtype.itemsize()) }
}

/// Runs a product whose result's rows are `c_row` bytes apart.
///
/// # Safety
/// The matrices lie in memory that lives, and nobody else writes the result.
unsafe fn run_part(op: &'static str, product: &Product, c_row: usize) -> Result<()> {
    if product.is_small() {
        // SAFETY: the caller's promise.
        return unsafe { small::run(op, product, [0, 0], 1, c_row) };
    }
    let kernels = ffi::gemm(product.dtype);
    let (Some(pack_a), Some(pack_b), Some(run)) = (kernels.pack_a, kernels.pack_b, kernels.run) else {
        unreachable!("bool is computed in integers");
    };
    let Product { m, n, k, .. } = *product;
    let item = product.dtype.itemsize();
    let in_place = kernels.parts == 1 && product.b_col == item as isize && n * k <= IN_PLACE;
    let depth = k.min(if in_place { 2 * DEPTH } else { DEPTH });
    let left_rows =
        (LEFT_BYTES / (depth * item)).max(1).next_multiple_of(kernels.rows).min(m.next_multiple_of(kernels.row_step));
    let right_cols = if in_place { n } else { RIGHT_COLS.min(n) };
    // Where the last columns fill whole vectors, those too are read in place.
    let tail_cols = if (n % kernels.cols).is_multiple_of(kernels.width) { 0 } else { n % kernels.cols };
    let right_packed = if in_place { kernels.cols } else { right_cols.next_multiple_of(kernels.cols) };
    arena::scope(op, |scope| {
        let left = scope.elements(left_rows * depth, item)?;
        let right = scope.elements(right_packed * depth, item)?;
        for first_col in (0..n).step_by(right_cols) {
            let cols = right_cols.min(n - first_col);
            for first_k in (0..k).step_by(depth) {
                let depth = depth.min(k - first_k);
                let b =
                    product.b.wrapping_offset(first_k as isize * product.b_row + first_col as isize * product.b_col);
                // SAFETY: the panels have room for whole multiples of their widths.
                unsafe {
                    if !in_place {
                        pack_b(b, product.b_row, product.b_col, depth, cols, right);
                    } else if tail_cols > 0 {
                        let tail = b.wrapping_offset((n - tail_cols) as isize * product.b_col);
                        pack_b(tail, product.b_row, product.b_col, depth, tail_cols, right);
                    }
                }
                for first_row in (0..m).step_by(left_rows) {
                    let rows = left_rows.min(m - first_row);
                    let a = product
                        .a
                        .wrapping_offset(first_row as isize * product.a_row + first_k as isize * product.a_col);
                    let block = GemmBlock {
                        a: left,
                        b: if in_place { b } else { right },
                        b_tail: if in_place && tail_cols > 0 { right } else { std::ptr::null() },
                        b_panel: if in_place { kernels.cols } else { kernels.cols * kernels.parts * depth } as isize,
                        b_step: if in_place {
                            product.b_row / item as isize
                        } else {
                            (kernels.cols * kernels.parts) as isize
                        },
                        c: product.c.wrapping_add(first_row * c_row + first_col * item),
                        c_row: c_row as isize,
                        m: rows,
                        n: cols,
                        k: depth,
                        accumulate: u32::from(first_k > 0),
                    };
                    // SAFETY: both operands' blocks are packed, or lie in place in whole panels; the
                    // result's block is this thread's own.
                    unsafe {
                        pack_a(a, product.a_row, product.a_col, rows, depth, left);
                        run(&raw const block);
                    }
                }
            }
        }
        Ok(())
    })
}
