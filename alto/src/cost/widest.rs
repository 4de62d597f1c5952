//! The widest paths of a net: those whose narrowest link is the widest there is. Links that tell no
//! bandwidth are not used.
//!
//! | the net | means | a pair costs |
//! |---|---|---|
//! | every link is as wide as its reverse | a forest of widest links, made once (Kruskal 1956; Hu 1961) | the logarithm of the number of domains |
//! | otherwise | a search from the source to all that is asked for (Pollack 1960) | its share of the links |

use std::sync::Arc;

use idt::net::{Net, Row, UNLIMITED};
use idt::search::{Budget, Spent};

use super::best::Space;
use super::measure::NONE;

/// What answers for one net.
pub(crate) enum Widest {
    Forest(Forest),
    Searches(Arc<Net>),
}

impl Widest {
    /// A step is a link looked at.
    pub(crate) fn build(net: &Arc<Net>, budget: &mut Budget) -> Result<Self, Spent> {
        if !net.is_symmetric() {
            return Ok(Self::Searches(Arc::clone(net)));
        }
        budget.spend(net.edges())?;
        Ok(Self::Forest(Forest::build(net)))
    }

    /// The widths of the widest paths from `source` to each of `to`, in bits per second, [`NONE`] where
    /// there is no path. From a point to itself there is none: it crosses no link.
    pub(crate) fn row(
        &self,
        source: u32,
        to: &[u32],
        space: &mut Space<u64>,
        budget: &mut Budget,
        row: &mut Vec<u64>,
    ) -> Result<(), Spent> {
        match self {
            Self::Forest(forest) => {
                budget.spend(to.len())?;
                row.extend(to.iter().map(|to| forest.width(source, *to)));
            }
            Self::Searches(net) => {
                let through = |width: u64, row: &Row<'_>, nth: usize| {
                    let bandwidth = *row.bandwidth.get(nth)?;
                    (bandwidth != UNLIMITED).then(|| width.min(bandwidth))
                };
                space.search(net, (source, UNLIMITED), to, through, budget)?;
                let width = |to: &u32| space.label(*to).filter(|_| *to != source);
                row.extend(to.iter().map(|to| width(to).unwrap_or(NONE)));
            }
        }
        Ok(())
    }
}

/// Sets of points that are joined by links of some width and more, each a tree. A tree is joined to a
/// larger one, so that none is deeper than the logarithm of its size.
pub(crate) struct Forest {
    /// Of each point the one above it; itself at the top.
    above: Vec<u32>,
    /// When it was joined to that: links are taken from the widest to the narrowest. At the top it
    /// never was.
    joined: Vec<u32>,
    /// The width of the link at that time.
    width: Vec<u64>,
}

const NEVER: u32 = u32::MAX;

impl Forest {
    fn build(net: &Net) -> Self {
        // The net numbers its points by `u32`.
        let points = net.len() as u32;
        let mut links: Vec<(u64, u32, u32)> = Vec::with_capacity(net.edges() / 2);
        for from in 0..points {
            let row = net.row(from);
            let told = row.to.iter().zip(row.bandwidth);
            let told = told.filter(|(to, bandwidth)| **to > from && **bandwidth != UNLIMITED);
            links.extend(told.map(|(to, bandwidth)| (*bandwidth, from, *to)));
        }
        links.sort_unstable_by(|a, b| b.cmp(a));
        let mut forest = Self {
            above: (0..points).collect(),
            joined: vec![NEVER; net.len()],
            width: vec![0; net.len()],
        };
        let mut size = vec![1_u32; net.len()];
        for (time, (width, a, b)) in (0_u32..).zip(links) {
            let (a, b) = (forest.top(a), forest.top(b));
            if a == b {
                continue;
            }
            let (small, large) = if size[a as usize] < size[b as usize] {
                (a, b)
            } else {
                (b, a)
            };
            size[large as usize] += size[small as usize];
            let small = small as usize;
            forest.above[small] = large;
            forest.joined[small] = time;
            forest.width[small] = width;
        }
        forest
    }

    fn top(&self, mut point: u32) -> u32 {
        while self.joined[point as usize] != NEVER {
            point = self.above[point as usize];
        }
        point
    }

    /// The two were joined by the last of the links that lead from either to where they meet.
    fn width(&self, mut a: u32, mut b: u32) -> u64 {
        let mut width = NONE;
        while a != b {
            let (time_a, time_b) = (self.joined[a as usize], self.joined[b as usize]);
            if time_a == time_b {
                // Both are at the top: no two others were joined at one time.
                return NONE;
            }
            let first = if time_a < time_b { &mut a } else { &mut b };
            width = self.width[*first as usize];
            *first = self.above[*first as usize];
        }
        width
    }
}

#[cfg(test)]
mod tests {
    use idt::net::{Edge, NetBuilder, Role};
    use proptest::prelude::*;

    use super::*;

    type Link = (u32, u32, Option<u64>);

    fn net(links: &[Link], both: bool) -> Arc<Net> {
        let mut builder = NetBuilder::new(6);
        for (from, to, bandwidth) in links {
            let edge = |to| Edge {
                to,
                delay: 0,
                price: 0,
                bandwidth: bandwidth.unwrap_or(UNLIMITED),
                role: Role::Unknown,
            };
            builder.edge(*from, edge(*to));
            if both {
                builder.edge(*to, edge(*from));
            }
        }
        Arc::new(builder.build())
    }

    /// The widest of all paths, by trying widths.
    fn by_hand(links: &[Link], both: bool, from: u32, to: u32) -> u64 {
        let mut widths: Vec<u64> = links.iter().filter_map(|link| link.2).collect();
        widths.sort_unstable_by(|a, b| b.cmp(a));
        let reaches = |least: u64| {
            let mut seen = vec![from];
            let mut at = 0;
            while let Some(point) = seen.get(at).copied() {
                at += 1;
                for (a, b, width) in links {
                    let wide = width.is_some_and(|width| width >= least);
                    let ways = [(*a, *b), (*b, *a)];
                    for (start, end) in &ways[..if both { 2 } else { 1 }] {
                        if wide && *start == point && !seen.contains(end) {
                            seen.push(*end);
                        }
                    }
                }
            }
            seen.contains(&to)
        };
        if from == to {
            return NONE;
        }
        widths
            .into_iter()
            .find(|width| reaches(*width))
            .unwrap_or(NONE)
    }

    proptest! {
        #[test]
        fn widths_are_those_of_a_search_by_hand(
            links in prop::collection::vec((0_u32..6, 0_u32..6, prop::option::weighted(0.8, 0_u64..5)), 0..14),
            both in any::<bool>(),
        ) {
            let links: Vec<Link> = links.into_iter().filter(|(a, b, _)| a != b).collect();
            let net = net(&links, both);
            let all: Vec<u32> = (0..6).collect();
            let widest = Widest::build(&net, &mut Budget::unlimited()).unwrap();
            prop_assert!(!both || matches!(widest, Widest::Forest(_)));
            let mut space = Space::default();
            for from in 0..6 {
                let mut row = Vec::new();
                widest.row(from, &all, &mut space, &mut Budget::unlimited(), &mut row).unwrap();
                let expected: Vec<u64> = all.iter().map(|to| by_hand(&links, both, from, *to)).collect();
                prop_assert_eq!(row, expected);
                for to in 0..6 {
                    let mut one = Vec::new();
                    widest.row(from, &[to], &mut space, &mut Budget::unlimited(), &mut one).unwrap();
                    prop_assert_eq!(one, vec![by_hand(&links, both, from, to)]);
                }
            }
        }
    }
}
