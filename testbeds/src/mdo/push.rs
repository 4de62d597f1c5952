//! The emulated MdO as a member that pushes: it registers its domain with the broker, puts its exports
//! there, says every so often that it is alive, and leaves when it is told to stop.
//!
//! ```text
//!  PUT  /broker/v1/domains/AS1             If-None-Match: *     201, or 412 and the version in force:
//!                                          If-Match: "..."      200
//!  PUT  /broker/v1/domains/AS1/resources   likewise; anew when the export changes
//!  PUT  /broker/v1/domains/AS1/topology    likewise
//!  POST /broker/v1/domains/AS1/heartbeat   every third of the lifetime; 404: register anew
//!  DELETE /broker/v1/domains/AS1           at the end
//! ```
//!
//! The requests are put together here, and not by the client that the broker's own programs use.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use broker::ctl::output::complain;
use nffg::TopologyNode;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, sleep};
use url::Url;

use super::{JSON, XML};
use crate::scenario::{Domain, Scenario};

/// How often the exports are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// For one request and its answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The first and the longest pause while the broker is not there.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];
/// The longest pause that a broker may ask for.
const LONGEST_WISH: Duration = Duration::from_secs(60);
/// How often a request is made anew because another version is in force than was thought.
const ATTEMPTS: usize = 3;

/// What an MdO pushes: the last part of the path, and its type.
const DOCUMENTS: [(&str, &str); 2] = [("resources", XML), ("topology", JSON)];

/// An MdO that pushes.
#[derive(Debug)]
pub struct Member {
    client: Client,
    /// Where the broker keeps the domain's entry.
    entry: Url,
    token: Option<String>,
    lifetime: Duration,
    scenario: Scenario,
    domain: Domain,
    is_registered: bool,
    /// The entry point that we registered with.
    entry_point: Option<String>,
    registration: Known,
    documents: [Known; 2],
}

/// Something of ours that the broker has.
#[derive(Debug, Default)]
struct Known {
    /// As it was sent last, taken or not: only what changed is sent again.
    sent: Option<Vec<u8>>,
    /// The version that the broker gave it.
    version: Option<HeaderValue>,
}

/// Why a request came to nothing.
#[derive(Debug)]
enum Trouble {
    /// The broker is not there, or does not answer as it should; the pause that it asks for.
    Away(String, Option<Duration>),
    /// The broker knows nothing of the domain (any more).
    NotRegistered,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why, _) => f.write_str(why),
            Self::NotRegistered => f.write_str("the broker does not know us any more"),
        }
    }
}

/// What came of a `PUT`.
#[derive(Debug, PartialEq, Eq)]
enum Put {
    Created,
    Replaced,
    /// It cannot be taken as it is; said already.
    Refused,
}

impl Member {
    /// The MdO of `domain`, which will push to the broker at `broker`. What it says is good for
    /// `lifetime` without further word.
    ///
    /// # Errors
    /// There is no HTTP client to be had, or `broker` is no base of URLs.
    pub fn new(
        scenario: Scenario,
        domain: Domain,
        broker: &Url,
        token: Option<String>,
        lifetime: Duration,
    ) -> anyhow::Result<Self> {
        let client = broker::egress::client(TIMEOUT, broker.scheme() == "https", None)?;
        let mut entry = broker.clone();
        entry
            .path_segments_mut()
            .ok()
            .context("the broker's URL has no path to go on from")?
            .pop_if_empty()
            .extend(["broker", "v1", "domains", domain.id.as_str()]);
        Ok(Self {
            client,
            entry,
            token,
            lifetime,
            scenario,
            domain,
            is_registered: false,
            entry_point: None,
            registration: Known::default(),
            documents: Default::default(),
        })
    }

    /// Pushes for ever. While the broker is not there it is tried again, with growing pauses.
    pub async fn run(&mut self) {
        let mut pauses = backoff();
        loop {
            let trouble = match self.register().await {
                Ok(()) => {
                    pauses = backoff();
                    self.stay().await
                }
                Err(trouble) => trouble,
            };
            let mut pause = pauses.next().unwrap_or(PAUSES[1]);
            if let Trouble::Away(_, Some(wanted)) = trouble {
                pause = pause.max(wanted.min(LONGEST_WISH));
            }
            self.say(&format!("{trouble}; next try in {pause:.1?}"));
            if let Trouble::NotRegistered = trouble {
                self.forget();
            }
            sleep(pause).await;
        }
    }

    /// Tells the broker to forget the domain.
    pub async fn leave(&mut self) {
        if !self.is_registered {
            return;
        }
        let request = self.request(Method::DELETE, &self.entry);
        match send(request).await {
            Ok(answer) if answer.status().is_success() => self.say("left"),
            Ok(answer) => self.say(&format!("cannot leave: HTTP {}", answer.status())),
            Err(trouble) => self.say(&format!("cannot leave: {trouble}")),
        }
    }

    /// For the log.
    fn say(&self, text: &str) {
        complain(&format!("{}: {text}", self.domain.id));
    }

    fn forget(&mut self) {
        self.is_registered = false;
        self.registration = Known::default();
        self.documents = Default::default();
    }

