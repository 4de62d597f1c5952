//! Path vectors that are told together.

/// Path vectors of one pair and one cost, in order, that differ in one domain only: a step to it and a step
/// from it are all that there is to choose.
///
/// Where there are many path vectors, most differ from the one before in the last domain before the destination.
/// Told together they take one call, and what they have in common is worked out once by who is told.
#[derive(Clone, Copy, Debug)]
pub struct PathRun<'a> {
    /// The first path vector.
    path: &'a [u32],
    /// The place of the domain in which they differ.
    at: usize,
    /// The domains there, in order, the first one included.
    choices: &'a [u32],
}

impl<'a> PathRun<'a> {
    /// One path vector.
    pub(crate) fn one(path: &'a [u32]) -> Self {
        let at = path.len().saturating_sub(1);
        Self {
            path,
            at,
            choices: &path[at..],
        }
    }

    /// `path` with each of `choices` in the place `at`.
    pub(crate) fn new(path: &'a [u32], at: usize, choices: &'a [u32]) -> Self {
        Self { path, at, choices }
    }

    /// How many path vectors there are: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.choices.len()
    }

    /// Visits the path vectors one by one. Sums that `visit` adds to are fastest in variables of the caller
    /// that live as long as this call.
    #[inline]
    pub fn for_each(&self, mut visit: impl FnMut(&[u32])) {
        match *self.path {
            // The lengths of which there are many: written in place, of a length that the compiler knows.
            [from, a, b, _, to] if self.at == 3 => {
                for c in self.choices {
                    visit(&[from, a, b, *c, to]);
                }
            }
            [from, a, _, to] if self.at == 2 => {
                for c in self.choices {
                    visit(&[from, a, *c, to]);
                }
            }
            _ if self.choices.len() == 1 => visit(self.path),
            _ => {
                let mut path = self.path.to_vec();
                for choice in self.choices {
                    path[self.at] = *choice;
                    visit(&path);
                }
            }
        }
    }
}
