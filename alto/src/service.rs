//! All that the ALTO service says of one version: the content of every resource, by id.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use idt::search::{Budget, Distances, Spent};
use jiff::Timestamp;

use crate::cost::{self, CostType, FullMaps, Measure, Measures, Over, Pairs, Record, ToCome};
use crate::network_map;
use crate::property_map::anes::{self, Anes};
use crate::property_map::{addresses, entity_map, roles};
use crate::resource::{DirectoryName, EntityMap, Kind, MapName, Resource};
use crate::{AltoError, Body, Maps, Tag, endpoint};

/// The maps of one version, and the costs over its distances. Immutable; what is costly is made when
/// somebody asks first, and shared by all who ask after. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    maps: Arc<Maps>,
    distances: Distances,
    costs: Arc<Costs>,
    record: Record,
}

/// What is made when somebody asks.
#[derive(Default)]
struct Costs {
    measures: Measures,
    full: FullMaps,
    anes: Anes,
    to_come: ToCome,
}

/// In a federation of more domains a search for paths is never light.
pub(crate) const LIGHT_DOMAINS: usize = 4_096;

/// Who asks, and what it may cost. A step of work is an edge, a pair or a prefix looked at.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The address of the client, which stands for an empty list of endpoints (RFC 7285 §11.5.1.3).
    pub client: Option<IpAddr>,
    /// When: what calendars are about (RFC 8896).
    pub now: Timestamp,
    /// Steps of a search for path vectors.
    pub path_work: u64,
    /// Steps for costs.
    pub cost_work: u64,
    /// Only what is there already or costs little: else [`Refused::MoreWork`].
    pub light: bool,
}

/// What a resource answers.
#[derive(Clone, Debug)]
pub struct Content {
    /// Its media type; that of several parts has a boundary.
    pub media_type: Cow<'static, str>,
    /// The hash of what it says, of a resource that is asked by GET: good for an `ETag`.
    pub tag: Option<Tag>,
    /// The octets, in pieces. A piece that is as it was in another version is the same memory.
    pub pieces: Vec<Bytes>,
}

impl Content {
    /// What was made for the one who asked.
    pub(crate) fn made(media_type: String, bytes: Bytes) -> Self {
        Self {
            media_type: media_type.into(),
            tag: None,
            pieces: vec![bytes],
        }
    }

    fn of(media_type: &'static str, bytes: Bytes) -> Self {
        Self {
            media_type: media_type.into(),
            tag: None,
            pieces: vec![bytes],
        }
    }

    /// How many octets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(Bytes::is_empty)
    }

    /// The octets in one piece: a copy if they are in several.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self.pieces.as_slice() {
            [only] => only.clone(),
            pieces => pieces.concat().into(),
        }
    }
}

