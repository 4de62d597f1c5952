//! Who works on what, for a time: a record with a precondition, so that several brokers can share one store.
//!
//! ```text
//! worker A                        store                         worker B
//! take ("saga-7", 30 s) ────────▶ claim, version 12
//! work, guard (12)      ────────▶ kept
//!   (stands still for a minute)          ◀──────────── take: A's time is over
//!                                 claim, version 31
//! work, guard (12)      ────────▶ conflict: nothing is written
//! ```
//!
//! The fencing number is the version of the claim's record. Versions only rise, so it may also be sent to
//! others that can refuse a lower one. Clocks decide only when a claim may be taken from somebody who does not
//! answer; that nobody writes after he lost it is the guard's doing, however wrong a clock is.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::batch::{Batch, Expected};
use super::error::StoreError;
use super::key::Key;
use super::range::KeyRange;
use super::table::{Stored, Table, TableName, TypedPage};

const TABLE: Table<String, Claim> = Table::new(TableName::Claims);

/// Who works on something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The worker. No two that live at once may have the same name, so not a host's: a random one per start.
    pub owner: String,
    /// Until when nobody else may take it, in milliseconds of Unix time.
    pub until_ms: i64,
}

/// Why something cannot be claimed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClaimError {
    /// Somebody else works on it, and his time is not over.
    #[error("'{name}' is claimed by '{owner}' until {until_ms} ms of Unix time")]
    Held {
        /// What.
        name: String,
        /// By whom.
        owner: String,
        /// Until when, in milliseconds of Unix time.
        until_ms: i64,
    },
    /// The record could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The claim on something, if there is one.
///
/// # Errors
///
/// As [`Table::get`].
pub async fn look(
    snapshot: &dyn super::Snapshot,
    name: &str,
) -> Result<Option<Stored<Claim>>, StoreError> {
    TABLE.get(snapshot, &name.to_owned()).await
}

/// Claims whose names are in a range, and where to go on.
///
/// # Errors
///
/// As [`Table::scan`].
pub async fn list(
    snapshot: &dyn super::Snapshot,
    range: &KeyRange,
    limit: usize,
) -> Result<TypedPage<String, Claim>, StoreError> {
    TABLE.scan(snapshot, range, limit).await
}

/// Adds to a batch that `owner` claims `name` for `lease`, after `found` ([`look`]) was seen. When the batch
/// is kept, its version is the fencing number. The owner itself may do so again, to go on for longer; its
/// fencing number is then the new one.
///
/// # Errors
///
/// [`ClaimError::Held`] while somebody else's time runs.
pub fn take(
    batch: &mut Batch,
    name: &str,
    found: Option<&Stored<Claim>>,
    owner: &str,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<(), ClaimError> {
    let now_ms = now.as_millisecond();
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let claim = Claim {
        owner: owner.to_owned(),
        until_ms: now_ms.saturating_add(lease_ms),
    };
    let key = name.to_owned();
    match found {
        None => TABLE.create(batch, &key, &claim)?,
        Some(held) if held.value.owner == owner || held.value.until_ms <= now_ms => {
            TABLE.update(batch, &key, held.version, &claim)?;
        }
        Some(held) => {
            return Err(ClaimError::Held {
                name: key,
                owner: held.value.owner.clone(),
                until_ms: held.value.until_ms,
            });
        }
    }
    Ok(())
}

/// Adds to a batch that it is only kept while the claim with this fencing number stands.
pub fn guard(batch: &mut Batch, name: &str, fence: u64) {
    let key = name.to_owned().encode();
    batch.expect(TableName::Claims, key, Expected::Version(fence));
}

/// Adds to a batch that the claim with this fencing number ends.
pub fn release(batch: &mut Batch, name: &str, fence: u64) {
    TABLE.delete(batch, &name.to_owned(), fence);
}
