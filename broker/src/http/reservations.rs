//! Capacity held for placements, under `/broker/v1/reservations`.
//!
//! | | |
//! |---|---|
//! | `POST` | find the best placement for what is left, and hold it |
//! | `GET`, `GET {id}` | what is held, one's own |
//! | `POST {id}/confirm` | decide for it: it lasts until it is released |
//! | `POST {id}/extend` | hold it for longer |
//! | `DELETE {id}` | give it back |
//!
//! The search reads a version, the writer decides on what there is then: who loses a race is placed
//! again over the newest version, a few times.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use idr::reservation::{Amounts, LinkKey, ReservationId, ResourceKind, State as LedgerState};
use nffg::json::{Cursor, FieldError};
use nffg::{Bandwidth, Quantity, Unit};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::App;
use super::answer::{check_content_type, json, json_with, negotiate, parse_json, read_body};
use super::domains::{After, InPath, InQuery};
use super::openapi::{AmountWord, PhaseWord};
use super::placements::{JSON, search};
use super::problem::Problem;
use crate::auth::Principal;
use crate::clock;
use crate::placements;
use crate::placements::answer::{Border, Ranked};
use crate::placements::request::{MEMBERS, PlacementRequest, decode_common, known};
use crate::reservations::durable::DurableError;
use crate::reservations::{Digest, Done, Hold, IdempotencyKey, Kept, claim, id_of};
use crate::settings::Reservations as Settings;

/// How often a placement that lost a race is searched for again.
const ATTEMPTS: usize = 8;

/// The most reservations that one answer lists.
const LISTED: usize = 1000;

/// The header of draft-ietf-httpapi-idempotency-key-header.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// A reservation.
#[derive(Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(super) struct ReservationBody {
    /// Its name.
    #[schema(format = "uuid")]
    id: String,
    /// Where it is in its life.
    #[schema(value_type = PhaseWord)]
    state: &'static str,
    /// Who holds it: a member by its domain.
    holder: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
    /// When it is over, unless it is confirmed or extended before. A confirmed one has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    until: Option<String>,
    /// What it is for.
    #[schema(value_type = Ranked)]
    placement: Arc<Ranked>,
    /// What it takes of each domain.
    domains: BTreeMap<String, HeldOfDomain>,
    /// What it takes of links between domains.
    links: Vec<HeldLink>,
}

/// What is held of a domain.
#[derive(Serialize, ToSchema)]
struct HeldOfDomain {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = AmountWord, required = false)]
    cpu: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = AmountWord, required = false)]
    mem: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = AmountWord, required = false)]
    storage: Option<Value>,
}

/// What is held of a link, one way.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct HeldLink {
    /// The domain where it starts.
    from: String,
    /// The router where it starts, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    from_router: Option<String>,
    /// The domain where it ends.
    to: String,
    /// The router where it ends, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    to_router: Option<String>,
    /// With its unit.
    bandwidth: String,
}

/// Reservations, by id.
#[derive(Serialize, ToSchema)]
pub(super) struct Reservations {
    /// At most a thousand.
    reservations: Vec<ReservationBody>,
    /// There are more: ask for those after the last of these.
    more: bool,
}

impl From<&Amounts> for HeldOfDomain {
    fn from(amounts: &Amounts) -> Self {
        let of = |wanted: ResourceKind| {
            let told: Vec<Quantity> = amounts
                .iter()
                .filter(|(kind, ..)| *kind == wanted)
                .map(|(_, unit, amount)| amount.in_unit(unit))
                .collect();
            match told.as_slice() {
                [] => None,
                [one] if one.unit() == Unit::Bare => Some(one.value().into()),
                // Unlike units are not added up.
                several => {
                    let texts: Vec<String> = several.iter().map(ToString::to_string).collect();
                    Some(texts.join(" + ").into())
                }
            }
        };
        Self {
            cpu: of(ResourceKind::Cpu),
            mem: of(ResourceKind::Mem),
            storage: of(ResourceKind::Storage),
        }
    }
}

impl HeldLink {
    fn new(key: &LinkKey, bandwidth: Bandwidth) -> Self {
        let Border {
            from,
            from_router,
            to,
            to_router,
        } = key.into();
        Self {
            from,
            from_router,
            to,
            to_router,
            bandwidth: bandwidth.to_string(),
        }
    }
}

