//! The names of devices and programs, told apart by their decoded text and numbered in order of first use.
use std::collections::BTreeMap;

use super::super::finding::Code;
use super::super::text::decode;

const SOURCES_MAX: usize = 4_096; // a person has owned some dozens of devices and programs
const NAME_CHARACTERS_MAX: usize = 400; // `TEXT_CHARACTERS_MAX` of base/limits.py
const RAW_BYTES_MAX: usize = 1_024; // longer spellings are decoded each time
const OTHERS: &str = "(other sources)";

/// Names by index, with a memory of raw spellings.
#[derive(Debug, Default)]
pub(super) struct Sources {
    names: Vec<String>,
    by_name: BTreeMap<String, u16>,
    by_raw: BTreeMap<Vec<u8>, u16>,
    last: Option<(Vec<u8>, u16)>,
}

impl Sources {
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The index of a source as an attribute spells it, and what is to be said when it is first met.
    pub(super) fn index(&mut self, raw: &[u8]) -> (u16, Option<Code>) {
        if let Some((last, index)) = &self.last
            && last == raw
        {
            return (*index, None);
        }
        let (index, note) = match self.by_raw.get(raw) {
            Some(&index) => (index, None),
            None => self.add(raw),
        };
        self.last = Some((raw.to_vec(), index));
        (index, note)
    }

    fn add(&mut self, raw: &[u8]) -> (u16, Option<Code>) {
        let (text, broken) = decode(raw);
        let printable = |character: char| if character.is_control() { ' ' } else { character };
        let name: String = text.chars().take(NAME_CHARACTERS_MAX).map(printable).collect();
        let is_cut = text.chars().nth(NAME_CHARACTERS_MAX).is_some();
        let (index, note) = match self.by_name.get(&name) {
            Some(&index) => (index, None),
            None if self.names.len() < SOURCES_MAX => {
                (self.insert(name), (broken || is_cut).then_some(Code::SourceText))
            }
            None => match self.by_name.get(OTHERS) {
                Some(&index) => (index, None),
                None => (self.insert(OTHERS.to_owned()), Some(Code::SourcesMany)),
            },
        };
        if raw.len() <= RAW_BYTES_MAX && self.by_raw.len() < SOURCES_MAX {
            self.by_raw.insert(raw.to_vec(), index);
        }
        (index, note)
    }

    fn insert(&mut self, name: String) -> u16 {
        let index = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        self.names.push(name.clone());
        self.by_name.insert(name, index);
        index
    }
}
