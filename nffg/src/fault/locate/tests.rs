use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::fault::position;
use crate::json::Cursor;

/// The pointer, line and column of a path, or the pointer alone.
fn told(text: &str, path: &str) -> String {
    let place = locate(text, &[path]).remove(0);
    match place.offset {
        Some(offset) => {
            let at = position(text, offset);
            format!("{} {}:{}", place.pointer, at.line, at.column)
        }
        None => place.pointer,
    }
}

#[test]
fn a_value_stands_where_it_starts_and_what_has_parts_where_its_name_does() {
    let json = "{\n\t\"é\": [1, {\"b\" : \"\\u0041\\ud83d\\ude00\",\r\n \"c\":null}],\n\"d\":{}}";
    for (path, place) in [
        ("", " 1:1"),
        ("é", "/é 2:2"),
        ("é[0]", "/é/0 2:8"),
        ("é[1]", "/é/1 2:11"),
        ("é[1]/b", "/é/1/b 2:18"),
        ("é[1]/c", "/é/1/c 3:6"),
        ("d", "/d 4:1"),
    ] {
        assert_eq!(told(json, path), place);
    }
    let yaml = "# why\na: 5 ms\nb:\n  - c: &x [1]\n    d: *x\n  - !!str 7\ne:\nf: ''\n";
    for (path, place) in [
        ("", " 2:1"),
        ("a", "/a 2:4"),
        ("b", "/b 3:1"),
        ("b[0]", "/b/0 4:5"),
        ("b[0]/c", "/b/0/c 4:5"),
        ("b[0]/c[0]", "/b/0/c/0 4:12"),
        ("b[0]/d", "/b/0/d 5:8"),
        ("b[1]", "/b/1 6:11"),
        ("e", "/e 7:1"),
        ("f", "/f 8:4"),
    ] {
        assert_eq!(told(yaml, path), place);
    }
}

#[test]
fn what_is_missing_stands_where_it_is_missing_from() {
    let text = "{\"a\": [{}, {\"b\": 1}],\n \"c\": {\"d\": 2}}";
    for (path, place) in [
        ("x", "/x 1:1"),
        ("a[1]/x", "/a/1/x 1:12"),
        ("a[7]", "/a/7 1:2"),
        ("a[7]/b[0]/c", "/a/7/b/0/c 1:2"),
        ("a[1]/b/x~", "/a/1/b/x~0 1:18"),
        ("c/dd", "/c/dd 2:2"),
        ("cc", "/cc 1:1"),
        ("a[1]b", "/a[1]b 1:1"),
        ("c[x]", "/c[x] 1:1"),
        ("c[0", "/c[0 1:1"),
    ] {
        assert_eq!(told(text, path), place, "{path}");
    }
}

#[test]
fn what_an_alias_or_a_merge_brings_stands_at_the_alias() {
    let text = "a: &a\n  b: [1]\nc: *a\nd:\n  <<: *a\n";
    assert_eq!(told(text, "a/b[0]"), "/a/b/0 2:7");
    assert_eq!(told(text, "c/b[0]"), "/c/b/0 3:4");
    assert_eq!(told(text, "d/b[0]"), "/d/b/0 4:1");
}

#[test]
fn names_that_need_escapes_or_look_like_paths() {
    let text = r#"{"a/b": {"~": 1, "[0]": 2, "": 3}, "a": {"b": 4}, "": 5}"#;
    for (path, place) in [
        ("a/b/~", "/a~1b/~0 1:15"),
        ("a/b/[0]", "/a~1b/[0] 1:25"),
        ("a/b/", "/a~1b/ 1:32"),
        // Either it could be; the last is told.
        ("a/b", "/a/b 1:47"),
    ] {
        assert_eq!(told(text, path), place, "{path}");
    }
}

#[test]
fn of_names_that_come_again_the_last_counts_as_in_reading() {
    let text = "{\"a\": {\"b\": 1}, \"a\": {\"c\": 2},\n\"c\": 1, \"c\": 2}";
    assert_eq!(told(text, "c"), "/c 2:14");
    assert_eq!(told(text, "a/c"), "/a/c 1:28");
}

