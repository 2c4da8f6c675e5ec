//! Tests of the scheduler.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;

use super::*;

/// The tests that depend on the number of threads take turns.
static TURN: Mutex<()> = Mutex::new(());

const ROUNDS: usize = if cfg!(miri) { 3 } else { 300 };

fn covers(chunks: usize, parallel: bool) {
    let counts: Vec<AtomicUsize> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
    for_each_chunk("test", chunks, parallel, &|chunk| {
        counts[chunk].fetch_add(1, Ordering::Relaxed);
        Ok(())
    })
    .unwrap();
    assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
}

fn value_error(chunk: usize) -> Error {
    Error::Value { op: "test", message: chunk.to_string() }
}

#[test]
fn every_chunk_runs_once_on_any_number_of_threads() {
    let _turn = lock(&TURN);
    for threads in [1, 2, 3, 8] {
        set_num_threads(threads).unwrap();
        assert_eq!(num_threads(), threads);
        for chunks in [0, 1, 2, 3, 100] {
            covers(chunks, false);
            for _ in 0..=(ROUNDS / 10) {
                covers(chunks, true);
            }
        }
    }
}

#[test]
fn chunks_in_order_may_wait_for_those_before() {
    let _turn = lock(&TURN);
    for threads in [1, 2, 5] {
        set_num_threads(threads).unwrap();
        for _ in 0..=(ROUNDS / 10) {
            let done = AtomicUsize::new(0);
            for_each_chunk_in_order("test", 50, true, &|chunk| {
                while done.load(Ordering::Acquire) < chunk {
                    thread::yield_now();
                }
                done.store(chunk + 1, Ordering::Release);
                Ok(())
            })
            .unwrap();
            assert_eq!(done.into_inner(), 50);
        }
    }
}

#[test]
fn a_thread_keeps_to_its_part_while_others_work() {
    let _turn = lock(&TURN);
    set_num_threads(2).unwrap();
    let seen = Mutex::new(Vec::new());
    // Both threads begin before either goes on.
    for_each_chunk("test", 4, true, &|chunk| {
        lock(&seen).push((thread::current().id(), chunk));
        while lock(&seen).len() < 2 {
            thread::yield_now();
        }
        Ok(())
    })
    .unwrap();
    let seen = seen.into_inner().unwrap();
    let caller = thread::current().id();
    assert_eq!(seen.iter().find(|(id, _)| *id == caller), Some(&(caller, 0)));
    assert_eq!(seen.iter().find(|(id, _)| *id != caller).map(|(_, chunk)| *chunk), Some(2));
}

#[test]
fn several_threads_take_part() {
    let _turn = lock(&TURN);
    set_num_threads(3).unwrap();
    let seen = Mutex::new(HashSet::new());
    // Each chunk waits until three threads have come.
    for_each_chunk("test", 3, true, &|_| {
        lock(&seen).insert(thread::current().id());
        while lock(&seen).len() < 3 {
            thread::yield_now();
        }
        Ok(())
    })
    .unwrap();
    assert!(lock(&seen).contains(&thread::current().id()));
}

#[test]
fn the_lowest_error_wins_and_stops_the_rest() {
    let _turn = lock(&TURN);
    for threads in [1, 2, 4] {
        set_num_threads(threads).unwrap();
        for _ in 0..ROUNDS {
            let ran = AtomicUsize::new(0);
            let result = for_each_chunk("test", 1_000_000, true, &|chunk| {
                ran.fetch_add(1, Ordering::Relaxed);
                if chunk >= 5 { Err(value_error(chunk)) } else { Ok(()) }
            });
            assert_eq!(result, Err(value_error(5)));
            // Each thread fails once in a part of its own and once in the first.
            assert!(ran.load(Ordering::Relaxed) < 6 + 2 * threads);
        }
    }
}

#[test]
fn a_panic_is_an_error_and_the_pool_lives_on() {
    let _turn = lock(&TURN);
    for threads in [1, 4] {
        set_num_threads(threads).unwrap();
        for _ in 0..ROUNDS {
            // `resume_unwind` panics without printing.
            let error = for_each_chunk("test", 50, true, &|chunk| {
                if chunk == 7 {
                    std::panic::resume_unwind(Box::new("seven"));
                }
                Ok(())
            });
            assert_eq!(error, Err(Error::Panic { op: "test", message: "seven".to_owned() }));
            covers(50, true);
        }
    }
    let odd = for_each_chunk("test", 1, true, &|_| std::panic::resume_unwind(Box::new(1)));
    assert!(matches!(odd, Err(Error::Panic { op: "test", .. })));
}

#[test]
fn nested_calls_run_inline() {
    let _turn = lock(&TURN);
    set_num_threads(4).unwrap();
    for _ in 0..=(ROUNDS / 10) {
        let total = AtomicUsize::new(0);
        for_each_chunk("test", 20, true, &|outer| {
            let here = thread::current().id();
            for_each_chunk("test", 10, true, &|inner| {
                assert_eq!(thread::current().id(), here);
                total.fetch_add(outer * 10 + inner, Ordering::Relaxed);
                Ok(())
            })
        })
        .unwrap();
        assert_eq!(total.load(Ordering::Relaxed), (0..200).sum());
    }
}

