//! How the members are doing: `brokerctl domains` as a table, a row for each source, and `brokerctl domain`
//! as a page.

use comfy_table::{ColumnConstraint, Width};
use jiff::Timestamp;

use super::page::{Page, counted, listed};
use super::tables::{PLAIN, table};
use crate::client::answers::{ConflictState, DocumentState, DomainState, SourceState};

/// How many names a list shows.
const SHOWN: usize = 40;

/// Every domain and its sources, and below what should be looked into. `now` is the server's clock.
pub(super) fn domains(domains: &[DomainState], now: Option<Timestamp>) -> String {
    if domains.is_empty() {
        return "The broker has no domains: its settings name none, and none has registered.\n"
            .to_owned();
    }
    let header = [
        "Domain",
        "State",
        "Source",
        "State",
        "Last heard",
        "Failures",
        "Tells",
    ];
    let mut table = table(PLAIN, &header);
    for (column, width) in [(0, 16), (2, 30)] {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(width)));
        }
    }
    let mut notes = Page::default();
    for domain in domains {
        let mut first = [domain.id.clone(), domain.state.clone()];
        for source in &domain.sources {
            let [id, state] = std::mem::take(&mut first);
            table.add_row([
                id,
                state,
                short_kind(&source.kind),
                source.state.clone(),
                heard(source.last_heard, now),
                source.failures.to_string(),
                tells(source),
            ]);
            if let Some(why) = &source.last_error {
                notes.field(
                    &domain.id,
                    format_args!("{}: {why}", short_kind(&source.kind)),
                );
            }
        }
        if domain.sources.is_empty() {
            let [id, state] = first;
            let none = || "-".to_owned();
            let all = [
                (domain.nodes, "node"),
                (domain.routers, "router"),
                (domain.links, "link"),
                (domain.prefixes, "prefix"),
            ];
            table.add_row([id, state, none(), none(), none(), none(), counts(&all)]);
        }
        if let Some(note) = note(domain) {
            notes.field(&domain.id, note);
        }
    }
    format!("{table}\n{}", notes.into_text())
}

/// What should be looked into, beside errors.
fn note(domain: &DomainState) -> Option<String> {
    let mut notes = Vec::new();
    // Of one that was not heard everything is missing, which its state says.
    if is_served(&domain.state) && !domain.missing.is_empty() {
        notes.push(format!("nobody tells its {}", words(&domain.missing)));
    }
    for (number, what) in [
        (domain.conflicts.len(), "conflict"),
        (domain.open_borders.len(), "open border"),
    ] {
        if number > 0 {
            notes.push(counted(number as u64, what));
        }
    }
    (!notes.is_empty()).then(|| notes.join(", "))
}

fn is_served(state: &str) -> bool {
    matches!(state, "fresh" | "stale")
}

/// A file without the folders before it: the page of the domain has them.
fn short_kind(kind: &str) -> String {
    let file = kind.strip_prefix("file ");
    let name = file.and_then(|path| path.rsplit('/').next());
    name.map_or_else(|| kind.to_owned(), |name| format!("file {name}"))
}

/// For a narrow column: at most two counts on a line.
fn tells(source: &SourceState) -> String {
    match (&source.document, source.routes) {
        (Some(document), _) => {
            let counts = document_counts(document);
            let counts: Vec<&str> = counts.split(", ").collect();
            let lines: Vec<String> = counts.chunks(2).map(|pair| pair.join(", ")).collect();
            lines.join(",\n")
        }
        (None, Some(routes)) => counted(routes, "route"),
        (None, None) => "-".to_owned(),
    }
}

pub(super) fn document_counts(document: &DocumentState) -> String {
    counts(&[
        (document.nodes, "node"),
        (document.links, "link"),
        (document.prefixes, "prefix"),
        (document.nfs, "NF"),
        (document.windows, "window"),
    ])
}

