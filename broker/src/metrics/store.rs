//! What the store counts, read when somebody asks for metrics.

use std::sync::Weak;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::store::{COMMIT_BUCKETS, Store};

/// A store, for as long as it is there.
#[derive(Debug)]
pub(super) struct StoreMetrics(pub(super) Weak<dyn Store>);

impl Collector for StoreMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Some(store) = self.0.upgrade() else {
            return Ok(());
        };
        let stats = store.stats();
        let counters = [
            ("batches", "Batches that are kept", stats.batches),
            (
                "conflicts",
                "Batches with a precondition that did not hold",
                stats.conflicts,
            ),
            (
                "failures",
                "Batches that failed for another reason",
                stats.failures,
            ),
            ("reads", "Snapshots taken", stats.reads),
            (
                "written_bytes",
                "Bytes written to the file",
                stats.written_bytes,
            ),
            ("syncs", "Times that the file was made durable", stats.syncs),
            (
                "reopened",
                "Times that the file was opened anew after a failure",
                stats.reopened,
            ),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            let name = format!("store_{name}");
            let metric = encoder.encode_descriptor(&name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        let gauges = [
            (
                "largest_group",
                "Most batches in one transaction",
                stats.largest_group,
            ),
            ("queued", "Batches that wait", stats.queued),
            ("snapshots", "Snapshots that live", stats.snapshots),
            ("file_bytes", "The file's length", stats.file_bytes),
            (
                "in_trouble",
                "1 while the store cannot write",
                u64::from(store.trouble().is_some()),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let name = format!("store_{name}");
            let metric = encoder.encode_descriptor(&name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        #[expect(clippy::cast_precision_loss, reason = "bounds of some microseconds")]
        let bounds = COMMIT_BUCKETS.iter().map(|micros| *micros as f64 / 1e6);
        let buckets: Vec<(f64, u64)> = bounds
            .chain([f64::INFINITY])
            .zip(stats.commit_times)
            .collect();
        let mut metric = encoder.encode_descriptor(
            "store_commit",
            "From the begin of a transaction until it is durable",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        let sum = stats.commit_time.as_secs_f64();
        metric.encode_histogram::<NoLabelSet>(sum, stats.commits, &buckets, None)
    }
}
