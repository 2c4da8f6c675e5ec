//! Cholesky decompositions.

use corepy_core::{Error, Result, Tensor};
use faer::Par;
use faer::dyn_stack::StackReq;
use faer::linalg::cholesky::llt::factor::{LltError, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::temp_mat_scratch;

use super::element::{Element, with_element};
use super::stack::{self, Results, Stack, by_rows, copy_across, for_each_matrix, with_matrix};

const OP: &str = "cholesky";

/// The lower factor L of each matrix L Lᴴ, of which the lower triangle is read; or the upper one, U of Uᴴ U,
/// of which the upper triangle is read.
pub fn cholesky(x: &Tensor, upper: bool) -> Result<Tensor> {
    stack::check_square(OP, x)?;
    let stack = Stack::new(OP, x, stack::floating(x.dtype()))?;
    let out = stack.result(OP, &[stack.rows, stack.rows], stack.dtype())?;
    with_element!(stack.dtype(), T => run::<T>(&stack, &out, upper))?;
    Ok(out)
}

/// The side from which all threads decompose one matrix: at 512 × 512 two take 0.8 of the time of one.
const LEAST: usize = 384;

fn run<T: Element>(stack: &Stack, out: &Tensor, upper: bool) -> Result<()> {
    let n = stack.rows;
    if n == 0 {
        return Ok(());
    }
    let scratch = |par: Par| {
        StackReq::all_of(&[temp_mat_scratch::<T>(n, n), cholesky_in_place_scratch::<T>(n, par, Default::default())])
    };
    let results = Results::<T>::new(out, n * n);
    let work = 400.0 + 0.1 * (n as f64).powi(3) * (size_of::<T>() / 4) as f64 / 2.0;
    for_each_matrix(OP, stack.count, work, stack::parts(n, LEAST), &scratch, &|index, memory, par| {
        with_matrix::<T, _>(n, n, memory, |mut a, memory| {
            let elements = stack.matrix::<T>(index);
            if upper {
                // Row j of U is column j of L, conjugated.
                for (j, row) in elements.chunks_exact(n).enumerate() {
                    for i in j..n {
                        a[(i, j)] = row[i].conjugate();
                    }
                }
            } else {
                copy_across(a.as_mut(), by_rows(elements, n, n), |element| element);
            }
            let factored = cholesky_in_place(a.as_mut(), Default::default(), par, memory, Default::default());
            if let Err(LltError::NonPositivePivot { index }) = factored {
                let message =
                    format!("the matrix is not positive definite: its leading minor of order {} is not", index + 1);
                return Err(Error::LinearAlgebra { op: OP, message });
            }
            // SAFETY: each index once, of a tensor that outlives this.
            let target = unsafe { results.of(index) };
            let zero = T::nearest([0.0; 2]);
            if upper {
                for (j, row) in target.chunks_exact_mut(n).enumerate() {
                    row[..j].fill(zero);
                    for i in j..n {
                        row[i] = a[(i, j)].conjugate();
                    }
                }
            } else {
                copy_across(faer::MatMut::from_row_major_slice_mut(target, n, n), a.as_ref(), |element| element);
                for (i, row) in target.chunks_exact_mut(n).enumerate() {
                    row[i + 1..].fill(zero);
                }
            }
            Ok(())
        })
    })
}
