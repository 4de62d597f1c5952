//! Paths between many sources and many targets.

use super::query::Scattered;
use super::{Labels, NONE, Set};
use crate::search::tree::without_loops;

/// The ways from one point to its hubs that were followed: the rank of the hub, and where the points
/// are, the hub left out.
type Ways = Vec<(u32, (u32, u32))>;

/// The paths between the points of two lists. The label of a source is scattered once, and a way
/// between a point and a hub is followed once.
pub(crate) struct Batch<'a> {
    labels: &'a Labels,
    targets: Vec<u32>,
    source: u32,
    scattered: Scattered,
    ahead: Ways,
    ahead_points: Vec<u32>,
    /// By target.
    behind: Vec<Ways>,
    behind_points: Vec<u32>,
    path: Vec<u32>,
}

impl Labels {
    /// Paths to these points; `None` if the labels were repaired, so that what they tell of a path must
    /// be checked.
    pub(crate) fn batch(&self, targets: Vec<u32>) -> Option<Batch<'_>> {
        self.fresh.then(|| Batch {
            labels: self,
            source: NONE,
            scattered: Scattered::default(),
            ahead: Ways::new(),
            ahead_points: Vec::new(),
            behind: vec![Ways::new(); targets.len()],
            behind_points: Vec::new(),
            path: Vec::new(),
            targets,
        })
    }
}

impl Batch<'_> {
    /// Sets the point where the next paths start.
    pub(crate) fn source(&mut self, source: u32) {
        let labels = self.labels;
        self.scattered.set(labels.out.label(source), labels.len());
        self.source = source;
        self.ahead.clear();
        self.ahead_points.clear();
    }

    /// The path that [`Labels::path`] tells, from the source to the target at this position.
    #[inline]
    pub(crate) fn path(&mut self, nth: usize) -> Option<(u64, &[u32])> {
        let labels = self.labels;
        let target = *self.targets.get(nth)?;
        let inward = labels.inward();
        let (cost, hub) = self.scattered.best(inward.label(target));
        let middle = *labels.order.points.get(hub as usize)?;
        let (start, end) = way(
            &mut self.ahead,
            &mut self.ahead_points,
            &labels.out,
            (self.source, hub, middle),
        )?;
        self.path.clear();
        self.path
            .extend_from_slice(&self.ahead_points[start as usize..end as usize]);
        self.path.push(middle);
        let (start, end) = way(
            self.behind.get_mut(nth)?,
            &mut self.behind_points,
            inward,
            (target, hub, middle),
        )?;
        let behind = &self.behind_points[start as usize..end as usize];
        self.path.extend(behind.iter().rev());
        // Where edges are free.
        if (1..self.path.len()).any(|at| self.path[..at].contains(&self.path[at])) {
            self.path = without_loops(std::mem::take(&mut self.path));
        }
        Some((cost, &self.path))
    }
}

/// The way from `at` to a hub, which is the point `middle`. `None` cannot be in labels that are fresh.
#[inline]
fn way(
    ways: &mut Ways,
    points: &mut Vec<u32>,
    set: &Set,
    (mut at, hub, middle): (u32, u32, u32),
) -> Option<(u32, u32)> {
    if let Some((_, range)) = ways.iter().find(|way| way.0 == hub) {
        return Some(*range);
    }
    // Of paths between some thousand points, far fewer than `u32` counts.
    let start = points.len() as u32;
    while at != middle {
        points.push(at);
        at = set.label(at).of(hub)?.1;
    }
    let range = (start, points.len() as u32);
    ways.push((hub, range));
    Some(range)
}
