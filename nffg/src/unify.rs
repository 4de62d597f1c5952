//! Topology views as netphony's UNIFY JSON: what its `GET /restconf/data/topologyFromTADS/` and
//! `GET /restconf/data/virtualizer/` return. It is the Virtualizer's model with other meanings: a node is
//! a domain, a port is a router.
//!
//! | member | becomes |
//! |---|---|
//! | `name` | [`TopologyView::name`] |
//! | `nodes/node` | [`TopologyNode`]; `id` is a domain in any spelling |
//! | `.../ports/port/id` | a router |
//! | `.../metadata` with key `unify-slor` | the entry point |
//! | `.../metadata` with keys `reachability_ipv4_address` (or `..._ipv6_...`) and `reachability_prefix` | a prefix, for each such pair |
//! | `.../resources/{cpu,mem,storage}` | numbers or texts, with or without unit |
//! | `.../links/link`, `links/link` | links between routers, sorted by whether their ends share a domain |
//! | `.../resources/{delay,bandwidth}` of a link | its delay and bandwidth |
//! | `delay-min`, `delay-max`, `delay-variation`, `loss` (in percent), `residual-bandwidth`, `available-bandwidth` beside them | what else is measured of it; netphony writes none of these |
//!
//! Everything but `nodes` may be absent or `null`, everything else is ignored. Links name routers as
//! `/nodes/node[id=D]/ports/port[id=R]`.
//!
//! **Numbers.** The exporter copies its traffic engineering database out as it is, so a bare `delay` is
//! in microseconds (RFC 7471 §4.1) and a bare `bandwidth` in bytes per second (RFC 3630 §2.5.6). Not so in
//! [`crate::virtualizer`].
//!
//! **What is tolerated,** each with a [`Warning`](crate::Warning): prefixes with host bits (masked off);
//! addresses without a prefix length and the reverse; links that name a domain that is no node, no router
//! at all, or one router twice (left out); delays and bandwidths that are no numbers (left out); routers
//! listed twice. A link may name a router that its domain does not list: it has it then. Addresses
//! may be printed by Java, as `/172.16.101.101` or `host/172.16.101.101`.
//!
//! **What is refused** is told whole (see [`DocumentError`]): what is no JSON or of other types, nodes
//! without a domain, two nodes of one domain, cpu, memory and storage that are no numbers.

mod reader;

use serde_json::{Map, Value, json};

use crate::fault::Report;
use crate::json::Cursor;
use crate::performance::members;
use crate::reference::id_text;
use crate::{DocumentError, RouterLink, RouterRef, TopologyNode, TopologyView};
use crate::{number, syntax};

/// The most domains of a view.
pub const MAX_NODES: usize = 10_000;

/// The most routers of a view, as its nodes list them.
pub const MAX_ROUTERS: usize = 100_000;

/// The most links of a view, within domains and between them.
pub const MAX_LINKS: usize = 200_000;

/// The most entries of one `metadata`.
pub const MAX_METADATA: usize = 200_000;

const SLOR: &str = "unify-slor";
const IPV4_ADDRESS: &str = "reachability_ipv4_address";
const IPV6_ADDRESS: &str = "reachability_ipv6_address";
const PREFIX_LENGTH: &str = "reachability_prefix";

/// Reads a topology document.
///
/// # Errors
/// The document cannot be taken; the error tells all its faults.
pub fn decode(bytes: &[u8]) -> Result<TopologyView, DocumentError> {
    let text = syntax::text(bytes).map_err(DocumentError::one)?;
    let value = syntax::json(text)?;
    let mut report = Report::default();
    let mut view = read(&Cursor::root(&value), &mut report);
    view.warnings = report.finish_members(text)?;
    Ok(view)
}

/// Reads the view of a document.
pub(crate) fn read(root: &Cursor<'_>, report: &mut Report) -> TopologyView {
    reader::read(root, report)
}

/// Writes a view as netphony does. [`decode`] gives the same view back if the view is one that could have been
/// decoded: texts without blanks around them, prefixes without host bits and each once, each link
/// where it belongs, with its routers listed; delays below 2^50 ns and bandwidths below 2^53 bit/s.
#[must_use]
pub fn encode(view: &TopologyView) -> Value {
    let nodes: Vec<Value> = view.nodes.iter().map(node_json).collect();
    let mut document = Map::new();
    if let Some(name) = &view.name {
        document.insert("name".to_owned(), name.as_str().into());
    }
    document.insert("metadata".to_owned(), json!([]));
    document.insert("nodes".to_owned(), json!({ "node": nodes }));
    document.insert("links".to_owned(), links_json(&view.links));
    Value::Object(document)
}

fn node_json(node: &TopologyNode) -> Value {
    let entry = |key: &str, value: &str| json!({ "key": key, "value": value });
    let mut metadata = Vec::new();
    metadata.extend(node.entry_point.as_deref().map(|url| entry(SLOR, url)));
    for prefix in &node.prefixes {
        let key = if prefix.addr().is_ipv4() {
            IPV4_ADDRESS
        } else {
            IPV6_ADDRESS
        };
        metadata.push(entry(key, &prefix.addr().to_string()));
        metadata.push(entry(PREFIX_LENGTH, &prefix.prefix_len().to_string()));
    }
    let port = |router: &crate::RouterId| json!({ "id": router.as_str(), "metadata": [] });
    let ports: Vec<Value> = node.routers.iter().map(port).collect();
    let mut members = json!({
        "id": node.domain.as_str(),
        "metadata": metadata,
        "ports": { "port": ports },
        "links": links_json(&node.links),
    });
    if let (false, Some(members)) = (node.resources.is_empty(), members.as_object_mut()) {
        let quantities = number::Kind::ALL.iter().filter_map(|kind| {
            let quantity = kind.get(&node.resources)?;
            Some((
                kind.name().to_owned(),
                Value::from(number::quantity_text(quantity)),
            ))
        });
        members.insert("resources".to_owned(), Value::Object(quantities.collect()));
    }
    members
}

fn links_json(links: &[RouterLink]) -> Value {
    let reference = |end: &RouterRef| {
        let router = id_text(end.router.as_str());
        format!("/nodes/node[id={}]/ports/port[id={router}]", end.domain)
    };
    let links = links.iter().map(|link| {
        let mut members = Map::from_iter([("src".to_owned(), reference(&link.src).into())]);
        members.insert("dst".to_owned(), reference(&link.dst).into());
        let mut resources = Map::new();
        if let Some(delay) = link.delay {
            resources.insert(
                "delay".to_owned(),
                format!("{:?}", delay.as_micros()).into(),
            );
        }
        if let Some(bandwidth) = link.bandwidth {
            let bytes = number::to_f64(bandwidth.bits_per_second()) / 8.0;
            resources.insert("bandwidth".to_owned(), format!("{bytes:?}").into());
        }
        resources.extend(
            members::numbers(&link.performance)
                .map(|(name, number)| (name.to_owned(), format!("{number:?}").into())),
        );
        if !resources.is_empty() {
            members.insert("resources".to_owned(), Value::Object(resources));
        }
        Value::Object(members)
    });
    json!({ "link": links.collect::<Value>() })
}
