//! The search for the path vectors of a single pair, by the means that fits the question.

use super::few::{Few, MOST};
use super::potential::Corridor;
use super::search::Search;
use crate::search::budget::{Budget, Spent};
use crate::search::space::Space;

/// The path vectors of one pair, one after the other.
pub(crate) enum Finder<S: Space> {
    Few(Box<Few<S>>),
    Search(Box<Search<S, Corridor<S>>>),
}

impl<S: Space> Finder<S> {
    pub(crate) fn new(space: S, from: u32, to: u32, max_domains: usize) -> Self {
        match space.hop() {
            Some(hop) if max_domains <= MOST && space.len() == space.domains() => {
                Self::Few(Box::new(Few::new(space, hop, from, to, max_domains)))
            }
            _ => {
                let corridor = Corridor::new(space, from, to);
                let search = Search::new(space, corridor, from, to, max_domains);
                Self::Search(Box::new(search))
            }
        }
    }

    /// Whether it is a search that a potential guides.
    pub(crate) fn is_search(&self) -> bool {
        matches!(self, Self::Search(_))
    }

    /// The next path vector's cost; `None` if there is no more.
    #[inline]
    pub(crate) fn advance(&mut self, budget: &mut Budget) -> Result<Option<S::Cost>, Spent> {
        match self {
            Self::Few(few) => few.advance(budget),
            Self::Search(search) => search.advance(budget),
        }
    }

    /// The path vector that was found last.
    #[inline]
    pub(crate) fn answer(&self) -> &[u32] {
        match self {
            Self::Few(few) => few.answer(),
            Self::Search(search) => search.answer(),
        }
    }

    /// Whether a path vector is known that is too long.
    pub(crate) fn longer(&self) -> bool {
        match self {
            Self::Few(few) => few.longer,
            Self::Search(search) => search.longer,
        }
    }
}
