//! Where the members that a report names stand in the text of a JSON or YAML document.
//!
//! Readers name a member as a [`Cursor`](crate::json::Cursor) does, `nodes/node[0]/id`, and know nothing of
//! lines. Only when there is something to tell is the text walked again, once, by the events of a YAML
//! parser: YAML 1.2 contains JSON. Aliases are not unfolded; what is told of their content stands at the
//! alias.

use std::fmt::Write as _;
use std::ops::Range;

use granit_parser::{Event, Parser};

/// A member as people find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The JSON pointer (RFC 6901) to it, or that it would have if it were there.
    pub(crate) pointer: String,
    /// The byte where it starts, or what it is missing from; `None` where the text could not be walked.
    ///
    /// An object, an array or nothing at all that has a name starts with that name.
    pub(crate) offset: Option<usize>,
}

/// Finds each of `paths`, in their order.
///
/// Member names with `/` or `[0]` in them make paths that mean several members; the last of them is found, and
/// so is the last of several members of one name, which is what JSON readers read.
pub(crate) fn locate(text: &str, paths: &[&str]) -> Vec<Place> {
    let mut sorted = paths.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut walk = Walk::new(sorted);
    let whole = Parser::new_from_str(text).all(|event| match event {
        Ok((event, span)) => {
            let start = span.start.byte_offset().unwrap_or_default();
            walk.event(&event, start, span.is_empty());
            true
        }
        Err(_) => false,
    });
    paths.iter().map(|path| walk.place(path, whole)).collect()
}

/// The nearest to a path that was found: the member itself, or one that it is in.
#[derive(Clone, Debug)]
struct Found {
    /// How many bytes of the path lead to it.
    matched: usize,
    pointer: String,
    offset: usize,
}

/// The part of `paths` that lead to a value or into it.
#[derive(Clone, Debug, Default)]
struct Candidates {
    /// They stand side by side, since the paths are sorted.
    range: Range<usize>,
    /// How many bytes of each lead to the value.
    matched: usize,
    /// Where the value's name starts.
    name: Option<usize>,
    /// The length of the pointer to what the value is in.
    outer: usize,
}

/// An array or object in which candidates are.
struct Open {
    of: Candidates,
    next: Next,
}

enum Next {
    Element(usize),
    Name,
    Member(Candidates),
}

struct Walk<'p> {
    paths: Vec<&'p str>,
    found: Vec<Option<Found>>,
    /// The arrays and objects that the walk is in, but for those without candidates.
    open: Vec<Open>,
    /// How many without candidates it is in.
    skipped: usize,
    /// The pointer to the innermost open one, or to the member whose name was read last.
    pointer: String,
    segment: String,
}

impl<'p> Walk<'p> {
    fn new(paths: Vec<&'p str>) -> Self {
        Self {
            found: vec![None; paths.len()],
            paths,
            open: Vec::new(),
            skipped: 0,
            pointer: String::new(),
            segment: String::new(),
        }
    }