/// What there is of each, `-` for nothing.
fn counts(all: &[(u64, &str)]) -> String {
    let some = all.iter().filter(|(number, _)| *number > 0);
    let some: Vec<String> = some.map(|(number, what)| counted(*number, what)).collect();
    listed(&some, some.len())
}

/// All of one domain: what is known and from where, what is wrong, and then each source.
pub(super) fn domain(domain: &DomainState, now: Option<Timestamp>) -> String {
    let mut page = Page::default();
    page.field("domain", &domain.id);
    if let Some(asn) = domain.asn {
        page.field("AS number", asn);
    }
    page.field("state", state_in_words(domain));
    if let Some(known_by) = &domain.known_by {
        page.field("known by", known_in_words(known_by));
    }
    if let Some(told) = &domain.registration {
        let (by, lifetime, version) = (&told.by, told.lifetime, &told.version);
        page.field(
            "registered",
            format_args!("by {by}, good for {lifetime} s without further word, version {version}"),
        );
    }

    page.gap();
    let entry_point = domain.entry_point.as_deref().unwrap_or("-");
    page.field("entry point", entry_point);
    from(&mut page, domain, "entry-point");

    page.gap();
    page.field("nodes", domain.nodes);
    page.list("NF types", &domain.nf_types, SHOWN);
    page.list("SAPs", &domain.saps, SHOWN);
    page.list("open borders", &domain.open_borders, SHOWN);
    from(&mut page, domain, "resources");

    page.gap();
    page.field("routers", domain.routers);
    page.field("links", domain.links);
    page.field("prefixes", domain.prefixes);
    page.list("neighbours", &domain.neighbours, SHOWN);
    from(&mut page, domain, "topology");

    if !domain.missing.is_empty() {
        page.gap();
        page.field(
            "missing",
            format_args!("nobody tells its {}", words(&domain.missing)),
        );
    }
    if !domain.conflicts.is_empty() {
        page.gap();
    }
    for conflict in domain.conflicts.iter().take(SHOWN) {
        page.field("conflict", conflict_in_words(conflict));
    }
    if let Some(more) = domain.conflicts.len().checked_sub(SHOWN + 1) {
        page.field("conflict", format_args!("and {} more", more + 1));
    }
    if domain.sources.is_empty() && is_served(&domain.state) {
        page.gap();
        page.field("sources", "told to the member itself and to operators only");
    }
    for source in &domain.sources {
        page.gap();
        source_on(&mut page, source, now);
    }
    page.into_text()
}

/// From which sources a part of the domain is.
fn from(page: &mut Page, domain: &DomainState, part: &str) {
    let uses = |source: &&SourceState| source.used_for.iter().any(|used| used == part);
    let sources = domain.sources.iter().filter(uses);
    let sources: Vec<&str> = sources.map(|source| source.kind.as_str()).collect();
    if !sources.is_empty() {
        page.list("  from", &sources, SHOWN);
    } else if part == "entry-point"
        && domain.entry_point.is_some()
        && domain.known_by.as_deref() == Some("settings")
        && !domain.sources.is_empty()
    {
        // Only the settings, and netphony over BGP-LS, tell one without being used for it.
        let has_peers = domain.sources.iter().any(|s| s.kind.starts_with("bgp-ls "));
        let or = if has_peers { ", or BGP-LS" } else { "" };
        page.field("  from", format_args!("the broker's settings{or}"));
    }
}

fn state_in_words(domain: &DomainState) -> String {
    let what = match domain.state.as_str() {
        "waiting" => "never heard from",
        "stale" => "a source is silent or never came; what was told is still in the maps",
        "gone" => "silent for too long; out of the maps",
        _ => return domain.state.clone(),
    };
    format!("{}: {what}", domain.state)
}

fn known_in_words(known_by: &str) -> &str {
    match known_by {
        "settings" => "the broker's settings",
        "push" => "its registration",
        "file" => "a file in the broker's folder",
        "nobody" => "-",
        other => other,
    }
}

