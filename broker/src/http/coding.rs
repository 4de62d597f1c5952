//! Content codings (RFC 9110 §8.4.1): which of them a client takes, and the encoding itself.

use std::io::{self, Write};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

/// A content coding. In the order in which the server prefers them: of the same text `zstd` makes less,
/// in less time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Coding {
    /// RFC 8878, with the window of RFC 9659.
    Zstd,
    /// RFC 1952.
    Gzip,
}

/// How much work an encoding is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// It is sent many times.
    Kept,
    /// It is sent once.
    Once,
}

impl Coding {
    const ALL: [Self; 2] = [Self::Zstd, Self::Gzip];

    /// The name in `Content-Encoding`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The same as a header's value.
    pub(super) fn value(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    fn is(self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name())
            // RFC 9110 §8.4.1.3.
            || (self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip"))
    }

    /// The text of these pieces in this coding. The same pieces and effort make the same octets.
    ///
    /// # Errors
    /// None that the pieces are the reason of: they are in memory, and so is what is made.
    pub(super) fn encode(self, pieces: &[Bytes], effort: Effort) -> io::Result<Bytes> {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        let made = Vec::with_capacity(length / 8);
        let made = match self {
            Self::Zstd => {
                let level = match effort {
                    Effort::Kept => 3,
                    Effort::Once => 1,
                };
                let mut encoder = zstd::stream::write::Encoder::new(made, level)?;
                encoder.set_pledged_src_size(Some(length as u64))?;
                write_all(&mut encoder, pieces)?;
                encoder.finish()?
            }
            Self::Gzip => {
                let level = match effort {
                    Effort::Kept => flate2::Compression::new(6),
                    Effort::Once => flate2::Compression::fast(),
                };
                let mut encoder = flate2::write::GzEncoder::new(made, level);
                write_all(&mut encoder, pieces)?;
                encoder.finish()?
            }
        };
        // It is kept, and most of its room may be empty.
        Ok(made.into_boxed_slice().into())
    }
}

fn write_all(encoder: &mut impl Write, pieces: &[Bytes]) -> io::Result<()> {
    pieces.iter().try_for_each(|piece| encoder.write_all(piece))
}

/// What a client takes, best first; `None` is the text as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acceptable {
    ranked: [Option<Option<Coding>>; 3],
}

impl Acceptable {
    /// No coding at all: of a client that says nothing of them.
    const IDENTITY: Self = Self {
        ranked: [Some(None), None, None],
    };

    /// What the `Accept-Encoding` lines of a request say (RFC 9110 §12.5.3). An element that is malformed
    /// says nothing.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(header::ACCEPT_ENCODING).iter().peekable();
        if lines.peek().is_none() {
            // Any is acceptable, then; but who knows codings says so.
            return Self::IDENTITY;
        }
        let mut said = Said::default();
        for line in lines.filter_map(|line| line.to_str().ok()) {
            line.split(',').for_each(|element| said.take(element));
        }
        said.rank()
    }

    /// Those, best first.
    pub fn iter(&self) -> impl Iterator<Item = Option<Coding>> + use<> {
        self.ranked.into_iter().flatten()
    }

    /// Whether the text may be sent as it is.
    #[must_use]
    pub fn takes_identity(&self) -> bool {
        self.iter().any(|coding| coding.is_none())
    }
}

/// Weights in thousandths.
#[derive(Default)]
struct Said {
    codings: [Option<u16>; Coding::ALL.len()],
    identity: Option<u16>,
    all_others: Option<u16>,
}

impl Said {
    fn take(&mut self, element: &str) {
        let (name, weight) = element.split_once(';').unwrap_or((element, "q=1"));
        let (name, Some(weight)) = (name.trim(), weight_of(weight)) else {
            return;
        };
        let place = if name == "*" {
            &mut self.all_others
        } else if name.eq_ignore_ascii_case("identity") {
            &mut self.identity
        } else {
            let known = Coding::ALL.into_iter().zip(&mut self.codings);
            let Some((_, place)) = known.into_iter().find(|(coding, _)| coding.is(name)) else {
                return;
            };
            place
        };
        *place = (*place).max(Some(weight));
    }

    fn rank(&self) -> Acceptable {
        // What is not named is not wanted; but the text as it is can be had unless it is refused.
        let weight = |own: Option<u16>| own.or(self.all_others).unwrap_or(0);
        let identity = match self
            .identity
            .or_else(|| self.all_others.filter(|weight| *weight == 0))
        {
            None => Some(1),
            Some(0) => None,
            Some(weight) => Some(2 * weight),
        };
        let codings = Coding::ALL.into_iter().zip(self.codings);
        let codings = codings.map(|(coding, own)| (Some(coding), 2 * weight(own)));
        let identity = identity.map(|weight| (None, weight));
        let mut all: Vec<(Option<Coding>, u16)> = codings.chain(identity).collect();
        all.retain(|(_, weight)| *weight > 0);
        // Stable: of equals the first is the server's preference.
        all.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let mut all = all.into_iter().map(|(coding, _)| coding);
        Acceptable {
            ranked: std::array::from_fn(|_| all.next()),
        }
    }
}

/// A weight (RFC 9110 §12.4.2) in thousandths; `None` if it is none.
fn weight_of(parameter: &str) -> Option<u16> {
    let (name, text) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    alto::media::quality(text.trim())
}

#[cfg(test)]
mod tests;
