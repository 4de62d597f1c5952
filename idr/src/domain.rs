//! One domain's resources as accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::sync::Arc;

use nffg::{
    Bandwidth, BisBisId, Delay, DomainId, NfType, PortKind, QuantitySum, ResourceView, Resources,
    SapId, Warning,
};

use crate::EntryPoint;
use crate::reservation::{Amounts, DomainCapacity};

/// Cpu, memory and storage added up, unlike units kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Processing.
    pub cpu: QuantitySum,
    /// Memory.
    pub mem: QuantitySum,
    /// Storage.
    pub storage: QuantitySum,
}

impl AddAssign<&Self> for Totals {
    fn add_assign(&mut self, other: &Self) {
        self.cpu.add_sum(other.cpu);
        self.mem.add_sum(other.mem);
        self.storage.add_sum(other.storage);
    }
}

impl AddAssign<&Resources> for Totals {
    /// What is not told adds nothing: it is unknown, not zero.
    fn add_assign(&mut self, leaf: &Resources) {
        let pairs = [
            (&mut self.cpu, leaf.cpu),
            (&mut self.mem, leaf.mem),
            (&mut self.storage, leaf.storage),
        ];
        for (sum, told) in pairs {
            if let Some(quantity) = told {
                sum.add(quantity);
            }
        }
    }
}

/// A node of a domain (a BiS-BiS): the leaf of the hierarchy.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique within the domain, and within the domain only: `SingleBiSBiS` occurs in most of them.
    pub id: BisBisId,
    /// A name for people.
    pub name: Option<String>,
    /// The type as told: `BiSBiS`, `SDN-SWITCH`, `EE`, ...
    pub node_type: Option<String>,
    /// What it has.
    pub resources: Resources,
    /// The NF types that it can run, sorted, each once.
    pub nf_types: Vec<NfType>,
    /// Service access points at its ports, sorted, each once.
    pub saps: Vec<SapId>,
    /// Inter-domain access points at its ports, sorted, each once.
    pub inter_domain_saps: Vec<SapId>,
}

/// A port, or several, that a domain tags as inter-domain under one SAP id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterDomainSap {
    /// The tag. Another domain that tags a port so is connected to this one.
    pub sap: SapId,
    /// Delay to what is behind the port: the largest that one of the ports tells.
    pub delay: Option<Delay>,
    /// Bandwidth to what is behind the port: the smallest that one of the ports tells.
    pub bandwidth: Option<Bandwidth>,
    /// How many nodes of the domain have such a port. Two and more are joined there.
    pub nodes: usize,
}

/// Why a view cannot be taken as a domain's resources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// Two nodes have one id, so that sums and references would be wrong.
    #[error("node id '{node}' is used twice: ids are unique within a domain")]
    DuplicateNode {
        /// The id.
        node: BisBisId,
    },
}

/// One domain's resources as accepted, and what is held of them. Two domains are equal when they say
/// the same, whatever the order in which their documents listed it, and as much of them is held.
#[derive(Clone, Debug)]
pub struct Domain {
    id: DomainId,
    entry_point: Option<EntryPoint>,
    held: Amounts,
    /// Shared with the domain's other versions: what is held of it changes far more often.
    export: Arc<Export>,
}

/// What a domain exports.
#[derive(Debug, Default, PartialEq)]
struct Export {
    nodes: Vec<Node>,
    saps: Vec<SapId>,
    inter_domain_saps: Vec<InterDomainSap>,
    nf_types: Vec<NfType>,
    totals: Totals,
    capacity: DomainCapacity,
    warnings: Vec<Warning>,
}

impl PartialEq for Domain {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.entry_point == other.entry_point
            && self.held == other.held
            && (self.shares_export(other) || self.export == other.export)
    }
}

