//! Clients that ask, one request after the other, and how long they waited.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::clock;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use super::Plan;
use super::daemon::ANSWER;
use super::federation::Federation;
use super::questions::{Kind, Question};
use super::random::Random;

/// How long something took, each time.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn note(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The least time within which `percent` of all were done (nearest rank); `None` if there was none.
    pub(super) fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    /// As JSON, in milliseconds.
    pub(super) fn document(&self) -> Value {
        let millis = |percent| {
            self.percentile(percent)
                .map(|took| took.as_secs_f64() * 1e3)
        };
        json!({"count": self.len(), "median-ms": millis(50), "p99-ms": millis(99), "max-ms": millis(100)})
    }
}

/// What became of the requests of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Those that were answered 200.
    pub(super) times: Times,
    /// Of these, how many said that the search was cut for its work.
    pub(super) cut: usize,
    /// The others, by what came.
    pub(super) errors: BTreeMap<String, usize>,
}

impl Tally {
    pub(super) fn add(&mut self, more: Self) {
        self.times.0.extend(more.times.0);
        self.cut += more.cut;
        for (what, count) in more.errors {
            *self.errors.entry(what).or_default() += count;
        }
    }
}

/// By kind.
pub(super) type Tallies = BTreeMap<Kind, Tally>;

/// Asks until `until` with as many clients as the plan says, each with a connection of its own.
pub(super) async fn ask_until(
    until: Instant,
    url: &Url,
    federation: &Arc<Federation>,
    plan: &Plan,
    round: u64,
) -> anyhow::Result<Tallies> {
    let mut clients = JoinSet::new();
    for client in 0..plan.clients as u64 {
        let random = Random::new(plan.seed ^ (round << 32 | client).wrapping_mul(0x9e37_79b9));
        let asker = Asker::new(url, federation, plan, random)?;
        clients.spawn(asker.ask_until(until));
    }
    let mut all = Tallies::new();
    while let Some(tallies) = clients.join_next().await {
        for (kind, tally) in tallies? {
            all.entry(kind).or_default().add(tally);
        }
    }
    Ok(all)
}

/// One client.
pub(super) struct Asker {
    http: reqwest::Client,
    url: Url,
    federation: Arc<Federation>,
    plan: Plan,
    random: Random,
}

impl Asker {
    pub(super) fn new(
        url: &Url,
        federation: &Arc<Federation>,
        plan: &Plan,
        random: Random,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            http: broker::egress::client(ANSWER, false, None)?,
            url: url.clone(),
            federation: Arc::clone(federation),
            plan: plan.clone(),
            random,
        })
    }

    /// Some question of this kind.
    pub(super) fn draw(&mut self, kind: Kind) -> Question {
        let Plan {
            nfs, k, objective, ..
        } = self.plan;
        Question::draw(kind, &self.federation, &mut self.random, nfs, k, objective)
    }

    /// The status and the body.
    pub(super) async fn ask(&self, question: &Question) -> anyhow::Result<(u16, Vec<u8>)> {
        let kind = question.kind();
        let request = self.http.post(self.url.join(kind.path())?);
        let request = request
            .header(CONTENT_TYPE, kind.content_type())
            .header(ACCEPT, kind.accept())
            .body(question.body(&self.federation).to_string());
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await?.to_vec()))
    }

    async fn ask_until(mut self, until: Instant) -> Tallies {
        let mut tallies = Tallies::new();
        // Not all clients begin with the same.
        let first = self.random.below(Kind::ALL.len());
        let kinds = Kind::ALL.into_iter().cycle().skip(first);
        for (nth, kind) in kinds.enumerate() {
            let asked = clock::instant();
            // However short the time, there is something of each kind to tell.
            if asked >= until && nth >= Kind::ALL.len() {
                break;
            }
            let question = self.draw(kind);
            let answer = self.ask(&question).await;
            let tally = tallies.entry(kind).or_default();
            match answer {
                Ok((200, body)) => {
                    tally.times.note(asked.elapsed());
                    tally.cut += usize::from(is_cut(&body));
                }
                Ok((status, _)) => *tally.errors.entry(format!("HTTP {status}")).or_default() += 1,
                Err(error) => *tally.errors.entry(format!("{error:#}")).or_default() += 1,
            }
        }
        tallies
    }
}

/// Whether an answer says that its search was cut for the work that it cost.
pub(super) fn is_cut(body: &[u8]) -> bool {
    let head = body.get(..body.len().min(2_000)).unwrap_or_default();
    let has = |what: &[u8]| head.windows(what.len()).any(|part| part == what);
    has(b"\"cut\":true") || has(b"\"work\":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let mut times = Times::default();
        assert_eq!(times.percentile(50), None);
        for millis in (1..=200).rev() {
            times.note(Duration::from_millis(millis));
        }
        assert_eq!(times.percentile(50), Some(Duration::from_millis(100)));
        assert_eq!(times.percentile(99), Some(Duration::from_millis(198)));
        assert_eq!(times.percentile(100), Some(Duration::from_millis(200)));
        let mut one = Times::default();
        one.note(Duration::from_millis(3));
        assert_eq!(one.percentile(99), Some(Duration::from_millis(3)));
    }

    #[test]
    fn a_cut_is_seen() {
        assert!(is_cut(br#"{"meta":{"k":1,"cut":true}}"#));
        assert!(is_cut(
            br#"{"meta":{"path-vector-cuts":{"work":{"cap":1}}}}"#
        ));
        let by_number =
            br#"{"meta":{"path-vector-cuts":{"max-paths-per-pair":{"cap":1}},"cut":false}}"#;
        assert!(!is_cut(by_number));
    }
}
