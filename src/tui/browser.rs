//! Sessions, the commands of the selected one, and what the selected command printed.

mod act;
mod take;

pub use act::update;

use super::facet;
use super::filter::{self, Order, haystack};
use super::keys::Action;
use super::library::{Change, Session};
use super::line::TypedLine;
use super::list::List;
use super::model::{Model, Viewer};
use super::msg::{Effect, Look, Output, Pace, Request};
use super::pages::Page;
use super::pages::compare::Compare;
use super::pages::export::Export;
use super::pages::insights::Insights;
use super::pages::reader::Reader;
use super::pages::runs::Runs;
use super::prompt::{Prompt, Wanted};
use super::view::Panes;
use crate::model::{Micros, SessionId};
use crate::player::{Grid, Jump, Landmarks, Moment};
use crate::query::{Now, Query, fold};
use crate::timeline::Table;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// Which pane has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The sessions.
    #[default]
    Sessions,
    /// The commands of the selected session.
    Commands,
    /// What belongs to the selected command.
    Detail,
}

/// What the pane on the right shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// What the command printed.
    #[default]
    Result,
    /// The screen when the command was over.
    Screen,
    /// What it sent over database connections, and what came back.
    Wire,
    /// What is known of the session.
    Info,
}

/// How far the list of sessions is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Loading {
    /// The vault is being opened.
    #[default]
    Opening,
    /// The sessions are being read.
    Reading,
    /// They are here.
    Ready,
    /// They cannot be read.
    Failed(String),
}

/// The browser's state.
#[derive(Default)]
pub struct Browser {
    /// How far the list is.
    pub loading: Loading,
    /// Every session, newest first.
    pub sessions: Vec<Session>,
    /// Their short ids, in the same order.
    pub short: Vec<String>,
    /// The width of the widest target.
    pub widest_target: usize,
    /// What the filter looks at, in the same order.
    haystacks: Vec<String>,
    /// Those that the filter lets through.
    pub shown: Vec<usize>,
    /// The selected one.
    pub list: List,
    /// What was selected before the list was read anew, and has not come again yet.
    wanted_again: Option<SessionId>,
    /// The command that was selected before the list was read anew.
    command_again: Option<(SessionId, u32)>,
    /// Narrows the sessions.
    pub filter: TypedLine,
    /// The time and the place that the filter speaks of.
    pub clock: Option<Now>,
    /// In which sessions the vault found what this filter asks for.
    matching: Option<(String, HashSet<SessionId>)>,
    /// The order of the list.
    pub order: Order,
    /// Marked sessions.
    pub marked: BTreeSet<SessionId>,
    /// Marked commands, in the order of marking.
    pub marked_commands: Vec<Look>,
    /// Which pane has the keys.
    pub pane: Pane,
    /// What the right pane shows.
    pub tab: Tab,
    /// Commands and markers of the session named here.
    pub landmarks: Option<(SessionId, Arc<Landmarks>)>,
    /// Why the selected session's commands are not here.
    pub unreadable: Option<(SessionId, String)>,
    /// The commands that the filter lets through.
    pub commands_shown: Vec<usize>,
    /// The selected one.
    pub commands: List,
    /// Narrows the commands.
    pub commands_filter: TypedLine,
    /// What was printed at the place named here.
    pub output: Option<(Look, Arc<Output>)>,
    /// The screen at the place named here.
    pub still: Option<(Look, Arc<Grid>)>,
    /// First column and line of what the right pane shows.
    pub scroll: (usize, usize),
    /// Which of the command's results is shown.
    pub result: usize,
    /// The selected cell of the result: its row and its column.
    pub cell: (usize, usize),
}

impl Browser {
    /// The selected session.
    pub fn session(&self) -> Option<&Session> {
        self.sessions.get(self.session_index()?)
    }

    fn session_index(&self) -> Option<usize> {
        self.shown.get(self.list.selected).copied()
    }

    /// The landmarks of the selected session, when they are here.
    pub fn selected_landmarks(&self) -> Option<&Arc<Landmarks>> {
        let selected = self.session()?.id;
        let (id, landmarks) = self.landmarks.as_ref()?;
        (*id == selected).then_some(landmarks)
    }

    /// The selected command.
    pub fn command(&self) -> Option<&Moment> {
        let shown = self.commands_shown.get(self.commands.selected)?;
        self.selected_landmarks()?.commands.get(*shown)
    }

