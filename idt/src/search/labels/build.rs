//! Labels from nothing: from each point, best rank first, a Dijkstra search that does not go on
//! where the labels that there are already tell a distance as good.

use std::sync::Arc;

use super::graph::{Ranked, Rows};
use super::{Entry, FAR, Labels, NONE, Order, PAGE, Set};
use crate::net::Net;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Metric;
use crate::search::queue::Queue;

/// A label while it is built. What pruning reads is apart from what it does not.
#[derive(Clone, Debug, Default)]
struct Growing {
    /// Hubs and distances.
    hubs: Vec<(u32, u32)>,
    parents: Vec<u32>,
}

/// The space of the searches.
struct Space {
    /// By rank: the distance from the root, [`FAR`] if not reached. All are between searches.
    reached: Vec<u32>,
    parents: Vec<u32>,
    /// What has an entry in `reached`.
    touched: Vec<u32>,
    /// By rank: the distance between the root and this hub of its label.
    root: Vec<u32>,
    queue: Queue<u32>,
}

impl Labels {
    /// The labels of a net by a metric. `Ok(None)` if a distance does not fit. A step is an edge or
    /// an entry of a label looked at.
    pub(crate) fn build(
        net: &Net,
        metric: Metric,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        let graph = Ranked::new(net, metric);
        let len = net.len();
        let mut space = Space {
            reached: vec![FAR; len],
            parents: vec![NONE; len],
            touched: Vec::new(),
            root: vec![FAR; len],
            queue: Queue::default(),
        };
        let mut out = vec![Growing::default(); len];
        let mut inward = graph.inward.as_ref().map(|_| out.clone());
        let before = budget.left();
        for root in 0..len as u32 {
            // Forward: from the root to the points that get it as a hub they are reached from.
            let fits = match &mut inward {
                None => space.grow(root, &graph.out, None, &mut out, budget)?,
                Some(inward) => {
                    let backward = graph.inward.as_ref().unwrap_or(&graph.out);
                    space.grow(root, &graph.out, Some(&out), inward, budget)?
                        && space.grow(root, backward, Some(inward), &mut out, budget)?
                }
            };
            if !fits {
                return Ok(None);
            }
        }
        let pages = |labels: Vec<Growing>| pages(labels, &graph);
        Ok(Some(Self {
            metric,
            net: net.clone(),
            out: pages(out),
            inward: inward.map(pages),
            order: Arc::new(Order {
                points: graph.points,
                ranks: graph.ranks,
            }),
            work: before - budget.left(),
            fresh: true,
        }))
    }
}

impl Space {
    /// Gives `root` to the labels of all whose distance no better ranked hub tells. `from` has the
    /// label of the root; `None` if it is in `labels`. False if a distance does not fit.
    fn grow(
        &mut self,
        root: u32,
        rows: &Rows,
        from: Option<&[Growing]>,
        labels: &mut [Growing],
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        for (hub, distance) in &from.unwrap_or(labels)[root as usize].hubs {
            self.root[*hub as usize] = *distance;
        }
        self.queue.clear();
        self.touched.clear();
        self.touched.push(root);
        self.reached[root as usize] = 0;
        self.parents[root as usize] = NONE;
        self.queue.push(0, root);
        let mut too_far = Vec::new();
        let mut spent = Ok(());
        while let Some((distance, at)) = self.queue.pop() {
            if distance != self.reached[at as usize] {
                continue;
            }
            let label = &mut labels[at as usize];
            let known = |(hub, rest): &(u32, u32)| {
                self.root[*hub as usize].saturating_add(*rest) <= distance
            };
            if label.hubs.iter().any(known) {
                continue;
            }
            label.hubs.push((root, distance));
            label.parents.push(self.parents[at as usize]);
            let row = rows.row(at);
            spent = budget.spend(row.len() + label.hubs.len());
            if spent.is_err() {
                break;
            }
            for (to, cost) in row {
                let further = distance.saturating_add(*cost);
                let reached = &mut self.reached[*to as usize];
                // Better ranked points have told the root their distance.
                if *to <= root {
                    continue;
                }
                if further == FAR && *reached == FAR {
                    too_far.push(*to);
                }
                if further < *reached {
                    if *reached == FAR {
                        self.touched.push(*to);
                    }
                    *reached = further;
                    self.parents[*to as usize] = at;
                    self.queue.push(further, *to);
                }
            }
        }
        let fits = too_far.iter().all(|at| self.reached[*at as usize] < FAR);
        for at in &self.touched {
            self.reached[*at as usize] = FAR;
        }
        for (hub, _) in &from.unwrap_or(labels)[root as usize].hubs {
            self.root[*hub as usize] = FAR;
        }
        spent.map(|()| fits)
    }
}

/// The labels by point.
fn pages(mut labels: Vec<Growing>, graph: &Ranked) -> Set {
    let mut take = |point: u32| -> Vec<Entry> {
        let label = std::mem::take(&mut labels[graph.ranks[point as usize] as usize]);
        let parents = label
            .parents
            .iter()
            .map(|parent| match graph.points.get(*parent as usize) {
                Some(point) => *point,
                None => NONE,
            });
        let entries = label.hubs.iter().zip(parents);
        entries
            .map(|((hub, distance), parent)| Entry {
                hub: *hub,
                distance: *distance,
                parent,
            })
            .collect()
    };
    let points: Vec<u32> = (0..graph.points.len() as u32).collect();
    let pages = points.chunks(PAGE).map(|points| {
        let labels: Vec<Vec<Entry>> = points.iter().map(|point| take(*point)).collect();
        Set::page(labels.iter().map(Vec::as_slice))
    });
    Set(pages.collect())
}
