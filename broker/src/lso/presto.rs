//! Presto: the domain's own resources, as the work on orders needs them (MEF 55.1, the reference point below the SOF).
//!
//! | back end | what it is |
//! |---|---|
//! | [`Memory`] | resources that are only counted: testbeds, and domains without an orchestrator |
//! | [`Virtualizer`] | an orchestrator that speaks UNIFY's Virtualizer, as ESCAPE does |
//!
//! docs/sof.md says what each does.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sof::interlude::TestOutcome;
use sof::payload::Segment;
use sof::service::ServiceId;

mod memory;
mod plan;
mod restore;
mod virtualizer;

pub use memory::Memory;
pub use plan::Borders;
pub use restore::restore;
pub use virtualizer::Virtualizer;

use crate::egress::ClientError;
use crate::settings::PrestoSettings;

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

    /// Whether what the resources do ends with this process, so that they have to be told at the start ([`restore()`]).
    fn forgets(&self) -> bool {
        false
    }

    /// What the resources did for a service before the process began anew: it is not refused, since it was promised. Only who
    /// forgets is told.
    fn put_back(&self, _service: &ServiceId, _segment: &Segment, _active: bool) {}
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

/// The back end that the settings name.
///
/// # Errors
/// The HTTP client cannot be set up.
pub fn of(settings: &PrestoSettings) -> Result<Arc<dyn Presto>, ClientError> {
    Ok(match settings {
        PrestoSettings::Memory(settings) => Arc::new(Memory::new(settings)),
        PrestoSettings::Virtualizer(settings) => Arc::new(Virtualizer::new(settings)?),
    })
}
