//! Network maps (RFC 7285 §11.2.1): one PID per domain with the prefixes that are reached in it, and the
//! same prefixes by what domains are for ([`roles`]).

mod cover;
mod filter;
mod locator;
mod roles;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use idt::DomainTopology;
use idt::search::{Budget, Spent};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use nffg::DomainId;

use crate::json::{self, Comma};
use crate::{Body, Tag, media, uri};

pub(crate) use cover::{Cover, Owner, ends};
pub(crate) use filter::filter;
pub(crate) use locator::Locator;
pub(crate) use roles::{Role, build as build_roles};

/// Holds what no domain claims, so that every address has a PID (§11.2.2). No domain can be called
/// so: a [`DomainId`] has no `@`.
pub(crate) const OUTSIDE: &str = "outside@federation";

/// One prefix that two domains say is theirs.
///
/// A map must not have it twice (§11.2.2), so that the domain whose id comes first keeps it: a rule
/// that gives the same map on every replica, whoever spoke first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixConflict {
    /// The prefix.
    pub prefix: IpNet,
    /// The domain that has it in the map.
    pub kept_by: DomainId,
    /// The domain whose claim was left out.
    pub lost_by: DomainId,
}

/// A domain and what it is reached by: what the map is made of.
type Member = (DomainId, Option<Arc<DomainTopology>>);

/// A network map as it is sent, and where its PIDs are in that.
#[derive(Clone, Debug)]
pub(crate) struct MapText {
    pub(crate) body: Body,
    /// In the order of the text: sorted by name, but for the last.
    groups: Arc<[Group]>,
}

/// Where a PID's name, without quotes, and its members `"ipv4":[..]` and `"ipv6":[..]` are; these are
/// empty if it has none.
#[derive(Clone, Debug)]
struct Group {
    pid: Range<usize>,
    families: [Range<usize>; 2],
}

impl MapText {
    /// The map of this `network-map` object, whose groups are where `groups` says; the very same as
    /// `previous` if that says the same.
    fn new(id: &str, content: &[u8], mut groups: Vec<Group>, previous: Option<&Self>) -> Self {
        let tag = Tag::of([content]);
        if let Some(previous) = previous.filter(|previous| previous.body.tag == tag) {
            return previous.clone();
        }
        let mut bytes = b"{\"meta\":{\"vtag\":".to_vec();
        tag.write(&mut bytes, id);
        bytes.extend_from_slice(b"},\"network-map\":");
        let start = bytes.len();
        bytes.extend_from_slice(content);
        bytes.push(b'}');
        for group in &mut groups {
            let [v4, v6] = &mut group.families;
            for range in [&mut group.pid, v4, v6] {
                *range = range.start + start..range.end + start;
            }
        }
        let body = Body {
            media_type: media::NETWORK_MAP,
            bytes: Bytes::from(bytes),
            tag,
        };
        let groups = groups.into();
        Self { body, groups }
    }

    fn text(&self, range: &Range<usize>) -> &[u8] {
        self.body.bytes.get(range.clone()).unwrap_or_default()
    }

    fn group(&self, pid: &str) -> Option<&Group> {
        let (last, sorted) = self.groups.split_last()?;
        let name = |group: &Group| self.text(&group.pid);
        match sorted.binary_search_by(|group| name(group).cmp(pid.as_bytes())) {
            Ok(at) => sorted.get(at),
            Err(_) => Some(last).filter(|last| name(last) == pid.as_bytes()),
        }
    }
}

pub(crate) struct NetworkMap {
    pub(crate) text: MapText,
    pub(crate) conflicts: Vec<PrefixConflict>,
    members: Vec<Member>,
    idt: Arc<idt::Snapshot>,
    /// Made when somebody asks first; versions with the same map share it.
    locator: Arc<OnceLock<Locator>>,
    /// Likewise.
    cover: Arc<OnceLock<Cover>>,
}

