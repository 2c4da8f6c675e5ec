//! LU decompositions, and what is solved with them.

use corepy_core::error::shape_text;
use corepy_core::shape::{Shape, broadcast_shapes};
use corepy_core::{Error, Result, Tensor};
use faer::dyn_stack::{MemStack, StackReq};
use faer::linalg::lu::partial_pivoting::{factor, inverse, solve as substitution};
use faer::linalg::temp_mat_scratch;
use faer::perm::PermRef;
use faer::{MatMut, MatRef, Par};

use super::element::{Component, Element, with_element};
use super::stack::{
    self, Results, Stack, by_columns, by_rows, copy_across, for_each_matrix, load_transpose, singular, with_matrix,
};

/// The side from which all threads decompose one matrix: at 512 × 512 two take 0.83 of the time of one, 0.67 with the
/// inverse.
pub(super) const LEAST: usize = 384;

/// Memory for [`with_lu`].
pub(super) fn lu_scratch<T: Element>(n: usize, par: Par) -> StackReq {
    StackReq::all_of(&[
        temp_mat_scratch::<T>(n, n),
        StackReq::new::<usize>(2 * n),
        factor::lu_in_place_scratch::<usize, T>(n, n, par, Default::default()),
    ])
}

/// Nanoseconds that an LU decomposition takes, about.
pub(super) fn lu_work<T>(n: usize) -> f64 {
    500.0 + 0.1 * (n as f64).powi(3) * (size_of::<T>() / 4) as f64
}

/// An LU decomposition with row interchanges: P A = 2^-exponent L U, both factors in one matrix.
pub(super) struct Lu<'a, T> {
    pub factors: MatRef<'a, T>,
    pub permutation: PermRef<'a, usize>,
    pub interchanges: usize,
    /// Matrices of subnormal numbers are multiplied by this power of two first; 0 as a rule.
    pub exponent: i32,
    /// Whether every element of A is finite.
    pub finite: bool,
    /// The first pivot that is 0, or so small that its inverse is infinite. Beyond it there are NaNs.
    pub zero: Option<usize>,
}

impl<T: Element> Lu<'_, T> {
    /// Whether A, of finite numbers, has no inverse.
    pub fn is_singular(&self) -> bool {
        self.finite && self.zero.is_some()
    }

    /// Multiplies what has the inverse of A as a factor by the power of two that A was multiplied by.
    pub fn rescale(&self, target: &mut [T]) {
        if self.exponent != 0 {
            let scale = T::Component::rounded(f64::from(self.exponent).exp2());
            for element in target {
                *element = element.times(scale);
            }
        }
    }
}

