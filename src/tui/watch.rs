//! What the keys do in the player, and what is looked for in the session that is played.

use super::keys::Action;
use super::library::Found;
use super::model::{Model, Viewer};
use super::msg::{Effect, Look, Order, Output, Request};
use super::pages::Page;
use super::pages::export::Export;
use super::pages::search::{self, as_typed};
use super::prompt::{Prompt, Wanted};
use super::view;
use crate::model::{Micros, Size};
use crate::player::{Jump, Way};
use crate::query::{Query, position};
use crossterm::event::{KeyCode, KeyEvent};

/// Seconds that the arrows jump.
const NEAR: i64 = 5;
const FAR: i64 = 60;
/// Columns that a recording wider than the window moves by, and rows.
const SCROLL: (i32, i32) = (8, 4);

/// What was looked for in the session that is played.
#[derive(Default)]
pub struct Find {
    /// As the library was asked.
    query: String,
    /// What was found, first to last once all of it is here.
    hits: Vec<Place>,
    /// The one that is shown.
    at: usize,
}

/// Where something was found: as much of [`Found`] as going there takes, since there may be many.
struct Place {
    at: Micros,
    number: Option<u32>,
    jump: Jump,
}

/// What an action does in the player.
pub fn update(model: &mut Model, action: Action, event: KeyEvent) -> Vec<Effect> {
    let area = view::player_area(model.size);
    let only = model.only_player;
    let Some(viewer) = &mut model.player else {
        return Vec::new();
    };
    let order = match action {
        Action::TogglePlay => Order::Toggle,
        Action::Faster => Order::Speed(Way::Forward),
        Action::Slower => Order::Speed(Way::Back),
        Action::Step => Order::Step,
        Action::Forward => Order::By(NEAR),
        Action::Rewind => Order::By(-NEAR),
        Action::FarForward => Order::By(FAR),
        Action::FarRewind => Order::By(-FAR),
        Action::NextCommand => Order::Jump(Jump::NextCommand(Way::Forward)),
        Action::PreviousCommand => Order::Jump(Jump::NextCommand(Way::Back)),
        Action::NextMatch | Action::PreviousMatch => {
            let way = match action {
                Action::NextMatch => Way::Forward,
                _ => Way::Back,
            };
            if let Some(effects) = next(model, way) {
                return effects;
            }
            if let Some(effects) = search::next(model, way) {
                return effects;
            }
            Order::Jump(Jump::NextCommand(way))
        }
        Action::NextFailed => Order::Jump(Jump::NextFailed(Way::Forward)),
        Action::PreviousFailed => Order::Jump(Jump::NextFailed(Way::Back)),
        Action::NextMark => Order::Jump(Jump::NextMark(Way::Forward)),
        Action::PreviousMark => Order::Jump(Jump::NextMark(Way::Back)),
        Action::Top => Order::Jump(Jump::Start),
        Action::Bottom => Order::Jump(Jump::End),
        Action::Tenth => match event.code {
            KeyCode::Char(c) => {
                let tenth = c.to_digit(10).and_then(|d| u16::try_from(d).ok());
                Order::Part(tenth.unwrap_or(0) * 100)
            }
            _ => return Vec::new(),
        },
        Action::ToggleIdle => Order::ToggleIdle,
        Action::ScrollLeft => return scroll(viewer, area, -SCROLL.0, 0),
        Action::ScrollRight => return scroll(viewer, area, SCROLL.0, 0),
        Action::ScrollUp => return scroll(viewer, area, 0, -SCROLL.1),
        Action::ScrollDown => return scroll(viewer, area, 0, SCROLL.1),
        Action::Cancel => {
            viewer.scroll = None;
            return Vec::new();
        }
        Action::CopyCommand => {
            return match viewer.command() {
                Some(command) => vec![Effect::Copy(command.text.clone())],
                None => no_command(model),
            };
        }
        Action::CopyOutput | Action::CopyCsv | Action::Pager => {
            let look = viewer.frame.as_ref().and_then(|frame| {
                let command = Some(viewer.command()?.number);
                Some(Look {
                    id: frame.id,
                    command,
                })
            });
            let Some(look) = look else {
                return no_command(model);
            };
            viewer.wants = Some((look, action));
            return vec![Effect::Ask(Request::Output(look))];
        }
        Action::Export => return export(model),
        Action::Note => return note(model),
        Action::Filter | Action::GoTo => {
            model.prompt = Some(Prompt::new(match action {
                Action::Filter => Wanted::InSession,
                _ => Wanted::Time,
            }));
            return Vec::new();
        }
        Action::Back if only => return vec![Effect::Quit],
        Action::Back => {
            model.player = None;
            let mut effects = vec![Effect::Ask(Request::EndReplay)];
            match model.pages.last() {
                None => effects.extend(model.browser.look_again()),
                // Looking for something in a session takes the place of a search under way.
                Some(Page::Search) if model.search.waits() => {
                    effects.extend(model.search.changed())
                }
                Some(_) => {}
            }
            return effects;
        }
        _ => return Vec::new(),
    };
    vec![Effect::Ask(Request::Order(order))]
}

