//! What GET answers carry beside their content: validators, how long they may be kept, and codings.
//!
//! A content has as many representations as codings, and each has an entity tag of its own (RFC 9110
//! §8.8.3): `"tag"` as it is, `"tag-gzip"`, `"tag-zstd"`. Each is encoded once, when somebody asks for it
//! first, and goes when there is another version of the resource. The text as it is is put together when
//! somebody asks for it again: sent in the pieces that it is made of it takes a system call for every few
//! of them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

/// A longer text is put together on a thread of its own.
const LONG_COPY: usize = 1_000_000;

/// Texts that are encoded at once. Any number may wait: who waits has done nothing yet but ask.
const AT_ONCE: usize = 2;

/// The representations of the contents that were asked for, of one version of each resource.
#[derive(Debug)]
pub(super) struct Representations {
    kept: DashMap<&'static str, Arc<Kept>>,
    room: Heavy,
}

/// The representations of one content.
#[derive(Debug)]
pub(super) struct Kept {
    tag: Tag,
    media_type: HeaderValue,
    /// Octets of the text as it is.
    length: usize,
    /// The last version of the maps that is known to say this.
    version: AtomicU64,
    plain: Variant,
    gzip: Variant,
    zstd: Variant,
}

/// A content in one coding, or in none.
#[derive(Debug)]
struct Variant {
    entity_tag: HeaderValue,
    is_asked: AtomicBool,
    /// `None` where it is no shorter.
    made: OnceLock<Option<Bytes>>,
    /// Held by who has it made; the others wait.
    making: tokio::sync::Mutex<()>,
}

/// What can be answered at once.
enum AtOnce {
    Answer(Response),
    /// Nothing before the content is made in this coding.
    Unmade(Option<Coding>),
    /// The client takes it in no way that is kept.
    Unkept,
}

impl Representations {
    /// None; `waiting` may wait for one.
    pub(super) fn new(waiting: usize) -> Self {
        Self {
            kept: DashMap::new(),
            room: Heavy::new(AT_ONCE, waiting),
        }
    }

    /// What is kept of a resource, if that is what it says in this version of the maps.
    pub(super) fn of_version(&self, resource: &'static str, version: u64) -> Option<Arc<Kept>> {
        let kept = self.kept.get(resource)?;
        let is_of = kept.version.load(Ordering::Relaxed) == version;
        is_of.then(|| Arc::clone(&kept))
    }

    /// Where the representations of this content are kept. It takes the place of another version's. `None`
    /// where they are not: what has no tag may be other at any moment.
    fn place(&self, resource: &'static str, content: &Content) -> Option<Arc<Kept>> {
        let tag = content.tag.as_ref()?;
        let found = self.kept.get(resource).map(|kept| Arc::clone(&kept));
        if let Some(kept) = found.filter(|kept| kept.tag == *tag) {
            return Some(kept);
        }
        let new = Arc::new(Kept::of(content, tag)?);
        let mut place = self
            .kept
            .entry(resource)
            .or_insert_with(|| Arc::clone(&new));
        if place.tag != *tag {
            *place = new;
        }
        Some(Arc::clone(&place))
    }

    /// Makes a content in this coding; who comes while it is being made waits.
    async fn make(
        &self,
        kept: &Arc<Kept>,
        content: &Content,
        coding: Option<Coding>,
    ) -> Result<(), Problem> {
        let variant = kept.variant(coding);
        let _making = variant.making.lock().await;
        if variant.made.get().is_some() {
            return Ok(());
        }
        let long = match coding {
            Some(_) => LONG,
            None => LONG_COPY,
        };
        if content.len() <= long {
            variant.made.get_or_init(|| shorter(content, coding));
            return Ok(());
        }
        let (content, kept) = (content.clone(), Arc::clone(kept));
        // If the client leaves meanwhile, it is made all the same, and kept.
        let work = move || {
            let made = &kept.variant(coding).made;
            made.get_or_init(|| shorter(&content, coding));
        };
        self.room.run(work).await
    }

