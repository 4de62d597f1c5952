//! NOTIFICATION messages (RFC 4271 §4.5), in numbers and in words.

use std::fmt;

use bytes::Bytes;

use super::wire;

/// Why a session is ended, as the protocol says it.
#[derive(Clone, PartialEq, Eq)]
pub struct Notification {
    /// Error code.
    pub code: u8,
    /// Error subcode; 0 where the code has none, or none fits.
    pub subcode: u8,
    /// What the code's section says goes here.
    pub data: Bytes,
}

impl Notification {
    /// Cease / Administrative Shutdown (RFC 4486), with a text for the peer's operator (RFC 9003).
    pub(super) fn shutdown(text: &str) -> Self {
        Self::new(6, 2, wire::shutdown_communication(text))
    }

    /// Cease / Connection Collision Resolution (RFC 4486).
    pub(super) fn collision() -> Self {
        Self::new(6, 7, Bytes::new())
    }

    /// UPDATE Message Error with the subcodes of RFC 4271 §6.3.
    pub(super) fn update(subcode: u8, data: &[u8]) -> Self {
        // The whole message has to fit in 4,096 octets, whatever the peer sent.
        let data = data.get(..Self::MAX_DATA).unwrap_or(data);
        Self::new(3, subcode, Bytes::copy_from_slice(data))
    }

    pub(super) const fn new(code: u8, subcode: u8, data: Bytes) -> Self {
        Self {
            code,
            subcode,
            data,
        }
    }

    const MAX_DATA: usize = 4096 - 21;

    /// Whether routes must not survive it (RFC 8538 §3).
    #[must_use]
    pub const fn is_hard_reset(&self) -> bool {
        self.code == 6 && self.subcode == 9
    }
}

impl fmt::Display for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, subcode, .. } = self;
        write!(f, "{} ({code}/{subcode})", wire::describe(*code, *subcode))?;
        match wire::shutdown_text(self) {
            // From outside: control characters must not reach a terminal.
            Some(text) if !text.is_empty() => write!(f, " saying \"{}\"", text.escape_debug()),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} [{} octets of data]", self.data.len())
    }
}
