//! Everything that one pair of snapshots has to say.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use idt::search::{Budget, Distances, Spent};
use nffg::DomainId;

use crate::ird::Directories;
use crate::network_map::{self, MapText, NetworkMap, Role};
use crate::property_map::{self, Dialect, Entities, Lazy, PropertyMaps};
use crate::{AltoError, Config, PathVectors, PrefixConflict, Tag, ird, pv};

/// A whole answer, encoded once per version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its media type.
    pub media_type: &'static str,
    /// The JSON text.
    pub bytes: Bytes,
    /// The hash of what it says: two bodies of one resource have equal bytes exactly if their tags
    /// are equal. It is the resource's version tag, where it has one, and good for an `ETag`.
    pub tag: Tag,
}

/// Everything that one pair of snapshots has to say. Immutable.
pub struct Maps {
    config: Arc<Config>,
    idr: Arc<idr::Snapshot>,
    idt: Arc<idt::Snapshot>,
    directories: Directories,
    network: Arc<NetworkMap>,
    /// The network map by role, made when somebody asks first; versions in which it is the same share it.
    roles: Arc<OnceLock<MapText>>,
    entities: Arc<Entities>,
    properties: Arc<PropertyMaps>,
    /// As [`Self::roles`].
    lazy: Arc<Lazy>,
}

impl Maps {
    /// Renders the maps of two snapshots. What is unchanged since `previous` is taken from there,
    /// the very same bytes; a map that changed in one domain is spliced with that one made anew.
    #[must_use]
    pub fn build(
        config: Arc<Config>,
        idr: Arc<idr::Snapshot>,
        idt: Arc<idt::Snapshot>,
        previous: Option<&Self>,
    ) -> Self {
        let pairs = idt.graph().len().saturating_pow(2);
        let has_full_maps = pairs <= config.limits.full_map_pairs;
        let same_directories = previous.filter(|previous| {
            previous.config == config && previous.directories.cost_maps.is_some() == has_full_maps
        });
        let directories = match same_directories {
            Some(previous) => previous.directories.clone(),
            None => ird::build(&config, has_full_maps),
        };
        // Most versions change the topology alone, and of it links.
        let same_resources = previous.filter(|previous| Arc::ptr_eq(&previous.idr, &idr));
        let entities = match same_resources {
            Some(previous) => Arc::clone(&previous.entities),
            None => {
                let previous = previous.map(|previous| &*previous.entities);
                Arc::new(Entities::build(&idr, previous))
            }
        };
        // The map then keeps the topologies that it was made of: at most one version more.
        let same_domains = previous.filter(|previous| entities.has_ids_of(&previous.entities));
        let same_prefixes = same_domains.filter(|previous| idt.has_prefixes_of(&previous.idt));
        let network = match same_prefixes {
            Some(previous) => Arc::clone(&previous.network),
            None => NetworkMap::build(&idr, &idt, previous.map(|previous| &previous.network)),
        };
        let same_roles = previous.filter(|previous| {
            previous.network.text.body.tag == network.text.body.tag
                && entities.has_roles_of(&previous.entities)
        });
        let (roles, lazy) = match same_roles {
            Some(previous) => (Arc::clone(&previous.roles), Arc::clone(&previous.lazy)),
            None => Default::default(),
        };
        let properties = PropertyMaps::build(
            &entities,
            &network.text.body.tag,
            previous.map(|previous| &previous.properties),
        );
        Self {
            config,
            idr,
            idt,
            directories,
            network,
            roles,
            entities,
            properties,
            lazy,
        }
    }

    /// The information resource directory (RFC 7285 §9.2).
    #[must_use]
    pub fn directory(&self) -> &Body {
        &self.directories.root
    }

    /// The directory of the full cost maps; `None` if there are too many pairs for any.
    #[must_use]
    pub fn cost_map_directory(&self) -> Option<&Body> {
        self.directories.cost_maps.as_ref()
    }

    /// Whether there are full cost maps: not above [`Limits::full_map_pairs`](crate::Limits::full_map_pairs).
    #[must_use]
    pub fn offers_full_cost_maps(&self) -> bool {
        self.directories.cost_maps.is_some()
    }

