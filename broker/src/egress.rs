//! The HTTP client for everything that the daemon fetches: timeouts, no redirects, no proxy, and a
//! bound on what an answer may weigh.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::dns::Resolve;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, ClientBuilder, RequestBuilder, redirect};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The CA file cannot be read.
    #[error("ca_file: cannot read {path}")]
    ReadCa {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The CA file holds no certificate, or the TLS library refuses.
    #[error("cannot set up the HTTP client")]
    Build(#[source] reqwest::Error),
}

/// A client with `timeout` for each whole exchange. For https it trusts the system's authorities and
/// those of `ca_file`; without `https` it asks for none, since a machine that has none must not keep a
/// broker of plain sources from starting.
///
/// # Errors
/// The CA file is unreadable or wrong, or the system has no authorities and `https` needs some.
pub fn client(
    timeout: Duration,
    https: bool,
    ca_file: Option<&Path>,
) -> Result<Client, ClientError> {
    build(builder(timeout).pool_max_idle_per_host(1), https, ca_file)
}

/// The same for many exchanges with each server, of which some must not be sent twice: up to `idle` connections wait for the
/// next exchange, and for less time than servers leave them open, so that few are lost to a connection that is just
/// being closed.
///
/// # Errors
/// As [`client`].
pub fn client_for_many(
    timeout: Duration,
    idle: usize,
    https: bool,
    ca_file: Option<&Path>,
) -> Result<Client, ClientError> {
    let builder = builder(timeout)
        .pool_max_idle_per_host(idle)
        .pool_idle_timeout(IDLE);
    build(builder, https, ca_file)
}

/// A client for URLs that strangers gave us: it connects to nothing but what `resolver` finds, and trusts as [`client`]
/// does. The resolver is not asked about a host that is an address: check that before.
///
/// # Errors
/// As [`client`].
pub fn client_of_strangers(
    timeout: Duration,
    https: bool,
    ca_file: Option<&Path>,
    resolver: Arc<dyn Resolve>,
) -> Result<Client, ClientError> {
    let builder = builder(timeout)
        .dns_resolver(resolver)
        .https_only(https)
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(IDLE);
    build(builder, https, ca_file)
}

/// Servers close idle connections after ten seconds or more; `brokerd` does after ten.
const IDLE: Duration = Duration::from_secs(4);

fn builder(timeout: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("brokerd/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeout)
        .timeout(timeout)
        .redirect(redirect::Policy::none())
        .no_proxy()
}

fn build(
    mut builder: ClientBuilder,
    https: bool,
    ca_file: Option<&Path>,
) -> Result<Client, ClientError> {
    if !https {
        builder = builder.tls_certs_only([]);
    }
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|source| ClientError::ReadCa {
            path: path.to_owned(),
            source,
        })?;
        for certificate in
            reqwest::Certificate::from_pem_bundle(&pem).map_err(ClientError::Build)?
        {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(ClientError::Build)
}

/// A good answer, read whole.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The media type, in lower case, without parameters; empty when there was none.
    pub media_type: String,
    /// Its header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection, or it broke, or the time ran out.
    #[error("{}", transport(.0))]
    Transport(#[source] reqwest::Error),
    /// A status other than 200.
    #[error("the answer is HTTP {status}{hint}")]
    Status {
        /// The status code.
        status: u16,
        /// What may be the reason.
        hint: &'static str,
    },
    /// The body is larger than allowed.
    #[error("the answer is larger than pull.max_bytes, {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
}

impl FetchError {
    /// A word for metrics.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Transport(error) if error.is_timeout() => "timeout",
            Self::Transport(error) if error.is_connect() => "unreachable",
            Self::Transport(_) => "broken",
            Self::Status { .. } => "status",
            Self::TooLarge { .. } => "too-large",
        }
    }
}

/// reqwest's own text repeats the URL and hides the cause; people want the last cause.
pub(crate) fn transport(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let what = if error.is_connect() {
        "cannot connect"
    } else {
        "the connection broke"
    };
    format!("{what}: {cause}")
}

/// Sends `request` and reads a 200 answer of at most `limit` bytes; `None` if it is 304: what the
/// request's validators name is still so.
///
/// # Errors
/// See [`FetchError`].
pub async fn fetch(request: RequestBuilder, limit: usize) -> Result<Option<Fetched>, FetchError> {
    let mut response = request.send().await.map_err(FetchError::Transport)?;
    let status = response.status().as_u16();
    if status == 304 {
        return Ok(None);
    }
    if status != 200 {
        let hint = match status {
            300..=399 => ": redirects are not followed, set the final URL",
            401 | 403 => ": it wants credentials",
            404 => ": nothing there, check the path of the URL",
            405 | 501 => ": not by this method, the other may do (domains: method)",
            406 => ": it has nothing that we can read, or does not take this method",
            _ => "",
        };
        return Err(FetchError::Status { status, hint });
    }
    let too_large = || FetchError::TooLarge { limit };
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let media_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase())
        .unwrap_or_default();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(FetchError::Transport)? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(Fetched {
        media_type,
        headers: std::mem::take(response.headers_mut()),
        body: body.freeze(),
    }))
}
