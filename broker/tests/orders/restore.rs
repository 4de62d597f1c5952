//! What the domain's resources are told after a restart.

use broker::lso::configuration::{Checked, check};
use broker::lso::presto::{Memory, Presto, restore};
use broker::lso::records::{SAGAS, SERVICES};
use broker::settings::MemoryPresto;
use broker::store::memory::MemoryStore;
use broker::store::{Batch, Store};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sof::mef::ReferencePoint;
use sof::order::{Action, ItemId, OrderId};
use sof::payload::Segment;
use sof::saga::{Answer, Deployment, Event, Limits, Means, Saga};
use sof::service::{Service, ServiceId, ServiceState};

fn segment(cpu: u32) -> Value {
    json!({
        "@type": "urn:brokermdo:schema:segment:v1", "domain": "AS2",
        "functions": [{"id": "A", "type": "NF", "resources": {"cpu": cpu}}],
        "flows": [{"link": "1", "from": {"sap": "SAP1"}, "to": {"function": "A"}}],
    })
}

fn read(value: &Value) -> Segment {
    match check(value).unwrap() {
        Checked::Segment(segment) => segment,
        Checked::Graph(_) => unreachable!("it is a segment"),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn service(id: &str, state: ServiceState, busy: bool) -> Service {
    let given = json!({"serviceConfiguration": segment(1)});
    let order = (OrderId(format!("o-{id}")), ItemId("1".to_owned()));
    Service {
        id: ServiceId(id.to_owned()),
        buyer: "b".to_owned(),
        reference_point: ReferencePoint::Interlude,
        state,
        given: given.as_object().cloned().unwrap(),
        ordered_by: Vec::new(),
        service_date: at(0),
        start_date: None,
        end_date: None,
        busy: busy.then_some(order),
    }
}

/// The work on a service, with so many calls answered.
fn saga(service: &Service, action: Action, asked: &Value, answers: usize) -> Saga {
    let limits = Limits::default();
    let mut saga = Saga::new(
        service.busy.clone().unwrap(),
        service.id.clone(),
        (action, ServiceState::Active),
        Means::Own,
        Deployment::default(),
        at(0),
    );
    let own = (action != Action::Delete).then(|| Box::new(read(asked)));
    saga.apply(Event::Begin(own), at(0), &limits).unwrap();
    for _ in 0..answers {
        let part = &saga.parts[0];
        let event = Event::Answer {
            domain: part.domain.clone(),
            call: part.external_id(&service.id),
            answer: Answer::Applied,
        };
        saga.apply(event, at(0) + SignedDuration::from_secs(1), &limits)
            .unwrap();
    }
    saga
}

#[tokio::test]
async fn what_is_forgotten_is_as_the_store_says() {
    let store = MemoryStore::new();
    let presto = Memory::new(&MemoryPresto::default());
    let mut batch = Batch::new();
    let rest = [
        service("active", ServiceState::Active, false),
        service("inactive", ServiceState::Inactive, false),
        service("terminated", ServiceState::Terminated, false),
    ];
    let new = |id: &str| service(id, ServiceState::FeasibilityChecked, true);
    let at_work = [(new("new"), 0), (new("added"), 1), (new("tested"), 2)];
    for one in rest.iter().chain(at_work.iter().map(|(one, _)| one)) {
        SERVICES.create(&mut batch, &one.id.0, one).unwrap();
    }
    for (one, answers) in &at_work {
        let saga = saga(one, Action::Add, &segment(2), *answers);
        let key = (saga.order.0.clone(), saga.item.0.clone());
        SAGAS.create(&mut batch, &key, &saga).unwrap();
    }
    store.commit(batch).await.unwrap();
    assert_eq!(restore(&store, &presto).await.unwrap(), 4);
    let (small, large) = (read(&segment(1)), read(&segment(2)));
    for (id, segment, found) in [
        ("active", &small, "it is here, and works"),
        ("inactive", &small, "it is provisioned, and does not work"),
        ("terminated", &small, "nothing of the service is here"),
        ("new", &large, "nothing of the service is here"),
        ("added", &large, "it is provisioned, and does not work"),
        ("tested", &large, "it is here, and works"),
    ] {
        let tested = presto.test(&ServiceId(id.to_owned()), segment).await;
        assert_eq!(tested.unwrap().detail, found, "{id}");
    }
}
