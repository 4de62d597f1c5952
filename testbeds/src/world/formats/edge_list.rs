//! Edge lists: the number of nodes and of links in the first line, then a link in each line, `a b delay`,
//! both ways, with the delay in microseconds. Nodes are numbers from 0, called `n0` and so on unless their names
//! stand in a file beside it, one in each line.

use super::text::{self, Lines, utf8};
use crate::world::{Limits, Link, ParseError, World};

pub(super) fn parse(content: &[u8], limits: &Limits) -> Result<World, ParseError> {
    with_names(content, None, limits)
}

/// An edge list and the content of its file of names.
pub(in crate::world) fn with_names(
    content: &[u8],
    names: Option<&[u8]>,
    limits: &Limits,
) -> Result<World, ParseError> {
    let mut lines = Lines::of(utf8(content)?);
    let (line, [nodes, links]) = lines.expect("first line", "the number of nodes and of links")?;
    let count = |field, text| text::number::<usize>(line, field, text, "a number");
    let (nodes, links) = (count("nodes", nodes)?, count("links", links)?);
    if nodes > limits.nodes {
        return Err(ParseError::too_many_nodes(line, limits.nodes));
    }
    if links > limits.links {
        return Err(ParseError::too_many_links(line, limits.links));
    }
    let names = match names {
        Some(names) => read_names(names, nodes)?,
        None => (0..nodes).map(|node| format!("n{node}")).collect(),
    };
    let mut read = Vec::new();
    for _ in 0..links {
        let (line, [a, b, delay]) = lines.expect("link", "'a b delay', as often as told")?;
        let delay = text::micros(line, delay)?;
        read.push(Link {
            a: text::node(line, "a", a, nodes)?,
            b: text::node(line, "b", b, nodes)?,
            delay_there: Some(delay),
            delay_back: Some(delay),
            ..Link::default()
        });
    }
    if let Some((line, more)) = lines.next() {
        return Err(ParseError::invalid(
            line,
            "link",
            more,
            "no more links than told",
        ));
    }
    let nodes = names.into_iter().map(|name| (name, None)).collect();
    Ok(World::labelled(nodes, read))
}

fn read_names(names: &[u8], nodes: usize) -> Result<Vec<String>, ParseError> {
    const RULE: &str = "a name in each line, as many as there are nodes";
    let mut lines = Lines::of(utf8(names)?);
    let mut read = Vec::new();
    for (line, name) in lines.by_ref() {
        if read.len() == nodes {
            return Err(ParseError::invalid(line, "names", name, RULE));
        }
        read.push(name.trim_ascii().to_owned());
    }
    if read.len() < nodes {
        return Err(ParseError::invalid(read.len() + 1, "names", "", RULE));
    }
    Ok(read)
}
