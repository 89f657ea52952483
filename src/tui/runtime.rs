//! The views on a real terminal: threads that read keys, signals and the library, one loop that
//! updates and draws.

use super::asker::{Answers, Asker};
use super::guard::Guard;
use super::input::{self, Input};
use super::library::{Change, Library};
use super::model::Model;
use super::msg::{Effect, Msg, Request};
use super::program;
use super::prompt::{Prompt, Wanted};
use super::sixteen::Sixteen;
use super::theme::Depth;
use super::update::update;
use super::view::view;
use super::worker::Worker;
use crate::model::{Size, Stamp};
use crate::vault::index::Halt;
use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::io::{self, BufWriter, PipeWriter, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Messages under way. What sends more waits, so that a terminal that draws slowly slows the
/// replay and nothing grows.
const QUEUE: usize = 64;
/// Messages that are taken into account before the next frame is drawn.
const BATCH: usize = 256;
/// How long the thread that reads keys may take to end.
const KEYS_END: Duration = Duration::from_millis(100);
/// Longer text does not go to the clipboard: terminals cut OSC 52 off there, or hang.
const COPY_MAX: usize = 74_994;

/// Why the views ended, when it was not by the user's wish.
#[derive(Debug)]
pub enum Ended<E> {
    /// The terminal could not be read or written.
    Terminal(io::Error),
    /// What they read from could not be opened.
    Library(E),
}

/// Runs the views on the process's terminal until the user leaves them.
///
/// `open` runs on a thread of its own, after the first frame was drawn; it may ask its questions
/// through the [`Asker`]. `first` is read once it is done.
///
/// # Errors
/// [`Ended`]. The terminal is given back in any case.
pub fn run<E: Send + 'static>(
    mut model: Model,
    open: impl FnOnce(&mut Asker) -> Result<Box<dyn Library>, E> + Send + 'static,
    first: Vec<Request>,
) -> Result<(), Ended<E>> {
    let (out, messages) = mpsc::sync_channel(QUEUE);
    let (requests, wanted) = mpsc::channel();
    let (failed, failure) = mpsc::channel();
    let halt = Halt::default();
    for request in first {
        // The receiver lives in this function.
        halt.ask();
        let _ = requests.send(request);
    }
    let signals = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH];
    let signals = Signals::new(signals);
    let mut signals = signals.map_err(Ended::Terminal)?;
    let stop_signals = signals.handle();
    let caught = out.clone();
    let (ending, ended_by) = mpsc::channel();
    thread::spawn(move || {
        for signal in signals.forever() {
            let away = AWAY.load(Ordering::SeqCst);
            let msg = match signal {
                // Another program has the terminal: its keys are its own, and it stops with us.
                SIGINT | SIGQUIT if away => continue,
                SIGTSTP if away => {
                    let _ = emulate_default_handler(SIGTSTP);
                    continue;
                }
                SIGTSTP => Msg::Stop,
                SIGCONT => Msg::Continued,
                SIGWINCH => {
                    let size = size();
                    Msg::Resize(size.cols, size.rows)
                }
                signal => {
                    let _ = ending.send(signal);
                    Msg::Leave
                }
            };
            if caught.send(msg).is_err() {
                return;
            }
        }
    });
    let guard = Guard::take(model.mouse).map_err(Ended::Terminal)?;
    let requests = Desk {
        requests,
        halt: halt.clone(),
    };
    let (mut asker, answers) = Asker::new(out.clone());
    let mut screen = Display::new(guard, model.theme.depth, requests, answers, out.clone())
        .map_err(Ended::Terminal)?;
    screen.draw(&model).map_err(Ended::Terminal)?;
    let told = out.clone();
    thread::spawn(move || match open(&mut asker) {
        Ok(library) => {
            stand_back();
            if told.send(Msg::Opened).is_ok() {
                Worker::new(library, halt, told).run(&wanted);
            }
        }
        Err(error) => {
            let _ = failed.send(error);
            let _ = told.send(Msg::Leave);
        }
    });
    drop(out);
    screen.keys = Some(Keys::start(&screen.out, &screen.answers).map_err(Ended::Terminal)?);
    let result = screen.run(&mut model, &messages);
    // What is typed from here on is for whoever has the terminal next. A read that does not come
    // back is no reason to stay.
    drop(messages);
    if let Some(keys) = screen.keys.take() {
        keys.stop();
    }
    stop_signals.close();
    drop(screen);
    if let Ok(signal) = ended_by.try_recv() {
        // Whoever sent it sees that it worked.
        let _ = emulate_default_handler(signal);
    }
    match (result, failure.try_recv()) {
        (Ok(Flow::Left), Ok(error)) => Err(Ended::Library(error)),
        (result, _) => result.map(drop).map_err(Ended::Terminal),
    }
}

