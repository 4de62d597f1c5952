//! What is different between two versions of the database, as events in order.

mod words;

use std::cmp::Ordering;
use std::iter;
use std::sync::Arc;

use nffg::{BisBisId, DomainId, NfType, SapId};

use crate::reservation::Amounts;
use crate::{Border, Domain, EntryPoint, OpenBorder, Snapshot, Totals};

/// One difference between two snapshots: from what was before to what is after.
///
/// All lists of ids are sorted, and at least one of an event's lists is not empty.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The domain is a member now, with all that it has.
    Joined(DomainId),
    /// The domain is no member any more, and all that it had is gone.
    Left(DomainId),
    /// The domain's orchestrator is reached elsewhere.
    EntryPoint {
        /// The domain.
        domain: DomainId,
        /// Where before, if known.
        from: Option<EntryPoint>,
        /// Where now, if known.
        to: Option<EntryPoint>,
    },
    /// The domain's totals are different.
    Resources {
        /// The domain.
        domain: DomainId,
        /// The sum over its nodes before.
        from: Totals,
        /// The sum now.
        to: Totals,
    },
    /// Reservations hold more or less of the domain.
    Held {
        /// The domain.
        domain: DomainId,
        /// What was held before.
        from: Amounts,
        /// What is held now.
        to: Amounts,
    },
    /// Nodes of the domain are different.
    Nodes {
        /// The domain.
        domain: DomainId,
        /// Nodes that were not there.
        added: Vec<BisBisId>,
        /// Nodes that are gone.
        removed: Vec<BisBisId>,
        /// Nodes of which anything is different.
        changed: Vec<BisBisId>,
    },
    /// The domain supports other NF types.
    NfTypes {
        /// The domain.
        domain: DomainId,
        /// Types that no node of it could run.
        added: Vec<NfType>,
        /// Types that no node of it can run any more.
        removed: Vec<NfType>,
    },
    /// The domain has other service access points.
    Saps {
        /// The domain.
        domain: DomainId,
        /// Those that it did not have.
        added: Vec<SapId>,
        /// Those that it has no more.
        removed: Vec<SapId>,
    },
    /// The domain tags other ports as inter-domain, or tells other attributes of them. What
    /// borders follow from it, the events of the federation say.
    InterDomainSaps {
        /// The domain.
        domain: DomainId,
        /// Tags that it did not have.
        added: Vec<SapId>,
        /// Tags that it has no more.
        removed: Vec<SapId>,
        /// Tags with another delay, bandwidth or number of nodes.
        changed: Vec<SapId>,
    },
    /// What was decided against the letter of the domain's view is different ([`Domain::warnings`]).
    Warnings(DomainId),
    /// Two domains or more tag the SAP, which was not so before.
    BorderUp(Border),
    /// The SAP is no border any more: this is what it was.
    BorderDown(Border),
    /// Other domains meet at the border, or a side tells another delay or bandwidth.
    BorderChanged {
        /// The border before.
        from: Border,
        /// The border of the same SAP now.
        to: Border,
    },
    /// Only this domain tags the SAP, at one node only, which was not so before.
    OpenBorderAppeared(OpenBorder),
    /// The domain is not alone in tagging the SAP any more, or does not tag it, or joins nodes of its own
    /// there.
    OpenBorderGone(OpenBorder),
}

impl Change {
    /// The kind in a word, in lower case with hyphens. Programs may rely on it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Joined(_) => "joined",
            Self::Left(_) => "left",
            Self::EntryPoint { .. } => "entry-point",
            Self::Resources { .. } => "resources",
            Self::Held { .. } => "held",
            Self::Nodes { .. } => "nodes",
            Self::NfTypes { .. } => "nf-types",
            Self::Saps { .. } => "saps",
            Self::InterDomainSaps { .. } => "inter-domain-saps",
            Self::Warnings(_) => "warnings",
            Self::BorderUp(_) => "border-up",
            Self::BorderDown(_) => "border-down",
            Self::BorderChanged { .. } => "border-changed",
            Self::OpenBorderAppeared(_) => "open-border-appeared",
            Self::OpenBorderGone(_) => "open-border-gone",
        }
    }

    /// The domain that it is about; `None` for a border, which is about several.
    #[must_use]
    pub fn domain(&self) -> Option<&DomainId> {
        match self {
            Self::Joined(domain)
            | Self::Left(domain)
            | Self::EntryPoint { domain, .. }
            | Self::Resources { domain, .. }
            | Self::Held { domain, .. }
            | Self::Nodes { domain, .. }
            | Self::NfTypes { domain, .. }
            | Self::Saps { domain, .. }
            | Self::InterDomainSaps { domain, .. }
            | Self::Warnings(domain)
            | Self::OpenBorderAppeared(OpenBorder { domain, .. })
            | Self::OpenBorderGone(OpenBorder { domain, .. }) => Some(domain),
            Self::BorderUp(_) | Self::BorderDown(_) | Self::BorderChanged { .. } => None,
        }
    }

    /// All domains that it is about, sorted, each once: of a border those that meet there, before or
    /// now.
    #[must_use]
    pub fn participants(&self) -> Vec<&DomainId> {
        match self {
            Self::BorderUp(border) | Self::BorderDown(border) => border.domains().collect(),
            Self::BorderChanged { from, to } => {
                let mut domains: Vec<_> = from.domains().chain(to.domains()).collect();
                domains.sort_unstable();
                domains.dedup();
                domains
            }
            _ => self.domain().into_iter().collect(),
        }
    }

    /// The SAP of a border or open border.
    #[must_use]
    pub fn sap(&self) -> Option<&SapId> {
        match self {
            Self::BorderUp(border)
            | Self::BorderDown(border)
            | Self::BorderChanged { to: border, .. } => Some(&border.sap),
            Self::OpenBorderAppeared(open) | Self::OpenBorderGone(open) => Some(&open.sap),
            _ => None,
        }
    }
}

