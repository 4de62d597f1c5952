//! When an item may begin: its requested start, and what it waits for of other items and orders (`coordinatedAction`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use sof::order::{ItemState, OrderItem, OrderState, ServiceOrder};

/// Whether an item may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Now.
    Now,
    /// Not before.
    At(Timestamp),
    /// When another has got further.
    After,
    /// Never, and why.
    Never(String),
}

/// When other items began, and when they ended.
pub(super) type Times = BTreeMap<String, (Option<Timestamp>, Option<Timestamp>)>;

/// What of another has to come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Start,
    End,
}

struct Coordinated<'a> {
    other: &'a str,
    needs: Needs,
    delay: SignedDuration,
    /// The other waits for this one.
    reverse: bool,
}

fn coordinated<'a>(given: &'a Map<String, Value>, names: &'static str) -> Vec<Coordinated<'a>> {
    let list = given.get("coordinatedAction").and_then(Value::as_array);
    let actions = list.into_iter().flatten().filter_map(|action| {
        let (needs, reverse) = match action.get("coordinationDependency")?.as_str()? {
            "startToStart" => (Needs::Start, false),
            "startToFinish" => (Needs::End, false),
            "finishToStart" => (Needs::End, true),
            // To complete at the same time is no matter of the start: `together`.
            _ => return None,
        };
        Some(Coordinated {
            other: action.get(names)?.as_str()?,
            needs,
            delay: delay(action.get("coordinatedActionDelay")),
            reverse,
        })
    });
    actions.collect()
}

fn delay(told: Option<&Value>) -> SignedDuration {
    let amount = told
        .and_then(|told| told.get("amount")?.as_i64())
        .unwrap_or(0);
    let unit = told
        .and_then(|told| told.get("units")?.as_str())
        .unwrap_or_default();
    // The document's words are in capitals in some releases.
    let seconds = match unit.to_ascii_lowercase().trim_end_matches('s') {
        "day" | "calendarday" | "businessday" => 86_400,
        "hour" | "calendarhour" | "businesshour" => 3_600,
        "minute" | "calendarminute" | "businessminute" => 60,
        "week" => 7 * 86_400,
        "month" | "calendarmonth" => 30 * 86_400,
        "year" => 365 * 86_400,
        _ => 1,
    };
    SignedDuration::from_secs(amount.saturating_mul(seconds).max(0))
}

