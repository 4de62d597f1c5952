//! The BGP-LS attribute (path attribute 29, RFC 9552 §5.3), typed as far as topologies need it.

mod encode;

use std::net::{Ipv4Addr, Ipv6Addr};

use nffg::{Bandwidth, Delay, Loss, Measured};

use super::nlri::LinkIds;
use super::tlv::{Fault, RawTlv, Rule, Tlv, Tlvs};

/// Priorities for which unreserved bandwidth is told (1091).
pub const UNRESERVED_LEVELS: usize = 8;

/// What a node or a link name may have (RFC 9552 §5.3.1.3, §5.3.2.7).
const MAX_NAME: usize = 255;

/// A one-way delay as measured (1114).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkDelay {
    /// The average, whole microseconds below 2^24. The largest value means that or more.
    pub delay: Delay,
    /// The A flag: beyond the configured threshold.
    pub anomalous: bool,
}

/// The least and the most of the delays measured (1115).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinMaxDelay {
    /// The least.
    pub min: Delay,
    /// The most.
    pub max: Delay,
    /// The A flag: one of them is beyond the configured threshold.
    pub anomalous: bool,
}

/// Packet loss as measured (1117).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkLoss {
    /// In units of 0.000003 %, 24 bits. The largest value means 50.331642 % or more.
    pub units: u32,
    /// The A flag: beyond the configured threshold.
    pub anomalous: bool,
}

impl LinkLoss {
    /// Billionths of a unit: 0.000003 %.
    const BILLIONTHS: u32 = 30;

    /// The largest loss that is told (RFC 7471 §4.4.5): losses above are told as this one.
    const LARGEST: u32 = 0xff_fffe;

    /// What is told of a loss: the nearest number of units.
    #[must_use]
    pub const fn of(loss: Loss) -> Self {
        let units = (loss.billionths() + Self::BILLIONTHS / 2) / Self::BILLIONTHS;
        Self {
            units: if units < Self::LARGEST {
                units
            } else {
                Self::LARGEST
            },
            anomalous: false,
        }
    }

    /// The loss.
    #[must_use]
    pub const fn loss(self) -> Loss {
        Loss::from_billionths(self.units.saturating_mul(Self::BILLIONTHS))
    }

    /// The loss in percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        self.loss().percent()
    }
}

/// What a BGP peering SID stands for (RFC 9086 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerSidKind {
    /// The session (1101).
    Node,
    /// One of its links (1102).
    Adjacency,
    /// A set of sessions or links (1103).
    Set,
}

/// A BGP peering SID, its value as it came: flags, weight, two reserved octets, label or index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSid {
    /// What it stands for.
    pub kind: PeerSidKind,
    /// The TLV's value.
    pub value: Box<[u8]>,
}

/// The attribute of a node, a link or a prefix. What is not told is `None` or empty.
///
/// Where a value may be told once and is told again, the first counts. Delay and TE values that are
/// told only per application (ASLA, 1122, RFC 9294) stand where there is none for all; the ASLA
/// itself is among [`Attribute::other`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribute {
    /// Multi-Topology Identifiers of a node (263), 12 bits each.
    pub topologies: Vec<u16>,
    /// Link Local/Remote Identifiers (258) beside a link's addresses.
    pub link_ids: Option<LinkIds>,
    /// Node Flag Bits (1024).
    pub node_flags: Option<u8>,
    /// Node Name (1026). What is no UTF-8 is replaced by U+FFFD.
    pub node_name: Option<String>,
    /// IS-IS Area Identifiers (1027).
    pub areas: Vec<Box<[u8]>>,
    /// IPv4 Router-IDs of the node, or of a link's local node (1028).
    pub local_ipv4: Vec<Ipv4Addr>,
    /// IPv6 Router-IDs of the node, or of a link's local node (1029).
    pub local_ipv6: Vec<Ipv6Addr>,
    /// IPv4 Router-IDs of a link's remote node (1030).
    pub remote_ipv4: Vec<Ipv4Addr>,
    /// IPv6 Router-IDs of a link's remote node (1031).
    pub remote_ipv6: Vec<Ipv6Addr>,
    /// Administrative group (1088).
    pub admin_group: Option<u32>,
    /// Maximum link bandwidth (1089).
    pub max_bandwidth: Option<Bandwidth>,
    /// Maximum reservable link bandwidth (1090).
    pub reservable_bandwidth: Option<Bandwidth>,
    /// Unreserved bandwidth per priority (1091).
    pub unreserved_bandwidth: Option<[Bandwidth; UNRESERVED_LEVELS]>,
    /// TE Default Metric (1092).
    pub te_metric: Option<u32>,
    /// IGP Metric (1095).
    pub igp_metric: Option<u32>,
    /// Shared Risk Link Groups (1096).
    pub srlgs: Vec<u32>,
    /// Link Name (1098). What is no UTF-8 is replaced by U+FFFD.
    pub link_name: Option<String>,
    /// BGP peering SIDs (1101 to 1103).
    pub peer_sids: Vec<PeerSid>,
    /// Unidirectional Link Delay (1114).
    pub delay: Option<LinkDelay>,
    /// Min/Max Unidirectional Link Delay (1115).
    pub min_max_delay: Option<MinMaxDelay>,
    /// Unidirectional Delay Variation (1116).
    pub delay_variation: Option<Delay>,
    /// Unidirectional Link Loss (1117).
    pub loss: Option<LinkLoss>,
    /// Unidirectional Residual Bandwidth (1118).
    pub residual_bandwidth: Option<Bandwidth>,
    /// Unidirectional Available Bandwidth (1119).
    pub available_bandwidth: Option<Bandwidth>,
    /// Unidirectional Utilized Bandwidth (1120).
    pub utilized_bandwidth: Option<Bandwidth>,
    /// Prefix Metric (1155).
    pub prefix_metric: Option<u32>,
    /// All others, as they came.
    pub other: Vec<Tlv>,
}

