//! The storage pool: a cache of blocks by size class, because fresh pages cost more than the
//! arithmetic done in them.
//!
//! A block is `[header | payload]`; the header belongs to [`crate::storage`]. Classes are multiples
//! of 64 bytes up to 1 KiB, then eight steps per power of two (at most 12.5 % of a block is
//! rounding). Blocks of up to 64 KiB are first kept in a list of the freeing thread, without a
//! lock; the rest, and what overflows there, in one cache behind a mutex. The lists are linked
//! through the blocks themselves, so freeing never allocates.

mod system;

use std::cell::{Cell, OnceCell};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub(crate) use system::bytes_from_environment;

/// Alignment of every block and of its payload, in bytes: a cache line, and an AVX-512 vector.
pub const ALIGN: usize = 64;

/// Bytes before the payload, for the storage's header.
pub(crate) const HEADER: usize = 64;

/// Classes of up to 64 KiB, which threads cache for themselves.
const SMALL_CLASSES: usize = 64;

/// All classes: the last ends just below 2^63 bytes.
const CLASSES: usize = 440;

/// The first class (above 2 MiB) where a block of one of the next two classes will do as well.
const LENIENT_CLASS: usize = 104;

/// What one thread may keep for itself, in bytes; taken out of the pool's limit. Its lists save
/// a lock: allocating and freeing 128 bytes takes 12 ns (malloc: 9), through the
/// shared cache 59 ns (two idle cores, Xeon, KVM).
const LOCAL_LIMIT: usize = 1 << 20;

/// Changes of a thread's live bytes below this are published late, so that the fast path needs no
/// shared atomic; `peak_bytes` may therefore be low by this much per thread. In bytes.
const PEAK_GRAIN: isize = 64 << 10;

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

/// The class of a payload of this many bytes; `None` where no allocation can be that large.
#[inline]
fn class_of(bytes: usize) -> Option<usize> {
    // Leaves room for the header, the rounding and a huge page.
    if bytes > (isize::MAX as usize) / 8 * 7 {
        return None;
    }
    let last_unit = bytes.saturating_sub(1) / ALIGN;
    if last_unit < 16 {
        return Some(last_unit);
    }
    let log = last_unit.ilog2() as usize;
    Some((log - 3) * 8 + (last_unit >> (log - 3)))
}

/// The bytes of a class's whole block.
#[inline]
fn block_bytes(class: usize) -> usize {
    let units = if class < 16 { class + 1 } else { (class % 8 + 9) << (class / 8 - 1) };
    units * ALIGN + HEADER
}

/// How many blocks of a class a thread keeps.
#[inline]
fn local_entries(class: usize) -> usize {
    ((64 << 10) / block_bytes(class)).clamp(4, 32)
}

/// The start of a cached block.
struct Node {
    next: *mut Node,
    prev: *mut Node,
    class: usize,
    /// When it was cached: the count of blocks cached so far.
    stamp: u64,
}

/// Blocks on their way back to the system, linked by `next`.
struct Doomed(*mut Node);

impl Doomed {
    fn push(&mut self, node: *mut Node) {
        // SAFETY: whoever dooms a block hands over its only pointer.
        unsafe { (*node).next = self.0 };
        self.0 = node;
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        while !self.0.is_null() {
            let node = self.0;
            // SAFETY: the list owns its blocks; each was allocated with its class's bytes.
            unsafe {
                self.0 = (*node).next;
                let bytes = block_bytes((*node).class);
                system::release(node.cast(), bytes);
            }
        }
    }
}

/// One class's blocks, the newest first.
#[derive(Clone, Copy)]
struct List {
    newest: *mut Node,
    oldest: *mut Node,
}

/// What all threads share.
struct Global {
    lists: [List; CLASSES],
    /// Bytes in `lists`.
    cached: usize,
    /// Bytes of the limit that threads may use for their own lists.
    reserved: usize,
    stamp: u64,
    threads: Vec<Arc<Counters>>,
    /// Hits outside the threads' lists, and those of threads that are gone.
    hits: u64,
}

// SAFETY: the pointers are to blocks that the cache owns; the mutex around it orders access.
unsafe impl Send for Global {}

