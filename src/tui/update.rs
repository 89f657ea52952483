//! What happens changes the model; what the world must do about it comes back as effects.

use super::browser::{self, Loading};
use super::keys::{Action, Scope};
use super::library::Change;
use super::model::{Help, Model, Question, Viewer};
use super::msg::{Effect, Msg, Request};
use super::pages::{self, Page, compare, export, reader};
use super::prompt::{Palette, Prompt, Wanted};
use super::view::{self, Panes};
use super::{line, mouse, watch};
use crate::model::Size;
use crate::query::Now;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Takes `msg` into account.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    model.browser.clock = Some(Now {
        stamp: model.now,
        zone: model.zone.clone(),
    });
    let effects = match msg {
        Msg::Key(event) => key(model, event),
        Msg::Mouse(event) => mouse::update(model, event),
        Msg::Paste(text) => text.chars().flat_map(|c| typed(model, c)).collect(),
        Msg::Resize(cols, rows) => {
            model.size = Size { cols, rows }.or_default();
            Vec::new()
        }
        Msg::Opened => {
            model.question = None;
            // Without a browser nobody looks at the list, and looking at a session of it would
            // take the worker away from the one that plays.
            if model.only_player {
                Vec::new()
            } else {
                model.browser.loading = Loading::Reading;
                vec![Effect::Ask(Request::Sessions)]
            }
        }
        Msg::Sessions {
            from,
            sessions,
            more,
        } => {
            // What was counted belongs to the list that was there.
            if from == 0 {
                model.counted.clear();
            }
            let effects = model.browser.take_sessions(from, sessions, more);
            // What is played is not to be taken away from the player; the browser looks again then.
            match model.player {
                Some(_) => Vec::new(),
                None => effects,
            }
        }
        Msg::NoSessions(why) => {
            model.browser.loading = Loading::Failed(why);
            Vec::new()
        }
        Msg::Landmarks(id, landmarks) => {
            // Those of the session before may still be under way.
            let plays = |viewer: &Viewer| viewer.frame.as_ref().is_none_or(|f| f.id == id);
            if let Some(viewer) = model.player.as_mut().filter(|viewer| plays(viewer)) {
                viewer.landmarks = std::sync::Arc::clone(&landmarks);
            }
            model.browser.take_landmarks(id, landmarks)
        }
        Msg::Output(look, output) => {
            let effects = watch::take_output(model, look, &output);
            model.browser.output = Some((look, output));
            effects
        }
        Msg::Still(look, grid) => {
            model.browser.still = Some((look, grid));
            Vec::new()
        }
        Msg::Frame(frame) => {
            if let Some(viewer) = &mut model.player {
                viewer.frame = Some(frame);
            }
            Vec::new()
        }
        Msg::Found(text, from, found, more) => match watch::finds(model, &text) {
            true => watch::take_found(model, from, found, more),
            false => {
                model.search.take(text, from, found, more);
                Vec::new()
            }
        },
        Msg::Lines(text, lines) => {
            model.search.take_lines(&text, lines);
            Vec::new()
        }
        Msg::Indexing(hundredths) => {
            model.search.indexing = hundredths;
            Vec::new()
        }
        Msg::Failed(counts) => {
            model.browser.take_failed(&counts);
            Vec::new()
        }
        Msg::Matching(text, found) => model.browser.take_matching(text, found),
        Msg::Stats(period, stats, more) => {
            pages::insights::take(model, period, stats, more);
            Vec::new()
        }
        Msg::Runs(of, found, more) => {
            pages::runs::take(model, of, found, more);
            Vec::new()
        }
        Msg::Compared(looks, found) => {
            compare::take(model, looks, found);
            Vec::new()
        }
        Msg::Preview(piece, preview) => {
            for page in &mut model.pages {
                if let Page::Export(page) = page {
                    page.take(piece.clone(), std::sync::Arc::clone(&preview));
                }
            }
            Vec::new()
        }
        Msg::Written(said, exists) => {
            if let (Some(Page::Export(page)), true) = (model.pages.last_mut(), exists) {
                page.replaces = true;
            }
            model.notice = Some(said.unwrap_or_else(|why| why));
            Vec::new()
        }
        Msg::Changed(said) => {
            // Nobody sees the list behind a player that is there alone.
            let done = said.is_ok() && !model.only_player;
            model.notice = Some(said.unwrap_or_else(|why| why));
            if !done {
                return Vec::new();
            }
            vec![Effect::Ask(Request::Sessions)]
        }
        Msg::Unreadable(id, why) => {
            if let Some(viewer) = &mut model.player {
                viewer.unreadable = Some(why.clone());
            }
            model.browser.unreadable = Some((id, why));
            Vec::new()
        }
        Msg::Question(text) => {
            model.question = Some(Question { text, typed: false });
            Vec::new()
        }
        Msg::Typed(typed) => {
            model.notice = None;
            if let Some(question) = &mut model.question {
                question.typed = typed;
            }
            Vec::new()
        }
        Msg::Answered => {
            model.question = None;
            Vec::new()
        }
        Msg::Told(line) | Msg::Notice(line) => {
            model.notice = Some(line);
            Vec::new()
        }
        Msg::Leave => vec![Effect::Leave],
        Msg::Stop => vec![Effect::Stop],
        Msg::Continued => vec![Effect::Continue],
    };
    let panes = Panes::of(model);
    model.browser.reveal(&panes);
    effects
}

