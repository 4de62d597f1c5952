//! `date-time` of the documents: RFC 3339 §5.6, no more and no less.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The moment that a text names. A year of four digits may lie a few hours behind the last moment that can be told;
/// it is that moment then. Fractions below a nanosecond are cut off.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let rest = digits(text, 4)?;
    let rest = digits(rest.strip_prefix('-')?, 2)?;
    let rest = digits(rest.strip_prefix('-')?, 2)?;
    let rest = digits(rest.strip_prefix(['T', 't'])?, 2)?;
    let rest = digits(rest.strip_prefix(':')?, 2)?;
    let rest = digits(rest.strip_prefix(':')?, 2)?;
    let whole = text.get(..19)?.to_ascii_uppercase();
    let (fraction, zone) = match rest.strip_prefix('.') {
        None => ("", rest),
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            (rest.get(..end.min(9))?, rest.get(end..)?)
        }
    };
    if rest.starts_with('.') && fraction.is_empty() {
        return None;
    }
    let civil: DateTime = match fraction {
        "" => whole.parse().ok()?,
        fraction => format!("{whole}.{fraction}").parse().ok()?,
    };
    let offset = offset(zone)?;
    Some(offset.to_timestamp(civil).unwrap_or(Timestamp::MAX))
}

fn offset(zone: &str) -> Option<Offset> {
    if let "Z" | "z" = zone {
        return Some(Offset::UTC);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let rest = digits(zone.get(1..)?, 2)?;
    if !digits(rest.strip_prefix(':')?, 2)?.is_empty() {
        return None;
    }
    let hours: i32 = zone.get(1..3)?.parse().ok()?;
    let minutes: i32 = zone.get(4..6)?.parse().ok()?;
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok()
}

/// What is behind so many digits.
fn digits(text: &str, count: usize) -> Option<&str> {
    let (found, rest) = text.split_at_checked(count)?;
    found.bytes().all(|c| c.is_ascii_digit()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_5_6_date_times_and_what_only_looks_so() {
        let at = |text: &str| parse(text).map(|moment| moment.to_string());
        let same = Some("2026-11-29T19:00:00Z".to_owned());
        for text in [
            "2026-11-29T19:00:00Z",
            "2026-11-29t19:00:00z",
            "2026-11-29T20:30:00+01:30",
            "2026-11-29T18:00:00.000-01:00",
        ] {
            assert_eq!(at(text), same, "{text}");
        }
        let cut = at("2026-11-29T19:00:00.12345678987Z");
        assert_eq!(cut.as_deref(), Some("2026-11-29T19:00:00.123456789Z"));
        assert!(at("2016-12-31T23:59:60Z").is_some(), "a leap second");
        assert_eq!(parse("9999-12-31T23:59:59Z"), Some(Timestamp::MAX));
        assert_eq!(parse("9999-12-31T23:59:59-23:59"), Some(Timestamp::MAX));
        assert!(parse("0000-01-01T00:00:00+23:59").is_some());
        for text in [
            "",
            "2026-11-29",
            "2026-11-29T19:00Z",
            "2026-11-29T19:00:00",
            "2026-11-29 19:00:00Z",
            "2026-11-29T19:00:00.Z",
            "2026-11-29T24:00:00Z",
            "2026-02-30T19:00:00Z",
            "2026-11-29T19:00:00+24:00",
            "2026-11-29T19:00:00+0100",
            "2026-11-29T19:00:00+01:000",
            "2026-11-29T19:00:00Z[UTC]",
            "+02026-11-29T19:00:00Z",
            "2026-11-29T19:00:00.1",
            "2026-11-29T19:00:0\u{e9}Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
