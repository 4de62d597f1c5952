//! The choice of partners: the engine's chains over the federation as it is, judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use idt::DomainGraph;
use jiff::Timestamp;
use nffg::{Bandwidth, Delay, DomainId, NodeKind, Quantity, Resources};
use sof::order::{Action, ItemId, OrderId, OrderItem, ServiceOrder};
use sof::saga::{Deployment, Event, Means, Plan, Saga};
use sof::selection::{
    Chain, Cost, Crossing, Demand, DemandKind, DemandLink, DemandNode, DemandWalk, Filter, Host,
    Judgement, PartnerView, Removal, Rules, Selection, Way, Weights, judge, usable,
};
use sof::service::{ServiceId, ServiceState};

use super::Shared;
use crate::clock;
use crate::lso::records::{AGREEMENTS, PARTNERS};
use crate::placements::cancel::Waiting;
use crate::placements::problem::{Effort, Placed, Solved, bandwidths, edge_of, solve};
use crate::placements::request::{PlacementRequest, Policy};
use crate::placements::{PlaceError, Version, explain};
use crate::store::{KeyRange, Store, StoreError};

/// Why nothing is chosen and held yet after a start.
pub(super) const NOT_READY: &str = "the members have not told of themselves yet";

/// What a choice came to, and the record of it.
pub(super) type Choice = (Event, Option<Selection>);

/// All that a choice depends on.
struct Question {
    version: Version,
    request: PlacementRequest,
    saga: Saga,
    views: BTreeMap<DomainId, PartnerView>,
    selection: Selection,
    candidates: usize,
    work: u64,
}

/// A request as the choice sees it.
pub(super) fn demand(request: &PlacementRequest) -> Demand {
    let rules = &request.constraints;
    let nodes = request
        .sg
        .nodes()
        .iter()
        .zip(&rules.nodes)
        .map(|(node, rule)| DemandNode {
            id: node.id.clone(),
            kind: match &node.kind {
                NodeKind::Sap { sap } => DemandKind::Sap(sap.clone()),
                NodeKind::Nf { nf_type, .. } => DemandKind::Function {
                    nf_type: nf_type.clone(),
                    resources: larger(&rule.demands),
                },
            },
        });
    let bounds = rules.links.iter().zip(bandwidths(request));
    let links = request
        .sg
        .links()
        .iter()
        .zip(bounds)
        .map(|(link, (bounds, bandwidth))| DemandLink {
            id: link.id.to_string(),
            src: link.src,
            dst: link.dst,
            bandwidth_bps: bandwidth.map(Bandwidth::bits_per_second),
            max_delay_ns: bounds.max_delay.map(Delay::as_nanos),
        });
    let requirements = request.sg.requirements().iter().zip(&rules.requirements);
    let walks = requirements.filter_map(|(requirement, bounds)| {
        Some(DemandWalk {
            links: requirement.path.clone(),
            max_delay_ns: bounds.max_delay?.as_nanos(),
        })
    });
    Demand {
        nodes: nodes.collect(),
        links: links.collect(),
        walks: walks.collect(),
        availability: request.availability,
    }
}

/// Of each kind the larger: [`crate::lso::configuration`] has seen to it that both have one unit.
fn larger([a, b]: &[Resources; 2]) -> Resources {
    fn of(a: Option<Quantity>, b: Option<Quantity>) -> Option<Quantity> {
        match (a, b) {
            (Some(a), Some(b)) if a.value() < b.value() => Some(b),
            (a, b) => a.or(b),
        }
    }
    Resources {
        cpu: of(a.cpu, b.cpu),
        mem: of(a.mem, b.mem),
        storage: of(a.storage, b.storage),
    }
}

