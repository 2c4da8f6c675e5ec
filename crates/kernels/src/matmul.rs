//! Matrix products: shapes, batches, and the way from matrices to blocks that fit the caches.
//!
//! Every element is one chain of multiply-adds over k in ascending order (see `csrc/gemm.h`), so that
//! neither the blocks nor the threads can change a bit. Products with a vector, which memory limits,
//! have kernels of their own (`csrc/dot.h`), chosen by shape and strides.

mod blocks;
mod small;
mod vectors;

use corepy_core::error::shape_text;
use corepy_core::scheduler;
use corepy_core::shape::{Shape, Strides, broadcast_shapes};
use corepy_core::{DType, Error, Result, Tensor};

use crate::elementwise::{self, Operand, Scalar};

/// One product of matrices in memory: m × k by k × n into m × n. Strides in bytes; rows of `c` are
/// contiguous.
#[derive(Debug, Clone, Copy)]
struct Product {
    a: *const u8,
    a_row: isize,
    a_col: isize,
    b: *const u8,
    b_row: isize,
    b_col: isize,
    c: *mut u8,
    m: usize,
    n: usize,
    k: usize,
    dtype: DType,
}

// SAFETY: the pointers are into tensors that outlive the operation; threads write disjoint parts of `c`.
unsafe impl Send for Product {}
// SAFETY: as above.
unsafe impl Sync for Product {}

/// The matrix product as the standard has it: vectors count as a row or a column, leading dimensions
/// broadcast.
pub fn matmul(op: &'static str, x1: &Tensor, x2: &Tensor) -> Result<Tensor> {
    if x1.ndim() == 0 || x2.ndim() == 0 {
        return Err(Error::Value {
            op,
            message: format!(
                "at least 1 dimension is required; the shapes are {} and {}",
                shape_text(x1.shape()),
                shape_text(x2.shape())
            ),
        });
    }
    // Copies of the descriptions would take a third of the time of the smallest products.
    let row = (x1.ndim() == 1).then(|| x1.expanded(0));
    let column = (x2.ndim() == 1).then(|| x2.expanded(1));
    let (a, b) = (row.as_ref().unwrap_or(x1), column.as_ref().unwrap_or(x2));
    let k = a.shape()[a.ndim() - 1];
    if b.shape()[b.ndim() - 2] != k {
        return Err(Error::Value {
            op,
            message: format!(
                "shapes {} and {} do not match: {k} columns by {} rows",
                shape_text(x1.shape()),
                shape_text(x2.shape()),
                b.shape()[b.ndim() - 2]
            ),
        });
    }
    let sizes = [a.shape()[a.ndim() - 2], b.shape()[b.ndim() - 1]];
    let batch = if a.ndim() == 2 && b.ndim() == 2 {
        Shape::new()
    } else {
        broadcast_shapes(op, &[&a.shape()[..a.ndim() - 2], &b.shape()[..b.ndim() - 2]])
            .map_err(|_| Error::Broadcast { op, shapes: vec![x1.shape().to_vec(), x2.shape().to_vec()] })?
    };
    let mut shape = batch.clone();
    if row.is_none() {
        shape.push(sizes[0]);
    }
    if column.is_none() {
        shape.push(sizes[1]);
    }
    matrices(op, a, b, &batch, sizes, &shape)
}

/// The product of stacks of matrices that match, in a tensor of `shape`.
fn matrices(
    op: &'static str,
    a: &Tensor,
    b: &Tensor,
    batch: &[usize],
    [m, n]: [usize; 2],
    shape: &[usize],
) -> Result<Tensor> {
    let promoted = a.dtype().promote(b.dtype());
    // Truths are counted, and any count but 0 is true.
    let compute = if promoted == DType::Bool { DType::Int64 } else { promoted };
    let (converted_a, converted_b) = (converted(op, a, compute)?, converted(op, b, compute)?);
    let (a, b) = (converted_a.as_ref().unwrap_or(a), converted_b.as_ref().unwrap_or(b));
    let out = Tensor::empty(op, shape, compute)?;
    let k = a.shape()[a.ndim() - 1];
    if out.size() > 0 && k == 0 {
        elementwise::assign(op, &out, Operand::Scalar(&Scalar::from_bytes(&[0; 16], compute)))?;
    } else if out.size() > 0 {
        let walk = Batch::new(a, b, batch);
        let product = Product {
            a: a.data(),
            a_row: a.strides()[a.ndim() - 2],
            a_col: a.strides()[a.ndim() - 1],
            b: b.data(),
            b_row: b.strides()[b.ndim() - 2],
            b_col: b.strides()[b.ndim() - 1],
            c: out.data(),
            m,
            n,
            k,
            dtype: compute,
        };
        run(op, &product, &walk)?;
    }
    if promoted == DType::Bool { elementwise::cast(op, &out, DType::Bool) } else { Ok(out) }
}

