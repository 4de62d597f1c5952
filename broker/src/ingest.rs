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
//! * Each source ages by itself; what a member pushes ages together. A domain is a member, in the maps,
//!   while any of its sources is served.
//! * Of several sources that tell the same part of a domain one counts, whole: the first that is served,
//!   by channel ([`Channel`], or the domain's `precedence`) and then by name.
//! * A topology from a source that knows no links counts after all that do.
//! * A domain's topology over BGP-LS is what its peers tell together ([`idt::bgpls::convert`] has the rule
//!   for a link that several tell), peers in order of address.
//! * A domain without a source of resources has the sums that its topology tells, else those that
//!   netphony tells over BGP-LS.
//! * A domain's entry point is the one of the settings, else that of the first source that tells one (a
//!   registration is one), else what netphony tells over BGP-LS.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use idr::EntryPoint;
use idt::BorderLink;
use nffg::DomainId;
use tokio::time::Instant;

use crate::bgp::LsUpdate;
use crate::clock::Now;
use crate::events::Changes;
use crate::liveness::{State, Timers};
use crate::settings::{BgpPeer, DomainEntry, MemberLimits};
use asns::Asns;
use deadlines::Deadlines;
use member::{Heard, Member};
use propagator::Propagators;

mod asns;
mod deadlines;
mod document;
mod member;
mod pace;
mod propagator;
mod push;
mod source;
mod task;

pub use document::{Counts, Document, DocumentStatus, ENTRY_POINT, Understood, Version};
pub use push::{Accepted, Command, Precondition, PushError, Pushed, Registration, Request};
pub use source::{Channel, Failure, Slot, SourceKey, SourceKind, SourceStatus};
pub use task::{Commands, Inbox, Stopped, run};

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
    /// A document.
    Document(Box<Document>),
    /// The source is no more, and nor is what it said.
    Withdrawn,
    /// The same as before, byte for byte.
    Unchanged,
    /// No good answer, and why.
    Failed(Failure),
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

impl News {
    /// Whether it has routes that are there from now on.
    fn announces(&self) -> bool {
        matches!(self, Self::Routes(update) if !update.announced.is_empty())
    }
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
    pub refused: Option<Failure>,
    /// Of BGP-LS routes, how many were left out because they cannot be read.
    pub skipped_routes: usize,
    /// Domains of which nothing is known any more.
    pub forgotten: Vec<DomainId>,
}

/// The rules of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When a source is stale, and when it is gone.
    pub timers: Timers,
    /// How long after a BGP-LS session came up what the peer told before may stay without being told
    /// again: not every peer says when it has told all (End-of-RIB).
    pub settle: Duration,
    /// How long a domain that the settings do not name, and of which nothing is served, is remembered.
    pub forget: Duration,
}

impl Times {
    /// The times of a member that says itself for how long its word is good: then it is stale, and
    /// gone after as long as others have from stale to gone.
    #[must_use]
    pub fn of_lifetime(&self, lifetime: Duration) -> Timers {
        let grace = self.timers.expire.saturating_sub(self.timers.hold);
        Timers {
            hold: lifetime,
            expire: lifetime.saturating_add(grace),
        }
    }
}

/// The rules that all members are under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Of time.
    pub times: Times,
    /// What one member may have.
    pub limits: MemberLimits,
    /// How many members there may be.
    pub members: usize,
}

/// How a domain and its sources are doing.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainStatus {
    /// The settings name it.
    pub is_configured: bool,
    /// Its AS number, where known.
    pub asn: Option<u32>,
    /// Its sources, in order.
    pub sources: Vec<SourceStatus>,
    /// What nobody tells of it: `resources`, `topology`, `entry-point`.
    pub missing: Vec<&'static str>,
    /// What it says of itself, if it registered.
    pub registration: Option<RegistrationStatus>,
}

/// What a member says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistrationStatus {
    /// The version of what it sent.
    pub version: Version,
    /// Where its orchestrator is reached.
    pub entry_point: Option<EntryPoint>,
    /// Its AS number.
    pub asn: Option<u32>,
    /// For how long its word is good without further word.
    pub lifetime: Duration,
    /// Who registered it.
    pub by: String,
}

/// IdR and IdT and the sources that feed them.
#[derive(Debug)]
pub struct Ingest {
    rules: Rules,
    members: BTreeMap<DomainId, Member>,
    /// Members that the settings give BGP-LS peers of their own: their links may lead elsewhere when an
    /// AS changes hands.
    with_peers: BTreeSet<DomainId>,
    propagators: Propagators,
    asns: Asns,
    deadlines: Deadlines,
    /// Members that said something since the last tick.
    heard: BTreeSet<DomainId>,
    /// Members whose sources said something since the last commit.
    touched: BTreeSet<DomainId>,
    idr: idr::Idr,
    ted: idt::Ted,
    /// What the settings say of domains' policies, until the IdT is told.
    policies: Vec<idt::Update>,
    /// What else the IdR is to be told with the next commit: what reservations hold.
    held: Vec<idr::Update>,
}

