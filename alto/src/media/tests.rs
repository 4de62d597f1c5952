use proptest::prelude::*;

use super::*;

const PV: [&str; 2] = [PATH_VECTORS, COST_MAP];

fn choose(accept: &str) -> Option<usize> {
    negotiate(Some(accept), &PV)
}

#[test]
fn rfc9110_12_5_1_no_accept_accepts_everything() {
    for accept in [None, Some(""), Some("  "), Some("*/*"), Some("*/*;q=0.1")] {
        assert_eq!(negotiate(accept, &PV), Some(0), "{accept:?}");
    }
    assert_eq!(negotiate(None, &[]), None);
}

#[test]
fn draft_5_5_2_the_printed_accept_gets_the_multipart() {
    let printed = "multipart/related, application/alto-costmap+json, \
                   application/alto-propmap+json, application/alto-error+json";
    assert_eq!(choose(printed), Some(0));
}

#[test]
fn rfc9275_7_2_3_the_type_parameter_selects() {
    assert_eq!(
        choose("multipart/related;type=application/alto-costmap+json"),
        Some(0)
    );
    assert_eq!(
        choose("Multipart/Related; Type=\"application/alto-costmap+json\""),
        Some(0)
    );
    assert_eq!(
        choose("multipart/related;type=application/alto-endpointcost+json"),
        None
    );
}

#[test]
fn rfc9110_12_5_1_the_highest_weight_wins_then_the_servers_order() {
    assert_eq!(
        choose("application/alto-costmap+json, multipart/related;q=0.5"),
        Some(1)
    );
    assert_eq!(
        choose("application/alto-costmap+json, multipart/related"),
        Some(0)
    );
    assert_eq!(
        choose("application/alto-costmap+json;q=0.999, */*;q=0.998"),
        Some(1)
    );
    assert_eq!(choose("application/*"), Some(1));
    assert_eq!(choose("APPLICATION/ALTO-COSTMAP+JSON"), Some(1));
    assert_eq!(
        choose("application/alto-costmap+json;charset=UTF-8"),
        Some(1)
    );
    assert_eq!(choose("application/alto-costmap+json;charset=latin1"), None);
}

#[test]
fn rfc9110_12_5_1_the_most_specific_range_decides() {
    assert_eq!(choose("multipart/related;q=0, */*"), Some(1));
    assert_eq!(choose("*/*, multipart/*;q=0"), Some(1));
    assert_eq!(choose("*/*;q=0, application/alto-costmap+json"), Some(1));
    assert_eq!(
        choose("multipart/related;type=application/alto-costmap+json;q=0, multipart/related"),
        None
    );
    assert_eq!(choose("*/*;q=0"), None);
}

#[test]
fn rfc7285_8_5_an_error_type_alone_is_not_enough() {
    assert_eq!(choose("application/alto-error+json"), None);
    assert_eq!(choose("text/html"), None);
}

#[test]
fn rfc9110_5_6_malformed_elements_match_nothing_and_hide_nothing() {
    for bad in [
        ",",
        ";",
        "/",
        "*",
        "*/json",
        "application",
        "application/",
        "a b/c",
        "application/*;q=2",
        "application/*;q=0.1234",
        "application/*;q=-1",
        "application/*;q=",
        "application/*;q=.5",
        "application/*;x",
        "application/*;x=\"",
        "application/*;x=\"a\"b",
        "\"",
        "é/*",
    ] {
        assert_eq!(choose(bad), None, "{bad}");
        let rescued = format!("{bad}, application/alto-costmap+json");
        let swallowed = bad.ends_with("=\"") || bad == "\"";
        assert_eq!(choose(&rescued), (!swallowed).then_some(1), "{bad}");
    }
    assert_eq!(choose(",, application/alto-costmap+json ,"), Some(1));
    assert_eq!(
        choose("text/x;a=\",\\\"\", application/alto-costmap+json;;"),
        Some(1)
    );
}

#[test]
fn rfc7285_11_3_2_3_the_request_type_ignores_parameters_and_case() {
    let is = |header| is_content_type(header, COST_MAP_FILTER);
    assert!(is(Some("application/alto-costmapfilter+json")));
    assert!(is(Some(
        " Application/ALTO-costmapfilter+json ; charset=iso-8859-1"
    )));
    for bad in [
        None,
        Some(""),
        Some("application/json"),
        Some("*/*"),
        Some("application/alto-costmapfilter+json, text/plain"),
        Some("application/alto-costmapfilter+json; ="),
    ] {
        assert!(!is(bad), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn negotiation_is_total(accept in "\\PC*", offered in prop::collection::vec("\\PC*", 0..3)) {
        let offered: Vec<&str> = offered.iter().map(String::as_str).collect();
        if let Some(index) = negotiate(Some(&accept), &offered) {
            prop_assert!(index < offered.len());
        }
        let _ = is_content_type(Some(&accept), COST_MAP);
    }

    /// Near-grammatical input finds more than noise does.
    #[test]
    fn negotiation_of_near_misses_is_total(accept in "[a*/;,=q.01\"\\\\ ]{0,24}") {
        let _ = negotiate(Some(&accept), &["a/a;a=1", "*/*", "a/*"]);
    }

    #[test]
    fn the_order_of_ranges_does_not_count(
        ranges in prop::collection::vec(("(multipart/related|application/alto-costmap\\+json|application/\\*|\\*/\\*)", 0_u16..=1000), 1..5)
            .prop_shuffle(),
    ) {
        let header = |ranges: &[(String, u16)]| {
            let one = |(range, q): &(String, u16)| format!("{range};q={}.{:03}", q / 1000, q % 1000);
            ranges.iter().map(one).collect::<Vec<_>>().join(",")
        };
        let forward = choose(&header(&ranges));
        let backward: Vec<_> = ranges.iter().rev().cloned().collect();
        prop_assert_eq!(forward, choose(&header(&backward)));
    }
}
