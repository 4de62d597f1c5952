//! What is other in a document than in another, as a tree.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::super::text;

/// A value of a document.
#[derive(Clone)]
pub(crate) enum Node<'a> {
    /// Its JSON text.
    Text(&'a [u8]),
    /// An object, by its members.
    Members(Vec<(Cow<'a, str>, Self)>),
}

/// A member of an object.
type Member<'a> = (Cow<'a, str>, Node<'a>);

/// What becomes of a value.
pub(super) enum Change<'a> {
    Remove,
    /// It is this one now, wholly.
    Set {
        value: Cow<'a, [u8]>,
        /// There was none before.
        is_new: bool,
        /// Both are objects: a merge patch would merge them.
        over_object: bool,
    },
    /// Some of its members are others.
    Within(Vec<(Cow<'a, str>, Self)>),
    /// Some of its elements are others.
    Elements {
        /// The positions of those that go, in the array that was.
        removed: Vec<usize>,
        /// Those that come, at their positions in the array that is.
        added: Vec<(usize, &'a [u8])>,
        whole: &'a [u8],
    },
}

/// Objects below this depth are told as a whole. The server's have six levels at most.
const DEPTH: u32 = 64;

impl<'a> Node<'a> {
    /// Whether it is certain, and cheap to find out, that both say the same.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => std::ptr::eq(*one, *other) || one == other,
            _ => false,
        }
    }

    pub(super) fn is_object(&self) -> bool {
        match self {
            Self::Text(text) => text.first() == Some(&b'{'),
            Self::Members(_) => true,
        }
    }

    fn members(&self) -> Option<Cow<'_, [Member<'a>]>> {
        match self {
            Self::Text(text) => Some(nodes(text::members(text)?).into()),
            Self::Members(members) => Some(Cow::Borrowed(members)),
        }
    }

    pub(super) fn text(&self) -> Cow<'a, [u8]> {
        match self {
            Self::Text(text) => Cow::Borrowed(*text),
            Self::Members(members) => {
                let mut out = vec![b'{'];
                let mut comma = crate::json::Comma::default();
                for (name, value) in members {
                    comma.write(&mut out);
                    crate::json::string(&mut out, name);
                    out.push(b':');
                    out.extend_from_slice(&value.text());
                }
                out.push(b'}');
                Cow::Owned(out)
            }
        }
    }
}

fn nodes<'a>(members: Vec<text::Member<'a>>) -> Vec<Member<'a>> {
    let members = members.into_iter();
    members
        .map(|(name, value)| (name, Node::Text(value)))
        .collect()
}

/// What makes `to` of `from`; `None` if they say the same.
pub(super) fn between<'a>(from: &Node<'a>, to: &Node<'a>) -> Option<Change<'a>> {
    within(from, to, DEPTH)
}

fn within<'a>(from: &Node<'a>, to: &Node<'a>, depth: u32) -> Option<Change<'a>> {
    if from.is_same(to) {
        return None;
    }
    let over_object = from.is_object() && to.is_object();
    if over_object && depth > 0 {
        let within = |from: &[Member<'a>], to: &[Member<'a>]| {
            let changes = members(from, to, depth - 1);
            (!changes.is_empty()).then_some(Change::Within(changes))
        };
        // Of a row of costs most members are the same: they are not read one by one.
        if let (Node::Text(from), Node::Text(to)) = (from, to)
            && let Some((from, to)) = text::differing_members(from, to)
        {
            return within(&nodes(from), &nodes(to));
        }
        if let (Some(from), Some(to)) = (from.members(), to.members()) {
            return within(&from, &to);
        }
    }
    if let (Node::Text(from), Node::Text(to)) = (from, to)
        && let Some(change) = elements(from, to)
    {
        return Some(change);
    }
    Some(Change::Set {
        value: to.text(),
        is_new: false,
        over_object,
    })
}

fn members<'a>(
    from: &[Member<'a>],
    to: &[Member<'a>],
    depth: u32,
) -> Vec<(Cow<'a, str>, Change<'a>)> {
    let mut changes = Vec::new();
    let is_aligned = from.len() == to.len() && from.iter().zip(to).all(|(from, to)| from.0 == to.0);
    if is_aligned {
        for ((name, from), (_, to)) in from.iter().zip(to) {
            changes.extend(within(from, to, depth).map(|change| (name.clone(), change)));
        }
        return changes;
    }
    let before: HashMap<&str, &Node<'a>> =
        from.iter().map(|(name, node)| (&**name, node)).collect();
    let after: HashSet<&str> = to.iter().map(|(name, _)| &**name).collect();
    let gone = from.iter().filter(|(name, _)| !after.contains(&**name));
    changes.extend(gone.map(|(name, _)| (name.clone(), Change::Remove)));
    for (name, node) in to {
        let change = match before.get(&**name) {
            Some(before) => within(before, node, depth),
            None => Some(Change::Set {
                value: node.text(),
                is_new: true,
                over_object: false,
            }),
        };
        changes.extend(change.map(|change| (name.clone(), change)));
    }
    changes
}

/// What goes from an array and what comes to it: exact where no element moves. `None` if they are none.
fn elements<'a>(from: &[u8], to: &'a [u8]) -> Option<Change<'a>> {
    let (before, after) = (text::elements(from)?, text::elements(to)?);
    let pairs = || before.iter().zip(&after);
    let head = pairs().take_while(|(from, to)| from == to).count();
    let most = before.len().min(after.len()) - head;
    let ends = before.iter().rev().zip(after.iter().rev()).take(most);
    let tail = ends.take_while(|(from, to)| from == to).count();
    let from = before.get(head..before.len() - tail)?;
    let into = after.get(head..after.len() - tail)?;

    let places: HashMap<&[u8], usize> = into.iter().enumerate().map(|(at, e)| (*e, at)).collect();
    let mut stays = vec![false; into.len()];
    let mut removed = Vec::new();
    let mut next = 0;
    for (at, element) in from.iter().enumerate() {
        match places.get(element) {
            // Behind all that stay before it.
            Some(place) if *place >= next => {
                next = place + 1;
                if let Some(stays) = stays.get_mut(*place) {
                    *stays = true;
                }
            }
            _ => removed.push(head + at),
        }
    }
    let comes = into
        .iter()
        .zip(stays)
        .enumerate()
        .filter(|(_, (_, stays))| !stays);
    let added = comes
        .map(|(at, (element, _))| (head + at, *element))
        .collect();
    Some(Change::Elements {
        removed,
        added,
        whole: to,
    })
}
