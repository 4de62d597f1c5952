//! Writing JSON by splicing: answers are made of pieces that were rendered before.

use serde_json::Value;

/// Appends a JSON string.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(Value::from(text).to_string().as_bytes());
    }
}

/// Appends an array of strings.
pub(crate) fn strings<'a>(out: &mut Vec<u8>, texts: impl IntoIterator<Item = &'a str>) {
    out.push(b'[');
    let mut comma = Comma::default();
    for text in texts {
        comma.write(out);
        string(out, text);
    }
    out.push(b']');
}

/// Writes a comma each time but the first.
#[derive(Clone, Copy, Default)]
pub(crate) struct Comma(bool);

impl Comma {
    pub(crate) fn write(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.0, true) {
            out.push(b',');
        }
    }

    /// Whether something was written after it.
    pub(crate) fn is_written(self) -> bool {
        self.0
    }
}

/// Appends a whole number.
pub(crate) fn number(out: &mut Vec<u8>, mut number: u64) {
    // `u64::MAX` has 20 digits.
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends `number / per_unit` exactly, without zeros that say nothing. `per_unit` divides 10,000,000.
pub(crate) fn fraction(out: &mut Vec<u8>, amount: u64, per_unit: u64) {
    const PARTS: u64 = 10_000_000;
    // By a number that the compiler knows it divides several times as fast.
    let (whole, rest) = match per_unit {
        1 => (amount, 0),
        1000 => (amount / 1000, amount % 1000),
        _ => (amount / per_unit, amount % per_unit),
    };
    number(out, whole);
    let mut parts = rest * (PARTS / per_unit);
    if parts == 0 {
        return;
    }
    out.push(b'.');
    while parts > 0 {
        out.push(b'0' + (parts / (PARTS / 10)) as u8);
        parts = parts % (PARTS / 10) * 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What a client reads is what constraints compare.
        #[test]
        fn a_fraction_reads_back_as_the_quotient(amount in 0_u64..1 << 53, per_unit in prop::sample::select(vec![1_u64, 8, 1000, 10_000_000])) {
            let mut out = Vec::new();
            fraction(&mut out, amount, per_unit);
            let read: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
            prop_assert_eq!(read.to_bits(), (amount as f64 / per_unit as f64).to_bits());
        }

        #[test]
        fn a_written_string_reads_back(texts in prop::collection::vec(any::<String>(), 0..4)) {
            let mut out = Vec::new();
            strings(&mut out, texts.iter().map(String::as_str));
            prop_assert_eq!(serde_json::from_slice::<Vec<String>>(&out).unwrap(), texts);
        }
    }
}
