//! What is drawn: the domains that matter, and of the others how many there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::client::answers::{Cost, PlacedLink, Placement};
use crate::client::topology::Topology;

/// How much one drawing shows.
pub(super) const MOST_DOMAINS: usize = 80;
const MOST_NEIGHBOURS: usize = 24;
const MOST_LINKS: usize = 48;
const MOST_NODES: usize = 8;
const MOST_TEXT: usize = 26;
const MOST_LEGEND: usize = 110;

/// What is drawn.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Scene {
    pub(super) title: String,
    pub(super) domains: Vec<Domain>,
    /// Adjacent domains, by index, the smaller first.
    pub(super) edges: Vec<(usize, usize)>,
    /// Paths of links of the service graph, by index of domain.
    pub(super) paths: Vec<Path>,
    /// What there is besides.
    pub(super) notes: Vec<String>,
}

/// A domain.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) role: Role,
    /// The nodes of the service graph that it hosts.
    pub(super) nodes: Vec<String>,
    /// Its neighbours that are not drawn.
    pub(super) more: usize,
}

/// What a domain is to the placement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// It hosts nodes.
    Host,
    /// It is passed through.
    Transit,
    /// It is near.
    #[default]
    Other,
    /// There is no placement.
    Plain,
}

/// A link of the service graph.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Path {
    /// Its number in the drawing, from 1.
    pub(super) number: usize,
    /// The domains from end to end; of one within a domain that alone. Empty if not all are drawn.
    pub(super) domains: Vec<usize>,
    /// For the legend.
    pub(super) text: String,
}

/// A text of at most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}\u{2026}")
}

/// The links of a placement, each once: requirements may share them.
fn links(placement: &Placement) -> Vec<&PlacedLink> {
    let mut seen = BTreeSet::new();
    let all = placement.requirements.iter().flat_map(|one| &one.links);
    all.filter(|link| seen.insert(link.id.as_str())).collect()
}

/// The domains that a placement crosses or has nodes in, in order.
pub(super) fn crossed(placement: &Placement) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let on_paths = links(placement).into_iter().flat_map(|link| &link.path);
    on_paths
        .chain(placement.nodes.values())
        .filter(|domain| seen.insert(domain.as_str()))
        .cloned()
        .collect()
}

fn words(cost: &Cost) -> String {
    let hops = if cost.hops == 1 { "hop" } else { "hops" };
    let mut text = format!("{} {hops}", cost.hops);
    for (value, what) in [(cost.delay_ms, "ms"), (cost.price, "to pay")] {
        if value > 0.0 {
            let _ = write!(text, ", {} {what}", (value * 1000.0).round() / 1000.0);
        }
    }
    text
}

impl Scene {
    pub(super) fn of_placement(topology: &Topology, placement: &Placement) -> Self {
        let crossed = crossed(placement);
        let on_paths = &crossed[..crossed.len().min(MOST_DOMAINS)];
        let mut scene = Self {
            title: format!("Placement {}: {}", placement.rank, words(&placement.cost)),
            ..Self::default()
        };
        let hosts: BTreeSet<&str> = placement.nodes.values().map(String::as_str).collect();
        for name in on_paths {
            let role = if hosts.contains(name.as_str()) {
                Role::Host
            } else {
                Role::Transit
            };
            scene.domains.push(Domain {
                name: name.clone(),
                role,
                nodes: nodes_of(placement, name),
                more: 0,
            });
        }
        scene.add_neighbours(topology);
        scene.add_edges(topology);
        let links = links(placement);
        let index = scene.index();
        let mut paths = Vec::new();
        for (at, link) in links.iter().take(MOST_LINKS).enumerate() {
            let domains: Option<Vec<usize>> = link
                .path
                .iter()
                .map(|name| index.get(name.as_str()).copied())
                .collect();
            let way = match link.path.as_slice() {
                [only] => format!("within {only}"),
                path => path.join(" \u{2192} "),
            };
            let ends = format!("{} \u{2192} {}", cut(&link.src, 20), cut(&link.dst, 20));
            let text = format!("{ends}: {way} ({})", words(&link.cost));
            paths.push(Path {
                number: at + 1,
                domains: domains.unwrap_or_default(),
                text: cut(&text, MOST_LEGEND),
            });
        }
        let lost = crossed.len() - on_paths.len();
        drop(index);
        scene.paths = paths;
        scene.note(lost, "domains on the paths");
        scene.note(
            links.len().saturating_sub(MOST_LINKS),
            "links of the service graph",
        );
        scene
    }

