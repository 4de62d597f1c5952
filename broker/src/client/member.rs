//! What a member does to its own entry, under `/broker/v1/domains/{domain}`.

use std::time::Duration;

use nffg::export::Format;
use nffg::{DomainId, Syntax};
use reqwest::header;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::answers::DocumentState;
use super::{Answer, Client, ClientError, JSON_TYPE, PROBLEM_TYPE, Raw};
use crate::ingest::Slot;

/// The media type of RFC 7396.
const MERGE_PATCH_TYPE: &str = "application/merge-patch+json";

/// What a member says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// The URL of its orchestrator.
    pub entry_point: Option<String>,
    /// Its AS number, if its id does not say.
    pub asn: Option<u32>,
    /// For how long all that it pushes is good without further word; whole seconds.
    pub lifetime: Option<Duration>,
}

/// On which version of a document a change depends (RFC 9110 §13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// On none.
    #[default]
    None,
    /// There must be none yet.
    Absent,
    /// It must be this one; `*` is any.
    Version(String),
}

/// A document that a member sends.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As it is.
    pub body: Vec<u8>,
    /// What it is written in.
    pub syntax: Syntax,
    /// Its format, if its root does not tell.
    pub format: Option<Format>,
}

/// A document that a member has pushed.
#[derive(Clone, Debug)]
pub struct Kept {
    /// As it was sent.
    pub body: Vec<u8>,
    /// Its media type.
    pub media_type: String,
    /// Its version.
    pub version: Option<String>,
}

/// What came of a change.
#[derive(Clone, Debug)]
pub struct Change {
    /// As it came.
    pub json: Value,
    /// There was none before.
    pub created: bool,
    /// The version now in force.
    pub version: Option<String>,
    /// Seconds for which all that the member pushed is good without further word.
    pub lifetime: Option<u64>,
    /// The document, if one was sent.
    pub document: Option<DocumentState>,
}

impl Change {
    fn decode(created: bool, json: Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Wire {
            version: Option<String>,
            lifetime: Option<u64>,
            document: Option<DocumentState>,
        }
        let wire = Wire::deserialize(&json).map_err(|error| error.to_string())?;
        Ok(Self {
            json,
            created,
            version: wire.version,
            lifetime: wire.lifetime,
            document: wire.document,
        })
    }
}

