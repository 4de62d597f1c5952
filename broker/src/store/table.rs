//! The tables, and the typed view of one.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::batch::{Batch, Expected};
use super::error::{RecordFault, StoreError};
use super::key::Key;
use super::range::KeyRange;
use super::{Record, Snapshot};

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The tables. A new one needs a new format (docs/store.md): an older broker would not keep it up.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TableName {
            $($(#[$doc])* $name,)*
        }

        impl TableName {
            /// All tables, in order.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            /// The name in the file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

tables! {
    /// Service orders and their items.
    Orders = "orders",
    /// The service inventory.
    Services = "services",
    /// Partners and how to reach them.
    Partners = "partners",
    /// Agreements with partners.
    Agreements = "agreements",
    /// Recorded choices of partners.
    Selections = "selections",
    /// Where each order's work stands.
    Sagas = "sagas",
    /// Who wants to be notified of what.
    Subscriptions = "subscriptions",
    /// Notifications to be sent, in order per subscriber.
    Outbox = "outbox",
    /// Notifications that were given up.
    DeadLetters = "dead-letters",
    /// Capacity that is held.
    Reservations = "reservations",
    /// Requests that were answered, so that they are not carried out twice.
    IdempotencyKeys = "idempotency-keys",
    /// Who works on what, until when.
    Claims = "claims",
    /// What there is one of per broker.
    Meta = "meta",
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value with the version of its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<V> {
    /// The record's version: what [`Table::update`] wants to see again.
    pub version: u64,
    /// The value.
    pub value: V,
}

/// What a typed scan found.
#[derive(Clone, Debug)]
pub struct TypedPage<K, V> {
    /// Keys and values, in the range's order.
    pub records: Vec<(K, Stored<V>)>,
    /// What is left of the range, if there may be more in it.
    pub next: Option<KeyRange>,
}

/// A table with keys and values of types; values are JSON.
pub struct Table<K, V> {
    name: TableName,
    key: PhantomData<fn(K) -> K>,
    value: PhantomData<fn(V) -> V>,
}

impl<K, V> Table<K, V> {
    /// The typed view of a table. One table has one pair of types: make it a constant.
    #[must_use]
    pub const fn new(name: TableName) -> Self {
        Self {
            name,
            key: PhantomData,
            value: PhantomData,
        }
    }

    /// The table.
    #[must_use]
    pub const fn name(&self) -> TableName {
        self.name
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.name).finish()
    }
}

impl<K: Key, V: Serialize + DeserializeOwned> Table<K, V> {
    /// The value under a key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Record`] when the record is not a `V`; as [`Snapshot::get`].
    pub async fn get(
        &self,
        snapshot: &dyn Snapshot,
        key: &K,
    ) -> Result<Option<Stored<V>>, StoreError> {
        let key = key.encode();
        let record = snapshot.get(self.name, &key).await?;
        record
            .map(|record| decode(self.name, &key, &record))
            .transpose()
    }

    /// The first values of a range of encoded keys ([`Key::encode`]).
    ///
    /// # Errors
    ///
    /// [`StoreError::Record`] when a record is not a `K` with a `V`; as [`Snapshot::scan`].
    pub async fn scan(
        &self,
        snapshot: &dyn Snapshot,
        range: &KeyRange,
        limit: usize,
    ) -> Result<TypedPage<K, V>, StoreError> {
        let page = snapshot.scan(self.name, range, limit).await?;
        let records = page.records.iter().map(|(key, record)| {
            let typed = K::decode(key).ok_or_else(|| fault(self.name, key, RecordFault::Key))?;
            Ok((typed, decode(self.name, key, record)?))
        });
        Ok(TypedPage {
            records: records.collect::<Result<_, StoreError>>()?,
            next: page.next,
        })
    }

    /// Makes a record where there must be none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Record`] when the value cannot be written as JSON.
    pub fn create(&self, batch: &mut Batch, key: &K, value: &V) -> Result<(), StoreError> {
        self.write(batch, key, Some(Expected::Absent), value)
    }

    /// Makes a record anew that nobody must have written since it had `version`.
    ///
    /// # Errors
    ///
    /// As [`Table::create`].
    pub fn update(
        &self,
        batch: &mut Batch,
        key: &K,
        version: u64,
        value: &V,
    ) -> Result<(), StoreError> {
        self.write(batch, key, Some(Expected::Version(version)), value)
    }

    /// Writes a record, whether there is one or not: for what has one writer, or where the last word counts.
    ///
    /// # Errors
    ///
    /// As [`Table::create`].
    pub fn put(&self, batch: &mut Batch, key: &K, value: &V) -> Result<(), StoreError> {
        self.write(batch, key, None, value)
    }

    /// Deletes a record that nobody must have written since it had `version`.
    pub fn delete(&self, batch: &mut Batch, key: &K, version: u64) {
        let key = key.encode();
        batch
            .expect(self.name, key.clone(), Expected::Version(version))
            .delete(self.name, key);
    }

    fn write(
        &self,
        batch: &mut Batch,
        key: &K,
        expected: Option<Expected>,
        value: &V,
    ) -> Result<(), StoreError> {
        let key = key.encode();
        let value = encode(self.name, &key, value)?;
        if let Some(expected) = expected {
            batch.expect(self.name, key.clone(), expected);
        }
        batch.put(self.name, key, value);
        Ok(())
    }
}

pub(super) fn encode<V: Serialize>(
    table: TableName,
    key: &[u8],
    value: &V,
) -> Result<Bytes, StoreError> {
    match serde_json::to_vec(value) {
        Ok(json) => Ok(json.into()),
        Err(error) => Err(fault(table, key, RecordFault::Encode(error.to_string()))),
    }
}

pub(super) fn decode<V: DeserializeOwned>(
    table: TableName,
    key: &[u8],
    record: &Record,
) -> Result<Stored<V>, StoreError> {
    match serde_json::from_slice(&record.value) {
        Ok(value) => Ok(Stored {
            version: record.version,
            value,
        }),
        Err(error) => Err(fault(table, key, RecordFault::Decode(error.to_string()))),
    }
}

pub(super) fn fault(table: TableName, key: &[u8], fault: RecordFault) -> StoreError {
    StoreError::Record {
        table,
        key: key.escape_ascii().to_string(),
        fault,
    }
}
