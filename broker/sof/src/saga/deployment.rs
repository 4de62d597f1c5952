//! What of a service is in place when no order is at work on it.

use nffg::DomainId;
use serde::{Deserialize, Serialize};

use crate::payload::Segment;
use crate::selection::Chain;
use crate::service::ServiceId;

/// What of a service is in place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The chain, where partners do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    /// What the labels at its borders begin with.
    #[serde(default)]
    pub prefix: String,
    /// The reservation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
    /// What the reservation is for: each domain's part, be it ordered or only reserved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// The segments at partners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployed: Vec<Deployed>,
    /// Whether they work, or are provisioned only.
    #[serde(default)]
    pub active: bool,
    /// Chains ever tried for the service.
    #[serde(default)]
    pub tries: u32,
    /// The selection that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
}

/// A segment at a partner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployed {
    /// The partner.
    pub domain: DomainId,
    /// The service, as the partner names it; `None` for the domain's own resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    /// What it does.
    pub segment: Segment,
}
