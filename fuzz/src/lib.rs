//! What every decoder must hold for any bytes: it does not panic, an error says where and why, and what was
//! read can be written and read again.
//!
//! Each target is a plain function, so that `tests/corpus.rs` runs it without libFuzzer too.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use alto::{AltoError, Ask, Maps, Refused, Service, media};
use broker::client::media_type::MediaType;
use broker::client::multipart;
use idt::bgpls::{AdjRib, Attribute, Dialect, Limits, Nlri, convert, split_nlris};
use nffg::json::{Cursor, FieldError, Problem};
use nffg::{
    Bandwidth, Delay, DomainId, Fault, Loss, NfType, Quantity, ResourceView, SapId, ServiceGraph,
    TopologyView, decode_service_graph, draft, escape, unify, virtualizer,
};
use serde_json::Value;

mod client_updates;
pub use client_updates::client_updates;
mod configuration;
pub use configuration::configuration;
mod edit_config;
pub use edit_config::edit_config;
mod exports;
pub use exports::exports;
mod headers;
pub use headers::{accept, authorization};
mod partner_answer;
pub use partner_answer::partner_answer;
mod placements;
pub use placements::{path_requests, placement_requests};
mod subscriptions;
pub use subscriptions::subscription_query;
mod service_order;
pub use service_order::service_order;
mod updates;
pub use updates::alto_updates;
mod world;
pub use world::world;

/// A target: a function of any bytes that panics when a law is broken.
pub type Target = fn(&[u8]);

/// The targets by name; the name is also that of the corpus and of the binary.
pub const TARGETS: [(&str, Target); 20] = [
    ("service_graph", service_graph),
    ("virtualizer", virtualizer),
    ("unify", unify),
    ("exports", exports),
    ("edit_config", edit_config),
    ("identifiers", identifiers),
    ("alto_requests", alto_requests),
    ("alto_updates", alto_updates),
    ("client_answers", client_answers),
    ("client_updates", client_updates),
    ("bgpls", bgpls),
    ("world", world),
    ("placement_requests", placement_requests),
    ("path_requests", path_requests),
    ("subscription_query", subscription_query),
    ("partner_answer", partner_answer),
    ("service_order", service_order),
    ("configuration", configuration),
    ("accept", accept),
    ("authorization", authorization),
];

/// Below this many nanoseconds and bits per second the wire forms are exact.
const EXACT: u64 = 1 << 50;

fn exact<'a>(bounds: impl IntoIterator<Item = (&'a Option<Delay>, &'a Option<Bandwidth>)>) -> bool {
    bounds.into_iter().all(|(delay, bandwidth)| {
        delay.is_none_or(|delay| delay.as_nanos() < EXACT)
            && bandwidth.is_none_or(|bandwidth| bandwidth.bits_per_second() < EXACT)
    })
}

/// Service graphs in either form.
pub fn service_graph(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let graph = match decode_service_graph(&Cursor::at("sg", &value)) {
        Ok(graph) => graph,
        Err(error) => return told(&error),
    };
    for requirement in graph.requirements() {
        let mut at = requirement.src;
        for link in &requirement.path {
            assert_eq!(graph.links()[*link].src, at, "the path joins up");
            at = graph.links()[*link].dst;
        }
        assert_eq!(
            at, requirement.dst,
            "the path ends where the requirement does"
        );
    }
    let mut order = graph.traversal_order();
    order.sort_unstable();
    assert!(
        order.iter().copied().eq(0..graph.nodes().len()),
        "each node is passed once"
    );

    let links = graph
        .links()
        .iter()
        .map(|link| (&link.delay, &link.bandwidth));
    let requirements = graph
        .requirements()
        .iter()
        .map(|of| (&of.delay, &of.bandwidth));
    if !exact(links.chain(requirements)) {
        return;
    }
    let document = escape::encode(&graph);
    assert_eq!(
        decode_service_graph(&Cursor::root(&document)).as_ref(),
        Ok(&graph)
    );

    // The draft's form has less room; what went through it once stays as it is.
    let through = |graph: &ServiceGraph| draft::decode(&Cursor::root(&draft::encode(graph)));
    if let Ok(poorer) = through(&graph) {
        assert_eq!(poorer.links(), graph.links());
        assert_eq!(through(&poorer), Ok(poorer));
    }
}