impl NetworkMap {
    /// The map of all domains that either snapshot knows: every domain that a property map or a path
    /// vector can name is a PID.
    pub(crate) fn build(
        idr: &idr::Snapshot,
        idt: &Arc<idt::Snapshot>,
        previous: Option<&Arc<Self>>,
    ) -> Arc<Self> {
        if let Some(previous) = previous.filter(|previous| previous.is_of(idr, idt)) {
            return Arc::clone(previous);
        }
        let members: Vec<Member> = ids(idr, idt)
            .map(|id| (id.clone(), idt.topology(id).cloned()))
            .collect();
        // Most versions change links, of which the map does not tell. The topologies are taken anew all
        // the same: those of before are not to be kept for the prefixes in them.
        if let Some(previous) = previous.filter(|previous| has_same(&previous.members, &members)) {
            return Arc::new(Self {
                text: previous.text.clone(),
                conflicts: previous.conflicts.clone(),
                members,
                idt: Arc::clone(idt),
                locator: Arc::clone(&previous.locator),
                cover: Arc::clone(&previous.cover),
            });
        }
        let (content, groups, conflicts) = render(&members);
        let before = previous.map(|previous| &previous.text);
        Arc::new(Self {
            text: MapText::new(uri::id::NETWORK_MAP, &content, groups, before),
            conflicts,
            members,
            idt: Arc::clone(idt),
            // Members are numbered anew.
            locator: Arc::default(),
            cover: Arc::default(),
        })
    }

    /// What tells where addresses are. The first who asks for it spends a step for each prefix.
    pub(crate) fn locator(&self, budget: &mut Budget) -> Result<&Locator, Spent> {
        if let Some(locator) = self.locator.get() {
            return Ok(locator);
        }
        budget.spend(self.prefixes())?;
        Ok(self.locator.get_or_init(|| Locator::build(self.claims())))
    }

    /// Which prefixes are within which. The first who asks for it spends a step for each.
    pub(crate) fn cover(&self, budget: &mut Budget) -> Result<&Cover, Spent> {
        if let Some(cover) = self.cover.get() {
            return Ok(cover);
        }
        budget.spend(self.prefixes())?;
        Ok(self.cover.get_or_init(|| Cover::build(self.claims())))
    }

    /// How many prefixes domains claim.
    pub(crate) fn prefixes(&self) -> usize {
        let told = self
            .members
            .iter()
            .filter_map(|(_, topology)| topology.as_ref());
        told.map(|topology| topology.prefixes().len()).sum()
    }

    /// The prefixes of the map, sorted, each with the number of the member that has it.
    fn claims(&self) -> Vec<(IpNet, u32)> {
        // Members are counted by `u32`: each takes memory, so there are fewer.
        let members = (0_u32..).zip(&self.members);
        let told = members.flat_map(|(number, (_, topology))| {
            let prefixes = topology.iter().flat_map(|topology| topology.prefixes());
            prefixes.map(move |prefix| (*prefix, number))
        });
        let mut claims: Vec<(IpNet, u32)> = told.collect();
        claims.sort_unstable();
        // Who comes first keeps it, as in the map.
        claims.dedup_by_key(|(prefix, _)| *prefix);
        claims
    }

    /// The domain with this number.
    pub(crate) fn member(&self, number: u32) -> Option<&DomainId> {
        self.members.get(number as usize).map(|(id, _)| id)
    }

    /// Whether the map of these snapshots must be this one, told by the names alone.
    fn is_of(&self, idr: &idr::Snapshot, idt: &Arc<idt::Snapshot>) -> bool {
        Arc::ptr_eq(&self.idt, idt) && ids(idr, idt).eq(self.domains())
    }

    /// The domain whose PID this is.
    pub(crate) fn domain(&self, pid: &str) -> Option<&DomainId> {
        let place = self
            .members
            .binary_search_by(|(id, _)| id.as_str().cmp(pid))
            .ok()?;
        self.members.get(place).map(|(id, _)| id)
    }

    /// The PIDs that are domains, sorted.
    pub(crate) fn domains(&self) -> impl ExactSizeIterator<Item = &DomainId> {
        self.members.iter().map(|(id, _)| id)
    }
}

