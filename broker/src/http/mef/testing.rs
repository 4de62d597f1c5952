//! Service function testing (Mplify 149), Interlude, version 3: test jobs and their results. What else the document has is
//! not there, and says so with 501.
//!
//! A job is `urn:brokermdo:schema:segment-test:v1`: the service as it is ordered is looked at, once. Its result is
//! `urn:brokermdo:schema:segment-test-result:v1`: `passed`, `delayNs` and of `flows` what is told, `detail` for people.

use axum::Router;
use axum::extract::{Extension, OriginalUri, Request, State};
use axum::response::Response;
use axum::routing::{MethodRouter, any, get, post};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json as object};
use sof::interlude::MeasuredFlow;
use sof::mef::{Api, Fault, FaultCode, ReferencePoint, time};
use sof::service::ServiceId;

use super::error::{self, MefError};
use super::{Id, check_accept, json, json_of, page};
use crate::auth::{Action, Principal};
use crate::http::App;
use crate::http::guard::Guarded;
use crate::lso::orders::is_ours;
use crate::lso::records::SERVICES;
use crate::lso::testing::{JobState, TakeError, TestJob, Wanted};

mod query;

use query::{Filter, JOB_FILTERS, RESULT_FILTERS};

/// The `@type` of what a job has to know.
const TEST: &str = "urn:brokermdo:schema:segment-test:v1";
/// The `@type` of what a result tells.
const TEST_RESULT: &str = "urn:brokermdo:schema:segment-test-result:v1";
/// The most entries of a list.
const LISTED: usize = 100;
/// The members of `TestJob_Common`.
const MEMBERS: [&str; 9] = [
    "name",
    "description",
    "requestedStartDateTime",
    "requestedEndDateTime",
    "recurrencePeriod",
    "testProfile",
    "relatedServiceFrom",
    "relatedServiceTo",
    "serviceSpecificTestJobConfiguration",
];

/// The routes.
pub(in crate::http) fn routes(app: &App) -> Router<App> {
    let api = Api::ServiceFunctionTesting;
    let at = ReferencePoint::Interlude;
    let path = api.path(at, api.version(at));
    let guarded = |action, route: MethodRouter<App>| {
        Guarded::new(app.clone(), action, super::tell).around(route)
    };
    let reads =
        |route: MethodRouter<App>| guarded(Action::ReadOrders, route.fallback(not_implemented));
    Router::new()
        .route(
            &format!("{path}/testJob"),
            reads(get(list_jobs)).merge(guarded(Action::Order, post(create))),
        )
        .route(&format!("{path}/testJob/{{id}}"), reads(get(show_job)))
        .route(&format!("{path}/testResult"), reads(get(list_results)))
        .route(
            &format!("{path}/testResult/{{id}}"),
            reads(get(show_result)),
        )
        .route(
            &format!("{path}/{{*rest}}"),
            guarded(Action::ReadOrders, any(not_implemented)),
        )
}

async fn not_implemented(OriginalUri(uri): OriginalUri, method: http::Method) -> Response {
    let what: String = uri.path().chars().take(120).collect();
    let method: String = method.as_str().chars().take(20).collect();
    let reason = format!("{method} {what} is not served: test jobs and test results are");
    error::body(
        StatusCode::NOT_IMPLEMENTED,
        Some("notImplemented"),
        &reason,
        None,
    )
}

/// Where a thing of this API is, as the request found the API.
fn href(uri: &Uri, collection: &str, id: &str) -> String {
    let path = uri.path();
    let base = path
        .find("/testJob")
        .or_else(|| path.find("/testResult"))
        .map_or("", |end| path.get(..end).unwrap_or_default());
    format!("{base}/{collection}/{id}")
}

