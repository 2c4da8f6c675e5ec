//! Plans of one-dimensional transforms: what depends on the length alone, cached.

use std::sync::{Arc, Mutex, TryLockError};
use std::thread;

use corepy_core::{DType, Error, Result};
use num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftDirection, FftNum, FftPlanner};

use super::long::Long;
use super::long_real::LongReal;

/// The plans that each precision's cache keeps at most.
const CACHED_PLANS: usize = 64;

/// The sum of the lengths of the plans that each precision's cache keeps at most; the newest plan stays whatever
/// its length. A plan takes some 16 to 64 bytes per element of its length.
const CACHED_LENGTH: usize = 1 << 21;

/// Complex points from which a composite transform is cut in two. Below, the whole lies in the cache of one core: of
/// 2^15 points, one call took 0.11 ms, and two passes 0.17 ms on one thread; of 2^16, 0.34 ms on one and 0.21 ms on two.
pub const LONG: usize = 1 << 16;

/// What a transform maps to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Complex to complex, exponents negative.
    Forward,
    /// Complex to complex, exponents positive.
    Inverse,
    /// Real to the first half of its spectrum.
    FromReal,
    /// The first half of a spectrum to real, exponents positive.
    ToReal,
    /// Real to the whole of its spectrum.
    Whole,
    /// As [`Kind::Whole`], exponents positive: its conjugate.
    WholeInverse,
}

impl Kind {
    /// Elements of a line that the transform of length `n` reads.
    pub fn input_len(self, n: usize) -> usize {
        if self == Kind::ToReal { n / 2 + 1 } else { n }
    }

    /// Elements of a line that the transform of length `n` writes.
    pub fn output_len(self, n: usize) -> usize {
        if self == Kind::FromReal { n / 2 + 1 } else { n }
    }
}

/// How one line is transformed; the whole spectrum of a real line as its half.
pub enum Plan<T: FftNum> {
    /// Complex to complex, in one go.
    Complex(Arc<dyn Fft<T>>),
    /// Complex to complex, in two passes.
    Long(Long<T>),
    /// Real to complex.
    FromReal(Arc<dyn RealToComplex<T>>),
    /// Complex to real.
    ToReal(Arc<dyn ComplexToReal<T>>),
    /// Real to complex or the inverse, by a complex transform in two passes.
    LongReal(LongReal<T>),
}

impl<T: Component> Plan<T> {
    /// Complex numbers of scratch memory that any way of running the plan needs.
    pub fn scratch_len(&self) -> usize {
        match self {
            Plan::Complex(fft) => fft.get_inplace_scratch_len().max(fft.get_immutable_scratch_len()),
            Plan::Long(_) | Plan::LongReal(_) => 0,
            Plan::FromReal(fft) => fft.get_scratch_len(),
            Plan::ToReal(fft) => fft.get_scratch_len(),
        }
    }
}

type Entry<T> = (Kind, usize, Arc<Plan<T>>);

/// Plans, the one used last at the end.
pub struct Cache<T: FftNum>(Mutex<Vec<Entry<T>>>);

/// A real component's type: float32 or float64.
pub trait Component: FftNum {
    /// Its dtype.
    const DTYPE: DType;
    /// Its plans.
    fn cache() -> &'static Cache<Self>;
    /// The nearest to a float64.
    fn nearest(value: f64) -> Self;
}

impl Component for f32 {
    const DTYPE: DType = DType::Float32;
    fn cache() -> &'static Cache<f32> {
        static CACHE: Cache<f32> = Cache(Mutex::new(Vec::new()));
        &CACHE
    }
    fn nearest(value: f64) -> f32 {
        value as f32
    }
}

impl Component for f64 {
    const DTYPE: DType = DType::Float64;
    fn cache() -> &'static Cache<f64> {
        static CACHE: Cache<f64> = Cache(Mutex::new(Vec::new()));
        &CACHE
    }
    fn nearest(value: f64) -> f64 {
        value
    }
}

