//! What a member exports, in any of the data models that are understood, and how a document is known.
//!
//! A document is written in a [`Syntax`] and says something in a [`Format`]. Every format that JSON can
//! carry may be YAML too.
//!
//! | format | known by | tells |
//! |---|---|---|
//! | [`Format::Virtualizer`] | root element `virtualizer` | resources |
//! | [`Format::Unify`] | member `nodes` | topology; resources and entry point of its domains |
//! | [`Format::Nffg`] | member `node_infras`, or another of its lists, or `parameters` | resources |
//! | [`Format::Brief`] | member `entry-point`, `cpu`, ..., `property-map`, `prefixes`, `neighbours` or `windows` | resources, topology and windows |
//! | [`Format::Tosca`] | member `tosca_definitions_version` | resources |
//! | [`Format::Sol006`] | member `nfv`, `vnfd` or `nsd`, with a module name before it or not | resources |
//! | [`Format::Cop`] | member `topology` | topology |
//! | [`Format::Ietf`] | member `networks` or `network`, with a module name before it or not | topology |

use serde_json::Value;

use crate::fault::{Fault, Report, fault, position};
use crate::json::Cursor;
use crate::syntax::{self, Syntax};
use crate::{
    DocumentError, DomainId, ResourceView, TopologyView, Warning, Window, brief, cop, escape_view,
    ietf, sol006, tosca, unify, virtualizer,
};

/// A data model in which members export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// UNIFY Virtualizer XML: [`crate::virtualizer`].
    Virtualizer,
    /// UNIFY JSON of netphony: [`crate::unify`].
    Unify,
    /// ESCAPE's NFFG: [`crate::escape_view`].
    Nffg,
    /// The draft's properties of one domain, and its neighbours: [`crate::brief`].
    Brief,
    /// TOSCA simple profile: [`crate::tosca`].
    Tosca,
    /// ETSI GS NFV-SOL 006: [`crate::sol006`].
    Sol006,
    /// Control Orchestration Protocol, as netphony exports it: [`crate::cop`].
    Cop,
    /// `ietf-network` and `ietf-te-topology` (RFC 8345, RFC 8795): [`crate::ietf`].
    Ietf,
}

/// The roots of `ietf-network` documents: all networks or one, with the module's name before it or not.
const IETF_ROOTS: [&str; 4] = [
    "ietf-network:networks",
    "ietf-network:network",
    "networks",
    "network",
];

/// A format's name is none that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no format: it is one of {all}", all = Format::ALL.map(Format::as_str).join(", "))]
pub struct UnknownFormat(String);

impl Format {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Virtualizer,
        Self::Unify,
        Self::Nffg,
        Self::Brief,
        Self::Tosca,
        Self::Sol006,
        Self::Cop,
        Self::Ietf,
    ];

    /// Its name in settings and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Virtualizer => "virtualizer",
            Self::Unify => "unify",
            Self::Nffg => "nffg",
            Self::Brief => "brief",
            Self::Tosca => "tosca",
            Self::Sol006 => "sol006",
            Self::Cop => "cop",
            Self::Ietf => "ietf",
        }
    }

    /// Whether documents of this format are written in `syntax`.
    #[must_use]
    pub const fn is_written_in(self, syntax: Syntax) -> bool {
        matches!(self, Self::Virtualizer) == matches!(syntax, Syntax::Xml)
    }

    /// The format of a JSON document, by the names of its members.
    fn of_members(document: &Value) -> Option<Self> {
        let members = document.as_object()?;
        let has = |name: &str| members.contains_key(name);
        // The root of SOL 006's modules: the whole, or one descriptor alone, as packages have it.
        let is_nfv = |name: &String| {
            let local = name
                .rsplit_once(':')
                .map_or(name.as_str(), |(_, local)| local);
            matches!(local, "nfv" | "vnfd" | "nsd")
        };
        if has("tosca_definitions_version") {
            Some(Self::Tosca)
        } else if members.keys().any(is_nfv) {
            Some(Self::Sol006)
        } else if IETF_ROOTS.iter().any(|name| has(name)) {
            Some(Self::Ietf)
        } else if has("topology") {
            Some(Self::Cop)
        } else if escape_view::MEMBERS.iter().any(|name| has(name)) {
            Some(Self::Nffg)
        } else if has("nodes") {
            Some(Self::Unify)
        } else {
            brief::is_known_by(members).then_some(Self::Brief)
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| UnknownFormat(text.chars().take(80).collect()))
    }
}

