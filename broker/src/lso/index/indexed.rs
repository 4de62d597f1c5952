//! A store whose batches the index sees.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::{Entry, Index, Indexes};
use crate::store::key::Key;
use crate::store::{
    Answer, Batch, Expected, Receipt, Snapshot, Stats, Store, StoreError, TableName, Write,
};

/// A store in front of another. What is written to orders and services is in the index before the writer hears that it is
/// durable.
#[derive(Debug)]
pub struct Indexed {
    inner: Arc<dyn Store>,
    indexes: Arc<Indexes>,
}

impl Indexed {
    /// A store in front of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, indexes: Arc<Indexes>) -> Self {
        Self { inner, indexes }
    }
}

/// A record that a batch writes, or deletes.
#[derive(Debug)]
struct Touched {
    table: TableName,
    id: String,
    value: Option<Bytes>,
    /// The version that the batch depends on, 0 for none.
    before: Option<u64>,
}

fn touched(batch: &Batch) -> Vec<Touched> {
    let of_records = batch
        .writes()
        .iter()
        .filter(|write| matches!(write.table(), TableName::Orders | TableName::Services));
    of_records
        .filter_map(|write| {
            let (key, value) = match write {
                Write::Put { key, value, .. } => (key, Some(value.clone())),
                Write::Delete { key, .. } => (key, None),
                Write::Append { .. } => return None,
            };
            let expects = batch.expects().iter();
            let mut expects =
                expects.filter(|expect| expect.table == write.table() && expect.key == *key);
            Some(Touched {
                table: write.table(),
                id: String::decode(key)?,
                value,
                before: expects.find_map(|expect| match expect.expected {
                    Expected::Absent => Some(0),
                    Expected::Version(version) => Some(version),
                    Expected::Present => None,
                }),
            })
        })
        .collect()
}

/// A batch on its way. When it is dropped before it is known how that ended, its records are doubtful.
struct OnItsWay<'a> {
    indexes: &'a Indexes,
    touched: Vec<Touched>,
}

impl OnItsWay<'_> {
    fn kept(mut self, version: u64) {
        for one in std::mem::take(&mut self.touched) {
            match one.table {
                TableName::Orders => write(&self.indexes.orders, &one, version),
                _ => write(&self.indexes.services, &one, version),
            }
        }
    }

    fn refused(mut self) {
        self.touched.clear();
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        for one in &self.touched {
            match one.table {
                TableName::Orders => self.indexes.orders.doubt(&one.id, one.before),
                _ => self.indexes.services.doubt(&one.id, one.before),
            }
        }
    }
}

fn write<E: Entry>(index: &Index<E>, one: &Touched, version: u64) {
    let record = one.value.as_deref().map(serde_json::from_slice);
    match record.transpose() {
        Ok(record) => index.apply(&one.id, version, record.as_ref()),
        // The reading of it will say what is wrong.
        Err(_) => index.doubt(&one.id, one.before),
    }
}

impl Store for Indexed {
    fn commit(&self, batch: Batch) -> Answer<'_, Receipt> {
        let touched = touched(&batch);
        if touched.is_empty() {
            return self.inner.commit(batch);
        }
        Box::pin(async move {
            let on_its_way = OnItsWay {
                indexes: &self.indexes,
                touched,
            };
            let done = self.inner.commit(batch).await;
            match &done {
                Ok(receipt) => on_its_way.kept(receipt.version),
                Err(StoreError::InDoubt { .. }) => drop(on_its_way),
                Err(_) => on_its_way.refused(),
            }
            done
        })
    }

    fn snapshot(&self) -> Answer<'_, Box<dyn Snapshot>> {
        self.inner.snapshot()
    }

    fn watch(&self, table: TableName) -> watch::Receiver<u64> {
        self.inner.watch(table)
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}
