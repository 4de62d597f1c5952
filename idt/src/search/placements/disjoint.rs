//! Alternatives that share nothing.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Disjoint, Effort, Placement, PlacementProblem, Placements, single};
use crate::net::{EdgeId, Net, Role};
use crate::search::budget::Budget;
use crate::search::distance::Distances;
use crate::search::space::Restriction;

/// The `k` best placements, as [`PlacementProblem::disjoint`] asks. Each is the best of the problem
/// in which what the earlier ones use is closed.
pub(in crate::search) fn solve(
    distances: &Distances,
    problem: &PlacementProblem,
    k: usize,
    budget: &mut Budget,
    effort: &mut Effort,
) -> Placements {
    let Some(kind) = problem.disjoint else {
        return single::solve(distances, problem, k, budget, effort);
    };
    let mut found = Placements::default();
    let mut rest = Cow::Borrowed(problem);
    // Placements that use nothing that could be closed: they come again.
    let mut free = 0;
    while found.placements.len() < k {
        let next = single::solve(distances, &rest, free + 1, budget, effort);
        let known = |placement: &&Placement| !found.placements.contains(placement);
        let Some(at) = next
            .placements
            .iter()
            .position(|placement| known(&placement))
        else {
            found.cut |= next.cut;
            break;
        };
        let Some(placement) = next.placements.into_iter().nth(at) else {
            break;
        };
        let restriction = &mut rest.to_mut().restriction;
        if !close(distances.net(), problem, kind, &placement, restriction) {
            free += 1;
        }
        let proven = at < next.proven && found.proven == found.placements.len();
        found.proven += usize::from(proven);
        found.placements.push(placement);
        // What follows an answer that is not proven would not be the best either.
        if next.cut || !proven {
            found.cut = true;
            break;
        }
    }
    found
}

/// Closes what a placement uses; false if that is nothing.
fn close(
    net: &Net,
    problem: &PlacementProblem,
    kind: Disjoint,
    placement: &Placement,
    restriction: &mut Restriction,
) -> bool {
    match kind {
        Disjoint::Domains => {
            let mut used = domains(placement);
            for node in &problem.nodes {
                if let Some(only) = only_host(problem, node, net) {
                    used.remove(&only);
                }
            }
            let closed = &mut restriction.closed_domains;
            let before = closed.len();
            closed.extend(used);
            closed.len() > before
        }
        Disjoint::Links | Disjoint::Srlg => {
            let mut links = BTreeSet::new();
            for edge in placement.edges.iter().flatten() {
                if is_link(net, *edge) {
                    links.insert(*edge);
                    links.extend(reverse(net, *edge));
                }
            }
            if kind == Disjoint::Srlg {
                let groups: BTreeSet<u32> = links
                    .iter()
                    .filter_map(|edge| problem.risk_groups.get(edge))
                    .flatten()
                    .copied()
                    .collect();
                let at_risk = problem
                    .risk_groups
                    .iter()
                    .filter(|(_, of)| !of.is_disjoint(&groups))
                    .map(|(edge, _)| *edge)
                    .filter(|edge| is_link(net, *edge));
                for edge in at_risk {
                    links.insert(edge);
                    links.extend(reverse(net, edge));
                }
            }
            let any = !links.is_empty();
            restriction.closed_edges.extend(links);
            any
        }
    }
}

/// The domains that a placement uses: hosts, and those that routes pass.
fn domains(placement: &Placement) -> BTreeSet<u32> {
    let segments = placement.segments.iter().flat_map(|segment| segment.iter());
    let all = placement.hosts.iter().chain(segments);
    all.map(|domain| domain.as_usize() as u32).collect()
}

/// The one domain that can host a node at all.
fn only_host(problem: &PlacementProblem, node: &super::PlacementNode, net: &Net) -> Option<u32> {
    let closed = &problem.restriction.closed_domains;
    let hosts = node.hosts.iter().filter(|host| {
        let domain = host.as_usize();
        domain < net.domains()
            && !closed.contains(&(domain as u32))
            && !node.forbidden.contains(host)
            && node
                .allowed
                .as_ref()
                .is_none_or(|allowed| allowed.contains(host))
    });
    let hosts: BTreeSet<u32> = hosts.map(|host| host.as_usize() as u32).collect();
    match hosts.len() {
        1 => hosts.first().copied(),
        _ => None,
    }
}

/// Whether the net has such an edge, and it crosses a border.
fn is_link(net: &Net, edge: EdgeId) -> bool {
    let nth = edge.nth as usize;
    (edge.from as usize) < net.len()
        && nth < net.row(edge.from).len()
        && net.row(edge.from).role(nth) != Role::Within
}

/// The edge back: of the edges there and back between two points, those at the same position are one
/// link.
fn reverse(net: &Net, edge: EdgeId) -> Option<EdgeId> {
    let row = net.row(edge.from);
    let to = *row.to.get(edge.nth as usize)?;
    let nth = edge.nth as usize - row.edges_to(to).start;
    let back = net.row(to).edges_to(edge.from);
    (nth < back.len()).then(|| EdgeId {
        from: to,
        nth: (back.start + nth) as u32,
    })
}
