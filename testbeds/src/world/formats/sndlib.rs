//! SNDlib's native format for networks (Orlowski, Pioro, Tomaszewski and Wessaely 2010).
//!
//! ```text
//! ?SNDlib native format; type: network; version: 1.0
//! META (
//!   unit = MBITPERSEC
//! )
//! NODES (
//!   Vienna ( 16.37 48.21 )
//!   Graz ( 15.44 47.07 )
//! )
//! LINKS (
//!   L1 ( Vienna Graz ) 0.00 0.00 0.00 0.00 ( 155.00 150.00 622.00 450.00 )
//! )
//! ```
//!
//! A node may have coordinates, longitude first; a network with one that is not on earth has none. A link
//! has its capacity as installed, three costs, and modules of a capacity and a cost each that may be
//! installed. Its bandwidth is what is installed, or the least module where nothing is; but only where the
//! file tells the unit. Whether links are directed is not in the file: they are both ways. Delays are those
//! of the great circle.

use std::collections::HashMap;

use nffg::Bandwidth;

use super::text::{self, utf8};
use crate::world::{Limits, Link, ParseError, Position, World};

pub(super) const MAGIC: &str = "?SNDlib native format";

pub(super) fn parse(content: &[u8], limits: &Limits) -> Result<World, ParseError> {
    let text = utf8(content)?.trim_ascii_start();
    let first = text.lines().next().unwrap_or_default();
    if !first.starts_with(MAGIC) || !first.contains("type: network") {
        let rule = "'?SNDlib native format; type: network; version: 1.0'";
        return Err(ParseError::invalid(1, "first line", first, rule));
    }
    let skipped = utf8(content)?.len() - text.len();
    let before = utf8(content)?.get(..skipped).unwrap_or_default();
    let mut words = Words {
        rest: text.get(first.len()..).unwrap_or_default(),
        line: 1 + before.matches('\n').count(),
    };
    let mut reader = Reader {
        limits,
        unit: None,
        numbers: HashMap::new(),
        nodes: Vec::new(),
        links: Vec::new(),
    };
    while let Some(section) = words.next() {
        words.expect("(", "section")?;
        match section {
            "META" => reader.meta(&mut words)?,
            "NODES" => reader.nodes(&mut words)?,
            "LINKS" => reader.links(&mut words)?,
            _ => words.skip_section()?,
        }
    }
    reader.finish()
}

/// Words and parentheses, without comments.
struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        loop {
            let trimmed = self.rest.trim_ascii_start();
            let blanks = self.rest.get(..self.rest.len() - trimmed.len());
            self.line += blanks.unwrap_or_default().matches('\n').count();
            self.rest = trimmed;
            let end = match trimmed.bytes().next()? {
                b'#' => {
                    let end = trimmed.find('\n').unwrap_or(trimmed.len());
                    self.rest = trimmed.get(end..)?;
                    continue;
                }
                b'(' | b')' => 1,
                _ => {
                    let ends = |c: char| c.is_ascii_whitespace() || c == '(' || c == ')';
                    trimmed.find(ends).unwrap_or(trimmed.len())
                }
            };
            let (word, rest) = trimmed.split_at_checked(end)?;
            self.rest = rest;
            return Some(word);
        }
    }

    /// A word that must come.
    fn word(&mut self, field: &'static str) -> Result<&'a str, ParseError> {
        let found = self.next().unwrap_or_default();
        if matches!(found, "" | "(" | ")") {
            let rule = "a word, before the section ends";
            return Err(ParseError::invalid(self.line, field, found, rule));
        }
        Ok(found)
    }

    /// A parenthesis that must come.
    fn expect(&mut self, parenthesis: &str, field: &'static str) -> Result<(), ParseError> {
        let found = self.next().unwrap_or_default();
        if found != parenthesis {
            let rule = match parenthesis {
                "(" => "'(' must come here",
                _ => "')' must come here",
            };
            return Err(ParseError::invalid(self.line, field, found, rule));
        }
        Ok(())
    }

    /// The word that begins an entry; `None` at the end of the section.
    fn entry(&mut self, field: &'static str) -> Result<Option<&'a str>, ParseError> {
        match self.next() {
            Some(")") => Ok(None),
            Some(word) if word != "(" => Ok(Some(word)),
            other => {
                let rule = "a name, or ')' at the section's end";
                let found = other.unwrap_or_default();
                Err(ParseError::invalid(self.line, field, found, rule))
            }
        }
    }

    /// Whether an opening parenthesis comes next.
    fn opens(&self) -> bool {
        let mut ahead = Words {
            rest: self.rest,
            line: self.line,
        };
        ahead.next() == Some("(")
    }

    fn skip_section(&mut self) -> Result<(), ParseError> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next() {
                Some("(") => depth += 1,
                Some(")") => depth -= 1,
                Some(_) => {}
                None => {
                    let rule = "')' must end the section";
                    return Err(ParseError::invalid(self.line, "section", "", rule));
                }
            }
        }
        Ok(())
    }
}

