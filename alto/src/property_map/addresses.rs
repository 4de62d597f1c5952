//! What there is to know of addresses and of autonomous systems: the PIDs that they are in, and the AS.
//!
//! An address has what the longest prefix around it has (RFC 9240 §6.1.3). So a map has a prefix only if that
//! says something else than the next longer one around it; each that is told is told whole. A prefix without an
//! AS within one that has one says `null`: there inheritance stops.

use std::borrow::Cow;
use std::collections::BTreeMap;

use idt::search::{Budget, Spent};
use ipnet::IpNet;
use nffg::DomainId;

use super::several_vtags;
use crate::json::{self, Comma};
use crate::network_map::{Cover, OUTSIDE, Owner, ends};
use crate::resource::MapName;
use crate::{Body, Maps, Tag, media, uri};

/// The entity domain of autonomous systems (RFC 9241 §6.1.1).
pub(crate) const ASN_DOMAIN: &str = "asn";

/// A property of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressProperty {
    /// The PID that it is in (RFC 9240 §8.7.1).
    Pid(MapName),
    /// The number of the AS that it belongs to, where its domain is named by one.
    Asn,
}

impl AddressProperty {
    pub(crate) const ALL: [Self; 3] = [
        Self::Pid(MapName::Domains),
        Self::Pid(MapName::Roles),
        Self::Asn,
    ];

    /// Those of an AS.
    pub(crate) const OF_AS: [Self; 2] = [Self::Pid(MapName::Domains), Self::Pid(MapName::Roles)];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pid(map) => map.pid_property(),
            Self::Asn => ".priv:brokermdo-asn",
        }
    }
}

/// The value of a property where this domain is.
fn value<'a>(
    maps: &Maps,
    property: AddressProperty,
    domain: Option<&'a DomainId>,
) -> Option<Cow<'a, str>> {
    match (property, domain) {
        (AddressProperty::Pid(_), None) => Some(OUTSIDE.into()),
        (AddressProperty::Pid(MapName::Domains), Some(id)) => Some(id.as_str().into()),
        (AddressProperty::Pid(MapName::Roles), Some(id)) => Some(maps.role_of(id).pid().into()),
        (AddressProperty::Asn, domain) => domain?.asn().map(|asn| asn.to_string().into()),
    }
}

/// A prefix of an answer.
#[derive(Clone, Debug)]
struct Told<'a> {
    net: IpNet,
    /// As the client wrote it, if it asked for it.
    asked: Option<&'a str>,
    owner: Owner,
}

/// Addresses and prefixes that are asked for, each once, as the client wrote them.
pub(super) type Asked<'a> = BTreeMap<IpNet, &'a str>;

/// Answers what is asked for (RFC 9240 §8.6): each prefix, and those within it that have other values of the
/// wanted properties. What others in the answer cover wholly is left out.
///
/// A step of work is a prefix looked at.
pub(super) struct Answer<'a> {
    maps: &'a Maps,
    wanted: &'a [AddressProperty],
    told: Vec<Told<'a>>,
}

impl<'a> Answer<'a> {
    pub(super) fn of(
        maps: &'a Maps,
        wanted: &'a [AddressProperty],
        asked: &Asked<'a>,
        budget: &mut Budget,
    ) -> Result<Self, Spent> {
        let cover = maps.network().cover(budget)?;
        let told = gather(cover, asked, budget)?;
        let mut answer = Self {
            maps,
            wanted,
            told: Vec::new(),
        };
        answer.keep_what_differs(told);
        answer.drop_what_is_covered();
        Ok(answer)
    }

