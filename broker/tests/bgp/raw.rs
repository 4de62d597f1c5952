//! A BGP speaker without rules: it says the bytes that a test gives it, and shows the bytes that
//! come back. Written apart from the code under test, so that both cannot be wrong alike.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::{PATIENCE, THEIR_AS};

pub(crate) const OPEN: u8 = 1;
pub(crate) const UPDATE: u8 = 2;
pub(crate) const NOTIFICATION: u8 = 3;
pub(crate) const KEEPALIVE: u8 = 4;

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
}

impl Raw {
    /// Dials from `from`.
    pub(crate) async fn dial(from: &str, to: SocketAddr) -> Self {
        Self::try_dial(from, to).await.unwrap()
    }

    pub(crate) async fn try_dial(from: &str, to: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0))?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        Self { stream }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next message: type and body. `None` when the other side has closed.
    pub(crate) async fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        timeout(PATIENCE, self.read())
            .await
            .expect("a message in time")
    }

    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 19];
        self.stream.read_exact(&mut header).await.ok()?;
        assert_eq!(header[..16], [0xff; 16]);
        let length = usize::from(u16::from_be_bytes([header[16], header[17]]));
        let mut body = vec![0; length - 19];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((header[18], body))
    }

    /// The NOTIFICATION that ends the session, then the end of the stream.
    pub(crate) async fn notified(&mut self) -> (u8, u8, Vec<u8>) {
        loop {
            let (kind, body) = self.receive().await.expect("a NOTIFICATION before the end");
            if kind == NOTIFICATION {
                assert_eq!(self.receive().await, None, "closed after the NOTIFICATION");
                return (body[0], body[1], body[2..].to_vec());
            }
        }
    }

    /// Both OPENs and KEEPALIVEs; returns the body of the other side's OPEN.
    pub(crate) async fn establish(&mut self, open: &[u8]) -> Vec<u8> {
        self.send(open).await;
        let (kind, body) = self.receive().await.expect("an OPEN");
        assert_eq!(kind, OPEN, "{body:?}");
        let (kind, refusal) = self.receive().await.expect("a KEEPALIVE");
        assert_eq!(kind, KEEPALIVE, "{refusal:?}");
        self.send(&message(KEEPALIVE, &[])).await;
        body
    }

    /// Closed without a word within the time.
    pub(crate) async fn closed(&mut self) -> bool {
        let mut byte = [0];
        let read = timeout(PATIENCE, self.stream.read(&mut byte)).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    }

    /// Says nothing for a moment, and hears nothing but KEEPALIVEs.
    pub(crate) async fn stays_up(&mut self) {
        self.send(&message(KEEPALIVE, &[])).await;
        if let Ok(heard) = timeout(Duration::from_millis(300), self.read()).await {
            let (kind, body) = heard.expect("it stays open");
            assert!(matches!(kind, KEEPALIVE | UPDATE), "{kind}: {body:?}");
        }
    }
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(19 + body.len()).unwrap();
    [&[0xff; 16][..], &length.to_be_bytes(), &[kind], body].concat()
}

/// What an OPEN says.
#[derive(Clone)]
pub(crate) struct Open {
    pub(crate) number: u32,
    pub(crate) identifier: Ipv4Addr,
    pub(crate) hold_time: u16,
    pub(crate) link_state: bool,
    pub(crate) four_octets: bool,
    /// Restart time and whether the state was kept, for the link-state family.
    pub(crate) graceful: Option<(u16, bool)>,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            number: THEIR_AS,
            identifier: Ipv4Addr::new(10, 255, 0, 2),
            hold_time: 90,
            link_state: true,
            four_octets: true,
            graceful: None,
        }
    }
}

impl Open {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut capabilities = Vec::new();
        if self.link_state {
            capabilities.extend([1, 4, 0x40, 4, 0, 71]);
        }
        if let Some((time, kept)) = self.graceful {
            let [high, low] = time.to_be_bytes();
            capabilities.extend([64, 6, high, low, 0x40, 4, 71, if kept { 0x80 } else { 0 }]);
        }
        if self.four_octets {
            capabilities.extend([65, 4]);
            capabilities.extend(self.number.to_be_bytes());
        }
        let length = u8::try_from(capabilities.len()).unwrap();
        let mut body = vec![4];
        body.extend(u16::try_from(self.number).unwrap_or(23_456).to_be_bytes());
        body.extend(self.hold_time.to_be_bytes());
        body.extend(self.identifier.octets());
        body.extend([length + 2, 2, length]);
        body.extend(capabilities);
        message(OPEN, &body)
    }
}

