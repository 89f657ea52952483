//! The scanner: one a session, fed logical lines in order, answers with the secrets of each.

mod bound;
mod continued;
mod edge;
mod page;
mod rows;
mod seen;
mod shown;
mod woken;

pub(crate) use rows::Masked;

use super::bytes::{cut, word_at};
use super::classes::Classes;
use super::columns::{Columns, Judge};
use super::context::{self, Awaits};
use super::door::Door;
use super::dump::Dump;
use super::filter::LINE_MAX;
use super::glance::Glance;
use super::grams::{Grams, Hit, Match, Text};
use super::keyblock::{self, Block, Inside};
use super::learned::Learned;
use super::rules::Rules;
use super::span::{Class, RuleId, Span, settle};
use super::{forms, personal, phone, shape, sql, wallet};
use bound::Bound;
use continued::Continued;
use regex::bytes::Regex;
use std::ffi::OsString;
use std::sync::Arc;

/// More forms than those of all secrets that a session keeps.
const FORMS_MAX: usize = 16 << 10;
/// The rule of what a person asked to be masked on the spot.
const NAMED: RuleId = RuleId::new("named");

/// Masks a session's text line by line. Keeps what must be known of earlier lines.
pub struct Scanner {
    rules: Arc<Rules>,
    learned: Learned,
    /// The rules' keywords, and behind them the learned secrets' forms.
    grams: Arc<Grams>,
    /// Rule and class of each learned form.
    forms: Vec<(RuleId, Class, usize)>,
    version: u64,
    state: State,
    hits: Vec<Hit>,
    named: Vec<Regex>,
    classes: Classes,
    pieces: edge::Pieces,
    seen: seen::Seen,
    shown: shown::Shown,
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scanner({:?})", self.learned)
    }
}

/// What a scanner knows beside the rules, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knows {
    learned: u64,
    named: usize,
}

/// What earlier lines left open.
#[derive(Clone, Default)]
struct State {
    block: Option<Block>,
    statement: Option<sql::Pending>,
    /// A shell's command goes on in the next line.
    continued: Option<Continued>,
    columns: Columns,
    awaits: Awaits,
    bound: Bound,
    dump: Dump,
    rows: rows::Rows,
    /// The lines are those of one value: none is a table's, and statements are looked at whole.
    alone: bool,
    /// A word of a statement stood in such a value.
    sql: bool,
}

/// Where a scanner stood before a line.
pub struct Mark(State);

/// Keeps to itself what the lines before held: none of it was masked.
impl std::fmt::Debug for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mark")
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.statement.is_none()
            && self.continued.is_none()
            && self.columns.is_idle()
            && self.awaits.is_idle()
    }

    /// Whether earlier lines left nothing that the next one is read with, but for tables and for what
    /// [`Bound`] knows.
    fn is_free(&self) -> bool {
        self.statement.is_none() && self.awaits.is_idle() && self.block.is_none() && !self.alone
    }
}

impl Scanner {
    /// A scanner that has seen nothing.
    pub fn new(rules: Arc<Rules>) -> Self {
        let grams = Arc::clone(&rules.grams);
        Scanner {
            rules,
            learned: Learned::default(),
            grams,
            forms: Vec::new(),
            version: 0,
            state: State::default(),
            hits: Vec::new(),
            named: Vec::new(),
            classes: Classes::default(),
            pieces: edge::Pieces::default(),
            seen: seen::Seen::default(),
            shown: shown::Shown::default(),
        }
    }

    /// Masks whatever matches `pattern` from now on, be it a secret or not.
    pub fn name(&mut self, pattern: Regex) {
        self.named.push(pattern);
    }

    /// What it knows beside the rules. For as long as that stays the same, a text that stands by
    /// itself and held no secret holds none.
    pub fn knows(&self) -> Knows {
        Knows {
            learned: self.learned.version(),
            named: self.named.len(),
        }
    }

    /// The second look that belongs to this session: it knows what this scanner learns.
    pub fn door(&self) -> Door {
        Door::new(self.learned.clone(), Arc::clone(&self.rules))
    }

