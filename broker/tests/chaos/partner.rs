//! A partner's SOF that keeps its word when it feels like it, and remembers everything.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::faults::{Chance, Injected, OnEvent, OnOrder, OnQuestion};
use super::http::{Answer, Reply, Request, serve};

/// Longer than the broker waits for an answer.
const SILENCE: Duration = Duration::from_secs(4);

/// How an order ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Well,
    Badly,
    /// Not before times are good.
    NotYet,
}

/// How fast a partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// An order takes up to 120 ms, a test until it is looked at twice.
    Varied,
    /// An order is done in the answer to it, and a test, too.
    InTheAnswer,
    /// An order is done behind the answer, which is told at once; a test in the answer.
    BehindTheAnswer,
}

#[derive(Clone, Debug)]
struct Order {
    /// Ours of the broker, `externalId`.
    name: String,
    date: Timestamp,
    action: String,
    state: &'static str,
    service: Option<String>,
    /// What it asks for.
    asked: Value,
    ends: Ends,
}

/// What a partner does for the broker.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Service {
    /// The broker's service.
    pub(crate) of: String,
    pub(crate) state: String,
    pub(crate) configuration: Value,
    busy: bool,
}

#[derive(Debug)]
struct State {
    chance: Chance,
    /// In the order in which they were taken.
    orders: Vec<(String, Order)>,
    names: BTreeSet<String>,
    services: BTreeMap<String, Service>,
    hubs: BTreeMap<String, String>,
    /// Test jobs: how they end, and whether they were looked at.
    jobs: BTreeMap<String, (bool, bool)>,
    given: usize,
    /// What no broker may do.
    sins: Vec<String>,
}

struct World {
    domain: &'static str,
    state: Mutex<State>,
    injected: Arc<Injected>,
    client: reqwest::Client,
    pace: Pace,
}

/// A partner on a port of its own; it ends with the runtime.
#[derive(Clone)]
pub(crate) struct Partner {
    pub(crate) domain: &'static str,
    pub(crate) address: SocketAddr,
    /// Whether it has an API for tests.
    pub(crate) tests: bool,
    world: Arc<World>,
}

impl Partner {
    pub(crate) async fn start(
        domain: &'static str,
        tests: bool,
        pace: Pace,
        seed: u64,
        injected: Arc<Injected>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .unwrap();
        let state = State {
            chance: Chance {
                random: fastrand::Rng::with_seed(seed),
                is_bad: false,
            },
            orders: Vec::new(),
            names: BTreeSet::new(),
            services: BTreeMap::new(),
            hubs: BTreeMap::new(),
            jobs: BTreeMap::new(),
            given: 0,
            sins: Vec::new(),
        };
        let world = Arc::new(World {
            domain,
            state: Mutex::new(state),
            injected,
            client,
            pace,
        });
        let of = Arc::clone(&world);
        tokio::spawn(serve(listener, move |request| {
            let world = Arc::clone(&of);
            async move { answer(world, request).await }
        }));
        Self {
            domain,
            address,
            tests,
            world,
        }
    }

    /// From now on it does things wrong.
    pub(crate) fn times_are_bad(&self) {
        self.world.state().chance.is_bad = true;
    }

    /// From now on it does nothing wrong, and what it has kept silent about comes to an end, mostly a good one.
    pub(crate) fn times_are_good(&self) {
        let mut state = self.world.state();
        state.chance.is_bad = false;
        let silent: Vec<String> = state
            .orders
            .iter()
            .filter(|(_, order)| order.ends == Ends::NotYet)
            .map(|(id, _)| id.clone())
            .collect();
        for id in silent {
            let ends = match state.chance.random.u32(0..10) {
                0..3 => Ends::Badly,
                _ => Ends::Well,
            };
            if let Some(order) = state.order(&id) {
                order.ends = ends;
            }
            let pause = state.chance.pause(0, 500);
            tokio::spawn(end(Arc::clone(&self.world), id, pause));
        }
    }

    /// What it does for the broker, by its own names.
    pub(crate) fn services(&self) -> BTreeMap<String, Service> {
        self.world.state().services.clone()
    }

    /// The orders that it took.
    pub(crate) fn orders(&self) -> usize {
        self.world.state().orders.len()
    }

    /// What the broker did that it may not.
    pub(crate) fn sins(&self) -> Vec<String> {
        self.world.state().sins.clone()
    }

