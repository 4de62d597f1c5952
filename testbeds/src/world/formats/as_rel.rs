//! CAIDA's AS relationships (<https://www.caida.org/catalog/datasets/as-relationships/>).
//!
//! ```text
//! # comments
//! 64500|64501|-1          serial-1: AS64500 is a provider of AS64501
//! 64500|64502|0|bgp       serial-2: they are peers; from where that is known
//! ```
//!
//! A year's graph has 600,000 lines, and a bench reads it before each run. So this parser goes over the
//! octets once, without a text for a line, and leaves it to [`fault`] to say what is wrong with a line.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::world::build::{Column, Columns};
use crate::world::{Limits, Names, ParseError, Relationship, World};

pub(super) fn parse(content: &[u8], limits: &Limits) -> Result<World, ParseError> {
    // The shortest line has 6 octets, the usual one 18.
    let expected = (content.len() / 16).min(limits.links);
    let mut ends = Vec::with_capacity(expected);
    let mut relationships = Vec::with_capacity(expected);
    let mut numbers = Numbers::default();
    // The lines of one AS stand together: its digits with the bar after them, and its number.
    let mut last: Option<(&[u8], u32)> = None;
    let mut rest = content;
    let mut line = 0;
    while !rest.is_empty() {
        line += 1;
        let again = last.and_then(|(digits, a)| Some((a, rest.strip_prefix(digits)?)));
        let (a, after) = match again {
            Some(again) => again,
            None => {
                let Some((asn, after)) = asn(rest) else {
                    rest = comment(rest).ok_or_else(|| fault(rest, line))?;
                    continue;
                };
                let a = numbers.of(asn);
                last = rest
                    .get(..rest.len() - after.len())
                    .map(|digits| (digits, a));
                (a, after)
            }
        };
        let read = asn(after).and_then(|(b, after)| Some((numbers.of(b), entry(after)?)));
        let Some((b, (relationship, after))) = read else {
            return Err(fault(rest, line));
        };
        if a == b {
            return Err(fault(rest, line));
        }
        if ends.len() >= limits.links {
            return Err(ParseError::too_many_links(line, limits.links));
        }
        if numbers.asns.len() > limits.nodes {
            return Err(ParseError::too_many_nodes(line, limits.nodes));
        }
        ends.push((a, b));
        relationships.push(Some(relationship));
        rest = after;
    }
    let links = Columns {
        ends,
        relationships: Column(relationships),
        ..Columns::default()
    };
    Ok(World::of(Names::Asns(numbers.asns), Vec::new(), links))
}

impl World {
    /// The world in CAIDA's serial-2 form, of which every source is `bgp`; `None` if a node has no AS number
    /// or a link no relationship. Nodes without links, positions, delays and bandwidths are not in it.
    #[must_use]
    pub fn to_as_rel2(&self) -> Option<String> {
        let mut text = String::with_capacity(20 * self.link_count());
        for link in self.links() {
            let relationship = match link.relationship? {
                Relationship::ProviderOf => "-1",
                Relationship::Peers => "0",
            };
            let (a, b) = (self.asn(link.a)?, self.asn(link.b)?);
            // Writing to a String does not fail.
            let _ = writeln!(text, "{a}|{b}|{relationship}|bgp");
        }
        Some(text)
    }
}

/// AS numbers to nodes, in the order in which they come.
struct Numbers {
    /// One more than the node of each AS number below [`SMALL`]; 0 if it did not come yet.
    small: Vec<u32>,
    large: HashMap<u32, u32>,
    asns: Vec<u32>,
}

/// Above all AS numbers that were given out by 2025 (the highest is near 402,000), and so small that the
/// table is in the cache.
const SMALL: usize = 1 << 19;

impl Default for Numbers {
    fn default() -> Self {
        Self {
            small: vec![0; SMALL],
            large: HashMap::new(),
            asns: Vec::new(),
        }
    }
}

