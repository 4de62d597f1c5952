//! Placements and the topology that they are in: asking for them, showing them, drawing them.

use std::path::Path;

use serde_json::Value;

use super::args::{PlacementsArgs, TopologyArgs};
use super::request::{GraphFile, members};
use super::{Exit, draw, shown, tables};
use crate::client::answers::{Explanation, Placements, Rule};
use crate::client::topology::Topology;
use crate::client::{Client, ClientError};

/// `brokerctl placements`
pub(super) async fn placements(
    client: &Client,
    args: PlacementsArgs,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let graph = GraphFile::read(&args.sg)?;
    let mut asked = members(&args.rules)?;
    asked.extend(args.k.map(|k| ("k".to_owned(), k.into())));
    if args.explain {
        asked.insert("explain".to_owned(), true.into());
    }
    let found = client
        .placements(graph.placements_with(asked))
        .await?
        .content;
    let exit = if found.placements.is_empty() {
        Exit::Nothing
    } else {
        Exit::Answered
    };
    let mut text = shown(json, &found.json, &|| table(&found));
    if let Some(path) = &args.draw {
        text.push_str(&drawn(client, &found, args.rank, path, json).await?);
    }
    Ok((text, exit))
}

/// Draws one of the placements; says so, unless the answer is for a program.
async fn drawn(
    client: &Client,
    found: &Placements,
    rank: u32,
    path: &Path,
    json: bool,
) -> Result<String, ClientError> {
    let wanted = found
        .placements
        .iter()
        .find(|one| one.rank == u64::from(rank));
    let Some(placement) = wanted else {
        let count = found.placements.len();
        let why = format!("there is no placement of rank {rank} to draw: {count} were found");
        return if found.placements.is_empty() {
            // The answer itself says so.
            Ok(String::new())
        } else {
            Err(ClientError::Input(why))
        };
    };
    let mut around = draw::domains(placement);
    around.truncate(MOST_AROUND);
    let topology = client.topology(&around, None).await?.content;
    write(path, &draw::placement(&topology, placement))?;
    Ok(said(path, json))
}

/// How many domains the broker is asked around at once.
const MOST_AROUND: usize = 100;

fn said(path: &Path, json: bool) -> String {
    if json {
        String::new()
    } else {
        format!("Drawn: {}\n", path.display())
    }
}

fn write(path: &Path, drawing: &str) -> Result<(), ClientError> {
    std::fs::write(path, drawing)
        .map_err(|error| ClientError::Input(format!("cannot write {}: {error}", path.display())))
}

fn table(found: &Placements) -> String {
    let mut text = if found.placements.is_empty() {
        "no placement: no choice of domains carries this service graph\n".to_owned()
    } else {
        let table = if is_by_hops(&found.meta.objective) {
            tables::placements(&found.placements)
        } else {
            tables::placements_with_cost(&found.placements)
        };
        format!("{table}\n")
    };
    if found.meta.cut {
        text.push_str("The search was cut short: better placements may exist.\n");
    }
    let asked_for = |metric: &&String| metric.as_str() != "price" || text_has_price(found);
    let silent: Vec<&str> = found
        .meta
        .not_told
        .iter()
        .filter(asked_for)
        .map(String::as_str)
        .collect();
    if !silent.is_empty() {
        text.push_str(&format!(
            "Some links do not tell: {}; there it counts 0.\n",
            silent.join(", ")
        ));
    }
    if let Some(explanation) = &found.explanation {
        text.push_str(&explained(explanation, found.placements.is_empty()));
    }
    text
}

fn is_by_hops(objective: &Value) -> bool {
    objective.is_null() || objective == "hops"
}

/// Whether a price is of interest: it is asked for.
fn text_has_price(found: &Placements) -> bool {
    found.meta.objective.to_string().contains("price")
}

fn texts(rules: &[Rule]) -> Vec<&str> {
    rules.iter().map(|rule| rule.text.as_str()).collect()
}

fn explained(explanation: &Explanation, is_empty: bool) -> String {
    let mut text = String::new();
    for node in &explanation.nodes {
        let struck: Vec<String> = node
            .struck
            .iter()
            .map(|struck| format!("{} by {}", struck.domains, struck.rule))
            .collect();
        let but = if struck.is_empty() {
            String::new()
        } else {
            format!(" (left out: {})", struck.join(", "))
        };
        text.push_str(&format!(
            "{}: {} of {} domains{but}\n",
            node.node, node.left, node.offered
        ));
    }
    if is_empty {
        let said = match explanation.relaxations.as_slice() {
            [] if explanation.cut => "What is in the way was not found out in time.\n".to_owned(),
            [] => "No rule is in the way: hosts or links are missing.\n".to_owned(),
            sets => {
                let sets: Vec<String> = sets.iter().map(|set| texts(set).join(" and ")).collect();
                format!(
                    "There would be one without {}.\n",
                    sets.join(", or without ")
                )
            }
        };
        text.push_str(&said);
    }
    for reason in &explanation.placements {
        for link in reason.links.iter().filter(|link| !link.is_best) {
            text.push_str(&format!(
                "Placement {}, link {}: not the best path, because of {}\n",
                reason.rank,
                link.link,
                texts(&link.forced_by).join(", ")
            ));
        }
        if !reason.tight.is_empty() {
            text.push_str(&format!(
                "Placement {} takes to the limit: {}\n",
                reason.rank,
                texts(&reason.tight).join(", ")
            ));
        }
    }
    text
}

/// `brokerctl topology`
pub(super) async fn topology(
    client: &Client,
    args: TopologyArgs,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let found = client.topology(&args.around, args.radius).await?.content;
    let mut text = shown(json, &found.json, &|| topology_table(&found));
    if let Some(path) = &args.draw {
        write(path, &draw::topology(&found))?;
        text.push_str(&said(path, json));
    }
    Ok((text, Exit::Answered))
}

fn topology_table(topology: &Topology) -> String {
    let mut text = if topology.adjacencies.is_empty() {
        format!(
            "{} domains, none adjacent to another\n",
            topology.domains.len()
        )
    } else {
        format!("{}\n", tables::adjacencies(&topology.adjacencies))
    };
    let joined = |name: &&String| {
        let mut pairs = topology.adjacencies.iter();
        !pairs.any(|pair| pair.a == **name || pair.b == **name)
    };
    let alone: Vec<&str> = topology
        .domains
        .iter()
        .filter(joined)
        .map(String::as_str)
        .collect();
    if !alone.is_empty() && !topology.adjacencies.is_empty() {
        text.push_str(&format!(
            "Without a neighbour here: {}.\n",
            alone.join(", ")
        ));
    }
    for half in &topology.half_up {
        text.push_str(&format!(
            "Half-up, not used: {} {} to {} {}.\n",
            half.from, half.from_router, half.to, half.to_router
        ));
    }
    if topology.meta.cut {
        text.push_str("There is more than one answer tells.\n");
    }
    text
}