/// `tensor` in `dtype`, unless that is its own.
fn converted(op: &'static str, tensor: &Tensor, dtype: DType) -> Result<Option<Tensor>> {
    if tensor.dtype() == dtype { Ok(None) } else { elementwise::cast(op, tensor, dtype).map(Some) }
}

/// The walk over a batch: which matrices make the i-th product. Axes that one stride serves are merged.
struct Batch {
    shape: Shape,
    a: Strides,
    b: Strides,
}

impl Batch {
    fn new(a: &Tensor, b: &Tensor, shape: &[usize]) -> Batch {
        let stride = |tensor: &Tensor, axis: usize| -> isize {
            let first = shape.len() - (tensor.ndim() - 2);
            if axis < first || tensor.shape()[axis - first] == 1 { 0 } else { tensor.strides()[axis - first] }
        };
        let mut batch = Batch { shape: Shape::new(), a: Strides::new(), b: Strides::new() };
        for (axis, &size) in shape.iter().enumerate().filter(|&(_, &size)| size != 1) {
            let (inner_a, inner_b) = (stride(a, axis), stride(b, axis));
            if let (Some(outer), Some(outer_a), Some(outer_b)) =
                (batch.shape.last_mut(), batch.a.last_mut(), batch.b.last_mut())
                && *outer_a == inner_a * size as isize
                && *outer_b == inner_b * size as isize
            {
                *outer *= size;
                (*outer_a, *outer_b) = (inner_a, inner_b);
            } else {
                batch.shape.push(size);
                batch.a.push(inner_a);
                batch.b.push(inner_b);
            }
        }
        batch
    }

    fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// The products from the `index`-th on that are equal strides apart: how many, and the strides of the operands.
    fn inner(&self, index: usize) -> (usize, [isize; 2]) {
        match self.shape.last() {
            Some(&size) => (size - index % size, [self.a[self.a.len() - 1], self.b[self.b.len() - 1]]),
            None => (1, [0, 0]),
        }
    }

    /// The i-th of the products like `first`.
    fn item(&self, first: &Product, index: usize) -> Product {
        let mut rest = index;
        let (mut a, mut b) = (0, 0);
        for axis in (0..self.shape.len()).rev() {
            let at = (rest % self.shape[axis]) as isize;
            rest /= self.shape[axis];
            a += at * self.a[axis];
            b += at * self.b[axis];
        }
        Product {
            a: first.a.wrapping_offset(a),
            b: first.b.wrapping_offset(b),
            c: first.c.wrapping_add(index * first.m * first.n * first.dtype.itemsize()),
            ..*first
        }
    }
}

impl Product {
    /// Nanoseconds of arithmetic on one core: 16 float64 multiplications per nanosecond and half as many beyond.
    fn arithmetic(&self) -> f32 {
        let per_element = match self.dtype {
            DType::Float32 => 0.02,
            DType::Complex64 => 0.1,
            DType::Complex128 => 0.2,
            _ => 0.04,
        };
        self.m as f32 * self.n as f32 * self.k as f32 * per_element
    }

    /// Estimated nanoseconds on one core, by arithmetic or by memory.
    fn cost(&self) -> f32 {
        let elements = (self.m * self.k + self.k * self.n + self.m * self.n) as f32;
        self.arithmetic() + elements * 0.3
    }
}

/// Runs every product of the batch.
fn run(op: &'static str, first: &Product, batch: &Batch) -> Result<()> {
    let count = batch.size();
    let by_vector = first.is_by_vector();
    let small = !by_vector && first.is_small();
    let cost = if small { first.small_cost() } else { first.cost() };
    let threads = scheduler::num_threads();
    // Many products: whole ones are shared out.
    if count >= 4 * threads || cost < scheduler::WORTH_PARALLEL_NS as f32 {
        // A helper that comes a microsecond late then costs little.
        const CHUNK_NS: f32 = 3_000.0;
        let most = ((CHUNK_NS / cost) as usize).clamp(1, count);
        // As many for each thread.
        let chunks = count.div_ceil(most).next_multiple_of(threads);
        let per_chunk = count.div_ceil(chunks);
        let chunks = count.div_ceil(per_chunk);
        let parallel = chunks > 1 && scheduler::worth_parallel((cost * count as f32) as u64);
        return scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
            let (mut index, end) = (chunk * per_chunk, count.min((chunk + 1) * per_chunk));
            while index < end {
                let product = batch.item(first, index);
                let mut done = 1;
                if by_vector {
                    vectors::run(op, &product, false)?;
                } else if small {
                    let (inner, strides) = batch.inner(index);
                    done = inner.min(end - index);
                    // SAFETY: whole products, which no other thread has.
                    unsafe { small::run(op, &product, strides, done, product.n * product.dtype.itemsize())? };
                } else {
                    // SAFETY: the whole of one product, which no other thread has.
                    unsafe { blocks::run_tile(op, &product)? };
                }
                index += done;
            }
            Ok(())
        });
    }
    for index in 0..count {
        let product = batch.item(first, index);
        if by_vector {
            vectors::run(op, &product, true)?;
        } else {
            blocks::run(op, &product)?;
        }
    }
    Ok(())
}

