//! What a request for costs asks: the part that filtered cost maps and the endpoint cost service have
//! in common (RFC 7285 §11.3.2.3 and §11.5.1.3, RFC 8189 §4.1.2 and §4.2.2).

use nffg::json::{Cursor, FieldError};
use serde_json::Value;

use super::constraint::Test;
use super::{COST_TYPES, CostType};

/// Cost types of one request, at most (RFC 8189 §4.1.1): all there are.
pub(crate) const MAX_COST_TYPES: usize = COST_TYPES.len();

/// Which costs, of which pairs.
#[derive(Debug)]
pub(super) struct Query<'a> {
    /// The cost types to tell, in order.
    pub(super) costs: Vec<&'static CostType>,
    /// `multi-cost-types` as it was sent; `None` if one cost type is asked for, and costs are numbers.
    pub(super) multi: Option<&'a Value>,
    /// What a pair must pass.
    pub(super) test: Test,
}

impl<'a> Query<'a> {
    pub(super) fn read(request: &Cursor<'a>) -> Result<Self, FieldError> {
        let single = request.optional("cost-type")?;
        let multi = request.optional("multi-cost-types")?;
        let costs = match (&single, &multi) {
            (Some(_), Some(multi)) => {
                return Err(
                    multi.invalid("'cost-type' or 'multi-cost-types', not both (RFC 8189 4.1.2)")
                );
            }
            (None, None) => return Err(FieldError::missing("cost-type")),
            (Some(single), None) => vec![CostType::read(single)?],
            (None, Some(multi)) => list(multi)?,
        };
        let tested = match request.optional("testable-cost-types")? {
            Some(tested) => list(&tested)?,
            None => costs.clone(),
        };
        Ok(Self {
            test: Test::read(request, &tested)?,
            multi: multi.map(|multi| multi.value()),
            costs,
        })
    }

    /// The cost types that an answer needs, each once, by position.
    pub(super) fn needed(&self) -> Vec<&'static CostType> {
        let mut needed: Vec<_> = self.costs.clone();
        needed.extend(self.test.cost_types());
        needed.sort_unstable_by_key(|cost_type| cost_type.position());
        needed.dedup();
        needed
    }
}

fn list(types: &Cursor<'_>) -> Result<Vec<&'static CostType>, FieldError> {
    let elements = types.array()?;
    if !(1..=MAX_COST_TYPES).contains(&elements.len()) {
        return Err(types.invalid(format_args!(
            "1 to {MAX_COST_TYPES} cost types ('max-cost-types')"
        )));
    }
    elements
        .map(|element| {
            if element.value().is_object() {
                CostType::read(&element)
            } else {
                // A wrong type within an array is a wrong value of the array (RFC 7285 §8.5.2).
                Err(element.wrong_type("an object"))
            }
        })
        .collect()
}
