//! What passed over database connections, as statements with their results.
//!
//! A statement belongs to the command that was running when it was sent. The two are joined by time
//! when the command is over: a statement's event may stand before its command's.

use super::Timeline;
use crate::model::Micros;
use crate::model::wire::{
    Column, Complete, End, Exchange, Kind, Opened, Parameter, Report, Row, Statement as Sent,
    Transaction, Value, Wire,
};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::time::Duration;

/// How many statements a timeline keeps; those beyond are counted in the session's summary.
pub const STATEMENTS_MAX: usize = 100_000;
/// Settings, notices and notifications of one connection or statement that are kept.
const REPORTS_MAX: usize = 1_000;

/// A statement with what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Counts from 1 in each session, in the order of sending.
    pub number: u32,
    /// The connection it was sent on.
    pub connection: u32,
    /// The number of the command that sent it; `None` for one that no command is known for.
    pub command: Option<u32>,
    /// How it was sent.
    pub kind: Kind,
    /// Its text.
    pub text: String,
    /// How many more bytes of text there were.
    pub cut: u64,
    /// What it executes, where its text only names that.
    pub prepared: String,
    /// The name it was prepared under.
    pub name: String,
    /// What was bound to it.
    pub parameters: Vec<Parameter>,
    /// When it was sent.
    pub at: Micros,
    /// When its answer began.
    pub first: Option<Micros>,
    /// When its answer was complete; `None` where that was not seen.
    pub end: Option<Micros>,
    /// Its results, in order.
    pub results: Vec<Outcome>,
    /// Why it failed.
    pub error: Option<Report>,
    /// Notices and warnings.
    pub notices: Vec<Report>,
    /// Where the session stood afterwards.
    pub transaction: Option<Transaction>,
    /// It never ran.
    pub skipped: bool,
    /// Values masked in it and in what it gave, by rule, where no command sent it.
    pub masked: BTreeMap<String, u32>,
}

/// One result of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The columns, where it has rows.
    pub columns: Vec<Column>,
    /// The first rows, as far as they were asked for.
    pub rows: Vec<Row>,
    /// The beginning of copied data, as far as it was asked for.
    pub copied: String,
    /// How it ended; `None` where that was not seen.
    pub complete: Option<Complete>,
}

/// A connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Counts from 1 in each session.
    pub number: u32,
    /// When it was ready, and for what; `None` for one that nobody was let in on.
    pub opened: Option<(Micros, Opened)>,
    /// As whom and in which database its statements ran, from when on.
    pub places: Vec<(Micros, Place)>,
    /// When it ended.
    pub closed: Option<Micros>,
    /// What the server said at the end.
    pub error: Option<Report>,
    /// Notices outside any statement.
    pub notices: Vec<(Micros, Report)>,
    /// Notifications: channel and payload.
    pub notifications: Vec<(Micros, String, String)>,
}

/// As whom and where statements ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The user.
    pub user: String,
    /// The database; empty where none was chosen.
    pub database: String,
}

impl Connection {
    /// Where a statement ran that was sent then.
    pub fn place(&self, at: Micros) -> Option<&Place> {
        let known = self.places.partition_point(|(since, _)| *since <= at);
        let (_, place) = self.places.get(known.checked_sub(1)?)?;
        Some(place)
    }

    fn moved(&mut self, at: Micros, place: Place) {
        let full = self.places.len() >= REPORTS_MAX;
        match self.places.last_mut() {
            Some((_, last)) if *last == place => {}
            // One that moves on and on: where it is now counts.
            Some(last) if full => *last = (at, place),
            _ => self.places.push((at, place)),
        }
    }
}

impl Statement {
    /// From sending to the end of the answer.
    pub fn duration(&self) -> Option<Duration> {
        self.end.map(|end| end.since(self.at))
    }

    /// Rows that it gave or, where it gave none, changed.
    pub fn rows(&self) -> u64 {
        let complete = |outcome: &Outcome| {
            let complete = outcome.complete.as_ref()?;
            Some(complete.rows.max(complete.affected.unwrap_or(0)))
        };
        self.results.iter().filter_map(complete).sum()
    }
}

/// What must be known of statements that are under way.
#[derive(Debug)]
pub(super) struct Statements {
    open: HashMap<(u32, u32), Open>,
    /// Bytes of rows and of copied data that are kept a statement.
    pub(super) keep: usize,
    /// The statements whose results are kept.
    of: Range<u32>,
    /// The first statement that may belong to a command to come.
    next: usize,
    /// The first one whose results were not forgotten.
    kept: usize,
}

