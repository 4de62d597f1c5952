//! Orders, services and tests, as a partner tells them.

use jiff::Timestamp;
use nffg::json::{Cursor, FieldError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{MeasuredFlow, PartnerOrder, PartnerService, TestOutcome};
use crate::mef::{FaultCode, TerminationError, time};
use crate::order::{ItemState, OrderId, OrderState};
use crate::service::{ServiceId, ServiceState};

/// The longest identifier that a partner may give, in characters: it is kept, and put into paths.
pub const MAX_ID: usize = 500;
/// The most reasons for an end that are kept of an item.
const MAX_ERRORS: usize = 100;
/// The most flows of a test that are kept: a segment has no more.
const MAX_FLOWS: usize = 1_024;
/// The longest text of a partner's that is kept, in characters.
const MAX_TEXT: usize = 1_000;

/// A page of a partner's list of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOfOrders {
    /// How many orders are on it.
    pub orders: usize,
    /// The identifier of the first, to see that the list goes on.
    pub first: Option<String>,
    /// Those that have a name that is looked for, with it; or why one cannot be read.
    pub found: Vec<(String, Result<PartnerOrder, FieldError>)>,
}

/// A test job, as a partner tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The partner's identifier.
    pub id: String,
    /// How far it has come.
    pub state: JobState,
    /// Why it was refused or ended.
    pub termination_errors: Vec<TerminationError>,
}

/// How far a test job has come (`TestJobStateType`), as far as it makes a difference to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It will be done, or is being done.
    Open,
    /// It is done.
    Completed,
    /// It was refused.
    Rejected,
    /// It was ended before it was done.
    Cancelled,
}

/// Reads a `ServiceOrder` of one item.
///
/// # Errors
/// Something that the work depends on is not there, or is not what it has to be.
pub fn decode_order(root: &Cursor<'_>) -> Result<PartnerOrder, FieldError> {
    let items = root.required("serviceOrderItem")?;
    let mut elements = items.array()?;
    let item = match (elements.next(), elements.next()) {
        (Some(item), None) => item,
        (None, _) => return Err(items.invalid("an order has an item")),
        (Some(_), Some(_)) => return Err(items.invalid("we ordered one item")),
    };
    let service = match item.present("service")? {
        Some(service) => match service.present("id")? {
            Some(id) => Some(ServiceId(identifier(&id)?)),
            None => None,
        },
        None => None,
    };
    Ok(PartnerOrder {
        id: OrderId(identifier(&root.required("id")?)?),
        external_id: external_id(root)?,
        state: word::<OrderState>(&root.required("state")?)?,
        item: word::<ItemState>(&item.required("state")?)?,
        service,
        termination_errors: termination_errors(&item),
        expected: expected(root),
    })
}

/// When the partner expects to be done. For information alone, so one that cannot be read is not told.
fn expected(order: &Cursor<'_>) -> Option<Timestamp> {
    time::parse(order.value().get("expectedCompletionDate")?.as_str()?)
}

/// Reads a page of orders, and those on it whose `externalId` is wanted. Others may be of any kind: they are not ours, or were
/// ordered otherwise.
///
/// # Errors
/// It is no list.
pub fn decode_page(
    root: &Cursor<'_>,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<PageOfOrders, FieldError> {
    let mut page = PageOfOrders {
        orders: 0,
        first: None,
        found: Vec::new(),
    };
    for element in root.array()? {
        if page.orders == 0 {
            let id = element.value().get("id").and_then(Value::as_str);
            page.first = id.map(|id| cut(id, MAX_ID));
        }
        page.orders += 1;
        let name = element.value().get("externalId").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| is_wanted(name)) {
            page.found.push((name.to_owned(), decode_order(&element)));
        }
    }
    Ok(page)
}

/// Reads a `Service`.
///
/// # Errors
/// As [`decode_order`].
pub fn decode_service(root: &Cursor<'_>) -> Result<PartnerService, FieldError> {
    Ok(PartnerService {
        id: ServiceId(identifier(&root.required("id")?)?),
        external_id: external_id(root)?,
        state: word::<ServiceState>(&root.required("state")?)?,
    })
}

/// Reads a `TestJob`.
///
/// # Errors
/// As [`decode_order`].
pub fn decode_job(root: &Cursor<'_>) -> Result<Job, FieldError> {
    let state = root.required("state")?;
    Ok(Job {
        id: identifier(&root.required("id")?)?,
        state: match state.string()? {
            "acknowledged"
            | "assessingCancellation"
            | "assessingModification"
            | "inProgress"
            | "scheduled"
            | "suspended" => JobState::Open,
            "completed" => JobState::Completed,
            "rejected" => JobState::Rejected,
            "cancelled" => JobState::Cancelled,
            _ => return Err(state.invalid("a state of test jobs (Mplify 149)")),
        },
        termination_errors: termination_errors(root),
    })
}

