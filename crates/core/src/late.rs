//! Late readers: pending expressions that read a storage later than the program asked for it. Before
//! somebody writes the bytes, they are evaluated.

use std::sync::{Arc, Weak};

use crate::error::Result;
use crate::lock::{self, Guard};
use crate::storage::Storage;

/// Something that will read storages, to each of which it holds a handle until it has read.
pub trait LateReader: Send + Sync {
    /// Reads what it is to read, now.
    fn settle(self: Arc<Self>) -> Result<()>;
    /// Whether it has read.
    fn is_settled(&self) -> bool;
}

/// Readers up to which nobody looks which of them are still there.
const UNCHECKED: usize = 16;

/// The late readers of one storage, in the order in which they came; one pointer where there are none.
#[derive(Default)]
pub(crate) struct Readers(Option<Box<List>>);

#[derive(Default)]
struct List {
    readers: Vec<Weak<dyn LateReader>>,
    /// How many there may be before those that have read are struck off.
    limit: usize,
}

impl Readers {
    /// Whether there is something to drop.
    #[inline]
    pub(crate) fn has_memory(&self) -> bool {
        self.0.is_some()
    }
}

fn is_waiting(reader: &Weak<dyn LateReader>) -> bool {
    reader.upgrade().is_some_and(|reader| !reader.is_settled())
}

impl Storage {
    fn lock_readers(&self) -> Guard<'_, Readers> {
        self.readers().lock()
    }

    /// Whether somebody may be left to read late.
    pub fn has_readers(&self) -> bool {
        self.lock_readers().0.as_ref().is_some_and(|list| !list.readers.is_empty())
    }

    /// Notes that `reader` will read this storage.
    pub fn add_reader(&self, reader: Weak<dyn LateReader>) {
        let mut dropped = Vec::new();
        let change = lock::change();
        let mut readers = self.lock_readers();
        let list = readers.0.get_or_insert_default();
        if list.readers.len() >= list.limit.max(UNCHECKED) {
            // Dropping one may drop other storages: after this one is unlocked.
            let (waiting, gone) = std::mem::take(&mut list.readers).into_iter().partition(is_waiting);
            (list.readers, dropped) = (waiting, gone);
            list.limit = 2 * list.readers.len();
        }
        list.readers.push(reader);
        drop(readers);
        drop(change);
        drop(dropped);
    }

    /// Has every late reader read: what must happen before the bytes are written.
    pub fn settle(&self) -> Result<()> {
        // They stay in the list until they have read: another thread that wants to write waits for them, too.
        let mut waiting = match &self.lock_readers().0 {
            Some(list) => list.readers.clone(),
            None => return Ok(()),
        };
        // The newest first: it computes the older ones that only it still needs on the way.
        while let Some(reader) = waiting.pop() {
            if let Some(reader) = reader.upgrade() {
                reader.settle()?;
            }
        }
        let change = lock::change();
        let mut readers = self.lock_readers();
        let Some(list) = &mut readers.0 else { return Ok(()) };
        // Dropping one may drop other storages: after this one is unlocked.
        let (waiting, gone) = std::mem::take(&mut list.readers).into_iter().partition(is_waiting);
        list.readers = waiting;
        drop(readers);
        drop(change);
        drop::<Vec<Weak<dyn LateReader>>>(gone);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::error::Error;

    struct Reader {
        order: Arc<Mutex<Vec<usize>>>,
        number: usize,
        fails: AtomicBool,
        settled: AtomicBool,
    }

    impl LateReader for Reader {
        fn settle(self: Arc<Self>) -> Result<()> {
            if self.fails.swap(false, Ordering::Relaxed) {
                return Err(Error::Interrupted { op: "test" });
            }
            if !self.settled.swap(true, Ordering::Relaxed) {
                self.order.lock().unwrap().push(self.number);
            }
            Ok(())
        }
        fn is_settled(&self) -> bool {
            self.settled.load(Ordering::Relaxed)
        }
    }

    fn readers(storage: &Storage, count: usize) -> (Vec<Arc<Reader>>, Arc<Mutex<Vec<usize>>>) {
        let order = Arc::default();
        let new = |number| {
            let order = Arc::clone(&order);
            Arc::new(Reader { order, number, fails: AtomicBool::new(false), settled: AtomicBool::new(false) })
        };
        let readers: Vec<Arc<Reader>> = (0..count).map(new).collect();
        for reader in &readers {
            let reader: Arc<dyn LateReader> = reader.clone();
            storage.add_reader(Arc::downgrade(&reader));
        }
        (readers, order)
    }

    #[test]
    fn the_newest_settles_first_and_each_once() {
        let storage = Storage::allocate("test", 100).unwrap();
        let (mut readers, order) = readers(&storage, 4);
        Arc::clone(&readers[1]).settle().unwrap();
        readers.remove(2);
        storage.settle().unwrap();
        storage.settle().unwrap();
        assert_eq!(*order.lock().unwrap(), [1, 3, 0]);
    }

    #[test]
    fn a_failure_loses_no_reader() {
        let storage = Storage::allocate("test", 100).unwrap();
        let (readers, order) = readers(&storage, 3);
        readers[1].fails.store(true, Ordering::Relaxed);
        assert!(storage.settle().is_err());
        storage.settle().unwrap();
        assert_eq!(*order.lock().unwrap(), [2, 1, 0]);
    }

    #[test]
    fn those_that_have_read_are_forgotten() {
        let storage = Storage::allocate("test", 100).unwrap();
        for _ in 0..100 {
            drop(readers(&storage, 3));
        }
        assert!(storage.lock_readers().0.as_ref().unwrap().readers.len() <= UNCHECKED);
        let (waiting, _) = readers(&storage, 100);
        assert_eq!(
            storage.lock_readers().0.as_ref().unwrap().readers.iter().filter(|each| is_waiting(each)).count(),
            100
        );
        drop(waiting);
    }

    #[test]
    fn exposure_is_counted() {
        let storage = Storage::allocate("test", 8).unwrap();
        assert!(storage.is_private());
        storage.expose();
        storage.expose();
        storage.withdraw();
        assert!(!storage.is_private());
        storage.withdraw();
        assert!(storage.is_private());
    }
}
