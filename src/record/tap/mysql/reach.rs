//! Whether the server can be reached, and how a client learns that it cannot.
//!
//! Clients know by an error of their own when nobody listens, and no server may send its number. So
//! rec looks for the server before the client starts: one that cannot be reached is left to the
//! client to complain of. A server that goes away later takes rec's socket with it, until it is back.

use crate::record::tap::upstream::{Ahead, Unreached};
use crate::record::tap::{Away, Keepalive, Place, Stream};
use rustix::io::Errno;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until, timeout};

/// So long a connection that was made ahead waits for the client, who may be typing a password.
/// Servers wait for ten seconds.
const EARLY_MAX: Duration = Duration::from_secs(4);

/// How often a server is looked for that has gone away: soon at first, for clients that wait for it.
const AGAIN: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// So long a pause is the longest where a look costs the server nothing: on a socket of this machine.
const AGAIN_HERE: Duration = Duration::from_millis(20);

/// How long one look waits on a network: behind one that fails only after minutes, a server that is
/// back would not be found.
const LOOK: Duration = Duration::from_secs(4);

/// How soon rec knocks again at a socket whose queue is full, as the clients do, which do not even
/// pause.
const QUEUE: Duration = Duration::from_millis(5);

/// So long a server on a network is looked for. After that a client who asks for it is let in here
/// and told by the connection's end.
const LOOK_MAX: Duration = Duration::from_secs(300);

/// The way to a server.
pub struct Reach {
    place: Place,
    /// A connection that was made ahead, and when.
    early: Mutex<Option<(TcpStream, Instant)>>,
    /// What else is known for the first client.
    ahead: Mutex<Ahead>,
    /// The server is missing; `None` where nobody is to take that for the server's own absence.
    away: Option<watch::Sender<Option<Away>>>,
}

impl Reach {
    /// The way to `place` for clients that came to rec by themselves: rec is there though the server
    /// is not.
    pub fn new(place: Place) -> Reach {
        Reach {
            place,
            early: Mutex::default(),
            ahead: Mutex::default(),
            away: None,
        }
    }

    /// For clients that were led here, with what came of [`Place::probe`].
    pub fn led(place: Place, ahead: Ahead, away: Option<Away>) -> Reach {
        let (early, ahead) = match ahead {
            Ahead::Connection(stream) => (Some((stream, Instant::now())), Ahead::Nothing),
            other => (None, other),
        };
        Reach {
            place,
            early: Mutex::new(early),
            ahead: Mutex::new(ahead),
            away: Some(watch::Sender::new(away)),
        }
    }

    /// Where it leads.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether a client is to miss rec's socket when it would miss the server's.
    pub fn is_led(&self) -> bool {
        self.away.is_some()
    }

    /// Connects. A server on this machine that has not come to those before is waited for: its socket
    /// says that it is there.
    ///
    /// # Errors
    /// The server is not there, and is away from now on; or this machine has nothing left to reach
    /// it with.
    pub async fn connect(&self) -> Result<Stream, Unreached> {
        let keepalive = Keepalive::default();
        let mut ahead = match self.take_early() {
            Some(early) => Ahead::Connection(early),
            None => self.take_ahead(),
        };
        loop {
            match self.place.connect_ahead(ahead, &keepalive).await {
                Ok(reached) => return Ok(reached.stream),
                Err(unreached) if unreached.reason.kind() == ErrorKind::WouldBlock => {
                    sleep(QUEUE).await;
                    ahead = Ahead::Nothing;
                }
                Err(unreached) => {
                    self.missed(&unreached);
                    return Err(unreached);
                }
            }
        }
    }

    /// The server has ended a session: it may be gone. On a network only a connection would tell.
    pub fn ended(&self) {
        if let (Place::Socket(_), Some(_)) = (&self.place, &self.away)
            && let Err(unreached) = self.place.probe(Duration::ZERO)
        {
            self.missed(&unreached);
        }
    }

