//! `rec export`: a session or a piece of it, masked again with the rules of today.

use super::ask::Person;
use super::open::{self, Index};
use super::{Error, Global, Kind, Ui, import, times};
use crate::config::Draft;
use crate::export::{Cut, Done, Format, Job, Lack, Report};
use crate::mask::Rules;
use crate::model::Micros;
use crate::vault::index::{Library, Listed};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use regex::bytes::{Regex, RegexBuilder};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const EXAMPLES: &str = "\
The whole session is masked again before anything is cut out of it. A piece of commands begins with
the first one's prompt on an empty screen; a piece of time begins with the screen as it stood. The
last line on stderr says what was masked, and what looks random and is left.

Without --format the file's name decides: .cast, .txt, .md, .sql, .csv, .jsonl, .svg, .html.

Examples:
  rec export @last -o last.cast                      asciinema play last.cast
  rec export 7f3a --command 3..4 -o fix.md           for a ticket
  rec export 7f3a --from 1:50 --to 2:20 -o fix.html  a page with a player, nothing else needed
  rec export 7f3a --command 7 -o slow.csv            the rows of one result
  rec export 7f3a --with 90bc --to age1… -o incident.bundle   for a reviewer's rec import
  rec export 7f3a --mask 'Acme Corp' --strict -o fix.txt
  rec export 7f3a --format json | jq -r 'select(.type == \"command\").text'";

/// Write a session, or a piece of it, for others to see
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// Which session: the beginning of its id, @last, @2
    #[arg(value_name = "ID", add = super::complete::sessions())]
    id: String,

    /// As what; the file's name says it otherwise, else cast
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Into this file, not to stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only these commands: 3, 3..5, 3.. or ..5
    #[arg(long, value_name = "N..M", value_parser = commands, conflicts_with = "from")]
    command: Option<(u32, u32)>,

    /// Only from this time on: 1:50, 1:02:03, 1m10s, 12.5
    #[arg(long, value_name = "TIME", value_parser = times::position)]
    from: Option<Micros>,

    /// Only up to this time; or the public key (age1…, ssh-…) of a reader who gets whole sessions,
    /// sealed to them, for rec import; may be given again
    #[arg(long, value_name = "TIME|KEY", value_parser = to)]
    to: Vec<To>,

    /// One more session for that reader; may be given again
    #[arg(long, value_name = "ID", requires = "to")]
    with: Vec<String>,

    /// Mask what matches this regular expression too; may be given again
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    mask: Vec<Regex>,

    /// Write nothing when something doubtful was dropped or is left
    #[arg(long)]
    strict: bool,

    /// Replace the file; write escape sequences to a terminal
    #[arg(long)]
    force: bool,
}

/// What `--to` says.
#[derive(Clone, Debug)]
enum To {
    Time(Micros),
    Reader(String),
}

fn to(text: &str) -> Result<To, String> {
    let lower = text.to_ascii_lowercase();
    // A secret key, too, is one's mistake to be told of, not to be repeated.
    if ["age1", "ssh-", "age-"]
        .iter()
        .any(|kind| lower.starts_with(kind))
    {
        return Ok(To::Reader(text.to_owned()));
    }
    times::position(text).map(To::Time)
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Format] {
        &Format::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Format::Cast => "asciicast v2, plays in asciinema",
            Format::Cast3 => "asciicast v3, with the exit status; plays in asciinema 3",
            Format::Text => "What was on the screen, without escape sequences",
            Format::Markdown => "Commands and outcomes in fences, results as tables",
            Format::Sql => "The statements as a script, failed ones as comments",
            Format::Csv => "The rows of one result",
            Format::Json => {
                "JSON lines: session, commands with output, statements with results, markers, gaps, exit"
            }
            Format::Svg => "A picture of the screen at the end of the piece",
            Format::Html => "One page with a player, that loads nothing",
        };
        let value = PossibleValue::new(self.name()).help(help);
        Some(value.aliases(self.other_names()))
    }
}

fn pattern(text: &str) -> Result<Regex, String> {
    let pattern = RegexBuilder::new(text)
        .build()
        .map_err(|error| error.to_string())?;
    if pattern.is_match(b"") {
        return Err("it matches nothing at all, and so everywhere".to_owned());
    }
    Ok(pattern)
}

/// `3`, `3..5`, `3..`, `..5`.
fn commands(text: &str) -> Result<(u32, u32), String> {
    let wrong = || "write it as 3, 3..5, 3.. or ..5".to_owned();
    let number = |text: &str, default| match text {
        "" => Ok(default),
        text => text.parse::<u32>().map_err(|_| wrong()),
    };
    let (first, last) = match text.split_once("..") {
        Some(("", "")) => return Err(wrong()),
        Some((first, last)) => (number(first, 1)?, number(last, u32::MAX)?),
        None if text.is_empty() => return Err(wrong()),
        None => (number(text, 1)?, number(text, 1)?),
    };
    if first == 0 || last < first {
        return Err("commands count from 1, and the last is not before the first".to_owned());
    }
    Ok((first, last))
}

