//! A long row of keys, partitioned about pivots into parts that one thread each sorts.

use std::sync::{Mutex, PoisonError};

use corepy_core::{Result, scheduler};

use super::keys::{Finish, NS_PER_SORT, Row, reserve};
use super::{Address, LONG_ROW};
use crate::ffi::KeyPart;

/// Parts that a row is cut into, by and by.
const PARTS: usize = 16;
/// Keys below which a part is not cut, of a row that is cut twice at least: two cores share four parts evenly.
const SMALL_PART: usize = 1 << 14;
/// Keys of a row from which threads share its cuts too: below, to meet once more costs what it saves, and much more where
/// a thread waits for its core.
const SHARED_CUTS: usize = 1 << 16;
/// Rounds of cutting, whatever the pivots.
const ROUNDS: usize = 8;

/// Keys that end at `begin` of the row; see [`KeyPart`].
#[derive(Clone, Copy)]
struct Part {
    begin: usize,
    n: usize,
    x: Address,
    scratch: Address,
    into_scratch: bool,
}

impl Part {
    fn at(begin: usize, part: &KeyPart) -> Part {
        let KeyPart { x, scratch, n, into_scratch } = *part;
        Part { begin, n, x: Address(x), scratch: Address(scratch), into_scratch: into_scratch != 0 }
    }
    fn keys(&self) -> KeyPart {
        let Part { n, x, scratch, into_scratch, .. } = *self;
        KeyPart { x: x.start(), scratch: scratch.start(), n, into_scratch: u32::from(into_scratch) }
    }
}

impl Row<'_> {
    /// As [`Row::sort`], of a dtype that has [`split`](crate::ffi::SortKernels::split).
    pub fn sort_parts(
        &self,
        a: Address,
        b: Address,
        begin: usize,
        n: usize,
        into_b: bool,
        finish: &Finish<'_>,
    ) -> Result<()> {
        let offset = begin * self.itemsize;
        let row = Part { begin, n, x: a.plus(offset), scratch: b.plus(offset), into_scratch: into_b };
        let largest = (n / PARTS).max(SMALL_PART.min(n * 3 / 8));
        // Of a row that is not long the caller knows that it is worth it.
        let parallel = n < LONG_ROW || scheduler::worth_parallel((n * NS_PER_SORT) as u64);
        let parallel_cuts = parallel && n >= SHARED_CUTS;
        let mut parts = Vec::new();
        reserve(self.op, &mut parts, 1)?;
        parts.push(row);
        for _ in 0..ROUNDS {
            if parts.iter().all(|part| part.n <= largest) {
                break;
            }
            let mut cut = Vec::new();
            reserve(self.op, &mut cut, 2 * parts.len())?;
            let cut_parts = Mutex::new(cut);
            scheduler::for_each_chunk(self.op, parts.len(), parallel_cuts, &|index| {
                let pieces = self.cut(parts[index], largest, finish);
                let mut cut = cut_parts.lock().unwrap_or_else(PoisonError::into_inner);
                cut.extend(pieces.into_iter().filter(|part| part.n > 0));
                Ok(())
            })?;
            parts = cut_parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        }
        // The largest first: what is left for the end is short.
        parts.sort_unstable_by_key(|part| std::cmp::Reverse(part.n));
        let sort = self.kernels.sort.expect("real dtypes have it");
        scheduler::for_each_chunk(self.op, parts.len(), parallel, &|index| {
            let Part { begin, n, x, scratch, into_scratch } = parts[index];
            // SAFETY: parts and their scratch are disjoint.
            unsafe { sort(x.start(), scratch.start(), n, u32::from(into_scratch)) };
            finish(begin, begin + n);
            Ok(())
        })
    }

    /// The part in two, if it is larger than `largest`.
    fn cut(&self, part: Part, largest: usize, finish: &Finish<'_>) -> [Part; 2] {
        if part.n <= largest {
            return [part, Part { n: 0, ..part }];
        }
        let mut above = part.keys();
        let mut below = above;
        // SAFETY: the part's keys and scratch are its own, and more than a network sorts.
        let equal = unsafe { self.kernels.split.expect("the caller's")(&raw mut above, &raw mut below) };
        let middle = part.begin + below.n;
        if equal > 0 {
            finish(middle, middle + equal);
        }
        [Part::at(part.begin, &below), Part::at(middle + equal, &above)]
    }
}
