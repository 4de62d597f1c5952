//! From BGP-LS sessions to the writer: events of peers become inputs of their domains' sources.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use idt::bgpls::local_asn;
use nffg::DomainId;
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use crate::bgp::{LsUpdate, Nlris, PeerEvent, PeerId};
use crate::ingest::{Input, News, SourceKey, SourceKind};

/// ASes that one peer may speak for: ten times those of the Internet. Others are passed over.
const MAX_ASES: usize = 1_000_000;

/// For whom a peer speaks.
#[derive(Debug)]
pub enum Speaks {
    /// For one domain, whatever it says.
    Domain(SourceKey),
    /// For whichever domains it tells of.
    Many {
        /// The sources that it is of all of them.
        kind: SourceKind,
        /// The ASes that it has told of.
        told: BTreeSet<u32>,
    },
}

impl Speaks {
    /// The propagator at this address, which has told of nobody yet.
    #[must_use]
    pub fn many(address: IpAddr) -> Self {
        Self::Many {
            kind: SourceKind::BgpLs(address),
            told: BTreeSet::new(),
        }
    }
}

/// Hands events on, in order, until there are no more or nobody takes inputs. A slow writer slows the
/// sessions: the channel of events fills, and they stop reading.
pub async fn run(
    mut events: mpsc::Receiver<(PeerId, PeerEvent)>,
    mut peers: BTreeMap<PeerId, Speaks>,
    inputs: mpsc::Sender<Input>,
) {
    while let Some((peer, event)) = events.recv().await {
        let Some(speaks) = peers.get_mut(&peer) else {
            continue;
        };
        let news = match event {
            PeerEvent::Up { negotiated } => {
                let speaks = speaks.to_string();
                info!(speaks, %peer, asn = negotiated.peer_as, router_id = %negotiated.router_id, "BGP-LS session is up");
                // RFC 4724 §4.2: a peer that restarted without its state has nothing to go back to.
                let forget = negotiated
                    .graceful_restart
                    .is_some_and(|restart| !restart.preserved);
                News::SessionUp { forget }
            }
            PeerEvent::Update(update) => {
                for fault in &update.faults {
                    let speaks = speaks.to_string();
                    warn!(speaks, %peer, ?fault, "malformed attribute in an UPDATE");
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
        for input in speaks.inputs(news) {
            if inputs.send(input).await.is_err() {
                return;
            }
        }
    }
}

impl std::fmt::Display for Speaks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Domain(source) => write!(f, "for {}", source.domain),
            Self::Many { told, .. } => write!(f, "for many, {} so far", told.len()),
        }
    }
}

impl Speaks {
    /// What the news are to each domain that they concern.
    fn inputs(&mut self, news: News) -> Vec<Input> {
        let (kind, told) = match self {
            Self::Domain(source) => {
                let source = source.clone();
                return vec![Input { source, news }];
            }
            Self::Many { kind, told } => (kind, told),
        };
        let mut inputs = Vec::new();
        let mut tell = |asn: u32, news: News| {
            if let Some(domain) = domain_of(asn) {
                let source = SourceKey {
                    domain,
                    kind: kind.clone(),
                };
                inputs.push(Input { source, news });
            }
        };
        match news {
            News::Routes(update) => {
                let end_of_rib = update.end_of_rib;
                for (asn, part) in split(update) {
                    if told.len() >= MAX_ASES && !told.contains(&asn) {
                        debug!(asn, "passed over: the peer speaks for too many already");
                        continue;
                    }
                    told.insert(asn);
                    tell(asn, News::Routes(part));
                }
                if end_of_rib {
                    let update = LsUpdate {
                        end_of_rib,
                        ..LsUpdate::default()
                    };
                    told.iter()
                        .for_each(|asn| tell(*asn, News::Routes(update.clone())));
                }
            }
            news => told.iter().for_each(|asn| tell(*asn, news.clone())),
        }
        inputs
    }
}

fn domain_of(asn: u32) -> Option<DomainId> {
    format!("AS{asn}").parse().ok()
}

/// The update by the AS whose word it is. Most updates tell of one node, and are handed on as they
/// came.
fn split(update: LsUpdate) -> Vec<(u32, LsUpdate)> {
    let all = update.announced.iter().chain(update.withdrawn.iter());
    let mut asns: Vec<u32> = all.filter_map(local_asn).collect();
    asns.sort_unstable();
    asns.dedup();
    let nameless = |nlris: &Nlris| {
        nlris
            .iter()
            .filter(|nlri| local_asn(nlri).is_none())
            .count()
    };
    let passed_over = nameless(&update.announced) + nameless(&update.withdrawn);
    if passed_over > 0 {
        debug!(passed_over, "routes whose local node has no AS (512)");
    }
    match asns[..] {
        [only] if passed_over == 0 => {
            let update = LsUpdate {
                end_of_rib: false,
                ..update
            };
            vec![(only, update)]
        }
        _ => asns
            .into_iter()
            .map(|asn| {
                let of = |nlris: &Nlris| nlris.filtered(|nlri| local_asn(nlri) == Some(asn));
                let part = LsUpdate {
                    announced: of(&update.announced),
                    withdrawn: of(&update.withdrawn),
                    attribute: update.attribute.clone(),
                    end_of_rib: false,
                    faults: Vec::new(),
                };
                (asn, part)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
