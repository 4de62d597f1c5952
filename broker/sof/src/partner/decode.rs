//! Partners and agreements from JSON. Every fault names field, value and rule; members that are not known are
//! refused, since a misspelt bound is a bound that is not there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nffg::json::{Cursor, FieldError};
use nffg::{Bandwidth, Delay, DomainId};
use serde_json::Value;
use url::{Host, Url};

use super::{Agreement, Bounds, Partner, PartnerState, Price, Sls};
use crate::mef::{Api, ReferencePoint};

/// The longest name, id or URN, in characters.
pub const MAX_TEXT: usize = 200;
/// The most payloads that a partner may be told to take.
pub const MAX_SERVICE_TYPES: usize = 100;

/// What is told of a partner: everything but its state and what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct PartnerDetails {
    /// Its name, for people.
    pub name: Option<String>,
    /// Its legal entity identifier.
    pub legal_entity: Option<String>,
    /// Where its Interlude APIs are.
    pub base_url: Url,
    /// Its APIs and their major versions.
    pub apis: BTreeMap<Api, u32>,
    /// The name of the credentials.
    pub credentials: Option<String>,
    /// The payloads that it takes.
    pub service_types: BTreeSet<String>,
}

/// What is told of an agreement: everything but its id and the partner.
#[derive(Clone, Debug, PartialEq)]
pub struct AgreementTerms {
    /// The URN of the payload.
    pub service_type: String,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// What may be ordered.
    pub bounds: Bounds,
    /// What it costs.
    pub price: Price,
    /// What is promised.
    pub sls: Sls,
}

impl PartnerDetails {
    /// A partner that was not looked at yet.
    #[must_use]
    pub fn candidate(self, domain: DomainId) -> Partner {
        Partner {
            domain,
            name: self.name,
            legal_entity: self.legal_entity,
            state: PartnerState::Candidate,
            base_url: self.base_url,
            apis: self.apis,
            credentials: self.credentials,
            service_types: self.service_types,
            conformance: None,
        }
    }

    /// The same partner, told anew: its state stays, and so does what was found, if it is still where that was found.
    #[must_use]
    pub fn over(self, known: &Partner) -> Partner {
        let is_where_it_was = self.base_url == known.base_url
            && self.apis == known.apis
            && self.credentials == known.credentials;
        Partner {
            state: known.state,
            conformance: known.conformance.clone().filter(|_| is_where_it_was),
            ..self.candidate(known.domain.clone())
        }
    }
}

impl AgreementTerms {
    /// The agreement of this id with this partner.
    #[must_use]
    pub fn agreement(self, partner: DomainId, id: String) -> Agreement {
        Agreement {
            id,
            partner,
            service_type: self.service_type,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            bounds: self.bounds,
            price: self.price,
            sls: self.sls,
        }
    }
}

/// Reads what is told of a partner.
///
/// # Errors
/// The first fault.
pub fn decode_partner(root: &Cursor<'_>) -> Result<PartnerDetails, FieldError> {
    const KNOWN: [&str; 6] = [
        "name",
        "legal-entity",
        "base-url",
        "apis",
        "credentials",
        "service-types",
    ];
    only(root, &KNOWN)?;
    let credentials = root.present("credentials")?;
    let base = root.required("base-url")?;
    let base_url = base_url(&base)?;
    if credentials.is_some() && base_url.scheme() != "https" && !is_here(&base_url) {
        return Err(base.invalid("credentials go over https alone, save to this machine"));
    }
    Ok(PartnerDetails {
        name: text_of(root.present("name")?)?,
        legal_entity: root.present("legal-entity")?.map(lei).transpose()?,
        base_url,
        apis: apis(&root.required("apis")?)?,
        credentials: text_of(credentials)?,
        service_types: service_types(&root.required("service-types")?)?,
    })
}