impl Global {
    const fn new() -> Self {
        Global {
            lists: [List { newest: ptr::null_mut(), oldest: ptr::null_mut() }; CLASSES],
            cached: 0,
            reserved: 0,
            stamp: 0,
            threads: Vec::new(),
            hits: 0,
        }
    }

    /// Takes `node` out of its class's list.
    ///
    /// # Safety
    /// `node` is in it.
    unsafe fn unlink(&mut self, node: *mut Node) {
        // SAFETY: a cached block's neighbours are cached blocks of the same class or null.
        unsafe {
            let Node { next, prev, class, .. } = *node;
            let list = &mut self.lists[class];
            if prev.is_null() {
                list.newest = next;
            } else {
                (*prev).next = next;
            }
            if next.is_null() {
                list.oldest = prev;
            } else {
                (*next).prev = prev;
            }
            self.cached -= block_bytes(class);
        }
    }

    fn take(&mut self, class: usize) -> Option<NonNull<Node>> {
        let node = NonNull::new(self.lists[class].newest)?;
        // SAFETY: the head of a list is in it.
        unsafe { self.unlink(node.as_ptr()) };
        Some(node)
    }

    /// Caches a block, evicting others to stay within `limit`.
    ///
    /// # Safety
    /// `node` is the only pointer to a free block of this class.
    unsafe fn put(&mut self, node: *mut Node, class: usize, limit: usize, doomed: &mut Doomed) {
        let bytes = block_bytes(class);
        let budget = limit.saturating_sub(self.reserved);
        self.stamp += 1;
        let (next, prev, stamp) = (ptr::null_mut(), ptr::null_mut(), self.stamp);
        // SAFETY: a block is larger and more aligned than a node, and this one is ours.
        unsafe { node.write(Node { next, prev, class, stamp }) };
        if bytes > budget {
            return doomed.push(node);
        }
        self.shrink(budget - bytes, doomed);
        let list = &mut self.lists[class];
        // SAFETY: the node is ours and the list's head, if any, is a cached block.
        unsafe {
            (*node).next = list.newest;
            if list.newest.is_null() {
                list.oldest = node;
            } else {
                (*list.newest).prev = node;
            }
        }
        list.newest = node;
        self.cached += bytes;
    }

    /// Evicts until at most `room` bytes are left.
    fn shrink(&mut self, room: usize, doomed: &mut Doomed) {
        while self.cached > room {
            let victim = self.victim();
            if victim.is_null() {
                break;
            }
            // SAFETY: the victim is in its list.
            unsafe { self.unlink(victim) };
            doomed.push(victim);
        }
    }

    /// The block to evict: the one of the greatest age times size.
    fn victim(&self) -> *mut Node {
        let mut best = (0, ptr::null_mut());
        for (class, list) in self.lists.iter().enumerate() {
            if list.oldest.is_null() {
                continue;
            }
            // SAFETY: a list's nodes are cached blocks.
            let age = self.stamp - unsafe { (*list.oldest).stamp } + 1;
            let score = u128::from(age) * block_bytes(class) as u128;
            if score > best.0 {
                best = (score, list.oldest);
            }
        }
        best.1
    }

    fn empty(&mut self, doomed: &mut Doomed) {
        for class in 0..CLASSES {
            while let Some(node) = self.take(class) {
                doomed.push(node.as_ptr());
            }
        }
    }
}

/// A thread's counters. Only that thread writes them, so plain loads and stores will do.
#[repr(align(64))]
#[derive(Default)]
struct Counters {
    /// Change of live bytes that `LIVE` does not know of yet.
    pending: AtomicIsize,
    /// Bytes in the thread's lists.
    cached: AtomicUsize,
    hits: AtomicU64,
    /// Bytes of the limit that the lists may use.
    budget: AtomicUsize,
}

impl Counters {
    #[inline]
    fn change(&self, bytes: isize) {
        let pending = self.pending.load(Relaxed) + bytes;
        self.pending.store(pending, Relaxed);
        if pending.unsigned_abs() >= PEAK_GRAIN.unsigned_abs() {
            self.publish();
        }
    }

    #[cold]
    fn publish(&self) {
        change_live(self.pending.swap(0, Relaxed));
    }
}