    /// What it was ordered for a service of the broker, for people.
    pub(crate) fn history(&self, service: &str) -> Vec<String> {
        let state = self.world.state();
        let orders = state.orders.iter();
        orders
            .filter(|(_, order)| order.name.starts_with(service))
            .map(|(id, order)| {
                format!(
                    "{} {id} {} {:?}: {}",
                    order.date, order.name, order.service, order.state
                )
            })
            .collect()
    }
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn order(&mut self, id: &str) -> Option<&mut Order> {
        let mut orders = self.orders.iter_mut();
        orders.find(|(of, _)| of == id).map(|(_, order)| order)
    }

    fn give(&mut self, kind: &str) -> String {
        self.given += 1;
        format!("{kind}-{}", self.given)
    }

    /// Takes an order; its id, or why not.
    fn take(&mut self, body: &Value, ends: Ends) -> Result<String, Answer> {
        let name = body["externalId"].as_str().unwrap_or_default().to_owned();
        let asked = &body["serviceOrderItem"][0];
        let action = asked["action"].as_str().unwrap_or_default().to_owned();
        let service = asked["service"]["id"].as_str().map(str::to_owned);
        if let Some(id) = &service {
            match self.services.get_mut(id) {
                None => return Err(refusal("referenceNotFound", "there is no such service")),
                Some(known) if known.busy => {
                    self.sins
                        .push(format!("{name} overtakes what is under way at {id}"));
                    return Err(refusal("otherIssue", "the service is busy"));
                }
                Some(known) => known.busy = true,
            }
        }
        if !self.names.insert(name.clone()) {
            self.sins.push(format!("{name} is ordered twice"));
        }
        let id = self.give("o");
        let order = Order {
            name,
            date: broker::clock::now().timestamp,
            action,
            state: "acknowledged",
            service,
            asked: asked["service"].clone(),
            ends,
        };
        self.orders.push((id.clone(), order));
        Ok(id)
    }

    /// Brings an order to its end.
    fn end(&mut self, id: &str) {
        let new = self.give("s");
        let Some(order) = self.order(id) else {
            return;
        };
        if order.ends == Ends::NotYet {
            return;
        }
        let is_well = order.ends == Ends::Well;
        order.state = if is_well { "completed" } else { "failed" };
        if is_well && order.action == "add" {
            order.service = Some(new);
        }
        let Order {
            action,
            service,
            asked,
            ..
        } = order.clone();
        let Some(service) = service else {
            return;
        };
        if is_well && action == "delete" {
            self.services.remove(&service);
        } else if is_well {
            let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
            let done = Service {
                of: text("externalId"),
                state: text("state"),
                configuration: asked["serviceConfiguration"].clone(),
                busy: false,
            };
            self.services.insert(service, done);
        } else if let Some(known) = self.services.get_mut(&service) {
            known.busy = false;
        }
    }

    fn told(&self, id: &str) -> Option<Value> {
        let found = self.orders.iter().find(|(of, _)| of == id);
        found.map(|(id, order)| told(id, order))
    }
}

fn told(id: &str, order: &Order) -> Value {
    let mut item = json!({"id": "1", "action": order.action, "state": order.state});
    if let Some(service) = &order.service {
        item["service"] = json!({"id": service});
    }
    if order.state == "failed" {
        item["terminationError"] = json!([{"code": "otherIssue", "value": "out of luck"}]);
    }
    json!({
        "id": id, "href": format!("/serviceOrder/{id}"), "state": order.state,
        "externalId": order.name, "orderDate": order.date, "serviceOrderItem": [item],
    })
}

fn refusal(code: &str, reason: &str) -> Answer {
    let fault =
        json!({"code": code, "propertyPath": "/serviceOrderItem/0/service", "reason": reason});
    Answer::json(422, &json!([fault]))
}

fn not_found() -> Answer {
    Answer::json(404, &json!({"code": "notFound", "reason": "there is none"}))
}

fn error(status: u16) -> Answer {
    Answer::json(
        status,
        &json!({"code": "internalError", "reason": "out of luck"}),
    )
}

