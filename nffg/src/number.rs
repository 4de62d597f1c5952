//! Numbers with and without units as the four wire forms write them: read leniently, written so that
//! reading gives the same value back.
//!
//! What a bare number counts depends on the exporter: [`BARE_DELAY`] and [`BARE_BANDWIDTH`] are
//! ESCAPE's, milliseconds and Mbit/s as in its NFFG and in Mininet, which it feeds. netphony's are
//! in [`crate::unify`].

use std::time::Duration;

use serde_json::{Number, Value};

use crate::json::{Cursor, FieldError};
use crate::{Bandwidth, Delay, Quantity, Resources, Unit};

/// A bare delay of ESCAPE's: one millisecond.
pub(crate) const BARE_DELAY: Duration = Duration::from_millis(1);

/// A bare bandwidth of ESCAPE's: one Mbit/s.
pub(crate) const BARE_BANDWIDTH: f64 = 1e6;

const A_NUMBER: &str = "a number, or a string of a number and a unit";

/// The text of a JSON number or string.
pub(crate) fn text(cursor: &Cursor<'_>) -> Result<String, FieldError> {
    match cursor.value() {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(cursor.wrong_type(A_NUMBER)),
    }
}

/// The member `name` as a delay, if it is there.
pub(crate) fn delay<'a>(
    object: &Cursor<'a>,
    name: &'a str,
    bare: Duration,
) -> Result<Option<Delay>, FieldError> {
    let Some(member) = object.present(name)? else {
        return Ok(None);
    };
    let delay = Delay::parse(&text(&member)?, bare);
    delay.map(Some).map_err(|error| member.invalid(error.rule))
}

/// The member `name` as a bandwidth, if it is there.
pub(crate) fn bandwidth<'a>(
    object: &Cursor<'a>,
    name: &'a str,
    bare: f64,
) -> Result<Option<Bandwidth>, FieldError> {
    let Some(member) = object.present(name)? else {
        return Ok(None);
    };
    let bandwidth = Bandwidth::parse(&text(&member)?, bare);
    bandwidth
        .map(Some)
        .map_err(|error| member.invalid(error.rule))
}

/// One of [`Resources`], by its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Cpu,
    Mem,
    Storage,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Cpu, Self::Mem, Self::Storage];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Mem => "mem",
            Self::Storage => "storage",
        }
    }

    pub(crate) fn get(self, resources: &Resources) -> Option<Quantity> {
        match self {
            Self::Cpu => resources.cpu,
            Self::Mem => resources.mem,
            Self::Storage => resources.storage,
        }
    }

    pub(crate) fn set(self, resources: &mut Resources, quantity: Quantity) {
        let slot = match self {
            Self::Cpu => &mut resources.cpu,
            Self::Mem => &mut resources.mem,
            Self::Storage => &mut resources.storage,
        };
        *slot = Some(quantity);
    }

    /// Reads a quantity of this kind, or says the rule that it breaks. Cpu is counted: `2`, `2 cores`,
    /// `4 vCPU`, never in bytes.
    pub(crate) fn parse(self, text: &str) -> Result<Quantity, &'static str> {
        const CPU: &str =
            "a number that is not negative, perhaps with the unit cores, CPUs or vCPUs";
        let quantity = text.parse::<Quantity>();
        if self != Self::Cpu {
            return quantity.map_err(|error| error.rule);
        }
        let quantity = quantity.or_else(|error| {
            let lower = text.trim().to_ascii_lowercase();
            let units = ["cores", "core", "vcpus", "vcpu", "cpus", "cpu"];
            match units.iter().find_map(|unit| lower.strip_suffix(unit)) {
                Some(number) => number.parse::<Quantity>(),
                None => Err(error),
            }
        });
        quantity
            .ok()
            .filter(|quantity| quantity.unit() == Unit::Bare)
            .ok_or(CPU)
    }
}

/// The members `cpu`, `mem` and `storage` of an object, each a number or a string.
pub(crate) fn resources(object: &Cursor<'_>) -> Result<Resources, FieldError> {
    let mut resources = Resources::default();
    for kind in Kind::ALL {
        if let Some(member) = object.present(kind.name())? {
            let quantity = kind
                .parse(&text(&member)?)
                .map_err(|rule| member.invalid(rule))?;
            kind.set(&mut resources, quantity);
        }
    }
    Ok(resources)
}

/// The text of a quantity: as people write it where that is exact, else in bare bytes.
pub(crate) fn quantity_text(quantity: Quantity) -> String {
    let text = quantity.to_string();
    if text.parse() == Ok(quantity) {
        return text;
    }
    let unit = match quantity.unit() {
        Unit::Bare => "",
        Unit::Byte => " B",
    };
    format!("{:?}{unit}", quantity.value())
}

/// A delay as a bare number of ESCAPE's, exact below 2^50 ns (13 days).
pub(crate) fn bare_delay(delay: Delay) -> f64 {
    to_f64(delay.as_nanos()) / 1e6
}

/// A bandwidth as a bare number of ESCAPE's, exact below 2^50 bit/s (1 Pbit/s).
pub(crate) fn bare_bandwidth(bandwidth: Bandwidth) -> f64 {
    to_f64(bandwidth.bits_per_second()) / BARE_BANDWIDTH
}

/// The nearest floating-point number.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact below 2^53, as the callers say"
)]
pub(crate) fn to_f64(number: u64) -> f64 {
    number as f64
}

/// A JSON number, whole where it can be: `3`, not `3.0`.
pub(crate) fn json_number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && (0.0..EXACT).contains(&number) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked"
        )]
        return Value::from(number as u64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Resources as members of a JSON object: bare numbers as numbers, others as text.
pub(crate) fn resources_json(resources: &Resources) -> Value {
    let members = Kind::ALL.iter().filter_map(|kind| {
        let quantity = kind.get(resources)?;
        let value = match quantity.unit() {
            Unit::Bare => json_number(quantity.value()),
            Unit::Byte => Value::from(quantity_text(quantity)),
        };
        Some((kind.name().to_owned(), value))
    });
    Value::Object(members.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_counted_in_cores() {
        let read = |text| {
            Kind::Cpu
                .parse(text)
                .map(|quantity| quantity.to_string())
                .ok()
        };
        assert_eq!(read("2").as_deref(), Some("2.0"));
        assert_eq!(read(" 4 vCPU ").as_deref(), Some("4.0"));
        assert_eq!(read("8cores").as_deref(), Some("8.0"));
        for bad in ["", "two", "cores", "-1", "5 GB", "5 apples", "1e999"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn texts_of_quantities_are_exact() {
        for text in [
            "50",
            "100Gbyte",
            "38.5",
            "1 KiB",
            "1e300",
            "0.1 B",
            "123456789 B",
            "1e22B",
        ] {
            let quantity: Quantity = text.parse().unwrap();
            assert_eq!(quantity_text(quantity).parse(), Ok(quantity), "{text}");
        }
        assert_eq!(quantity_text("100Gbyte".parse().unwrap()), "100.0 GB");
    }

    #[test]
    fn json_numbers_and_texts_are_read_alike() {
        let value: Value = serde_json::from_str("1.4239797891894301").unwrap();
        assert_eq!(value.as_f64(), "1.4239797891894301".parse().ok());
    }

    #[test]
    fn json_numbers_are_whole_where_they_can_be() {
        assert_eq!(json_number(3.0).to_string(), "3");
        assert_eq!(json_number(0.2).to_string(), "0.2");
        assert_eq!(json_number(1e20).to_string(), "1e+20");
    }
}
