//! The federation: a ring with chords, and two domains at its edge, of which a link changes.

use serde_json::{Value, json};

/// How many changes there can be: the delay of the link, in microseconds, tells by its last digits which one it is
/// of. All other delays have zeros there.
pub(super) const CHANGES: u32 = 1_000;

/// The delay of the changing link before the first change, in microseconds. A way of several such links is still
/// less than the 4.29 s that the engine tells apart.
const CHANGING: u32 = 200_000;

/// The domains AS1 to AS`n`.
pub(super) struct Federation {
    pids: u32,
    prefixes: u32,
    wide: bool,
}

impl Federation {
    /// So many domains, ten at least, with so many prefixes in all.
    pub(super) fn new(pids: u32, prefixes: u32, wide: bool) -> Self {
        Self {
            pids: pids.max(10),
            prefixes,
            wide,
        }
    }

    pub(super) fn domains(&self) -> std::ops::RangeInclusive<u32> {
        1..=self.pids
    }

    /// The domain whose link changes.
    pub(super) fn changing(&self) -> u32 {
        self.pids - 1
    }

    /// The links of a domain, with their delays in microseconds, as of a change.
    fn links(&self, domain: u32, change: u32) -> Vec<(u32, u32)> {
        let (one, other) = (self.pids - 1, self.pids);
        let core = self.pids - 2;
        let far = 1 + core / 2;
        let changing = CHANGING + change;
        if domain == one {
            return if self.wide {
                vec![(1, changing), (other, 5 * CHANGING)]
            } else {
                // Nobody but these two takes the way between them.
                vec![(1, 5 * CHANGING), (other, changing)]
            };
        }
        if domain == other {
            return vec![(far, 5 * CHANGING), (one, CHANGING)];
        }
        let chord = core.isqrt().max(2);
        let at = |number: u32| 1 + (number - 1) % core;
        let delay = |from: u32, to: u32| (1 + (from * 31 + to * 17) % 2) * CHANGES;
        let mut links = vec![];
        // Each domain tells the way out of it.
        for step in [1, chord, core - 1, core - chord] {
            let to = at(domain + step);
            if to != domain && links.iter().all(|(there, _)| *there != to) {
                links.push((to, delay(domain, to)));
            }
        }
        if domain == 1 {
            links.push((one, 5 * CHANGING));
        }
        if domain == far {
            links.push((other, 5 * CHANGING));
        }
        links
    }

    /// What a domain tells, as a brief (docs/formats/brief.md).
    pub(super) fn topology(&self, domain: u32, change: u32) -> Value {
        let neighbours: Vec<Value> = self
            .links(domain, change)
            .iter()
            .map(|(to, delay)| json!({"domain": format!("AS{to}"), "delay": format!("{delay}us")}))
            .collect();
        let each = self.prefixes / self.pids;
        let first = (domain - 1) * each;
        let prefixes: Vec<String> = (first..first + each)
            .map(|number| {
                let [_, a, b, c] = number.to_be_bytes();
                format!("{}.{b}.{c}.0/24", 11 + a)
            })
            .collect();
        json!({"prefixes": prefixes, "neighbours": neighbours})
    }

    /// Whether a cost map has every pair.
    pub(super) fn is_in(&self, map: &Value) -> bool {
        let rows = map["cost-map"].as_object();
        let is_whole = |row: &Value| {
            row.as_object()
                .is_some_and(|row| row.len() == self.pids as usize)
        };
        rows.is_some_and(|rows| rows.len() == self.pids as usize && rows.values().all(is_whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_is_of_one_domain_and_every_delay_but_one_ends_in_zeros() {
        let federation = Federation::new(50, 1_000, false);
        let mut seen = std::collections::BTreeSet::new();
        for domain in federation.domains() {
            for prefix in federation.topology(domain, 7)["prefixes"]
                .as_array()
                .unwrap()
            {
                assert!(seen.insert(prefix.as_str().unwrap().to_owned()), "{prefix}");
            }
            for (to, delay) in federation.links(domain, 7) {
                assert_ne!(to, domain);
                assert_eq!(delay % CHANGES, if delay == CHANGING + 7 { 7 } else { 0 });
            }
        }
        assert_eq!(seen.len(), 1_000);
    }
}
