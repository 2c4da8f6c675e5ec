//! Expressions with reductions along rows, such as a softmax: row by row, while a row is in L1.
//!
//! The nodes are computed in stages. A stage needs what reductions of the stages before it give; its program computes
//! its element-wise nodes for a row, and its reductions reduce them. What a later stage reads is kept in the arena
//! until the row is done. Kernels and their order are those of evaluation one by one, hence the bits are too.

mod run;

use std::ops::Range;
use std::sync::Arc;

use corepy_core::reduction_plan::Axes;
use corepy_core::shape::Shape;
use corepy_core::{Reduction, Result, Tensor};

use super::compile::Compiled;
use super::defer::{self, Input};
use super::graph::Graph;
use super::node::{Action, Node, Source};
use super::threshold;
use crate::exec::{Mask, stream_bytes};
use crate::reduce::{LONGEST_ROW, RowReduction};

/// Elements of a row below which the calls for each row take longer than what is saved.
const SHORTEST_ROW: usize = 64;

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

/// What a graph of rows is: nodes of one shape, in C order, and reductions along its last axis.
pub(super) struct Rows {
    shape: Shape,
    /// Elements of a row.
    n: usize,
    /// How many rows there are.
    count: usize,
    /// Per node, its stage: one more than those of the reductions that it needs.
    stages: Vec<usize>,
}

/// How a graph is computed row by row.
struct Plan {
    rows: Rows,
    stages: Vec<Stage>,
    /// Per node.
    places: Vec<Place>,
    /// Bytes of each buffer of the arena.
    buffers: Vec<usize>,
}

// SAFETY: inputs are only read, and threads write the rows that they compute.
unsafe impl Sync for Plan {}

/// Computes a graph that has reductions, if it is of rows; gives it back where it is not.
pub(super) fn evaluate(graph: Graph, is_output: &[bool]) -> Result<Option<Graph>> {
    let Some(rows) = Rows::of(&graph) else { return Ok(Some(graph)) };
    let outputs: Vec<usize> = (0..graph.nodes.len()).filter(|&place| is_output[place]).collect();
    let tensors = super::evaluate::allocate(&graph, &outputs)?;
    let Some(plan) = Plan::new(&graph, rows, &outputs, &tensors) else { return Ok(Some(graph)) };
    plan.run(graph.root().definition().action.name())?;
    super::evaluate::finish(graph, &outputs, tensors, is_output);
    Ok(None)
}

impl Rows {
    /// None where the graph is not of rows.
    pub(super) fn of(graph: &Graph) -> Option<Rows> {
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
        if !is_of_rows || !(1..=LONGEST_ROW).contains(&n) {
            return None;
        }
        let mut stages: Vec<usize> = Vec::with_capacity(graph.nodes.len());
        for locked in &graph.nodes {
            let before = locked.definition().operands.iter().filter_map(|operand| match operand {
                Source::Node(node) => graph.find(node).map(|place| stages[place] + usize::from(node.is_reduction)),
                _ => None,
            });
            stages.push(before.max().unwrap_or(0));
        }
        Some(Rows { shape: Shape::from_slice(shape), n, count: outer.iter().product(), stages })
    }

    /// The numbers of the stages.
    pub(super) fn stages(&self) -> Range<usize> {
        0..self.stages.iter().max().map_or(0, |last| last + 1)
    }

    /// The nodes of a stage that are reductions, or those that are not.
    pub(super) fn members(&self, graph: &Graph, stage: usize, are_reductions: bool) -> Vec<usize> {
        let is_member =
            |&place: &usize| self.stages[place] == stage && graph.nodes[place].node.is_reduction == are_reductions;
        (0..self.stages.len()).filter(is_member).collect()
    }
}

impl Plan {
    /// None where a tensor's rows have gaps, or a program would be too large.
    fn new(graph: &Graph, rows: Rows, outputs: &[usize], tensors: &[Tensor]) -> Option<Plan> {
        let places = vec![Place::Nowhere; graph.nodes.len()];
        let mut plan = Plan { rows, stages: Vec::new(), places, buffers: Vec::new() };
        for (&place, tensor) in outputs.iter().zip(tensors) {
            let node = &graph.nodes[place].node;
            let elements = if node.is_reduction { 1 } else { plan.rows.n };
            plan.places[place] = Place::Output(tensor.data(), elements * node.dtype.itemsize());
        }
        // What is reduced, or read by another stage, or is a reduction's result, has a place of its own.
        for (locked, at) in graph.nodes.iter().zip(0..) {
            for operand in &locked.definition().operands {
                if let Source::Node(node) = operand
                    && let Some(place) = graph.find(node)
                    && (locked.node.is_reduction || plan.rows.stages[place] != plan.rows.stages[at])
                {
                    plan.keep(graph, place);
                }
            }
            if locked.node.is_reduction {
                plan.keep(graph, at);
            }
        }
        let written: usize = tensors.iter().map(|tensor| tensor.size() * tensor.dtype().itemsize()).sum();
        let streams = written >= stream_bytes() / 2;
        for number in plan.rows.stages() {
            let stage = plan.stage(graph, number, streams)?;
            plan.stages.push(stage);
        }
        Some(plan)
    }

    fn keep(&mut self, graph: &Graph, place: usize) {
        if matches!(self.places[place], Place::Nowhere) {
            let node = &graph.nodes[place].node;
            let elements = if node.is_reduction { 1 } else { self.rows.n };
            self.places[place] = Place::Buffer(self.buffers.len());
            self.buffers.push(elements * node.dtype.itemsize());
        }
    }

    fn stage(&self, graph: &Graph, number: usize, streams: bool) -> Option<Stage> {
        let &Rows { ref shape, n, .. } = &self.rows;
        let mut stage = Stage::default();
        let elementwise = self.rows.members(graph, number, false);
        if !elementwise.is_empty() {
            let kept =
                elementwise.iter().copied().filter(|&place| !matches!(self.places[place], Place::Nowhere)).collect();
            let (mut compiled, given) = Compiled::part(graph, &elementwise, kept)?;
            for (index, input) in compiled.inputs.iter().enumerate() {
                let inner = *input.strides.last()?;
                if inner != 0 && inner != input.operand.itemsize as isize && n > 1 {
                    return None;
                }
                stage.scalars |= Mask::from(inner == 0 || n == 1) << index;
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
        for node in self.rows.members(graph, number, true) {
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
            let reduction = RowReduction::new(reduction, locked.node.dtype, n)?;
            stage.reducers.push(Reducer { reduction, node, source });
        }
        Some(stage)
    }

    /// The rows of a tensor without gaps.
    fn rows_of(&self, tensor: &Tensor) -> Read {
        let mut axes = Axes::default();
        axes.push(self.rows.count, (self.rows.n * tensor.dtype().itemsize()) as isize);
        Read::Memory(tensor.data(), axes)
    }
}
