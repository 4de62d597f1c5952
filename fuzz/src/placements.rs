//! Requests for placements and for paths, read and answered.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use broker::placements::paths::WriteError;
use broker::placements::problem::Effort;
use broker::placements::{PlaceError, Version, paths, place, request};
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

/// Bodies of `POST /broker/v1/paths`. What is written is JSON, whether the search came to its end or not, and keeps the
/// number that was asked for of each two hosts.
pub fn path_requests(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let request = match paths::decode(&value, MAX_K) {
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
    let mut written = Vec::new();
    let cut = match paths::write(&VERSION, &request, &effort, &mut written) {
        Ok(cut) => cut,
        Err(WriteError::Place(PlaceError::Host(_))) => {
            assert!(written.is_empty(), "it is refused before anything is told");
            return;
        }
        Err(error) => panic!("{error:?}"),
    };
    let told: Value = serde_json::from_slice(&written).expect("it is JSON");
    assert_eq!(told["meta"]["cut"], cut);
    let links = told["links"].as_array().expect("it has links");
    assert_eq!(links.len(), request.sg.links().len());
    for (link, bounds) in links.iter().zip(&request.constraints.links) {
        let mut of_pair: BTreeMap<[String; 2], usize> = BTreeMap::new();
        for found in link["paths"].as_array().expect("it has paths") {
            let path = found["path"].as_array().expect("it has domains");
            let borders = found["borders"].as_array().expect("it has borders");
            assert_eq!(borders.len() + 1, path.len());
            assert!(
                bounds
                    .max_hops
                    .is_none_or(|max| borders.len() <= max as usize)
            );
            let ends = [path.first(), path.last()].map(|end| end.expect("one").to_string());
            *of_pair.entry(ends).or_default() += 1;
        }
        assert!(of_pair.values().all(|count| *count <= request.k));
    }
}