/// The free blocks that a thread keeps for itself: stacks of up to a few blocks, linked by `next`.
struct Local {
    heads: [Cell<*mut Node>; SMALL_CLASSES],
    counts: [Cell<u8>; SMALL_CLASSES],
    epoch: Cell<u64>,
    counters: OnceCell<Arc<Counters>>,
}

static GLOBAL: Mutex<Global> = Mutex::new(Global::new());
/// Raised by `empty_cache`; a thread that sees a new value releases its own lists.
static EPOCH: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);
static MISSES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static LOCAL: Local = const {
        Local {
            heads: [const { Cell::new(ptr::null_mut()) }; SMALL_CLASSES],
            counts: [const { Cell::new(0) }; SMALL_CLASSES],
            epoch: Cell::new(0),
            counters: OnceCell::new(),
        }
    };
}

fn global() -> MutexGuard<'static, Global> {
    GLOBAL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn change_live(bytes: isize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    if live > PEAK.load(Relaxed) {
        PEAK.fetch_max(live, Relaxed);
    }
}

impl Local {
    /// The fast path: a block of this thread's own, and nothing shared but one read of `EPOCH`.
    #[inline]
    fn pop(&self, class: usize) -> Option<NonNull<Node>> {
        let node = NonNull::new(self.heads[class].get())?;
        if self.epoch.get() != EPOCH.load(Relaxed) {
            return None;
        }
        let counters = self.counters.get()?;
        // SAFETY: a list's nodes are free blocks that this thread owns.
        self.heads[class].set(unsafe { (*node.as_ptr()).next });
        self.counts[class].set(self.counts[class].get() - 1);
        let bytes = block_bytes(class);
        counters.cached.store(counters.cached.load(Relaxed) - bytes, Relaxed);
        counters.hits.store(counters.hits.load(Relaxed) + 1, Relaxed);
        counters.change(bytes as isize);
        Some(node)
    }

    /// The fast path of freeing; false when there is no room.
    #[inline]
    fn push(&self, node: *mut Node, class: usize) -> bool {
        let Some(counters) = self.counters.get() else { return false };
        if self.epoch.get() != EPOCH.load(Relaxed) || !self.keep(counters, node, class) {
            return false;
        }
        counters.change(-(block_bytes(class) as isize));
        true
    }

    #[inline]
    fn keep(&self, counters: &Counters, node: *mut Node, class: usize) -> bool {
        let count = self.counts[class].get();
        let cached = counters.cached.load(Relaxed) + block_bytes(class);
        if usize::from(count) >= local_entries(class) || cached > counters.budget.load(Relaxed) {
            return false;
        }
        // SAFETY: the block is free, and larger and more aligned than a node.
        unsafe { node.write(Node { next: self.heads[class].get(), prev: ptr::null_mut(), class, stamp: 0 }) };
        self.heads[class].set(node);
        self.counts[class].set(count + 1);
        counters.cached.store(cached, Relaxed);
        true
    }

    /// Takes a block out of the list without counting it as an allocation.
    fn shed(&self, counters: &Counters, class: usize) -> Option<*mut Node> {
        let node = NonNull::new(self.heads[class].get())?.as_ptr();
        // SAFETY: as in `pop`.
        self.heads[class].set(unsafe { (*node).next });
        self.counts[class].set(self.counts[class].get() - 1);
        counters.cached.store(counters.cached.load(Relaxed) - block_bytes(class), Relaxed);
        Some(node)
    }

    /// This thread's counters, registered at the first call; lists older than the last
    /// `empty_cache` go back to the system.
    fn prepare(&self) -> &Counters {
        let counters = self.counters.get_or_init(|| {
            let counters = Arc::new(Counters::default());
            let limit = configuration().limit;
            let budget = LOCAL_LIMIT.min(limit / 8);
            let mut doomed = Doomed(ptr::null_mut());
            let mut global = global();
            if global.reserved + budget <= limit / 2 {
                global.reserved += budget;
                counters.budget.store(budget, Relaxed);
            }
            global.threads.push(Arc::clone(&counters));
            let room = limit - global.reserved;
            global.shrink(room, &mut doomed);
            drop(global);
            counters
        });
        let epoch = EPOCH.load(Relaxed);
        if self.epoch.replace(epoch) != epoch {
            let mut doomed = Doomed(ptr::null_mut());
            for class in 0..SMALL_CLASSES {
                while let Some(node) = self.shed(counters, class) {
                    doomed.push(node);
                }
            }
        }
        counters
    }

