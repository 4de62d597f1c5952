//! The table of resources: what the server has, where, and what it takes. The directory and the routes
//! of HTTP are made from it.

mod path_vector;
mod properties;
mod updates;

use std::sync::LazyLock;

use crate::cost::{CostType, full_maps};
use crate::{media, uri};

pub(crate) use properties::EntityMap;

/// An information resource (RFC 7285 §9.2.2).
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its id: unique, stable, never used for anything else.
    pub id: &'static str,
    /// Where it is.
    pub uri: &'static str,
    /// What it answers.
    pub media_type: &'static str,
    /// What it takes by POST; `None` is asked by GET.
    pub accepts: Option<&'static str>,
    /// The directory that has it; `None` of the directory that has all else.
    pub(crate) listed: Option<DirectoryName>,
    /// The resources that are needed to read it.
    pub(crate) uses: &'static [&'static str],
    pub(crate) kind: Kind,
}

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory(DirectoryName),
    NetworkMap(MapName),
    FilteredNetworkMap(MapName),
    CostMap(&'static CostType),
    FilteredCostMap,
    EndpointProperties,
    EndpointCosts,
    DraftPropertyMap,
    PropertyMap,
    FilteredPropertyMap,
    EntityMap(EntityMap),
    PathVectors,
    PathVectorCostMap,
    MultipartCostMap,
    MultipartEndpointCosts,
    UpdateStream,
    Tips,
    TipsSummaries,
}

/// A directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DirectoryName {
    /// The one that a client must know.
    Root,
    /// That of the full cost maps but for `routingcost`.
    CostMaps,
}

/// A network map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapName {
    /// By domain.
    Domains,
    /// By what domains are for.
    Roles,
}

impl MapName {
    pub(crate) const ALL: [Self; 2] = [Self::Domains, Self::Roles];

    /// The resource id.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Domains => uri::id::NETWORK_MAP,
            Self::Roles => uri::id::ROLE_MAP,
        }
    }

    /// The name of the `pid` property of endpoints in this map (RFC 7285 §7.1.1, §10.8.2).
    pub(crate) const fn pid_property(self) -> &'static str {
        match self {
            Self::Domains => "networkmap.pid",
            Self::Roles => "networkmap-role.pid",
        }
    }
}

const DOMAINS: &[&str] = &[uri::id::NETWORK_MAP];
const ROLES: &[&str] = &[uri::id::ROLE_MAP];
const BOTH: &[&str] = &[uri::id::NETWORK_MAP, uri::id::ROLE_MAP];

const fn get(
    id: &'static str,
    uri: &'static str,
    media_type: &'static str,
    uses: &'static [&'static str],
    kind: Kind,
) -> Resource {
    Resource {
        id,
        uri,
        media_type,
        accepts: None,
        listed: Some(DirectoryName::Root),
        uses,
        kind,
    }
}

const fn post(
    id: &'static str,
    uri: &'static str,
    (media_type, accepts): (&'static str, &'static str),
    uses: &'static [&'static str],
    kind: Kind,
) -> Resource {
    Resource {
        accepts: Some(accepts),
        ..get(id, uri, media_type, uses, kind)
    }
}

