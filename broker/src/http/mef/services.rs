//! The service inventory (Mplify 135.1): `service`.

use serde_json::Value;
use sof::mef::links::Links;
use sof::service::{Service, ServiceState};

use super::error::{MefError, QueryError};
use super::page::Listed;
use super::query::{Between, Query};
use crate::lso::index::{Index, Indexes, ServiceEntry};

/// The filters of the document.
const FILTERS: [&str; 15] = [
    "state",
    "serviceDate.lt",
    "serviceDate.gt",
    "startDate.lt",
    "startDate.gt",
    "endDate.lt",
    "endDate.gt",
    "serviceOrder.id",
    "serviceOrderItem.id",
    "externalId",
    "geographicSite.id",
    "geographicAddress.id",
    "serviceType",
    "@type",
    "startMode",
];

/// How services may be started. We do not know how ours are: 0 is unknown, 5 is any.
const START_MODES: [&str; 6] = ["0", "1", "2", "3", "4", "5"];

/// What `serviceFind` is asked for.
pub(super) struct Filter<'a> {
    state: Option<ServiceState>,
    service: Between,
    start: Between,
    end: Between,
    ordered_by: Option<(&'a str, &'a str)>,
    external_id: Option<&'a str>,
    site: Option<&'a str>,
    address: Option<&'a str>,
    service_type: Option<&'a str>,
    configuration_type: Option<&'a str>,
    start_mode: Option<&'static str>,
}

impl<'a> Filter<'a> {
    fn of(query: &'a Query) -> Result<Self, MefError> {
        let words = ServiceState::ALL.map(ServiceState::as_str);
        let mode = |text: &str| START_MODES.into_iter().find(|mode| *mode == text);
        let missing = |name: &str, other: &str| {
            let reason = format!("'{name}' is used together with '{other}', which is missing");
            Err(MefError::Query(QueryError::MissingParameter(reason)))
        };
        let (order, item) = ("serviceOrder.id", "serviceOrderItem.id");
        Ok(Self {
            state: query.word("state", ServiceState::from_word, &words)?,
            service: query.between("serviceDate")?,
            start: query.between("startDate")?,
            end: query.between("endDate")?,
            ordered_by: match (query.text(order), query.text(item)) {
                (Some(order), Some(item)) => Some((order, item)),
                (Some(_), None) => return missing(order, item),
                (None, Some(_)) => return missing(item, order),
                (None, None) => None,
            },
            external_id: query.text("externalId"),
            site: query.text("geographicSite.id"),
            address: query.text("geographicAddress.id"),
            service_type: query.text("serviceType"),
            configuration_type: query.text("@type"),
            start_mode: query.word("startMode", mode, &START_MODES)?,
        })
    }

    fn has(&self, service: &ServiceEntry) -> bool {
        let is = |wanted: Option<&str>, found: &Option<Box<str>>| {
            wanted.is_none_or(|wanted| found.as_deref() == Some(wanted))
        };
        let is_among = |wanted: Option<&str>, found: &[Box<str>]| {
            wanted.is_none_or(|wanted| found.iter().any(|one| **one == *wanted))
        };
        self.state.is_none_or(|state| service.state == state)
            && self.service.has(Some(service.service_date))
            && self.start.has(service.start_date)
            && self.end.has(service.end_date)
            && self.ordered_by.is_none_or(|(order, item)| {
                let mut by = service.ordered_by.iter();
                by.any(|(of, one)| **of == *order && **one == *item)
            })
            && is(self.external_id, &service.external_id)
            && is(self.service_type, &service.service_type)
            && is(self.configuration_type, &service.configuration_type)
            && is_among(self.site, &service.sites)
            && is_among(self.address, &service.addresses)
            && self
                .start_mode
                .is_none_or(|mode| ["0", "5"].contains(&mode))
    }
}

impl Listed for ServiceEntry {
    const WHAT: &'static str = "service";
    const FILTERS: &'static [&'static str] = &FILTERS;
    type Filter<'a> = Filter<'a>;

    fn filter(query: &Query) -> Result<Filter<'_>, MefError> {
        Filter::of(query)
    }

    fn dates(filter: &Filter<'_>) -> Between {
        filter.service
    }

    fn matches(&self, filter: &Filter<'_>) -> bool {
        filter.has(self)
    }

    fn index(indexes: &Indexes) -> &Index<Self> {
        &indexes.services
    }

    fn encode(service: &Service, links: &Links) -> Value {
        service.encode(links)
    }
}
