//! Federations for tests, and the brute force over them: adjacency matrices of domains by position.

use std::sync::Arc;

use idt::{BorderLink, DomainGraph, DomainIndex, Snapshot, Ted, Update};
use nffg::DomainId;
use proptest::prelude::*;

/// A federation whose domains are joined by borders alone.
#[derive(Clone, Debug)]
pub(crate) struct Federation {
    snapshot: Arc<Snapshot>,
    pub(crate) adjacent: Vec<Vec<bool>>,
}

/// Names whose order is not that of their numbers: the domain at a position is the one that sorts
/// there.
pub(crate) fn names(len: usize) -> Vec<DomainId> {
    let mut names: Vec<DomainId> = (1..=len)
        .map(|n| format!("AS{}", n * 7 % 1009).parse().expect("a valid id"))
        .collect();
    names.sort();
    names
}

impl Federation {
    /// `len` domains joined as `borders` says, by positions; repeated ones are parallel links.
    pub(crate) fn new(len: usize, borders: &[(usize, usize)]) -> Self {
        let names = names(len);
        let mut adjacent = vec![vec![false; len]; len];
        let mut links = Vec::new();
        for &(a, b) in borders {
            adjacent[a][b] |= a != b;
            adjacent[b][a] |= a != b;
            let (a, b) = (names[a].clone(), names[b].clone());
            links.push(BorderLink {
                a,
                b,
                delay: None,
                bandwidth: None,
            });
        }
        let mut ted = Ted::new();
        ted.apply(
            names
                .iter()
                .cloned()
                .map(Update::Join)
                .chain([Update::Borders(links)]),
        );
        let snapshot = ted.snapshot();
        for (position, name) in names.iter().enumerate() {
            let index = snapshot.graph().index(name).expect("every domain joined");
            assert_eq!(
                index.as_usize(),
                position,
                "the order of indexes is that of names"
            );
        }
        Self { snapshot, adjacent }
    }

    pub(crate) fn graph(&self) -> &DomainGraph {
        self.snapshot.graph()
    }

    pub(crate) fn len(&self) -> usize {
        self.adjacent.len()
    }

    /// The domains at these positions.
    pub(crate) fn at(&self, positions: &[usize]) -> Vec<DomainIndex> {
        let all: Vec<DomainIndex> = self.graph().indices().collect();
        positions.iter().map(|position| all[*position]).collect()
    }

    /// Every simple path from `src` to `dst`, by length, then by names.
    pub(crate) fn simple_paths(&self, src: usize, dst: usize) -> Vec<Vec<usize>> {
        fn go(
            federation: &Federation,
            path: &mut Vec<usize>,
            dst: usize,
            found: &mut Vec<Vec<usize>>,
        ) {
            let last = path[path.len() - 1];
            if last == dst {
                found.push(path.clone());
                return;
            }
            for next in 0..federation.len() {
                if federation.adjacent[last][next] && !path.contains(&next) {
                    path.push(next);
                    go(federation, path, dst, found);
                    path.pop();
                }
            }
        }
        let mut found = Vec::new();
        go(self, &mut vec![src], dst, &mut found);
        found.sort_by_key(|path| (path.len(), path.clone()));
        found
    }

    /// Floyd and Warshall: the hops between all domains.
    pub(crate) fn distances(&self) -> Vec<Vec<Option<u64>>> {
        let len = self.len();
        let direct = |a: usize, b: usize| match a == b {
            true => Some(0),
            false => self.adjacent[a][b].then_some(1),
        };
        let row = |a| (0..len).map(|b| direct(a, b)).collect();
        let mut hops: Vec<Vec<Option<u64>>> = (0..len).map(row).collect();
        for via in 0..len {
            for a in 0..len {
                for b in 0..len {
                    if let (Some(first), Some(second)) = (hops[a][via], hops[via][b]) {
                        let sum = first + second;
                        hops[a][b] = Some(hops[a][b].map_or(sum, |known| known.min(sum)));
                    }
                }
            }
        }
        hops
    }
}

/// A path vector by positions.
pub(crate) fn positions(path: &[DomainIndex]) -> Vec<usize> {
    path.iter().map(|domain| domain.as_usize()).collect()
}

/// Federations of 1 to `most` domains, sparse ones in several parts as well as nearly full meshes,
/// with parallel links and borders of a domain with itself.
pub(crate) fn any_federation(most: usize) -> impl Strategy<Value = Federation> {
    (1..=most).prop_flat_map(|len| {
        let borders = prop::collection::vec((0..len, 0..len), 0..=len * 3);
        borders.prop_map(move |borders| Federation::new(len, &borders))
    })
}
