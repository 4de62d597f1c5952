//! `GET /broker/v1/topology`: the domain graph, whole or around some domains.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use nffg::DomainId;
use nffg::json::FieldError;
use serde::Deserialize;

use super::App;
use super::answer::{json, negotiate};
use super::domains::InQuery;
use super::placements::JSON;
use super::problem::Problem;
use crate::topology::{Limits, around, describe, everything};

/// How many domains `around` may name.
const NAMED: usize = 100;

/// `?around=AS1,AS2&radius=1`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TopologyQuery {
    around: Option<String>,
    radius: Option<String>,
}

/// `GET /broker/v1/topology`
pub(super) async fn topology(
    State(app): State<App>,
    InQuery(query): InQuery<TopologyQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let maps = app.shared.published.maps();
    let graph = maps.idt().graph();
    let radius = query.radius.as_deref().map(radius).transpose()?;
    let Some(text) = &query.around else {
        if radius.is_some() {
            return Err(FieldError::invalid("radius", "", "it needs around").into());
        }
        let (domains, cut) = everything(graph);
        if cut {
            let rule = format!(
                "there are {} domains, and one answer tells {} at most: name some",
                graph.len(),
                Limits::DOMAINS
            );
            return Err(FieldError::invalid("around", "", rule).into());
        }
        return json(&describe(&maps, &domains, cut));
    };
    let wrong = |name: &str, rule: &str| FieldError::invalid("around", name, rule);
    let mut named = BTreeSet::new();
    for name in text.split(',') {
        let id = name.trim().parse::<DomainId>();
        let id = id.map_err(|error| wrong(name, error.rule))?;
        let index = graph.index(&id);
        named.insert(index.ok_or_else(|| wrong(name, "no member has this name"))?);
        if named.len() > NAMED {
            let rule = format!("at most {NAMED} domains");
            return Err(wrong(name, &rule).into());
        }
    }
    let (domains, cut) = around(graph, &named, radius.unwrap_or(1));
    json(&describe(&maps, &domains, cut))
}

fn radius(text: &str) -> Result<u32, FieldError> {
    let radius = text.parse().ok().filter(|radius| *radius <= Limits::RADIUS);
    radius.ok_or_else(|| {
        let rule = format!("a whole number from 0 to {}", Limits::RADIUS);
        FieldError::invalid("radius", text, rule)
    })
}
