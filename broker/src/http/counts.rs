//! How much is under way at once for one and the same: connections of an address, documents of a domain.

use std::hash::Hash;
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

/// The counts, and the most that one may be.
#[derive(Debug)]
pub(super) struct Counts<K: Eq + Hash + Clone> {
    /// Entries go when the count is zero.
    counts: Arc<DashMap<K, usize>>,
    most: usize,
}

/// One that is counted; given back when dropped.
#[derive(Debug)]
pub(super) struct Counted<K: Eq + Hash + Clone> {
    counts: Arc<DashMap<K, usize>>,
    of: K,
}

impl<K: Eq + Hash + Clone> Counts<K> {
    /// Nothing under way.
    pub(super) fn new(most: usize) -> Self {
        Self {
            counts: Arc::new(DashMap::new()),
            most,
        }
    }

    /// Counts one more of `of`; `None` if there are as many as there may be.
    pub(super) fn one_more(&self, of: K) -> Option<Counted<K>> {
        {
            let mut count = self.counts.entry(of.clone()).or_insert(0);
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Counted {
            counts: Arc::clone(&self.counts),
            of,
        })
    }

    /// Whether nothing is under way.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl<K: Eq + Hash + Clone> Drop for Counted<K> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.counts.entry(self.of.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}
