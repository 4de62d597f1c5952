//! The questions that a scenario asks the broker, over HTTP and starting from its directory, and what
//! is to be said of the answers.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use broker::client::answers::{PathVectors, Placement};
use broker::client::directory::{Directory, PropertyMapForm};
use broker::client::error::{Fault, Refusal};
use broker::client::{Client, ClientError};
use broker::ctl::request::{GraphFile, in_order_of};
use broker::ctl::tables;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::child::shell_word;
use crate::compare::{differences, differences_in_members};
use crate::scenario::{Refused, Scenario};

/// One question with its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What it is about.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
    /// Whether the answer is the expected one.
    pub equal: bool,
    /// Where it is not.
    pub differences: Vec<String>,
    /// What was expected.
    pub expected: Value,
    /// What came; `null` if nothing did.
    pub got: Value,
    /// The answer for people.
    #[serde(skip)]
    pub shown: String,
    /// How to ask again.
    #[serde(skip)]
    pub repeat: Option<Curl>,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The property map.
    PropertyMap,
    /// Path vectors of the draft's request.
    PathVectors,
    /// Placements of the draft's request.
    Placements,
    /// Path vectors and placements of the same graph as NFFG.
    Nffg,
    /// A request that must be refused.
    Refused,
}

/// A `curl` command line.
#[derive(Clone, Debug)]
pub struct Curl {
    url: Url,
    headers: Vec<(&'static str, &'static str)>,
    body: Option<PathBuf>,
}

impl fmt::Display for Curl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // -s keeps curl's progress meter off; a newline follows an answer that ends without one.
        f.write_str(r"curl -s -w '\n'")?;
        for (name, value) in &self.headers {
            write!(
                f,
                " -H {} \\\n    ",
                shell_word(&format!("{name}: {value}"))
            )?;
        }
        if let Some(body) = &self.body {
            write!(
                f,
                " --data-binary @{} \\\n    ",
                shell_word(&body.to_string_lossy())
            )?;
        }
        write!(f, " {}", shell_word(self.url.as_str()))
    }
}

/// Asks everything that the scenario asks. The bodies of requests are written to `folder`, so that
/// they can be sent again.
///
/// # Errors
/// The broker's directory cannot be had, or a file cannot be read or written. An answer that is not
/// the expected one is no error, nor is a request that the broker refuses.
pub async fn run(
    client: &Client,
    scenario: &Scenario,
    folder: &Path,
) -> anyhow::Result<Vec<Check>> {
    let manifest = scenario.manifest();
    let directory = client
        .directory()
        .await
        .context("asking for the directory")?
        .content;
    let asker = Asker {
        client,
        directory,
        scenario,
        folder,
    };
    let graph = asker.graph_file(&manifest.request.draft)?;
    let mut checks = vec![
        asker.property_map().await?,
        asker.path_vectors(&graph).await?,
        asker.placements(&graph).await?,
    ];
    if let Some(nffg) = &manifest.request.nffg {
        checks.push(asker.nffg(nffg).await?);
    }
    for refused in &manifest.refused {
        checks.push(asker.refused(refused).await?);
    }
    Ok(checks)
}

struct Asker<'a> {
    client: &'a Client,
    directory: Directory,
    scenario: &'a Scenario,
    folder: &'a Path,
}

