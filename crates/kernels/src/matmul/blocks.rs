//! Products of matrices in cache-sized blocks of packed panels.

use corepy_core::{Result, arena, scheduler};

use super::{Product, small};
use crate::exec::second_level_bytes;
use crate::ffi::{self, GemmBlock, GemmKernels};

/// Depth of a block: a panel of `b`, 256 rows of a tile's width, lies in L1 or comes from L2 while panels of `a` pass.
const DEPTH: usize = 256;
/// The least and the most bytes of a packed block of `a`; see [`left_bytes`].
const LEFT_BYTES: (usize, usize) = (128 << 10, 384 << 10);
/// Columns of a packed block of `b`: with [`DEPTH`], 4 MiB of float64 at most, of the last-level cache.
const RIGHT_COLS: usize = 2048;
/// Up to this many elements `b` is read in place where its rows are contiguous: packing it would cost
/// more than the lines that rows far apart evict from L1.
const IN_PLACE: usize = 96 * 96;
/// Nanoseconds of work for which a thread is given a tile of its own.
const TILE_NS: f32 = 30_000.0;

/// Nanoseconds of work from which threads pack for one another: below, meeting costs more than packing twice.
const SHARED_NS: f32 = 1_000_000.0;
/// Depth of a block that threads share: the sums in memory are read and written once per block, which costs more than
/// a panel of `b` that overflows L1. On a Zen 4, 2000 × 2000 float64 on one thread: 51.7 GFLOP/s at 256, 54.5 at 512;
/// 53.2 and 55.8 with the sums prefetched; the peak is 59.1.
const SHARED_DEPTH: usize = 512;
/// Rows of a shared block of `a`: with [`SHARED_DEPTH`], 8 MiB of float64 at most, of the last-level cache.
const SHARED_ROWS: usize = 2048;
/// Columns that a thread packs at a time.
const PACK_COLS: usize = 128;
/// Tiles per thread in a shared block: the last ones end nearly together.
const SHARED_TILES: usize = 16;

