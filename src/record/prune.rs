//! What is beyond the limits goes after a recording, and its owner hears when the vault is nearly
//! full. In a thread of its own, or in the keeper's process: the person waits for their prompt, so
//! nobody waits long for it.

use super::log::Log;
use crate::config::{Paths, Retention};
use crate::vault::Vault;
use crate::vault::retention::{Pruned, size};
use std::sync::mpsc;
use std::time::Duration;

/// How long it may take. What is interrupted then goes on after the next recording.
pub const WAIT: Duration = Duration::from_millis(150);

/// Applies the limits; a line for the person, if there is something to say.
pub fn after(paths: Paths, retention: Retention, log: &Log) -> Option<String> {
    let (done, answer) = mpsc::sync_channel(1);
    let log = log.clone();
    let work = move || {
        let _ = done.send(here(&paths, &retention, &log));
    };
    let thread = std::thread::Builder::new().name("prune".into());
    thread.spawn(work).ok()?;
    answer.recv_timeout(WAIT).ok().flatten()
}

/// The same, as long as it takes.
pub fn here(paths: &Paths, retention: &Retention, log: &Log) -> Option<String> {
    let pruned = Vault::open(paths).and_then(|mut vault| vault.prune_some(retention, WAIT));
    match pruned {
        Ok(Pruned { near, .. }) => near.map(|near| {
            format!(
                "rec: the vault has {} of the {} it may have; beyond that the oldest sessions go (rec prune --dry-run)",
                size(near.bytes),
                size(near.limit)
            )
        }),
        Err(error) => {
            log.line(&format!("nothing was pruned: {error}"));
            None
        }
    }
}