/// Runs the verb.
///
/// # Errors
/// There is no such session or piece, the file exists, or something cannot be read or written.
pub fn run(ui: &mut Ui, global: &Global, args: &Export) -> Result<ExitCode, Error> {
    let readers = args.to.iter().filter_map(|to| match to {
        To::Reader(key) => Some(key.clone()),
        To::Time(_) => None,
    });
    let readers: Vec<String> = readers.collect();
    if !readers.is_empty() {
        return bundle(ui, global, args, &readers);
    }
    let cut = cut(args)?;
    let format = format(args);
    if let (Format::Cast | Format::Cast3, None, true, false) =
        (format, &args.output, ui.is_terminal(), args.force)
    {
        let message = "a cast holds escape sequences, which would act on this terminal";
        return Err(Error::new(Kind::Usage, message)
            .hint(format!(
                "name a file: rec export {} -o session.cast",
                args.id
            ))
            .hint("or send it somewhere: rec export … | less; --force writes it here"));
    }
    if let Some(path) = args
        .output
        .as_deref()
        .filter(|path| path.exists() && !args.force)
    {
        return Err(exists(path));
    }
    let library = open::library(global, Index::Leave)?;
    let session = library.listed(library.unlocked().find(&args.id)?)?;
    let rules = super::rules_of(&super::paths(global)?, &session.meta)?;
    let piece = Piece {
        rules: &rules,
        library: &library,
        session: &session,
        cut,
        format,
        also: &args.mask,
    };
    // Nothing may leave before all of it was seen.
    if args.strict {
        let seen = piece.write(&mut Sink::Nowhere)?;
        if let Some((report, None)) = seen.filter(|(report, _)| !report.is_clean()) {
            return Err(doubtful(&report));
        }
    }
    let mut sink = match &args.output {
        None => Sink::Stdout(ui),
        Some(path) => Sink::File(draft(path)?),
    };
    // None: nobody reads any more.
    let Some((report, lack)) = piece.write(&mut sink)? else {
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(lack) = lack {
        // It may be there and be damaged.
        open::status(ui, &library, 0);
        return Err(nothing(&lack, cut, &session, &args.id));
    }
    if let (Sink::File(draft), Some(path)) = (sink, &args.output) {
        keep(draft, path, args.force)?;
    }
    library.unlocked().log_read("export", &[session.id()]);
    let status = open::status(ui, &library, 0);
    let into = args.output.as_deref().map(Path::display);
    let into = into.map(|path| format!("{path}: ")).unwrap_or_default();
    ui.say(format!("rec: {into}{}", report.line()));
    Ok(status)
}

/// Whole sessions, sealed to their readers.
fn bundle(
    ui: &mut Ui,
    global: &Global,
    args: &Export,
    readers: &[String],
) -> Result<ExitCode, Error> {
    let whole = args.to.len() == readers.len()
        && args.command.is_none()
        && args.from.is_none()
        && args.format.is_none()
        && args.mask.is_empty()
        && !args.strict;
    if !whole {
        let message = "a reader gets whole sessions, sealed: no piece, format, --mask or --strict";
        return Err(Error::new(Kind::Usage, message)
            .hint("rec redact masks something in a session for good"));
    }
    let Some(path) = &args.output else {
        return Err(Error::new(Kind::Usage, "a bundle is written to a file")
            .hint(format!("rec export {} --to … -o sessions.bundle", args.id)));
    };
    if path.exists() && !args.force {
        return Err(exists(path));
    }
    let mut unlocked = open::unlocked(&super::paths(global)?, &mut Person::find())?;
    let mut ids = Vec::new();
    for name in std::iter::once(&args.id).chain(&args.with) {
        let id = unlocked.find(name)?.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let mut draft = draft(path)?;
    let masked = unlocked
        .bundle(&ids, readers, &mut draft)
        .map_err(|error| import::failed(error, "written"))?;
    unlocked.log_read("export", &ids);
    keep(draft, path, args.force)?;
    ui.say(format!(
        "rec: {}: {}, {} masked, sealed to {}",
        path.display(),
        open::count(u64::try_from(ids.len()).unwrap_or(u64::MAX), "session"),
        open::count(masked, "value"),
        open::count(u64::try_from(readers.len()).unwrap_or(u64::MAX), "reader"),
    ));
    Ok(ExitCode::SUCCESS)
}

/// What was asked for, else what the file's name says.
fn format(args: &Export) -> Format {
    let extension = args.output.as_deref().and_then(Path::extension);
    let named = extension.and_then(|extension| Format::of_extension(extension.to_str()?));
    args.format.or(named).unwrap_or(Format::Cast)
}

fn doubtful(report: &Report) -> Error {
    let message = format!("not written, as --strict asks: {}", report.line());
    Error::new(Kind::Failed, message)
        .hint("look at these places, and mask what is secret: --mask PATTERN")
        .hint("or hand it on without --strict")
}

fn cut(args: &Export) -> Result<Cut, Error> {
    let end = Micros(u64::MAX);
    let mut times = args.to.iter().rev().filter_map(|to| match to {
        To::Time(at) => Some(*at),
        To::Reader(_) => None,
    });
    if args.command.is_some() && !args.to.is_empty() {
        return Err(Error::new(
            Kind::Usage,
            "a piece is of commands or of time, not both",
        ));
    }
    Ok(match (args.command, args.from, times.next()) {
        (Some((first, last)), ..) => Cut::Commands(first, last),
        (None, None, None) => Cut::Whole,
        (None, from, to) => {
            let (from, to) = (from.unwrap_or_default(), to.unwrap_or(end));
            if to < from {
                return Err(Error::new(Kind::Usage, "--to is before --from"));
            }
            Cut::Time(from, to)
        }
    })
}

fn exists(path: &Path) -> Error {
    let message = format!("{} exists, and is left as it is", path.display());
    Error::new(Kind::Failed, message).hint("choose another name, or --force to replace it")
}

fn nothing(lack: &Lack, cut: Cut, session: &Listed, called: &str) -> Error {
    let commands = open::count(session.summary.commands.into(), "command");
    let length = crate::model::when::position(session.summary.duration);
    let message = match (lack, cut) {
        (Lack::Content(why), _) => why.clone(),
        (Lack::Piece, Cut::Commands(first, _)) => {
            format!("there is no command {first}: it has {commands}")
        }
        (Lack::Piece, Cut::Time(..)) => {
            format!("nothing happened in that time: it lasted {length}")
        }
        (Lack::Piece, Cut::Whole) => "this session is empty".to_owned(),
    };
    Error::new(Kind::NotFound, message).hint(format!("rec show {called} shows it"))
}

fn draft(path: &Path) -> Result<Draft, Error> {
    Draft::new(path).map_err(|error| {
        let message = format!("{} cannot be written", path.display());
        Error::new(Kind::Failed, message).caused_by(&error)
    })
}

fn keep(draft: Draft, path: &Path, replace: bool) -> Result<(), Error> {
    draft
        .keep(path, replace)
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => exists(path),
            _ => failed(&error),
        })
}

