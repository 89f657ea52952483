//! Reading sessions through, for what no index answers: in threads, newest first, and what they find
//! is handed out in order while the rest is still being read.

use super::{Halt, Hit, Listed};
use crate::model::Micros;
use crate::query::{Found, Glance, Needles, Query, Scan, moment_of};
use crate::timeline::{Part, PartOf, Timeline};
use crate::vault::seal::Opener;
use crate::vault::{Error, Row, Unlocked};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Threads at most: beyond these the disk and the memory are the limit.
const THREADS_MAX: usize = 8;
/// Fewer sessions than this are read without threads: each takes a connection to open.
const FEW: usize = 4;
/// How many sessions a thread may be ahead of the day that is handed out, so that what waits for a
/// slow one stays bounded.
const AHEAD: usize = 256;

/// So many glances in vain one after the other, and the words are in every session: a glance then
/// costs a piece that is opened twice.
const VAIN_MAX: u32 = 32;

/// A session to read.
pub(in crate::vault::index) enum Source {
    /// What lists show of it is known.
    Listed(Box<Listed>),
    /// Only what stands in clear is known. Those of one day stand beside each other.
    Row(Row),
}

/// What one session gave.
#[derive(Default)]
pub(super) struct Read {
    /// The moments that matched, in their order.
    pub(super) seen: Vec<Seen>,
    /// Pieces that could not be read.
    pub(super) damaged: u32,
}

/// A hit without its session.
pub(super) struct Seen {
    of: PartOf,
    part: u32,
    at: Micros,
    number: Option<u32>,
    command: String,
    took: Option<Duration>,
    failed: bool,
    outcome: Option<String>,
    errors: String,
    output: String,
}

impl Seen {
    fn new(timeline: &Timeline, found: Found) -> Seen {
        let Found {
            of, part, at, text, ..
        } = found;
        let mut seen = Seen {
            of,
            part,
            at,
            number: None,
            command: String::new(),
            took: None,
            failed: false,
            outcome: None,
            errors: String::new(),
            output: text,
        };
        if let Some(moment) = moment_of(timeline, &whole(of)) {
            seen.took = moment.took();
            seen.failed = moment.failed();
            seen.errors = moment.errors().to_owned();
        }
        match of {
            PartOf::Command(n) => {
                if let Some(command) = timeline.commands.get(n) {
                    seen.number = Some(command.number);
                    seen.command = command.text.clone();
                    seen.outcome = command.outcome.clone();
                }
            }
            PartOf::Statement(n) => {
                seen.command = std::mem::take(&mut seen.output);
                let statement = timeline.statements.get(n);
                let error = statement.and_then(|statement| statement.error.as_ref());
                seen.outcome = error.map(|error| error.message.clone());
            }
            PartOf::Marker(_) => seen.command = std::mem::take(&mut seen.output),
            PartOf::Aside(_) => {}
        }
        seen
    }

    pub(super) fn hit(self, session: &Arc<Listed>) -> Hit {
        Hit {
            session: Arc::clone(session),
            of: self.of,
            part: self.part,
            at: self.at,
            number: self.number,
            command: self.command,
            took: self.took,
            failed: self.failed,
            outcome: self.outcome,
            errors: self.errors,
            output: self.output,
        }
    }
}

/// Any part of a moment, to ask for the moment.
fn whole(of: PartOf) -> Part {
    Part {
        of,
        index: 0,
        at: Micros(0),
        text: String::new(),
        last: true,
    }
}

/// Reads one session through.
pub(super) fn read(
    unlocked: &Unlocked,
    query: &Query,
    session: &Listed,
    halt: &Halt,
) -> Result<Read, Error> {
    if !query.admits_session(&session.facts()) {
        return Ok(Read::default());
    }
    let row = unlocked.row(session.number)?;
    through(unlocked, query, session, &row, halt)
}

/// What is found in it; nothing where `halt` was asked on the way.
fn through(
    unlocked: &Unlocked,
    query: &Query,
    session: &Listed,
    row: &Row,
    halt: &Halt,
) -> Result<Read, Error> {
    let mut read = Read::default();
    let mut scan = Scan::new(query, session.facts());
    for event in unlocked.annotated(row)?.without_rows() {
        if halt.asked() {
            return Ok(read);
        }
        match event {
            Ok(event) => scan.push(&event),
            Err(_) => read.damaged = read.damaged.saturating_add(1),
        }
    }
    let (found, timeline) = scan.finish();
    let seen = found.into_iter().map(|found| Seen::new(&timeline, found));
    read.seen = seen.collect();
    Ok(read)
}

