//! What is beyond the limits goes after a recording, and its owner hears when the vault is nearly
//! full. In a thread of its own, or in the keeper's process: the person waits for their prompt, so
//! nobody waits long for it.

use super::log::Log;
use crate::config::{Paths, Retention};
use crate::vault::Vault;
use crate::vault::retention::size;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long it may take. What is interrupted then goes on after the next recording.
pub const WAIT: Duration = Duration::from_millis(150);

/// Applies the limits; a line for the person, if there is something to say.
pub fn after(paths: Paths, retention: Retention, log: &Log) -> Option<String> {
    let (say, said) = mpsc::sync_channel(1);
    let log = log.clone();
    let work = move || {
        here(&paths, &retention, &log, &mut |line| {
            let _ = say.send(line);
        });
    };
    let thread = std::thread::Builder::new().name("prune".into());
    thread.spawn(work).ok()?;
    let until = Instant::now() + WAIT;
    let mut line = None;
    // The line comes first; what is due has the rest of the time.
    while let Ok(said) = said.recv_timeout(until.saturating_duration_since(Instant::now())) {
        line = Some(said);
    }
    line
}

/// The same, as long as it takes.
pub fn here(paths: &Paths, retention: &Retention, log: &Log, say: &mut dyn FnMut(String)) {
    let pruned = Vault::open(paths).and_then(|mut vault| {
        vault.prune_some(retention, WAIT, &mut |near| {
            say(format!(
                "rec: the vault has {} of the {} it may have; beyond that the oldest sessions go (rec prune --dry-run)",
                size(near.bytes),
                size(near.limit)
            ));
        })
    });
    if let Err(error) = pruned {
        log.line(&format!("nothing was pruned: {error}"));
    }
}
