//! Sorting by unsigned keys: elements that compare equal have one key.
//!
//! A row that is in order already, or in reverse, is seen as such first ([`presorted`](super::presorted)). A
//! short row is sorted by one thread, in its caches. A long one is partitioned about pivots into parts for
//! all threads ([`parts`](super::parts)) where the instruction set has the vectors for it. Otherwise, and
//! where it is longer than the caches, it is spread by the leading bits of its keys, by all threads, into
//! buckets; a bucket that is itself long is sorted as a row. The spread keeps the keys' order in each
//! bucket, whatever the chunks. Keys of 8 bits are counted.

use corepy_core::storage::Storage;
use corepy_core::{DType, Kind, Result, scheduler};

use super::presorted::Arrangement;
use super::{Address, CHUNK, for_each_range, too_large};
use crate::ffi::{self, KeyRange, SortKernels};

/// Leading bits that one pass spreads by.
const DIGIT_BITS: u32 = 11;
/// Keys in a bucket when they are spread evenly; fewer bits are used for shorter rows.
const BUCKET_BITS: u32 = 9;
/// Keys from which a bucket is spread again by all threads.
const LONG_BUCKET: usize = 1 << 17;
/// The most chunks of a pass, each with counters of its own.
const MAX_CHUNKS: usize = 16;
/// Keys that a thread sorts in one go, in several buckets.
const TASK: usize = 1 << 14;
/// Nanoseconds for a key, roughly: of a pass over them, and of sorting a bucket.
const NS_PER_PASS: usize = 2;
pub(super) const NS_PER_SORT: usize = 8;
/// Bytes of keys up to which passes of partitions run in the caches.
const SPLIT_BYTES: usize = 64 << 20;
/// Bits of keys of 32 bits that may be dropped to make room for an index: so few are then equal.
const NARROW_DROP: u32 = 10;
/// Elements of 8 bits from which their places are spread by their keys.
const WORTH_COUNTING: usize = 256;

fn bit_width(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}

/// What is done to a range of keys once it is sorted.
pub(super) type Finish<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// The keys of one dtype in one direction.
pub struct Keys {
    pub(super) kernels: SortKernels,
    pub(super) itemsize: usize,
    /// What bits are exclusive-or'ed with: the sign of signed integers, and all if descending.
    pub(super) flip: u64,
    descending: bool,
}

impl Keys {
    /// Of a dtype that is not complex.
    pub fn new(dtype: DType, descending: bool) -> Keys {
        let sign = if dtype.kind() == Kind::Signed { 1 << (8 * dtype.itemsize() - 1) } else { 0 };
        let flip = if descending { u64::MAX } else { 0 } ^ sign;
        Keys { kernels: ffi::sort(dtype), itemsize: dtype.itemsize(), flip, descending }
    }

    /// Nanoseconds that sorting takes for an element on one thread, roughly.
    pub fn ns_per_sort(&self) -> usize {
        match (self.kernels.split.is_some(), self.itemsize) {
            (false, _) => NS_PER_SORT,
            (true, 8) => 5,
            (true, _) => 2,
        }
    }

    /// Sorts each of `rows` adjacent rows of `n` elements from `x` to `out`, by one thread.
    ///
    /// # Safety
    /// Both addresses hold the rows' elements, and the scratch those of one row.
    pub unsafe fn sort_short(
        &self,
        op: &'static str,
        x: Address,
        rows: usize,
        n: usize,
        out: Address,
        scratch: *mut u8,
    ) -> Result<()> {
        let bytes = n * self.itemsize;
        let mut begin = 0;
        for row in 0..rows {
            let (from, to) = (x.plus(row * bytes), out.plus(row * bytes));
            // SAFETY: the caller's.
            unsafe {
                let arrangement = self.arrangement(from, n);
                if arrangement == Arrangement::Any {
                    continue;
                }
                self.sort_unordered(x.plus(begin * bytes), row - begin, n, out.plus(begin * bytes), scratch);
                begin = row + 1;
                match arrangement {
                    Arrangement::Reversed { ties } => self.reverse(op, from, n, ties, to)?,
                    _ => from.start().copy_to_nonoverlapping(to.start(), bytes),
                }
            }
        }
        // SAFETY: the caller's.
        unsafe { self.sort_unordered(x.plus(begin * bytes), rows - begin, n, out.plus(begin * bytes), scratch) };
        Ok(())
    }

