//! Quantities with their units. A number without a unit stays without one: exporters really send
//! `50.0` and `100Gbyte` side by side, and adding the two would be a lie.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Why a text is not a quantity, a delay or a bandwidth.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{value}' is not a valid {kind}: {rule}")]
pub struct UnitError {
    /// What was wanted: "quantity", "delay", "bandwidth".
    pub kind: &'static str,
    /// The offending text, cut after 80 characters.
    pub value: String,
    /// What would be right.
    pub rule: &'static str,
}

impl UnitError {
    pub(crate) fn new(kind: &'static str, value: &str, rule: &'static str) -> Self {
        Self {
            kind,
            value: value.chars().take(80).collect(),
            rule,
        }
    }
}

/// The unit of a [`Quantity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A bare number: what it counts is the exporter's own.
    Bare,
    /// Bytes.
    Byte,
}

/// An amount of cpu, memory or storage: finite, not negative, with its unit.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Quantity {
    value: f64,
    unit: Unit,
}

impl Quantity {
    const KIND: &'static str = "quantity";

    /// A quantity of `value` in `unit`.
    ///
    /// # Errors
    /// The value is negative, infinite or not a number.
    pub fn new(value: f64, unit: Unit) -> Result<Self, UnitError> {
        if !value.is_finite() || value < 0.0 {
            let rule = "a finite number that is not negative";
            return Err(UnitError::new(Self::KIND, &value.to_string(), rule));
        }
        Ok(Self {
            value: value + 0.0,
            unit,
        })
    }

    /// The number, in the unit's own base (bytes for [`Unit::Byte`]).
    #[must_use]
    pub fn value(self) -> f64 {
        self.value
    }

    /// The unit.
    #[must_use]
    pub fn unit(self) -> Unit {
        self.unit
    }
}

/// Splits `text` into its leading number and the rest, both trimmed.
fn split_number(text: &str) -> (&str, &str) {
    let text = text.trim();
    let mut end = 0;
    let bytes = text.as_bytes();
    while end < bytes.len() {
        let number = match bytes[end] {
            b'0'..=b'9' | b'.' => true,
            b'+' | b'-' => end == 0 || matches!(bytes[end - 1], b'e' | b'E'),
            // An exponent only when a digit or a signed digit follows: "5 EB" must keep its unit.
            b'e' | b'E' => {
                end > 0
                    && match bytes.get(end + 1) {
                        Some(b'0'..=b'9') => true,
                        Some(b'+' | b'-') => matches!(bytes.get(end + 2), Some(b'0'..=b'9')),
                        _ => false,
                    }
            }
            _ => false,
        };
        if !number {
            break;
        }
        end += 1;
    }
    (&text[..end], text[end..].trim())
}

/// The factor of a byte unit's name: `GB`, `Gbyte`, `GByte`, `GiB`, `bytes`, ... to bytes.
fn byte_factor(name: &str) -> Option<f64> {
    let lower = name.to_ascii_lowercase();
    let prefix = ["bytes", "byte", "b"]
        .iter()
        .find_map(|tail| lower.strip_suffix(tail))?;
    let (prefix, base) = match prefix.strip_suffix('i') {
        Some(binary) if !binary.is_empty() => (binary, 1024.0_f64),
        _ => (prefix, 1000.0_f64),
    };
    let power = ["", "k", "m", "g", "t", "p", "e"]
        .iter()
        .position(|p| *p == prefix)?;
    Some(base.powi(i32::try_from(power).ok()?))
}

impl FromStr for Quantity {
    type Err = UnitError;

