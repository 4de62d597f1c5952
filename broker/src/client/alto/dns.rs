//! The DNS records by which clients find a directory: of a domain (RFC 7286 §3.2), and of the addresses of a
//! network (RFC 8686 §3). Both are U-NAPTR records (RFC 4848) of the service `ALTO`.
//!
//! Who looks for an address asks for its own name first, then for shorter ones: /24, /16 and /8 of IPv4; /64, /56,
//! /48, /40 and /32 of IPv6 (RFC 8686 §3.4). A prefix of another length has records at the next longer of
//! these, so that they speak for its addresses and for no others.

use std::fmt::Write as _;
use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// How many names one prefix may come to: those of a /25 or of a /41, each at the next length that is looked for.
const MOST_NAMES: usize = 256;

/// What is to be published.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Of the directory.
    pub uri: Url,
    /// Domains whose clients are to find it.
    pub domains: Vec<String>,
    /// Networks for which it speaks.
    pub prefixes: Vec<IpNet>,
    /// For how long the records are good, in seconds.
    pub ttl: u32,
    /// The records with the lowest are tried first (RFC 3403 §4.1).
    pub order: u16,
    /// Among those of one order the lowest is preferred.
    pub preference: u16,
}

impl Publication {
    /// The records in the form of zone files (RFC 1035 §5), one a line, under absolute names.
    ///
    /// # Errors
    /// The URI, a domain or a prefix cannot be published; the text names it and the rule.
    pub fn zone(&self) -> Result<String, String> {
        let data = self.data()?;
        let mut names = Vec::new();
        for domain in &self.domains {
            names.push(domain_name(domain)?);
        }
        for prefix in &self.prefixes {
            names.extend(reverse_names(*prefix)?);
        }
        let mut text = String::new();
        let mut written: Vec<&String> = Vec::new();
        for name in &names {
            if !written.contains(&name) {
                let _ = writeln!(text, "{name} {} IN NAPTR {data}", self.ttl);
                written.push(name);
            }
        }
        Ok(text)
    }

    /// What stands after `NAPTR`.
    fn data(&self) -> Result<String, String> {
        let uri = self.uri.as_str();
        let wrong = |rule: &str| Err(format!("the URI {uri} cannot be published: {rule}"));
        if !matches!(self.uri.scheme(), "http" | "https") {
            return wrong("ALTO is http or https (RFC 7286 3.2)");
        }
        if !self.uri.username().is_empty() || self.uri.password().is_some() {
            return wrong("what DNS tells is no secret; leave user and password out");
        }
        if self.uri.fragment().is_some() {
            return wrong("a directory has no fragment");
        }
        if uri.contains('!') {
            // RFC 4848 §2.2 has but one form, with this delimiter.
            return wrong("'!' delimits the expression that it stands in");
        }
        let regexp = format!("!.*!{uri}!");
        if regexp.len() > 255 {
            return wrong("a text of DNS has 255 octets at most (RFC 1035 3.3): 250 for the URI");
        }
        // No replacement is the root (RFC 3403 §4.1). The RFCs print it as "", which is no name: BIND refuses it.
        Ok(format!(
            "{} {} \"u\" \"ALTO:{}\" {} .",
            self.order,
            self.preference,
            self.uri.scheme(),
            quoted(&regexp)
        ))
    }
}

