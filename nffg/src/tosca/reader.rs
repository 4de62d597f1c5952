//! From a service template to a [`ResourceView`].

mod offers;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use serde_json::Value;

use super::types::{Kind, Known, Types};
use super::values;
use super::{MAX_NODES, MAX_TEMPLATES};
use crate::fault::Report;
use crate::json::{Cursor, FieldError};
use crate::list::Read;
use crate::number;
use crate::place::Place;
use crate::view::SINGLE;
use crate::{BisBis, BisBisId, IdError, NfType, PortId, Quantity, ResourceView, Resources, Unit};

const VERSIONS: [&str; 5] = [
    "tosca_simple_yaml_1_0",
    "tosca_simple_yaml_1_1",
    "tosca_simple_yaml_1_2",
    "tosca_simple_yaml_1_3",
    "tosca_simple_profile_for_nfv_1_0",
];

const HOST: [&str; 3] = ["capabilities", "host", "properties"];

const SCALABLE: [&str; 3] = ["capabilities", "scalable", "properties"];

/// Reads the view of a document.
pub(super) fn read(root: &Cursor<'_>, report: &mut Report) -> ResourceView {
    let root = Place::root(root);
    let mut reader = Reader {
        report,
        types: Types::default(),
        inputs: None,
        imports: false,
        view: ResourceView::default(),
        templates: HashMap::new(),
        nodes: HashMap::new(),
        ids: HashSet::new(),
        of_type: HashMap::new(),
        storage: HashMap::new(),
        offers: Vec::new(),
        ports: HashSet::new(),
        offer_count: 0,
        port_count: 0,
    };
    let read = reader.document(&root);
    reader.report.take(read);
    reader.view
}

/// A node template.
struct Template<'a> {
    name: &'a str,
    place: Place<'a>,
    type_name: &'a str,
}

impl Template<'_> {
    /// An error: the name breaks `rule`.
    fn wrong_name(&self, rule: impl std::fmt::Display) -> FieldError {
        FieldError::invalid(self.place.path(), self.name, rule)
    }

    /// The name as an id.
    fn id<T: FromStr<Err = IdError>>(&self) -> Read<T> {
        let id = self.name.parse();
        id.map_err(|error: IdError| self.wrong_name(error.rule))
    }
}

/// Properties of a template, or of a capability of it.
struct Properties<'a, 't> {
    of: &'t Template<'a>,
    /// Where they stand in the template, and in the declaration of its type.
    path: &'t [&'t str],
    assigned: Option<Place<'a>>,
}

/// What references to templates need to know.
struct Target<'a> {
    known: Known<'a>,
    /// What it is itself hosted on first.
    host: Option<&'a str>,
}

/// A storage template.
struct Storage<'a> {
    size: Option<Quantity>,
    /// The Compute that has it.
    owner: Option<&'a str>,
}

