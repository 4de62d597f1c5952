//! Service graphs in the draft's form (draft-lachosrothenberg-alto-brokermdo-00 §5.4.2.1, §5.5.2).
//!
//! ```json
//! {
//!   "nfs": ["NF1"],
//!   "saps": ["SAP1", "SAP2"],
//!   "sg_links": [
//!     {"id": 1, "src-node": "SAP1", "dst-node": "NF1"},
//!     {"id": 2, "src-node": "NF1", "dst-node": "SAP2"}
//!   ],
//!   "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2]}]
//! }
//! ```
//!
//! Each of the four lists is required and has at least one element. An NF is named by its type, so a
//! graph has one NF of a type at most. Where the draft contradicts itself both readings are taken:
//! ids are numbers or strings. Two optional members are ours, on links and requirements:
//! `bandwidth` in Mbit/s and `delay` in ms, as in ESCAPE's NFFG. Other members are ignored
//! (RFC 7285 §8.3.7).

use serde_json::{Map, Value};

use crate::json::{Cursor, FieldError};
use crate::service_graph::form::Form;
use crate::{Node, NodeKind, Resources, ServiceGraph, ServiceGraphParts};

/// The members by which the form is known.
pub const MEMBERS: [&str; 4] = ["nfs", "saps", "sg_links", "reqs"];

const FORM: Form = Form {
    nfs: "nfs",
    saps: "saps",
    links: "sg_links",
    requirements: "reqs",
    src: "src-node",
    dst: "dst-node",
    path: "sg-path",
};

/// Reads a service graph in the draft's form.
///
/// # Errors
/// The first fault found: a missing or empty list, a member of the wrong type, a graph that does not
/// hold together (see [`GraphError`](crate::GraphError)).
pub fn decode(sg: &Cursor<'_>) -> Result<ServiceGraph, FieldError> {
    let nfs = required_list(sg, FORM.nfs)?;
    let saps = required_list(sg, FORM.saps)?;
    let links = required_list(sg, FORM.links)?;
    let requirements = required_list(sg, FORM.requirements)?;
    let (nf_names, sap_names) = (nfs.array()?, saps.array()?);
    let nf_count = nf_names.len();
    FORM.within_nodes(sg, nf_count, sap_names.len())?;

    let mut nodes = Vec::with_capacity(nf_count + sap_names.len());
    for name in nf_names {
        let nf_type = element_id(&nfs, &name)?;
        let kind = NodeKind::Nf {
            nf_type,
            demand: Resources::default(),
        };
        nodes.push(Node {
            id: element_id(&nfs, &name)?,
            kind,
        });
    }
    for name in sap_names {
        let kind = NodeKind::Sap {
            sap: element_id(&saps, &name)?,
        };
        nodes.push(Node {
            id: element_id(&saps, &name)?,
            kind,
        });
    }
    let parts = ServiceGraphParts {
        id: None,
        nodes,
        links: FORM.read_links(&links)?,
        requirements: FORM.read_requirements(&requirements)?,
    };
    FORM.check(sg, parts, |node| {
        if node < nf_count { FORM.nfs } else { FORM.saps }.to_owned()
    })
}

/// `<1..*>` in the draft's notation (RFC 7285 §8.2).
fn required_list<'a>(sg: &Cursor<'a>, name: &'static str) -> Result<Cursor<'a>, FieldError> {
    let list = sg.required(name)?;
    if list.array()?.len() == 0 {
        return Err(list.invalid("at least one element is required (draft-brokermdo 5.4.2.1)"));
    }
    Ok(list)
}

fn element_id<T>(list: &Cursor<'_>, element: &Cursor<'_>) -> Result<T, FieldError>
where
    T: std::str::FromStr<Err = crate::IdError>,
{
    let Some(text) = element.value().as_str() else {
        return Err(list.invalid_element(element, "each element is a string"));
    };
    text.parse()
        .map_err(|error: crate::IdError| list.invalid_element(element, error.rule))
}

/// Writes a service graph in the draft's form.
///
/// The form has no room for a graph's id, for an NF type that differs from the NF's id, for what an
/// NF asks for, or for a SAP that differs from its node's id: these are left out. It knows no implied
/// requirements: they are written out, numbered from 1.
#[must_use]
pub fn encode(graph: &ServiceGraph) -> Value {
    let names = |nfs: bool| -> Value {
        let wanted = |node: &&Node| matches!(node.kind, NodeKind::Nf { .. }) == nfs;
        graph
            .nodes()
            .iter()
            .filter(wanted)
            .map(|node| Value::from(node.id.as_str()))
            .collect()
    };
    let links = graph
        .links()
        .iter()
        .map(|link| FORM.write_link(graph, link));
    let requirements =
        graph
            .requirements()
            .iter()
            .zip(1..)
            .map(|(requirement, number): (_, u64)| {
                let implied = number.to_string();
                let id = requirement
                    .id
                    .as_ref()
                    .map_or(implied.as_str(), |id| id.as_str());
                FORM.write_requirement(graph, requirement, id)
            });
    let lists = [
        names(true),
        names(false),
        links.collect(),
        requirements.collect(),
    ];
    Value::Object(
        MEMBERS
            .iter()
            .map(|name| (*name).to_owned())
            .zip(lists)
            .collect::<Map<_, _>>(),
    )
}
