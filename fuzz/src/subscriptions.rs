//! What is sent to subscribe to notifications.

use broker::lso::callback::AddressGuard;
use serde_json::Value;
use sof::mef::{Api, Fault};
use sof::notification::{Callback, EventType, EventTypes, SubscriptionInput};

const APIS: [Api; 2] = [Api::ServiceOrdering, Api::ServiceInventory];

/// Queries and callbacks, one a line; the whole as an `EventSubscriptionInput`.
pub fn subscription_query(data: &[u8]) {
    for line in String::from_utf8_lossy(data).lines() {
        query(line);
        callback(line);
    }
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    for api in APIS {
        match SubscriptionInput::decode(api, &value) {
            Ok(input) => {
                assert_eq!(value["callback"], input.callback.as_str());
                assert_eq!(
                    value.get("query").and_then(Value::as_str),
                    input.query.as_deref()
                );
            }
            Err(faults) => {
                assert!(!faults.is_empty());
                for fault in faults {
                    assert!(fault.reason.chars().count() <= Fault::MAX_REASON);
                    assert!(fault.property_path.is_some());
                }
            }
        }
    }
}

fn query(text: &str) {
    for api in APIS {
        let Ok(types) = EventTypes::parse(api, text) else {
            continue;
        };
        let named: Vec<EventType> = types.iter().collect();
        assert!(
            !named.is_empty() && named.iter().all(|of| of.api() == api),
            "{text}"
        );
        let again = EventTypes::parse(api, &types.to_string());
        assert_eq!(again.as_ref(), Ok(&types), "{text}");
        if !text.trim().is_empty() {
            assert!(named.iter().all(|of| text.contains(of.as_str())), "{text}");
        }
    }
}

fn callback(text: &str) {
    let Ok(callback) = Callback::parse(text) else {
        return;
    };
    assert_eq!(callback.as_str(), text);
    let url: url::Url = text.parse().expect("a callback is a URL");
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{text}"
    );
    // Whatever way an address is written, this machine is not reached.
    let is_inside = url.host_str().is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host.parse()
            .is_ok_and(|address: std::net::IpAddr| address.to_canonical().is_loopback())
    });
    assert!(
        !is_inside || AddressGuard::default().check_url(&url).is_err(),
        "{text}"
    );
}
