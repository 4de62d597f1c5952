//! The filtered map of what domains have (RFC 9240 §8).

use std::collections::BTreeSet;

use bytes::Bytes;
use nffg::json::Cursor;
use serde_json::Value;

use super::request::{self, PID_RULE, is_pid_name};
use super::{Entities, Entity, PID_DOMAIN, Property, dependent_vtags, key};
use crate::json::Comma;
use crate::{AltoError, Tag, uri};

/// Answers `request`, a `ReqFilteredPropertyMap`, for at most `most` entities.
pub(crate) fn filter(
    entities: &Entities,
    network: &Tag,
    request: &[u8],
    most: usize,
) -> Result<Bytes, AltoError> {
    let request: Value = serde_json::from_slice(request)?;
    let request = Cursor::root(&request);
    let wanted = wanted_entities(entities, &request, most)?;
    let known = request::properties(&request, Property::from_name, || Property::NAMES.join(", "))?;
    let properties = in_order(known.as_deref());

    let mut out = b"{\"meta\":{".to_vec();
    // Only resource-specific entities can be asked for, all of the one network map (§8.6).
    dependent_vtags(&mut out, uri::id::NETWORK_MAP, network);
    out.extend_from_slice(b"},\"property-map\":{");
    let mut comma = Comma::default();
    for entity in wanted {
        comma.write(&mut out);
        key(&mut out, PID_DOMAIN, entity.id().as_str());
        entity.write(&mut out, &properties);
    }
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

/// The entities asked for that have a property, by id. A valid id of an entity without one is no
/// error (§8.6); it is not in the answer, as it is not in the full map.
fn wanted_entities<'a>(
    entities: &'a Entities,
    request: &Cursor<'_>,
    most: usize,
) -> Result<Vec<&'a Entity>, AltoError> {
    let list = request::entities(request, most)?;
    if list.is_empty() {
        return Ok(entities.iter().map(AsRef::as_ref).collect());
    }
    let mut pids = BTreeSet::new();
    for (element, id) in list {
        match id.split_once(':') {
            Some((PID_DOMAIN, pid)) if is_pid_name(pid) => pids.insert(pid),
            Some((PID_DOMAIN, _)) => return Err(element.invalid(PID_RULE).into()),
            _ => {
                let rule = format_args!("an entity of this map is '{PID_DOMAIN}:' and a PID name");
                return Err(element.invalid(rule).into());
            }
        };
    }
    let entity = |pid| entities.get(pid).map(AsRef::as_ref);
    Ok(pids
        .into_iter()
        .filter_map(entity)
        .filter(|entity: &&Entity| !entity.is_empty())
        .collect())
}

/// Of the properties asked for those that a domain can have, in the order of the maps, each once: none of
/// them if the list is absent, all of them if it is empty (§8.3).
fn in_order(asked: Option<&[Property]>) -> Vec<Property> {
    match asked {
        None => Vec::new(),
        Some([]) => Property::ALL.to_vec(),
        Some(asked) => {
            let asked: BTreeSet<Property> = asked.iter().copied().collect();
            asked.into_iter().collect()
        }
    }
}

/// The properties that a list names, in the order of the maps, each once.
pub(crate) fn property_names(list: &Cursor<'_>) -> Result<Vec<Property>, AltoError> {
    let mut properties = BTreeSet::new();
    for element in list.array()? {
        let Some(property) = Property::from_name(element.string()?) else {
            let rule = format!("the properties are {}", Property::NAMES.join(", "));
            return Err(element.invalid(rule).into());
        };
        properties.insert(property);
    }
    Ok(properties.into_iter().collect())
}
