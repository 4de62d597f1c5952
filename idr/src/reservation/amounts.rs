//! Amounts of cpu, memory and storage as whole numbers, so that a sum does not depend on the order in
//! which it was made, and what was added can be taken away again without a rest.

use std::fmt;

use nffg::{Quantity, QuantitySum, Resources, Unit};

use crate::Totals;

/// The three kinds of what a domain gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// Processing.
    Cpu,
    /// Memory.
    Mem,
    /// Storage.
    Storage,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Mem, Self::Storage];

    /// The word for it in maps, answers and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Mem => "mem",
            Self::Storage => "storage",
        }
    }

    fn of(self, resources: &Resources) -> Option<Quantity> {
        match self {
            Self::Cpu => resources.cpu,
            Self::Mem => resources.mem,
            Self::Storage => resources.storage,
        }
    }

    fn sum_of(self, totals: &Totals) -> QuantitySum {
        match self {
            Self::Cpu => totals.cpu,
            Self::Mem => totals.mem,
            Self::Storage => totals.storage,
        }
    }

    fn sum_in(self, totals: &mut Totals) -> &mut QuantitySum {
        match self {
            Self::Cpu => &mut totals.cpu,
            Self::Mem => &mut totals.mem,
            Self::Storage => &mut totals.storage,
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Each kind without and with a unit, in the order in which amounts are kept and listed. Unlike units
/// are kinds of their own: nothing of the one is ever taken from the other.
const SLOTS: [(ResourceKind, Unit); 6] = [
    (ResourceKind::Cpu, Unit::Bare),
    (ResourceKind::Cpu, Unit::Byte),
    (ResourceKind::Mem, Unit::Bare),
    (ResourceKind::Mem, Unit::Byte),
    (ResourceKind::Storage, Unit::Bare),
    (ResourceKind::Storage, Unit::Byte),
];

const fn slot(kind: ResourceKind, unit: Unit) -> usize {
    2 * kind as usize + unit as usize
}

/// How many of an [`Amount`]'s steps make one.
const STEPS: u128 = 1_000_000;

/// An amount in millionths of its unit's base: of a core, of a byte, of what a bare number counts.
///
/// A [`Quantity`] is read as the decimal number that it was written as: a whole number as it is, any
/// other to fifteen significant digits, which is what binary fractions keep of decimals. So 0.1 and 0.2
/// are 0.3 here. What is still no whole number of millionths is rounded against the one who asks:
/// a demand up, a capacity down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The most that one claim may ask for of one kind and unit, about 79 zettabytes: 2^32 such claims
    /// add up without overflow.
    pub const MAX_CLAIMED: Self = Self((1 << 96) - 1);

    /// An amount of `count` millionths.
    #[must_use]
    pub const fn from_millionths(count: u128) -> Self {
        Self(count)
    }

    /// How many millionths.
    #[must_use]
    pub const fn as_millionths(self) -> u128 {
        self.0
    }

    /// What is asked for, rounded up; `None` beyond [`Amount::MAX_CLAIMED`].
    #[must_use]
    pub fn demanded(quantity: Quantity) -> Option<Self> {
        let amount = Self(millionths(quantity.value(), u128::div_ceil)?);
        (amount <= Self::MAX_CLAIMED).then_some(amount)
    }

    /// What there is, rounded down; what no integer holds is as much as one does.
    #[must_use]
    pub fn offered(quantity: Quantity) -> Self {
        Self(millionths(quantity.value(), |count, by| count / by).unwrap_or(u128::MAX))
    }

    /// The amount as a quantity in `unit`: the nearest that there is.
    #[must_use]
    pub fn in_unit(self, unit: Unit) -> Quantity {
        #[expect(
            clippy::cast_precision_loss,
            reason = "quantities are floating point; below 2^53 millionths nothing is lost"
        )]
        let value = self.0 as f64 / STEPS as f64;
        Quantity::new(value, unit).expect("a quotient of integers is finite and not negative")
    }

    /// What is left after `other` was taken, zero at least.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    pub(super) const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// `value`, finite and not negative, in millionths; `None` if no `u128` holds it. `divide` rounds.
