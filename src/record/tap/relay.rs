//! Bytes in both directions, as they come and in their order.
//!
//! A chunk is forwarded first and read along afterwards, from the same buffer; the recorder learns
//! beforehand that something is on its way to the client. Nothing is done for
//! each message, but where a [`Watch`] follows their headers. What is to look at messages before they
//! go on (a rewrite, a hold) does so outside of the relay: before the connection is handed over to it,
//! as [`super::postgres`] does while a client logs in, or when the watch has stopped it.

use super::eager::Eager;
use super::observer::Settled;
use super::{Observer, Stream};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::yield_now;
use zeroize::Zeroizing;

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

/// Looks at what the client sends before it goes on.
pub trait Watch {
    /// `fresh` follows what was shown before.
    fn look(&mut self, fresh: &[u8]) -> Verdict;
}

/// What goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// So many bytes stay behind, the last ones of all that was shown.
    pub keep: usize,
    /// They do so until somebody else has looked at them: nothing more is read.
    pub stop: bool,
}

/// Watches nothing.
pub struct Unwatched;

impl Watch for Unwatched {
    fn look(&mut self, _: &[u8]) -> Verdict {
        Verdict::default()
    }
}

/// How a connection may end.
#[derive(Clone, Copy)]
pub struct Ends<'a> {
    /// A client that has sent this last has ended the connection, whoever closed it first.
    pub farewell: &'a [u8],
    /// Called when the server's side ends, before the client can know.
    pub server: &'a (dyn Fn() + Sync),
}

impl<'a> Ends<'a> {
    /// With this farewell.
    pub fn with(farewell: &'a [u8]) -> Ends<'a> {
        Ends {
            farewell,
            server: &|| {},
        }
    }
}

/// Carries bytes until both sides have ended or one of them is lost. `observer` sees all of them.
pub async fn relay(
    local: &mut Stream,
    upstream: &mut Stream,
    observer: &mut Observer,
    ends: Ends<'_>,
) -> First {
    let mut relay = Relay::new(Unwatched, &[], &[]);
    loop {
        // What watches nothing stops at nothing.
        if let Some(first) = relay.run(local, upstream, observer, ends).await {
            return first;
        }
    }
}

/// Both directions.
pub struct Relay<W> {
    watch: W,
    there: Way,
    back: Way,
    eager: Eager,
    first: Option<First>,
}

impl<W: Watch> Relay<W> {
    /// Begins with what was read already and is to go `there`, to the server, and `back`.
    pub fn new(mut watch: W, there: &[u8], back: &[u8]) -> Relay<W> {
        let mut ways = [Way::new(there), Way::new(back)];
        if let [way, _] = &mut ways
            && !there.is_empty()
        {
            way.verdict = watch.look(there);
        }
        let [there, back] = ways;
        Relay {
            watch,
            there,
            back,
            eager: Eager::new(),
            first: None,
        }
    }

