//! What tests measured, beside what was ordered. A partner says whether its part passed; what it measured is compared here
//! all the same.

use nffg::{Bandwidth, Delay, DomainId};
use serde::{Deserialize, Serialize};

use super::part::Part;
use super::{Plan, Saga};
use crate::interlude::TestOutcome;
use crate::payload::{Flow, Segment};
use crate::selection::{Chain, DelayBound};

/// What the tests of one try found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tests {
    /// The number of the try, over the service's life.
    pub attempt: u32,
    /// Each segment that was tested, as the answers came.
    pub segments: Vec<SegmentTest>,
    /// Each bound of the delay from end to end, once all segments have passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub end_to_end: Vec<PathTest>,
}

/// What the test of a segment found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentTest {
    /// The domain.
    pub domain: DomainId,
    /// What it says itself.
    pub passed: bool,
    /// The one-way delays of its flows, added up, in nanoseconds, if it told that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ns: Option<u64>,
    /// Each of its flows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowTest>,
    /// What was seen, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What it measured that is not as it was ordered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortfalls: Vec<String>,
}

/// What was measured of a flow, and what was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowTest {
    /// Its link.
    pub link: String,
    /// The one-way delay that was measured, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ns: Option<u64>,
    /// What it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delay_ns: Option<u64>,
    /// The bandwidth that was measured, in bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth_bps: Option<u64>,
    /// What was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_bps: Option<u64>,
}

/// What was measured from end to end, and what may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathTest {
    /// The links, in order.
    pub links: Vec<String>,
    /// How long they may take together, one way, in nanoseconds.
    pub max_delay_ns: u64,
    /// What the domains measured, and what the topology tells of the borders between them; `None` if a domain told nothing
    /// of what it does for these links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ns: Option<u64>,
}

impl SegmentTest {
    /// An outcome beside what was ordered.
    #[must_use]
    pub fn new(segment: &Segment, outcome: &TestOutcome) -> Self {
        let flows: Vec<FlowTest> = segment
            .flows
            .iter()
            .map(|flow| FlowTest::new(flow, outcome))
            .collect();
        let mut shortfalls: Vec<String> = flows.iter().flat_map(FlowTest::shortfalls).collect();
        // Without the delay of each flow, their sum is held against the sum of what they may take.
        let is_told = flows.iter().any(|flow| flow.delay_ns.is_some());
        let mut bounds = flows.iter().map(|flow| flow.max_delay_ns);
        let bound = bounds.try_fold(0_u64, |sum, bound| Some(sum.saturating_add(bound?)));
        if let (false, false, Some(sum), Some(bound)) =
            (is_told, flows.is_empty(), outcome.delay, bound)
            && sum > bound
        {
            let (sum, bound) = (millis(sum), millis(bound));
            shortfalls.push(format!(
                "over its flows a delay of {sum} was measured, and {bound} was ordered"
            ));
        }
        Self {
            domain: segment.domain.clone(),
            passed: outcome.passed,
            delay_ns: outcome.delay,
            flows,
            detail: outcome.detail.clone(),
            shortfalls,
        }
    }

    /// Why it counts as not passed; `None` if it does not.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if self.passed && self.shortfalls.is_empty() {
            return None;
        }
        let mut told: Vec<&str> = self.shortfalls.iter().map(String::as_str).collect();
        if !self.passed {
            let nothing_told = "it says that the test did not pass, and not why";
            let why = if self.detail.is_empty() {
                nothing_told
            } else {
                &self.detail
            };
            told.insert(0, why);
        }
        Some(told.join("; "))
    }

    /// What it measured of these links together; 0 if it does nothing for them, `None` if that is not told.
    fn delay_of(&self, links: &[String]) -> Option<u64> {
        let is_of = |flow: &&FlowTest| links.contains(&flow.link);
        let mut each = self.flows.iter().filter(is_of).map(|flow| flow.delay_ns);
        let sum = each.try_fold(0_u64, |sum, told| Some(sum.saturating_add(told?)));
        // The sum is of no use if it is of other links, too.
        sum.or_else(|| {
            self.delay_ns
                .filter(|_| self.flows.iter().all(|flow| is_of(&flow)))
        })
    }

    /// How much more it measured of these links than it may take; what is not bounded may take nothing.
    fn excess(&self, links: &[String]) -> i128 {
        let flows = self.flows.iter().filter(|flow| links.contains(&flow.link));
        let bounds = flows.filter_map(|flow| flow.max_delay_ns);
        let bounds = bounds.fold(0, u64::saturating_add);
        i128::from(self.delay_of(links).unwrap_or_default()) - i128::from(bounds)
    }
}

