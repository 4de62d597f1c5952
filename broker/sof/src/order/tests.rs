use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::coordination::{Dependency, Wait, stuck};
use super::*;
use crate::mef::links::Links;
use crate::mef::{Api, Fault, FaultCode, Faults};
use crate::service::Service;

fn now() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

fn configuration(value: &Value) -> Vec<Fault> {
    match value.get("nodes") {
        Some(_) => vec![Fault::new(InvalidValue, "/nodes", "none here")],
        None => Vec::new(),
    }
}

fn graph() -> Value {
    json!({"@type": "urn:brokermdo:schema:service-graph:v1", "href": "kept"})
}

fn add(id: &str) -> Value {
    json!({"id": id, "action": "add", "service": {"serviceConfiguration": graph()}})
}

fn order(items: &[Value]) -> Value {
    json!({
        "requestedStartDate": "2026-11-29T12:00:00Z",
        "requestedCompletionDate": "2026-11-30T12:00:00+01:00",
        "serviceOrderItem": items,
    })
}

fn service(id: &str, state: ServiceState) -> Service {
    let wanted = read(&order(&[add("1")]), &Found::default()).unwrap();
    let order = taken(wanted);
    Service {
        id: ServiceId(id.to_owned()),
        state,
        busy: None,
        ..order.new_service(&order.items[0])
    }
}

fn found(services: impl IntoIterator<Item = Service>) -> Found {
    Found {
        services: services
            .into_iter()
            .map(|one| (one.id.clone(), one))
            .collect(),
        orders: BTreeMap::new(),
    }
}

fn read(body: &Value, found: &Found) -> Result<Wanted, Vec<Fault>> {
    Reading::of(body, now(), Limits::default(), configuration).check(found)
}

fn taken(wanted: Wanted) -> ServiceOrder {
    let mut count = 0;
    let id = OrderId("order-1".to_owned());
    let at = ReferencePoint::Legato;
    wanted.into_order(id, "buyer a".to_owned(), at, now(), || {
        count += 1;
        ServiceId(format!("service-{count}"))
    })
}

fn links() -> Links {
    Links::new("", ReferencePoint::Legato, Api::ServiceOrdering, 6)
}

/// Code and path of every fault.
fn faults(body: &Value, found: &Found) -> Vec<(FaultCode, String)> {
    let faults = read(body, found).unwrap_err();
    let told = faults.iter().inspect(|fault| {
        assert!(!fault.reason.is_empty());
        assert!(
            fault.reason.chars().count() <= Fault::MAX_REASON,
            "{fault:?}"
        );
    });
    told.map(|fault| (fault.code, fault.path().to_owned()))
        .collect()
}

