//! Type, length, value (RFC 9552 §5.1): the walk, the faults it finds, and the canonical order.

use std::fmt;

/// A TLV that has no type of its own here, as it came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tlv {
    /// The type.
    pub kind: u16,
    /// The value.
    pub value: Box<[u8]>,
}

/// The rule that an NLRI or a TLV breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// It ends before its length says.
    Truncated,
    /// The lengths do not add up.
    Framing,
    /// TLVs ascend by type, then length, then value (RFC 9552 §5.1).
    Order,
    /// At most one of them (RFC 9552 §5.2.1.4 for node descriptors).
    Repeated,
    /// The local node (256) is mandatory (RFC 9552 §5.2.1.2).
    NoLocalNode,
    /// A link has a remote node (257) (RFC 9552 §5.2.1.3).
    NoRemoteNode,
    /// A prefix NLRI has its prefix (265) (RFC 9552 §5.2.3.2).
    NoPrefix,
    /// A TLV of this type has another length.
    Length,
    /// A prefix has at most 32 (IPv4) or 128 (IPv6) bits, and as many octets as they need.
    PrefixLength,
    /// The value is none that the type allows.
    Value,
    /// More TLVs than the settings allow.
    TooMany,
    /// The NLRI type is none that a topology is made of.
    UnusedType,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "it ends before its length says",
            Self::Framing => "the lengths must add up",
            Self::Order => "TLVs must ascend by type, length and value (RFC 9552 5.1)",
            Self::Repeated => "at most one may be there",
            Self::NoLocalNode => "a local node descriptor (256) must be there",
            Self::NoRemoteNode => "a link must have a remote node descriptor (257)",
            Self::NoPrefix => "a prefix NLRI must have its prefix (265)",
            Self::Length => "a TLV of this type has another length",
            Self::PrefixLength => {
                "at most 32 or 128 bits, and as many octets as they need (RFC 9552 5.2.3.2)"
            }
            Self::Value => "the value is impossible",
            Self::TooMany => "more TLVs than the limit",
            Self::UnusedType => "an NLRI type that no topology is made of",
        })
    }
}

/// Where octets break which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} at octet {offset}: {rule}", Place(*.tlv))]
pub struct Fault {
    /// Octets before the fault, from the start of the NLRI or of the attribute's value.
    pub offset: usize,
    /// The type of the TLV, if it is one.
    pub tlv: Option<u16>,
    /// The rule.
    pub rule: Rule,
}

struct Place(Option<u16>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(kind) => write!(f, "TLV {kind}"),
            None => f.write_str("octets"),
        }
    }
}

/// A TLV in place.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawTlv<'a> {
    pub(super) offset: usize,
    pub(super) kind: u16,
    pub(super) value: &'a [u8],
}

impl RawTlv<'_> {
    /// The octets before the value.
    pub(super) const HEADER: usize = 4;

    pub(super) fn fault(&self, rule: Rule) -> Fault {
        Fault {
            offset: self.offset,
            tlv: Some(self.kind),
            rule,
        }
    }

    pub(super) fn to_tlv(self) -> Tlv {
        Tlv {
            kind: self.kind,
            value: self.value.into(),
        }
    }

    /// The value, if it has `N` octets.
    pub(super) fn array<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let array = self.value.try_into();
        array.map_err(|_| self.fault(Rule::Length))
    }

    pub(super) fn u32(&self) -> Result<u32, Fault> {
        self.array().map(u32::from_be_bytes)
    }

    /// The value as 16-bit numbers, at least one (263).
    pub(super) fn topologies(&self) -> Result<impl Iterator<Item = u16>, Fault> {
        // The upper four bits are reserved or flags (RFC 9552 §5.2.2.1): ignored on receipt.
        let (pairs, []) = self.value.as_chunks::<2>() else {
            return Err(self.fault(Rule::Length));
        };
        if pairs.is_empty() {
            return Err(self.fault(Rule::Length));
        }
        Ok(pairs.iter().map(|pair| u16::from_be_bytes(*pair) & 0x0fff))
    }
}

/// Walks TLVs that begin `base` octets into the whole. Ends after the first fault.
#[derive(Clone, Debug)]
pub(super) struct Tlvs<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Tlvs<'a> {
    pub(super) fn new(bytes: &'a [u8], base: usize) -> Self {
        Self {
            rest: bytes,
            at: base,
        }
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Result<RawTlv<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.at;
        let rest = std::mem::take(&mut self.rest);
        let Some(([k1, k2, l1, l2], rest)) = rest.split_first_chunk::<4>() else {
            return Some(Err(Fault {
                offset,
                tlv: None,
                rule: Rule::Truncated,
            }));
        };
        let kind = u16::from_be_bytes([*k1, *k2]);
        let length = usize::from(u16::from_be_bytes([*l1, *l2]));
        let Some((value, rest)) = rest.split_at_checked(length) else {
            return Some(Err(Fault {
                offset,
                tlv: Some(kind),
                rule: Rule::Truncated,
            }));
        };
        self.rest = rest;
        self.at += RawTlv::HEADER + length;
        Some(Ok(RawTlv {
            offset,
            kind,
            value,
        }))
    }
}

/// Whether TLVs come in canonical order: by type, then length, then value (RFC 9552 §5.1).
#[derive(Debug, Default)]
pub(super) struct Ordered<'a>(Option<(u16, usize, &'a [u8])>);

impl<'a> Ordered<'a> {
    pub(super) fn check(&mut self, tlv: &RawTlv<'a>) -> Result<(), Fault> {
        let next = Some((tlv.kind, tlv.value.len(), tlv.value));
        if next < self.0 {
            return Err(tlv.fault(Rule::Order));
        }
        self.0 = next;
        Ok(())
    }
}

/// A value does not fit the 16-bit length of its TLV, NLRI or attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} octets do not fit: a TLV, an NLRI and an attribute have at most 65535")]
pub struct TooLong {
    /// How long it is.
    pub length: usize,
}

/// Gathers TLVs and writes them in canonical order.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<(u16, usize, Vec<u8>)>);

impl Writer {
    pub(super) fn put(&mut self, kind: u16, value: impl Into<Vec<u8>>) {
        let value = value.into();
        self.0.push((kind, value.len(), value));
    }

    pub(super) fn put_all(&mut self, tlvs: &[Tlv]) {
        for tlv in tlvs {
            self.put(tlv.kind, &*tlv.value);
        }
    }

    pub(super) fn put_topologies(&mut self, topologies: &[u16]) {
        if !topologies.is_empty() {
            let pairs = topologies.iter().flat_map(|id| (id & 0x0fff).to_be_bytes());
            self.put(263, pairs.collect::<Vec<u8>>());
        }
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        self.0.sort_unstable();
        for (kind, _, value) in self.0 {
            out.extend(kind.to_be_bytes());
            out.extend(length(value.len())?.to_be_bytes());
            out.extend(value);
        }
        Ok(())
    }
}

/// A length as it goes on the wire.
pub(super) fn length(length: usize) -> Result<u16, TooLong> {
    u16::try_from(length).map_err(|_| TooLong { length })
}
