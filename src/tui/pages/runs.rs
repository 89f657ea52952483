//! The runs of one statement, to play or to compare two of them.

use super::super::keys::Action;
use super::super::library::Ran;
use super::super::list::List;
use super::super::model::Model;
use super::super::msg::{Effect, Look, Request};
use super::compare::Compare;
use super::{Page, jump_to};
use crate::insight::Occurrence;

/// Runs that are listed: nobody goes through more, and the newest come first.
pub const RUNS_MAX: usize = 300;

/// The page's state.
pub struct Runs {
    /// The statement.
    pub title: String,
    /// The command that it was opened from; `None` where the runs were known already.
    pub of: Option<Look>,
    /// The runs, newest first.
    pub found: Vec<Ran>,
    /// Whether more are looked for.
    pub more: bool,
    /// Why there are none.
    pub wrong: Option<String>,
    /// The selected one.
    pub list: List,
    /// The one that another one is to be compared with.
    pub marked: Option<Look>,
}

/// The command that ran there, where one did.
pub fn look(at: &Occurrence) -> Option<Look> {
    at.number.map(|number| Look {
        id: at.session,
        command: Some(number),
    })
}

impl Runs {
    /// Opens the page on the runs of the statement that this command is; it is marked.
    pub fn of(model: &mut Model, look: Look, text: String) -> Vec<Effect> {
        let page = Runs {
            title: one_line(&text),
            of: Some(look),
            found: Vec::new(),
            more: true,
            wrong: None,
            list: List::default(),
            marked: Some(look),
        };
        model.pages.push(Page::Runs(page));
        vec![Effect::Ask(Request::Runs(look, text))]
    }

    /// Opens the page on these runs.
    pub fn listed(model: &mut Model, title: &str, occurrences: &[Occurrence]) {
        let ran = |at: &Occurrence| Ran {
            at: at.clone(),
            text: String::new(),
        };
        let page = Runs {
            title: one_line(title),
            of: None,
            found: occurrences.iter().map(ran).collect(),
            more: false,
            wrong: None,
            list: List::default(),
            marked: None,
        };
        model.pages.push(Page::Runs(page));
    }

    /// The selected one.
    fn selected(&self) -> Option<&Ran> {
        self.found.get(self.list.selected)
    }

    /// What is compared, the older run first: the marked one with the selected one, else that with
    /// the run before it.
    fn pair(&self) -> Option<(Look, Look)> {
        let selected = self.selected()?;
        let here = look(&selected.at)?;
        let other = match self.marked.filter(|marked| *marked != here) {
            Some(marked) => marked,
            None => {
                let older = self.found.iter().skip(self.list.selected + 1);
                older.map(|ran| &ran.at).find_map(look)?
            }
        };
        let at = |of: Look| {
            let ran = self.found.iter().find(|ran| look(&ran.at) == Some(of));
            ran.map(|ran| ran.at.stamp)
        };
        match at(other) > at(here) {
            true => Some((here, other)),
            false => Some((other, here)),
        }
    }
}

/// What a statement looks like in one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was found so far. What was given up for something else begins anew: then it is less than
/// what is here, and tells nothing new.
pub fn take(model: &mut Model, of: Look, found: Result<Vec<Ran>, String>, more: bool) {
    let page = model.pages.iter_mut().find_map(|page| match page {
        Page::Runs(page) if page.of == Some(of) => Some(page),
        _ => None,
    });
    let Some(page) = page else { return };
    match found {
        Ok(found) if more && found.len() <= page.found.len() => {}
        Ok(found) => {
            let other = |ran: &Ran| look(&ran.at) != page.marked;
            // The marked one may well be found first, and alone.
            let alone = !page.found.iter().any(other);
            let place = found.iter().position(other);
            if let Some(place) = place.filter(|_| alone) {
                page.list.selected = place;
            }
            page.found = found;
            page.more = more;
            page.list.clamp(page.found.len());
        }
        Err(why) => {
            page.wrong = Some(why);
            page.more = false;
        }
    }
}

/// What an action does.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let height = usize::from(model.size.rows.saturating_sub(2)).max(1);
    let Some(Page::Runs(page)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let len = page.found.len();
    if super::step(&mut page.list, action, len, height) {
        return Vec::new();
    }
    let Some(selected) = page.selected() else {
        return Vec::new();
    };
    let here = look(&selected.at);
    let compares = page.marked.is_some() && page.marked != here;
    match action {
        Action::Mark => {
            page.marked = match page.marked == here {
                true => None,
                false => here,
            };
            Vec::new()
        }
        Action::Compare => compare(model),
        Action::Open if compares => compare(model),
        Action::Open | Action::Play => {
            let at = selected.at.clone();
            super::play(model, at.session, jump_to(&at), Some(at.at))
        }
        Action::CopyCommand if selected.text.is_empty() => vec![Effect::Copy(page.title.clone())],
        Action::CopyCommand => vec![Effect::Copy(selected.text.clone())],
        _ => Vec::new(),
    }
}

fn compare(model: &mut Model) -> Vec<Effect> {
    let pair = match model.pages.last() {
        Some(Page::Runs(page)) => page.pair(),
        _ => None,
    };
    match pair {
        Some((older, newer)) => Compare::open(model, older, newer),
        None => {
            model.notice = Some("there is no other run to compare this one with".to_owned());
            Vec::new()
        }
    }
}
