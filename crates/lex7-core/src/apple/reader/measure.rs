//! From the attributes of a `Record` to one row of a column.
use std::collections::{BTreeMap, BTreeSet};

use super::super::date::{self, DateError};
use super::super::decimal::{self, NumberError};
use super::super::finding::Code;
use super::super::rule::{Rule, RuleError};
use super::super::text::{decode, is_plain};
use super::sources::Sources;

const NS_PER_SECOND: i64 = 1_000_000_000;
const INTERVAL_SECONDS_MAX: i64 = 4 * 86_400; // HealthKit accepts no longer sample of a count
const TYPES_TOLD_APART_MAX: usize = 4_096; // HealthKit has about 200
const TYPE_BYTES_MAX: usize = 256;
const TEXT_CHARACTERS_MAX: usize = 80; // of a finding

/// The rows of one rule, as columns of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Nanoseconds UTC.
    pub start_ns: Vec<i64>,
    /// Nanoseconds UTC, never before the start.
    pub end_ns: Vec<i64>,
    /// Scaled integers, or codes of a category.
    pub value: Vec<i64>,
    /// Indexes into the reader's sources.
    pub source: Vec<u16>,
}

/// The raw attributes of a `Record` that matter here.
#[derive(Debug, Default)]
pub(super) struct Fields<'b> {
    kind: Option<&'b [u8]>,
    source: Option<&'b [u8]>,
    unit: Option<&'b [u8]>,
    start: Option<&'b [u8]>,
    end: Option<&'b [u8]>,
    value: Option<&'b [u8]>,
}

impl<'b> Fields<'b> {
    /// Note an attribute; of one that stands twice, the first counts.
    #[inline]
    pub(super) fn set(&mut self, name: &[u8], value: &'b [u8]) {
        let field = match name {
            b"type" => &mut self.kind,
            b"sourceName" => &mut self.source,
            b"unit" => &mut self.unit,
            b"startDate" => &mut self.start,
            b"endDate" => &mut self.end,
            b"value" => &mut self.value,
            _ => return,
        };
        field.get_or_insert(value);
    }
}

/// What became of a record that is not wrong.
pub(super) enum Added {
    /// A row; perhaps with something to say about its source.
    Row(Option<Wrong>),
    /// No rule has its type.
    Unknown,
}

/// What is wrong with a record.
pub(super) struct Wrong {
    pub(super) code: Code,
    pub(super) rule: Option<usize>,
    pub(super) text: String,
}

/// The rules, the rows they gave, and the sources those came from.
#[derive(Debug)]
pub(super) struct Measures {
    rules: Vec<Rule>,
    by_name: BTreeMap<Vec<u8>, usize>,
    columns: Vec<Columns>,
    pending: usize,
    sources: Sources,
    unknown: BTreeSet<Vec<u8>>,
}

impl Measures {
    pub(super) fn new(rules: Vec<Rule>) -> Result<Measures, RuleError> {
        rules.iter().try_for_each(Rule::check)?;
        Ok(Measures {
            by_name: rules
                .iter()
                .enumerate()
                .map(|(at, rule)| (rule.name.clone().into_bytes(), at))
                .collect(),
            columns: vec![Columns::default(); rules.len()],
            rules,
            pending: 0,
            sources: Sources::default(),
            unknown: BTreeSet::new(),
        })
    }

    pub(super) fn take(&mut self, rule: usize) -> Columns {
        let mut columns = self.columns.get_mut(rule).map(std::mem::take).unwrap_or_default();
        self.pending -= columns.value.len();
        columns.start_ns.shrink_to_fit();
        columns.end_ns.shrink_to_fit();
        columns.value.shrink_to_fit();
        columns.source.shrink_to_fit();
        columns
    }

    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    pub(super) fn sources(&self) -> &[String] {
        self.sources.names()
    }

    pub(super) fn unknown_types(&self) -> u64 {
        self.unknown.len() as u64
    }

    pub(super) fn add(&mut self, fields: &Fields) -> Result<Added, Wrong> {
        let wrong = |code, rule, text: &[u8]| Wrong { code, rule, text: shown(text) };
        let kind = fields.kind.ok_or_else(|| wrong(Code::MissingAttribute, None, b""))?;
        let Some(index) = self.rule(kind) else { return Ok(Added::Unknown) };
        let fail = |code| wrong(code, Some(index), b"");
        let (Some(start), Some(end), Some(text)) = (fields.start, fields.end, fields.value) else {
            return Err(fail(Code::MissingAttribute));
        };
        let (start, end) = interval(start, end).map_err(fail)?;
        let rule = &self.rules[index];
        let value = if rule.codes.is_empty() {
            let unit = fields.unit.ok_or_else(|| fail(Code::Unit))?;
            quantity(rule, text, unit)
                .map_err(|code| wrong(code, Some(index), if code == Code::Unit { unit } else { b"" }))?
        } else {
            category(rule, text).ok_or_else(|| wrong(Code::Category, Some(index), text))?
        };
        let (source, note) = self.sources.index(fields.source.unwrap_or(b""));
        let columns = &mut self.columns[index];
        columns.start_ns.push(start * NS_PER_SECOND);
        columns.end_ns.push(end * NS_PER_SECOND);
        columns.value.push(value);
        columns.source.push(source);
        self.pending += 1;
        Ok(Added::Row(note.map(fail)))
    }

    fn rule(&mut self, kind: &[u8]) -> Option<usize> {
        let found = match is_plain(kind) {
            true => self.by_name.get(kind),
            false => self.by_name.get(decode(kind).0.as_bytes()),
        };
        if let Some(&index) = found {
            return Some(index);
        }
        let kind = &kind[..kind.len().min(TYPE_BYTES_MAX)];
        if self.unknown.len() < TYPES_TOLD_APART_MAX && !self.unknown.contains(kind) {
            self.unknown.insert(kind.to_vec());
        }
        None
    }
}

fn interval(start: &[u8], end: &[u8]) -> Result<(i64, i64), Code> {
    let read = |text| {
        date::seconds(text).map_err(|error| match error {
            DateError::Malformed => Code::Date,
            DateError::Range => Code::DateRange,
        })
    };
    let (first, last) = (read(start)?, if end == start { read(start)? } else { read(end)? });
    match last - first {
        0..=INTERVAL_SECONDS_MAX => Ok((first, last)),
        _ => Err(Code::Interval),
    }
}

fn quantity(rule: &Rule, text: &[u8], unit: &[u8]) -> Result<i64, Code> {
    let decoded;
    let unit = if is_plain(unit) {
        unit
    } else {
        decoded = decode(unit).0;
        decoded.as_bytes()
    };
    let factor = rule.units.iter().find(|known| known.name.as_bytes() == unit).ok_or(Code::Unit)?;
    let decoded;
    let text = if is_plain(text) {
        text
    } else {
        decoded = decode(text).0;
        decoded.as_bytes()
    };
    let value = decimal::scaled(text.trim_ascii(), factor.numerator, factor.denominator);
    match value {
        Ok(value) if (rule.minimum..=rule.maximum).contains(&value) => Ok(value),
        Ok(_) | Err(NumberError::Range) => Err(Code::ValueRange),
        Err(NumberError::Malformed) => Err(Code::Number),
    }
}

fn category(rule: &Rule, text: &[u8]) -> Option<i64> {
    let decoded = decode(text).0;
    rule.codes.iter().find(|(name, _)| *name == decoded.trim()).map(|&(_, code)| code)
}

fn shown(text: &[u8]) -> String {
    decode(text).0.chars().filter(|character| !character.is_control()).take(TEXT_CHARACTERS_MAX).collect()
}
