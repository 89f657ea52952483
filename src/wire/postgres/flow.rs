//! Requests that the server still has to answer, and the statements they belong to.

use super::names::{Cell, Portal, Prepared};
use super::tuples::Tuples;
use crate::model::Micros;
use crate::model::wire::Report;
use std::collections::VecDeque;
use std::sync::Arc;

/// A client's message that has an answer, in the order they were sent.
pub(super) enum Request {
    /// Query: answered until ReadyForQuery.
    Query(u32),
    /// FunctionCall: answered until ReadyForQuery.
    Function(u32),
    Parse {
        prepared: Arc<Prepared>,
        /// What had the name before.
        before: Option<Arc<Prepared>>,
    },
    Bind(Arc<Portal>),
    /// Describe of a statement, where it is known.
    DescribeStatement(Option<Arc<Prepared>>),
    /// Describe of a portal, where it is known.
    DescribePortal(Option<Arc<Portal>>),
    Execute(u32),
    /// Close, and the statement that it closed.
    Close(Option<Arc<Prepared>>),
    Sync {
        /// Counts requests that end a transaction.
        epoch: u64,
        /// It was sent behind all data of a copy.
        after_copy: bool,
    },
}

impl Request {
    /// The statement it is part of, where that has begun.
    pub fn statement(&self) -> Option<u32> {
        match self {
            Request::Query(n) | Request::Function(n) | Request::Execute(n) => Some(*n),
            Request::Bind(portal) | Request::DescribePortal(Some(portal)) => {
                portal.statement.get().copied()
            }
            _ => None,
        }
    }
}

/// A statement from its sending to its end.
#[derive(Default)]
pub(super) struct Course {
    /// The end of a query's answer counts requests that end a transaction, too.
    pub epoch: u64,
    /// When the answer began.
    pub first: Option<Micros>,
    pub error: Option<Report>,
    /// One of its statements was answered.
    pub answered: bool,
    /// How many of its statements are complete.
    pub completes: usize,
    /// A portal that can give more rows.
    pub suspended: bool,
    pub portal: Option<Arc<Portal>>,
    /// Its text, where it may manage prepared statements.
    pub managing: Option<Arc<str>>,
    /// The columns that it copies, where it lists them.
    pub copies: Vec<String>,
    /// What a function gives.
    pub result: Cell,

    /// How the present result's cells are read; `None` before they are known.
    pub cells: Option<Arc<[Cell]>>,
    /// Of the present result.
    pub rows: u64,
    pub bytes: u64,
    pub rows_cut: u64,
    pub bytes_cut: u64,

    /// Of all results, what was kept.
    pub kept_rows: u64,
    pub kept_bytes: u64,
    /// The texts that were made of it.
    pub kept_text: u64,
    /// The limits are reached: nothing more is kept.
    pub full: bool,
}

/// The statements from their sending to their end, by number. Mostly there is one, which comes and
/// goes with each: a tree would ask for the memory of eleven each time.
#[derive(Default)]
pub(super) struct Courses(VecDeque<(u32, Course)>);

impl Courses {
    fn place(&self, number: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |(number, _)| *number)
    }

    /// Statement `number` has begun.
    pub fn insert(&mut self, number: u32, course: Course) {
        match self.place(number) {
            Ok(place) => drop(self.0.get_mut(place).map(|(_, old)| *old = course)),
            // Behind all others.
            Err(place) => self.0.insert(place, (number, course)),
        }
    }

    /// Statement `number`, if it is under way.
    pub fn get(&self, number: u32) -> Option<&Course> {
        let (_, course) = self.0.get(self.place(number).ok()?)?;
        Some(course)
    }

    /// As [`Self::get`].
    pub fn get_mut(&mut self, number: u32) -> Option<&mut Course> {
        let place = self.place(number).ok()?;
        let (_, course) = self.0.get_mut(place)?;
        Some(course)
    }

    /// Whether statement `number` is under way.
    pub fn contains(&self, number: u32) -> bool {
        self.place(number).is_ok()
    }

    /// Statement `number` is over.
    pub fn remove(&mut self, number: u32) -> Option<Course> {
        let place = self.place(number).ok()?;
        let (_, course) = self.0.remove(place)?;
        Some(course)
    }

    /// All of them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Course)> {
        self.0.iter().map(|(number, course)| (*number, course))
    }
}

/// What is being copied.
pub(super) struct Copy {
    pub statement: u32,
    pub direction: Direction,
    pub data: Data,
    /// The client has sent all of it.
    pub client_done: bool,
    /// Lines that are not told yet.
    pub text: Vec<u8>,
    /// When the first of them began.
    pub at: Micros,
    /// When the line began that has no end yet.
    pub rest_at: Option<Micros>,
}

/// What copied data is.
pub(super) enum Data {
    /// Text, of COPY's text or CSV format.
    Text,
    /// COPY's binary format.
    Binary(Box<Tuples>),
    /// Of replication or a backup: nobody can say what is written in it.
    Other,
}

/// Which way data is copied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
    /// Replication.
    Both,
}
