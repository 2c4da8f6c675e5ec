//! Reductions of pending expressions: the blocks that a reduction reads are computed when it reads
//! them, and nothing is written but what the program holds.

use std::sync::Arc;

use corepy_core::arena::Scope;
use corepy_core::reduction_plan::Axes;
use corepy_core::{DType, Reduction, Result, Tensor};

use super::compile::Compiled;
use super::evaluate::{allocate, finish};
use super::graph::Graph;
use super::node::Node;
use crate::exec::{ARENA_BLOCK, Mask, Program, Sums};
use crate::{ffi, reduce};

/// Sizes of the innermost axis from which blocks end where rows do, so that what varies along rows or
/// across them is used in place.
const ROW: usize = 128;

/// The reduction of `node` over `axes`, as [`reduce::reduce`]. `own` says how many handles of the node, besides those of
/// its expression, will go: if there are no others, its values are not wanted.
pub fn reduce(
    reduction: Reduction,
    node: &Arc<Node>,
    axes: Option<&[i64]>,
    dtype: Option<DType>,
    keepdims: bool,
    own: usize,
) -> Result<Tensor> {
    if reduce::reads_blocks(reduction, &node.shape, &node.strides, node.dtype, axes, dtype)
        && let Some(graph) = Graph::lock(node)?
    {
        if graph.has_reductions() {
            super::evaluate::reduce_first(graph)?;
            return reduce(reduction, node, axes, dtype, keepdims, own);
        }
        return reduce_graph(reduction, graph, node, axes, dtype, keepdims, own);
    }
    reduce::reduce(reduction, node.evaluate()?, axes, dtype, keepdims)
}

fn reduce_graph(
    reduction: Reduction,
    graph: Graph,
    node: &Arc<Node>,
    axes: Option<&[i64]>,
    dtype: Option<DType>,
    keepdims: bool,
    own: usize,
) -> Result<Tensor> {
    let root = graph.nodes.len() - 1;
    let is_held = graph.is_held(own);
    let mut is_output = is_held.clone();
    // A search that ends early would leave what is written besides unwritten. The maximum of bools is one, too.
    let kernel = reduction.types(node.dtype, dtype)?.kernel;
    let is_search = matches!(kernel, Reduction::Any | Reduction::All) && is_held.contains(&true);
    is_output[root] = true;
    // What lies in another order than the root cannot be written block by block.
    let is_parallel =
        graph.nodes.iter().zip(&is_output).all(|(locked, &is_output)| !is_output || same_order(&locked.node, node));
    let compiled = if is_parallel && !is_search { Compiled::new(&graph, &is_output) } else { None };
    let Some(mut compiled) = compiled else {
        drop(graph);
        return reduce::reduce(reduction, node.evaluate()?, axes, dtype, keepdims);
    };
    if !is_held[root] {
        compiled.outputs.pop();
    }
    let tensors = allocate(&graph, &compiled.outputs)?;
    let stream = Stream::new(&graph, &compiled, &tensors, is_held[root]);
    let source = reduce::Source::Stream { stream: &stream, shape: &node.shape, strides: &node.strides };
    let result = reduce::reduce_source(reduction, source, axes, dtype, keepdims)?;
    is_output[root] = is_held[root];
    finish(graph, &compiled.outputs, tensors, &is_output);
    Ok(result)
}

/// Whether two nodes of one shape lay it out alike.
fn same_order(a: &Node, b: &Node) -> bool {
    let scale = |stride: isize, dtype: DType| stride / dtype.itemsize() as isize;
    let sizes = a.shape.iter().zip(a.strides.iter().zip(&b.strides));
    sizes.into_iter().all(|(&size, (&sa, &sb))| size == 1 || scale(sa, a.dtype) == scale(sb, b.dtype))
}

/// An input of a stream: where it lies, and how the walk over the root's memory goes over it.
struct Lane {
    data: *const u8,
    itemsize: usize,
    axes: Axes,
    is_scalar: bool,
    is_contiguous: bool,
}

/// A pending expression as a source of contiguous blocks, in the order in which its result would lie
/// in memory.
pub struct Stream {
    program: Program,
    lanes: Vec<Lane>,
    /// Addresses and sizes of elements of what is written besides, and of the root if that is.
    outputs: Vec<(*mut u8, usize)>,
    root_is_written: bool,
    dtype: DType,
    /// Sums elements as they are computed, where nothing is written and all inputs lie without gaps.
    sums: Option<Sums>,
    /// Size of the innermost axis.
    cols: usize,
    size: usize,
}

// SAFETY: inputs are only read; threads write the outputs of the blocks that they compute.
unsafe impl Sync for Stream {}

/// Room for the blocks of one thread.
pub struct Room {
    slots: Vec<*mut u8>,
    gathered: Vec<*mut u8>,
}

impl Stream {
    fn new(graph: &Graph, compiled: &Compiled, tensors: &[Tensor], root_is_written: bool) -> Stream {
        let root = &graph.root().node;
        let plan = compiled.plan(&root.shape, &root.strides, &[&root.strides]);
        let lanes: Vec<Lane> = compiled
            .inputs
            .iter()
            .zip(&plan.strides)
            .map(|(input, strides)| {
                let itemsize = input.operand.itemsize;
                let mut axes = Axes { shape: plan.shape.iter().copied().collect(), strides: strides.clone() };
                let is_contiguous = axes.is_contiguous(itemsize);
                if input.is_scalar {
                    axes = Axes::default();
                }
                Lane { data: input.operand.data, itemsize, axes, is_scalar: input.is_scalar, is_contiguous }
            })
            .collect();
        let cols = plan.shape.last().copied().unwrap_or(1);
        // What is one element for a row is one for each block, since blocks end where rows do.
        let is_scalar = |lane: &Lane| lane.is_scalar || cols >= ROW && !lane.is_contiguous && lane.axes.inner().1 == 0;
        let scalars = lanes.iter().enumerate().fold(0, |mask, (slot, lane)| mask | Mask::from(is_scalar(lane)) << slot);
        let mut program = compiled.program.clone();
        program.fuse(lanes.len(), scalars, false);
        let is_plain = tensors.is_empty() && lanes.iter().all(|lane| lane.is_scalar || lane.is_contiguous);
        let sums = if is_plain { program.sums(lanes.len(), scalars) } else { None };
        Stream {
            program,
            lanes,
            outputs: tensors.iter().map(|tensor| (tensor.data(), tensor.dtype().itemsize())).collect(),
            root_is_written,
            dtype: root.dtype,
            sums,
            cols,
            size: root.size,
        }
    }

