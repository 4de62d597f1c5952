//! Where a partner has its APIs.

use serde_json::{Value, json};
use sof::mef::{Api, ReferencePoint};
use sof::partner::{FieldErrors, MAX_VERSIONS, Partner};

use super::{partner, told, with};

fn kept(value: &Value) -> Partner {
    partner(value).unwrap().candidate("AS2".parse().unwrap())
}

/// An API with these members.
fn at(api: &str, place: Value) -> Value {
    with(told(), &format!("/apis/{api}"), Some(place))
}

#[test]
fn each_api_may_have_a_url_and_versions_of_its_own() {
    let place = json!({"url": "https://inventory.as2.example/x", "versions": [3, 2, 1], "reference-point": "interlude"});
    let partner = kept(&at("service-inventory", place));
    let inventory = &partner.apis[&Api::ServiceInventory];
    assert_eq!(inventory.reference_point, ReferencePoint::Interlude);
    // Of the versions that are there the newest that is spoken here, then the one before.
    let spoken: Vec<u32> = inventory.spoken(Api::ServiceInventory).collect();
    assert_eq!(spoken, [2, 1]);
    assert_eq!(
        partner.api_url(Api::ServiceInventory).unwrap(),
        "https://inventory.as2.example/x/mefApi/interlude/serviceInventory/v2"
    );
    // The others are where they were.
    assert_eq!(
        partner.api_url(Api::ServiceFunctionTesting).unwrap(),
        "https://sof.as2.example/north/mefApi/interlude/serviceFunctionTesting/v3"
    );
    let text = serde_json::to_string(&partner).unwrap();
    assert_eq!(serde_json::from_str::<Partner>(&text).unwrap(), partner);
}

#[test]
fn the_short_form_is_the_long_one_at_the_base_url() {
    let short = kept(&told());
    let long = json!({
        "service-ordering": {"url": "https://sof.as2.example/north/", "versions": [1]},
        "service-inventory": {"versions": [2]},
        "service-function-testing": {"versions": [3], "url": null},
    });
    assert_eq!(kept(&with(told(), "/apis", Some(long))), short);
}

#[test]
fn a_base_url_is_needed_where_an_api_has_none_of_its_own() {
    let own = json!({"service-ordering": {"url": "https://a.example", "versions": [1]}});
    let mut value = with(with(told(), "/base-url", None), "/apis", Some(own));
    assert_eq!(kept(&value).apis.len(), 1);
    value["apis"]["service-inventory"] = json!(2);
    let errors = partner(&value).unwrap_err();
    assert_eq!(fields(&errors), ["base-url"]);
}

#[test]
fn every_fault_of_a_place_names_its_field_value_and_rule() {
    let ordering = "apis/service-ordering";
    let cases: [(Value, &str, &str); 13] = [
        (json!("1"), "", "a major version, or an object"),
        (json!([1]), "", "a major version, or an object"),
        (json!({"url": "https://a"}), "/versions", "missing"),
        (json!({"versions": 1}), "/versions", "an array"),
        (json!({"versions": []}), "/versions", "1 to 10"),
        (
            json!({"versions": vec![1; MAX_VERSIONS + 1]}),
            "/versions",
            "1 to 10",
        ),
        (json!({"versions": [0, 1]}), "/versions[0]", "from 1 to 999"),
        (json!({"versions": [2, 7]}), "/versions", "spoken here: 1"),
        (
            json!({"versions": [1], "url": "ftp://a"}),
            "/url",
            "http or https",
        ),
        (
            json!({"versions": [1], "url": "http://a.example"}),
            "/url",
            "https alone",
        ),
        (
            json!({"versions": [1], "url": "https://a/mefApi/x"}),
            "/url",
            "without /mefApi",
        ),
        (
            json!({"versions": [1], "reference-point": "sonata"}),
            "/reference-point",
            "'interlude'",
        ),
        (json!({"versions": [1], "port": 7}), "/port", "known here"),
    ];
    for (place, field, rule) in cases {
        let errors = partner(&at("service-ordering", place.clone())).unwrap_err();
        let [error] = errors.as_slice() else {
            panic!("{place}: {errors}");
        };
        assert_eq!(error.field, format!("{ordering}{field}"), "{error}");
        assert!(error.to_string().contains(rule), "{place}: {error}");
    }
    // On this machine credentials may go over http.
    kept(&at(
        "service-ordering",
        json!({"versions": [1], "url": "http://127.0.0.1:8182"}),
    ));
}

fn fields(errors: &FieldErrors) -> Vec<&str> {
    let errors = errors.as_slice().iter();
    errors.map(|error| error.field.as_str()).collect()
}

#[test]
fn all_faults_of_a_partner_are_told_at_once() {
    let wrong = json!({
        "name": "", "legal-entity": "x", "base-url": "ftp://a", "credentials": 7, "state": "active",
        "apis": {"service-inventory": 9, "alarms": 1, "service-function-testing": {"versions": [], "url": "x"}},
        "service-types": ["segment", "urn:a1:b", 7],
    });
    let errors = partner(&wrong).unwrap_err();
    let expected = [
        "name",
        "legal-entity",
        "base-url",
        "apis/alarms",
        "apis/service-inventory",
        "apis/service-function-testing/url",
        "apis/service-function-testing/versions",
        "apis/service-ordering",
        "credentials",
        "service-types[0]",
        "service-types[2]",
        "state",
    ];
    assert_eq!(fields(&errors), expected, "{errors}");
    let many: serde_json::Map<String, Value> =
        (0..1_000).map(|at| (format!("m{at}"), json!(at))).collect();
    let errors = partner(&Value::Object(many)).unwrap_err();
    assert_eq!(errors.as_slice().len(), FieldErrors::TOLD);
}

#[test]
fn all_faults_of_an_agreement_are_told_at_once() {
    let wrong = json!({
        "service-type": "x", "valid-from": "soon", "valid-until": "later", "id": "a",
        "bounds": {"services": -1, "cpu": "x", "flows": 1}, "price": {"segment": -1, "mbps": -1},
        "sls": {"delay": "x", "availability": 2},
    });
    let errors = super::agreement(&wrong).unwrap_err();
    let expected = [
        "service-type",
        "valid-from",
        "valid-until",
        "bounds/flows",
        "bounds/services",
        "bounds/cpu",
        "price/segment",
        "price/mbps",
        "sls/delay",
        "sls/availability",
        "id",
    ];
    assert_eq!(fields(&errors), expected, "{errors}");
}
