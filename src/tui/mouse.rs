//! What the mouse does: a click selects, one on what is selected opens it, the wheel moves, and the
//! player's place is dragged along its scrubber.

use super::browser::{self, Pane};
use super::keys::Action;
use super::model::Model;
use super::msg::{Effect, Order, Request};
use super::pages::{self, Page, search::Row};
use super::view::{self, Panes};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Lines that the wheel moves by.
const WHEEL: usize = 3;

/// Takes an event of the mouse into account.
pub fn update(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    if model.question.is_some() || model.prompt.is_some() || model.palette.is_some() {
        return Vec::new();
    }
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollUp => wheel(model, at, Action::Up),
        MouseEventKind::ScrollDown => wheel(model, at, Action::Down),
        MouseEventKind::Down(MouseButton::Left) => click(model, at),
        MouseEventKind::Drag(MouseButton::Left) => drag(model, at),
        MouseEventKind::Up(MouseButton::Left) => {
            if let Some(viewer) = &mut model.player {
                viewer.scrubbing = false;
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn wheel(model: &mut Model, at: Position, action: Action) -> Vec<Effect> {
    if let Some(help) = &mut model.help {
        help.list.top = match action {
            Action::Up => help.list.top.saturating_sub(WHEEL),
            _ => help.list.top + WHEEL,
        };
        return Vec::new();
    }
    if model.watches() {
        let by = if action == Action::Up { -1 } else { 1 };
        return vec![Effect::Ask(Request::Order(Order::By(by)))];
    }
    if !model.pages.is_empty() {
        return (0..WHEEL)
            .flat_map(|_| pages::update(model, action))
            .collect();
    }
    if let Some(pane) = pane(model, at) {
        model.browser.pane = pane;
    }
    (0..WHEEL)
        .flat_map(|_| browser::update(model, action))
        .collect()
}

fn click(model: &mut Model, at: Position) -> Vec<Effect> {
    if model.help.is_some() {
        return Vec::new();
    }
    if model.watches() {
        return scrubber(model, at);
    }
    let searching = matches!(model.pages.last(), Some(Page::Search));
    if let Some(page) = model.pages.last_mut() {
        let line = |above: u16| at.y.checked_sub(above).map(usize::from);
        let (list, to, len) = match page {
            Page::Search => {
                let rows = model.search.rows();
                let place = line(2).map(|line| line + view::search_top(&model.search, model.size));
                let hit = place.and_then(|place| rows.get(place).copied());
                let Some(Row::Hit(hit)) = hit else {
                    return Vec::new();
                };
                (&mut model.search.list, Some(hit), model.search.hits.len())
            }
            Page::Insights(page) => {
                let len = page.rows().len();
                (&mut page.list, line(3), len)
            }
            Page::Compare(page) => {
                let len = page.lines().len();
                (&mut page.list, line(2), len)
            }
            Page::Runs(page) => {
                let len = page.found.len();
                (&mut page.list, line(1), len)
            }
            Page::Reader(page) if page.chooses() => {
                let len = page.lines.len();
                (&mut page.list, line(1), len)
            }
            Page::Reader(_) | Page::Export(_) => return Vec::new(),
        };
        let top = if searching { 0 } else { list.top };
        let Some(to) = to.map(|to| to + top).filter(|to| *to < len) else {
            return Vec::new();
        };
        if list.selected == to {
            return pages::update(model, Action::Open);
        }
        list.select(to, len);
        return Vec::new();
    }
    let panes = Panes::of(model);
    let Some(pane) = pane(model, at) else {
        return Vec::new();
    };
    let again = model.browser.pane == pane;
    model.browser.pane = pane;
    let browser = &mut model.browser;
    let line = |area: Rect, above: u16| at.y.checked_sub(area.y + above).map(usize::from);
    let (to, selected) = match pane {
        Pane::Sessions => (
            line(panes.sessions, 2).map(|l| l + browser.list.top),
            browser.list.selected,
        ),
        Pane::Commands => {
            let to = line(panes.commands, 1).map(|l| l + browser.commands.top);
            (to, browser.commands.selected)
        }
        Pane::Detail => return Vec::new(),
    };
    match to {
        Some(to) if to == selected && again => browser::update(model, Action::Open),
        Some(to) => browser.select(to),
        None => Vec::new(),
    }
}

fn pane(model: &Model, at: Position) -> Option<Pane> {
    let panes = Panes::of(model);
    let all = [
        (panes.sessions, Pane::Sessions),
        (panes.commands, Pane::Commands),
        (panes.detail, Pane::Detail),
    ];
    let found = all.iter().find(|(area, _)| area.contains(at));
    found.map(|(_, pane)| *pane)
}

/// A click on the scrubber goes there; one on the screen plays or pauses.
fn scrubber(model: &mut Model, at: Position) -> Vec<Effect> {
    let screen = view::player_area(model.size);
    if at.y == screen.rows {
        if let Some(viewer) = &mut model.player {
            viewer.scrubbing = true;
        }
        return to_part(model, at);
    }
    match at.y < screen.rows {
        true => vec![Effect::Ask(Request::Order(Order::Toggle))],
        false => Vec::new(),
    }
}

/// What was taken hold of on the scrubber goes along, wherever the hand strays to.
fn drag(model: &Model, at: Position) -> Vec<Effect> {
    match &model.player {
        Some(viewer) if viewer.scrubbing && model.help.is_none() => to_part(model, at),
        _ => Vec::new(),
    }
}

/// To where this column of the scrubber stands for.
fn to_part(model: &Model, at: Position) -> Vec<Effect> {
    let last = u32::from(model.size.cols.saturating_sub(1)).max(1);
    let part = u32::from(at.x) * 1000 / last;
    let part = u16::try_from(part).unwrap_or(1000).min(1000);
    vec![Effect::Ask(Request::Order(Order::Part(part)))]
}