fn conflict_in_words(conflict: &ConflictState) -> String {
    let ConflictState {
        kind,
        subject,
        with,
        outcome,
    } = conflict;
    let kind = match kind.as_str() {
        "sap" => "SAP".to_owned(),
        "half-up-link" => "half-up link".to_owned(),
        other => other.replace('-', " "),
    };
    // The ends of a link are in its name.
    let with = if with.is_empty() || subject.contains(with.as_str()) {
        ""
    } else {
        &format!(" with {with}")
    };
    let outcome = if outcome.is_empty() {
        ""
    } else {
        &format!(": {outcome}")
    };
    format!("{kind} {subject}{with}{outcome}")
}

fn source_on(page: &mut Page, source: &SourceState, now: Option<Timestamp>) {
    page.field("source", &source.kind);
    let is_pushed = source.kind.starts_with("push ");
    page.field(if is_pushed { "  by" } else { "  at" }, &source.url);
    let failures = match source.failures {
        0 => String::new(),
        1 => ", 1 failure".to_owned(),
        many => format!(", {many} failures in a row"),
    };
    page.field("  state", format_args!("{}{failures}", source.state));
    page.field("  last heard", heard(source.last_heard, now));
    if let Some(routes) = source.routes {
        page.field("  tells", counted(routes, "route"));
    }
    if let Some(document) = &source.document {
        document_on(page, document, now);
    }
    let used_for = match source.used_for.as_slice() {
        [] if source.kind == "push registration" => "keeping it a member".to_owned(),
        [] if source.document.is_none() && source.routes.is_none_or(|routes| routes == 0) => {
            "nothing: it has told nothing yet".to_owned()
        }
        [] if is_served(&source.state) => "nothing: other sources come first".to_owned(),
        [] => "nothing".to_owned(),
        parts => words(parts),
    };
    page.field("  used for", used_for);
    page.field("  last error", source.last_error.as_deref().unwrap_or("-"));
    // A single one is the last error.
    for fault in source.faults.iter().filter(|_| source.faults.len() > 1) {
        page.field("  fault", fault);
    }
}

fn document_on(page: &mut Page, document: &DocumentState, now: Option<Timestamp>) {
    let DocumentState {
        format,
        syntax,
        bytes,
        ..
    } = document;
    let bytes = counted(*bytes, "byte");
    page.field("  document", format_args!("{format} in {syntax}, {bytes}"));
    page.field("  tells", document_counts(document));
    let by = match document.by.as_deref() {
        Some(by) => format!(" by {by}"),
        None => String::new(),
    };
    let when = heard(document.accepted, now);
    page.field(
        "  accepted",
        format_args!("{when}{by}, version {}", document.version),
    );
    for warning in &document.warnings {
        page.field(
            "  warning",
            located(warning.line, &warning.path, &warning.text),
        );
    }
}

/// `line 3: /nodes/0: text`, as much as is there.
pub(super) fn located(line: Option<u64>, path: &str, text: &str) -> String {
    let line = line.map_or_else(String::new, |line| format!("line {line}: "));
    let colon = if path.is_empty() { "" } else { ": " };
    format!("{line}{path}{colon}{text}")
}

/// `resources, topology and entry point`.
fn words(parts: &[String]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| part.replace('-', " ")).collect();
    match parts.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// `now` is the server's clock.
fn heard(then: Option<Timestamp>, now: Option<Timestamp>) -> String {
    match (then, now) {
        (None, _) => "never".to_owned(),
        (Some(then), None) => then.to_string(),
        (Some(then), Some(now)) => ago(now.duration_since(then).as_secs()),
    }
}

/// The server's `Date` has whole seconds, so "just now" may come out as -1.
fn ago(seconds: i64) -> String {
    match seconds {
        ..=0 => "just now".to_owned(),
        1..=119 => format!("{seconds} s ago"),
        120..=7199 => format!("{} min ago", seconds / 60),
        7200..=172_799 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