/// The sum of products over `axis` of both, `x1` conjugated where complex; the other axes broadcast.
pub fn vecdot(op: &'static str, x1: &Tensor, x2: &Tensor, axis: i64) -> Result<Tensor> {
    let a = last(op, x1, axis)?;
    let b = last(op, x2, axis)?;
    let (size1, size2) = (a.shape()[a.ndim() - 1], b.shape()[b.ndim() - 1]);
    if size1 != size2 {
        return Err(Error::Value {
            op,
            message: format!(
                "shapes {} and {} do not match: sizes {size1} and {size2} along axis {axis}",
                shape_text(x1.shape()),
                shape_text(x2.shape())
            ),
        });
    }
    let a = if a.dtype().is_complex() {
        elementwise::apply(const { corepy_core::Op::named("conj") }, &[Operand::Tensor(&a)])?
    } else {
        a
    };
    let batch = broadcast_shapes(op, &[&a.shape()[..a.ndim() - 1], &b.shape()[..b.ndim() - 1]])?;
    // Row by column: each pair of vectors is a product of matrices 1 × k by k × 1.
    let row = a.expanded(a.ndim() - 1);
    let column = b.expanded(b.ndim());
    matrices(op, &row, &column, &batch, [1, 1], &batch)
}

/// The view with `axis` moved to the end.
fn last(op: &'static str, tensor: &Tensor, axis: i64) -> Result<Tensor> {
    let axis = corepy_core::shape::normalize_axis(op, axis, tensor.ndim())?;
    let mut order: Shape = (0..tensor.ndim()).filter(|&other| other != axis).collect();
    order.push(axis);
    Ok(tensor.permuted(&order))
}

/// The sum of products over `axes1` of `x1` and `axes2` of `x2`, pair by pair; the other axes of `x1`
/// come first in the result.
pub fn tensordot(op: &'static str, x1: &Tensor, x2: &Tensor, axes1: &[usize], axes2: &[usize]) -> Result<Tensor> {
    for (&axis1, &axis2) in axes1.iter().zip(axes2) {
        if x1.shape()[axis1] != x2.shape()[axis2] {
            return Err(Error::Value {
                op,
                message: format!(
                    "shapes {} and {} do not match: axis {axis1} of size {} with axis {axis2} of size {}",
                    shape_text(x1.shape()),
                    shape_text(x2.shape()),
                    x1.shape()[axis1],
                    x2.shape()[axis2]
                ),
            });
        }
    }
    let kept =
        |tensor: &Tensor, axes: &[usize]| -> Shape { (0..tensor.ndim()).filter(|axis| !axes.contains(axis)).collect() };
    let (kept1, kept2) = (kept(x1, axes1), kept(x2, axes2));
    let sizes = |tensor: &Tensor, axes: &[usize]| -> Shape { axes.iter().map(|&axis| tensor.shape()[axis]).collect() };
    let product = |sizes: &[usize]| sizes.iter().product::<usize>();
    let order1: Shape = kept1.iter().chain(axes1).copied().collect();
    let order2: Shape = axes2.iter().chain(&kept2).copied().collect();
    let mut shape = sizes(x1, &kept1);
    shape.extend(sizes(x2, &kept2));
    corepy_core::shape::checked_size(op, &shape, x1.dtype().promote(x2.dtype()))?;
    let k = product(&sizes(x1, axes1));
    let a = as_matrix(op, &x1.permuted(&order1), [product(&sizes(x1, &kept1)), k])?;
    let b = as_matrix(op, &x2.permuted(&order2), [k, product(&sizes(x2, &kept2))])?;
    matrices(op, &a, &b, &[], [a.shape()[0], b.shape()[1]], &shape)
}

/// `tensor` as a matrix of this shape: a view where its strides allow.
fn as_matrix(op: &'static str, tensor: &Tensor, shape: [usize; 2]) -> Result<Tensor> {
    match tensor.reshaped(op, &shape) {
        Some(view) => view,
        None => Ok(elementwise::cast_contiguous(op, tensor, tensor.dtype())?.reshaped_contiguous(&shape)),
    }
}
