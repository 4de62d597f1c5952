//! Placements of a service graph over the federation as it is: the draft's Table 2, by any objective and
//! under constraints.
//!
//! ```text
//! JSON --request--> PlacementRequest --problem--> Solved --answer--> JSON
//!                                       ^  idt's search, over one version of
//!                                       |  IdR, IdT and what reservations hold
//! ```
//!
//! | module | does |
//! |---|---|
//! | [`request`] | what is asked for, with every limit and contradiction |
//! | [`objective`] | what placements are ranked by |
//! | [`problem`] | the seam to the engine: a request and a version go in, placements come out |
//! | [`paths`] | which paths the links of a graph could take |
//! | [`explain`] | why there is none, and what would have to go |
//! | [`mod@answer`] | what is written |
//! | [`Version`] | what one answer is made from: maps, what is held, distances |

pub mod answer;
pub mod cancel;
pub mod explain;
pub mod objective;
pub mod paths;
pub mod problem;
pub mod request;
mod version;

pub use version::{Indexed, Version};

use answer::Answer;
use cancel::Cancelled;
use explain::Explanation;
use problem::{Effort, Solved};
use request::PlacementRequest;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// A node of the graph that no domain can host.
    #[error(transparent)]
    Host(#[from] idr::HostError),
    /// Who asked has left.
    #[error("who asked has left")]
    Cancelled,
}

impl From<Cancelled> for PlaceError {
    fn from(Cancelled: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// The best placements that a request asks for, with an explanation if it asks for one.
///
/// # Errors
/// See [`PlaceError`].
pub fn place(
    version: &Version,
    request: &PlacementRequest,
    effort: &Effort<'_>,
) -> Result<(Solved, Option<Explanation>), PlaceError> {
    if request.explain {
        let (solved, explanation) = explain::explain(version, request, effort)?;
        return Ok((solved, Some(explanation)));
    }
    Ok((problem::solve(version, request, effort)?, None))
}

/// The same, ready to be written.
///
/// # Errors
/// See [`PlaceError`].
pub fn answer(
    version: &Version,
    request: &PlacementRequest,
    effort: &Effort<'_>,
) -> Result<Answer, PlaceError> {
    let (solved, explanation) = place(version, request, effort)?;
    Ok(Answer::new(version, request, &solved, explanation))
}

/// What a larger effort could do for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoreWork {
    /// Nothing.
    Useless,
    /// Explain it better: without, it will do.
    Helpful,
    /// Make it surer.
    Needed,
}

impl MoreWork {
    fn of(solved: &Solved, explanation: Option<&Explanation>) -> Self {
        if solved.cut_by_work {
            Self::Needed
        } else if explanation.is_some_and(|told| told.cut) {
            Self::Helpful
        } else {
            Self::Useless
        }
    }
}

/// What a reservation is made of.
#[derive(Clone, Debug)]
pub struct Found {
    /// At most one placement.
    pub solved: Solved,
    /// Why there is none.
    pub explanation: Option<Explanation>,
}

impl Found {
    /// What a larger effort could do for it.
    #[must_use]
    pub fn more_work(&self) -> MoreWork {
        MoreWork::of(&self.solved, self.explanation.as_ref())
    }
}

/// The best placement, or why there is none.
///
/// # Errors
/// See [`PlaceError`].
pub fn for_reservation(
    version: &Version,
    request: &PlacementRequest,
    effort: &Effort<'_>,
) -> Result<Found, PlaceError> {
    let solved = problem::solve(version, request, effort)?;
    let explanation = if solved.placements.is_empty() {
        Some(explain::explain(version, request, effort)?.1)
    } else {
        None
    };
    Ok(Found {
        solved,
        explanation,
    })
}

#[cfg(test)]
pub(crate) mod tests;
