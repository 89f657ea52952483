//! `rec pin`, `rec unpin`, `rec tag` and `rec note`: what the owner says of a session afterwards.
//!
//! What is typed here is masked like everything else before it is stored.

use super::ask::Person;
use super::open;
use super::times;
use super::{Error, Global, Kind, Ui};
use crate::model::{Labels, Micros, Note as Said, printable, when};
use crate::vault::{Entry, NotLabelled, Unlocked, Vault};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// A tag is a word; longer than this it is a note.
const TAG_MAX: usize = 64;
/// What a note may have. What is longer belongs into a file.
const NOTE_MAX: usize = 64 << 10;

/// Keep sessions whatever the limits of [retention] say
#[derive(Debug, Args)]
#[command(after_help = "\
Whether a session is pinned stands in clear in the vault; this needs no key.

Examples:
  rec pin @last
  rec ls pinned:")]
pub struct Pin {
    #[command(flatten)]
    which: Which,
}

/// Let pinned sessions go again when their time comes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rec unpin 7f3a")]
pub struct Unpin {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
struct Which {
    /// Which: beginnings of ids, @last, @2
    #[arg(value_name = "ID", required = true, add = super::complete::sessions())]
    ids: Vec<String>,
}

/// Tag a session, or list its tags
#[derive(Debug, Args)]
#[command(after_help = "\
A tag is one word: letters, digits and . _ - / : in it.

Examples:
  rec tag @last incident-42 schema
  rec tag 7f3a --remove schema
  rec tag 7f3a                     lists its tags
  rec search tag:incident-42 failed:")]
pub struct Tag {
    /// Which session: the beginning of its id, @last, @2
    #[arg(value_name = "ID", add = super::complete::sessions())]
    id: String,

    /// Tags to add
    #[arg(value_name = "TAG")]
    tags: Vec<String>,

    /// A tag to take off
    #[arg(long, value_name = "TAG")]
    remove: Vec<String>,

    /// Print an array of its tags
    #[arg(long)]
    json: bool,
}

/// Note something about a session, or list its notes
#[derive(Debug, Args)]
#[command(after_help = "\
A note stands among the markers of the session and is found by rec search in:note. It stays with
you: rec export leaves notes out.

Examples:
  rec note @last 'this is where it went wrong'
  rec note 7f3a --at 1:50 'the wrong host'
  rec note 7f3a                    lists its notes
  rec note 7f3a --remove 2")]
pub struct Note {
    /// Which session: the beginning of its id, @last, @2
    #[arg(value_name = "ID", add = super::complete::sessions())]
    id: String,

    /// What to note
    #[arg(value_name = "TEXT", conflicts_with = "remove")]
    text: Vec<String>,

    /// At which moment [default: the beginning]
    #[arg(long, value_name = "TIME", value_parser = times::position, requires = "text")]
    at: Option<Micros>,

    /// Take off the note of this number
    #[arg(long, value_name = "N")]
    remove: Option<usize>,