/// Another program, a pager or an editor, has the terminal now.
static AWAY: AtomicBool = AtomicBool::new(false);

/// The thread that reads keys.
struct Keys {
    over: PipeWriter,
    ended: Receiver<()>,
}

impl Keys {
    fn start(out: &SyncSender<Msg>, answers: &Answers) -> io::Result<Keys> {
        let (ends, ended) = mpsc::channel::<()>();
        let (until, over) = io::pipe()?;
        let input = Input::open()?;
        let (out, answers) = (out.clone(), answers.clone());
        thread::spawn(move || {
            input::read(&input, &until, &out, &answers);
            drop(ends);
        });
        Ok(Keys { over, ended })
    }

    /// What is typed from here on is not for us.
    fn stop(self) {
        drop(self.over);
        let _ = self.ended.recv_timeout(KEYS_END);
    }
}

/// Where requests go.
struct Desk {
    requests: Sender<Request>,
    halt: Halt,
}

impl Desk {
    fn ask(&self, request: Request) {
        self.halt.ask();
        // The worker is gone only when the views are about to be.
        let _ = self.requests.send(request);
    }
}

/// The terminal, and where effects go.
struct Display {
    terminal: Terminal<CrosstermBackend<Sixteen<BufWriter<Stdout>>>>,
    guard: Option<Guard>,
    requests: Desk,
    answers: Answers,
    out: SyncSender<Msg>,
    keys: Option<Keys>,
    /// The process stopped itself and goes on, as its SIGCONT is about to tell.
    continued: bool,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    /// The user left.
    Quit,
    /// Something else ended it.
    Left,
}

impl Display {
    fn new(
        guard: Guard,
        depth: Depth,
        requests: Desk,
        answers: Answers,
        out: SyncSender<Msg>,
    ) -> io::Result<Display> {
        // Colours are decided by the theme; crossterm's own idea of NO_COLOR would turn a reset
        // of the colour into a reset of everything.
        crossterm::style::force_color_output(true);
        let screen = BufWriter::with_capacity(64 << 10, io::stdout());
        let screen = Sixteen::new(screen, depth == Depth::Sixteen);
        // Fixed: ratatui's own look at the size would find 0x0 where the terminal has none.
        let options = TerminalOptions {
            viewport: Viewport::Fixed(area(size())),
        };
        Ok(Display {
            terminal: Terminal::with_options(CrosstermBackend::new(screen), options)?,
            guard: Some(guard),
            requests,
            answers,
            out,
            keys: None,
            continued: false,
        })
    }

    fn run(&mut self, model: &mut Model, messages: &Receiver<Msg>) -> io::Result<Flow> {
        while let Ok(msg) = messages.recv() {
            model.now = now();
            let mut next = Some(msg);
            let mut taken = 0;
            while let Some(msg) = next {
                for effect in update(model, msg) {
                    match self.effect(model, effect)? {
                        Flow::On => {}
                        over => return Ok(over),
                    }
                }
                taken += 1;
                next = (taken < BATCH).then(|| messages.try_recv().ok()).flatten();
            }
            self.draw(model)?;
        }
        Ok(Flow::Left)
    }

    fn draw(&mut self, model: &Model) -> io::Result<()> {
        let area = area(model.size);
        if self.terminal.get_frame().area() != area {
            self.terminal.resize(area)?;
        }
        self.terminal.draw(|frame| view(model, frame))?;
        Ok(())
    }

