//! Against GoBGP (3.10 of Debian 12), which dials and is dialled, is killed and comes back, and hands
//! on what a raw peer tells it.
//!
//! Runs where `gobgpd` is on the path; fails instead of skipping where `CI` is set.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use broker::bgp::{DownReason, Mode, PeerConfig};

use crate::raw::{Open, Raw, mandatory_from, name, node, reach, tlv, unreach, update};
use crate::{Broker, PATIENCE, THEIR_AS, free_port, nlris, peer};

/// Whether to run. Says so if not.
pub(crate) fn present() -> bool {
    let found = Command::new("gobgpd")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "CI is set and gobgpd is not on the path"
    );
    if !found {
        println!("SKIPPED: gobgpd is not on the path");
    }
    found
}

/// A neighbour in GoBGP's settings.
pub(crate) struct Neighbour {
    pub(crate) address: &'static str,
    pub(crate) number: u32,
    /// The port to dial; `None`: it waits.
    pub(crate) port: Option<u16>,
    pub(crate) restart_time: Option<u16>,
}

/// A running gobgpd, killed when dropped.
pub(crate) struct GoBgp {
    address: &'static str,
    port: u16,
    api: u16,
    folder: tempfile::TempDir,
    process: Child,
}

impl GoBgp {
    pub(crate) fn start(address: &'static str, neighbours: &[Neighbour]) -> Self {
        let (port, api) = (free_port(address), free_port(address));
        let folder = tempfile::tempdir().unwrap();
        let mut text = format!(
            "[global.config]\nas = {THEIR_AS}\nrouter-id = \"10.255.0.2\"\nport = {port}\n\
             local-address-list = [\"{address}\"]\n"
        );
        for neighbour in neighbours {
            let Neighbour {
                address: to,
                number,
                ..
            } = neighbour;
            text += &format!(
                "[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{to}\"\npeer-as = {number}\n\
                 [neighbors.timers.config]\nconnect-retry = 2\nhold-time = 9\nkeepalive-interval = 3\n\
                 idle-hold-time-after-reset = 2\n\
                 [neighbors.transport.config]\nlocal-address = \"{address}\"\n"
            );
            match neighbour.port {
                Some(port) => text += &format!("remote-port = {port}\n"),
                None => text += "passive-mode = true\n",
            }
            let graceful = neighbour.restart_time.is_some();
            if let Some(time) = neighbour.restart_time {
                text += &format!(
                    "[neighbors.graceful-restart.config]\nenabled = true\nrestart-time = {time}\n"
                );
            }
            text +=
                "[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"ls\"\n";
            if graceful {
                text += "[neighbors.afi-safis.mp-graceful-restart.config]\nenabled = true\n";
            }
        }
        let settings = folder.path().join("gobgpd.toml");
        std::fs::write(&settings, text).unwrap();
        let process = Self::spawn(&settings, address, api, &folder.path().join("log"));
        Self {
            address,
            port,
            api,
            folder,
            process,
        }
    }

    fn spawn(settings: &PathBuf, address: &str, api: u16, log: &PathBuf) -> Child {
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(log)
            .unwrap();
        Command::new("gobgpd")
            .arg("-f")
            .arg(settings)
            .args([
                "--api-hosts",
                &format!("{address}:{api}"),
                "--pprof-disable",
            ])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn again(&mut self) {
        let folder = self.folder.path();
        let (settings, log) = (folder.join("gobgpd.toml"), folder.join("log"));
        self.process = Self::spawn(&settings, self.address, self.api, &log);
    }

    /// Where it takes sessions.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it takes gRPC calls.
    pub(crate) fn api_address(&self) -> String {
        format!("{}:{}", self.address, self.api)
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    fn command(&self, arguments: &[&str]) {
        let output = Command::new("gobgp")
            .args(["-u", self.address, "-p", &self.api.to_string()])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "gobgp {arguments:?}: {output:?}");
    }
}

impl Drop for GoBgp {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log"));
            println!("gobgpd said:\n{}", log.unwrap_or_default());
        }
    }
}

fn config(gobgp: &'static str, ours: &str) -> PeerConfig {
    PeerConfig {
        local_address: Some(ours.parse().unwrap()),
        ..peer(gobgp)
    }
}

