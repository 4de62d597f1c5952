//! A post office: a store, subscriptions, events, and delivery that can be stopped and started again.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use broker::lso::Lso;
use broker::lso::callback::{AddressGuard, Names, Resolved, SystemNames};
use broker::lso::outbox::{self, Notice, Outbox, Rules};
use broker::lso::records::SUBSCRIBERS;
use broker::lso::subscriptions::Subscriber;
use broker::metrics::Metrics;
use broker::settings::Settings;
use broker::store::file::{FileStore, Options};
use broker::store::queue::{Entry, Queue};
use broker::store::{Batch, Store, StoreError};
use serde_json::Value;
use sof::mef::{Api, ReferencePoint};
use sof::notification::{Callback, Event, EventKind, EventTypes, Subscription};
use sof::order::{OrderId, OrderState};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::server::{Request, Response, Server};

pub(crate) const OUTBOX: Queue<Notice> = Queue::OUTBOX;

/// Rules for people in a hurry.
pub(crate) fn rules() -> Rules {
    Rules {
        timeout: Duration::from_secs(2),
        first_backoff: Duration::from_millis(20),
        longest_backoff: Duration::from_millis(100),
        give_up_after: Duration::from_secs(3_600),
        survey: Duration::from_millis(200),
        ..Rules::of(&Settings::default())
    }
}

pub(crate) fn loopback() -> AddressGuard {
    AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()])
}

/// Knows one name.
#[derive(Debug)]
pub(crate) struct Name(pub(crate) Vec<IpAddr>);

impl Names for Name {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolved<'a> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

pub(crate) struct Post {
    pub(crate) lso: Lso,
    pub(crate) metrics: Arc<Metrics>,
    /// Whom else delivery trusts.
    pub(crate) ca_file: Option<PathBuf>,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Post {
    pub(crate) async fn over(store: Arc<dyn Store>) -> Self {
        broker::http::tls::install_provider();
        let (lso, _) = Lso::new(store);
        lso.subscriptions.load(lso.store.as_ref()).await.unwrap();
        Self {
            lso,
            metrics: Arc::new(Metrics::new()),
            ca_file: None,
            running: None,
        }
    }

    /// Over a store in a file of a folder.
    pub(crate) async fn open(folder: &Path) -> Self {
        let path = folder.join("store");
        for _ in 0..250 {
            match FileStore::open(&path, Options::default()) {
                Ok(store) => return Self::over(Arc::new(store)).await,
                // What a delivery that was broken off still holds.
                Err(StoreError::AlreadyOpen { .. }) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the store stays open");
    }

    pub(crate) fn run_with(&mut self, rules: Rules, guard: AddressGuard, names: Arc<dyn Names>) {
        let metrics = Arc::clone(&self.metrics);
        let (lso, ca_file) = (self.lso.clone(), self.ca_file.as_deref());
        let outbox = Outbox::with(lso, rules, guard, names, ca_file, metrics).unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(outbox::run(outbox, stop.clone()));
        self.running = Some((stop, task));
    }

    pub(crate) fn run(&mut self, rules: Rules) {
        self.run_with(rules, loopback(), Arc::new(SystemNames));
    }

    pub(crate) async fn stop(&mut self) {
        if let Some((stop, task)) = self.running.take() {
            stop.cancel();
            task.await.unwrap();
        }
    }

    /// Breaks delivery off, as a crash would.
    pub(crate) async fn kill(&mut self) {
        if let Some((_, task)) = self.running.take() {
            task.abort();
            let _ = task.await;
        }
    }

    pub(crate) async fn subscribe(&self, callback: &str, query: &str) -> String {
        let subscription = Subscription {
            id: uuid::Uuid::new_v4().to_string(),
            buyer: "AS1".to_owned(),
            reference_point: ReferencePoint::Interlude,
            api: Api::ServiceOrdering,
            version: 1,
            callback: Callback::parse(callback).unwrap(),
            query: None,
            event_types: EventTypes::parse(Api::ServiceOrdering, query).unwrap(),
            created: broker::clock::now().timestamp,
        };
        let id = subscription.id.clone();
        let added = self
            .lso
            .subscriptions
            .add(self.lso.store.as_ref(), subscription, 1_000);
        added.await.unwrap().unwrap();
        id
    }

    /// Keeps events in one batch each.
    pub(crate) async fn tell(&self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let mut batch = Batch::new();
            self.lso.notify(&mut batch, &event);
            self.lso.store.commit(batch).await.unwrap();
        }
    }

    pub(crate) async fn waiting(&self, lane: &str) -> usize {
        let snapshot = self.lso.store.snapshot().await.unwrap();
        OUTBOX.count(snapshot.as_ref(), lane, 10_000).await.unwrap()
    }

    pub(crate) async fn dead(&self, lane: &str) -> Vec<Entry<Notice>> {
        let snapshot = self.lso.store.snapshot().await.unwrap();
        OUTBOX.dead(snapshot.as_ref(), lane, 10_000).await.unwrap()
    }

    pub(crate) async fn subscriber(&self, lane: &str) -> Subscriber {
        let snapshot = self.lso.store.snapshot().await.unwrap();
        let found = SUBSCRIBERS.get(snapshot.as_ref(), &lane.to_owned()).await;
        found.unwrap().unwrap().value
    }
}

/// Waits until something asynchronous is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    for _ in 0..1_500 {
        if ask().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

pub(crate) fn event(number: usize) -> Event {
    state_change(number, broker::clock::now().timestamp)
}

pub(crate) fn state_change(number: usize, time: jiff::Timestamp) -> Event {
    let kind =
        EventKind::OrderStateChange(OrderId(format!("order-{number}")), OrderState::InProgress);
    Event::new(
        number.to_string(),
        time,
        "AS1",
        ReferencePoint::Interlude,
        kind,
    )
}

pub(crate) fn listener(status: u16) -> Server {
    Server::start(move |_| Response::status(status))
}

/// The numbers of the events that came, in order.
pub(crate) fn numbers(requests: &[Request]) -> Vec<usize> {
    requests.iter().map(number).collect()
}

pub(crate) fn number(request: &Request) -> usize {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["eventId"].as_str().unwrap().parse().unwrap()
}
