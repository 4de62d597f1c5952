//! A look at the tags before the XML parser sees them: its time grows with the square of the attributes of
//! one element and of the namespaces in scope. GraphML needs few of either.

use crate::world::ParseError;

const ATTRIBUTES: usize = 64;
const NAMESPACES: usize = 64;

/// Refuses a text that would be slow to parse. From the first place where it is not well-formed it does not
/// matter what this makes of it: the parser stops there.
pub(super) fn check(text: &str) -> Result<(), ParseError> {
    let mut rest = text;
    let mut namespaces = 0;
    while let Some((_, tag)) = rest.split_once('<') {
        let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")]
            .iter()
            .find_map(|(begin, end)| tag.strip_prefix(begin).map(|inside| (inside, *end)));
        if let Some((inside, end)) = skipped {
            rest = inside.split_once(end).map_or("", |(_, after)| after);
            continue;
        }
        let mut quote = None;
        let mut attributes = 0;
        let mut end = tag.len();
        for (at, byte) in tag.bytes().enumerate() {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => attributes += 1,
                (None, b'>') => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let (inside, after) = tag.split_at(end);
        namespaces += inside.matches("xmlns").count();
        let rule = if attributes > ATTRIBUTES {
            "an element may have at most 64 attributes"
        } else if namespaces > NAMESPACES {
            "a document may declare at most 64 namespaces"
        } else {
            rest = after;
            continue;
        };
        let before = text.len() - tag.len();
        let line = 1 + text
            .bytes()
            .take(before)
            .filter(|byte| *byte == b'\n')
            .count();
        return Err(ParseError::invalid(line, "element", inside, rule));
    }
    Ok(())
}
