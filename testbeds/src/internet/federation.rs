//! A world as a federation: which node is which AS, what its links are like, and who has resources.

use anyhow::{Context, bail};
use nffg::DomainId;

use super::random::Random;
use crate::world::World;

/// NFs are hosted by this many of the best connected domains, at most.
const WELL_CONNECTED: usize = 2_000;
/// The first number for a node that has none of its own (RFC 6996: for private use).
const FIRST_PRIVATE: u32 = 4_200_000_000;
/// The last one; RFC 7300 reserves the next.
const LAST_PRIVATE: u32 = 4_294_967_294;

/// The domains by name, each with the links at it: the order of positions is the order of names.
#[derive(Debug)]
pub(super) struct Federation {
    ids: Vec<DomainId>,
    asns: Vec<u32>,
    links: Vec<Link>,
    /// Where the links of each domain begin in `at`; one more than domains.
    begins: Vec<usize>,
    at: Vec<u32>,
    offers: Vec<Offer>,
    saps: [u32; 2],
    sentinel: u32,
}

/// A link, both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// One end, a position.
    pub(super) a: u32,
    /// The other.
    pub(super) b: u32,
    /// How many links between the same two come before it.
    pub(super) parallel: u32,
    pub(super) there: Measures,
    pub(super) back: Measures,
}

/// What a link offers in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Measures {
    /// The delay, in microseconds.
    pub(super) delay: u32,
    /// The bandwidth, in bit/s.
    pub(super) bandwidth: u64,
}

/// What a domain has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// Its position.
    pub(super) domain: u32,
    /// NF types, by number.
    pub(super) nfs: Vec<usize>,
    /// The SAP that is in it, by number.
    pub(super) sap: Option<usize>,
    /// CPU, memory and storage, bare numbers.
    pub(super) has: [u32; 3],
}

impl Federation {
    /// The world's domains. Each of `nfs` NF types is hosted by `hosts` of the well connected, and two
    /// domains with few links have a SAP each.
    pub(super) fn new(world: &World, seed: u64, nfs: usize, hosts: usize) -> anyhow::Result<Self> {
        let nodes = u32::try_from(world.node_count()).context("too many nodes")?;
        if nodes < 3 {
            bail!("a federation of {nodes} domains has no room for two customers and a host");
        }
        let mut random = Random::new(seed);
        let mut named = Vec::with_capacity(world.node_count());
        for node in 0..nodes {
            let asn = world.asn(node).unwrap_or(FIRST_PRIVATE + node);
            named.push((DomainId::from_asn(asn)?, asn, node));
        }
        named.sort_unstable();
        let mut position = vec![0; named.len()];
        for (at, (.., node)) in (0..).zip(&named) {
            position[*node as usize] = at;
        }
        let links = links(world, &position, &mut random);
        let (begins, at) = adjacency(named.len(), &links);
        let asns: Vec<u32> = named.iter().map(|(_, asn, _)| *asn).collect();
        let mut sentinel = LAST_PRIVATE;
        while asns.contains(&sentinel) {
            sentinel -= 1;
        }
        let mut federation = Self {
            ids: named.into_iter().map(|(id, ..)| id).collect(),
            asns,
            links,
            begins,
            at,
            offers: Vec::new(),
            saps: [0; 2],
            sentinel,
        };
        federation.give(&mut random, nfs, hosts)?;
        Ok(federation)
    }

    /// Gives resources to some domains.
    fn give(&mut self, random: &mut Random, nfs: usize, hosts: usize) -> anyhow::Result<()> {
        let mut by_links: Vec<u32> = (0..).take(self.len()).collect();
        by_links.sort_by_key(|domain| std::cmp::Reverse(self.links_of(*domain).len()));
        let reached = self.reached_from(by_links[0]);
        by_links.retain(|domain| reached[*domain as usize]);
        let few = by_links.last().map(|last| self.links_of(*last).len());
        let is_stub = |domain: &u32| Some(self.links_of(*domain).len()) <= few.max(Some(2));
        let stubs: Vec<u32> = by_links.iter().copied().filter(is_stub).collect();
        let [one, two] = random.draw(&stubs, 2)[..] else {
            bail!("the world has no two domains with few links that are connected");
        };
        self.saps = [one, two];
        let well = by_links.get(..WELL_CONNECTED).unwrap_or(&by_links);
        let mut offers = std::collections::BTreeMap::new();
        let offer = |domain| Offer {
            domain,
            nfs: Vec::new(),
            sap: None,
            has: [0; 3],
        };
        for nf in 0..nfs {
            for domain in random.draw(well, hosts) {
                offers
                    .entry(domain)
                    .or_insert_with(|| offer(domain))
                    .nfs
                    .push(nf);
            }
        }
        for (sap, domain) in self.saps.into_iter().enumerate() {
            offers.entry(domain).or_insert_with(|| offer(domain)).sap = Some(sap);
        }
        for offer in offers.values_mut() {
            // Some domains have room for several NFs of a request, some for one, some for none.
            offer.has = [4, 8, 16].map(|most| u32::try_from(random.below(most)).unwrap_or(0) + 1);
        }
        self.offers = offers.into_values().collect();
        Ok(())
    }