    /// Appends the secrets of one logical line, given without its terminator, in order and not
    /// overlapping, and moves on.
    pub fn line(&mut self, line: &[u8], spans: &mut Vec<Span>) {
        let start = spans.len();
        self.scan(line, spans);
        if spans.len() > start {
            // Each layer's own: joined to a quote or to its neighbour a value stands nowhere else.
            self.learn_shown(line, spans.get(start..).unwrap_or_default());
        }
        if spans.len() > start + 1 {
            let mut own = spans.split_off(start);
            settle(&mut own);
            self.learn_shown(line, &own);
            spans.append(&mut own);
        }
        if !self.shown.is_empty() {
            self.line_of_rows(line, start, spans);
        }
    }

    /// Adds what `line` shows of what a database gave, to the secrets in it that were found otherwise
    /// and stand from `start` on. None of it needs to be learned.
    fn line_of_rows(&mut self, line: &[u8], start: usize, spans: &mut Vec<Span>) {
        let first = spans.len();
        let typed = super::columns::is_typed(line);
        self.shown.find(line, typed, &mut self.state.rows, spans);
        self.rules.sift(line, first, spans);
        if spans.len() > first && first > start {
            let mut own = spans.split_off(start);
            settle(&mut own);
            spans.append(&mut own);
        }
    }

    /// The same answer for a line that is still edited, or about to be erased; what it finds is
    /// learned, but the scanner does not move on.
    pub fn peek(&mut self, line: &[u8], spans: &mut Vec<Span>) {
        let state = self.state.clone();
        self.line(line, spans);
        self.state = state;
    }

    /// Where the scanner stands.
    pub fn mark(&self) -> Mark {
        Mark(self.state.clone())
    }

    /// As [`Scanner::peek`], from `mark` on, or as if nothing had come before.
    pub fn peek_from(&mut self, mark: Option<&Mark>, line: &[u8], spans: &mut Vec<Span>) {
        let from = mark.map(|mark| mark.0.clone()).unwrap_or_default();
        let state = std::mem::replace(&mut self.state, from);
        self.line(line, spans);
        self.state = state;
    }

    /// Whether earlier lines left nothing open that the next one is read with.
    pub fn is_idle(&self) -> bool {
        self.state.block.is_none() && self.state.is_idle()
    }

    /// Whether the next line may be a row of which only the whole tells what is secret.
    pub fn expects_rows(&self) -> bool {
        self.shown.is_fresh() || !self.state.columns.is_idle()
    }

    /// Looks for `secret` from now on, in every form.
    pub fn learn(&mut self, secret: &[u8], rule: RuleId) {
        if self.learned.add(secret, rule, Class::Password, true) {
            self.file_forms();
        }
    }

    /// Looks for `text` from now on, in every form and however common it is: the owner said so.
    /// Texts below three bytes are not found.
    pub fn forbid(&mut self, text: &[u8], rule: RuleId) {
        if self.learned.add_told(text, rule) {
            self.file_forms();
        }
    }

    /// From where the text of an unfinished line could be part of a secret that is not whole yet;
    /// `None` when all of it can be judged.
    pub fn tail(&self, line: &[u8]) -> Option<usize> {
        if self.state.block.is_some() {
            return (!line.is_empty()).then_some(0);
        }
        let word = line
            .iter()
            .rposition(|c| matches!(c, b' ' | b'\t'))
            .map_or(0, |i| i + 1);
        (word < line.len()).then_some(word)
    }

    /// Whether a block (a private key) is open.
    pub fn in_block(&self) -> bool {
        self.state.block.is_some()
    }

    /// Ends an open block: a prompt showed.
    pub fn end_block(&mut self) {
        self.state.block = None;
    }

    /// A command line for a person to read: quoted as a shell needs it, its secrets masked and
    /// learned.
    pub fn command_line(&mut self, argv: &[OsString]) -> String {
        let words = argv.iter().map(|word| {
            let word = word.to_string_lossy();
            // A word with blanks is a text of its own, such as the statement behind psql's -c:
            // a shell's quotes would stand between it and its own.
            let covered = word.contains(' ').then(|| self.statement(word.as_bytes()));
            match covered.flatten() {
                Some(covered) => quote(&String::from_utf8_lossy(&covered.text)),
                None => quote(&word),
            }
        });
        let line = words.collect::<Vec<_>>().join(" ");
        self.text(&line)
    }

    /// Learns the secret that a variable of the environment holds, where its name says so or its
    /// value could hold one beside other things. What has a shape of its own is found wherever it
    /// shows.
    pub fn variable(&mut self, name: &[u8], value: &[u8]) {
        let assigns = memchr::memchr(b'=', value).is_some();
        let leads = memchr::memmem::find(value, b"://").is_some();
        if !assigns && !leads && super::names::judge(name).is_none() {
            return;
        }
        let variable = [name, b"=", value].concat();
        self.page(variable.split(|byte| *byte == b'\n'), |_, _| {});
    }

