//! Whose an AS is.

use std::collections::{BTreeMap, BTreeSet};

use nffg::DomainId;

/// Which domain has which AS number. Of several domains that claim one number the first by id has
/// it. One that is no member's is nobody's: routers are known to tell a private AS of their own.
#[derive(Debug, Default)]
pub(super) struct Asns {
    claims: BTreeMap<u32, BTreeSet<DomainId>>,
    told: BTreeMap<DomainId, u32>,
}

/// What a change of one domain's number did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// A number has another owner.
    pub(super) owner: bool,
    /// That number is, or was, an alias: documents name a domain without an AS number in its id by that
    /// number, too.
    pub(super) alias: bool,
}

impl Asns {
    /// Whose this is.
    pub(super) fn owner(&self, asn: u32) -> Option<&DomainId> {
        self.claims.get(&asn)?.first()
    }

    /// `domain` has this number from now on, or none.
    pub(super) fn set(&mut self, domain: &DomainId, asn: Option<u32>) -> Moved {
        let old = self.told.get(domain).copied();
        if old == asn {
            return Moved::default();
        }
        let mut moved = Moved::default();
        if let Some(old) = old {
            self.told.remove(domain);
            self.change(old, &mut moved, |claims| {
                claims.remove(domain);
            });
        }
        if let Some(new) = asn {
            self.told.insert(domain.clone(), new);
            self.change(new, &mut moved, |claims| {
                claims.insert(domain.clone());
            });
        }
        moved
    }

    fn change(&mut self, asn: u32, moved: &mut Moved, act: impl FnOnce(&mut BTreeSet<DomainId>)) {
        let claims = self.claims.entry(asn).or_default();
        let before = claims.first().cloned();
        act(claims);
        let after = claims.first();
        if before.as_ref() != after {
            let is_alias = |owner: &DomainId| owner.asn() != Some(asn);
            moved.owner = true;
            moved.alias |= before.as_ref().is_some_and(is_alias) || after.is_some_and(is_alias);
        }
        if claims.is_empty() {
            self.claims.remove(&asn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DomainId {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_by_id_owns_a_number_whoever_came_first() {
        let mut asns = Asns::default();
        let named = Moved {
            owner: true,
            alias: true,
        };
        assert_eq!(asns.set(&id("north"), Some(7)), named);
        assert_eq!(asns.owner(7), Some(&id("north")));
        assert_eq!(asns.set(&id("AS7"), Some(7)), named, "it takes it over");
        assert_eq!(asns.owner(7), Some(&id("AS7")));
        assert_eq!(asns.set(&id("north"), Some(7)), Moved::default());
        assert_eq!(asns.set(&id("AS7"), None), named);
        assert_eq!(asns.owner(7), Some(&id("north")));
        assert_eq!(asns.set(&id("north"), Some(8)), named);
        assert_eq!((asns.owner(7), asns.owner(8)), (None, Some(&id("north"))));
    }

    #[test]
    fn a_number_that_the_id_says_is_no_alias() {
        let mut asns = Asns::default();
        let plain = Moved {
            owner: true,
            alias: false,
        };
        assert_eq!(asns.set(&id("AS7"), Some(7)), plain);
        assert_eq!(asns.set(&id("AS7"), None), plain);
    }
}