/// A placement as a chain.
fn chain(version: &Version, demand: &Demand, placed: &Placed) -> Chain {
    let graph = version.maps.idt().graph();
    let hosts = demand
        .nodes
        .iter()
        .zip(&placed.hosts)
        .map(|(node, domain)| Host {
            node: node.id.clone(),
            domain: domain.clone(),
        });
    let ways = demand
        .links
        .iter()
        .zip(&placed.paths)
        .map(|(link, path)| Way {
            link: link.id.clone(),
            domains: path.domains.clone(),
            crossings: path
                .borders
                .iter()
                .map(|key| Crossing {
                    from: key.src.clone(),
                    from_router: key.src_router.clone(),
                    to: key.dst.clone(),
                    to_router: key.dst_router.clone(),
                    nth: key.nth,
                    delay_ns: edge_of(graph, key)
                        .map_or(0, |edge| version.cost_of(Policy::Ignore, edge).delay),
                })
                .collect(),
            bandwidth_bps: link.bandwidth_bps,
            delay_ns: path.cost.delay,
        });
    Chain {
        hosts: hosts.collect(),
        ways: ways.collect(),
        cost: Cost {
            hops: placed.cost.hops,
            delay_ns: placed.cost.delay,
            price: placed.cost.price,
        },
    }
}

/// Whether a chain keeps the constraints that have nothing to do with capacity and delay.
fn keeps(request: &PlacementRequest, chain: &Chain) -> bool {
    let rules = &request.constraints;
    let together = |group: &Vec<usize>| {
        let domains = group.iter().filter_map(|node| chain.hosts.get(*node));
        domains
            .map(|host| &host.domain)
            .collect::<BTreeSet<_>>()
            .len()
    };
    let hosts = chain.hosts.iter().zip(&rules.nodes);
    let ways = chain.ways.iter().zip(&rules.links);
    chain
        .domains()
        .iter()
        .all(|domain| !rules.forbid_domains.contains(*domain))
        && hosts
            .into_iter()
            .all(|(host, rule)| rule.admits(&host.domain))
        && ways.into_iter().all(|(way, bounds)| {
            let hops = u32::try_from(way.crossings.len()).unwrap_or(u32::MAX);
            bounds.max_hops.is_none_or(|most| hops <= most)
        })
        && rules.affinity.iter().all(|group| together(group) == 1)
        && rules
            .anti_affinity
            .iter()
            .all(|group| together(group) == group.len())
}

impl Shared {
    /// Chooses a chain for a saga.
    pub(super) async fn choose(
        &self,
        saga: &Saga,
        order: &ServiceOrder,
        request: &PlacementRequest,
    ) -> Choice {
        if !self.tools.published.is_ready() {
            return (Event::TryAgain(NOT_READY.to_owned()), None);
        }
        // Without what was before, an agreement's number of services could be passed.
        let mut learned = self.learned.clone();
        if learned.wait_for(|learned| *learned).await.is_err() {
            return (Event::TryAgain("the broker is stopping".to_owned()), None);
        }
        let views = match self.views(saga).await {
            Ok(views) => views,
            Err(error) => return (Event::TryAgain(error.to_string()), None),
        };
        let Ok(_room) = self.searches.acquire().await else {
            return (Event::TryAgain("the broker is stopping".to_owned()), None);
        };
        let service_type = order.item(&saga.item).and_then(OrderItem::service_type);
        let rules = self.settings.rules(service_type);
        let question = Question {
            version: self.tools.published.version(),
            request: request.clone(),
            saga: saga.clone(),
            views,
            selection: Selection {
                id: Selection::name(&saga.service, saga.next_try()),
                time: clock::now().timestamp,
                order: saga.order.clone(),
                item: saga.item.clone(),
                service: saga.service.clone(),
                service_type: service_type.map(str::to_owned),
                weights: self.settings.weights(service_type),
                rules: rules.clone(),
                availability: request.availability,
                closed: Vec::new(),
                closed_in_all: 0,
                removed_by: BTreeMap::new(),
                candidates: Vec::new(),
                chosen: None,
                waits_for: BTreeSet::new(),
                cut: false,
                explanation: None,
            },
            candidates: rules.candidates.unwrap_or(self.settings.candidates),
            work: self.settings.search_work,
        };
        // Who does not wait any more has the search end.
        let waiting = Waiting::default();
        let flag = waiting.flag();
        let answer = tokio::task::spawn_blocking(move || question.answer(&flag)).await;
        let (event, selection) =
            answer.unwrap_or_else(|_| (Event::TryAgain("the search panicked".to_owned()), None));
        let word = match &event {
            Event::Chosen(_) | Event::Designed { .. } => "chosen",
            Event::NoAgreement(_) => "no-agreement",
            Event::NoPartner(_) => "no-partner",
            Event::NothingFits { .. } => "nothing-fits",
            _ => "again",
        };
        self.tools.metrics.work_step("choose", word);
        (event, selection)
    }