impl From<&Kept> for ReservationBody {
    fn from(kept: &Kept) -> Self {
        let reservation = &kept.reservation;
        let at = |moment: idr::reservation::Moment| {
            let millis = i64::try_from(moment.as_unix_millis()).unwrap_or(i64::MAX);
            let time = jiff::Timestamp::from_millisecond(millis);
            format!("{:.3}", time.unwrap_or(jiff::Timestamp::MAX))
        };
        let until = match reservation.state {
            LedgerState::Held { until } => Some(until),
            LedgerState::Confirmed { until } => until,
        };
        let links = reservation.claim.links();
        Self {
            id: reservation.id.to_string(),
            state: reservation.state.phase().as_str(),
            holder: reservation.holder.clone(),
            created: at(reservation.created),
            until: until.map(at),
            placement: Arc::clone(&kept.placement),
            domains: reservation
                .claim
                .domains()
                .map(|(domain, amounts)| (domain.to_string(), amounts.into()))
                .collect(),
            links: links
                .map(|(key, bandwidth)| HeldLink::new(key, bandwidth))
                .collect(),
        }
    }
}

/// What somebody wants held.
struct Wanted {
    request: Arc<PlacementRequest>,
    lifetime: Duration,
}

fn wanted(value: &Value, settings: &Settings) -> Result<Wanted, Problem> {
    let root = Cursor::root(value);
    let members = MEMBERS
        .iter()
        .filter(|name| !["k", "explain"].contains(*name));
    let members: Vec<&str> = members.copied().chain(["hold", "choice"]).collect();
    known(&root, &members)?;
    let mut request = decode_common(&root)?;
    if let Some(choice) = root.optional("choice")? {
        pin(&mut request, &choice)?;
    }
    Ok(Wanted {
        request: Arc::new(request),
        lifetime: lifetime(&root, settings)?.unwrap_or(settings.default_hold),
    })
}

/// Has nodes go where the client chooses.
fn pin(request: &mut PlacementRequest, choice: &Cursor<'_>) -> Result<(), FieldError> {
    let rules = &mut request.constraints;
    for name in choice.object()?.keys() {
        let told = choice.required(name)?;
        let nodes = request.sg.nodes();
        let Some(at) = nodes.iter().position(|node| node.id.as_str() == name) else {
            return Err(told.invalid(format!("the service graph has no node '{name}'")));
        };
        let domain: nffg::DomainId = told.parse_id()?;
        if !rules.nodes[at].admits(&domain) || rules.forbid_domains.contains(&domain) {
            return Err(told.invalid(format!("the constraints do not let '{name}' go there")));
        }
        rules.nodes[at].allow = Some([domain].into());
    }
    Ok(())
}

/// `hold`: seconds, or a text such as `5m`.
fn lifetime(root: &Cursor<'_>, settings: &Settings) -> Result<Option<Duration>, FieldError> {
    let Some(told) = root.optional("hold")? else {
        return Ok(None);
    };
    let most = settings.max_hold;
    let rule = || {
        let most = humantime_serde::re::humantime::format_duration(most);
        format!("a time from 1s to {most}, in seconds or as 5m")
    };
    let hold = match told.value() {
        Value::Number(number) => number.as_u64().map(Duration::from_secs),
        Value::String(text) => humantime_serde::re::humantime::parse_duration(text).ok(),
        _ => return Err(told.wrong_type("a number of seconds, or a text such as 5m")),
    };
    let hold = hold.filter(|hold| (Duration::from_secs(1)..=most).contains(hold));
    hold.map(Some).ok_or_else(|| told.invalid(rule()))
}

/// The header, if it is there.
fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut lines = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    let text = line.to_str().unwrap_or_default();
    if lines.next().is_some() {
        return Err(FieldError::invalid(IDEMPOTENCY_KEY, text, "it is there once").into());
    }
    let key = text.parse();
    key.map(Some)
        .map_err(|rule| FieldError::invalid(IDEMPOTENCY_KEY, text, rule).into())
}

/// `POST /broker/v1/reservations`
pub(super) async fn reserve(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[JSON])?;
    check_content_type(request.headers(), JSON)?;
    let key = key(request.headers())?;
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let value = parse_json(&body)?;
    let wanted = wanted(&value, &app.shared.settings.reservations)?;
    let holder = principal.holder();
    let id = id_of(&holder, key.as_ref());
    let digest = Digest::of(&value);
    // The writer checks it again; here it saves the search.
    let known = app.shared.reservations.settled(&id).await;
    let known = known.map_err(problem)?;
    if let Some(known) = known.filter(|known| !known.is_over(clock::now())) {
        return if known.is_of(&digest) {
            answer(StatusCode::OK, &known)
        } else {
            let error = idr::reservation::HoldError::Conflict { id };
            Err(Problem::Reservation(error.into()))
        };
    }
    let mut attempts = 0;
    loop {
        attempts += 1;
        let hold = find(&app, &wanted, digest).await?;
        let held = app.shared.reservations.hold(&principal, id.clone(), hold);
        match held.await {
            Ok(done) if done.created => return answer(StatusCode::CREATED, &done.kept),
            Ok(done) => return answer(StatusCode::OK, &done.kept),
            Err(DurableError::Order(error)) if error.is_lost_race() && attempts < ATTEMPTS => {}
            Err(error) => return Err(problem(error)),
        }
    }
}

