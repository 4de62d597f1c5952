//! Partners, and the agreements with them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::page::Page;
use super::{shown, tables};
use crate::client::partners::{Agreement, Partner, Partners};
use crate::client::{Client, ClientError};

pub(super) async fn list(
    client: &Client,
    after: Option<String>,
    json: bool,
) -> Result<String, ClientError> {
    let found = client.partners(after.as_deref()).await?.content;
    Ok(shown(json, &found.json, &|| table(&found)))
}

pub(super) async fn one(client: &Client, domain: &str, json: bool) -> Result<String, ClientError> {
    let partner = client.partner(domain).await?.content;
    let found = client.agreements(domain).await?.content;
    let agreements = found.json.get("agreements").cloned().unwrap_or_default();
    let both = json!({"partner": partner.json, "agreements": agreements});
    Ok(shown(json, &both, &|| page(&partner, &found.agreements)))
}

fn table(found: &Partners) -> String {
    if found.partners.is_empty() {
        return "no partners\n".to_owned();
    }
    let header = ["Partner", "State", "Circuit", "Calls", "Failed", "API"];
    let mut drawn = tables::table(tables::PLAIN, &header);
    for partner in &found.partners {
        let line = partner.line.as_ref();
        let of_line = |told: fn(&crate::client::partners::Line) -> String| {
            line.map_or_else(|| "-".to_owned(), told)
        };
        drawn.add_row([
            partner.domain.clone(),
            partner.state.clone(),
            of_line(|line| line.circuit.clone()),
            of_line(|line| (line.successes + line.failures).to_string()),
            of_line(|line| line.failures.to_string()),
            partner.base_url.clone(),
        ]);
    }
    let mut text = format!("{drawn}\n");
    if let (true, Some(last)) = (found.more, found.partners.last()) {
        let _ = writeln!(
            text,
            "There are more: brokerctl partners --after {}",
            last.domain
        );
    }
    text
}

fn page(partner: &Partner, agreements: &[Agreement]) -> String {
    let mut page = Page::default();
    page.field("partner", &partner.domain);
    if let Some(name) = &partner.name {
        page.field("name", name);
    }
    page.field("state", &partner.state);
    page.field("url", &partner.base_url);
    let apis: Vec<String> = partner
        .apis
        .iter()
        .map(|(api, version)| format!("{api} v{version}"))
        .collect();
    page.list("apis", &apis, 10);
    page.list("takes", &partner.service_types, 10);
    if let Some(conformance) = &partner.conformance {
        let verdict = if conformance.passed {
            "passed"
        } else {
            "failed"
        };
        page.field("check", format!("{verdict} at {}", conformance.checked));
        for check in &conformance.checks {
            if let Some(fault) = &check.fault {
                page.field("  wrong", format!("{}: {fault}", check.what));
            }
        }
    }
    if let Some(line) = &partner.line {
        let calls = format!(
            "{}, {} calls answered, {} failed",
            line.circuit, line.successes, line.failures
        );
        page.field("circuit", calls);
        if let Some(error) = &line.last_error {
            page.field("  last error", format!("{} at {}", error.text, error.at));
        }
    }
    if let Some(subscription) = &partner.subscription {
        let told = match (&subscription.registered, &subscription.error) {
            (_, Some(error)) => error.clone(),
            (Some(since), None) => format!("since {since}"),
            (None, None) => "not yet".to_owned(),
        };
        page.field("notifies us", told);
    }
    for agreement in agreements {
        page.gap();
        page.field("agreement", &agreement.id);
        page.field("  for", &agreement.service_type);
        let until = agreement.valid_until.as_deref().unwrap_or("further notice");
        page.field(
            "  valid",
            format!("from {} until {until}", agreement.valid_from),
        );
        for (name, told) in [
            ("  bounds", &agreement.bounds),
            ("  price", &agreement.price),
            ("  sls", &agreement.sls),
        ] {
            page.list(name, &amounts(told), 10);
        }
    }
    page.into_text()
}

fn amounts(told: &Map<String, Value>) -> Vec<String> {
    told.iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect()
}
