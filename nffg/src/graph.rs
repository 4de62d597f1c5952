//! The service graph: NFs and SAPs, the links between them, and end-to-end requirements over them.
//!
//! A [`ServiceGraph`] is checked when it is made, so its links have ends, its ids are unique and its
//! requirements' paths join up. Codecs fill [`ServiceGraphParts`] and translate a [`GraphError`] to
//! the field of their own form.

use std::collections::{HashMap, HashSet};

use crate::{Bandwidth, Delay, LinkId, NfType, NodeId, RequirementId, Resources, SapId};

/// A checked service graph. Nodes, links and requirements keep the order of the request.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceGraph {
    id: Option<String>,
    nodes: Vec<Node>,
    links: Vec<SgLink>,
    requirements: Vec<Requirement>,
}

/// A node of a service graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique in the graph, over NFs and SAPs.
    pub id: NodeId,
    /// NF or SAP.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// A network function, to be placed in a domain that supports its type.
    Nf {
        /// The type that a domain must support.
        nf_type: NfType,
        /// What it asks for.
        demand: Resources,
    },
    /// A service access point, which is where it is.
    Sap {
        /// The SAP's id in the federation.
        sap: SapId,
    },
}

/// A directed link of a service graph, by node index.
#[derive(Clone, Debug, PartialEq)]
pub struct SgLink {
    /// Unique in the graph.
    pub id: LinkId,
    /// Index of the node where it starts.
    pub src: usize,
    /// Index of the node where it ends.
    pub dst: usize,
    /// The bandwidth that it asks for.
    pub bandwidth: Option<Bandwidth>,
    /// The delay that it tolerates.
    pub delay: Option<Delay>,
}

/// An end-to-end requirement: a walk over links, with bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// Its id; `None` when it was implied by a graph that states none.
    pub id: Option<RequirementId>,
    /// Index of the node where it starts.
    pub src: usize,
    /// Index of the node where it ends.
    pub dst: usize,
    /// Indexes of the links, in order, at least one.
    pub path: Vec<usize>,
    /// The bandwidth that it asks for.
    pub bandwidth: Option<Bandwidth>,
    /// The delay that it tolerates end to end.
    pub delay: Option<Delay>,
}

/// An unchecked service graph, as a codec reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceGraphParts {
    /// The graph's own id.
    pub id: Option<String>,
    /// NFs and SAPs.
    pub nodes: Vec<Node>,
    /// Links, by node id.
    pub links: Vec<LinkParts>,
    /// Requirements, by node and link id. None at all: they are implied by the links.
    pub requirements: Vec<RequirementParts>,
}

/// An unchecked link.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkParts {
    /// The link's id.
    pub id: LinkId,
    /// The node where it starts.
    pub src: NodeId,
    /// The node where it ends.
    pub dst: NodeId,
    /// The bandwidth that it asks for.
    pub bandwidth: Option<Bandwidth>,
    /// The delay that it tolerates.
    pub delay: Option<Delay>,
}

/// An unchecked requirement.
#[derive(Clone, Debug, PartialEq)]
pub struct RequirementParts {
    /// The requirement's id.
    pub id: RequirementId,
    /// The node where it starts.
    pub src: NodeId,
    /// The node where it ends.
    pub dst: NodeId,
    /// The links, in order.
    pub path: Vec<LinkId>,
    /// The bandwidth that it asks for.
    pub bandwidth: Option<Bandwidth>,
    /// The delay that it tolerates end to end.
    pub delay: Option<Delay>,
}

/// Which end of a link or requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where it starts.
    Src,
    /// Where it ends.
    Dst,
}

/// A list of a service graph that has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphPart {
    /// NFs and SAPs together.
    Nodes,
    /// Links.
    Links,
    /// Requirements.
    Requirements,
    /// The path of the requirement at this index.
    Path(usize),
}

/// How large a graph may be. A graph is a request from outside: its size bounds our work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits;

impl Limits {
    /// NFs and SAPs together.
    pub const NODES: usize = 256;
    /// Links.
    pub const LINKS: usize = 1024;
    /// Requirements.
    pub const REQUIREMENTS: usize = 256;
    /// Links of one requirement's path.
    pub const PATH: usize = 1024;
}

