//! A logical line as a viewer reads it, with the origin of each character.

use super::screen::NO_SERIAL;
use std::ops::Range;

/// Characters that take no room on a real terminal and may stand inside a secret unseen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}

/// What a viewer reads in a logical line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineText {
    /// The text, blanks at its end cut.
    pub text: String,
    /// Where each character starts in `text`, and its serial number.
    pub origins: Vec<(usize, u32)>,
}

impl LineText {
    /// Adds what is read as `c`.
    pub fn push(&mut self, c: char, serial: u32) {
        if !is_invisible(c) {
            self.origins.push((self.text.len(), serial));
            self.text.push(c);
        }
    }

    /// This line and `other` behind it.
    pub fn with(&self, other: &LineText) -> LineText {
        let mut joined = self.clone();
        let shift = joined.text.len();
        joined.text.push_str(&other.text);
        let moved = other.origins.iter();
        joined
            .origins
            .extend(moved.map(|(at, serial)| (at + shift, *serial)));
        joined
    }

    /// The characters of this line that `other` does not hold.
    pub fn without(&self, other: &LineText) -> LineText {
        let mut rest = LineText::default();
        for (c, (_, serial)) in self.text.chars().zip(&self.origins) {
            if other.origins.iter().all(|(_, known)| known != serial) {
                rest.push(c, *serial);
            }
        }
        rest
    }

    /// What stands from the byte `start` on.
    pub fn behind(&self, start: usize) -> LineText {
        let mut rest = LineText::default();
        for (c, (at, serial)) in self.text.chars().zip(&self.origins) {
            if *at >= start {
                rest.push(c, *serial);
            }
        }
        rest
    }

    pub(super) fn trim(&mut self) {
        let len = self.text.trim_end_matches(' ').len();
        self.text.truncate(len);
        while self.origins.last().is_some_and(|(at, _)| *at >= len) {
            self.origins.pop();
        }
    }

    /// Without the blanks at its start that nothing drew.
    pub fn drawn(mut self) -> LineText {
        let blank = |(c, origin): &(char, &(usize, u32))| *c == ' ' && origin.1 == NO_SERIAL;
        let count = self.text.chars().zip(&self.origins);
        let count = count.take_while(blank).count();
        self.text.drain(..count);
        self.origins.drain(..count);
        for (at, _) in &mut self.origins {
            *at -= count;
        }
        self
    }

    /// The serial numbers of the characters in `bytes` of the text.
    pub fn serials(&self, bytes: Range<usize>) -> impl Iterator<Item = u32> + '_ {
        let first = self.origins.partition_point(|(at, _)| *at < bytes.start);
        let inside = self.origins.get(first..).unwrap_or_default().iter();
        inside
            .take_while(move |(at, _)| *at < bytes.end)
            .map(|(_, serial)| *serial)
    }
}
