//! Who asks, and what he may. Every request has a [`Principal`], and [`Principal::may`] is the one
//! place that decides; disclosure policies will refine it there.
//!
//! Who he is he says by a bearer token (RFC 6750), by HTTP Digest ([`digest`]), or by a certificate over TLS.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use nffg::DomainId;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::settings::{Anonymous, Auth, Role};
use digest::Digest;

pub mod digest;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Nobody in particular, over loopback or where the settings let everybody in.
    Anonymous,
    /// Nobody in particular, over loopback of a broker whose settings name no principals: whoever is on
    /// this machine runs it.
    Local,
    /// A member domain's orchestrator.
    Member {
        /// The name in the settings.
        name: String,
        /// Its domain.
        domain: DomainId,
    },
    /// A person who runs the broker.
    Operator {
        /// The name in the settings.
        name: String,
    },
    /// A person who may look at everything and change nothing.
    Auditor {
        /// The name in the settings.
        name: String,
    },
    /// Who orders services and is no member: business applications, customers, other brokers.
    Buyer {
        /// The name in the settings.
        name: String,
    },
}

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Read ALTO maps, ask for path vectors and placements.
    ReadMaps,
    /// Read the state of the members' sources.
    ReadDomains,
    /// Read the daemon's metrics.
    ReadMetrics,
    /// Change what some domain says of itself; [`Principal::may_write`] says which.
    WriteDomain,
    /// Look at reservations; [`Principal::may_see`] says which.
    ReadReservations,
    /// Reserve, and change reservations; [`Principal::may_use`] says which.
    Reserve,
    /// Look at orders and services; [`Principal::may_see`] says which.
    ReadOrders,
    /// Order services, and subscribe to what becomes of them.
    Order,
    /// Look at partners, agreements and selections, and at the notifications of all subscribers.
    ReadPartners,
    /// Change partners and agreements, and decide what becomes of notifications that were given up.
    ManagePartners,
}

impl Principal {
    /// Whether this principal may do `action`.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        use Action::{
            ManagePartners, Order, ReadDomains, ReadMaps, ReadMetrics, ReadOrders, ReadPartners,
            ReadReservations, Reserve, WriteDomain,
        };
        match (self, action) {
            (Self::Local | Self::Operator { .. }, _) => true,
            (Self::Anonymous | Self::Auditor { .. }, ReadMaps | ReadDomains | ReadMetrics) => true,
            (
                Self::Anonymous | Self::Auditor { .. },
                WriteDomain | Reserve | Order | ManagePartners,
            ) => false,
            (Self::Auditor { .. }, ReadReservations | ReadOrders | ReadPartners) => true,
            (Self::Anonymous, ReadReservations | ReadOrders | ReadPartners) => false,
            (
                Self::Member { .. },
                ReadMaps | ReadDomains | WriteDomain | ReadReservations | Reserve | ReadOrders
                | Order,
            ) => true,
            (Self::Member { .. }, ReadMetrics | ReadPartners | ManagePartners) => false,
            (Self::Buyer { .. }, ReadMaps | ReadOrders | Order) => true,
            (
                Self::Buyer { .. },
                ReadDomains | ReadMetrics | WriteDomain | ReadReservations | Reserve | ReadPartners
                | ManagePartners,
            ) => false,
        }
    }

    /// Whether this principal may change what `domain` says of itself: the member, and who runs the
    /// broker.
    #[must_use]
    pub fn may_write(&self, domain: &DomainId) -> bool {
        match self {
            Self::Member { domain: own, .. } => own == domain,
            _ => self.may(Action::WriteDomain),
        }
    }

    /// Whether this principal may see where `domain`'s word comes from, its documents, and its errors.
    /// Members see that of themselves.
    #[must_use]
    pub fn may_look_into(&self, domain: &DomainId) -> bool {
        match self {
            Self::Member { domain: own, .. } => own == domain,
            Self::Buyer { .. } => false,
            Self::Anonymous | Self::Local | Self::Operator { .. } | Self::Auditor { .. } => true,
        }
    }

    /// Who holds what this principal reserves: a member's domain, whichever of its tokens it uses. No
    /// domain is called like one who is no member: its id has no space, and without principals there
    /// are no members.
    #[must_use]
    pub fn holder(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Local => "local".to_owned(),
            Self::Member { domain, .. } => domain.to_string(),
            Self::Operator { name } => format!("operator {name}"),
            Self::Auditor { name } => format!("auditor {name}"),
            Self::Buyer { name } => format!("buyer {name}"),
        }
    }

    /// Whether this principal may change what `holder` holds: himself, and who runs the broker.
    #[must_use]
    pub fn may_use(&self, holder: &str) -> bool {
        match self {
            Self::Local | Self::Operator { .. } => true,
            Self::Member { domain, .. } => domain.as_str() == holder,
            Self::Buyer { .. } => self.holder() == holder,
            Self::Anonymous | Self::Auditor { .. } => false,
        }
    }

    /// Whether this principal may see what `holder` holds.
    #[must_use]
    pub fn may_see(&self, holder: &str) -> bool {
        matches!(self, Self::Auditor { .. }) || self.may_use(holder)
    }

    /// Whether this principal may see what anybody holds.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        match self {
            Self::Local | Self::Operator { .. } | Self::Auditor { .. } => true,
            Self::Anonymous | Self::Member { .. } | Self::Buyer { .. } => false,
        }
    }

    /// For logs.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Local => "local",
            Self::Member { name, .. }
            | Self::Operator { name }
            | Self::Auditor { name }
            | Self::Buyer { name } => name,
        }
    }
}

