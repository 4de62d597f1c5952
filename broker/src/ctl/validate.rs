//! `brokerctl validate`: exports checked as the broker would check them, without a broker.
//!
//! The codecs, the limits of a member and what is asked beyond a format ([`Document::understood`]) are the
//! broker's own. A fault is told as compilers tell theirs, `AS7.yaml:3:6: error: ...`, so that an editor
//! goes to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nffg::export::{Expected, Format};
use nffg::virtualizer::edit::{self, EditError};
use nffg::{DocumentError, DomainId, Fault, Position, Syntax};

use super::args::ValidateArgs;
use super::{Exit, input, output};
use crate::client::ClientError;
use crate::files::place;
use crate::ingest::{Document, ENTRY_POINT, Understood};
use crate::settings::MemberLimits;

mod show;

/// What came of a file.
#[derive(Debug)]
enum Outcome {
    Good(Box<Good>),
    Faulty(Faulty),
    /// It could not be looked at, and why.
    Unchecked(String),
}

/// A document that the broker would take.
#[derive(Debug)]
struct Good {
    /// Whose it is; `None` where that makes no difference.
    whose: Option<Whose>,
    document: Document,
    understood: Understood,
}

/// A document that it would not take.
#[derive(Debug, Default)]
struct Faulty {
    faults: Vec<Told>,
    /// Faults past those.
    more: usize,
    /// What the caller may have meant.
    hint: Option<&'static str>,
}

/// A fault, and the file where it is.
#[derive(Debug)]
struct Told {
    file: String,
    fault: Fault,
}

/// Whose an export is, and who says so.
#[derive(Clone, Debug)]
struct Whose {
    domain: DomainId,
    by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    CommandLine,
    FileName,
    Document,
}

/// A document to be checked.
struct Source<'a> {
    /// What its places are told with.
    file: String,
    bytes: &'a [u8],
    whose: Option<Whose>,
    asn: Option<u32>,
    syntax: Option<Syntax>,
    format: Option<Format>,
}

/// Checks every file: what there is to say of them, and how to end. What cannot be looked at is told on
/// standard error.
pub(super) fn validate(args: &ValidateArgs, json: bool) -> Result<(String, Exit), ClientError> {
    let named = args.files.iter().chain(&args.against);
    if named.filter(|path| input::is_standard_input(path)).count() > 1 {
        let why = "standard input can be read once only: '-' is given twice";
        return Err(ClientError::Input(why.to_owned()));
    }
    let base = args.against.as_deref().map(Base::read).transpose()?;
    let mut report = show::Report::new(json);
    let mut exit = Exit::Answered;
    for path in files_of(&args.files)? {
        let outcome = check_file(&path, args, base.as_ref());
        match &outcome {
            Outcome::Good(_) => {}
            Outcome::Faulty(_) if exit == Exit::Usage => {}
            Outcome::Faulty(_) => exit = Exit::Refused,
            Outcome::Unchecked(why) => {
                output::complain(&format!("brokerctl: {}: {why}", input::name_of(&path)));
                exit = Exit::Usage;
            }
        }
        report.add(&place_name(&path), &outcome);
    }
    Ok((report.finish(), exit))
}

/// The files, and for folders the exports in them, as the broker finds them.
fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ClientError> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() || input::is_standard_input(path) {
            all.push(path.clone());
            continue;
        }
        let found = place::list(path).map_err(|error| input::unreadable(path, &error))?;
        if found.exports.is_empty() {
            let why = format!(
                "the folder {} has no exports: files that end in .xml, .json, .nffg, .yaml or .yml",
                path.display()
            );
            return Err(ClientError::Input(why));
        }
        all.extend(found.exports.into_iter().map(PathBuf::from));
    }
    Ok(all)
}

/// What a file is called before a line and a column.
pub(super) fn place_name(path: &Path) -> String {
    path.display().to_string()
}

fn syntax_of_name(path: &Path) -> Option<Syntax> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(Syntax::of_file_name)
}

