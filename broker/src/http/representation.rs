//! What GET answers carry beside their content: validators, how long they may be kept, and codings.
//!
//! A content has as many representations as codings, and each has an entity tag of its own (RFC 9110
//! §8.8.3): `"tag"` as it is, `"tag-gzip"`, `"tag-zstd"`. Each is encoded once, when somebody asks for it
//! first, and goes when there is another version of the resource.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use alto::{Content, Tag};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use dashmap::DashMap;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::body::{Frame, SizeHint};
use tracing::warn;

use super::App;
use super::answer::tags;
use super::coding::{Acceptable, Coding, Effort};
use super::heavy::Heavy;
use super::problem::Problem;
use crate::settings::Anonymous;

/// A shorter text is not encoded unless the client takes it in no other way: it is one packet anyway.
const SHORT: usize = 1_000;

/// A longer text is encoded on a thread of its own: this one takes a fraction of a millisecond.
const LONG: usize = 32_000;

/// Texts that are encoded at once. Any number may wait: who waits has done nothing yet but ask.
const AT_ONCE: usize = 2;

/// The encodings of the contents that were asked for, of one version of each resource.
#[derive(Debug)]
pub(super) struct Encodings {
    kept: DashMap<(&'static str, Coding), Arc<Kept>>,
    room: Heavy,
}

/// What can be answered at once.
pub(super) enum AtOnce {
    /// This.
    Answer(Box<Response>),
    /// Nothing before this content is made in this coding.
    Unmade(Content, Coding),
    /// Nothing that is kept.
    Unkept(Content),
}

/// An encoding of one content.
#[derive(Debug)]
struct Kept {
    tag: Tag,
    /// `None` where it is no shorter.
    made: OnceLock<Option<Bytes>>,
    /// Held by who has it made; the others wait.
    making: tokio::sync::Mutex<()>,
}

impl Encodings {
    /// None; `waiting` may wait for one.
    pub(super) fn new(waiting: usize) -> Self {
        Self {
            kept: DashMap::new(),
            room: Heavy::new(AT_ONCE, waiting),
        }
    }

    /// A content of this resource in this coding, if it has been made; `Some(None)` where it is no shorter.
    fn made(&self, resource: &'static str, tag: &Tag, coding: Coding) -> Option<Option<Bytes>> {
        let kept = self.kept.get(&(resource, coding))?;
        if kept.tag == *tag {
            kept.made.get().cloned()
        } else {
            None
        }
    }

    /// Makes a content of this resource in this coding; who comes while it is being made waits. `None` where
    /// it is no shorter.
    async fn make(
        &self,
        resource: &'static str,
        content: &Content,
        coding: Coding,
    ) -> Result<Option<Bytes>, Problem> {
        let Some(tag) = &content.tag else {
            return Ok(None);
        };
        let kept = self.place(resource, tag, coding);
        let _making = kept.making.lock().await;
        if let Some(made) = kept.made.get() {
            return Ok(made.clone());
        }
        if content.len() <= LONG {
            let made = kept.made.get_or_init(|| shorter(content, coding));
            return Ok(made.clone());
        }
        let (content, kept) = (content.clone(), Arc::clone(&kept));
        // If the client leaves meanwhile, it is made all the same, and kept.
        let work = move || {
            let made = kept.made.get_or_init(|| shorter(&content, coding));
            made.clone()
        };
        self.room.run(work).await
    }

    /// Where the encoding of this content is kept. It takes the place of one of another version.
    fn place(&self, resource: &'static str, tag: &Tag, coding: Coding) -> Arc<Kept> {
        let key = (resource, coding);
        let found = self.kept.get(&key).map(|kept| Arc::clone(&kept));
        if let Some(kept) = found.filter(|kept| kept.tag == *tag) {
            return kept;
        }
        let mut place = self.kept.entry(key).or_insert_with(|| Kept::of(tag));
        if place.tag != *tag {
            *place = Kept::of(tag);
        }
        Arc::clone(&place)
    }

