//! UPDATE messages: path attributes walked with the revised error handling of RFC 7606, the
//! link-state NLRI and attribute 29 cut out as they are.
//!
//! The walk is ours, not the crate's, for three reasons: NLRI are handed on as slices of what was
//! read, a fault inside one NLRI must not end the session (RFC 9552 §8.2.2), and an `AS_PATH` that
//! cannot be read may be overlooked for peers known for it.

use std::fmt;

use bytes::{Buf, Bytes};

use super::Notification;

/// AFI 16388, SAFI 71 (RFC 9552 §5.2), as in MP attributes.
const LINK_STATE: [u8; 3] = [0x40, 0x04, 71];
/// Faults told per message. A message has room for 20,000.
const MAX_FAULTS: usize = 8;

/// What one UPDATE says about the link-state family.
///
/// All bytes are slices of the receive buffer: copy what you keep. Within one message withdrawals
/// come first (RFC 4271 §4.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LsUpdate {
    /// Announced: each replaces what the same NLRI had before, attribute included.
    pub announced: Nlris,
    /// Withdrawn, by the peer or because an attribute is malformed (treat-as-withdraw).
    pub withdrawn: Nlris,
    /// Value of path attribute 29 for all that is announced. `None`: absent, or malformed and
    /// discarded (RFC 9552 §8.2.2).
    pub attribute: Option<Bytes>,
    /// The peer has told all it has (RFC 4724 §2).
    pub end_of_rib: bool,
    /// What was wrong with it, the first eight faults.
    pub faults: Vec<Fault>,
}

/// NLRI one after another, each a type (2 octets), a length (2) and so many octets of value. Their
/// lengths are known to add up; nothing else has been looked at.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Nlris {
    // From MP_UNREACH_NLRI, and from an MP_REACH_NLRI that is treated as a withdrawal. Kept as
    // fields, not as one object per NLRI, so that an event weighs no more than its message.
    fields: [Bytes; 2],
}

impl Nlris {
    /// The NLRI of one field; `None` if their lengths do not add up to it.
    #[must_use]
    pub fn new(field: Bytes) -> Option<Self> {
        let field = Self::check(field)?;
        Some(Self {
            fields: [field, Bytes::new()],
        })
    }

    /// The NLRI: type, length and value of each.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().flat_map(|field| Split(field))
    }

    /// Those that `keep` keeps, copied.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&[u8]) -> bool) -> Self {
        let kept: Vec<u8> = self
            .iter()
            .filter(|nlri| keep(nlri))
            .flatten()
            .copied()
            .collect();
        Self {
            fields: [Bytes::from(kept), Bytes::new()],
        }
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.iter().all(Bytes::is_empty)
    }

    /// `None` if the lengths do not add up (RFC 7606 §5.3).
    fn check(field: Bytes) -> Option<Bytes> {
        let whole: usize = Split(&field).map(<[u8]>::len).sum();
        (whole == field.len()).then_some(field)
    }
}

impl fmt::Debug for Nlris {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Cuts TLVs (2 octets of type, 2 of length) off a slice; stops before one that is not whole.
struct Split<'a>(&'a [u8]);

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let [_, _, high, low, ..] = *self.0 else {
            return None;
        };
        let length = 4 + usize::from(u16::from_be_bytes([high, low]));
        let (item, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(item)
    }
}

/// A malformed path attribute that did not cost the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Attribute type code; 0 if not even that could be read.
    pub attribute: u8,
    /// Subcode of UPDATE Message Error (RFC 4271 §6.3) that names the fault.
    pub subcode: u8,
    /// What was done about it.
    pub remedy: Remedy,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = super::wire::describe(3, self.subcode);
        let remedy = match self.remedy {
            Remedy::Discard => "left out",
            Remedy::Withdraw => "announcement taken as withdrawal",
        };
        write!(f, "path attribute {}: {what}, {remedy}", self.attribute)
    }
}

/// RFC 7606 §2, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// The attribute is left out.
    Discard,
    /// What the message announces counts as withdrawn.
    Withdraw,
}

/// What of a session matters for reading its UPDATEs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// AS numbers have four octets.
    pub four_octet_as: bool,
    /// The peer is in our own AS.
    pub internal: bool,
    /// Do not look into `AS_PATH`.
    pub lenient_as_path: bool,
}

/// A fault that ends the session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fatal {
    pub notification: Notification,
    pub cause: String,
}

fn fatal<T>(subcode: u8, data: &[u8], cause: String) -> Result<T, Fatal> {
    Err(Fatal {
        notification: Notification::update(subcode, data),
        cause,
    })
}