fn check_file(path: &Path, args: &ValidateArgs, base: Option<&Base>) -> Outcome {
    let bytes = match input::read(path, nffg::MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            return Outcome::Faulty(Faulty::one(place_name(path), error.to_string()));
        }
        Err(error) => return Outcome::Unchecked(format!("cannot be read: {error}")),
    };
    let given = args.domain.clone().map(|domain| Whose {
        domain,
        by: By::CommandLine,
    });
    // Of an edit, the export that it is made to says whose it is.
    let named = base.map_or(path, |base| &base.path);
    let whose = given.or_else(|| {
        let domain = place::owner(named.to_str()?)?;
        let by = By::FileName;
        Some(Whose { domain, by })
    });
    let source = Source {
        file: place_name(path),
        bytes: &bytes,
        whose,
        asn: args.asn,
        syntax: args.syntax.or_else(|| syntax_of_name(path)),
        format: args.format,
    };
    match base {
        Some(base) => check_edit(&source, base),
        None => check(&source),
    }
}

/// Checks a document.
fn check(source: &Source<'_>) -> Outcome {
    if let Some(whose) = &source.whose {
        return check_of(source, whose.domain.clone(), Some(whose.clone()));
    }
    // Most formats that tell no topology do not ask whose it is, and some of the others say it.
    let (Ok(somebody), Ok(anybody)) = ("somebody".parse(), "anybody".parse()) else {
        return Outcome::Unchecked(asks_for_a_domain(&BTreeSet::new()));
    };
    let document = match decode(source, &somebody) {
        Ok(document) => document,
        // Faults that are the same whosever it is are its own.
        Err(error) if decode(source, &anybody).as_ref() == Err(&error) => {
            return Outcome::Faulty(Faulty::of(&source.file, &error));
        }
        Err(_) => return Outcome::Unchecked(asks_for_a_domain(&BTreeSet::new())),
    };
    let Some(topology) = &document.export.parts.topology else {
        return check_of(source, somebody, None);
    };
    let told: BTreeSet<DomainId> = topology.nodes.iter().map(|n| n.domain.clone()).collect();
    match told.first() {
        Some(domain) if told.len() == 1 && *domain != somebody => {
            let by = By::Document;
            let domain = domain.clone();
            let whose = Whose { domain, by };
            check_of(source, whose.domain.clone(), Some(whose))
        }
        _ if told.contains(&somebody) => Outcome::Unchecked(asks_for_a_domain(&BTreeSet::new())),
        _ => Outcome::Unchecked(asks_for_a_domain(&told)),
    }
}

fn asks_for_a_domain(told: &BTreeSet<DomainId>) -> String {
    let told: Vec<&str> = told.iter().take(10).map(DomainId::as_str).collect();
    let told = match told.as_slice() {
        [] => String::new(),
        told => format!(" (it tells of {})", told.join(", ")),
    };
    format!(
        "whose export is it{told}? Say --domain AS7, or have the file's name begin with it, as AS7.yaml"
    )
}

fn check_of(source: &Source<'_>, domain: DomainId, whose: Option<Whose>) -> Outcome {
    let document = match decode(source, &domain) {
        Ok(document) => document,
        Err(error) => return Outcome::Faulty(Faulty::of(&source.file, &error)),
    };
    match document.understood(&domain, source.asn, None, &MemberLimits::default()) {
        Ok(understood) => Outcome::Good(Box::new(Good {
            whose,
            document,
            understood,
        })),
        Err(faults) => {
            let is_guess = whose.is_some_and(|whose| whose.by == By::FileName);
            let topology = document.export.parts.topology;
            let is_told = topology.is_none_or(|t| t.nodes.iter().any(|n| n.domain == domain));
            let fault = |fault: Fault| Told {
                file: source.file.clone(),
                fault: placed(fault, source.bytes),
            };
            Outcome::Faulty(Faulty {
                faults: faults.into_iter().map(fault).collect(),
                more: 0,
                hint: (is_guess && !is_told).then_some(
                    "whose export it is was taken from the file's name; --domain says otherwise",
                ),
            })
        }
    }
}

fn decode(source: &Source<'_>, domain: &DomainId) -> Result<Document, DocumentError> {
    let expected = Expected {
        domain,
        syntax: source.syntax,
        format: source.format,
    };
    Document::decode(source.bytes, expected)
}

