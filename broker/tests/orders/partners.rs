//! Partners in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use broker::lso::orchestrator::Circuits;
use broker::lso::partners::{Called, Partners};
use broker::lso::presto::{Applied, Presto, PrestoError};
use jiff::Timestamp;
use nffg::DomainId;
use serde_json::Value;
use sof::interlude::{CallError, MeasuredFlow, PartnerOrder, PartnerService, TestOutcome};
use sof::mef::{Fault, FaultCode, TerminationError};
use sof::order::{ItemState, OrderId, OrderState};
use sof::partner::Partner;
use sof::payload::Segment;
use sof::service::{ServiceId, ServiceState};

/// What becomes of an order at a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is completed.
    Complete,
    /// The request is refused.
    Refuse,
    /// The order is taken, and fails.
    Fail,
    /// The order is taken, and nothing more is heard.
    Hang,
    /// The order is taken, and the answer is lost.
    LoseAnswer,
    /// The request is lost.
    LoseRequest,
}

#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) id: OrderId,
    pub(crate) action: String,
    pub(crate) state: ItemState,
    pub(crate) service: Option<ServiceId>,
    pub(crate) body: Value,
    fate: Fate,
    looks: u32,
    expected: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// By domain and the name that we gave.
    pub(crate) orders: BTreeMap<(String, String), Taken>,
    /// By domain and name: the state and the configuration.
    pub(crate) services: BTreeMap<(String, ServiceId), (String, Value)>,
    /// Fates of the next orders, by domain and verb; then they complete.
    fates: BTreeMap<(String, String), VecDeque<Fate>>,
    /// Tests that fail, by domain.
    failing_tests: BTreeMap<String, u32>,
    /// What tests measure of the link, by domain: its name and the delay.
    pub(crate) measured: BTreeMap<String, (String, u64)>,
    pub(crate) open_circuits: Vec<String>,
    /// Domains that do not answer, and those whose tests do not end.
    pub(crate) silent: Vec<String>,
    pub(crate) endless_tests: Vec<String>,
    /// When partners say that their orders will be done.
    pub(crate) expected: BTreeMap<String, Timestamp>,
    pub(crate) tests: Vec<String>,
    pub(crate) own: BTreeMap<ServiceId, (Segment, bool)>,
    pub(crate) presto_refuses: bool,
}

/// All partners.
#[derive(Debug, Default)]
pub(crate) struct Fakes {
    state: Mutex<State>,
    /// How long each call takes.
    delay: Duration,
    /// So many orders to AS2 panic, and how many did.
    pub(crate) panics: AtomicU32,
    pub(crate) panicked: AtomicU32,
}

impl Fakes {
    pub(crate) fn slow(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::default()
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next order with this verb at a domain ends so.
    pub(crate) fn fate(&self, domain: &str, verb: &str, fate: Fate) {
        let key = (domain.to_owned(), verb.to_owned());
        self.state().fates.entry(key).or_default().push_back(fate);
    }

    pub(crate) fn fail_tests(&self, domain: &str, times: u32) {
        self.state().failing_tests.insert(domain.to_owned(), times);
    }

    /// Services that are there: domain and state.
    pub(crate) fn services(&self) -> Vec<(String, String)> {
        let state = self.state();
        let services = state.services.iter();
        services
            .map(|((domain, _), (state, _))| (domain.clone(), state.clone()))
            .collect()
    }

    /// The verbs that a domain was ordered, in the order of their names.
    pub(crate) fn verbs(&self, domain: &str) -> Vec<String> {
        let state = self.state();
        let orders = state.orders.keys().filter(|(at, _)| at == domain);
        let verbs = orders.map(|(_, name)| name.rsplit('/').next().unwrap().to_owned());
        verbs.collect()
    }

    async fn pause(&self, partner: &Partner) {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let name = partner.domain.as_str();
        while self.state().silent.iter().any(|silent| silent == name) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn order_now(&self, partner: &Partner, body: &Value) -> Result<PartnerOrder, CallError> {
        let mut state = self.state();
        let domain = partner.domain.to_string();
        let name = body["externalId"].as_str().unwrap().to_owned();
        let verb = name
            .rsplit('/')
            .next()
            .unwrap()
            .split('-')
            .next()
            .unwrap()
            .to_owned();
        let fates = state.fates.get_mut(&(domain.clone(), verb));
        let fate = fates
            .and_then(VecDeque::pop_front)
            .unwrap_or(Fate::Complete);
        match fate {
            Fate::Refuse => {
                let fault = Fault::new(FaultCode::InvalidValue, "/serviceOrderItem/0", "no room");
                return Err(CallError::Refused {
                    status: 422,
                    faults: vec![fault],
                });
            }
            Fate::LoseRequest => return Err(CallError::Unknown("timed out".to_owned())),
            _ => {}
        }
        let item = &body["serviceOrderItem"][0];
        let service = item["service"]["id"]
            .as_str()
            .map(|id| ServiceId(id.to_owned()));
        let taken = Taken {
            id: OrderId(uuid::Uuid::new_v4().to_string()),
            action: item["action"].as_str().unwrap().to_owned(),
            state: ItemState::Acknowledged,
            service,
            body: body.clone(),
            fate,
            looks: 0,
            expected: state.expected.get(&domain).copied(),
        };
        let told = told(&name, &taken);
        let before = state.orders.insert((domain, name.clone()), taken);
        assert!(before.is_none(), "{name} is ordered twice");
        match fate {
            Fate::LoseAnswer => Err(CallError::Unknown("connection reset".to_owned())),
            _ => Ok(told),
        }
    }

    fn look_now(&self, partner: &Partner, id: &OrderId) -> Result<PartnerOrder, CallError> {
        let state = &mut *self.state();
        let domain = partner.domain.to_string();
        let found = state
            .orders
            .iter_mut()
            .find(|((at, _), taken)| *at == domain && taken.id == *id);
        let ((_, name), taken) = found.ok_or(CallError::NotFound)?;
        taken.looks += 1;
        if taken.looks > 1 && !taken.state.is_final() {
            match taken.fate {
                Fate::Hang => {}
                Fate::Fail => taken.state = ItemState::Failed,
                _ => {
                    taken.state = ItemState::Completed;
                    let id = taken
                        .service
                        .get_or_insert_with(|| ServiceId(uuid::Uuid::new_v4().to_string()))
                        .clone();
                    let of = &taken.body["serviceOrderItem"][0]["service"];
                    let key = (domain, id);
                    if taken.action == "delete" {
                        state.services.remove(&key);
                    } else {
                        let word = of["state"].as_str().unwrap().to_owned();
                        state
                            .services
                            .insert(key, (word, of["serviceConfiguration"].clone()));
                    }
                }
            }
        }
        Ok(told(name, taken))
    }
}

fn told(name: &str, taken: &Taken) -> PartnerOrder {
    let failed = taken.state == ItemState::Failed;
    let error = TerminationError {
        code: FaultCode::OtherIssue,
        property_path: None,
        value: "the switch is on fire".to_owned(),
    };
    PartnerOrder {
        expected: taken.expected,
        id: taken.id.clone(),
        external_id: Some(name.to_owned()),
        state: OrderState::of([taken.state]),
        item: taken.state,
        service: taken.service.clone(),
        termination_errors: failed.then_some(error).into_iter().collect(),
    }
}

impl Partners for Fakes {
    fn order<'a>(&'a self, partner: &'a Partner, body: &'a Value) -> Called<'a, PartnerOrder> {
        Box::pin(async move {
            self.pause(partner).await;
            // As the client of partners writes its own.
            let name = body["externalId"].as_str();
            tracing::info!(partner = %partner.domain, name, "called");
            let less = |left: u32| left.checked_sub(1);
            let order = std::sync::atomic::Ordering::SeqCst;
            if partner.domain.as_str() == "AS2"
                && self.panics.fetch_update(order, order, less).is_ok()
            {
                self.panicked.fetch_add(1, order);
                panic!("the test wants this");
            }
            let answer = self.order_now(partner, body);
            self.pause(partner).await;
            answer
        })
    }