#[derive(Debug)]
struct Open {
    position: usize,
    /// Bytes of rows and copied data that are still kept.
    left: usize,
    /// The last outcome is not complete.
    in_outcome: bool,
}

impl Statements {
    /// Keeps up to `keep` bytes of rows and of copied data of each statement whose number is in
    /// `of`.
    pub(super) fn new(keep: usize, of: Range<u32>) -> Self {
        Statements {
            open: HashMap::new(),
            keep,
            of,
            next: 0,
            kept: 0,
        }
    }

    /// The position of the statement that `wire` speaks of, while it is not over.
    pub(super) fn position(&self, wire: &Wire) -> Option<usize> {
        let key = (wire.connection, wire.what.statement()?);
        self.open.get(&key).map(|open| open.position)
    }

    pub(super) fn push(&mut self, timeline: &mut Timeline, at: Micros, wire: &Wire) {
        let number = wire.connection;
        match &wire.what {
            Exchange::Opened(opened) => {
                if let Some(connection) = connection(timeline, number) {
                    connection.opened = Some((at, opened.clone()));
                    let (user, database) = (opened.user.clone(), opened.database.clone());
                    connection.moved(at, Place { user, database });
                }
            }
            Exchange::Closed { error } => {
                if let Some(connection) = connection(timeline, number) {
                    connection.closed = Some(at);
                    connection.error.clone_from(error);
                }
                self.open.retain(|(of, _), _| *of != number);
            }
            Exchange::Notification { channel, payload } => {
                if let Some(connection) = connection(timeline, number)
                    && connection.notifications.len() < REPORTS_MAX
                {
                    let said = (at, channel.clone(), payload.clone());
                    connection.notifications.push(said);
                }
            }
            Exchange::Setting { name, value } => {
                let set: fn(&mut Place) -> &mut String = match name.as_str() {
                    "database" => |place| &mut place.database,
                    // As MySQL's tap says it, and PostgreSQL itself.
                    "user" | "session_authorization" => |place| &mut place.user,
                    _ => return,
                };
                if let Some(connection) = connection(timeline, number) {
                    let mut place = connection.place(at).cloned().unwrap_or_default();
                    set(&mut place).clone_from(value);
                    connection.moved(at, place);
                }
            }
            Exchange::Statement(statement) => self.sent(timeline, at, number, statement),
            Exchange::Columns { statement, columns } => {
                if let Some((outcome, _)) = self.outcome(timeline, (number, *statement), true) {
                    outcome.columns.clone_from(columns);
                }
            }
            Exchange::Rows { statement, rows } => {
                if let Some((outcome, open)) = self.outcome(timeline, (number, *statement), false) {
                    keep_rows(outcome, open, rows);
                }
            }
            Exchange::Copied {
                statement, text, ..
            } => {
                if let Some((outcome, open)) = self.outcome(timeline, (number, *statement), false) {
                    let ends = (0..=open.left.min(text.len())).rev();
                    let kept = ends.filter_map(|end| text.get(..end)).next();
                    let kept = kept.unwrap_or_default();
                    open.left -= kept.len();
                    outcome.copied.push_str(kept);
                }
            }
            Exchange::Complete(complete) => {
                let key = (number, complete.statement);
                if let Some((outcome, open)) = self.outcome(timeline, key, false) {
                    outcome.complete = Some(complete.clone());
                    open.in_outcome = complete.suspended;
                }
            }
            Exchange::End(end) => self.end(timeline, at, number, end),
            Exchange::Notice { statement, report } => {
                self.notice(timeline, at, (number, *statement), report);
            }
        }
    }

    fn sent(&mut self, timeline: &mut Timeline, at: Micros, connection: u32, sent: &Sent) {
        timeline.sent = timeline.sent.saturating_add(1);
        if timeline.statements.len() >= STATEMENTS_MAX {
            return;
        }
        let open = Open {
            position: timeline.statements.len(),
            left: if self.of.contains(&timeline.sent) {
                self.keep
            } else {
                0
            },
            in_outcome: false,
        };
        self.open.insert((connection, sent.number), open);
        timeline.statements.push(Statement {
            number: timeline.sent,
            connection,
            command: None,
            kind: sent.kind,
            text: sent.text.clone(),
            cut: sent.cut,
            prepared: sent.prepared.clone(),
            name: sent.name.clone(),
            parameters: sent.parameters.clone(),
            at,
            first: None,
            end: None,
            results: Vec::new(),
            error: None,
            notices: Vec::new(),
            transaction: None,
            skipped: false,
            masked: BTreeMap::new(),
        });
    }

