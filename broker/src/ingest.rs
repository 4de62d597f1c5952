//! The writer: what sources say becomes the IdR, the IdT and a new version of the maps.
//!
//! [`Ingest`] is plain: inputs and `now` go in, what happened comes out, and
//! [`Ingest::next_deadline`] says when to call again. An input changes what its source says;
//! [`Ingest::commit`] brings the databases in line with all that changed since the last time, so that
//! a flood of inputs costs one rebuild. [`run`] is the one task that owns it, reads the clock,
//! publishes and logs.
//!
//! Rules:
//! * A document that cannot be taken counts as no answer: what its source said before stays in force
//!   until the source is gone.
//! * Each source ages by itself. A domain is a member, in the maps, while any of its sources is served.
//! * A domain's entry point is the declared one, else what its topology export says, else what netphony
//!   tells over BGP-LS.
//! * A domain without a resource source has the resources that its topology export tells, else those
//!   that netphony tells over BGP-LS.
//! * A domain's topology is what its BGP-LS peers tell together ([`idt::bgpls::convert`] has the rule for
//!   a link that several tell), peers in order of address; while none of them is served, it is what its
//!   topology export tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use idt::BorderLink;
use nffg::{DomainId, ResourceView, TopologyView};
use tokio::time::Instant;

use crate::bgp::LsUpdate;
use crate::clock::Now;
use crate::liveness::{State, Timers};
use crate::settings::DomainEntry;
use member::Member;

mod member;
mod task;

pub use task::run;

/// What a source tells, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// Resources: Virtualizer XML, pulled.
    Resources,
    /// Topology: UNIFY JSON, pulled.
    Topology,
    /// Topology: BGP-LS from the peer at this address.
    BgpLs(IpAddr),
}

impl SourceKind {
    /// The word for it in answers, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Topology => "topology",
            Self::BgpLs(_) => "bgp-ls",
        }
    }
}

/// The word, and for a BGP-LS source the peer.
impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resources | Self::Topology => f.write_str(self.as_str()),
            Self::BgpLs(peer) => write!(f, "{} {peer}", self.as_str()),
        }
    }
}

/// One source of one domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey {
    /// The domain.
    pub domain: DomainId,
    /// What it tells.
    pub kind: SourceKind,
}

/// What came from a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The source.
    pub source: SourceKey,
    /// What it said, or did not.
    pub news: News,
}

/// What a source said, or did not.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A resource view.
    Resources(ResourceView),
    /// A topology view.
    Topology(TopologyView),
    /// The same as before, byte for byte.
    Unchanged,
    /// No good answer, and why, in words.
    Failed(String),
    /// A BGP-LS session is up. What the peer told before stays until it is told again, withdrawn, or
    /// the peer has told all it has; unless `forget`: it did not keep its state (RFC 4724 §4.2).
    SessionUp {
        /// Drop what it told before.
        forget: bool,
    },
    /// BGP-LS routes.
    Routes(LsUpdate),
    /// The BGP-LS session is over.
    SessionDown {
        /// Why, in words.
        why: String,
        /// Keep what the peer told for this long (RFC 4724); `None`: as long as the settings say.
        restart_time: Option<Duration>,
    },
}

/// A source changed its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The source.
    pub source: SourceKey,
    /// From.
    pub from: State,
    /// To.
    pub to: State,
}

/// What came of an input or of time passing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The sources that changed their state.
    pub transitions: Vec<Transition>,
    /// The document was understood but cannot be taken, and why; it counted as no answer.
    pub refused: Option<String>,
    /// Of BGP-LS routes, how many were left out because they cannot be read.
    pub skipped_routes: usize,
}

/// How one source is doing, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceStatus {
    /// Its state.
    pub state: State,
    /// Its last good answer.
    pub last_heard: Option<jiff::Timestamp>,
    /// Why the last request got no good answer; `None` after a good one.
    pub last_error: Option<String>,
    /// Requests without a good answer since the last good one.
    pub failures: u64,
}

impl SourceStatus {
    /// Whether the source has been asked at all.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.last_heard.is_some() || self.failures > 0
    }
}

/// The rules of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When a source is stale, and when it is gone.
    pub timers: Timers,
    /// How long after a BGP-LS session came up what the peer told before may stay without being told
    /// again: not every peer says when it has told all (End-of-RIB).
    pub settle: Duration,
}