impl Ingest {
    /// Nothing heard yet, from the domains of the settings.
    #[must_use]
    pub fn new(domains: &[DomainEntry], rules: Rules) -> Self {
        let member = |entry: &DomainEntry| Member::configured(entry, rules.times.timers);
        let policy = |entry: &DomainEntry| {
            let policy = entry.policy()?;
            Some(idt::Update::Policy(entry.id.clone(), Some(policy)))
        };
        let has_peers = |entry: &&DomainEntry| !entry.bgp_ls.is_empty();
        let mut ingest = Self {
            rules,
            members: domains.iter().map(|e| (e.id.clone(), member(e))).collect(),
            with_peers: domains
                .iter()
                .filter(has_peers)
                .map(|e| e.id.clone())
                .collect(),
            propagators: Propagators::default(),
            asns: Asns::default(),
            deadlines: Deadlines::default(),
            heard: domains.iter().map(|entry| entry.id.clone()).collect(),
            touched: BTreeSet::new(),
            idr: idr::Idr::new(),
            ted: idt::Ted::new(),
            policies: domains.iter().filter_map(policy).collect(),
            held: Vec::new(),
        };
        for entry in domains {
            ingest.know_asn(&entry.id);
        }
        ingest
    }

    /// With these BGP-LS peers, which speak for whichever domains they tell of.
    #[must_use]
    pub fn with_propagators(mut self, peers: &[BgpPeer]) -> Self {
        self.propagators = Propagators::new(peers);
        self
    }

    /// The IdR as of the last commit.
    #[must_use]
    pub fn idr(&self) -> Arc<idr::Snapshot> {
        self.idr.snapshot()
    }

    /// The IdT as of the last commit.
    #[must_use]
    pub fn idt(&self) -> Arc<idt::Snapshot> {
        self.ted.snapshot()
    }

    /// The domains that are configured or registered, or have a file, in order.
    pub fn domains(&self) -> impl Iterator<Item = &DomainId> {
        self.members.keys()
    }

    /// How a domain is doing; `None` if it is not known.
    #[must_use]
    pub fn status(&self, domain: &DomainId) -> Option<DomainStatus> {
        Some(self.members.get(domain)?.status(domain))
    }

    /// The state of one source; `None` if it is not known.
    #[must_use]
    pub fn state(&self, source: &SourceKey) -> Option<State> {
        self.members.get(&source.domain)?.state(&source.kind)
    }

    /// How often in a row a source gave no good answer; `None` if it is not known.
    #[must_use]
    pub fn failures(&self, source: &SourceKey) -> Option<u64> {
        self.members.get(&source.domain)?.failures(&source.kind)
    }

    /// The sources that are what a domain pushed, and their states.
    pub fn pushes(&self, domain: &DomainId) -> impl Iterator<Item = (SourceKind, State)> {
        self.members
            .get(domain)
            .into_iter()
            .flat_map(Member::pushes)
    }

    /// The documents that a domain pushed, as they were sent.
    pub fn pushed(&self, domain: &DomainId) -> impl Iterator<Item = (Slot, &Arc<Pushed>)> {
        self.members
            .get(domain)
            .into_iter()
            .flat_map(Member::pushed)
    }

    /// A source said something, or did not. An input from a source that nobody knows is nothing, but a
    /// file makes its domain known, and so does a route of a propagator.
    pub fn on(&mut self, now: Now, input: Input) -> Outcome {
        let Input { mut source, news } = input;
        let propagator = self.propagators.of(&source.kind);
        if propagator.is_some()
            && let Some(owner) = source.domain.asn().and_then(|asn| self.asns.owner(asn))
        {
            source.domain = owner.clone();
        }
        let is_new = !self.members.contains_key(&source.domain);
        if is_new {
            let tells = match source.kind {
                SourceKind::File(_) => news != News::Withdrawn,
                _ => propagator.is_some() && news.announces(),
            };
            if !tells {
                return Outcome::default();
            }
            if self.members.len() >= self.rules.members {
                let limit = self.rules.members;
                let why = PushError::TooManyMembers { limit }.to_string();
                return Outcome {
                    refused: Some(why.into()),
                    ..Outcome::default()
                };
            }
        }
        let member = self
            .members
            .entry(source.domain.clone())
            .or_insert_with(Member::unknown);
        let heard = match propagator {
            Some(propagator) => propagator.pass_on(member, now, &source, news, &self.rules),
            None => member.on(now, &source.domain, &source.kind, news, &self.rules),
        };
        if is_new {
            self.know_asn(&source.domain);
        }
        self.outcome(&source.domain, heard)
    }