impl Asker<'_> {
    fn expected(&self, file: &str) -> anyhow::Result<Value> {
        let text = self.scenario.read(file)?;
        serde_json::from_slice(&text).with_context(|| format!("{file} is not JSON"))
    }

    fn graph_file(&self, file: &str) -> anyhow::Result<GraphFile> {
        let text = self.scenario.read(file)?;
        GraphFile::parse(&text).map_err(|fault| anyhow::anyhow!("{file} {fault}"))
    }

    /// Writes the body of a request where it can be found again.
    fn keep(&self, file: &str, body: &[u8]) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(file);
        std::fs::write(&path, body).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    async fn property_map(&self) -> anyhow::Result<Check> {
        let wanted = &self.scenario.manifest().property_map;
        let expected = self.expected(&wanted.expected)?;
        let answer = self
            .client
            .property_map(&self.directory, PropertyMapForm::Draft)
            .await;
        let url = self
            .directory
            .property_map(PropertyMapForm::Draft)
            .ok()
            .map(|one| one.uri.clone());
        Ok(Check::of(
            Kind::PropertyMap,
            &wanted.title,
            expected,
            answer.map(|answer| (tables::property_map(&answer.content), answer.content.json)),
            differences_in_members,
            url.map(|url| Curl {
                url,
                headers: Vec::new(),
                body: None,
            }),
        ))
    }

    async fn path_vectors(&self, graph: &GraphFile) -> anyhow::Result<Check> {
        let manifest = self.scenario.manifest();
        let wanted = &manifest.path_vectors;
        let expected = self.expected(&wanted.expected)?;
        // The answer's second part: where the domains on the paths are reached.
        let property_map = self.expected(&manifest.property_map.expected)?;
        let property_map = entry_points(&property_map, &domains_on_paths(&expected));
        let expected = with_property_map(expected, property_map);
        let body = graph.path_vector_request();
        let kept = self.keep(&manifest.request.draft, &body)?;
        let answer = self.vectors(graph, body).await.map(|paths| {
            let part = paths.property_map.as_ref();
            let part = part.and_then(|part| part.json.get("property-map").cloned());
            let got = with_property_map(paths.json.clone(), part.unwrap_or_default());
            (tables::path_vectors(&paths), got)
        });
        Ok(Check::of(
            Kind::PathVectors,
            &wanted.title,
            expected,
            answer,
            differences_in_members,
            self.path_vector_curl(kept),
        ))
    }

    /// How to send the body in the file `kept` as the draft prints it.
    fn path_vector_curl(&self, kept: PathBuf) -> Option<Curl> {
        let url = self.directory.path_vectors().ok()?.uri.clone();
        let headers = vec![
            ("Content-Type", "application/alto-costmapfilter+json"),
            ("Accept", "multipart/related, application/alto-costmap+json"),
        ];
        Some(Curl {
            url,
            headers,
            body: Some(kept),
        })
    }

    async fn vectors(&self, graph: &GraphFile, body: Vec<u8>) -> Result<PathVectors, ClientError> {
        let mut paths = self
            .client
            .path_vectors(&self.directory, body)
            .await?
            .content;
        if let Some(graph) = graph.decode() {
            in_order_of(&graph, &mut paths);
        }
        Ok(paths)
    }

    async fn placements(&self, graph: &GraphFile) -> anyhow::Result<Check> {
        let manifest = self.scenario.manifest();
        let wanted = &manifest.placements;
        let expected = self.expected(&wanted.expected)?;
        let body = graph.placement_request(Some(manifest.request.placements));
        let kept = self.keep("request-placements.json", &body)?;
        let answer = self.client.placements(body).await;
        let repeat = answer.as_ref().ok().map(|answer| Curl {
            url: answer.url.clone(),
            headers: vec![("Content-Type", "application/json")],
            body: Some(kept),
        });
        let answer = answer.map(|answer| {
            let placements = answer.content.placements;
            (tables::table_2(&placements), walks(&placements))
        });
        Ok(Check::of(
            Kind::Placements,
            &wanted.title,
            expected,
            answer,
            differences,
            repeat,
        ))
    }

    /// The same graph in the other form must get the same answers.
    async fn nffg(&self, file: &str) -> anyhow::Result<Check> {
        let manifest = self.scenario.manifest();
        let graph = self.graph_file(file)?;
        let expected = json!({
            "cost-map": self.expected(&manifest.path_vectors.expected)?.get("cost-map"),
            "placements": self.expected(&manifest.placements.expected)?,
        });
        let body = graph.path_vector_request();
        let repeat = self.path_vector_curl(self.keep(file, &body)?);
        let paths = self.vectors(&graph, body).await;
        let placement_body = graph.placement_request(Some(manifest.request.placements));
        let placements = self.client.placements(placement_body).await;
        let answer = paths.and_then(|paths| {
            let placements = walks(&placements?.content.placements);
            let got = json!({"cost-map": paths.json.get("cost-map"), "placements": placements});
            Ok((String::new(), got))
        });
        let title = "The same service graph as ESCAPE NFFG: path vectors and placements";
        Ok(Check::of(
            Kind::Nffg,
            title,
            expected,
            answer,
            differences,
            repeat,
        ))
    }

    async fn refused(&self, refused: &Refused) -> anyhow::Result<Check> {
        let body = self.scenario.read(&refused.request)?;
        let kept = self.keep(&refused.request, &body)?;
        let answer = self
            .client
            .path_vectors(&self.directory, body.into_owned())
            .await;
        let expected = json!({
            "code": refused.code,
            "field": refused.field,
            "value": refused.value,
        });
        let answer = match answer {
            Err(ClientError::Refused(refusal)) => {
                Ok((refusal.to_string(), named_by(&refusal, refused)))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(("it was answered".to_owned(), json!({"code": null}))),
        };
        let repeat = self.path_vector_curl(kept);
        Ok(Check::of(
            Kind::Refused,
            &refused.title,
            expected,
            answer,
            differences,
            repeat,
        ))
    }
}

