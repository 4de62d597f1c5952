//! Patches of JSON documents as servers send them: merge patches (RFC 7396) and JSON patches (RFC 6902),
//! applied within bounds. A JSON patch is a small program: ten `copy` operations make a document a
//! thousand times as large, or as deep.

use serde_json::Value;

/// How many values a JSON patch may copy, of texts for each 64 octets one.
const MOST_COPIED: usize = 1 << 22;
/// How deep a document may become: what `serde_json` reads at most.
const MOST_DEPTH: usize = 128;

/// Why a patch cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchFault {
    /// It is no patch of its type.
    #[error("it is no JSON patch: {0}")]
    NoPatch(String),
    /// An operation fails.
    #[error("operation {0} fails: {1}")]
    Operation(usize, String),
    /// It would make more of the document than a client can bear.
    #[error("operation {0} makes the document larger or deeper than is taken")]
    TooLarge(usize),
}

/// Applies a merge patch (RFC 7396 §2). It adds no more than it holds.
pub fn merge(document: &mut Value, patch: &Value) {
    json_patch::merge(document, patch);
}

/// Applies a JSON patch (RFC 6902).
///
/// # Errors
/// See [`PatchFault`]. Then some operations may have been applied: the document is of no more use.
pub fn json(document: &mut Value, patch: Value) -> Result<(), PatchFault> {
    let Value::Array(operations) = patch else {
        return Err(PatchFault::NoPatch("expected an array".to_owned()));
    };
    let mut copied = 0_usize;
    for (index, operation) in operations.into_iter().enumerate() {
        let text = |name: &str| operation.get(name).and_then(Value::as_str);
        let path_depth = text("path").map_or(0, segments);
        let (kind, from) = (text("op"), text("from"));
        let added = match (kind, from) {
            (Some("copy" | "move"), Some(from)) => {
                let source = document.pointer(from).map_or((0, 0), measured);
                if kind == Some("copy") {
                    copied = copied.saturating_add(source.0);
                }
                source.1
            }
            // What the patch itself holds is as deep as was read.
            _ => 0,
        };
        if copied > MOST_COPIED || path_depth + added > MOST_DEPTH {
            return Err(PatchFault::TooLarge(index));
        }
        let operation: json_patch::PatchOperation = serde_json::from_value(operation)
            .map_err(|error| PatchFault::NoPatch(error.to_string()))?;
        json_patch::patch(document, &[operation])
            .map_err(|error| PatchFault::Operation(index, error.to_string()))?;
    }
    Ok(())
}

/// How many steps a pointer goes down.
fn segments(pointer: &str) -> usize {
    pointer.bytes().filter(|octet| *octet == b'/').count()
}

/// How many values there are in one, long texts counting more, and how deep it is.
fn measured(value: &Value) -> (usize, usize) {
    let below: &mut dyn Iterator<Item = &Value> = match value {
        Value::Array(elements) => &mut elements.iter(),
        Value::Object(members) => &mut members.values(),
        Value::String(text) => return (1 + text.len() / 64, 1),
        _ => return (1, 1),
    };
    let (count, depth) = below.map(measured).fold((0_usize, 0), |sum, one| {
        (sum.0.saturating_add(one.0), sum.1.max(one.1))
    });
    (count.saturating_add(1), depth + 1)
}

/// Whether two documents say the same. Numbers are compared as numbers: `1` and `1.0` are one, which a
/// server may write either way.
#[must_use]
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64().is_some_and(|one| Some(one) == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(name, value): (&String, &Value)| {
                other.get(name).is_some_and(|other| same(value, other))
            };
            one.len() == other.len() && one.iter().all(has)
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use alto::updates::{Document, Form, Forms, diff};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn client_rfc6902_the_operations_are_applied_in_order() {
        let mut document =
            json!({"meta": {"tag": "a"}, "map": {"PID1": {"ipv4": ["192.0.2.0/24"]}}});
        let patch = json!([
            {"op": "test", "path": "/meta/tag", "value": "a"},
            {"op": "replace", "path": "/meta/tag", "value": "b"},
            {"op": "add", "path": "/map/PID1/ipv4/1", "value": "203.0.113.0/25"},
            {"op": "copy", "from": "/map/PID1", "path": "/map/PID2"},
            {"op": "move", "from": "/map/PID1", "path": "/map/a~1b"},
            {"op": "remove", "path": "/map/PID2/ipv4/0"},
        ]);
        json(&mut document, patch).unwrap();
        let expected = json!({"meta": {"tag": "b"}, "map": {
            "a/b": {"ipv4": ["192.0.2.0/24", "203.0.113.0/25"]}, "PID2": {"ipv4": ["203.0.113.0/25"]},
        }});
        assert_eq!(document, expected);
    }

    #[test]
    fn a_patch_that_does_not_fit_is_told_by_its_operation() {
        let fault = |patch: Value| json(&mut json!({"a": 1}), patch).unwrap_err().to_string();
        assert_eq!(fault(json!({})), "it is no JSON patch: expected an array");
        assert!(fault(json!([{"op": "dance"}])).starts_with("it is no JSON patch"));
        let missing =
            json!([{"op": "test", "path": "/a", "value": 1}, {"op": "remove", "path": "/b"}]);
        assert!(fault(missing).starts_with("operation 1 fails"));
    }

    #[test]
    fn a_patch_that_multiplies_is_stopped() {
        let mut document = json!({"a": ["0", "1", "2", "3"]});
        let doubling = json!({"op": "copy", "from": "/a", "path": "/a/-"});
        let patch = Value::Array(vec![doubling; 64]);
        assert!(matches!(
            json(&mut document, patch),
            Err(PatchFault::TooLarge(_))
        ));

        let mut document = json!({});
        let deeper = json!({"op": "copy", "from": "", "path": "/a"});
        let patch = Value::Array(vec![deeper; 200]);
        assert!(matches!(
            json(&mut document, patch),
            Err(PatchFault::TooLarge(_))
        ));

        let mut document = json!({});
        let path = |depth| "/a".repeat(depth);
        let add = |depth| json!({"op": "add", "path": path(depth), "value": {}});
        let patch = (1..200).map(add).collect();
        assert_eq!(json(&mut document, patch), Err(PatchFault::TooLarge(128)));
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        assert!(same(&json!({"a": [1, 2.5]}), &json!({"a": [1.0, 2.5]})));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": null})));
        assert!(!same(&json!([1]), &json!([1, 1])));
        assert!(!same(&json!("1"), &json!(1)));
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0_i32..4).prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c/~]{1,2}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_difference_of_two_documents_makes_one_of_the_other(from in document(), to in document()) {
            let read = |value: &Value| Document::new(vec![value.to_string().into()]);
            for forms in [Forms::Json, Forms::Merge] {
                // A null that is a value has no merge patch; there is none here.
                let told = diff(&read(&from), &read(&to), forms).unwrap();
                let patch: Value = serde_json::from_slice(&told.bytes).unwrap();
                let mut made = from.clone();
                match told.form {
                    Form::Json => json(&mut made, patch).unwrap(),
                    Form::Merge => merge(&mut made, &patch),
                }
                prop_assert!(same(&made, &to), "{}", made);
            }
        }

        #[test]
        fn client_rfc7396_a_merge_patch_is_applied_twice_as_once(mut from in document(), patch in document()) {
            merge(&mut from, &patch);
            let once = from.clone();
            merge(&mut from, &patch);
            prop_assert_eq!(from, once);
        }
    }
}
