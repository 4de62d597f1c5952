//! What the two forms of a service graph share: lists of links and requirements that differ in the
//! names of their members only, and the way from a [`GraphError`] back to the field that caused it.

use serde_json::{Map, Value};

use crate::json::{Cursor, FieldError};
use crate::number::{self, BARE_BANDWIDTH, BARE_DELAY};
use crate::{
    Bandwidth, Delay, GraphError, GraphPart, Limits, LinkId, LinkParts, Requirement,
    RequirementParts, ServiceGraph, ServiceGraphParts, SgLink, Side,
};

/// The names of one form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// NFs.
    pub(crate) nfs: &'static str,
    /// SAPs.
    pub(crate) saps: &'static str,
    /// SG links.
    pub(crate) links: &'static str,
    /// Requirements.
    pub(crate) requirements: &'static str,
    /// Where a link or requirement starts.
    pub(crate) src: &'static str,
    /// Where it ends.
    pub(crate) dst: &'static str,
    /// A requirement's path.
    pub(crate) path: &'static str,
}

const ID: &str = "id";
const DELAY: &str = "delay";
const BANDWIDTH: &str = "bandwidth";

impl Form {
    /// The elements of a list, of which at most as many are taken as a graph may have.
    pub(crate) fn elements<'a>(
        &self,
        list: &Cursor<'a>,
        part: GraphPart,
        limit: usize,
    ) -> Result<Vec<Cursor<'a>>, FieldError> {
        let elements = list.array()?;
        let found = elements.len();
        if found > limit {
            let error = GraphError::TooMany { part, found, limit };
            return Err(FieldError::invalid(list.path(), found, error));
        }
        Ok(elements.collect())
    }

    /// The same, where each element has to be an object (RFC 7285 §8.5.2: another one is a wrong value
    /// of the list, not a wrong type).
    pub(crate) fn objects<'a>(
        &self,
        list: &Cursor<'a>,
        part: GraphPart,
        limit: usize,
    ) -> Result<Vec<Cursor<'a>>, FieldError> {
        let elements = self.elements(list, part, limit)?;
        match elements.iter().find(|element| !element.value().is_object()) {
            Some(other) => Err(list.invalid_element(other, "each element is an object")),
            None => Ok(elements),
        }
    }

    /// NFs and SAPs are two lists with one limit; the longer one is the one to shorten.
    pub(crate) fn within_nodes(
        &self,
        sg: &Cursor<'_>,
        nfs: usize,
        saps: usize,
    ) -> Result<(), FieldError> {
        let found = nfs + saps;
        if found <= Limits::NODES {
            return Ok(());
        }
        let error = GraphError::TooMany {
            part: GraphPart::Nodes,
            found,
            limit: Limits::NODES,
        };
        let field = if saps > nfs { self.saps } else { self.nfs };
        Err(FieldError::invalid(field, found, error).below(&sg.path()))
    }

    pub(crate) fn read_links(&self, list: &Cursor<'_>) -> Result<Vec<LinkParts>, FieldError> {
        let links = self.objects(list, GraphPart::Links, Limits::LINKS)?;
        links
            .iter()
            .map(|link| {
                Ok(LinkParts {
                    id: link.required(ID)?.parse_id()?,
                    src: link.required(self.src)?.parse_id()?,
                    dst: link.required(self.dst)?.parse_id()?,
                    bandwidth: number::bandwidth(link, BANDWIDTH, BARE_BANDWIDTH)?,
                    delay: number::delay(link, DELAY, BARE_DELAY)?,
                })
            })
            .collect()
    }

    pub(crate) fn read_requirements(
        &self,
        list: &Cursor<'_>,
    ) -> Result<Vec<RequirementParts>, FieldError> {
        let requirements = self.objects(list, GraphPart::Requirements, Limits::REQUIREMENTS)?;
        requirements
            .iter()
            .enumerate()
            .map(|(index, requirement)| {
                Ok(RequirementParts {
                    id: requirement.required(ID)?.parse_id()?,
                    src: requirement.required(self.src)?.parse_id()?,
                    dst: requirement.required(self.dst)?.parse_id()?,
                    path: self.read_path(index, &requirement.required(self.path)?)?,
                    bandwidth: number::bandwidth(requirement, BANDWIDTH, BARE_BANDWIDTH)?,
                    delay: number::delay(requirement, DELAY, BARE_DELAY)?,
                })
            })
            .collect()
    }

    fn read_path(&self, index: usize, path: &Cursor<'_>) -> Result<Vec<LinkId>, FieldError> {
        let hops = self.elements(path, GraphPart::Path(index), Limits::PATH)?;
        hops.iter()
            .map(|hop| {
                let id = hop.parse_id();
                id.map_err(|_| path.invalid_element(hop, "each element is the id of a link"))
            })
            .collect()
    }

    /// Checks the graph. `node_field` names the field of a node's id by the node's index.
    pub(crate) fn check(
        &self,
        sg: &Cursor<'_>,
        parts: ServiceGraphParts,
        node_field: impl Fn(usize) -> String,
    ) -> Result<ServiceGraph, FieldError> {
        ServiceGraph::try_from(parts)
            .map_err(|error| self.field_error(&error, node_field).below(&sg.path()))
    }

    fn field_error(&self, error: &GraphError, node_field: impl Fn(usize) -> String) -> FieldError {
        let of_link = |link: usize, name: &str| format!("{}[{link}]/{name}", self.links);
        let of_requirement =
            |requirement: usize, name: &str| format!("{}[{requirement}]/{name}", self.requirements);
        let end = |side: Side| match side {
            Side::Src => self.src,
            Side::Dst => self.dst,
        };
        let (field, value) = match error {
            GraphError::DuplicateNode { node, id } => (node_field(*node), id.to_string()),
            GraphError::DuplicateLink { link, id, .. } => (of_link(*link, ID), id.to_string()),
            GraphError::DuplicateRequirement {
                requirement, id, ..
            } => (of_requirement(*requirement, ID), id.to_string()),
            GraphError::DanglingLink { link, side, node } => {
                (of_link(*link, end(*side)), node.to_string())
            }
            GraphError::UnknownNode {
                requirement,
                side,
                node,
            } => (of_requirement(*requirement, end(*side)), node.to_string()),
            GraphError::PathEnd {
                requirement,
                side,
                stated,
                ..
            } => (of_requirement(*requirement, end(*side)), stated.to_string()),
            GraphError::UnknownLink {
                requirement, link, ..
            }
            | GraphError::CyclicPath {
                requirement, link, ..
            }
            | GraphError::BrokenPath {
                requirement, link, ..
            } => (of_requirement(*requirement, self.path), link.to_string()),
            GraphError::EmptyPath { requirement } => {
                (of_requirement(*requirement, self.path), "[]".to_owned())
            }
            GraphError::NoLink => (self.links.to_owned(), "[]".to_owned()),
            GraphError::TooMany { part, found, .. } => {
                let field = match part {
                    GraphPart::Nodes => self.nfs.to_owned(),
                    GraphPart::Links => self.links.to_owned(),
                    GraphPart::Requirements => self.requirements.to_owned(),
                    GraphPart::Path(requirement) => of_requirement(*requirement, self.path),
                };
                (field, found.to_string())
            }
        };
        FieldError::invalid(field, value, error)
    }

    /// The members of a link.
    pub(crate) fn write_link(&self, graph: &ServiceGraph, link: &SgLink) -> Map<String, Value> {
        let ends = (node_id(graph, link.src), node_id(graph, link.dst));
        self.write(link.id.as_str(), ends, link.bandwidth, link.delay)
    }

    /// The members of a requirement under `id`.
    pub(crate) fn write_requirement(
        &self,
        graph: &ServiceGraph,
        requirement: &Requirement,
        id: &str,
    ) -> Map<String, Value> {
        let ends = (
            node_id(graph, requirement.src),
            node_id(graph, requirement.dst),
        );
        let mut members = self.write(id, ends, requirement.bandwidth, requirement.delay);
        let hops = requirement
            .path
            .iter()
            .filter_map(|link| graph.links().get(*link));
        let path = hops.map(|link| id_value(link.id.as_str())).collect();
        members.insert(self.path.to_owned(), Value::Array(path));
        members
    }

    fn write(
        &self,
        id: &str,
        (src, dst): (&str, &str),
        bandwidth: Option<Bandwidth>,
        delay: Option<Delay>,
    ) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert(ID.to_owned(), id_value(id));
        members.insert(self.src.to_owned(), src.into());
        members.insert(self.dst.to_owned(), dst.into());
        if let Some(bandwidth) = bandwidth {
            let bandwidth = number::json_number(number::bare_bandwidth(bandwidth));
            members.insert(BANDWIDTH.to_owned(), bandwidth);
        }
        if let Some(delay) = delay {
            members.insert(
                DELAY.to_owned(),
                number::json_number(number::bare_delay(delay)),
            );
        }
        members
    }
}

fn node_id(graph: &ServiceGraph, node: usize) -> &str {
    graph.nodes().get(node).map_or("", |node| node.id.as_str())
}

/// An id as a JSON number where it is one, as in the draft's own examples, else as a string.
fn id_value(id: &str) -> Value {
    match id.parse::<u64>() {
        Ok(number) if number.to_string() == id => number.into(),
        _ => id.into(),
    }
}
