//! The filtered property map of all entities but abstract network elements (RFC 9240 §8).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use idt::search::Budget;
use nffg::json::Cursor;
use serde_json::Value;

use super::addresses::{
    ASN_DOMAIN, AddressProperty, Answer, Asked, all_as, both_vtags, everything, of_as, write_as,
};
use super::request::{self, ASN_RULE, NET_RULE, PID_RULE, is_pid_name};
use super::roles::{MEMBERS, ROLE_DOMAIN, RoleMembers, members};
use super::{Entity, PID_DOMAIN, Property, key, several_vtags};
use crate::json::{self, Comma};
use crate::service::Refused;
use crate::{AltoError, Maps, uri};

/// The properties of each entity domain, as a directory tells them (RFC 9240 §7.4).
pub(crate) fn mappings() -> Value {
    serde_json::json!({
        PID_DOMAIN: Property::NAMES,
        ROLE_DOMAIN: [MEMBERS],
        "ipv4": AddressProperty::ALL.map(AddressProperty::name),
        "ipv6": AddressProperty::ALL.map(AddressProperty::name),
        ASN_DOMAIN: AddressProperty::OF_AS.map(AddressProperty::name),
    })
}

/// The properties whose values are arrays of strings: RFC 9240 §7.6 wants it signalled.
pub(crate) fn array_valued() -> Vec<&'static str> {
    Property::NAMES.into_iter().chain([MEMBERS]).collect()
}

/// A property of some entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Domain(Property),
    Members,
    Address(AddressProperty),
}

impl Named {
    fn all() -> impl Iterator<Item = Self> {
        let domain = Property::ALL.into_iter().map(Self::Domain);
        let address = AddressProperty::ALL.into_iter().map(Self::Address);
        domain.chain([Self::Members]).chain(address)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Domain(property) => property.name(),
            Self::Members => MEMBERS,
            Self::Address(property) => property.name(),
        }
    }
}

/// Which properties to tell, by the entities that can have them.
struct Wanted {
    /// Whether values are told at all.
    values: bool,
    domain: Vec<Property>,
    members: bool,
    address: Vec<AddressProperty>,
}

impl Wanted {
    fn read(request: &Cursor<'_>) -> Result<Self, AltoError> {
        let known = |name: &str| Named::all().find(|property| property.name() == name);
        let names = || Named::all().map(Named::name).collect::<Vec<_>>().join(", ");
        let asked = request::properties(request, known, names)?;
        let is_wanted = |property: &Named| match &asked {
            Some(asked) if !asked.is_empty() => asked.contains(property),
            _ => true,
        };
        let mut wanted = Self {
            values: asked.is_some(),
            domain: Vec::new(),
            members: false,
            address: Vec::new(),
        };
        for property in Named::all().filter(is_wanted) {
            match property {
                Named::Domain(property) => wanted.domain.push(property),
                Named::Members => wanted.members = true,
                Named::Address(property) => wanted.address.push(property),
            }
        }
        Ok(wanted)
    }
}

/// Which entities are asked for, each once.
#[derive(Default)]
struct Entities<'a> {
    pids: BTreeSet<&'a str>,
    roles: BTreeSet<&'a str>,
    addresses: Asked<'a>,
    asns: BTreeMap<u32, &'a str>,
}

impl<'a> Entities<'a> {
    /// `None` if all are asked for.
    fn read(request: &Cursor<'a>, most: usize) -> Result<Option<Self>, AltoError> {
        let list = request::entities(request, most)?;
        if list.is_empty() {
            return Ok(None);
        }
        let mut entities = Self::default();
        for (element, text) in list {
            let (domain, id) = text.split_once(':').unwrap_or((text, ""));
            let problem = match domain {
                PID_DOMAIN | ROLE_DOMAIN if !is_pid_name(id) => Some(PID_RULE),
                PID_DOMAIN => {
                    entities.pids.insert(id);
                    None
                }
                ROLE_DOMAIN => {
                    entities.roles.insert(id);
                    None
                }
                "ipv4" | "ipv6" => match request::net(domain, id) {
                    Some(net) => {
                        entities.addresses.entry(net).or_insert(text);
                        None
                    }
                    None => Some(NET_RULE),
                },
                ASN_DOMAIN => match request::asn(id) {
                    Some(asn) => {
                        entities.asns.entry(asn).or_insert(text);
                        None
                    }
                    None => Some(ASN_RULE),
                },
                _ => Some(
                    "the entity domains of this map are networkmap.pid, networkmap-role.pid, ipv4, ipv6 \
                     and asn",
                ),
            };
            if let Some(rule) = problem {
                return Err(element.invalid(rule).into());
            }
        }
        Ok(Some(entities))
    }