#[test]
fn of_a_text_that_cannot_be_walked_to_its_end_only_what_was_met_has_a_place() {
    // A raw DEL is JSON, but not YAML.
    let text = format!(
        "{{\"a\": [1],{}\n\"b\": \"\u{7f}\",\n\"c\": [2]}}",
        " ".repeat(2000)
    );
    assert_eq!(told(&text, "a[0]"), "/a/0 1:8");
    assert_eq!(told(&text, "c[0]"), "/c/0");
    assert_eq!(told(&text, "a[1]"), "/a/1");
    for broken in [
        "",
        "[",
        "{\"a\"",
        "\u{7f}",
        "a: b: c",
        "? ? ?",
        "- &a *a",
        "]",
        "--- --- {",
        "*a : 1",
    ] {
        assert!(told(broken, "a").starts_with("/a"), "{broken}");
    }
}

#[test]
fn an_object_an_array_or_an_alias_for_a_name_is_passed_over() {
    let text = "? [a, {b: c}]\n: [1]\n? &x y\n: 2\n*x : {z: 1}\nz: 3\n";
    assert_eq!(told(text, "z"), "/z 6:4");
    assert_eq!(told(text, "y"), "/y 4:3");
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{0,2}",
        "[ab~/\\[\\]0]{1,4}",
        "[ -~é→😀]{0,3}",
        Just("k".repeat(900)),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~é\u{85}\u{2028}😀\n\t]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..6)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn paths(at: Cursor<'_>, pointer: &str, into: &mut Vec<(String, String)>) {
    into.push((pointer.to_owned(), at.path()));
    match at.value() {
        Value::Array(_) => {
            for (index, element) in at.array().unwrap().enumerate() {
                paths(element, &format!("{pointer}/{index}"), into);
            }
        }
        Value::Object(members) => {
            for name in members.keys() {
                let mut pointer = pointer.to_owned();
                push_token(&mut pointer, name);
                paths(at.required(name).unwrap(), &pointer, into);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a cursor can name is found, in any way of writing it.
    #[test]
    fn every_path_is_found(document in document()) {
        let mut known = Vec::new();
        paths(Cursor::root(&document), "", &mut known);
        let wanted: Vec<&str> = known.iter().map(|(_, path)| path.as_str()).collect();
        let compact = document.to_string();
        let pretty = serde_json::to_string_pretty(&document).unwrap();
        let tabs = pretty.replace('\n', "\r\n\t");
        for text in [compact, pretty, tabs] {
            for (place, path) in locate(&text, &wanted).into_iter().zip(&wanted) {
                let value = document.pointer(&place.pointer);
                prop_assert!(value.is_some(), "{} of {text}", place.pointer);
                let value = value.unwrap();
                // Another value of the same path is as good.
                let same = known.iter().any(|(pointer, of)| *pointer == place.pointer && of == path);
                prop_assert!(same, "{} is not {path}", place.pointer);
                let found = &text[place.offset.unwrap()..];
                let last = place.pointer.rsplit('/').next().filter(|_| !place.pointer.is_empty());
                let parent = place.pointer.rsplit_once('/').map(|(parent, _)| parent);
                let is_member = parent.and_then(|of| document.pointer(of)).is_some_and(Value::is_object);
                let starts = match (value, last) {
                    (Value::Object(_) | Value::Array(_), Some(token)) if is_member => {
                        json!(token.replace("~1", "/").replace("~0", "~")).to_string()
                    }
                    (Value::Object(_), _) => "{".to_owned(),
                    (Value::Array(_), _) => "[".to_owned(),
                    (scalar, _) => scalar.to_string(),
                };
                prop_assert!(found.starts_with(&starts), "{path}: {found} is not {starts}");
            }
        }
    }

    #[test]
    fn any_text_and_any_paths_do_no_harm(text in "[-a\\[\\]{}:,\"'&*?!|>#% \n\t~/0é]{0,60}", paths in prop::collection::vec("[a/\\[\\]0é~]{0,12}", 0..6)) {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        for (place, path) in locate(&text, &paths).iter().zip(&paths) {
            prop_assert_eq!(place.pointer.is_empty(), path.is_empty());
            prop_assert!(place.offset.is_none_or(|at| text.is_char_boundary(at)));
        }
    }
}
