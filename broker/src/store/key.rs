//! Keys that sort as what they stand for.
//!
//! A key is a row of parts. Text ends with two zero octets, and a zero octet within it is followed by 0xFF; a
//! number is eight octets, highest first. So keys compare as their parts do, one after the other, no
//! key of a shorter text begins one of a longer, and all keys with the same first parts lie together.

use bytes::Bytes;

/// What a typed table's keys are made of.
pub trait Key: Sized {
    /// Writes the parts.
    fn write(&self, to: &mut Writer);

    /// Reads the parts; `None` when they are not there.
    fn read(from: &mut Reader<'_>) -> Option<Self>;

    /// The key's bytes.
    fn encode(&self) -> Bytes {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.done()
    }

    /// The key that has these bytes, all of them.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { rest: bytes };
        let key = Self::read(&mut reader)?;
        reader.rest.is_empty().then_some(key)
    }
}

/// Writes the parts of a key.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Adds a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for &octet in text.as_bytes() {
            self.bytes.push(octet);
            if octet == 0 {
                self.bytes.push(0xff);
            }
        }
        self.bytes.extend([0, 0]);
        self
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.bytes.extend(number.to_be_bytes());
        self
    }

    /// The key.
    #[must_use]
    pub fn done(self) -> Bytes {
        self.bytes.into()
    }
}

/// Reads the parts of a key.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the front of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// A text, if one is next.
    pub fn text(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match self.rest {
                [0, 0, rest @ ..] => {
                    self.rest = rest;
                    return String::from_utf8(text).ok();
                }
                [0, 0xff, rest @ ..] => {
                    text.push(0);
                    self.rest = rest;
                }
                [0, ..] | [] => return None,
                [octet, rest @ ..] => {
                    text.push(*octet);
                    self.rest = rest;
                }
            }
        }
    }

    /// A number, if one is next.
    pub fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_be_bytes(*number))
    }
}

impl Key for String {
    fn write(&self, to: &mut Writer) {
        to.text(self);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.text()
    }
}

impl Key for u64 {
    fn write(&self, to: &mut Writer) {
        to.number(*self);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.number()
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
        self.1.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?))
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
        self.1.write(to);
        self.2.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?, C::read(from)?))
    }
}
