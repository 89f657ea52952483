//! The state of the views. Changed by [`update`](super::update::update) alone, drawn by the view.

use super::browser::Browser;
use super::line::TypedLine;
use super::list::List;
use super::msg::Frame;
use super::theme::Theme;
use crate::model::{Size, Stamp};
use crate::player::Landmarks;
use secrecy::SecretString;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Everything that is drawn.
pub struct Model {
    /// The terminal.
    pub size: Size,
    /// Its colours.
    pub theme: Theme,
    /// The wall clock, for "today".
    pub now: Stamp,
    /// The list of sessions and what belongs to it.
    pub browser: Browser,
    /// The player, in front of the browser.
    pub player: Option<Viewer>,
    /// The list of keys, in front of both.
    pub help: Option<Help>,
    /// What the vault asks, in front of all.
    pub question: Option<Question>,
    /// One line that goes with the next key.
    pub notice: Option<String>,
    /// Leaving the player leaves the program: there is no browser behind it.
    pub only_player: bool,
}

/// The player as the viewer sees it.
pub struct Viewer {
    /// Which session, for people: `7f3a psql app@prod-db`.
    pub title: String,
    /// What it shows; `None` until the first frame.
    pub frame: Option<Box<Frame>>,
    /// Ticks of the scrubber.
    pub landmarks: Arc<Landmarks>,
    /// The window over a recording that is larger than it: its first column and row. `None`
    /// follows the cursor.
    pub scroll: Option<(u16, u16)>,
    /// Why nothing is shown.
    pub unreadable: Option<String>,
}

impl Viewer {
    /// A player that has shown nothing yet.
    pub fn new(title: String) -> Viewer {
        Viewer {
            title,
            frame: None,
            landmarks: Arc::default(),
            scroll: None,
            unreadable: None,
        }
    }
}

/// The list of keys.
#[derive(Default)]
pub struct Help {
    /// Words that narrow it.
    pub search: TypedLine,
    /// Which line is on top.
    pub list: List,
}

/// A question of the vault, with what was typed so far.
pub struct Question {
    /// The question.
    pub text: String,
    /// The answer. Wiped when it goes.
    answer: Zeroizing<String>,
}

/// The longest answer. Room for it is taken at once, since growing would leave copies behind.
const ANSWER_MAX: usize = 4096;

impl Question {
    /// A question without an answer yet.
    pub fn new(text: String) -> Question {
        Question {
            text,
            answer: Zeroizing::new(String::with_capacity(ANSWER_MAX)),
        }
    }

    /// One more character, unless it is too long already.
    pub fn push(&mut self, c: char) {
        if self.answer.len() + c.len_utf8() <= ANSWER_MAX {
            self.answer.push(c);
        }
    }

    /// One character less.
    pub fn erase(&mut self) {
        self.answer.pop();
    }

    /// From the start.
    pub fn clear(&mut self) {
        *self.answer = String::with_capacity(ANSWER_MAX);
    }

    /// Whether something was typed; how much is nobody's business.
    pub fn is_empty(&self) -> bool {
        self.answer.is_empty()
    }

    /// The answer.
    pub fn take(self) -> SecretString {
        SecretString::from(self.answer.as_str())
    }
}

impl Model {
    /// Nothing is known yet; the first frame can be drawn all the same.
    pub fn new(size: Size, theme: Theme, now: Stamp) -> Model {
        Model {
            size,
            theme,
            now,
            browser: Browser::default(),
            player: None,
            help: None,
            question: None,
            notice: None,
            only_player: false,
        }
    }
}
