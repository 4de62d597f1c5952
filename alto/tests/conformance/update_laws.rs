//! Laws of updates, over random documents, random federations and random edits of them. Patches are applied
//! by a library that is not ours.

use std::collections::{BTreeMap, BTreeSet};

use alto::updates::{
    Bounds, Control, Document, Edge, Form, Forms, History, Item, Message, NextEdge, Open, OpenView,
    Patch, Snapshot, Store, Stream, StreamLimits, diff, updatable,
};
use alto::{Refused, Service, resources};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::cost_laws::{self, Link};
use crate::federation::{ASK, CAPS, Federation, json, told};
use crate::laws::{Member, member};

/// A document with few names, so that two of them have some in common.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        prop::sample::select(vec!["", "a", "\"", "null", "\u{1}é/~"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let name = prop::sample::select(vec!["", "a", "b", "c/d", "~e", "~1", "\"f\\", "é\n"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Map<_, _>>()
                .into()),
        ]
    })
}

/// The same with some of it other.
fn edited(value: &Value, edits: &mut impl Iterator<Item = (u8, Value)>) -> Value {
    let Some((what, other)) = edits.next() else {
        return value.clone();
    };
    match (what, value) {
        (0, _) => other,
        (1 | 2, Value::Object(members)) => {
            let mut members = members.clone();
            if what == 1
                && let Some(name) = members.keys().next().cloned()
            {
                members.remove(&name);
            }
            members.insert("b".to_owned(), other);
            members.into()
        }
        (1, Value::Array(elements)) => elements.iter().skip(1).cloned().collect(),
        (2, Value::Array(elements)) => elements.iter().cloned().chain([other]).collect(),
        (_, Value::Object(members)) => {
            let members = members.iter();
            members
                .map(|(name, value)| (name.clone(), edited(value, edits)))
                .collect::<Map<_, _>>()
                .into()
        }
        (_, Value::Array(elements)) => elements.iter().map(|value| edited(value, edits)).collect(),
        (_, value) => value.clone(),
    }
}

fn pair() -> impl Strategy<Value = (Value, Value)> {
    let edits = prop::collection::vec((0..9_u8, document()), 0..12);
    (document(), document(), edits, any::<bool>()).prop_map(|(from, other, edits, apart)| {
        let to = if apart {
            other
        } else {
            edited(&from, &mut edits.into_iter())
        };
        (from, to)
    })
}

/// The document in one piece.
fn text(value: &Value) -> Document {
    Document::new(vec![value.to_string().into()])
}

pub(crate) fn apply(value: &mut Value, patch: &Patch) {
    let told = json(&patch.bytes);
    match patch.form {
        Form::Merge => json_patch::merge(value, &told),
        Form::Json => {
            let told: json_patch::Patch = serde_json::from_value(told).unwrap();
            json_patch::patch(value, &told).unwrap();
        }
    }
}

/// Whether there is a `null` in an object, at a depth that no array begins.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// RFC 7396 §2 and RFC 6902 §5.
    #[test]
    fn a_patch_of_either_form_makes_the_one_document_of_the_other((from, to) in pair()) {
        for forms in [Forms::Merge, Forms::Json, Forms::Both] {
            let Some(patch) = diff(&text(&from), &text(&to), forms) else {
                // RFC 8895 §6.3: only where null is a value.
                prop_assert!(forms == Forms::Merge && has_null(&to));
                continue;
            };
            let mut patched = from.clone();
            apply(&mut patched, &patch);
            prop_assert_eq!(&patched, &to, "{:?}", patch);
        }
    }
}

/// An edit of a federation.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Member(Member),
    Links(Vec<Link>),
}

pub(crate) fn edits(most: usize) -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        member().prop_map(Edit::Member),
        cost_laws::links().prop_map(Edit::Links),
    ];
    prop::collection::vec(edit, 1..most)
}

/// The services after each edit.
pub(crate) fn services(edits: &[Edit]) -> Vec<Service> {
    let mut federation = Federation::new(CAPS);
    let mut services: Vec<Service> = Vec::new();
    for edit in edits {
        match edit {
            Edit::Member(member) => federation.put(&member.row()),
            Edit::Links(links) => cost_laws::update(&mut federation, links),
        }
        services.push(federation.service_after(services.last()));
    }
    services
}

