//! Service graphs as NFFG JSON, the request format of ESCAPE (`POST /escape/sg`).
//!
//! ```json
//! {
//!   "parameters": {"id": "web"},
//!   "node_nfs": [{"id": "fw1", "functional_type": "firewall",
//!                 "specification": {"resources": {"cpu": 1, "mem": 1, "storage": 0}}}],
//!   "node_saps": [{"id": "SAP1"}, {"id": "SAP2"}],
//!   "edge_sg_nexthops": [{"id": 1, "src_node": "SAP1", "dst_node": "fw1"},
//!                        {"id": 2, "src_node": "fw1", "dst_node": "SAP2"}],
//!   "edge_reqs": [{"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2],
//!                  "delay": 30, "bandwidth": 4}]
//! }
//! ```
//!
//! * An NF's type is its `functional_type`, or its id where that is absent.
//! * A SAP's `id` is its id in the federation. Its `name` is for people, and a `sap` on its port is
//!   for resource topologies.
//! * A bare `delay` is in milliseconds, a bare `bandwidth` in Mbit/s (ESCAPE hands both to Mininet as
//!   they are); a string may name another unit. `null` is absent.
//! * Without `edge_reqs` the requirements are implied by the links (see [`ServiceGraph`]). A
//!   requirement without `sg_path` is refused: which links it means is not ours to guess.
//! * Ports, flow classes, constraints and all else are ignored.

use serde_json::{Map, Value, json};

use crate::json::{Cursor, FieldError};
use crate::number;
use crate::service_graph::form::Form;
use crate::{GraphPart, Limits, Node, NodeKind, Resources, ServiceGraph, ServiceGraphParts};

/// The members by which the form is known.
pub const MEMBERS: [&str; 4] = ["node_nfs", "node_saps", "edge_sg_nexthops", "edge_reqs"];

/// The member by which a resource topology is known.
pub(crate) const INFRAS: &str = "node_infras";

const FORM: Form = Form {
    nfs: "node_nfs",
    saps: "node_saps",
    links: "edge_sg_nexthops",
    requirements: "edge_reqs",
    src: "src_node",
    dst: "dst_node",
    path: "sg_path",
};

/// Reads a service graph from NFFG JSON. Resources told besides (a mapped NFFG) are ignored.
///
/// # Errors
/// The first fault found: a member of the wrong type, a graph that does not hold together (see
/// [`GraphError`](crate::GraphError)), a resource topology in place of a service graph.
pub fn decode(sg: &Cursor<'_>) -> Result<ServiceGraph, FieldError> {
    let Some(links) = sg.present(FORM.links)? else {
        return Err(match sg.present(INFRAS)? {
            Some(infras) => infras.invalid(
                "this is a resource topology, not a service graph: it has no edge_sg_nexthops",
            ),
            None => FieldError::missing(FORM.links).below(&sg.path()),
        });
    };
    let nfs = list(sg, FORM.nfs)?;
    let saps = list(sg, FORM.saps)?;
    FORM.within_nodes(sg, nfs.len(), saps.len())?;
    let requirements = match sg.present(FORM.requirements)? {
        Some(requirements) => FORM.read_requirements(&requirements)?,
        None => Vec::new(),
    };
    let nodes = nfs.iter().map(read_nf).chain(saps.iter().map(read_sap));
    let parts = ServiceGraphParts {
        id: read_id(sg)?,
        nodes: nodes.collect::<Result<_, _>>()?,
        links: FORM.read_links(&links)?,
        requirements,
    };
    FORM.check(sg, parts, |node| match node.checked_sub(nfs.len()) {
        None => format!("{}[{node}]/id", FORM.nfs),
        Some(sap) => format!("{}[{sap}]/id", FORM.saps),
    })
}

fn list<'a>(sg: &Cursor<'a>, name: &'static str) -> Result<Vec<Cursor<'a>>, FieldError> {
    match sg.present(name)? {
        Some(list) => FORM.objects(&list, GraphPart::Nodes, Limits::NODES),
        None => Ok(Vec::new()),
    }
}

fn read_id(sg: &Cursor<'_>) -> Result<Option<String>, FieldError> {
    let Some(parameters) = sg.present("parameters")? else {
        return Ok(None);
    };
    match parameters.present("id")? {
        Some(id) if id.value().is_number() => Ok(Some(id.value().to_string())),
        Some(id) => id.string().map(|id| Some(id.to_owned())),
        None => Ok(None),
    }
}

fn read_nf(nf: &Cursor<'_>) -> Result<Node, FieldError> {
    let id = nf.required("id")?;
    let nf_type = nf.present("functional_type")?.unwrap_or(id).parse_id()?;
    let resources = match nf.present("specification")? {
        Some(specification) => specification.present("resources")?,
        None => None,
    };
    let demand = match resources {
        Some(resources) => number::resources(&resources)?,
        None => Resources::default(),
    };
    Ok(Node {
        id: id.parse_id()?,
        kind: NodeKind::Nf { nf_type, demand },
    })
}

fn read_sap(sap: &Cursor<'_>) -> Result<Node, FieldError> {
    let id = sap.required("id")?;
    Ok(Node {
        id: id.parse_id()?,
        kind: NodeKind::Sap {
            sap: id.parse_id()?,
        },
    })
}

/// The one port that every node gets on the way out: ESCAPE wants ports, our graphs have none.
const PORT: u64 = 1;

/// Writes a service graph as NFFG JSON that decodes to an equal graph, if its SAPs have their nodes'
/// ids (as those of a decoded graph have) and its NFs precede its SAPs; otherwise the SAPs' own ids are
/// lost and the nodes change their order. Implied requirements are left out, to be implied again.
#[must_use]
pub fn encode(graph: &ServiceGraph) -> Value {
    let ports = || json!([{ "id": PORT }]);
    let mut nfs = Vec::new();
    let mut saps = Vec::new();
    for node in graph.nodes() {
        let id = node.id.as_str();
        match &node.kind {
            NodeKind::Sap { .. } => saps.push(json!({ "id": id, "name": id, "ports": ports() })),
            NodeKind::Nf { nf_type, demand } => nfs.push(json!({
                "id": id,
                "name": id,
                "ports": ports(),
                "functional_type": nf_type.as_str(),
                "specification": { "resources": number::resources_json(demand) },
            })),
        }
    }
    let edge = |mut members: Map<String, Value>| {
        members.insert("src_port".to_owned(), PORT.into());
        members.insert("dst_port".to_owned(), PORT.into());
        Value::Object(members)
    };
    let links = graph
        .links()
        .iter()
        .map(|link| edge(FORM.write_link(graph, link)));
    let stated = graph.requirements().iter().filter_map(|requirement| {
        let id = requirement.id.as_ref()?;
        Some(edge(FORM.write_requirement(
            graph,
            requirement,
            id.as_str(),
        )))
    });
    let mut parameters = Map::from_iter([("version".to_owned(), "1.0".into())]);
    if let Some(id) = graph.id() {
        parameters.insert("id".to_owned(), id.into());
        parameters.insert("name".to_owned(), id.into());
    }
    let mut nffg = json!({
        "parameters": parameters,
        FORM.nfs: nfs,
        FORM.saps: saps,
        FORM.links: links.collect::<Value>(),
    });
    let stated: Vec<Value> = stated.collect();
    if let (false, Some(members)) = (stated.is_empty(), nffg.as_object_mut()) {
        members.insert(FORM.requirements.to_owned(), stated.into());
    }
    nffg
}
