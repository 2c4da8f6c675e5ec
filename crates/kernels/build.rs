//! Compiles `csrc/` once per instruction set, and derives from the registry the C++ tables of
//! kernels and the Rust declarations of them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use corepy_core::registry::{OPS, OpInfo, ResultRule};
use corepy_core::{DType, DTypeSet, Reduction};

/// One instruction set: its name and the compiler's flags for it.
struct Isa {
    name: &'static str,
    flags: &'static [&'static str],
}

/// The compiler's flags for every instruction set.
const FLAGS: &[&str] = &[
    // IEEE arithmetic as written, but no errno and no traps, so that selects become blends.
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    // Integers wrap, as array libraries have it.
    "-fwrapv",
    "-fno-exceptions",
    "-fno-rtti",
    "-fvisibility=hidden",
];

fn instruction_sets() -> &'static [Isa] {
    match std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => &[
            Isa { name: "baseline", flags: &["-march=x86-64"] },
            Isa { name: "avx2", flags: &["-march=x86-64-v3"] },
            // GCC prefers 256 bits for this level by itself; the kernels are written for full width.
            Isa { name: "avx512", flags: &["-march=x86-64-v4", "-mprefer-vector-width=512"] },
        ],
        // NEON belongs to every aarch64.
        _ => &[Isa { name: "baseline", flags: &[] }],
    }
}

fn main() {
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("set by cargo"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../csrc").canonicalize().expect("csrc/ beside crates/");
    println!("cargo:rerun-if-changed={}", root.display());
    println!("cargo:rerun-if-changed=build.rs");

    for isa in instruction_sets() {
        let flags = [isa.flags, FLAGS].concat().join(" ");
        println!("cargo:rustc-env=COREPY_FLAGS_{}=-O3 {flags}", isa.name.to_uppercase());
    }

    let mut families: Vec<&str> = OPS.iter().map(|op| op.family).collect();
    families.sort_unstable();
    families.dedup();
    // Clippy links nothing, so it need not wait for the C++ compiler.
    println!("cargo:rerun-if-env-changed=CLIPPY_ARGS");
    if std::env::var_os("CLIPPY_ARGS").is_none() {
        for isa in instruction_sets() {
            compile(isa, &families, &root, &out);
        }
    }
    fs::write(out.join("tables.rs"), rust_tables(&families)).expect("OUT_DIR is writable");
}

fn compile(isa: &Isa, families: &[&str], root: &Path, out: &Path) {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(3)
        .debug(false)
        .include(root)
        .define("COREPY_NS", format!("corepy_{}", isa.name).as_str())
        .define("COREPY_ISA", isa.name)
        .warnings(true)
        .extra_warnings(true)
        .cpp_link_stdlib(None);
    for flag in isa.flags {
        build.flag(flag);
    }
    for flag in FLAGS {
        build.flag(flag);
    }
    build.flag_if_supported("-fno-semantic-interposition");
    for family in families {
        let path = out.join(format!("{}_{family}.cpp", isa.name));
        fs::write(&path, cpp_family(isa, family)).expect("OUT_DIR is writable");
        build.file(path);
    }
    for unit in ["cast", "create", "copy", "reduce", "select"] {
        let path = out.join(format!("{}_{unit}.cpp", isa.name));
        let text = match unit {
            "cast" => cpp_cast(isa),
            "create" => cpp_create(isa),
            "reduce" => cpp_reduce(isa),
            "select" => cpp_select(isa),
            _ => cpp_copy(isa),
        };
        fs::write(&path, text).expect("OUT_DIR is writable");
        build.file(path);
    }
    build.compile(&format!("corepy_{}", isa.name));
}

fn cpp_result(op: &OpInfo, dtype: DType) -> &'static str {
    match op.result {
        ResultRule::Same => dtype.info().c_type,
        ResultRule::Bool => DType::Bool.info().c_type,
        ResultRule::Real => dtype.real().info().c_type,
    }
}

