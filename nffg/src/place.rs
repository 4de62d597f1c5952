//! Values with their places.

use serde_json::{Map, Value};

use crate::json::{Cursor, FieldError};
use crate::list::Read;

/// A value and where it stands. Unlike a cursor it knows its path, so that telling it is no search.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Place<'a> {
    pub(crate) fn root(root: &Cursor<'a>) -> Self {
        Self {
            path: root.path(),
            value: root.value(),
        }
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    pub(crate) fn path(&self) -> String {
        self.path.clone()
    }

    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::at(&self.path, self.value)
    }

    pub(crate) fn invalid(&self, rule: impl std::fmt::Display) -> FieldError {
        self.cursor().invalid(rule)
    }

    pub(crate) fn object(&self) -> Read<&'a Map<String, Value>> {
        self.value
            .as_object()
            .ok_or_else(|| self.cursor().wrong_type("an object"))
    }

    pub(crate) fn string(&self) -> Read<&'a str> {
        self.value
            .as_str()
            .ok_or_else(|| self.cursor().wrong_type("a string"))
    }

    /// The member `name`, which stands below.
    pub(crate) fn below(&self, name: &str, value: &'a Value) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        };
        Self { path, value }
    }

    /// The member `name` of this object, `None` if it is absent or `null`.
    pub(crate) fn member(&self, name: &str) -> Read<Option<Self>> {
        let member = self.object()?.get(name).filter(|value| !value.is_null());
        Ok(member.map(|value| self.below(name, value)))
    }

    /// The member at the end of `names`, `None` if one of them is absent or `null`.
    pub(crate) fn at(&self, names: &[&str]) -> Read<Option<Self>> {
        let mut place = self.clone();
        for name in names {
            match place.member(name)? {
                Some(member) => place = member,
                None => return Ok(None),
            }
        }
        Ok(Some(place))
    }

    pub(crate) fn required(&self, name: &str) -> Read<Self> {
        self.member(name)?
            .ok_or_else(|| FieldError::missing(self.below(name, &Value::Null).path))
    }

    /// The element at `index` of this array, which stands in it.
    fn element(&self, index: usize, value: &'a Value) -> Self {
        let path = format!("{}[{index}]", self.path);
        Self { path, value }
    }

    /// The element at `index`, `None` if this is no array or a shorter one.
    pub(crate) fn nth(&self, index: usize) -> Option<Self> {
        let value = self.value.as_array()?.get(index)?;
        Some(self.element(index, value))
    }

    /// The elements of this array.
    pub(crate) fn elements(&self) -> Read<impl Iterator<Item = Self> + use<'a>> {
        let elements = self
            .value
            .as_array()
            .ok_or_else(|| self.cursor().wrong_type("an array"))?;
        let array = self.clone();
        let elements = elements.iter().enumerate();
        Ok(elements.map(move |(index, value)| array.element(index, value)))
    }
}
