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
use crate::settings::{DomainEntry, MemberLimits};
use member::{Heard, Member};

mod document;
mod member;
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
    /// Whose an AS is. One that is no member's is nobody's: routers are known to tell a private AS of
    /// their own.
    by_asn: BTreeMap<u32, DomainId>,
    /// Members whose sources said something since the last commit.
    touched: BTreeSet<DomainId>,
    idr: idr::Idr,
    ted: idt::Ted,
}

impl Ingest {
    /// Nothing heard yet, from the domains of the settings.
    #[must_use]
    pub fn new(domains: &[DomainEntry], rules: Rules) -> Self {
        let member = |entry: &DomainEntry| Member::configured(entry, rules.times.timers);
        let mut ingest = Self {
            rules,
            members: domains.iter().map(|e| (e.id.clone(), member(e))).collect(),
            by_asn: BTreeMap::new(),
            touched: BTreeSet::new(),
            idr: idr::Idr::new(),
            ted: idt::Ted::new(),
        };
        ingest.know_asns();
        ingest
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
    /// file makes its domain known.
    pub fn on(&mut self, now: Now, input: Input) -> Outcome {
        let Input { source, news } = input;
        let is_new = !self.members.contains_key(&source.domain);
        if is_new {
            let tells = matches!(source.kind, SourceKind::File(_)) && news != News::Withdrawn;
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
        let heard = member.on(now, &source.domain, &source.kind, news, &self.rules);
        if is_new {
            self.know_asns();
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
            if let Some((asn, owner)) = asn.and_then(|asn| Some((asn, self.by_asn.get(&asn)?)))
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
            self.know_asns();
        }
        let outcome = self.outcome(&domain, heard);
        Ok((accepted, outcome))
    }

    fn outcome(&mut self, domain: &DomainId, heard: Heard) -> Outcome {
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

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        let heard: Vec<(DomainId, Heard)> = self
            .members
            .iter_mut()
            .map(|(domain, member)| (domain, member.tick(now)))
            .filter(|(_, heard)| heard.touched || !heard.transitions.is_empty())
            .map(|(domain, heard)| (domain.clone(), heard))
            .collect();
        for (domain, heard) in heard {
            let told = self.outcome(&domain, heard);
            outcome.transitions.extend(told.transitions);
        }
        let over = |member: &Member| member.is_over(now, self.rules.times.forget);
        if self.members.values().any(over) {
            let gone: Vec<DomainId> = self
                .members
                .iter()
                .filter(|(_, member)| over(member))
                .map(|(domain, _)| domain.clone())
                .collect();
            for domain in gone {
                self.members.remove(&domain);
                self.touched.insert(domain.clone());
                outcome.forgotten.push(domain);
            }
            self.know_asns();
        }
        outcome
    }

    /// When [`Ingest::tick`] would next change something.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let forget = self.rules.times.forget;
        self.members
            .values()
            .filter_map(|member| member.next_deadline(forget))
            .min()
    }

    /// Notes whose each AS is. Where that changed, links to it may lead elsewhere.
    fn know_asns(&mut self) {
        let mut by_asn = BTreeMap::new();
        for (domain, member) in &self.members {
            if let Some(asn) = member.asn(domain) {
                by_asn.entry(asn).or_insert_with(|| domain.clone());
            }
        }
        if by_asn == self.by_asn {
            return;
        }
        // Documents name a domain without an AS number in its id by that number, too.
        let is_alias = |(asn, owner): (&u32, &DomainId)| owner.asn() != Some(*asn);
        let aliases = |map: &BTreeMap<u32, DomainId>| -> Vec<(u32, DomainId)> {
            let named = map.iter().filter(|entry| is_alias(*entry));
            named.map(|(asn, owner)| (*asn, owner.clone())).collect()
        };
        let everybody = aliases(&by_asn) != aliases(&self.by_asn);
        self.by_asn = by_asn;
        let concerned = self.members.iter();
        let concerned = concerned.filter(|(_, member)| everybody || member.has_peers());
        self.touched
            .extend(concerned.map(|(domain, _)| domain.clone()));
    }

    /// Whether [`Ingest::commit`] has anything to do.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// Brings IdR and IdT in line with what the sources say now. Returns what is other than before;
    /// `None` if nothing is: the databases themselves find that out.
    pub fn commit(&mut self) -> Option<Changes> {
        let before = (self.idr.snapshot(), self.ted.snapshot());
        let mut idr_updates = Vec::new();
        let mut idt_updates = Vec::new();
        let neighbours = |asn: u32| self.by_asn.get(&asn).cloned();
        for domain in std::mem::take(&mut self.touched) {
            if let Some(member) = self.members.get(&domain) {
                idr_updates.extend(member.idr_updates(&domain));
                idt_updates.extend(member.idt_updates(&domain, &neighbours));
            } else {
                idr_updates.push(idr::Update::Remove(domain.clone()));
                idt_updates.push(idt::Update::Leave(domain));
            }
        }
        let idr_changed = self.idr.apply(idr_updates);
        if idr_changed {
            idt_updates.push(idt::Update::Borders(border_links(&self.idr.snapshot())));
        }
        let idt_changed = self.ted.apply(idt_updates);
        (idr_changed || idt_changed).then(|| Changes {
            resources: idr::changes(&before.0, &self.idr.snapshot()),
            topology: idt::changes(&before.1, &self.ted.snapshot()),
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
