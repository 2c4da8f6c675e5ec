//! The C structures of DLPack 1 and of the versions before it (`dlpack.h`).

use std::ffi::{CStr, c_void};

use corepy_core::DType;

/// The version that corepy writes; any 1.x can be read.
pub const VERSION: Version = Version { major: 1, minor: 0 };
/// Bit of `flags`: the memory must not be written.
pub const READ_ONLY: u64 = 1;
/// Bit of `flags`: the exporter made a copy.
pub const IS_COPIED: u64 = 2;
/// The device type of ordinary memory.
pub const CPU: i32 = 1;

/// `DLPackVersion`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

/// `DLDevice`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Device {
    pub device_type: i32,
    pub device_id: i32,
}

/// Whether the processor can read a device type's memory: its own, or pinned or shared by
/// CUDA and ROCm (3, 11 and 13), as NumPy has it.
pub fn is_host(device_type: i32) -> bool {
    matches!(device_type, CPU | 3 | 11 | 13)
}

/// `DLDataType`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DataType {
    pub code: u8,
    pub bits: u8,
    pub lanes: u16,
}

impl DataType {
    /// As DLPack writes `dtype`.
    pub fn of(dtype: DType) -> DataType {
        DataType { code: dtype.info().dlpack_code, bits: dtype.itemsize() as u8 * 8, lanes: 1 }
    }

    /// The dtype, if corepy has it.
    pub fn dtype(self) -> Option<DType> {
        DType::ALL.into_iter().find(|&dtype| {
            let own = DataType::of(dtype);
            (own.code, own.bits, own.lanes) == (self.code, self.bits, self.lanes)
        })
    }

    /// For messages: `float16`, `bfloat16`, `code 7 with 8 bits and 4 lanes`.
    pub fn describe(self) -> String {
        let stem = match self.code {
            0 => "int",
            1 => "uint",
            2 => "float",
            3 => "opaque handle",
            4 => "bfloat",
            5 => "complex",
            6 => "bool",
            code => return format!("DLPack code {code} with {} bits and {} lanes", self.bits, self.lanes),
        };
        if self.lanes == 1 {
            format!("{stem}{}", self.bits)
        } else {
            format!("{stem}{} with {} lanes", self.bits, self.lanes)
        }
    }
}

/// `DLTensor`.
#[repr(C)]
pub struct DLTensor {
    pub data: *mut c_void,
    pub device: Device,
    pub ndim: i32,
    pub dtype: DataType,
    pub shape: *mut i64,
    /// In elements; null for C order.
    pub strides: *mut i64,
    pub byte_offset: u64,
}

/// The function that frees an exported tensor; it may be called in any thread.
pub type Deleter<M> = Option<unsafe extern "C" fn(*mut M)>;

/// `DLManagedTensor`, of the versions before 1.
#[repr(C)]
pub struct Unversioned {
    pub tensor: DLTensor,
    pub context: *mut c_void,
    pub deleter: Deleter<Unversioned>,
}

/// `DLManagedTensorVersioned`.
#[repr(C)]
pub struct Versioned {
    pub version: Version,
    pub context: *mut c_void,
    pub deleter: Deleter<Versioned>,
    pub flags: u64,
    pub tensor: DLTensor,
}

/// What the two have in common.
pub trait Managed: Sized {
    /// A capsule's name while nobody has taken its tensor.
    const FRESH: &'static CStr;
    /// Its name afterwards.
    const USED: &'static CStr;

    fn new(tensor: DLTensor, flags: u64, context: *mut c_void, deleter: Deleter<Self>) -> Self;
    fn tensor(&self) -> &DLTensor;
    fn context(&self) -> *mut c_void;
    fn deleter(&self) -> Deleter<Self>;
    /// None before version 1, which had none.
    fn flags(&self) -> Option<u64>;
    fn version(&self) -> Version;
}

impl Managed for Unversioned {
    const FRESH: &'static CStr = c"dltensor";
    const USED: &'static CStr = c"used_dltensor";

    fn new(tensor: DLTensor, _flags: u64, context: *mut c_void, deleter: Deleter<Self>) -> Self {
        Unversioned { tensor, context, deleter }
    }
    fn tensor(&self) -> &DLTensor {
        &self.tensor
    }
    fn context(&self) -> *mut c_void {
        self.context
    }
    fn deleter(&self) -> Deleter<Self> {
        self.deleter
    }
    fn flags(&self) -> Option<u64> {
        None
    }
    fn version(&self) -> Version {
        Version { major: 0, minor: 0 }
    }
}

impl Managed for Versioned {
    const FRESH: &'static CStr = c"dltensor_versioned";
    const USED: &'static CStr = c"used_dltensor_versioned";

    fn new(tensor: DLTensor, flags: u64, context: *mut c_void, deleter: Deleter<Self>) -> Self {
        Versioned { version: VERSION, context, deleter, flags, tensor }
    }
    fn tensor(&self) -> &DLTensor {
        &self.tensor
    }
    fn context(&self) -> *mut c_void {
        self.context
    }
    fn deleter(&self) -> Deleter<Self> {
        self.deleter
    }
    fn flags(&self) -> Option<u64> {
        Some(self.flags)
    }
    fn version(&self) -> Version {
        self.version
    }
}
