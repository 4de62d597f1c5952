//! The information resource directories (RFC 7285 §9.2), from the table of resources.

use serde_json::{Map, Value, json};

use crate::cost::{AneProperty, COST_TYPES, MAX_COST_TYPES, calendar_attributes, max_values};
use crate::endpoint;
use crate::property_map::{PID_DOMAIN, Property};
use crate::pv::MAX_PAIRS;
use crate::resource::{DirectoryName, Kind, Resource, resources};
use crate::updates::{Forms, tips_updatable, updatable};
use crate::{Body, Config, Tag, media, uri};

/// The directories. They depend on the settings, and on whether there are full cost maps.
#[derive(Clone)]
pub(crate) struct Directories {
    pub(crate) root: Body,
    /// `None` if there are no full cost maps.
    pub(crate) cost_maps: Option<Body>,
}

pub(crate) fn build(config: &Config, has_full_maps: bool) -> Directories {
    let of = |directory| build_one(config, directory, has_full_maps);
    Directories {
        root: of(DirectoryName::Root),
        cost_maps: has_full_maps.then(|| of(DirectoryName::CostMaps)),
    }
}

/// One directory. URIs are references that a client resolves against the address where it found the
/// directory (§9.2.2).
fn build_one(config: &Config, directory: DirectoryName, has_full_maps: bool) -> Body {
    let is_there = |resource: &&&Resource| {
        let of_full_maps = matches!(
            resource.kind,
            Kind::CostMap(_) | Kind::Directory(DirectoryName::CostMaps)
        );
        resource.listed == Some(directory) && (has_full_maps || !of_full_maps)
    };
    let mut cost_types = Map::new();
    let mut entries = Map::new();
    for resource in resources().iter().filter(is_there) {
        let mut entry = Map::new();
        entry.insert("uri".to_owned(), resource.uri.into());
        entry.insert("media-type".to_owned(), resource.media_type.into());
        if let Some(accepts) = resource.accepts {
            entry.insert("accepts".to_owned(), accepts.into());
        }
        let (capabilities, names) = match resource.kind {
            Kind::UpdateStream | Kind::Tips => {
                let (capabilities, uses) = of_updates(resource.kind, has_full_maps);
                entry.insert("uses".to_owned(), uses);
                (capabilities, Vec::new())
            }
            _ => capabilities(config, resource),
        };
        for name in names {
            cost_types.insert(name.to_owned(), cost_type(name));
        }
        if !capabilities.is_null() {
            entry.insert("capabilities".to_owned(), capabilities);
        }
        if !resource.uses.is_empty() {
            entry.insert("uses".to_owned(), resource.uses.into());
        }
        entries.insert(resource.id.to_owned(), entry.into());
    }
    let mut meta = Map::new();
    meta.insert("cost-types".to_owned(), cost_types.into());
    if directory == DirectoryName::Root {
        let default = uri::id::NETWORK_MAP.into();
        meta.insert("default-alto-network-map".to_owned(), default);
    }
    let text = json!({ "meta": meta, "resources": entries }).to_string();
    let tag = Tag::of([text.as_bytes()]);
    Body {
        media_type: media::DIRECTORY,
        bytes: text.into(),
        tag,
    }
}

