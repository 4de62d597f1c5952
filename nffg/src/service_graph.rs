//! Either form of a service graph: the draft's or ESCAPE's NFFG, told apart by their members.

pub(crate) mod form;

use crate::json::{Cursor, FieldError};
use crate::{NodeKind, ServiceGraph, draft, escape};

/// The form in which a service graph came. Errors found later name the fields of that form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphForm {
    /// The draft's (draft-brokermdo-00 §5.4.2.1).
    Draft,
    /// ESCAPE's NFFG.
    Escape,
}

impl GraphForm {
    /// The form of the object that `sg` points to. An object with members of both forms is in the
    /// draft's, and so is one with members of neither: it lacks the draft's.
    ///
    /// # Errors
    /// It is not an object.
    pub fn of(sg: &Cursor<'_>) -> Result<Self, FieldError> {
        let members = sg.object()?;
        let has = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
        let is_escape = has(&escape::MEMBERS) || has(&[escape::INFRAS]);
        Ok(if is_escape && !has(&draft::MEMBERS) {
            Self::Escape
        } else {
            Self::Draft
        })
    }

    /// The field, below the graph's own, that says of the node at this index what a domain must have
    /// to host it: the NF's type or the SAP.
    #[must_use]
    pub fn host_field(self, graph: &ServiceGraph, node: usize) -> String {
        let is_sap = |node: usize| match graph.nodes().get(node) {
            Some(node) => matches!(node.kind, NodeKind::Sap { .. }),
            None => false,
        };
        // Both forms list NFs and SAPs apart.
        let at = (0..node)
            .filter(|before| is_sap(*before) == is_sap(node))
            .count();
        match (self, is_sap(node)) {
            (Self::Draft, false) => "nfs".to_owned(),
            (Self::Draft, true) => "saps".to_owned(),
            (Self::Escape, false) => format!("node_nfs[{at}]/functional_type"),
            (Self::Escape, true) => format!("node_saps[{at}]/id"),
        }
    }
}

/// Reads a service graph in the draft's form (`nfs`, `saps`, `sg_links`, `reqs`) or as ESCAPE NFFG
/// (`node_nfs`, `node_saps`, `edge_sg_nexthops`, `edge_reqs`), see [`GraphForm::of`].
///
/// # Errors
/// The first fault found, with the field's path below the cursor's.
pub fn decode_service_graph(sg: &Cursor<'_>) -> Result<ServiceGraph, FieldError> {
    match GraphForm::of(sg)? {
        GraphForm::Draft => draft::decode(sg),
        GraphForm::Escape => escape::decode(sg),
    }
}
