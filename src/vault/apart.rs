//! A recording whose vault is written by a process of its own.
//!
//! A thread that waits for a file system which does not answer keeps its whole process from ending,
//! whatever signal it is sent. So whoever must end in time (P1, P5) never touches the vault: it hands
//! pieces over a socket, and only the process at the other end ([`serve`]) waits with the file system.
//! That process outlives the recorder where it must, commits what it was given as soon as it can, and
//! ends.
//!
//! Each message is a letter, the length of what follows (four bytes, little-endian) and that.

use super::health::{Failure, FailureKind, Health};
use super::queue::{NotTaken, Queue};
use super::recording::{End, Recording, Shared};
use super::{Vault, writer};
use crate::config::Paths;
use crate::mask::Masked;
use crate::model::{Meta, SessionId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::Duration;

/// Pieces that are handed over at a time.
const BATCH: usize = 16;

/// The longest message (P8): a piece is 256 KiB and the one event that filled it.
const LONGEST: usize = 256 << 20;

/// How long one try to hand a piece on lasts; it is tried until it is taken.
const PUSH: Duration = Duration::from_secs(60);

/// From the recorder.
mod ask {
    /// Whether a vault stands there.
    pub const STANDS: u8 = b's';
    /// To open it for the session of this id.
    pub const OPEN: u8 = b'o';
    /// The session's day and metadata: it is recorded from here on.
    pub const BEGIN: u8 = b'm';
    /// A piece.
    pub const PIECE: u8 = b'p';
    /// The end, with the summary.
    pub const CLOSE: u8 = b'c';
    /// The end, as if it had never been.
    pub const DISCARD: u8 = b'd';
}

/// To the recorder.
mod tell {
    /// Whether a vault stands there.
    pub const STANDS: u8 = b'S';
    /// It is open; the session's short name.
    pub const OPENED: u8 = b'O';
    /// It cannot be opened, and why.
    pub const NOT_OPENED: u8 = b'N';
    /// A commit begins.
    pub const BUSY: u8 = b'B';
    /// A try to commit is over, and whether it did.
    pub const IDLE: u8 = b'I';
    /// How the way to the disk fares.
    pub const HEALTH: u8 = b'H';
    /// What came of the session.
    pub const FINISHED: u8 = b'F';
    /// A line for the person, after the session.
    pub const AFTER: u8 = b'A';
}

fn send(mut link: &UnixStream, letter: u8, parts: &[&[u8]]) -> io::Result<()> {
    let long = parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(long).map_err(io::Error::other)?;
    let mut message = Vec::with_capacity(long + 5);
    message.push(letter);
    message.extend_from_slice(&length.to_le_bytes());
    for part in parts {
        message.extend_from_slice(part);
    }
    link.write_all(&message)
}

fn receive(mut link: &UnixStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    link.read_exact(&mut head)?;
    let [letter, a, b, c, d] = head;
    let length = u32::from_le_bytes([a, b, c, d]);
    let length = usize::try_from(length).map_err(io::Error::other)?;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut rest = vec![0; length];
    link.read_exact(&mut rest)?;
    Ok((letter, rest))
}

fn gone() -> Failure {
    let text = "rec's process that writes the vault has ended";
    Failure::new(FailureKind::Failed, text)
}

/// The recorder's end, before it records.
pub struct Apart {
    link: UnixStream,
}

impl Apart {
    /// At the other end of `link` is [`serve`].
    pub fn new(link: UnixStream) -> Apart {
        Apart { link }
    }

    /// Whether a vault seems to stand; `None` where the file system does not say within `limit`.
    pub fn stands(&self, limit: Duration) -> Option<bool> {
        send(&self.link, ask::STANDS, &[]).ok()?;
        let limit = Timespec::try_from(limit).ok()?;
        let mut fds = [PollFd::new(&self.link, PollFlags::IN)];
        if poll(&mut fds, Some(&limit)).is_ok_and(|ready| ready == 0) {
            return None;
        }
        match receive(&self.link) {
            Ok((tell::STANDS, told)) => Some(told == [1]),
            _ => None,
        }
    }

    /// Opens the vault, however long that takes; gives the shortest name of the session to be.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn open(&self, id: &SessionId) -> Result<String, String> {
        let gone = |_| gone().text;
        send(&self.link, ask::OPEN, &[&id.0]).map_err(gone)?;
        loop {
            let (letter, told) = receive(&self.link).map_err(gone)?;
            let told = String::from_utf8_lossy(&told).into_owned();
            match letter {
                tell::OPENED => return Ok(told),
                tell::NOT_OPENED => return Err(told),
                // Told late that it stands.
                _ => {}
            }
        }
    }
}

impl Recording {
    /// Begins a session in the vault that `apart` has opened for it. Lines for the person that come
    /// after the session's end come out of the receiver.
    ///
    /// # Errors
    /// No thread could be started, or the other end is gone.
    pub fn apart(apart: Apart, meta: &Masked<Meta>) -> io::Result<(Recording, Receiver<String>)> {
        let meta: &Meta = meta;
        let json = serde_json::to_vec(meta)?;
        let shared = Arc::new(Shared::new(None));
        let Apart { link } = apart;
        let listening = link.try_clone()?;
        let day = meta.started.day().to_le_bytes();
        send(&link, ask::BEGIN, &[&day, &json])?;
        let (after, lines) = sync_channel(1);
        let told = Arc::clone(&shared);
        Builder::new()
            .name("told".into())
            .spawn(move || listen(&listening, &told, &after))?;
        let taken = Arc::clone(&shared);
        let carrier = Builder::new()
            .name("vault".into())
            .spawn(move || carry(&link, &taken.queue))?;
        Ok((Recording::over(shared, carrier.thread().clone()), lines))
    }
}

