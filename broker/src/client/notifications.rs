//! Notifications, under `/broker/v1/notifications` and `/broker/v1/dead-letters`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::answers::timestamp;
use super::{Answer, Client, ClientError, JSON_TYPE, PROBLEM_TYPE, Raw};

/// Subscriptions, by id.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Notifications {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// A part of them, or all.
    pub subscriptions: Vec<Subscription>,
    /// There are more.
    pub more: bool,
}

/// A subscription, and how its notifications are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Subscription {
    /// Its name.
    pub id: String,
    /// Who subscribed.
    pub buyer: String,
    /// The path of the API.
    pub api: String,
    /// Where notifications go.
    pub callback: String,
    /// Notifications that wait.
    pub waiting: u64,
    /// When the oldest of them happened.
    #[serde(deserialize_with = "timestamp")]
    pub oldest: Option<Timestamp>,
    /// Tries that failed since one went well.
    pub failures: u64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it is tried again.
    #[serde(deserialize_with = "timestamp")]
    pub next_try: Option<Timestamp>,
    /// Notifications that the subscriber did not get since one went well.
    pub missed: u64,
    /// Dead letters.
    pub dead: u64,
}

/// Dead letters, by subscription and in order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct DeadLetters {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// A part of them, or all.
    pub dead_letters: Vec<DeadLetter>,
    /// There are more.
    pub more: bool,
}

/// A notification that was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct DeadLetter {
    /// Its name.
    pub id: String,
    /// `eventType`
    pub event_type: String,
    /// When it happened.
    #[serde(deserialize_with = "timestamp")]
    pub time: Option<Timestamp>,
    /// How often it was tried.
    pub tries: u64,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

impl Client {
    /// Subscriptions, after one if one is named.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn notifications(
        &self,
        after: Option<&str>,
    ) -> Result<Answer<Notifications>, ClientError> {
        let raw = self.listed("notifications", after).await?;
        raw.and_then(|raw| {
            let json = raw.json(JSON_TYPE)?;
            let found = Notifications::deserialize(&json).map_err(|error| error.to_string())?;
            Ok(Notifications { json, ..found })
        })
    }

    /// Dead letters, after one if one is named.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn dead_letters(
        &self,
        after: Option<&str>,
    ) -> Result<Answer<DeadLetters>, ClientError> {
        let raw = self.listed("dead-letters", after).await?;
        raw.and_then(|raw| {
            let json = raw.json(JSON_TYPE)?;
            let found = DeadLetters::deserialize(&json).map_err(|error| error.to_string())?;
            Ok(DeadLetters { json, ..found })
        })
    }

    /// Has a dead letter sent again.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none (any more), or as for every request.
    pub async fn retry_dead_letter(&self, id: &str) -> Result<(), ClientError> {
        let url = self.own(&["dead-letters", id, "retry"]);
        let request = self.http.post(url.clone());
        self.send(request, url, &accepted()).await.map(|_| ())
    }

    /// Forgets a dead letter.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none (any more), or as for every request.
    pub async fn forget_dead_letter(&self, id: &str) -> Result<(), ClientError> {
        let url = self.own(&["dead-letters", id]);
        let request = self.http.delete(url.clone());
        self.send(request, url, &accepted()).await.map(|_| ())
    }

    async fn listed(&self, what: &str, after: Option<&str>) -> Result<Answer<Raw>, ClientError> {
        let mut url = self.own(&[what]);
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", after);
        }
        self.get(url, JSON_TYPE).await
    }
}

fn accepted() -> String {
    format!("{JSON_TYPE}, {PROBLEM_TYPE}")
}
