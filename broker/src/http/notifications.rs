//! Notifications for people, under `/broker/v1`: how each subscriber's are doing, and those that were given up.
//!
//! | | |
//! |---|---|
//! | `GET notifications` | subscriptions, what waits for each, and why |
//! | `GET dead-letters` | what was given up |
//! | `POST dead-letters/{id}/retry` | send it again, before all that waits |
//! | `DELETE dead-letters/{id}` | forget it |

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use tracing::info;
use utoipa::ToSchema;

use super::App;
use super::answer::{json, negotiate};
use super::domains::{InPath, InQuery};
use super::placements::JSON;
use super::problem::Problem;
use crate::lso::outbox::{LetterId, Notice};
use crate::lso::records::SUBSCRIBERS;
use crate::lso::subscriptions::Subscriber;
use crate::store::key::Key;
use crate::store::queue::{Entry, Queue};
use crate::store::{Batch, KeyRange, Snapshot, StoreError, Stored};

/// The most subscriptions, or dead letters, that one answer lists.
const LISTED: usize = 100;
/// How often a change is tried again that was overtaken by delivery.
const ATTEMPTS: usize = 8;

const OUTBOX: Queue<Notice> = Queue::OUTBOX;

/// `?after=ID`: only what comes after it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    after: Option<String>,
}

/// Subscriptions, by id.
#[derive(Serialize, ToSchema)]
pub(super) struct Notifications {
    /// At most a hundred.
    subscriptions: Vec<SubscriptionBody>,
    /// There are more: ask for those after the last of these.
    more: bool,
}

/// A subscription, and how its notifications are doing.
#[derive(Serialize, ToSchema)]
#[schema(as = Subscription)]
#[serde(rename_all = "kebab-case")]
struct SubscriptionBody {
    /// Its name.
    id: String,
    /// Who subscribed.
    buyer: String,
    /// At which API.
    api: String,
    /// Where notifications go.
    callback: String,
    /// What of.
    event_types: Vec<&'static str>,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
    /// Notifications that wait.
    waiting: usize,
    /// When the oldest of them happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    oldest: Option<String>,
    /// Tries that failed since one went well.
    failures: u32,
    /// Since when none went well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    failing_since: Option<String>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<String>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    next_try: Option<String>,
    /// Notifications that the subscriber did not get since one went well; the next one tells him.
    missed: u64,
    /// Dead letters.
    dead: usize,
}

/// Dead letters, by subscription and in order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct DeadLetters {
    /// At most a hundred.
    dead_letters: Vec<LetterBody>,
    /// There are more: ask for those after the last of these.
    more: bool,
}

/// A notification that was given up.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
#[serde(rename_all = "kebab-case")]
struct LetterBody {
    /// Its name.
    id: String,
    /// Whose it is.
    subscription: String,
    /// `eventId`
    event: String,
    /// `eventType`
    event_type: &'static str,
    /// When it happened.
    #[schema(format = DateTime)]
    time: String,
    /// How often it was tried.
    tries: u32,
    /// Why the last try failed; one that was never tried waited behind others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<String>,
    /// When it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    given_up: Option<String>,
}

fn shown(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}

async fn body(
    snapshot: &dyn Snapshot,
    subscriber: Subscriber,
    queue: usize,
    dead: usize,
) -> Result<SubscriptionBody, StoreError> {
    let Subscriber {
        subscription,
        delivery,
    } = subscriber;
    let id = &subscription.id;
    let head = OUTBOX.head(snapshot, id, 1).await?;
    let oldest = head.first().map(|entry| shown(entry.message.event.time));
    Ok(SubscriptionBody {
        // Between two counts there may be a few more than fit.
        waiting: OUTBOX.count(snapshot, id, queue.saturating_mul(2)).await?,
        dead: OUTBOX.count_dead(snapshot, id, dead).await?,
        oldest,
        api: subscription
            .api
            .path(subscription.reference_point, subscription.version),
        event_types: subscription
            .event_types
            .iter()
            .map(sof::notification::EventType::as_str)
            .collect(),
        created: shown(subscription.created),
        failures: delivery.failures,
        failing_since: delivery.failing_since.map(shown),
        last_error: delivery.last_error,
        next_try: delivery.next_try.map(shown),
        missed: delivery.missed,
        callback: subscription.callback.to_string(),
        buyer: subscription.buyer,
        id: subscription.id,
    })
}

