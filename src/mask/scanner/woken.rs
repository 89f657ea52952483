//! Lines that need more than a glance: the layers whose keywords stand in them, and tables.

use super::Scanner;
use super::bound::{self, Bound};
use super::seen::Known;
use crate::mask::bytes::{contains, word_at};
use crate::mask::context::{self, Woken};
use crate::mask::grams::Hit;
use crate::mask::rules::Wake;
use crate::mask::span::Span;
use crate::mask::{assign, forms, keyblock, message, national, shell, sql, uri};

impl Scanner {
    /// Reads `line` with what `hits` wake and with what earlier lines left. A `border` may be one of a
    /// table.
    pub(super) fn wake(
        &mut self,
        line: &[u8],
        hits: &mut [Hit],
        border: bool,
        spans: &mut Vec<Span>,
    ) {
        let mut learned = false;
        for hit in hits.iter() {
            match self.rules.wake(*hit) {
                None => learned = true,
                Some(Wake::Words) if word_at(line, hit.at, b"fold -") => self.state.dump.fold(),
                _ => {}
            }
        }
        let free = self.state.is_free();
        let known = if free && hits.is_empty() {
            Known::Empty
        } else if free && !learned {
            self.seen.knows(line)
        } else {
            Known::Nothing
        };
        let before = spans.len();
        if known == Known::Nothing {
            self.woken(line, hits, spans);
        }
        if self.state.alone {
            return;
        }
        let empty = spans.len() == before && free && self.state.is_free();
        let left = self.state.columns.known_left();
        let apart = self.state.columns.is_apart(line);
        if apart && (hits.is_empty() && !border || known == Known::Apart) {
            self.state.columns.pass();
        } else {
            self.tables(line, hits, spans);
        }
        if known == Known::Nothing && empty && Bound::is_apart(line) {
            let passed = self.state.columns.known_left() == left.saturating_sub(1);
            let untouched = spans.len() == before && self.state.columns.is_apart(line);
            self.seen.keep(line, apart && passed && untouched);
        }
    }

    /// Runs the layers whose keywords stand in `line`.
    fn woken(&mut self, line: &[u8], hits: &mut [Hit], spans: &mut Vec<Span>) {
        hits.sort_unstable_by_key(|hit| hit.at);
        let mut names = Vec::new();
        let mut uris = Vec::new();
        let mut words = Vec::new();
        let (mut block, mut statement, mut column) = (false, false, false);
        let (mut reveal, mut message, mut form) = (false, false, false);
        let keywords = self.rules.grams.len();
        for hit in hits.iter() {
            let wake = self.rules.wake(*hit);
            column |= wake.is_some_and(|wake| wake.is_column(line));
            match wake {
                Some(Wake::Name) => names.push(hit.at),
                Some(Wake::Personal) => {}
                Some(Wake::Uri) => uris.push(hit.at),
                Some(Wake::Block) => block = true,
                Some(Wake::Statement) => statement = true,
                Some(Wake::Words) => words.push(hit.at),
                Some(Wake::Reveal) => reveal = true,
                Some(Wake::Copy) => {}
                Some(Wake::Message) => message = true,
                Some(Wake::Form) => form = true,
                Some(Wake::Jdbc) => shell::jdbc(line, hit.at, spans),
                Some(Wake::Bare) => uri::bare(line, hit.at, spans),
                Some(Wake::Program(len)) => shell::command(line, hit.at, usize::from(len), spans),
                Some(Wake::Beside) => shell::beside(line, hit.at + 1, spans),
                Some(Wake::Connect(len)) => shell::connect(line, hit.at, usize::from(len), spans),
                Some(Wake::Phrase(number)) => {
                    context::phrase(line, hit.at, usize::from(number), spans);
                }
                Some(Wake::Redis(len)) => shell::redis(line, hit.at, usize::from(len), spans),
                Some(Wake::National(shape, kind, len)) => {
                    national::find(line, hit.at + usize::from(len), shape, kind, spans);
                }
                Some(Wake::Provider(number)) => {
                    if let Some(rule) = self.rules.providers.get(usize::from(number)) {
                        rule.find(line, hit.at, spans);
                    }
                }
                None => {
                    let form = (hit.key as usize).checked_sub(keywords);
                    if let Some((rule, class, len)) = form.and_then(|n| self.forms.get(n)) {
                        spans.push(Span::new(hit.at, hit.at + len, *rule, *class));
                    }
                }
            }
        }
        if form {
            forms::find(line, spans);
        }
        if message {
            message::find_all(line, self.rules.judge(), spans);
        }
        if block {
            self.state.block = keyblock::open(line, spans);
        }
        let named = !names.is_empty();
        if named {
            assign::find(line, &names, spans);
        }
        if !uris.is_empty() {
            uri::find(line, &uris, spans);
        }
        if !words.is_empty() {
            context::find_all(line, &words, spans);
        }
        words.append(&mut names);
        let told = Woken::by(line, &words, reveal);
        if told != Woken::default() || !self.state.awaits.is_idle() {
            self.state.awaits.line(line, told, spans);
        }
        // `SET street = 'x'`, `WHERE last_name = 'x'`: a column's name is all that shows it.
        statement |= column
            && memchr::memchr(b'\'', line).is_some()
            && (contains(line, b"where ") || contains(line, b"set "));
        let told = bound::Woken {
            message,
            statement,
            named,
        };
        if !hits.is_empty() {
            let judge = self.rules.judge();
            self.state.bound.line(line, told, judge, spans);
        }
        if self.state.alone {
            self.state.sql |= statement || named;
            return;
        }
        if statement || named || self.state.statement.is_some() {
            let pending = self.state.statement.take();
            self.state.statement =
                sql::statement(line, pending, statement, self.rules.judge(), spans);
        }
    }

    /// Reads `line` as one of a table, or what comes before one.
    fn tables(&mut self, line: &[u8], hits: &[Hit], spans: &mut Vec<Span>) {
        let (mut column, mut copy) = (false, false);
        for hit in hits {
            match self.rules.wake(*hit) {
                Some(wake) if wake.is_column(line) => column = true,
                Some(Wake::Copy) => copy = true,
                _ => {}
            }
        }
        let judge = self.rules.judge();
        self.state.columns.line(line, column, judge, spans);
        if copy {
            self.state.columns.copy(line, judge);
        }
    }
}
