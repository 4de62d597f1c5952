//! Hyperlinks of answers (`href`).

use super::{Api, ReferencePoint};
use crate::order::OrderId;
use crate::service::ServiceId;

/// Where hyperlinks lead: to the reference point, and the release, that was asked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    ordering: String,
    inventory: String,
}

impl Links {
    /// Links to a release: that of `version` of `api`, at a reference point. What is before `/mefApi` is `base`, without a
    /// slash at the end; empty for paths on this server.
    #[must_use]
    pub fn new(base: &str, at: ReferencePoint, api: Api, version: u32) -> Self {
        let behind = api.version(at).saturating_sub(version);
        let path = |of: Api| {
            let version = of.version(at).saturating_sub(behind).max(1);
            format!("{base}{}", of.path(at, version))
        };
        Self {
            ordering: path(Api::ServiceOrdering),
            inventory: path(Api::ServiceInventory),
        }
    }

    /// To an order of ours.
    #[must_use]
    pub fn order(&self, id: &OrderId) -> String {
        format!("{}/serviceOrder/{id}", self.ordering)
    }

    /// To a service of ours.
    #[must_use]
    pub fn service(&self, id: &ServiceId) -> String {
        format!("{}/service/{id}", self.inventory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_release_that_was_asked_through() {
        let (order, service) = (OrderId("o".to_owned()), ServiceId("s".to_owned()));
        let legato =
            |version| Links::new("", ReferencePoint::Legato, Api::ServiceOrdering, version);
        assert_eq!(
            legato(6).service(&service),
            "/mefApi/legato/serviceInventory/v7/service/s"
        );
        assert_eq!(
            legato(5).service(&service),
            "/mefApi/legato/serviceInventory/v6/service/s"
        );
        let at = ReferencePoint::Interlude;
        let interlude = Links::new("https://sof.example", at, Api::ServiceInventory, 1);
        assert_eq!(
            interlude.order(&order),
            "https://sof.example/mefApi/interlude/serviceOrderingManagement/v1/serviceOrder/o"
        );
    }
}