    /// Registers, or says it anew.
    async fn register(&mut self) -> Result<(), Trouble> {
        // Without a topology that can be read, the entry point is told later.
        let entry_point = self.entry_point().unwrap_or_default();
        let lifetime = self.lifetime.as_secs();
        let body = json!({"entry-point": entry_point, "lifetime": lifetime}).to_string();
        let (url, mut known) = (self.entry.clone(), std::mem::take(&mut self.registration));
        let put = self.put(&url, JSON, body.into_bytes(), &mut known).await;
        self.registration = known;
        match put? {
            Put::Refused => return Err(Trouble::Away("not registered".to_owned(), None)),
            // So it has none of our documents either.
            Put::Created => self.documents = Default::default(),
            Put::Replaced => {}
        }
        self.is_registered = true;
        self.entry_point = entry_point;
        self.say(&format!("registered at {url} for {lifetime} s"));
        Ok(())
    }

    /// Says that we are alive, and what is other than before, until there is trouble.
    async fn stay(&mut self) -> Trouble {
        let mut heartbeat = interval(self.lifetime / 3);
        let mut look = interval(LOOK);
        for each in [&mut heartbeat, &mut look] {
            each.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        // A registration is a word, too.
        heartbeat.tick().await;
        loop {
            let done = tokio::select! {
                _ = heartbeat.tick() => self.beat().await,
                _ = look.tick() => self.push().await,
            };
            if let Err(trouble) = done {
                return trouble;
            }
        }
    }

    async fn beat(&self) -> Result<(), Trouble> {
        let mut url = self.entry.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.push("heartbeat");
        }
        let answer = send(self.request(Method::POST, &url)).await?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(Trouble::NotRegistered),
            _ => Err(away(answer).await),
        }
    }

    /// Pushes what is other than the broker has it.
    async fn push(&mut self) -> Result<(), Trouble> {
        if self
            .entry_point()
            .is_ok_and(|told| told != self.entry_point)
        {
            self.register().await?;
        }
        for (at, (name, media_type)) in DOCUMENTS.into_iter().enumerate() {
            let file = match name {
                "resources" => &self.domain.resources,
                _ => &self.domain.topology,
            };
            // A file that is being written is read whole the next time.
            let Ok(text) = self.scenario.read(file) else {
                continue;
            };
            if self.documents[at].sent.as_deref() == Some(&*text) {
                continue;
            }
            let mut url = self.entry.clone();
            if let Ok(mut path) = url.path_segments_mut() {
                path.push(name);
            }
            let (text, mut known) = (text.into_owned(), std::mem::take(&mut self.documents[at]));
            let put = self.put(&url, media_type, text, &mut known).await;
            self.documents[at] = known;
            if put? != Put::Refused {
                self.say(&format!("{name} taken"));
            }
        }
        Ok(())
    }

    /// Puts `body` in the place of the version that we know of, or of the one that turns out to be in
    /// force: the entry is ours.
    async fn put(
        &self,
        url: &Url,
        media_type: &str,
        body: Vec<u8>,
        known: &mut Known,
    ) -> Result<Put, Trouble> {
        for _ in 0..ATTEMPTS {
            let request = self
                .request(Method::PUT, url)
                .header(CONTENT_TYPE, media_type)
                .body(body.clone());
            let request = match &known.version {
                Some(version) => request.header(IF_MATCH, version),
                None => request.header(IF_NONE_MATCH, "*"),
            };
            let answer = send(request).await?;
            let version = answer.headers().get(ETAG).cloned();
            match answer.status() {
                status if status.is_success() => {
                    known.version = version;
                    known.sent = Some(body);
                    return Ok(if status == StatusCode::CREATED {
                        Put::Created
                    } else {
                        Put::Replaced
                    });
                }
                StatusCode::PRECONDITION_FAILED => known.version = version,
                StatusCode::NOT_FOUND => return Err(Trouble::NotRegistered),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                    return Err(away(answer).await);
                }
                status if status.is_client_error() => {
                    self.say(&format!("{url}: {}", words(answer).await));
                    // The same would be refused again.
                    known.sent = Some(body);
                    return Ok(Put::Refused);
                }
                _ => return Err(away(answer).await),
            }
        }
        let why = format!("{url}: somebody else changes it all the time");
        Err(Trouble::Away(why, None))
    }

    fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let request = self.client.request(method, url.clone());
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The entry point as the topology export has it.
    fn entry_point(&self) -> anyhow::Result<Option<String>> {
        let text = self.scenario.read(&self.domain.topology)?;
        let view = nffg::unify::decode(&text)?;
        let own = |node: &TopologyNode| node.domain == self.domain.id;
        Ok(view
            .nodes
            .into_iter()
            .find(own)
            .and_then(|node| node.entry_point))
    }
}

/// The pauses while the broker is not there. Members that it left together shall not come back together.
fn backoff() -> ExponentialBackoff {
    let [shortest, longest] = PAUSES;
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(shortest)
        .with_max_delay(longest)
        .without_max_times()
        .build()
}

async fn send(request: RequestBuilder) -> Result<Response, Trouble> {
    request.send().await.map_err(|error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        Trouble::Away(format!("the broker is not there: {cause}"), None)
    })
}

/// An answer that is neither good nor about us.
async fn away(answer: Response) -> Trouble {
    let seconds = answer.headers().get(RETRY_AFTER);
    let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
    let pause = seconds.map(Duration::from_secs);
    Trouble::Away(words(answer).await, pause)
}

/// What the broker says is wrong (RFC 9457).
async fn words(answer: Response) -> String {
    let status = answer.status();
    let problem: Value = answer.json().await.unwrap_or_default();
    match problem["detail"].as_str() {
        Some(detail) => format!("HTTP {}: {detail}", status.as_u16()),
        None => format!("HTTP {status}"),
    }
}

#[cfg(test)]
mod tests;
