//! Changes become pieces of text: of the document's own text only what a diff names is written anew.
//!
//! Document and diff are gone through side by side. Each element of either is looked at once, with the
//! children of an element of the document indexed, so the work is linear in both.

use std::collections::HashMap;
use std::ops::Range;

use super::EditError;
use super::diff::{Change, Content, Key, Operation, key};
use crate::fault::Report;
use crate::virtualizer::guard::Tag;
use crate::virtualizer::writer::escape;
use crate::virtualizer::xml::Element;

/// The text of the changed document.
pub(super) fn apply<'a>(
    base_text: &'a str,
    base: roxmltree::Node<'a, 'a>,
    diff_text: &str,
    change: &Change<'a>,
) -> Result<String, EditError> {
    let mut editor = Editor {
        text: base_text,
        pieces: Vec::new(),
        base: Report::default(),
        diff: Report::default(),
        first_misfit: None,
    };
    editor.root(Element(base), change);
    let Editor {
        pieces,
        base,
        diff,
        first_misfit,
        ..
    } = editor;
    base.finish(Some(base_text)).map_err(EditError::Base)?;
    diff.finish(Some(diff_text))
        .map_err(|error| match first_misfit {
            Some((_, Misfit::Exists)) => EditError::DataExists(error),
            _ => EditError::DataMissing(error),
        })?;
    Ok(spliced(base_text, pieces))
}

/// New text and the range of the old that it stands for.
struct Piece {
    range: Range<usize>,
    text: String,
}

/// No two ranges overlap; of those that begin at one place the empty ones come first.
fn spliced(text: &str, mut pieces: Vec<Piece>) -> String {
    pieces.sort_by_key(|piece| (piece.range.start, piece.range.end));
    let added: usize = pieces.iter().map(|piece| piece.text.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut at = 0;
    for piece in &pieces {
        out += text.get(at..piece.range.start).unwrap_or_default();
        out += &piece.text;
        at = at.max(piece.range.end);
    }
    out += text.get(at..).unwrap_or_default();
    out
}

/// How a change fails to fit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Misfit {
    Exists,
    Missing,
}

struct Editor<'a> {
    /// The document's text.
    text: &'a str,
    pieces: Vec<Piece>,
    /// What is wrong with the document.
    base: Report,
    /// What of the diff does not fit it.
    diff: Report,
    /// The place and kind of the first that does not.
    first_misfit: Option<(usize, Misfit)>,
}

/// The children of an element of the document.
#[derive(Default)]
struct Children<'a> {
    /// By name and key; those without the key that they should have are not found.
    named: HashMap<(&'a str, Option<Key<'a>>), Vec<Element<'a>>>,
    /// Where the last child of each name ends.
    last: HashMap<&'a str, usize>,
    /// Where the last child ends.
    end: Option<usize>,
}

impl<'a> Children<'a> {
    fn of(parent: Element<'a>) -> Self {
        let mut children = Self::default();
        for child in parent.elements() {
            let end = child.0.range().end;
            children.last.insert(child.name(), end);
            children.end = Some(end);
            let key = key(parent.name(), child);
            if key.is_some() && child.is_deleted() {
                continue;
            }
            let same = children.named.entry((child.name(), key)).or_default();
            same.push(child);
        }
        children
    }
}

impl<'a> Editor<'a> {
    fn root(&mut self, base: Element<'a>, change: &Change<'a>) {
        if !base.is_virtualizer(&mut self.base) {
            return;
        }
        match change.operation {
            Operation::Create if has_content(base) => self.misfit(change, Misfit::Exists),
            // A document has its root: without content, it says nothing.
            Operation::Delete | Operation::Remove => self.set_content(base, ""),
            Operation::Merge => self.merge(base, change, 0),
            Operation::Create | Operation::Replace => self.replace(base, change, 0),
        }
    }

    fn misfit(&mut self, change: &Change<'_>, misfit: Misfit) {
        let at = change.element.offset();
        if self.first_misfit.is_none_or(|(first, _)| at < first) {
            self.first_misfit = Some((at, misfit));
        }
        let rule = match misfit {
            Misfit::Exists => "data-exists: what is to be created is there",
            Misfit::Missing => "data-missing: what is to be deleted is not there",
        };
        let key = change.key.as_ref().map(|key| &*key.value);
        change.element.fault(&mut self.diff, key, rule);
    }

    fn merge(&mut self, base: Element<'a>, change: &Change<'a>, depth: usize) {
        match &change.content {
            Content::Text(text) if base.text() == *text => {}
            Content::Text(text) => {
                let mut content = String::new();
                escape(text, &mut content);
                self.set_content(base, &content);
            }
            Content::Elements(changes) => self.merge_all(base, changes, depth),
        }
    }

