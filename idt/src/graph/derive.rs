//! The graph of all members at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use nffg::DomainId;

use super::judge::{Side, Verdict};
use super::{DomainGraph, DomainIndex, HalfRow, Link, Neighbours, Page, State, Strangers, to_u32};
use crate::net::{Edge, NetBuilder, PAGE, UNLIMITED};
use crate::policy::{Terms, terms};
use crate::{BorderLink, DomainTopology};

/// A row that is being made, in the order of neighbours.
#[derive(Default)]
struct Draft {
    to: Vec<DomainIndex>,
    links: Vec<Arc<[Link]>>,
    terms: Vec<Terms>,
    half: Vec<HalfRow>,
}

impl Draft {
    fn finish(self) -> Arc<Neighbours> {
        let mut row = Neighbours {
            to: self.to.into(),
            links: self.links.into(),
            half: self.half.into(),
            ..Neighbours::default()
        };
        row.set_terms(self.terms);
        Arc::new(row)
    }
}

/// What one domain tells of another: the other, and the positions of its links there.
type Mention<'a> = (u32, &'a [u32]);

impl DomainGraph {
    /// The graph of all members by the rule of adjacency, and who tells of domains that are none.
    pub(crate) fn derive(state: State<'_>) -> (Self, Strangers) {
        let State {
            members,
            borders,
            policies,
        } = state;
        let ids: Arc<[DomainId]> = members.keys().cloned().collect();
        let topologies: Vec<Option<&DomainTopology>> =
            members.values().map(Option::as_deref).collect();
        let index: HashMap<&DomainId, u32> = ids.iter().zip(0..).collect();
        let mut strangers = Strangers::default();
        // Who tells of whom, row by row: in the order of ids on both sides.
        let mut mentions: Vec<Mention<'_>> = Vec::new();
        let mut starts = Vec::with_capacity(ids.len() + 1);
        let mut pairs = Vec::new();
        for (from, topology) in topologies.iter().enumerate() {
            let from = to_u32(from);
            starts.push(mentions.len());
            for (remote, positions) in topology.iter().flat_map(|topology| topology.remotes()) {
                match index.get(remote) {
                    Some(to) => {
                        mentions.push((*to, positions));
                        pairs.push((from.min(*to), from.max(*to)));
                    }
                    None => strangers.add(remote, &ids[from as usize]),
                }
            }
        }
        starts.push(mentions.len());
        let mut joined: BTreeMap<(u32, u32), &[BorderLink]> = BTreeMap::new();
        for borders in borders.chunk_by(|one, next| (&one.a, &one.b) == (&next.a, &next.b)) {
            let ends = (index.get(&borders[0].a), index.get(&borders[0].b));
            if let (Some(a), Some(b)) = ends
                && a != b
            {
                joined.insert((*a, *b), borders);
                pairs.push((*a, *b));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();

        let mut rows: Vec<Draft> = ids.iter().map(|_| Draft::default()).collect();
        let mut neighbours = vec![0_usize; ids.len()];
        for (a, b) in &pairs {
            neighbours[*a as usize] += 1;
            neighbours[*b as usize] += 1;
        }
        for (row, neighbours) in rows.iter_mut().zip(neighbours) {
            row.to.reserve_exact(neighbours);
            row.links.reserve_exact(neighbours);
            row.terms.reserve_exact(neighbours);
        }
        let mut net = NetBuilder::new(to_u32(ids.len()));
        net.reserve(pairs.len());
        let mut verdict = Verdict::default();
        let Some(any) = ids.first() else {
            return (Self::default(), strangers);
        };
        // Filled for each pair: what they allocate is kept.
        let (mut one, mut other) = (Side::new(any), Side::new(any));
        for (a, b) in pairs {
            for (side, from, to) in [(&mut one, a, b), (&mut other, b, a)] {
                let from = from as usize;
                let row = &mentions[starts[from]..starts[from + 1]];
                let topology = topologies[from];
                side.domain = &ids[from];
                side.tells_links = topology.is_some_and(|told| !told.is_silent_on_links());
                side.links.clear();
                if let Some(topology) = topology
                    && let Ok(at) = row.binary_search_by_key(&to, |mention| mention.0)
                {
                    side.links.extend(topology.links_at(row[at].1));
                }
            }
            let borders = joined.get(&(a, b)).copied().unwrap_or_default();
            verdict.judge(&one, &mut other, borders);
            let [terms_there, terms_back] = terms(policies, &ids[a as usize], &ids[b as usize]);
            for at in 0..verdict.there.len().max(verdict.back.len()) {
                if let Some(link) = verdict.there.get(at) {
                    net.edge(a, edge(b, link, terms_there));
                }
                if let Some(link) = verdict.back.get(at) {
                    net.edge(b, edge(a, link, terms_back));
                }
            }
            let has_half = verdict.has_half();
            let Verdict {
                there,
                back,
                half_there,
                half_back,
            } = &mut verdict;
            for (from, to, links, terms, half) in [
                (a, b, there, terms_there, half_there),
                (b, a, back, terms_back, half_back),
            ] {
                let row = &mut rows[from as usize];
                let to = DomainIndex(to);
                if !links.is_empty() {
                    row.to.push(to);
                    row.links.push(links.drain(..).collect());
                    row.terms.push(terms);
                }
                if has_half {
                    let told = half.drain(..).collect();
                    row.half.push(HalfRow { to, told });
                }
            }
        }
        let mut rows = rows.into_iter();
        let pages = 0..ids.len().div_ceil(PAGE);
        let pages = pages.map(|_| {
            rows.by_ref()
                .take(PAGE)
                .map(Draft::finish)
                .collect::<Page>()
        });
        let graph = Self {
            pages: pages.collect(),
            ids,
            net: Arc::new(net.build()),
            ..Self::default()
        };
        (graph, strangers)
    }
}

/// An edge of the net.
pub(super) fn edge(to: u32, link: &Link, terms: Terms) -> Edge {
    Edge {
        to,
        delay: link.delay.map_or(0, |delay| {
            u32::try_from(delay.as_nanos()).unwrap_or(u32::MAX)
        }),
        price: terms.price,
        bandwidth: link
            .bandwidth
            .map_or(UNLIMITED, |bandwidth| bandwidth.bits_per_second()),
        role: terms.role,
    }
}
