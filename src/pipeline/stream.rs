//! Descriptors that are no terminal: masked line by line, byte-exact otherwise.

use super::{HOLD_BYTES_MAX, HOLD_MAX, Note, Pipeline};
use crate::mask::{MASK, Span};
use crate::model::Micros;
use crate::term::plain::{self, Plain, Stripped};

/// How much of a line that was decided before its end serves as context for the rest.
const CONTEXT: usize = 4 * 1024;

/// One descriptor.
#[derive(Debug)]
pub(super) struct Stream {
    fd: u8,
    /// The unfinished line; its first `shown` bytes were given out already.
    held: Vec<u8>,
    shown: usize,
    since: Micros,
}

/// What may be stored of one.
#[derive(Default)]
pub(super) struct Shown {
    data: Vec<u8>,
    /// What was masked in it.
    rules: Vec<&'static str>,
}

impl Stream {
    pub(super) fn new(fd: u8) -> Self {
        Stream {
            fd,
            held: Vec::new(),
            shown: 0,
            since: Micros(0),
        }
    }

    /// When the unfinished line must be decided.
    pub(super) fn deadline(&self) -> Option<Micros> {
        (self.held.len() > self.shown).then(|| self.since + HOLD_MAX)
    }
}

impl Pipeline {
    pub(super) fn stream_bytes(&mut self, fd: u8, bytes: &[u8]) {
        if self.paused.is_some() {
            return;
        }
        let mut bytes = bytes;
        let mut out = Shown::default();
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            bytes = rest;
            self.stream_line(fd, line, &mut out);
        }
        let now = self.now;
        if let Some(stream) = self.stream_of(fd) {
            if stream.held.len() <= stream.shown {
                stream.since = now;
            }
            stream.held.extend_from_slice(bytes);
            if stream.held.len() > HOLD_BYTES_MAX {
                self.decide_stream(fd, false, &mut out);
            }
        }
        self.stream_out(fd, out);
    }

    fn stream_of(&mut self, fd: u8) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|s| s.fd == fd)
    }

    fn stream_out(&mut self, fd: u8, out: Shown) {
        let now = self.now;
        if !out.data.is_empty() {
            self.note_if_recording(Note::Stream(now, fd, out.data));
        }
        for rule in out.rules {
            self.note_now(Note::Masked(now, rule));
        }
    }

    /// A whole line, with its LF.
    fn stream_line(&mut self, fd: u8, line: &[u8], out: &mut Shown) {
        let Some(stream) = self.stream_of(fd) else {
            return;
        };
        let shown = std::mem::take(&mut stream.shown);
        let mut held = std::mem::take(&mut stream.held);
        let whole: &[u8] = if held.is_empty() {
            line
        } else {
            held.extend_from_slice(line);
            &held
        };
        let text = whole.trim_ascii_end();
        let spans = self.stream_spans(text, true);
        self.cover_stream(whole, &spans, shown, out);
    }

    /// An unfinished line that was held for too long, or is the last one.
    pub(super) fn decide_stream(&mut self, fd: u8, last: bool, out: &mut Shown) {
        let Some(stream) = self.stream_of(fd) else {
            return;
        };
        let shown = stream.shown;
        let held = std::mem::take(&mut stream.held);
        let spans = self.stream_spans(&held, last);
        self.cover_stream(&held, &spans, shown, out);
        let keep = held.len().min(CONTEXT);
        if let Some(stream) = self.stream_of(fd).filter(|_| !last) {
            stream.held = held.get(held.len() - keep..).unwrap_or_default().to_vec();
            stream.shown = keep;
        }
    }

    /// Streams whose unfinished line was held for too long.
    pub(super) fn decide_old_streams(&mut self) {
        for fd in [1, 2] {
            let now = self.now;
            let due = self.stream_of(fd).and_then(|s| s.deadline());
            if due.is_some_and(|due| due <= now) {
                // What part of a row says is not to be told: the rest of it comes, or the end.
                if self.scanner.expects_rows() {
                    if let Some(stream) = self.stream_of(fd) {
                        stream.since = now;
                    }
                    continue;
                }
                let mut out = Shown::default();
                self.decide_stream(fd, false, &mut out);
                self.stream_out(fd, out);
            }
        }
    }

    pub(super) fn end_streams(&mut self) {
        for fd in [1, 2] {
            let mut out = Shown::default();
            self.decide_stream(fd, true, &mut out);
            self.stream_out(fd, out);
        }
    }

    fn stream_spans(&mut self, text: &[u8], whole: bool) -> Vec<(std::ops::Range<usize>, Span)> {
        let mut stripped = Stripped::default();
        let plain = plain::classify(text, usize::MAX, &mut stripped);
        let styled = matches!(plain, Some(Plain::Styled));
        let mut spans = Vec::new();
        let seen = if styled { stripped.text() } else { text };
        if whole {
            self.scanner.line(seen, &mut spans);
        } else {
            self.scanner.peek(seen, &mut spans);
        }
        let mut found = Vec::new();
        for span in spans {
            if styled {
                found.extend(stripped.ranges(span.start..span.end).map(|r| (r, span)));
            } else {
                found.push((span.start..span.end, span));
            }
        }
        found
    }

    fn cover_stream(
        &mut self,
        line: &[u8],
        spans: &[(std::ops::Range<usize>, Span)],
        shown: usize,
        out: &mut Shown,
    ) {
        let mut at = shown;
        for (range, span) in spans.iter().filter(|(range, _)| range.end > shown) {
            let start = range.start.max(at);
            out.data
                .extend_from_slice(line.get(at..start).unwrap_or_default());
            let secret = line.get(start..range.end).unwrap_or_default();
            let width = secret.iter().filter(|b| **b & 0xc0 != 0x80).count();
            let width = if range.len() == span.end - span.start {
                span.cover(width)
            } else {
                width
            };
            out.data.resize(out.data.len() + width, MASK);
            at = range.end;
            out.rules.push(span.rule.as_str());
        }
        out.data
            .extend_from_slice(line.get(at..).unwrap_or_default());
    }
}
