//! The information resource directory (RFC 7285 §9.2).

use serde_json::{Value, json};

use crate::property_map::{PID_DOMAIN, Property};
use crate::pv::MAX_PAIRS;
use crate::{Body, Config, Tag, media, uri};

/// The directory: it depends on the settings alone. URIs are references that a client resolves
/// against the address where it found the directory (§9.2.2).
pub(crate) fn build(config: &Config) -> Body {
    // `uses` names the network map for all that speaks of PIDs (§9.2.2). The draft's map states its
    // capabilities in the terms of the property map draft that it cites
    // (draft-ietf-alto-unified-props-new-01 §4.4); `array-values` says of both maps that each value
    // is an array of strings (draft-brokermdo-00 §5.4.1), which RFC 9240 §7.6 wants signalled.
    let mappings = json!({
        "mappings": { PID_DOMAIN: Property::NAMES },
        "array-values": true,
    });
    // From `service-graph` on they are ours: the draft's extension and our limits.
    let path_vectors = json!({
        "cost-type-names": [PATH_VECTOR],
        "cost-constraints": false,
        "ane-property-names": Property::NAMES,
        "service-graph": true,
        "max-paths-per-pair": config.caps.per_pair,
        "max-domains-per-path": config.caps.max_domains,
        "max-pid-pairs": MAX_PAIRS,
    });
    let uses = json!([uri::id::NETWORK_MAP]);
    let directory = json!({
        "meta": {
            "default-alto-network-map": uri::id::NETWORK_MAP,
            "cost-types": { PATH_VECTOR: cost_type() },
        },
        "resources": {
            uri::id::NETWORK_MAP: {
                "uri": uri::NETWORK_MAP,
                "media-type": media::NETWORK_MAP,
            },
            uri::id::DRAFT_PROPERTY_MAP: {
                "uri": uri::DRAFT_PROPERTY_MAP,
                "media-type": media::PROPERTY_MAP,
                "capabilities": {
                    "entity-domain-types": ["pid"],
                    "prop-types": Property::NAMES,
                    "array-values": true,
                },
                "uses": uses,
            },
            uri::id::PROPERTY_MAP: {
                "uri": uri::PROPERTY_MAP,
                "media-type": media::PROPERTY_MAP,
                "capabilities": mappings,
                "uses": uses,
            },
            uri::id::FILTERED_PROPERTY_MAP: {
                "uri": uri::FILTERED_PROPERTY_MAP,
                "media-type": media::PROPERTY_MAP,
                "accepts": media::PROPERTY_MAP_PARAMS,
                "capabilities": mappings,
                "uses": uses,
            },
            uri::id::PATH_VECTORS: {
                "uri": uri::PATH_VECTORS,
                "media-type": media::PATH_VECTORS,
                "accepts": media::COST_MAP_FILTER,
                "capabilities": path_vectors,
                "uses": uses,
            },
            uri::id::PATH_VECTOR_COST_MAP: {
                "uri": uri::PATH_VECTORS,
                "media-type": media::COST_MAP,
                "accepts": media::COST_MAP_FILTER,
                "capabilities": path_vectors,
                "uses": uses,
            },
        },
    });
    let text = directory.to_string();
    let tag = Tag::of([text.as_bytes()]);
    Body {
        media_type: media::DIRECTORY,
        bytes: text.into(),
        tag,
    }
}

/// The name of the path vector cost type in the directory.
const PATH_VECTOR: &str = "path-vector";
/// The cost mode of path vectors (RFC 9275 §6.5.2).
pub(crate) const COST_MODE: &str = "array";
/// The cost metric of path vectors (RFC 9275 §6.5.1).
pub(crate) const COST_METRIC: &str = "ane-path";

fn cost_type() -> Value {
    json!({ "cost-mode": COST_MODE, "cost-metric": COST_METRIC })
}
