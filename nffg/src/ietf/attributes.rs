//! Delay, bandwidth and what else is measured of a TE link (RFC 8795 `te-link-info-attributes`, RFC 8776).

use std::time::Duration;

use super::member::{Name, packet, path, te};
use crate::fault::Report;
use crate::json::Cursor;
use crate::list::{Element, Read, id_text, objects, or_warn};
use crate::number::to_f64;
use crate::srlg::{Srlgs, srlgs};
use crate::{Bandwidth, Delay, Loss, Measured};

/// A bare delay: RFC 8776 counts microseconds.
const BARE_DELAY: Duration = Duration::from_micros(1);

/// A bare bandwidth: RFC 3630 §2.5.6 counts bytes per second.
const BARE_BANDWIDTH: f64 = 8.0;

/// Priorities for which unreserved bandwidth is told.
const MAX_PRIORITIES: usize = 8;

/// The rule for a bandwidth.
const A_BANDWIDTH: &str = "one number of bytes per second, decimal or hexadecimal, such as 0x1p10 \
                           (RFC 8776 te-bandwidth)";

/// What is told of a link.
#[derive(Default)]
pub(super) struct Told {
    pub(super) delay: Option<Delay>,
    pub(super) bandwidth: Option<Bandwidth>,
    pub(super) measured: Measured,
}

/// Reads what is told of a link. Its delay is what was measured, else the metric; its bandwidth as of BGP-LS:
/// available, else residual, else reservable, else all; else the least that is not reserved.
pub(super) fn read(attributes: &Cursor<'_>, report: &mut Report) -> Told {
    let metrics = packet("performance-metrics-one-way").of(attributes);
    let metrics = metrics.and_then(|metrics| {
        // Told once, and not of each metric.
        metrics.as_ref().map(Cursor::object).transpose()?;
        Ok(metrics)
    });
    let (mut delay, mut measured) = (None, Measured::default());
    if let Some(metrics) = or_warn(report, metrics) {
        delay = delay_of(&metrics, packet("one-way-delay"), report);
        measured = measures(&metrics, report);
    }
    let metric = || delay_of(attributes, te("te-delay-metric"), report);
    let delay = delay.or_else(metric);
    let of_measured = measured.bandwidth(None);
    Told {
        delay: measured.delay(delay),
        bandwidth: of_measured.or_else(|| bandwidth(attributes, report)),
        measured,
    }
}

/// What is measured of a link (RFC 8776 `performance-metrics-attributes-packet`).
fn measures(metrics: &Cursor<'_>, report: &mut Report) -> Measured {
    let mut delay = |name| delay_of(metrics, packet(name), report);
    let (delay_min, delay_max) = (delay("one-way-min-delay"), delay("one-way-max-delay"));
    let delay_variation = delay("one-way-delay-variation");
    let loss = packet("one-way-packet-loss")
        .of(metrics)
        .and_then(|member| {
            let read = |member: Cursor<'_>| {
                let loss = Loss::parse(&id_text(&member)?);
                loss.map_err(|error| member.invalid(error.rule))
            };
            member.map(read).transpose()
        });
    let loss = or_warn(report, loss);
    // Zero is the model's default for what nobody measured.
    let mut bandwidth = |name| {
        let read = packet(name).of(metrics);
        let read = read.and_then(|member| member.map(leaf).transpose());
        or_warn(report, read).filter(|told| told.bits_per_second() > 0)
    };
    Measured {
        delay_min,
        delay_max,
        delay_variation,
        loss,
        residual_bandwidth: bandwidth("one-way-residual-bandwidth"),
        available_bandwidth: bandwidth("one-way-available-bandwidth"),
    }
}

/// A member that is a delay.
fn delay_of(object: &Cursor<'_>, name: Name, report: &mut Report) -> Option<Delay> {
    let read = name.of(object).and_then(|member| {
        let read = |member: Cursor<'_>| {
            let delay = Delay::parse(&id_text(&member)?, BARE_DELAY);
            delay.map_err(|error| member.invalid(error.rule))
        };
        member.map(read).transpose()
    });
    or_warn(report, read)
}

/// The shared risk link groups of a link (RFC 8795 `te-srlgs`). Groups that it must not share
/// (`te-nsrlgs`) are none of its own.
pub(super) fn groups(attributes: &Cursor<'_>, report: &mut Report) -> Srlgs {
    let read = path(attributes, &[te("te-srlgs"), te("value")]);
    let read = read.and_then(|told| told.as_ref().map(srlgs).transpose());
    or_warn(report, read).unwrap_or_default()
}

