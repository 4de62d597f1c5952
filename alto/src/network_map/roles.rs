//! The network map by what domains are for: a client that wants to know who can host functions, where
//! customers attach, and who only carries traffic, reads five PIDs instead of one for each domain.

use ipnet::IpNet;

use super::{MapText, NetworkMap, OUTSIDE, group, outside};
use crate::json::Comma;
use crate::uri;

/// What a domain is for, as its resources tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// It hosts NFs.
    Nf,
    /// It hosts NFs and has service access points.
    NfAndSap,
    /// It has service access points.
    Sap,
    /// It only carries traffic, as far as it tells.
    Transit,
}

impl Role {
    /// In the order of their PIDs.
    const ALL: [Self; 4] = [Self::Nf, Self::NfAndSap, Self::Sap, Self::Transit];

    pub(crate) fn of(domain: Option<&idr::Domain>) -> Self {
        let hosts = domain.is_some_and(|domain| !domain.nf_types().is_empty());
        let attaches = domain.is_some_and(|domain| !domain.saps().is_empty());
        match (hosts, attaches) {
            (true, false) => Self::Nf,
            (true, true) => Self::NfAndSap,
            (false, true) => Self::Sap,
            (false, false) => Self::Transit,
        }
    }

    /// The PID of the domains with this role.
    pub(crate) const fn pid(self) -> &'static str {
        match self {
            Self::Nf => "nf",
            Self::NfAndSap => "nf-sap",
            Self::Sap => "sap",
            Self::Transit => "transit",
        }
    }
}

/// The map: a PID for each role that some domain has, and one for what is outside.
pub(crate) fn build(network: &NetworkMap, idr: &idr::Snapshot) -> MapText {
    let roles: Vec<Role> = network
        .domains()
        .map(|id| Role::of(idr.domain(id).map(AsRef::as_ref)))
        .collect();
    let claims = network.claims();
    let role = |number: u32| roles.get(number as usize).copied();
    let mut out = b"{".to_vec();
    let mut groups = Vec::new();
    let mut comma = Comma::default();
    for of in Role::ALL {
        if !roles.contains(&of) {
            continue;
        }
        let claimed = claims
            .iter()
            .filter(|(_, number)| role(*number) == Some(of));
        let prefixes: Vec<IpNet> = claimed.map(|(prefix, _)| *prefix).collect();
        comma.write(&mut out);
        groups.push(group(&mut out, of.pid(), &prefixes));
    }
    let outside = outside(|prefix| claims.binary_search_by_key(prefix, |claim| claim.0).is_ok());
    if !outside.is_empty() {
        comma.write(&mut out);
        groups.push(group(&mut out, OUTSIDE, &outside));
    }
    out.push(b'}');
    MapText::new(uri::id::ROLE_MAP, &out, groups, None)
}
