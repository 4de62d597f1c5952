//! Full cost maps (RFC 7285 §11.2.3): made once per version, when somebody asks first.
//!
//! A map is a row for each source. The rows of cost types that tell the same amounts are the same, and a
//! row that says what it said in the version before is the very same memory: whoever compares two
//! versions need not look at it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use idt::search::{Budget, Spent};

use super::answer::{rank, ranks};
use super::measure::{Measure, NONE};
use super::{COST_TYPES, CostType, Mode};
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
    rows: Vec<Bytes>,
    /// Of the names and amounts in each row.
    hashes: Vec<blake3::Hash>,
    /// Of all of them.
    tag: Tag,
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
        let all: Vec<u32> = (0..graph.len() as u32).collect();
        let mut budget = Budget::unlimited();
        let keys = Keys::of(graph.ids().iter().map(|id| id.as_str()));
        let mut made = Self {
            rows: Vec::with_capacity(all.len()),
            hashes: Vec::with_capacity(all.len()),
            tag: keys.tag.clone(),
        };
        match cost_type.mode {
            Mode::Numerical => {
                let per_unit = measure.per_unit();
                for sources in all.chunks(TOGETHER) {
                    let amounts = service.amounts(measure, sources, &all, &mut budget)?;
                    made.add(&keys, &amounts, before, |out, amount| {
                        json::fraction(out, amount, per_unit);
                    });
                }
            }
            Mode::Ordinal => {
                // A rank is one among all pairs.
                let amounts = service.amounts(measure, &all, &all, &mut budget)?;
                let ranks = ranks(measure, &amounts);
                // Amounts that have the same rank in two versions need not be the same.
                let ranked = |amount: &u64| match *amount {
                    NONE => NONE,
                    amount => rank(measure, &ranks, amount),
                };
                let ranked: Vec<u64> = amounts.iter().map(ranked).collect();
                made.add(&keys, &ranked, before, json::number);
            }
        }
        let hashes = made.hashes.iter().map(|hash| hash.as_bytes().as_slice());
        made.tag = Tag::of([keys.tag.as_str().as_bytes()].into_iter().chain(hashes));
        Ok(made)
    }

    /// Adds the rows of the next sources. `amounts` has theirs.
    fn add(
        &mut self,
        keys: &Keys,
        amounts: &[u64],
        before: Option<&Arc<Self>>,
        write: impl Fn(&mut Vec<u8>, u64),
    ) {
        let mut octets = Vec::with_capacity(keys.len() * 8);
        for amounts in amounts.chunks(keys.len().max(1)) {
            let at = self.rows.len();
            octets.clear();
            octets.extend(amounts.iter().flat_map(|amount| amount.to_le_bytes()));
            let mut hasher = blake3::Hasher::new();
            hasher.update(keys.tag.as_str().as_bytes());
            hasher.update(&octets);
            let hash = hasher.finalize();
            let same = before.filter(|before| before.hashes.get(at) == Some(&hash));
            let row = match same.and_then(|before| before.rows.get(at)) {
                Some(row) => row.clone(),
                None => keys.row(at, amounts, &write),
            };
            self.rows.push(row);
            self.hashes.push(hash);
        }
    }
}

/// The names of PIDs as members, `"AS1":` each, in one piece.
struct Keys {
    text: Vec<u8>,
    ends: Vec<usize>,
    tag: Tag,
}

impl Keys {
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        for name in names {
            json::string(&mut text, name);
            text.push(b':');
            ends.push(text.len());
        }
        let tag = Tag::of([text.as_slice()]);
        Self { text, ends, tag }
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
