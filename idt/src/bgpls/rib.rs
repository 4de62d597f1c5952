//! What one peer has told: its Adj-RIB-In (RFC 4271 §3.2).

use std::collections::HashMap;
use std::sync::Arc;

use nffg::DomainId;

use super::Attribute;
use super::dialect::{Dialect, NodeInformation, Standard};
use super::nlri::{Nlri, Skip};
use super::tlv::Fault;
use super::topology::convert;
use crate::DomainTopology;

/// What a peer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// NLRI kept.
    pub nlris: usize,
    /// Octets kept of NLRI and attributes; an attribute that several NLRI share counts for each.
    pub octets: usize,
    /// TLVs in one attribute, those within others counted too.
    pub tlvs: usize,
}

impl Default for Limits {
    /// Some ten times the largest domains in production (1,000 routers, 10,000 links each way, as
    /// many prefixes again), and ten times the TLVs of a well-used SRv6 node.
    fn default() -> Self {
        Self {
            nlris: 250_000,
            octets: 128 << 20,
            tlvs: 1_000,
        }
    }
}

/// One NLRI as it is kept.
#[derive(Clone, Debug)]
struct Kept {
    /// Shared by all NLRI of one UPDATE.
    attribute: Option<Arc<[u8]>>,
    /// Told in a session that has ended (RFC 4724 §4.2).
    stale: bool,
}

impl Kept {
    fn octets(&self) -> usize {
        self.attribute.as_ref().map_or(0, |octets| octets.len())
    }
}

/// What one peer has told and not withdrawn.
///
/// Keyed by the octets of the NLRI, as BGP has it: a new announcement replaces the earlier one
/// whole, with its attribute. Octets are kept and not types: a TE link of some 250 octets costs
/// some 400, nothing unknown is lost, and reading them again is quicker than the search after it.
#[derive(Clone, Debug)]
pub struct AdjRib {
    limits: Limits,
    dialect: Dialect,
    kept: HashMap<Box<[u8]>, Kept>,
    octets: usize,
    refused: u64,
}

/// What came of one UPDATE.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// NLRI taken.
    pub announced: usize,
    /// Of these, those that were stale: where another peer tells the same, this word counts before it again.
    pub confirmed: usize,
    /// NLRI removed.
    pub withdrawn: usize,
    /// Withdrawals of what was not there, which change nothing.
    pub unknown_withdrawn: usize,
    /// NLRI left out for a fault or for a type that no topology is made of.
    pub skipped: usize,
    /// Of these the first, at most [`Applied::MAX_SKIPS`].
    pub skips: Vec<Skip>,
    /// NLRI left out because of [`Limits::nlris`] or [`Limits::octets`].
    pub over_limit: usize,
    /// TLVs of the attribute left out; the reason if the attribute was dropped.
    pub faults: Vec<Fault>,
    /// Whether the whole attribute was dropped (RFC 9552 §8.2.2).
    pub attribute_discarded: bool,
    /// Whether anything is now other than before. What a peer repeats after its return is not.
    pub changed: bool,
}

impl Applied {
    /// How many [`Skip`]s one UPDATE reports.
    pub const MAX_SKIPS: usize = 16;

    fn skip(&mut self, skip: Skip) {
        self.skipped += 1;
        if self.skips.len() < Self::MAX_SKIPS {
            self.skips.push(skip);
        }
    }
}

/// One NLRI that a peer has told, with its attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The NLRI.
    pub nlri: Nlri,
    /// Its attribute; empty where none came with it, or a malformed one.
    pub attribute: Attribute,
    /// Told in a session that has ended.
    pub stale: bool,
}

impl AdjRib {
    /// Nothing told yet.
    #[must_use]
    pub fn new(limits: Limits, dialect: Dialect) -> Self {
        Self {
            limits,
            dialect,
            kept: HashMap::new(),
            octets: 0,
            refused: 0,
        }
    }