impl Client {
    /// Registers a domain, or says anew what it is: what is left out is no more.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn register(
        &self,
        domain: &DomainId,
        registration: &Registration,
    ) -> Result<Answer<Change>, ClientError> {
        let mut body = Map::new();
        let entry_point = registration.entry_point.as_deref();
        body.extend(entry_point.map(|url| ("entry-point".to_owned(), url.into())));
        body.extend(registration.asn.map(|asn| ("asn".to_owned(), asn.into())));
        body.extend(registration.lifetime.map(of_lifetime));
        let url = self.own(&["domains", domain.as_str()]);
        self.change(self.json(Method::PUT, &url, body), url).await
    }

    /// Says that a domain is alive, for all that it has pushed.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if it is not registered (any more), or as for every request.
    pub async fn heartbeat(
        &self,
        domain: &DomainId,
        lifetime: Option<Duration>,
    ) -> Result<Answer<Change>, ClientError> {
        let url = self.own(&["domains", domain.as_str(), "heartbeat"]);
        let body = lifetime.map(of_lifetime).into_iter().collect();
        self.change(self.json(Method::POST, &url, body), url).await
    }

    /// Has the broker forget all that a domain pushed.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if it is not registered, or as for every request.
    pub async fn leave(&self, domain: &DomainId) -> Result<(), ClientError> {
        self.delete(self.own(&["domains", domain.as_str()])).await
    }

    /// Puts a document in force.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if the domain is not registered, or as for every request.
    pub async fn push(
        &self,
        domain: &DomainId,
        slot: Slot,
        document: Sent,
        condition: &Condition,
    ) -> Result<Answer<Change>, ClientError> {
        let mut url = self.document_url(domain, slot);
        if let Some(format) = document.format {
            url.query_pairs_mut().append_pair("format", format.as_str());
        }
        let request = self
            .http
            .put(url.clone())
            .header(header::CONTENT_TYPE, document.syntax.media_type())
            .body(document.body);
        self.change(under(request, condition), url).await
    }

    /// Changes the document in force: a JSON document by a merge patch (RFC 7396), a Virtualizer by an
    /// `edit-config`.
    ///
    /// # Errors
    /// The patch is YAML, [`ClientError::NotFound`] if there is no such document, or as for every request.
    pub async fn patch(
        &self,
        domain: &DomainId,
        slot: Slot,
        patch: Vec<u8>,
        syntax: Syntax,
        condition: &Condition,
    ) -> Result<Answer<Change>, ClientError> {
        let media_type = match syntax {
            Syntax::Json => MERGE_PATCH_TYPE,
            Syntax::Xml => syntax.media_type(),
            Syntax::Yaml => {
                let why = "a patch is a JSON merge patch or a Virtualizer edit-config, not YAML";
                return Err(ClientError::Input(why.to_owned()));
            }
        };
        let url = self.document_url(domain, slot);
        let request = self
            .http
            .patch(url.clone())
            .header(header::CONTENT_TYPE, media_type)
            .body(patch);
        self.change(under(request, condition), url).await
    }

    /// The document that a domain has pushed.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none, or as for every request.
    pub async fn pushed(&self, domain: &DomainId, slot: Slot) -> Result<Answer<Kept>, ClientError> {
        let url = self.document_url(domain, slot);
        let raw = self.send(self.http.get(url.clone()), url, "*/*").await?;
        raw.and_then(|raw| {
            Ok(Kept {
                media_type: raw.content_type.to_string(),
                version: raw.etag.as_deref().map(unquoted).map(str::to_owned),
                body: raw.body,
            })
        })
    }

    /// Takes a document back.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none, or as for every request.
    pub async fn withdraw(&self, domain: &DomainId, slot: Slot) -> Result<(), ClientError> {
        self.delete(self.document_url(domain, slot)).await
    }

    fn document_url(&self, domain: &DomainId, slot: Slot) -> Url {
        self.own(&["domains", domain.as_str(), slot.as_str()])
    }

    fn json(&self, method: Method, url: &Url, body: Map<String, Value>) -> RequestBuilder {
        self.http
            .request(method, url.clone())
            .header(header::CONTENT_TYPE, JSON_TYPE)
            .body(Value::Object(body).to_string())
    }

    async fn change(
        &self,
        request: RequestBuilder,
        url: Url,
    ) -> Result<Answer<Change>, ClientError> {
        let accept = format!("{JSON_TYPE}, {PROBLEM_TYPE}");
        let raw = self.send(request, url, &accept).await?;
        raw.and_then(|raw: Raw| {
            let created = raw.status == reqwest::StatusCode::CREATED;
            Change::decode(created, raw.json(JSON_TYPE)?)
        })
    }

    async fn delete(&self, url: Url) -> Result<(), ClientError> {
        let accept = format!("{JSON_TYPE}, {PROBLEM_TYPE}");
        let request = self.http.delete(url.clone());
        self.send(request, url, &accept).await.map(|_| ())
    }
}

fn of_lifetime(lifetime: Duration) -> (String, Value) {
    ("lifetime".to_owned(), lifetime.as_secs().into())
}

fn under(request: RequestBuilder, condition: &Condition) -> RequestBuilder {
    match condition {
        Condition::None => request,
        Condition::Absent => request.header(header::IF_NONE_MATCH, "*"),
        Condition::Version(version) if version == "*" => request.header(header::IF_MATCH, "*"),
        Condition::Version(version) => {
            request.header(header::IF_MATCH, format!("\"{}\"", unquoted(version)))
        }
    }
}

/// An entity tag as people copy it, with or without its quotes.
fn unquoted(tag: &str) -> &str {
    let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    inner.unwrap_or(tag)
}
