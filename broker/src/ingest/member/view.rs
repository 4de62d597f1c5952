//! What the sources of a member make together: who counts before whom, and what the databases get.

use std::net::IpAddr;
use std::sync::Arc;

use idr::EntryPoint;
use idt::bgpls::{self, AdjRib};
use nffg::{Announced, DomainId, Quantity, ResourceView, Resources, Window};

use super::Member;
use crate::ingest::document::{Told, view_of_resources};
use crate::ingest::source::{Channel, Slot, Source, SourceKind, SourceStatus};
use crate::ingest::{DomainStatus, RegistrationStatus};
use crate::liveness::State;

/// Where a domain's topology comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TopologyFrom {
    Peers,
    Document(SourceKind),
}

impl Member {
    fn is_served(&self, kind: &SourceKind) -> bool {
        self.sources.get(kind).is_some_and(Source::is_served)
    }

    pub(super) fn is_member(&self) -> bool {
        self.sources.values().any(Source::is_served)
    }

    /// The sources that are served, first those that count before others.
    fn served(&self) -> Vec<&SourceKind> {
        let mut kinds: Vec<_> = self
            .sources
            .iter()
            .filter(|(_, source)| source.is_served())
            .map(|(kind, _)| kind)
            .collect();
        let rank = |kind: &SourceKind| {
            let channel = kind.channel();
            self.precedence.iter().position(|each| *each == channel)
        };
        kinds.sort_by_key(|kind| (rank(kind), *kind));
        kinds
    }

    /// The documents that are in force, first those that count before others.
    fn told(&self) -> impl Iterator<Item = (&SourceKind, &Told)> {
        self.served()
            .into_iter()
            .filter_map(|kind| Some((kind, self.documents.get(kind)?)))
    }

    /// What the BGP-LS peers have told, of those that are served, in order of address.
    fn ribs(&self) -> Vec<&AdjRib> {
        let served = |address: &IpAddr| self.is_served(&SourceKind::BgpLs(*address));
        let peers = self.peers.iter().filter(|(address, _)| served(address));
        peers.map(|(_, peer)| &peer.rib).collect()
    }

    /// What netphony tells over BGP-LS of the domain's own MdO.
    fn node_information(&self, domain: &DomainId) -> Option<bgpls::NodeInformation> {
        let is_own =
            |told: &bgpls::NodeInformation| told.domain.parse().ok().as_ref() == Some(domain);
        self.ribs()
            .into_iter()
            .flat_map(AdjRib::node_information)
            .find(is_own)
    }

    /// The first source that knows links, else the first that tells a topology at all.
    fn topology_from(&self) -> Option<TopologyFrom> {
        let mut silent = None;
        for kind in self.served() {
            let from = match kind {
                SourceKind::BgpLs(address) => {
                    let told = self.peers.get(address).is_some_and(|p| !p.rib.is_empty());
                    told.then_some((TopologyFrom::Peers, false))
                }
                _ => self.documents.get(kind).and_then(|told| {
                    let topology = told.topology.as_ref()?;
                    let from = TopologyFrom::Document(kind.clone());
                    Some((from, topology.is_silent_on_links()))
                }),
            };
            match from {
                Some((from, false)) => return Some(from),
                Some((from, true)) => silent = silent.or(Some(from)),
                None => {}
            }
        }
        silent
    }

    /// The first source that tells resources; without any, the first whose topology has sums, unless a
    /// source is there for resources and only silent now.
    fn resources_from(&self) -> Option<(&SourceKind, &ResourceView)> {
        let views = self
            .told()
            .find_map(|(kind, told)| Some((kind, told.resources.as_ref()?)));
        let is_meant = |kind: &SourceKind| {
            kind.slot() == Some(Slot::Resources)
                || self
                    .documents
                    .get(kind)
                    .is_some_and(|t| t.resources.is_some())
        };
        if views.is_some() || self.sources.keys().any(is_meant) {
            return views;
        }
        self.told()
            .find_map(|(kind, told)| Some((kind, told.sums.as_ref()?)))
    }

