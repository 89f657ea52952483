//! Bytes in both directions, as they come and in their order.
//!
//! A chunk is forwarded first and read along afterwards, from the same buffer. Nothing is done for
//! each message. What is to look at messages before they go on (a rewrite, a hold) does so before
//! the connection is handed over to [`relay`], as [`super::postgres`] does while a client logs in.

use super::{Observer, Stream};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is read at once. Larger ones gain nothing more on a result of 200 MB; with 8 KiB it
/// takes a fifth longer.
const CHUNK: usize = 64 << 10;

/// Which side ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The client's.
    Client,
    /// The server's.
    Server,
}

/// Carries bytes until both sides have ended or one of them is lost. `observer` sees all of them.
/// A client that has sent `farewell` last has ended the connection, whoever closed it first.
pub async fn relay(
    local: &mut Stream,
    upstream: &mut Stream,
    observer: &mut Observer,
    farewell: &[u8],
) -> First {
    let (mut there, mut back) = (Way::new(), Way::new());
    let mut first = None;
    poll_fn(|cx| {
        let sent = there.carry(cx, local, upstream, &mut |bytes| observer.client(bytes));
        let received = back.carry(cx, upstream, local, &mut |bytes| observer.server(bytes));
        let by = match (sent, received) {
            (Poll::Ready(Over::Ended), _) | (_, Poll::Ready(Over::Unwritable)) => First::Client,
            (Poll::Ready(Over::Unwritable), _) | (_, Poll::Ready(Over::Ended)) => First::Server,
            (Poll::Pending, Poll::Pending) => return Poll::Pending,
        };
        let left = by == First::Client || there.last().ends_with(farewell);
        let by = if left { First::Client } else { by };
        let by = *first.get_or_insert(by);
        match (sent, received) {
            (Poll::Ready(_), Poll::Ready(_)) => Poll::Ready(by),
            // The client is gone; closing tells the server as it would have been told.
            (_, Poll::Ready(Over::Unwritable)) => Poll::Ready(by),
            // A server that takes nothing more may have said why.
            _ => Poll::Pending,
        }
    })
    .await
}

/// How a direction ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// There was no more, and the other side has been told.
    Ended,
    /// The other side takes nothing more.
    Unwritable,
}

/// One direction.
struct Way {
    buffer: Box<[u8]>,
    /// So much of the buffer holds bytes, and so much of them is written.
    filled: usize,
    written: usize,
    /// So much the last chunk had; it stays there when nothing comes after it.
    last: usize,
    /// They were read along.
    observed: bool,
    flushing: bool,
    /// There is no more to read.
    ended: bool,
    over: Option<Over>,
}

impl Way {
    fn new() -> Way {
        Way {
            buffer: vec![0; CHUNK].into(),
            filled: 0,
            written: 0,
            last: 0,
            observed: true,
            flushing: false,
            ended: false,
            over: None,
        }
    }

    /// Carries what there is.
    fn carry(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        observe: &mut dyn FnMut(&[u8]),
    ) -> Poll<Over> {
        if let Some(over) = self.over {
            return Poll::Ready(over);
        }
        loop {
            let forwarded = self.forward(cx, to);
            if !self.observed {
                self.observed = true;
                observe(self.buffer.get(..self.filled).unwrap_or_default());
            }
            let over = match ready!(forwarded) {
                Err(_) => Over::Unwritable,
                Ok(()) if self.ended => match ready!(Pin::new(&mut *to).poll_shutdown(cx)) {
                    Ok(()) => Over::Ended,
                    Err(_) => Over::Unwritable,
                },
                Ok(()) => {
                    ready!(self.read(cx, from));
                    continue;
                }
            };
            self.over = Some(over);
            return Poll::Ready(over);
        }
    }

    /// Writes what is left.
    fn forward(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<io::Result<()>> {
        while self.written < self.filled {
            let left = self
                .buffer
                .get(self.written..self.filled)
                .unwrap_or_default();
            match ready!(Pin::new(&mut *to).poll_write(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.written += n,
            }
            self.flushing = to.buffers();
        }
        if self.flushing {
            ready!(Pin::new(&mut *to).poll_flush(cx))?;
            self.flushing = false;
        }
        Poll::Ready(Ok(()))
    }

    /// What was forwarded last.
    fn last(&self) -> &[u8] {
        self.buffer.get(..self.last).unwrap_or_default()
    }

    /// Reads the next chunk. A connection that breaks is one that ends.
    fn read(&mut self, cx: &mut Context<'_>, from: &mut Stream) -> Poll<()> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        let read = ready!(Pin::new(&mut *from).poll_read(cx, &mut buffer));
        let n = buffer.filled().len();
        self.ended = read.is_err() || n == 0;
        self.filled = n;
        if n > 0 {
            self.last = n;
        }
        self.written = 0;
        self.observed = n == 0;
        Poll::Ready(())
    }
}
