//! Sessions: whether each row, piece and chunk is what the log signs for.

use super::log::{Chunk, Early, End, Session, Told};
use super::read::{Listed, Piece, Row, piece, row};
use super::{Finding, Report, UNREADABLE, Wrong, legible};
use crate::model::SessionId;
use crate::vault::Error;
use crate::vault::chain::{self, Hash};
use crate::vault::db::{count, state};
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashSet;

/// Holds every session of the database, and every one the log knows, against each other.
pub fn check_all(
    conn: &Connection,
    vault: &[u8; 16],
    told: &Told,
    report: &mut Report,
) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for (number, id) in listed(conn, report)? {
        seen.insert(id);
        let said = told.sessions.get(&id);
        let Some(row) = legible(row(conn, number))? else {
            report.sessions += 1;
            report.findings.push(Finding {
                wrong: Wrong::Altered,
                session: Some(id),
                piece: None,
                day: said.and_then(|said| said.opened).map(|(_, day)| day),
                text: format!("what stands in its place is no session's: {UNREADABLE}"),
            });
            continue;
        };
        let row = &row;
        let mut check = Check {
            conn,
            row,
            broken: told.broken,
            findings: Vec::new(),
        };
        if let Some(said) = said.filter(|said| row.state == state::PRUNED && said.pruned) {
            report.pruned += 1;
            check.tombstone(vault, said);
            check.nothing_left()?;
            report.findings.append(&mut check.findings);
            continue;
        }
        report.sessions += 1;
        match said {
            Some(said) => check.run(vault, said)?,
            // A log with holes was reported; what stood in the hole is not known.
            None if told.broken => {}
            None => check.find(Wrong::Forged, None, "no signed entry says that it began"),
        }
        report.intact += u64::from(check.findings.is_empty());
        report.findings.append(&mut check.findings);
    }
    for (id, said) in &told.sessions {
        if seen.contains(id) {
            continue;
        }
        let text = match said.pruned {
            true => "it was forgotten in order, and its tombstone is missing",
            false => "the whole session is missing",
        };
        report.sessions += u64::from(!said.pruned);
        report.pruned += u64::from(said.pruned);
        report.findings.push(Finding {
            wrong: Wrong::Missing,
            session: Some(*id),
            piece: None,
            day: said.opened.map(|(_, day)| day),
            text: text.to_owned(),
        });
    }
    holds(conn, told, report)?;
    let labels = "SELECT count(*) FROM labels WHERE session NOT IN
                    (SELECT number FROM sessions WHERE state <> 3)";
    let strays = "SELECT count(*) FROM pieces WHERE session NOT IN (SELECT number FROM sessions)";
    for (strays, what) in [(strays, "pieces"), (labels, "labels")] {
        let found = conn.query_row(strays, [], |row| count(row, 0));
        let Some(strays) = legible(found)? else {
            report.vault(Wrong::Altered, format!("of its {what}, {UNREADABLE}"));
            continue;
        };
        if strays > 0 {
            let text = format!("{strays} {what} belong to no session");
            report.vault(Wrong::Forged, text);
        }
    }
    Ok(())
}

/// Whether the holds are those that were signed for.
fn holds(conn: &Connection, told: &Told, report: &mut Report) -> Result<(), Error> {
    let read = || -> rusqlite::Result<Vec<(u64, i64, u32)>> {
        let mut rows = conn.prepare("SELECT n, day, days FROM holds ORDER BY n")?;
        rows.query_map([], |row| Ok((count(row, 0)?, row.get(1)?, row.get(2)?)))?
            .collect()
    };
    match legible(read())? {
        None => report.vault(Wrong::Altered, format!("of its holds, {UNREADABLE}")),
        Some(holds) if holds != told.holds && !told.broken => {
            report.vault(Wrong::Altered, "the holds are not those the log signs for");
        }
        Some(_) => {}
    }
    Ok(())
}

/// The numbers and ids of all sessions. They stand in an index too, which is asked first: what is
/// damaged in one of the two costs no session its name.
fn listed(conn: &Connection, report: &mut Report) -> Result<Vec<(i64, SessionId)>, Error> {
    let read = |sql: &str| -> rusqlite::Result<Vec<(i64, SessionId)>> {
        let mut rows = conn.prepare(sql)?;
        rows.query_map([], |row| {
            let id: Vec<u8> = row.get(1)?;
            // An id of another length is no session's; the log will not know this one either.
            Ok((row.get(0)?, SessionId(id.try_into().unwrap_or_default())))
        })?
        .collect()
    };
    let index = "SELECT number, id FROM sessions ORDER BY id";
    let table = "SELECT number, id FROM sessions NOT INDEXED";
    let found = match legible(read(index))? {
        Some(found) => Some(found),
        None => legible(read(table))?,
    };
    let mut found = found.unwrap_or_else(|| {
        let text = format!("of its list of sessions, {UNREADABLE}");
        report.vault(Wrong::Altered, text);
        Vec::new()
    });
    found.sort_unstable_by_key(|(number, _)| *number);
    Ok(found)
}

