//! Pages of named values, that a person reads from top to bottom.

use std::fmt::{Display, Write};

use super::tables::WIDTH;

/// How many columns a name takes.
const NAME: usize = 14;

/// A page. Values are broken at spaces into lines that fit, and go on under their first line.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// What has been written.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// An empty line, but for the start of the page.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A line of its own.
    pub(super) fn line(&mut self, line: impl Display) {
        let _ = writeln!(self.text, "{line}");
    }

    /// A named value; a name that starts with spaces stands further in.
    pub(super) fn field(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        let mut lines = wrapped(&value, usize::from(WIDTH) - NAME).into_iter();
        let first = lines.next().unwrap_or("-");
        // A name that fills its column still ends before the value.
        let space = if name.chars().count() < NAME { "" } else { " " };
        let _ = writeln!(self.text, "{name:<NAME$}{space}{first}");
        for line in lines {
            let _ = writeln!(self.text, "{:NAME$}{line}", "");
        }
    }

    /// A named list of values, `-` where there are none, and at most `shown` of them.
    pub(super) fn list<T: Display>(&mut self, name: &str, values: &[T], shown: usize) {
        self.field(name, listed(values, shown));
    }
}

/// `a, b, c and 7 more`; `-` for none.
pub(super) fn listed<T: Display>(values: &[T], shown: usize) -> String {
    let mut text = String::new();
    for (index, value) in values.iter().take(shown).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{value}");
    }
    match values.len().saturating_sub(shown) {
        0 if values.is_empty() => "-".to_owned(),
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// `1 node`, `2 nodes`.
pub(super) fn counted(number: impl Into<u64>, one: &str) -> String {
    let number = number.into();
    match (number, one) {
        (1, _) => format!("1 {one}"),
        (_, "prefix") => format!("{number} prefixes"),
        _ => format!("{number} {one}s"),
    }
}

/// Lines of at most `width` characters, broken at spaces. A word that is longer stands alone.
fn wrapped(text: &str, width: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest
            .char_indices()
            .nth(width)
            .map_or(rest.len(), |(at, _)| at);
        // The last space that still leaves the line short enough, else the first one after.
        let head = rest.get(..end).unwrap_or(rest);
        let is_whole = end == rest.len() || rest.get(end..).is_some_and(|r| r.starts_with(' '));
        let cut = if is_whole {
            end
        } else {
            let before = head.rfind(' ').filter(|at| *at > 0);
            before.unwrap_or_else(|| rest.find(' ').unwrap_or(rest.len()))
        };
        let (line, after) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        lines.push(line.trim_end());
        rest = after.trim_start();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_go_on_under_their_first_line() {
        let mut page = Page::default();
        page.gap();
        page.list("NF types", &vec!["firewall"; 30], 20);
        page.field("  url", format!("http://{}/ and more", "x".repeat(100)));
        page.field("SAPs", listed::<String>(&[], 3));
        page.field("empty", "");
        page.field("a name of its own", "value");
        let text = page.into_text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("NF types      firewall, firewall"));
        assert!(lines[1].starts_with("              firewall"));
        assert!(lines[..3].iter().all(|line| line.chars().count() <= 100));
        assert!(lines[2].ends_with("firewall and 10 more"), "{text}");
        assert!(lines[3].ends_with("x/"), "{text}");
        assert_eq!(
            lines[4..],
            [
                "              and more",
                "SAPs          -",
                "empty         -",
                "a name of its own value"
            ]
        );
    }

    #[test]
    fn lines_are_broken_at_spaces_only_and_lose_nothing() {
        assert_eq!(wrapped("ab cd ef", 5), ["ab cd", "ef"]);
        assert_eq!(wrapped("ab cd ef", 4), ["ab", "cd", "ef"]);
        assert_eq!(wrapped("abcdef gh", 4), ["abcdef", "gh"]);
        assert_eq!(wrapped("äöü ßé", 3), ["äöü", "ßé"]);
        assert_eq!(wrapped("  ", 3), [""; 0]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(1_u64, "prefix"), "1 prefix");
        assert_eq!(counted(2_u64, "prefix"), "2 prefixes");
        assert_eq!(counted(0_u64, "node"), "0 nodes");
    }
}
