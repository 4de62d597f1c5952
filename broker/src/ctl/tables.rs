//! Answers as tables of plain ASCII, in the draft's manner, at most [`WIDTH`] columns wide.

use std::fmt::Write;

use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};
use jiff::Timestamp;
use url::Url;

use crate::client::answers::{
    DomainState, PathVectors, Placement, PropertyMap, SourceState, bare_name,
};
use crate::client::directory::Directory;

/// How wide a table may be.
pub const WIDTH: u16 = 100;

const LINE: LineStyle = LineStyle::new('+', '-', '+', '+');
const CONTENT: ContentLineStyle = ContentLineStyle::new('|', '|', '|');

/// The tables of RFCs and drafts: a line around, and one under the header.
const PLAIN: TableStyle = TableStyle::new()
    .top_border(LINE)
    .header_lines(CONTENT)
    .header_separator(LINE)
    .content_lines(CONTENT)
    .bottom_border(LINE);

/// The same with a line between rows, for rows of several lines.
const RULED: TableStyle = PLAIN.row_separator(LINE);

fn table(style: TableStyle, header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(header.to_vec());
    table
}

/// A list as the draft prints it: `-` for none.
fn list(values: &[String]) -> String {
    if values.is_empty() {
        "-".to_owned()
    } else {
        values.join(", ")
    }
}

/// The resources of a directory.
#[must_use]
pub fn directory(directory: &Directory, server: &Url) -> String {
    let mut table = table(RULED, &["Resource", "Request", "Uses"]);
    for (id, resource) in &directory.resources {
        let uri = if resource.uri.origin() == server.origin() {
            resource.uri.path().to_owned()
        } else {
            resource.uri.to_string()
        };
        let method = if resource.accepts.is_some() {
            "POST"
        } else {
            "GET"
        };
        let mut cell = format!("{method} {uri}");
        if let Some(accepts) = &resource.accepts {
            let _ = write!(cell, "\ntakes {accepts}");
        }
        // The only long media type is that of path vectors; its parameter goes to a line of its own.
        let media_type: Vec<&str> = resource.media_type.split(';').map(str::trim).collect();
        let _ = write!(cell, "\ngives {}", media_type.join(";\n      "));
        let uses = if resource.uses.is_empty() {
            "-".to_owned()
        } else {
            resource.uses.join("\n")
        };
        let mark = if directory.default_network_map.as_ref() == Some(id) {
            "\n(default)"
        } else {
            ""
        };
        table.add_row([format!("{id}{mark}"), cell, uses]);
    }
    format!("{table}\n")
}

/// Every domain and its sources. `now` is the server's clock.
#[must_use]
pub fn domains(domains: &[DomainState], now: Option<Timestamp>) -> String {
    let mut table = table(
        PLAIN,
        &[
            "Domain",
            "State",
            "Source",
            "State",
            "Last heard",
            "Last error",
        ],
    );
    for domain in domains {
        let mut first = [domain.id.clone(), domain.state.clone()];
        for source in &domain.sources {
            let [id, state] = std::mem::take(&mut first);
            table.add_row([
                id,
                state,
                source.kind.clone(),
                source.state.clone(),
                heard(source, now),
                trouble(source),
            ]);
        }
        if domain.sources.is_empty() {
            let [id, state] = first;
            table.add_row([id, state, "-".into(), "-".into(), "-".into(), "-".into()]);
        }
    }
    if domains.is_empty() {
        return "The broker has no domains: its settings name none.\n".to_owned();
    }
    format!("{table}\n")
}

/// All of one domain.
#[must_use]
pub fn domain(domain: &DomainState, now: Option<Timestamp>) -> String {
    let mut text = String::new();
    let rows = [
        ("domain", domain.id.clone()),
        ("state", domain.state.clone()),
        (
            "entry point",
            domain.entry_point.clone().unwrap_or_else(|| "-".to_owned()),
        ),
        ("NF types", list(&domain.nf_types)),
        ("SAPs", list(&domain.saps)),
        ("neighbours", list(&domain.neighbours)),
        ("open borders", list(&domain.open_borders)),
        ("nodes", domain.nodes.to_string()),
        ("routers", domain.routers.to_string()),
        ("prefixes", domain.prefixes.to_string()),
    ];
    for (name, value) in rows {
        let _ = writeln!(text, "{name:<14}{value}");
    }
    for source in &domain.sources {
        let failures = match source.failures {
            0 => String::new(),
            1 => ", 1 failure".to_owned(),
            many => format!(", {many} failures in a row"),
        };
        let _ = writeln!(
            text,
            "\n{:<14}{}\n{:<14}{}{failures}\n{:<14}{}\n{:<14}{}",
            source.kind,
            source.url,
            "  state",
            source.state,
            "  last heard",
            heard(source, now),
            "  last error",
            trouble(source),
        );
    }
    text
}

