//! Expressions with reductions along rows, such as a softmax: row by row, while a row is in L1.
//!
//! The nodes are computed in stages. A stage needs what reductions of the stages before it give; its program computes
//! its element-wise nodes for a row, and its reductions reduce them. What a later stage reads is kept in the arena
//! until the row is done. Kernels and their order are those of evaluation one by one, hence the bits are too.

use std::fmt::Write as _;
use std::sync::Arc;

use corepy_core::reduction_plan::Axes;
use corepy_core::{Reduction, Result, Tensor, arena, scheduler};

use super::compile::Compiled;
use super::defer::{self, Input};
use super::graph::Graph;
use super::node::{Action, Node, Source};
use super::threshold;
use crate::exec::{ARENA_BLOCK, Mask, stream_bytes, stream_fence};
use crate::reduce::{LONGEST_ROW, RowReduction};

/// Elements of a row below which the calls for each row take longer than what is saved.
const SHORTEST_ROW: usize = 64;
/// Nanoseconds of work that one chunk should hold.
const CHUNK_NS: f32 = 6_000.0;

/// Defers the reduction of `input` along its last axis, which stays with size 1; None where it is to be done at once.
pub fn reduce_later(reduction: Reduction, input: Input<'_>, axes: Option<&[i64]>) -> Result<Option<Arc<Node>>> {
    let shape = input.shape();
    let (&[axis], Some(&n)) = (axes.unwrap_or_default(), shape.last()) else { return Ok(None) };
    let rank = shape.len() as i64;
    let size: usize = shape.iter().product();
    // One element is copied, not reduced.
    let shortest = if threshold() == 1 { 2 } else { SHORTEST_ROW };
    let is_in_c_order = match &input {
        Input::Tensor(tensor) => tensor.is_contiguous(),
        Input::Node(node) => node.is_in_c_order(),
        Input::Scalar(_) => false,
    };
    let is_last = axis == rank - 1 || axis == -1;
    if rank < 2 || !is_last || n < shortest || size < threshold().max(1) || !is_in_c_order {
        return Ok(None);
    }
    if RowReduction::new(reduction, input.dtype(), n).is_none() {
        return Ok(None);
    }
    defer::rows(reduction, input)
}

/// Where a row of a node's values is.
#[derive(Clone, Copy)]
enum Place {
    /// Nobody needs it outside of its stage's program.
    Nowhere,
    /// The node's tensor, so many bytes for each row.
    Output(*mut u8, usize),
    /// A buffer of the arena.
    Buffer(usize),
}

/// What a program reads.
enum Read {
    /// A tensor or a number, and the axes of its rows.
    Memory(*const u8, Axes),
    /// A node of an earlier stage.
    Node(usize),
}

/// A reduction, the node of its result, and what it reduces.
struct Reducer {
    reduction: RowReduction,
    node: usize,
    source: Read,
}

#[derive(Default)]
struct Stage {
    compiled: Option<Compiled>,
    reads: Vec<Read>,
    /// Inputs of which one element stands for a row.
    scalars: Mask,
    streams: bool,
    reducers: Vec<Reducer>,
}

/// How a graph is computed row by row.
struct Plan {
    stages: Vec<Stage>,
    /// Per node.
    places: Vec<Place>,
    /// Bytes of each buffer of the arena.
    buffers: Vec<usize>,
    /// Elements of a row, and how many rows there are.
    n: usize,
    rows: usize,
}

// SAFETY: inputs are only read, and threads write the rows that they compute.
unsafe impl Sync for Plan {}

/// Computes a graph that has reductions, if it is of rows; gives it back where it is not.
pub(super) fn evaluate(graph: Graph, is_output: &[bool]) -> Result<Option<Graph>> {
    let Some(stages) = stage_numbers(&graph) else { return Ok(Some(graph)) };
    let outputs: Vec<usize> = (0..graph.nodes.len()).filter(|&place| is_output[place]).collect();
    let tensors = super::evaluate::allocate(&graph, &outputs)?;
    let Some(plan) = Plan::new(&graph, &stages, &outputs, &tensors) else { return Ok(Some(graph)) };
    plan.run(graph.root().definition().action.name())?;
    super::evaluate::finish(graph, &outputs, tensors, is_output);
    Ok(None)
}

