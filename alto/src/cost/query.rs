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
    /// Whether each of them is wanted as a calendar (RFC 8896 §5.1.1).
    pub(super) calendared: Vec<bool>,
    /// What a pair must pass.
    pub(super) test: Test,
}

impl<'a> Query<'a> {
    /// `has_calendars`: the resource has calendars of all cost types, or of none.
    pub(super) fn read(request: &Cursor<'a>, has_calendars: bool) -> Result<Self, FieldError> {
        let (costs, multi) = wanted(request, MAX_COST_TYPES, CostType::read)?;
        let calendared = calendared(request, has_calendars, costs.len())?;
        if calendared.contains(&true) {
            // Constraints and calendars exclude each other (RFC 8896 §3.3): the constraints are ignored
            // (§5.2.1), right or wrong.
            return Ok(Self {
                test: Test::default(),
                multi,
                calendared,
                costs,
            });
        }
        let tested = match request.optional("testable-cost-types")? {
            Some(tested) => list(&tested, MAX_COST_TYPES, CostType::read)?,
            None => costs.clone(),
        };
        let tested: Vec<_> = tested.into_iter().map(Some).collect();
        Ok(Self {
            test: Test::read(request, &tested)?,
            multi,
            calendared,
            costs,
        })
    }

    /// The cost types that are wanted as calendars, in order.
    pub(super) fn calendars(&self) -> Vec<&'static CostType> {
        let flagged = self.costs.iter().zip(&self.calendared);
        let wanted = flagged.filter(|(_, is_wanted)| **is_wanted);
        wanted.map(|(cost_type, _)| *cost_type).collect()
    }

    /// How many values a pair has in a calendar of so many intervals.
    pub(super) fn values(&self, intervals: usize) -> usize {
        let calendars = self.calendared.iter().filter(|is_wanted| **is_wanted);
        let calendars = calendars.count();
        self.costs.len() - calendars + calendars.saturating_mul(intervals)
    }

    /// The cost types of which an answer needs the cost of now, each once, by position.
    pub(super) fn needed(&self) -> Vec<&'static CostType> {
        let flagged = self.costs.iter().zip(&self.calendared);
        let single = flagged.filter(|(_, is_calendar)| !**is_calendar);
        let mut needed: Vec<_> = single.map(|(cost_type, _)| *cost_type).collect();
        needed.extend(self.test.cost_types());
        needed.sort_unstable_by_key(|cost_type| cost_type.position());
        needed.dedup();
        needed
    }
}

/// The cost types that are asked for, in `cost-type` or in `multi-cost-types`, as `read` reads each; and the
/// latter as it was sent.
pub(super) fn wanted<'a, T>(
    request: &Cursor<'a>,
    most: usize,
    read: impl Fn(&Cursor<'a>) -> Result<T, FieldError>,
) -> Result<(Vec<T>, Option<&'a Value>), FieldError> {
    let single = request.optional("cost-type")?;
    let multi = request.optional("multi-cost-types")?;
    match (single, multi) {
        (Some(_), Some(multi)) => {
            Err(multi.invalid("'cost-type' or 'multi-cost-types', not both (RFC 8189 4.1.2)"))
        }
        (None, None) => Err(FieldError::missing("cost-type")),
        (Some(single), None) => Ok((vec![read(&single)?], None)),
        (None, Some(multi)) => Ok((list(&multi, most, read)?, Some(multi.value()))),
    }
}

/// Which of so many cost types are wanted as calendars. Without calendars the field says nothing, as to servers
/// that do not know it.
pub(super) fn calendared(
    request: &Cursor<'_>,
    has_calendars: bool,
    cost_types: usize,
) -> Result<Vec<bool>, FieldError> {
    match request.optional("calendared")? {
        Some(calendared) if has_calendars => flags(&calendared, cost_types),
        _ => Ok(vec![false; cost_types]),
    }
}

/// One boolean for each cost type, in order.
fn flags(list: &Cursor<'_>, cost_types: usize) -> Result<Vec<bool>, FieldError> {
    let elements = list.array()?;
    if elements.len() != cost_types {
        return Err(list.invalid(format_args!(
            "a boolean for each of the {cost_types} cost types of the request, no more and no less \
             (RFC 8896 5.1.1)"
        )));
    }
    elements.map(|element| element.boolean()).collect()
}

/// A list of 1 to `most` cost types.
pub(super) fn list<'a, T>(
    types: &Cursor<'a>,
    most: usize,
    read: impl Fn(&Cursor<'a>) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    let elements = types.array()?;
    if !(1..=most).contains(&elements.len()) {
        return Err(types.invalid(format_args!("1 to {most} cost types ('max-cost-types')")));
    }
    elements
        .map(|element| {
            if element.value().is_object() {
                read(&element)
            } else {
                // A wrong type within an array is a wrong value of the array (RFC 7285 §8.5.2).
                Err(element.wrong_type("an object"))
            }
        })
        .collect()
}