    fn event(&mut self, event: &Event<'_>, start: usize, empty: bool) {
        match event {
            Event::Scalar(text, ..) if self.wants_name() => self.name(text, start),
            Event::Scalar(..) | Event::Alias(_) => {
                let of = self.value(start, empty);
                self.pointer.truncate(of.outer);
            }
            Event::SequenceStart(..) => self.enter(start, Next::Element(0)),
            Event::MappingStart(..) => self.enter(start, Next::Name),
            Event::SequenceEnd | Event::MappingEnd if self.skipped > 0 => self.skipped -= 1,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(closed) = self.open.pop() {
                    self.pointer.truncate(closed.of.outer);
                }
            }
            _ => {}
        }
    }

    fn wants_name(&self) -> bool {
        let next = self.open.last().map(|open| &open.next);
        self.skipped == 0 && matches!(next, Some(Next::Name))
    }

    fn name(&mut self, name: &str, start: usize) {
        let outer = self.pointer.len();
        let Some(open) = self.open.last_mut() else {
            return;
        };
        self.segment.clear();
        if open.of.matched > 0 {
            self.segment.push('/');
        }
        self.segment.push_str(name);
        let mut member = narrow(&self.paths, &open.of, &self.segment);
        member.name = Some(start);
        member.outer = outer;
        if !member.range.is_empty() {
            push_token(&mut self.pointer, name);
        }
        open.next = Next::Member(member);
    }

    fn enter(&mut self, start: usize, next: Next) {
        if self.skipped > 0 || self.wants_name() {
            // An object or array for a name is none that JSON can have.
            if let (0, Some(open)) = (self.skipped, self.open.last_mut()) {
                open.next = Next::Member(Candidates {
                    outer: self.pointer.len(),
                    ..Candidates::default()
                });
            }
            self.skipped += 1;
            return;
        }
        let of = self.value(start, true);
        if of.range.is_empty() {
            self.skipped += 1;
        } else {
            self.open.push(Open { of, next });
        }
    }

    /// Notes that a value starts, at its name if it `leans` on it, and tells which paths lead on from it.
    fn value(&mut self, start: usize, leans: bool) -> Candidates {
        if self.skipped > 0 {
            return Candidates {
                outer: self.pointer.len(),
                ..Candidates::default()
            };
        }
        let of = self.candidates();
        let offset = of.name.filter(|_| leans).unwrap_or(start);
        let paths = self.paths.get(of.range.clone()).unwrap_or_default();
        let found = self.found.get_mut(of.range.clone()).unwrap_or_default();
        let is_root = self.open.is_empty();
        for (path, found) in paths.iter().zip(found) {
            let rest = path.get(of.matched..).unwrap_or_default();
            let ends = rest.is_empty() || rest.starts_with('/') || index(rest).is_some();
            let farther = found
                .as_ref()
                .is_none_or(|found| found.matched <= of.matched);
            if is_root || (of.matched > 0 && ends && farther) {
                *found = Some(Found {
                    matched: of.matched,
                    pointer: self.pointer.clone(),
                    offset,
                });
            }
        }
        of
    }

    /// The paths that lead to the value that comes now, or into it.
    fn candidates(&mut self) -> Candidates {
        let outer = self.pointer.len();
        let Some(open) = self.open.last_mut() else {
            return Candidates {
                range: 0..self.paths.len(),
                ..Candidates::default()
            };
        };
        match std::mem::replace(&mut open.next, Next::Name) {
            Next::Element(index) => {
                open.next = Next::Element(index + 1);
                self.segment.clear();
                // Writing to a string cannot fail.
                let _ = write!(self.segment, "[{index}]");
                let mut element = narrow(&self.paths, &open.of, &self.segment);
                element.outer = outer;
                if !element.range.is_empty() {
                    let _ = write!(self.pointer, "/{index}");
                }
                element
            }
            Next::Member(member) => member,
            // Only an alias comes where a name is wanted and is none.
            Next::Name => {
                let nothing = Candidates {
                    outer,
                    ..Candidates::default()
                };
                open.next = Next::Member(nothing.clone());
                nothing
            }
        }
    }

    fn place(&self, path: &str, whole: bool) -> Place {
        let found = self.paths.binary_search(&path).ok();
        let found = found.and_then(|index| self.found.get(index)?.as_ref());
        let (mut pointer, matched) = found.map_or((String::new(), 0), |found| {
            (found.pointer.clone(), found.matched)
        });
        push_path(&mut pointer, path.get(matched..).unwrap_or_default());
        // Of a text that was not walked to its end nobody knows what is missing.
        let known = |found: &&Found| whole || found.matched == path.len();
        Place {
            pointer,
            offset: found.filter(known).map(|found| found.offset),
        }
    }
}

/// What is left of a path after its first bytes.
fn rest(path: &str, matched: usize) -> &[u8] {
    path.as_bytes().get(matched..).unwrap_or_default()
}

/// Those of the candidates that go on with `segment`.
fn narrow(paths: &[&str], of: &Candidates, segment: &str) -> Candidates {
    let segment = segment.as_bytes();
    let paths = paths.get(of.range.clone()).unwrap_or_default();
    let from = paths.partition_point(|path| rest(path, of.matched) < segment);
    let going_on = paths.get(from..).unwrap_or_default();
    let count = going_on.partition_point(|path| rest(path, of.matched).starts_with(segment));
    let start = of.range.start + from;
    Candidates {
        range: start..start + count,
        matched: of.matched + segment.len(),
        ..Candidates::default()
    }
}

/// Appends a name as RFC 6901 §3 escapes it.
fn push_token(pointer: &mut String, name: &str) {
    pointer.push('/');
    for character in name.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            _ => pointer.push(character),
        }
    }
}

/// Appends what a path says, member by member.
fn push_path(pointer: &mut String, path: &str) {
    let mut rest = path;
    while !rest.is_empty() {
        if let Some((index, tail)) = index(rest) {
            push_token(pointer, index);
            rest = tail;
            continue;
        }
        rest = rest.strip_prefix('/').unwrap_or(rest);
        let ends = |(at, character): &(usize, char)| match character {
            '/' => true,
            '[' => rest.get(*at..).and_then(index).is_some(),
            _ => false,
        };
        let end = rest.char_indices().find(ends);
        let (name, tail) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        push_token(pointer, name);
        rest = tail;
    }
}

/// An index at the beginning of a path, and what comes after it.
fn index(path: &str) -> Option<(&str, &str)> {
    let inner = path.strip_prefix('[')?;
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let (index, tail) = inner.split_at_checked(digits)?;
    let tail = tail.strip_prefix(']')?;
    let ends = tail.is_empty() || tail.starts_with(['/', '[']);
    (digits > 0 && ends).then_some((index, tail))
}

#[cfg(test)]
mod tests;
