//! `rec export`: a session or a piece of it, masked again with the rules of today.

use super::open::{self, Index};
use super::times;
use super::{Error, Global, Kind, Ui};
use crate::export::{
    Again, Cast, Cut, Cutter, Encoder, JsonLines, Plain, Report, Start, Step, Version, session_json,
};
use crate::mask::Rules;
use crate::model::{Event, Meta, Micros};
use crate::vault::index::{Library, Listed};
use clap::{Args, ValueEnum};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
The whole session is masked again before anything is cut out of it. A piece of commands begins with
the first one's prompt on an empty screen; a piece of time begins with the screen as it stood.

Examples:
  rec export @last --format cast -o last.cast        asciinema play last.cast
  rec export 7f3a --command 3..4 --format text
  rec export 7f3a --from 1:50 --to 2:20 -o fix.cast
  rec export 7f3a --format json | jq -r 'select(.type == \"command\").text'";

/// Write a session, or a piece of it, for others to see
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// Which session: the beginning of its id, @last, @2
    #[arg(value_name = "ID", add = super::complete::sessions())]
    id: String,

    /// As what
    #[arg(long, value_enum, default_value = "cast")]
    format: Format,

    /// Into this file, not to stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only these commands: 3, 3..5, 3.. or ..5
    #[arg(long, value_name = "N..M", value_parser = commands, conflicts_with_all = ["from", "to"])]
    command: Option<(u32, u32)>,

    /// Only from this time on: 1:50, 1:02:03, 1m10s, 12.5
    #[arg(long, value_name = "TIME", value_parser = times::position)]
    from: Option<Micros>,

    /// Only up to this time
    #[arg(long, value_name = "TIME", value_parser = times::position)]
    to: Option<Micros>,

    /// Replace the file; write escape sequences to a terminal
    #[arg(long)]
    force: bool,
}

/// What it is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// asciicast v2, plays in asciinema
    Cast,
    /// asciicast v3, with the exit status
    Cast3,
    /// What was on the screen, without escape sequences
    Text,
    /// JSON lines: session, commands with output, markers, gaps, exit
    Json,
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
    let cut = cut(args)?;
    if let (Format::Cast | Format::Cast3, None, true, false) =
        (args.format, &args.output, ui.is_terminal(), args.force)
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
    let mut sink = match &args.output {
        None => Sink::Stdout(ui),
        Some(path) => Sink::File(Draft::new(path)?),
    };
    let report = write(&library, &session, args, cut, &mut sink);
    let (report, found) = match report {
        Ok(Some(done)) => done,
        // Nobody reads any more.
        Ok(None) => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error),
    };
    if !found {
        return Err(nothing(cut, &session));
    }
    if let (Sink::File(draft), Some(path)) = (sink, &args.output) {
        draft.keep(path, args.force)?;
    }
    open::tell_damage(ui, &library);
    let into = args.output.as_deref().map(Path::display);
    let into = into.map(|path| format!("{path}: ")).unwrap_or_default();
    ui.say(format!("rec: {into}{}", report.line()));
    Ok(ExitCode::SUCCESS)
}