/// Reads what is told of an agreement.
///
/// # Errors
/// The first fault.
pub fn decode_agreement(root: &Cursor<'_>) -> Result<AgreementTerms, FieldError> {
    const KNOWN: [&str; 6] = [
        "service-type",
        "valid-from",
        "valid-until",
        "bounds",
        "price",
        "sls",
    ];
    only(root, &KNOWN)?;
    let valid_from: Timestamp = root.required("valid-from")?.parse()?;
    let until = root.present("valid-until")?;
    let valid_until: Option<Timestamp> = until.map(|until| until.parse()).transpose()?;
    if let (Some(cursor), Some(end)) = (until, valid_until)
        && end <= valid_from
    {
        return Err(cursor.invalid("must be after valid-from"));
    }
    let read = |name| root.present(name);
    Ok(AgreementTerms {
        service_type: urn(&root.required("service-type")?)?,
        valid_from,
        valid_until,
        bounds: read("bounds")?.map(bounds).transpose()?.unwrap_or_default(),
        price: read("price")?.map(price).transpose()?.unwrap_or_default(),
        sls: read("sls")?.map(sls).transpose()?.unwrap_or_default(),
    })
}

fn only(object: &Cursor<'_>, known: &[&str]) -> Result<(), FieldError> {
    let mut members = object.object()?.keys();
    match members.find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let rule = format!("known here: {}", known.join(", "));
            Err(FieldError::invalid(unknown, unknown, rule).below(&object.path()))
        }
    }
}

fn text(cursor: &Cursor<'_>) -> Result<String, FieldError> {
    let text = cursor.string()?;
    let is_fine = !text.trim().is_empty()
        && text.chars().count() <= MAX_TEXT
        && !text.chars().any(char::is_control);
    if is_fine {
        Ok(text.to_owned())
    } else {
        let rule = format_args!("1 to {MAX_TEXT} characters, none of them a control character");
        Err(cursor.invalid(rule))
    }
}

fn text_of(cursor: Option<Cursor<'_>>) -> Result<Option<String>, FieldError> {
    cursor.as_ref().map(text).transpose()
}

/// An LEI has 20 digits and capital letters, and a checksum as ISO 7064 MOD 97-10 has it: letters are numbers from 10
/// on, and the whole leaves 1 when it is divided by 97.
fn lei(cursor: Cursor<'_>) -> Result<String, FieldError> {
    let text = cursor.string()?;
    let is_lei = text.len() == 20
        && text
            .bytes()
            .all(|octet| octet.is_ascii_digit() || octet.is_ascii_uppercase())
        && text
            .chars()
            .filter_map(|sign| sign.to_digit(36))
            .fold(0, |rest, digit| {
                let width = if digit < 10 { 10 } else { 100 };
                (rest * width + digit) % 97
            })
            == 1;
    if is_lei {
        Ok(text.to_owned())
    } else {
        Err(cursor.invalid("a legal entity identifier (ISO 17442): 20 digits and capital letters, the last two a checksum"))
    }
}

