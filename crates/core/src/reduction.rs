//! Reductions over axes: which dtypes they compute, accumulate and return.

use crate::dtype::{DType, Kind};
use crate::error::{Error, Result};

/// A reduction over axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Reduction {
    Sum,
    Prod,
    Max,
    Min,
    Any,
    All,
    Mean,
}

/// How a reduction of one operand is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReductionTypes {
    /// The kernel: any but [`Reduction::Mean`].
    pub kernel: Reduction,
    /// What the operand is cast to.
    pub compute: DType,
    /// What partial results are kept in.
    pub accumulator: DType,
    /// The result's dtype.
    pub result: DType,
}

impl Reduction {
    /// Every reduction, as numbered.
    pub const ALL: [Reduction; 7] = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Max,
        Reduction::Min,
        Reduction::Any,
        Reduction::All,
        Reduction::Mean,
    ];

    /// Those with kernels of their own, first in [`Reduction::ALL`]: a mean is a sum divided.
    pub const KERNELS: usize = 6;

    /// The standard's name.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Prod => "prod",
            Reduction::Max => "max",
            Reduction::Min => "min",
            Reduction::Any => "any",
            Reduction::All => "all",
            Reduction::Mean => "mean",
        }
    }

    /// Whether there is a kernel that reads `dtype`; other operands are cast.
    pub fn has_kernel(self, dtype: DType) -> bool {
        match self {
            Reduction::Sum => dtype.is_floating() || dtype.is_integer() && dtype.itemsize() >= 4,
            Reduction::Prod => dtype.itemsize() >= 4 && (dtype == DType::Float32 || accumulator(dtype) == dtype),
            Reduction::Max | Reduction::Min => dtype != DType::Bool,
            Reduction::Any | Reduction::All => true,
            Reduction::Mean => false,
        }
    }

    /// How a `source` operand is reduced, to `dtype` if that is given (sum, prod and mean of floating-point numbers only).
    ///
    /// Without `dtype`, integers and bool give 64 bits, and means of them float64. Means of
    /// integers, extrema of bool and of complex numbers go beyond the standard, as in NumPy.
    pub fn types(self, source: DType, dtype: Option<DType>) -> Result<ReductionTypes> {
        let truth = |kernel| ReductionTypes { kernel, compute: source, accumulator: DType::Bool, result: DType::Bool };
        // Sums of narrow integers are exact in 64 bits, of up to 2^47 of them.
        if self == Reduction::Mean && !source.is_floating() && source.itemsize() <= 2 {
            let whole = accumulator(source);
            return Ok(ReductionTypes {
                kernel: Reduction::Sum,
                compute: whole,
                accumulator: whole,
                result: DType::Float64,
            });
        }
        let (kernel, result) = match self {
            Reduction::Any | Reduction::All => return Ok(truth(self)),
            Reduction::Max if source == DType::Bool => return Ok(truth(Reduction::Any)),
            Reduction::Min if source == DType::Bool => return Ok(truth(Reduction::All)),
            Reduction::Max | Reduction::Min => {
                return Ok(ReductionTypes { kernel: self, compute: source, accumulator: source, result: source });
            }
            Reduction::Mean => {
                let own = if source.is_floating() { source } else { DType::Float64 };
                (Reduction::Sum, dtype.unwrap_or(own))
            }
            Reduction::Sum | Reduction::Prod => {
                (self, dtype.unwrap_or(if source.is_floating() { source } else { accumulator(source) }))
            }
        };
        if result == DType::Bool {
            return Ok(truth(if kernel == Reduction::Sum { Reduction::Any } else { Reduction::All }));
        }
        if source.is_complex() && !result.is_complex() {
            return Err(Error::Cast { op: self.name(), from: source, to: result });
        }
        // Integers wrap alike in any width. Floating-point operands are cast first, unless that is exact.
        let same_kind = source.kind() == result.kind() && source.itemsize() <= result.itemsize();
        let whole = !source.is_floating() && !result.is_floating();
        let mut compute = if whole || same_kind { source } else { result };
        if !kernel.has_kernel(compute) {
            compute = accumulator(compute);
        }
        Ok(ReductionTypes { kernel, compute, accumulator: accumulator(compute), result })
    }
}

/// The 64-bit dtype of the same kind, or 128-bit complex.
fn accumulator(dtype: DType) -> DType {
    match dtype.kind() {
        Kind::Bool | Kind::Signed => DType::Int64,
        Kind::Unsigned => DType::UInt64,
        Kind::Float => DType::Float64,
        Kind::Complex => DType::Complex128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DType::*;

    fn types(reduction: Reduction, source: DType, dtype: Option<DType>) -> (DType, DType, DType) {
        let types = reduction.types(source, dtype).unwrap();
        (types.compute, types.accumulator, types.result)
    }

    #[test]
    fn default_results_are_the_standards() {
        for (source, result) in
            [(Bool, Int64), (Int8, Int64), (UInt16, UInt64), (Float32, Float32), (Complex64, Complex64)]
        {
            assert_eq!(types(Reduction::Sum, source, None).2, result);
            assert_eq!(types(Reduction::Prod, source, None).2, result);
        }
        assert_eq!(types(Reduction::Mean, Float32, None), (Float32, Float64, Float32));
        assert_eq!(types(Reduction::Mean, Int32, None), (Float64, Float64, Float64));
        assert_eq!(types(Reduction::Mean, UInt8, None), (UInt64, UInt64, Float64));
        assert_eq!(types(Reduction::Max, Int8, None), (Int8, Int8, Int8));
        assert_eq!(types(Reduction::All, Float32, None), (Float32, Bool, Bool));
    }

    #[test]
    fn operands_are_cast_only_where_that_could_matter() {
        assert_eq!(types(Reduction::Sum, Int32, Some(Int8)), (Int32, Int64, Int8));
        assert_eq!(types(Reduction::Sum, Int8, None), (Int64, Int64, Int64));
        assert_eq!(types(Reduction::Sum, Float32, Some(Float64)), (Float32, Float64, Float64));
        assert_eq!(types(Reduction::Sum, Float64, Some(Float32)), (Float32, Float64, Float32));
        assert_eq!(types(Reduction::Sum, Int32, Some(Float32)), (Float32, Float64, Float32));
        assert_eq!(types(Reduction::Sum, Float64, Some(Int16)), (Int64, Int64, Int16));
        assert_eq!(types(Reduction::Prod, Complex64, None), (Complex128, Complex128, Complex64));
    }

    #[test]
    fn what_is_computed_has_a_kernel() {
        for reduction in Reduction::ALL {
            for source in DType::ALL {
                for result in DType::ALL.map(Some).into_iter().chain([None]) {
                    let Ok(types) = reduction.types(source, result) else {
                        assert!(source.is_complex() && result.is_some_and(|result| !result.is_complex()));
                        continue;
                    };
                    assert!(types.kernel.has_kernel(types.compute), "{reduction:?} {source} {result:?}");
                    // Partial results may be reduced again.
                    assert!(types.kernel.has_kernel(types.accumulator), "{reduction:?} {source} {result:?}");
                }
            }
        }
    }

    #[test]
    fn complex_numbers_do_not_become_real() {
        let error = Reduction::Sum.types(Complex64, Some(Float64)).unwrap_err();
        assert_eq!(error, Error::Cast { op: "sum", from: Complex64, to: Float64 });
    }
}
