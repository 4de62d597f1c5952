//! Which type a template is of: the types of the profiles, and those that the document derives from them.

use std::collections::HashMap;

use serde_json::Value;

use super::{MAX_DERIVATION, MAX_TYPES};
use crate::fault::Report;
use crate::json::FieldError;
use crate::list::Read;
use crate::place::Place;

/// What templates of a type mean here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Compute,
    Vnf,
    Sap,
    Port,
    BlockStorage,
    ObjectStorage,
    /// A type that is known to mean nothing here.
    Other,
}

/// What is known of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known<'a> {
    Kind(Kind),
    /// It is, or derives from, a type of this name, which nothing declares.
    Unknown(&'a str),
    /// Its declaration has a fault, which was told.
    Refused,
}

/// The types of the profiles that mean something, without `tosca.nodes.`. The Simple Profile moved some of them, and
/// lets them be named by their last word.
const NAMES: [(&str, Kind); 10] = [
    ("Compute", Kind::Compute),
    ("nfv.VNF", Kind::Vnf),
    ("VNF", Kind::Vnf),
    ("nfv.Sap", Kind::Sap),
    ("network.Port", Kind::Port),
    ("Port", Kind::Port),
    ("Storage.BlockStorage", Kind::BlockStorage),
    ("BlockStorage", Kind::BlockStorage),
    ("Storage.ObjectStorage", Kind::ObjectStorage),
    ("ObjectStorage", Kind::ObjectStorage),
];

/// The others, of the Simple Profile, of its profile for NFV (in its drafts too) and of SOL 001.
const OTHERS: [&str; 48] = [
    "Root",
    "Abstract.Compute",
    "Abstract.Storage",
    "SoftwareComponent",
    "WebServer",
    "WebApplication",
    "DBMS",
    "Database",
    "Container.Runtime",
    "Container.Application",
    "LoadBalancer",
    "network.Network",
    "Network",
    "nfv.CP",
    "nfv.Cp",
    "nfv.FP",
    "nfv.Forwarding",
    "nfv.Mciop",
    "nfv.NFP",
    "nfv.NS",
    "nfv.NfpPosition",
    "nfv.NfpPositionElement",
    "nfv.NsTopology",
    "nfv.NsVirtualLink",
    "nfv.PNF",
    "nfv.PnfExtCp",
    "nfv.VDU",
    "nfv.VDU.Compute",
    "nfv.VDU.VirtualStorage",
    "nfv.VL",
    "nfv.VL.ELAN",
    "nfv.VL.ELine",
    "nfv.VL.ETree",
    "nfv.Vdu.Compute",
    "nfv.Vdu.OsContainer",
    "nfv.Vdu.OsContainerDeployableUnit",
    "nfv.Vdu.VirtualBlockStorage",
    "nfv.Vdu.VirtualFileStorage",
    "nfv.Vdu.VirtualObjectStorage",
    "nfv.VduCp",
    "nfv.VduCpd",
    "nfv.VduSubCp",
    "nfv.VipCp",
    "nfv.VirtualCp",
    "nfv.VnfExtCp",
    "nfv.VnfExtCpd",
    "nfv.VnfVirtualLink",
    "nfv.VnfVirtualLinkDesc",
];

/// The type of the profiles that a name, less its `tosca.nodes.` or `tosca:`, stands for.
fn of_profiles(name: &str) -> Option<Kind> {
    let found = NAMES.iter().find(|(known, _)| *known == name);
    let found = found.map(|(_, kind)| *kind);
    found.or_else(|| OTHERS.contains(&name).then_some(Kind::Other))
}

fn full_name(name: &str) -> Option<&str> {
    name.strip_prefix("tosca.nodes.")
        .or_else(|| name.strip_prefix("tosca:"))
}

#[derive(Debug)]
struct Declared<'a> {
    place: Place<'a>,
    derived_from: Option<Place<'a>>,
}

/// The types that a document declares, with those of the profiles.
#[derive(Debug, Default)]
pub(super) struct Types<'a> {
    declared: HashMap<&'a str, Declared<'a>>,
    known: HashMap<&'a str, Known<'a>>,
}

