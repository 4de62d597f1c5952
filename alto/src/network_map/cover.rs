//! The prefixes of a network map, and which of them are within which others: what properties of addresses
//! are inherited along (RFC 9240 §6.1.3).

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The number of the domain that has a prefix; `None` if it is outside all.
pub(crate) type Owner = Option<u32>;

/// All prefixes of a network map, the whole address space of each family among them.
#[derive(Debug)]
pub(crate) struct Cover {
    /// Sorted: what contains another comes before it.
    prefixes: Box<[Prefix]>,
}

#[derive(Clone, Copy, Debug)]
struct Prefix {
    net: IpNet,
    owner: Owner,
    /// The position of the longest that contains it; its own if none does.
    around: u32,
}

/// The first and last address of a prefix, as numbers.
pub(crate) fn ends(net: &IpNet) -> (u128, u128) {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    (number(net.network()), number(net.broadcast()))
}

impl Cover {
    /// From the prefixes that domains claim: without host bits, sorted, each once, with the domains'
    /// numbers.
    pub(super) fn build(claims: Vec<(IpNet, u32)>) -> Self {
        let everything = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
        let outside = everything.map(|net| (net, None));
        let claimed = claims.into_iter().map(|(net, owner)| (net, Some(owner)));
        let mut all: Vec<(IpNet, Owner)> = outside.into_iter().chain(claimed).collect();
        // Whose claim is the whole address space comes behind the default, and stays.
        all.sort_by_key(|(net, _)| *net);
        let mut prefixes: Vec<Prefix> = Vec::with_capacity(all.len());
        for (net, owner) in all {
            // Prefixes are counted by `u32`: each takes memory, so there are fewer.
            let mut around = (prefixes.len() as u32).saturating_sub(1);
            while let Some(prefix) = prefixes.get(around as usize)
                && !prefix.net.contains(&net)
                && prefix.around < around
            {
                around = prefix.around;
            }
            match prefixes.get_mut(around as usize) {
                Some(prefix) if prefix.net == net => prefix.owner = owner,
                Some(prefix) if prefix.net.contains(&net) => {
                    prefixes.push(Prefix { net, owner, around });
                }
                _ => {
                    let around = prefixes.len() as u32;
                    prefixes.push(Prefix { net, owner, around });
                }
            }
        }
        let prefixes = prefixes.into();
        Self { prefixes }
    }

    /// The owner of the longest prefix that contains all of `net`.
    pub(crate) fn owner(&self, net: &IpNet) -> Owner {
        let behind = self.prefixes.partition_point(|prefix| prefix.net <= *net);
        let mut at = behind.checked_sub(1)?;
        loop {
            let prefix = self.prefixes.get(at)?;
            if prefix.net.contains(net) {
                return prefix.owner;
            }
            at = Some(prefix.around as usize).filter(|around| *around < at)?;
        }
    }

    /// The prefixes within `net`, itself not among them, sorted.
    pub(crate) fn within(&self, net: &IpNet) -> impl ExactSizeIterator<Item = (IpNet, Owner)> {
        let start = self.prefixes.partition_point(|prefix| prefix.net <= *net);
        let last = IpNet::from(net.broadcast());
        let end = self.prefixes.partition_point(|prefix| prefix.net <= last);
        let within = self.prefixes.get(start..end).unwrap_or_default();
        within.iter().map(|prefix| (prefix.net, prefix.owner))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::locator::tests::net;
    use super::*;

    proptest! {
        #[test]
        fn the_longest_prefix_around_decides(
            claimed in prop::collection::vec(net(), 0..24), asked in prop::collection::vec(net(), 1..24),
        ) {
            let owners: BTreeMap<IpNet, u32> = claimed.iter().copied().zip(0..).collect();
            let cover = Cover::build(owners.iter().map(|(net, owner)| (*net, *owner)).collect());
            for net in owners.keys().chain(&asked) {
                let around = owners.iter().filter(|(claimed, _)| claimed.contains(net));
                let longest = around.max_by_key(|(claimed, _)| claimed.prefix_len());
                prop_assert_eq!(cover.owner(net), longest.map(|(_, owner)| *owner));
                let within = owners.iter().filter(|(claimed, _)| net.contains(*claimed) && *claimed != net);
                let within: Vec<_> = within.map(|(net, owner)| (*net, Some(*owner))).collect();
                prop_assert_eq!(cover.within(net).collect::<Vec<_>>(), within);
            }
        }
    }
}
