//! Partners, and the agreements with them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sof::mef::Api;

use super::page::Page;
use super::{shown, tables};
use crate::client::partners::{Agreement, Partner, PartnerApi, Partners};
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
            urls(partner),
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
    for (at, told) in partner.apis.iter().enumerate() {
        page.field(if at == 0 { "apis" } else { "" }, api(told));
    }
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
                let at = check.at.as_deref();
                let at = at.map_or_else(String::new, |at| format!(" (at {at})"));
                page.field("  wrong", format!("{}: {fault}{at}", check.what));
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

/// Each URL once, that of service ordering first.
fn urls(partner: &Partner) -> String {
    let ordering = partner.apis.get(Api::ServiceOrdering.word());
    let mut urls: Vec<&str> = Vec::new();
    for api in ordering.into_iter().chain(partner.apis.values()) {
        if !urls.contains(&api.url.as_str()) {
            urls.push(&api.url);
        }
    }
    urls.join(", ")
}

/// `service-inventory v2 (of 1, 2) at interlude: https://sof.as2.example/`
fn api((name, api): (&String, &PartnerApi)) -> String {
    let spoken = match api.spoken {
        Some(version) => format!("v{version}"),
        None => "in no version that the broker speaks".to_owned(),
    };
    let versions: Vec<String> = api.versions.iter().map(ToString::to_string).collect();
    let of = match versions.as_slice() {
        [_] => String::new(),
        all => format!(" (of {})", all.join(", ")),
    };
    format!(
        "{name} {spoken}{of} at {}: {}",
        api.reference_point, api.url
    )
}

fn amounts(told: &Map<String, Value>) -> Vec<String> {
    told.iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect()
}
