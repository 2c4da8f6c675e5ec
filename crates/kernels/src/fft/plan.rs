//! Plans of transforms, kept for the next transform of the same length.

use std::collections::HashMap;
use std::hint;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use corepy_core::{Error, Result};
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftNum, FftPlanner};

/// Plans that are kept per precision.
const PLANS: usize = 64;
/// Elements of all plans that are kept per precision: 256 MiB of float64 at most.
const ELEMENTS: usize = 1 << 24;
/// Elements that planning a length may allocate, per element: twiddle factors, and for lengths with
/// large prime factors a longer transform inside.
const PLANNING: usize = 16;

/// What is transformed into what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Complex to complex.
    Forward,
    /// Complex to complex, with the opposite sign in the exponent.
    Inverse,
    /// Real to the first half of complex.
    RealForward,
    /// Back from there.
    RealInverse,
}

/// A plan for one length.
#[derive(Clone)]
pub(super) enum Plan<T> {
    /// Either direction.
    Complex(Arc<dyn Fft<T>>),
    /// From real numbers.
    RealForward(Arc<dyn RealToComplex<T>>),
    /// To real numbers.
    RealInverse(Arc<dyn ComplexToReal<T>>),
}

impl<T: Precision> Plan<T> {
    /// Complex numbers of scratch memory.
    pub(super) fn scratch(&self) -> usize {
        match self {
            Plan::Complex(plan) => plan.get_inplace_scratch_len(),
            Plan::RealForward(plan) => plan.get_scratch_len(),
            Plan::RealInverse(plan) => plan.get_scratch_len(),
        }
    }
}

/// The plans of one precision; `tick` of the last use beside each.
pub struct Cache<T> {
    plans: HashMap<(Kind, usize), (Plan<T>, u64)>,
    tick: u64,
}

/// float32 and float64.
pub(super) trait Precision: FftNum + Default {
    /// Where its plans are kept.
    fn cache() -> &'static Mutex<Cache<Self>>;
}

macro_rules! precision {
    ($type:ty) => {
        impl Precision for $type {
            fn cache() -> &'static Mutex<Cache<$type>> {
                static CACHE: OnceLock<Mutex<Cache<$type>>> = OnceLock::new();
                CACHE.get_or_init(|| Mutex::new(Cache { plans: HashMap::new(), tick: 0 }))
            }
        }
    };
}
precision!(f32);
precision!(f64);

impl<T: Precision> Cache<T> {
    fn find(&mut self, key: (Kind, usize)) -> Option<Plan<T>> {
        self.tick += 1;
        let (plan, used) = self.plans.get_mut(&key)?;
        *used = self.tick;
        Some(plan.clone())
    }

    fn keep(&mut self, key: (Kind, usize), plan: Plan<T>) {
        if key.1 > ELEMENTS / 4 {
            return;
        }
        self.plans.insert(key, (plan, self.tick));
        while self.plans.len() > PLANS || self.plans.keys().map(|(_, n)| n).sum::<usize>() > ELEMENTS {
            let oldest = self.plans.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key);
            let Some(oldest) = oldest else { break };
            self.plans.remove(&oldest);
        }
    }
}

/// The cache, unless somebody holds it for long: after a fork the holder may be a thread that is gone.
fn lock<T: Precision>() -> Option<MutexGuard<'static, Cache<T>>> {
    for _ in 0..10_000 {
        match T::cache().try_lock() {
            Ok(guard) => return Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => hint::spin_loop(),
        }
    }
    None
}

/// The plan for transforms of `n` > 0 numbers.
pub(super) fn plan<T: Precision>(op: &'static str, kind: Kind, n: usize) -> Result<Plan<T>> {
    let key = (kind, n);
    if let Some(plan) = lock::<T>().and_then(|mut cache| cache.find(key)) {
        return Ok(plan);
    }
    reserve::<T>(op, n)?;
    // Outside the lock: a long plan takes milliseconds.
    let plan = match kind {
        Kind::Forward => Plan::Complex(FftPlanner::new().plan_fft_forward(n)),
        Kind::Inverse => Plan::Complex(FftPlanner::new().plan_fft_inverse(n)),
        Kind::RealForward => Plan::RealForward(RealFftPlanner::new().plan_fft_forward(n)),
        Kind::RealInverse => Plan::RealInverse(RealFftPlanner::new().plan_fft_inverse(n)),
    };
    if let Some(mut cache) = lock::<T>() {
        cache.keep(key, plan.clone());
    }
    Ok(plan)
}

/// Refuses a length for which planning could not get its memory: the planner would end the process.
fn reserve<T: Precision>(op: &'static str, n: usize) -> Result<()> {
    let elements = n.saturating_mul(PLANNING);
    let mut probe: Vec<Complex<T>> = Vec::new();
    probe
        .try_reserve_exact(elements)
        .map_err(|_| Error::OutOfMemory { op, bytes: elements.saturating_mul(size_of::<Complex<T>>()) })
}
