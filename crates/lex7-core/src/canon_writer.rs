//! The writing half of canonical CBOR: every item in its shortest form.
use crate::canon::Item;

/// Writes items in their shortest form; the caller writes map keys in ascending order.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Start empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How much has been written.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    fn head(&mut self, major: u8, argument: u64) {
        let top = major << 5;
        let wide = argument.to_be_bytes();
        match argument {
            0..=23 => self.bytes.push(top | wide[7]),
            24..=0xff => self.bytes.extend_from_slice(&[top | 24, wide[7]]),
            0x100..=0xffff => {
                self.bytes.push(top | 25);
                self.bytes.extend_from_slice(&wide[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(top | 26);
                self.bytes.extend_from_slice(&wide[4..]);
            }
            _ => {
                self.bytes.push(top | 27);
                self.bytes.extend_from_slice(&wide);
            }
        }
    }

    /// Write one item; the members of an array or map follow by further calls.
    pub fn item(&mut self, item: Item<'_>) -> &mut Self {
        match item {
            Item::Integer(value) if value >= 0 => self.head(0, value.unsigned_abs()),
            Item::Integer(value) => self.head(1, (-1 - value).unsigned_abs()),
            Item::Bytes(value) => {
                self.head(2, value.len() as u64);
                self.bytes.extend_from_slice(value);
            }
            Item::Text(value) => {
                self.head(3, value.len() as u64);
                self.bytes.extend_from_slice(value.as_bytes());
            }
            Item::Array(length) => self.head(4, length as u64),
            Item::Map(length) => self.head(5, length as u64),
            Item::Boolean(value) => self.bytes.push(if value { 0xf5 } else { 0xf4 }),
            Item::Null => self.bytes.push(0xf6),
        }
        self
    }

    /// Write an unsigned integer or map key.
    pub fn unsigned(&mut self, value: u64) -> &mut Self {
        self.head(0, value);
        self
    }

    /// Append a value that is already encoded.
    pub fn encoded(&mut self, value: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(value);
        self
    }
}
