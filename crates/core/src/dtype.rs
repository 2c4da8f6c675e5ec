//! The 13 data types of the standard, one row each, and NumPy 2's promotion between them.

use std::fmt;

/// A data type of the Array API standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum DType {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    Complex64,
    Complex128,
}

/// The kinds that promotion and casting rules speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
    Complex,
}

/// One row of the dtype table.
#[derive(Debug)]
pub struct DTypeInfo {
    /// The standard's name.
    pub name: &'static str,
    /// Which rules it follows.
    pub kind: Kind,
    /// Bytes per element.
    pub itemsize: usize,
    /// The C++ type in `csrc/`.
    pub c_type: &'static str,
    /// The `struct` module's format, as the buffer protocol wants it.
    pub format: &'static std::ffi::CStr,
    /// NumPy's `dtype.char`.
    pub char: char,
    /// NumPy's `dtype.kind`.
    pub numpy_kind: char,
    /// DLPack's `DLDataTypeCode`.
    pub dlpack_code: u8,
}

macro_rules! row {
    ($name:literal, $kind:ident, $itemsize:literal, $c:literal, $format:literal, $char:literal, $numpy:literal, $dlpack:literal) => {
        DTypeInfo {
            name: $name,
            kind: Kind::$kind,
            itemsize: $itemsize,
            c_type: $c,
            format: $format,
            char: $char,
            numpy_kind: $numpy,
            dlpack_code: $dlpack,
        }
    };
}

/// The dtype table, in the order of [`DType`].
pub static DTYPES: [DTypeInfo; 13] = [
    row!("bool", Bool, 1, "Bool", c"?", '?', 'b', 6),
    row!("int8", Signed, 1, "int8_t", c"b", 'b', 'i', 0),
    row!("int16", Signed, 2, "int16_t", c"h", 'h', 'i', 0),
    row!("int32", Signed, 4, "int32_t", c"i", 'i', 'i', 0),
    row!("int64", Signed, 8, "int64_t", c"l", 'l', 'i', 0),
    row!("uint8", Unsigned, 1, "uint8_t", c"B", 'B', 'u', 1),
    row!("uint16", Unsigned, 2, "uint16_t", c"H", 'H', 'u', 1),
    row!("uint32", Unsigned, 4, "uint32_t", c"I", 'I', 'u', 1),
    row!("uint64", Unsigned, 8, "uint64_t", c"L", 'L', 'u', 1),
    row!("float32", Float, 4, "float", c"f", 'f', 'f', 2),
    row!("float64", Float, 8, "double", c"d", 'd', 'f', 2),
    row!("complex64", Complex, 8, "Complex<float>", c"Zf", 'F', 'c', 5),
    row!("complex128", Complex, 16, "Complex<double>", c"Zd", 'D', 'c', 5),
];

impl DType {
    /// Every dtype, in table order.
    pub const ALL: [DType; 13] = [
        DType::Bool,
        DType::Int8,
        DType::Int16,
        DType::Int32,
        DType::Int64,
        DType::UInt8,
        DType::UInt16,
        DType::UInt32,
        DType::UInt64,
        DType::Float32,
        DType::Float64,
        DType::Complex64,
        DType::Complex128,
    ];

