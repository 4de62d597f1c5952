//! The resources that tell of changes in all others.

use super::{Kind, Resource, post};
use crate::{media, uri};

/// Update streams (RFC 8895 §6) and TIPS views (RFC 9569 §5). What they use is all that can be watched: the
/// directory writes it, since it depends on what is offered. A stream of summaries uses TIPS alone (RFC 9569
/// §5.4).
pub(super) static UPDATES: [Resource; 3] = [
    post(
        uri::id::UPDATE_STREAM,
        uri::UPDATES,
        (media::UPDATE_STREAM, media::UPDATE_STREAM_PARAMS),
        &[],
        Kind::UpdateStream,
    ),
    post(
        uri::id::TIPS,
        uri::TIPS,
        (media::TIPS, media::TIPS_PARAMS),
        &[],
        Kind::Tips,
    ),
    post(
        uri::id::TIPS_SUMMARIES,
        uri::TIPS_SUMMARIES,
        (media::UPDATE_STREAM, media::UPDATE_STREAM_PARAMS),
        &[uri::id::TIPS],
        Kind::TipsSummaries,
    ),
];

impl Resource {
    /// Whether it tells of changes in other resources, and has no content of its own.
    #[must_use]
    pub fn is_of_updates(&self) -> bool {
        matches!(
            self.kind,
            Kind::UpdateStream | Kind::Tips | Kind::TipsSummaries
        )
    }
}