/// Calls `body` with the LU decomposition of the *transpose* of a matrix, which its rows are the columns of.
pub(super) fn with_lu<T: Element, R>(
    elements: &[T],
    n: usize,
    par: Par,
    memory: &mut MemStack,
    body: impl FnOnce(Lu<'_, T>, &mut MemStack) -> R,
) -> R {
    with_matrix::<T, _>(n, n, memory, |mut a, memory| {
        load_transpose(a.as_mut(), elements);
        let magnitude = stack::magnitude(elements);
        let tiny = f64::from(30 - T::Component::POWERS).exp2();
        // Lest the inverses of pivots overflow.
        let scale = magnitude.filter(|&magnitude| magnitude < tiny).map_or(1.0, stack::safe_scale::<T>);
        stack::scale(a.as_mut(), scale);
        let (mut forward, memory) = memory.make_with(n, |_| 0_usize);
        let (mut backward, memory) = memory.make_with(n, |_| 0_usize);
        // Of 512 × 512, 0.95 of the time that it takes with faer's own 16.
        let parameters = factor::PartialPivLuParams { recursion_threshold: 8, ..faer::Auto::<T>::auto() };
        let (info, permutation) =
            factor::lu_in_place(a.as_mut(), &mut forward, &mut backward, par, memory, parameters.into());
        let factors = a.as_ref();
        let smallest: f64 = f64::from(-T::Component::POWERS - 2).exp2();
        let zero = (0..n).find(|&i| {
            let [re, im] = factors[(i, i)].parts();
            re.abs().max(im.abs()) < smallest
        });
        let (interchanges, exponent) = (info.transposition_count, scale.log2() as i32);
        body(Lu { factors, permutation, interchanges, exponent, finite: magnitude.is_some(), zero }, memory)
    })
}

/// The inverse of each matrix.
pub fn inv(x: &Tensor) -> Result<Tensor> {
    inverse_of("inv", x)
}

/// [`inv`] on behalf of another function.
pub(super) fn inverse_of(op: &'static str, x: &Tensor) -> Result<Tensor> {
    stack::check_square(op, x)?;
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let out = stack.result(op, &[stack.rows, stack.rows], stack.dtype())?;
    with_element!(stack.dtype(), T => run_inv::<T>(op, &stack, &out))?;
    Ok(out)
}

fn run_inv<T: Element>(op: &'static str, stack: &Stack, out: &Tensor) -> Result<()> {
    let n = stack.rows;
    if n == 0 {
        return Ok(());
    }
    let scratch = |par: Par| StackReq::all_of(&[lu_scratch::<T>(n, par), inverse::inverse_scratch::<usize, T>(n, par)]);
    let results = Results::<T>::new(out, n * n);
    let par = stack::parts(n, LEAST);
    for_each_matrix(op, stack.count, 3.0 * lu_work::<T>(n), par, &scratch, &|index, memory, par| {
        let elements = stack.matrix::<T>(index);
        // SAFETY: each index once, of a tensor that outlives this.
        let target = unsafe { results.of(index) };
        with_lu(elements, n, par, memory, |lu, memory| {
            if lu.is_singular() {
                return Err(singular(op));
            }
            // The inverse of the transpose by columns is the inverse by rows.
            let inverse = by_columns(target, n, n);
            inverse::inverse(inverse, lu.factors, lu.factors, lu.permutation, par, memory);
            lu.rescale(target);
            Ok(())
        })
    })
}

/// X with A X = B for each A of `x1` and B of `x2`. A `x2` of one dimension is one column, for each A.
pub fn solve(x1: &Tensor, x2: &Tensor) -> Result<Tensor> {
    let op = "solve";
    stack::check_square(op, x1)?;
    let n = x1.shape()[x1.ndim() - 1];
    let vector = x2.ndim() == 1;
    let columns = if vector { x2.expanded(1) } else { x2.clone() };
    if columns.ndim() < 2 || columns.shape()[columns.ndim() - 2] != n {
        let (first, second) = (shape_text(x1.shape()), shape_text(x2.shape()));
        return Err(Error::Value {
            op,
            message: format!("shapes {first} and {second} do not match: {n} rows are required"),
        });
    }
    let dtype = stack::floating(x1.dtype().promote(x2.dtype()));
    let (a, b) = (Stack::new(op, x1, dtype)?, Stack::new(op, &columns, dtype)?);
    let batch = broadcast_shapes(op, &[a.batch(), b.batch()])
        .map_err(|_| Error::Broadcast { op, shapes: vec![x1.shape().to_vec(), x2.shape().to_vec()] })?;
    let shape: Shape = batch.iter().copied().chain([n, b.cols]).collect();
    let out = Tensor::empty(op, &shape, dtype)?;
    if out.size() > 0 {
        with_element!(dtype, T => run_solve::<T>(op, &a, &b, &batch, &out))?;
    }
    Ok(if vector { out.reshaped_contiguous(&shape[..shape.len() - 1]) } else { out })
}

fn run_solve<T: Element>(op: &'static str, a: &Stack, b: &Stack, batch: &[usize], out: &Tensor) -> Result<()> {
    let (n, k) = (a.rows, b.cols);
    let scratch = |par: Par| {
        let right = substitution::solve_transpose_in_place_scratch::<usize, T>(n, k, par);
        StackReq::all_of(&[lu_scratch::<T>(n, par), temp_mat_scratch::<T>(n, k), right])
    };
    let results = Results::<T>::new(out, n * k);
    let work = lu_work::<T>(n) * (1.0 + 3.0 * k as f64 / n as f64);
    let par = stack::parts(n, LEAST);
    for_each_matrix(op, batch.iter().product(), work, par, &scratch, &|index, memory, par| {
        let elements = a.matrix::<T>(broadcast_index(index, batch, a.batch()));
        let columns = b.matrix::<T>(broadcast_index(index, batch, b.batch()));
        // SAFETY: each index once, of a tensor that outlives this.
        let target = unsafe { results.of(index) };
        with_lu(elements, n, par, memory, |lu, memory| {
            if lu.is_singular() {
                return Err(singular(op));
            }
            with_matrix::<T, _>(n, k, memory, |mut x, memory| {
                copy_across(x.as_mut(), by_rows(columns, n, k), |element| element);
                let (factors, permutation) = (lu.factors, lu.permutation);
                substitution::solve_transpose_in_place(factors, factors, permutation, x.as_mut(), par, memory);
                copy_across(MatMut::from_row_major_slice_mut(target, n, k), x.as_ref(), |element| element);
                lu.rescale(target);
            });
            Ok(())
        })
    })
}

/// Which matrix of a stack of `own` shape stands at `index` of the shape that it is broadcast to.
fn broadcast_index(index: usize, batch: &[usize], own: &[usize]) -> usize {
    let mut rest = index;
    let (mut result, mut stride) = (0, 1);
    for (axis, &size) in batch.iter().enumerate().rev() {
        let position = rest % size;
        rest /= size;
        if let Some(axis) = (axis + own.len()).checked_sub(batch.len()) {
            if own[axis] != 1 {
                result += position * stride;
            }
            stride *= own[axis];
        }
    }
    result
}