    /// The first source that tells windows.
    fn windows_from(&self) -> Option<(&SourceKind, &[Window])> {
        self.told()
            .find_map(|(kind, told)| Some((kind, told.windows.as_deref()?)))
    }

    /// The declared entry point, else that of the registration or the first document that tells one.
    fn entry_point_from(&self) -> Option<(Option<&SourceKind>, &EntryPoint)> {
        if let Some(declared) = &self.declared_entry_point {
            return Some((None, declared));
        }
        self.served().into_iter().find_map(|kind| {
            let told = match kind {
                SourceKind::Registration => self.registration.as_ref()?.entry_point.as_ref(),
                _ => self.documents.get(kind)?.entry_point.as_ref(),
            };
            Some((Some(kind), told?))
        })
    }

    /// The IdR's view of the member as it is now.
    pub(in crate::ingest) fn idr_updates(&self, domain: &DomainId) -> Vec<idr::Update> {
        let remove = idr::Update::Remove(domain.clone());
        if !self.is_member() {
            return vec![remove];
        }
        let information = self.node_information(domain);
        let entry_point = self.entry_point_from().map(|(_, told)| told.clone());
        let entry_point = entry_point.or_else(|| {
            // A text that is no URL is not worth refusing routes for.
            information.as_ref()?.entry_point.as_deref()?.parse().ok()
        });
        let is_meant = self
            .sources
            .keys()
            .any(|k| k.slot() == Some(Slot::Resources));
        let view = self.resources_from().map(|(_, view)| view.clone());
        let view = view.or_else(|| {
            let told = information.as_ref().filter(|_| !is_meant)?;
            view_of_information(domain, told)
        });
        let made = view.map(|view| {
            // The view was accepted when it came, so this is the same domain again.
            idr::Domain::from_view(domain.clone(), entry_point.clone(), view)
        });
        match made {
            Some(Ok(domain)) => vec![idr::Update::Put(domain)],
            _ => vec![
                remove,
                idr::Update::EntryPoint {
                    domain: domain.clone(),
                    entry_point,
                },
            ],
        }
    }

    /// The IdT's view of the member as it is now.
    pub(in crate::ingest) fn idt_updates(
        &self,
        domain: &DomainId,
        neighbours: &dyn Fn(u32) -> Option<DomainId>,
    ) -> Vec<idt::Update> {
        if !self.is_member() {
            return vec![idt::Update::Leave(domain.clone())];
        }
        let topology = match self.topology_from() {
            Some(TopologyFrom::Peers) => {
                // Who speaks for many names everybody by AS number: an AS that nobody has yet may be
                // the next that it tells of.
                let speaks_for_many = self.peers.values().any(|peer| peer.is_propagator);
                let by_number = |asn: u32| format!("AS{asn}").parse().ok();
                let neighbours = |asn: u32| {
                    neighbours(asn).or_else(|| speaks_for_many.then(|| by_number(asn)).flatten())
                };
                Some(bgpls::convert(&self.ribs(), domain, &neighbours).topology)
            }
            Some(TopologyFrom::Document(kind)) => self
                .documents
                .get(&kind)
                .and_then(|told| told.topology.as_ref())
                .map(|topology| {
                    // A neighbour that has a name may be told by its AS number.
                    let known = |id: &DomainId| neighbours(id.asn()?).filter(|owner| owner != id);
                    let renamed = topology.with_neighbours(known);
                    renamed.unwrap_or_else(|| topology.clone())
                }),
            None => None,
        };
        let mut updates = match topology {
            Some(topology) => vec![idt::Update::Topology(topology)],
            None => vec![
                idt::Update::Join(domain.clone()),
                idt::Update::Silent(domain.clone()),
            ],
        };
        let windows = self.windows_from().map_or(&[][..], |(_, windows)| windows);
        let windows = windows.iter().cloned().map(|mut window| {
            // As of a topology's links.
            if let Announced::Neighbour { domain, .. } = &mut window.links
                && let Some(owner) = domain.asn().and_then(neighbours)
            {
                *domain = owner;
            }
            window
        });
        updates.push(idt::Update::Windows(domain.clone(), windows.collect()));
        updates
    }

