//! What was found, in words or as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use idt::DomainTopology;
use nffg::{DomainId, Fault, QuantitySum, Resources};
use serde_json::{Map, Value, json};

use super::super::domains::located;
use super::super::page::{Page, counted, listed};
use super::{By, Faulty, Good, Outcome, Told, Whose};

/// How many names a list shows in words.
const SHOWN: usize = 20;

/// Gathers what is to be said of the files.
#[derive(Debug)]
pub(super) struct Report {
    json: bool,
    text: String,
    values: Vec<Value>,
    good: usize,
    faulty: usize,
    unchecked: usize,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            text: String::new(),
            values: Vec::new(),
            good: 0,
            faulty: 0,
            unchecked: 0,
        }
    }

    pub(super) fn add(&mut self, file: &str, outcome: &Outcome) {
        match outcome {
            Outcome::Good(_) => self.good += 1,
            Outcome::Faulty(_) => self.faulty += 1,
            Outcome::Unchecked(_) => self.unchecked += 1,
        }
        if self.json {
            self.values.push(value(file, outcome));
            return;
        }
        match outcome {
            Outcome::Good(good) => self.text.push_str(&page(file, good)),
            Outcome::Faulty(faulty) => self.text.push_str(&lines(file, faulty)),
            Outcome::Unchecked(_) => {}
        }
    }

    pub(super) fn finish(mut self) -> String {
        let (good, faulty, unchecked) = (self.good, self.faulty, self.unchecked);
        if self.json {
            let files = self.values;
            let value = json!({
                "files": files, "good": good, "faulty": faulty, "unchecked": unchecked,
            });
            return format!("{value:#}\n");
        }
        let all = good + faulty + unchecked;
        if all > 1 {
            let _ = write!(self.text, "{all} files: {good} good, {faulty} with faults");
            if unchecked > 0 {
                let _ = write!(self.text, ", {unchecked} not checked");
            }
            self.text.push('\n');
        }
        self.text
    }
}

// ---- in words

fn page(file: &str, good: &Good) -> String {
    let (document, told) = (&good.document, &good.understood);
    let (format, syntax) = (document.export.format, document.export.syntax.as_str());
    let mut page = Page::default();
    page.line(format_args!("{file}: good"));
    let bytes = counted(document.bytes as u64, "byte");
    page.field("  document", format_args!("{format} in {syntax}, {bytes}"));
    page.field("  domain", whose_in_words(good.whose.as_ref()));
    if let Some(entry_point) = &told.entry_point {
        page.field("  entry point", entry_point);
    }
    match &told.resources {
        Some(domain) => {
            let ids: Vec<_> = domain.nodes().iter().map(|node| &node.id).collect();
            page.field("  nodes", numbered(&ids));
            let totals = domain.totals();
            for (name, sum) in [
                ("  cpu", totals.cpu),
                ("  memory", totals.mem),
                ("  storage", totals.storage),
            ] {
                page.field(name, sum_in_words(sum));
            }
            page.list("  NF types", domain.nf_types(), SHOWN);
            page.list("  SAPs", domain.saps(), SHOWN);
            let borders: Vec<_> = domain.inter_domain_saps().iter().map(|b| &b.sap).collect();
            page.list("  border SAPs", &borders, SHOWN);
        }
        None if told.sums.is_empty() => page.field("  resources", "not told"),
        None => page.field("  resources", resources_in_words(told.sums)),
    }
    match &told.topology {
        Some(topology) => {
            page.field("  routers", topology.routers().len());
            page.field("  links", links_in_words(topology));
            page.field("  prefixes", numbered(topology.prefixes()));
        }
        None => page.field("  topology", "not told"),
    }
    if let Some(windows) = &told.windows {
        page.field("  windows", windows.len());
    }
    let mut text = page.into_text();
    for warning in &told.warnings {
        let line = warning
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let what = located(None, &warning.path, &warning.text);
        let _ = writeln!(text, "{file}{line}: warning: {what}");
    }
    text
}

/// `2: a, b`
fn numbered<T: std::fmt::Display>(values: &[T]) -> String {
    match values.len() {
        0 => "0".to_owned(),
        number => format!("{number}: {}", listed(values, SHOWN)),
    }
}

fn whose_in_words(whose: Option<&Whose>) -> String {
    match whose {
        None => "not told, and of no importance".to_owned(),
        Some(Whose { domain, by }) => match by {
            By::CommandLine => domain.to_string(),
            By::FileName => format!("{domain}, as the file's name says"),
            By::Document => format!("{domain}, as the document says"),
        },
    }
}

/// Amounts of unlike units are not added up.
fn sum_in_words(sum: QuantitySum) -> String {
    let amounts: Vec<String> = sum.quantities().map(|amount| amount.to_string()).collect();
    match amounts.as_slice() {
        [] => "not told".to_owned(),
        amounts => amounts.join(" and "),
    }
}

/// A topology's own sums.
fn resources_in_words(sums: Resources) -> String {
    let told = [
        ("cpu", sums.cpu),
        ("memory", sums.mem),
        ("storage", sums.storage),
    ];
    let told = told
        .into_iter()
        .filter_map(|(name, amount)| Some((name, amount?)));
    let told: Vec<String> = told
        .map(|(name, amount)| format!("{name} {amount}"))
        .collect();
    format!("{}, in all", listed(&told, told.len()))
}

