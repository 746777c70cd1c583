//! The deterministic core of LEX-7.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no threads of its own,
//! no randomness, no platform mathematics. The order of every floating-point operation is fixed, so the
//! same input gives the same bits on every machine (DESIGN §5).
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod aead;
pub mod apple;
pub mod band;
pub mod canon;
pub mod canon_writer;
pub mod elementary;
pub mod entry;
pub mod filter;
pub mod flow;
pub mod joint;
pub mod key;
pub mod message;
pub mod quantiles;
pub mod rng;
pub mod run;
pub mod run_fault;
pub mod sampling;
pub mod scenario;
pub mod seal;
pub mod solve;
pub mod special;
pub mod ssm;
pub mod threshold;

/// The version of this crate, shown by `lex7 --version`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