/// `POST .../testJob`
async fn create(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> Result<Response, MefError> {
    check_accept(request.headers())?;
    let value = json_of(request, app.shared.settings.limits.body_bytes).await?;
    let mut wanted = wanted(&value, &principal).map_err(MefError::Faults)?;
    let store = &app.shared.lso.store;
    let snapshot = store.snapshot().await?;
    let service = SERVICES.get(&*snapshot, &wanted.service.0).await?;
    drop(snapshot);
    let service = service.map(|stored| stored.value);
    let at = "/relatedServiceFrom/id";
    let one = |code, why: &str| MefError::Faults(vec![Fault::new(code, at, why)]);
    let Some(service) = service.filter(|service| principal.may_see(&service.buyer)) else {
        let why = "there is no such service";
        return Err(one(FaultCode::ReferenceNotFound, why));
    };
    if let Some(why) = app.shared.testing.refusal(&service) {
        return Err(one(FaultCode::InvalidValue, &why));
    }
    wanted.buyer.clone_from(&service.buyer);
    match app.shared.testing.take(wanted).await {
        Ok(job) => {
            let place = href(&uri, "testJob", &job.id);
            let mut response = json(StatusCode::CREATED, &job_body(&uri, &job))?;
            if let Ok(place) = HeaderValue::from_str(&place) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            Ok(response)
        }
        Err(TakeError::Store(error)) => Err(error.into()),
        Err(error) => Err(one(FaultCode::TooManyRecords, &error.to_string())),
    }
}

/// What is wanted; else every fault.
fn wanted(value: &Value, principal: &Principal) -> Result<Wanted, Vec<Fault>> {
    let mut faults = Vec::new();
    let Some(members) = value.as_object() else {
        let why = "a test job is an object";
        return Err(vec![Fault::new(FaultCode::InvalidFormat, "", why)]);
    };
    for name in members.keys() {
        if !MEMBERS.contains(&name.as_str()) {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let why = "a test job has no such property";
            faults.push(Fault::new(FaultCode::UnexpectedProperty, pointer, why));
        }
    }
    text(value, "/name", &mut faults);
    let from = text(value, "/relatedServiceFrom/id", &mut faults);
    let to = text(value, "/relatedServiceTo/id", &mut faults);
    if from.is_some() && to.is_some() && from != to {
        let why = "a service is tested from end to end: it is the same as /relatedServiceFrom/id";
        faults.push(Fault::new(
            FaultCode::InvalidValue,
            "/relatedServiceTo/id",
            why,
        ));
    }
    let configuration = "/serviceSpecificTestJobConfiguration/@type";
    if text(value, configuration, &mut faults).is_some_and(|of| of != TEST) {
        let why = format!("the tests that there are are '{TEST}'");
        faults.push(Fault::new(FaultCode::InvalidValue, configuration, why));
    }
    match text(value, "/testProfile/@type", &mut faults) {
        None | Some("TestProfileValue") => {}
        Some("TestProfileRef") => {
            let why = "no test profiles are kept here: give one by value";
            faults.push(Fault::new(
                FaultCode::ReferenceNotFound,
                "/testProfile",
                why,
            ));
        }
        Some(_) => {
            let why = "'TestProfileValue' or 'TestProfileRef'";
            faults.push(Fault::new(
                FaultCode::InvalidValue,
                "/testProfile/@type",
                why,
            ));
        }
    }
    if members.contains_key("recurrencePeriod") {
        let why = "tests do not recur here";
        faults.push(Fault::new(
            FaultCode::InvalidValue,
            "/recurrencePeriod",
            why,
        ));
    }
    let end = text(value, "/requestedEndDateTime", &mut faults)
        .and_then(|told| date("/requestedEndDateTime", told, &mut faults));
    let start = match value.get("requestedStartDateTime") {
        None | Some(Value::Null) => None,
        // Empty is at once.
        Some(Value::String(empty)) if empty.is_empty() => None,
        Some(_) => text(value, "/requestedStartDateTime", &mut faults)
            .and_then(|told| date("/requestedStartDateTime", told, &mut faults)),
    };
    let now = crate::clock::now().timestamp;
    if end.is_some_and(|end| end <= start.unwrap_or(now).max(now)) {
        let why = "it is over before the test can begin";
        faults.push(Fault::new(
            FaultCode::InvalidValue,
            "/requestedEndDateTime",
            why,
        ));
    }
    match (from, end) {
        (Some(service), Some(end)) if faults.is_empty() => Ok(Wanted {
            buyer: principal.holder(),
            given: members.clone(),
            service: ServiceId(service.to_owned()),
            start,
            end,
        }),
        _ => Err(faults),
    }
}

/// The text at a pointer, which must be there.
fn text<'a>(value: &'a Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<&'a str> {
    match value.pointer(pointer) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        None => {
            let why = "it is required and is not there";
            faults.push(Fault::new(FaultCode::MissingProperty, pointer, why));
            None
        }
        Some(_) => {
            let why = "it is a text that is not empty";
            faults.push(Fault::new(FaultCode::InvalidFormat, pointer, why));
            None
        }
    }
}

fn date(pointer: &str, told: &str, faults: &mut Vec<Fault>) -> Option<Timestamp> {
    let parsed = time::parse(told);
    if parsed.is_none() {
        let why = "it is a date and a time with an offset (RFC 3339)";
        faults.push(Fault::new(FaultCode::InvalidFormat, pointer, why));
    }
    parsed
}

/// A `TestJob`.
fn job_body(uri: &Uri, job: &TestJob) -> Value {
    let mut told = job.given.clone();
    told.retain(|name, value| !(name == "requestedStartDateTime" && value == ""));
    let mut put = |name: &str, value: Value| drop(told.insert(name.to_owned(), value));
    put("id", job.id.clone().into());
    put("href", href(uri, "testJob", &job.id).into());
    put("state", object!(job.state));
    put("creationDate", job.created.to_string().into());
    put("lastModifiedDate", job.modified.to_string().into());
    if let Some(started) = job.started {
        put("actualStartDateTime", started.to_string().into());
    }
    if let Some(ended) = job.ended {
        put("actualEndDateTime", ended.to_string().into());
    }
    if let Some(error) = &job.error {
        put("terminationError", object!([error]));
    }
    told.into()
}