#[track_caller]
fn has(body: &Value, found: &Found, expected: &[(FaultCode, &str)]) {
    let mut told = faults(body, found);
    told.sort();
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(code, path)| (*code, (*path).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(told, expected, "{body:#}");
}

use FaultCode::{
    InvalidFormat, InvalidValue, MissingProperty, OtherIssue, ReferenceNotFound, UnexpectedProperty,
};

#[test]
fn error422_every_fault_of_a_request_is_told_at_once() {
    let mut body = order(&[
        json!({"id": "1", "action": "add", "colour": "red", "service": {"id": "x", "serviceConfiguration": {"nodes": 1, "@type": "t"}}}),
        json!({"id": "1", "action": "modify", "service": {"state": "broken"}}),
        json!({"action": "delete", "service": {"id": "gone", "serviceConfiguration": {"@type": "t"}}}),
        json!({"id": "4", "action": "paint", "service": 5}),
        json!("an item"),
    ]);
    body["requestedStartDate"] = json!("tomorrow");
    body["note"] = json!([{"id": "n", "author": "me", "date": "2026-11-29T12:00:00Z", "source": "sof", "text": "t"}]);
    body["a/b~c"] = json!(1);
    has(
        &body,
        &Found::default(),
        &[
            (InvalidFormat, "/requestedStartDate"),
            (InvalidValue, "/note/0/source"),
            (UnexpectedProperty, "/a~1b~0c"),
            (UnexpectedProperty, "/serviceOrderItem/0/colour"),
            (UnexpectedProperty, "/serviceOrderItem/0/service/id"),
            (
                InvalidValue,
                "/serviceOrderItem/0/service/serviceConfiguration/nodes",
            ),
            (InvalidValue, "/serviceOrderItem/1/id"),
            (MissingProperty, "/serviceOrderItem/1/service/id"),
            (
                MissingProperty,
                "/serviceOrderItem/1/service/serviceConfiguration",
            ),
            (InvalidValue, "/serviceOrderItem/1/service/state"),
            (MissingProperty, "/serviceOrderItem/2/id"),
            (
                UnexpectedProperty,
                "/serviceOrderItem/2/service/serviceConfiguration",
            ),
            (ReferenceNotFound, "/serviceOrderItem/2/service/id"),
            (InvalidValue, "/serviceOrderItem/3/action"),
            (InvalidValue, "/serviceOrderItem/3/service"),
            (InvalidValue, "/serviceOrderItem/4"),
        ],
    );
}

#[test]
fn error422_a_reason_names_the_value_and_the_rule() {
    let mut body = order(&[add("1")]);
    body["requestedCompletionDate"] = json!("2026-02-30T00:00:00Z");
    body["coordinatedAction"] = json!([{
        "coordinatedActionDelay": {"amount": -1, "units": "fortnights"},
        "coordinationDependency": "finishToStart", "orderId": "o-9",
    }]);
    let faults = read(&body, &Found::default()).unwrap_err();
    let reason = |path: &str| {
        let fault = faults.iter().find(|fault| fault.path() == path);
        fault
            .unwrap_or_else(|| panic!("{path}: {faults:?}"))
            .reason
            .clone()
    };
    let format = reason("/requestedCompletionDate");
    assert!(
        format.contains("\"2026-02-30T00:00:00Z\"") && format.contains("RFC 3339"),
        "{format}"
    );
    let amount = reason("/coordinatedAction/0/coordinatedActionDelay/amount");
    assert!(
        amount.contains("-1") && amount.contains("at least 0"),
        "{amount}"
    );
    let units = reason("/coordinatedAction/0/coordinatedActionDelay/units");
    assert!(
        units.contains("fortnights") && units.contains("calendarDays"),
        "{units}"
    );
    assert!(reason("/coordinatedAction/0/orderId").contains("o-9"));
    let dependency = reason("/coordinatedAction/0/coordinationDependency");
    assert!(dependency.contains("does not wait"), "{dependency}");
}

#[test]
fn error422_a_thousand_faults_are_counted_and_a_hundred_told() {
    let mut body = order(&[add("1")]);
    for number in 0..1_000 {
        body[format!("unknown-{number}")] = json!(1);
    }
    let faults = read(&body, &Found::default()).unwrap_err();
    assert_eq!(faults.len(), Faults::TOLD + 1);
    let last = faults.last().unwrap();
    assert_eq!(last.code, OtherIssue);
    assert!(last.reason.starts_with("900 more"), "{}", last.reason);
}

#[test]
fn service_order_create_what_is_no_object_is_refused_as_a_whole() {
    for body in [json!(null), json!([]), json!("order"), json!(1)] {
        has(&body, &Found::default(), &[(InvalidValue, "")]);
    }
    has(
        &json!({}),
        &Found::default(),
        &[
            (MissingProperty, "/requestedCompletionDate"),
            (MissingProperty, "/requestedStartDate"),
            (MissingProperty, "/serviceOrderItem"),
        ],
    );
    has(
        &order(&[]),
        &Found::default(),
        &[(InvalidValue, "/serviceOrderItem")],
    );
}

#[test]
fn service_order_item_more_than_the_limit_are_refused_unread() {
    let items: Vec<Value> = (0..101).map(|at| add(&at.to_string())).collect();
    has(
        &order(&items),
        &Found::default(),
        &[(InvalidValue, "/serviceOrderItem")],
    );
    assert!(read(&order(&items[..100]), &Found::default()).is_ok());
}

#[test]
fn error422_what_is_too_large_is_refused_unread() {
    let mut body = order(&[add("1")]);
    body["note"] = vec![json!(1); 50_000].into();
    has(&body, &Found::default(), &[(OtherIssue, "")]);
    body["note"] = json!([]);
    // A payload has limits of its own.
    let configuration = &mut body["serviceOrderItem"][0]["service"]["serviceConfiguration"];
    configuration["list"] = vec![json!(1); 50_000].into();
    assert!(read(&body, &Found::default()).is_ok());
}

#[test]
fn requested_completion_date_is_after_the_start_and_not_in_the_past() {
    let path = "/requestedCompletionDate";
    let of = |start: &str, end: &str| {
        let mut body = order(&[add("1")]);
        body["requestedStartDate"] = json!(start);
        body["requestedCompletionDate"] = json!(end);
        body
    };
    let late = of("2026-11-01T00:00:00Z", "2026-11-29T11:59:59Z");
    has(&late, &Found::default(), &[(InvalidValue, path)]);
    let before = of("2026-12-02T00:00:00Z", "2026-12-01T00:00:00Z");
    has(&before, &Found::default(), &[(InvalidValue, path)]);
    let same = of("2026-12-01T01:00:00+01:00", "2026-12-01T00:00:00Z");
    has(&same, &Found::default(), &[(InvalidValue, path)]);
    let at_once = of("2020-01-01T00:00:00Z", "2026-12-01T00:00:00Z");
    let order = taken(read(&at_once, &Found::default()).unwrap());
    assert_eq!(order.requested_start(), "2020-01-01T00:00:00Z".parse().ok());
    assert_eq!(
        order.requested_completion(),
        "2026-12-01T00:00:00Z".parse().ok()
    );
}

#[test]
fn mplify99_1_r27_r30_modify_has_the_whole_configuration_that_is_to_be() {
    let known = found([service("s", ServiceState::Active)]);
    let without = json!({"id": "1", "action": "modify", "service": {"id": "s"}});
    has(
        &order(&[without]),
        &known,
        &[(
            MissingProperty,
            "/serviceOrderItem/0/service/serviceConfiguration",
        )],
    );
    let with = json!({"id": "1", "action": "modify", "service": {"id": "s", "serviceConfiguration": graph()}});
    let wanted = read(&order(&[with]), &known).unwrap();
    assert_eq!(wanted.items[0].service, Some(ServiceId("s".to_owned())));
    assert_eq!(
        wanted.items[0].target,
        ServiceState::Active,
        "it stays as it is"
    );
}

#[test]
fn service_value_delete_names_the_service_and_nothing_of_its_configuration() {
    let known = found([service("s", ServiceState::Active)]);
    let delete =
        |service: Value| order(&[json!({"id": "1", "action": "delete", "service": service})]);
    let wanted = read(&delete(json!({"id": "s"})), &known).unwrap();
    assert_eq!(wanted.items[0].target, ServiceState::Terminated);
    assert!(read(&delete(json!({"id": "s", "state": "terminated"})), &known).is_ok());
    has(
        &delete(json!({"id": "s", "state": "active", "serviceConfiguration": graph()})),
        &known,
        &[
            (InvalidValue, "/serviceOrderItem/0/service/state"),
            (
                UnexpectedProperty,
                "/serviceOrderItem/0/service/serviceConfiguration",
            ),
        ],
    );
    has(
        &delete(json!({})),
        &known,
        &[(MissingProperty, "/serviceOrderItem/0/service/id")],
    );
}

#[test]
fn service_state_type_a_new_service_may_begin_in_each_state_but_terminated() {
    for state in ServiceState::ALL {
        let mut item = add("1");
        item["service"]["state"] = json!(state);
        let wanted = read(&order(&[item]), &Found::default());
        assert_eq!(
            wanted.is_ok(),
            state != ServiceState::Terminated,
            "{state:?}"
        );
        assert!(wanted.is_err() || wanted.unwrap().items[0].target == state);
    }
    let wanted = read(&order(&[add("1")]), &Found::default()).unwrap();
    assert_eq!(
        wanted.items[0].target,
        ServiceState::Active,
        "where nothing is said"
    );
}

#[test]
fn service_state_type_a_modify_goes_where_the_table_leads() {
    use crate::service::{SERVICE, ServiceEvent};
    for from in ServiceState::ALL {
        for to in ServiceState::ALL {
            let item = json!({"id": "1", "action": "modify",
                "service": {"id": "s", "state": to, "serviceConfiguration": graph()}});
            let read = read(&order(&[item]), &found([service("s", from)]));
            let event = ServiceEvent::towards(Some(from), to);
            let legal = to != ServiceState::Terminated && SERVICE.step(from, event) == Ok(to);
            assert_eq!(read.is_ok(), legal, "{from:?} to {to:?}: {read:?}");
        }
    }
}

#[test]
fn service_ref_unknown_busy_and_twice() {
    let modify = |id: &str, service: &str| json!({"id": id, "action": "modify", "service": {"id": service, "serviceConfiguration": graph()}});
    has(
        &order(&[modify("1", "nobody's")]),
        &Found::default(),
        &[(ReferenceNotFound, "/serviceOrderItem/0/service/id")],
    );
    let busy = Service {
        busy: Some((OrderId("o".to_owned()), ItemId("i".to_owned()))),
        ..service("s", ServiceState::Active)
    };
    has(
        &order(&[modify("1", "s")]),
        &found([busy]),
        &[(OtherIssue, "/serviceOrderItem/0/service/id")],
    );
    has(
        &order(&[modify("1", "s"), modify("2", "s")]),
        &found([service("s", ServiceState::Active)]),
        &[(OtherIssue, "/serviceOrderItem/1/service/id")],
    );
    let mut related = add("1");
    related["service"]["serviceRelationship"] =
        json!([{"relationshipType": "uses", "service": {"id": "s"}}]);
    has(
        &order(&[related.clone()]),
        &Found::default(),
        &[(
            ReferenceNotFound,
            "/serviceOrderItem/0/service/serviceRelationship/0/service/id",
        )],
    );
    assert!(
        read(
            &order(&[related]),
            &found([service("s", ServiceState::Active)])
        )
        .is_ok()
    );
}

#[test]
fn service_order_item_ref_within_the_order_has_no_order_and_no_hyperlink() {
    let related = |reference: Value| {
        let mut item = add("1");
        item["serviceOrderItemRelationship"] =
            json!([{"relationshipType": "uses", "orderItem": reference}]);
        order(&[item, add("2")])
    };
    let at = "/serviceOrderItem/0/serviceOrderItemRelationship/0/orderItem";
    let none = Found::default();
    assert!(read(&related(json!({"itemId": "2"})), &none).is_ok());
    assert!(
        read(
            &related(json!({"itemId": "2", "serviceOrderId": "", "serviceOrderHref": ""})),
            &none
        )
        .is_ok()
    );
    let href = json!({"itemId": "2", "serviceOrderHref": "/x"});
    has(
        &related(href),
        &none,
        &[(InvalidValue, &format!("{at}/serviceOrderHref"))],
    );
    has(
        &related(json!({"itemId": "3"})),
        &none,
        &[(ReferenceNotFound, &format!("{at}/itemId"))],
    );
    has(
        &related(json!({"itemId": "1"})),
        &none,
        &[(InvalidValue, &format!("{at}/itemId"))],
    );

    // Of another order, which must be known, and have the item.
    let elsewhere = json!({"itemId": "1", "serviceOrderId": "order-1"});
    has(
        &related(elsewhere.clone()),
        &none,
        &[(ReferenceNotFound, &format!("{at}/serviceOrderId"))],
    );
    let other = taken(read(&order(&[add("1")]), &none).unwrap());
    let known = Found {
        orders: BTreeMap::from([(other.id.clone(), other)]),
        ..Found::default()
    };
    assert!(read(&related(elsewhere), &known).is_ok());
    let no_item = json!({"itemId": "7", "serviceOrderId": "order-1"});
    has(
        &related(no_item),
        &known,
        &[(ReferenceNotFound, &format!("{at}/itemId"))],
    );
}

#[test]
fn order_item_coordinated_action_waits_for_items_of_the_order_and_in_no_circle() {
    let wait = |on: &str, dependency: &str| {
        json!([{"coordinatedActionDelay": {"amount": 1, "units": "minutes"},
            "coordinationDependency": dependency, "itemId": on}])
    };
    let of = |first: Value, second: Value| {
        let (mut a, mut b) = (add("a"), add("b"));
        a["coordinatedAction"] = first;
        b["coordinatedAction"] = second;
        order(&[a, b])
    };
    let none = Found::default();
    assert!(read(&of(wait("b", "startToFinish"), json!([])), &none).is_ok());
    assert!(
        read(
            &of(wait("b", "finishToStart"), wait("a", "startToFinish")),
            &none
        )
        .is_ok()
    );
    has(
        &of(wait("c", "startToStart"), wait("b", "startToStart")),
        &none,
        &[
            (
                ReferenceNotFound,
                "/serviceOrderItem/0/coordinatedAction/0/itemId",
            ),
            (
                InvalidValue,
                "/serviceOrderItem/1/coordinatedAction/0/itemId",
            ),
        ],
    );
    has(
        &of(wait("b", "startToStart"), wait("a", "startToStart")),
        &none,
        &[
            (InvalidValue, "/serviceOrderItem/0/coordinatedAction"),
            (InvalidValue, "/serviceOrderItem/1/coordinatedAction"),
        ],
    );
    // At the same time is not a minute later.
    has(
        &of(wait("b", "finishToFinish"), json!([])),
        &none,
        &[(
            InvalidValue,
            "/serviceOrderItem/0/coordinatedAction/0/coordinatedActionDelay",
        )],
    );
    let mut at_once = wait("b", "finishToFinish");
    at_once[0]["coordinatedActionDelay"]["amount"] = json!(0);
    assert!(read(&of(at_once, json!([])), &none).is_ok());
    // Together they cannot end when the one begins after the other has.
    let together = [
        Wait {
            item: 0,
            other: 1,
            dependency: Dependency::FinishToFinish,
        },
        Wait {
            item: 0,
            other: 1,
            dependency: Dependency::FinishToStart,
        },
    ];
    assert_eq!(stuck(2, &together[..1]), [0_usize; 0]);
    assert_eq!(stuck(2, &together), [1]);
}

#[test]
fn note_bus_sof_remarks_of_a_request_are_of_who_orders() {
    let note = json!([{"id": "n", "author": "a", "date": "2026-11-29T12:00:00Z", "source": "bus", "text": "t"}]);
    let mut item = add("1");
    item["note"] = note.clone();
    item["service"]["note"] = note;
    assert!(read(&order(&[item.clone()]), &Found::default()).is_ok());
    item["service"]["note"][0]["source"] = json!("sof");
    has(
        &order(&[item]),
        &Found::default(),
        &[(InvalidValue, "/serviceOrderItem/0/service/note/0/source")],
    );
}

#[test]
fn place_ref_or_query_each_form_is_held_against_its_own_rules() {
    let of = |place: Value| {
        let mut item = add("1");
        item["service"]["place"] = json!([{"role": "site", "place": place}]);
        order(&[item])
    };
    let at = "/serviceOrderItem/0/service/place/0/place";
    let none = Found::default();
    assert!(read(&of(json!({"@type": "GeographicSiteRef", "id": "7"})), &none).is_ok());
    has(
        &of(json!({"@type": "GeographicAddressRef", "street": "x"})),
        &none,
        &[
            (MissingProperty, &format!("{at}/id")),
            (UnexpectedProperty, &format!("{at}/street")),
        ],
    );
    has(
        &of(json!({"@type": "GeographicAddress_Query"})),
        &none,
        &[(InvalidValue, at)],
    );
    has(
        &of(json!({"@type": "Elsewhere"})),
        &none,
        &[(InvalidValue, &format!("{at}/@type"))],
    );
    let query = json!({"@type": "GeographicAddress_Query",
        "fieldedAddressRepresentation": [{"countryCode": "DEU"}]});
    let code = format!("{at}/fieldedAddressRepresentation/0/countryCode");
    has(&of(query), &none, &[(InvalidValue, &code)]);
}

#[test]
fn service_order_an_answer_tells_what_became_of_it() {
    let mut item = add("1");
    item["service"]["name"] = json!("my service");
    item["service"]["href"] = json!("http://elsewhere.example/");
    let mut body = order(&[item]);
    body["externalId"] = json!("mine");
    let mut order = taken(read(&body, &Found::default()).unwrap());
    let told = order.encode(&links());
    assert_eq!(told["id"], "order-1");
    assert_eq!(
        told["href"],
        "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder/order-1"
    );
    assert_eq!(told["state"], "acknowledged");
    assert_eq!(told["orderDate"], "2026-11-29T12:00:00Z");
    assert_eq!(told["externalId"], "mine");
    assert!(told.get("buyer").is_none() && told.get("completionDate").is_none());
    let service = &told["serviceOrderItem"][0]["service"];
    assert_eq!(service["id"], "service-1");
    assert_eq!(
        service["href"],
        "/mefApi/legato/serviceInventory/v7/service/service-1"
    );
    assert_eq!(service["state"], "active");
    assert_eq!(
        service["serviceConfiguration"],
        graph(),
        "the payload is left as it is"
    );

    order.items[0].state = ItemState::Failed;
    order.items[0].termination_errors = vec![TerminationError {
        code: OtherIssue,
        property_path: None,
        value: "no partner".to_owned(),
    }];
    order.completion_date = Some(now());
    let told = order.encode(&links());
    assert_eq!(told["state"], "failed");
    assert_eq!(told["completionDate"], "2026-11-29T12:00:00Z");
    let errors = json!([{"code": "otherIssue", "value": "no partner"}]);
    assert_eq!(told["serviceOrderItem"][0]["terminationError"], errors);
}

#[test]
fn service_inventory_a_new_service_is_told_as_the_document_has_it() {
    let mut item = add("1");
    item["service"]["name"] = json!("in orders alone");
    item["service"]["externalId"] = json!("mine");
    item["service"]["startDate"] = json!("2026-12-01T00:00:00Z");
    let order = taken(read(&order(&[item]), &Found::default()).unwrap());
    let mut service = order.new_service(&order.items[0]);
    assert_eq!(
        service.busy,
        Some((order.id.clone(), order.items[0].id.clone()))
    );
    let told = service.encode(&links());
    assert_eq!(
        told,
        json!({
            "id": "service-1",
            "href": "/mefApi/legato/serviceInventory/v7/service/service-1",
            "state": "feasibilityChecked",
            "serviceDate": "2026-11-29T12:00:00Z",
            "startDate": "2026-12-01T00:00:00Z",
            "externalId": "mine",
            "serviceConfiguration": graph(),
            "serviceOrderItem": [{"itemId": "1", "serviceOrderId": "order-1",
                "serviceOrderHref": "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder/order-1"}],
        })
    );
    service.start_date = Some(now());
    assert_eq!(
        service.encode(&links())["startDate"],
        "2026-11-29T12:00:00Z"
    );
}

#[test]
fn words_are_those_that_are_serialized() {
    for state in OrderState::ALL {
        assert_eq!(json!(state), state.as_str());
        assert_eq!(OrderState::from_word(state.as_str()), Some(state));
    }
    for state in ItemState::ALL {
        assert_eq!(json!(state), state.as_str());
    }
    for state in ServiceState::ALL {
        assert_eq!(json!(state), state.as_str());
    }
    for action in Action::ALL {
        assert_eq!(json!(action), action.as_str());
    }
}

/// Whether all of `part` is in `whole`, at its place.
fn is_in(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|of| is_in(value, of))),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(a, b)| is_in(a, b))
        }
        (part, whole) => part == whole,
    }
}

