//! The linear algebra extension: decompositions on faer, one matrix after the other, and what is
//! composed of them.
//!
//! A matrix is always copied to memory aligned in the same way and decomposed by one thread; stacks of
//! matrices share the threads. So the bits do not depend on the number of threads.

// Orders, scales and markers are compared for exactly the number they were set to.
#![allow(clippy::float_cmp)]
// faer's parameter types say less than the functions that take them.
#![allow(clippy::default_trait_access)]

mod cholesky;
mod determinant;
mod diagonal;
mod eigen;
mod element;
mod norm;
mod power;
mod product;
mod qr;
mod solve;
mod stack;
mod svd;

pub use cholesky::cholesky;
pub use determinant::{det, slogdet};
pub use diagonal::{diagonal, trace};
pub use eigen::{eig, eigh, eigvals, eigvalsh};
pub use norm::{MatrixNorm, matrix_norm, vector_norm};
pub use power::matrix_power;
pub use product::{cross, outer};
pub use qr::qr;
pub use solve::{inv, solve};
pub use svd::{Tolerance, matrix_rank, pinv, svd, svdvals};
