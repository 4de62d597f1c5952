//! The client of a broker, as any ALTO client could be written: it is told one address, fetches the
//! information resource directory there (RFC 7285 §9), and finds everything else in it by media type
//! and capability. What ALTO does not define (`/broker/v1/...`) is asked of the server itself.
//!
//! | module | does |
//! |---|---|
//! | [`directory`] | the IRD, and which of its resources is the wanted one |
//! | [`answers`] | property maps, path vectors, domains, placements, as the wire tells them |
//! | [`identity`] | who the client is to a server |
//! | [`media_type`], [`multipart`] | `Content-Type`, and `multipart/related` taken apart |
//! | [`member`] | what a member does to its own entry: register, push, say that it is alive, leave |
//! | [`reservations`], [`topology`] | capacity held for placements; the domain graph |
//! | [`orders`], [`partners`] | service orders and services over MEF LSO Legato; who is ordered from |
//! | [`notifications`] | what subscribers are told |
//! | [`alto`] | all of ALTO, of any server |
//! | [`error`] | what can go wrong, in plain words |

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header;
use serde_json::Value;
use url::{Host, Url};

pub mod alto;
pub mod answers;
pub mod directory;
pub mod error;
pub mod identity;
pub mod media_type;
pub mod member;
pub mod multipart;
pub mod notifications;
pub mod orders;
pub mod partners;
pub mod reservations;
pub mod rules;
pub mod topology;

use answers::{BestPaths, Domain, Domains, PathVectors, Placements, PropertyMap};
use directory::{Directory, PropertyMapForm};
pub use error::ClientError;
use identity::{Credentials, Shown, Tls};
use media_type::MediaType;

/// The largest answer taken: more than the largest cost map known of (47 MB), less than memory.
const MAX_ANSWER_BYTES: usize = 256 << 20;

const DIRECTORY_TYPE: &str = "application/alto-directory+json";
const PROPERTY_MAP_TYPE: &str = "application/alto-propmap+json";
const COST_MAP_TYPE: &str = "application/alto-costmap+json";
const COST_MAP_FILTER_TYPE: &str = "application/alto-costmapfilter+json";
const ERROR_TYPE: &str = "application/alto-error+json";
const PROBLEM_TYPE: &str = "application/problem+json";
const JSON_TYPE: &str = "application/json";
const MULTIPART_TYPE: &str = "multipart/related";

/// How to reach a broker.
#[derive(Clone, Debug)]
pub struct Options {
    /// The broker's own address: `http://127.0.0.1:8181`.
    pub server: Url,
    /// Where the directory is, relative to `server`.
    pub directory: String,
    /// Who asks.
    pub credentials: Credentials,
    /// What is shown and believed in a handshake of TLS.
    pub tls: Tls,
    /// For one whole request and answer.
    pub timeout: Duration,
}

impl Options {
    /// A broker at this address, asked by nobody in particular.
    #[must_use]
    pub fn to(server: Url) -> Self {
        Self {
            server,
            directory: "/directory".to_owned(),
            credentials: Credentials::default(),
            tls: Tls::default(),
            timeout: Duration::from_secs(30),
        }
    }
}

/// A client of one broker. It keeps connections open between requests.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    directory: Url,
    shown: Shown,
    tls: Tls,
    timeout: Duration,
}

/// A good answer: its JSON, with what the response's head said about it.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// Where it came from, after redirects.
    pub url: Url,
    /// The server's clock when it answered (`Date`), which is what ages are counted from.
    pub date: Option<Timestamp>,
    /// What was asked for.
    pub content: T,
}

impl<T> Answer<T> {
    /// The same answer with other content; an error is put down to what the server sent.
    fn and_then<U>(self, f: impl FnOnce(T) -> Result<U, String>) -> Result<Answer<U>, ClientError> {
        let Self { url, date, content } = self;
        match f(content) {
            Ok(content) => Ok(Answer { url, date, content }),
            Err(detail) => Err(ClientError::NotUnderstood { url, detail }),
        }
    }
}

/// A response taken whole, before anybody looked into it.
#[derive(Debug)]
struct Raw {
    status: StatusCode,
    content_type: MediaType,
    /// The entity tag, as it came.
    etag: Option<String>,
    /// Of a part of a list, how much the whole has (`X-Total-Count`).
    total: Option<usize>,
    body: Vec<u8>,
}

impl Raw {
    fn json(&self, expected: &str) -> Result<Value, String> {
        if self.content_type.essence() != expected {
            return Err(format!("its type is {}, not {expected}", self.content_type));
        }
        serde_json::from_slice(&self.body).map_err(|error| format!("it is not JSON: {error}"))
    }
}

