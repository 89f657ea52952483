//! The search across all sessions, as you type: hits grouped by session, each a moment to land on.

use super::super::keys::Action;
use super::super::library::Found;
use super::super::line::TypedLine;
use super::super::list::List;
use super::super::model::Model;
use super::super::msg::{Effect, Look, Request};
use super::super::update::edit;
use super::compare::Compare;
use super::runs::Runs;
use crate::model::{Micros, SessionId};
use crate::player::{Jump, Way};

/// Hits that are asked for: more than anybody steps through.
pub const HITS_MAX: usize = 300;

/// Places that are looked for in one session: nobody steps through so many, but the first of them is to
/// be among them.
pub const FIND_MAX: usize = 100_000;

/// Letters of a last word that stands for all words that begin so: fewer would stand for too many.
const PREFIX_MIN: usize = 3;

/// What is typed as what is asked: the last word may be only begun.
pub fn as_typed(text: &str) -> String {
    let last = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    let quotes = text.matches('"').count() + text.matches('/').count();
    let word = last.chars().all(|c| c.is_alphanumeric() || c == '_');
    let operator = matches!(last, "OR" | "NOT" | "AND");
    match word && !operator && quotes == 0 && last.chars().count() >= PREFIX_MIN {
        true => format!("{text}*"),
        false => text.to_owned(),
    }
}

/// The search's state.
#[derive(Default)]
pub struct Search {
    /// What is searched.
    pub line: TypedLine,
    /// What was found for [`Search::answered`].
    pub hits: Vec<Found>,
    /// The selected hit.
    pub list: List,
    /// The text that the hits belong to.
    pub answered: Option<String>,
    /// Whether more is being looked for.
    pub more: bool,
    /// Why nothing was found.
    pub wrong: Option<String>,
    /// The command that another hit's is to be compared with.
    pub marked: Option<Look>,
    /// How many hundredths of the index are filled, while it is: until then searches read the
    /// sessions.
    pub indexing: Option<u8>,
}

/// A line of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The session of the hits below, by the first of them.
    Session(usize),
    /// A hit.
    Hit(usize),
}

impl Search {
    /// Whether an answer is under way.
    pub fn waits(&self) -> bool {
        let text = self.line.text().trim();
        !text.is_empty() && (self.more || !self.is_answered(text))
    }

    fn is_answered(&self, text: &str) -> bool {
        self.answered.as_deref() == Some(text)
    }

    /// What was found so far for what is typed; `None` where nothing was yet.
    pub fn found(&self) -> Option<usize> {
        let some = self.is_answered(self.line.text().trim()) && !self.hits.is_empty();
        some.then_some(self.hits.len())
    }

    /// Hits under their sessions.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.hits.len() * 2);
        let mut session: Option<SessionId> = None;
        for (place, hit) in self.hits.iter().enumerate() {
            if session != Some(hit.session) {
                session = Some(hit.session);
                rows.push(Row::Session(place));
            }
            rows.push(Row::Hit(place));
        }
        rows
    }

    /// What was found for `text`, from hit `from` on; what is no longer searched is left aside. The
    /// same may be told again where the search had to begin anew.
    pub fn take(
        &mut self,
        text: String,
        from: usize,
        found: Result<Vec<Found>, String>,
        more: bool,
    ) {
        if self.line.text().trim() != text {
            return;
        }
        if !self.is_answered(&text) {
            self.answered = Some(text);
            self.list = List::default();
            // What was found for the words so far stays: half a query is no mistake yet.
            if found.is_ok() {
                self.hits.clear();
            }
        }
        self.more = more;
        match found {
            Ok(hits) => {
                self.wrong = None;
                let until = from + hits.len();
                let again = from.min(self.hits.len())..until.min(self.hits.len());
                self.hits.splice(again, hits);
                if !more {
                    self.hits.truncate(until);
                    self.list.clamp(self.hits.len());
                }
            }
            Err(why) => self.wrong = Some(why),
        }
    }

    /// Lines of what was found for `text`, by their places.
    pub fn take_lines(&mut self, text: &str, lines: Vec<(usize, String)>) {
        if self.answered.as_deref() != Some(text) {
            return;
        }
        for (place, line) in lines {
            if let Some(hit) = self.hits.get_mut(place) {
                hit.line = line;
            }
        }
    }

    /// The text has changed.
    pub fn changed(&mut self) -> Vec<Effect> {
        let text = self.line.text().trim().to_owned();
        if text.is_empty() {
            self.hits.clear();
            self.answered = None;
            self.more = false;
            self.wrong = None;
            return Vec::new();
        }
        vec![Effect::Ask(Request::Search(text))]
    }

    /// The command of a hit, where it is in one.
    pub fn look(&self, place: usize) -> Option<Look> {
        let hit = self.hits.get(place)?;
        hit.number.map(|number| Look {
            id: hit.session,
            command: Some(number),
        })
    }

    fn jump(&self) -> Option<(SessionId, Jump, Micros)> {
        let hit = self.hits.get(self.list.selected)?;
        Some((hit.session, jump_of(hit), hit.at))
    }
}

