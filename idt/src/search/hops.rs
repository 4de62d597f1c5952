//! Hop distances by breadth-first search.

use super::budget::{Budget, Spent};
use crate::{DomainGraph, DomainIndex};

/// No path, or none known yet.
pub(super) const FAR: u32 = u32::MAX;

/// Fills `hops` with the number of borders between each domain and `target`. Domains whose entry is
/// not [`FAR`] at the start are in the way: no path leads through them and their entry stays.
///
/// Ends early once `done`, asked for every domain that is reached, says so. All domains nearer to
/// `target` than the last one reached have their distance then. A step is an adjacency looked at.
pub(super) fn hops_to(
    graph: &DomainGraph,
    target: DomainIndex,
    hops: &mut [u32],
    queue: &mut Vec<DomainIndex>,
    budget: &mut Budget,
    mut done: impl FnMut(DomainIndex) -> bool,
) -> Result<(), Spent> {
    hops[target.as_usize()] = 0;
    queue.clear();
    queue.push(target);
    let mut end = done(target);
    let mut head = 0;
    while let Some(&domain) = queue.get(head)
        && !end
    {
        head += 1;
        let next = hops[domain.as_usize()] + 1;
        let neighbours = graph.targets(domain);
        budget.spend(neighbours.len())?;
        for &neighbour in neighbours {
            let entry = &mut hops[neighbour.as_usize()];
            if *entry == FAR {
                *entry = next;
                queue.push(neighbour);
                end |= done(neighbour);
            }
        }
    }
    Ok(())
}

/// The path from `source` down `hops`, which leads to the target of [`hops_to`]: the first in the
/// order of names among those with the fewest domains. `None` if `source` is [`FAR`].
pub(super) fn descend<T: FromIterator<DomainIndex>>(
    graph: &DomainGraph,
    source: DomainIndex,
    hops: &[u32],
) -> Option<T> {
    let left = hops[source.as_usize()];
    if left == FAR {
        return None;
    }
    let mut at = source;
    let rest = (0..left).rev().map(|left| {
        let nearer = graph
            .targets(at)
            .iter()
            .find(|next| hops[next.as_usize()] == left);
        at = *nearer.unwrap_or(&at);
        at
    });
    Some(std::iter::once(source).chain(rest).collect())
}
