//! Threads, memory, instruction set: what the process is set to.

use corepy_core::{pool, scheduler};
use corepy_kernels::fusion;
use corepy_kernels::isa::{self, Isa};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::IntoPython;

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(get_num_threads, module)?)?;
    module.add_function(wrap_pyfunction!(set_num_threads, module)?)?;
    module.add_function(wrap_pyfunction!(memory_stats, module)?)?;
    module.add_function(wrap_pyfunction!(empty_cache, module)?)?;
    module.add_function(wrap_pyfunction!(configuration, module)?)
}

/// The number of threads that operations use.
///
/// Returns
/// -------
/// int
///     `COREPY_NUM_THREADS` or else the cores available to the process, unless changed by
///     `set_num_threads`.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.get_num_threads() >= 1
/// True
#[pyfunction]
fn get_num_threads() -> usize {
    scheduler::num_threads()
}

/// Sets the number of threads that operations use, the calling one included.
///
/// Parameters
/// ----------
/// threads : int
///     At least 1. No result depends on it: each operation gives the same bits on any number of
///     threads.
///
/// Raises
/// ------
/// ValueError
///     If `threads` is out of range.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.set_num_threads(cp.get_num_threads())
#[pyfunction]
#[pyo3(signature = (threads, /))]
fn set_num_threads(py: Python<'_>, threads: i64) -> PyResult<()> {
    // What is negative is refused like 0.
    let threads = usize::try_from(threads).unwrap_or(0);
    py.detach(|| scheduler::set_num_threads(threads)).py()
}

/// The memory pool's state.
///
/// Returns
/// -------
/// dict
///     In bytes: `live` (held by tensors), `cached` (kept for reuse), `peak` (the most that was live
///     at once), `limit` (the most that is kept, `COREPY_POOL_LIMIT`). Counts: `hits` and `misses`,
///     allocations that the pool served and that went to the system. `arena`: bytes of one thread's
///     arena, `COREPY_ARENA_SIZE`.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> x = cp.zeros(1000)
/// >>> cp.memory_stats()["live"] >= x.nbytes
/// True
#[pyfunction]
fn memory_stats(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let stats = pool::stats();
    let result = PyDict::new(py);
    result.set_item("live", stats.live_bytes)?;
    result.set_item("cached", stats.cached_bytes)?;
    result.set_item("peak", stats.peak_bytes)?;
    result.set_item("hits", stats.hits)?;
    result.set_item("misses", stats.misses)?;
    result.set_item("limit", stats.limit_bytes)?;
    result.set_item("arena", corepy_core::arena::configured_size())?;
    Ok(result)
}

/// Returns the pool's cached memory to the system.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.empty_cache()
/// >>> cp.memory_stats()["cached"]
/// 0
#[pyfunction]
fn empty_cache() {
    pool::empty_cache();
}

/// What `show_config` prints, as data.
///
/// Returns
/// -------
/// dict
#[pyfunction]
fn configuration(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let result = PyDict::new(py);
    result.set_item("version", env!("CARGO_PKG_VERSION"))?;
    result.set_item("isa", isa::active().name())?;
    let available: Vec<&str> = Isa::ALL.into_iter().filter(|isa| isa.is_available()).map(Isa::name).collect();
    result.set_item("isa_available", available)?;
    result.set_item("threads", scheduler::num_threads())?;
    result.set_item("fusion", fusion::is_enabled())?;
    result.set_item("pool_limit", pool::stats().limit_bytes)?;
    result.set_item("arena_size", corepy_core::arena::configured_size())?;
    result.set_item("target", std::env::consts::ARCH)?;
    result.set_item("build", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    result.set_item("max_dimensions", corepy_core::shape::MAX_RANK)?;
    result.set_item("flags", isa::active().flags())?;
    let warnings: Vec<&str> = [
        pool::configuration_warning(),
        corepy_core::arena::configuration_warning(),
        scheduler::configuration_warning(),
        fusion::configuration_warning(),
    ]
    .into_iter()
    .flatten()
    .collect();
    result.set_item("warnings", warnings)?;
    Ok(result)
}
