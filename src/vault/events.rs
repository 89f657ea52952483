//! A session's events, opened lazily. A damaged piece costs that piece: it is one error, and what
//! follows it goes on.
//!
//! Pieces may become chunks while they are read, so the place is kept as a piece's number and, for
//! each piece given already, how many events it had.

use super::Unlocked;
use super::seal::{Damage, PLAIN_MAX};
use crate::model::{Event, codec};
use rusqlite::OptionalExtension;
use std::collections::VecDeque;

/// Pieces whose event counts are remembered: at one each second, more than eleven days. A row that
/// claims more must not claim memory.
const PIECES_MAX: usize = 1_000_000;

/// Iterates over a session's events; an `Err` stands where a piece was.
pub struct Events<'a> {
    unlocked: &'a Unlocked,
    session: i64,
    ready: VecDeque<Event>,
    /// The next piece.
    next: i64,
    /// Events given of the pieces before it, by piece.
    given: Vec<usize>,
    /// Damage to tell once the events before it are given.
    held: Option<Damage>,
    over: bool,
    skip_rows: bool,
}

struct Piece {
    seq: i64,
    last: i64,
    sealed: Vec<u8>,
}

impl<'a> Events<'a> {
    pub(super) fn new(unlocked: &'a Unlocked, session: i64) -> Self {
        Events {
            unlocked,
            session,
            ready: VecDeque::new(),
            next: 0,
            given: Vec::new(),
            held: None,
            over: false,
            skip_rows: false,
        }
    }

    /// Leaves the rows out of results, for who only looks at what else there is.
    pub(super) fn without_rows(mut self) -> Self {
        self.skip_rows = true;
        self
    }

    /// The piece or chunk that holds piece `next`, or the first one after it.
    fn piece(&self) -> Result<Option<Piece>, Damage> {
        let conn = self.unlocked.conn();
        let read = || {
            let mut rows = conn.prepare_cached(
                "SELECT seq, last, sealed FROM pieces WHERE session = ?1 AND seq >=
                   coalesce((SELECT max(seq) FROM pieces
                             WHERE session = ?1 AND seq <= ?2 AND last >= ?2), ?2)
                 ORDER BY seq LIMIT 1",
            )?;
            rows.query_row((self.session, self.next), |row| {
                Ok(Piece {
                    seq: row.get(0)?,
                    last: row.get(1)?,
                    sealed: row.get(2)?,
                })
            })
            .optional()
        };
        read().map_err(|e: rusqlite::Error| Damage::Unreadable(e.to_string()))
    }

    fn load(&mut self) -> Option<Damage> {
        let piece = match self.piece() {
            Ok(Some(piece)) => piece,
            Ok(None) => {
                self.over = true;
                return None;
            }
            Err(damage) => {
                self.over = true;
                return Some(damage);
            }
        };
        if piece.seq > self.next {
            // A hole: said once, and the reading goes on behind it.
            self.skip_to(piece.seq);
            return Some(Damage::Missing);
        }
        let known = usize::try_from(piece.seq)
            .ok()
            .and_then(|from| self.given.get(from..))
            .map_or(0, |given| given.iter().sum());
        self.skip_to(piece.last.max(self.next).saturating_add(1));
        let plain = match self.unlocked.open(&piece.sealed, PLAIN_MAX) {
            Ok(plain) => plain,
            Err(damage) => return Some(damage),
        };
        let mut rest = plain.as_slice();
        let mut count = 0;
        let damage = loop {
            let decoded = match self.skip_rows {
                true => codec::decode_without_rows(rest),
                false => codec::decode(rest),
            };
            match decoded {
                Ok(None) => break None,
                Ok(Some((event, after))) => {
                    rest = after;
                    count += 1;
                    if count > known {
                        self.ready.push_back(event);
                    }
                }
                Err(why) => break Some(Damage::Parse(why.to_string())),
            }
        };
        if let Some(last) = self.given.last_mut() {
            *last = count.saturating_sub(known);
        }
        damage
    }

    fn skip_to(&mut self, next: i64) {
        self.next = next;
        if let Ok(next) = usize::try_from(next)
            && next <= PIECES_MAX
        {
            self.given.resize(next, 0);
        }
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Event, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if let Some(damage) = self.held.take() {
                return Some(Err(damage));
            }
            if self.over {
                return None;
            }
            self.held = self.load();
        }
    }
}