prop_compose! {
    fn any_contact()(name in ".{0,8}", number in "[0-9]{0,8}", role in "[a-z]{0,8}") -> Value {
        json!({"name": name, "number": number, "emailAddress": "a@b.example", "role": role,
            "postalAddress": {"countryCode": "DE", "subUnit": [{"subUnitNumber": number, "subUnitType": "UNIT"}]}})
    }
}

prop_compose! {
    fn any_item()(
        action in 0..3_usize,
        state in proptest::option::of(0..5_usize),
        contact in proptest::collection::vec(any_contact(), 0..2),
        name in ".{0,12}",
        payload in proptest::collection::btree_map("[a-z@/~]{0,4}", ".{0,4}", 0..4),
        site in proptest::option::of(".{0,8}"),
    ) -> (Action, Value) {
        let action = Action::ALL[action];
        let mut service = json!({"description": name, "relatedContactInformation": contact});
        if action != Action::Delete {
            service["name"] = json!(name);
            service["serviceConfiguration"] = json!({"@type": name, "payload": payload});
            if let Some(state) = state {
                service["state"] = json!(ServiceState::ALL[state]);
            }
        }
        if let Some(site) = site {
            service["place"] = json!([{"role": "r", "place": {"@type": "GeographicSiteRef", "id": site}}]);
        }
        (action, json!({"action": action, "service": service}))
    }
}

