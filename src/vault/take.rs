//! Sessions from elsewhere: another machine's vault, a damaged one, a bundle.
//!
//! Who recorded them is not known to this vault, so each is masked again like what was just typed, and
//! recorded anew in a chain of this vault's own. The log says that it came from elsewhere.

use super::foreign::Foreign;
use super::log::{self, What};
use super::slots::{self, NewSlot};
use super::{Ask, Damage, Error, Failure, FailureKind, Means, Recording, Refused, Vault, create};
use crate::config::Paths;
use crate::export::Again;
use crate::export::redact::{Found, labels_without};
use crate::mask::{Door, Masked, Scanner};
use crate::model::{Body, Event, GapKind, Labels, Meta, SessionId, Stamp, Status, Summary, Target};
use crate::timeline::Builder;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for a writer that is behind before it is asked again.
const AGAIN: Duration = Duration::from_millis(5);

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows of one table are read, by their keys.
    Reading,
    /// Sessions are taken in.
    TakingIn,
}

/// What was taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Sessions that are new here.
    pub sessions: u64,
    /// Those that were here already, or were forgotten here.
    pub known: u64,
    /// Those still being recorded there.
    pub recording: u64,
    /// Those whose metadata did not open.
    pub nameless: u64,
    /// Pieces that did not open.
    pub damaged: u64,
    /// Values masked in them, those of before included.
    pub masked: u64,
    /// Keyslots were taken over of which nothing shows that they are the owner's.
    pub unowned: bool,
}

/// A session on its way in.
pub(super) struct Incoming {
    pub meta: Meta,
    /// `None` where it must be counted.
    pub summary: Option<Summary>,
    pub labels: Labels,
}

impl Vault {
    /// Takes in every session of the vault, or the copy of one, at `path` that is not here yet.
    ///
    /// # Errors
    /// What unlocking the other vault or writing into this one says. What was taken in until then
    /// stays.
    pub fn merge(
        paths: &Paths,
        path: &Path,
        means: &Means,
        ask: &mut dyn Ask,
        progress: &mut dyn FnMut(Step, u64, u64),
    ) -> Result<Taken, Error> {
        let mut vault = Vault::open(paths)?;
        let other = Foreign::open(path, vault.dir(), None, means, ask)?;
        take_all(paths, &mut vault, &other, progress)
    }
}

/// Makes a vault in the directory that `paths` names, with the key and the slots of the damaged one
/// at `path`, and copies everything that still opens.
///
/// # Errors
/// As [`Vault::merge`], and those of making a vault.
pub fn salvage(
    paths: &Paths,
    path: &Path,
    means: &Means,
    ask: &mut dyn Ask,
    progress: &mut dyn FnMut(Step, u64, u64),
) -> Result<Taken, Error> {
    let made = Made::new(&paths.vault);
    let dir = super::dir::prepare(&paths.vault)?;
    create::vacant(&dir, false)?;
    let other = Foreign::open(path, &dir, Some(&mut *progress), means, ask)?;
    let (slots, owned) = other.slots()?;
    let slots: Vec<NewSlot> = slots
        .into_iter()
        .map(|slot| NewSlot {
            // A key that stood beside the old database is named by its whole path here.
            place: match slot.kind {
                slots::Kind::File => slot.path(other.unlocked().dir()).display().to_string(),
                _ => slot.place,
            },
            kind: slot.kind,
            sealed: slot.sealed,
        })
        .collect();
    let identity = other.unlocked().identity();
    let own = match owned {
        true => slots.iter().map(|slot| slot.mark(identity)).collect(),
        false => Vec::new(),
    };
    let recipient = other.unlocked().vault().recipient();
    let mut vault = create::from_slots(paths, recipient, &slots, own)?;
    made.stays();
    let taken = take_all(paths, &mut vault, &other, progress)?;
    Ok(Taken {
        unowned: !owned,
        ..taken
    })
}

/// The directories that are made for a new vault; they go again while nothing is in them.
struct Made(Vec<PathBuf>);

impl Made {
    /// Those that `dir` needs and that are not there.
    fn new(dir: &Path) -> Made {
        let missing = |dir: &&Path| dir.symlink_metadata().is_err();
        let missing = dir.ancestors().take_while(missing);
        Made(missing.map(Path::to_owned).collect())
    }

    fn stays(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let gone = |dir: &PathBuf| std::fs::remove_dir(dir).is_ok();
        self.0.iter().take_while(|dir| gone(dir)).for_each(drop);
    }
}

fn take_all(
    paths: &Paths,
    vault: &mut Vault,
    other: &Foreign,
    progress: &mut dyn FnMut(Step, u64, u64),
) -> Result<Taken, Error> {
    let mut taken = Taken::default();
    let mut known = vault.known()?;
    let entries = other.unlocked().sessions()?;
    let total = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let from = format!("vault {}", other.id());
    for (at, entry) in (0..).zip(entries.into_iter().rev()) {
        progress(Step::TakingIn, at, total);
        if !known.insert(entry.id) {
            taken.known += 1;
            continue;
        }
        if entry.status == Status::Recording {
            taken.recording += 1;
            continue;
        }
        taken.nameless += u64::from(entry.damage.is_some());
        let incoming = Incoming {
            labels: other.unlocked().labels(&entry.row)?,
            meta: entry.meta,
            summary: entry.summary,
        };
        let events = other.unlocked().events(entry.id)?;
        take_in(paths, vault, incoming, events, &from, &mut taken)?;
        taken.sessions += 1;
    }
    progress(Step::TakingIn, total, total);
    Ok(taken)
}

