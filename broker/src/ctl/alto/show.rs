//! ALTO answers as tables.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::super::page::{Page, listed};
use super::super::tables::{PLAIN, table};
use crate::client::alto::catalogue::{Catalogue, CostType, Resource};
use crate::client::alto::costs::{Calendar, Costs, Pair};
use crate::client::alto::maps::{NetworkMap, Properties};

/// How many rows a table has; `--json` has all.
const MOST_ROWS: usize = 1_000;

/// How many prefixes stand in a cell.
const MOST_LISTED: usize = 12;

/// How many names a list has.
const MOST_NAMED: usize = 40;

/// Rows under a header, and how many more there are.
fn rows(header: &[&str], rows: impl ExactSizeIterator<Item = Vec<String>>) -> String {
    let more = rows.len().saturating_sub(MOST_ROWS);
    let mut table = table(PLAIN, header);
    for row in rows.take(MOST_ROWS) {
        table.add_row(row);
    }
    let mut text = format!("{table}\n");
    if more > 0 {
        let _ = writeln!(text, "and {more} more: --json shows all");
    }
    text
}

/// A value as people write it: a text without quotes, a list with commas.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let texts: Vec<String> = elements.iter().map(text_of).collect();
            texts.join(", ")
        }
        other => other.to_string(),
    }
}

/// What a server offers: a paragraph for each resource.
pub(super) fn directory(catalogue: &Catalogue) -> String {
    let mut page = Page::default();
    let is_default = |resource: &Resource| {
        let mut directories = catalogue.directories.iter();
        directories.any(|one| one.default_network_map.as_ref() == Some(&resource.id))
    };
    for resource in &catalogue.resources {
        page.gap();
        let mark = if is_default(resource) {
            " (default)"
        } else {
            ""
        };
        page.line(format_args!("{}{mark}", resource.id));
        let method = if resource.accepts.is_some() {
            "  POST"
        } else {
            "  GET"
        };
        page.field(method, &resource.uri);
        if let Some(accepts) = &resource.accepts {
            page.field("  takes", accepts);
        }
        page.field("  gives", &resource.media_type);
        if !resource.cost_types.is_empty() {
            let costs: Vec<&CostType> = resource.cost_types.iter().map(|(_, cost)| cost).collect();
            page.list("  costs", &costs, MOST_NAMED);
        }
        let capabilities = capabilities(resource);
        if !capabilities.is_empty() {
            page.field("  capable of", capabilities.join("; "));
        }
        if !resource.uses.is_empty() {
            page.list("  uses", &resource.uses, MOST_NAMED);
        }
    }
    page.gap();
    for directory in catalogue.directories.iter().skip(1) {
        page.line(format_args!("Linked: {}", directory.url));
    }
    page.into_text()
}

/// All but the cost types.
fn capabilities(resource: &Resource) -> Vec<String> {
    let told = resource.capabilities.as_object().into_iter().flatten();
    let told = told.filter(|(name, _)| *name != "cost-type-names");
    told.map(|(name, value)| {
        let shown = match value {
            Value::Object(members) => listed(&members.keys().collect::<Vec<_>>(), MOST_NAMED),
            Value::Array(elements) if elements.iter().any(Value::is_object) => {
                format!("{} entries", elements.len())
            }
            Value::Array(elements) => listed(
                &elements.iter().map(text_of).collect::<Vec<_>>(),
                MOST_NAMED,
            ),
            other => text_of(other),
        };
        format!("{name} {shown}")
    })
    .collect()
}

/// A network map, and which version it is.
pub(super) fn network_map(map: &NetworkMap, json: &Value) -> String {
    let types: BTreeSet<&str> = map
        .pids
        .values()
        .flat_map(|types| types.keys().map(String::as_str))
        .collect();
    let mut header = vec!["PID"];
    header.extend(&types);
    let mut text = rows(
        &header,
        map.pids.iter().map(|(pid, told)| {
            let mut row = vec![pid.clone()];
            let cell =
                |name: &&str| listed(told.get(*name).map_or(&[][..], Vec::as_slice), MOST_LISTED);
            row.extend(types.iter().map(cell));
            row
        }),
    );
    let vtag = |name: &str| json.pointer(&format!("/meta/vtag/{name}")).map(text_of);
    if let (Some(id), Some(tag)) = (vtag("resource-id"), vtag("tag")) {
        let _ = writeln!(text, "Version {tag} of {id}.");
    }
    text
}

