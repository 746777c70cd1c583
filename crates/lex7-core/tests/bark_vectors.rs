//! The language-neutral vectors, read by Rust.
use lex7_core::canon::{self, Builder, Fault, Item, Limits, Reader};
use lex7_core::canon_writer::Writer;
use lex7_core::entry::Header;
use lex7_core::key::Bytes32;
use lex7_core::run::{self, Before, Place};
use serde_json::Value;

fn vectors(name: &str) -> Value {
    let path = format!("{}/../../vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn bytes32(value: &Value) -> Bytes32 {
    bytes(value).try_into().unwrap()
}

/// Builds the encoding again while decoding.
struct Echo;

impl Builder for Echo {
    type Value = Vec<u8>;
    type Error = Fault;

    fn scalar(&mut self, item: Item<'_>) -> Result<Vec<u8>, Fault> {
        let mut writer = Writer::new();
        writer.item(item);
        Ok(writer.into_bytes())
    }

    fn array(&mut self, items: Vec<Vec<u8>>) -> Result<Vec<u8>, Fault> {
        let mut writer = Writer::new();
        writer.item(Item::Array(items.len()));
        items.iter().for_each(|item| {
            writer.encoded(item);
        });
        Ok(writer.into_bytes())
    }

    fn map(&mut self, pairs: Vec<(u64, Vec<u8>)>) -> Result<Vec<u8>, Fault> {
        let mut writer = Writer::new();
        writer.item(Item::Map(pairs.len()));
        pairs.iter().for_each(|(key, value)| {
            writer.unsigned(*key).encoded(value);
        });
        Ok(writer.into_bytes())
    }
}

const LIMITS: Limits = Limits { bytes_max: 1 << 20, depth_max: 16 };

#[test]
fn good_encodings_are_their_own_only_spelling() {
    for case in vectors("canon.json")["good"].as_array().unwrap() {
        let data = bytes(&case["hex"]);
        assert_eq!(canon::decode(&data, LIMITS, &mut Echo), Ok(data.clone()), "{}", case["shown"]);
    }
}

#[test]
fn bad_encodings_are_refused_by_code_and_place() {
    for case in vectors("canon.json")["bad"].as_array().unwrap() {
        let fault = canon::decode(&bytes(&case["hex"]), LIMITS, &mut Echo).unwrap_err();
        assert_eq!(fault.code.name(), case["expect"].as_str().unwrap());
        assert_eq!(fault.offset as u64, case["offset"].as_u64().unwrap(), "{}", case["hex"]);
    }
}

fn place(case: &Value, lattice: &[u8]) -> (Bytes32, Before, u64) {
    assert!(!lattice.is_empty());
    let before = Before { incarnation: 0, lamport: 0, hash: bytes32(&case["genesis"]) };
    (bytes32(&case["writer"]), before, 1)
}

#[test]
fn a_log_is_read_as_specified() {
    let case = vectors("log.json");
    let (sealed, bodies, lattice) = (bytes(&case["sealed"]), bytes(&case["bodies"]), bytes(&case["lattice"]));
    let (writer, before, first) = place(&case, &lattice);
    let report =
        run::check(&sealed, Some(&bodies), &Place { lattice: &lattice, writer, first, before: Some(before) });
    assert_eq!(report.faults, []);
    assert_eq!(report.entries.len(), 3);
    for (entry, header) in report.entries.iter().zip(case["headers"].as_array().unwrap()) {
        assert_eq!(entry.header.encode(), bytes(header));
        assert_eq!(Header::read(&mut Reader::new(&bytes(header))).unwrap().1, entry.hash);
    }
    assert_eq!(report.seal.unwrap().hash, bytes32(&case["hash"]));
}

#[test]
fn every_flipped_bit_of_a_log_is_found() {
    let case = vectors("log.json");
    let (sealed, bodies, lattice) = (bytes(&case["sealed"]), bytes(&case["bodies"]), bytes(&case["lattice"]));
    let (writer, before, first) = place(&case, &lattice);
    let place = Place { lattice: &lattice, writer, first, before: Some(before) };
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!run::check(&changed, Some(&bodies), &place).faults.is_empty(), "sealed, bit {bit}");
    }
    for bit in 0..bodies.len() * 8 {
        let mut changed = bodies.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!run::check(&sealed, Some(&changed), &place).faults.is_empty(), "bodies, bit {bit}");
    }
}