/// What came of reading an attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// What it tells; nothing if it was discarded.
    pub attribute: Attribute,
    /// The TLVs that were left out, or why all of it was.
    pub faults: Vec<Fault>,
    /// Whether the whole was dropped (RFC 9552 §8.2.2, *attribute discard*).
    pub discarded: bool,
}

impl Attribute {
    /// Reads the value of path attribute 29.
    ///
    /// A TLV that is wrong by itself is left out. If the TLVs do not add up, or are more than
    /// `max_tlvs` (those within others counted too), all of it is dropped: what was read before the
    /// fault is not used (RFC 9552 §8.2.2, last paragraphs).
    #[must_use]
    pub fn decode(value: &[u8], max_tlvs: usize) -> Decoded {
        let mut decoded = Decoded::default();
        let mut budget = max_tlvs;
        let mut per_application = Vec::new();
        for tlv in Tlvs::new(value, 0) {
            let counted = tlv.and_then(|tlv| spend(&mut budget, &tlv).map(|()| tlv));
            let tlv = match counted {
                Ok(tlv) => tlv,
                Err(fault) => return Decoded::discard(fault),
            };
            if tlv.kind == 1122 {
                match asla(&tlv, &mut budget) {
                    Ok(nested) => {
                        per_application.push(nested);
                        decoded.attribute.other.push(tlv.to_tlv());
                    }
                    Err(fault) if fault.rule == Rule::TooMany => return Decoded::discard(fault),
                    Err(fault) => decoded.faults.push(fault),
                }
            } else if let Err(fault) = decoded.attribute.take(&tlv) {
                decoded.faults.push(fault);
            }
        }
        for nested in per_application {
            decoded.attribute.fill(nested);
        }
        decoded
    }

    /// The delay that a path over the link has: the average, else the least.
    #[must_use]
    pub fn path_delay(&self) -> Option<Delay> {
        let average = self.delay.map(|measured| measured.delay);
        average.or_else(|| Some(self.min_max_delay?.min))
    }

    /// The bandwidth that the link offers: available, else residual, else reservable, else all.
    #[must_use]
    pub fn path_bandwidth(&self) -> Option<Bandwidth> {
        self.available_bandwidth
            .or(self.residual_bandwidth)
            .or(self.reservable_bandwidth)
            .or(self.max_bandwidth)
    }

    /// What else is measured of the link. A delay variation of 0 has not been measured (RFC 7471 §4.3.4).
    #[must_use]
    pub fn measured(&self) -> Measured {
        Measured {
            delay_min: self.min_max_delay.map(|told| told.min),
            delay_max: self.min_max_delay.map(|told| told.max),
            delay_variation: self.delay_variation.filter(|told| told.as_nanos() > 0),
            loss: self.loss.map(LinkLoss::loss),
            residual_bandwidth: self.residual_bandwidth,
            available_bandwidth: self.available_bandwidth,
        }
    }

