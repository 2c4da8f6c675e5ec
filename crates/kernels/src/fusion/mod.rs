//! Fused evaluation: large element-wise results are deferred, and a whole expression is evaluated in
//! one pass over blocks when somebody needs its values.
//!
//! A deferred result is a [`Node`]: an operation over tensors, numbers and other nodes. Its shape,
//! dtype and strides are those that eager evaluation would give. When a node's values are needed, the
//! nodes it depends on are compiled into one [`crate::exec::Program`] whose temporaries live in the
//! arena; a node that something else still holds becomes a further output of the same pass. The
//! kernels are those of eager evaluation on the same values, hence the bits are too.

mod compile;
mod defer;
mod evaluate;
mod explain;
mod graph;
mod node;
mod rows;
mod stream;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use defer::{Input, apply, cast, select};
pub use explain::explain;
pub use node::{Node, Value};
pub use rows::reduce_later;
pub use stream::{Room, Stream, reduce};

/// Elements from which a result is deferred. Deferring costs 0.7 µs an operation; adding so many float64 that lie in the
/// caches takes 8 µs on one core.
const MIN_ELEMENTS: usize = 32_768;

/// Operations that an expression holds before its operands are evaluated: what is pending keeps its
/// inputs alive.
pub const MAX_OPERATIONS: usize = 64;

/// Tensors and numbers that an expression reads before its operands are evaluated.
const MAX_INPUTS: usize = 48;

/// Elements from which results are deferred now; `usize::MAX` while nothing is.
static THRESHOLD: AtomicUsize = AtomicUsize::new(MIN_ELEMENTS);

/// The threshold while fusion is on, and why `COREPY_FUSION` was not followed.
fn environment() -> &'static (usize, bool, Option<String>) {
    static ENVIRONMENT: OnceLock<(usize, bool, Option<String>)> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let Some(text) = std::env::var_os("COREPY_FUSION").filter(|text| !text.is_empty()) else {
            return (MIN_ELEMENTS, true, None);
        };
        match text.to_str().map(str::trim) {
            Some("0") => (MIN_ELEMENTS, false, None),
            Some("1") => (MIN_ELEMENTS, true, None),
            Some("always") => (1, true, None),
            _ => {
                let message = format!("COREPY_FUSION={} is not 0, 1 or always; using 1", text.display());
                (MIN_ELEMENTS, true, Some(message))
            }
        }
    })
}

/// Follows `COREPY_FUSION`: 0 (off), 1 (on, the default) or always (for results of any size, for tests).
pub fn initialise() {
    corepy_core::lock::install_fork_handlers();
    set_enabled(environment().1);
}

/// Elements from which results are deferred: `usize::MAX` where none is.
#[inline]
pub fn threshold() -> usize {
    THRESHOLD.load(Ordering::Relaxed)
}

/// Whether large element-wise results are deferred.
pub fn is_enabled() -> bool {
    threshold() != usize::MAX
}

/// Sets whether large element-wise results are deferred from now on; returns what was set before.
pub fn set_enabled(enabled: bool) -> bool {
    THRESHOLD.swap(if enabled { environment().0 } else { usize::MAX }, Ordering::Relaxed) != usize::MAX
}

/// Why `COREPY_FUSION` was not followed, if it makes no sense.
pub fn configuration_warning() -> Option<&'static str> {
    environment().2.as_deref()
}