/// The bandwidth of a link of which none is measured.
fn bandwidth(attributes: &Cursor<'_>, report: &mut Report) -> Option<Bandwidth> {
    let mut names = [te("max-resv-link-bandwidth"), te("max-link-bandwidth")].into_iter();
    let told = names.find_map(|name| {
        let read = member(attributes, name);
        or_warn(report, read)
    });
    told.or_else(|| {
        let list = te("unreserved-bandwidth").of(attributes);
        let list = or_warn(report, list)?;
        let read = objects(report, &list, MAX_PRIORITIES).map(Some);
        let priorities = or_warn(report, read)?;
        let told = priorities.iter().map(Element::cursor).filter_map(|told| {
            let read = container(&told);
            or_warn(report, read)
        });
        told.min()
    })
}

/// A container with a bandwidth; drafts before RFC 8795 had the number itself there.
fn member(attributes: &Cursor<'_>, name: Name) -> Read<Option<Bandwidth>> {
    match name.of(attributes)? {
        Some(member) if member.value().is_object() => container(&member),
        Some(member) => leaf(member).map(Some),
        None => Ok(None),
    }
}

/// The bandwidth in a container; none if it is one of a technology's own kind, such as `odu-type`.
fn container(object: &Cursor<'_>) -> Read<Option<Bandwidth>> {
    let generic = path(object, &[te("te-bandwidth"), te("generic")])?;
    generic.map(leaf).transpose()
}

fn leaf(member: Cursor<'_>) -> Read<Bandwidth> {
    te_bandwidth(&id_text(&member)?).ok_or_else(|| member.invalid(A_BANDWIDTH))
}

/// Reads a bandwidth: RFC 8776 `te-bandwidth` of one number, or a decimal number with a unit.
fn te_bandwidth(text: &str) -> Option<Bandwidth> {
    let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) else {
        return Bandwidth::parse(text, BARE_BANDWIDTH).ok();
    };
    Bandwidth::from_bytes_per_second(hexadecimal(hex)?).ok()
}

/// The number of hexadecimal digits, perhaps with a point and a binary exponent: `3b9aca00`, `1.8p10`.
fn hexadecimal(text: &str) -> Option<f64> {
    /// As many as 64 bits have.
    const MAX_DIGITS: usize = 16;
    let (mantissa, exponent) = text.split_once(['p', 'P']).unwrap_or((text, ""));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.len() + fraction.len();
    if whole.is_empty() || digits > MAX_DIGITS {
        return None;
    }
    let mut number = 0_u64;
    for digit in whole.chars().chain(fraction.chars()) {
        number = number << 4 | u64::from(digit.to_digit(16)?);
    }
    let exponent: i32 = match exponent.strip_prefix('+').unwrap_or(exponent) {
        "" => 0,
        // Far beyond what a float can be.
        digits if digits.len() > 5 => return None,
        digits => digits.parse().ok()?,
    };
    let places = i32::try_from(fraction.len()).ok()?;
    Some(to_f64(number) * f64::from(exponent - 4 * places).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8776_te_bandwidth_is_decimal_or_hexadecimal_bytes() {
        for (text, bits) in [
            ("0x1p10", 8 * 1024),
            ("0X1P+10", 8 * 1024),
            ("0x1.8p1", 24),
            ("0x1.p1", 16),
            ("0x1.2a05f2p30", 10_000_000_000),
            ("0x4a817c80", 10_000_000_000),
            ("0x0p0", 0),
            ("0x0", 0),
            ("0x0.0p", 0),
            ("0x1p", 8),
            ("0x1p-1", 4),
            ("0x1p-9999", 0),
            ("1250000000", 10_000_000_000),
            ("1.25e9", 10_000_000_000),
            ("10 Gbit/s", 10_000_000_000),
            ("0x1.fffffffffffffp52", (1 << 56) - 8),
        ] {
            let read = te_bandwidth(text).map(Bandwidth::bits_per_second);
            assert_eq!(read, Some(bits), "{text}");
        }
    }

    #[test]
    fn what_is_no_bandwidth() {
        for text in [
            "",
            "0x",
            "0x.8p1",
            "0xg",
            "0x1pp1",
            "0x1p1024",
            "0x1p999999",
            "-1",
            "-0x1p1",
            "0,2,3,1",
            "0x1p1,0x1p1",
            "0x1.2.3",
            "0x11111111111111111",
            "fast",
        ] {
            assert_eq!(te_bandwidth(text), None, "{text}");
        }
    }
}
