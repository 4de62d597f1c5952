//! What people see of notifications, and do about them.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use broker::http::server::Server as HttpServer;
use broker::http::{App, routes};
use broker::ingest::Inbox;
use broker::lso::interlude::Interlude;
use broker::lso::partners::book::Book;
use broker::published::Published;
use broker::settings::{Overrides, Settings, load};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::post::{Post, event, listener, numbers, rules, until};
use crate::server::Response;

/// The HTTP side over a post office.
async fn serve(post: &Post, settings: &str) -> SocketAddr {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), settings).unwrap();
    let settings: Settings = load(Some(file.path()), &Overrides::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let published = Arc::new(Published::new(alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    }));
    let metrics = Arc::clone(&post.metrics);
    let interlude = Interlude::new(&settings.sof, Arc::clone(&metrics)).unwrap();
    let app = App::over(
        settings.clone(),
        published,
        Inbox::new().0,
        Arc::new(Book::new(post.lso.clone(), Arc::new(interlude), None)),
        Arc::clone(&metrics),
    );
    let server = HttpServer {
        listener,
        tls: None,
        router: routes(app),
        limits: settings.limits,
        metrics,
    };
    tokio::spawn(server.run(CancellationToken::new()));
    address
}

/// Holds a body against the schema of this name in the broker's own document.
#[track_caller]
fn described(schema: &str, body: &Value) {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let document = std::fs::read_to_string(document).unwrap();
    let document = crate::schema::Document::new(serde_json::from_str(&document).unwrap());
    let schema = serde_json::json!({"$ref": format!("#/components/schemas/{schema}")});
    document.check_body(&schema, body);
}

fn ctl(address: SocketAddr, args: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_brokerctl"))
        .args(["--server", &format!("http://{address}")])
        .args(args)
        .env_remove("BROKERCTL_TOKEN")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_what_waits_and_send_dead_letters_again_or_forget_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let address = serve(&post, "").await;
    assert_eq!(
        ctl(address, &["notifications"]),
        (true, "no subscriptions\n".to_owned())
    );
    assert_eq!(
        ctl(address, &["dead-letters"]),
        (true, "no dead letters\n".to_owned())
    );
    let listener = listener(413);
    let lane = post.subscribe(&listener.url(""), "").await;
    post.run(rules());
    post.tell((0..3).map(event)).await;
    until("all are given up", || async {
        post.dead(&lane).await.len() == 3
    })
    .await;

    let (good, shown) = ctl(address, &["--json", "notifications"]);
    assert!(good, "{shown}");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let one = &shown["subscriptions"][0];
    assert_eq!(
        (&one["id"], &one["buyer"]),
        (&lane.clone().into(), &"AS1".into())
    );
    assert_eq!(
        (&one["waiting"], &one["dead"], &one["missed"]),
        (&0.into(), &3.into(), &3.into())
    );
    described("Notifications", &shown);
    let (_, table) = ctl(address, &["notifications"]);
    assert!(table.contains(&lane), "{table}");

    let (_, letters) = ctl(address, &["--json", "dead-letters"]);
    let letters: Value = serde_json::from_str(&letters).unwrap();
    described("DeadLetters", &letters);
    let letters = letters["dead-letters"].as_array().unwrap().clone();
    let id = |at: usize| letters[at]["id"].as_str().unwrap();
    assert_eq!(letters[0]["last-error"], "HTTP 413");
    assert_eq!(letters[0]["event-type"], "serviceOrderStateChangeEvent");
    let (_, table) = ctl(address, &["dead-letters", "--after", id(0)]);
    assert!(
        !table.contains(id(0)) && table.contains(id(1)) && table.contains(id(2)),
        "{table}"
    );

    let before = listener.asked().len();
    listener.answer(|_| Response::status(204));
    let (good, said) = ctl(address, &["dead-letters", "retry", id(1)]);
    assert!(good && said.contains("sent again"), "{said}");
    until("it is told", || async { listener.asked().len() > before }).await;
    let again = &listener.asked()[before..];
    assert_eq!(numbers(again), [1]);
    assert_eq!(again[0].header("missed-events"), Some("3"));
    assert!(ctl(address, &["dead-letters", "forget", id(0)]).0);
    until("one is left", || async {
        post.dead(&lane).await.len() == 1
    })
    .await;
    for gone in [id(0), id(1), "nonsense"] {
        for what in ["retry", "forget"] {
            let (good, said) = ctl(address, &["dead-letters", what, gone]);
            assert!(!good && said.contains("there is no dead letter"), "{said}");
        }
    }
    post.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_sent_again_does_not_wait_for_the_pause_of_its_lane() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let address = serve(&post, "").await;
    let listener = listener(422);
    let lane = post.subscribe(&listener.url(""), "").await;
    post.run(rules());
    post.tell([event(0)]).await;
    until("it is given up", || async {
        !post.dead(&lane).await.is_empty()
    })
    .await;
    post.stop().await;
    // From now on it pauses for an hour.
    listener.answer(|_| Response::status(503));
    post.run(broker::lso::outbox::Rules {
        first_backoff: Duration::from_secs(7_200),
        longest_backoff: Duration::from_secs(7_200),
        ..rules()
    });
    post.tell([event(1)]).await;
    until("it pauses", || async {
        post.subscriber(&lane).await.delivery.failures == 1
    })
    .await;
    listener.answer(|_| Response::status(204));
    let (_, letters) = ctl(address, &["--json", "dead-letters"]);
    let letters: Value = serde_json::from_str(&letters).unwrap();
    assert!(
        ctl(
            address,
            &[
                "dead-letters",
                "retry",
                letters["dead-letters"][0]["id"].as_str().unwrap()
            ]
        )
        .0
    );
    until("both are told", || async { post.waiting(&lane).await == 0 }).await;
    post.stop().await;
    let told = numbers(&listener.asked());
    assert_eq!(told[told.len() - 2..], [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_and_auditors_see_notifications_and_only_operators_change_them() {
    let folder = tempfile::tempdir().unwrap();
    let post = Post::open(folder.path()).await;
    let principal = |name: &str, role: &str| {
        format!(
            "[[auth.principals]]\nname = '{name}'\nrole = '{role}'\ntoken = '{name}-secret-0123456'\n"
        )
    };
    let settings = [("shop", "buyer"), ("ops", "operator"), ("watch", "auditor")]
        .map(|(name, role)| principal(name, role))
        .concat();
    let address = serve(&post, &settings).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |name: &str, method: &str, path: &str| {
        let request = client.request(method.parse().unwrap(), format!("http://{address}{path}"));
        let request = request.bearer_auth(format!("{name}-secret-0123456"));
        request.send().await.unwrap().status().as_u16()
    };
    for path in ["/broker/v1/notifications", "/broker/v1/dead-letters"] {
        assert_eq!(status("ops", "GET", path).await, 200);
        assert_eq!(status("watch", "GET", path).await, 200);
        assert_eq!(status("shop", "GET", path).await, 403);
    }
    let letter = "/broker/v1/dead-letters/a-000000000000000100000000";
    for (method, path) in [
        ("DELETE", letter.to_owned()),
        ("POST", format!("{letter}/retry")),
    ] {
        assert_eq!(status("ops", method, &path).await, 404);
        assert_eq!(status("watch", method, &path).await, 403);
        assert_eq!(status("shop", method, &path).await, 403);
    }
    assert_eq!(
        status("ops", "GET", "/broker/v1/dead-letters?after=x").await,
        404
    );
}