    /// Carries bytes until both sides have ended or one of them is lost, or until the watch has
    /// stopped it (`None`). Then the client has got all that it waits for, as far as `observer` can
    /// tell, and [`Self::stopped`] gives what the server has not got.
    pub async fn run(
        &mut self,
        local: &mut Stream,
        upstream: &mut Stream,
        observer: &mut Observer,
        ends: Ends<'_>,
    ) -> Option<First> {
        let Relay {
            watch,
            there,
            back,
            eager,
            first,
        } = self;
        let mut again = pin!(yield_now());
        poll_fn(|cx| {
            eager.looks();
            let sent = there.carry(cx, local, upstream, watch, &mut |step| {
                if let Step::Gone(bytes) = step {
                    observer.client(bytes);
                }
            });
            let received = back.carry(
                cx,
                upstream,
                local,
                &mut Unwatched,
                &mut |step| match step {
                    Step::Going => observer.ahead(),
                    Step::Gone(bytes) => observer.server(bytes),
                    Step::End => (ends.server)(),
                },
            );
            let by = match (sent, received) {
                (Poll::Ready(Over::Ended), _) | (_, Poll::Ready(Over::Unwritable)) => First::Client,
                (Poll::Ready(Over::Unwritable), _) | (_, Poll::Ready(Over::Ended)) => First::Server,
                (Poll::Pending, Poll::Pending) => {
                    let stopped = there.is_stopped() && back.is_through();
                    if stopped && observer.settled() != Settled::No {
                        return Poll::Ready(None);
                    }
                    let moved = [&mut *there, back].map(|way| std::mem::take(&mut way.moved));
                    if eager.looks_again(moved.contains(&true)) {
                        // Polled once more after the next look at the sockets.
                        again.set(yield_now());
                        let _ = again.as_mut().poll(cx);
                    }
                    return Poll::Pending;
                }
            };
            let left = by == First::Client || there.last().ends_with(ends.farewell);
            let by = if left { First::Client } else { by };
            let by = *first.get_or_insert(by);
            // A client that has said farewell, and got all that it had asked for, waits for nothing
            // more; nor does it without rec.
            let farewell = !ends.farewell.is_empty() && there.last().ends_with(ends.farewell);
            match (sent, received) {
                (Poll::Ready(_), Poll::Ready(_)) => Poll::Ready(Some(by)),
                (Poll::Ready(Over::Ended), Poll::Pending)
                    if farewell && observer.settled() == Settled::Yes =>
                {
                    Poll::Ready(Some(by))
                }
                // The client is gone; closing tells the server as it would have been told.
                (_, Poll::Ready(Over::Unwritable)) => Poll::Ready(Some(by)),
                // A server that is gone takes nothing of what was stopped.
                (_, Poll::Ready(Over::Ended)) if there.is_stopped() => Poll::Ready(Some(by)),
                // A server that takes nothing more may have said why.
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// The watch, and what it has stopped.
    pub fn stopped(self) -> (W, Zeroizing<Vec<u8>>) {
        let rest = self.there.buffer.get(self.there.free()..self.there.filled);
        (
            self.watch,
            Zeroizing::new(rest.unwrap_or_default().to_vec()),
        )
    }
}

/// How a direction ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// There was no more, and the other side has been told.
    Ended,
    /// The other side takes nothing more.
    Unwritable,
}

/// How far a direction has come.
enum Step<'a> {
    /// Bytes were read and go on now.
    Going,
    /// They went on, as far as the other side took them.
    Gone(&'a [u8]),
    /// There are no more.
    End,
}

/// One direction.
struct Way {
    buffer: Vec<u8>,
    /// So much of the buffer holds bytes, and so much of them is written.
    filled: usize,
    written: usize,
    /// What of them stays behind.
    verdict: Verdict,
    /// So much the last chunk had; it stays there when nothing comes after it.
    last: usize,
    /// They were read along.
    observed: bool,
    /// Something was read since it was last asked.
    moved: bool,
    flushing: bool,
    /// There is no more to read.
    ended: bool,
    over: Option<Over>,
}

impl Way {
    fn new(read: &[u8]) -> Way {
        let mut buffer = read.to_vec();
        buffer.resize(CHUNK.max(read.len()), 0);
        Way {
            buffer,
            filled: read.len(),
            written: 0,
            verdict: Verdict::default(),
            last: read.len(),
            observed: read.is_empty(),
            moved: false,
            flushing: false,
            ended: false,
            over: None,
        }
    }

    /// So much of the buffer may go on.
    fn free(&self) -> usize {
        self.filled.saturating_sub(self.verdict.keep)
    }

    /// The watch has stopped it, and all before that went on.
    fn is_stopped(&self) -> bool {
        self.verdict.stop && self.is_through()
    }

    /// Nothing of what may go on is left.
    fn is_through(&self) -> bool {
        self.written >= self.free() && !self.flushing
    }

    /// Carries what there is, and tells `observe` of it.
    fn carry(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        watch: &mut dyn Watch,
        observe: &mut dyn FnMut(Step<'_>),
    ) -> Poll<Over> {
        if let Some(over) = self.over {
            return Poll::Ready(over);
        }
        loop {
            if !self.observed {
                observe(Step::Going);
            }
            let forwarded = self.forward(cx, to);
            if !self.observed {
                self.observed = true;
                let bytes = self.buffer.get(..self.free());
                observe(Step::Gone(bytes.unwrap_or_default()));
            }
            let over = match ready!(forwarded) {
                Err(_) => Over::Unwritable,
                Ok(()) if self.verdict.stop => return Poll::Pending,
                Ok(()) if self.ended => match ready!(Pin::new(&mut *to).poll_shutdown(cx)) {
                    Ok(()) => Over::Ended,
                    Err(_) => Over::Unwritable,
                },
                Ok(()) => {
                    ready!(self.read(cx, from, watch));
                    if self.ended {
                        observe(Step::End);
                    }
                    continue;
                }
            };
            self.over = Some(over);
            return Poll::Ready(over);
        }
    }

    /// Writes what is left.
    fn forward(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<io::Result<()>> {
        while self.written < self.free() {
            let left = self.buffer.get(self.written..self.free());
            let left = left.unwrap_or_default();
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

    /// Reads the next chunk behind what stayed. A connection that breaks is one that ends.
    fn read(&mut self, cx: &mut Context<'_>, from: &mut Stream, watch: &mut dyn Watch) -> Poll<()> {
        let kept = self.verdict.keep.min(self.filled);
        // Mostly nothing stays.
        if kept > 0 && self.filled > kept {
            self.buffer.copy_within(self.filled - kept..self.filled, 0);
            (self.filled, self.written) = (kept, 0);
        }
        if self.buffer.len() < kept + CHUNK / 2 {
            self.buffer.resize(kept + CHUNK, 0);
        }
        let room = self.buffer.get_mut(kept..).unwrap_or_default();
        let mut buffer = ReadBuf::new(room);
        let read = ready!(Pin::new(&mut *from).poll_read(cx, &mut buffer));
        let n = buffer.filled().len();
        self.ended = read.is_err() || n == 0;
        self.filled = kept + n;
        self.written = 0;
        self.moved |= n > 0;
        if n > 0 {
            let fresh = self.buffer.get(kept..self.filled).unwrap_or_default();
            self.verdict = watch.look(fresh);
            self.last = self.free();
        } else {
            // What stayed is only the beginning of something.
            self.verdict = Verdict::default();
        }
        self.observed = self.free() == 0;
        Poll::Ready(())
    }
}
