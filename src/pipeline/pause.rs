//! Off the record, and back.

use super::{Note, Pipeline};
use crate::mask::MASK;
use crate::model::{Body, GapKind, Micros};
use crate::term::redraw::redraw;
use crate::term::screen::{NO_SERIAL, PAUSED};

/// How the screen was when the pause began.
#[derive(Debug)]
pub(super) struct Paused {
    alternate: bool,
}

impl Pipeline {
    /// Off the record from here: the model goes on, nothing else does.
    pub fn pause(&mut self, at: Micros) {
        self.at(at);
        if self.paused.is_some() {
            return;
        }
        self.turn_slow();
        self.end_sequence();
        self.decide_by_time(|_, _| true);
        self.settle_command();
        self.release();
        self.held.flush(u64::MAX, &mut self.out);
        self.out.event(self.now, Body::Pause);
        self.paused = Some(Paused {
            alternate: self.screen.is_alternate(),
        });
    }

    /// On the record again. What was drawn meanwhile stays blank until it is drawn again.
    pub fn resume(&mut self, at: Micros) {
        self.at(at);
        let Some(paused) = self.paused.take() else {
            return;
        };
        self.end_streams();
        self.out.gap(
            self.now,
            GapKind::Paused,
            0,
            "off the record by the engineer's wish",
        );
        self.out.event(self.now, Body::Resume);
        let held = &self.held;
        let bytes = redraw(&self.screen, paused.alternate, |cell| match cell.serial {
            PAUSED => None,
            NO_SERIAL => None,
            serial if held.is_masked(serial) => Some(char::from(MASK)),
            _ => Some(cell.c),
        });
        self.out.output(self.now, &bytes);
        self.resync = !self.tokens.is_ground();
        self.commands.forget_typing();
        let end = self.held.end();
        self.commands.begin_line(end);
        self.dirty = false;
        self.last_output = self.now;
    }

    /// What was not flushed of a note while paused.
    pub(super) fn note_if_recording(&mut self, note: Note) {
        if self.paused.is_none() {
            self.note_now(note);
        }
    }
}
