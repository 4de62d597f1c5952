//! All distances at once.

use std::sync::Arc;

use super::{Base, Distances, Index, changed_costs};
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Metric;
use crate::search::matrix::{AllDistances, Matrix};

impl Distances {
    /// All distances by `metric`; `None` if the net is not plain, has more than 4,096 points, or one of them is
    /// not less than [`u32::MAX`].
    ///
    /// They are those of the index if it has all of this version. Else they are made of the index of a version
    /// before or of `before`, all distances of whatever version of the net by this metric: of that from which
    /// less changed. That costs what changed since; without either they are made from nothing. A step is an edge
    /// or a pair looked at.
    ///
    /// # Errors
    /// If the budget is spent.
    pub fn all(
        &self,
        metric: Metric,
        before: Option<&AllDistances>,
        budget: &mut Budget,
    ) -> Result<Option<AllDistances>, Spent> {
        if !self.net.is_plain() {
            return Ok(None);
        }
        let before = before
            .map(AllDistances::matrix)
            .filter(|before| before.metric() == metric)
            .and_then(|before| Some((before, changed_costs(before.net(), &self.net)?)));
        let (of, changed) = match (&self.indexes[metric as usize], before) {
            (Index::Current(Base::Matrix(matrix)), _) => {
                return Ok(AllDistances::of(Arc::clone(matrix)));
            }
            (Index::Behind(Base::Matrix(matrix), overlay), before) => match before {
                Some((before, changed)) if changed.len() <= overlay.changed().len() => {
                    (before, changed)
                }
                _ => (matrix, overlay.changed().to_vec()),
            },
            (_, Some((before, changed))) => (before, changed),
            (_, None) => {
                let matrix = Matrix::build(&self.net, metric, budget)?;
                return Ok(matrix.map(Arc::new).and_then(AllDistances::of));
            }
        };
        let matrix = of.repair(&self.net, &changed, budget)?;
        Ok(matrix.map(Arc::new).and_then(AllDistances::of))
    }
}