    /// The outcome of a statement that is under way, a new one if there is none or it has to be.
    fn outcome<'a>(
        &'a mut self,
        timeline: &'a mut Timeline,
        key: (u32, u32),
        new: bool,
    ) -> Option<(&'a mut Outcome, &'a mut Open)> {
        let open = self.open.get_mut(&key)?;
        let statement = timeline.statements.get_mut(open.position)?;
        if new || !open.in_outcome {
            statement.results.push(Outcome::default());
            open.in_outcome = true;
        }
        Some((statement.results.last_mut()?, open))
    }

    fn end(&mut self, timeline: &mut Timeline, at: Micros, connection: u32, end: &End) {
        let open = self.open.remove(&(connection, end.statement));
        let statement = open.and_then(|open| timeline.statements.get_mut(open.position));
        if let Some(statement) = statement {
            statement.end = Some(at);
            statement.first = end.first;
            statement.error.clone_from(&end.error);
            statement.transaction = end.transaction;
            statement.skipped = end.skipped;
        }
    }

    fn notice(
        &self,
        timeline: &mut Timeline,
        at: Micros,
        (number, of): (u32, Option<u32>),
        report: &Report,
    ) {
        let open = of.and_then(|statement| self.open.get(&(number, statement)));
        match open.and_then(|open| timeline.statements.get_mut(open.position)) {
            Some(statement) if statement.notices.len() < REPORTS_MAX => {
                statement.notices.push(report.clone());
            }
            Some(_) => {}
            None => {
                if let Some(connection) = connection(timeline, number)
                    && connection.notices.len() < REPORTS_MAX
                {
                    connection.notices.push((at, report.clone()));
                }
            }
        }
    }

    /// Empties the results of the statements that belong to commands which are over.
    pub(super) fn forget(&mut self, timeline: &mut Timeline) {
        let over = timeline.statements.get_mut(self.kept..self.next);
        for outcome in over.into_iter().flatten().flat_map(|s| &mut s.results) {
            outcome.rows = Vec::new();
            outcome.copied = String::new();
        }
        self.kept = self.next;
    }

    /// Gives the command at `position`, whose end is known or never will be, its statements.
    pub(super) fn join(&mut self, timeline: &mut Timeline, position: usize) {
        let Some(command) = timeline.commands.get_mut(position) else {
            return;
        };
        let rest = timeline.statements.get(self.next..).unwrap_or_default();
        let before = |statement: &Statement| statement.at < command.at;
        let within = |statement: &Statement| command.end.is_none_or(|end| statement.at <= end);
        let ahead = rest.iter().take_while(|s| before(s)).count();
        // A client may be heard on the connection a moment before its terminal is: what the command
        // says, sent since its prompt, is its own.
        let own = |statement: &&Statement| {
            let text = statement.text.trim();
            statement.at >= command.prompt_at && !text.is_empty() && command.text.contains(text)
        };
        let early = rest.iter().take(ahead).rev().take_while(own).count();
        let first = self.next + ahead - early;
        let rest = timeline.statements.get(first..).unwrap_or_default();
        let last = first + rest.iter().take_while(|s| within(s)).count();
        self.next = last;
        command.statements = first..last;
        let own = timeline.statements.get_mut(first..last);
        for statement in own.unwrap_or_default() {
            statement.command = Some(command.number);
        }
    }
}

fn connection(timeline: &mut Timeline, number: u32) -> Option<&mut Connection> {
    let connections = &mut timeline.connections;
    // The last ones are the ones that speak.
    let found = connections.iter().rposition(|c| c.number == number);
    let position = match found {
        Some(position) => position,
        None if connections.len() < STATEMENTS_MAX => {
            connections.push(Connection {
                number,
                ..Connection::default()
            });
            connections.len() - 1
        }
        None => return None,
    };
    connections.get_mut(position)
}

fn keep_rows(outcome: &mut Outcome, open: &mut Open, rows: &[Row]) {
    for row in rows {
        let size = row.iter().map(size).sum();
        match open.left.checked_sub(size) {
            Some(left) => open.left = left,
            None => {
                open.left = 0;
                return;
            }
        }
        outcome.rows.push(row.clone());
    }
}

fn size(value: &Value) -> usize {
    size_of::<Value>() + value.text().map_or(0, str::len)
}