const ORIGIN: u8 = 1;
const AS_PATH: u8 = 2;
const LOCAL_PREF: u8 = 5;
const ORIGINATOR_ID: u8 = 9;
const CLUSTER_LIST: u8 = 10;
const MP_REACH: u8 = 14;
const MP_UNREACH: u8 = 15;
const LS_ATTRIBUTE: u8 = 29;

const MALFORMED_LIST: u8 = 1;
const UNRECOGNIZED_WELL_KNOWN: u8 = 2;
const MISSING_WELL_KNOWN: u8 = 3;
const FLAGS: u8 = 4;
const LENGTH: u8 = 5;
const INVALID_ORIGIN: u8 = 6;
const OPTIONAL: u8 = 9;
const MALFORMED_AS_PATH: u8 = 11;

/// One attribute, cut out.
struct Attribute {
    flags: u8,
    code: u8,
    value: Bytes,
    /// With its header, for NOTIFICATION data.
    whole: Bytes,
}

/// Takes the next attribute; `Err` has what is left if it is not whole (RFC 7606 §4).
fn next_attribute(rest: &mut Bytes) -> Result<Attribute, Bytes> {
    const EXTENDED_LENGTH: u8 = 0x10;
    let (flags, code, header, length) = match **rest {
        [flags, code, high, low, ..] if flags & EXTENDED_LENGTH != 0 => {
            (flags, code, 4, usize::from(u16::from_be_bytes([high, low])))
        }
        [flags, code, length, ..] if flags & EXTENDED_LENGTH == 0 => {
            (flags, code, 3, usize::from(length))
        }
        _ => return Err(rest.clone()),
    };
    if rest.len() < header + length {
        return Err(rest.clone());
    }
    let whole = rest.split_to(header + length);
    Ok(Attribute {
        flags,
        code,
        value: whole.slice(header..),
        whole,
    })
}

#[derive(Default)]
struct Walk {
    seen: [u64; 4],
    /// `MP_REACH_NLRI`: of our family, or `Some(None)` of another.
    reach: Option<Option<Bytes>>,
    unreach: Option<Option<Bytes>>,
    attribute: Option<Bytes>,
    others: bool,
    faults: Vec<Fault>,
    worst: Option<Fault>,
}

/// Reads the path attributes of an UPDATE. `None`: nothing in it concerns the link-state family.
///
/// # Errors
///
/// Where RFC 7606 wants a session reset: the NLRI cannot be found or cut apart.
pub(super) fn read(
    attributes: Bytes,
    body_nlri: bool,
    context: Context,
) -> Result<Option<LsUpdate>, Fatal> {
    let mut walk = Walk::default();
    let mut rest = attributes;
    while rest.has_remaining() {
        match next_attribute(&mut rest) {
            Ok(attribute) => walk.take(attribute, context)?,
            Err(left) => {
                walk.overrun(&left)?;
                break;
            }
        }
    }
    walk.finish(body_nlri, context)
}

impl Walk {
    fn take(&mut self, attribute: Attribute, context: Context) -> Result<(), Fatal> {
        let Attribute { flags, code, .. } = attribute;
        if !self.first(code) {
            // RFC 7606 §3 (g).
            if matches!(code, MP_REACH | MP_UNREACH) {
                return fatal(
                    MALFORMED_LIST,
                    &[],
                    format!("path attribute {code} comes twice"),
                );
            }
            self.fault(code, MALFORMED_LIST, Remedy::Discard);
            return Ok(());
        }
        self.others |= code != MP_UNREACH;
        match code {
            MP_REACH | MP_UNREACH => return self.multiprotocol(attribute),
            AS_PATH if context.lenient_as_path => return Ok(()),
            // RFC 7606 §7.5, §7.9, §7.10: attributes that have no business with an external peer.
            LOCAL_PREF | ORIGINATOR_ID | CLUSTER_LIST if !context.internal => return Ok(()),
            _ => {}
        }
        let Some(kind) = Kind::of(code) else {
            const OPTIONAL_BIT: u8 = 0x80;
            if flags & OPTIONAL_BIT == 0 {
                // RFC 4271 §6.3; RFC 7606 does not change it.
                return fatal(
                    UNRECOGNIZED_WELL_KNOWN,
                    &attribute.whole,
                    format!("path attribute {code} says that it is well-known, and is not"),
                );
            }
            return Ok(());
        };
        // RFC 7606 §3 (c): the Optional and the Transitive bit.
        if flags & 0xc0 != kind.flags {
            self.fault(code, FLAGS, Remedy::Withdraw);
        } else if let Err(subcode) = (kind.check)(&attribute.value, context) {
            self.fault(code, subcode, kind.remedy);
        } else if code == LS_ATTRIBUTE {
            self.attribute = Some(attribute.value);
        }
        Ok(())
    }

