//! SIMD kernels, the only `unsafe` code of LEX-7.
//!
//! Every kernel takes a [`Level`] and has a scalar reference that gives the same bits: operations
//! are vectorised across series or rows, never inside a sum, and where a sum must be split its tree
//! is fixed and the scalar path uses the same tree.

#![deny(unsafe_op_in_unsafe_fn)]

mod level;

pub use level::Level;