    /// What the right pane looks at; `None` until the commands are known.
    pub fn look(&self) -> Option<Look> {
        let id = self.session()?.id;
        let landmarks = self.selected_landmarks()?;
        match self.command() {
            Some(command) => Some(Look {
                id,
                command: Some(command.number),
            }),
            // A session without commands is looked at whole, once that is certain.
            None if landmarks.complete && landmarks.commands.is_empty() => {
                Some(Look { id, command: None })
            }
            None => None,
        }
    }

    /// The session, for people: `7f3a psql app@prod-db`.
    pub fn title(&self) -> String {
        let (Some(index), Some(session)) = (self.session_index(), self.session()) else {
            return String::new();
        };
        let short = self.short.get(index).map_or("", String::as_str);
        title(short, session)
    }

    fn wanted(&self) -> Option<Look> {
        let held = match self.tab {
            Tab::Result | Tab::Wire => self.output.as_ref().map(|(look, _)| *look),
            Tab::Screen => self.still.as_ref().map(|(look, _)| *look),
            Tab::Info => self.look(),
        };
        held.filter(|held| Some(*held) == self.look())
    }

    fn narrow(&mut self) {
        let text = self.asked();
        let query = self.query();
        let words = words(self.filter.text());
        let known = self.matching.as_ref().filter(|(of, _)| *of == text);
        let passes = |place: usize, haystack: &String| match (&query, self.sessions.get(place)) {
            (Some(query), Some(session)) => {
                let by_itself = filter::passes(query, session, haystack);
                match known {
                    // What its commands say decides; words may stand in its name as well.
                    Some((_, found)) => {
                        found.contains(&session.id) || by_itself && !asks_of_commands(query)
                    }
                    None => by_itself,
                }
            }
            // Not understood yet, such as an open quote.
            _ => words.iter().all(|word| haystack.contains(word)),
        };
        let found = self.haystacks.iter().enumerate();
        let found = found.filter(|(place, text)| passes(*place, text));
        let mut shown: Vec<usize> = found.map(|(index, _)| index).collect();
        self.order.sort(&mut shown, &self.sessions);
        self.shown = shown;
        self.list.clamp(self.shown.len());
    }

    /// What the filter asks: at the end of the line while it is typed, a value may be only begun.
    fn asked(&self) -> String {
        let text = self.filter.text();
        match self.filter.typing() && self.filter.head() == text {
            true => filter::as_begun(text),
            false => text.to_owned(),
        }
    }

    /// Keeps the line that is typed. A value that was only begun stays so where it is none itself:
    /// what was seen while typing is not lost.
    pub fn keep_typed(&mut self) {
        let asked = self.asked();
        let seen = !self.shown.is_empty();
        if let Some(line) = self.typed() {
            line.keep();
        }
        self.narrow();
        if seen && self.shown.is_empty() && asked != self.filter.text() {
            self.filter.push('*');
        }
    }

    /// The filter as a query, where it is one.
    fn query(&self) -> Option<Query> {
        Query::parse(&self.asked(), self.clock.as_ref()?).ok()
    }

    /// Why the filter is no query.
    pub fn wrong(&self) -> Option<String> {
        let parsed = Query::parse(self.filter.text(), self.clock.as_ref()?);
        parsed.err().map(|error| error.line())
    }

    /// Asks the vault in which sessions the filter finds something.
    fn ask_matching(&self) -> Vec<Effect> {
        let text = self.asked();
        let asks = |query: &Query| !query.is_of_sessions() || query.asks_for_places();
        let asks = self.query().as_ref().is_some_and(asks);
        let ask = || Effect::Ask(Request::Matching(text.clone()));
        asks.then(ask).into_iter().collect()
    }

    /// Narrows anew, with the same session selected where it is still there.
    fn renarrow(&mut self) -> Vec<Effect> {
        let before = self.session().map(|s| s.id);
        self.narrow();
        let is = |place: &usize| self.sessions.get(*place).map(|s| s.id) == before;
        if let Some(place) = self.shown.iter().position(is) {
            self.list.select(place, self.shown.len());
        }
        match self.session().map(|s| s.id) == before {
            true => Vec::new(),
            false => self.look_at_session(),
        }
    }

    /// Puts a condition into the filter, or takes it out.
    pub fn toggle_facet(&mut self, condition: &str) -> Vec<Effect> {
        let text = facet::toggled(self.filter.text(), condition);
        self.filter.clear();
        text.chars().for_each(|c| self.filter.push(c));
        let mut effects = self.renarrow();
        effects.extend(self.ask_matching());
        effects
    }

