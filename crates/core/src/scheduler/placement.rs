//! On which cores helpers run.
//!
//! A system that wakes a thread while the other cores look busy may queue it on the waker's own core. There it stays: the
//! caller works on, and takes the chunks of the helper that cannot run; at the next operation again. With two cores and
//! another library's threads spinning on one of them, whole runs of operations were found on one core (Linux 6.18).

use std::sync::atomic::{AtomicI32, Ordering};

/// The system's numbers of a team's helpers; 0 where one has not started.
pub(super) struct Helpers(Vec<AtomicI32>);

impl Helpers {
    pub(super) fn new(count: usize) -> Helpers {
        Helpers((0..count).map(|_| AtomicI32::new(0)).collect())
    }

    /// The calling thread is helper `index`.
    pub(super) fn started(&self, index: usize) {
        if let Some(helper) = self.0.get(index) {
            helper.store(system::thread(), Ordering::Relaxed);
        }
    }

    /// The calling thread is a helper no longer: its number may become another's.
    pub(super) fn ended(&self, index: usize) {
        if let Some(helper) = self.0.get(index) {
            helper.store(0, Ordering::Relaxed);
        }
    }

    /// Helpers that wait for the caller's core are queued on another that they may use; the others stay where they are.
    /// About 1 µs each.
    #[cold]
    pub(super) fn leave_this_core(&self) {
        for helper in &self.0 {
            match helper.load(Ordering::Relaxed) {
                0 => {}
                thread => system::leave_this_core(thread),
            }
        }
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
mod system {
    use std::mem;

    pub fn thread() -> i32 {
        // SAFETY: no arguments, cannot fail.
        unsafe { libc::gettid() }
    }

    /// Takes the current core out of the thread's set for a moment, upon which the system moves it if it is there.
    pub fn leave_this_core(thread: i32) {
        let size = mem::size_of::<libc::cpu_set_t>();
        // SAFETY: an all-zero set is the empty set; `size` is that of the sets, and `core` is below their capacity.
        // A number that is nobody's any more, or a system that refuses, is an error that changes nothing.
        unsafe {
            let mut allowed: libc::cpu_set_t = mem::zeroed();
            let core = libc::sched_getcpu();
            if core < 0
                || core >= libc::CPU_SETSIZE
                || libc::sched_getaffinity(thread, size, &raw mut allowed) != 0
                || libc::CPU_COUNT(&allowed) < 2
            {
                return;
            }
            let mut others = allowed;
            libc::CPU_CLR(core.unsigned_abs() as usize, &mut others);
            if libc::sched_setaffinity(thread, size, &raw const others) == 0 {
                libc::sched_setaffinity(thread, size, &raw const allowed);
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod system {
    pub fn thread() -> i32 {
        0
    }

    pub fn leave_this_core(_thread: i32) {}
}
