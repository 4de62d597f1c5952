//! Laws of prices, bounds and readers.

use proptest::prelude::*;
use serde_json::Value;
use sof::partner::{Availability, FieldErrors, Product};

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
                "service-ordering",
                "url",
                "versions",
                "reference-point",
                "flows",
                "link",
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
        ];
        let faults = [
            sof::partner::decode_partner(&root).err(),
            sof::partner::decode_agreement(&root).err(),
        ];
        for faults in faults.into_iter().flatten() {
            prop_assert!((1..=FieldErrors::TOLD).contains(&faults.as_slice().len()));
        }
        for error in errors.into_iter().flatten() {
            prop_assert!(!error.problem.to_string().is_empty());
        }
        prop_assert!(read::decode_faults(&value).len() <= read::MAX_FAULTS);
    }

    /// As the multiplication of whole numbers says it.
    #[test]
    fn law_products_of_availabilities_are_exact(
        parts in prop::collection::vec(0..=1_000_000_000_u32, 0..4), wanted in 0..=1_000_000_000_u32, near in -2..=2_i64,
    ) {
        let of = |billionths| Availability::from_billionths(billionths).unwrap();
        let product = parts.iter().fold(Product::default(), |all, part| all.and(of(*part)));
        let scale = 1_000_000_000_u128;
        let all: u128 = parts.iter().map(|part| u128::from(*part)).product();
        let whole = scale.pow(u32::try_from(parts.len()).unwrap());
        let reaches = |wanted: u32| all * scale >= u128::from(wanted) * whole;
        prop_assert_eq!(product.reaches(of(wanted)), reaches(wanted));
        // Where it is close, too.
        let close = i64::try_from(all * scale / whole).unwrap() + near;
        let close = u32::try_from(close.clamp(0, 1_000_000_000)).unwrap();
        prop_assert_eq!(product.reaches(of(close)), reaches(close));
        prop_assert!((product.share() - all as f64 / whole as f64).abs() < 1e-9);
    }

    #[test]
    fn law_an_availability_is_kept_as_it_was_told(billionths in 0..=1_000_000_000_u32) {
        let told = Availability::from_billionths(billionths).unwrap();
        let text = serde_json::to_string(&told).unwrap();
        prop_assert_eq!(serde_json::from_str::<Availability>(&text).unwrap(), told);
        let written: f64 = told.to_string().parse().unwrap();
        prop_assert_eq!(Availability::from_share(written), Some(told));
    }
}

#[test]
fn what_is_no_share_of_the_time_is_none() {
    for odd in [-0.1, 1.000_000_1, f64::NAN, f64::INFINITY] {
        assert_eq!(Availability::from_share(odd), None, "{odd}");
    }
    assert_eq!(Availability::from_billionths(1_000_000_001), None);
    serde_json::from_str::<Availability>("99.9").unwrap_err();
    // Three nines three times, a hair below and just so.
    let nines = Availability::from_share(0.999).unwrap();
    let thrice = (0..3).fold(Product::default(), |all, _| all.and(nines));
    let reaches = |share| thrice.reaches(Availability::from_share(share).unwrap());
    assert!(reaches(0.997_002_999) && !reaches(0.997_003));
    assert!(Product::default().and(Availability::NEVER) < thrice);
    assert!(Product::default().reaches(Availability::ALWAYS));
}
