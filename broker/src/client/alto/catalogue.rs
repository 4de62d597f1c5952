//! What a server offers: its information resource directory (RFC 7285 §9) and the directories that are linked
//! from it (§9.2.4), read as one list of resources.

use std::collections::BTreeMap;
use std::fmt;

use nffg::json::{Cursor, FieldError};
use serde_json::{Value, json};
use url::Url;

use super::DIRECTORY_TYPE;
use crate::client::media_type::MediaType;

/// How many directories are followed: a server that links for ever is not.
pub const MOST_DIRECTORIES: usize = 16;
/// How many resources they may list in all.
pub const MOST_RESOURCES: usize = 10_000;

/// Everything that a server offers.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The directories, the first that was asked for first.
    pub directories: Vec<Directory>,
    /// The resources, each directory's in order of their ids.
    pub resources: Vec<Resource>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// One directory.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Where it came from.
    pub url: Url,
    /// As it came.
    pub json: Value,
    /// `default-alto-network-map` (RFC 7285 §9.2.2).
    pub default_network_map: Option<String>,
}

/// What a cost is: RFC 7285 §6.1, RFC 9439 §3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostType {
    /// `cost-metric`.
    pub metric: String,
    /// `cost-mode`.
    pub mode: String,
}

impl CostType {
    /// As a request has it.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({"cost-mode": self.mode, "cost-metric": self.metric})
    }

    /// Whether it is that of path vectors (RFC 9275 §6.5).
    #[must_use]
    pub fn is_path_vector(&self) -> bool {
        self.mode == "array" && self.metric == "ane-path"
    }
}

/// `routingcost`, and of a mode that is not `numerical` that too.
impl fmt::Display for CostType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        match self.mode.as_str() {
            "numerical" => Ok(()),
            mode => write!(f, " ({mode})"),
        }
    }
}

/// One resource of a directory.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub uri: Url,
    /// What it answers.
    pub media_type: MediaType,
    /// What it takes; a resource that takes something is asked by POST (RFC 7285 §8.3.2).
    pub accepts: Option<String>,
    /// As told; `null` if nothing is.
    pub capabilities: Value,
    /// The resources that it depends on.
    pub uses: Vec<String>,
    /// Its cost types, under the names that the directory gives them. A name without a cost type is left out.
    pub cost_types: Vec<(String, CostType)>,
}

impl Resource {
    /// Whether it answers this media type.
    #[must_use]
    pub fn answers(&self, media_type: &str) -> bool {
        self.media_type.essence() == media_type
    }

    /// Whether it takes this media type.
    #[must_use]
    pub fn takes(&self, media_type: &str) -> bool {
        let accepts = self.accepts.as_deref().unwrap_or_default();
        let mut types = accepts.split(',').map(MediaType::parse);
        types.any(|one| one.essence() == media_type)
    }

    /// The capability of this name; `null` if there is none.
    #[must_use]
    pub fn capability(&self, name: &str) -> &Value {
        self.capabilities.get(name).unwrap_or(&Value::Null)
    }

    /// The texts of a capability that is a list.
    pub fn listed(&self, name: &str) -> impl Iterator<Item = &str> {
        let list = self.capability(name).as_array();
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// The name of its cost type of this metric and mode.
    #[must_use]
    pub fn cost_type(&self, wanted: &CostType) -> Option<&str> {
        let mut types = self.cost_types.iter();
        let found = types.find(|(_, cost_type)| cost_type == wanted);
        found.map(|(name, _)| name.as_str())
    }

    /// Whether the id is one of those that it depends on.
    #[must_use]
    pub fn uses(&self, id: &str) -> bool {
        self.uses.iter().any(|used| used == id)
    }
}

impl Catalogue {
    /// Adds a directory that came from `url`. The directories that it links to come back: those that are
    /// not there yet.
    ///
    /// # Errors
    /// It is no directory, or there are more resources than are taken.
    pub fn add(&mut self, url: Url, json: Value) -> Result<Vec<Url>, String> {
        let (default_network_map, resources) =
            decode(&json, &url).map_err(|error| error.to_string())?;
        if self.resources.len() + resources.len() > MOST_RESOURCES {
            return Err(format!("there are more than {MOST_RESOURCES} resources"));
        }
        self.directories.push(Directory {
            url,
            json,
            default_network_map,
        });
        let mut linked: Vec<Url> = Vec::new();
        for resource in &resources {
            let is_known = |url: &Url| self.directories.iter().any(|known| known.url == *url);
            let is_link = resource.answers(DIRECTORY_TYPE) && resource.accepts.is_none();
            let mut uri = resource.uri.clone();
            uri.set_fragment(None);
            // More than are followed need not be told.
            let has_room = linked.len() <= MOST_DIRECTORIES;
            if is_link && has_room && !is_known(&uri) && !linked.contains(&uri) {
                linked.push(uri);
            }
        }
        self.resources.extend(resources);
        Ok(linked)
    }

    /// The resource with this id.
    ///
    /// # Errors
    /// There is none; the text says which there are.
    pub fn resource(&self, id: &str) -> Result<&Resource, String> {
        self.find(|resource| resource.id == id).ok_or_else(|| {
            let ids = self.resources.iter().map(|resource| resource.id.as_str());
            let ids: Vec<&str> = ids.take(50).collect();
            format!(
                "the directory has no resource '{id}', but {}",
                ids.join(", ")
            )
        })
    }

    /// The first resource that fits.
    pub fn find(&self, fits: impl Fn(&Resource) -> bool) -> Option<&Resource> {
        self.resources.iter().find(|resource| fits(resource))
    }