/// Where the keys go.
pub fn scope(model: &Model) -> Scope {
    if model.question.is_some() || model.palette.is_some() || model.prompt.is_some() {
        return Scope::Typing;
    }
    if let Some(help) = &model.help {
        return match help.search.typing() {
            true => Scope::Typing,
            false => Scope::Help,
        };
    }
    view_scope(model)
}

/// The view in front, whatever is asked for on top of it.
fn view_scope(model: &Model) -> Scope {
    if model.watches() {
        return Scope::Player;
    }
    if let Some(page) = model.pages.last() {
        return page.scope();
    }
    match model.browser.filter.typing() || model.browser.commands_filter.typing() {
        true => Scope::Typing,
        false => Scope::Browser,
    }
}

fn key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    model.notice = None;
    let scope = scope(model);
    let Some(action) = model.keymap.action(scope, &event) else {
        let plain = !event
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        return match event.code {
            KeyCode::Char(c) if plain && scope.takes_text() => typed(model, c),
            _ => Vec::new(),
        };
    };
    act(model, scope, action, event)
}

/// Does an action where it was asked for.
fn act(model: &mut Model, scope: Scope, action: Action, event: KeyEvent) -> Vec<Effect> {
    match (action, scope) {
        (Action::Exit, _) => vec![Effect::Quit],
        (Action::Suspend, _) => vec![Effect::Suspend],
        (Action::Redraw, _) => vec![Effect::Redraw],
        (action, Scope::Typing) => typing(model, action),
        (action, Scope::Help) => help(model, action),
        (Action::Help, _) => {
            model.help = Some(Help::default());
            Vec::new()
        }
        (Action::Palette, scope) => {
            model.palette = Some(Palette::new(scope));
            Vec::new()
        }
        (action, Scope::Player) => watch::update(model, action, event),
        (
            action,
            Scope::Search
            | Scope::Insights
            | Scope::Runs
            | Scope::Compare
            | Scope::Export
            | Scope::Reader,
        ) => pages::update(model, action),
        (action, Scope::Browser | Scope::Everywhere) => browser::update(model, action),
    }
}

/// A character for whatever is being typed.
fn typed(model: &mut Model, c: char) -> Vec<Effect> {
    // What is typed for the vault comes another way.
    if model.question.is_some() {
        return Vec::new();
    }
    if let Some(help) = &mut model.help {
        if help.search.typing() {
            help.search.push(c);
            help.list.top = 0;
        }
        return Vec::new();
    }
    if let Some(palette) = &mut model.palette {
        palette.line.push(c);
        palette.list = super::list::List::default();
        return Vec::new();
    }
    if let Some(prompt) = &mut model.prompt {
        prompt.wrong = None;
        prompt.line.push(c);
        return Vec::new();
    }
    if model.watches() {
        return Vec::new();
    }
    if let Some(page) = model.pages.last() {
        if !matches!(page, Page::Search) {
            return Vec::new();
        }
        model.search.line.push(c);
        return model.search.changed();
    }
    match model.browser.typed() {
        Some(line) => {
            line.push(c);
            model.browser.typed_changed()
        }
        None => Vec::new(),
    }
}

fn typing(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.question.is_some() {
        return Vec::new();
    }
    if model.palette.is_some() {
        return palette(model, action);
    }
    if let Some(prompt) = &mut model.prompt {
        return match action {
            Action::Accept => match model.prompt.take() {
                // What cannot be taken stays, to be mended or given up.
                Some(mut prompt) => answered(model, &prompt).unwrap_or_else(|wrong| {
                    prompt.wrong = Some(wrong);
                    model.prompt = Some(prompt);
                    Vec::new()
                }),
                None => Vec::new(),
            },
            Action::Cancel => {
                model.prompt = None;
                Vec::new()
            }
            action => {
                prompt.wrong = None;
                edit(&mut prompt.line, action);
                Vec::new()
            }
        };
    }
    if let Some(help) = &mut model.help {
        edit(&mut help.search, action);
        help.list.top = 0;
        return Vec::new();
    }
    match action {
        Action::Up | Action::Down => browser::update(model, action),
        Action::Accept => {
            model.browser.keep_typed();
            model.browser.typed_changed()
        }
        action => match model.browser.typed() {
            Some(line) => {
                edit(line, action);
                model.browser.typed_changed()
            }
            None => Vec::new(),
        },
    }
}

