//! The `struct` module's format strings, as exporters of buffers write them.

use std::ffi::{c_int, c_long, c_short};

use corepy_core::{DType, Kind};

/// What is wrong with a format.
#[derive(Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// Numbers in the other byte order.
    ByteOrder,
    /// Not one of corepy's dtypes.
    Type,
}

const NATIVE: u8 = if cfg!(target_endian = "little") { b'<' } else { b'>' };

/// The dtype of one element of `itemsize` bytes.
///
/// The letter gives the kind; the size decides among the sizes that the letter may have, since
/// exporters disagree on whether `<l` is a standard or a native long (ctypes writes the latter).
pub fn parse(format: &[u8], itemsize: usize) -> Result<DType, Unsupported> {
    let (is_foreign, letters) = match format {
        [b'@' | b'=' | b'^', rest @ ..] => (false, rest),
        [b'!', rest @ ..] => (NATIVE != b'>', rest),
        [order @ (b'<' | b'>'), rest @ ..] => (*order != NATIVE, rest),
        rest => (false, rest),
    };
    let (kind, sizes): (Kind, &[usize]) = match letters {
        b"?" => (Kind::Bool, &[1]),
        b"b" => (Kind::Signed, &[1]),
        b"B" | b"c" => (Kind::Unsigned, &[1]),
        b"h" => (Kind::Signed, &[2, size_of::<c_short>()]),
        b"H" => (Kind::Unsigned, &[2, size_of::<c_short>()]),
        b"i" => (Kind::Signed, &[4, size_of::<c_int>()]),
        b"I" => (Kind::Unsigned, &[4, size_of::<c_int>()]),
        b"l" => (Kind::Signed, &[4, size_of::<c_long>()]),
        b"L" => (Kind::Unsigned, &[4, size_of::<c_long>()]),
        b"q" => (Kind::Signed, &[8]),
        b"Q" => (Kind::Unsigned, &[8]),
        b"n" => (Kind::Signed, &[size_of::<isize>()]),
        b"N" => (Kind::Unsigned, &[size_of::<usize>()]),
        b"f" => (Kind::Float, &[4]),
        b"d" => (Kind::Float, &[8]),
        b"Zf" | b"F" => (Kind::Complex, &[8]),
        b"Zd" | b"D" => (Kind::Complex, &[16]),
        _ => return Err(Unsupported::Type),
    };
    if !sizes.contains(&itemsize) {
        return Err(Unsupported::Type);
    }
    if is_foreign && itemsize > 1 {
        return Err(Unsupported::ByteOrder);
    }
    DType::ALL.into_iter().find(|dtype| dtype.kind() == kind && dtype.itemsize() == itemsize).ok_or(Unsupported::Type)
}