    pub(in crate::ingest) fn state(&self, kind: &SourceKind) -> Option<State> {
        self.sources.get(kind).map(|source| source.liveness.state())
    }

    /// What the member pushed, and the states of that.
    pub(in crate::ingest) fn pushes(&self) -> impl Iterator<Item = (SourceKind, State)> {
        self.sources
            .iter()
            .filter(|(kind, _)| kind.channel() == Channel::Push)
            .map(|(kind, source)| (kind.clone(), source.liveness.state()))
    }

    pub(in crate::ingest) fn failures(&self, kind: &SourceKind) -> Option<u64> {
        self.sources.get(kind).map(|source| source.failures)
    }

    /// How the member and its sources are doing, and what is known of the domain.
    pub(in crate::ingest) fn status(&self, domain: &DomainId) -> DomainStatus {
        let topology = self.topology_from();
        let resources = self.resources_from().map(|(kind, _)| kind);
        let windows = self.windows_from().map(|(kind, _)| kind);
        let entry_point = self.entry_point_from();
        let sources = self.sources.iter().map(|(kind, source)| {
            let is_topology = match (&topology, kind) {
                (Some(TopologyFrom::Peers), SourceKind::BgpLs(_)) => source.is_served(),
                (Some(TopologyFrom::Document(from)), _) => from == kind,
                _ => false,
            };
            let uses = [
                ("resources", resources == Some(kind)),
                ("topology", is_topology),
                ("windows", windows == Some(kind)),
                (
                    "entry-point",
                    entry_point.is_some_and(|(from, _)| from == Some(kind)),
                ),
            ];
            let routes = match kind {
                SourceKind::BgpLs(address) => self.peers.get(address).map(|peer| peer.rib.len()),
                _ => None,
            };
            SourceStatus {
                kind: kind.clone(),
                place: source.place.clone(),
                state: source.liveness.state(),
                last_heard: source.last_heard,
                last_failure: source.last_failure.clone(),
                failures: source.failures,
                document: self
                    .documents
                    .get(kind)
                    .map(|told| Arc::clone(&told.status)),
                routes,
                used_for: uses
                    .iter()
                    .filter(|(_, is)| *is)
                    .map(|(use_, _)| *use_)
                    .collect(),
            }
        });
        let is_unknown = (resources.is_none() || entry_point.is_none())
            && self.node_information(domain).is_none();
        let missing = [
            ("resources", resources.is_none() && is_unknown),
            ("topology", topology.is_none()),
            ("entry-point", entry_point.is_none() && is_unknown),
        ];
        DomainStatus {
            is_configured: self.is_configured,
            asn: self.asn(domain),
            sources: sources.collect(),
            missing: missing
                .iter()
                .filter(|(_, is)| *is)
                .map(|(part, _)| *part)
                .collect(),
            registration: self.registration.as_ref().map(|told| RegistrationStatus {
                version: told.version.clone(),
                entry_point: told.entry_point.clone(),
                asn: told.asn,
                lifetime: told.lifetime,
                by: told.by.clone(),
            }),
        }
    }
}

/// What netphony tells in texts; one that is no quantity is left out.
fn view_of_information(domain: &DomainId, told: &bgpls::NodeInformation) -> Option<ResourceView> {
    let quantity = |text: &Option<String>| text.as_deref()?.parse::<Quantity>().ok();
    let resources = Resources {
        cpu: quantity(&told.cpu),
        mem: quantity(&told.mem),
        storage: quantity(&told.storage),
    };
    view_of_resources(domain, resources)
}
