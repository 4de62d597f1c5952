//! What is asked of resources that take something: the bodies of requests.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::catalogue::CostType;
use super::constraint::{Constraints, Predicate};

/// What is asked, in the words of the command line; each resource takes its part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// PIDs of a network map.
    pub pids: Vec<String>,
    /// Address types of a network map.
    pub address_types: Vec<String>,
    /// Cost types.
    pub costs: Vec<CostType>,
    /// Where costs are from and to: PIDs, or endpoints as ALTO writes them.
    pub from: Vec<String>,
    /// See `from`.
    pub to: Vec<String>,
    /// What a pair must meet.
    pub constraints: Constraints,
    /// Whether costs are wanted as they change with time (RFC 8896).
    pub calendar: bool,
    /// Endpoints, or entities of a property map.
    pub entities: Vec<String>,
    /// Properties of them.
    pub properties: Vec<String>,
    /// Properties of abstract network elements.
    pub ane_properties: Vec<String>,
}

impl Wish {
    /// The body for a resource that takes this media type.
    ///
    /// # Errors
    /// The media type is not known.
    pub fn body(&self, accepts: &str) -> Result<Value, String> {
        match accepts {
            super::NETWORK_MAP_FILTER_TYPE => Ok(self.network_map()),
            super::COST_MAP_FILTER_TYPE => Ok(self.costs("pids")),
            super::ENDPOINT_COST_PARAMS_TYPE => Ok(self.costs("endpoints")),
            super::ENDPOINT_PROP_PARAMS_TYPE => Ok(json!({
                "properties": self.properties, "endpoints": self.entities,
            })),
            // RFC 9240 §8.3: empty lists are all; without 'properties' entities would come without any.
            super::PROPERTY_MAP_PARAMS_TYPE => Ok(json!({
                "entities": self.entities, "properties": self.properties,
            })),
            other => Err(format!(
                "what {other} holds is not known here; --input gives it"
            )),
        }
    }

    fn network_map(&self) -> Value {
        let mut body = json!({"pids": self.pids});
        if !self.address_types.is_empty() {
            body["address-types"] = self.address_types.as_slice().into();
        }
        body
    }

    /// `ReqFilteredCostMap` or `ReqEndpointCostMap`, with what RFC 8189, RFC 8896 and RFC 9275 add.
    fn costs(&self, sides: &str) -> Value {
        let mut body = Map::new();
        match self.costs.as_slice() {
            [one] => body.insert("cost-type".into(), one.json()),
            several => {
                let several = several.iter().map(CostType::json).collect();
                body.insert("multi-cost-types".into(), several)
            }
        };
        // Without a filter a cost map has all PIDs; endpoints are always named.
        if sides == "endpoints" || !self.from.is_empty() || !self.to.is_empty() {
            body.insert(sides.into(), json!({"srcs": self.from, "dsts": self.to}));
        }
        let texts = |predicates: &Vec<Predicate>| -> Value {
            predicates.iter().map(Predicate::to_string).collect()
        };
        let Constraints { all, any } = &self.constraints;
        if !all.is_empty() {
            body.insert("constraints".into(), texts(all));
        }
        if !any.is_empty() {
            body.insert("or-constraints".into(), any.iter().map(texts).collect());
        }
        if self.calendar {
            // RFC 8896 §5.1.1: one for each cost type.
            let each: Vec<bool> = vec![true; self.costs.len()];
            body.insert("calendared".into(), each.into());
        }
        if !self.ane_properties.is_empty() {
            body.insert(
                "ane-property-names".into(),
                self.ane_properties.as_slice().into(),
            );
        }
        body.into()
    }
}

