//! Bindings of the Apple Health reader.
use lex7_core::apple::{Code, Columns, Reader, Refusal, Rule, Unit};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Add this subject's functions and classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<AppleReader>()
}

type RuleTuple = (String, Vec<(String, i64, i64)>, Vec<(String, i64)>, i64, i64);
type Arrays<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u16>>,
);

/// The push reader of one export; the file's name is what refusals call it.
#[pyclass(module = "lex7._core", frozen, name = "AppleReader")]
struct AppleReader {
    name: String,
    reader: std::sync::Mutex<Reader>,
}

#[pymethods]
impl AppleReader {
    /// Copies the rules: (type, [(unit, numerator, denominator)], [(category, code)], minimum, maximum).
    #[new]
    fn new(name: String, rules: Vec<RuleTuple>) -> PyResult<Self> {
        let rules = rules.into_iter().map(rule).collect();
        let reader = Reader::new(rules).map_err(|_| PyValueError::new_err("a rule of the table is unfit"))?;
        Ok(Self { name, reader: std::sync::Mutex::new(reader) })
    }

    /// Borrows the bytes for the call; other Python threads run meanwhile.
    fn feed(&self, py: Python<'_>, chunk: &[u8]) -> PyResult<()> {
        let result = py.detach(|| self.lock().feed(chunk));
        result.map_err(|refusal| self.refuse(py, refusal))
    }

    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        let result = py.detach(|| self.lock().finish());
        result.map_err(|refusal| self.refuse(py, refusal))
    }

    /// Hands the rows over without a copy.
    fn take<'py>(&self, py: Python<'py>, rule: usize) -> Arrays<'py> {
        let Columns { start_ns, end_ns, value, source } = py.detach(|| self.lock().take(rule));
        (start_ns.into_pyarray(py), end_ns.into_pyarray(py), value.into_pyarray(py), source.into_pyarray(py))
    }

    fn pending(&self, py: Python<'_>) -> usize {
        py.detach(|| self.lock().pending())
    }

    fn sources(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| self.lock().sources().to_vec())
    }

    /// (code, line, byte, rule or -1, text) of each finding.
    fn findings(&self, py: Python<'_>) -> Vec<(&'static str, u64, u64, i64, String)> {
        let found = py.detach(|| self.lock().findings().to_vec());
        let rule = |rule: Option<usize>| rule.and_then(|rule| i64::try_from(rule).ok()).unwrap_or(-1);
        found.into_iter().map(|one| (code(one.code), one.line, one.byte, rule(one.rule), one.text)).collect()
    }

    /// (records, kept, unknown, unknown_types, elements, nested, findings_more)
    fn counts(&self, py: Python<'_>) -> (u64, u64, u64, u64, u64, u64, u64) {
        let counts = py.detach(|| self.lock().counts());
        (
            counts.records,
            counts.kept,
            counts.unknown,
            counts.unknown_types,
            counts.elements,
            counts.nested,
            counts.findings_more,
        )
    }
}

impl AppleReader {
    fn lock(&self) -> std::sync::MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn refuse(&self, py: Python<'_>, refusal: Refusal) -> PyErr {
        const EXPORT: &str = "an Apple Health export";
        let wrong = |found: String| self.error(py, "WrongFormatError", EXPORT, &found);
        let hostile =
            |line: u64, reason| self.error(py, "HostileInputError", &format!("line {line}"), reason);
        match refusal {
            Refusal::NotXml(found) => wrong(found.to_owned()),
            Refusal::Encoding(found) => wrong(format!("text in the encoding {found} instead of UTF-8")),
            Refusal::WrongRoot(found) => wrong(format!("an XML document of the kind {found:?}")),
            Refusal::NoRoot => wrong("an XML document without any element".to_owned()),
            Refusal::Entity(line) => hostile(line, "it declares an XML entity, which no export does"),
            Refusal::Depth(line) => hostile(line, "its elements nest deeper than those of any export"),
        }
    }

    fn error(&self, py: Python<'_>, class: &str, first: &str, second: &str) -> PyErr {
        let raised = py
            .import("lex7.ingest.result")
            .and_then(|module| module.getattr(class))
            .and_then(|class| class.call1((&self.name, first, second)));
        raised.map_or_else(|error| error, PyErr::from_value)
    }
}

fn rule((name, units, codes, minimum, maximum): RuleTuple) -> Rule {
    let unit = |(name, numerator, denominator)| Unit { name, numerator, denominator };
    Rule { name, units: units.into_iter().map(unit).collect(), codes, minimum, maximum }
}

fn code(code: Code) -> &'static str {
    match code {
        Code::DamagedTag => "apple.tag",
        Code::Structure => "apple.structure",
        Code::MissingAttribute => "apple.missing",
        Code::Date => "apple.date",
        Code::DateRange => "apple.date_range",
        Code::Interval => "apple.interval",
        Code::Unit => "apple.unit",
        Code::Category => "apple.category",
        Code::Number => "apple.number",
        Code::ValueRange => "apple.value",
        Code::SourceText => "apple.source",
        Code::SourcesMany => "apple.sources",
        Code::Truncated => "apple.truncated",
    }
}
