//! Ports of nodes and of SAPs, before it is known what is joined to what.

use std::collections::HashMap;

use crate::{Bandwidth, Delay, Port, PortId, PortKind, SapId};

/// What a port says of itself, be it a node's or a SAP's.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) name: Option<String>,
    /// The `sap`, where told.
    pub(super) tag: Option<SapId>,
    /// Where the port is, if its `property` says that it is inter-domain.
    pub(super) marked: Option<String>,
    pub(super) delay: Option<Delay>,
    pub(super) bandwidth: Option<Bandwidth>,
}

/// A port of a node.
#[derive(Debug)]
pub(super) struct NodePort {
    pub(super) id: PortId,
    pub(super) told: Told,
    /// The SAP that is joined to it and the port of that.
    pub(super) sap: Option<(usize, Option<usize>)>,
    /// An NF is joined to it.
    pub(super) of_nf: bool,
}

/// A SAP.
#[derive(Debug)]
pub(super) struct Sap {
    pub(super) id: SapId,
    /// Where it is.
    pub(super) path: String,
    pub(super) ports: Vec<Told>,
    pub(super) by_id: HashMap<PortId, usize>,
    /// It is joined to a port.
    pub(super) is_used: bool,
}

impl Sap {
    /// Its port of this id; one that has no other needs no right id.
    pub(super) fn port(&self, id: Option<&PortId>) -> Option<usize> {
        let found = id.and_then(|id| self.by_id.get(id).copied());
        found.or_else(|| (self.ports.len() == 1).then_some(0))
    }
}

impl NodePort {
    /// The port as the view has it, and the port's place if it is marked as a border of which nobody says
    /// which.
    pub(super) fn finish(self, saps: &[Sap]) -> (Port, Option<String>) {
        let sap = self.sap.and_then(|(sap, port)| {
            let sap = saps.get(sap)?;
            Some((sap, port.and_then(|port| sap.ports.get(port))))
        });
        let behind = sap.and_then(|(_, port)| port);
        let id = sap.map(|(sap, _)| &sap.id);
        let tag = self.told.tag.as_ref();
        let tag = tag.or_else(|| behind?.tag.as_ref());
        let marked = self.told.marked.clone();
        let marked = marked.or_else(|| behind?.marked.clone());
        let (kind, lost) = match (tag, id, marked) {
            (Some(tag), _, _) => (PortKind::InterDomain(tag.clone()), None),
            (None, Some(id), Some(_)) => (PortKind::InterDomain(id.clone()), None),
            (None, Some(id), None) => (PortKind::Sap(id.clone()), None),
            (None, None, marked) => (PortKind::Internal, marked),
        };
        let name = self.told.name.or_else(|| behind?.name.clone());
        let port = Port {
            id: self.id,
            name: name.or_else(|| id.map(ToString::to_string)),
            kind,
            delay: self.told.delay.or_else(|| behind?.delay),
            bandwidth: self.told.bandwidth.or_else(|| behind?.bandwidth),
        };
        (port, lost)
    }
}
