//! The writer: what sources say becomes the IdR, the IdT and a new version of the maps.
//!
//! [`Ingest`] is plain: inputs and `now` go in, what happened comes out, and
//! [`Ingest::next_deadline`] says when to call again. [`run`] is the one task that owns it, reads the
//! clock, publishes and logs.
//!
//! Rules:
//! * A document that cannot be taken counts as no answer: what its source said before stays in force
//!   until the source is gone.
//! * Each source ages by itself. A domain is a member, in the maps, while any of its sources is served.
//! * A domain's entry point is the declared one, else what its topology export says.
//! * A domain without a resource source has the resources that its topology export tells.

use std::collections::BTreeMap;

use idr::EntryPoint;
use idt::{BorderLink, DomainTopology};
use nffg::{BisBis, DomainId, ResourceView, TopologyView};
use tokio::time::Instant;

use crate::clock::Now;
use crate::liveness::{Liveness, State, Timers};
use crate::settings::DomainEntry;

mod task;

pub use task::run;

/// What a source tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// Resources: Virtualizer XML.
    Resources,
    /// Topology: UNIFY JSON.
    Topology,
}

impl SourceKind {
    /// The word for it in answers, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Topology => "topology",
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
    /// IdR or IdT changed: there is a new version to publish.
    pub changed: bool,
    /// The document was understood but cannot be taken, and why; it counted as no answer.
    pub refused: Option<String>,
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

#[derive(Debug)]
struct Source {
    liveness: Liveness,
    last_heard: Option<jiff::Timestamp>,
    last_error: Option<String>,
    failures: u64,
}

/// One configured domain: its sources, and what they last said (kept after they are gone, so that a
/// source that comes back with the same document need not send it again).
#[derive(Debug)]
struct Member {
    declared_entry_point: Option<EntryPoint>,
    sources: BTreeMap<SourceKind, Source>,
    resources: Option<ResourceView>,
    topology: Option<Told>,
}

/// What a topology export last told of its own domain.
#[derive(Debug)]
struct Told {
    topology: DomainTopology,
    entry_point: Option<EntryPoint>,
    resources: Option<ResourceView>,
}

impl Member {
    fn is_served(&self, kind: SourceKind) -> bool {
        self.sources
            .get(&kind)
            .is_some_and(|source| source.liveness.state().is_served())
    }

    /// The entry point to show now.
    fn entry_point(&self) -> Option<EntryPoint> {
        let told = || {
            self.topology
                .as_ref()
                .filter(|_| self.is_served(SourceKind::Topology))
        };
        self.declared_entry_point
            .clone()
            .or_else(|| told()?.entry_point.clone())
    }

    /// The resource view to show now.
    fn resource_view(&self) -> Option<&ResourceView> {
        if self.sources.contains_key(&SourceKind::Resources) {
            self.resources
                .as_ref()
                .filter(|_| self.is_served(SourceKind::Resources))
        } else {
            self.topology
                .as_ref()
                .filter(|_| self.is_served(SourceKind::Topology))?
                .resources
                .as_ref()
        }
    }
}

/// IdR, IdT and the sources that feed them.
#[derive(Debug)]
pub struct Ingest {
    timers: Timers,
    members: BTreeMap<DomainId, Member>,
    idr: idr::Idr,
    ted: idt::Ted,
}

impl Ingest {
    /// Nothing heard yet, from the domains of the settings.
    #[must_use]
    pub fn new(domains: &[DomainEntry], timers: Timers) -> Self {
        let members = domains.iter().map(|entry| {
            let kinds = [
                (SourceKind::Resources, entry.resources.is_some()),
                (SourceKind::Topology, entry.topology.is_some()),
            ];
            let sources = kinds
                .into_iter()
                .filter(|(_, is_configured)| *is_configured)
                .map(|(kind, _)| {
                    let source = Source {
                        liveness: Liveness::default(),
                        last_heard: None,
                        last_error: None,
                        failures: 0,
                    };
                    (kind, source)
                });
            let member = Member {
                declared_entry_point: entry.entry_point.clone(),
                sources: sources.collect(),
                resources: None,
                topology: None,
            };
            (entry.id.clone(), member)
        });
        Self {
            timers,
            members: members.collect(),
            idr: idr::Idr::new(),
            ted: idt::Ted::new(),
        }
    }

