//! The decoder of canonical CBOR and every fixed layout, on any bytes at all.
//!
//! What is accepted encodes to the bytes it came from; what is refused is refused with a code and a
//! place inside the data; and no value is built that is larger than the data could hold.
#![no_main]
use lex7_core::canon::{self, Builder, Fault, Item, Limits, Reader};
use lex7_core::canon_writer::Writer;
use lex7_core::entry::Header;
use lex7_core::message;
use lex7_core::seal::Seal;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { bytes_max: 1 << 20, depth_max: 16 };

/// Builds the encoding again while decoding, and counts what is built.
#[derive(Default)]
struct Echo {
    built: usize,
}

impl Builder for Echo {
    type Value = Vec<u8>;
    type Error = Fault;

    fn scalar(&mut self, item: Item<'_>) -> Result<Vec<u8>, Fault> {
        self.built += 1;
        let mut writer = Writer::new();
        writer.item(item);
        Ok(writer.into_bytes())
    }

    fn array(&mut self, items: Vec<Vec<u8>>) -> Result<Vec<u8>, Fault> {
        self.built += 1;
        let mut writer = Writer::new();
        writer.item(Item::Array(items.len()));
        items.iter().for_each(|item| {
            writer.encoded(item);
        });
        Ok(writer.into_bytes())
    }

    fn map(&mut self, pairs: Vec<(u64, Vec<u8>)>) -> Result<Vec<u8>, Fault> {
        self.built += 1;
        let mut writer = Writer::new();
        writer.item(Item::Map(pairs.len()));
        pairs.iter().for_each(|(key, value)| {
            writer.unsigned(*key).encoded(value);
        });
        Ok(writer.into_bytes())
    }
}

fuzz_target!(|data: &[u8]| {
    let mut echo = Echo::default();
    match canon::decode(data, LIMITS, &mut echo) {
        Ok(again) => assert_eq!(again, data, "an accepted value has one spelling"),
        Err(fault) => {
            assert!(fault.offset <= data.len(), "a refusal names a place in the data");
            assert!(fault.code.name().starts_with("canon."));
        }
    }
    assert!(echo.built <= data.len(), "every item costs at least a byte");
    read_header(data);
    if let Ok(seal) = Seal::decode(data) {
        assert_eq!(seal.encode(), data, "a seal has one spelling");
    }
    let mut reader = Reader::new(data);
    if let Ok(read) = message::read(&mut reader) {
        assert!(read.payload.len() < data.len());
        assert!(canon::decode(reader.since(0), LIMITS, &mut Echo::default()).is_ok());
    }
});

fn read_header(data: &[u8]) {
    let mut reader = Reader::new(data);
    if let Ok((header, _)) = Header::read(&mut reader) {
        assert_eq!(header.encode(), reader.since(0), "a header has one spelling");
    }
}
