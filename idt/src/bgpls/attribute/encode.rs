//! The attribute as octets, TLVs in ascending order (RFC 9552 §5.1).

use nffg::{Bandwidth, Delay};

use super::{Attribute, PeerSidKind};
use crate::bgpls::tlv::{TooLong, Writer, length};

impl Attribute {
    /// The value of path attribute 29. What the wire cannot hold is rounded: bandwidths to the
    /// nearest IEEE single, delays to whole microseconds of at most 24 bits.
    ///
    /// # Errors
    /// [`TooLong`]: a TLV or the whole does not fit a 16-bit length.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut tlvs = Writer::default();
        tlvs.put_topologies(&self.topologies);
        if let Some(ids) = self.link_ids {
            tlvs.put(258, ids.octets());
        }
        if let Some(flags) = self.node_flags {
            tlvs.put(1024, [flags]);
        }
        for (kind, name) in [(1026, &self.node_name), (1098, &self.link_name)] {
            if let Some(name) = name {
                tlvs.put(kind, name.as_bytes());
            }
        }
        for area in &self.areas {
            tlvs.put(1027, &**area);
        }
        for (kind, ids) in [(1028, &self.local_ipv4), (1030, &self.remote_ipv4)] {
            ids.iter().for_each(|id| tlvs.put(kind, id.octets()));
        }
        for (kind, ids) in [(1029, &self.local_ipv6), (1031, &self.remote_ipv6)] {
            ids.iter().for_each(|id| tlvs.put(kind, id.octets()));
        }
        let numbers = [
            (1088, self.admin_group),
            (1092, self.te_metric),
            (1155, self.prefix_metric),
        ];
        for (kind, number) in numbers {
            if let Some(number) = number {
                tlvs.put(kind, number.to_be_bytes());
            }
        }
        if let Some(metric) = self.igp_metric {
            // The wide metric of IS-IS, which holds any.
            let [_, a, b, c] = metric.min(0xff_ffff).to_be_bytes();
            tlvs.put(1095, [a, b, c]);
        }
        if !self.srlgs.is_empty() {
            let groups = self.srlgs.iter().flat_map(|group| group.to_be_bytes());
            tlvs.put(1096, groups.collect::<Vec<u8>>());
        }
        for sid in &self.peer_sids {
            let kind = match sid.kind {
                PeerSidKind::Node => 1101,
                PeerSidKind::Adjacency => 1102,
                PeerSidKind::Set => 1103,
            };
            tlvs.put(kind, &*sid.value);
        }
        self.put_measured(&mut tlvs);
        tlvs.put_all(&self.other);
        let mut out = Vec::new();
        tlvs.finish(&mut out)?;
        length(out.len())?;
        Ok(out)
    }

    /// Bandwidths and what RFC 8571 adds.
    fn put_measured(&self, tlvs: &mut Writer) {
        let bandwidths = [
            (1089, self.max_bandwidth),
            (1090, self.reservable_bandwidth),
            (1118, self.residual_bandwidth),
            (1119, self.available_bandwidth),
            (1120, self.utilized_bandwidth),
        ];
        for (kind, bandwidth) in bandwidths {
            if let Some(bandwidth) = bandwidth {
                tlvs.put(kind, float(bandwidth));
            }
        }
        if let Some(levels) = self.unreserved_bandwidth {
            let floats = levels.into_iter().flat_map(float);
            tlvs.put(1091, floats.collect::<Vec<u8>>());
        }
        if let Some(measured) = self.delay {
            tlvs.put(1114, flagged(measured.anomalous, micros(measured.delay)));
        }
        if let Some(measured) = self.min_max_delay {
            let min = flagged(measured.anomalous, micros(measured.min));
            let max = flagged(false, micros(measured.max));
            tlvs.put(1115, [min, max].concat());
        }
        if let Some(variation) = self.delay_variation {
            tlvs.put(1116, flagged(false, micros(variation)));
        }
        if let Some(loss) = self.loss {
            tlvs.put(1117, flagged(loss.anomalous, loss.units));
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the wire has no more digits"
)]
fn float(bandwidth: Bandwidth) -> [u8; 4] {
    ((bandwidth.bits_per_second() as f64 / 8.0) as f32).to_be_bytes()
}

fn micros(delay: Delay) -> u32 {
    let micros = (delay.as_nanos() + 500) / 1_000;
    u32::try_from(micros).unwrap_or(u32::MAX)
}

/// One octet of flags, 24 bits of value.
fn flagged(anomalous: bool, value: u32) -> [u8; 4] {
    let [_, a, b, c] = value.min(0xff_ffff).to_be_bytes();
    [if anomalous { 0x80 } else { 0 }, a, b, c]
}
