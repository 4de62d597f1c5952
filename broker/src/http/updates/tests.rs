use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use alto::updates::{Message, Open, Snapshot, Store, Stream, StreamLimits};
use alto::{Content, Service};
use axum::body::Body;
use http::Request;
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::*;
use crate::events::Changes;
use crate::http::routes;
use crate::ingest::Inbox;
use crate::lso::Lso;
use crate::lso::interlude::Interlude;
use crate::lso::partners::book::Book;
use crate::metrics::Metrics;
use crate::placements::tests::federation;
use crate::published::Published;
use crate::settings::{self, Anonymous};
use crate::store::memory::MemoryStore;
use crate::updates::Making;

/// Two domains, and what answers for them.
fn app(making: Making) -> App {
    let mut settings = Settings::default();
    settings.auth.anonymous = Anonymous::Everyone;
    let published = Arc::new(Published::new(alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    }));
    let version = federation(&[
        (
            "AS1",
            json!({"nf": "NF", "neighbours": [{"domain": "AS2"}]}),
        ),
        ("AS2", json!({"neighbours": [{"domain": "AS1"}]})),
    ]);
    let (idr, idt) = (version.maps.idr(), version.maps.idt());
    published.publish(
        Arc::clone(idr),
        Arc::clone(idt),
        Arc::default(),
        Changes::default(),
    );
    let metrics = Arc::new(Metrics::new());
    let hub = Hub::new(
        Arc::clone(&published),
        Arc::clone(&metrics),
        &settings,
        CancellationToken::new(),
    );
    let (lso, _wakes) = Lso::new(Arc::new(MemoryStore::new()));
    let interlude = Interlude::new(&settings.sof, Arc::clone(&metrics)).unwrap();
    let book = Arc::new(Book::new(lso, Arc::new(interlude), None));
    let hub = hub.making_by(making);
    App::over_hub(settings, published, Inbox::new().0, book, metrics, hub)
}

async fn post(app: &App, path: &str, kind: &str, body: &serde_json::Value) -> Response {
    let request = Request::post(path)
        .header("host", "broker")
        .header("content-type", kind)
        .body(Body::from(body.to_string()))
        .unwrap();
    routes(app.clone()).oneshot(request).await.unwrap()
}

/// Whether making the map by role fails as a bug of ours would make it.
static IS_BROKEN: AtomicBool = AtomicBool::new(false);

fn maybe_broken(view: &View, service: &Service, ask: &Ask) -> Result<Snapshot, Refused> {
    let is_meant = view.resource().id == "networkmap-role";
    assert!(!(is_meant && IS_BROKEN.load(Ordering::Relaxed)), "a bug");
    view.now(service, ask)
}

/// Who asks gets 500; others, and he after it is mended, get what they ask for.
#[tokio::test]
async fn a_bug_in_making_a_view_is_told_to_who_asks_and_holds_up_nobody() {
    let app = app(maybe_broken);
    IS_BROKEN.store(true, Ordering::Relaxed);
    let tips = async |id: &str| {
        let request = json!({"resource-id": id});
        post(&app, "/tips", media::TIPS_PARAMS, &request)
            .await
            .status()
    };
    let stream = async |path: &str, add: serde_json::Value| {
        let request = json!({"add": {"a": add}});
        let params = media::UPDATE_STREAM_PARAMS;
        post(&app, path, params, &request).await.status()
    };
    let role = || json!({"resource-id": "networkmap-role"});
    assert_eq!(tips("networkmap-role").await, 500);
    assert_eq!(stream("/updates", role()).await, 500);
    let summary = json!({"resource-id": "tips", "input": role()});
    assert_eq!(stream("/updates/tips", summary).await, 500);
    // Nothing of it is left.
    assert!(app.shared.updates.hub.store().is_empty());
    assert_eq!(app.shared.updates.streams.len(), 0);
    assert_eq!(tips("networkmap").await, 200);
    IS_BROKEN.store(false, Ordering::Relaxed);
    assert_eq!(tips("networkmap-role").await, 200);
}

/// A poll that has come holds its view: no sweep closes it, and what it is of stays watched, however the two
/// fall together.
#[tokio::test]
async fn a_view_that_is_asked_for_while_it_is_closed_is_there_or_is_not() {
    let app = app(View::now);
    let hub = Arc::clone(&app.shared.updates.hub);
    let settings = settings::Updates {
        idle: Duration::ZERO,
        ..settings::Updates::default()
    };
    let wanted = View::new(alto::resource("networkmap").unwrap(), None, None);
    for _ in 0..200 {
        let views = Arc::new(Views::new(&settings));
        let Ok(lease) = watch(&app, &wanted).await else {
            panic!("the map is there");
        };
        let counted = views.place(Client::of(
            &Principal::Anonymous,
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        ));
        let opened = views.add(lease, counted.unwrap());
        let name = opened.name().to_owned();
        views.sweep();
        assert!(views.named(&name).is_some(), "it is in use");
        let sweeping = {
            let views = Arc::clone(&views);
            std::thread::spawn(move || {
                drop(opened);
                views.sweep();
            })
        };
        while let Some(asked) = views.named(&name) {
            assert!(hub.store().history(asked.view()).is_some());
            if sweeping.is_finished() {
                break;
            }
        }
        sweeping.join().unwrap();
        views.sweep();
        assert!(views.named(&name).is_none());
        assert!(hub.store().is_empty());
    }
}

/// What a stream is told of a map of so many octets.
fn whole_map(octets: usize) -> Vec<Message> {
    let mut store = Store::new(1, alto::updates::Bounds::default());
    let view = View::new(alto::resource("networkmap").unwrap(), None, None);
    let text = json!({"filler": "x".repeat(octets)}).to_string();
    let content = Content {
        media_type: media::NETWORK_MAP.into(),
        tag: None,
        pieces: vec![text.into()],
    };
    store.insert(&view, content.into()).unwrap();
    let request = json!({"add": {"a": {"resource-id": "networkmap"}}}).to_string();
    let request = Open::read(request.as_bytes(), None).unwrap();
    let limits = StreamLimits::default();
    let stream = Stream::open_watched(&request, None, limits, &mut store);
    stream.unwrap().take(&mut store)
}

/// The one thread for blocking work is taken: what needs it waits, and what does not need it is done.
#[test]
fn large_messages_are_encoded_off_the_network_threads() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (release, taken) = std::sync::mpsc::channel::<()>();
        let blocker = spawn_blocking(move || taken.recv());
        let mut large = pin!(events::encoded(whole_map(2 << 20)));
        let is_waiting = poll_fn(|context| Poll::Ready(large.as_mut().poll(context).is_pending()));
        assert!(is_waiting.await);
        assert!(events::encoded(whole_map(10)).await.is_some());
        release.send(()).unwrap();
        let pieces = large.await.unwrap();
        assert!(pieces.iter().map(bytes::Bytes::len).sum::<usize>() > 2 << 20);
        blocker.await.unwrap().unwrap();
    });
}
