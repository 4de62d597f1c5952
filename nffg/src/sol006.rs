//! A provider's NFs as ETSI GS NFV-SOL 006 descriptors (`etsi-nfv-descriptors`), JSON as RFC 7951 has it or
//! the same as YAML, with the capacity beside them that SOL 006 has no words for.
//!
//! | member | becomes |
//! |---|---|
//! | `nfv/vnfd` | an NF type, at every node |
//! | `nfv/nsd/sapd` | a service access point; its `id` is the SAP's |
//! | `nfviCapacityInfos` | nodes with resources: resource zones |
//! | `resourceZones` | nodes too; their names, and the NFVI-PoPs that they are in |
//! | `virtualComputeQuotas`, `virtualStorageQuotas` | nodes with resources instead: resource groups |
//! | `nfviPops` | where SAPs are, and which are borders to other domains |
//!
//! `nfv` may have its module's name before it. The roots of the modules for single packages,
//! `etsi-nfv-vnfd:vnfd` and `etsi-nfv-nsd:nsd`, are read as well, and so is what OSM makes of them (`vnfd:
//! {...}`, `nsd: {nsd: [...]}`).
//!
//! **NF types** are named by `product-name`, which stays the same from version to version and from operator
//! to operator; the `id` of a VNFD is a new one whenever anything in it changes (ETSI GS NFV-IFA 011). It
//! names the NF type only where there is no product name, with a warning.
//!
//! **Capacity.** The members beside `nfv` are what ETSI has for it, under the names of its information
//! elements: `NfviCapacityInfo` of ETSI GS NFV-SOL 005 §10.5.2.4, a list as `GET .../nfvi_capacity_infos`
//! answers it; `ResourceZone` and `NfviPop` of ETSI GS NFV-IFA 005 §8.10, `VirtualComputeQuota` and
//! `VirtualStorageQuota` of its §8.11. All may be absent. Of a capacity the total counts. ETSI leaves the
//! names of measurements open; read are IFA 005's names for the same:
//!
//! | `resourceType` | `capacityMeasurementName` | counts |
//! |---|---|---|
//! | `VR_COMPUTE` | `numVCPUs`, `numVirtualCpu`, `numCpuCores` | CPUs |
//! | `VR_COMPUTE` | `virtualMemSize` | memory |
//! | `VR_STORAGE` | `storageSize`, `sizeOfStorage` | storage |
//!
//! A VIM that tells no zones is a node itself. A document without any of this has one node, `SingleBiSBiS`,
//! with NF types and SAPs only.
//!
//! **Borders.** IFA 005 leaves the format of a `networkConnectivityEndpoint` open. Read are objects with
//! `interDomainSap`, the tag of a border, `sapdId`, the SAP that stands here, or both: then the SAP is that
//! border. Endpoints are at the zones of their PoP; where no zone tells its PoP, and for SAPs that no
//! endpoint names, at every node.
//!
//! **Numbers.** Sizes without a unit are in GB (10^9 bytes), as in SOL 006's own `virtual-memory` and
//! `size-of-storage`; with a unit they are as they say.
//!
//! **What is tolerated,** each with a [`Warning`](crate::Warning): VNFDs without a product name,
//! measurements of unknown names, ports told twice.
//!
//! **What is refused** is told whole (see [`DocumentError`](crate::DocumentError)): no descriptors, members
//! of other types, descriptors, zones, groups and PoPs without an id or with one that is used twice,
//! references to what is not there (listed in `docs/formats/sol006.md`), quantities that are none, capacity
//! beside quotas, PoPs without a zone.

mod capacity;
mod reader;
mod references;

use crate::ResourceView;
use crate::fault::Report;
use crate::json::Cursor;
use crate::list::Read;
use crate::place::Place;

/// The most VNFDs, and the most NSDs.
pub const MAX_DESCRIPTORS: usize = 100_000;

/// The most nodes.
pub const MAX_NODES: usize = 10_000;

/// The most NF types, counted at each node that has them.
pub const MAX_NF_TYPES: usize = 1_000_000;

/// The most ports, counted at each node that has them.
pub const MAX_PORTS: usize = 100_000;

/// Reads the view of a document.
pub(crate) fn read(root: &Cursor<'_>, report: &mut Report) -> ResourceView {
    reader::read(root, report)
}

/// The entries of a list. OSM has an object where a list has one entry, and a list in a list of its name.
fn list<'a>(place: &Place<'a>, name: &str) -> Read<Vec<Place<'a>>> {
    if place.value().is_null() {
        return Ok(Vec::new());
    }
    if !place.value().is_object() {
        return place.elements().map(Iterator::collect);
    }
    match place.member(name)? {
        Some(inner) if inner.value().is_array() => inner.elements().map(Iterator::collect),
        _ => Ok(vec![place.clone()]),
    }
}
