//! What is wrong with an exporter's document: every fault, each with its place, value and rule.
//!
//! An orchestrator's operator who reads one fault, mends it and waits for the next poll to hear of
//! the second is badly served, so a reader goes on after a fault and tells them all.

mod locate;

use std::fmt;

use crate::Warning;
use crate::json::{FieldError, Problem, cut};

/// How many faults, and how many warnings, one document may bring. The rest is counted.
pub(crate) const MAX_TOLD: usize = 100;

/// Something in a document that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it is, for formats that have lines.
    pub position: Option<Position>,
    /// The element (an XPath) or the member (a JSON pointer, RFC 6901: `/nodes/node/0/id`); empty for the
    /// document itself.
    pub path: String,
    /// The value that was found there, cut after 80 characters.
    pub value: Option<String>,
    /// The rule that it breaks.
    pub rule: String,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.value {
            Some(value) => write!(f, "'{value}' is not allowed: {}", self.rule),
            None => f.write_str(&self.rule),
        }
    }
}

impl From<FieldError> for Fault {
    fn from(error: FieldError) -> Self {
        let (value, rule) = match error.problem {
            Problem::Missing => (None, "the field is missing".to_owned()),
            Problem::WrongType { expected, found } => {
                (Some(found), format!("{expected} is expected"))
            }
            Problem::Invalid { value, rule } => (Some(value), rule),
        };
        Self {
            position: None,
            path: error.field,
            value,
            rule,
        }
    }
}

/// At least one fault, in the order of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    fn total(&self) -> usize {
        self.list.len() + self.more
    }
}

/// The first fault, and how many there are besides.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.list.first() {
            write!(f, "{first}")?;
        }
        match self.total().saturating_sub(1) {
            0 => Ok(()),
            1 => f.write_str(" (and 1 more fault)"),
            more => write!(f, " (and {more} more faults)"),
        }
    }
}

/// Why a document cannot be taken: every fault that it has, in the order of the document. As text, the
/// first of them and how many there are besides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DocumentError(Faults);

impl DocumentError {
    pub(crate) fn one(fault: Fault) -> Self {
        Self(Faults {
            list: vec![fault],
            more: 0,
        })
    }

    /// The same error with its faults told otherwise.
    pub(crate) fn map(mut self, tell: impl Fn(Fault) -> Fault) -> Self {
        self.0.list = self.0.list.into_iter().map(tell).collect();
        self
    }

    /// The faults, at least one, at most 100.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0.list
    }

    /// How many faults there are, with those past the first 100.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.total()
    }
}

/// Something noted, and the byte of the text where it is.
#[derive(Debug)]
struct Noted<T> {
    at: Option<usize>,
    told: T,
}

/// Gathers faults and warnings while a document is read.
#[derive(Debug, Default)]
pub(crate) struct Report {
    faults: Vec<Noted<Fault>>,
    more_faults: usize,
    warnings: Vec<Noted<Warning>>,
    more_warnings: usize,
}

impl Report {
    /// Notes a fault at byte `at`, which is passed over where paths tell places
    /// ([`Self::finish_members`]). The fault is made only if it is to be told.
    pub(crate) fn fault(&mut self, at: usize, fault: impl FnOnce() -> Fault) {
        if self.faults.len() < MAX_TOLD {
            let told = fault();
            self.faults.push(Noted { at: Some(at), told });
        } else {
            self.more_faults += 1;
        }
    }

    /// Notes a warning at byte `at`: its path and its text.
    pub(crate) fn warn(&mut self, at: usize, warning: impl FnOnce() -> (String, String)) {
        if self.warnings.len() < MAX_TOLD {
            let (path, text) = warning();
            let line = None;
            let told = Warning { line, path, text };
            self.warnings.push(Noted { at: Some(at), told });
        } else {
            self.more_warnings += 1;
        }
    }

