//! RFC 9569: the updates graph and its views. HTTP is not part of it here.

use alto::updates::{
    Bounds, Edge, Form, Forms, History, Item, MessageKind, NextEdge, NoItem, NoView, OpenSummaries,
    OpenView, Snapshot, Store, Summaries, View, tips_updatable, updatable,
};
use alto::{Content, Refused};
use serde_json::{Value, json};

use crate::federation::{ASK, Federation, content, json, posted, told};
use crate::rfc8895::Bench;

/// A version of a document of at least so many octets.
fn version(number: u64, octets: usize) -> Snapshot {
    let text = json!({"number": number, "filler": "x".repeat(octets)}).to_string();
    Snapshot::from(Content {
        media_type: "application/alto-costmap+json".into(),
        tag: None,
        pieces: vec![text.into()],
    })
}

/// Versions 1 to `last`.
fn history(last: u64, octets: usize, bounds: Bounds) -> History {
    let mut history = History::new(version(1, octets), Some(Forms::Both), bounds);
    for number in 2..=last {
        assert!(history.push(version(number, octets)));
    }
    history
}

const WIDE: Bounds = Bounds {
    versions: 1_000,
    bytes: 1 << 30,
};

fn tag(history: &History, number: u64) -> String {
    history.version(number).unwrap().tag.to_string()
}

#[test]
fn rfc9569_6_2_the_answer_has_the_uri_and_the_summary() {
    let history = history(3, 1_000, WIDE);
    let summary = json!({"updates-graph-summary": {
        "start-seq": 1, "end-seq": 3, "start-edge-rec": {"seq-i": 0, "seq-j": 3},
    }});
    let answer = json(
        &history
            .summary(None)
            .opened("https://alto.example.com/tips/1"),
    );
    let uri = "https://alto.example.com/tips/1";
    assert_eq!(
        answer,
        json!({"tips-view-uri": uri, "tips-view-summary": summary})
    );
    // RFC 9569 §7.4.2: a merge patch of that.
    let answer = json(&history.summary(None).recommended());
    assert_eq!(answer, json!({ "tips-view-summary": summary }));
}

#[test]
fn rfc9569_6_2_without_a_tag_the_latest_snapshot_is_recommended_and_from_a_known_one_the_shorter_way()
 {
    let history = history(5, 1_000, WIDE);
    let edge = |tag: Option<&str>| history.summary(tag).edge;
    assert_eq!(edge(None), Edge { i: 0, j: 5 });
    assert_eq!(edge(Some("unknown")), Edge { i: 0, j: 5 });
    assert_eq!(edge(Some(&tag(&history, 2))), Edge { i: 2, j: 3 });
    // Who has the last waits for the next.
    assert_eq!(edge(Some(&tag(&history, 5))), Edge { i: 5, j: 6 });
    // Where increments are longer than the whole, the whole.
    let small = self::history(5, 0, WIDE);
    assert_eq!(
        small.summary(Some(&tag(&small, 1))).edge,
        Edge { i: 0, j: 5 }
    );
    assert_eq!(
        small.summary(Some(&tag(&small, 4))).edge,
        Edge { i: 4, j: 5 }
    );
}

#[test]
fn rfc9569_7_4_2_the_next_edge_is_the_first_of_the_cheapest_path() {
    let history = history(5, 1_000, WIDE);
    for number in 1..=5 {
        let tag = tag(&history, number);
        assert_eq!(
            history.summary(Some(&tag)).edge,
            Edge {
                i: number,
                j: number + 1
            }
        );
    }
    assert_eq!(history.summary(Some("unknown")).edge, Edge { i: 0, j: 5 });
    // The last version with a tag counts: content may come back.
    let mut back = self::history(3, 1_000, WIDE);
    back.push(version(1, 1_000));
    assert_eq!((back.tagged(&tag(&back, 1)), back.end()), (Some(4), 4));
}

