//! Looking into JSON texts without parsing them: where their members and elements are.
//!
//! The texts are the server's own, so that a name is in an object once. What is no JSON is answered by
//! `None`, never by a panic.

use std::borrow::Cow;

/// A member of an object: its name, and the text of its value.
pub(super) type Member<'a> = (Cow<'a, str>, &'a [u8]);

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The end of the string that begins at the first octet.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut octets = text.iter().enumerate().skip(1);
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'"' => return Some(at + 1),
            b'\\' => {
                octets.next();
            }
            _ => {}
        }
    }
    None
}

/// The end of the value that begins at the first octet.
fn value_end(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string_end(text),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0_usize, 0);
            loop {
                match text.get(at)? {
                    b'"' => {
                        at += string_end(text.get(at..)?)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.checked_sub(1)?,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => {
            let ends = |octet: &u8| matches!(octet, b',' | b'}' | b']') || is_space(*octet);
            let end = text.iter().position(ends).unwrap_or(text.len());
            (end > 0).then_some(end)
        }
    }
}

/// A text from its front to its back.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    fn take(&mut self, octet: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[octet])?;
        Some(())
    }

    fn cut(&mut self, end: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(end)?;
        self.0 = tail;
        Some(head)
    }

    /// A name and its colon.
    fn name(&mut self) -> Option<Cow<'a, str>> {
        if self.0.first() != Some(&b'"') {
            return None;
        }
        let quoted = self.cut(string_end(self.0)?)?;
        let plain = quoted.get(1..quoted.len().checked_sub(1)?)?;
        let name = if plain.contains(&b'\\') {
            Cow::Owned(serde_json::from_slice(quoted).ok()?)
        } else {
            Cow::Borrowed(str::from_utf8(plain).ok()?)
        };
        self.space();
        self.take(b':')?;
        self.space();
        Some(name)
    }

    fn value(&mut self) -> Option<&'a [u8]> {
        self.cut(value_end(self.0)?)
    }
}

/// The members of the text between two braces. The last may lack its value: then its name comes apart.
fn inner_members(inner: &[u8]) -> Option<(Vec<Member<'_>>, Option<Cow<'_, str>>)> {
    let mut reader = Reader(inner.trim_ascii());
    let mut members = Vec::new();
    while !reader.0.is_empty() {
        if !members.is_empty() {
            reader.take(b',')?;
            reader.space();
        }
        let name = reader.name()?;
        if reader.0.is_empty() {
            return Some((members, Some(name)));
        }
        members.push((name, reader.value()?));
        reader.space();
    }
    Some((members, None))
}

/// The members of an object.
pub(super) fn members(text: &[u8]) -> Option<Vec<Member<'_>>> {
    let inner = text.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?;
    match inner_members(inner)? {
        (members, None) => Some(members),
        _ => None,
    }
}

/// The members of an object whose text ends where its last member's own begin: `{"a":1,"b":{`. The name
/// of that member comes apart.
pub(super) fn open_members(text: &[u8]) -> Option<(Vec<Member<'_>>, Cow<'_, str>)> {
    let inner = text.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"{")?;
    match inner_members(inner)? {
        (members, Some(open)) => Some((members, open)),
        _ => None,
    }
}

/// One member, with a comma before it or not. That its value is one is not looked at.
pub(super) fn row(text: &[u8]) -> Option<Member<'_>> {
    let mut reader = Reader(text.strip_prefix(b",").unwrap_or(text).trim_ascii());
    Some((reader.name()?, reader.0))
}

/// The elements of an array.
pub(super) fn elements(text: &[u8]) -> Option<Vec<&[u8]>> {
    let inner = text.trim_ascii().strip_prefix(b"[")?.strip_suffix(b"]")?;
    let mut reader = Reader(inner.trim_ascii());
    let mut elements = Vec::new();
    while !reader.0.is_empty() {
        if !elements.is_empty() {
            reader.take(b',')?;
            reader.space();
        }
        elements.push(reader.value()?);
        reader.space();
    }
    Some(elements)
}

/// Whether a value is `null`, or an object in which a member's value is, at any depth that arrays do not
/// begin: what a merge patch would take for a removal (RFC 7396 §1).
pub(super) fn says_null(text: &[u8]) -> bool {
    match text.first() {
        Some(b'{') => {
            // No object that cannot be read is put into a merge patch.
            members(text).is_none_or(|members| members.iter().any(|(_, value)| says_null(value)))
        }
        _ => text == b"null",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_behind_escapes_and_spaces() {
        let text = br#" { "a\"}" : [1, "]"] , "b":{"c":"\\"},"":null } "#;
        let found = members(text).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["a\"}", "b", ""]);
        let values: Vec<&[u8]> = found.iter().map(|(_, value)| *value).collect();
        assert_eq!(
            values,
            [br#"[1, "]"]"#.as_slice(), br#"{"c":"\\"}"#, b"null"]
        );
        assert_eq!(elements(values[0]).unwrap(), [b"1".as_slice(), br#""]""#]);
        assert!(elements(b"[]").unwrap().is_empty() && members(b"{}").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_json_has_no_members() {
        for text in [
            "",
            "{",
            "}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 2}",
            "{,}",
            "[",
            "{\"a",
            "{\"a\":[}",
        ] {
            assert_eq!(members(text.as_bytes()), None, "{text}");
            assert_eq!(elements(text.as_bytes()), None, "{text}");
        }
        for text in ["[1,]", "[,]", "[1 2]", "[\"]"] {
            assert_eq!(elements(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_null_within_an_array_is_a_value() {
        for (text, says) in [
            ("null", true),
            ("{\"a\":{\"b\":null}}", true),
            ("{\"a\":[null,{\"b\":null}],\"c\":\"null\"}", false),
            ("[null]", false),
        ] {
            assert_eq!(says_null(text.as_bytes()), says, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(
            proptest::sample::select(b"{}[]\",:\\ an1".as_slice()), 0..24,
        )) {
            let _ = (members(&octets), elements(&octets), open_members(&octets), row(&octets), says_null(&octets));
        }
    }
}