impl FlowTest {
    fn new(flow: &Flow, outcome: &TestOutcome) -> Self {
        let measured = outcome.flows.iter().find(|told| told.link == flow.link);
        Self {
            link: flow.link.clone(),
            delay_ns: measured.and_then(|told| told.delay),
            max_delay_ns: flow.max_delay.map(Delay::as_nanos),
            bandwidth_bps: measured.and_then(|told| told.bandwidth),
            ordered_bps: flow.bandwidth.map(Bandwidth::bits_per_second),
        }
    }

    fn shortfalls(&self) -> Vec<String> {
        let link = &self.link;
        let mut told = Vec::new();
        if let Some((found, most)) = self.delay_ns.zip(self.max_delay_ns)
            && found > most
        {
            let (found, most) = (millis(found), millis(most));
            told.push(format!(
                "link {link}: a delay of {found} was measured, and {most} was ordered"
            ));
        }
        if let Some((found, least)) = self.bandwidth_bps.zip(self.ordered_bps)
            && found < least
        {
            let of = Bandwidth::from_bits_per_second;
            let (found, least) = (of(found), of(least));
            told.push(format!(
                "link {link}: a bandwidth of {found} was measured, and {least} was ordered"
            ));
        }
        told
    }
}

/// Nanoseconds as people read them, to the last one: what is a hair too much has to look like it.
fn millis(nanos: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let millis = nanos as f64 / 1e6;
    format!("{millis} ms")
}

/// What the borders on these links take, as the topology tells it.
fn of_borders(chain: &Chain, links: &[String]) -> u64 {
    let ways = chain.ways.iter().filter(|way| links.contains(&way.link));
    let crossings = ways.flat_map(|way| &way.crossings);
    crossings.fold(0, |sum, crossing| sum.saturating_add(crossing.delay_ns))
}

impl Saga {
    /// Tests begin, of the segments of another try.
    pub(super) fn begin_tests(&mut self) {
        self.tests = Some(Tests {
            attempt: self.tries,
            ..Tests::default()
        });
    }

    /// Notes what a test found.
    pub(super) fn note_test(&mut self, test: SegmentTest) {
        let tests = self.tests.get_or_insert_default();
        tests.segments.retain(|known| known.domain != test.domain);
        tests.segments.push(test);
    }

    /// All segments have passed: is the whole as fast as it has to be? If not, the domain that is to blame, and why. That is
    /// the one that takes most of what is too much.
    pub(super) fn end_to_end(&mut self) -> Option<(DomainId, String)> {
        let Some(Plan {
            chain: Some(chain),
            bounds,
            ..
        }) = &self.plan
        else {
            return None;
        };
        let tests = self.tests.get_or_insert_default();
        let domains = || self.parts.iter().map(|part: &Part| &part.domain);
        let of = |domain: &DomainId| tests.segments.iter().find(|test| test.domain == *domain);
        let paths = bounds.iter().map(
            |DelayBound {
                 links,
                 max_delay_ns,
             }| {
                let borders = of_borders(chain, links);
                let delay_ns = domains().try_fold(borders, |sum, domain| {
                    let carries = |way: &crate::selection::Way| {
                        links.contains(&way.link) && way.domains.contains(domain)
                    };
                    if !chain.ways.iter().any(carries) {
                        return Some(sum);
                    }
                    Some(sum.saturating_add(of(domain)?.delay_of(links)?))
                });
                PathTest {
                    links: links.clone(),
                    max_delay_ns: *max_delay_ns,
                    delay_ns,
                }
            },
        );
        let paths: Vec<PathTest> = paths.collect();
        let is_late = |path: &&PathTest| path.delay_ns.is_some_and(|told| told > path.max_delay_ns);
        let late = paths.iter().find(is_late).and_then(|path| {
            let tests = tests.segments.iter();
            let slowest = tests.max_by_key(|test| {
                let excess = test.excess(&path.links);
                (excess, std::cmp::Reverse(&test.domain))
            })?;
            let (found, most) = (millis(path.delay_ns?), millis(path.max_delay_ns));
            let links = path.links.join(", ");
            let why = format!(
                "from end to end over links {links} a delay of {found} was measured, and {most} was ordered"
            );
            Some((slowest.domain.clone(), why))
        });
        tests.end_to_end = paths;
        late
    }
}