struct Check<'a> {
    conn: &'a Connection,
    row: &'a Row,
    /// Something is missing in the log.
    broken: bool,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn find(&mut self, wrong: Wrong, piece: Option<u64>, text: impl Into<String>) {
        self.findings.push(Finding {
            wrong,
            session: Some(self.row.id),
            piece,
            day: Some(self.row.day),
            text: text.into(),
        });
    }

    fn unreadable(&mut self, seq: u64) {
        let text = format!("of what begins with piece {seq}, {UNREADABLE}");
        self.find(Wrong::Altered, Some(seq), text);
    }

    /// Whether what is left of a forgotten session says what was signed for.
    fn tombstone(&mut self, vault: &[u8; 16], said: &Session) {
        if let Some(Early { day, days, later }) = said.early {
            let kept = day.saturating_sub(self.row.day);
            let text = match later {
                false => format!(
                    "it was removed after {kept} days, before its hold of {days} days was over"
                ),
                true => format!(
                    "it was removed before its hold of {days} days was over, by a clock that was set forward: {kept} days after it was recorded it was gone"
                ),
            };
            self.find(Wrong::Held, None, text);
        }
        let Some((meta, day)) = said.opened else {
            return;
        };
        let row = self.row;
        let genesis = chain::genesis(vault, &row.id, &meta);
        let (pieces, head) = said.marks.last().copied().unwrap_or((0, genesis));
        let ended = said.end != End::None;
        if row.pieces != pieces
            || row.head != Some(head)
            || row.day != day
            || (ended && row.bytes != said.bytes)
            || row.meta.is_some()
            || row.summary.is_some()
        {
            self.find(
                Wrong::Altered,
                None,
                "what is left of it was altered after it was forgotten",
            );
        }
    }

    /// Whether something stands in the place of a forgotten session again; until it is swept, it does.
    fn nothing_left(&mut self) -> Result<(), Error> {
        let found = self.conn.prepare_cached(
            "SELECT compact < 0 AND EXISTS (SELECT 1 FROM pieces WHERE session = number)
             FROM sessions WHERE number = ?1",
        );
        let again = found.and_then(|mut s| s.query_row([self.row.number], |row| row.get(0)));
        if legible(again)?.unwrap_or(false) {
            self.find(
                Wrong::Forged,
                None,
                "it was forgotten, and pieces of it stand here again",
            );
        }
        Ok(())
    }

    fn labels(&mut self, said: &Session) {
        let wanted = said
            .label
            .map(|(pinned, sealed)| (i64::from(pinned), sealed, said.revision));
        let Some(found) = self.row.label else {
            let text = format!("of its pin, tags and notes, {UNREADABLE}");
            self.find(Wrong::Altered, None, text);
            return;
        };
        match (found, wanted) {
            (found, wanted) if found == wanted => {}
            (None, Some(_)) => {
                self.find(Wrong::Missing, None, "its pin, tags and notes are missing")
            }
            (Some(_), None) => self.find(
                Wrong::Forged,
                None,
                "its pin, tags or notes were never signed for",
            ),
            _ => self.find(
                Wrong::Altered,
                None,
                "its pin, tags or notes were altered after they were signed for",
            ),
        }
    }

    fn run(&mut self, vault: &[u8; 16], said: &Session) -> Result<(), Error> {
        let Some((meta, day)) = said.opened else {
            return Ok(());
        };
        self.columns(said, &said.meta.unwrap_or(meta), day);
        self.labels(said);
        let pieces = self.pieces()?;
        if self.row.state == state::PRUNED {
            self.find(
                Wrong::Missing,
                None,
                "it was emptied, and no signed entry says so",
            );
            return Ok(());
        }
        let genesis = chain::genesis(vault, &self.row.id, &meta);
        let Some(pieces) = pieces else {
            self.find(Wrong::Altered, None, format!("of its pieces, {UNREADABLE}"));
            return Ok(());
        };
        let reached = self.chain(genesis, &pieces, said)?;
        self.end(said, reached);
        Ok(())
    }

    /// What stands in the session's own row.
    fn columns(&mut self, said: &Session, meta: &Hash, day: i64) {
        let row = self.row;
        if said.pruned {
            self.find(
                Wrong::Forged,
                None,
                "it was forgotten, and stands here again",
            );
        }
        match row.meta {
            None if row.state != state::PRUNED => {
                self.find(Wrong::Missing, None, "its metadata is missing");
            }
            Some(found) if found != *meta => {
                self.find(
                    Wrong::Altered,
                    None,
                    "its metadata was altered after it was sealed",
                );
            }
            _ => {}
        }
        if self.broken && said.end == End::None && row.state != state::RECORDING {
            let text = "what the log said of its end is missing";
            self.find(Wrong::Missing, None, text);
            return;
        }
        match (row.summary, said.summary) {
            (None, Some(_)) if row.state != state::PRUNED => {
                self.find(Wrong::Missing, None, "its summary is missing");
            }
            (Some(_), None) => self.find(Wrong::Forged, None, "its summary was never signed for"),
            (Some(found), Some(signed)) if found != signed => {
                self.find(
                    Wrong::Altered,
                    None,
                    "its summary was altered after it was sealed",
                );
            }
            _ => {}
        }
        let expected = match said.end {
            End::None => state::RECORDING,
            End::Closed => state::CLOSED,
            End::Interrupted => state::INTERRUPTED,
        };
        let state_fits = row.state == expected || row.state == state::PRUNED;
        if !state_fits || row.day != day {
            self.find(Wrong::Altered, None, "its state or day was altered");
        }
    }

    /// The rows of its pieces, each as far as it can be read: first their numbers, which stand in an
    /// index, so that a damaged row costs no other. `None` where not even those can be read.
    fn pieces(&self) -> Result<Option<Vec<Listed>>, Error> {
        let read = || -> rusqlite::Result<Vec<(i64, u64)>> {
            let mut rows = self
                .conn
                .prepare_cached("SELECT rowid, seq FROM pieces WHERE session = ?1 ORDER BY seq")?;
            let rows =
                rows.query_map([self.row.number], |row| Ok((row.get(0)?, count(row, 1)?)))?;
            rows.collect()
        };
        let Some(listed) = legible(read())? else {
            return Ok(None);
        };
        let each = listed.into_iter().map(|(rowid, seq)| {
            let piece = legible(piece(self.conn, rowid))?;
            Ok(piece.map_or(Listed::Unreadable(seq), Listed::Piece))
        });
        each.collect::<Result<_, _>>().map(Some)
    }

    /// Follows the chain; how many pieces it has, and where it leads: `None` where what would say so
    /// cannot be read.
    fn chain(
        &mut self,
        genesis: Hash,
        listed: &[Listed],
        said: &Session,
    ) -> Result<Option<(u64, Hash)>, Error> {
        let pieces: Vec<&Piece> = listed.iter().filter_map(Listed::piece).collect();
        let mut expected = Some(0);
        let mut previous = genesis;
        for piece in listed {
            let seq = piece.seq();
            if let Some(expected) = expected.filter(|expected| seq > *expected) {
                let last = seq - 1;
                let text = match last == expected {
                    true => format!("piece {last} is missing"),
                    false => format!("pieces {expected} to {last} are missing"),
                };
                self.find(Wrong::Missing, Some(expected), text);
            }
            let Some(piece) = piece.piece() else {
                self.unreadable(seq);
                // How many pieces it stood for is not known either.
                expected = None;
                continue;
            };
            let actual = self.sealed_hash(piece.rowid)?;
            let chunk = said.chunk(seq, piece.last);
            let reached = if actual.is_none() {
                self.unreadable(seq);
                None
            } else if piece.last > seq || chunk.is_some() {
                self.chunk(piece, chunk, actual, previous)
            } else {
                self.piece(piece, actual, previous, &pieces)
            };
            // Behind a break the chain is taken up from what the row says.
            let resumed = expected != Some(seq);
            previous = match piece.link {
                Some(link) if resumed || reached.is_none_or(|reached| reached == link) => link,
                Some(_) => self.broken_link(piece, previous, &pieces),
                None => {
                    let text = format!("piece {seq}'s link was altered");
                    self.find(Wrong::Altered, Some(seq), text);
                    previous
                }
            };
            let reached = piece.last.saturating_add(1).max(expected.unwrap_or(0));
            expected = Some(reached);
            let mark = said.marks.iter().find(|(pieces, _)| *pieces == reached);
            if mark.is_some_and(|(_, head)| *head != previous) && self.findings.is_empty() {
                self.find(
                    Wrong::Forged,
                    Some(seq),
                    format!(
                        "pieces up to {} are not those that were signed for",
                        reached - 1
                    ),
                );
            }
        }
        Ok(expected.map(|pieces| (pieces, previous)))
    }

    /// The link that a single piece leads to; `None` when it was reported already.
    fn piece(
        &mut self,
        piece: &Piece,
        actual: Option<Hash>,
        previous: Hash,
        pieces: &[&Piece],
    ) -> Option<Hash> {
        let seq = piece.seq;
        if actual != piece.hash {
            let other = pieces
                .iter()
                .find(|other| other.seq != seq && other.hash.is_some() && other.hash == actual);
            match other {
                Some(other) => self.find(
                    Wrong::Reordered,
                    Some(seq),
                    format!("piece {} stands at the place of piece {seq}", other.seq),
                ),
                None => self.find(
                    Wrong::Altered,
                    Some(seq),
                    format!("piece {seq} was altered after it was sealed"),
                ),
            }
            return None;
        }
        let hash = piece.hash?;
        Some(chain::link(&previous, &self.row.id, seq, &hash))
    }

    fn chunk(
        &mut self,
        piece: &Piece,
        chunk: Option<&Chunk>,
        actual: Option<Hash>,
        previous: Hash,
    ) -> Option<Hash> {
        let (seq, last) = (piece.seq, piece.last);
        let name = match seq == last {
            true => format!("piece {seq}"),
            false => format!("the chunk of pieces {seq} to {last}"),
        };
        let Some(chunk) = chunk else {
            let text = format!("{name} was never signed for");
            self.find(Wrong::Forged, Some(seq), text);
            return None;
        };
        if actual != Some(chunk.new) || piece.hash != actual {
            let text = format!("{name} was altered after it was sealed");
            self.find(Wrong::Altered, Some(seq), text);
            return None;
        }
        let old = chunk.old.iter().zip(seq..);
        Some(old.fold(previous, |link, (hash, seq)| {
            chain::link(&link, &self.row.id, seq, hash)
        }))
    }

    /// A piece that is itself whole does not follow from the one before. The link that the next one
    /// follows from.
    fn broken_link(&mut self, piece: &Piece, previous: Hash, pieces: &[&Piece]) -> Hash {
        let seq = piece.seq;
        let belongs = pieces.iter().find(|other| {
            let link = other
                .hash
                .map(|hash| chain::link(&previous, &self.row.id, seq, &hash));
            other.seq != seq && link.is_some() && link == other.link
        });
        let (wrong, text, link) = match belongs {
            Some(other) => (
                Wrong::Reordered,
                format!("piece {seq} stands at the place of piece {}", other.seq),
                other.link,
            ),
            None => (
                Wrong::Forged,
                format!("piece {seq} does not follow from the piece before it"),
                piece.link,
            ),
        };
        self.find(wrong, Some(seq), text);
        link.unwrap_or(previous)
    }

    fn end(&mut self, said: &Session, reached: Option<(u64, Hash)>) {
        let Some((signed, mark)) = said.marks.last() else {
            return;
        };
        let (total, head) = match &reached {
            Some((total, head)) => (*total, head),
            None => (*signed, mark),
        };
        let ended = said.end != End::None;
        if total < *signed {
            let text = match signed - 1 == total {
                true => format!("its last piece, {total}, was cut off"),
                false => format!("pieces {total} to {} were cut off its end", signed - 1),
            };
            self.find(Wrong::Truncated, Some(total), text);
        } else if ended && total > *signed {
            let text = format!("pieces from {signed} on were added after it was closed");
            self.find(Wrong::Forged, Some(*signed), text);
        } else if ended && head != mark && self.findings.is_empty() {
            let text = "its pieces are not those that were signed for";
            self.find(Wrong::Forged, None, text);
        }
        let row = self.row;
        let fits = row.pieces == *signed && row.head == Some(*mark);
        if !fits || (ended && row.bytes != said.bytes) {
            self.find(Wrong::Altered, None, "its size or head was altered");
        }
    }

    fn sealed_hash(&self, rowid: i64) -> Result<Option<Hash>, Error> {
        self.conn
            .prepare_cached("SELECT sealed FROM pieces WHERE rowid = ?1")
            .and_then(|mut s| {
                s.query_row([rowid], |row| {
                    Ok(row.get_ref(0)?.as_blob().ok().map(Hash::of))
                })
                .optional()
            })
            .map_or_else(|error| legible(Err(error)), Ok)
            .map(Option::flatten)
    }
}
