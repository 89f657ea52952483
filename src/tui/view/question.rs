//! What the vault asks its owner, in a box over everything else.

use super::super::model::Model;
use super::text::fit;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

/// Draws it. What was typed does not show, nor how much of it.
pub fn draw(model: &Model, frame: &mut Frame) {
    let Some(question) = &model.question else {
        return;
    };
    let whole = frame.area();
    let width = whole.width.min(60);
    let height = whole.height.min(5);
    let area = Rect::new(
        (whole.width - width) / 2,
        (whole.height - height) / 2,
        width,
        height,
    );
    let block = Block::bordered().title(Line::styled(" rec ", model.theme.strong()));
    let inner = block.inner(area);
    let room = usize::from(inner.width);
    let state = if question.typed {
        "••••••••"
    } else {
        "(type it; it does not show)"
    };
    let said = model
        .notice
        .as_deref()
        .unwrap_or("enter answers, esc declines");
    let lines = vec![
        Line::styled(fit(&question.text, room), model.theme.strong()),
        Line::from(fit(state, room)),
        Line::styled(fit(said, room), model.theme.quiet()),
    ];
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines), inner);
}
