//! A tensor's memory: a reference-counted block from the pool, or memory that someone else owns.

use std::any::Any;
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::error::{Error, Result};
use crate::late::Readers;
use crate::lock::Lock;
use crate::pool::{self, ALIGN, HEADER};

/// What precedes the payload of a pool block; on its own for external memory.
#[repr(C, align(64))]
struct Header {
    count: AtomicUsize,
    data: *mut u8,
    bytes: usize,
    /// Keeps external memory alive.
    owner: Option<Box<dyn Any + Send + Sync>>,
    /// Pending expressions that read the bytes; see [`crate::late`].
    readers: Lock<Readers>,
    /// The pool's class, or `EXTERNAL`.
    class: u16,
    writable: bool,
    /// How many holders outside corepy may write the bytes at any time.
    exposed: AtomicU32,
}

const _: () = assert!(size_of::<Header>() == HEADER && align_of::<Header>() == ALIGN);

/// The class of a header that is a box of its own.
const EXTERNAL: u16 = u16::MAX;

/// A handle to a run of bytes that tensors share: one pointer; a clone is one atomic increment.
///
/// A pool-owned storage is one block, header and data together, so that a small tensor costs one
/// allocation. The data starts at a multiple of 64 bytes. Reading and writing go through
/// [`Storage::as_ptr`]; who may do so when is the caller's affair.
pub struct Storage {
    header: NonNull<Header>,
}

// SAFETY: the header is immutable but for its atomic count, the owner is Send and Sync, and the
// data is reached only through a raw pointer, whose users answer for races.
unsafe impl Send for Storage {}
// SAFETY: as above.
unsafe impl Sync for Storage {}

impl Storage {
    /// Memory for `bytes` bytes, uninitialised. Without a lock for at most 64 KiB that this
    /// thread had before: 12 ns together with the release; 59 ns for more, from the shared cache.
    #[inline]
    pub fn allocate(op: &'static str, bytes: usize) -> Result<Storage> {
        Self::allocate_maybe_zeroed(op, bytes).map(|(storage, _)| storage)
    }

    /// Memory for `bytes` bytes, and whether all of them are already zero (fresh pages are): where
    /// not, the caller may zero them in parallel.
    #[inline]
    pub fn allocate_maybe_zeroed(op: &'static str, bytes: usize) -> Result<(Storage, bool)> {
        let block = pool::allocate(bytes).ok_or(Error::OutOfMemory { op, bytes })?;
        let header = block.start.cast::<Header>();
        // SAFETY: a block holds HEADER bytes, aligned to ALIGN, before at least `bytes` of payload;
        // nobody else knows of it.
        unsafe {
            header.write(Header {
                count: AtomicUsize::new(1),
                data: block.start.as_ptr().add(HEADER),
                bytes,
                owner: None,
                readers: Lock::new(Readers::default()),
                class: block.class,
                writable: true,
                exposed: AtomicU32::new(0),
            });
        }
        Ok((Storage { header }, block.zeroed))
    }

    /// Memory for `bytes` bytes, all zero.
    pub fn allocate_zeroed(op: &'static str, bytes: usize) -> Result<Storage> {
        let (storage, zeroed) = Self::allocate_maybe_zeroed(op, bytes)?;
        if !zeroed {
            // SAFETY: the storage is `bytes` long and this is its only handle.
            unsafe { storage.as_ptr().write_bytes(0, bytes) };
        }
        Ok(storage)
    }