fn cpp_table(text: &mut String, kind: &str, symbol: &str, rows: usize, body: &str) {
    let _ = write!(
        text,
        "extern \"C\" {{\nextern const {kind} {symbol}[{rows}][13];\n\
         const {kind} {symbol}[{rows}][13] = {{\n{body}}};\n}}\n"
    );
}

/// One family's translation unit: a table with a row per operation and a column per dtype.
fn cpp_family(isa: &Isa, family: &str) -> String {
    let mut text = format!("#include \"loops.h\"\n#include \"ops/{family}.h\"\n");
    let mut checks = String::new();
    let mut body = String::new();
    let mut rows = 0;
    for op in OPS.iter().filter(|op| op.family == family) {
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
        rows += 1;
    }
    let _ = write!(text, "using namespace corepy_{};\n{checks}", isa.name);
    cpp_table(&mut text, "CorepyKernel", &format!("corepy_{}_{family}", isa.name), rows, &body);
    text
}

fn cpp_cast(isa: &Isa) -> String {
    let mut body = String::new();
    for from in DType::ALL {
        body.push_str("  {");
        for to in DType::ALL {
            let _ = write!(body, " Unary<Cast<{}>, {}>::run,", to.info().c_type, from.info().c_type);
        }
        body.push_str(" },\n");
    }
    let mut text = format!("#include \"cast.h\"\nusing namespace corepy_{};\n", isa.name);
    cpp_table(&mut text, "CorepyKernel", &format!("corepy_{}_cast", isa.name), 13, &body);
    text
}

/// A progression per integer dtype and a line per numeric one.
fn cpp_create(isa: &Isa) -> String {
    let entries = |function: &str, domain: DTypeSet| {
        DType::ALL
            .into_iter()
            .map(|dtype| match domain.contains(dtype) {
                true => format!("  {function}<{}>,\n", dtype.info().c_type),
                false => String::from("  nullptr,\n"),
            })
            .collect::<String>()
    };
    let mut text = format!("#include \"create.h\"\nusing namespace corepy_{};\nextern \"C\" {{\n", isa.name);
    for (kind, table, function, domain) in [
        ("CorepyProgression", "progression", "progression", DTypeSet::INTEGER),
        ("CorepyLinear", "linear", "linear", DTypeSet::NUMERIC),
    ] {
        let symbol = format!("corepy_{}_{table}", isa.name);
        let _ = write!(
            text,
            "extern const {kind} {symbol}[13];\nconst {kind} {symbol}[13] = {{\n{}}};\n",
            entries(function, domain)
        );
    }
    text.push_str("}\n");
    text
}

/// A row per reduction and a column per dtype.
fn cpp_reduce(isa: &Isa) -> String {
    let mut body = String::new();
    for reduction in &Reduction::ALL[..Reduction::KERNELS] {
        let _ = writeln!(body, "  {{ /* {} */", reduction.name());
        for dtype in DType::ALL {
            if reduction.has_kernel(dtype) {
                let _ = writeln!(body, "    reduction<{reduction:?}, {}>(),", reduction_operand(*reduction, dtype));
            } else {
                body.push_str("    {nullptr, nullptr, nullptr},\n");
            }
        }
        body.push_str("  },\n");
    }
    let mut text = format!("#include \"reduce.h\"\nusing namespace corepy_{};\n", isa.name);
    cpp_table(&mut text, "CorepyReduction", &format!("corepy_{}_reduce", isa.name), Reduction::KERNELS, &body);
    text
}

/// The C++ type that a reduction's kernel reads: one kernel serves all dtypes whose bits it treats alike.
fn reduction_operand(reduction: Reduction, dtype: DType) -> &'static str {
    let alike = match (reduction, dtype) {
        (Reduction::Sum | Reduction::Prod, DType::UInt64) => DType::Int64,
        (Reduction::Any | Reduction::All, DType::Bool | DType::Int8) => DType::UInt8,
        (Reduction::Any | Reduction::All, DType::Int16) => DType::UInt16,
        (Reduction::Any | Reduction::All, DType::Int32) => DType::UInt32,
        (Reduction::Any | Reduction::All, DType::Int64) => DType::UInt64,
        _ => dtype,
    };
    alike.info().c_type
}