struct Reader<'a> {
    limits: &'a Limits,
    /// Bits per second.
    unit: Option<f64>,
    numbers: HashMap<&'a str, u32>,
    nodes: Vec<(&'a str, Option<(f64, f64)>)>,
    /// Links, and their capacities as long as their unit is not known.
    links: Vec<(Link, Option<Capacity<'a>>)>,
}

/// A capacity in the file's own unit.
struct Capacity<'a> {
    line: usize,
    text: &'a str,
}

impl<'a> Reader<'a> {
    /// Lines `name = value`, up to a line that is `)`: a value is any text, with parentheses perhaps.
    fn meta(&mut self, words: &mut Words<'a>) -> Result<(), ParseError> {
        while let Some((line, rest)) = words.rest.split_once('\n') {
            if line.trim_ascii() == ")" {
                break;
            }
            if let Some((name, value)) = line.split_once('=')
                && name.trim_ascii() == "unit"
            {
                self.unit = unit_of(value.trim_ascii());
            }
            words.rest = rest;
            words.line += 1;
        }
        words.expect(")", "META")
    }

    fn nodes(&mut self, words: &mut Words<'a>) -> Result<(), ParseError> {
        while let Some(name) = words.entry("node")? {
            let at = words.line;
            if self.nodes.len() >= self.limits.nodes {
                return Err(ParseError::too_many_nodes(at, self.limits.nodes));
            }
            let number = u32::try_from(self.nodes.len())
                .map_err(|_| ParseError::too_many_nodes(at, u32::MAX as usize))?;
            if self.numbers.insert(name, number).is_some() {
                let rule = "a node may be listed once";
                return Err(ParseError::invalid(at, "node", name, rule));
            }
            let mut place = None;
            if words.opens() {
                words.expect("(", "coordinates")?;
                let (x, y) = (words.word("longitude")?, words.word("latitude")?);
                words.expect(")", "coordinates")?;
                let x: f64 = text::number(at, "longitude", x, "a number")?;
                let y: f64 = text::number(at, "latitude", y, "a number")?;
                place = Some((y, x));
            }
            self.nodes.push((name, place));
        }
        Ok(())
    }

    fn links(&mut self, words: &mut Words<'a>) -> Result<(), ParseError> {
        while words.entry("link")?.is_some() {
            let at = words.line;
            if self.links.len() >= self.limits.links {
                return Err(ParseError::too_many_links(at, self.limits.links));
            }
            words.expect("(", "ends")?;
            let a = self.end(at, "source", words.word("source")?)?;
            let b = self.end(at, "target", words.word("target")?)?;
            words.expect(")", "ends")?;
            let number = |field, word: &str| {
                let rule = "a number that is not negative";
                let number: f64 = text::number(at, field, word, rule)?;
                if !number.is_finite() || number < 0.0 {
                    return Err(ParseError::invalid(at, field, word, rule));
                }
                Ok(number)
            };
            let installed = words.word("pre-installed capacity")?;
            let amount = number("pre-installed capacity", installed)?;
            for cost in ["pre-installed capacity cost", "routing cost", "setup cost"] {
                number(cost, words.word(cost)?)?;
            }
            words.expect("(", "modules")?;
            let mut capacity = (amount > 0.0).then_some((amount, installed));
            let mut least: Option<(f64, &str)> = None;
            while let Some(module) = words.entry("module capacity")? {
                let amount = number("module capacity", module)?;
                number("module cost", words.word("module cost")?)?;
                if least.is_none_or(|(least, _)| amount < least) {
                    least = Some((amount, module));
                }
            }
            capacity = capacity.or(least);
            let link = Link {
                a,
                b,
                ..Link::default()
            };
            let told = capacity.map(|(_, text)| Capacity { line: at, text });
            self.links.push((link, told));
        }
        Ok(())
    }

    fn end(&self, line: usize, field: &'static str, name: &str) -> Result<u32, ParseError> {
        let rule = "the name of a node of the NODES section before";
        let known = self.numbers.get(name).copied();
        known.ok_or_else(|| ParseError::invalid(line, field, name, rule))
    }

    fn finish(self) -> Result<World, ParseError> {
        let place = |at: Option<(f64, f64)>| at.and_then(|(y, x)| Position::new(y, x));
        let on_earth =
            |node: &(&str, Option<(f64, f64)>)| node.1.is_none() || place(node.1).is_some();
        let geographic = self.nodes.iter().all(on_earth);
        let nodes = self.nodes.iter().map(|(name, at)| {
            let position = place(*at).filter(|_| geographic);
            ((*name).to_owned(), position)
        });
        let mut links = Vec::with_capacity(self.links.len());
        for (mut link, capacity) in self.links {
            if let Some((unit, capacity)) = self.unit.zip(capacity) {
                let bandwidth: Bandwidth =
                    text::bandwidth(capacity.line, "capacity", capacity.text, unit)?;
                link.bandwidth_there = Some(bandwidth);
                link.bandwidth_back = Some(bandwidth);
            }
            links.push(link);
        }
        Ok(World::labelled(nodes.collect(), links))
    }
}

/// A unit of META in bits per second, if it is one of bandwidth.
fn unit_of(name: &str) -> Option<f64> {
    match name {
        "BITPERSEC" => Some(1.0),
        "KBITPERSEC" => Some(1e3),
        "MBITPERSEC" => Some(1e6),
        "GBITPERSEC" => Some(1e9),
        _ => None,
    }
}