/// The stages of a graph that has reductions, for people.
pub(super) fn explain(graph: &Graph, is_output: &[bool]) -> String {
    let root = &graph.root().node;
    let shape = corepy_core::error::shape_text(&root.shape);
    let Some(stages) = stage_numbers(graph) else {
        return format!(
            "pending {} of shape {shape}: its reductions one by one, then the rest in one pass",
            root.dtype
        );
    };
    let mut text = format!("pending {} of shape {shape}: row by row, in stages", root.dtype);
    for stage in 0..=stages.iter().copied().max().unwrap_or(0) {
        for is_reduction in [false, true] {
            for (place, locked) in graph.nodes.iter().enumerate() {
                if stages[place] != stage || locked.node.is_reduction != is_reduction {
                    continue;
                }
                let operands: Vec<String> = locked
                    .definition()
                    .operands
                    .iter()
                    .map(|operand| match operand {
                        Source::Node(node) => {
                            graph.find(node).map_or_else(|| String::from("in"), |of| format!("n{of}"))
                        }
                        Source::Tensor(_) => String::from("in"),
                        Source::Scalar(_) => String::from("number"),
                    })
                    .collect();
                let of = if is_reduction { "of each row " } else { "" };
                let written = if is_output[place] { ", written" } else { "" };
                let name = locked.definition().action.name();
                let _ = write!(
                    text,
                    "\n  stage {stage}: n{place} = {name}({}) {of}{}{written}",
                    operands.join(", "),
                    locked.node.dtype
                );
            }
        }
    }
    text
}

/// The shape that the rows of a graph have, if all nodes are of one, in C order.
fn full_shape(graph: &Graph) -> Option<&[usize]> {
    let shape = graph.nodes.iter().find_map(|locked| match &locked.definition().operands[0] {
        Source::Tensor(tensor) if locked.node.is_reduction => Some(tensor.shape()),
        Source::Node(node) if locked.node.is_reduction => Some(&node.shape[..]),
        _ => None,
    })?;
    let (&n, outer) = shape.split_last()?;
    let fits = |node: &Node| {
        let (last, others) = node.shape.split_last().expect("of the rank of the rows");
        node.shape.len() == shape.len() && others == outer && (*last == n || node.is_reduction && *last == 1)
    };
    let is_of_rows = graph.nodes.iter().all(|locked| {
        let node = &locked.node;
        let in_order = node.is_reduction || node.is_in_c_order();
        let operands_fit = !node.is_reduction
            || match &locked.definition().operands[0] {
                Source::Tensor(tensor) => tensor.shape() == shape && tensor.is_contiguous(),
                Source::Node(operand) => operand.shape[..] == *shape,
                Source::Scalar(_) => false,
            };
        !node.shape.is_empty() && fits(node) && in_order && operands_fit
    });
    (is_of_rows && (1..=LONGEST_ROW).contains(&n)).then_some(shape)
}

/// Per node its stage: one more than those of the reductions that it needs. None where the graph is not of rows.
fn stage_numbers(graph: &Graph) -> Option<Vec<usize>> {
    full_shape(graph)?;
    let mut stages: Vec<usize> = Vec::with_capacity(graph.nodes.len());
    for locked in &graph.nodes {
        let before = locked.definition().operands.iter().filter_map(|operand| match operand {
            Source::Node(node) => graph.find(node).map(|place| stages[place] + usize::from(node.is_reduction)),
            _ => None,
        });
        stages.push(before.max().unwrap_or(0));
    }
    Some(stages)
}