proptest! {
    #[test]
    fn law_what_was_given_is_in_the_answer(
        drawn in proptest::collection::vec(any_item(), 1..5),
        text in ".{0,20}",
        hours in 1..100_000_i64,
    ) {
        let mut known = Found::default();
        let mut items = Vec::new();
        for (at, (action, mut item)) in drawn.into_iter().enumerate() {
            item["id"] = json!(format!("item {at}"));
            if action != Action::Add {
                let id = format!("known-{at}");
                item["service"]["id"] = json!(id);
                // From here each state can be reached.
                let one = service(&id, ServiceState::FeasibilityChecked);
                known.services.insert(one.id.clone(), one);
            }
            items.push(item);
        }
        let mut body = order(&items);
        body["description"] = json!(text);
        let end = now() + jiff::SignedDuration::from_hours(hours);
        body["requestedCompletionDate"] = json!(end);
        let wanted = read(&body, &known);
        prop_assert!(wanted.is_ok(), "{wanted:?} {body:#}");
        let order = taken(wanted.unwrap());
        let told = order.encode(&links());
        prop_assert!(is_in(&body, &told), "{body:#} {told:#}");
        // As it is kept, it is read again.
        let kept = serde_json::to_vec(&order).unwrap();
        prop_assert_eq!(serde_json::from_slice::<ServiceOrder>(&kept).unwrap(), order.clone());
        for item in &order.items {
            let service = order.new_service(item);
            let told = service.encode(&links());
            prop_assert_eq!(told.get("serviceConfiguration"), service.configuration());
        }
    }

    #[test]
    fn law_who_is_stuck_has_no_order_of_moments(
        waits in proptest::collection::vec((0..5_usize, 0..5_usize, 0..4_usize), 0..8),
    ) {
        let waits: Vec<Wait> = waits
            .into_iter()
            .filter(|(item, other, _)| item != other)
            .map(|(item, other, at)| Wait { item, other, dependency: Dependency::ALL[at].0 })
            .collect();
        // By relaxation: in a schedule of moments, every wait holds after as many rounds as there are moments.
        let (mut start, mut finish) = ([0_i32; 5], [1_i32; 5]);
        let mut settled = false;
        for _ in 0..60 {
            let before = (start, finish);
            for at in 0..5 {
                finish[at] = finish[at].max(start[at] + 1);
            }
            for wait in &waits {
                let (a, b) = (wait.item, wait.other);
                match wait.dependency {
                    Dependency::StartToStart => start[a] = start[a].max(start[b] + 1),
                    Dependency::StartToFinish => start[a] = start[a].max(finish[b] + 1),
                    Dependency::FinishToStart => start[b] = start[b].max(finish[a] + 1),
                    Dependency::FinishToFinish => {
                        let last = finish[a].max(finish[b]);
                        (finish[a], finish[b]) = (last, last);
                    }
                }
            }
            settled = before == (start, finish);
            if settled {
                break;
            }
        }
        prop_assert_eq!(stuck(5, &waits).is_empty(), settled, "{:?}", waits);
    }
}
