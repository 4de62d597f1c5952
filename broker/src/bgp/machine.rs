//! The session machine of RFC 4271 §8, for one TCP connection. States, OPEN checks and negotiation
//! are those of `rustbgpd-fsm`, which nothing else names; how it is driven is ours:
//!
//! * A machine lives as long as its connection. It starts where the connection is made, and where it
//!   would return to Idle it is dropped. Dialling again, and when, is `peer`'s business.
//! * Our OPEN says exactly what we do: see [`capabilities`].

use std::time::Duration;

use rustbgpd_fsm as lib;
use rustbgpd_wire::{Afi, Capability, OpenMessage, Safi};

use super::{GracefulRestart, Negotiated, Notification, PeerConfig};

const FAMILY: (Afi, Safi) = (Afi::BgpLs, Safi::BgpLs);

/// What happens to a connection.
#[derive(Debug)]
pub(super) enum Event {
    Open(OpenMessage),
    Keepalive,
    Update,
    RouteRefresh,
    Notification(Notification),
    HoldTimerExpired,
    KeepaliveTimerExpired,
}

impl Event {
    /// In words.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "an OPEN",
            Self::Keepalive => "a KEEPALIVE",
            Self::Update => "an UPDATE",
            Self::RouteRefresh => "a ROUTE-REFRESH",
            Self::Notification(_) => "a NOTIFICATION",
            Self::HoldTimerExpired => "the end of the hold time",
            Self::KeepaliveTimerExpired => "the end of the keepalive time",
        }
    }
}

/// What to do about it, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    SendOpen(OpenMessage),
    SendKeepalive,
    SendNotification(Notification),
    /// Starts the timer again; `None` stops it.
    HoldTimer(Option<Duration>),
    KeepaliveTimer(Option<Duration>),
    Up(Negotiated),
    Close,
}

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    OpenSent,
    OpenConfirm,
    Established,
    /// Over: whatever comes is ignored.
    Closed,
}

/// One session.
#[derive(Debug)]
pub(super) struct Machine {
    session: lib::Session,
    local_as: u32,
}

impl Machine {
    /// For a connection that is just made; the actions send our OPEN.
    pub(super) fn start(config: &PeerConfig) -> (Self, Vec<Action>) {
        let mut settings = lib::PeerConfig::new(
            config.local_as,
            config.remote_as.unwrap_or(0),
            config.router_id,
        );
        settings.hold_time = u16::try_from(config.hold_time.as_secs()).unwrap_or(u16::MAX);
        settings.disable_ipv4_unicast = true;
        settings.families = vec![FAMILY];
        settings.required_families = vec![FAMILY];
        settings.graceful_restart = true;
        let mut machine = Self {
            session: lib::Session::new(settings),
            local_as: config.local_as,
        };
        // "Connect", but the connection is there already: its timer and its dialling fall away.
        let _ = machine.session.handle_event(lib::Event::ManualStart);
        let actions = machine.feed(lib::Event::TcpConnectionConfirmed);
        (machine, actions)
    }

    pub(super) fn state(&self) -> State {
        match self.session.state() {
            lib::SessionState::OpenSent => State::OpenSent,
            lib::SessionState::OpenConfirm => State::OpenConfirm,
            lib::SessionState::Established => State::Established,
            lib::SessionState::Idle | lib::SessionState::Connect | lib::SessionState::Active => {
                State::Closed
            }
        }
    }

    /// One step.
    pub(super) fn on(&mut self, event: Event) -> Vec<Action> {
        let before = self.state();
        let expected_answer = matches!(
            event,
            Event::Open(_) | Event::Keepalive | Event::Update | Event::RouteRefresh
        );
        let mut actions = self.feed(match event {
            Event::Open(open) => lib::Event::OpenReceived(open),
            Event::Keepalive => lib::Event::KeepaliveReceived,
            Event::Update => lib::Event::UpdateReceived,
            Event::RouteRefresh => lib::Event::RouteRefreshReceived {
                afi: FAMILY.0,
                safi: FAMILY.1,
            },
            Event::Notification(notification) => {
                lib::Event::NotificationReceived((&notification).into())
            }
            Event::HoldTimerExpired => lib::Event::HoldTimerExpires,
            Event::KeepaliveTimerExpired => lib::Event::KeepaliveTimerExpires,
        });
        if expected_answer {
            name_the_state(&mut actions, before);
        }
        actions
    }

