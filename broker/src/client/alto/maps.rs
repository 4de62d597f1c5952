//! Network maps and property maps as they come, and what is found or left of them by a filter of our own.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value};

/// A network map (RFC 7285 §11.2.1.6): of each PID the prefixes of each address type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkMap {
    /// By PID, then by address type.
    pub pids: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl NetworkMap {
    /// Reads one.
    ///
    /// # Errors
    /// It is none.
    pub fn decode(json: &Value) -> Result<Self, String> {
        let map = object(json, "network-map")?;
        let mut pids = BTreeMap::new();
        for (pid, groups) in map {
            let groups = groups
                .as_object()
                .ok_or_else(|| format!("network-map/{pid} is no object"))?;
            let mut types = BTreeMap::new();
            for (name, prefixes) in groups {
                let texts = prefixes.as_array().into_iter().flatten().map(Value::as_str);
                let texts: Option<Vec<String>> = texts.map(|text| Some(text?.to_owned())).collect();
                let wrong = || format!("network-map/{pid}/{name} is no list of prefixes");
                types.insert(
                    name.clone(),
                    texts.filter(|_| prefixes.is_array()).ok_or_else(wrong)?,
                );
            }
            pids.insert(pid.clone(), types);
        }
        Ok(Self { pids })
    }

    /// The PID of each address: the longest prefix decides (RFC 7285 §5.1). What is no prefix is passed over.
    #[must_use]
    pub fn locate(&self, addresses: &[IpAddr]) -> Vec<Option<&str>> {
        let mut found: Vec<Option<(u8, &str)>> = vec![None; addresses.len()];
        for (pid, types) in &self.pids {
            let texts = types.values().flatten();
            for prefix in texts.filter_map(|text| text.parse::<IpNet>().ok()) {
                for (address, best) in addresses.iter().zip(&mut found) {
                    let is_longer = best.is_none_or(|(length, _)| prefix.prefix_len() > length);
                    if is_longer && prefix.contains(address) {
                        *best = Some((prefix.prefix_len(), pid));
                    }
                }
            }
        }
        found
            .into_iter()
            .map(|best| best.map(|(_, pid)| pid))
            .collect()
    }
}

/// Leaves these PIDs and address types in a network map. Empty lists are all; a PID stays that has none of the
/// types (RFC 7285 §11.3.1.3).
pub fn retain_pids(json: &mut Value, pids: &[String], types: &[String]) {
    let Some(map) = json.get_mut("network-map").and_then(Value::as_object_mut) else {
        return;
    };
    map.retain(|pid, _| pids.is_empty() || pids.contains(pid));
    for groups in map.values_mut().filter_map(Value::as_object_mut) {
        groups.retain(|name, _| types.is_empty() || types.contains(name));
    }
}

/// Leaves these entities and properties in a property map. Empty lists are all. An address or a prefix that is
/// asked for has what it inherits from the prefixes around it (RFC 9240 §6.1.3).
pub fn retain_entities(json: &mut Value, entities: &[String], properties: &[String]) {
    let Some(map) = json.get_mut("property-map").and_then(Value::as_object_mut) else {
        return;
    };
    if !entities.is_empty() {
        let asked = entities.iter().filter_map(|entity| {
            let own = map.get(entity).and_then(Value::as_object).cloned();
            let all = inherited(map, entity).or(own)?;
            (!all.is_empty() || map.contains_key(entity))
                .then(|| (entity.clone(), Value::from(all)))
        });
        *map = asked.collect();
    }
    if !properties.is_empty() {
        for told in map.values_mut().filter_map(Value::as_object_mut) {
            told.retain(|name, _| properties.contains(name));
        }
        map.retain(|_, told| told.as_object().is_none_or(|told| !told.is_empty()));
    }
}

/// The properties of an entity that is an address or a prefix, with those that it inherits; `None` of
/// another.
fn inherited(map: &Map<String, Value>, entity: &str) -> Option<Map<String, Value>> {
    let (domain, wanted) = network(entity)?;
    let around = map.iter().filter_map(|(name, told)| {
        let (other, prefix) = network(name)?;
        let is_around = other == domain && prefix.contains(&wanted);
        is_around.then(|| Some((prefix.prefix_len(), told.as_object()?)))?
    });
    let mut around: Vec<_> = around.collect();
    around.sort_by_key(|(length, _)| *length);
    // What is said of the longer prefix stands; a null is the word that there is none.
    let mut all = Map::new();
    for (_, told) in around {
        all.extend(told.clone());
    }
    all.retain(|_, value| !value.is_null());
    Some(all)
}

/// The domain and the prefix of an entity of the domains `ipv4` and `ipv6`, also of those of a resource.
fn network(entity: &str) -> Option<(&str, IpNet)> {
    let (domain, name) = entity.split_once(':')?;
    let kind = domain.rsplit('.').next()?;
    let prefix = match name.parse::<IpNet>() {
        Ok(prefix) => prefix,
        Err(_) => IpNet::from(name.parse::<IpAddr>().ok()?),
    };
    let fits = matches!(
        (kind, prefix),
        ("ipv4", IpNet::V4(_)) | ("ipv6", IpNet::V6(_))
    );
    fits.then_some((domain, prefix))
}