impl Client {
    /// A client that has not yet connected to anything.
    ///
    /// # Errors
    /// The directory's path, the token, a file of keys or certificates, or the platform's TLS set-up is of no
    /// use.
    pub fn new(options: Options) -> Result<Self, ClientError> {
        let Options {
            server,
            directory,
            credentials,
            tls,
            timeout,
        } = options;
        let directory = server.join(&directory).map_err(|error| {
            ClientError::Input(format!("--directory {directory} is no path: {error}"))
        })?;
        let shown = Shown::new(credentials)?;
        let mut builder = builder(timeout);
        if is_loopback(&server) {
            // A proxy cannot reach our loopback.
            builder = builder.no_proxy();
        }
        if server.scheme() == "http" {
            // Do not look for the platform's root certificates, which a small container lacks.
            builder = builder.tls_certs_only([]);
        } else {
            builder = tls.apply(builder)?;
        }
        let http = built(builder)?;
        Ok(Self {
            http,
            server,
            directory,
            shown,
            tls,
            timeout,
        })
    }

    /// The broker's own address.
    #[must_use]
    pub fn server(&self) -> &Url {
        &self.server
    }

    /// The information resource directory.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn directory(&self) -> Result<Answer<Directory>, ClientError> {
        let raw = self.get(self.directory.clone(), DIRECTORY_TYPE).await?;
        let base = raw.url.clone();
        raw.and_then(|raw| Directory::decode(raw.json(DIRECTORY_TYPE)?, &base))
    }

    /// The full property map, in the wanted form.
    ///
    /// # Errors
    /// The directory has none, or as for every request.
    pub async fn property_map(
        &self,
        directory: &Directory,
        form: PropertyMapForm,
    ) -> Result<Answer<PropertyMap>, ClientError> {
        let resource = directory
            .property_map(form)
            .map_err(|detail| self.not_in_directory(detail))?;
        let raw = self.get(resource.uri.clone(), PROPERTY_MAP_TYPE).await?;
        raw.and_then(|raw| PropertyMap::decode(raw.json(PROPERTY_MAP_TYPE)?))
    }

    /// The network map that the directory names as its default.
    ///
    /// # Errors
    /// The directory has none, or as for every request.
    pub async fn network_map(&self, directory: &Directory) -> Result<Answer<Value>, ClientError> {
        let resource = directory
            .network_map()
            .map_err(|detail| self.not_in_directory(detail))?;
        let expected = resource.media_type.clone();
        let raw = self.get(resource.uri.clone(), &expected).await?;
        raw.and_then(|raw| raw.json(&expected))
    }

    /// The path vectors of every link of a service graph, with the property map of the domains on
    /// them. `request` is the whole body: `cost-type` and `sg`.
    ///
    /// # Errors
    /// The directory has no path vector resource, or as for every request.
    pub async fn path_vectors(
        &self,
        directory: &Directory,
        request: Vec<u8>,
    ) -> Result<Answer<PathVectors>, ClientError> {
        let resource = directory
            .path_vectors()
            .map_err(|detail| self.not_in_directory(detail))?;
        let accept = format!("{MULTIPART_TYPE};type=\"{COST_MAP_TYPE}\", {ERROR_TYPE}");
        let raw = self
            .post(resource.uri.clone(), &accept, COST_MAP_FILTER_TYPE, request)
            .await?;
        raw.and_then(|raw| path_vectors(&raw))
    }

    /// The same path vectors as one plain cost map.
    ///
    /// # Errors
    /// The directory has no such resource, or as for every request.
    pub async fn path_vector_cost_map(
        &self,
        directory: &Directory,
        request: Vec<u8>,
    ) -> Result<Answer<PathVectors>, ClientError> {
        let resource = directory
            .path_vector_cost_map()
            .map_err(|detail| self.not_in_directory(detail))?;
        let accept = format!("{COST_MAP_TYPE}, {ERROR_TYPE}");
        let raw = self
            .post(resource.uri.clone(), &accept, COST_MAP_FILTER_TYPE, request)
            .await?;
        raw.and_then(|raw| PathVectors::decode(raw.json(COST_MAP_TYPE)?, None))
    }

    /// The state of every domain.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn domains(&self) -> Result<Answer<Domains>, ClientError> {
        let raw = self.get(self.own(&["domains"]), JSON_TYPE).await?;
        raw.and_then(|raw| Domains::decode(raw.json(JSON_TYPE)?))
    }

    /// The state of one domain.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if the broker does not know it, or as for every request.
    pub async fn domain(&self, id: &str) -> Result<Answer<Domain>, ClientError> {
        let raw = self.get(self.own(&["domains", id]), JSON_TYPE).await?;
        raw.and_then(|raw| Domain::decode(raw.json(JSON_TYPE)?))
    }

    /// The best placements of a service graph. `request` is the whole body: `sg`, `k`, `objective`.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn placements(&self, request: Vec<u8>) -> Result<Answer<Placements>, ClientError> {
        let accept = format!("{JSON_TYPE}, {PROBLEM_TYPE}");
        let raw = self
            .post(self.own(&["placements"]), &accept, JSON_TYPE, request)
            .await?;
        raw.and_then(|raw| Placements::decode(raw.json(JSON_TYPE)?))
    }

    /// The best paths of the links of a service graph. `request` is the whole body.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn link_paths(&self, request: Vec<u8>) -> Result<Answer<BestPaths>, ClientError> {
        let accept = format!("{JSON_TYPE}, {PROBLEM_TYPE}");
        let raw = self
            .post(self.own(&["paths"]), &accept, JSON_TYPE, request)
            .await?;
        raw.and_then(|raw| BestPaths::decode(raw.json(JSON_TYPE)?))
    }

    /// A URL of the broker's own API. The segments are escaped: an id is any text.
    fn own(&self, segments: &[&str]) -> Url {
        let mut url = self.server.clone();
        url.set_query(None);
        url.set_fragment(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(["broker", "v1"]).extend(segments);
        }
        url
    }

    /// Whether an address is of the server that the credentials are for: a directory may name other servers.
    fn is_for(&self, url: &Url) -> bool {
        url.origin() == self.server.origin()
    }

    fn not_in_directory(&self, detail: String) -> ClientError {
        ClientError::NotUnderstood {
            url: self.directory.clone(),
            detail,
        }
    }

    async fn get(&self, url: Url, accept: &str) -> Result<Answer<Raw>, ClientError> {
        let accept = if accept == JSON_TYPE {
            format!("{JSON_TYPE}, {PROBLEM_TYPE}")
        } else {
            format!("{accept}, {ERROR_TYPE}")
        };
        self.send(self.http.get(url.clone()), url, &accept).await
    }

    async fn post(
        &self,
        url: Url,
        accept: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer<Raw>, ClientError> {
        let request = self
            .http
            .post(url.clone())
            .header(header::CONTENT_TYPE, content_type)
            .body(body);
        self.send(request, url, accept).await
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        url: Url,
        accept: &str,
    ) -> Result<Answer<Raw>, ClientError> {
        let request = request.header(header::ACCEPT, accept).timeout(self.timeout);
        let fault = |error: reqwest::Error| ClientError::from_transport(&url, self.timeout, &error);
        let sent = self.shown.send(request, self.is_for(&url)).await;
        let mut response = sent.map_err(fault)?;
        let status = response.status();
        let final_url = response.url().clone();
        let date = text_header(&response, header::DATE).and_then(http_date);
        let etag = text_header(&response, header::ETAG).map(str::to_owned);
        let total = response.headers().get("x-total-count");
        let total = total.and_then(|total| total.to_str().ok()?.parse().ok());
        let retry_after = text_header(&response, header::RETRY_AFTER).map(str::to_owned);
        let content_type =
            MediaType::parse(text_header(&response, header::CONTENT_TYPE).unwrap_or_default());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(fault)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let detail = format!("it is larger than {MAX_ANSWER_BYTES} bytes");
                return Err(ClientError::NotUnderstood {
                    url: final_url,
                    detail,
                });
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(ClientError::from_response(
                final_url,
                status,
                &content_type,
                retry_after.as_deref(),
                &body,
            ));
        }
        if content_type.essence() == "text/html" {
            return Err(ClientError::NotABroker {
                url: final_url,
                content_type: content_type.to_string(),
            });
        }
        Ok(Answer {
            url: final_url,
            date,
            content: Raw {
                status,
                content_type,
                etag,
                total,
                body,
            },
        })
    }
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    builder.build().map_err(|error| {
        ClientError::Input(format!(
            "no HTTP client can be set up: {}",
            error::root_cause(&error)
        ))
    })
}

