//! The rows: every element-wise function of the Array API standard 2025.12.

use super::ResultRule::{self, Bool, Real, Same};
use super::Widening::{self, BoolToInt8, Float64, Floating, Refuse, Truth};
use super::{Instruction, OpInfo, ResultRule as Rule};
use crate::dtype::DTypeSet;

const BOOL: DTypeSet = DTypeSet::BOOL;
const REAL: DTypeSet = DTypeSet::REAL;
const NUMERIC: DTypeSet = DTypeSet::NUMERIC;
const INTEGER: DTypeSet = DTypeSet::INTEGER;
const INTEGER_OR_BOOL: DTypeSet = DTypeSet::INTEGER_OR_BOOL;
const FLOATING: DTypeSet = DTypeSet::FLOATING;
const REAL_FLOATING: DTypeSet = DTypeSet::REAL_FLOATING;
const COMPLEX: DTypeSet = DTypeSet::COMPLEX;
const ALL: DTypeSet = DTypeSet::ALL;

const EXACT: &str = "Exact.";
const ROUNDED: &str = "Correctly rounded for real dtypes.";
const ONE_ULP: &str = "Within 1 ULP for float32 and float64.";

/// A row; the defaults are those of a function of floating-point numbers.
const fn row(name: &'static str, functor: &'static str, family: &'static str, arity: usize) -> OpInfo {
    OpInfo {
        name,
        functor,
        family,
        arity,
        domain: FLOATING,
        accepts: FLOATING,
        widening: Floating,
        result: Same,
        operator: None,
        summary: "",
        accuracy: ONE_ULP,
        notes: "",
        example: ("", ""),
        cost: 1.0,
        instruction: None,
    }
}

impl OpInfo {
    /// Kernels exist for exactly the dtypes that the standard asks for.
    const fn on(mut self, domain: DTypeSet, widening: Widening) -> OpInfo {
        self.domain = domain;
        self.accepts = domain;
        self.widening = widening;
        self
    }
    /// Kernels exist for more dtypes than the standard asks for.
    const fn also(mut self, more: DTypeSet) -> OpInfo {
        self.domain = self.domain.or(more);
        self
    }
    /// The standard asks for these, though kernels compute in others.
    const fn accepting(mut self, accepts: DTypeSet) -> OpInfo {
        self.accepts = accepts;
        self
    }
    const fn gives(mut self, result: Rule) -> OpInfo {
        self.result = result;
        self
    }
    const fn operator(mut self, stem: &'static str) -> OpInfo {
        self.operator = Some(stem);
        self
    }
    const fn text(mut self, summary: &'static str, accuracy: &'static str) -> OpInfo {
        self.summary = summary;
        self.accuracy = accuracy;
        self
    }
    const fn notes(mut self, notes: &'static str) -> OpInfo {
        self.notes = notes;
        self
    }
    /// A call's arguments and what Python prints of its result, the same on each instruction set.
    const fn example(mut self, arguments: &'static str, result: &'static str) -> OpInfo {
        self.example = (arguments, result);
        self
    }
    const fn costs(mut self, nanoseconds: f32) -> OpInfo {
        self.cost = nanoseconds;
        self
    }
    const fn instruction(mut self, instruction: Instruction) -> OpInfo {
        self.instruction = Some(instruction);
        self
    }
}

const fn arithmetic(name: &'static str, functor: &'static str, arity: usize) -> OpInfo {
    row(name, functor, "arithmetic", arity).on(NUMERIC, BoolToInt8).costs(0.3)
}

const fn comparison(name: &'static str, functor: &'static str, domain: DTypeSet) -> OpInfo {
    let mut op = row(name, functor, "comparison", 2).on(domain, Refuse).also(BOOL).gives(ResultRule::Bool).costs(0.25);
    op.accuracy = EXACT;
    op
}

const fn bitwise(name: &'static str, functor: &'static str, domain: DTypeSet) -> OpInfo {
    let mut op = row(name, functor, "bitwise", 2).on(domain, BoolToInt8).costs(0.25);
    op.accuracy = EXACT;
    op
}

const fn logical(name: &'static str, functor: &'static str, arity: usize) -> OpInfo {
    let mut op = row(name, functor, "bitwise", arity).on(BOOL, Truth).gives(Bool).costs(0.1);
    op.accuracy = EXACT;
    op
}