/// The capabilities of a resource, `null` if it has none, and the names of its cost types.
fn capabilities(config: &Config, resource: &Resource) -> (Value, Vec<&'static str>) {
    let capabilities = match resource.kind {
        Kind::Directory(_)
        | Kind::NetworkMap(_)
        | Kind::FilteredNetworkMap(_)
        | Kind::UpdateStream
        | Kind::Tips => Value::Null,
        Kind::CostMap(cost_type) => {
            let name = cost_type.name;
            return (json!({ "cost-type-names": [name] }), vec![name]);
        }
        Kind::FilteredCostMap | Kind::EndpointCosts => {
            let names: Vec<_> = COST_TYPES.iter().map(|cost_type| cost_type.name).collect();
            // From `max-pairs` on they are our limits.
            let mut capabilities = json!({
                "cost-type-names": names,
                "cost-constraints": true,
                "max-cost-types": MAX_COST_TYPES,
                "max-pairs": config.limits.pairs,
            });
            if let Some(calendar) = &config.limits.calendar {
                capabilities["calendar-attributes"] =
                    json!([calendar_attributes(calendar, &names)]);
                capabilities["max-calendar-values"] = max_values(config.limits.pairs).into();
            }
            if resource.kind == Kind::EndpointCosts {
                capabilities["max-endpoints"] = config.limits.endpoints.into();
            }
            return (capabilities, names);
        }
        // Without control: who wants to be told of other views opens another stream.
        Kind::TipsSummaries => json!({
            "incremental-change-media-types": { (uri::id::TIPS): Forms::Merge.media_types() },
        }),
        Kind::EndpointProperties => json!({
            "prop-types": endpoint::property_names(),
            "max-endpoints": config.limits.endpoints,
        }),
        // In the terms of the property map draft that the broker draft cites
        // (draft-ietf-alto-unified-props-new-01 §4.4).
        Kind::DraftPropertyMap => json!({
            "entity-domain-types": ["pid"],
            "prop-types": Property::NAMES,
            "array-values": true,
        }),
        // `array-values` says of all property maps that each value is an array of strings
        // (draft-brokermdo-00 §5.4.1), which RFC 9240 §7.6 wants signalled.
        Kind::PropertyMap | Kind::FilteredPropertyMap => {
            let mut capabilities = json!({
                "mappings": { PID_DOMAIN: Property::NAMES },
                "array-values": true,
            });
            if resource.kind == Kind::FilteredPropertyMap {
                capabilities["max-entities"] = config.limits.endpoints.into();
            }
            capabilities
        }
        Kind::EntityMap(map) => map.capabilities(config),
        Kind::MultipartCostMap | Kind::MultipartEndpointCosts => {
            let costs: Vec<_> = COST_TYPES.iter().map(|cost_type| cost_type.name).collect();
            let names = [&[PATH_VECTOR], costs.as_slice()].concat();
            let mut capabilities = json!({
                "cost-type-names": names,
                // RFC 8189 §4.1.1: not with a list of what can be tested.
                "cost-constraints": false,
                "max-cost-types": MAX_COST_TYPES + 1,
                "testable-cost-type-names": costs,
                "ane-property-names": AneProperty::NAMES,
                "max-pairs": config.limits.pairs,
            });
            if let Some(calendar) = &config.limits.calendar {
                capabilities["calendar-attributes"] =
                    json!([calendar_attributes(calendar, &names)]);
                capabilities["max-calendar-values"] = max_values(config.limits.pairs).into();
            }
            if resource.kind == Kind::MultipartEndpointCosts {
                capabilities["max-endpoints"] = config.limits.endpoints.into();
            }
            return (capabilities, names);
        }
        Kind::PathVectors | Kind::PathVectorCostMap => {
            // From `service-graph` on they are ours: the draft's extension and our limits.
            let capabilities = json!({
                "cost-type-names": [PATH_VECTOR],
                "cost-constraints": false,
                "ane-property-names": Property::NAMES,
                "service-graph": true,
                "max-paths-per-pair": config.caps.per_pair,
                "max-domains-per-path": config.caps.max_domains,
                "max-pid-pairs": MAX_PAIRS,
            });
            return (capabilities, vec![PATH_VECTOR]);
        }
    };
    (capabilities, Vec::new())
}

/// The capabilities of a resource of updates, and what it uses: all that can be watched (RFC 8895 §6.3, §6.4,
/// RFC 9569 §5.2, §5.3).
fn of_updates(kind: Kind, has_full_maps: bool) -> (Value, Value) {
    let is_offered =
        |resource: &&'static Resource| has_full_maps || !matches!(resource.kind, Kind::CostMap(_));
    let ids: Vec<&str> = match kind {
        Kind::Tips => tips_updatable()
            .filter(is_offered)
            .map(|one| one.id)
            .collect(),
        _ => updatable().filter(is_offered).map(|one| one.id).collect(),
    };
    let forms = ids
        .iter()
        .map(|id| ((*id).to_owned(), Forms::Both.media_types().into()));
    let mut capabilities = Map::new();
    capabilities.insert(
        "incremental-change-media-types".to_owned(),
        Value::Object(forms.collect()),
    );
    if kind == Kind::UpdateStream {
        capabilities.insert("support-stream-control".to_owned(), true.into());
    }
    (capabilities.into(), ids.into())
}

/// The name of the path vector cost type in the directory.
pub(crate) const PATH_VECTOR: &str = "path-vector";
/// The cost mode of path vectors (RFC 9275 §6.5.2).
pub(crate) const COST_MODE: &str = "array";
/// The cost metric of path vectors (RFC 9275 §6.5.1).
pub(crate) const COST_METRIC: &str = "ane-path";

fn cost_type(name: &str) -> Value {
    let known = COST_TYPES.iter().find(|cost_type| cost_type.name == name);
    known.map_or_else(
        || json!({ "cost-mode": COST_MODE, "cost-metric": COST_METRIC }),
        |known| known.described(),
    )
}
