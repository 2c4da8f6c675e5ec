//! The sizes of the machine's caches.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// What is taken where the system does not tell.
const DEFAULT_BYTES: usize = 8 << 20;
/// The same of a core's second-level cache.
const DEFAULT_SECOND_LEVEL: usize = 1 << 20;
/// One tensor cannot expect more of a cache that many cores share.
const MOST_BYTES: usize = 64 << 20;

/// Bytes of the last-level cache that an operation can count on; read once.
pub(crate) fn last_level_bytes() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| largest_cache().map_or(DEFAULT_BYTES, |bytes| bytes.clamp(DEFAULT_BYTES, MOST_BYTES)))
}

/// Bytes of a core's second-level cache; read once.
pub(crate) fn second_level_bytes() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| caches().find(|&(level, _)| level == 2).map_or(DEFAULT_SECOND_LEVEL, |(_, bytes)| bytes))
}

/// The largest cache of the first core.
fn largest_cache() -> Option<usize> {
    caches().map(|(_, bytes)| bytes).max()
}

/// Level and bytes of each cache of the first core, by Linux's sysfs.
fn caches() -> impl Iterator<Item = (usize, usize)> {
    let caches = Path::new("/sys/devices/system/cpu/cpu0/cache");
    fs::read_dir(caches).into_iter().flatten().filter_map(|entry| {
        let path = entry.ok()?.path();
        let text = |name: &str| fs::read_to_string(path.join(name)).ok();
        Some((parse(&text("level")?)?, parse(&text("size")?)?))
    })
}

/// Bytes from a text such as "32768K".
fn parse(text: &str) -> Option<usize> {
    let text = text.trim();
    let (digits, unit) = match text.strip_suffix('K') {
        Some(digits) => (digits, 1 << 10),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1 << 20)),
    };
    digits.parse::<usize>().ok()?.checked_mul(unit)
}