fn cpp_select(isa: &Isa) -> String {
    format!(
        "#include \"select.h\"\nusing namespace corepy_{name};\nextern \"C\" {{\nextern const CorepyKernel corepy_{name}_select[5];\n\
         const CorepyKernel corepy_{name}_select[5] = {{\n  select_run<uint8_t>, select_run<uint16_t>, select_run<uint32_t>, \
         select_run<uint64_t>, select_run<Bytes16>,\n}};\n}}\n",
        name = isa.name
    )
}

fn cpp_copy(isa: &Isa) -> String {
    format!(
        "#include \"copy.h\"\nusing namespace corepy_{name};\nextern \"C\" {{\nextern const CorepyCopy corepy_{name}_copy[5];\n\
         const CorepyCopy corepy_{name}_copy[5] = {{\n  copy2d<uint8_t>, copy2d<uint16_t>, \
         copy2d<uint32_t>, copy2d<uint64_t>, copy2d<Bytes16>,\n}};\n\
         extern const CorepyStream corepy_{name}_stream[1];\nconst CorepyStream corepy_{name}_stream[1] = {{stream_copy}};\n}}\n",
        name = isa.name
    )
}

fn rust_tables(families: &[&str]) -> String {
    let mut text = String::from("// Generated by build.rs from the registry.\n\nunsafe extern \"C\" {\n");
    let rows = |family: &str| OPS.iter().filter(|op| op.family == family).count();
    for isa in instruction_sets() {
        for family in families {
            let _ =
                writeln!(text, "    static corepy_{}_{family}: [[Option<Kernel>; 13]; {}];", isa.name, rows(family));
        }
        let _ = writeln!(text, "    static corepy_{}_cast: [[Option<Kernel>; 13]; 13];", isa.name);
        let _ = writeln!(text, "    static corepy_{}_copy: [CopyKernel; 5];", isa.name);
        let _ = writeln!(text, "    static corepy_{}_select: [Kernel; 5];", isa.name);
        let _ =
            writeln!(text, "    static corepy_{}_reduce: [[ReductionKernels; 13]; {}];", isa.name, Reduction::KERNELS);
        let _ = writeln!(text, "    static corepy_{}_stream: [StreamKernel; 1];", isa.name);
        let _ = writeln!(text, "    static corepy_{}_progression: [Option<ProgressionKernel>; 13];", isa.name);
        let _ = writeln!(text, "    static corepy_{}_linear: [Option<LinearKernel>; 13];", isa.name);
    }
    text.push_str("}\n\n");
    for isa in instruction_sets() {
        let _ = writeln!(
            text,
            "static {}: Tables = Tables {{\n    // SAFETY: immutable tables linked in from csrc/, of the sizes build.rs wrote into them.\n    \
             elementwise: unsafe {{ [",
            isa.name.to_uppercase()
        );
        for op in OPS {
            let row = OPS.iter().filter(|other| other.family == op.family).position(|other| other.name == op.name);
            let _ = writeln!(
                text,
                "        &raw const corepy_{}_{}[{}],",
                isa.name,
                op.family,
                row.expect("op is one of OPS")
            );
        }
        let _ = writeln!(
            text,
            "    ] }},\n    cast: &raw const corepy_{0}_cast,\n    copy: &raw const corepy_{0}_copy,\n    select: &raw const corepy_{0}_select,\n    stream: &raw const corepy_{0}_stream,\n    \
             progression: &raw const corepy_{0}_progression,\n    linear: &raw const corepy_{0}_linear,\n    reduce: &raw const corepy_{0}_reduce,\n}};\n",
            isa.name
        );
    }
    let _ = writeln!(text, "const OP_COUNT: usize = {};", OPS.len());
    text
}
