//! Partners and agreements from JSON. Every fault names field, value and rule; members that are not known are
//! refused, since a misspelt bound is a bound that is not there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nffg::json::{Cursor, FieldError};
use nffg::{Bandwidth, Delay, DomainId};
use serde_json::Value;
use url::{Host, Url};

use super::faults::{Faults, FieldErrors};
use super::{Agreement, Availability, Bounds, Endpoint, Partner, PartnerState, Price, Sls};
use crate::mef::{Api, ReferencePoint};

/// The longest name, id or URN, in characters.
pub const MAX_TEXT: usize = 200;
/// The most payloads that a partner may be told to take.
pub const MAX_SERVICE_TYPES: usize = 100;
/// The most versions that a partner may have of one API.
pub const MAX_VERSIONS: usize = 10;
/// The largest major version of an API.
const LARGEST_VERSION: u32 = 999;

/// What is told of a partner: everything but its state and what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct PartnerDetails {
    /// Its name, for people.
    pub name: Option<String>,
    /// Its legal entity identifier.
    pub legal_entity: Option<String>,
    /// Its APIs, and where each is.
    pub apis: BTreeMap<Api, Endpoint>,
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
            apis: self.apis,
            credentials: self.credentials,
            service_types: self.service_types,
            conformance: None,
        }
    }

    /// The same partner, told anew: its state stays, and so does what was found, if it is still where that was found.
    #[must_use]
    pub fn over(self, known: &Partner) -> Partner {
        let is_where_it_was = self.apis == known.apis && self.credentials == known.credentials;
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
/// Every fault.
pub fn decode_partner(root: &Cursor<'_>) -> Result<PartnerDetails, FieldErrors> {
    const KNOWN: [&str; 6] = [
        "name",
        "legal-entity",
        "base-url",
        "apis",
        "credentials",
        "service-types",
    ];
    root.object()?;
    let mut faults = Faults::default();
    let name = faults.optional(root, "name", |name| text(&name));
    let legal_entity = faults.optional(root, "legal-entity", lei);
    let is_secret = root
        .value()
        .get("credentials")
        .is_some_and(|of| !of.is_null());
    let apis = apis(root, is_secret, &mut faults);
    let credentials = faults.optional(root, "credentials", |name| text(&name));
    let service_types = service_types(root, &mut faults);
    faults.only(root, &KNOWN);
    faults.finish(Some(PartnerDetails {
        name,
        legal_entity,
        apis,
        credentials,
        service_types,
    }))
}

/// Reads what is told of an agreement.
///
/// # Errors
/// Every fault.
pub fn decode_agreement(root: &Cursor<'_>) -> Result<AgreementTerms, FieldErrors> {
    const KNOWN: [&str; 6] = [
        "service-type",
        "valid-from",
        "valid-until",
        "bounds",
        "price",
        "sls",
    ];
    root.object()?;
    let mut faults = Faults::default();
    let service_type = faults.required(root, "service-type", |told| urn(&told));
    let valid_from = faults.required(root, "valid-from", |told| told.parse::<Timestamp>());
    let valid_until = faults.optional(root, "valid-until", |told| {
        let end = told.parse::<Timestamp>()?;
        match valid_from {
            Some(from) if end <= from => Err(told.invalid("must be after valid-from")),
            _ => Ok(end),
        }
    });
    let mut member = |name, known: &[&str]| {
        let member = faults.optional(root, name, |member| member.object().map(|_| member))?;
        faults.only(&member, known);
        Some(member)
    };
    let told_bounds = member("bounds", &["services", "bandwidth", "cpu"]);
    let told_price = member("price", &["segment", "function", "mbps"]);
    let told_sls = member("sls", &["delay", "availability"]);
    let bounds = told_bounds.map(|told| bounds(&told, &mut faults));
    let price = told_price.map(|told| price(&told, &mut faults));
    let sls = told_sls.map(|told| sls(&told, &mut faults));
    faults.only(root, &KNOWN);
    let terms = service_type.zip(valid_from);
    faults.finish(terms.map(|(service_type, valid_from)| AgreementTerms {
        service_type,
        valid_from,
        valid_until,
        bounds: bounds.unwrap_or_default(),
        price: price.unwrap_or_default(),
        sls: sls.unwrap_or_default(),
    }))
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

/// Where credentials may be sent.
fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || is_here(url)
}

/// The APIs, each with a URL of its own or at `base-url`.
fn apis(root: &Cursor<'_>, is_secret: bool, faults: &mut Faults) -> BTreeMap<Api, Endpoint> {
    let url_of = |cursor: Cursor<'_>| {
        let url = base_url(&cursor)?;
        match is_secret && !is_safe(&url) {
            true => Err(cursor.invalid("credentials go over https alone, save to this machine")),
            false => Ok(url),
        }
    };
    let is_told = root.value().get("base-url").is_some_and(|of| !of.is_null());
    let base = faults.optional(root, "base-url", url_of);
    let mut apis = BTreeMap::new();
    let Some(told) = faults.required(root, "apis", |apis| apis.object().map(|_| apis)) else {
        return apis;
    };
    faults.only(&told, &Api::ALL.map(Api::word));
    let mut needs_base = false;
    for api in Api::ALL {
        let Some(cursor) = faults.optional(&told, api.word(), Ok) else {
            continue;
        };
        let (own, versions) = if cursor.value().is_object() {
            let own = cursor.value().get("url").is_some_and(|of| !of.is_null());
            let url = faults.optional(&cursor, "url", url_of);
            faults.optional(&cursor, "reference-point", reference_point);
            let versions = faults.required(&cursor, "versions", |told| versions(&told, api));
            faults.only(&cursor, &["url", "reference-point", "versions"]);
            (own.then_some(url), versions)
        } else {
            let version = faults.read(version(&cursor, api));
            (None, version.map(|version| [version].into()))
        };
        needs_base |= own.is_none();
        let url = own.unwrap_or_else(|| base.clone());
        if let (Some(url), Some(versions)) = (url, versions) {
            let endpoint = Endpoint {
                reference_point: ReferencePoint::Interlude,
                url,
                versions,
            };
            apis.insert(api, endpoint);
        }
    }
    if needs_base && !is_told {
        faults.note(FieldError::missing("base-url").below(&root.path()));
    }
    let ordering = Api::ServiceOrdering.word();
    if told.value().get(ordering).is_none_or(Value::is_null) {
        faults.note(FieldError::missing(ordering).below(&told.path()));
    }
    apis
}

