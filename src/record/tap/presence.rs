//! Whether the client still talks through the tap.
//!
//! psql's `\c - - otherhost` goes past it, and nothing of that is seen here but a client that lives
//! on without a connection.

use super::relay::First;
use crate::model::{Gap, GapKind};
use crate::record::feed::Feed;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A client that ends closes its connection and is gone within this.
const GONE: Duration = Duration::from_secs(2);

/// What is known of the client's sessions.
#[derive(Clone, Copy, Default)]
pub struct State {
    open: u32,
    /// The last one to end was closed by the client.
    left: bool,
}

/// A session that is open.
pub struct Presence {
    state: watch::Sender<State>,
    left: bool,
}

impl Presence {
    /// One more.
    pub fn new(state: watch::Sender<State>) -> Presence {
        state.send_modify(|state| state.open += 1);
        Presence { state, left: false }
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
        });
    }
}

/// Tells of each time that the client has left all its connections and lives on.
pub async fn watch(mut state: watch::Receiver<State>, feed: Arc<Feed>) {
    let away = |state: &State| state.open == 0 && state.left;
    while state.wait_for(away).await.is_ok() {
        tokio::time::sleep(GONE).await;
        if !away(&state.borrow()) {
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
