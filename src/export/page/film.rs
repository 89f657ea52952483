//! A recording as frames of rows, so that a page shows it without a terminal of its own.
//!
//! A row that was shown once is named by its number from then on: scrolling repeats rows, and so
//! do pagers and redraws.

use super::super::runs::{self, Run};
use super::super::{Start, draw};
use crate::model::{Body, Event, Micros, Size};
use crate::player::Screen;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The shortest time between two frames: 30 a second.
const FRAME_MIN: u64 = 33_000;
/// What a film takes before its frames come half as often, and again for each further one.
const COARSER_EVERY: usize = 16 << 20;

/// Frames and the rows in them.
pub struct Film {
    screen: Screen,
    start: Micros,
    numbers: HashMap<Vec<Run>, usize>,
    rows: Vec<Value>,
    frames: Vec<Value>,
    /// The numbers of the rows that the last frame shows.
    shown: Vec<usize>,
    cursor: Option<(u16, u16)>,
    size: Size,
    /// When the change began that no frame shows yet.
    changed: Option<Micros>,
    /// The time of the last frame.
    last: Option<Micros>,
    bytes: usize,
}

impl Film {
    /// A film that begins like this.
    pub fn new(start: &Start) -> Film {
        let mut screen = Screen::new(start.size);
        screen.feed(start.screen.as_bytes());
        Film {
            size: screen.size(),
            screen,
            start: start.at,
            numbers: HashMap::new(),
            rows: Vec::new(),
            frames: Vec::new(),
            shown: Vec::new(),
            cursor: None,
            changed: Some(start.at),
            last: None,
            bytes: 0,
        }
    }

    /// The next event.
    pub fn push(&mut self, event: &Event) {
        if !matches!(
            event.body,
            Body::Output(_) | Body::Stream { .. } | Body::Resize(_)
        ) {
            return;
        }
        let spacing = FRAME_MIN << (self.bytes / COARSER_EVERY).min(12);
        let due = |since: Micros| event.at.0.saturating_sub(since.0) >= spacing;
        if self.changed.is_some_and(due) {
            self.frame();
        }
        if draw(&mut self.screen, event) {
            // Frames never run backwards, and never follow each other too soon.
            let soonest = self.last.map_or(0, |last| last.0 + spacing);
            self.changed.get_or_insert(Micros(event.at.0.max(soonest)));
        }
    }

    /// The rows and the frames. A row is its runs, `[text, cells, fg, bg, attributes]`; a frame is
    /// `[ms, cols, rows, cursor column or -1, cursor row, row, its number, row, its number, …]`.
    pub fn finish(mut self) -> (Value, Value) {
        if self.changed.is_some() {
            self.frame();
        }
        (Value::Array(self.rows), Value::Array(self.frames))
    }

    fn frame(&mut self) {
        let Some(at) = self.changed.take() else {
            return;
        };
        self.last = Some(at);
        let grid = self.screen.grid();
        let resized = grid.size != self.size;
        if resized {
            self.shown.clear();
        }
        self.size = grid.size;
        let mut changes = Vec::new();
        for (place, line) in grid.lines.iter().enumerate() {
            let number = self.row(runs::runs(line));
            if self.shown.get(place) != Some(&number) {
                changes.extend([json!(place), json!(number)]);
                match self.shown.get_mut(place) {
                    Some(shown) => *shown = number,
                    None => self.shown.push(number),
                }
            }
        }
        if changes.is_empty() && grid.cursor == self.cursor && !resized {
            return;
        }
        self.cursor = grid.cursor;
        let (col, row) = grid
            .cursor
            .map_or((-1, 0), |(col, row)| (i32::from(col), row));
        let ms = at.0.saturating_sub(self.start.0) / 1000;
        let mut frame = vec![json!(ms), json!(grid.size.cols), json!(grid.size.rows)];
        frame.extend([json!(col), json!(row)]);
        frame.append(&mut changes);
        self.bytes += frame.len() * 4;
        self.frames.push(Value::Array(frame));
    }

    fn row(&mut self, runs: Vec<Run>) -> usize {
        if let Some(number) = self.numbers.get(&runs) {
            return *number;
        }
        let number = self.rows.len();
        let mut col = 0;
        let mut row = Vec::new();
        for run in &runs {
            // What lies between two runs is blank.
            if run.col > col {
                row.push(json!([" ".repeat(run.col - col), run.col - col]));
            }
            col = run.col + run.width;
            let style = run.style;
            let mut parts = vec![json!(run.text), json!(run.width)];
            if style.fg.is_some() || style.bg.is_some() || style.attributes > 0 {
                parts.push(json!(style.fg.map(runs::hex)));
                parts.push(json!(style.bg.map(runs::hex)));
                parts.push(json!(style.attributes));
            }
            self.bytes += run.text.len() + 24;
            row.push(Value::Array(parts));
        }
        self.rows.push(Value::Array(row));
        self.numbers.insert(runs, number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(events: &[(u64, &str)]) -> (Value, Value) {
        let start = Start {
            at: Micros(0),
            size: Size { cols: 10, rows: 2 },
            screen: String::new(),
        };
        let mut film = Film::new(&start);
        for (ms, text) in events {
            film.push(&Event {
                at: Micros(ms * 1000),
                body: Body::Output(text.as_bytes().to_vec()),
            });
        }
        film.finish()
    }

    #[test]
    fn frames_name_the_rows_that_changed() {
        let (rows, frames) = film(&[(100, "a\r\n"), (200, "b"), (300, "\r\na")]);
        assert_eq!(rows, json!([[], [["a", 1]], [["b", 1]]]));
        assert_eq!(
            frames,
            json!([
                [0, 10, 2, 0, 0, 0, 0, 1, 0],
                [100, 10, 2, 0, 1, 0, 1],
                [200, 10, 2, 1, 1, 1, 2],
                [300, 10, 2, 1, 1, 0, 2, 1, 1],
            ])
        );
    }

    #[test]
    fn what_changes_faster_than_a_frame_is_shown_once() {
        let (_, frames) = film(&[(100, "a"), (101, "b"), (102, "c"), (500, "\x1b[K")]);
        let times: Vec<_> = frames
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f[0].clone())
            .collect();
        assert_eq!(times, [0, 100]);
    }
}
