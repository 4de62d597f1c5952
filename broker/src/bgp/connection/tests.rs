use bytes::{BufMut, Bytes};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

use super::super::LsUpdate;
use super::*;

/// A connection whose other end, peer task and reader of events are this test. The clock is paused,
/// so it moves only when all are idle, and no test waits.
struct Bench {
    wire: DuplexStream,
    inbox: BytesMut,
    codec: Codec,
    notices: mpsc::Receiver<Notice>,
    sender: mpsc::Sender<(PeerId, PeerEvent)>,
    events: mpsc::Receiver<(PeerId, PeerEvent)>,
    order: Option<oneshot::Sender<Order>>,
    stop: CancellationToken,
    task: JoinHandle<Ended>,
}

fn config() -> PeerConfig {
    PeerConfig {
        hold_time: Duration::from_secs(9),
        ..super::super::tests::config()
    }
}

const HEAD: [u8; 16] = [0xff; 16];

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap();
    [&HEAD[..], &length.to_be_bytes(), &[kind], body].concat()
}

fn open() -> Vec<u8> {
    let capabilities = [
        &[1, 4, 0x40, 4, 0, 71][..],
        &[64, 6, 0x00, 120, 0x40, 4, 71, 0x80],
        &[65, 4, 0, 0, 0xfd, 0xea],
    ]
    .concat();
    let length = u8::try_from(capabilities.len()).unwrap();
    let head = [4, 0xfd, 0xea, 0, 90, 10, 0, 0, 2, length + 2, 2, length];
    message(1, &[&head[..], &capabilities].concat())
}

fn keepalive() -> Vec<u8> {
    message(4, &[])
}

fn update(number: u32) -> Vec<u8> {
    let mut nlri = vec![0, 1, 0, 13, 2];
    nlri.put_u64(7);
    nlri.put_u32(number);
    let mut reach = vec![0x40, 4, 71, 4, 10, 0, 0, 2, 0];
    reach.extend(nlri);
    let mut attributes = vec![0x40, 1, 1, 0, 0x40, 2, 0, 0x80, 14];
    attributes.put_u8(u8::try_from(reach.len()).unwrap());
    attributes.extend(reach);
    let mut body = vec![0, 0];
    body.put_u16(u16::try_from(attributes.len()).unwrap());
    body.extend(attributes);
    message(2, &body)
}

fn number(update: &LsUpdate) -> u32 {
    let nlri = update.announced.iter().next().unwrap();
    u32::from_be_bytes(*nlri.last_chunk().unwrap())
}

impl Bench {
    fn new(pipe: usize, events: usize) -> Self {
        let (wire, ours) = tokio::io::duplex(pipe);
        let (notice, notices) = mpsc::channel(8);
        let (event, events) = mpsc::channel(events);
        let (order, orders) = oneshot::channel();
        let stop = CancellationToken::new();
        let setup = Setup {
            number: 1,
            config: Arc::new(config()),
            events: event.clone(),
            notices: notice,
            orders,
            counters: Arc::default(),
            stop: stop.clone(),
        };
        Self {
            wire,
            inbox: BytesMut::new(),
            codec: Codec::new(),
            notices,
            sender: event,
            events,
            order: Some(order),
            stop,
            task: tokio::spawn(run(ours, setup)),
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.wire.write_all(bytes).await.unwrap();
    }

    /// The next message from the connection; `None` at the end of the stream.
    async fn hear(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.codec.decode(&mut self.inbox).unwrap() {
                return Some(message);
            }
            if self.wire.read_buf(&mut self.inbox).await.unwrap() == 0 {
                return None;
            }
        }
    }

    /// The NOTIFICATION that ends it, whatever comes before.
    async fn hear_notification(&mut self) -> (u8, u8) {
        loop {
            match self.hear().await.expect("a NOTIFICATION before the end") {
                Message::Notification(heard) => return (heard.code, heard.subcode),
                Message::Keepalive | Message::Update(_) | Message::Open(_) => {}
                Message::RouteRefresh => panic!("not asked for"),
            }
        }
    }

    async fn answer(&mut self, answer: bool) {
        let notice = self.notices.recv().await.unwrap();
        match notice.news {
            News::Opened {
                router_id,
                peer_as,
                answer: channel,
            } => {
                assert_eq!((router_id, peer_as), (Ipv4Addr::new(10, 0, 0, 2), 65_002));
                channel.send(answer).unwrap();
            }
            News::Up { .. } => panic!("up without an answer"),
        }
    }

