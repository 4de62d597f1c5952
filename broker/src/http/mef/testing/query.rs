//! Filters of the lists.

use http::Uri;
use serde_json::Value;

use crate::http::mef::error::MefError;
use crate::http::mef::query::{Between, Paging, Query};
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

/// The filters by date, of both.
const DATES: [&str; 4] = [
    "requestedStartDateTime.gt",
    "requestedStartDateTime.lt",
    "requestedEndDateTime.gt",
    "requestedEndDateTime.lt",
];

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct Filter {
    /// Which part of what matches.
    pub(super) paging: Paging,
    /// Pointers into what was given, and the texts that must be there.
    equal: Vec<(&'static str, String)>,
    start: Between,
    end: Between,
}

impl Filter {
    /// Reads a query.
    pub(super) fn parse(
        uri: &Uri,
        filters: &[(&'static str, &'static str)],
    ) -> Result<Self, MefError> {
        let known: Vec<&str> = filters.iter().map(|(name, _)| *name).chain(DATES).collect();
        let query = Query::of(uri, &known)?;
        let equal = filters
            .iter()
            .filter_map(|(name, pointer)| Some((*pointer, query.text(name)?.to_owned())));
        Ok(Self {
            paging: query.paging()?,
            equal: equal.collect(),
            start: query.between("requestedStartDateTime")?,
            end: query.between("requestedEndDateTime")?,
        })
    }

    /// Whether a job is among what is asked for.
    pub(super) fn has(&self, job: &TestJob) -> bool {
        let is_equal = |(pointer, wanted): &(&str, String)| match *pointer {
            "" => job.id == *wanted,
            pointer => at(job, pointer).is_some_and(|told| told == wanted.as_str()),
        };
        self.equal.iter().all(is_equal)
            && self.start.has(Some(job.start.unwrap_or(job.created)))
            && self.end.has(Some(job.end))
    }
}

fn at<'a>(job: &'a TestJob, pointer: &str) -> Option<&'a Value> {
    let (first, rest) = match pointer.strip_prefix('/')?.split_once('/') {
        Some((first, rest)) => (first, format!("/{rest}")),
        None => (pointer.strip_prefix('/')?, String::new()),
    };
    job.given.get(first)?.pointer(&rest)
}
