//! The paths that each link of a service graph could take: for each two domains that could host its ends,
//! the k best. There may be many, so they are written as they are found.

use std::io;
use std::ops::ControlFlow;

use idt::search::{LinkPath, link_paths};
use nffg::json::{Cursor, FieldError};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::{Border, CostBody, Vtag};
use super::objective::{Metric, Objective};
use super::problem::{Effort, Stated};
use super::request::{DEFAULT_K, PlacementRequest, decode_common, known};
use super::{PlaceError, Version, cancel};

/// The members of a request for paths.
pub const MEMBERS: [&str; 5] = ["sg", "k", "objective", "constraints", "policy"];

/// The paths of the links of a service graph.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LinkPaths)]
pub struct Paths {
    /// The links, in the order of the graph.
    pub links: Vec<OfLink>,
    /// About the answer; the last member, since it tells how the search ended.
    pub meta: Meta,
}

/// The paths of one link.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PathsOfLink)]
pub struct OfLink {
    /// Its id.
    pub id: String,
    /// The node where it starts.
    pub src: String,
    /// The node where it ends.
    pub dst: String,
    /// For each two hosts of these nodes the best first, pairs by the names of the hosts; pairs that no
    /// path joins are left out.
    pub paths: Vec<Found>,
}

/// A path between two domains.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PathFound)]
pub struct Found {
    /// The domains from host to host, both included.
    pub path: Vec<String>,
    /// What it costs.
    pub cost: CostBody,
    /// The links between domains that it takes, in order.
    pub borders: Vec<Border>,
}

/// About an answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = LinkPathsMeta)]
pub struct Meta {
    /// What the paths are ranked by.
    pub objective: Objective,
    /// How many were asked for, for each two hosts.
    pub k: usize,
    /// The search ended before it was through: what is told is the beginning of the answer.
    pub cut: bool,
    /// Metrics that some link on a path does not tell: there it counts 0.
    #[schema(value_type = Vec<Metric>)]
    pub not_told: Vec<&'static str>,
    /// The version of resources and topology that the answer is exact for: the event that brought it. What
    /// changed since is at `GET /broker/v1/events?since=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub event: Option<String>,
    /// The version of the network map that belongs to it.
    pub dependent_vtags: Vec<Vtag>,
}

/// Reads a request for paths, of which there may be at most `max_k` for each two hosts.
///
/// # Errors
/// As for a request for placements.
pub fn decode(value: &Value, max_k: usize) -> Result<PlacementRequest, FieldError> {
    let root = Cursor::root(value);
    known(&root, &MEMBERS)?;
    let k = match root.optional("k")? {
        Some(k) => k.integer(1, max_k as u64)?,
        None => DEFAULT_K.min(max_k) as u64,
    };
    Ok(PlacementRequest {
        k: usize::try_from(k).unwrap_or(max_k),
        ..decode_common(&root)?
    })
}

/// Why an answer was not written to its end.
#[derive(Debug)]
pub enum WriteError {
    /// There is none.
    Place(PlaceError),
    /// Nobody takes it.
    Io(io::Error),
}

impl From<PlaceError> for WriteError {
    fn from(error: PlaceError) -> Self {
        Self::Place(error)
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes the answer as JSON ([`Paths`]) while it is found: nothing of it is kept. Returns whether it was
/// cut.
///
/// # Errors
/// A node that no domain can host, before anything is written; or `out` takes no more.
pub fn write(
    version: &Version,
    request: &PlacementRequest,
    effort: &Effort<'_>,
    out: &mut impl io::Write,
) -> Result<bool, WriteError> {
    let check = || cancel::check(effort.cancelled).map_err(PlaceError::from);
    check()?;
    let stated = Stated::new(version, request).map_err(WriteError::Place)?;
    let distances = version.distances_under(request.policy);
    let mut budget = effort.budget();
    let (mut cut, mut not_told) = (false, std::collections::BTreeSet::new());
    let name = |node: usize| request.sg.nodes()[node].id.as_str();
    out.write_all(b"{\"links\":[")?;
    for (at, link) in request.sg.links().iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        out.write_all(b"{\"id\":")?;
        json(out, link.id.as_str())?;
        out.write_all(b",\"src\":")?;
        json(out, name(link.src))?;
        out.write_all(b",\"dst\":")?;
        json(out, name(link.dst))?;
        out.write_all(b",\"paths\":[")?;
        let (mut failed, mut first) = (None, true);
        let sink = |path: LinkPath| {
            let placed = stated.path(version, &path.domains, &path.edges, &mut not_told);
            let found = Found {
                path: placed.domains.iter().map(ToString::to_string).collect(),
                cost: placed.cost.into(),
                borders: placed.borders.iter().map(Border::from).collect(),
            };
            let comma: &[u8] = if first { b"" } else { b"," };
            first = false;
            let written = out.write_all(comma).and_then(|()| json(out, &found));
            failed = written.err();
            match &failed {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        };
        if !cut {
            cut = link_paths(distances, &stated.problem, at, request.k, &mut budget, sink).is_err();
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        check()?;
        out.write_all(b"]}")?;
    }
    let meta = Meta {
        objective: request.objective.clone(),
        k: request.k,
        cut,
        not_told: not_told.into_iter().map(Metric::as_str).collect(),
        event: version.event.as_ref().map(ToString::to_string),
        dependent_vtags: vec![Vtag::of_network_map(&version.maps)],
    };
    out.write_all(b"],\"meta\":")?;
    json(out, &meta)?;
    out.write_all(b"}")?;
    Ok(cut)
}

fn json<T: Serialize + ?Sized>(out: &mut impl io::Write, value: &T) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}
