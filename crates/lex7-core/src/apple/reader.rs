//! The reader: modes of the text, the structure of elements, and what a `Record` becomes.
//!
//! States: `Start` (nothing seen) → `Leading` (blanks) → `Content`, which passes to `Comment`, `Data` or
//! `Instruction` and back. A `Refusal` is final. Text in `Content` is never looked at, only `<`.
use memchr::{memchr, memmem};

use super::finding::{Code, Counts, Finding, Refusal};
use super::rule::{Rule, RuleError};
use super::stack::{Stack, can_hold, is_top_level};
use super::tag::{Ending, TAG_BYTES_MAX, attributes, name_end, plain_end, starts_name};
use super::text::decode;

mod measure;
mod place;
mod sources;

pub use measure::Columns;
use measure::{Added, Fields, Measures, Wrong};
use place::Place;

const FINDINGS_KEPT_MAX: usize = 1_000;
const DECLARATION_BYTES_MAX: usize = 1_024; // <?xml version="1.0" encoding="UTF-8"?> takes 38
const ROOT: &[u8] = b"HealthData";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Start,
    Leading,
    Content,
    Comment,
    Data,
    Instruction,
}

/// Go on at a position, or wait for more bytes with all before the position used up.
enum Step {
    Go(usize),
    Wait(usize),
}

/// The push reader.
#[derive(Debug)]
pub struct Reader {
    mode: Mode,
    carry: Vec<u8>,
    place: Place,
    stack: Stack,
    has_root: bool,
    measures: Measures,
    counts: Counts,
    findings: Vec<Finding>,
    refusal: Option<Refusal>,
}

impl Reader {
    /// A reader for a table of record types.
    ///
    /// # Errors
    /// A rule has neither or both of units and codes, or a factor out of range.
    pub fn new(rules: Vec<Rule>) -> Result<Reader, RuleError> {
        Ok(Reader {
            mode: Mode::Start,
            carry: Vec::new(),
            place: Place::default(),
            stack: Stack::default(),
            has_root: false,
            measures: Measures::new(rules)?,
            counts: Counts::default(),
            findings: Vec::new(),
            refusal: None,
        })
    }

