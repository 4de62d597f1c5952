//! Partners and reservations as the work meets them: simple, and as bad as they are told to be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use nffg::DomainId;
use serde_json::Value;
use sof::interlude::{CallError, PartnerOrder, TestOutcome};
use sof::mef::Fault;
use sof::order::{Action, ItemId, ItemState, OrderId, OrderState};
use sof::payload::{Flow, Function, Point, Segment};
use sof::saga::{
    Answer, CallKind, Effect, Event, Limits, Means, Phase, Plan, ReserveStep, Saga, body,
};
use sof::selection::{Chain, Host};
use sof::service::{ServiceId, ServiceState};

pub(crate) const LIMITS: Limits = Limits {
    attempts: 3,
    order: SignedDuration::from_mins(15),
    test: SignedDuration::from_mins(5),
    patience: SignedDuration::from_hours(2),
    look_again: SignedDuration::from_mins(1),
    poll_first: SignedDuration::from_secs(1),
    poll_longest: SignedDuration::from_mins(1),
    under_way: SignedDuration::from_secs(30),
    clean_up: SignedDuration::from_mins(5),
    hold: SignedDuration::from_mins(5),
};

pub(crate) fn domain(at: usize) -> DomainId {
    format!("D{at}").parse().unwrap()
}

pub(crate) fn segment(at: usize, mbps: u64) -> Segment {
    Segment {
        domain: domain(at),
        functions: vec![Function {
            id: "f".parse().unwrap(),
            nf_type: "fw".parse().unwrap(),
            resources: nffg::Resources::default(),
        }],
        flows: vec![Flow {
            link: "1".to_owned(),
            from: Point::Sap("s".parse().unwrap()),
            to: Point::Function("f".parse().unwrap()),
            bandwidth: Some(nffg::Bandwidth::from_bits_per_second(mbps * 1_000_000)),
            max_delay: None,
        }],
    }
}

pub(crate) fn chain(domains: &[usize]) -> Chain {
    let hosts = domains.iter().map(|at| Host {
        node: format!("n{at}").parse().unwrap(),
        domain: domain(*at),
    });
    Chain {
        hosts: hosts.collect(),
        ..Chain::default()
    }
}

/// A small generator: the same numbers everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }

    pub(crate) fn one_in(&mut self, odds: u64) -> bool {
        odds > 0 && self.below(odds) == 0
    }
}

/// An order at a partner.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) id: OrderId,
    pub(crate) action: String,
    pub(crate) state: ItemState,
    pub(crate) service: Option<ServiceId>,
    wanted: Value,
    hangs: bool,
}

/// A partner. A service of it is there from the end of its `add` to the end of its `delete`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fake {
    pub(crate) orders: BTreeMap<String, Taken>,
    /// Tests, and changes of own resources, of which nothing is heard.
    mute: BTreeSet<String>,
    pub(crate) services: BTreeMap<ServiceId, (String, Value)>,
}

/// How bad the world is: one in so many; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Odds {
    pub(crate) not_sent: u64,
    pub(crate) lost: u64,
    pub(crate) refuse: u64,
    pub(crate) fail: u64,
    pub(crate) hang: u64,
    pub(crate) mute: u64,
    pub(crate) test: u64,
    pub(crate) race: u64,
    pub(crate) store: u64,
    pub(crate) crash: u64,
    pub(crate) repeat: u64,
    pub(crate) no_agreement: u64,
}

pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) random: Random,
    pub(crate) odds: Odds,
    pub(crate) partners: BTreeMap<DomainId, Fake>,
    pub(crate) reservations: BTreeMap<String, bool>,
    pub(crate) choices: VecDeque<Event>,
    /// What tests of a domain find, instead of what chance says.
    pub(crate) measured: BTreeMap<DomainId, TestOutcome>,
    /// Domains that are chosen, and the bandwidth that is asked for.
    pub(crate) pool: u64,
    pub(crate) mbps: u64,
    pub(crate) stale: usize,
    /// What happened, in which phase, and when.
    pub(crate) events: Vec<(Timestamp, Phase, Event)>,
}

impl World {
    pub(crate) fn new(seed: u64, odds: Odds) -> Self {
        Self {
            now: "2026-03-01T00:00:00Z".parse().unwrap(),
            random: Random(seed),
            odds,
            partners: BTreeMap::new(),
            reservations: BTreeMap::new(),
            choices: VecDeque::new(),
            measured: BTreeMap::new(),
            pool: 6,
            mbps: 10,
            stale: 0,
            events: Vec::new(),
        }
    }

