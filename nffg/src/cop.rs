//! Topology views as the Control Orchestration Protocol (COP) of netphony: what its
//! `GET /restconf/data/topologies/` returns.
//!
//! | member | becomes |
//! |---|---|
//! | `topology` | a domain each; `topologyId` is the domain in any spelling |
//! | `.../nodes` | routers: `nodeId`, of the domain `domain` (without it, the topology's) |
//! | `.../edges` | links from `source` to `target`, one way, sorted by whether their ends share a domain |
//! | `.../edges/maxResvBw`, else `.../edges/unreservBw` | the link's bandwidth |
//!
//! The topology with the id `multidomain` is no domain: it has the links between domains. A topology
//! without an id is the exporter's. Several topologies of one domain are one. Everything else is ignored:
//! `edgeId` is the same for all edges between domains, `metric` has no unit, and COP tells no delay, no
//! prefix and no entry point.
//!
//! **Numbers.** The exporter copies its traffic engineering database out as it is, so a bare bandwidth is
//! in bytes per second (RFC 3630 §2.5.6), as in [`crate::unify`].
//!
//! **What is tolerated:** members that are absent or `null`; names as Java prints them (`/0.0.0.121`,
//! `host/172.16.1.1`); edges to routers and domains that are not listed, which are there then; and each
//! with a [`Warning`](crate::Warning): routers listed twice, edges that end where they start (left out),
//! bandwidths that are no numbers (left out).
//!
//! **What is refused:** what is of other types, topologies and ends of edges without a domain, nodes and
//! ends of edges without `nodeId`.

use crate::fault::Report;
use crate::gathered::Gathered;
use crate::json::Cursor;
use crate::list::{Element, Read, id, id_text, objects, or_warn, plain, warn};
use crate::{Bandwidth, DomainId, Performance, RouterLink, RouterRef, Srlgs, TopologyView, number};

/// The most topologies of a document.
pub const MAX_TOPOLOGIES: usize = 10_000;

/// The most nodes of a document, in all its topologies.
pub const MAX_NODES: usize = 100_000;

/// The most edges of a document, in all its topologies.
pub const MAX_EDGES: usize = 200_000;

/// The pseudo topology that has the links between domains, and is no domain.
pub(crate) const MULTIDOMAIN: &str = "multidomain";

/// A bare bandwidth: RFC 3630 §2.5.6 counts bytes per second.
const BARE_BANDWIDTH: f64 = 8.0;

/// Reads the view of a document that `domain` exports.
pub(crate) fn read(root: &Cursor<'_>, domain: &DomainId, report: &mut Report) -> TopologyView {
    let mut reader = Reader {
        report,
        exporter: domain,
        gathered: Gathered::default(),
        node_count: 0,
        edge_count: 0,
    };
    let read = reader.document(root);
    reader.report.take(read);
    reader.gathered.finish()
}

struct Reader<'r> {
    report: &'r mut Report,
    exporter: &'r DomainId,
    gathered: Gathered,
    node_count: usize,
    edge_count: usize,
}

impl Reader<'_> {
    fn document(&mut self, root: &Cursor<'_>) -> Read<()> {
        let list = root.required("topology")?;
        let topologies = objects(self.report, &list, MAX_TOPOLOGIES)?;
        let mut domains = Vec::with_capacity(topologies.len());
        for topology in topologies.iter().map(Element::cursor) {
            let domain = self.topology_domain(&topology);
            let domain = self.report.take(domain).flatten();
            if let Some(domain) = &domain {
                self.gathered.domain(domain);
            }
            let read = self.nodes(&topology, domain.as_ref());
            self.report.take(read);
            domains.push(domain);
        }
        for (topology, domain) in topologies.iter().zip(&domains) {
            let read = self.edges(&topology.cursor(), domain.as_ref());
            self.report.take(read);
        }
        Ok(())
    }

    /// The domain that a topology is; `None` for the one that has the links between domains.
    fn topology_domain(&self, topology: &Cursor<'_>) -> Read<Option<DomainId>> {
        let Some(member) = topology.present("topologyId")? else {
            return Ok(Some(self.exporter.clone()));
        };
        match plain(&id_text(&member)?) {
            MULTIDOMAIN => Ok(None),
            text => id(&member, text).map(Some),
        }
    }

    fn nodes(&mut self, topology: &Cursor<'_>, domain: Option<&DomainId>) -> Read<()> {
        let Some(list) = topology.present("nodes")? else {
            return Ok(());
        };
        let nodes = objects(
            self.report,
            &list,
            MAX_NODES.saturating_sub(self.node_count),
        )?;
        self.node_count += nodes.len();
        for node in nodes.iter().map(Element::cursor) {
            let router = router(&node, domain);
            if let Some(RouterRef { domain, router }) = self.report.take(router)
                && !self.gathered.router(&domain, &router)
            {
                let text = || format!("the router {router} of {domain} is listed before");
                warn(self.report, &node, text);
            }
        }
        Ok(())
    }

    fn edges(&mut self, topology: &Cursor<'_>, domain: Option<&DomainId>) -> Read<()> {
        let Some(list) = topology.present("edges")? else {
            return Ok(());
        };
        let edges = objects(
            self.report,
            &list,
            MAX_EDGES.saturating_sub(self.edge_count),
        )?;
        self.edge_count += edges.len();
        for edge in edges.iter().map(Element::cursor) {
            let end = |name| edge.required(name).and_then(|end| router(&end, domain));
            // Both ends are read even if one is wrong, to tell all faults.
            let (src, dst) = (
                self.report.take(end("source")),
                self.report.take(end("target")),
            );
            let (Some(src), Some(dst)) = (src, dst) else {
                continue;
            };
            if src == dst {
                warn(self.report, &edge, || {
                    "the edge ends where it starts; it is left out".to_owned()
                });
                continue;
            }
            let bandwidth = self.bandwidth(&edge);
            self.gathered.link(RouterLink {
                src,
                dst,
                delay: None,
                bandwidth,
                srlgs: Srlgs::default(),
                performance: Performance::default(),
            });
        }
        Ok(())
    }

    /// What can be reserved, as of BGP-LS, else what is not reserved.
    fn bandwidth(&mut self, edge: &Cursor<'_>) -> Option<Bandwidth> {
        ["maxResvBw", "unreservBw"].into_iter().find_map(|name| {
            let read = number::bandwidth(edge, name, BARE_BANDWIDTH);
            or_warn(self.report, read)
        })
    }
}

/// The router that a node, or an end of an edge, is.
fn router(node: &Cursor<'_>, topology: Option<&DomainId>) -> Read<RouterRef> {
    let domain = match (node.present("domain")?, topology) {
        (None, Some(domain)) => domain.clone(),
        _ => {
            let member = node.required("domain")?;
            id(&member, plain(&id_text(&member)?))?
        }
    };
    let member = node.required("nodeId")?;
    let router = id(&member, plain(&id_text(&member)?))?;
    Ok(RouterRef { domain, router })
}
