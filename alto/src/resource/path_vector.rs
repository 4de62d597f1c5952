//! The resources of RFC 9275, to its letter. The draft's, at an address of their own, are with those that are
//! one of a kind.

use super::{Kind, Resource, post};
use crate::{media, uri};

/// With elements that last, what defines them is used (RFC 9275 §7.2.5, §7.3.5).
const OF_PIDS: &[&str] = &[uri::id::NETWORK_MAP, uri::id::ANE_PROPERTIES];
/// No map of PIDs: endpoints have none (RFC 7285 §11.5.1.5).
const OF_ENDPOINTS: &[&str] = &[uri::id::ANE_PROPERTIES];

pub(super) static ALL: [Resource; 2] = [
    post(
        uri::id::MULTIPART_COST_MAP,
        uri::MULTIPART_COST_MAP,
        (media::PATH_VECTORS, media::COST_MAP_FILTER),
        OF_PIDS,
        Kind::MultipartCostMap,
    ),
    post(
        uri::id::MULTIPART_ENDPOINT_COSTS,
        uri::MULTIPART_ENDPOINT_COSTS,
        (
            media::PATH_VECTORS_OF_ENDPOINTS,
            media::ENDPOINT_COST_PARAMS,
        ),
        OF_ENDPOINTS,
        Kind::MultipartEndpointCosts,
    ),
];
