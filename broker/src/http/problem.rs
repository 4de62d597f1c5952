//! Errors outside ALTO: RFC 9457 problem details. One type, one place that says which status.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use idr::reservation::{ChangeError, HoldError};
use nffg::json::{FieldError, Problem as FieldProblem};
use nffg::virtualizer::edit::EditError;
use nffg::{DocumentError, Fault};
use serde::Serialize;
use sof::partner::FieldErrors;
use utoipa::ToSchema;

use super::answer::insert_etag;
use crate::ingest::PushError;
use crate::lso::partners::book::BookError;
use crate::placements::explain::Explanation;
use crate::reservations::OrderError;
use crate::store::StoreError;

/// The media type of RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, for the client.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// There is nothing at this path.
    #[error(
        "there is nothing at {path}; GET {} lists what there is",
        alto::uri::DIRECTORY
    )]
    NotFound {
        /// The path.
        path: String,
    },
    /// The broker does not know this domain.
    #[error("the broker does not know a domain '{domain}'")]
    UnknownDomain {
        /// The domain as asked for.
        domain: String,
    },
    /// The path does not take this method; the `Allow` header says which it takes.
    #[error("{method} is not allowed here; the Allow header says what is")]
    MethodNotAllowed {
        /// The method.
        method: String,
    },
    /// No representation that the client accepts.
    #[error("the Accept header '{accept}' allows none of: {}", offered.join(", "))]
    NotAcceptable {
        /// The header.
        accept: String,
        /// What there is.
        offered: Vec<&'static str>,
    },
    /// Neither the text as it is nor a coding of it is one that the client takes.
    #[error("the Accept-Encoding header '{accept_encoding}' allows none of: identity, gzip, zstd")]
    CodingNotAcceptable {
        /// The header.
        accept_encoding: String,
    },
    /// The request's body is not of a type that the resource takes.
    #[error("the Content-Type is '{found}', expected {expected}")]
    UnsupportedMediaType {
        /// What came.
        found: String,
        /// What is right.
        expected: &'static str,
    },
    /// The request's body is too large.
    #[error("the request body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The bound.
        limit: usize,
    },
    /// The body broke off.
    #[error("the request body could not be read whole")]
    BodyBroken,
    /// The body is not JSON.
    #[error("the request body is not JSON: {detail}")]
    NotJson {
        /// Where and why.
        detail: String,
    },
    /// A field is wrong.
    #[error("a field is wrong: {0}")]
    Field(FieldError),
    /// Fields of a partner or an agreement are wrong.
    #[error("{}", in_words(.0))]
    Fields(FieldErrors),
    /// A member's document cannot be taken.
    #[error("the document cannot be taken: {0}")]
    Document(DocumentError),
    /// An `edit-config` does not fit.
    #[error("the edit-config cannot be carried out: {0}")]
    Edit(EditError),
    /// What a member wants cannot be.
    #[error("{0}")]
    Push(PushError),
    /// There is no such reservation, or it is another's.
    #[error("there is no reservation '{id}'; it may have lapsed")]
    UnknownReservation {
        /// As asked for.
        id: String,
    },
    /// A reservation cannot be made or changed so.
    #[error("{0}")]
    Reservation(OrderError),
    /// A partner or an agreement cannot be read or changed so.
    #[error("{0}")]
    Partner(BookError),
    /// No placement fits into what is left.
    #[error("no placement of the service graph fits into what is left{}", if *cut { ", as far as was searched" } else { "" })]
    NothingFits {
        /// What is in the way.
        explanation: Box<Explanation>,
        /// The search ended before it was sure.
        cut: bool,
    },
    /// The patch is of a type that the document does not take; `Accept-Patch` says which it takes.
    #[error("a patch of type '{found}' does not fit this document: {}", accepted.unwrap_or("it takes none, PUT it whole"))]
    UnsupportedPatch {
        /// What came.
        found: String,
        /// What is right.
        accepted: Option<&'static str>,
    },
    /// There is no such dead letter.
    #[error("there is no dead letter '{id}'")]
    UnknownLetter {
        /// As asked for.
        id: String,
    },
    /// The store does not do what it is asked.
    #[error(transparent)]
    Store(StoreTrouble),
    /// The daemon is going down.
    #[error("the broker is stopping")]
    Stopping,
    /// No token where one is needed, or a wrong one.
    #[error("{}", .0.refusal)]
    Unauthorized(crate::auth::Unauthorized),
    /// The principal may not do this.
    #[error("'{principal}' may not do this")]
    Forbidden {
        /// The principal's name.
        principal: String,
    },
    /// The client asks too often.
    #[error("more than {per_second} requests a second; try again in {retry_after} s")]
    TooManyRequests {
        /// The rate that is allowed.
        per_second: u32,
        /// Seconds.
        retry_after: u64,
    },
    /// The request took too long.
    #[error("the request was not read and answered within {limit:?}")]
    Timeout {
        /// The bound.
        limit: std::time::Duration,
    },
    /// Too much heavy work is waiting.
    #[error("too many large requests are being worked on; try again in {retry_after} s")]
    Busy {
        /// Seconds.
        retry_after: u64,
    },
    /// There are as many as there may be.
    #[error("there are as many {what} as there may be; try again in {retry_after} s")]
    Crowded {
        /// Of what.
        what: &'static str,
        /// Seconds.
        retry_after: u64,
    },
    /// Our own fault.
    #[error("the broker failed on this request; it is in the log")]
    Internal,
}