    fn look<'a>(&'a self, partner: &'a Partner, id: &'a OrderId) -> Called<'a, PartnerOrder> {
        Box::pin(async move {
            self.pause(partner).await;
            self.look_now(partner, id)
        })
    }

    fn find<'a>(
        &'a self,
        partner: &'a Partner,
        external_id: &'a str,
        _since: Timestamp,
    ) -> Called<'a, Option<PartnerOrder>> {
        Box::pin(async move {
            self.pause(partner).await;
            let state = self.state();
            let key = (partner.domain.to_string(), external_id.to_owned());
            Ok(state.orders.get(&key).map(|taken| told(external_id, taken)))
        })
    }

    fn service<'a>(&'a self, _: &'a Partner, id: &'a ServiceId) -> Called<'a, PartnerService> {
        Box::pin(async move {
            Ok(PartnerService {
                id: id.clone(),
                external_id: None,
                state: ServiceState::Active,
            })
        })
    }

    fn test<'a>(&'a self, partner: &'a Partner, id: &'a ServiceId) -> Called<'a, TestOutcome> {
        Box::pin(async move {
            self.pause(partner).await;
            let domain = partner.domain.to_string();
            while self.state().endless_tests.contains(&domain) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let mut state = self.state();
            assert!(state.services.contains_key(&(domain.clone(), id.clone())));
            state.tests.push(domain.clone());
            let flows = state
                .measured
                .get(&domain)
                .map(|(link, delay)| MeasuredFlow {
                    link: link.clone(),
                    delay: Some(*delay),
                    bandwidth: None,
                });
            let flows = flows.into_iter().collect();
            let left = state.failing_tests.entry(domain).or_default();
            let passed = *left == 0;
            *left = left.saturating_sub(1);
            let detail = "nothing comes through".to_owned();
            Ok(TestOutcome {
                passed,
                delay: None,
                flows,
                detail,
            })
        })
    }
}

impl Circuits for Fakes {
    fn is_open(&self, partner: &DomainId) -> bool {
        // So a choice takes its time, too.
        std::thread::sleep(self.delay);
        self.state()
            .open_circuits
            .iter()
            .any(|open| open == partner.as_str())
    }
}

impl Presto for Fakes {
    fn apply<'a>(
        &'a self,
        service: &'a ServiceId,
        segment: Option<&'a Segment>,
        active: bool,
    ) -> Applied<'a, ()> {
        Box::pin(async move {
            let mut state = self.state();
            if state.presto_refuses && segment.is_some() {
                return Err(PrestoError::Refused("no such function".to_owned()));
            }
            match segment {
                Some(segment) => state.own.insert(service.clone(), (segment.clone(), active)),
                None => state.own.remove(service),
            };
            Ok(())
        })
    }

    fn test<'a>(&'a self, service: &'a ServiceId, _: &'a Segment) -> Applied<'a, TestOutcome> {
        Box::pin(async move {
            let passed = self
                .state()
                .own
                .get(service)
                .is_some_and(|(_, active)| *active);
            Ok(TestOutcome {
                passed,
                delay: None,
                flows: Vec::new(),
                detail: String::new(),
            })
        })
    }
}
