//! Settings of HTTP/2 (RFC 9113).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one HTTP/2 connection may hold open, and how it is known to be alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http2 {
    /// Requests under way on one connection, endless streams included.
    pub streams: u32,
    /// How often a client is asked whether it is still there.
    #[serde(with = "humantime_serde")]
    pub ping_interval: Duration,
    /// For its answer.
    #[serde(with = "humantime_serde")]
    pub ping_timeout: Duration,
}

impl Default for Http2 {
    fn default() -> Self {
        Self {
            // RFC 9113 §6.5.2 recommends no less than 100.
            streams: 100,
            // Middleboxes forget a silent connection after some minutes, often after one.
            ping_interval: Duration::from_secs(20),
            ping_timeout: Duration::from_secs(10),
        }
    }
}

impl Http2 {
    /// Counts that must not be zero.
    pub(super) fn counts(&self) -> [(&'static str, bool); 1] {
        [("limits.http2.streams", self.streams == 0)]
    }

    /// Times that must not be.
    pub(super) fn times(&self) -> [(&'static str, Duration); 2] {
        [
            ("limits.http2.ping_interval", self.ping_interval),
            ("limits.http2.ping_timeout", self.ping_timeout),
        ]
    }
}
