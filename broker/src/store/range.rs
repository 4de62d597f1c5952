//! Which keys a scan looks at, and what it finds.

use bytes::Bytes;

use super::Record;

/// The most records that one scan gives.
pub const MAX_PAGE_RECORDS: usize = 10_000;
/// A scan stops after the record with which the page has this many bytes.
pub const MAX_PAGE_BYTES: usize = 16 << 20;

/// Keys from one (with it) up to another (without it), in one of two orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    from: Bytes,
    to: Option<Bytes>,
    is_descending: bool,
}

impl KeyRange {
    /// All keys.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Keys that are not before `from`, and before `to` where that is given.
    #[must_use]
    pub fn between(from: impl Into<Bytes>, to: Option<Bytes>) -> Self {
        Self {
            from: from.into(),
            to,
            is_descending: false,
        }
    }

    /// Keys that begin with `prefix`.
    #[must_use]
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let prefix = prefix.into();
        let to = after_prefix(&prefix);
        Self::between(prefix, to)
    }

    /// The same keys, the last first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.is_descending = true;
        self
    }

    /// The part of the range that comes after `key`, in the range's order.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        if self.is_descending {
            if self.to.as_ref().is_none_or(|to| key < &to[..]) {
                self.to = Some(Bytes::copy_from_slice(key));
            }
        } else if key >= &self.from[..] {
            // The first key after `key` is `key` with a zero octet behind it.
            self.from = [key, &[0]].concat().into();
        }
        self
    }

    /// The first key that may be in the range.
    #[must_use]
    pub fn from(&self) -> &[u8] {
        &self.from
    }

    /// The first key behind the range, if it has an end.
    #[must_use]
    pub fn to(&self) -> Option<&[u8]> {
        self.to.as_deref()
    }

    /// Whether the last key comes first.
    #[must_use]
    pub const fn is_descending(&self) -> bool {
        self.is_descending
    }

    /// Whether no key can be in the range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| to <= &self.from)
    }

    /// Whether a key is in the range.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= &self.from[..] && self.to.as_ref().is_none_or(|to| key < &to[..])
    }
}

/// The first key that is behind all keys with this prefix; none when the prefix is all 0xFF.
fn after_prefix(prefix: &[u8]) -> Option<Bytes> {
    let last = prefix.iter().rposition(|&octet| octet != 0xff)?;
    let mut end = prefix.get(..=last)?.to_vec();
    *end.last_mut()? += 1;
    Some(end.into())
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Keys and records, in the range's order.
    pub records: Vec<(Bytes, Record)>,
    /// What is left of the range, if there may be more in it. It may be used with a later snapshot.
    pub next: Option<KeyRange>,
}

/// Fills a page from an iterator over the range; asks for one record more than fits, to know whether it is
/// the last page.
pub(super) fn fill<E>(
    range: &KeyRange,
    limit: usize,
    found: impl Iterator<Item = Result<(Bytes, Record), E>>,
) -> Result<Page, E> {
    let limit = limit.min(MAX_PAGE_RECORDS);
    let mut page = Page::default();
    let mut bytes = 0;
    for item in found {
        let (key, record) = item?;
        if page.records.len() >= limit || bytes >= MAX_PAGE_BYTES {
            page.next = Some(match page.records.last() {
                Some((last, _)) => range.clone().after(last),
                None => range.clone(),
            });
            break;
        }
        bytes += key.len() + record.value.len();
        page.records.push((key, record));
    }
    Ok(page)
}
