//! JSON merge patches: RFC 7396 clause by clause, and the law that a difference, merged, is the other
//! document.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use nffg::{MAX_BYTES, patch};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn merged(base: &Value, patch: &Value) -> Value {
    let bytes = patch::merge(base.to_string().as_bytes(), patch.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Base, patch, result: the situations of RFC 7396 appendix A, in its order, in a domain's terms.
#[test]
fn rfc7396_appendix_a() {
    for (base, patch, result) in [
        (json!({"cpu": 4}), json!({"cpu": 8}), json!({"cpu": 8})),
        (
            json!({"cpu": 4}),
            json!({"mem": 8}),
            json!({"cpu": 4, "mem": 8}),
        ),
        (json!({"cpu": 4}), json!({"cpu": null}), json!({})),
        (
            json!({"cpu": 4, "mem": 8}),
            json!({"cpu": null}),
            json!({"mem": 8}),
        ),
        (
            json!({"nf": ["NF1"]}),
            json!({"nf": "NF2"}),
            json!({"nf": "NF2"}),
        ),
        (
            json!({"nf": "NF2"}),
            json!({"nf": ["NF1"]}),
            json!({"nf": ["NF1"]}),
        ),
        (
            json!({"node": {"id": "a", "zone": "x"}}),
            json!({"node": {"id": "b", "zone": null}}),
            json!({"node": {"id": "b"}}),
        ),
        (
            json!({"nodes": [{"id": "a"}]}),
            json!({"nodes": [7]}),
            json!({"nodes": [7]}),
        ),
        (json!(["NF1", "NF2"]), json!(["NF3"]), json!(["NF3"])),
        (json!({"cpu": 4}), json!(["NF3"]), json!(["NF3"])),
        (json!({"cpu": 4}), Value::Null, Value::Null),
        (json!({"cpu": 4}), json!("none"), json!("none")),
        (
            json!({"cpu": null}),
            json!({"mem": 8}),
            json!({"cpu": null, "mem": 8}),
        ),
        (
            json!([4, 8]),
            json!({"cpu": 4, "mem": null}),
            json!({"cpu": 4}),
        ),
        (
            json!({}),
            json!({"node": {"zone": {"name": null}}}),
            json!({"node": {"zone": {}}}),
        ),
    ] {
        assert_eq!(merged(&base, &patch), result, "{base} and {patch}");
    }
}

#[test]
fn a_patch_of_an_export_changes_what_it_names() {
    let base = br#"{"entry-point": "https://mdo.example/", "cpu": 50, "mem": "60 GB",
        "neighbours": {"AS2": {"delay": 3}, "AS3": {"delay": 4}}}"#;
    let patch = br#"{"cpu": 40, "neighbours": {"AS3": null}}"#;
    let text = String::from_utf8(patch::merge(base, patch).unwrap()).unwrap();
    assert_eq!(
        text,
        r#"{"cpu":40,"entry-point":"https://mdo.example/","mem":"60 GB","neighbours":{"AS2":{"delay":3}}}"#
    );
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let told = |base: &[u8], patch: &[u8]| patch::merge(base, patch).unwrap_err().to_string();
    let text = told(b"{\n\"a\" 1}", b"{}");
    assert!(
        text.starts_with("line 2, column 5: the document that the patch is for: not JSON: "),
        "{text}"
    );
    let text = told(b"{}", b"cpu: 40\n");
    assert!(
        text.starts_with("line 1, column 1: the patch: not JSON: "),
        "{text}"
    );
    assert!(told(b"{}", b"").contains("the patch: not JSON"));
    assert!(told(b"{}", b"{} {}").contains("the patch: not JSON"));
    assert!(told(b"{}", b"\"\xff\"").contains("the patch: the document is not UTF-8 text"));
}

#[test]
fn what_is_too_large_or_too_deep() {
    let blanks = |count: usize| {
        let mut text = b"{}".to_vec();
        text.resize(count, b' ');
        text
    };
    assert_eq!(
        patch::merge(&blanks(MAX_BYTES), &blanks(MAX_BYTES)).unwrap(),
        b"{}"
    );
    let told = |base: &[u8], patch: &[u8]| patch::merge(base, patch).unwrap_err().to_string();
    assert!(told(b"{}", &blanks(MAX_BYTES + 1)).contains("the patch: the document has 16777217"));
    assert!(told(&blanks(MAX_BYTES + 1), b"{}").contains("16777217 bytes; at most 16777216"));
    let half = |name: &str| format!("{{\"{name}\":\"{}\"}}", "x".repeat(MAX_BYTES / 2));
    let text = told(half("a").as_bytes(), half("b").as_bytes());
    assert!(
        text.starts_with("with the patch the document would have 16777"),
        "{text}"
    );
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(told(b"{}", deep.as_bytes()).contains("the patch: not JSON: recursion limit"));
}

/// The patch that makes `b` of `a`.
fn difference(a: &Value, b: &Value) -> Value {
    let (Value::Object(a), Value::Object(b)) = (a, b) else {
        return b.clone();
    };
    let mut patch = Map::new();
    for name in a.keys().filter(|name| !b.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, b) in b {
        match a.get(name) {
            Some(a) if a == b => {}
            Some(a) if a.is_object() => drop(patch.insert(name.clone(), difference(a, b))),
            _ => drop(patch.insert(name.clone(), b.clone())),
        }
    }
    Value::Object(patch)
}

/// Values without nulls, which a patch cannot tell.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    let leaf = leaf.prop_filter("no null", |value| !value.is_null());
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_difference_merged_is_the_other_document(a in value(), b in value()) {
        let patch = difference(&a, &b);
        prop_assert_eq!(merged(&a, &patch), b, "{}", patch);
    }

    #[test]
    fn merging_twice_is_merging_once(a in value(), b in value()) {
        let patch = difference(&b, &a);
        let once = merged(&b, &patch);
        prop_assert_eq!(merged(&once, &patch), once);
    }

    #[test]
    fn no_bytes_make_it_panic(
        base in prop::collection::vec(any::<u8>(), 0..50),
        patch in "[\\[\\]{}\":,a0-9]{0,20}",
    ) {
        let _ = patch::merge(&base, patch.as_bytes());
        let _ = patch::merge(b"{}", patch.as_bytes());
    }
}
