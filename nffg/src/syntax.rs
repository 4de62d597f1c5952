//! XML, JSON and YAML: what a document is written in, before it means anything.

use std::fmt::Write as _;

use serde_json::Value;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, UserMessageFormatter};

use crate::fault::{self, Fault, Report, position};
use crate::{DocumentError, Position};

/// The largest document, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The longest name of a member, in bytes.
const MAX_NAME_BYTES: usize = 1024;

/// The most values of a YAML document, aliases unfolded.
const MAX_YAML_NODES: usize = 250_000;

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Syntax {
    /// XML 1.0.
    Xml,
    /// JSON (RFC 8259).
    Json,
    /// YAML 1.2, one document, of what JSON can say.
    Yaml,
}

impl Syntax {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Xml => "XML",
            Self::Json => "JSON",
            Self::Yaml => "YAML",
        }
    }

    /// Its registered media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Xml => "application/xml",
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
        }
    }

    /// The syntax that a media type, in lower case and without parameters, stands for: that of RFC 7303,
    /// RFC 8259 or RFC 9512, one that ends so (`+json`, RFC 6838 §4.2.8), or one in use before those.
    #[must_use]
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let subtype = media_type.split_once('/')?.1;
        let subtype = subtype
            .rsplit_once('+')
            .map_or(subtype, |(_, suffix)| suffix);
        match subtype {
            "xml" => Some(Self::Xml),
            "json" => Some(Self::Json),
            "yaml" | "x-yaml" | "vnd.yaml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// The syntax that a file's name tells by its ending.
    #[must_use]
    pub fn of_file_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "xml" => Some(Self::Xml),
            "json" | "nffg" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// The syntax that a document's first character tells: `<`, `{` or something else.
    #[must_use]
    pub fn of_beginning(bytes: &[u8]) -> Self {
        match without_bom(bytes).trim_ascii_start().first() {
            Some(b'<') => Self::Xml,
            Some(b'{') => Self::Json,
            _ => Self::Yaml,
        }
    }
}

/// A fault of the document as a whole.
pub(crate) fn fault(rule: &str) -> Fault {
    fault::fault(String::new(), None, rule)
}

/// The text of a document that is not too large, without a byte order mark: it is not JSON, but may be
/// ignored (RFC 8259 §8.1).
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > MAX_BYTES {
        let rule = format!(
            "the document has {} bytes; at most {MAX_BYTES} are allowed",
            bytes.len()
        );
        return Err(fault(&rule));
    }
    let bytes = without_bom(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let position = std::str::from_utf8(valid)
            .map(|text| position(text, text.len()))
            .ok();
        Fault {
            position,
            ..fault("the document is not UTF-8 text")
        }
    })
}

fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Reads JSON.
pub(crate) fn json(text: &str) -> Result<Value, DocumentError> {
    let value = serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let (line, column) = (error.line(), error.column());
        let fault = Fault {
            position: Some(json_place(text, line, column)),
            ..fault(&format!("not JSON: {}", without_place(&said, line, column)))
        };
        DocumentError::one(fault)
    })?;
    check_names(text, value)
}

/// Reads YAML that says what JSON can say. Bounded: aliases that unfold to more than a quarter of a
/// million values, and what nests too deep, are refused; so are keys used twice and several documents.
pub(crate) fn yaml(text: &str) -> Result<Value, DocumentError> {
    let options = serde_saphyr::options! {
        // Without it an NF named `no` would be `false`, as in YAML 1.1.
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_nodes: MAX_YAML_NODES,
        },
    };
    let value = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let counted = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let place = error.location();
        let place = place.map(|at| (counted(at.line()), counted(at.column())));
        let said = match within_alias(&error) {
            Error::Budget { breach, .. } => beyond(breach),
            error => {
                let said = error.render_with_formatter(&UserMessageFormatter);
                let (line, column) = place.unwrap_or_default();
                without_place(&said, line, column).to_owned()
            }
        };
        let fault = Fault {
            position: place.map(|(line, column)| a_place(line, column)),
            ..fault(&format!("not YAML: {said}"))
        };
        DocumentError::one(fault)
    })?;
    check_names(text, value)
}

/// What is wrong with the content of an alias.
fn within_alias(error: &Error) -> &Error {
    match error.without_snippet() {
        Error::AliasError { error, .. } => error.without_snippet(),
        error => error,
    }
}

/// What a document is too much of.
fn beyond(breach: &BudgetBreach) -> String {
    match breach {
        BudgetBreach::Documents { .. } => "a second document begins; one is allowed".to_owned(),
        BudgetBreach::Nodes { .. } => format!(
            "with aliases unfolded there are more than {MAX_YAML_NODES} values; JSON may have more"
        ),
        BudgetBreach::Depth { depth } => format!("values are nested {depth} deep"),
        _ => format!("the document is too large or too complex ({breach:?})"),
    }
}

/// Parsers end their texts with the place, which a fault has of its own.
fn without_place(said: &str, line: usize, column: usize) -> &str {
    let place = format!(" at line {line} column {column}");
    let placed = said.strip_suffix(&place);
    let place = format!(" at line {line}, column {column}");
    placed.or_else(|| said.strip_suffix(&place)).unwrap_or(said)
}

/// The place where `serde_json` stopped: it counts the bytes of a line, not the characters.
fn json_place(text: &str, line: usize, column: usize) -> Position {
    let line = line.max(1);
    let before = text.split('\n').nth(line - 1).map_or(0, |of| {
        let bytes = of.floor_char_boundary(column.saturating_sub(1));
        of.get(..bytes).unwrap_or(of).chars().count()
    });
    a_place(line, before + 1)
}

