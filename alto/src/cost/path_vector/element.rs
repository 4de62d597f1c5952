//! The abstract network elements of an answer: classes of links.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use idt::DomainGraph;
use idt::net::EdgeId;
use serde_json::Value;

use super::super::measure::Over;
use super::request::{AneProperty, Question};
use super::route::Routes;
use crate::ane::link_name;

/// The elements that paths over one net cross.
pub(super) struct Elements {
    elements: Vec<Element>,
    /// What the name of each is made of.
    marks: Vec<u128>,
    /// The elements of each path, one path after the other, and where those of each pair are.
    crossed: Vec<u32>,
    paths: Vec<Option<Range<usize>>>,
}

/// Links that the same pairs cross.
pub(super) struct Element {
    /// Its name: a PID name (RFC 9275 §6.1) that needs no escape in JSON.
    pub(super) name: String,
    /// What is asked for of it.
    pub(super) amounts: Amounts,
    /// One at least, in the order in which they were met.
    links: Vec<EdgeId>,
}

/// What an element tells, of what is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    /// The least bandwidth that is left of its links, in bits per second: all tell it or none does.
    pub(super) bandwidth: Option<u64>,
    /// The sum of the delays of its links in nanoseconds, if all tell it.
    pub(super) delay: Option<u64>,
    /// The name of its first link among the elements that last.
    pub(super) link: Option<String>,
}

/// What names are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// The pairs that cross an element, or the link that it is.
    OfPairs,
    /// And what it tells: one of several nets, in each of which it may be another (RFC 9275 §9.4).
    OfAmounts,
}

impl Elements {
    /// Those of the paths `from[i]` to `to[j]`, which are at `i * to.len() + j` of `routes`, without names.
    pub(super) fn find(
        over: &Over<'_>,
        naming: &Naming,
        question: &Question<'_>,
        routes: &Routes,
        (from, to): (&[u32], &[u32]),
        marks: Marks,
    ) -> Self {
        let graph = over.graph;
        let links = Links::of(routes);
        let mut found;
        if question.wants(AneProperty::PersistentEntityId) {
            // Each link is an element, and the same one whoever crosses it.
            let (each, of_link) = Self::of(&links, 0..links.list.len());
            found = each;
            found.cross(&links, &of_link, |_, _| {});
            let mark = |link: &EdgeId| naming.link(graph, over.link(*link));
            found.marks = links.list.iter().map(mark).collect();
        } else {
            let told = |link: &EdgeId| told(over, question, *link);
            let classes = classes(&links, links.list.iter().map(told));
            let (each, of_link) = Self::of(&links, classes.into_iter());
            found = each;
            // Two elements that the same pairs cross tell other amounts.
            let first = found.elements.iter().map(|element| &element.links[0]);
            let mut sums: Vec<u128> = first.map(|link| told(link) as u128).collect();
            found.cross(&links, &of_link, |at, elements| {
                let mark = naming.pair(graph, from[at / to.len()], to[at % to.len()]);
                for element in elements {
                    let sum = &mut sums[*element as usize];
                    *sum = sum.wrapping_add(mark);
                }
            });
            found.marks = sums;
        }
        for (element, mark) in found.elements.iter_mut().zip(&mut found.marks) {
            element.amounts = Amounts::of(over, question, &element.links);
            if marks == Marks::OfAmounts {
                *mark = naming.telling(*mark, &element.amounts);
            }
        }
        found
    }

    /// One element for each class of links, in the order in which they are met, without names; and the
    /// element of each link.
    fn of(links: &Links, classes: impl Iterator<Item = usize>) -> (Self, Vec<u32>) {
        let mut number: HashMap<usize, u32> = HashMap::new();
        let mut of_link = Vec::with_capacity(links.list.len());
        let mut elements: Vec<Element> = Vec::new();
        for (link, class) in links.list.iter().zip(classes) {
            // Elements are no more than links, and those fewer than `u32` can count.
            let next = elements.len() as u32;
            let element = *number.entry(class).or_insert(next);
            if element == next {
                elements.push(Element {
                    name: String::new(),
                    amounts: Amounts::default(),
                    links: Vec::new(),
                });
            }
            elements[element as usize].links.push(*link);
            of_link.push(element);
        }
        let found = Self {
            elements,
            marks: Vec::new(),
            crossed: Vec::new(),
            paths: Vec::new(),
        };
        (found, of_link)
    }

