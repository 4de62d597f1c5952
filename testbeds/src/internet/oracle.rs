//! The right answers, worked out here from what the testbed has told: breadth-first search, Dijkstra and
//! plain enumeration. It shares no code with the broker and is in no hurry.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use super::federation::Federation;

/// Too far to be reached.
pub(super) const FAR: u32 = u32::MAX;

/// Steps of an enumeration that only looks at distances. Where it walks into dead ends it is done again with
/// an eye on what is on the path already, which is dear.
const STEPS: u64 = 100_000;
/// Steps of that, after which it is given up: the answer is not compared then.
const DEAR_STEPS: u64 = 100_000_000;

/// What placements and paths are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Objective {
    /// Inter-domain links crossed
    Hops,
    /// The sum of the delays of the links
    Delay,
}

impl Objective {
    /// The broker's word for it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hops => "hops",
            Self::Delay => "delay",
        }
    }
}

/// A neighbour, and what it costs to get there and back.
#[derive(Clone, Copy, Debug)]
struct Step {
    to: u32,
    there: u32,
    back: u32,
}

/// The domain graph of one moment, with what was worked out on it so far.
#[derive(Debug)]
pub(super) struct Oracle {
    begins: Vec<usize>,
    arcs: Vec<Step>,
    /// What it costs to get to a domain, from every domain.
    to: HashMap<u32, Arc<[u32]>>,
    /// The same in hops.
    hops_to: HashMap<u32, Arc<[u32]>>,
    objective: Objective,
}

impl Oracle {
    /// The graph of the links that are up.
    pub(super) fn new(federation: &Federation, up: &[bool], objective: Objective) -> Self {
        let mut begins = vec![0];
        let mut arcs: Vec<Step> = Vec::new();
        for domain in (0..).take(federation.len()) {
            let first = arcs.len();
            let links = federation.links_of(domain).iter();
            for number in links.filter(|link| up[**link as usize]) {
                let (to, link, out) = federation.way_out(*number, domain);
                let back = if link.a == domain {
                    link.back
                } else {
                    link.there
                };
                let (there, back) = match objective {
                    Objective::Hops => (1, 1),
                    Objective::Delay => (out.delay, back.delay),
                };
                arcs.push(Step { to, there, back });
            }
            let row = &mut arcs[first..];
            row.sort_by_key(|arc| arc.to);
            // Of parallel links the best of each direction.
            let mut kept = first;
            for at in first..arcs.len() {
                let arc = arcs[at];
                if kept > first && arcs[kept - 1].to == arc.to {
                    let same = &mut arcs[kept - 1];
                    same.there = same.there.min(arc.there);
                    same.back = same.back.min(arc.back);
                } else {
                    arcs[kept] = arc;
                    kept += 1;
                }
            }
            arcs.truncate(kept);
            begins.push(arcs.len());
        }
        Self {
            begins,
            arcs,
            to: HashMap::new(),
            hops_to: HashMap::new(),
            objective,
        }
    }

    fn arcs(&self, domain: u32) -> &[Step] {
        let domain = domain as usize;
        &self.arcs[self.begins[domain]..self.begins[domain + 1]]
    }

    fn len(&self) -> usize {
        self.begins.len() - 1
    }

    /// The hops from every domain to this one.
    pub(super) fn hops_to(&mut self, domain: u32) -> Arc<[u32]> {
        if let Some(known) = self.hops_to.get(&domain) {
            return Arc::clone(known);
        }
        let mut hops = vec![FAR; self.len()];
        hops[domain as usize] = 0;
        let mut queue = VecDeque::from([domain]);
        while let Some(at) = queue.pop_front() {
            let next = hops[at as usize] + 1;
            for arc in self.arcs(at) {
                if hops[arc.to as usize] == FAR {
                    hops[arc.to as usize] = next;
                    queue.push_back(arc.to);
                }
            }
        }
        let hops: Arc<[u32]> = hops.into();
        self.hops_to.insert(domain, Arc::clone(&hops));
        hops
    }

