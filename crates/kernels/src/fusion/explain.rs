//! The program of a pending expression, for people.

use std::fmt::Write as _;
use std::sync::Arc;

use corepy_core::{Result, scheduler};

use super::compile::Compiled;
use super::evaluate::{operands, output_strides};
use super::graph::{Graph, Locked};
use super::node::{Node, Source};
use super::rows::Rows;
use crate::exec::{self, Slot};

/// What evaluating `node` would do; None if it is evaluated already.
pub fn explain(node: &Arc<Node>) -> Result<Option<String>> {
    let Some(graph) = Graph::lock(node)? else { return Ok(None) };
    let mut is_output = graph.is_held(0);
    *is_output.last_mut().expect("a graph has a root") = true;
    if graph.has_reductions() {
        return Ok(Some(explain_rows(&graph, &is_output)));
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
    let _ = writeln!(text, "{}: {steps} operation{} in one pass", heading(node), if steps == 1 { "" } else { "s" });
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
        let step = equation(&name(line.out), line.name, line.args.iter().map(|&slot| name(slot)));
        // What stands behind a bar runs together, in registers.
        let bar = if groups.iter().any(|group| group.contains(&index)) { '|' } else { ' ' };
        let _ = writeln!(text, " {bar}{step} {}", line.dtype);
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

/// The stages of a graph that has reductions.
fn explain_rows(graph: &Graph, is_output: &[bool]) -> String {
    let heading = heading(&graph.root().node);
    let Some(rows) = Rows::of(graph) else {
        return format!("{heading}: its reductions one by one, then the rest in one pass");
    };
    let mut text = format!("{heading}: row by row, in stages");
    for stage in rows.stages() {
        for (are_reductions, of) in [(false, ""), (true, "of each row ")] {
            for place in rows.members(graph, stage, are_reductions) {
                let locked = &graph.nodes[place];
                let name = locked.definition().action.name();
                let step = equation(&format!("n{place}"), name, operand_names(graph, locked));
                let written = if is_output[place] { ", written" } else { "" };
                let _ = write!(text, "\n  stage {stage}: {step} {of}{}{written}", locked.node.dtype);
            }
        }
    }
    text
}

/// The operands of a node of rows: nodes of the graph by their places, others by what they are.
fn operand_names(graph: &Graph, locked: &Locked) -> impl Iterator<Item = String> {
    locked.definition().operands.iter().map(|operand| match operand {
        Source::Node(node) => graph.find(node).map_or_else(|| String::from("in"), |place| format!("n{place}")),
        Source::Tensor(_) => String::from("in"),
        Source::Scalar(_) => String::from("number"),
    })
}

/// What the first line says of a pending result.
fn heading(node: &Node) -> String {
    format!("pending {} of shape {}", node.dtype, corepy_core::error::shape_text(&node.shape))
}

fn equation(result: &str, name: &str, operands: impl Iterator<Item = String>) -> String {
    format!("{result} = {name}({})", operands.collect::<Vec<_>>().join(", "))
}
