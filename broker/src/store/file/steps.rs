//! The steps from older formats. What they read and write is told here as JSON, and not by the types of today, which will
//! be others.

use serde_json::{Map, Value, json};

use super::format::{Migration, Step};
use crate::store::error::StoreError;

/// All of them, the oldest first.
pub(super) const STEPS: [Step; 1] = [Step {
    from: 1,
    what: "each API of a partner has its own URL",
    apply: partners_of_two,
}];

fn partners_of_two(migration: &mut Migration<'_>) -> Result<(), StoreError> {
    migration.rewrite("partners", |_, value| {
        let partner = serde_json::from_slice(value).map_err(|error| error.to_string())?;
        let partner = partner_of_two(partner).ok_or("not a partner of format 1")?;
        let bytes = serde_json::to_vec(&partner).map_err(|error| error.to_string())?;
        Ok(Some(bytes))
    })
}

/// `{"baseUrl": U, "apis": {"serviceOrdering": 1}}` becomes
/// `{"apis": {"serviceOrdering": {"referencePoint": "interlude", "url": U, "versions": [1]}}}`.
fn partner_of_two(mut partner: Map<String, Value>) -> Option<Map<String, Value>> {
    let url = partner.remove("baseUrl")?;
    for version in partner.get_mut("apis")?.as_object_mut()?.values_mut() {
        *version = json!({"referencePoint": "interlude", "url": url, "versions": [version]});
    }
    Some(partner)
}

#[cfg(test)]
mod tests {
    use sof::mef::Api;
    use sof::partner::Partner;

    use super::*;

    #[test]
    fn a_partner_of_format_1_is_read_with_its_url_for_each_api() {
        let old = json!({
            "domain": "AS2", "name": "Two", "state": "active", "baseUrl": "https://sof.as2.example/",
            "apis": {"serviceOrdering": 1, "serviceInventory": 2}, "credentials": "as2",
            "serviceTypes": ["urn:brokermdo:schema:segment:v1"],
            "conformance": {"checked": "2026-01-01T00:00:00Z", "checks": [{"what": "GET"}]},
        });
        let Value::Object(old) = old else {
            panic!("an object");
        };
        let new = partner_of_two(old).unwrap();
        let partner: Partner = serde_json::from_value(Value::Object(new.clone())).unwrap();
        assert_eq!(
            partner.api_url(Api::ServiceInventory).unwrap(),
            "https://sof.as2.example/mefApi/interlude/serviceInventory/v2"
        );
        assert_eq!(partner.api_url(Api::ServiceFunctionTesting), None);
        assert_eq!(partner.name.as_deref(), Some("Two"));
        assert!(partner.conformance.is_some_and(|found| found.is_passed()));
        // What is none is no partner.
        assert_eq!(partner_of_two(new), None);
        assert_eq!(partner_of_two(Map::new()), None);
    }
}