fn heard(source: &SourceState, now: Option<Timestamp>) -> String {
    match (source.last_heard, now) {
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

fn trouble(source: &SourceState) -> String {
    source.last_error.clone().unwrap_or_else(|| "-".to_owned())
}

/// The draft's Table 1. Properties that its columns do not name get columns of their own.
#[must_use]
pub fn property_map(map: &PropertyMap) -> String {
    const COLUMNS: [(&str, &str); 6] = [
        ("entry-point", "Entry point"),
        ("port", "Port\nSAP"),
        ("nf", "Capabilities"),
        ("cpu", "CPU"),
        ("mem", "MEM"),
        ("storage", "Storage"),
    ];
    let known = |name: &str| COLUMNS.iter().any(|(property, _)| *property == name);
    let mut others: Vec<&str> = map
        .entities
        .values()
        .flat_map(|properties| properties.keys())
        .map(String::as_str)
        .filter(|name| !known(name))
        .collect();
    others.sort_unstable();
    others.dedup();
    let mut header = vec![""];
    header.extend(COLUMNS.iter().map(|(_, title)| *title));
    header.extend(&others);
    let mut table = table(PLAIN, &header);
    for (entity, properties) in &map.entities {
        let cell = |name: &str| match properties.get(name).map(Vec::as_slice) {
            None | Some([]) => "-".to_owned(),
            Some(values) if name == "nf" => format!("{{{}}}", values.join(", ")),
            Some(values) => values.join(", "),
        };
        let mut row = vec![bare_name(entity).to_owned()];
        row.extend(COLUMNS.iter().map(|(property, _)| cell(property)));
        row.extend(others.iter().map(|name| cell(name)));
        table.add_row(row);
    }
    table.to_string()
}

/// The path vectors of each requirement's links, and where the domains on them are reached.
#[must_use]
pub fn path_vectors(paths: &PathVectors) -> String {
    let mut text = String::new();
    if paths.requirements.is_empty() {
        text.push_str("no path vectors: the service graph has no requirement\n");
    }
    for requirement in &paths.requirements {
        let _ = writeln!(
            text,
            "Requirement {} -> {}",
            requirement.src, requirement.dst
        );
        let mut table = table(RULED, &["Service graph link", "Candidate path vectors"]);
        for link in &requirement.links {
            let vectors: Vec<String> = link
                .vectors
                .iter()
                .map(|vector| format!("[{}]", vector.join(", ")))
                .collect();
            let vectors = if vectors.is_empty() {
                "none".to_owned()
            } else {
                vectors.join("\n")
            };
            table.add_row([format!("{} -> {}", link.src, link.dst), vectors]);
        }
        let _ = writeln!(text, "{table}");
    }
    if let Some(map) = paths
        .property_map
        .as_ref()
        .filter(|map| !map.entities.is_empty())
    {
        text.push_str("Entry points of the domains on the paths\n");
        for (entity, properties) in &map.entities {
            for entry_point in properties.get("entry-point").into_iter().flatten() {
                let _ = writeln!(text, "  {:<8}{entry_point}", bare_name(entity));
            }
        }
    }
    text
}

/// Placements with what they cost.
#[must_use]
pub fn placements(placements: &[Placement]) -> String {
    let mut table = table(PLAIN, &["Hops", "Placement"]);
    for placement in placements {
        let walks: Vec<String> = placement
            .requirements
            .iter()
            .map(|requirement| walk(placement.rank, &requirement.walk, 84))
            .collect();
        table.add_row([placement.hops.to_string(), walks.join("\n")]);
    }
    table.to_string()
}

/// The draft's Table 2: per requirement the service graph and its rows.
#[must_use]
pub fn table_2(placements: &[Placement]) -> String {
    let mut table = table(RULED, &["Service\ngraph (SG)", "Path vector(s)"]);
    let requirements = placements
        .first()
        .map_or(&[][..], |placement| &placement.requirements);
    for (index, requirement) in requirements.iter().enumerate() {
        let nodes: Vec<String> = requirement
            .walk
            .iter()
            .filter_map(|stop| stop.split_once(':').map(|(_, node)| node.to_owned()))
            .collect();
        let rows: Vec<String> = placements
            .iter()
            .filter_map(|placement| Some((placement, placement.requirements.get(index)?)))
            .map(|(placement, requirement)| walk(placement.rank, &requirement.walk, 78))
            .collect();
        table.add_row([at_arrows("", &nodes, "", 12), rows.join("\n")]);
    }
    table.to_string()
}

/// A row of Table 2: `1:{AS1:SAP1->AS1:NF1->AS2:NF2}`.
fn walk(rank: u64, walk: &[String], width: usize) -> String {
    at_arrows(&format!("{rank}:{{"), walk, "}", width)
}

/// Stops with arrows between them, in lines of at most `width`, broken after arrows only.
fn at_arrows(before: &str, stops: &[String], after: &str, width: usize) -> String {
    let mut lines = vec![before.to_owned()];
    let last = stops.len().saturating_sub(1);
    for (index, stop) in stops.iter().enumerate() {
        let word = format!("{stop}{}", if index == last { after } else { "->" });
        let begun = lines.last_mut().filter(|line| {
            line.len() == before.len() || line.chars().count() + word.chars().count() <= width
        });
        match begun {
            Some(line) => line.push_str(&word),
            None => lines.push(format!(
                "{:indent$}{word}",
                "",
                indent = before.chars().count()
            )),
        }
    }
    lines.join("\n")
}
