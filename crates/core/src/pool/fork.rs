//! A child process must not find the lock held by a thread that it does not have.

use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard};

use super::local::{LIVE, LOCAL};
use super::shared::{Global, global};

thread_local! {
    static HELD: Cell<Option<MutexGuard<'static, Global>>> = const { Cell::new(None) };
}

pub fn install() {
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
