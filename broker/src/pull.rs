//! Fetching exports: one task per source asks, decodes off the network threads, and hands what it
//! heard to the writer. What did not change is not decoded again.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use nffg::export::Expected;
use nffg::{DomainId, Syntax};
use reqwest::header::{
    ACCEPT, CONTENT_LENGTH, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::egress::{FetchError, Fetched, fetch};
use crate::ingest::{Document, Failure, Input, News, Slot, SourceKey, SourceKind};
use crate::metrics::Metrics;
use crate::settings::{Pull, PullFrom, PullMethod};

/// One source and where it is.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// Whose.
    pub domain: DomainId,
    /// What it has to tell.
    pub slot: Slot,
    /// Where, and how it is asked.
    pub from: PullFrom,
}

/// Why a source gave no export.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// No good answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Something else than an export.
    #[error("the answer is {found}, expected an export in XML, JSON or YAML")]
    WrongKind {
        /// What came.
        found: String,
    },
    /// The document is wrong.
    #[error("the document cannot be taken: {0}")]
    Document(#[from] nffg::DocumentError),
    /// The decoder did not finish.
    #[error("the decoder failed on this document; please report it")]
    Decoder,
}

impl PullError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.outcome(),
            Self::WrongKind { .. } => "wrong-type",
            Self::Document(_) | Self::Decoder => "malformed",
        }
    }
}

impl From<&PullError> for Failure {
    fn from(error: &PullError) -> Self {
        match error {
            PullError::Document(error) => error.into(),
            _ => error.to_string().into(),
        }
    }
}

