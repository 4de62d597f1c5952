//! What is wrong with an exporter's document: every fault, each with its place, value and rule.
//!
//! An orchestrator's operator who reads one fault, mends it and waits for the next poll to hear of
//! the second is badly served, so a reader goes on after a fault and tells them all.

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
    /// The element (as an XPath) or the member (`nodes/node[0]/id`, indexes from 0); empty for the
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

/// Why a document is refused: at least one fault, in the order of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    pub(crate) fn one(fault: Fault) -> Self {
        Self {
            list: vec![fault],
            more: 0,
        }
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.list
    }

    pub(crate) fn total(&self) -> usize {
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

/// Gathers faults and warnings while a document is read.
#[derive(Debug, Default)]
pub(crate) struct Report {
    faults: Vec<(usize, Fault)>,
    more_faults: usize,
    warnings: Vec<(usize, Warning)>,
    more_warnings: usize,
}

impl Report {
    /// Notes a fault at byte `at`. The fault is made only if it is to be told.
    pub(crate) fn fault(&mut self, at: usize, fault: impl FnOnce() -> Fault) {
        if self.faults.len() < MAX_TOLD {
            self.faults.push((at, fault()));
        } else {
            self.more_faults += 1;
        }
    }

    /// Notes a warning at byte `at`: its path and its text.
    pub(crate) fn warn(&mut self, at: usize, warning: impl FnOnce() -> (String, String)) {
        if self.warnings.len() < MAX_TOLD {
            let (path, text) = warning();
            self.warnings.push((
                at,
                Warning {
                    line: None,
                    path,
                    text,
                },
            ));
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
    pub(crate) fn finish(mut self, text: Option<&str>) -> Result<Vec<Warning>, Faults> {
        if let Some(text) = text {
            self.faults.sort_by_key(|(at, _)| *at);
            self.warnings.sort_by_key(|(at, _)| *at);
            let mut places = Places::new(text);
            for (at, fault) in &mut self.faults {
                fault.position = Some(places.at(*at));
            }
            let mut places = Places::new(text);
            for (at, warning) in &mut self.warnings {
                warning.line = Some(places.at(*at).line);
            }
        }
        if !self.faults.is_empty() {
            let list = self.faults.into_iter().map(|(_, fault)| fault).collect();
            return Err(Faults {
                list,
                more: self.more_faults,
            });
        }
        let mut warnings: Vec<Warning> = self.warnings.into_iter().map(|(_, w)| w).collect();
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
        let told: Vec<String> = faults.list().iter().map(ToString::to_string).collect();
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
        assert_eq!(faults.list().len(), MAX_TOLD);
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