    /// Read the next bytes of the file, cut anywhere.
    ///
    /// # Errors
    /// The file is refused as a whole; every later call says so again.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let result = if self.carry.is_empty() {
            self.scan(chunk).map(|used| self.carry.extend_from_slice(&chunk[used..]))
        } else {
            let mut buffer = std::mem::take(&mut self.carry);
            buffer.extend_from_slice(chunk);
            self.scan(&buffer).map(|used| {
                buffer.drain(..used);
                self.carry = buffer;
            })
        };
        result.inspect_err(|refusal| self.refusal = Some(refusal.clone()))
    }

    /// Say that the file ends here.
    ///
    /// # Errors
    /// The file was refused, or nothing of an export was in it.
    pub fn finish(&mut self) -> Result<(), Refusal> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        if !self.has_root {
            let is_xml = self.mode != Mode::Start && self.mode != Mode::Leading;
            let refusal = if is_xml { Refusal::NoRoot } else { Refusal::NotXml("no text") };
            self.refusal = Some(refusal.clone());
            return Err(refusal);
        }
        if self.stack.depth() > 0 || !self.carry.is_empty() || self.mode != Mode::Content {
            let buffer = std::mem::take(&mut self.carry);
            self.find(Code::Truncated, &buffer, buffer.len());
        }
        Ok(())
    }

    /// Rows read of a rule since they were last taken.
    pub fn take(&mut self, rule: usize) -> Columns {
        self.measures.take(rule)
    }

    /// Rows waiting to be taken, over all rules.
    pub fn pending(&self) -> usize {
        self.measures.pending()
    }

    /// The names of devices and programs, by index.
    pub fn sources(&self) -> &[String] {
        self.measures.sources()
    }

    /// What was met so far.
    pub fn counts(&self) -> Counts {
        Counts { unknown_types: self.measures.unknown_types(), ..self.counts }
    }

    /// What was wrong so far, in the order of the file; past the first 1,000 they are only counted.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn scan(&mut self, buffer: &[u8]) -> Result<usize, Refusal> {
        let mut at = 0;
        loop {
            let step = match self.mode {
                Mode::Start => self.start(buffer)?,
                Mode::Leading => self.leading(buffer, at)?,
                Mode::Content => match memchr(b'<', &buffer[at..]) {
                    Some(length) => self.markup(buffer, at + length)?,
                    None => Step::Wait(buffer.len()),
                },
                Mode::Comment => self.until(buffer, at, b"-->"),
                Mode::Data => self.until(buffer, at, b"]]>"),
                Mode::Instruction => self.until(buffer, at, b"?>"),
            };
            match step {
                Step::Go(next) => at = next,
                Step::Wait(used) => {
                    self.place.advance(buffer, used);
                    return Ok(used);
                }
            }
        }
    }

    fn start(&mut self, buffer: &[u8]) -> Result<Step, Refusal> {
        let Some(head) = buffer.first_chunk::<4>() else { return Ok(Step::Wait(0)) };
        self.mode = Mode::Leading;
        match head {
            [0xef, 0xbb, 0xbf, _] => Ok(Step::Go(3)),
            [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, b'<', ..] | [b'<', 0, ..] => {
                Err(Refusal::Encoding("UTF-16".to_owned()))
            }
            [0, 0, 0xfe, 0xff] | [0, 0, 0, b'<'] => Err(Refusal::Encoding("UTF-32".to_owned())),
            b"%PDF" => Err(Refusal::NotXml("a PDF document")),
            b"PK\x03\x04" => Err(Refusal::NotXml("a zip archive")),
            [0x1f, 0x8b, ..] => Err(Refusal::NotXml("gzip data")),
            _ => Ok(Step::Go(0)),
        }
    }

    fn leading(&mut self, buffer: &[u8], at: usize) -> Result<Step, Refusal> {
        match buffer[at..].iter().position(|&byte| byte > b' ') {
            None => Ok(Step::Wait(buffer.len())),
            Some(length) if buffer[at + length] == b'<' => {
                self.mode = Mode::Content;
                Ok(Step::Go(at + length))
            }
            Some(_) => Err(Refusal::NotXml("something that is not XML text")),
        }
    }

    fn until(&mut self, buffer: &[u8], at: usize, end: &[u8]) -> Step {
        match memmem::find(&buffer[at..], end) {
            Some(length) => {
                self.mode = Mode::Content;
                Step::Go(at + length + end.len())
            }
            None => Step::Wait(at.max((buffer.len() + 1).saturating_sub(end.len()))),
        }
    }

    fn markup(&mut self, buffer: &[u8], at: usize) -> Result<Step, Refusal> {
        match buffer.get(at + 1) {
            None => Ok(Step::Wait(at)),
            Some(b'!') => self.declaration(buffer, at),
            Some(b'?') => self.instruction(buffer, at),
            Some(b'/') => Ok(self.end_tag(buffer, at)),
            Some(&byte) if starts_name(byte) => self.start_tag(buffer, at),
            Some(_) => Ok(self.damaged(buffer, at, at + 1)),
        }
    }

    /// `<!…`: comments and character data are passed over whole, entity declarations are refused, and the
    /// rest of the document type definition is text like any other.
    fn declaration(&mut self, buffer: &[u8], at: usize) -> Result<Step, Refusal> {
        const KINDS: [(&[u8], Option<Mode>); 3] =
            [(b"<!--", Some(Mode::Comment)), (b"<![CDATA[", Some(Mode::Data)), (b"<!ENTITY", None)];
        let rest = &buffer[at..];
        for (head, mode) in KINDS {
            if rest.len() < head.len() && head.starts_with(rest) {
                return Ok(Step::Wait(at));
            }
            if rest.starts_with(head) {
                self.mode = mode.ok_or_else(|| Refusal::Entity(self.place.line(buffer, at)))?;
                return Ok(Step::Go(at + head.len()));
            }
        }
        Ok(Step::Go(at + 2))
    }

    fn instruction(&mut self, buffer: &[u8], at: usize) -> Result<Step, Refusal> {
        const HEAD: &[u8] = b"<?xml ";
        let window = &buffer[at..buffer.len().min(at + DECLARATION_BYTES_MAX)];
        let is_declaration = window.starts_with(HEAD) || HEAD.starts_with(window);
        if is_declaration {
            if memmem::find(window, b"?>").is_none() && window.len() < DECLARATION_BYTES_MAX {
                return Ok(Step::Wait(at));
            }
            check_encoding(&window[HEAD.len()..])?;
        }
        self.mode = Mode::Instruction;
        Ok(Step::Go(at + 2))
    }

    fn end_tag(&mut self, buffer: &[u8], at: usize) -> Step {
        let Some(end) = plain_end(buffer, at + 2) else {
            return if buffer.len() - at > TAG_BYTES_MAX {
                self.damaged(buffer, at, at + 2)
            } else {
                Step::Wait(at)
            };
        };
        if buffer[end] == b'<' || end - at > TAG_BYTES_MAX {
            return self.damaged(buffer, at, end);
        }
        let name = buffer[at + 2..end].trim_ascii();
        if self.stack.close(name) != 1 {
            self.find(Code::Structure, buffer, at);
        }
        Step::Go(end + 1)
    }

    fn start_tag(&mut self, buffer: &[u8], at: usize) -> Result<Step, Refusal> {
        let mut fields = Fields::default();
        let (name, ending) = match name_end(buffer, at + 1) {
            None => (&buffer[at + 1..], Ending::Unfinished),
            Some(end) if &buffer[at + 1..end] == b"Record" => {
                (&buffer[at + 1..end], attributes(buffer, end, |name, value| fields.set(name, value)))
            }
            Some(end) => (&buffer[at + 1..end], attributes(buffer, end, |_, _| ())),
        };
        let (next, is_open) = match ending {
            Ending::Open(next) => (next, true),
            Ending::Closed(next) => (next, false),
            Ending::Damaged(next) => return Ok(self.damaged(buffer, at, next)),
            Ending::Unfinished if buffer.len() - at > TAG_BYTES_MAX => {
                return Ok(self.damaged(buffer, at, at + 1));
            }
            Ending::Unfinished => return Ok(Step::Wait(at)),
        };
        if next - at > TAG_BYTES_MAX {
            return Ok(self.damaged(buffer, at, at + 1));
        }
        self.element(buffer, at, name)?;
        if self.stack.depth() == 1 && name == b"Record" {
            self.record(buffer, at, &fields);
        }
        if is_open && !self.stack.push(name) {
            return Err(Refusal::Depth(self.place.line(buffer, at)));
        }
        Ok(Step::Go(next))
    }

    /// An element begins: close what cannot hold it, see to the root, count it.
    fn element(&mut self, buffer: &[u8], at: usize, name: &[u8]) -> Result<(), Refusal> {
        let is_record = name == b"Record";
        match self.stack.depth() {
            0 if !self.has_root && name == ROOT => self.has_root = true,
            0 if !self.has_root => {
                let (name, _) = decode(&name[..name.len().min(40)]);
                return Err(Refusal::WrongRoot(name));
            }
            0 => self.find(Code::Structure, buffer, at), // a second root
            1 => {}
            depth if is_top_level(name) => {
                // The end tag of an earlier element was damaged: this one cannot lie inside it.
                let holder = (1..depth).find(|&index| !can_hold(self.stack.name(index), is_record));
                if let Some(index) = holder {
                    self.stack.truncate(index);
                    self.find(Code::Structure, buffer, at);
                }
            }
            _ => {}
        }
        match self.stack.depth() {
            1 if is_record => {}
            1 => self.counts.elements += u64::from(name != b"Me" && name != b"ExportDate"),
            _ => self.counts.nested += u64::from(is_record),
        }
        Ok(())
    }

    fn record(&mut self, buffer: &[u8], at: usize, fields: &Fields) {
        if self.stack.name(0) != ROOT {
            return;
        }
        self.counts.records += 1;
        let wrong = match self.measures.add(fields) {
            Ok(Added::Unknown) => {
                self.counts.unknown += 1;
                return;
            }
            Ok(Added::Row(note)) => {
                self.counts.kept += 1;
                note
            }
            Err(wrong) => Some(wrong),
        };
        if let Some(wrong) = wrong {
            self.note(wrong, buffer, at);
        }
    }

    fn damaged(&mut self, buffer: &[u8], at: usize, next: usize) -> Step {
        self.find(Code::DamagedTag, buffer, at);
        Step::Go(next)
    }

    fn find(&mut self, code: Code, buffer: &[u8], at: usize) {
        self.note(Wrong { code, rule: None, text: String::new() }, buffer, at);
    }

    fn note(&mut self, wrong: Wrong, buffer: &[u8], at: usize) {
        if self.findings.len() >= FINDINGS_KEPT_MAX {
            self.counts.findings_more += 1;
            return;
        }
        let line = self.place.line(buffer, at);
        let byte = self.place.byte(at);
        self.findings.push(Finding { code: wrong.code, line, byte, rule: wrong.rule, text: wrong.text });
    }
}

fn check_encoding(declaration: &[u8]) -> Result<(), Refusal> {
    let mut named = None;
    attributes(declaration, 0, |name, value| {
        if name == b"encoding" {
            named = Some(value);
        }
    });
    match named {
        Some(name) if !name.eq_ignore_ascii_case(b"utf-8") && !name.eq_ignore_ascii_case(b"us-ascii") => {
            Err(Refusal::Encoding(decode(&name[..name.len().min(40)]).0))
        }
        _ => Ok(()),
    }
}
