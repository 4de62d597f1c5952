//! A partner's SOF that can do everything wrong.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// What is to be done wrong with a request.
#[derive(Clone, Debug)]
pub(crate) enum Wrong {
    /// Nothing.
    Nothing,
    /// This status, with this body, and nothing is done.
    Says(u16, String),
    /// Nothing is done, and the connection ends.
    Resets,
    /// It is done, and the connection ends before the answer.
    Forgets,
    /// It is done; the answer comes after this time.
    Late(Duration),
    /// It is done; the answer is this instead.
    Answers(u16, String),
    /// A body without end.
    Floods,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Option<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) orders: Vec<Value>,
    pub(crate) services: Vec<Value>,
    pub(crate) hubs: Vec<Value>,
    pub(crate) jobs: Vec<Value>,
    pub(crate) results: Vec<Value>,
    /// What the next requests meet, by a part of their method and path: `POST /serviceOrder`.
    pub(crate) wrongs: VecDeque<(String, Wrong)>,
    pub(crate) asked: Vec<Asked>,
    /// The most orders on a page.
    pub(crate) page: usize,
    /// Whether pages tell how many there are in all.
    pub(crate) tells_total: bool,
    /// Whether `offset` is not heeded.
    pub(crate) repeats: bool,
    /// How a test ends: the state of the job, and what the result says.
    pub(crate) test_state: String,
    pub(crate) test_result: Value,
    /// Polls until a test ends.
    pub(crate) test_polls: usize,
    given: usize,
}

/// A partner on a port of its own; it ends with the test process.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    world: Arc<Mutex<World>>,
}

pub(crate) const DATE: &str = "2026-11-29T12:00:00Z";

impl Fake {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self::on(listener)
    }

    fn on(listener: std::net::TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let world = World {
            page: 100,
            tells_total: true,
            test_state: "completed".to_owned(),
            test_result: json!({
                "@type": "urn:brokermdo:schema:segment-test-result:v1",
                "passed": true, "delayNs": 1_200_000, "detail": "all flows come through",
            }),
            ..World::default()
        };
        let world = Arc::new(Mutex::new(world));
        let router = Router::new()
            .fallback(answer)
            .with_state((Arc::clone(&world), address));
        listener.set_nonblocking(true).unwrap();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self { address, world }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.world.lock().unwrap())
    }

    /// The next request that has this in its method and path meets that; requests before it do not.
    pub(crate) fn next(&self, request: &str, wrong: Wrong) {
        self.with(|world| world.wrongs.push_back((request.to_owned(), wrong)));
    }

    /// The requests so far that have this in their method and path.
    pub(crate) fn asked(&self, request: &str) -> Vec<Asked> {
        self.with(|world| {
            let asked = world.asked.iter();
            asked
                .filter(|asked| format!("{} {}", asked.method, asked.path).contains(request))
                .cloned()
                .collect()
        })
    }

    /// An order that somebody placed.
    pub(crate) fn has_order(&self, external_id: &str, date: &str, state: &str) -> String {
        self.with(|world| {
            let id = world.give("o");
            let order = order_of(
                &id,
                Some(external_id),
                date,
                state,
                json!([item("add", state)]),
            );
            world.orders.push(order);
            id
        })
    }

    pub(crate) fn has_service(&self, id: &str, state: &str) {
        let service =
            json!({"id": id, "state": state, "externalId": "svc", "serviceType": "segment"});
        self.with(|world| world.services.push(service));
    }
}

fn item(action: &str, state: &str) -> Value {
    json!({"id": "1", "action": action, "state": state, "service": {"id": "s-1"}})
}

fn order_of(id: &str, external_id: Option<&str>, date: &str, state: &str, items: Value) -> Value {
    let mut order = json!({
        "id": id, "href": format!("/serviceOrder/{id}"), "state": state, "orderDate": date,
        "requestedStartDate": date, "requestedCompletionDate": "2026-12-29T12:00:00Z",
        "serviceOrderItem": items,
    });
    if let Some(external_id) = external_id {
        order["externalId"] = external_id.into();
    }
    order
}

impl World {
    fn give(&mut self, kind: &str) -> String {
        self.given += 1;
        format!("{kind}-{}", self.given)
    }
}

