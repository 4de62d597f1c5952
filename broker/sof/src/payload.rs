//! What a service is (`serviceConfiguration`): schemas of our own, each with a URN in `@type`.
//!
//! | `@type` | ordered from | what it is |
//! |---|---|---|
//! | [`SERVICE_GRAPH`] | the broker | a service graph with its end-to-end requirements |
//! | [`SEGMENT`] | a domain's SOF | what one domain does for it: functions, and flows between borders, SAPs and functions |
//!
//! The schemas (draft 7) are in `broker/sof/schemas`; [`SERVICE_GRAPH_SCHEMA`] and [`SEGMENT_SCHEMA`] are they.

use std::sync::LazyLock;

use nffg::{Bandwidth, Delay, DomainId, NfType, NodeId, Resources, RouterId, SapId};
use serde_json::Value;

use crate::mef::{Fault, FaultCode};
use crate::schema::Schema;

mod segment;

/// serde for [`Resources`]: as the payload has them.
pub(crate) mod resources {
    use nffg::Resources;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::segment;

    pub(crate) fn serialize<S: Serializer>(told: &Resources, to: S) -> Result<S::Ok, S::Error> {
        segment::resources(told).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Resources, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        segment::read_resources(&value).map_err(D::Error::custom)
    }
}

/// The `@type` of a service graph.
pub const SERVICE_GRAPH: &str = "urn:brokermdo:schema:service-graph:v1";
/// The `@type` of a segment.
pub const SEGMENT: &str = "urn:brokermdo:schema:segment:v1";

fn built_in(text: &str) -> Schema {
    Schema::new(text).expect("the schemas in broker/sof/schemas are schemas")
}

/// The schema of [`SERVICE_GRAPH`].
pub static SERVICE_GRAPH_SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| built_in(include_str!("../schemas/service-graph.v1.json")));
/// The schema of [`SEGMENT`].
pub static SEGMENT_SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| built_in(include_str!("../schemas/segment.v1.json")));

/// A payload that was checked against its schema and its rules.
#[derive(Clone, Debug, PartialEq)]
pub enum Configuration {
    /// A whole service: the broker finds out who does what. The members are those of a request for placements
    /// (docs/broker-api.md): `sg`, `objective`, `constraints`, `policy`. The graph and the constraints are
    /// decoded by the broker, which knows the engine.
    ServiceGraph(Value),
    /// One domain's part.
    Segment(Segment),
}

/// What one domain does for a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The domain.
    pub domain: DomainId,
    /// The functions that it hosts, in the order of the service graph.
    pub functions: Vec<Function>,
    /// The traffic that it carries, in the order of the service graph's links.
    pub flows: Vec<Flow>,
}

/// A network function that the domain hosts.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The node of the service graph.
    pub id: NodeId,
    /// Its type, one that the domain supports.
    pub nf_type: NfType,
    /// What it takes.
    pub resources: Resources,
}

/// Traffic from one point of the domain to another, one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// The link of the service graph that it is a part of.
    pub link: String,
    /// Where it comes in.
    pub from: Point,
    /// Where it goes out.
    pub to: Point,
    /// What is to be carried.
    pub bandwidth: Option<Bandwidth>,
    /// What this domain may take of the link's delay, where that is bounded.
    pub max_delay: Option<Delay>,
}

/// An end of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// A service access point of the domain.
    Sap(SapId),
    /// A function that the domain hosts.
    Function(NodeId),
    /// A border to another domain.
    Border(Border),
}

/// Where a flow crosses to another domain. Both sides are told the same label, so that what one sends out the other
/// knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Border {
    /// The domain on the other side.
    pub neighbour: DomainId,
    /// Our router, where it is known.
    pub router: Option<RouterId>,
    /// The neighbour's router, where it is known.
    pub neighbour_router: Option<RouterId>,
    /// What tells the flow's traffic from others' there.
    pub label: String,
}

/// Reads a payload (`serviceConfiguration`): by its `@type` against the schema, then by the rules that a schema cannot
/// say.
///
/// # Errors
/// Every fault found; paths are JSON pointers into the payload.
pub fn decode(value: &Value) -> Result<Configuration, Vec<Fault>> {
    let fault = |code, path: &str, reason: &str| vec![Fault::new(code, path, reason)];
    let Some(members) = value.as_object() else {
        let reason = "the configuration is not an object";
        return Err(fault(FaultCode::InvalidValue, "", reason));
    };
    let Some(urn) = members.get("@type") else {
        let reason = "'@type' is required and is not there";
        return Err(fault(FaultCode::MissingProperty, "/@type", reason));
    };
    let schema = match urn.as_str() {
        Some(SERVICE_GRAPH) => &SERVICE_GRAPH_SCHEMA,
        Some(SEGMENT) => &SEGMENT_SCHEMA,
        _ => {
            let reason =
                format!("not a payload that is known: known are {SERVICE_GRAPH} and {SEGMENT}");
            return Err(fault(FaultCode::InvalidValue, "/@type", &reason));
        }
    };
    let faults = schema.faults(value, "");
    if !faults.is_empty() {
        return Err(faults);
    }
    if urn == SERVICE_GRAPH {
        return Ok(Configuration::ServiceGraph(value.clone()));
    }
    segment::read(value).map(Configuration::Segment)
}

impl Segment {
    /// The payload. [`decode`] reads the same from it.
    #[must_use]
    pub fn encode(&self) -> Value {
        segment::write(self)
    }
}

/// As its payload.
impl serde::Serialize for Segment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.encode().serialize(serializer)
    }
}

/// From its payload, with all that is checked there.
impl<'de> serde::Deserialize<'de> for Segment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let value = Value::deserialize(deserializer)?;
        match decode(&value) {
            Ok(Configuration::Segment(segment)) => Ok(segment),
            Ok(Configuration::ServiceGraph(_)) => Err(D::Error::custom("not a segment")),
            Err(faults) => {
                let reasons: Vec<&str> = faults.iter().map(|fault| &*fault.reason).collect();
                Err(D::Error::custom(reasons.join("; ")))
            }
        }
    }
}