fn palette(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(palette) = &mut model.palette else {
        return Vec::new();
    };
    let found = palette.found(&model.keymap);
    match action {
        Action::Up => palette.list.step(-1, found.len()),
        Action::Down => palette.list.step(1, found.len()),
        Action::Cancel => model.palette = None,
        Action::Accept => {
            let chosen = found
                .get(palette.list.selected)
                .map(|binding| binding.action);
            let scope = palette.scope;
            model.palette = None;
            // No key was pressed for it.
            let event = KeyEvent::new(KeyCode::Null, KeyModifiers::NONE);
            return match chosen {
                Some(action) => act(model, scope, action, event),
                None => Vec::new(),
            };
        }
        action => {
            edit(&mut palette.line, action);
            palette.list = super::list::List::default();
        }
    }
    Vec::new()
}

/// A line that was asked for, or why what was typed cannot be taken.
fn answered(model: &mut Model, prompt: &Prompt) -> Result<Vec<Effect>, String> {
    let text = prompt.line.text().trim();
    Ok(match &prompt.wanted {
        Wanted::Tags(ids) => {
            let words = text.split_whitespace();
            let (remove, add): (Vec<&str>, Vec<&str>) = words.partition(|w| w.starts_with('-'));
            let wrong = add.iter().find(|tag| !is_tag(tag));
            if let Some(wrong) = wrong {
                return Err(format!(
                    "{wrong} is no tag, which is one word of letters, digits and . _ - / :"
                ));
            }
            let remove = remove
                .iter()
                .map(|tag| tag.trim_start_matches('-').to_owned());
            let change = Change::Tag(
                ids.clone(),
                add.into_iter().map(str::to_owned).collect(),
                remove.collect(),
            );
            match text.is_empty() {
                true => Vec::new(),
                false => vec![Effect::Ask(Request::Change(change))],
            }
        }
        Wanted::Forget(ids, _) if text.eq_ignore_ascii_case("yes") => {
            vec![Effect::Ask(Request::Change(Change::Forget(ids.clone())))]
        }
        Wanted::Forget(..) => {
            model.notice = Some("nothing is forgotten".to_owned());
            Vec::new()
        }
        Wanted::Note(id, at) if !text.is_empty() => {
            let change = Change::Note(*id, *at, text.to_owned());
            vec![Effect::Ask(Request::Change(change))]
        }
        Wanted::Note(..) => Vec::new(),
        wanted @ (Wanted::Pattern | Wanted::File | Wanted::From | Wanted::To) => {
            return export::typed(model, wanted, text);
        }
        Wanted::InText => reader::typed(model, text),
        Wanted::InSession => return watch::find(model, text),
        Wanted::Time => return watch::go_to(text),
    })
}

/// One word of at most so many bytes, as `rec tag` takes it.
fn is_tag(tag: &str) -> bool {
    const TAG_MAX: usize = 64;
    let sign = |c: char| c.is_alphanumeric() || "._-/:".contains(c);
    tag.len() <= TAG_MAX && tag.chars().all(sign) && !tag.starts_with(':')
}

/// What an action does with a line that is typed.
pub fn edit(line: &mut line::TypedLine, action: Action) {
    match action {
        Action::Accept => line.keep(),
        Action::Cancel => line.cancel(),
        Action::Erase => line.erase(),
        Action::EraseWord => line.erase_word(),
        Action::EraseLine => line.clear(),
        Action::EraseNext => line.erase_next(),
        Action::Left => line.left(),
        Action::Right => line.right(),
        Action::Top => line.home(),
        Action::Bottom => line.end(),
        _ => {}
    }
}

fn help(model: &mut Model, action: Action) -> Vec<Effect> {
    let lines = view::help_lines(model).len();
    let height = usize::from(model.size.rows.saturating_sub(4)).max(1);
    let Some(help) = &mut model.help else {
        return Vec::new();
    };
    let last = lines.saturating_sub(height);
    let top = &mut help.list.top;
    match action {
        Action::Up => *top = top.saturating_sub(1),
        Action::Down => *top = (*top + 1).min(last),
        Action::PageUp => *top = top.saturating_sub(height),
        Action::PageDown => *top = (*top + height).min(last),
        Action::Top => *top = 0,
        Action::Bottom => *top = last,
        Action::Filter => help.search.begin(),
        Action::Cancel if !help.search.text().is_empty() => help.search.clear(),
        Action::Back | Action::Help | Action::Cancel => model.help = None,
        _ => {}
    }
    Vec::new()
}

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
