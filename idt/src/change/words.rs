//! Changes in words.

use std::fmt;

use crate::{Change, Delta, HalfUp, TopologyChange};

/// In words, on one line, for logs and events.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined(domain) => write!(f, "{domain} joined"),
            Self::Left(domain) => write!(f, "{domain} left"),
            Self::TopologyAppeared(domain) => write!(f, "{domain} exports a topology"),
            Self::TopologyGone(domain) => write!(f, "{domain} exports no topology any more"),
            Self::Topology(change) => change.fmt(f),
            Self::Policy(domain) => write!(f, "{domain} declares another policy"),
            Self::Windows(domain) => write!(f, "{domain} announces other windows"),
            Self::AdjacencyUp { a, b } => write!(f, "{a} and {b} are adjacent"),
            Self::AdjacencyDown { a, b } => write!(f, "{a} and {b} are no longer adjacent"),
            Self::AdjacencyChanged { a, b } => {
                write!(f, "the links between {a} and {b} are different")
            }
            Self::HalfUpAppeared(link) => {
                let dst = &link.dst.domain;
                write!(f, "{} is half-up: {dst} does not tell it", ends(link))
            }
            Self::HalfUpGone(link) => write!(f, "{} is no longer half-up", ends(link)),
        }
    }
}

/// `the link from AS1 'r1' to AS2 'r2'`
fn ends(link: &HalfUp) -> String {
    let HalfUp { src, dst } = link;
    format!(
        "the link from {} '{}' to {} '{}'",
        src.domain, src.router, dst.domain, dst.router
    )
}

/// In words, on one line: how much of each is different, not what.
impl fmt::Display for TopologyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut texts = Vec::new();
        count(&mut texts, ["router", "routers"], &self.routers);
        count(&mut texts, ["link", "links"], &self.intra_links);
        let between = ["inter-domain link", "inter-domain links"];
        count(&mut texts, between, &self.inter_links);
        count(&mut texts, ["prefix", "prefixes"], &self.prefixes);
        match self.silent_on_links {
            Some(true) => texts.push("its source knows no links any more".to_owned()),
            Some(false) => texts.push("its source knows links now".to_owned()),
            None => {}
        }
        write!(f, "{}: {}", self.domain, texts.join(", "))
    }
}

/// `3 routers added` and `1 router removed`, without those that are none.
fn count<T>(texts: &mut Vec<String>, [one, many]: [&str; 2], delta: &Delta<T>) {
    for (list, verb) in [(&delta.added, "added"), (&delta.removed, "removed")] {
        match list.len() {
            0 => {}
            1 => texts.push(format!("1 {one} {verb}")),
            count => texts.push(format!("{count} {many} {verb}")),
        }
    }
}
