//! All domains of a snapshot, rendered, in runs that versions share.
//!
//! A change of one domain among many thousands renders one run of some hundred again. Where a run begins
//! is told by the ids alone, so that every process has the same runs, whatever it has seen before.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{Dialect, Entity, key};
use crate::network_map::Role;

/// All domains of a snapshot, rendered, by id.
pub(crate) struct Entities {
    runs: Vec<Arc<Run>>,
}

/// Domains that follow one another.
pub(super) struct Run {
    /// Beside the entities, so that comparing them looks at no entity.
    sources: Box<[Arc<idr::Domain>]>,
    entities: Box<[Arc<Entity>]>,
    roles: Box<[Role]>,
    hash: blake3::Hash,
    texts: [OnceLock<Bytes>; 2],
}

/// How many domains there are in a run, on average.
const RUN: u32 = 256;

/// Whether a run begins at a domain (32-bit FNV-1a of its id).
fn begins_run(domain: &idr::Domain) -> bool {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = domain.id().as_str().bytes().fold(0x811c_9dc5, mix);
    // The upper bits are the better mixed ones.
    (hash >> 12).is_multiple_of(RUN)
}

impl Run {
    fn render(domains: &[&Arc<idr::Domain>], previous: Option<&Entities>) -> Self {
        let entity = |domain: &&Arc<idr::Domain>| {
            let known = previous.and_then(|previous| previous.get(domain.id().as_str()));
            match known.filter(|entity| Arc::ptr_eq(&entity.source, domain)) {
                Some(same) => Arc::clone(same),
                None => Entity::render(domain),
            }
        };
        let entities: Box<[_]> = domains.iter().map(entity).collect();
        Self {
            sources: domains.iter().map(|domain| Arc::clone(domain)).collect(),
            roles: domains
                .iter()
                .map(|domain| Role::of(Some(domain)))
                .collect(),
            hash: blake3::hash(&identity(&entities)),
            entities,
            texts: Default::default(),
        }
    }

    /// Whether the domains that come next are those of this run, and it ends where it does now.
    fn is_next(&self, domains: &[&Arc<idr::Domain>]) -> bool {
        let is_end = || {
            let next = domains.get(self.sources.len());
            next.is_none_or(|next| begins_run(next))
        };
        let mut pairs = self.sources.iter().zip(domains);
        domains.len() >= self.sources.len() && pairs.all(|(a, b)| Arc::ptr_eq(a, b)) && is_end()
    }

    fn last(&self) -> Option<&str> {
        self.sources.last().map(|domain| domain.id().as_str())
    }

    /// The members of a property map, each with a comma before it.
    pub(super) fn text(&self, dialect: Dialect) -> &Bytes {
        let [draft, full] = &self.texts;
        let cell = match dialect {
            Dialect::Draft => draft,
            Dialect::Full => full,
        };
        cell.get_or_init(|| {
            let mut out = Vec::new();
            for entity in self.entities.iter().filter(|entity| !entity.is_empty()) {
                out.push(b',');
                key(&mut out, dialect.domain(), entity.id().as_str());
                out.push(b'{');
                out.extend_from_slice(&entity.members);
                out.push(b'}');
            }
            out.into()
        })
    }
}

/// What tags are made of: of each domain with a property its id and the hash of its members, rather than
/// these. An id has no control character, so that each ends where it does.
fn identity(entities: &[Arc<Entity>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entities.len() * 48);
    for entity in entities.iter().filter(|entity| !entity.is_empty()) {
        out.extend_from_slice(entity.id().as_str().as_bytes());
        out.push(0);
        out.extend_from_slice(entity.hash.as_bytes());
    }
    out
}

impl Entities {
    /// Renders the domains that are not the very ones that `previous` rendered.
    pub(crate) fn build(idr: &idr::Snapshot, previous: Option<&Self>) -> Self {
        let domains: Vec<&Arc<idr::Domain>> = idr.domains().collect();
        let mut rest = domains.as_slice();
        let mut old = previous.map_or(&[][..], |previous| &previous.runs);
        let mut runs = Vec::with_capacity(old.len() + 1);
        while let Some((first, others)) = rest.split_first() {
            while let Some((run, after)) = old.split_first()
                && run.last() < Some(first.id().as_str())
            {
                old = after;
            }
            let run = match old.first().filter(|run| run.is_next(rest)) {
                Some(same) => Arc::clone(same),
                None => {
                    let more = others.iter().take_while(|domain| !begins_run(domain));
                    let (run, _) = rest.split_at(more.count() + 1);
                    Arc::new(Run::render(run, previous))
                }
            };
            rest = rest.get(run.sources.len()..).unwrap_or_default();
            runs.push(run);
        }
        Self { runs }
    }

