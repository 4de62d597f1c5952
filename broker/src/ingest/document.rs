//! Documents: what a member may tell in one, and what is kept of it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use idr::EntryPoint;
use idt::DomainTopology;
use nffg::export::{Export, Format};
use nffg::{
    BisBis, DomainId, Fault, ResourceView, Resources, Syntax, TopologyView, Warning, Window,
};

use super::source::{Failure, Slot};
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

    /// What the document tells of `domain`, which has this AS number: all that is made of it, and all that
    /// is asked of it beyond its format.
    ///
    /// # Errors
    /// It tells nothing of the domain, or not what `slot` wants, is over a limit, or its parts do not fit
    /// together. Every such fault is told; none has a place in the text.
    pub fn understood(
        &self,
        domain: &DomainId,
        asn: Option<u32>,
        slot: Option<Slot>,
        limits: &MemberLimits,
    ) -> Result<Understood, Vec<Fault>> {
        let parts = &self.export.parts;
        let view = parts.topology.as_ref();
        let view = view.map(|view| name_own(view, domain, asn));
        let mut faults = Vec::new();
        let topology = view.as_ref().and_then(|view| {
            let told = DomainTopology::from_view(domain, view);
            told.map_err(|error| faults.push(rule(error))).ok()
        });
        let counts = Counts::of(self, topology.as_ref());
        faults.extend(counts.over(limits).map(rule));
        if !faults.is_empty() {
            // The rest would cost what the limits are there to save.
            return Err(faults);
        }
        let mut nodes = view.iter().flat_map(|view| &view.nodes);
        let own = nodes.find(|node| node.domain == *domain);
        let entry_point = own.and_then(|node| node.entry_point.as_deref());
        let entry_point = entry_point.and_then(|text| {
            let read = text.parse::<EntryPoint>();
            read.map_err(|error| {
                faults.push(Fault {
                    position: None,
                    path: ENTRY_POINT.to_owned(),
                    value: Some(error.value),
                    rule: error.rule.to_owned(),
                });
            })
            .ok()
        });
        let missing = match slot {
            Some(Slot::Resources) if parts.resources.is_none() => Some("resources"),
            Some(Slot::Topology) if topology.is_none() => Some("topology"),
            Some(Slot::Windows) if parts.windows.is_none() => Some("windows"),
            _ => None,
        };
        if let Some(missing) = missing {
            let format = self.export.format;
            faults.push(rule(format_args!(
                "the document (format '{format}') tells no {missing}"
            )));
        }
        let resources = parts.resources.clone().and_then(|view| {
            let made = idr::Domain::from_view(domain.clone(), None, view);
            made.map_err(|error| faults.push(rule(error))).ok()
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut warnings = self.export.warnings.clone();
        warnings.extend(resources.iter().flat_map(|d| d.warnings()).cloned());
        Ok(Understood {
            sums: own.map(|node| node.resources).unwrap_or_default(),
            resources,
            topology,
            windows: parts.windows.clone(),
            entry_point,
            counts,
            warnings,
        })
    }
}

/// A domain that has a name may call itself by its AS number: gives it its name.
fn name_own<'a>(
    view: &'a TopologyView,
    domain: &DomainId,
    asn: Option<u32>,
) -> Cow<'a, TopologyView> {
    let number = asn.and_then(|asn| DomainId::from_asn(asn).ok());
    let Some(number) = number.filter(|number| number != domain) else {
        return Cow::Borrowed(view);
    };
    let mut named = view.clone();
    let name = |id: &mut DomainId| {
        if *id == number {
            id.clone_from(domain);
        }
    };
    for node in &mut named.nodes {
        name(&mut node.domain);
    }
    let links = named.nodes.iter_mut().flat_map(|node| &mut node.links);
    for link in links.chain(&mut named.links) {
        name(&mut link.src.domain);
        name(&mut link.dst.domain);
    }
    Cow::Owned(named)
}

/// The path of a fault of an entry point, which each format has elsewhere.
pub const ENTRY_POINT: &str = "entry-point";

