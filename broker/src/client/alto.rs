//! An ALTO client of any server: it is told one address, a directory's, and finds everything else in the
//! directories there and linked from there (RFC 7285 §9), by what resources answer, take and are capable of.
//!
//! ```text
//! Alto::catalogue ─> Catalogue ─> choose: which resource ─> request: what is asked of it ─> Alto::ask ─> Reply
//!                        └─> Updates (stream or tips) ─> Update ─> Mirror: the resource as it is kept
//! ```
//!
//! | module | does |
//! |---|---|
//! | [`catalogue`], [`choose`], [`request`] | what a server offers; which resource answers a question; the body of a request |
//! | [`costs`], [`maps`], [`parts`], [`constraint`] | answers, and the filters that a server lacks |
//! | [`sse`], [`patch`], [`mirror`] | server-sent events, patches, a resource that is kept: without any I/O |
//! | [`updates`], [`stream`], [`tips`] | updates as they come: RFC 8895, RFC 9569 |
//! | [`dns`] | how clients find a directory: RFC 7286, RFC 8686 |
//!
//! What a server may send is bounded: the size of an answer and of an event, how many directories and
//! resources there are, what a patch may make of a document, and how long all of it takes.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{self, HeaderMap};
use serde_json::Value;
use url::Url;

pub mod catalogue;
pub mod choose;
pub mod constraint;
pub mod costs;
pub mod dns;
pub mod maps;
pub mod mirror;
pub mod parts;
pub mod patch;
pub mod request;
pub mod sse;
pub mod stream;
pub mod tips;
pub mod updates;

use super::identity::Tls;
use super::media_type::MediaType;
use super::{
    COST_MAP_FILTER_TYPE, COST_MAP_TYPE, Client, ClientError, DIRECTORY_TYPE, ERROR_TYPE,
    MAX_ANSWER_BYTES, MULTIPART_TYPE, Options, PROPERTY_MAP_TYPE, text_header,
};
use catalogue::{Catalogue, MOST_DIRECTORIES, Resource};
use parts::Part;

const NETWORK_MAP_TYPE: &str = "application/alto-networkmap+json";
const NETWORK_MAP_FILTER_TYPE: &str = "application/alto-networkmapfilter+json";
const ENDPOINT_PROP_TYPE: &str = "application/alto-endpointprop+json";
const ENDPOINT_PROP_PARAMS_TYPE: &str = "application/alto-endpointpropparams+json";
const ENDPOINT_COST_TYPE: &str = "application/alto-endpointcost+json";
const ENDPOINT_COST_PARAMS_TYPE: &str = "application/alto-endpointcostparams+json";
const PROPERTY_MAP_PARAMS_TYPE: &str = "application/alto-propmapparams+json";
const EVENT_STREAM_TYPE: &str = "text/event-stream";
const UPDATE_STREAM_PARAMS_TYPE: &str = "application/alto-updatestreamparams+json";
const UPDATE_STREAM_CONTROL_TYPE: &str = "application/alto-updatestreamcontrol+json";
const TIPS_TYPE: &str = "application/alto-tips+json";
const TIPS_PARAMS_TYPE: &str = "application/alto-tipsparams+json";
const MERGE_PATCH_TYPE: &str = "application/merge-patch+json";
const JSON_PATCH_TYPE: &str = "application/json-patch+json";

/// The largest directory taken: a few hundred octets for each of the most resources.
const MOST_DIRECTORY_BYTES: usize = 4 << 20;

/// A client of an ALTO server.
#[derive(Clone, Debug)]
pub struct Alto {
    client: Client,
    /// For `https` in a directory that came by `http`.
    secure: OnceLock<reqwest::Client>,
}

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Where it came from, after redirects.
    pub url: Url,
    /// Whether it is the word that nothing has changed (304).
    pub is_unchanged: bool,
    /// Its type.
    pub media_type: MediaType,
    /// Its entity tag, as it came.
    pub etag: Option<String>,
    /// Its octets.
    pub body: Vec<u8>,
}

impl Reply {
    /// Its documents; it must be of one of these types.
    ///
    /// # Errors
    /// It is of another, or not what it says.
    pub fn parts(&self, expected: &[&str]) -> Result<Vec<Part>, ClientError> {
        let found = if expected.contains(&self.media_type.essence()) {
            parts::parts(&self.media_type, &self.body)
        } else {
            Err(format!(
                "its type is {}, not {}",
                self.media_type,
                expected.join(" or ")
            ))
        };
        found.map_err(|detail| self.not_understood(detail))
    }