/// `None` for a session in which nothing was found.
type Done = Result<Option<(Listed, Read)>, Error>;

/// One thread's part in reading sessions.
struct Reader<'q> {
    unlocked: &'q Unlocked,
    query: &'q Query,
    /// `None` where every session has to be read.
    needles: Option<&'q Needles>,
    /// Glances one after the other that could not spare a reading.
    vain: u32,
    opener: Opener,
    halt: &'q Halt,
}

impl<'q> Reader<'q> {
    fn new(
        unlocked: &'q Unlocked,
        query: &'q Query,
        needles: Option<&'q Needles>,
        halt: &'q Halt,
    ) -> Self {
        Reader {
            unlocked,
            query,
            needles,
            vain: 0,
            opener: Opener::default(),
            halt,
        }
    }

    fn work(&mut self, source: &Source) -> Done {
        let unlocked = self.unlocked;
        let (listed, row) = match source {
            Source::Listed(listed) => {
                if !self.query.admits_session(&listed.facts()) {
                    return Ok(None);
                }
                let row = unlocked.row(listed.number)?;
                if self.glance(&row)? == Glance::Nothing {
                    return Ok(None);
                }
                (Listed::clone(listed), row)
            }
            Source::Row(row) => {
                // What it says of itself takes as long to open as a piece.
                let first = !self.query.asks_for_sessions();
                if first && self.glance(row)? == Glance::Nothing {
                    return Ok(None);
                }
                let listed = Listed::from_entry(unlocked, unlocked.entry(row)?)?;
                if !self.query.admits_session(&listed.facts())
                    || !first && self.glance(row)? == Glance::Nothing
                {
                    return Ok(None);
                }
                (listed, row.clone())
            }
        };
        let read = through(unlocked, self.query, &listed, &row, self.halt)?;
        Ok(Some((listed, read)))
    }

    fn glance(&mut self, row: &Row) -> Result<Glance, Error> {
        let Some(needles) = self.needles.filter(|_| self.vain < VAIN_MAX) else {
            return Ok(Glance::Perhaps);
        };
        let told = self.unlocked.glance(row, needles, &mut self.opener)?;
        self.vain = match told {
            Glance::Nothing => 0,
            Glance::Perhaps => self.vain.saturating_add(1),
        };
        Ok(told)
    }
}