    pub(super) fn of_topology(topology: &Topology) -> Self {
        let mut scene = Self {
            title: format!("Topology of {} domains", topology.domains.len()),
            ..Self::default()
        };
        // Those with most neighbours first, then by name.
        let mut degrees: BTreeMap<&str, usize> = topology
            .domains
            .iter()
            .map(|name| (name.as_str(), 0))
            .collect();
        for pair in &topology.adjacencies {
            for end in [&pair.a, &pair.b] {
                if let Some(degree) = degrees.get_mut(end.as_str()) {
                    *degree += 1;
                }
            }
        }
        let mut ranked: Vec<(&str, usize)> = degrees.into_iter().collect();
        ranked.sort_by_key(|(_, degree)| std::cmp::Reverse(*degree));
        ranked.truncate(MOST_DOMAINS);
        ranked.sort_unstable();
        scene.domains = ranked
            .into_iter()
            .map(|(name, _)| Domain {
                name: name.to_owned(),
                role: Role::Plain,
                ..Domain::default()
            })
            .collect();
        scene.add_edges(topology);
        scene.note(
            topology.domains.len().saturating_sub(MOST_DOMAINS),
            "domains",
        );
        if topology.meta.cut {
            scene
                .notes
                .push("The broker told a part of the topology.".to_owned());
        }
        scene
    }

    fn note(&mut self, count: usize, what: &str) {
        if count > 0 {
            self.notes.push(format!("Not drawn: {count} more {what}."));
        }
    }

    fn index(&self) -> BTreeMap<&str, usize> {
        let names = self.domains.iter().map(|domain| domain.name.as_str());
        names.enumerate().map(|(at, name)| (name, at)).collect()
    }

    /// Adds neighbours of those that are drawn: first those that join several, then by name.
    fn add_neighbours(&mut self, topology: &Topology) {
        let drawn = self.index();
        let mut joins: BTreeMap<&str, usize> = BTreeMap::new();
        for pair in &topology.adjacencies {
            for (near, far) in [(&pair.a, &pair.b), (&pair.b, &pair.a)] {
                if drawn.contains_key(near.as_str()) && !drawn.contains_key(far.as_str()) {
                    *joins.entry(far).or_default() += 1;
                }
            }
        }
        let mut ranked: Vec<(&str, usize)> = joins.into_iter().collect();
        ranked.sort_by_key(|(_, joins)| std::cmp::Reverse(*joins));
        let room = MOST_DOMAINS
            .saturating_sub(self.domains.len())
            .min(MOST_NEIGHBOURS);
        let new: Vec<String> = ranked
            .iter()
            .take(room)
            .map(|(name, _)| (*name).to_owned())
            .collect();
        self.domains.extend(new.into_iter().map(|name| Domain {
            name,
            ..Domain::default()
        }));
    }

    fn add_edges(&mut self, topology: &Topology) {
        let index = self.index();
        let mut edges = BTreeSet::new();
        let mut more = vec![0; self.domains.len()];
        for pair in &topology.adjacencies {
            match (index.get(pair.a.as_str()), index.get(pair.b.as_str())) {
                (Some(a), Some(b)) => {
                    edges.insert((*a.min(b), *a.max(b)));
                }
                (Some(drawn), None) | (None, Some(drawn)) => more[*drawn] += 1,
                (None, None) => {}
            }
        }
        for (domain, more) in self.domains.iter_mut().zip(more) {
            domain.more = more;
        }
        self.edges = edges.into_iter().collect();
        if self.domains.iter().any(|domain| domain.more > 0) {
            let note = "+ and a number beside a domain: neighbours that are not drawn.";
            self.notes.push(note.to_owned());
        }
    }
}

/// The nodes that a domain hosts, in the order of names, the rest summed up.
fn nodes_of(placement: &Placement, domain: &str) -> Vec<String> {
    let mut nodes: Vec<String> = placement
        .nodes
        .iter()
        .filter(|(_, host)| *host == domain)
        .map(|(node, _)| cut(node, MOST_TEXT))
        .collect();
    if nodes.len() > MOST_NODES {
        let more = nodes.len() - MOST_NODES + 1;
        nodes.truncate(MOST_NODES - 1);
        nodes.push(format!("+{more} more"));
    }
    nodes
}

impl Domain {
    /// Its name as it is drawn.
    pub(super) fn label(&self) -> String {
        cut(&self.name, MOST_TEXT)
    }
}
