//! Types a script into a shell that rec records, at a person's pace, and shows what comes back.

use super::place::{CLEARED, Place};
use super::show;
use crate::cli::{Error, Kind, Ui};
use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use std::io::{IsTerminal, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// One line to type.
pub struct Line(pub String);

/// The shell's prompt, short and known.
const PROMPT: &str = "demo$ ";

/// Between two keys: quick, and still to be followed.
const KEY: Duration = Duration::from_millis(25);

/// Between a prompt and the first key, so that one sees what came.
const LOOK: Duration = Duration::from_millis(500);

/// A prompt that takes longer than this will not come.
const PROMPT_MAX: Duration = Duration::from_secs(20);

/// Runs `rec sh` on a pty of the person's size, types `lines`, and waits for its end.
pub fn session(place: &Place, ui: &mut Ui, lines: &[Line]) -> Result<(), Error> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .filter(|size| size.ws_col > 0 && size.ws_row > 0)
        .map_or((24, 80), |size| (size.ws_row, size.ws_col));
    let pty = native_pty_system()
        .openpty(PtySize {
            rows: size.0,
            cols: size.1,
            pixel_width: 0,
            pixel_height: 0,
        })
        .map_err(failed("no pty"))?;
    let mut command = CommandBuilder::new(place.rec());
    command.args(["--", "sh", "-i"]);
    command.cwd(place.work());
    for name in CLEARED {
        command.env_remove(name);
    }
    for (name, value) in place.env() {
        command.env(name, value);
    }
    command.env("PS1", PROMPT);
    let mut child = pty
        .slave
        .spawn_command(command)
        .map_err(failed("the shell does not start"))?;
    drop(pty.slave);
    let mut keyboard = pty.master.take_writer().map_err(failed("no keyboard"))?;
    let screen = reader(pty.master.try_clone_reader().map_err(failed("no screen"))?);

    // A person follows at a person's pace; a pipe does not care.
    let watched = std::io::stdout().is_terminal();
    let pace = |time: Duration| {
        if watched {
            std::thread::sleep(time);
        }
    };
    for Line(line) in lines {
        until_prompt(&screen, ui, child.as_mut())?;
        pace(LOOK);
        for key in line.chars() {
            let mut bytes = [0; 4];
            type_in(&mut keyboard, key.encode_utf8(&mut bytes).as_bytes())?;
            pass_on(&screen, ui)?;
            pace(KEY);
        }
        type_in(&mut keyboard, b"\r")?;
    }
    while let Ok(bytes) = screen.recv_timeout(PROMPT_MAX) {
        draw(ui, &bytes)?;
    }
    let status = child.wait().map_err(|error| {
        Error::new(Kind::Failed, "the shell's end was not seen").caused_by(&error)
    })?;
    // `exit` gives on the status of the command before it, which was meant to fail.
    match status.signal() {
        None => Ok(()),
        Some(signal) => Err(Error::new(
            Kind::Failed,
            format!("the shell was ended by {signal}"),
        )),
    }
}

fn failed<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Error {
    move |error| {
        Error::new(Kind::Failed, format!("{what}: {error}")).hint("rec doctor looks for the reason")
    }
}

fn type_in(keyboard: &mut impl Write, keys: &[u8]) -> Result<(), Error> {
    keyboard
        .write_all(keys)
        .and_then(|()| keyboard.flush())
        .map_err(|error| Error::new(Kind::Failed, "the shell takes no keys").caused_by(&error))
}

/// Reads the pty in a thread of its own, until its end.
fn reader(mut pty: Box<dyn Read + Send>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 4096];
        while let Ok(n @ 1..) = pty.read(&mut buffer) {
            let bytes = buffer.get(..n).unwrap_or_default().to_vec();
            if sender.send(bytes).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Shows what comes until it ends in the prompt.
fn until_prompt(
    screen: &Receiver<Vec<u8>>,
    ui: &mut Ui,
    child: &mut (dyn Child + Send + Sync),
) -> Result<(), Error> {
    let until = Instant::now() + PROMPT_MAX;
    let mut last = Vec::new();
    while !last.ends_with(PROMPT.as_bytes()) {
        match screen.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(bytes) => {
                draw(ui, &bytes)?;
                last.extend_from_slice(&bytes);
            }
            Err(why) => {
                let _ = child.kill();
                let message = match why {
                    RecvTimeoutError::Timeout => "the shell shows no prompt",
                    RecvTimeoutError::Disconnected => "the shell ended before its script",
                };
                return Err(Error::new(Kind::Failed, message).hint("try it: rec sh"));
            }
        }
    }
    Ok(())
}

/// Shows what is there already.
fn pass_on(screen: &Receiver<Vec<u8>>, ui: &mut Ui) -> Result<(), Error> {
    while let Ok(bytes) = screen.try_recv() {
        draw(ui, &bytes)?;
    }
    Ok(())
}

fn draw(ui: &mut Ui, bytes: &[u8]) -> Result<(), Error> {
    show(ui, bytes)?;
    ui.flush()
        .map_err(|error| Error::new(Kind::Failed, "stdout takes nothing").caused_by(&error))
}