/// What is kept of the last good answer, to know it again.
#[derive(Clone, Debug)]
struct Known {
    hash: blake3::Hash,
    /// Its validators (RFC 9110 §8.8), where the source gives any.
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Known {
    fn of(fetched: &Fetched) -> Self {
        Self {
            hash: blake3::hash(&fetched.body),
            etag: fetched.headers.get(ETAG).cloned(),
            last_modified: fetched.headers.get(LAST_MODIFIED).cloned(),
        }
    }

    /// The condition to ask under: that it is another by now.
    fn condition(&self) -> Option<(HeaderName, &HeaderValue)> {
        let etag = self.etag.as_ref().map(|etag| (IF_NONE_MATCH, etag));
        let at = self.last_modified.as_ref();
        etag.or_else(|| at.map(|at| (IF_MODIFIED_SINCE, at)))
    }
}

/// Asks one source until `stop`: every interval after a good answer, with growing pauses after a bad
/// one. The send waits when the writer is behind, so a slow writer slows the asking.
pub async fn run(
    client: Client,
    source: SourceSpec,
    settings: Pull,
    inputs: mpsc::Sender<Input>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) {
    let mut pauses = backoff(&settings);
    let mut known: Option<Known> = None;
    let key = SourceKey {
        domain: source.domain.clone(),
        kind: SourceKind::Pull(source.slot),
    };
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            asked = ask(&client, &source, settings.max_bytes, known.as_ref()) => asked,
        };
        let (news, pause) = match asked {
            Ok((now_known, news)) => {
                let outcome = match news {
                    News::Unchanged => "unchanged",
                    _ => "changed",
                };
                metrics.pull(&key, outcome);
                known = now_known.or(known);
                pauses = backoff(&settings);
                (news, around(settings.interval))
            }
            Err(error) => {
                metrics.pull(&key, error.outcome());
                // A wrong document must be decoded again, or its fault would be forgotten.
                known = known.filter(|_| matches!(error, PullError::Fetch(_)));
                let pause = pauses.next().unwrap_or(settings.interval);
                (News::Failed((&error).into()), pause)
            }
        };
        debug!(domain = %key.domain, source = %key.kind, ?pause, "asked");
        if inputs
            .send(Input {
                source: key.clone(),
                news,
            })
            .await
            .is_err()
        {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The pauses after bad answers. Sources that failed together shall not be asked together.
fn backoff(settings: &Pull) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(settings.retry_after)
        .with_max_delay(settings.interval.max(settings.retry_after))
        .without_max_times()
        .build()
}

/// Plus or minus a tenth, so that sources that started together do not stay together.
fn around(interval: Duration) -> Duration {
    interval.mul_f64(0.9 + 0.2 * fastrand::f64())
}

/// Asks once. With news comes what to know it by; none if the source says itself that there are none.
async fn ask(
    client: &Client,
    source: &SourceSpec,
    max_bytes: usize,
    known: Option<&Known>,
) -> Result<(Option<Known>, News), PullError> {
    // Only GET has an answer for what did not change (RFC 9110 §13.1.2).
    let method = source.from.method(source.slot);
    let condition = known
        .filter(|_| method == PullMethod::Get)
        .and_then(Known::condition);
    let request = request(client, source, method);
    let request = match &condition {
        Some((name, value)) => request.header(name, *value),
        None => request,
    };
    let Some(fetched) = fetch(request, max_bytes).await? else {
        if condition.is_some() {
            return Ok((None, News::Unchanged));
        }
        let unasked = FetchError::Status {
            status: 304,
            hint: ": it was not asked whether anything changed",
        };
        return Err(unasked.into());
    };
    let now_known = Known::of(&fetched);
    if known.is_some_and(|known| known.hash == now_known.hash) {
        return Ok((Some(now_known), News::Unchanged));
    }
    let syntax = syntax_of(&fetched)?;
    let (domain, format, body) = (source.domain.clone(), source.from.format, fetched.body);
    let read = tokio::task::spawn_blocking(move || {
        let expected = Expected {
            domain: &domain,
            syntax: Some(syntax),
            format,
        };
        Document::decode(&body, expected)
    });
    let document = read.await.map_err(|_| PullError::Decoder)??;
    Ok((Some(now_known), News::Document(Box::new(document))))
}

fn request(client: &Client, source: &SourceSpec, method: PullMethod) -> RequestBuilder {
    let url = source.from.url.expose().clone();
    let request = match method {
        PullMethod::Get => client.get(url),
        // Python's servers, ESCAPE's is one, want the length of nothing, too (RFC 9110 §8.6).
        PullMethod::Post => client.post(url).header(CONTENT_LENGTH, 0),
    };
    let accept = match source.slot {
        Slot::Resources => "application/xml, application/json;q=0.9, application/yaml;q=0.8",
        Slot::Topology | Slot::Windows => {
            "application/json, application/yaml;q=0.9, application/xml;q=0.8"
        }
    };
    request.header(ACCEPT, accept)
}

/// What an MdO sends is known by its type or, since some send none or a wrong one, by how it begins.
fn syntax_of(fetched: &Fetched) -> Result<Syntax, PullError> {
    let begin = fetched.body.trim_ascii_start();
    let begins = |with: &[u8]| {
        begin
            .get(..with.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(with))
    };
    let wrong = |found: &str| {
        Err(PullError::WrongKind {
            found: found.to_owned(),
        })
    };
    let is_html = fetched.media_type == "text/html" || begins(b"<html") || begins(b"<!doctype");
    let told = Syntax::of_media_type(&fetched.media_type);
    let looks = Syntax::of_beginning(&fetched.body);
    if begin.is_empty() {
        wrong("empty")
    } else if is_html {
        wrong("an HTML page")
    } else if looks != Syntax::Yaml {
        Ok(looks)
    } else if let Some(told) = told {
        Ok(told)
    } else if fetched.media_type.is_empty() {
        wrong("of no media type")
    } else {
        wrong(&fetched.media_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syntax(media_type: &str, body: &'static [u8]) -> Result<Syntax, String> {
        let fetched = Fetched {
            media_type: media_type.to_owned(),
            headers: reqwest::header::HeaderMap::new(),
            body: bytes::Bytes::from_static(body),
        };
        syntax_of(&fetched).map_err(|error| error.to_string())
    }

    #[test]
    fn an_export_is_known_by_its_type_or_its_beginning() {
        use Syntax::{Json, Xml, Yaml};
        assert_eq!(syntax("application/xml", b"<virtualizer/>"), Ok(Xml));
        assert_eq!(syntax("", b"\n<virtualizer/>"), Ok(Xml));
        assert_eq!(syntax("text/plain", b"{}"), Ok(Json));
        assert_eq!(syntax("application/yaml", b"cpu: 4"), Ok(Yaml));
        let wrong = |media, body| syntax(media, body).unwrap_err();
        assert!(wrong("text/html", b"<html>").contains("an HTML page"));
        assert!(wrong("application/xml", b"<!DOCTYPE html>").contains("an HTML page"));
        assert!(wrong("application/json", b"  ").contains("empty"));
        assert!(wrong("image/png", b"\x89PNG").contains("image/png, expected an export"));
        assert!(wrong("", b"\x89PNG").contains("no media type"));
    }

    #[test]
    fn pauses_after_failures_grow_and_are_no_two_sources_alike() {
        let settings = Pull::default();
        let longest = settings.interval * 2;
        let mut first = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let pauses: Vec<Duration> = backoff(&settings).take(100).collect();
            assert!(pauses[0] >= settings.retry_after, "{pauses:?}");
            assert!(pauses[99] >= settings.interval && pauses[99] <= longest);
            first.insert(pauses[0]);
        }
        assert!(first.len() > 1, "{first:?}");
    }

    #[test]
    fn pauses_stay_around_the_interval() {
        for _ in 0..1000 {
            let pause = around(Duration::from_secs(10));
            assert!((Duration::from_secs(9)..=Duration::from_secs(11)).contains(&pause));
        }
    }
}
