//! What stands beside the descriptors: capacity, quotas, zones and points of presence, by ETSI's names.

use std::collections::{HashMap, HashSet};

use super::MAX_NODES;
use super::references::id_at;
use crate::fault::Report;
use crate::json::FieldError;
use crate::list::Read;
use crate::number::{self, Kind};
use crate::place::Place;
use crate::{BisBisId, Quantity, Resources, SapId, Unit};

const CAPACITY: &str = "nfviCapacityInfos";
const ZONES: &str = "resourceZones";
const POPS: &str = "nfviPops";
const QUOTAS: [(&str, &[(&str, Kind)]); 2] = [
    (
        "virtualComputeQuotas",
        &[("numVCPUs", Kind::Cpu), ("virtualMemSize", Kind::Mem)],
    ),
    ("virtualStorageQuotas", &[("storageSize", Kind::Storage)]),
];

/// The names of measurements, in lower case, less hyphens and underscores.
const MEASUREMENTS: [(&str, &str, Kind); 6] = [
    ("VR_COMPUTE", "numvcpus", Kind::Cpu),
    ("VR_COMPUTE", "numvirtualcpu", Kind::Cpu),
    ("VR_COMPUTE", "numcpucores", Kind::Cpu),
    ("VR_COMPUTE", "virtualmemsize", Kind::Mem),
    ("VR_STORAGE", "storagesize", Kind::Storage),
    ("VR_STORAGE", "sizeofstorage", Kind::Storage),
];

/// Resource types without measurements that count here.
const OTHER_TYPES: [&str; 2] = ["VR_NETWORK", "HOST_COMPUTE"];

/// A bare size is in GB.
const GB: f64 = 1e9;

/// A resource zone or a resource group.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: BisBisId,
    pub(super) name: Option<String>,
    pub(super) resources: Resources,
}

/// A network connectivity endpoint that has a name.
#[derive(Debug)]
pub(super) struct Endpoint<'a> {
    pub(super) place: Place<'a>,
    /// The PoP, unless the endpoint is at every node.
    pub(super) pop: Option<String>,
    name: SapId,
    pub(super) sapd: Option<SapId>,
    pub(super) tag: Option<SapId>,
}

impl Endpoint<'_> {
    /// What the port is called: as the SAPD, else as the tag.
    pub(super) fn name(&self) -> &SapId {
        &self.name
    }
}

/// Everything beside the descriptors.
#[derive(Debug, Default)]
pub(super) struct Capacity<'a> {
    pub(super) nodes: Vec<Node>,
    /// The nodes in each PoP, as far as told.
    pub(super) pops: HashMap<String, Vec<usize>>,
    pub(super) endpoints: Vec<Endpoint<'a>>,
}

/// Reads what stands beside the descriptors.
pub(super) fn read<'a>(root: &Place<'a>, report: &mut Report) -> Capacity<'a> {
    let mut reader = Reader {
        report,
        read: Capacity::default(),
        index: HashMap::new(),
    };
    if root.value().is_object() {
        reader.document(root);
    }
    reader.read
}