    /// The IdR as it is.
    #[must_use]
    pub fn idr(&self) -> std::sync::Arc<idr::Snapshot> {
        self.idr.snapshot()
    }

    /// The IdT as it is.
    #[must_use]
    pub fn idt(&self) -> std::sync::Arc<idt::Snapshot> {
        self.ted.snapshot()
    }

    /// How every source is doing.
    pub fn statuses(&self) -> impl Iterator<Item = (SourceKey, SourceStatus)> {
        self.members.iter().flat_map(|(domain, member)| {
            member.sources.iter().map(|(kind, source)| {
                let status = SourceStatus {
                    state: source.liveness.state(),
                    last_heard: source.last_heard,
                    last_error: source.last_error.clone(),
                    failures: source.failures,
                };
                (
                    SourceKey {
                        domain: domain.clone(),
                        kind: *kind,
                    },
                    status,
                )
            })
        })
    }

    /// How one source is doing; `None` if it is not configured.
    #[must_use]
    pub fn status(&self, key: &SourceKey) -> Option<SourceStatus> {
        let source = self.members.get(&key.domain)?.sources.get(&key.kind)?;
        Some(SourceStatus {
            state: source.liveness.state(),
            last_heard: source.last_heard,
            last_error: source.last_error.clone(),
            failures: source.failures,
        })
    }

    /// A source said something, or did not. An input from a source that is not configured is nothing.
    pub fn on(&mut self, now: Now, input: Input) -> Outcome {
        let Input { source: key, news } = input;
        let mut outcome = Outcome::default();
        let Some(member) = self.members.get_mut(&key.domain) else {
            return outcome;
        };
        let accepted = match news {
            News::Unchanged => Ok(()),
            News::Failed(why) => Err(why),
            News::Resources(view) => accept_resources(&key.domain, member, view)
                .inspect_err(|why| outcome.refused = Some(why.clone())),
            News::Topology(view) => accept_topology(&key.domain, member, &view)
                .inspect_err(|why| outcome.refused = Some(why.clone())),
        };
        let Some(source) = member.sources.get_mut(&key.kind) else {
            return outcome;
        };
        match accepted {
            Ok(()) => {
                source.failures = 0;
                source.last_error = None;
                source.last_heard = Some(now.timestamp);
                if let Some(from) = source.liveness.heard(now.instant) {
                    let to = source.liveness.state();
                    outcome.transitions.push(Transition {
                        source: key.clone(),
                        from,
                        to,
                    });
                }
                outcome.changed = self.apply(&key.domain);
            }
            Err(why) => {
                source.failures += 1;
                source.last_error = Some(why);
            }
        }
        outcome
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        let mut gone = Vec::new();
        for (domain, member) in &mut self.members {
            for (kind, source) in &mut member.sources {
                if let Some(from) = source.liveness.elapsed(now, self.timers) {
                    let to = source.liveness.state();
                    let source = SourceKey {
                        domain: domain.clone(),
                        kind: *kind,
                    };
                    outcome.transitions.push(Transition { source, from, to });
                    if !to.is_served() {
                        gone.push(domain.clone());
                    }
                }
            }
        }
        for domain in gone {
            outcome.changed |= self.apply(&domain);
        }
        outcome
    }

    /// When [`Ingest::tick`] would next change something.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let sources = self
            .members
            .values()
            .flat_map(|member| member.sources.values());
        sources
            .filter_map(|source| source.liveness.next_deadline(self.timers))
            .min()
    }

