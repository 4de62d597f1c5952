//! Links that go down and come up again, and how long it takes until answers know.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use broker::clock;
use tokio::time::{Instant, interval, sleep_until};

use super::daemon::Daemon;
use super::federation::Federation;
use super::load::Times;
use super::random::Random;
use super::routes;
use super::speaker::Speaker;

/// Links that are down at once, at most.
const DOWN: usize = 20;

/// What the broker has been told: which links are up, and how far it must be to know.
#[derive(Debug)]
pub(super) struct Told<'a> {
    federation: &'a Federation,
    speaker: Speaker,
    up: Vec<bool>,
    down: VecDeque<u32>,
    random: Random,
    /// Nodes of the sentinel's domain. Each is told after what it stands for, over the same session; when
    /// answers have it, they have all that.
    sentinels: u32,
    flaps: usize,
}

impl<'a> Told<'a> {
    /// All links are up.
    pub(super) fn new(federation: &'a Federation, speaker: Speaker, seed: u64) -> Self {
        Self {
            federation,
            speaker,
            up: vec![true; federation.links().len()],
            down: VecDeque::new(),
            random: Random::new(seed),
            sentinels: 0,
            flaps: 0,
        }
    }

    /// Which links are up.
    pub(super) fn up(&self) -> &[bool] {
        &self.up
    }

    /// How often a link went down or came up.
    pub(super) fn flaps(&self) -> usize {
        self.flaps
    }

    /// Tells one node more of the sentinel's domain; says how many there are then.
    pub(super) async fn mark(&mut self) -> anyhow::Result<u64> {
        self.sentinels += 1;
        let octets = routes::sentinel(self.federation, self.sentinels);
        self.speaker.say(octets).await?;
        Ok(u64::from(self.sentinels))
    }

    /// Waits until answers have everything that was told up to now.
    pub(super) async fn settle(
        &mut self,
        daemon: &Daemon,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let mark = self.mark().await?;
        let sentinel = self.federation.sentinel();
        daemon.await_routes(sentinel, mark, patience).await
    }

    /// A link that is up goes down, or the first that went down comes up again.
    async fn flap(&mut self) -> anyhow::Result<()> {
        let links = self.up.len();
        let most = DOWN.min(links.div_ceil(10));
        let wants_down = self.down.is_empty() || self.random.below(2) == 0;
        let number = if wants_down && self.down.len() < most {
            let drawn = u32::try_from(self.random.below(links)).unwrap_or(0);
            if !self.up[drawn as usize] {
                return Ok(());
            }
            self.down.push_back(drawn);
            drawn
        } else {
            let Some(first) = self.down.pop_front() else {
                return Ok(());
            };
            first
        };
        let up = !self.up[number as usize];
        self.up[number as usize] = up;
        self.flaps += 1;
        let octets = routes::flap(self.federation, number, up);
        self.speaker.say(octets).await
    }

    /// Flaps so often per second until `until`; notes of some flaps how long it took until answers had them.
    pub(super) async fn flap_until(
        &mut self,
        until: Instant,
        per_second: u32,
        daemon: &Daemon,
        patience: Duration,
        visible: &mut Times,
    ) -> anyhow::Result<()> {
        if per_second == 0 {
            sleep_until(until).await;
            return Ok(());
        }
        type Seen<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'a>>;
        let sentinel = self.federation.sentinel();
        let mut watched: Option<(Instant, Seen<'_>)> = None;
        let mut ticks = interval(Duration::from_secs(1) / per_second);
        loop {
            let seen = async {
                match &mut watched {
                    Some((_, seen)) => seen.await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = sleep_until(until) => break,
                result = seen => {
                    result?;
                    if let Some((told, _)) = watched.take() {
                        visible.note(told.elapsed());
                    }
                }
                _ = ticks.tick() => {
                    let told = clock::instant();
                    self.flap().await?;
                    if watched.is_none() {
                        let mark = self.mark().await?;
                        let seen = Box::pin(daemon.await_routes(sentinel, mark, patience));
                        watched = Some((told, seen));
                    }
                }
            }
        }
        // A version may take longer than there is load.
        if let Some((told, seen)) = watched {
            seen.await?;
            visible.note(told.elapsed());
        }
        Ok(())
    }
}
