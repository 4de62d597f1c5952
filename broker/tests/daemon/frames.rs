//! HTTP/2 frame by frame (RFC 9113 §4.1), for what no client of good will sends.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::Daemon;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0x0;
pub(crate) const HEADERS: u8 = 0x1;
pub(crate) const RST_STREAM: u8 = 0x3;
pub(crate) const SETTINGS: u8 = 0x4;
pub(crate) const PING: u8 = 0x6;
pub(crate) const GOAWAY: u8 = 0x7;
pub(crate) const WINDOW_UPDATE: u8 = 0x8;

pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;

/// Settings: how many streams at once, and the window that streams begin with.
pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 0x3;
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 0x4;

/// Reasons.
pub(crate) const REFUSED_STREAM: u32 = 0x7;
pub(crate) const CANCEL: u32 = 0x8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 0xb;

/// One frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The number in the payload: a reason, an increment.
    pub(crate) fn number(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The value of a setting.
    pub(crate) fn setting(&self, id: u16) -> Option<u32> {
        let mut all = self.payload.chunks_exact(6);
        let setting = all.find(|setting| setting[..2] == id.to_be_bytes())?;
        Some(u32::from_be_bytes(setting[2..].try_into().unwrap()))
    }

    /// The status of a head: those that HPACK's static table has are one octet (RFC 7541, appendix A).
    pub(crate) fn status(&self) -> u16 {
        let statuses = [200, 204, 206, 304, 400, 404, 500];
        match self.payload[0] {
            indexed @ 0x88..=0x8e => statuses[usize::from(indexed - 0x88)],
            // A literal under the name `:status`, in plain digits or Huffman's code of them.
            _ => 0,
        }
    }
}

/// The octets of a frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut octets = length[1..].to_vec();
    octets.extend([kind, flags]);
    octets.extend(stream.to_be_bytes());
    octets.extend(payload);
    octets
}

/// The head of a request: `:scheme http`, `:method`, `:authority`, `:path`, and more.
pub(crate) fn head(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![0x86];
    let mut literal = |name: Result<u8, &str>, value: &str| {
        match name {
            Ok(index) => block.push(index),
            Err(name) => {
                block.extend([0, u8::try_from(name.len()).unwrap()]);
                block.extend(name.as_bytes());
            }
        }
        // RFC 7541 §5.1: seven bits, and the rest in further octets.
        let mut length = value.len();
        if length < 0x7f {
            block.push(length as u8);
        } else {
            block.push(0x7f);
            length -= 0x7f;
            while length >= 0x80 {
                block.push((length % 0x80) as u8 | 0x80);
                length /= 0x80;
            }
            block.push(length as u8);
        }
        block.extend(value.as_bytes());
    };
    literal(Ok(0x02), method);
    literal(Ok(0x01), "broker");
    literal(Ok(0x04), path);
    for (name, value) in more {
        literal(Err(name), value);
    }
    block
}

/// A connection on which frames are sent and read.
pub(crate) struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// A connection whose client has said its settings, and taken the server's.
    pub(crate) fn start(daemon: &Daemon, settings: &[(u16, u32)]) -> Self {
        let mut raw = Self {
            stream: daemon.connect(),
        };
        let settings = settings.iter().flat_map(|(id, value)| {
            let id = id.to_be_bytes().to_vec();
            id.into_iter().chain(value.to_be_bytes())
        });
        let settings: Vec<u8> = settings.collect();
        raw.send(&[PREFACE, &frame(SETTINGS, 0, 0, &settings)].concat());
        raw.send(&frame(SETTINGS, ACK, 0, &[]));
        raw
    }

    /// The same, its first octets one by one.
    pub(crate) fn pieces(daemon: &Daemon) -> Self {
        let mut raw = Self {
            stream: daemon.connect(),
        };
        raw.stream.set_nodelay(true).unwrap();
        for octet in PREFACE {
            raw.send(&[*octet]);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        raw.send(&frame(SETTINGS, 0, 0, &[]));
        raw
    }

    /// Sends these octets. What is wrong with that shows when reading.
    pub(crate) fn send(&mut self, octets: &[u8]) {
        let _ = self.stream.write_all(octets);
    }

    /// Asks without a body.
    pub(crate) fn get(&mut self, stream: u32, path: &str) {
        let head = head("GET", path, &[]);
        self.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &head));
    }

    /// Begins a POST whose body does not come yet.
    pub(crate) fn begin_post(&mut self, stream: u32, path: &str, content_type: &str) {
        let head = head("POST", path, &[("content-type", content_type)]);
        self.send(&frame(HEADERS, END_HEADERS, stream, &head));
    }

    /// The next frame; `None` if the connection is closed. Nothing at all within the time is a failure.
    pub(crate) fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.fill(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.fill(&mut payload)?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes(head[5..9].try_into().unwrap()) & 0x7fff_ffff,
            payload,
        })
    }

    fn fill(&mut self, into: &mut [u8]) -> Option<()> {
        match self.stream.read_exact(into) {
            Ok(()) => Some(()),
            Err(error) => {
                let is_silent = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(!is_silent, "neither a frame nor the end of the connection");
                None
            }
        }
    }

    /// Reads until a frame is as wanted, answering pings; `None` if the connection ends before.
    pub(crate) fn until(&mut self, is_wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
        loop {
            let next = self.read()?;
            if is_wanted(&next) {
                return Some(next);
            }
            if next.kind == PING && next.flags & ACK == 0 {
                self.send(&frame(PING, ACK, 0, &next.payload));
            }
        }
    }

    /// The status and the body of an answer, taken as it comes.
    pub(crate) fn answer(&mut self, stream: u32) -> (u16, Vec<u8>) {
        let head = self.until(|frame| frame.stream == stream && frame.kind == HEADERS);
        let head = head.expect("an answer");
        let (status, mut ended) = (head.status(), head.flags & END_STREAM != 0);
        let mut body = Vec::new();
        while !ended {
            let data = self.until(|frame| frame.stream == stream && frame.kind == DATA);
            let data = data.expect("the rest of the answer");
            ended = data.flags & END_STREAM != 0;
            if !data.payload.is_empty() {
                let more = u32::try_from(data.payload.len()).unwrap().to_be_bytes();
                self.send(&frame(WINDOW_UPDATE, 0, 0, &more));
                if !ended {
                    self.send(&frame(WINDOW_UPDATE, 0, stream, &more));
                }
            }
            body.extend(data.payload);
        }
        (status, body)
    }

    /// Reads to the end, which must come by itself, and answers nothing.
    pub(crate) fn drain(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.read()).collect()
    }
}
