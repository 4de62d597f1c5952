//! A resource as a client keeps it: a full replacement, then the patches that were sent (RFC 8895 §5.2,
//! RFC 9569 §7). Of a resource of several parts each is kept by its Content-ID, and patched alone.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::parts::{Part, parts};
use super::patch::{self, PatchFault};
use super::{JSON_PATCH_TYPE, MERGE_PATCH_TYPE};
use crate::client::media_type::MediaType;

/// What a server sent of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The media type: of a patch, or of the resource.
    pub media_type: MediaType,
    /// The part that a patch is of.
    pub content_id: Option<String>,
    /// The octets.
    pub body: Vec<u8>,
}

/// How an update changes a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is the whole.
    Replacement,
    /// It is a merge patch.
    MergePatch,
    /// It is a JSON patch.
    JsonPatch,
}

impl Kind {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replacement => "replacement",
            Self::MergePatch => "merge patch",
            Self::JsonPatch => "JSON patch",
        }
    }
}

/// What an update did.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// How.
    pub kind: Kind,
    /// How many octets came.
    pub octets: usize,
    /// The tag of the version that there is now, where the resource tells it.
    pub tag: Option<String>,
    /// How many pairs, PIDs or entities have changed.
    pub changed: usize,
    /// What they are: `pair`, `PID`, `entity` or `member`.
    pub unit: &'static str,
    /// The update itself: of a replacement of several parts, an object of them by Content-ID.
    pub json: Value,
}

/// Why an update is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MirrorFault {
    /// It cannot be read.
    #[error("the update is not understood: {0}")]
    NotUnderstood(String),
    /// A patch came before anything that it could patch.
    #[error("a patch came before the resource")]
    NoResource,
    /// A patch of a part that there is not.
    #[error("a patch came of the part '{0}', which there is not")]
    NoPart(String),
    /// A patch does not fit.
    #[error("the patch does not fit: {0}")]
    Patch(#[from] PatchFault),
}

/// A resource as it is kept.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    parts: Vec<Part>,
}

impl Mirror {
    /// The documents; none before the first replacement.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The tag of the version that is kept (RFC 7285 §10.3), where the resource tells it.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.parts.first()?.json.pointer("/meta/vtag/tag")?.as_str()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.parts.clear();
    }

    /// Whether these documents say the same, part by part.
    #[must_use]
    pub fn says(&self, others: &[Part]) -> bool {
        let same = |part: &Part| {
            let mut others = others.iter();
            let other = others.find(|other| other.content_id == part.content_id);
            other.is_some_and(|other| patch::same(&other.json, &part.json))
        };
        self.parts.len() == others.len() && self.parts.iter().all(same)
    }

    /// Applies an update.
    ///
    /// # Errors
    /// See [`MirrorFault`]. Then what is kept is of no more use: the whole is to be had anew.
    pub fn apply(&mut self, update: Update) -> Result<Change, MirrorFault> {
        let kind = match update.media_type.essence() {
            MERGE_PATCH_TYPE => Kind::MergePatch,
            JSON_PATCH_TYPE => Kind::JsonPatch,
            _ => Kind::Replacement,
        };
        let octets = update.body.len();
        let (changed, unit, json) = match kind {
            Kind::Replacement => self.replace(&update)?,
            Kind::MergePatch | Kind::JsonPatch => self.patch(kind, update)?,
        };
        Ok(Change {
            kind,
            octets,
            tag: self.tag().map(str::to_owned),
            changed,
            unit,
            json,
        })
    }

    fn replace(&mut self, update: &Update) -> Result<(usize, &'static str, Value), MirrorFault> {
        let new = parts(&update.media_type, &update.body).map_err(MirrorFault::NotUnderstood)?;
        let Some(first) = new.first() else {
            return Err(MirrorFault::NotUnderstood("it has no parts".to_owned()));
        };
        let counted = |part: &Part| {
            let mut before = self.parts.iter();
            let before = before.find(|other| other.content_id == part.content_id);
            differences(before.map(|before| &before.json), &part.json)
        };
        let changed = new.iter().map(counted).sum();
        let unit = Shape::of(&first.json).unit();
        let json = match new.as_slice() {
            [only] if only.content_id.is_none() => only.json.clone(),
            parts => by_content_id(parts),
        };
        self.parts = new;
        Ok((changed, unit, json))
    }

    fn patch(
        &mut self,
        kind: Kind,
        update: Update,
    ) -> Result<(usize, &'static str, Value), MirrorFault> {
        let content_id = update.content_id.as_deref();
        if self.parts.is_empty() {
            return Err(MirrorFault::NoResource);
        }
        let mut parts = self.parts.iter_mut();
        let part = parts
            .find(|part| part.content_id.as_deref() == content_id)
            .ok_or_else(|| MirrorFault::NoPart(content_id.unwrap_or("(the whole)").to_owned()))?;
        let told: Value = serde_json::from_slice(&update.body)
            .map_err(|error| MirrorFault::NotUnderstood(format!("it is not JSON: {error}")))?;
        let shape = Shape::of(&part.json);
        let changed = match kind {
            Kind::MergePatch => {
                let changed = shape.merged(&told);
                patch::merge(&mut part.json, &told);
                changed
            }
            Kind::Replacement | Kind::JsonPatch => {
                let changed = shape.operated(&told);
                patch::json(&mut part.json, told.clone())?;
                changed
            }
        };
        Ok((changed, shape.unit(), told))
    }
}

