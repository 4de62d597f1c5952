//! Full cost maps (RFC 7285 §11.2.3): made once per version, when somebody asks first.
//!
//! A map is a row for each source. The rows of cost types that tell the same amounts are the same, and a
//! row that says what it said in the version before is the very same memory: whoever compares two
//! versions need not look at it. Which rows may say something else is known where the amounts of all pairs
//! are known from those of the version before ([`Pairs`]): then others are not even read. Of other measures
//! all amounts are found, and a row is known by their hash.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use idt::search::{Budget, Spent};
use nffg::DomainId;

use super::answer::{rank, ranks};
use super::measure::{Measure, NONE};
use super::{COST_TYPES, CostType, Mode, Pairs};
use crate::json;
use crate::property_map::dependent_vtags;
use crate::service::{Content, Service};
use crate::{Tag, media, uri};

/// How many kinds of rows there are: thirteen measures, each as amounts or as ranks.
const KINDS: usize = 26;

/// The full cost maps of one version.
#[derive(Default)]
pub(crate) struct FullMaps {
    rows: [OnceLock<Arc<Rows>>; KINDS],
    /// Of the last version before of which they were asked for.
    before: [Option<Arc<Rows>>; KINDS],
}

/// The rows of a map, `,"AS1":{"AS2":1}` each; empty where a source has no costs.
struct Rows {
    keys: Arc<Keys>,
    rows: Vec<Bytes>,
    /// Of the names and amounts in each row.
    hashes: Vec<blake3::Hash>,
    /// Of all of them.
    tag: Tag,
    /// What they were made of, if a version after can tell which are others by it.
    pairs: Option<Pairs>,
    /// Of ranks, what they are ranks of.
    ranked: Option<Ranked>,
}

/// Sources whose amounts are found together: their table fits into a core's own cache.
const TOGETHER: usize = 64;

fn kind(cost_type: &CostType) -> usize {
    cost_type.metric.measure as usize * 2 + cost_type.mode as usize
}

impl FullMaps {
    /// Those of a version after.
    pub(crate) fn after(previous: &Self) -> Self {
        let before = |kind: usize| {
            let made = previous.rows.get(kind).and_then(OnceLock::get);
            let older = previous.before.get(kind).and_then(Option::as_ref);
            made.or(older).map(Arc::clone)
        };
        Self {
            rows: Default::default(),
            before: std::array::from_fn(before),
        }
    }

    /// Whether a map is there already.
    pub(crate) fn has(&self, cost_type: &CostType) -> bool {
        self.rows
            .get(kind(cost_type))
            .is_some_and(|rows| rows.get().is_some())
    }

    /// The map of a cost type.
    pub(crate) fn map(
        &self,
        service: &Service,
        cost_type: &'static CostType,
    ) -> Result<Content, Spent> {
        let kind = kind(cost_type);
        let before = self.before.get(kind).and_then(Option::as_ref);
        let rows = match self.rows.get(kind) {
            None => Arc::new(Rows::make(service, cost_type, before)?),
            Some(cell) => match cell.get() {
                Some(rows) => Arc::clone(rows),
                None => {
                    let made = Arc::new(Rows::make(service, cost_type, before)?);
                    Arc::clone(cell.get_or_init(|| made))
                }
            },
        };
        let network = &service.maps().network_map().tag;
        let told = cost_type.told().to_string();
        let tag = Tag::of([network.as_str(), &told, rows.tag.as_str()].map(str::as_bytes));
        let mut head = b"{\"meta\":{".to_vec();
        dependent_vtags(&mut head, uri::id::NETWORK_MAP, network);
        head.extend_from_slice(b",\"cost-type\":");
        head.extend_from_slice(told.as_bytes());
        head.extend_from_slice(b"},\"cost-map\":{");
        let mut pieces = Vec::with_capacity(rows.rows.len() + 2);
        pieces.push(head.into());
        let mut rows = rows.rows.iter().filter(|row| !row.is_empty());
        // The first has no comma.
        pieces.extend(rows.next().map(|row| row.slice(1..)));
        pieces.extend(rows.cloned());
        pieces.push(Bytes::from_static(b"}}"));
        Ok(Content {
            media_type: media::COST_MAP.into(),
            tag: Some(tag),
            pieces,
        })
    }
}