    /// Merges what is in a diff's element into `parent`, which is `depth` deep.
    fn merge_all(&mut self, parent: Element<'a>, changes: &[Change<'a>], depth: usize) {
        if changes.is_empty() {
            return;
        }
        let children = Children::of(parent);
        let tags = Tags::of(self.text, parent);
        let mut added: Vec<Piece> = Vec::new();
        for change in changes {
            let name = change.element.name();
            let same = children.named.get(&(name, change.key.clone()));
            let same = same.map_or(&[][..], Vec::as_slice);
            let [first, others @ ..] = same else {
                let mut text = String::new();
                self.write_new(change, tags.prefix(), depth + 1, &mut text);
                let at = children.last.get(name).copied().or(children.end);
                let at = at.unwrap_or(tags.content.start);
                added.push(Piece {
                    range: at..at,
                    text,
                });
                continue;
            };
            if let (Some(key), [second, ..]) = (&change.key, others) {
                let rule = "the diff names this entry, and another one has the same key";
                second.fault(&mut self.base, Some(&key.value), rule);
                continue;
            }
            let there = same.iter().any(|element| has_content(*element));
            match change.operation {
                Operation::Create if there => self.misfit(change, Misfit::Exists),
                Operation::Delete if !there => self.misfit(change, Misfit::Missing),
                Operation::Delete | Operation::Remove => {
                    same.iter().for_each(|element| self.cut(*element));
                }
                Operation::Create | Operation::Replace => {
                    self.replace(*first, change, depth + 1);
                    others.iter().for_each(|element| self.cut(*element));
                }
                Operation::Merge => self.merge(*first, change, depth + 1),
            }
        }
        if parent.0.first_child().is_none() {
            let mut content: String = added.into_iter().map(|piece| piece.text).collect();
            if !content.is_empty() {
                new_line(depth, &mut content);
                self.set_content(parent, &content);
            }
        } else {
            self.pieces.append(&mut added);
        }
    }

    fn replace(&mut self, element: Element<'a>, change: &Change<'a>, depth: usize) {
        let prefix = Tags::of(self.text, element).prefix().to_owned();
        let mut content = String::new();
        if self.write_content(change, &prefix, depth, &mut content) {
            new_line(depth, &mut content);
        }
        self.set_content(element, &content);
    }

    /// Writes an element that the document does not have; none that was to hold elements and has none.
    fn write_new(&mut self, change: &Change<'_>, prefix: &str, depth: usize, out: &mut String) {
        match change.operation {
            Operation::Remove => return,
            Operation::Delete => return self.misfit(change, Misfit::Missing),
            Operation::Merge | Operation::Replace | Operation::Create => {}
        }
        let name = change.element.name();
        let before = out.len();
        new_line(depth, out);
        open(prefix, name, out);
        let content = out.len();
        let lines = self.write_content(change, prefix, depth, out);
        if out.len() == content && matches!(change.content, Content::Elements(_)) {
            out.truncate(before);
            return;
        }
        if lines {
            new_line(depth, out);
        }
        close(prefix, name, out);
    }

    /// Writes what is in an element of the diff; says whether these are lines of elements.
    fn write_content(
        &mut self,
        change: &Change<'_>,
        prefix: &str,
        depth: usize,
        out: &mut String,
    ) -> bool {
        let changes = match &change.content {
            Content::Text(text) => {
                escape(text, out);
                return false;
            }
            Content::Elements(changes) => changes,
        };
        let before = out.len();
        if let Some(key) = &change.key {
            new_line(depth + 1, out);
            open(prefix, key.leaf, out);
            escape(&key.value, out);
            close(prefix, key.leaf, out);
        }
        for change in changes {
            self.write_new(change, prefix, depth + 1, out);
        }
        out.len() > before
    }

    /// Puts `content` between the tags of an element.
    fn set_content(&mut self, element: Element<'_>, content: &str) {
        let tags = Tags::of(self.text, element);
        let text = match &tags.slash {
            None => content.to_owned(),
            Some(_) if content.is_empty() => return,
            Some(_) => format!(">{content}</{}>", tags.name),
        };
        self.pieces.push(Piece {
            range: tags.slash.unwrap_or(tags.content),
            text,
        });
    }

    /// Takes an element out, with the blanks before it.
    fn cut(&mut self, element: Element<'_>) {
        let mut range = element.0.range();
        let before = self.text.get(..range.start).unwrap_or_default();
        let trimmed = before.trim_end_matches([' ', '\t', '\r', '\n']);
        if trimmed.ends_with('>') {
            range.start = trimmed.len();
        }
        self.pieces.push(Piece {
            range,
            text: String::new(),
        });
    }
}

/// Whether an element says anything.
fn has_content(element: Element<'_>) -> bool {
    element.elements().next().is_some() || !element.text().is_empty()
}

fn new_line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n('\t', depth));
}

fn open(prefix: &str, name: &str, out: &mut String) {
    out.extend(["<", prefix, name, ">"]);
}

fn close(prefix: &str, name: &str, out: &mut String) {
    out.extend(["</", prefix, name, ">"]);
}

/// The tags of an element in the text.
struct Tags<'a> {
    /// The name with its prefix.
    name: &'a str,
    /// What is between the tags.
    content: Range<usize>,
    /// The `/>` of an element that is one tag.
    slash: Option<Range<usize>>,
}

impl<'a> Tags<'a> {
    fn of(text: &'a str, element: Element<'_>) -> Self {
        let range = element.0.range();
        let written = text.get(range.clone()).unwrap_or_default();
        let rest = written.get(1..).unwrap_or_default();
        let ends_name = |of: char| matches!(of, ' ' | '\t' | '\r' | '\n' | '/' | '>');
        let name = rest.split(ends_name).next().unwrap_or_default();
        let tag = Tag::scan(written.as_bytes());
        let opened = tag.end.map_or(range.end, |end| range.start + end + 1);
        let closed = written.rfind("</").map_or(opened, |at| range.start + at);
        Self {
            name,
            content: opened..closed.max(opened),
            slash: tag.empty.then(|| opened.saturating_sub(2)..opened),
        }
    }

    /// With its colon, or nothing.
    fn prefix(&self) -> &'a str {
        let colon = self.name.find(':').map_or(0, |at| at + 1);
        self.name.get(..colon).unwrap_or_default()
    }
}
