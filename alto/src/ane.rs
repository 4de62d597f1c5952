//! Abstract network elements that last (RFC 9275 §6.2.4): their names, which stay from one version to the next.
//!
//! There is one for each direction of each link between domains ([`link_name`]). A client asks for what it
//! wants to know of one in the property map that defines them, [`RESOURCE`](crate::uri::id::ANE_PROPERTIES).

use idt::DomainGraph;
use idt::net::EdgeId;

/// How many characters a PID name has at most (RFC 7285 §10.1); an ANE name is written alike (RFC 9275 §6.1).
const MOST: usize = 64;

/// The name of a link in the direction of an edge of the graph's own net ([`DomainGraph::net`]); `None` if
/// the net has no such edge.
///
/// It is `AS1:AS2:` and twelve hexadecimal digits that stand for the routers at the ends. What changes of a
/// link is not in it: a link keeps its name while the domains and the routers that it joins keep theirs,
/// whatever other links come and go. Only parallel links between the same two routers are told apart by
/// their order, as nothing in what members tell says which is which. Where the domains' names are too long
/// for that, it is `@` and 48 hexadecimal digits. No two links have one name, and no domain has one of
/// theirs: a [`DomainId`](nffg::DomainId) has neither `:` nor `@`.
#[must_use]
pub fn link_name(graph: &DomainGraph, edge: EdgeId) -> Option<String> {
    let from = graph.index_of(edge.from)?;
    let row = graph.net().row(edge.from);
    let to = graph.index_of(*row.to.get(edge.nth as usize)?)?;
    let link = graph.link(edge)?;
    // Parallel links are sorted by their routers first.
    let parallel = row.edges_to(*row.to.get(edge.nth as usize)?);
    let links = graph.adjacency(from, to)?.links;
    let before = links.iter().take(edge.nth as usize - parallel.start);
    let alike = before.filter(|other| other.local == link.local && other.remote == link.remote);

    let (from, to) = (graph.id(from).as_str(), graph.id(to).as_str());
    let mut hasher = blake3::Hasher::new();
    let ends = [&link.local, &link.remote];
    let told = ends.map(|router| router.as_ref().map(nffg::RouterId::as_str));
    // No router's name is empty.
    for router in told {
        let text = router.unwrap_or_default();
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&(alike.count() as u64).to_le_bytes());
    let digits = hasher.finalize().to_hex();
    let name = format!("{from}:{to}:{}", &digits[..12]);
    if name.len() <= MOST {
        return Some(name);
    }
    hasher.update(from.as_bytes());
    hasher.update(b":");
    hasher.update(to.as_bytes());
    Some(format!("@{}", &hasher.finalize().to_hex()[..48]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use idt::{DomainTopology, InterLink, Ted, TopologyParts, Update};
    use nffg::RouterRef;

    use super::*;

    /// Links from a domain to others, each by its neighbour, its routers and its delay in microseconds.
    fn topology(domain: &str, links: &[(&str, &str, &str, u64)]) -> Update {
        let link = |(to, local, remote, micros): &(&str, &str, &str, u64)| InterLink {
            router: local.parse().unwrap(),
            remote: RouterRef {
                domain: to.parse().unwrap(),
                router: remote.parse().unwrap(),
            },
            delay: Some(nffg::Delay::from_nanos(micros * 1000)),
            bandwidth: None,
            srlgs: nffg::Srlgs::default(),
            performance: nffg::Performance::default(),
        };
        let parts = TopologyParts {
            inter_links: links.iter().map(link).collect(),
            ..TopologyParts::default()
        };
        Update::Topology(DomainTopology::new(domain.parse().unwrap(), parts))
    }

    fn names(ted: &Ted) -> Vec<String> {
        let snapshot = ted.snapshot();
        let graph = snapshot.graph();
        let edges = (0..graph.len() as u32).flat_map(|from| {
            let edges = graph.net().row(from).len() as u32;
            (0..edges).map(move |nth| EdgeId { from, nth })
        });
        edges.map(|edge| link_name(graph, edge).unwrap()).collect()
    }

    #[test]
    fn rfc9275_6_2_4_a_link_keeps_its_name() {
        let mut ted = Ted::new();
        ted.apply([
            topology("AS1", &[("AS2", "a", "b", 5), ("AS2", "c", "d", 7)]),
            topology("AS2", &[("AS1", "b", "a", 5), ("AS1", "d", "c", 7)]),
        ]);
        let before = names(&ted);
        assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), 4);
        assert!(before[0].starts_with("AS1:AS2:") && before[2].starts_with("AS2:AS1:"));
        // Others come, in every place, and what a link is like changes.
        ted.apply([
            topology("A", &[("AS1", "z", "a", 1)]),
            topology(
                "AS1",
                &[
                    ("A", "a", "z", 1),
                    ("AS2", "a", "a", 1),
                    ("AS2", "a", "b", 9),
                    ("AS2", "c", "d", 7),
                ],
            ),
            topology(
                "AS2",
                &[
                    ("AS1", "a", "a", 1),
                    ("AS1", "b", "a", 9),
                    ("AS1", "d", "c", 7),
                ],
            ),
        ]);
        let after = names(&ted);
        assert_eq!(after.iter().collect::<BTreeSet<_>>().len(), 8);
        assert!(before.iter().all(|name| after.contains(name)), "{after:?}");
    }

    #[test]
    fn rfc9275_6_1_every_name_is_a_pid_name_and_another() {
        let long = "x".repeat(64);
        let mut ted = Ted::new();
        // The same two routers twice.
        let there = [("AS2", "r.1", "b", 1), ("AS2", "r.1", "b", 2)];
        let back = [("AS1", "b", "r.1", 1), ("AS1", "b", "r.1", 2)];
        let far = [(long.as_str(), "r", "s", 1)];
        let near = [("AS1", "s", "r", 1)];
        ted.apply([
            topology("AS1", &[&there[..], &far[..]].concat()),
            topology("AS2", &back),
            topology(&long, &near),
        ]);
        let names = names(&ted);
        assert_eq!(names.len(), 6);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 6, "{names:?}");
        for name in &names {
            let legal = |b: u8| b.is_ascii_alphanumeric() || b"-:@_".contains(&b);
            assert!(name.len() <= 64 && name.bytes().all(legal), "{name}");
        }
        assert_eq!(names.iter().filter(|name| name.starts_with('@')).count(), 2);
    }
}