    /// The sessions that something is done to: the marked ones, else the selected one.
    pub fn chosen(&self) -> Vec<SessionId> {
        let here = |id: &SessionId| self.sessions.iter().any(|s| s.id == *id);
        let marked: Vec<_> = self.marked.iter().copied().filter(here).collect();
        match marked.is_empty() {
            true => self.session().map(|s| s.id).into_iter().collect(),
            false => marked,
        }
    }

    /// A session by its id, for people.
    pub fn title_of(&self, id: SessionId) -> String {
        let place = self.sessions.iter().position(|s| s.id == id);
        match place.and_then(|p| Some((self.short.get(p)?, self.sessions.get(p)?))) {
            Some((short, session)) => title(short, session),
            None => id.hex().chars().take(8).collect(),
        }
    }

    /// The beginning of a session's id that names it, where the session is in the list.
    pub fn short_of(&self, id: SessionId) -> Option<&str> {
        let place = self.sessions.iter().position(|s| s.id == id)?;
        self.short.get(place).map(String::as_str)
    }

    /// Seconds east of UTC where a session was recorded.
    pub fn offset_of(&self, id: SessionId) -> i32 {
        let session = self.sessions.iter().find(|s| s.id == id);
        session.map_or(0, |session| session.meta.utc_offset)
    }

    /// The result that is shown of the selected command's.
    pub fn table(&self) -> Option<&(Table, u64)> {
        self.results().get(self.result)
    }

    /// The selected command's results, as far as they are here.
    pub fn results(&self) -> &[(Table, u64)] {
        match &self.output {
            Some((at, output)) if Some(*at) == self.look() => &output.tables,
            _ => &[],
        }
    }

    /// Shows the result that is so many further on, if there is one.
    pub fn turn_to_result(&mut self, by: isize) -> bool {
        let last = self.results().len().saturating_sub(1);
        let to = self.result.saturating_add_signed(by).min(last);
        let turned = to != self.result;
        if turned {
            self.result = to;
            self.cell = (0, 0);
        }
        turned
    }

    fn narrow_commands(&mut self) {
        let words = words(self.commands_filter.text());
        let Some(landmarks) = self.selected_landmarks() else {
            self.commands_shown.clear();
            return;
        };
        let matches = |command: &Moment| {
            words.is_empty() || {
                let text = command.text.to_lowercase();
                words.iter().all(|word| text.contains(word))
            }
        };
        let found = landmarks.commands.iter().enumerate();
        self.commands_shown = found
            .filter(|(_, command)| matches(command))
            .map(|(index, _)| index)
            .collect();
        self.commands.clamp(self.commands_shown.len());
    }

    fn look_at_session(&mut self) -> Vec<Effect> {
        self.commands = List::default();
        self.commands_filter = TypedLine::default();
        self.commands_shown.clear();
        self.scroll = (0, 0);
        match self.session() {
            Some(session) if self.selected_landmarks().is_none() => {
                vec![Effect::Ask(Request::Landmarks(session.id))]
            }
            Some(_) => {
                self.narrow_commands();
                self.look_at_command()
            }
            None => Vec::new(),
        }
    }

    fn look_at_command(&mut self) -> Vec<Effect> {
        self.scroll = (0, 0);
        self.result = 0;
        self.cell = (0, 0);
        self.read_detail()
    }

    /// Asks for what is missing of the selected session, once the worker is free for it again.
    pub fn look_again(&mut self) -> Vec<Effect> {
        match (self.session(), self.selected_landmarks()) {
            (Some(session), None) => vec![Effect::Ask(Request::Landmarks(session.id))],
            _ => self.read_detail(),
        }
    }

    /// Asks for what the right pane shows, unless it is here.
    pub fn read_detail(&mut self) -> Vec<Effect> {
        let Some(look) = self.look() else {
            return Vec::new();
        };
        match self.tab {
            Tab::Result | Tab::Wire if self.output.as_ref().is_none_or(|(at, _)| *at != look) => {
                vec![Effect::Ask(Request::Output(look))]
            }
            Tab::Screen if self.still.as_ref().is_none_or(|(at, _)| *at != look) => {
                vec![Effect::Ask(Request::Still(look))]
            }
            Tab::Result | Tab::Screen | Tab::Wire | Tab::Info => Vec::new(),
        }
    }

    /// The line that takes the keys, if one does.
    pub fn typed(&mut self) -> Option<&mut TypedLine> {
        [&mut self.filter, &mut self.commands_filter]
            .into_iter()
            .find(|line| line.typing())
    }