pub(crate) fn by_us(address: &'static str) -> Neighbour {
    Neighbour {
        address,
        number: crate::OUR_AS,
        port: None,
        restart_time: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gobgp_dials_us_is_killed_and_comes_back() {
    if !present() {
        return;
    }
    let mut broker =
        Broker::start_at("127.0.0.21", vec![config("127.0.0.11", "127.0.0.21")], 64).await;
    let mut gobgp = GoBgp::start(
        "127.0.0.11",
        &[Neighbour {
            port: Some(broker.address.port()),
            ..by_us("127.0.0.21")
        }],
    );
    for round in 0..2 {
        let negotiated = broker.up().await;
        assert_eq!(negotiated.peer_as, THEIR_AS);
        assert_eq!(negotiated.hold_time, Duration::from_secs(9));
        assert!(negotiated.four_octet_as && negotiated.route_refresh);
        assert_eq!(negotiated.graceful_restart, None);
        gobgp.kill();
        let (reason, kept) = broker.down().await;
        assert!(
            matches!(reason, DownReason::Closed | DownReason::Transport(_)),
            "{reason}"
        );
        assert_eq!(kept, None);
        if round == 0 {
            gobgp.again();
        }
    }
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_dial_gobgp_and_its_operator_shuts_us_down() {
    if !present() {
        return;
    }
    let gobgp = GoBgp::start("127.0.0.12", &[by_us("127.0.0.22")]);
    let mut active = config("127.0.0.12", "127.0.0.22");
    active.mode = Mode::Active { port: gobgp.port };
    let mut broker = Broker::start_at("127.0.0.22", vec![active], 64).await;
    broker.up().await;
    // Longer than its hold time: its KEEPALIVEs and ours do.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(broker.events.try_recv().is_err(), "it stayed up");
    gobgp.command(&[
        "neighbor",
        "127.0.0.22",
        "shutdown",
        "--reason",
        "maintenance",
    ]);
    let (reason, _) = broker.down().await;
    assert!(
        reason
            .to_string()
            .contains("Administrative Shutdown (6/2) saying \"maintenance\""),
        "{reason}"
    );
    gobgp.command(&["neighbor", "127.0.0.22", "enable"]);
    broker.up().await;
    broker.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gobgp_with_graceful_restart_keeps_its_routes_when_killed() {
    if !present() {
        return;
    }
    let mut broker =
        Broker::start_at("127.0.0.23", vec![config("127.0.0.13", "127.0.0.23")], 64).await;
    let mut gobgp = GoBgp::start(
        "127.0.0.13",
        &[Neighbour {
            port: Some(broker.address.port()),
            restart_time: Some(20),
            ..by_us("127.0.0.23")
        }],
    );
    let restart = broker.up().await.graceful_restart.unwrap();
    assert_eq!(restart.restart_time, Duration::from_secs(20));
    assert!(
        broker.update().await.end_of_rib,
        "a graceful speaker tells its end of RIB"
    );
    gobgp.kill();
    let (_, kept) = broker.down().await;
    assert_eq!(kept, Some(Duration::from_secs(20)));
    broker.stopped().await;
}

const RAW_AS: u32 = 65_003;

/// A session of a raw peer at `address` with GoBGP, which has it for a neighbour.
async fn raw_peer_of(gobgp: &GoBgp, address: &str) -> Raw {
    let to = (
        gobgp.address.parse::<std::net::IpAddr>().unwrap(),
        gobgp.port,
    )
        .into();
    let open = Open {
        number: RAW_AS,
        identifier: "10.255.0.3".parse().unwrap(),
        // No KEEPALIVEs: the raw peer sends only what it is told to.
        hold_time: 0,
        ..Open::default()
    };
    let dialling = async {
        loop {
            // GoBGP closes connections until it is ready for this neighbour.
            if let Ok(mut raw) = Raw::try_dial(address, to).await {
                raw.send(&open.bytes()).await;
                if raw
                    .receive()
                    .await
                    .is_some_and(|(kind, _)| kind == crate::raw::OPEN)
                {
                    return raw;
                }
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let mut raw = tokio::time::timeout(PATIENCE, dialling).await.unwrap();
    assert_eq!(raw.receive().await.unwrap().0, crate::raw::KEEPALIVE);
    raw.send(&crate::raw::keepalive()).await;
    raw
}

/// A raw peer tells GoBGP, GoBGP tells us: NLRI and node name as they were, and the withdrawals, also
/// the one that the raw peer's death makes.
#[tokio::test(flavor = "multi_thread")]
async fn gobgp_hands_on_what_another_speaker_tells() {
    if !present() {
        return;
    }
    let mut broker =
        Broker::start_at("127.0.0.24", vec![config("127.0.0.14", "127.0.0.24")], 64).await;
    let gobgp = GoBgp::start(
        "127.0.0.14",
        &[
            Neighbour {
                port: Some(broker.address.port()),
                ..by_us("127.0.0.24")
            },
            Neighbour {
                number: RAW_AS,
                ..by_us("127.0.0.34")
            },
        ],
    );
    broker.up().await;
    let mut raw = raw_peer_of(&gobgp, "127.0.0.34").await;

    raw.send(&update(&[
        reach(&[node(1)]),
        mandatory_from(RAW_AS),
        name("r1"),
    ]))
    .await;
    let heard = broker.update().await;
    assert_eq!(nlris(&heard.announced), [node(1)]);
    assert_eq!(heard.attribute.as_deref(), Some(&tlv(1026, b"r1")[..]));
    raw.send(&update(&[
        reach(&[node(2)]),
        mandatory_from(RAW_AS),
        name("r2"),
    ]))
    .await;
    assert_eq!(nlris(&broker.update().await.announced), [node(2)]);
    raw.send(&update(&[unreach(&[node(1)])])).await;
    assert_eq!(nlris(&broker.update().await.withdrawn), [node(1)]);
    drop(raw);
    assert_eq!(nlris(&broker.update().await.withdrawn), [node(2)]);
    broker.stopped().await;
}

/// The whole way: a raw peer tells GoBGP, GoBGP tells a real daemon, and the daemon's answers over HTTP
/// follow: routes announced, withdrawn, and the speaker killed and back.
#[tokio::test(flavor = "multi_thread")]
async fn what_gobgp_tells_is_in_the_maps() {
    if !present() {
        return;
    }
    let port = free_port("127.0.0.25");
    let settings = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        "listen = '127.0.0.1:0'\n[pull]\ninterval = '1s'\n[liveness]\nhold = '2s'\nexpire = '4s'\n\
         [bgp]\nlisten = '127.0.0.25:{port}'\nlocal_as = {}\nrouter_id = '10.255.0.1'\n\
         [[domains]]\nid = 'AS{RAW_AS}'\n\
         [[domains.bgp_ls]]\naddress = '127.0.0.15'\nremote_as = {THEIR_AS}\n",
        crate::OUR_AS
    );
    std::fs::write(settings.path(), text).unwrap();
    let settings = broker::settings::load(Some(settings.path()), &Default::default()).unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let (listening, address) = tokio::sync::oneshot::channel();
    let daemon = tokio::spawn(broker::daemon::run(
        settings,
        stop.clone(),
        move |address, _| {
            listening.send(address).unwrap();
        },
    ));
    let url = format!(
        "http://{}/broker/v1/domains/AS{RAW_AS}",
        address.await.unwrap()
    );
    let client = broker::egress::client(Duration::from_secs(5), false, None).unwrap();
    let domain = async || {
        let text = client.get(&url).send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let until = async |what: &str, routers: u64, state: &str| {
        let waiting = async {
            loop {
                let told = domain().await;
                if told["routers"] == routers && told["state"] == state {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{what}: {:#}", domain().await);
    };

    let mut gobgp = GoBgp::start(
        "127.0.0.15",
        &[
            Neighbour {
                port: Some(port),
                ..by_us("127.0.0.25")
            },
            Neighbour {
                number: RAW_AS,
                ..by_us("127.0.0.35")
            },
        ],
    );
    let mut raw = raw_peer_of(&gobgp, "127.0.0.35").await;
    for router in [1, 2] {
        let text = format!("r{router}");
        raw.send(&update(&[
            reach(&[node(router)]),
            mandatory_from(RAW_AS),
            name(&text),
        ]))
        .await;
    }
    until("both routers are told", 2, "fresh").await;
    raw.send(&update(&[unreach(&[node(1)])])).await;
    until("one is withdrawn", 1, "fresh").await;
    gobgp.kill();
    until("what a lost session told is stale, and served", 1, "stale").await;
    until("then it is gone", 0, "gone").await;
    drop(raw);
    gobgp.again();
    let mut raw = raw_peer_of(&gobgp, "127.0.0.35").await;
    raw.send(&update(&[
        reach(&[node(7)]),
        mandatory_from(RAW_AS),
        name("r7"),
    ]))
    .await;
    until("the speaker is back with another router", 1, "fresh").await;
    stop.cancel();
    daemon.await.unwrap().unwrap();
}