    /// The network map (RFC 7285 §11.2.1).
    #[must_use]
    pub fn network_map(&self) -> &Body {
        &self.network.text.body
    }

    /// Prefixes that two domains claim, by prefix, with what became of them. For operators.
    #[must_use]
    pub fn prefix_conflicts(&self) -> &[PrefixConflict] {
        &self.network.conflicts
    }

    /// The draft's property map (draft-brokermdo-00 §5.5.1).
    #[must_use]
    pub fn draft_property_map(&self) -> &Body {
        self.properties.body(Dialect::Draft)
    }

    /// The property map with RFC 9240's entity names (§7).
    #[must_use]
    pub fn property_map(&self) -> &Body {
        self.properties.body(Dialect::Full)
    }

    /// Answers a `ReqFilteredPropertyMap` (RFC 9240 §8) of type
    /// [`PROPERTY_MAP_PARAMS`](crate::media::PROPERTY_MAP_PARAMS) with a property map.
    ///
    /// # Errors
    /// The request is not JSON, lacks `entities`, or asks for an entity of another domain, a
    /// malformed entity id, an unknown property, or for too many entities
    /// ([`Limits::endpoints`](crate::Limits::endpoints)).
    pub fn filtered_property_map(&self, request: &[u8]) -> Result<Bytes, AltoError> {
        let most = self.config.limits.endpoints;
        property_map::filter(&self.entities, &self.network.text.body.tag, request, most)
    }

    /// Answers a request for path vectors, of type
    /// [`COST_MAP_FILTER`](crate::media::COST_MAP_FILTER): for a service graph if it has `sg`
    /// (draft-brokermdo-00 §5.4.2), else for PIDs (RFC 9275 §7.2). The search stops after `work`
    /// steps; the answer says so then, as it says what the caps cut.
    ///
    /// # Errors
    /// The request is not JSON; it lacks `cost-type`, or that is not {`array`, `ane-path`}; it has a
    /// field that the directory does not offer (constraints, multiple costs) or an unknown
    /// `ane-property-names`; its service graph does not hold together, or has an NF type or a SAP that
    /// no domain has; it has `sg` and `pids` together; its `pids` lack a list or make too many pairs.
    pub fn path_vectors(&self, request: &[u8], work: u64) -> Result<PathVectors, AltoError> {
        pv::answer(self, request, work, None)
    }

    /// The same answer, with what `distances` know. They are over the domain graph of these very maps: of
    /// others the answer may be wrong. In large federations it comes some ten times faster where they have
    /// an index by hops.
    ///
    /// # Errors
    /// As [`Maps::path_vectors`].
    pub fn path_vectors_with(
        &self,
        distances: &Distances,
        request: &[u8],
        work: u64,
    ) -> Result<PathVectors, AltoError> {
        pv::answer(self, request, work, Some(distances))
    }

    /// The settings that these maps were made with.
    #[must_use]
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The resources that these maps show.
    #[must_use]
    pub fn idr(&self) -> &Arc<idr::Snapshot> {
        &self.idr
    }

    /// The topology that these maps show.
    #[must_use]
    pub fn idt(&self) -> &Arc<idt::Snapshot> {
        &self.idt
    }

    pub(crate) fn network(&self) -> &NetworkMap {
        &self.network
    }

    /// The network map by role. The first who asks for it spends a step for each prefix.
    pub(crate) fn role_map(&self, budget: &mut Budget) -> Result<&MapText, Spent> {
        if self.roles.get().is_none() {
            budget.spend(self.network.prefixes())?;
        }
        let build = || network_map::build_roles(&self.network, &self.idr);
        Ok(self.roles.get_or_init(build))
    }

    /// What the domain with this number in the network map is for.
    pub(crate) fn role(&self, member: u32) -> Role {
        let id = self.network.member(member);
        id.map_or_else(|| Role::of(None), |id| self.role_of(id))
    }

    /// What the domain of this name is for.
    pub(crate) fn role_of(&self, id: &DomainId) -> Role {
        Role::of(self.idr.domain(id).map(AsRef::as_ref))
    }

    pub(crate) fn lazy(&self) -> &Lazy {
        &self.lazy
    }

    pub(crate) fn entities(&self) -> &Entities {
        &self.entities
    }
}
