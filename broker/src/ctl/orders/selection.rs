//! Why partners were chosen, as a table.

use std::fmt::Write as _;

use crate::client::orders::{Candidate, Removed, Selection};
use crate::ctl::tables::{self, table};

/// The candidates of a choice, best first, what they were scored by, and what removed the others.
#[must_use]
pub fn selection(found: &Selection) -> String {
    let mut text = String::new();
    let header = [
        "", "Hosts", "Partners", "Price", "Delay", "Margin", "Success", "Load", "Score",
    ];
    let mut drawn = table(tables::PLAIN, &header);
    for candidate in &found.candidates {
        drawn.add_row(row(candidate));
    }
    if found.candidates.is_empty() {
        text.push_str("no chain of domains was found\n");
    } else {
        let _ = writeln!(text, "{drawn}");
        let weights: Vec<String> = found
            .weights
            .iter()
            .map(|(measure, weight)| format!("{measure} {weight}"))
            .collect();
        let _ = writeln!(
            text,
            "* is taken: the lowest score. It weighs {}.",
            weights.join(", ")
        );
    }
    if let Some(share) = found.availability {
        let _ = write!(text, "asked for: to work for {share} of the time");
        let taken = found.candidates.iter().find(|candidate| candidate.chosen);
        let promised = taken.and_then(|taken| taken.measures.get("availability"));
        let promised = promised.map_or_else(String::new, |of| format!("; * promises {of}"));
        let _ = writeln!(text, "{promised}");
    }
    for (at, candidate) in found.candidates.iter().enumerate() {
        for removal in &candidate.removed {
            let _ = writeln!(
                text,
                "candidate {}: {}: {}; the rule: {}",
                at + 1,
                removal.domain,
                removal.detail,
                removal.rule
            );
        }
    }
    for removal in &found.closed {
        let _ = writeln!(
            text,
            "closed: {}: {}; the rule: {}",
            removal.domain, removal.detail, removal.rule
        );
    }
    let more = found.closed_in_all.saturating_sub(found.closed.len());
    if more > 0 {
        let _ = writeln!(text, "closed: {more} more");
    }
    for removed in &found.removed_by {
        let Removed {
            rule,
            domains,
            chains,
        } = removed;
        let _ = writeln!(
            text,
            "removed: {domains} domains and {chains} chains by the rule: {rule}"
        );
    }
    if !found.waits_for.is_empty() {
        let _ = writeln!(text, "waits for: {}", found.waits_for.join(", "));
    }
    if found.cut {
        text.push_str("The search was cut short: better chains may exist.\n");
    }
    text
}

fn row(candidate: &Candidate) -> [String; 9] {
    let hosts: Vec<String> = candidate
        .nodes
        .iter()
        .map(|(node, domain)| format!("{node}:{domain}"))
        .collect();
    let partners: Vec<&str> = candidate.agreements.keys().map(String::as_str).collect();
    let measure = |name: &str| {
        let told = candidate.measures.get(name);
        told.map_or_else(|| "-".to_owned(), |told| rounded(*told))
    };
    let delay = measure("delay-ms");
    [
        if candidate.chosen { "*" } else { "" }.to_owned(),
        hosts.join(" "),
        partners.join(" "),
        measure("price"),
        if delay == "-" {
            delay
        } else {
            format!("{delay} ms")
        },
        measure("sls-margin"),
        measure("success"),
        measure("load"),
        candidate.score.map_or_else(|| "-".to_owned(), rounded),
    ]
}

fn rounded(value: f64) -> String {
    ((value * 1000.0).round() / 1000.0).to_string()
}
