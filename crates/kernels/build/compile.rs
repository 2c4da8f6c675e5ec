//! Compiles the translation units of one instruction set into a static library; units of which
//! nothing has changed keep their objects.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// One instruction set: its name and the compiler's flags for it.
pub struct Isa {
    pub name: &'static str,
    pub flags: &'static [&'static str],
}

/// One generated source file.
pub struct Unit {
    pub name: String,
    pub text: String,
}

/// The compiler's flags for every instruction set.
pub const FLAGS: &[&str] = &[
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

/// The instruction sets of the target's architecture.
pub fn instruction_sets() -> &'static [Isa] {
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

/// Compiles `units` and tells cargo to link them.
pub fn compile(isa: &Isa, units: &[Unit], root: &Path, out: &Path) {
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
    for flag in isa.flags.iter().chain(FLAGS) {
        build.flag(flag);
    }
    build.flag_if_supported("-fno-semantic-interposition");
    let command = format!("{:?}", build.get_compiler().to_command());

    let mut archive = cc::Build::new();
    archive.cpp(true).cpp_link_stdlib(None);
    let mut stale = Vec::new();
    for unit in units {
        let stem = format!("{}_{}", isa.name, unit.name);
        let object = out.join(format!("{stem}.o"));
        let stamp = out.join(format!("{stem}.stamp"));
        let state = fingerprint(&command, unit, root);
        if fs::read_to_string(&stamp).ok().as_deref() != Some(&state) || !object.exists() {
            let source = out.join(format!("{stem}.cpp"));
            fs::write(&source, &unit.text).expect("OUT_DIR is writable");
            build.file(source);
            stale.push((object.clone(), stamp, state));
        }
        archive.object(object);
    }
    if !stale.is_empty() {
        // One object per source, in the order of the sources.
        for (made, (object, stamp, state)) in build.compile_intermediates().iter().zip(&stale) {
            fs::rename(made, object).expect("OUT_DIR is writable");
            fs::write(stamp, state).expect("OUT_DIR is writable");
        }
    }
    archive.compile(&format!("corepy_{}", isa.name));
}

/// Changes with the compiler's command, the unit's text and every header that it includes.
fn fingerprint(command: &str, unit: &Unit, root: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    command.hash(&mut hasher);
    unit.text.hash(&mut hasher);
    let mut headers = BTreeSet::new();
    collect_headers(&unit.text, root, root, &mut headers);
    for header in headers {
        fs::read(header).expect("just read").hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// Adds the headers that `text`, of a file in `folder`, includes with quotes.
fn collect_headers(text: &str, folder: &Path, root: &Path, headers: &mut BTreeSet<PathBuf>) {
    for line in text.lines() {
        let Some(name) = line.trim_start().strip_prefix("#include \"").and_then(|rest| rest.split('"').next()) else {
            continue;
        };
        let Some(path) = [folder.join(name), root.join(name)].into_iter().find_map(|path| path.canonicalize().ok())
        else {
            panic!("{name}: no such header in {} or {}", folder.display(), root.display());
        };
        if headers.insert(path.clone()) {
            let text = fs::read_to_string(&path).expect("headers are UTF-8");
            collect_headers(&text, path.parent().expect("a file's path"), root, headers);
        }
    }
}