/// Why parts are no service graph. Indexes count from 0 in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two nodes have one id.
    #[error("node id '{id}' is used twice")]
    DuplicateNode {
        /// The second node's index.
        node: usize,
        /// The id.
        id: NodeId,
    },
    /// Two links have one id.
    #[error("link id '{id}' is used twice, first by link {first} (counted from 0)")]
    DuplicateLink {
        /// The second link's index.
        link: usize,
        /// The first link's index.
        first: usize,
        /// The id.
        id: LinkId,
    },
    /// Two requirements have one id.
    #[error("requirement id '{id}' is used twice, first by requirement {first} (counted from 0)")]
    DuplicateRequirement {
        /// The second requirement's index.
        requirement: usize,
        /// The first requirement's index.
        first: usize,
        /// The id.
        id: RequirementId,
    },
    /// A link ends at a node that the graph does not have: it dangles.
    #[error("the link ends at a node '{node}' that the graph does not have")]
    DanglingLink {
        /// The link's index.
        link: usize,
        /// Which end.
        side: Side,
        /// The unknown node.
        node: NodeId,
    },
    /// A requirement starts or ends at a node that the graph does not have.
    #[error("the graph has no node '{node}'")]
    UnknownNode {
        /// The requirement's index.
        requirement: usize,
        /// Which end.
        side: Side,
        /// The unknown node.
        node: NodeId,
    },
    /// A requirement's path names a link that the graph does not have.
    #[error("the graph has no link '{link}'")]
    UnknownLink {
        /// The requirement's index.
        requirement: usize,
        /// The place in the path.
        hop: usize,
        /// The unknown link.
        link: LinkId,
    },
    /// A requirement's path is empty.
    #[error("the path must have at least one link")]
    EmptyPath {
        /// The requirement's index.
        requirement: usize,
    },
    /// Two neighbours in a requirement's path do not join up.
    #[error(
        "the path does not join up: link '{link}' starts at '{starts}', the link before it ends at '{ended}'"
    )]
    BrokenPath {
        /// The requirement's index.
        requirement: usize,
        /// The place in the path of the link that does not join.
        hop: usize,
        /// That link.
        link: LinkId,
        /// Where it starts.
        starts: NodeId,
        /// Where the link before it ends.
        ended: NodeId,
    },
    /// A requirement's path goes in a circle: it passes a link twice.
    #[error("the path goes in a circle: it passes link '{link}' again")]
    CyclicPath {
        /// The requirement's index.
        requirement: usize,
        /// The place in the path of the link that is passed again.
        hop: usize,
        /// That link.
        link: LinkId,
    },
    /// A requirement's end is not its path's end.
    #[error("the requirement's end is '{stated}', its path's is '{path}'")]
    PathEnd {
        /// The requirement's index.
        requirement: usize,
        /// Which end.
        side: Side,
        /// The end that the requirement states.
        stated: NodeId,
        /// The end that its path has.
        path: NodeId,
    },
    /// A list is longer than its limit.
    #[error("{found} entries; at most {limit} are allowed")]
    TooMany {
        /// Which list.
        part: GraphPart,
        /// How many there are.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// There is no link, so nothing to answer.
    #[error("a service graph has at least one link")]
    NoLink,
}

impl ServiceGraph {
    /// The graph's own id, where it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// NFs and SAPs in the order of the request.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Links in the order of the request.
    #[must_use]
    pub fn links(&self) -> &[SgLink] {
        &self.links
    }

    /// Requirements in the order of the request. A graph that states none has those that its links
    /// imply: one for every walk from a SAP over NFs to a SAP (see [`TryFrom`]).
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The nodes in the order in which the requirements pass them, each once; then those that no
    /// requirement passes, in the order of the request. Placements are ordered by this.
    #[must_use]
    pub fn traversal_order(&self) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut order = Vec::with_capacity(self.nodes.len());
        let on_paths = self.requirements.iter().flat_map(|requirement| {
            let ends = requirement.path.iter().map(|link| self.links[*link].dst);
            std::iter::once(requirement.src).chain(ends)
        });
        for node in on_paths.chain(0..self.nodes.len()) {
            if !std::mem::replace(&mut seen[node], true) {
                order.push(node);
            }
        }
        order
    }
}

fn within(part: GraphPart, found: usize, limit: usize) -> Result<(), GraphError> {
    if found > limit {
        Err(GraphError::TooMany { part, found, limit })
    } else {
        Ok(())
    }
}

/// Checks everything that [`GraphError`] names. Parts without a requirement get implied ones: each
/// walk that starts at a SAP, passes only NFs, uses no link twice and ends at a SAP, found in the
/// order of the links, at most [`Limits::REQUIREMENTS`] of them.
impl TryFrom<ServiceGraphParts> for ServiceGraph {
    type Error = GraphError;

    fn try_from(parts: ServiceGraphParts) -> Result<Self, GraphError> {
        within(GraphPart::Nodes, parts.nodes.len(), Limits::NODES)?;
        within(GraphPart::Links, parts.links.len(), Limits::LINKS)?;
        within(
            GraphPart::Requirements,
            parts.requirements.len(),
            Limits::REQUIREMENTS,
        )?;
        if parts.links.is_empty() {
            return Err(GraphError::NoLink);
        }
        let mut node_index = HashMap::with_capacity(parts.nodes.len());
        for (index, node) in parts.nodes.iter().enumerate() {
            if node_index.insert(node.id.clone(), index).is_some() {
                return Err(GraphError::DuplicateNode {
                    node: index,
                    id: node.id.clone(),
                });
            }
        }
        let mut link_index = HashMap::with_capacity(parts.links.len());
        let mut links = Vec::with_capacity(parts.links.len());
        for (index, link) in parts.links.into_iter().enumerate() {
            if let Some(first) = link_index.insert(link.id.clone(), index) {
                return Err(GraphError::DuplicateLink {
                    link: index,
                    first,
                    id: link.id,
                });
            }
            let end = |side, node: &NodeId| {
                node_index
                    .get(node)
                    .copied()
                    .ok_or_else(|| GraphError::DanglingLink {
                        link: index,
                        side,
                        node: node.clone(),
                    })
            };
            links.push(SgLink {
                src: end(Side::Src, &link.src)?,
                dst: end(Side::Dst, &link.dst)?,
                id: link.id,
                bandwidth: link.bandwidth,
                delay: link.delay,
            });
        }
        let mut graph = Self {
            id: parts.id,
            nodes: parts.nodes,
            links,
            requirements: Vec::new(),
        };
        let mut requirement_index = HashMap::with_capacity(parts.requirements.len());
        for (index, requirement) in parts.requirements.into_iter().enumerate() {
            if let Some(first) = requirement_index.insert(requirement.id.clone(), index) {
                return Err(GraphError::DuplicateRequirement {
                    requirement: index,
                    first,
                    id: requirement.id,
                });
            }
            let checked = graph.check_requirement(index, requirement, &node_index, &link_index)?;
            graph.requirements.push(checked);
        }
        if graph.requirements.is_empty() {
            graph.requirements = graph.implied_requirements();
        }
        Ok(graph)
    }
}

