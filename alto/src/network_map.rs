//! The network map (RFC 7285 §11.2.1): one PID per domain, with the prefixes that are reached in it.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use idt::DomainTopology;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use nffg::DomainId;

use crate::json::{self, Comma};
use crate::{Body, Tag, media, uri};

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

pub(crate) struct NetworkMap {
    pub(crate) body: Body,
    pub(crate) conflicts: Vec<PrefixConflict>,
    members: Vec<Member>,
    idt: Arc<idt::Snapshot>,
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
                body: previous.body.clone(),
                conflicts: previous.conflicts.clone(),
                members,
                idt: Arc::clone(idt),
            });
        }
        let (content, conflicts) = render(&members);
        let tag = Tag::of([content.as_slice()]);
        let body = match previous.filter(|previous| previous.body.tag == tag) {
            Some(previous) => previous.body.clone(),
            None => {
                let mut bytes = b"{\"meta\":{\"vtag\":".to_vec();
                tag.write(&mut bytes, uri::id::NETWORK_MAP);
                bytes.extend_from_slice(b"},\"network-map\":");
                bytes.extend_from_slice(&content);
                bytes.push(b'}');
                Body {
                    media_type: media::NETWORK_MAP,
                    bytes: Bytes::from(bytes),
                    tag,
                }
            }
        };
        Arc::new(Self {
            body,
            conflicts,
            members,
            idt: Arc::clone(idt),
        })
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

/// The `network-map` object, and the claims that did not fit in.
fn render(members: &[Member]) -> (Vec<u8>, Vec<PrefixConflict>) {
    let mut owners: HashMap<IpNet, &DomainId> = HashMap::new();
    let mut conflicts = Vec::new();
    let mut out = b"{".to_vec();
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
        group(&mut out, id.as_str(), &prefixes);
    }
    let everything = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
    let outside: Vec<IpNet> = everything
        .into_iter()
        .filter(|prefix| !owners.contains_key(prefix))
        .collect();
    if !outside.is_empty() {
        comma.write(&mut out);
        group(&mut out, OUTSIDE, &outside);
    }
    out.push(b'}');
    conflicts.sort_unstable_by(|a, b| (a.prefix, &a.lost_by).cmp(&(b.prefix, &b.lost_by)));
    (out, conflicts)
}

/// One PID and its `EndpointAddrGroup` (RFC 7285 §10.4.5): families without an address are left out.
fn group(out: &mut Vec<u8>, pid: &str, prefixes: &[IpNet]) {
    json::string(out, pid);
    out.extend_from_slice(b":{");
    let mut comma = Comma::default();
    let (v4, v6): (Vec<IpNet>, Vec<IpNet>) = prefixes
        .iter()
        .partition(|prefix| matches!(prefix, IpNet::V4(_)));
    for (family, prefixes) in [("ipv4", v4), ("ipv6", v6)] {
        if !prefixes.is_empty() {
            comma.write(out);
            json::string(out, family);
            out.push(b':');
            let texts: Vec<String> = prefixes.iter().map(IpNet::to_string).collect();
            json::strings(out, texts.iter().map(String::as_str));
        }
    }
    out.push(b'}');
}