    fn feed(&mut self, event: lib::Event) -> Vec<Action> {
        let local_as = self.local_as;
        self.session
            .handle_event(event)
            .into_iter()
            .filter_map(|action| translate(action, local_as))
            .collect()
    }
}

/// RFC 6608 §3: a message that does not belong into a state is told with that state as subcode.
fn name_the_state(actions: &mut [Action], before: State) {
    const FSM_ERROR: u8 = 5;
    let subcode = match before {
        State::OpenSent => 1,
        State::OpenConfirm => 2,
        State::Established => 3,
        State::Closed => 0,
    };
    for action in actions {
        if let Action::SendNotification(notification) = action
            && notification.code == FSM_ERROR
            && notification.subcode == 0
        {
            notification.subcode = subcode;
        }
    }
}

fn translate(action: lib::Action, local_as: u32) -> Option<Action> {
    let seconds = |seconds: u32| Some(Duration::from_secs(u64::from(seconds)));
    Some(match action {
        lib::Action::SendOpen(mut open) => {
            open.capabilities = capabilities(local_as);
            Action::SendOpen(open)
        }
        lib::Action::SendKeepalive => Action::SendKeepalive,
        lib::Action::SendNotification(notification) => {
            Action::SendNotification(notification.into())
        }
        lib::Action::StartTimer(lib::TimerType::Hold, time) => Action::HoldTimer(seconds(time)),
        lib::Action::StopTimer(lib::TimerType::Hold) => Action::HoldTimer(None),
        lib::Action::StartTimer(lib::TimerType::Keepalive, time) => {
            Action::KeepaliveTimer(seconds(time))
        }
        lib::Action::StopTimer(lib::TimerType::Keepalive) => Action::KeepaliveTimer(None),
        lib::Action::SessionEstablished(session) => Action::Up(negotiated(&session)),
        lib::Action::CloseTcpConnection => Action::Close,
        // Told by the others, or about dialling.
        _ => return None,
    })
}

/// What we offer, and nothing that we do not do: no enhanced route refresh (RFC 7313), whose markers
/// we would have to honour; and graceful restart without a family, for we have no routes to keep but
/// do keep those of a peer that restarts (RFC 4724 §3), also over a NOTIFICATION (RFC 8538 §2).
fn capabilities(local_as: u32) -> Vec<Capability> {
    vec![
        Capability::MultiProtocol {
            afi: FAMILY.0,
            safi: FAMILY.1,
        },
        Capability::RouteRefresh,
        Capability::ExtendedMessage,
        Capability::GracefulRestart {
            restart_state: false,
            notification: true,
            restart_time: 0,
            families: Vec::new(),
        },
        Capability::FourOctetAs { asn: local_as },
    ]
}

fn negotiated(session: &lib::NegotiatedSession) -> Negotiated {
    let seconds = |seconds: u16| Duration::from_secs(u64::from(seconds));
    Negotiated {
        peer_as: session.peer_asn,
        router_id: session.peer_router_id,
        hold_time: seconds(session.hold_time),
        four_octet_as: session.four_octet_as,
        route_refresh: session.peer_route_refresh,
        extended_messages: session.peer_extended_message,
        graceful_restart: session
            .peer_gr_families
            .iter()
            .find(|family| (family.afi, family.safi) == FAMILY)
            .map(|family| GracefulRestart {
                restart_time: seconds(session.peer_restart_time),
                restarting: session.peer_restart_state,
                preserved: family.forwarding_preserved,
                over_notification: session.peer_notification_gr,
            }),
    }
}

/// Whether the peer listens for End-of-RIB markers: it sent a graceful restart capability, if only
/// as a receiver (RFC 4724 §3).
pub(super) fn wants_end_of_rib(open: &OpenMessage) -> bool {
    open.capabilities
        .iter()
        .any(|capability| matches!(capability, Capability::GracefulRestart { .. }))
}

/// What an OPEN says, beside what was expected: the cause told when it is refused.
pub(super) fn describe(open: &OpenMessage, config: &PeerConfig) -> String {
    let family = open
        .capabilities
        .iter()
        .any(|capability| matches!(capability, Capability::MultiProtocol { afi, safi } if (*afi, *safi) == FAMILY));
    let expected = config
        .remote_as
        .map_or_else(|| "any".to_owned(), |expected| expected.to_string());
    format!(
        "its OPEN has AS {} (expected {expected}), identifier {}, hold time {} s, the link-state family {}",
        open.four_byte_as(),
        open.bgp_identifier,
        open.hold_time,
        if family { "offered" } else { "not offered" },
    )
}

#[cfg(test)]
mod tests;
