//! Where blocks come from and go back to: the operating system, and what it says about memory.

#[cfg(all(unix, not(miri)))]
use std::ptr;

use super::{ALIGN, HEADER};

/// Blocks from here on are their own mapping: they arrive zeroed, return to the system at once
/// when released, and never fragment the heap. In bytes.
pub(super) const MAPPED: usize = 256 << 10;

/// Blocks from here on start at a multiple of this and ask for huge pages. In bytes.
#[cfg(all(unix, not(miri)))]
const HUGE: usize = 2 << 20;

/// Mappings are rounded up to this: a multiple of every page size in use. In bytes.
#[cfg(all(unix, not(miri)))]
const GRAIN: usize = 64 << 10;

/// A fresh block and whether it is known to be all zero; null when the system refuses.
pub(super) fn allocate(bytes: usize) -> (*mut u8, bool) {
    debug_assert!(bytes >= HEADER);
    #[cfg(all(unix, not(miri)))]
    if bytes >= MAPPED {
        return (map(bytes), true);
    }
    let Ok(layout) = std::alloc::Layout::from_size_align(bytes, ALIGN) else {
        return (std::ptr::null_mut(), false);
    };
    if bytes >= MAPPED {
        // SAFETY: the layout is not empty, for `bytes` is at least the header's size.
        return (unsafe { std::alloc::alloc_zeroed(layout) }, true);
    }
    // SAFETY: as above.
    (unsafe { std::alloc::alloc(layout) }, false)
}

/// Gives a block back.
///
/// # Safety
/// `block` came from [`allocate`] with the same `bytes` and is not used again.
pub(super) unsafe fn release(block: *mut u8, bytes: usize) {
    #[cfg(all(unix, not(miri)))]
    if bytes >= MAPPED {
        // SAFETY: the mapping is this block's alone, and `map` rounded its length the same way.
        unsafe { libc::munmap(block.cast(), bytes.next_multiple_of(GRAIN)) };
        return;
    }
    // SAFETY: `allocate` made the same layout of the same `bytes`.
    unsafe { std::alloc::dealloc(block, std::alloc::Layout::from_size_align_unchecked(bytes, ALIGN)) };
}

#[cfg(all(unix, not(miri)))]
fn map(bytes: usize) -> *mut u8 {
    let length = bytes.next_multiple_of(GRAIN);
    let slack = if bytes >= HUGE { HUGE } else { 0 };
    // Below a huge page, populating at once costs under half of faulting in page by page (1 MiB mapped
    // and filled: 134 µs instead of 308).
    #[cfg(target_os = "linux")]
    let populate = if slack == 0 { libc::MAP_POPULATE } else { 0 };
    #[cfg(not(target_os = "linux"))]
    let populate = 0;
    // SAFETY: a fresh private mapping touches no memory in use.
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            length + slack,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | populate,
            -1,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return ptr::null_mut();
    }
    let start = start.cast::<u8>();
    if slack == 0 {
        return start;
    }
    let before = start.align_offset(HUGE);
    let after = slack - before;
    // SAFETY: both trimmed ends and the block lie inside the mapping just made, at page
    // boundaries (HUGE and GRAIN are multiples of the page size); nobody uses them yet.
    unsafe {
        let block = start.add(before);
        if before > 0 {
            libc::munmap(start.cast(), before);
        }
        if after > 0 {
            libc::munmap(block.add(length).cast(), after);
        }
        #[cfg(target_os = "linux")]
        libc::madvise(block.cast(), length, libc::MADV_HUGEPAGE);
        block
    }
}

/// The machine's memory in bytes; where it cannot be told, `usize::MAX`.
pub(super) fn physical_memory() -> usize {
    #[cfg(all(unix, not(miri)))]
    {
        // SAFETY: `sysconf` only reads its argument.
        let (pages, page) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
        if let (Ok(pages), Ok(page)) = (usize::try_from(pages), usize::try_from(page)) {
            return pages.saturating_mul(page);
        }
    }
    usize::MAX
}

/// A count of bytes as the `COREPY_*` variables write it: digits, then optionally `K`, `M`, `G`,
/// `T` or `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024), in any case.
pub(crate) fn parse_bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: usize = text[..digits].parse().ok()?;
    let shift = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        "t" | "tib" => 40,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

/// A `COREPY_*` variable that counts bytes: its value, or `default` with a warning where its text
/// makes no sense.
pub(crate) fn bytes_from_environment(name: &str, default: usize) -> (usize, Option<String>) {
    let Some(text) = std::env::var_os(name).filter(|text| !text.is_empty()) else { return (default, None) };
    match text.to_str().and_then(parse_bytes) {
        Some(bytes) => (bytes, None),
        None => (
            default,
            Some(format!(
                "{name}={} is not a number of bytes such as 268435456, 256M or 256MiB; using {default}",
                text.display()
            )),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_counts_parse() {
        assert_eq!(parse_bytes("0"), Some(0));
        assert_eq!(parse_bytes(" 12 "), Some(12));
        assert_eq!(parse_bytes("3k"), Some(3 << 10));
        assert_eq!(parse_bytes("3 KiB"), Some(3 << 10));
        assert_eq!(parse_bytes("2M"), Some(2 << 20));
        assert_eq!(parse_bytes("1GiB"), Some(1 << 30));
        for bad in ["", "K", "-1", "1.5G", "1GB", "99999999999999999999", "99999999999999G"] {
            assert_eq!(parse_bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn large_blocks_are_zero_and_aligned() {
        for bytes in [HEADER, 4096, MAPPED, (2 << 20) + 64, (5 << 20) + 64] {
            let (block, zeroed) = allocate(bytes);
            assert!(!block.is_null());
            assert_eq!(block.addr() % ALIGN, 0);
            #[cfg(all(unix, not(miri)))]
            assert!(bytes < HUGE || block.addr().is_multiple_of(HUGE));
            // SAFETY: the block is `bytes` long; it is read only where it is known to be written.
            unsafe {
                if zeroed {
                    assert_eq!((*block, *block.add(bytes - 1)), (0, 0));
                }
                block.write_bytes(1, bytes);
                release(block, bytes);
            }
        }
    }

    #[test]
    fn the_impossible_is_null() {
        assert!(allocate(isize::MAX as usize - (8 << 20)).0.is_null());
    }
}