/// Where a hit is looked at.
pub fn jump_of(hit: &Found) -> Jump {
    match hit.number {
        Some(number) if hit.printed => Jump::Outcome(number),
        Some(number) => Jump::Command(number),
        None => Jump::Time(hit.at),
    }
}

/// What an action does.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let height = usize::from(model.size.rows.saturating_sub(3)).max(1);
    let search = &mut model.search;
    let hits = search.hits.len();
    // The list is of hits; the view finds the line of the selected one among the sessions' lines.
    let in_line = matches!(action, Action::Top | Action::Bottom);
    if !in_line && super::step(&mut search.list, action, hits, height) {
        return Vec::new();
    }
    match action {
        Action::Open => match search.jump() {
            Some((id, jump, at)) => super::play(model, id, jump, Some(at)),
            None => Vec::new(),
        },
        Action::Runs | Action::Mark | Action::Compare => of_hit(model, action),
        Action::Erase | Action::EraseNext | Action::EraseWord | Action::EraseLine => {
            edit(&mut search.line, action);
            search.changed()
        }
        Action::Left | Action::Right | Action::Top | Action::Bottom => {
            edit(&mut search.line, action);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// What an action does with the command of the selected hit.
fn of_hit(model: &mut Model, action: Action) -> Vec<Effect> {
    let search = &mut model.search;
    let place = search.list.selected;
    let (Some(here), Some(hit)) = (search.look(place), search.hits.get(place)) else {
        model.notice = Some("this is not of a command".to_owned());
        return Vec::new();
    };
    match action {
        Action::Runs => {
            let text = hit.command.clone();
            Runs::of(model, here, text)
        }
        Action::Compare => match search.marked.filter(|marked| *marked != here) {
            Some(marked) => Compare::open(model, marked, here),
            None => {
                model.notice = Some("tab marks what another is compared with".to_owned());
                Vec::new()
            }
        },
        _ => {
            search.marked = match search.marked == Some(here) {
                true => None,
                false => Some(here),
            };
            Vec::new()
        }
    }
}

/// From the player to the next hit or the one before; `None` where nothing was searched.
pub fn next(model: &mut Model, way: Way) -> Option<Vec<Effect>> {
    let search = &mut model.search;
    if search.hits.is_empty() {
        return None;
    }
    let before = search.list.selected;
    let by = match way {
        Way::Forward => 1,
        Way::Back => -1,
    };
    search.list.step(by, search.hits.len());
    if search.list.selected == before {
        model.notice = Some(match way {
            Way::Forward => "that was the last match".to_owned(),
            Way::Back => "that was the first match".to_owned(),
        });
        return Some(Vec::new());
    }
    let all = match search.hits.len() {
        n if search.more || n >= HITS_MAX => format!("the newest {n}"),
        n => n.to_string(),
    };
    model.notice = Some(format!("match {} of {all}", search.list.selected + 1));
    let (id, jump, at) = search.jump()?;
    Some(super::play(model, id, jump, Some(at)))
}

#[cfg(test)]
mod tests {
    use super::as_typed;

    #[test]
    fn the_word_being_typed_stands_for_its_beginning() {
        for (typed, asked) in [
            ("stu", "stu*"),
            ("st", "st"),
            ("order stuc", "order stuc*"),
            ("\"stuck ord", "\"stuck ord"),
            ("/stuck", "/stuck"),
            ("client:psql", "client:psql"),
            ("stuck NOT", "stuck NOT"),
            ("stuck*", "stuck*"),
            ("", ""),
        ] {
            assert_eq!(as_typed(typed), asked);
        }
    }
}
