//! A world as a federation: each node a domain with its own topology, as its exporter would tell it.

use std::collections::{HashMap, HashSet};

use idt::{DomainTopology, InterLink, TopologyParts};
use nffg::{DomainId, RouterId, RouterRef};

use super::{Link, Names, Relationship, Role, World};

/// A link as one of its ends sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The node at the other end.
    pub node: u32,
    /// The number of the link.
    pub link: usize,
    /// How many links to the same node come before it.
    pub parallel: usize,
}

/// The links at each node, by neighbour and then by number.
#[derive(Clone, Debug)]
pub(super) struct Adjacency {
    /// Where the links of each node begin; one more than nodes.
    begins: Vec<usize>,
    links: Vec<u32>,
}

/// What nodes are called in a federation.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    domains: Vec<DomainId>,
    /// Of each node the router that faces it, in every domain with one link to it.
    facing: Vec<RouterId>,
}

impl World {
    /// A node's links, in order of neighbours, with a place for each of parallel links.
    pub fn neighbours(&self, node: u32) -> impl Iterator<Item = Neighbour> {
        let mut before: Option<Neighbour> = None;
        self.adjacency().of(node).iter().map(move |link| {
            let link = *link as usize;
            let other = self
                .links
                .ends
                .get(link)
                .map_or(node, |(a, b)| a ^ b ^ node);
            let parallel = before
                .filter(|before| before.node == other)
                .map_or(0, |before| before.parallel + 1);
            let neighbour = Neighbour {
                node: other,
                link,
                parallel,
            };
            before = Some(neighbour);
            neighbour
        })
    }

    /// What a node's neighbours are to it, in their order; those of which nothing is told are left out, and
    /// one with several links is there for each.
    pub fn relationships_of(&self, node: u32) -> impl Iterator<Item = (u32, Role)> {
        self.neighbours(node).filter_map(move |neighbour| {
            let link = self.link(neighbour.link)?;
            let role = match link.relationship? {
                Relationship::Peers => Role::Peer,
                Relationship::ProviderOf if link.a == node => Role::Customer,
                Relationship::ProviderOf => Role::Provider,
            };
            Some((neighbour.node, role))
        })
    }

    /// The domain that a node is: its AS number, or its label with `-` for what a domain id cannot have, cut
    /// after 40 characters. Nodes of one label have their number after it. `None` if there is no such node.
    #[must_use]
    pub fn domain_id(&self, node: u32) -> Option<&DomainId> {
        self.ids().domains.get(node as usize)
    }

    /// What the domain of a node tells of its topology: its links, each from a border router of its own,
    /// with the delay and bandwidth of the way out. `None` if there is no such node.
    ///
    /// The router towards node 7 is `r7`, and `r7.1` where the second link to it begins; a link that is one
    /// way is told by the domain where it begins. Of its inside a domain tells nothing.
    #[must_use]
    pub fn topology_of(&self, node: u32) -> Option<DomainTopology> {
        let ids = self.ids();
        let domain = ids.domains.get(node as usize)?.clone();
        let inter_links = self.neighbours(node).filter_map(|neighbour| {
            let Neighbour {
                node: other,
                link,
                parallel,
            } = neighbour;
            let link = self.link(link)?;
            let (delay, bandwidth) = way_out(&link, node)?;
            Some(InterLink {
                router: ids.facing(other, parallel)?,
                remote: RouterRef {
                    domain: ids.domains.get(other as usize)?.clone(),
                    router: ids.facing(node, parallel)?,
                },
                delay,
                bandwidth,
                srlgs: nffg::Srlgs::default(),
                performance: nffg::Performance::default(),
            })
        });
        let parts = TopologyParts {
            inter_links: inter_links.collect(),
            ..TopologyParts::default()
        };
        Some(DomainTopology::new(domain, parts))
    }

    fn adjacency(&self) -> &Adjacency {
        self.adjacency
            .get_or_init(|| Adjacency::new(self.node_count(), &self.links.ends))
    }

