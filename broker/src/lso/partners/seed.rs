//! Partners of the settings: put into the store at start.
//!
//! The settings say what a partner is; the store says how it stands. A section of the settings is put once, and again when
//! it was changed in the file: what was changed over the API since stays until then. The state is never taken from the
//! settings, so who was suspended or retired stays so. Agreements that a section had and has no more are deleted. A section
//! that is taken out of the file changes nothing: retire the partner.

use nffg::DomainId;
use tracing::info;

use crate::lso::records::{AGREEMENTS, PARTNERS, SEED, SEEDS, Seed};
use crate::lso::{Lso, Wake};
use crate::settings::PartnerEntry;
use crate::store::{Batch, Snapshot, StoreError};

/// How often a section is tried again that met another writer.
const ATTEMPTS: usize = 8;

/// Why a partner of the settings could not be put into the store.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A field breaks a rule; the settings were not checked.
    #[error("sof.partners of {domain}: {field}")]
    Field {
        /// Which.
        domain: DomainId,
        /// What.
        field: nffg::json::FieldError,
    },
    /// The store.
    #[error("cannot keep the partner {domain} of the settings")]
    Store {
        /// Which.
        domain: DomainId,
        /// Why.
        source: StoreError,
    },
}

/// Puts every section that is new or was changed; says how many.
///
/// # Errors
/// The store fails, or a section breaks a rule.
pub async fn plant(lso: &Lso, sections: &[PartnerEntry]) -> Result<usize, SeedError> {
    let mut planted = 0;
    for section in sections {
        let mut attempt = 1;
        loop {
            match plant_one(lso, section).await {
                Err(SeedError::Store {
                    source: StoreError::Conflict(_),
                    ..
                }) if attempt < ATTEMPTS => attempt += 1,
                done => {
                    if done? {
                        planted += 1;
                        lso.wake(Wake::Agreements(section.id.clone()));
                    }
                    break;
                }
            }
        }
    }
    Ok(planted)
}

async fn plant_one(lso: &Lso, section: &PartnerEntry) -> Result<bool, SeedError> {
    let domain = &section.id;
    let field = |field| SeedError::Field {
        domain: domain.clone(),
        field,
    };
    let failed = |source| SeedError::Store {
        domain: domain.clone(),
        source,
    };
    let snapshot = lso.store.snapshot().await.map_err(failed)?;
    let key = (SEED.to_owned(), domain.to_string());
    let planted = SEEDS.get(&*snapshot, &key).await.map_err(failed)?;
    let text = serde_json::to_vec(section).unwrap_or_default();
    let hash = blake3::hash(&text).to_hex().to_string();
    if planted.as_ref().is_some_and(|of| of.value.hash == hash) {
        return Ok(false);
    }
    let agreements = section.agreements().map_err(field)?;
    let details = section.details();
    let details = details.map_err(|errors| field(errors.into()))?;
    let seed = Seed {
        hash,
        agreements: agreements.iter().map(|of| of.id.clone()).collect(),
    };
    let batch = async {
        let mut batch = Batch::new();
        match PARTNERS.get(&*snapshot, &key.1).await? {
            Some(known) => {
                let partner = details.over(&known.value);
                PARTNERS.update(&mut batch, &key.1, known.version, &partner)?;
            }
            None => {
                let partner = details.candidate(domain.clone());
                PARTNERS.create(&mut batch, &key.1, &partner)?;
            }
        }
        for agreement in &agreements {
            let key = (key.1.clone(), agreement.id.clone());
            AGREEMENTS.put(&mut batch, &key, agreement)?;
        }
        let before = planted.as_ref().map(|of| of.value.agreements.as_slice());
        for id in before.unwrap_or_default() {
            if !seed.agreements.contains(id) {
                end(&*snapshot, &mut batch, (key.1.clone(), id.clone())).await?;
            }
        }
        match &planted {
            Some(planted) => SEEDS.update(&mut batch, &key, planted.version, &seed)?,
            None => SEEDS.create(&mut batch, &key, &seed)?,
        }
        Ok(batch)
    };
    let batch = batch.await.map_err(failed)?;
    drop(snapshot);
    lso.store.commit(batch).await.map_err(failed)?;
    info!(partner = %domain, agreements = seed.agreements.len(), "partner of the settings is in the store");
    Ok(true)
}

async fn end(
    snapshot: &dyn Snapshot,
    batch: &mut Batch,
    key: (String, String),
) -> Result<(), StoreError> {
    if let Some(known) = AGREEMENTS.get(snapshot, &key).await? {
        AGREEMENTS.delete(batch, &key, known.version);
    }
    Ok(())
}
