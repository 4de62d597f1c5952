//! RFC 8895: incremental updates by server-sent events. HTTP is not part of it here.

use alto::updates::{
    Bounds, Control, Document, Form, Forms, NoStream, NoView, Open, State, Store, Stream,
    StreamLimits, diff, updatable,
};
use alto::{AltoError, Refused, Service};
use serde_json::{Value, json};

use crate::federation::{ASK, Federation, Link, content, got, id, json, linked, posted, told};
use crate::update_laws::Client;

const LINKS: [Link; 3] = [
    ("A", "B", Some(5), Some(100)),
    ("B", "C", Some(5), Some(100)),
    ("A", "C", Some(50), Some(1_000)),
];

/// A store, the service that it shows, and a stream.
pub(crate) struct Bench {
    federation: Federation,
    pub(crate) service: Service,
    pub(crate) store: Store,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let federation = Federation::with_links(&LINKS);
        Self {
            service: federation.service(),
            federation,
            store: Store::new(20, Bounds::default()),
        }
    }

    pub(crate) fn open(&mut self, add: &Value) -> Result<Stream, NoStream> {
        let request = json!({ "add": add }).to_string();
        let request = Open::read(request.as_bytes(), ASK.client)?;
        let using = (&mut self.store, &self.service, &ASK);
        Stream::open(
            &request,
            Some("/control/1".to_owned()),
            StreamLimits::default(),
            using,
        )
    }

    fn control(&mut self, stream: &mut Stream, request: &Value) -> Result<(), NoStream> {
        let request = Control::read(request.to_string().as_bytes(), ASK.client)?;
        stream.control(&request, (&mut self.store, &self.service, &ASK))
    }

    /// A gets a link to D, so that D is in the network map, or loses it.
    pub(crate) fn change_domains(&mut self, is_there: bool) {
        let ways = |name: &str| {
            let of = |(a, b, delay, bandwidth): &Link| {
                let other = if *a == name {
                    b
                } else if *b == name {
                    a
                } else {
                    return None;
                };
                Some((other.parse().unwrap(), *delay, *bandwidth))
            };
            let fourth = [("A", "D", Some(1), Some(1))];
            LINKS
                .iter()
                .chain(fourth.iter().filter(|_| is_there))
                .filter_map(of)
                .collect::<Vec<_>>()
        };
        for (number, name) in ["A", "B", "C", "D"].into_iter().enumerate() {
            if name == "D" && !is_there {
                self.federation.ted.apply([idt::Update::Leave(id(name))]);
                continue;
            }
            let prefix = format!("10.{number}.0.0/16");
            let topology = linked(name, &ways(name), &[&prefix]);
            self.federation.ted.apply([idt::Update::Topology(topology)]);
        }
        self.publish();
    }

    /// The delay of A to B is another.
    pub(crate) fn change_delay(&mut self, delay: u64) {
        let ways = [
            ("B".parse().unwrap(), Some(delay), Some(100)),
            ("C".parse().unwrap(), Some(50), Some(1_000)),
        ];
        let topology = linked("A", &ways, &["10.0.0.0/16", "2001:db8:0::/48"]);
        self.federation.ted.apply([idt::Update::Topology(topology)]);
        self.publish();
    }

    fn publish(&mut self) {
        self.service = self.federation.service_after(Some(&self.service));
        self.store.publish(&self.service, &ASK);
    }
}

/// The error that a client is told, as `[code, field, value]`.
fn refused<T>(result: Result<T, NoStream>) -> [String; 3] {
    match result.map(|_| ()) {
        Err(NoStream::View(NoView::Refused(Refused::Alto(error)))) => told(Err::<(), _>(error)),
        other => panic!("{other:?}"),
    }
}

fn hops() -> Value {
    json!({"resource-id": "costmap-hopcount"})
}