    /// Resolves when the server is away. Lets go of a connection that nobody has come for.
    pub async fn away(&self) -> Away {
        let Some(away) = &self.away else {
            return std::future::pending().await;
        };
        let mut away = away.subscribe();
        loop {
            let made = self.early().as_ref().map(|(_, at)| *at);
            let missing = async {
                let seen = away.wait_for(Option::is_some).await;
                seen.ok().and_then(|away| *away)
            };
            let expired = async {
                match made {
                    Some(at) => sleep_until((at + EARLY_MAX).into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(away) = missing => return away,
                () = expired => drop(self.take_early()),
            }
        }
    }

    /// Resolves when the server may be there again.
    pub async fn back(&self) {
        let since = Instant::now();
        let (mut pause, mut longest) = AGAIN;
        if matches!(self.place, Place::Socket(_)) {
            longest = AGAIN_HERE;
        }
        loop {
            sleep(pause).await;
            pause = longest.min(pause * 6 / 5);
            let found = match &self.place {
                Place::Socket(_) => self.place.probe(Duration::ZERO).is_ok(),
                Place::Network { .. } => {
                    let keepalive = Keepalive::default();
                    let reached = timeout(LOOK, self.place.connect(&keepalive)).await;
                    let reached = reached.ok().and_then(Result::ok);
                    if let Some(Stream::Tcp(stream)) = reached.map(|reached| reached.stream) {
                        *self.early() = stream.into_std().ok().map(|s| (s, Instant::now()));
                    }
                    self.early().is_some() || since.elapsed() > LOOK_MAX
                }
            };
            if found {
                break;
            }
        }
        if let Some(away) = &self.away {
            away.send_replace(None);
        }
    }

    fn missed(&self, unreached: &Unreached) {
        if let Some(away) = self.away.as_ref().filter(|_| tells(unreached)) {
            away.send_replace(Some(looks(&self.place, unreached)));
        }
    }

    fn early(&self) -> std::sync::MutexGuard<'_, Option<(TcpStream, Instant)>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_ahead(&self) -> Ahead {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut ahead)
    }

    fn take_early(&self) -> Option<TcpStream> {
        let (stream, made) = self.early().take()?;
        (made.elapsed() < EARLY_MAX).then_some(stream)
    }
}

/// Whether it tells anything of the server: not what this machine or this process has no more of.
pub fn tells(unreached: &Unreached) -> bool {
    const OURS: [Errno; 5] = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::ADDRNOTAVAIL,
    ];
    let reason = unreached.reason.raw_os_error();
    !OURS
        .iter()
        .any(|errno| reason == Some(errno.raw_os_error()))
}

/// How a server looks that was missed like this.
pub fn looks(place: &Place, unreached: &Unreached) -> Away {
    let absent = unreached.reason.raw_os_error() == Some(Errno::NOENT.raw_os_error());
    match (place, absent) {
        (Place::Socket(_), true) => Away::Absent,
        _ => Away::Refuses,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::Path;
    use std::task::Poll;

    /// A listener at `path` for which so many wait that no more are let in, and those who do.
    fn crowded(path: &Path) -> (UnixListener, Vec<std::os::fd::OwnedFd>) {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            || rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
        let address = SocketAddrUnix::new(path).unwrap();
        let listener = socket().unwrap();
        rustix::net::bind(&listener, &address).unwrap();
        rustix::net::listen(&listener, 1).unwrap();
        let mut waiting = Vec::new();
        loop {
            let client = socket().unwrap();
            match rustix::net::connect(&client, &address) {
                Ok(()) => waiting.push(client),
                Err(Errno::AGAIN) => return (UnixListener::from(listener), waiting),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// P1: the clients wait at such a socket, too.
    #[tokio::test]
    async fn a_server_with_a_full_queue_is_there_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let (listener, waiting) = crowded(&path);
        let reach = Reach::led(Place::Socket(path.clone()), Ahead::Nothing, None);
        let mut connects = std::pin::pin!(reach.connect());
        let waits = std::future::poll_fn(|cx| Poll::Ready(connects.as_mut().poll(cx).is_pending()));
        assert!(waits.await, "there is no room");
        let away = reach.away.as_ref().map(|away| *away.borrow());
        assert_eq!(away, Some(None), "the server is not taken for missing");
        drop(listener.accept().unwrap());
        assert!(connects.await.is_ok());
        drop(waiting);
    }

    /// P1: a shortage of ours shuts nobody out who comes after it.
    #[test]
    fn what_this_machine_lacks_is_not_the_server_s_absence() {
        let reach = || Reach::led(Place::Socket("/s".into()), Ahead::Nothing, None);
        for (errno, missing) in [
            (Errno::MFILE, false),
            (Errno::NFILE, false),
            (Errno::ADDRNOTAVAIL, false),
            (Errno::NOENT, true),
            (Errno::CONNREFUSED, true),
            (Errno::HOSTUNREACH, true),
            (Errno::TIMEDOUT, true),
        ] {
            let reach = reach();
            reach.missed(&Unreached {
                address: None,
                reason: std::io::Error::from_raw_os_error(errno.raw_os_error()),
            });
            let away = reach.away.as_ref().and_then(|away| *away.borrow());
            assert_eq!(away.is_some(), missing, "{errno}");
        }
    }

    /// One who came by himself finds rec in any case.
    #[tokio::test]
    async fn a_missing_server_is_told_to_who_came_by_himself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let reach = Reach::new(Place::Socket(path.clone()));
        let missed = reach.connect().await.err().unwrap();
        assert!(tells(&missed) && reach.away.is_none());
        let _listener = UnixListener::bind(&path).unwrap();
        assert!(UnixStream::connect(&path).is_ok() && reach.connect().await.is_ok());
    }
}
