//! BGP messages as testbeds send them. They are put together octet by octet, and not by what the broker
//! reads them with.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::mpsc;

/// The types of messages (RFC 4271 §4.1).
pub(crate) const OPEN: u8 = 1;
pub(crate) const UPDATE: u8 = 2;
pub(crate) const KEEPALIVE: u8 = 4;

/// The longest message (RFC 4271 §4).
pub(crate) const MAX_MESSAGE: usize = 4096;

/// Tells the type of each message that comes, until the connection ends.
pub(crate) async fn read_messages(
    mut reader: OwnedReadHalf,
    kinds: mpsc::Sender<u8>,
) -> io::Result<()> {
    let mut head = [0; 19];
    loop {
        reader.read_exact(&mut head).await?;
        let length = u16::from_be_bytes([head[16], head[17]]);
        let body = u64::from(length.saturating_sub(19));
        tokio::io::copy(&mut (&mut reader).take(body), &mut tokio::io::sink()).await?;
        if kinds.send(head[18]).await.is_err() {
            return Ok(());
        }
    }
}

/// A message: marker, length, type, body (RFC 4271 §4.1).
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap_or(u16::MAX);
    let mut out = vec![0xff; 16];
    out.extend_from_slice(&length.to_be_bytes());
    out.push(kind);
    out.extend_from_slice(body);
    out
}

/// An OPEN (RFC 4271 §4.2) with multiprotocol (AFI 16388, SAFI 71) and four-octet AS. `hold` is in seconds.
pub(crate) fn open(asn: u32, hold: u16, router_id: Ipv4Addr) -> Vec<u8> {
    const AS_TRANS: u16 = 23456;
    let mut capabilities = vec![1, 4, 0x40, 0x04, 0, 71, 65, 4];
    capabilities.extend_from_slice(&asn.to_be_bytes());
    let mut body = vec![4];
    body.extend_from_slice(&u16::try_from(asn).unwrap_or(AS_TRANS).to_be_bytes());
    body.extend_from_slice(&hold.to_be_bytes());
    body.extend_from_slice(&router_id.octets());
    body.push(u8::try_from(capabilities.len() + 2).unwrap_or(0));
    body.extend_from_slice(&[2, u8::try_from(capabilities.len()).unwrap_or(0)]);
    body.extend_from_slice(&capabilities);
    message(OPEN, &body)
}

/// A path attribute with an extended length (RFC 4271 §4.3).
fn attribute(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![flags | 0x10, code];
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(value);
    out
}

fn update(attributes: &[u8]) -> Vec<u8> {
    // No withdrawn IPv4 routes.
    let mut body = vec![0, 0];
    body.extend_from_slice(
        &u16::try_from(attributes.len())
            .unwrap_or(u16::MAX)
            .to_be_bytes(),
    );
    body.extend_from_slice(attributes);
    message(UPDATE, &body)
}

/// An UPDATE that announces one NLRI or several, one after the other, which share the attribute.
pub(crate) fn announce(asn: u32, nlris: &[u8], link_state: &[u8]) -> Vec<u8> {
    let mut path = vec![2, 1];
    path.extend_from_slice(&asn.to_be_bytes());
    // AFI, SAFI, a next hop of four octets that nobody looks at, a reserved octet.
    let mut reach = vec![0x40, 0x04, 71, 4, 0, 0, 0, 0, 0];
    reach.extend_from_slice(nlris);
    let mut attributes = attribute(0x40, 1, &[0]);
    attributes.extend(attribute(0x40, 2, &path));
    attributes.extend(attribute(0x80, 14, &reach));
    if !link_state.is_empty() {
        attributes.extend(attribute(0x80, 29, link_state));
    }
    update(&attributes)
}

/// An UPDATE that withdraws one NLRI or several.
pub(crate) fn withdraw(nlris: &[u8]) -> Vec<u8> {
    let mut unreach = vec![0x40, 0x04, 71];
    unreach.extend_from_slice(nlris);
    update(&attribute(0x80, 15, &unreach))
}

/// An MP_UNREACH_NLRI without routes (RFC 4724 §2).
pub(crate) fn end_of_rib() -> Vec<u8> {
    withdraw(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_are_as_the_rfcs_lay_them_out() {
        assert_eq!(message(KEEPALIVE, &[])[16..], [0, 19, 4]);
        let open = open(4_200_000_000, 9, Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(open[19..26], [4, 0x5b, 0xa0, 0, 9, 10, 0]);
        assert_eq!(
            usize::from(open[28]),
            open.len() - 29,
            "the length of the parameters"
        );
        assert_eq!(
            end_of_rib()[19..],
            [0, 0, 0, 7, 0x90, 15, 0, 3, 0x40, 0x04, 71]
        );
    }
}