impl Domain {
    /// Takes a view as the resources of domain `id`.
    ///
    /// A SAP id that the view has both tagged as inter-domain and untagged counts as inter-domain
    /// (ESCAPE's views of one and the same port differ so), with a warning: offering a border to
    /// customers as an access point is the worse mistake.
    ///
    /// # Errors
    /// See [`DomainError`].
    pub fn from_view(
        id: DomainId,
        entry_point: Option<EntryPoint>,
        view: ResourceView,
    ) -> Result<Self, DomainError> {
        let mut inter_domain = BTreeMap::new();
        for node in &view.nodes {
            let mut at_node = BTreeSet::new();
            for port in &node.ports {
                let PortKind::InterDomain(sap) = &port.kind else {
                    continue;
                };
                let new = || InterDomainSap {
                    sap: sap.clone(),
                    delay: None,
                    bandwidth: None,
                    nodes: 0,
                };
                let tag = inter_domain.entry(sap.clone()).or_insert_with(new);
                tag.delay = larger(tag.delay, port.delay);
                tag.bandwidth = smaller(tag.bandwidth, port.bandwidth);
                tag.nodes += usize::from(at_node.insert(sap));
            }
        }
        let mut warnings = Vec::new();
        let mut nodes = Vec::with_capacity(view.nodes.len());
        for node in view.nodes {
            let mut saps = Vec::new();
            let mut tagged = Vec::new();
            for port in node.ports {
                match port.kind {
                    PortKind::Sap(sap) if inter_domain.contains_key(&sap) => {
                        let text = format!(
                            "SAP '{sap}' is untagged here and tagged as inter-domain elsewhere in \
                             the domain; taken as inter-domain"
                        );
                        let path = format!("nodes/node[{}]/ports/port[{}]", node.id, port.id);
                        warnings.push(Warning {
                            line: None,
                            path,
                            text,
                        });
                        tagged.push(sap);
                    }
                    PortKind::Sap(sap) => saps.push(sap),
                    PortKind::InterDomain(sap) => tagged.push(sap),
                    PortKind::Internal => {}
                }
            }
            nodes.push(Node {
                id: node.id,
                name: node.name,
                node_type: node.node_type,
                resources: node.resources,
                nf_types: sorted(node.supported),
                saps: sorted(saps),
                inter_domain_saps: sorted(tagged),
            });
        }
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        warnings.sort_by(|a: &Warning, b| a.path.cmp(&b.path));
        if let Some(pair) = nodes.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(DomainError::DuplicateNode {
                node: pair[0].id.clone(),
            });
        }
        let mut totals = Totals::default();
        nodes.iter().for_each(|node| totals += &node.resources);
        let inter_domain_saps = inter_domain.into_values().collect();
        let export = Export {
            capacity: DomainCapacity::of_nodes(nodes.iter().map(|node| &node.resources)),
            saps: sorted(
                nodes
                    .iter()
                    .flat_map(|node| node.saps.iter().cloned())
                    .collect(),
            ),
            nf_types: sorted(
                nodes
                    .iter()
                    .flat_map(|node| node.nf_types.iter().cloned())
                    .collect(),
            ),
            nodes,
            inter_domain_saps,
            totals,
            warnings,
        };
        Ok(Self {
            id,
            entry_point,
            held: Amounts::default(),
            export: Arc::new(export),
        })
    }

    /// A member of which no resources are known yet.
    #[must_use]
    pub fn without_resources(id: DomainId, entry_point: Option<EntryPoint>) -> Self {
        Self {
            id,
            entry_point,
            held: Amounts::default(),
            export: Arc::default(),
        }
    }

    /// The same resources with another entry point.
    #[must_use]
    pub fn with_entry_point(self, entry_point: Option<EntryPoint>) -> Self {
        Self {
            entry_point,
            ..self
        }
    }

    /// The same resources, of which this is held.
    pub(crate) fn with_held(self, held: Amounts) -> Self {
        Self { held, ..self }
    }

    /// Whether the two surely export the same, since it is the same export.
    pub(crate) fn shares_export(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.export, &other.export)
    }

    /// Which domain.
    #[must_use]
    pub fn id(&self) -> &DomainId {
        &self.id
    }

    /// Where its orchestrator is reached, where known.
    #[must_use]
    pub fn entry_point(&self) -> Option<&EntryPoint> {
        self.entry_point.as_ref()
    }

    /// Its nodes, by id.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.export.nodes
    }

    /// Its service access points, sorted, each once.
    #[must_use]
    pub fn saps(&self) -> &[SapId] {
        &self.export.saps
    }

    /// What it tags as inter-domain, by SAP id, each once.
    #[must_use]
    pub fn inter_domain_saps(&self) -> &[InterDomainSap] {
        &self.export.inter_domain_saps
    }

    /// The NF types that one of its nodes can run, sorted, each once.
    #[must_use]
    pub fn nf_types(&self) -> &[NfType] {
        &self.export.nf_types
    }

    /// The sum over its nodes.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.export.totals
    }

    /// The sum over its nodes, exactly, as a bound of what may be held.
    #[must_use]
    pub fn capacity(&self) -> &DomainCapacity {
        &self.export.capacity
    }

    /// What reservations hold of it: zero until the database is told ([`crate::Update::Held`]).
    #[must_use]
    pub fn held(&self) -> &Amounts {
        &self.held
    }

    /// What is left of its totals, never negative; the totals themselves where nothing is held. What
    /// it does not tell, nobody knows what is left of.
    #[must_use]
    pub fn left(&self) -> Totals {
        self.capacity().left(self.totals(), &self.held)
    }

    /// What was decided against the letter of the view, for people. The view's own warnings are the
    /// caller's.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.export.warnings
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}

/// The larger of what is told.
pub(crate) fn larger(a: Option<Delay>, b: Option<Delay>) -> Option<Delay> {
    a.max(b)
}

/// The smaller of what is told: `None` is unknown, not zero.
pub(crate) fn smaller(a: Option<Bandwidth>, b: Option<Bandwidth>) -> Option<Bandwidth> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (told, None) | (None, told) => told,
    }
}

#[cfg(test)]
mod tests;