#[test]
fn rfc9569_6_1_requests_and_their_errors() {
    let open = |request: Value| OpenView::read(request.to_string().as_bytes(), None);
    let good = open(json!({"resource-id": "networkmap", "tag": "abc", "new-field": 1})).unwrap();
    assert_eq!(
        (good.view.resource().id, good.tag.as_deref()),
        ("networkmap", Some("abc"))
    );
    for (request, wanted) in [
        (json!({}), ["E_MISSING_FIELD", "resource-id", "-"]),
        (
            json!({"resource-id": "my-network-map/#"}),
            ["E_INVALID_FIELD_VALUE", "resource-id", "my-network-map/#"],
        ),
        (
            json!({"resource-id": "directory"}),
            ["E_INVALID_FIELD_VALUE", "resource-id", "directory"],
        ),
        // An update is one document: there is none of several parts.
        (
            json!({"resource-id": "pv"}),
            ["E_INVALID_FIELD_VALUE", "resource-id", "pv"],
        ),
        (
            json!({"resource-id": 1}),
            ["E_INVALID_FIELD_TYPE", "resource-id", "1"],
        ),
        (
            json!({"resource-id": "networkmap", "tag": 1}),
            ["E_INVALID_FIELD_TYPE", "tag", "1"],
        ),
        (
            json!({"resource-id": "networkmap", "tag": ""}),
            ["E_INVALID_FIELD_VALUE", "tag", ""],
        ),
    ] {
        assert_eq!(told(open(request.clone())), wanted, "{request}");
    }
    assert_eq!(OpenView::read(b"{", None).unwrap_err().code(), "E_SYNTAX");
    let several: Vec<&str> = updatable()
        .map(|resource| resource.id)
        .filter(|id| !tips_updatable().any(|tips| tips.id == *id))
        .collect();
    let expected = ["pv", "path-vector-costmap", "path-vector-endpointcost"];
    assert_eq!(several, expected);
}

