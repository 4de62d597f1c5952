//! What is measured of a link as members of a JSON object, by the same names in all formats that have no
//! names of their own for it.

use std::time::Duration;

use super::{Loss, Measured};
use crate::json::Cursor;
use crate::list::Read;
use crate::{Bandwidth, Delay, number};

const DELAY_MIN: &str = "delay-min";
const DELAY_MAX: &str = "delay-max";
const DELAY_VARIATION: &str = "delay-variation";
const LOSS: &str = "loss";
const RESIDUAL: &str = "residual-bandwidth";
const AVAILABLE: &str = "available-bandwidth";

/// The members.
pub(crate) const MEMBERS: [&str; 6] = [
    DELAY_MIN,
    DELAY_MAX,
    DELAY_VARIATION,
    LOSS,
    RESIDUAL,
    AVAILABLE,
];

/// What bare numbers count. A bare loss is in percent, whatever the format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    pub(crate) delay: Duration,
    /// In bits per second.
    pub(crate) bandwidth: f64,
}

/// Reads one of [`MEMBERS`] of an object, if it is there.
pub(crate) fn read<'a>(
    object: &Cursor<'a>,
    name: &'a str,
    bare: Bare,
    measured: &mut Measured,
) -> Read<()> {
    let delay = |slot: &mut Option<_>| -> Read<()> {
        *slot = number::delay(object, name, bare.delay)?;
        Ok(())
    };
    let bandwidth = |slot: &mut Option<_>| -> Read<()> {
        *slot = number::bandwidth(object, name, bare.bandwidth)?;
        Ok(())
    };
    match name {
        DELAY_MIN => delay(&mut measured.delay_min),
        DELAY_MAX => delay(&mut measured.delay_max),
        DELAY_VARIATION => delay(&mut measured.delay_variation),
        RESIDUAL => bandwidth(&mut measured.residual_bandwidth),
        AVAILABLE => bandwidth(&mut measured.available_bandwidth),
        LOSS => {
            if let Some(member) = object.present(LOSS)? {
                let loss = Loss::parse(&number::text(&member)?);
                measured.loss = Some(loss.map_err(|error| member.invalid(error.rule))?);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What is told, as bare numbers of microseconds, bytes per second and percent.
pub(crate) fn numbers(measured: &Measured) -> impl Iterator<Item = (&'static str, f64)> + use<> {
    let micros = |delay: Option<Delay>| delay.map(Delay::as_micros);
    let bytes = |bandwidth: Option<Bandwidth>| {
        bandwidth.map(|bandwidth| number::to_f64(bandwidth.bits_per_second()) / 8.0)
    };
    let numbers = [
        micros(measured.delay_min),
        micros(measured.delay_max),
        micros(measured.delay_variation),
        measured.loss.map(Loss::percent),
        bytes(measured.residual_bandwidth),
        bytes(measured.available_bandwidth),
    ];
    let told = MEMBERS.into_iter().zip(numbers);
    told.filter_map(|(name, number)| Some((name, number?)))
}

/// Whether what was read of an object goes together, with the `delay` there: no delay below the least or above the longest, no more
/// available than residual.
pub(crate) fn check(object: &Cursor<'_>, delay: Option<Delay>, measured: &Measured) -> Read<()> {
    let (min, max) = (measured.delay_min, measured.delay_max);
    let bounds = [
        (DELAY_MIN, min, max, "at most 'delay-max'"),
        (DELAY_MIN, min, delay, "at most 'delay'"),
        (DELAY_MAX, delay, max, "at least 'delay'"),
    ];
    for (name, less, more, rule) in bounds {
        if let (Some(less), Some(more)) = (less, more)
            && less > more
        {
            return Err(object.required(name)?.invalid(rule));
        }
    }
    match (measured.available_bandwidth, measured.residual_bandwidth) {
        (Some(available), Some(residual)) if available > residual => {
            let rule = "at most 'residual-bandwidth', of which it is a part (RFC 7471 §4.6.3)";
            Err(object.required(AVAILABLE)?.invalid(rule))
        }
        _ => Ok(()),
    }
}
