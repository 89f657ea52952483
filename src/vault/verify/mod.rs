//! What is wrong with a vault, told without a secret.
//!
//! The log is walked first: each entry must be signed by the key that the one before it names. Then
//! every session is held against what the log says of it, down to the hash of each sealed piece.
//!
//! What this cannot see: a copied seed signs whatever comes after it; older copies of all files put
//! back together show only against an anchor, and a log written anew from its first entry on only where
//! that entry is known; and whether a piece says the truth, which only opening it shows.

mod log;
mod read;
mod session;
#[cfg(test)]
mod tests;

use super::chain::Hash;
use super::slots::{self, Copied};
use super::{Error, Vault};
use crate::model::SessionId;
use rusqlite::Connection;
use std::path::Path;

pub use log::Anchor;

/// The kinds of wrong that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is not what was sealed or signed.
    Altered,
    /// Something between its neighbours is gone.
    Missing,
    /// It stands in another's place.
    Reordered,
    /// The end is gone.
    Truncated,
    /// It was never signed for.
    Forged,
    /// The files are older than the anchor.
    RolledBack,
    /// It was forgotten before its hold was over.
    Held,
}

impl Wrong {
    /// Its word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Wrong::Altered => "altered",
            Wrong::Missing => "missing",
            Wrong::Reordered => "reordered",
            Wrong::Truncated => "truncated",
            Wrong::Forged => "forged",
            Wrong::RolledBack => "rolled_back",
            Wrong::Held => "held",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub wrong: Wrong,
    /// The session, where it is one.
    pub session: Option<SessionId>,
    /// The first piece concerned.
    pub piece: Option<u64>,
    /// The day of the session, in days since 1970.
    pub day: Option<i64>,
    /// One clause: `piece 14 was altered after it was sealed`.
    pub text: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Sessions the vault holds or should hold, without the forgotten ones.
    pub sessions: u64,
    /// Those of them that are as they were recorded.
    pub intact: u64,
    /// Sessions that were forgotten in order.
    pub pruned: u64,
    /// How often the vault was restored from a copy, as far as this configuration knows.
    pub restored: u64,
    /// Entries of the log.
    pub entries: u64,
    /// The log's last entry.
    pub head: Option<Hash>,
    /// Everything wrong, the log's first.
    pub findings: Vec<Finding>,
}

impl Vault {
    /// Checks everything that can be checked without a secret. Recorders may be at work meanwhile.
    ///
    /// # Errors
    /// Only that the database cannot be read at all; what is wrong is in the report.
    pub fn verify(&mut self, anchor: Option<&Anchor>) -> Result<Report, Error> {
        let (dir, id) = (self.dir.clone(), self.id);
        let recipient = self.recipient.to_string();
        let known = super::pin::restored(&self.config_dir, &dir)?;
        // One view of everything; before the log and after it the seed may move on, forwards.
        let seed = super::log::seed_position(&dir)?;
        let tx = self.conn.transaction().map_err(Error::db("be verified"))?;
        let mut report = Report::default();
        file(&tx, &mut report);
        planted(&tx, &mut report)?;
        let mut told = log::walk(&tx, seed, anchor, &known, &mut report)?;
        began(&self.config_dir, &dir, &told, &mut report)?;
        told.date(super::now().day());
        if told.vault.as_deref() != Some(&super::hex(&id))
            || told.recipient.as_deref() != Some(&recipient)
        {
            report.vault(
                Wrong::Altered,
                "the vault's id or key is not the one it was made with",
            );
        }
        match slots::hash(&tx) {
            Err(Error::Db { source, .. }) => {
                if legible::<()>(Err(source))?.is_none() {
                    report.vault(Wrong::Altered, format!("of its keyslots, {UNREADABLE}"));
                }
            }
            Err(error) => return Err(error),
            Ok(found) if told.slots != Some(found) => report.vault(
                Wrong::Altered,
                "the keyslots are not those the log signs for",
            ),
            Ok(_) => copied(slots::look_at_copy(&dir, &tx)?, &mut report),
        }
        session::check_all(&tx, &id, &told, &mut report)?;
        Ok(report)
    }
}

impl Report {
    fn vault(&mut self, wrong: Wrong, text: impl Into<String>) {
        self.findings.push(Finding {
            wrong,
            session: None,
            piece: None,
            day: None,
            text: text.into(),
        });
    }
}

/// Whether the log begins as it did when this configuration first saw it. Each entry vouches for those
/// behind it, and nothing else for the first: who can write the files could write all of it anew.
fn began(
    config_dir: &Path,
    vault: &Path,
    told: &log::Told,
    report: &mut Report,
) -> Result<(), Error> {
    let Some(first) = told.first else {
        return Ok(());
    };
    match super::pin::begun(config_dir, vault)? {
        Some(known) if known != first => {
            let file = super::pin::begun_file(config_dir);
            let text = format!(
                "the log begins with another entry than the one known here: all of it was written anew, or another vault was put there (if you did that, take its line out of {})",
                file.display()
            );
            report.vault(Wrong::Forged, text);
        }
        Some(_) => {}
        // A configuration that takes no writes learns it another time.
        None => drop(super::pin::set_begun(config_dir, vault, &first)),
    }
    Ok(())
}

/// Whether there is a second way to the slots.
fn copied(found: Copied, report: &mut Report) {
    let (wrong, is) = match found {
        Copied::Whole => return,
        Copied::Missing => (Wrong::Missing, "is missing"),
        Copied::Other => (Wrong::Altered, "does not hold the keyslots"),
    };
    let text = format!("keyslots.age {is}: what reads the vault next writes it again");
    report.vault(wrong, text);
}

/// SQLite's own check: pages and indexes that contradict each other.
fn file(conn: &Connection, report: &mut Report) {
    let said = conn.query_row("PRAGMA integrity_check(1)", [], |row| {
        row.get::<_, String>(0)
    });
    match said {
        Ok(said) if said == "ok" => {}
        Ok(said) => report.vault(
            Wrong::Altered,
            format!("the database file contradicts itself: {said}"),
        ),
        Err(e) => report.vault(
            Wrong::Altered,
            format!("the database file cannot be read whole: {e}"),
        ),
    }
}

/// A trigger or a view would act in the vault's place. rec has none and runs none; another program that
/// opens the file would.
fn planted(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    let found = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')",
        [],
        |row| row.get::<_, i64>(0),
    );
    // What cannot be read is told of already.
    if legible(found)?.is_some_and(|count| count > 0) {
        report.vault(
            Wrong::Forged,
            "a trigger or view was put into the database, which rec does not run",
        );
    }
    Ok(())
}

/// What is said of rows that [`legible`] does not give.
const UNREADABLE: &str = "something cannot be read: the database file or the disk is damaged there";

/// What was read; `None` where the file is damaged there, or the disk.
fn legible<T>(read: rusqlite::Result<T>) -> Result<Option<T>, Error> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if super::db::busy(&error) => Err(Error::db("be verified")(error)),
        Err(_) => Ok(None),
    }
}