pub(crate) fn open() -> Vec<u8> {
    Open::default().bytes()
}

pub(crate) fn keepalive() -> Vec<u8> {
    message(KEEPALIVE, &[])
}

pub(crate) fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

/// An NLRI of IS-IS level 2, instance 7.
fn nlri(kind: u16, tlvs: &[Vec<u8>]) -> Vec<u8> {
    let head = [2, 0, 0, 0, 0, 0, 0, 0, 7];
    tlv(kind, &[&head[..], &tlvs.concat()].concat())
}

fn descriptors(kind: u16, asn: u32, number: u32) -> Vec<u8> {
    let descriptors = [
        tlv(512, &asn.to_be_bytes()),
        tlv(513, &[0; 4]),
        tlv(515, &u64::from(number).to_be_bytes()[2..]),
    ];
    tlv(kind, &descriptors.concat())
}

/// A node (RFC 9552 §5.2.1).
pub(crate) fn node(number: u32) -> Vec<u8> {
    nlri(1, &[descriptors(256, THEIR_AS, number)])
}

/// A link from one node to another, of an AS (§5.2.2).
pub(crate) fn link(from: u32, asn: u32, to: u32) -> Vec<u8> {
    let [_, _, a, b] = from.to_be_bytes();
    let [_, _, c, d] = to.to_be_bytes();
    let address = |kind, last| tlv(kind, &[192, b ^ a, d ^ c, last]);
    nlri(
        2,
        &[
            descriptors(256, THEIR_AS, from),
            descriptors(257, asn, to),
            address(259, 1),
            address(260, 2),
        ],
    )
}

/// An IPv4 prefix of 24 bits that a node reaches (§5.2.3).
pub(crate) fn prefix(number: u32, [a, b, c]: [u8; 3]) -> Vec<u8> {
    let prefix = tlv(265, &[24, a, b, c]);
    nlri(3, &[descriptors(256, THEIR_AS, number), prefix])
}

/// Maximum link bandwidth in octets a second (RFC 9552 §5.3.2).
pub(crate) fn bandwidth(octets: f32) -> Vec<u8> {
    tlv(1089, &octets.to_be_bytes())
}

/// Unidirectional link delay in microseconds (RFC 8571 §2.1).
pub(crate) fn delay(micros: u32) -> Vec<u8> {
    tlv(1114, &micros.to_be_bytes())
}

pub(crate) fn attribute(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    [&[flags | 0x10, code][..], &length.to_be_bytes(), value].concat()
}

pub(crate) fn reach(nlris: &[Vec<u8>]) -> Vec<u8> {
    let head = [0x40, 4, 71, 4, 127, 0, 0, 2, 0];
    attribute(0x80, 14, &[&head[..], &nlris.concat()].concat())
}

pub(crate) fn unreach(nlris: &[Vec<u8>]) -> Vec<u8> {
    attribute(0x80, 15, &[&[0x40, 4, 71][..], &nlris.concat()].concat())
}

/// ORIGIN and an `AS_PATH` with the peer's AS.
pub(crate) fn mandatory() -> Vec<u8> {
    mandatory_from(THEIR_AS)
}

pub(crate) fn mandatory_from(number: u32) -> Vec<u8> {
    let path = [&[2, 1][..], &number.to_be_bytes()].concat();
    [attribute(0x40, 1, &[0]), attribute(0x40, 2, &path)].concat()
}

pub(crate) fn name(name: &str) -> Vec<u8> {
    attribute(0x80, 29, &tlv(1026, name.as_bytes()))
}

pub(crate) fn update(attributes: &[Vec<u8>]) -> Vec<u8> {
    let attributes = attributes.concat();
    let length = u16::try_from(attributes.len()).unwrap();
    message(
        UPDATE,
        &[&[0, 0][..], &length.to_be_bytes(), &attributes].concat(),
    )
}

pub(crate) fn announce(number: u32) -> Vec<u8> {
    update(&[
        reach(&[node(number)]),
        mandatory(),
        name(&format!("r{number}")),
    ])
}