/// Whether these have the same prefixes, so that the map of both is one.
fn has_same(old: &[Member], new: &[Member]) -> bool {
    fn prefixes((_, topology): &Member) -> &[IpNet] {
        topology.as_ref().map_or(&[], |told| told.prefixes())
    }
    let same = |(one, other): (&Member, &Member)| {
        let is_shared = match (&one.1, &other.1) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        one.0 == other.0 && (is_shared || prefixes(one) == prefixes(other))
    };
    old.len() == new.len() && old.iter().zip(new).all(same)
}

/// The domains of both snapshots, by id.
fn ids<'a>(idr: &'a idr::Snapshot, idt: &'a idt::Snapshot) -> impl Iterator<Item = &'a DomainId> {
    let mut with_resources = idr.domains().map(|domain| domain.id()).peekable();
    let mut in_topology = idt.domains().peekable();
    std::iter::from_fn(move || {
        let next = match (with_resources.peek(), in_topology.peek()) {
            (Some(a), Some(b)) => *a.min(b),
            (Some(only), None) | (None, Some(only)) => *only,
            (None, None) => return None,
        };
        with_resources.next_if_eq(&next);
        in_topology.next_if_eq(&next);
        Some(next)
    })
}

/// The `network-map` object, where its groups are, and the claims that did not fit in.
fn render(members: &[Member]) -> (Vec<u8>, Vec<Group>, Vec<PrefixConflict>) {
    let mut owners: HashMap<IpNet, &DomainId> = HashMap::new();
    let mut conflicts = Vec::new();
    let mut out = b"{".to_vec();
    let mut groups = Vec::with_capacity(members.len() + 1);
    let mut comma = Comma::default();
    for (id, topology) in members {
        // Sorted and without host bits already, so that equal prefixes are equal here.
        let told = topology.iter().flat_map(|topology| topology.prefixes());
        let mut prefixes: Vec<IpNet> = Vec::new();
        for prefix in told {
            let owner = *owners.entry(*prefix).or_insert(id);
            if owner == id {
                prefixes.push(*prefix);
            } else {
                let (kept_by, lost_by) = (owner.clone(), id.clone());
                conflicts.push(PrefixConflict {
                    prefix: *prefix,
                    kept_by,
                    lost_by,
                });
            }
        }
        comma.write(&mut out);
        groups.push(group(&mut out, id.as_str(), &prefixes));
    }
    let outside = outside(|prefix| owners.contains_key(prefix));
    if !outside.is_empty() {
        comma.write(&mut out);
        groups.push(group(&mut out, OUTSIDE, &outside));
    }
    out.push(b'}');
    conflicts.sort_unstable_by(|a, b| (a.prefix, &a.lost_by).cmp(&(b.prefix, &b.lost_by)));
    (out, groups, conflicts)
}

/// The whole address space of each family that no domain claims whole.
fn outside(is_claimed: impl Fn(&IpNet) -> bool) -> Vec<IpNet> {
    let everything = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
    let mut outside = Vec::from(everything);
    outside.retain(|prefix| !is_claimed(prefix));
    outside
}

/// One PID and its `EndpointAddrGroup` (RFC 7285 §10.4.5): families without an address are left out. No
/// character of a PID needs an escape.
fn group(out: &mut Vec<u8>, pid: &str, prefixes: &[IpNet]) -> Group {
    let start = out.len() + 1;
    json::string(out, pid);
    let pid = start..out.len() - 1;
    out.extend_from_slice(b":{");
    let mut comma = Comma::default();
    let (v4, v6): (Vec<IpNet>, Vec<IpNet>) = prefixes
        .iter()
        .partition(|prefix| matches!(prefix, IpNet::V4(_)));
    let families = [("ipv4", v4), ("ipv6", v6)].map(|(family, prefixes)| {
        if prefixes.is_empty() {
            return 0..0;
        }
        comma.write(out);
        let start = out.len();
        json::string(out, family);
        out.push(b':');
        let texts: Vec<String> = prefixes.iter().map(IpNet::to_string).collect();
        json::strings(out, texts.iter().map(String::as_str));
        start..out.len()
    });
    out.push(b'}');
    Group { pid, families }
}
