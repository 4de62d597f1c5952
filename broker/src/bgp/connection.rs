//! One TCP connection to a peer, from the first byte to the last: reading, writing, the two timers
//! and the send hold timer, all in one task that never blocks on any of them alone.
//!
//! While the event channel is full nothing is read, so the peer's TCP slows down; KEEPALIVEs go out
//! all the same, and our own hold timer stands still, for then it is we who do not listen.

use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::machine::{self, Action, Event, Machine, State};
use super::update::{self, Context};
use super::wire::{self, Codec, Malformed, Message};
use super::{Counters, DownReason, Negotiated, Notification, PeerConfig, PeerEvent, PeerId};
use crate::clock;

/// Room made for each read; larger messages get the room they need.
const READ: usize = 16 * 1024;
/// Messages worked off before timers and orders get their turn.
const BATCH: usize = 64;
/// For the last words, and again for the peer to take them.
const FAREWELL: Duration = Duration::from_secs(1);
/// RFC 9687 §6: the larger of this and twice the hold time.
const SEND_HOLD: Duration = Duration::from_secs(8 * 60);

/// What a connection needs to know.
pub(super) struct Setup {
    /// Tells the connections of a peer apart.
    pub number: u64,
    pub config: Arc<PeerConfig>,
    pub events: mpsc::Sender<(PeerId, PeerEvent)>,
    pub notices: mpsc::Sender<Notice>,
    pub orders: oneshot::Receiver<Order>,
    pub counters: Arc<Counters>,
    pub stop: CancellationToken,
}

/// What a connection tells its peer task, which answers before it goes on.
#[derive(Debug)]
pub(super) struct Notice {
    pub number: u64,
    pub news: News,
}

#[derive(Debug)]
pub(super) enum News {
    /// A good OPEN has come. `true`: go on, `false`: another connection is kept.
    Opened {
        router_id: Ipv4Addr,
        peer_as: u32,
        answer: oneshot::Sender<bool>,
    },
    /// Established.
    Up { graceful: bool },
}

/// What a peer task tells a connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// Go with Cease/7.
    Collide,
    /// Go without a word (RFC 4724 §4.2).
    Vanish,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub number: u64,
    pub reason: DownReason,
    /// What was negotiated, if the session was up, and since when.
    pub up: Option<(Negotiated, Instant)>,
}

struct Connection<S> {
    setup: Setup,
    id: PeerId,
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    codec: Codec,
    buffer: BytesMut,
    outbox: BytesMut,
    machine: Machine,
    /// An OPEN was accepted; what follows from it waits for the peer task's answer.
    asked: Option<(oneshot::Receiver<bool>, Vec<Action>)>,
    /// Did not fit into the event channel. While it waits, nothing is read.
    waiting: Option<PeerEvent>,
    hold_time: Option<Duration>,
    hold: Option<Instant>,
    keepalive_time: Option<Duration>,
    keepalive: Option<Instant>,
    send_hold: Option<Instant>,
    end_of_rib: bool,
    up: Option<(Negotiated, Instant)>,
    ended: Option<DownReason>,
    /// Why the machine is about to refuse something, in words.
    cause: String,
}

enum Woken {
    Stop,
    Order(Order),
    Answer(bool),
    Timer,
    Wrote(io::Result<usize>),
    Delivered(bool),
    Read(io::Result<usize>),
    More,
}

/// Speaks BGP on a fresh connection until it ends.
pub(super) async fn run<S>(stream: S, setup: Setup) -> Ended
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    let (machine, actions) = Machine::start(&setup.config);
    let mut connection = Connection {
        id: setup.config.id(),
        setup,
        reader,
        writer,
        codec: Codec::new(),
        buffer: BytesMut::new(),
        outbox: BytesMut::new(),
        machine,
        asked: None,
        waiting: None,
        hold_time: None,
        hold: None,
        keepalive_time: None,
        keepalive: None,
        send_hold: None,
        end_of_rib: false,
        up: None,
        ended: None,
        cause: String::new(),
    };
    connection.perform(actions);
    let reason = connection.talk().await;
    if matches!(connection.waiting, Some(PeerEvent::Up { .. })) {
        // Nobody heard of it: then it was not.
        connection.up = None;
    }
    let ended = Ended {
        number: connection.setup.number,
        reason,
        up: connection.up.take(),
    };
    connection.part(&ended.reason).await;
    ended
}

