//! The rule of adjacency for one pair of domains. It is written in [`crate::graph`].

use std::cmp::Ordering;

use nffg::{DomainId, Performance, RouterRef, Srlgs};

use super::{HalfUp, Link};
use crate::{BorderLink, InterLink};

/// What one domain of a pair says of the other.
pub(super) struct Side<'a> {
    pub(super) domain: &'a DomainId,
    /// Whether it exports a topology that tells of links.
    pub(super) tells_links: bool,
    /// The links that it tells to the other, sorted.
    pub(super) links: Vec<&'a InterLink>,
}

impl<'a> Side<'a> {
    /// Of a domain that says nothing.
    pub(super) fn new(domain: &'a DomainId) -> Self {
        Self {
            domain,
            tells_links: false,
            links: Vec::new(),
        }
    }
}

/// What there is between two domains. Lists are sorted.
#[derive(Default)]
pub(super) struct Verdict {
    /// The links from the first to the second.
    pub(super) there: Vec<Link>,
    /// The links from the second to the first.
    pub(super) back: Vec<Link>,
    /// The half-up links that the first tells.
    pub(super) half_there: Vec<HalfUp>,
    /// The half-up links that the second tells.
    pub(super) half_back: Vec<HalfUp>,
}

impl Verdict {
    /// Whether a link between the two is half-up.
    pub(super) fn has_half(&self) -> bool {
        !self.half_there.is_empty() || !self.half_back.is_empty()
    }

    fn clear(&mut self) {
        self.there.clear();
        self.back.clear();
        self.half_there.clear();
        self.half_back.clear();
    }

    /// Judges a pair of members. `borders` are those that join the two.
    pub(super) fn judge<'a>(&mut self, a: &Side<'a>, b: &mut Side<'a>, borders: &[BorderLink]) {
        self.clear();
        if a.links.is_empty() && b.links.is_empty() {
            for border in borders {
                let link = Link {
                    local: None,
                    remote: None,
                    delay: border.delay,
                    bandwidth: border.bandwidth,
                    srlgs: Srlgs::default(),
                    performance: Performance::default(),
                };
                self.there.push(link.clone());
                self.back.push(link);
            }
        } else {
            self.judge_told(a, b);
        }
        self.there.sort_unstable();
        self.back.sort_unstable();
        for half in [&mut self.half_there, &mut self.half_back] {
            half.sort_unstable();
            half.dedup();
        }
    }

    /// Pairs every link with its reverse and judges it by the rule.
    fn judge_told<'a>(&mut self, a: &Side<'a>, b: &mut Side<'a>) {
        // Those of the second side by the routers as the first side names them.
        b.links.sort_by_key(|link| {
            let (near, far) = (&link.remote.router, &link.router);
            (near, far, link.delay, link.bandwidth)
        });
        let mut agreed = false;
        let (mut left_there, mut left_back) = (Vec::new(), Vec::new());
        let (mut there, mut back) = (a.links.iter().peekable(), b.links.iter().peekable());
        loop {
            let order = match (there.peek(), back.peek()) {
                (Some(t), Some(b)) => {
                    (&t.router, &t.remote.router).cmp(&(&b.remote.router, &b.router))
                }
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            // Parallel links are in order of delay and bandwidth on both sides.
            let told = if order.is_le() { there.next() } else { None };
            let reverse = if order.is_ge() { back.next() } else { None };
            match (told, reverse) {
                (Some(link), None) if b.tells_links => left_there.push(*link),
                (None, Some(link)) if a.tells_links => left_back.push(*link),
                (told, reverse) => {
                    agreed |= told.is_some() && reverse.is_some();
                    let (told, reverse) = (told.copied(), reverse.copied());
                    self.there.extend(one_way(told, reverse));
                    self.back.extend(one_way(reverse, told));
                }
            }
        }
        left_back.sort_unstable();
        // Nobody has a reverse: the two name their links differently.
        let pairs = if agreed {
            0
        } else {
            left_there.len().min(left_back.len())
        };
        // Of several pairs nobody knows which belongs to which, so none fills in for the other.
        let sure = left_there.len() == 1 && left_back.len() == 1;
        for at in 0..pairs {
            let reverse = |link| Some(link).filter(|_| sure);
            let (told, back) = (left_there[at], left_back[at]);
            self.there.extend(one_way(Some(told), reverse(back)));
            self.back.extend(one_way(Some(back), reverse(told)));
        }
        let half = |src: &DomainId, link: &InterLink| HalfUp {
            src: RouterRef {
                domain: src.clone(),
                router: link.router.clone(),
            },
            dst: link.remote.clone(),
        };
        let left_there = left_there[pairs..].iter();
        self.half_there
            .extend(left_there.map(|link| half(a.domain, link)));
        let left_back = left_back[pairs..].iter();
        self.half_back
            .extend(left_back.map(|link| half(b.domain, link)));
    }
}

/// The link in one direction: as `own` tells it, and where that is silent as its reverse does. `None`
/// if nobody tells it.
fn one_way(own: Option<&InterLink>, reverse: Option<&InterLink>) -> Option<Link> {
    let (local, remote) = match (own, reverse) {
        (Some(own), _) => (&own.router, &own.remote.router),
        (None, Some(reverse)) => (&reverse.remote.router, &reverse.router),
        (None, None) => return None,
    };
    Some(Link {
        local: Some(local.clone()),
        remote: Some(remote.clone()),
        delay: own.and_then(|link| link.delay).or_else(|| reverse?.delay),
        bandwidth: own
            .and_then(|link| link.bandwidth)
            .or_else(|| reverse?.bandwidth),
        // The numbers of the other domain are its own.
        srlgs: own.map(|link| link.srlgs.clone()).unwrap_or_default(),
        performance: match (own, reverse) {
            (Some(own), Some(reverse)) => {
                (own.performance).or(&reverse.performance, own.bandwidth.is_none())
            }
            (Some(told), None) | (None, Some(told)) => told.performance.clone(),
            (None, None) => Performance::default(),
        },
    })
}
