//! Settings of notifications to subscribers.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::lso::callback::AddressGuard;

/// How subscribers are notified.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notifications {
    /// For one whole exchange.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// The pause after the first failure; doubled after each, a random part of it left out.
    #[serde(with = "humantime_serde")]
    pub first_backoff: Duration,
    /// The longest pause.
    #[serde(with = "humantime_serde")]
    pub longest_backoff: Duration,
    /// A subscriber that has taken nothing for so long loses what is as old.
    #[serde(with = "humantime_serde")]
    pub give_up_after: Duration,
    /// Notifications under way at once, of all subscribers together; half of them are for those that answer well.
    pub at_once: usize,
    /// Notifications that may wait for one subscriber; the oldest make room.
    pub queue: usize,
    /// Dead letters that are kept of one subscriber; the oldest make room.
    pub dead_letters: usize,
    /// Subscriptions of one buyer, at all APIs together.
    pub subscriptions_per_buyer: usize,
    /// Networks that notifications may go to although they are not public, and by plain http. Not set: this machine, if
    /// the broker listens on loopback alone and has no principals; else none.
    #[serde(with = "networks", skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<IpNet>>,
    /// PEM file of further certificate authorities that subscribers' certificates may be signed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            // A listener has to note an event down, not to work on it.
            timeout: Duration::from_secs(10),
            first_backoff: Duration::from_secs(1),
            longest_backoff: Duration::from_secs(300),
            // A weekday's outage is over by then, and who comes back later looks at everything anew anyway.
            give_up_after: Duration::from_secs(86_400),
            at_once: 64,
            // About half a megabyte in the store.
            queue: 1_000,
            dead_letters: 1_000,
            subscriptions_per_buyer: 32,
            allow: None,
            ca_file: None,
        }
    }
}

impl Settings {
    /// Where notifications may go.
    #[must_use]
    pub fn callback_guard(&self) -> AddressGuard {
        let allow = self.sof.notifications.allow.clone();
        let near = self.listen.ip().to_canonical().is_loopback();
        // Whoever can subscribe is on this machine, runs the broker, and reaches this machine anyway.
        let is_local = near && self.auth.principals.is_empty();
        AddressGuard::new(allow.unwrap_or_else(|| if is_local { loopback() } else { Vec::new() }))
    }
}

fn loopback() -> Vec<IpNet> {
    const V4: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
    const V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128);
    vec![V4.into(), V6.into()]
}

/// Networks as text: `10.1.0.0/16`.
mod networks {
    use ipnet::IpNet;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        value: &Option<Vec<IpNet>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(value.iter().flatten().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<IpNet>>, D::Error> {
        let read = |text: &String| {
            let rule = || {
                format!(
                    "'{text}' is no network such as 10.1.0.0/16 or ::1/128, without bits behind the prefix"
                )
            };
            let net: IpNet = text.parse().map_err(|_| serde::de::Error::custom(rule()))?;
            if net.trunc() == net {
                Ok(net)
            } else {
                Err(serde::de::Error::custom(rule()))
            }
        };
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(read).collect::<Result<_, _>>().map(Some)
    }
}
