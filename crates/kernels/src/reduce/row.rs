//! The reduction of one row, with the bits that the reduction of many has.

use corepy_core::reduction::ReductionTypes;
use corepy_core::{DType, Reduction};

use super::rows::DIRECT_BLOCK;
use super::{Job, Number};

/// Elements of a row up to which one kernel call reduces it.
pub(crate) const LONGEST_ROW: usize = DIRECT_BLOCK;

/// A reduction of rows of so many elements, which lie without gaps, to a number of their dtype each.
pub(crate) struct RowReduction {
    job: Job<'static>,
    n: usize,
}

impl RowReduction {
    /// None where the elements are not float32 or float64, the result is not of their dtype, or rows are too long.
    pub(crate) fn new(reduction: Reduction, dtype: DType, n: usize) -> Option<RowReduction> {
        let is_real = matches!(dtype, DType::Float32 | DType::Float64);
        let ReductionTypes { kernel, compute, accumulator, result } = reduction.types(dtype, None).ok()?;
        if !is_real || compute != dtype || result != dtype || !(1..=LONGEST_ROW).contains(&n) {
            return None;
        }
        let divisor = (reduction == Reduction::Mean).then_some(n as f64);
        let op = reduction.name();
        Some(RowReduction {
            job: Job { op, kernel, source: dtype, compute, accumulator, result, divisor, stream: None },
            n,
        })
    }

    /// Estimated nanoseconds per element on one core.
    pub(crate) fn cost(&self) -> f32 {
        self.job.cost()
    }

    /// Reduces the row at `row` to the number at `out`.
    ///
    /// # Safety
    /// The row has its elements, and `out` may be written.
    pub(crate) unsafe fn run(&self, row: *const u8, out: *mut u8) {
        let mut number = Number::default();
        let target = if self.job.is_direct() { out } else { number.0.as_mut_ptr() };
        // SAFETY: the caller's promise; `target` has room for an accumulator.
        unsafe {
            (self.job.kernels().rows)(row, 0, 1, self.n, target);
            self.job.finish(target, out, 1);
        }
    }
}
