//! Topology views as `ietf-network` JSON: networks, nodes, termination points and links of RFC 8345, with
//! the augmentations of `ietf-te-topology` (RFC 8795) and `ietf-l3-unicast-topology` (RFC 8346), as
//! controllers serve them at `/restconf/data/ietf-network:networks`. Members have their modules' names
//! before them as RFC 7951 §4 wants, or not.
//!
//! | member | becomes |
//! |---|---|
//! | `network` | a part of a domain |
//! | `.../node` | a router |
//! | `.../node/l3-node-attributes/prefix` | prefixes of the router's domain |
//! | `.../link` | a link from `source` to `destination`, one way (RFC 8345 §4.4.5), sorted by whether its ends share a domain |
//! | `.../te/te-link-attributes/performance-metrics-one-way/one-way-delay`, else `.../te-delay-metric` | its delay |
//! | `.../te-link-attributes`: available or residual bandwidth of the metrics, else `max-resv-link-bandwidth`, `max-link-bandwidth`, the least `unreserved-bandwidth` | its bandwidth |
//!
//! Everything else is ignored, `metric1` and `te-default-metric` too: they have no unit.
//!
//! **Which domain a network is.** Its `te-topology-identifier/provider-id` if that is not 0: a Global_ID
//! is an AS number (RFC 6370 §3). Else its `network-id` if that is an AS number in any spelling. Else
//! it is the exporter's; so are all networks whose names say nothing. A node's
//! `te-node-attributes/domain-id`, if it is not 0, is an AS number that is stronger than all of this;
//! but if these leave the exporter without any node, they count something else and are ignored.
//!
//! **What a router is called.** Its `te-node-id`, since BGP-LS and neighbours name it so; else its first
//! `router-id`; else its `node-id`. `0.0.0.0` is no name.
//!
//! **Layers.** The networks of a domain are one topology. Two nodes of a domain in different networks are
//! one router
//! * if one supports the other, is all that this one rests on in its network, and bears none but this one
//!   of its network (so neither an abstract node nor a virtual router is its underlay);
//! * or if they have the same `te-node-id` (without it, `router-id`);
//! * or if they have the same `node-id`, neither names a supporting node, and no two of their
//!   `te-node-id`s differ.
//!
//! It is called by the first name of the best kind. A link that names a supporting link between the same
//! two routers is that link: what it does not tell itself, it has from there.
//!
//! **Where a link ends.** At the router that `te-link-attributes/external-domain` names: the domain is
//! that of the network `network-ref`, which need not be told if its name is an AS number; without it, that
//! of the only other domain that has the `remote-te-node-id`. Else at `dest-node`, in the link's network,
//! or in another if only one router of the document is called so; `source-node` likewise. Else at the
//! only router of another domain with the `inter-domain-plug-id` of the link's `source-tp`.
//!
//! **Numbers.** Delays are in microseconds (RFC 8776, RFC 7471 §4.1). Bandwidths are in bytes per
//! second (RFC 3630 §2.5.6) and may be hexadecimal: `0x1p10` (RFC 8776 `te-bandwidth`).
//!
//! **netphony** serves something like it at `/restconf/data/networks/`: a bare `network` list, `networkId`
//! and `nodeId`, and no links at all. Such a view is [silent on links](TopologyView::silent_on_links).
//! There, a `networkId` is a domain by any name, except `multidomain`, which is none.
//!
//! **What is tolerated:** members that are absent or `null`; links that are down (left out); and each with
//! a [`Warning`](crate::Warning): links that do not lead from a router to another (left out),
//! nodes and links listed twice, delays, bandwidths and prefixes that are none (left out), prefixes with
//! host bits (masked off).
//!
//! **What is refused:** what is of other types, networks and nodes without an id, two networks with one
//! id, two nodes of a network that are one router, providers that are no AS.

mod attributes;
mod layers;
mod links;
mod member;
mod networks;

use std::collections::HashSet;

use crate::fault::Report;
use crate::gathered::Gathered;
use crate::json::Cursor;
use crate::{DomainId, TopologyView};

/// The most networks of a document.
pub const MAX_NETWORKS: usize = 10_000;

/// The most nodes of a document, in all its networks.
pub const MAX_NODES: usize = 100_000;

/// The most termination points of a document, at all its nodes.
pub const MAX_TERMINATION_POINTS: usize = 500_000;

/// The most links of a document, in all its networks.
pub const MAX_LINKS: usize = 200_000;

/// The most prefixes of a document, at all its nodes.
pub const MAX_PREFIXES: usize = 200_000;

/// Reads the view of a document that `domain` exports.
pub(crate) fn read(root: &Cursor<'_>, domain: &DomainId, report: &mut Report) -> TopologyView {
    let list = networks::list(root, report);
    let Some(list) = report.take(list) else {
        return TopologyView::default();
    };
    let told = networks::read(&list, domain, report);
    let routers = layers::routers(&told, report);

    let mut gathered = Gathered::default();
    let mut prefixes = HashSet::new();
    let mut nodes = told.nodes.iter().zip(&routers.of_nodes).peekable();
    for (at, network) in told.networks.iter().enumerate() {
        if network.is_named {
            gathered.domain(&network.domain);
        }
        while let Some((node, router)) = nodes.next_if(|(node, _)| node.network == at) {
            gathered.router(&router.domain, &router.router);
            let new = node.prefixes.iter();
            let new = new.filter(|prefix| prefixes.insert((&router.domain, **prefix)));
            if let Some(domain) = gathered.domain(&router.domain) {
                domain.prefixes.extend(new);
            }
        }
    }
    for link in links::read(&told, &routers, report) {
        gathered.link(link);
    }
    let mut view = gathered.finish();
    view.silent_on_links = told.knows_no_links();
    view
}
