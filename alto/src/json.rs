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
#[derive(Default)]
pub(crate) struct Comma(bool);

impl Comma {
    pub(crate) fn write(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.0, true) {
            out.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_written_string_reads_back(texts in prop::collection::vec(any::<String>(), 0..4)) {
            let mut out = Vec::new();
            strings(&mut out, texts.iter().map(String::as_str));
            prop_assert_eq!(serde_json::from_slice::<Vec<String>>(&out).unwrap(), texts);
        }
    }
}
