//! The views on a real terminal: threads that read keys, signals and the library, one loop that
//! updates and draws.

use super::asker::Asker;
use super::guard::Guard;
use super::library::Library;
use super::model::Model;
use super::msg::{Effect, Msg, Request};
use super::update::update;
use super::view::view;
use super::worker::Worker;
use crate::model::{Size, Stamp};
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{self, Event, KeyEventKind};
use crossterm::execute;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use secrecy::SecretString;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::io::{self, BufWriter, Stdout};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Messages under way. What sends more waits, so that a terminal that draws slowly slows the
/// replay and nothing grows.
const QUEUE: usize = 64;
/// Messages that are taken into account before the next frame is drawn.
const BATCH: usize = 256;
/// How often the thread that reads keys looks whether it is still wanted.
const KEY_WAIT: Duration = Duration::from_millis(100);
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
    let (answers, answered) = mpsc::channel();
    let (failed, failure) = mpsc::channel();
    for request in first {
        // The receiver lives in this function.
        let _ = requests.send(request);
    }
    let signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT]);
    let mut signals = signals.map_err(Ended::Terminal)?;
    let stop_signals = signals.handle();
    let caught = out.clone();
    let (ending, ended_by) = mpsc::channel();
    thread::spawn(move || {
        for signal in signals.forever() {
            let msg = match signal {
                SIGTSTP => Msg::Stop,
                SIGCONT => Msg::Continued,
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
    let guard = Guard::take().map_err(Ended::Terminal)?;
    let mut screen = Display::new(guard, requests, answers).map_err(Ended::Terminal)?;
    screen.draw(&model).map_err(Ended::Terminal)?;
    let told = out.clone();
    thread::spawn(move || {
        let mut asker = Asker::new(told.clone(), answered);
        match open(&mut asker) {
            Ok(library) => {
                if told.send(Msg::Opened).is_ok() {
                    Worker::new(library, told).run(&wanted);
                }
            }
            Err(error) => {
                let _ = failed.send(error);
                let _ = told.send(Msg::Leave);
            }
        }
    });
    thread::spawn(move || read_keys(&out));
    let result = screen.run(&mut model, &messages);
    stop_signals.close();
    drop(screen);
    if let Ok(signal) = ended_by.try_recv() {
        // Whoever sent it sees that it worked.
        let _ = emulate_default_handler(signal);
    }
    match failure.try_recv() {
        Ok(error) => Err(Ended::Library(error)),
        Err(_) => result.map_err(Ended::Terminal),
    }
}

/// Keys, pasted text and sizes, until nobody listens.
fn read_keys(out: &SyncSender<Msg>) {
    loop {
        let msg = match event::poll(KEY_WAIT) {
            Ok(false) => continue,
            Ok(true) => match event::read() {
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Msg::Key(key),
                Ok(Event::Paste(text)) => Msg::Paste(text),
                Ok(Event::Resize(cols, rows)) => Msg::Resize(cols, rows),
                Ok(_) => continue,
                Err(_) => Msg::Leave,
            },
            // The terminal is gone.
            Err(_) => Msg::Leave,
        };
        let last = matches!(msg, Msg::Leave);
        if out.send(msg).is_err() || last {
            return;
        }
    }
}

/// The terminal, and where effects go.
struct Display {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    guard: Option<Guard>,
    requests: Sender<Request>,
    answers: Sender<Option<SecretString>>,
}

/// Whether the loop goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Over,
}

impl Display {
    fn new(
        guard: Guard,
        requests: Sender<Request>,
        answers: Sender<Option<SecretString>>,
    ) -> io::Result<Display> {
        // Colours are decided by the theme; crossterm's own idea of NO_COLOR would turn a reset
        // of the colour into a reset of everything.
        crossterm::style::force_color_output(true);
        let out = BufWriter::with_capacity(64 << 10, io::stdout());
        Ok(Display {
            terminal: Terminal::new(CrosstermBackend::new(out))?,
            guard: Some(guard),
            requests,
            answers,
        })
    }

    fn run(&mut self, model: &mut Model, messages: &Receiver<Msg>) -> io::Result<()> {
        while let Ok(msg) = messages.recv() {
            model.now = now();
            let mut next = Some(msg);
            let mut taken = 0;
            while let Some(msg) = next {
                for effect in update(model, msg) {
                    if self.effect(model, effect)? == Flow::Over {
                        return Ok(());
                    }
                }
                taken += 1;
                next = (taken < BATCH).then(|| messages.try_recv().ok()).flatten();
            }
            self.draw(model)?;
        }
        Ok(())
    }

    fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.terminal.draw(|frame| view(model, frame))?;
        Ok(())
    }

    fn effect(&mut self, model: &mut Model, effect: Effect) -> io::Result<Flow> {
        match effect {
            // The worker is gone only when the views are about to be.
            Effect::Ask(request) => {
                let _ = self.requests.send(request);
            }
            Effect::Answer(answer) => {
                let _ = self.answers.send(answer);
            }
            Effect::Copy(text) => {
                model.notice = Some(copy(&text)?);
            }
            Effect::Redraw => self.redraw(model)?,
            Effect::Suspend => {
                self.guard = None;
                emulate_default_handler(SIGTSTP)?;
                self.guard = Some(Guard::take()?);
                self.redraw(model)?;
            }
            Effect::Quit => return Ok(Flow::Over),
        }
        Ok(Flow::On)
    }

    /// Draws all cells. Not by `Terminal::clear`, which asks the terminal for its cursor and
    /// would race with the thread that reads keys for the answer.
    fn redraw(&mut self, model: &mut Model) -> io::Result<()> {
        let size = self.terminal.size()?;
        model.size = Size {
            cols: size.width,
            rows: size.height,
        };
        self.terminal
            .resize(Rect::new(0, 0, size.width, size.height))
    }
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