/// What is different in `after`, as events in order.
///
/// Any two snapshots can be compared, next to each other or not, of one history or of two: the
/// answer depends on their content alone, and it is empty exactly if their contents are equal. In order:
///
/// 1. per domain, by id: that it joined or left, or what of its own is different, in the order of
///    the variants of [`Change`];
/// 2. per SAP, by id: which borders and open borders are different. These are facts of the
///    federation, told beside joins and leaves too. What is no more comes before what is new.
///
/// [`Change::Joined`] implies all that the domain has, and [`Change::Left`] all that it had: its
/// entry point, nodes, NF types and SAPs, and what is held, are not listed beside it. Who acts on a join reads the
/// domain in the later snapshot ([`Snapshot::domain`]), who acts on a leave in the earlier one. Lists
/// of ids are to be read likewise: what an added or changed node is now, the later snapshot says.
///
/// [`Snapshot::totals`] and what [`Snapshot::supporting`], [`Snapshot::having`] and
/// [`Snapshot::shared_saps`] answer follow from the domains and have no events of their own.
///
/// The cost: a comparison of pointers for each domain, a full one of those domains that the
/// two do not share, and a pass over the borders if a tag of any domain is different.
#[must_use]
pub fn changes(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    let order = |a: &&Arc<Domain>, b: &&Arc<Domain>| {
        if Arc::ptr_eq(a, b) {
            Ordering::Equal
        } else {
            a.id().cmp(b.id())
        }
    };
    for found in side_by_side(before.domains(), after.domains(), order) {
        match found {
            Found::Before(domain) => changes.push(Change::Left(domain.id().clone())),
            Found::After(domain) => changes.push(Change::Joined(domain.id().clone())),
            Found::Both(before, after) if Arc::ptr_eq(before, after) => {}
            Found::Both(before, after) => of_domain(before, after, &mut changes),
        }
    }
    of_borders(before, after, &mut changes);
    changes
}

/// What of a member's own is different.
fn of_domain(before: &Domain, after: &Domain, changes: &mut Vec<Change>) {
    let domain = after.id();
    if before.entry_point() != after.entry_point() {
        changes.push(Change::EntryPoint {
            domain: domain.clone(),
            from: before.entry_point().cloned(),
            to: after.entry_point().cloned(),
        });
    }
    if before.totals() != after.totals() {
        changes.push(Change::Resources {
            domain: domain.clone(),
            from: *before.totals(),
            to: *after.totals(),
        });
    }
    if before.held() != after.held() {
        changes.push(Change::Held {
            domain: domain.clone(),
            from: *before.held(),
            to: *after.held(),
        });
    }
    if before.shares_export(after) {
        return;
    }
    let nodes = Lists::between(before.nodes(), after.nodes(), |node| &node.id);
    if !nodes.is_empty() {
        changes.push(Change::Nodes {
            domain: domain.clone(),
            added: nodes.added,
            removed: nodes.removed,
            changed: nodes.changed,
        });
    }
    let nf_types = Lists::between(before.nf_types(), after.nf_types(), |nf_type| nf_type);
    if !nf_types.is_empty() {
        changes.push(Change::NfTypes {
            domain: domain.clone(),
            added: nf_types.added,
            removed: nf_types.removed,
        });
    }
    let saps = Lists::between(before.saps(), after.saps(), |sap| sap);
    if !saps.is_empty() {
        changes.push(Change::Saps {
            domain: domain.clone(),
            added: saps.added,
            removed: saps.removed,
        });
    }
    let (tags, now) = (before.inter_domain_saps(), after.inter_domain_saps());
    let tags = Lists::between(tags, now, |tag| &tag.sap);
    if !tags.is_empty() {
        changes.push(Change::InterDomainSaps {
            domain: domain.clone(),
            added: tags.added,
            removed: tags.removed,
            changed: tags.changed,
        });
    }
    if before.warnings() != after.warnings() {
        changes.push(Change::Warnings(domain.clone()));
    }
}

