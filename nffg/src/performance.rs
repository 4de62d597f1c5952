//! What is measured of a link beside its delay and its bandwidth (RFC 7471, RFC 8570, RFC 8571).

pub(crate) mod members;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::{Bandwidth, Delay, UnitError};

/// A share of packets that are lost, in whole billionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Loss(u32);

impl Loss {
    const KIND: &'static str = "loss";
    const RULE: &'static str = "a number of percent from 0 to 100, bare or with %";

    /// How many billionths all packets are.
    pub const WHOLE: u32 = 1_000_000_000;

    /// A loss of so many billionths; all packets if it is more than [`Self::WHOLE`].
    #[must_use]
    pub const fn from_billionths(billionths: u32) -> Self {
        if billionths < Self::WHOLE {
            Self(billionths)
        } else {
            Self(Self::WHOLE)
        }
    }

    /// A loss of `percent`, to the nearest billionth.
    ///
    /// # Errors
    /// It is no number from 0 to 100.
    pub fn from_percent(percent: f64) -> Result<Self, UnitError> {
        Self::checked(percent).ok_or_else(|| Self::wrong(&percent.to_string()))
    }

    /// Reads a number of percent: `0.1`, `0.1 %`, `1e-3%`.
    ///
    /// # Errors
    /// It is no number from 0 to 100, or has another unit than `%`.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let number = text.trim();
        let number = number.strip_suffix('%').unwrap_or(number).trim_end();
        let percent = number.parse().ok().and_then(Self::checked);
        percent.ok_or_else(|| Self::wrong(text))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    fn checked(percent: f64) -> Option<Self> {
        let billionths = (percent * 1e7).round() as u32;
        (0.0..=100.0).contains(&percent).then_some(Self(billionths))
    }

    fn wrong(text: &str) -> UnitError {
        UnitError::new(Self::KIND, text, Self::RULE)
    }

    /// The loss in billionths.
    #[must_use]
    pub const fn billionths(self) -> u32 {
        self.0
    }

    /// The loss in percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        // Divided, not multiplied: a quotient is the nearest number that there is.
        f64::from(self.0) / 1e7
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent())
    }
}

/// What is measured of a link in one direction, as RFC 8571 has it. What is not told is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measured {
    /// The least one-way delay (TLV 1115).
    pub delay_min: Option<Delay>,
    /// The longest one-way delay (TLV 1115).
    pub delay_max: Option<Delay>,
    /// How far one-way delays are apart, on average (TLV 1116).
    pub delay_variation: Option<Delay>,
    /// Packets that are lost (TLV 1117).
    pub loss: Option<Loss>,
    /// The bandwidth that no tunnel has reserved (TLV 1118).
    pub residual_bandwidth: Option<Bandwidth>,
    /// Of the residual bandwidth that which is not used (TLV 1119).
    pub available_bandwidth: Option<Bandwidth>,
}

impl Measured {
    /// The delay that a path over the link has: the one that is told, else the least.
    #[must_use]
    pub fn delay(&self, told: Option<Delay>) -> Option<Delay> {
        told.or(self.delay_min)
    }

    /// The bandwidth that the link offers: available, else residual, else the one that is told.
    #[must_use]
    pub fn bandwidth(&self, told: Option<Bandwidth>) -> Option<Bandwidth> {
        self.available_bandwidth
            .or(self.residual_bandwidth)
            .or(told)
    }

    /// With what `other` tells in place of what is not told here. The two bounds of the delay go together, and
    /// so do the bandwidths: these are taken only if `bandwidths` says that none is told here, in whatever way.
    #[must_use]
    pub fn or(&self, other: &Self, bandwidths: bool) -> Self {
        let mut all = *self;
        if all.delay_min.is_none() && all.delay_max.is_none() {
            (all.delay_min, all.delay_max) = (other.delay_min, other.delay_max);
        }
        all.delay_variation = all.delay_variation.or(other.delay_variation);
        all.loss = all.loss.or(other.loss);
        if bandwidths && self.has_no_bandwidths() {
            all.residual_bandwidth = other.residual_bandwidth;
            all.available_bandwidth = other.available_bandwidth;
        }
        all
    }