    /// A number, bare or with a byte unit, glued or after a space: `50.0`, `100Gbyte`, `200 GiB`.
    /// Decimal prefixes are powers of 1000, `Ki`, `Mi`, ... powers of 1024.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bad = |rule| UnitError::new(Self::KIND, text, rule);
        let (number, unit) = split_number(text);
        let value: f64 = number
            .parse()
            .map_err(|_| bad("a number, then perhaps a unit"))?;
        let (factor, unit) = if unit.is_empty() {
            (1.0, Unit::Bare)
        } else {
            let known =
                "the unit may be left out, or be bytes: B, kB, MB, GB, TB, PB, EB, KiB, ...";
            (byte_factor(unit).ok_or_else(|| bad(known))?, Unit::Byte)
        };
        Self::new(value * factor, unit).map_err(|_| bad("a finite number that is not negative"))
    }
}

/// The value to twelve significant digits: what a sum of decimals gathers beyond them (0.1 + 0.2) is the
/// noise of binary fractions, not an amount.
fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// The draft's spelling: at least one decimal, `50.0`; bytes in the largest decimal unit that does
/// not need more than three decimals, `100.0 GB`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Bare => write!(f, "{:?}", twelve_digits(self.value)),
            Unit::Byte => {
                let scaled = ["EB", "PB", "TB", "GB", "MB", "kB"]
                    .iter()
                    .zip((1..=6).rev())
                    .find_map(|(name, power)| {
                        let value = self.value / 1000_f64.powi(power);
                        let short = (value * 1000.0).fract() == 0.0;
                        (value >= 1.0 && short).then_some((value, *name))
                    });
                let (value, name) = scaled.unwrap_or((self.value, "B"));
                write!(f, "{:?} {name}", twelve_digits(value))
            }
        }
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({self})")
    }
}

/// A sum of quantities, one amount per unit, so that unlike units are never added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QuantitySum {
    bare: Option<f64>,
    bytes: Option<f64>,
}

impl QuantitySum {
    /// Adds one quantity.
    pub fn add(&mut self, quantity: Quantity) {
        let slot = match quantity.unit {
            Unit::Bare => &mut self.bare,
            Unit::Byte => &mut self.bytes,
        };
        *slot = Some((slot.unwrap_or(0.0) + quantity.value).min(f64::MAX));
    }

    /// Adds another sum.
    pub fn add_sum(&mut self, other: Self) {
        other.quantities().for_each(|quantity| self.add(quantity));
    }

    /// The amounts, one for each unit that occurred, bare numbers first.
    pub fn quantities(self) -> impl Iterator<Item = Quantity> {
        let bare = self.bare.map(|value| Quantity {
            value,
            unit: Unit::Bare,
        });
        let bytes = self.bytes.map(|value| Quantity {
            value,
            unit: Unit::Byte,
        });
        bare.into_iter().chain(bytes)
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bare.is_none() && self.bytes.is_none()
    }

    /// How much there is in `unit`; `None` when no quantity had that unit.
    #[must_use]
    pub fn in_unit(self, unit: Unit) -> Option<f64> {
        match unit {
            Unit::Bare => self.bare,
            Unit::Byte => self.bytes,
        }
    }
}

/// Cpu, memory and storage: of a node what it has, of an NF what it asks for. What is not told is
/// `None`, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resources {
    /// Processing, in cores or the exporter's own measure.
    pub cpu: Option<Quantity>,
    /// Memory.
    pub mem: Option<Quantity>,
    /// Storage.
    pub storage: Option<Quantity>,
}

impl Resources {
    /// Whether none of the three is told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cpu.is_none() && self.mem.is_none() && self.storage.is_none()
    }
}

/// The nearest whole number; `None` if it is negative, needs more than 64 bits or is not a number.
fn whole(value: f64) -> Option<u64> {
    let whole = value.round();
    // 2^64 is exact in f64; what is below it fits.
    if !(0.0..18_446_744_073_709_551_616.0).contains(&whole) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    Some(whole as u64)
}

/// A one-way delay, in whole nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delay(u64);

impl Delay {
    const KIND: &'static str = "delay";
    const RULE: &'static str =
        "a number that is not negative, bare or in ns, us, ms, s, below 584 years";