    /// Its one document; it must be of this type.
    ///
    /// # Errors
    /// As [`Self::parts`], or it has not one part.
    pub fn json(&self, expected: &str) -> Result<Value, ClientError> {
        let mut parts = self.parts(&[expected])?;
        match parts.pop() {
            Some(part) if parts.is_empty() => Ok(part.json),
            _ => Err(self.not_understood("it has several parts".to_owned())),
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn not_understood(&self, detail: String) -> ClientError {
        let url = self.url.clone();
        ClientError::NotUnderstood { url, detail }
    }
}

/// One request.
#[derive(Clone, Debug)]
struct Call<'a> {
    url: &'a Url,
    accept: &'a str,
    /// The media type and the octets of a POST.
    body: Option<(&'a str, Vec<u8>)>,
    if_none_match: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn get(url: &'a Url, accept: &'a str) -> Self {
        Self {
            url,
            accept,
            body: None,
            if_none_match: None,
        }
    }

    fn post(url: &'a Url, accept: &'a str, media_type: &'a str, body: &Value) -> Self {
        Self {
            body: Some((media_type, body.to_string().into_bytes())),
            ..Self::get(url, accept)
        }
    }
}

impl Alto {
    /// A client that has not yet connected to anything. A directory that is a whole URL is that of another
    /// server: then the token is for that one.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn new(options: Options) -> Result<Self, ClientError> {
        let mut options = options;
        if let Ok(url) = Url::parse(&options.directory) {
            if !matches!(url.scheme(), "http" | "https") {
                let detail = format!("{url} is no address of a directory: expected http or https");
                return Err(ClientError::Input(detail));
            }
            options.server = url;
        }
        Ok(Self {
            client: Client::new(options)?,
            secure: OnceLock::new(),
        })
    }

    /// Where the directory is.
    #[must_use]
    pub fn directory(&self) -> &Url {
        &self.client.directory
    }

    /// The directory, and all that are linked from it. One that is linked and cannot be read is left out, with
    /// a note.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn catalogue(&self) -> Result<Catalogue, ClientError> {
        let mut catalogue = Catalogue::default();
        let mut wanted = self.add(&mut catalogue, self.directory()).await?;
        let mut asked = wanted.clone();
        while !wanted.is_empty() {
            let url = wanted.remove(0);
            if catalogue.directories.len() >= MOST_DIRECTORIES {
                catalogue.notes.push(format!(
                    "{url} was not asked: {MOST_DIRECTORIES} directories are enough"
                ));
                break;
            }
            match self.add(&mut catalogue, &url).await {
                Ok(linked) => {
                    let new: Vec<Url> = linked
                        .into_iter()
                        .filter(|url| !asked.contains(url))
                        .collect();
                    asked.extend(new.iter().cloned());
                    wanted.extend(new);
                }
                Err(error) => catalogue.notes.push(format!("{url} was left out: {error}")),
            }
        }
        Ok(catalogue)
    }

    async fn add(&self, catalogue: &mut Catalogue, url: &Url) -> Result<Vec<Url>, ClientError> {
        let accept = format!("{DIRECTORY_TYPE}, {ERROR_TYPE}");
        let reply = self
            .send(Call::get(url, &accept), MOST_DIRECTORY_BYTES)
            .await?;
        let json = reply.json(DIRECTORY_TYPE)?;
        let added = catalogue.add(reply.url.clone(), json);
        added.map_err(|detail| reply.not_understood(detail))
    }

    /// Asks a resource: by POST with this body if it takes something, else by GET.
    ///
    /// # Errors
    /// The resource takes something and there is no body, or as for every request.
    pub async fn ask(
        &self,
        resource: &Resource,
        body: Option<&Value>,
        if_none_match: Option<&str>,
    ) -> Result<Reply, ClientError> {
        let accept = format!("{}, {ERROR_TYPE}", resource.media_type);
        let mut call = match (&resource.accepts, body) {
            (None, _) => Call::get(&resource.uri, &accept),
            (Some(accepts), Some(body)) => {
                // Where several are taken, what is sent is of the first.
                let first = accepts.split(',').next().unwrap_or_default().trim();
                Call::post(&resource.uri, &accept, first, body)
            }
            (Some(accepts), None) => {
                let detail = format!(
                    "resource '{}' takes {accepts}: say what is asked of it",
                    resource.id
                );
                return Err(ClientError::Input(detail));
            }
        };
        call.if_none_match = if_none_match;
        self.send(call, MAX_ANSWER_BYTES).await
    }

