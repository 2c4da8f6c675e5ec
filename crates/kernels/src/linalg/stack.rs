//! Stacks of matrices: operands, results, and the walk over them on several threads.

use std::mem::MaybeUninit;

use corepy_core::error::shape_text;
use corepy_core::shape::Shape;
use corepy_core::{DType, DTypeSet, Error, Result, Tensor, arena, scheduler};
use faer::dyn_stack::{MemStack, StackReq};
use faer::mat::AsMatMut;
use faer::{MatMut, MatRef, Par};

use super::element::{Component, Element};
use crate::elementwise;

/// Nanoseconds of work that one chunk of a stack should hold, as in [`crate::exec`].
const CHUNK_NS: f64 = 8_000.0;

/// A stack of matrices in C order, of a floating-point dtype.
pub(super) struct Stack {
    tensor: Tensor,
    /// Of each matrix.
    pub rows: usize,
    pub cols: usize,
    /// How many matrices.
    pub count: usize,
}

/// The dtype that `dtype` is decomposed in: its own, or float64 for integers and bool, as in NumPy.
pub(super) fn floating(dtype: DType) -> DType {
    if DTypeSet::FLOATING.contains(dtype) { dtype } else { DType::Float64 }
}

/// Refuses what is no matrix and no stack of matrices.
pub(super) fn check_matrix(op: &'static str, x: &Tensor) -> Result<()> {
    if x.ndim() < 2 {
        let shape = shape_text(x.shape());
        return Err(Error::Value { op, message: format!("at least 2 dimensions are required; the shape is {shape}") });
    }
    Ok(())
}

/// Refuses matrices that are not square.
pub(super) fn check_square(op: &'static str, x: &Tensor) -> Result<()> {
    check_matrix(op, x)?;
    let [rows, cols] = [x.shape()[x.ndim() - 2], x.shape()[x.ndim() - 1]];
    if rows != cols {
        let shape = shape_text(x.shape());
        return Err(Error::Value { op, message: format!("the matrices must be square; the shape is {shape}") });
    }
    Ok(())
}

impl Stack {
    /// `x` as a stack of `dtype`.
    pub fn new(op: &'static str, x: &Tensor, dtype: DType) -> Result<Stack> {
        check_matrix(op, x)?;
        let tensor = if x.dtype() == dtype && x.is_contiguous() {
            x.clone()
        } else {
            elementwise::cast_contiguous(op, x, dtype)?
        };
        let (batch, matrix) = tensor.shape().split_at(tensor.ndim() - 2);
        let (rows, cols, count) = (matrix[0], matrix[1], batch.iter().product());
        Ok(Stack { tensor, rows, cols, count })
    }

    /// The dtype.
    pub fn dtype(&self) -> DType {
        self.tensor.dtype()
    }

    /// The shape without that of a matrix.
    pub fn batch(&self) -> &[usize] {
        &self.tensor.shape()[..self.tensor.ndim() - 2]
    }

    /// A new tensor with `tail` for each matrix.
    pub fn result(&self, op: &'static str, tail: &[usize], dtype: DType) -> Result<Tensor> {
        let shape: Shape = self.batch().iter().chain(tail).copied().collect();
        Tensor::empty(op, &shape, dtype)
    }

    /// The elements of a matrix, row by row.
    pub fn matrix<T: Element>(&self, index: usize) -> &[T] {
        debug_assert!(T::DTYPE == self.dtype() && index < self.count);
        let size = self.rows * self.cols;
        if size == 0 {
            return &[];
        }
        // SAFETY: the tensor is contiguous, of this dtype, and has `count` matrices of `size` elements.
        unsafe { std::slice::from_raw_parts(self.tensor.data().cast::<T>().add(index * size), size) }
    }
}

/// The results for a stack: equally long runs of elements, one for each matrix.
#[derive(Clone, Copy)]
pub(super) struct Results<T> {
    data: *mut T,
    size: usize,
}

// SAFETY: threads take the runs of different matrices.
unsafe impl<T> Send for Results<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Results<T> {}

impl<T> Results<T> {
    /// Over a tensor that was just made, of `size` elements per matrix.
    pub fn new(tensor: &Tensor, size: usize) -> Results<T> {
        debug_assert!(tensor.is_contiguous() && tensor.dtype().itemsize() == size_of::<T>());
        Results { data: tensor.data().cast(), size }
    }

    /// The run of one matrix.
    ///
    /// # Safety
    /// The tensor lives, has this run, and nobody else has a reference to it.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn of(&self, index: usize) -> &mut [T] {
        if self.size == 0 {
            return &mut [];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(index * self.size), self.size) }
    }
}

/// Into how many parts faer cuts the work on one matrix. The sums of some decompositions depend on it, so that it must
/// not be the number of threads: these take the parts in turn.
const PARTS: usize = 4;

/// How a matrix is decomposed whose smaller side is `size`: by all threads from `least` on. Whether there are several
/// must not matter, since the sums are others then.
pub(super) fn parts(size: usize, least: usize) -> Par {
    if size >= least { Par::rayon(PARTS) } else { Par::Seq }
}

