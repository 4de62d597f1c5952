//! What happens to a domain in a day, as fast as one likes.
//!
//! A day of a domain of 1,000 routers and 10,000 adjacencies has, in no order but that of the seed:
//!
//! | what | how often | routes told or withdrawn |
//! |---|---|---|
//! | delay and bandwidth of a link, measured anew (RFC 8570 lets them be told every few minutes) | each of 20,000 links every 30 minutes | 960,000 |
//! | an adjacency is lost, later back | each once in 5 days | 8,000 |
//! | a router is taken out of service with its links and prefixes, later back | 20 | 1,700 |
//! | a prefix is lost, later back | each of 500 four times | 4,000 |
//! | a router gets another name | 50 | 50 |
//! | traffic to the outside moves from one neighbour to the other | every 5 minutes | 1,152 |
//! | the peer restarts and tells all again | every 6 hours | 88,000 |
//!
//! So more than a million routes. Events of a smaller domain are fewer in proportion.

use fastrand::Rng;

use crate::generator::Domain;

/// Of each kind at most so many are lost at a time.
const LOST: [usize; 3] = [20, 3, 10];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Measure,
    Adjacency,
    Router,
    Prefix,
    Name,
    Switch,
    Restart,
}

/// What the peer does.
pub(crate) enum Step {
    /// Sends these UPDATEs.
    Say(Vec<u8>),
    /// Ends the session, opens one and sends these UPDATEs, which tell all there is; then it says so
    /// (End-of-RIB, RFC 4724 §2).
    Restart(Vec<u8>),
}

/// A day of a domain.
pub(crate) struct Day {
    pub(crate) domain: Domain,
    rng: Rng,
    /// What is still to happen, the next one last.
    events: Vec<Kind>,
    /// Adjacencies, routers and prefixes that are lost, longest first.
    lost: [Vec<usize>; 3],
    /// Routes told or withdrawn so far.
    pub(crate) routes: usize,
}

impl Day {
    /// A `share` of a day, in which the peer restarts so many times.
    pub(crate) fn new(domain: Domain, seed: u64, share: f64, restarts: usize) -> Self {
        let (adjacencies, prefixes) = domain.counts();
        let routers = domain.nodes.len();
        let links = 2 * adjacencies;
        let mut rng = Rng::with_seed(seed);
        // Each loss has its return.
        let counts = [
            (Kind::Measure, links * 48),
            (Kind::Adjacency, 2 * adjacencies / 5),
            (Kind::Router, 2 * routers / 50),
            (Kind::Prefix, 2 * prefixes * 4),
            (Kind::Name, routers / 20),
            (Kind::Switch, 288),
        ];
        let mut events = Vec::new();
        for (kind, count) in counts {
            let some = (count as f64 * share).ceil() as usize;
            events.extend(vec![kind; some]);
        }
        rng.shuffle(&mut events);
        // Evenly, and one before the first tenth is over.
        let all = events.len();
        for restart in 0..restarts {
            events.insert(all - all / 20 - restart * all / restarts, Kind::Restart);
        }
        Self {
            domain,
            rng,
            events,
            lost: Default::default(),
            routes: 0,
        }
    }

    /// How many events are still to come.
    pub(crate) fn left(&self) -> usize {
        self.events.len()
    }

    /// The next event; `None` at the end of the day. One that changes nothing (a link measured while
    /// its router is out of service) says nothing.
    pub(crate) fn step(&mut self) -> Option<Step> {
        let kind = self.events.pop()?;
        let domain = &mut self.domain;
        let (adjacencies, prefixes) = domain.counts();
        let routes = match kind {
            Kind::Measure => domain.measure(self.rng.usize(..2 * adjacencies), &mut self.rng),
            Kind::Name => domain.rename(self.rng.usize(..domain.nodes.len()), &mut self.rng),
            Kind::Adjacency => {
                let (at, down) = lose(&mut self.lost[0], LOST[0], &mut self.rng, adjacencies);
                domain.set_down(at, down)
            }
            Kind::Router => {
                let (at, drained) = lose(
                    &mut self.lost[1],
                    LOST[1],
                    &mut self.rng,
                    domain.nodes.len(),
                );
                if domain.nodes[at].border {
                    self.lost[1].retain(|lost| *lost != at);
                    Vec::new()
                } else {
                    domain.set_drained(at, drained)
                }
            }
            Kind::Prefix => {
                let (at, away) = lose(&mut self.lost[2], LOST[2], &mut self.rng, prefixes);
                domain.set_away(at, away)
            }
            Kind::Switch => {
                let routes = domain.switch();
                let (said, count) = domain.tell_at_once(&routes);
                self.routes += count;
                return Some(Step::Say(said));
            }
            Kind::Restart => return Some(self.restart()),
        };
        let (said, count) = self.domain.tell(&routes);
        self.routes += count;
        Some(Step::Say(said))
    }

    /// While the peer is away some adjacencies are lost and others measured anew.
    fn restart(&mut self) -> Step {
        let (adjacencies, _) = self.domain.counts();
        for _ in 0..10 {
            let (at, down) = lose(&mut self.lost[0], LOST[0], &mut self.rng, adjacencies);
            self.domain.set_down(at, down);
            let link = self.rng.usize(..2 * adjacencies);
            self.domain.measure(link, &mut self.rng);
        }
        self.routes += self.domain.told().count();
        Step::Restart(self.domain.table())
    }
}

/// Loses another one while few are lost, else finds the one that is lost longest.
fn lose(lost: &mut Vec<usize>, most: usize, rng: &mut Rng, all: usize) -> (usize, bool) {
    if lost.len() >= most.min(all / 2) {
        return (lost.remove(0), false);
    }
    let mut at = rng.usize(..all);
    while lost.contains(&at) {
        at = (at + 1) % all;
    }
    lost.push(at);
    (at, true)
}