    /// What is known of every partner, for a saga.
    pub(super) async fn views(
        &self,
        saga: &Saga,
    ) -> Result<BTreeMap<DomainId, PartnerView>, StoreError> {
        let mut views = partners(self.tools.lso.store.as_ref()).await?;
        let now = clock::now().timestamp;
        for (domain, view) in &mut views {
            let done = self.stats().of(domain, now);
            let deployed = &saga.before.deployed;
            let own = deployed.iter().any(|known| known.domain == *domain);
            view.circuit_open = self.tools.circuits.is_open(domain);
            (view.succeeded, view.failed) = (done.succeeded, done.failed);
            // Its own segment is not one more.
            view.services = done.services.saturating_sub(u32::from(own));
            view.avoided = saga.avoided.get(domain).cloned();
        }
        Ok(views)
    }
}

/// The partners and the agreements with them.
async fn partners(store: &dyn Store) -> Result<BTreeMap<DomainId, PartnerView>, StoreError> {
    let snapshot = store.snapshot().await?;
    let mut views: BTreeMap<DomainId, PartnerView> = BTreeMap::new();
    let mut range = Some(KeyRange::all());
    while let Some(part) = range {
        let page = PARTNERS.scan(snapshot.as_ref(), &part, 1_000).await?;
        for (_, partner) in page.records {
            let view = PartnerView {
                partner: Some(partner.value.clone()),
                ..PartnerView::default()
            };
            views.insert(partner.value.domain, view);
        }
        range = page.next;
    }
    let mut range = Some(KeyRange::all());
    while let Some(part) = range {
        let page = AGREEMENTS.scan(snapshot.as_ref(), &part, 1_000).await?;
        for (_, agreement) in page.records {
            if let Some(view) = views.get_mut(&agreement.value.partner) {
                view.agreements.push(agreement.value);
            }
        }
        range = page.next;
    }
    Ok(views)
}

/// A choice that nothing follows from: which chains of partners could do something, as partners and agreements are.
pub struct DryRun(Box<Question>);

impl DryRun {
    /// Looks up partners and agreements. Of the chains, `request.k` are told.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn prepare(
        store: &dyn Store,
        version: Version,
        request: PlacementRequest,
        (weights, rules): (Weights, Rules),
        work: u64,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (order, item, service) = (
            OrderId(String::new()),
            ItemId(String::new()),
            ServiceId(String::new()),
        );
        let wanted = (Action::Add, ServiceState::FeasibilityChecked);
        let nothing = Deployment::default();
        let who = (order.clone(), item.clone());
        let availability = request.availability;
        let question = Question {
            views: partners(store).await?,
            candidates: request.k,
            version,
            request,
            saga: Saga::new(who, service.clone(), wanted, Means::Partners, nothing, now),
            selection: Selection {
                id: String::new(),
                time: now,
                order,
                item,
                service,
                service_type: None,
                weights,
                rules,
                availability,
                closed: Vec::new(),
                closed_in_all: 0,
                removed_by: BTreeMap::new(),
                candidates: Vec::new(),
                chosen: None,
                waits_for: BTreeSet::new(),
                cut: false,
                explanation: None,
            },
            work,
        };
        Ok(Self(Box::new(question)))
    }

    /// The chains; and if none can be taken, what is missing. It may take its time.
    ///
    /// # Errors
    /// See [`PlaceError`].
    pub fn run(
        mut self,
        cancelled: &Arc<AtomicBool>,
    ) -> Result<(Selection, Option<String>), PlaceError> {
        let missing = match self.0.look(cancelled)? {
            Event::NoAgreement(why) | Event::NoPartner(why) => Some(why),
            Event::NothingFits { reason, .. } => Some(reason),
            _ => None,
        };
        Ok((self.0.selection, missing))
    }
}