impl Plan {
    /// None where a tensor's rows have gaps, or a program would be too large.
    fn new(graph: &Graph, stages: &[usize], outputs: &[usize], tensors: &[Tensor]) -> Option<Plan> {
        let shape = full_shape(graph)?;
        let (&n, outer) = shape.split_last()?;
        let mut plan = Plan {
            stages: Vec::new(),
            places: vec![Place::Nowhere; stages.len()],
            buffers: Vec::new(),
            n,
            rows: outer.iter().product(),
        };
        for (&place, tensor) in outputs.iter().zip(tensors) {
            let node = &graph.nodes[place].node;
            let elements = if node.is_reduction { 1 } else { n };
            plan.places[place] = Place::Output(tensor.data(), elements * node.dtype.itemsize());
        }
        // What is reduced, or read by another stage, or is a reduction's result, has a place of its own.
        for (locked, &stage) in graph.nodes.iter().zip(stages) {
            for operand in &locked.definition().operands {
                if let Source::Node(node) = operand
                    && let Some(place) = graph.find(node)
                    && (locked.node.is_reduction || stages[place] != stage)
                {
                    plan.keep(graph, place);
                }
            }
            if locked.node.is_reduction {
                plan.keep(graph, graph.find(&locked.node).expect("of the graph"));
            }
        }
        let written: usize = tensors.iter().map(|tensor| tensor.size() * tensor.dtype().itemsize()).sum();
        let streams = written >= stream_bytes() / 2;
        for number in 0..=stages.iter().copied().max()? {
            let stage = plan.stage(graph, stages, number, streams)?;
            plan.stages.push(stage);
        }
        Some(plan)
    }

    fn keep(&mut self, graph: &Graph, place: usize) {
        if matches!(self.places[place], Place::Nowhere) {
            let node = &graph.nodes[place].node;
            let elements = if node.is_reduction { 1 } else { self.n };
            self.places[place] = Place::Buffer(self.buffers.len());
            self.buffers.push(elements * node.dtype.itemsize());
        }
    }

    fn stage(&self, graph: &Graph, stages: &[usize], number: usize, streams: bool) -> Option<Stage> {
        let shape = full_shape(graph)?;
        let members = |is_reduction: bool| {
            let is_member =
                move |&place: &usize| stages[place] == number && graph.nodes[place].node.is_reduction == is_reduction;
            (0..stages.len()).filter(is_member)
        };
        let mut stage = Stage::default();
        let elementwise: Vec<usize> = members(false).collect();
        if !elementwise.is_empty() {
            let kept =
                elementwise.iter().copied().filter(|&place| !matches!(self.places[place], Place::Nowhere)).collect();
            let (mut compiled, given) = Compiled::part(graph, &elementwise, kept)?;
            for (index, input) in compiled.inputs.iter().enumerate() {
                let inner = *input.strides.last()?;
                if inner != 0 && inner != input.operand.itemsize as isize && self.n > 1 {
                    return None;
                }
                stage.scalars |= Mask::from(inner == 0 || self.n == 1) << index;
                stage.reads.push(match given.iter().find(|(of, _)| *of == index) {
                    Some(&(_, place)) => Read::Node(place),
                    None => {
                        let mut axes = Axes::default();
                        for (&size, &stride) in shape.iter().zip(&input.strides).take(shape.len() - 1) {
                            axes.push(size, stride);
                        }
                        Read::Memory(input.operand.data, axes)
                    }
                });
            }
            let are_outputs = compiled.outputs.iter().all(|&place| matches!(self.places[place], Place::Output(..)));
            stage.streams = streams && are_outputs && compiled.program.streams;
            compiled.program.fuse_in_cache(compiled.inputs.len(), stage.scalars, stage.streams);
            stage.compiled = Some(compiled);
        }
        for node in members(true) {
            let locked = &graph.nodes[node];
            let Action::Reduce(reduction) = locked.definition().action else { unreachable!("a reduction") };
            let source = match &locked.definition().operands[0] {
                Source::Tensor(tensor) => self.rows_of(tensor),
                Source::Node(operand) => match graph.find(operand) {
                    Some(place) => Read::Node(place),
                    None => self.rows_of(operand.result().expect("evaluated, else in the graph")),
                },
                Source::Scalar(_) => return None,
            };
            let reduction = RowReduction::new(reduction, locked.node.dtype, self.n)?;
            stage.reducers.push(Reducer { reduction, node, source });
        }
        Some(stage)
    }

    /// The rows of a tensor without gaps.
    fn rows_of(&self, tensor: &Tensor) -> Read {
        let mut axes = Axes::default();
        axes.push(self.rows, (self.n * tensor.dtype().itemsize()) as isize);
        Read::Memory(tensor.data(), axes)
    }

