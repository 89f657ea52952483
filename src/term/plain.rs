//! Lines that need no terminal model.
//!
//! A line of text, SGR, TAB, carriage returns that are followed by an erase or by enough text to
//! cover what stood there (progress bars), and `CSI K` behind the text reads on the screen as it
//! reads in the bytes. Everything else goes through the model.

use super::screen::EDGE_BLANKS;
use memchr::{memchr, memchr_iter, memchr2};
use std::ops::Range;
use unicode_width::UnicodeWidthChar;
use wide::u8x16;

/// Text as a viewer reads it, with the way back to the bytes.
#[derive(Debug, Default)]
pub struct Stripped {
    text: Vec<u8>,
    /// Where in `text` a run starts, and where it stands in the bytes.
    runs: Vec<(usize, usize)>,
}

impl Stripped {
    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The byte ranges that show `span` of the text.
    pub fn ranges(&self, span: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
        let ends = self.runs.iter().skip(1).map(|run| run.0);
        let ends = ends.chain(std::iter::once(self.text.len()));
        let runs = self.runs.iter().zip(ends);
        runs.filter_map(move |((start, at), end)| {
            let from = span.start.max(*start);
            let to = span.end.min(end);
            (from < to).then(|| at + from - start..at + to - start)
        })
    }

    fn clear(&mut self) {
        self.text.clear();
        self.runs.clear();
    }

    fn push(&mut self, bytes: &[u8], at: usize) {
        if !bytes.is_empty() {
            self.runs.push((self.text.len(), at));
            self.text.extend_from_slice(bytes);
        }
    }
}

/// A part of a line between carriage returns, each of which was on the screen in its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its bytes, escape sequences included.
    pub bytes: Range<usize>,
    /// It begins by erasing what stood there.
    clears: bool,
}

/// What a plain line looks like.
#[derive(Debug, PartialEq, Eq)]
pub enum Plain {
    /// Its bytes are its text.
    Text,
    /// Text with SGR and `CSI K` between.
    Styled,
    /// Overwritten; the last segment is what stays.
    Overwritten(Vec<Segment>),
}

/// Looks at a line without its LF (and without the CR before it); `None` when it needs the model.
/// `cols` is the terminal's width. What a styled line shows is left in `shown`.
pub fn classify(line: &[u8], cols: usize, shown: &mut Stripped) -> Option<Plain> {
    let controls = Controls::of(line);
    if controls.odd || controls.high && !is_plain_utf8(line) {
        return None;
    }
    if controls.known {
        return classify_with_care(line, cols, shown);
    }
    Some(Plain::Text)
}

/// What a line holds beside text and TAB.
struct Controls {
    /// ESC or CR.
    known: bool,
    /// Other C0 controls, or DEL.
    odd: bool,
    /// Bytes beyond ASCII.
    high: bool,
}

impl Controls {
    /// Looks at sixteen bytes at a time, with no early way out.
    fn of(line: &[u8]) -> Controls {
        let (mut known, mut odd, mut high) = (u8x16::ZERO, u8x16::ZERO, u8x16::ZERO);
        let mut look = |bytes: [u8; 16]| {
            let bytes = u8x16::new(bytes);
            let is = |c: u8| bytes.simd_eq(u8x16::splat(c));
            let kept = is(0x1b) | is(b'\r');
            let control = bytes.simd_le(u8x16::splat(0x1f)) | is(0x7f);
            known |= kept;
            odd |= control & !(kept | is(b'\t'));
            high |= bytes;
        };
        let (chunks, rest) = line.as_chunks::<16>();
        chunks.iter().for_each(|bytes| look(*bytes));
        if !rest.is_empty() {
            let mut bytes = [b' '; 16];
            let places = bytes.iter_mut().zip(rest);
            places.for_each(|(to, from)| *to = *from);
            look(bytes);
        }
        // The highest bit of each byte.
        Controls {
            known: known.to_bitmask() != 0,
            odd: odd.to_bitmask() != 0,
            high: high.to_bitmask() != 0,
        }
    }
}

/// Valid, and free of C1 controls (U+0080 to U+009F).
fn is_plain_utf8(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(at) = memchr(0xc2, rest) {
        rest = rest.get(at + 1..).unwrap_or_default();
        if matches!(rest.first(), Some(0x80..=0x9f)) {
            return false;
        }
    }
    encoding_rs::Encoding::utf8_valid_up_to(line) == line.len()
}

/// A control inside a line.
enum Control {
    Return,
    Sgr,
    EraseRight,
    EraseAll,
}

/// The control at the start of `bytes` and its length.
fn control(bytes: &[u8]) -> Option<(Control, usize)> {
    match bytes {
        [b'\r', ..] => Some((Control::Return, 1)),
        [0x1b, b'[', rest @ ..] => {
            let is_parameter = |b: &u8| matches!(b, b'0'..=b'9' | b';');
            let n = rest.iter().take_while(|b| is_parameter(b)).count();
            let parameters = rest.get(..n)?;
            let control = match (rest.get(n)?, parameters) {
                (b'm', _) => Control::Sgr,
                (b'K', b"" | b"0") => Control::EraseRight,
                (b'K', b"2") => Control::EraseAll,
                _ => return None,
            };
            Some((control, n + 3))
        }
        _ => None,
    }
}

