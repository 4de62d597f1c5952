//! What a request for a filtered property map asks for (RFC 9240 §8.3).

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use nffg::json::Cursor;

use crate::AltoError;

/// Elements of the list `entities`, at most `most`, each with its text; none of them is all entities.
pub(super) fn entities<'a>(
    request: &Cursor<'a>,
    most: usize,
) -> Result<Vec<(Cursor<'a>, &'a str)>, AltoError> {
    let list = request.required("entities")?;
    let elements = list.array()?;
    if elements.len() > most {
        let rule = format!("at most {most} entities in one request ('max-entities')");
        let field = list.path();
        return Err(AltoError::invalid(field, &elements.len().to_string(), rule));
    }
    let elements = elements.map(|element| Ok::<_, AltoError>((element, element.string()?)));
    elements.collect()
}

/// Which properties to tell: `None` if the member is absent, so that none is told and only which entities
/// have any; the empty list is all of them. `known` tells a property by its name, `names` all names.
pub(super) fn properties<T>(
    request: &Cursor<'_>,
    known: impl Fn(&str) -> Option<T>,
    names: impl Fn() -> String,
) -> Result<Option<Vec<T>>, AltoError> {
    let Some(list) = request.optional("properties")? else {
        return Ok(None);
    };
    let property = |element: Cursor<'_>| {
        known(element.string()?).ok_or_else(|| {
            let names = names();
            AltoError::from(element.invalid(format_args!("the properties are {names}")))
        })
    };
    Ok(Some(list.array()?.map(property).collect::<Result<_, _>>()?))
}

/// RFC 7285 §10.1. The `.` is reserved and no PID of ours has it.
pub(super) fn is_pid_name(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-:@_".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(legal)
}

/// What [`is_pid_name`] wants.
pub(super) const PID_RULE: &str =
    "a PID name is 1 to 64 letters, digits, '-', ':', '@' and '_' (RFC 7285 10.1)";

/// An address or a prefix of a family, as entities of the domains `ipv4` and `ipv6` are written
/// (RFC 9240 §6.1.1.2, §6.1.2.2). An address is the prefix of its full length.
pub(super) fn net(family: &str, text: &str) -> Option<IpNet> {
    let (address, len) = match text.split_once('/') {
        None => (text, None),
        Some((address, len)) => (address, Some(number(len)?)),
    };
    let len = len.map(u8::try_from).transpose().ok()?;
    let net = match family {
        "ipv4" => {
            let address = address.parse::<Ipv4Addr>().ok()?;
            IpNet::V4(Ipv4Net::new(address, len.unwrap_or(32)).ok()?)
        }
        "ipv6" => {
            let address = address.parse::<Ipv6Addr>().ok()?;
            IpNet::V6(Ipv6Net::new(address, len.unwrap_or(128)).ok()?)
        }
        _ => return None,
    };
    // What is behind the length says that something else was meant.
    (net == net.trunc()).then_some(net)
}

/// What [`net`] wants.
pub(super) const NET_RULE: &str = "an address of the domain's family, or a prefix of it without bits \
     behind its length (RFC 9240 6.1)";

/// An AS number as entities of the domain `asn` are written (RFC 9241 §6.1.1.2).
pub(super) fn asn(text: &str) -> Option<u32> {
    number(text.strip_prefix("as")?)
}

/// What [`asn`] wants.
pub(super) const ASN_RULE: &str =
    "an AS is 'as' and its number, decimal and without leading zeros (RFC 9241 6.1.1.2)";

/// Decimal, without a sign and leading zeros.
fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    let is_led_by_zero = text.len() > 1 && text.starts_with('0');
    (is_plain && !is_led_by_zero).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9240_6_1_addresses_and_prefixes() {
        for (family, text, prefix) in [
            ("ipv4", "192.0.2.0", "192.0.2.0/32"),
            ("ipv4", "192.0.2.0/32", "192.0.2.0/32"),
            ("ipv4", "192.0.2.0/26", "192.0.2.0/26"),
            ("ipv4", "0.0.0.0/0", "0.0.0.0/0"),
            ("ipv6", "2001:db8::1", "2001:db8::1/128"),
            ("ipv6", "2001:DB8:0:0:0:0:0:1/128", "2001:db8::1/128"),
            ("ipv6", "::/0", "::/0"),
            ("ipv6", "::ffff:192.0.2.1", "::ffff:192.0.2.1/128"),
        ] {
            assert_eq!(net(family, text), Some(prefix.parse().unwrap()), "{text}");
        }
        for (family, text) in [
            ("ipv4", ""),
            ("ipv4", "192.0.2"),
            ("ipv4", "192.0.2.0/"),
            ("ipv4", "192.0.2.0/33"),
            ("ipv4", "192.0.2.0/+8"),
            ("ipv4", "192.0.2.0/08"),
            ("ipv4", "192.0.2.0/-1"),
            ("ipv4", "192.0.2.0/4294967320"),
            ("ipv4", "192.0.2.1/24"),
            ("ipv4", "192.0.2.01"),
            ("ipv4", " 192.0.2.1"),
            ("ipv4", "2001:db8::1"),
            ("ipv6", "192.0.2.1"),
            ("ipv6", "2001:db8::1/64"),
            ("ipv6", "fe80::1%eth0"),
            ("ipv6", "2001:db8::/129"),
            ("mac", "0.0.0.0"),
        ] {
            assert_eq!(net(family, text), None, "{family}:{text}");
        }
    }

    #[test]
    fn rfc9241_6_1_1_2_as_numbers() {
        assert_eq!(asn("as64496"), Some(64_496));
        assert_eq!(asn("as4294967295"), Some(u32::MAX));
        assert_eq!(asn("as0"), Some(0));
        for text in [
            "",
            "as",
            "64496",
            "AS64496",
            "as064496",
            "as+1",
            "as1.1",
            "as4294967296",
            "as 1",
        ] {
            assert_eq!(asn(text), None, "{text}");
        }
    }
}
