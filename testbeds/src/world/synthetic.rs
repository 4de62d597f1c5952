//! Worlds that are like the Internet, of any size.
//!
//! Domains come one after the other, as autonomous systems did, and buy transit of those before them that
//! may have customers, the more the more they have (preferential attachment: Barabasi and Albert 1999). One
//! in three may, and half of these get some, so degrees have a power law (Simon 1955). Neighbours in business
//! are often neighbours on the map. Peerings are made at exchanges, of which each region has a few that are
//! large and many that are small; most domains are at none.
//!
//! | | domains | links | transit | without customers | at most 3 links | more than 100 | the most |
//! |---|---|---|---|---|---|---|---|
//! | CAIDA, September 2025 | 78,643 | 570,696 | 28% | 84% | 75% | 2.2% | 9,915 |
//! | made of seed 1 | 75,000 | 489,144 | 30% | 85% | 70% | 1.2% | 9,133 |

use super::build::{Column, Columns};
use super::geography::delay_between;
use super::{Names, Position, Relationship, World};

/// A region of the earth: where its domains are, and how many of a hundred.
struct Region {
    south: f64,
    north: f64,
    west: f64,
    east: f64,
    share: u32,
}

const fn region(south: f64, north: f64, west: f64, east: f64, share: u32) -> Region {
    Region {
        south,
        north,
        west,
        east,
        share,
    }
}

/// By the five registries, and Asia in two.
const REGIONS: [Region; 6] = [
    region(36.0, 60.0, -10.0, 40.0, 33),   // Europe
    region(28.0, 50.0, -123.0, -70.0, 25), // North America
    region(-35.0, 10.0, -75.0, -35.0, 17), // Latin America
    region(-10.0, 40.0, 95.0, 140.0, 12),  // East Asia
    region(8.0, 38.0, 45.0, 90.0, 10),     // West and South Asia
    region(-34.0, 15.0, -15.0, 45.0, 3),   // Africa
];

/// One domain in so many may have customers; half of them get some.
const TRANSIT: usize = 3;

/// So many of a hundred domains are at an exchange.
const AT_EXCHANGE: usize = 20;

/// How often a member of the first clique is in the urn of providers at the beginning.
const HEAD_START: usize = 4;

/// Draws of a pair of peers, for each domain; many draws fall on pairs that are there already.
const DRAWS: usize = 7;

/// Domains to an exchange.
const EXCHANGE: usize = 3000;

/// An Internet of `domains` domains, AS1 and so on, the same for a seed on every machine.
///
/// * The first few are a clique of peers, the tier 1. Every other domain has 1 to 3 providers that came
///   before it. So there is no circle of providers, and all is connected.
/// * No two links have the same ends; `a` is below `b`, and links are sorted by both.
/// * Delays are those of the great circle between positions, the same both ways; bandwidths are not told.
///
/// 75,000 domains have about 500,000 links.
///
/// # Panics
/// More than 2^31 domains are wanted.
#[must_use]
pub fn synthetic(seed: u64, domains: usize) -> World {
    let count = u32::try_from(domains).expect("fewer than 2^31 domains");
    assert!(count < 1 << 31, "fewer than 2^31 domains");
    let mut random = Random(seed);
    let places = places(&mut random, domains);
    let mut links = Links::default();
    attach(&mut random, &places, &mut links);
    peer(&mut random, &places, &mut links);
    let links = links.finish();

    let points: Vec<[f64; 3]> = places.iter().map(|place| place.position.point()).collect();
    let delays = links.iter().map(|(a, b, _)| {
        let delay = delay_between(points[*a as usize], points[*b as usize]);
        [Some(delay); 2]
    });
    let columns = Columns {
        delays: Column(delays.collect()),
        ends: links.iter().map(|(a, b, _)| (*a, *b)).collect(),
        relationships: Column(links.iter().map(|(.., of)| Some(*of)).collect()),
        ..Columns::default()
    };
    let positions = places.iter().map(|place| Some(place.position));
    World::of(
        Names::Asns((1..=count).collect()),
        positions.collect(),
        columns,
    )
}

struct Place {
    region: usize,
    position: Position,
}

fn places(random: &mut Random, domains: usize) -> Vec<Place> {
    let place = |_| {
        let mut share = random.below(100);
        let region = REGIONS.iter().position(|region| {
            let share_of = region.share as usize;
            let within = share < share_of;
            share = share.saturating_sub(share_of);
            within
        });
        let region = region.expect("the shares are 100 together");
        let Region {
            south,
            north,
            west,
            east,
            ..
        } = REGIONS[region];
        let latitude = south + (north - south) * random.unit();
        let longitude = west + (east - west) * random.unit();
        Place {
            region,
            position: Position::new(latitude, longitude).expect("regions are on earth"),
        }
    };
    (0..domains).map(place).collect()
}