    /// A text that stands by itself, such as a name, its secrets masked and learned.
    pub fn text(&mut self, text: &str) -> String {
        let mut spans = Vec::new();
        self.peek(text.as_bytes(), &mut spans);
        let masked = super::filter::masked(text.as_bytes(), &spans);
        String::from_utf8_lossy(&masked).into_owned()
    }

    /// Appends the secrets of a text that stands by itself, of any number of lines: a statement, a
    /// value. `sql` when it is known to be statements. Nothing is learned.
    pub(super) fn alone(&mut self, text: &[u8], sql: bool, spans: &mut Vec<Span>) {
        let own = State {
            alone: true,
            sql,
            ..State::default()
        };
        let state = std::mem::replace(&mut self.state, own);
        let from = spans.len();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
            let line = text.get(start..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            windows(line, |offset, window| {
                let first = spans.len();
                self.scan(window, spans);
                for span in spans.iter_mut().skip(first) {
                    span.start += start + offset;
                    span.end += start + offset;
                }
            });
            start = end + 1;
        }
        let own = std::mem::replace(&mut self.state, state);
        if own.sql {
            let first = spans.len();
            sql::whole(text, self.rules.judge(), spans);
            let bound = &mut self.state.bound;
            bound.statement(text, self.rules.judge(), spans);
            self.rules.sift(text, first, spans);
        }
        let mut own = spans.split_off(from);
        settle(&mut own);
        spans.append(&mut own);
    }

    /// Whether [`Self::alone`] finds nothing in a value: true only where no word wakes a layer and
    /// what needs none finds nothing, which is so for almost all values and is told without a state.
    pub(super) fn is_clear(&mut self, value: &[u8]) -> bool {
        let special = matches!(
            value.first(),
            Some(b'+' | b'-' | b'*' | b'"' | b'|' | b'<' | 0xE2)
        );
        let several = memchr::memchr2(b'\n', b'\r', value).is_some();
        if special || several || value.len() > LINE_MAX || !self.named.is_empty() {
            return false;
        }
        if self.version != self.learned.version() {
            self.file_forms();
        }
        if Glance::at(value).is_some_and(|glance| self.grams.is_clear(glance)) {
            return true;
        }
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        if self.grams.may_hold(value) {
            self.grams.scan(value, &mut hits);
            hits.retain(|hit| self.rules.is_worth(value, *hit));
        }
        let wakes = !hits.is_empty();
        self.hits = hits;
        if wakes {
            return false;
        }
        let mut spans = Vec::new();
        self.unwoken(value, &mut spans);
        spans.is_empty()
    }

    /// Appends what the layers find that no keyword wakes.
    fn unwoken(&mut self, line: &[u8], spans: &mut Vec<Span>) {
        self.classes.sort(line);
        personal::numbers(line, &self.classes.numbers, spans);
        if self.classes.at {
            personal::mails(line, spans);
        }
        if self.classes.plus {
            phone::find(line, spans);
        }
        shape::find(line, &self.classes.separators, spans);
        wallet::find(line, &self.classes, spans);
    }

    /// Appends what the layers find, each by itself.
    fn scan(&mut self, line: &[u8], spans: &mut Vec<Span>) {
        if self.version != self.learned.version() {
            self.file_forms();
        }
        let from = spans.len();
        if let Some(block) = self.state.block.take() {
            match keyblock::inside(block, line, spans) {
                Inside::Open(next) => {
                    self.state.block = Some(next);
                    return;
                }
                Inside::Closed => return,
                Inside::Not => {}
            }
        }
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        self.grams.scan(line, &mut hits);
        if !hits.is_empty() {
            hits.retain(|hit| self.rules.is_worth(line, *hit));
        }
        self.unwoken(line, spans);
        if self.version > 0 && self.state.dump.may_hold(line) {
            self.state.dump.line(line, &self.learned, spans);
        }
        for pattern in &self.named {
            let found = pattern.find_iter(line).filter(|found| !found.is_empty());
            // Not of a class that is learned: it is found by itself wherever it stands.
            spans.extend(found.map(|m| Span::new(m.start(), m.end(), NAMED, Class::Personal)));
        }
        match line.first() {
            Some(b'"') => context::userlist(line, spans),
            // The name of a vCard is too short for a keyword.
            Some(b'N') if matches!(line.get(1), Some(b':' | b';')) => forms::find(line, spans),
            _ => {}
        }
        let border = match line.first() {
            Some(b'+' | b'-' | b'*' | 0xE2) => true,
            Some(b'|') => line.get(1) == Some(&b'='),
            Some(b'<') => word_at(line, 0, b"<table"),
            Some(b'\\') => word_at(line, 0, b"\\begin{"),
            Some(b'.') => line == b".TS",
            _ => false,
        };
        if !hits.is_empty() || border || !self.state.is_idle() {
            self.wake(line, &mut hits, border, spans);
        }
        if self.state.continued.is_some() || !hits.is_empty() && continued::goes_on(line) {
            self.continued(line, &hits, spans);
        }
        self.hits = hits;
        self.rules.sift(line, from, spans);
        if spans.len() > from && is_row(line) {
            for span in spans.iter_mut().skip(from) {
                span.cell = true;
            }
        }
    }

