//! Availability: the share of the time in which something works. Kept as whole billionths, so that products are compared
//! exactly: three nines three times are 0.997002999, and neither more nor less.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigUint;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A share of the time from 0 to 1, to nine decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Availability(u32);

/// So many billionths are the whole.
const WHOLE: u32 = 1_000_000_000;

impl Availability {
    /// It never works.
    pub const NEVER: Self = Self(0);
    /// It works always.
    pub const ALWAYS: Self = Self(WHOLE);

    /// From whole billionths; `None` if they are more than the whole.
    #[must_use]
    pub const fn from_billionths(billionths: u32) -> Option<Self> {
        if billionths <= WHOLE {
            Some(Self(billionths))
        } else {
            None
        }
    }

    /// From a share, rounded to nine decimals; `None` if it is not from 0 to 1.
    #[must_use]
    pub fn from_share(share: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&share) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in range, and whole"
        )]
        Some(Self((share * f64::from(WHOLE)).round() as u32))
    }

    /// In billionths.
    #[must_use]
    pub const fn billionths(self) -> u32 {
        self.0
    }

    /// The number that is nearest to it.
    #[must_use]
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }
}

/// As people write it: `0.999`.
impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.share())
    }
}

impl Serialize for Availability {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.share())
    }
}

impl<'de> Deserialize<'de> for Availability {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(from)?;
        Self::from_share(share).ok_or_else(|| {
            serde::de::Error::custom(format_args!("{share} is no share from 0 to 1"))
        })
    }
}

/// What several availabilities come to together. Compared exactly, however many they are.
#[derive(Clone, Debug)]
pub struct Product {
    /// Of the billionths of all, multiplied.
    billionths: BigUint,
    /// How many were multiplied.
    factors: u32,
    /// About the same, as a number.
    share: f64,
}

impl Default for Product {
    fn default() -> Self {
        Self {
            billionths: BigUint::from(1_u32),
            factors: 0,
            share: 1.0,
        }
    }
}

impl Product {
    /// Together with one more, independent of the others.
    #[must_use]
    pub fn and(&self, one: Availability) -> Self {
        Self {
            billionths: &self.billionths * one.0,
            factors: self.factors + 1,
            share: self.share * one.share(),
        }
    }

    /// Whether it is as much as an availability, or more.
    #[must_use]
    pub fn reaches(&self, wanted: Availability) -> bool {
        *self >= Self::default().and(wanted)
    }

    /// About what it comes to, for people.
    #[must_use]
    pub const fn share(&self) -> f64 {
        self.share
    }
}

impl PartialEq for Product {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Product {}

impl PartialOrd for Product {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By what they come to, whatever they are made of.
impl Ord for Product {
    fn cmp(&self, other: &Self) -> Ordering {
        let most = self.factors.max(other.factors);
        let scaled = |of: &Self| &of.billionths * BigUint::from(WHOLE).pow(most - of.factors);
        scaled(self).cmp(&scaled(other))
    }
}