/// Why a request has no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The `Authorization` header is neither `Bearer` with a token nor `Digest` with what a challenge wants.
    #[error(
        "the Authorization header must be 'Bearer' and a token (RFC 6750), or 'Digest' with SHA-256 and \
         qop=auth (RFC 7616)"
    )]
    Malformed,
    /// No principal has this token.
    #[error("the token is not known")]
    UnknownToken,
    /// No user has these credentials, or they are for another request.
    #[error("no user has these credentials, or they are for something else than this request")]
    WrongDigest,
    /// The credentials are right but for the age of their nonce.
    #[error("the nonce is too old: answer the new challenge")]
    StaleNonce,
    /// A token is needed here.
    #[error("a bearer token is needed from this address")]
    TokenNeeded,
}

/// What a client without a principal is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unauthorized {
    /// Why.
    pub refusal: Refusal,
    /// The challenge of HTTP Digest, where somebody has a password: another `WWW-Authenticate` beside that of
    /// bearer tokens.
    pub challenge: Option<String>,
}

/// The names that a certificate has, which the client of a connection has shown to be its own: DNS names and
/// URIs. An authority that the settings name has signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate(Arc<[String]>);

impl Certificate {
    /// One with these names.
    #[must_use]
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(str::to_ascii_lowercase).collect())
    }
}

/// What a request says of who makes it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The address of the connection.
    pub peer: IpAddr,
    /// The client's certificate.
    pub certificate: Option<&'a Certificate>,
    /// The `Authorization` header.
    pub authorization: Option<&'a [u8]>,
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Seconds since 1970, asked for where they are wanted.
    pub now: fn() -> u64,
}

/// The principals of the settings, by the hash of their token: a look-up by hash takes no longer for
/// a token that is nearly right.
#[derive(Debug)]
pub struct Principals {
    anonymous: Anonymous,
    /// Nobody is named: who is on this machine runs the broker.
    is_empty: bool,
    by_token: HashMap<[u8; 32], Principal>,
    /// By a name in his certificate, in small letters.
    by_certificate: HashMap<String, Principal>,
    digest: Digest,
}

