//! The records of partners and agreements: reading them, and changing them under preconditions. Every change wakes the
//! orchestrator.

use std::sync::Arc;

use nffg::DomainId;
use nffg::json::FieldError;
use sof::machine::IllegalStep;
use sof::partner::{
    Agreement, AgreementTerms, PARTNER, Partner, PartnerDetails, PartnerEvent, PartnerState,
};
use tracing::error;

use super::callbacks::Callbacks;
use super::check;
use crate::ingest::{Precondition, Version};
use crate::lso::interlude::Interlude;
use crate::lso::records::{AGREEMENTS, HUB, HUBS, Hub, PARTNERS};
use crate::lso::{Lso, Wake};
use crate::store::key::{Key, Writer};
use crate::store::{Batch, Expected, KeyRange, Snapshot, StoreError, Stored, TypedPage};

/// How often a change is tried again that met another's.
const ATTEMPTS: usize = 8;

/// The most records that one answer lists.
pub const LISTED: usize = 1_000;

/// Why a partner or an agreement cannot be read or changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BookError {
    /// There is no such partner.
    #[error("the domain '{0}' is no partner")]
    UnknownPartner(DomainId),
    /// There is no such agreement.
    #[error("there is no agreement '{id}' with {partner}")]
    UnknownAgreement {
        /// With whom.
        partner: DomainId,
        /// Its name.
        id: String,
    },
    /// Another version is there than the change depends on.
    #[error("{}", match .0 { Some(version) => format!("version {version} is in force"), None => "there is no version yet".to_owned() })]
    Version(Option<u64>),
    /// A partner in this state does not take that.
    #[error(transparent)]
    State(IllegalStep<PartnerState, PartnerEvent>),
    /// Agreements are made with partners that are not retired.
    #[error("{0} is retired: no agreements are made with it")]
    Retired(DomainId),
    /// A field breaks a rule.
    #[error("{0}")]
    Field(FieldError),
    /// Others changed the record again and again.
    #[error("others are changing this record too; try again")]
    Contended,
    /// The store has no room.
    #[error("{0}")]
    Full(String),
    /// The store cannot be used now, or cannot say whether it kept the change.
    #[error("{0}")]
    Unavailable(String),
    /// What the store holds cannot be read.
    #[error("{0}")]
    Broken(String),
}

impl From<StoreError> for BookError {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Full { .. } => Self::Full(text),
            StoreError::Unavailable { .. } | StoreError::InDoubt { .. } | StoreError::Closed => {
                Self::Unavailable(text)
            }
            _ => {
                error!(error = %text, "partners");
                Self::Broken(text)
            }
        }
    }
}

/// The partners, the agreements, and the way to the partners.
#[derive(Debug)]
pub struct Book {
    lso: Lso,
    interlude: Arc<Interlude>,
    callbacks: Callbacks,
    public_url: Option<String>,
}

/// What a change made of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed<V> {
    /// The record.
    pub record: Stored<V>,
    /// There was none before.
    pub is_new: bool,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<V> {
    /// In the order of their names, at most [`LISTED`].
    pub records: Vec<Stored<V>>,
    /// There are more.
    pub more: bool,
}

impl Book {
    /// The book over a store. Partners reach us at `public_url`, if at all.
    #[must_use]
    pub fn new(lso: Lso, interlude: Arc<Interlude>, public_url: Option<String>) -> Self {
        Self {
            lso,
            interlude,
            callbacks: Callbacks::default(),
            public_url,
        }
    }

    /// The shared part of the SOF.
    #[must_use]
    pub fn lso(&self) -> &Lso {
        &self.lso
    }

    /// The client of partners.
    #[must_use]
    pub fn interlude(&self) -> &Arc<Interlude> {
        &self.interlude
    }

    /// Who notifies us where.
    #[must_use]
    pub fn callbacks(&self) -> &Callbacks {
        &self.callbacks
    }

