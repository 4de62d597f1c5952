//! Octets by hand, and UPDATEs taken apart, with code that shares nothing with the crate's.

use std::path::Path;

use idt::bgpls::{AdjRib, Applied, Conversion, Dialect, Limits, convert};
use nffg::DomainId;

/// A TLV.
pub(crate) fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("short");
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

/// An NLRI: type, protocol, identifier, TLVs.
pub(crate) fn nlri(kind: u16, protocol: u8, identifier: u64, tlvs: &[Vec<u8>]) -> Vec<u8> {
    let value = [&[protocol][..], &identifier.to_be_bytes(), &tlvs.concat()].concat();
    tlv(kind, &value)
}

/// Node descriptors: AS where given, then a router id of any length.
pub(crate) fn node(kind: u16, asn: Option<u32>, router_id: &[u8]) -> Vec<u8> {
    let asn = asn.map_or_else(Vec::new, |asn| tlv(512, &asn.to_be_bytes()));
    tlv(kind, &[asn, tlv(515, router_id)].concat())
}

/// Node descriptors of a BGP router (RFC 9086 §4.2).
pub(crate) fn bgp_node(kind: u16, asn: u32, router_id: [u8; 4]) -> Vec<u8> {
    tlv(
        kind,
        &[tlv(512, &asn.to_be_bytes()), tlv(516, &router_id)].concat(),
    )
}

/// An IS-IS router id.
pub(crate) fn iso(number: u8) -> [u8; 6] {
    [0, 0, 0, 0, 0, number]
}

/// An IS-IS level 2 link without AS, with interface addresses `10.0.<src>.<dst>`.
pub(crate) fn isis_link(src: u8, dst: u8) -> Vec<u8> {
    nlri(
        2,
        2,
        0,
        &[
            node(256, None, &iso(src)),
            node(257, None, &iso(dst)),
            tlv(259, &[10, 0, src, dst]),
            tlv(260, &[10, 0, dst, src]),
        ],
    )
}

pub(crate) fn isis_node(number: u8) -> Vec<u8> {
    nlri(1, 2, 0, &[node(256, None, &iso(number))])
}

/// TLV 1114.
pub(crate) fn delay(micros: u32) -> Vec<u8> {
    tlv(1114, &micros.to_be_bytes())
}

pub(crate) fn domain(text: &str) -> DomainId {
    text.parse().expect("valid")
}

/// ASes 1 to 65535 are members of that number, others are nobody's.
pub(crate) fn members(asn: u32) -> Option<DomainId> {
    (asn <= 65_535)
        .then(|| DomainId::from_asn(asn).ok())
        .flatten()
}

pub(crate) fn rib(dialect: Dialect) -> AdjRib {
    AdjRib::new(Limits::default(), dialect)
}

/// A RIB in which these have been announced, each with its attribute.
pub(crate) fn told(announced: &[(Vec<u8>, Vec<u8>)]) -> AdjRib {
    let mut rib = rib(Dialect::Standard);
    for (nlri, attribute) in announced {
        let applied = rib.apply(&[nlri], &[], Some(attribute));
        assert_eq!(
            (applied.announced, applied.skips.as_slice()),
            (1, &[][..]),
            "{nlri:02x?}"
        );
    }
    rib
}

/// The conversion for AS1.
pub(crate) fn topology(announced: &[(Vec<u8>, Vec<u8>)]) -> Conversion {
    convert(&[&told(announced)], &domain("AS1"), &members)
}

/// The links within the domain as `src>dst delay`, the delay in microseconds.
pub(crate) fn intra(conversion: &Conversion) -> Vec<String> {
    let links = conversion.topology.intra_links().iter();
    links
        .map(|link| {
            let delay = link.delay.map(|delay| delay.as_micros().to_string());
            format!("{}>{} {}", link.src, link.dst, delay.unwrap_or_default())
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// The links to other domains as `router>domain:router delay`.
pub(crate) fn inter(conversion: &Conversion) -> Vec<String> {
    let links = conversion.topology.inter_links().iter();
    links
        .map(|link| {
            let delay = link.delay.map(|delay| delay.as_micros().to_string());
            format!(
                "{}>{}:{} {}",
                link.router,
                link.remote.domain,
                link.remote.router,
                delay.unwrap_or_default()
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).expect("hex");
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).expect("an octet"))
        .collect()
}

/// The octets of each line of a capture; the last word of hex in it, comments left out.
pub(crate) fn lines(text: &str) -> Vec<Vec<u8>> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    lines
        .filter_map(|line| line.split_whitespace().last())
        .map(unhex)
        .collect()
}

/// A file that is not part of the project. `None`, with a word, where it is not there.
pub(crate) fn shared(path: &str) -> Option<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures");
    let path = Path::new(root).join(path);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) => {
            #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
            {
                println!("skipped: {} is not there", path.display());
            }
            None
        }
    }
}

/// The BGP-LS part of an UPDATE.
#[derive(Debug, Default)]
pub(crate) struct Update {
    pub(crate) announced: Vec<Vec<u8>>,
    pub(crate) withdrawn: Vec<Vec<u8>>,
    pub(crate) attribute: Option<Vec<u8>>,
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |all, byte| all << 8 | usize::from(*byte))
}

/// Takes a whole BGP message apart; `None` if it is no UPDATE.
pub(crate) fn update(message: &[u8]) -> Option<Update> {
    assert_eq!(number(&message[16..18]), message.len(), "its length");
    if message[18] != 2 {
        return None;
    }
    let body = &message[19..];
    let withdrawn = number(&body[..2]);
    let attributes = &body[2 + withdrawn..];
    let mut rest = &attributes[2..2 + number(&attributes[..2])];
    let mut update = Update::default();
    while !rest.is_empty() {
        let extended = rest[0] & 0x10 != 0;
        let head = if extended { 4 } else { 3 };
        let end = head + number(&rest[2..head]);
        let value = &rest[head..end];
        match rest[1] {
            14 => update.announced = nlris(&value[5 + usize::from(value[3])..]),
            15 => update.withdrawn = nlris(&value[3..]),
            29 => update.attribute = Some(value.to_vec()),
            _ => {}
        }
        rest = &rest[end..];
    }
    Some(update)
}

fn nlris(mut field: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while !field.is_empty() {
        let (one, rest) = field.split_at(4 + number(&field[2..4]));
        all.push(one.to_vec());
        field = rest;
    }
    all
}

pub(crate) fn apply(rib: &mut AdjRib, update: &Update) -> Applied {
    let announced: Vec<&[u8]> = update.announced.iter().map(Vec::as_slice).collect();
    let withdrawn: Vec<&[u8]> = update.withdrawn.iter().map(Vec::as_slice).collect();
    rib.apply(&announced, &withdrawn, update.attribute.as_deref())
}
