//! A map from states to values that is cleared in the time it took to fill.

/// Values by state, for searches that see few of many states.
#[derive(Clone, Debug)]
pub(crate) struct Map<T> {
    /// One more than the position in `entries`; 0 where there is none. Zeros are not touched before
    /// they are needed, so that a large map costs what is written to it; nor is a map made before it
    /// has an entry.
    slots: Vec<u32>,
    states: usize,
    entries: Vec<(u32, T)>,
}

impl<T: Copy> Map<T> {
    pub(crate) fn new(states: usize) -> Self {
        Self {
            slots: Vec::new(),
            states,
            entries: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        for (state, _) in self.entries.drain(..) {
            self.slots[state as usize] = 0;
        }
    }

    #[inline]
    pub(crate) fn get(&self, state: u32) -> Option<T> {
        let at = self.slots.get(state as usize)?.checked_sub(1)?;
        Some(self.entries[at as usize].1)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, state: u32) -> Option<&mut T> {
        let at = self.slots.get(state as usize)?.checked_sub(1)?;
        Some(&mut self.entries[at as usize].1)
    }

    /// A state that has no value yet.
    #[inline]
    pub(crate) fn add(&mut self, state: u32, value: T) {
        if self.slots.is_empty() {
            self.slots = vec![0; self.states];
        }
        self.entries.push((state, value));
        // States are numbered by `u32`, so there are no more entries.
        self.slots[state as usize] = self.entries.len() as u32;
    }

    /// The entries in the order in which they came.
    pub(crate) fn entries(&self) -> &[(u32, T)] {
        &self.entries
    }
}