/// The tier 1, and providers for all others.
fn attach(random: &mut Random, places: &[Place], links: &mut Links) {
    let domains = places.len();
    // 4 of 7 domains, 18 of 75,000.
    let tier1 = domains.min(2 + domains.max(1).ilog2() as usize);
    // Each domain that may have customers, once for itself and once for each customer.
    let mut urn: Vec<u32> = Vec::with_capacity(3 * domains);
    for (_, a) in (0..tier1).zip(0_u32..) {
        (0..a).for_each(|b| links.peers(a, b));
        urn.extend([a; HEAD_START]);
    }
    for (node, a) in (0..domains).zip(0_u32..).skip(tier1) {
        let transit = random.below(TRANSIT) == 0;
        // Means of 2.4 and 1.8, of the greater and of the smaller of two draws.
        let wanted = match transit {
            true => 1 + random.below(3).max(random.below(3)),
            false => 1 + random.below(3).min(random.below(5)),
        };
        let mut providers: Vec<u32> = Vec::with_capacity(wanted);
        // A draw may fall on a provider that is there already; there are fewer providers then.
        for _ in 0..wanted {
            let mut provider = urn[random.below(urn.len())];
            if places[provider as usize].region != places[node].region {
                provider = urn[random.below(urn.len())];
            }
            if !providers.contains(&provider) {
                providers.push(provider);
            }
        }
        for provider in &providers {
            links.transit(*provider, a);
        }
        urn.extend(&providers);
        if transit {
            urn.push(a);
        }
    }
}

/// Peerings at exchanges.
fn peer(random: &mut Random, places: &[Place], links: &mut Links) {
    let domains = places.len();
    let exchanges = 1 + domains / EXCHANGE;
    // Exchanges and regions by turns: the first of each region, the second of each, ...
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); exchanges * REGIONS.len()];
    let mut joined: Vec<usize> = Vec::with_capacity(domains);
    for (place, node) in places.iter().zip(0_u32..) {
        if random.below(100) >= AT_EXCHANGE {
            continue;
        }
        // The power makes the first exchanges large.
        let exchange = skewed(random, exchanges, 3) * REGIONS.len() + place.region;
        members[exchange].push(node);
        joined.push(exchange);
    }
    if joined.is_empty() {
        return;
    }
    for _ in 0..DRAWS * domains {
        // A domain drawn evenly leads to an exchange by its size.
        let members = &members[joined[random.below(joined.len())]];
        // Those that came first peer most.
        let [one, other] = [(); 2].map(|()| members[skewed(random, members.len(), 2)]);
        if one != other {
            links.peers(one, other);
        }
    }
}

/// A number below `bound`, the more often the smaller: a uniform one from 0 to 1 to that power.
fn skewed(random: &mut Random, bound: usize, power: u32) -> usize {
    let unit = random.unit();
    let share = (0..power).fold(1.0, |product, _| product * unit);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "from 0 to below 2^31"
    )]
    let at = (bound as f64 * share) as usize;
    at.min(bound.saturating_sub(1))
}

/// Links as numbers that sort by ends and then transit before peering.
#[derive(Default)]
struct Links(Vec<u64>);

impl Links {
    fn transit(&mut self, provider: u32, customer: u32) {
        self.0
            .push(u64::from(provider) << 32 | u64::from(customer) << 1);
    }

    fn peers(&mut self, one: u32, other: u32) {
        let (a, b) = (one.min(other), one.max(other));
        self.0.push(u64::from(a) << 32 | u64::from(b) << 1 | 1);
    }

    /// Sorted, and for each pair one link: who sells transit to another does not peer with it.
    fn finish(mut self) -> Vec<(u32, u32, Relationship)> {
        self.0.sort_unstable();
        self.0.dedup_by_key(|link| *link >> 1);
        let link = |link: u64| {
            let [a, b] = split(link);
            let of = match link & 1 {
                0 => Relationship::ProviderOf,
                _ => Relationship::Peers,
            };
            (a, b, of)
        };
        self.0.into_iter().map(link).collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "each half is cut on purpose"
)]
fn split(link: u64) -> [u32; 2] {
    [(link >> 32) as u32, (link as u32) >> 1]
}

/// `SplitMix64` (Steele, Lea and Flood 2014): short, and fixed for ever, which a crate's generator is not.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number from 0 to below `bound`; 0 if that is 0.
    fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * bound as u128;
        usize::try_from(wide >> 64).unwrap_or_default()
    }

    /// A number from 0 to below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