    /// What `statement` copies is shown next.
    pub(super) fn copy_follows(&mut self, statement: &[u8]) {
        self.state.columns.copy(statement, self.rules.judge());
    }

    /// What a database gave before this was told the last time has been shown; `all` of it, where
    /// somebody saw it.
    pub fn shown(&mut self, all: bool) {
        self.shown.turn();
        self.state.rows.turn(all);
    }

    /// A client was given `value`, which `rule` masked by what it is, and may show it next.
    pub(super) fn given(&mut self, value: &[u8], rule: RuleId, class: Class) {
        self.shown.add(value, rule, class);
    }

    /// So many rows came in which `columns` are masked, and more may come.
    pub(super) fn gave_rows(&mut self, columns: &[Masked], count: u64) {
        self.state.rows.come(columns, count);
    }

    /// All of them came, and so many were not kept.
    pub(super) fn gave_all(&mut self, cut: u64) {
        self.state.rows.complete(cut);
    }

    /// What the names of columns say.
    pub(super) fn judge(&self) -> &Judge {
        self.rules.judge()
    }

    /// Learns what `spans` of `line` hold, but for what a database gave: it is known already, and the
    /// rows of a table of secrets are no reason to look for all forms of each.
    fn learn_shown(&mut self, line: &[u8], spans: &[Span]) {
        if self.shown.is_empty() {
            return self.learn_from(line, spans);
        }
        let new = |span: &&Span| !self.shown.holds(cut(line, span.start, span.end));
        let new: Vec<Span> = spans.iter().filter(new).copied().collect();
        self.learn_from(line, &new);
    }

    /// Learns what `spans` of `line` hold.
    pub(super) fn learn_from(&mut self, line: &[u8], spans: &[Span]) {
        let mut new = false;
        for span in spans.iter().filter(|s| s.class.is_learned()) {
            let secret = line.get(span.start..span.end).unwrap_or_default();
            new |= self.learned.add(secret, span.rule, span.class, false);
        }
        if new {
            self.file_forms();
        }
    }

    /// Files what was learned since the last time.
    fn file_forms(&mut self) {
        // The oldest secrets are forgotten one by one, but filed anew only now and then.
        if self.forms.len() > FORMS_MAX {
            self.grams = Arc::clone(&self.rules.grams);
            self.forms.clear();
            self.version = 0;
        }
        let known = self.version;
        self.version = self.learned.version();
        let forms = self.learned.forms(known);
        // Of its own only once there is something to file: most sessions learn nothing.
        let grams = Arc::make_mut(&mut self.grams);
        for form in forms {
            self.forms.push((form.rule, form.class, form.text.len()));
            grams.add(Text::Learned(form.text), Match::Exact);
        }
    }
}

/// Gives `line` in pieces that a layer may be asked about; a long one in windows that overlap.
fn windows(line: &[u8], mut each: impl FnMut(usize, &[u8])) {
    let mut start = 0;
    loop {
        let end = line.len().min(start + LINE_MAX);
        each(start, line.get(start..end).unwrap_or_default());
        if end == line.len() {
            return;
        }
        start = end - LINE_MAX / 8;
    }
}

/// Whether `line` is laid out in columns.
fn is_row(line: &[u8]) -> bool {
    line.starts_with(b"|") || memchr::memmem::find(line, b" | ").is_some()
}

/// `word` as a shell needs it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./,:@%+=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
#[path = "scanner_tests.rs"]
mod tests;
