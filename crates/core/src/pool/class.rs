//! Classes of blocks by their size.

/// Alignment of every block and of its payload, in bytes: a cache line, and an AVX-512 vector.
pub const ALIGN: usize = 64;

/// Bytes before the payload, for the storage's header.
pub(crate) const HEADER: usize = 64;

/// Classes of up to 64 KiB, which threads cache for themselves.
pub const SMALL_CLASSES: usize = 64;

/// All classes: the last ends just below 2^63 bytes.
pub const CLASSES: usize = 440;

/// The first class (above 2 MiB) where a block of one of the next two classes will do as well.
pub const LENIENT_CLASS: usize = 104;

/// The class of a payload of this many bytes; `None` where no allocation can be that large.
#[inline]
pub fn class_of(bytes: usize) -> Option<usize> {
    // Leaves room for the header, the rounding and a huge page.
    if bytes > (isize::MAX as usize) / 8 * 7 {
        return None;
    }
    let last_unit = bytes.saturating_sub(1) / ALIGN;
    if last_unit < 16 {
        return Some(last_unit);
    }
    let log = last_unit.ilog2() as usize;
    Some((log - 3) * 8 + (last_unit >> (log - 3)))
}

/// The bytes of a class's whole block.
#[inline]
pub fn block_bytes(class: usize) -> usize {
    let units = if class < 16 { class + 1 } else { (class % 8 + 9) << (class / 8 - 1) };
    units * ALIGN + HEADER
}

/// How many blocks of a class a thread keeps.
#[inline]
pub fn local_entries(class: usize) -> usize {
    ((64 << 10) / block_bytes(class)).clamp(4, 32)
}
