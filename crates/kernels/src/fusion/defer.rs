//! Deferring: a node instead of a result, where that is allowed and pays.

use std::sync::{Arc, Weak};

use corepy_core::plan::memory_order;
use corepy_core::reduction_plan::plan_reduction;
use corepy_core::shape::{Shape, Strides, broadcast_shapes, checked_size, dense_strides};
use corepy_core::{DType, Op, Reduction, Result, Tensor, lock, pool};
use smallvec::SmallVec;

use super::node::{Action, Definition, Extent, Node, Source};
use super::{MAX_INPUTS, MAX_OPERATIONS, threshold};
use crate::elementwise::{self, Scalar};

/// How many times the bytes of the result, or of the elements that are read, a storage may have that a pending expression
/// keeps alive.
const KEPT_BYTES: usize = 4;

/// How many arrays of its size, of 8 bytes per element, an expression keeps alive before its operands are evaluated:
/// in `total = total + term` each term would stay until the end.
const KEPT_ARRAYS: usize = 8;

/// Bytes that an expression may keep alive in any case.
const KEPT_AT_LEAST: usize = 32 << 20;

/// An operand: in memory, a number, or pending itself.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// A tensor of any layout.
    Tensor(&'a Tensor),
    /// A number, already of the dtype it takes part as.
    Scalar(&'a Scalar),
    /// A pending result.
    Node(&'a Arc<Node>),
}

impl<'a> Input<'a> {
    pub(super) fn dtype(&self) -> DType {
        match self {
            Input::Tensor(tensor) => tensor.dtype(),
            Input::Scalar(scalar) => scalar.dtype(),
            Input::Node(node) => node.dtype,
        }
    }
    pub(super) fn shape(&self) -> &'a [usize] {
        match self {
            Input::Tensor(tensor) => tensor.shape(),
            Input::Scalar(_) => &[],
            Input::Node(node) => &node.shape,
        }
    }
}

/// Defers `op`; None where it is to be evaluated at once. Errors are those of eager evaluation.
pub fn apply(op: Op, inputs: &[Input<'_>]) -> Result<Option<Arc<Node>>> {
    let dtypes: SmallVec<[DType; 3]> = inputs.iter().map(Input::dtype).collect();
    if elementwise::is_mixed_comparison(op, &dtypes) {
        return Ok(None);
    }
    let promoted = DType::promote_all(dtypes.iter().copied()).expect("at least one operand");
    let compute = elementwise::compute_dtype(op, promoted, dtypes.iter().copied())?;
    defer(Action::Apply(op, compute), op.result_dtype(compute), inputs)
}

/// Defers a cast; None where it is to be done at once.
pub fn cast(input: Input<'_>, dtype: DType) -> Result<Option<Arc<Node>>> {
    defer(Action::Cast, dtype, &[input])
}

/// Defers `where`; None where it is to be evaluated at once.
pub fn select(condition: Input<'_>, chosen: Input<'_>, other: Input<'_>) -> Result<Option<Arc<Node>>> {
    let dtype = chosen.dtype().promote(other.dtype());
    defer(Action::Select, dtype, &[condition, chosen, other])
}

fn defer(action: Action, dtype: DType, inputs: &[Input<'_>]) -> Result<Option<Arc<Node>>> {
    let name = action.name();
    let shapes: SmallVec<[&[usize]; 3]> = inputs.iter().map(Input::shape).collect();
    let shape = broadcast_shapes(name, &shapes)?;
    let size = checked_size(name, &shape, dtype)?;
    if size < threshold().max(1) {
        return Ok(None);
    }
    let mut operands: SmallVec<[Source; 3]> = SmallVec::new();
    for input in inputs {
        operands.push(match input {
            // Stretched, it would be computed many times.
            Input::Node(node) if node.shape != shape && !is_of_rows(node, &shape) => {
                Source::Tensor(node.evaluate()?.clone())
            }
            _ => source(input),
        });
    }
    let order = |operands: &[Source]| {
        let strides: SmallVec<[Strides; 3]> = operands
            .iter()
            .map(|operand| match operand {
                Source::Tensor(tensor) => tensor.broadcast_strides(&shape).expect("broadcast before"),
                Source::Scalar(_) => SmallVec::from_elem(0, shape.len()),
                Source::Node(node) => virtual_strides(node),
            })
            .collect();
        let views: SmallVec<[&[isize]; 3]> = strides.iter().map(|strides| &strides[..]).collect();
        memory_order(&shape, &views)
    };
    place(action, dtype, &shape, size, operands, order)
}

/// Defers the reduction of the rows of `input`, which lie in C order, to a result of its dtype; None where it is to be
/// done at once.
pub(super) fn rows(reduction: Reduction, input: Input<'_>) -> Result<Option<Arc<Node>>> {
    let (shape, strides): (&[usize], &[isize]) = match &input {
        Input::Tensor(tensor) => (tensor.shape(), tensor.strides()),
        Input::Scalar(_) => return Ok(None),
        Input::Node(node) => (&node.shape, &node.strides),
    };
    let last = shape.len() - 1;
    let mask: SmallVec<[bool; 8]> = (0..shape.len()).map(|axis| axis == last).collect();
    // As `reduce::reduce` lays the result out.
    let mut order: Shape = SmallVec::from_slice(&[last]);
    order.extend(plan_reduction(shape, strides, &mask).order);
    let mut reduced: Shape = SmallVec::from_slice(shape);
    reduced[last] = 1;
    let size = shape.iter().product();
    let operands = SmallVec::from_iter([source(&input)]);
    place(Action::Reduce(reduction), input.dtype(), &reduced, size, operands, |_| order.clone())
}

fn source(input: &Input<'_>) -> Source {
    match input {
        Input::Scalar(scalar) => Source::Scalar(**scalar),
        Input::Tensor(tensor) => Source::Tensor((*tensor).clone()),
        Input::Node(node) => match node.result() {
            Some(tensor) => Source::Tensor(tensor.clone()),
            None => Source::Node(Arc::clone(node)),
        },
    }
}

/// Whether `node` has one element for each row of `shape`, and these are computed with the row.
fn is_of_rows(node: &Node, shape: &[usize]) -> bool {
    node.is_reduction && node.shape.len() == shape.len() && node.shape[..shape.len() - 1] == shape[..shape.len() - 1]
}

/// A node of these operands, of which `elements` elements are read; `order` gives the order of its axes in memory.
fn place(
    action: Action,
    dtype: DType,
    shape: &[usize],
    elements: usize,
    mut operands: SmallVec<[Source; 3]>,
    order: impl FnOnce(&[Source]) -> Shape,
) -> Result<Option<Arc<Node>>> {
    let bytes = elements * dtype.itemsize();
    if bytes >= pool::physical_memory() {
        // There is hardly room for it: the program hears of that at once.
        return Ok(None);
    }
    let is_readable_later = |source: &Source| match source {
        Source::Tensor(tensor) => {
            let storage = tensor.storage();
            let read = tensor.size() * tensor.dtype().itemsize();
            storage.is_private() && storage.bytes() / KEPT_BYTES <= bytes.max(read)
        }
        _ => true,
    };
    if !operands.iter().all(is_readable_later) {
        return Ok(None);
    }
    let kept = (elements * dtype.itemsize().max(size_of::<f64>()) * KEPT_ARRAYS).max(KEPT_AT_LEAST);
    let Some(extent) = extent(&mut operands, kept)? else { return Ok(None) };
    let strides = dense_strides(shape, dtype.itemsize(), &order(&operands));
    let sources: SmallVec<[Seen; 3]> = operands.iter().map(Seen::of).collect();
    let definition = Definition { action, operands, extent };
    let node = Node::new(dtype, shape.iter().product(), SmallVec::from_slice(shape), strides, definition);
    // Memory may have been handed out by another thread since it was found to be private.
    let is_announced = sources.iter().all(|source| announce(source, Arc::downgrade(&node)));
    Ok(is_announced.then_some(node))
}

/// What a new node is to be announced to.
enum Seen {
    Tensor(Tensor),
    Node(Arc<Node>),
    Nothing,
}

impl Seen {
    fn of(source: &Source) -> Seen {
        match source {
            Source::Tensor(tensor) => Seen::Tensor(tensor.clone()),
            Source::Node(node) => Seen::Node(Arc::clone(node)),
            Source::Scalar(_) => Seen::Nothing,
        }
    }
}

/// Announces a reader; false if it must not read late, or if somebody evaluates the operand now.
fn announce(source: &Seen, reader: Weak<Node>) -> bool {
    let read = |tensor: &Tensor, reader| {
        // In this order: whoever hands the memory out settles its readers after that.
        tensor.storage().add_reader(reader);
        tensor.storage().is_private()
    };
    match source {
        Seen::Tensor(tensor) => read(tensor, reader),
        Seen::Node(operand) => {
            let Some(mut state) = operand.try_lock() else { return false };
            if let Some(tensor) = operand.result() {
                return read(tensor, reader);
            }
            let _change = lock::change();
            let consumers = &mut state.consumers;
            if consumers.len() == consumers.capacity() {
                consumers.retain(|consumer| consumer.strong_count() > 0);
                consumers.reserve(consumers.len() + 1);
            }
            consumers.push(reader);
            true
        }
        Seen::Nothing => true,
    }
}

/// The strides as [`Tensor::broadcast_strides`] gives them: 0 for axes of size 1.
fn virtual_strides(node: &Node) -> Strides {
    node.shape.iter().zip(&node.strides).map(|(&size, &stride)| if size == 1 { 0 } else { stride }).collect()
}

/// The extent of a node with these operands; operands that would make it too large are evaluated. None if
/// somebody evaluates one of them now.
fn extent(operands: &mut SmallVec<[Source; 3]>, kept: usize) -> Result<Option<Extent>> {
    let fits =
        |extent: &Extent| extent.operations <= MAX_OPERATIONS && extent.inputs <= MAX_INPUTS && extent.bytes <= kept;
    let Some(bound) = bounds(operands) else { return Ok(None) };
    if fits(&bound) {
        return Ok(Some(bound));
    }
    // It counts what operands share as often as they use it.
    let Some(exact) = count(operands) else { return Ok(None) };
    if fits(&exact) {
        return Ok(Some(exact));
    }
    for operand in operands.iter_mut() {
        if let Source::Node(node) = operand {
            let tensor = node.evaluate()?.clone();
            *operand = Source::Tensor(tensor);
        }
    }
    Ok(bounds(operands))
}

fn bounds(operands: &[Source]) -> Option<Extent> {
    let mut extent = Extent { operations: 1, ..Extent::default() };
    for operand in operands {
        if let Source::Node(node) = operand
            && node.result().is_none()
        {
            let state = node.try_lock()?;
            let of_operand = state.definition.as_ref()?.extent;
            extent.operations += of_operand.operations;
            extent.inputs += of_operand.inputs;
            extent.bytes += of_operand.bytes;
        } else {
            extent.inputs += 1;
            extent.bytes += operand.tensor().map_or(0, |tensor| tensor.storage().bytes());
        }
    }
    Some(extent)
}

/// The exact extent, but that inputs which are used twice are counted twice.
fn count(operands: &[Source]) -> Option<Extent> {
    let mut extent = Extent::default();
    let mut seen: Vec<Arc<Node>> = Vec::new();
    let mut storages: Vec<*mut u8> = Vec::new();
    let mut next = 0;
    let mut visit = |operand: &Source, seen: &mut Vec<Arc<Node>>| {
        if let Source::Node(node) = operand
            && node.result().is_none()
        {
            if !seen.iter().any(|other| Arc::ptr_eq(other, node)) {
                seen.push(Arc::clone(node));
            }
            return;
        }
        extent.inputs += 1;
        if let Some(tensor) = operand.tensor() {
            let storage = tensor.storage();
            if !storages.contains(&storage.as_ptr()) {
                storages.push(storage.as_ptr());
                extent.bytes += storage.bytes();
            }
        }
    };
    for operand in operands {
        visit(operand, &mut seen);
    }
    while next < seen.len() && next <= MAX_OPERATIONS {
        let node = Arc::clone(&seen[next]);
        let state = node.try_lock()?;
        state.definition.as_ref()?.operands.iter().for_each(|operand| visit(operand, &mut seen));
        next += 1;
    }
    extent.operations = 1 + seen.len();
    Some(extent)
}
