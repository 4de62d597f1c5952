//! A provider's resources as a TOSCA service template: TOSCA Simple Profile in YAML 1.0 to 1.3 (OASIS),
//! with the NFV types of the TOSCA Simple Profile for NFV and of ETSI GS NFV-SOL 001. draft-brokermdo §5.1
//! names TOSCA as the interface from an MdO to the inter-domain resource database, but no mapping; this is
//! ours.
//!
//! The template is read as an inventory: what it declares is what the provider has. Only
//! `topology_template/node_templates` counts, and in it these types and all that derive from them:
//!
//! | type | becomes |
//! |---|---|
//! | `tosca.nodes.Compute` | a node; its id is the template's name, its type the declared one |
//! | its `capabilities/host/properties` | `name`; `num_cpus`, `mem_size` and `disk_size` as [`Resources`](crate::Resources) |
//! | `tosca.nodes.Storage.BlockStorage`, `...ObjectStorage` | storage of the node that has it as `local_storage` |
//! | `tosca.nodes.nfv.VNF` | an NF type of the nodes that it is hosted on (`host`), else of every node |
//! | `tosca.nodes.nfv.Sap` | a service access point; its id is the template's name |
//! | `tosca.nodes.network.Port` | an internal port |
//! | `metadata/inter_domain_sap` of either | an inter-domain port with that tag instead |
//!
//! **NF types** are named by `product_name`, which SOL 001 requires of every VNF and which stays the same
//! from version to version and from operator to operator; a `descriptor_id` changes with each. A VNF
//! without one is named by its declared type. [`crate::sol006`] does the same, so that one product is one
//! NF type in both.
//!
//! **What names no node belongs to every node:** a VNF without `host`, a SAP without `binding`. A document
//! without any Compute has one node for them, `SingleBiSBiS`, of which nothing else is known. `host` may
//! lead to a Compute through other templates, or name a type: then it means each node of that type.
//!
//! **Not the provider's capacity** are the parts of VNFs (`tosca.nodes.nfv.Vdu.Compute` and its storage):
//! they are what an NF asks for. They, and all other types of the two profiles, are passed over.
//!
//! **Numbers.** Sizes are TOSCA's `scalar-unit.size` (§3.3.6.4): B, kB, MB, GB, TB are powers of 1000, KiB
//! to TiB of 1024, in any case. A size without a unit is kept as a bare number, with a warning; `num_cpus`
//! counts CPUs.
//!
//! **Types and values.** Types declared in `node_types` are followed along `derived_from`, and give
//! defaults of properties. `get_input` is worth the default of its input. Nothing is ever fetched: a type
//! that only an import can declare is unknown, and its templates are left out with a warning.
//!
//! **What is tolerated,** each with a [`Warning`](crate::Warning): templates of unknown types; NFs hosted
//! on such; sizes without units; storage that is attached to no node, or to several (it counts at the
//! first); a Compute that scales (it is one node); versions of the Simple Profile that are not known.
//!
//! **What is refused** is told whole (see [`DocumentError`](crate::DocumentError)): other versions of
//! TOSCA, no `topology_template`, members of other types, types that derive from themselves, references to
//! templates that are not there, functions other than `get_input`, inputs without a value, quantities that
//! are none, sizes with and without unit at one node, names used twice.

mod reader;
mod types;
mod values;

use crate::ResourceView;
use crate::fault::Report;
use crate::json::Cursor;

/// The most node templates.
pub const MAX_TEMPLATES: usize = 100_000;

/// The most declared node types.
pub const MAX_TYPES: usize = 100_000;

/// The most nodes.
pub const MAX_NODES: usize = 10_000;

/// The most NF types, counted at each node that has them.
pub const MAX_NF_TYPES: usize = 1_000_000;

/// The most ports, counted at each node that has them.
pub const MAX_PORTS: usize = 100_000;

/// The most types from which one type derives.
pub const MAX_DERIVATION: usize = 32;

/// The most templates between an NF and the Compute that it is hosted on.
pub const MAX_HOSTING: usize = 16;

/// The most inputs that lead to one value.
pub const MAX_INPUTS: usize = 8;

/// Reads the view of a document.
pub(crate) fn read(root: &Cursor<'_>, report: &mut Report) -> ResourceView {
    reader::read(root, report)
}
