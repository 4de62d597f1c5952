//! The member `windows` of a brief document.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use nffg::export::{self, Expected, Parts};
use nffg::{Announced, DocumentError, LinkState, Syntax, Window};
use proptest::prelude::*;
use serde_json::{Value, json};

fn decode(text: &str) -> Result<Parts, DocumentError> {
    let domain = "AS1".parse().unwrap();
    // JSON is YAML.
    let expected = Expected {
        syntax: Some(Syntax::Yaml),
        ..Expected::of(&domain)
    };
    let read = export::decode(text.as_bytes(), expected)?;
    assert_eq!(read.format, export::Format::Brief);
    assert_eq!(read.warnings, []);
    Ok(read.parts)
}

fn windows(text: &str) -> Vec<Window> {
    decode(text).unwrap().windows.unwrap()
}

fn refused(window: &Value) -> Vec<String> {
    let document = json!({"windows": [window]}).to_string();
    let error = decode(&document).unwrap_err();
    let told = error.faults().iter().map(|fault| {
        let value = fault.value.clone().unwrap_or_default();
        format!("{} '{value}' {}", fault.path, fault.rule)
    });
    told.collect()
}

const START: &str = "2026-12-01T02:00:00Z";
const END: &str = "2026-12-01T04:00:00Z";

#[test]
fn the_example() {
    let text = "
windows:
  - start: 2026-12-01T02:00:00Z
    end: 2026-12-01T05:00:00+01:00
    neighbour: AS2
    maintenance: true
  - {start: 2026-12-01T20:00:00Z, end: 2026-12-02T06:00:00Z, neighbour: AS3, router: r1, remote-router: r9,
     bandwidth: 1 Gbit/s, delay: 8}
  - {start: 2026-12-24T00:00:00Z, end: 2026-12-27T00:00:00Z, bandwidth: 500}
";
    let read = decode(text).unwrap();
    assert_eq!((read.resources, read.topology), (None, None));
    let windows = read.windows.unwrap();
    assert_eq!(windows.len(), 3);
    let [first, second, third] = &windows[..] else {
        panic!("{windows:?}");
    };
    assert_eq!(
        [first.start.to_string(), first.end.to_string()],
        [START, END]
    );
    assert_eq!(first.state, LinkState::Out);
    let whole = Announced::Neighbour {
        domain: "AS2".parse().unwrap(),
        router: None,
        remote: None,
    };
    assert_eq!(first.links, whole);
    let one = Announced::Neighbour {
        domain: "AS3".parse().unwrap(),
        router: Some("r1".parse().unwrap()),
        remote: Some("r9".parse().unwrap()),
    };
    assert_eq!(second.links, one);
    let LinkState::Up { delay, bandwidth } = second.state else {
        panic!("{second:?}");
    };
    assert_eq!(delay.unwrap().as_nanos(), 8_000_000);
    assert_eq!(bandwidth.unwrap().bits_per_second(), 1_000_000_000);
    assert_eq!(third.links, Announced::All);
    let LinkState::Up { delay, bandwidth } = third.state else {
        panic!("{third:?}");
    };
    assert_eq!(
        (delay, bandwidth.unwrap().bits_per_second()),
        (None, 500_000_000)
    );
}

#[test]
fn windows_stand_beside_all_else_and_may_be_none() {
    assert_eq!(decode("{cpu: 1}").unwrap().windows, None);
    assert_eq!(windows("{cpu: 1, windows: []}"), []);
    let map = r#"{"property-map": {"pid:AS1": {"cpu": 1}}, "windows": []}"#;
    assert_eq!(windows(map), []);
    // Sorted, each once; one alone needs no brackets.
    let one = |start: &str| format!("{{start: {start}, end: {END}, maintenance: true}}");
    let (early, late) = (one(START), one("2026-12-01T03:00:00Z"));
    let told = windows(&format!("windows: [{late}, {early}, {late}]"));
    assert_eq!(told.len(), 2);
    assert!(told[0].start < told[1].start);
    assert_eq!(windows(&format!("windows: {late}")), [told[1].clone()]);
}

#[test]
fn a_window_that_cannot_be_taken_says_why() {
    let good = json!({"start": START, "end": END, "maintenance": true});
    let with = |name: &str, value: Value| {
        let mut window = good.clone();
        window[name] = value;
        refused(&window)
    };
    for (told, expected) in [
        (
            with("end", json!(START)),
            "/windows/0/end '2026-12-01T02:00:00Z' a window ends after its start",
        ),
        (
            with("end", json!("2028-01-01T00:00:00Z")),
            "/windows/0/end '2028-01-01T00:00:00Z' a window is 366 days long at most",
        ),
        (
            with("start", json!("tomorrow")),
            "/windows/0/start 'tomorrow' a time as",
        ),
        (
            with("start", json!("2026-12-01T02:00:00")),
            "/windows/0/start '2026-12-01T02:00:00' a time as",
        ),
        (with("start", json!(1_764_554_400)), "/windows/0/start"),
        (with("maintenance", json!("yes")), "/windows/0/maintenance"),
        (with("maintenance", json!(false)), "/windows/0 '{"),
        (
            with("bandwidth", json!(5)),
            "/windows/0/maintenance 'true' a link that is out of service has no bandwidth",
        ),
        (
            with("neighbour", json!("AS1")),
            "/windows/0/neighbour 'AS1' a neighbour is another domain",
        ),
        (
            with("neighbor", json!("AS2")),
            "/windows/0/neighbor 'neighbor' there is no such member; there are start, end",
        ),
        (
            with("router", json!("r1")),
            "/windows/0/router 'r1' routers are told together with a 'neighbour'",
        ),
        (
            refused(&json!({"end": END, "maintenance": true})),
            "/windows/0/start",
        ),
        (refused(&json!("soon")), "/windows/0"),
    ] {
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(expected), "{told:?} {expected}");
    }
    // All faults at once.
    assert_eq!(
        refused(&json!({"start": 1, "end": 2, "bandwidth": "wide"})).len(),
        3
    );
}

proptest! {
    #[test]
    fn every_window_is_taken_or_says_why(
        times in prop::collection::vec((0_i64..2_000_000_000, -5_i64..50_000_000), 0..4),
        to in prop::option::of("(AS[1-3]|x)"),
        maintenance in prop::option::of(any::<bool>()),
        bandwidth in prop::option::of(0_u32..9),
    ) {
        let at = |second| jiff::Timestamp::from_second(second).unwrap().to_string();
        let entry = |(start, length): &(i64, i64)| json!({
            "start": at(*start), "end": at(start + length), "neighbour": to, "maintenance": maintenance,
            "bandwidth": bandwidth,
        });
        let entries: Vec<Value> = times.iter().map(entry).collect();
        let is_good = times.iter().all(|(_, length)| (1..=Window::LONGEST).contains(length))
            && to.as_deref() != Some("AS1")
            && (maintenance == Some(true)) != bandwidth.is_some();
        match decode(&json!({"windows": entries}).to_string()) {
            Ok(parts) => {
                prop_assert!(is_good || entries.is_empty());
                let windows = parts.windows.unwrap();
                prop_assert!(windows.is_sorted_by(|a, b| a < b));
                prop_assert!(windows.iter().all(|window| window.start < window.end));
            }
            Err(error) => prop_assert!(!is_good && !error.faults().is_empty()),
        }
    }
}
