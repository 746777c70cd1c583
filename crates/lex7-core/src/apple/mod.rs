//! A push reader for Apple Health's `export.xml`: bytes in, columns of scaled integers out.
//!
//! Memory is constant apart from the columns, which the caller takes as often as it likes: nothing is kept
//! of the file but a started tag, the stack of open elements, and the names of devices. How the bytes are cut
//! into chunks never changes the result.
//!
//! It is an XML reader for this one format: text between tags means nothing here and is passed over, so the
//! document type definition (which real exports get wrong) is passed over too. It is strict where that keeps
//! the reader safe (entity declarations, depth, encoding) and tolerant where real exports are broken (control
//! characters, damaged tags, missing end tags): a damaged record is a finding, and the next one is read.

mod date;
mod decimal;
mod finding;
mod reader;
mod rule;
mod stack;
mod tag;
mod text;

pub use finding::{Code, Counts, Finding, Refusal};
pub use reader::{Columns, Reader};
pub use rule::{Rule, RuleError, Unit};