    /// A block from the shared cache, and some more of its class for the list.
    fn refill(&self, class: usize) -> Option<NonNull<Node>> {
        let counters = self.prepare();
        let mut global = global();
        let node = global.take(class)?;
        global.hits += 1;
        for _ in 0..local_entries(class) / 2 {
            let Some(more) = global.take(class) else { break };
            if !self.keep(counters, more.as_ptr(), class) {
                let mut doomed = Doomed(ptr::null_mut());
                // SAFETY: the block was just taken.
                unsafe { global.put(more.as_ptr(), class, configuration().limit, &mut doomed) };
                break;
            }
        }
        drop(global);
        counters.change(block_bytes(class) as isize);
        Some(node)
    }

    /// Frees a block for which there was no room, making some.
    fn push_slow(&self, node: *mut Node, class: usize) {
        let counters = self.prepare();
        counters.change(-(block_bytes(class) as isize));
        if self.keep(counters, node, class) {
            return;
        }
        let full = usize::from(self.counts[class].get()) >= local_entries(class);
        let mut doomed = Doomed(ptr::null_mut());
        let mut global = global();
        if full {
            for _ in 0..local_entries(class) / 2 {
                self.hand_over(counters, class, &mut global, &mut doomed);
            }
        } else {
            for class in 0..SMALL_CLASSES {
                while self.hand_over(counters, class, &mut global, &mut doomed) {}
            }
        }
        if !self.keep(counters, node, class) {
            // SAFETY: the caller freed the block.
            unsafe { global.put(node, class, configuration().limit, &mut doomed) };
        }
        drop(global);
    }

    fn hand_over(&self, counters: &Counters, class: usize, global: &mut Global, doomed: &mut Doomed) -> bool {
        let Some(node) = self.shed(counters, class) else { return false };
        // SAFETY: the block was just taken out of this thread's list.
        unsafe { global.put(node, class, configuration().limit, doomed) };
        true
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let Some(counters) = self.counters.get() else { return };
        counters.publish();
        let mut doomed = Doomed(ptr::null_mut());
        let mut global = global();
        global.reserved -= counters.budget.swap(0, Relaxed);
        global.hits += counters.hits.swap(0, Relaxed);
        for class in 0..SMALL_CLASSES {
            while self.hand_over(counters, class, &mut global, &mut doomed) {}
        }
        global.threads.retain(|other| !Arc::ptr_eq(other, counters));
        drop(global);
    }
}

/// A block for `bytes` bytes of payload, or `None` when there is no memory for it.
///
/// Measured: see [`LOCAL_LIMIT`].
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

/// A child process must not find the lock held by a thread that it does not have.
#[cfg(all(unix, not(miri)))]
mod fork {
    use super::{Arc, Cell, Global, LIVE, LOCAL, MutexGuard, Relaxed, global};

    thread_local! {
        static HELD: Cell<Option<MutexGuard<'static, Global>>> = const { Cell::new(None) };
    }

    pub(super) fn install() {
        // SAFETY: the handlers are functions of this library, which is never unloaded. When
        // registering fails, fork stays as unsafe as it is for any lock.
        unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) };
    }

    extern "C" fn before() {
        let _ = HELD.try_with(|held| held.set(Some(global())));
    }

    extern "C" fn parent() {
        let _ = HELD.try_with(Cell::take);
    }

    extern "C" fn child() {
        let Ok(Some(mut global)) = HELD.try_with(Cell::take) else { return };
        // Only the forking thread lives on. What the others had in tensors stays live, what they
        // had cached is lost to the child.
        let own = LOCAL.try_with(|local| local.counters.get().cloned()).ok().flatten();
        let Global { threads, hits, reserved, .. } = &mut *global;
        threads.retain(|counters| {
            if own.as_ref().is_some_and(|own| Arc::ptr_eq(own, counters)) {
                return true;
            }
            LIVE.fetch_add(counters.pending.load(Relaxed), Relaxed);
            *hits += counters.hits.load(Relaxed);
            *reserved -= counters.budget.load(Relaxed);
            false
        });
    }
}

/// Bytes of the machine's memory.
pub fn physical_memory() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(system::physical_memory)
}

#[cfg(test)]
mod tests;
