//! Resource views as UNIFY Virtualizer XML: what an orchestrator's `get-config` returns.
//!
//! The model is the YANG module `virtualizer` of the UNIFY and 5GEx projects; exporters are ESCAPE and
//! what was built against it. This is read of it, everything else is ignored:
//!
//! | path below `virtualizer` | becomes |
//! |---|---|
//! | `id`, `name` | [`ResourceView::id`], [`ResourceView::name`] |
//! | `nodes/node` | [`BisBis`](crate::BisBis), `type` without regard to case |
//! | `nodes/node/resources/{cpu,mem,storage}` | numbers with or without unit, blanks around, unit glued on or not |
//! | `nodes/node/capabilities/supported_NFs/node/type` | supported NF types |
//! | `nodes/node/NF_instances/node` | running NFs |
//! | `nodes/node/ports/port` | [`Port`](crate::Port), see below |
//! | `nodes/node/links/link` | links across a node |
//! | `links/link` | links between nodes |
//!
//! **Ports.** A port with a `sap`, whatever its `port_type`, is an end of an inter-domain link. Another
//! one of type `port-sap` is a service access point, named as ESCAPE names it: by its id if that starts
//! with `SAP`, else by its name if that is `SAP:x` (then `x`) or starts with `SAP`, else by its id.
//!
//! **Numbers.** A bare `delay` is in milliseconds and a bare `bandwidth` in Mbit/s, the convention of
//! ESCAPE and of Mininet below it. Bare cpu, memory and storage stay bare.
//!
//! **What is tolerated,** each with a [`Warning`](crate::Warning): an element that may occur once but
//! occurs again (the first is read, as ESCAPE does); links that end at unknown ports or where they
//! start, which are left out; delays and bandwidths that are no numbers, which are left out; NFs without
//! a type, which have their id for one; entries marked `operation="delete"`, as in a diff.
//!
//! **What is refused** is told whole (see [`DocumentError`]): nodes and ports without an id or with one
//! that is taken, cpu, memory and storage that are no numbers, and what is no XML, no Virtualizer or
//! larger than the limits below. Document types and entities are never read.
//!
//! A view of many nodes (ESCAPE's GLOBAL view, of the domains below it: DoV) is read as it stands:
//! nodes named `<id>@<domain>`, links between them, and `sap` at ports of type `port-abstract`. What
//! two of its nodes tag alike is joined within the domain, which the `idr` crate decides.
//!
//! What changes between two dumps may come as a diff, ESCAPE's `edit-config`: see [`edit`]. What is deployed, and how it
//! is changed, is in [`deploy`].

pub mod deploy;
pub mod edit;
mod guard;
mod reader;
mod writer;
mod xml;

use crate::DocumentError;
use crate::ResourceView;
use crate::fault::{Fault, Report, position};
use crate::syntax;

/// The most nodes of a view.
pub const MAX_NODES: usize = 10_000;

/// The most ports of a view, over all nodes.
pub const MAX_PORTS: usize = 100_000;

/// The most links of a view, those across nodes and those between them.
pub const MAX_LINKS: usize = 200_000;

/// The most XML nodes (elements, texts, comments) of a document.
const MAX_XML_NODES: u32 = 1_000_000;

/// Reads a Virtualizer document.
///
/// # Errors
/// The document cannot be taken; the error tells all its faults.
pub fn decode(bytes: &[u8]) -> Result<ResourceView, DocumentError> {
    let text = syntax::text(bytes).map_err(DocumentError::one)?;
    let document = parse(text)?;
    let mut report = Report::default();
    let mut view = reader::read(document.root_element(), &mut report);
    view.warnings = report.finish(Some(text))?;
    Ok(view)
}

/// The elements of a text, if it is XML and within bounds.
fn parse(text: &str) -> Result<roxmltree::Document<'_>, DocumentError> {
    let at = |offset: usize, rule: &str| {
        let fault = Fault {
            position: Some(position(text, offset)),
            ..syntax::fault(rule)
        };
        DocumentError::one(fault)
    };
    guard::check(text).map_err(|error| at(error.offset, error.rule))?;
    let options = roxmltree::ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_XML_NODES,
        ..roxmltree::ParsingOptions::default()
    };
    roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| DocumentError::one(syntax_fault(&error)))
}

/// Writes a view as XML, as `get-config` returns it.
///
/// [`decode`] gives the same view back if the view is one that could have been decoded: texts without
/// blanks around them, `supported` sorted, links whose ends exist and differ, SAPs named by their ports
/// (see the module's text), delays below 2^50 ns and bandwidths below 2^50 bit/s. Elsewhere the SAP is
/// written as the port's name, and characters that XML does not have become U+FFFD.
#[must_use]
pub fn encode(view: &ResourceView) -> String {
    writer::write(view)
}

/// roxmltree ends its texts with the place, which a fault has of its own.
fn syntax_fault(error: &roxmltree::Error) -> Fault {
    let place = error.pos();
    let text = match error {
        roxmltree::Error::NodesLimitReached => {
            format!("the document has more than {MAX_XML_NODES} XML nodes")
        }
        _ => error.to_string(),
    };
    let text = text.strip_suffix(&format!(" at {place}")).unwrap_or(&text);
    let position = crate::Position {
        line: place.row,
        column: place.col,
    };
    Fault {
        position: Some(position),
        ..syntax::fault(&format!("not well-formed XML: {text}"))
    }
}
