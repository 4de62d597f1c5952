//! BGP sessions over real sockets: against a raw peer that says exactly what a test wants, and
//! against GoBGP.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod churn;
mod endless;
mod generator;
mod gobgp;
mod gobgp_maps;
mod hostile;
mod maps;
mod measured;
mod netphony;
mod process;
mod raw;
mod scale;
mod session;
mod writer;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use broker::bgp::{
    Counters, DownReason, LsUpdate, Mode, Negotiated, PeerConfig, PeerEvent, PeerId, Speaker,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use raw::Raw;

/// Long enough for a loaded machine; a test that works never waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

const OUR_AS: u32 = 65_001;
const THEIR_AS: u32 = 65_002;

/// A passive peer at this address, with a hold time that no test outlasts by accident.
fn peer(address: &str) -> PeerConfig {
    PeerConfig {
        address: address.parse().unwrap(),
        local_address: None,
        remote_as: Some(THEIR_AS),
        local_as: OUR_AS,
        router_id: Ipv4Addr::new(10, 255, 0, 1),
        hold_time: Duration::from_secs(90),
        mode: Mode::Passive,
        connect_retry: Duration::from_millis(200),
        lenient_as_path: false,
    }
}

/// A speaker on a free port, with the test as the reader of its events.
struct Broker {
    address: SocketAddr,
    events: mpsc::Receiver<(PeerId, PeerEvent)>,
    counters: Arc<Counters>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Broker {
    async fn start(peers: Vec<PeerConfig>) -> Self {
        Self::start_at("127.0.0.1", peers, 64).await
    }

    async fn start_at(listen: &str, peers: Vec<PeerConfig>, capacity: usize) -> Self {
        let listen = SocketAddr::new(listen.parse::<IpAddr>().unwrap(), 0);
        let speaker = Speaker::bind(Some(listen), peers).await.unwrap();
        let (send, events) = mpsc::channel(capacity);
        let stop = CancellationToken::new();
        Self {
            address: speaker.local_addr().unwrap(),
            counters: speaker.counters(),
            events,
            stop: stop.clone(),
            task: tokio::spawn(speaker.run(send, stop)),
        }
    }

    /// The next event, failed attempts included.
    async fn event(&mut self) -> (PeerId, PeerEvent) {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time")
            .expect("the speaker runs")
    }

    /// The next event of a session.
    async fn session_event(&mut self) -> PeerEvent {
        loop {
            match self.event().await {
                (_, PeerEvent::Failed { reason }) => println!("failed: {reason}"),
                (_, event) => return event,
            }
        }
    }

    async fn up(&mut self) -> Negotiated {
        match self.session_event().await {
            PeerEvent::Up { negotiated } => negotiated,
            other => panic!("not up: {other:?}"),
        }
    }

    async fn update(&mut self) -> LsUpdate {
        match self.session_event().await {
            PeerEvent::Update(update) => update,
            other => panic!("no update: {other:?}"),
        }
    }

    async fn down(&mut self) -> (DownReason, Option<Duration>) {
        match self.session_event().await {
            PeerEvent::Down {
                reason,
                restart_time,
            } => (reason, restart_time),
            other => panic!("not down: {other:?}"),
        }
    }

    async fn failed(&mut self) -> DownReason {
        match self.event().await {
            (_, PeerEvent::Failed { reason }) => reason,
            other => panic!("not failed: {other:?}"),
        }
    }

    async fn stopped(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

/// A speaker with one peer, and that peer's connection before its first message.
async fn connected() -> (Broker, Raw) {
    let broker = Broker::start(vec![peer("127.0.0.2")]).await;
    let raw = Raw::dial("127.0.0.2", broker.address).await;
    (broker, raw)
}

/// The same with the session up.
async fn established() -> (Broker, Raw) {
    let (mut broker, mut raw) = connected().await;
    raw.establish(&raw::open()).await;
    broker.up().await;
    (broker, raw)
}

fn free_port(address: &str) -> u16 {
    TcpListener::bind((address, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn nlris(nlris: &broker::bgp::Nlris) -> Vec<Vec<u8>> {
    nlris.iter().map(<[u8]>::to_vec).collect()
}

/// Until it is so; the deadline is generous, the wait short.
async fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("in time: {what}"));
}
