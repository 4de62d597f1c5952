//! A federation of four domains with their SOFs, a store, and orders in it.

use std::sync::Arc;
use std::time::Duration;

use broker::lso::orchestrator::{self, Tools};
use broker::lso::records::{AGREEMENTS, ORDERS, PARTNERS, SAGAS, SELECTIONS, SERVICES};
use broker::lso::{Lso, Wake};
use broker::metrics::Metrics;
use broker::published::Published;
use broker::settings::{RulesEntry, Settings, Work};
use broker::store::file::{FileStore, Options};
use broker::store::memory::MemoryStore;
use broker::store::{Batch, Store};
use nffg::DomainId;
use nffg::export::Expected;
use serde_json::{Value, json};
use sof::mef::{Api, ReferencePoint};
use sof::order::{Action, ItemId, ItemState, OrderId, OrderItem, OrderState, ServiceOrder};
use sof::partner::{Agreement, Bounds, Endpoint, Partner, PartnerState, Price, Sls};
use sof::payload::{SEGMENT, SERVICE_GRAPH};
use sof::saga::{Phase, Saga};
use sof::selection::Selection;
use sof::service::{Service, ServiceId, ServiceState};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::partners::Fakes;
use super::reservations::Book;

pub(crate) const BUYER: &str = "buyer shop";

const DOMAINS: [&str; 4] = ["AS1", "AS2", "AS3", "AS4"];

/// AS1 with SAP1, AS4 with SAP2, an NF in AS2 and AS3, which both join AS1 and AS4: over AS2 it is faster, over AS3 there is
/// more room. The maps show these domains of it.
fn publish(published: &Published, shown: &[&str]) {
    let to = |domain: &str, delay: u32, bandwidth: u32| json!({"domain": domain, "delay": delay, "bandwidth": bandwidth});
    let domains = [
        (
            "AS1",
            json!({"port": ["SAP1"], "neighbours": [to("AS2", 1, 100), to("AS3", 5, 1000)]}),
        ),
        (
            "AS2",
            json!({"nf": ["NF"], "cpu": 4, "neighbours": [to("AS1", 1, 100), to("AS4", 2, 100)]}),
        ),
        (
            "AS3",
            json!({"nf": ["NF"], "cpu": 8, "neighbours": [to("AS1", 5, 1000), to("AS4", 5, 1000)]}),
        ),
        (
            "AS4",
            json!({"port": ["SAP2"], "neighbours": [to("AS2", 2, 100), to("AS3", 5, 1000)]}),
        ),
    ];
    let (mut idr, mut ted) = (idr::Idr::new(), idt::Ted::new());
    for (id, document) in domains.into_iter().filter(|(id, _)| shown.contains(id)) {
        let id: DomainId = id.parse().unwrap();
        let text = document.to_string();
        let export = nffg::export::decode(text.as_bytes(), Expected::of(&id)).unwrap();
        if let Some(view) = export.parts.resources {
            let domain = idr::Domain::from_view(id.clone(), None, view).unwrap();
            idr.apply([idr::Update::Put(domain)]);
        }
        ted.apply([idt::Update::Join(id.clone())]);
        if let Some(view) = export.parts.topology {
            let topology = idt::DomainTopology::from_view(&id, &view).unwrap();
            ted.apply([idt::Update::Topology(topology)]);
        }
    }
    let changes = broker::events::Changes::default();
    published.publish(idr.snapshot(), ted.snapshot(), Arc::default(), changes);
}

fn federation() -> Arc<Published> {
    let settings = Settings::default();
    let published = Published::new(alto::Config {
        server_name: settings.server_name,
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    });
    publish(&published, &DOMAINS);
    Arc::new(published)
}

/// Everything is fast here.
pub(crate) fn work() -> Work {
    let ms = Duration::from_millis;
    Work {
        // As short as a busy machine lets it be: some tests wait for it.
        order_deadline: ms(4_000),
        test_deadline: ms(4_000),
        patience: Duration::from_secs(20),
        look_again: ms(100),
        poll_first: ms(10),
        poll_longest: ms(40),
        under_way: ms(50),
        clean_up: ms(600),
        hold: Duration::from_secs(30),
        lease: ms(150),
        look: ms(50),
        grace: ms(200),
        ..Work::default()
    }
}