async fn answer(
    State((world, address)): State<(Arc<Mutex<World>>, SocketAddr)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let path = parts.uri.to_string();
    let name = format!("{} {path}", parts.method);
    let asked = Asked {
        method: parts.method.clone(),
        path,
        authorization: parts
            .headers
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(&body).ok(),
    };
    let wrong = {
        let mut world = world.lock().unwrap();
        world.asked.push(asked.clone());
        let next = world.wrongs.front();
        if next.is_some_and(|(request, _)| name.contains(request.as_str())) {
            world.wrongs.pop_front().map(|(_, wrong)| wrong)
        } else {
            None
        }
    };
    let done = |world: &Mutex<World>| {
        let (status, headers, body) = act(&mut world.lock().unwrap(), &asked, &parts.uri, address);
        respond(status, &headers, body)
    };
    match wrong.unwrap_or(Wrong::Nothing) {
        Wrong::Nothing => done(&world),
        Wrong::Says(status, body) => respond(status, &[], Some(Value::String(body))),
        // Without the hook's noise; the connection's task ends, and the connection with it.
        Wrong::Resets => std::panic::resume_unwind(Box::new("reset")),
        Wrong::Forgets => {
            done(&world);
            std::panic::resume_unwind(Box::new("forgotten"))
        }
        Wrong::Late(time) => {
            let answer = done(&world);
            tokio::time::sleep(time).await;
            answer
        }
        Wrong::Answers(status, body) => {
            done(&world);
            respond(status, &[], Some(Value::String(body)))
        }
        Wrong::Floods => {
            let body = vec![b' '; 32 << 20];
            let mut response = Response::new(Body::from(body));
            response
                .headers_mut()
                .insert("content-type", "application/json".parse().unwrap());
            response
        }
    }
}

