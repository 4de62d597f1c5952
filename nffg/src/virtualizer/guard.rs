//! A look at the tags before the XML parser sees them.
//!
//! The parser's time and memory grow with the square of the attributes of one element and of the
//! namespaces in scope, so some hundred kilobytes of them would hold a core for minutes. A Virtualizer
//! needs neither. Nesting is bounded too: the schema is 11 elements deep.
//!
//! The scan reads tags as the parser does as long as the text is well-formed; from the first place
//! where it is not, the parser stops as well.

const MAX_DEPTH: usize = 64;
const MAX_ATTRIBUTES: usize = 32;
const MAX_NAMESPACES: usize = 64;

/// Where and why a document is refused unread.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) offset: usize,
    pub(super) rule: &'static str,
}

pub(super) fn check(text: &str) -> Result<(), Refused> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut namespaces = 0;
    let mut at = 0;
    while let Some(start) = find(bytes, at, b"<") {
        let refuse = |rule| {
            Err(Refused {
                offset: start,
                rule,
            })
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let end = if rest.starts_with(b"<!--") {
            find(bytes, start + 4, b"-->")
        } else if rest.starts_with(b"<![CDATA[") {
            find(bytes, start + 9, b"]]>")
        } else if rest.starts_with(b"<!") {
            return refuse("a document type (DTD) is not allowed");
        } else if rest.starts_with(b"<?") {
            find(bytes, start + 2, b"?>")
        } else if rest.starts_with(b"</") {
            depth = depth.saturating_sub(1);
            find(bytes, start + 2, b">")
        } else {
            let tag = Tag::scan(rest);
            namespaces += tag.namespaces;
            if tag.attributes > MAX_ATTRIBUTES {
                return refuse("an element may have at most 32 attributes");
            }
            if namespaces > MAX_NAMESPACES {
                return refuse("a document may declare at most 64 namespaces");
            }
            if !tag.empty {
                depth += 1;
                if depth > MAX_DEPTH {
                    return refuse("elements may be nested at most 64 deep");
                }
            }
            tag.end.map(|end| start + end)
        };
        let Some(end) = end else { break };
        at = end;
    }
    Ok(())
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(what.len())
        .position(|window| window == what)
        .map(|place| from + place)
}

/// A start tag.
pub(super) struct Tag {
    /// The offset of its `>`; `None` if it does not end.
    pub(super) end: Option<usize>,
    /// It is an element of its own (`<a/>`).
    pub(super) empty: bool,
    attributes: usize,
    namespaces: usize,
}

impl Tag {
    /// Scans a text that begins with a start tag.
    pub(super) fn scan(bytes: &[u8]) -> Self {
        let mut tag = Self {
            end: None,
            empty: false,
            attributes: 0,
            namespaces: 0,
        };
        let mut at = 1;
        let mut name_from = 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' | b'\'' => {
                    let name = bytes.get(name_from..at).unwrap_or_default();
                    tag.attributes += 1;
                    tag.namespaces += usize::from(find(name, 0, b"xmlns").is_some());
                    let Some(close) = find(bytes, at + 1, std::slice::from_ref(byte)) else {
                        break;
                    };
                    at = close;
                    name_from = close + 1;
                }
                b'>' => {
                    tag.end = Some(at);
                    tag.empty = bytes.get(at - 1) == Some(&b'/');
                    break;
                }
                _ => {}
            }
            at += 1;
        }
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Option<&'static str> {
        check(text).err().map(|error| error.rule)
    }

    #[test]
    fn plain_documents_pass() {
        let text = "<?xml version='1.0'?><!-- <a <b --><a x='>' y=\"<\"><![CDATA[<b><b>]]><b/></a>";
        assert_eq!(rule(text), None);
        let wide = "<a>".to_owned() + &"<b x='1'></b><c/>".repeat(1000) + "</a>";
        assert_eq!(rule(&wide), None);
    }

    #[test]
    fn what_would_cost_too_much_is_refused() {
        assert_eq!(
            rule("<a><!DOCTYPE a></a>"),
            Some("a document type (DTD) is not allowed")
        );
        assert!(rule(&"<a>".repeat(65)).is_some());
        assert_eq!(rule(&"<a>".repeat(64)), None);
        let attributes: String = (0..33).map(|n| format!(" a{n}='/>'")).collect();
        assert!(rule(&format!("<a{attributes}/>")).is_some());
        assert!(rule(&"<a xmlns:x=''/>".repeat(65)).is_some());
    }

    #[test]
    fn broken_tags_end_the_scan() {
        for text in [
            "<",
            "<a",
            "<a x='",
            "<!--",
            "<![CDATA[",
            "<?",
            "</",
            "",
            "a>b",
        ] {
            assert_eq!(rule(text), None, "{text}");
        }
    }
}