const fn rounding(name: &'static str, functor: &'static str) -> OpInfo {
    let mut op = row(name, functor, "rounding", 1).on(REAL, BoolToInt8).costs(0.3);
    op.accuracy = EXACT;
    op
}

const fn function(name: &'static str, functor: &'static str, family: &'static str) -> OpInfo {
    row(name, functor, family, 1)
}

/// Every element-wise operation.
pub static OPS: &[OpInfo] = &[
    // Arithmetic.
    arithmetic("add", "Add", 2).also(BOOL).operator("add").text("Sum of each element of `x1` with the respective element of `x2`.", ROUNDED)
        .notes("Integers wrap; booleans give the logical or, as in NumPy.").instruction(Instruction::Add)
        .example("cp.asarray([1, 2, 3]), 10", "Tensor([11, 12, 13], dtype=int64)"),
    arithmetic("subtract", "Subtract", 2).on(NUMERIC, Refuse).operator("sub").text("Difference of each element of `x1` and the respective element of `x2`.", ROUNDED)
        .notes("Integers wrap.").instruction(Instruction::Subtract)
        .example("cp.asarray([5, 7]), cp.asarray([1, 10])", "Tensor([ 4, -3], dtype=int64)"),
    arithmetic("multiply", "Multiply", 2).also(BOOL).operator("mul").text("Product of each element of `x1` with the respective element of `x2`.", ROUNDED)
        .notes("Integers wrap; booleans give the logical and, as in NumPy. Complex products are the textbook formula.").instruction(Instruction::Multiply)
        .example("cp.asarray([2.0, 3.0]), cp.asarray([4.0, 0.5])", "Tensor([8. , 1.5], dtype=float64)"),
    row("divide", "Divide", "arithmetic", 2).on(FLOATING, Float64).accepting(NUMERIC).operator("truediv").text("Quotient of each element of `x1` and the respective element of `x2`.", ROUNDED)
        .notes("Integers are divided as float64.").costs(0.6).instruction(Instruction::Divide)
        .example("cp.asarray([1, 2, 3]), 2", "Tensor([0.5, 1. , 1.5], dtype=float64)"),
    arithmetic("floor_divide", "FloorDivide", 2).on(REAL, BoolToInt8).operator("floordiv").text("Quotient of each element of `x1` and `x2`, rounded towards minus infinity.", EXACT)
        .notes("Integer division by zero gives 0. Infinite operands follow the standard: an infinite dividend gives an infinity where NumPy gives NaN, an infinite divisor a zero where NumPy may give -1.").costs(3.0)
        .example("cp.asarray([7, -7]), 2", "Tensor([ 3, -4], dtype=int64)"),
    arithmetic("remainder", "Remainder", 2).on(REAL, BoolToInt8).operator("mod").text("Remainder of the floor division of each element of `x1` by the respective element of `x2`.", EXACT)
        .notes("The result has the sign of the divisor. Integer remainder by zero gives 0.").costs(4.0)
        .example("cp.asarray([7, -7]), 3", "Tensor([1, 2], dtype=int64)"),
    arithmetic("negative", "Negative", 1).on(NUMERIC, Refuse).operator("neg").text("Each element with its sign changed.", EXACT).notes("Unsigned integers wrap.").instruction(Instruction::Negative)
        .example("cp.asarray([1, -2])", "Tensor([-1,  2], dtype=int64)"),
    arithmetic("positive", "Positive", 1).on(NUMERIC, Refuse).operator("pos").text("A copy of each element.", EXACT)
        .example("cp.asarray([1, -2])", "Tensor([ 1, -2], dtype=int64)"),
    arithmetic("abs", "Abs", 1).also(BOOL).gives(Real).operator("abs").text("Absolute value of each element; the modulus of complex elements.", ONE_ULP)
        .notes("The most negative integer stays as it is.").instruction(Instruction::Abs)
        .example("cp.asarray([3 + 4j, -1])", "Tensor([5., 1.], dtype=float64)"),
    arithmetic("sign", "Sign", 1).on(NUMERIC, Refuse).text("-1, 0 or 1 by the sign of each element; `x / abs(x)` for complex elements.", EXACT).notes("NaN gives NaN.")
        .example("cp.asarray([-3.5, 0.0, 2.0])", "Tensor([-1.,  0.,  1.], dtype=float64)"),
    arithmetic("square", "Square", 1).text("Each element multiplied by itself.", ROUNDED).notes("Integers wrap.").instruction(Instruction::Square)
        .example("cp.asarray([2, -3])", "Tensor([4, 9], dtype=int64)"),
    arithmetic("reciprocal", "Reciprocal", 1).on(FLOATING, Floating).text("1 divided by each element.", ROUNDED).costs(0.6)
        .example("cp.asarray([2.0, 4.0])", "Tensor([0.5 , 0.25], dtype=float64)"),
    arithmetic("maximum", "Maximum", 2).on(REAL, Refuse).also(BOOL.or(COMPLEX)).text("The greater of each element of `x1` and the respective element of `x2`.", EXACT)
        .notes("NaN if either is NaN. Complex numbers are ordered lexicographically, as in NumPy.")
        .example("cp.asarray([1, 5]), cp.asarray([3, 4])", "Tensor([3, 5], dtype=int64)"),
    arithmetic("minimum", "Minimum", 2).on(REAL, Refuse).also(BOOL.or(COMPLEX)).text("The smaller of each element of `x1` and the respective element of `x2`.", EXACT)
        .notes("NaN if either is NaN. Complex numbers are ordered lexicographically, as in NumPy.")
        .example("cp.asarray([1, 5]), cp.asarray([3, 4])", "Tensor([1, 4], dtype=int64)"),
    arithmetic("clip", "Clip", 3).on(REAL, Refuse).also(BOOL).text("Each element of `x` clamped to the range `[min, max]`.", EXACT)
        .notes("`min` or `max` may be None. Where `min > max` the result is `max`, as in NumPy. NaN in any of the three gives NaN.")
        .example("cp.asarray([-1.5, 0.5, 3.0]), 0, 1", "Tensor([0. , 0.5, 1. ], dtype=float64)"),
    arithmetic("real", "RealPart", 1).on(COMPLEX, Refuse).also(REAL.or(BOOL)).gives(Real).text("Real component of each element.", EXACT).notes("Real-valued input comes back unchanged.")
        .example("cp.asarray([1 + 2j, 3j])", "Tensor([1., 0.], dtype=float64)"),
    arithmetic("imag", "ImaginaryPart", 1).on(COMPLEX, Refuse).also(REAL.or(BOOL)).gives(Real).text("Imaginary component of each element.", EXACT).notes("Real-valued input gives zeros.")
        .example("cp.asarray([1 + 2j, 3j])", "Tensor([2., 3.], dtype=float64)"),
    arithmetic("conj", "Conjugate", 1).on(NUMERIC, Refuse).text("Complex conjugate of each element.", EXACT)
        .example("cp.asarray([1 + 2j, 3j])", "Tensor([1.-2.j, 0.-3.j], dtype=complex128)"),
    // Comparisons and predicates.
    comparison("equal", "Equal", ALL).operator("eq").text("Whether each element of `x1` equals the respective element of `x2`.", EXACT)
        .example("cp.asarray([1, 2]), cp.asarray([1, 3])", "Tensor([ True, False], dtype=bool)"),
    comparison("not_equal", "NotEqual", ALL).operator("ne").text("Whether each element of `x1` differs from the respective element of `x2`.", EXACT)
        .example("cp.asarray([1, 2]), cp.asarray([1, 3])", "Tensor([False,  True], dtype=bool)"),
    comparison("less", "Less", REAL).also(COMPLEX).operator("lt").text("Whether each element of `x1` is less than the respective element of `x2`.", EXACT)
        .example("cp.asarray([1, 2, 3]), 2", "Tensor([ True, False, False], dtype=bool)"),
    comparison("less_equal", "LessEqual", REAL).also(COMPLEX).operator("le").text("Whether each element of `x1` is at most the respective element of `x2`.", EXACT)
        .example("cp.asarray([1, 2, 3]), 2", "Tensor([ True,  True, False], dtype=bool)"),
    comparison("greater", "Greater", REAL).also(COMPLEX).operator("gt").text("Whether each element of `x1` is greater than the respective element of `x2`.", EXACT)
        .example("cp.asarray([1, 2, 3]), 2", "Tensor([False, False,  True], dtype=bool)"),
    comparison("greater_equal", "GreaterEqual", REAL).also(COMPLEX).operator("ge").text("Whether each element of `x1` is at least the respective element of `x2`.", EXACT)
        .example("cp.asarray([1, 2, 3]), 2", "Tensor([False,  True,  True], dtype=bool)"),
    row("isfinite", "IsFinite", "comparison", 1).on(NUMERIC, Refuse).also(BOOL).gives(Bool).text("Whether each element is finite.", EXACT).costs(0.25)
        .example("cp.asarray([1.0, cp.inf, cp.nan])", "Tensor([ True, False, False], dtype=bool)"),
    row("isinf", "IsInf", "comparison", 1).on(NUMERIC, Refuse).also(BOOL).gives(Bool).text("Whether each element is infinite.", EXACT).costs(0.25)
        .example("cp.asarray([1.0, cp.inf, cp.nan])", "Tensor([False,  True, False], dtype=bool)"),
    row("isnan", "IsNan", "comparison", 1).on(NUMERIC, Refuse).also(BOOL).gives(Bool).text("Whether each element is NaN.", EXACT).costs(0.25)
        .example("cp.asarray([1.0, cp.inf, cp.nan])", "Tensor([False, False,  True], dtype=bool)"),
    row("signbit", "SignBit", "comparison", 1).on(REAL_FLOATING, Floating).gives(Bool).text("Whether the sign bit of each element is set.", EXACT).notes("True for -0 and for NaN whose sign bit is set.").costs(0.25)
        .example("cp.asarray([1.0, -0.0])", "Tensor([False,  True], dtype=bool)"),
    // Bits and logic.
    bitwise("bitwise_and", "BitwiseAnd", INTEGER_OR_BOOL).operator("and").text("Bitwise AND of each element of `x1` with the respective element of `x2`.", EXACT)
        .example("cp.asarray([12, 10]), 6", "Tensor([4, 2], dtype=int64)"),
    bitwise("bitwise_or", "BitwiseOr", INTEGER_OR_BOOL).operator("or").text("Bitwise OR of each element of `x1` with the respective element of `x2`.", EXACT)
        .example("cp.asarray([12, 10]), 1", "Tensor([13, 11], dtype=int64)"),
    bitwise("bitwise_xor", "BitwiseXor", INTEGER_OR_BOOL).operator("xor").text("Bitwise XOR of each element of `x1` with the respective element of `x2`.", EXACT)
        .example("cp.asarray([12, 10]), 6", "Tensor([10, 12], dtype=int64)"),
    bitwise("bitwise_left_shift", "LeftShift", INTEGER).operator("lshift").text("Each element of `x1` shifted left by the respective element of `x2` bits.", EXACT)
        .notes("A shift by at least the width of the dtype gives 0, as in NumPy.")
        .example("cp.asarray([1, 3]), cp.asarray([4, 2])", "Tensor([16, 12], dtype=int64)"),
    bitwise("bitwise_right_shift", "RightShift", INTEGER).operator("rshift").text("Each element of `x1` shifted right, keeping the sign, by the respective element of `x2` bits.", EXACT)
        .notes("A shift by at least the width of the dtype gives 0, or -1 for negative elements, as in NumPy.")
        .example("cp.asarray([16, -16]), 2", "Tensor([ 4, -4], dtype=int64)"),
    row("bitwise_invert", "BitwiseInvert", "bitwise", 1).on(INTEGER_OR_BOOL, Refuse).operator("invert").text("Each bit of each element inverted; logical not for booleans.", EXACT).costs(0.25)
        .example("cp.asarray([0, 5])", "Tensor([-1, -6], dtype=int64)"),
    logical("logical_and", "LogicalAnd", 2).text("Logical AND of each element of `x1` with the respective element of `x2`.", EXACT)
        .example("cp.asarray([True, False]), cp.asarray([True, True])", "Tensor([ True, False], dtype=bool)"),
    logical("logical_or", "LogicalOr", 2).text("Logical OR of each element of `x1` with the respective element of `x2`.", EXACT)
        .example("cp.asarray([True, False]), cp.asarray([False, False])", "Tensor([ True, False], dtype=bool)"),
    logical("logical_xor", "LogicalXor", 2).text("Logical XOR of each element of `x1` with the respective element of `x2`.", EXACT)
        .example("cp.asarray([True, False]), cp.asarray([True, True])", "Tensor([False,  True], dtype=bool)"),
    logical("logical_not", "LogicalNot", 1).text("Logical NOT of each element.", EXACT)
        .example("cp.asarray([True, False])", "Tensor([False,  True], dtype=bool)"),
    // Rounding and the representation of floats.
    rounding("ceil", "Ceil").text("Each element rounded towards plus infinity.", EXACT)
        .example("cp.asarray([1.2, -1.2])", "Tensor([ 2., -1.], dtype=float64)"),
    rounding("floor", "Floor").text("Each element rounded towards minus infinity.", EXACT)
        .example("cp.asarray([1.2, -1.2])", "Tensor([ 1., -2.], dtype=float64)"),
    rounding("trunc", "Trunc").text("Each element rounded towards zero.", EXACT)
        .example("cp.asarray([1.8, -1.8])", "Tensor([ 1., -1.], dtype=float64)"),
    rounding("round", "Round").also(COMPLEX).accepting(NUMERIC).text("Each element rounded to the nearest integer, halves to even.", EXACT)
        .example("cp.asarray([0.5, 1.5, 2.6])", "Tensor([0., 2., 3.], dtype=float64)"),
    row("copysign", "CopySign", "rounding", 2).on(REAL_FLOATING, Floating).text("The magnitude of each element of `x1` with the sign of the respective element of `x2`.", EXACT).costs(0.3)
        .example("cp.asarray([1.0, -2.0]), cp.asarray([-0.0, 3.0])", "Tensor([-1.,  2.], dtype=float64)"),
    row("nextafter", "NextAfter", "rounding", 2).on(REAL_FLOATING, Floating).text("The next representable number after each element of `x1` towards the respective element of `x2`.", EXACT).costs(0.6)
        .example("cp.asarray([0.0]), cp.asarray([1.0])", "Tensor([5.e-324], dtype=float64)"),
    // Exponentials, logarithms, powers.
    function("exp", "Exp", "exponential").text("Exponential of each element.", ONE_ULP).costs(0.45)
        .example("cp.asarray([0.0, 1.0])", "Tensor([1.        , 2.71828183], dtype=float64)"),
    function("expm1", "Expm1", "exponential").text("`exp(x) - 1` of each element, accurate near 0.", ONE_ULP).costs(0.75)
        .example("cp.asarray([0.0, 1e-20])", "Tensor([0.e+00, 1.e-20], dtype=float64)"),
    function("log", "Log", "exponential").text("Natural logarithm of each element.", ONE_ULP).costs(0.6)
        .example("cp.asarray([1.0, 10.0])", "Tensor([0.        , 2.30258509], dtype=float64)"),
    function("log1p", "Log1p", "exponential").text("`log(1 + x)` of each element, accurate near 0.", ONE_ULP).costs(0.85)
        .example("cp.asarray([0.0, 1e-20])", "Tensor([0.e+00, 1.e-20], dtype=float64)"),
    function("log2", "Log2", "exponential").text("Base-2 logarithm of each element.", ONE_ULP).costs(0.8)
        .example("cp.asarray([1.0, 8.0])", "Tensor([0., 3.], dtype=float64)"),
    function("log10", "Log10", "exponential").text("Base-10 logarithm of each element.", ONE_ULP).costs(0.8)
        .example("cp.asarray([1.0, 1000.0])", "Tensor([0., 3.], dtype=float64)"),
    row("logaddexp", "LogAddExp", "exponential", 2).on(REAL_FLOATING, Floating).text("`log(exp(x1) + exp(x2))` of each pair of elements, without overflow.", "Within 1 ULP for float32 and float64; where the sum all but cancels (results below 2**-50), within 2**-104.").costs(6.0)
        .example("cp.asarray([0.0, 1000.0]), cp.asarray([0.0, 1000.0])", "Tensor([6.93147181e-01, 1.00069315e+03], dtype=float64)"),
    row("pow", "Pow", "power", 2).on(NUMERIC, BoolToInt8).operator("pow").text("Each element of `x1` raised to the power of the respective element of `x2`.", ONE_ULP)
        .notes("Integers wrap; a negative integer exponent raises ValueError.").costs(2.9)
        .example("cp.asarray([2.0, 3.0]), 2", "Tensor([4., 9.], dtype=float64)"),
    function("sqrt", "Sqrt", "power").text("Square root of each element.", ROUNDED).instruction(Instruction::Sqrt)
        .example("cp.asarray([1.0, 4.0])", "Tensor([1., 2.], dtype=float64)"),
    row("hypot", "Hypot", "power", 2).on(REAL_FLOATING, Floating).text("`sqrt(x1**2 + x2**2)` of each pair of elements, without overflow.", ONE_ULP).costs(1.7)
        .example("cp.asarray([3.0, 5.0]), cp.asarray([4.0, 12.0])", "Tensor([ 5., 13.], dtype=float64)"),
    // Trigonometry, angles in radians.
    function("sin", "Sin", "trigonometric").text("Sine of each element, in radians.", ONE_ULP).costs(0.95)
        .example("cp.asarray([0.0, cp.pi / 2])", "Tensor([0., 1.], dtype=float64)"),
    function("cos", "Cos", "trigonometric").text("Cosine of each element, in radians.", ONE_ULP).costs(1.05)
        .example("cp.asarray([0.0, cp.pi])", "Tensor([ 1., -1.], dtype=float64)"),
    function("tan", "Tan", "trigonometric").text("Tangent of each element, in radians.", ONE_ULP).costs(1.55)
        .example("cp.asarray([0.0, 1.0])", "Tensor([0.        , 1.55740772], dtype=float64)"),
    function("asin", "Asin", "trigonometric").text("Inverse sine of each element, in radians.", ONE_ULP).costs(1.2)
        .example("cp.asarray([0.0, 1.0])", "Tensor([0.        , 1.57079633], dtype=float64)"),
    function("acos", "Acos", "trigonometric").text("Inverse cosine of each element, in radians.", ONE_ULP).costs(1.25)
        .example("cp.asarray([0.0, 1.0])", "Tensor([1.57079633, 0.        ], dtype=float64)"),
    function("atan", "Atan", "trigonometric").text("Inverse tangent of each element, in radians.", ONE_ULP).costs(0.8)
        .example("cp.asarray([0.0, 1.0])", "Tensor([0.        , 0.78539816], dtype=float64)"),
    row("atan2", "Atan2", "trigonometric", 2).on(REAL_FLOATING, Floating).text("Angle in radians of the point (`x2`, `x1`), in [-pi, pi].", ONE_ULP).costs(2.0)
        .example("cp.asarray([0.0, 1.0]), cp.asarray([1.0, 0.0])", "Tensor([0.        , 1.57079633], dtype=float64)"),
    // Hyperbolic functions.
    function("sinh", "Sinh", "hyperbolic").text("Hyperbolic sine of each element.", ONE_ULP).costs(1.05)
        .example("cp.asarray([0.0, 1.0])", "Tensor([0.        , 1.17520119], dtype=float64)"),
    function("cosh", "Cosh", "hyperbolic").text("Hyperbolic cosine of each element.", ONE_ULP).costs(0.95)
        .example("cp.asarray([0.0, 1.0])", "Tensor([1.        , 1.54308063], dtype=float64)"),
    function("tanh", "Tanh", "hyperbolic").text("Hyperbolic tangent of each element.", ONE_ULP).costs(1.1)
        .example("cp.asarray([0.0, 1.0])", "Tensor([0.        , 0.76159416], dtype=float64)"),
    function("asinh", "Asinh", "hyperbolic").text("Inverse hyperbolic sine of each element.", ONE_ULP).costs(2.3)
        .example("cp.asarray([0.0, 1.0])", "Tensor([0.        , 0.88137359], dtype=float64)"),
    function("acosh", "Acosh", "hyperbolic").text("Inverse hyperbolic cosine of each element.", ONE_ULP).costs(2.5)
        .example("cp.asarray([1.0, 2.0])", "Tensor([0.       , 1.3169579], dtype=float64)"),
    function("atanh", "Atanh", "hyperbolic").text("Inverse hyperbolic tangent of each element.", ONE_ULP).costs(1.6)
        .example("cp.asarray([0.0, 0.5])", "Tensor([0.        , 0.54930614], dtype=float64)"),
];