    /// Applies one UPDATE: the NLRI that it announces and withdraws, each with type and length, and
    /// the value of its path attribute 29.
    ///
    /// What is both withdrawn and announced is announced (RFC 4271 §4.3).
    pub fn apply(
        &mut self,
        announced: &[&[u8]],
        withdrawn: &[&[u8]],
        attribute: Option<&[u8]>,
    ) -> Applied {
        let mut applied = Applied::default();
        for nlri in withdrawn {
            match self.dialect.standard(nlri) {
                Ok(standard) => self.withdraw(&standard.nlri, &mut applied),
                Err(skip) => applied.skip(skip),
            }
        }
        if announced.is_empty() {
            return applied;
        }
        let mut attribute = Shared::new(attribute.filter(|octets| {
            let decoded = Attribute::decode(octets, self.limits.tlvs);
            applied.attribute_discarded = decoded.discarded;
            applied.faults = decoded.faults;
            // RFC 9552 §8.2.2: the NLRI stay, without it.
            !decoded.discarded
        }));
        for nlri in announced {
            match self.standard(nlri, &mut applied) {
                Ok(standard) => self.announce(standard, &mut attribute, &mut applied),
                Err(skip) => applied.skip(skip),
            }
        }
        self.refused += u64::try_from(applied.over_limit).unwrap_or(u64::MAX);
        applied
    }

