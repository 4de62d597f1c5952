//! Laws of property maps of addresses, over random prefixes: what a client makes of an answer by the rules of
//! inheritance is what the prefixes that domains claim say.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Map, Value, json};

use crate::federation::{CAPS, Federation, Row, got, linked, posted};

const DOMAINS: [&str; 5] = ["AS1", "AS2", "AS3", "north", "south"];
const PROPERTIES: [&str; 3] = [
    "networkmap.pid",
    "networkmap-role.pid",
    ".priv:brokermdo-asn",
];

/// Prefixes of which few bits differ, so that they nest and cover each other.
fn net() -> impl Strategy<Value = IpNet> {
    let v4 = (
        0_u32..32,
        prop::sample::select(vec![0_u8, 1, 8, 27, 28, 29, 30, 31, 32]),
    );
    let v4 = v4.prop_map(|(bits, len)| {
        let address = (0x0a00_0000 | bits).into();
        IpNet::V4(Ipv4Net::new(address, len).unwrap().trunc())
    });
    let v6 = (
        0_u128..8,
        prop::sample::select(vec![0_u8, 1, 64, 125, 126, 127, 128]),
    );
    let v6 = v6.prop_map(|(bits, len)| {
        let address = (0xfd00 << 112 | bits).into();
        IpNet::V6(Ipv6Net::new(address, len).unwrap().trunc())
    });
    prop_oneof![3 => v4, 1 => v6]
}

/// Who claims what; and which domains host functions, so that they have other roles.
fn federation(
    claims: &[(IpNet, usize)],
    hosts: &[&'static str],
) -> (Federation, BTreeMap<IpNet, &'static str>) {
    let mut federation = Federation::new(CAPS);
    let mut owners: BTreeMap<IpNet, &str> = BTreeMap::new();
    for (at, name) in DOMAINS.iter().enumerate() {
        let own = claims.iter().filter(|(_, domain)| *domain == at);
        let own: Vec<String> = own.map(|(net, _)| net.to_string()).collect();
        for prefix in &own {
            // Who comes first by name keeps it.
            owners.entry(prefix.parse().unwrap()).or_insert(name);
        }
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let topology = linked(name, &[], &own);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
    for name in hosts {
        let row = Row {
            name,
            nfs: &["NF1"],
            ..Row::NONE
        };
        federation.idr.apply([idr::Update::Put(row.domain())]);
    }
    (federation, owners)
}

/// What a property is in all of a prefix, by the claims alone.
fn said(owners: &BTreeMap<IpNet, &str>, hosts: &[&str], net: &IpNet, property: &str) -> Value {
    let around = owners.iter().filter(|(claimed, _)| claimed.contains(net));
    let owner = around
        .max_by_key(|(claimed, _)| claimed.prefix_len())
        .map(|(_, owner)| *owner);
    match (property, owner) {
        (".priv:brokermdo-asn", owner) => owner.and_then(|owner| owner.strip_prefix("AS")).into(),
        (_, None) => "outside@federation".into(),
        ("networkmap.pid", Some(owner)) => owner.into(),
        (_, Some(owner)) if hosts.contains(&owner) => "nf".into(),
        _ => "transit".into(),
    }
}

fn parsed(entity: &str) -> Option<IpNet> {
    let (domain, text) = entity.split_once(':')?;
    if !["ipv4", "ipv6"].contains(&domain) {
        return None;
    }
    let single = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single)
}

/// What a client makes of an answer (RFC 9240 §6.1.3): `null` if there is no value.
fn inherited(map: &Map<String, Value>, net: &IpNet, property: &str) -> Value {
    let told = map
        .iter()
        .filter_map(|(name, value)| Some((parsed(name)?, value.get(property)?)));
    let around = told.filter(|(told, _)| told.contains(net));
    let longest = around.max_by_key(|(told, _)| told.prefix_len());
    longest.map_or(Value::Null, |(_, value)| value.clone())
}

/// Addresses where something may begin or end.
fn places<'a>(nets: impl Iterator<Item = &'a IpNet> + Clone, within: &'a IpNet) -> Vec<IpNet> {
    let ends = nets
        .chain([within])
        .flat_map(|net| [net.network(), net.broadcast()]);
    let beside = ends.flat_map(|address| {
        let next = match address {
            std::net::IpAddr::V4(address) => {
                std::net::Ipv4Addr::from_bits(address.to_bits().wrapping_add(1)).into()
            }
            std::net::IpAddr::V6(address) => {
                std::net::Ipv6Addr::from_bits(address.to_bits().wrapping_add(1)).into()
            }
        };
        [address, next]
    });
    let nets = beside.map(IpNet::from);
    nets.filter(|net| within.contains(net)).collect()
}

