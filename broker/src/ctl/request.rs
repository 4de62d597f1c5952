//! From a file to a request body. The broker judges service graphs, so that everybody hears the same
//! of the same fault; here a file need only be JSON.

use std::path::Path;

use nffg::ServiceGraph;
use nffg::json::Cursor;
use serde_json::{Map, Value, json};

use super::args::Rules;
use super::input;
use crate::client::ClientError;
use crate::client::answers::{LinkPaths, PathVectors, RequirementPaths};

/// The members of requests for placements and reservations, and of orders, that ALTO does not know.
const REQUEST: [&str; 8] = [
    "k",
    "objective",
    "sls",
    "policy",
    "disjoint",
    "explain",
    "hold",
    "choice",
];

/// What the command line says of rules, as members of a request.
///
/// # Errors
/// The file of the constraints cannot be read, or is no JSON object.
pub fn members(rules: &Rules) -> Result<Map<String, Value>, ClientError> {
    let mut members = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    set("objective", rules.objective.clone());
    set("disjoint", rules.disjoint.as_deref().map(Value::from));
    set("policy", rules.ignore_policy.then(|| "ignore".into()));
    if let Some(path) = &rules.constraints {
        let bytes = input::read(path, nffg::MAX_BYTES);
        let bytes = bytes.map_err(|error| input::unreadable(path, &error))?;
        let wrong = |why: String| ClientError::Input(format!("{} {why}", input::name_of(path)));
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("is not JSON: {error}")))?;
        if !value.is_object() {
            return Err(wrong(
                "has no constraints: it is JSON, but no object".to_owned(),
            ));
        }
        set("constraints", Some(value));
    }
    Ok(members)
}

/// What `--sg` names: a service graph, alone or within a whole request.
#[derive(Clone, Debug)]
pub struct GraphFile {
    /// The whole request; a bare graph is wrapped.
    request: Map<String, Value>,
}

impl GraphFile {
    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be read, or is no JSON object.
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let bytes =
            input::read(path, nffg::MAX_BYTES).map_err(|error| input::unreadable(path, &error))?;
        Self::parse(&bytes)
            .map_err(|fault| ClientError::Input(format!("{} {fault}", input::name_of(path))))
    }

    /// The same from bytes.
    ///
    /// # Errors
    /// They are no JSON object; the text goes on from "the file ...".
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(request)) if request.contains_key("sg") => Ok(Self { request }),
            Ok(graph @ Value::Object(_)) => Ok(Self {
                request: Map::from_iter([("sg".to_owned(), graph)]),
            }),
            Ok(_) => Err("is no service graph: it is JSON, but no object".to_owned()),
            Err(error) => Err(format!("is not JSON: {error}")),
        }
    }

    /// The body for the path vectors. What a whole request says stands.
    #[must_use]
    pub fn path_vector_request(&self) -> Vec<u8> {
        let mut request = self.request.clone();
        // A placement request is no cost map filter: what belongs to the other stays behind.
        for name in REQUEST {
            request.remove(name);
        }
        // One of ALTO's is a list (RFC 7285 §11.3.2.3).
        if request.get("constraints").is_some_and(Value::is_object) {
            request.remove("constraints");
        }
        if !request.contains_key("cost-type") && !request.contains_key("multi-cost-types") {
            let path_vector = json!({"cost-mode": "array", "cost-metric": "ane-path"});
            request.insert("cost-type".to_owned(), path_vector);
        }
        Value::Object(request).to_string().into_bytes()
    }

    /// The body for the placements; `k` given here wins.
    #[must_use]
    pub fn placement_request(&self, k: Option<u32>) -> Vec<u8> {
        let k = k.map(|k| ("k".to_owned(), k.into()));
        self.placements_with(k.into_iter().collect())
    }

    /// The body for the placements; what is asked for here wins.
    #[must_use]
    pub fn placements_with(&self, asked: Map<String, Value>) -> Vec<u8> {
        self.with(&["hold", "choice", "sls"], asked)
    }

    /// The body for the best paths; what is asked for here wins.
    #[must_use]
    pub fn paths_with(&self, asked: Map<String, Value>) -> Vec<u8> {
        self.with(&["hold", "choice", "disjoint", "explain", "sls"], asked)
    }

    /// The body for a reservation; what is asked for here wins.
    #[must_use]
    pub fn reservation_with(&self, asked: Map<String, Value>) -> Vec<u8> {
        self.with(&["k", "explain", "sls"], asked)
    }

    /// What a service is to be, as an order says it (`serviceConfiguration`); what is asked for here wins.
    #[must_use]
    pub fn configuration_with(&self, asked: Map<String, Value>) -> Value {
        let mut members = self.members(&["k", "disjoint", "explain", "hold", "choice"], asked);
        members.insert("@type".to_owned(), sof::payload::SERVICE_GRAPH.into());
        Value::Object(members)
    }

    /// The members of our own requests that the file has, without some, and others.
    fn with(&self, without: &[&str], asked: Map<String, Value>) -> Vec<u8> {
        let members = self.members(without, asked);
        Value::Object(members).to_string().into_bytes()
    }

    fn members(&self, without: &[&str], asked: Map<String, Value>) -> Map<String, Value> {
        let mut request = Map::new();
        for name in REQUEST.iter().chain(&["sg", "constraints"]) {
            let value = self.request.get(*name).filter(|value| {
                let is_altos = *name == "constraints" && !value.is_object();
                !is_altos && !without.contains(name)
            });
            request.extend(value.map(|value| ((*name).to_owned(), value.clone())));
        }
        request.extend(asked);
        request
    }

    /// The service graph, if it is one: for the order of an answer.
    #[must_use]
    pub fn decode(&self) -> Option<ServiceGraph> {
        nffg::decode_service_graph(&Cursor::root(self.request.get("sg")?)).ok()
    }
}

/// Puts an answer in the order of the graph: the draft's form nests objects, which have none.
pub fn in_order_of(graph: &ServiceGraph, paths: &mut PathVectors) {
    let node = |index: usize| graph.nodes().get(index).map_or("", |node| node.id.as_str());
    let requirement_place = |entry: &RequirementPaths| {
        graph
            .requirements()
            .iter()
            .position(|one| {
                (node(one.src), node(one.dst)) == (entry.src.as_str(), entry.dst.as_str())
            })
            .unwrap_or(usize::MAX)
    };
    paths.requirements.sort_by_key(requirement_place);
    // Where a link stands: in the requirements' paths, one after the other.
    let on_paths: Vec<(&str, &str)> = graph
        .requirements()
        .iter()
        .flat_map(|requirement| &requirement.path)
        .filter_map(|link| graph.links().get(*link))
        .map(|link| (node(link.src), node(link.dst)))
        .collect();
    for requirement in &mut paths.requirements {
        requirement.links.sort_by_key(|link: &LinkPaths| {
            on_paths
                .iter()
                .position(|ends| *ends == (link.src.as_str(), link.dst.as_str()))
                .unwrap_or(usize::MAX)
        });
    }
}
