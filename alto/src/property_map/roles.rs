//! What there is to know of the PIDs of the network map by role: the domains in each.

use std::ops::Range;

use idt::search::{Budget, Spent};

use super::{dependent_vtags, key};
use crate::json::{self, Comma};
use crate::network_map::Role;
use crate::{Body, Maps, Tag, media, uri};

/// The entity domain of the PIDs of the network map by role (RFC 9240 §5.1.2.1).
pub(crate) const ROLE_DOMAIN: &str = "networkmap-role.pid";
/// The PIDs in [`NETWORK_MAP`](uri::id::NETWORK_MAP) of the domains in a PID: an array.
pub(crate) const MEMBERS: &str = ".priv:brokermdo-members";

/// The full map, and where the members of each PID's entity are in its text.
pub(crate) struct RoleMembers {
    pub(crate) body: Body,
    ranges: Vec<(Role, Range<usize>)>,
}

impl RoleMembers {
    /// The properties of a PID's entity, without braces; `None` if there is no such PID.
    pub(super) fn properties(&self, pid: &str) -> Option<&[u8]> {
        let (_, range) = self.ranges.iter().find(|(role, _)| role.pid() == pid)?;
        self.body.bytes.get(range.clone())
    }

    /// The PIDs that have a property, in order.
    pub(super) fn pids(&self) -> impl Iterator<Item = &'static str> {
        self.ranges.iter().map(|(role, _)| role.pid())
    }
}

/// The map. The first who asks for it spends a step for each domain, besides what the network map costs.
pub(crate) fn members<'a>(maps: &'a Maps, budget: &mut Budget) -> Result<&'a RoleMembers, Spent> {
    let network = &maps.role_map(budget)?.body.tag;
    let cell = &maps.lazy().roles;
    if cell.get().is_none() {
        budget.spend(maps.network().domains().len())?;
    }
    Ok(cell.get_or_init(|| build(maps, network)))
}

fn build(maps: &Maps, network: &Tag) -> RoleMembers {
    let domains = maps.network().domains();
    let mut by_role: Vec<_> = domains.map(|id| (maps.role_of(id), id.as_str())).collect();
    // By name where the role is the same, as they are.
    by_role.sort_by_key(|(role, _)| *role);
    let mut out = Vec::new();
    let mut comma = Comma::default();
    let mut ranges = Vec::new();
    for domains in by_role.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((role, _)) = domains.first() else {
            continue;
        };
        comma.write(&mut out);
        key(&mut out, ROLE_DOMAIN, role.pid());
        out.push(b'{');
        let start = out.len();
        json::string(&mut out, MEMBERS);
        out.push(b':');
        json::strings(&mut out, domains.iter().map(|(_, id)| *id));
        ranges.push((*role, start..out.len()));
        out.push(b'}');
    }
    let tag = Tag::of([network.as_str().as_bytes(), &out]);
    let mut bytes = b"{\"meta\":{\"vtag\":".to_vec();
    tag.write(&mut bytes, uri::id::ROLE_PROPERTIES);
    bytes.push(b',');
    dependent_vtags(&mut bytes, uri::id::ROLE_MAP, network);
    bytes.extend_from_slice(b"},\"property-map\":{");
    for (_, range) in &mut ranges {
        *range = range.start + bytes.len()..range.end + bytes.len();
    }
    bytes.extend_from_slice(&out);
    bytes.extend_from_slice(b"}}");
    RoleMembers {
        body: Body {
            media_type: media::PROPERTY_MAP,
            bytes: bytes.into(),
            tag,
        },
        ranges,
    }
}
