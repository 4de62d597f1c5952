//! What a request for path vectors asks (RFC 9275 §7.2.3 and §7.3.3): what one for costs does (RFC 8189
//! §4.1.2), with one cost type more, and the properties of ANEs.

use std::collections::BTreeSet;

use nffg::json::{Cursor, FieldError};

use super::super::CostType;
use super::super::constraint::Test;
use super::super::query::{self, MAX_COST_TYPES, Query};
use crate::ird::{COST_METRIC, COST_MODE};

/// A property of an ANE, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AneProperty {
    /// What is left, in bits per second (RFC 9275 §6.4.1).
    MaxReservableBandwidth,
    /// What the link is in the property map of those that last (§6.4.2).
    PersistentEntityId,
    /// One way, in microseconds.
    Delay,
}

impl AneProperty {
    const ALL: [Self; 3] = [
        Self::MaxReservableBandwidth,
        Self::PersistentEntityId,
        Self::Delay,
    ];
    pub(crate) const NAMES: [&'static str; 3] = [
        "max-reservable-bandwidth",
        "persistent-entity-id",
        "priv:brokermdo-delay",
    ];

    fn from_name(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|known| *known == name)?;
        Self::ALL.get(place).copied()
    }

    pub(super) const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// What is told of a pair.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// Its path vector.
    Path,
    /// A cost.
    Cost(&'static CostType),
}

impl Told {
    /// The cost type that a request names. That of path vectors is {`array`, `ane-path`} (§6.5).
    fn read(request: &Cursor<'_>) -> Result<Self, FieldError> {
        let metric = request.required("cost-metric")?;
        if metric.string()? != COST_METRIC {
            return CostType::read(request).map(Self::Cost);
        }
        let mode = request.required("cost-mode")?;
        if mode.string()? != COST_MODE {
            return Err(mode.invalid(format_args!(
                "the mode of '{COST_METRIC}' is '{COST_MODE}' (RFC 9275 6.5)"
            )));
        }
        Ok(Self::Path)
    }

    /// `None` of a path vector.
    fn cost(self) -> Option<&'static CostType> {
        match self {
            Self::Path => None,
            Self::Cost(cost_type) => Some(cost_type),
        }
    }
}

/// Which path vectors and costs, of which pairs, with which properties.
pub(super) struct Question<'a> {
    /// What is told of each pair, in order.
    pub(super) told: Vec<Told>,
    /// The costs in it, and what a pair must pass.
    pub(super) query: Query<'a>,
    /// In order, each once.
    pub(super) properties: Vec<AneProperty>,
}

impl<'a> Question<'a> {
    pub(super) fn read(request: &Cursor<'a>) -> Result<Self, FieldError> {
        const MOST: usize = MAX_COST_TYPES + 1;
        let (told, multi) = query::wanted(request, MOST, Told::read)?;
        let tested = match request.optional("testable-cost-types")? {
            Some(tested) => query::list(&tested, MAX_COST_TYPES, tested_type)?,
            None => told.iter().map(|told| told.cost()).collect(),
        };
        let costs: Vec<_> = told.iter().filter_map(|told| told.cost()).collect();
        Ok(Self {
            query: Query {
                // Path vectors have no calendars, and nothing beside them has one.
                calendared: vec![false; costs.len()],
                costs,
                multi,
                test: Test::read(request, &tested)?,
            },
            properties: properties(request)?,
            told,
        })
    }

    pub(super) fn tells_paths(&self) -> bool {
        self.told.iter().any(|told| matches!(told, Told::Path))
    }

    pub(super) fn wants(&self, property: AneProperty) -> bool {
        self.properties.contains(&property)
    }
}

fn tested_type(request: &Cursor<'_>) -> Result<Option<&'static CostType>, FieldError> {
    match Told::read(request)? {
        Told::Path => {
            let metric = request.required("cost-metric")?;
            Err(metric.invalid("a path vector cannot be tested (RFC 9275 7.2.4)"))
        }
        Told::Cost(cost_type) => Ok(Some(cost_type)),
    }
}

/// The list `ane-property-names`; an absent one is empty (§7.2.3).
fn properties(request: &Cursor<'_>) -> Result<Vec<AneProperty>, FieldError> {
    let mut wanted = BTreeSet::new();
    for element in request.optional_array("ane-property-names")? {
        let Some(property) = AneProperty::from_name(element.string()?) else {
            let names = AneProperty::NAMES.join(", ");
            return Err(element.invalid(format_args!("the properties are {names}")));
        };
        wanted.insert(property);
    }
    Ok(wanted.into_iter().collect())
}