impl<'a> Types<'a> {
    /// Reads `node_types`. Faults of single types are told.
    pub(super) fn read(root: &Place<'a>, report: &mut Report) -> Read<Self> {
        let mut types = Self::default();
        let Some(list) = root.member("node_types")? else {
            return Ok(types);
        };
        let members = list.object()?;
        let found = members.len();
        if found > MAX_TYPES {
            let rule = format_args!("{found} node types; at most {MAX_TYPES} are allowed");
            return Err(FieldError::invalid(list.path(), found, rule));
        }
        for (name, value) in members {
            let place = list.below(name, value);
            match derived_from(&place) {
                Ok(derived_from) => {
                    let declared = Declared {
                        place,
                        derived_from,
                    };
                    types.declared.insert(name, declared);
                }
                Err(error) => {
                    report.fault(0, || error.into());
                    types.known.insert(name, Known::Refused);
                }
            }
        }
        for name in members.keys() {
            let Some(declared) = types.declared.get(name.as_str()) else {
                continue;
            };
            let known = types.derive(name);
            if let (None, Some(from)) = (known, &declared.derived_from) {
                let rule = format!(
                    "'{name}' derives from itself, or from more than {MAX_DERIVATION} types"
                );
                report.fault(0, || from.invalid(rule).into());
            }
            types.known.insert(name, known.unwrap_or(Known::Refused));
        }
        Ok(types)
    }

    /// What the type of this name is.
    pub(super) fn of(&self, name: &'a str) -> Known<'a> {
        let known = self.known.get(name).copied();
        known
            .or_else(|| self.derive(name))
            .unwrap_or(Known::Refused)
    }

    /// Whether a name is that of a type of the profiles.
    pub(super) fn is_of_profiles(&self, name: &str) -> bool {
        let full = full_name(name).and_then(of_profiles).is_some();
        full || (!self.declared.contains_key(name) && of_profiles(name).is_some())
    }

    /// Follows a type to one of the profiles; `None` if that takes too long.
    fn derive(&self, name: &'a str) -> Option<Known<'a>> {
        let mut name = name;
        for _ in 0..=MAX_DERIVATION {
            // What the profiles say of their own types stands, whatever a document declares.
            if let Some(kind) = full_name(name).and_then(of_profiles) {
                return Some(Known::Kind(kind));
            }
            let Some(declared) = self.declared.get(name) else {
                let refused = self.known.get(name).copied();
                let known = refused.or_else(|| of_profiles(name).map(Known::Kind));
                return Some(known.unwrap_or(Known::Unknown(name)));
            };
            match &declared.derived_from {
                Some(from) => name = from.value().as_str().unwrap_or_default(),
                None => return Some(Known::Kind(Kind::Other)),
            }
        }
        None
    }

    /// The names of a type and of those that it derives from.
    pub(super) fn lineage(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let next = |name: &&'a str| {
            self.declared
                .get(name)?
                .derived_from
                .as_ref()?
                .value()
                .as_str()
        };
        std::iter::successors(Some(name), next).take(MAX_DERIVATION + 1)
    }

    /// The default that a type, or the nearest that it derives from, gives to what is at `path` of its declaration.
    pub(super) fn default_of(&self, name: &'a str, path: &[&str]) -> Option<Place<'a>> {
        self.lineage(name).find_map(|name| {
            let declared = &self.declared.get(name)?.place;
            let there = |value: &'a Value, name: &&str| value.get(*name);
            let definition = path.iter().try_fold(declared.value(), there)?;
            definition.get("default").filter(|value| !value.is_null())?;
            declared.at(path).ok()??.member("default").ok()?
        })
    }
}

fn derived_from<'a>(declared: &Place<'a>) -> Read<Option<Place<'a>>> {
    if declared.value().is_null() {
        return Ok(None);
    }
    let from = declared.member("derived_from")?;
    from.map(|from| from.string().map(|_| from.clone()))
        .transpose()
}
