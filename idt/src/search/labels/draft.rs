//! Labels while they are repaired: those of the version before, and copies of the labels that
//! changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::query::{Scattered, covers, meet};
use super::{Entry, Label, Labels, NONE, PAGE, Set};

/// A label of its own.
#[derive(Debug, Default)]
struct Own {
    hubs: Vec<u32>,
    distances: Vec<u32>,
    parents: Vec<u32>,
}

/// A set of labels, some of which are new.
#[derive(Debug)]
struct Sheet {
    base: Set,
    /// By point: which of `own` is its label; [`NONE`] if that is in `base`.
    index: Vec<u32>,
    own: Vec<(u32, Own)>,
}

impl Sheet {
    fn new(base: &Set, points: usize) -> Self {
        Self {
            base: base.clone(),
            index: vec![NONE; points],
            own: Vec::new(),
        }
    }

    #[inline]
    fn label(&self, point: u32) -> Label<'_> {
        match self.own.get(self.index[point as usize] as usize) {
            None => self.base.label(point),
            Some((_, own)) => Label {
                hubs: &own.hubs,
                distances: &own.distances,
                parents: &own.parents,
            },
        }
    }

    fn own(&mut self, point: u32) -> &mut Own {
        let index = &mut self.index[point as usize];
        if *index == NONE {
            *index = self.own.len() as u32;
            let label = self.base.label(point);
            let own = Own {
                hubs: label.hubs.to_vec(),
                distances: label.distances.to_vec(),
                parents: label.parents.to_vec(),
            };
            self.own.push((point, own));
        }
        &mut self.own[*index as usize].1
    }

    fn remove(&mut self, point: u32, hub: u32) -> Option<Entry> {
        let at = self.label(point).hubs.binary_search(&hub).ok()?;
        let own = self.own(point);
        Some(Entry {
            hub: own.hubs.remove(at),
            distance: own.distances.remove(at),
            parent: own.parents.remove(at),
        })
    }

    fn insert(&mut self, point: u32, entry: Entry) {
        let own = self.own(point);
        match own.hubs.binary_search(&entry.hub) {
            Ok(at) => {
                own.distances[at] = entry.distance;
                own.parents[at] = entry.parent;
            }
            Err(at) => {
                own.hubs.insert(at, entry.hub);
                own.distances.insert(at, entry.distance);
                own.parents.insert(at, entry.parent);
            }
        }
    }

    /// The set: pages without a new label are shared.
    fn finish(mut self) -> Set {
        let mut changed: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (point, _) in &self.own {
            changed
                .entry(*point as usize / PAGE)
                .or_default()
                .push(*point);
        }
        let mut pages = std::mem::take(&mut self.base.0);
        for at in changed.into_keys() {
            let page = {
                let base = Set(vec![Arc::clone(&pages[at])]);
                let last = self.index.len().min((at + 1) * PAGE);
                let labels = (at * PAGE..last).map(|point| {
                    let label = match self.own.get(self.index[point] as usize) {
                        None => base.label((point % PAGE) as u32),
                        Some(_) => self.label(point as u32),
                    };
                    label.entries().collect::<Vec<_>>()
                });
                let labels: Vec<Vec<Entry>> = labels.collect();
                Set::page(labels.iter().map(Vec::as_slice))
            };
            pages[at] = page;
        }
        Set(pages)
    }
}

/// Labels while they are repaired.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    labels: &'a Labels,
    out: Sheet,
    inward: Option<Sheet>,
}

impl<'a> Draft<'a> {
    /// `symmetric`: distances are and stay alike both ways.
    pub(super) fn new(labels: &'a Labels, symmetric: bool) -> Self {
        let sheet = |set| Sheet::new(set, labels.len());
        Self {
            labels,
            out: sheet(&labels.out),
            inward: (!symmetric).then(|| sheet(labels.inward())),
        }
    }

    pub(super) fn is_symmetric(&self) -> bool {
        self.inward.is_none()
    }

    /// Points in the sets whose label is new.
    pub(super) fn changed_labels(&self) -> usize {
        self.out.own.len() + self.inward.as_ref().map_or(0, |sheet| sheet.own.len())
    }

    pub(super) fn finish(self) -> (Set, Option<Set>) {
        (self.out.finish(), self.inward.map(Sheet::finish))
    }