    /// A delay of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A delay of `micros` microseconds, as RFC 7471 and RFC 8571 count.
    ///
    /// # Errors
    /// The value is negative, not a number, or too large.
    pub fn from_micros(micros: f64) -> Result<Self, UnitError> {
        Self::scaled(micros, 1e3, micros)
    }

    /// A delay of `millis` milliseconds, as ESCAPE counts bare numbers.
    ///
    /// # Errors
    /// The value is negative, not a number, or too large.
    pub fn from_millis(millis: f64) -> Result<Self, UnitError> {
        Self::scaled(millis, 1e6, millis)
    }

    fn scaled(value: f64, factor: f64, text: impl fmt::Display) -> Result<Self, UnitError> {
        let nanos = whole(value * factor).map(Self);
        nanos.ok_or_else(|| UnitError::new(Self::KIND, &text.to_string(), Self::RULE))
    }

    /// Reads `3 ms`, `250us`, ... and a bare number in units of `bare` (the exporter's own unit).
    ///
    /// # Errors
    /// Not a number, a unit that is none of ns, us, ms, s, or out of range.
    pub fn parse(text: &str, bare: Duration) -> Result<Self, UnitError> {
        let bad = || UnitError::new(Self::KIND, text, Self::RULE);
        let (number, unit) = split_number(text);
        let value: f64 = number.parse().map_err(|_| bad())?;
        let factor = match unit.to_ascii_lowercase().as_str() {
            "" => bare.as_secs_f64() * 1e9,
            "ns" => 1.0,
            "us" | "µs" | "usec" => 1e3,
            "ms" | "msec" => 1e6,
            "s" | "sec" => 1e9,
            _ => return Err(bad()),
        };
        Self::scaled(value, factor, text)
    }

    /// The delay in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The delay in microseconds.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "delays of interest are far below 2^53 ns"
    )]
    pub fn as_micros(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// The sum; the largest delay when it would overflow.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1_000_000 && self.0.is_multiple_of(10_000) {
            #[expect(clippy::cast_precision_loss, reason = "for people")]
            let millis = self.0 as f64 / 1e6;
            write!(f, "{millis} ms")
        } else {
            write!(f, "{} us", self.as_micros())
        }
    }
}

/// A bandwidth, in whole bits per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bandwidth(u64);

impl Bandwidth {
    const KIND: &'static str = "bandwidth";
    const RULE: &'static str = "a number that is not negative, bare or in bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s";

    /// A bandwidth of `bits` per second.
    #[must_use]
    pub const fn from_bits_per_second(bits: u64) -> Self {
        Self(bits)
    }

    /// A bandwidth of `bytes` per second, as BGP-LS and RFC 9439 count.
    ///
    /// # Errors
    /// The value is negative, not a number, or too large.
    pub fn from_bytes_per_second(bytes: f64) -> Result<Self, UnitError> {
        Self::scaled(bytes, 8.0, bytes)
    }

    fn scaled(value: f64, factor: f64, text: impl fmt::Display) -> Result<Self, UnitError> {
        let bits = whole(value * factor).map(Self);
        bits.ok_or_else(|| UnitError::new(Self::KIND, &text.to_string(), Self::RULE))
    }

