//! Reading partners and agreements.

use serde_json::{Value, json};
use sof::mef::Api;
use sof::partner::{Agreement, Check, Conformance, Partner, PartnerState};

use super::{agreed, agreement, partner, told, with};

#[test]
fn a_partner_is_read_whole() {
    let read = partner(&told()).unwrap();
    let kept = read.candidate("AS2".parse().unwrap());
    assert_eq!(kept.state, PartnerState::Candidate);
    assert_eq!(kept.name.as_deref(), Some("Network two"));
    assert_eq!(kept.credentials.as_deref(), Some("as2"));
    assert_eq!(
        kept.api_url(Api::ServiceInventory).unwrap(),
        "https://sof.as2.example/north/mefApi/interlude/serviceInventory/v2"
    );
    let inventory = &kept.apis[&Api::ServiceInventory];
    assert_eq!(
        inventory.url_of(Api::ServiceInventory, 1),
        "https://sof.as2.example/north/mefApi/interlude/serviceInventory/v1"
    );
    // As it is kept.
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Partner>(&text).unwrap(), kept);
}

#[test]
fn what_may_be_left_out_of_a_partner_may_be_null_too() {
    let least = json!({
        "name": null, "legal-entity": null, "credentials": null,
        "base-url": "http://127.0.0.1:8182",
        "apis": {"service-ordering": 1, "service-inventory": null},
        "service-types": ["urn:brokermdo:schema:segment:v1"],
    });
    let read = partner(&least).unwrap();
    assert_eq!(read.apis.len(), 1);
    let kept = read.candidate("AS2".parse().unwrap());
    assert_eq!(kept.api_url(Api::ServiceInventory), None);
    assert_eq!(
        kept.api_url(Api::ServiceOrdering).unwrap(),
        "http://127.0.0.1:8182/mefApi/interlude/serviceOrderingManagement/v1"
    );
}

#[test]
fn every_fault_of_a_partner_names_its_field_value_and_rule() {
    let cases: [(&str, Option<Value>, &str, &str); 26] = [
        ("/base-url", None, "base-url", "missing"),
        ("/base-url", Some(json!(7)), "base-url", "a string"),
        (
            "/base-url",
            Some(json!("not a url")),
            "base-url",
            "relative",
        ),
        (
            "/base-url",
            Some(json!("ftp://a/")),
            "base-url",
            "http or https",
        ),
        (
            "/base-url",
            Some(json!("https://u:p@a/")),
            "base-url",
            "by name",
        ),
        (
            "/base-url",
            Some(json!("https://a/?x")),
            "base-url",
            "neither query",
        ),
        (
            "/base-url",
            Some(json!("https://a/#x")),
            "base-url",
            "neither query",
        ),
        (
            "/base-url",
            Some(json!("https://a/mefApi/interlude")),
            "base-url",
            "without /mefApi",
        ),
        (
            "/base-url",
            Some(json!("http://a.example/")),
            "base-url",
            "https alone",
        ),
        (
            "/base-url",
            Some(json!(format!("https://a/{}", "b".repeat(2000)))),
            "base-url",
            "2000",
        ),
        ("/apis", None, "apis", "missing"),
        ("/apis", Some(json!([])), "apis", "an object"),
        (
            "/apis/service-ordering",
            None,
            "apis/service-ordering",
            "missing",
        ),
        (
            "/apis/service-ordering",
            Some(json!(2)),
            "apis/service-ordering",
            "from 1 to 1",
        ),
        (
            "/apis/service-inventory",
            Some(json!(7)),
            "apis/service-inventory",
            "from 1 to 2",
        ),
        (
            "/apis/service-function-testing",
            Some(json!(1)),
            "apis/service-function-testing",
            "from 2 to 3",
        ),
        ("/apis/alarms", Some(json!(1)), "apis/alarms", "known here"),
        ("/credentials", Some(json!("")), "credentials", "1 to 200"),
        ("/name", Some(json!("a\nb")), "name", "control character"),
        ("/name", Some(json!("n".repeat(201))), "name", "1 to 200"),
        (
            "/legal-entity",
            Some(json!("529900T8BM49AURSDO56")),
            "legal-entity",
            "ISO 17442",
        ),
        (
            "/legal-entity",
            Some(json!("529900t8bm49aursdo55")),
            "legal-entity",
            "ISO 17442",
        ),
        (
            "/service-types",
            Some(json!([])),
            "service-types",
            "1 to 100",
        ),
        (
            "/service-types",
            Some(json!(["segment"])),
            "service-types[0]",
            "URN",
        ),
        (
            "/service-types",
            Some(json!(["urn:a b:c"])),
            "service-types[0]",
            "URN",
        ),
        ("/state", Some(json!("active")), "state", "known here"),
    ];
    for (pointer, value, field, rule) in cases {
        let errors = partner(&with(told(), pointer, value.clone())).unwrap_err();
        let [error] = errors.as_slice() else {
            panic!("{value:?}: {errors}");
        };
        assert_eq!(error.field, field, "{error}");
        assert!(error.to_string().contains(rule), "{value:?}: {error}");
    }
    assert!(partner(&json!([])).is_err());
}