fn told(error: &FieldError) {
    assert!(error.field.starts_with("sg"), "{error}");
    if let Problem::Invalid { rule, .. } = &error.problem {
        assert!(!rule.is_empty(), "{error}");
    }
}

fn all_told(faults: &[Fault], total: usize) {
    assert!(!faults.is_empty() && faults.len() <= 100 && faults.len() <= total);
    assert!(
        faults.iter().all(|fault| !fault.rule.is_empty()),
        "{faults:?}"
    );
}

/// Virtualizer XML.
pub fn virtualizer(data: &[u8]) {
    let view = match virtualizer::decode(data) {
        Ok(view) => ResourceView {
            warnings: Vec::new(),
            ..view
        },
        Err(error) => return all_told(error.faults(), error.total()),
    };
    let links = view
        .links
        .iter()
        .chain(view.nodes.iter().flat_map(|node| &node.links));
    let ports = view.nodes.iter().flat_map(|node| &node.ports);
    let links = links.map(|link| (&link.delay, &link.bandwidth));
    if exact(links.chain(ports.map(|port| (&port.delay, &port.bandwidth)))) {
        let text = virtualizer::encode(&view);
        assert_eq!(virtualizer::decode(text.as_bytes()), Ok(view), "{text}");
    }
    deployed(data);
}

/// What is deployed in a document can be read, and taken out by an edit.
fn deployed(data: &[u8]) {
    use virtualizer::deploy::{Edit, EntryEdit, NodeEdit, encode_edit, flow_entries};

    let found = flow_entries(data).expect("it is a document");
    let mut nodes = std::collections::BTreeMap::new();
    for (node, flows) in &found {
        let ids: std::collections::BTreeSet<_> = flows.iter().map(|flow| &flow.id).collect();
        let flows = ids.into_iter().cloned().map(EntryEdit::Delete).collect();
        let nfs = Vec::new();
        nodes.insert(node.clone(), NodeEdit { nfs, flows });
    }
    let diff = encode_edit(&Edit { nodes });
    // A document with doubled entries or the like is refused by the edit, and stays.
    if let Ok(text) = virtualizer::edit::apply(data, diff.as_bytes()) {
        let left = flow_entries(text.as_bytes()).expect("an edit leaves a document");
        assert!(left.values().all(Vec::is_empty), "{text}");
    }
}

/// netphony's UNIFY JSON.
pub fn unify(data: &[u8]) {
    let view = match unify::decode(data) {
        Ok(view) => TopologyView {
            warnings: Vec::new(),
            ..view
        },
        Err(error) => return all_told(error.faults(), error.total()),
    };
    let links = view
        .links
        .iter()
        .chain(view.nodes.iter().flat_map(|node| &node.links));
    let measures = links.flat_map(|link| {
        let told = &*link.performance;
        [
            (&link.delay, &link.bandwidth),
            (&told.delay_min, &told.residual_bandwidth),
            (&told.delay_max, &told.available_bandwidth),
            (&told.delay_variation, &None),
        ]
    });
    if exact(measures) {
        let text = unify::encode(&view).to_string();
        assert_eq!(unify::decode(text.as_bytes()), Ok(view), "{text}");
    }
}

/// Identifiers and units, one text a line.
pub fn identifiers(data: &[u8]) {
    String::from_utf8_lossy(data).lines().for_each(identifier);
}

fn identifier(text: &str) {
    if let Ok(domain) = text.parse::<DomainId>() {
        let pid = domain.as_str();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!(
            !pid.is_empty() && pid.len() <= 64 && pid.bytes().all(legal),
            "{text} is {pid}"
        );
        assert_eq!(pid.parse().as_ref(), Ok(&domain), "{text}");
        if let Some(asn) = domain.asn() {
            assert_eq!(DomainId::from_asn(asn), Ok(domain), "{text}");
        }
    }
    if let Ok(sap) = text.parse::<SapId>() {
        assert_eq!(sap.as_str().parse(), Ok(sap), "{text}");
    }
    if let Ok(nf_type) = text.parse::<NfType>() {
        assert_eq!(nf_type.as_str().parse(), Ok(nf_type), "{text}");
    }
    if let Ok(quantity) = text.parse::<Quantity>() {
        assert!(
            quantity.value().is_finite() && quantity.value() >= 0.0,
            "{text}"
        );
        let again: Quantity = quantity
            .to_string()
            .parse()
            .expect("what is shown can be read");
        assert_eq!(again.unit(), quantity.unit(), "{text}");
        let error = (again.value() - quantity.value()).abs();
        // Twelve significant digits are shown.
        assert!(error <= quantity.value() * 1e-11, "{text} is {quantity}");
    }
    if let Ok(loss) = Loss::parse(text) {
        assert_eq!(Loss::parse(&loss.to_string()), Ok(loss), "{text}");
    }
    if let Ok(delay) = Delay::parse(text, Duration::from_millis(1))
        && delay.as_nanos() < EXACT
    {
        assert_eq!(
            Delay::parse(&delay.to_string(), Duration::ZERO),
            Ok(delay),
            "{text}"
        );
    }
    if let Ok(bandwidth) = Bandwidth::parse(text, 1e6)
        && bandwidth.bits_per_second() < EXACT
    {
        assert_eq!(
            Bandwidth::parse(&bandwidth.to_string(), 0.0),
            Ok(bandwidth),
            "{text}"
        );
    }
}

