//! Singular value decompositions, and what is told from them.

use corepy_core::shape::Shape;
use corepy_core::{DType, Error, Op, Result, Tensor};
use faer::diag::DiagMut;
use faer::dyn_stack::{MemStack, StackReq};
use faer::linalg::svd::{self as decomposition, ComputeSvdVectors, SvdError};
use faer::linalg::temp_mat_scratch;
use faer::{MatMut, Par};

use super::element::{Component, Element, with_element};
use super::stack::{
    self, Results, Stack, by_columns, copy_across, for_each_matrix, load_transpose, no_convergence, not_finite,
    safe_scale, with_matrix,
};
use crate::elementwise::{self, Operand, Scalar};
use crate::matmul::matmul;

/// U, S and Vᴴ of each matrix U diag(S) Vᴴ; U and Vᴴ are square if `full`, else they have only the vectors
/// that belong to a singular value.
pub fn svd(x: &Tensor, full: bool) -> Result<(Tensor, Tensor, Tensor)> {
    vectors("svd", x, full)
}

fn vectors(op: &'static str, x: &Tensor, full: bool) -> Result<(Tensor, Tensor, Tensor)> {
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let (rows, cols) = (stack.rows, stack.cols);
    let size = rows.min(cols);
    let (left, right) = if full { (rows, cols) } else { (size, size) };
    let u = stack.result(op, &[rows, left], stack.dtype())?;
    let s = stack.result(op, &[size], stack.dtype().real())?;
    let vh = stack.result(op, &[right, cols], stack.dtype())?;
    with_element!(stack.dtype(), T => run::<T>(op, &stack, &s, Some((&u, &vh)), full))?;
    Ok((u, s, vh))
}

/// The singular values of each matrix, the greatest first.
pub fn svdvals(x: &Tensor) -> Result<Tensor> {
    values("svdvals", x)
}

/// [`svdvals`] on behalf of another function.
pub(super) fn values(op: &'static str, x: &Tensor) -> Result<Tensor> {
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let s = stack.result(op, &[stack.rows.min(stack.cols)], stack.dtype().real())?;
    with_element!(stack.dtype(), T => run::<T>(op, &stack, &s, None, false))?;
    Ok(s)
}

/// The side from which all threads decompose one matrix: at 512 × 512 two take 0.8 of the time of one.
const LEAST: usize = 256;

fn run<T: Element>(
    op: &'static str,
    stack: &Stack,
    s: &Tensor,
    vectors: Option<(&Tensor, &Tensor)>,
    full: bool,
) -> Result<()> {
    let (rows, cols) = (stack.rows, stack.cols);
    let size = rows.min(cols);
    let (left, right) = if full { (rows, cols) } else { (size, size) };
    let kind = match vectors {
        None => ComputeSvdVectors::No,
        Some(_) if full => ComputeSvdVectors::Full,
        Some(_) => ComputeSvdVectors::Thin,
    };
    let scratch = |par: Par| {
        StackReq::all_of(&[
            temp_mat_scratch::<T>(cols, rows),
            StackReq::new::<T>(size),
            temp_mat_scratch::<T>(rows, if vectors.is_some() { left } else { 0 }),
            decomposition::svd_scratch::<T>(cols, rows, kind, kind, par, Default::default()),
        ])
    };
    let all_s = Results::<T::Component>::new(s, size);
    let targets = vectors.map(|(u, vh)| (Results::<T>::new(u, rows * left), Results::<T>::new(vh, right * cols)));
    let factor = if vectors.is_some() { 2.0 } else { 0.7 };
    let work = 1000.0 + factor * (rows * cols * size) as f64 * (size_of::<T>() / 4) as f64;
    for_each_matrix(op, stack.count, work, stack::parts(size, LEAST), &scratch, &|index, memory, par| {
        let elements = stack.matrix::<T>(index);
        let magnitude = stack::magnitude(elements).ok_or_else(|| not_finite(op))?;
        let scale = safe_scale::<T>(magnitude);
        // The decomposition of the transpose, whose columns are the rows.
        with_matrix::<T, _>(cols, rows, memory, |mut a, memory| {
            load_transpose(a.as_mut(), elements);
            stack::scale(a.as_mut(), scale);
            let (mut values, memory) = memory.make_with(size, |_| T::nearest([0.0; 2]));
            let diagonal = DiagMut::from_slice_mut(&mut values);
            let gave_up = |_: SvdError| no_convergence(op);
            if let Some((all_u, all_vh)) = &targets {
                // SAFETY: each index once, of tensors that outlive this.
                let (u, vh) = unsafe { (all_u.of(index), all_vh.of(index)) };
                // Aᵀ is conj(V) S Uᵀ: its left vectors by columns are Vᴴ by rows, its right ones conj(U).
                let mut first = by_columns(vh, cols, right);
                // Of a full decomposition, faer leaves elements of unused vectors as they were.
                first.fill(T::nearest([0.0; 2]));
                with_matrix::<T, _>(rows, left, memory, |mut second, memory: &mut MemStack| {
                    second.fill(T::nearest([0.0; 2]));
                    let (a, right_vectors) = (a.as_ref(), second.as_mut());
                    decomposition::svd(a, diagonal, Some(first), Some(right_vectors), par, memory, Default::default())
                        .map_err(gave_up)?;
                    copy_across(MatMut::from_row_major_slice_mut(u, rows, left), second.as_ref(), T::conjugate);
                    Ok(())
                })?;
            } else {
                decomposition::svd(a.as_ref(), diagonal, None, None, par, memory, Default::default())
                    .map_err(gave_up)?;
            }
            // SAFETY: each index once, of a tensor that outlives this.
            for (target, value) in unsafe { all_s.of(index) }.iter_mut().zip(values.iter()) {
                *target = Component::rounded(value.parts()[0] / scale);
            }
            Ok(())
        })
    })
}