fn a_place(line: usize, column: usize) -> Position {
    let counted = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position {
        line: counted(line),
        column: counted(column),
    }
}

/// Paths are made of names, and one is made for every fault: they must not be longer than the document.
fn check_names(text: &str, value: Value) -> Result<Value, DocumentError> {
    let mut report = Report::default();
    long_names(&value, &mut String::new(), &mut report);
    report.finish_members(text).map(|_| value)
}

fn long_names(value: &Value, path: &mut String, report: &mut Report) {
    let here = path.len();
    match value {
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                // Writing to a string cannot fail.
                let _ = write!(path, "[{index}]");
                long_names(element, path, report);
                path.truncate(here);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if name.len() > MAX_NAME_BYTES {
                    let rule = format!("a name has at most {MAX_NAME_BYTES} bytes");
                    report.fault(0, || fault::fault(path.clone(), Some(name), rule));
                    continue;
                }
                path.push_str(if here > 0 { "/" } else { "" });
                path.push_str(name);
                long_names(member, path, report);
                path.truncate(here);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_says_what_json_says() {
        let text = "entry-point: http://a:1/x\ncpu: 4\nnf: [NF1, no]\nasn: 0.0.0.1\nempty:\n";
        let value = yaml(text).unwrap();
        let same = json!({"entry-point": "http://a:1/x", "cpu": 4, "nf": ["NF1", "no"],
            "asn": "0.0.0.1", "empty": null});
        assert_eq!(value, same);
    }

    #[test]
    fn yaml_that_cannot_be_taken_has_a_place() {
        let place = |text: &str| yaml(text).unwrap_err().to_string();
        for (text, told) in [
            (
                "a: 1\na: 2\n",
                "line 2, column 1: not YAML: duplicate mapping key `a` is not allowed here",
            ),
            (
                "a: [1\nb: 2\n",
                "line 2, column 2: not YAML: illegal placement of ':' indicator",
            ),
            (
                "é: 1\n---\nb: 2\n",
                "line 2, column 1: not YAML: a second document begins; one is allowed",
            ),
            (
                "é: .inf\n",
                "line 1, column 4: not YAML: value `.inf` is not a finite number",
            ),
            (
                "é: *x\n",
                "line 1, column 4: not YAML: reference to unknown value",
            ),
        ] {
            assert_eq!(place(text), told);
        }
    }

    #[test]
    fn what_yaml_says_of_numbers_and_texts() {
        for (text, value) in [
            ("1.10", json!(1.1)),
            ("0x10", json!(16)),
            ("0.0.0.1", json!("0.0.0.1")),
            ("10.0.0.0/8", json!("10.0.0.0/8")),
            ("2001:db8::/32", json!("2001:db8::/32")),
            ("3 ms", json!("3 ms")),
            ("12:30", json!("12:30")),
            ("off", json!("off")),
            ("!!str 5", json!("5")),
        ] {
            assert_eq!(
                yaml(&format!("a: {text}")).unwrap(),
                json!({"a": value}),
                "{text}"
            );
        }
    }

    #[test]
    fn a_place_in_json_counts_characters() {
        let told = |text: &str| json(text).unwrap_err().to_string();
        assert_eq!(
            told("{\"é\": \"→\",\n \"é\" 1}"),
            "line 2, column 6: not JSON: expected `:`"
        );
        assert_eq!(
            told("{\"é\": é}"),
            "line 1, column 7: not JSON: expected value"
        );
        let told = told("{");
        assert!(
            told.starts_with("line 1, column 1: not JSON: EOF"),
            "{told}"
        );
    }

    #[test]
    fn a_name_of_a_member_is_no_document() {
        let name = "é".repeat(513);
        let text = format!("{{\"a\": [\n{{\"{name}\": 1}}]}}");
        let told = json(&text).unwrap_err().to_string();
        let cut = "é".repeat(80);
        assert_eq!(
            told,
            format!(
                "line 2, column 1: /a/0: '{cut}...' is not allowed: a name has at most 1024 bytes"
            )
        );
        assert!(yaml(&format!("? {name}\n: 1\n")).is_err());
        assert!(json(&text.replace("é", "e")).is_ok());
    }

    #[test]
    fn a_yaml_bomb_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = level - 1;
            let aliases = vec![format!("*a{below}"); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        let told = yaml(&text).unwrap_err().to_string();
        assert!(
            told.contains("with aliases unfolded there are more than 250000 values"),
            "{told}"
        );
        let deep = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
        assert!(yaml(&deep).is_err());
    }

    #[test]
    fn a_syntax_is_known_by_type_name_or_beginning() {
        use Syntax::{Json, Xml, Yaml};
        for (media_type, syntax) in [
            ("application/xml", Some(Xml)),
            ("text/xml", Some(Xml)),
            ("application/yang-data+json", Some(Json)),
            ("text/vnd.yaml", Some(Yaml)),
            ("image/png", None),
            ("json", None),
        ] {
            assert_eq!(Syntax::of_media_type(media_type), syntax, "{media_type}");
        }
        assert_eq!(Syntax::of_file_name("as1.topology.JSON"), Some(Json));
        assert_eq!(Syntax::of_file_name("as1.yml"), Some(Yaml));
        assert_eq!(Syntax::of_file_name("README"), None);
        assert_eq!(Syntax::of_beginning(b"\xef\xbb\xbf \n{"), Json);
        assert_eq!(Syntax::of_beginning(b" <a/>"), Xml);
        assert_eq!(Syntax::of_beginning(b"a: 1"), Yaml);
    }
}