    /// Whether an entity is asked for that no information resource defines.
    fn has_agnostic(&self) -> bool {
        !self.addresses.is_empty() || !self.asns.is_empty()
    }
}

/// Answers `request`, a `ReqFilteredPropertyMap`. A step of work is an entity or a prefix looked at.
pub(crate) fn filter(maps: &Maps, request: &[u8], work: u64) -> Result<Bytes, Refused> {
    let request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    let request = Cursor::root(&request);
    let asked = Entities::read(&request, maps.config().limits.endpoints)?;
    let wanted = Wanted::read(&request)?;
    let mut budget = Budget::new(work);
    let content = match &asked {
        Some(asked) => some(maps, asked, &wanted, &mut budget),
        None => all(maps, &wanted, &mut budget),
    };
    content.map_err(|refused| {
        let asked = asked.as_ref().map_or(0, |asked| asked.addresses.len());
        let rule = "it is more work than this server allows: ask for fewer or longer prefixes";
        refused.or_error("entities", &format!("{asked} addresses and prefixes"), rule)
    })
}

fn some(
    maps: &Maps,
    asked: &Entities<'_>,
    wanted: &Wanted,
    budget: &mut Budget,
) -> Result<Bytes, Refused> {
    let mut out = b"{\"meta\":{".to_vec();
    if asked.has_agnostic() {
        both_vtags(maps, &mut out, budget)?;
    } else {
        let mut tags = Vec::new();
        if !asked.pids.is_empty() {
            tags.push((uri::id::NETWORK_MAP, &maps.network_map().tag));
        }
        if !asked.roles.is_empty() {
            tags.push((uri::id::ROLE_MAP, &maps.role_map(budget)?.body.tag));
        }
        several_vtags(&mut out, &tags);
    }
    out.extend_from_slice(b"},\"property-map\":{");
    let mut comma = Comma::default();
    budget.spend(asked.pids.len() + asked.asns.len())?;
    for entity in asked.pids.iter().filter_map(|pid| maps.entities().get(pid)) {
        write_domain(&mut out, &mut comma, entity, wanted);
    }
    if !asked.roles.is_empty() {
        let known = members(maps, budget)?;
        for pid in &asked.roles {
            write_role(&mut out, &mut comma, known, pid, wanted);
        }
    }
    if wanted.values {
        let answer = Answer::of(maps, &wanted.address, &asked.addresses, budget)?;
        answer.write(&mut out, &mut comma, true);
    } else {
        // Every address is in some PID. Of what is within one nobody asked whether it is there (§8.6).
        for text in asked.addresses.values() {
            comma.write(&mut out);
            json::string(&mut out, text);
            out.extend_from_slice(b":{}");
        }
    }
    for asn in asked.asns.keys() {
        if let Some(id) = of_as(maps, *asn) {
            comma.write(&mut out);
            write_as(maps, (id, *asn), wanted.of_as(), &mut out);
        }
    }
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

fn all(maps: &Maps, wanted: &Wanted, budget: &mut Budget) -> Result<Bytes, Refused> {
    let mut out = b"{\"meta\":{".to_vec();
    both_vtags(maps, &mut out, budget)?;
    out.extend_from_slice(b"},\"property-map\":{");
    let mut comma = Comma::default();
    budget.spend(maps.network().domains().len())?;
    for entity in maps.entities().iter() {
        write_domain(&mut out, &mut comma, entity, wanted);
    }
    let known = members(maps, budget)?;
    for pid in known.pids() {
        write_role(&mut out, &mut comma, known, pid, wanted);
    }
    let asked = everything();
    Answer::of(maps, &wanted.address, &asked, budget)?.write(&mut out, &mut comma, wanted.values);
    for of in all_as(maps) {
        comma.write(&mut out);
        write_as(maps, of, wanted.of_as(), &mut out);
    }
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

impl Wanted {
    fn of_as(&self) -> &[AddressProperty] {
        if self.values { &self.address } else { &[] }
    }
}

fn write_domain(out: &mut Vec<u8>, comma: &mut Comma, entity: &Entity, wanted: &Wanted) {
    if entity.is_empty() {
        return;
    }
    comma.write(out);
    key(out, PID_DOMAIN, entity.id().as_str());
    entity.write(out, if wanted.values { &wanted.domain } else { &[] });
}

fn write_role(
    out: &mut Vec<u8>,
    comma: &mut Comma,
    known: &RoleMembers,
    pid: &str,
    wanted: &Wanted,
) {
    let Some(properties) = known.properties(pid) else {
        return;
    };
    comma.write(out);
    key(out, ROLE_DOMAIN, pid);
    out.push(b'{');
    if wanted.values && wanted.members {
        out.extend_from_slice(properties);
    }
    out.push(b'}');
}
