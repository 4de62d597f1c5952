//! What a domain announces of its links for a time to come.

use jiff::Timestamp;

use crate::{Bandwidth, Delay, DomainId, RouterId};

/// A time in which links of a domain to others will not be as they are told.
///
/// A link is meant in both directions. Several windows may be about one link and one moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// From when on.
    pub start: Timestamp,
    /// Until when; no longer at this very moment. Later than `start`.
    pub end: Timestamp,
    /// Which links.
    pub links: Announced,
    /// How they will be.
    pub state: LinkState,
}

/// Which links of a domain a window is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Announced {
    /// All that lead to other domains.
    All,
    /// Those to a neighbour.
    Neighbour {
        /// The neighbour.
        domain: DomainId,
        /// The router at this end, if only some of them are meant.
        router: Option<RouterId>,
        /// The router at the other end, likewise.
        remote: Option<RouterId>,
    },
}

/// How links are in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkState {
    /// Out of service.
    Out,
    /// Up, and like this. At least one of the two is told; what is not told is as it is without the window.
    Up {
        /// One-way delay.
        delay: Option<Delay>,
        /// Bandwidth.
        bandwidth: Option<Bandwidth>,
    },
}

impl Window {
    /// The longest that a window may be, in seconds: 366 days.
    pub const LONGEST: i64 = 366 * 86_400;

    /// Whether it is so at some moment from `from` until before `until`.
    #[must_use]
    pub fn overlaps(&self, from: Timestamp, until: Timestamp) -> bool {
        self.start < until && from < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_before_its_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = Window {
            start: at(10),
            end: at(20),
            links: Announced::All,
            state: LinkState::Out,
        };
        for (from, until, overlaps) in [
            (0, 10, false),
            (0, 11, true),
            (10, 20, true),
            (12, 13, true),
            (19, 30, true),
            (20, 30, false),
        ] {
            assert_eq!(
                window.overlaps(at(from), at(until)),
                overlaps,
                "{from} {until}"
            );
        }
    }
}