    /// Lets go of those whose content is not current any more.
    pub(super) fn retain(&self, is_current: impl Fn(&'static str, &Tag) -> bool) {
        self.kept.retain(|(id, _), kept| is_current(id, &kept.tag));
    }
}

impl Kept {
    fn of(tag: &Tag) -> Arc<Self> {
        Arc::new(Self {
            tag: tag.clone(),
            made: OnceLock::new(),
            making: tokio::sync::Mutex::new(()),
        })
    }
}

/// A content in a coding, if that saves a twentieth.
fn shorter(content: &Content, coding: Coding) -> Option<Bytes> {
    match coding.encode(&content.pieces, Effort::Kept) {
        Ok(made) if made.len() <= content.len() / 20 * 19 => Some(made),
        Ok(_) => None,
        Err(error) => {
            warn!(%error, coding = coding.name(), "a content could not be encoded");
            None
        }
    }
}

impl App {
    /// Answers GET with this content of a resource: 304 if the client has it, else in the coding that it
    /// likes best. `resource` is the id of what it is a version of; content without a tag is not kept.
    pub(super) async fn represent(
        &self,
        headers: &HeaderMap,
        resource: &'static str,
        mut content: Content,
    ) -> Result<Response, Problem> {
        let mut made = Vec::new();
        loop {
            match self.select(headers, resource, content, &made) {
                AtOnce::Answer(response) => return Ok(*response),
                AtOnce::Unkept(unkept) => return self.represent_once(headers, unkept).await,
                AtOnce::Unmade(unmade, coding) => {
                    let encodings = &self.shared.encodings;
                    made.push((coding, encodings.make(resource, &unmade, coding).await?));
                    content = unmade;
                }
            }
        }
    }

    /// The same, of what is there already.
    pub(super) fn represent_at_once(
        &self,
        headers: &HeaderMap,
        resource: &'static str,
        content: Content,
    ) -> AtOnce {
        self.select(headers, resource, content, &[])
    }

    /// The best of the representations that are there; `made` are some of this very content.
    fn select(
        &self,
        headers: &HeaderMap,
        resource: &'static str,
        content: Content,
        made: &[(Coding, Option<Bytes>)],
    ) -> AtOnce {
        let Some(tag) = content.tag.clone() else {
            return AtOnce::Unkept(content);
        };
        let acceptable = Acceptable::of(headers);
        // Of what the client has, the representation is selected that it takes (RFC 9110 §13.1.2): another
        // coding of the same would not be another version.
        if let Some(held) = held(headers, tag.as_str(), &acceptable) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            self.describe(headers, response.headers_mut(), &tag, held);
            return AtOnce::Answer(Box::new(response));
        }
        let is_short = content.len() < SHORT && acceptable.takes_identity();
        let there = |coding: Coding| {
            let made = made.iter().find(|(of, _)| *of == coding);
            let made = made.map(|(_, made)| made.clone());
            made.or_else(|| self.shared.encodings.made(resource, &tag, coding))
        };
        for coding in acceptable.iter() {
            let encoded = match coding {
                Some(_) if is_short => continue,
                None => None,
                Some(coding) => match there(coding) {
                    None => return AtOnce::Unmade(content, coding),
                    // The next best may be the text as it is.
                    Some(None) => continue,
                    Some(encoded) => encoded,
                },
            };
            let mut response = sent(content, encoded, coding);
            self.describe(headers, response.headers_mut(), &tag, coding);
            return AtOnce::Answer(Box::new(response));
        }
        // Longer or not, the client takes it in no other way.
        AtOnce::Unkept(content)
    }

    /// Answers with a content that is this request's alone.
    pub(super) async fn represent_once(
        &self,
        headers: &HeaderMap,
        content: Content,
    ) -> Result<Response, Problem> {
        let acceptable = Acceptable::of(headers);
        let best = acceptable.iter().next();
        let coding = match best {
            None => return Err(not_acceptable(headers)),
            Some(None) => None,
            Some(_) if content.len() < SHORT && acceptable.takes_identity() => None,
            Some(coding) => coding,
        };
        let encoded = match coding {
            None => None,
            Some(coding) => Some(self.encode_once(&content, coding).await?),
        };
        let mut response = sent(content, encoded, coding);
        let headers = response.headers_mut();
        // It is what was so at this moment, and nothing tells it from what is so at the next.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    async fn encode_once(&self, content: &Content, coding: Coding) -> Result<Bytes, Problem> {
        let encode = move |content: &Content| coding.encode(&content.pieces, Effort::Once);
        let made = if content.len() <= LONG {
            encode(content)
        } else {
            let content = content.clone();
            let room = &self.shared.encodings.room;
            room.run(move || encode(&content)).await?
        };
        made.map_err(|error| {
            warn!(%error, coding = coding.name(), "an answer could not be encoded");
            Problem::Internal
        })
    }

