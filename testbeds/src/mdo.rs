//! The MdO emulator: what one domain's ESCAPE and netphony answer, from static files, as the draft's
//! own emulated domain orchestrators do (appendix A); and ESCAPE's `edit-config`, which changes what is served.
//!
//! | path | verbs | answer |
//! |---|---|---|
//! | `/escape/ping` | GET, POST | `OK` |
//! | `/escape/version`, `/escape/operations` | GET | JSON |
//! | `/escape/get-config` | GET, POST | Virtualizer XML, header `message-id` |
//! | `/escape/edit-config` | POST | 202, header `message-id` |
//! | `/escape/status?message-id=` | GET | 200 carried out, 500 refused, 404 unknown |
//! | `/escape/orchestration/...` | the same | the same: the layout of 2018 |
//! | `/restconf/data/topologyFromTADS/` | GET | UNIFY JSON |
//! | `/restconf/data/virtualizer/` | GET | the same without prefixes and inter-domain delays |
//! | `/restconf/data/topologies/` | GET | COP JSON |
//! | `/restconf/data/networks/` | GET | IETF JSON, which knows no links |
//!
//! It may also tell its topology over BGP-LS ([`bgp_ls`]), push what it has to tell ([`push`]), or write it
//! into a folder ([`files`]).
//!
//! As ESCAPE: an unknown prefix is 404, an RPC not allowed for the verb 406, an unknown verb 501; as
//! netphony: 404 and 405.

use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use nffg::DomainId;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::scenario::{Domain, Scenario, ScenarioError};

pub mod bgp_ls;
mod edit;
pub mod files;
mod misbehaviour;
mod netphony;
pub mod push;

pub use misbehaviour::Misbehaviour;

const XML: &str = "application/xml";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// The RPCs of ESCAPE that are emulated, by verb (`escape/api/rest.py`: `request_perm`).
const GET_RPCS: [&str; 5] = ["ping", "version", "operations", "get-config", "status"];
const POST_RPCS: [&str; 3] = ["ping", "get-config", "edit-config"];

/// A running emulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    mdo: Arc<Mdo>,
    task: JoinHandle<io::Result<()>>,
}

/// What an emulator serves and how.
#[derive(Debug)]
struct Mdo {
    scenario: Scenario,
    domain: Domain,
    /// How it misbehaves at present.
    misbehaviour: Mutex<Option<Misbehaviour>>,
    requests: AtomicU64,
    /// What runs.
    config: edit::Config,
}

/// What to do when the wanted address is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Give up.
    None,
    /// Take a free port of 127.0.0.1: not every system has all of 127/8, and a port may be taken.
    FreePort,
}

/// Listens on `address`, or where `fallback` says.
///
/// # Errors
/// As the system says.
pub async fn bind(address: SocketAddr, fallback: Fallback) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error)
            if fallback == Fallback::FreePort
                && matches!(
                    error.kind(),
                    io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse
                ) =>
        {
            TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await
        }
        Err(error) => Err(error),
    }
}

impl Emulator {
    /// Emulates the MdO of one domain of a scenario on `listener`.
    ///
    /// # Errors
    /// The scenario has no such domain, or the listener no address.
    pub fn start(scenario: Scenario, id: &DomainId, listener: TcpListener) -> anyhow::Result<Self> {
        let domain = scenario.domain(id)?.clone();
        let address = listener.local_addr()?;
        let mdo = Arc::new(Mdo {
            scenario,
            domain,
            misbehaviour: Mutex::new(None),
            requests: AtomicU64::new(0),
            config: edit::Config::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&mdo));
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, mdo, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers like this from now on; `None` is as it should be.
    pub fn misbehave(&self, how: Option<Misbehaviour>) {
        *self
            .mdo
            .misbehaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = how;
    }

    /// How many requests have come in so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.mdo.requests.load(Ordering::Relaxed)
    }

    /// How many edits were carried out so far, and how many refused.
    #[must_use]
    pub fn edits(&self) -> (u64, u64) {
        self.mdo.config.counts()
    }

    /// Serves for ever.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(mut self) -> io::Result<()> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(mdo): State<Arc<Mdo>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    mdo.requests.fetch_add(1, Ordering::Relaxed);
    let how = mdo
        .misbehaviour
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    match how {
        Some(how) => how.answer(uri.path()).await,
        None => mdo.answer(&method, &uri, &headers, &body),
    }
}

impl Mdo {
    fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Response<Body> {
        let segments: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        match segments.as_slice() {
            ["escape", rpc] | ["escape", "orchestration", rpc] => {
                self.escape(method, rpc, uri, headers, body)
            }
            [
                "restconf",
                "data",
                resource @ ("topologyFromTADS" | "virtualizer" | "topologies" | "networks"),
            ] => self.netphony(method, resource),
            _ => text(StatusCode::NOT_FOUND, "no such path"),
        }
    }

