//! Which instruction set's kernels run: chosen once, at load.

use std::sync::OnceLock;

use corepy_core::{Error, Result};

/// An instruction set that `csrc/` is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// What every processor of the architecture has: SSE2 on x86-64, NEON on aarch64.
    Baseline,
    /// x86-64-v3: AVX2, FMA, BMI.
    Avx2,
    /// x86-64-v4: AVX-512 F, BW, CD, DQ, VL.
    Avx512,
}

impl Isa {
    /// All, from the least to the most capable.
    pub const ALL: [Isa; 3] = [Isa::Baseline, Isa::Avx2, Isa::Avx512];

    /// The name that `COREPY_ISA` takes.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Baseline => "baseline",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }

    /// The C++ compiler's flags for it; empty where this architecture does not have it.
    pub fn flags(self) -> &'static str {
        match self {
            Isa::Baseline => env!("COREPY_FLAGS_BASELINE"),
            Isa::Avx2 => option_env!("COREPY_FLAGS_AVX2").unwrap_or_default(),
            Isa::Avx512 => option_env!("COREPY_FLAGS_AVX512").unwrap_or_default(),
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            macro_rules! all {
                ($($feature:tt),*) => { $(std::is_x86_feature_detected!($feature))&&* };
            }
            match self {
                Isa::Baseline => true,
                Isa::Avx2 => all!("avx2", "fma", "bmi1", "bmi2", "lzcnt", "movbe", "f16c", "popcnt"),
                Isa::Avx512 => {
                    Isa::Avx2.is_available() && all!("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Isa::Baseline
        }
    }
}

static ACTIVE: OnceLock<Isa> = OnceLock::new();

/// The instruction set in use: the best available, or the one chosen by [`initialise`].
#[inline]
pub fn active() -> Isa {
    *ACTIVE.get_or_init(best)
}

fn best() -> Isa {
    Isa::ALL.into_iter().rev().find(|isa| isa.is_available()).unwrap_or(Isa::Baseline)
}

/// Chooses by `COREPY_ISA`; called once when the module loads.
///
/// A name that is unknown, or not available on this processor, is an error that says which are.
pub fn initialise() -> Result<Isa> {
    let choice = match std::env::var("COREPY_ISA") {
        Err(_) => best(),
        Ok(text) if text.is_empty() => best(),
        Ok(text) => {
            let available: Vec<&str> = Isa::ALL.into_iter().filter(|isa| isa.is_available()).map(Isa::name).collect();
            Isa::ALL.into_iter().find(|isa| isa.name() == text && isa.is_available()).ok_or_else(|| Error::Value {
                op: "COREPY_ISA",
                message: format!("{text:?} is not available here; available are {}", available.join(", ")),
            })?
        }
    };
    Ok(*ACTIVE.get_or_init(|| choice))
}
