//! The views that stand in front of the browser: search, insights, comparison, export, and texts
//! and lists to read or choose from. The last of [`Model::pages`](super::model::Model) is in front.

pub mod compare;
pub mod export;
pub mod insights;
pub mod reader;
pub mod runs;
pub mod search;

use super::keys::{Action, Scope};
use super::list::List;
use super::model::{Model, Viewer};
use super::msg::{Effect, Pace, Request};
use crate::insight::Occurrence;
use crate::model::{Micros, SessionId};
use crate::player::Jump;

/// A view in front of the browser.
pub enum Page {
    /// The search; its state is the model's own, so that it is there again.
    Search,
    /// What the recordings say.
    Insights(insights::Insights),
    /// Two sessions or runs.
    Compare(compare::Compare),
    /// The runs of a statement.
    Runs(runs::Runs),
    /// What is handed on.
    Export(Box<export::Export>),
    /// A text or a list.
    Reader(reader::Reader),
}

impl Page {
    /// Where its keys are found.
    pub fn scope(&self) -> Scope {
        match self {
            Page::Search => Scope::Search,
            Page::Insights(_) => Scope::Insights,
            Page::Compare(_) => Scope::Compare,
            Page::Runs(_) => Scope::Runs,
            Page::Export(_) => Scope::Export,
            Page::Reader(_) => Scope::Reader,
        }
    }
}

/// What an action does in the page in front.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    if matches!(action, Action::Back | Action::Cancel) {
        model.pages.pop();
        // What is played behind the page is not to be taken away from the player.
        return match model.player {
            Some(_) => Vec::new(),
            None => model.browser.look_again(),
        };
    }
    match model.pages.last() {
        Some(Page::Search) => search::update(model, action),
        Some(Page::Insights(_)) => insights::update(model, action),
        Some(Page::Compare(_)) => compare::update(model, action),
        Some(Page::Runs(_)) => runs::update(model, action),
        Some(Page::Export(_)) => export::update(model, action),
        Some(Page::Reader(_)) => reader::update(model, action),
        None => Vec::new(),
    }
}

/// Moves in a list of `len` lines, `height` of which are seen; whether the action is a move.
pub fn step(list: &mut List, action: Action, len: usize, height: usize) -> bool {
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
    let lines = match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -page,
        Action::PageDown => page,
        Action::Top => isize::MIN,
        Action::Bottom => isize::MAX,
        _ => return false,
    };
    list.step(lines, len);
    list.reveal(height, len);
    true
}

/// Opens the player at a moment, paused; `about` when that is, where it is known.
pub fn play(model: &mut Model, id: SessionId, jump: Jump, about: Option<Micros>) -> Vec<Effect> {
    // What is on the screen stays until the next frame, where it is of the same session.
    let same = |viewer: &Viewer| viewer.frame.as_ref().is_some_and(|frame| frame.id == id);
    if !model.player.as_ref().is_some_and(same) {
        let mut viewer = Viewer::new(model.browser.title_of(id));
        viewer.behind = model.pages.len();
        model.player = Some(viewer);
    }
    vec![Effect::Ask(Request::Replay {
        id,
        jump,
        about,
        play: false,
        pace: Pace::default(),
    })]
}

/// Where a run is looked at: when it was over, with its output on the screen.
pub fn jump_to(occurrence: &Occurrence) -> Jump {
    match occurrence.number {
        Some(number) => Jump::Outcome(number),
        None => Jump::Time(occurrence.at),
    }
}
