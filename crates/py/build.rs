//! Derives the operators and the element-wise functions of the face from the registry.

use std::fmt::Write as _;
use std::path::PathBuf;

use corepy_core::registry::{OPS, OpInfo};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("set by cargo"));
    std::fs::write(out.join("operators.rs"), operators()).expect("OUT_DIR is writable");
    std::fs::write(out.join("functions.rs"), functions()).expect("OUT_DIR is writable");
}

/// The dunders, reflected and in-place ones included.
fn operators() -> String {
    let mut text = String::from("#[pymethods]\nimpl PyTensor {\n");
    for op in OPS {
        let Some(stem) = op.operator else { continue };
        let constant = format!("const {{ Op::named(\"{}\") }}", op.name);
        if op.arity == 1 {
            let _ = writeln!(
                text,
                "    fn __{stem}__(slf: &Bound<'_, Self>) -> PyResult<Py<PyTensor>> {{ operator::unary({constant}, slf) }}"
            );
            continue;
        }
        let modulo = if stem == "pow" { ", modulo: &Bound<'_, PyAny>" } else { "" };
        let check = if stem == "pow" { "operator::refuse_modulo(modulo)?; " } else { "" };
        let _ = writeln!(
            text,
            "    fn __{stem}__<'py>(slf: &Bound<'py, Self>, other: OperatorArgument<'_, 'py>{modulo}) -> PyResult<Py<PyTensor>> \
             {{ {check}operator::binary({constant}, slf, other, false) }}"
        );
        if matches!(stem, "eq" | "ne" | "lt" | "le" | "gt" | "ge") {
            continue;
        }
        let _ = writeln!(
            text,
            "    fn __r{stem}__<'py>(slf: &Bound<'py, Self>, other: OperatorArgument<'_, 'py>{modulo}) -> PyResult<Py<PyTensor>> \
             {{ {check}operator::binary({constant}, slf, other, true) }}"
        );
        let _ = writeln!(
            text,
            "    fn __i{stem}__<'py>(slf: &Bound<'py, Self>, other: OperatorArgument<'_, 'py>{modulo}) -> PyResult<()> \
             {{ {check}operator::in_place({constant}, slf, other) }}"
        );
    }
    text.push_str("}\n");
    text
}

fn signature(op: &OpInfo) -> &'static str {
    match op.arity {
        1 => "x, /",
        _ => "x1, x2, /",
    }
}

/// The functions of the namespace; `clip`, whose bounds are optional, is written by hand.
fn functions() -> String {
    let mut text = String::new();
    let mut register = String::from(
        "/// Adds the generated functions to the module.\npub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {\n",
    );
    for op in OPS.iter().filter(|op| op.arity < 3) {
        let name = op.name;
        for line in docstring(op).lines() {
            let _ = writeln!(text, "/// {line}");
        }
        let _ = writeln!(text, "#[pyfunction]\n#[pyo3(name = \"{name}\", signature = ({}))]", signature(op));
        let (parameters, call) = match op.arity {
            1 => ("x: &Bound<'py, PyAny>", "function::unary"),
            _ => ("x1: &Bound<'py, PyAny>, x2: &Bound<'py, PyAny>", "function::binary"),
        };
        let arguments = if op.arity == 1 { "x" } else { "x1, x2" };
        let _ = writeln!(
            text,
            "fn {name}_function<'py>({parameters}) -> PyResult<Py<PyTensor>> {{ {call}(const {{ Op::named(\"{name}\") }}, {arguments}) }}\n"
        );
        let _ = writeln!(register, "    module.add_function(wrap_pyfunction!({name}_function, module)?)?;");
    }
    register.push_str("    Ok(())\n}\n");
    text.push_str(&register);
    text
}

/// The docstring that every element-wise function gets.
fn docstring(op: &OpInfo) -> String {
    let name = op.name;
    let accepts = op.accepts.describe();
    let mut text = format!("{}\n\n", op.summary);
    text.push_str("Parameters\n----------\n");
    if op.arity == 1 {
        let _ = writeln!(text, "x : Tensor\n    Any shape; {accepts} dtype.");
    } else {
        let _ = writeln!(
            text,
            "x1, x2 : Tensor or Python scalar\n    Shapes that broadcast together; {accepts} dtypes, promoted as in NumPy 2. At least one\n    is a tensor; a scalar takes part in its dtype."
        );
    }
    let result = match op.result {
        corepy_core::registry::ResultRule::Same => "of the promoted dtype",
        corepy_core::registry::ResultRule::Bool => "of dtype bool",
        corepy_core::registry::ResultRule::Real => "of the promoted dtype; of its real counterpart for complex input",
    };
    let _ = writeln!(text, "\nReturns\n-------\nTensor\n    The broadcast shape, {result}.");
    text.push_str("\nRaises\n------\nTypeError\n    For a dtype the function is not defined on.\n");
    if op.arity == 2 {
        text.push_str("ValueError\n    If the shapes do not broadcast.\nOverflowError\n    If a Python integer does not fit the dtype.\n");
    }
    let (arguments, printed) = op.example;
    let _ = writeln!(text, "\nExamples\n--------\n>>> import corepy as cp\n>>> cp.{name}({arguments})\n{printed}");
    let _ = writeln!(text, "\nNotes\n-----\n{}", op.accuracy);
    if !op.notes.is_empty() && op.notes != op.accuracy {
        let _ = writeln!(text, "{}", op.notes);
    }
    let _ = writeln!(text, "Array API standard 2025.12, element-wise functions: ``{name}``.");
    text
}