    /// Carries out an effect: what comes of it, if the answer gets through.
    fn carry_out(&mut self, saga: &Saga, effect: &Effect) -> Event {
        match effect {
            Effect::Choose => self.choose(saga),
            Effect::Reserve { id, step } => self.reserve(id, *step),
            Effect::Call { domain, call, what } => Event::Answer {
                domain: domain.clone(),
                call: call.clone(),
                answer: self.call(saga, domain, call, *what),
            },
        }
    }

    pub(crate) fn plan(saga: &Saga, domains: &[usize], mbps: u64, in_place: bool) -> Event {
        let tries = saga.next_try();
        let (prefix, reservation) = if in_place {
            (saga.before.prefix.clone(), saga.before.reservation.clone())
        } else {
            let name = format!("{}.{tries}", saga.service);
            (name.clone(), Some(name))
        };
        Event::Chosen(Box::new(Plan {
            selection: Some(format!("{}.{tries}", saga.service)),
            chain: Some(chain(domains)),
            attempt: tries,
            prefix,
            segments: domains.iter().map(|at| segment(*at, mbps)).collect(),
            bounds: Vec::new(),
            in_place,
            reservation: reservation.or_else(|| Some(format!("{}.{tries}", saga.service))),
        }))
    }

    fn choose(&mut self, saga: &Saga) -> Event {
        if let Some(told) = self.choices.pop_front() {
            return told;
        }
        if self.random.one_in(self.odds.store) {
            return Event::TryAgain("the store is busy".to_owned());
        }
        if self.random.one_in(self.odds.no_agreement) {
            return match self.random.below(3) {
                0 => Event::NoAgreement("D1".to_owned()),
                1 => Event::NoPartner("D1".to_owned()),
                _ => Event::NothingFits {
                    reason: "no room".to_owned(),
                    selection: None,
                },
            };
        }
        if saga.is_choice_only() {
            return Event::Designed {
                selection: "s".to_owned(),
            };
        }
        if saga.may_stay() && saga.before.reservation.is_some() {
            let domains: Vec<usize> = saga.before.segments.iter().map(index).collect();
            return Self::plan(saga, &domains, self.mbps, true);
        }
        let mut domains = BTreeSet::new();
        for _ in 0..3 {
            let at = usize::try_from(self.random.below(self.pool)).unwrap();
            if !saga.avoided.contains_key(&domain(at)) {
                domains.insert(at);
            }
        }
        let domains: Vec<usize> = domains.into_iter().collect();
        if domains.is_empty() {
            return Event::NothingFits {
                reason: "all have failed".to_owned(),
                selection: None,
            };
        }
        Self::plan(saga, &domains, self.mbps, false)
    }

    fn reserve(&mut self, id: &str, step: ReserveStep) -> Event {
        if self.random.one_in(self.odds.store) {
            return Event::TryAgain("the store is busy".to_owned());
        }
        let id = id.to_owned();
        let soon = Some(self.now.saturating_add(LIMITS.hold).unwrap());
        let mut until = None;
        match step {
            ReserveStep::Hold | ReserveStep::CoverBoth if self.random.one_in(self.odds.race) => {
                let why = "somebody was faster".to_owned();
                return Event::NotReserved { id, step, why };
            }
            ReserveStep::Hold => {
                self.reservations.insert(id.clone(), false);
                until = soon;
            }
            ReserveStep::CoverBoth | ReserveStep::Settle | ReserveStep::Restore => {
                assert!(
                    self.reservations.contains_key(&id),
                    "{step:?} of {id}, which is not there"
                );
            }
            ReserveStep::Extend => until = soon,
            ReserveStep::Confirm => *self.reservations.get_mut(&id).unwrap() = true,
            ReserveStep::Release => {
                self.reservations.remove(&id);
            }
        }
        Event::Reserved { id, step, until }
    }

