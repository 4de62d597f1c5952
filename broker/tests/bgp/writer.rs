//! Everything from the socket to the maps, in this process, so that a test sees not only what HTTP shows
//! of the maps but every link that they were made from.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use broker::bgp::{PeerId, Speaker};
use broker::bgp_feed::{self, Speaks};
use broker::ingest::{Inbox, Ingest, SourceKey, SourceKind, run};
use broker::metrics::Metrics;
use broker::published::Published;
use broker::reservations::Desk;
use broker::settings::{Overrides, load};
use idt::DomainTopology;
use nffg::DomainId;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::PATIENCE;

/// The daemon's session, writer and publication, and the maps.
pub(crate) struct Writer {
    /// Where peers connect to.
    pub(crate) bgp: SocketAddr,
    domain: DomainId,
    published: Arc<Published>,
    // Its requests would come over HTTP; without it the writer would stop.
    _inbox: Inbox,
    stop: CancellationToken,
}

impl Writer {
    /// Takes sessions at a free port of `address` for the first domain of `settings`.
    pub(crate) async fn start(address: &str, settings: &str) -> Self {
        Self::start_at(&format!("{address}:0"), settings).await
    }

    /// The same at a known port.
    pub(crate) async fn start_at(listen: &str, settings: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "[bgp]\nlisten = '{listen}'\nlocal_as = {}\nrouter_id = '10.255.255.1'\n{settings}",
            crate::OUR_AS
        );
        std::fs::write(file.path(), text).unwrap();
        let settings = load(Some(file.path()), &Overrides::default()).unwrap();
        let peers = settings.domains.iter().flat_map(|domain| {
            let session = |peer: &broker::settings::BgpPeer| peer.session(&settings.bgp);
            domain.bgp_ls.iter().map(session)
        });
        let speaker = Speaker::bind(settings.bgp.listen, peers.collect())
            .await
            .unwrap();
        let sources = settings.domains.iter().flat_map(|entry| {
            entry.bgp_ls.iter().map(|peer| {
                let source = SourceKey {
                    domain: entry.id.clone(),
                    kind: SourceKind::BgpLs(peer.address),
                };
                (PeerId::new(peer.address), Speaks::Domain(source))
            })
        });
        let published = Arc::new(Published::new(alto::Config {
            server_name: settings.server_name.clone(),
            caps: settings.paths.caps(),
            limits: settings.alto.limits(),
        }));
        let stop = CancellationToken::new();
        let ingest = Ingest::new(&settings.domains, settings.rules());
        let (inbox, commands) = Inbox::new();
        let (inputs, received) = mpsc::channel(1024);
        let (events, told) = mpsc::channel(64);
        let bgp = speaker.local_addr().unwrap();
        tokio::spawn(run(
            ingest,
            Desk::default(),
            received,
            commands,
            Arc::clone(&published),
            Arc::new(Metrics::new()),
            stop.clone(),
        ));
        tokio::spawn(bgp_feed::run(told, sources.collect(), inputs));
        tokio::spawn(speaker.run(events, stop.clone()));
        Self {
            bgp,
            domain: settings.domains[0].id.clone(),
            published,
            _inbox: inbox,
            stop,
        }
    }

    /// The maps as they are served now.
    pub(crate) fn maps(&self) -> Arc<alto::Maps> {
        self.published.maps()
    }

    /// The first domain's topology as the maps have it.
    pub(crate) fn topology(&self) -> Option<Arc<DomainTopology>> {
        self.maps().idt().topology(&self.domain).cloned()
    }

    /// The states of the first domain's sources.
    pub(crate) fn states(&self) -> Vec<&'static str> {
        let entry = self.published.domain(&self.domain).unwrap();
        let sources = entry.status.sources.iter();
        sources.map(|source| source.state.as_str()).collect()
    }

    /// Waits until `so`, and says how long that took: within a second, on a machine that is not busy.
    pub(crate) async fn until(&self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        let waiting = async {
            while !so(self) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = timeout(4 * PATIENCE, waiting).await;
        assert!(
            waited.is_ok(),
            "{what}: {:?} {:#?}",
            self.states(),
            self.topology()
        );
        println!("{what}: after {:?}", start.elapsed());
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