#[test]
fn many_callers_panics_and_changes_of_size_at_once() {
    let _turn = lock(&TURN);
    let total = AtomicU64::new(0);
    thread::scope(|scope| {
        for seed in 0..6 {
            let total = &total;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let chunks = 2 + (round * 7 + seed) % 40;
                    let sum = AtomicU64::new(0);
                    let result = for_each_chunk("test", chunks, true, &|chunk| {
                        sum.fetch_add(chunk as u64, Ordering::Relaxed);
                        match (round % 5, chunk) {
                            (3, 1) => Err(value_error(1)),
                            (4, 1) => std::panic::resume_unwind(Box::new("one")),
                            _ => Ok(()),
                        }
                    });
                    match round % 5 {
                        3 => assert_eq!(result, Err(value_error(1))),
                        4 => assert!(matches!(result, Err(Error::Panic { .. }))),
                        _ => {
                            assert_eq!(result, Ok(()));
                            assert_eq!(sum.into_inner(), (0..chunks as u64).sum());
                        }
                    }
                    total.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            for round in 0..ROUNDS {
                set_num_threads(1 + round % 5).unwrap();
                thread::yield_now();
            }
        });
    });
    assert_eq!(total.into_inner(), 6 * ROUNDS as u64);
}

#[test]
fn odd_numbers_of_threads_are_refused() {
    assert!(matches!(set_num_threads(0), Err(Error::Value { op: "set_num_threads", .. })));
    assert!(set_num_threads(MAX_THREADS + 1).is_err());
}

#[test]
fn the_hook_interrupts() {
    static WANTED: AtomicBool = AtomicBool::new(false);
    let _turn = lock(&TURN);
    set_interrupt_hook(|| WANTED.load(Ordering::Relaxed));
    for (threads, parallel) in [(1, false), (3, true)] {
        set_num_threads(threads).unwrap();
        WANTED.store(true, Ordering::Relaxed);
        let result = for_each_chunk("test", 1_000_000, parallel, &|_| {
            thread::sleep(Duration::from_millis(1));
            Ok(())
        });
        WANTED.store(false, Ordering::Relaxed);
        assert_eq!(result, Err(Error::Interrupted { op: "test" }));
        covers(10, parallel);
    }
}

#[test]
fn small_work_stays_on_one_thread() {
    let _turn = lock(&TURN);
    set_num_threads(2).unwrap();
    assert!(!worth_parallel(WORTH_PARALLEL_NS - 1));
    assert!(worth_parallel(WORTH_WAKING_NS));
    assert!((0..WAKE_EVERY).any(|_| worth_parallel(WORTH_PARALLEL_NS)));
    set_num_threads(1).unwrap();
    assert!(!worth_parallel(u64::MAX));
}

#[cfg(all(unix, not(miri)))]
#[test]
fn a_forked_child_works() {
    let _turn = lock(&TURN);
    set_num_threads(3).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        // Keeps the locks busy.
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    covers(10, true);
                    for bytes in [100, 100_000] {
                        drop(crate::storage::Storage::allocate("test", bytes));
                    }
                }
            });
        }
        for _ in 0..20 {
            covers(10, true);
            // SAFETY: the child runs only this library's code, which is made for that, and
            // leaves through `_exit`.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let works = std::panic::catch_unwind(|| {
                    for _ in 0..3 {
                        covers(100, true);
                        crate::storage::Storage::allocate_zeroed("test", 100).unwrap();
                        crate::storage::Storage::allocate_zeroed("test", 100_000).unwrap();
                    }
                });
                // SAFETY: always sound.
                unsafe { libc::_exit(i32::from(works.is_err())) };
            }
            assert!(child > 0);
            let (mut status, start) = (-1, Instant::now());
            // SAFETY: waits for, or kills, the child just made.
            unsafe {
                while libc::waitpid(child, &raw mut status, libc::WNOHANG) == 0 {
                    if start.elapsed() > Duration::from_secs(20) {
                        libc::kill(child, libc::SIGKILL);
                        libc::waitpid(child, &raw mut status, 0);
                        break;
                    }
                    thread::sleep(Duration::from_millis(1));
                }
            }
            if status != 0 {
                done.store(true, Ordering::Relaxed);
            }
            assert_eq!(status, 0);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_pool_has_as_many_threads_as_operations() {
    let _turn = lock(&TURN);
    for threads in [1, 3, 2] {
        set_num_threads(threads).unwrap();
        let found = in_pool(|has_threads| (has_threads, rayon::current_num_threads()));
        assert_eq!(found, (true, threads));
    }
    // Chunks have threads of their own.
    for_each_chunk("test", 4, true, &|_| {
        assert!(!in_pool(|has_threads| has_threads));
        Ok(())
    })
    .unwrap();
    let panic = std::panic::catch_unwind(|| in_pool(|_| std::panic::resume_unwind(Box::new("on"))));
    assert!(panic.is_err());
    assert_eq!(in_pool(|_| 7), 7);
}