/// The best placement for what is left, and what it takes.
async fn find(app: &App, wanted: &Wanted, digest: Digest) -> Result<Hold, Problem> {
    let request = &wanted.request;
    let version = app.shared.published.version();
    let found = search(
        app,
        version,
        request,
        placements::for_reservation,
        placements::Found::more_work,
    )
    .await?;
    let Some(placed) = found.solved.placements.first() else {
        return Err(Problem::NothingFits {
            explanation: Box::new(found.explanation.unwrap_or_default()),
            cut: found.solved.cut,
        });
    };
    let claim = claim(request, placed)
        .map_err(|error| FieldError::invalid("constraints", "", error.to_string()))?;
    Ok(Hold {
        lifetime: wanted.lifetime,
        claim,
        placement: Ranked::new(1, &request.sg, placed),
        digest,
    })
}

fn problem(error: DurableError) -> Problem {
    match error {
        DurableError::Order(error) => Problem::Reservation(error),
        DurableError::Store(error) => error.into(),
        DurableError::Stopped => Problem::Stopping,
    }
}

fn answer(status: StatusCode, kept: &Kept) -> Result<Response, Problem> {
    let mut response = json_with(status, &ReservationBody::from(kept))?;
    let location = format!("/broker/v1/reservations/{}", kept.reservation.id);
    // Letters, digits and hyphens.
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /broker/v1/reservations`
pub(super) async fn list(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InQuery(query): InQuery<After>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let now = clock::now();
    let after = query.after.as_str();
    let seen = app.shared.published.reservations(|kept| {
        let reservation = &kept.reservation;
        reservation.id.as_str() > after
            && principal.may_see(&reservation.holder)
            && !kept.is_over(now)
    });
    json(&Reservations {
        more: seen.len() > LISTED,
        reservations: seen
            .values()
            .take(LISTED)
            .map(|kept| kept.as_ref().into())
            .collect(),
    })
}

fn id(text: &str) -> Result<ReservationId, Problem> {
    text.parse().map_err(|_| unknown(text))
}

/// What is not there, and what is another's, sound alike.
fn unknown(text: &str) -> Problem {
    Problem::UnknownReservation {
        id: text.chars().take(80).collect(),
    }
}

/// `GET /broker/v1/reservations/{reservation}`
pub(super) async fn show(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let kept = app.shared.published.reservation(&id(&name)?);
    let kept = kept
        .filter(|kept| principal.may_see(&kept.reservation.holder) && !kept.is_over(clock::now()));
    let kept = kept.ok_or_else(|| unknown(&name))?;
    json(&ReservationBody::from(kept.as_ref()))
}

/// What came of a change, as the client sees it.
fn changed(name: &str, came: Result<Done, DurableError>) -> Result<Done, Problem> {
    came.map_err(|error| {
        if error.is_unknown() {
            unknown(name)
        } else {
            problem(error)
        }
    })
}

/// A body that may be left out, at most this large.
async fn small_body(app: &App, request: Request<Body>) -> Result<Option<Value>, Problem> {
    let typed = check_content_type(request.headers(), JSON);
    let limit = app.shared.settings.limits.body_bytes.min(64 << 10);
    let body = read_body(request, limit).await?;
    if body.is_empty() {
        return Ok(None);
    }
    typed?;
    parse_json(&body).map(Some)
}

/// `POST /broker/v1/reservations/{reservation}/confirm`
pub(super) async fn confirm(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    if let Some(value) = small_body(&app, request).await? {
        known(&Cursor::root(&value), &[])?;
    }
    let confirmed = app.shared.reservations.confirm(&principal, id(&name)?);
    let done = changed(&name, confirmed.await)?;
    json(&ReservationBody::from(done.kept.as_ref()))
}

/// `POST /broker/v1/reservations/{reservation}/extend`
pub(super) async fn extend(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let value = small_body(&app, request).await?;
    let settings = &app.shared.settings.reservations;
    let hold = match &value {
        Some(value) => {
            let root = Cursor::root(value);
            known(&root, &["hold"])?;
            lifetime(&root, settings)?
        }
        None => None,
    };
    let hold = hold.unwrap_or(settings.default_hold);
    let extended = app.shared.reservations.extend(&principal, id(&name)?, hold);
    let done = changed(&name, extended.await)?;
    json(&ReservationBody::from(done.kept.as_ref()))
}

/// `DELETE /broker/v1/reservations/{reservation}`
pub(super) async fn release(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let released = app.shared.reservations.release(&principal, id(&name)?);
    let released = released.await.map_err(problem)?;
    released.ok_or_else(|| unknown(&name))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
