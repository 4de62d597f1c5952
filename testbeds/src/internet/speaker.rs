//! The route server's session with the broker: a task that writes what it is given, in order.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use broker::clock;
use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};

use super::routes::ROUTE_SERVER;
use crate::bgp::{KEEPALIVE, OPEN, UPDATE, message, open, read_messages};

/// Our hold time, in seconds. The broker proposes 90: the smaller counts.
const HOLD: u16 = 180;
const EVERY: Duration = Duration::from_secs(10);
/// Chunks that wait to be written: the producer is slowed where the broker is slow.
const WAITING: usize = 4;
/// For the broker to take the connection and to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be told goes in here.
#[derive(Clone, Debug)]
pub(super) struct Speaker(mpsc::Sender<Bytes>);

/// The session; dropping it ends it.
#[derive(Debug)]
pub(super) struct Session(JoinHandle<anyhow::Result<()>>);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Speaker {
    /// Dials the broker and greets it.
    pub(super) async fn dial(broker: SocketAddr) -> anyhow::Result<(Self, Session)> {
        let until = clock::instant() + PATIENCE;
        let stream = loop {
            match TcpStream::connect(broker).await {
                Ok(stream) => break stream,
                Err(_) if clock::instant() < until => sleep(Duration::from_millis(20)).await,
                Err(error) => return Err(error).context("cannot reach the broker's BGP-LS"),
            }
        };
        stream.set_nodelay(true)?;
        let (reader, mut writer) = stream.into_split();
        let hello = open(ROUTE_SERVER, HOLD, Ipv4Addr::new(192, 0, 2, 1));
        writer.write_all(&hello).await?;
        let (kinds, mut heard) = mpsc::channel(64);
        tokio::spawn(read_messages(reader, kinds));
        for expected in [OPEN, KEEPALIVE] {
            let kind = timeout(PATIENCE, heard.recv())
                .await?
                .context("the broker ended the BGP-LS session at once")?;
            anyhow::ensure!(kind == expected, "BGP message {kind}, expected {expected}");
            if kind == OPEN {
                writer.write_all(&message(KEEPALIVE, &[])).await?;
            }
        }
        let (chunks, told) = mpsc::channel(WAITING);
        let writing = tokio::spawn(write(writer, told, heard));
        Ok((Self(chunks), Session(writing)))
    }

    /// Tells it, after all that was told before.
    pub(super) async fn say(&self, octets: Vec<u8>) -> anyhow::Result<()> {
        self.0.send(octets.into()).await.ok().context(ENDED)
    }

    /// The same from a thread that may wait.
    pub(super) fn say_blocking(&self, octets: Vec<u8>) -> anyhow::Result<()> {
        self.0.blocking_send(octets.into()).ok().context(ENDED)
    }
}

const ENDED: &str = "the broker ended the BGP-LS session; its log says why";

async fn write(
    mut writer: OwnedWriteHalf,
    mut told: mpsc::Receiver<Bytes>,
    mut heard: mpsc::Receiver<u8>,
) -> anyhow::Result<()> {
    let mut keepalive = interval(EVERY);
    loop {
        tokio::select! {
            chunk = told.recv() => match chunk {
                Some(chunk) => writer.write_all(&chunk).await?,
                None => return Ok(()),
            },
            kind = heard.recv() => anyhow::ensure!(matches!(kind, Some(KEEPALIVE | UPDATE)), ENDED),
            _ = keepalive.tick() => writer.write_all(&message(KEEPALIVE, &[])).await?,
        }
    }
}