impl Question {
    fn answer(mut self, cancelled: &Arc<AtomicBool>) -> Choice {
        let found = self.look(cancelled);
        match found {
            Ok(event) => (event, Some(self.selection)),
            Err(PlaceError::Cancelled) => {
                (Event::TryAgain("the broker is stopping".to_owned()), None)
            }
            Err(PlaceError::Host(error)) => {
                let event = self.nothing_fits(error.to_string());
                (event, Some(self.selection))
            }
        }
    }

    fn look(&mut self, cancelled: &Arc<AtomicBool>) -> Result<Event, PlaceError> {
        let demand = demand(&self.request);
        if let Some(event) = self.stay(&demand) {
            return Ok(event);
        }
        let closed = self.closed(self.version.maps.idt().graph());
        self.selection.closed_in_all = closed.len();
        self.selection.closed = closed.iter().take(Selection::CLOSED).cloned().collect();
        let solved = self.solve(&closed, |_| true, self.candidates, cancelled)?;
        self.selection.cut = solved.cut;
        let prefix = self.selection.id.clone();
        let chains = self.chains(&demand, &solved);
        self.selection.candidates = self.judged(&prefix, &demand, chains);
        self.selection.count_removed(&closed);
        if let Some(event) = self.take(prefix, false) {
            return Ok(event);
        }
        // What speaks against each chain that was found; then what would have to change for there to be one.
        let candidates = &self.selection.candidates;
        let mut why: Vec<Vec<Removal>> = candidates.iter().map(|one| one.removed.clone()).collect();
        for open in [Filter::is_commercial, Filter::is_passing] as [fn(Filter) -> bool; 2] {
            let solved = self.solve(&closed, |filter| !open(filter), 1, cancelled)?;
            let chains = self.chains(&demand, &solved);
            let judged = self.judged(&self.selection.id, &demand, chains);
            why.extend(judged.into_iter().map(|one| one.removed));
        }
        let solved = self.solve(
            &closed,
            |filter| !filter.is_commercial() && !filter.is_passing(),
            1,
            cancelled,
        )?;
        let chains = self.chains(&demand, &solved);
        let judged = self.judged(&self.selection.id, &demand, chains);
        why.extend(judged.into_iter().map(|one| one.removed));
        self.verdict(&why, cancelled)
    }

    /// What to do where no chain can be taken as things are.
    fn verdict(
        &mut self,
        why: &[Vec<Removal>],
        cancelled: &Arc<AtomicBool>,
    ) -> Result<Event, PlaceError> {
        let told = |removed: &[Removal]| {
            let each = removed
                .iter()
                .map(|one| format!("{}: {}", one.domain, one.detail));
            each.collect::<Vec<_>>().join("; ")
        };
        let may_help = |one: &&Removal| one.filter.is_commercial() || one.filter.is_passing();
        let waits_for = why.iter().flatten().filter(may_help);
        self.selection.waits_for = waits_for.map(|one| one.domain.clone()).collect();
        let is = |rule: fn(Filter) -> bool| {
            why.iter()
                .find(|removed| !removed.is_empty() && removed.iter().all(|one| rule(one.filter)))
        };
        if let Some(removed) = is(Filter::is_commercial) {
            return Ok(Event::NoAgreement(told(removed)));
        }
        if let Some(removed) = is(|filter| filter.is_commercial() || filter.is_passing()) {
            return Ok(Event::NoPartner(told(removed)));
        }
        let effort = Effort {
            work: self.work,
            cancelled,
        };
        let mut request = self.request.clone();
        request.k = 1;
        let (_, explanation) = explain::explain(&self.version, &request, &effort)?;
        self.selection.explanation = serde_json::to_value(explanation).ok();
        let tried = !self.saga.avoided.is_empty();
        let reason = match why.iter().find(|removed| !removed.is_empty()) {
            Some(removed) => format!("no chain is left: {}", told(removed)),
            None if tried => "no chain is left without the partners that have failed".to_owned(),
            None => "no chain of domains can do it".to_owned(),
        };
        Ok(self.nothing_fits(reason))
    }

