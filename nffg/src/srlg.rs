//! Shared risk link groups.

use crate::json::Cursor;
use crate::list::{Read, elements, id_text};

/// The shared risk link groups of a link: sorted, each once. A group is links that fail together, such as
/// those in one duct (RFC 4202 §2.3). Its number means something only together with who tells it: it is
/// unique within an IGP domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Srlgs(Box<[u32]>);

impl Srlgs {
    /// The groups of one link that a document may name.
    pub const MOST: usize = 1000;

    /// The numbers, sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// Whether the link is in no group.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<u32> for Srlgs {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut numbers: Vec<u32> = numbers.into_iter().collect();
        numbers.sort_unstable();
        numbers.dedup();
        Self(numbers.into())
    }
}

/// Reads the member `told`: a list of numbers, or one.
pub(crate) fn srlgs(told: &Cursor<'_>) -> Read<Srlgs> {
    let number = |member: &Cursor<'_>| {
        let text = id_text(member)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u32>().ok().filter(|_| digits);
        number.ok_or_else(|| member.invalid("a number from 0 to 4294967295 (RFC 4202 §2.3)"))
    };
    if !told.value().is_array() {
        return number(told).map(|number| Srlgs([number].into()));
    }
    let list = elements(told, Srlgs::MOST)?;
    list.iter()
        .map(|element| number(&element.cursor()))
        .collect()
}
