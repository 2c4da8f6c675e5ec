//! The kernels that are not element-wise operations: a row per table.

use std::fmt::Write as _;

use corepy_core::{DType, DTypeSet, Reduction};

use crate::compile::Isa;

/// A table of function pointers: `corepy_<isa>_<name>` in C++, `Tables::<name>` in `ffi.rs`.
pub struct Table {
    /// The translation unit; tables of one unit share a header.
    pub unit: &'static str,
    /// The table's name in both languages.
    pub name: &'static str,
    /// The C++ type of an entry.
    pub entry: &'static str,
    /// The Rust type of an entry, declared in `ffi.rs`.
    pub rust: &'static str,
    /// Its sizes, outermost first.
    pub shape: &'static [usize],
    /// Its entries in C order.
    pub entries: fn() -> Vec<String>,
}

/// Element sizes in bytes from 1 to 16, as the type that moves such an element.
const BY_SIZE: [&str; 5] = ["uint8_t", "uint16_t", "uint32_t", "uint64_t", "Bytes16"];

/// Every table.
pub const TABLES: &[Table] = &[
    Table {
        unit: "cast",
        name: "cast",
        entry: "CorepyKernel",
        rust: "Option<Kernel>",
        shape: &[13, 13],
        entries: || {
            let to = |from: DType| {
                DType::ALL.map(|to| format!("Unary<Cast<{}>, {}>::run", to.info().c_type, from.info().c_type))
            };
            DType::ALL.into_iter().flat_map(to).collect()
        },
    },
    Table {
        unit: "create",
        name: "progression",
        entry: "CorepyProgression",
        rust: "Option<ProgressionKernel>",
        shape: &[13],
        entries: || by_dtype(DTypeSet::INTEGER, |dtype| format!("progression<{}>", dtype.info().c_type)),
    },
    Table {
        unit: "create",
        name: "linear",
        entry: "CorepyLinear",
        rust: "Option<LinearKernel>",
        shape: &[13],
        entries: || by_dtype(DTypeSet::NUMERIC, |dtype| format!("linear<{}>", dtype.info().c_type)),
    },
    Table {
        unit: "copy",
        name: "copy",
        entry: "CorepyCopy",
        rust: "CopyKernel",
        shape: &[5],
        entries: || by_size(|element| format!("copy2d<{element}>")),
    },
    Table {
        unit: "copy",
        name: "stream",
        entry: "CorepyStream",
        rust: "StreamKernel",
        shape: &[1],
        entries: || vec![String::from("stream_copy")],
    },
    Table {
        unit: "select",
        name: "select",
        entry: "CorepyKernel",
        rust: "Kernel",
        shape: &[5],
        entries: || by_size(|element| format!("select_run<{element}>")),
    },
    Table {
        unit: "fft",
        name: "twiddle",
        entry: "CorepyTwiddle",
        rust: "TwiddleKernel",
        shape: &[2],
        entries: || vec![String::from("twiddle<float>"), String::from("twiddle<double>")],
    },
    Table {
        unit: "fft",
        name: "halves",
        entry: "CorepyHalves",
        rust: "HalvesKernel",
        shape: &[2, 2],
        entries: || {
            let pair = |component: &str| {
                [format!("spectrum_of_real<{component}>"), format!("halves_of_spectrum<{component}>")]
            };
            ["float", "double"].into_iter().flat_map(pair).collect()
        },
    },
    Table {
        unit: "fft",
        name: "mirror",
        entry: "CorepyMirror",
        rust: "MirrorKernel",
        shape: &[2],
        entries: || vec![String::from("mirror<float>"), String::from("mirror<double>")],
    },
    Table {
        unit: "reduce",
        name: "reduce",
        entry: "CorepyReduction",
        rust: "ReductionKernels",
        shape: &[Reduction::KERNELS, 13],
        entries: || Reduction::ALL[..Reduction::KERNELS].iter().flat_map(reductions).collect(),
    },
];

impl Table {
    /// The header in `csrc/` that its entries come from.
    pub fn header(&self) -> &'static str {
        self.unit
    }

    /// The Rust type of the whole table.
    pub fn rust_type(&self) -> String {
        self.shape.iter().rev().fold(self.rust.to_owned(), |inner, size| format!("[{inner}; {size}]"))
    }

    /// The C++ definition of the table.
    pub fn cpp(&self, isa: &Isa) -> String {
        let entries = (self.entries)();
        assert_eq!(entries.len(), self.shape.iter().product::<usize>(), "{}", self.name);
        let mut symbol = format!("corepy_{}_{}", isa.name, self.name);
        for size in self.shape {
            let _ = write!(symbol, "[{size}]");
        }
        let mut lines: Vec<String> = entries;
        for &size in self.shape[1..].iter().rev() {
            lines = lines.chunks(size).map(|row| format!("{{ {} }}", row.join(", "))).collect();
        }
        format!(
            "extern \"C\" {{\nextern const {0} {symbol};\nconst {0} {symbol} = {{\n  {1}\n}};\n}}\n",
            self.entry,
            lines.join(",\n  ")
        )
    }
}

/// An entry for each dtype of `domain`, null for the others.
fn by_dtype(domain: DTypeSet, entry: impl Fn(DType) -> String) -> Vec<String> {
    DType::ALL
        .into_iter()
        .map(|dtype| if domain.contains(dtype) { entry(dtype) } else { String::from("nullptr") })
        .collect()
}

/// An entry for each element size.
fn by_size(entry: impl Fn(&str) -> String) -> Vec<String> {
    BY_SIZE.into_iter().map(entry).collect()
}

/// A reduction's kernels, by dtype.
fn reductions(reduction: &Reduction) -> Vec<String> {
    DType::ALL
        .into_iter()
        .map(|dtype| match reduction.has_kernel(dtype) {
            true => format!("reduction<{reduction:?}, {}>()", reduction_operand(*reduction, dtype)),
            false => String::from("{nullptr, nullptr, nullptr}"),
        })
        .collect()
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
