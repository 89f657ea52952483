//! A search under way: hits from the index, and from the sessions that it does not have.

use super::super::walk::Walk;
use super::scan::{self, Source};
use super::*;

/// A search under way.
pub(super) struct Run<'a> {
    pub(super) library: &'a Library,
    pub(super) search: &'a Search<'a>,
    pub(super) left: usize,
    pub(super) each: &'a mut dyn FnMut(Hit) -> bool,
}

/// What [`Run::row`] reads.
const COLUMNS: &str = "m.session, m.kind, m.place, m.part, m.parts, m.number, m.at, m.part_at, \
    m.text, m.outcome, m.took, m.failed, m.errors";

/// A row of the index: a document that meets the condition.
struct Found {
    session: i64,
    hit: Hit,
    parts: u32,
}

impl Run<'_> {
    /// Hands a hit out; whether to go on.
    fn give(&mut self, hit: Hit) -> bool {
        if self.left == 0 || self.library.halt.asked() {
            return false;
        }
        self.left -= 1;
        (self.each)(hit) && self.left > 0
    }

    /// Reads one session through; whether to go on.
    pub(super) fn scan(&mut self, session: Arc<Listed>) -> Result<bool, Error> {
        let read = scan::read(
            &self.library.unlocked,
            self.search.query,
            &session,
            &self.library.halt,
        )?;
        Ok(self.give_all(&session, read) && !self.library.halt.asked())
    }

    /// Hands out what one session gave, the latest first; whether to go on.
    fn give_all(&mut self, session: &Arc<Listed>, read: scan::Read) -> bool {
        let damaged = &self.library.damaged;
        damaged.set(damaged.get().saturating_add(read.damaged));
        let mut seen = read.seen.into_iter().rev();
        seen.all(|seen| self.give(seen.hit(session)))
    }

    /// Reads all of these sessions through, which stand in the order of their hits.
    pub(super) fn scan_all(&mut self, sources: Vec<Source>) -> Result<(), Error> {
        let library = self.library;
        scan::all(
            &library.unlocked,
            self.search.query,
            sources,
            &library.halt,
            &mut |listed, read| self.give_all(&Arc::new(listed), read),
        )
    }

    pub(super) fn indexed(&mut self, index: &Index) -> Result<(), Trouble> {
        let plan = sql::plan(self.search.query);
        let walk = Walk::new(index, &plan)?;
        // Sessions that are not in the index yet, newest first.
        let mut loose = self.library.loose(index)?.into_iter().peekable();
        if !plan.exact {
            let mut numbers = Vec::new();
            walk.sessions(&mut |number| {
                numbers.push(number);
                true
            })?;
            let mut listed: Vec<Listed> = loose.map(Arc::unwrap_or_clone).collect();
            for number in numbers {
                listed.push(index.session(number)?);
            }
            listed.sort_by_key(|listed| std::cmp::Reverse(listed.key()));
            let sources = listed
                .into_iter()
                .map(|listed| Source::Listed(Box::new(listed)));
            return Ok(self.scan_all(sources.collect())?);
        }
        let sessions = RefCell::new(HashMap::new());
        let mut gathered: Vec<Found> = Vec::new();
        let mut over = false;
        walk.rows(COLUMNS, &mut |row| {
            let row = self.row(index, &sessions, row)?;
            let other = gathered
                .first()
                .is_some_and(|first| first.session != row.session);
            if other && !self.flush(std::mem::take(&mut gathered), &mut loose)? {
                over = true;
                return Ok::<bool, Trouble>(false);
            }
            gather(&mut gathered, row);
            // Parts of one moment may still follow and move it, so a little more is read.
            let whole = gathered.iter().all(|row| row.parts == 1);
            Ok(!(whole && gathered.len() >= self.left || self.library.halt.asked()))
        })?;
        if over || !self.flush(gathered, &mut loose)? {
            return Ok(());
        }
        for rest in loose {
            if !self.scan(rest)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn row(
        &self,
        index: &Index,
        sessions: &RefCell<HashMap<i64, Arc<Listed>>>,
        row: &rusqlite::Row<'_>,
    ) -> Result<Found, Trouble> {
        let number: i64 = row.get(0)?;
        let known = sessions.borrow().get(&number).cloned();
        let session = match known {
            Some(session) => session,
            None => {
                let session = Arc::new(index.session(number)?);
                sessions.borrow_mut().insert(number, Arc::clone(&session));
                session
            }
        };
        let place = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX);
        let part: u32 = row.get(3)?;
        let took: Option<i64> = row.get(10)?;
        let at: i64 = if part == 0 { row.get(6)? } else { row.get(7)? };
        Ok(Found {
            session: number,
            parts: row.get(4)?,
            hit: Hit {
                session,
                of: match row.get::<_, i64>(1)? {
                    0 => PartOf::Command(place),
                    1 => PartOf::Aside(place),
                    2 => PartOf::Marker(place),
                    _ => PartOf::Statement(place),
                },
                part,
                at: Micros(u64::try_from(at).unwrap_or(0)),
                number: row.get(5)?,
                command: row.get(8)?,
                outcome: row.get(9)?,
                took: took
                    .and_then(|took| u64::try_from(took).ok())
                    .map(Duration::from_micros),
                failed: row.get(11)?,
                errors: row.get(12)?,
                output: String::new(),
            },
        })
    }

    /// Gives out the hits of one session, after those of newer sessions that had to be read.
    fn flush(
        &mut self,
        rows: Vec<Found>,
        loose: &mut std::iter::Peekable<std::vec::IntoIter<Arc<Listed>>>,
    ) -> Result<bool, Trouble> {
        let Some(first) = rows.first() else {
            return Ok(true);
        };
        let key = first.hit.session.key();
        while let Some(newer) = loose.next_if(|loose| loose.key() > key) {
            if !self.scan(newer)? {
                return Ok(false);
            }
        }
        let mut rows: Vec<Found> = rows.into_iter().take(self.left).collect();
        if self.search.with_text {
            let mut hits: Vec<&mut Hit> = rows.iter_mut().map(|row| &mut row.hit).collect();
            texts(self.library, &mut hits)?;
        }
        for row in rows {
            if !self.give(row.hit) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Reads the output that the hits of one session stand in.
pub(super) fn texts(library: &Library, hits: &mut [&mut Hit]) -> Result<(), Error> {
    let Some(session) = hits.first().map(|hit| Arc::clone(&hit.session)) else {
        return Ok(());
    };
    let mut missing: HashMap<(Kind, u32), usize> = HashMap::new();
    for (n, hit) in hits.iter().enumerate() {
        if let Some(kind) = Kind::of(hit.of) {
            missing.insert((kind, hit.part), n);
        }
    }
    let mut take = |part: Part| {
        if let Some(kind) = Kind::of(part.of)
            && let Some(n) = missing.remove(&(kind, part.index))
            && let Some(hit) = hits.get_mut(n)
        {
            hit.output = part.text;
        }
        missing.is_empty()
    };
    let mut builder = Builder::new(session.meta.size, 0);
    let row = library.unlocked.row(session.number)?;
    for event in library.unlocked.annotated(&row)?.without_rows() {
        if library.halt.asked() {
            return Ok(());
        }
        let Some(event) = library.sound(event) else {
            continue;
        };
        builder.push(&event);
        let parts: Vec<Part> = builder.parts().collect();
        for part in parts {
            if take(part) {
                return Ok(());
            }
        }
    }
    builder.finish().1.into_iter().for_each(|part| {
        take(part);
    });
    Ok(())
}

/// A moment that has output, as a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Command(usize),
    Aside(usize),
}

impl Kind {
    fn of(part: PartOf) -> Option<Kind> {
        match part {
            PartOf::Command(n) => Some(Kind::Command(n)),
            PartOf::Aside(n) => Some(Kind::Aside(n)),
            PartOf::Marker(_) | PartOf::Statement(_) => None,
        }
    }
}

/// Adds a row; a moment counts once, by its first part, which comes last in descending order.
fn gather(rows: &mut Vec<Found>, row: Found) {
    if row.parts > 1 {
        rows.retain(|known| known.hit.of != row.hit.of);
    }
    rows.push(row);
}