struct Reader<'a, 'r> {
    report: &'r mut Report,
    read: Capacity<'a>,
    index: HashMap<BisBisId, usize>,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self, root: &Place<'a>) {
        for info in self.elements(root, CAPACITY) {
            let read = self.capacity(&info);
            self.report.take(read);
        }
        let mut named = HashSet::new();
        for zone in self.elements(root, ZONES) {
            let read = self.zone(&zone, &mut named);
            self.report.take(read);
        }
        let has_zones = !self.read.nodes.is_empty();
        for (name, amounts) in QUOTAS {
            let quotas = self.elements(root, name);
            if has_zones && let Some(first) = quotas.first() {
                let rule = format!(
                    "quotas stand beside {CAPACITY} or {ZONES}; together they would count the same resources twice"
                );
                self.report
                    .fault(0, || FieldError::invalid(first.path(), name, rule).into());
                continue;
            }
            let mut groups = HashSet::new();
            for quota in quotas {
                let read = self.quota(&quota, amounts, &mut groups);
                self.report.take(read);
            }
        }
        let mut pops = HashSet::new();
        for pop in self.elements(root, POPS) {
            let read = self.pop(&pop, &mut pops);
            self.report.take(read);
        }
    }

    /// The objects of a list, or an object alone.
    fn elements(&mut self, of: &Place<'a>, name: &str) -> Vec<Place<'a>> {
        let Some(place) = self.report.take(of.member(name)).flatten() else {
            return Vec::new();
        };
        let list = super::list(&place, name);
        let mut elements = self.report.take(list).unwrap_or_default();
        elements.retain(|element| self.report.take(element.object()).is_some());
        elements
    }

    /// `NfviCapacityInfo`: what a VIM has.
    fn capacity(&mut self, info: &Place<'a>) -> Read<()> {
        let zones = self.elements(info, "capacityInfoPerZone");
        if zones.is_empty() && info.member("totalCapacityInfo")?.is_some() {
            return self.measured(info, &info.required("vimId")?, "totalCapacityInfo");
        }
        for zone in zones {
            let id = match zone.member("resourceZoneId") {
                Ok(Some(id)) => Ok(id),
                _ => info.required("vimId"),
            };
            let read = id.and_then(|id| self.measured(&zone, &id, "capacityMeasurements"));
            self.report.take(read);
        }
        Ok(())
    }

    /// A node with the measurements of a list.
    fn measured(&mut self, of: &Place<'a>, id: &Place<'a>, list: &str) -> Read<()> {
        let mut resources = Resources::default();
        for measurement in self.elements(of, list) {
            let read = self.measurement(&measurement, &mut resources);
            self.report.take(read);
        }
        let node = self.node(id, true)?;
        if let Some(node) = self.read.nodes.get_mut(node) {
            node.resources = resources;
        }
        Ok(())
    }

    /// `NfviCapacityMeasurement`.
    fn measurement(&mut self, measurement: &Place<'a>, resources: &mut Resources) -> Read<()> {
        let of_type = measurement.required("resourceType")?;
        let name = measurement.required("capacityMeasurementName")?;
        let (type_name, told) = (of_type.string()?, name.string()?);
        if OTHER_TYPES.contains(&type_name) {
            return Ok(());
        }
        if !MEASUREMENTS.iter().any(|(known, ..)| *known == type_name) {
            let rule = "a resource type is VR_COMPUTE, VR_STORAGE, VR_NETWORK or HOST_COMPUTE (SOL 005 10.5.4.3)";
            return Err(of_type.invalid(rule));
        }
        let mut plain = told.to_ascii_lowercase();
        plain.retain(|character| !matches!(character, '-' | '_' | ' '));
        let known = MEASUREMENTS
            .iter()
            .find(|(of, name, _)| *of == type_name && *name == plain);
        let Some((.., kind)) = known else {
            self.report.warn(0, || {
                let text =
                    format!("no measurement of {type_name} that is known; it is passed over");
                (name.path(), text)
            });
            return Ok(());
        };
        if kind.get(resources).is_some() {
            return Err(name.invalid(format_args!("the {} is told twice", kind.name())));
        }
        let quantity = quantity(*kind, &measurement.required("totalCapacity")?)?;
        kind.set(resources, quantity);
        Ok(())
    }

    /// `ResourceZone`.
    fn zone(&mut self, zone: &Place<'a>, named: &mut HashSet<usize>) -> Read<()> {
        let id = zone.required("zoneId")?;
        let node = self.node(&id, false)?;
        if !named.insert(node) {
            return Err(id.invalid("another resource zone has this id"));
        }
        if let Some(name) = zone.member("zoneName")? {
            let name = id_at(&name)?;
            if let Some(node) = self.read.nodes.get_mut(node) {
                node.name = Some(name).filter(|name| !name.is_empty());
            }
        }
        if let Some(pop) = zone.member("nfviPopId")? {
            let nodes = self.read.pops.entry(id_at(&pop)?).or_default();
            nodes.push(node);
        }
        Ok(())
    }

    /// `VirtualComputeQuota` or `VirtualStorageQuota`.
    fn quota(
        &mut self,
        quota: &Place<'a>,
        amounts: &[(&str, Kind)],
        groups: &mut HashSet<usize>,
    ) -> Read<()> {
        let id = quota.required("resourceGroupId")?;
        let node = self.node(&id, false)?;
        if !groups.insert(node) {
            return Err(id.invalid("another quota of this kind has this id"));
        }
        for (name, kind) in amounts {
            let amount = quota.member(name);
            let amount =
                amount.and_then(|place| place.map(|place| quantity(*kind, &place)).transpose());
            let amount = self.report.take(amount).flatten();
            if let (Some(node), Some(amount)) = (self.read.nodes.get_mut(node), amount) {
                kind.set(&mut node.resources, amount);
            }
        }
        Ok(())
    }

    /// `NfviPop`.
    fn pop(&mut self, pop: &Place<'a>, pops: &mut HashSet<String>) -> Read<()> {
        let id_place = pop.required("nfviPopId")?;
        let id = id_at(&id_place)?;
        if !pops.insert(id.clone()) {
            return Err(id_place.invalid("another NFVI-PoP has this id"));
        }
        let name = "networkConnectivityEndpoint";
        let endpoints = match pop.member(name)? {
            // IFA 005 leaves the format open: of a text nothing is known.
            Some(endpoints) if endpoints.value().is_string() => Vec::new(),
            Some(_) => self.elements(pop, name),
            None => Vec::new(),
        };
        let told = self.read.pops.contains_key(&id);
        let at = (!self.read.pops.is_empty()).then_some(id);
        for place in endpoints {
            let read = endpoint(place, at.clone());
            let Some(endpoint) = self.report.take(read).flatten() else {
                continue;
            };
            if at.is_some() && !told {
                return Err(id_place.invalid(
                    "no resource zone is in this NFVI-PoP, so its endpoints are nowhere",
                ));
            }
            self.read.endpoints.push(endpoint);
        }
        Ok(())
    }

    /// The node of an id, which must be `new` or may be known.
    fn node(&mut self, id: &Place<'a>, new: bool) -> Read<usize> {
        let parsed: BisBisId = id.cursor().parse_id()?;
        if let Some(node) = self.index.get(&parsed) {
            if new {
                return Err(
                    id.invalid("another resource zone has this id; ids are unique in the document")
                );
            }
            return Ok(*node);
        }
        let node = self.read.nodes.len();
        if node >= MAX_NODES {
            let rule = format_args!("there are more than {MAX_NODES} zones or groups");
            return Err(id.invalid(rule));
        }
        self.index.insert(parsed.clone(), node);
        self.read.nodes.push(Node {
            id: parsed,
            name: None,
            resources: Resources::default(),
        });
        Ok(node)
    }
}

/// An endpoint, if it has a name.
fn endpoint(place: Place<'_>, pop: Option<String>) -> Read<Option<Endpoint<'_>>> {
    let sap = |name: &str| -> Read<Option<SapId>> {
        let member = place.member(name)?;
        member.map(|member| member.cursor().parse_id()).transpose()
    };
    let (sapd, tag) = (sap("sapdId")?, sap("interDomainSap")?);
    let name = sapd.clone().or_else(|| tag.clone());
    Ok(name.map(|name| Endpoint {
        place,
        pop,
        name,
        sapd,
        tag,
    }))
}

fn quantity(kind: Kind, place: &Place<'_>) -> Read<Quantity> {
    let text = number::text(&place.cursor())?;
    let quantity = kind.parse(&text).map_err(|rule| place.invalid(rule))?;
    if kind == Kind::Cpu || quantity.unit() == Unit::Byte {
        return Ok(quantity);
    }
    let bytes = Quantity::new(quantity.value() * GB, Unit::Byte);
    bytes.map_err(|error| place.invalid(error.rule))
}
