//! A segment as JSON: what the schema cannot say is checked here.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use nffg::{Bandwidth, Delay, Quantity, Resources, Unit};
use serde_json::{Map, Value, json};

use super::{Border, Flow, Function, Point, SEGMENT, Segment};
use crate::mef::{Fault, FaultCode, Faults};

/// A value that keeps to the schema, where it is, and where faults go.
struct At<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> At<'a> {
    fn member(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| At {
            value,
            path: format!("{}/{name}", self.path),
        })
    }

    fn elements(&self, name: &str) -> Vec<Self> {
        let member = self.member(name);
        let Some((list, path)) = member.and_then(|at| Some((at.value.as_array()?, at.path))) else {
            return Vec::new();
        };
        let elements = list.iter().enumerate();
        elements
            .map(|(index, value)| At {
                value,
                path: format!("{path}/{index}"),
            })
            .collect()
    }

    fn parse<T: FromStr<Err: Display>>(&self, faults: &mut Faults) -> Option<T> {
        let text = self.value.as_str().unwrap_or_default();
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                faults.push(
                    FaultCode::InvalidFormat,
                    self.path.as_str(),
                    error.to_string(),
                );
                None
            }
        }
    }

    fn parse_member<T: FromStr<Err: Display>>(&self, name: &str, faults: &mut Faults) -> Option<T> {
        match self.member(name) {
            Some(member) => member.parse(faults),
            None => {
                let path = format!("{}/{name}", self.path);
                let reason = format!("'{name}' is required and is not there");
                faults.push(FaultCode::MissingProperty, &path, reason);
                None
            }
        }
    }

    /// An integer, however it is written: `1.0` and `1e6` are integers to JSON Schema.
    fn whole(&self, faults: &mut Faults) -> Option<u64> {
        let whole = self.value.as_u64().or_else(|| {
            let value = self.value.as_f64()?;
            // Below 2^53 every whole number is exact.
            let exact = (0.0..9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0;
            exact.then(|| format!("{value:.0}").parse().ok()).flatten()
        });
        if whole.is_none() {
            let reason = format!("{}: a whole number below 2^64, plainly written", self.value);
            faults.push(FaultCode::InvalidFormat, self.path.as_str(), reason);
        }
        whole
    }

    fn quantity(&self, faults: &mut Faults) -> Option<Quantity> {
        match self.value.as_f64() {
            Some(number) => match Quantity::new(number, Unit::Bare) {
                Ok(quantity) => Some(quantity),
                Err(error) => {
                    faults.push(
                        FaultCode::InvalidValue,
                        self.path.as_str(),
                        error.to_string(),
                    );
                    None
                }
            },
            None => self.parse(faults),
        }
    }
}

/// Reads a value that keeps to the schema.
pub(super) fn read(value: &Value) -> Result<Segment, Vec<Fault>> {
    let (root, faults) = (
        &At {
            value,
            path: String::new(),
        },
        &mut Faults::default(),
    );
    let domain = root.parse_member("domain", faults);
    let mut functions = Vec::new();
    let mut hosted = BTreeSet::new();
    for at in root.elements("functions") {
        let Some(function) = function(&at, faults) else {
            continue;
        };
        if !hosted.insert(function.id.clone()) {
            let reason = format!("the function '{}' is there twice", function.id);
            faults.push(FaultCode::InvalidValue, format!("{}/id", at.path), reason);
        }
        functions.push(function);
    }
    let mut flows = Vec::new();
    let mut carried = BTreeSet::new();
    for at in root.elements("flows") {
        let Some(flow) = flow(&at, faults) else {
            continue;
        };
        if !carried.insert(flow.link.clone()) {
            let reason = format!(
                "the link '{}' is there twice: it passes a domain once",
                flow.link
            );
            faults.push(FaultCode::InvalidValue, format!("{}/link", at.path), reason);
        }
        for (name, point) in [("from", &flow.from), ("to", &flow.to)] {
            match point {
                Point::Function(id) if !hosted.contains(id) => {
                    let path = format!("{}/{name}/function", at.path);
                    let reason = format!("the segment has no function '{id}'");
                    faults.push(FaultCode::ReferenceNotFound, &path, reason);
                }
                Point::Border(border) if Some(&border.neighbour) == domain.as_ref() => {
                    let path = format!("{}/{name}/border/neighbour", at.path);
                    let reason = format!("{} is no neighbour of itself", border.neighbour);
                    faults.push(FaultCode::InvalidValue, &path, reason);
                }
                _ => {}
            }
        }
        flows.push(flow);
    }
    match domain {
        Some(domain) if faults.is_empty() => Ok(Segment {
            domain,
            functions,
            flows,
        }),
        _ => Err(std::mem::take(faults).into_vec()),
    }
}

fn function(at: &At<'_>, faults: &mut Faults) -> Option<Function> {
    let id = at.parse_member("id", faults);
    let nf_type = at.parse_member("type", faults);
    let told = at.member("resources");
    let resources = told.map(|told| amounts(&told, faults));
    Some(Function {
        id: id?,
        nf_type: nf_type?,
        resources: resources.unwrap_or_default(),
    })
}