    /// Notes the fault of a JSON member, and passes on what is right.
    pub(crate) fn take<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|error| self.fault(0, || error.into())).ok()
    }

    /// The warnings, if there is no fault. With the document's `text`, both are put in its order and
    /// get their places, in one pass over it.
    pub(crate) fn finish(mut self, text: Option<&str>) -> Result<Vec<Warning>, DocumentError> {
        if let Some(text) = text {
            place(text, &mut self.faults, |fault, at| fault.position = at);
            place(text, &mut self.warnings, |warning, at| {
                warning.line = at.map(|at| at.line);
            });
        }
        if !self.faults.is_empty() {
            let list = self.faults.into_iter().map(|fault| fault.told).collect();
            return Err(DocumentError(Faults {
                list,
                more: self.more_faults,
            }));
        }
        let mut warnings: Vec<Warning> = self.warnings.into_iter().map(|w| w.told).collect();
        if self.more_warnings > 0 {
            let text = format!("{} more warnings", self.more_warnings);
            warnings.push(Warning {
                line: None,
                path: String::new(),
                text,
            });
        }
        Ok(warnings)
    }

    /// The same for a report that names members of a JSON or YAML document as a
    /// [`Cursor`](crate::json::Cursor) does: its paths tell the places, and become JSON pointers.
    pub(crate) fn finish_members(mut self, text: &str) -> Result<Vec<Warning>, DocumentError> {
        if self.faults.is_empty() {
            locate(text, &mut self.warnings, |warning| &mut warning.path);
        } else {
            locate(text, &mut self.faults, |fault| &mut fault.path);
            self.warnings.clear();
        }
        self.finish(Some(text))
    }
}

/// Turns paths into JSON pointers and finds their places.
fn locate<T>(text: &str, noted: &mut [Noted<T>], path: impl Fn(&mut T) -> &mut String) {
    if noted.is_empty() {
        return;
    }
    let mut paths = Vec::with_capacity(noted.len());
    for of in noted.iter_mut() {
        paths.push(std::mem::take(path(&mut of.told)));
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    for (of, place) in noted.iter_mut().zip(locate::locate(text, &paths)) {
        of.at = place.offset;
        *path(&mut of.told) = place.pointer;
    }
}

/// Puts what is noted in the order of the text, what has no place last, and tells the places.
fn place<T>(text: &str, noted: &mut [Noted<T>], set: impl Fn(&mut T, Option<Position>)) {
    noted.sort_by_key(|noted| (noted.at.is_none(), noted.at));
    let mut places = Places::new(text);
    for noted in noted {
        set(&mut noted.told, noted.at.map(|at| places.at(at)));
    }
}

/// Turns ascending byte offsets into places.
struct Places<'a> {
    rest: &'a str,
    passed: usize,
    position: Position,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            passed: 0,
            position: Position { line: 1, column: 1 },
        }
    }

    fn at(&mut self, offset: usize) -> Position {
        let step = offset.saturating_sub(self.passed);
        let (before, rest) = self.rest.split_at_checked(step).unwrap_or((self.rest, ""));
        for character in before.chars() {
            if character == '\n' {
                self.position = Position {
                    line: self.position.line + 1,
                    column: 1,
                };
            } else {
                self.position.column += 1;
            }
        }
        self.passed += before.len();
        self.rest = rest;
        self.position
    }
}

/// The place of byte `offset` of `text`.
pub(crate) fn position(text: &str, offset: usize) -> Position {
    Places::new(text).at(offset)
}

/// A fault with a value, cut to what a person reads.
pub(crate) fn fault(path: String, value: Option<&str>, rule: impl fmt::Display) -> Fault {
    Fault {
        position: None,
        path,
        value: value.map(cut),
        rule: rule.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(report: &mut Report, at: usize, rule: &str) {
        report.fault(at, || fault("x".to_owned(), Some("v"), rule));
    }

    #[test]
    fn faults_are_told_in_the_order_of_the_document_with_their_places() {
        let text = "aé\nbc\n";
        let mut report = Report::default();
        note(&mut report, 5, "second");
        note(&mut report, 1, "first");
        let faults = report.finish(Some(text)).unwrap_err();
        let told: Vec<String> = faults.faults().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "line 1, column 2: x: 'v' is not allowed: first",
                "line 2, column 2: x: 'v' is not allowed: second",
            ]
        );
        assert!(
            faults.to_string().ends_with("first (and 1 more fault)"),
            "{faults}"
        );
        assert_eq!(position(text, 3), Position { line: 1, column: 3 });
        assert_eq!(position(text, 99), Position { line: 3, column: 1 });
    }

    #[test]
    fn faults_and_warnings_past_the_bound_are_counted() {
        let mut report = Report::default();
        (0..MAX_TOLD + 7).for_each(|at| note(&mut report, at, "rule"));
        let faults = report.finish(None).unwrap_err();
        assert_eq!(faults.faults().len(), MAX_TOLD);
        assert_eq!(faults.total(), MAX_TOLD + 7);
        assert!(
            faults.to_string().ends_with("(and 106 more faults)"),
            "{faults}"
        );

        let mut report = Report::default();
        (0..MAX_TOLD + 3).for_each(|at| report.warn(at, || ("x".to_owned(), "odd".to_owned())));
        let warnings = report.finish(None).unwrap();
        assert_eq!(warnings.len(), MAX_TOLD + 1);
        assert_eq!(warnings[MAX_TOLD].text, "3 more warnings");
    }
}
