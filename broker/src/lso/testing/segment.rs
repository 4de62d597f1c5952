//! A service's configuration as a segment.

use std::fmt::Display;
use std::str::FromStr;

use nffg::{Bandwidth, Delay, Quantity, Resources};
use serde::Deserialize;
use serde_json::Value;
use sof::payload::{Border, Flow, Function, Point, SEGMENT, Segment};

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "@type")]
    urn: String,
    domain: String,
    #[serde(default)]
    functions: Vec<FunctionBody>,
    #[serde(default)]
    flows: Vec<FlowBody>,
}

#[derive(Deserialize)]
struct FunctionBody {
    id: String,
    r#type: String,
    #[serde(default)]
    resources: Amounts,
}

#[derive(Default, Deserialize)]
struct Amounts {
    cpu: Option<Value>,
    mem: Option<Value>,
    storage: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FlowBody {
    link: String,
    from: PointBody,
    to: PointBody,
    bandwidth_bps: Option<u64>,
    max_delay_ns: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum PointBody {
    Sap(String),
    Function(String),
    Border(BorderBody),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BorderBody {
    neighbour: String,
    router: Option<String>,
    neighbour_router: Option<String>,
    label: String,
}

/// Reads a segment; else what it is instead.
pub(super) fn decode(configuration: &Value) -> Result<Segment, String> {
    let body = Body::deserialize(configuration).map_err(|error| error.to_string())?;
    if body.urn != SEGMENT {
        let urn: String = body.urn.chars().take(80).collect();
        return Err(format!(
            "a service of '{urn}' is not tested here, only {SEGMENT}"
        ));
    }
    let functions = body.functions.into_iter().map(|function| {
        let amounts = function.resources;
        Ok(Function {
            id: parsed(&function.id)?,
            nf_type: parsed(&function.r#type)?,
            resources: Resources {
                cpu: amount(amounts.cpu)?,
                mem: amount(amounts.mem)?,
                storage: amount(amounts.storage)?,
            },
        })
    });
    let flows = body.flows.into_iter().map(|flow| {
        Ok(Flow {
            from: point(flow.from)?,
            to: point(flow.to)?,
            link: flow.link,
            bandwidth: flow.bandwidth_bps.map(Bandwidth::from_bits_per_second),
            max_delay: flow.max_delay_ns.map(Delay::from_nanos),
        })
    });
    Ok(Segment {
        domain: parsed(&body.domain)?,
        functions: functions.collect::<Result<_, String>>()?,
        flows: flows.collect::<Result<_, String>>()?,
    })
}

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn amount(told: Option<Value>) -> Result<Option<Quantity>, String> {
    let text = match told {
        None => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    parsed(&text).map(Some)
}

fn point(told: PointBody) -> Result<Point, String> {
    let router = |told: Option<String>| told.as_deref().map(parsed).transpose();
    Ok(match told {
        PointBody::Sap(id) => Point::Sap(parsed(&id)?),
        PointBody::Function(id) => Point::Function(parsed(&id)?),
        PointBody::Border(border) => Point::Border(Border {
            neighbour: parsed(&border.neighbour)?,
            router: router(border.router)?,
            neighbour_router: router(border.neighbour_router)?,
            label: border.label,
        }),
    })
}
