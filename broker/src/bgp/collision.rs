//! Which of two connections to one peer lives (RFC 4271 §6.8, RFC 4724 §4.2).

use std::net::Ipv4Addr;

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Initiator {
    Us,
    Peer,
}

/// How far the other connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No OPEN has come on it.
    Opening,
    /// Its OPEN has come and was given way; not yet established.
    Confirming,
    /// Established.
    Established {
        /// The peer offered graceful restart.
        graceful: bool,
    },
}

/// What to do when an OPEN comes on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on; the other is judged when its own OPEN comes.
    Proceed,
    /// The other goes with Cease/7; go on.
    CloseOther,
    /// The other is dead without knowing it: drop it without a NOTIFICATION and go on.
    ReplaceOther,
    /// This one goes with Cease/7.
    CloseThis,
}

/// Judges a connection on which an OPEN has just come, against the other one.
///
/// `local` and `remote` are the BGP identifiers, with the AS numbers to break a tie (RFC 6286 §2.3).
pub(super) fn judge(
    this: Initiator,
    other: (Initiator, Stage),
    local: (Ipv4Addr, u32),
    remote: (Ipv4Addr, u32),
) -> Verdict {
    let winner = if local >= remote {
        Initiator::Us
    } else {
        Initiator::Peer
    };
    match other {
        (_, Stage::Opening) => Verdict::Proceed,
        (_, Stage::Established { graceful: true }) if this == Initiator::Peer => {
            Verdict::ReplaceOther
        }
        (_, Stage::Established { .. }) => Verdict::CloseThis,
        // Both by the same side: no collision in the sense of §6.8, the elder stays.
        (other, Stage::Confirming) if other == this => Verdict::CloseThis,
        (_, Stage::Confirming) if winner == this => Verdict::CloseOther,
        (_, Stage::Confirming) => Verdict::CloseThis,
    }
}

/// Whether a socket of the peer is worth an OPEN while another connection exists.
pub(super) const fn welcome(other: Stage) -> bool {
    matches!(
        other,
        Stage::Opening | Stage::Confirming | Stage::Established { graceful: true }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: (Ipv4Addr, u32) = (Ipv4Addr::new(10, 0, 0, 1), 1);
    const HIGH: (Ipv4Addr, u32) = (Ipv4Addr::new(10, 0, 0, 2), 1);

    /// Every pair of connections, with each side's identifier the higher one.
    #[test]
    fn rfc4271_6_8_every_pair_of_connections_has_one_verdict() {
        use Initiator::{Peer, Us};
        use Stage::{Confirming, Established, Opening};
        use Verdict::{CloseOther, CloseThis, Proceed, ReplaceOther};
        const PLAIN: Stage = Established { graceful: false };
        const GRACEFUL: Stage = Established { graceful: true };
        // this, other, verdict if ours is the higher identifier, if the peer's is
        let table = [
            (Us, (Us, Opening), Proceed, Proceed),
            (Us, (Peer, Opening), Proceed, Proceed),
            (Peer, (Us, Opening), Proceed, Proceed),
            (Peer, (Peer, Opening), Proceed, Proceed),
            (Us, (Us, Confirming), CloseThis, CloseThis),
            (Us, (Peer, Confirming), CloseOther, CloseThis),
            (Peer, (Us, Confirming), CloseThis, CloseOther),
            (Peer, (Peer, Confirming), CloseThis, CloseThis),
            (Us, (Us, PLAIN), CloseThis, CloseThis),
            (Us, (Peer, PLAIN), CloseThis, CloseThis),
            (Peer, (Us, PLAIN), CloseThis, CloseThis),
            (Peer, (Peer, PLAIN), CloseThis, CloseThis),
            (Us, (Us, GRACEFUL), CloseThis, CloseThis),
            (Us, (Peer, GRACEFUL), CloseThis, CloseThis),
            (Peer, (Us, GRACEFUL), ReplaceOther, ReplaceOther),
            (Peer, (Peer, GRACEFUL), ReplaceOther, ReplaceOther),
        ];
        for (this, other, ours_higher, theirs_higher) in table {
            assert_eq!(
                judge(this, other, HIGH, LOW),
                ours_higher,
                "{this:?} {other:?}"
            );
            assert_eq!(
                judge(this, other, LOW, HIGH),
                theirs_higher,
                "{this:?} {other:?}"
            );
        }
    }

    /// Both ends must keep the same connection, or both connections die.
    #[test]
    fn rfc4271_6_8_both_ends_keep_the_same_connection() {
        for (a, b) in [(LOW, HIGH), (HIGH, LOW)] {
            // Seen from A: its own connection has an OPEN, B's is confirmed already, and the reverse.
            let a_keeps_own = judge(Initiator::Us, (Initiator::Peer, Stage::Confirming), a, b)
                == Verdict::CloseOther;
            let b_keeps_own = judge(Initiator::Us, (Initiator::Peer, Stage::Confirming), b, a)
                == Verdict::CloseOther;
            assert_ne!(a_keeps_own, b_keeps_own);
        }
    }

    #[test]
    fn rfc6286_2_3_equal_identifiers_are_told_apart_by_the_as() {
        let (ours, theirs) = ((LOW.0, 2), (LOW.0, 1));
        let other = (Initiator::Us, Stage::Confirming);
        assert_eq!(
            judge(Initiator::Peer, other, ours, theirs),
            Verdict::CloseThis
        );
        assert_eq!(
            judge(Initiator::Peer, other, theirs, ours),
            Verdict::CloseOther
        );
    }

    #[test]
    fn a_second_socket_is_refused_only_while_an_ordinary_session_is_up() {
        assert!(welcome(Stage::Opening));
        assert!(welcome(Stage::Confirming));
        assert!(welcome(Stage::Established { graceful: true }));
        assert!(!welcome(Stage::Established { graceful: false }));
    }
}