    fn effect(&mut self, model: &mut Model, effect: Effect) -> io::Result<Flow> {
        match effect {
            Effect::Ask(request) => self.requests.ask(request),
            Effect::Copy(text) => {
                model.notice = Some(copy(&text)?);
            }
            Effect::Page(text) => {
                let said = self.away(model, || program::page(&text))?;
                model.notice = said.err();
            }
            Effect::Edit(id, at) => match program::note_file() {
                Some(file) => match self.away(model, || program::edit(&file))? {
                    Ok(Some(text)) => {
                        let change = Change::Note(id, at, text);
                        self.requests.ask(Request::Change(change));
                    }
                    Ok(None) => model.notice = Some("nothing is noted".to_owned()),
                    Err(why) => model.notice = Some(why),
                },
                None => model.prompt = Some(Prompt::new(Wanted::Note(id, at))),
            },
            Effect::Redraw => self.redraw(model)?,
            // In the session leader's own job there is no shell that would bring it back.
            Effect::Suspend if Some(getpgrp()) == getsid(None).ok() => {
                model.notice = Some("there is no shell to go back to".to_owned());
            }
            // All of the job, as the terminal does it: a script that started rec stops as well.
            // Not by SIGTSTP, which this process would catch and obey a moment later than the
            // script: when the shell may already have the terminal, or have continued the job.
            Effect::Suspend => {
                self.stop(model, || Ok(kill_current_process_group(Signal::STOP)?))?
            }
            Effect::Stop => self.stop(model, || emulate_default_handler(SIGTSTP))?,
            Effect::Continue if self.continued => self.continued = false,
            Effect::Continue => {
                if let Some(guard) = &self.guard {
                    guard.again()?;
                }
                self.redraw(model)?;
            }
            Effect::Quit => return Ok(Flow::Quit),
            Effect::Leave => return Ok(Flow::Left),
        }
        Ok(Flow::On)
    }

    /// Gives the terminal to another program until that ends.
    fn away<T>(&mut self, model: &mut Model, run: impl FnOnce() -> T) -> io::Result<T> {
        if let Some(keys) = self.keys.take() {
            keys.stop();
        }
        self.guard = None;
        AWAY.store(true, Ordering::SeqCst);
        let came = run();
        AWAY.store(false, Ordering::SeqCst);
        self.guard = Some(Guard::take(model.mouse)?);
        self.keys = Some(Keys::start(&self.out, &self.answers)?);
        self.redraw(model)?;
        Ok(came)
    }

    /// Gives the terminal back, stops, and takes it again when somebody lets the process go on.
    fn stop(&mut self, model: &mut Model, stop: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.guard = None;
        stop()?;
        self.guard = Some(Guard::take(model.mouse)?);
        self.continued = true;
        self.redraw(model)
    }

    /// Draws all cells. Not by `Terminal::clear`, which asks the terminal for its cursor and
    /// would race with the thread that reads keys for the answer.
    fn redraw(&mut self, model: &mut Model) -> io::Result<()> {
        model.size = size();
        self.terminal.resize(area(model.size))
    }
}

/// Lets the thread that draws go first: on a busy machine this one's work would delay every key.
fn stand_back() {
    // There the priority is each thread's own; elsewhere it would be that of all of them.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 5);
}

fn area(size: Size) -> Rect {
    Rect::new(0, 0, size.cols, size.rows)
}

/// Puts `text` on the clipboard, and gives what to say about it.
fn copy(text: &str) -> io::Result<String> {
    if text.is_empty() {
        return Ok("there is nothing to copy".to_owned());
    }
    if text.len() > COPY_MAX {
        let kib = text.len() / 1024;
        return Ok(format!(
            "{kib} KiB are too much for the clipboard; use rec export"
        ));
    }
    execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))?;
    Ok(format!("copied {} characters", text.chars().count()))
}

/// The terminal's size; 80x24 where it does not say.
pub fn size() -> Size {
    let (cols, rows) = crossterm::terminal::size().unwrap_or((0, 0));
    Size { cols, rows }.or_default()
}

/// The wall clock.
pub fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    Stamp(i64::try_from(micros).unwrap_or(i64::MAX))
}
