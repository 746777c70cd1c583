//! What the model runtime refuses.

use std::fmt::Display;

/// A refusal: which field or argument, what was expected, what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SsmError {
    /// A model file is not what it must be.
    File {
        /// The part of the file.
        field: String,
        /// What was expected there.
        expected: String,
        /// What was found.
        got: String,
    },
    /// A snapshot is not what it must be.
    Snapshot {
        /// The part of the snapshot.
        field: String,
        /// What was expected there.
        expected: String,
        /// What was found.
        got: String,
    },
    /// An argument is not what it must be.
    Argument {
        /// The argument.
        argument: String,
        /// What was expected.
        expected: String,
        /// What came.
        got: String,
    },
    /// A token stands outside of the vocabulary.
    Token {
        /// Its place among the tokens of the call.
        index: usize,
        /// The number of tokens of the vocabulary.
        vocab: usize,
        /// What came.
        got: i64,
    },
}

impl SsmError {
    /// A refusal of a file.
    pub fn file(field: impl Display, expected: impl Display, got: impl Display) -> Self {
        Self::File { field: field.to_string(), expected: expected.to_string(), got: got.to_string() }
    }

    /// A refusal of a snapshot.
    pub fn snapshot(field: impl Display, expected: impl Display, got: impl Display) -> Self {
        Self::Snapshot { field: field.to_string(), expected: expected.to_string(), got: got.to_string() }
    }

    /// A refusal of an argument.
    pub fn argument(argument: impl Display, expected: impl Display, got: impl Display) -> Self {
        Self::Argument {
            argument: argument.to_string(),
            expected: expected.to_string(),
            got: got.to_string(),
        }
    }
}
