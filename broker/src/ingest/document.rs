//! Documents: what a member may tell in one, and what is kept of it.

use std::fmt;
use std::sync::Arc;

use idr::EntryPoint;
use idt::DomainTopology;
use nffg::export::{Export, Format};
use nffg::{BisBis, DomainId, ResourceView, Resources, Syntax, TopologyView, Warning};

use super::source::Slot;
use crate::clock::Now;
use crate::settings::MemberLimits;

/// A document's version: a hash of its octets, so the same for the same document wherever it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(Arc<str>);

impl Version {
    /// The version of these octets.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let hash = blake3::hash(bytes).to_hex();
        // Half a hash: 128 bits are more than enough to tell versions apart.
        Self(hash.as_str().get(..32).unwrap_or_default().into())
    }

    /// The version of this name, which a client gives.
    #[must_use]
    pub fn named(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A document that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it tells.
    pub export: Export,
    /// Its version.
    pub version: Version,
    /// Its size in octets.
    pub bytes: usize,
    /// Who sent it, if somebody did: the principal's name.
    pub by: Option<String>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// It cannot be taken; the error tells all its faults.
    pub fn decode(
        bytes: &[u8],
        expected: nffg::export::Expected<'_>,
    ) -> Result<Self, nffg::DocumentError> {
        Ok(Self {
            export: nffg::export::decode(bytes, expected)?,
            version: Version::of(bytes),
            bytes: bytes.len(),
            by: None,
        })
    }
}

/// The document in force, for people: what it is and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentStatus {
    /// Its format.
    pub format: Format,
    /// What it is written in.
    pub syntax: Syntax,
    /// Its version.
    pub version: Version,
    /// Since when it is in force.
    pub accepted: jiff::Timestamp,
    /// Who sent it, if somebody did.
    pub by: Option<String>,
    /// What is in it.
    pub counts: Counts,
    /// What was tolerated.
    pub warnings: Vec<Warning>,
}

/// How much is in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Octets.
    pub bytes: usize,
    /// Nodes that host NFs (BiS-BiS) and routers.
    pub nodes: usize,
    /// Links, one way each.
    pub links: usize,
    /// Prefixes.
    pub prefixes: usize,
    /// NF types on offer and NFs that run, over all nodes.
    pub nfs: usize,
}

impl Counts {
    fn of(document: &Document, topology: Option<&DomainTopology>) -> Self {
        let mut counts = Self {
            bytes: document.bytes,
            ..Self::default()
        };
        if let Some(view) = &document.export.parts.resources {
            counts.nodes += view.nodes.len();
            counts.links += view.links.len();
            for node in &view.nodes {
                counts.links += node.links.len();
                counts.nfs += node.supported.len() + node.running.len();
            }
        }
        if let Some(topology) = topology {
            counts.nodes += topology.routers().len();
            counts.links += topology.intra_links().len() + topology.inter_links().len();
            counts.prefixes += topology.prefixes().len();
        }
        counts
    }

    /// The first limit that is passed, in words.
    fn over(&self, limits: &MemberLimits) -> Option<String> {
        let checks = [
            ("bytes", self.bytes, limits.bytes),
            ("nodes", self.nodes, limits.nodes),
            ("links", self.links, limits.links),
            ("prefixes", self.prefixes, limits.prefixes),
            ("nfs", self.nfs, limits.nfs),
        ];
        let (name, found, allowed) = checks.into_iter().find(|(_, found, max)| found > max)?;
        Some(format!(
            "the document has {found} {name}; a member may have {allowed} (limits.member.{name})"
        ))
    }
}

/// What a source's last good document told of its domain.
#[derive(Debug)]
pub(super) struct Told {
    /// Nodes and what they have.
    pub(super) resources: Option<ResourceView>,
    /// What a topology says that its domain has in all, as one node.
    pub(super) sums: Option<ResourceView>,
    pub(super) topology: Option<DomainTopology>,
    pub(super) entry_point: Option<EntryPoint>,
    pub(super) status: Arc<DocumentStatus>,
}

impl Told {
    /// What `document` tells of `domain`, which has this AS number.
    ///
    /// # Errors
    /// It does not tell what `slot` wants, is over a limit, or its parts do not fit together; in words.
    pub(super) fn of(
        now: Now,
        domain: &DomainId,
        asn: Option<u32>,
        mut document: Document,
        slot: Option<Slot>,
        limits: &MemberLimits,
    ) -> Result<Self, String> {
        if let Some(view) = &mut document.export.parts.topology
            && let Some(asn) = asn
        {
            name_own(view, domain, asn);
        }
        let parts = &document.export.parts;
        let topology = parts
            .topology
            .as_ref()
            .map(|view| DomainTopology::from_view(domain, view))
            .transpose()
            .map_err(|error| error.to_string())?;
        let counts = Counts::of(&document, topology.as_ref());
        if let Some(rule) = counts.over(limits) {
            return Err(rule);
        }
        let own = parts
            .topology
            .iter()
            .flat_map(|view| &view.nodes)
            .find(|node| node.domain == *domain);
        let entry_point = own
            .and_then(|node| node.entry_point.as_deref())
            .map(str::parse::<EntryPoint>)
            .transpose()
            .map_err(|error| format!("the entry point: {error}"))?;
        let sums = own.and_then(|node| view_of_resources(domain, node.resources));
        let format = document.export.format;
        let missing = match slot {
            Some(Slot::Resources) if parts.resources.is_none() => Some("resources"),
            Some(Slot::Topology) if topology.is_none() => Some("topology"),
            _ => None,
        };
        if let Some(missing) = missing {
            return Err(format!(
                "the document (format '{format}') tells no {missing}"
            ));
        }
        let status = DocumentStatus {
            format,
            syntax: document.export.syntax,
            version: document.version,
            accepted: now.timestamp,
            by: document.by,
            counts,
            warnings: document.export.warnings,
        };
        let resources = document.export.parts.resources;
        if let Some(view) = &resources {
            idr::Domain::from_view(domain.clone(), None, view.clone())
                .map_err(|error| error.to_string())?;
        }
        Ok(Self {
            resources,
            sums,
            topology,
            entry_point,
            status: Arc::new(status),
        })
    }
}

/// A domain that has a name may call itself by its AS number: gives it its name.
fn name_own(view: &mut TopologyView, domain: &DomainId, asn: u32) {
    let Ok(number) = format!("AS{asn}").parse::<DomainId>() else {
        return;
    };
    if number == *domain {
        return;
    }
    let name = |id: &mut DomainId| {
        if *id == number {
            id.clone_from(domain);
        }
    };
    for node in &mut view.nodes {
        name(&mut node.domain);
    }
    let links = view.nodes.iter_mut().flat_map(|node| &mut node.links);
    for link in links.chain(&mut view.links) {
        name(&mut link.src.domain);
        name(&mut link.dst.domain);
    }
}

/// A domain of which only sums are known is one node with these.
pub(super) fn view_of_resources(domain: &DomainId, resources: Resources) -> Option<ResourceView> {
    if resources.is_empty() {
        return None;
    }
    let node = BisBis {
        // A domain id is always a BiS-BiS id too.
        id: domain.as_str().parse().ok()?,
        name: None,
        node_type: None,
        resources,
        supported: Vec::new(),
        running: Vec::new(),
        ports: Vec::new(),
        links: Vec::new(),
    };
    Some(ResourceView {
        nodes: vec![node],
        ..ResourceView::default()
    })
}