/// A `TestJob_Find`. The document requires `idRelatedContact`, which it does not have; it is the job's id.
fn job_entry(job: &TestJob) -> Value {
    let mut entry = Map::new();
    for name in [
        "name",
        "relatedServiceFrom",
        "relatedServiceTo",
        "requestedEndDateTime",
        "testProfile",
    ] {
        if let Some(value) = job.given.get(name) {
            entry.insert(name.to_owned(), value.clone());
        }
    }
    let start = job.start.unwrap_or(job.created).to_string();
    entry.insert("requestedStartDateTime".to_owned(), start.into());
    for name in ["id", "idRelatedContact"] {
        entry.insert(name.to_owned(), job.id.clone().into());
    }
    entry.into()
}

/// A `TestResult_Common`; `None` while there is none.
fn result_entry(uri: &Uri, job: &TestJob) -> Option<Value> {
    job.outcome.as_ref()?;
    let (started, ended) = job.started.zip(job.ended)?;
    let given = |name: &str| job.given.get(name).cloned().unwrap_or_default();
    Some(object!({
        "id": job.id,
        "href": href(uri, "testResult", &job.id),
        "actualStartDateTime": started.to_string(),
        "actualEndDateTime": ended.to_string(),
        "relatedServiceFrom": given("relatedServiceFrom"),
        "relatedServiceTo": given("relatedServiceTo"),
        "testJob": {"id": job.id, "href": href(uri, "testJob", &job.id)},
    }))
}

/// What was measured of a flow.
fn measured(flow: &MeasuredFlow) -> Value {
    let mut told = object!({"link": flow.link});
    for (name, number) in [("delayNs", flow.delay), ("bandwidthBps", flow.bandwidth)] {
        if let Some(number) = number {
            told[name] = number.into();
        }
    }
    told
}

/// A page of what is told of the jobs that match and may be seen, with the headers of the documents.
async fn list(
    app: &App,
    principal: &Principal,
    headers: &HeaderMap,
    (uri, filters): (&Uri, &[(&'static str, &'static str)]),
    entry: impl Fn(&TestJob) -> Option<Value>,
) -> Result<Response, MefError> {
    check_accept(headers)?;
    let filter = Filter::parse(uri, filters)?;
    let jobs = app.shared.testing.jobs().await?;
    let seen = jobs
        .iter()
        .filter(|job| principal.may_see(&job.buyer) && filter.has(job));
    let entries: Vec<Value> = seen.filter_map(entry).collect();
    let (total, paging) = (entries.len(), filter.paging);
    let limit = paging.limit.unwrap_or(LISTED).min(LISTED);
    let shown = entries.into_iter().skip(paging.offset).take(limit);
    let shown: Vec<Value> = shown.collect();
    let count = shown.len();
    let mut response = json(StatusCode::OK, &shown.into())?;
    page::describe(response.headers_mut(), paging, total, count, count);
    Ok(response)
}

/// `GET .../testJob`
async fn list_jobs(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, MefError> {
    let asked = (&uri, &JOB_FILTERS[..]);
    list(&app, &principal, &headers, asked, |job| {
        Some(job_entry(job))
    })
    .await
}

/// `GET .../testResult`
async fn list_results(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    OriginalUri(at): OriginalUri,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, MefError> {
    let asked = (&uri, &RESULT_FILTERS[..]);
    list(&app, &principal, &headers, asked, |job| {
        result_entry(&at, job)
    })
    .await
}

async fn find(
    app: &App,
    principal: &Principal,
    what: &'static str,
    Id(id): Id,
) -> Result<TestJob, MefError> {
    let id = id.unwrap_or_default();
    // Nothing else is looked for.
    let job = match is_ours(&id) {
        true => app.shared.testing.job(&id).await?,
        false => None,
    };
    job.filter(|job| principal.may_see(&job.buyer))
        .ok_or(MefError::NotFound { what, id })
}

/// `GET .../testJob/{id}`
async fn show_job(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    OriginalUri(uri): OriginalUri,
    id: Id,
    headers: HeaderMap,
) -> Result<Response, MefError> {
    check_accept(&headers)?;
    let job = find(&app, &principal, "test job", id).await?;
    json(StatusCode::OK, &job_body(&uri, &job))
}

/// `GET .../testResult/{id}`
async fn show_result(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    OriginalUri(uri): OriginalUri,
    id: Id,
    headers: HeaderMap,
) -> Result<Response, MefError> {
    check_accept(&headers)?;
    let what = "test result";
    let job = find(&app, &principal, what, id).await?;
    debug_assert!(job.outcome.is_none() || job.state == JobState::Completed);
    let mut told = result_entry(&uri, &job).ok_or_else(|| MefError::NotFound {
        what,
        id: job.id.clone(),
    })?;
    if let Some(outcome) = &job.outcome {
        let mut found = object!({
            "@type": TEST_RESULT,
            "passed": outcome.passed,
            "detail": outcome.detail,
        });
        if let Some(delay) = outcome.delay {
            found["delayNs"] = delay.into();
        }
        if !outcome.flows.is_empty() {
            found["flows"] = outcome.flows.iter().map(measured).collect();
        }
        told["serviceSpecificTestResultConfiguration"] = found;
    }
    json(StatusCode::OK, &told)
}