/// A tag of one domain or of several.
#[derive(Clone, Copy, PartialEq)]
enum Tagged<'a> {
    Open(&'a OpenBorder),
    Border(&'a Border),
}

impl<'a> Tagged<'a> {
    /// All tags of a snapshot, by SAP id. A SAP is in one of the two lists only.
    fn all(snapshot: &'a Snapshot) -> impl Iterator<Item = Self> {
        let borders = snapshot.borders().iter().map(Self::Border);
        let open = snapshot.open_borders().iter().map(Self::Open);
        side_by_side(borders, open, Self::order)
            .flat_map(|found| match found {
                Found::Before(tagged) | Found::After(tagged) => [Some(tagged), None],
                Found::Both(border, open) => [Some(border), Some(open)],
            })
            .flatten()
    }

    fn order(&self, other: &Self) -> Ordering {
        self.sap().cmp(other.sap())
    }

    fn sap(&self) -> &'a SapId {
        match self {
            Self::Open(open) => &open.sap,
            Self::Border(border) => &border.sap,
        }
    }

    fn gone(self) -> Change {
        match self {
            Self::Open(open) => Change::OpenBorderGone(open.clone()),
            Self::Border(border) => Change::BorderDown(border.clone()),
        }
    }

    fn appeared(self) -> Change {
        match self {
            Self::Open(open) => Change::OpenBorderAppeared(open.clone()),
            Self::Border(border) => Change::BorderUp(border.clone()),
        }
    }
}

fn of_borders(before: &Snapshot, after: &Snapshot, changes: &mut Vec<Change>) {
    // Versions share both lists as long as no tag is different.
    if std::ptr::eq(before.borders(), after.borders())
        && std::ptr::eq(before.open_borders(), after.open_borders())
    {
        return;
    }
    for found in side_by_side(Tagged::all(before), Tagged::all(after), Tagged::order) {
        match found {
            Found::Before(tagged) => changes.push(tagged.gone()),
            Found::After(tagged) => changes.push(tagged.appeared()),
            Found::Both(before, after) if before == after => {}
            Found::Both(Tagged::Border(from), Tagged::Border(to)) => {
                changes.push(Change::BorderChanged {
                    from: from.clone(),
                    to: to.clone(),
                });
            }
            Found::Both(before, after) => changes.extend([before.gone(), after.appeared()]),
        }
    }
}

/// Ids of what is in one of two lists only, and of what is in both and not the same.
struct Lists<K> {
    added: Vec<K>,
    removed: Vec<K>,
    changed: Vec<K>,
}

impl<K: Clone + Ord> Lists<K> {
    /// Of two lists, each sorted by `id` and without repetition.
    fn between<T: PartialEq>(before: &[T], after: &[T], id: impl Fn(&T) -> &K) -> Self {
        let mut lists = Self {
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
        };
        for found in side_by_side(before, after, |a, b| id(a).cmp(id(b))) {
            match found {
                Found::Before(one) => lists.removed.push(id(one).clone()),
                Found::After(one) => lists.added.push(id(one).clone()),
                Found::Both(before, after) if before == after => {}
                Found::Both(_, after) => lists.changed.push(id(after).clone()),
            }
        }
        lists
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Where something of two lists was found.
pub(crate) enum Found<T> {
    Before(T),
    Both(T, T),
    After(T),
}

/// Walks two lists that are sorted by `order`, each element of either once.
pub(crate) fn side_by_side<T>(
    before: impl IntoIterator<Item = T>,
    after: impl IntoIterator<Item = T>,
    order: impl Fn(&T, &T) -> Ordering,
) -> impl Iterator<Item = Found<T>> {
    let mut before = before.into_iter().peekable();
    let mut after = after.into_iter().peekable();
    iter::from_fn(move || {
        let order = match (before.peek(), after.peek()) {
            (Some(before), Some(after)) => order(before, after),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        Some(match order {
            Ordering::Less => Found::Before(before.next()?),
            Ordering::Equal => Found::Both(before.next()?, after.next()?),
            Ordering::Greater => Found::After(after.next()?),
        })
    })
}