impl Rows {
    fn make(
        service: &Service,
        cost_type: &'static CostType,
        before: Option<&Arc<Self>>,
    ) -> Result<Self, Spent> {
        let measure = cost_type.metric.measure;
        let graph = service.maps().idt().graph();
        let mut budget = Budget::unlimited();
        let keys = Keys::of(graph.ids(), before.map(|before| &before.keys));
        // Where the names are others, so is what the numbers of domains mean.
        let like = before.filter(|before| before.keys.tag == keys.tag);
        let pairs = service.pairs(measure, &mut budget)?;
        let all: Vec<u32> = (0..graph.len() as u32).collect();
        let changed = like.and_then(|before| {
            let (now, then) = (pairs.as_ref()?, before.pairs.as_ref()?);
            now.changed_since(then)
        });
        // Ranks are asked for twice, and are of all.
        let whole = match (&pairs, cost_type.mode) {
            (None, Mode::Ordinal) => Some(service.amounts(measure, &all, &all, &mut budget)?),
            _ => None,
        };
        let mut amounts = |sources: &[u32]| match (&pairs, &whole) {
            (Some(pairs), _) => Ok(pairs.rows(sources)),
            (None, None) => service.amounts(measure, sources, &all, &mut budget),
            (None, Some(whole)) => {
                let of = |source: &u32| whole.chunks(all.len()).nth(*source as usize);
                let rows = sources.iter().filter_map(of);
                Ok(rows.flatten().copied().collect())
            }
        };
        let mut made = Self::begun(keys, like.filter(|_| changed.is_some()));
        let sources = changed.as_deref().unwrap_or(&all);
        match cost_type.mode {
            Mode::Numerical => {
                let per_unit = measure.per_unit();
                for sources in sources.chunks(TOGETHER) {
                    made.put(sources, &amounts(sources)?, like, |out, amount| {
                        json::fraction(out, amount, per_unit);
                    });
                }
            }
            Mode::Ordinal => {
                // A rank is one among all pairs.
                let then = like.and_then(|before| before.ranked.as_ref());
                let then = then.filter(|_| changed.is_some());
                let nothing = || vec![Arc::default(); all.len()];
                let mut distinct = then.map_or_else(nothing, |then| then.distinct.clone());
                for sources in sources.chunks(TOGETHER) {
                    let found = amounts(sources)?;
                    for (source, amounts) in sources.iter().zip(found.chunks(all.len().max(1))) {
                        distinct[*source as usize] = ranks(measure, amounts).into();
                    }
                }
                let ranked = Ranked::of(distinct);
                // Amounts that have the same rank in two versions need not be the same; and those that are
                // may have other ranks.
                let same = then.is_some_and(|then| then.ranks == ranked.ranks);
                let sources = if same { sources } else { &all };
                for sources in sources.chunks(TOGETHER) {
                    let mut table = amounts(sources)?;
                    for amount in table.iter_mut().filter(|amount| **amount != NONE) {
                        *amount = rank(measure, &ranked.ranks, *amount);
                    }
                    made.put(sources, &table, like, json::number);
                }
                made.ranked = Some(ranked);
            }
        }
        let hashes = made.hashes.iter().map(|hash| hash.as_bytes().as_slice());
        let names = [made.keys.tag.as_str().as_bytes()];
        made.tag = Tag::of(names.into_iter().chain(hashes));
        made.pairs = pairs;
        Ok(made)
    }

    /// Those of `before`, of which some are to be put in their place; or none, of which all are.
    fn begun(keys: Arc<Keys>, before: Option<&Arc<Self>>) -> Self {
        let len = keys.len();
        let nothing = || {
            let hash = blake3::Hash::from_bytes([0; blake3::OUT_LEN]);
            (vec![Bytes::new(); len], vec![hash; len])
        };
        let known = |before: &Arc<Self>| (before.rows.clone(), before.hashes.clone());
        let (rows, hashes) = before.map_or_else(nothing, known);
        Self {
            tag: keys.tag.clone(),
            keys,
            rows,
            hashes,
            pairs: None,
            ranked: None,
        }
    }

