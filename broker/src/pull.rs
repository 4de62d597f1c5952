//! Fetching exports: one task per source asks, decodes off the network threads, and hands what it
//! heard to the writer. What did not change is not decoded again.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use nffg::{DomainId, unify, virtualizer};
use reqwest::header::ACCEPT;
use reqwest::{Client, RequestBuilder};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::egress::{FetchError, Fetched, fetch};
use crate::ingest::{Input, News, SourceKey, SourceKind};
use crate::metrics::Metrics;
use crate::settings::{Pull, SourceUrl};

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Virtualizer XML, by POST.
    Virtualizer,
    /// UNIFY JSON, by GET.
    Unify,
}

impl Format {
    /// What an export of this form tells.
    #[must_use]
    pub const fn kind(self) -> SourceKind {
        match self {
            Self::Virtualizer => SourceKind::Resources,
            Self::Unify => SourceKind::Topology,
        }
    }
}

/// One source and where it is.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// Whose.
    pub domain: DomainId,
    /// In which form.
    pub format: Format,
    /// Where.
    pub url: SourceUrl,
}

/// Why a source gave no export.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// No good answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Something else than an export.
    #[error("the answer is {found}, expected {expected}")]
    WrongKind {
        /// What came.
        found: String,
        /// What was wanted.
        expected: &'static str,
    },
    /// The document is wrong.
    #[error("the document cannot be taken: {0}")]
    Document(String),
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
    let backoff = || {
        ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(settings.retry_after)
            .with_max_delay(settings.interval.max(settings.retry_after))
            .without_max_times()
            .build()
    };
    let mut pauses = backoff();
    let mut last = None;
    let key = SourceKey {
        domain: source.domain.clone(),
        kind: source.format.kind(),
    };
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            asked = ask(&client, &source, settings.max_bytes, last) => asked,
        };
        let (news, pause) = match asked {
            Ok((hash, news)) => {
                metrics.pull(
                    &key,
                    if news == News::Unchanged {
                        "unchanged"
                    } else {
                        "changed"
                    },
                );
                last = Some(hash);
                pauses = backoff();
                (news, around(settings.interval))
            }
            Err(error) => {
                metrics.pull(&key, error.outcome());
                // A wrong document must be decoded again, or its fault would be forgotten.
                last = last.filter(|_| matches!(error, PullError::Fetch(_)));
                (
                    News::Failed(error.to_string()),
                    pauses.next().unwrap_or(settings.interval),
                )
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

/// Plus or minus a tenth, so that sources that started together do not stay together.
fn around(interval: Duration) -> Duration {
    interval.mul_f64(0.9 + 0.2 * fastrand::f64())
}

type Hash = blake3::Hash;

async fn ask(
    client: &Client,
    source: &SourceSpec,
    max_bytes: usize,
    last: Option<Hash>,
) -> Result<(Hash, News), PullError> {
    let fetched = fetch(request(client, source), max_bytes).await?;
    let hash = blake3::hash(&fetched.body);
    if last == Some(hash) {
        return Ok((hash, News::Unchanged));
    }
    check_format(source.format, &fetched)?;
    let (format, body) = (source.format, fetched.body);
    let news = tokio::task::spawn_blocking(move || decode(format, &body))
        .await
        .map_err(|_| PullError::Decoder)??;
    Ok((hash, news))
}

fn request(client: &Client, source: &SourceSpec) -> RequestBuilder {
    let url = source.url.expose().clone();
    match source.format {
        // ESCAPE answers GET too, but its own clients POST with an empty body.
        Format::Virtualizer => client.post(url).header(ACCEPT, "application/xml").body(""),
        Format::Unify => client.get(url).header(ACCEPT, "application/json"),
    }
}

/// What an MdO sends is known by its type or, since some send none, by how it begins.
fn check_format(format: Format, fetched: &Fetched) -> Result<(), PullError> {
    let begin = fetched.body.trim_ascii_start();
    let (expected, begins, types): (_, _, [&str; 2]) = match format {
        Format::Virtualizer => ("Virtualizer XML", b'<', ["application/xml", "text/xml"]),
        Format::Unify => ("UNIFY JSON", b'{', ["application/json", "text/json"]),
    };
    let wrong = |found: &str| {
        Err(PullError::WrongKind {
            found: found.to_owned(),
            expected,
        })
    };
    let is_html = fetched.media_type == "text/html"
        || begin
            .get(..5)
            .is_some_and(|head| head.eq_ignore_ascii_case(b"<html"))
        || begin
            .get(..9)
            .is_some_and(|head| head.eq_ignore_ascii_case(b"<!doctype"));
    if begin.is_empty() {
        wrong("empty")
    } else if is_html {
        wrong("an HTML page")
    } else if types.contains(&fetched.media_type.as_str()) || begin.first() == Some(&begins) {
        Ok(())
    } else if fetched.media_type.is_empty() {
        wrong("of no media type")
    } else {
        wrong(&fetched.media_type)
    }
}

fn decode(format: Format, body: &Bytes) -> Result<News, PullError> {
    match format {
        Format::Virtualizer => virtualizer::decode(body)
            .map(News::Resources)
            .map_err(|error| PullError::Document(error.to_string())),
        Format::Unify => unify::decode(body)
            .map(News::Topology)
            .map_err(|error| PullError::Document(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(format: Format, media_type: &str, body: &'static [u8]) -> Result<(), String> {
        let fetched = Fetched {
            media_type: media_type.to_owned(),
            body: Bytes::from_static(body),
        };
        check_format(format, &fetched).map_err(|error| error.to_string())
    }

    #[test]
    fn an_export_is_known_by_its_type_or_its_beginning() {
        use Format::{Unify, Virtualizer};
        assert_eq!(
            kind_of(Virtualizer, "application/xml", b"<virtualizer/>"),
            Ok(())
        );
        assert_eq!(kind_of(Virtualizer, "", b"\n<virtualizer/>"), Ok(()));
        assert_eq!(kind_of(Unify, "text/plain", b"{}"), Ok(()));
        let wrong = |format, media, body| kind_of(format, media, body).unwrap_err();
        assert!(wrong(Virtualizer, "text/html", b"<html>").contains("an HTML page"));
        assert!(wrong(Virtualizer, "application/xml", b"<!DOCTYPE html>").contains("an HTML page"));
        assert!(wrong(Unify, "application/json", b"  ").contains("empty"));
        assert!(wrong(Unify, "image/png", b"\x89PNG").contains("image/png, expected UNIFY JSON"));
    }

    #[test]
    fn pauses_stay_around_the_interval() {
        for _ in 0..1000 {
            let pause = around(Duration::from_secs(10));
            assert!((Duration::from_secs(9)..=Duration::from_secs(11)).contains(&pause));
        }
    }
}