    fn domain(&self, owner: Owner) -> Option<&'a DomainId> {
        self.maps.network().member(owner?)
    }

    fn differs(&self, one: Owner, other: Owner) -> bool {
        let value = |property, owner| value(self.maps, property, self.domain(owner));
        let mut wanted = self.wanted.iter();
        one != other && wanted.any(|property| value(*property, one) != value(*property, other))
    }

    /// Of the prefixes that were not asked for those that say something else than what is around them.
    fn keep_what_differs(&mut self, told: Vec<Told<'a>>) {
        let mut around: Vec<usize> = Vec::new();
        for told in told {
            self.leave(&mut around, &told.net);
            let outer = around.last().and_then(|at| self.told.get(*at));
            if told.asked.is_none()
                && outer.is_some_and(|outer| !self.differs(outer.owner, told.owner))
            {
                continue;
            }
            around.push(self.told.len());
            self.told.push(told);
        }
    }

    /// Takes from the stack what does not contain `net`.
    fn leave(&self, around: &mut Vec<usize>, net: &IpNet) {
        let contains = |at: &usize| {
            self.told
                .get(*at)
                .is_some_and(|told| told.net.contains(net))
        };
        while around.last().is_some_and(|at| !contains(at)) {
            around.pop();
        }
    }

    /// Without the prefixes of which others within cover each address.
    fn drop_what_is_covered(&mut self) {
        let mut is_covered = vec![false; self.told.len()];
        // Those around the current place, each with the first address that none within has covered yet; `None`
        // if there is a gap, or nothing is left.
        let mut around: Vec<(usize, Option<u128>)> = Vec::new();
        for (at, told) in self.told.iter().enumerate() {
            let (first, last) = ends(&told.net);
            while let Some((outer, _)) = around.last()
                && !self
                    .told
                    .get(*outer)
                    .is_some_and(|outer| outer.net.contains(&told.net))
            {
                around.pop();
            }
            if let Some((outer, open)) = around.last_mut() {
                *open = open.filter(|open| *open == first);
                let end = self.told.get(*outer).map(|outer| ends(&outer.net).1);
                if open.is_some() {
                    if end == Some(last) {
                        if let Some(is_covered) = is_covered.get_mut(*outer) {
                            *is_covered = true;
                        }
                    }
                    *open = last.checked_add(1);
                }
            }
            around.push((at, Some(first)));
        }
        let mut is_covered = is_covered.into_iter();
        self.told.retain(|_| !is_covered.next().unwrap_or(false));
    }

    /// Appends the entities as members of a property map: with their values, or with none.
    pub(super) fn write(&self, out: &mut Vec<u8>, comma: &mut Comma, with_values: bool) {
        let mut around: Vec<usize> = Vec::new();
        for (at, told) in self.told.iter().enumerate() {
            self.leave(&mut around, &told.net);
            let outer = around.last().and_then(|outer| self.told.get(*outer));
            comma.write(out);
            match told.asked {
                // No character of an address needs an escape.
                Some(text) => json::string(out, text),
                None => json::string(out, &format!("{}:{}", family(&told.net), told.net)),
            }
            out.extend_from_slice(b":{");
            if with_values {
                self.write_values(out, told, outer);
            }
            out.push(b'}');
            around.push(at);
        }
    }

    fn write_values(&self, out: &mut Vec<u8>, told: &Told<'_>, outer: Option<&Told<'_>>) {
        let mut comma = Comma::default();
        for property in self.wanted {
            let of = |told: &Told<'_>| value(self.maps, *property, self.domain(told.owner));
            let value = of(told);
            // Where there is a value to inherit and it is not to be, that is said (RFC 9240 §6.1.3).
            if value.is_none() && outer.is_none_or(|outer| of(outer).is_none()) {
                continue;
            }
            comma.write(out);
            json::string(out, property.name());
            out.push(b':');
            match value {
                Some(value) => json::string(out, &value),
                None => out.extend_from_slice(b"null"),
            }
        }
    }
}

/// What is asked for and the prefixes of the network map within, in order, each once.
fn gather<'a>(
    cover: &Cover,
    asked: &Asked<'a>,
    budget: &mut Budget,
) -> Result<Vec<Told<'a>>, Spent> {
    let mut all: Vec<Told<'a>> = Vec::new();
    let mut root: Option<&IpNet> = None;
    for (net, text) in asked {
        budget.spend(1)?;
        let owner = cover.owner(net);
        all.push(Told {
            net: *net,
            asked: Some(text),
            owner,
        });
        if root.is_some_and(|root| root.contains(net)) {
            continue;
        }
        root = Some(net);
        let within = cover.within(net);
        budget.spend(within.len())?;
        all.extend(within.map(|(net, owner)| Told {
            net,
            asked: None,
            owner,
        }));
    }
    // What was asked for comes before the same prefix of the map.
    all.sort_by_key(|told| (told.net, told.asked.is_none()));
    all.dedup_by_key(|told| told.net);
    Ok(all)
}