fn millionths(value: f64, divide: impl Fn(u128, u128) -> u128) -> Option<u128> {
    if value.fract() == 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and not negative; what is too large becomes the largest, and overflows next"
        )]
        return (value as u128).checked_mul(STEPS);
    }
    // `d.dddddddddddddde-x`: with a fraction the value is below 2^52, so all powers fit.
    const DECIMALS: i32 = 14;
    let text = format!("{value:.14e}");
    let (digits, exponent) = text.split_once('e')?;
    let digits: u128 = digits.replace('.', "").parse().ok()?;
    let power = exponent.parse::<i32>().ok()? - DECIMALS + 6;
    let scale = 10_u128.checked_pow(power.unsigned_abs());
    match scale {
        Some(scale) if power >= 0 => digits.checked_mul(scale),
        Some(scale) => Some(divide(digits, scale)),
        // Less than any step.
        None => Some(divide(1, u128::MAX)),
    }
}

/// Cpu, memory and storage, each without and with a unit. What is not told is zero: nothing is asked
/// for, or held.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Amounts([Amount; SLOTS.len()]);

impl Amounts {
    /// What an NF asks for; the first kind and quantity beyond [`Amount::MAX_CLAIMED`] if there is one.
    pub(super) fn demanded(demand: &Resources) -> Result<Self, (ResourceKind, Quantity)> {
        let mut amounts = Self::default();
        for kind in ResourceKind::ALL {
            if let Some(told) = kind.of(demand) {
                amounts.0[slot(kind, told.unit())] = Amount::demanded(told).ok_or((kind, told))?;
            }
        }
        Ok(amounts)
    }

    /// The amount of `kind` in `unit`.
    #[must_use]
    pub const fn get(&self, kind: ResourceKind, unit: Unit) -> Amount {
        self.0[slot(kind, unit)]
    }

    /// The same with `amount` of `kind` in `unit`.
    #[must_use]
    pub const fn with(mut self, kind: ResourceKind, unit: Unit, amount: Amount) -> Self {
        self.0[slot(kind, unit)] = amount;
        self
    }

    /// Those that are not zero: cpu, memory, storage, bare numbers before bytes.
    pub fn iter(&self) -> impl Iterator<Item = (ResourceKind, Unit, Amount)> {
        let all = SLOTS.into_iter().zip(self.0);
        all.filter(|(_, amount)| *amount != Amount::ZERO)
            .map(|((kind, unit), amount)| (kind, unit, amount))
    }

    /// Whether all are zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// Whether there is of everything at least as much as `other` has.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(own, other)| own >= other)
    }

    /// Of everything the larger.
    pub(super) fn max(&self, other: &Self) -> Self {
        let mut larger = *self;
        for (slot, amount) in larger.0.iter_mut().zip(other.0) {
            *slot = (*slot).max(amount);
        }
        larger
    }

    /// The sum, for claims: their bound is far below where it would saturate.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sum = *self;
        for (slot, amount) in sum.0.iter_mut().zip(other.0) {
            *slot = slot.saturating_add(amount);
        }
        sum
    }

    /// What is left without `other`, which is part of this.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let mut rest = *self;
        for (slot, amount) in rest.0.iter_mut().zip(other.0) {
            *slot = slot.saturating_sub(amount);
        }
        rest
    }
}

/// `cpu 2.5, mem 4.0 GB`; `nothing` if all are zero.
impl fmt::Display for Amounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("nothing");
        }
        for (at, (kind, unit, amount)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{kind} {}", amount.in_unit(unit))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Amounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amounts({self})")
    }
}

/// What a domain has at most, each kind without and with a unit. What is not told has no bound: the
/// domain itself must refuse what it cannot host. The placement search has the same rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DomainCapacity([Option<Amount>; SLOTS.len()]);