    /// Puts the rows of some sources in their places. `amounts` has theirs; a row that says what it said in
    /// `before`, which has the same names, is taken from there.
    fn put(
        &mut self,
        sources: &[u32],
        amounts: &[u64],
        before: Option<&Arc<Self>>,
        write: impl Fn(&mut Vec<u8>, u64),
    ) {
        let mut octets = Vec::with_capacity(self.keys.len() * 8);
        let rows = amounts.chunks(self.keys.len().max(1));
        for (at, amounts) in sources.iter().map(|source| *source as usize).zip(rows) {
            octets.clear();
            for amount in amounts {
                octets.extend_from_slice(&amount.to_le_bytes());
            }
            let mut hasher = blake3::Hasher::new();
            hasher.update(self.keys.tag.as_str().as_bytes());
            hasher.update(&octets);
            let hash = hasher.finalize();
            let same = before.filter(|before| before.hashes.get(at) == Some(&hash));
            let row = match same.and_then(|before| before.rows.get(at)) {
                Some(row) => row.clone(),
                None => self.keys.row(at, amounts, &write),
            };
            if let (Some(place), Some(hashed)) = (self.rows.get_mut(at), self.hashes.get_mut(at)) {
                (*place, *hashed) = (row, hash);
            }
        }
    }
}

/// What ranks are ranks of.
struct Ranked {
    /// By source: how bad its amounts are, each once, the best first.
    distinct: Vec<Arc<[u64]>>,
    /// The same of all pairs.
    ranks: Vec<u64>,
}

impl Ranked {
    fn of(distinct: Vec<Arc<[u64]>>) -> Self {
        let mut ranks: Vec<u64> = distinct.iter().flat_map(|of| of.iter().copied()).collect();
        ranks.sort_unstable();
        ranks.dedup();
        Self { distinct, ranks }
    }
}

/// The names of PIDs as members, `"AS1":` each, in one piece.
struct Keys {
    text: Vec<u8>,
    ends: Vec<usize>,
    tag: Tag,
}

impl Keys {
    /// Those of `before` if they are the same.
    fn of(names: &[DomainId], before: Option<&Arc<Self>>) -> Arc<Self> {
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        for name in names {
            json::string(&mut text, name.as_str());
            text.push(b':');
            ends.push(text.len());
        }
        if let Some(before) = before.filter(|before| before.ends == ends && before.text == text) {
            return Arc::clone(before);
        }
        let tag = Tag::of([text.as_slice()]);
        Arc::new(Self { text, ends, tag })
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn row(&self, source: usize, amounts: &[u64], write: impl Fn(&mut Vec<u8>, u64)) -> Bytes {
        let mut out = Vec::with_capacity(self.text.len() + amounts.len() * 8 + 64);
        out.push(b',');
        let start = source.checked_sub(1).and_then(|at| self.ends.get(at));
        let end = self.ends.get(source);
        let key = start.copied().unwrap_or(0)..end.copied().unwrap_or(0);
        out.extend_from_slice(self.text.get(key).unwrap_or_default());
        out.push(b'{');
        let empty = out.len();
        let mut start = 0;
        for (end, amount) in self.ends.iter().zip(amounts) {
            if *amount != NONE {
                out.extend_from_slice(&self.text[start..*end]);
                write(&mut out, *amount);
                out.push(b',');
            }
            start = *end;
        }
        if out.len() == empty {
            return Bytes::new();
        }
        // The last comma.
        out.pop();
        out.push(b'}');
        out.shrink_to_fit();
        Bytes::from(out)
    }
}

/// The cost types that have a full map.
pub(crate) fn full_maps() -> impl Iterator<Item = (&'static CostType, &'static str, &'static str)> {
    let full = COST_TYPES.iter();
    full.filter_map(|cost_type| cost_type.full_map.map(|(id, uri)| (cost_type, id, uri)))
}

const _: () = assert!(Measure::Throughput as usize * 2 + Mode::Ordinal as usize + 1 == KINDS);
