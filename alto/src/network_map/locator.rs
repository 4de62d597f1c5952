//! From addresses to domains, by longest prefix (RFC 7285 §11.2.2).

use std::net::IpAddr;

use ipnet::IpNet;

/// Where addresses are. Prefixes are laid out flat: a look-up is a binary search.
#[derive(Debug, Default)]
pub(crate) struct Locator {
    v4: Flat<u32>,
    v6: Flat<u128>,
}

/// Who has the addresses from each start to before the next. The first starts at 0.
#[derive(Debug)]
struct Flat<T> {
    starts: Vec<T>,
    owners: Vec<u32>,
}

impl<T> Default for Flat<T> {
    fn default() -> Self {
        Self {
            starts: Vec::new(),
            owners: Vec::new(),
        }
    }
}

/// In place of an owner.
const NOBODY: u32 = u32::MAX;

/// A prefix as a range of numbers: first, last, length, owner.
type Range<T> = (T, T, u8, u32);

impl Locator {
    /// From prefixes without host bits, each once, and their owners' numbers.
    pub(super) fn build(prefixes: impl IntoIterator<Item = (IpNet, u32)>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (prefix, owner) in prefixes {
            let len = prefix.prefix_len();
            match prefix {
                IpNet::V4(net) => {
                    let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
                    v4.push((first, last, len, owner));
                }
                IpNet::V6(net) => {
                    let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
                    v6.push((first, last, len, owner));
                }
            }
        }
        Self {
            v4: Flat::build(v4, 0, |last| last.checked_add(1)),
            v6: Flat::build(v6, 0, |last| last.checked_add(1)),
        }
    }

    /// The number of the domain in which an address is; `None` if it is outside all.
    pub(crate) fn member(&self, address: IpAddr) -> Option<u32> {
        let owner = match address {
            IpAddr::V4(address) => self.v4.owner(address.to_bits()),
            IpAddr::V6(address) => self.v6.owner(address.to_bits()),
        };
        (owner != NOBODY).then_some(owner)
    }
}

impl<T: Copy + Ord> Flat<T> {
    fn build(mut ranges: Vec<Range<T>>, zero: T, after: impl Fn(T) -> Option<T>) -> Self {
        // What contains another comes before it.
        ranges.sort_unstable_by_key(|(first, _, len, _)| (*first, *len));
        let mut flat = Self {
            starts: Vec::with_capacity(2 * ranges.len() + 1),
            owners: Vec::with_capacity(2 * ranges.len() + 1),
        };
        flat.push(zero, NOBODY);
        // The prefixes around the current place, the longest last.
        let mut around: Vec<(T, u32)> = Vec::new();
        let close = |flat: &mut Self, around: &mut Vec<(T, u32)>, until: Option<T>| {
            while let Some((last, _)) = around.last().copied()
                && until.is_none_or(|until| last < until)
            {
                around.pop();
                if let Some(next) = after(last) {
                    flat.push(next, around.last().map_or(NOBODY, |(_, owner)| *owner));
                }
            }
        };
        for (first, last, _, owner) in ranges {
            close(&mut flat, &mut around, Some(first));
            flat.push(first, owner);
            around.push((last, owner));
        }
        close(&mut flat, &mut around, None);
        flat.starts.shrink_to_fit();
        flat.owners.shrink_to_fit();
        flat
    }

    /// From `start` on, addresses are `owner`'s.
    fn push(&mut self, start: T, owner: u32) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.owners.pop();
        }
        if self.owners.last() != Some(&owner) {
            self.starts.push(start);
            self.owners.push(owner);
        }
    }

    fn owner(&self, address: T) -> u32 {
        let at = self.starts.partition_point(|start| *start <= address);
        let owner = at.checked_sub(1).and_then(|at| self.owners.get(at));
        owner.copied().unwrap_or(NOBODY)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use ipnet::{Ipv4Net, Ipv6Net};
    use proptest::prelude::*;

    use super::*;

    /// Prefixes that often nest.
    pub(in crate::network_map) fn net() -> impl Strategy<Value = IpNet> {
        // Few bits differ, so that prefixes nest and addresses fall into them.
        let v4 = (any::<u8>(), 0_u8..=32).prop_map(|(bits, len)| {
            let address = (u32::from(bits) << 27 | u32::from(bits >> 5)).into();
            IpNet::V4(Ipv4Net::new(address, len).unwrap().trunc())
        });
        let v6 = (any::<u8>(), 0_u8..=128).prop_map(|(bits, len)| {
            let address = (u128::from(bits) << 123 | u128::from(bits >> 5)).into();
            IpNet::V6(Ipv6Net::new(address, len).unwrap().trunc())
        });
        prop_oneof![v4, v6]
    }

    proptest! {
        #[test]
        fn the_longest_prefix_decides(prefixes in prop::collection::vec(net(), 0..24), at in prop::collection::vec(net(), 1..24)) {
            let owners: BTreeMap<IpNet, u32> = prefixes.iter().copied().zip(0..).collect();
            let locator = Locator::build(owners.iter().map(|(net, owner)| (*net, *owner)));
            let ends = owners.keys().chain(&at).flat_map(|net| [net.network(), net.broadcast()]);
            for address in ends {
                let around = owners.iter().filter(|(net, _)| net.contains(&address));
                let longest = around.max_by_key(|(net, _)| net.prefix_len());
                prop_assert_eq!(locator.member(address), longest.map(|(_, owner)| *owner));
            }
        }
    }
}