/// Whether an item may begin at `now`. `times` are those of the order's items; `others` are the orders that this one names.
pub(super) fn start(
    order: &ServiceOrder,
    item: &OrderItem,
    times: &Times,
    others: &[ServiceOrder],
    now: Timestamp,
) -> Start {
    let mut earliest = order.requested_start().unwrap_or(now);
    for action in coordinated(&order.given, "orderId") {
        let Some(other) = others.iter().find(|other| other.id.0 == action.other) else {
            continue;
        };
        let moment = match action.needs {
            // Refused when the order is taken.
            _ if action.reverse => continue,
            Needs::Start => other.start_date,
            Needs::End => match other.state() {
                OrderState::Completed => other.completion_date,
                state if state.is_final() => {
                    return Start::Never(format!(
                        "it comes after order {}, which has failed",
                        other.id
                    ));
                }
                _ => None,
            },
        };
        match moment {
            Some(moment) => earliest = earliest.max(later(moment, action.delay)),
            None => return Start::After,
        }
    }
    let own = coordinated(&item.given, "itemId");
    let own = own
        .iter()
        .filter(|action| !action.reverse)
        .map(|action| (action.other, action.needs, action.delay));
    let mut befores: Vec<(&str, Needs, SignedDuration)> = own.collect();
    for other in order.items.iter().filter(|other| other.id != item.id) {
        let of = coordinated(&other.given, "itemId");
        let of = of
            .iter()
            .filter(|action| action.reverse && action.other == item.id.0);
        befores.extend(of.map(|action| (other.id.0.as_str(), action.needs, action.delay)));
    }
    for (name, needs, delay) in befores {
        let Some(other) = order.items.iter().find(|other| other.id.0 == name) else {
            continue;
        };
        let (began, ended) = times.get(name).copied().unwrap_or_default();
        let moment = match needs {
            Needs::Start => began,
            Needs::End if other.state == ItemState::Completed => ended,
            Needs::End if other.state.is_final() => {
                return Start::Never(format!("it comes after item {name}, which has failed"));
            }
            Needs::End => None,
        };
        match moment {
            Some(moment) => earliest = earliest.max(later(moment, delay)),
            None => return Start::After,
        }
    }
    if earliest <= now {
        Start::Now
    } else {
        Start::At(earliest)
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// The items that complete at the same time (`finishToFinish`), by each of them: its whole group, itself included. Who
/// completes alone is not there.
pub(super) fn together(order: &ServiceOrder) -> BTreeMap<String, BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in &order.items {
        let list = item
            .given
            .get("coordinatedAction")
            .and_then(Value::as_array);
        for action in list.into_iter().flatten() {
            if action["coordinationDependency"] != "finishToFinish" {
                continue;
            }
            let Some(other) = action["itemId"].as_str() else {
                continue;
            };
            let mut group = BTreeSet::from([item.id.0.clone(), other.to_owned()]);
            for one in [&item.id.0, other] {
                group.extend(groups.get(one).into_iter().flatten().cloned());
            }
            for one in &group {
                groups.insert(one.clone(), group.clone());
            }
        }
    }
    groups
}

/// Whether another item may begin only when this one has.
pub(super) fn is_started_after(order: &ServiceOrder, item: &OrderItem) -> bool {
    let others = order.items.iter().filter(|other| other.id != item.id);
    let mut waits = others.flat_map(|other| coordinated(&other.given, "itemId"));
    waits.any(|action| action.needs == Needs::Start && action.other == item.id.0)
}

/// The orders that an order names.
pub(super) fn named(order: &ServiceOrder) -> Vec<String> {
    let actions = coordinated(&order.given, "orderId");
    actions
        .iter()
        .map(|action| action.other.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sof::mef::ReferencePoint;
    use sof::order::{Action, ItemId, OrderId};
    use sof::service::{ServiceId, ServiceState};

    use super::*;

    fn order(start: &str, second: Value) -> ServiceOrder {
        let item = |id: &str, given: Value| OrderItem {
            id: ItemId(id.to_owned()),
            action: Action::Add,
            given: given.as_object().cloned().unwrap_or_default(),
            service: ServiceId(id.to_owned()),
            target: ServiceState::Active,
            state: ItemState::Acknowledged,
            termination_errors: Vec::new(),
        };
        let given = json!({"requestedStartDate": start});
        ServiceOrder {
            id: OrderId("o".to_owned()),
            buyer: "b".to_owned(),
            reference_point: ReferencePoint::Legato,
            given: given.as_object().cloned().unwrap(),
            items: vec![
                item("1", json!({})),
                item("2", json!({"coordinatedAction": second})),
            ],
            order_date: at(0),
            start_date: None,
            expected_completion_date: None,
            completion_date: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn action(dependency: &str) -> Value {
        json!([{"coordinatedActionDelay": {"amount": 1, "units": "minutes"},
                "coordinationDependency": dependency, "itemId": "1"}])
    }

    fn ask(order: &ServiceOrder, item: usize, times: &Times) -> Start {
        start(order, &order.items[item], times, &[], at(100))
    }

    #[test]
    fn an_item_begins_at_the_requested_start() {
        let early = order("2020-01-01T00:00:00Z", json!([]));
        assert_eq!(ask(&early, 0, &Times::new()), Start::Now);
        let late = order(&at(500).to_string(), json!([]));
        assert_eq!(ask(&late, 0, &Times::new()), Start::At(at(500)));
        // The last year that the documents' dates have ends behind the last moment there is.
        let never = order("9999-12-31T23:59:59-12:00", json!([]));
        assert_eq!(ask(&never, 0, &Times::new()), Start::At(Timestamp::MAX));
    }

    #[test]
    fn items_that_complete_together_are_one_group_whoever_names_whom() {
        let mut of = order("2020-01-01T00:00:00Z", action("finishToFinish"));
        assert_eq!(ask(&of, 0, &Times::new()), Start::Now);
        assert_eq!(ask(&of, 1, &Times::new()), Start::Now);
        let mut third = of.items[1].clone();
        third.id = ItemId("3".to_owned());
        third.given = json!({"coordinatedAction": [
            {"coordinationDependency": "finishToFinish", "itemId": "2"}]})
        .as_object()
        .cloned()
        .unwrap();
        let mut alone = of.items[0].clone();
        alone.id = ItemId("4".to_owned());
        of.items.extend([third, alone]);
        let groups = together(&of);
        let all: BTreeSet<String> = ["1", "2", "3"].map(str::to_owned).into();
        assert_eq!(groups.len(), 3);
        assert!(groups.values().all(|group| *group == all));
        assert!(!is_started_after(&of, &of.items[0]));
        let of = order("2020-01-01T00:00:00Z", action("startToStart"));
        assert!(is_started_after(&of, &of.items[0]) && together(&of).is_empty());
    }

    #[test]
    fn an_item_waits_for_what_it_is_coordinated_with() {
        let early = "2020-01-01T00:00:00Z";
        let mut of = order(early, action("startToStart"));
        assert_eq!(ask(&of, 1, &Times::new()), Start::After);
        let times: Times = [("1".to_owned(), (Some(at(90)), None))].into();
        assert_eq!(ask(&of, 1, &times), Start::At(at(150)));
        of = order(early, action("startToFinish"));
        assert_eq!(ask(&of, 1, &times), Start::After);
        let ended: Times = [("1".to_owned(), (Some(at(0)), Some(at(30))))].into();
        of.items[0].state = ItemState::Completed;
        assert_eq!(ask(&of, 1, &ended), Start::Now);
        of.items[0].state = ItemState::Failed;
        assert!(matches!(ask(&of, 1, &ended), Start::Never(_)));
        // The first begins after the second is complete.
        of = order(early, action("finishToStart"));
        assert_eq!(ask(&of, 1, &Times::new()), Start::Now);
        assert_eq!(ask(&of, 0, &Times::new()), Start::After);
    }
}
