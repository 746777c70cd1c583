//! Mamba-2: the model file, sessions and the forward pass.
//!
//! A session is a function of the weights, a starting state and the tokens: threads, SIMD level, the way a
//! prompt is cut, and the neighbours in a batch change no bit. Files and snapshots are bytes here; who reads
//! and writes them lives elsewhere. The bytes are specified in docs/spec/model-file.md.

mod adapter;
mod block;
mod error;
mod file;
mod layout;
mod model;
mod random;
mod session;
mod spec;
mod state;
mod writer;

pub use adapter::{AdapterRows, merge};
pub use block::{Engine, Want};
pub use error::SsmError;
pub use file::{Header, VERSION};
pub use layout::{Layout, Place};
pub use model::{Model, Weights};
pub use random::fill_rows;
pub use session::{SNAPSHOT_VERSION, Session, feed, step_many};
pub use spec::Spec;
pub use writer::{Packed, TensorWriter};
