//! Where notifications may go: a guard against callbacks that lead into our own network (server-side request
//! forgery).
//!
//! * An address is free if it is public: not of this machine, of a private network, of a link, of the provider's
//!   translation, many hosts' at once, or set aside; nor IPv4 of that kind in an IPv6 dress. Others are refused, unless the
//!   settings list their network.
//! * Plain http goes only where the settings list the network: across the world only https keeps what is sent.
//! * A name is resolved when something is sent, each answer is checked, and the connection goes to an address that was
//!   checked: [`Guarded`] is the client's only resolver. A name whose addresses change (DNS rebinding) gains nothing.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The addresses of a name, in time.
pub type Resolved<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Who knows the addresses of names.
pub trait Names: Debug + Send + Sync {
    /// The addresses of a name.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolved<'a>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolved<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> IpNet {
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> IpNet {
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix)
}

/// Networks that are not the public Internet (IANA's registries of special-purpose addresses, RFC 6890).
pub const SPECIAL: [(IpNet, &str); 33] = [
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "of carrier-grade NAT"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "set aside for protocols"),
    (v4(192, 0, 2, 0, 24), "for documentation"),
    (v4(192, 88, 99, 0, 24), "of 6to4 relays"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "for benchmarks"),
    (v4(198, 51, 100, 0, 24), "for documentation"),
    (v4(203, 0, 113, 0, 24), "for documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(255, 255, 255, 255, 32), "broadcast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
    (
        IpNet::new_assert(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 128),
        "unspecified",
    ),
    (
        IpNet::new_assert(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
        "loopback",
    ),
    // IPv4 addresses in an IPv6 dress: mapped ones are looked at as what they are; the others have no use today.
    (v6(0, 0, 0, 96), "IPv4-compatible"),
    (
        IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0)), 96),
        "IPv4-translated",
    ),
    (v6(0x64, 0xff9b, 0, 96), "IPv4 behind NAT64"),
    (v6(0x64, 0xff9b, 1, 48), "IPv4 behind NAT64"),
    (v6(0x100, 0, 0, 64), "to be discarded"),
    (v6(0x2001, 0, 0, 32), "of Teredo"),
    (v6(0x2001, 0, 0, 23), "set aside for protocols"),
    (v6(0x2001, 0xdb8, 0, 32), "for documentation"),
    (v6(0x2002, 0, 0, 16), "IPv4 in 6to4"),
    (v6(0x3fff, 0, 0, 20), "for documentation"),
    (v6(0x5f00, 0, 0, 16), "of segment routing"),
    (v6(0xfc00, 0, 0, 7), "private"),
    (v6(0xfe80, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 10), "site-local"),
    (v6(0xff00, 0, 0, 8), "multicast"),
];

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not public, and not in a network that the settings list.
    #[error("{address} is {class}; sof.notifications.allow does not list it")]
    Special {
        /// The address.
        address: IpAddr,
        /// What it is.
        class: &'static str,
    },
    /// It would be plain http across a network that the settings do not list.
    #[error("plain http to {address}: only https goes where sof.notifications.allow lists nothing")]
    PlainHttp {
        /// The address.
        address: IpAddr,
    },
    /// It would be plain http, and the settings list no network at all.
    #[error("the scheme must be https: sof.notifications.allow lists no network for plain http")]
    PlainHttpAnywhere,
    /// The URL has no host, or is no URL.
    #[error("the callback has no host")]
    NoHost,
}

/// Which addresses notifications may go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressGuard {
    allow: Vec<IpNet>,
}

impl AddressGuard {
    /// Public addresses, and those of these networks.
    #[must_use]
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// Whether something may be sent to an address.
    ///
    /// # Errors
    /// It may not; why.
    pub fn check(&self, address: IpAddr, is_tls: bool) -> Result<(), Refused> {
        let address = address.to_canonical();
        if self.allow.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        let special = SPECIAL.iter().find(|(net, _)| net.contains(&address));
        match special {
            Some((_, class)) => Err(Refused::Special { address, class }),
            None if !is_tls => Err(Refused::PlainHttp { address }),
            None => Ok(()),
        }
    }

    /// What can be said of a callback before its name is resolved. An address is checked; a name is, when something
    /// is sent.
    ///
    /// # Errors
    /// Nothing can ever be sent there; why.
    pub fn check_url(&self, url: &Url) -> Result<(), Refused> {
        let is_tls = url.scheme() == "https";
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into(), is_tls),
            Some(Host::Ipv6(address)) => self.check(address.into(), is_tls),
            Some(Host::Domain(_)) if !is_tls && self.allow.is_empty() => {
                Err(Refused::PlainHttpAnywhere)
            }
            Some(Host::Domain(_)) => Ok(()),
            None => Err(Refused::NoHost),
        }
    }
}

/// A resolver that gives only addresses that pass the guard. A client needs one for each scheme.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// Who knows the addresses.
    pub names: Arc<dyn Names>,
    /// Which may be used.
    pub guard: AddressGuard,
    /// Whether the client speaks TLS to them.
    pub is_tls: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let Self {
            names,
            guard,
            is_tls,
        } = self.clone();
        Box::pin(async move {
            let found = names.resolve(name.as_str()).await?;
            let mut refused = None;
            let mut good = Vec::new();
            for address in found {
                match guard.check(address, is_tls) {
                    // The client puts the URL's port in the place of 0.
                    Ok(()) => good.push(SocketAddr::new(address, 0)),
                    Err(why) => refused = Some(why),
                }
            }
            match refused {
                Some(why) if good.is_empty() => Err(why.into()),
                None if good.is_empty() => {
                    let error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
                    Err(error.into())
                }
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests;