    /// Writes the paths down in elements, each of them once in a path: where the first of its links is. Tells
    /// the elements of each pair that crosses some.
    fn cross(&mut self, links: &Links, of_link: &[u32], mut tell: impl FnMut(usize, &[u32])) {
        let mut last = vec![usize::MAX; self.elements.len()];
        for (at, path) in links.paths.iter().enumerate() {
            let path = path.as_ref().map(|path| {
                let start = self.crossed.len();
                for link in &links.crossed[path.clone()] {
                    let element = of_link[*link as usize];
                    if std::mem::replace(&mut last[element as usize], at) != at {
                        self.crossed.push(element);
                    }
                }
                if self.crossed.len() > start {
                    tell(at, &self.crossed[start..]);
                }
                start..self.crossed.len()
            });
            self.paths.push(path);
        }
    }

    /// With names.
    pub(super) fn named(mut self, names: &mut Names) -> Self {
        for (element, mark) in self.elements.iter_mut().zip(&self.marks) {
            element.name = names.of(*mark);
        }
        self
    }

    /// The same paths as some of more pairs: those from `rows[i]` to `columns[j]` of so many each.
    pub(super) fn spread(
        mut self,
        (rows, columns): (&[usize], &[usize]),
        (from, to): (usize, usize),
    ) -> Self {
        let mut paths = vec![None; from * to];
        let cells = rows
            .iter()
            .flat_map(|row| columns.iter().map(move |column| row * to + column));
        for (at, path) in cells.zip(self.paths) {
            if let Some(cell) = paths.get_mut(at) {
                *cell = path;
            }
        }
        self.paths = paths;
        self
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter()
    }

    /// How many elements a pair's path crosses.
    pub(super) fn length(&self, at: usize) -> usize {
        let path = self.paths.get(at).and_then(Option::as_ref);
        path.map_or(0, Range::len)
    }

    /// The names of a pair's path vector; `None` if it has no path.
    pub(super) fn vector(&self, at: usize) -> Option<impl Iterator<Item = &str>> {
        let crossed = self.crossed.get(self.paths.get(at)?.clone()?)?;
        let element = |number: &u32| self.elements.get(*number as usize);
        Some(crossed.iter().filter_map(element).map(|one| &*one.name))
    }
}

impl Amounts {
    fn of(over: &Over<'_>, question: &Question<'_>, links: &[EdgeId]) -> Self {
        let mut amounts = Self::default();
        for property in &question.properties {
            match property {
                AneProperty::MaxReservableBandwidth => {
                    let told = links.iter().map(|link| over.bandwidth(*link));
                    amounts.bandwidth = told.flatten().min();
                }
                AneProperty::PersistentEntityId => {
                    let first = links.first();
                    amounts.link = first.and_then(|link| link_name(over.graph, over.link(*link)));
                }
                AneProperty::Delay => {
                    amounts.delay = links.iter().map(|link| over.delay(*link)).sum();
                }
            }
        }
        amounts
    }
}

/// What of a mark is in a name.
const DIGITS: u128 = (1 << 48) - 1;

/// The names of an answer, each of one mark.
#[derive(Default)]
pub(super) struct Names {
    taken: BTreeSet<u128>,
    by_mark: HashMap<u128, u128>,
}

