//! The cache that all threads share.

use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::class::{CLASSES, block_bytes};
use super::local::Counters;
use super::system;

static GLOBAL: Mutex<Global> = Mutex::new(Global::new());

/// The start of a cached block.
pub struct Node {
    pub next: *mut Node,
    pub prev: *mut Node,
    pub class: usize,
    /// When it was cached: the count of blocks cached so far.
    pub stamp: u64,
}

/// Blocks on their way back to the system, linked by `next`.
pub struct Doomed(pub *mut Node);

impl Doomed {
    pub fn push(&mut self, node: *mut Node) {
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
pub struct List {
    pub newest: *mut Node,
    pub oldest: *mut Node,
}

/// What all threads share.
pub struct Global {
    pub lists: [List; CLASSES],
    /// Bytes in `lists`.
    pub cached: usize,
    /// Bytes of the limit that threads may use for their own lists.
    pub reserved: usize,
    stamp: u64,
    pub threads: Vec<Arc<Counters>>,
    /// Hits outside the threads' lists, and those of threads that are gone.
    pub hits: u64,
}

// SAFETY: the pointers are to blocks that the cache owns; the mutex around it orders access.
unsafe impl Send for Global {}

impl Global {
    pub const fn new() -> Self {
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

    pub fn take(&mut self, class: usize) -> Option<NonNull<Node>> {
        let node = NonNull::new(self.lists[class].newest)?;
        // SAFETY: the head of a list is in it.
        unsafe { self.unlink(node.as_ptr()) };
        Some(node)
    }

    /// Caches a block, evicting others to stay within `limit`.
    ///
    /// # Safety
    /// `node` is the only pointer to a free block of this class.
    pub unsafe fn put(&mut self, node: *mut Node, class: usize, limit: usize, doomed: &mut Doomed) {
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
    pub fn shrink(&mut self, room: usize, doomed: &mut Doomed) {
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

    pub fn empty(&mut self, doomed: &mut Doomed) {
        for class in 0..CLASSES {
            while let Some(node) = self.take(class) {
                doomed.push(node.as_ptr());
            }
        }
    }
}

pub fn global() -> MutexGuard<'static, Global> {
    GLOBAL.lock().unwrap_or_else(PoisonError::into_inner)
}
