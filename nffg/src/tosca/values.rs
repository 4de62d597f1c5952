//! What values are worth: functions worked out, numbers of CPUs, sizes.

use serde_json::Value;

use super::MAX_INPUTS;
use crate::list::Read;
use crate::number::{self, Kind};
use crate::place::Place;
use crate::{Quantity, Unit};

/// A value as a count of CPUs.
pub(super) fn cpus(place: &Place<'_>) -> Read<Quantity> {
    let text = number::text(&place.cursor())?;
    Kind::Cpu.parse(&text).map_err(|rule| place.invalid(rule))
}

/// A value as a `scalar-unit.size`.
pub(super) fn size(place: &Place<'_>) -> Read<Quantity> {
    let text = number::text(&place.cursor())?;
    parse_size(&text).ok_or_else(|| place.invalid(SIZE))
}

const SIZE: &str = "a size is a number that is not negative and one of the units B, kB, KiB, MB, MiB, GB, GiB, \
                    TB, TiB (TOSCA 3.3.6.4)";

fn parse_size(text: &str) -> Option<Quantity> {
    let text = text.trim();
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = text.get(number.len()..)?.to_ascii_lowercase();
    let (factor, unit) = match unit.as_str() {
        "" => (1.0, Unit::Bare),
        "b" => (1.0, Unit::Byte),
        "kb" => (1e3, Unit::Byte),
        "mb" => (1e6, Unit::Byte),
        "gb" => (1e9, Unit::Byte),
        "tb" => (1e12, Unit::Byte),
        "kib" => (1024.0, Unit::Byte),
        "mib" => (1_048_576.0, Unit::Byte),
        "gib" => (1_073_741_824.0, Unit::Byte),
        "tib" => (1_099_511_627_776.0, Unit::Byte),
        _ => return None,
    };
    let number: f64 = number.trim_end().parse().ok()?;
    Quantity::new(number * factor, unit).ok()
}

/// The functions of TOSCA 1.3 §4.
const FUNCTIONS: [&str; 9] = [
    "concat",
    "join",
    "token",
    "get_input",
    "get_property",
    "get_attribute",
    "get_operation_output",
    "get_nodes_of_type",
    "get_artifact",
];

/// What a value is worth: itself, unless it is a function.
pub(super) fn worth<'a>(place: Place<'a>, inputs: Option<&Place<'a>>) -> Read<Place<'a>> {
    let mut worth = place.clone();
    for _ in 0..=MAX_INPUTS {
        let Some((function, argument)) = function(&worth) else {
            return Ok(worth);
        };
        if function != "get_input" {
            let rule =
                format_args!("the function '{function}' is not worked out; only get_input is");
            return Err(worth.invalid(rule));
        }
        worth = input(&argument, inputs)?;
    }
    let rule = format_args!("it leads through more than {MAX_INPUTS} inputs, or in a circle");
    Err(place.invalid(rule))
}

/// The function that a value is, and its argument.
fn function<'a>(place: &Place<'a>) -> Option<(&'a str, Place<'a>)> {
    let members = place.value().as_object()?;
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    FUNCTIONS
        .contains(&name.as_str())
        .then(|| (name.as_str(), place.below(name, argument)))
}

/// What `get_input` is worth: the input's default, or what stands in it at the path that follows the name.
fn input<'a>(argument: &Place<'a>, inputs: Option<&Place<'a>>) -> Read<Place<'a>> {
    let (name, path) = match argument.value() {
        Value::String(name) => (name.as_str(), &[][..]),
        Value::Array(names) => match names.split_first() {
            Some((Value::String(name), path)) => (name.as_str(), path),
            _ => return Err(argument.invalid("a list starts with the input's name")),
        },
        _ => return Err(argument.cursor().wrong_type("the name of an input")),
    };
    let declared = inputs.map(|inputs| inputs.member(name)).transpose()?;
    let Some(declared) = declared.flatten() else {
        return Err(argument.invalid("there is no input of this name"));
    };
    let value = declared
        .member("default")
        .transpose()
        .or_else(|| declared.member("value").transpose())
        .transpose()?;
    let Some(mut worth) = value else {
        let rule = "the input has no default, so the document does not tell what it is worth";
        return Err(argument.invalid(rule));
    };
    for step in path {
        worth = match (step, worth.value()) {
            (Value::String(name), Value::Object(_)) => worth.member(name)?,
            (Value::Number(index), Value::Array(_)) => {
                let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
                index.and_then(|index| worth.nth(index))
            }
            _ => None,
        }
        .ok_or_else(|| argument.invalid("the input's default has no such part"))?;
    }
    Ok(worth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tosca_3_3_6_4_sizes() {
        let read = |text: &str| parse_size(text).map(|size| (size.value(), size.unit()));
        for (text, bytes) in [
            ("0 B", 0.0),
            ("4 GB", 4e9),
            ("4GB", 4e9),
            (" 1.5   gb ", 1.5e9),
            ("1 kB", 1e3),
            ("1 KB", 1e3),
            ("1 KiB", 1024.0),
            ("512 MiB", 536_870_912.0),
            ("1 GiB", 1_073_741_824.0),
            ("2 TiB", 2_199_023_255_552.0),
            ("3 TB", 3e12),
            ("1e3 MB", 1e9),
        ] {
            assert_eq!(read(text), Some((bytes, Unit::Byte)), "{text}");
        }
        assert_eq!(read("60"), Some((60.0, Unit::Bare)));
        for text in [
            "", "GB", "-1 GB", "4 PB", "4 GBytes", "4 G B", "inf", "NaN B", "1e999 B", "4 µB",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