/// Documents by their Content-ID.
#[must_use]
pub fn by_content_id(parts: &[Part]) -> Value {
    let named = parts.iter().enumerate().map(|(index, part)| {
        let name = part.content_id.clone();
        (name.unwrap_or_else(|| index.to_string()), part.json.clone())
    });
    Value::Object(named.collect())
}

/// What an ALTO document is made of: the member that holds its data, and how many names lead to a datum.
#[derive(Clone, Copy, Debug)]
struct Shape {
    member: &'static str,
    names: usize,
}

impl Shape {
    const ALL: [Self; 5] = [
        Self {
            member: "cost-map",
            names: 2,
        },
        Self {
            member: "endpoint-cost-map",
            names: 2,
        },
        Self {
            member: "network-map",
            names: 1,
        },
        Self {
            member: "property-map",
            names: 1,
        },
        Self {
            member: "endpoint-properties",
            names: 1,
        },
    ];
    /// A document that is none of these: its members are counted.
    const OTHER: Self = Self {
        member: "",
        names: 1,
    };

    fn of(json: &Value) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|shape| json.get(shape.member).is_some())
            .unwrap_or(Self::OTHER)
    }

    fn unit(self) -> &'static str {
        match self.member {
            "" => "member",
            "network-map" => "PID",
            _ if self.names == 2 => "pair",
            _ => "entity",
        }
    }

    fn data(self, json: &Value) -> Option<&Map<String, Value>> {
        match self.member {
            "" => json.as_object(),
            member => json.get(member)?.as_object(),
        }
    }

    /// How many data a merge patch names.
    fn merged(self, patch: &Value) -> usize {
        let data = self.data(patch);
        data.map_or(0, |data| {
            data.values().map(|value| named(value, self.names)).sum()
        })
    }

    /// How many data a JSON patch touches. An operation on a row is one on each datum that it has then.
    fn operated(self, patch: &Value) -> usize {
        let depth = usize::from(!self.member.is_empty());
        let (mut touched, mut rows) = (BTreeSet::new(), 0);
        for operation in patch.as_array().into_iter().flatten() {
            if operation.get("op").and_then(Value::as_str) == Some("test") {
                continue;
            }
            let path = operation
                .get("path")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let names: Vec<&str> = path.split('/').skip(1).collect();
            if depth == 1 && names.first() != Some(&self.member) {
                continue;
            }
            match names.get(depth..depth + self.names) {
                Some(datum) => drop(touched.insert(datum.join("/"))),
                None => {
                    let missing = (depth + self.names).saturating_sub(names.len());
                    rows += operation
                        .get("value")
                        .map_or(1, |value| named(value, missing + 1));
                }
            }
        }
        touched.len() + rows
    }
}