    #[inline]
    pub(super) fn rank(&self, point: u32) -> u32 {
        self.labels.order.ranks[point as usize]
    }

    #[inline]
    fn inward(&self) -> &Sheet {
        self.inward.as_ref().unwrap_or(&self.out)
    }

    fn inward_mut(&mut self) -> &mut Sheet {
        self.inward.as_mut().unwrap_or(&mut self.out)
    }

    /// The distance that the labels tell.
    #[inline]
    pub(super) fn distance(&self, from: u32, to: u32) -> u64 {
        meet(self.out.label(from), self.inward().label(to)).0
    }

    /// Whether a hub tells a distance of at most `cost`.
    #[inline]
    pub(super) fn covers(&self, from: u32, to: u32, cost: u64) -> bool {
        covers(self.out.label(from), self.inward().label(to), cost)
    }

    /// Takes the label of a point, for distances to it if `to`, else from it.
    pub(super) fn scatter(&self, point: u32, to: bool, space: &mut Scattered) {
        let sheet = if to { self.inward() } else { &self.out };
        space.set(sheet.label(point), self.labels.len());
    }

    /// The distance between a point and the one in `space`.
    #[inline]
    pub(super) fn scattered(&self, point: u32, to: bool, space: &Scattered) -> u64 {
        let sheet = if to { &self.out } else { self.inward() };
        space.meet(sheet.label(point))
    }

    /// How many points there are.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The point of a rank.
    #[inline]
    pub(super) fn point(&self, rank: u32) -> u32 {
        self.labels.order.points[rank as usize]
    }

    fn sheet(&self, out: bool) -> &Sheet {
        if out { &self.out } else { self.inward() }
    }

    fn sheet_mut(&mut self, out: bool) -> &mut Sheet {
        if out {
            &mut self.out
        } else {
            self.inward_mut()
        }
    }

    /// The label of the distances from a point if `out`, else of those to it.
    #[inline]
    pub(super) fn label(&self, point: u32, out: bool) -> Label<'_> {
        self.sheet(out).label(point)
    }

    /// Takes all hubs out of that label.
    pub(super) fn clear(&mut self, point: u32, out: bool) {
        *self.sheet_mut(out).own(point) = Own::default();
    }

    /// Gives a point that hub.
    pub(super) fn add(&mut self, point: u32, out: bool, entry: Entry) {
        self.sheet_mut(out).insert(point, entry);
    }

    /// Takes points out of all labels: of those of the distances from them if `forward`, else of those to
    /// them. Says how many steps that took: there is no list of the labels that a hub is in.
    pub(super) fn forget(&mut self, points: &[u32], forward: bool) -> usize {
        let mut is_one = vec![false; self.len()];
        let mut best = u32::MAX;
        for point in points {
            let hub = self.rank(*point);
            is_one[hub as usize] = true;
            best = best.min(hub);
        }
        let (labels, mut steps) = (self.labels, self.len());
        let sheet = self.sheet_mut(!forward);
        let mut listed = Vec::new();
        for (other, rank) in (0..).zip(&labels.order.ranks) {
            if *rank < best {
                continue;
            }
            // The worse ranked hubs are the last ones.
            let hubs = sheet.label(other).hubs.iter().rev();
            let hubs = hubs.copied().take_while(|hub| *hub >= best);
            listed.extend(
                hubs.inspect(|_| steps += 1)
                    .filter(|hub| is_one[*hub as usize]),
            );
            for hub in listed.drain(..) {
                sheet.remove(other, hub);
            }
        }
        steps / 8
    }

    /// Takes the entry that is about the pair out of the labels.
    pub(super) fn remove(&mut self, from: u32, to: u32) -> Option<Entry> {
        let (first, second) = (self.rank(from), self.rank(to));
        if first < second {
            self.inward_mut().remove(to, first)
        } else {
            self.out.remove(from, second)
        }
    }

    /// Makes the better ranked of the pair a hub of the other.
    pub(super) fn insert(&mut self, from: u32, to: u32, distance: u32, parent: u32) {
        let (first, second) = (self.rank(from), self.rank(to));
        let entry = Entry {
            hub: first.min(second),
            distance,
            parent,
        };
        if first <= second {
            self.inward_mut().insert(to, entry);
        }
        if second <= first {
            self.out.insert(from, entry);
        }
    }
}