#[test]
fn telling_a_partner_anew_keeps_its_state_and_what_was_found_where_it_still_is() {
    let mut known = partner(&told()).unwrap().candidate("AS2".parse().unwrap());
    known.state = PartnerState::Suspended;
    known.conformance = Some(Conformance {
        checked: jiff::Timestamp::UNIX_EPOCH,
        checks: vec![Check {
            what: "GET".to_owned(),
            at: None,
            fault: None,
        }],
    });
    let renamed = with(told(), "/name", Some(json!("Two")));
    let renamed = partner(&renamed).unwrap().over(&known);
    assert_eq!(renamed.state, PartnerState::Suspended);
    assert_eq!(renamed.conformance, known.conformance);
    assert_eq!(renamed.name.as_deref(), Some("Two"));
    for (pointer, value) in [
        ("/base-url", json!("https://other.example/")),
        ("/apis/service-inventory", json!(1)),
        ("/credentials", Value::Null),
    ] {
        let moved = partner(&with(told(), pointer, Some(value))).unwrap();
        let moved = moved.over(&known);
        assert_eq!(moved.state, PartnerState::Suspended);
        assert_eq!(moved.conformance, None, "{pointer}");
    }
}

#[test]
fn an_agreement_is_read_whole() {
    let kept = agreement(&agreed())
        .unwrap()
        .agreement("AS2".parse().unwrap(), "frame-7".to_owned());
    assert_eq!(kept.bounds.services, Some(3));
    assert_eq!(kept.bounds.bandwidth, Some(10_000_000_000));
    assert_eq!(kept.bounds.cpu, Some(8.0));
    assert_eq!(
        (kept.price.segment, kept.price.function, kept.price.mbps),
        (1500, 250, 1)
    );
    assert_eq!(kept.sls.delay, Some(5_000_000));
    assert_eq!(kept.sls.availability.unwrap().billionths(), 999_000_000);
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Agreement>(&text).unwrap(), kept);
}

#[test]
fn an_agreement_that_bounds_nothing_is_open() {
    let least = json!({"service-type": "urn:a1:b", "valid-from": "2026-01-01T00:00:00Z"});
    let read = agreement(&least).unwrap();
    assert_eq!(read.valid_until, None);
    assert_eq!(read.bounds, sof::partner::Bounds::default());
    assert_eq!(read.price, sof::partner::Price::default());
    assert_eq!(read.sls, sof::partner::Sls::default());
    // Whole numbers are of the smallest unit.
    let numbers = json!({
        "service-type": "urn:a1:b", "valid-from": "2026-01-01T00:00:00+02:00",
        "bounds": {"bandwidth": 1000}, "sls": {"delay": 7},
    });
    let read = agreement(&numbers).unwrap();
    assert_eq!(
        (read.bounds.bandwidth, read.sls.delay),
        (Some(1000), Some(7))
    );
}

#[test]
fn every_fault_of_an_agreement_names_its_field_value_and_rule() {
    let cases: [(&str, Option<Value>, &str, &str); 17] = [
        ("/service-type", None, "service-type", "missing"),
        ("/service-type", Some(json!("x")), "service-type", "URN"),
        ("/valid-from", None, "valid-from", "missing"),
        (
            "/valid-from",
            Some(json!("tomorrow")),
            "valid-from",
            "'tomorrow'",
        ),
        (
            "/valid-until",
            Some(json!("2026-01-01T00:00:00Z")),
            "valid-until",
            "after valid-from",
        ),
        ("/bounds", Some(json!(3)), "bounds", "an object"),
        (
            "/bounds/flows",
            Some(json!(3)),
            "bounds/flows",
            "known here",
        ),
        (
            "/bounds/services",
            Some(json!(-1)),
            "bounds/services",
            "whole number",
        ),
        (
            "/bounds/bandwidth",
            Some(json!("10 Gb")),
            "bounds/bandwidth",
            "Gbit/s",
        ),
        (
            "/bounds/bandwidth",
            Some(json!(1.5)),
            "bounds/bandwidth",
            "whole number",
        ),
        (
            "/bounds/cpu",
            Some(json!(-0.5)),
            "bounds/cpu",
            "not negative",
        ),
        (
            "/price/segment",
            Some(json!(-1)),
            "price/segment",
            "a price from 0",
        ),
        ("/price/mbps", Some(json!("1")), "price/mbps", "a number"),
        ("/price/euro", Some(json!(1)), "price/euro", "known here"),
        (
            "/sls/delay",
            Some(json!("5 min")),
            "sls/delay",
            "ns, us, ms, s",
        ),
        (
            "/sls/availability",
            Some(json!(99.9)),
            "sls/availability",
            "from 0 to 1",
        ),
        ("/id", Some(json!("a")), "id", "known here"),
    ];
    for (pointer, value, field, rule) in cases {
        let errors = agreement(&with(agreed(), pointer, value.clone())).unwrap_err();
        let [error] = errors.as_slice() else {
            panic!("{value:?}: {errors}");
        };
        assert_eq!(error.field, field, "{error}");
        assert!(error.to_string().contains(rule), "{value:?}: {error}");
    }
}
