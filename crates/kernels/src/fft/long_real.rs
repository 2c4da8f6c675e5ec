//! Long transforms between real numbers and the first half of their spectrum: 2m real numbers are m complex ones in
//! memory, whose transform tells theirs.

use corepy_core::{Result, scheduler};
use rustfft::{FftDirection, FftNum};

use super::lines::{Address, Scale};
use super::long::{Long, Roots};
use super::plan::Component;
use crate::ffi;

/// Pairs of elements of a chunk: some 20 µs.
const CHUNK: usize = 8192;

/// Estimated nanoseconds per pair.
const NS_PER_PAIR: f32 = 2.0;

/// The plan of a long real transform, in either direction.
pub struct LongReal<T: FftNum> {
    half: Long<T>,
    roots: Roots,
    /// The number of complex numbers.
    m: usize,
}

impl<T: Component> LongReal<T> {
    /// The plan of `n` real numbers, whose `half` transforms as many complex ones as they are.
    pub fn new(op: &'static str, half: Long<T>, n: usize, direction: FftDirection) -> Result<LongReal<T>> {
        Ok(LongReal { half, roots: Roots::new(op, n, direction)?, m: n / 2 })
    }

    /// Calls `body` with ranges that make up `first..last`, on all cores.
    fn in_chunks(op: &'static str, first: usize, last: usize, body: &(dyn Fn(usize, usize) + Sync)) -> Result<()> {
        let count = last - first;
        let parallel = scheduler::worth_parallel((count as f32 * NS_PER_PAIR) as u64);
        scheduler::for_each_chunk(op, count.div_ceil(CHUNK), parallel, &|chunk| {
            let begin = first + chunk * CHUNK;
            body(begin, last.min(begin + CHUNK));
            Ok(())
        })
    }

    /// Turns a spectrum of real numbers into that of the complex ones that they are, or back.
    ///
    /// # Safety
    /// One of the two lines holds `m`, the other `m + 1` complex numbers; nobody else uses the second.
    unsafe fn exchange(&self, op: &'static str, from: Address, to: Address, inverse: bool, factor: f64) -> Result<()> {
        let kernel = ffi::halves(T::DTYPE, inverse);
        let Roots { coarse, fine, shift } = &self.roots;
        Self::in_chunks(op, 0, self.m / 2 + 1, &|first, last| {
            // SAFETY: the caller's; a chunk reads and writes its own pairs of places only.
            unsafe {
                kernel(from.at(0), to.at(0), self.m, first, last, coarse.as_ptr(), fine.as_ptr(), *shift, factor);
            }
        })
    }

    /// Transforms the `2 * m` real numbers at `src` to the first half of their spectrum, times `factor`, at `out`;
    /// the second half follows where it is `mirrored`, conjugated where that says 1.
    ///
    /// # Safety
    /// `out` holds `m + 1` or, mirrored, `2 * m` complex numbers, and overlaps `src` nowhere.
    pub unsafe fn forward(
        &self,
        op: &'static str,
        src: Address,
        out: Address,
        factor: f64,
        mirrored: Option<u32>,
    ) -> Result<()> {
        let item = 2 * size_of::<T>() as isize;
        // SAFETY: the caller's.
        unsafe {
            self.half.run(op, (src, item), (out, item), Scale::new::<T>(1.0))?;
            self.exchange(op, out, out, false, factor)?;
        }
        let Some(conjugate) = mirrored else { return Ok(()) };
        let mirror = ffi::mirror(T::DTYPE);
        // SAFETY: the caller's; a chunk reads and writes its own pairs of places only.
        Self::in_chunks(op, 1, self.m, &|first, last| unsafe {
            mirror(out.at(0), 2 * self.m, first, last, conjugate);
        })
    }

    /// Transforms the first half of a spectrum at `src`, times `factor`, to `2 * m` real numbers at `out`.
    ///
    /// # Safety
    /// `src` holds `m + 1` complex numbers, and `out` overlaps it nowhere.
    pub unsafe fn inverse(&self, op: &'static str, src: Address, out: Address, factor: f64) -> Result<()> {
        let item = 2 * size_of::<T>() as isize;
        // SAFETY: the caller's; the transform may be in place.
        unsafe {
            self.exchange(op, src, out, true, factor)?;
            self.half.run(op, (out, item), (out, item), Scale::new::<T>(1.0))
        }
    }
}