/// Reads all sessions through and hands out what each gave, in the order of lists, until `each`
/// says that it is enough or `halt` is asked.
pub(super) fn all(
    unlocked: &Unlocked,
    query: &Query,
    sources: Vec<Source>,
    halt: &Halt,
    each: &mut dyn FnMut(Listed, Read) -> bool,
) -> Result<(), Error> {
    let mut order = Order::new(&sources);
    let needles = Needles::new(query);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(THREADS_MAX).min(sources.len() / FEW);
    let readers: Vec<Unlocked> = (0..threads).map_while(|_| unlocked.again().ok()).collect();
    if readers.is_empty() {
        let mut reader = Reader::new(unlocked, query, needles.as_ref(), halt);
        for (n, source) in sources.iter().enumerate() {
            if halt.asked() || !order.take(n, reader.work(source)?, each) {
                break;
            }
        }
        return Ok(());
    }
    let line = Line::default();
    line.reach(order.reach());
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for unlocked in readers {
            let (send, line, sources) = (send.clone(), &line, sources.as_slice());
            let needles = needles.as_ref();
            scope.spawn(move || {
                // One that panics is never waited for by the others.
                let _stop = Stop(line);
                let mut reader = Reader::new(&unlocked, query, needles, halt);
                while let Some((n, source)) = line.next(sources) {
                    if send.send((n, reader.work(source))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut result = Ok(());
        for (n, done) in receive {
            let more = match done {
                Ok(done) => !halt.asked() && order.take(n, done, each),
                Err(error) => {
                    result = Err(error);
                    false
                }
            };
            if !more {
                break;
            }
            line.reach(order.reach());
        }
        line.stop();
        result
    })
}

/// Which session is read next, and how far the readers may go.
#[derive(Default)]
struct Line {
    next: AtomicUsize,
    over: AtomicBool,
    /// The end of the day that is handed out next.
    reach: Mutex<usize>,
    changed: Condvar,
}

impl Line {
    fn next<'s>(&self, sources: &'s [Source]) -> Option<(usize, &'s Source)> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let source = sources.get(n)?;
        let mut reach = self.reach.lock().unwrap_or_else(PoisonError::into_inner);
        while n >= *reach + AHEAD && !self.over.load(Ordering::Relaxed) {
            let waited = self.changed.wait(reach);
            reach = waited.unwrap_or_else(PoisonError::into_inner);
        }
        (!self.over.load(Ordering::Relaxed)).then_some((n, source))
    }

    fn reach(&self, reach: usize) {
        *self.reach.lock().unwrap_or_else(PoisonError::into_inner) = reach;
        self.changed.notify_all();
    }

    fn stop(&self) {
        let _reach = self.reach.lock().unwrap_or_else(PoisonError::into_inner);
        self.over.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }
}

/// Puts what readers gave back into the order of lists. Of sessions that only stand in clear their
/// order within a day is not known before they are opened, so a day is handed out as a whole.
struct Order {
    /// For each session, the one behind the last of its day.
    ends: Vec<usize>,
    waiting: BTreeMap<usize, Option<(Listed, Read)>>,
    /// Sessions handed out.
    given: usize,
}

struct Stop<'a>(&'a Line);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

impl Order {
    fn new(sources: &[Source]) -> Order {
        let day = |n: usize| match sources.get(n) {
            Some(Source::Row(row)) => Some(row.day),
            _ => None,
        };
        let mut ends: Vec<usize> = (1..=sources.len()).collect();
        for n in (0..sources.len()).rev() {
            if day(n).is_some() && day(n) == day(n + 1) {
                let end = ends.get(n + 1).copied().unwrap_or(n + 1);
                ends.splice(n..=n, [end]);
            }
        }
        Order {
            ends,
            waiting: BTreeMap::new(),
            given: 0,
        }
    }

    /// The end of the day that is handed out next.
    fn reach(&self) -> usize {
        self.ends.get(self.given).copied().unwrap_or(self.given)
    }

    /// Takes what one session gave and hands out whatever is due; whether to go on.
    fn take(
        &mut self,
        n: usize,
        done: Option<(Listed, Read)>,
        each: &mut dyn FnMut(Listed, Read) -> bool,
    ) -> bool {
        self.waiting.insert(n, done);
        while let Some(end) = self.ends.get(self.given).copied() {
            if self.waiting.range(self.given..end).count() < end - self.given {
                return true;
            }
            let rest = self.waiting.split_off(&end);
            let day = std::mem::replace(&mut self.waiting, rest);
            self.given = end;
            let mut day: Vec<(Listed, Read)> = day.into_values().flatten().collect();
            day.sort_by_key(|(listed, _)| std::cmp::Reverse(listed.key()));
            if !day.into_iter().all(|(listed, read)| each(listed, read)) {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SessionId, Status};

    fn of_day(day: i64) -> Source {
        Source::Row(Row {
            number: 1,
            id: SessionId([0; 16]),
            day,
            status: Status::Closed,
            summarised: true,
            pieces: 0,
            bytes: 0,
            pinned: false,
            revision: 0,
            legible: true,
        })
    }

    #[test]
    fn sessions_of_one_day_are_handed_out_together() {
        let days = [5, 5, 5, 4, 3, 3];
        let order = Order::new(&days.map(of_day));
        assert_eq!(order.ends, [3, 3, 3, 4, 6, 6]);
    }

    #[test]
    fn readers_may_go_through_the_whole_of_a_long_day() {
        let sources: Vec<Source> = (0..4 * AHEAD).map(|_| of_day(1)).collect();
        let (order, line) = (Order::new(&sources), Line::default());
        line.reach(order.reach());
        let mut read = 0;
        // Nothing was handed out yet: a reader that waited here would wait for ever.
        while line.next(&sources).is_some() {
            read += 1;
        }
        assert_eq!(read, sources.len());
    }
}