    /// This dtype's row.
    #[inline]
    pub fn info(self) -> &'static DTypeInfo {
        &DTYPES[self as usize]
    }

    /// The standard's name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Which rules it follows.
    #[inline]
    pub fn kind(self) -> Kind {
        self.info().kind
    }

    /// Bytes per element.
    #[inline]
    pub fn itemsize(self) -> usize {
        self.info().itemsize
    }

    /// Bytes that an element's address must be a multiple of: a complex number is two floats.
    #[inline]
    pub fn alignment(self) -> usize {
        match self {
            DType::Complex64 => 4,
            DType::Complex128 => 8,
            other => other.itemsize(),
        }
    }

    /// The dtype of this name.
    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    /// Integer, signed or not (not bool).
    #[inline]
    pub fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::Signed | Kind::Unsigned)
    }

    /// Real or complex floating-point.
    #[inline]
    pub fn is_floating(self) -> bool {
        matches!(self.kind(), Kind::Float | Kind::Complex)
    }

    /// Complex floating-point.
    #[inline]
    pub fn is_complex(self) -> bool {
        self.kind() == Kind::Complex
    }

    /// The dtype of a complex number's components; any other dtype is its own.
    #[inline]
    pub fn real(self) -> DType {
        match self {
            DType::Complex64 => DType::Float32,
            DType::Complex128 => DType::Float64,
            other => other,
        }
    }

    /// The complex dtype whose components have this floating-point dtype; integers give complex128.
    #[inline]
    pub fn complex(self) -> DType {
        match self {
            DType::Float32 | DType::Complex64 => DType::Complex64,
            _ => DType::Complex128,
        }
    }

    /// The floating-point dtype that a function of real numbers computes in: itself when floating,
    /// float32 for bool and integers of up to 16 bits, float64 for wider ones (NumPy 2's rule,
    /// with float32 where NumPy has float16).
    #[inline]
    pub fn floating(self) -> DType {
        match self.kind() {
            Kind::Float | Kind::Complex => self,
            _ if self.itemsize() <= 2 => DType::Float32,
            _ => DType::Float64,
        }
    }

    /// The least and the greatest value of an integer dtype; `None` for others.
    pub fn integer_range(self) -> Option<(i128, i128)> {
        let bits = self.itemsize() as u32 * 8;
        match self.kind() {
            Kind::Signed => Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
            Kind::Unsigned => Some((0, (1 << bits) - 1)),
            _ => None,
        }
    }

    fn integer(signed: bool, itemsize: usize) -> DType {
        match (signed, itemsize) {
            (true, 1) => DType::Int8,
            (true, 2) => DType::Int16,
            (true, 4) => DType::Int32,
            (true, _) => DType::Int64,
            (false, 1) => DType::UInt8,
            (false, 2) => DType::UInt16,
            (false, 4) => DType::UInt32,
            (false, _) => DType::UInt64,
        }
    }

    /// The smallest dtype both can be cast to as NumPy 2 promotes: the standard's lattice within a
    /// kind; across kinds int with float gives float64 (float32 for integers of up to 16 bits).
    pub fn promote(self, other: DType) -> DType {
        if self == other {
            return self;
        }
        let (low, high) = if self.kind() <= other.kind() { (self, other) } else { (other, self) };
        match (low.kind(), high.kind()) {
            (Kind::Bool, _) => high,
            (a, b) if a == b => {
                if low.itemsize() >= high.itemsize() {
                    low
                } else {
                    high
                }
            }
            (Kind::Unsigned, Kind::Signed) => {
                if high.itemsize() > low.itemsize() {
                    high
                } else if low.itemsize() < 8 {
                    DType::integer(true, low.itemsize() * 2)
                } else {
                    DType::Float64
                }
            }
            (Kind::Float, Kind::Complex) => {
                if low == DType::Float64 {
                    DType::Complex128
                } else {
                    high
                }
            }
            // An integer with a floating-point dtype.
            (_, Kind::Float) => {
                if low.floating() == DType::Float64 {
                    DType::Float64
                } else {
                    high
                }
            }
            _ => {
                if low.floating() == DType::Float64 {
                    DType::Complex128
                } else {
                    high
                }
            }
        }
    }

    /// What all of `dtypes` promote to, in whatever order they come; None of none. The floating-point
    /// ones decide first, as in NumPy: int8 with uint16 would become int32, which asks more of a
    /// float32 than either does.
    pub fn promote_all(dtypes: impl Iterator<Item = DType> + Clone) -> Option<DType> {
        let floating = dtypes.clone().filter(|dtype| dtype.is_floating());
        floating.chain(dtypes.filter(|dtype| !dtype.is_floating())).reduce(DType::promote)
    }

    /// Whether `can_cast(self, to)` holds: every value keeps its meaning (NumPy's "safe" casting).
    pub fn can_cast(self, to: DType) -> bool {
        self.promote(to) == to
    }

    /// Whether values may be assigned without changing kind downwards (NumPy's "`same_kind`").
    pub fn can_cast_same_kind(self, to: DType) -> bool {
        let rank = |dtype: DType| match dtype.kind() {
            Kind::Bool => 0,
            Kind::Unsigned => 1,
            Kind::Signed => 2,
            Kind::Float => 3,
            Kind::Complex => 4,
        };
        rank(self) <= rank(to)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of dtypes, in the standard's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DTypeSet(pub u16);

impl DTypeSet {
    /// `bool` alone.
    pub const BOOL: DTypeSet = DTypeSet(1);
    /// Signed integers.
    pub const SIGNED: DTypeSet = DTypeSet(0b1_1110);
    /// Unsigned integers.
    pub const UNSIGNED: DTypeSet = DTypeSet(0b1_1110_0000);
    /// Integers.
    pub const INTEGER: DTypeSet = Self::SIGNED.or(Self::UNSIGNED);
    /// Real-valued floating-point.
    pub const REAL_FLOATING: DTypeSet = DTypeSet(0b110_0000_0000);
    /// Complex floating-point.
    pub const COMPLEX: DTypeSet = DTypeSet(0b1_1000_0000_0000);
    /// Floating-point, real or complex.
    pub const FLOATING: DTypeSet = Self::REAL_FLOATING.or(Self::COMPLEX);
    /// Real-valued: integers and real floating-point.
    pub const REAL: DTypeSet = Self::INTEGER.or(Self::REAL_FLOATING);
    /// Numeric: everything but bool.
    pub const NUMERIC: DTypeSet = Self::REAL.or(Self::COMPLEX);
    /// Integer or boolean.
    pub const INTEGER_OR_BOOL: DTypeSet = Self::INTEGER.or(Self::BOOL);
    /// All of them.
    pub const ALL: DTypeSet = Self::NUMERIC.or(Self::BOOL);

    /// The union.
    pub const fn or(self, other: DTypeSet) -> DTypeSet {
        DTypeSet(self.0 | other.0)
    }

    /// Whether `dtype` is a member.
    #[inline]
    pub const fn contains(self, dtype: DType) -> bool {
        self.0 >> (dtype as u8) & 1 == 1
    }

    /// The standard's name for this set.
    pub fn describe(self) -> &'static str {
        match self {
            Self::BOOL => "boolean",
            Self::INTEGER => "integer",
            Self::INTEGER_OR_BOOL => "integer or boolean",
            Self::REAL_FLOATING => "real-valued floating-point",
            Self::FLOATING => "floating-point",
            Self::COMPLEX => "complex floating-point",
            Self::REAL => "real-valued",
            Self::NUMERIC => "numeric",
            Self::ALL => "any",
            _ if self == Self::REAL.or(Self::BOOL) => "real-valued or boolean",
            _ => "another",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_the_enum() {
        for dtype in DType::ALL {
            assert_eq!(DType::from_name(dtype.name()), Some(dtype));
        }
    }

    #[test]
    fn integer_ranges_are_those_of_the_types() {
        assert_eq!(DType::Int8.integer_range(), Some((-128, 127)));
        assert_eq!(DType::Int64.integer_range(), Some((i64::MIN.into(), i64::MAX.into())));
        assert_eq!(DType::UInt64.integer_range(), Some((0, u64::MAX.into())));
        assert_eq!(DType::Bool.integer_range(), None);
    }

    #[test]
    fn promotion_is_a_commutative_idempotent_join() {
        for a in DType::ALL {
            assert_eq!(a.promote(a), a);
            for b in DType::ALL {
                assert_eq!(a.promote(b), b.promote(a));
                assert!(a.can_cast(a.promote(b)), "{a} {b}");
            }
        }
    }

    #[test]
    fn many_promote_in_any_order() {
        for a in DType::ALL {
            for b in DType::ALL {
                assert_eq!(DType::promote_all([a, b].into_iter()), Some(a.promote(b)));
                for c in DType::ALL {
                    let all = |dtypes: [DType; 3]| DType::promote_all(dtypes.into_iter());
                    assert_eq!(all([a, b, c]), all([c, b, a]), "{a} {b} {c}");
                    assert_eq!(all([a, b, c]), all([b, a, c]), "{a} {b} {c}");
                }
            }
        }
        assert_eq!(DType::promote_all([DType::Int8, DType::UInt16, DType::Float32].into_iter()), Some(DType::Float32));
        assert_eq!(DType::promote_all(std::iter::empty()), None);
    }

    #[test]
    fn mixed_promotion_is_numpys() {
        use DType::*;
        assert_eq!(UInt8.promote(Int8), Int16);
        assert_eq!(UInt32.promote(Int8), Int64);
        assert_eq!(UInt64.promote(Int64), Float64);
        assert_eq!(Int16.promote(Float32), Float32);
        assert_eq!(Int32.promote(Float32), Float64);
        assert_eq!(Int64.promote(Complex64), Complex128);
        assert_eq!(UInt16.promote(Complex64), Complex64);
        assert_eq!(Float64.promote(Complex64), Complex128);
        assert_eq!(Bool.promote(UInt8), UInt8);
    }
}
