//! The engine as a filter: bytes in, the same bytes out with secrets masked.
//!
//! Text is decided line by line. A line longer than [`LINE_MAX`] is decided in windows that
//! overlap, so memory stays bounded; harmless bytes come out unchanged, whatever they are.

use super::scanner::Scanner;
use super::span::{MASK, Span};
use std::collections::BTreeMap;

/// A longer line is decided in windows of this size; no secret is longer than half of it.
pub const LINE_MAX: usize = 64 << 10;
/// How much of what was decided is seen again as the context of the next window.
const CONTEXT: usize = 2 << 10;

/// Where something was masked, for `--explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1.
    pub line: u64,
    /// The byte in the line, from 1.
    pub column: usize,
    /// What was found there.
    pub span: Span,
}

/// A stream being masked.
pub struct Filter {
    scanner: Scanner,
    held: Vec<u8>,
    /// How much of `held` was already given out, and only serves as context.
    shown: usize,
    /// Bytes of the line before `held`.
    gone: usize,
    line: u64,
    spans: Vec<Span>,
    counts: BTreeMap<&'static str, u64>,
    findings: Option<Vec<Finding>>,
}

impl Filter {
    /// A filter over `scanner`; `explain` keeps findings for [`Filter::findings`].
    pub fn new(scanner: Scanner, explain: bool) -> Self {
        Filter {
            scanner,
            held: Vec::new(),
            shown: 0,
            gone: 0,
            line: 1,
            spans: Vec::new(),
            counts: BTreeMap::new(),
            findings: explain.then(Vec::new),
        }
    }

    /// Takes the next bytes, appends what is decided to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        out.reserve(bytes.len());
        if !self.held.is_empty() {
            let Some(end) = memchr::memchr(b'\n', bytes) else {
                self.hold(bytes, out);
                return;
            };
            let (rest, after) = bytes.split_at(end);
            self.hold(rest, out);
            self.end_line(out);
            out.push(b'\n');
            bytes = after.get(1..).unwrap_or_default();
        }
        // Harmless lines are copied in runs.
        let mut clean = 0;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let line = bytes.get(start..end).unwrap_or_default();
            if line.len() > LINE_MAX {
                out.extend_from_slice(bytes.get(clean..start).unwrap_or_default());
                self.hold(line, out);
                self.end_line(out);
                clean = end;
            } else {
                let text = line.strip_suffix(b"\r").unwrap_or(line);
                self.spans.clear();
                self.scanner.line(text, &mut self.spans);
                if !self.spans.is_empty() {
                    out.extend_from_slice(bytes.get(clean..start).unwrap_or_default());
                    cover(text, &self.spans, 0, out);
                    self.count(0);
                    clean = start + text.len();
                }
                self.line += 1;
            }
            start = end + 1;
        }
        out.extend_from_slice(bytes.get(clean..start).unwrap_or_default());
        self.hold(bytes.get(start..).unwrap_or_default(), out);
    }

    /// The input ended: what is held is decided as it stands.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            self.end_line(out);
        }
    }

    /// What was masked since the last call, when explaining.
    pub fn findings(&mut self) -> Vec<Finding> {
        self.findings
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// How often each rule masked something.
    pub fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    fn hold(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let room = (LINE_MAX + CONTEXT).saturating_sub(self.held.len()).max(1);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.held.extend_from_slice(now);
            bytes = later;
            if self.held.len() >= LINE_MAX + CONTEXT {
                self.window(out);
            }
        }
    }

    /// Decides the first half of what is held of a long line.
    fn window(&mut self, out: &mut Vec<u8>) {
        self.spans.clear();
        self.scanner.peek(&self.held, &mut self.spans);
        let mut cut = self.shown + LINE_MAX / 2;
        // Cut between words, and not inside a secret.
        let window = self.held.get(..cut).unwrap_or_default();
        let blank = window
            .iter()
            .rposition(|c| matches!(c, b' ' | b',' | b';' | b'}' | b'&' | b'|' | b'\t'));
        if let Some(blank) = blank.filter(|b| *b > self.shown + CONTEXT) {
            cut = blank + 1;
        }
        if let Some(span) = self.spans.iter().find(|s| s.start < cut && cut < s.end) {
            cut = span.end;
        }
        let shown = self.shown;
        self.spans.retain(|s| s.start < cut && s.end > shown);
        for span in &mut self.spans {
            span.start = span.start.max(shown);
        }
        cover(
            self.held.get(..cut).unwrap_or_default(),
            &self.spans,
            shown,
            out,
        );
        self.count(self.gone);
        let keep = cut.saturating_sub(CONTEXT);
        self.held.drain(..keep);
        self.gone += keep;
        self.shown = cut - keep;
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        let text = held.strip_suffix(b"\r").unwrap_or(&held);
        self.spans.clear();
        self.scanner.line(text, &mut self.spans);
        let shown = self.shown;
        self.spans.retain(|s| s.end > shown);
        for span in &mut self.spans {
            span.start = span.start.max(shown);
        }
        cover(text, &self.spans, shown, out);
        if text.len() < held.len() {
            out.push(b'\r');
        }
        self.count(self.gone);
        self.held = held;
        self.held.clear();
        (self.shown, self.gone) = (0, 0);
        self.line += 1;
    }

    fn count(&mut self, gone: usize) {
        for span in &self.spans {
            *self.counts.entry(span.rule.as_str()).or_default() += 1;
            if let Some(findings) = &mut self.findings {
                findings.push(Finding {
                    line: self.line,
                    column: gone + span.start + 1,
                    span: *span,
                });
            }
        }
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter(line {})", self.line)
    }
}