#[test]
fn rfc9569_6_2_wrong_input_gets_the_error_of_the_resource_and_makes_no_view() {
    let service = Federation::three().service();
    let mut store = Store::new(2, Bounds::default());
    for input in [json!({}), json!({"cost-type": 1}), json!([])] {
        let request = json!({"resource-id": "costmap-filtered", "input": input});
        let open = OpenView::read(request.to_string().as_bytes(), None).unwrap();
        let Err(NoView::Refused(Refused::Alto(error))) = store.watch(&open.view, &service, &ASK)
        else {
            panic!("{input}");
        };
        let own = posted(&service, "costmap-filtered", &input);
        assert_eq!(told(Err::<(), _>(error)), told(own));
    }
    let none = OpenView::read(br#"{"resource-id":"costmap-filtered"}"#, None).unwrap();
    let own = content(&service, "costmap-filtered", b"").unwrap_err();
    assert_eq!(
        store.watch(&none.view, &service, &ASK),
        Err(NoView::Refused(own.into()))
    );
    assert!(store.is_empty());
}

/// Requests cannot keep anybody from watching the maps.
#[test]
fn rfc9569_6_2_views_of_requests_are_bounded_and_maps_have_room() {
    let service = Federation::three().service();
    let mut store = Store::new(1, Bounds::default());
    let asked = |pid: &str| {
        let input = json!({"pids": [pid]});
        View::new(
            alto::resource("networkmap-filtered").unwrap(),
            Some(&input),
            None,
        )
    };
    let got = |id: &str| View::new(alto::resource(id).unwrap(), None, None);
    for (view, wanted) in [
        (asked("AS1"), Ok(())),
        (asked("AS1"), Ok(())),
        (asked("AS2"), Err(NoView::TooMany(1))),
        (got("networkmap"), Ok(())),
        (got("networkmap-pid"), Ok(())),
    ] {
        assert_eq!(store.watch(&view, &service, &ASK), wanted, "{view:?}");
    }
    // What is asked is kept, too.
    let with = store.bytes();
    let history = store.history(&asked("AS1")).unwrap().bytes();
    assert!(store.release(&asked("AS1")).is_none());
    assert!(store.release(&asked("AS1")).is_some());
    assert_eq!(with - store.bytes(), history + asked("AS1").input().len());
    assert_eq!(store.watch(&asked("AS2"), &service, &ASK), Ok(()));
}

#[test]
fn rfc9569_6_1_an_input_that_is_too_long_to_be_watched_is_refused() {
    let request = |octets: usize| {
        let input = json!({"pids": ["A".repeat(octets)]});
        let request = json!({"resource-id": "networkmap-filtered", "input": input});
        OpenView::read(request.to_string().as_bytes(), None)
    };
    let around = r#"{"pids":[""]}"#.len();
    assert!(request(View::LONGEST_INPUT - around).is_ok());
    let error = request(View::LONGEST_INPUT - around + 1).unwrap_err();
    let meta = told(Err::<(), _>(error));
    assert_eq!(meta[..2], ["E_INVALID_FIELD_VALUE", "input"]);
    // A resource that is asked by GET takes none.
    let long = json!({"resource-id": "networkmap", "input": "A".repeat(View::LONGEST_INPUT + 1)});
    assert!(OpenView::read(long.to_string().as_bytes(), None).is_ok());
}

#[test]
fn rfc9569_6_2_views_are_one_only_if_they_ask_the_same() {
    let read = |request: &str, client: &str| {
        OpenView::read(request.as_bytes(), client.parse().ok())
            .unwrap()
            .view
    };
    let one = read(
        r#"{"resource-id":"costmap-filtered","input":{"a":1,"b":2}}"#,
        "10.0.0.1",
    );
    assert_eq!(
        one,
        read(
            r#"{"input":{"b":2,"a":1},"resource-id":"costmap-filtered"}"#,
            "10.0.0.2"
        )
    );
    assert_ne!(
        one,
        read(
            r#"{"resource-id":"costmap-filtered","input":{"a":1,"b":3}}"#,
            "10.0.0.1"
        )
    );
    assert_ne!(
        one,
        read(
            r#"{"resource-id":"networkmap-filtered","input":{"a":1,"b":2}}"#,
            "10.0.0.1"
        )
    );
    let get = r#"{"resource-id":"networkmap","input":{"a":1}}"#;
    assert_eq!(
        read(get, ""),
        read(r#"{"resource-id":"networkmap"}"#, "10.0.0.1")
    );
    // RFC 7285 §11.5.1.3: an empty list of endpoints is the client's address.
    for (endpoints, is_one) in [
        (
            json!({"srcs": ["ipv4:10.0.0.1"], "dsts": ["ipv4:10.1.0.1"]}),
            true,
        ),
        (json!({"srcs": [], "dsts": ["ipv4:10.1.0.1"]}), false),
        (json!({"dsts": ["ipv4:10.1.0.1"]}), false),
    ] {
        let request =
            json!({"resource-id": "endpoint-costs", "input": {"endpoints": endpoints}}).to_string();
        assert_eq!(
            read(&request, "10.0.0.1") == read(&request, "10.0.0.2"),
            is_one,
            "{request}"
        );
    }
}

#[test]
fn rfc9569_7_4_1_the_next_edge_is_asked_for_the_same_resource_and_without_input() {
    let resource = alto::resource("networkmap").unwrap();
    let read = |request: Value| NextEdge::read(request.to_string().as_bytes(), resource);
    let good = read(json!({"resource-id": "networkmap", "tag": "x"})).unwrap();
    assert_eq!(good.tag.as_deref(), Some("x"));
    for (request, wanted) in [
        (json!({"tag": "x"}), ["E_MISSING_FIELD", "resource-id", "-"]),
        (
            json!({"resource-id": "costmap-hopcount"}),
            ["E_INVALID_FIELD_VALUE", "resource-id", "costmap-hopcount"],
        ),
        (
            json!({"resource-id": "networkmap", "input": {}}),
            ["E_INVALID_FIELD_VALUE", "input", "{}"],
        ),
    ] {
        assert_eq!(told(read(request.clone())), wanted, "{request}");
    }
}

#[test]
fn rfc9569_3_2_compaction_begins_at_a_snapshot() {
    // Of 8 versions there is a snapshot every second one: the oldest go up to one of those.
    let bounds = Bounds {
        versions: 8,
        bytes: 1 << 20,
    };
    let mut history = history(8, 100, bounds);
    let snapshots = |history: &History| -> Vec<u64> {
        history
            .edges()
            .filter(|edge| edge.i == 0)
            .map(|edge| edge.j)
            .collect()
    };
    assert_eq!(history.start(), 1);
    for number in 9..40 {
        let kept = snapshots(&history);
        assert!(
            kept.contains(&history.start()) && kept.contains(&history.end()) && kept.len() > 2,
            "{kept:?}"
        );
        history.push(version(number, 100));
        assert!(
            kept.contains(&history.start()),
            "{kept:?} {}",
            history.start()
        );
        assert!(history.end() - history.start() >= 4, "{}", history.start());
    }
    // One that is too large for the bounds leaves itself alone.
    history.push(version(40, 2 << 20));
    assert_eq!((history.start(), history.end()), (40, 40));
    assert_eq!(history.summary(None).edge, Edge { i: 0, j: 40 });
}

#[test]
fn rfc9569_7_2_what_an_edge_answers() {
    let bounds = Bounds {
        versions: 4,
        bytes: 1 << 20,
    };
    let history = history(9, 500, bounds);
    let (start, end) = (history.start(), history.end());
    assert!(start > 2 && end == 9);
    let item = |i, j, accept| history.item(Edge { i, j }, accept);
    let status = |i, j, accept| item(i, j, accept).map(|_| ()).map_err(NoItem::status);

    let snapshot = item(0, end, None).unwrap();
    assert_eq!(snapshot.media_type(), "application/alto-costmap+json");
    assert_eq!(json(&snapshot.pieces().concat())["number"], 9);
    let increment = item(
        8,
        9,
        Some("application/merge-patch+json, application/json-patch+json"),
    )
    .unwrap();
    assert_eq!(increment.media_type(), "application/merge-patch+json");
    assert_eq!(json(&increment.pieces().concat()), json!({"number": 9}));
    assert!(matches!(increment, Item::Increment(patch) if patch.form == Form::Merge));

    // 415, not 406.
    assert_eq!(
        status(0, end, Some("application/merge-patch+json")),
        Err(Some(415))
    );
    assert_eq!(
        status(8, 9, Some("application/alto-costmap+json")),
        Err(Some(415))
    );
    // Held until it is there.
    assert_eq!(status(end, end + 1, None), Err(None));
    assert_eq!(status(0, end + 1, None), Err(None));
    assert_eq!(status(end + 1, end + 2, None), Err(Some(425)));
    assert_eq!(status(0, u64::MAX, None), Err(Some(425)));
    assert_eq!(status(1, 2, None), Err(Some(410)));
    assert_eq!(status(0, 1, None), Err(Some(410)));
    assert_eq!(status(start - 1, start, None), Err(Some(410)));
    for (i, j) in [
        (0, 0),
        (end, end),
        (end, start),
        (start, end),
        (u64::MAX, u64::MAX),
        (u64::MAX, 0),
        (end, end + 2),
    ] {
        assert_eq!(status(i, j, None), Err(Some(404)), "{i} {j}");
    }
}

#[test]
fn rfc9569_7_1_an_edge_is_two_numbers_in_the_path() {
    assert_eq!(Edge::from_path("0/101"), Some(Edge { i: 0, j: 101 }));
    for path in [
        "",
        "/",
        "1",
        "1/",
        "/1",
        "01/2",
        "1/02",
        "1/2/3",
        "-1/2",
        "+1/2",
        "1/2 ",
        "1/99999999999999999999",
        "a/b",
    ] {
        assert_eq!(Edge::from_path(path), None, "{path}");
    }
}

#[test]
fn rfc9569_5_2_what_no_announced_form_can_say_begins_the_graph_anew() {
    let text = |text: &'static str| {
        Snapshot::from(Content {
            media_type: "application/json".into(),
            tag: None,
            pieces: vec![text.into()],
        })
    };
    let mut history = History::new(text(r#"{"a":1}"#), Some(Forms::Merge), WIDE);
    history.push(text(r#"{"a":2}"#));
    history.push(text(r#"{"a":null}"#));
    assert_eq!((history.start(), history.end()), (3, 3));
    assert_eq!(history.edges().collect::<Vec<_>>(), [Edge { i: 0, j: 3 }]);
    history.push(text(r#"{"a":3}"#));
    assert_eq!((history.start(), history.end()), (3, 4));

    let mut both = History::new(text(r#"{"a":1}"#), Some(Forms::Both), WIDE);
    both.push(text(r#"{"a":null}"#));
    let item = both.item(Edge { i: 1, j: 2 }, None).unwrap();
    assert_eq!(item.media_type(), "application/json-patch+json");
}

#[test]
fn a_patch_is_encoded_once_and_its_octets_are_shared() {
    let history = history(2, 100, WIDE);
    let octets = || match history.item(Edge { i: 1, j: 2 }, None) {
        Ok(Item::Increment(patch)) => patch.bytes.as_ptr(),
        other => panic!("{other:?}"),
    };
    assert_eq!(octets(), octets());
}

/// The events and the data of messages.
fn events(messages: &[alto::updates::Message]) -> Vec<(String, Value)> {
    let event = |message: &alto::updates::Message| {
        let text = String::from_utf8(message.encode().concat()).unwrap();
        let mut lines = text.lines();
        let name = lines.next().unwrap().strip_prefix("event: ").unwrap();
        let data: String = lines
            .filter_map(|line| line.strip_prefix("data: "))
            .collect();
        (name.to_owned(), json(data.as_bytes()))
    };
    messages.iter().map(event).collect()
}

#[test]
fn rfc9569_6_3_3_a_summary_is_told_whole_and_then_what_changes_in_it() {
    let mut bench = Bench::new();
    let request = json!({"add": {
        "one": {"resource-id": "tips", "input": {"resource-id": "costmap-delay-ow"}},
        "all": {"resource-id": "tips", "input": {"resource-id": "networkmap"}, "incremental-changes": false},
    }});
    let request = OpenSummaries::read(request.to_string().as_bytes(), None).unwrap();
    let views = request.add.into_iter().map(|add| {
        bench
            .store
            .watch(&add.open.view, &bench.service, &ASK)
            .unwrap();
        let uri = format!("https://alto.example.com/tips/{}", add.substream);
        (add, uri)
    });
    let mut summaries = Summaries::new(views.collect());
    let whole = |name: &str, end: u64| {
        let summary =
            json!({"start-seq": 1, "end-seq": end, "start-edge-rec": {"seq-i": 0, "seq-j": end}});
        json!({
            "tips-view-uri": format!("https://alto.example.com/tips/{name}"),
            "tips-view-summary": {"updates-graph-summary": summary},
        })
    };
    let tips = |name: &str| format!("application/alto-tips+json,{name}");
    let control = || "application/alto-updatestreamcontrol+json".to_owned();
    let first = summaries.take(&bench.store);
    assert_eq!(
        events(&first),
        [
            // RFC 8895 §5.3: there is no control service.
            (control(), json!({"control-uri": null})),
            (tips("all"), whole("all", 1)),
            (tips("one"), whole("one", 1)),
        ]
    );
    assert_eq!(first[1].kind, MessageKind::Full);
    assert!(summaries.take(&bench.store).is_empty());

    bench.change_delay(9);
    let patch = json!({"tips-view-summary": {"updates-graph-summary":
        {"end-seq": 2, "start-edge-rec": {"seq-j": 2}}}});
    let told = events(&summaries.take(&bench.store));
    assert_eq!(
        told,
        [("application/merge-patch+json,one".to_owned(), patch)]
    );
    bench.change_domains(true);
    let told = events(&summaries.take(&bench.store));
    assert_eq!(told[0], (tips("all"), whole("all", 2)));
    assert_eq!(told.len(), 2);
    assert!(!summaries.is_closed());
}

/// As TIPS itself answers who opens a view with the tag of what he has.
#[test]
fn rfc9569_6_3_3_the_summary_recommends_as_for_who_has_the_tag_of_the_request() {
    let mut bench = Bench::new();
    let tag = content(&bench.service, "costmap-delay-ow", b"")
        .unwrap()
        .tag;
    let input = json!({"resource-id": "costmap-delay-ow", "tag": tag.unwrap().as_str()});
    let request = json!({"add": {"one": {"resource-id": "tips", "input": input}}});
    let request = OpenSummaries::read(request.to_string().as_bytes(), None).unwrap();
    let [add] = <[_; 1]>::try_from(request.add).unwrap();
    let view = add.open.view.clone();
    bench.store.watch(&view, &bench.service, &ASK).unwrap();
    let mut summaries = Summaries::new(vec![(add, "https://alto.example.com/tips/1".to_owned())]);
    let told = events(&summaries.take(&bench.store));
    let edge = &told[1].1["tips-view-summary"]["updates-graph-summary"]["start-edge-rec"];
    assert_eq!(*edge, json!({"seq-i": 1, "seq-j": 2}));
}

#[test]
fn rfc9569_6_3_3_a_view_that_ends_is_told_as_stopped() {
    let mut bench = Bench::new();
    let request =
        json!({"add": {"one": {"resource-id": "tips", "input": {"resource-id": "networkmap"}}}});
    let request = OpenSummaries::read(request.to_string().as_bytes(), None).unwrap();
    let [add] = <[_; 1]>::try_from(request.add).unwrap();
    let view = add.open.view.clone();
    bench.store.watch(&view, &bench.service, &ASK).unwrap();
    let mut summaries = Summaries::new(vec![(add, "https://alto.example.com/tips/1".to_owned())]);
    assert_eq!(summaries.take(&bench.store).len(), 2);
    bench.store.adopt(&mut view.ends("no more of it"));
    let told = events(&summaries.take(&bench.store));
    assert_eq!(
        told[0].1,
        json!({"stopped": ["one"], "description": "no more of it"})
    );
    assert!(summaries.is_closed());
    assert!(summaries.take(&bench.store).is_empty());
}

#[test]
fn rfc9569_6_3_3_wrong_requests_for_summaries() {
    let read = |request: Value| told(OpenSummaries::read(request.to_string().as_bytes(), None));
    let one = |add: Value| read(json!({"add": {"one": add}}));
    let value = "E_INVALID_FIELD_VALUE";
    for none in [json!({}), json!({"add": {}})] {
        assert_eq!(read(none), ["E_MISSING_FIELD", "add", "-"]);
    }
    assert_eq!(
        one(json!({})),
        ["E_MISSING_FIELD", "add/one/resource-id", "-"]
    );
    assert_eq!(
        one(json!({"resource-id": "networkmap"})),
        [value, "add/one/resource-id", "networkmap"]
    );
    assert_eq!(
        read(json!({"add": {"a.b": {"resource-id": "tips"}}})),
        [value, "add", "a.b"]
    );
    // RFC 8895 §6.6: the errors of the TIPS resource itself.
    assert_eq!(
        one(json!({"resource-id": "tips"})),
        ["E_MISSING_FIELD", "resource-id", "-"]
    );
    assert_eq!(
        one(json!({"resource-id": "tips", "input": {"resource-id": "pv"}})),
        [value, "resource-id", "pv"]
    );
    assert_eq!(
        one(json!({"resource-id": "tips", "input": 3}))[0],
        "E_INVALID_FIELD_TYPE"
    );
}
