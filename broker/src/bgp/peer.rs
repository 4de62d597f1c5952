//! One task per peer: takes its sockets at a measured pace, dials it, lets one connection win, and
//! tells when a session is over.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::collision::{Initiator, Stage, Verdict, judge, welcome};
use super::connection::{self, Ended, News, Notice, Order, Setup};
use super::pace::Gate;
use super::{Counters, DownReason, Mode, Notification, PeerConfig, PeerEvent, PeerId};
use crate::clock;

/// Connections to one peer at a time: one each way, as in RFC 4271 §6.8.
const CONNECTIONS: usize = 2;
/// Sockets of one peer that are being refused at a time; more are closed without a word.
const REFUSALS: usize = 4;
/// For the other side to answer a SYN.
const DIAL: Duration = Duration::from_secs(15);
/// A session that lasted this long was a good one: the next attempt is not put off.
const STABLE: Duration = Duration::from_secs(30);
/// The pause between attempts to dial grows to this many times the first.
const RETRY_GROWTH: u32 = 8;
/// A peer that restarts may be back before the end of its old connection was read.
const PATIENCE: Duration = Duration::from_millis(500);
/// At the end, for a reader of the events that is about to go as well.
const LAST_EVENT: Duration = Duration::from_millis(500);

pub(super) struct Peer {
    pub config: Arc<PeerConfig>,
    pub events: mpsc::Sender<(PeerId, PeerEvent)>,
    pub sockets: mpsc::Receiver<TcpStream>,
    pub counters: Arc<Counters>,
    pub stop: CancellationToken,
}

/// A connection as its peer task sees it.
struct Link {
    number: u64,
    task: Id,
    initiator: Initiator,
    stage: Stage,
    order: Option<oneshot::Sender<Order>>,
}

enum Outcome {
    Ended(Ended),
    Dialled(io::Result<TcpStream>),
    Refused,
}

struct Keeper {
    peer: Peer,
    id: PeerId,
    links: Vec<Link>,
    tasks: JoinSet<Outcome>,
    notices: (mpsc::Sender<Notice>, mpsc::Receiver<Notice>),
    numbers: u64,
    refusals: usize,
    gate: Gate,
    /// Came too soon after the others; the newest only.
    parked: Option<TcpStream>,
    /// Came while a session is up: taken if that ends by then, else refused.
    contender: Option<(TcpStream, Instant)>,
    dialling: bool,
    dial_at: Option<Instant>,
    pauses: ExponentialBackoff,
    /// The failure told last, so that the same one is not told again and again.
    told: Option<String>,
}

enum Woken {
    Stop,
    Task(Result<(Id, Outcome), tokio::task::JoinError>),
    Notice(Notice),
    Socket(TcpStream),
    Parked,
    PatienceEnds,
    Dial,
}

impl Peer {
    /// Until `stop`.
    pub(super) async fn run(self) {
        let now = clock::now().instant;
        let mut keeper = Keeper {
            id: self.config.id(),
            links: Vec::with_capacity(CONNECTIONS),
            tasks: JoinSet::new(),
            notices: mpsc::channel(4 * CONNECTIONS),
            numbers: 0,
            refusals: 0,
            gate: Gate::default(),
            parked: None,
            contender: None,
            dialling: false,
            dial_at: matches!(self.config.mode, Mode::Active { .. }).then_some(now),
            pauses: pauses(&self.config),
            told: None,
            peer: self,
        };
        keeper.keep().await;
        keeper.finish().await;
    }
}

/// Longer and longer, with jitter, so that peers that went together do not come back together.
fn pauses(config: &PeerConfig) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(config.connect_retry)
        .with_max_delay(config.connect_retry.saturating_mul(RETRY_GROWTH))
        .without_max_times()
        .build()
}