    fn has_no_bandwidths(&self) -> bool {
        self.residual_bandwidth.is_none() && self.available_bandwidth.is_none()
    }
}

/// What is measured of a link, as links keep it: of most links nobody tells anything, and that takes no memory
/// but a pointer's. It reads as [`Measured`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Performance(Option<Arc<Measured>>);

static NOTHING: Measured = Measured {
    delay_min: None,
    delay_max: None,
    delay_variation: None,
    loss: None,
    residual_bandwidth: None,
    available_bandwidth: None,
};

impl From<Measured> for Performance {
    fn from(measured: Measured) -> Self {
        Self((measured != NOTHING).then(|| Arc::new(measured)))
    }
}

impl Deref for Performance {
    type Target = Measured;

    fn deref(&self) -> &Measured {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl Performance {
    /// Whether nothing is told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// As [`Measured::or`]; the same memory where nothing is added.
    #[must_use]
    pub fn or(&self, other: &Self, bandwidths: bool) -> Self {
        match (&self.0, &other.0) {
            (_, None) => self.clone(),
            (None, Some(told)) if bandwidths || told.has_no_bandwidths() => other.clone(),
            _ => Self::from(Measured::or(self, other, bandwidths)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_with_and_without_a_unit() {
        for (text, billionths) in [
            ("0", 0),
            ("0.1", 1_000_000),
            (" 0.1 % ", 1_000_000),
            ("0.000003%", 30),
            ("1e-7", 1),
            ("4e-8", 0),
            ("100%", Loss::WHOLE),
        ] {
            let read = Loss::parse(text).unwrap();
            assert_eq!(read.billionths(), billionths, "{text}");
        }
        for text in [
            "",
            "%",
            "-1",
            "100.1",
            "NaN",
            "inf",
            "1 ‰",
            "1 percent",
            "1%%",
        ] {
            let error = Loss::parse(text).unwrap_err();
            assert!(error.to_string().contains("from 0 to 100"), "{error}");
        }
        assert_eq!(Loss::from_percent(0.25).unwrap().to_string(), "0.25 %");
        assert!(Loss::from_percent(f64::NAN).is_err());
        assert_eq!(Loss::from_billionths(u32::MAX).percent(), 100.0);
    }

    #[test]
    fn who_tells_nothing_takes_no_memory_and_all_that_is_told_is_kept() {
        assert!(Performance::from(Measured::default()).is_empty());
        assert_eq!(Performance::default().loss, None);
        let loss = Some(Loss::from_billionths(7));
        let told = Performance::from(Measured {
            loss,
            ..Measured::default()
        });
        assert_eq!((told.is_empty(), told.loss), (false, loss));
    }

    #[test]
    fn bounds_of_the_delay_go_together_and_so_do_bandwidths() {
        let delay = |nanos| Some(Delay::from_nanos(nanos));
        let bandwidth = |bits| Some(Bandwidth::from_bits_per_second(bits));
        let other = Measured {
            delay_min: delay(1),
            delay_max: delay(2),
            delay_variation: delay(3),
            loss: Some(Loss::from_billionths(4)),
            residual_bandwidth: bandwidth(5),
            available_bandwidth: bandwidth(6),
        };
        let own = Measured {
            delay_max: delay(9),
            residual_bandwidth: bandwidth(9),
            ..Measured::default()
        };
        let both = own.or(&other, true);
        assert_eq!((both.delay_min, both.delay_max), (None, delay(9)));
        assert_eq!((both.delay_variation, both.loss), (delay(3), other.loss));
        assert_eq!(both.bandwidth(bandwidth(1)), bandwidth(9));
        assert_eq!(Measured::default().or(&other, true), other);
        let [own, other] = [Measured::default(), other].map(Performance::from);
        assert_eq!(own.or(&other, true), other);
        let without = own.or(&other, false);
        assert_eq!((without.loss, without.bandwidth(None)), (other.loss, None));
        assert_eq!(other.or(&own, true), other);
    }
}
