//! HTTP Digest (RFC 7616) with SHA-256, which an ALTO server must take where clients are to be known
//! (RFC 7285 §8.3.5).
//!
//! What is kept of a user is not his password but `HA1`, the hash of his name, the realm and the password
//! (§3.4.2): who has it can answer challenges of this realm in his place.
//!
//! Nonces are not kept. One is the time when it was made, with a keyed hash of that: who cannot make the hash
//! cannot make a nonce, and one that is too old is refused as stale, with another (§3.3). How often one was
//! used (`nc`) is not counted, so that a request that somebody recorded can be sent again until its nonce is
//! stale; what keeps others from recording is TLS.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use super::{Principal, Refusal};

/// The scheme, as it stands before the parameters.
const SCHEME: &[u8] = b"digest ";

/// The lower-case hexadecimal digits of a SHA-256 hash.
const HASH_DIGITS: usize = 64;

/// Of a nonce: those of the time, and those of the hash.
const TIME_DIGITS: usize = 16;
const MARK_DIGITS: usize = 32;

/// Users by name, and what challenges are made of.
#[derive(Debug)]
pub(super) struct Digest {
    realm: String,
    lifetime: Duration,
    /// Of this process alone: a nonce is no good after a restart.
    key: [u8; blake3::KEY_LEN],
    users: HashMap<String, User>,
}

#[derive(Debug)]
struct User {
    ha1: String,
    principal: Principal,
}

/// What a request is, of which its credentials speak.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) target: &'a str,
    /// Seconds since 1970.
    pub(super) now: u64,
}

impl Digest {
    /// `ha1` of each user, in lower-case hexadecimal digits.
    pub(super) fn new(
        realm: &str,
        lifetime: Duration,
        users: impl Iterator<Item = (String, String, Principal)>,
    ) -> Self {
        let random = [(); 2].map(|()| uuid::Uuid::new_v4().into_bytes());
        let users = users.map(|(name, ha1, principal)| (name, User { ha1, principal }));
        Self {
            realm: realm.to_owned(),
            lifetime,
            key: blake3::hash(&random.concat()).into(),
            users: users.collect(),
        }
    }

    /// Whether there is a user.
    pub(super) fn is_used(&self) -> bool {
        !self.users.is_empty()
    }

    /// Whether an `Authorization` header is of this scheme.
    pub(super) fn is_meant(header: &[u8]) -> bool {
        let start = header.get(..SCHEME.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
    }

    /// A challenge (§3.3). It is `stale` if all that was wrong with the credentials was their nonce's age.
    pub(super) fn challenge(&self, now: u64, stale: bool) -> String {
        let (realm, nonce) = (&self.realm, self.nonce(now));
        let stale = if stale { ", stale=true" } else { "" };
        format!(
            "Digest realm=\"{realm}\", qop=\"auth\", algorithm=SHA-256, nonce=\"{nonce}\", \
             charset=UTF-8, userhash=false{stale}"
        )
    }

    fn nonce(&self, time: u64) -> String {
        let mark = blake3::keyed_hash(&self.key, &time.to_be_bytes()).to_hex();
        format!("{time:016x}{}", &mark[..MARK_DIGITS])
    }

    /// Whether a nonce is one of ours, and if so, when it was made.
    fn made(&self, nonce: &str) -> Option<u64> {
        if nonce.len() != TIME_DIGITS + MARK_DIGITS {
            return None;
        }
        let time = u64::from_str_radix(nonce.get(..TIME_DIGITS)?, 16).ok()?;
        is_same(&self.nonce(time), nonce).then_some(time)
    }

    /// Who has sent these credentials (§3.4).
    ///
    /// # Errors
    /// They are malformed or for something else; no user has them; their nonce is stale.
    pub(super) fn check(&self, header: &[u8], request: Request<'_>) -> Result<Principal, Refusal> {
        let told = header.get(SCHEME.len()..).unwrap_or_default();
        let told = str::from_utf8(told).map_err(|_| Refusal::Malformed)?;
        let told = Credentials::parse(told).ok_or(Refusal::Malformed)?;
        // What was asked is what the credentials are for (§3.4.6).
        if told.uri != request.target || told.realm != self.realm {
            return Err(Refusal::WrongDigest);
        }
        let user = self.users.get(&told.username);
        // For a name that nobody has as much is worked out as for one that somebody has.
        let ha1 = user.map_or("", |user| &user.ha1);
        let is_right = is_same(&told.expected(ha1, request.method), &told.response);
        let made = self.made(&told.nonce);
        let (Some(user), Some(made), true) = (user, made, is_right) else {
            return Err(Refusal::WrongDigest);
        };
        if request.now.saturating_sub(made) > self.lifetime.as_secs() {
            return Err(Refusal::StaleNonce);
        }
        Ok(user.principal.clone())
    }
}

/// In a time that does not tell where they differ.
fn is_same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// The hash of texts with `:` between them, in lower-case hexadecimal digits.
fn hash(texts: &[&str]) -> String {
    let hash = digest(&SHA256, texts.join(":").as_bytes());
    let mut digits = String::with_capacity(HASH_DIGITS);
    for octet in hash.as_ref() {
        // To a text it cannot fail.
        let _ = write!(digits, "{octet:02x}");
    }
    digits
}

/// What an `Authorization` header of the scheme says (§3.4).
#[derive(Debug, PartialEq, Eq)]
pub struct Credentials {
    username: String,
    realm: String,
    uri: String,
    nonce: String,
    nc: String,
    cnonce: String,
    response: String,
}

impl Credentials {
    /// Reads the parameters; `None` if they are malformed, one is there twice or lacks, or they are of another
    /// algorithm or quality of protection than what a challenge here offers.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut told: HashMap<String, String> = HashMap::new();
        let mut rest = text;
        loop {
            // Elements of a list may be empty (RFC 9110 §5.6.1.2).
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                break;
            }
            let (name, value, after) = parameter(rest)?;
            if told.insert(name.to_ascii_lowercase(), value).is_some() {
                return None;
            }
            rest = after;
        }
        let is = |name: &str, wanted: &str| {
            let value = told.get(name);
            value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        // Without an algorithm it would be MD5.
        if !is("algorithm", "SHA-256") || !is("qop", "auth") || is("userhash", "true") {
            return None;
        }
        let mut take = |name: &str| told.remove(name);
        let credentials = Self {
            username: take("username")?,
            realm: take("realm")?,
            uri: take("uri")?,
            nonce: take("nonce")?,
            nc: take("nc")?,
            cnonce: take("cnonce")?,
            response: take("response")?,
        };
        let is_count = credentials.nc.len() == 8
            && credentials
                .nc
                .bytes()
                .all(|octet| octet.is_ascii_hexdigit());
        is_count.then_some(credentials)
    }