impl Names {
    /// Twelve hexadecimal digits of a mark. Where those of two marks would be alike, the later one takes the
    /// next that is free.
    fn of(&mut self, mark: u128) -> String {
        let taken = &mut self.taken;
        let digits = *self.by_mark.entry(mark).or_insert_with(|| {
            let mut digits = mark & DIGITS;
            while !taken.insert(digits) {
                digits = (digits + 1) & DIGITS;
            }
            digits
        });
        format!("{digits:012x}")
    }
}

/// The links of all paths, numbered as they are met.
struct Links {
    list: Vec<EdgeId>,
    /// The numbers of the links of each path, one path after the other, and where those of each pair are.
    crossed: Vec<u32>,
    paths: Vec<Option<Range<usize>>>,
}

impl Links {
    fn of(routes: &Routes) -> Self {
        let mut links = Self {
            list: Vec::new(),
            crossed: Vec::new(),
            paths: Vec::with_capacity(routes.pairs()),
        };
        let mut numbers: HashMap<EdgeId, u32> = HashMap::new();
        for at in 0..routes.pairs() {
            let start = links.crossed.len();
            let path = routes.path(at).map(|path| {
                for link in path {
                    let next = links.list.len() as u32;
                    let number = *numbers.entry(*link).or_insert(next);
                    if number == next {
                        links.list.push(*link);
                    }
                    links.crossed.push(number);
                }
                start..links.crossed.len()
            });
            links.paths.push(path);
        }
        links
    }
}

/// The class of each link: two links have one class exactly if they had one at `first` and the same paths
/// cross them. Each path parts what it crosses from what it does not.
fn classes(links: &Links, first: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut classes: Vec<usize> = first.collect();
    let mut next = classes.iter().max().map_or(0, |class| class + 1);
    let mut parted: HashMap<usize, usize> = HashMap::new();
    for path in links.paths.iter().flatten() {
        parted.clear();
        for link in &links.crossed[path.clone()] {
            let class = &mut classes[*link as usize];
            *class = *parted.entry(*class).or_insert_with(|| {
                next += 1;
                next - 1
            });
        }
    }
    classes
}

/// Which of the amounts that are asked for a link tells, as a number below 4.
fn told(over: &Over<'_>, question: &Question<'_>, link: EdgeId) -> usize {
    let width =
        question.wants(AneProperty::MaxReservableBandwidth) && over.bandwidth(link).is_some();
    let delay = question.wants(AneProperty::Delay) && over.delay(link).is_some();
    usize::from(width) + 2 * usize::from(delay)
}

/// Marks that names are made of: as good as random, and the same for the same request in every version and
/// on every replica.
pub(super) struct Naming {
    key: [u8; blake3::KEY_LEN],
}

impl Naming {
    /// The members of `request` are in the order of their names.
    pub(super) fn new(request: &Value) -> Self {
        let key = *blake3::hash(request.to_string().as_bytes()).as_bytes();
        Self { key }
    }

    fn of<const N: usize>(&self, texts: [&str; N]) -> u128 {
        // No name has a line's end in it.
        let hash = blake3::keyed_hash(&self.key, texts.join("\n").as_bytes());
        let first = hash.as_bytes().first_chunk().copied();
        u128::from_le_bytes(first.unwrap_or_default())
    }

    fn pair(&self, graph: &DomainGraph, from: u32, to: u32) -> u128 {
        let [from, to] = [from, to].map(|point| {
            let index = graph.index_of(point);
            index.map_or("", |index| graph.id(index).as_str())
        });
        self.of([from, to])
    }

    fn link(&self, graph: &DomainGraph, link: EdgeId) -> u128 {
        let name = link_name(graph, link);
        self.of(["", name.as_deref().unwrap_or_default()])
    }

    /// Of an element with this mark that tells this.
    fn telling(&self, mark: u128, amounts: &Amounts) -> u128 {
        let number = |amount: Option<u64>| amount.map_or_else(String::new, |told| told.to_string());
        self.of([
            &format!("{mark:x}"),
            &number(amounts.bandwidth),
            &number(amounts.delay),
            amounts.link.as_deref().unwrap_or_default(),
        ])
    }
}