    /// What it costs, by the objective, from every domain to this one.
    pub(super) fn cost_to(&mut self, domain: u32) -> Arc<[u32]> {
        if self.objective == Objective::Hops {
            return self.hops_to(domain);
        }
        if let Some(known) = self.to.get(&domain) {
            return Arc::clone(known);
        }
        let mut costs = vec![FAR; self.len()];
        costs[domain as usize] = 0;
        let mut queue = BinaryHeap::from([Reverse((0, domain))]);
        while let Some(Reverse((cost, at))) = queue.pop() {
            if cost > costs[at as usize] {
                continue;
            }
            for arc in self.arcs(at) {
                // Towards `domain` the link is crossed the other way.
                let next = cost.saturating_add(arc.back);
                if next < costs[arc.to as usize] {
                    costs[arc.to as usize] = next;
                    queue.push(Reverse((next, arc.to)));
                }
            }
        }
        let costs: Arc<[u32]> = costs.into();
        self.to.insert(domain, Arc::clone(&costs));
        costs
    }

    /// The path of the fewest hops, the first by names; `None` if there is none.
    pub(super) fn shortest(&mut self, src: u32, dst: u32) -> Option<Vec<u32>> {
        let hops = self.hops_to(dst);
        if hops[src as usize] == FAR {
            return None;
        }
        let mut path = vec![src];
        let mut at = src;
        while at != dst {
            // Arcs are in order of names.
            let nearer = |arc: &&Step| hops[arc.to as usize] + 1 == hops[at as usize];
            at = self.arcs(at).iter().find(nearer)?.to;
            path.push(at);
        }
        Some(path)
    }

    /// What a path costs, by the objective; `None` if it is none.
    pub(super) fn cost_of(&self, path: &[u32]) -> Option<u32> {
        let mut cost = 0;
        for pair in path.windows(2) {
            let arc = self.arcs(pair[0]).iter().find(|arc| arc.to == pair[1])?;
            cost += arc.there;
        }
        Some(cost)
    }

    /// The first `count` simple paths from `src` to `dst` with at most `max_domains` domains, by length and
    /// names. `None`: it would take too long to say.
    pub(super) fn candidates(
        &mut self,
        src: u32,
        dst: u32,
        count: usize,
        max_domains: usize,
    ) -> Option<Vec<Vec<u32>>> {
        if src == dst {
            return Some(vec![vec![src]]);
        }
        let hops = self.hops_to(dst);
        let mut found = Vec::new();
        if hops[src as usize] == FAR {
            return Some(found);
        }
        let longest = max_domains.min(hops.len());
        for domains in hops[src as usize] as usize + 1..=longest {
            let length = u32::try_from(domains - 1).unwrap_or(FAR);
            let mut walk = Walk {
                oracle: self,
                hops: &hops,
                dst,
                count: count - found.len(),
                path: vec![src],
                found: Vec::new(),
                steps: STEPS,
                sees_path: false,
            };
            if walk.extend(length).is_none() {
                walk.path = vec![src];
                walk.found.clear();
                walk.steps = DEAR_STEPS;
                walk.sees_path = true;
                walk.extend(length)?;
            }
            found.append(&mut walk.found);
            if found.len() >= count {
                break;
            }
        }
        Some(found)
    }

    /// The hops from every domain to this one past the domains of a path.
    fn hops_past(&self, domain: u32, path: &[u32]) -> Vec<u32> {
        let mut hops = vec![FAR; self.len()];
        hops[domain as usize] = 0;
        let mut queue = VecDeque::from([domain]);
        while let Some(at) = queue.pop_front() {
            let next = hops[at as usize] + 1;
            for arc in self.arcs(at) {
                if hops[arc.to as usize] == FAR && !path.contains(&arc.to) {
                    hops[arc.to as usize] = next;
                    queue.push_back(arc.to);
                }
            }
        }
        hops
    }
}

/// All simple paths of one length, in order of names.
struct Walk<'a> {
    oracle: &'a Oracle,
    hops: &'a [u32],
    dst: u32,
    count: usize,
    path: Vec<u32>,
    found: Vec<Vec<u32>>,
    steps: u64,
    /// Distances are past what is on the path already.
    sees_path: bool,
}

