//! Sessions, the commands of the selected one, and what the selected command printed.

use super::keys::Action;
use super::library::Session;
use super::line::TypedLine;
use super::list::List;
use super::model::{Model, Viewer};
use super::msg::{Effect, Look, Output, Pace, Request};
use super::view::Panes;
use crate::model::{SessionId, Status, Summary};
use crate::player::{Grid, Jump, Landmarks, Moment};
use std::sync::Arc;

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
    /// What the filter looks at, in the same order.
    haystacks: Vec<String>,
    /// Those that the filter lets through.
    pub shown: Vec<usize>,
    /// The selected one.
    pub list: List,
    /// What was selected before the list was read anew, and has not come again yet.
    wanted_again: Option<SessionId>,
    /// Narrows the sessions.
    pub filter: TypedLine,
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

    /// Sessions, as read anew when `from` is 0. The same one stays selected.
    pub fn take_sessions(
        &mut self,
        from: usize,
        sessions: Vec<Session>,
        more: bool,
    ) -> Vec<Effect> {
        let selected = self.session().map(|s| s.id);
        let wanted = self.wanted_again.take().or(selected);
        if from == 0 {
            self.sessions.clear();
            self.haystacks.clear();
            self.landmarks = None;
            self.output = None;
            self.still = None;
        }
        self.haystacks.extend(sessions.iter().map(haystack));
        self.sessions.extend(sessions);
        let ids: Vec<SessionId> = self.sessions.iter().map(|s| s.id).collect();
        self.short = short_ids(&ids);
        self.loading = if more {
            Loading::Reading
        } else {
            Loading::Ready
        };
        self.narrow();
        let place = self.shown.iter().position(|index| {
            let session = self.sessions.get(*index);
            wanted.is_some() && session.map(|s| s.id) == wanted
        });
        if place.is_none() && more {
            // It may be among those still to come.
            self.wanted_again = wanted;
        }
        let place = place.unwrap_or(if from == 0 { 0 } else { self.list.selected });
        self.list.select(place, self.shown.len());
        if from == 0 || self.session().map(|s| s.id) != selected {
            self.look_at_session()
        } else {
            Vec::new()
        }
    }

    /// The selected session's landmarks, or more of them.
    pub fn take_landmarks(&mut self, id: SessionId, landmarks: Arc<Landmarks>) -> Vec<Effect> {
        if self.session().map(|s| s.id) != Some(id) {
            return Vec::new();
        }
        let first = self.selected_landmarks().is_none();
        self.landmarks = Some((id, landmarks));
        self.unreadable = None;
        if first {
            self.commands = List::default();
        }
        let was = self.wanted();
        self.narrow_commands();
        // While a session is being read its first command comes before the others, and is looked
        // at once.
        if first || was.is_none() || self.wanted() != was {
            self.look_at_command()
        } else {
            Vec::new()
        }
    }

    fn wanted(&self) -> Option<Look> {
        let held = match self.tab {
            Tab::Result => self.output.as_ref().map(|(look, _)| *look),
            Tab::Screen => self.still.as_ref().map(|(look, _)| *look),
            Tab::Info => self.look(),
        };
        held.filter(|held| Some(*held) == self.look())
    }

    fn narrow(&mut self) {
        let words = words(self.filter.text());
        let found = self.haystacks.iter().enumerate();
        let found = found.filter(|(_, text)| words.iter().all(|word| text.contains(word)));
        self.shown = found.map(|(index, _)| index).collect();
        self.list.clamp(self.shown.len());
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
        self.read_detail()
    }

    /// Asks for what the right pane shows, unless it is here.
    pub fn read_detail(&mut self) -> Vec<Effect> {
        let Some(look) = self.look() else {
            return Vec::new();
        };
        match self.tab {
            Tab::Result if self.output.as_ref().is_none_or(|(at, _)| *at != look) => {
                vec![Effect::Ask(Request::Output(look))]
            }
            Tab::Screen if self.still.as_ref().is_none_or(|(at, _)| *at != look) => {
                vec![Effect::Ask(Request::Still(look))]
            }
            Tab::Result | Tab::Screen | Tab::Info => Vec::new(),
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
            if self.session().map(|s| s.id) != before {
                return self.look_at_session();
            }
        } else {
            let before = self.look();
            self.narrow_commands();
            if self.look() != before {
                return self.look_at_command();
            }
        }
        Vec::new()
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
            Pane::Detail => {
                // The command stands above its result, in a quarter of the pane at most.
                let height = match self.tab {
                    Tab::Result => panes.detail_height() * 3 / 4,
                    Tab::Screen | Tab::Info => panes.detail_height(),
                };
                let last = self.detail_lines().saturating_sub(height.max(1));
                self.scroll.1 = self.scroll.1.saturating_add_signed(lines).min(last);
                Vec::new()
            }
        }
    }

    /// How many lines the right pane could show.
    fn detail_lines(&self) -> usize {
        match self.tab {
            Tab::Result => self.output.as_ref().map_or(0, |(_, o)| o.lines.len()),
            Tab::Screen => self.still.as_ref().map_or(0, |(_, g)| g.lines.len()),
            Tab::Info => 30,
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

/// What an action does in the browser.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let panes = Panes::of(model);
    let browser = &mut model.browser;
    let page = |height: usize| isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
    let height = match browser.pane {
        Pane::Sessions => panes.sessions_height(),
        Pane::Commands => panes.commands_height(),
        Pane::Detail => panes.detail_height(),
    };
    match action {
        Action::Up => browser.step(-1, &panes),
        Action::Down => browser.step(1, &panes),
        Action::PageUp => browser.step(-page(height), &panes),
        Action::PageDown => browser.step(page(height), &panes),
        Action::Top => browser.step(isize::MIN, &panes),
        Action::Bottom => browser.step(isize::MAX, &panes),
        Action::NextPane => {
            browser.pane = match browser.pane {
                Pane::Sessions => Pane::Commands,
                Pane::Commands => Pane::Detail,
                Pane::Detail => Pane::Sessions,
            };
            Vec::new()
        }
        Action::PreviousPane => {
            browser.pane = match browser.pane {
                Pane::Sessions => Pane::Detail,
                Pane::Commands => Pane::Sessions,
                Pane::Detail => Pane::Commands,
            };
            Vec::new()
        }
        Action::NextTab => {
            browser.tab = match browser.tab {
                Tab::Result => Tab::Screen,
                Tab::Screen => Tab::Info,
                Tab::Info => Tab::Result,
            };
            browser.scroll = (0, 0);
            browser.read_detail()
        }
        Action::Left => {
            match browser.pane {
                Pane::Detail if browser.scroll.0 > 0 => {
                    browser.scroll.0 = browser.scroll.0.saturating_sub(8);
                }
                Pane::Detail => browser.pane = Pane::Commands,
                Pane::Commands | Pane::Sessions => browser.pane = Pane::Sessions,
            }
            Vec::new()
        }
        Action::Right => {
            match browser.pane {
                Pane::Sessions => browser.pane = Pane::Commands,
                Pane::Commands => browser.pane = Pane::Detail,
                Pane::Detail => browser.scroll.0 = (browser.scroll.0 + 8).min(4000),
            }
            Vec::new()
        }
        Action::Filter => {
            match browser.pane {
                Pane::Sessions => browser.filter.begin(),
                Pane::Commands | Pane::Detail => {
                    browser.pane = Pane::Commands;
                    browser.commands_filter.begin();
                }
            }
            Vec::new()
        }
        Action::Reload => {
            browser.loading = Loading::Reading;
            vec![Effect::Ask(Request::Sessions)]
        }
        Action::Open => match (browser.pane, browser.selected_landmarks()) {
            (Pane::Sessions, None) => {
                browser.pane = Pane::Commands;
                Vec::new()
            }
            (Pane::Sessions, Some(landmarks)) if !landmarks.commands.is_empty() => {
                browser.pane = Pane::Commands;
                Vec::new()
            }
            _ => replay(model, false),
        },
        Action::Play => replay(model, true),
        Action::CopyCommand => match browser.command() {
            Some(command) => vec![Effect::Copy(command.text.clone())],
            None => {
                model.notice = Some("no command is selected".into());
                Vec::new()
            }
        },
        Action::CopyOutput => match (&browser.output, browser.look()) {
            (Some((at, output)), Some(look)) if *at == look => {
                vec![Effect::Copy(output.lines.join("\n"))]
            }
            _ => {
                model.notice = Some("there is no result to copy; t shows it".into());
                Vec::new()
            }
        },
        Action::Back => match browser.pane {
            Pane::Sessions => vec![Effect::Quit],
            Pane::Commands => {
                browser.pane = Pane::Sessions;
                Vec::new()
            }
            Pane::Detail => {
                browser.pane = Pane::Commands;
                Vec::new()
            }
        },
        // Nothing was begun.
        _ => Vec::new(),
    }
}

/// Opens the player on what is selected.
fn replay(model: &mut Model, play: bool) -> Vec<Effect> {
    let browser = &mut model.browser;
    let Some(session) = browser.session() else {
        return Vec::new();
    };
    let jump = match (browser.pane, browser.command()) {
        (Pane::Commands | Pane::Detail, Some(command)) => Jump::Command(command.number),
        _ => Jump::Start,
    };
    let request = Request::Replay {
        id: session.id,
        jump,
        play,
        pace: Pace::default(),
    };
    let mut viewer = Viewer::new(browser.title());
    if let Some(landmarks) = browser.selected_landmarks() {
        viewer.landmarks = Arc::clone(landmarks);
    }
    model.player = Some(viewer);
    vec![Effect::Ask(request)]
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

/// What the filter finds a session by.
fn haystack(session: &Session) -> String {
    let meta = &session.meta;
    let status = match session.status {
        Status::Recording => "recording",
        Status::Closed => "",
        Status::Interrupted => "interrupted",
    };
    let counted = |count: fn(&Summary) -> u32, word: &'static str| {
        let summary = session.summary.as_ref();
        summary.filter(|s| count(s) > 0).map_or("", |_| word)
    };
    let masked = counted(Summary::masked_total, "masked");
    let gap = counted(Summary::gaps_total, "gap");
    let parts = [
        &session.id.hex(),
        &meta.client,
        &meta.target.label(),
        &meta.command,
        &meta.directory,
        status,
        masked,
        gap,
    ];
    parts.join(" ").to_lowercase()
}

fn words(filter: &str) -> Vec<String> {
    filter.split_whitespace().map(str::to_lowercase).collect()
}
