//! A domain as large as those in production, made from a seed: what it is, and the octets that tell it
//! over BGP-LS.
//!
//! It is an IS-IS level 2 domain (RFC 9552) whose border routers also tell their sessions with other
//! domains (RFC 9086). Octets and expected topology are both made here, from one model and without the
//! code under test, so that a mistake in it cannot hide.

use std::net::Ipv4Addr;

use fastrand::Rng;
use idt::{DomainTopology, InterLink, IntraLink, TopologyParts};
use nffg::{Bandwidth, Delay, DomainId, RouterRef};

use crate::raw::{attribute, mandatory_from, reach, tlv, unreach, update};

/// How large a domain is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) routers: u32,
    /// Pairs of links, one each way.
    pub(crate) adjacencies: u32,
    pub(crate) prefixes: u32,
}

/// 1,000 routers, 10,000 links each way.
pub(crate) const LARGE: Size = Size {
    routers: 1_000,
    adjacencies: 10_000,
    prefixes: 500,
};

pub(crate) const SMALL: Size = Size {
    routers: 40,
    adjacencies: 120,
    prefixes: 30,
};

/// The domain that tells.
pub(crate) const ASN: u32 = 65_200;
/// Its neighbours. Over two links each, and always.
pub(crate) const NEIGHBOURS: [u32; 6] = [65_201, 65_202, 65_203, 65_204, 65_205, 65_206];
/// Of these two it has a link to one at a time, together with that one's prefix in [`SWITCHED`].
pub(crate) const SWITCH: [u32; 2] = [65_211, 65_212];
/// Reached by way of [`SWITCH`].
pub(crate) const SWITCHED: [&str; 2] = ["172.16.0.0/24", "172.16.1.0/24"];

/// Octets per second of one unit of bandwidth: whole units are exact as an IEEE single (1089).
const UNIT: u32 = 1 << 17;
/// NLRI to a withdrawal: some 120 octets each, and a message has 4,096.
const WITHDRAWN: usize = 30;

/// Something that is told by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    /// A router, by its place in [`Domain::nodes`].
    Node(usize),
    /// A link, by its place in [`Domain::links`]: those of one adjacency stand together.
    Link(usize),
    /// A link to another domain, by its place in [`Domain::uplinks`].
    Uplink(usize),
    /// A prefix, by its place in [`Domain::prefixes`].
    Prefix(usize),
    /// The prefix that marks how far it is told.
    Mark,
}

/// What is measured of a link.
#[derive(Clone, Copy)]
struct Measured {
    /// Microseconds (1114).
    delay: u32,
    /// Units available (1119).
    units: u32,
}

impl Measured {
    fn new(rng: &mut Rng) -> Self {
        Self {
            delay: rng.u32(50..20_000),
            units: rng.u32(100..90_000),
        }
    }

    fn delay(self) -> Option<Delay> {
        Some(Delay::from_nanos(u64::from(self.delay) * 1_000))
    }

    fn bandwidth(self) -> Option<Bandwidth> {
        Some(of_units(self.units))
    }

    /// What the links to other domains keep of [`te`] besides.
    fn performance(self) -> nffg::Performance {
        let micros = |micros: u32| Some(Delay::from_nanos(u64::from(micros) * 1_000));
        nffg::Measured {
            delay_min: micros(self.delay - 10),
            delay_max: micros(self.delay + 10),
            delay_variation: micros(5),
            // Three units of 0.000003 %.
            loss: Some(nffg::Loss::from_billionths(90)),
            residual_bandwidth: Some(of_units(100_000)),
            available_bandwidth: self.bandwidth(),
        }
        .into()
    }
}

/// The bandwidth of so many units.
fn of_units(units: u32) -> Bandwidth {
    Bandwidth::from_bits_per_second(8 * u64::from(units) * u64::from(UNIT))
}

pub(crate) struct Node {
    name: String,
    /// Taken out of service, with its links and prefixes.
    pub(crate) drained: bool,
    /// It has links to other domains, and is never drained.
    pub(crate) border: bool,
    links: Vec<usize>,
    prefixes: Vec<usize>,
}

struct Link {
    src: usize,
    dst: usize,
    measured: Measured,
    metric: u32,
    groups: Vec<u32>,
}