    fn ids(&self) -> &Ids {
        self.ids.get_or_init(|| {
            let domains = match &self.nodes.names {
                Names::Asns(asns) => asns.iter().map(|asn| of_asn(*asn)).collect(),
                Names::Labels(labels) => of_labels(labels),
            };
            let facing = (0..domains.len()).map(|node| router(&format!("r{node}")));
            Ids {
                facing: facing.collect(),
                domains,
            }
        })
    }
}

/// What a link offers away from `node`; `None` if it is one way and the other.
fn way_out(link: &Link, node: u32) -> Option<(Option<nffg::Delay>, Option<nffg::Bandwidth>)> {
    if link.a == node {
        return Some((link.delay_there, link.bandwidth_there));
    }
    (!link.one_way).then_some((link.delay_back, link.bandwidth_back))
}

impl Adjacency {
    fn new(nodes: usize, ends: &[(u32, u32)]) -> Self {
        let mut begins = vec![0_usize; nodes + 1];
        for end in ends.iter().flat_map(|(a, b)| [a, b]) {
            begins[*end as usize + 1] += 1;
        }
        for node in 0..nodes {
            begins[node + 1] += begins[node];
        }
        let mut free = begins.clone();
        let mut links = vec![0; 2 * ends.len()];
        for (link, (a, b)) in (0..).zip(ends) {
            for end in [*a as usize, *b as usize] {
                links[free[end]] = link;
                free[end] += 1;
            }
        }
        for node in 0..nodes {
            let other = |link: &u32| {
                let (a, b) = ends[*link as usize];
                u64::from(a) + u64::from(b) - node as u64
            };
            // Stable: the links to one neighbour stay in order.
            links[begins[node]..begins[node + 1]].sort_by_key(other);
        }
        Self { begins, links }
    }

    fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        let range = self.begins.get(node).zip(self.begins.get(node + 1));
        range
            .and_then(|(from, to)| self.links.get(*from..*to))
            .unwrap_or_default()
    }
}

impl Ids {
    fn facing(&self, node: u32, parallel: usize) -> Option<RouterId> {
        let first = self.facing.get(node as usize)?;
        Some(match parallel {
            0 => first.clone(),
            _ => router(&format!("{first}.{parallel}")),
        })
    }
}

fn router(text: &str) -> RouterId {
    text.parse().expect("a letter and some digits")
}

fn of_asn(asn: u32) -> DomainId {
    DomainId::from_asn(asn).expect("a world has no AS 0: the parser refuses it")
}

/// The longest part of a label that goes into an id: room remains for two numbers.
const LABEL: usize = 40;

fn of_labels(labels: &[String]) -> Vec<DomainId> {
    let wanted: Vec<DomainId> = labels.iter().map(|label| of_label(label)).collect();
    let mut count: HashMap<&DomainId, usize> = HashMap::new();
    for id in &wanted {
        *count.entry(id).or_default() += 1;
    }
    let alone = |id: &DomainId| count.get(id) == Some(&1);
    let mut taken: HashSet<DomainId> = wanted.iter().filter(|id| alone(id)).cloned().collect();
    let numbered = wanted.iter().enumerate().map(|(node, id)| {
        if alone(id) {
            return id.clone();
        }
        let mut again = 0_u32;
        loop {
            let id = match again {
                0 => format!("{id}-{node}"),
                _ => format!("{id}-{node}-{again}"),
            };
            let id: DomainId = id
                .parse()
                .expect("at most 40 legal characters, a dash and digits");
            if taken.insert(id.clone()) {
                return id;
            }
            again += 1;
        }
    });
    numbered.collect()
}

/// A domain by a label. A bare number is no AS number, so it gets a letter.
fn of_label(label: &str) -> DomainId {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let clean = label.chars().take(LABEL);
    let clean: String = clean.map(|c| if legal(c) { c } else { '-' }).collect();
    let id = match clean.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("n{clean}"),
        false => clean,
    };
    // What is left are names like AS0.
    id.parse()
        .or_else(|_| format!("n-{id}").parse())
        .expect("at most 42 legal characters, and not all of them digits")
}
