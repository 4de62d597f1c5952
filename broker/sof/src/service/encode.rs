//! A service as it is answered (`Service` of the inventory).

use serde_json::{Map, Value, json};

use super::Service;
use crate::mef::links::Links;

/// What the inventory tells of what was given. A service has a `name` in orders alone.
const TOLD: [&str; 10] = [
    "description",
    "endDate",
    "externalId",
    "note",
    "place",
    "relatedContactInformation",
    "serviceConfiguration",
    "serviceRelationship",
    "serviceType",
    "startDate",
];

impl Service {
    /// The service as the document has it.
    #[must_use]
    pub fn encode(&self, links: &Links) -> Value {
        let given = TOLD
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.given.get(*name)?.clone())));
        let mut told: Map<String, Value> = given.collect();
        told.insert("id".to_owned(), json!(self.id));
        told.insert("href".to_owned(), json!(links.service(&self.id)));
        told.insert("state".to_owned(), json!(self.state));
        told.insert("serviceDate".to_owned(), json!(self.service_date));
        // What happened, before what was wished.
        for (name, date) in [("startDate", self.start_date), ("endDate", self.end_date)] {
            if let Some(date) = date {
                told.insert(name.to_owned(), json!(date));
            }
        }
        let items = self.ordered_by.iter().map(|(order, item)| {
            json!({
                "itemId": item,
                "serviceOrderId": order,
                "serviceOrderHref": links.order(order),
            })
        });
        told.insert("serviceOrderItem".to_owned(), items.collect());
        Value::Object(told)
    }
}