impl From<&Body> for Content {
    fn from(body: &Body) -> Self {
        Self {
            media_type: body.media_type.into(),
            tag: Some(body.tag.clone()),
            pieces: vec![body.bytes.clone()],
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The request is wrong.
    #[error(transparent)]
    Alto(#[from] AltoError),
    /// It takes more work than [`Ask`] allows. What a client is told if there is no more.
    #[error("it takes more work than is allowed")]
    MoreWork(Option<AltoError>),
    /// There is no such resource now.
    #[error("there is no such resource now")]
    NotOffered,
}

impl From<Spent> for Refused {
    fn from(_: Spent) -> Self {
        Self::MoreWork(None)
    }
}

impl Refused {
    /// With the error that a client is told if no more work is to be had.
    pub(crate) fn or_error(self, field: &str, value: &str, rule: &str) -> Self {
        match self {
            Self::MoreWork(None) => Self::MoreWork(Some(AltoError::invalid(field, value, rule))),
            other => other,
        }
    }
}

impl Service {
    /// The service over these maps. `distances` are over the net of their topology, with the bandwidth
    /// that is left.
    ///
    /// Of `previous` it takes all that is the same, and later the rows of full cost maps that are: a
    /// change of a link costs, when a full map is asked for, the finding of the amounts that it concerns
    /// and the writing of those rows that changed.
    #[must_use]
    pub fn new(maps: Arc<Maps>, distances: Distances, previous: Option<&Self>) -> Self {
        let same = previous.filter(|previous| {
            Arc::ptr_eq(&previous.maps, &maps)
                && Arc::ptr_eq(previous.distances.shared_net(), distances.shared_net())
        });
        let costs = match (same, previous) {
            // With a better index, maybe, and the same distances.
            (Some(same), _) => Arc::clone(&same.costs),
            (None, Some(previous)) => Arc::new(Costs {
                measures: Measures::after(&previous.costs.measures),
                full: FullMaps::after(&previous.costs.full),
                ..Costs::default()
            }),
            (None, None) => Arc::default(),
        };
        let record = same.map_or_else(Record::default, |same| same.record.clone());
        Self {
            maps,
            distances,
            costs,
            record,
        }
    }

    /// The same, in force from `now` on in place of `previous`. Of that it keeps what calendars tell of the
    /// past (RFC 8896). A version that is the same but for its index is in force since that was.
    #[must_use]
    pub fn in_force(mut self, now: Timestamp, previous: Option<&Self>) -> Self {
        let calendar = self.maps.config().limits.calendar;
        self.record = match previous {
            Some(previous) if Arc::ptr_eq(&previous.costs, &self.costs) => previous.record.clone(),
            Some(previous) => {
                let graph = previous.maps.idt().graph();
                let net = previous.distances.shared_net();
                (previous.record).after((graph, net), now, calendar.as_ref())
            }
            None => Record::in_force(now),
        };
        self
    }

    /// Whether the other says the same, though maybe with another index of distances: what takes more work here
    /// than is allowed may take less there.
    #[must_use]
    pub fn is_same_version(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.costs, &other.costs)
    }

    /// The maps.
    #[must_use]
    pub fn maps(&self) -> &Arc<Maps> {
        &self.maps
    }

    /// What a resource says now: to `request`, if it takes one.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn content(
        &self,
        resource: &Resource,
        request: &[u8],
        ask: &Ask,
    ) -> Result<Content, Refused> {
        let body = match resource.kind {
            Kind::Directory(DirectoryName::Root) => self.maps.directory().into(),
            Kind::Directory(DirectoryName::CostMaps) => {
                let directory = self.maps.cost_map_directory();
                directory.ok_or(Refused::NotOffered)?.into()
            }
            Kind::NetworkMap(map) => {
                let mut budget = Budget::new(ask.cost_work);
                self.network_map(map, &mut budget)?.into()
            }
            Kind::DraftPropertyMap => self.maps.draft_property_map().into(),
            Kind::PropertyMap => self.maps.property_map().into(),
            Kind::EntityMap(map) => return self.entity_map(map, resource, request, ask),
            Kind::CostMap(cost_type) => return self.cost_map(cost_type, ask),
            _ => return self.answer(resource, request, ask),
        };
        Ok(body)
    }

    /// The directory that has a resource, or what it says of itself if it is the one that has all else.
    #[must_use]
    pub fn directory_of(&self, resource: &Resource) -> Content {
        let body = match resource.listed {
            Some(DirectoryName::CostMaps) => self.maps.cost_map_directory(),
            Some(DirectoryName::Root) | None => None,
        };
        body.unwrap_or_else(|| self.maps.directory()).into()
    }

    /// What a resource answers to a request.
    fn answer(&self, resource: &Resource, request: &[u8], ask: &Ask) -> Result<Content, Refused> {
        let bytes = match resource.kind {
            Kind::FilteredNetworkMap(map) => {
                let mut budget = Budget::new(ask.cost_work);
                let text = self.map_text(map, &mut budget)?;
                network_map::filter(text, map.id(), request)?
            }
            Kind::FilteredCostMap => cost::filtered_cost_map(self, request, ask)?,
            Kind::EndpointProperties => endpoint::properties(self, request, ask.cost_work)?,
            Kind::EndpointCosts => cost::endpoint_costs(self, request, ask)?,
            Kind::FilteredPropertyMap => self.maps.filtered_property_map(request)?,
            Kind::PathVectors | Kind::PathVectorCostMap => {
                // The neighbours of one domain alone may be more than a little work.
                if ask.light && self.maps.idt().graph().len() > LIGHT_DOMAINS {
                    return Err(Refused::MoreWork(None));
                }
                let vectors =
                    (self.maps).path_vectors_with(&self.distances, request, ask.path_work)?;
                if vectors.cut_by_work && ask.light {
                    return Err(Refused::MoreWork(None));
                }
                if resource.kind == Kind::PathVectorCostMap {
                    vectors.cost_map
                } else {
                    let (media_type, bytes) = vectors.multipart();
                    return Ok(Content::made(media_type, bytes));
                }
            }
            Kind::MultipartCostMap => return cost::multipart_cost_map(self, request, ask),
            Kind::MultipartEndpointCosts => {
                return cost::multipart_endpoint_costs(self, request, ask);
            }
            _ => return Err(Refused::NotOffered),
        };
        Ok(Content::of(resource.media_type, bytes))
    }

    fn entity_map(
        &self,
        map: EntityMap,
        resource: &Resource,
        request: &[u8],
        ask: &Ask,
    ) -> Result<Content, Refused> {
        let mut budget = Budget::new(ask.cost_work);
        let bytes = match map {
            EntityMap::Addresses => return Ok(addresses::full(&self.maps, &mut budget)?.into()),
            EntityMap::Roles => {
                let members = roles::members(&self.maps, &mut budget)?;
                return Ok((&members.body).into());
            }
            EntityMap::Anes => return Ok(anes::full(self, &mut budget)?),
            EntityMap::Filtered => entity_map::filter(&self.maps, request, ask.cost_work)?,
            EntityMap::FilteredAnes => anes::filter(self, request, ask.cost_work)?,
        };
        Ok(Content::of(resource.media_type, bytes))
    }

    fn cost_map(&self, cost_type: &'static CostType, ask: &Ask) -> Result<Content, Refused> {
        if !self.maps.offers_full_cost_maps() {
            return Err(Refused::NotOffered);
        }
        let domains = self.maps.idt().graph().len() as u64;
        if ask.light && !self.costs.full.has(cost_type) && domains * domains > ask.cost_work {
            return Err(Refused::MoreWork(None));
        }
        Ok(self.costs.full.map(self, cost_type)?)
    }

    /// Distances over the net of this version.
    pub(crate) fn distances(&self) -> &Distances {
        &self.distances
    }

    /// What is made of abstract network elements when somebody asks.
    pub(crate) fn anes(&self) -> &Anes {
        &self.costs.anes
    }

    /// A network map. The first who asks for that by role spends a step for each prefix.
    pub(crate) fn network_map(&self, map: MapName, budget: &mut Budget) -> Result<&Body, Spent> {
        Ok(&self.map_text(map, budget)?.body)
    }

    fn map_text(&self, map: MapName, budget: &mut Budget) -> Result<&network_map::MapText, Spent> {
        match map {
            MapName::Domains => Ok(&self.maps.network().text),
            MapName::Roles => self.maps.role_map(budget),
        }
    }

    /// The amounts between points of the net; see [`Measures::table`].
    pub(crate) fn amounts(
        &self,
        measure: Measure,
        from: &[u32],
        to: &[u32],
        budget: &mut Budget,
    ) -> Result<Vec<u64>, Spent> {
        let over = self.over();
        self.costs.measures.table(measure, &over, from, to, budget)
    }

    /// The amounts of all pairs; see [`Measures::pairs`].
    pub(crate) fn pairs(
        &self,
        measure: Measure,
        budget: &mut Budget,
    ) -> Result<Option<Pairs>, Spent> {
        self.costs.measures.pairs(measure, &self.over(), budget)
    }

    /// What the amounts of now are over.
    pub(crate) fn over(&self) -> Over<'_> {
        Over {
            distances: &self.distances,
            graph: self.maps.idt().graph(),
            to_come: None,
        }
    }

    /// What there was before this version.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// What is announced for the time to come.
    pub(crate) fn to_come(&self) -> &ToCome {
        &self.costs.to_come
    }
}