/// Calls `body` with the index of each of `count` matrices and `scratch` bytes: one matrix after the other on all threads
/// if `par` says so, else several at a time where `matrix_ns`, an estimate per matrix, makes that worth it. Where
/// threads cannot be had, `body` is told to do without.
pub(super) fn for_each_matrix(
    op: &'static str,
    count: usize,
    matrix_ns: f64,
    par: Par,
    scratch: &dyn Fn(Par) -> StackReq,
    body: &(dyn Fn(usize, &mut MemStack, Par) -> Result<()> + Sync),
) -> Result<()> {
    let bytes = StackReq::any_of(&[scratch(Par::Seq), scratch(par)]).unaligned_bytes_required();
    if bytes > isize::MAX as usize {
        return Err(Error::OutOfMemory { op, bytes });
    }
    let together = !matches!(par, Par::Seq);
    let per_chunk = if together { 1 } else { ((CHUNK_NS / matrix_ns) as usize).max(1) };
    let parallel = !together && count > per_chunk && scheduler::worth_parallel((count as f64 * matrix_ns) as u64);
    scheduler::for_each_chunk(op, count.div_ceil(per_chunk), parallel, &|chunk| {
        arena::scope(op, |scope| {
            let memory = scope.bytes(bytes)?.cast::<MaybeUninit<u8>>();
            // SAFETY: the scope gave `bytes` bytes, to nobody else.
            let memory = unsafe { std::slice::from_raw_parts_mut(memory, bytes) };
            for index in chunk * per_chunk..count.min((chunk + 1) * per_chunk) {
                if together {
                    scheduler::in_pool(|has_threads| {
                        body(index, MemStack::new(memory), if has_threads { par } else { Par::Seq })
                    })?;
                } else {
                    body(index, MemStack::new(memory), Par::Seq)?;
                }
            }
            Ok(())
        })
    })
}

/// Calls `body` with a matrix of arbitrary elements and what is left of the stack.
pub(super) fn with_matrix<T: Element, R>(
    rows: usize,
    cols: usize,
    stack: &mut MemStack,
    body: impl FnOnce(MatMut<'_, T>, &mut MemStack) -> R,
) -> R {
    // SAFETY: any bytes are numbers of T; nobody takes those that were never written for results.
    let (mut matrix, stack) = unsafe { faer::linalg::temp_mat_uninit::<T, _, _>(rows, cols, stack) };
    body(matrix.as_mat_mut(), stack)
}

/// A matrix whose rows lie one after the other.
pub(super) fn by_rows<T>(elements: &[T], rows: usize, cols: usize) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(elements, rows, cols)
}

/// A matrix to write whose columns lie one after the other.
pub(super) fn by_columns<T>(elements: &mut [T], rows: usize, cols: usize) -> MatMut<'_, T> {
    MatMut::from_column_major_slice_mut(elements, rows, cols)
}

/// Copies `f` of each element, where one matrix has its columns and the other its rows one after the other:
/// in tiles, since one of them is walked across.
pub(super) fn copy_across<T: Element>(mut target: MatMut<'_, T>, source: MatRef<'_, T>, f: impl Fn(T) -> T) {
    const TILE: usize = 16;
    let (rows, cols) = (target.nrows(), target.ncols());
    for first_row in (0..rows).step_by(TILE) {
        for first_col in (0..cols).step_by(TILE) {
            for j in first_col..cols.min(first_col + TILE) {
                for i in first_row..rows.min(first_row + TILE) {
                    target[(i, j)] = f(source[(i, j)]);
                }
            }
        }
    }
}

/// Copies the rows of a matrix to the columns of another: its transpose.
pub(super) fn load_transpose<T: Element>(mut target: MatMut<'_, T>, elements: &[T]) {
    let length = target.nrows();
    for (j, row) in elements.chunks_exact(length.max(1)).enumerate() {
        target
            .as_mut()
            .col_mut(j)
            .try_as_col_major_mut()
            .expect("columns are contiguous")
            .as_slice_mut()
            .copy_from_slice(row);
    }
}

/// The greatest magnitude of the components; None where one is not finite.
pub(super) fn magnitude<T: Element>(elements: &[T]) -> Option<f64> {
    let mut largest = 0.0_f64;
    // A product with 0 is 0, or NaN where the number is not finite.
    let mut zero = 0.0_f64;
    for element in elements {
        let [re, im] = element.parts();
        largest = largest.max(re.abs().max(im.abs()));
        zero += (re * 0.0) + (im * 0.0);
    }
    (zero == 0.0).then_some(largest)
}

/// The power of two to multiply a matrix of this magnitude by, lest squares overflow or vanish; 1 as a
/// rule.
pub(super) fn safe_scale<T: Element>(magnitude: f64) -> f64 {
    let limit = f64::from(T::Component::SAFE).exp2();
    if magnitude == 0.0 || (1.0 / limit..=limit).contains(&magnitude) {
        return 1.0;
    }
    let most = f64::from(T::Component::POWERS);
    (-magnitude.log2().round()).clamp(-most, most).exp2()
}

/// Multiplies a matrix, unless by 1.
pub(super) fn scale<T: Element>(mut matrix: MatMut<'_, T>, factor: f64) {
    if factor != 1.0 {
        let factor = T::Component::rounded(factor);
        for j in 0..matrix.ncols() {
            for i in 0..matrix.nrows() {
                matrix[(i, j)] = matrix[(i, j)].times(factor);
            }
        }
    }
}

/// The error for numbers that are not finite, where these have no result.
pub(super) fn not_finite(op: &'static str) -> Error {
    Error::LinearAlgebra { op, message: String::from("the matrix has elements that are not finite") }
}

/// The error for an iteration that gave up.
pub(super) fn no_convergence(op: &'static str) -> Error {
    Error::LinearAlgebra { op, message: String::from("the iteration did not converge") }
}

/// The error for a matrix without an inverse.
pub(super) fn singular(op: &'static str) -> Error {
    Error::LinearAlgebra { op, message: String::from("the matrix is singular") }
}
