//! Queries of lists: filters and paging. A parameter that means nothing is refused: a filter that is misspelt must not be a
//! filter that is not there.

use std::collections::BTreeMap;

use http::Uri;
use jiff::Timestamp;
use sof::mef::{Fault, FaultCode, show, time};
use url::form_urlencoded;

use super::error::{MefError, QueryError};

/// The parameters of a query, each there at most once.
#[derive(Debug)]
pub(super) struct Query {
    values: BTreeMap<String, String>,
}

/// Which part of what matches is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    /// How many are left out first.
    pub(super) offset: usize,
    /// How many are wanted at most; all, if nothing is said.
    pub(super) limit: Option<usize>,
}

/// Moments between two others, without these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Between {
    pub(super) after: Option<Timestamp>,
    pub(super) before: Option<Timestamp>,
}

impl Between {
    /// Whether a moment lies between. One that has not come lies nowhere.
    pub(super) fn has(self, moment: Option<Timestamp>) -> bool {
        let is_free = self.after.is_none() && self.before.is_none();
        match moment {
            None => is_free,
            Some(moment) => {
                self.after.is_none_or(|after| moment > after)
                    && self.before.is_none_or(|before| moment < before)
            }
        }
    }
}

fn invalid(reason: String) -> MefError {
    MefError::Query(QueryError::Invalid(reason))
}

impl Query {
    /// The query of a request that may have these parameters, and `offset` and `limit`.
    pub(super) fn of(uri: &Uri, known: &[&str]) -> Result<Self, MefError> {
        let text = uri.query().unwrap_or_default();
        let mut values = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if !known.contains(&&*name) && !["offset", "limit"].contains(&&*name) {
                let reason = format!(
                    "'{}' is no parameter here; there are: {}, offset, limit",
                    show(&name),
                    known.join(", ")
                );
                return Err(invalid(reason));
            }
            if value.contains(char::REPLACEMENT_CHARACTER) {
                return Err(invalid(format!("'{name}' is no UTF-8 text")));
            }
            if values
                .insert(name.clone().into_owned(), value.into_owned())
                .is_some()
            {
                return Err(invalid(format!("'{name}' is there more than once")));
            }
        }
        Ok(Self { values })
    }

    /// A value that may be any text, also none.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A value that is one of something.
    fn value(&self, name: &str) -> Result<Option<&str>, MefError> {
        match self.text(name) {
            Some("") => {
                let reason = format!("'{name}' has no value");
                Err(MefError::Query(QueryError::MissingValue(reason)))
            }
            found => Ok(found),
        }
    }

    /// A value that is one of some words.
    pub(super) fn word<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Result<Option<T>, MefError> {
        let Some(text) = self.value(name)? else {
            return Ok(None);
        };
        let found = read(text).ok_or_else(|| {
            let words = words.join(", ");
            invalid(format!(
                "{name} = \"{}\": must be one of {words}",
                show(text)
            ))
        });
        found.map(Some)
    }

    /// `NAME.gt` and `NAME.lt`.
    pub(super) fn between(&self, name: &str) -> Result<Between, MefError> {
        Ok(Between {
            after: self.date(&format!("{name}.gt"))?,
            before: self.date(&format!("{name}.lt"))?,
        })
    }

    fn date(&self, name: &str) -> Result<Option<Timestamp>, MefError> {
        let Some(text) = self.value(name)? else {
            return Ok(None);
        };
        let found = time::parse(text).ok_or_else(|| {
            let hint = if text.contains(' ') {
                " (a '+' is written %2B in a query)"
            } else {
                ""
            };
            let rule = "must be a date and time as in RFC 3339";
            invalid(format!("{name} = \"{}\": {rule}{hint}", show(text)))
        });
        found.map(Some)
    }

    /// `offset` and `limit`: integers of 32 bits (400 if not), not below 0 (422 if so).
    pub(super) fn paging(&self) -> Result<Paging, MefError> {
        let mut faults = Vec::new();
        let mut number = |name: &str| -> Result<Option<usize>, MefError> {
            let Some(text) = self.value(name)? else {
                return Ok(None);
            };
            let number: i32 = text.parse().map_err(|_| {
                let rule = "must be an integer of 32 bits";
                invalid(format!("{name} = \"{}\": {rule}", show(text)))
            })?;
            let count = usize::try_from(number).ok();
            if count.is_none() {
                let reason = format!("{name} = {number}: must be 0 or more");
                faults.push(Fault {
                    code: FaultCode::InvalidValue,
                    property_path: None,
                    reason,
                });
            }
            Ok(count)
        };
        let (offset, limit) = (number("offset")?, number("limit")?);
        if !faults.is_empty() {
            return Err(MefError::Faults(faults));
        }
        Ok(Paging {
            offset: offset.unwrap_or_default(),
            limit,
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http::StatusCode;

    use super::*;

    fn query(text: &str) -> Result<Query, MefError> {
        let uri = format!("/service?{text}").parse().unwrap();
        Query::of(&uri, &["state", "startDate.gt", "startDate.lt"])
    }

    #[test]
    fn what_a_query_may_not_be() {
        for text in ["colour=red", "state=a&state=b", "state=%ff", "STATE=active"] {
            assert!(query(text).is_err(), "{text}");
        }
        for text in ["offset", "limit=", "limit=&offset=1"] {
            let error = query(text).unwrap().paging().unwrap_err();
            let is_missing = matches!(error, MefError::Query(QueryError::MissingValue(_)));
            assert!(is_missing, "{text}");
        }
        assert_eq!(query("state=").unwrap().text("state"), Some(""));
        let good = query("startDate.gt=2026-11-29T12:00:00%2B01:00&limit=7").unwrap();
        let between = good.between("startDate").unwrap();
        assert_eq!(between.after, "2026-11-29T11:00:00Z".parse().ok());
        let paging = Paging {
            offset: 0,
            limit: Some(7),
        };
        assert_eq!(good.paging().unwrap(), paging);
    }

    #[test]
    fn moments_between_two_are_without_these() {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let between = Between {
            after: at("2026-11-29T00:00:00Z"),
            before: at("2026-11-30T00:00:00Z"),
        };
        assert!(between.has(at("2026-11-29T12:00:00Z")));
        assert!(!between.has(at("2026-11-29T00:00:00Z")));
        assert!(!between.has(at("2026-11-30T00:00:00Z")));
        assert!(!between.has(None));
        assert!(Between::default().has(None));
    }

    #[test]
    fn offset_and_limit_are_integers_and_not_negative() {
        let status = |text: &str| {
            let paging = query(text).unwrap().paging();
            paging.map_or_else(|error| error.into_response().status(), |_| StatusCode::OK)
        };
        for (text, expected) in [
            ("", 200),
            ("offset=0&limit=0", 200),
            ("offset=2147483647", 200),
            ("offset=2147483648", 400),
            ("limit=1.5", 400),
            ("limit=ten", 400),
            ("offset=-1", 422),
            ("limit=-2147483648", 422),
        ] {
            assert_eq!(status(text).as_u16(), expected, "{text}");
        }
    }
}