/// IdR and IdT and the sources that feed them.
#[derive(Debug)]
pub struct Ingest {
    times: Times,
    members: BTreeMap<DomainId, Member>,
    /// Whose an AS is. One that is no configured domain's is nobody's: routers are known to tell a
    /// private AS of their own.
    by_asn: BTreeMap<u32, DomainId>,
    /// Members whose sources said something since the last commit.
    touched: BTreeSet<DomainId>,
    idr: idr::Idr,
    ted: idt::Ted,
}

impl Ingest {
    /// Nothing heard yet, from the domains of the settings.
    #[must_use]
    pub fn new(domains: &[DomainEntry], times: Times) -> Self {
        let members = domains
            .iter()
            .map(|entry| (entry.id.clone(), Member::new(entry, times.timers)));
        let by_asn = domains
            .iter()
            .filter_map(|entry| Some((entry.asn()?, entry.id.clone())));
        Self {
            times,
            members: members.collect(),
            by_asn: by_asn.collect(),
            touched: BTreeSet::new(),
            idr: idr::Idr::new(),
            ted: idt::Ted::new(),
        }
    }

    /// The IdR as of the last commit.
    #[must_use]
    pub fn idr(&self) -> std::sync::Arc<idr::Snapshot> {
        self.idr.snapshot()
    }

    /// The IdT as of the last commit.
    #[must_use]
    pub fn idt(&self) -> std::sync::Arc<idt::Snapshot> {
        self.ted.snapshot()
    }

    /// How every source is doing.
    pub fn statuses(&self) -> impl Iterator<Item = (SourceKey, SourceStatus)> {
        self.members.iter().flat_map(|(domain, member)| {
            member.statuses().map(|(kind, status)| {
                (
                    SourceKey {
                        domain: domain.clone(),
                        kind,
                    },
                    status,
                )
            })
        })
    }

    /// How one source is doing; `None` if it is not configured.
    #[must_use]
    pub fn status(&self, key: &SourceKey) -> Option<SourceStatus> {
        self.members.get(&key.domain)?.status(key.kind)
    }

    /// A source said something, or did not. An input from a source that is not configured is nothing.
    pub fn on(&mut self, now: Now, input: Input) -> Outcome {
        let Input { source, news } = input;
        let Some(member) = self.members.get_mut(&source.domain) else {
            return Outcome::default();
        };
        let heard = member.on(now, &source.domain, source.kind, news, self.times);
        if heard.touched {
            self.touched.insert(source.domain.clone());
        }
        let transition = |(from, to)| Transition { source, from, to };
        Outcome {
            transitions: heard.transition.map(transition).into_iter().collect(),
            refused: heard.refused,
            skipped_routes: heard.skipped_routes,
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        for (domain, member) in &mut self.members {
            let (transitions, touched) = member.tick(now);
            if touched {
                self.touched.insert(domain.clone());
            }
            outcome
                .transitions
                .extend(transitions.into_iter().map(|(kind, from, to)| Transition {
                    source: SourceKey {
                        domain: domain.clone(),
                        kind,
                    },
                    from,
                    to,
                }));
        }
        outcome
    }

    /// When [`Ingest::tick`] would next change something.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.members
            .values()
            .filter_map(Member::next_deadline)
            .min()
    }

    /// Whether [`Ingest::commit`] has anything to do.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// Brings IdR and IdT in line with what the sources say now. True if that made a new version: the
    /// databases themselves find out whether anything is other than before.
    pub fn commit(&mut self) -> bool {
        let mut idr_updates = Vec::new();
        let mut idt_updates = Vec::new();
        let neighbours = |asn: u32| self.by_asn.get(&asn).cloned();
        for domain in std::mem::take(&mut self.touched) {
            let Some(member) = self.members.get(&domain) else {
                continue;
            };
            idr_updates.extend(member.idr_updates(&domain));
            idt_updates.extend(member.idt_updates(&domain, &neighbours));
        }
        let idr_changed = self.idr.apply(idr_updates);
        if idr_changed {
            idt_updates.push(idt::Update::Borders(border_links(&self.idr.snapshot())));
        }
        let idt_changed = self.ted.apply(idt_updates);
        idr_changed || idt_changed
    }
}

/// Every pair of domains that tag one SAP is a border link; the TED uses it where no topology speaks.
fn border_links(idr: &idr::Snapshot) -> Vec<BorderLink> {
    let pairs = idr.borders().iter().flat_map(idr::Border::pairs);
    let link = |pair: idr::BorderPair<'_>| BorderLink {
        a: pair.a.clone(),
        b: pair.b.clone(),
        delay: pair.delay,
        bandwidth: pair.bandwidth,
    };
    pairs.map(link).collect()
}

#[cfg(test)]
mod tests;