/// As [`classify`], of a valid text with no controls but those that [`control`] knows.
fn classify_with_care(line: &[u8], cols: usize, shown: &mut Stripped) -> Option<Plain> {
    shown.clear();
    let mut segments = Vec::new();
    let mut start = 0;
    let mut clears = false;
    let mut has_text = false;
    let mut at = 0;
    while let Some(found) = memchr2(0x1b, b'\r', line.get(at..)?) {
        has_text |= found > 0;
        shown.push(line.get(at..at + found)?, at);
        at += found;
        let (control, len) = control(line.get(at..)?)?;
        match control {
            Control::Return => {
                segments.push(Segment {
                    bytes: start..at,
                    clears,
                });
                start = at + 1;
                (clears, has_text) = (false, false);
            }
            Control::Sgr => {}
            // What the segment has not overwritten so far is gone now.
            Control::EraseRight => clears = true,
            // The cursor stays where it is: plain only between CR and text, or just before a CR.
            Control::EraseAll if !has_text => clears = true,
            Control::EraseAll => return None,
        }
        at += len;
    }
    if segments.is_empty() {
        shown.push(line.get(at..)?, at);
        return Some(Plain::Styled);
    }
    segments.push(Segment {
        bytes: start..line.len(),
        clears,
    });
    overwritten(line, segments, cols)
}

/// Keeps the segments that showed something of their own; `None` when one shines through another.
fn overwritten(line: &[u8], segments: Vec<Segment>, cols: usize) -> Option<Plain> {
    let mut kept: Vec<Segment> = Vec::new();
    let mut stripped = Stripped::default();
    let mut widest = 0;
    for segment in segments {
        strip(line, segment.bytes.clone(), &mut stripped);
        let width = width(stripped.text())?;
        // A row that is full wraps, and a CR returns to its last row only.
        if width >= cols {
            return None;
        }
        if width == 0 && !segment.clears {
            continue;
        }
        if !segment.clears && width < widest {
            return None;
        }
        widest = width;
        kept.push(segment);
    }
    Some(match kept.as_slice() {
        [] => Plain::Styled,
        _ => Plain::Overwritten(kept),
    })
}

/// How many cells `text` takes; `None` when that depends on where it stands (TAB).
pub fn width(text: &[u8]) -> Option<usize> {
    if memchr(b'\t', text).is_some() {
        return None;
    }
    if text.is_ascii() {
        return Some(text.len());
    }
    let chars = String::from_utf8_lossy(text);
    Some(chars.chars().map(char_width).sum())
}

/// Whether `text`, drawn from `column` on, ends in the last of `cols` columns and a program that wraps
/// by itself may go on with it in the next row (as [`super::screen::Screen::is_full`] judges).
pub fn ends_at_edge(text: &[u8], column: usize, cols: usize) -> bool {
    let blanks = text.iter().rev().take_while(|c| **c == b' ').count();
    column + text.len() >= cols
        && blanks <= EDGE_BLANKS
        && blanks < text.len()
        && column_behind(text, column, cols) == cols
}

/// In which column the cursor stands behind `text`, drawn from `column` on; one behind the last where
/// it has filled a row and the next character wraps.
pub fn column_behind(text: &[u8], column: usize, cols: usize) -> usize {
    match narrow(text) {
        Some(cells) if memchr(b'\t', text).is_none() => behind_narrow(cells, column, cols),
        _ => column_of(text, column, cols),
    }
}

/// In which column the cursor stands behind so many characters of one cell.
fn behind_narrow(cells: usize, column: usize, cols: usize) -> usize {
    match column + cells {
        end if end <= cols => end,
        end => (end - 1) % cols.max(1) + 1,
    }
}

/// How many cells `text` fills, where each of its characters fills one; `None` where that is not plain
/// from their first bytes: nothing below U+1100 is wide, and nothing of U+2000 to U+22FF.
fn narrow(text: &[u8]) -> Option<usize> {
    if text.is_ascii() {
        return Some(text.len());
    }
    // Without an early way out the compiler makes vector code of these.
    let high = |wide: bool, c: &u8| wide | (*c >= 0xE1) & (*c != 0xE2);
    let wide = text.iter().fold(false, high);
    let low = |at: usize| text.get(at + 1).is_some_and(|c| *c <= 0x8B);
    let plain = !wide && memchr_iter(0xE2, text).all(low);
    plain.then(|| text.iter().filter(|c| **c & 0xC0 != 0x80).count())
}

