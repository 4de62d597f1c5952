//! The best paths of the links of a service graph.

use std::fmt::Write as _;

use super::args::{PathsArgs, Rules};
use super::request::{GraphFile, members};
use super::{Exit, shown, tables};
use crate::client::answers::BestPaths;
use crate::client::{Client, ClientError};

/// `brokerctl paths` with an option that ALTO does not know.
pub(super) async fn best(
    client: &Client,
    args: PathsArgs,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let graph = GraphFile::read(&args.sg)?;
    let rules = Rules {
        objective: args.objective,
        constraints: args.constraints,
        ignore_policy: args.ignore_policy,
        disjoint: None,
    };
    let mut asked = members(&rules)?;
    asked.extend(args.k.map(|k| ("k".to_owned(), k.into())));
    let found = client.link_paths(graph.paths_with(asked)).await?.content;
    let exit = if found.has_gap() {
        Exit::Nothing
    } else {
        Exit::Answered
    };
    Ok((shown(json, &found.json, &|| table(&found)), exit))
}

fn table(found: &BestPaths) -> String {
    let mut text = String::new();
    for link in &found.links {
        let _ = writeln!(text, "Link {}: {} -> {}", link.id, link.src, link.dst);
        let _ = match link.paths.is_empty() {
            true => writeln!(text, "no path"),
            false => writeln!(text, "{}", tables::link_paths(&link.paths)),
        };
    }
    if found.meta.cut {
        text.push_str("The search was cut short: there are more paths.\n");
    }
    let silent = found.meta.not_told.join(", ");
    if !silent.is_empty() {
        let _ = writeln!(text, "Some links do not tell: {silent}; there it counts 0.");
    }
    text
}