/// Between SOFs: segments are ordered at no other reference point.
fn reference_point(cursor: Cursor<'_>) -> Result<(), FieldError> {
    match cursor.string()? == ReferencePoint::Interlude.as_str() {
        true => Ok(()),
        false => Err(cursor.invalid("partners are spoken to at 'interlude'")),
    }
}

/// The versions that are spoken here: the current one and the one before.
fn spoken(api: Api) -> (u32, u32) {
    let current = api.version(ReferencePoint::Interlude);
    (current.saturating_sub(1).max(1), current)
}

/// One version alone has to be one that is spoken here.
fn version(cursor: &Cursor<'_>, api: Api) -> Result<u32, FieldError> {
    if !cursor.value().is_number() {
        let rule = "a major version, or an object with url, reference-point and versions";
        return Err(cursor.invalid(rule));
    }
    let (oldest, current) = spoken(api);
    let told = cursor.integer(oldest.into(), current.into())?;
    Ok(u32::try_from(told).unwrap_or(current))
}

/// Of versions that are there side by side, one has to be.
fn versions(cursor: &Cursor<'_>, api: Api) -> Result<BTreeSet<u32>, FieldError> {
    let elements = cursor.array()?;
    if !(1..=MAX_VERSIONS).contains(&elements.len()) {
        return Err(cursor.invalid(format_args!("1 to {MAX_VERSIONS} major versions")));
    }
    let versions = elements.map(|element| {
        let told = element.integer(1, LARGEST_VERSION.into())?;
        Ok(u32::try_from(told).unwrap_or(LARGEST_VERSION))
    });
    let versions: BTreeSet<u32> = versions.collect::<Result<_, FieldError>>()?;
    let (oldest, current) = spoken(api);
    if versions.range(oldest..=current).next().is_some() {
        return Ok(versions);
    }
    let ours = if oldest == current {
        current.to_string()
    } else {
        format!("{oldest} or {current}")
    };
    Err(cursor.invalid(format_args!("one of them has to be spoken here: {ours}")))
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

fn service_types(root: &Cursor<'_>, faults: &mut Faults) -> BTreeSet<String> {
    let elements = faults.required(root, "service-types", |told| {
        let elements = told.array()?;
        match (1..=MAX_SERVICE_TYPES).contains(&elements.len()) {
            true => Ok(elements),
            false => Err(told.invalid(format_args!("1 to {MAX_SERVICE_TYPES} URNs"))),
        }
    });
    let elements = elements.into_iter().flatten();
    elements
        .filter_map(|element| faults.read(urn(&element)))
        .collect()
}

fn bounds(told: &Cursor<'_>, faults: &mut Faults) -> Bounds {
    Bounds {
        services: faults.optional(told, "services", |services| {
            let number = services.integer(0, u32::MAX.into())?;
            Ok(u32::try_from(number).unwrap_or(u32::MAX))
        }),
        bandwidth: faults.optional(told, "bandwidth", |told| {
            amount(told, |text| {
                Bandwidth::parse(text, 1.0).map(Bandwidth::bits_per_second)
            })
        }),
        cpu: faults.optional(told, "cpu", |cpu| match cpu.number()? {
            number if number.is_finite() && number >= 0.0 => Ok(number + 0.0),
            _ => Err(cpu.invalid("a number that is not negative")),
        }),
    }
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

fn price(told: &Cursor<'_>, faults: &mut Faults) -> Price {
    let mut read = |name| {
        let read = faults.optional(told, name, |told| thousandths(&told));
        read.unwrap_or_default()
    };
    Price {
        segment: read("segment"),
        function: read("function"),
        mbps: read("mbps"),
    }
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

fn sls(told: &Cursor<'_>, faults: &mut Faults) -> Sls {
    Sls {
        delay: faults.optional(told, "delay", |told| {
            amount(told, |text| {
                Delay::parse(text, std::time::Duration::from_nanos(1)).map(Delay::as_nanos)
            })
        }),
        availability: faults.optional(told, "availability", |told| decode_availability(&told)),
    }
}

/// Reads a share of the time.
///
/// # Errors
/// It is not one.
pub fn decode_availability(cursor: &Cursor<'_>) -> Result<Availability, FieldError> {
    let share = Availability::from_share(cursor.number()?);
    share.ok_or_else(|| cursor.invalid("a share from 0 to 1"))
}