struct Reader<'a, 'r> {
    report: &'r mut Report,
    types: Types<'a>,
    inputs: Option<Place<'a>>,
    /// Whether the document imports anything.
    imports: bool,
    view: ResourceView,
    templates: HashMap<&'a str, Target<'a>>,
    /// Where the node of each Compute stands in the view.
    nodes: HashMap<&'a str, usize>,
    ids: HashSet<BisBisId>,
    /// The nodes of each type, its derived types included.
    of_type: HashMap<&'a str, Vec<usize>>,
    storage: HashMap<&'a str, Storage<'a>>,
    /// The NF types of each node of the view.
    offers: Vec<BTreeSet<NfType>>,
    ports: HashSet<PortId>,
    offer_count: usize,
    port_count: usize,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self, root: &Place<'a>) -> Read<()> {
        root.object()?;
        let version = self.version(root);
        self.report.take(version);
        let name = name_of_document(root);
        self.view.name = self.report.take(name).flatten();
        let imports = root.value().get("imports");
        self.imports = match imports {
            Some(Value::Array(list)) => !list.is_empty(),
            Some(Value::Null) | None => false,
            Some(_) => true,
        };
        let types = Types::read(root, self.report);
        self.types = self.report.take(types).unwrap_or_default();
        let topology = root.required("topology_template")?;
        self.inputs = topology.member("inputs")?;
        let Some(list) = topology.member("node_templates")? else {
            return Ok(());
        };
        let found = list.object()?.len();
        if found > MAX_TEMPLATES {
            let rule = format_args!("{found} node templates; at most {MAX_TEMPLATES} are allowed");
            return Err(FieldError::invalid(list.path(), found, rule));
        }
        let kinds = self.kinds(&list)?;
        self.all(
            &kinds,
            [Kind::BlockStorage, Kind::ObjectStorage],
            Self::storage,
        );
        self.all(&kinds, [Kind::Compute], Self::compute);
        self.unattached_storage(&kinds);
        let belong = [Kind::Vnf, Kind::Sap, Kind::Port];
        if self.nodes.is_empty()
            && kinds.iter().any(|(kind, _)| belong.contains(kind))
            && let Ok(id) = SINGLE.parse()
        {
            self.push(BisBis::new(id));
        }
        self.all(&kinds, [Kind::Vnf], Self::vnf);
        self.all(&kinds, [Kind::Sap, Kind::Port], Self::port);
        let offers = std::mem::take(&mut self.offers);
        for (node, offers) in self.view.nodes.iter_mut().zip(offers) {
            node.supported = offers.into_iter().collect();
        }
        Ok(())
    }

    fn version(&mut self, root: &Place<'a>) -> Read<()> {
        let place = root.required("tosca_definitions_version")?;
        let version = place.string()?;
        // The specification's own drafts and examples have `1_0_0` for `1_0`.
        if VERSIONS
            .iter()
            .any(|known| version == *known || version.strip_suffix("_0") == Some(known))
        {
            return Ok(());
        }
        if !version.starts_with("tosca_simple_") {
            let rule = "the TOSCA Simple Profile in YAML is read: tosca_simple_yaml_1_0 to 1_3, or \
                        tosca_simple_profile_for_nfv_1_0";
            return Err(place.invalid(rule));
        }
        self.warn(&place, || {
            format!("the version '{version}' is not known; it is read as 1.3")
        });
        Ok(())
    }

    fn warn(&mut self, place: &Place<'_>, text: impl FnOnce() -> String) {
        self.report.warn(0, || (place.path(), text()));
    }

    /// Runs `read` on the templates of some kinds, and tells what is wrong with each.
    fn all<const N: usize>(
        &mut self,
        templates: &[(Kind, Template<'a>)],
        kinds: [Kind; N],
        read: fn(&mut Self, Kind, &Template<'a>) -> Read<()>,
    ) {
        for (kind, template) in templates.iter().filter(|(kind, _)| kinds.contains(kind)) {
            let read = read(self, *kind, template);
            self.report.take(read);
        }
    }

    /// The templates that mean something.
    fn kinds(&mut self, list: &Place<'a>) -> Read<Vec<(Kind, Template<'a>)>> {
        let mut found = Vec::new();
        for (name, value) in list.object()? {
            let place = list.below(name, value);
            let type_place = place.required("type");
            let type_name = type_place.and_then(|of| of.string().map(str::trim));
            let type_name = self.report.take(type_name);
            let known = type_name.map_or(Known::Refused, |name| self.types.of(name));
            let host = first_host(value);
            self.templates.insert(name, Target { known, host });
            let Some(type_name) = type_name else {
                continue;
            };
            let template = Template {
                name,
                place,
                type_name,
            };
            match known {
                Known::Kind(Kind::Other) | Known::Refused => {}
                Known::Kind(kind) => found.push((kind, template)),
                Known::Unknown(base) => self.warn(&template.place, || {
                    let derived = if base == type_name {
                        String::new()
                    } else {
                        format!(" derives from '{base}', which")
                    };
                    format!(
                        "the type '{type_name}'{derived} is not declared here, and imports are not fetched; \
                         the template is left out"
                    )
                }),
            }
        }
        Ok(found)
    }

    /// The properties at `path` of a template. What is wrong with them as a whole is told.
    fn properties<'t>(&mut self, of: &'t Template<'a>, path: &'t [&'t str]) -> Properties<'a, 't> {
        let object = |place: Place<'a>| place.object().map(|_| place.clone());
        let assigned = of
            .place
            .at(path)
            .and_then(|place| place.map(object).transpose());
        Properties {
            of,
            path,
            assigned: self.report.take(assigned).flatten(),
        }
    }

    /// A property: what the template says, or its type, with functions worked out.
    fn property(&self, from: &Properties<'a, '_>, name: &str) -> Read<Option<Place<'a>>> {
        let assigned = from.assigned.as_ref().map(|assigned| assigned.member(name));
        let value = assigned.transpose()?.flatten().or_else(|| {
            let path: Vec<&str> = from.path.iter().copied().chain([name]).collect();
            self.types.default_of(from.of.type_name, &path)
        });
        value
            .map(|value| values::worth(value, self.inputs.as_ref()))
            .transpose()
    }

    /// A property that is a size; `None` if it is absent, or wrong, which is told.
    fn size(&mut self, from: &Properties<'a, '_>, name: &str) -> Option<Quantity> {
        let place = self.property(from, name);
        let place = self.report.take(place)??;
        let size = self.report.take(values::size(&place))?;
        if size.unit() == Unit::Bare {
            self.warn(&place, || {
                "a size without a unit (TOSCA 3.3.6.4); it is kept as a bare number".to_owned()
            });
        }
        Some(size)
    }

    fn storage(&mut self, kind: Kind, template: &Template<'a>) -> Read<()> {
        let properties = self.properties(template, &["properties"]);
        let mut size = None;
        if kind == Kind::ObjectStorage {
            size = self.size(&properties, "maxsize");
        }
        let size = size.or_else(|| self.size(&properties, "size"));
        let storage = Storage { size, owner: None };
        self.storage.insert(template.name, storage);
        Ok(())
    }

    fn compute(&mut self, _: Kind, template: &Template<'a>) -> Read<()> {
        let host = self.properties(template, &HOST);
        let cpu = self.property(&host, "num_cpus");
        let cpu = cpu.and_then(|place| place.map(|place| values::cpus(&place)).transpose());
        let name = self.property(&host, "name").and_then(name_at);
        let resources = Resources {
            cpu: self.report.take(cpu).flatten(),
            mem: self.size(&host, "mem_size"),
            storage: self.storage_of(&host),
        };
        let name = self.report.take(name).flatten();
        self.scales(template);
        let id: BisBisId = template.id()?;
        if self.nodes.len() >= MAX_NODES {
            let rule = format_args!("there are more than {MAX_NODES} nodes");
            return Err(template.wrong_name(rule));
        }
        if !self.ids.insert(id.clone()) {
            let rule = "another node has this name, but for blanks around it";
            return Err(template.wrong_name(rule));
        }
        let node = self.view.nodes.len();
        for name in self.types.lineage(template.type_name) {
            self.of_type.entry(name).or_default().push(node);
        }
        self.nodes.insert(template.name, node);
        self.push(BisBis {
            name,
            node_type: Some(template.type_name.to_owned()),
            resources,
            ..BisBis::new(id)
        });
        Ok(())
    }

    fn push(&mut self, node: BisBis) {
        self.view.nodes.push(node);
        self.offers.push(BTreeSet::new());
    }

    /// A Compute's own disk and what is attached to it.
    fn storage_of(&mut self, host: &Properties<'a, '_>) -> Option<Quantity> {
        let template = host.of;
        let mut sum = self.size(host, "disk_size");
        for (place, target) in self.targets(&template.place, &["local_storage"]) {
            let Some(target) = target else {
                self.warn(&place, || "it names no storage; none is counted".to_owned());
                continue;
            };
            let Some(storage) = self.storage.get_mut(target) else {
                self.absent(&place, target, "storage");
                continue;
            };
            if let Some(owner) = storage.owner {
                self.warn(&place, || {
                    format!("'{target}' is attached to '{owner}' too; it counts there")
                });
                continue;
            }
            storage.owner = Some(template.name);
            let Some(size) = storage.size else {
                self.warn(&place, || {
                    format!("'{target}' tells no size; it is not counted")
                });
                continue;
            };
            let total = match sum {
                None => Ok(size),
                Some(sum) if sum.unit() == size.unit() => {
                    let total = Quantity::new(sum.value() + size.value(), size.unit());
                    total.map_err(|error| place.invalid(error.rule))
                }
                Some(_) => Err(place.invalid(
                    "sizes with and without a unit cannot be added up: some storage of this node has one, some none",
                )),
            };
            sum = self.report.take(total).or(sum);
        }
        sum
    }

    fn unattached_storage(&mut self, templates: &[(Kind, Template<'a>)]) {
        for (_, template) in templates {
            let storage = self.storage.get(template.name);
            if storage.is_some_and(|storage| storage.owner.is_none()) {
                self.warn(&template.place, || {
                    "no node has this storage as local_storage; it is not counted".to_owned()
                });
            }
        }
    }

    fn scales(&mut self, template: &Template<'a>) {
        let properties = self.properties(template, &SCALABLE);
        let instances = self.property(&properties, "default_instances");
        let instances = instances.ok().flatten();
        if let Some(place) = instances.filter(|place| place.value().as_f64() > Some(1.0)) {
            self.warn(&place, || "the template is read as one node".to_owned());
        }
    }

    /// What the requirements of some names lead to: each requirement and the template or type that it names.
    fn targets(
        &mut self,
        template: &Place<'a>,
        names: &[&str],
    ) -> Vec<(Place<'a>, Option<&'a str>)> {
        let mut targets = Vec::new();
        let list = template.member("requirements");
        let list = self.report.take(list).flatten();
        let list = list.and_then(|list| self.report.take(list.elements()));
        for element in list.into_iter().flatten() {
            let Some(members) = self.report.take(element.object()) else {
                continue;
            };
            for (name, value) in members
                .iter()
                .filter(|(name, _)| names.contains(&name.as_str()))
            {
                let place = element.below(name, value);
                let target = match value {
                    Value::Null => Ok(None),
                    Value::String(target) => Ok(Some(target.as_str())),
                    Value::Object(_) => place
                        .member("node")
                        .and_then(|node| node.map(|node| node.string()).transpose()),
                    _ => Err(place
                        .cursor()
                        .wrong_type("the name of a node template, or an object")),
                };
                if let Some(target) = self.report.take(target) {
                    targets.push((place, target));
                }
            }
        }
        targets
    }

    /// Tells of a reference that leads to no `wanted`.
    fn absent(&mut self, place: &Place<'a>, target: &'a str, wanted: &str) {
        let why = match self.templates.get(target).map(|template| template.known) {
            Some(Known::Refused) => return,
            Some(Known::Unknown(_)) => "is of an unknown type",
            Some(Known::Kind(_)) => {
                let rule = format_args!("'{target}' is no {wanted}");
                return self.report.fault(0, || place.invalid(rule).into());
            }
            None => match self.types.of(target) {
                Known::Refused => return,
                Known::Kind(_) => "is a type",
                Known::Unknown(_) if self.imports => "is not in this document",
                Known::Unknown(_) => {
                    let rule = format_args!("there is no node template of the name '{target}'");
                    return self.report.fault(0, || place.invalid(rule).into());
                }
            },
        };
        self.warn(place, || format!("'{target}' {why}; it is left out"));
    }
}

fn name_of_document(root: &Place<'_>) -> Read<Option<String>> {
    let name = match root.at(&["metadata", "template_name"])? {
        Some(name) => Some(name),
        // Drafts of 1.0 had it here.
        None => root.member("template_name")?,
    };
    name_at(name)
}

/// A name for people, `None` if it is blank.
fn name_at(place: Option<Place<'_>>) -> Read<Option<String>> {
    let name = place.map(|place| {
        number::text(&place.cursor()).map_err(|_| place.cursor().wrong_type("a string"))
    });
    let name = name.transpose()?.map(|name| name.trim().to_owned());
    Ok(name.filter(|name| !name.is_empty()))
}

/// The template that another, as it is written, is hosted on first.
fn first_host(template: &Value) -> Option<&str> {
    let mut requirements = template.get("requirements")?.as_array()?.iter();
    let host = requirements.find_map(|requirement| requirement.get("host"))?;
    host.as_str().or_else(|| host.get("node")?.as_str())
}