/// `line` with `spans` covered.
pub fn masked(line: &[u8], spans: &[Span]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    cover(line, spans, 0, &mut out);
    out
}

/// Appends `line[from..]` with `spans` covered.
pub(super) fn cover(line: &[u8], spans: &[Span], from: usize, out: &mut Vec<u8>) {
    let mut at = from;
    for span in spans {
        out.extend_from_slice(line.get(at..span.start).unwrap_or_default());
        let secret = line.get(span.start..span.end).unwrap_or_default();
        // Continuation bytes draw nothing of their own.
        let width = secret.iter().filter(|c| **c & 0xC0 != 0x80).count();
        out.resize(out.len() + span.cover(width), MASK);
        at = span.end;
    }
    out.extend_from_slice(line.get(at..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Rules;
    use proptest::prelude::*;

    fn run(chunks: &[&[u8]]) -> Vec<u8> {
        let mut filter = Filter::new(Scanner::new(Rules::builtin()), false);
        let mut out = Vec::new();
        for chunk in chunks {
            filter.push(chunk, &mut out);
        }
        filter.finish(&mut out);
        out
    }

    #[test]
    fn harmless_bytes_come_back_as_they_were() {
        let text: &[u8] =
            b"\x00\xff\xfe plain\r\n\n\r\r\nselect 1;\n\x1b[1mbold\x1b[m no newline at the end";
        assert_eq!(run(&[text]), text);
        let long = [b"word ".repeat(60_000), b"\n".to_vec()].concat();
        assert_eq!(run(&[&long]), long);
        let solid = vec![b'x'; 400_000];
        assert_eq!(run(&[&solid]), solid);
    }

    #[test]
    fn a_secret_in_a_long_line_is_masked_wherever_it_stands() {
        for lead in (60_000..70_000).step_by(997).chain([0, 33_000, 131_000]) {
            let text = format!(
                "{} password=tr0ub4dor3 {}",
                "w ".repeat(lead / 2),
                "w ".repeat(50_000)
            );
            let masked = run(&[text.as_bytes()]);
            assert!(memchr::memmem::find(&masked, b"tr0ub").is_none(), "{lead}");
            assert_eq!(masked.len(), text.len() - 2, "{lead}");
        }
    }

    proptest! {
        #[test]
        fn how_the_input_is_cut_changes_nothing(cuts in proptest::collection::vec(0usize..400, 0..12)) {
            let text = b"$ export DB_PASSWORD=EeEpO95p74HS\r\nplain\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPJighSsSsf5C8M9dEpZgT1\n-----END PRIVATE KEY-----\nredis://:s3cr3t-pw@h/0\n card 4111 1111 1111 1111\nlast EeEpO95p74HS".as_slice();
            let whole = run(&[text]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c % text.len()).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut at = 0;
            for cut in cuts {
                chunks.push(&text[at..cut]);
                at = cut;
            }
            chunks.push(&text[at..]);
            prop_assert_eq!(run(&chunks), whole);
        }

        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            run(&[&bytes]);
        }
    }
}
