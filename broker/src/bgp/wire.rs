//! Messages on the wire. Framing and header checks are ours; OPEN and NOTIFICATION are read and
//! written by `rustbgpd-wire`, which nothing else but `machine` names.

use bytes::{Bytes, BytesMut};
use rustbgpd_wire as lib;

use super::Notification;

const HEADER: usize = 19;
/// Before the OPEN has come, and for OPEN and KEEPALIVE always (RFC 4271 §4.1).
const STANDARD: usize = 4096;
/// What our OPEN says that we take (RFC 8654 §4).
const EXTENDED: usize = 65_535;

const OPEN: u8 = 1;
const UPDATE: u8 = 2;
const NOTIFICATION: u8 = 3;
const KEEPALIVE: u8 = 4;
const ROUTE_REFRESH: u8 = 5;

/// A message from the peer.
#[derive(Debug)]
pub(super) enum Message {
    Open(lib::OpenMessage),
    Update(Update),
    Notification(Notification),
    Keepalive,
    /// Not read: there is nothing that we could send again.
    RouteRefresh,
}

/// An UPDATE whose three fields are consistent (RFC 7606 §3 (b)).
#[derive(Debug)]
pub(super) struct Update {
    pub attributes: Bytes,
    /// Whether the IPv4 field at the end has anything; its content is not ours.
    pub body_nlri: bool,
}

/// What came is no message: what to answer, and the fault in words.
#[derive(Debug)]
pub(super) struct Malformed {
    pub notification: Notification,
    pub cause: String,
}

/// Cuts the stream into messages. After an error the connection must be closed.
#[derive(Debug)]
pub(super) struct Codec {
    limit: usize,
}

impl Codec {
    pub(super) const fn new() -> Self {
        Self { limit: STANDARD }
    }

    /// From the peer's OPEN on: our own OPEN says that we take extended messages.
    pub(super) const fn extend(&mut self) {
        self.limit = EXTENDED;
    }

    /// Takes the next message off the front of `buffer`; `None`: it is not yet whole. Reserves room
    /// for one message at most.
    ///
    /// # Errors
    ///
    /// If what is there cannot be a message. The connection must then be closed.
    pub(super) fn decode(&self, buffer: &mut BytesMut) -> Result<Option<Message>, Malformed> {
        let Some(header) = buffer.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let (length, kind) = check_header(header, self.limit)?;
        if buffer.len() < length {
            buffer.reserve(length - buffer.len());
            return Ok(None);
        }
        read(kind, buffer.split_to(length).freeze()).map(Some)
    }
}

/// RFC 4271 §6.1.
fn check_header(header: &[u8; HEADER], limit: usize) -> Result<(usize, u8), Malformed> {
    let [marker @ .., high, low, kind] = header;
    if marker != &[0xff; 16] {
        return Err(malformed(1, 1, &[], "the marker is not all ones".into()));
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let allowed = match *kind {
        OPEN => 29..=STANDARD,
        UPDATE => 23..=limit,
        NOTIFICATION => 21..=limit,
        KEEPALIVE => HEADER..=HEADER,
        ROUTE_REFRESH => 23..=limit,
        other => {
            return Err(malformed(
                1,
                3,
                &[other],
                format!("message type {other} is unknown"),
            ));
        }
    };
    if !allowed.contains(&length) {
        let cause = format!(
            "length {length} of message type {kind} is not in {}..={}",
            allowed.start(),
            allowed.end()
        );
        return Err(malformed(1, 2, &[*high, *low], cause));
    }
    Ok((length, *kind))
}

fn malformed(code: u8, subcode: u8, data: &[u8], cause: String) -> Malformed {
    Malformed {
        notification: Notification::new(code, subcode, Bytes::copy_from_slice(data)),
        cause,
    }
}

fn read(kind: u8, mut frame: Bytes) -> Result<Message, Malformed> {
    if kind == ROUTE_REFRESH {
        return Ok(Message::RouteRefresh);
    }
    match lib::decode_message(&mut frame, lib::EXTENDED_MAX_MESSAGE_LEN) {
        Ok(lib::Message::Open(open)) => Ok(Message::Open(open)),
        Ok(lib::Message::Update(update)) => Ok(Message::Update(Update {
            attributes: update.path_attributes,
            body_nlri: !update.nlri.is_empty(),
        })),
        Ok(lib::Message::Notification(notification)) => {
            Ok(Message::Notification(Notification::from(notification)))
        }
        Ok(lib::Message::Keepalive) => Ok(Message::Keepalive),
        Ok(lib::Message::RouteRefresh(_)) => Ok(Message::RouteRefresh),
        Ok(other) => Err(malformed(1, 3, &[kind], format!("{other} is not expected"))),
        Err(error) => {
            let (code, subcode, data) = error.to_notification();
            Err(Malformed {
                notification: Notification::new(code.as_u8(), subcode, data),
                cause: error.to_string(),
            })
        }
    }
}

impl From<lib::NotificationMessage> for Notification {
    fn from(message: lib::NotificationMessage) -> Self {
        Self::new(message.code.as_u8(), message.subcode, message.data)
    }
}

impl From<&Notification> for lib::NotificationMessage {
    fn from(notification: &Notification) -> Self {
        Self::new(
            lib::NotificationCode::from_u8(notification.code),
            notification.subcode,
            notification.data.clone(),
        )
    }
}

/// Appends an OPEN.
///
/// # Errors
///
/// If it does not fit in 4,096 octets.
pub(super) fn put_open(out: &mut BytesMut, open: &lib::OpenMessage) -> Result<(), String> {
    open.encode(out).map_err(|error| error.to_string())
}

/// Appends a NOTIFICATION; without its data if that is too long.
pub(super) fn put_notification(out: &mut BytesMut, notification: &Notification) {
    let message = lib::NotificationMessage::from(notification);
    if message.encode(out).is_err() {
        put_header(
            out,
            NOTIFICATION,
            &[notification.code, notification.subcode],
        );
    }
}

/// Appends a KEEPALIVE.
pub(super) fn put_keepalive(out: &mut BytesMut) {
    put_header(out, KEEPALIVE, &[]);
}

/// Appends the End-of-RIB marker of the link-state family: an UPDATE with an empty
/// `MP_UNREACH_NLRI` (RFC 4724 §2).
pub(super) fn put_end_of_rib(out: &mut BytesMut) {
    put_header(out, UPDATE, &[0, 0, 0, 6, 0x80, 15, 3, 0x40, 0x04, 71]);
}

fn put_header(out: &mut BytesMut, kind: u8, body: &[u8]) {
    let length = u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&[0xff; 16]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[kind]);
    out.extend_from_slice(body);
}

/// The registered name of a code and subcode.
pub(super) fn describe(code: u8, subcode: u8) -> &'static str {
    lib::notification::description(lib::NotificationCode::from_u8(code), subcode)
}

/// A text for the other side's operator as data of a Cease (RFC 9003), cut to 128 octets.
pub(super) fn shutdown_communication(text: &str) -> Bytes {
    lib::notification::encode_shutdown_communication(text)
}

/// The text in a Cease, if it has a well-formed one.
pub(super) fn shutdown_text(notification: &Notification) -> Option<String> {
    let message = lib::NotificationMessage::from(notification);
    lib::notification::extract_shutdown_communication(&message)
        .ok()
        .flatten()
        .map(str::to_owned)
}

#[cfg(test)]
mod tests;