impl Vault {
    /// Every session that is or was here.
    pub(super) fn known(&self) -> Result<HashSet<SessionId>, Error> {
        let read = || -> rusqlite::Result<HashSet<SessionId>> {
            let mut rows = self.conn.prepare("SELECT id FROM sessions")?;
            rows.query_map([], |row| row.get(0).map(SessionId))?
                .collect()
        };
        read().map_err(Error::db("list the sessions"))
    }
}

/// Masks one session again and records it.
pub(super) fn take_in(
    paths: &Paths,
    vault: &mut Vault,
    incoming: Incoming,
    events: impl Iterator<Item = Result<Event, Damage>>,
    from: &str,
    taken: &mut Taken,
) -> Result<(), Error> {
    let rules = vault.rules(&incoming.meta)?;
    let session = incoming.meta.id;
    let (mut again, meta) = Again::new(&rules, &incoming.meta, &[]);
    let mut door = Scanner::new(rules.clone()).door();
    let size = meta.size;
    let meta = admit_meta(&mut door, meta)?;
    let mut recording = Recording::open(Vault::open(paths)?, &meta)?;
    let mut counted = Counted {
        builder: Builder::outline(size),
        masked: BTreeMap::new(),
        lost: 0,
    };
    for event in events {
        let Ok(event) = event else {
            counted.lost += 1;
            continue;
        };
        for event in again.push_masked(&event) {
            counted.see(&event);
            append(&mut recording, &event)?;
        }
    }
    for event in again.finish_masked() {
        counted.see(&event);
        append(&mut recording, &event)?;
    }
    taken.damaged += u64::from(counted.lost);
    let summary = counted.summary(incoming.summary);
    taken.masked += u64::from(summary.masked_total());
    let summary = admit(&mut door, summary)?;
    recording.close(&summary).map_err(Error::NotTaken)?;
    let labels = labels_without(&rules, &Found::default(), &incoming.labels);
    let labels = admit(&mut door, labels)?;
    let sealed = match labels.is_empty() {
        true => None,
        false => {
            let json = serde_json::to_vec(&*labels).map_err(|e| Error::Seal(e.to_string()))?;
            Some(super::seal::Sealer::new(vault.recipient.clone())?.seal(&json)?)
        }
    };
    let dir = vault.dir.clone();
    log::write(&dir, &mut vault.conn, |log| {
        log.add(What::Taken {
            session,
            from: from.to_owned(),
        })?;
        let Some(sealed) = sealed else {
            return Ok(());
        };
        let number = log
            .conn()
            .query_row(
                "SELECT number FROM sessions WHERE id = ?1",
                [&session.0],
                |row| row.get(0),
            )
            .map_err(Error::db("label a session"))?;
        super::label::store(log, number, session, false, Some(sealed))
    })
}

fn admit<T: crate::mask::Viewable>(door: &mut Door, value: T) -> Result<Masked<T>, Error> {
    door.admit(value)
        .map_err(|doubt| Error::Seal(doubt.to_string()))
}

/// What names the session must not betray a secret: then it has no name.
fn admit_meta(door: &mut Door, meta: Meta) -> Result<Masked<Meta>, Error> {
    let nameless = Meta {
        client: "?".to_owned(),
        command: String::new(),
        target: Target::default(),
        term: String::new(),
        machine: String::new(),
        login: String::new(),
        directory: String::new(),
        started: Stamp(meta.started.0),
        version: String::new(),
        ..meta
    };
    match door.admit(meta) {
        Ok(meta) => Ok(meta),
        Err(_) => admit(door, nameless),
    }
}

fn append(recording: &mut Recording, event: &Masked<Event>) -> Result<(), Error> {
    loop {
        match recording.append(event) {
            Ok(()) => return Ok(()),
            Err(Refused::Full) => std::thread::sleep(AGAIN),
            Err(Refused::Stopped) => {
                return Err(Error::NotTaken(match recording.health() {
                    super::Health::Failing(why) | super::Health::Stopped(why) => why,
                    super::Health::Good => {
                        Failure::new(FailureKind::Failed, "the vault's writer stopped")
                    }
                }));
            }
        }
    }
}

/// Counts what goes in.
struct Counted {
    builder: Builder,
    masked: BTreeMap<String, u32>,
    lost: u32,
}

impl Counted {
    fn see(&mut self, event: &Event) {
        self.builder.push(event);
        if let Body::Masked { rule, count } = &event.body {
            let total = self.masked.entry(rule.clone()).or_insert(0);
            *total = total.saturating_add(*count);
        }
    }

    /// What the recorder counted, where it could, with what was masked now.
    fn summary(self, recorded: Option<Summary>) -> Summary {
        let interrupted = recorded.is_none();
        let mut summary = recorded.unwrap_or_else(|| self.builder.finish().0.summary());
        summary.masked = self.masked;
        let mut gap = |kind, more| {
            let n = summary.gaps.entry(kind).or_insert(0_u32);
            *n = n.saturating_add(more);
        };
        if interrupted {
            gap(GapKind::Interrupted, 1);
        }
        if self.lost > 0 {
            gap(GapKind::Dropped, self.lost);
        }
        summary
    }
}
