//! Payloads of service orders.

use broker::lso::configuration::{Checked, check};
use serde_json::Value;
use sof::mef::{Fault, Faults};
use sof::payload::{Configuration, decode};

/// Configurations of both types: faults have places and fit into an answer, and a segment is read as it is written.
pub fn configuration(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    match check(&value) {
        Ok(Checked::Segment(segment)) => {
            let written = segment.encode();
            assert_eq!(decode(&written), Ok(Configuration::Segment(segment)));
        }
        Ok(Checked::Graph(request)) => assert!(!request.sg.links().is_empty()),
        Err(faults) => {
            assert!((1..=Faults::TOLD + 1).contains(&faults.len()), "{faults:?}");
            for fault in faults {
                let path = fault.property_path.as_deref().unwrap_or_default();
                assert!(path.is_empty() || path.starts_with('/'), "{path}");
                let length = fault.reason.chars().count();
                assert!((1..=Fault::MAX_REASON).contains(&length), "{length}");
            }
        }
    }
}