/// The draft's three domains.
fn maps() -> Maps {
    let exports: [(&str, &[u8], &[u8]); 3] = [
        (
            "AS1",
            include_bytes!("../../testbeds/3as/AS1.get-config.xml"),
            include_bytes!("../../testbeds/3as/AS1.topology.json"),
        ),
        (
            "AS2",
            include_bytes!("../../testbeds/3as/AS2.get-config.xml"),
            include_bytes!("../../testbeds/3as/AS2.topology.json"),
        ),
        (
            "AS3",
            include_bytes!("../../testbeds/3as/AS3.get-config.xml"),
            include_bytes!("../../testbeds/3as/AS3.topology.json"),
        ),
    ];
    let (mut idr, mut ted) = (idr::Idr::new(), idt::Ted::new());
    for (name, resources, topology) in exports {
        let id: DomainId = name.parse().expect("a domain");
        let view = virtualizer::decode(resources).expect("Virtualizer XML");
        let domain = idr::Domain::from_view(id.clone(), None, view).expect("resources");
        let view = unify::decode(topology).expect("UNIFY JSON");
        let topology = idt::DomainTopology::from_view(&id, &view).expect("a topology");
        idr.apply([idr::Update::Put(domain)]);
        ted.apply([idt::Update::Topology(topology)]);
    }
    let caps = idt::search::PathCaps {
        per_pair: 100,
        max_domains: 16,
        work: 1000,
    };
    let config = alto::Config {
        server_name: alto::ServerName::default(),
        caps,
        limits: alto::Limits::default(),
    };
    Maps::build(Arc::new(config), idr.snapshot(), ted.snapshot(), None)
}

/// The service over these domains.
static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let maps = Arc::new(maps());
    let distances = idt::search::Distances::new(Arc::clone(maps.idt().graph().net()));
    Service::new(maps, distances, None)
});

/// What holds of every answer to a request for properties: no property that was not asked for, and no more
/// values than arrays, strings, numbers and `null`.
fn property_map(request: &[u8], answer: &[u8]) {
    let [request, answer] = [request, answer]
        .map(|text| -> Value { serde_json::from_slice(text).expect("both are JSON") });
    let asked = request
        .get("properties")
        .map(|asked| asked.as_array().expect("a list"));
    let map = answer["property-map"].as_object().expect("a property map");
    for (entity, values) in map {
        assert!(entity.contains(':'), "{entity}");
        for (name, value) in values.as_object().expect("properties") {
            let asked = asked.expect("no values if none are asked for");
            let is_asked = asked.is_empty() || asked.iter().any(|asked| asked == name);
            assert!(
                is_asked && !value.is_object() && !value.is_boolean(),
                "{name}: {value}"
            );
        }
    }
}