/// How the store fails a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreTrouble {
    /// It does nothing now.
    #[error("the store cannot be used now, so nothing has changed; try again later")]
    Unavailable,
    /// Nobody knows whether it did.
    #[error(
        "the store failed, so it is not known whether the change is kept; look before trying again"
    )]
    InDoubt,
}

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Body {
    /// `about:blank`: the status says what kind of problem it is.
    r#type: &'static str,
    /// What kind of problem it is, in words.
    title: &'static str,
    /// The status code.
    status: u16,
    /// What went wrong this time.
    detail: String,
    /// Everything that is wrong with what was sent, where it can be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldBody>,
    /// How many there are in all, where `errors` has the first of them only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total: Option<usize>,
    /// Why nothing fits, where that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    explanation: Option<Explanation>,
}

/// Something that is wrong with what was sent.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemField)]
struct FieldBody {
    /// The member, header or parameter; in a document the JSON pointer or the XPath. Empty for the whole.
    field: String,
    /// What was found there, cut after 80 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value: Option<String>,
    /// The rule that it breaks.
    rule: String,
    /// The line of a document, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    line: Option<u32>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    column: Option<u32>,
}

impl Problem {
    /// The status code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } | Self::UnknownDomain { .. } => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable { .. } | Self::CodingNotAcceptable { .. } => {
                StatusCode::NOT_ACCEPTABLE
            }
            Self::UnsupportedMediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyBroken | Self::NotJson { .. } | Self::Field(_) | Self::Fields(_) => {
                StatusCode::BAD_REQUEST
            }
            // RFC 6241's data-exists and data-missing: the state is in the way, not the request.
            Self::Edit(EditError::DataExists(_) | EditError::DataMissing(_)) => {
                StatusCode::CONFLICT
            }
            Self::Document(_) | Self::Edit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Push(error) => match error {
                PushError::NotRegistered(_) | PushError::NoDocument { .. } => StatusCode::NOT_FOUND,
                PushError::Precondition { .. } => StatusCode::PRECONDITION_FAILED,
                PushError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
                PushError::AsnTaken { .. } => StatusCode::CONFLICT,
                PushError::TooManyMembers { .. } => StatusCode::INSUFFICIENT_STORAGE,
            },
            Self::UnknownReservation { .. } | Self::UnknownLetter { .. } => StatusCode::NOT_FOUND,
            Self::Reservation(error) => reservation_status(error),
            Self::Partner(error) => partner_problem(error).0,
            Self::NothingFits { .. } => StatusCode::CONFLICT,
            Self::UnsupportedPatch { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Store(_) | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Timeout { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Busy { .. } | Self::Crowded { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Adds what the answer says beside its body.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap) {
        match self {
            Self::TooManyRequests { retry_after, .. }
            | Self::Busy { retry_after }
            | Self::Crowded { retry_after, .. } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
            }
            Self::UnsupportedPatch {
                accepted: Some(accepted),
                ..
            } => {
                headers.insert("accept-patch", HeaderValue::from_static(accepted));
            }
            Self::Push(PushError::Precondition {
                current: Some(current),
            }) => {
                insert_etag(headers, current);
            }
            Self::Store(_) | Self::Partner(BookError::Contended | BookError::Unavailable(_)) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(1));
            }
            Self::Partner(BookError::Version(Some(current))) => {
                insert_etag(headers, current);
            }
            Self::Unauthorized(why) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                let challenge = why.challenge.as_ref();
                if let Some(Ok(challenge)) = challenge.map(HeaderValue::try_from) {
                    headers.append(header::WWW_AUTHENTICATE, challenge);
                }
            }
            _ => {}
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "Not found",
            Self::UnknownDomain { .. } => "Unknown domain",
            Self::MethodNotAllowed { .. } => "Method not allowed",
            Self::NotAcceptable { .. } | Self::CodingNotAcceptable { .. } => "Not acceptable",
            Self::UnsupportedMediaType { .. } => "Unsupported media type",
            Self::BodyTooLarge { .. } => "Body over the limit",
            Self::BodyBroken => "Body incomplete",
            Self::NotJson { .. } => "Not JSON",
            Self::Field(_) | Self::Fields(_) => "Invalid field",
            Self::Document(_) => "Document refused",
            Self::Edit(_) => "Edit refused",
            Self::Push(error) => match error {
                PushError::NotRegistered(_) => "Not registered",
                PushError::NoDocument { .. } => "No document",
                PushError::Precondition { .. } => "Another version is in force",
                PushError::Refused(_) => "Document refused",
                PushError::AsnTaken { .. } => "AS number taken",
                PushError::TooManyMembers { .. } => "Too many members",
            },
            Self::UnknownReservation { .. } => "Unknown reservation",
            Self::UnknownLetter { .. } => "Unknown dead letter",
            Self::Reservation(error) => reservation_title(error),
            Self::Partner(error) => partner_problem(error).1,
            Self::NothingFits { .. } => "Nothing fits",
            Self::UnsupportedPatch { .. } => "Unsupported patch",
            Self::Store(StoreTrouble::Unavailable) => "Store unavailable",
            Self::Store(StoreTrouble::InDoubt) => "Store in doubt",
            Self::Stopping => "Stopping",
            Self::Unauthorized(_) => "Unauthorized",
            Self::Forbidden { .. } => "Forbidden",
            Self::TooManyRequests { .. } => "Too many requests",
            Self::Timeout { .. } => "Request timeout",
            Self::Busy { .. } => "Busy",
            Self::Crowded { .. } => "As many as there may be",
            Self::Internal => "Internal error",
        }
    }

    fn errors(&self) -> Vec<FieldBody> {
        match self {
            Self::Field(error) | Self::Partner(BookError::Field(error)) => vec![error.into()],
            Self::Fields(errors) => errors.as_slice().iter().map(FieldBody::from).collect(),
            Self::Document(error) => error.faults().iter().map(FieldBody::from).collect(),
            Self::Edit(error) => {
                let faults = error.document_error().faults();
                faults.iter().map(FieldBody::from).collect()
            }
            Self::Reservation(OrderError::Hold(HoldError::Short(shortages))) => {
                let shortages = shortages.as_slice().iter();
                shortages
                    .map(|short| FieldBody::of_words(&short.to_string()))
                    .collect()
            }
            Self::NothingFits { explanation, .. } => explanation
                .relaxations
                .iter()
                .flatten()
                .map(|rule| FieldBody {
                    field: rule.subject.clone(),
                    ..FieldBody::of_words(&format!("{} is in the way", rule.text))
                })
                .collect(),
            // In words, each with its place.
            Self::Push(PushError::Refused(failure)) if failure.faults.is_empty() => {
                vec![FieldBody::of_words(&failure.why)]
            }
            Self::Push(PushError::Refused(failure)) => {
                let faults = failure.faults.iter();
                faults.map(|fault| FieldBody::of_words(fault)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn total(&self) -> Option<usize> {
        match self {
            Self::Document(error) => total_of(error),
            Self::Edit(error) => total_of(error.document_error()),
            _ => None,
        }
    }
}

fn in_words(errors: &FieldErrors) -> String {
    match errors.as_slice().len() {
        1 => format!("a field is wrong: {errors}"),
        many => format!("{many} fields are wrong: {errors}"),
    }
}

/// How many faults a document has, if they are more than are told.
fn total_of(error: &DocumentError) -> Option<usize> {
    Some(error.total()).filter(|total| *total > error.faults().len())
}

fn reservation_status(error: &OrderError) -> StatusCode {
    match error {
        OrderError::Hold(error) => match error {
            HoldError::Lifetime { .. } | HoldError::Entries { .. } => StatusCode::BAD_REQUEST,
            HoldError::Holds { .. } | HoldError::Reservations { .. } => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            // Conflicts, shortages, the limits of a holder: the state is in the way.
            _ => StatusCode::CONFLICT,
        },
        OrderError::Change(ChangeError::Unknown { .. } | ChangeError::NotHolder { .. }) => {
            StatusCode::NOT_FOUND
        }
        OrderError::Change(_) => StatusCode::CONFLICT,
    }
}

fn partner_problem(error: &BookError) -> (StatusCode, &'static str) {
    match error {
        BookError::UnknownPartner(_) => (StatusCode::NOT_FOUND, "Unknown partner"),
        BookError::UnknownAgreement { .. } => (StatusCode::NOT_FOUND, "Unknown agreement"),
        BookError::Version(_) => (
            StatusCode::PRECONDITION_FAILED,
            "Another version is in force",
        ),
        BookError::State(_) | BookError::Retired(_) => {
            (StatusCode::CONFLICT, "Not possible in this state")
        }
        BookError::Field(_) => (StatusCode::BAD_REQUEST, "Invalid field"),
        BookError::Contended => (StatusCode::SERVICE_UNAVAILABLE, "Busy"),
        BookError::Full(_) => (StatusCode::INSUFFICIENT_STORAGE, "No room in the store"),
        BookError::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The store cannot be used now",
        ),
        BookError::Broken(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
    }
}

fn reservation_title(error: &OrderError) -> &'static str {
    match error {
        OrderError::Hold(error) => match error {
            HoldError::Conflict { .. } => "Key used for another request",
            HoldError::Lifetime { .. } | HoldError::Entries { .. } => "Invalid field",
            HoldError::Short(_) => "Not enough is left",
            HoldError::HoldsOfHolder { .. }
            | HoldError::ReservationsOfHolder { .. }
            | HoldError::Holds { .. }
            | HoldError::Reservations { .. } => "Too many reservations",
            _ => "The topology has changed",
        },
        OrderError::Change(ChangeError::Unknown { .. } | ChangeError::NotHolder { .. }) => {
            "Unknown reservation"
        }
        OrderError::Change(_) => "Not possible in this state",
    }
}

impl FieldBody {
    fn of_words(rule: &str) -> Self {
        Self {
            field: String::new(),
            value: None,
            rule: rule.to_owned(),
            line: None,
            column: None,
        }
    }
}

impl From<&FieldError> for FieldBody {
    fn from(FieldError { field, problem }: &FieldError) -> Self {
        let (value, rule) = match problem {
            FieldProblem::Missing => (None, "the field is required".to_owned()),
            FieldProblem::WrongType { expected, found } => {
                (Some(found.clone()), format!("must be {expected}"))
            }
            FieldProblem::Invalid { value, rule } => (Some(value.clone()), rule.clone()),
        };
        Self {
            field: field.clone(),
            value,
            rule,
            line: None,
            column: None,
        }
    }
}

impl From<&Fault> for FieldBody {
    fn from(fault: &Fault) -> Self {
        Self {
            field: fault.path.clone(),
            value: fault.value.clone(),
            rule: fault.rule.clone(),
            line: fault.position.map(|at| at.line),
            column: fault.position.map(|at| at.column),
        }
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        Self::Fields(errors)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the store does not do what a request needs"
        );
        match error {
            StoreError::InDoubt { .. } => Self::Store(StoreTrouble::InDoubt),
            StoreError::Closed => Self::Stopping,
            error if error.is_transient() => Self::Store(StoreTrouble::Unavailable),
            _ => Self::Internal,
        }
    }
}

impl From<BookError> for Problem {
    fn from(error: BookError) -> Self {
        Self::Partner(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.title(),
            status: self.status().as_u16(),
            detail: self.to_string(),
            errors: self.errors(),
            total: self.total(),
            explanation: match &self {
                Self::NothingFits { explanation, .. } => Some(Explanation::clone(explanation)),
                _ => None,
            },
        };
        // A struct of strings and numbers always has a JSON form.
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status(), bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        self.add_headers(headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_fails_says_whether_something_has_changed() {
        let unavailable = StoreError::Unavailable {
            doing: "it failed",
            cause: None,
        };
        let damaged = StoreError::Damaged {
            path: "/store".into(),
            reason: "a checksum is wrong".to_owned(),
        };
        for (error, status, says) in [
            (unavailable, 503, "nothing has changed"),
            (StoreError::InDoubt { cause: None }, 503, "not known"),
            (StoreError::Closed, 503, "stopping"),
            (damaged, 500, "in the log"),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.status().as_u16(), status, "{problem}");
            assert!(problem.to_string().contains(says), "{problem}");
            let mut headers = HeaderMap::new();
            problem.add_headers(&mut headers);
            let again = matches!(problem, Problem::Store(_));
            assert_eq!(headers.contains_key(header::RETRY_AFTER), again);
        }
    }
}
