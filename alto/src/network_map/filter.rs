//! Filtered network maps (RFC 7285 §11.3.1): parts of the full map's own text.

use std::collections::BTreeSet;

use bytes::Bytes;
use nffg::json::Cursor;
use serde_json::Value;

use super::{Group, MapText};
use crate::AltoError;
use crate::json::Comma;

/// Answers `request`, a `ReqFilteredNetworkMap`, from the full map with this id.
pub(crate) fn filter(map: &MapText, id: &str, request: &[u8]) -> Result<Bytes, AltoError> {
    let request: Value = serde_json::from_slice(request)?;
    let request = Cursor::root(&request);
    let pids = request.required("pids")?;
    let wanted = strings(&pids)?;
    let types = request.optional("address-types")?;
    let types = types
        .map(|types| strings(&types))
        .transpose()?
        .unwrap_or_default();
    if wanted.is_empty() && types.is_empty() {
        return Ok(map.body.bytes.clone());
    }
    let is_wanted = ["ipv4", "ipv6"].map(|family| types.is_empty() || types.contains(family));

    let mut out = b"{\"meta\":{\"vtag\":".to_vec();
    // Of the full map (§11.3.1.6): who has that has this.
    map.body.tag.write(&mut out, id);
    out.extend_from_slice(b"},\"network-map\":{");
    let mut comma = Comma::default();
    let mut write = |group: &Group| {
        let families = group.families.iter().zip(is_wanted);
        let families = families.filter(|(text, is_wanted)| *is_wanted && !text.is_empty());
        let families: Vec<&[u8]> = families.map(|(text, _)| map.text(text)).collect();
        // A PID without any address is told to who asks for all types, as in the full map (§11.3.1.6).
        if families.is_empty() && !types.is_empty() {
            return;
        }
        comma.write(&mut out);
        out.push(b'"');
        out.extend_from_slice(map.text(&group.pid));
        out.extend_from_slice(b"\":{");
        out.extend_from_slice(&families.join(&b','));
        out.push(b'}');
    };
    if wanted.is_empty() {
        map.groups.iter().for_each(&mut write);
    } else {
        let groups = wanted.iter().filter_map(|pid| map.group(pid));
        groups.for_each(&mut write);
    }
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

/// The elements of a list, each once. What names nothing here is ignored later (§11.3.1.6).
fn strings<'a>(list: &Cursor<'a>) -> Result<BTreeSet<&'a str>, AltoError> {
    let elements = list.array()?.map(|element| element.string());
    Ok(elements.collect::<Result<_, _>>()?)
}