    /// Sends a request and takes the answer whole, within the client's time.
    async fn send(&self, call: Call<'_>, most: usize) -> Result<Reply, ClientError> {
        let timeout = self.client.timeout;
        let url = call.url;
        let whole = async {
            let response = self.open(call).await?;
            self.take(response, most).await
        };
        let late = |_| ClientError::Timeout {
            url: url.clone(),
            timeout,
        };
        tokio::time::timeout(timeout, whole).await.map_err(late)?
    }

    /// Takes the rest of an answer.
    async fn take(
        &self,
        mut response: reqwest::Response,
        most: usize,
    ) -> Result<Reply, ClientError> {
        let url = response.url().clone();
        let head = Head::of(&response);
        let mut body = Vec::new();
        let fault =
            |error: reqwest::Error| ClientError::from_transport(&url, self.client.timeout, &error);
        while let Some(chunk) = response.chunk().await.map_err(fault)? {
            if body.len() + chunk.len() > most {
                let detail = format!("it is larger than {most} bytes");
                return Err(ClientError::NotUnderstood { url, detail });
            }
            body.extend_from_slice(&chunk);
        }
        let Head {
            status,
            media_type,
            etag,
            retry_after,
        } = head;
        if !status.is_success() && status != StatusCode::NOT_MODIFIED {
            let retry_after = retry_after.as_deref();
            return Err(ClientError::from_response(
                url,
                status,
                &media_type,
                retry_after,
                &body,
            ));
        }
        if media_type.essence() == "text/html" {
            let content_type = media_type.to_string();
            return Err(ClientError::NotABroker { url, content_type });
        }
        Ok(Reply {
            url,
            is_unchanged: status == StatusCode::NOT_MODIFIED,
            media_type,
            etag,
            body,
        })
    }

    /// Sends a request; its answer is yet to be taken, whatever its status.
    async fn open(&self, call: Call<'_>) -> Result<reqwest::Response, ClientError> {
        let url = call.url;
        let http = self.http(url)?;
        let mut request = match call.body {
            None => http.get(url.clone()),
            Some((media_type, body)) => {
                let post = http.post(url.clone());
                post.header(header::CONTENT_TYPE, media_type).body(body)
            }
        };
        request = request.header(header::ACCEPT, call.accept);
        if let Some(tag) = call.if_none_match {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let its_own = self.client.is_for(url);
        let sent = self.client.shown.send(request, its_own).await;
        sent.map_err(|error| ClientError::from_transport(url, self.client.timeout, &error))
    }

    /// The client for an address: that of a server on plain HTTP knows no certificates.
    fn http(&self, url: &Url) -> Result<&reqwest::Client, ClientError> {
        if url.scheme() != "https" || self.client.server.scheme() == "https" {
            return Ok(&self.client.http);
        }
        if let Some(secure) = self.secure.get() {
            return Ok(secure);
        }
        // A certificate of the client is for the server that it was given for.
        let tls = Tls {
            authorities: self.client.tls.authorities.clone(),
            ..Tls::default()
        };
        let built = super::built(tls.apply(super::builder(self.client.timeout))?)?;
        Ok(self.secure.get_or_init(|| built))
    }
}

/// What is read of the head of an answer.
struct Head {
    status: StatusCode,
    media_type: MediaType,
    etag: Option<String>,
    retry_after: Option<String>,
}

impl Head {
    fn of(response: &reqwest::Response) -> Self {
        let media_type = text_header(response, header::CONTENT_TYPE).unwrap_or_default();
        Self {
            status: response.status(),
            media_type: MediaType::parse(media_type),
            etag: text_header(response, header::ETAG).map(str::to_owned),
            retry_after: text_header(response, header::RETRY_AFTER).map(str::to_owned),
        }
    }
}

/// How long a server asks to be left alone (RFC 9110 §10.2.3), as far as it says so in seconds; no longer
/// than a minute.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(60)))
}

#[cfg(test)]
mod tests;