/// How many data a value has, to which so many names less one still lead.
fn named(value: &Value, names: usize) -> usize {
    match value.as_object().filter(|_| names > 1) {
        Some(members) => members.values().map(|value| named(value, names - 1)).sum(),
        None => 1,
    }
}

/// How many data differ between two versions.
fn differences(before: Option<&Value>, now: &Value) -> usize {
    let shape = Shape::of(now);
    let empty = Map::new();
    let before = before
        .and_then(|before| shape.data(before))
        .unwrap_or(&empty);
    let now = shape.data(now).unwrap_or(&empty);
    between(before, now, shape.names)
}

fn between(before: &Map<String, Value>, now: &Map<String, Value>, names: usize) -> usize {
    let empty = Map::new();
    let gone = before.iter().filter(|(name, _)| !now.contains_key(*name));
    let gone: usize = gone.map(|(_, value)| named(value, names)).sum();
    let changed = now.iter().map(
        |(name, value)| match (before.get(name), value.as_object()) {
            (Some(old), _) if old == value => 0,
            (old, Some(members)) if names > 1 => {
                let old = old.and_then(Value::as_object).unwrap_or(&empty);
                between(old, members, names - 1)
            }
            _ => 1,
        },
    );
    gone + changed.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn update(media_type: &str, content_id: Option<&str>, body: impl ToString) -> Update {
        Update {
            media_type: MediaType::parse(media_type),
            content_id: content_id.map(str::to_owned),
            body: body.to_string().into_bytes(),
        }
    }

    fn costs() -> Value {
        json!({"meta": {"vtag": {"resource-id": "c", "tag": "3ee2"}}, "cost-map": {
            "PID1": {"PID1": 1, "PID2": 5, "PID3": 10},
            "PID2": {"PID1": 5, "PID2": 1, "PID3": 15},
            "PID3": {"PID1": 20, "PID2": 15},
        }})
    }

    fn told(change: &Change) -> (Kind, Option<&str>, usize, &str) {
        (
            change.kind,
            change.tag.as_deref(),
            change.changed,
            change.unit,
        )
    }

    #[test]
    fn client_rfc8895_8_2_a_cost_map_is_replaced_and_patched() {
        let mut mirror = Mirror::default();
        let kind = "application/alto-costmap+json";
        let change = mirror.apply(update(kind, None, costs())).unwrap();
        assert_eq!(told(&change), (Kind::Replacement, Some("3ee2"), 8, "pair"));

        // PID1 to PID2 is 9, PID3 to PID1 is no more, PID3 to PID3 is new.
        let patch = json!({"meta": {"vtag": {"tag": "c0ce"}},
            "cost-map": {"PID1": {"PID2": 9}, "PID3": {"PID1": null, "PID3": 1}}});
        let change = mirror.apply(update(MERGE_PATCH_TYPE, None, patch)).unwrap();
        assert_eq!(told(&change), (Kind::MergePatch, Some("c0ce"), 3, "pair"));
        let expected = json!({"meta": {"vtag": {"resource-id": "c", "tag": "c0ce"}}, "cost-map": {
            "PID1": {"PID1": 1, "PID2": 9, "PID3": 10},
            "PID2": {"PID1": 5, "PID2": 1, "PID3": 15},
            "PID3": {"PID2": 15, "PID3": 1},
        }});
        assert_eq!(mirror.parts()[0].json, expected);

        let patch = json!([
            {"op": "replace", "path": "/meta/vtag/tag", "value": "a10c"},
            {"op": "add", "path": "/cost-map/PID1/PID2", "value": 8},
            {"op": "test", "path": "/cost-map/PID1/PID1", "value": 1},
            {"op": "add", "path": "/cost-map/PID4", "value": {"PID1": 1, "PID2": 2}},
        ]);
        let change = mirror.apply(update(JSON_PATCH_TYPE, None, patch)).unwrap();
        assert_eq!(told(&change), (Kind::JsonPatch, Some("a10c"), 3, "pair"));
        // Against what was: PID1 to PID2 again 5, the two of PID4 gone, PID3's two.
        let change = mirror.apply(update(kind, None, costs())).unwrap();
        assert_eq!(told(&change), (Kind::Replacement, Some("3ee2"), 5, "pair"));
    }

    #[test]
    fn client_rfc8895_8_5_parts_are_patched_alone() {
        let body = "--b\r\nContent-ID: <ecsmap>\r\nContent-Type: application/alto-endpointcost+json\r\n\r\n\
            {\"endpoint-cost-map\": {\"ipv4:192.0.2.2\": {\"ipv4:192.0.2.89\": [\"NET1\"]}}}\r\n\
            --b\r\nContent-ID: <propmap>\r\nContent-Type: application/alto-propmap+json\r\n\r\n\
            {\"property-map\": {\".ane:NET1\": {}}}\r\n--b--\r\n";
        let kind = "multipart/related;boundary=b;type=application/alto-endpointcost+json";
        let mut mirror = Mirror::default();
        let change = mirror.apply(update(kind, None, body)).unwrap();
        assert_eq!(told(&change), (Kind::Replacement, None, 2, "pair"));
        assert_eq!(
            change.json["propmap"]["property-map"][".ane:NET1"],
            json!({})
        );

        let patch = json!({"property-map": {".ane:NET1": {"max-reservable-bandwidth": 1}}});
        let change = mirror
            .apply(update(MERGE_PATCH_TYPE, Some("propmap"), &patch))
            .unwrap();
        assert_eq!(told(&change), (Kind::MergePatch, None, 1, "entity"));
        assert_eq!(
            mirror.parts()[1].json["property-map"][".ane:NET1"]["max-reservable-bandwidth"],
            1
        );
        let fault = mirror
            .apply(update(MERGE_PATCH_TYPE, Some("x"), &patch))
            .unwrap_err();
        assert_eq!(fault, MirrorFault::NoPart("x".to_owned()));
        assert!(matches!(
            mirror.apply(update(MERGE_PATCH_TYPE, None, patch)),
            Err(MirrorFault::NoPart(_))
        ));
    }

    #[test]
    fn what_is_kept_is_compared_part_by_part() {
        let mut mirror = Mirror::default();
        mirror
            .apply(update("application/alto-costmap+json", None, costs()))
            .unwrap();
        let part = |json| Part {
            content_id: None,
            media_type: String::new(),
            json,
        };
        assert!(mirror.says(&[part(costs())]));
        let mut other = costs();
        other["cost-map"]["PID1"]["PID1"] = json!(1.0);
        assert!(mirror.says(&[part(other.clone())]));
        other["cost-map"]["PID1"]["PID1"] = json!(2);
        assert!(!mirror.says(&[part(other)]) && !mirror.says(&[]));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut mirror = Mirror::default();
        assert_eq!(
            mirror.apply(update(MERGE_PATCH_TYPE, None, "{}")),
            Err(MirrorFault::NoResource)
        );
        assert!(
            mirror
                .apply(update("application/alto-costmap+json", None, "{"))
                .is_err()
        );
        mirror
            .apply(update("application/alto-costmap+json", None, "{}"))
            .unwrap();
        assert!(mirror.apply(update(MERGE_PATCH_TYPE, None, "{")).is_err());
        let fault = mirror.apply(update(
            JSON_PATCH_TYPE,
            None,
            json!([{"op": "remove", "path": "/a"}]),
        ));
        assert!(matches!(fault, Err(MirrorFault::Patch(_))));
        mirror.clear();
        assert!(mirror.parts().is_empty() && mirror.tag().is_none());
    }
}