    /// Memory that `owner` keeps alive: it is dropped with the last handle, in the thread that drops it.
    ///
    /// # Safety
    /// Until `owner` is dropped, `data` must be valid for reads of `bytes` bytes, for writes too when
    /// `writable`, from any thread. `data` may be null when `bytes` is 0.
    pub unsafe fn external(data: *mut u8, bytes: usize, writable: bool, owner: Box<dyn Any + Send + Sync>) -> Storage {
        let data = if data.is_null() { std::ptr::without_provenance_mut(ALIGN) } else { data };
        let count = AtomicUsize::new(1);
        let readers = Lock::new(Readers::default());
        let exposed = AtomicU32::new(0);
        let header = Header { count, data, bytes, owner: Some(owner), readers, class: EXTERNAL, writable, exposed };
        Storage { header: NonNull::from(Box::leak(Box::new(header))) }
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: a header lives as long as its count, in which this handle counts, and is not
        // written but for the atomic.
        unsafe { self.header.as_ref() }
    }

    /// The first byte; never null, aligned to 64 unless external, valid for [`Storage::bytes`] bytes.
    #[inline]
    pub fn as_ptr(&self) -> *mut u8 {
        self.header().data
    }

    /// The length in bytes, as asked for.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.header().bytes
    }

    /// Whether the bytes may be written.
    #[inline]
    pub fn is_writable(&self) -> bool {
        self.header().writable
    }

    /// Whether someone else owns the memory.
    #[inline]
    pub fn is_external(&self) -> bool {
        self.header().class == EXTERNAL
    }

    /// The pending expressions that read the bytes.
    #[inline]
    pub(crate) fn readers(&self) -> &Lock<Readers> {
        &self.header().readers
    }

    /// Counts a holder outside corepy that may write the bytes at any time, until [`Storage::withdraw`].
    pub fn expose(&self) {
        self.header().exposed.fetch_add(1, Ordering::Relaxed);
    }

    /// One such holder is gone.
    pub fn withdraw(&self) {
        self.header().exposed.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether nobody but corepy can write the bytes, so that they may be read later than asked for.
    #[inline]
    pub fn is_private(&self) -> bool {
        !self.is_external() && self.header().exposed.load(Ordering::Relaxed) == 0
    }

    /// How many handles there are now.
    #[inline]
    pub fn ref_count(&self) -> usize {
        self.header().count.load(Ordering::Acquire)
    }

    /// Whether both are handles to the same storage.
    #[inline]
    pub fn ptr_eq(&self, other: &Storage) -> bool {
        self.header == other.header
    }
}

impl Clone for Storage {
    #[inline]
    fn clone(&self) -> Self {
        let before = self.header().count.fetch_add(1, Ordering::Relaxed);
        if before > isize::MAX as usize {
            // As for `Arc`: reachable only by leaking 2^63 handles.
            std::process::abort();
        }
        Storage { header: self.header }
    }
}

