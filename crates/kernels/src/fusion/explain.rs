//! The program of a pending expression, for people.

use std::fmt::Write as _;
use std::sync::Arc;

use corepy_core::{Result, scheduler};

use super::compile::Compiled;
use super::evaluate::{operands, output_strides};
use super::graph::Graph;
use super::node::Node;
use super::rows;
use crate::exec::{self, Slot};

/// What evaluating `node` would do; None if it is evaluated already.
pub fn explain(node: &Arc<Node>) -> Result<Option<String>> {
    let Some(graph) = Graph::lock(node)? else { return Ok(None) };
    let mut is_output = graph.is_held(0);
    *is_output.last_mut().expect("a graph has a root") = true;
    if graph.has_reductions() {
        return Ok(Some(rows::explain(&graph, &is_output)));
    }
    let Some(compiled) = Compiled::new(&graph, &is_output) else {
        return Ok(Some(String::from("more operands than one pass takes: in several passes")));
    };
    let plan = compiled.plan(&node.shape, &node.strides, &output_strides(&graph, &compiled));
    // Where outputs will lie decides how they are stored; any aligned address stands for them.
    let memory = operands(&graph, &compiled, |_| std::ptr::without_provenance_mut(4096));
    let (cut, groups) = exec::describe(&compiled.program, &plan, &memory, compiled.inputs.len(), true);

    let size = node.size;
    let (mut read, mut written) = (0, 0);
    let mut text = String::new();
    let steps = compiled.lines.len();
    let _ = writeln!(
        text,
        "pending {} of shape {}: {steps} operation{} in one pass",
        node.dtype,
        corepy_core::error::shape_text(&node.shape),
        if steps == 1 { "" } else { "s" },
    );
    for (index, input) in compiled.inputs.iter().enumerate() {
        let elements: usize =
            node.shape.iter().zip(&input.strides).filter(|&(_, &stride)| stride != 0).map(|(&size, _)| size).product();
        let bytes = elements * input.operand.itemsize;
        read += bytes;
        if input.is_number {
            read -= bytes;
            let _ = writeln!(text, "  in{index} = {} number", input.dtype);
            continue;
        }
        let kind = match (input.is_scalar, elements < size) {
            (true, _) => String::from("one element for all"),
            (false, true) => format!("{elements} elements, broadcast"),
            (false, false) => format!("{elements} elements"),
        };
        let _ = writeln!(text, "  in{index} = {} {kind}", input.dtype);
    }
    let inputs = compiled.inputs.len();
    let first_output = inputs + compiled.program.temporaries.len();
    let name = |slot: Slot| match usize::from(slot) {
        slot if slot < inputs => format!("in{slot}"),
        slot if slot < first_output => format!("t{}", slot - inputs),
        slot => format!("out{}", slot - first_output),
    };
    for (index, line) in compiled.lines.iter().enumerate() {
        let args: Vec<String> = line.args.iter().map(|&slot| name(slot)).collect();
        // What stands behind a bar runs together, in registers.
        let bar = if groups.iter().any(|group| group.contains(&index)) { '|' } else { ' ' };
        let _ = writeln!(text, " {bar}{} = {}({}) {}", name(line.out), line.name, args.join(", "), line.dtype);
    }
    for &place in &compiled.outputs {
        written += size * graph.nodes[place].node.dtype.itemsize();
    }
    let threads = if cut.parallel { scheduler::num_threads().min(cut.chunks) } else { 1 };
    let _ = writeln!(
        text,
        "  {} block{} of up to {} elements on {threads} thread{}; {} bytes of temporaries per thread",
        cut.blocks,
        if cut.blocks == 1 { "" } else { "s" },
        cut.elements,
        if threads == 1 { "" } else { "s" },
        compiled.program.temporaries.iter().sum::<usize>() * cut.piece,
    );
    let _ = write!(text, "  {read} bytes read, {written} written{}", if cut.streams { " past the caches" } else { "" });
    Ok(Some(text))
}