/// The world outside the orchestrator, and the orchestrator.
pub(crate) struct Setting {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fakes: Arc<Fakes>,
    pub(crate) book: Arc<Book>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) work: Work,
    /// No other process works on the store.
    pub(crate) is_sole: bool,
    published: Arc<Published>,
    running: Option<(Lso, JoinHandle<()>, CancellationToken)>,
    _folder: Option<tempfile::TempDir>,
}

impl Setting {
    pub(crate) async fn new(durable: bool) -> Self {
        Self::slow(durable, Duration::ZERO).await
    }

    pub(crate) async fn slow(durable: bool, delay: Duration) -> Self {
        let folder = durable.then(|| tempfile::tempdir().unwrap());
        let store: Arc<dyn Store> = match &folder {
            Some(folder) => {
                let path = folder.path().join("store");
                Arc::new(FileStore::open(&path, Options::default()).unwrap())
            }
            None => Arc::new(MemoryStore::new()),
        };
        let fakes = Fakes::slow(delay);
        let setting = Self {
            store,
            fakes: Arc::new(fakes),
            book: Arc::new(Book::slow(delay)),
            metrics: Arc::default(),
            work: work(),
            is_sole: false,
            published: federation(),
            running: None,
            _folder: folder,
        };
        for domain in ["AS1", "AS2", "AS3", "AS4"] {
            setting.partner(domain, PartnerState::Active).await;
            setting.agree(domain, Price::default()).await;
        }
        setting
    }

    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    /// Only these domains have told of themselves.
    pub(crate) fn only(&self, domains: &[&str]) {
        publish(&self.published, domains);
    }

    /// All domains have.
    pub(crate) fn all(&self) {
        self.only(&DOMAINS);
    }

    pub(crate) async fn partner(&self, domain: &str, state: PartnerState) {
        let ordering = Endpoint {
            reference_point: ReferencePoint::Interlude,
            url: "http://sof.example/".parse().unwrap(),
            versions: [1].into(),
        };
        let partner = Partner {
            domain: domain.parse().unwrap(),
            name: None,
            legal_entity: None,
            state,
            apis: [(Api::ServiceOrdering, ordering)].into(),
            credentials: None,
            service_types: [SEGMENT.to_owned()].into(),
            conformance: None,
        };
        let mut batch = Batch::new();
        PARTNERS
            .put(&mut batch, &domain.to_owned(), &partner)
            .unwrap();
        self.store.commit(batch).await.unwrap();
    }

    pub(crate) async fn agree(&self, domain: &str, price: Price) {
        self.agree_on(domain, price, Sls::default()).await;
    }

    pub(crate) async fn agree_on(&self, domain: &str, price: Price, sls: Sls) {
        let agreement = Agreement {
            id: "a".to_owned(),
            partner: domain.parse().unwrap(),
            service_type: SEGMENT.to_owned(),
            valid_from: "2020-01-01T00:00:00Z".parse().unwrap(),
            valid_until: None,
            bounds: Bounds::default(),
            price,
            sls,
        };
        let mut batch = Batch::new();
        AGREEMENTS
            .put(&mut batch, &(domain.to_owned(), "a".to_owned()), &agreement)
            .unwrap();
        self.store.commit(batch).await.unwrap();
    }

    pub(crate) async fn disagree(&self, domain: &str) {
        let snapshot = self.store.snapshot().await.unwrap();
        let key = (domain.to_owned(), "a".to_owned());
        let found = AGREEMENTS
            .get(snapshot.as_ref(), &key)
            .await
            .unwrap()
            .unwrap();
        let mut batch = Batch::new();
        AGREEMENTS.delete(&mut batch, &key, found.version);
        self.store.commit(batch).await.unwrap();
    }

    fn spawn(&self) -> (Lso, JoinHandle<()>, CancellationToken) {
        let (lso, wakes) = Lso::new(Arc::clone(&self.store));
        let tools = Tools {
            lso: lso.clone(),
            published: Arc::clone(&self.published),
            partners: Arc::clone(&self.fakes) as _,
            circuits: Arc::clone(&self.fakes) as _,
            presto: Some(Arc::clone(&self.fakes) as _),
            reservations: Arc::clone(&self.book) as _,
            metrics: Arc::clone(&self.metrics),
        };
        let stop = CancellationToken::new();
        let (work, stopped) = (self.work.clone(), stop.clone());
        let task = match self.is_sole {
            true => tokio::spawn(orchestrator::run_alone(tools, work, wakes, stopped)),
            false => tokio::spawn(orchestrator::run(tools, work, wakes, stopped)),
        };
        (lso, task, stop)
    }

