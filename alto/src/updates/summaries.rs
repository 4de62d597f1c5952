//! Summaries of TIPS views through an update stream (RFC 9569 §6.2, §6.3.3): who watches many views is told in
//! one place which of them have something new.
//!
//! The resource that is watched is the TIPS resource itself, and `input` is what opens a view of it. What is told
//! is the answer to that, as it would be now.

use std::net::IpAddr;

use nffg::json::{Cursor, FieldError};
use serde_json::{Map, Value};

use super::document::{Document, Snapshot};
use super::history::PartPatch;
use super::message::{ControlUpdate, Message};
use super::patch::{Forms, diff};
use super::request::{OpenView, SubstreamId, incremental, substream};
use super::view::Store;
use crate::service::Content;
use crate::{AltoError, media, uri};

/// What a client asks to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddSummary {
    /// Its name in the stream.
    pub substream: SubstreamId,
    /// What opens the view.
    pub open: OpenView,
    /// Whether the client takes incremental changes.
    pub incremental: bool,
}

/// A request for a stream of summaries, of type [`UPDATE_STREAM_PARAMS`](crate::media::UPDATE_STREAM_PARAMS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSummaries {
    /// Which views: one at least.
    pub add: Vec<AddSummary>,
}

impl OpenSummaries {
    /// Reads one. `remove` is ignored (RFC 8895 §6.5), and so is a `tag`: a summary has no version.
    ///
    /// # Errors
    /// As [`Open::read`](super::Open::read); the `resource-id` is another than that of TIPS; the `input`, which
    /// an absent one is an empty object of, is wrong as [`OpenView::read`] says: then the error is that of the
    /// TIPS resource (RFC 8895 §6.6).
    pub fn read(request: &[u8], client: Option<IpAddr>) -> Result<Self, AltoError> {
        let request: Value = serde_json::from_slice(request)?;
        let request = Cursor::root(&request);
        let nothing = Value::Object(Map::new());
        let adds = request.required("add")?;
        let mut read = Vec::new();
        for name in adds.object()?.keys() {
            let substream = substream(name)?;
            let add = adds.required(name)?;
            let id = add.required("resource-id")?;
            if id.string()? != uri::id::TIPS {
                let rule = "no resource that this service has updates of; its 'uses' names them";
                return Err(id.invalid(rule).into());
            }
            let input = add.optional("input")?;
            let input = input.as_ref().map_or(&nothing, Cursor::value);
            read.push(AddSummary {
                substream,
                open: OpenView::of(&Cursor::root(input), client)?,
                incremental: incremental(&add)?,
            });
        }
        if read.is_empty() {
            return Err(FieldError::missing("add").into());
        }
        Ok(Self { add: read })
    }
}

/// What the client of a stream of summaries has been told.
pub struct Summaries {
    substreams: Vec<Substream>,
    is_begun: bool,
}

struct Substream {
    of: AddSummary,
    /// The address of the view.
    view_uri: String,
    told: Option<Document>,
}

impl Summaries {
    /// Of these views, which are at these addresses. Nothing is told yet. They are all watched.
    #[must_use]
    pub fn new(views: Vec<(AddSummary, String)>) -> Self {
        let substream = |(of, view_uri)| Substream {
            of,
            view_uri,
            told: None,
        };
        Self {
            substreams: views.into_iter().map(substream).collect(),
            is_begun: false,
        }
    }

    /// What is to be told now. A view that is no more is told as stopped, once.
    pub fn take(&mut self, store: &Store) -> Vec<Message> {
        let mut messages = Vec::new();
        if !self.is_begun {
            // There is no control service.
            messages.push(Message::from(&ControlUpdate {
                control_uri: Some(None),
                ..ControlUpdate::default()
            }));
            self.is_begun = true;
        }
        let mut stopped = Vec::new();
        self.substreams.retain_mut(|substream| {
            let view = &substream.of.open.view;
            let Some(history) = store.history(view) else {
                let why = store.ended(view).unwrap_or("the view is closed").to_owned();
                stopped.push((substream.of.substream.clone(), why));
                return false;
            };
            let summary = history.summary(substream.of.open.tag.as_deref());
            messages.extend(substream.tell(summary.opened(&substream.view_uri)));
            true
        });
        for (substream, why) in stopped {
            messages.push(Message::from(&ControlUpdate {
                stopped: vec![substream],
                description: Some(why.into()),
                ..ControlUpdate::default()
            }));
        }
        messages
    }

    /// Whether nothing comes any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.substreams.is_empty()
    }
}

impl Substream {
    /// The message that brings the client to this, if it has something else.
    fn tell(&mut self, answer: bytes::Bytes) -> Option<Message> {
        let now = Document::new(vec![answer.clone()]);
        let before = self.told.replace(now.clone());
        // The members are always the same ones, so that a merge patch says all that there is to say.
        let patch = before
            .as_ref()
            .and_then(|before| diff(before, &now, Forms::Merge));
        match patch {
            Some(patch) if patch.bytes.as_ref() == b"{}" => None,
            Some(patch) if self.of.incremental => Some(Message::patch(
                &self.of.substream,
                &PartPatch {
                    content_id: None,
                    patch,
                },
            )),
            _ => {
                let content = Content::made(media::TIPS.to_owned(), answer);
                let snapshot = Snapshot::from(content).into();
                Some(Message::full(
                    &self.of.substream,
                    &snapshot,
                    before.is_none(),
                ))
            }
        }
    }
}