/// What the resource says in each version; `request` is for one that takes requests.
fn snapshots(services: &[Service], id: &str, request: &str) -> Vec<Snapshot> {
    let resource = alto::resource(id).unwrap();
    let content = |service: &Service| match service.content(resource, request.as_bytes(), &ASK) {
        Ok(content) => Some(Snapshot::from(content)),
        Err(Refused::NotOffered) => None,
        Err(other) => panic!("{id}: {other}"),
    };
    services.iter().filter_map(content).collect()
}

/// Of each kind of resource that can be watched what is asked of it.
pub(crate) fn watched() -> impl Iterator<Item = (&'static str, &'static str)> {
    let got = resources()
        .iter()
        .filter(|resource| resource.accepts.is_none());
    let asked = [
        ("networkmap-filtered", r#"{"pids":["AS1","AS2","A"]}"#),
        (
            "networkmap-role-filtered",
            r#"{"pids":["transit","stub","provider"]}"#,
        ),
        (
            "costmap-filtered",
            r#"{"cost-type":{"cost-metric":"hopcount","cost-mode":"numerical"},"constraints":["lt 3"]}"#,
        ),
        (
            "costmap-filtered",
            r#"{"multi-cost-types":[{"cost-metric":"hopcount","cost-mode":"numerical"},{"cost-metric":"delay-ow:cur","cost-mode":"numerical"}]}"#,
        ),
        (
            "costmap-filtered",
            r#"{"cost-type":{"cost-metric":"delay-ow:cur","cost-mode":"numerical"},"calendared":[true]}"#,
        ),
        (
            "endpoint-costs",
            r#"{"cost-type":{"cost-metric":"hopcount","cost-mode":"ordinal"},"endpoints":{"srcs":["ipv4:10.0.0.1","ipv4:10.1.0.1"],"dsts":["ipv4:10.2.0.1","ipv4:10.3.0.1"]}}"#,
        ),
        (
            "endpoint-properties",
            r#"{"properties":["networkmap.pid"],"endpoints":["ipv4:10.0.0.1","ipv4:10.1.0.1"]}"#,
        ),
        (
            "networkmap-pid-filtered",
            r#"{"entities":["networkmap.pid:AS1","networkmap.pid:A"],"properties":[]}"#,
        ),
        (
            "properties-filtered",
            r#"{"entities":["networkmap.pid:AS1","networkmap-role.pid:transit","ipv4:10.0.0.0/14","asn:as1"],"properties":["networkmap.pid","cpu",".priv:brokermdo-members"]}"#,
        ),
        (
            "ane-properties-filtered",
            r#"{"entities":["ane-properties.ane:AS1","ane-properties.ane:A"],"properties":[]}"#,
        ),
        (
            "pv",
            r#"{"cost-type":{"cost-metric":"ane-path","cost-mode":"array"},"ane-property-names":["cpu","nf"]}"#,
        ),
        (
            "pv-costmap",
            r#"{"cost-type":{"cost-metric":"ane-path","cost-mode":"array"}}"#,
        ),
        (
            "path-vector-costmap",
            r#"{"multi-cost-types":[{"cost-metric":"ane-path","cost-mode":"array"},{"cost-metric":"bw-available","cost-mode":"numerical"}],"ane-property-names":["max-reservable-bandwidth","priv:brokermdo-delay"]}"#,
        ),
        (
            "path-vector-endpointcost",
            r#"{"cost-type":{"cost-metric":"ane-path","cost-mode":"array"},"ane-property-names":["persistent-entity-id"],"endpoints":{"srcs":["ipv4:10.0.0.1","ipv4:10.1.0.1"],"dsts":["ipv4:10.2.0.1","ipv4:10.3.0.1"]}}"#,
        ),
    ];
    got.map(|resource| (resource.id, "")).chain(asked)
}

fn whole(snapshot: &Snapshot) -> Vec<Value> {
    if snapshot.content.media_type.starts_with("multipart/") {
        // By the delimiters, as a client would.
        let text = String::from_utf8(snapshot.content.pieces.concat()).unwrap();
        let (_, boundary) = snapshot.content.media_type.split_once("boundary=").unwrap();
        let delimiter = format!("--{}", boundary.split(';').next().unwrap());
        let parts = text
            .split(&delimiter)
            .filter_map(|part| part.split_once("\r\n\r\n"));
        parts
            .map(|(_, body)| json(body.trim_end().as_bytes()))
            .collect()
    } else {
        vec![json(&snapshot.content.pieces.concat())]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// 8895-24: replaying all patches of a resource gives what it says, for every resource and in both forms.
    #[test]
    fn rfc8895_replayed_patches_give_what_a_resource_says(edits in edits(6)) {
        let services = services(&edits);
        for (id, request) in watched() {
            let snapshots = snapshots(&services, id, request);
            for forms in [Forms::Merge, Forms::Json, Forms::Both] {
                for pair in snapshots.windows(2) {
                    let [from, to] = pair else { unreachable!() };
                    prop_assert_eq!(from.parts.len(), whole(from).len(), "{}", id);
                    prop_assert_eq!(from.parts.len(), to.parts.len());
                    for (at, (before, after)) in from.parts.iter().zip(&to.parts).enumerate() {
                        prop_assert_eq!(&before.content_id, &after.content_id);
                        let Some(patch) = diff(&before.document, &after.document, forms) else {
                            // Only the map of addresses has a null that is a value, outside arrays.
                            prop_assert_eq!((forms, id), (Forms::Merge, "address-properties"));
                            prop_assert!(whole(to)[at].to_string().contains(":null"));
                            continue;
                        };
                        let mut patched = whole(from).swap_remove(at);
                        apply(&mut patched, &patch);
                        prop_assert_eq!(&patched, &whole(to)[at], "{}: {:?}", id, patch);
                    }
                }
            }
        }
    }

    /// 9569-07: every path to a version gives what that version says.
    #[test]
    fn rfc9569_3_1_every_path_to_a_version_gives_the_same_content(
        edits in edits(14), versions in 1..9_usize, bytes in 0..60_000_usize,
    ) {
        let services = services(&edits);
        let calendared = r#"{"cost-type":{"cost-metric":"delay-ow:cur","cost-mode":"numerical"},"calendared":[true]}"#;
        let resources = [
            ("costmap-hopcount", ""),
            ("networkmap-pid", ""),
            ("networkmap", ""),
            ("address-properties", ""),
            ("costmap-filtered", calendared),
        ];
        let forms = [Forms::Merge, Forms::Json, Forms::Both];
        for ((id, request), forms) in resources.into_iter().flat_map(|one| forms.map(|forms| (one, forms))) {
            let snapshots = snapshots(&services, id, request);
            let Some((first, rest)) = snapshots.split_first() else { continue };
            let mut history = History::new(first.clone(), Some(forms), Bounds { versions, bytes });
            let mut contents = vec![whole(first)];
            for next in rest {
                if history.push(next.clone()) {
                    contents.push(whole(next));
                }
                let mut known: BTreeMap<u64, Value> = Default::default();
                // Snapshots come first: each increment then starts at a version that is known.
                for edge in history.edges() {
                    let item = history.item(edge, None).unwrap();
                    let value = match &item {
                        Item::Snapshot(_) => json(&item.pieces().concat()),
                        Item::Increment(patch) => {
                            let mut value = known[&edge.i].clone();
                            apply(&mut value, patch);
                            value
                        }
                    };
                    prop_assert_eq!(&value, &contents[edge.j as usize - 1][0], "{} {:?}", id, edge);
                    known.insert(edge.j, value);
                }
                // RFC 9569 §7.4.2: nor is any path from nothing shorter than the last version whole.
                for version in history.versions() {
                    let rest = history.since(version.number).unwrap();
                    let rest: usize = rest.iter().map(|increment| increment.len()).sum();
                    let whole = version.snapshot.as_ref().map(|snapshot| snapshot.content.len());
                    prop_assert!(whole.is_none_or(|whole| whole + rest >= history.latest().content.len()));
                }
                prop_assert_eq!(known.into_keys().collect::<Vec<_>>(), (history.start()..=history.end()).collect::<Vec<_>>());
            }
        }
    }
}

/// A document of this many octets whose member `at` is `value`.
fn big(octets: usize, value: u64) -> Snapshot {
    let text = format!("{{\"filler\":\"{}\",\"at\":{value}}}", "x".repeat(octets));
    Snapshot::from(alto::Content {
        media_type: "application/json".into(),
        tag: None,
        pieces: vec![text.into()],
    })
}

proptest! {
    /// 9569-08: continuity, feasibility, and right shift, whatever the bounds and whatever comes.
    #[test]
    fn rfc9569_3_2_the_graph_is_continuous_feasible_and_moves_to_the_right(
        steps in prop::collection::vec((0..5_u64, 0..3_usize), 1..60), versions in 0..12_usize, bytes in 0..6_000_usize,
        forms in prop::sample::select(vec![None, Some(Forms::Merge), Some(Forms::Both)]),
    ) {
        let mut history = History::new(big(10, 99), forms, Bounds { versions, bytes });
        let mut pushed = 1;
        for (value, size) in steps {
            let (start, end, tag) = (history.start(), history.end(), history.latest().tag.clone());
            let next = big(size * 900, value);
            let is_new = next.tag != tag;
            prop_assert_eq!(history.push(next), is_new);
            pushed += u64::from(is_new);
            prop_assert!(history.start() >= start && history.end() == pushed && end <= pushed);
            let edges: Vec<Edge> = history.edges().collect();
            for i in history.start()..history.end() {
                let edge = Edge { i, j: i + 1 };
                prop_assert!(edges.contains(&edge) && history.item(edge, None).is_ok(), "{:?}", edge);
            }
            for j in [history.start(), history.end()] {
                let edge = Edge { i: 0, j };
                prop_assert!(edges.contains(&edge));
            }
            // What is beyond the bounds is only what is current.
            let kept = history.end() - history.start() + 1;
            prop_assert!(kept == 1 || kept <= versions.max(1) as u64 && history.bytes() <= bytes);
            for tag in [None, Some("unknown"), Some(history.versions().next().unwrap().tag.as_str())] {
                let summary = history.summary(tag);
                prop_assert_eq!((summary.start, summary.end), (history.start(), history.end()));
                let waits = Edge { i: summary.end, j: summary.end + 1 };
                prop_assert!(edges.contains(&summary.edge) || summary.edge == waits);
            }
        }
    }
}

/// A client of an update stream: what it was told, by data-id.
#[derive(Default)]
pub(crate) struct Client {
    pub(crate) documents: BTreeMap<String, Value>,
    pub(crate) controls: Vec<Value>,
    pub(crate) events: Vec<String>,
}

impl Client {
    /// Reads the messages as they come over the wire (HTML, server-sent events, 9.2.6).
    pub(crate) fn read(&mut self, messages: &[Message]) {
        let wire = messages
            .iter()
            .flat_map(Message::encode)
            .collect::<Vec<_>>()
            .concat();
        let wire = String::from_utf8(wire).unwrap();
        for event in wire.split_terminator("\n\n") {
            let lines: Vec<(&str, &str)> = event
                .lines()
                .map(|line| line.split_once(": ").unwrap())
                .collect();
            let (("event", name), data) = lines
                .split_first()
                .map(|(name, data)| (*name, data))
                .unwrap()
            else {
                panic!("{event}");
            };
            assert!(data.iter().all(|(field, _)| *field == "data"), "{event}");
            let data = data
                .iter()
                .map(|(_, line)| *line)
                .collect::<Vec<_>>()
                .join("\n");
            self.events.push(name.to_owned());
            self.event(name, &data);
        }
    }

    fn event(&mut self, name: &str, data: &str) {
        if name == "application/alto-updatestreamcontrol+json" {
            self.controls.push(json(data.as_bytes()));
            return;
        }
        let (media_type, data_id) = name.rsplit_once(',').unwrap();
        let form = match media_type {
            "application/merge-patch+json" => Form::Merge,
            "application/json-patch+json" => Form::Json,
            _ => return self.full(media_type, data_id, data),
        };
        let bytes = data.to_owned().into();
        apply(
            self.documents.get_mut(data_id).unwrap(),
            &Patch { form, bytes },
        );
    }

    fn full(&mut self, media_type: &str, data_id: &str, data: &str) {
        let Some((_, boundary)) = media_type.split_once("boundary=") else {
            self.documents
                .insert(data_id.to_owned(), json(data.as_bytes()));
            return;
        };
        let delimiter = format!("--{}", boundary.split(';').next().unwrap());
        for part in data.split(&delimiter) {
            let Some((head, body)) = part.split_once("\n\n") else {
                continue;
            };
            let (_, id) = head.split_once("Content-ID: <").unwrap();
            let id = id.split('>').next().unwrap();
            self.documents
                .insert(format!("{data_id}.{id}"), json(body.trim_end().as_bytes()));
        }
    }
}

/// What a client of this resource has to have now.
fn fresh(service: &Service, substream: &str, id: &str, request: &str) -> BTreeMap<String, Value> {
    let snapshot = snapshots(std::slice::from_ref(service), id, request).remove(0);
    let values = whole(&snapshot).into_iter().zip(&snapshot.parts);
    let name = |part: &alto::updates::Part| match &part.content_id {
        Some(id) => format!("{substream}.{id}"),
        None => substream.to_owned(),
    };
    values.map(|(value, part)| (name(part), value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// 8895-19, 8895-20, 8895-24: clients that read when they like, of which some take no incremental
    /// changes, have what a fresh GET or POST gives whenever they have read all, and in the order in which
    /// the resources use each other.
    #[test]
    fn rfc8895_6_7_2_clients_converge_however_they_read(
        edits in edits(12), versions in 1..6_usize, reads in prop::collection::vec(any::<[bool; 3]>(), 12),
    ) {
        let services = services(&edits);
        let mut store = Store::new(100, Bounds { versions, bytes: 1 << 20 });
        // By their names cost maps would come before network maps.
        let named = |at: usize| format!("s{}", 99 - at);
        let watched: Vec<_> = watched().filter(|(id, _)| updatable().any(|resource| resource.id == *id)).collect();
        let open = |incremental: bool| {
            let adds = watched.iter().enumerate().map(|(at, (id, request))| {
                let mut add = serde_json::json!({"resource-id": id, "incremental-changes": incremental});
                if !request.is_empty() {
                    add["input"] = json(request.as_bytes());
                }
                (named(at), add)
            });
            let request = serde_json::json!({"add": adds.collect::<Map<_, _>>()});
            Open::read(request.to_string().as_bytes(), None).unwrap()
        };
        let mut clients: Vec<(Stream, Client)> = [true, true, false].into_iter().map(|incremental| {
            let using = (&mut store, &services[0], &ASK);
            let stream = Stream::open(&open(incremental), None, StreamLimits::default(), using).unwrap();
            (stream, Client::default())
        }).collect();
        for (at, service) in services.iter().enumerate() {
            store.publish(service, &ASK);
            let is_last = at + 1 == services.len();
            for ((stream, client), reads) in clients.iter_mut().zip(reads[at]) {
                if !(reads || is_last) {
                    continue;
                }
                let from = client.events.len();
                client.read(&stream.take(&mut store));
                let sources: Vec<usize> = client.events[from..].iter().filter_map(|event| {
                    let (_, data_id) = event.rsplit_once(",s")?;
                    data_id.split('.').next().unwrap().parse().ok().map(|name: usize| 99 - name)
                }).collect();
                let uses_none = |at: &usize| ["networkmap", "networkmap-role", "ane-properties", "endpoint-costs"].contains(&watched[*at].0);
                prop_assert!(sources.is_sorted_by_key(|at| !uses_none(at)), "{:?}", client.events);
                let mut wanted = BTreeMap::new();
                for (at, (id, request)) in watched.iter().enumerate() {
                    wanted.extend(fresh(service, &named(at), id, request));
                }
                prop_assert_eq!(&client.documents, &wanted);
                prop_assert!(stream.take(&mut store).is_empty());
            }
        }
        let patches = |client: &Client| client.events.iter().filter(|event| event.contains("-patch+json")).count();
        prop_assert_eq!(patches(&clients[2].1), 0);
        for (stream, _) in clients {
            stream.close(&mut store);
        }
        prop_assert!(store.is_empty());
    }
}

/// A request like those of the RFCs, with values that are right and others.
fn request() -> impl Strategy<Value = Value> {
    let entry = || {
        let id = prop_oneof![
            prop::sample::select(vec![
                "networkmap",
                "costmap-hopcount",
                "networkmap-pid",
                "pv",
                "directory",
                "x"
            ])
            .prop_map(Value::from),
            document(),
        ];
        let other = (
            prop::sample::select(vec!["tag", "input", "incremental-changes", "add"]),
            document(),
        );
        let right = prop::sample::select(vec![
            ("tag", Value::from("t")),
            ("incremental-changes", false.into()),
            ("input", Map::new().into()),
        ]);
        let others = prop::collection::vec(prop_oneof![3 => right, 1 => other], 0..2);
        (prop::option::weighted(0.95, id), others).prop_map(|(id, others)| {
            let id = id.map(|id| ("resource-id", id));
            id.into_iter()
                .chain(others)
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Map<_, _>>()
        })
    };
    let name = || {
        prop_oneof![
            20 => prop::sample::select(vec!["a", "b", "c", "d", "e", "f"]),
            1 => prop::sample::select(vec!["", "a.b", "\u{0}"]),
        ]
    };
    let add = prop::collection::vec((name(), entry()), 0..3).prop_map(|adds| {
        adds.into_iter()
            .map(|(name, add)| (name.to_owned(), Value::from(add)))
            .collect::<Map<_, _>>()
    });
    let remove = prop::collection::vec(name(), 0..3).prop_map(Value::from);
    let whole = (entry(), prop::option::of(add), prop::option::of(remove)).prop_map(
        |(mut request, add, remove)| {
            request.extend(add.map(|add| ("add".to_owned(), add.into())));
            request.extend(remove.map(|remove| ("remove".to_owned(), remove)));
            Value::from(request)
        },
    );
    prop_oneof![20 => whole, 1 => document()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Every text is a request or has one error that names a field.
    #[test]
    fn a_request_is_read_or_refused(request in request(), cut in any::<prop::sample::Index>()) {
        let text = request.to_string();
        let resource = alto::resource("networkmap").unwrap();
        for text in [text.as_bytes(), &text.as_bytes()[..cut.index(text.len())]] {
            let results = [
                Open::read(text, None).map(|_| ()),
                Control::read(text, None).map(|_| ()),
                OpenView::read(text, None).map(|_| ()),
                NextEdge::read(text, resource).map(|_| ()),
            ];
            for result in results {
                if result.is_err() {
                    told(result);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// 8895-36: whatever is asked of a stream's control service, what is refused changes nothing, no id is
    /// used twice, the store watches what the stream does and no more, and the client is told of all.
    #[test]
    fn rfc8895_7_5_a_control_request_is_done_wholly_or_not_at_all(requests in prop::collection::vec(request(), 1..12)) {
        let service = Federation::three().service();
        let mut store = Store::new(3, Bounds::default());
        let limits = StreamLimits { active: 4, ever: 8 };
        let first = Open::read(br#"{"add":{"first":{"resource-id":"networkmap"}}}"#, None).unwrap();
        let mut stream = Stream::open(&first, None, limits, (&mut store, &service, &ASK)).unwrap();
        let active = |stream: &Stream| -> BTreeSet<String> {
            stream.substreams().map(|(id, _)| id.to_string()).collect()
        };
        let mut used = active(&stream);
        for request in requests {
            let before = active(&stream);
            let _ = stream.take(&mut store);
            let Ok(request) = Control::read(request.to_string().as_bytes(), None) else { continue };
            let result = stream.control(&request, (&mut store, &service, &ASK));
            let now = active(&stream);
            let mut client = Client::default();
            client.read(&stream.take(&mut store));
            if result.is_err() {
                prop_assert_eq!(&now, &before);
                prop_assert!(client.events.is_empty());
                continue;
            }
            let added: BTreeSet<String> = request.add.iter().map(|add| add.substream.to_string()).collect();
            prop_assert!(added.is_disjoint(&used) && now.len() <= 4);
            used.extend(added.clone());
            prop_assert!(used.len() <= 8);
            let told = |name: &str| -> BTreeSet<String> {
                let lists = client.controls.iter().filter_map(|control| control.get(name)?.as_array());
                lists.flatten().map(|id| id.as_str().unwrap().to_owned()).collect()
            };
            prop_assert_eq!(&told("started"), &added);
            let stopped: BTreeSet<String> = before.difference(&now).cloned().collect();
            prop_assert_eq!(told("stopped"), stopped);
            prop_assert_eq!(stream.is_closed(), now.is_empty());
        }
        prop_assert!(store.is_empty() == stream.is_closed());
        stream.close(&mut store);
        prop_assert!(store.is_empty());
    }
}