    /// All resources that fit.
    pub fn all(&self, fits: impl Fn(&Resource) -> bool) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| fits(resource))
    }
}

fn decode(json: &Value, base: &Url) -> Result<(Option<String>, Vec<Resource>), FieldError> {
    let root = Cursor::root(json);
    let meta = root.optional("meta")?;
    let (mut default_network_map, mut cost_types) = (None, BTreeMap::new());
    if let Some(meta) = meta {
        if let Some(id) = meta.optional("default-alto-network-map")? {
            default_network_map = Some(id.string()?.to_owned());
        }
        if let Some(told) = meta.optional("cost-types")? {
            for name in told.object()?.keys() {
                let cost_type = told.required(name)?;
                let cost_type = CostType {
                    metric: cost_type.required("cost-metric")?.string()?.to_owned(),
                    mode: cost_type.required("cost-mode")?.string()?.to_owned(),
                };
                cost_types.insert(name.clone(), cost_type);
            }
        }
    }
    let entries = root.required("resources")?;
    let ids = entries.object()?.keys();
    let resources = ids.map(|id| resource(id, &entries.required(id)?, base, &cost_types));
    Ok((default_network_map, resources.collect::<Result<_, _>>()?))
}

fn resource(
    id: &str,
    entry: &Cursor<'_>,
    base: &Url,
    known: &BTreeMap<String, CostType>,
) -> Result<Resource, FieldError> {
    let uri = entry.required("uri")?;
    let address = base
        .join(uri.string()?)
        .map_err(|error| uri.invalid(error))?;
    if !matches!(address.scheme(), "http" | "https") {
        return Err(uri.invalid("expected http or https"));
    }
    let uses = entry.optional_array("uses")?;
    let uses: Result<_, FieldError> = uses.iter().map(|id| Ok(id.string()?.to_owned())).collect();
    let accepts = match entry.optional("accepts")? {
        Some(accepts) => Some(accepts.string()?.to_owned()),
        None => None,
    };
    let capabilities = entry.optional("capabilities")?;
    let mut resource = Resource {
        id: id.to_owned(),
        uri: address,
        media_type: MediaType::parse(entry.required("media-type")?.string()?),
        accepts,
        capabilities: capabilities.map_or(Value::Null, |found| found.value().clone()),
        uses: uses?,
        cost_types: Vec::new(),
    };
    let names = resource.listed("cost-type-names");
    let named = names.filter_map(|name| Some((name.to_owned(), known.get(name)?.clone())));
    resource.cost_types = named.collect();
    Ok(resource)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    /// A catalogue of one directory.
    pub(crate) fn catalogue(json: Value) -> Catalogue {
        let mut catalogue = Catalogue::default();
        catalogue
            .add(url("http://alto.example/here/dir"), json)
            .unwrap();
        catalogue
    }

    #[test]
    fn client_rfc7285_9_2_2_uris_are_resolved_and_cost_types_found_by_their_names() {
        let found = catalogue(json!({
            "meta": {"cost-types": {"n": {"cost-mode": "numerical", "cost-metric": "hopcount", "description": "x"}}},
            "resources": {"a": {"uri": "../costs?x=1", "media-type": "application/alto-costmap+json",
                "accepts": "text/x, Application/alto-costmapfilter+json",
                "capabilities": {"cost-type-names": ["n", "gone"]}, "uses": ["net"]}},
        }));
        let resource = found.resource("a").unwrap();
        assert_eq!(resource.uri.as_str(), "http://alto.example/costs?x=1");
        let hops = CostType {
            metric: "hopcount".into(),
            mode: "numerical".into(),
        };
        assert_eq!(resource.cost_types, [("n".to_owned(), hops)]);
        assert!(resource.takes("application/alto-costmapfilter+json") && resource.uses("net"));
        assert!(
            found
                .resource("b")
                .unwrap_err()
                .ends_with("no resource 'b', but a")
        );
    }

    #[test]
    fn client_rfc7285_9_2_4_linked_directories_are_told_once() {
        let mut catalogue = Catalogue::default();
        let link = |uri: &str| json!({"uri": uri, "media-type": DIRECTORY_TYPE});
        let json = json!({"resources": {
            "self": link(""), "one": link("one"), "again": link("/one#part"), "two": link("https://b.example/"),
        }});
        let linked = catalogue
            .add(url("http://a.example/"), json.clone())
            .unwrap();
        assert_eq!(
            linked,
            [url("http://a.example/one"), url("https://b.example/")]
        );
        let linked = catalogue.add(url("http://a.example/one"), json).unwrap();
        assert_eq!(linked, [url("https://b.example/")]);
    }

    #[test]
    fn a_wrong_directory_is_told_by_its_field() {
        for (json, field) in [
            (json!(7), "expected an object"),
            (json!({}), "resources"),
            (
                json!({"meta": {"cost-types": {"a": {}}}, "resources": {}}),
                "meta/cost-types/a/cost-metric",
            ),
            (
                json!({"resources": {"a": {"uri": "x"}}}),
                "resources/a/media-type",
            ),
            (
                json!({"resources": {"a": {"uri": "file:///x", "media-type": "b"}}}),
                "expected http or https",
            ),
        ] {
            let error = Catalogue::default()
                .add(url("http://a.example/"), json)
                .unwrap_err();
            assert!(error.contains(field), "{error}");
        }
        let entry = json!({"uri": "x", "media-type": "b"});
        let many = (0..=MOST_RESOURCES).map(|id| (id.to_string(), entry.clone()));
        let json = json!({"resources": Value::Object(many.collect())});
        assert!(
            Catalogue::default()
                .add(url("http://a.example/"), json)
                .is_err()
        );
    }
}