    fn call(&mut self, saga: &Saga, at: &DomainId, call: &str, what: CallKind) -> Answer {
        let lost = || CallError::Unknown("connection reset".to_owned());
        if self.random.one_in(self.odds.not_sent) {
            return Answer::Error(CallError::NotSent("connection refused".to_owned()));
        }
        let part = saga
            .parts
            .iter()
            .chain(&saga.cleanup)
            .find(|part| part.domain == *at && part.external_id(&saga.service) == call)
            .unwrap();
        let drops = self.random.one_in(self.odds.lost);
        let partner = self.partners.entry(at.clone()).or_default();
        if matches!(what, CallKind::Test | CallKind::Apply) && self.odds.mute > 0 {
            if self.random.one_in(self.odds.mute) {
                partner.mute.insert(call.to_owned());
            }
            if partner.mute.contains(call) {
                return Answer::Error(CallError::Unknown("timed out".to_owned()));
            }
        }
        let answer = match what {
            CallKind::Order => {
                assert!(
                    !partner.orders.contains_key(call),
                    "{call} is ordered twice"
                );
                let body = body(&saga.service, part, self.now, LIMITS.order);
                assert_eq!(body["externalId"], call);
                let item = &body["serviceOrderItem"][0];
                let action = item["action"].as_str().unwrap().to_owned();
                if self.random.one_in(self.odds.refuse) {
                    let fault = Fault::new(sof::mef::FaultCode::OtherIssue, "/", "no");
                    Answer::Error(CallError::Refused {
                        status: 422,
                        faults: vec![fault],
                    })
                } else {
                    let service = item["service"]["id"]
                        .as_str()
                        .map(|id| ServiceId(id.to_owned()));
                    assert_eq!(service.is_none(), action == "add", "{body}");
                    let taken = Taken {
                        id: OrderId(format!("o-{call}")),
                        action,
                        state: ItemState::Acknowledged,
                        service,
                        wanted: item["service"].clone(),
                        hangs: self.random.one_in(self.odds.hang),
                    };
                    let told = told(call, &taken);
                    partner.orders.insert(call.to_owned(), taken);
                    Answer::Order(told)
                }
            }
            CallKind::Find => match partner.orders.get(call) {
                Some(taken) => Answer::Order(told(call, taken)),
                None => Answer::NoSuchOrder,
            },
            CallKind::Look => {
                let taken = partner.orders.get_mut(call).unwrap();
                assert_eq!(part.order.as_ref(), Some(&taken.id));
                if !taken.state.is_final() && !taken.hangs && self.random.one_in(2) {
                    let fails = self.random.one_in(self.odds.fail);
                    taken.state = if fails {
                        ItemState::Failed
                    } else {
                        ItemState::Completed
                    };
                    if !fails {
                        Self::done(&mut partner.services, taken);
                    }
                }
                Answer::Order(told(call, taken))
            }
            CallKind::Test if self.measured.contains_key(at) => {
                Answer::Test(self.measured[at].clone())
            }
            CallKind::Test => {
                let passed = !self.random.one_in(self.odds.test);
                let detail = "one in ten is lost".to_owned();
                Answer::Test(TestOutcome {
                    passed,
                    delay: None,
                    flows: Vec::new(),
                    detail,
                })
            }
            CallKind::Apply => {
                let own = ServiceId("own".to_owned());
                if part.verb == sof::saga::Verb::Delete {
                    partner.services.remove(&own);
                } else {
                    partner
                        .services
                        .insert(own, ("applied".to_owned(), Value::Null));
                }
                Answer::Applied
            }
        };
        if drops { Answer::Error(lost()) } else { answer }
    }