fn entity(net: &IpNet, as_address: bool) -> String {
    let family = if net.addr().is_ipv4() { "ipv4" } else { "ipv6" };
    if as_address && net.prefix_len() == net.max_prefix_len() {
        format!("{family}:{}", net.addr())
    } else {
        format!("{family}:{net}")
    }
}

/// Whether others in the list cover all of a prefix, cut in halves.
fn is_covered(by: &[IpNet], net: &IpNet) -> bool {
    if by.contains(net) {
        return true;
    }
    if !by.iter().any(|other| net.contains(other)) {
        return false;
    }
    match net.subnets(net.prefix_len() + 1) {
        Ok(mut halves) => halves.all(|half| is_covered(by, &half)),
        Err(_) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_filtered_map_of_addresses_says_what_the_claims_say(
        claims in prop::collection::vec((net(), 0..DOMAINS.len()), 0..16),
        hosts in subsequence(DOMAINS.as_slice(), 0..=DOMAINS.len()),
        nets in prop::collection::vec((net(), any::<bool>()), 1..6),
        properties in subsequence(PROPERTIES.as_slice(), 1..=3),
    ) {
        let (federation, owners) = federation(&claims, &hosts);
        let service = federation.service();
        let entities: Vec<String> = nets.iter().map(|(net, as_address)| entity(net, *as_address)).collect();
        let request = json!({"entities": entities, "properties": properties});
        let answer = posted(&service, "properties-filtered", &request).unwrap();
        let map = answer["property-map"].as_object().unwrap();
        let told: Vec<IpNet> = map.keys().map(|name| parsed(name).unwrap()).collect();

        for (net, _) in &nets {
            let others: Vec<IpNet> = told.iter().copied().filter(|other| other != net).collect();
            // It is there, in a spelling that was asked for, or others cover it.
            prop_assert!(told.contains(net) || is_covered(&others, net), "{net}: {map:?}");
            for property in &properties {
                for place in places(owners.keys().chain(nets.iter().map(|(net, _)| net)), net) {
                    prop_assert_eq!(
                        inherited(map, &place, property), said(&owners, &hosts, &place, property), "{} {}: {:?}", place, property, map
                    );
                }
            }
        }
        for (name, values) in map {
            let net = parsed(name).unwrap();
            // Inherited values are there, what is not known is not, unless it would be inherited.
            for property in &properties {
                let value = said(&owners, &hosts, &net, property);
                let around: Map<_, _> = map.iter().filter(|(other, _)| *other != name).map(|(n, v)| (n.clone(), v.clone())).collect();
                let outer = inherited(&around, &net, property);
                match values.get(*property) {
                    Some(told) => {
                        prop_assert_eq!(told, &value);
                        prop_assert!(!told.is_null() || !outer.is_null());
                    }
                    None => prop_assert!(value.is_null()),
                }
            }
            let is_asked = nets.iter().any(|(asked, _)| *asked == net);
            prop_assert!(!is_asked || entities.contains(name));
            prop_assert!(nets.iter().any(|(asked, _)| asked.contains(&net)));
            // Compact: nothing that others cover, and nothing unasked that says what is around it says.
            let others: Vec<IpNet> = told.iter().copied().filter(|other| *other != net).collect();
            prop_assert!(!is_covered(&others, &net), "{net}: {map:?}");
            if !is_asked {
                let owner = |net: &IpNet| {
                    let around = owners.iter().filter(|(claimed, _)| claimed.contains(net));
                    around.max_by_key(|(claimed, _)| claimed.prefix_len()).map(|(_, owner)| *owner)
                };
                prop_assert!(owner(&net).is_some());
            }
        }
    }

    #[test]
    fn the_full_map_of_addresses_says_what_the_claims_say(
        claims in prop::collection::vec((net(), 0..DOMAINS.len()), 0..16),
        hosts in subsequence(DOMAINS.as_slice(), 0..=DOMAINS.len()),
    ) {
        let (federation, owners) = federation(&claims, &hosts);
        let service = federation.service();
        let full = got(&service, "address-properties")["property-map"].as_object().unwrap().clone();
        for all in ["0.0.0.0/0", "::/0"] {
            let all: IpNet = all.parse().unwrap();
            for place in places(owners.keys(), &all) {
                for property in PROPERTIES {
                    prop_assert_eq!(inherited(&full, &place, property), said(&owners, &hosts, &place, property));
                }
            }
        }
        // A filtered map that is asked for all says the same in the same words.
        let request = json!({"entities": [], "properties": PROPERTIES});
        let answer = posted(&service, "properties-filtered", &request).unwrap();
        let mut answer = answer["property-map"].as_object().unwrap().clone();
        answer.retain(|name, _| !name.contains("pid:"));
        prop_assert_eq!(answer, full);
    }
}
