//! Media types, and which of them a client accepts (RFC 9110 §12.5.1).
//!
//! Header fields are outside bytes: reading them never fails and never panics. An element that is
//! malformed matches nothing, and the rest of the list still counts.

use std::borrow::Cow;

/// The information resource directory (RFC 7285 §9.2.1).
pub const DIRECTORY: &str = "application/alto-directory+json";
/// A network map (RFC 7285 §11.2.1.1).
pub const NETWORK_MAP: &str = "application/alto-networkmap+json";
/// A request for a filtered network map (RFC 7285 §11.3.1.3).
pub const NETWORK_MAP_FILTER: &str = "application/alto-networkmapfilter+json";
/// Properties of endpoints (RFC 7285 §11.4.1.1).
pub const ENDPOINT_PROPERTIES: &str = "application/alto-endpointprop+json";
/// A request for properties of endpoints (RFC 7285 §11.4.1.3).
pub const ENDPOINT_PROPERTY_PARAMS: &str = "application/alto-endpointpropparams+json";
/// Costs between endpoints (RFC 7285 §11.5.1.1).
pub const ENDPOINT_COSTS: &str = "application/alto-endpointcost+json";
/// A request for costs between endpoints (RFC 7285 §11.5.1.3).
pub const ENDPOINT_COST_PARAMS: &str = "application/alto-endpointcostparams+json";
/// A cost map (RFC 7285 §11.2.3.1).
pub const COST_MAP: &str = "application/alto-costmap+json";
/// A request for a filtered cost map (RFC 7285 §11.3.2.3).
pub const COST_MAP_FILTER: &str = "application/alto-costmapfilter+json";
/// A property map (RFC 9240 §7.1).
pub const PROPERTY_MAP: &str = "application/alto-propmap+json";
/// A request for a filtered property map (RFC 9240 §8.3).
pub const PROPERTY_MAP_PARAMS: &str = "application/alto-propmapparams+json";
/// An error (RFC 7285 §8.5.1).
pub const ERROR: &str = "application/alto-error+json";
/// A cost map and a property map in one body (RFC 9275 §7.2.1), as a directory and an `Accept` write
/// it. The `Content-Type` of an answer has a boundary too: [`PathVectors::multipart`](crate::PathVectors::multipart).
pub const PATH_VECTORS: &str = "multipart/related;type=application/alto-costmap+json";
/// Costs between endpoints and a property map in one body (RFC 9275 §7.3.1).
pub const PATH_VECTORS_OF_ENDPOINTS: &str =
    "multipart/related;type=application/alto-endpointcost+json";

/// Updates as they happen (RFC 8895 §6.1).
pub const UPDATE_STREAM: &str = "text/event-stream";
/// A request for an update stream, and one to its control service (RFC 8895 §6.5, §7.5).
pub const UPDATE_STREAM_PARAMS: &str = "application/alto-updatestreamparams+json";
/// What an update stream says of itself (RFC 8895 §5.3).
pub const UPDATE_STREAM_CONTROL: &str = "application/alto-updatestreamcontrol+json";
/// A view of the versions of a resource (RFC 9569 §6.2).
pub const TIPS: &str = "application/alto-tips+json";
/// A request for such a view, and one for the next edge in it (RFC 9569 §6.1, §7.4).
pub const TIPS_PARAMS: &str = "application/alto-tipsparams+json";
/// A merge patch (RFC 7396 §4).
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// A JSON patch (RFC 6902 §6).
pub const JSON_PATCH: &str = "application/json-patch+json";

/// The index of the offered media type that the client likes best: the one with the highest `q`, and
/// among equals the first, which is the server's own preference. `None` is 406 (RFC 9110 §15.5.7).
///
/// Of several ranges that match one type, the most specific decides (§12.5.1), so that `q=0` can take
/// a single type out of a wildcard. A range with a parameter matches a type with the same parameter;
/// a range without matches any; `charset=utf-8` says nothing about JSON and is ignored. No `Accept`,
/// or an empty one, accepts everything. Several header lines are to be joined with `,` (§5.3).
#[must_use]
pub fn negotiate(accept: Option<&str>, offered: &[&str]) -> Option<usize> {
    let ranges: Vec<Range<'_>> = match accept.map(str::trim) {
        None | Some("") => return (!offered.is_empty()).then_some(0),
        Some(list) => elements(list).filter_map(Range::parse).collect(),
    };
    let mut best: Option<(u16, usize)> = None;
    for (index, offer) in offered.iter().enumerate() {
        let Some(offer) = Range::parse(offer) else {
            continue;
        };
        let quality = ranges
            .iter()
            .filter_map(|range| {
                range
                    .specificity(&offer)
                    .map(|level| (level, range.quality))
            })
            .max()
            .map_or(0, |(_, quality)| quality);
        if quality > 0 && best.is_none_or(|(q, _)| quality > q) {
            best = Some((quality, index));
        }
    }
    best.map(|(_, index)| index)
}

