//! Property maps: what each domain has, in two dialects over the same rendered pieces.
//!
//! * The draft's map as printed in draft-brokermdo-00 §5.5.1: keys `pid:AS1`.
//! * RFC 9240's: keys `networkmap.pid:AS1`, since an entity of type `pid` always belongs to a network
//!   map (RFC 9240 §6.2); full ([`PropertyMaps`]) and filtered ([`filter`]).
//!
//! Every value is an array of strings in both (draft §5.4.1, a MUST there; RFC 9240 §5.2.3 allows any
//! JSON value, and the directory says `array-values`). A property that a domain lacks is left out.
//!
//! The members of one domain are rendered once per version of that domain ([`Entity`]). A map is
//! spliced from these pieces, a filtered map from parts of them.

mod filter;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use nffg::{DomainId, QuantitySum};

use crate::json::{self, Comma};
use crate::{Body, Tag, media, uri};

pub(crate) use filter::{filter, property_names};

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

/// All domains of a snapshot, rendered, by id.
pub(crate) struct Entities(Vec<Arc<Entity>>);

impl Entities {
    /// Renders the domains that are not the very ones that `previous` rendered.
    pub(crate) fn build(idr: &idr::Snapshot, previous: Option<&Self>) -> Self {
        let mut old = previous
            .map_or(&[][..], |entities| &entities.0)
            .iter()
            .peekable();
        let entity = |domain: &Arc<idr::Domain>| {
            while old.next_if(|entity| entity.id() < domain.id()).is_some() {}
            match old.next_if(|entity| Arc::ptr_eq(&entity.source, domain)) {
                Some(same) => Arc::clone(same),
                None => Entity::render(domain),
            }
        };
        Self(idr.domains().map(entity).collect())
    }

    /// The rendered domain of this name.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Entity>> {
        let place = self
            .0
            .binary_search_by(|entity| entity.id().as_str().cmp(id))
            .ok()?;
        self.0.get(place)
    }

    /// Those that have a property, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entity>> {
        self.0.iter().filter(|entity| !entity.is_empty())
    }
}

/// The two full maps.
#[derive(Clone)]
pub(crate) struct PropertyMaps {
    pub(crate) draft: Body,
    pub(crate) full: Body,
}

impl PropertyMaps {
    pub(crate) fn build(entities: &Entities, network: &Tag, previous: Option<&Self>) -> Self {
        // Of the pieces' hashes rather than of the bytes: what did not change is not read again. An
        // id has no control character, so that each ends where it does.
        let mut pieces = Vec::with_capacity(entities.0.len() * 48);
        for entity in entities.iter() {
            pieces.extend_from_slice(entity.id().as_str().as_bytes());
            pieces.push(0);
            pieces.extend_from_slice(entity.hash.as_bytes());
        }
        let tag = Tag::of([network.as_str().as_bytes(), &pieces]);
        if let Some(previous) = previous.filter(|previous| previous.full.tag == tag) {
            return previous.clone();
        }
        let map = |id: &str, domain: &str| {
            let size: usize = entities
                .iter()
                .map(|e| domain.len() + e.id().as_str().len() + e.members.len() + 6)
                .sum();
            let mut out = Vec::with_capacity(size + 256);
            out.extend_from_slice(b"{\"meta\":{\"vtag\":");
            tag.write(&mut out, id);
            out.push(b',');
            dependent_vtags(&mut out, uri::id::NETWORK_MAP, network);
            out.extend_from_slice(b"},\"property-map\":{");
            let mut comma = Comma::default();
            for entity in entities.iter() {
                comma.write(&mut out);
                key(&mut out, domain, entity.id().as_str());
                out.push(b'{');
                out.extend_from_slice(&entity.members);
                out.push(b'}');
            }
            out.extend_from_slice(b"}}");
            Body {
                media_type: media::PROPERTY_MAP,
                bytes: Bytes::from(out),
                tag: tag.clone(),
            }
        };
        Self {
            draft: map(uri::id::DRAFT_PROPERTY_MAP, DRAFT_DOMAIN),
            full: map(uri::id::PROPERTY_MAP, PID_DOMAIN),
        }
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
    out.extend_from_slice(b"\"dependent-vtags\":[");
    tag.write(out, id);
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use idr::{Idr, Update};

    use super::*;

    fn tell(domain: &str, url: &str) -> Update {
        let (domain, entry_point) = (domain.parse().unwrap(), Some(url.parse().unwrap()));
        Update::EntryPoint {
            domain,
            entry_point,
        }
    }

    #[test]
    fn only_the_changed_domain_is_rendered_again() {
        let mut idr = Idr::new();
        idr.apply(["AS1", "AS2", "AS3", "AS5"].map(|domain| tell(domain, "http://a/")));
        let before = Entities::build(&idr.snapshot(), None);
        // One changes, one leaves, two come, one of them at the end.
        idr.apply([
            tell("AS2", "http://b/"),
            Update::Remove("AS3".parse().unwrap()),
            tell("AS4", "http://a/"),
            tell("AS6", "http://a/"),
        ]);
        let after = Entities::build(&idr.snapshot(), Some(&before));
        let kept = |id: &str| Arc::ptr_eq(before.get(id).unwrap(), after.get(id).unwrap());
        assert!(kept("AS1") && kept("AS5") && !kept("AS2"));
        let ids: Vec<_> = after.iter().map(|entity| entity.id().as_str()).collect();
        assert_eq!(ids, ["AS1", "AS2", "AS4", "AS5", "AS6"]);
        assert!(after.get("AS3").is_none());
    }

    #[test]
    fn names_and_properties_are_in_one_order() {
        for (property, name) in Property::ALL.into_iter().zip(Property::NAMES) {
            assert_eq!(property.name(), name);
            assert_eq!(Property::from_name(name), Some(property));
        }
    }
}