/// Reads a list of `TestResult_Common`: the identifier of the result of `job` that ended last. Dates compare as moments.
///
/// # Errors
/// It is no list, or a result of that job cannot be read.
pub fn decode_results(root: &Cursor<'_>, job: &str) -> Result<Option<String>, FieldError> {
    let mut last: Option<(Timestamp, String)> = None;
    for element in root.array()? {
        let of = element.required("testJob")?.required("id")?;
        if of.string()? != job {
            continue;
        }
        let end: Timestamp = element.required("actualEndDateTime")?.parse()?;
        if last.as_ref().is_none_or(|(known, _)| *known <= end) {
            last = Some((end, identifier(&element.required("id")?)?));
        }
    }
    Ok(last.map(|(_, id)| id))
}

/// Reads a `TestResult` whose configuration is of the type `urn`.
///
/// # Errors
/// As [`decode_order`].
pub fn decode_outcome(root: &Cursor<'_>, urn: &str) -> Result<TestOutcome, FieldError> {
    let found = root.required("serviceSpecificTestResultConfiguration")?;
    let kind = found.required("@type")?;
    if kind.string()? != urn {
        return Err(kind.invalid(format_args!("must be {urn}")));
    }
    let number = |of: &Cursor<'_>, name| {
        let told = of.present(name)?;
        told.map(|told| told.integer(0, u64::MAX)).transpose()
    };
    let flows = match found.present("flows")? {
        Some(flows) => flows.array()?.take(MAX_FLOWS).collect(),
        None => Vec::new(),
    };
    let flows = flows.iter().map(|flow| {
        Ok(MeasuredFlow {
            link: cut(flow.required("link")?.string()?, MAX_ID),
            delay: number(flow, "delayNs")?,
            bandwidth: number(flow, "bandwidthBps")?,
        })
    });
    let detail = found.present("detail")?;
    Ok(TestOutcome {
        passed: found.required("passed")?.boolean()?,
        delay: number(&found, "delayNs")?,
        flows: flows.collect::<Result<_, FieldError>>()?,
        detail: match detail {
            Some(detail) => cut(detail.string()?, MAX_TEXT),
            None => String::new(),
        },
    })
}

/// An identifier that can be kept and be a part of a path.
fn identifier(cursor: &Cursor<'_>) -> Result<String, FieldError> {
    let id = cursor.string()?;
    let is_fine = !id.is_empty()
        && id.chars().count() <= MAX_ID
        && !id.chars().any(char::is_control)
        // Of a path, these are no names.
        && id != "."
        && id != "..";
    if is_fine {
        Ok(id.to_owned())
    } else {
        Err(cursor.invalid(format_args!(
            "an identifier has 1 to {MAX_ID} characters, none of them a control character"
        )))
    }
}

fn external_id(root: &Cursor<'_>) -> Result<Option<String>, FieldError> {
    match root.present("externalId")? {
        Some(id) => Ok(Some(cut(id.string()?, MAX_ID))),
        None => Ok(None),
    }
}

/// A word of a closed list, as its type spells it.
fn word<T: DeserializeOwned>(cursor: &Cursor<'_>) -> Result<T, FieldError> {
    let text = cursor.string()?;
    serde_json::from_value(Value::from(text))
        .map_err(|_| cursor.invalid("not a state that there is (Mplify 99.1, 135.1)"))
}

/// Why something was ended: for people, so whatever can be read of it.
fn termination_errors(of: &Cursor<'_>) -> Vec<TerminationError> {
    let errors = of.value().get("terminationError").and_then(Value::as_array);
    let errors = errors.map_or(&[][..], Vec::as_slice).iter();
    let text = |error: &Value, name: &str| {
        let text = error.get(name).and_then(Value::as_str);
        text.map(|text| cut(text, MAX_TEXT))
    };
    errors
        .take(MAX_ERRORS)
        .filter(|error| error.is_object())
        .map(|error| TerminationError {
            code: super::told::code(error).unwrap_or(FaultCode::OtherIssue),
            property_path: text(error, "propertyPath"),
            value: text(error, "value").unwrap_or_default(),
        })
        .collect()
}

pub(super) fn cut(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}
