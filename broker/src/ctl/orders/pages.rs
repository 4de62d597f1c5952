//! Orders and services as pages and tables.

use std::fmt::Write as _;

use comfy_table::ColumnConstraint;

use nffg::Delay;

use crate::client::orders::{Listed, OrderedBy, Progress, Service, ServiceOrder, Tests};
use crate::ctl::args::ListPart;
use crate::ctl::page::{Page, listed};
use crate::ctl::tables::{self, table};

/// What is said of an order that was taken.
pub(super) fn taken(order: &ServiceOrder) -> String {
    let mut text = format!("order {} is {}\n", order.id, order.state);
    for item in &order.service_order_item {
        let _ = writeln!(text, "service {}", item.service.id);
    }
    text
}

/// What is said of an order that is done: what to look at next.
pub(super) fn ended(progress: &Progress) -> String {
    let mut text = String::new();
    for item in &progress.items {
        if let Some(selection) = &item.selection {
            let _ = writeln!(text, "Why these partners: brokerctl selection {selection}");
        }
    }
    text
}

/// An order.
pub(super) fn order(order: &ServiceOrder, progress: &Progress) -> String {
    let mut page = Page::default();
    page.field("order", &order.id);
    page.field("state", &order.state);
    if let Some(name) = &order.external_id {
        page.field("external id", name);
    }
    page.field("ordered", &order.order_date);
    if let Some(date) = &order.completion_date {
        page.field("completed", date);
    }
    for item in &order.service_order_item {
        page.gap();
        page.field("item", format!("{}: {}", item.id, item.action));
        page.field("  state", &item.state);
        page.field("  service", &item.service.id);
        let told = progress.items.iter().find(|told| told.id == item.id);
        if let Some(told) = told {
            if let Some(phase) = &told.phase {
                page.field("  phase", phase);
            }
            if let Some(selection) = &told.selection {
                page.field("  selection", selection);
            }
            if let Some(why) = &told.waits_for {
                page.field("  waits for", why);
            }
            for (name, parts) in [
                ("  partner", &told.partners),
                ("  clean-up", &told.clean_up),
            ] {
                for part in parts {
                    let reason = part.reason.as_deref();
                    let reason = reason.map_or_else(String::new, |why| format!(": {why}"));
                    page.field(
                        name,
                        format!("{} {} {}{reason}", part.domain, part.doing, part.step),
                    );
                }
            }
        }
        if let Some(tests) = told.and_then(|told| told.tests.as_ref()) {
            measured(&mut page, tests);
        }
        for error in &item.termination_error {
            page.field("  failed", &error.value);
        }
    }
    page.into_text()
}

/// What was measured, beside what was ordered.
fn measured(page: &mut Page, tests: &Tests) {
    let of = |nanos: Option<u64>| nanos.map(|nanos| Delay::from_nanos(nanos).to_string());
    let beside = |found: Option<u64>, most: Option<u64>| match (of(found), of(most)) {
        (Some(found), Some(most)) => Some(format!("{found} of {most}")),
        (Some(found), None) => Some(found),
        (None, Some(most)) => Some(format!("not told, of {most}")),
        (None, None) => None,
    };
    for test in &tests.segments {
        let verdict = if test.passed { "passed" } else { "not passed" };
        let mut told = vec![format!("{} {verdict}", test.domain)];
        let flows = test.flows.iter();
        let flows = flows.filter(|flow| flow.delay.is_some());
        told.extend(flows.filter_map(|flow| {
            let beside = beside(flow.delay, flow.max_delay)?;
            Some(format!("link {} {beside}", flow.link))
        }));
        if told.len() == 1 {
            told.extend(of(test.delay).map(|sum| format!("{sum} in all")));
        }
        page.field("  test", told.join(", "));
    }
    for path in &tests.end_to_end {
        if let Some(beside) = beside(path.delay, Some(path.max_delay)) {
            page.field(
                "  end to end",
                format!("links {}: {beside}", path.links.join(", ")),
            );
        }
    }
}

/// Orders, a row each.
pub(super) fn orders(found: &Listed<ServiceOrder>, part: ListPart) -> String {
    if found.entries.is_empty() {
        return "no orders\n".to_owned();
    }
    let mut drawn = table(
        tables::PLAIN,
        &["Order", "State", "Ordered", "Items", "External id"],
    );
    // An id is there to be copied whole.
    if let Some(column) = drawn.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    for order in &found.entries {
        let items: Vec<&str> = order
            .service_order_item
            .iter()
            .map(|item| item.action.as_str())
            .collect();
        drawn.add_row([
            order.id.clone(),
            order.state.clone(),
            seconds(&order.order_date),
            listed(&items, 3),
            order.external_id.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    format!("{drawn}\n{}", more("orders", found, part))
}

/// Services, a row each.
pub(super) fn services(found: &Listed<Service>, part: ListPart) -> String {
    if found.entries.is_empty() {
        return "no services\n".to_owned();
    }
    let header = ["Service", "State", "Works from", "External id"];
    let mut drawn = table(tables::PLAIN, &header);
    if let Some(column) = drawn.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for service in &found.entries {
        drawn.add_row([
            service.id.clone(),
            service.state.clone(),
            or_dash(service.start_date.as_deref().map(seconds)),
            or_dash(service.external_id.clone()),
        ]);
    }
    format!("{drawn}\n{}", more("services", found, part))
}

/// How the list goes on, if it does.
fn more<T>(command: &str, found: &Listed<T>, part: ListPart) -> String {
    let offset = usize::try_from(part.offset).unwrap_or(usize::MAX);
    let next = offset.saturating_add(found.entries.len());
    match found.total {
        Some(total) if total > next => {
            format!("There are more, {total} in all: brokerctl {command} --offset {next}\n")
        }
        _ => String::new(),
    }
}

/// A service.
pub(super) fn service(service: &Service) -> String {
    let mut page = Page::default();
    page.field("service", &service.id);
    page.field("state", &service.state);
    for (name, value) in [
        ("external id", &service.external_id),
        ("type", &service.service_type),
        ("works from", &service.start_date),
        ("until", &service.end_date),
    ] {
        if let Some(value) = value {
            page.field(name, value);
        }
    }
    let orders: Vec<&str> = service
        .service_order_item
        .iter()
        .map(
            |OrderedBy {
                 service_order_id, ..
             }| service_order_id.as_str(),
        )
        .collect();
    page.list("orders", &orders, 100);
    let configuration = &service.service_configuration;
    if !configuration.is_null() {
        page.gap();
        page.line(format!("{configuration:#}"));
    }
    page.into_text()
}

/// `2026-03-01T12:00:00Z` of a time with parts of seconds.
fn seconds(time: &str) -> String {
    let parsed = time.parse::<jiff::Timestamp>();
    parsed.map_or_else(|_| time.to_owned(), |time| format!("{time:.0}"))
}
