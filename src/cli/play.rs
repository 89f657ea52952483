//! `rec play`: a session as it was, in its own time, on this terminal.

use super::ask::Person;
use super::{Error, Global, Kind, Ui, open, times, views};
use crate::model::{Body, Micros, SessionId, when};
use crate::player::{Jump, Reached, SPEEDS};
use crate::tui::{self, Library, Pace, Reel, Request, Session, VaultLibrary, Viewer};
use crate::vault::{Entry, Unlocked};
use clap::Args;
use std::cell::RefCell;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

const EXAMPLES: &str = "\
ID is any unique beginning of a session's id, @last for the newest, @2 for the one before.

Keys: space plays and pauses, ] and [ go to the next command and the one before, arrows jump 5
seconds or a minute, + and - change the speed, i plays idle time or skips it, ? shows every key,
q leaves.

Examples:
  rec play @last
  rec play 7f3a --at 0:29                 from a time on
  rec play 7f3a --command 4 --speed 2     from the moment a command was sent
  rec play 7f3a --keep-idle               pauses as long as they were
  rec play 7f3a --raw                     the bytes themselves, on this very screen";

/// Replay a session in the terminal
///
/// The recorded screen is drawn by rec itself; nothing that was recorded acts on this terminal.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Play {
    /// Which session
    #[arg(value_name = "ID", add = super::complete::sessions())]
    id: String,

    /// Begin at this time: 0:29, 1:02:03, 29s, 1m10s
    #[arg(long, value_name = "TIME", value_parser = times::position)]
    at: Option<Micros>,

    /// Begin where this command was sent
    #[arg(long, value_name = "N", conflicts_with = "at")]
    command: Option<u32>,

    /// Play so many times as fast: 0.25 to 32
    #[arg(long, value_name = "N", value_parser = speed, default_value = "1")]
    speed: f64,

    /// Play only so much of a stretch in which nothing happens
    #[arg(long, value_name = "DURATION", value_parser = times::duration, default_value = "2s")]
    idle: Duration,

    /// Play such stretches in full
    #[arg(long, conflicts_with = "idle")]
    keep_idle: bool,

    /// Send the recorded bytes to the terminal, but no OSC 52, DCS or terminal queries
    #[arg(long)]
    raw: bool,
}

/// `2`, `0.5`, `4x`.
fn speed(text: &str) -> Result<f64, String> {
    let least = SPEEDS.first().copied().unwrap_or(1.0);
    let most = SPEEDS.last().copied().unwrap_or(1.0);
    let number = text.strip_suffix('x').unwrap_or(text).parse();
    match number {
        Ok(speed) if (least..=most).contains(&speed) => Ok(speed),
        _ => Err(format!("write a number from {least} to {most}")),
    }
}

/// Runs the verb.
///
/// # Errors
/// There is no such session or place in it, no terminal to draw on, or the vault cannot be read.
pub fn run(ui: &mut Ui, global: &Global, args: &Play) -> Result<ExitCode, Error> {
    if !args.raw {
        views::look().map_err(|missing| no_screen(missing, &args.id))?;
    }
    let paths = super::paths(global)?;
    let unlocked = open::unlocked(&paths, &mut Person::find())?;
    let entry = unlocked.find(&args.id)?;
    let short = unlocked.vault().short(&entry.id)?;
    let jump = jump(&unlocked, &entry, &short, args)?;
    let pace = Pace {
        speed: args.speed,
        idle: (!args.keep_idle).then_some(args.idle),
    };
    let library = Box::new(VaultLibrary::new(unlocked));
    if args.raw {
        return raw(ui, library, &entry, jump, pace);
    }
    let id = entry.id;
    let mut model = views::model(&paths);
    model.only_player = true;
    model.player = Some(Viewer::new(tui::title(&short, &Session::from(entry))));
    let first = Request::Replay {
        id,
        jump,
        about: None,
        play: true,
        pace,
    };
    let open = move |_: &mut tui::Asker| Ok(library as Box<dyn Library>);
    tui::run(model, open, vec![first]).map_err(views::ended)?;
    Ok(ExitCode::SUCCESS)
}

fn no_screen(missing: views::NoScreen, id: &str) -> Error {
    let why = missing.why();
    Error::new(
        Kind::Usage,
        format!("rec play draws on a terminal, and {why}"),
    )
    .hint(format!("rec show {id} --text prints the session as text"))
    .hint(format!(
        "rec export {id} writes it as a cast; --raw sends the bytes as they were"
    ))
}

/// Where the replay begins; a place that is not in the session is no place to begin.
fn jump(unlocked: &Unlocked, entry: &Entry, short: &str, args: &Play) -> Result<Jump, Error> {
    let lists = format!("rec show {short} lists what is in it");
    if let Some(at) = args.at {
        let (length, _) = extent(unlocked, entry)?;
        if at > length {
            let length = when::length(Duration::from_micros(length.0));
            let message = format!(
                "this session has no {}, it is {length} long",
                when::position(at)
            );
            return Err(Error::new(Kind::NotFound, message).hint(lists));
        }
        return Ok(Jump::Time(at));
    }
    if let Some(number) = args.command {
        let (_, commands) = extent(unlocked, entry)?;
        if number == 0 || number > commands {
            let commands = open::count(commands.into(), "command");
            let message = format!("this session has no command {number}, only {commands}");
            return Err(Error::new(Kind::NotFound, message).hint(lists));
        }
        return Ok(Jump::Command(number));
    }
    Ok(Jump::Start)
}

/// How long the session is, and the number of its last command: as counted, else read.
fn extent(unlocked: &Unlocked, entry: &Entry) -> Result<(Micros, u32), Error> {
    if let Some(summary) = &entry.summary {
        return Ok((summary.duration, summary.commands));
    }
    let events = unlocked.events(entry.id)?;
    // What is damaged is told when it is played.
    Ok(events
        .flatten()
        .fold((Micros(0), 0), |(until, last), event| {
            let number = match &event.body {
                Body::Command(command) => command.number,
                _ => 0,
            };
            (until.max(event.at), last.max(number))
        }))
}

/// The bytes, on the screen as it is or into a pipe.
fn raw(
    ui: &mut Ui,
    library: Box<dyn Library>,
    entry: &Entry,
    jump: Jump,
    pace: Pace,
) -> Result<ExitCode, Error> {
    let id: SessionId = entry.id;
    let library = Rc::new(RefCell::new(library));
    let reel = Reel::open(&library, id)
        .map_err(|why| Error::new(Kind::Failed, format!("this session cannot be read: {why}")))?;
    let size = reel.size;
    let here = tui::size();
    if ui.is_terminal() && (here.cols < size.cols || here.rows < size.rows) {
        ui.say(format!(
            "rec: recorded on {}x{}, this terminal has {}x{}: lines may not stand where they did",
            size.cols, size.rows, here.cols, here.rows
        ));
    }
    let lost = reel.lost();
    match tui::play_raw(reel, size, jump, pace) {
        Ok(Reached::There) => {
            let lost = u32::try_from(lost.borrow().len()).unwrap_or(u32::MAX);
            Ok(open::status_of(ui, lost, 0))
        }
        Ok(Reached::NotYet | Reached::Nowhere) => {
            let message = "that command is missing in this session";
            Err(Error::new(Kind::NotFound, message).hint("--at begins at a time instead"))
        }
        // Whoever read it has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(views::terminal(&error)),
    }
}
