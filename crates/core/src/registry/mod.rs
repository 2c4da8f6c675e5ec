//! The one table of element-wise operations. From it derive the C++ instantiations
//! (`crates/kernels/build/`), the Python functions and operators (`crates/py/build.rs`), the stub,
//! the API page, the test cases and the benchmark cases. An operation is one row here and one
//! functor in `csrc/ops/`.

mod rows;

use crate::dtype::{DType, DTypeSet, Kind};
use crate::error::{Error, Result};

pub use rows::OPS;

/// What happens to promoted operands whose dtype no kernel computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Widening {
    /// A `TypeError`.
    Refuse,
    /// bool and integers are cast to [`DType::floating`].
    Floating,
    /// bool and integers are cast to float64 (true division, as in NumPy).
    Float64,
    /// bool is cast to int8 (NumPy's rule for arithmetic without a boolean meaning).
    BoolToInt8,
    /// Every operand is cast to bool.
    Truth,
}

/// The result's dtype, given the dtype that is computed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultRule {
    /// The same.
    Same,
    /// bool.
    Bool,
    /// The dtype of the components of a complex number.
    Real,
}

/// A vector instruction of every processor. Generated code has those, where it calls functions for other operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Instruction {
    /// Sum.
    Add,
    /// Difference.
    Subtract,
    /// Product.
    Multiply,
    /// Quotient.
    Divide,
    /// Square root.
    Sqrt,
    /// Product of a number with itself.
    Square,
    /// The number without its sign's bit.
    Abs,
    /// The number with its sign's bit changed.
    Negative,
}

/// One row of the registry.
#[derive(Debug)]
pub struct OpInfo {
    /// The standard's name.
    pub name: &'static str,
    /// The functor in `csrc/ops/<family>.h`.
    pub functor: &'static str,
    /// The translation unit.
    pub family: &'static str,
    /// Number of array operands.
    pub arity: usize,
    /// The dtypes that have a kernel.
    pub domain: DTypeSet,
    /// The dtypes that the standard asks for, in its own words; corepy may take more.
    pub accepts: DTypeSet,
    /// What becomes of other dtypes.
    pub widening: Widening,
    /// The result's dtype.
    pub result: ResultRule,
    /// The stem of the operator's dunder: `add` for `__add__`, `__radd__`, `__iadd__`.
    pub operator: Option<&'static str>,
    /// One line: what it computes, per element.
    pub summary: &'static str,
    /// The error bound, or exactness.
    pub accuracy: &'static str,
    /// Special cases and differences from NumPy worth knowing; may be empty.
    pub notes: &'static str,
    /// The docstring's example: the arguments, with corepy as `cp`, and what Python prints of the
    /// result.
    pub example: (&'static str, &'static str),
    /// A rough cost per element in nanoseconds on one core, for the decision to use more.
    pub cost: f32,
    /// What computes it for float32 and float64, where that is one instruction.
    pub instruction: Option<Instruction>,
}

/// An element-wise operation: an index into [`OPS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Op(pub u16);

impl Op {
    /// The operation of this name, at compile time too: a wrong name does not compile.
    pub const fn named(name: &str) -> Op {
        let mut index = 0;
        while index < OPS.len() {
            if const_equal(OPS[index].name, name) {
                return Op(index as u16);
            }
            index += 1;
        }
        panic!("no element-wise operation of this name");
    }

    /// This operation's row.
    #[inline]
    pub fn info(self) -> &'static OpInfo {
        &OPS[self.0 as usize]
    }

    /// The public name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The dtype to compute in for operands promoted to `promoted`.
    #[inline]
    pub fn compute_dtype(self, promoted: DType) -> Result<DType> {
        let info = self.info();
        if info.domain.contains(promoted) && info.widening != Widening::Truth {
            return Ok(promoted);
        }
        let widened = match info.widening {
            Widening::Refuse => promoted,
            Widening::Floating if promoted.kind() < Kind::Float => promoted.floating(),
            Widening::Float64 if promoted.kind() < Kind::Float => DType::Float64,
            Widening::BoolToInt8 if promoted == DType::Bool => DType::Int8,
            Widening::Truth => DType::Bool,
            _ => promoted,
        };
        if info.domain.contains(widened) {
            Ok(widened)
        } else {
            Err(Error::UnsupportedDType { op: info.name, dtypes: vec![promoted], expected: info.accepts.describe() })
        }
    }

    /// The result's dtype when computing in `compute`.
    #[inline]
    pub fn result_dtype(self, compute: DType) -> DType {
        match self.info().result {
            ResultRule::Same => compute,
            ResultRule::Bool => DType::Bool,
            ResultRule::Real => compute.real(),
        }
    }
}

// A row without an example does not compile.
const _: () = {
    let mut index = 0;
    while index < OPS.len() {
        assert!(!OPS[index].example.0.is_empty() && !OPS[index].example.1.is_empty(), "a row has no example");
        index += 1;
    }
};

const fn const_equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sorted_by_family() {
        for (index, op) in OPS.iter().enumerate() {
            assert!(OPS[..index].iter().all(|other| other.name != op.name), "{} twice", op.name);
            assert!((1..=3).contains(&op.arity), "{}", op.name);
            assert!(!op.summary.is_empty() && !op.accuracy.is_empty(), "{}", op.name);
        }
    }

    #[test]
    fn integers_widen_as_numpy_does() {
        assert_eq!(Op::named("sqrt").compute_dtype(DType::Int64), Ok(DType::Float64));
        assert_eq!(Op::named("sqrt").compute_dtype(DType::Int16), Ok(DType::Float32));
        assert_eq!(Op::named("divide").compute_dtype(DType::Int8), Ok(DType::Float64));
        assert_eq!(Op::named("pow").compute_dtype(DType::Bool), Ok(DType::Int8));
        assert_eq!(Op::named("logical_and").compute_dtype(DType::Float32), Ok(DType::Bool));
        assert!(Op::named("bitwise_and").compute_dtype(DType::Float32).is_err());
        assert!(Op::named("floor").compute_dtype(DType::Complex64).is_err());
    }
}
