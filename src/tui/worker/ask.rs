//! What takes long: searching, counting, comparing, and what is handed on.

use super::super::library::{Found, Piece, Ran};
use super::super::msg::{Look, Msg, Request};
use super::super::pages::compare::Comparison;
use super::super::pages::export::Preview;
use super::super::pages::insights::Period;
use super::super::pages::runs::RUNS_MAX;
use super::super::pages::search::{FIND_MAX, HITS_MAX, as_typed};
use super::{Gone, Worker};
use crate::config::Draft;
use crate::export::{Format, Lack};
use crate::insight::{Collector, compare};
use crate::vault::index::Halt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Hits that fill a screen: the first ones are told when there are so many.
const HITS_FIRST: usize = 50;
/// How long hits are gathered before those that there are so far are told: so short that nobody
/// sees it, and long enough that few frames are drawn in vain.
const HITS_EVERY: Duration = Duration::from_millis(20);
/// How long it is counted before what is counted so far is told, and how many times as long as that
/// takes: a copy of all the counts.
const COUNTED_FIRST: Duration = Duration::from_millis(250);
const COUNTED_SHARE: u32 = 4;
/// How long runs of a statement are gathered before those so far are told.
const RUNS_EVERY: Duration = Duration::from_millis(100);
/// Bytes of an export that are shown before it leaves.
const PREVIEW_MAX: usize = 1 << 20;

impl Worker {
    /// Answers what takes long, unless it is given up for something else: then later.
    pub(super) fn ask(&mut self, request: Request) -> Result<(), Gone> {
        let answer = match &request {
            Request::Search(text) => self.search(text, HITS_MAX)?,
            Request::Find(text) => {
                let found = self.search(text, FIND_MAX)?;
                self.unread = None;
                found
            }
            Request::Matching(text) => {
                self.behind = true;
                let mut library = self.library.borrow_mut();
                let found = library.matching(&as_typed(text), &self.halt);
                // Half a query; what is known of the sessions themselves narrows on.
                found.ok().map(|found| Msg::Matching(text.clone(), found))
            }
            Request::Stats(period) => Some(self.stats(*period)?),
            Request::Runs(look, text) => Some(self.runs(*look, text)?),
            Request::Compare(left, right) => {
                let found = self.compare(*left, *right);
                Some(Msg::Compared((*left, *right), found))
            }
            Request::Preview(piece) => {
                let preview = self.preview(piece);
                Some(Msg::Preview(piece.clone(), Arc::new(preview)))
            }
            _ => None,
        };
        if self.halt.asked() {
            self.later.push_back(request);
            return Ok(());
        }
        answer.map_or(Ok(()), |answer| self.tell(answer))
    }

    /// Tells what is found as it is found; gives the last of it.
    fn search(&mut self, text: &str, max: usize) -> Result<Option<Msg>, Gone> {
        self.unread = None;
        self.behind = true;
        let (mut told, mut gathered) = (0, Vec::new());
        let mut since = Instant::now();
        let mut gone = false;
        let mut each = |found: Found| {
            gathered.push(found);
            let enough = told == 0 && gathered.len() >= HITS_FIRST;
            if enough || since.elapsed() >= HITS_EVERY {
                let hits = std::mem::take(&mut gathered);
                let from = told;
                told += hits.len();
                since = Instant::now();
                let msg = Msg::Found(text.to_owned(), from, Ok(hits), true);
                gone |= self.out.send(msg).is_err();
            }
        };
        let mut library = self.library.borrow_mut();
        let done = library.search(&as_typed(text), max, &self.halt, &mut each);
        drop(library);
        if gone {
            return Err(Gone);
        }
        self.unread = (done.is_ok() && !self.halt.asked()).then(|| text.to_owned());
        let last = done.map(|()| gathered);
        Ok(Some(Msg::Found(text.to_owned(), told, last, false)))
    }

