//! Whether the client still talks through the tap.
//!
//! psql's `\c - - otherhost` goes past it, and nothing of that is seen here but a client that lives
//! on with a connection of its own, or without any.

use super::relay::First;
use crate::model::{Gap, GapKind};
use crate::record::feed::Feed;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A client that ends closes its connection and is gone within this.
const GONE: Duration = Duration::from_secs(2);
/// How often a client that may be about to end is looked at until then.
const LOOK: Duration = Duration::from_millis(10);

/// What is known of the client's sessions.
#[derive(Clone, Default)]
pub struct State {
    open: u32,
    /// The last one to end was closed by the client.
    left: bool,
    /// Who that was.
    client: Option<Arc<Client>>,
}

impl State {
    fn is_away(&self) -> bool {
        self.open == 0 && self.left
    }
}

/// A client as it was when its session began.
struct Client {
    process: u32,
    sockets: HashSet<String>,
}

impl Client {
    fn new(process: u32) -> Client {
        let sockets = sockets(process);
        Client { process, sockets }
    }

    /// Whether it has a socket that it had not then. Its session's own it had.
    fn talks_elsewhere(&self) -> bool {
        let now = sockets(self.process);
        now.iter().any(|socket| !self.sockets.contains(socket))
    }
}

/// The sockets that a process has open, as the kernel names them (`socket:[4711]`, proc_pid_fd(5));
/// none where the system does not tell.
fn sockets(process: u32) -> HashSet<String> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd"));
    let files = files.into_iter().flatten().flatten();
    let named = files.filter_map(|file| {
        let name = std::fs::read_link(file.path()).ok()?;
        name.into_os_string().into_string().ok()
    });
    named.filter(|name| name.starts_with("socket:")).collect()
}

/// A session that is open.
pub struct Presence {
    state: watch::Sender<State>,
    client: Option<Arc<Client>>,
    left: bool,
}

impl Presence {
    /// One more, of this process where that is known.
    pub fn new(state: watch::Sender<State>, process: Option<u32>) -> Presence {
        state.send_modify(|state| state.open += 1);
        // Nobody asks about a client that is not watched.
        let process = process.filter(|_| state.receiver_count() > 0);
        Presence {
            state,
            client: process.map(|process| Arc::new(Client::new(process))),
            left: false,
        }
    }

    /// Its end.
    pub fn ended(mut self, first: First) {
        self.left = first == First::Client;
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.state.send_modify(|state| {
            state.open = state.open.saturating_sub(1);
            state.left = self.left;
            state.client = self.client.take();
        });
    }
}

/// Tells of each time that the client has left all its connections and lives on.
pub async fn watch(mut state: watch::Receiver<State>, feed: Arc<Feed>) {
    while state.wait_for(State::is_away).await.is_ok() {
        if !stays_away(&state).await {
            continue;
        }
        feed.gap(Gap {
            kind: GapKind::Bypassed,
            bytes: 0,
            detail: "the client goes on without a connection that passes rec: what it sends to \
                     another server is not seen, only what the terminal shows (rec psql for that server \
                     records it, too)"
                .to_owned(),
        });
        if state.wait_for(|state| state.open > 0).await.is_err() {
            return;
        }
    }
}

/// Whether a client that has left is not back soon.
async fn stays_away(state: &watch::Receiver<State>) -> bool {
    let client = state.borrow().client.clone();
    let away = async {
        loop {
            // One that has connected elsewhere may end within the time of one that only ends.
            if client.as_ref().is_some_and(|c| c.talks_elsewhere()) || !state.borrow().is_away() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let _ = tokio::time::timeout(GONE, away).await;
    state.borrow().is_away()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_of_later_is_seen() {
        let _before = UnixStream::pair().unwrap();
        let client = Client::new(std::process::id());
        assert!(!client.sockets.is_empty());
        let _after = UnixStream::pair().unwrap();
        assert!(client.talks_elsewhere());
    }

    #[test]
    fn a_process_that_is_gone_talks_to_nobody() {
        let client = Client {
            process: u32::MAX,
            sockets: HashSet::new(),
        };
        assert!(!client.talks_elsewhere());
    }
}
