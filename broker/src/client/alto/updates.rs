//! Updates of a resource as they come, over an update stream (RFC 8895) or a TIPS view (RFC 9569): which of
//! both, and when to try again.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::catalogue::{Catalogue, Resource};
use super::mirror::Update;
use super::stream::UpdateStream;
use super::tips::TipsView;
use super::{Alto, JSON_PATCH_TYPE, MERGE_PATCH_TYPE};
use crate::client::ClientError;
use crate::clock;

/// How updates come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Over a stream if there is one, else over a view.
    #[default]
    Auto,
    /// Over an update stream (RFC 8895).
    Sse,
    /// Over a TIPS view (RFC 9569).
    Tips,
}

/// What happens to a resource that is watched.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// It changed.
    Update(Update),
    /// Something else that is worth telling.
    Note(String),
    /// No more will come, for this reason.
    Ended(String),
}

/// What is watched.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) resource_id: String,
    pub(super) input: Option<Value>,
    /// The resource's media type, with what is read of patches: `Accept`.
    pub(super) accept: String,
    /// Whether patches come only of kinds that are known here.
    pub(super) incremental: bool,
}

impl Watched {
    /// The members of a request for updates of it, for a client that has the version with this tag.
    pub(super) fn request(&self, tag: Option<&str>) -> Value {
        let mut request = json!({"resource-id": self.resource_id});
        if let Some(tag) = tag {
            request["tag"] = tag.into();
        }
        if let Some(input) = &self.input {
            request["input"] = input.clone();
        }
        request
    }
}

/// Where updates come from.
#[derive(Debug)]
pub enum Updates {
    /// An update stream.
    Stream(Box<UpdateStream>),
    /// A TIPS view.
    Tips(Box<TipsView>),
}

impl Updates {
    /// Updates of this resource, with this input if it takes any. Nothing is sent yet.
    ///
    /// # Errors
    /// The directory has no such updates; the text says what was looked for.
    pub fn of(
        catalogue: &Catalogue,
        resource: &Resource,
        input: Option<Value>,
        transport: Transport,
    ) -> Result<Self, String> {
        let id = resource.id.as_str();
        let stream = catalogue
            .update_stream(id)
            .filter(|_| transport != Transport::Tips);
        let tips = catalogue.tips(id).filter(|_| transport != Transport::Sse);
        let watched = |service: &Resource| {
            let told = service.capability("incremental-change-media-types").get(id);
            let types = told.and_then(Value::as_str).unwrap_or_default();
            let is_known =
                |kind: &str| matches!(kind.trim(), "" | MERGE_PATCH_TYPE | JSON_PATCH_TYPE);
            Watched {
                resource_id: id.to_owned(),
                input: input.clone(),
                accept: format!(
                    "{}, {MERGE_PATCH_TYPE}, {JSON_PATCH_TYPE}",
                    resource.media_type
                ),
                incremental: types.split(',').all(is_known),
            }
        };
        match (stream, tips) {
            (Some(service), _) => {
                let stream = UpdateStream::new(service.uri.clone(), watched(service));
                Ok(Self::Stream(Box::new(stream)))
            }
            (None, Some(service)) => {
                let watched = watched(service);
                if !watched.incremental {
                    // RFC 9569 §6.1: who does not know all kinds of patches must not use the view.
                    return Err(format!(
                        "'{}' sends patches of '{id}' of a kind that is not known here",
                        service.id
                    ));
                }
                let view = TipsView::new(service.uri.clone(), watched);
                Ok(Self::Tips(Box::new(view)))
            }
            (None, None) => {
                let what = match transport {
                    Transport::Auto => "neither update streams nor TIPS views",
                    Transport::Sse => "no update streams",
                    Transport::Tips => "no TIPS views",
                };
                Err(format!("the directory has {what} of '{id}'"))
            }
        }
    }

    /// What comes next. `tag` is that of the version that the client has. May be dropped and called anew:
    /// nothing is lost.
    ///
    /// # Errors
    /// The server refuses, or was never there: that it is gone for a while is a [`Signal::Note`].
    pub async fn next(&mut self, alto: &Alto, tag: Option<&str>) -> Result<Signal, ClientError> {
        match self {
            Self::Stream(stream) => stream.next(alto, tag).await,
            Self::Tips(view) => view.next(alto, tag).await,
        }
    }

    /// What the client has is of no use: begins anew, with the whole.
    pub fn restart(&mut self) {
        match self {
            Self::Stream(stream) => stream.restart(),
            Self::Tips(view) => view.restart(),
        }
    }

    /// Ends it in the server's good books, where there is a way to.
    pub async fn close(&mut self, alto: &Alto) {
        if let Self::Stream(stream) = self {
            stream.close(alto).await;
        }
    }
}

/// When to try again: soon, then more and more seldom.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    /// How often what the server sent was of no use, since an update came.
    useless: u32,
    until: Option<Instant>,
}

impl Backoff {
    const SHORTEST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(30);
    /// How often in a row what a server sends may be of no use.
    const MOST_USELESS: u32 = 5;

    /// Waits until it is time.
    pub(super) async fn wait(&mut self) {
        if let Some(until) = self.until {
            tokio::time::sleep_until(until).await;
            self.until = None;
        }
    }

    /// It failed. The server may have said how long it wants to be left alone.
    pub(super) fn failed(&mut self, wish: Option<Duration>) -> Duration {
        let doubled = Self::SHORTEST.saturating_mul(1 << self.failures.min(10));
        // Clients that lost one server do not come back in one moment.
        let spread = doubled
            .min(Self::LONGEST)
            .mul_f64(0.75 + fastrand::f64() / 2.0);
        let pause = wish.unwrap_or(spread);
        self.failures += 1;
        self.until = Some(clock::instant() + pause);
        pause
    }

    /// It worked.
    pub(super) fn worked(&mut self) {
        *self = Self::default();
    }

    /// What the server sent is of no use.
    ///
    /// # Errors
    /// That was so too often since an update came.
    pub(super) fn useless(&mut self, url: &Url, why: &str) -> Result<(), ClientError> {
        self.failed(None);
        self.useless += 1;
        if self.useless < Self::MOST_USELESS {
            return Ok(());
        }
        Err(ClientError::NotUnderstood {
            url: url.clone(),
            detail: why.to_owned(),
        })
    }
}

/// Whether an error may pass by itself.
pub(super) fn may_pass(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::NoAnswer { .. }
            | ClientError::Timeout { .. }
            | ClientError::TooManyRequests { .. }
    )
}

/// `again in 1.5 s`.
pub(super) fn again(pause: Duration) -> String {
    format!("again in {:.1} s", pause.as_secs_f64())
}