    /// Counts, and tells what is counted so far: the newest sessions are, and half an answer is worth
    /// more than none.
    fn stats(&mut self, period: Period) -> Result<Msg, Gone> {
        self.behind = true;
        let (mut since, mut wait) = (Instant::now(), COUNTED_FIRST);
        let mut gone = false;
        let mut each = |counted: &Collector| {
            if since.elapsed() < wait || gone || self.halt.asked() {
                return;
            }
            let copied = Instant::now();
            let stats = Ok(Arc::new(counted.so_far()));
            gone = self.out.send(Msg::Stats(period, stats, true)).is_err();
            since = Instant::now();
            wait = COUNTED_FIRST.max(COUNTED_SHARE * (since - copied));
        };
        let mut library = self.library.borrow_mut();
        let stats = library.stats(period.query(), &self.halt, &mut each);
        match gone {
            true => Err(Gone),
            false => Ok(Msg::Stats(period, stats.map(Arc::new), false)),
        }
    }

    /// Tells the runs of a statement as they are found, all of them each time: they are few.
    fn runs(&mut self, look: Look, text: &str) -> Result<Msg, Gone> {
        self.behind = true;
        let (mut runs, mut since) = (Vec::new(), Instant::now());
        let mut gone = false;
        let mut each = |run: Ran| {
            runs.push(run);
            if since.elapsed() >= RUNS_EVERY {
                let msg = Msg::Runs(look, Ok(runs.clone()), true);
                gone |= self.out.send(msg).is_err();
                since = Instant::now();
            }
            !gone && runs.len() < RUNS_MAX
        };
        let mut library = self.library.borrow_mut();
        let done = library.runs(look.id, text, &self.halt, &mut each);
        match gone {
            true => Err(Gone),
            false => Ok(Msg::Runs(look, done.map(|()| runs), false)),
        }
    }

    fn compare(&self, left: Look, right: Look) -> Result<Comparison, String> {
        let mut library = self.library.borrow_mut();
        let mut one = library.sides(left.id, &self.halt)?;
        let mut other = library.sides(right.id, &self.halt)?;
        let (Some(first), Some(second)) = (left.command, right.command) else {
            return Ok(Comparison::Sessions(compare(one, other)));
        };
        one.retain(|side| side.number == first);
        other.retain(|side| side.number == second);
        match (one.pop(), other.pop()) {
            (Some(one), Some(other)) => Ok(Comparison::Runs(Box::new((one, other)))),
            _ => Err("one of the commands is not there any more".to_owned()),
        }
    }

    fn preview(&self, piece: &Piece) -> Preview {
        let mut library = self.library.borrow_mut();
        let done = match library.export(piece, &self.halt) {
            Ok(done) => done,
            Err(why) => {
                return Preview {
                    lack: Some(why),
                    ..Preview::default()
                };
            }
        };
        // A picture or a page is nothing to read: its text is, and nothing else leaves with it.
        let text = match piece.format {
            Format::Svg | Format::Html => {
                let format = Format::Text;
                let plain = Piece {
                    format,
                    ..piece.clone()
                };
                let plain = library.export(&plain, &self.halt);
                plain.map(|done| done.bytes).unwrap_or_default()
            }
            _ => done.bytes.clone(),
        };
        let seen = text.get(..PREVIEW_MAX).unwrap_or(&text);
        let seen = String::from_utf8_lossy(seen);
        Preview {
            lines: seen.lines().map(str::to_owned).collect(),
            cut: text.len() > PREVIEW_MAX,
            bytes: done.bytes.len(),
            report: done.report.line(),
            clean: done.report.is_clean(),
            lack: done.lack.map(|lack| match lack {
                Lack::Piece => "there is no such piece".to_owned(),
                Lack::Content(why) => why,
            }),
        }
    }

    pub(super) fn write(
        &self,
        piece: &Piece,
        path: &Path,
        replace: bool,
    ) -> Result<String, String> {
        let shown = path.display();
        if !replace && path.symlink_metadata().is_ok() {
            return Err(format!("{shown} is there already; w again replaces it"));
        }
        // What is asked meanwhile waits: a file is written to its end.
        let done = self.library.borrow_mut().export(piece, &Halt::default())?;
        if done.lack.is_some() {
            return Err("there is nothing to write".to_owned());
        }
        let failed = |error: std::io::Error| format!("{shown} cannot be written: {error}");
        let mut draft = Draft::new(path).map_err(failed)?;
        draft.write_all(&done.bytes).map_err(failed)?;
        draft.keep(path, replace).map_err(failed)?;
        self.library.borrow_mut().handed_on(piece.id);
        Ok(format!("wrote {shown}: {}", done.report.line()))
    }
}