    /// Lets go of those whose content is not current any more.
    pub(super) fn retain(&self, is_current: impl Fn(&'static str, &Tag) -> bool) {
        self.kept.retain(|id, kept| is_current(id, &kept.tag));
    }
}

impl Kept {
    /// `None` where the tag or the media type are no header's value. Ours always are.
    fn of(content: &Content, tag: &Tag) -> Option<Self> {
        let variant = |coding: Option<Coding>| {
            let entity_tag = match coding {
                None => format!("\"{}\"", tag.as_str()),
                Some(coding) => format!("\"{}-{}\"", tag.as_str(), coding.name()),
            };
            Some(Variant {
                entity_tag: HeaderValue::try_from(entity_tag).ok()?,
                is_asked: AtomicBool::new(false),
                made: OnceLock::new(),
                making: tokio::sync::Mutex::new(()),
            })
        };
        let plain = variant(None)?;
        if let [only] = content.pieces.as_slice() {
            plain.made.get_or_init(|| Some(only.clone()));
        }
        Some(Self {
            tag: tag.clone(),
            media_type: HeaderValue::from_str(&content.media_type).ok()?,
            length: content.len(),
            version: AtomicU64::new(u64::MAX),
            plain,
            gzip: variant(Some(Coding::Gzip))?,
            zstd: variant(Some(Coding::Zstd))?,
        })
    }

    fn variant(&self, coding: Option<Coding>) -> &Variant {
        match coding {
            None => &self.plain,
            Some(Coding::Gzip) => &self.gzip,
            Some(Coding::Zstd) => &self.zstd,
        }
    }