    /// What was typed has changed.
    pub fn typed_changed(&mut self) -> Vec<Effect> {
        if self.pane == Pane::Sessions {
            let before = self.session().map(|s| s.id);
            self.narrow();
            let mut effects = self.ask_matching();
            if self.session().map(|s| s.id) != before {
                effects.extend(self.look_at_session());
            }
            return effects;
        } else {
            let before = self.look();
            self.narrow_commands();
            if self.look() != before {
                return self.look_at_command();
            }
        }
        Vec::new()
    }

    /// Selects a line of the pane that has the keys.
    pub fn select(&mut self, to: usize) -> Vec<Effect> {
        match self.pane {
            Pane::Sessions if to < self.shown.len() && to != self.list.selected => {
                self.list.select(to, self.shown.len());
                self.look_at_session()
            }
            Pane::Commands if to < self.commands_shown.len() && to != self.commands.selected => {
                self.commands.select(to, self.commands_shown.len());
                self.look_at_command()
            }
            Pane::Sessions | Pane::Commands | Pane::Detail => Vec::new(),
        }
    }

    /// Moves by lines in the pane that has the keys.
    fn step(&mut self, lines: isize, panes: &Panes) -> Vec<Effect> {
        match self.pane {
            Pane::Sessions => {
                let before = self.list.selected;
                self.list.step(lines, self.shown.len());
                if self.list.selected == before {
                    return Vec::new();
                }
                self.look_at_session()
            }
            Pane::Commands => {
                let before = self.commands.selected;
                self.commands.step(lines, self.commands_shown.len());
                if self.commands.selected == before {
                    return Vec::new();
                }
                self.look_at_command()
            }
            Pane::Detail if self.tab == Tab::Result && self.table().is_some() => {
                let rows = self.table().map_or(0, |(table, _)| table.rows.len());
                let row = self.cell.0.saturating_add_signed(lines);
                self.cell.0 = row.min(rows.saturating_sub(1));
                Vec::new()
            }
            Pane::Detail => {
                // The command stands above its result, in a quarter of the pane at most.
                let height = match self.tab {
                    Tab::Result => panes.detail_height() * 3 / 4,
                    Tab::Screen | Tab::Wire | Tab::Info => panes.detail_height(),
                };
                let width = usize::from(panes.detail.width);
                let last = self.detail_lines(width).saturating_sub(height.max(1));
                self.scroll.1 = self.scroll.1.saturating_add_signed(lines).min(last);
                Vec::new()
            }
        }
    }

    /// How many lines of `width` cells the right pane could show.
    fn detail_lines(&self, width: usize) -> usize {
        match self.tab {
            Tab::Result => self.output.as_ref().map_or(0, |(_, o)| o.lines.len()),
            Tab::Screen => self.still.as_ref().map_or(0, |(_, g)| g.lines.len()),
            Tab::Wire => self
                .output
                .as_ref()
                .map_or(0, |(_, o)| super::view::wire_height(o, width)),
            Tab::Info => self.session().map_or(0, |session| {
                super::view::info_rows(self, session, width).len()
            }),
        }
    }

    /// Keeps the selected lines in sight of panes of these sizes.
    pub fn reveal(&mut self, panes: &Panes) {
        self.list.reveal(panes.sessions_height(), self.shown.len());
        let commands = self.commands_shown.len();
        self.commands.reveal(panes.commands_height(), commands);
    }
}

/// The session, for people.
pub fn title(short: &str, session: &Session) -> String {
    let target = session.meta.target.label();
    let title = format!("{short} {} {target}", session.meta.client);
    title.trim_end().to_owned()
}

/// The short id of each, without comparing all with all: sorted, only neighbours can share.
fn short_ids(ids: &[SessionId]) -> Vec<String> {
    let mut sorted: Vec<&SessionId> = ids.iter().collect();
    sorted.sort();
    let short = |id: &SessionId| {
        let place = sorted.partition_point(|other| *other < id);
        let near = place.saturating_sub(1)..(place + 2).min(sorted.len());
        let near = sorted.get(near).unwrap_or_default();
        id.short(near.iter().copied())
    };
    ids.iter().map(short).collect()
}

fn words(filter: &str) -> Vec<String> {
    filter.split_whitespace().map(fold).collect()
}

/// Whether a query asks for something that only commands tell.
fn asks_of_commands(query: &Query) -> bool {
    use crate::query::Leaf;
    let of_command = |leaf: &Leaf| matches!(leaf, Leaf::Failed | Leaf::Slow { .. });
    query.leaves().iter().any(of_command)
}