impl Principals {
    /// The principals of `auth`, which the settings have checked.
    #[must_use]
    pub fn new(auth: &Auth) -> Self {
        let mut by_token = HashMap::new();
        let mut by_certificate = HashMap::new();
        let mut users = Vec::new();
        for entry in &auth.principals {
            let name = entry.name.clone();
            let principal = match (entry.role, &entry.domain) {
                (Role::Member, Some(domain)) => Principal::Member {
                    name,
                    domain: domain.clone(),
                },
                (Role::Operator, _) => Principal::Operator { name },
                (Role::Auditor, _) => Principal::Auditor { name },
                (Role::Buyer, _) => Principal::Buyer { name },
                // The settings refuse a member without a domain.
                (Role::Member, None) => continue,
            };
            if let Some(token) = &entry.token {
                let hash = blake3::hash(token.expose_secret().as_bytes());
                by_token.insert(*hash.as_bytes(), principal.clone());
            }
            if let Some(name) = &entry.certificate {
                by_certificate.insert(name.to_ascii_lowercase(), principal.clone());
            }
            if let Some(ha1) = &entry.digest_ha1 {
                let ha1 = ha1.expose_secret().to_ascii_lowercase();
                users.push((entry.name.clone(), ha1, principal));
            }
        }
        Self {
            anonymous: auth.anonymous,
            is_empty: auth.principals.is_empty(),
            by_token,
            by_certificate,
            digest: Digest::new(&auth.realm, auth.nonce_lifetime, users.into_iter()),
        }
    }

    /// The principal of a request.
    ///
    /// # Errors
    /// The header is malformed, or nobody has what it says, or there is nothing where something is needed.
    pub fn of(&self, asked: &Asked<'_>) -> Result<Principal, Unauthorized> {
        self.find(asked).map_err(|refusal| Unauthorized {
            refusal,
            challenge: self.digest.is_used().then(|| {
                let is_stale = refusal == Refusal::StaleNonce;
                self.digest.challenge((asked.now)(), is_stale)
            }),
        })
    }

    fn find(&self, asked: &Asked<'_>) -> Result<Principal, Refusal> {
        let Some(header) = asked.authorization else {
            return match self.by_certificate(asked.certificate) {
                Some(principal) => Ok(principal),
                None => self.without(asked.peer),
            };
        };
        if Digest::is_meant(header) {
            let request = digest::Request {
                method: asked.method,
                target: asked.target,
                now: (asked.now)(),
            };
            return self.digest.check(header, request);
        }
        let (scheme, token) = header.split_at_checked(7).ok_or(Refusal::Malformed)?;
        if !scheme.eq_ignore_ascii_case(b"bearer ") || token.is_empty() {
            return Err(Refusal::Malformed);
        }
        let hash = blake3::hash(token.trim_ascii());
        self.by_token
            .get(hash.as_bytes())
            .cloned()
            .ok_or(Refusal::UnknownToken)
    }

    fn by_certificate(&self, certificate: Option<&Certificate>) -> Option<Principal> {
        let names = &certificate?.0;
        let known = names.iter().find_map(|name| self.by_certificate.get(name));
        known.cloned()
    }