    /// What a representation, or 304 in its place, says of itself (RFC 9110 §15.4.5).
    fn describe(
        &self,
        request: &HeaderMap,
        headers: &mut HeaderMap,
        tag: &Tag,
        coding: Option<Coding>,
    ) {
        if let Ok(value) = HeaderValue::from_str(&entity_tag(tag.as_str(), coding)) {
            headers.insert(header::ETAG, value);
        }
        let kept = HeaderValue::from_static(self.kept_by(request));
        headers.insert(header::CACHE_CONTROL, kept);
        let varies = HeaderValue::from_static("accept-encoding");
        headers.insert(header::VARY, varies);
    }

    /// `Cache-Control` of a map: keep it, but ask whether it is still current, since it may change at any
    /// moment. Caches that many share may keep it where everybody may read it.
    pub(super) fn kept_by(&self, request: &HeaderMap) -> &'static str {
        let for_all = self.shared.settings.auth.anonymous == Anonymous::Everyone;
        if for_all && !request.contains_key(header::AUTHORIZATION) {
            "no-cache"
        } else {
            "private, no-cache"
        }
    }

    /// Lets go of encodings of contents that are not current.
    pub(super) fn sweep_encodings(&self) {
        let service = self.shared.published.service();
        let ask = self.light(None);
        self.shared.encodings.retain(|id, tag| {
            let resource = alto::resource(id);
            let content = resource.and_then(|one| service.content(one, &[], &ask).ok());
            content.is_some_and(|content| content.tag.as_ref() == Some(tag))
        });
    }
}

/// The entity tag of a content in a coding, as it is in `ETag`.
fn entity_tag(tag: &str, coding: Option<Coding>) -> String {
    match coding {
        None => format!("\"{tag}\""),
        Some(coding) => format!("\"{tag}-{}\"", coding.name()),
    }
}

/// Of the representations that are acceptable, the best of those that the client says it has.
fn held(headers: &HeaderMap, tag: &str, acceptable: &Acceptable) -> Option<Option<Coding>> {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return None;
    }
    let is_held = |coding: &Option<Coding>| {
        let wanted = entity_tag(tag, *coding);
        tags(headers, header::IF_NONE_MATCH).any(|held| held == "*" || held == wanted)
    };
    acceptable.iter().find(is_held)
}

fn not_acceptable(headers: &HeaderMap) -> Problem {
    let line = headers.get(header::ACCEPT_ENCODING);
    let accept_encoding = line.and_then(|line| line.to_str().ok()).unwrap_or_default();
    Problem::CodingNotAcceptable {
        accept_encoding: accept_encoding.chars().take(120).collect(),
    }
}

/// A content as a response, in no coding.
pub(super) fn plain(content: Content) -> Response {
    sent(content, None, None)
}

/// A content as a response, in its pieces or encoded. A type that we made is always a valid header value.
fn sent(content: Content, encoded: Option<Bytes>, coding: Option<Coding>) -> Response {
    let media_type = HeaderValue::from_str(&content.media_type);
    let body = match (encoded, content.pieces.as_slice()) {
        (Some(encoded), _) => Body::from(encoded),
        (None, [only]) => Body::from(only.clone()),
        (None, _) => Body::new(Pieces {
            left: content.len() as u64,
            pieces: content.pieces.into(),
        }),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Ok(media_type) = media_type {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, coding.value());
    }
    response
}

/// A body of pieces, sent as they are: its length is known, and nothing is copied together.
struct Pieces {
    pieces: VecDeque<Bytes>,
    left: u64,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;

    fn content(octets: usize) -> Content {
        let content = Content {
            media_type: alto::media::COST_MAP.into(),
            tag: None,
            pieces: vec!["1234567890".repeat(octets / 10).into()],
        };
        Content {
            tag: Some(alto::updates::Snapshot::from(content.clone()).tag),
            ..content
        }
    }

    /// The one thread for blocking work is taken: what needs it waits, and what does not need it is done.
    #[test]
    fn long_texts_are_encoded_off_the_network_threads() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (release, taken) = std::sync::mpsc::channel::<()>();
            let blocker = tokio::task::spawn_blocking(move || taken.recv());
            let encodings = Encodings::new(2);
            let (long, short) = (content(2 * LONG), content(LONG / 2));
            let mut made = pin!(encodings.make("networkmap", &long, Coding::Gzip));
            let is_waiting =
                poll_fn(|context| Poll::Ready(made.as_mut().poll(context).is_pending()));
            assert!(is_waiting.await);
            let other = encodings.make("tips", &short, Coding::Gzip).await;
            assert!(other.is_ok_and(|made| made.is_some()));
            release.send(()).unwrap();
            assert!(made.await.is_ok_and(|made| made.is_some()));
            blocker.await.unwrap().unwrap();
        });
    }
}
