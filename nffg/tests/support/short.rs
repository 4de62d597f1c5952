//! Parts of a topology view in short, for tests to compare.

use nffg::{RouterLink, TopologyNode};

pub(crate) fn routers(node: &TopologyNode) -> Vec<&str> {
    node.routers.iter().map(AsRef::as_ref).collect()
}

/// Where a link starts and ends: `AS1/a AS2/c`.
pub(crate) fn ends_of(link: &RouterLink) -> String {
    let (src, dst) = (&link.src, &link.dst);
    format!(
        "{}/{} {}/{}",
        src.domain, src.router, dst.domain, dst.router
    )
}
