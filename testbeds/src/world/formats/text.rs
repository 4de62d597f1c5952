//! What the formats that are lines of words have in common.

use std::str::FromStr;
use std::time::Duration;

use nffg::{Bandwidth, Delay};

use crate::world::{ParseError, Position};

/// The content as text.
pub(super) fn utf8(content: &[u8]) -> Result<&str, ParseError> {
    std::str::from_utf8(content).map_err(|error| {
        let (good, bad) = content.split_at(error.valid_up_to());
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        let begin = bad.get(..8).unwrap_or(bad).escape_ascii().to_string();
        ParseError::invalid(line, "text", &begin, "UTF-8")
    })
}

/// The lines that have words, numbered from 1.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    /// The number of the last line that was read.
    last: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let lines = text.lines().enumerate();
        Self { lines, last: 0 }
    }

    /// The next line, which must have `N` words.
    pub(super) fn expect<const N: usize>(
        &mut self,
        field: &'static str,
        rule: &'static str,
    ) -> Result<(usize, [&'a str; N]), ParseError> {
        let Some((number, line)) = self.next() else {
            return Err(ParseError::invalid(self.last + 1, field, "", rule));
        };
        let mut words = line.split_ascii_whitespace();
        let found = std::array::from_fn(|_| words.next().unwrap_or_default());
        if found.iter().any(|word| word.is_empty()) || words.next().is_some() {
            return Err(ParseError::invalid(number, field, line, rule));
        }
        Ok((number, found))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (at, line) = self.lines.find(|(_, line)| !line.trim_ascii().is_empty())?;
        self.last = at + 1;
        Some((self.last, line))
    }
}

/// A field that is a number of some kind.
pub(super) fn number<T: FromStr>(
    line: usize,
    field: &'static str,
    text: &str,
    rule: &'static str,
) -> Result<T, ParseError> {
    text.parse()
        .map_err(|_| ParseError::invalid(line, field, text, rule))
}

/// A field that is the number of a node, of which there are `nodes`.
pub(super) fn node(
    line: usize,
    field: &'static str,
    text: &str,
    nodes: usize,
) -> Result<u32, ParseError> {
    const RULE: &str = "the number of a node, from 0 to below the number of nodes";
    let node: u32 = number(line, field, text, RULE)?;
    if node as usize >= nodes {
        return Err(ParseError::invalid(line, field, text, RULE));
    }
    Ok(node)
}

/// A longitude and a latitude, in this order, as x and y.
pub(super) fn position(line: usize, x: &str, y: &str) -> Result<Position, ParseError> {
    let longitude: f64 = number(line, "longitude", x, Position::RULE)?;
    let latitude: f64 = number(line, "latitude", y, Position::RULE)?;
    let bad = || ParseError::invalid(line, "position", &format!("{x} {y}"), Position::RULE);
    Position::new(latitude, longitude).ok_or_else(bad)
}

/// A delay in microseconds.
pub(super) fn micros(line: usize, text: &str) -> Result<Delay, ParseError> {
    Delay::parse(text, Duration::from_micros(1))
        .map_err(|error| ParseError::invalid(line, "delay", text, error.rule))
}

/// A bandwidth in `unit` bits per second.
pub(super) fn bandwidth(
    line: usize,
    field: &'static str,
    text: &str,
    unit: f64,
) -> Result<Bandwidth, ParseError> {
    Bandwidth::parse(text, unit).map_err(|error| ParseError::invalid(line, field, text, error.rule))
}
