//! What the store counts, as plain numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the classes in [`Stats::commit_times`], in microseconds. The last class has none.
pub const COMMIT_BUCKETS: [u64; 9] = [
    100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000,
];

/// Counts and durations since the store was opened. All but the queue and the snapshots only rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Batches that are kept.
    pub batches: u64,
    /// Batches with a precondition that did not hold.
    pub conflicts: u64,
    /// Batches that failed for another reason.
    pub failures: u64,
    /// Transactions made durable; `batches` by `commits` is the mean size of a group.
    pub commits: u64,
    /// Most batches in one transaction.
    pub largest_group: u64,
    /// Time from the begin of a transaction until it is durable, summed up.
    pub commit_time: Duration,
    /// How many transactions took at most as long as the bound of [`COMMIT_BUCKETS`] (and longer than the one
    /// before); the last took longer than all.
    pub commit_times: [u64; COMMIT_BUCKETS.len() + 1],
    /// Batches that wait now.
    pub queued: u64,
    /// Snapshots that live now.
    pub snapshots: u64,
    /// Snapshots taken.
    pub reads: u64,
    /// Bytes written to the file.
    pub written_bytes: u64,
    /// Times that the file was made durable.
    pub syncs: u64,
    /// Times that the file was opened anew after a failure.
    pub reopened: u64,
    /// The file's length in bytes, when it was last set.
    pub file_bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) batches: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) failures: AtomicU64,
    commits: AtomicU64,
    largest_group: AtomicU64,
    commit_nanos: AtomicU64,
    commit_times: [AtomicU64; COMMIT_BUCKETS.len() + 1],
    pub(super) snapshots: AtomicU64,
    pub(super) reads: AtomicU64,
    pub(super) written_bytes: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) reopened: AtomicU64,
    pub(super) file_bytes: AtomicU64,
}

impl Counters {
    /// Counts a durable transaction.
    pub(super) fn committed(&self, batches: u64, took: Duration) {
        self.batches.fetch_add(batches, Relaxed);
        self.commits.fetch_add(1, Relaxed);
        self.largest_group.fetch_max(batches, Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.commit_nanos.fetch_add(nanos, Relaxed);
        let class = COMMIT_BUCKETS.partition_point(|&bound| bound < nanos.div_ceil(1_000));
        if let Some(count) = self.commit_times.get(class) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn read(&self, queued: usize) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        Stats {
            batches: read(&self.batches),
            conflicts: read(&self.conflicts),
            failures: read(&self.failures),
            commits: read(&self.commits),
            largest_group: read(&self.largest_group),
            commit_time: Duration::from_nanos(read(&self.commit_nanos)),
            commit_times: self.commit_times.each_ref().map(read),
            queued: u64::try_from(queued).unwrap_or(u64::MAX),
            snapshots: read(&self.snapshots),
            reads: read(&self.reads),
            written_bytes: read(&self.written_bytes),
            syncs: read(&self.syncs),
            reopened: read(&self.reopened),
            file_bytes: read(&self.file_bytes),
        }
    }
}
