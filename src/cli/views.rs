//! What the full-screen verbs share: whether there is a terminal to draw on, what the views start
//! from, and what ended them.

use super::{Error, Kind};
use crate::config::{Browser, Colours, Config, Paths};
use crate::tui::{Depth, Ended, Keymap, Model, Theme, now, size};
use jiff::tz::TimeZone;
use std::fs::File;
use std::io::{self, IsTerminal, stdin, stdout};

/// Why this terminal cannot show a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoScreen {
    /// stdout is a file or a pipe.
    Output,
    /// stdin is none, and there is no other to read keys from.
    Input,
    /// `TERM=dumb`, as in an editor's shell.
    Dumb,
}

impl NoScreen {
    /// The reason, for the sentence "… on a terminal, and …".
    pub fn why(self) -> &'static str {
        match self {
            NoScreen::Output => "standard output is not one",
            NoScreen::Input => "standard input is not one",
            NoScreen::Dumb => "this one (TERM=dumb) cannot place text",
        }
    }
}

/// Looks whether there is a terminal that shows views and gives keys. They come from `/dev/tty`
/// where stdin is something else, as behind xargs.
///
/// # Errors
/// What is missing.
pub fn look() -> Result<(), NoScreen> {
    let tty = || File::options().read(true).write(true).open("/dev/tty");
    if !stdout().is_terminal() {
        Err(NoScreen::Output)
    } else if !stdin().is_terminal() && tty().is_err() {
        Err(NoScreen::Input)
    } else if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        Err(NoScreen::Dumb)
    } else {
        Ok(())
    }
}

/// The views before anything is read, as the owner configured them. What the configuration has wrong
/// is told where it matters; here it costs what it says of the views.
pub fn model(paths: &Paths) -> Model {
    let var = |name| std::env::var(name).ok();
    let (no_color, term, colorterm) = (var("NO_COLOR"), var("TERM"), var("COLORTERM"));
    let depth = Depth::find(no_color.as_deref(), term.as_deref(), colorterm.as_deref());
    let config = Config::load(paths);
    let browser = config.as_ref().map(|config| config.browser.clone());
    let browser = browser.unwrap_or_default();
    let theme = match browser.theme {
        Colours::Default => Theme::new(depth),
        Colours::Light => Theme {
            light: true,
            ..Theme::new(depth)
        },
        Colours::Mono => Theme::new(Depth::None),
    };
    let mut model = Model::new(size(), theme, now());
    model.zone = TimeZone::system();
    model.mouse = browser.mouse;
    let (keymap, wrong) = keymap(&browser);
    model.keymap = keymap;
    model.notice = wrong.map(|(line, why)| format!("{}:{line}: {why}", paths.config.display()));
    if let Err(error) = config {
        model.notice = Some(format!("the configuration is not used: {error}"));
    }
    model
}

/// The key map with what its owner changed; and the first change that is not understood, with its
/// line in the configuration. The others hold.
pub fn keymap(browser: &Browser) -> (Keymap, Option<(usize, String)>) {
    let mut keymap = Keymap::default();
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for (action, rebound) in &browser.keys {
        if let Err(why) = keymap.remap(action, &rebound.keys) {
            wrong.push((rebound.line, why));
        }
    }
    (keymap, wrong.into_iter().min())
}

/// Why the views ended, for the person.
pub fn ended(ended: Ended<Error>) -> Error {
    match ended {
        Ended::Library(error) => error,
        Ended::Terminal(error) => terminal(&error),
    }
}

/// The terminal failed.
pub fn terminal(error: &io::Error) -> Error {
    Error::new(Kind::Failed, "the terminal cannot be used").caused_by(error)
}
