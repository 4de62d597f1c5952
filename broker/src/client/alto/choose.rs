//! Which resource answers a question: found by what it answers, takes and is capable of, never by its id or
//! its address. One that filters is asked for a part; where there is none, the whole is filtered here.

use super::catalogue::{Catalogue, CostType, Resource};
use super::constraint::Constraints;
use super::request::Wish;
use super::{
    COST_MAP_FILTER_TYPE, COST_MAP_TYPE, ENDPOINT_COST_PARAMS_TYPE, ENDPOINT_COST_TYPE,
    ENDPOINT_PROP_PARAMS_TYPE, ENDPOINT_PROP_TYPE, EVENT_STREAM_TYPE, MULTIPART_TYPE,
    NETWORK_MAP_FILTER_TYPE, NETWORK_MAP_TYPE, PROPERTY_MAP_PARAMS_TYPE, PROPERTY_MAP_TYPE,
    TIPS_PARAMS_TYPE, TIPS_TYPE, UPDATE_STREAM_PARAMS_TYPE,
};

/// Costs between what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// PIDs of a network map (RFC 7285 §11.2.3, §11.3.2).
    Pids,
    /// Endpoints (RFC 7285 §11.5).
    Endpoints,
}

impl Between {
    /// The media type of the answers.
    #[must_use]
    pub fn answer(self) -> &'static str {
        match self {
            Self::Pids => COST_MAP_TYPE,
            Self::Endpoints => ENDPOINT_COST_TYPE,
        }
    }

    /// The media type of the requests.
    #[must_use]
    pub fn request(self) -> &'static str {
        match self {
            Self::Pids => COST_MAP_FILTER_TYPE,
            Self::Endpoints => ENDPOINT_COST_PARAMS_TYPE,
        }
    }
}

/// A request for costs.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Of whom.
    pub resource: &'a Resource,
    /// What is asked of it; what it takes nothing of is filtered here.
    pub wish: Wish,
}

/// Whether the server tests constraints: of one cost (RFC 7285 §11.3.2.4), of several, and alternatives
/// (RFC 8189 §4.1.1).
fn tests(resource: &Resource, wish: &Wish) -> bool {
    let knows_several = resource.capability("max-cost-types").is_u64();
    let takes_any = resource.capability("cost-constraints") == true;
    let testable: Vec<&str> = resource.listed("testable-cost-type-names").collect();
    let is_testable = |cost: &CostType| {
        let name = resource.cost_type(cost);
        // RFC 8189 §4.1.1: without a list those of 'cost-type-names' are, where 'cost-constraints' says so.
        takes_any && (testable.is_empty() || name.is_some_and(|name| testable.contains(&name)))
            || name.is_some_and(|name| testable.contains(&name))
    };
    let needs_several = !wish.constraints.any.is_empty() || wish.costs.len() > 1;
    wish.constraints.is_empty()
        || (wish.costs.iter().all(is_testable) && (knows_several || !needs_several))
}

fn has_calendars(resource: &Resource, costs: &[CostType]) -> bool {
    let names = costs.iter().map(|cost| resource.cost_type(cost));
    let told = resource.capability("calendar-attributes").as_array();
    let mut names = names.map(|name| {
        let lists = told
            .into_iter()
            .flatten()
            .filter_map(|one| one.get("cost-type-names")?.as_array());
        name.is_some_and(|name| lists.flatten().any(|listed| listed == name))
    });
    names.all(|has| has)
}

impl Catalogue {
    /// A full network map: this one, else the default one (RFC 7285 §9.2.2), else the first.
    ///
    /// # Errors
    /// There is none, or this is none.
    pub fn network_map(&self, id: Option<&str>) -> Result<&Resource, String> {
        let is_map =
            |resource: &Resource| resource.answers(NETWORK_MAP_TYPE) && resource.accepts.is_none();
        if let Some(id) = id {
            let found = self.resource(id)?;
            return match is_map(found) {
                true => Ok(found),
                false => Err(format!("resource '{id}' is no full {NETWORK_MAP_TYPE}")),
            };
        }
        let defaults = self
            .directories
            .iter()
            .filter_map(|one| one.default_network_map.as_deref());
        let default = defaults
            .filter_map(|id| self.resource(id).ok())
            .find(|found| is_map(found));
        let found = default.or_else(|| self.find(is_map));
        found.ok_or_else(|| format!("the directory has no full {NETWORK_MAP_TYPE}"))
    }