fn amounts(told: &At<'_>, faults: &mut Faults) -> Resources {
    let mut resources = Resources::default();
    for (name, of) in kinds(&mut resources) {
        *of = told.member(name).and_then(|amount| amount.quantity(faults));
    }
    resources
}

/// Reads what [`resources`] writes.
pub(super) fn read_resources(value: &Value) -> Result<Resources, String> {
    let faults = &mut Faults::default();
    let at = At {
        value,
        path: String::new(),
    };
    let resources = amounts(&at, faults);
    match std::mem::take(faults).into_vec().pop() {
        Some(fault) => Err(fault.reason),
        None => Ok(resources),
    }
}

fn kinds(resources: &mut Resources) -> [(&'static str, &mut Option<Quantity>); 3] {
    [
        ("cpu", &mut resources.cpu),
        ("mem", &mut resources.mem),
        ("storage", &mut resources.storage),
    ]
}

fn flow(at: &At<'_>, faults: &mut Faults) -> Option<Flow> {
    let link = at.parse_member::<nffg::LinkId>("link", faults);
    let from = at.member("from").and_then(|at| point(&at, faults));
    let to = at.member("to").and_then(|at| point(&at, faults));
    let bandwidth = at.member("bandwidthBps").map(|at| at.whole(faults));
    let max_delay = at.member("maxDelayNs").map(|at| at.whole(faults));
    Some(Flow {
        link: link?.to_string(),
        from: from?,
        to: to?,
        bandwidth: bandwidth.flatten().map(Bandwidth::from_bits_per_second),
        max_delay: max_delay.flatten().map(Delay::from_nanos),
    })
}

fn point(at: &At<'_>, faults: &mut Faults) -> Option<Point> {
    if let Some(sap) = at.member("sap") {
        return sap.parse(faults).map(Point::Sap);
    }
    if let Some(function) = at.member("function") {
        return function.parse(faults).map(Point::Function);
    }
    let at = at.member("border")?;
    let neighbour = at.parse_member("neighbour", faults);
    let router = at.member("router").map(|at| at.parse(faults));
    let neighbour_router = at.member("neighbourRouter").map(|at| at.parse(faults));
    let label = at.member("label").and_then(|at| at.value.as_str());
    Some(Point::Border(Border {
        neighbour: neighbour?,
        router: router.flatten(),
        neighbour_router: neighbour_router.flatten(),
        label: label?.to_owned(),
    }))
}

/// Writes a segment.
pub(super) fn write(segment: &Segment) -> Value {
    let functions = segment.functions.iter().map(|function| {
        let mut members = Map::new();
        members.insert("id".to_owned(), json!(function.id));
        members.insert("type".to_owned(), json!(function.nf_type));
        if !function.resources.is_empty() {
            members.insert("resources".to_owned(), resources(&function.resources));
        }
        Value::Object(members)
    });
    let flows = segment.flows.iter().map(|flow| {
        let mut members = Map::new();
        members.insert("link".to_owned(), json!(flow.link));
        members.insert("from".to_owned(), point_json(&flow.from));
        members.insert("to".to_owned(), point_json(&flow.to));
        if let Some(bandwidth) = flow.bandwidth {
            let bits = bandwidth.bits_per_second();
            members.insert("bandwidthBps".to_owned(), json!(bits));
        }
        if let Some(delay) = flow.max_delay {
            members.insert("maxDelayNs".to_owned(), json!(delay.as_nanos()));
        }
        Value::Object(members)
    });
    json!({
        "@type": SEGMENT,
        "domain": segment.domain,
        "functions": functions.collect::<Vec<_>>(),
        "flows": flows.collect::<Vec<_>>(),
    })
}

fn point_json(point: &Point) -> Value {
    match point {
        Point::Sap(sap) => json!({ "sap": sap }),
        Point::Function(id) => json!({ "function": id }),
        Point::Border(border) => {
            let mut members = Map::new();
            members.insert("neighbour".to_owned(), json!(border.neighbour));
            if let Some(router) = &border.router {
                members.insert("router".to_owned(), json!(router));
            }
            if let Some(router) = &border.neighbour_router {
                members.insert("neighbourRouter".to_owned(), json!(router));
            }
            members.insert("label".to_owned(), json!(border.label));
            json!({ "border": members })
        }
    }
}

/// Resources as the broker's API writes them: bare numbers as numbers, others as text with their unit.
pub(super) fn resources(resources: &Resources) -> Value {
    let mut copy = *resources;
    let members = kinds(&mut copy).into_iter().filter_map(|(name, told)| {
        let quantity = (*told)?;
        let value = match quantity.unit() {
            Unit::Bare => json!(quantity.value()),
            Unit::Byte => {
                let text = quantity.to_string();
                // The short form where it is exact.
                let exact = text.parse() == Ok(quantity);
                let all = || format!("{:?} B", quantity.value());
                Value::from(if exact { text } else { all() })
            }
        };
        Some((name.to_owned(), value))
    });
    Value::Object(members.collect())
}
