//! Capacity held for placements, under `/broker/v1/reservations`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Placement, timestamp};
use super::{Answer, Client, ClientError, JSON_TYPE, PROBLEM_TYPE, Raw};

/// A reservation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Reservation {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// Its name.
    pub id: String,
    /// `held` or `confirmed`.
    pub state: String,
    /// Who holds it.
    pub holder: String,
    /// When it was made.
    #[serde(deserialize_with = "timestamp")]
    pub created: Option<Timestamp>,
    /// When it is over.
    #[serde(deserialize_with = "timestamp")]
    pub until: Option<Timestamp>,
    /// What it is for.
    pub placement: Placement,
    /// What it takes of each domain: `cpu`, `mem` and `storage`.
    pub domains: BTreeMap<String, BTreeMap<String, Value>>,
    /// What it takes of links between domains.
    pub links: Vec<HeldLink>,
}

/// What is held of a link, one way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct HeldLink {
    /// The domain where it starts.
    pub from: String,
    /// The router where it starts.
    pub from_router: Option<String>,
    /// The domain where it ends.
    pub to: String,
    /// The router where it ends.
    pub to_router: Option<String>,
    /// With its unit.
    pub bandwidth: String,
}

/// Reservations, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reservations {
    /// As it came.
    pub json: Value,
    /// A part of them, or all.
    pub reservations: Vec<Reservation>,
    /// There are more.
    pub more: bool,
}

impl Reservation {
    fn decode(json: Value) -> Result<Self, String> {
        let reservation = Self::deserialize(&json).map_err(|error| error.to_string())?;
        Ok(Self {
            json,
            ..reservation
        })
    }
}

impl Reservations {
    fn decode(json: Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Wire {
            reservations: Vec<Reservation>,
            #[serde(default)]
            more: bool,
        }
        let Wire { reservations, more } =
            Wire::deserialize(&json).map_err(|error| error.to_string())?;
        Ok(Self {
            json,
            reservations,
            more,
        })
    }
}

impl Client {
    /// Has the best placement held. `request` is the whole body; the same request under the same key is
    /// done once.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn reserve(
        &self,
        request: Vec<u8>,
        key: Option<&str>,
    ) -> Result<Answer<Reservation>, ClientError> {
        let url = self.own(&["reservations"]);
        let mut sent = self
            .http
            .post(url.clone())
            .header(header::CONTENT_TYPE, JSON_TYPE)
            .body(request);
        if let Some(key) = key {
            sent = sent.header("Idempotency-Key", format!("\"{key}\""));
        }
        let raw = self.send(sent, url, &accepted()).await?;
        raw.and_then(|raw: Raw| Reservation::decode(raw.json(JSON_TYPE)?))
    }

    /// What is held, as far as one may see it, after a reservation if one is named.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn reservations(
        &self,
        after: Option<&str>,
    ) -> Result<Answer<Reservations>, ClientError> {
        let mut url = self.own(&["reservations"]);
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", after);
        }
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| Reservations::decode(raw.json(JSON_TYPE)?))
    }

    /// A reservation.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none (any more), or as for every request.
    pub async fn reservation(&self, id: &str) -> Result<Answer<Reservation>, ClientError> {
        let raw = self.get(self.own(&["reservations", id]), JSON_TYPE).await?;
        raw.and_then(|raw| Reservation::decode(raw.json(JSON_TYPE)?))
    }

    /// Decides for a reservation: it lasts until it is released.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none (any more), or as for every request.
    pub async fn confirm(&self, id: &str) -> Result<Answer<Reservation>, ClientError> {
        self.change_reservation(&[id, "confirm"], &json!({})).await
    }

    /// Holds a reservation for so long from now; whole seconds.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none (any more), or as for every request.
    pub async fn extend(
        &self,
        id: &str,
        hold: Option<Duration>,
    ) -> Result<Answer<Reservation>, ClientError> {
        let body = match hold {
            Some(hold) => json!({"hold": hold.as_secs()}),
            None => json!({}),
        };
        self.change_reservation(&[id, "extend"], &body).await
    }

    /// Gives a reservation back.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none (any more), or as for every request.
    pub async fn release(&self, id: &str) -> Result<(), ClientError> {
        let url = self.own(&["reservations", id]);
        let request = self.http.request(Method::DELETE, url.clone());
        self.send(request, url, &accepted()).await.map(|_| ())
    }

    async fn change_reservation(
        &self,
        path: &[&str],
        body: &Value,
    ) -> Result<Answer<Reservation>, ClientError> {
        let url = self.own(&[&["reservations"], path].concat());
        let body = body.to_string().into_bytes();
        let raw = self.post(url, &accepted(), JSON_TYPE, body).await?;
        raw.and_then(|raw| Reservation::decode(raw.json(JSON_TYPE)?))
    }
}

fn accepted() -> String {
    format!("{JSON_TYPE}, {PROBLEM_TYPE}")
}
