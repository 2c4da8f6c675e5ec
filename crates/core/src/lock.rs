//! A lock that a forked child finds free: whoever held it in the parent is not there.
//!
//! For state that stays whole while it is locked; what does not is changed under [`change`], for which forks wait.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// Looks at a locked lock before the thread sleeps.
const SPINS: usize = 64;

const FREE: u32 = 0;

/// How many forks lie between this process and the first one, plus one: what a held lock holds.
static GENERATION: AtomicU32 = AtomicU32::new(1);

/// Where all threads that wait for some lock sleep.
static WAITING: Mutex<()> = Mutex::new(());
static RELEASED: Condvar = Condvar::new();
static SLEEPERS: AtomicUsize = AtomicUsize::new(0);

static CHANGES: RwLock<()> = RwLock::new(());

/// Mutual exclusion; four bytes beside the value. A panic of its holder frees it.
#[derive(Debug, Default)]
pub struct Lock<T> {
    holder: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by one thread at a time.
unsafe impl<T: Send> Send for Lock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Lock<T> {}

/// The value, until this is dropped.
pub struct Guard<'a, T> {
    lock: &'a Lock<T>,
    /// To be dropped by the thread that locked.
    _not_send: std::marker::PhantomData<*mut ()>,
}

impl<T> Lock<T> {
    /// A free lock.
    pub const fn new(value: T) -> Lock<T> {
        Lock { holder: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    /// Locks if nobody of this process has locked.
    #[inline]
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        let generation = GENERATION.load(Ordering::Relaxed);
        let taken = self.holder.compare_exchange(FREE, generation, Ordering::SeqCst, Ordering::SeqCst);
        let Err(held) = taken else { return Some(self.guard()) };
        // Of a holder that stayed in the parent process.
        let is_stale = held != generation;
        let taken =
            is_stale && self.holder.compare_exchange(held, generation, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        taken.then(|| self.guard())
    }

    /// Locks; waits for whoever has locked.
    #[inline]
    pub fn lock(&self) -> Guard<'_, T> {
        match self.try_lock() {
            Some(guard) => guard,
            None => self.wait(),
        }
    }

    /// The value, which nobody else can reach.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    fn guard(&self) -> Guard<'_, T> {
        Guard { lock: self, _not_send: std::marker::PhantomData }
    }

    #[cold]
    fn wait(&self) -> Guard<'_, T> {
        for _ in 0..SPINS {
            std::hint::spin_loop();
            if let Some(guard) = self.try_lock() {
                return guard;
            }
        }
        install_fork_handlers();
        let mut waiting = waiting();
        // Before the next look at the lock: whoever frees it after that sees the sleeper.
        SLEEPERS.fetch_add(1, Ordering::SeqCst);
        loop {
            if let Some(guard) = self.try_lock() {
                SLEEPERS.fetch_sub(1, Ordering::SeqCst);
                return guard;
            }
            waiting = RELEASED.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and this is its only guard.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.holder.store(FREE, Ordering::SeqCst);
        if SLEEPERS.load(Ordering::SeqCst) > 0 {
            wake();
        }
    }
}

#[cold]
fn wake() {
    // A sleeper that has looked at the lock has gone to sleep once this is locked.
    drop(waiting());
    RELEASED.notify_all();
}

fn waiting() -> MutexGuard<'static, ()> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held while state is changed that would be broken in between: forks wait until nobody holds it. The pool may be used
/// meanwhile, other locks not.
pub fn change() -> RwLockReadGuard<'static, ()> {
    install_fork_handlers();
    CHANGES.read().unwrap_or_else(PoisonError::into_inner)
}

/// Makes children of forks find all locks free; to be called before threads share any.
pub fn install_fork_handlers() {
    #[cfg(all(unix, not(miri)))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: the handlers are functions of this library, which is never unloaded. When
        // registering fails, fork stays as unsafe as it is for any lock.
        ONCE.call_once(|| unsafe {
            // The pool's handlers first: those that are registered last run first, and changes use the pool.
            crate::pool::stats();
            libc::pthread_atfork(Some(fork::before), Some(fork::parent), Some(fork::child));
        });
    }
}

#[cfg(all(unix, not(miri)))]
mod fork {
    use std::cell::Cell;

    use std::sync::{PoisonError, RwLockWriteGuard};

    use super::{CHANGES, GENERATION, MutexGuard, Ordering, SLEEPERS, waiting};

    thread_local! {
        static HELD: Cell<Option<(RwLockWriteGuard<'static, ()>, MutexGuard<'static, ()>)>> =
            const { Cell::new(None) };
    }

    pub(super) extern "C" fn before() {
        let changes = CHANGES.write().unwrap_or_else(PoisonError::into_inner);
        let _ = HELD.try_with(|held| held.set(Some((changes, waiting()))));
    }

    pub(super) extern "C" fn parent() {
        let _ = HELD.try_with(Cell::take);
    }

    pub(super) extern "C" fn child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        SLEEPERS.store(0, Ordering::SeqCst);
        let _ = HELD.try_with(Cell::take);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn one_thread_at_a_time() {
        let (threads, rounds) = if cfg!(miri) { (3, 20) } else { (8, 20_000) };
        let lock = Arc::new(Lock::new((0usize, 0usize)));
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    for round in 0..rounds {
                        let mut value = lock.lock();
                        value.0 += 1;
                        if (round + number) % 1000 == 0 {
                            thread::sleep(std::time::Duration::from_micros(100));
                        }
                        value.1 += 1;
                        assert_eq!(value.0, value.1);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(*lock.lock(), (threads * rounds, threads * rounds));
    }

    #[test]
    fn what_is_locked_is_not_tried_in_vain() {
        let lock = Lock::new(1);
        let guard = lock.lock();
        assert!(lock.try_lock().is_none());
        drop(guard);
        assert!(lock.try_lock().is_some());
    }

    #[test]
    fn a_panic_frees_the_lock() {
        let lock = Arc::new(Lock::new(1));
        let other = Arc::clone(&lock);
        let _ = thread::spawn(move || {
            let _guard = other.lock();
            panic!("expected");
        })
        .join();
        assert_eq!(*lock.lock(), 1);
    }

    #[test]
    fn what_another_process_holds_is_free() {
        let lock = Lock::new(1);
        std::mem::forget(lock.lock());
        assert!(lock.try_lock().is_none());
        lock.holder.store(u32::MAX, Ordering::SeqCst);
        assert_eq!(*lock.lock(), 1);
        assert!(lock.try_lock().is_some());
    }
}
