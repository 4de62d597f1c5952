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
enum Client {
    /// Somebody with a token, by name: his connections may come from many addresses.
    Named(String),
    /// An address; of IPv6 the first 64 bits, since one host has all the rest.
    Address(IpAddr),
    /// Everybody new, while there are too many to tell apart.
    Crowd,
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
        let client = if self.is_crowded.load(Ordering::Relaxed) {
            Client::Crowd
        } else if matches!(principal, Principal::Anonymous | Principal::Local) {
            Client::Address(network_of(peer))
        } else {
            Client::Named(principal.name().to_owned())
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

fn network_of(peer: IpAddr) -> IpAddr {
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
    fn a_crowd_shares_a_bucket_until_it_has_gone() {
        let limit = limit(1000, 1000);
        for n in 0..u32::try_from(MAX_CLIENTS).unwrap() {
            let _ = limit.check(&Principal::Anonymous, IpAddr::V4(n.into()));
        }
        // All at once, so no bucket is full again yet (unless this loop took a millisecond each).
        limit.sweep();
        let crowded = limit.is_crowded.load(Ordering::Relaxed);
        assert_eq!(crowded, limit.buckets.len() >= MAX_CLIENTS);
    }
}