/// The fault with its place, if its value stands in the text once.
fn placed(mut fault: Fault, bytes: &[u8]) -> Fault {
    let value = fault.value.as_deref().filter(|value| !value.is_empty());
    if let (ENTRY_POINT, Some(value), Ok(text)) =
        (fault.path.as_str(), value, std::str::from_utf8(bytes))
    {
        let mut found = text.match_indices(value);
        if let (Some((at, _)), None) = (found.next(), found.next()) {
            let before = text.get(..at).unwrap_or_default();
            let of_line = before.rsplit('\n').next().unwrap_or_default();
            let counted = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            fault.position = Some(Position {
                line: counted(before.matches('\n').count() + 1),
                column: counted(of_line.chars().count() + 1),
            });
        }
    }
    fault
}

impl Faulty {
    fn one(file: String, rule: String) -> Self {
        let fault = Fault {
            position: None,
            path: String::new(),
            value: None,
            rule,
        };
        Self {
            faults: vec![Told { file, fault }],
            ..Self::default()
        }
    }

    fn of(file: &str, error: &DocumentError) -> Self {
        let told = |fault: &Fault| Told {
            file: file.to_owned(),
            fault: fault.clone(),
        };
        Self {
            faults: error.faults().iter().map(told).collect(),
            more: error.total() - error.faults().len(),
            hint: None,
        }
    }

    fn total(&self) -> usize {
        self.faults.len() + self.more
    }
}

// ---- edits

/// The export that an edit is made to.
struct Base {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Base {
    fn read(path: &Path) -> Result<Self, ClientError> {
        let bytes = input::read(path, nffg::MAX_BYTES);
        Ok(Self {
            path: path.to_owned(),
            bytes: bytes.map_err(|error| input::unreadable(path, &error))?,
        })
    }
}

/// Checks what an edit makes of `base`.
fn check_edit(edit: &Source<'_>, base: &Base) -> Outcome {
    let whole = Source {
        file: place_name(&base.path),
        bytes: &base.bytes,
        whose: edit.whose.clone(),
        asn: edit.asn,
        syntax: syntax_of_name(&base.path),
        format: edit.format,
    };
    // The broker has only good ones.
    let before = match check(&whole) {
        Outcome::Good(good) => good,
        other => return other,
    };
    let syntax = before.document.export.syntax;
    let of_edit = edit
        .syntax
        .unwrap_or_else(|| Syntax::of_beginning(edit.bytes));
    let (base_file, file) = (whole.file.as_str(), edit.file.as_str());
    let made = match (syntax, of_edit) {
        (Syntax::Xml, Syntax::Xml) => edit::apply(&base.bytes, edit.bytes)
            .map(String::into_bytes)
            .map_err(|error| match error {
                EditError::Base(error) => Faulty::of(base_file, &error),
                EditError::Diff(error)
                | EditError::DataExists(error)
                | EditError::DataMissing(error) => Faulty::of(file, &error),
            }),
        (Syntax::Json, Syntax::Json) => {
            nffg::patch::merge(&base.bytes, edit.bytes).map_err(|error| Faulty::of(file, &error))
        }
        (Syntax::Yaml, _) => {
            let why = format!("{base_file} is YAML, which takes no edits: it is sent whole");
            return Outcome::Unchecked(why);
        }
        (base, edit) => {
            let (base, edit) = (base.as_str(), edit.as_str());
            let why = format!("{base_file} is {base} and is edited in {base}; this is {edit}");
            return Outcome::Unchecked(why);
        }
    };
    let made = match made {
        Ok(made) => made,
        Err(faulty) => return Outcome::Faulty(faulty),
    };
    let result = Source {
        file: edit.file.clone(),
        bytes: &made,
        whose: before.whose,
        asn: edit.asn,
        syntax: Some(syntax),
        format: Some(before.document.export.format),
    };
    match check(&result) {
        Outcome::Faulty(faulty) => Outcome::Faulty(of_result(faulty)),
        other => other,
    }
}

/// Faults of a document that is in no file: their places are in words.
fn of_result(mut faulty: Faulty) -> Faulty {
    for told in &mut faulty.faults {
        let place = told.fault.position.take();
        // A merged document is one line, whose columns nobody counts.
        let place = place.filter(|at| at.line > 1);
        let place = place.map_or_else(String::new, |at| format!(", {at}"));
        told.fault.rule = format!("{} (in what the edit makes{place})", told.fault.rule);
    }
    faulty
}

#[cfg(test)]
mod tests;