    /// Brings IdR and IdT in line with what the member's sources say now. The databases themselves
    /// find out whether that is any change.
    fn apply(&mut self, domain: &DomainId) -> bool {
        let Some(member) = self.members.get(domain) else {
            return false;
        };
        let is_member = member
            .sources
            .values()
            .any(|source| source.liveness.state().is_served());
        let idr_update = if is_member {
            let entry_point = member.entry_point();
            let made = member.resource_view().map(|view| {
                // The view was accepted when it came, so this is the same domain again.
                idr::Domain::from_view(domain.clone(), entry_point.clone(), view.clone())
            });
            match made {
                Some(Ok(domain)) => vec![idr::Update::Put(domain)],
                _ => vec![
                    idr::Update::Remove(domain.clone()),
                    idr::Update::EntryPoint {
                        domain: domain.clone(),
                        entry_point,
                    },
                ],
            }
        } else {
            vec![idr::Update::Remove(domain.clone())]
        };
        let topology = member
            .topology
            .as_ref()
            .filter(|_| member.is_served(SourceKind::Topology));
        let mut idt_updates = match topology {
            Some(told) => vec![idt::Update::Topology(told.topology.clone())],
            None if is_member => {
                vec![
                    idt::Update::Join(domain.clone()),
                    idt::Update::Silent(domain.clone()),
                ]
            }
            None => vec![idt::Update::Leave(domain.clone())],
        };
        let idr_changed = self.idr.apply(idr_update);
        if idr_changed {
            idt_updates.push(idt::Update::Borders(border_links(&self.idr.snapshot())));
        }
        let idt_changed = self.ted.apply(idt_updates);
        idr_changed || idt_changed
    }
}

/// Every pair of domains that tag one SAP is a border link; the TED uses it where no topology speaks.
fn border_links(idr: &idr::Snapshot) -> Vec<BorderLink> {
    let mut links = Vec::new();
    for border in idr.borders() {
        links.extend(border.pairs().map(|pair| BorderLink {
            a: pair.a.clone(),
            b: pair.b.clone(),
            delay: pair.delay,
            bandwidth: pair.bandwidth,
        }));
    }
    links
}

fn accept_resources(
    domain: &DomainId,
    member: &mut Member,
    view: ResourceView,
) -> Result<(), String> {
    idr::Domain::from_view(domain.clone(), None, view.clone())
        .map_err(|error| error.to_string())?;
    member.resources = Some(view);
    Ok(())
}

fn accept_topology(
    domain: &DomainId,
    member: &mut Member,
    view: &TopologyView,
) -> Result<(), String> {
    let topology = DomainTopology::from_view(domain, view).map_err(|error| error.to_string())?;
    let own = view.nodes.iter().find(|node| node.domain == *domain);
    let entry_point = match own.and_then(|node| node.entry_point.as_deref()) {
        None => None,
        Some(text) => Some(
            text.parse::<EntryPoint>()
                .map_err(|e| format!("unify-slor: {e}"))?,
        ),
    };
    let resources = match own.filter(|node| !node.resources.is_empty()) {
        None => None,
        Some(node) => Some(view_of_resources(domain, node.resources)?),
    };
    member.topology = Some(Told {
        topology,
        entry_point,
        resources,
    });
    Ok(())
}

/// A domain whose topology export is all that we have is one node with the resources told there.
fn view_of_resources(
    domain: &DomainId,
    resources: nffg::Resources,
) -> Result<ResourceView, String> {
    let node = BisBis {
        id: domain
            .as_str()
            .parse()
            .map_err(|e: nffg::IdError| e.to_string())?,
        name: None,
        node_type: None,
        resources,
        supported: Vec::new(),
        running: Vec::new(),
        ports: Vec::new(),
        links: Vec::new(),
    };
    Ok(ResourceView {
        nodes: vec![node],
        ..ResourceView::default()
    })
}

#[cfg(test)]
mod tests;