    /// Takes in one TLV.
    fn take(&mut self, tlv: &RawTlv<'_>) -> Result<(), Fault> {
        match tlv.kind {
            258 => first(&mut self.link_ids, tlv, LinkIds::decode(tlv)?),
            263 => {
                self.topologies.extend(tlv.topologies()?);
                Ok(())
            }
            1024 => {
                let [flags] = tlv.array()?;
                first(&mut self.node_flags, tlv, flags)
            }
            1026 => first(&mut self.node_name, tlv, name(tlv)?),
            1027 => {
                self.areas.push(tlv.value.into());
                Ok(())
            }
            1028 => push(&mut self.local_ipv4, tlv.array::<4>()?),
            1029 => push(&mut self.local_ipv6, tlv.array::<16>()?),
            1030 => push(&mut self.remote_ipv4, tlv.array::<4>()?),
            1031 => push(&mut self.remote_ipv6, tlv.array::<16>()?),
            1088 => first(&mut self.admin_group, tlv, tlv.u32()?),
            1089 => first(&mut self.max_bandwidth, tlv, bandwidth(tlv)?),
            1090 => first(&mut self.reservable_bandwidth, tlv, bandwidth(tlv)?),
            1091 => first(&mut self.unreserved_bandwidth, tlv, unreserved(tlv)?),
            // Four octets; RFC 5305 §3.7 has three, and some speakers send them so.
            1092 => first(&mut self.te_metric, tlv, number(tlv, 3..=4)?),
            1095 => {
                // RFC 9552 §5.3.2.4: the upper bits of an IS-IS small metric are ignored.
                let mask = if tlv.value.len() == 1 { 0x3f } else { u32::MAX };
                first(&mut self.igp_metric, tlv, number(tlv, 1..=3)? & mask)
            }
            1096 => {
                let (groups, []) = tlv.value.as_chunks::<4>() else {
                    return Err(tlv.fault(Rule::Length));
                };
                let groups = groups.iter().map(|group| u32::from_be_bytes(*group));
                self.srlgs.extend(groups);
                Ok(())
            }
            1098 => first(&mut self.link_name, tlv, name(tlv)?),
            1101 => self.peer_sid(PeerSidKind::Node, tlv),
            1102 => self.peer_sid(PeerSidKind::Adjacency, tlv),
            1103 => self.peer_sid(PeerSidKind::Set, tlv),
            1114 => {
                let (flags, micros) = flagged(tlv.array()?);
                let delay = LinkDelay {
                    delay: delay(micros),
                    anomalous: anomalous(flags),
                };
                first(&mut self.delay, tlv, delay)
            }
            1115 => {
                let [a, b, c, d, e, f, g, h] = tlv.array()?;
                let (flags, min) = flagged([a, b, c, d]);
                let (_, max) = flagged([e, f, g, h]);
                let delays = MinMaxDelay {
                    min: delay(min),
                    max: delay(max),
                    anomalous: anomalous(flags),
                };
                first(&mut self.min_max_delay, tlv, delays)
            }
            1116 => {
                let (_, micros) = flagged(tlv.array()?);
                first(&mut self.delay_variation, tlv, delay(micros))
            }
            1117 => {
                let (flags, units) = flagged(tlv.array()?);
                let loss = LinkLoss {
                    units,
                    anomalous: anomalous(flags),
                };
                first(&mut self.loss, tlv, loss)
            }
            1118 => first(&mut self.residual_bandwidth, tlv, bandwidth(tlv)?),
            1119 => first(&mut self.available_bandwidth, tlv, bandwidth(tlv)?),
            1120 => first(&mut self.utilized_bandwidth, tlv, bandwidth(tlv)?),
            1155 => first(&mut self.prefix_metric, tlv, tlv.u32()?),
            _ => {
                self.other.push(tlv.to_tlv());
                Ok(())
            }
        }
    }

    fn peer_sid(&mut self, kind: PeerSidKind, tlv: &RawTlv<'_>) -> Result<(), Fault> {
        self.peer_sids.push(PeerSid {
            kind,
            value: tlv.value.into(),
        });
        Ok(())
    }

    /// Takes from `nested` what is told per application and not for all (RFC 9294 §2).
    fn fill(&mut self, nested: Self) {
        fn or<T>(slot: &mut Option<T>, nested: Option<T>) {
            if slot.is_none() {
                *slot = nested;
            }
        }
        or(&mut self.admin_group, nested.admin_group);
        or(&mut self.max_bandwidth, nested.max_bandwidth);
        or(&mut self.reservable_bandwidth, nested.reservable_bandwidth);
        or(&mut self.unreserved_bandwidth, nested.unreserved_bandwidth);
        or(&mut self.te_metric, nested.te_metric);
        or(&mut self.delay, nested.delay);
        or(&mut self.min_max_delay, nested.min_max_delay);
        or(&mut self.delay_variation, nested.delay_variation);
        or(&mut self.loss, nested.loss);
        or(&mut self.residual_bandwidth, nested.residual_bandwidth);
        or(&mut self.available_bandwidth, nested.available_bandwidth);
        or(&mut self.utilized_bandwidth, nested.utilized_bandwidth);
        if self.srlgs.is_empty() {
            self.srlgs = nested.srlgs;
        }
    }
}