/// `GET /broker/v1/notifications`
pub(super) async fn list(
    State(app): State<App>,
    InQuery(query): InQuery<After>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let told = &app.shared.settings.sof.notifications;
    let snapshot = app.shared.lso.store.snapshot().await?;
    let snapshot = snapshot.as_ref();
    let range = match query.after {
        None => KeyRange::all(),
        Some(after) => KeyRange::all().after(&after.encode()),
    };
    let page = SUBSCRIBERS.scan(snapshot, &range, LISTED).await?;
    let mut subscriptions = Vec::with_capacity(page.records.len());
    for (_, stored) in page.records {
        subscriptions.push(body(snapshot, stored.value, told.queue, told.dead_letters).await?);
    }
    json(&Notifications {
        subscriptions,
        more: page.next.is_some(),
    })
}

impl From<Entry<Notice>> for LetterBody {
    fn from(entry: Entry<Notice>) -> Self {
        let Entry {
            lane,
            place,
            message,
            ..
        } = entry;
        let id = LetterId { lane, place };
        Self {
            id: id.to_string(),
            subscription: id.lane,
            event_type: message.event.kind.event_type(),
            time: shown(message.event.time),
            event: message.event.id,
            tries: message.tries,
            last_error: message.last_error,
            given_up: message.given_up.map(shown),
        }
    }
}

/// `GET /broker/v1/dead-letters`
pub(super) async fn dead_letters(
    State(app): State<App>,
    InQuery(query): InQuery<After>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let after = query.after.map(|after| id(&after)).transpose()?;
    let after = after.as_ref().map(|id| (id.lane.as_str(), id.place));
    let snapshot = app.shared.lso.store.snapshot().await?;
    let mut found = OUTBOX
        .all_dead(snapshot.as_ref(), after, LISTED + 1)
        .await?;
    let more = found.len() > LISTED;
    found.truncate(LISTED);
    json(&DeadLetters {
        dead_letters: found.into_iter().map(LetterBody::from).collect(),
        more,
    })
}

fn unknown(text: &str) -> Problem {
    Problem::UnknownLetter {
        id: text.chars().take(120).collect(),
    }
}

fn id(text: &str) -> Result<LetterId, Problem> {
    LetterId::parse(text).ok_or_else(|| unknown(text))
}

/// Changes something about a dead letter; again, if delivery came in between.
async fn change(
    app: &App,
    name: &str,
    change: impl Fn(&mut Batch, &Entry<Notice>, &Stored<Subscriber>) -> Result<(), StoreError>,
) -> Result<Entry<Notice>, Problem> {
    let id = id(name)?;
    let store = &app.shared.lso.store;
    for _ in 0..ATTEMPTS {
        let snapshot = store.snapshot().await?;
        let found = OUTBOX
            .dead_at(snapshot.as_ref(), &id.lane, id.place)
            .await?;
        // What is left of a subscription that is no more is about to go.
        let subscriber = SUBSCRIBERS.get(snapshot.as_ref(), &id.lane).await?;
        drop(snapshot);
        let (Some(found), Some(subscriber)) = (found, subscriber) else {
            return Err(unknown(name));
        };
        let mut batch = Batch::new();
        change(&mut batch, &found, &subscriber)?;
        match store.commit(batch).await {
            Ok(_) => return Ok(found),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::Busy { retry_after: 1 })
}

/// `POST /broker/v1/dead-letters/{letter}/retry`
pub(super) async fn retry(
    State(app): State<App>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let letter = change(&app, &name, |batch, found, subscriber| {
        let again = Notice::new(found.message.event.clone());
        OUTBOX.revive(batch, found, &again)?;
        // It is tried now, however long the lane would pause.
        let mut value = subscriber.value.clone();
        if value.delivery.next_try.take().is_none() {
            return Ok(());
        }
        SUBSCRIBERS.update(batch, &found.lane, subscriber.version, &value)
    });
    let letter = letter.await?;
    info!(
        subscription = letter.lane,
        event = letter.message.event.id,
        "a dead letter is sent again"
    );
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /broker/v1/dead-letters/{letter}`
pub(super) async fn forget(
    State(app): State<App>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let letter = change(&app, &name, |batch, found, _| {
        OUTBOX.forget(batch, found);
        Ok(())
    });
    let letter = letter.await?;
    info!(
        subscription = letter.lane,
        event = letter.message.event.id,
        "a dead letter is forgotten"
    );
    Ok(StatusCode::NO_CONTENT.into_response())
}