    /// Who says nothing of himself.
    fn without(&self, peer: IpAddr) -> Result<Principal, Refusal> {
        let near = peer.to_canonical().is_loopback();
        let open = match self.anonymous {
            Anonymous::Everyone => true,
            Anonymous::Loopback => near,
            Anonymous::Nobody => false,
        };
        match open {
            true if near && self.is_empty => Ok(Principal::Local),
            true => Ok(Principal::Anonymous),
            false => Err(Refusal::TokenNeeded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::PrincipalEntry;

    fn principals(anonymous: Anonymous) -> Principals {
        let entry = |name: &str, role, domain: Option<&str>, token: &str| PrincipalEntry {
            name: name.to_owned(),
            role,
            domain: domain.map(|d| d.parse().unwrap()),
            token: Some(token.to_owned().into()),
            digest_ha1: Some(digest::ha1(name, "brokerd", token).into()),
            digest_ha1_file: None,
            certificate: Some(format!("{name}.example.com")),
        };
        Principals::new(&Auth {
            anonymous,
            principals: vec![
                entry("mdo-as1", Role::Member, Some("AS1"), "m-secret"),
                entry("ops", Role::Operator, None, "o-secret"),
            ],
            ..Auth::default()
        })
    }

    fn asked(peer: IpAddr, authorization: Option<&[u8]>) -> Asked<'_> {
        Asked {
            peer,
            certificate: None,
            authorization,
            method: "GET",
            target: "/directory",
            now: || 1_000,
        }
    }

    impl Principals {
        fn by(&self, peer: IpAddr, authorization: Option<&[u8]>) -> Result<Principal, Refusal> {
            self.of(&asked(peer, authorization))
                .map_err(|unauthorized| unauthorized.refusal)
        }
    }

    #[test]
    fn anonymous_is_for_loopback_unless_the_settings_say_otherwise() {
        let near: IpAddr = "127.0.0.7".parse().unwrap();
        let near6: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
        let far: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(
            principals(Anonymous::Loopback).by(near, None),
            Ok(Principal::Anonymous)
        );
        assert_eq!(
            principals(Anonymous::Loopback).by(near6, None),
            Ok(Principal::Anonymous)
        );
        assert_eq!(
            principals(Anonymous::Loopback).by(far, None),
            Err(Refusal::TokenNeeded)
        );
        assert_eq!(
            principals(Anonymous::Everyone).by(far, None),
            Ok(Principal::Anonymous)
        );
        assert_eq!(
            principals(Anonymous::Nobody).by(near, None),
            Err(Refusal::TokenNeeded)
        );
    }

    #[test]
    fn without_principals_this_machine_runs_the_broker() {
        let open = Principals::new(&Auth {
            anonymous: Anonymous::Everyone,
            ..Auth::default()
        });
        let as1 = "AS1".parse().unwrap();
        let near = open.by("127.0.0.1".parse().unwrap(), None).unwrap();
        assert!(near.may(Action::WriteDomain) && near.may_write(&as1));
        let far = open.by("192.0.2.1".parse().unwrap(), None).unwrap();
        assert!(!far.may(Action::WriteDomain) && !far.may_write(&as1));
        assert!(far.may_look_into(&as1));
        // With principals, a change needs a token.
        let near = principals(Anonymous::Loopback)
            .by("127.0.0.1".parse().unwrap(), None)
            .unwrap();
        assert!(!near.may(Action::WriteDomain));
    }

    #[test]
    fn a_member_changes_and_looks_into_itself_only() {
        let all = principals(Anonymous::Nobody);
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let (own, other) = ("AS1".parse().unwrap(), "AS2".parse().unwrap());
        let member = all.by(near, Some(b"Bearer m-secret")).unwrap();
        assert!(member.may_write(&own) && member.may_look_into(&own));
        assert!(!member.may_write(&other) && !member.may_look_into(&other));
        let operator = all.by(near, Some(b"Bearer o-secret")).unwrap();
        assert!(operator.may_write(&other) && operator.may_look_into(&other));
        let auditor = Principal::Auditor {
            name: "a".to_owned(),
        };
        assert!(!auditor.may_write(&own) && auditor.may_look_into(&own));
    }

    #[test]
    fn a_member_reserves_for_itself_and_an_auditor_only_looks() {
        let all = principals(Anonymous::Nobody);
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let member = all.by(near, Some(b"Bearer m-secret")).unwrap();
        let operator = all.by(near, Some(b"Bearer o-secret")).unwrap();
        let auditor = Principal::Auditor {
            name: "a".to_owned(),
        };
        assert_eq!(member.holder(), "AS1");
        assert!(member.may(Action::Reserve) && member.may_use("AS1") && member.may_see("AS1"));
        assert!(!member.may_use("AS2") && !member.may_see("AS2"));
        assert!(operator.may_use("AS1") && operator.may_see("AS2"));
        assert!(!auditor.may(Action::Reserve) && !auditor.may_use("AS1"));
        assert!(auditor.may(Action::ReadReservations) && auditor.may_see("AS1"));
        for action in [Action::Reserve, Action::ReadReservations] {
            assert!(!Principal::Anonymous.may(action) && Principal::Local.may(action));
        }
        // Nobody is called like a domain who is none.
        for other in [&operator, &auditor] {
            assert!(other.holder().parse::<DomainId>().is_err());
        }
    }

    #[test]
    fn a_token_names_its_principal_and_a_wrong_one_nobody() {
        let all = principals(Anonymous::Everyone);
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let member = all.by(near, Some(b"Bearer m-secret")).unwrap();
        assert_eq!(member.name(), "mdo-as1");
        assert!(member.may(Action::ReadMaps) && !member.may(Action::ReadMetrics));
        assert!(
            all.by(near, Some(b"bearer o-secret"))
                .unwrap()
                .may(Action::ReadMetrics)
        );
        assert_eq!(
            all.by(near, Some(b"Bearer nope")),
            Err(Refusal::UnknownToken)
        );
        // Where somebody has a password, who is refused is told how to use it.
        let refused = all.of(&asked(near, Some(b"Bearer nope"))).unwrap_err();
        assert!(
            refused
                .challenge
                .unwrap()
                .starts_with("Digest realm=\"brokerd\"")
        );
        for malformed in [&b"Basic abc"[..], b"Bearer ", b"", b"Bearerm-secret"] {
            assert_eq!(all.by(near, Some(malformed)), Err(Refusal::Malformed));
        }
    }

    #[test]
    fn a_certificate_names_its_principal_where_no_header_does() {
        let all = principals(Anonymous::Everyone);
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let with = |names: &[&str], authorization| {
            let certificate = Certificate::new(names.iter().copied());
            let asked = Asked {
                certificate: Some(&certificate),
                ..asked(near, authorization)
            };
            all.of(&asked).map(|principal| principal.name().to_owned())
        };
        assert_eq!(with(&["OPS.example.com"], None).unwrap(), "ops");
        let names = ["else.example.com", "mdo-as1.example.com"];
        assert_eq!(with(&names, None).unwrap(), "mdo-as1");
        assert_eq!(with(&["else.example.com"], None).unwrap(), "anonymous");
        // What a request says counts for it alone.
        let header = Some(&b"Bearer o-secret"[..]);
        assert_eq!(with(&names, header).unwrap(), "ops");
        let wrong = with(&names, Some(b"Bearer nope")).unwrap_err();
        assert_eq!(wrong.refusal, Refusal::UnknownToken);
    }

    #[test]
    fn a_password_names_its_principal_for_one_request() {
        let all = principals(Anonymous::Nobody);
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let challenge = all.of(&asked(near, None)).unwrap_err().challenge.unwrap();
        let sent = |target| {
            let user = ("mdo-as1", "m-secret");
            digest::answer(&challenge, user, ("GET", target), "c").unwrap()
        };
        let by = |header: String| all.by(near, Some(header.as_bytes()));
        assert_eq!(by(sent("/directory")).unwrap().name(), "mdo-as1");
        assert_eq!(by(sent("/networkmap")), Err(Refusal::WrongDigest));
        let old = Asked {
            now: || 1_000_000,
            ..asked(near, None)
        };
        let header = sent("/directory");
        let stale = all.of(&Asked {
            authorization: Some(header.as_bytes()),
            ..old
        });
        let stale = stale.unwrap_err();
        assert_eq!(stale.refusal, Refusal::StaleNonce);
        assert!(stale.challenge.unwrap().ends_with("stale=true"));
    }
}