    fn first(&mut self, code: u8) -> bool {
        let (word, bit) = (usize::from(code >> 6), 1_u64 << (code & 63));
        self.seen.get_mut(word).is_some_and(|seen| {
            let new = *seen & bit == 0;
            *seen |= bit;
            new
        })
    }

    fn has_seen(&self, code: u8) -> bool {
        self.seen
            .get(usize::from(code >> 6))
            .is_some_and(|seen| seen & (1 << (code & 63)) != 0)
    }

    fn fault(&mut self, attribute: u8, subcode: u8, remedy: Remedy) {
        let fault = Fault {
            attribute,
            subcode,
            remedy,
        };
        // The first of the strongest decides (RFC 7606 §3 (h)).
        if self.worst.is_none_or(|worst| worst.remedy < remedy) {
            self.worst = Some(fault);
        }
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    /// `MP_REACH_NLRI` and `MP_UNREACH_NLRI` (RFC 4760 §3, §4; RFC 7606 §5.3, §7.11).
    fn multiprotocol(&mut self, attribute: Attribute) -> Result<(), Fatal> {
        let Attribute {
            flags,
            code,
            value,
            whole,
        } = attribute;
        let wrong = |what: &str| {
            fatal(
                OPTIONAL,
                &whole,
                format!("path attribute {code}: {what}, so its NLRI cannot be found"),
            )
        };
        if flags & 0xc0 != 0x80 {
            return wrong("its flags are not those of an optional non-transitive attribute");
        }
        let minimum = if code == MP_REACH { 5 } else { 3 };
        if value.len() < minimum {
            return wrong("it is too short");
        }
        if !value.starts_with(&LINK_STATE) {
            // A family that we did not ask for.
            *self.slot(code) = Some(None);
            return Ok(());
        }
        let field = if code == MP_UNREACH {
            value.slice(LINK_STATE.len()..)
        } else {
            // RFC 9552 §5.5: an IPv4 or IPv6 address; RFC 2545 §3 adds a link-local one.
            let next_hop = value.get(3).copied().map_or(0, usize::from);
            let start = 3 + 1 + next_hop + 1;
            if !matches!(next_hop, 4 | 16 | 32) || start > value.len() {
                return wrong("its next hop has an impossible length");
            }
            value.slice(start..)
        };
        let Some(field) = Nlris::check(field) else {
            return wrong("the lengths of its NLRI do not add up");
        };
        *self.slot(code) = Some(Some(field));
        Ok(())
    }

    const fn slot(&mut self, code: u8) -> &mut Option<Option<Bytes>> {
        if code == MP_REACH {
            &mut self.reach
        } else {
            &mut self.unreach
        }
    }

    /// RFC 7606 §4: the last attribute runs over the end of the attributes.
    fn overrun(&mut self, left: &[u8]) -> Result<(), Fatal> {
        let code = left.get(1).copied().unwrap_or(0);
        if matches!(code, MP_REACH | MP_UNREACH) {
            return fatal(
                OPTIONAL,
                left,
                format!("path attribute {code} runs over the end of the attributes"),
            );
        }
        self.others = true;
        self.fault(code, MALFORMED_LIST, Remedy::Withdraw);
        Ok(())
    }

    fn finish(mut self, body_nlri: bool, context: Context) -> Result<Option<LsUpdate>, Fatal> {
        let announces = self.reach.is_some();
        if announces {
            // RFC 7606 §3 (d).
            let mandatory: &[u8] = if context.lenient_as_path {
                &[ORIGIN]
            } else {
                &[ORIGIN, AS_PATH]
            };
            for &code in mandatory {
                if !self.has_seen(code) {
                    self.fault(code, MISSING_WELL_KNOWN, Remedy::Withdraw);
                }
            }
        }
        let withdraws = self.worst.filter(|fault| fault.remedy == Remedy::Withdraw);
        if let Some(fault) = withdraws
            && self.others
            && !announces
            && !body_nlri
        {
            // RFC 7606 §5.2: where the NLRI should be, nobody knows.
            return fatal(
                fault.subcode,
                &[],
                format!(
                    "path attribute {} is malformed and no NLRI is there",
                    fault.attribute
                ),
            );
        }
        if let (None | Some(None), None | Some(None)) = (&self.reach, &self.unreach) {
            return Ok(None);
        }
        let reach = self.reach.flatten();
        let unreach = self.unreach.flatten();
        let end_of_rib = reach.is_none() && unreach.as_ref().is_some_and(Bytes::is_empty);
        let (reach, unreach) = (reach.unwrap_or_default(), unreach.unwrap_or_default());
        Ok(Some(if withdraws.is_some() {
            LsUpdate {
                announced: Nlris::default(),
                withdrawn: Nlris {
                    fields: [unreach, reach],
                },
                attribute: None,
                end_of_rib,
                faults: self.faults,
            }
        } else {
            LsUpdate {
                announced: Nlris {
                    fields: [reach, Bytes::new()],
                },
                withdrawn: Nlris {
                    fields: [unreach, Bytes::new()],
                },
                attribute: self.attribute,
                end_of_rib,
                faults: self.faults,
            }
        }))
    }
}

/// Looks at the value of an attribute; the error is a subcode of RFC 4271 §6.3.
type Check = fn(&[u8], Context) -> Result<(), u8>;

/// What an attribute must look like, and what happens if it does not (RFC 7606 §7).
struct Kind {
    flags: u8,
    remedy: Remedy,
    check: Check,
}

impl Kind {
    /// Those whose fault would change what a route is; any other optional attribute is passed over.
    fn of(code: u8) -> Option<Self> {
        const WELL_KNOWN: u8 = 0x40;
        const NON_TRANSITIVE: u8 = 0x80;
        const TRANSITIVE: u8 = 0xc0;
        let (flags, remedy, check): (u8, Remedy, Check) = match code {
            ORIGIN => (WELL_KNOWN, Remedy::Withdraw, |value, _| match value {
                [0..=2] => Ok(()),
                [_] => Err(INVALID_ORIGIN),
                _ => Err(LENGTH),
            }),
            AS_PATH => (WELL_KNOWN, Remedy::Withdraw, as_path),
            3 => (WELL_KNOWN, Remedy::Withdraw, |value, _| octets(value, 4)),
            4 => (NON_TRANSITIVE, Remedy::Withdraw, |value, _| {
                octets(value, 4)
            }),
            LOCAL_PREF => (WELL_KNOWN, Remedy::Withdraw, |value, _| octets(value, 4)),
            6 => (WELL_KNOWN, Remedy::Discard, |value, _| octets(value, 0)),
            7 => (TRANSITIVE, Remedy::Discard, |value, context| {
                octets(value, if context.four_octet_as { 8 } else { 6 })
            }),
            8 => (TRANSITIVE, Remedy::Withdraw, |value, _| multiple(value, 4)),
            ORIGINATOR_ID => (NON_TRANSITIVE, Remedy::Withdraw, |value, _| {
                octets(value, 4)
            }),
            CLUSTER_LIST => (NON_TRANSITIVE, Remedy::Withdraw, |value, _| {
                multiple(value, 4)
            }),
            16 => (TRANSITIVE, Remedy::Withdraw, |value, _| multiple(value, 8)),
            // RFC 9552 §8.2.2: what the TLVs say is for the reader of the topology to judge.
            LS_ATTRIBUTE => (NON_TRANSITIVE, Remedy::Discard, |value, _| {
                let whole: usize = Split(value).map(<[u8]>::len).sum();
                if whole == value.len() {
                    Ok(())
                } else {
                    Err(OPTIONAL)
                }
            }),
            _ => return None,
        };
        Some(Self {
            flags,
            remedy,
            check,
        })
    }
}

const fn octets(value: &[u8], expected: usize) -> Result<(), u8> {
    if value.len() == expected {
        Ok(())
    } else {
        Err(LENGTH)
    }
}

fn multiple(value: &[u8], of: usize) -> Result<(), u8> {
    if !value.is_empty() && value.len().is_multiple_of(of) {
        Ok(())
    } else {
        Err(LENGTH)
    }
}

/// RFC 7606 §7.2; segment types of RFC 4271 §4.3 and RFC 5065 §3.
fn as_path(mut value: &[u8], context: Context) -> Result<(), u8> {
    let width = if context.four_octet_as { 4 } else { 2 };
    while !value.is_empty() {
        let [1..=4, count @ 1..=255, rest @ ..] = value else {
            return Err(MALFORMED_AS_PATH);
        };
        value = rest
            .get(usize::from(*count) * width..)
            .ok_or(MALFORMED_AS_PATH)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
