use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

/// Longer than anything here takes on the slowest machine that we care for.
const DEADLINE: Duration = Duration::from_secs(60);

/// What was asked, in one line: method, end of the path, condition.
type Asked = String;

type Answer = dyn Fn(&str, usize) -> http::Response<Body> + Send + Sync;

/// A broker that answers as a test wants: to a line, of which it has had so many before.
#[derive(Clone)]
struct Broker {
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Answer>,
}

fn response(status: u16, name: &str, value: &str) -> http::Response<Body> {
    let response = http::Response::builder().status(status).header(name, value);
    response.body(Body::empty()).unwrap()
}

async fn serve(State(broker): State<Broker>, request: Request) -> http::Response<Body> {
    let field = |name| {
        let value = request.headers().get(name);
        value.map(|value: &HeaderValue| value.to_str().unwrap().to_owned())
    };
    let condition = match (field(IF_NONE_MATCH), field(IF_MATCH)) {
        (None, None) => String::new(),
        (Some(value), None) => format!(" unless {value}"),
        (None, Some(value)) => format!(" if {value}"),
        both => panic!("{both:?}"),
    };
    let path = request.uri().path().to_owned();
    let end = path.strip_prefix("/base/broker/v1/domains/").unwrap();
    let line = format!("{} {end}{condition}", request.method());
    let mut asked = broker.asked.lock().unwrap();
    let before = asked.iter().filter(|other| **other == line).count();
    asked.push(line.clone());
    drop(asked);
    (broker.answer)(&line, before)
}

