//! What the broker tells of orders and choices over HTTP.

use std::sync::Arc;
use std::time::Duration;

use broker::http::server::Server;
use broker::http::{App, routes};
use broker::ingest::Inbox;
use broker::lso::Lso;
use broker::lso::interlude::Interlude;
use broker::lso::partners::book::Book;
use broker::settings::{PrincipalEntry, Role, Settings};
use serde_json::Value;
use sof::order::{Action, OrderState};
use sof::saga::Phase;
use sof::service::ServiceState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::partners::Fate;
use super::setting::{Setting, plain};

const SHOP: &str = "token-of-the-shop";
const OTHER: &str = "token-of-another";
const OPERATOR: &str = "token-of-operators";

/// The routes over a setting's store.
async fn serve(setting: &Setting) -> std::net::SocketAddr {
    let mut settings = Settings::default();
    for (name, role, token) in [
        ("shop", Role::Buyer, SHOP),
        ("other", Role::Buyer, OTHER),
        ("ops", Role::Operator, OPERATOR),
    ] {
        settings.auth.principals.push(PrincipalEntry {
            name: name.to_owned(),
            role,
            domain: None,
            token: Some(token.to_owned().into()),
            digest_ha1: None,
            digest_ha1_file: None,
            certificate: None,
        });
    }
    let (lso, _) = Lso::new(Arc::clone(&setting.store));
    let limits = settings.limits;
    let (inbox, _) = Inbox::new();
    let interlude = Interlude::new(&settings.sof, Arc::clone(&setting.metrics)).unwrap();
    let app = App::over(
        settings,
        setting.published(),
        inbox,
        Arc::new(Book::new(lso, Arc::new(interlude), None)),
        Arc::clone(&setting.metrics),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server {
        listener,
        tls: None,
        router: routes(app),
        limits,
        metrics: Arc::clone(&setting.metrics),
    };
    tokio::spawn(server.run(CancellationToken::new()));
    address
}

/// What of an answer is not as the document says.
async fn faults(address: std::net::SocketAddr, schema: &str, body: &Value) -> Vec<String> {
    let (_, document) = ask(address, "/openapi.json", SHOP).await;
    let schema = serde_json::json!({
        "$ref": format!("#/components/schemas/{schema}"),
        "components": document["components"],
    });
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&schema).unwrap();
    let faults = validator.iter_errors(body);
    faults
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

async fn ask(address: std::net::SocketAddr, path: &str, token: &str) -> (u16, Value) {
    send(address, "GET", path, token, "").await
}

async fn send(
    address: std::net::SocketAddr,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: broker\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let json = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
    (status, serde_json::from_str(json).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_told_to_who_ordered_and_selections_to_operators() {
    let mut setting = Setting::slow(false, Duration::from_millis(10)).await;
    setting.fakes.fate("AS2", "add", Fate::Refuse);
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    let address = serve(&setting).await;
    assert!(setting.until_phase("o1", Phase::Activating).await);
    let path = "/broker/v1/orders/o1/progress";
    let (status, progress) = ask(address, path, SHOP).await;
    assert_eq!((status, &progress["state"]), (200, &"inProgress".into()));
    let item = &progress["items"][0];
    assert_eq!(item["attempts"], 2);
    assert_eq!(item["selection"], "s1.2");
    assert_eq!(item["partners"].as_array().unwrap().len(), 3, "{item}");
    assert_eq!(item["reasons"][0]["domain"], "AS2");
    assert_eq!(faults(address, "Progress", &progress).await, [""; 0]);
    assert_eq!(ask(address, path, OTHER).await.0, 404);
    assert_eq!(ask(address, path, OPERATOR).await.0, 200);
    assert_eq!(
        ask(address, "/broker/v1/orders/o9/progress", SHOP).await.0,
        404
    );
    let (status, selection) = ask(address, "/broker/v1/selections/s1.2", OPERATOR).await;
    assert_eq!(status, 200);
    assert_eq!(faults(address, "Selection", &selection).await, [""; 0]);
    assert_eq!(selection["candidates"][0]["chosen"], true);
    assert_eq!(selection["candidates"][0]["nodes"]["A"], "AS3");
    assert!(selection["candidates"][0]["score"].is_number());
    let closed = selection["closed"][0].clone();
    assert_eq!(closed["domain"], "AS2");
    assert!(
        closed["detail"].as_str().unwrap().contains("no room"),
        "{closed}"
    );
    assert_eq!(
        ask(address, "/broker/v1/selections/s1.2", SHOP).await.0,
        403
    );
    assert_eq!(
        ask(address, "/broker/v1/selections/s9.1", OPERATOR).await.0,
        404
    );
    setting.until("o1", OrderState::Completed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decomposition_says_what_could_be_had_of_whom_and_what_is_missing() {
    let setting = Setting::new(false).await;
    let address = serve(&setting).await;
    let request = serde_json::json!({"sg": plain(10).unwrap()["sg"], "objective": "delay", "k": 5});
    let path = "/broker/v1/decomposition";
    let ask = || send(address, "POST", path, OPERATOR, "");
    assert_eq!(ask().await.0, 400);
    let body = request.to_string();
    let (status, told) = send(address, "POST", path, OPERATOR, &body).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(faults(address, "Decomposition", &told).await, [""; 0]);
    assert_eq!(told["candidates"][0]["nodes"]["A"], "AS2");
    assert!(told["candidates"].as_array().unwrap().len() > 1 && told.get("missing").is_none());
    setting.disagree("AS4").await;
    let (_, told) = send(address, "POST", path, OPERATOR, &body).await;
    assert!(told["missing"].as_str().unwrap().contains("AS4"), "{told}");
    assert_eq!(told["closed"][0]["domain"], "AS4");
    assert!(setting.fakes.state().orders.is_empty() && setting.book.kept().is_empty());
    assert_eq!(send(address, "POST", path, SHOP, &body).await.0, 403);
}
