//! Element-wise operations: promotion, broadcasting and the program for the executor.

use corepy_core::plan::{memory_order, plan};
use corepy_core::shape::{Shape, Strides, broadcast_shapes};
use corepy_core::{DType, Error, Kind, Op, Result, Tensor, scheduler};
use smallvec::SmallVec;

use crate::copy::Copy;
use crate::exec::{self, Program, Slot, Step};
use crate::ffi;
use crate::sort::Address;

/// Elements up to which a contiguous operation or cast is one kernel call in place, whatever it costs: below this,
/// planning costs more than it finds.
const INLINE_ELEMENTS: usize = 1024;

/// Estimated nanoseconds up to which an operation on more elements, up to [`FLAT_MOST`], is one call too: a second core
/// is not worth calling for less.
const INLINE_NS: f32 = scheduler::WORTH_PARALLEL_NS as f32;

/// The most elements of an operation without a plan, which costs half a microsecond (1e4 float32: `atan` 3.7 µs with it,
/// 3.2 µs without), in one call or in chunks that threads share. Where operations are deferred, they have more.
const FLAT_MOST: usize = 32_768;

/// One number of a dtype, as it lies in memory.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(16))]
pub struct Scalar {
    bytes: [u8; 16],
    dtype: DType,
}

impl Scalar {
    /// The number whose bytes start `bytes`.
    pub fn from_bytes(bytes: &[u8], dtype: DType) -> Scalar {
        let mut scalar = Scalar { bytes: [0; 16], dtype };
        scalar.bytes[..dtype.itemsize()].copy_from_slice(&bytes[..dtype.itemsize()]);
        scalar
    }

    /// Its dtype.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.dtype.itemsize()]
    }
}

/// An operand: a tensor, or a number that stands for one.
#[derive(Clone, Copy)]
pub enum Operand<'a> {
    /// A tensor of any layout.
    Tensor(&'a Tensor),
    /// A number, already of the dtype it takes part as.
    Scalar(&'a Scalar),
}

impl<'a> Operand<'a> {
    /// The dtype.
    #[inline]
    pub fn dtype(&self) -> DType {
        match self {
            Operand::Tensor(tensor) => tensor.dtype(),
            Operand::Scalar(scalar) => scalar.dtype,
        }
    }

    /// The shape; a number has none.
    #[inline]
    pub fn shape(&self) -> &'a [usize] {
        match self {
            Operand::Tensor(tensor) => tensor.shape(),
            Operand::Scalar(_) => &[],
        }
    }

    /// Address of the first element, or of the number.
    #[inline]
    pub(crate) fn data(&self) -> *mut u8 {
        match self {
            Operand::Tensor(tensor) => tensor.data(),
            Operand::Scalar(scalar) => scalar.bytes.as_ptr().cast_mut(),
        }
    }

    pub(crate) fn strides(&self, shape: &[usize]) -> Strides {
        match self {
            Operand::Tensor(tensor) => tensor.broadcast_strides(shape).expect("broadcast before"),
            Operand::Scalar(_) => SmallVec::from_elem(0, shape.len()),
        }
    }
}

