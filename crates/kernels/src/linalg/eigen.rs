//! Eigenvalues and eigenvectors.

use corepy_core::{Result, Tensor};
use faer::complex::Complex;
use faer::diag::DiagMut;
use faer::dyn_stack::{MemStack, StackReq};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::temp_mat_scratch;
use faer::{MatMut, MatRef, Par};

use super::element::{Component, Element, with_element};
use super::stack::{
    self, Results, Stack, by_rows, copy_across, for_each_matrix, no_convergence, not_finite, safe_scale, with_matrix,
};

/// Eigenvalues, ascending, and orthonormal eigenvectors, in columns, of each Hermitian matrix, of which the
/// lower triangle is read.
pub fn eigh(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let op = "eigh";
    stack::check_square(op, x)?;
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let values = stack.result(op, &[stack.rows], stack.dtype().real())?;
    let vectors = stack.result(op, &[stack.rows, stack.rows], stack.dtype())?;
    with_element!(stack.dtype(), T => run_hermitian::<T>(op, &stack, &values, Some(&vectors)))?;
    Ok((values, vectors))
}

/// The eigenvalues of each Hermitian matrix, as [`eigh`].
pub fn eigvalsh(x: &Tensor) -> Result<Tensor> {
    let op = "eigvalsh";
    stack::check_square(op, x)?;
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let values = stack.result(op, &[stack.rows], stack.dtype().real())?;
    with_element!(stack.dtype(), T => run_hermitian::<T>(op, &stack, &values, None))?;
    Ok(values)
}

