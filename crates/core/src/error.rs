//! The one error type: structured, so that the face can choose the Python exception and the text
//! can name the operation, the dtypes and the shapes.

use std::fmt::Write as _;

use crate::dtype::DType;

/// What can go wrong in any corepy operation. `op` is the public function's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Shapes that do not broadcast together.
    #[error("{op}: shapes {} cannot be broadcast", join_shapes(shapes))]
    Broadcast {
        /// Public function.
        op: &'static str,
        /// The operands' shapes, in order.
        shapes: Vec<Vec<usize>>,
    },
    /// An operand of a dtype that the operation does not take.
    #[error("{op}: dtype {} is not supported; expected {expected}", join_dtypes(dtypes))]
    UnsupportedDType {
        /// Public function.
        op: &'static str,
        /// The operands' dtypes, in order.
        dtypes: Vec<DType>,
        /// The accepted dtypes in the standard's words.
        expected: &'static str,
    },
    /// A result that cannot be cast into its destination.
    #[error("{op}: cannot cast {from} to {to}")]
    Cast {
        /// Public function.
        op: &'static str,
        /// Source dtype.
        from: DType,
        /// Destination dtype.
        to: DType,
    },
    /// An axis outside `-ndim..ndim`.
    #[error("{op}: axis {axis} is out of bounds for a tensor of {ndim} dimensions")]
    AxisOutOfRange {
        /// Public function.
        op: &'static str,
        /// The axis as given.
        axis: i64,
        /// Number of dimensions.
        ndim: usize,
    },
    /// The same axis twice.
    #[error("{op}: axis {axis} is repeated")]
    RepeatedAxis {
        /// Public function.
        op: &'static str,
        /// The axis, normalised.
        axis: usize,
    },
    /// An index outside `-size..size`.
    #[error("{op}: index {index} is out of bounds for axis {axis} with size {size}")]
    IndexOutOfRange {
        /// Public function.
        op: &'static str,
        /// The index as given.
        index: i64,
        /// The indexed axis.
        axis: usize,
        /// That axis's size.
        size: usize,
    },
    /// Any other bad index.
    #[error("{op}: {message}")]
    Index {
        /// Public function.
        op: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A value out of the dtype's range.
    #[error("{op}: {message}")]
    Overflow {
        /// Public function.
        op: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A bad argument value.
    #[error("{op}: {message}")]
    Value {
        /// Public function.
        op: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A bad argument type.
    #[error("{op}: {message}")]
    Type {
        /// Public function.
        op: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A matrix for which the result does not exist, or an iteration that does not converge.
    #[error("{op}: {message}")]
    LinearAlgebra {
        /// Public function.
        op: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A buffer or DLPack exchange that cannot be done.
    #[error("{op}: {message}")]
    Buffer {
        /// Public function.
        op: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A shape whose size in bytes does not fit.
    #[error("{op}: shape {} of {dtype} is too large", shape_text(shape))]
    TooLarge {
        /// Public function.
        op: &'static str,
        /// The shape asked for.
        shape: Vec<usize>,
        /// Its dtype.
        dtype: DType,
    },
    /// The allocator refused.
    #[error("{op}: cannot allocate {bytes} bytes")]
    OutOfMemory {
        /// Public function.
        op: &'static str,
        /// Bytes asked for.
        bytes: usize,
    },
    /// Writing into a read-only tensor.
    #[error("{op}: the tensor is read-only")]
    ReadOnly {
        /// Public function.
        op: &'static str,
    },
    /// A bug in corepy: a worker panicked. The pool lives on.
    #[error("{op}: internal error: {message}")]
    Panic {
        /// Public function.
        op: &'static str,
        /// The panic's message.
        message: String,
    },
    /// The user asked to stop (Ctrl-C): the face finds the pending Python exception.
    #[error("{op}: interrupted")]
    Interrupted {
        /// Public function.
        op: &'static str,
    },
    /// A signal handler needs pending results that cannot be had before the interrupted operation goes on.
    #[error("{op}: a signal handler cannot wait for what the operation that it interrupts is computing")]
    Reentrant {
        /// Public function.
        op: &'static str,
    },
}

/// The result of every fallible corepy function.
pub type Result<T> = std::result::Result<T, Error>;

/// A shape as Python prints it: `(3, 4)`, `(5,)`, `()`.
pub fn shape_text(shape: &[usize]) -> String {
    let mut text = String::from("(");
    for (axis, size) in shape.iter().enumerate() {
        if axis > 0 {
            text.push_str(", ");
        }
        let _ = write!(text, "{size}");
    }
    if shape.len() == 1 {
        text.push(',');
    }
    text.push(')');
    text
}

fn join_shapes(shapes: &[Vec<usize>]) -> String {
    shapes.iter().map(|shape| shape_text(shape)).collect::<Vec<_>>().join(" and ")
}

fn join_dtypes(dtypes: &[DType]) -> String {
    dtypes.iter().map(|dtype| dtype.name()).collect::<Vec<_>>().join(" with ")
}
