//! What is expected and what came, compared: every difference named by its place.

use serde_json::Value;

/// How many differences are told one by one.
const MOST: usize = 20;

/// The differences between two JSON values, each as a line or a few; none if they are equal. Members
/// of objects have no order, elements of arrays have.
#[must_use]
pub fn differences(expected: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", expected, got, &mut found);
    if found.len() > MOST {
        let more = found.len() - MOST;
        found.truncate(MOST);
        found.push(format!("and {more} more"));
    }
    found
}

/// The differences of those members alone that `expected` has; the answer may have others. This is
/// how a whole document is compared with what a draft prints of it.
#[must_use]
pub fn differences_in_members(expected: &Value, got: &Value) -> Vec<String> {
    let (Some(members), Some(_)) = (expected.as_object(), got.as_object()) else {
        return differences(expected, got);
    };
    let mut found = Vec::new();
    for (name, member) in members {
        let theirs = got.get(name).unwrap_or(&Value::Null);
        if name == "meta" {
            // The draft's `meta` has the cost type only; versions and the like come on top.
            found.extend(differences_in_members(member, theirs));
        } else {
            walk(name, member, theirs, &mut found);
        }
    }
    found
}

fn walk(place: &str, expected: &Value, got: &Value, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let below = |name: &str| {
                if place.is_empty() {
                    name.to_owned()
                } else {
                    format!("{place}/{name}")
                }
            };
            for (name, member) in expected {
                match got.get(name) {
                    Some(theirs) => walk(&below(name), member, theirs, found),
                    None => found.push(format!("{}: missing; expected {member}", below(name))),
                }
            }
            for (name, theirs) in got.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                found.push(format!("{}: not expected: {theirs}", below(name)));
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected != got => {
            elements(place, expected, got, found);
        }
        _ if expected == got => {}
        _ => found.push(format!(
            "{place}: expected {expected}\n{:1$}  got      {got}",
            "",
            place.len()
        )),
    }
}

fn elements(place: &str, expected: &[Value], got: &[Value], found: &mut Vec<String>) {
    let missing = without(expected, got);
    let surplus = without(got, expected);
    if missing.is_empty() && surplus.is_empty() {
        let list = |values: &[Value]| Value::Array(values.to_vec()).to_string();
        found.push(format!(
            "{place}: the same, in another order\n  expected {}\n  got      {}",
            list(expected),
            list(got)
        ));
    }
    found.extend(missing.iter().map(|one| format!("{place}: missing: {one}")));
    found.extend(
        surplus
            .iter()
            .map(|one| format!("{place}: not expected: {one}")),
    );
}

/// `these` less `those`, each element of `those` taking away one of its equals.
fn without<'a>(these: &'a [Value], those: &[Value]) -> Vec<&'a Value> {
    let mut those: Vec<&Value> = those.iter().collect();
    these
        .iter()
        .filter(|one| match those.iter().position(|other| other == one) {
            Some(place) => {
                those.swap_remove(place);
                false
            }
            None => true,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equals_have_no_difference() {
        let value = json!({"a": [1, {"b": null}]});
        assert_eq!(differences(&value, &value), Vec::<String>::new());
        assert_eq!(differences_in_members(&value, &value), Vec::<String>::new());
    }

    #[test]
    fn a_difference_is_named_by_its_place() {
        let expected = json!({"m": {"AS1": {"cpu": ["50.0"], "nf": "x"}, "AS2": 1}});
        let got = json!({"m": {"AS1": {"cpu": ["51.0"], "nf": "y"}, "AS3": 2}});
        assert_eq!(
            differences(&expected, &got),
            [
                "m/AS1/cpu: missing: \"50.0\"",
                "m/AS1/cpu: not expected: \"51.0\"",
                "m/AS1/nf: expected \"x\"\n          got      \"y\"",
                "m/AS2: missing; expected 1",
                "m/AS3: not expected: 2",
            ]
        );
    }

    #[test]
    fn order_counts_in_arrays_and_repetition_too() {
        let other_order = differences(&json!([1, 2]), &json!([2, 1]));
        assert!(
            other_order[0].contains("in another order"),
            "{other_order:?}"
        );
        assert_eq!(
            differences(&json!([1]), &json!([1, 1])),
            [": not expected: 1"]
        );
        assert_eq!(differences(&json!([1, 1]), &json!([1])), [": missing: 1"]);
    }

    #[test]
    fn what_the_answer_has_on_top_is_no_difference_in_members() {
        let expected = json!({"meta": {"cost-type": 1}, "cost-map": {"a": 1}});
        let more = json!({"meta": {"cost-type": 1, "vtag": 2}, "cost-map": {"a": 1}, "x": 0});
        assert_eq!(
            differences_in_members(&expected, &more),
            Vec::<String>::new()
        );
        let other = json!({"meta": {"cost-type": 2}, "cost-map": {"a": 1, "b": 2}});
        assert_eq!(differences_in_members(&expected, &other).len(), 2);
        assert_eq!(differences_in_members(&expected, &json!({})).len(), 2);
        assert_eq!(differences_in_members(&expected, &json!(1)).len(), 1);
    }

    #[test]
    fn a_flood_is_counted() {
        let got = json!((0..30).collect::<Vec<u8>>());
        let told = differences(&json!([]), &got);
        assert_eq!((told.len(), told[20].as_str()), (21, "and 10 more"));
    }
}