/// A URL to which a path may be added. `.../mefApi/...` would be there twice.
fn base_url(cursor: &Cursor<'_>) -> Result<Url, FieldError> {
    let url: Url = cursor.parse()?;
    let rule = if !["http", "https"].contains(&url.scheme()) {
        "an http or https URL"
    } else if !url.username().is_empty() || url.password().is_some() {
        "credentials are told by name, in `credentials`, and not in the URL"
    } else if url.query().is_some() || url.fragment().is_some() {
        "a path is added to it, so neither query nor fragment"
    } else if url
        .path_segments()
        .is_some_and(|mut parts| parts.any(|part| part == "mefApi"))
    {
        "without /mefApi and what follows: that is added"
    } else if cursor
        .string()
        .is_ok_and(|text| text.chars().count() > 10 * MAX_TEXT)
    {
        "at most 2000 characters"
    } else {
        return Ok(url);
    };
    Err(cursor.invalid(rule))
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Current and previous versions are spoken side by side.
fn apis(cursor: &Cursor<'_>) -> Result<BTreeMap<Api, u32>, FieldError> {
    only(cursor, &Api::ALL.map(Api::word))?;
    let mut apis = BTreeMap::new();
    for api in Api::ALL {
        if let Some(version) = cursor.present(api.word())? {
            let current = api.version(ReferencePoint::Interlude);
            let oldest = current.saturating_sub(1).max(1);
            let told = version.integer(oldest.into(), current.into())?;
            apis.insert(api, u32::try_from(told).unwrap_or(current));
        }
    }
    if apis.contains_key(&Api::ServiceOrdering) {
        Ok(apis)
    } else {
        cursor.required(Api::ServiceOrdering.word()).map(|_| apis)
    }
}

fn urn(cursor: &Cursor<'_>) -> Result<String, FieldError> {
    let told = text(cursor)?;
    let mut parts = told.splitn(3, ':');
    let is_urn = parts
        .next()
        .is_some_and(|urn| urn.eq_ignore_ascii_case("urn"))
        && parts.next().is_some_and(|space| space.len() >= 2)
        && parts.next().is_some_and(|name| !name.is_empty());
    if is_urn && !told.contains(char::is_whitespace) {
        Ok(told)
    } else {
        Err(cursor.invalid("a URN (RFC 8141), as urn:brokermdo:schema:segment:v1"))
    }
}

fn service_types(cursor: &Cursor<'_>) -> Result<BTreeSet<String>, FieldError> {
    let elements = cursor.array()?;
    let number = elements.len();
    if number == 0 || number > MAX_SERVICE_TYPES {
        return Err(cursor.invalid(format_args!("1 to {MAX_SERVICE_TYPES} URNs")));
    }
    elements.map(|element| urn(&element)).collect()
}

fn bounds(cursor: Cursor<'_>) -> Result<Bounds, FieldError> {
    only(&cursor, &["services", "bandwidth", "cpu"])?;
    let services = cursor.present("services")?;
    let services = services.map(|services| services.integer(0, u32::MAX.into()));
    let cpu = cursor.present("cpu")?.map(|cpu| match cpu.number() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number + 0.0),
        Ok(_) => Err(cpu.invalid("a number that is not negative")),
        Err(error) => Err(error),
    });
    Ok(Bounds {
        services: services
            .transpose()?
            .and_then(|number| u32::try_from(number).ok()),
        bandwidth: cursor
            .present("bandwidth")?
            .map(|told| {
                amount(told, |text| {
                    Bandwidth::parse(text, 1.0).map(Bandwidth::bits_per_second)
                })
            })
            .transpose()?,
        cpu: cpu.transpose()?,
    })
}

/// A text with a unit, or a whole number of the smallest.
fn amount<E: std::fmt::Display>(
    cursor: Cursor<'_>,
    parse: impl FnOnce(&str) -> Result<u64, E>,
) -> Result<u64, FieldError> {
    match cursor.value() {
        Value::String(text) => parse(text).map_err(|error| cursor.invalid(error)),
        _ => cursor.integer(0, u64::MAX),
    }
}

fn price(cursor: Cursor<'_>) -> Result<Price, FieldError> {
    only(&cursor, &["segment", "function", "mbps"])?;
    let read = |name| match cursor.present(name)? {
        Some(told) => thousandths(&told),
        None => Ok(0),
    };
    Ok(Price {
        segment: read("segment")?,
        function: read("function")?,
        mbps: read("mbps")?,
    })
}

/// A price in units of account, to three decimals.
fn thousandths(cursor: &Cursor<'_>) -> Result<u64, FieldError> {
    let number = (cursor.number()? * 1000.0).round();
    if !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return Err(cursor.invalid("a price from 0 to 4294967.295"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range, and whole"
    )]
    Ok(number as u64)
}

fn sls(cursor: Cursor<'_>) -> Result<Sls, FieldError> {
    only(&cursor, &["delay", "availability"])?;
    let availability = cursor.present("availability")?;
    let availability = availability.map(|told| match told.number() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share + 0.0),
        Ok(_) => Err(told.invalid("a share from 0 to 1")),
        Err(error) => Err(error),
    });
    Ok(Sls {
        delay: cursor
            .present("delay")?
            .map(|told| {
                amount(told, |text| {
                    Delay::parse(text, std::time::Duration::from_nanos(1)).map(Delay::as_nanos)
                })
            })
            .transpose()?,
        availability: availability.transpose()?,
    })
}