impl Check {
    fn of(
        kind: Kind,
        title: &str,
        expected: Value,
        answer: Result<(String, Value), ClientError>,
        compare: fn(&Value, &Value) -> Vec<String>,
        repeat: Option<Curl>,
    ) -> Self {
        let (shown, got, differences) = match answer {
            Ok((shown, got)) => {
                let differences = compare(&expected, &got);
                (shown, got, differences)
            }
            Err(error) => (String::new(), Value::Null, vec![error.to_string()]),
        };
        let (title, equal) = (title.to_owned(), differences.is_empty());
        Self {
            kind,
            title,
            equal,
            differences,
            expected,
            got,
            shown,
            repeat,
        }
    }
}

/// A cost map with the property map that came, or must come, along with it.
fn with_property_map(mut cost_map: Value, property_map: Value) -> Value {
    if let Some(members) = cost_map.as_object_mut() {
        members.insert("property-map".to_owned(), property_map);
    }
    cost_map
}

/// The domains that occur in the path vectors of a cost map.
fn domains_on_paths(document: &Value) -> BTreeSet<String> {
    match document {
        Value::String(domain) => BTreeSet::from([domain.clone()]),
        Value::Array(values) => values.iter().flat_map(domains_on_paths).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| *name != "meta")
            .flat_map(|(_, value)| domains_on_paths(value))
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// Of a full property map, the entry points of these domains.
fn entry_points(document: &Value, domains: &BTreeSet<String>) -> Value {
    let entities = domains.iter().map(|domain| {
        let entity = format!("pid:{domain}");
        let entry_point = &document["property-map"][&entity]["entry-point"];
        (entity, json!({ "entry-point": entry_point }))
    });
    Value::Object(entities.collect())
}

/// The walks of placements, by rank and then by requirement: what an expected file lists.
fn walks(placements: &[Placement]) -> Value {
    let requirements = placements
        .iter()
        .flat_map(|placement| &placement.requirements);
    requirements
        .map(|requirement| json!(requirement.walk))
        .collect()
}

/// What a refusal names of what it should name.
fn named_by(refusal: &Refusal, refused: &Refused) -> Value {
    let Fault { field, value, .. } = refusal.faults.first().cloned().unwrap_or_default();
    json!({
        "code": refusal.code,
        "field": field.filter(|_| refused.field.is_some()),
        "value": value.filter(|_| refused.value.is_some()),
    })
}