struct Uplink {
    router: usize,
    neighbour: u32,
    /// The neighbour's router.
    remote: Ipv4Addr,
    measured: Measured,
    up: bool,
}

struct Prefix {
    router: usize,
    address: Ipv4Addr,
    /// Not reached now.
    away: bool,
}

/// The domain as it is now.
pub(crate) struct Domain {
    pub(crate) nodes: Vec<Node>,
    links: Vec<Link>,
    /// By adjacency.
    down: Vec<bool>,
    uplinks: Vec<Uplink>,
    prefixes: Vec<Prefix>,
    mark: u16,
}

impl Domain {
    /// The same domain for the same seed.
    pub(crate) fn new(seed: u64, size: Size) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let routers = size.routers as usize;
        let mut nodes: Vec<Node> = (0..routers)
            .map(|number| Node {
                name: format!("router-{number}.example"),
                drained: false,
                border: false,
                links: Vec::new(),
                prefixes: Vec::new(),
            })
            .collect();
        let mut links = Vec::new();
        for number in 0..size.adjacencies as usize {
            // A ring first, so that it is one domain; then any two.
            let (a, b) = if number < routers {
                (number, (number + 1) % routers)
            } else {
                let a = rng.usize(..routers);
                (a, (a + rng.usize(1..routers)) % routers)
            };
            let groups: Vec<u32> = (0..rng.u32(..4)).map(|_| rng.u32(1..5_000)).collect();
            for (src, dst) in [(a, b), (b, a)] {
                nodes[src].links.push(links.len());
                nodes[dst].links.push(links.len());
                links.push(Link {
                    src,
                    dst,
                    measured: Measured::new(rng),
                    metric: rng.u32(1..1_000),
                    groups: groups.clone(),
                });
            }
        }
        let mut prefixes = Vec::new();
        for number in 0..size.prefixes {
            let router = rng.usize(..routers);
            nodes[router].prefixes.push(prefixes.len());
            prefixes.push(Prefix {
                router,
                address: Ipv4Addr::from(0x0a00_0000 + (number << 8)),
                away: false,
            });
        }
        // Two routers for each neighbour; the switch is on a router of its own.
        let mut uplinks = Vec::new();
        let twice = NEIGHBOURS.iter().flat_map(|neighbour| [neighbour; 2]);
        let switch = SWITCH.iter().map(|neighbour| (0, neighbour));
        let all = (1..).zip(twice).chain(switch);
        for (place, (router, neighbour)) in all.enumerate() {
            nodes[router].border = true;
            uplinks.push(Uplink {
                router,
                neighbour: *neighbour,
                remote: Ipv4Addr::from(0xc612_0000 + place as u32),
                measured: Measured::new(rng),
                up: *neighbour != SWITCH[1],
            });
        }
        for text in SWITCHED {
            let (address, _) = text.split_once('/').unwrap();
            prefixes.push(Prefix {
                router: 0,
                address: address.parse().unwrap(),
                away: text == SWITCHED[1],
            });
        }
        Self {
            nodes,
            links,
            down: vec![false; size.adjacencies as usize],
            uplinks,
            prefixes,
            mark: 0,
        }
    }

    pub(crate) fn id() -> DomainId {
        DomainId::from_asn(ASN).unwrap()
    }

    /// Everything that can be told.
    fn all(&self) -> impl Iterator<Item = Route> {
        let nodes = (0..self.nodes.len()).map(Route::Node);
        let links = (0..self.links.len()).map(Route::Link);
        let uplinks = (0..self.uplinks.len()).map(Route::Uplink);
        let prefixes = (0..self.prefixes.len()).map(Route::Prefix);
        nodes
            .chain(links)
            .chain(uplinks)
            .chain(prefixes)
            .chain([Route::Mark])
    }

    /// Everything that is so now.
    pub(crate) fn told(&self) -> impl Iterator<Item = Route> {
        self.all().filter(|route| self.is_told(*route))
    }

    fn is_told(&self, route: Route) -> bool {
        match route {
            Route::Node(at) => !self.nodes[at].drained,
            Route::Link(at) => {
                let Link { src, dst, .. } = self.links[at];
                !self.down[at / 2] && !self.nodes[src].drained && !self.nodes[dst].drained
            }
            Route::Uplink(at) => self.uplinks[at].up,
            Route::Prefix(at) => {
                let prefix = &self.prefixes[at];
                !prefix.away && !self.nodes[prefix.router].drained
            }
            Route::Mark => self.mark > 0,
        }
    }

    fn is_border(&self, router: usize) -> bool {
        self.uplinks
            .iter()
            .any(|uplink| uplink.up && uplink.router == router)
    }

    /// What the router is called: a BGP speaker by its BGP identifier, since that is what neighbours
    /// call it; any other by its IS-IS system id.
    fn router(&self, router: usize) -> String {
        if self.is_border(router) {
            router_id(router).to_string()
        } else {
            format!("0000.{:04x}.{:04x}", router >> 16, router & 0xffff)
        }
    }

    /// The topology that the maps are to have.
    pub(crate) fn topology(&self) -> DomainTopology {
        // Worked out once: there are fewer routers than ends of links.
        let ids: Vec<nffg::RouterId> = (0..self.nodes.len())
            .map(|router| self.router(router).parse().unwrap())
            .collect();
        let mut parts = TopologyParts::default();
        for route in self.told() {
            match route {
                Route::Node(at) => parts.routers.push(ids[at].clone()),
                Route::Link(at) => {
                    let link = &self.links[at];
                    parts.intra_links.push(IntraLink {
                        src: ids[link.src].clone(),
                        dst: ids[link.dst].clone(),
                        delay: link.measured.delay(),
                        bandwidth: link.measured.bandwidth(),
                    });
                }
                Route::Uplink(at) => {
                    let uplink = &self.uplinks[at];
                    parts.inter_links.push(InterLink {
                        router: ids[uplink.router].clone(),
                        remote: RouterRef {
                            domain: DomainId::from_asn(uplink.neighbour).unwrap(),
                            router: uplink.remote.to_string().parse().unwrap(),
                        },
                        delay: uplink.measured.delay(),
                        bandwidth: uplink.measured.bandwidth(),
                        srlgs: nffg::Srlgs::default(),
                        performance: uplink.measured.performance(),
                    });
                }
                Route::Prefix(at) => {
                    let text = format!("{}/24", self.prefixes[at].address);
                    parts.prefixes.push(text.parse().unwrap());
                }
                Route::Mark => parts.prefixes.push(self.mark().parse().unwrap()),
            }
        }
        DomainTopology::new(Self::id(), parts)
    }

    /// The prefix that says how far the domain is told; none before the first
    /// [`Domain::next_mark`].
    pub(crate) fn mark(&self) -> String {
        format!("198.18.{}.{}/32", self.mark >> 8, self.mark & 0xff)
    }

    /// The neighbours that it has a link to now, in order.
    pub(crate) fn neighbours(&self) -> Vec<String> {
        let up = self.uplinks.iter().filter(|uplink| uplink.up);
        let mut all: Vec<_> = up.map(|uplink| format!("AS{}", uplink.neighbour)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The UPDATEs that tell these, one each: attributes differ.
    pub(crate) fn announce(&self, routes: impl IntoIterator<Item = Route>) -> Vec<u8> {
        let mut out = Vec::new();
        for route in routes {
            out.extend(update(&[
                reach(&[self.nlri(route)]),
                mandatory_from(ASN),
                attribute(0x80, 29, &self.attribute(route)),
            ]));
        }
        out
    }

    /// The UPDATEs that withdraw these.
    pub(crate) fn withdraw(&self, routes: &[Route]) -> Vec<u8> {
        let mut out = Vec::new();
        for some in routes.chunks(WITHDRAWN) {
            let nlris: Vec<_> = some.iter().map(|route| self.nlri(*route)).collect();
            out.extend(update(&[unreach(&nlris)]));
        }
        out
    }

    /// Everything, from an empty table on.
    pub(crate) fn table(&self) -> Vec<u8> {
        self.announce(self.told())
    }

    fn nlri(&self, route: Route) -> Vec<u8> {
        match route {
            Route::Node(at) => nlri(1, ISIS, &[igp(256, at)]),
            Route::Link(at) => {
                let Link { src, dst, .. } = self.links[at];
                // The two links of an adjacency have each other's addresses.
                let address = 0x6440_0000 + at as u32;
                let ends = [
                    tlv(259, &address.to_be_bytes()),
                    tlv(260, &(address ^ 1).to_be_bytes()),
                ];
                nlri(2, ISIS, &[igp(256, src), igp(257, dst), ends.concat()])
            }
            Route::Uplink(at) => {
                let uplink = &self.uplinks[at];
                let local = bgp(256, ASN, router_id(uplink.router));
                nlri(2, BGP, &[local, bgp(257, uplink.neighbour, uplink.remote)])
            }
            Route::Prefix(at) => {
                let prefix = &self.prefixes[at];
                let [a, b, c, _] = prefix.address.octets();
                nlri(
                    3,
                    ISIS,
                    &[igp(256, prefix.router), tlv(265, &[24, a, b, c])],
                )
            }
            Route::Mark => {
                let [high, low] = self.mark.to_be_bytes();
                nlri(3, ISIS, &[igp(256, 0), tlv(265, &[32, 198, 18, high, low])])
            }
        }
    }

    /// The value of path attribute 29, TLVs in order.
    fn attribute(&self, route: Route) -> Vec<u8> {
        let id = |kind, router| tlv(kind, &router_id(router).octets());
        match route {
            Route::Node(at) => {
                let name = tlv(1026, self.nodes[at].name.as_bytes());
                [tlv(1024, &[0]), name, id(1028, at)].concat()
            }
            Route::Link(at) => {
                let link = &self.links[at];
                let groups: Vec<_> = link.groups.iter().flat_map(|g| g.to_be_bytes()).collect();
                let [_, a, b, c] = link.metric.to_be_bytes();
                [
                    id(1028, link.src),
                    id(1030, link.dst),
                    tlv(1088, &7_u32.to_be_bytes()),
                    tlv(1095, &[a, b, c]),
                    tlv(1096, &groups),
                    tlv(1098, format!("link-{at}").as_bytes()),
                    te(link.measured),
                ]
                .concat()
            }
            Route::Uplink(at) => te(self.uplinks[at].measured),
            Route::Prefix(_) | Route::Mark => tlv(1155, &[0, 0, 0, 10]),
        }
    }

    /// Another mark, and the UPDATEs that tell it.
    pub(crate) fn next_mark(&mut self) -> Vec<u8> {
        let old = self.withdraw(if self.mark > 0 { &[Route::Mark] } else { &[] });
        self.mark += 1;
        [old, self.announce([Route::Mark])].concat()
    }

    /// Another delay and bandwidth of a link, to be told if the link is there.
    pub(crate) fn measure(&mut self, link: usize, rng: &mut Rng) -> Vec<Route> {
        self.links[link].measured = Measured::new(rng);
        let route = Some(Route::Link(link)).filter(|route| self.is_told(*route));
        route.into_iter().collect()
    }

    /// Another name of a router.
    pub(crate) fn rename(&mut self, router: usize, rng: &mut Rng) -> Vec<Route> {
        self.nodes[router].name = format!("router-{router}-{}.example", rng.u32(..1_000));
        vec![Route::Node(router)]
    }

    /// Takes an adjacency down, or up again.
    pub(crate) fn set_down(&mut self, adjacency: usize, down: bool) -> Vec<Route> {
        self.down[adjacency] = down;
        vec![Route::Link(2 * adjacency), Route::Link(2 * adjacency + 1)]
    }

    /// Takes a router out of service, or into it again.
    pub(crate) fn set_drained(&mut self, router: usize, drained: bool) -> Vec<Route> {
        let node = &mut self.nodes[router];
        node.drained = drained;
        let links = node.links.iter().map(|at| Route::Link(*at));
        let prefixes = node.prefixes.iter().map(|at| Route::Prefix(*at));
        [Route::Node(router)]
            .into_iter()
            .chain(links)
            .chain(prefixes)
            .collect()
    }

    /// Loses a prefix, or reaches it again.
    pub(crate) fn set_away(&mut self, prefix: usize, away: bool) -> Vec<Route> {
        self.prefixes[prefix].away = away;
        vec![Route::Prefix(prefix)]
    }

    /// From one of the two neighbours to the other.
    pub(crate) fn switch(&mut self) -> Vec<Route> {
        let (links, prefixes) = (self.uplinks.len() - 2, self.prefixes.len() - 2);
        for uplink in &mut self.uplinks[links..] {
            uplink.up = !uplink.up;
        }
        for prefix in &mut self.prefixes[prefixes..] {
            prefix.away = !prefix.away;
        }
        vec![
            Route::Uplink(links),
            Route::Uplink(links + 1),
            Route::Prefix(prefixes),
            Route::Prefix(prefixes + 1),
        ]
    }

    /// How many of each there are: adjacencies, and prefixes that come and go by themselves.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.down.len(), self.prefixes.len() - SWITCHED.len())
    }

    /// The UPDATEs that tell what is so now of these; how many routes that changes.
    pub(crate) fn tell(&self, routes: &[Route]) -> (Vec<u8>, usize) {
        let (up, gone): (Vec<_>, Vec<_>) = routes.iter().partition(|route| self.is_told(**route));
        let out = [self.withdraw(&gone), self.announce(up)].concat();
        (out, routes.len())
    }

    /// The same in one UPDATE, so that nobody ever sees a part of it.
    pub(crate) fn tell_at_once(&self, routes: &[Route]) -> (Vec<u8>, usize) {
        let (up, gone): (Vec<Route>, Vec<_>) =
            routes.iter().partition(|route| self.is_told(**route));
        let nlris = |routes: Vec<Route>| -> Vec<_> {
            routes.into_iter().map(|route| self.nlri(route)).collect()
        };
        // One attribute for all of them: that of the link.
        let attribute_29 = up
            .first()
            .map_or_else(Vec::new, |route| self.attribute(*route));
        let out = update(&[
            unreach(&nlris(gone)),
            reach(&nlris(up)),
            mandatory_from(ASN),
            attribute(0x80, 29, &attribute_29),
        ]);
        (out, routes.len())
    }
}

