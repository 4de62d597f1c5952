//! Property maps (RFC 9240): what is known of entities.
//!
//! | entities | what is told | full | filtered |
//! |---|---|---|---|
//! | `pid:AS1` | resources, as printed in draft-brokermdo-00 §5.5.1 | [`PropertyMaps`] | |
//! | `networkmap.pid:AS1` | the same | [`PropertyMaps`] | [`filter`], [`entity_map`] |
//! | `networkmap-role.pid:nf` | the domains in it | [`roles`] | [`entity_map`] |
//! | `ipv4:...`, `ipv6:...`, `asn:as1` | the PIDs, the AS | [`addresses`] | [`entity_map`] |
//! | `ane-properties.ane:AS1` | domains and the links between them | [`anes`] | [`anes`] |
//!
//! An entity of type `pid` always belongs to a network map (RFC 9240 §6.2), so that the draft's names are
//! kept to the draft's own map. Every value of a domain's resources is an array of strings (draft §5.4.1, a
//! MUST there; RFC 9240 §5.2.3 allows any JSON value, and the directory says which are arrays). A property
//! that an entity lacks is left out.
//!
//! The members of one domain are rendered once per version of that domain ([`Entity`]). A map is
//! spliced from these pieces, a filtered map from parts of them.

pub(crate) mod addresses;
pub(crate) mod anes;
mod entities;
pub(crate) mod entity_map;
mod filter;
mod full;
mod request;
pub(crate) mod roles;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use nffg::{DomainId, QuantitySum};

use crate::Tag;
use crate::json::{self, Comma};

pub(crate) use entities::Entities;
pub(crate) use filter::{filter, property_names};
pub(crate) use full::{Dialect, PropertyMaps};

/// What depends on the network map and on what domains are for, made when somebody asks first. Versions in
/// which neither is other share it.
#[derive(Default)]
pub(crate) struct Lazy {
    pub(crate) addresses: OnceLock<crate::Body>,
    pub(crate) roles: OnceLock<roles::RoleMembers>,
}

/// A property of a domain, in the order in which the draft prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Property {
    EntryPoint,
    Cpu,
    Mem,
    Storage,
    Port,
    Nf,
}

impl Property {
    pub(crate) const ALL: [Self; 6] = [
        Self::EntryPoint,
        Self::Cpu,
        Self::Mem,
        Self::Storage,
        Self::Port,
        Self::Nf,
    ];
    pub(crate) const NAMES: [&'static str; 6] =
        ["entry-point", "cpu", "mem", "storage", "port", "nf"];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|known| *known == name)?;
        Self::ALL.get(place).copied()
    }

    pub(crate) const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A domain with its properties rendered.
pub(crate) struct Entity {
    source: Arc<idr::Domain>,
    /// `"entry-point":["..."],"cpu":["50.0"]`: the members of its `EntityProps`, without braces.
    members: Box<[u8]>,
    /// Where each property's member is, empty where the domain lacks the property.
    ranges: [Range<usize>; 6],
    hash: blake3::Hash,
}

impl Entity {
    fn render(source: &Arc<idr::Domain>) -> Arc<Self> {
        let mut members = Vec::new();
        let mut comma = Comma::default();
        let ranges = Property::ALL.map(|property| {
            let values = values(source, property);
            if values.is_empty() {
                return 0..0;
            }
            comma.write(&mut members);
            let start = members.len();
            json::string(&mut members, property.name());
            members.push(b':');
            json::strings(&mut members, values.iter().map(AsRef::as_ref));
            start..members.len()
        });
        let hash = blake3::hash(&members);
        Arc::new(Self {
            source: Arc::clone(source),
            members: members.into(),
            ranges,
            hash,
        })
    }

    pub(crate) fn id(&self) -> &DomainId {
        self.source.id()
    }

    /// Whether the domain has no property at all: it is no entity of the maps then.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The member of one property, empty if the domain lacks it.
    fn member(&self, property: Property) -> &[u8] {
        self.ranges
            .get(property as usize)
            .and_then(|range| self.members.get(range.clone()))
            .unwrap_or_default()
    }

    /// Appends an `EntityProps` object with those of `wanted` that the domain has.
    pub(crate) fn write(&self, out: &mut Vec<u8>, wanted: &[Property]) {
        out.push(b'{');
        let mut comma = Comma::default();
        for member in wanted.iter().map(|property| self.member(*property)) {
            if !member.is_empty() {
                comma.write(out);
                out.extend_from_slice(member);
            }
        }
        out.push(b'}');
    }
}

fn values(domain: &idr::Domain, property: Property) -> Vec<Box<str>> {
    // One string for each unit that occurs: unlike units are not added up.
    let amounts = |sum: QuantitySum| sum.quantities().map(|q| q.to_string().into()).collect();
    // What is held for somebody is not on offer.
    let left = domain.left();
    match property {
        Property::EntryPoint => domain
            .entry_point()
            .map(|e| e.as_str().into())
            .into_iter()
            .collect(),
        Property::Cpu => amounts(left.cpu),
        Property::Mem => amounts(left.mem),
        Property::Storage => amounts(left.storage),
        Property::Port => domain
            .saps()
            .iter()
            .map(|sap| sap.as_str().into())
            .collect(),
        Property::Nf => domain
            .nf_types()
            .iter()
            .map(|nf| nf.as_str().into())
            .collect(),
    }
}

/// The entity domain of the draft. RFC 9240 does not know it (§6.2): kept to the draft's own map.
pub(crate) const DRAFT_DOMAIN: &str = "pid";
/// The entity domain of the PIDs of our network map (RFC 9240 §5.1.2.1).
pub(crate) const PID_DOMAIN: &str = "networkmap.pid";
/// The self-defined domain of the elements of path vectors (RFC 9275 §6.2).
pub(crate) const ANE_DOMAIN: &str = ".ane";

/// Appends an entity id as a member name, with its colon. None of its characters needs an escape.
pub(crate) fn key(out: &mut Vec<u8>, domain: &str, id: &str) {
    out.push(b'"');
    out.extend_from_slice(domain.as_bytes());
    out.push(b':');
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a `dependent-vtags` member with one version tag.
pub(crate) fn dependent_vtags(out: &mut Vec<u8>, id: &str, tag: &Tag) {
    several_vtags(out, &[(id, tag)]);
}

/// Appends a `dependent-vtags` member with these version tags, in this order.
pub(crate) fn several_vtags(out: &mut Vec<u8>, tags: &[(&str, &Tag)]) {
    out.extend_from_slice(b"\"dependent-vtags\":[");
    let mut comma = Comma::default();
    for (id, tag) in tags {
        comma.write(out);
        tag.write(out, id);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_properties_are_in_one_order() {
        for (property, name) in Property::ALL.into_iter().zip(Property::NAMES) {
            assert_eq!(property.name(), name);
            assert_eq!(Property::from_name(name), Some(property));
        }
    }
}
