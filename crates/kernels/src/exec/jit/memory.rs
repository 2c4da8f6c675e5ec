//! Executable memory: written once, then neither writable nor moved.

/// Machine code. The memory is given back when it is dropped.
pub(super) struct Code {
    start: *mut u8,
    bytes: usize,
}

// SAFETY: the memory is not written after it was made.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

impl Code {
    /// Executable memory with a copy of `code`; None where the system refuses that.
    #[cfg(all(unix, target_arch = "x86_64", not(miri)))]
    pub(super) fn new(code: &[u8]) -> Option<Code> {
        let bytes = code.len().max(1);
        // SAFETY: a mapping of its own, written before it becomes executable.
        unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let start =
                libc::mmap(std::ptr::null_mut(), bytes, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
            if start == libc::MAP_FAILED {
                return None;
            }
            let memory = Code { start: start.cast(), bytes };
            memory.start.copy_from_nonoverlapping(code.as_ptr(), code.len());
            // W^X: from here on it is only executed.
            (libc::mprotect(start, bytes, libc::PROT_READ | libc::PROT_EXEC) == 0).then_some(memory)
        }
    }

    /// There is no code for other systems.
    #[cfg(not(all(unix, target_arch = "x86_64", not(miri))))]
    pub(super) fn new(_code: &[u8]) -> Option<Code> {
        None
    }

    /// The first instruction.
    pub(super) fn start(&self) -> *const u8 {
        self.start
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        #[cfg(all(unix, target_arch = "x86_64", not(miri)))]
        // SAFETY: the mapping is ours, and nobody who could run it has a handle.
        unsafe {
            libc::munmap(self.start.cast(), self.bytes);
        }
    }
}
