//! From bytes to responses, and what every handler checks of a request first.

use std::fmt::Display;

use alto::media;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde::Serialize;
use serde_json::Value;

use super::problem::Problem;
use super::room::{BLOCK, Room};

/// The `Accept` header, its lines joined (RFC 9110 §5.3); `None` if there is none or it is no text.
pub(super) fn accept(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let first = lines.next()?.to_owned();
    Some(lines.fold(first, |joined, line| joined + "," + line))
}

/// Which of `offered` the client wants most.
pub(super) fn negotiate(
    headers: &HeaderMap,
    offered: &[&'static str],
) -> Result<&'static str, Problem> {
    let mut lines = headers.get_all(header::ACCEPT).iter();
    if let (Some(line), None, Some(first)) = (lines.next(), lines.next(), offered.first())
        && line == "*/*"
    {
        return Ok(first);
    }
    let accept = accept(headers);
    let wanted = media::negotiate(accept.as_deref(), offered);
    let wanted = wanted.and_then(|at| offered.get(at).copied());
    wanted.ok_or_else(|| Problem::NotAcceptable {
        accept: accept.unwrap_or_default(),
        offered: offered.to_vec(),
    })
}

/// Refuses a body of another type than `expected`.
pub(super) fn check_content_type(
    headers: &HeaderMap,
    expected: &'static str,
) -> Result<(), Problem> {
    let found = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if media::is_content_type(found, expected) {
        return Ok(());
    }
    let found = found.unwrap_or("missing");
    Err(Problem::UnsupportedMediaType {
        found: found.to_owned(),
        expected,
    })
}

/// Reads the whole body, at most `limit` bytes of it.
///
/// # Errors
/// [`Problem::BodyTooLarge`], [`Problem::BodyBroken`], or [`Problem::Busy`] if too much is on its way in.
pub(super) async fn read_body(request: Request<Body>, limit: usize) -> Result<Bytes, Problem> {
    // A body that says how large it is need not come first.
    if request.body().size_hint().lower() > limit as u64 {
        return Err(Problem::BodyTooLarge { limit });
    }
    // The guard brings it; a body that comes at once is no load, and takes none.
    let mut held = request.extensions().get::<Room>().map(Room::enter);
    let mut body = request.into_body();
    let (mut pieces, mut octets) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::BodyBroken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        octets = octets.saturating_add(data.len());
        if octets > limit {
            return Err(Problem::BodyTooLarge { limit });
        }
        if let Some(held) = held.as_mut().filter(|_| octets > BLOCK) {
            held.hold(octets)?;
        }
        pieces.push(data);
    }
    Ok(match pieces.as_slice() {
        [only] => only.clone(),
        pieces => pieces.concat().into(),
    })
}

/// A body that is to be JSON.
pub(super) fn parse_json(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::NotJson {
        detail: error.to_string(),
    })
}

/// A response of this type. A type that we made is always a valid header value.
pub(super) fn typed(status: StatusCode, media_type: &str, bytes: Bytes) -> Response {
    let mut response = (status, bytes).into_response();
    if let Ok(value) = HeaderValue::from_str(media_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// A JSON answer.
pub(super) fn json(value: &impl Serialize) -> Result<Response, Problem> {
    json_with(StatusCode::OK, value)
}

/// A JSON answer with another status than 200.
pub(super) fn json_with(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(value).map_err(|_| Problem::Internal)?;
    Ok(typed(status, "application/json", Bytes::from(bytes)))
}

/// Tells the version of what is answered (RFC 9110 §8.8.3): a hash, so always a valid header value.
pub(super) fn insert_etag(headers: &mut HeaderMap, version: impl Display) {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        headers.insert(header::ETAG, value);
    }
}

/// Whether the client says that it has this version already (RFC 9110 §13.1.2).
pub(super) fn has_version(headers: &HeaderMap, version: &str) -> bool {
    tags(headers, header::IF_NONE_MATCH).any(|tag| tag == "*" || tag.trim_matches('"') == version)
}

/// The entity tags of a list, as they are written but for the mark of weak ones: these are compared weakly
/// (RFC 9110 §8.8.3.2).
pub(super) fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
}

/// What every response says that no handler has said of it. Without a word of it caches may keep some
/// errors, and guess how long (RFC 9111 §4.2.2).
pub(super) fn complete(response: &mut Response, is_options: bool) {
    let (status, headers) = (response.status(), response.headers_mut());
    if !headers.contains_key(header::CACHE_CONTROL) {
        let kept = match headers.contains_key(header::ETAG) {
            true => "private, no-cache",
            false => "no-store",
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    }
    if is_options && status.is_success() {
        let allowed = headers.get(header::ALLOW).map(HeaderValue::as_bytes);
        let with_options = [allowed.unwrap_or_default(), b",OPTIONS"].concat();
        if let (Some(_), Ok(value)) = (allowed, HeaderValue::from_bytes(&with_options)) {
            headers.insert(header::ALLOW, value);
        }
    }
}

/// An ALTO error (RFC 7285 §8.5).
pub(super) fn alto_error(error: &alto::AltoError) -> Response {
    typed(StatusCode::BAD_REQUEST, media::ERROR, error.to_json())
}
