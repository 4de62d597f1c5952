//! The information resource directory (RFC 7285 §9.2): which resources a server has, and which of
//! them is the wanted one. Ids and URIs are the server's own affair, so a resource is recognised by
//! its media types and capabilities alone.

use std::collections::BTreeMap;

use nffg::json::{Cursor, FieldError};
use serde_json::Value;
use url::Url;

use super::{COST_MAP_FILTER_TYPE, COST_MAP_TYPE, MULTIPART_TYPE, PROPERTY_MAP_TYPE};

const NETWORK_MAP_TYPE: &str = "application/alto-networkmap+json";

/// A directory.
#[derive(Clone, Debug)]
pub struct Directory {
    /// As it came.
    pub json: Value,
    /// `default-alto-network-map` (§9.2.2).
    pub default_network_map: Option<String>,
    /// The resources, in order of their ids.
    pub resources: BTreeMap<String, Resource>,
}

/// One resource of a directory.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Where it is: the directory's `uri`, resolved against the directory's own address (§9.2.2).
    pub uri: Url,
    /// What it answers.
    pub media_type: String,
    /// What it takes; a resource that takes something is asked by POST (§8.3.2).
    pub accepts: Option<String>,
    /// As told; `null` if nothing is.
    pub capabilities: Value,
    /// The resources that it depends on.
    pub uses: Vec<String>,
}

/// Which property map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyMapForm {
    /// The draft's: entities `pid:AS1`, every value an array (draft-brokermdo §5.4.1).
    Draft,
    /// RFC 9240's: entities of a resource-specific domain, `networkmap.pid:AS1`.
    Rfc9240,
}

impl Resource {
    fn answers(&self, media_type: &str) -> bool {
        let essence = self.media_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(media_type)
    }

    fn takes_cost_map_filter(&self) -> bool {
        self.accepts.as_deref().is_some_and(|accepts| {
            accepts
                .split(',')
                .any(|one| one.trim().eq_ignore_ascii_case(COST_MAP_FILTER_TYPE))
        })
    }

    /// RFC 9240 §7.4: `mappings` from entity domains to properties. A PID is always of some network
    /// map (§4.3), so a map of plain `pid` entities can only be the draft's.
    fn has_rfc9240_names(&self) -> bool {
        let mappings = self.capabilities.get("mappings").and_then(Value::as_object);
        mappings.is_some_and(|mappings| !mappings.is_empty() && !mappings.contains_key("pid"))
    }

    /// Whether it is a map of RFC 9240 that tells of the PIDs of this network map. There may be others, of
    /// addresses and of other network maps.
    fn tells_pids_of(&self, network_map: &str) -> bool {
        let mappings = self.capabilities.get("mappings").and_then(Value::as_object);
        mappings.is_some_and(|mappings| mappings.contains_key(&format!("{network_map}.pid")))
    }

    /// Whether it says anything of service graphs. No RFC names such a capability, so a word will do.
    fn knows_service_graphs(&self) -> bool {
        let capabilities = self.capabilities.as_object();
        capabilities.is_some_and(|capabilities| {
            capabilities
                .iter()
                .any(|(name, value)| name.contains("service-graph") && *value != Value::Bool(false))
        })
    }
}

impl Directory {
    /// Reads a directory that came from `base`.
    pub(super) fn decode(json: Value, base: &Url) -> Result<Self, String> {
        let decoded = decode(&json, base).map_err(|error| error.to_string())?;
        let (default_network_map, resources) = decoded;
        Ok(Self {
            json,
            default_network_map,
            resources,
        })
    }

    /// The full property map of this form.
    ///
    /// # Errors
    /// There is none; the text says what was looked for.
    pub fn property_map(&self, form: PropertyMapForm) -> Result<&Resource, String> {
        let default = self.default_network_map.as_deref().unwrap_or_default();
        self.find(|resource| {
            resource.answers(PROPERTY_MAP_TYPE)
                && resource.accepts.is_none()
                && match form {
                    PropertyMapForm::Draft => !resource.has_rfc9240_names(),
                    PropertyMapForm::Rfc9240 => resource.tells_pids_of(default),
                }
        })
        .ok_or_else(|| match form {
            PropertyMapForm::Draft => {
                format!("the directory has no {PROPERTY_MAP_TYPE} of plain pid entities")
            }
            PropertyMapForm::Rfc9240 => {
                format!(
                    "the directory has no {PROPERTY_MAP_TYPE} with the capability 'mappings' for the PIDs \
                     of its default network map"
                )
            }
        })
    }

