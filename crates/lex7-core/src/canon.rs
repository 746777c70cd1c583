//! Canonical CBOR: the one spelling of a value that may stand in an entry, a seal or a packet.
//!
//! The subset of RFC 8949: integers of signed 64 bits, byte strings, UTF-8 text, arrays, maps with
//! ascending unsigned keys, false, true and null. Refused are floats, tags, indefinite lengths, long
//! forms, unsorted or repeated keys, and bytes after the value. The reader proves canonical form while it
//! parses, so what it accepts encodes to the same bytes again.
use std::fmt;

/// What is wrong with a piece of CBOR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// The data end within an item, or an array or map announces more items than bytes follow.
    Truncated,
    /// Bytes follow the value.
    Trailing,
    /// A number or length is written longer than needed.
    LongForm,
    /// A float, tag, indefinite length or unassigned form.
    Type,
    /// A map key is not an unsigned integer.
    KeyType,
    /// A map key is not greater than the one before it.
    KeyOrder,
    /// An integer does not fit signed 64 bits.
    IntegerRange,
    /// Text is not UTF-8.
    Text,
    /// Arrays and maps nest too deep.
    Depth,
    /// The value is larger than allowed here.
    Size,
    /// The value is canonical but not of the shape that is expected here.
    Shape,
}

impl FaultCode {
    /// The stable public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "canon.truncated",
            Self::Trailing => "canon.trailing",
            Self::LongForm => "canon.long_form",
            Self::Type => "canon.type",
            Self::KeyType => "canon.key_type",
            Self::KeyOrder => "canon.key_order",
            Self::IntegerRange => "canon.integer_range",
            Self::Text => "canon.text",
            Self::Depth => "canon.depth",
            Self::Size => "canon.size",
            Self::Shape => "canon.shape",
        }
    }
}

/// A refusal: what is wrong, and the offset of the item that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub code: FaultCode,
    /// The offset of the first byte of the offending item.
    pub offset: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at byte {}", self.code.name(), self.offset)
    }
}

fn fault<T>(code: FaultCode, offset: usize) -> Result<T, Fault> {
    Err(Fault { code, offset })
}

/// How large and deep a value may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Encoded size.
    pub bytes_max: usize,
    /// Nesting of arrays and maps; a flat array has depth 1.
    pub depth_max: usize,
}

/// One item; arrays and maps announce their length and their members follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A signed integer.
    Integer(i64),
    /// A byte string, borrowed.
    Bytes(&'a [u8]),
    /// Text, borrowed.
    Text(&'a str),
    /// An array of so many items.
    Array(usize),
    /// A map of so many pairs.
    Map(usize),
    /// True or false.
    Boolean(bool),
    /// Null.
    Null,
}

/// Reads items one after another and refuses every second spelling.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Start at the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The offset of the next item.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The bytes from `start` up to the next item.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.data[start..self.at]
    }

    fn remaining(&self) -> usize {
        self.data.len() - self.at
    }

    /// Read one item.
    pub fn item(&mut self) -> Result<Item<'a>, Fault> {
        let start = self.at;
        let Some(&initial) = self.data.get(start) else {
            return fault(FaultCode::Truncated, start);
        };
        let (major, info) = (initial >> 5, initial & 0x1f);
        if major >= 6 {
            self.at += 1;
            return match initial {
                0xf4 => Ok(Item::Boolean(false)),
                0xf5 => Ok(Item::Boolean(true)),
                0xf6 => Ok(Item::Null),
                _ => fault(FaultCode::Type, start),
            };
        }
        let argument = self.argument(start, info)?;
        match major {
            0 => signed(argument, start).map(Item::Integer),
            1 => signed(argument, start).map(|value| Item::Integer(-1 - value)),
            2 => self.take(argument, start).map(Item::Bytes),
            3 => match std::str::from_utf8(self.take(argument, start)?) {
                Ok(text) => Ok(Item::Text(text)),
                Err(_) => fault(FaultCode::Text, start),
            },
            4 => self.count(argument, 1, start).map(Item::Array),
            _ => self.count(argument, 2, start).map(Item::Map),
        }
    }

    /// Read a map key that must be greater than `previous`.
    pub fn key(&mut self, previous: Option<u64>) -> Result<u64, Fault> {
        let start = self.at;
        let Some(&initial) = self.data.get(start) else {
            return fault(FaultCode::Truncated, start);
        };
        if initial >> 5 != 0 {
            return fault(FaultCode::KeyType, start);
        }
        let key = self.argument(start, initial & 0x1f)?;
        signed(key, start)?;
        if previous.is_some_and(|previous| key <= previous) {
            return fault(FaultCode::KeyOrder, start);
        }
        Ok(key)
    }

    /// Refuse bytes after the value.
    pub fn finish(&self) -> Result<(), Fault> {
        if self.at == self.data.len() { Ok(()) } else { fault(FaultCode::Trailing, self.at) }
    }

    /// Read an array head of exactly `length` items.
    pub fn array_of(&mut self, length: usize) -> Result<(), Fault> {
        let start = self.at;
        match self.item()? {
            Item::Array(found) if found == length => Ok(()),
            _ => fault(FaultCode::Shape, start),
        }
    }

    /// Read an array head of at most `length_max` items.
    pub fn array_up_to(&mut self, length_max: usize) -> Result<usize, Fault> {
        let start = self.at;
        match self.item()? {
            Item::Array(found) if found <= length_max => Ok(found),
            _ => fault(FaultCode::Shape, start),
        }
    }

    /// Read a map head of exactly `length` pairs.
    pub fn map_of(&mut self, length: usize) -> Result<(), Fault> {
        let start = self.at;
        match self.item()? {
            Item::Map(found) if found == length => Ok(()),
            _ => fault(FaultCode::Shape, start),
        }
    }

    /// Read the key `expected`.
    pub fn key_of(&mut self, expected: u64) -> Result<(), Fault> {
        let start = self.at;
        if self.key(None)? == expected { Ok(()) } else { fault(FaultCode::Shape, start) }
    }

    /// Read an unsigned integer.
    pub fn unsigned(&mut self) -> Result<u64, Fault> {
        let start = self.at;
        match self.item()? {
            Item::Integer(value) if value >= 0 => Ok(value.unsigned_abs()),
            _ => fault(FaultCode::Shape, start),
        }
    }

    /// Read a byte string.
    pub fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at;
        match self.item()? {
            Item::Bytes(value) => Ok(value),
            _ => fault(FaultCode::Shape, start),
        }
    }

    /// Read a byte string of a fixed length.
    pub fn bytes_of<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let start = self.at;
        <[u8; N]>::try_from(self.bytes()?).or_else(|_| fault(FaultCode::Shape, start))
    }

    fn argument(&mut self, start: usize, info: u8) -> Result<u64, Fault> {
        let width = match info {
            0..=23 => {
                self.at += 1;
                return Ok(u64::from(info));
            }
            24..=27 => 1usize << (info - 24),
            _ => return fault(FaultCode::Type, start),
        };
        let Some(bytes) = self.data.get(start + 1..start + 1 + width) else {
            return fault(FaultCode::Truncated, start);
        };
        let value = bytes.iter().fold(0u64, |sum, &byte| (sum << 8) | u64::from(byte));
        let least = [24, 1 << 8, 1 << 16, 1 << 32][usize::from(info - 24)];
        if value < least {
            return fault(FaultCode::LongForm, start);
        }
        self.at = start + 1 + width;
        Ok(value)
    }

    fn take(&mut self, length: u64, start: usize) -> Result<&'a [u8], Fault> {
        match usize::try_from(length) {
            Ok(length) if length <= self.remaining() => {
                self.at += length;
                Ok(&self.data[self.at - length..self.at])
            }
            _ => fault(FaultCode::Truncated, start),
        }
    }

    fn count(&self, length: u64, per_item: u64, start: usize) -> Result<usize, Fault> {
        let fits = length.checked_mul(per_item).is_some_and(|needed| needed <= self.remaining() as u64);
        match usize::try_from(length) {
            Ok(length) if fits => Ok(length),
            _ => fault(FaultCode::Truncated, start),
        }
    }
}