/// A fault of the document as a whole.
fn rule(rule: impl fmt::Display) -> Fault {
    Fault {
        position: None,
        path: String::new(),
        value: None,
        rule: rule.to_string(),
    }
}

/// The first fault in words, and all of them where there are several.
fn failure(faults: &[Fault]) -> Failure {
    let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let first = all.first().cloned().unwrap_or_default();
    match all.len() {
        0 | 1 => first.into(),
        several => Failure {
            why: format!("{first} (and {} more)", several - 1),
            faults: all,
        },
    }
}

/// What a document tells of a domain.
#[derive(Clone, Debug, PartialEq)]
pub struct Understood {
    /// Nodes and what they have.
    pub resources: Option<idr::Domain>,
    /// What a topology says that the domain has in all.
    pub sums: Resources,
    /// Routers, links and prefixes.
    pub topology: Option<DomainTopology>,
    /// What is announced of links, be it over or not.
    pub windows: Option<Vec<Window>>,
    /// Where the domain's orchestrator is reached.
    pub entry_point: Option<EntryPoint>,
    /// How much there is.
    pub counts: Counts,
    /// What was tolerated, and what was decided against the letter of the document.
    pub warnings: Vec<Warning>,
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
    /// Windows.
    pub windows: usize,
}

impl Counts {
    fn of(document: &Document, topology: Option<&DomainTopology>) -> Self {
        let mut counts = Self {
            bytes: document.bytes,
            windows: document.export.parts.windows.as_ref().map_or(0, Vec::len),
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

    /// The limits that are passed, in words.
    fn over(&self, limits: &MemberLimits) -> impl Iterator<Item = String> + use<> {
        let checks = [
            ("bytes", self.bytes, limits.bytes),
            ("nodes", self.nodes, limits.nodes),
            ("links", self.links, limits.links),
            ("prefixes", self.prefixes, limits.prefixes),
            ("nfs", self.nfs, limits.nfs),
            ("windows", self.windows, limits.windows),
        ];
        let passed = checks.into_iter().filter(|(_, found, max)| found > max);
        passed.map(|(name, found, allowed)| {
            format!(
                "the document has {found} {name}; a member may have {allowed} (limits.member.{name})"
            )
        })
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
    /// Those that were not over when the document came.
    pub(super) windows: Option<Vec<Window>>,
    pub(super) entry_point: Option<EntryPoint>,
    pub(super) status: Arc<DocumentStatus>,
}

impl Told {
    /// What `document` tells of `domain`, which has this AS number.
    ///
    /// # Errors
    /// See [`Document::understood`].
    pub(super) fn of(
        now: Now,
        domain: &DomainId,
        asn: Option<u32>,
        document: Document,
        slot: Option<Slot>,
        limits: &MemberLimits,
    ) -> Result<Self, Failure> {
        let understood = document
            .understood(domain, asn, slot, limits)
            .map_err(|faults| failure(&faults))?;
        let status = DocumentStatus {
            format: document.export.format,
            syntax: document.export.syntax,
            version: document.version,
            accepted: now.timestamp,
            by: document.by,
            counts: understood.counts,
            warnings: understood.warnings,
        };
        Ok(Self {
            resources: document.export.parts.resources,
            sums: view_of_resources(domain, understood.sums),
            topology: understood.topology,
            windows: understood.windows.map(|mut windows| {
                windows.retain(|window| window.end > now.timestamp);
                windows
            }),
            entry_point: understood.entry_point,
            status: Arc::new(status),
        })
    }
}

/// A domain of which only sums are known is one node with these.
pub(super) fn view_of_resources(domain: &DomainId, resources: Resources) -> Option<ResourceView> {
    if resources.is_empty() {
        return None;
    }
    // A domain id is always a BiS-BiS id too.
    let id = domain.as_str().parse().ok()?;
    let node = BisBis {
        resources,
        ..BisBis::new(id)
    };
    Some(ResourceView {
        nodes: vec![node],
        ..ResourceView::default()
    })
}
