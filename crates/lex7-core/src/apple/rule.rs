//! Which record types are read, in which units, and what their values may be.

/// A unit as exports spell it, and the exact factor to the stream's scaled integer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// As the `unit` attribute spells it.
    pub name: String,
    /// Scaled integers per unit: numerator.
    pub numerator: i64,
    /// Scaled integers per unit: denominator, positive.
    pub denominator: i64,
}

/// One record type that becomes rows: a quantity if `units` is filled, a category if `codes` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The `type` attribute.
    pub name: String,
    /// The units a quantity may come in.
    pub units: Vec<Unit>,
    /// The values a category may take, and their codes.
    pub codes: Vec<(String, i64)>,
    /// The smallest scaled integer that is plausible.
    pub minimum: i64,
    /// The largest scaled integer that is plausible.
    pub maximum: i64,
}

/// A table of rules that the reader cannot work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleError;

const FACTOR_MAX: i64 = 100_000_000_000; // see `decimal::scaled`

impl Rule {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        let is_fit = |unit: &Unit| {
            (1..=FACTOR_MAX).contains(&unit.numerator) && (1..=FACTOR_MAX).contains(&unit.denominator)
        };
        let is_one_kind = self.units.is_empty() != self.codes.is_empty();
        if is_one_kind && self.units.iter().all(is_fit) { Ok(()) } else { Err(RuleError) }
    }
}