impl ServiceGraph {
    fn check_requirement(
        &self,
        requirement: usize,
        parts: RequirementParts,
        node_index: &HashMap<NodeId, usize>,
        link_index: &HashMap<LinkId, usize>,
    ) -> Result<Requirement, GraphError> {
        within(GraphPart::Path(requirement), parts.path.len(), Limits::PATH)?;
        let node = |side, id: &NodeId| {
            node_index
                .get(id)
                .copied()
                .ok_or_else(|| GraphError::UnknownNode {
                    requirement,
                    side,
                    node: id.clone(),
                })
        };
        let src = node(Side::Src, &parts.src)?;
        let dst = node(Side::Dst, &parts.dst)?;
        let mut path = Vec::with_capacity(parts.path.len());
        let mut passed = HashSet::with_capacity(parts.path.len());
        let mut at = None;
        for (hop, id) in parts.path.into_iter().enumerate() {
            let Some(&index) = link_index.get(&id) else {
                return Err(GraphError::UnknownLink {
                    requirement,
                    hop,
                    link: id,
                });
            };
            let link = &self.links[index];
            let expected = at.unwrap_or(src);
            if link.src != expected {
                let starts = self.nodes[link.src].id.clone();
                return Err(match at {
                    None => GraphError::PathEnd {
                        requirement,
                        side: Side::Src,
                        stated: parts.src,
                        path: starts,
                    },
                    Some(ended) => GraphError::BrokenPath {
                        requirement,
                        hop,
                        link: id,
                        starts,
                        ended: self.nodes[ended].id.clone(),
                    },
                });
            }
            if !passed.insert(index) {
                return Err(GraphError::CyclicPath {
                    requirement,
                    hop,
                    link: id,
                });
            }
            at = Some(link.dst);
            path.push(index);
        }
        match at {
            None => Err(GraphError::EmptyPath { requirement }),
            Some(end) if end != dst => Err(GraphError::PathEnd {
                requirement,
                side: Side::Dst,
                stated: parts.dst,
                path: self.nodes[end].id.clone(),
            }),
            Some(_) => Ok(Requirement {
                id: Some(parts.id),
                src,
                dst,
                path,
                bandwidth: parts.bandwidth,
                delay: parts.delay,
            }),
        }
    }

    fn is_sap(&self, node: usize) -> bool {
        matches!(self.nodes[node].kind, NodeKind::Sap { .. })
    }

    /// Depth first from every SAP, without recursion: a frame is the next link to try at a node.
    /// Steps are bounded, since a dense graph has more walks than anybody wants to hear of.
    fn implied_requirements(&self) -> Vec<Requirement> {
        const STEPS: usize = 65_536;
        let mut out_links = vec![Vec::new(); self.nodes.len()];
        for (index, link) in self.links.iter().enumerate() {
            out_links[link.src].push(index);
        }
        let mut found = Vec::new();
        let mut steps = 0;
        for start in (0..self.nodes.len()).filter(|node| self.is_sap(*node)) {
            let mut walk: Vec<usize> = Vec::new();
            let mut used = vec![false; self.links.len()];
            let mut next = vec![0_usize];
            while let Some(cursor) = next.last_mut() {
                let node = walk.last().map_or(start, |link| self.links[*link].dst);
                steps += 1;
                if steps > STEPS || found.len() == Limits::REQUIREMENTS {
                    return found;
                }
                let Some(&link) = out_links[node].get(*cursor) else {
                    next.pop();
                    if let Some(link) = walk.pop() {
                        used[link] = false;
                    }
                    continue;
                };
                *cursor += 1;
                if used[link] {
                    continue;
                }
                let dst = self.links[link].dst;
                walk.push(link);
                if self.is_sap(dst) {
                    let path = walk.clone();
                    found.push(Requirement {
                        id: None,
                        src: start,
                        dst,
                        path,
                        bandwidth: None,
                        delay: None,
                    });
                    walk.pop();
                } else {
                    used[link] = true;
                    next.push(0);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
