//! The model, drawn. Nothing is read or changed here; all text that came from outside goes
//! through [`printable`](crate::model::printable).

mod bar;
mod browser;
mod compare;
mod detail;
mod export;
mod help;
mod layout;
mod pages;
mod player;
mod question;
mod result;
mod screen;
mod text;

pub use detail::info_rows;
pub use help::help_lines;
pub use layout::Panes;
pub use pages::search_top;
pub use player::{area as player_area, window};
pub use result::wire_height;
pub use text::fold;

use super::model::Model;
use ratatui::Frame;

/// Draws everything.
pub fn view(model: &Model, frame: &mut Frame) {
    if model.watches() {
        player::draw(model, frame);
    } else if !model.pages.is_empty() {
        pages::draw(model, frame);
    } else if !model.only_player {
        browser::draw(model, frame);
    }
    if let Some(palette) = &model.palette {
        pages::palette(model, palette, frame);
    }
    if model.help.is_some() {
        help::draw(model, frame);
    }
    if model.question.is_some() {
        question::draw(model, frame);
    }
}

#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod export_tests;
#[cfg(test)]
mod pages_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole_tests;
