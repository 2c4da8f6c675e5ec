//! corepy's brain without its muscle: everything about tensors that needs no arithmetic on
//! elements. It builds and tests without a C++ compiler and runs under Miri.

pub mod arena;
pub mod dtype;
pub mod error;
pub mod late;
pub mod lock;
pub mod plan;
pub mod pool;
pub mod reduction;
pub mod reduction_plan;
pub mod registry;
pub mod reshape;
pub mod scheduler;
pub mod shape;
pub mod storage;
pub mod tensor;
pub mod view;

pub use dtype::{DType, DTypeSet, Kind};
pub use error::{Error, Result};
pub use reduction::Reduction;
pub use registry::Op;
pub use tensor::Tensor;
