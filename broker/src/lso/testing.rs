//! Service function testing (Mplify 149) of services that this SOF does with its own resources: jobs and their results.
//!
//! A job is one record, and its result is in it when it is done; a restart goes on with those that are not. What a test
//! sees is [`Presto::test`]'s word. Of each buyer a bounded number is kept: a new one
//! takes the place of the oldest that is done.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sof::interlude::TestOutcome;
use sof::mef::{FaultCode, TerminationError};
use sof::payload::Segment;
use sof::service::{Service, ServiceId};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::presto::{Presto, PrestoError};
use super::records::{SERVICES, TEST_JOBS};
use crate::clock;
use crate::store::key::{Key, Writer};
use crate::store::{Batch, KeyRange, Store, StoreError};

mod segment;

/// How many jobs of one buyer are kept.
const PER_BUYER: usize = 100;

/// How many tests run at once.
const AT_ONCE: usize = 16;

/// From one try to the next, while resources or the store do not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// The first part of the keys in the table.
const JOBS: &str = "test-job";

/// The state of a job (`TestJobStateType`), as far as ours have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// It is to begin at its time.
    Scheduled,
    /// It is to begin.
    Acknowledged,
    /// It runs.
    InProgress,
    /// It is done: there is a result.
    Completed,
    /// It cannot be done.
    Rejected,
    /// Its time was over before it was done.
    Cancelled,
}

impl JobState {
    /// Whether something is still to come.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Scheduled | Self::Acknowledged | Self::InProgress
        )
    }
}

/// A job, with its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestJob {
    /// A UUID; the result has the same.
    pub id: String,
    /// Whose it is.
    pub buyer: String,
    /// As it was asked for (`TestJob_Common`).
    pub given: Map<String, Value>,
    /// Which service is tested.
    pub service: ServiceId,
    /// When it is to begin, if not at once.
    pub start: Option<Timestamp>,
    /// Until when it is to be done.
    pub end: Timestamp,
    /// How far it has come.
    pub state: JobState,
    /// When it was taken.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What was found.
    pub outcome: Option<TestOutcome>,
    /// Why it was ended without.
    pub error: Option<TerminationError>,
}

/// A job that somebody wants, checked.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who.
    pub buyer: String,
    /// As it was asked for.
    pub given: Map<String, Value>,
    /// Which service.
    pub service: ServiceId,
    /// When it is to begin, if not at once.
    pub start: Option<Timestamp>,
    /// Until when it is to be done.
    pub end: Timestamp,
}

/// Why a job is not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TakeError {
    /// The buyer has as many open ones as may be kept.
    #[error("{most} tests are under way or scheduled, and no more are taken")]
    TooMany {
        /// The bound.
        most: usize,
    },
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tests of services.
#[derive(Clone, Debug)]
pub struct Testing {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    presto: Option<Arc<dyn Presto>>,
    running: Semaphore,
    /// Buyers whose jobs are being counted: one job of each is taken at a time.
    taking: Mutex<BTreeSet<String>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Releases a buyer.
struct Taking<'a>(&'a Shared, &'a str);

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        let mut taking = self.0.taking.lock().unwrap_or_else(PoisonError::into_inner);
        taking.remove(self.1);
    }
}

impl Testing {
    /// Tests over these resources; a SOF without resources of its own tests nothing.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        presto: Option<Arc<dyn Presto>>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let shared = Shared {
            store,
            presto,
            running: Semaphore::new(AT_ONCE),
            taking: Mutex::default(),
            tasks,
            stop,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Goes on with what was under way when the process ended.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn resume(&self) -> Result<(), StoreError> {
        for job in self.jobs().await? {
            if job.state.is_open() {
                self.begin(job);
            }
        }
        Ok(())
    }

    /// Why a service cannot be tested here; `None` if it can.
    #[must_use]
    pub fn refusal(&self, service: &Service) -> Option<String> {
        if self.shared.presto.is_none() {
            return Some("this SOF has no resources of its own to test".to_owned());
        }
        segment_of(service).err()
    }

    /// Takes a job; it is tested at its time.
    ///
    /// # Errors
    /// See [`TakeError`].
    pub async fn take(&self, wanted: Wanted) -> Result<TestJob, TakeError> {
        let shared = &self.shared;
        let too_many = || TakeError::TooMany { most: PER_BUYER };
        let is_free = {
            let mut taking = shared.taking.lock().unwrap_or_else(PoisonError::into_inner);
            taking.insert(wanted.buyer.clone())
        };
        if !is_free {
            return Err(too_many());
        }
        let buyer = wanted.buyer.clone();
        let _taking = Taking(shared, &buyer);
        let mut own = self.jobs().await?;
        own.retain(|job| job.buyer == buyer);
        let now = clock::now().timestamp;
        let job = TestJob {
            id: uuid::Uuid::new_v4().to_string(),
            buyer: wanted.buyer,
            given: wanted.given,
            service: wanted.service,
            state: match wanted.start {
                Some(start) if start > now => JobState::Scheduled,
                _ => JobState::Acknowledged,
            },
            start: wanted.start,
            end: wanted.end,
            created: now,
            modified: now,
            started: None,
            ended: None,
            outcome: None,
            error: None,
        };
        let mut batch = Batch::new();
        let more = (own.len() + 1).saturating_sub(PER_BUYER);
        let mut done: Vec<&TestJob> = own.iter().filter(|job| !job.state.is_open()).collect();
        done.sort_by_key(|job| job.created);
        if done.len() < more {
            return Err(too_many());
        }
        for old in done.into_iter().take(more) {
            batch.delete(TEST_JOBS.name(), key(&old.id).encode());
        }
        TEST_JOBS.create(&mut batch, &key(&job.id), &job)?;
        shared.store.commit(batch).await?;
        self.begin(job.clone());
        Ok(job)
    }