#[test]
fn rfc8895_6_6_no_add_or_an_empty_one_is_a_missing_field() {
    for request in ["{}", r#"{"add":{}}"#, r#"{"remove":["a"]}"#] {
        let error = Open::read(request.as_bytes(), None);
        assert_eq!(told(error), ["E_MISSING_FIELD", "add", "-"], "{request}");
    }
    let error = Open::read(br#"{"add":[]}"#, None);
    assert_eq!(told(error), ["E_INVALID_FIELD_TYPE", "add", "[]"]);
    assert_eq!(Open::read(b"{", None).unwrap_err().code(), "E_SYNTAX");
    assert_eq!(Control::read(b"", None).unwrap_err().code(), "E_SYNTAX");
    assert_eq!(
        Open::read(b"3", None).unwrap_err().code(),
        "E_INVALID_FIELD_TYPE"
    );
}

#[test]
fn rfc8895_6_6_a_resource_that_cannot_be_watched_is_named_by_the_path_of_its_id() {
    let mut bench = Bench::new();
    // Nor is a directory among them.
    for id in ["my-networkmap/#", "directory", "costmaps"] {
        let add = json!({"good": hops(), "bad": {"resource-id": id}});
        let error = refused(bench.open(&add));
        assert_eq!(error, ["E_INVALID_FIELD_VALUE", "add/bad/resource-id", id]);
    }
    let error = refused(bench.open(&json!({"bad": {}})));
    assert_eq!(error, ["E_MISSING_FIELD", "add/bad/resource-id", "-"]);
    let error = refused(bench.open(&json!({"bad": {"resource-id": 7}})));
    assert_eq!(error, ["E_INVALID_FIELD_TYPE", "add/bad/resource-id", "7"]);
    for (field, value) in [("tag", json!(1)), ("incremental-changes", json!("yes"))] {
        let mut add = json!({"bad": hops()});
        add["bad"][field] = value;
        let [code, path, _] = refused(bench.open(&add));
        assert_eq!(
            [code, path],
            [
                "E_INVALID_FIELD_TYPE".to_owned(),
                format!("add/bad/{field}")
            ]
        );
    }
    assert!(bench.store.is_empty());
}

#[test]
fn rfc8895_6_6_wrong_input_gets_the_error_of_the_resource_and_makes_no_stream() {
    let mut bench = Bench::new();
    let inputs = [
        json!({}),
        json!(3),
        json!({"cost-type": {"cost-metric": "no", "cost-mode": "numerical"}}),
    ];
    for id in updatable()
        .filter(|resource| resource.accepts.is_some())
        .map(|resource| resource.id)
    {
        for input in &inputs {
            let Err(own) = posted(&bench.service, id, input) else {
                continue;
            };
            let add = json!({"a": hops(), "bad": {"resource-id": id, "input": input}});
            assert_eq!(
                refused(bench.open(&add)),
                told(Err::<(), _>(own)),
                "{id} {input}"
            );
            assert!(bench.store.is_empty());
        }
        // Of what is not there it says what it says of an empty body.
        let own: AltoError = content(&bench.service, id, b"").unwrap_err();
        let error = refused(bench.open(&json!({"bad": {"resource-id": id}})));
        assert_eq!(error, told(Err::<(), _>(own)), "{id}");
    }
}

#[test]
fn rfc8895_6_5_remove_is_ignored_in_the_request_for_a_stream() {
    let request = json!({"add": {"a": hops()}, "remove": 7}).to_string();
    assert_eq!(Open::read(request.as_bytes(), None).unwrap().add.len(), 1);
}

#[test]
fn rfc8895_5_2_a_substream_id_is_written_as_a_resource_id() {
    let mut bench = Bench::new();
    let long = "x".repeat(65);
    for id in ["", "a.b", "a/b", "a,b", "é", long.as_str()] {
        let error = refused(bench.open(&json!({ id: hops() })));
        assert_eq!(error, ["E_INVALID_FIELD_VALUE", "add", id]);
    }
    assert!(
        bench
            .open(&json!({ &long[1..]: hops(), "1": hops(), "a-b:c@d_e": hops() }))
            .is_ok()
    );
}

#[test]
fn rfc8895_5_3_the_first_message_alone_has_the_control_uri() {
    let mut bench = Bench::new();
    let mut stream = bench.open(&json!({"a": hops()})).unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    bench
        .control(
            &mut stream,
            &json!({"add": {"b": {"resource-id": "networkmap"}}}),
        )
        .unwrap();
    client.read(&stream.take(&mut bench.store));
    assert_eq!(
        client.events[0],
        "application/alto-updatestreamcontrol+json"
    );
    assert_eq!(
        client.controls,
        [
            json!({"control-uri": "/control/1"}),
            json!({"started": ["b"]})
        ]
    );
    assert!(client.documents.contains_key("b"));

    let request = Open::read(json!({"add": {"a": hops()}}).to_string().as_bytes(), None).unwrap();
    let using = (&mut bench.store, &bench.service, &ASK);
    let mut stream = Stream::open(&request, None, StreamLimits::default(), using).unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    assert_eq!(client.controls, [json!({"control-uri": null})]);
}

#[test]
fn rfc8895_5_1_an_event_is_named_by_its_media_type_and_data_id() {
    let mut bench = Bench::new();
    let add = json!({"1": {"resource-id": "networkmap"}, "2": {"resource-id": "costmap-delay-ow"}});
    let mut stream = bench.open(&add).unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    bench.change_delay(7);
    client.read(&stream.take(&mut bench.store));
    let wanted = [
        "application/alto-updatestreamcontrol+json",
        "application/alto-networkmap+json,1",
        "application/alto-costmap+json,2",
        "application/merge-patch+json,2",
    ];
    assert_eq!(client.events, wanted);
    assert_eq!(
        client.documents["2"],
        got(&bench.service, "costmap-delay-ow")
    );
    // No `id` field, and what has no news has no event.
    bench.publish();
    assert!(stream.take(&mut bench.store).is_empty());
}

#[test]
fn rfc8895_6_7_3_each_part_is_told_by_its_own_content_id() {
    let mut bench = Bench::new();
    let input = json!({"cost-type": {"cost-metric": "ane-path", "cost-mode": "array"}});
    let mut stream = bench
        .open(&json!({"pv": {"resource-id": "pv", "input": input}}))
        .unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    let ids: Vec<&str> = client.documents.keys().map(String::as_str).collect();
    assert_eq!(
        ids,
        ["pv.costmap@alto.example.com", "pv.propmap@alto.example.com"]
    );
    let body = content(&bench.service, "pv", input.to_string().as_bytes()).unwrap();
    assert_eq!(client.events[1], format!("{},pv", body.media_type));

    bench.change_domains(true);
    client.read(&stream.take(&mut bench.store));
    assert!(
        client.events[2..]
            .iter()
            .all(|event| event.contains("-patch+json,pv.")),
        "{:?}",
        client.events
    );
    assert_eq!(client.events.len(), 4, "each event is of one part");
    let paths = &client.documents["pv.costmap@alto.example.com"]["cost-map"];
    assert!(paths["A"]["D"].is_array(), "{paths}");
}

#[test]
fn rfc8895_6_3_a_null_that_is_a_value_is_told_by_a_json_patch_or_not_at_all() {
    let document = |text: &'static str| Document::new(vec![text.into()]);
    let from = document(r#"{"a":1,"b":{"c":2},"d":[1]}"#);
    for to in [
        r#"{"a":null,"b":{"c":2},"d":[1]}"#,
        r#"{"a":1,"b":{"c":2},"d":{"e":[],"f":null}}"#,
    ] {
        let to = document(to);
        assert_eq!(diff(&from, &to, Forms::Merge), None);
        assert_eq!(diff(&from, &to, Forms::Both).unwrap().form, Form::Json);
    }
    // Within an array it is a value: multi-cost answers have such.
    let to = document(r#"{"a":1,"b":{"c":2},"d":[null]}"#);
    assert_eq!(
        diff(&from, &to, Forms::Merge).unwrap().bytes,
        r#"{"d":[null]}"#
    );
    // What goes is told by one.
    let to = document(r#"{"a":1,"d":[1]}"#);
    assert_eq!(
        diff(&from, &to, Forms::Merge).unwrap().bytes,
        r#"{"b":null}"#
    );
    // A JSON patch is an array (RFC 6902 §3), of pointers (RFC 6901 §3).
    let from = document(r#"{"a/b":{"~":1,"x":[1,2]}}"#);
    let to = document(r#"{"a/b":{"~":2,"x":[0,1,2]}}"#);
    let wanted = json!([
        {"op": "replace", "path": "/a~1b/~0", "value": 2},
        {"op": "replace", "path": "/a~1b/x", "value": [0, 1, 2]},
    ]);
    let patch = json(&diff(&from, &to, Forms::Json).unwrap().bytes);
    let inserted = json!([wanted[0], {"op": "add", "path": "/a~1b/x/0", "value": 0}]);
    assert!(patch == inserted || patch == wanted, "{patch}");
}

#[test]
fn a_patch_is_as_long_as_what_changed() {
    let prefixes = |gap: usize| {
        let all = (0..2_000).filter(|number| *number != gap);
        let list: Vec<String> = all
            .map(|number| format!("10.{}.{}.0/24", number / 250, number % 250))
            .collect();
        let text = json!({"meta": {}, "network-map": {"A": {"ipv4": list}}}).to_string();
        Document::new(vec![text.into()])
    };
    // One prefix for another, in a long list: only a JSON patch can say that.
    let patch = diff(&prefixes(3), &prefixes(1_700), Forms::Both).unwrap();
    assert_eq!(patch.form, Form::Json);
    assert!(patch.bytes.len() < 200, "{}", patch.bytes.len());
    // An array that is all other is told whole.
    let other = Document::new(vec![
        r#"{"meta":{},"network-map":{"A":{"ipv4":["::/0"]}}}"#.into(),
    ]);
    assert!(diff(&prefixes(3), &other, Forms::Json).unwrap().bytes.len() < 200);
}

#[test]
fn rfc8895_6_5_without_incremental_changes_all_is_told_each_time() {
    let mut bench = Bench::new();
    let add = json!({"a": {"resource-id": "costmap-delay-ow", "incremental-changes": false}});
    let mut stream = bench.open(&add).unwrap();
    let mut client = Client::default();
    for delay in 6..9 {
        client.read(&stream.take(&mut bench.store));
        bench.change_delay(delay);
    }
    client.read(&stream.take(&mut bench.store));
    assert_eq!(client.events[1..], ["application/alto-costmap+json,a"; 4]);
    assert_eq!(
        client.documents["a"],
        got(&bench.service, "costmap-delay-ow")
    );
}

#[test]
fn rfc8895_6_5_a_client_with_the_current_version_is_told_what_comes_after_and_others_all() {
    let mut bench = Bench::new();
    let tag = |bench: &Bench| {
        let content = content(&bench.service, "costmap-delay-ow", b"").unwrap();
        content.tag.unwrap().to_string()
    };
    let old = tag(&bench);
    // So that the older version is kept.
    let _watch = bench
        .open(&json!({"a": {"resource-id": "costmap-delay-ow"}}))
        .unwrap();
    bench.change_delay(7);
    for (given, is_known) in [
        (tag(&bench), true),
        (old, false),
        ("other".to_owned(), false),
    ] {
        let add = json!({"a": {"resource-id": "costmap-delay-ow", "tag": given}});
        let mut stream = bench.open(&add).unwrap();
        let state = stream.substreams().next().unwrap().1;
        assert_eq!(
            state,
            if is_known {
                State::Current
            } else {
                State::NeedsFull
            }
        );
        assert_eq!(
            stream.take(&mut bench.store).len(),
            if is_known { 1 } else { 2 }
        );
        bench.change_delay(8);
        let told = stream.take(&mut bench.store);
        assert_eq!(told[0].event, "application/merge-patch+json,a");
        bench.change_delay(7);
    }
    let bad = json!({"a": {"resource-id": "costmap-delay-ow", "tag": "a b"}});
    assert_eq!(
        refused(bench.open(&bad)),
        ["E_INVALID_FIELD_VALUE", "add/a/tag", "a b"]
    );
}

#[test]
fn rfc8895_6_7_1_a_network_map_is_told_before_the_cost_maps_that_use_it() {
    let mut bench = Bench::new();
    // By their ids the cost map would come first.
    let add = json!({"1": hops(), "2": {"resource-id": "networkmap"}});
    let mut stream = bench.open(&add).unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    for is_there in [true, false] {
        bench.change_domains(is_there);
        client.events.clear();
        client.read(&stream.take(&mut bench.store));
        let order: Vec<char> = client
            .events
            .iter()
            .filter_map(|event| event.chars().last())
            .collect();
        assert_eq!(order, ['2', '1']);
        let vtag = &client.documents["2"]["meta"]["vtag"];
        assert_eq!(&client.documents["1"]["meta"]["dependent-vtags"][0], vtag);
    }
}

#[test]
fn rfc8895_9_3_a_pair_that_meets_the_constraints_no_more_is_taken_out() {
    let mut bench = Bench::new();
    let cost_type = json!({"cost-metric": "delay-ow:cur", "cost-mode": "numerical"});
    let input = json!({"cost-type": cost_type, "constraints": ["le 5"], "pids": {"srcs": ["A"], "dsts": ["B", "C"]}});
    let mut stream = bench
        .open(&json!({"a": {"resource-id": "costmap-filtered", "input": input}}))
        .unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    assert_eq!(client.documents["a"]["cost-map"], json!({"A": {"B": 5}}));
    bench.change_delay(6);
    client.read(&stream.take(&mut bench.store));
    assert_eq!(client.documents["a"]["cost-map"], json!({}));
    bench.change_delay(4);
    client.read(&stream.take(&mut bench.store));
    assert_eq!(client.documents["a"]["cost-map"], json!({"A": {"B": 4}}));
}

#[test]
fn rfc8895_7_6_what_is_wrong_with_a_control_request_is_told_and_changes_nothing() {
    let mut bench = Bench::new();
    let mut stream = bench
        .open(&json!({"a": hops(), "b": {"resource-id": "networkmap"}}))
        .unwrap();
    bench
        .control(&mut stream, &json!({"remove": ["b"]}))
        .unwrap();
    stream.take(&mut bench.store);
    let network = json!({"resource-id": "networkmap"});
    for (request, wanted) in [
        // Never added; nor in a request before.
        (
            json!({"remove": ["a", "c"]}),
            ["E_INVALID_FIELD_VALUE", "remove", "c"],
        ),
        (
            json!({"add": {"c": network}, "remove": ["c"]}),
            ["E_INVALID_FIELD_VALUE", "remove", "c"],
        ),
        // Used before: still, and no more.
        (
            json!({"add": {"a": network}}),
            ["E_INVALID_FIELD_VALUE", "add", "a"],
        ),
        (
            json!({"add": {"c": network, "b": network}}),
            ["E_INVALID_FIELD_VALUE", "add", "b"],
        ),
        (
            json!({"add": {"c": network}, "remove": []}),
            ["E_INVALID_FIELD_VALUE", "remove", "[]"],
        ),
        (
            json!({"add": {"c": {"resource-id": "x"}}, "remove": ["a"]}),
            ["E_INVALID_FIELD_VALUE", "add/c/resource-id", "x"],
        ),
        (json!({"add": {}}), ["E_MISSING_FIELD", "add", "-"]),
        (
            json!({"remove": "a"}),
            ["E_INVALID_FIELD_TYPE", "remove", "a"],
        ),
        (
            json!({"remove": ["a", 7]}),
            ["E_INVALID_FIELD_VALUE", "remove", "7"],
        ),
    ] {
        assert_eq!(
            refused(bench.control(&mut stream, &request)),
            wanted,
            "{request}"
        );
    }
    let input =
        json!({"add": {"c": {"resource-id": "costmap-filtered", "input": {}}}, "remove": ["a"]});
    assert_eq!(
        refused(bench.control(&mut stream, &input))[0],
        "E_MISSING_FIELD"
    );
    let ids: Vec<&str> = stream.substreams().map(|(id, _)| id.as_str()).collect();
    assert_eq!((ids, bench.store.len()), (vec!["a"], 1));
    assert!(stream.take(&mut bench.store).is_empty());
}

#[test]
fn rfc8895_7_6_what_is_removed_is_told_as_stopped_and_may_be_removed_twice() {
    let mut bench = Bench::new();
    let add = json!({"a": hops(), "b": {"resource-id": "networkmap"}, "c": hops()});
    let mut stream = bench.open(&add).unwrap();
    stream.take(&mut bench.store);
    let mut client = Client::default();
    // The last is replaced: add comes before remove, so that the stream goes on.
    let replace = json!({"add": {"d": hops()}, "remove": ["a", "b", "c"]});
    bench.control(&mut stream, &replace).unwrap();
    client.read(&stream.take(&mut bench.store));
    assert_eq!(client.controls[0], json!({"started": ["d"]}));
    assert_eq!(client.controls[1]["stopped"], json!(["b", "a", "c"]));
    assert!(client.controls[1]["description"].is_string() && !stream.is_closed());
    bench
        .control(&mut stream, &json!({"remove": ["a"]}))
        .unwrap();
    assert!(stream.take(&mut bench.store).is_empty());
    assert_eq!(bench.store.len(), 1);
}

#[test]
fn rfc8895_7_5_an_empty_remove_stops_all_and_closes_the_stream() {
    for remove in [json!([]), json!(["a", "b"])] {
        let mut bench = Bench::new();
        let mut stream = bench
            .open(&json!({"a": hops(), "b": {"resource-id": "networkmap"}}))
            .unwrap();
        stream.take(&mut bench.store);
        bench
            .control(&mut stream, &json!({ "remove": remove }))
            .unwrap();
        let mut client = Client::default();
        client.read(&stream.take(&mut bench.store));
        assert_eq!(client.controls[0]["stopped"], json!(["b", "a"]));
        assert!(stream.is_closed() && bench.store.is_empty());
        // What is wrong is told first, then that it is closed.
        let wrong = bench.control(&mut stream, &json!({"remove": ["x"]}));
        assert_eq!(refused(wrong), ["E_INVALID_FIELD_VALUE", "remove", "x"]);
        let right = bench.control(&mut stream, &json!({"add": {"c": hops()}}));
        assert_eq!(right, Err(NoStream::Closed));
    }
}

#[test]
fn rfc8895_10_1_streams_and_views_are_limited() {
    let mut bench = Bench::new();
    let limits = StreamLimits { active: 2, ever: 3 };
    let open = |bench: &mut Bench, add: Value| {
        let request = Open::read(json!({ "add": add }).to_string().as_bytes(), None).unwrap();
        Stream::open(
            &request,
            None,
            limits,
            (&mut bench.store, &bench.service, &ASK),
        )
    };
    let three = open(&mut bench, json!({"a": hops(), "b": hops(), "c": hops()}));
    assert_eq!(three.map(|_| ()), Err(NoStream::TooMany(2)));
    let mut stream = open(&mut bench, json!({"a": hops(), "b": hops()})).unwrap();
    let more = bench.control(&mut stream, &json!({"add": {"c": hops()}}));
    assert_eq!(more, Err(NoStream::TooMany(2)));
    bench
        .control(&mut stream, &json!({"add": {"c": hops()}, "remove": ["a"]}))
        .unwrap();
    let ever = bench.control(&mut stream, &json!({"add": {"d": hops()}, "remove": ["b"]}));
    assert_eq!(ever, Err(NoStream::TooMany(3)));
    bench.store = Store::new(1, Bounds::default());
    let filtered =
        |pid: &str| json!({"resource-id": "networkmap-filtered", "input": {"pids": [pid]}});
    let views = open(
        &mut bench,
        json!({"a": filtered("AS1"), "b": filtered("AS2")}),
    );
    assert_eq!(views.map(|_| ()), Err(NoStream::View(NoView::TooMany(1))));
    assert!(bench.store.is_empty());
}

#[test]
fn rfc8895_5_3_a_resource_that_ends_is_told_as_stopped_with_the_reason() {
    let mut bench = Bench::new();
    let mut stream = bench
        .open(&json!({"a": hops(), "b": {"resource-id": "networkmap"}}))
        .unwrap();
    stream.take(&mut bench.store);
    // With more domains than that there are no full cost maps.
    let limits = alto::Limits {
        full_map_pairs: 9,
        ..alto::Limits::default()
    };
    let mut config = (*bench.federation.config).clone();
    config.limits = limits;
    bench.federation.config = config.into();
    bench.change_domains(true);
    let mut client = Client::default();
    client.documents.insert("b".to_owned(), json!({}));
    client.read(&stream.take(&mut bench.store));
    let wanted = json!({"stopped": ["a"], "description": "there is no such resource now"});
    assert_eq!(client.controls, [wanted]);
    assert_eq!((stream.substreams().count(), bench.store.len()), (1, 1));
}

/// Who cannot keep the store to himself does the same in steps, and a view that is let go of meanwhile does not
/// come back.
#[test]
fn a_store_is_brought_up_to_a_version_in_steps_as_in_one() {
    let mut bench = Bench::new();
    let mut stream = bench
        .open(&json!({"a": hops(), "b": {"resource-id": "networkmap"}}))
        .unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    bench.federation.ted.apply([idt::Update::Leave(id("C"))]);
    let service = bench.federation.service_after(Some(&bench.service));
    let views = bench.store.views(|_| true);
    let ids: Vec<&str> = views.iter().map(|view| view.resource().id).collect();
    // What is used before what uses it.
    assert_eq!(ids, ["networkmap", "costmap-hopcount"]);
    let mut revisions: Vec<_> = views
        .iter()
        .map(|view| view.revise(bench.store.versions(view).unwrap(), &service, &ASK))
        .collect();
    // Nothing is seen of it yet.
    assert!(stream.take(&mut bench.store).is_empty());
    bench
        .control(&mut stream, &json!({"remove": ["b"]}))
        .unwrap();
    let news: Vec<bool> = revisions
        .iter_mut()
        .map(|revision| bench.store.adopt(revision))
        .collect();
    assert_eq!(news, [false, true]);
    client.read(&stream.take(&mut bench.store));
    assert_eq!(client.documents["a"], got(&service, "costmap-hopcount"));
    assert_eq!(bench.store.len(), 1);
    // The same service again is no news.
    let view = &views[1];
    let mut again = view.revise(bench.store.versions(view).unwrap(), &service, &ASK);
    assert!(!bench.store.adopt(&mut again));
}

#[test]
fn a_store_that_keeps_too_much_lets_go_of_the_past() {
    let mut bench = Bench::new();
    let mut stream = bench
        .open(&json!({"a": hops(), "b": {"resource-id": "costmap-delay-ow"}}))
        .unwrap();
    let mut client = Client::default();
    client.read(&stream.take(&mut bench.store));
    let current = bench.store.bytes();
    for delay in 10..20 {
        bench.change_delay(delay);
    }
    let kept = bench.store.bytes();
    assert!(kept > current);
    bench.store.shrink(kept);
    assert_eq!(bench.store.bytes(), kept);
    bench.store.shrink(kept - 1);
    let less = bench.store.bytes();
    assert!(less < kept);
    // What is current stays, whatever it takes, and who was behind is told all.
    bench.store.shrink(0);
    for view in bench.store.views(|_| true) {
        let history = bench.store.history(&view).unwrap();
        assert_eq!(history.start(), history.end());
    }
    client.read(&stream.take(&mut bench.store));
    for (name, id) in [("a", "costmap-hopcount"), ("b", "costmap-delay-ow")] {
        assert_eq!(client.documents[name], got(&bench.service, id));
    }
}
