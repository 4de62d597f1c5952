//! Who hears of what, and what is wrong with what is sent to subscribe.

use serde_json::{Value, json};
use sof::mef::{Api, FaultCode, ReferencePoint};
use sof::notification::{
    Callback, CallbackFault, EventType, EventTypes, Subscription, SubscriptionInput,
};

use super::events;

fn subscription(api: Api, query: &str) -> Subscription {
    Subscription {
        id: "s1".to_owned(),
        buyer: "AS1".to_owned(),
        reference_point: ReferencePoint::Legato,
        api,
        version: api.version(ReferencePoint::Legato),
        callback: Callback::parse("https://client.example/listenerEndpoint/").unwrap(),
        query: Some(query.to_owned()),
        event_types: EventTypes::parse(api, query).unwrap(),
        created: "2026-11-29T19:40:00Z".parse().unwrap(),
    }
}

fn codes(value: &Value) -> Vec<(FaultCode, String)> {
    let faults = SubscriptionInput::decode(Api::ServiceOrdering, value).unwrap_err();
    let code = |fault: sof::mef::Fault| (fault.code, fault.property_path.unwrap());
    faults.into_iter().map(code).collect()
}

#[test]
fn an_empty_query_is_for_all_event_types_of_the_api_and_no_others() {
    for api in [Api::ServiceOrdering, Api::ServiceInventory] {
        for query in ["", "  "] {
            let subscription = subscription(api, query);
            for event in events() {
                assert_eq!(event.matches(&subscription), event.kind.api() == api);
            }
        }
    }
}

#[test]
fn a_query_names_one_type_or_several_with_commas_and_spaces() {
    let one = subscription(
        Api::ServiceOrdering,
        "eventType = serviceOrderStateChangeEvent",
    );
    let several = "eventType=serviceOrderStateChangeEvent,serviceOrderItemStateChangeEvent";
    let several = subscription(Api::ServiceOrdering, several);
    let joined =
        "eventType=serviceOrderStateChangeEvent & eventType = serviceOrderItemStateChangeEvent";
    let joined = subscription(Api::ServiceOrdering, joined);
    for event in events() {
        let of = event.kind.event_kind();
        assert_eq!(event.matches(&one), of == EventType::OrderStateChange);
        let wanted = matches!(of, EventType::OrderStateChange | EventType::ItemStateChange);
        assert_eq!(event.matches(&several), wanted);
        assert_eq!(event.matches(&joined), wanted);
    }
}

#[test]
fn nobody_hears_of_what_is_anothers_or_came_in_elsewhere() {
    let subscription = subscription(Api::ServiceInventory, "");
    for mut event in events()
        .into_iter()
        .filter(|event| event.kind.api() == Api::ServiceInventory)
    {
        assert!(event.matches(&subscription));
        event.buyer = "AS2".to_owned();
        assert!(!event.matches(&subscription));
        event.buyer = "AS1".to_owned();
        event.reference_point = ReferencePoint::Interlude;
        assert!(!event.matches(&subscription));
    }
}

#[test]
fn an_unknown_type_is_refused_with_the_list_and_so_is_one_of_the_other_api() {
    for word in [
        "serviceOrderRemoveEvent",
        "serviceCreateEvent",
        "ServiceOrderCreateEvent",
    ] {
        let value = json!({"callback": "https://a.example", "query": format!("eventType={word}")});
        let faults = SubscriptionInput::decode(Api::ServiceOrdering, &value).unwrap_err();
        let [fault] = faults.as_slice() else {
            panic!("{faults:?}")
        };
        assert_eq!(fault.code, FaultCode::InvalidValue);
        assert_eq!(fault.property_path.as_deref(), Some("/query"));
        for known in EventType::of(Api::ServiceOrdering) {
            assert!(fault.reason.contains(known.as_str()), "{}", fault.reason);
        }
    }
}