impl<T: Component> Cache<T> {
    /// Calls `body` with the entries, unless the lock is not to be had: a child may have been forked
    /// while another thread held it.
    fn with<R>(&self, body: impl FnOnce(&mut Vec<Entry<T>>) -> R) -> Option<R> {
        for _ in 0..100 {
            match self.0.try_lock() {
                Ok(mut entries) => return Some(body(&mut entries)),
                Err(TryLockError::Poisoned(entries)) => return Some(body(&mut entries.into_inner())),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
            }
        }
        None
    }

    fn find(&self, kind: Kind, n: usize) -> Option<Arc<Plan<T>>> {
        self.with(|entries| {
            let index = entries.iter().rposition(|entry| entry.1 == n && entry.0 == kind)?;
            let last = entries.len() - 1;
            entries[index..=last].rotate_left(1);
            Some(Arc::clone(&entries[last].2))
        })?
    }

    fn keep(&self, kind: Kind, n: usize, plan: &Arc<Plan<T>>) {
        let old = self.with(|entries| {
            entries.push((kind, n, Arc::clone(plan)));
            let mut length = 0usize;
            let kept = entries.iter().rev().take(CACHED_PLANS).take_while(|entry| {
                length = length.saturating_add(entry.1);
                length <= CACHED_LENGTH
            });
            let kept = kept.count().max(1);
            entries.drain(..entries.len() - kept).collect::<Vec<_>>()
        });
        // Dropped without the lock.
        drop(old);
    }
}

/// The plan of a transform of length `n`, at least 1.
pub fn plan<T: Component>(op: &'static str, kind: Kind, n: usize) -> Result<Arc<Plan<T>>> {
    let kind = if matches!(kind, Kind::Whole | Kind::WholeInverse) { Kind::FromReal } else { kind };
    if let Some(plan) = T::cache().find(kind, n) {
        return Ok(plan);
    }
    let plan = Arc::new(make(op, kind, n)?);
    T::cache().keep(kind, n, &plan);
    Ok(plan)
}

fn make<T: Component>(op: &'static str, kind: Kind, n: usize) -> Result<Plan<T>> {
    let direction = match kind {
        Kind::Inverse | Kind::ToReal => FftDirection::Inverse,
        _ => FftDirection::Forward,
    };
    if !matches!(kind, Kind::Forward | Kind::Inverse) {
        if n.is_multiple_of(2)
            && let Some((rows, cols)) = split(n / 2)
        {
            return Ok(Plan::LongReal(LongReal::new(op, Long::new(op, rows, cols, direction)?, n, direction)?));
        }
        require_memory::<T>(op, n)?;
        let mut planner = RealFftPlanner::new();
        return Ok(match kind {
            Kind::ToReal => Plan::ToReal(planner.plan_fft_inverse(n)),
            _ => Plan::FromReal(planner.plan_fft_forward(n)),
        });
    }
    Ok(match split(n) {
        Some((rows, cols)) => Plan::Long(Long::new(op, rows, cols, direction)?),
        None => Plan::Complex(short(op, n, direction)?),
    })
}

/// The plan of a complex transform that is not cut.
pub fn short<T: Component>(op: &'static str, n: usize, direction: FftDirection) -> Result<Arc<dyn Fft<T>>> {
    require_memory::<T>(op, n)?;
    Ok(FftPlanner::new().plan_fft(n, direction))
}

/// The two factors, nearest to the root, of a length that is cut; from the length alone.
fn split(n: usize) -> Option<(usize, usize)> {
    if n < LONG {
        return None;
    }
    let root = n.isqrt();
    // Farther from the root, the shorter transforms are many and their tiles narrow.
    (root / 8..=root).rev().find(|factor| n.is_multiple_of(*factor)).map(|factor| (factor, n / factor))
}

/// Whether the libraries, which abort where there is no memory, will find what they need for a plan.
fn require_memory<T>(op: &'static str, n: usize) -> Result<()> {
    const ALWAYS: usize = 1 << 20;
    if n < ALWAYS {
        return Ok(());
    }
    // A prime length is computed by one of up to four times its size: numbers, twiddles and theirs.
    let bytes = n.saturating_mul(16 * size_of::<Complex<T>>());
    let mut probe: Vec<u8> = Vec::new();
    match probe.try_reserve_exact(bytes) {
        Ok(()) => Ok(()),
        Err(_) => Err(Error::OutOfMemory { op, bytes }),
    }
}
