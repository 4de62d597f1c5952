//! Where domains meet: ports that several of them tag with one SAP id.

use nffg::{Bandwidth, Delay, DomainId, SapId};

use crate::Domain;
use crate::domain::{larger, smaller};

/// A SAP that two or more domains tag as inter-domain: they are directly connected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Border {
    /// The id that all of them tag.
    pub sap: SapId,
    /// The domains with what each tells of its own side, by domain, two or more.
    pub ends: Vec<BorderEnd>,
}

/// One domain's side of a border.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BorderEnd {
    /// The domain.
    pub domain: DomainId,
    /// Delay across the border, where this side tells it.
    pub delay: Option<Delay>,
    /// Bandwidth across the border, where this side tells it.
    pub bandwidth: Option<Bandwidth>,
}

/// Two domains that meet at a border, with the attributes of the link between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BorderPair<'a> {
    /// The domain that comes first by id.
    pub a: &'a DomainId,
    /// The other one.
    pub b: &'a DomainId,
    /// The larger of the two delays, if either side tells one.
    pub delay: Option<Delay>,
    /// The smaller of the two bandwidths, if either side tells one.
    pub bandwidth: Option<Bandwidth>,
}

/// A SAP that a single domain tags as inter-domain, at one of its nodes: neither a border nor a
/// service access point until a neighbour tags it too. For operators, who may have misspelt it.
///
/// What a single domain tags at several of its nodes joins these, as in the views of ESCAPE that
/// show every domain below it as a node: nobody else is expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBorder {
    /// The id.
    pub sap: SapId,
    /// The domain that tags it.
    pub domain: DomainId,
}

impl OpenBorder {
    /// The open border of the one domain that tags `sap`; `None` if it joins nodes of that domain.
    pub(crate) fn of(domain: &Domain, sap: &SapId) -> Option<Self> {
        let tags = domain.inter_domain_saps();
        let at = tags.binary_search_by(|tag| tag.sap.cmp(sap)).ok()?;
        (tags.get(at)?.nodes < 2).then(|| Self {
            sap: sap.clone(),
            domain: domain.id().clone(),
        })
    }
}

impl Border {
    /// The domains that meet, sorted.
    pub fn domains(&self) -> impl ExactSizeIterator<Item = &DomainId> {
        self.ends.iter().map(|end| &end.domain)
    }

    /// Every two domains that meet here, in order. At an exchange that n domains share these are
    /// n(n-1)/2: any two of them are directly connected.
    pub fn pairs(&self) -> impl Iterator<Item = BorderPair<'_>> {
        self.ends.iter().enumerate().flat_map(|(index, a)| {
            self.ends[index + 1..].iter().map(move |b| BorderPair {
                a: &a.domain,
                b: &b.domain,
                delay: larger(a.delay, b.delay),
                bandwidth: smaller(a.bandwidth, b.bandwidth),
            })
        })
    }
}
