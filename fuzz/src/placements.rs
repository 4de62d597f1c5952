//! Requests for placements, read and answered.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use broker::placements::problem::Effort;
use broker::placements::{PlaceError, Version, place, request};
use serde_json::Value;

use crate::maps;

/// As many as a request may ask for here.
const MAX_K: usize = 5;

static VERSION: LazyLock<Version> =
    LazyLock::new(|| Version::new(Arc::new(maps()), Arc::default(), None));

/// Bodies of `POST /broker/v1/placements`.
pub fn placement_requests(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let request = match request::decode(&value, MAX_K) {
        Ok(request) => request,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let effort = Effort {
        work: 20_000,
        cancelled: &Arc::new(AtomicBool::new(false)),
    };
    let solved = match place(&VERSION, &request, &effort) {
        Ok((solved, _)) => solved,
        Err(PlaceError::Host(_)) => return,
        Err(error @ PlaceError::Cancelled) => panic!("{error}"),
    };
    assert!(solved.placements.len() <= request.k);
    for placed in &solved.placements {
        let rules = placed.hosts.iter().zip(&request.constraints.nodes);
        for (host, rule) in rules {
            assert!(rule.admits(host));
            assert!(!request.constraints.forbid_domains.contains(host));
        }
        for (path, bounds) in placed.paths.iter().zip(&request.constraints.links) {
            assert!(
                bounds
                    .max_hops
                    .is_none_or(|max| path.cost.hops <= u64::from(max))
            );
            assert_eq!(path.borders.len() + 1, path.domains.len());
        }
    }
}
