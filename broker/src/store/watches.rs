//! Wake-ups: that a table was written, and nothing more.

use std::collections::BTreeMap;

use tokio::sync::watch;

use super::batch::Batch;
use super::table::TableName;

/// One wake-up per table.
#[derive(Debug)]
pub(super) struct Watches(BTreeMap<TableName, watch::Sender<u64>>);

impl Default for Watches {
    fn default() -> Self {
        let sender = |table| (table, watch::Sender::new(0));
        Self(TableName::ALL.into_iter().map(sender).collect())
    }
}

impl Watches {
    pub(super) fn of(&self, table: TableName) -> watch::Receiver<u64> {
        match self.0.get(&table) {
            Some(sender) => sender.subscribe(),
            // All tables are there.
            None => watch::Sender::new(0).subscribe(),
        }
    }

    /// Wakes who watches a table that the batch wrote.
    pub(super) fn wake(&self, version: u64, batch: &Batch) {
        for write in batch.writes() {
            if let Some(sender) = self.0.get(&write.table()) {
                sender.send_if_modified(|last| {
                    let is_newer = *last < version;
                    *last = version.max(*last);
                    is_newer
                });
            }
        }
    }
}
