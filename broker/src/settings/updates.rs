//! Settings of updates as they happen (RFC 8895, RFC 9569).

use std::time::Duration;

use alto::updates::{Bounds, StreamLimits};
use serde::{Deserialize, Serialize};
use url::Url;

/// What clients that watch resources may cost us.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Updates {
    /// How the addresses of TIPS views begin, as clients see them; without it as the request calls us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// Update streams that are open.
    pub streams: usize,
    /// The same of one client.
    pub streams_per_client: usize,
    /// Substreams of one stream, at one time.
    pub substreams: usize,
    /// Substreams in the life of one stream.
    pub substreams_ever: usize,
    /// Substreams of all streams that one client opened, at one time.
    pub substreams_per_client: usize,
    /// Different requests that are watched, by streams and TIPS views together. What is asked by GET is watched
    /// besides.
    pub views: usize,
    /// TIPS views that are open because one client opened them. Clients that ask the same share a view.
    pub views_per_client: usize,
    /// Polls that wait.
    pub polls: usize,
    /// The same of one client.
    pub polls_per_client: usize,
    /// Versions that are kept of each thing that is watched.
    pub versions: usize,
    /// Octets of them that are kept, of each. What is current is kept whatever it takes.
    pub octets: usize,
    /// Octets that all keep together. While there is more, past versions go, and nothing more is watched.
    pub all_octets: usize,
    /// Steps that finding out what a request to a watched resource says may take: it is done again after each
    /// change.
    pub work: u64,
    /// An update stream says something at least so often.
    #[serde(with = "humantime_serde")]
    pub keep_alive: Duration,
    /// How long a poll waits.
    #[serde(with = "humantime_serde")]
    pub poll: Duration,
    /// A TIPS view that nobody has asked for so long is closed.
    #[serde(with = "humantime_serde")]
    pub idle: Duration,
}

impl Default for Updates {
    fn default() -> Self {
        let stream = StreamLimits::default();
        let bounds = Bounds::default();
        Self {
            public_url: None,
            // Half of the connections: the other half stays for questions.
            streams: 2_048,
            streams_per_client: 64,
            substreams: stream.active,
            substreams_ever: stream.ever,
            // One client leaves most of `views` to others.
            substreams_per_client: 256,
            views: 1_000,
            views_per_client: 100,
            polls: 1_024,
            polls_per_client: 64,
            versions: bounds.versions,
            octets: bounds.bytes,
            all_octets: 512 << 20,
            // Some hundredths of a second on one core.
            work: 5_000_000,
            // RFC 8895 §6.8.
            keep_alive: Duration::from_secs(15),
            // Proxies and firewalls forget a connection that is silent for longer.
            poll: Duration::from_secs(60),
            idle: Duration::from_secs(300),
        }
    }
}

impl Updates {
    /// What one stream may hold.
    #[must_use]
    pub fn stream_limits(&self) -> StreamLimits {
        StreamLimits {
            active: self.substreams,
            ever: self.substreams_ever,
        }
    }

    /// What is kept of each thing that is watched.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            versions: self.versions,
            bytes: self.octets,
        }
    }

    /// What must not be zero.
    pub(super) fn counts(&self) -> [(&'static str, bool); 4] {
        [
            ("alto.updates.substreams", self.substreams == 0),
            (
                "alto.updates.substreams_per_client",
                self.substreams_per_client == 0,
            ),
            ("alto.updates.versions", self.versions == 0),
            ("alto.updates.work", self.work == 0),
        ]
    }

    /// What must take some time.
    pub(super) fn times(&self) -> [(&'static str, Duration); 3] {
        [
            ("alto.updates.keep_alive", self.keep_alive),
            ("alto.updates.poll", self.poll),
            ("alto.updates.idle", self.idle),
        ]
    }
}
