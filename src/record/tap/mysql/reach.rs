//! Whether the server can be reached, and how a client learns that it cannot.
//!
//! Clients know by an error of their own when nobody listens, and no server may send its number. So
//! rec looks for the server before the client starts: one that cannot be reached is left to the
//! client to complain of. A server that goes away later takes rec's socket with it, until it is back.

use crate::record::tap::upstream::{Ahead, Unreached};
use crate::record::tap::{Away, Keepalive, Place, Stream};
use rustix::io::Errno;
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};

/// So long a connection that was made ahead waits for the client, who may be typing a password.
/// Servers wait for ten seconds.
const EARLY_MAX: Duration = Duration::from_secs(4);

/// How often a server is looked for that has gone away: soon at first, for clients that wait for it.
const AGAIN: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

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

    /// Connects.
    ///
    /// # Errors
    /// The server is not there, and is away from now on.
    pub async fn connect(&self) -> Result<Stream, Unreached> {
        let keepalive = Keepalive::default();
        let ahead = match self.take_early() {
            Some(early) => Ahead::Connection(early),
            None => self.take_ahead(),
        };
        match self.place.connect_ahead(ahead, &keepalive).await {
            Ok(reached) => Ok(reached.stream),
            Err(unreached) => {
                self.missed(&unreached);
                Err(unreached)
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
        let (mut pause, longest) = AGAIN;
        loop {
            sleep(pause).await;
            pause = longest.min(pause * 6 / 5);
            let found = match &self.place {
                Place::Socket(_) => self.place.probe(Duration::ZERO).is_ok(),
                Place::Network { .. } => {
                    let reached = self.place.connect(&Keepalive::default()).await.ok();
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
        if let Some(away) = &self.away {
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

/// How a server looks that was missed like this.
pub fn looks(place: &Place, unreached: &Unreached) -> Away {
    let absent = unreached.reason.raw_os_error() == Some(Errno::NOENT.raw_os_error());
    match (place, absent) {
        (Place::Socket(_), true) => Away::Absent,
        _ => Away::Refuses,
    }
}
