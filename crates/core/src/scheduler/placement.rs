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
    /// Three system calls each.
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
            if !(0..libc::CPU_SETSIZE).contains(&core)
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

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use std::mem;
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
    use std::{fs, thread};

    use super::{Helpers, system};

    fn allowed(thread: i32) -> libc::cpu_set_t {
        // SAFETY: an all-zero set is the empty set, and the size is its own.
        unsafe {
            let mut set: libc::cpu_set_t = mem::zeroed();
            assert_eq!(libc::sched_getaffinity(thread, mem::size_of_val(&set), &raw mut set), 0);
            set
        }
    }

    fn allow(thread: i32, set: &libc::cpu_set_t) {
        // SAFETY: the set lives, and the size is its own.
        assert_eq!(unsafe { libc::sched_setaffinity(thread, mem::size_of_val(set), set) }, 0);
    }

    /// The core that a thread runs on or waits for.
    fn queue(thread: i32) -> i32 {
        let text = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap();
        // The 39th field; the second, a name, ends with the last bracket.
        let fields = text.rsplit_once(')').unwrap().1;
        fields.split_whitespace().nth(36).unwrap().parse().unwrap()
    }

    #[test]
    fn a_helper_leaves_the_callers_core_and_keeps_its_set() {
        let all = allowed(0);
        // SAFETY: the set lives.
        if unsafe { libc::CPU_COUNT(&all) } < 2 {
            return;
        }
        let (stop, core, number) = (AtomicBool::new(false), AtomicI32::new(-1), AtomicI32::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                number.store(system::thread(), Ordering::Release);
                while !stop.load(Ordering::Relaxed) {
                    // SAFETY: no arguments.
                    core.store(unsafe { libc::sched_getcpu() }, Ordering::Relaxed);
                    thread::yield_now();
                }
            });
            // SAFETY: no arguments; an all-zero set is the empty set, and the core is below its capacity.
            let (here, one) = unsafe {
                let here = libc::sched_getcpu();
                let mut one: libc::cpu_set_t = mem::zeroed();
                libc::CPU_SET(here.unsigned_abs() as usize, &mut one);
                (here, one)
            };
            allow(0, &one);
            while number.load(Ordering::Acquire) == 0 {
                thread::yield_now();
            }
            let thread = number.load(Ordering::Acquire);
            allow(thread, &one);
            while core.load(Ordering::Relaxed) != here {
                thread::yield_now();
            }
            allow(thread, &all);
            let helpers = Helpers(vec![AtomicI32::new(0), AtomicI32::new(thread)]);
            helpers.leave_this_core();
            // At once: the system by itself would move it some milliseconds later.
            let left = queue(thread);
            let kept = allowed(thread);
            stop.store(true, Ordering::Relaxed);
            allow(0, &all);
            assert_ne!(left, here);
            // SAFETY: both sets live.
            assert!(unsafe { libc::CPU_EQUAL(&kept, &all) });
        });
    }
}
