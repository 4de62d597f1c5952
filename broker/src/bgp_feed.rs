//! From BGP-LS sessions to the writer: events of peers become inputs of their domains' sources.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::bgp::{PeerEvent, PeerId};
use crate::ingest::{Input, News, SourceKey};

/// Hands events on, in order, until there are no more or nobody takes inputs. A slow writer slows the
/// sessions: the channel of events fills, and they stop reading.
pub async fn run(
    mut events: mpsc::Receiver<(PeerId, PeerEvent)>,
    sources: BTreeMap<PeerId, SourceKey>,
    inputs: mpsc::Sender<Input>,
) {
    while let Some((peer, event)) = events.recv().await {
        let Some(source) = sources.get(&peer) else {
            continue;
        };
        let news = match event {
            PeerEvent::Up { negotiated } => {
                let domain = &source.domain;
                info!(%domain, %peer, asn = negotiated.peer_as, router_id = %negotiated.router_id, "BGP-LS session is up");
                // RFC 4724 §4.2: a peer that restarted without its state has nothing to go back to.
                let forget = negotiated
                    .graceful_restart
                    .is_some_and(|restart| !restart.preserved);
                News::SessionUp { forget }
            }
            PeerEvent::Update(update) => {
                for fault in &update.faults {
                    warn!(domain = %source.domain, %peer, ?fault, "malformed attribute in an UPDATE");
                }
                News::Routes(update)
            }
            PeerEvent::Down {
                reason,
                restart_time,
            } => News::SessionDown {
                why: reason.to_string(),
                restart_time,
            },
            PeerEvent::Failed { reason } => News::Failed(reason.to_string().into()),
        };
        if inputs
            .send(Input {
                source: source.clone(),
                news,
            })
            .await
            .is_err()
        {
            return;
        }
    }
}
