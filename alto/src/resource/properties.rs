//! The property maps of RFC 9240 over the broker's own data; the draft's and those of its PIDs are older.

use serde_json::{Value, json};

use super::{BOTH, Kind, ROLES, Resource, get, post};
use crate::property_map::addresses::{ASN_DOMAIN, AddressProperty};
use crate::property_map::{ANE_DOMAIN, anes, entity_map, roles};
use crate::{Config, media, uri};

/// A property map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntityMap {
    /// Addresses and autonomous systems.
    Addresses,
    /// The PIDs of the network map by role.
    Roles,
    /// All of them and the PIDs of domains, filtered.
    Filtered,
    /// Abstract network elements that last.
    Anes,
    /// These filtered.
    FilteredAnes,
}

pub(super) static PROPERTY_MAPS: [Resource; 5] = {
    use uri::id;
    const FILTERED: (&str, &str) = (media::PROPERTY_MAP, media::PROPERTY_MAP_PARAMS);
    [
        get(
            id::ADDRESS_PROPERTIES,
            uri::ADDRESS_PROPERTIES,
            media::PROPERTY_MAP,
            BOTH,
            Kind::EntityMap(EntityMap::Addresses),
        ),
        get(
            id::ROLE_PROPERTIES,
            uri::ROLE_PROPERTIES,
            media::PROPERTY_MAP,
            ROLES,
            Kind::EntityMap(EntityMap::Roles),
        ),
        post(
            id::FILTERED_PROPERTIES,
            uri::FILTERED_PROPERTIES,
            FILTERED,
            BOTH,
            Kind::EntityMap(EntityMap::Filtered),
        ),
        // What it defines no other resource does: it uses none (RFC 9240 §5.1.2.3).
        get(
            id::ANE_PROPERTIES,
            uri::ANE_PROPERTIES,
            media::PROPERTY_MAP,
            &[],
            Kind::EntityMap(EntityMap::Anes),
        ),
        post(
            id::FILTERED_ANE_PROPERTIES,
            uri::FILTERED_ANE_PROPERTIES,
            FILTERED,
            &[id::ANE_PROPERTIES],
            Kind::EntityMap(EntityMap::FilteredAnes),
        ),
    ]
};

impl EntityMap {
    /// What a directory says of it: `mappings` (RFC 9240 §7.4), which values are arrays of strings, which are
    /// numbers, and our limit.
    pub(crate) fn capabilities(self, config: &Config) -> Value {
        let addresses = || AddressProperty::ALL.map(AddressProperty::name);
        let mut capabilities = match self {
            Self::Addresses => json!({"mappings": {
                "ipv4": addresses(),
                "ipv6": addresses(),
                ASN_DOMAIN: AddressProperty::OF_AS.map(AddressProperty::name),
            }}),
            Self::Roles => json!({
                "mappings": { roles::ROLE_DOMAIN: [roles::MEMBERS] },
                "array-values": true,
            }),
            Self::Filtered => json!({
                "mappings": entity_map::mappings(),
                "array-valued-properties": entity_map::array_valued(),
            }),
            Self::Anes | Self::FilteredAnes => {
                let domain = match self {
                    Self::Anes => ANE_DOMAIN,
                    _ => anes::LASTING_DOMAIN,
                };
                json!({
                    "mappings": { domain: anes::property_names() },
                    "array-valued-properties": crate::property_map::Property::NAMES,
                })
            }
        };
        if matches!(self, Self::Filtered | Self::FilteredAnes) {
            capabilities["max-entities"] = config.limits.endpoints.into();
        }
        capabilities
    }
}