/// A text is a body as it is; all else is JSON.
fn respond(status: u16, headers: &[(&'static str, String)], body: Option<Value>) -> Response {
    let text = match body {
        Some(Value::String(text)) => text,
        Some(body) => body.to_string(),
        None => String::new(),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let own = response.headers_mut();
    own.insert(
        "content-type",
        "application/json;charset=utf-8".parse().unwrap(),
    );
    for (name, value) in headers {
        own.insert(*name, value.parse().unwrap());
    }
    response
}

type Done = (u16, Vec<(&'static str, String)>, Option<Value>);

fn fine(status: u16, body: Value) -> Done {
    (status, Vec::new(), Some(body))
}

fn not_found() -> Done {
    fine(404, json!({"code": "notFound", "reason": "there is none"}))
}

fn query(uri: &http::Uri, name: &str) -> Option<String> {
    let url = url::Url::parse(&format!("http://x{uri}")).unwrap();
    let found = url.query_pairs().find(|(of, _)| of == name)?;
    Some(found.1.into_owned())
}

/// What a partner does that does nothing wrong.
fn act(world: &mut World, asked: &Asked, uri: &http::Uri, address: SocketAddr) -> Done {
    let path = uri.path().trim_start_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let ["mefApi", "interlude", api, version, rest @ ..] = parts.as_slice() else {
        return not_found();
    };
    let method = asked.method.as_str();
    match (*api, *version, method, rest) {
        ("serviceOrderingManagement", "v1", "GET", ["serviceOrder"]) => {
            page(world.orders.clone(), world, uri)
        }
        ("serviceOrderingManagement", "v1", "POST", ["serviceOrder"]) => order(world, asked),
        ("serviceOrderingManagement", "v1", "GET", ["serviceOrder", id]) => one(&world.orders, id),
        ("serviceOrderingManagement", "v1", "POST", ["hub"]) => {
            let callback = asked.body.as_ref().unwrap()["callback"].clone();
            let id = world.give("h");
            let hub = json!({"id": id, "callback": callback});
            world.hubs.push(hub.clone());
            fine(201, hub)
        }
        ("serviceOrderingManagement", "v1", "GET", ["hub", id]) => one(&world.hubs, id),
        ("serviceOrderingManagement", "v1", "DELETE", ["hub", id]) => {
            let before = world.hubs.len();
            world.hubs.retain(|hub| hub["id"] != *id);
            if world.hubs.len() < before {
                (204, Vec::new(), None)
            } else {
                not_found()
            }
        }
        ("serviceInventory", "v2" | "v1", "GET", ["service"]) => {
            page(world.services.clone(), world, uri)
        }
        ("serviceInventory", "v2" | "v1", "GET", ["service", id]) => one(&world.services, id),
        ("serviceFunctionTesting", "v3", "POST", ["testJob"]) => test(world, asked, address),
        ("serviceFunctionTesting", "v3", "GET", ["testJob"]) => {
            page(world.jobs.clone(), world, uri)
        }
        ("serviceFunctionTesting", "v3", "GET", ["testJob", id]) => {
            if world.test_polls > 0 {
                world.test_polls -= 1;
            } else {
                let state = world.test_state.clone();
                for job in world.jobs.iter_mut().filter(|job| job["id"] == *id) {
                    job["state"] = state.as_str().into();
                }
            }
            one(&world.jobs, id)
        }
        ("serviceFunctionTesting", "v3", "GET", ["testResult"]) => {
            let job = query(uri, "testJobId").unwrap();
            let results = world.results.iter();
            let common = results.filter(|result| result["testJob"]["id"] == job.as_str());
            let common = common.map(|result| {
                let mut common = result.clone();
                // The list has what results have in common.
                common
                    .as_object_mut()
                    .unwrap()
                    .remove("serviceSpecificTestResultConfiguration");
                common
            });
            fine(200, common.collect())
        }
        ("serviceFunctionTesting", "v3", "GET", ["testResult", id]) => one(&world.results, id),
        _ => not_found(),
    }
}

fn one(of: &[Value], id: &str) -> Done {
    let found = of.iter().find(|element| element["id"] == id);
    found.map_or_else(not_found, |found| fine(200, found.clone()))
}

fn page(all: Vec<Value>, world: &World, uri: &http::Uri) -> Done {
    let number = |name: &str| query(uri, name).map(|text| text.parse::<usize>().unwrap());
    let since: Option<jiff::Timestamp> =
        query(uri, "orderDate.gt").map(|text| text.parse().unwrap());
    let all: Vec<Value> = all
        .into_iter()
        .filter(|order| {
            let date = order["orderDate"].as_str();
            let date = date.map(|text| text.parse::<jiff::Timestamp>().unwrap());
            since.is_none_or(|since| date.is_some_and(|date| date > since))
        })
        .collect();
    let offset = if world.repeats {
        0
    } else {
        number("offset").unwrap_or(0)
    };
    let limit = number("limit").unwrap_or(usize::MAX).min(world.page);
    let page: Vec<Value> = all.iter().skip(offset).take(limit).cloned().collect();
    let mut headers = vec![("x-result-count", page.len().to_string())];
    if world.tells_total {
        headers.push(("x-total-count", all.len().to_string()));
    }
    (200, headers, Some(page.into()))
}

fn order(world: &mut World, asked: &Asked) -> Done {
    let body = asked.body.clone().unwrap_or_default();
    let items = body["serviceOrderItem"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if items.is_empty() {
        let fault = |path: &str| json!({"code": "missingProperty", "propertyPath": path, "reason": "it is needed"});
        return fine(
            422,
            json!([fault("/serviceOrderItem"), fault("/requestedStartDate")]),
        );
    }
    let id = world.give("o");
    let action = items[0]["action"].as_str().unwrap_or("add").to_owned();
    let order = order_of(
        &id,
        body["externalId"].as_str(),
        DATE,
        "acknowledged",
        json!([item(&action, "acknowledged")]),
    );
    world.orders.push(order.clone());
    fine(201, order)
}

fn test(world: &mut World, asked: &Asked, address: SocketAddr) -> Done {
    let (job, result) = (world.give("j"), world.give("r"));
    let body = asked.body.clone().unwrap();
    let mut told = body.clone();
    told["id"] = job.as_str().into();
    told["href"] = format!("http://{address}/testJob/{job}").into();
    told["creationDate"] = DATE.into();
    told["lastModifiedDate"] = DATE.into();
    told["state"] = "acknowledged".into();
    world.jobs.push(told.clone());
    world.results.push(json!({
        "id": result, "href": format!("http://{address}/testResult/{result}"),
        "actualStartDateTime": DATE, "actualEndDateTime": "2026-11-29T12:00:05Z",
        "relatedServiceFrom": body["relatedServiceFrom"], "relatedServiceTo": body["relatedServiceTo"],
        "testJob": {"id": job},
        "serviceSpecificTestResultConfiguration": world.test_result,
    }));
    fine(201, told)
}
