//! The storage pool: a cache of blocks by size class, because fresh pages cost more than the
//! arithmetic done in them.
//!
//! A block is `[header | payload]`; the header belongs to [`crate::storage`]. Classes are multiples
//! of 64 bytes up to 1 KiB, then eight steps per power of two (at most 12.5 % of a block is
//! rounding). Blocks of up to 64 KiB are first kept in a list of the freeing thread, without a
//! lock; the rest, and what overflows there, in one cache behind a mutex. The lists are linked
//! through the blocks themselves, so freeing never allocates.

mod class;
#[cfg(all(unix, not(miri)))]
mod fork;
mod local;
mod shared;
mod system;

use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub use class::ALIGN;
pub(crate) use class::HEADER;
use class::{CLASSES, LENIENT_CLASS, SMALL_CLASSES, block_bytes, class_of};
use local::{EPOCH, LIVE, LOCAL, PEAK, change_live};
use shared::{Doomed, Node, global};
pub(crate) use system::bytes_from_environment;

static MISSES: AtomicU64 = AtomicU64::new(0);

/// The default of `COREPY_POOL_LIMIT`, in bytes, where a quarter of the memory is not less.
const DEFAULT_LIMIT: usize = 1 << 30;

/// What the pool has done and holds, as `corepy.memory_stats()` reports it. Byte counts are of
/// whole blocks: payload rounded up to its class, and header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryStats {
    /// Bytes in tensors that are alive (not counting memory that others own). Exact while no other
    /// thread is allocating or freeing.
    pub live_bytes: usize,
    /// Bytes kept for reuse.
    pub cached_bytes: usize,
    /// The most that `live_bytes` ever was; low by at most 64 KiB per thread.
    pub peak_bytes: usize,
    /// Allocations served from the cache.
    pub hits: u64,
    /// Allocations that went to the operating system.
    pub misses: u64,
    /// What `cached_bytes` never exceeds.
    pub limit_bytes: usize,
}

/// A block as the pool hands it out.
pub(crate) struct Block {
    /// The header's address; the payload follows it by [`HEADER`].
    pub start: NonNull<u8>,
    /// To be given back to [`release`].
    pub class: u16,
    /// The payload is known to be all zero.
    pub zeroed: bool,
}

/// A block for `bytes` bytes of payload, or `None` when there is no memory for it.
///
/// Measured: see `LOCAL_LIMIT` in `local.rs`.
#[inline]
pub(crate) fn allocate(bytes: usize) -> Option<Block> {
    let class = class_of(bytes)?;
    if class < SMALL_CLASSES
        && let Ok(Some(node)) = LOCAL.try_with(|local| local.pop(class))
    {
        return Some(Block { start: node.cast(), class: class as u16, zeroed: false });
    }
    allocate_slow(class)
}

#[cold]
fn allocate_slow(class: usize) -> Option<Block> {
    if class < SMALL_CLASSES {
        // After this thread's end its list is gone (`Err`): the shared cache serves as well.
        if let Ok(Some(node)) = LOCAL.try_with(|local| local.refill(class)) {
            return Some(Block { start: node.cast(), class: class as u16, zeroed: false });
        }
    } else {
        let last = if class < LENIENT_CLASS { class } else { (class + 2).min(CLASSES - 1) };
        configuration();
        let mut global = global();
        if let Some((node, class)) = (class..=last).find_map(|class| Some((global.take(class)?, class))) {
            global.hits += 1;
            drop(global);
            change_live(block_bytes(class) as isize);
            return Some(Block { start: node.cast(), class: class as u16, zeroed: false });
        }
    }
    let bytes = block_bytes(class);
    let (mut start, mut zeroed) = system::allocate(bytes);
    if start.is_null() {
        empty_cache();
        (start, zeroed) = system::allocate(bytes);
    }
    let start = NonNull::new(start)?;
    MISSES.fetch_add(1, Relaxed);
    change_live(bytes as isize);
    Some(Block { start, class: class as u16, zeroed })
}

/// Takes a block back.
///
/// # Safety
/// `start` and `class` are of a block from [`allocate`] that is not used again.
#[inline]
pub(crate) unsafe fn release(start: NonNull<u8>, class: u16) {
    let (node, class) = (start.as_ptr().cast::<Node>(), usize::from(class));
    if class < SMALL_CLASSES && LOCAL.try_with(|local| local.push(node, class)).unwrap_or(false) {
        return;
    }
    release_slow(node, class);
}

#[cold]
fn release_slow(node: *mut Node, class: usize) {
    if class < SMALL_CLASSES && LOCAL.try_with(|local| local.push_slow(node, class)).is_ok() {
        return;
    }
    change_live(-(block_bytes(class) as isize));
    let limit = configuration().limit;
    let mut doomed = Doomed(ptr::null_mut());
    let mut global = global();
    // SAFETY: `release`'s caller gave up the block.
    unsafe { global.put(node, class, limit, &mut doomed) };
    // Unmapping is slow: not under the lock.
    drop(global);
}

/// Gives every cached block back to the system: the shared cache and the calling thread's list at
/// once, another thread's list when that thread next misses, overflows or ends.
pub fn empty_cache() {
    EPOCH.fetch_add(1, Relaxed);
    let mut doomed = Doomed(ptr::null_mut());
    let _ = LOCAL.try_with(|local| {
        if local.counters.get().is_some() {
            local.prepare();
        }
    });
    global().empty(&mut doomed);
}

/// What the pool has done and holds now.
pub fn stats() -> MemoryStats {
    let limit_bytes = configuration().limit;
    let global = global();
    let (mut live, mut cached, mut hits) = (LIVE.load(Relaxed), global.cached, global.hits);
    for counters in &global.threads {
        live += counters.pending.load(Relaxed);
        cached += counters.cached.load(Relaxed);
        hits += counters.hits.load(Relaxed);
    }
    let peak = PEAK.fetch_max(live, Relaxed).max(live);
    MemoryStats {
        live_bytes: live.max(0).unsigned_abs(),
        cached_bytes: cached,
        peak_bytes: peak.max(0).unsigned_abs(),
        hits,
        misses: MISSES.load(Relaxed),
        limit_bytes,
    }
}

/// Why `COREPY_POOL_LIMIT` was not followed, if it makes no sense.
pub fn configuration_warning() -> Option<&'static str> {
    configuration().warning.as_deref()
}

struct Configuration {
    limit: usize,
    warning: Option<String>,
}

/// The environment's settings, read at the pool's first use.
fn configuration() -> &'static Configuration {
    static CONFIGURATION: OnceLock<Configuration> = OnceLock::new();
    CONFIGURATION.get_or_init(|| {
        #[cfg(all(unix, not(miri)))]
        fork::install();
        let default = DEFAULT_LIMIT.min(physical_memory() / 4);
        let (limit, warning) = bytes_from_environment("COREPY_POOL_LIMIT", default);
        Configuration { limit, warning }
    })
}

/// Bytes of the machine's memory.
pub fn physical_memory() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(system::physical_memory)
}

#[cfg(test)]
mod tests;
