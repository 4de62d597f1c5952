//! What a peer says in its own way, said in the standard one.

use std::borrow::Cow;

use super::nlri::{Skip, header};
use super::tlv::{Fault, RawTlv, Rule, Tlvs};

/// How a peer speaks. A setting of the peer, for the octets do not tell: netphony's NLRI type 5 is
/// another's (SR Policy candidate path, RFC 9857).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// RFC 9552 and its extensions.
    #[default]
    Standard,
    /// The netphony-topology of the draft's prototype. Three things are other than in the RFCs:
    ///
    /// * The TE metrics stand in the link NLRI, as TLVs 1104 to 1110. They are taken out and read
    ///   as 1114 to 1120 of the attribute, so that a link whose delay changes is the same link:
    ///   netphony announces it anew and never withdraws the old one.
    /// * NLRI type 5 is a domain's node information ([`NodeInformation`]): TLVs at once, without
    ///   protocol and identifier. The domain (TLV 1) is its key, the others are its attribute.
    /// * The protocol id is 0. That is let pass from any peer.
    Netphony,
}

/// NLRI type of netphony's node information.
const NODE_INFORMATION: u16 = 5;
const LINK: u16 = 2;
/// Type, length, protocol id and identifier.
const LINK_HEAD: usize = 13;

/// One NLRI as the RIB keeps it.
#[derive(Debug)]
pub(super) struct Standard<'a> {
    pub(super) nlri: Cow<'a, [u8]>,
    /// TLVs of the attribute that stood in the NLRI.
    pub(super) inner: Vec<u8>,
    /// Whether it is netphony's node information.
    pub(super) node_information: bool,
}

impl Dialect {
    /// The NLRI in standard form, and what of it belongs into the attribute.
    pub(super) fn standard(self, nlri: &[u8]) -> Result<Standard<'_>, Skip> {
        let as_it_is = Standard {
            nlri: Cow::Borrowed(nlri),
            inner: Vec::new(),
            node_information: false,
        };
        match (self, header(nlri)) {
            (Self::Netphony, Ok((NODE_INFORMATION, value))) => node_information(value),
            (Self::Netphony, Ok((LINK, _))) => Ok(te_in_link(nlri).unwrap_or(as_it_is)),
            // A fault is for the decoder to find.
            _ => Ok(as_it_is),
        }
    }
}

/// `None`: no TE metrics in it, or its TLVs do not add up.
fn te_in_link(nlri: &[u8]) -> Option<Standard<'_>> {
    const TE: std::ops::RangeInclusive<u16> = 1104..=1110;
    const TO_RFC_8571: u16 = 1114 - 1104;
    let (head, tlvs) = nlri.split_at_checked(LINK_HEAD)?;
    let mut rest = head.to_vec();
    let mut inner = Vec::new();
    for tlv in Tlvs::new(tlvs, LINK_HEAD) {
        let tlv = tlv.ok()?;
        if TE.contains(&tlv.kind) {
            write(&mut inner, tlv.kind + TO_RFC_8571, tlv.value);
        } else {
            write(&mut rest, tlv.kind, tlv.value);
        }
    }
    if inner.is_empty() {
        return None;
    }
    set_length(&mut rest);
    Some(Standard {
        nlri: Cow::Owned(rest),
        inner,
        node_information: false,
    })
}

fn node_information(value: &[u8]) -> Result<Standard<'_>, Skip> {
    let skip = |fault| Skip {
        nlri: NODE_INFORMATION,
        fault,
    };
    let mut key = [NODE_INFORMATION.to_be_bytes(), [0, 0]].concat();
    let mut inner = Vec::new();
    for tlv in Tlvs::new(value, RawTlv::HEADER) {
        let tlv = tlv.map_err(skip)?;
        // The first id is the key; a second one is no part of it.
        if tlv.kind == 1 && key.len() == RawTlv::HEADER {
            write(&mut key, tlv.kind, tlv.value);
        } else {
            write(&mut inner, tlv.kind, tlv.value);
        }
    }
    if key.len() == RawTlv::HEADER {
        return Err(skip(Fault {
            offset: RawTlv::HEADER,
            tlv: Some(1),
            rule: Rule::NoLocalNode,
        }));
    }
    set_length(&mut key);
    Ok(Standard {
        nlri: Cow::Owned(key),
        inner,
        node_information: true,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a part of what had a 16-bit length"
)]
fn write(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend(kind.to_be_bytes());
    out.extend((value.len() as u16).to_be_bytes());
    out.extend(value);
}

/// Writes the length of an NLRI into its head.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a part of what had a 16-bit length"
)]
fn set_length(nlri: &mut [u8]) {
    let length = nlri.len().saturating_sub(RawTlv::HEADER) as u16;
    if let Some(slot) = nlri.get_mut(2..4) {
        slot.copy_from_slice(&length.to_be_bytes());
    }
}

/// What netphony tells of a domain's MdO, its texts as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeInformation {
    /// The domain (1): `0.0.0.1`.
    pub domain: String,
    /// The MdO's entry point (2), its `controller_it`.
    pub entry_point: Option<String>,
    /// Processing (3).
    pub cpu: Option<String>,
    /// Memory (4), often with a unit.
    pub mem: Option<String>,
    /// Storage (5), often with a unit.
    pub storage: Option<String>,
}

impl NodeInformation {
    /// From what the RIB keeps: an NLRI as [`Dialect::standard`] makes it, and its attribute.
    pub(super) fn read(nlri: &[u8], attribute: &[u8]) -> Option<Self> {
        let (NODE_INFORMATION, key) = header(nlri).ok()? else {
            return None;
        };
        let mut read = Self::default();
        let tlvs = Tlvs::new(key, 0).chain(Tlvs::new(attribute, 0));
        for tlv in tlvs.map_while(Result::ok) {
            let text = || Some(String::from_utf8_lossy(tlv.value).into_owned());
            let slot = match tlv.kind {
                1 if read.domain.is_empty() => {
                    read.domain = text().unwrap_or_default();
                    continue;
                }
                2 => &mut read.entry_point,
                3 => &mut read.cpu,
                4 => &mut read.mem,
                5 => &mut read.storage,
                _ => continue,
            };
            if slot.is_none() {
                *slot = text();
            }
        }
        Some(read)
    }
}
