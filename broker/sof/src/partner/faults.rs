//! Everything that is wrong with what was told, at once.

use nffg::json::{Cursor, FieldError};

/// Everything that is wrong with what was told of a partner or an agreement, in the order of the readers; of very many the
/// first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.in_words())]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// So many are told.
    pub const TOLD: usize = 100;

    /// Each: field, value and rule. There is one at least.
    #[must_use]
    pub fn as_slice(&self) -> &[FieldError] {
        &self.0
    }

    /// The same, and one more.
    #[must_use]
    pub fn and(mut self, error: FieldError) -> Self {
        self.0.push(error);
        self
    }

    fn in_words(&self) -> String {
        let words: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        words.join("; ")
    }
}

impl From<FieldError> for FieldErrors {
    fn from(error: FieldError) -> Self {
        Self(vec![error])
    }
}

impl From<FieldErrors> for FieldError {
    /// The first, for who tells one.
    fn from(errors: FieldErrors) -> Self {
        let first = errors.0.into_iter().next();
        first.unwrap_or_else(|| Self::missing(""))
    }
}

/// Faults as they are found: a reader goes on after each.
#[derive(Default)]
pub(super) struct Faults(Vec<FieldError>);

impl Faults {
    pub(super) fn note(&mut self, error: FieldError) {
        if self.0.len() < FieldErrors::TOLD {
            self.0.push(error);
        }
    }

    pub(super) fn read<T>(&mut self, read: Result<T, FieldError>) -> Option<T> {
        read.map_err(|error| self.note(error)).ok()
    }

    /// What may be left out; `None` if it is, or is wrong.
    pub(super) fn optional<'a, T>(
        &mut self,
        object: &Cursor<'a>,
        name: &'a str,
        read: impl FnOnce(Cursor<'a>) -> Result<T, FieldError>,
    ) -> Option<T> {
        let member = self.read(object.present(name))??;
        self.read(read(member))
    }

    pub(super) fn required<'a, T>(
        &mut self,
        object: &Cursor<'a>,
        name: &'a str,
        read: impl FnOnce(Cursor<'a>) -> Result<T, FieldError>,
    ) -> Option<T> {
        let member = self.read(object.required(name))?;
        self.read(read(member))
    }

    /// Members that mean nothing.
    pub(super) fn only(&mut self, object: &Cursor<'_>, known: &[&str]) {
        let members = object.value().as_object().into_iter().flatten();
        for (name, _) in members.filter(|(name, _)| !known.contains(&name.as_str())) {
            let rule = format!("known here: {}", known.join(", "));
            self.note(FieldError::invalid(name, name, rule).below(&object.path()));
        }
    }

    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, FieldErrors> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(FieldErrors(self.0)),
        }
    }
}
