//! Tests of the pool.

use super::shared::Global;
use super::*;

#[test]
fn classes_are_tight_and_monotone() {
    let mut last = 0;
    for class in 0..CLASSES - 8 {
        let payload = block_bytes(class) - HEADER;
        assert!(payload > last);
        assert_eq!(class_of(payload), Some(class));
        assert_eq!(class_of(last + 1), Some(class));
        assert!(payload <= 1024 || (payload - last) * 8 <= payload, "class {class}");
        last = payload;
    }
    assert_eq!(class_of(0), Some(0));
    assert_eq!(class_of(64 << 10), Some(SMALL_CLASSES - 1));
    assert_eq!(class_of((64 << 10) + 1), Some(SMALL_CLASSES));
    assert_eq!(class_of((2 << 20) + 1), Some(LENIENT_CLASS));
    for bytes in [usize::MAX, isize::MAX as usize, isize::MAX as usize / 8 * 7 + 1] {
        assert_eq!(class_of(bytes), None);
    }
    let largest = class_of(isize::MAX as usize / 8 * 7).unwrap();
    assert!(largest < CLASSES && block_bytes(largest) < isize::MAX as usize);
}
fn node(class: usize) -> *mut Node {
    let start = system::allocate(block_bytes(class)).0.cast::<Node>();
    assert!(!start.is_null());
    start
}

#[test]
fn the_cache_stays_within_its_limit_and_evicts_the_old_and_large() {
    let mut global = Global::new();
    let (small, large) = (70, 80);
    let limit = 3 * block_bytes(large) + 2 * block_bytes(small);
    let mut doomed = Doomed(ptr::null_mut());
    let put = |global: &mut Global, class, doomed: &mut Doomed| {
        let node = node(class);
        // SAFETY: the block is fresh.
        unsafe { global.put(node, class, limit, doomed) };
        node
    };
    let first = put(&mut global, large, &mut doomed);
    let second = put(&mut global, large, &mut doomed);
    let third = put(&mut global, large, &mut doomed);
    let fourth = put(&mut global, small, &mut doomed);
    assert!(doomed.0.is_null() && global.cached == limit - block_bytes(small));
    put(&mut global, small, &mut doomed);
    put(&mut global, small, &mut doomed);
    assert_eq!(doomed.0, first);
    assert!(global.cached <= limit);
    // The newest comes first.
    assert_eq!(global.take(large).unwrap().as_ptr(), third);
    doomed.push(third);
    assert_eq!(global.take(large).unwrap().as_ptr(), second);
    doomed.push(second);
    assert!(global.take(large).is_none());
    // Too large for the limit: not cached, and nothing is evicted for it.
    let cached = global.cached;
    let huge = put(&mut global, 100, &mut doomed);
    assert_eq!((doomed.0, global.cached), (huge, cached));
    global.shrink(2 * block_bytes(small), &mut doomed);
    assert_eq!(doomed.0, fourth);
    global.empty(&mut doomed);
    assert_eq!(global.cached, 0);
    assert!(global.lists.iter().all(|list| list.newest.is_null() && list.oldest.is_null()));
}

/// Runs one ignored test in a process of its own, where the pool is untouched and the
/// environment ours.
#[cfg(not(miri))]
fn alone(test: &str, limit: &str) {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--test-threads=1", &format!("pool::tests::{test}")])
        .env("COREPY_POOL_LIMIT", limit)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[cfg(not(miri))]
#[test]
fn in_processes_of_their_own() {
    alone("alone_statistics_are_exact", "64MiB");
    alone("alone_no_limit_no_cache", "0");
    alone("alone_a_small_limit_holds", "100K");
    alone("alone_nonsense_is_reported", "plenty");
}

fn hold(bytes: usize) -> Block {
    allocate(bytes).unwrap()
}

fn free(block: &Block) {
    // SAFETY: the tests free each block once.
    unsafe { release(block.start, block.class) };
}

#[test]
#[ignore = "run by in_processes_of_their_own"]
fn alone_statistics_are_exact() {
    let limit_bytes = 64 << 20;
    assert_eq!(stats(), MemoryStats { limit_bytes, ..MemoryStats::default() });
    let (small, large) = (128 + HEADER, (8 << 20) + HEADER);
    let (a, b) = (hold(100), hold(8_000_000));
    let live_bytes = small + large;
    let expected = MemoryStats { live_bytes, peak_bytes: live_bytes, misses: 2, limit_bytes, ..stats() };
    assert_eq!((stats(), stats().cached_bytes), (expected, 0));
    free(&a);
    free(&b);
    assert_eq!((stats().live_bytes, stats().cached_bytes), (0, live_bytes));
    // Of this class, and of a slightly smaller one.
    let (a, c) = (hold(128), hold(7_000_000));
    assert_eq!(stats(), MemoryStats { hits: 2, ..expected });
    free(&a);
    free(&c);
    // A block freed by another thread, whose list is flushed at its end.
    let a = hold(128);
    let address = a.start.addr();
    let far = std::thread::spawn(move || {
        let a = Block { start: NonNull::new(ptr::without_provenance_mut(address.get())).unwrap(), ..a };
        free(&a);
        assert_eq!((stats().live_bytes, stats().cached_bytes), (0, live_bytes));
    });
    far.join().unwrap();
    assert_eq!((stats().live_bytes, stats().cached_bytes, stats().hits), (0, live_bytes, 3));
    let again = hold(128);
    assert_eq!((again.start.addr(), stats().hits), (address, 4));
    free(&again);
    empty_cache();
    assert_eq!(stats(), MemoryStats { peak_bytes: live_bytes, hits: 4, misses: 2, limit_bytes, ..Default::default() });
}

#[test]
#[ignore = "run by in_processes_of_their_own"]
fn alone_no_limit_no_cache() {
    for bytes in [100, 100_000, 4 << 20] {
        for _ in 0..3 {
            free(&hold(bytes));
            assert_eq!((stats().cached_bytes, stats().hits, stats().live_bytes), (0, 0, 0));
        }
    }
    assert_eq!((stats().misses, configuration_warning()), (9, None));
}

#[test]
#[ignore = "run by in_processes_of_their_own"]
fn alone_a_small_limit_holds() {
    let work = |seed: usize| {
        let mut held: Vec<Block> = Vec::new();
        for round in 0..5000 {
            held.push(hold((round * 7919 + seed) % 90_000));
            if held.len() > 20 {
                free(&held.swap_remove(round % 20));
            }
            assert!(stats().cached_bytes <= 100 << 10);
        }
        held.iter().for_each(free);
    };
    work(0);
    let threads: Vec<_> = (1..8).map(|seed| std::thread::spawn(move || work(seed))).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(stats().live_bytes, 0);
    assert!(stats().cached_bytes <= 100 << 10 && stats().hits > 0);
}

#[test]
#[ignore = "run by in_processes_of_their_own"]
fn alone_nonsense_is_reported() {
    assert!(configuration_warning().unwrap().contains("COREPY_POOL_LIMIT=plenty"));
    assert!(stats().limit_bytes > 0);
}
