//! The filtered property map (RFC 9240 §8).

use std::collections::BTreeSet;

use bytes::Bytes;
use nffg::json::Cursor;
use serde_json::Value;

use super::{Entities, Entity, PID_DOMAIN, Property, dependent_vtags, key};
use crate::json::Comma;
use crate::{AltoError, Tag, uri};

/// Answers `request`, a `ReqFilteredPropertyMap`.
pub(crate) fn filter(
    entities: &Entities,
    network: &Tag,
    request: &[u8],
) -> Result<Bytes, AltoError> {
    let request: Value = serde_json::from_slice(request)?;
    let request = Cursor::root(&request);
    let wanted = wanted_entities(entities, &request)?;
    let properties = wanted_properties(&request)?;

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
) -> Result<Vec<&'a Entity>, AltoError> {
    let list = request.required("entities")?.array()?;
    if list.len() == 0 {
        return Ok(entities.iter().map(AsRef::as_ref).collect());
    }
    let mut pids = BTreeSet::new();
    for element in list {
        let id = element.string()?;
        match id.split_once(':') {
            Some((PID_DOMAIN, pid)) if is_pid_name(pid) => pids.insert(pid),
            Some((PID_DOMAIN, _)) => {
                let rule =
                    "a PID name is 1 to 64 letters, digits, '-', ':', '@' and '_' (RFC 7285 10.1)";
                return Err(element.invalid(rule).into());
            }
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

/// RFC 7285 §10.1. The `.` is reserved and no PID of ours has it.
fn is_pid_name(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-:@_".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(legal)
}

/// Which properties to show: none of them if the member is absent, all of them if the list is empty
/// (§8.3).
fn wanted_properties(request: &Cursor<'_>) -> Result<Vec<Property>, AltoError> {
    let Some(list) = request.optional("properties")? else {
        return Ok(Vec::new());
    };
    let list = property_names(&list)?;
    Ok(if list.is_empty() {
        Property::ALL.to_vec()
    } else {
        list
    })
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