fn builder(connect_timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("brokerctl/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_timeout)
        .redirect(reqwest::redirect::Policy::limited(4))
}

fn path_vectors(raw: &Raw) -> Result<PathVectors, String> {
    // A server may know no better than to answer the plain cost map.
    if raw.content_type.essence() == COST_MAP_TYPE {
        return PathVectors::decode(raw.json(COST_MAP_TYPE)?, None);
    }
    if raw.content_type.essence() != MULTIPART_TYPE {
        return Err(format!(
            "its type is {}, not {MULTIPART_TYPE}",
            raw.content_type
        ));
    }
    let boundary = raw
        .content_type
        .parameter("boundary")
        .ok_or_else(|| format!("{MULTIPART_TYPE} without a boundary"))?;
    let parts = multipart::parse(&raw.body, boundary).map_err(|error| error.to_string())?;
    let part = |media_type: &str| {
        parts
            .iter()
            .find(|part| {
                part.media_type()
                    .is_some_and(|found| found.essence() == media_type)
            })
            .map(|part| serde_json::from_slice(part.body))
            .transpose()
            .map_err(|error| format!("its part {media_type} is not JSON: {error}"))
    };
    let cost_map = part(COST_MAP_TYPE)?.ok_or_else(|| format!("it has no part {COST_MAP_TYPE}"))?;
    PathVectors::decode(cost_map, part(PROPERTY_MAP_TYPE)?)
}

fn text_header(response: &reqwest::Response, name: header::HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

/// An HTTP date (RFC 9110 §5.6.7), in the one form that servers may send.
fn http_date(text: &str) -> Option<Timestamp> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    parser.parse_timestamp(text).ok()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