/// Moves the window over a recording that is larger than it.
fn scroll(viewer: &mut Viewer, area: Size, cols: i32, rows: i32) -> Vec<Effect> {
    let Some(frame) = &viewer.frame else {
        return Vec::new();
    };
    let (left, top) = view::window(&frame.grid, area, viewer.scroll);
    let moved = |from: u16, by: i32, whole: u16, part: u16| {
        let last = i32::from(whole.saturating_sub(part));
        u16::try_from((i32::from(from) + by).clamp(0, last)).unwrap_or(0)
    };
    viewer.scroll = Some((
        moved(left, cols, frame.grid.size.cols, area.cols),
        moved(top, rows, frame.grid.size.rows, area.rows),
    ));
    Vec::new()
}

/// What was copied or paged of a command, once its output is here.
pub fn take_output(model: &mut Model, look: Look, output: &Output) -> Vec<Effect> {
    let Some(viewer) = &mut model.player else {
        return Vec::new();
    };
    let Some((_, action)) = viewer.wants.take_if(|(wanted, _)| *wanted == look) else {
        return Vec::new();
    };
    match (action, output.tables.first()) {
        (Action::CopyCsv, Some((table, _))) => {
            let mut csv = Vec::new();
            crate::export::write_csv(table, &mut csv);
            vec![Effect::Copy(String::from_utf8_lossy(&csv).into_owned())]
        }
        (Action::CopyCsv, None) => {
            model.notice = Some("this command gave no table".into());
            Vec::new()
        }
        (Action::Pager, _) => vec![Effect::Page(output.text())],
        _ => vec![Effect::Copy(output.text())],
    }
}

fn no_command(model: &mut Model) -> Vec<Effect> {
    model.notice = Some("no command was submitted yet".into());
    Vec::new()
}

/// The command that is played, or the session before the first one; the dialog stands in front.
fn export(model: &mut Model) -> Vec<Effect> {
    let Some(viewer) = &model.player else {
        return Vec::new();
    };
    let Some(frame) = &viewer.frame else {
        return Vec::new();
    };
    let (id, playing, title) = (frame.id, frame.playing, viewer.title.clone());
    let commands = viewer.command().map(|c| (c.number, c.number));
    // A stretch of time would be that from the command to what is shown.
    let from = viewer.command().map_or(Micros(0), |command| command.at);
    let times = (from.min(frame.now), Some(frame.now));
    let mut effects = Export::open(model, id, commands, times);
    if let Some(Page::Export(page)) = model.pages.last_mut() {
        page.title = title;
    }
    if playing {
        effects.push(Effect::Ask(Request::Order(Order::Toggle)));
    }
    effects
}

/// Lets the viewer write a note about the moment that is shown, which stands still meanwhile.
fn note(model: &mut Model) -> Vec<Effect> {
    let frame = model
        .player
        .as_ref()
        .and_then(|viewer| viewer.frame.as_ref());
    let Some(frame) = frame else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    if frame.playing {
        effects.push(Effect::Ask(Request::Order(Order::Toggle)));
    }
    effects.push(Effect::Edit(frame.id, frame.now));
    effects
}

