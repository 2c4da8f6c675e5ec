//! Rows that are in order already, or in reverse: to look costs next to nothing where they are not, and as
//! much as a copy where they are.

use std::sync::atomic::{AtomicBool, Ordering};

use corepy_core::{DType, Result};

use super::keys::Keys;
use super::{Address, for_each_range};
use crate::ffi;

/// Elements from which it is worth a look.
const WORTH_LOOK: usize = 48;
/// Elements of a long row that are looked at first.
const FIRST: usize = 64;
/// Nanoseconds for an element, roughly, of a look or a copy.
const NS_PER_ELEMENT: usize = 1;

/// How the elements of a row lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// In no order that is known.
    Any,
    /// As they are to be.
    Sorted,
    /// In reverse, equal ones as `ties` says.
    Reversed {
        /// Whether any neighbours are equal.
        ties: bool,
    },
}

impl Keys {
    /// How the elements of a short row lie.
    ///
    /// # Safety
    /// The address holds `n` elements of the dtype.
    pub unsafe fn arrangement(&self, x: Address, n: usize) -> Arrangement {
        if n < WORTH_LOOK {
            return Arrangement::Any;
        }
        let ordered = self.kernels.ordered.expect("real dtypes have it");
        // SAFETY: the caller's.
        unsafe {
            if ordered(x.start(), n, self.flip, 0) != 0 {
                return Arrangement::Sorted;
            }
            match ordered(x.start(), n, self.flip, 1) {
                0 => Arrangement::Any,
                ties => Arrangement::Reversed { ties: ties == 2 },
            }
        }
    }

    /// How the elements of a long row lie, by all threads; `sorted(begin, end)` is called for chunks found
    /// to be in order, of a row that may turn out not to be.
    ///
    /// # Safety
    /// The address holds `n` elements of the dtype.
    pub unsafe fn long_arrangement(
        &self,
        op: &'static str,
        x: Address,
        n: usize,
        sorted: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Arrangement> {
        let ordered = self.kernels.ordered.expect("real dtypes have it");
        for backwards in [0, 1] {
            // SAFETY: the caller's.
            if unsafe { ordered(x.start(), n.min(FIRST), self.flip, backwards) } == 0 {
                continue;
            }
            let (holds, ties) = (AtomicBool::new(true), AtomicBool::new(false));
            for_each_range(op, n, NS_PER_ELEMENT, &|begin, end| {
                if !holds.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let count = n.min(end + 1) - begin;
                // SAFETY: the chunk and its successor lie in the row.
                match unsafe { ordered(x.at(begin * self.itemsize), count, self.flip, backwards) } {
                    0 => holds.store(false, Ordering::Relaxed),
                    found => {
                        if found == 2 {
                            ties.store(true, Ordering::Relaxed);
                        }
                        if backwards == 0 {
                            sorted(begin, end);
                        }
                    }
                }
                Ok(())
            })?;
            if holds.into_inner() {
                let reversed = Arrangement::Reversed { ties: ties.into_inner() };
                return Ok(if backwards == 0 { Arrangement::Sorted } else { reversed });
            }
        }
        Ok(Arrangement::Any)
    }

    /// Writes the elements of a row in reverse, equal ones as they were, to `out`.
    ///
    /// # Safety
    /// Both addresses hold `n` elements of the dtype, which descend.
    pub unsafe fn reverse(&self, op: &'static str, x: Address, n: usize, ties: bool, out: Address) -> Result<()> {
        let reverse = self.kernels.reverse.expect("real dtypes have it");
        for_each_range(op, n, NS_PER_ELEMENT, &|begin, end| {
            // SAFETY: the caller's; chunks are disjoint.
            unsafe { reverse(x.at((n - end) * self.itemsize), end - begin, out.at(begin * self.itemsize)) };
            Ok(())
        })?;
        if ties {
            // SAFETY: the caller's. Only zeros can be equal and yet differ.
            unsafe { self.restore(x, n, out) };
        }
        Ok(())
    }

    /// Writes the places that sort a row which lies as `arrangement` says, not [`Arrangement::Any`].
    ///
    /// # Safety
    /// The addresses hold `n` elements of the dtype and as many int64.
    pub unsafe fn places(
        &self,
        op: &'static str,
        x: Address,
        n: usize,
        arrangement: Arrangement,
        out: Address,
    ) -> Result<()> {
        if arrangement == (Arrangement::Reversed { ties: true }) {
            let places = self.kernels.reversed_places.expect("real dtypes have it");
            // SAFETY: the caller's.
            unsafe { places(x.start(), n, out.index(0)) };
            return Ok(());
        }
        let (start, step) = if arrangement == Arrangement::Sorted { (0, 1) } else { (n as u64 - 1, u64::MAX) };
        let progression = ffi::progression(DType::Int64).expect("integers have it");
        for_each_range(op, n, NS_PER_ELEMENT, &|begin, end| {
            // SAFETY: chunks are disjoint.
            unsafe { progression(start, step, begin as u64, out.index(begin).cast(), end - begin) };
            Ok(())
        })
    }
}
