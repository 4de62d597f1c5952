//! Which version of HTTP a client speaks first: an HTTP/2 connection begins with octets that no request
//! of HTTP/1.1 begins with (RFC 9113 §3.4).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What a client of HTTP/2 sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection of which the first octets have been read: they are read again.
pub(super) struct Begun<S> {
    stream: S,
    first: [u8; PREFACE.len()],
    /// How many of them were read from the stream, and how many again.
    read: usize,
    again: usize,
}

impl<S> Begun<S> {
    /// A connection of which nothing has been read.
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            first: [0; PREFACE.len()],
            read: 0,
            again: 0,
        }
    }
}

impl<S: AsyncRead + Unpin> Begun<S> {
    /// Reads until the preface is there, or cannot be any more: whether it is there. Waits as long as the
    /// client does.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) async fn is_http2(&mut self) -> io::Result<bool> {
        while self.read < PREFACE.len() {
            let count = self.stream.read(&mut self.first[self.read..]).await?;
            self.read += count;
            if count == 0 || self.first[..self.read] != PREFACE[..self.read] {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if me.again < me.read {
            let count = out.remaining().min(me.read - me.again);
            out.put_slice(&me.first[me.again..me.again + count]);
            me.again += count;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut me.stream).poll_read(context, out)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of a client that sends these pieces and then closes, and what is read after.
    async fn after(pieces: &[&[u8]]) -> (bool, Vec<u8>) {
        let (mut client, server) = tokio::io::duplex(64);
        let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
        let sending = tokio::spawn(async move {
            for piece in pieces {
                tokio::io::AsyncWriteExt::write_all(&mut client, &piece)
                    .await
                    .unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut begun = Begun::new(server);
        let found = begun.is_http2().await.unwrap();
        let mut read = Vec::new();
        begun.read_to_end(&mut read).await.unwrap();
        sending.await.unwrap();
        (found, read)
    }

    #[tokio::test]
    async fn rfc9113_3_4_the_preface_is_known_however_it_is_cut_and_nothing_is_lost() {
        for cut in 0..=PREFACE.len() {
            let (head, tail) = PREFACE.split_at(cut);
            let (found, read) = after(&[head, tail, b"settings"]).await;
            assert!(found, "{cut}");
            assert_eq!(read, [&PREFACE[..], b"settings"].concat(), "{cut}");
        }
        for other in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"POST / HTTP/1.1\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n and more of it",
            b"\x16\x03\x01",
            b"",
        ] {
            let (found, read) = after(&[other]).await;
            assert!(!found);
            assert_eq!(read, other);
        }
    }
}
