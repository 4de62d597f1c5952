//! Service function testing (Mplify 149): a job for a service, and its result.
//!
//! What the standard leaves to the service is ours: a job of [`TEST`], a result of [`TEST_RESULT`] with `passed`, and
//! where there are any `delayNs` (nanoseconds, one way, all flows added up), `flows` with `link`, `delayNs` and
//! `bandwidthBps` of each, and `detail` (for people).

use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sof::interlude::{
    CallError, Job, JobState, TestOutcome, decode_job, decode_outcome, decode_results,
};
use sof::mef::{Api, Fault, TerminationError};
use sof::partner::Partner;
use sof::payload::SEGMENT;
use sof::service::ServiceId;

use super::{Interlude, sense};
use crate::clock;

/// The `@type` of what a job has to know.
const TEST: &str = "urn:brokermdo:schema:segment-test:v1";
/// The `@type` of what a result tells.
const TEST_RESULT: &str = "urn:brokermdo:schema:segment-test-result:v1";

/// The pause before a test is looked at first; doubled each time, up to that of the settings.
const FIRST_LOOK: Duration = Duration::from_millis(10);

/// The body of a `TestJob_Create`: at once, from the service to itself. The test of a segment covers what the segment says.
fn job(service: &ServiceId, until: jiff::Timestamp) -> Value {
    json!({
        "name": format!("brokermdo test of {service}"),
        "requestedEndDateTime": until.to_string(),
        "relatedServiceFrom": {"id": service},
        "relatedServiceTo": {"id": service},
        "testProfile": {
            "@type": "TestProfileValue",
            "serviceSpecificTestProfileConfiguration": {"@type": TEST},
            "relatedServiceSpecification": {"id": SEGMENT},
        },
        "serviceSpecificTestJobConfiguration": {"@type": TEST},
    })
}

impl Interlude {
    /// Has a service tested. The caller bounds the time.
    pub(super) async fn run_test(
        &self,
        partner: &Partner,
        service: &ServiceId,
    ) -> Result<TestOutcome, CallError> {
        if !partner.speaks(Api::ServiceFunctionTesting) {
            return Err(CallError::NotFound);
        }
        let at = |path: &[&str]| Self::url(partner, Api::ServiceFunctionTesting, path);
        let limit = SignedDuration::try_from(self.settings.test_timeout);
        let until = clock::now()
            .timestamp
            .checked_add(limit.unwrap_or(SignedDuration::MAX))
            .unwrap_or(jiff::Timestamp::MAX);
        let body = job(service, until);
        let ask = self.ask(
            partner,
            "test",
            Method::POST,
            at(&["testJob"])?,
            Some(&body),
        )?;
        let made = self
            .change(partner, &ask, |answer| sense(&ask, answer, decode_job))
            .await;
        let mut job = made.map_err(|error| match error {
            // Without the API, its path is not there.
            CallError::Refused {
                status: 404 | 501, ..
            } => CallError::NotFound,
            other => other,
        })?;
        // A test that takes no time is not waited for; one that does is looked at ever more seldom.
        let mut pause = FIRST_LOOK.min(self.settings.test_poll);
        while job.state == JobState::Open {
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(self.settings.test_poll);
            let url = at(&["testJob", &job.id])?;
            let ask = self.ask(partner, "look-at-test", Method::GET, url, None)?;
            let now = self
                .question(partner, &ask, |answer| sense(&ask, answer, decode_job))
                .await?;
            if now.id != job.id {
                return Err(ask.nonsense(format_args!("it is the job {}, not {}", now.id, job.id)));
            }
            job = now;
        }
        match job.state {
            JobState::Open | JobState::Completed => {}
            JobState::Rejected => {
                return Err(CallError::Refused {
                    status: 422,
                    faults: job.termination_errors.into_iter().map(fault).collect(),
                });
            }
            JobState::Cancelled => {
                return Ok(TestOutcome {
                    passed: false,
                    delay: None,
                    flows: Vec::new(),
                    detail: format!("the partner ended the test before it was done{}", why(&job)),
                });
            }
        }
        // The list has what results have in common; what this one found is with the result itself.
        let mut url = at(&["testResult"])?;
        url.query_pairs_mut().append_pair("testJobId", &job.id);
        let ask = self.ask(partner, "test-results", Method::GET, url, None)?;
        let result = self
            .question(partner, &ask, |answer| {
                let found = sense(&ask, answer, |root| decode_results(root, &job.id))?;
                found.ok_or_else(|| ask.nonsense("a job that is completed has a result"))
            })
            .await?;
        let url = at(&["testResult", &result])?;
        let ask = self.ask(partner, "test-result", Method::GET, url, None)?;
        self.question(partner, &ask, |answer| {
            sense(&ask, answer, |root| decode_outcome(root, TEST_RESULT))
        })
        .await
    }
}

fn fault(error: TerminationError) -> Fault {
    Fault {
        property_path: error.property_path,
        ..Fault::new(error.code, "", error.value)
    }
}

fn why(job: &Job) -> String {
    let errors = job.termination_errors.iter();
    errors.map(|error| format!(": {}", error.value)).collect()
}
