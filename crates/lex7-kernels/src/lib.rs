//! SIMD kernels, the only `unsafe` code of LEX-7.
//!
//! Every kernel takes a [`Level`] and has a scalar reference that gives the same bits: operations
//! are vectorised across series or rows, never inside a sum, and where a sum must be split its tree
//! is fixed and the scalar path uses the same tree.
//!
//! Most kernels are written once, in plain Rust with explicit `mul_add`, and compiled once for each
//! level (`levels!`); Rust neither contracts nor reorders floating-point operations, so their bits
//! cannot differ. Integer dot products are written for each level by hand: integers are exact.

#![deny(unsafe_op_in_unsafe_fn)]

#[macro_use]
mod dispatch;
pub mod filter;

mod buffer;
mod copy;
mod float;
mod guard;
mod half;
mod level;
mod mapping;
mod matmul;
mod matrix;
mod pack;
mod peak;
mod pool;
mod read;
mod rows;
mod scan;
mod shared;
mod team;

pub use buffer::Buffer;
pub use copy::copy_finite;
pub use float::{exp, softplus};
pub use level::Level;
pub use mapping::{Mapping, floats_of};
pub use matrix::{Activations, Format, GROUP, Matrix, PANEL_ROWS};
pub use pack::{PackFault, pack_rows, unpack_row};
pub use scan::{Lane, ScanShape};
pub use team::{Conv, Gate, Norm, Steps, Team};