impl Keeper {
    async fn keep(&mut self) {
        loop {
            match self.wait().await {
                Woken::Stop => return,
                Woken::Task(done) => self.done(done).await,
                Woken::Notice(notice) => self.notice(notice).await,
                Woken::Socket(stream) => {
                    if self.parked.replace(stream).is_some() {
                        self.peer.counters.slowed.add(1);
                    }
                    self.unpark();
                }
                Woken::Parked => self.unpark(),
                Woken::PatienceEnds => {
                    if let Some((stream, _)) = self.contender.take() {
                        self.refuse(stream);
                    }
                }
                Woken::Dial => self.dial(),
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        let parked = self
            .parked
            .as_ref()
            .map(|_| self.gate.opens(clock::now().instant));
        tokio::select! {
            biased;
            () = self.peer.stop.cancelled() => Woken::Stop,
            Some(done) = self.tasks.join_next_with_id() => Woken::Task(done),
            Some(notice) = self.notices.1.recv() => Woken::Notice(notice),
            Some(stream) = self.peer.sockets.recv() => Woken::Socket(stream),
            () = at(parked) => Woken::Parked,
            () = at(self.contender.as_ref().map(|(_, end)| *end)) => Woken::PatienceEnds,
            () = at(self.dial_at) => Woken::Dial,
        }
    }

    /// Takes the waiting socket if its time has come.
    fn unpark(&mut self) {
        let now = clock::now().instant;
        if self.gate.opens(now) > now {
            return;
        }
        if let Some(stream) = self.parked.take() {
            self.gate.pass(now);
            self.accept(stream);
        }
    }

    fn accept(&mut self, stream: TcpStream) {
        // One that never got as far as an OPEN makes room: the peer has given it up.
        for link in &mut self.links {
            if link.initiator == Initiator::Peer && link.stage == Stage::Opening {
                link.order(Order::Collide);
            }
        }
        if self.links.len() >= 2 * CONNECTIONS {
            return self.refuse(stream);
        }
        if self.links.iter().all(|link| welcome(link.stage)) {
            return self.connect(stream, Initiator::Peer);
        }
        let end = clock::now().instant + PATIENCE;
        if let Some((earlier, _)) = self.contender.replace((stream, end)) {
            self.refuse(earlier);
        }
    }

    fn refuse(&mut self, stream: TcpStream) {
        self.peer.counters.collisions.add(1);
        info!(peer = %self.id, "a second BGP connection is refused: the session is up");
        if self.refusals < REFUSALS {
            self.refusals += 1;
            self.tasks.spawn(async move {
                connection::refuse(stream, Notification::collision()).await;
                Outcome::Refused
            });
        }
    }

    fn connect(&mut self, stream: TcpStream, initiator: Initiator) {
        // A KEEPALIVE is small and must not wait for company.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(peer = %self.id, %error, "the new connection is gone already");
        }
        self.numbers += 1;
        let (order, orders) = oneshot::channel();
        let setup = Setup {
            number: self.numbers,
            config: Arc::clone(&self.peer.config),
            events: self.peer.events.clone(),
            notices: self.notices.0.clone(),
            orders,
            counters: Arc::clone(&self.peer.counters),
            stop: self.peer.stop.clone(),
        };
        let task = self
            .tasks
            .spawn(async move { Outcome::Ended(connection::run(stream, setup).await) });
        self.links.push(Link {
            number: self.numbers,
            task: task.id(),
            initiator,
            stage: Stage::Opening,
            order: Some(order),
        });
    }

    fn dial(&mut self) {
        self.dial_at = None;
        let Mode::Active { port } = self.peer.config.mode else {
            return;
        };
        if self.dialling || !self.links.is_empty() {
            return;
        }
        self.dialling = true;
        let config = Arc::clone(&self.peer.config);
        self.tasks
            .spawn(async move { Outcome::Dialled(dial(&config, port).await) });
    }

    async fn done(&mut self, done: Result<(Id, Outcome), tokio::task::JoinError>) {
        match done {
            Ok((_, Outcome::Refused)) => self.refusals = self.refusals.saturating_sub(1),
            Ok((_, Outcome::Dialled(result))) => {
                self.dialling = false;
                match result {
                    Ok(stream) => self.connect(stream, Initiator::Us),
                    Err(error) => {
                        self.failed(DownReason::Transport(error.to_string()));
                        self.dial_later();
                    }
                }
            }
            Ok((_, Outcome::Ended(ended))) => self.ended(ended).await,
            Err(fault) => {
                error!(peer = %self.id, %fault, "a BGP connection failed");
                let lost = self.links.iter().position(|link| link.task == fault.id());
                let Some(link) = lost.map(|lost| self.links.swap_remove(lost)) else {
                    // Dialling or refusing: neither has state.
                    self.dialling = false;
                    return self.dial_later();
                };
                if matches!(link.stage, Stage::Established { .. }) {
                    self.tell(PeerEvent::Down {
                        reason: DownReason::Internal,
                        restart_time: None,
                    })
                    .await;
                } else {
                    self.failed(DownReason::Internal);
                }
                self.dial_later();
            }
        }
    }

    async fn ended(&mut self, ended: Ended) {
        self.links.retain(|link| link.number != ended.number);
        let Ended { reason, up, .. } = ended;
        match up {
            Some((negotiated, since)) => {
                let lasted = clock::now().instant.saturating_duration_since(since);
                if lasted >= STABLE {
                    self.pauses = pauses(&self.peer.config);
                }
                let restart_time = reason.retention(&negotiated);
                let lasted = lasted.as_secs();
                self.told = None;
                if reason == DownReason::Stopped {
                    info!(peer = %self.id, %reason, lasted, "BGP session down");
                } else {
                    warn!(peer = %self.id, %reason, lasted, ?restart_time, "BGP session down");
                }
                self.tell(PeerEvent::Down {
                    reason,
                    restart_time,
                })
                .await;
            }
            None => self.failed(reason),
        }
        if !self.peer.stop.is_cancelled()
            && let Some((stream, _)) = self.contender.take()
        {
            self.accept(stream);
        }
        self.dial_later();
    }

    fn dial_later(&mut self) {
        if matches!(self.peer.config.mode, Mode::Active { .. })
            && self.links.is_empty()
            && !self.dialling
        {
            let pause = self.pauses.next().unwrap_or(self.peer.config.connect_retry);
            self.dial_at = clock::now().instant.checked_add(pause);
        }
    }

    async fn notice(&mut self, notice: Notice) {
        let Notice { number, news } = notice;
        match news {
            News::Up { graceful } => self.set_stage(number, Stage::Established { graceful }),
            News::Opened {
                router_id,
                peer_as,
                answer,
            } => {
                let config = &self.peer.config;
                let (local, remote) = ((config.router_id, config.local_as), (router_id, peer_as));
                let Some(this) = self.links.iter().find(|link| link.number == number) else {
                    return;
                };
                let verdicts: Vec<(u64, Verdict)> = self
                    .links
                    .iter()
                    .filter(|other| other.number != number)
                    .map(|other| {
                        let stands = (other.initiator, other.stage);
                        (other.number, judge(this.initiator, stands, local, remote))
                    })
                    .collect();
                if verdicts
                    .iter()
                    .any(|(_, verdict)| *verdict == Verdict::CloseThis)
                {
                    self.peer.counters.collisions.add(1);
                    let _ = answer.send(false);
                    return;
                }
                for (other, verdict) in verdicts {
                    let order = match verdict {
                        Verdict::CloseOther => Order::Collide,
                        Verdict::ReplaceOther => Order::Vanish,
                        Verdict::Proceed | Verdict::CloseThis => continue,
                    };
                    self.peer.counters.collisions.add(1);
                    self.order(other, order);
                    // Its Down has to be told before this one's Up.
                    if !self.wait_for(other).await {
                        return;
                    }
                }
                self.set_stage(number, Stage::Confirming);
                let _ = answer.send(true);
            }
        }
    }

    fn order(&mut self, number: u64, order: Order) {
        if let Some(link) = self.links.iter_mut().find(|link| link.number == number) {
            link.order(order);
        }
    }

    /// Until that connection is over and its end is told; `false`: we are to stop.
    async fn wait_for(&mut self, number: u64) -> bool {
        while self.links.iter().any(|link| link.number == number) {
            let done = tokio::select! {
                biased;
                () = self.peer.stop.cancelled() => return false,
                Some(done) = self.tasks.join_next_with_id() => done,
            };
            // Not through `notice`, so this does not call itself.
            self.done(done).await;
        }
        true
    }

    fn set_stage(&mut self, number: u64, stage: Stage) {
        if let Some(link) = self.links.iter_mut().find(|link| link.number == number) {
            link.stage = stage;
        }
    }

    fn failed(&mut self, reason: DownReason) {
        if matches!(reason, DownReason::Stopped) {
            return;
        }
        let words = reason.to_string();
        if self.told.as_ref() == Some(&words) {
            debug!(peer = %self.id, %reason, "no BGP session, again");
        } else {
            warn!(peer = %self.id, %reason, "no BGP session");
            self.told = Some(words);
        }
        self.peer.counters.failed.add(1);
        let _ = self
            .peer
            .events
            .try_send((self.id, PeerEvent::Failed { reason }));
    }

    async fn tell(&self, event: PeerEvent) {
        tokio::select! {
            biased;
            _ = self.peer.events.send((self.id, event)) => {}
            () = async {
                self.peer.stop.cancelled().await;
                tokio::time::sleep(LAST_EVENT).await;
            } => {}
        }
    }

    /// After `stop`: every connection has said its Cease, every session its Down.
    async fn finish(&mut self) {
        self.peer.sockets.close();
        self.parked = None;
        self.contender = None;
        while let Some(done) = self.tasks.join_next_with_id().await {
            match done {
                Ok((_, Outcome::Dialled(_))) | Ok((_, Outcome::Refused)) => {}
                done => self.done(done).await,
            }
        }
    }
}

impl Link {
    fn order(&mut self, order: Order) {
        if let Some(channel) = self.order.take() {
            let _ = channel.send(order);
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

async fn dial(config: &PeerConfig, port: u16) -> io::Result<TcpStream> {
    let to = SocketAddr::new(config.address, port);
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(from) = config.local_address {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    timeout(DIAL, socket.connect(to))
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))
}
