//! The graph files of REPETITA (Gay, Schaus and Vissicchio 2017, arXiv:1710.08665).
//!
//! ```text
//! NODES 2
//! label x y
//! 0_Vienna 16.37 48.21
//! 1_Graz 15.44 47.07
//!
//! EDGES 2
//! label src dest weight bw delay
//! edge_0 0 1 10 1000000 890
//! edge_1 1 0 10 1000000 890
//! ```
//!
//! `x` is the longitude and `y` the latitude, 0 and 0 where the place is not known. An edge is one
//! direction; `bw` is in kbit/s, `delay` in microseconds. The delays of the collection are taken as told
//! although most are a third of what light in fibre needs.

use super::text::{self, Lines, utf8};
use crate::world::build::Pairing;
use crate::world::{Limits, ParseError, World};

pub(super) fn parse(content: &[u8], limits: &Limits) -> Result<World, ParseError> {
    let mut lines = Lines::of(utf8(content)?);

    let (line, count) = section(&mut lines, "NODES", "'NODES' and their number")?;
    if count > limits.nodes {
        return Err(ParseError::too_many_nodes(line, limits.nodes));
    }
    let _: (usize, [&str; 3]) = lines.expect("heading of nodes", "'label x y'")?;
    let mut nodes = Vec::new();
    for _ in 0..count {
        let (line, [label, x, y]) = lines.expect("node", "'label x y', as often as told")?;
        let position = text::position(line, x, y)?;
        let known = position.latitude() != 0.0 || position.longitude() != 0.0;
        nodes.push((label.to_owned(), known.then_some(position)));
    }

    let (line, count) = section(&mut lines, "EDGES", "'EDGES' and their number")?;
    if count > limits.links {
        return Err(ParseError::too_many_links(line, limits.links));
    }
    let _: (usize, [&str; 6]) =
        lines.expect("heading of edges", "'label src dest weight bw delay'")?;
    let mut links = Pairing::default();
    for _ in 0..count {
        const RULE: &str = "'label src dest weight bw delay', as often as told";
        let (line, [_, src, dst, weight, bw, delay]) = lines.expect("edge", RULE)?;
        let _: f64 = text::number(line, "weight", weight, "a number")?;
        links.there(
            text::node(line, "src", src, nodes.len())?,
            text::node(line, "dest", dst, nodes.len())?,
            Some(text::micros(line, delay)?),
            Some(text::bandwidth(line, "bw", bw, 1e3)?),
        );
    }
    if let Some((line, more)) = lines.next() {
        return Err(ParseError::invalid(
            line,
            "edge",
            more,
            "no more edges than told",
        ));
    }
    Ok(World::labelled(nodes, links.finish()))
}

/// The line that begins a section, and how many entries it announces.
fn section(
    lines: &mut Lines<'_>,
    name: &'static str,
    rule: &'static str,
) -> Result<(usize, usize), ParseError> {
    let (line, [found, count]) = lines.expect(name, rule)?;
    if found != name {
        return Err(ParseError::invalid(line, name, found, rule));
    }
    Ok((line, text::number(line, name, count, rule)?))
}
