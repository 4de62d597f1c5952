//! What MdOs do that they should not.

use std::convert::Infallible;
use std::future;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};

use super::{JSON, XML, response};

/// How an emulator misbehaves, on all its paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// A proxy's page with status 200, called what it is.
    Html,
    /// The same page, called what was wanted.
    HtmlInDisguise,
    /// Bytes that are neither XML nor JSON, called what was wanted.
    Garbage,
    /// A well-formed document of the right kind and about this many bytes, of which the client is not
    /// told before.
    Huge {
        /// How large.
        bytes: usize,
    },
    /// The connection is taken and nothing ever comes.
    Silence,
    /// The right head, then one byte at a time with this pause between them, without end.
    Slow {
        /// The pause.
        pause: Duration,
    },
    /// More bytes are promised than come; then the connection ends.
    CutOff,
    /// Status 500 with a stack trace.
    ServerError,
    /// Off to another address.
    Redirect,
}

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\
    <body><p>Log in to use this network.<br></body></html>\n";
/// Not even UTF-8.
const NOISE: &[u8] = b"\xff\xfe\x00<<{[\x80\x00\xc3\x28]}>>\x1b[31m%s%n\r\n\0";
const CHUNK: usize = 64 << 10;

impl Misbehaviour {
    pub(super) async fn answer(self, path: &str) -> Response<Body> {
        let wanted = if path.starts_with("/escape") {
            XML
        } else {
            JSON
        };
        match self {
            Self::Html => response(StatusCode::OK, "text/html; charset=utf-8", PAGE),
            Self::HtmlInDisguise => response(StatusCode::OK, wanted, PAGE),
            Self::Garbage => response(StatusCode::OK, wanted, NOISE),
            Self::Huge { bytes } => stream(wanted, |mut sender| async move {
                let (head, tail) = padded_document(wanted);
                let mut sent = sender.send_data(Bytes::from_static(head)).await;
                for _ in 0..bytes.div_ceil(CHUNK) {
                    if sent.is_err() {
                        return;
                    }
                    sent = sender.send_data(Bytes::from_static(&[b' '; CHUNK])).await;
                }
                let _ = sender.send_data(Bytes::from_static(tail)).await;
            }),
            Self::Silence => future::pending().await,
            Self::Slow { pause } => stream(wanted, |mut sender| async move {
                while sender.send_data(Bytes::from_static(b" ")).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
            }),
            Self::CutOff => {
                let mut answer = stream(wanted, |mut sender| async move {
                    let _ = sender.send_data(Bytes::from_static(b"<virtualizer>")).await;
                });
                answer
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
                answer
            }
            Self::ServerError => response(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                "Traceback (most recent call last):\n  KeyError: 'virtualizer'\n",
            ),
            Self::Redirect => {
                let mut answer = response(StatusCode::FOUND, "text/plain", "elsewhere");
                let elsewhere = HeaderValue::from_static("http://127.0.0.1:9/elsewhere");
                answer.headers_mut().insert(header::LOCATION, elsewhere);
                answer
            }
        }
    }
}

/// Head and tail of a document between which white space does no harm.
fn padded_document(wanted: &str) -> (&'static [u8], &'static [u8]) {
    if wanted == XML {
        (
            b"<virtualizer><id>big</id><nodes>",
            b"</nodes></virtualizer>",
        )
    } else {
        (
            b"{\"nodes\": {\"node\": [",
            b"]}, \"links\": {\"link\": []}}",
        )
    }
}

/// A body that `write` sends piece by piece, until it is done or the client is gone.
fn stream<F>(
    wanted: &'static str,
    write: impl FnOnce(Sender<Bytes, Infallible>) -> F,
) -> Response<Body>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, channel) = Channel::new(1);
    tokio::spawn(write(sender));
    response(StatusCode::OK, wanted, Body::new(channel))
}
