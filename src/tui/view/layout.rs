//! Where the panes stand, for a terminal of any size.

use super::super::browser::Pane;
use super::super::model::Model;
use ratatui::layout::{Constraint, Layout, Rect};

/// Below this many columns or rows the panes do not fit together, and the one with the keys is
/// shown alone.
const WHOLE_MIN: (u16, u16) = (70, 16);

/// The panes' places. One that is not shown is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Panes {
    /// The sessions, title included.
    pub sessions: Rect,
    /// The commands, title included.
    pub commands: Rect,
    /// The right pane, title included.
    pub detail: Rect,
    /// The bottom line.
    pub bar: Rect,
}

impl Panes {
    /// The panes of the model's browser.
    pub fn of(model: &Model) -> Panes {
        let whole = Rect::new(0, 0, model.size.cols, model.size.rows);
        let [body, bar] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(whole);
        let alone = whole.width < WHOLE_MIN.0 || whole.height < WHOLE_MIN.1;
        let none = Rect::default();
        if alone {
            let mut panes = Panes {
                sessions: none,
                commands: none,
                detail: none,
                bar,
            };
            match model.browser.pane {
                Pane::Sessions => panes.sessions = body,
                Pane::Commands => panes.commands = body,
                Pane::Detail => panes.detail = body,
            }
            return panes;
        }
        let [sessions, below] =
            Layout::vertical([Constraint::Percentage(38), Constraint::Fill(1)]).areas(body);
        // The pane with the keys gets the room: commands are long, and so is what they print.
        let left = match model.browser.pane {
            Pane::Detail => 35,
            Pane::Sessions | Pane::Commands => 50,
        };
        let [commands, detail] =
            Layout::horizontal([Constraint::Percentage(left), Constraint::Fill(1)]).areas(below);
        Panes {
            sessions,
            commands,
            detail,
            bar,
        }
    }

    /// Sessions that fit: without the title and the column heads.
    pub fn sessions_height(&self) -> usize {
        usize::from(self.sessions.height).saturating_sub(2)
    }

    /// Commands that fit: without the title.
    pub fn commands_height(&self) -> usize {
        usize::from(self.commands.height).saturating_sub(1)
    }

    /// Lines of the right pane that fit: without the title.
    pub fn detail_height(&self) -> usize {
        usize::from(self.detail.height).saturating_sub(1)
    }
}