/// Relative tolerances: one for all matrices, or a tensor of them.
pub enum Tolerance<'a> {
    /// `max(rows, cols)` times the distance from 1 to the next number.
    Default,
    /// The same for all.
    Number(f64),
    /// One for each matrix, after broadcasting.
    Tensor(&'a Tensor),
}

/// Where singular values count: those greater than `rtol` times the greatest of their matrix.
fn counting(op: &'static str, s: &Tensor, x: &Tensor, rtol: &Tolerance<'_>) -> Result<Tensor> {
    let (rows, cols) = (x.shape()[x.ndim() - 2], x.shape()[x.ndim() - 1]);
    let epsilon = if s.dtype() == DType::Float32 { f32::EPSILON.into() } else { f64::EPSILON };
    let last = s.ndim() - 1;
    // They come in descending order.
    let greatest = s.sliced(last, 0, 1, s.shape()[last].min(1));
    let number;
    let column;
    let rtol = match rtol {
        Tolerance::Tensor(tensor) => {
            if tensor.dtype().is_complex() || !tensor.dtype().is_floating() {
                let expected = "real-valued floating-point for rtol";
                return Err(Error::UnsupportedDType { op, dtypes: vec![tensor.dtype()], expected });
            }
            column = tensor.expanded(tensor.ndim());
            Operand::Tensor(&column)
        }
        Tolerance::Number(_) | Tolerance::Default => {
            let value = if let Tolerance::Number(value) = rtol { *value } else { rows.max(cols) as f64 * epsilon };
            number = scalar(value, s.dtype());
            Operand::Scalar(&number)
        }
    };
    let threshold = elementwise::apply(const { Op::named("multiply") }, &[rtol, Operand::Tensor(&greatest)])
        .map_err(|_| Error::Broadcast { op, shapes: vec![rtol.shape().to_vec(), x.shape().to_vec()] })?;
    elementwise::apply(const { Op::named("greater") }, &[Operand::Tensor(s), Operand::Tensor(&threshold)])
        .map_err(|_| Error::Broadcast { op, shapes: vec![rtol.shape().to_vec(), x.shape().to_vec()] })
}

fn scalar(value: f64, dtype: DType) -> Scalar {
    if dtype == DType::Float32 {
        Scalar::from_bytes(&(value as f32).to_ne_bytes(), dtype)
    } else {
        Scalar::from_bytes(&value.to_ne_bytes(), dtype)
    }
}

/// How many singular values of each matrix count.
pub fn matrix_rank(x: &Tensor, rtol: &Tolerance<'_>) -> Result<Tensor> {
    let op = "matrix_rank";
    let s = values(op, x)?;
    let counted = counting(op, &s, x, rtol)?;
    crate::reduce::reduce(corepy_core::Reduction::Sum, &counted, Some(&[-1]), None, false)
}

/// The pseudo-inverse of each matrix, from the singular values that count.
pub fn pinv(x: &Tensor, rtol: &Tolerance<'_>) -> Result<Tensor> {
    let op = "pinv";
    let (u, s, vh) = vectors(op, x, false)?;
    let counted = counting(op, &s, x, rtol)?;
    let zero = scalar(0.0, s.dtype());
    let inverse = elementwise::apply(const { Op::named("reciprocal") }, &[Operand::Tensor(&s)])?;
    let inverse = crate::select::select(Operand::Tensor(&counted), Operand::Tensor(&inverse), Operand::Scalar(&zero))?;
    let adjoint = |tensor: &Tensor| -> Result<Tensor> {
        let transposed = tensor.matrix_transpose(op)?;
        if !tensor.dtype().is_complex() {
            return Ok(transposed);
        }
        elementwise::apply(const { Op::named("conj") }, &[Operand::Tensor(&transposed)])
    };
    let column = inverse.expanded(inverse.ndim());
    let right = elementwise::apply(
        const { Op::named("multiply") },
        &[Operand::Tensor(&column), Operand::Tensor(&adjoint(&u)?)],
    )?;
    let shape: Shape = right.shape().into();
    debug_assert_eq!(shape.len(), right.ndim());
    matmul(op, &adjoint(&vh)?, &right)
}