    /// The NLRI in standard form, checked.
    fn standard<'a>(&self, nlri: &'a [u8], applied: &mut Applied) -> Result<Standard<'a>, Skip> {
        let mut standard = self.dialect.standard(nlri)?;
        if standard.node_information {
            return Ok(standard);
        }
        Nlri::decode(&standard.nlri)?;
        let inner = Attribute::decode(&standard.inner, self.limits.tlvs);
        applied.faults.extend(inner.faults);
        if inner.discarded {
            standard.inner.clear();
        }
        Ok(standard)
    }

    fn withdraw(&mut self, nlri: &[u8], applied: &mut Applied) {
        match self.kept.remove(nlri) {
            Some(kept) => {
                self.octets -= nlri.len() + kept.octets();
                applied.withdrawn += 1;
                applied.changed = true;
            }
            None => applied.unknown_withdrawn += 1,
        }
    }

    fn announce(&mut self, standard: Standard<'_>, shared: &mut Shared<'_>, applied: &mut Applied) {
        let Standard { nlri, inner, .. } = standard;
        let own =
            (!inner.is_empty()).then(|| [&*inner, shared.octets.unwrap_or_default()].concat());
        let attribute = own.as_deref().or(shared.octets);
        let attribute_len = attribute.map_or(0, <[u8]>::len);
        let to_arc =
            |shared: &mut Shared<'_>| own.as_deref().map(Arc::from).or_else(|| shared.arc());
        if let Some(kept) = self.kept.get_mut(&*nlri) {
            applied.announced += 1;
            applied.confirmed += usize::from(kept.stale);
            kept.stale = false;
            if kept.attribute.as_deref() == attribute {
                return;
            }
            applied.changed = true;
            self.octets -= kept.octets();
            if self.octets + attribute_len > self.limits.octets {
                // What was told is not true any more, what is told now is too much.
                kept.attribute = None;
                applied.over_limit += 1;
            } else {
                kept.attribute = to_arc(shared);
                self.octets += attribute_len;
            }
            return;
        }
        let octets = self.octets + nlri.len() + attribute_len;
        if self.kept.len() >= self.limits.nlris || octets > self.limits.octets {
            applied.over_limit += 1;
            return;
        }
        self.octets = octets;
        let kept = Kept {
            attribute: to_arc(shared),
            stale: false,
        };
        self.kept.insert(nlri.into_owned().into(), kept);
        applied.announced += 1;
        applied.changed = true;
    }

    /// The session has ended: all that the peer has told is stale, but stands (RFC 4724 §4.2).
    pub fn mark_stale(&mut self) {
        self.kept.values_mut().for_each(|kept| kept.stale = true);
    }

    /// Removes what the peer has not told again since [`AdjRib::mark_stale`]: at its End-of-RIB, or
    /// when its restart time is over. Returns whether anything was.
    pub fn drop_stale(&mut self) -> bool {
        let (before, octets) = (self.kept.len(), &mut self.octets);
        self.kept.retain(|nlri, kept| {
            if kept.stale {
                *octets -= nlri.len() + kept.octets();
            }
            !kept.stale
        });
        self.kept.len() != before
    }

    /// Removes everything. Returns whether there was anything.
    pub fn clear(&mut self) -> bool {
        let any = !self.kept.is_empty();
        *self = Self::new(self.limits, self.dialect);
        any
    }

    /// How many NLRI there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many of them are stale.
    #[must_use]
    pub fn stale(&self) -> usize {
        self.kept.values().filter(|kept| kept.stale).count()
    }

    /// Octets of NLRI and attributes, as [`Limits::octets`] counts them.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// How often a limit has cost an NLRI or its attribute since the beginning or the last
    /// [`AdjRib::clear`]. If it has, the topology is partial.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// How many NLRI may be kept from now on. Those that are kept already stay.
    pub fn set_max_nlris(&mut self, nlris: usize) {
        self.limits.nlris = nlris;
    }

    /// All nodes, links and prefixes, in order of the octets of their NLRI.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.in_order().filter_map(|(octets, attribute, stale)| {
            // Only what can be read is kept, but for netphony's node information.
            let nlri = Nlri::decode(octets).ok()?;
            Some(Entry {
                nlri,
                attribute: Attribute::decode(attribute, usize::MAX).attribute,
                stale,
            })
        })
    }

    /// All that is kept, in order of the octets of the NLRI: these, those of the attribute, and
    /// whether it is stale.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&[u8], &[u8], bool)> {
        let kept = self.kept.iter().map(|(nlri, kept)| (&**nlri, kept));
        let mut sorted: Vec<_> = kept.collect();
        sorted.sort_unstable_by_key(|(nlri, _)| *nlri);
        sorted.into_iter().map(|(nlri, kept)| {
            let attribute = kept.attribute.as_deref().unwrap_or_default();
            (nlri, attribute, kept.stale)
        })
    }

    /// The topology of the peer's domain; see [`convert`], which takes several peers and tells what
    /// was passed over.
    #[must_use]
    pub fn to_topology(
        &self,
        domain: &DomainId,
        neighbours: &dyn Fn(u32) -> Option<DomainId>,
    ) -> DomainTopology {
        convert(&[self], domain, neighbours).topology
    }

    /// What a peer of [`Dialect::Netphony`] tells of MdOs, in order of domains. Empty for others.
    #[must_use]
    pub fn node_information(&self) -> Vec<NodeInformation> {
        if self.dialect != Dialect::Netphony {
            return Vec::new();
        }
        let kept = self.kept.iter();
        let mut read: Vec<_> = kept
            .filter_map(|(nlri, kept)| {
                let attribute = kept.attribute.as_deref().unwrap_or_default();
                NodeInformation::read(nlri, attribute)
            })
            .collect();
        read.sort_unstable();
        read
    }
}

/// The attribute of one UPDATE, made into a shared one when the first NLRI wants to keep it.
struct Shared<'a> {
    octets: Option<&'a [u8]>,
    arc: Option<Arc<[u8]>>,
}

impl<'a> Shared<'a> {
    /// An attribute without TLVs tells as much as none.
    fn new(octets: Option<&'a [u8]>) -> Self {
        Self {
            octets: octets.filter(|octets| !octets.is_empty()),
            arc: None,
        }
    }

    fn arc(&mut self) -> Option<Arc<[u8]>> {
        let octets = self.octets?;
        Some(self.arc.get_or_insert_with(|| octets.into()).clone())
    }
}
