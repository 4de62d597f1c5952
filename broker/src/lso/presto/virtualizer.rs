//! An orchestrator that speaks UNIFY's Virtualizer, as ESCAPE does: `get-config` tells what is there, `edit-config`
//! changes it.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use nffg::virtualizer::deploy::{Edit, encode_edit, flow_entries};
use nffg::{MAX_BYTES, virtualizer};
use reqwest::{Client, Response, Url};
use sof::interlude::{MeasuredFlow, TestOutcome};
use sof::payload::Segment;
use sof::service::ServiceId;
use tokio::sync::Mutex;
use tracing::debug;

use super::plan::{self, Borders, Seen};
use super::{Applied, Presto, PrestoError};
use crate::clock;
use crate::egress::{self, ClientError};
use crate::settings::VirtualizerPresto;

/// How often what is there is compared with what is wanted, and an edit sent, until they are the same.
const ROUNDS: usize = 4;

/// How long the orchestrator is waited for between two rounds, and while it carries an edit out.
const PAUSE: Duration = Duration::from_millis(100);

/// The most that is read of an orchestrator's reason.
const REASON: usize = 4 << 10;

/// An orchestrator.
#[derive(Debug)]
pub struct Virtualizer {
    client: Client,
    /// Where its RPCs are: `.../escape/`.
    base: Url,
    borders: Arc<Borders>,
    /// For all of a change.
    timeout: Duration,
    /// One edit after another: each is made of what was read before.
    editing: Mutex<()>,
}

/// What became of an edit.
enum Sent {
    /// It is carried out, as far as the orchestrator tells.
    Done,
    /// It does not want it; in its words.
    Refused(String),
}

fn unavailable(why: impl ToString) -> PrestoError {
    PrestoError::Unavailable(why.to_string())
}