    fn done(services: &mut BTreeMap<ServiceId, (String, Value)>, taken: &mut Taken) {
        let state = taken.wanted["state"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let content = taken.wanted["serviceConfiguration"].clone();
        let id = taken
            .service
            .get_or_insert_with(|| ServiceId(format!("s-{}", taken.id.0)))
            .clone();
        if taken.action == "delete" {
            services.remove(&id);
        } else {
            services.insert(id, (state, content));
        }
    }

    /// Works until nothing is left to do. Answers come in any order, some twice; now and then the process ends and another
    /// goes on with what was kept.
    pub(crate) fn run(&mut self, mut saga: Saga, own: Option<Segment>) -> Saga {
        let mut kept = saga.clone();
        let mut answers: Vec<Event> = vec![Event::Begin(own.map(Box::new))];
        let mut repeated: Vec<Event> = Vec::new();
        for step in 0..20_000 {
            if step == 600 {
                // The world gets better: now all must end.
                self.odds = Odds::default();
                for partner in self.partners.values_mut() {
                    partner
                        .orders
                        .values_mut()
                        .for_each(|taken| taken.hangs = false);
                }
            }
            if kept.is_done() && answers.is_empty() {
                return kept;
            }
            let event = if answers.is_empty() {
                let wake = saga
                    .wake_at(&LIMITS)
                    .unwrap_or_else(|| panic!("stuck: {saga:#?}"));
                self.now = wake.max(
                    self.now
                        .saturating_add(SignedDuration::from_millis(1))
                        .unwrap(),
                );
                Event::Tick
            } else {
                let at = usize::try_from(self.random.below(answers.len() as u64)).unwrap();
                answers.swap_remove(at)
            };
            let is_new = !repeated.contains(&event);
            if is_new && event != Event::Tick && self.random.one_in(self.odds.repeat) {
                repeated.push(event.clone());
                answers.push(event.clone());
            }
            self.events.push((self.now, saga.phase, event.clone()));
            let Ok(effects) = saga.apply(event, self.now, &LIMITS) else {
                assert_eq!(saga, kept, "a stale event changes nothing");
                self.stale += 1;
                continue;
            };
            // Persist, then act.
            kept = saga.clone();
            let crash = self.random.one_in(self.odds.crash);
            for effect in effects {
                if self.is_under_way(&answers, &effect) {
                    continue;
                }
                // A crash before, or after what it does.
                if crash && self.random.one_in(2) {
                    continue;
                }
                let answer = self.carry_out(&saga, &effect);
                answers.push(answer);
            }
            if crash {
                answers.clear();
                let record = serde_json::to_string(&kept).unwrap();
                saga = serde_json::from_str(&record).unwrap();
                assert_eq!(kept, saga);
                if saga.phase == Phase::Waiting {
                    answers.push(Event::Begin(None));
                }
                let effects = saga.resume(self.now, &LIMITS);
                kept = saga.clone();
                for effect in effects {
                    let answer = self.carry_out(&saga, &effect);
                    answers.push(answer);
                }
            }
        }
        panic!("no end: {saga:#?}");
    }

    /// What happened, a line each.
    pub(crate) fn log(&self) -> Vec<String> {
        let events = self.events.iter();
        let line =
            |(at, phase, event): &(Timestamp, Phase, Event)| format!("{at} {phase:?} {event:?}");
        events.map(line).collect()
    }

    /// Only one thing at a time is done about a domain, and about what has none.
    fn is_under_way(&self, answers: &[Event], effect: &Effect) -> bool {
        answers.iter().any(|answer| match (answer, effect) {
            (Event::Answer { domain, .. }, Effect::Call { domain: of, .. }) => domain == of,
            (Event::Answer { .. } | Event::Begin(_) | Event::Tick, _) => false,
            (_, effect) => !matches!(effect, Effect::Call { .. }),
        })
    }

    /// What is at partners and in the ledger is what the service has, no more and no less.
    pub(crate) fn check(&self, saga: &Saga) {
        let after = saga.after.as_ref().unwrap();
        let mut found: Vec<(&DomainId, &ServiceId)> = Vec::new();
        for (domain, partner) in &self.partners {
            found.extend(partner.services.keys().map(|service| (domain, service)));
        }
        let mut expected: Vec<(&DomainId, &ServiceId)> = after
            .deployed
            .iter()
            .filter_map(|known| Some((&known.domain, known.service.as_ref()?)))
            .collect();
        expected.sort();
        let log = || self.log().join("\n");
        assert_eq!(found, expected, "{}", log());
        for known in &after.deployed {
            let Some(service) = &known.service else {
                continue;
            };
            let (state, content) = &self.partners[&known.domain].services[service];
            assert_eq!(
                state,
                if after.active { "active" } else { "inactive" },
                "{}",
                log()
            );
            assert_eq!(*content, known.segment.encode(), "{}", log());
        }
        let held: Vec<&String> = self.reservations.keys().collect();
        assert_eq!(held, Vec::from_iter(&after.reservation), "{}", log());
        assert!(
            self.reservations.values().all(|confirmed| *confirmed),
            "{}",
            log()
        );
    }
}

fn index(segment: &Segment) -> usize {
    segment.domain.as_str()[1..].parse().unwrap()
}

fn told(call: &str, taken: &Taken) -> PartnerOrder {
    PartnerOrder {
        expected: None,
        id: taken.id.clone(),
        external_id: Some(call.to_owned()),
        state: OrderState::of([taken.state]),
        item: taken.state,
        service: taken.service.clone(),
        termination_errors: Vec::new(),
    }
}

pub(crate) fn saga(
    world: &World,
    action: Action,
    target: ServiceState,
    before: sof::saga::Deployment,
) -> Saga {
    Saga::new(
        (OrderId("order".to_owned()), ItemId("1".to_owned())),
        ServiceId("svc".to_owned()),
        (action, target),
        Means::Partners,
        before,
        world.now,
    )
}