    pub(crate) fn start(&mut self) {
        self.running = Some(self.spawn());
    }

    /// One more over the same store.
    pub(crate) fn start_another(&self) -> JoinHandle<()> {
        self.spawn().1
    }

    /// The process ends, as by kill -9.
    pub(crate) async fn crash(&mut self) {
        let (_, task, _) = self.running.take().unwrap();
        task.abort();
        let _ = task.await;
    }

    /// Services of the type `around` go over AS3, others over AS2.
    pub(crate) async fn with_two_ways() -> Self {
        let mut setting = Self::new(false).await;
        let around = RulesEntry {
            forbid_domains: ["AS2".parse().unwrap()].into(),
            ..RulesEntry::default()
        };
        setting.work.rules_of = [("around".to_owned(), around)].into();
        setting.work.order_deadline = Duration::from_secs(600);
        setting
    }

    pub(crate) async fn stop(&mut self) {
        let (_, task, stop) = self.running.take().unwrap();
        stop.cancel();
        task.await.unwrap();
    }

    pub(crate) fn wake(&self, wake: Wake) {
        self.running.as_ref().unwrap().0.wake(wake);
    }

    /// Takes an order of one item, as the northbound side does.
    pub(crate) async fn order(
        &self,
        id: &str,
        action: Action,
        service: &str,
        configuration: Option<Value>,
        target: ServiceState,
    ) {
        self.order_of(id, action, service, configuration, target, None)
            .await;
    }

    /// The same of a service of this type.
    pub(crate) async fn order_of(
        &self,
        id: &str,
        action: Action,
        service: &str,
        configuration: Option<Value>,
        target: ServiceState,
        service_type: Option<&str>,
    ) {
        let item = item("1", action, service, configuration, target, service_type);
        self.take(id, vec![item]).await;
    }

    /// Takes an order of these items.
    pub(crate) async fn take(&self, id: &str, items: Vec<OrderItem>) {
        let order = OrderId(id.to_owned());
        let now = broker::clock::now().timestamp;
        let of = ServiceOrder {
            id: order.clone(),
            buyer: BUYER.to_owned(),
            reference_point: ReferencePoint::Legato,
            given: json!({}).as_object().cloned().unwrap(),
            items,
            order_date: now,
            start_date: None,
            expected_completion_date: None,
            completion_date: None,
        };
        let mut batch = Batch::new();
        ORDERS.create(&mut batch, &id.to_owned(), &of).unwrap();
        for item in &of.items {
            let key = item.service.0.clone();
            let by = (order.clone(), item.id.clone());
            if item.action == Action::Add {
                let service = Service {
                    id: item.service.clone(),
                    buyer: BUYER.to_owned(),
                    reference_point: ReferencePoint::Legato,
                    state: ServiceState::FeasibilityChecked,
                    given: item.given["service"].as_object().cloned().unwrap(),
                    ordered_by: vec![by.clone()],
                    service_date: now,
                    start_date: None,
                    end_date: None,
                    busy: Some(by),
                };
                SERVICES.create(&mut batch, &key, &service).unwrap();
                continue;
            }
            let snapshot = self.store.snapshot().await.unwrap();
            let found = SERVICES.get(snapshot.as_ref(), &key).await;
            let found = found.unwrap().unwrap();
            let mut service = found.value;
            assert_eq!(service.busy, None);
            service.busy = Some(by.clone());
            service.ordered_by.push(by);
            SERVICES
                .update(&mut batch, &key, found.version, &service)
                .unwrap();
        }
        self.store.commit(batch).await.unwrap();
        if let Some((lso, ..)) = &self.running {
            lso.wake(Wake::Order(order));
        }
    }

    pub(crate) async fn read(&self, id: &str) -> ServiceOrder {
        let snapshot = self.store.snapshot().await.unwrap();
        ORDERS
            .get(snapshot.as_ref(), &id.to_owned())
            .await
            .unwrap()
            .unwrap()
            .value
    }

    pub(crate) async fn service(&self, id: &str) -> Service {
        let snapshot = self.store.snapshot().await.unwrap();
        SERVICES
            .get(snapshot.as_ref(), &id.to_owned())
            .await
            .unwrap()
            .unwrap()
            .value
    }

