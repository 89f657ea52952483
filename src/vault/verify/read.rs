//! What is checked, read row by row: what cannot be read is said to be so, and costs no other row.

use crate::model::SessionId;
use crate::vault::chain::Hash;
use crate::vault::db::count;
use rusqlite::{Connection, OptionalExtension};

/// A session as its row says; what is sealed only by its hash.
pub struct Row {
    pub number: i64,
    pub id: SessionId,
    pub day: i64,
    pub state: i64,
    pub pieces: u64,
    pub bytes: u64,
    pub head: Option<Hash>,
    pub meta: Option<Hash>,
    pub summary: Option<Hash>,
    /// Its labels; `None` where they cannot be read.
    pub label: Option<Label>,
}

/// Whether a session is pinned, the hash of its labels, their revision; `None` where it has none.
pub type Label = Option<(i64, Option<Hash>, u64)>;

/// The row of this number.
pub fn row(conn: &Connection, number: i64) -> rusqlite::Result<Row> {
    let mut found = conn.prepare_cached(
        "SELECT number, id, day, state, pieces, bytes, head, meta, summary FROM sessions
         WHERE number = ?1",
    )?;
    found.query_row([number], |row| {
        let sealed = |column| -> rusqlite::Result<Option<Hash>> {
            let sealed: Option<Vec<u8>> = row.get(column)?;
            Ok(sealed.map(|sealed| Hash::of(&sealed)))
        };
        let (id, head): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(6)?);
        Ok(Row {
            number: row.get(0)?,
            id: SessionId(id.try_into().unwrap_or_default()),
            day: row.get(2)?,
            state: row.get(3)?,
            pieces: count(row, 4)?,
            bytes: count(row, 5)?,
            head: Hash::from_slice(&head),
            meta: sealed(7)?,
            summary: sealed(8)?,
            label: label(conn, number).ok(),
        })
    })
}

fn label(conn: &Connection, number: i64) -> rusqlite::Result<Label> {
    conn.prepare_cached("SELECT pinned, sealed, revision FROM labels WHERE session = ?1")?
        .query_row([number], |row| {
            let sealed: Option<Vec<u8>> = row.get(1)?;
            let sealed = sealed.map(|sealed| Hash::of(&sealed));
            Ok((row.get(0)?, sealed, count(row, 2)?))
        })
        .optional()
}

/// A piece's row, without what is sealed in it.
pub struct Piece {
    pub rowid: i64,
    pub seq: u64,
    pub last: u64,
    pub hash: Option<Hash>,
    pub link: Option<Hash>,
}

/// A row of pieces, or the first number of one that cannot be read.
pub enum Listed {
    Piece(Piece),
    Unreadable(u64),
}

impl Listed {
    /// The row, where it can be read.
    pub fn piece(&self) -> Option<&Piece> {
        match self {
            Listed::Piece(piece) => Some(piece),
            Listed::Unreadable(_) => None,
        }
    }

    /// The number of its first piece.
    pub fn seq(&self) -> u64 {
        match self {
            Listed::Piece(piece) => piece.seq,
            Listed::Unreadable(seq) => *seq,
        }
    }
}

/// The piece in this row.
pub fn piece(conn: &Connection, rowid: i64) -> rusqlite::Result<Piece> {
    conn.prepare_cached("SELECT rowid, seq, last, hash, link FROM pieces WHERE rowid = ?1")?
        .query_row([rowid], |row| {
            let (hash, link): (Vec<u8>, Vec<u8>) = (row.get(3)?, row.get(4)?);
            Ok(Piece {
                rowid: row.get(0)?,
                seq: count(row, 1)?,
                last: count(row, 2)?,
                hash: Hash::from_slice(&hash),
                link: Hash::from_slice(&link),
            })
        })
}