    fn run(&self, op: &'static str) -> Result<()> {
        let cost: f32 = self.stages.iter().map(Stage::cost).sum();
        let row_ns = self.n as f32 * cost;
        let per_chunk = ((CHUNK_NS / row_ns) as usize).clamp(1, self.rows.max(1));
        let chunks = self.rows.div_ceil(per_chunk);
        let parallel = chunks > 1 && scheduler::worth_parallel((self.rows as f32 * row_ns) as u64);
        scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
            arena::scope(op, |scope| {
                let mut buffers = Vec::with_capacity(self.buffers.len());
                for &bytes in &self.buffers {
                    buffers.push(scope.elements(bytes, 1)?);
                }
                let mut slots: Vec<Vec<*mut u8>> = Vec::with_capacity(self.stages.len());
                for stage in &self.stages {
                    let Some(compiled) = &stage.compiled else {
                        slots.push(Vec::new());
                        continue;
                    };
                    let mut of_stage = vec![std::ptr::null_mut(); compiled.inputs.len()];
                    for &itemsize in &compiled.program.temporaries {
                        of_stage.push(scope.elements(ARENA_BLOCK, itemsize)?);
                    }
                    of_stage.resize(of_stage.len() + compiled.outputs.len(), std::ptr::null_mut());
                    slots.push(of_stage);
                }
                for row in chunk * per_chunk..self.rows.min((chunk + 1) * per_chunk) {
                    for (stage, slots) in self.stages.iter().zip(&mut slots) {
                        // SAFETY: the row is one of the operands', and this chunk's own.
                        unsafe { self.run_stage(stage, row, slots, &buffers) };
                    }
                }
                if self.stages.iter().any(|stage| stage.streams) {
                    stream_fence();
                }
                Ok(())
            })
        })
    }

    /// The address of row `row` of a node.
    fn node(&self, place: usize, row: usize, buffers: &[*mut u8]) -> *mut u8 {
        match self.places[place] {
            Place::Output(data, bytes) => data.wrapping_add(row * bytes),
            Place::Buffer(buffer) => buffers[buffer],
            Place::Nowhere => unreachable!("what is read elsewhere has a place"),
        }
    }

    fn read(&self, read: &Read, row: usize, buffers: &[*mut u8]) -> *mut u8 {
        match read {
            Read::Memory(data, axes) => data.wrapping_offset(axes.offset(row)).cast_mut(),
            Read::Node(place) => self.node(*place, row, buffers),
        }
    }

    /// # Safety
    /// The row exists, and no other thread computes it; slots and buffers are this thread's.
    unsafe fn run_stage(&self, stage: &Stage, row: usize, slots: &mut [*mut u8], buffers: &[*mut u8]) {
        if let Some(compiled) = &stage.compiled {
            let inputs = compiled.inputs.len();
            let first_output = inputs + compiled.program.temporaries.len();
            for (slot, read) in slots.iter_mut().zip(&stage.reads) {
                *slot = self.read(read, row, buffers);
            }
            for (slot, &place) in slots[first_output..].iter_mut().zip(&compiled.outputs) {
                *slot = self.node(place, row, buffers);
            }
            // Temporaries hold so many elements.
            let at_once = if compiled.program.uses_temporaries() { ARENA_BLOCK } else { self.n };
            let mut done = 0;
            while done < self.n {
                let n = at_once.min(self.n - done);
                // What is written past the caches is so by generated code, which sees to lines.
                // SAFETY: inputs and outputs hold `n` more elements of the row; scalars are marked.
                unsafe { compiled.program.run(slots, inputs, n, stage.scalars, false) };
                done += n;
                for (slot, (input, index)) in slots.iter_mut().zip(compiled.inputs.iter().zip(0..)) {
                    if stage.scalars >> index & 1 == 0 {
                        *slot = slot.wrapping_add(n * input.operand.itemsize);
                    }
                }
                for (slot, &itemsize) in slots[first_output..].iter_mut().zip(&compiled.output_sizes) {
                    *slot = slot.wrapping_add(n * itemsize);
                }
            }
        }
        for reducer in &stage.reducers {
            let source = self.read(&reducer.source, row, buffers);
            // SAFETY: the row is computed, or the operand's; the result has a place.
            unsafe { reducer.reduction.run(source, self.node(reducer.node, row, buffers)) };
        }
    }
}

impl Stage {
    /// Estimated nanoseconds per element on one core.
    fn cost(&self) -> f32 {
        let program = self.compiled.as_ref().map_or(0.0, |compiled| compiled.program.cost);
        program + self.reducers.iter().map(|reducer| reducer.reduction.cost()).sum::<f32>()
    }
}