impl Broker {
    /// The broker, and an MdO of AS1 for it that speaks of a second.
    async fn start(
        answer: impl Fn(&str, usize) -> http::Response<Body> + Send + Sync + 'static,
    ) -> (Self, Member) {
        let broker = Self {
            asked: Arc::default(),
            answer: Arc::new(answer),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/base/", listener.local_addr().unwrap());
        let router = Router::new().fallback(serve).with_state(broker.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let scenario = Scenario::open("3as").unwrap();
        let domain = scenario.domain(&"AS1".parse().unwrap()).unwrap().clone();
        let (url, second) = (url.parse().unwrap(), Duration::from_secs(1));
        let member = Member::new(scenario, domain, &url, None, second).unwrap();
        (broker, member)
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What was asked, once it is this much, heartbeats left out.
    async fn first(&self, count: usize) -> Vec<Asked> {
        let waiting = async {
            loop {
                let mut asked = self.asked();
                asked.retain(|line| !line.ends_with("/heartbeat"));
                if asked.len() >= count {
                    return asked;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        let asked = timeout(DEADLINE, waiting).await;
        asked.unwrap_or_else(|_| panic!("{:?}", self.asked()))
    }

    async fn heartbeats(&self, count: usize) {
        let waiting = async {
            let is_beat = |line: &&Asked| *line == "POST AS1/heartbeat";
            while self.asked().iter().filter(is_beat).count() < count {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(DEADLINE, waiting).await.unwrap();
    }
}

fn run(mut member: Member) -> JoinHandle<()> {
    tokio::spawn(async move { member.run().await })
}

#[tokio::test]
async fn what_is_new_is_created_and_what_is_there_replaced() {
    let (broker, member) = Broker::start(|line, _| match line {
        // Somebody was here before.
        "PUT AS1/topology unless *" => response(412, "etag", "\"t1\""),
        "PUT AS1/topology if \"t1\"" => response(200, "etag", "\"t2\""),
        _ => response(201, "etag", "\"x\""),
    })
    .await;
    let running = run(member);
    let asked = broker.first(4).await;
    assert_eq!(
        asked,
        [
            "PUT AS1 unless *",
            "PUT AS1/resources unless *",
            "PUT AS1/topology unless *",
            "PUT AS1/topology if \"t1\"",
        ]
    );
    broker.heartbeats(3).await;
    assert_eq!(
        broker.first(4).await.len(),
        4,
        "what did not change is not sent again"
    );
    running.abort();
}

#[tokio::test]
async fn whom_the_broker_does_not_know_any_more_registers_anew_and_pushes_everything() {
    let (broker, member) = Broker::start(|line, before| match line {
        "POST AS1/heartbeat" if before == 1 => response(404, "x", ""),
        "POST AS1/heartbeat" => response(200, "x", ""),
        _ => response(201, "etag", "\"x\""),
    })
    .await;
    let running = run(member);
    let asked = broker.first(6).await;
    assert_eq!(asked[..3], asked[3..], "{asked:?}");
    assert_eq!(asked[3], "PUT AS1 unless *");
    running.abort();
}

/// A broker that has had the domain all along is not sent again what it has.
#[tokio::test]
async fn after_trouble_the_registration_tells_whether_the_rest_is_still_there() {
    let (broker, member) = Broker::start(|line, before| match line {
        "POST AS1/heartbeat" if before == 1 => response(502, "x", ""),
        "PUT AS1 if \"r\"" => response(200, "etag", "\"r\""),
        "PUT AS1 unless *" => response(201, "etag", "\"r\""),
        _ => response(200, "etag", "\"x\""),
    })
    .await;
    let running = run(member);
    assert_eq!(broker.first(4).await[3], "PUT AS1 if \"r\"");
    broker.heartbeats(4).await;
    assert_eq!(broker.first(4).await.len(), 4, "{:?}", broker.asked());
    running.abort();
}

#[tokio::test]
async fn a_broker_in_trouble_is_tried_again() {
    for status in [503, 500, 429, 401] {
        let (broker, member) = Broker::start(move |line, before| match line {
            "PUT AS1 unless *" if before < 2 => response(status, "retry-after", "0"),
            _ => response(201, "etag", "\"x\""),
        })
        .await;
        let running = run(member);
        let asked = broker.first(5).await;
        assert_eq!(asked[..3], ["PUT AS1 unless *"; 3], "{status}");
        running.abort();
    }
}

#[test]
fn members_do_not_come_back_in_step() {
    let first: std::collections::BTreeSet<Duration> =
        (0..20).filter_map(|_| backoff().next()).collect();
    assert!(first.len() > 1, "{first:?}");
}

#[tokio::test]
async fn what_is_refused_is_not_sent_again_and_the_rest_goes_on() {
    let (broker, member) = Broker::start(|line, _| match line {
        "PUT AS1/resources unless *" => response(422, "x", ""),
        _ => response(201, "etag", "\"x\""),
    })
    .await;
    let running = run(member);
    broker.heartbeats(3).await;
    let asked = broker.first(3).await;
    let ends: Vec<&str> = asked.iter().map(|line| &line[..12]).collect();
    assert_eq!(ends, ["PUT AS1 unle", "PUT AS1/reso", "PUT AS1/topo"]);
    running.abort();
}

#[tokio::test]
async fn two_writers_do_not_chase_each_other_for_ever() {
    let (broker, mut member) = Broker::start(|line, before| {
        if line.starts_with("PUT AS1/resources") {
            response(412, "etag", &format!("\"{before}\""))
        } else {
            response(201, "etag", "\"x\"")
        }
    })
    .await;
    member.register().await.unwrap();
    let trouble = member.push().await.unwrap_err();
    assert!(matches!(trouble, Trouble::Away(_, None)), "{trouble:?}");
    assert_eq!(broker.asked().len(), 1 + ATTEMPTS);
}

#[tokio::test]
async fn only_who_registered_leaves() {
    let (broker, mut member) = Broker::start(|line, _| match line {
        "DELETE AS1" => response(204, "x", ""),
        _ => response(201, "etag", "\"x\""),
    })
    .await;
    member.leave().await;
    assert!(broker.asked().is_empty());
    member.register().await.unwrap();
    member.leave().await;
    assert_eq!(broker.asked(), ["PUT AS1 unless *", "DELETE AS1"]);
}
