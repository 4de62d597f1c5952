//! Laws of queries, callbacks and records.

use proptest::prelude::*;
use serde_json::{Value, json};
use sof::mef::Api;
use sof::notification::{Callback, Event, EventType, EventTypes, SubscriptionInput};

use super::events;

fn api() -> impl Strategy<Value = Api> {
    prop_oneof![Just(Api::ServiceOrdering), Just(Api::ServiceInventory)]
}

fn types() -> impl Strategy<Value = (Api, Vec<EventType>)> {
    api().prop_flat_map(|api| {
        let known: Vec<_> = EventType::of(api).collect();
        (
            Just(api),
            prop::collection::vec(prop::sample::select(known), 1..8),
        )
    })
}

proptest! {
    #[test]
    fn a_query_means_the_same_however_it_is_spaced_and_joined(
        (api, types) in types(),
        space in " {0,3}",
        several in any::<bool>(),
    ) {
        let words: Vec<_> = types.iter().map(|of| of.as_str()).collect();
        let query = if several {
            let parts: Vec<_> = words.iter().map(|word| format!("{space}eventType{space}={space}{word}{space}")).collect();
            parts.join("&")
        } else {
            format!("{space}eventType{space}={space}{}", words.join(&format!("{space},{space}")))
        };
        let read = EventTypes::parse(api, &query).unwrap();
        for of in EventType::ALL {
            prop_assert_eq!(read.contains(of), types.contains(&of));
        }
        prop_assert_eq!(&EventTypes::parse(api, &read.to_string()).unwrap(), &read);
    }

    #[test]
    fn what_is_read_of_any_text_is_of_the_api_and_never_nothing(api in api(), text in ".{0,80}") {
        if let Ok(read) = EventTypes::parse(api, &text) {
            prop_assert!(read.iter().count() > 0);
            prop_assert!(read.iter().all(|of| of.api() == api));
        }
    }

    #[test]
    fn a_callback_that_is_taken_stays_what_it_was(text in "(https?://)?[a-z@:/?#\\[\\]0-9. %\\\\]{0,40}") {
        if let Ok(callback) = Callback::parse(&text) {
            prop_assert_eq!(callback.as_str(), &text);
            let url = url::Url::parse(&text).unwrap();
            prop_assert!(url.username().is_empty() && url.password().is_none());
            prop_assert!(url.query().is_none() && url.fragment().is_none());
            prop_assert!(url.host().is_some());
        }
    }

    #[test]
    fn an_input_is_taken_or_has_a_fault(api in api(), callback in ".{0,30}", query in prop::option::of(".{0,30}")) {
        let value = json!({"callback": callback, "query": query});
        if let Err(faults) = SubscriptionInput::decode(api, &value) {
            prop_assert!(!faults.is_empty());
        }
    }
}

#[test]
fn what_is_kept_is_read_back_the_same() {
    for event in events() {
        let kept = serde_json::to_vec(&event).unwrap();
        assert_eq!(serde_json::from_slice::<Event>(&kept).unwrap(), event);
    }
    for of in EventType::ALL {
        assert_eq!(serde_json::to_value(of).unwrap(), Value::from(of.as_str()));
    }
}