/// What a document tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The model that it is in.
    pub format: Format,
    /// What it is written in.
    pub syntax: Syntax,
    /// The parts.
    pub parts: Parts,
    /// What was tolerated, for people.
    pub warnings: Vec<Warning>,
}

/// What a document tells: resources, topology, windows, or several of them. The warnings of the views are
/// empty; they are the export's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// The domain's resources.
    pub resources: Option<ResourceView>,
    /// The domain's topology, with its entry point where the format has one.
    pub topology: Option<TopologyView>,
    /// What the domain announces of its links, sorted, each once.
    pub windows: Option<Vec<Window>>,
}

impl From<ResourceView> for Parts {
    fn from(resources: ResourceView) -> Self {
        Self {
            resources: Some(resources),
            ..Self::default()
        }
    }
}

impl From<TopologyView> for Parts {
    fn from(topology: TopologyView) -> Self {
        Self {
            topology: Some(topology),
            ..Self::default()
        }
    }
}

/// What is known of a document before it is read.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Whose export it is. Some formats do not say.
    pub domain: &'a DomainId,
    /// What it is written in; without it, what its first character tells.
    pub syntax: Option<Syntax>,
    /// Its format; without it, what its root tells.
    pub format: Option<Format>,
}

impl<'a> Expected<'a> {
    /// Nothing but whose it is.
    #[must_use]
    pub const fn of(domain: &'a DomainId) -> Self {
        Self {
            domain,
            syntax: None,
            format: None,
        }
    }
}

/// Reads an export.
///
/// # Errors
/// The document cannot be taken; the error tells all its faults.
pub fn decode(bytes: &[u8], expected: Expected<'_>) -> Result<Export, DocumentError> {
    let syntax = expected
        .syntax
        .unwrap_or_else(|| Syntax::of_beginning(bytes));
    if let Some(format) = expected.format
        && !format.is_written_in(syntax)
    {
        return Err(DocumentError::one(wrong_syntax(format, syntax)));
    }
    if syntax == Syntax::Xml {
        let mut view = virtualizer::decode(bytes)?;
        let warnings = std::mem::take(&mut view.warnings);
        return Ok(Export {
            format: Format::Virtualizer,
            syntax,
            parts: view.into(),
            warnings,
        });
    }
    let text = syntax::text(bytes).map_err(DocumentError::one)?;
    let value = match syntax {
        Syntax::Yaml => syntax::yaml(text)?,
        _ => syntax::json(text)?,
    };
    let Some(format) = expected.format.or_else(|| Format::of_members(&value)) else {
        return Err(DocumentError::one(Fault {
            position: Some(position(text, 0)),
            ..unknown_format(&value)
        }));
    };
    let mut report = Report::default();
    let root = Cursor::root(&value);
    let (domain, told) = (expected.domain, &mut report);
    let parts = match format {
        // Written in XML, which was dealt with above.
        Format::Virtualizer => return Err(DocumentError::one(wrong_syntax(format, syntax))),
        Format::Unify => unify::read(&root, told).into(),
        Format::Nffg => escape_view::read(&root, told).into(),
        Format::Brief => brief::read(&root, domain, told),
        Format::Tosca => tosca::read(&root, told).into(),
        Format::Sol006 => sol006::read(&root, told).into(),
        Format::Cop => cop::read(&root, domain, told).into(),
        Format::Ietf => ietf::read(&root, domain, told).into(),
    };
    let warnings = report.finish_members(text)?;
    Ok(Export {
        format,
        syntax,
        parts,
        warnings,
    })
}

fn wrong_syntax(format: Format, syntax: Syntax) -> Fault {
    let wanted = if format == Format::Virtualizer {
        "XML"
    } else {
        "JSON or YAML"
    };
    let rule = format!(
        "a document of format '{format}' is written in {wanted}, this is {}",
        syntax.as_str()
    );
    fault(String::new(), None, rule)
}

fn unknown_format(value: &Value) -> Fault {
    let found = match value.as_object() {
        None => "it is no object".to_owned(),
        Some(members) => {
            let names: Vec<&str> = members.keys().take(5).map(String::as_str).collect();
            format!("its members are: {}", names.join(", "))
        }
    };
    fault(
        String::new(),
        Some(&found),
        "an export is known by its members (tosca_definitions_version, nfv, ietf-network:networks, \
         topology, node_infras, nodes, entry-point, cpu, ...); no format has these",
    )
}