/// A character-string of a zone file (RFC 1035 §5.1).
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for octet in text.bytes() {
        match octet {
            b'"' | b'\\' => {
                quoted.push('\\');
                quoted.push(char::from(octet));
            }
            b' '..=b'~' => quoted.push(char::from(octet)),
            octet => {
                let _ = write!(quoted, "\\{octet:03}");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// A domain as an absolute name, what is not ASCII in it as DNS has it (RFC 5891).
fn domain_name(text: &str) -> Result<String, String> {
    let wrong = |rule: &str| format!("'{text}' is no domain: {rule}");
    let bare = text.strip_suffix('.').unwrap_or(text);
    if bare.is_empty() || bare.chars().any(|c| c.is_ascii() && !is_of_a_name(c)) {
        return Err(wrong(
            "labels of letters, digits, '-' and '_' with dots between",
        ));
    }
    let Ok(Host::Domain(name)) = Host::parse(bare) else {
        return Err(wrong("expected a name, as example.net"));
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(wrong(
            "labels of 1 to 63 octets, 253 in all, with no '-' at an end (RFC 1035 2.3)",
        ));
    }
    Ok(format!("{name}."))
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The names below `in-addr.arpa` or `ip6.arpa` at which clients look that have an address in this prefix, or a
/// part of it.
///
/// # Errors
/// It is shorter than clients look for, has host bits, or comes to too many names.
pub fn reverse_names(prefix: IpNet) -> Result<Vec<String>, String> {
    let wrong = |rule: String| Err(format!("{prefix} cannot be published: {rule}"));
    if prefix.addr() != prefix.network() {
        return wrong(format!(
            "it has host bits; the network is {}",
            prefix.trunc()
        ));
    }
    // RFC 8686 §3.4, table 1.
    let lengths: &[u8] = match prefix {
        IpNet::V4(_) => &[8, 16, 24, 32],
        IpNet::V6(_) => &[32, 40, 48, 56, 64, 128],
    };
    let length = prefix.prefix_len();
    let shortest = lengths.first().copied().unwrap_or(0);
    if length < shortest {
        return wrong(format!(
            "no client looks for less than /{shortest} (RFC 8686 3.2)"
        ));
    }
    let looked_for = lengths
        .iter()
        .copied()
        .find(|one| *one >= length)
        .unwrap_or(length);
    let bits = u32::from(looked_for - length);
    let count = 1_usize
        .checked_shl(bits)
        .filter(|count| *count <= MOST_NAMES);
    if count.is_none() || bits >= usize::BITS {
        return wrong(format!(
            "clients look for /{looked_for} next, and it has more than {MOST_NAMES} of them (RFC 8686 3.4)"
        ));
    }
    let parts = prefix
        .subnets(looked_for)
        .map_err(|error| error.to_string())?;
    Ok(parts.map(reverse_name).collect())
}

/// The name of a prefix that ends between octets or nibbles (RFC 1035 §3.5, RFC 3596 §2.5).
fn reverse_name(prefix: IpNet) -> String {
    let length = usize::from(prefix.prefix_len());
    let (labels, root): (Vec<String>, &str) = match prefix.network() {
        IpAddr::V4(address) => {
            let octets = address.octets().into_iter().take(length / 8);
            (
                octets.map(|octet| octet.to_string()).collect(),
                "in-addr.arpa.",
            )
        }
        IpAddr::V6(address) => {
            let nibbles = address
                .octets()
                .into_iter()
                .flat_map(|octet| [octet >> 4, octet & 15]);
            (
                nibbles
                    .take(length / 4)
                    .map(|nibble| format!("{nibble:x}"))
                    .collect(),
                "ip6.arpa.",
            )
        }
    };
    let labels: Vec<String> = labels.into_iter().rev().collect();
    format!("{}.{root}", labels.join("."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn publication(uri: &str) -> Publication {
        Publication {
            uri: uri.parse().unwrap(),
            domains: vec!["example.net".to_owned()],
            prefixes: Vec::new(),
            ttl: 3600,
            order: 100,
            preference: 10,
        }
    }

    #[test]
    fn rfc7286_3_2_a_domain_has_a_naptr_record() {
        assert_eq!(
            publication("https://alto1.example.net/ird").zone().unwrap(),
            "example.net. 3600 IN NAPTR 100 10 \"u\" \"ALTO:https\" \"!.*!https://alto1.example.net/ird!\" .\n"
        );
        let plain = publication("http://alto.example.net:8181/directory")
            .zone()
            .unwrap();
        assert!(plain.contains("\"ALTO:http\" \"!.*!http://alto.example.net:8181/directory!\""));
    }

    #[test]
    fn rfc8686_3_4_a_network_has_records_where_clients_look() {
        let names = |text: &str| reverse_names(text.parse().unwrap()).unwrap();
        assert_eq!(names("198.51.100.0/24"), ["100.51.198.in-addr.arpa."]);
        assert_eq!(names("198.51.100.3/32"), ["3.100.51.198.in-addr.arpa."]);
        assert_eq!(names("10.0.0.0/8"), ["10.in-addr.arpa."]);
        assert_eq!(
            names("198.51.100.0/23"),
            ["100.51.198.in-addr.arpa.", "101.51.198.in-addr.arpa."]
        );
        assert_eq!(
            names("192.0.2.252/30").first().unwrap(),
            "252.2.0.192.in-addr.arpa."
        );
        assert_eq!(names("192.0.2.252/30").len(), 4);
        assert_eq!(names("2001:db8::/32"), ["8.b.d.0.1.0.0.2.ip6.arpa."]);
        assert_eq!(
            names("2001:db8:0:1::/64"),
            ["1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."]
        );
        assert_eq!(
            names("2001:db8::/47"),
            [
                "0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
                "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
            ]
        );
        assert_eq!(
            names("2001:db8::20/128")[0].len(),
            32 * 2 + "ip6.arpa.".len()
        );
    }

    #[test]
    fn rfc8686_3_2_a_prefix_that_nobody_looks_for_is_refused() {
        for (text, rule) in [
            ("11.0.0.0/7", "host bits"),
            ("8.0.0.0/7", "no client looks for less than /8"),
            ("2001::/31", "no client looks for less than /32"),
            ("192.0.2.1/24", "host bits; the network is 192.0.2.0/24"),
            ("2001:db8::/65", "more than 256"),
            ("2001:db8::/119", "more than 256"),
        ] {
            let error = reverse_names(text.parse().unwrap()).unwrap_err();
            assert!(error.contains(rule), "{error}");
        }
        assert_eq!(
            reverse_names("2001:db8::/120".parse().unwrap())
                .unwrap()
                .len(),
            256
        );
    }

    #[test]
    fn what_cannot_be_published_is_refused_with_its_rule() {
        for (uri, rule) in [
            ("ftp://alto.example/", "http or https"),
            ("https://user:secret@alto.example/", "no secret"),
            ("https://alto.example/#a", "fragment"),
            ("https://alto.example/!", "delimits"),
        ] {
            let error = publication(uri).zone().unwrap_err();
            assert!(error.contains(rule), "{error}");
        }
        let long = format!("https://alto.example/{}", "a".repeat(240));
        assert!(publication(&long).zone().unwrap_err().contains("255"));
        for domain in [
            "",
            ".",
            "192.0.2.1",
            "a b",
            "a..b",
            "-a.example",
            "a%2eb",
            "$ORIGIN",
            &"a".repeat(64),
        ] {
            assert!(domain_name(domain).is_err(), "{domain}");
        }
        assert_eq!(
            domain_name("bücher.example").unwrap(),
            "xn--bcher-kva.example."
        );
        assert_eq!(domain_name("Example.NET.").unwrap(), "example.net.");
    }

    #[test]
    fn a_name_is_written_once() {
        let mut all = publication("https://alto.example/d");
        all.domains.push("EXAMPLE.net.".to_owned());
        all.prefixes = vec![
            "192.0.2.0/24".parse().unwrap(),
            "192.0.2.0/24".parse().unwrap(),
        ];
        assert_eq!(all.zone().unwrap().lines().count(), 2);
    }

    /// The names at which a client looks for an address, in order (RFC 8686 §3.3, by its own words).
    fn looked_up(address: IpAddr) -> Vec<String> {
        let (whole, skips): (String, &[usize]) = match address {
            IpAddr::V4(_) => (reverse_name(IpNet::from(address)), &[0, 1, 2, 3]),
            IpAddr::V6(_) => (reverse_name(IpNet::from(address)), &[0, 16, 18, 20, 22, 24]),
        };
        let skip = |labels: &usize| {
            whole
                .splitn(labels + 1, '.')
                .nth(*labels)
                .unwrap()
                .to_owned()
        };
        skips.iter().map(skip).collect()
    }

    proptest! {
        #[test]
        fn every_address_of_a_prefix_and_no_other_finds_it(
            bits in any::<u32>(), length in 8_u8..=32, other in any::<u32>(),
        ) {
            let prefix = IpNet::new(IpAddr::V4(bits.into()), length).unwrap().trunc();
            let names = reverse_names(prefix).unwrap();
            let inside = u32::from(match prefix.network() {
                IpAddr::V4(address) => address,
                IpAddr::V6(_) => unreachable!(),
            }) | (other & u32::MAX.checked_shr(u32::from(length)).unwrap_or(0));
            let finds = |bits: u32| looked_up(IpAddr::V4(bits.into())).iter().any(|name| names.contains(name));
            prop_assert!(finds(inside));
            prop_assert_eq!(finds(other), prefix.contains(&IpAddr::V4(other.into())));
        }

        #[test]
        fn no_text_of_a_zone_file_ends_early(text in any::<String>()) {
            let quoted = quoted(&text);
            let inner = &quoted[1..quoted.len() - 1];
            prop_assert!(inner.is_ascii() && !inner.contains('\n'));
            let mut octets = Vec::new();
            let mut rest = inner.bytes();
            while let Some(octet) = rest.next() {
                prop_assert_ne!(octet, b'"');
                if octet != b'\\' {
                    octets.push(octet);
                    continue;
                }
                let next = rest.next().unwrap();
                if next.is_ascii_digit() {
                    let digits = [next, rest.next().unwrap(), rest.next().unwrap()];
                    octets.push(std::str::from_utf8(&digits).unwrap().parse().unwrap());
                } else {
                    octets.push(next);
                }
            }
            prop_assert_eq!(octets, text.as_bytes());
        }
    }
}