/// Whether a `Content-Type` names the wanted type. Parameters and letter case do not count: JSON is
/// UTF-8 whatever they say. A missing or malformed one is no match: 415 (RFC 9110 §15.5.16).
#[must_use]
pub fn is_content_type(content_type: Option<&str>, wanted: &str) -> bool {
    let Some(mut media_types) = content_type.map(elements) else {
        return false;
    };
    // A single value is a field's, a list is two fields that somebody joined: which one holds?
    let (Some(only), None) = (media_types.next(), media_types.next()) else {
        return false;
    };
    match (Range::parse(only), Range::parse(wanted)) {
        (Some(sent), Some(wanted)) => sent.same_type(&wanted),
        _ => false,
    }
}

/// A media range, or a media type: type, subtype, parameters and weight.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    parameters: Vec<(&'a str, Cow<'a, str>)>,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    /// RFC 9110 §8.3.1 and §12.5.1; `None` if it is malformed.
    fn parse(text: &'a str) -> Option<Self> {
        let mut pieces = split(text, b';');
        let (kind, subtype) = pieces.next()?.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) || (kind == "*" && subtype != "*") {
            return None;
        }
        let mut range = Self {
            kind,
            subtype,
            parameters: Vec::new(),
            quality: 1000,
        };
        // RFC 9110 §5.6.6 allows empty parameters: "a/b;;c=d;".
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=')?;
            let value = parameter_value(value)?;
            if !is_token(name) {
                return None;
            }
            if name.eq_ignore_ascii_case("q") {
                range.quality = quality(&value)?;
                // What follows the weight was an extension that nobody used (§12.5.1, note).
                break;
            }
            let is_utf8 =
                name.eq_ignore_ascii_case("charset") && value.eq_ignore_ascii_case("utf-8");
            if !is_utf8 {
                range.parameters.push((name, value));
            }
        }
        Some(range)
    }

    fn same_type(&self, other: &Self) -> bool {
        self.kind.eq_ignore_ascii_case(other.kind)
            && self.subtype.eq_ignore_ascii_case(other.subtype)
    }

    /// How narrowly this range matches a type: wildcards least, then parameters count. `None` if it
    /// does not match.
    fn specificity(&self, offer: &Self) -> Option<(u8, usize)> {
        let level = match (self.kind, self.subtype) {
            ("*", "*") => 0,
            (kind, "*") if kind.eq_ignore_ascii_case(offer.kind) => 1,
            _ if self.same_type(offer) => 2,
            _ => return None,
        };
        let offered = |(name, value): &(&str, Cow<'_, str>)| {
            offer.parameters.iter().any(|(own_name, own)| {
                name.eq_ignore_ascii_case(own_name) && value.eq_ignore_ascii_case(own)
            })
        };
        self.parameters
            .iter()
            .all(offered)
            .then_some((level, self.parameters.len()))
    }
}

/// The elements of a list, without white space, empty ones left out (RFC 9110 §5.6.1.2).
fn elements(list: &str) -> impl Iterator<Item = &str> {
    split(list, b',').filter(|element| !element.is_empty())
}

/// The trimmed pieces between separators that stand outside quoted strings.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        let mut escaped = false;
        let end = text.bytes().position(|byte| {
            let ends = byte == separator && !quoted;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => {}
            }
            ends
        });
        // A separator is ASCII, so that cutting there never cuts a character.
        let (piece, tail) = match end {
            Some(end) => (&text[..end], Some(&text[end + 1..])),
            None => (text, None),
        };
        rest = tail;
        Some(piece.trim_matches([' ', '\t']))
    })
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(legal)
}

/// A token or a quoted string (RFC 9110 §5.6.4), unquoted. A bare value may also have a `/`, as in
/// `type=application/alto-costmap+json`: RFC 9275 §7.2 itself writes it so.
fn parameter_value(text: &str) -> Option<Cow<'_, str>> {
    let Some(quoted) = text.strip_prefix('"') else {
        return text.split('/').all(is_token).then_some(Cow::Borrowed(text));
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(Cow::Owned(value)),
            '\\' => value.push(chars.next()?),
            c => value.push(c),
        }
    }
}

/// A weight (RFC 9110 §12.4.2) in thousandths: `0`, `0.5`, `1.000`; at most three decimals. `None` if it is none.
#[must_use]
pub fn quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", _) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
