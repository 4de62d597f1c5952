//! How often one client may ask: a token bucket per client (GCRA), by governor.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::auth::Principal;
use crate::settings::Limits;

/// Who is counted as one client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// Somebody with a token, by name: his connections may come from many addresses.
    Named(String),
    /// An address; of IPv6 the first 64 bits, since one host has all the rest.
    Address(IpAddr),
    /// Everybody without a token, while there are too many to tell apart.
    Crowd,
}

impl Client {
    /// Who asks.
    pub(super) fn of(principal: &Principal, peer: IpAddr) -> Self {
        match principal {
            Principal::Member { name, .. }
            | Principal::Operator { name }
            | Principal::Auditor { name }
            | Principal::Buyer { name } => Self::Named(name.clone()),
            Principal::Anonymous | Principal::Local => Self::Address(network_of(peer)),
        }
    }
}

/// The buckets of all clients. Bounded: governor bounds the rate, not the number of keys.
#[derive(Debug)]
pub struct RateLimit {
    buckets: DefaultKeyedRateLimiter<Client>,
    per_second: u32,
    clock: DefaultClock,
    is_crowded: AtomicBool,
}

/// So many clients are told apart; a bucket takes about 100 bytes.
const MAX_CLIENTS: usize = 65_536;

impl RateLimit {
    /// The rate of the settings, which are never zero.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limits.requests_per_second))
            .allow_burst(at_least_one(limits.burst));
        Self {
            buckets: RateLimiter::dashmap(quota),
            per_second: limits.requests_per_second,
            clock: DefaultClock::default(),
            is_crowded: AtomicBool::new(false),
        }
    }

    /// The requests a second that one client may make.
    #[must_use]
    pub fn per_second(&self) -> u32 {
        self.per_second
    }

    /// Takes one token of the client.
    ///
    /// # Errors
    /// There is none: in how many seconds (at least 1) there will be.
    pub fn check(&self, principal: &Principal, peer: IpAddr) -> Result<(), u64> {
        let client = match Client::of(principal, peer) {
            Client::Address(_) if self.is_crowded.load(Ordering::Relaxed) => Client::Crowd,
            // As many as the settings name, so never too many: a crowd does not lock them out.
            client => client,
        };
        self.buckets.check_key(&client).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }

    /// Forgets the clients whose bucket is full again. Between two sweeps the clients grow by no more
    /// than the connections that were accepted.
    pub fn sweep(&self) {
        self.buckets.retain_recent();
        self.is_crowded
            .store(self.buckets.len() >= MAX_CLIENTS, Ordering::Relaxed);
    }
}

/// The network that counts as one client: an IPv4 address, an IPv6 /64.
pub(super) fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(requests_per_second: u32, burst: u32) -> RateLimit {
        RateLimit::new(&Limits {
            requests_per_second,
            burst,
            ..Limits::default()
        })
    }

    #[test]
    fn each_client_has_a_bucket_of_its_own() {
        let limit = limit(1, 2);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert_eq!(limit.check(&Principal::Anonymous, one), Ok(()));
        assert_eq!(limit.check(&Principal::Anonymous, one), Ok(()));
        assert_eq!(limit.check(&Principal::Anonymous, one), Err(1));
        assert_eq!(limit.check(&Principal::Anonymous, other), Ok(()));
        let named = Principal::Operator {
            name: "ops".to_owned(),
        };
        assert_eq!(limit.check(&named, one), Ok(()));
    }

    #[test]
    fn one_ipv6_host_is_one_client_whatever_address_it_takes() {
        let limit = limit(1, 1);
        assert!(
            limit
                .check(&Principal::Anonymous, "2001:db8::1".parse().unwrap())
                .is_ok()
        );
        assert!(
            limit
                .check(&Principal::Anonymous, "2001:db8::2".parse().unwrap())
                .is_err()
        );
        assert!(
            limit
                .check(&Principal::Anonymous, "2001:db8:0:1::2".parse().unwrap())
                .is_ok()
        );
    }

    #[test]
    fn a_crowd_shares_a_bucket_and_who_has_a_token_is_none_of_it() {
        // A bucket of an hour: none is full again before the end of the test.
        let limit = RateLimit {
            buckets: RateLimiter::dashmap(Quota::per_hour(NonZeroU32::MIN)),
            ..limit(1, 1)
        };
        let client = |n: usize| IpAddr::V4(u32::try_from(n).unwrap().into());
        for n in 1..MAX_CLIENTS {
            assert_eq!(limit.check(&Principal::Anonymous, client(n)), Ok(()));
        }
        limit.sweep();
        assert_eq!(
            limit.check(&Principal::Anonymous, client(MAX_CLIENTS)),
            Ok(())
        );
        limit.sweep();
        let (next, after) = (client(MAX_CLIENTS + 1), client(MAX_CLIENTS + 2));
        assert_eq!(limit.check(&Principal::Anonymous, next), Ok(()));
        assert!(limit.check(&Principal::Anonymous, after).is_err());
        let named = Principal::Operator {
            name: "ops".to_owned(),
        };
        assert_eq!(limit.check(&named, after), Ok(()));
    }
}