fn cut(args: &Export) -> Result<Cut, Error> {
    let end = Micros(u64::MAX);
    Ok(match (args.command, args.from, args.to) {
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

fn nothing(cut: Cut, session: &Listed) -> Error {
    let commands = open::count(session.summary.commands.into(), "command");
    let length = crate::model::when::position(session.summary.duration);
    let message = match cut {
        Cut::Commands(first, _) => format!("there is no command {first}: it has {commands}"),
        Cut::Time(..) => format!("nothing happened in that time: it lasted {length}"),
        Cut::Whole => "this session is empty".to_owned(),
    };
    Error::new(Kind::NotFound, message).hint(format!("rec show {} shows it", session.id().hex()))
}

/// Masks, cuts and encodes; `None` when nobody reads. The flag says whether the piece exists.
fn write(
    library: &Library,
    session: &Listed,
    args: &Export,
    cut: Cut,
    sink: &mut Sink<'_>,
) -> Result<Option<(Report, bool)>, Error> {
    let (mut again, meta) = Again::new(&Rules::builtin(), &session.meta);
    let mut piece = Piece {
        cutter: Cutter::new(cut, meta.size),
        encoder: None,
        meta,
        session,
        format: args.format,
        report: Report::default(),
        out: Vec::new(),
    };
    for event in library.events(session.id())? {
        for event in again.push(&event) {
            piece.event(&event);
        }
        if !piece.flush(sink)? {
            return Ok(None);
        }
    }
    for event in again.finish() {
        piece.event(&event);
    }
    if let Some(encoder) = &mut piece.encoder {
        encoder.end(&mut piece.out);
    }
    if !piece.flush(sink)? {
        return Ok(None);
    }
    Ok(Some((piece.report, piece.cutter.found())))
}

struct Piece<'a> {
    cutter: Cutter,
    encoder: Option<Box<dyn Encoder>>,
    meta: Meta,
    session: &'a Listed,
    format: Format,
    report: Report,
    out: Vec<u8>,
}

impl Piece<'_> {
    fn event(&mut self, event: &Event) {
        match self.cutter.step(event) {
            Step::Outside => return,
            Step::First(start) => {
                let mut encoder = self.encoder(&start);
                encoder.begin(&mut self.out);
                self.encoder = Some(encoder);
            }
            Step::Inside => {}
        }
        self.report.count(event);
        if let Some(encoder) = &mut self.encoder {
            encoder.event(event, &mut self.out);
        }
    }

    fn encoder(&self, start: &Start) -> Box<dyn Encoder> {
        let cast = |version| Cast::new(version, &self.meta, start.at, start.size, &start.screen);
        match self.format {
            Format::Cast => Box::new(cast(Version::V2)),
            Format::Cast3 => Box::new(cast(Version::V3)),
            Format::Text => Box::new(Plain::new(start.size, &start.screen)),
            Format::Json => {
                let (summary, status) = (&self.session.summary, self.session.status);
                let object = session_json(&self.meta, summary, status);
                Box::new(JsonLines::new(object, start.size))
            }
        }
    }

    fn flush(&mut self, sink: &mut Sink<'_>) -> Result<bool, Error> {
        let heard = self.out.is_empty() || sink.write(&self.out)?;
        self.out.clear();
        Ok(heard)
    }
}

/// Where the bytes go.
enum Sink<'a> {
    Stdout(&'a mut Ui),
    File(Draft),
}

impl Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        match self {
            Sink::Stdout(ui) => open::print(ui, bytes),
            Sink::File(draft) => {
                let written = draft.file.write_all(bytes);
                written.map_err(|error| draft.failed(&error)).map(|()| true)
            }
        }
    }
}

/// A file beside the one asked for, until it is whole: a full disk leaves no half export.
struct Draft {
    path: PathBuf,
    file: BufWriter<File>,
    kept: bool,
}

impl Draft {
    fn new(path: &Path) -> Result<Draft, Error> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.rec-{}", std::process::id()));
        // What is exported is masked, and still nobody else's business until its owner shares it.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .map_err(|error| {
                let message = format!("{} cannot be written", path.display());
                Error::new(Kind::Failed, message).caused_by(&error)
            })?;
        Ok(Draft {
            path: draft,
            file: BufWriter::new(file),
            kept: false,
        })
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        let message = "the export cannot be written; nothing of it is left behind";
        Error::new(Kind::Failed, message).caused_by(error)
    }

    fn keep(mut self, path: &Path, force: bool) -> Result<(), Error> {
        let flushed = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        flushed.map_err(|error| self.failed(&error))?;
        if force {
            std::fs::rename(&self.path, path).map_err(|error| self.failed(&error))?;
            self.kept = true;
            return Ok(());
        }
        // A link never replaces what came there meanwhile.
        match std::fs::hard_link(&self.path, path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(exists(path)),
            // A file system without links.
            Err(_) => {
                std::fs::rename(&self.path, path).map_err(|error| self.failed(&error))?;
                self.kept = true;
                Ok(())
            }
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
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
