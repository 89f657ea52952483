//! The one place that writes to the user: data on stdout, talk on stderr, colour only where a
//! terminal shows it and NO_COLOR is not set.

use super::{Error, Kind};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// Owns stdout, stderr, colour and width.
pub struct Ui {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    terminal_out: bool,
    colour_out: bool,
    colour_err: bool,
    /// Columns to lay tables out for.
    pub width: usize,
}

/// For output that is no terminal.
const WIDTH_DEFAULT: usize = 100;

impl Ui {
    /// The process's own streams.
    pub fn stdio() -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let width = rustix::termios::tcgetwinsize(io::stdout())
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|cols| *cols > 0);
        Ui {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            terminal_out: io::stdout().is_terminal(),
            colour_out: colour && io::stdout().is_terminal(),
            colour_err: colour && io::stderr().is_terminal(),
            width: width.unwrap_or(WIDTH_DEFAULT),
        }
    }

    /// Data, to stdout. A closed pipe is the reader's wish to stop and ends the process quietly
    /// at the next write's error, which the caller passes up.
    ///
    /// # Errors
    /// What stdout said, a closed pipe included.
    pub fn data(&mut self, text: impl AsRef<[u8]>) -> io::Result<()> {
        self.out.write_all(text.as_ref())
    }

    /// Makes data seen that does not end in a newline.
    ///
    /// # Errors
    /// What stdout said.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// A line of talk, to stderr. That it could not be said is no reason to fail.
    pub fn say(&mut self, line: impl AsRef<str>) {
        let _ = writeln!(self.err, "{}", line.as_ref());
    }

    /// The width that data must fit; `None` where stdout is no terminal and nothing is cut.
    pub fn fit(&self) -> Option<usize> {
        self.terminal_out.then_some(self.width)
    }

    /// Whether stdout is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.terminal_out
    }

    /// `text` in `style` (an SGR parameter, `1` or `2;33`) where stdout shows colour.
    pub fn paint(&self, style: &str, text: &str) -> String {
        painted(self.colour_out, style, text)
    }

    /// Whether stdout shows colour.
    pub fn colour(&self) -> bool {
        self.colour_out
    }

    /// Prints an error with its causes and hints, and gives its exit status.
    pub fn fail(&mut self, error: &Error) -> ExitCode {
        let code = error.kind.exit_code();
        if let Kind::Clap(_) = error.kind {
            let colour = if code == 0 {
                self.colour_out
            } else {
                self.colour_err
            };
            let text = if colour {
                error.message.clone()
            } else {
                plain(&error.message)
            };
            let _ = if code == 0 {
                self.out.write_all(text.as_bytes())
            } else {
                self.err.write_all(text.as_bytes())
            };
            self.hints(error);
            return ExitCode::from(code);
        }
        self.say(format!(
            "{} {}",
            painted(self.colour_err, "1;31", "Error:"),
            error.message
        ));
        for cause in &error.causes {
            self.say(format!("Caused by: {cause}"));
        }
        self.hints(error);
        ExitCode::from(code)
    }

    fn hints(&mut self, error: &Error) {
        for hint in &error.hints {
            self.say(format!("{} {hint}", painted(self.colour_err, "1", "Hint:")));
        }
    }
}

fn painted(colour: bool, style: &str, text: &str) -> String {
    if colour {
        format!("\x1b[{style}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// clap's rendered text without its SGR sequences.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}
