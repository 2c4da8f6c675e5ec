//! The kernels that are not element-wise operations: a row per table.

use std::fmt::Write as _;

use corepy_core::{DType, DTypeSet, Reduction};

use crate::compile::Isa;

/// A table of function pointers: `corepy_<isa>_<name>` in C++, `Tables::<name>` in `src/ffi`.
pub struct Table {
    /// The translation unit; tables of one unit share a header.
    pub unit: &'static str,
    /// The table's name in both languages.
    pub name: &'static str,
    /// The C++ type of an entry.
    pub entry: &'static str,
    /// The Rust type of an entry, declared in `src/ffi`.
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
        unit: "eigen",
        name: "eigenvalues",
        entry: "CorepyEigenvalues",
        rust: "EigenvaluesKernel",
        shape: &[1],
        entries: || vec![String::from("Eigenvalues::run")],
    },
    Table {
        unit: "qr",
        name: "qr",
        entry: "CorepyQr",
        rust: "QrKernel",
        shape: &[2],
        entries: || vec![String::from("SmallQr<float>::run"), String::from("SmallQr<double>::run")],
    },
    Table {
        unit: "reduce",
        name: "reduce",
        entry: "CorepyReduction",
        rust: "ReductionKernels",
        shape: &[Reduction::KERNELS, 13],
        entries: || Reduction::ALL[..Reduction::KERNELS].iter().copied().flat_map(reductions).collect(),
    },
    Table {
        unit: "gemm",
        name: "gemm",
        entry: "CorepyGemm",
        rust: "GemmKernels",
        shape: &[13],
        entries: || products("gemm", "{0, 0, 0, 0, 0, nullptr, nullptr, nullptr}"),
    },
    Table {
        unit: "gemm_small",
        name: "gemm_small",
        entry: "CorepyGemmSmall",
        rust: "Option<GemmSmallKernel>",
        shape: &[13],
        entries: || products("gemm_small", "nullptr"),
    },
    Table {
        unit: "dot",
        name: "products",
        entry: "CorepyProducts",
        rust: "ProductKernels",
        shape: &[13],
        entries: || products("products", "{nullptr, nullptr}"),
    },
    Table {
        unit: "repeat",
        name: "repeat",
        entry: "CorepyRepeat",
        rust: "RepeatKernel",
        shape: &[5],
        entries: || by_size(|element| format!("repeat_rows<{element}>")),
    },
    Table {
        unit: "repeat",
        name: "interleave",
        entry: "CorepyInterleave",
        rust: "InterleaveKernel",
        shape: &[5],
        entries: || by_size(|element| format!("interleave<{element}>")),
    },
    Table {
        unit: "repeat",
        name: "join",
        entry: "CorepyJoin",
        rust: "JoinKernel",
        shape: &[1],
        entries: || vec![String::from("join_rows")],
    },
    Table {
        unit: "repeat",
        name: "tile",
        entry: "CorepyTile",
        rust: "TileKernel",
        shape: &[1],
        entries: || vec![String::from("tile_run")],
    },
    Table {
        unit: "scan",
        name: "scan",
        entry: "CorepyScan",
        rust: "ScanKernels",
        shape: &[2, 13],
        entries: || {
            let kernels = |op: &str, dtype: DType| match dtype {
                DType::Int64 | DType::UInt64 => format!("scan<{op}, uint64_t>()"),
                dtype if dtype.is_floating() => format!("scan<{op}, {}>()", dtype.info().c_type),
                _ => String::from("{nullptr, nullptr, nullptr, nullptr}"),
            };
            let row = |op| DType::ALL.map(|dtype| kernels(op, dtype));
            ["CumulativeSum", "CumulativeProd"].into_iter().flat_map(row).collect()
        },
    },
    Table {
        unit: "argreduce",
        name: "argreduce",
        entry: "CorepyArgReduction",
        rust: "ArgKernels",
        shape: &[2, 13],
        entries: || {
            let row = |op| DType::ALL.map(|dtype| format!("arg_reduction<{op}, {}>()", dtype.info().c_type));
            ["ArgMax", "ArgMin"].into_iter().flat_map(row).collect()
        },
    },
    Table {
        unit: "squares",
        name: "squares",
        entry: "CorepySquares",
        rust: "SquaresKernels",
        shape: &[13],
        entries: || {
            let kernels = |dtype: DType| match dtype.is_floating() {
                true => format!("squares<{}>()", dtype.info().c_type),
                false => String::from("{nullptr, nullptr, nullptr}"),
            };
            DType::ALL.into_iter().map(kernels).collect()
        },
    },
    Table {
        unit: "gather",
        name: "offsets",
        entry: "CorepyOffsets",
        rust: "Option<OffsetsKernel>",
        shape: &[13],
        entries: || by_dtype(DTypeSet::INTEGER, |dtype| format!("offsets_run<{}>", dtype.info().c_type)),
    },
    Table {
        unit: "gather",
        name: "line_offsets",
        entry: "CorepyLineOffsets",
        rust: "LineOffsetsKernel",
        shape: &[1],
        entries: || vec![String::from("line_offsets")],
    },
    Table {
        unit: "gather",
        name: "gather",
        entry: "CorepyGather",
        rust: "GatherKernel",
        shape: &[6],
        entries: || by_size_and("gather_runs", |element| format!("gather_run<{element}>")),
    },
    Table {
        unit: "gather",
        name: "gather_at",
        entry: "CorepyGatherAt",
        rust: "Option<GatherAtKernel>",
        shape: &[13, 5],
        entries: || {
            let of = |dtype: DType| match dtype.is_integer() {
                true => by_size(|element| format!("gather_at<{}, {element}>", dtype.info().c_type)),
                false => vec![String::from("nullptr"); 5],
            };
            DType::ALL.into_iter().flat_map(of).collect()
        },
    },
    Table {
        unit: "gather",
        name: "scatter",
        entry: "CorepyScatter",
        rust: "ScatterKernel",
        shape: &[6],
        entries: || by_size_and("scatter_runs", |element| format!("scatter_run<{element}>")),
    },
    Table {
        unit: "gather",
        name: "scatter_within",
        entry: "CorepyScatterWithin",
        rust: "ScatterWithinKernel",
        shape: &[6],
        entries: || by_size_and("scatter_runs_within", |element| format!("scatter_within<{element}>")),
    },
    Table {
        unit: "mask",
        name: "mask_count",
        entry: "CorepyCount",
        rust: "CountKernel",
        shape: &[1],
        entries: || vec![String::from("mask_count")],
    },
    Table {
        unit: "mask",
        name: "mask_positions",
        entry: "CorepyPositions",
        rust: "PositionsKernel",
        shape: &[1],
        entries: || vec![String::from("mask_positions")],
    },
    Table {
        unit: "mask",
        name: "unravel",
        entry: "CorepyUnravel",
        rust: "UnravelKernel",
        shape: &[1],
        entries: || vec![String::from("unravel")],
    },
    Table {
        unit: "mask",
        name: "compress",
        entry: "CorepyCompress",
        rust: "CompressKernel",
        shape: &[5],
        entries: || by_size(|element| format!("compress_run<{element}>")),
    },
    Table {
        unit: "mask",
        name: "expand",
        entry: "CorepyCompress",
        rust: "CompressKernel",
        shape: &[5],
        entries: || by_size(|element| format!("expand_run<{element}>")),
    },
    Table {
        unit: "mask",
        name: "mask_fill",
        entry: "CorepyCompress",
        rust: "CompressKernel",
        shape: &[5],
        entries: || by_size(|element| format!("mask_fill<{element}>")),
    },
    Table {
        unit: "sort",
        name: "sort",
        entry: "CorepySort",
        rust: "SortKernels",
        shape: &[13],
        entries: || {
            let kernels = |dtype: DType| match dtype.is_complex() {
                true => format!("{{ {} }}", ["nullptr"; 17].join(", ")),
                false => format!("sort_kernels<{}>()", unsigned(dtype)),
            };
            DType::ALL.into_iter().map(kernels).collect()
        },
    },
    Table {
        unit: "sort",
        name: "index_sort",
        entry: "CorepyIndexSort",
        rust: "IndexSortKernels",
        shape: &[2],
        entries: || ["float", "double"].map(|real| format!("index_sort<{real}>()")).to_vec(),
    },
    Table {
        unit: "search",
        name: "search",
        entry: "CorepySearch",
        rust: "SearchKernel",
        shape: &[13],
        entries: || DType::ALL.map(|dtype| format!("search<{}>", dtype.info().c_type)).to_vec(),
    },
    Table {
        unit: "sets",
        name: "runs",
        entry: "CorepyRuns",
        rust: "RunKernels",
        shape: &[13],
        entries: || DType::ALL.map(|dtype| format!("runs<{}>()", unsigned(dtype))).to_vec(),
    },
    Table {
        unit: "sets",
        name: "table",
        entry: "CorepyTable",
        rust: "TableKernels",
        shape: &[4],
        entries: || BY_SIZE[..4].iter().map(|element| format!("{{ mark<{element}>, look_up<{element}> }}")).collect(),
    },
    Table {
        unit: "sets",
        name: "pick",
        entry: "CorepyPick",
        rust: "PickKernel",
        shape: &[5],
        entries: || by_size(|element| format!("pick<{element}>")),
    },
    Table {
        unit: "sets",
        name: "spread",
        entry: "CorepySpread",
        rust: "SpreadKernel",
        shape: &[1],
        entries: || vec![String::from("spread")],
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

/// An entry for each element size, then one for runs of any length.
fn by_size_and(runs: &str, entry: impl Fn(&str) -> String) -> Vec<String> {
    BY_SIZE.into_iter().map(entry).chain([runs.to_owned()]).collect()
}

/// The C++ type of kernels that treat signed integers as unsigned ones.
fn unsigned(dtype: DType) -> &'static str {
    let alike = match dtype {
        DType::Int8 => DType::UInt8,
        DType::Int16 => DType::UInt16,
        DType::Int32 => DType::UInt32,
        DType::Int64 => DType::UInt64,
        _ => dtype,
    };
    alike.info().c_type
}

/// A reduction's kernels, by dtype.
fn reductions(reduction: Reduction) -> Vec<String> {
    DType::ALL
        .into_iter()
        .map(|dtype| match reduction.has_kernel(dtype) {
            true => format!("reduction<{reduction:?}, {}>()", reduction_operand(reduction, dtype)),
            false => String::from("{nullptr, nullptr, nullptr, nullptr}"),
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

/// The kernels of products by dtype: integers of a size share one, since they wrap alike.
fn products(function: &str, none: &str) -> Vec<String> {
    DType::ALL
        .into_iter()
        .map(|dtype| match (dtype.is_integer(), dtype) {
            (true, _) => format!("{function}<uint{}_t>()", 8 * dtype.itemsize()),
            (false, DType::Bool) => none.to_owned(),
            _ => format!("{function}<{}>()", dtype.info().c_type),
        })
        .collect()
}