/// The resources that are one of a kind.
static SINGLE: [Resource; 14] = {
    use uri::id;
    [
        Resource {
            listed: None,
            ..get(
                "directory",
                uri::DIRECTORY,
                media::DIRECTORY,
                &[],
                Kind::Directory(DirectoryName::Root),
            )
        },
        get(
            id::COST_MAP_DIRECTORY,
            uri::COST_MAP_DIRECTORY,
            media::DIRECTORY,
            &[],
            Kind::Directory(DirectoryName::CostMaps),
        ),
        get(
            id::NETWORK_MAP,
            uri::NETWORK_MAP,
            media::NETWORK_MAP,
            &[],
            Kind::NetworkMap(MapName::Domains),
        ),
        get(
            id::ROLE_MAP,
            uri::ROLE_MAP,
            media::NETWORK_MAP,
            &[],
            Kind::NetworkMap(MapName::Roles),
        ),
        post(
            id::FILTERED_NETWORK_MAP,
            uri::FILTERED_NETWORK_MAP,
            (media::NETWORK_MAP, media::NETWORK_MAP_FILTER),
            DOMAINS,
            Kind::FilteredNetworkMap(MapName::Domains),
        ),
        post(
            id::FILTERED_ROLE_MAP,
            uri::FILTERED_ROLE_MAP,
            (media::NETWORK_MAP, media::NETWORK_MAP_FILTER),
            ROLES,
            Kind::FilteredNetworkMap(MapName::Roles),
        ),
        post(
            id::FILTERED_COST_MAP,
            uri::FILTERED_COST_MAP,
            (media::COST_MAP, media::COST_MAP_FILTER),
            DOMAINS,
            Kind::FilteredCostMap,
        ),
        post(
            id::ENDPOINT_PROPERTIES,
            uri::ENDPOINT_PROPERTIES,
            (media::ENDPOINT_PROPERTIES, media::ENDPOINT_PROPERTY_PARAMS),
            BOTH,
            Kind::EndpointProperties,
        ),
        // It must not name a map (RFC 7285 §11.5.1.5).
        post(
            id::ENDPOINT_COSTS,
            uri::ENDPOINT_COSTS,
            (media::ENDPOINT_COSTS, media::ENDPOINT_COST_PARAMS),
            &[],
            Kind::EndpointCosts,
        ),
        get(
            id::DRAFT_PROPERTY_MAP,
            uri::DRAFT_PROPERTY_MAP,
            media::PROPERTY_MAP,
            DOMAINS,
            Kind::DraftPropertyMap,
        ),
        get(
            id::PROPERTY_MAP,
            uri::PROPERTY_MAP,
            media::PROPERTY_MAP,
            DOMAINS,
            Kind::PropertyMap,
        ),
        post(
            id::FILTERED_PROPERTY_MAP,
            uri::FILTERED_PROPERTY_MAP,
            (media::PROPERTY_MAP, media::PROPERTY_MAP_PARAMS),
            DOMAINS,
            Kind::FilteredPropertyMap,
        ),
        // Where one address has two answers, the first is the server's preference.
        post(
            id::PATH_VECTORS,
            uri::PATH_VECTORS,
            (media::PATH_VECTORS, media::COST_MAP_FILTER),
            DOMAINS,
            Kind::PathVectors,
        ),
        post(
            id::PATH_VECTOR_COST_MAP,
            uri::PATH_VECTORS,
            (media::COST_MAP, media::COST_MAP_FILTER),
            DOMAINS,
            Kind::PathVectorCostMap,
        ),
    ]
};

static ALL: LazyLock<Vec<&'static Resource>> = LazyLock::new(|| {
    static FULL: LazyLock<Vec<Resource>> = LazyLock::new(|| {
        let map = |(cost_type, id, uri): (&'static CostType, _, _)| {
            let is_routing_cost = cost_type.metric.name == "routingcost";
            let listed = if is_routing_cost {
                DirectoryName::Root
            } else {
                DirectoryName::CostMaps
            };
            Resource {
                listed: Some(listed),
                ..get(id, uri, media::COST_MAP, DOMAINS, Kind::CostMap(cost_type))
            }
        };
        full_maps().map(map).collect()
    });
    let single = SINGLE.iter().chain(&properties::PROPERTY_MAPS);
    let maps = single.chain(&*FULL).chain(&path_vector::ALL);
    maps.chain(&updates::UPDATES).collect()
});

/// Every resource there can be. Full cost maps are not offered where there are too many pairs
/// ([`Limits::full_map_pairs`](crate::Limits::full_map_pairs)).
#[must_use]
pub fn resources() -> &'static [&'static Resource] {
    &ALL
}

/// The resource with this id.
#[must_use]
pub fn resource(id: &str) -> Option<&'static Resource> {
    ALL.iter().copied().find(|resource| resource.id == id)
}