    /// Of the representations that are acceptable, the best of those that the client says it has.
    fn held(&self, headers: &HeaderMap, acceptable: &Acceptable) -> Option<Option<Coding>> {
        if !headers.contains_key(header::IF_NONE_MATCH) {
            return None;
        }
        let is_held = |coding: &Option<Coding>| {
            let wanted = self.variant(*coding).entity_tag.as_bytes();
            let mut held = tags(headers, header::IF_NONE_MATCH);
            held.any(|held| held == "*" || held.as_bytes() == wanted)
        };
        acceptable.iter().find(is_held)
    }
}

/// A content in a coding, if that saves a twentieth; in none, put together.
fn shorter(content: &Content, coding: Option<Coding>) -> Option<Bytes> {
    let Some(coding) = coding else {
        return Some(content.pieces.concat().into());
    };
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
    /// `version` is that of the maps, where the content is all that the resource says in it.
    pub(super) async fn represent(
        &self,
        headers: &HeaderMap,
        resource: &'static str,
        content: Content,
        version: Option<u64>,
    ) -> Result<Response, Problem> {
        let representations = &self.shared.representations;
        let Some(kept) = representations.place(resource, &content) else {
            return self.represent_once(headers, content).await;
        };
        if let Some(version) = version {
            kept.version.store(version, Ordering::Relaxed);
        }
        loop {
            match self.select(headers, &kept, Some(&content)) {
                AtOnce::Answer(response) => return Ok(response),
                AtOnce::Unkept => return self.represent_once(headers, content).await,
                AtOnce::Unmade(coding) => representations.make(&kept, &content, coding).await?,
            }
        }
    }

    /// The same, of what is there already.
    pub(super) fn represent_at_once(&self, headers: &HeaderMap, kept: &Kept) -> Option<Response> {
        match self.select(headers, kept, None) {
            AtOnce::Answer(response) => Some(response),
            AtOnce::Unmade(_) | AtOnce::Unkept => None,
        }
    }

    /// The best of the representations that are there. The text as it is can be sent in the pieces of
    /// `content`, too.
    fn select(&self, headers: &HeaderMap, kept: &Kept, content: Option<&Content>) -> AtOnce {
        let acceptable = Acceptable::of(headers);
        // Of what the client has, the representation is selected that it takes (RFC 9110 §13.1.2): another
        // coding of the same would not be another version.
        if let Some(held) = kept.held(headers, &acceptable) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            self.describe(headers, response.headers_mut(), kept, held);
            return AtOnce::Answer(response);
        }
        let is_short = kept.length < SHORT && acceptable.takes_identity();
        for coding in acceptable.iter() {
            if coding.is_some() && is_short {
                continue;
            }
            let variant = kept.variant(coding);
            let body = match (variant.made.get(), coding, content) {
                (Some(Some(made)), ..) => Body::from(made.clone()),
                // The next best may be the text as it is.
                (Some(None), ..) => continue,
                (None, None, Some(content)) if !variant.is_asked.swap(true, Ordering::Relaxed) => {
                    Pieces::body(content)
                }
                (None, ..) => return AtOnce::Unmade(coding),
            };
            let mut response = Response::new(body);
            let fields = response.headers_mut();
            fields.insert(header::CONTENT_TYPE, kept.media_type.clone());
            if let Some(coding) = coding {
                fields.insert(header::CONTENT_ENCODING, coding.value());
            }
            self.describe(headers, fields, kept, coding);
            return AtOnce::Answer(response);
        }
        // Longer or not, the client takes it in no other way.
        AtOnce::Unkept
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
        let mut response = sent(&content, encoded, coding);
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
            let room = &self.shared.representations.room;
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
        kept: &Kept,
        coding: Option<Coding>,
    ) {
        let entity_tag = &kept.variant(coding).entity_tag;
        headers.insert(header::ETAG, entity_tag.clone());
        let may_keep = HeaderValue::from_static(self.kept_by(request));
        headers.insert(header::CACHE_CONTROL, may_keep);
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

    /// Lets go of representations of contents that are not current.
    pub(super) fn sweep_representations(&self) {
        let service = self.shared.published.service();
        let ask = self.light(None);
        self.shared.representations.retain(|id, tag| {
            let resource = alto::resource(id);
            let content = resource.and_then(|one| service.content(one, &[], &ask).ok());
            content.is_some_and(|content| content.tag.as_ref() == Some(tag))
        });
    }
}

fn not_acceptable(headers: &HeaderMap) -> Problem {
    let line = headers.get(header::ACCEPT_ENCODING);
    let accept_encoding = line.and_then(|line| line.to_str().ok()).unwrap_or_default();
    Problem::CodingNotAcceptable {
        accept_encoding: accept_encoding.chars().take(120).collect(),
    }
}

/// A content as a response, in no coding.
pub(super) fn plain(content: &Content) -> Response {
    sent(content, None, None)
}

/// A content as a response, in its pieces or encoded. A type that we made is always a valid header value.
fn sent(content: &Content, encoded: Option<Bytes>, coding: Option<Coding>) -> Response {
    let media_type = HeaderValue::from_str(&content.media_type);
    let body = encoded.map_or_else(|| Pieces::body(content), Body::from);
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

impl Pieces {
    fn body(content: &Content) -> Body {
        match content.pieces.as_slice() {
            [only] => Body::from(only.clone()),
            pieces => Body::new(Self {
                left: content.len() as u64,
                pieces: pieces.to_vec().into(),
            }),
        }
    }
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
            let kept = Representations::new(2);
            let (long, short) = (content(2 * LONG), content(LONG / 2));
            let [of_long, of_short] = [("networkmap", &long), ("tips", &short)]
                .map(|(id, content)| kept.place(id, content).unwrap());
            let gzip = Some(Coding::Gzip);
            let mut made = pin!(kept.make(&of_long, &long, gzip));
            let is_waiting =
                poll_fn(|context| Poll::Ready(made.as_mut().poll(context).is_pending()));
            assert!(is_waiting.await);
            assert!(kept.make(&of_short, &short, gzip).await.is_ok());
            release.send(()).unwrap();
            assert!(made.await.is_ok());
            for one in [&of_long, &of_short] {
                assert!(matches!(one.gzip.made.get(), Some(Some(_))));
            }
            blocker.await.unwrap().unwrap();
        });
    }
}
