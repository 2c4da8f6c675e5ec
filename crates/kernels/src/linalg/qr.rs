//! QR decompositions.

use corepy_core::{Result, Tensor};
use faer::dyn_stack::{MemStack, StackReq};
use faer::linalg::householder;
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::linalg::temp_mat_scratch;
use faer::{Conj, MatMut, Par};

use super::element::{Element, with_element};
use super::stack::{self, Results, Stack, by_rows, copy_across, for_each_matrix, with_matrix};
use crate::ffi;

const OP: &str = "qr";

/// Q with orthonormal columns and the upper triangular R of each matrix Q R: as many columns and rows as
/// the matrix has rows if `complete`, else as its smaller size.
pub fn qr(x: &Tensor, complete: bool) -> Result<(Tensor, Tensor)> {
    let stack = Stack::new(OP, x, stack::floating(x.dtype()))?;
    let (rows, cols) = (stack.rows, stack.cols);
    let inner = if complete { rows } else { rows.min(cols) };
    let q = stack.result(OP, &[rows, inner], stack.dtype())?;
    let r = stack.result(OP, &[inner, cols], stack.dtype())?;
    with_element!(stack.dtype(), T => run::<T>(&stack, &q, &r, inner))?;
    Ok((q, r))
}

/// The longest side of a real matrix that the kernel of `csrc/qr.h` decomposes: 32 × 32 take 5 µs on a Zen 4, and 30 µs
/// with faer, which cuts larger ones in blocks.
const SMALL: usize = 64;

/// Elements from row to row of a small matrix: whole vectors on every machine.
fn small_stride(cols: usize) -> usize {
    cols.next_multiple_of(16)
}

/// Elements for the matrix, Q, and the reflectors.
fn small_sizes(rows: usize, cols: usize, inner: usize) -> [usize; 3] {
    [rows * small_stride(cols), rows * small_stride(inner), (rows + 1) * rows.min(cols)]
}

/// Decomposes a small matrix by the kernel; false where it cannot.
fn run_small<T: Element>(
    elements: &[T],
    [rows, cols, inner]: [usize; 3],
    q: &mut [T],
    r: &mut [T],
    memory: &mut MemStack,
) -> bool {
    let Some(kernel) = ffi::qr(T::DTYPE).filter(|_| rows.max(cols) <= SMALL && rows.min(cols) > 0) else {
        return false;
    };
    let sizes = small_sizes(rows, cols, inner);
    let (mut buffer, _) = memory.make_with(sizes.iter().sum(), |_| T::nearest([0.0; 2]));
    let (a, rest) = buffer.split_at_mut(sizes[0]);
    let (vectors, work) = rest.split_at_mut(sizes[1]);
    let (a_stride, q_stride) = (small_stride(cols), small_stride(inner));
    for (row, source) in a.chunks_exact_mut(a_stride).zip(elements.chunks_exact(cols)) {
        row[..cols].copy_from_slice(source);
    }
    let (a_data, q_data, work) =
        (a.as_mut_ptr().cast::<u8>(), vectors.as_mut_ptr().cast::<u8>(), work.as_mut_ptr().cast::<u8>());
    // SAFETY: the buffers have the sizes that the kernel's header names, of this dtype.
    if unsafe { kernel(a_data, a_stride, rows, cols, q_data, q_stride, inner, work) } == 0 {
        return false;
    }
    for (target, row) in r.chunks_exact_mut(cols).zip(a.chunks_exact(a_stride)) {
        target.copy_from_slice(&row[..cols]);
    }
    for (target, row) in q.chunks_exact_mut(inner).zip(vectors.chunks_exact(q_stride)) {
        target.copy_from_slice(&row[..inner]);
    }
    true
}

fn run<T: Element>(stack: &Stack, q: &Tensor, r: &Tensor, inner: usize) -> Result<()> {
    let (rows, cols) = (stack.rows, stack.cols);
    let size = rows.min(cols);
    let block = recommended_block_size::<T>(rows, cols);
    let apply = householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<T>;
    let by_blocks = StackReq::all_of(&[
        temp_mat_scratch::<T>(rows, cols),
        temp_mat_scratch::<T>(block, size),
        temp_mat_scratch::<T>(rows, inner),
        StackReq::any_of(&[
            qr_in_place_scratch::<T>(rows, cols, block, Par::Seq, Default::default()),
            apply(rows, block, inner),
        ]),
    ]);
    let small = if rows.max(cols) <= SMALL { small_sizes(rows, cols, inner).iter().sum() } else { 0 };
    let scratch = StackReq::any_of(&[by_blocks, StackReq::new::<T>(small)]);
    let (all_q, all_r) = (Results::<T>::new(q, rows * inner), Results::<T>::new(r, inner * cols));
    let work = 500.0 + 0.2 * (rows * cols * (size + inner)) as f64 * (size_of::<T>() / 4) as f64;
    let (zero, one) = (T::nearest([0.0; 2]), T::nearest([1.0, 0.0]));
    for_each_matrix(OP, stack.count, work, Par::Seq, &|_| scratch, &|index, memory, _| {
        let elements = stack.matrix::<T>(index);
        // SAFETY: each index once, of tensors that outlive this.
        let (target_q, target_r) = unsafe { (all_q.of(index), all_r.of(index)) };
        if stack::magnitude(elements).is_none() {
            let nan = T::nearest([f64::NAN; 2]);
            target_q.fill(nan);
            for (i, row) in target_r.chunks_exact_mut(cols.max(1)).enumerate() {
                let below = i.min(cols);
                row[..below].fill(zero);
                row[below..].fill(nan);
            }
            return Ok(());
        }
        if run_small(elements, [rows, cols, inner], target_q, target_r, memory) {
            return Ok(());
        }
        with_matrix::<T, _>(rows, cols, memory, |mut a, memory| {
            with_matrix::<T, _>(block, size, memory, |mut factors, memory| {
                if size > 0 {
                    copy_across(a.as_mut(), by_rows(elements, rows, cols), |element| element);
                    qr_in_place(a.as_mut(), factors.as_mut(), Par::Seq, memory, Default::default());
                    copy_across(
                        MatMut::from_row_major_slice_mut(target_r, inner, cols).subrows_mut(0, size),
                        a.as_ref().subrows(0, size),
                        |element| element,
                    );
                }
                for (i, row) in target_r.chunks_exact_mut(cols.max(1)).enumerate() {
                    row[..i.min(cols)].fill(zero);
                }
                with_matrix::<T, _>(rows, inner, memory, |mut q, memory| {
                    q.fill(zero);
                    q.as_mut().diagonal_mut().fill(one);
                    if size > 0 {
                        householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
                            a.as_ref().subcols(0, size),
                            factors.as_ref(),
                            Conj::No,
                            q.as_mut(),
                            Par::Seq,
                            memory,
                        );
                    }
                    copy_across(MatMut::from_row_major_slice_mut(target_q, rows, inner), q.as_ref(), |element| element);
                });
            });
        });
        Ok(())
    })
}
