//! The abstract network elements of an answer: classes of links.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use idt::DomainGraph;
use idt::net::{EdgeId, UNLIMITED};
use serde_json::Value;

use super::request::{AneProperty, Question};
use super::route::Routes;
use crate::ane::link_name;
use crate::service::Service;

/// The elements that the paths of an answer cross.
pub(super) struct Elements {
    elements: Vec<Element>,
    /// The elements of each path, one path after the other, and where those of each pair are.
    crossed: Vec<u32>,
    paths: Vec<Option<Range<usize>>>,
}

/// Links that the same pairs cross.
pub(super) struct Element {
    /// Its name: a PID name (RFC 9275 §6.1) that needs no escape in JSON.
    pub(super) name: String,
    /// One at least, in the order in which they were met.
    pub(super) links: Vec<EdgeId>,
}

impl Elements {
    /// Those of the paths `from[i]` to `to[j]`, which are at `i * to.len() + j` of `routes`.
    pub(super) fn find(
        service: &Service,
        naming: &Naming<'_>,
        question: &Question<'_>,
        routes: &Routes,
        (from, to): (&[u32], &[u32]),
    ) -> Self {
        let links = Links::of(routes);
        if question.wants(AneProperty::PersistentEntityId) {
            // Each link is an element, and the same one whoever crosses it.
            let marks = links.list.iter().map(|link| naming.link(*link)).collect();
            let (mut found, of_link) = Self::of(&links, 0..links.list.len());
            found.cross(&links, &of_link, |_, _| {});
            return found.named(marks);
        }
        let told = |link: &EdgeId| told(service, question, *link);
        let classes = classes(&links, links.list.iter().map(told));
        let (mut found, of_link) = Self::of(&links, classes.into_iter());
        // Two elements that the same pairs cross tell other amounts.
        let first = found.elements.iter().map(|element| &element.links[0]);
        let mut marks: Vec<u128> = first.map(|link| told(link) as u128).collect();
        found.cross(&links, &of_link, |at, elements| {
            let mark = naming.pair(from[at / to.len()], to[at % to.len()]);
            for element in elements {
                let sum = &mut marks[*element as usize];
                *sum = sum.wrapping_add(mark);
            }
        });
        found.named(marks)
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
                    links: Vec::new(),
                });
            }
            elements[element as usize].links.push(*link);
            of_link.push(element);
        }
        let found = Self {
            elements,
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

    /// With names: twelve hexadecimal digits of a mark. Where two would be alike, the later one takes the next
    /// that is free.
    fn named(mut self, marks: Vec<u128>) -> Self {
        let mut taken = BTreeSet::new();
        for (element, mark) in self.elements.iter_mut().zip(marks) {
            let mut digits = mark & DIGITS;
            while !taken.insert(digits) {
                digits = (digits + 1) & DIGITS;
            }
            element.name = format!("{digits:012x}");
        }
        self
    }

    /// All of them, sorted by name.
    pub(super) fn sorted(&self) -> Vec<&Element> {
        let mut sorted: Vec<&Element> = self.elements.iter().collect();
        sorted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        sorted
    }

    /// The names of a pair's path vector; `None` if it has no path.
    pub(super) fn vector(&self, at: usize) -> Option<impl Iterator<Item = &str>> {
        let crossed = self.crossed.get(self.paths.get(at)?.clone()?)?;
        let element = |number: &u32| self.elements.get(*number as usize);
        Some(crossed.iter().filter_map(element).map(|one| &*one.name))
    }
}

/// What of a mark is in a name.
const DIGITS: u128 = (1 << 48) - 1;

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
fn told(service: &Service, question: &Question<'_>, link: EdgeId) -> usize {
    let width =
        question.wants(AneProperty::MaxReservableBandwidth) && bandwidth(service, link).is_some();
    let delay = question.wants(AneProperty::Delay) && delay(service, link).is_some();
    usize::from(width) + 2 * usize::from(delay)
}

/// The bandwidth that is left of a link, in bits per second, if it tells any.
pub(super) fn bandwidth(service: &Service, link: EdgeId) -> Option<u64> {
    let edge = service.distances().net().edge(link)?;
    Some(edge.bandwidth).filter(|width| *width != UNLIMITED)
}

/// The delay of a link in nanoseconds, if it tells one.
pub(super) fn delay(service: &Service, link: EdgeId) -> Option<u64> {
    let link = service.maps().idt().graph().link(link)?;
    link.delay.map(nffg::Delay::as_nanos)
}

/// Marks that names are made of: as good as random, and the same for the same request in every version and
/// on every replica.
pub(super) struct Naming<'a> {
    graph: &'a DomainGraph,
    key: [u8; blake3::KEY_LEN],
}

impl<'a> Naming<'a> {
    /// The members of `request` are in the order of their names.
    pub(super) fn new(graph: &'a DomainGraph, request: &Value) -> Self {
        let key = *blake3::hash(request.to_string().as_bytes()).as_bytes();
        Self { graph, key }
    }

    fn of(&self, texts: [&str; 2]) -> u128 {
        // No name has a line's end in it.
        let hash = blake3::keyed_hash(&self.key, texts.join("\n").as_bytes());
        let first = hash.as_bytes().first_chunk().copied();
        u128::from_le_bytes(first.unwrap_or_default())
    }

    fn pair(&self, from: u32, to: u32) -> u128 {
        let [from, to] = [from, to].map(|point| {
            let index = self.graph.index_of(point);
            index.map_or("", |index| self.graph.id(index).as_str())
        });
        self.of([from, to])
    }

    fn link(&self, link: EdgeId) -> u128 {
        let name = link_name(self.graph, link);
        self.of(["", name.as_deref().unwrap_or_default()])
    }
}