    /// Where partners reach us.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.public_url.as_deref()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        self.lso.store.snapshot().await
    }

    /// A partner.
    ///
    /// # Errors
    /// It is unknown, or the store cannot be read.
    pub async fn partner(&self, domain: &DomainId) -> Result<Stored<Partner>, BookError> {
        let snapshot = self.snapshot().await?;
        let found = PARTNERS.get(&*snapshot, &domain.to_string()).await?;
        found.ok_or_else(|| BookError::UnknownPartner(domain.clone()))
    }

    /// Partners after this one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn partners(&self, after: &str) -> Result<Listed<Partner>, BookError> {
        let snapshot = self.snapshot().await?;
        let mut key = Writer::default();
        key.text(after);
        let range = match after {
            "" => KeyRange::all(),
            _ => KeyRange::all().after(&key.done()),
        };
        Ok(listed(PARTNERS.scan(&*snapshot, &range, LISTED).await?))
    }

    /// Our subscription at a partner.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn hub(&self, domain: &DomainId) -> Result<Option<Stored<Hub>>, StoreError> {
        let snapshot = self.snapshot().await?;
        HUBS.get(&*snapshot, &hub_key(domain)).await
    }

    /// What is wrong with a name of credentials, if the settings do not have it.
    #[must_use]
    pub fn unknown_credentials(&self, name: &str) -> Option<FieldError> {
        let rule = "there is no [sof.credentials.NAME] of this name in the settings";
        let is_known = self.interlude.has_credentials(name);
        (!is_known).then(|| FieldError::invalid("credentials", name, rule))
    }

    /// Keeps a partner as it is told. One that was retired begins anew.
    ///
    /// # Errors
    /// A precondition does not hold, credentials are not in the settings, or the store fails.
    pub async fn put(
        &self,
        domain: &DomainId,
        details: PartnerDetails,
        precondition: &Precondition,
    ) -> Result<Changed<Partner>, BookError> {
        let name = details.credentials.as_deref();
        if let Some(error) = name.and_then(|name| self.unknown_credentials(name)) {
            return Err(BookError::Field(error));
        }
        self.change_partner(domain, precondition, |known| {
            Ok(match known {
                Some(known) if known.state != PartnerState::Retired => details.clone().over(known),
                _ => details.clone().candidate(domain.clone()),
            })
        })
        .await
    }

    /// Something happens to a partner.
    ///
    /// # Errors
    /// It is unknown or does not take that in its state, a precondition does not hold, or the store fails.
    pub async fn step(
        &self,
        domain: &DomainId,
        event: PartnerEvent,
        precondition: &Precondition,
    ) -> Result<Changed<Partner>, BookError> {
        self.change_partner(domain, precondition, |known| {
            let known = known.ok_or_else(|| BookError::UnknownPartner(domain.clone()))?;
            let state = PARTNER.step(known.state, event);
            Ok(Partner {
                state: state.map_err(BookError::State)?,
                ..known.clone()
            })
        })
        .await
    }

    /// Looks at a partner's API, and keeps what was found.
    ///
    /// # Errors
    /// It is unknown or retired, or the store fails.
    pub async fn check(&self, domain: &DomainId) -> Result<Changed<Partner>, BookError> {
        let any = Precondition::None;
        for _ in 0..ATTEMPTS {
            let looked_at = self.partner(domain).await?.value;
            // Who is retired is left alone.
            let retired = PARTNER.step(looked_at.state, PartnerEvent::CheckPassed);
            retired.map_err(BookError::State)?;
            let callback = self.public_url();
            let found = check::look(&self.interlude, &looked_at, callback).await;
            let mut has_moved = false;
            let changed = self
                .change_partner(domain, &any, |known| {
                    let known = known.ok_or_else(|| BookError::UnknownPartner(domain.clone()))?;
                    has_moved =
                        known.apis != looked_at.apis || known.credentials != looked_at.credentials;
                    if has_moved {
                        return Ok(known.clone());
                    }
                    let state = PARTNER.step(known.state, found.event());
                    Ok(Partner {
                        state: state.map_err(BookError::State)?,
                        conformance: Some(found.clone()),
                        ..known.clone()
                    })
                })
                .await?;
            if !has_moved {
                return Ok(changed);
            }
        }
        let found = self.partner(domain).await?;
        Ok(Changed {
            record: found,
            is_new: false,
        })
    }

    async fn change_partner(
        &self,
        domain: &DomainId,
        precondition: &Precondition,
        mut make: impl FnMut(Option<&Partner>) -> Result<Partner, BookError>,
    ) -> Result<Changed<Partner>, BookError> {
        let key = domain.to_string();
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot().await?;
            let known = PARTNERS.get(&*snapshot, &key).await?;
            drop(snapshot);
            holds(precondition, known.as_ref().map(|known| known.version))?;
            let partner = make(known.as_ref().map(|known| &known.value))?;
            let mut batch = Batch::new();
            match &known {
                Some(known) => PARTNERS.update(&mut batch, &key, known.version, &partner)?,
                None => PARTNERS.create(&mut batch, &key, &partner)?,
            }
            if let Some(version) = self.kept(batch, domain).await? {
                return Ok(Changed {
                    record: Stored {
                        version,
                        value: partner,
                    },
                    is_new: known.is_none(),
                });
            }
        }
        Err(BookError::Contended)
    }

    /// Keeps a batch and wakes the orchestrator; `None` if another change was faster, so that what the batch was built on
    /// is not so any more.
    async fn kept(&self, batch: Batch, partner: &DomainId) -> Result<Option<u64>, BookError> {
        match self.lso.store.commit(batch).await {
            Ok(receipt) => {
                self.lso.wake(Wake::Agreements(partner.clone()));
                Ok(Some(receipt.version))
            }
            Err(StoreError::Conflict(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The agreements with a partner.
    ///
    /// # Errors
    /// The partner is unknown, or the store cannot be read.
    pub async fn agreements(&self, partner: &DomainId) -> Result<Listed<Agreement>, BookError> {
        self.partner(partner).await?;
        let snapshot = self.snapshot().await?;
        let mut key = Writer::default();
        key.text(partner.as_str());
        let range = KeyRange::prefix(key.done());
        Ok(listed(AGREEMENTS.scan(&*snapshot, &range, LISTED).await?))
    }

    /// An agreement.
    ///
    /// # Errors
    /// It or the partner is unknown, or the store cannot be read.
    pub async fn agreement(
        &self,
        partner: &DomainId,
        id: &str,
    ) -> Result<Stored<Agreement>, BookError> {
        self.partner(partner).await?;
        let snapshot = self.snapshot().await?;
        let key = (partner.to_string(), id.to_owned());
        let found = AGREEMENTS.get(&*snapshot, &key).await?;
        found.ok_or_else(|| BookError::UnknownAgreement {
            partner: partner.clone(),
            id: id.to_owned(),
        })
    }

    /// Keeps an agreement as it is told.
    ///
    /// # Errors
    /// The partner is unknown or retired, a precondition does not hold, or the store fails.
    pub async fn put_agreement(
        &self,
        partner: &DomainId,
        id: &str,
        terms: &AgreementTerms,
        precondition: &Precondition,
    ) -> Result<Changed<Agreement>, BookError> {
        let key = (partner.to_string(), id.to_owned());
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot().await?;
            let with = PARTNERS.get(&*snapshot, &key.0).await?;
            let with = with.ok_or_else(|| BookError::UnknownPartner(partner.clone()))?;
            if with.value.state == PartnerState::Retired {
                return Err(BookError::Retired(partner.clone()));
            }
            let known = AGREEMENTS.get(&*snapshot, &key).await?;
            drop(snapshot);
            let known = known.map(|known| known.version);
            holds(precondition, known)?;
            let agreement = terms.clone().agreement(partner.clone(), id.to_owned());
            let mut batch = Batch::new();
            // With a partner as it was seen: not retired.
            let partner_key = key.0.encode();
            batch.expect(
                PARTNERS.name(),
                partner_key,
                Expected::Version(with.version),
            );
            match known {
                Some(version) => AGREEMENTS.update(&mut batch, &key, version, &agreement)?,
                None => AGREEMENTS.create(&mut batch, &key, &agreement)?,
            }
            if let Some(version) = self.kept(batch, partner).await? {
                return Ok(Changed {
                    record: Stored {
                        version,
                        value: agreement,
                    },
                    is_new: known.is_none(),
                });
            }
        }
        Err(BookError::Contended)
    }

    /// Ends an agreement: nothing is ordered under it any more.
    ///
    /// # Errors
    /// It is unknown, a precondition does not hold, or the store fails.
    pub async fn delete_agreement(
        &self,
        partner: &DomainId,
        id: &str,
        precondition: &Precondition,
    ) -> Result<(), BookError> {
        let key = (partner.to_string(), id.to_owned());
        let unknown = || BookError::UnknownAgreement {
            partner: partner.clone(),
            id: id.to_owned(),
        };
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot().await?;
            let known = AGREEMENTS.get(&*snapshot, &key).await?;
            drop(snapshot);
            let known = known.ok_or_else(unknown)?;
            holds(precondition, Some(known.version))?;
            let mut batch = Batch::new();
            AGREEMENTS.delete(&mut batch, &key, known.version);
            if self.kept(batch, partner).await?.is_some() {
                return Ok(());
            }
        }
        Err(BookError::Contended)
    }
}

pub(super) fn hub_key(domain: &DomainId) -> (String, String) {
    (HUB.to_owned(), domain.to_string())
}

fn holds(precondition: &Precondition, version: Option<u64>) -> Result<(), BookError> {
    let told = version.map(|version| Version::named(&version.to_string()));
    if precondition.holds(told.as_ref()) {
        Ok(())
    } else {
        Err(BookError::Version(version))
    }
}

fn listed<K, V>(page: TypedPage<K, V>) -> Listed<V> {
    Listed {
        records: page.records.into_iter().map(|(_, record)| record).collect(),
        more: page.next.is_some(),
    }
}