/// Applies `op`; the result is a new tensor laid out in memory as its operands are.
pub fn apply(op: Op, operands: &[Operand<'_>]) -> Result<Tensor> {
    if let Some(mixed) = MixedComparison::of(op, operands) {
        return mixed.apply();
    }
    let promoted = promoted(operands);
    let compute = compute_dtype(op, promoted, operands.iter().map(Operand::dtype))?;
    if let Some(result) = apply_small(op, compute, operands).or_else(|| apply_flat(op, compute, operands)) {
        return result;
    }
    let info = op.info();
    let shapes: SmallVec<[&[usize]; 3]> = operands.iter().map(Operand::shape).collect();
    let shape = broadcast_shapes(info.name, &shapes)?;
    let strides: SmallVec<[Strides; 4]> = operands.iter().map(|operand| operand.strides(&shape)).collect();
    let views: SmallVec<[&[isize]; 4]> = strides.iter().map(|strides| &strides[..]).collect();
    let order = memory_order(&shape, &views);
    let out = Tensor::empty_ordered(info.name, &shape, op.result_dtype(compute), &order)?;
    // SAFETY: `out` is fresh, hence overlaps no operand.
    unsafe { run(op, compute, operands, &views, &order, &out, true)? };
    Ok(out)
}

/// As [`apply`], where that is one kernel call without a cast; None where it is not, and for operands that `op` does
/// not take.
#[inline]
pub fn apply_few(op: Op, operands: &[Operand<'_>]) -> Option<Tensor> {
    let compute = op.compute_dtype(operands.first()?.dtype()).ok()?;
    apply_small(op, compute, operands)?.ok()
}

/// Applies `op` and writes the result into `out`, cast to its dtype: what in-place operators do.
///
/// Behaves as if the operands were copied first, whatever memory they share with `out`.
pub fn apply_into(op: Op, operands: &[Operand<'_>], out: &Tensor) -> Result<()> {
    let info = op.info();
    out.require_writable(info.name)?;
    let promoted = promoted(operands);
    let compute = compute_dtype(op, promoted, operands.iter().map(Operand::dtype))?;
    let result = op.result_dtype(compute);
    if !result.can_cast_same_kind(out.dtype()) {
        return Err(Error::Cast { op: info.name, from: result, to: out.dtype() });
    }
    let shapes: SmallVec<[&[usize]; 3]> = operands.iter().map(Operand::shape).collect();
    let shape = broadcast_shapes(info.name, &shapes)?;
    if shape.as_slice() != out.shape() {
        let mut shapes: Vec<Vec<usize>> = vec![out.shape().to_vec()];
        shapes.push(shape.to_vec());
        return Err(Error::Broadcast { op: info.name, shapes });
    }
    // What `out` would overwrite before it is read is copied first.
    let mut copies: SmallVec<[Option<Tensor>; 3]> = SmallVec::new();
    for operand in operands {
        copies.push(match operand {
            Operand::Tensor(tensor) if out.may_clobber(tensor) => Some(cast(info.name, tensor, tensor.dtype())?),
            _ => None,
        });
    }
    let operands: SmallVec<[Operand<'_>; 3]> =
        operands.iter().zip(&copies).map(|(operand, copy)| copy.as_ref().map_or(*operand, Operand::Tensor)).collect();
    let strides: SmallVec<[Strides; 4]> = operands.iter().map(|operand| operand.strides(&shape)).collect();
    let mut views: SmallVec<[&[isize]; 4]> = strides.iter().map(|strides| &strides[..]).collect();
    views.insert(0, out.strides());
    let order = memory_order(&shape, &views);
    views.remove(0);
    // SAFETY: operands that overlap `out` otherwise than element on element were copied.
    unsafe { run(op, compute, &operands, &views, &order, out, false) }
}

/// The dtype that the operands promote to.
#[inline]
fn promoted(operands: &[Operand<'_>]) -> DType {
    match operands {
        [x] => x.dtype(),
        [x1, x2] => x1.dtype().promote(x2.dtype()),
        _ => DType::promote_all(operands.iter().map(Operand::dtype)).expect("at least one operand"),
    }
}

/// The dtype that `op` computes in, or an error that names the operands' `dtypes`.
#[inline]
pub(crate) fn compute_dtype(op: Op, promoted: DType, dtypes: impl Iterator<Item = DType>) -> Result<DType> {
    op.compute_dtype(promoted).map_err(|error| match error {
        Error::UnsupportedDType { op, expected, .. } => {
            Error::UnsupportedDType { op, dtypes: dtypes.collect(), expected }
        }
        other => other,
    })
}

/// Estimated nanoseconds per element of `op` in `compute`, on one thread.
#[inline]
fn cost(op: Op, compute: DType) -> f32 {
    let cost = op.info().cost;
    // The registry's costs are float64's; float32 has twice the lanes and shorter polynomials.
    let narrow = if compute == DType::Float32 && cost > 0.4 { 0.85 } else { 1.0 };
    let parts = if compute.is_complex() { 2.0 } else { 1.0 };
    cost * narrow * parts * compute.itemsize() as f32 / 8.0
}

/// An operation whose operands all are numbers or contiguous tensors of one shape and of the dtype that is computed in:
/// its elements are those of one line, and nothing needs a plan.
struct Flat<'a> {
    kernel: ffi::Kernel,
    args: [*const u8; 3],
    scalars: u32,
    /// Has the result's shape.
    model: &'a Tensor,
}

// SAFETY: the operands are read only, and outlive the operation.
unsafe impl Sync for Flat<'_> {}

impl<'a> Flat<'a> {
    /// None where a plan is needed, and where `fits` does not hold for the number of elements.
    #[inline]
    fn of(op: Op, compute: DType, operands: &[Operand<'a>], fits: impl Fn(usize) -> bool) -> Option<Flat<'a>> {
        let mut model: Option<&Tensor> = None;
        let mut scalars = 0u32;
        let mut args = [std::ptr::null::<u8>(); 3];
        for (i, operand) in operands.iter().enumerate() {
            if operand.dtype() != compute {
                return None;
            }
            args[i] = operand.data();
            match operand {
                Operand::Scalar(_) => scalars |= 1 << i,
                Operand::Tensor(tensor) => match model {
                    None if fits(tensor.size()) && tensor.is_contiguous() => model = Some(tensor),
                    Some(first) if first.shape() == tensor.shape() && tensor.is_contiguous() => {}
                    _ => return None,
                },
            }
        }
        Some(Flat { kernel: ffi::elementwise(op, compute)?, args, scalars, model: model? })
    }

    /// One kernel call.
    #[inline]
    fn apply(&self, op: Op, compute: DType) -> Result<Tensor> {
        let out = Tensor::empty(op.name(), self.model.shape(), op.result_dtype(compute))?;
        // SAFETY: contiguous operands and output of `size` elements each; numbers are marked as such.
        unsafe { (self.kernel)(self.args.as_ptr(), out.data(), self.model.size(), self.scalars) };
        Ok(out)
    }

    /// Several, on all threads. A chunk is one call: unlike the [`exec::Cut`] of a plan, this one is of elements, not of
    /// blocks that the plan's axes and the arena bound, and is known without them.
    fn apply_shared(&self, op: Op, compute: DType, total_ns: f32) -> Result<Tensor> {
        let out = Tensor::empty(op.name(), self.model.shape(), op.result_dtype(compute))?;
        let (size, step) = (self.model.size(), out.dtype().itemsize());
        let per_chunk = exec::even_part(size, (total_ns / exec::CHUNK_NS) as usize);
        let target = Address(out.data());
        let body = |chunk: usize| {
            let begin = chunk * per_chunk;
            let mut args = self.args;
            for (i, arg) in args.iter_mut().enumerate() {
                if self.scalars >> i & 1 == 0 {
                    *arg = arg.wrapping_add(begin * compute.itemsize());
                }
            }
            let count = per_chunk.min(size - begin);
            // SAFETY: as in `apply`, for the elements from `begin`; chunks write disjoint parts of the output.
            unsafe { (self.kernel)(args.as_ptr(), target.at(begin * step), count, self.scalars) };
            Ok(())
        };
        scheduler::for_each_chunk(op.name(), size.div_ceil(per_chunk), true, &body)?;
        Ok(out)
    }
}

/// One kernel call, when the work is short and needs no plan.
#[inline]
fn apply_small(op: Op, compute: DType, operands: &[Operand<'_>]) -> Option<Result<Tensor>> {
    let is_short =
        |size: usize| size <= INLINE_ELEMENTS || size <= FLAT_MOST && size as f32 * cost(op, compute) <= INLINE_NS;
    Some(Flat::of(op, compute, operands, is_short)?.apply(op, compute))
}

/// As [`apply_small`], for more work, of which threads take parts.
#[inline]
fn apply_flat(op: Op, compute: DType, operands: &[Operand<'_>]) -> Option<Result<Tensor>> {
    let flat = Flat::of(op, compute, operands, |size| size <= FLAT_MOST)?;
    let total_ns = flat.model.size() as f32 * cost(op, compute);
    Some(if scheduler::worth_parallel(total_ns as u64) {
        flat.apply_shared(op, compute, total_ns)
    } else {
        flat.apply(op, compute)
    })
}

/// Whether `op` compares signed integers with uint64, which no one dtype holds.
pub(crate) fn is_mixed_comparison(op: Op, dtypes: &[DType]) -> bool {
    let is_mixed = |unsigned: DType, signed: DType| unsigned == DType::UInt64 && signed.kind() == Kind::Signed;
    matches!(*dtypes, [first, second] if is_mixed(first, second) || is_mixed(second, first))
        && op.info().family == "comparison"
}

/// A comparison of signed integers with uint64: no integer dtype holds both, and float64, their
/// promoted dtype, would take neighbours for equal. As in NumPy 2 the comparison is exact.
struct MixedComparison<'a> {
    op: Op,
    signed: Operand<'a>,
    unsigned: Operand<'a>,
    signed_first: bool,
}

impl<'a> MixedComparison<'a> {
    #[inline]
    fn of(op: Op, operands: &[Operand<'a>]) -> Option<MixedComparison<'a>> {
        let [first, second] = operands else { return None };
        let signed_first = second.dtype() == DType::UInt64;
        let (signed, unsigned) = if signed_first { (*first, *second) } else { (*second, *first) };
        let mixed = is_mixed_comparison(op, &[first.dtype(), second.dtype()]);
        mixed.then_some(MixedComparison { op, signed, unsigned, signed_first })
    }

    /// `signed < 0` decides; elsewhere both are compared as uint64.
    fn apply(self) -> Result<Tensor> {
        let zero = Scalar::from_bytes(&[0; 8], self.signed.dtype());
        let negative = apply(const { Op::named("less") }, &[self.signed, Operand::Scalar(&zero)])?;
        let name = self.op.name();
        let wrapped = match self.signed {
            Operand::Tensor(tensor) => cast(name, tensor, DType::UInt64)?,
            Operand::Scalar(scalar) => {
                let out = Tensor::empty(name, &[], DType::UInt64)?;
                assign(name, &out, Operand::Scalar(scalar))?;
                out
            }
        };
        let wrapped = Operand::Tensor(&wrapped);
        let pair = if self.signed_first { [wrapped, self.unsigned] } else { [self.unsigned, wrapped] };
        let compared = apply(self.op, &pair)?;
        // What the comparison says of a negative signed operand.
        let holds = match name {
            "not_equal" => true,
            "less" | "less_equal" => self.signed_first,
            "greater" | "greater_equal" => !self.signed_first,
            _ => false,
        };
        if holds {
            return apply(const { Op::named("logical_or") }, &[Operand::Tensor(&negative), Operand::Tensor(&compared)]);
        }
        // compared and not negative: on booleans, compared > negative.
        apply(const { Op::named("greater") }, &[Operand::Tensor(&compared), Operand::Tensor(&negative)])
    }
}

/// Runs `op` in `compute`, with casts where an operand or the output has another dtype.
///
/// # Safety
/// `out` may share memory with an operand only element on element.
unsafe fn run(
    op: Op,
    compute: DType,
    operands: &[Operand<'_>],
    strides: &[&[isize]],
    order: &[usize],
    out: &Tensor,
    fresh: bool,
) -> Result<()> {
    let info = op.info();
    let inputs = operands.len();
    let mut program = Program::new(cost(op, compute));
    let mut args = [0; 3];
    for (i, operand) in operands.iter().enumerate() {
        args[i] = if operand.dtype() == compute {
            i as Slot
        } else {
            let slot = (inputs + program.temporaries.len()) as Slot;
            program.temporaries.push(compute.itemsize());
            let kernel = ffi::cast(operand.dtype(), compute);
            program.steps.push(Step::new(kernel, &[i as Slot], slot));
            program.cost += 0.3;
            slot
        };
    }
    let result = op.result_dtype(compute);
    let kernel = ffi::elementwise(op, compute).expect("compute_dtype chose a dtype of the domain");
    if result == out.dtype() {
        let last = (inputs + program.temporaries.len()) as Slot;
        program.steps.push(Step::new(kernel, &args[..inputs], last));
    } else {
        let slot = (inputs + program.temporaries.len()) as Slot;
        program.temporaries.push(result.itemsize());
        program.steps.push(Step::new(kernel, &args[..inputs], slot));
        let kernel = ffi::cast(result, out.dtype());
        program.steps.push(Step::new(kernel, &[slot], slot + 1));
        program.cost += 0.3;
    }
    let mut all: SmallVec<[&[isize]; 4]> = strides.iter().copied().collect();
    all.push(out.strides());
    let plan = plan(out.shape(), order, &all);
    let mut memory: SmallVec<[exec::Operand; 4]> = operands
        .iter()
        .map(|operand| exec::Operand { data: operand.data(), itemsize: operand.dtype().itemsize() })
        .collect();
    memory.push(exec::Operand { data: out.data(), itemsize: out.dtype().itemsize() });
    program.streams = true;
    // SAFETY: strides and shape are the tensors' own; the caller answers for overlap.
    unsafe { exec::run(info.name, &program, &plan, &memory, inputs, fresh) }
}

/// A new tensor with the elements of `tensor` cast to `dtype`, laid out as `tensor` is.
pub fn cast(op: &'static str, tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    let order = memory_order(tensor.shape(), &[tensor.strides()]);
    let out = Tensor::empty_ordered(op, tensor.shape(), dtype, &order)?;
    write(op, &out, Operand::Tensor(tensor), true)?;
    Ok(out)
}

/// A new C-contiguous tensor with the elements of `tensor` cast to `dtype`.
pub fn cast_contiguous(op: &'static str, tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    let out = Tensor::empty(op, tensor.shape(), dtype)?;
    write(op, &out, Operand::Tensor(tensor), true)?;
    Ok(out)
}

/// A new tensor filled with one number.
pub fn full(op: &'static str, shape: &[usize], value: &Scalar) -> Result<Tensor> {
    let out = Tensor::empty(op, shape, value.dtype)?;
    write(op, &out, Operand::Scalar(value), true)?;
    Ok(out)
}

/// Writes `value`, broadcast and cast, into `out`; as if `value` were copied first. The caller has
/// decided that the cast is allowed.
pub fn assign(op: &'static str, out: &Tensor, value: Operand<'_>) -> Result<()> {
    write(op, out, value, false)
}

/// As [`assign`], of a tensor of the same shape that shares no memory with `out`.
pub(crate) fn assign_apart(op: &'static str, out: &Tensor, value: &Tensor) -> Result<()> {
    if out.dtype() == value.dtype()
        && let Some(copy) = Copy::new(out, value)
    {
        // SAFETY: both live; the caller says that they overlap nowhere.
        return unsafe { copy.run(op) };
    }
    assign(op, out, Operand::Tensor(value))
}

/// As [`assign`]; `fresh` says that `out` was just allocated.
fn write(op: &'static str, out: &Tensor, value: Operand<'_>, fresh: bool) -> Result<()> {
    out.require_writable(op)?;
    if fresh && out.size() <= INLINE_ELEMENTS && out.is_contiguous() {
        let scalars = match value {
            Operand::Scalar(_) => Some(1),
            Operand::Tensor(tensor) if tensor.shape() == out.shape() && tensor.is_contiguous() => Some(0),
            Operand::Tensor(_) => None,
        };
        if let Some(scalars) = scalars {
            let args = [value.data().cast_const()];
            // SAFETY: both are contiguous and hold `size` elements; fresh memory overlaps nothing.
            unsafe { ffi::cast(value.dtype(), out.dtype())(args.as_ptr(), out.data(), out.size(), scalars) };
            return Ok(());
        }
    }
    let copy;
    let value = match value {
        Operand::Tensor(tensor) if out.may_clobber(tensor) => {
            copy = cast(op, tensor, tensor.dtype())?;
            Operand::Tensor(&copy)
        }
        other => other,
    };
    let strides: Strides = match value {
        Operand::Scalar(_) => SmallVec::from_elem(0, out.ndim()),
        Operand::Tensor(tensor) => tensor
            .broadcast_strides(out.shape())
            .ok_or_else(|| Error::Broadcast { op, shapes: vec![tensor.shape().to_vec(), out.shape().to_vec()] })?,
    };
    let order: Shape = memory_order(out.shape(), &[out.strides(), &strides]);
    let plan = plan(out.shape(), &order, &[&strides, out.strides()]);
    // What was converted or copied is about to be read: half of the last cache may still hold it.
    let fresh = fresh && 2 * out.size() * out.dtype().itemsize() >= exec::stream_bytes();
    if !fresh
        && value.dtype() == out.dtype()
        && let Some(copy) = Copy::over(&plan, out, value.data())
    {
        // SAFETY: strides and shape are the tensors' own; an overlapping value was copied.
        return unsafe { copy.run(op) };
    }
    let cost = 0.2 * value.dtype().itemsize().max(out.dtype().itemsize()) as f32 / 8.0;
    let mut program = Program::new(cost);
    program.streams = true;
    program.steps.push(Step::new(ffi::cast(value.dtype(), out.dtype()), &[0], 1));
    let memory = [
        exec::Operand { data: value.data(), itemsize: value.dtype().itemsize() },
        exec::Operand { data: out.data(), itemsize: out.dtype().itemsize() },
    ];
    // SAFETY: strides and shape are the tensors' own; an overlapping value was copied.
    unsafe { exec::run(op, &program, &plan, &memory, 1, fresh) }
}
