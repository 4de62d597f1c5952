//! Items that wait for each other (`coordinatedAction`).

/// What of one item waits for what of another (`OrderItemCoordinationDependencyType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dependency {
    /// The item starts when the other has started.
    StartToStart,
    /// The item starts when the other is complete.
    StartToFinish,
    /// The other starts when the item is complete.
    FinishToStart,
    /// Both complete at the same time.
    FinishToFinish,
}

impl Dependency {
    /// Every one, with its word.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::StartToStart, "startToStart"),
        (Self::StartToFinish, "startToFinish"),
        (Self::FinishToStart, "finishToStart"),
        (Self::FinishToFinish, "finishToFinish"),
    ];

    /// The dependency that the document calls so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(dependency, _)| *dependency)
    }
}

/// One coordinated action, by the items' places in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The item that has it.
    pub item: usize,
    /// The item that it names.
    pub other: usize,
    /// What waits for what.
    pub dependency: Dependency,
}

/// The items that could never begin, or never complete, since they wait for each other in a circle; in order.
///
/// Each item is two moments, its start and, later, its completion; items that complete together share the second.
/// What is left when moments that wait for nothing are taken away again and again waits for a circle.
#[must_use]
pub fn stuck(items: usize, waits: &[Wait]) -> Vec<usize> {
    let mut shared: Vec<usize> = (0..items).collect();
    for wait in waits {
        if wait.dependency == Dependency::FinishToFinish {
            let (a, b) = (root(&shared, wait.item), root(&shared, wait.other));
            if let Some(of) = shared.get_mut(a) {
                *of = b;
            }
        }
    }
    let start = |item: usize| item;
    let finish = |item: usize| items + root(&shared, item);
    // (before, after)
    let mut edges: Vec<(usize, usize)> = (0..items).map(|at| (start(at), finish(at))).collect();
    edges.extend(waits.iter().filter_map(|wait| match wait.dependency {
        Dependency::StartToStart => Some((start(wait.other), start(wait.item))),
        Dependency::StartToFinish => Some((finish(wait.other), start(wait.item))),
        Dependency::FinishToStart => Some((finish(wait.item), start(wait.other))),
        Dependency::FinishToFinish => None,
    }));
    let mut after = vec![Vec::new(); 2 * items];
    let mut waiting = vec![0_usize; 2 * items];
    for (from, to) in edges {
        if let (Some(list), Some(count)) = (after.get_mut(from), waiting.get_mut(to)) {
            list.push(to);
            *count += 1;
        }
    }
    let mut free: Vec<usize> = (0..2 * items)
        .filter(|at| waiting.get(*at) == Some(&0))
        .collect();
    while let Some(moment) = free.pop() {
        for &next in after.get(moment).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    free.push(next);
                }
            }
        }
    }
    let is_stuck = |moment: usize| waiting.get(moment).is_some_and(|count| *count > 0);
    (0..items).filter(|at| is_stuck(start(*at))).collect()
}

fn root(shared: &[usize], mut item: usize) -> usize {
    while let Some(&next) = shared.get(item)
        && next != item
    {
        item = next;
    }
    item
}