async fn answer(world: Arc<World>, request: Request) -> Reply {
    let path = request.path.clone();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let ["mefApi", "interlude", api, version, rest @ ..] = parts.as_slice() else {
        return Reply::Whole(not_found());
    };
    let fits = [
        ("serviceOrderingManagement", "v1"),
        ("serviceInventory", "v2"),
        ("serviceFunctionTesting", "v3"),
    ];
    if !fits.contains(&(*api, *version)) {
        return Reply::Whole(not_found());
    }
    match (request.method.as_str(), rest) {
        ("POST", ["serviceOrder"]) => order(world, &request.body).await,
        ("POST", ["testJob"]) => Reply::Whole(test(&world)),
        ("POST", ["hub"]) => {
            let callback = request.body["callback"].as_str().unwrap_or_default();
            let mut state = world.state();
            let id = state.give("h");
            state.hubs.insert(id.clone(), callback.to_owned());
            Reply::Whole(Answer::json(201, &json!({"id": id, "callback": callback})))
        }
        ("DELETE", ["hub", id]) => Reply::Whole(match world.state().hubs.remove(*id) {
            Some(_) => Answer {
                status: 204,
                headers: Vec::new(),
                body: String::new(),
            },
            None => not_found(),
        }),
        ("GET", rest) => question(&world, rest, &request).await,
        _ => Reply::Whole(not_found()),
    }
}

async fn order(world: Arc<World>, body: &Value) -> Reply {
    if body["serviceOrderItem"][0].is_null() {
        return Reply::Whole(refusal("missingProperty", "there is no item"));
    }
    let (fault, late, pause) = {
        let mut state = world.state();
        let fault = state.chance.on_order(&world.injected);
        let late = state.chance.pause(100, 400);
        let pause = state.chance.pause(1, 120);
        (fault, late, pause)
    };
    match fault {
        OnOrder::Refuses => return Reply::Whole(refusal("otherIssue", "out of luck")),
        OnOrder::ResetsBefore => return Reply::Reset,
        OnOrder::NeverAnswersBefore => return Reply::Silence(SILENCE),
        OnOrder::ErrorBefore => return Reply::Whole(error(503)),
        OnOrder::TooMany => return Reply::Whole(error(429)),
        OnOrder::TakesItsTime => tokio::time::sleep(late).await,
        _ => {}
    }
    let ends = match fault {
        OnOrder::Fails => Ends::Badly,
        OnOrder::FallsSilent => Ends::NotYet,
        _ => Ends::Well,
    };
    let taken = {
        let mut state = world.state();
        let taken = state.take(body, ends);
        taken.map(|id| {
            if world.pace == Pace::InTheAnswer {
                state.end(&id);
            }
            let told = state.told(&id).unwrap_or_default();
            (id, told)
        })
    };
    let (id, told) = match taken {
        Ok(taken) => taken,
        Err(refusal) => return Reply::Whole(refusal),
    };
    match world.pace {
        Pace::Varied => drop(tokio::spawn(end(Arc::clone(&world), id, pause))),
        Pace::BehindTheAnswer => drop(tokio::spawn(end(Arc::clone(&world), id, Duration::ZERO))),
        Pace::InTheAnswer => {}
    }
    let answer = Answer::json(201, &told);
    match fault {
        OnOrder::ResetsAfter => Reply::Reset,
        OnOrder::HalfAnswers => Reply::Half(answer),
        OnOrder::NeverAnswersAfter => Reply::Silence(SILENCE),
        OnOrder::AnswersTwice => Reply::Twice(answer),
        OnOrder::ErrorAfter => Reply::Whole(error(500)),
        OnOrder::Babbles => Reply::Whole(Answer::json(201, &json!(["well", "yes"]))),
        _ => Reply::Whole(answer),
    }
}

/// Brings an order to its end in time, and tells of it.
async fn end(world: Arc<World>, id: String, pause: Duration) {
    tokio::time::sleep(pause).await;
    let (told, hubs, fault, late) = {
        let mut state = world.state();
        state.end(&id);
        let told = state.told(&id).unwrap_or_default();
        let hubs: Vec<String> = state.hubs.values().cloned().collect();
        let fault = state.chance.on_event(&world.injected);
        let late = state.chance.pause(200, 1_500);
        (told, hubs, fault, late)
    };
    let word = told["state"].as_str().unwrap_or_default().to_owned();
    let events = match fault {
        OnEvent::Nothing => vec![(id, word)],
        OnEvent::Twice => vec![(id.clone(), word.clone()), (id, word)],
        OnEvent::Late => {
            tokio::time::sleep(late).await;
            vec![(id, word)]
        }
        OnEvent::OutOfOrder => vec![(id.clone(), word), (id, "acknowledged".to_owned())],
        OnEvent::Lost => Vec::new(),
        OnEvent::OfNothing => vec![("o-0".to_owned(), word)],
    };
    for (order, word) in events {
        let kind = "serviceOrderStateChangeEvent";
        let event = json!({
            "eventId": "e-1", "eventTime": broker::clock::now().timestamp, "eventType": kind,
            "event": {"id": order, "state": word, "href": format!("/serviceOrder/{order}")},
        });
        for hub in &hubs {
            let url =
                format!("{hub}/mefApi/interlude/serviceOrderingNotification/v1/listener/{kind}");
            // Who is dead hears nothing.
            let _ = world.client.post(url).json(&event).send().await;
        }
    }
}