    /// Print an array of its notes
    #[arg(long)]
    json: bool,
}

impl Pin {
    /// Runs the verb.
    ///
    /// # Errors
    /// There is no such session, or the vault cannot be written.
    pub fn run(&self, ui: &mut Ui, global: &Global) -> Result<ExitCode, Error> {
        pin(ui, global, &self.which.ids, true)
    }
}

impl Unpin {
    /// Runs the verb.
    ///
    /// # Errors
    /// As [`Pin::run`].
    pub fn run(&self, ui: &mut Ui, global: &Global) -> Result<ExitCode, Error> {
        pin(ui, global, &self.which.ids, false)
    }
}

fn pin(ui: &mut Ui, global: &Global, names: &[String], pinned: bool) -> Result<ExitCode, Error> {
    let mut vault = Vault::open(&super::paths(global)?)?;
    let rows: Result<Vec<_>, _> = names.iter().map(|name| vault.named(name)).collect();
    for row in rows? {
        let changed = vault.pin(row.id, pinned)?;
        let short = vault.short(&row.id)?;
        ui.say(match (pinned, changed) {
            (true, true) => format!("rec: {short} is pinned"),
            (true, false) => format!("rec: {short} was pinned already"),
            (false, true) => format!("rec: {short} is pinned no more"),
            (false, false) => format!("rec: {short} was not pinned"),
        });
    }
    Ok(ExitCode::SUCCESS)
}

impl Tag {
    /// Runs the verb.
    ///
    /// # Errors
    /// There is no such session, a tag is no tag, or the vault cannot be written.
    pub fn run(&self, ui: &mut Ui, global: &Global) -> Result<ExitCode, Error> {
        for tag in &self.tags {
            check(tag)?;
        }
        let (mut unlocked, entry, mut labels) = labels(global, &self.id)?;
        for tag in &self.remove {
            if !labels.tags.remove(tag) {
                let message = format!("it has no tag {}", printable(tag));
                return Err(Error::new(Kind::NotFound, message)
                    .hint(format!("rec tag {} lists them", self.id)));
            }
        }
        labels.tags.extend(self.tags.iter().cloned());
        if !self.tags.is_empty() || !self.remove.is_empty() {
            labels = store(&mut unlocked, &entry, labels)?;
        }
        let text = match self.json {
            true => format!("{}\n", json!(labels.tags)),
            false => labels
                .tags
                .iter()
                .map(|tag| printable(tag) + "\n")
                .collect(),
        };
        open::print(ui, text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn check(tag: &str) -> Result<(), Error> {
    let sign = |c: char| c.is_alphanumeric() || "._-/:".contains(c);
    let good = !tag.is_empty()
        && tag.len() <= TAG_MAX
        && tag.chars().all(sign)
        && !tag.starts_with(['-', ':']);
    if good {
        return Ok(());
    }
    let message = format!("{:?} is no tag", printable(tag));
    Err(Error::new(Kind::Usage, message).hint(format!(
        "a tag is one word of at most {TAG_MAX} bytes: letters, digits and . _ - / : in it; rec note takes sentences"
    )))
}

impl Note {
    /// Runs the verb.
    ///
    /// # Errors
    /// There is no such session or note, or the vault cannot be written.
    pub fn run(&self, ui: &mut Ui, global: &Global) -> Result<ExitCode, Error> {
        let text = self.text.join(" ").replace(['\n', '\r'], " ");
        if text.len() > NOTE_MAX {
            let message = format!("a note has at most {NOTE_MAX} bytes");
            return Err(Error::new(Kind::Usage, message));
        }
        let (mut unlocked, entry, mut labels) = labels(global, &self.id)?;
        if let Some(number) = self.remove {
            let at = number.checked_sub(1).filter(|at| *at < labels.notes.len());
            let Some(at) = at else {
                let message = format!("it has no note {number}");
                return Err(Error::new(Kind::NotFound, message)
                    .hint(format!("rec note {} lists them", self.id)));
            };
            labels.notes.remove(at);
        }
        if !text.trim().is_empty() {
            let at = self.at.unwrap_or_default();
            labels.add(Said { at, text });
        }
        if self.remove.is_some() || !self.text.is_empty() {
            labels = store(&mut unlocked, &entry, labels)?;
        }
        open::print(ui, listed(&labels, self.json))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn listed(labels: &Labels, as_json: bool) -> String {
    if as_json {
        let notes = labels.notes.iter();
        let notes: Vec<_> = notes
            .map(|note| json!({"at_ms": note.at.millis(), "text": note.text}))
            .collect();
        return format!("{}\n", json!(notes));
    }
    let lines = (1..).zip(&labels.notes).map(|(number, note)| {
        let at = when::position(note.at);
        format!("{number:>3}  {at:>7}  {}\n", printable(&note.text))
    });
    lines.collect()
}

fn labels(global: &Global, name: &str) -> Result<(Unlocked, Entry, Labels), Error> {
    let unlocked = open::unlocked(&super::paths(global)?, &mut Person::find())?;
    let entry = unlocked.find(name)?;
    let labels = unlocked.labels(&entry.row)?;
    Ok((unlocked, entry, labels))
}

/// Masks and stores; gives what was stored.
fn store(unlocked: &mut Unlocked, entry: &Entry, labels: Labels) -> Result<Labels, Error> {
    let masked = unlocked
        .masked(&entry.meta, labels)
        .map_err(|error| match error {
            NotLabelled::Doubt(doubt) => Error::new(
                Kind::Failed,
                "this is not stored, for a secret seems to stand in it",
            )
            .caused_by(&doubt)
            .hint("rec mask test shows what is masked in a text"),
            NotLabelled::Vault(error) => error.into(),
        })?;
    unlocked.label(entry.id, &masked)?;
    Ok(masked.into_inner())
}