/// Protocol-IDs (RFC 9552 §5.2, RFC 9086 §4).
const ISIS: u8 = 2;
const BGP: u8 = 7;

fn nlri(kind: u16, protocol: u8, tlvs: &[Vec<u8>]) -> Vec<u8> {
    tlv(
        kind,
        &[&[protocol, 0, 0, 0, 0, 0, 0, 0, 7][..], &tlvs.concat()].concat(),
    )
}

/// Node descriptors of an IS-IS router.
fn igp(kind: u16, router: usize) -> Vec<u8> {
    let system = &(router as u64).to_be_bytes()[2..];
    let descriptors = [
        tlv(512, &ASN.to_be_bytes()),
        tlv(513, &[0; 4]),
        tlv(515, system),
    ];
    tlv(kind, &descriptors.concat())
}

/// Node descriptors of a BGP router.
fn bgp(kind: u16, asn: u32, id: Ipv4Addr) -> Vec<u8> {
    tlv(
        kind,
        &[tlv(512, &asn.to_be_bytes()), tlv(516, &id.octets())].concat(),
    )
}

fn router_id(router: usize) -> Ipv4Addr {
    Ipv4Addr::from(0x0aff_0000 + router as u32)
}

/// The TE attributes of a link, as a router that measures sends them.
fn te(measured: Measured) -> Vec<u8> {
    let float = |units: u32| (units as f32 * UNIT as f32).to_be_bytes();
    let (all, free) = (float(100_000), float(measured.units));
    let micros = |micros: u32| micros.to_be_bytes();
    let delay = measured.delay;
    [
        tlv(1089, &all),
        tlv(1090, &all),
        tlv(1091, &free.repeat(8)),
        tlv(1092, &[0, 0, 0, 20]),
        tlv(1114, &micros(delay)),
        tlv(1115, &[micros(delay - 10), micros(delay + 10)].concat()),
        tlv(1116, &micros(5)),
        tlv(1117, &[0, 0, 0, 3]),
        tlv(1118, &all),
        tlv(1119, &free),
        tlv(1120, &float(100_000 - measured.units)),
    ]
    .concat()
}