fn test(world: &World) -> Answer {
    let mut state = world.state();
    let fails = state.chance.test_fails(&world.injected);
    let id = state.give("j");
    state.jobs.insert(id.clone(), (!fails, false));
    let word = match world.pace {
        Pace::Varied => "acknowledged",
        Pace::InTheAnswer | Pace::BehindTheAnswer => "completed",
    };
    Answer::json(201, &json!({"id": id, "state": word}))
}

async fn question(world: &World, rest: &[&str], request: &Request) -> Reply {
    let (fault, late) = {
        let mut state = world.state();
        let fault = state.chance.on_question(&world.injected);
        (fault, state.chance.pause(50, 400))
    };
    match fault {
        OnQuestion::Resets => return Reply::Reset,
        OnQuestion::Error => return Reply::Whole(error(500)),
        OnQuestion::TakesItsTime => tokio::time::sleep(late).await,
        _ => {}
    }
    let answer = found(&mut world.state(), rest, request, world.domain);
    match fault {
        OnQuestion::Babbles => Reply::Whole(Answer {
            body: "<html>".to_owned(),
            ..answer
        }),
        OnQuestion::AnswersTwice => Reply::Twice(answer),
        _ => Reply::Whole(answer),
    }
}

fn found(state: &mut State, rest: &[&str], request: &Request, domain: &str) -> Answer {
    let one = |found: Option<Value>| found.map_or_else(not_found, |of| Answer::json(200, &of));
    match rest {
        ["serviceOrder"] => page(state, request),
        ["serviceOrder", id] => one(state.told(id)),
        ["hub", id] => one(state
            .hubs
            .get(*id)
            .map(|url| json!({"id": id, "callback": url}))),
        ["service"] => Answer::json(200, &json!([])),
        ["service", id] => one((state.services.get(*id))
            .map(|of| json!({"id": id, "externalId": of.of, "state": of.state}))),
        ["testJob"] => Answer::json(200, &json!([])),
        ["testJob", id] => one(state.jobs.get_mut(*id).map(|(_, seen)| {
            let word = if *seen { "completed" } else { "inProgress" };
            *seen = true;
            json!({"id": id, "state": word})
        })),
        ["testResult"] => {
            let job = request.parameter("testJobId").unwrap_or_default();
            let date = broker::clock::now().timestamp;
            let result = json!({"id": job, "testJob": {"id": job}, "actualEndDateTime": date});
            Answer::json(200, &json!([result]))
        }
        ["testResult", id] => one(state.jobs.get(*id).map(|(passes, _)| {
            json!({"id": id, "testJob": {"id": id}, "serviceSpecificTestResultConfiguration": {
                "@type": "urn:brokermdo:schema:segment-test-result:v1",
                "passed": passes, "detail": format!("as {domain} sees it")}})
        })),
        _ => not_found(),
    }
}

fn page(state: &State, request: &Request) -> Answer {
    let number = |name: &str| request.parameter(name).and_then(|text| text.parse().ok());
    let since: Option<Timestamp> = request
        .parameter("orderDate.gt")
        .map(|text| text.parse().unwrap());
    let all: Vec<&(String, Order)> = state
        .orders
        .iter()
        .filter(|(_, order)| since.is_none_or(|since| order.date > since))
        .collect();
    let offset = number("offset").unwrap_or(0);
    let limit = number("limit").unwrap_or(100).min(100);
    let page = all.iter().skip(offset).take(limit);
    let page: Vec<Value> = page.map(|(id, order)| told(id, order)).collect();
    Answer {
        headers: vec![
            ("x-total-count", all.len().to_string()),
            ("x-result-count", page.len().to_string()),
        ],
        ..Answer::json(200, &json!(page))
    }
}