const fn family(net: &IpNet) -> &'static str {
    match net {
        IpNet::V4(_) => "ipv4",
        IpNet::V6(_) => "ipv6",
    }
}

/// All addresses: what an empty list of entities asks for.
pub(super) fn everything() -> Asked<'static> {
    let all = ["ipv4:0.0.0.0/0", "ipv6:::/0"];
    let nets = all.iter().filter_map(|text| {
        let (_, net) = text.split_once(':')?;
        Some((net.parse().ok()?, *text))
    });
    nets.collect()
}

/// The domain that is this AS.
pub(super) fn of_as(maps: &Maps, asn: u32) -> Option<&DomainId> {
    let id = DomainId::from_asn(asn).ok()?;
    maps.network().domain(id.as_str())
}

/// The domains that are an AS.
pub(super) fn all_as(maps: &Maps) -> impl Iterator<Item = (&DomainId, u32)> {
    let domains = maps.network().domains();
    domains.filter_map(|id| Some((id, id.asn()?)))
}

/// Appends the entity of an AS as a member of a property map, with the wanted ones of its properties.
pub(super) fn write_as(
    maps: &Maps,
    (id, asn): (&DomainId, u32),
    wanted: &[AddressProperty],
    out: &mut Vec<u8>,
) {
    json::string(out, &format!("{ASN_DOMAIN}:as{asn}"));
    out.extend_from_slice(b":{");
    let mut comma = Comma::default();
    let has = |property: &&AddressProperty| AddressProperty::OF_AS.contains(property);
    for property in wanted.iter().filter(has) {
        if let Some(value) = value(maps, *property, Some(id)) {
            comma.write(out);
            json::string(out, property.name());
            out.push(b':');
            json::string(out, &value);
        }
    }
    out.push(b'}');
}

/// Appends the version tags of both network maps, in the order of `uses`.
pub(super) fn both_vtags(maps: &Maps, out: &mut Vec<u8>, budget: &mut Budget) -> Result<(), Spent> {
    let roles = &maps.role_map(budget)?.body.tag;
    let network = &maps.network_map().tag;
    several_vtags(
        out,
        &[(uri::id::NETWORK_MAP, network), (uri::id::ROLE_MAP, roles)],
    );
    Ok(())
}

/// The full map of addresses and autonomous systems. The first who asks for it spends a step for each prefix
/// and each domain.
pub(crate) fn full<'a>(maps: &'a Maps, budget: &mut Budget) -> Result<&'a Body, Spent> {
    let cell = &maps.lazy().addresses;
    if let Some(body) = cell.get() {
        return Ok(body);
    }
    let asked = everything();
    let answer = Answer::of(maps, &AddressProperty::ALL, &asked, budget)?;
    budget.spend(maps.network().domains().len())?;
    let mut content = Vec::new();
    let mut comma = Comma::default();
    answer.write(&mut content, &mut comma, true);
    for of in all_as(maps) {
        comma.write(&mut content);
        write_as(maps, of, &AddressProperty::OF_AS, &mut content);
    }
    let mut vtags = Vec::new();
    both_vtags(maps, &mut vtags, budget)?;
    let tag = Tag::of([vtags.as_slice(), &content]);
    let mut bytes = b"{\"meta\":{\"vtag\":".to_vec();
    tag.write(&mut bytes, uri::id::ADDRESS_PROPERTIES);
    bytes.push(b',');
    bytes.extend_from_slice(&vtags);
    bytes.extend_from_slice(b"},\"property-map\":{");
    bytes.extend_from_slice(&content);
    bytes.extend_from_slice(b"}}");
    let body = Body {
        media_type: media::PROPERTY_MAP,
        bytes: bytes.into(),
        tag,
    };
    // Another thread may have been quicker; both made the same.
    Ok(cell.get_or_init(|| body))
}
