//! Presto: the domain's own resources, as the work on orders needs them (MEF 55.1, the reference point below the SOF).

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use sof::interlude::TestOutcome;
use sof::payload::Segment;
use sof::service::ServiceId;

/// What comes of a call, in time.
pub type Applied<'a, T> = Pin<Box<dyn Future<Output = Result<T, PrestoError>> + Send + 'a>>;

/// The domain's resources.
pub trait Presto: Debug + Send + Sync {
    /// Brings the domain's resources to where the service does `segment` (`None`: nothing), working (`active`) or
    /// provisioned only. The same again changes nothing.
    ///
    /// # Errors
    /// See [`PrestoError`].
    fn apply<'a>(
        &'a self,
        service: &'a ServiceId,
        segment: Option<&'a Segment>,
        active: bool,
    ) -> Applied<'a, ()>;

    /// Whether traffic comes through as ordered.
    ///
    /// # Errors
    /// See [`PrestoError`]; a test that fails is an outcome.
    fn test<'a>(&'a self, service: &'a ServiceId, segment: &'a Segment)
    -> Applied<'a, TestOutcome>;
}

/// Why resources are not as they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrestoError {
    /// There is no room, or no such type: asked again, it is the same.
    #[error("the domain's resources refuse it: {0}")]
    Refused(String),
    /// They cannot be reached, or do not answer: to be tried again.
    #[error("the domain's resources cannot be reached: {0}")]
    Unavailable(String),
}