impl Walk<'_> {
    /// Extends the path by exactly `left` hops; `None` if the steps are spent.
    fn extend(&mut self, left: u32) -> Option<()> {
        let at = *self.path.last()?;
        let past = match self.sees_path {
            true => {
                self.steps = self.steps.checked_sub(self.hops.len() as u64)?;
                self.oracle.hops_past(self.dst, &self.path)
            }
            false => Vec::new(),
        };
        let oracle = self.oracle;
        for arc in oracle.arcs(at) {
            self.steps = self.steps.checked_sub(1)?;
            if self.found.len() >= self.count {
                return Some(());
            }
            let to = arc.to;
            let hops = if self.sees_path { &past } else { self.hops };
            let fits = hops[to as usize] < left && (to == self.dst) == (left == 1);
            if !fits || self.path.contains(&to) {
                continue;
            }
            self.path.push(to);
            if left == 1 {
                self.found.push(self.path.clone());
            } else {
                self.extend(left - 1)?;
            }
            self.path.pop();
        }
        Some(())
    }
}

/// A node of a chain: who can host it, in order, and what it takes there.
#[derive(Clone, Debug)]
pub(super) struct ChainNode {
    /// Domains with what they have; `None` has no limit.
    pub(super) hosts: Vec<(u32, Option<[u32; 3]>)>,
    /// CPU, memory and storage.
    pub(super) takes: [u32; 3],
}

/// Domains for the nodes of a chain, and what that costs.
pub(super) type Placed = (u64, Vec<u32>);

/// The `k` best placements of a chain: every assignment is looked at, in order of names.
pub(super) fn place(oracle: &mut Oracle, chain: &[ChainNode], k: usize) -> Vec<Placed> {
    let costs: Vec<Vec<Arc<[u32]>>> = chain
        .iter()
        .map(|node| {
            node.hosts
                .iter()
                .map(|(host, _)| oracle.cost_to(*host))
                .collect()
        })
        .collect();
    let mut all = Assignments {
        chain,
        costs: &costs,
        k,
        chosen: Vec::new(),
        best: BinaryHeap::new(),
    };
    all.choose(0);
    all.best.into_sorted_vec()
}

struct Assignments<'a> {
    chain: &'a [ChainNode],
    /// Per node and host what it costs to get there.
    costs: &'a [Vec<Arc<[u32]>>],
    k: usize,
    chosen: Vec<u32>,
    /// The best so far, the worst of them on top.
    best: BinaryHeap<Placed>,
}

impl Assignments<'_> {
    fn choose(&mut self, cost: u64) {
        // What comes later is later by name: at equal cost it is no better.
        let is_no_better = |worst: &Placed| cost >= worst.0;
        if self.best.len() >= self.k && self.best.peek().is_none_or(is_no_better) {
            return;
        }
        let at = self.chosen.len();
        let chain = self.chain;
        let Some(node) = chain.get(at) else {
            self.best.push((cost, self.chosen.clone()));
            if self.best.len() > self.k {
                self.best.pop();
            }
            return;
        };
        for ((host, has), to) in node.hosts.iter().zip(&self.costs[at]) {
            let step = match self.chosen.last() {
                Some(before) => to[*before as usize],
                None => 0,
            };
            if step == FAR || !self.fits(*host, *has, node.takes) {
                continue;
            }
            self.chosen.push(*host);
            self.choose(cost + u64::from(step));
            self.chosen.pop();
        }
    }

    /// Whether a host has room for what it was chosen for and this.
    fn fits(&self, host: u32, has: Option<[u32; 3]>, takes: [u32; 3]) -> bool {
        let Some(has) = has else { return true };
        let mut taken = takes;
        for (node, _) in self
            .chain
            .iter()
            .zip(&self.chosen)
            .filter(|(_, on)| **on == host)
        {
            for (sum, more) in taken.iter_mut().zip(node.takes) {
                *sum += more;
            }
        }
        taken.iter().zip(has).all(|(taken, has)| *taken <= has)
    }
}

#[cfg(test)]
mod tests;
