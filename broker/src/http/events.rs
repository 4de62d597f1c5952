//! `GET /broker/v1/events`: what changed from version to version.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::{json, negotiate};
use super::domains::InQuery;
use super::placements::JSON;
use super::problem::Problem;
use crate::events::{Event, EventId};

/// The most changes of one event that are told; the rest is counted.
const TOLD: usize = 1000;

/// `?since=ID`: only what came after this event.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    since: Option<String>,
}

/// What came after an event.
#[derive(Serialize, ToSchema)]
pub(super) struct Events {
    /// The last event of all.
    #[schema(required)]
    latest: Option<String>,
    /// The event of `since` is not known (any more): look at everything anew.
    reset: bool,
    /// Oldest first.
    events: Vec<EventBody>,
}

/// A new version.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct EventBody {
    /// Its id: what `since` takes.
    id: String,
    /// When it was made.
    #[schema(format = DateTime)]
    at: String,
    /// What it changed, of one version no more than a thousand.
    changes: Vec<Change>,
    /// Changes that are not told one by one.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    more: usize,
}

/// One thing that changed.
#[derive(Serialize, ToSchema)]
struct Change {
    /// `idr` or `idt`.
    database: &'static str,
    /// A word of a closed list: `joined`, `nf-types`, `adjacency-up`, ...
    kind: &'static str,
    /// The domains that it is about.
    domains: Vec<String>,
    /// The same for people.
    text: String,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl From<&Event> for EventBody {
    fn from(event: &Event) -> Self {
        let names =
            |domains: Vec<&nffg::DomainId>| domains.iter().map(ToString::to_string).collect();
        let resources = event.changes.resources.iter().map(|change| Change {
            database: "idr",
            kind: change.kind(),
            domains: names(change.participants()),
            text: change.to_string(),
        });
        let topology = event.changes.topology.iter().map(|change| Change {
            database: "idt",
            kind: change.kind(),
            domains: names(change.participants()),
            text: change.to_string(),
        });
        Self {
            id: event.id.to_string(),
            at: event.at.to_string(),
            changes: resources.chain(topology).take(TOLD).collect(),
            more: event.changes.len().saturating_sub(TOLD),
        }
    }
}

pub(super) async fn events(
    State(app): State<App>,
    InQuery(query): InQuery<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let seen = query.since.as_deref().map(EventId::named);
    let since = app.shared.published.events().since(seen.as_ref());
    json(&Events {
        latest: since.latest.map(|id| id.to_string()),
        reset: since.is_reset,
        events: since
            .events
            .iter()
            .map(|event| event.as_ref().into())
            .collect(),
    })
}
