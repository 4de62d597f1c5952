//! What the links join: nodes to each other, SAPs and NFs to ports of nodes.

use super::ports::NodePort;
use super::reader::{Place, Reader, text};
use crate::json::{Cursor, cut};
use crate::list::Read;
use crate::number::{self, BARE_BANDWIDTH, BARE_DELAY};
use crate::{PortId, ViewLink, ViewPortRef};

/// An end of a link.
struct End {
    place: Place,
    port: Option<PortId>,
}

impl Reader<'_> {
    pub(super) fn link(&mut self, link: &Cursor<'_>) -> Read<()> {
        let Some(src) = self.end(link, "src_node", "src_port")? else {
            return Ok(());
        };
        let Some(dst) = self.end(link, "dst_node", "dst_port")? else {
            return Ok(());
        };
        match (src.place, dst.place) {
            (Place::Node(from), Place::Node(to)) => {
                let (Some(src), Some(dst)) =
                    (self.port(link, from, &src), self.port(link, to, &dst))
                else {
                    return Ok(());
                };
                if src == dst {
                    self.warn(link, || {
                        "the link ends where it starts; it is left out".to_owned()
                    });
                    return Ok(());
                }
                let id = link.present("id")?.map(|id| text(&id)).transpose()?;
                let delay = self.or_warn(number::delay(link, "delay", BARE_DELAY));
                let bandwidth = number::bandwidth(link, "bandwidth", BARE_BANDWIDTH);
                let bandwidth = self.or_warn(bandwidth);
                self.view.links.push(ViewLink {
                    id,
                    src,
                    dst,
                    delay,
                    bandwidth,
                });
            }
            (Place::Node(node), Place::Sap(sap)) => self.join_sap(link, node, &src, sap, &dst),
            (Place::Sap(sap), Place::Node(node)) => self.join_sap(link, node, &dst, sap, &src),
            (Place::Node(node), Place::Nf(nf)) => self.join_nf(node, &src, nf),
            (Place::Nf(nf), Place::Node(node)) => self.join_nf(node, &dst, nf),
            _ => self.warn(link, || {
                "the link joins no node of this view; it is left out".to_owned()
            }),
        }
        Ok(())
    }

    /// `None` with a warning if the link names nothing that is there.
    fn end<'a>(&mut self, link: &Cursor<'a>, node: &'a str, port: &'a str) -> Read<Option<End>> {
        let Some(member) = link.present(node)? else {
            self.warn(link, || format!("the link has no {node}; it is left out"));
            return Ok(None);
        };
        let id = text(&member)?;
        let port = link.present(port)?.map(|port| text(&port)).transpose()?;
        let place = self.index.get(id.trim()).copied();
        if place.is_none() {
            self.warn(&member, || {
                format!("'{}' is no node, SAP or NF; the link is left out", cut(&id))
            });
        }
        let port = port.and_then(|port| port.parse().ok());
        Ok(place.map(|place| End { place, port }))
    }

    /// The port of a node that a link ends at, or a warning.
    fn port(&mut self, link: &Cursor<'_>, node: usize, end: &End) -> Option<ViewPortRef> {
        let found = self.node_port(node, end).map(|port| port.id.clone());
        let id = self.nodes.get(node)?.node.id.clone();
        match found {
            Some(port) => Some(ViewPortRef { node: id, port }),
            None => {
                let named = end.port.as_ref().map_or("no port", AsRef::as_ref);
                self.warn(link, || {
                    format!("'{named}' is no port of the node {id}; the link is left out")
                });
                None
            }
        }
    }

    fn node_port(&mut self, node: usize, end: &End) -> Option<&mut NodePort> {
        let node = self.nodes.get_mut(node)?;
        let index = *node.by_id.get(end.port.as_ref()?)?;
        node.ports.get_mut(index)
    }

    fn join_sap(&mut self, link: &Cursor<'_>, node: usize, at: &End, sap: usize, end: &End) {
        if self.port(link, node, at).is_none() {
            return;
        }
        let Some(of) = self.saps.get_mut(sap) else {
            return;
        };
        of.is_used = true;
        let sap_port = of.port(end.port.as_ref());
        let Some(port) = self.node_port(node, at) else {
            return;
        };
        match port.sap {
            None => port.sap = Some((sap, sap_port)),
            Some((first, _)) if first == sap => {}
            Some(_) => self.warn(link, || {
                "another SAP is at the port before; the link is left out".to_owned()
            }),
        }
    }

    fn join_nf(&mut self, node: usize, at: &End, nf: usize) {
        if let Some(port) = self.node_port(node, at) {
            port.of_nf = true;
        }
        let running = self.nfs.get_mut(nf).and_then(Option::take);
        if let Some(node) = self.nodes.get_mut(node) {
            node.node.running.extend(running);
        }
    }
}