    pub(crate) async fn saga(&self, id: &str) -> Option<Saga> {
        let snapshot = self.store.snapshot().await.unwrap();
        let key = (id.to_owned(), "1".to_owned());
        SAGAS
            .get(snapshot.as_ref(), &key)
            .await
            .unwrap()
            .map(|found| found.value)
    }

    pub(crate) async fn selection(&self, id: &str) -> Selection {
        let snapshot = self.store.snapshot().await.unwrap();
        SELECTIONS
            .get(snapshot.as_ref(), &id.to_owned())
            .await
            .unwrap()
            .unwrap()
            .value
    }

    /// Waits until an order has a state.
    pub(crate) async fn until(&self, id: &str, state: OrderState) -> ServiceOrder {
        self.until_any(id, |order| order.state() == state, &format!("{state:?}"))
            .await
    }

    pub(crate) async fn until_final(&self, id: &str) -> ServiceOrder {
        self.until_any(id, |order| order.state().is_final(), "final")
            .await
    }

    pub(crate) async fn until_any(
        &self,
        id: &str,
        is: impl Fn(&ServiceOrder) -> bool,
        what: &str,
    ) -> ServiceOrder {
        for _ in 0..3_000 {
            let order = self.read(id).await;
            if is(&order) {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} is not {what}: {:#?}", self.saga(id).await);
    }

    /// Waits until so many orders are at work.
    pub(crate) async fn until_at_work(&self, count: usize) {
        let wanted = format!(r#"brokerd_sof_orders{{state="at-work"}} {count}"#);
        for _ in 0..1_000 {
            if self.metrics.encode().contains(&wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{}", self.metrics.encode());
    }

    /// Waits until a saga is in a phase, or over.
    pub(crate) async fn until_phase(&self, id: &str, phase: Phase) -> bool {
        for _ in 0..10_000 {
            match self.saga(id).await {
                Some(saga) if saga.phase == phase => return true,
                Some(saga) if saga.is_over() => return false,
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
        panic!("{id} gets nowhere: {:#?}", self.saga(id).await);
    }

    /// Waits until nothing is left to clean up.
    pub(crate) async fn until_clean(&self, id: &str) -> Saga {
        for _ in 0..3_000 {
            if let Some(saga) = self.saga(id).await.filter(Saga::is_done) {
                return saga;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} is not clean: {:#?}", self.saga(id).await);
    }
}

/// An item as it is taken.
pub(crate) fn item(
    id: &str,
    action: Action,
    service: &str,
    configuration: Option<Value>,
    target: ServiceState,
    service_type: Option<&str>,
) -> OrderItem {
    let mut given = json!({});
    if configuration.is_some() {
        given = json!({"service": {"serviceConfiguration": configuration}});
        if let Some(kind) = service_type {
            given["service"]["serviceType"] = kind.into();
        }
    }
    OrderItem {
        id: ItemId(id.to_owned()),
        action,
        given: given.as_object().cloned().unwrap(),
        service: ServiceId(service.to_owned()),
        target,
        state: ItemState::Acknowledged,
        termination_errors: Vec::new(),
    }
}

/// SAP1 - A - SAP2 with so many Mbit/s, and bounds besides.
pub(crate) fn graph(mbps: u32, constraints: &Value) -> Value {
    json!({
        "@type": SERVICE_GRAPH,
        "objective": "delay",
        "constraints": constraints,
        "sg": {
            "node_nfs": [{"id": "A", "functional_type": "NF", "specification": {"resources": {"cpu": 1}}}],
            "node_saps": [{"id": "SAP1"}, {"id": "SAP2"}],
            "edge_sg_nexthops": [
                {"id": 1, "src_node": "SAP1", "dst_node": "A", "bandwidth": mbps},
                {"id": 2, "src_node": "A", "dst_node": "SAP2", "bandwidth": mbps}],
            "edge_reqs": [{"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2], "delay": 50}],
        },
    })
}

pub(crate) fn plain(mbps: u32) -> Option<Value> {
    Some(graph(mbps, &json!({})))
}

/// Each of the four states that end well: what is at partners is active or inactive, nothing else is there.
pub(crate) fn at(domains: &[&str], state: &str) -> Vec<(String, String)> {
    domains
        .iter()
        .map(|domain| ((*domain).to_owned(), state.to_owned()))
        .collect()
}