impl DomainCapacity {
    /// The sum of what nodes tell. Made of the leaves, not of their sum in floating point: two nodes
    /// with 0.7 and 0.1 have 0.8, and the order of nodes does not matter.
    #[must_use]
    pub fn of_nodes<'a>(nodes: impl IntoIterator<Item = &'a Resources>) -> Self {
        let mut capacity = Self::default();
        for resources in nodes {
            for kind in ResourceKind::ALL {
                if let Some(told) = kind.of(resources) {
                    let sum = &mut capacity.0[slot(kind, told.unit())];
                    let more = Amount::offered(told);
                    *sum = Some(sum.map_or(more, |sum| sum.saturating_add(more)));
                }
            }
        }
        capacity
    }

    /// The bound of `kind` in `unit`; `None` if there is none.
    #[must_use]
    pub const fn get(&self, kind: ResourceKind, unit: Unit) -> Option<Amount> {
        self.0[slot(kind, unit)]
    }

    /// What is left of `totals`, which these are the exact sums of, when `held` is taken. Of what
    /// nothing is held the answer is the total as it stands, to the last bit.
    pub(crate) fn left(&self, totals: &Totals, held: &Amounts) -> Totals {
        let mut left = Totals::default();
        for (kind, unit) in SLOTS {
            let held = held.get(kind, unit);
            let quantity = match self.get(kind, unit) {
                Some(capacity) if held != Amount::ZERO => {
                    Some(capacity.saturating_sub(held).in_unit(unit))
                }
                _ => {
                    let mut told = kind.sum_of(totals).quantities();
                    told.find(|quantity| quantity.unit() == unit)
                }
            };
            if let Some(quantity) = quantity {
                kind.sum_in(&mut left).add(quantity);
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantity(value: f64) -> Quantity {
        Quantity::new(value, Unit::Bare).unwrap()
    }

    #[test]
    fn decimals_are_what_they_were_written_as() {
        let sum = |texts: &[&str]| {
            let read = |text: &&str| Amount::demanded(text.parse().unwrap()).unwrap();
            let amounts: Vec<u128> = texts.iter().map(read).map(Amount::as_millionths).collect();
            amounts.iter().sum::<u128>()
        };
        assert_eq!(sum(&["0.1", "0.2"]), 300_000);
        assert_eq!(sum(&["2.3GB"]), 2_300_000_000_000_000);
        assert_eq!(sum(&["1e-6"]), 1);
        assert_eq!(sum(&["1234567890123457"]), 1_234_567_890_123_457_000_000);
        assert_eq!(sum(&["0"]), 0);
    }

    #[test]
    fn rounding_is_against_the_one_who_asks() {
        for (value, up, down) in [
            (1.0 / 3.0, 333_334, 333_333),
            (1e-9, 1, 0),
            (f64::MIN_POSITIVE, 1, 0),
            (0.5, 500_000, 500_000),
        ] {
            assert_eq!(
                Amount::demanded(quantity(value)),
                Some(Amount(up)),
                "{value}"
            );
            assert_eq!(Amount::offered(quantity(value)), Amount(down), "{value}");
        }
    }

    #[test]
    fn what_is_too_much_is_no_demand_and_the_largest_capacity() {
        assert_eq!(Amount::demanded(quantity(1e23)), None);
        assert_eq!(Amount::demanded(quantity(f64::MAX)), None);
        assert_eq!(Amount::offered(quantity(f64::MAX)), Amount(u128::MAX));
        let twice = [f64::MAX; 2].map(|value| Resources {
            cpu: Some(quantity(value)),
            ..Resources::default()
        });
        let capacity = DomainCapacity::of_nodes(&twice);
        let cpu = capacity.get(ResourceKind::Cpu, Unit::Bare);
        assert_eq!(cpu, Some(Amount(u128::MAX)));
    }

    #[test]
    fn the_slots_are_where_their_kind_and_unit_say() {
        for (at, (kind, unit)) in SLOTS.into_iter().enumerate() {
            assert_eq!(slot(kind, unit), at);
        }
    }

    proptest! {
        /// Up to nine digits before and six after the point are exact, both ways.
        #[test]
        fn a_decimal_number_is_exact(whole in 0_u32..1_000_000_000, millionths in 0_u32..1_000_000) {
            let told: Quantity = format!("{whole}.{millionths:06}").parse().unwrap();
            let exact = Amount(u128::from(whole) * STEPS + u128::from(millionths));
            prop_assert_eq!(Amount::demanded(told), Some(exact));
            prop_assert_eq!(Amount::offered(told), exact);
            prop_assert_eq!(exact.in_unit(Unit::Bare), told);
        }

        #[test]
        fn an_offer_is_never_above_the_demand_of_the_same_number(value in 0.0..1e22_f64) {
            let (down, up) = (Amount::offered(quantity(value)), Amount::demanded(quantity(value)));
            let up = up.unwrap();
            prop_assert!(down <= up && up.0 - down.0 <= 1);
            let near = up.0 as f64 / 1e6;
            prop_assert!((near - value).abs() <= 1e-6 + value * 1e-14, "{near} {value}");
        }
    }
}