    fn escape(
        &self,
        method: &Method,
        rpc: &str,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Response<Body> {
        let allowed: &[&str] = match *method {
            Method::GET => &GET_RPCS,
            Method::POST => &POST_RPCS,
            Method::PUT => &[],
            _ => return text(StatusCode::NOT_IMPLEMENTED, "verb not supported"),
        };
        if !allowed.contains(&rpc) {
            return text(StatusCode::NOT_ACCEPTABLE, "RPC not allowed for this verb");
        }
        match rpc {
            "ping" => text(StatusCode::OK, "OK"),
            "version" => {
                let version = json!({"name": "MdO emulator", "version": env!("CARGO_PKG_VERSION")});
                response(StatusCode::OK, JSON, version.to_string())
            }
            "operations" => {
                let operations = json!({"GET": GET_RPCS, "POST": POST_RPCS});
                response(StatusCode::OK, JSON, operations.to_string())
            }
            "status" => {
                let id = query(uri, "message-id").unwrap_or_default();
                match self.config.outcome(&id) {
                    Some(Ok(())) => text(StatusCode::OK, "done"),
                    Some(Err(why)) => text(StatusCode::INTERNAL_SERVER_ERROR, &why),
                    None => text(StatusCode::NOT_FOUND, "no such message"),
                }
            }
            "edit-config" => self.edit(headers, body, self.message_id(uri)),
            _ => {
                let answer = match self.config.text() {
                    Some(edited) => response(StatusCode::OK, XML, edited),
                    None => self.file(&self.domain.resources, XML),
                };
                with_message_id(answer, self.message_id(uri))
            }
        }
    }

    /// The client's own id if it gave one, as ESCAPE does.
    fn message_id(&self, uri: &Uri) -> String {
        query(uri, "message-id")
            .unwrap_or_else(|| self.requests.load(Ordering::Relaxed).to_string())
    }

    fn edit(&self, headers: &HeaderMap, body: &[u8], id: String) -> Response<Body> {
        if body.is_empty() {
            return text(StatusCode::BAD_REQUEST, "no body");
        }
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|of| of.to_str().ok());
        let is_xml = content_type.is_some_and(|of| of.contains("xml"));
        if !is_xml && !body.starts_with(b"<?xml version=") {
            return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "neither XML nor NFFG");
        }
        let file = || {
            let file = self.scenario.read(&self.domain.resources);
            file.map(Cow::into_owned).map_err(|error| error.to_string())
        };
        match self.config.edit(file, body, &id) {
            Ok(()) => with_message_id(text(StatusCode::ACCEPTED, "accepted"), id),
            Err(edit::Unreadable(why)) => text(StatusCode::BAD_REQUEST, &why),
        }
    }

    fn netphony(&self, method: &Method, resource: &str) -> Response<Body> {
        if *method != Method::GET {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "GET only");
            answer
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET"));
            return answer;
        }
        let text = match self.scenario.read(&self.domain.topology) {
            Ok(text) => text,
            Err(error) => return missing(&error),
        };
        // A file under edit is served as it is: what it does to its readers is the point.
        let document = netphony_form(resource, &text);
        let body = document.map_or_else(|| text.into_owned(), |it| it.to_string().into_bytes());
        response(StatusCode::OK, JSON, body)
    }

    /// A file of the scenario as it is now.
    fn file(&self, name: &str, content_type: &'static str) -> Response<Body> {
        match self.scenario.read(name) {
            Ok(content) => response(StatusCode::OK, content_type, content.into_owned()),
            Err(error) => missing(&error),
        }
    }
}

fn with_message_id(mut answer: Response<Body>, id: String) -> Response<Body> {
    if let Ok(id) = HeaderValue::try_from(id) {
        answer.headers_mut().insert("message-id", id);
    }
    answer
}

/// ESCAPE answers 404 when it has no view.
fn missing(error: &ScenarioError) -> Response<Body> {
    text(StatusCode::NOT_FOUND, &format!("no view: {error}"))
}

fn text(status: StatusCode, words: &str) -> Response<Body> {
    response(status, TEXT, words.to_owned())
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A parameter of the query. ESCAPE's are ids and URLs; this takes them as they stand.
fn query(uri: &Uri, name: &str) -> Option<String> {
    let pairs = uri
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
        .next()
}

/// The document that netphony's exporter `resource` makes of a scenario's file; `None` if that is the file
/// itself, or the file cannot be read.
fn netphony_form(resource: &str, text: &[u8]) -> Option<Value> {
    let view = || nffg::unify::decode(text).ok();
    match resource {
        "virtualizer" => {
            let mut document = serde_json::from_slice(text).ok()?;
            netphony::to_plain_unify(&mut document);
            Some(document)
        }
        "topologies" => Some(netphony::cop(&view()?)),
        "networks" => Some(netphony::ietf(&view()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