/// What an ALTO client sends: every POST resource, and the `Accept` and `Content-Type` headers.
pub fn alto_requests(data: &[u8]) {
    let is_json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).is_ok();
    let ask = Ask {
        client: Some([172, 16, 101, 7].into()),
        now: Default::default(),
        path_work: 1000,
        cost_work: 10_000,
        light: false,
    };
    for resource in alto::resources() {
        let is_apart = resource.is_of_updates() || resource.id == alto::uri::id::PATH_VECTORS;
        if resource.accepts.is_none() || is_apart {
            continue;
        }
        match SERVICE.content(resource, data, &ask) {
            Ok(answer) if answer.media_type.starts_with("multipart/") => {
                let boundary = MediaType::parse(&answer.media_type);
                let boundary = boundary
                    .parameter("boundary")
                    .expect("multipart has a boundary");
                let bytes = answer.to_bytes();
                let parts = multipart::parse(&bytes, boundary).expect("it can be read");
                assert!(parts.len() == 2 && parts.iter().all(|part| is_json(part.body)));
            }
            Ok(answer) => {
                let bytes = answer.to_bytes();
                assert!(is_json(&bytes), "{}", resource.id);
                if resource.accepts == Some(media::PROPERTY_MAP_PARAMS) {
                    property_map(data, &bytes);
                }
            }
            Err(Refused::Alto(error) | Refused::MoreWork(Some(error))) => alto_error(&error),
            Err(other) => panic!("{}: {other}", resource.id),
        }
    }
    match SERVICE.maps().path_vectors(data, 1000) {
        Ok(answer) => {
            assert!(is_json(&answer.cost_map) && is_json(&answer.property_map));
            let (content_type, body) = answer.multipart();
            let boundary = MediaType::parse(&content_type);
            let boundary = boundary
                .parameter("boundary")
                .expect("multipart has a boundary");
            let parts = multipart::parse(&body, boundary).expect("our own multipart can be read");
            assert_eq!(parts.len(), 2);
            assert!(parts[0].body == answer.cost_map && parts[1].body == answer.property_map);
        }
        Err(error) => alto_error(&error),
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let offered = [media::PATH_VECTORS, media::COST_MAP];
        assert!(media::negotiate(Some(text), &offered).is_none_or(|index| index < 2));
        let _ = media::is_content_type(Some(text), media::COST_MAP_FILTER);
    }
}

fn alto_error(error: &AltoError) {
    let body: Value = serde_json::from_slice(&error.to_json()).expect("an error is JSON");
    let meta = &body["meta"];
    assert_eq!(meta["code"], error.code());
    // RFC 7285 §8.5.2: a value comes with its field, and is a string.
    if let Some(value) = meta.get("value") {
        assert!(value.is_string() && meta["field"].is_string(), "{body}");
    }
}

/// What a server sends to `brokerctl`: a `Content-Type` in the first line, then a body.
pub fn client_answers(data: &[u8]) {
    let (head, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &data[data.len()..]),
    };
    let media_type = MediaType::parse(&String::from_utf8_lossy(head));
    if let Some(boundary) = media_type.parameter("boundary")
        && let Ok(parts) = multipart::parse(body, boundary)
    {
        assert!(!parts.is_empty());
        let size: usize = parts.iter().map(|part| part.body.len()).sum();
        assert!(size <= body.len());
        for part in &parts {
            let _ = part.media_type();
        }
    }
}

/// BGP-LS: two octets that say how long the field of NLRI is, the field, and the value of attribute 29.
pub fn bgpls(data: &[u8]) {
    let [high, low, rest @ ..] = data else { return };
    let (field, value) = rest.split_at(
        rest.len()
            .min(usize::from(u16::from_be_bytes([*high, *low]))),
    );
    let nlris: Vec<&[u8]> = split_nlris(field).filter_map(Result::ok).collect();
    for octets in &nlris {
        if let Ok(nlri) = Nlri::decode(octets)
            && let Ok(written) = nlri.encode()
        {
            assert_eq!(
                Nlri::decode(&written),
                Ok(nlri),
                "what is written reads the same"
            );
        }
    }
    let _ = Attribute::decode(value, 1000);
    let domain: DomainId = "AS1".parse().expect("a domain");
    let whose = |asn: u32| (asn < 8).then(|| DomainId::from_asn(asn).ok()).flatten();
    for dialect in [Dialect::Standard, Dialect::Netphony] {
        let mut rib = AdjRib::new(Limits::default(), dialect);
        rib.apply(&nlris, &[], Some(value));
        let _ = rib.node_information();
        let topology = convert(&[&rib], &domain, &whose).topology;
        assert!(topology.routers().len() <= 2 * nlris.len());
        // The same again ends the same. (On the way there may be changes: one UPDATE of netphony can tell
        // one link twice, with other metrics.)
        rib.apply(&nlris, &[], Some(value));
        let again = convert(&[&rib], &domain, &whose).topology;
        assert_eq!(again, topology);
        rib.apply(&[], &nlris, None);
        assert!(rib.is_empty() && rib.octets() == 0);
    }
}
