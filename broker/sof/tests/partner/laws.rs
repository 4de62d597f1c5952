//! Laws of prices, bounds and readers.

use proptest::prelude::*;
use serde_json::Value;
use sof::partner::{Bounds, Price, Sls};
use sof::payload::Segment;

use super::terms::segment;

fn segments() -> impl Strategy<Value = Segment> {
    let cpus = prop::collection::vec(0..64_u32, 0..4);
    let flow = (
        prop::option::of(0..1_u64 << 40),
        prop::option::of(0..1_u64 << 40),
    );
    (cpus, prop::collection::vec(flow, 0..4)).prop_map(|(cpus, flows)| {
        let cpus: Vec<String> = cpus.iter().map(ToString::to_string).collect();
        let cpus: Vec<&str> = cpus.iter().map(String::as_str).collect();
        segment(&cpus, &flows)
    })
}

/// Any JSON, of which members are often those that readers look for.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(
            &[
                "inProgress",
                "completed",
                "add",
                "o-1",
                "x",
                "",
                "..",
                "urn:a1:b",
                "2026-01-01T00:00:00Z",
            ][..]
        )
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let names = prop::sample::select(
            &[
                "id",
                "state",
                "externalId",
                "serviceOrderItem",
                "service",
                "terminationError",
                "code",
                "value",
                "testJob",
                "actualEndDateTime",
                "serviceSpecificTestResultConfiguration",
                "@type",
                "passed",
                "delayNs",
                "eventType",
                "eventId",
                "eventTime",
                "event",
                "apis",
                "base-url",
                "service-types",
                "bounds",
                "price",
                "sls",
                "service-type",
                "valid-from",
            ][..],
        );
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.prop_map(str::to_owned), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn readers_take_any_json_and_their_errors_have_a_rule(value in json()) {
        use nffg::json::Cursor;
        use sof::interlude as read;
        let root = Cursor::root(&value);
        let errors = [
            read::decode_order(&root).err(),
            read::decode_page(&root, |name| name == "x").err(),
            read::decode_service(&root).err(),
            read::decode_job(&root).err(),
            read::decode_results(&root, "x").err(),
            read::decode_outcome(&root, "urn:a1:b").err(),
            read::decode_event(&root, "serviceOrderStateChangeEvent").err(),
            sof::partner::decode_partner(&root).err(),
            sof::partner::decode_agreement(&root).err(),
        ];
        for error in errors.into_iter().flatten() {
            prop_assert!(!error.problem.to_string().is_empty());
        }
        prop_assert!(read::decode_faults(&value).len() <= read::MAX_FAULTS);
    }

    #[test]
    fn what_is_within_bounds_stays_so_under_wider_ones(
        wanted in segments(),
        bits in 0..1_u64 << 40,
        more in 0..1_u64 << 20,
        cpu in 0.0..100.0_f64,
        running in 0..5_u32,
        services in 0..5_u32,
    ) {
        let narrow = Bounds { services: Some(services), bandwidth: Some(bits), cpu: Some(cpu) };
        let wide = Bounds { services: Some(services + 1), bandwidth: Some(bits + more), cpu: Some(cpu + 1.0) };
        let (few, many) = (wide.breaches(&wanted, running), narrow.breaches(&wanted, running));
        prop_assert!(few.len() <= many.len());
        prop_assert_eq!(Bounds::default().breaches(&wanted, running), []);
        let promise = Sls { delay: Some(bits), availability: None };
        let better = Sls { delay: Some(bits / 2), availability: None };
        prop_assert!(better.breaches(&wanted).len() <= promise.breaches(&wanted).len());
    }

    #[test]
    fn a_price_adds_up_over_functions_and_flows(
        wanted in segments(),
        segment in 0..1_u64 << 20,
        function in 0..1_u64 << 20,
        mbps in 0..1_u64 << 10,
    ) {
        let price = Price { segment, function, mbps };
        let one_by_one = |flow: &sof::payload::Flow| {
            let alone = Segment { functions: Vec::new(), flows: vec![flow.clone()], ..wanted.clone() };
            price.of(&alone) - segment
        };
        let flows: u64 = wanted.flows.iter().map(one_by_one).sum();
        let functions = function * wanted.functions.len() as u64;
        prop_assert_eq!(price.of(&wanted), segment + functions + flows);
    }
}
