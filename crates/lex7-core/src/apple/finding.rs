//! What can be said of a file: why it is refused, what was wrong in it, and how much was met.

/// Why a file is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not an XML text; what it looks like.
    NotXml(&'static str),
    /// Its text is not UTF-8; what it says or shows it is.
    Encoding(String),
    /// Its root element is another one.
    WrongRoot(String),
    /// It ends before any element begins.
    NoRoot,
    /// It declares an entity, at this line.
    Entity(u64),
    /// Elements nest too deep, at this line.
    Depth(u64),
}

/// What is wrong with one part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the sentences; Python holds the long ones")]
pub enum Code {
    DamagedTag,
    Structure,
    MissingAttribute,
    Date,
    DateRange,
    Interval,
    Unit,
    Category,
    Number,
    ValueRange,
    SourceText,
    SourcesMany,
    Truncated,
}

/// One finding: a code, its place, the rule it concerns, and text that is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub code: Code,
    /// Line, from 1.
    pub line: u64,
    /// Byte, from 0.
    pub byte: u64,
    /// Index of the rule of the record type.
    pub rule: Option<usize>,
    /// An unknown unit or category, cut; never a value or a date.
    pub text: String,
}

/// What was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `Record` elements directly under the root.
    pub records: u64,
    /// Of these, the ones that became rows.
    pub kept: u64,
    /// Of these, the ones of types without a rule.
    pub unknown: u64,
    /// Distinct types without a rule (at most 4,096 are told apart).
    pub unknown_types: u64,
    /// Other elements directly under the root: workouts, summaries, correlations.
    pub elements: u64,
    /// `Record` elements inside others: copies of records that stand under the root as well.
    pub nested: u64,
    /// Findings past the ones that are kept.
    pub findings_more: u64,
}