    /// As [`Keys::sort_short`], rows in any order.
    ///
    /// # Safety
    /// As there.
    unsafe fn sort_unordered(&self, x: Address, rows: usize, n: usize, out: Address, scratch: *mut u8) {
        let sort = self.kernels.sort.expect("real dtypes have it");
        let unmap = self.kernels.unmap.expect("real dtypes have it");
        let bytes = n * self.itemsize;
        if rows == 0 {
            return;
        }
        // SAFETY: the caller's; the keys take the elements' room.
        unsafe {
            let range = self.map_part(x, 0, rows * n, out);
            for row in 0..rows {
                sort(out.at(row * bytes), scratch, n, 0);
            }
            unmap(out.start(), rows * n, self.flip, out.start());
            for row in 0..if range.special == 0 { 0 } else { rows } {
                self.restore(x.plus(row * bytes), n, out.plus(row * bytes));
            }
        }
    }

    /// Sorts `n` elements from `x` to `out`, by all threads.
    ///
    /// # Safety
    /// Both addresses hold `n` elements of the dtype.
    pub unsafe fn sort_long(&self, op: &'static str, x: Address, n: usize, out: Address) -> Result<()> {
        let unmap = self.kernels.unmap.expect("real dtypes have it");
        let copy = |begin: usize, end: usize| {
            let offset = begin * self.itemsize;
            // SAFETY: the caller's; chunks are disjoint.
            unsafe { x.at(offset).copy_to_nonoverlapping(out.at(offset), (end - begin) * self.itemsize) };
        };
        // SAFETY: the caller's.
        match unsafe { self.long_arrangement(op, x, n, &copy)? } {
            Arrangement::Any => {}
            Arrangement::Sorted => return Ok(()),
            // SAFETY: the caller's.
            Arrangement::Reversed { ties } => return unsafe { self.reverse(op, x, n, ties, out) },
        }
        let range = self.map(op, x, n, out)?;
        let memory = Storage::allocate(op, n * self.itemsize)?;
        let row = Row { op, kernels: &self.kernels, itemsize: self.itemsize };
        row.sort(out, Address(memory.as_ptr()), 0, n, range, false, &|begin, end| {
            let part = out.at(begin * self.itemsize);
            // SAFETY: parts of the row are disjoint, and sorted.
            unsafe { unmap(part, end - begin, self.flip, part) };
        })?;
        if range.special != 0 {
            // SAFETY: the caller's.
            unsafe { self.restore(x, n, out) };
        }
        Ok(())
    }

    /// Writes NaNs and zeros of a row as they were.
    ///
    /// # Safety
    /// Both addresses hold `n` elements of the dtype.
    pub(super) unsafe fn restore(&self, x: Address, n: usize, out: Address) {
        let restore = self.kernels.restore.expect("real dtypes have it");
        // SAFETY: the caller's.
        unsafe { restore(x.start(), n, u32::from(self.descending), out.start()) };
    }