    /// The response of who has this `HA1` (§3.4.1).
    fn expected(&self, ha1: &str, method: &str) -> String {
        let ha2 = hash(&[method, &self.uri]);
        hash(&[ha1, &self.nonce, &self.nc, &self.cnonce, "auth", &ha2])
    }
}

/// The first parameter of a list, `name=token` or `name="text"` (RFC 9110 §11.2), and what comes after it.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim_end_matches([' ', '\t']);
    let is_token = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    if name.is_empty() || !name.bytes().all(is_token) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let (value, after) = match rest.strip_prefix('"') {
        Some(text) => quoted(text)?,
        None => {
            let end = rest.find([',', ' ', '\t']).unwrap_or(rest.len());
            let (value, after) = rest.split_at(end);
            if value.is_empty() || !value.bytes().all(is_token) {
                return None;
            }
            (value.to_owned(), after)
        }
    };
    let after = after.trim_start_matches([' ', '\t']);
    (after.is_empty() || after.starts_with(',')).then_some((name, value, after))
}

/// The text up to the closing quote, and what comes after that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

/// `HA1` of a user, in the form in which settings have it.
///
/// It is a hash of the password: as good as that for who would be this user here.
#[must_use]
pub fn ha1(user: &str, realm: &str, password: &str) -> String {
    hash(&[user, realm, password])
}

/// The `Authorization` of a request, for who was challenged like this (§3.4), as a user with this password.
/// `None` if it is no challenge that can be met: of another scheme or algorithm. `cnonce` is to be another each
/// time.
#[must_use]
pub fn answer(
    challenge: &str,
    (user, password): (&str, &str),
    (method, target): (&str, &str),
    cnonce: &str,
) -> Option<String> {
    let start = challenge.get(..SCHEME.len())?;
    if !start.as_bytes().eq_ignore_ascii_case(SCHEME) || user.contains(['"', '\\']) {
        return None;
    }
    let mut told: HashMap<String, String> = HashMap::new();
    let mut rest = challenge.get(SCHEME.len()..)?;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some((name, value, after)) = parameter(rest) else {
            // The next challenge may stand in the same line.
            break;
        };
        told.insert(name.to_ascii_lowercase(), value);
        rest = after;
    }
    let is = |name: &str, wanted: &str| {
        let value = told.get(name)?;
        let mut all = value.split(',').map(str::trim);
        all.find(|one| one.eq_ignore_ascii_case(wanted))
    };
    is("algorithm", "SHA-256")?;
    is("qop", "auth")?;
    let (realm, nonce) = (told.get("realm")?, told.get("nonce")?);
    let credentials = Credentials {
        username: user.to_owned(),
        realm: realm.clone(),
        uri: target.to_owned(),
        nonce: nonce.clone(),
        nc: "00000001".to_owned(),
        cnonce: cnonce.to_owned(),
        response: String::new(),
    };
    let response = credentials.expected(&ha1(user, realm, password), method);
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut answer = format!(
        "Digest username=\"{user}\", realm=\"{}\", uri=\"{target}\", algorithm=SHA-256, \
         nonce=\"{}\", nc=00000001, cnonce=\"{cnonce}\", qop=auth, response=\"{response}\"",
        escaped(realm),
        escaped(nonce),
    );
    if let Some(opaque) = told.get("opaque") {
        // To a text it cannot fail.
        let _ = write!(answer, ", opaque=\"{}\"", escaped(opaque));
    }
    Some(answer)
}

#[cfg(test)]
mod tests;