    /// The default network map.
    ///
    /// # Errors
    /// There is none; the text says what was looked for.
    pub fn network_map(&self) -> Result<&Resource, String> {
        self.default_network_map
            .as_ref()
            .and_then(|id| self.resources.get(id))
            .filter(|resource| resource.answers(NETWORK_MAP_TYPE))
            .ok_or_else(|| "the directory has no default network map".to_owned())
    }

    /// The path vector resource that answers with the property map of what is on the paths.
    ///
    /// # Errors
    /// There is none; the text says what was looked for.
    pub fn path_vectors(&self) -> Result<&Resource, String> {
        self.path_vector_resource(MULTIPART_TYPE)
    }

    /// The path vector resource that answers a plain cost map.
    ///
    /// # Errors
    /// There is none; the text says what was looked for.
    pub fn path_vector_cost_map(&self) -> Result<&Resource, String> {
        self.path_vector_resource(COST_MAP_TYPE)
    }

    fn path_vector_resource(&self, media_type: &str) -> Result<&Resource, String> {
        let fits = |resource: &Resource| {
            resource.answers(media_type)
                && resource.takes_cost_map_filter()
                && self.has_path_vector_cost(resource)
        };
        self.find(|resource| fits(resource) && resource.knows_service_graphs())
            .or_else(|| self.find(fits))
            .ok_or_else(|| {
                format!("the directory has no {media_type} of path vectors that takes {COST_MAP_FILTER_TYPE}")
            })
    }

    /// RFC 9275 §6.5: cost mode `array`, cost metric `ane-path`, by way of `meta.cost-types`.
    fn has_path_vector_cost(&self, resource: &Resource) -> bool {
        let names = resource
            .capabilities
            .get("cost-type-names")
            .and_then(Value::as_array);
        names
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|name| {
                let cost_type = self
                    .json
                    .get("meta")
                    .and_then(|meta| meta.get("cost-types")?.get(name));
                cost_type.is_some_and(|cost_type| {
                    cost_type.get("cost-mode").and_then(Value::as_str) == Some("array")
                        && cost_type.get("cost-metric").and_then(Value::as_str) == Some("ane-path")
                })
            })
    }

    fn find(&self, fits: impl Fn(&Resource) -> bool) -> Option<&Resource> {
        self.resources.values().find(|resource| fits(resource))
    }
}

type Decoded = (Option<String>, BTreeMap<String, Resource>);

fn decode(json: &Value, base: &Url) -> Result<Decoded, FieldError> {
    let root = Cursor::root(json);
    let default_network_map = match root.optional("meta")? {
        Some(meta) => meta.optional("default-alto-network-map")?,
        None => None,
    };
    let default_network_map = default_network_map
        .map(|id| id.string())
        .transpose()?
        .map(str::to_owned);
    let entries = root.required("resources")?;
    let mut resources = BTreeMap::new();
    for id in entries.object()?.keys() {
        resources.insert(id.clone(), resource(&entries.required(id)?, base)?);
    }
    Ok((default_network_map, resources))
}

fn resource(entry: &Cursor<'_>, base: &Url) -> Result<Resource, FieldError> {
    let uri = entry.required("uri")?;
    let uses: Result<Vec<String>, FieldError> = entry
        .optional_array("uses")?
        .iter()
        .map(|id| id.string().map(str::to_owned))
        .collect();
    Ok(Resource {
        uri: base
            .join(uri.string()?)
            .map_err(|error| uri.invalid(error))?,
        media_type: entry.required("media-type")?.string()?.to_owned(),
        accepts: match entry.optional("accepts")? {
            Some(accepts) => Some(accepts.string()?.to_owned()),
            None => None,
        },
        capabilities: match entry.optional("capabilities")? {
            Some(capabilities) => capabilities.value().clone(),
            None => Value::Null,
        },
        uses: uses?,
    })
}
