//! Evaluating a node: one pass that computes it and all that the program still holds of what it
//! depends on.

use std::sync::Arc;

use corepy_core::{Result, Tensor};

use super::compile::Compiled;
use super::graph::Graph;
use super::node::{Action, Node, Source, Value};
use super::{rows, stream};
use crate::{exec, reduce};

/// Computes `root`, unless another thread has done so meanwhile.
pub(super) fn evaluate(root: &Arc<Node>) -> Result<()> {
    loop {
        let Some(graph) = Graph::lock(root)? else { return Ok(()) };
        let mut is_output = graph.is_held(0);
        *is_output.last_mut().expect("a graph has a root") = true;
        if graph.has_reductions() {
            let is_alone = graph.root().node.is_reduction && graph.reductions().len() == 1;
            let rest = if is_alone { Some(graph) } else { rows::evaluate(graph, &is_output)? };
            let Some(graph) = rest else { return Ok(()) };
            reduce_first(graph)?;
            continue;
        }
        let Some(compiled) = Compiled::new(&graph, &is_output) else {
            split(graph)?;
            continue;
        };
        let tensors = run(&graph, &compiled)?;
        finish(graph, &compiled.outputs, tensors, &is_output);
        return Ok(());
    }
}

/// Evaluates the reductions of a graph, each by itself.
pub(super) fn reduce_first(graph: Graph) -> Result<()> {
    let reductions = graph.reductions();
    drop(graph);
    reductions.iter().try_for_each(reduce)
}

/// Evaluates a reduction of rows as the function does. What it reduces may be computed by another thread meanwhile, and
/// the reduction too: then its result counts.
fn reduce(node: &Arc<Node>) -> Result<()> {
    let Some(graph) = Graph::lock(node)? else { return Ok(()) };
    let definition = graph.root().definition();
    let Action::Reduce(reduction) = definition.action else { return node.evaluate().map(|_| ()) };
    let operand = match &definition.operands[0] {
        Source::Tensor(tensor) => Value::Tensor(tensor.clone()),
        Source::Node(operand) => Value::Pending(Arc::clone(operand)),
        Source::Scalar(_) => unreachable!("numbers have no rows"),
    };
    drop(graph);
    let axes = Some(&[-1][..]);
    let result = match (operand.tensor(), &operand) {
        (Some(tensor), _) => reduce::reduce(reduction, tensor, axes, None, true)?,
        // Held here and by the reduction.
        (None, Value::Pending(operand)) => stream::reduce(reduction, operand, axes, None, true, 2)?,
        (None, Value::Tensor(_)) => unreachable!("it has a tensor"),
    };
    drop(operand);
    let Some(graph) = Graph::lock(node)? else { return Ok(()) };
    let root = graph.nodes.len() - 1;
    let is_done: Vec<bool> = (0..=root).map(|place| place == root).collect();
    finish(graph, &[root], vec![result], &is_done);
    Ok(())
}

/// Evaluates the operands of a root whose program would be too large.
fn split(graph: Graph) -> Result<()> {
    let operands: Vec<Arc<Node>> = graph
        .root()
        .definition()
        .operands
        .iter()
        .filter_map(|operand| match operand {
            Source::Node(node) => Some(Arc::clone(node)),
            _ => None,
        })
        .collect();
    drop(graph);
    operands.iter().try_for_each(|operand| operand.evaluate().map(|_| ()))
}

/// New tensors for the nodes at `outputs`.
pub(super) fn allocate(graph: &Graph, outputs: &[usize]) -> Result<Vec<Tensor>> {
    let new = |&place: &usize| {
        let locked = &graph.nodes[place];
        let node = &locked.node;
        Tensor::empty_dense(locked.definition().action.name(), &node.shape, node.dtype, &node.strides)
    };
    outputs.iter().map(new).collect()
}

/// The strides of the outputs of `compiled`.
pub(super) fn output_strides<'a>(graph: &'a Graph, compiled: &Compiled) -> Vec<&'a [isize]> {
    compiled.outputs.iter().map(|&place| &graph.nodes[place].node.strides[..]).collect()
}

/// The program's operands, with the outputs at the addresses that `data` gives.
pub(super) fn operands(graph: &Graph, compiled: &Compiled, data: impl Fn(usize) -> *mut u8) -> Vec<exec::Operand> {
    let inputs = compiled.inputs.iter().map(|input| input.operand);
    let output = |(index, &place): (usize, &usize)| exec::Operand {
        data: data(index),
        itemsize: graph.nodes[place].node.dtype.itemsize(),
    };
    inputs.chain(compiled.outputs.iter().enumerate().map(output)).collect()
}

fn run(graph: &Graph, compiled: &Compiled) -> Result<Vec<Tensor>> {
    let tensors = allocate(graph, &compiled.outputs)?;
    let root = graph.root();
    let plan = compiled.plan(&root.node.shape, &root.node.strides, &output_strides(graph, compiled));
    let operands = operands(graph, compiled, |index| tensors[index].data());
    let name = root.definition().action.name();
    // SAFETY: shapes and strides are the tensors' own; the outputs are fresh, hence overlap nothing.
    unsafe { exec::run(name, &compiled.program, &plan, &operands, compiled.inputs.len(), true)? };
    Ok(tensors)
}

/// Gives the nodes at `outputs` their tensors, and unlocks all. `is_done` marks, besides nodes that have a tensor
/// now, those whose values nobody will ask for.
pub(super) fn finish(mut graph: Graph, outputs: &[usize], tensors: Vec<Tensor>, is_done: &[bool]) {
    for (&place, tensor) in outputs.iter().zip(tensors) {
        let locked = &mut graph.nodes[place];
        for consumer in std::mem::take(&mut locked.state().consumers) {
            if consumer.strong_count() > 0 {
                tensor.storage().add_reader(consumer);
            }
        }
        // Nobody else can set it: the node is locked.
        let _ = locked.node.result.set(tensor);
    }
    graph.unlock(is_done);
}