    /// To Established, with the peer's side silent from then on.
    async fn rise(&mut self) -> Negotiated {
        assert!(matches!(self.hear().await, Some(Message::Open(_))));
        self.send(&open()).await;
        self.answer(true).await;
        assert!(matches!(self.hear().await, Some(Message::Keepalive)));
        self.send(&keepalive()).await;
        match self.events.recv().await {
            Some((_, PeerEvent::Up { negotiated })) => negotiated,
            other => panic!("{other:?}"),
        }
    }

    async fn next_update(&mut self) -> LsUpdate {
        match self.events.recv().await {
            Some((_, PeerEvent::Update(update))) => update,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_comes_up_and_sends_its_end_of_rib() {
    let mut bench = Bench::new(4096, 4);
    let negotiated = bench.rise().await;
    assert_eq!(negotiated.hold_time, Duration::from_secs(9));
    assert_eq!(
        negotiated.graceful_restart.unwrap().restart_time.as_secs(),
        120
    );
    let Some(Message::Update(end_of_rib)) = bench.hear().await else {
        panic!("no End-of-RIB");
    };
    assert_eq!(
        end_of_rib.attributes,
        Bytes::from_static(&[0x80, 15, 3, 0x40, 4, 71])
    );
    let notice = bench.notices.recv().await.unwrap();
    assert!(matches!(notice.news, News::Up { graceful: true }));
}

#[tokio::test(start_paused = true)]
async fn rfc4271_8_2_2_a_peer_that_never_opens_is_waited_for_four_minutes() {
    let start = Instant::now();
    let mut bench = Bench::new(4096, 4);
    assert_eq!(bench.hear_notification().await, (4, 0));
    assert_eq!(start.elapsed().as_secs(), 240);
    let ended = bench.task.await.unwrap();
    assert_eq!(ended.reason, DownReason::HoldTimerExpired);
    assert!(ended.up.is_none());
}

#[tokio::test(start_paused = true)]
async fn rfc4271_6_5_silence_ends_the_session_at_the_hold_time() {
    let mut bench = Bench::new(4096, 4);
    bench.rise().await;
    let start = Instant::now();
    assert_eq!(bench.hear_notification().await, (4, 0));
    assert_eq!(start.elapsed().as_secs(), 9);
    let ended = bench.task.await.unwrap();
    assert_eq!(ended.reason, DownReason::HoldTimerExpired);
    assert!(ended.up.is_some());
}

/// The hold timer of real speakers: UPDATEs keep a session up, KEEPALIVEs are not needed.
#[tokio::test(start_paused = true)]
async fn rfc4271_4_4_updates_alone_keep_a_session_up() {
    let mut bench = Bench::new(65_536, 4);
    bench.rise().await;
    for number in 0..50 {
        tokio::time::sleep(Duration::from_secs(8)).await;
        bench.send(&update(number)).await;
        assert_eq!(self::number(&bench.next_update().await), number);
    }
    assert!(!bench.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn rfc4271_10_keepalives_come_at_most_a_third_of_the_hold_time_apart() {
    let mut bench = Bench::new(4096, 4);
    bench.rise().await;
    assert!(matches!(bench.hear().await, Some(Message::Update(_))));
    for _ in 0..20 {
        let start = Instant::now();
        assert!(matches!(bench.hear().await, Some(Message::Keepalive)));
        let apart = start.elapsed().as_secs_f64();
        assert!((2.2..=3.01).contains(&apart), "{apart} s");
        bench.send(&keepalive()).await;
    }
}

/// Back-pressure: with nobody reading events for an hour, the peer's writes stop, our KEEPALIVEs do
/// not, our hold timer stands still, and in the end nothing is lost or out of order.
#[tokio::test(start_paused = true)]
async fn a_full_event_channel_stops_the_reading_and_not_the_keepalives() {
    const UPDATES: u32 = 5_000;
    let mut bench = Bench::new(8_192, 4);
    bench.rise().await;
    let (mut from_us, mut to_us) = tokio::io::split(bench.wire);
    let flood = tokio::spawn(async move {
        for number in 0..UPDATES {
            to_us.write_all(&update(number)).await.unwrap();
        }
        to_us
    });
    let hour = Instant::now() + Duration::from_secs(3600);
    let (mut inbox, mut keepalives) = (bench.inbox, 0);
    while let Ok(read) = tokio::time::timeout_at(hour, from_us.read_buf(&mut inbox)).await {
        assert_ne!(read.unwrap(), 0, "it hung up");
        while let Some(message) = Codec::new().decode(&mut inbox).unwrap() {
            keepalives += u32::from(matches!(message, Message::Keepalive));
        }
    }
    assert!(keepalives >= 1_200, "{keepalives} in an hour");
    assert!(!flood.is_finished(), "the peer could write on and on");
    for expected in 0..UPDATES {
        match bench.events.recv().await {
            Some((_, PeerEvent::Update(update))) => assert_eq!(number(&update), expected),
            other => panic!("{other:?}"),
        }
    }
    let _to_us = flood.await.unwrap();
    assert!(!bench.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn rfc9687_4_a_peer_that_reads_nothing_is_let_go_after_eight_minutes() {
    // Just enough room for our OPEN and a few KEEPALIVEs.
    let mut bench = Bench::new(128, 4);
    bench.rise().await;
    let start = Instant::now();
    while !bench.task.is_finished() {
        bench.send(&keepalive()).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(start.elapsed().as_secs() < 1_000, "for ever");
    }
    assert!(
        (480..520).contains(&start.elapsed().as_secs()),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        bench.task.await.unwrap().reason,
        DownReason::SendHoldTimerExpired
    );
}

#[tokio::test(start_paused = true)]
async fn the_loser_of_a_collision_goes_with_cease_7() {
    let mut bench = Bench::new(4096, 4);
    bench.send(&open()).await;
    bench.answer(false).await;
    assert_eq!(bench.hear_notification().await, (6, 7));
    assert_eq!(bench.task.await.unwrap().reason, DownReason::Collision);

    let mut bench = Bench::new(4096, 4);
    bench.rise().await;
    bench.order.take().unwrap().send(Order::Collide).unwrap();
    assert_eq!(bench.hear_notification().await, (6, 7));
}

#[tokio::test(start_paused = true)]
async fn rfc4724_4_2_a_session_that_is_replaced_goes_without_a_word() {
    let mut bench = Bench::new(4096, 4);
    bench.rise().await;
    assert!(matches!(bench.hear().await, Some(Message::Update(_))));
    bench.order.take().unwrap().send(Order::Vanish).unwrap();
    assert!(bench.hear().await.is_none());
    assert_eq!(bench.task.await.unwrap().reason, DownReason::Replaced);
}

#[tokio::test(start_paused = true)]
async fn stopping_sends_cease_2_in_every_state() {
    for risen in [false, true] {
        let mut bench = Bench::new(4096, 4);
        if risen {
            bench.rise().await;
        }
        bench.stop.cancel();
        assert_eq!(bench.hear_notification().await, (6, 2));
        assert!(bench.hear().await.is_none());
        drop(bench.wire);
        assert_eq!(bench.task.await.unwrap().reason, DownReason::Stopped);
    }
}

/// A session that nobody heard coming up must not be told as going down.
#[tokio::test(start_paused = true)]
async fn an_up_that_found_no_room_is_no_up() {
    let mut bench = Bench::new(4096, 1);
    let filler = PeerEvent::Failed {
        reason: DownReason::Closed,
    };
    bench.sender.try_send((config().id(), filler)).unwrap();
    bench.send(&open()).await;
    bench.answer(true).await;
    bench.send(&keepalive()).await;
    let notice = bench.notices.recv().await.unwrap();
    assert!(matches!(notice.news, News::Up { .. }));
    bench.stop.cancel();
    assert!(bench.task.await.unwrap().up.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_fatal_update_is_answered_and_told_in_words() {
    let mut bench = Bench::new(4096, 4);
    bench.rise().await;
    // MP_REACH_NLRI whose NLRI says 50 octets and has one.
    let reach = [0x80, 14, 14, 0x40, 4, 71, 4, 10, 0, 0, 2, 0, 0, 1, 0, 50, 1];
    let mut body = vec![0, 0, 0, u8::try_from(reach.len()).unwrap()];
    body.extend(reach);
    bench.send(&message(2, &body)).await;
    assert_eq!(bench.hear_notification().await, (3, 9));
    let reason = bench.task.await.unwrap().reason.to_string();
    assert!(
        reason.contains("Optional Attribute Error (3/9)"),
        "{reason}"
    );
    assert!(reason.contains("path attribute 14"), "{reason}");
}

/// The first bytes of everything that may come, cut at every place, then the end.
#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_anywhere_is_a_closed_connection() {
    let whole = [open(), keepalive(), update(1)].concat();
    for cut in 0..whole.len() {
        let mut bench = Bench::new(4096, 4);
        bench.send(&whole[..cut]).await;
        if cut >= open().len() {
            bench.answer(true).await;
        }
        bench.wire.shutdown().await.unwrap();
        assert_eq!(
            bench.task.await.unwrap().reason,
            DownReason::Closed,
            "after {cut}"
        );
    }
}