/// Calls `body` with a matrix by rows, multiplied by a power of two where its numbers are extreme.
fn with_scaled<T: Element, R>(
    elements: &[T],
    n: usize,
    scale: f64,
    memory: &mut MemStack,
    body: impl FnOnce(MatRef<'_, T>, &mut MemStack) -> R,
) -> R {
    if scale == 1.0 {
        return body(by_rows(elements, n, n), memory);
    }
    let factor = T::Component::rounded(scale);
    with_matrix::<T, _>(n, n, memory, |mut a, memory| {
        for j in 0..n {
            for i in 0..n {
                a[(i, j)] = elements[i * n + j].times(factor);
            }
        }
        body(a.as_ref(), memory)
    })
}

/// The lower triangle's magnitude; None where a number in it is not finite.
fn lower_magnitude<T: Element>(elements: &[T], n: usize) -> Option<f64> {
    elements
        .chunks_exact(n)
        .enumerate()
        .try_fold(0.0, |largest: f64, (i, row)| Some(largest.max(stack::magnitude(&row[..=i])?)))
}

/// The side from which all threads decompose one Hermitian matrix: at 512 × 512 two take 0.67 of the time of one.
const LEAST: usize = 256;

fn run_hermitian<T: Element>(op: &'static str, stack: &Stack, values: &Tensor, vectors: Option<&Tensor>) -> Result<()> {
    let n = stack.rows;
    if n == 0 {
        return Ok(());
    }
    let wanted = if vectors.is_some() { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let scratch = |par: Par| {
        StackReq::all_of(&[
            temp_mat_scratch::<T>(n, n),
            StackReq::new::<T>(n),
            temp_mat_scratch::<T>(n, if vectors.is_some() { n } else { 0 }),
            self_adjoint_evd_scratch::<T>(n, wanted, par, Default::default()),
        ])
    };
    let all_values = Results::<T::Component>::new(values, n);
    let all_vectors = vectors.map(|vectors| Results::<T>::new(vectors, n * n));
    let factor = if vectors.is_some() { 1.0 } else { 0.4 };
    let work = 1000.0 + factor * (n as f64).powi(3) * (size_of::<T>() / 4) as f64;
    for_each_matrix(op, stack.count, work, stack::parts(n, LEAST), &scratch, &|index, memory, par| {
        let elements = stack.matrix::<T>(index);
        let scale = safe_scale::<T>(lower_magnitude(elements, n).ok_or_else(|| not_finite(op))?);
        with_scaled(elements, n, scale, memory, |a, memory| {
            let (mut found, memory) = memory.make_with(n, |_| T::nearest([0.0; 2]));
            let diagonal = DiagMut::from_slice_mut(&mut found);
            if let Some(all_vectors) = &all_vectors {
                with_matrix::<T, _>(n, n, memory, |mut u, memory: &mut MemStack| {
                    self_adjoint_evd(a, diagonal, Some(u.as_mut()), par, memory, Default::default())
                        .map_err(|_| no_convergence(op))?;
                    // SAFETY: each index once, of a tensor that outlives this.
                    let target = unsafe { all_vectors.of(index) };
                    copy_across(MatMut::from_row_major_slice_mut(target, n, n), u.as_ref(), |element| element);
                    Ok(())
                })?;
            } else {
                self_adjoint_evd(a, diagonal, None, par, memory, Default::default()).map_err(|_| no_convergence(op))?;
            }
            // SAFETY: each index once, of a tensor that outlives this.
            for (target, value) in unsafe { all_values.of(index) }.iter_mut().zip(found.iter()) {
                *target = Component::rounded(value.parts()[0] / scale);
            }
            Ok(())
        })
    })
}

/// Eigenvalues and eigenvectors of length 1, in columns, of each matrix; complex, in no order.
pub fn eig(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let op = "eig";
    stack::check_square(op, x)?;
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let values = stack.result(op, &[stack.rows], stack.dtype().complex())?;
    let vectors = stack.result(op, &[stack.rows, stack.rows], stack.dtype().complex())?;
    with_element!(stack.dtype(), T => run_general::<T>(op, &stack, &values, Some(&vectors)))?;
    Ok((values, vectors))
}

/// The eigenvalues of each matrix, as [`eig`].
pub fn eigvals(x: &Tensor) -> Result<Tensor> {
    let op = "eigvals";
    stack::check_square(op, x)?;
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let values = stack.result(op, &[stack.rows], stack.dtype().complex())?;
    with_element!(stack.dtype(), T => run_general::<T>(op, &stack, &values, None))?;
    Ok(values)
}

fn run_general<T: Element>(op: &'static str, stack: &Stack, values: &Tensor, vectors: Option<&Tensor>) -> Result<()>
where
    Complex<T::Component>: Element<Component = T::Component>,
{
    let n = stack.rows;
    if n == 0 {
        return Ok(());
    }
    let scratch = StackReq::all_of(&[
        temp_mat_scratch::<T>(n, n),
        temp_mat_scratch::<Complex<T::Component>>(n, if vectors.is_some() { n } else { 0 }),
        T::eigen_scratch(n, vectors.is_some()),
    ]);
    let all_values = Results::<Complex<T::Component>>::new(values, n);
    let all_vectors = vectors.map(|vectors| Results::<Complex<T::Component>>::new(vectors, n * n));
    let factor = if vectors.is_some() { 5.0 } else { 1.0 };
    let work = 1000.0 + factor * (n as f64).powi(3) * (size_of::<T>() / 4) as f64;
    for_each_matrix(op, stack.count, work, Par::Seq, &|_| scratch, &|index, memory, _| {
        let elements = stack.matrix::<T>(index);
        let scale = safe_scale::<T>(stack::magnitude(elements).ok_or_else(|| not_finite(op))?);
        // SAFETY: each index once, of a tensor that outlives this.
        let found = unsafe { all_values.of(index) };
        with_scaled(elements, n, scale, memory, |a, memory| {
            if let Some(all_vectors) = &all_vectors {
                with_matrix::<Complex<T::Component>, _>(n, n, memory, |mut u, memory: &mut MemStack| {
                    T::eigen(a, found, Some(u.as_mut()), memory).map_err(|_| no_convergence(op))?;
                    // SAFETY: each index once, of a tensor that outlives this.
                    let target = unsafe { all_vectors.of(index) };
                    copy_across(MatMut::from_row_major_slice_mut(target, n, n), u.as_ref(), |element| element);
                    Ok(())
                })?;
            } else {
                T::eigen(a, found, None, memory).map_err(|_| no_convergence(op))?;
            }
            for value in found.iter_mut() {
                let parts = value.parts();
                if !(parts[0].is_finite() && parts[1].is_finite()) {
                    return Err(no_convergence(op));
                }
                *value = Element::nearest(parts.map(|part| part / scale));
            }
            Ok(())
        })
    })
}
