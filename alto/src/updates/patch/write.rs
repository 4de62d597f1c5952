//! Writing what changed.

use super::super::text;
use super::change::{Change, Node};
use crate::json::{self, Comma};

/// As a merge patch of what becomes `to`. `None` if it cannot be said by one.
pub(super) fn merge(change: Option<&Change<'_>>, to: &Node<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match change {
        Some(change) => write_merge(&mut out, change)?,
        None if to.is_object() => out.extend_from_slice(b"{}"),
        // A patch with members, and be there none, makes an object of all else (RFC 7396 §2).
        None if text::says_null(&to.text()) => return None,
        None => out.extend_from_slice(&to.text()),
    }
    Some(out)
}

fn write_merge(out: &mut Vec<u8>, change: &Change<'_>) -> Option<()> {
    match change {
        Change::Remove => out.extend_from_slice(b"null"),
        Change::Set {
            over_object: true, ..
        } => return None,
        Change::Set { value, .. } => {
            if text::says_null(value) {
                return None;
            }
            out.extend_from_slice(value);
        }
        Change::Within(members) => {
            out.push(b'{');
            let mut comma = Comma::default();
            for (name, change) in members {
                comma.write(out);
                json::string(out, name);
                out.push(b':');
                write_merge(out, change)?;
            }
            out.push(b'}');
        }
        Change::Elements { whole, .. } => out.extend_from_slice(whole),
    }
    Some(())
}

/// As a JSON patch: an array of operations, in the order in which they are done.
pub(super) fn json(change: Option<&Change<'_>>) -> Vec<u8> {
    let mut script = Script {
        out: vec![b'['],
        comma: Comma::default(),
    };
    if let Some(change) = change {
        script.write(&mut String::new(), change);
    }
    script.out.push(b']');
    script.out
}

struct Script {
    out: Vec<u8>,
    comma: Comma,
}

impl Script {
    /// `path` is a JSON pointer (RFC 6901).
    fn write(&mut self, path: &mut String, change: &Change<'_>) {
        match change {
            Change::Remove => self.operation("remove", path, None),
            Change::Set { value, is_new, .. } => {
                let operation = if *is_new { "add" } else { "replace" };
                self.operation(operation, path, Some(value));
            }
            Change::Within(members) => {
                for (name, change) in members {
                    let parent = path.len();
                    path.push('/');
                    path.extend(name.chars().map(|c| match c {
                        '~' => "~0".into(),
                        '/' => "~1".into(),
                        c => String::from(c),
                    }));
                    self.write(path, change);
                    path.truncate(parent);
                }
            }
            Change::Elements {
                removed,
                added,
                whole,
            } => {
                let (start, comma) = (self.out.len(), self.comma);
                let most = whole.len() + path.len() + 40;
                // From the last: what goes moves none that are to go.
                let removals = removed.iter().rev().map(|at| ("remove", *at, None));
                // From the first: each then stands where it is to stand.
                let additions = added.iter().map(|(at, value)| ("add", *at, Some(*value)));
                for (operation, at, value) in removals.chain(additions) {
                    self.operation(operation, &format!("{path}/{at}"), value);
                    if self.out.len() - start > most {
                        self.out.truncate(start);
                        self.comma = comma;
                        return self.operation("replace", path, Some(whole));
                    }
                }
            }
        }
    }

    fn operation(&mut self, operation: &str, path: &str, value: Option<&[u8]>) {
        let out = &mut self.out;
        self.comma.write(out);
        out.extend_from_slice(b"{\"op\":");
        json::string(out, operation);
        out.extend_from_slice(b",\"path\":");
        json::string(out, path);
        if let Some(value) = value {
            out.extend_from_slice(b",\"value\":");
            out.extend_from_slice(value);
        }
        out.push(b'}');
    }
}