    /// Writes the indices that sort the `n` elements at `x` to `out`, by all threads.
    ///
    /// # Safety
    /// The addresses hold `n` elements and int64.
    pub unsafe fn argsort_long(&self, op: &'static str, x: Address, n: usize, out: Address) -> Result<()> {
        let pack = self.kernels.pack.expect("real dtypes have it");
        let unpack = self.kernels.unpack.expect("real dtypes have it");
        let bits = bit_width(n as u64 - 1).max(1);
        let drop_of = |range: KeyRange, room: u32| (bit_width(range.most - range.least) + bits).saturating_sub(room);
        // SAFETY: the caller's.
        unsafe {
            let arrangement = self.long_arrangement(op, x, n, &|_, _| {})?;
            if arrangement != Arrangement::Any {
                return self.places(op, x, n, arrangement, out);
            }
        }
        let key_memory = Storage::allocate(op, n * self.itemsize)?;
        let keys = Address(key_memory.as_ptr());
        let range = self.map(op, x, n, keys)?;
        if self.itemsize == 1 {
            let row = Row { op, kernels: &self.kernels, itemsize: 1 };
            return row.spread_places(keys, n, range, out);
        }
        let (base, drop) = (range.least, drop_of(range, u64::BITS));
        for_each_range(op, n, NS_PER_PASS, &|begin, end| {
            let (part, to) = (keys.at(begin * self.itemsize), out.index(begin).cast());
            // SAFETY: chunks are disjoint.
            unsafe { pack(part, end - begin, base, begin as u64, drop, bits, to) };
            Ok(())
        })?;
        let memory = Storage::allocate(op, n * 8)?;
        let scratch = Address(memory.as_ptr());
        let packed = KeyRange { least: 0, most: ((range.most - base) >> drop) << bits | ((1 << bits) - 1), special: 0 };
        let kernels = ffi::sort(DType::UInt64);
        let row = Row { op, kernels: &kernels, itemsize: 8 };
        let unpack_part = |begin: usize, end: usize, drop: u32| {
            let (part, free) = (out.index(begin).cast(), scratch.index(begin).cast());
            // SAFETY: parts are disjoint; indices in `packed` keys are those of `keys`.
            unsafe { unpack(part, free, end - begin, keys.start(), base, drop, bits) };
        };
        if drop == 0 {
            // Equal keys differ by their indices: nothing crosses the parts.
            return row.sort(out, scratch, 0, n, packed, false, &|begin, end| unpack_part(begin, end, 0));
        }
        row.sort(out, scratch, 0, n, packed, false, &|_, _| {})?;
        // Runs of what the packing left equal stay whole: a chunk has those that start in it.
        let chunks = n.div_ceil(CHUNK);
        let border = |chunk: usize| {
            let place = chunk * CHUNK;
            if chunk == 0 || place >= n {
                return place.min(n);
            }
            // SAFETY: the indices are below `n`.
            let prefix = |i: usize| unsafe { out.index(i).cast::<u64>().read() } >> bits;
            let run = prefix(place - 1);
            let (mut low, mut high) = (place, n);
            while low < high {
                let middle = usize::midpoint(low, high);
                if prefix(middle) == run {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        let mut borders = Vec::new();
        reserve(op, &mut borders, chunks + 1)?;
        borders.extend((0..=chunks).map(border));
        let parallel = scheduler::worth_parallel((n * NS_PER_PASS) as u64);
        scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
            unpack_part(borders[chunk], borders[chunk + 1], drop);
            Ok(())
        })
    }

    /// As [`Keys::argsort_long`], by one thread.
    ///
    /// # Safety
    /// The addresses hold `n` elements, int64 and 16 bytes.
    pub unsafe fn argsort_short(
        &self,
        op: &'static str,
        x: Address,
        n: usize,
        out: Address,
        scratch: *mut u8,
    ) -> Result<()> {
        let unpack = self.kernels.unpack.expect("real dtypes have it");
        let bits = bit_width(n as u64 - 1).max(1);
        let keys = Address(scratch).plus(8 * n);
        // SAFETY: the caller's; keys take at most the second half of the scratch, packed keys of 32 bits and
        // what sorting them takes the first.
        unsafe {
            let arrangement = self.arrangement(x, n);
            if arrangement != Arrangement::Any {
                return self.places(op, x, n, arrangement, out);
            }
            let range = self.map_part(x, 0, n, keys);
            let base = range.least;
            if self.itemsize == 1 && n >= WORTH_COUNTING {
                let mut offsets = [0_u64; 256];
                self.kernels.histogram.expect("real dtypes have it")(keys.start(), n, base, 0, offsets.as_mut_ptr());
                let mut sum = 0;
                for offset in &mut offsets {
                    sum += std::mem::replace(offset, sum);
                }
                let scatter = self.kernels.scatter_places.expect("real dtypes have it");
                scatter(keys.start(), n, base, 0, offsets.as_mut_ptr(), out.index(0));
                return Ok(());
            }
            let width = bit_width(range.most - base) + bits;
            let narrow = width.saturating_sub(u32::BITS);
            let drop = if narrow == 0 || (self.itemsize == 4 && narrow <= NARROW_DROP) {
                self.kernels.pack_narrow.expect("real dtypes have it")(
                    keys.start(),
                    n,
                    base,
                    narrow,
                    bits,
                    scratch.cast(),
                );
                ffi::sort(DType::UInt32).sort.expect("real dtypes have it")(scratch, scratch.wrapping_add(4 * n), n, 0);
                self.kernels.widen.expect("real dtypes have it")(scratch.cast(), n, out.start().cast());
                narrow
            } else {
                let drop = width.saturating_sub(u64::BITS);
                let pack = self.kernels.pack.expect("real dtypes have it");
                pack(keys.start(), n, base, 0, drop, bits, out.start().cast());
                ffi::sort(DType::UInt64).sort.expect("real dtypes have it")(out.start(), scratch, n, 0);
                drop
            };
            unpack(out.start().cast(), scratch.cast(), n, keys.start(), base, drop, bits);
        }
        Ok(())
    }

    /// Keys of a part of a row.
    ///
    /// # Safety
    /// The part lies in both.
    unsafe fn map_part(&self, x: Address, begin: usize, end: usize, keys: Address) -> KeyRange {
        let mut range = KeyRange::default();
        let map = self.kernels.map.expect("real dtypes have it");
        let offset = begin * self.itemsize;
        // SAFETY: the caller's; every dtype has the size of its keys.
        unsafe { map(x.at(offset), end - begin, self.flip, keys.at(offset), &raw mut range) };
        range
    }

    /// Keys of a long row, by all threads.
    fn map(&self, op: &'static str, x: Address, n: usize, keys: Address) -> Result<KeyRange> {
        // SAFETY: chunks are disjoint.
        merged_range(op, n, &|begin, end| unsafe { self.map_part(x, begin, end, keys) })
    }
}

/// The range of all keys, given that of each part.
fn merged_range(op: &'static str, n: usize, of_part: &(dyn Fn(usize, usize) -> KeyRange + Sync)) -> Result<KeyRange> {
    let all = std::sync::Mutex::new(KeyRange { least: u64::MAX, most: 0, special: 0 });
    for_each_range(op, n, NS_PER_PASS, &|begin, end| {
        let part = of_part(begin, end);
        let mut all = all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.least = all.least.min(part.least);
        all.most = all.most.max(part.most);
        all.special |= part.special;
        Ok(())
    })?;
    Ok(all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// A long row of keys that is being sorted.
pub(super) struct Row<'a> {
    pub op: &'static str,
    pub kernels: &'a SortKernels,
    pub itemsize: usize,
}

impl Row<'_> {
    /// Sorts the keys `begin..begin + n` at `a`, of the given range, with scratch at the same places of
    /// `b`; the result is at `b` if `into_b`, else at `a`. Calls `finish` with each part that is done.
    #[allow(clippy::too_many_arguments)] // The state of a recursion.
    fn sort(
        &self,
        a: Address,
        b: Address,
        begin: usize,
        n: usize,
        range: KeyRange,
        into_b: bool,
        finish: &Finish<'_>,
    ) -> Result<()> {
        let place = |index: usize| index * self.itemsize;
        if range.least == range.most {
            return for_each_range(self.op, n, NS_PER_PASS, &|from, to| {
                if into_b {
                    let offset = place(begin + from);
                    // SAFETY: chunks are disjoint, as are both arrays.
                    unsafe { a.at(offset).copy_to_nonoverlapping(b.at(offset), place(to - from)) };
                }
                finish(begin + from, begin + to);
                Ok(())
            });
        }
        if self.kernels.split.is_some() && n * self.itemsize <= SPLIT_BYTES {
            return self.sort_parts(a, b, begin, n, into_b, finish);
        }
        let width = bit_width(range.most - range.least);
        let digits = (bit_width(n as u64).saturating_sub(BUCKET_BITS)).clamp(1, DIGIT_BITS).min(width);
        if width <= 8 {
            return self.repeat(a, if into_b { b } else { a }, begin, n, range, finish);
        }
        let shift = width - digits;
        let scatter = self.kernels.scatter.expect("real dtypes have it");
        let target = b.plus(begin * self.itemsize);
        let offsets = self.spread(a, begin, n, range.least, shift, 1 << digits, &|from, to, offsets| {
            let keys = a.at((begin + from) * self.itemsize);
            // SAFETY: the offsets give each key a place of its own in `begin..begin + n`.
            unsafe { scatter(keys, to - from, range.least, shift, offsets, target.start()) };
        })?;

        // Neighbouring buckets that one thread sorts; then those for all threads.
        let mut tasks: Vec<(usize, usize)> = Vec::new();
        let mut long: Vec<(usize, usize)> = Vec::new();
        reserve(self.op, &mut tasks, offsets.len())?;
        reserve(self.op, &mut long, n / LONG_BUCKET)?;
        let mut first = 0;
        for bucket in 0..offsets.len() - 1 {
            let (start, end) = (offsets[bucket], offsets[bucket + 1]);
            if end - start >= LONG_BUCKET && shift > 0 {
                if first < bucket {
                    tasks.push((first, bucket));
                }
                long.push((start, end));
                first = bucket + 1;
            } else if end - offsets[first] >= TASK {
                tasks.push((first, bucket + 1));
                first = bucket + 1;
            }
        }
        if first < offsets.len() - 1 {
            tasks.push((first, offsets.len() - 1));
        }
        let sort = self.kernels.sort.expect("real dtypes have it");
        let parallel = tasks.len() > 1 && scheduler::worth_parallel((n * NS_PER_SORT) as u64);
        scheduler::for_each_chunk(self.op, tasks.len(), parallel, &|task| {
            let (first, last) = tasks[task];
            let (start, end) = (begin + offsets[first], begin + offsets[last]);
            if shift > 0 {
                for bucket in first..last {
                    let (from, to) = (begin + offsets[bucket], begin + offsets[bucket + 1]);
                    // SAFETY: buckets are disjoint, in both arrays.
                    unsafe { sort(b.at(place(from)), a.at(place(from)), to - from, u32::from(!into_b)) };
                }
            } else if !into_b {
                let offset = place(start);
                // SAFETY: as above; the keys of each bucket are equal.
                unsafe { b.at(offset).copy_to_nonoverlapping(a.at(offset), place(end - start)) };
            }
            finish(start, end);
            Ok(())
        })?;
        for (start, end) in long {
            let range = merged_range(self.op, end - start, &|from, to| {
                let mut range = KeyRange::default();
                let part = b.at(place(begin + start + from));
                // SAFETY: the part lies in the bucket.
                unsafe { self.kernels.range.expect("real dtypes have it")(part, to - from, &raw mut range) };
                range
            })?;
            self.sort(b, a, begin + start, end - start, range, !into_b, finish)?;
        }
        Ok(())
    }

    /// Sorts keys of a range of at most 256 by counting them.
    fn repeat(
        &self,
        keys: Address,
        out: Address,
        begin: usize,
        n: usize,
        range: KeyRange,
        finish: &Finish<'_>,
    ) -> Result<()> {
        let buckets = (range.most - range.least) as usize + 1;
        let starts = self.spread(keys, begin, n, range.least, 0, buckets, &|_, _, _| {})?;
        let repeat = self.kernels.repeat.expect("real dtypes have it");
        for_each_range(self.op, n, 1, &|from, to| {
            let first = starts.partition_point(|&start| start <= from) - 1;
            let mut counts = [0_u64; 256];
            let mut last = first;
            while last < buckets && starts[last] < to {
                counts[last - first] = (starts[last + 1].min(to) - starts[last].max(from)) as u64;
                last += 1;
            }
            // SAFETY: the counts are those of the chunk's keys.
            unsafe {
                let part = out.at((begin + from) * self.itemsize);
                repeat(counts.as_ptr(), last - first, range.least + first as u64, part);
            }
            finish(begin + from, begin + to);
            Ok(())
        })
    }

    /// Writes the places of keys, in a range of at most 256, in the order of the keys.
    pub fn spread_places(&self, keys: Address, n: usize, range: KeyRange, out: Address) -> Result<()> {
        let buckets = (range.most - range.least) as usize + 1;
        let scatter = self.kernels.scatter_places.expect("real dtypes have it");
        self.spread(keys, 0, n, range.least, 0, buckets, &|from, to, offsets| {
            let part = keys.at(from * self.itemsize);
            // SAFETY: the offsets give each key a place of its own in `0..n`.
            unsafe { scatter(part, to - from, range.least, from as u64, offsets, out.index(0)) };
        })?;
        Ok(())
    }

    /// Counts keys by their leading bits, and calls `scatter(from, to, offsets)` for each chunk with the
    /// places of its first key in each bucket; returns where each bucket starts, and the end.
    #[allow(clippy::too_many_arguments)] // The state of a recursion.
    fn spread(
        &self,
        a: Address,
        begin: usize,
        n: usize,
        base: u64,
        shift: u32,
        buckets: usize,
        scatter: &(dyn Fn(usize, usize, *mut u64) + Sync),
    ) -> Result<Vec<usize>> {
        let chunk_size = n.div_ceil(MAX_CHUNKS).max(CHUNK);
        let chunks = n.div_ceil(chunk_size);
        let parallel = scheduler::worth_parallel((n * NS_PER_PASS) as u64);
        let memory = Storage::allocate_zeroed(self.op, chunks * buckets * 8)?;
        let counts = Address(memory.as_ptr());
        let counts_of = |chunk: usize| counts.index(chunk * buckets).cast::<u64>();
        let part = |chunk: usize| (chunk * chunk_size, n.min((chunk + 1) * chunk_size));
        let histogram = self.kernels.histogram.expect("real dtypes have it");
        scheduler::for_each_chunk(self.op, chunks, parallel, &|chunk| {
            let (from, to) = part(chunk);
            // SAFETY: the keys' distance from `base` has the bits of a bucket's number left after the shift;
            // each chunk has its own counters.
            unsafe { histogram(a.at((begin + from) * self.itemsize), to - from, base, shift, counts_of(chunk)) };
            Ok(())
        })?;
        let mut starts = Vec::new();
        reserve(self.op, &mut starts, buckets + 1)?;
        let mut sum = 0;
        for bucket in 0..buckets {
            starts.push(sum as usize);
            for chunk in 0..chunks {
                // SAFETY: every chunk has `buckets` counters.
                let count = unsafe { &mut *counts_of(chunk).add(bucket) };
                sum += std::mem::replace(count, sum);
            }
        }
        starts.push(sum as usize);
        scheduler::for_each_chunk(self.op, chunks, parallel, &|chunk| {
            let (from, to) = part(chunk);
            scatter(from, to, counts_of(chunk));
            Ok(())
        })?;
        Ok(starts)
    }
}

/// Room for `n` more, or an error.
pub(super) fn reserve<T>(op: &'static str, list: &mut Vec<T>, n: usize) -> Result<()> {
    list.try_reserve(n).map_err(|_| too_large(op))
}
