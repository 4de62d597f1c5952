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

/// The members of two objects, as far as the texts differ: without those at the front and at the back that are
/// octet by octet the same in both. `None` if that cannot be told by commas and quotes alone, as where such a
/// member has an object, an array or an escape in it.
pub(super) fn differing_members<'a, 'b>(
    one: &'a [u8],
    other: &'b [u8],
) -> Option<(Vec<Member<'a>>, Vec<Member<'b>>)> {
    let one = one.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?;
    let other = other.trim_ascii().strip_prefix(b"{")?.strip_suffix(b"}")?;
    // Up to a comma that is in no string: as many quotes before it end one as begin one.
    let mut head = one.get(..alike(one, other))?;
    let mut quotes = plain_quotes(head)?;
    while let Some((last, before)) = head.split_last()
        && !(*last == b',' && quotes.is_multiple_of(2))
    {
        quotes -= usize::from(*last == b'"');
        head = before;
    }
    let (one, other) = (one.get(head.len()..)?, other.get(head.len()..)?);
    // From such a comma on.
    let mut tail = one.get(one.len() - alike_at_the_end(one, other)..)?;
    let mut quotes = plain_quotes(tail)?;
    while let Some((first, behind)) = tail.split_first()
        && !(*first == b',' && quotes.is_multiple_of(2))
    {
        quotes -= usize::from(*first == b'"');
        tail = behind;
    }
    let one = inner_members(one.get(..one.len() - tail.len())?)?;
    let other = inner_members(other.get(..other.len() - tail.len())?)?;
    match (one, other) {
        ((one, None), (other, None)) => Some((one, other)),
        _ => None,
    }
}

/// Octets that are looked at together.
const CHUNK: usize = 64;

/// How many octets are the same at the front of both.
fn alike(one: &[u8], other: &[u8]) -> usize {
    let chunks = one.chunks(CHUNK).zip(other.chunks(CHUNK));
    let whole = chunks.take_while(|(one, other)| one == other);
    let start: usize = whole.map(|(one, _)| one.len()).sum();
    let rest = one.iter().zip(other).skip(start);
    start + rest.take_while(|(one, other)| one == other).count()
}

/// How many octets are the same at the back of both.
fn alike_at_the_end(one: &[u8], other: &[u8]) -> usize {
    let chunks = one.rchunks(CHUNK).zip(other.rchunks(CHUNK));
    let whole = chunks.take_while(|(one, other)| one == other);
    let end: usize = whole.map(|(one, _)| one.len()).sum();
    let rest = one.iter().rev().zip(other.iter().rev()).skip(end);
    end + rest.take_while(|(one, other)| one == other).count()
}

/// How many quotes there are; `None` if there is a backslash, a brace or a bracket.
fn plain_quotes(text: &[u8]) -> Option<usize> {
    let mut quotes = 0;
    for chunk in text.chunks(CHUNK) {
        let (mut found, mut others) = (0_u8, false);
        for octet in chunk {
            found += u8::from(*octet == b'"');
            // `[`, `\\` and `]` are one after another, and so are, 32 after them, `{`, `|` and `}`.
            others |= (octet | 32).wrapping_sub(b'{') < 3;
        }
        if others {
            return None;
        }
        quotes += usize::from(found);
    }
    Some(quotes)
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
    use proptest::prelude::*;

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

    /// Names in order, each once; values with all that may mislead.
    fn any_object() -> impl Strategy<Value = Vec<(String, &'static str)>> {
        let names = ["a", "a,", "b\"", "c", "c\\", "d}", "e,\"", "f"];
        let values = [
            "1",
            "12",
            "2",
            "\",\"",
            "\"\\\",\"",
            "{\"a\":1}",
            "[1,2]",
            "\"]\"",
        ];
        let value = proptest::sample::select(values.to_vec());
        let plain = proptest::sample::select(values[..4].to_vec());
        let either = proptest::prop_oneof![value, plain.clone(), plain];
        proptest::collection::vec(proptest::option::weighted(0.8, either), names.len()).prop_map(
            move |values| {
                let members = names.iter().zip(values);
                let members =
                    members.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
                members.collect()
            },
        )
    }

    fn written(object: &[(String, &str)], spaced: bool) -> Vec<u8> {
        let space = if spaced { " " } else { "" };
        let members = object.iter().map(|(name, value)| {
            let name = serde_json::Value::from(name.as_str());
            format!("{name}{space}:{value}")
        });
        let members: Vec<String> = members.collect();
        format!("{{{space}{}}}", members.join(&format!(",{space}"))).into_bytes()
    }

    #[test]
    fn members_at_both_ends_that_are_the_same_are_left_out() {
        let row = |value: u32| format!("{{\"A\":1,\"B\":{value},\"C\":1}}");
        let (one, other) = (row(123), row(153));
        let (one, other) = differing_members(one.as_bytes(), other.as_bytes()).unwrap();
        assert_eq!(one, [("B".into(), b"123".as_slice())]);
        assert_eq!(other, [("B".into(), b"153".as_slice())]);
        // A comma in a name is none between members.
        let (one, other) = (b"{\"a,b\":1}", b"{\"a,c\":1}");
        assert_eq!(differing_members(one, other).unwrap().1[0].0, "a,c");
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

        #[test]
        fn no_two_texts_make_it_panic(
            one in proptest::collection::vec(proptest::sample::select(b"{}[]\",:\\ a1".as_slice()), 0..24),
            other in proptest::collection::vec(proptest::sample::select(b"{}[]\",:\\ a1".as_slice()), 0..24),
        ) {
            let _ = differing_members(&one, &other);
        }

        /// What is left out is in both, and nothing else is.
        #[test]
        fn members_that_are_left_out_are_the_same(
            one in any_object(), other in any_object(), spaced in proptest::bool::ANY,
        ) {
            let [one, other] = [one, other].map(|object| written(&object, spaced));
            let (all_one, all_other) = (members(&one).unwrap(), members(&other).unwrap());
            if let Some((of_one, of_other)) = differing_members(&one, &other) {
                let left_out = |all: &[Member<'_>], some: &[Member<'_>]| -> Vec<(String, Vec<u8>)> {
                    let left = all.iter().filter(|member| !some.contains(member));
                    left.map(|(name, value)| (name.to_string(), value.to_vec())).collect()
                };
                assert_eq!(left_out(&all_one, &of_one), left_out(&all_other, &of_other));
                assert!(of_one.iter().all(|member| all_one.contains(member)));
                assert!(of_other.iter().all(|member| all_other.contains(member)));
                if one == other {
                    assert!(of_one.len() <= 1 && of_one == of_other);
                }
            }
        }
    }
}