    /// A member wants something.
    ///
    /// # Errors
    /// It cannot be, and nothing has changed.
    pub fn command(
        &mut self,
        now: Now,
        request: Request,
    ) -> Result<(Accepted, Outcome), PushError> {
        let Request {
            domain,
            command,
            precondition,
        } = request;
        let mut asns_change = matches!(command, Command::Leave);
        if let Command::Register(registration) = &command {
            let asn = registration.asn.or_else(|| domain.asn());
            if let Some((asn, owner)) = asn.and_then(|asn| Some((asn, self.asns.owner(asn)?)))
                && *owner != domain
            {
                let domain = owner.clone();
                return Err(PushError::AsnTaken { asn, domain });
            }
            asns_change = true;
        }
        let rules = &self.rules;
        let (accepted, heard) = match self.members.get_mut(&domain) {
            Some(member) => member.command(now, &domain, command, &precondition, rules)?,
            None => {
                if !matches!(command, Command::Register(_)) {
                    return Err(PushError::NotRegistered(domain));
                }
                if self.members.len() >= rules.members {
                    let limit = rules.members;
                    return Err(PushError::TooManyMembers { limit });
                }
                let mut member = Member::unknown();
                let done = member.command(now, &domain, command, &precondition, rules)?;
                self.members.insert(domain.clone(), member);
                done
            }
        };
        if asns_change {
            self.know_asn(&domain);
        }
        let outcome = self.outcome(&domain, heard);
        Ok((accepted, outcome))
    }

    fn outcome(&mut self, domain: &DomainId, heard: Heard) -> Outcome {
        self.heard.insert(domain.clone());
        if heard.touched {
            self.touched.insert(domain.clone());
        }
        let transitions = heard.transitions.into_iter();
        Outcome {
            transitions: transitions
                .map(|(kind, from, to)| Transition {
                    source: SourceKey {
                        domain: domain.clone(),
                        kind,
                    },
                    from,
                    to,
                })
                .collect(),
            refused: heard.refused,
            skipped_routes: heard.skipped_routes,
            forgotten: Vec::new(),
        }
    }

    /// Time has passed. Looks at the members that said something since the last time and at those whose
    /// time has come.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        let mut due = std::mem::take(&mut self.heard);
        due.extend(self.deadlines.take_due(now));
        let forget = self.rules.times.forget;
        for domain in due {
            let Some(member) = self.members.get_mut(&domain) else {
                continue;
            };
            let heard = member.tick(now);
            if heard.touched {
                self.touched.insert(domain.clone());
            }
            let source = |kind| SourceKey {
                domain: domain.clone(),
                kind,
            };
            let moved = heard.transitions.into_iter();
            outcome
                .transitions
                .extend(moved.map(|(kind, from, to)| Transition {
                    source: source(kind),
                    from,
                    to,
                }));
            if member.is_over(now, forget) {
                self.members.remove(&domain);
                self.deadlines.set(&domain, None);
                self.know_asn(&domain);
                self.touched.insert(domain.clone());
                outcome.forgotten.push(domain);
            } else {
                self.deadlines.set(&domain, member.next_deadline(forget));
            }
        }
        outcome
    }

    /// When [`Ingest::tick`] would next change something.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let forget = self.rules.times.forget;
        let heard = self.heard.iter();
        let heard = heard.filter_map(|domain| self.members.get(domain)?.next_deadline(forget));
        heard.chain(self.deadlines.first()).min()
    }

    /// Notes whose this domain's AS is. Where that changed, links to it may lead elsewhere.
    fn know_asn(&mut self, domain: &DomainId) {
        let member = self.members.get(domain);
        let moved = self
            .asns
            .set(domain, member.and_then(|member| member.asn(domain)));
        if moved.alias {
            self.touched.extend(self.members.keys().cloned());
        } else if moved.owner {
            self.touched.extend(self.with_peers.iter().cloned());
        }
    }

    /// Whether [`Ingest::commit`] has anything to do.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        !self.touched.is_empty() || !self.held.is_empty()
    }

    /// Reservations hold so much of domains from now on ([`idr::Update::Held`]).
    pub fn hold(&mut self, updates: Vec<idr::Update>) {
        self.held.extend(updates);
    }

    /// Brings IdR and IdT in line with what the sources say now. Returns what is other than before;
    /// `None` if nothing is: the databases themselves find that out.
    pub fn commit(&mut self) -> Option<Changes> {
        let before = (self.idr.snapshot(), self.ted.snapshot());
        let mut idr_updates = Vec::new();
        let mut idt_updates = std::mem::take(&mut self.policies);
        let neighbours = |asn: u32| self.asns.owner(asn).cloned();
        for domain in std::mem::take(&mut self.touched) {
            if let Some(member) = self.members.get(&domain) {
                idr_updates.extend(member.idr_updates(&domain));
                idt_updates.extend(member.idt_updates(&domain, &neighbours));
            } else {
                idr_updates.push(idr::Update::Remove(domain.clone()));
                idt_updates.push(idt::Update::Leave(domain));
            }
        }
        idr_updates.append(&mut self.held);
        let idr_changed = self.idr.apply(idr_updates);
        if idr_changed {
            idt_updates.push(idt::Update::Borders(border_links(&self.idr.snapshot())));
        }
        let idt_changed = self.ted.apply(idt_updates);
        (idr_changed || idt_changed).then(|| Changes {
            resources: if idr_changed {
                idr::changes(&before.0, &self.idr.snapshot())
            } else {
                Vec::new()
            },
            topology: if idt_changed {
                idt::changes(&before.1, &self.ted.snapshot())
            } else {
                Vec::new()
            },
        })
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
