//! What the reading verbs share: opening and unlocking the vault, its index with progress, ids,
//! local time, and writing to a reader that may have gone.

use super::ask::Person;
use super::{Error, Global, Kind, Ui, prune};
use crate::config::Paths;
use crate::export::session_json;
use crate::model::{Meta, SessionId, ShortIds, Stamp, when};
use crate::query::{Now, Query, QueryError};
use crate::vault::index::{Library, Listed, Progress};
use crate::vault::{self, Ask, Left, Unlocked, Vault};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Work that takes longer than this shows its progress.
const PATIENCE: Duration = Duration::from_millis(400);

/// Whether the index may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// Brought up to date and used; what is beyond the limits goes.
    Use,
    /// Used; what would take long to bring in is read where it is wanted. What is beyond the limits
    /// goes.
    Near,
    /// As [`Self::Near`], but everything stays that is there.
    Keep,
    /// Not even looked at.
    Leave,
}

/// Opens the vault for reading.
///
/// # Errors
/// There is none, or it does not unlock.
pub fn library(global: &Global, index: Index) -> Result<Library, Error> {
    let paths = super::paths(global)?;
    let unlocked = unlocked(&paths, &mut Person::find())?;
    if index == Index::Leave {
        return Ok(Library::without_index(unlocked));
    }
    let mut library = match index {
        Index::Use => up_to_date(unlocked),
        _ => Library::open_at_once(unlocked),
    };
    if index != Index::Keep {
        prune::when_due(&mut library, &paths);
    }
    Ok(library)
}

fn up_to_date(unlocked: Unlocked) -> Library {
    let mut shown = Shown {
        since: Instant::now(),
        bar: None,
    };
    let library = Library::open(unlocked, &mut |at| shown.at(at));
    if let Some(bar) = shown.bar {
        bar.finish_and_clear();
    }
    library
}

/// Opens the vault and unlocks it, asking `ask` where nothing else helps.
///
/// # Errors
/// There is none, or it does not unlock.
pub fn unlocked(paths: &Paths, ask: &mut dyn Ask) -> Result<Unlocked, vault::Error> {
    Vault::open(paths)?.unlock(ask)
}

/// Progress on stderr, if that is a terminal and it takes long.
struct Shown {
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn at(&mut self, at: Progress) {
        if self.bar.is_none() && self.since.elapsed() > PATIENCE && at.done < at.total {
            // indicatif draws nothing where stderr is no terminal.
            let bar = ProgressBar::with_draw_target(Some(at.total), ProgressDrawTarget::stderr());
            let style = "rec: indexing {bar:30} {bytes}/{total_bytes} {eta}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(at.done);
        }
    }
}

/// All ids of the vault, for short ones.
///
/// # Errors
/// The vault cannot be read.
pub fn short_ids(library: &Library) -> Result<ShortIds, Error> {
    Ok(ShortIds::new(library.unlocked().vault().ids()?))
}

/// Sessions for whom looking their neighbours up one by one is quicker than reading all ids.
const FEW: usize = 200;

/// Short ids for these sessions; where they are few, no list of all is read for it.
///
/// # Errors
/// The vault cannot be read.
pub fn short_ids_of(library: &Library, some: &[Listed]) -> Result<ShortIds, Error> {
    if some.len() > FEW {
        return short_ids(library);
    }
    let mut ids = Vec::new();
    for listed in some {
        ids.extend(library.unlocked().vault().beside(&listed.id())?);
        ids.push(listed.id());
    }
    Ok(ShortIds::new(ids))
}

/// The time and zone of this machine.
pub struct Clock {
    now: Now,
}

impl Clock {
    /// Reads them.
    pub fn system() -> Clock {
        let now = Zoned::now();
        Clock {
            now: Now {
                stamp: Stamp(now.timestamp().as_microsecond()),
                zone: TimeZone::system(),
            },
        }
    }

    /// For queries.
    pub fn now(&self) -> &Now {
        &self.now
    }

    /// Seconds east of UTC here at that moment.
    pub fn offset(&self, at: Stamp) -> i32 {
        Timestamp::from_microsecond(at.0).map_or(0, |at| self.now.zone.to_offset(at).seconds())
    }

    /// `today 14:02`.
    pub fn moment(&self, at: Stamp) -> String {
        when::moment(at, self.offset(at), self.now.stamp)
    }

    /// `today 14:02:31`, `12 Nov 09:15:04`.
    pub fn second(&self, at: Stamp) -> String {
        let offset = self.offset(at);
        let minute = self.moment(at);
        match when::civil(at, offset) {
            Some(at) if minute.contains(':') => format!("{minute}:{:02}", at.second()),
            _ => minute,
        }
    }
}

