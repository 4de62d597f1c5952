//! What the readers of JSON documents share: lists whose elements know their paths, and addresses as Java
//! prints them.

use std::net::IpAddr;

use serde_json::Value;

use crate::fault::Report;
use crate::json::{Cursor, FieldError};
use crate::{IdError, number};

/// Faults of a list as a whole come back as errors, those of its elements are noted.
pub(crate) type Read<T> = Result<T, FieldError>;

/// An element of a list, with its path. A cursor finds its path by search, so one that starts here does
/// not search the whole document: a document may have a fault in each of very many links.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Element<'a> {
    pub(crate) fn new(path: String, value: &'a Value) -> Self {
        Self { path, value }
    }

    pub(crate) fn cursor(&self) -> Cursor<'_> {
        Cursor::at(&self.path, self.value)
    }
}

/// The elements of a list of at most `limit`.
pub(crate) fn elements<'a>(list: &Cursor<'a>, limit: usize) -> Read<Vec<Element<'a>>> {
    let elements = list.array()?;
    let found = elements.len();
    let path = list.path();
    if found > limit {
        let rule = format_args!("at most {limit} entries are allowed here");
        return Err(FieldError::invalid(path, found, rule));
    }
    let elements = elements.enumerate();
    Ok(elements
        .map(|(index, element)| Element::new(format!("{path}[{index}]"), element.value()))
        .collect())
}

/// The objects of a list of at most `limit` elements. Elements that are none are faults.
pub(crate) fn objects<'a>(
    report: &mut Report,
    list: &Cursor<'a>,
    limit: usize,
) -> Read<Vec<Element<'a>>> {
    let elements = elements(list, limit)?.into_iter();
    let (objects, others): (Vec<_>, Vec<_>) = elements.partition(|e| e.value.is_object());
    for other in others {
        report.take::<()>(Err(other.cursor().wrong_type("an object")));
    }
    Ok(objects)
}

/// The text of an identifier: a string without blanks around it, or a number.
pub(crate) fn id_text(member: &Cursor<'_>) -> Read<String> {
    let text = number::text(member).map_err(|_| member.wrong_type("a string or a number"))?;
    Ok(text.trim().to_owned())
}

/// The identifier that `text`, found at `member`, is.
pub(crate) fn id<T>(member: &Cursor<'_>, text: &str) -> Read<T>
where
    T: std::str::FromStr<Err = IdError>,
{
    text.parse()
        .map_err(|error: IdError| member.invalid(error.rule))
}

/// Notes a warning at `place`.
pub(crate) fn warn(report: &mut Report, place: &Cursor<'_>, text: impl FnOnce() -> String) {
    report.warn(0, || (place.path(), text()));
}

/// A value that may be left out if it is wrong.
pub(crate) fn or_warn<T>(report: &mut Report, read: Read<Option<T>>) -> Option<T> {
    let warn = |error: FieldError| {
        let text = format!("{}; it is left out", error.problem);
        report.warn(0, || (error.field, text));
    };
    read.map_err(warn).ok().flatten()
}

/// Java prints an address as `host/address`, with an empty host mostly.
pub(crate) fn plain(text: &str) -> &str {
    let text = text.trim();
    match text.rsplit_once('/') {
        Some((_, address)) if address.parse::<IpAddr>().is_ok() => address,
        Some(("", name)) => name,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn addresses_as_java_prints_them() {
        for (text, address) in [
            ("172.16.1.1", "172.16.1.1"),
            ("/172.16.1.1", "172.16.1.1"),
            (" h.example/172.16.1.1 ", "172.16.1.1"),
            ("pe1/2001:db8::1", "2001:db8::1"),
            ("/0.0.0.121", "0.0.0.121"),
            ("/pe1", "pe1"),
            ("ge-0/0/1", "ge-0/0/1"),
            ("10.0.0.0/8", "10.0.0.0/8"),
        ] {
            assert_eq!(plain(text), address);
        }
    }
}
