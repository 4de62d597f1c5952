//! Answers as tables of plain ASCII, in the draft's manner, at most [`WIDTH`] columns wide.

use std::collections::BTreeSet;
use std::fmt::Write;

use comfy_table::{
    ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle,
};
use url::Url;

use crate::client::answers::{PathFound, PathVectors, Placement, PropertyMap, bare_name};
use crate::client::directory::Directory;
use crate::client::reservations::Reservation;
use crate::client::topology::{AdjacentDomains, OneWay};

/// How wide a table may be.
pub const WIDTH: u16 = 100;

const LINE: LineStyle = LineStyle::new('+', '-', '+', '+');
const CONTENT: ContentLineStyle = ContentLineStyle::new('|', '|', '|');

/// The tables of RFCs and drafts: a line around, and one under the header.
pub(super) const PLAIN: TableStyle = TableStyle::new()
    .top_border(LINE)
    .header_lines(CONTENT)
    .header_separator(LINE)
    .content_lines(CONTENT)
    .bottom_border(LINE);

/// The same with a line between rows, for rows of several lines.
const RULED: TableStyle = PLAIN.row_separator(LINE);

/// An empty table.
pub(super) fn table(style: TableStyle, header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(header.to_vec());
    table
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

/// Placements with all that they cost.
#[must_use]
pub fn placements_with_cost(placements: &[Placement]) -> String {
    let mut table = table(PLAIN, &["Hops", "Delay", "Price", "Placement"]);
    for placement in placements {
        let walks: Vec<String> = placement
            .requirements
            .iter()
            .map(|requirement| walk(placement.rank, &requirement.walk, 64))
            .collect();
        let cost = &placement.cost;
        table.add_row([
            cost.hops.to_string(),
            format!("{} ms", thousandths(cost.delay_ms)),
            thousandths(cost.price).to_string(),
            walks.join("\n"),
        ]);
    }
    table.to_string()
}

/// Paths of a link, with what they cost.
#[must_use]
pub fn link_paths(paths: &[PathFound]) -> String {
    let mut table = table(PLAIN, &["Hops", "Delay", "Price", "Path"]);
    for found in paths {
        table.add_row([
            found.cost.hops.to_string(),
            format!("{} ms", thousandths(found.cost.delay_ms)),
            thousandths(found.cost.price).to_string(),
            found.path.join(" "),
        ]);
    }
    table.to_string()
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// What is told of one way of a link: `3 ms`, `10 Gbit/s`, `2.8 to 4.1 ms`, `lost 0.1 %`.
fn measures(way: &OneWay) -> Vec<String> {
    let millis = |delay: f64| format!("{} ms", thousandths(delay));
    let bounds = match (way.delay_min_ms, way.delay_max_ms) {
        (None, None) => None,
        (Some(min), None) => Some(format!("from {}", millis(min))),
        (None, Some(max)) => Some(format!("up to {}", millis(max))),
        (Some(min), Some(max)) => Some(format!("{} to {}", thousandths(min), millis(max))),
    };
    let varies = way
        .delay_variation_ms
        .map(|delay| format!("varies {}", millis(delay)));
    let residual = way.residual_bandwidth_bps;
    let told = [
        way.delay_ms.map(millis),
        way.bandwidth_bps.map(bits),
        bounds,
        varies,
        way.loss_percent.map(|loss| format!("lost {loss} %")),
        residual.map(|residual| format!("residual {}", bits(residual))),
    ];
    // What is available is the bandwidth that is told already.
    told.into_iter().flatten().collect()
}

/// Adjacent domains and the links between them.
#[must_use]
pub fn adjacencies(adjacencies: &[AdjacentDomains]) -> String {
    let mut table = table(PLAIN, &["Domains", "Routers", "There", "Back"]);
    let way = |way: &Option<OneWay>| {
        let Some(way) = way else {
            return "-".to_owned();
        };
        let told = measures(way);
        if told.is_empty() {
            "not told".to_owned()
        } else {
            told.join(", ")
        }
    };
    for pair in adjacencies {
        for link in &pair.links {
            let router = |router: &Option<String>| router.clone().unwrap_or_else(|| "-".to_owned());
            table.add_row([
                format!("{} - {}", pair.a, pair.b),
                format!("{} - {}", router(&link.a_router), router(&link.b_router)),
                way(&link.there),
                way(&link.back),
            ]);
        }
    }
    table.to_string()
}

/// `10 Gbit/s`.
fn bits(bits: u64) -> String {
    let units = [
        (1_000_000_000, "Gbit/s"),
        (1_000_000, "Mbit/s"),
        (1000, "kbit/s"),
    ];
    let fits = units
        .iter()
        .find(|(unit, _)| bits >= *unit && bits.is_multiple_of(*unit));
    match fits {
        Some((unit, name)) => format!("{} {name}", bits / unit),
        None => format!("{bits} bit/s"),
    }
}

/// Reservations, a row each.
#[must_use]
pub fn reservations(reservations: &[Reservation]) -> String {
    let mut table = table(PLAIN, &["Reservation", "State", "Holder", "Until", "Hosts"]);
    // An id is there to be copied whole.
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    for reservation in reservations {
        let hosts: BTreeSet<&str> = reservation
            .placement
            .nodes
            .values()
            .map(String::as_str)
            .collect();
        let hosts: Vec<&str> = hosts.into_iter().collect();
        let until = reservation
            .until
            .map_or_else(|| "-".to_owned(), |until| format!("{until:.0}"));
        table.add_row([
            reservation.id.clone(),
            reservation.state.clone(),
            reservation.holder.clone(),
            until,
            hosts.join(", "),
        ]);
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