#[test]
fn a_query_of_another_form_is_refused() {
    for query in [
        "serviceOrderCreateEvent",
        "eventType=",
        "eventType=serviceOrderCreateEvent,",
        "eventType=,serviceOrderCreateEvent",
        "eventType=serviceOrderCreateEvent&",
        "eventtype=serviceOrderCreateEvent",
        "state=completed",
        "eventType=serviceOrderCreateEvent&state=completed",
    ] {
        let value = json!({"callback": "https://a.example", "query": query});
        assert_eq!(
            codes(&value),
            [(FaultCode::InvalidFormat, "/query".to_owned())],
            "{query}"
        );
    }
    assert!(EventTypes::parse(Api::ServiceOrdering, &" ".repeat(2_000)).is_err());
}

#[test]
fn all_faults_are_told_at_once() {
    let value = json!({"callbak": 1, "query": 7, "x/y": null});
    let mut found = codes(&value);
    found.sort();
    let fault = |code, path: &str| (code, path.to_owned());
    assert_eq!(
        found,
        [
            fault(FaultCode::MissingProperty, "/callback"),
            fault(FaultCode::InvalidFormat, "/query"),
            fault(FaultCode::UnexpectedProperty, "/callbak"),
            fault(FaultCode::UnexpectedProperty, "/x~1y"),
        ]
    );
    assert_eq!(codes(&json!([])).len(), 1);
    assert_eq!(
        codes(&json!({"callback": null}))[0].0,
        FaultCode::InvalidFormat
    );
}

#[test]
fn a_callback_is_an_absolute_url_that_a_path_can_be_put_behind() {
    for good in [
        "https://client.mef.com/listenerEndpoint",
        "http://127.0.0.1:8080",
        "https://[2001:db8::1]:9/a/",
    ] {
        let callback = Callback::parse(good).unwrap();
        assert_eq!(callback.as_str(), good);
        let origin = callback.origin();
        // Nothing of the path is in a log.
        assert_eq!(origin.matches('/').count(), 2, "{origin}");
    }
    let refused = |text: &str| Callback::parse(text).unwrap_err();
    assert!(matches!(
        refused("client.example/x"),
        CallbackFault::NotAUrl(_)
    ));
    assert!(matches!(refused("https://"), CallbackFault::NotAUrl(_)));
    for scheme in [
        "ftp://a.example",
        "file:///etc/passwd",
        "gopher://a.example",
        "unix:/run/x",
    ] {
        assert!(
            matches!(refused(scheme), CallbackFault::Scheme(_)),
            "{scheme}"
        );
    }
    for user in [
        "https://me@a.example",
        "https://me:pw@a.example",
        "https://:pw@a.example",
    ] {
        assert_eq!(refused(user), CallbackFault::UserInfo, "{user}");
    }
    assert_eq!(
        refused("https://a.example/#x"),
        CallbackFault::Behind("fragment")
    );
    assert_eq!(
        refused("https://a.example/?x=1"),
        CallbackFault::Behind("query")
    );
    for odd in [
        "https://a.example/ x",
        "https://a.exa\nmple",
        "https:\\\\a.example",
        "\u{0}https://a.example",
    ] {
        assert_eq!(refused(odd), CallbackFault::Characters, "{odd:?}");
    }
    assert!(matches!(
        refused(&format!("https://a.example/{}", "x".repeat(2_048))),
        CallbackFault::TooLong(_)
    ));
}

#[test]
fn what_was_sent_is_told_as_it_was_sent_and_put_before_the_path() {
    let subscription = subscription(Api::ServiceOrdering, "eventType = serviceOrderCreateEvent");
    let body = json!({
        "id": "s1",
        "callback": "https://client.example/listenerEndpoint/",
        "query": "eventType = serviceOrderCreateEvent",
    });
    assert_eq!(subscription.body(), body);
    assert_eq!(
        subscription.listener(EventType::OrderCreate),
        "https://client.example/listenerEndpoint/mefApi/legato/serviceOrderingNotification/v6/listener/serviceOrderCreateEvent"
    );
    let silent = Subscription {
        query: None,
        ..subscription
    };
    assert!(silent.body().get("query").is_none());
}