/// Costs of pairs, a column for each.
pub(super) fn costs(costs: &Costs, names: &[String]) -> String {
    if costs.pairs.is_empty() {
        return "no costs: none is known, or none meets what was asked\n".to_owned();
    }
    let mut header = vec!["From", "To"];
    header.extend(names.iter().map(String::as_str));
    let mut text = rows(
        &header,
        costs.pairs.iter().map(|((from, to), told)| {
            let mut row = vec![from.clone(), to.clone()];
            row.extend(told.iter().map(text_of));
            row
        }),
    );
    for calendar in &costs.calendars {
        text.push_str(&calendar_line(calendar));
    }
    text
}

fn calendar_line(calendar: &Calendar) -> String {
    let of = match calendar.cost_types.as_slice() {
        [] => String::new(),
        names => format!(" of {}", names.join(", ")),
    };
    let repeated = match calendar.repeated {
        Some(rounds) if rounds > 1 => format!(", the same {rounds} times"),
        _ => String::new(),
    };
    format!(
        "Calendar{of}: from {}, {} intervals of {} s{repeated}.\n",
        calendar.start, calendar.intervals, calendar.seconds
    )
}

/// Addresses and where they are, as they were asked for.
pub(super) fn pids(addresses: &[String], found: &Properties, property: &str) -> String {
    rows(
        &["Address", "PID"],
        addresses.iter().map(|address| {
            let pid = found
                .entities
                .get(address)
                .and_then(|told| told.get(property));
            vec![address.clone(), pid.map_or_else(|| "-".to_owned(), text_of)]
        }),
    )
}

/// Entities, a column for each property.
pub(super) fn properties(found: &Properties) -> String {
    if found.entities.is_empty() {
        return "no entity has any of these properties\n".to_owned();
    }
    let names: BTreeSet<&str> = found
        .entities
        .values()
        .flat_map(|told| told.keys().map(String::as_str))
        .collect();
    let mut header = vec!["Entity"];
    header.extend(&names);
    rows(
        &header,
        found.entities.iter().map(|(entity, told)| {
            let mut row = vec![entity.clone()];
            row.extend(
                names
                    .iter()
                    .map(|name| told.get(*name).map_or_else(|| "-".to_owned(), text_of)),
            );
            row
        }),
    )
}

/// The elements on each path, and what is told of them.
pub(super) fn path_vectors(costs: &Costs, elements: &Properties) -> String {
    if costs.pairs.is_empty() {
        return "no path is known between these\n".to_owned();
    }
    let path = |path: &Value| match path {
        Value::Array(names) => names.iter().map(text_of).collect::<Vec<_>>().join(" -> "),
        other => text_of(other),
    };
    let pairs = || costs.pairs.iter();
    let mut text = if costs.calendars.is_empty() {
        let row = |((from, to), told): (&Pair, &Vec<Value>)| {
            let path = told.first().map_or_else(String::new, path);
            vec![from.clone(), to.clone(), path]
        };
        rows(&["From", "To", "Path"], pairs().map(row))
    } else {
        // RFC 9275 §9.4: a path for each interval, counted from 0.
        let of_pair = |((from, to), told): (&Pair, &Vec<Value>)| {
            let intervals = told.first().and_then(Value::as_array);
            let each = intervals.into_iter().flatten().enumerate();
            let row = |(nth, vector): (usize, &Value)| {
                vec![from.clone(), to.clone(), nth.to_string(), path(vector)]
            };
            each.map(row).collect::<Vec<_>>()
        };
        let all: Vec<Vec<String>> = pairs().flat_map(of_pair).collect();
        rows(&["From", "To", "Interval", "Path"], all.into_iter())
    };
    for calendar in &costs.calendars {
        text.push_str(&calendar_line(calendar));
    }
    if elements.entities.values().any(|told| !told.is_empty()) {
        text.push_str(&properties(elements));
    }
    text
}