    /// How many domains there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn id(&self, domain: u32) -> &DomainId {
        &self.ids[domain as usize]
    }

    /// The position of a domain of this name.
    pub(super) fn position(&self, name: &str) -> Option<u32> {
        let at = self.ids.binary_search_by(|id| id.as_str().cmp(name)).ok()?;
        u32::try_from(at).ok()
    }

    pub(super) fn asn(&self, domain: u32) -> u32 {
        self.asns[domain as usize]
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// The links at a domain, by number.
    pub(super) fn links_of(&self, domain: u32) -> &[u32] {
        let domain = domain as usize;
        &self.at[self.begins[domain]..self.begins[domain + 1]]
    }

    /// A link as one of its ends sees it: the other end, and what it offers on the way out.
    pub(super) fn way_out(&self, link: u32, domain: u32) -> (u32, &Link, Measures) {
        let link = &self.links[link as usize];
        if link.a == domain {
            (link.b, link, link.there)
        } else {
            (link.a, link, link.back)
        }
    }

    /// Who has resources.
    pub(super) fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// What a domain has; `None` if nothing.
    pub(super) fn offer(&self, domain: u32) -> Option<&Offer> {
        let at = self
            .offers
            .binary_search_by_key(&domain, |offer| offer.domain);
        self.offers.get(at.ok()?)
    }

    /// The domains that host an NF type, in order.
    pub(super) fn hosts(&self, nf: usize) -> impl Iterator<Item = &Offer> {
        self.offers
            .iter()
            .filter(move |offer| offer.nfs.contains(&nf))
    }

    /// Where the two SAPs are.
    pub(super) fn saps(&self) -> [u32; 2] {
        self.saps
    }

    /// The AS of a domain of its own, without links, by which one sees how far the broker is.
    pub(super) fn sentinel(&self) -> u32 {
        self.sentinel
    }

    fn reached_from(&self, start: u32) -> Vec<bool> {
        let mut reached = vec![false; self.len()];
        reached[start as usize] = true;
        let mut queue = vec![start];
        while let Some(domain) = queue.pop() {
            for link in self.links_of(domain) {
                let (other, ..) = self.way_out(*link, domain);
                if !std::mem::replace(&mut reached[other as usize], true) {
                    queue.push(other);
                }
            }
        }
        reached
    }
}

/// The world's links by position, in the order of the world. What it does not tell of them is drawn.
fn links(world: &World, position: &[u32], random: &mut Random) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::with_capacity(world.link_count());
    for link in world.links() {
        let delay = u32::try_from(1 + random.below(20)).unwrap_or(1) * 1_000;
        let bandwidth = [1, 10, 100, 400][random.below(4)] * 1_000_000_000;
        let measures = |of: Option<nffg::Delay>,
                        back: Option<nffg::Delay>,
                        bits: [Option<nffg::Bandwidth>; 2]| {
            let told = of.or(back).map(|delay| delay.as_nanos() / 1_000);
            // 24 bits (RFC 8571 §2.1).
            let told = told.map(|micros| u32::try_from(micros).unwrap_or(u32::MAX).min(0xff_ffff));
            let bits = bits[0].or(bits[1]).map(nffg::Bandwidth::bits_per_second);
            Measures {
                delay: told.unwrap_or(delay),
                bandwidth: bits.unwrap_or(bandwidth),
            }
        };
        links.push(Link {
            a: position[link.a as usize],
            b: position[link.b as usize],
            parallel: 0,
            there: measures(
                link.delay_there,
                link.delay_back,
                [link.bandwidth_there, link.bandwidth_back],
            ),
            back: measures(
                link.delay_back,
                link.delay_there,
                [link.bandwidth_back, link.bandwidth_there],
            ),
        });
    }
    // Links between the same two get numbers.
    let mut by_ends: Vec<usize> = (0..links.len()).collect();
    let ends = |link: &Link| (link.a.min(link.b), link.a.max(link.b));
    by_ends.sort_by_key(|at| ends(&links[*at]));
    let mut before: Option<((u32, u32), u32)> = None;
    for at in by_ends {
        let link = &mut links[at];
        let same = before.filter(|(of, _)| *of == ends(link));
        link.parallel = same.map_or(0, |(_, number)| number + 1);
        before = Some((ends(link), link.parallel));
    }
    links
}

fn adjacency(domains: usize, links: &[Link]) -> (Vec<usize>, Vec<u32>) {
    let mut begins = vec![0; domains + 1];
    for end in links.iter().flat_map(|link| [link.a, link.b]) {
        begins[end as usize + 1] += 1;
    }
    for domain in 0..domains {
        begins[domain + 1] += begins[domain];
    }
    let mut free = begins.clone();
    let mut at = vec![0; 2 * links.len()];
    for (number, link) in (0..).zip(links) {
        for end in [link.a as usize, link.b as usize] {
            at[free[end]] = number;
            free[end] += 1;
        }
    }
    (begins, at)
}