impl Virtualizer {
    /// At the URL of the settings, which is that of the RPCs' folder.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(settings: &VirtualizerPresto) -> Result<Self, ClientError> {
        let mut base = settings.url.expose().clone();
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        let https = base.scheme() == "https";
        let client = egress::client(settings.timeout, https, settings.ca_file.as_deref())?;
        Ok(Self {
            client,
            base,
            borders: Arc::new(settings.borders.clone()),
            timeout: settings.timeout,
            editing: Mutex::new(()),
        })
    }

    fn url(&self, rpc: &str) -> Result<Url, PrestoError> {
        self.base.join(rpc).map_err(unavailable)
    }

    /// What is there.
    async fn look(&self) -> Result<Seen, PrestoError> {
        let request = self.client.post(self.url("get-config")?);
        let fetched = egress::fetch(request, MAX_BYTES)
            .await
            .map_err(unavailable)?;
        let Some(fetched) = fetched else {
            return Err(unavailable("it answers 304 to what has no condition"));
        };
        // A large document takes a while.
        let read = tokio::task::spawn_blocking(move || {
            let view = virtualizer::decode(&fetched.body)?;
            let flows = flow_entries(&fetched.body)?;
            Ok::<_, nffg::DocumentError>(Seen { view, flows })
        });
        let read = read.await.map_err(unavailable)?;
        read.map_err(|error| unavailable(format!("its configuration cannot be read: {error}")))
    }

    /// Sends an edit, and waits until the orchestrator says what came of it, if it does.
    async fn send(&self, edit: &Edit) -> Result<Sent, PrestoError> {
        let id = uuid::Uuid::new_v4().to_string();
        let mut url = self.url("edit-config")?;
        url.query_pairs_mut().append_pair("message-id", &id);
        let request = self.client.post(url);
        let request = request
            .header(http::header::CONTENT_TYPE, "application/xml")
            .body(encode_edit(edit));
        let answer = request.send().await.map_err(unavailable)?;
        match answer.status() {
            StatusCode::OK => Ok(Sent::Done),
            StatusCode::ACCEPTED => self.outcome(&id).await,
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                Ok(Sent::Refused(reason(answer).await))
            }
            _ => Err(unavailable(reason(answer).await)),
        }
    }

    /// What came of an edit that was accepted (ESCAPE's `status`). An orchestrator that has no word for it is believed:
    /// what is there tells.
    async fn outcome(&self, id: &str) -> Result<Sent, PrestoError> {
        let ends = clock::instant() + self.timeout;
        loop {
            let mut url = self.url("status")?;
            url.query_pairs_mut().append_pair("message-id", id);
            let answer = self.client.get(url).send().await.map_err(unavailable)?;
            match answer.status() {
                StatusCode::INTERNAL_SERVER_ERROR => {
                    return Ok(Sent::Refused(reason(answer).await));
                }
                StatusCode::ACCEPTED if clock::instant() < ends => {}
                StatusCode::ACCEPTED => return Err(unavailable("it is still at work")),
                _ => return Ok(Sent::Done),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn bring(
        &self,
        service: &ServiceId,
        segment: Option<&Segment>,
        active: bool,
    ) -> Result<(), PrestoError> {
        let _one_at_a_time = self.editing.lock().await;
        let mut refused = None;
        for round in 0..ROUNDS {
            let seen = self.look().await?;
            let wanted = match segment {
                Some(segment) => {
                    let wanted = plan::wanted(&seen, service, segment, active, &self.borders);
                    wanted.map_err(PrestoError::Refused)?
                }
                None => plan::Wanted::default(),
            };
            let edit = plan::edit(&seen, service, &wanted);
            if edit.is_empty() {
                return Ok(());
            }
            if round > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            debug!(%service, round, nodes = edit.nodes.len(), "editing the domain's configuration");
            match self.send(&edit).await? {
                Sent::Done => refused = None,
                // It may be made of what is not there any more: look again, once.
                Sent::Refused(why) if refused.as_ref() == Some(&why) => {
                    return Err(PrestoError::Refused(why));
                }
                Sent::Refused(why) => refused = Some(why),
            }
        }
        let seen = self.look().await?;
        let wanted = match segment {
            Some(segment) => plan::wanted(&seen, service, segment, active, &self.borders)
                .map_err(PrestoError::Refused)?,
            None => plan::Wanted::default(),
        };
        match refused {
            _ if plan::edit(&seen, service, &wanted).is_empty() => Ok(()),
            Some(why) => Err(PrestoError::Refused(why)),
            None => Err(unavailable("it accepts the edit, and does not show it")),
        }
    }

    async fn check(
        &self,
        service: &ServiceId,
        segment: &Segment,
    ) -> Result<TestOutcome, PrestoError> {
        let seen = self.look().await?;
        let failed = |detail: String| TestOutcome {
            passed: false,
            delay: None,
            flows: Vec::new(),
            detail,
        };
        let wanted = match plan::wanted(&seen, service, segment, true, &self.borders) {
            Ok(wanted) => wanted,
            Err(why) => return Ok(failed(why)),
        };
        let missing = plan::edit(&seen, service, &wanted);
        if !missing.is_empty() {
            let count = |of: fn(&virtualizer::deploy::NodeEdit) -> usize| -> usize {
                missing.nodes.values().map(of).sum()
            };
            let (nfs, flows) = (count(|node| node.nfs.len()), count(|node| node.flows.len()));
            let why = format!("{nfs} NFs and {flows} flow entries are not as they should be");
            return Ok(failed(why));
        }
        let (delay, late) = plan::delays(segment, &wanted);
        let delay = delay.map(nffg::Delay::as_nanos);
        let told = segment.flows.iter().zip(&wanted.delays);
        let flows = told.map(|(flow, delay)| MeasuredFlow {
            link: flow.link.clone(),
            delay: delay.map(nffg::Delay::as_nanos),
            bandwidth: None,
        });
        let detail = if late.is_empty() {
            let (nfs, flows) = (segment.functions.len(), segment.flows.len());
            format!("{nfs} NFs and {flows} flows are there")
        } else {
            format!("these links take longer than they may: {}", late.join(", "))
        };
        Ok(TestOutcome {
            passed: late.is_empty(),
            delay,
            flows: flows.filter(|flow| flow.delay.is_some()).collect(),
            detail,
        })
    }
}

/// The orchestrator's words, cut.
async fn reason(mut answer: Response) -> String {
    let status = answer.status().as_u16();
    let mut text = Vec::new();
    while text.len() < REASON
        && let Ok(Some(more)) = answer.chunk().await
    {
        text.extend_from_slice(&more);
    }
    text.truncate(REASON);
    let text: String = String::from_utf8_lossy(&text)
        .trim()
        .chars()
        .take(300)
        .collect();
    match text.is_empty() {
        true => format!("HTTP {status}"),
        false => format!("HTTP {status}: {text}"),
    }
}

impl Presto for Virtualizer {
    fn apply<'a>(
        &'a self,
        service: &'a ServiceId,
        segment: Option<&'a Segment>,
        active: bool,
    ) -> Applied<'a, ()> {
        Box::pin(self.bring(service, segment, active))
    }

    fn test<'a>(
        &'a self,
        service: &'a ServiceId,
        segment: &'a Segment,
    ) -> Applied<'a, TestOutcome> {
        Box::pin(self.check(service, segment))
    }
}