fn links_in_words(topology: &DomainTopology) -> String {
    if topology.is_silent_on_links() {
        return "not told: the neighbours' word counts".to_owned();
    }
    let mut text = format!("{} within", topology.intra_links().len());
    let to = links_to(topology);
    for (neighbour, number) in to.iter().take(SHOWN) {
        let _ = write!(text, ", {number} to {neighbour}");
    }
    match to.len().checked_sub(SHOWN) {
        None | Some(0) => {}
        Some(more) => {
            let _ = write!(
                text,
                " and others to {}",
                counted(more as u64, "more neighbour")
            );
        }
    }
    text
}

/// How many links lead to each neighbour.
fn links_to(topology: &DomainTopology) -> BTreeMap<&DomainId, usize> {
    let mut to = BTreeMap::new();
    for link in topology.inter_links() {
        *to.entry(&link.remote.domain).or_default() += 1;
    }
    to
}

fn lines(file: &str, faulty: &Faulty) -> String {
    let mut text = String::new();
    for Told { file, fault } in &faulty.faults {
        let place = fault
            .position
            .map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
        let without_place = Fault {
            position: None,
            ..fault.clone()
        };
        let _ = writeln!(text, "{file}{place}: error: {without_place}");
    }
    let mut faults = counted(faulty.total() as u64, "fault");
    if faulty.faults.iter().all(|told| told.file != file) {
        faults = format!("not applied: {faults}");
    }
    let _ = match faulty.more {
        0 => writeln!(text, "{file}: {faults}"),
        _ => writeln!(text, "{file}: {faults}, of which these are the first"),
    };
    if let Some(hint) = faulty.hint {
        let _ = writeln!(text, "{file}: {hint}");
    }
    text
}

// ---- as JSON

fn value(file: &str, outcome: &Outcome) -> Value {
    let mut members = match outcome {
        Outcome::Good(good) => members_of(good),
        Outcome::Faulty(faulty) => {
            let mut members = Map::new();
            let faults: Vec<Value> = faulty.faults.iter().map(fault_value).collect();
            members.insert("faults".to_owned(), faults.into());
            members.insert("total".to_owned(), faulty.total().into());
            members
        }
        Outcome::Unchecked(why) => Map::from_iter([("unchecked".to_owned(), why.as_str().into())]),
    };
    members.insert("file".to_owned(), file.into());
    let is_good = matches!(outcome, Outcome::Good(_));
    members.insert("good".to_owned(), is_good.into());
    Value::Object(members)
}

fn fault_value(Told { file, fault }: &Told) -> Value {
    json!({
        "file": file,
        "line": fault.position.map(|at| at.line),
        "column": fault.position.map(|at| at.column),
        "path": fault.path,
        "value": fault.value,
        "rule": fault.rule,
    })
}

fn members_of(good: &Good) -> Map<String, Value> {
    let (document, told) = (&good.document, &good.understood);
    let amounts = |sum: QuantitySum| -> Vec<String> {
        sum.quantities().map(|amount| amount.to_string()).collect()
    };
    let resources = told.resources.as_ref().map(|domain| {
        let totals = domain.totals();
        let names = |saps: &[nffg::SapId]| -> Vec<String> {
            saps.iter().map(ToString::to_string).collect()
        };
        let tagged = domain.inter_domain_saps().iter();
        json!({
            "nodes": domain.nodes().iter().map(|node| node.id.to_string()).collect::<Vec<_>>(),
            "cpu": amounts(totals.cpu),
            "mem": amounts(totals.mem),
            "storage": amounts(totals.storage),
            "nf-types": domain.nf_types().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "saps": names(domain.saps()),
            "inter-domain-saps": tagged.map(|border| border.sap.to_string()).collect::<Vec<_>>(),
        })
    });
    let topology = told.topology.as_ref().map(|topology| {
        let to = links_to(topology).into_iter();
        let to: Map<String, Value> = to.map(|(id, n)| (id.to_string(), n.into())).collect();
        json!({
            "routers": topology.routers().len(),
            "silent-on-links": topology.is_silent_on_links(),
            "links": {"within": topology.intra_links().len(), "to": to},
            "prefixes": topology.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let sums = [
        ("cpu", told.sums.cpu),
        ("mem", told.sums.mem),
        ("storage", told.sums.storage),
    ];
    let sums = sums
        .into_iter()
        .filter_map(|(name, amount)| Some((name.to_owned(), amount?)));
    let sums: Map<String, Value> = sums
        .map(|(name, sum)| (name, sum.to_string().into()))
        .collect();
    let warnings = told
        .warnings
        .iter()
        .map(|warning| json!({"line": warning.line, "path": warning.path, "text": warning.text}));
    let members = [
        (
            "domain",
            good.whose
                .as_ref()
                .map(|whose| whose.domain.as_str())
                .into(),
        ),
        ("format", document.export.format.as_str().into()),
        ("syntax", document.export.syntax.as_str().into()),
        ("version", document.version.as_str().into()),
        ("bytes", document.bytes.into()),
        (
            "entry-point",
            told.entry_point.as_ref().map(|url| url.as_str()).into(),
        ),
        ("resources", resources.into()),
        ("sums", sums.into()),
        ("topology", topology.into()),
        ("windows", told.windows.as_ref().map(Vec::len).into()),
        ("warnings", warnings.collect::<Vec<_>>().into()),
    ];
    members
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}