    /// What gives parts of this network map (RFC 7285 §11.3.1.5).
    #[must_use]
    pub fn network_map_filter(&self, map: &Resource) -> Option<&Resource> {
        self.find(|resource| {
            resource.answers(NETWORK_MAP_TYPE)
                && resource.takes(NETWORK_MAP_FILTER_TYPE)
                && resource.uses(&map.id)
        })
    }

    /// Whom to ask for costs: one resource for all, or where none has several at once each alone.
    ///
    /// # Errors
    /// No resource has one of them; the text says which costs there are.
    pub fn costs(
        &self,
        between: Between,
        wish: &Wish,
        id: Option<&str>,
    ) -> Result<Vec<Call<'_>>, String> {
        if let Some(call) = self.cost(between, wish, id) {
            return Ok(vec![call]);
        }
        let each = |cost: &CostType| {
            let alone = Wish {
                costs: vec![cost.clone()],
                // They may be about another cost: they are tested when all are there.
                constraints: Constraints::default(),
                ..wish.clone()
            };
            let found = self.cost(between, &alone, id);
            found.ok_or_else(|| self.no_cost(between, cost, wish.calendar, id))
        };
        wish.costs.iter().map(each).collect()
    }

    /// The resource that answers all of this at once. It is asked for what it filters; what it does not, it is
    /// not asked for.
    fn cost(&self, between: Between, wish: &Wish, id: Option<&str>) -> Option<Call<'_>> {
        let is_meant = |resource: &Resource| id.is_none_or(|id| resource.id == id);
        let has_all = |resource: &Resource| {
            resource.answers(between.answer())
                && is_meant(resource)
                && wish
                    .costs
                    .iter()
                    .all(|cost| resource.cost_type(cost).is_some())
        };
        let is_full = |resource: &Resource| {
            resource.accepts.is_none() && has_all(resource) && wish.costs.len() == 1
        };
        let is_filter = |resource: &Resource| {
            let most = resource.capability("max-cost-types").as_u64().unwrap_or(1);
            resource.takes(between.request())
                && has_all(resource)
                && (wish.costs.len() == 1 || most >= wish.costs.len() as u64)
                && (!wish.calendar || has_calendars(resource, &wish.costs))
        };
        let wants_all = wish.from.is_empty() && wish.to.is_empty() && wish.constraints.is_empty();
        let full = || {
            // A calendar is not to be had by GET (RFC 8896 §4).
            let found = self
                .find(is_full)
                .filter(|_| between == Between::Pids && !wish.calendar);
            found.map(|resource| Call {
                resource,
                wish: wish.clone(),
            })
        };
        let filtered = || {
            let tested = self.find(|resource| is_filter(resource) && tests(resource, wish));
            if let Some(resource) = tested {
                return Some(Call {
                    resource,
                    wish: wish.clone(),
                });
            }
            let resource = self.find(is_filter)?;
            let constraints = Constraints::default();
            let wish = Wish {
                constraints,
                ..wish.clone()
            };
            Some(Call { resource, wish })
        };
        if wants_all {
            full().or_else(filtered)
        } else {
            filtered().or_else(full)
        }
    }

    fn no_cost(
        &self,
        between: Between,
        cost: &CostType,
        calendar: bool,
        id: Option<&str>,
    ) -> String {
        let meant = self.all(|resource| {
            resource.answers(between.answer()) && id.is_none_or(|id| resource.id == id)
        });
        let mut known: Vec<String> = meant
            .flat_map(|resource| resource.cost_types.iter().map(|(_, cost)| cost.to_string()))
            .collect();
        known.sort_unstable();
        known.dedup();
        let what = if calendar {
            "calendar of the cost"
        } else {
            "cost"
        };
        match known.as_slice() {
            [] => format!("the directory has no {} with costs", between.answer()),
            known => format!(
                "the directory has no {what} {cost}, but the costs {}",
                known.join(", ")
            ),
        }
    }

    /// The endpoint property service (RFC 7285 §11.4) with these properties; any, where none are named.
    ///
    /// # Errors
    /// There is none with them.
    pub fn endpoint_properties(&self, properties: &[String]) -> Result<&Resource, String> {
        let is_one = |resource: &Resource| {
            resource.answers(ENDPOINT_PROP_TYPE) && resource.takes(ENDPOINT_PROP_PARAMS_TYPE)
        };
        let has = |resource: &Resource, property: &str| {
            resource.listed("prop-types").any(|known| known == property)
        };
        self.find(|resource| is_one(resource) && properties.iter().all(|one| has(resource, one)))
            .ok_or_else(|| {
                let known: Vec<&str> = self.all(is_one).flat_map(|one| one.listed("prop-types")).collect();
                match known.as_slice() {
                    [] => format!("the directory has no {ENDPOINT_PROP_TYPE}"),
                    known => format!("the directory has no endpoint property service with all of these, but with {}", known.join(", ")),
                }
            })
    }

    /// A property map (RFC 9240): one that is filtered there, where a filter is wanted, else the whole. The
    /// domains of the entities and the properties must be among its `mappings`, if it tells any.
    ///
    /// # Errors
    /// There is none.
    pub fn property_map(&self, wish: &Wish, id: Option<&str>) -> Result<&Resource, String> {
        let has = |resource: &Resource| {
            let Some(mappings) = resource.capability("mappings").as_object() else {
                return true;
            };
            let domains = wish
                .entities
                .iter()
                .map(|entity| entity.split(':').next().unwrap_or_default());
            let mut domains = domains.map(|domain| mappings.get(domain));
            let tells = |property: &String| {
                let mut lists = mappings
                    .values()
                    .filter_map(serde_json::Value::as_array)
                    .flatten();
                lists.any(|known| known.as_str() == Some(property))
            };
            domains.all(|domain| domain.is_some()) && wish.properties.iter().all(tells)
        };
        let is_one = |resource: &Resource| {
            resource.answers(PROPERTY_MAP_TYPE)
                && id.is_none_or(|id| resource.id == id)
                && has(resource)
        };
        let full = || self.find(|resource| is_one(resource) && resource.accepts.is_none());
        let filter =
            || self.find(|resource| is_one(resource) && resource.takes(PROPERTY_MAP_PARAMS_TYPE));
        let wants_all = wish.entities.is_empty() && wish.properties.is_empty();
        let found = if wants_all {
            full().or_else(filter)
        } else {
            filter().or_else(full)
        };
        found.ok_or_else(|| match id {
            Some(id) => format!(
                "resource '{id}' is no {PROPERTY_MAP_TYPE} with these entities and properties"
            ),
            None => format!(
                "the directory has no {PROPERTY_MAP_TYPE} with these entities and properties"
            ),
        })
    }

    /// The path vector resource (RFC 9275 §7) with these properties of abstract network elements.
    ///
    /// # Errors
    /// There is none.
    pub fn path_vectors(
        &self,
        between: Between,
        wish: &Wish,
        id: Option<&str>,
    ) -> Result<&Resource, String> {
        let fits = |resource: &Resource| {
            let root = resource.media_type.parameter("type");
            resource.answers(MULTIPART_TYPE)
                && root.is_none_or(|root| root.eq_ignore_ascii_case(between.answer()))
                && resource.takes(between.request())
                && resource
                    .cost_types
                    .iter()
                    .any(|(_, cost)| cost.is_path_vector())
                && id.is_none_or(|id| resource.id == id)
                && (!wish.calendar || resource.capability("calendar-attributes").is_array())
        };
        let has = |resource: &Resource, property: &str| {
            resource
                .listed("ane-property-names")
                .any(|known| known == property)
        };
        self.find(|resource| {
            fits(resource) && wish.ane_properties.iter().all(|one| has(resource, one))
        })
        .ok_or_else(|| {
            let known: Vec<&str> = self
                .all(fits)
                .flat_map(|one| one.listed("ane-property-names"))
                .collect();
            match self.find(fits) {
                None => format!(
                    "the directory has no {MULTIPART_TYPE} of path vectors{} that takes {}",
                    if wish.calendar { " with calendars" } else { "" },
                    between.request()
                ),
                Some(_) => format!(
                    "no path vectors have all of these properties, but {}",
                    known.join(", ")
                ),
            }
        })
    }

    /// The update stream service (RFC 8895 §6) with updates of a resource.
    #[must_use]
    pub fn update_stream(&self, id: &str) -> Option<&Resource> {
        self.find(|resource| {
            resource.answers(EVENT_STREAM_TYPE)
                && resource.takes(UPDATE_STREAM_PARAMS_TYPE)
                && resource.uses(id)
        })
    }

    /// The service of TIPS views (RFC 9569 §5) of a resource.
    #[must_use]
    pub fn tips(&self, id: &str) -> Option<&Resource> {
        self.find(|resource| {
            resource.answers(TIPS_TYPE) && resource.takes(TIPS_PARAMS_TYPE) && resource.uses(id)
        })
    }
}

#[cfg(test)]
mod tests;
