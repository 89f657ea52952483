//! The state of the views. Changed by [`update`](super::update::update) alone, drawn by the view.

use super::browser::Browser;
use super::keys::{Action, Keymap};
use super::line::TypedLine;
use super::list::List;
use super::msg::{Frame, Look};
use super::pages::Page;
use super::pages::insights::Period;
use super::pages::search::Search;
use super::prompt::{Palette, Prompt};
use super::theme::Theme;
use super::watch::Find;
use crate::insight::Stats;
use crate::model::{Size, Stamp};
use crate::player::{Landmarks, Moment};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Everything that is drawn.
pub struct Model {
    /// The terminal.
    pub size: Size,
    /// Its colours.
    pub theme: Theme,
    /// The wall clock, for "today".
    pub now: Stamp,
    /// Where its owner is.
    pub zone: TimeZone,
    /// What the keys do.
    pub keymap: Keymap,
    /// The list of sessions and what belongs to it.
    pub browser: Browser,
    /// The search across all sessions.
    pub search: Search,
    /// What was counted for the insights, until the list of sessions is read anew.
    pub counted: Vec<(Period, Arc<Stats>)>,
    /// What stands in front of the browser; the last one has the keys.
    pub pages: Vec<Page>,
    /// The player, in front of the browser and the pages that it was opened from.
    pub player: Option<Viewer>,
    /// A line that is asked for.
    pub prompt: Option<Prompt>,
    /// Every action by its name.
    pub palette: Option<Palette>,
    /// The list of keys, in front of all these.
    pub help: Option<Help>,
    /// What the vault asks, in front of all.
    pub question: Option<Question>,
    /// One line that goes with the next key.
    pub notice: Option<String>,
    /// The mouse is taken from the terminal.
    pub mouse: bool,
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
    /// The mouse holds the scrubber.
    pub scrubbing: bool,
    /// Why nothing is shown.
    pub unreadable: Option<String>,
    /// How many pages stand behind it.
    pub behind: usize,
    /// What is looked for in the session.
    pub find: Option<Find>,
    /// What is done with a command's output, once it is here.
    pub wants: Option<(Look, Action)>,
}

impl Viewer {
    /// A player that has shown nothing yet.
    pub fn new(title: String) -> Viewer {
        Viewer {
            title,
            frame: None,
            landmarks: Arc::default(),
            scroll: None,
            scrubbing: false,
            unreadable: None,
            behind: 0,
            find: None,
            wants: None,
        }
    }

    /// The command that is played.
    pub fn command(&self) -> Option<&Moment> {
        let place = self.landmarks.command_before(self.frame.as_ref()?.spot)?;
        self.landmarks.commands.get(place)
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

/// A question of the vault. What is typed is not here.
pub struct Question {
    /// The question.
    pub text: String,
    /// Whether something was typed; how much is nobody's business.
    pub typed: bool,
}

impl Model {
    /// Whether the player is in front: not behind a page that was opened from it.
    pub fn watches(&self) -> bool {
        let viewer = self.player.as_ref();
        viewer.is_some_and(|viewer| self.pages.len() <= viewer.behind)
    }

    /// Nothing is known yet; the first frame can be drawn all the same.
    pub fn new(size: Size, theme: Theme, now: Stamp) -> Model {
        Model {
            size,
            theme,
            now,
            zone: TimeZone::UTC,
            keymap: Keymap::default(),
            browser: Browser::default(),
            search: Search::default(),
            counted: Vec::new(),
            pages: Vec::new(),
            player: None,
            prompt: None,
            palette: None,
            help: None,
            question: None,
            notice: None,
            mouse: false,
            only_player: false,
        }
    }
}