/// As [`column_behind`], of text of any width.
fn column_of(text: &[u8], column: usize, cols: usize) -> usize {
    let mut col = column;
    let mut rest = text;
    while let Some(first) = rest.first() {
        // Text comes in runs of ASCII and of what is not.
        let (is_ascii, is_tab) = (first.is_ascii(), *first == b'\t');
        let run = |c: &u8| c.is_ascii() == is_ascii && *c != b'\t';
        let end = rest.iter().position(|c| !run(c)).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(if is_tab { 1 } else { end });
        rest = behind;
        if is_tab {
            col = (col / TAB + 1)
                .saturating_mul(TAB)
                .min(cols.saturating_sub(1));
        } else if is_ascii {
            col = behind_narrow(run.len(), col, cols);
        } else {
            for c in String::from_utf8_lossy(run).chars() {
                let width = char_width(c);
                col = if col + width > cols {
                    width
                } else {
                    col + width
                };
            }
        }
    }
    col
}

/// Where tabs stop, unless a program says otherwise; one that does needs the model.
const TAB: usize = 8;

/// How many cells the terminal model gives to `c`.
pub fn char_width(c: char) -> usize {
    if c.width() == Some(2) { 2 } else { 1 }
}

/// The text of `line[bytes]` without its escape sequences. The line must be plain.
pub fn strip(line: &[u8], bytes: Range<usize>, out: &mut Stripped) {
    out.clear();
    let end = bytes.end.min(line.len());
    let mut at = bytes.start;
    while at < end {
        let rest = line.get(at..end).unwrap_or_default();
        let Some(found) = memchr2(0x1b, b'\r', rest) else {
            out.push(rest, at);
            return;
        };
        out.push(rest.get(..found).unwrap_or_default(), at);
        let skipped = rest.get(found..).and_then(control);
        at += found + skipped.map_or(1, |(_, len)| len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_alike_at_a_glance_and_one_by_one() {
        let texts = [
            "plain",
            "größe: 12 µs — ok",
            "λογος …",
            "✓ done",
            "漢字 wide",
            "a\u{301}b",
            "\u{1100}x",
            "café naïve résumé",
            "⌚ ✅ ☃",
            "1234567890123456789",
            "\u{22ff}\u{2300}",
            "tab\tand 漢字\tx",
            "",
        ];
        let one_by_one = |text: &str, column: usize, cols: usize| {
            text.chars().fold(column, |col, c| match char_width(c) {
                _ if c == '\t' => ((col / TAB + 1) * TAB).min(cols - 1),
                width if col + width > cols => width,
                width => col + width,
            })
        };
        for text in texts {
            for cols in [1, 2, 3, 5, 8, 13, 80] {
                for column in 0..=cols {
                    assert_eq!(
                        column_behind(text.as_bytes(), column, cols),
                        one_by_one(text, column, cols),
                        "{text} from {column} of {cols}"
                    );
                }
            }
        }
    }

    fn texts(line: &[u8]) -> Option<Vec<String>> {
        let mut stripped = Stripped::default();
        let mut text = |bytes: Range<usize>| {
            strip(line, bytes, &mut stripped);
            String::from_utf8(stripped.text().to_vec()).unwrap()
        };
        Some(match classify(line, 20, &mut Stripped::default())? {
            Plain::Text => vec![String::from_utf8(line.to_vec()).unwrap()],
            Plain::Styled => vec![text(0..line.len())],
            Plain::Overwritten(segments) => segments.into_iter().map(|s| text(s.bytes)).collect(),
        })
    }

    #[test]
    fn plain_lines_and_others() {
        let cases: &[(&[u8], Option<&[&str]>)] = &[
            (b"abc\tdef", Some(&["abc\tdef"])),
            (b"", Some(&[""])),
            (b"\x1b[1;31mab\x1b[mc\x1b[K", Some(&["abc"])),
            (b"\x1b[01;31m\x1b[Kab\x1b[m\x1b[K", Some(&["ab"])),
            ("naïve 接続".as_bytes(), Some(&["naïve 接続"])),
            (b"\r\x1b[K10%\r\x1b[K9%\r\x1b[K", Some(&["10%", "9%", ""])),
            (b"10%\r20%\r100%", Some(&["10%", "20%", "100%"])),
            (b"text\r", Some(&["text"])),
            (b"text\r\x1b[2Kx", Some(&["text", "x"])),
            // What needs the model:
            (b"long\rab", None),
            (b"a\tb\rcccccccc", None),
            (b"a\x1b[2Kb", None),
            (b"a\x1b[2Cb", None),
            (b"a\x08b", None),
            (b"\x1b]0;t\x07a", None),
            (b"a\x00b", None),
            (b"a\x1b[1", None),
            (b"a\xffb", None),
            ("a\u{9b}b".as_bytes(), None),
            (b"01234567890123456789\rx", None),
        ];
        for (line, want) in cases {
            let want = want.map(|texts| texts.iter().map(|t| (*t).to_owned()).collect());
            assert_eq!(texts(line), want, "{:?}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn spans_lead_back_to_the_bytes() {
        let line = b"\x1b[1mab\x1b[0mcd\x1b[Kef";
        let mut stripped = Stripped::default();
        strip(line, 0..line.len(), &mut stripped);
        assert_eq!(stripped.text(), b"abcdef");
        let parts: Vec<&[u8]> = stripped.ranges(1..5).map(|r| &line[r]).collect();
        assert_eq!(parts, [&b"b"[..], b"cd", b"e"]);
    }
}
