//! GraphML (Brandes et al. 2002, <http://graphml.graphdrawing.org>) with the keys that the Internet
//! Topology Zoo gives its networks (Knight et al. 2011): `label`, `Latitude` and `Longitude` of nodes,
//! `LinkSpeedRaw` of edges, in bit/s. The Zoo has one element `graph`; of a file with more the first counts.
//!
//! A node that has no label is called by its id; of a node with one coordinate alone the place is not known.
//! Directed edges are paired as those of REPETITA are.

use std::collections::HashMap;

use nffg::Bandwidth;
use roxmltree::{Document, Node, ParsingOptions};

use super::text::utf8;
use crate::world::build::Pairing;
use crate::world::{Limits, Link, ParseError, Position, World};

mod guard;

/// The largest of the Zoo has some 20,000 elements and texts.
const XML_NODES: u32 = 5_000_000;

pub(super) fn parse(content: &[u8], limits: &Limits) -> Result<World, ParseError> {
    let text = utf8(content)?;
    guard::check(text)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: XML_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        // Its texts end with the place, which this error has of its own.
        let (place, text) = (error.pos(), error.to_string());
        let reason = text.strip_suffix(&format!(" at {place}")).unwrap_or(&text);
        ParseError::Xml {
            line: place.row as usize,
            column: place.col as usize,
            reason: reason.to_owned(),
        }
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "graphml" {
        let rule = "the root element of GraphML, 'graphml'";
        return Err(at(root, "root element", root.tag_name().name(), rule));
    }
    let Some(graph) = elements(root, "graph").next() else {
        return Err(at(root, "graphml", "", "an element 'graph' must be in it"));
    };
    let reader = Reader {
        limits,
        keys: Keys::of(root),
    };
    reader.graph(graph)
}

/// The ids of the keys that are taken.
#[derive(Default)]
struct Keys<'a> {
    label: Option<&'a str>,
    latitude: Option<&'a str>,
    longitude: Option<&'a str>,
    speed: Option<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(root: Node<'a, '_>) -> Self {
        let mut keys = Self::default();
        for key in elements(root, "key") {
            // A key is for everything unless it says for what (the schema's default).
            let of = key.attribute("for").unwrap_or("all");
            let slot = match (of, key.attribute("attr.name")) {
                ("node" | "all", Some("label")) => &mut keys.label,
                ("node" | "all", Some("Latitude")) => &mut keys.latitude,
                ("node" | "all", Some("Longitude")) => &mut keys.longitude,
                ("edge" | "all", Some("LinkSpeedRaw")) => &mut keys.speed,
                _ => continue,
            };
            *slot = key.attribute("id");
        }
        keys
    }
}

struct Reader<'a> {
    limits: &'a Limits,
    keys: Keys<'a>,
}

impl Reader<'_> {
    fn graph(&self, graph: Node<'_, '_>) -> Result<World, ParseError> {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut nodes = Vec::new();
        for node in elements(graph, "node") {
            let id = required(node, "id")?;
            if nodes.len() >= self.limits.nodes {
                return Err(ParseError::too_many_nodes(line(node), self.limits.nodes));
            }
            let number = u32::try_from(nodes.len())
                .map_err(|_| ParseError::too_many_nodes(line(node), u32::MAX as usize))?;
            if numbers.insert(id, number).is_some() {
                return Err(at(node, "id", id, "a node may be told once"));
            }
            let label = data(node, self.keys.label).map_or(id, |(_, label)| label);
            nodes.push((label.to_owned(), self.position(node)?));
        }

        let directed = match graph.attribute("edgedefault") {
            Some("directed") => true,
            Some("undirected") | None => false,
            Some(other) => {
                return Err(at(graph, "edgedefault", other, "directed or undirected"));
            }
        };
        let mut links = Pairing::default();
        for (count, edge) in elements(graph, "edge").enumerate() {
            if count >= self.limits.links {
                return Err(ParseError::too_many_links(line(edge), self.limits.links));
            }
            let end = |field| {
                let id = required(edge, field)?;
                let known = numbers.get(id).copied();
                known.ok_or_else(|| at(edge, field, id, "the id of a node of the graph"))
            };
            let (a, b) = (end("source")?, end("target")?);
            let directed = match edge.attribute("directed") {
                Some("true" | "1") => true,
                Some("false" | "0") => false,
                None => directed,
                Some(other) => return Err(at(edge, "directed", other, "true or false")),
            };
            let speed = self.speed(edge)?;
            if directed {
                links.there(a, b, None, speed);
            } else {
                links.both(Link {
                    a,
                    b,
                    bandwidth_there: speed,
                    bandwidth_back: speed,
                    ..Link::default()
                });
            }
        }
        Ok(World::labelled(nodes, links.finish()))
    }

    fn position(&self, node: Node<'_, '_>) -> Result<Option<Position>, ParseError> {
        let coordinate = |field, key| {
            let Some((place, text)) = data(node, key) else {
                return Ok(None);
            };
            let number: Result<f64, _> = text.parse();
            number
                .map(Some)
                .map_err(|_| at(place, field, text, Position::RULE))
        };
        let latitude = coordinate("Latitude", self.keys.latitude)?;
        let longitude = coordinate("Longitude", self.keys.longitude)?;
        let Some((latitude, longitude)) = latitude.zip(longitude) else {
            return Ok(None);
        };
        let position = Position::new(latitude, longitude);
        let told = || format!("{latitude} {longitude}");
        let bad = || at(node, "Latitude and Longitude", &told(), Position::RULE);
        position.map(Some).ok_or_else(bad)
    }

    fn speed(&self, edge: Node<'_, '_>) -> Result<Option<Bandwidth>, ParseError> {
        let Some((place, text)) = data(edge, self.keys.speed) else {
            return Ok(None);
        };
        let bandwidth = Bandwidth::parse(text, 1.0);
        bandwidth
            .map(Some)
            .map_err(|error| at(place, "LinkSpeedRaw", text, error.rule))
    }
}

/// The children of that name, in whatever namespace: files without one are common.
fn elements<'a, 'i>(
    parent: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    let is = move |node: &Node<'_, '_>| node.is_element() && node.tag_name().name() == name;
    parent.children().filter(is)
}

/// What an element says under a key, unless that is nothing.
fn data<'a, 'i>(of: Node<'a, 'i>, key: Option<&str>) -> Option<(Node<'a, 'i>, &'a str)> {
    let key = key?;
    let found = elements(of, "data").find(|data| data.attribute("key") == Some(key))?;
    let text = found.text()?.trim();
    (!text.is_empty()).then_some((found, text))
}

fn required<'a>(of: Node<'a, '_>, attribute: &'static str) -> Result<&'a str, ParseError> {
    let found = of.attribute(attribute);
    found.ok_or_else(|| at(of, attribute, "", "this attribute must be there"))
}

fn at(node: Node<'_, '_>, field: &'static str, value: &str, rule: &'static str) -> ParseError {
    ParseError::invalid(line(node), field, value, rule)
}

fn line(node: Node<'_, '_>) -> usize {
    node.document().text_pos_at(node.range().start).row as usize
}