/// An endpoint as ALTO writes it (RFC 7285 §10.4.1): `192.0.2.1` is `ipv4:192.0.2.1`.
///
/// # Errors
/// It is no address.
pub fn endpoint(text: &str) -> Result<String, String> {
    let typed = text.split_once(':');
    let bare = match typed {
        Some(("ipv4" | "ipv6", bare)) => bare,
        _ => text,
    };
    let address: IpAddr = bare.parse().map_err(|_| {
        "expected an IP address, as 192.0.2.1, ipv4:192.0.2.1 or 2001:db8::1".to_owned()
    })?;
    let named = match address {
        IpAddr::V4(_) => "ipv4",
        IpAddr::V6(_) => "ipv6",
    };
    match typed {
        Some((name @ ("ipv4" | "ipv6"), _)) if name != named => {
            Err(format!("{bare} is no {name} address"))
        }
        _ => Ok(format!("{named}:{bare}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{COST_MAP_FILTER_TYPE, ENDPOINT_COST_PARAMS_TYPE, PROPERTY_MAP_PARAMS_TYPE};
    use super::*;

    fn cost(metric: &str) -> CostType {
        CostType {
            metric: metric.into(),
            mode: "numerical".into(),
        }
    }

    #[test]
    fn client_rfc7285_11_3_2_3_a_cost_map_is_asked_for_by_its_cost_type() {
        let mut wish = Wish {
            costs: vec![cost("hopcount")],
            ..Wish::default()
        };
        let body = |wish: &Wish| wish.body(COST_MAP_FILTER_TYPE).unwrap();
        let cost_type = json!({"cost-mode": "numerical", "cost-metric": "hopcount"});
        assert_eq!(body(&wish), json!({"cost-type": cost_type}));
        wish.from = vec!["PID1".into()];
        wish.constraints.all = vec!["le 3".parse().unwrap()];
        let expected = json!({"cost-type": cost_type, "pids": {"srcs": ["PID1"], "dsts": []}, "constraints": ["le 3"]});
        assert_eq!(body(&wish), expected);
    }

    #[test]
    fn client_rfc8189_4_1_2_and_rfc8896_5_1_1_several_costs_and_calendars() {
        let wish = Wish {
            costs: vec![cost("a"), cost("b")],
            to: vec!["ipv4:192.0.2.1".into()],
            constraints: Constraints {
                all: Vec::new(),
                any: vec![vec!["[1] le 3".parse().unwrap()]],
            },
            calendar: true,
            ..Wish::default()
        };
        let types = json!([{"cost-mode": "numerical", "cost-metric": "a"}, {"cost-mode": "numerical", "cost-metric": "b"}]);
        let expected = json!({"multi-cost-types": types, "endpoints": {"srcs": [], "dsts": ["ipv4:192.0.2.1"]},
            "or-constraints": [["[1] le 3"]], "calendared": [true, true]});
        assert_eq!(wish.body(ENDPOINT_COST_PARAMS_TYPE).unwrap(), expected);
    }

    #[test]
    fn client_rfc9240_8_3_all_properties_are_an_empty_list_and_not_an_absent_one() {
        let mut wish = Wish {
            entities: vec!["ipv4:192.0.2.1".into()],
            ..Wish::default()
        };
        let body = |wish: &Wish| wish.body(PROPERTY_MAP_PARAMS_TYPE).unwrap();
        assert_eq!(
            body(&wish),
            json!({"entities": ["ipv4:192.0.2.1"], "properties": []})
        );
        wish.properties = vec!["asn".into()];
        assert_eq!(
            body(&wish),
            json!({"entities": ["ipv4:192.0.2.1"], "properties": ["asn"]})
        );
        assert!(wish.body("text/plain").unwrap_err().contains("--input"));
    }

    #[test]
    fn client_rfc7285_10_4_1_addresses_have_their_type() {
        for (text, expected) in [
            ("192.0.2.1", "ipv4:192.0.2.1"),
            ("ipv4:192.0.2.1", "ipv4:192.0.2.1"),
            ("2001:db8::1", "ipv6:2001:db8::1"),
            ("ipv6:2001:DB8::1", "ipv6:2001:DB8::1"),
        ] {
            assert_eq!(endpoint(text).unwrap(), expected);
        }
        for text in [
            "",
            "alto.example",
            "192.0.2.0/24",
            "ipv6:192.0.2.1",
            "ipv4:2001:db8::1",
            "pid:PID1",
        ] {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }
}