impl<S> Connection<S>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    async fn talk(&mut self) -> DownReason {
        loop {
            let more = self.work();
            if let Some(reason) = self.ended.take() {
                return reason;
            }
            match self.wait(more).await {
                Woken::Stop => {
                    self.say(&Notification::shutdown("the broker is stopping"));
                    self.ended = Some(DownReason::Stopped);
                }
                Woken::Order(Order::Collide) | Woken::Answer(false) => {
                    self.say(&Notification::collision());
                    self.ended = Some(DownReason::Collision);
                }
                Woken::Order(Order::Vanish) => {
                    self.outbox.clear();
                    self.ended = Some(DownReason::Replaced);
                }
                Woken::Answer(true) => {
                    if let Some((_, actions)) = self.asked.take() {
                        self.codec.extend();
                        self.perform(actions);
                    }
                }
                Woken::Timer => self.expire().await,
                Woken::Wrote(Ok(_)) => {
                    self.send_hold = None;
                    self.arm_send_hold();
                }
                Woken::Delivered(true) => self.hold = after(self.hold_time),
                // The reader of the events is gone: so are we.
                Woken::Delivered(false) => {
                    self.say(&Notification::shutdown("the broker is stopping"));
                    self.ended = Some(DownReason::Stopped);
                }
                Woken::Read(Ok(0)) => self.ended = Some(DownReason::Closed),
                Woken::Read(Ok(_)) | Woken::More => {}
                Woken::Wrote(Err(error)) | Woken::Read(Err(error)) => {
                    self.ended = Some(DownReason::Transport(error.to_string()));
                }
            }
        }
    }

    /// Until something happens. Every branch may be dropped half-way without losing a byte.
    async fn wait(&mut self, more: bool) -> Woken {
        let listening = self.waiting.is_none() && self.asked.is_none();
        let hold = self.hold.filter(|_| self.waiting.is_none());
        let deadline = [hold, self.keepalive, self.send_hold]
            .into_iter()
            .flatten()
            .min();
        if listening && self.buffer.capacity() - self.buffer.len() < READ / 4 {
            self.buffer.reserve(READ);
        }
        tokio::select! {
            biased;
            () = self.setup.stop.cancelled() => Woken::Stop,
            order = &mut self.setup.orders => order.map_or(Woken::Stop, Woken::Order),
            answer = async {
                match &mut self.asked {
                    Some((answer, _)) => answer.await,
                    None => pending().await,
                }
            } => Woken::Answer(answer.unwrap_or(false)),
            () = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => pending().await,
                }
            } => Woken::Timer,
            written = self.writer.write_buf(&mut self.outbox), if !self.outbox.is_empty() => {
                Woken::Wrote(written)
            }
            permit = self.setup.events.reserve(), if self.waiting.is_some() => match permit {
                Ok(permit) => {
                    if let Some(event) = self.waiting.take() {
                        permit.send((self.id, event));
                    }
                    Woken::Delivered(true)
                }
                Err(_) => Woken::Delivered(false),
            },
            () = tokio::task::yield_now(), if listening && more => Woken::More,
            read = self.reader.read_buf(&mut self.buffer), if listening && !more => {
                Woken::Read(read)
            }
        }
    }

    /// Works off what has been read. `true`: there may be more.
    fn work(&mut self) -> bool {
        for _ in 0..BATCH {
            if self.ended.is_some() || self.waiting.is_some() || self.asked.is_some() {
                return true;
            }
            match self.codec.decode(&mut self.buffer) {
                Ok(None) => return false,
                Ok(Some(message)) => self.take(message),
                Err(Malformed {
                    notification,
                    cause,
                }) => self.fail(notification, cause),
            }
        }
        true
    }

    fn take(&mut self, message: Message) {
        let event = match message {
            Message::Open(open) if self.machine.state() == State::OpenSent => {
                self.cause = machine::describe(&open, &self.setup.config);
                self.end_of_rib = machine::wants_end_of_rib(&open);
                let (router_id, peer_as) = (open.bgp_identifier, open.four_byte_as());
                let actions = self.machine.on(Event::Open(open));
                if self.machine.state() == State::OpenConfirm {
                    self.ask(router_id, peer_as, actions);
                } else {
                    self.perform(actions);
                }
                return;
            }
            Message::Open(open) => Event::Open(open),
            Message::Update(update) => {
                if let Some((negotiated, _)) = &self.up {
                    let context = Context {
                        four_octet_as: negotiated.four_octet_as,
                        internal: negotiated.peer_as == self.setup.config.local_as,
                        lenient_as_path: self.setup.config.lenient_as_path,
                    };
                    match update::read(update.attributes, update.body_nlri, context) {
                        Ok(None) => {}
                        Ok(Some(update)) => self.hear(update),
                        Err(fatal) => return self.fail(fatal.notification, fatal.cause),
                    }
                }
                Event::Update
            }
            Message::Notification(notification) => {
                self.ended = Some(DownReason::Received(notification.clone()));
                Event::Notification(notification)
            }
            Message::Keepalive => Event::Keepalive,
            Message::RouteRefresh => Event::RouteRefresh,
        };
        self.cause = format!(
            "{} does not belong into state {:?}",
            event.name(),
            self.machine.state()
        );
        let actions = self.machine.on(event);
        self.perform(actions);
    }

    fn hear(&mut self, update: update::LsUpdate) {
        let counters = &self.setup.counters;
        counters.updates.add(1);
        if !update.faults.is_empty() {
            counters.malformed.add(1);
            for fault in &update.faults {
                debug!(peer = %self.id, %fault, "malformed UPDATE");
            }
        }
        self.deliver(PeerEvent::Update(update));
    }

    fn deliver(&mut self, event: PeerEvent) {
        match self.setup.events.try_send((self.id, event)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full((_, event))) => self.waiting = Some(event),
            Err(mpsc::error::TrySendError::Closed(_)) => {
                self.say(&Notification::shutdown("the broker is stopping"));
                self.ended = Some(DownReason::Stopped);
            }
        }
    }

    fn ask(&mut self, router_id: Ipv4Addr, peer_as: u32, actions: Vec<Action>) {
        let (answer, answered) = oneshot::channel();
        let notice = Notice {
            number: self.setup.number,
            news: News::Opened {
                router_id,
                peer_as,
                answer,
            },
        };
        // If it does not fit, the answer's sender is dropped with it, which is a "no".
        let _ = self.setup.notices.try_send(notice);
        self.asked = Some((answered, actions));
    }

    fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::SendOpen(open) => {
                    if let Err(error) = wire::put_open(&mut self.outbox, &open) {
                        self.ended = Some(DownReason::Transport(error));
                    }
                }
                Action::SendKeepalive => {
                    // A peer that reads nothing gets no second one on top of the first.
                    if self.outbox.is_empty() || self.machine.state() != State::Established {
                        wire::put_keepalive(&mut self.outbox);
                    }
                }
                Action::SendNotification(notification) => {
                    let cause = std::mem::take(&mut self.cause);
                    self.fail(notification, cause);
                }
                Action::HoldTimer(time) => {
                    self.hold_time = time;
                    self.hold = after(time);
                }
                Action::KeepaliveTimer(time) => {
                    self.keepalive_time = time;
                    self.keepalive = after(time.map(jittered));
                }
                Action::Up(negotiated) => self.rise(negotiated),
                Action::Close => {
                    self.ended.get_or_insert(DownReason::Closed);
                }
            }
        }
        self.arm_send_hold();
    }

    fn rise(&mut self, negotiated: Negotiated) {
        info!(
            peer = %self.id,
            r#as = negotiated.peer_as,
            identifier = %negotiated.router_id,
            hold_time = negotiated.hold_time.as_secs(),
            graceful_restart = negotiated.graceful_restart.is_some(),
            "BGP session up"
        );
        self.setup.counters.sessions.add(1);
        self.up = Some((negotiated.clone(), clock::now().instant));
        let news = News::Up {
            graceful: negotiated.graceful_restart.is_some(),
        };
        let _ = self.setup.notices.try_send(Notice {
            number: self.setup.number,
            news,
        });
        if self.end_of_rib {
            // RFC 4724 §4.2: also by one who has nothing to tell.
            wire::put_end_of_rib(&mut self.outbox);
        }
        self.deliver(PeerEvent::Up { negotiated });
    }

    fn fail(&mut self, notification: Notification, cause: String) {
        self.say(&notification);
        self.ended.get_or_insert(DownReason::Sent {
            notification,
            cause,
        });
    }

    fn say(&mut self, notification: &Notification) {
        wire::put_notification(&mut self.outbox, notification);
    }

    async fn expire(&mut self) {
        let now = clock::now().instant;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.send_hold) {
            self.say(&Notification::new(8, 0, bytes::Bytes::new()));
            self.ended = Some(DownReason::SendHoldTimerExpired);
            return;
        }
        if self.waiting.is_none() && due(self.hold) {
            // On a machine that is behind, what has come but was not read yet counts.
            let came = tokio::select! {
                biased;
                read = self.reader.read_buf(&mut self.buffer), if self.asked.is_none() => {
                    matches!(read, Ok(1..))
                }
                () = std::future::ready(()) => false,
            };
            self.hold = None;
            if came {
                self.hold = after(self.hold_time);
            } else {
                self.ended = Some(DownReason::HoldTimerExpired);
                let actions = self.machine.on(Event::HoldTimerExpired);
                self.perform(actions);
                return;
            }
        }
        if due(self.keepalive) {
            let actions = self.machine.on(Event::KeepaliveTimerExpired);
            self.perform(actions);
        }
    }

    fn arm_send_hold(&mut self) {
        if self.outbox.is_empty() {
            self.send_hold = None;
        } else if self.send_hold.is_none() {
            let twice = self.hold_time.map_or(Duration::ZERO, |time| time * 2);
            self.send_hold = after(Some(twice.max(SEND_HOLD)));
        }
    }

    /// The last words, then the end of our side. The peer gets a moment to read them: closing with
    /// unread bytes would reset the connection and take the NOTIFICATION with it.
    async fn part(mut self, reason: &DownReason) {
        if matches!(
            reason,
            DownReason::Closed | DownReason::Transport(_) | DownReason::Replaced
        ) {
            return;
        }
        let said = timeout(FAREWELL, async {
            self.writer.write_all_buf(&mut self.outbox).await?;
            self.writer.shutdown().await
        });
        if !matches!(said.await, Ok(Ok(()))) {
            return;
        }
        let mut reader = self.reader;
        let drain = async move {
            // Both halves live until here: dropping one would not close, dropping both does.
            let _writer = self.writer;
            let _ = timeout(
                FAREWELL,
                tokio::io::copy(&mut reader, &mut tokio::io::sink()),
            )
            .await;
        };
        if matches!(reason, DownReason::Stopped) {
            drain.await;
        } else {
            tokio::spawn(drain);
        }
    }
}

fn after(time: Option<Duration>) -> Option<Instant> {
    time.map(|time| clock::now().instant + time)
}

/// RFC 4271 §10: between three quarters and all of the interval.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.75 + 0.25 * fastrand::f64())
}

/// Refuses a socket of the peer's before anything was said on it.
pub(super) async fn refuse<S>(mut stream: S, notification: Notification)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut out = BytesMut::new();
    wire::put_notification(&mut out, &notification);
    let _ = timeout(FAREWELL, async {
        stream.write_all(&out).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    })
    .await;
}

#[cfg(test)]
mod tests;