fn failed(error: &std::io::Error) -> Error {
    let message = "the export cannot be written; nothing of it is left behind";
    Error::new(Kind::Failed, message).caused_by(error)
}

/// What is exported.
struct Piece<'a> {
    rules: &'a Arc<Rules>,
    library: &'a Library,
    session: &'a Listed,
    cut: Cut,
    format: Format,
    also: &'a [Regex],
}

impl Piece<'_> {
    /// Masks, cuts and encodes; `None` when nobody reads.
    fn write(&self, sink: &mut Sink<'_>) -> Result<Option<(Report, Option<Lack>)>, Error> {
        let about = (
            &self.session.meta,
            &self.session.summary,
            self.session.status,
        );
        let mut job = Job::new(self.rules, about, self.cut, self.format, self.also);
        for event in self.library.events(self.session.id())? {
            job.push(&event);
            if !sink.write(&job.take())? {
                return Ok(None);
            }
        }
        let Done {
            bytes,
            report,
            lack,
        } = job.finish();
        Ok(sink.write(&bytes)?.then_some((report, lack)))
    }
}

/// Where the bytes go.
enum Sink<'a> {
    Nowhere,
    Stdout(&'a mut Ui),
    File(Draft),
}

impl Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        if bytes.is_empty() {
            return Ok(true);
        }
        match self {
            Sink::Nowhere => Ok(true),
            Sink::Stdout(ui) => open::print(ui, bytes),
            Sink::File(draft) => draft
                .write_all(bytes)
                .map_err(|error| failed(&error))
                .map(|()| true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_commands() {
        let table = [
            ("3", Some((3, 3))),
            ("3..5", Some((3, 5))),
            ("3..", Some((3, u32::MAX))),
            ("..5", Some((1, 5))),
            ("", None),
            ("..", None),
            ("0", None),
            ("5..3", None),
            ("a..b", None),
            ("3...5", None),
        ];
        for (text, expected) in table {
            assert_eq!(commands(text).ok(), expected, "{text}");
        }
    }
}
