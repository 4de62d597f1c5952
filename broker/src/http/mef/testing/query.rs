//! Filters of the lists.

use http::Uri;
use jiff::Timestamp;
use serde_json::Value;

use crate::lso::testing::TestJob;

/// The filters of `listTestJob`, and where in a job the value is.
pub(super) const JOB_FILTERS: [(&str, &str); 4] = [
    ("relatedServiceIdFrom", "/relatedServiceFrom/id"),
    ("relatedServiceIdTo", "/relatedServiceTo/id"),
    ("testProfileId", "/testProfile/id"),
    ("name", "/name"),
];

/// The filters of `listTestResult`.
pub(super) const RESULT_FILTERS: [(&str, &str); 5] = [
    // The job's own id.
    ("testJobId", ""),
    ("relatedServiceIdFrom", "/relatedServiceFrom/id"),
    ("relatedServiceIdTo", "/relatedServiceTo/id"),
    (
        "relatedServiceSpecificationId",
        "/testProfile/relatedServiceSpecification/id",
    ),
    (
        "relatedContactInformationName",
        "/testProfile/relatedContact/0/name",
    ),
];

/// What a list is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    pub(super) offset: usize,
    pub(super) limit: Option<usize>,
    /// Pointers into what was given, and the texts that must be there.
    equal: Vec<(&'static str, String)>,
    starts_after: Option<Timestamp>,
    starts_before: Option<Timestamp>,
    ends_after: Option<Timestamp>,
    ends_before: Option<Timestamp>,
}

impl Query {
    /// Reads a query; else what is wrong with it.
    pub(super) fn parse(
        uri: &Uri,
        filters: &[(&'static str, &'static str)],
    ) -> Result<Self, String> {
        let mut query = Self::default();
        let text = uri.query().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let shown: String = name.chars().take(80).collect();
            let number = || {
                let number = value.parse::<usize>();
                number.map_err(|_| format!("'{shown}' is a number, 0 or more"))
            };
            let time = || {
                let time = value.parse::<Timestamp>();
                time.map_err(|_| format!("'{shown}' is a date and a time with an offset"))
            };
            match &*name {
                "offset" => query.offset = number()?,
                "limit" => query.limit = Some(number()?),
                "requestedStartDateTime.gt" => query.starts_after = Some(time()?),
                "requestedStartDateTime.lt" => query.starts_before = Some(time()?),
                "requestedEndDateTime.gt" => query.ends_after = Some(time()?),
                "requestedEndDateTime.lt" => query.ends_before = Some(time()?),
                other => {
                    let filter = filters.iter().find(|(known, _)| *known == other);
                    let (_, pointer) = filter.ok_or_else(|| format!("there is no '{shown}'"))?;
                    query.equal.push((pointer, value.into_owned()));
                }
            }
        }
        Ok(query)
    }

    /// Whether a job is among what is asked for.
    pub(super) fn has(&self, job: &TestJob) -> bool {
        let start = job.start.unwrap_or(job.created);
        let is_equal = |(pointer, wanted): &(&str, String)| match *pointer {
            "" => job.id == *wanted,
            pointer => at(job, pointer).is_some_and(|told| told == wanted.as_str()),
        };
        self.equal.iter().all(is_equal)
            && self.starts_after.is_none_or(|bound| start > bound)
            && self.starts_before.is_none_or(|bound| start < bound)
            && self.ends_after.is_none_or(|bound| job.end > bound)
            && self.ends_before.is_none_or(|bound| job.end < bound)
    }
}

fn at<'a>(job: &'a TestJob, pointer: &str) -> Option<&'a Value> {
    let (first, rest) = match pointer.strip_prefix('/')?.split_once('/') {
        Some((first, rest)) => (first, format!("/{rest}")),
        None => (pointer.strip_prefix('/')?, String::new()),
    };
    job.given.get(first)?.pointer(&rest)
}
