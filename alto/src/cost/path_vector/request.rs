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
    /// Its path vector: that of now, or one for each interval of a calendar (RFC 9275 §9.4).
    Path {
        /// The latter.
        is_calendar: bool,
    },
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
        Ok(Self::Path { is_calendar: false })
    }

    /// `None` of a path vector.
    fn cost(self) -> Option<&'static CostType> {
        match self {
            Self::Path { .. } => None,
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
    /// `has_calendars`: the resource has calendars of all cost types, or of none.
    pub(super) fn read(request: &Cursor<'a>, has_calendars: bool) -> Result<Self, FieldError> {
        const MOST: usize = MAX_COST_TYPES + 1;
        let (mut told, multi) = query::wanted(request, MOST, Told::read)?;
        let flags = query::calendared(request, has_calendars, told.len())?;
        for (told, flag) in told.iter_mut().zip(&flags) {
            if let Told::Path { is_calendar } = told {
                *is_calendar = *flag;
            }
        }
        let flagged = told.iter().zip(&flags);
        let (costs, calendared) = flagged
            .filter_map(|(told, flag)| Some((told.cost()?, *flag)))
            .unzip();
        let properties = properties(request)?;
        if flags.contains(&true) {
            // As in `Query::read`: constraints are ignored.
            return Ok(Self {
                query: Query {
                    calendared,
                    costs,
                    multi,
                    test: Test::default(),
                },
                properties,
                told,
            });
        }
        let tested = match request.optional("testable-cost-types")? {
            Some(tested) => query::list(&tested, MAX_COST_TYPES, tested_type)?,
            None => told.iter().map(|told| told.cost()).collect(),
        };
        Ok(Self {
            query: Query {
                calendared,
                costs,
                multi,
                test: Test::read(request, &tested)?,
            },
            properties,
            told,
        })
    }

    /// Whether paths of now are told.
    pub(super) fn tells_paths(&self) -> bool {
        let is_path = |told: &Told| matches!(told, Told::Path { is_calendar: false });
        self.told.iter().any(is_path)
    }

    /// Whether calendars of paths are told.
    pub(super) fn tells_calendars(&self) -> bool {
        let is_calendar = |told: &Told| matches!(told, Told::Path { is_calendar: true });
        self.told.iter().any(is_calendar)
    }

    pub(super) fn wants(&self, property: AneProperty) -> bool {
        self.properties.contains(&property)
    }
}

fn tested_type(request: &Cursor<'_>) -> Result<Option<&'static CostType>, FieldError> {
    match Told::read(request)? {
        Told::Path { .. } => {
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
