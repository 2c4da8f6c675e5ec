//! The free blocks that a thread keeps for itself, and its counters.

use std::cell::{Cell, OnceCell};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::class::{SMALL_CLASSES, block_bytes, local_entries};
use super::configuration;
use super::shared::{Doomed, Global, Node, global};

/// Raised by `empty_cache`; a thread that sees a new value releases its own lists.
pub static EPOCH: AtomicU64 = AtomicU64::new(0);
pub static LIVE: AtomicIsize = AtomicIsize::new(0);
pub static PEAK: AtomicIsize = AtomicIsize::new(0);

/// What one thread may keep for itself, in bytes; taken out of the pool's limit. Its lists save
/// a lock: allocating and freeing 128 bytes takes 12 ns (malloc: 9), through the
/// shared cache 59 ns (two idle cores, Xeon, KVM).
const LOCAL_LIMIT: usize = 1 << 20;

/// Changes of a thread's live bytes below this are published late, so that the fast path needs no
/// shared atomic; `peak_bytes` may therefore be low by this much per thread. In bytes.
const PEAK_GRAIN: isize = 64 << 10;

/// A thread's counters. Only that thread writes them, so plain loads and stores will do.
#[repr(align(64))]
#[derive(Default)]
pub struct Counters {
    /// Change of live bytes that `LIVE` does not know of yet.
    pub pending: AtomicIsize,
    /// Bytes in the thread's lists.
    pub cached: AtomicUsize,
    pub hits: AtomicU64,
    /// Bytes of the limit that the lists may use.
    pub budget: AtomicUsize,
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
pub struct Local {
    heads: [Cell<*mut Node>; SMALL_CLASSES],
    counts: [Cell<u8>; SMALL_CLASSES],
    epoch: Cell<u64>,
    pub counters: OnceCell<Arc<Counters>>,
}

thread_local! {
    pub static LOCAL: Local = const {
        Local {
            heads: [const { Cell::new(ptr::null_mut()) }; SMALL_CLASSES],
            counts: [const { Cell::new(0) }; SMALL_CLASSES],
            epoch: Cell::new(0),
            counters: OnceCell::new(),
        }
    };
}

pub fn change_live(bytes: isize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    if live > PEAK.load(Relaxed) {
        PEAK.fetch_max(live, Relaxed);
    }
}

impl Local {
    /// The fast path: a block of this thread's own, and nothing shared but one read of `EPOCH`.
    #[inline]
    pub fn pop(&self, class: usize) -> Option<NonNull<Node>> {
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
    pub fn push(&self, node: *mut Node, class: usize) -> bool {
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
    pub fn prepare(&self) -> &Counters {
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
    pub fn refill(&self, class: usize) -> Option<NonNull<Node>> {
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
    pub fn push_slow(&self, node: *mut Node, class: usize) {
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