fn signed(argument: u64, start: usize) -> Result<i64, Fault> {
    i64::try_from(argument).or_else(|_| fault(FaultCode::IntegerRange, start))
}

/// Makes the values of some language from items.
pub trait Builder {
    /// A value.
    type Value;
    /// What building can fail with.
    type Error: From<Fault>;
    /// An integer, byte string, text, boolean or null.
    fn scalar(&mut self, item: Item<'_>) -> Result<Self::Value, Self::Error>;
    /// An array.
    fn array(&mut self, items: Vec<Self::Value>) -> Result<Self::Value, Self::Error>;
    /// A map, keys ascending.
    fn map(&mut self, pairs: Vec<(u64, Self::Value)>) -> Result<Self::Value, Self::Error>;
}

/// Members for which room is made before they are read; a longer array or map grows as they come.
const RESERVED_MAX: usize = 4_096;

/// Decode exactly one value.
pub fn decode<B: Builder>(data: &[u8], limits: Limits, builder: &mut B) -> Result<B::Value, B::Error> {
    if data.len() > limits.bytes_max {
        return Err(Fault { code: FaultCode::Size, offset: 0 }.into());
    }
    let mut reader = Reader::new(data);
    let value = value(&mut reader, limits.depth_max, builder)?;
    reader.finish()?;
    Ok(value)
}

fn value<B: Builder>(
    reader: &mut Reader<'_>,
    depth_left: usize,
    builder: &mut B,
) -> Result<B::Value, B::Error> {
    let start = reader.offset();
    let item = reader.item()?;
    let length = match item {
        Item::Array(length) | Item::Map(length) => length,
        scalar => return builder.scalar(scalar),
    };
    if depth_left == 0 {
        return Err(Fault { code: FaultCode::Depth, offset: start }.into());
    }
    // `item` compared the length with what remains, but each level of nesting may announce all of it.
    let reserved = length.min(RESERVED_MAX);
    if let Item::Array(_) = item {
        let mut items = Vec::with_capacity(reserved);
        for _ in 0..length {
            items.push(value(reader, depth_left - 1, builder)?);
        }
        return builder.array(items);
    }
    let mut pairs: Vec<(u64, B::Value)> = Vec::with_capacity(reserved);
    for _ in 0..length {
        let key = reader.key(pairs.last().map(|pair| pair.0))?;
        pairs.push((key, value(reader, depth_left - 1, builder)?));
    }
    builder.map(pairs)
}