    /// There is no chain on the maps as they are. If a partner is missing on them, there may be one when it is back: as after
    /// a restart, before its domain has told of itself again.
    fn nothing_fits(&mut self, reason: String) -> Event {
        let (graph, now) = (self.version.maps.idt().graph(), self.selection.time);
        let (views, rules) = (self.views.iter(), &self.selection.rules);
        let wanted = self.selection.availability;
        let absent = views
            .filter(|(domain, view)| {
                usable(domain, view, rules, wanted, now).is_ok() && graph.index(domain).is_none()
            })
            .map(|(domain, _)| domain.clone());
        let absent: Vec<DomainId> = absent.collect();
        if absent.is_empty() {
            let selection = Some(self.selection.id.clone());
            return Event::NothingFits { reason, selection };
        }
        let names: Vec<String> = absent.iter().map(ToString::to_string).collect();
        self.selection.waits_for.extend(absent);
        let absent = names.join(", ");
        Event::NoPartner(format!("{reason}, and {absent} is not on the maps"))
    }

    /// The chain that the service has, if it may do for what is asked now.
    fn stay(&mut self, demand: &Demand) -> Option<Event> {
        if !self.saga.may_stay() || self.saga.is_choice_only() {
            return None;
        }
        self.saga.before.reservation.as_ref()?;
        let same = self.saga.before.chain.as_ref()?.carry(demand)?;
        if !keeps(&self.request, &same) {
            return None;
        }
        let prefix = self.saga.before.prefix.clone();
        self.selection.candidates = self.judged(&prefix, demand, vec![same]);
        self.selection.count_removed(&[]);
        self.take(prefix, true)
    }

    /// Takes the best chain, if nothing speaks against it.
    fn take(&mut self, prefix: String, in_place: bool) -> Option<Event> {
        let best = self.selection.candidates.first()?;
        if !best.removed.is_empty() {
            return None;
        }
        let selection = self.selection.id.clone();
        let event = if self.saga.is_choice_only() {
            Event::Designed { selection }
        } else {
            Event::Chosen(Box::new(Plan {
                reservation: match in_place {
                    true => self.saga.before.reservation.clone(),
                    false => Some(selection.clone()),
                },
                selection: Some(selection),
                chain: Some(best.chain.clone()),
                attempt: self.saga.next_try(),
                prefix,
                segments: best.segments.clone(),
                bounds: demand(&self.request).delay_bounds(),
                in_place,
            }))
        };
        self.selection.chosen = Some(0);
        Some(event)
    }

    /// Domains that are not ordered from, and why.
    fn closed(&self, graph: &DomainGraph) -> Vec<Removal> {
        let nobody = PartnerView::default();
        let (rules, now) = (&self.selection.rules, self.selection.time);
        let wanted = self.selection.availability;
        let removals = graph.ids().iter().filter_map(|domain| {
            let view = self.views.get(domain).unwrap_or(&nobody);
            usable(domain, view, rules, wanted, now).err()
        });
        removals.collect()
    }

    /// The best placements without the domains that are closed by such rules.
    fn solve(
        &self,
        closed: &[Removal],
        by: impl Fn(Filter) -> bool,
        k: usize,
        cancelled: &Arc<AtomicBool>,
    ) -> Result<Solved, PlaceError> {
        let mut request = self.request.clone();
        request.k = k;
        let closed = closed.iter().filter(|removal| by(removal.filter));
        let domains = closed.map(|removal| removal.domain.clone());
        request.constraints.forbid_domains.extend(domains);
        let effort = Effort {
            work: self.work,
            cancelled,
        };
        solve(&self.version, &request, &effort)
    }

    fn chains(&self, demand: &Demand, solved: &Solved) -> Vec<Chain> {
        let placed = solved.placements.iter();
        placed
            .map(|placed| chain(&self.version, demand, placed))
            .collect()
    }

    fn judged(&self, prefix: &str, demand: &Demand, chains: Vec<Chain>) -> Vec<Judgement> {
        let (weights, rules) = (&self.selection.weights, &self.selection.rules);
        let now = self.selection.time;
        judge(prefix, demand, chains, &self.views, (weights, rules), now)
    }
}