impl Numbers {
    fn of(&mut self, asn: u32) -> u32 {
        if let Some(known) = self.small.get_mut(asn as usize) {
            if *known == 0 {
                self.asns.push(asn);
                *known = count(&self.asns);
            }
            return *known - 1;
        }
        *self.large.entry(asn).or_insert_with(|| {
            self.asns.push(asn);
            count(&self.asns) - 1
        })
    }
}

/// How many there are: each is another u32 that is not 0, so fewer than 2^32.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn count(asns: &[u32]) -> u32 {
    asns.len() as u32
}

/// An AS number and what follows the bar after it.
#[inline]
fn asn(octets: &[u8]) -> Option<(u32, &[u8])> {
    let mut rest = octets;
    let mut asn = 0_u64;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        asn = asn * 10 + u64::from(digit - b'0');
        if asn > u64::from(u32::MAX) {
            return None;
        }
        rest = after;
    }
    let after = rest.strip_prefix(b"|")?;
    let asn = u32::try_from(asn).ok()?;
    (asn != 0).then_some((asn, after))
}

/// A relationship with the source perhaps, and what follows the line.
#[inline]
fn entry(octets: &[u8]) -> Option<(Relationship, &[u8])> {
    let (relationship, rest) = match octets {
        [b'0', rest @ ..] => (Relationship::Peers, rest),
        [b'-', b'1', rest @ ..] => (Relationship::ProviderOf, rest),
        _ => return None,
    };
    let rest = match rest {
        [b'|', b'b', b'g', b'p', b'\n', rest @ ..] => rest,
        [b'\n', rest @ ..] => rest,
        [b'|', source @ ..] => {
            let (source, rest) = split_line(source);
            is_source(source).then_some(rest)?
        }
        _ => {
            let (end, rest) = split_line(rest);
            end.is_empty().then_some(rest)?
        }
    };
    Some((relationship, rest))
}

/// Any word: `bgp`, `mlp`, `bgp,mlp`, ...
fn is_source(octets: &[u8]) -> bool {
    !octets.is_empty()
        && octets
            .iter()
            .all(|octet| octet.is_ascii_graphic() && *octet != b'|')
}

/// What follows a comment or an empty line.
fn comment(octets: &[u8]) -> Option<&[u8]> {
    let (line, rest) = split_line(octets);
    (line.is_empty() || line.starts_with(b"#")).then_some(rest)
}

/// A line without its end, and what follows it.
fn split_line(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.iter().position(|octet| *octet == b'\n');
    let (line, rest) = match end.and_then(|end| octets.split_at_checked(end)) {
        Some((line, rest)) => (line, rest.get(1..).unwrap_or_default()),
        None => (octets, &[][..]),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// What is wrong with the line that `octets` begin with.
#[cold]
fn fault(octets: &[u8], number: usize) -> ParseError {
    let (octets, _) = split_line(octets);
    let line = octets.escape_ascii().to_string();
    let invalid = |field, value, rule| ParseError::invalid(number, field, value, rule);
    let fields: Vec<&str> = line.split('|').collect();
    let ([a, b, relationship] | [a, b, relationship, _]) = fields[..] else {
        let rule = "'AS|AS|relationship', with '|source' perhaps";
        return invalid("line", &line, rule);
    };
    for (field, value) in [("first AS", a), ("second AS", b)] {
        if asn(format!("{value}|").as_bytes()).is_none() {
            return invalid(field, value, "an AS number, 1 to 4294967295");
        }
    }
    if !matches!(relationship, "-1" | "0") {
        let rule = "-1 (the first is a provider of the second) or 0 (peers)";
        return invalid("relationship", relationship, rule);
    }
    match fields.get(3) {
        Some(source) if !is_source(source.as_bytes()) => {
            invalid("source", source, "a word, as bgp or mlp")
        }
        _ => invalid("second AS", b, "another AS than the first"),
    }
}