/// Hands on what is recorded, until its end.
fn carry(link: &UnixStream, queue: &Queue<End>) {
    loop {
        let work = queue.take(BATCH);
        if work.pieces.is_empty() && work.end.is_none() {
            // The recorder left: the other end sees that nothing follows.
            let _ = link.shutdown(Shutdown::Write);
            return;
        }
        let pieces = work.pieces.iter();
        let sent = pieces.map(|piece| send(link, ask::PIECE, &[piece]));
        // Where the other end is gone, whoever listens to it says so.
        if sent.collect::<io::Result<()>>().is_err() {
            return;
        }
        match work.end {
            None => {}
            Some(end) => {
                let _ = match end {
                    End::Close(summary) => send(link, ask::CLOSE, &[&summary]),
                    End::Discard => send(link, ask::DISCARD, &[]),
                };
                return;
            }
        }
    }
}

/// Takes what is told of the recording, until the other end is gone.
fn listen(link: &UnixStream, shared: &Shared, after: &SyncSender<String>) {
    while let Ok((letter, told)) = receive(link) {
        match letter {
            tell::BUSY => shared.begin(),
            tell::IDLE => shared.end(told == [1]),
            tell::HEALTH => {
                if let Ok(health) = serde_json::from_slice(&told) {
                    shared.set_health(health);
                }
            }
            tell::FINISHED => {
                let result: Result<(), Failure> =
                    serde_json::from_slice(&told).unwrap_or_else(|_| Err(gone()));
                if result.is_err() {
                    shared.queue.abandon();
                }
                shared.finished(result);
            }
            tell::AFTER => {
                // Nobody waits for it any more, or somebody does.
                let _ = after.try_send(String::from_utf8_lossy(&told).into_owned());
            }
            _ => {}
        }
    }
    shared.queue.abandon();
    if !shared.is_finished() {
        shared.set_health(Health::Stopped(gone()));
        shared.finished(Err(gone()));
    }
}

/// What the writing process says of the recording, at the recorder's end of the link.
pub(super) struct Told(UnixStream);

impl Told {
    pub(super) fn busy(&self) {
        let _ = send(&self.0, tell::BUSY, &[]);
    }

    pub(super) fn idle(&self, committed: bool) {
        let _ = send(&self.0, tell::IDLE, &[&[u8::from(committed)]]);
    }

    pub(super) fn health(&self, health: &Health) {
        if let Ok(json) = serde_json::to_vec(health) {
            let _ = send(&self.0, tell::HEALTH, &[&json]);
        }
    }

    pub(super) fn finished(&self, result: &Result<(), Failure>) {
        if let Ok(json) = serde_json::to_vec(result) {
            let _ = send(&self.0, tell::FINISHED, &[&json]);
        }
    }
}

/// The recorder's wishes, one after the other, from the first to its end; whether a session was
/// closed in order. Waits for the file system as long as it takes.
pub fn serve(link: &UnixStream, paths: &Paths) -> bool {
    let Some((vault, id, day, meta)) = opened(link, paths) else {
        return false;
    };
    let Ok(told) = link.try_clone() else {
        return false;
    };
    let shared = Arc::new(Shared::new(Some(Told(told))));
    let writer = match writer::spawn(vault, id, day, meta, Arc::clone(&shared)) {
        Ok(writer) => writer,
        Err(error) => {
            let text = error.to_string();
            shared.finished(Err(Failure::new(FailureKind::Failed, text)));
            return false;
        }
    };
    let closes = loop {
        let end = match receive(link) {
            Ok((ask::PIECE, mut piece)) => {
                while let Err(NotTaken::Full(back)) = shared.queue.push(piece, PUSH) {
                    piece = back;
                }
                continue;
            }
            Ok((ask::CLOSE, summary)) => End::Close(summary),
            Ok((ask::DISCARD, _)) => End::Discard,
            _ => {
                shared.queue.leave();
                break false;
            }
        };
        let closes = matches!(end, End::Close(_));
        shared.end_with(None, end);
        writer.unpark();
        break closes;
    };
    shared.wait().is_ok() && closes
}

/// Says a line for the person after the session.
pub fn say_after(link: &UnixStream, line: &str) {
    // Whoever waited for it may be gone.
    let _ = send(link, tell::AFTER, &[line.as_bytes()]);
}

type Begun = (Vault, SessionId, i64, Vec<u8>);

/// Until a session begins; `None` where the recorder is gone before that.
fn opened(link: &UnixStream, paths: &Paths) -> Option<Begun> {
    let mut ready = None;
    loop {
        let (letter, told) = receive(link).ok()?;
        match letter {
            ask::STANDS => {
                let stands = u8::from(Vault::stands(paths));
                send(link, tell::STANDS, &[&[stands]]).ok()?;
            }
            ask::OPEN => {
                let id = SessionId(told.try_into().ok()?);
                let opened = Vault::open(paths).and_then(|vault| Ok((vault.short(&id)?, vault)));
                match opened {
                    Ok((short, vault)) => {
                        send(link, tell::OPENED, &[short.as_bytes()]).ok()?;
                        ready = Some((vault, id));
                    }
                    Err(error) => {
                        let why = error.in_a_line(&paths.vault);
                        send(link, tell::NOT_OPENED, &[why.as_bytes()]).ok()?;
                    }
                }
            }
            ask::BEGIN => {
                let (vault, id) = ready?;
                let (day, meta) = told.split_first_chunk::<8>()?;
                return Some((vault, id, i64::from_le_bytes(*day), meta.to_vec()));
            }
            _ => return None,
        }
    }
}