impl Drop for Storage {
    #[inline]
    fn drop(&mut self) {
        let count = &self.header().count;
        // A count of one is this handle: nobody can add to it, so the locked subtraction is saved.
        if count.load(Ordering::Acquire) != 1 {
            if count.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            std::sync::atomic::fence(Ordering::Acquire);
        }
        let class = self.header().class;
        if class == EXTERNAL {
            // SAFETY: `external` made the box; this was the last handle.
            drop(unsafe { Box::from_raw(self.header.as_ptr()) });
        } else {
            // SAFETY: the block came from the pool with this class and this was the last handle; a
            // pool header has no owner to drop, and its readers, who would hold a handle, are gone.
            unsafe {
                if (*self.header.as_ptr()).readers.get_mut().has_memory() {
                    std::ptr::drop_in_place(&raw mut (*self.header.as_ptr()).readers);
                }
                pool::release(self.header.cast(), class);
            }
        }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("data", &self.as_ptr())
            .field("bytes", &self.bytes())
            .field("writable", &self.is_writable())
            .field("external", &self.is_external())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn fill(storage: &Storage, value: u8) {
        // SAFETY: the tests' storages have one user at a time.
        unsafe { storage.as_ptr().write_bytes(value, storage.bytes()) };
    }

    fn sum(storage: &Storage) -> usize {
        // SAFETY: as in `fill`; the tests read only what they wrote.
        let bytes = unsafe { std::slice::from_raw_parts(storage.as_ptr(), storage.bytes()) };
        bytes.iter().map(|&byte| usize::from(byte)).sum()
    }

    #[test]
    fn blocks_of_all_sizes_are_aligned_and_writable() {
        let mut held = Vec::new();
        for round in 0..3 {
            for bytes in [0, 1, 63, 64, 65, 1000, 1025, 65_536, 65_537, 300_000, 2 << 20, (5 << 20) + 1] {
                let storage = Storage::allocate("test", bytes).unwrap();
                assert_eq!(storage.as_ptr().addr() % ALIGN, 0);
                assert!(storage.is_writable() && !storage.is_external());
                assert_eq!((storage.bytes(), storage.ref_count()), (bytes, 1));
                fill(&storage, 1);
                if round == 1 {
                    held.push(storage);
                }
            }
        }
        for storage in held {
            assert_eq!(sum(&storage), storage.bytes());
        }
    }

    #[test]
    fn zeroed_is_zero_also_when_recycled() {
        for bytes in [0, 1, 100, 70_000, 3 << 20] {
            for _ in 0..3 {
                let storage = Storage::allocate_zeroed("test", bytes).unwrap();
                assert_eq!(sum(&storage), 0);
                fill(&storage, 7);
            }
        }
    }

    #[test]
    fn the_impossible_is_an_error() {
        for bytes in [usize::MAX, isize::MAX as usize, isize::MAX as usize / 2] {
            let error = Storage::allocate("test", bytes).unwrap_err();
            assert_eq!(error, Error::OutOfMemory { op: "test", bytes });
        }
    }

    #[test]
    fn handles_count() {
        let a = Storage::allocate("test", 8).unwrap();
        let b = a.clone();
        assert!(a.ptr_eq(&b));
        assert_eq!(a.ref_count(), 2);
        drop(b);
        assert_eq!(a.ref_count(), 1);
        assert!(!a.ptr_eq(&Storage::allocate("test", 8).unwrap()));
    }

    #[test]
    fn the_owner_of_external_memory_goes_with_the_last_handle() {
        struct Owner(Arc<AtomicBool>, Vec<u8>);
        impl Drop for Owner {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let gone = Arc::new(AtomicBool::new(false));
        let mut owner = Box::new(Owner(Arc::clone(&gone), vec![3; 10]));
        let data = owner.1.as_mut_ptr();
        // SAFETY: the vector lives in the owner and is not touched but through the storage.
        let a = unsafe { Storage::external(data, 10, false, owner) };
        assert!(a.is_external() && !a.is_writable());
        let b = a.clone();
        drop(a);
        assert!(!gone.load(Ordering::SeqCst));
        assert_eq!(sum(&b), 30);
        drop(b);
        assert!(gone.load(Ordering::SeqCst));
        // SAFETY: no bytes.
        let empty = unsafe { Storage::external(std::ptr::null_mut(), 0, true, Box::new(())) };
        assert!(!empty.as_ptr().is_null());
    }

    #[test]
    fn threads_free_what_others_allocated() {
        let rounds = if cfg!(miri) { 20 } else { 2000 };
        let (sender, receiver) = std::sync::mpsc::channel::<Storage>();
        let consumer = std::thread::spawn(move || receiver.iter().map(|storage| sum(&storage)).sum::<usize>());
        let producers: Vec<_> = (0..4)
            .map(|seed| {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    for round in 0..rounds {
                        let storage = Storage::allocate("test", 1 + (round * 37 + seed) % 3000).unwrap();
                        fill(&storage, 1);
                        sender.send(storage).unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        for producer in producers {
            producer.join().unwrap();
        }
        let expected: usize = (0..4).flat_map(|seed| (0..rounds).map(move |r| 1 + (r * 37 + seed) % 3000)).sum();
        assert_eq!(consumer.join().unwrap(), expected);
    }
}