    /// The rendered domain of this name.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Entity>> {
        let at = self.runs.partition_point(|run| run.last() < Some(id));
        let entities = &self.runs.get(at)?.entities;
        let place = entities.binary_search_by(|entity| entity.id().as_str().cmp(id));
        entities.get(place.ok()?)
    }

    /// Those that have a property, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entity>> {
        let all = self.runs.iter().flat_map(|run| &run.entities);
        all.filter(|entity| !entity.is_empty())
    }

    /// Whether it has the domains of `other`. Runs that the two share are not looked at.
    pub(crate) fn has_ids_of(&self, other: &Self) -> bool {
        self.has_all_of(other, |run, other| {
            let ids = other.sources.iter().map(|domain| domain.id());
            run.sources.iter().map(|domain| domain.id()).eq(ids)
        })
    }

    /// Whether it has the domains of `other`, and each is for the same.
    pub(crate) fn has_roles_of(&self, other: &Self) -> bool {
        self.has_ids_of(other) && self.has_all_of(other, |run, other| run.roles == other.roles)
    }

    fn has_all_of(&self, other: &Self, is_alike: impl Fn(&Run, &Run) -> bool) -> bool {
        let mut runs = self.runs.iter().zip(&other.runs);
        self.runs.len() == other.runs.len()
            && runs.all(|(run, other)| Arc::ptr_eq(run, other) || is_alike(run, other))
    }

    pub(super) fn runs(&self) -> &[Arc<Run>] {
        &self.runs
    }

    /// What the tag of a map of all of them is made of, in parts: of one run its content, of more the hash
    /// of each.
    pub(super) fn identity(&self) -> Vec<Vec<u8>> {
        match self.runs.as_slice() {
            [] => vec![Vec::new()],
            [only] => vec![identity(&only.entities)],
            runs => runs
                .iter()
                .map(|run| run.hash.as_bytes().to_vec())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use idr::{Idr, Update};
    use proptest::prelude::*;

    use super::*;

    fn tell(domain: &str, url: &str) -> Update {
        let (domain, entry_point) = (domain.parse().unwrap(), Some(url.parse().unwrap()));
        Update::EntryPoint {
            domain,
            entry_point,
        }
    }

    #[test]
    fn only_the_changed_domain_is_rendered_again() {
        let mut idr = Idr::new();
        idr.apply(["AS1", "AS2", "AS3", "AS5"].map(|domain| tell(domain, "http://a/")));
        let before = Entities::build(&idr.snapshot(), None);
        // One changes, one leaves, two come, one of them at the end.
        idr.apply([
            tell("AS2", "http://b/"),
            Update::Remove("AS3".parse().unwrap()),
            tell("AS4", "http://a/"),
            tell("AS6", "http://a/"),
        ]);
        let after = Entities::build(&idr.snapshot(), Some(&before));
        let kept = |id: &str| Arc::ptr_eq(before.get(id).unwrap(), after.get(id).unwrap());
        assert!(kept("AS1") && kept("AS5") && !kept("AS2"));
        let ids: Vec<_> = after.iter().map(|entity| entity.id().as_str()).collect();
        assert_eq!(ids, ["AS1", "AS2", "AS4", "AS5", "AS6"]);
        assert!(after.get("AS3").is_none());
    }

    #[test]
    fn a_change_of_one_of_many_touches_one_run() {
        let mut idr = Idr::new();
        let names: Vec<String> = (1..=4_000).map(|number| format!("AS{number}")).collect();
        idr.apply(names.iter().map(|name| tell(name, "http://a/")));
        let before = Entities::build(&idr.snapshot(), None);
        // As many as there should be, within reason.
        assert!(
            (8..=32).contains(&before.runs.len()),
            "{}",
            before.runs.len()
        );
        idr.apply([tell("AS1234", "http://b/")]);
        let after = Entities::build(&idr.snapshot(), Some(&before));
        let runs = before.runs.iter().zip(&after.runs);
        assert_eq!(runs.filter(|(a, b)| !Arc::ptr_eq(a, b)).count(), 1);
        assert!(after.has_ids_of(&before) && after.has_roles_of(&before));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Whatever came before, the runs are those of the ids.
        #[test]
        fn runs_do_not_depend_on_what_came_before(
            edits in prop::collection::vec((0_u16..700, any::<bool>(), 0_u8..3), 1..60), batch in 1_usize..9,
        ) {
            let mut idr = Idr::new();
            idr.apply((0..700).step_by(3).map(|at| tell(&format!("d{at}"), "http://a/")));
            let mut last = Entities::build(&idr.snapshot(), None);
            for edits in edits.chunks(batch) {
                idr.apply(edits.iter().map(|(at, leaves, url)| match leaves {
                    true => Update::Remove(format!("d{at}").parse().unwrap()),
                    false => tell(&format!("d{at}"), &format!("http://{url}/")),
                }));
                let snapshot = idr.snapshot();
                let next = Entities::build(&snapshot, Some(&last));
                let anew = Entities::build(&snapshot, None);
                prop_assert_eq!(next.identity(), anew.identity());
                let texts = |entities: &Entities| -> Vec<Bytes> {
                    entities.runs.iter().map(|run| run.text(Dialect::Full).clone()).collect()
                };
                prop_assert_eq!(texts(&next), texts(&anew));
                let ids = |entities: &Entities| -> BTreeMap<String, usize> {
                    let ids = entities.iter().map(|entity| entity.id().to_string());
                    ids.zip(0..).collect()
                };
                prop_assert_eq!(ids(&next) == ids(&last), next.has_ids_of(&last));
                for domain in snapshot.domains() {
                    prop_assert!(next.get(domain.id().as_str()).is_some());
                }
                last = next;
            }
        }
    }
}
