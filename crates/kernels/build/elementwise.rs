//! The translation units of the element-wise operations: derived from the registry.

use std::fmt::Write as _;

use corepy_core::DType;
use corepy_core::registry::{OPS, OpInfo, ResultRule};

use crate::compile::Isa;

/// The families, sorted.
pub fn families() -> Vec<&'static str> {
    let mut families: Vec<&str> = OPS.iter().map(|op| op.family).collect();
    families.sort_unstable();
    families.dedup();
    families
}

/// The operations of a family, in the order of the registry.
pub fn rows(family: &str) -> impl Iterator<Item = &'static OpInfo> {
    OPS.iter().filter(move |op| op.family == family)
}

fn cpp_result(op: &OpInfo, dtype: DType) -> &'static str {
    match op.result {
        ResultRule::Same => dtype.info().c_type,
        ResultRule::Bool => DType::Bool.info().c_type,
        ResultRule::Real => dtype.real().info().c_type,
    }
}

/// One family's translation unit: a table with a row per operation and a column per dtype, and one of the functions that
/// generated code calls, with a column for float32 and one for float64.
pub fn unit(isa: &Isa, family: &str) -> String {
    let mut text = format!("#include \"in_registers.h\"\n#include \"ops/{family}.h\"\n");
    let mut checks = String::new();
    let mut body = String::new();
    let mut calls = String::new();
    for op in rows(family) {
        let shape = ["", "Unary", "Binary", "Ternary"][op.arity];
        let _ = writeln!(body, "  {{ /* {} */", op.name);
        for dtype in DType::ALL {
            if op.domain.contains(dtype) {
                let c_type = dtype.info().c_type;
                let _ = writeln!(body, "    {shape}<{}, {c_type}>::run,", op.functor);
                let _ = writeln!(
                    checks,
                    "static_assert(std::is_same_v<{shape}<{}, {c_type}>::Out, {}>, \"{}\");",
                    op.functor,
                    cpp_result(op, dtype),
                    op.name
                );
            } else {
                body.push_str("    nullptr,\n");
            }
        }
        body.push_str("  },\n");
        let call = |dtype: DType| match op.domain.contains(dtype) {
            true => format!("in_registers<{}, {}, {}>()", op.functor, dtype.info().c_type, op.arity),
            false => "{}".to_owned(),
        };
        let _ = writeln!(calls, "  {{{}, {}}},", call(DType::Float32), call(DType::Float64));
    }
    let symbol = format!("corepy_{}_{family}[{}][13]", isa.name, rows(family).count());
    let _ = write!(
        text,
        "using namespace corepy_{};\n{checks}extern \"C\" {{\nextern const CorepyKernel {symbol};\n\
         const CorepyKernel {symbol} = {{\n{body}}};\n",
        isa.name
    );
    let symbol = format!("corepy_{}_{family}_in_registers[{}][2]", isa.name, rows(family).count());
    let _ = write!(
        text,
        "extern const InRegistersEntry {symbol};\nconstexpr InRegistersEntry {symbol} = {{\n{calls}}};\n}}\n"
    );
    text
}