/// Runs a product on all threads that it is worth.
pub(super) fn run(op: &'static str, product: &Product) -> Result<()> {
    let cost = product.cost();
    if !scheduler::worth_parallel(cost as u64) {
        // SAFETY: the whole product, on this thread.
        return unsafe { run_tile(op, product) };
    }
    let kernels = ffi::gemm(product.dtype);
    let threads = scheduler::num_threads();
    if cost >= SHARED_NS {
        return run_shared(op, product, &kernels, threads);
    }
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

/// Bytes of a packed block of `a`: it stays in L2, of which it takes three eighths, while all panels of `b` pass. On a Zen 3
/// with 512 KiB, 2000 × 2000 float64 beside other work: 43.6 GFLOP/s with 384 KiB, 47.1 with 128; alike when all is quiet.
fn left_bytes() -> usize {
    let (least, most) = LEFT_BYTES;
    (second_level_bytes() / 8 * 3).clamp(least, most)
}

/// Memory that all threads pack into.
#[derive(Clone, Copy)]
struct Packed(*mut u8);

// SAFETY: threads write disjoint parts, and read when all are written.
unsafe impl Send for Packed {}
// SAFETY: as above.
unsafe impl Sync for Packed {}

impl Packed {
    fn at(&self, bytes: usize) -> *mut u8 {
        self.0.wrapping_add(bytes)
    }
}

/// `total` in equal pieces of at most about `most`, in units.
fn piece(total: usize, most: usize, unit: usize) -> usize {
    total.div_ceil(total.div_ceil(most)).next_multiple_of(unit)
}

/// Runs a product in blocks that all threads pack together and then multiply, tile by tile: every element is packed
/// once, and a thread that is held up takes fewer tiles.
fn run_shared(op: &'static str, product: &Product, kernels: &GemmKernels, threads: usize) -> Result<()> {
    let (Some(pack_a), Some(pack_b), Some(run)) = (kernels.pack_a, kernels.pack_b, kernels.run) else {
        unreachable!("bool is computed in integers");
    };
    let Product { m, n, k, .. } = *product;
    let item = product.dtype.itemsize();
    let all_depth = piece(k, SHARED_DEPTH, 1);
    let all_rows = piece(m, SHARED_ROWS, kernels.rows);
    let all_cols = piece(n, RIGHT_COLS, kernels.cols);
    let tile_rows = piece(all_rows, (left_bytes() / (all_depth * item)).max(kernels.rows), kernels.rows);
    let col_tiles = (SHARED_TILES * threads).div_ceil(all_rows.div_ceil(tile_rows));
    let tile_cols = all_cols.div_ceil(col_tiles).next_multiple_of(kernels.cols);
    arena::scope(op, |scope| {
        let left = Packed(scope.elements(all_rows * all_depth, item)?);
        let right = Packed(scope.elements(all_cols * all_depth, item)?);
        for first_col in (0..n).step_by(all_cols) {
            let cols = all_cols.min(n - first_col);
            for first_k in (0..k).step_by(all_depth) {
                let depth = all_depth.min(k - first_k);
                for first_row in (0..m).step_by(all_rows) {
                    let rows = all_rows.min(m - first_row);
                    let row_tiles = rows.div_ceil(tile_rows);
                    let a = |row: usize| {
                        let (row, col) = ((first_row + row) as isize, first_k as isize);
                        product.a.wrapping_offset(row * product.a_row + col * product.a_col)
                    };
                    let b = |col: usize| {
                        let (row, col) = (first_k as isize, (first_col + col) as isize);
                        product.b.wrapping_offset(row * product.b_row + col * product.b_col)
                    };
                    let pack_cols = PACK_COLS.next_multiple_of(kernels.cols);
                    // The columns stay packed for all rows.
                    let col_packs = if first_row == 0 { cols.div_ceil(pack_cols) } else { 0 };
                    scheduler::for_each_chunk(op, row_tiles + col_packs, true, &|chunk| {
                        // SAFETY: chunks pack disjoint panels, each with room for its whole width.
                        unsafe {
                            if chunk < col_packs {
                                let col = chunk * pack_cols;
                                let count = pack_cols.min(cols - col);
                                let packed = right.at(col * depth * item);
                                pack_b(b(col), product.b_row, product.b_col, depth, count, packed);
                            } else {
                                let row = (chunk - col_packs) * tile_rows;
                                let count = tile_rows.min(rows - row);
                                let packed = left.at(row * depth * item);
                                pack_a(a(row), product.a_row, product.a_col, count, depth, packed);
                            }
                        }
                        Ok(())
                    })?;
                    let col_tiles = cols.div_ceil(tile_cols);
                    scheduler::for_each_chunk(op, row_tiles * col_tiles, true, &|chunk| {
                        // Tiles that follow one another share rows, which stay in L2.
                        let (row, col) = (chunk / col_tiles * tile_rows, chunk % col_tiles * tile_cols);
                        let block = GemmBlock {
                            a: left.at(row * depth * item),
                            b: right.at(col * depth * item),
                            b_tail: std::ptr::null(),
                            b_panel: (kernels.cols * kernels.parts * depth) as isize,
                            b_step: (kernels.cols * kernels.parts) as isize,
                            c: product.c.wrapping_add(((first_row + row) * n + first_col + col) * item),
                            c_row: (n * item) as isize,
                            m: tile_rows.min(rows - row),
                            n: tile_cols.min(cols - col),
                            k: depth,
                            accumulate: u32::from(first_k > 0),
                        };
                        // SAFETY: all panels are packed; tiles are disjoint parts of the result.
                        unsafe { run(&raw const block) };
                        Ok(())
                    })?;
                }
            }
        }
        Ok(())
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
        (left_bytes() / (depth * item)).max(1).next_multiple_of(kernels.rows).min(m.next_multiple_of(kernels.row_step));
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