/// A time was typed.
///
/// # Errors
/// What was typed is none.
pub fn go_to(text: &str) -> Result<Vec<Effect>, String> {
    let seconds = |text: &str| {
        let micros = position(text.trim())?;
        i64::try_from(micros.0 / 1_000_000).ok()
    };
    let percent = |text: &str| {
        let percent: u16 = text.trim().parse().ok()?;
        (percent <= 100).then_some(percent * 10)
    };
    let order = if text.is_empty() {
        return Ok(Vec::new());
    } else if let Some(by) = text.strip_prefix('+') {
        seconds(by).map(Order::By)
    } else if let Some(by) = text.strip_prefix('-') {
        seconds(by).map(|by| Order::By(-by))
    } else if let Some(part) = text.strip_suffix('%') {
        percent(part).map(Order::Part)
    } else {
        position(text).map(|at| Order::Jump(Jump::Time(at)))
    };
    match order {
        Some(order) => Ok(vec![Effect::Ask(Request::Order(order))]),
        None => Err(format!("{text} is no time (1:50, 1m10s, +30s, -1m, 40%)")),
    }
}

/// Something to look for was typed.
///
/// # Errors
/// It is no query.
pub fn find(model: &mut Model, text: &str) -> Result<Vec<Effect>, String> {
    let clock = model.browser.clock.clone();
    let Some(viewer) = &mut model.player else {
        return Ok(Vec::new());
    };
    viewer.find = None;
    let (Some(frame), false) = (&viewer.frame, text.is_empty()) else {
        return Ok(Vec::new());
    };
    if let Some(Err(error)) = clock.map(|clock| Query::parse(text, &clock)) {
        return Err(error.line());
    }
    let query = format!("id:{} ({})", frame.id.hex(), as_typed(text));
    viewer.find = Some(Find {
        query: query.clone(),
        ..Find::default()
    });
    Ok(vec![Effect::Ask(Request::Find(query))])
}

/// Whether it is this that is looked for in the session that is played.
pub fn finds(model: &Model, query: &str) -> bool {
    let find = model
        .player
        .as_ref()
        .and_then(|viewer| viewer.find.as_ref());
    find.is_some_and(|find| find.query == query)
}

/// What was found of it, the latest first; all of it is here when no `more` will come.
pub fn take_found(
    model: &mut Model,
    from: usize,
    found: Result<Vec<Found>, String>,
    more: bool,
) -> Vec<Effect> {
    let Some(viewer) = &mut model.player else {
        return Vec::new();
    };
    let now = viewer.frame.as_ref().map_or(Micros(0), |frame| frame.now);
    let Some(find) = &mut viewer.find else {
        return Vec::new();
    };
    match found {
        Ok(hits) => {
            let places = hits.iter().map(|hit| Place {
                at: hit.at,
                number: hit.number,
                jump: search::jump_of(hit),
            });
            find.hits.truncate(from);
            find.hits.extend(places);
        }
        Err(why) => {
            viewer.find = None;
            model.notice = Some(why);
            return Vec::new();
        }
    }
    if more {
        return Vec::new();
    }
    find.hits.sort_by_key(|hit| (hit.at, hit.number));
    if find.hits.is_empty() {
        viewer.find = None;
        model.notice = Some("it is not in this session".to_owned());
        return Vec::new();
    }
    let ahead = find.hits.iter().position(|hit| hit.at >= now);
    find.at = ahead.unwrap_or(0);
    let turned = match ahead {
        Some(_) => "",
        None => ", from the start again",
    };
    show(model, turned)
}

/// To the next place that was found, or the one before; `None` where nothing was looked for.
fn next(model: &mut Model, way: Way) -> Option<Vec<Effect>> {
    let find = model.player.as_mut()?.find.as_mut()?;
    let to = match way {
        Way::Forward => find.at.checked_add(1),
        Way::Back => find.at.checked_sub(1),
    };
    match to.filter(|to| *to < find.hits.len()) {
        Some(to) => {
            find.at = to;
            Some(show(model, ""))
        }
        None => {
            model.notice = Some(match way {
                Way::Forward => "that was the last match".to_owned(),
                Way::Back => "that was the first match".to_owned(),
            });
            Some(Vec::new())
        }
    }
}

fn show(model: &mut Model, how: &str) -> Vec<Effect> {
    let find = model
        .player
        .as_ref()
        .and_then(|viewer| viewer.find.as_ref());
    let Some((find, hit)) = find.and_then(|find| Some((find, find.hits.get(find.at)?))) else {
        return Vec::new();
    };
    let all = match find.hits.len() {
        n if n >= search::FIND_MAX => format!("the last {n}"),
        n => n.to_string(),
    };
    let said = format!("match {} of {all}{how}", find.at + 1);
    let jump = hit.jump;
    model.notice = Some(said);
    vec![Effect::Ask(Request::Order(Order::Jump(jump)))]
}