impl Decoded {
    fn discard(fault: Fault) -> Self {
        Self {
            attribute: Attribute::default(),
            faults: vec![fault],
            discarded: true,
        }
    }
}

fn spend(budget: &mut usize, tlv: &RawTlv<'_>) -> Result<(), Fault> {
    let left = budget.checked_sub(1);
    *budget = left.ok_or_else(|| tlv.fault(Rule::TooMany))?;
    Ok(())
}

/// Application-Specific Link Attributes (1122, RFC 9294 §2): the lengths of two bit masks, two
/// reserved octets, the masks, then TLVs. A fault within costs the whole TLV, not the attribute.
fn asla(tlv: &RawTlv<'_>, budget: &mut usize) -> Result<Attribute, Fault> {
    const HEAD: usize = 4;
    let wrong = || tlv.fault(Rule::Length);
    let ([standard, own, _, _], rest) = tlv.value.split_first_chunk().ok_or_else(wrong)?;
    let masks = usize::from(*standard) + usize::from(*own);
    let nested = rest.get(masks..).ok_or_else(wrong)?;
    let mut attribute = Attribute::default();
    for tlv in Tlvs::new(nested, tlv.offset + RawTlv::HEADER + HEAD + masks) {
        let tlv = tlv?;
        spend(budget, &tlv)?;
        attribute.take(&tlv)?;
    }
    Ok(attribute)
}

/// Fills a slot that is empty yet.
fn first<T>(slot: &mut Option<T>, tlv: &RawTlv<'_>, value: T) -> Result<(), Fault> {
    if slot.is_some() {
        return Err(tlv.fault(Rule::Repeated));
    }
    *slot = Some(value);
    Ok(())
}

fn push<T: From<[u8; N]>, const N: usize>(list: &mut Vec<T>, octets: [u8; N]) -> Result<(), Fault> {
    list.push(octets.into());
    Ok(())
}

/// Seven-bit ASCII by the RFC; what real routers send is shown as well as it can be.
fn name(tlv: &RawTlv<'_>) -> Result<String, Fault> {
    if tlv.value.len() > MAX_NAME {
        return Err(tlv.fault(Rule::Length));
    }
    Ok(String::from_utf8_lossy(tlv.value).into_owned())
}

/// A number of as many octets as `widths` allows.
fn number(tlv: &RawTlv<'_>, widths: std::ops::RangeInclusive<usize>) -> Result<u32, Fault> {
    if !widths.contains(&tlv.value.len()) {
        return Err(tlv.fault(Rule::Length));
    }
    let octets = tlv.value.iter();
    Ok(octets.fold(0, |number, octet| number << 8 | u32::from(*octet)))
}

/// IEEE floating point, bytes per second (RFC 5305 §3.4): finite and not negative.
fn bandwidth(tlv: &RawTlv<'_>) -> Result<Bandwidth, Fault> {
    float(tlv, tlv.array()?)
}

fn float(tlv: &RawTlv<'_>, octets: [u8; 4]) -> Result<Bandwidth, Fault> {
    /// What 64 bits hold.
    const BOUND: f64 = 18_446_744_073_709_551_616.0;
    let bits = f64::from(f32::from_be_bytes(octets)) * 8.0;
    if !(0.0..BOUND).contains(&bits) {
        return Err(tlv.fault(Rule::Value));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    Ok(Bandwidth::from_bits_per_second(bits.round() as u64))
}

fn unreserved(tlv: &RawTlv<'_>) -> Result<[Bandwidth; UNRESERVED_LEVELS], Fault> {
    let (floats, []) = tlv.value.as_chunks::<4>() else {
        return Err(tlv.fault(Rule::Length));
    };
    let levels = <&[[u8; 4]; UNRESERVED_LEVELS]>::try_from(floats);
    let levels = levels.map_err(|_| tlv.fault(Rule::Length))?;
    let mut out = [Bandwidth::default(); UNRESERVED_LEVELS];
    for (slot, octets) in out.iter_mut().zip(levels) {
        *slot = float(tlv, *octets)?;
    }
    Ok(out)
}

/// One octet of flags, 24 bits of value (RFC 8571 §2).
fn flagged([flags, a, b, c]: [u8; 4]) -> (u8, u32) {
    (flags, u32::from_be_bytes([0, a, b, c]))
}

fn anomalous(flags: u8) -> bool {
    flags & 0x80 != 0
}

fn delay(micros: u32) -> Delay {
    Delay::from_nanos(u64::from(micros) * 1_000)
}
