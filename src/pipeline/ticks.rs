//! What happens when nothing does.

use super::{HOLD_MAX, Pipeline, SETTLE};
use crate::model::Micros;

impl Pipeline {
    /// When [`Pipeline::tick`] has something to do.
    pub fn next_deadline(&self) -> Option<Micros> {
        let unfinished = self.fast && !self.raw.is_empty();
        let gone = self.gone && self.held.open() > 0;
        let settle = unfinished || gone || self.commands.wait_for_prompt();
        let settle = settle
            .then(|| self.last_output + SETTLE)
            .filter(|at| *at > self.now);
        let sequence = self.held.front_time().filter(|_| self.sequence.is_some());
        let hold = [self.held.open_time(), sequence].into_iter().flatten();
        let hold = hold.map(|at| at + HOLD_MAX);
        let streams = self.streams.iter().filter_map(super::Stream::deadline);
        let command = self.commands.deadline();
        settle
            .into_iter()
            .chain(hold)
            .chain(command)
            .chain(streams)
            .min()
    }

    pub(super) fn on_time(&mut self) {
        if self.now >= self.last_output + SETTLE {
            if self.fast && !self.raw.is_empty() {
                self.turn_slow();
            }
            if !self.fast {
                self.see_settled();
                self.clear_gone();
            }
        }
        let old = |this: &Self, at: Option<Micros>| at.is_some_and(|at| at + HOLD_MAX <= this.now);
        if old(self, self.held.open_time()) {
            self.decide_by_time(|this, serial| old(this, this.held.time(serial)));
        }
        if self.sequence.is_some() && old(self, self.held.front_time()) {
            if self.in_string() {
                self.drop_string();
            }
            self.sequence = None;
        }
        let due = self.commands.deadline().is_some_and(|at| at <= self.now);
        if due && !self.goes_on_by_itself() {
            self.settle_command();
        }
        self.decide_old_streams();
    }
}