/// The words of a verb that takes a query, with `-word` written as `NOT word`: these verbs have no
/// options of one dash but `-h` and `-n`, and clap would look for some. Signs that only begin with a
/// dash (`->>`) are looked for as they stand.
pub fn spell_out_not(args: Vec<OsString>) -> Vec<OsString> {
    let spelled = |word: OsString| {
        let Some(rest) = word.to_str().and_then(|word| word.strip_prefix('-')) else {
            return word;
        };
        let is_option = match rest.strip_prefix('n') {
            Some(number) => number.bytes().all(|b| b.is_ascii_digit()),
            None => matches!(rest, "" | "h") || rest.starts_with('-'),
        };
        match rest.chars().next() {
            _ if is_option => word,
            Some(c) if c.is_alphanumeric() || "\"(/".contains(c) => format!("NOT {rest}").into(),
            // No word that begins with a blank is an option.
            _ => format!(" -{rest}").into(),
        }
    };
    args.into_iter().map(spelled).collect()
}

/// Parses a query that came as words.
///
/// # Errors
/// What is wrong with it, drawn under the query.
pub fn query(words: &[String], clock: &Clock) -> Result<Query, Error> {
    Query::parse(&words.join(" "), clock.now()).map_err(wrong)
}

fn wrong(error: QueryError) -> Error {
    let message = format!("this query is not understood\n{}", error.drawing());
    let mut edge = Error::new(Kind::Usage, message).caused_by(&error);
    if let Some(hint) = error.hint {
        edge = edge.hint(hint);
    }
    edge.hint("rec search --help shows the query language")
}

/// Writes data; false when nobody reads it any more.
///
/// # Errors
/// stdout failed otherwise.
pub fn print(ui: &mut Ui, data: impl AsRef<[u8]>) -> Result<bool, Error> {
    match ui.data(data) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::new(Kind::Failed, "stdout cannot be written").caused_by(&error)),
    }
}

/// A session as JSON, with what its owner said of it.
pub fn object(listed: &Listed) -> Map<String, Value> {
    let mut object = session_json(&listed.meta, &listed.summary, listed.status);
    object.insert("pinned".to_owned(), json!(listed.pinned));
    object.insert("tags".to_owned(), json!(listed.labels.tags));
    object
}

/// The exit status of a verb that reads: `whole` where all was read that it asked for. Where something
/// was damaged or could not be read it is that of a failure, and how much was left out is said.
pub fn status(ui: &mut Ui, library: &Library, whole: u8) -> ExitCode {
    status_of(ui, library.damaged(), whole)
}

/// As [`status`], with the number of pieces that were left out.
pub fn status_of(ui: &mut Ui, damaged: u32, whole: u8) -> ExitCode {
    match damaged {
        0 => return ExitCode::from(whole),
        1 => ui.say("rec: one damaged piece was left out; rec vault verify says which"),
        n => ui.say(format!(
            "rec: {n} damaged pieces were left out; rec vault verify says which"
        )),
    }
    ExitCode::from(Kind::Failed.exit_code())
}

/// Says what of the forgotten still stands in the vault's files, and why.
pub fn tell_left(ui: &mut Ui, left: Left) {
    match left {
        Left::Nothing => {}
        Left::Read => ui.say("rec: another rec still reads the vault; what it reads is overwritten when the vault is next unlocked"),
        Left::NoRoom => ui.say("rec: the disk is full: what was forgotten still stands in the vault's files; make room, then rec ls overwrites it"),
        Left::NotWritten => ui.say("rec: the disk takes no writes, or fails: what was forgotten still stands in the vault's files; rec ls overwrites it once it does"),
    }
}

/// `psql app@prod-db`.
pub fn label(meta: &Meta) -> String {
    let target = meta.target.label();
    if target.is_empty() {
        meta.client.clone()
    } else {
        format!("{} {target}", meta.client)
    }
}

/// A session's short id in bold.
pub fn id(ui: &Ui, ids: &ShortIds, id: &SessionId) -> String {
    ui.paint("1", &ids.of(id))
}

/// `1 command`, `2 commands`.
pub fn count(n: u64, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {one}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_before_a_word_is_a_not_and_before_other_signs_is_one_of_them() {
        let table = [
            ("-test", "NOT test"),
            ("-\"a b\"", "NOT \"a b\""),
            ("-(a OR b)", "NOT (a OR b)"),
            ("-/x+/", "NOT /x+/"),
            ("-größe", "NOT größe"),
            ("-no", "NOT no"),
            ("->>", " ->>"),
            ("-> x", " -> x"),
            ("-n", "-n"),
            ("-n5", "-n5"),
            ("-h", "-h"),
            ("-", "-"),
            ("--", "--"),
            ("--json", "--json"),
            ("a-b", "a-b"),
        ];
        for (word, expected) in table {
            assert_eq!(spell_out_not(vec![word.into()]), [expected], "{word}");
        }
        let clock = Clock::system();
        let query = |word: &str| {
            let words = spell_out_not(vec![word.into()]);
            let words: Vec<String> = words
                .into_iter()
                .filter_map(|w| w.into_string().ok())
                .collect();
            super::query(&words, &clock).unwrap()
        };
        assert_eq!(query("->>").positive_text().count(), 1);
        assert_eq!(query("-test").positive_text().count(), 0);
    }
}