    /// Reads `100 MB/s`, `10Gbit/s`, `1 Gbps`, ... and a bare number in units of `bare` bits per second.
    /// A capital `B` is bytes, a small `b` is bits.
    ///
    /// # Errors
    /// Not a number, an unknown unit, or out of range.
    pub fn parse(text: &str, bare_bits_per_second: f64) -> Result<Self, UnitError> {
        let bad = || UnitError::new(Self::KIND, text, Self::RULE);
        let (number, unit) = split_number(text);
        let value: f64 = number.parse().map_err(|_| bad())?;
        if unit.is_empty() {
            return Self::scaled(value, bare_bits_per_second, text);
        }
        let stem = ["/s", "/sec", "ps"]
            .iter()
            .find_map(|t| unit.strip_suffix(t))
            .ok_or_else(bad)?;
        let tails = [
            ("bits", 1.0),
            ("bit", 1.0),
            ("bytes", 8.0),
            ("byte", 8.0),
            ("Byte", 8.0),
            ("b", 1.0),
            ("B", 8.0),
        ];
        let (prefix, width) = tails
            .iter()
            .find_map(|(tail, width)| stem.strip_suffix(tail).map(|p| (p, *width)))
            .ok_or_else(bad)?;
        let factor = match prefix {
            "" => 1.0,
            "k" | "K" => 1e3,
            "M" | "m" => 1e6,
            "G" | "g" => 1e9,
            "T" | "t" => 1e12,
            _ => return Err(bad()),
        };
        Self::scaled(value, factor * width, text)
    }

    /// The bandwidth in bits per second.
    #[must_use]
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (divisor, name) = match self.0 {
            0..1_000 => (1.0, "bit/s"),
            1_000..1_000_000 => (1e3, "kbit/s"),
            1_000_000..1_000_000_000 => (1e6, "Mbit/s"),
            _ => (1e9, "Gbit/s"),
        };
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let value = self.0 as f64 / divisor;
        write!(f, "{value} {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_the_wild() {
        let read = |t: &str| {
            t.parse::<Quantity>()
                .map(|q| q.to_string())
                .map_err(|e| e.rule)
        };
        assert_eq!(read("50"), Ok("50.0".to_owned()));
        assert_eq!(read(" 38.5 "), Ok("38.5".to_owned()));
        assert_eq!(read("100Gbyte"), Ok("100.0 GB".to_owned()));
        assert_eq!(read("200GByte"), Ok("200.0 GB".to_owned()));
        assert_eq!(read("100 TB"), Ok("100.0 TB".to_owned()));
        assert_eq!(read("1 KiB"), Ok("1.024 kB".to_owned()));
        assert_eq!(read("1e3"), Ok("1000.0".to_owned()));
        assert_eq!(read("5 EB"), Ok("5.0 EB".to_owned()));
        assert_eq!(read("-0"), Ok("0.0".to_owned()));
        for bad in [
            "", "-1", "ten", "5 apples", "1e999", "NaN", "inf", "5 kiloB",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn unlike_units_are_never_added_up() {
        let mut sum = QuantitySum::default();
        for text in ["50", "1GB", "10", "500MB"] {
            sum.add(text.parse().unwrap());
        }
        let texts: Vec<String> = sum.quantities().map(|q| q.to_string()).collect();
        assert_eq!(texts, ["60.0", "1.5 GB"]);
        let mut sum = QuantitySum::default();
        for text in ["0.1", "0.2"] {
            sum.add(text.parse().unwrap());
        }
        assert_eq!(sum.quantities().next().unwrap().to_string(), "0.3");
    }

    #[test]
    fn delays_and_bandwidths_with_and_without_units() {
        let ms = Duration::from_millis(1);
        assert_eq!(Delay::parse("3 ms", ms).unwrap().as_nanos(), 3_000_000);
        assert_eq!(Delay::parse("0.2", ms).unwrap().as_nanos(), 200_000);
        assert_eq!(
            Delay::parse("230", Duration::from_micros(1))
                .unwrap()
                .as_nanos(),
            230_000
        );
        assert!(Delay::parse("-1", ms).is_err());
        assert!(Delay::parse("1e300", ms).is_err());
        assert_eq!(
            Bandwidth::parse("100 MB/s", 1.0).unwrap().bits_per_second(),
            800_000_000
        );
        assert_eq!(
            Bandwidth::parse("10", 1e6).unwrap().bits_per_second(),
            10_000_000
        );
        assert_eq!(
            Bandwidth::parse("1 Gbps", 1.0).unwrap().bits_per_second(),
            1_000_000_000
        );
        assert!(Bandwidth::parse("10 furlongs", 1.0).is_err());
    }
}