    /// The expression's dtype.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Estimated nanoseconds per element on one core.
    pub fn cost(&self) -> f32 {
        self.program.cost
    }

    /// Room for the blocks of one thread, until `scope` ends.
    pub fn room(&self, scope: &Scope<'_>) -> Result<Room> {
        let mut slots = vec![std::ptr::null_mut(); self.lanes.len()];
        for &itemsize in &self.program.temporaries {
            slots.push(scope.elements(ARENA_BLOCK, itemsize)?);
        }
        let outputs = self.outputs.len() + usize::from(!self.root_is_written);
        slots.resize(slots.len() + outputs, std::ptr::null_mut());
        let mut gathered = Vec::with_capacity(self.lanes.len());
        for lane in &self.lanes {
            gathered.push(match lane.is_scalar || lane.is_contiguous {
                true => std::ptr::null_mut(),
                false => scope.elements(ARENA_BLOCK, lane.itemsize)?,
            });
        }
        Ok(Room { slots, gathered })
    }

    /// Computes the elements `first..first + len` in the order of the root's memory, and returns where
    /// they are: in the root's memory if that is written, else in `buffer`.
    ///
    /// # Safety
    /// The elements exist; `buffer` has room for them; no other thread computes the same ones.
    pub unsafe fn compute(&self, first: usize, len: usize, buffer: *mut u8, room: &mut Room) -> *const u8 {
        let itemsize = self.dtype.itemsize();
        let target = match self.outputs.last() {
            Some(&(data, size)) if self.root_is_written => data.wrapping_add(first * size),
            _ => buffer,
        };
        let by_row = self.cols >= ROW;
        let mut done = 0;
        while done < len {
            let index = first + done;
            let mut n = ARENA_BLOCK.min(len - done);
            if by_row {
                n = n.min(self.cols - index % self.cols);
            }
            // SAFETY: the caller's promise; `n` elements fit the room.
            unsafe { self.compute_block(index, n, by_row, target.wrapping_add(done * itemsize), room) };
            done += n;
        }
        target
    }

    /// Whether [`Stream::sum_leaves`] can be called.
    pub fn sums_leaves(&self) -> bool {
        self.sums.is_some()
    }

    /// Sums `leaves` leaves of the tree of `csrc/reduce_vector.h`, from element `first` on, to `out`.
    ///
    /// # Safety
    /// The elements exist, and [`Stream::sums_leaves`]; `out` has room for the numbers.
    pub unsafe fn sum_leaves(&self, first: usize, leaves: usize, out: *mut f64, room: &mut Room) {
        for (slot, lane) in room.slots.iter_mut().zip(&self.lanes) {
            let offset = if lane.is_scalar { 0 } else { first * lane.itemsize };
            *slot = lane.data.wrapping_add(offset).cast_mut();
        }
        let sums = self.sums.as_ref().expect("the caller asked");
        // SAFETY: inputs hold the elements, or one that stands for all.
        unsafe { sums.run(&room.slots, leaves, out) };
    }

    unsafe fn compute_block(&self, index: usize, n: usize, by_row: bool, target: *mut u8, room: &mut Room) {
        let mut scalars: Mask = 0;
        for (slot, lane) in self.lanes.iter().enumerate() {
            let (_, step) = lane.axes.inner();
            room.slots[slot] = if lane.is_scalar {
                scalars |= 1 << slot;
                lane.data.cast_mut()
            } else if lane.is_contiguous {
                lane.data.wrapping_add(index * lane.itemsize).cast_mut()
            } else if by_row && (step == 0 || step == lane.itemsize as isize) {
                scalars |= Mask::from(step == 0) << slot;
                lane.data.wrapping_offset(lane.axes.offset(index)).cast_mut()
            } else {
                let item = lane.itemsize as isize;
                let mut place = room.gathered[slot];
                lane.axes.pieces(index, n, |piece| {
                    // SAFETY: the piece lies in the operand, and pieces fill the room in order.
                    unsafe {
                        ffi::copy(lane.itemsize)(
                            lane.data.wrapping_offset(piece.offset),
                            piece.row_stride,
                            piece.col_stride,
                            place,
                            piece.cols as isize * item,
                            item,
                            piece.rows,
                            piece.cols,
                        );
                    }
                    place = place.wrapping_add(piece.rows * piece.cols * lane.itemsize);
                });
                room.gathered[slot]
            };
        }
        let first_output = self.lanes.len() + self.program.temporaries.len();
        for (output, &(data, itemsize)) in self.outputs.iter().enumerate() {
            room.slots[first_output + output] = data.wrapping_add(index * itemsize);
        }
        *room.slots.last_mut().expect("the root has a slot") = target;
        // SAFETY: inputs, temporaries and outputs hold `n` elements; scalars are marked.
        unsafe { self.program.run(&room.slots, self.lanes.len(), n, scalars, false) };
    }
}