/// Entities and their properties: of a property map, or of endpoint properties (RFC 7285 §11.4.1.6).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    /// By entity, then by property.
    pub entities: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Properties {
    /// Reads a property map, or an answer of the endpoint property service.
    ///
    /// # Errors
    /// It is neither.
    pub fn decode(json: &Value) -> Result<Self, String> {
        let map = object(json, "property-map")
            .or_else(|error| object(json, "endpoint-properties").map_err(|_| error))?;
        let entities = map.iter().map(|(entity, told)| {
            let told = told
                .as_object()
                .ok_or_else(|| format!("the properties of {entity} are no object"))?;
            let told = told
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()));
            Ok((entity.clone(), told.collect()))
        });
        let entities: Result<_, String> = entities.collect();
        Ok(Self {
            entities: entities?,
        })
    }
}

fn object<'a>(json: &'a Value, name: &str) -> Result<&'a Map<String, Value>, String> {
    let member = json
        .get(name)
        .ok_or_else(|| format!("it has no '{name}'"))?;
    member
        .as_object()
        .ok_or_else(|| format!("its '{name}' is no object"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn client_rfc7285_5_1_the_longest_prefix_decides() {
        let json = json!({"network-map": {
            "PID1": {"ipv4": ["192.0.2.0/24", "198.51.100.0/25"]},
            "PID2": {"ipv4": ["192.0.2.128/25"], "priv:x": ["what is this"]},
            "PID3": {"ipv4": ["0.0.0.0/0"], "ipv6": ["2000::/3"]},
        }});
        let map = NetworkMap::decode(&json).unwrap();
        let addresses = [
            "192.0.2.1",
            "192.0.2.200",
            "203.0.113.1",
            "2001:db8::1",
            "fe80::1",
        ]
        .map(|text| text.parse().unwrap());
        let expected = [Some("PID1"), Some("PID2"), Some("PID3"), Some("PID3"), None];
        assert_eq!(map.locate(&addresses), expected);
    }

    #[test]
    fn client_rfc7285_11_3_1_3_pids_and_address_types_are_filtered() {
        let mut json = json!({"network-map": {"A": {"ipv4": [], "ipv6": ["::/0"]}, "B": {"ipv4": []}, "C": {}}});
        retain_pids(&mut json, &["A".into(), "B".into()], &["ipv6".into()]);
        assert_eq!(
            json,
            json!({"network-map": {"A": {"ipv6": ["::/0"]}, "B": {}}})
        );
    }

    #[test]
    fn client_rfc9240_6_1_3_what_is_asked_of_an_address_is_inherited() {
        let map = json!({"property-map": {
            "ipv4:192.0.2.0/24": {"asn": "1", "city": "a"},
            "ipv4:192.0.2.0/28": {"asn": "2"},
            "ipv4:192.0.2.1": {"city": null},
            "net.ipv4:192.0.2.0/24": {"pid": "P"},
            "pid:AS1": {"asn": "3"},
        }});
        let left = |entities: &[&str], properties: &[&str]| {
            let mut json = map.clone();
            let texts = |list: &[&str]| -> Vec<String> {
                list.iter().map(|text| (*text).to_owned()).collect()
            };
            retain_entities(&mut json, &texts(entities), &texts(properties));
            json["property-map"].clone()
        };
        let expected =
            json!({"ipv4:192.0.2.1": {"asn": "2"}, "ipv4:192.0.2.99": {"asn": "1", "city": "a"}});
        assert_eq!(
            left(
                &["ipv4:192.0.2.1", "ipv4:192.0.2.99", "ipv4:203.0.113.1"],
                &[]
            ),
            expected
        );
        assert_eq!(
            left(&["net.ipv4:192.0.2.7"], &[]),
            json!({"net.ipv4:192.0.2.7": {"pid": "P"}})
        );
        assert_eq!(
            left(&["pid:AS1", "pid:AS2"], &[]),
            json!({"pid:AS1": {"asn": "3"}})
        );
        assert_eq!(
            left(&[], &["city"])["ipv4:192.0.2.0/24"],
            json!({"city": "a"})
        );
        assert_eq!(left(&[], &["none"]), json!({}));
    }

    #[test]
    fn what_is_no_map_is_told() {
        for json in [
            json!([]),
            json!({}),
            json!({"network-map": {"A": []}}),
            json!({"network-map": {"A": {"ipv4": [1]}}}),
            json!({"network-map": {"A": {"ipv4": "x"}}}),
        ] {
            assert!(NetworkMap::decode(&json).is_err(), "{json}");
        }
        for json in [
            json!({}),
            json!({"property-map": []}),
            json!({"endpoint-properties": {"a": 1}}),
        ] {
            assert!(Properties::decode(&json).is_err(), "{json}");
        }
    }
}