    /// A job.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn job(&self, id: &str) -> Result<Option<TestJob>, StoreError> {
        let snapshot = self.shared.store.snapshot().await?;
        let stored = TEST_JOBS.get(&*snapshot, &key(id)).await?;
        Ok(stored.map(|stored| stored.value))
    }

    /// All jobs, the oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn jobs(&self) -> Result<Vec<TestJob>, StoreError> {
        let snapshot = self.shared.store.snapshot().await?;
        let mut prefix = Writer::default();
        prefix.text(JOBS);
        let mut range = Some(KeyRange::prefix(prefix.done()));
        let mut jobs = Vec::new();
        while let Some(from) = range {
            let page = TEST_JOBS.scan(&*snapshot, &from, usize::MAX).await?;
            jobs.extend(page.records.into_iter().map(|(_, stored)| stored.value));
            range = page.next;
        }
        jobs.sort_by(|a: &TestJob, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(jobs)
    }

    fn begin(&self, job: TestJob) {
        let shared = Arc::clone(&self.shared);
        let stop = shared.stop.clone();
        // What is cut short by the stop is begun again after the next start.
        self.shared.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = shared.run(job) => {}
            }
        });
    }
}

fn key(id: &str) -> (String, String) {
    (JOBS.to_owned(), id.to_owned())
}

/// The segment that a service does.
fn segment_of(service: &Service) -> Result<Segment, String> {
    let configuration = service.configuration();
    let configuration = configuration.ok_or("the service has no configuration")?;
    segment::decode(configuration)
}

impl Shared {
    async fn run(&self, mut job: TestJob) {
        if let Some(start) = job.start {
            sleep_until(start).await;
        }
        // It stays open as long as the semaphore is there.
        let _running = self.running.acquire().await;
        let now = clock::now().timestamp;
        job.state = JobState::InProgress;
        job.started = Some(now);
        job.modified = now;
        self.keep(&job).await;
        let (state, outcome, error) = self.test(&job).await;
        let now = clock::now().timestamp;
        job.state = state;
        job.outcome = outcome;
        job.error = error.map(|why| TerminationError {
            code: FaultCode::OtherIssue,
            property_path: None,
            value: why,
        });
        job.ended = Some(now);
        job.modified = now;
        self.keep(&job).await;
        debug!(id = job.id, service = %job.service, state = ?job.state, "a service was tested");
    }

    async fn test(&self, job: &TestJob) -> (JobState, Option<TestOutcome>, Option<String>) {
        let rejected = |why: String| (JobState::Rejected, None, Some(why));
        loop {
            let why = match self.once(job).await {
                Ok(outcome) => return (JobState::Completed, Some(outcome), None),
                Err(PrestoError::Refused(why)) => return rejected(why),
                Err(PrestoError::Unavailable(why)) => why,
            };
            if clock::now().timestamp >= job.end {
                return (JobState::Cancelled, None, Some(why));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn once(&self, job: &TestJob) -> Result<TestOutcome, PrestoError> {
        let unavailable = |error: StoreError| PrestoError::Unavailable(error.to_string());
        let presto = self.presto.as_ref().ok_or_else(|| {
            PrestoError::Refused("this SOF has no resources of its own to test".to_owned())
        })?;
        // As it is ordered now: it may have changed since the job was taken.
        let snapshot = self.store.snapshot().await.map_err(unavailable)?;
        let service = SERVICES.get(&*snapshot, &job.service.0).await;
        let service = service.map_err(unavailable)?;
        let service = service
            .map(|stored| stored.value)
            .ok_or_else(|| PrestoError::Refused("the service is not there".to_owned()))?;
        drop(snapshot);
        let segment = segment_of(&service).map_err(PrestoError::Refused)?;
        let left = job.end.duration_since(clock::now().timestamp);
        let left = Duration::try_from(left).unwrap_or_default().max(PAUSE);
        match tokio::time::timeout(left, presto.test(&job.service, &segment)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(PrestoError::Unavailable("no answer in time".to_owned())),
        }
    }

    /// Keeps a job, as soon as the store can.
    async fn keep(&self, job: &TestJob) {
        loop {
            let mut batch = Batch::new();
            let written = TEST_JOBS.put(&mut batch, &key(&job.id), job);
            let kept = match written {
                Ok(()) => self.store.commit(batch).await.map(drop),
                Err(error) => Err(error),
            };
            match kept {
                Ok(()) => return,
                Err(error) if error.is_transient() => {
                    debug!(id = job.id, %error, "a test's state is kept later");
                }
                Err(error) => return warn!(id = job.id, %error, "a test's state is not kept"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Sleeps until a moment of the clock of people, which may be set meanwhile.
async fn sleep_until(moment: Timestamp) {
    loop {
        let rest = moment.duration_since(clock::now().timestamp);
        let Ok(rest) = Duration::try_from(rest) else {
            return;
        };
        if rest.is_zero() {
            return;
        }
        tokio::time::sleep(rest.min(Duration::from_secs(10))).await;
    }
}
