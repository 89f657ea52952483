//! Known secrets in what shows bytes row by row: `xxd`, `hexdump`, `od`, `fold`. A row holds a part of
//! the value, in signs of its own; what it begins, the next one goes on with.

use super::bytes::{at, cut, from};
use super::learned::Learned;
use super::span::{Class, RuleId, Span};
use zeroize::Zeroizing;

const RULE: RuleId = RuleId::new("dumped-secret");

/// So much of a secret's end or beginning is not taken for something else.
const PART_MIN: usize = 4;
/// `fold` is followed for so many lines.
const FOLDED: u8 = 64;
/// A longer line is no row.
const ROW_MAX: usize = 160;

/// What the last row began.
#[derive(Clone, Default)]
pub(super) struct Dump {
    /// The beginning of a secret.
    begun: Zeroizing<Vec<u8>>,
    /// Lines left that `fold` may have made.
    folded: u8,
}

/// A byte that a row shows: where it stands, and where once more as a character.
struct Shown {
    byte: u8,
    start: usize,
    end: usize,
    sign: Option<usize>,
}

impl Dump {
    /// Whether `line` may be a row, which few lines are.
    pub(super) fn may_hold(&self, line: &[u8]) -> bool {
        self.folded > 0
            || !self.begun.is_empty()
            || at(line, 0).is_ascii_hexdigit()
                && line.len() <= ROW_MAX
                && (cut(line, 0, 6).iter().all(u8::is_ascii_hexdigit) || is_parted(line))
            || at(line, 1) == b' ' && at(line, 3) == b' ' && at(line, 5) == b' '
            || at(line, 0) == b' ' && line.trim_ascii_start().starts_with(b"0x")
    }

    /// A command was told to break lines.
    pub(super) fn fold(&mut self) {
        self.folded = FOLDED;
    }

    /// Appends what `line` shows of known secrets, if it is a row.
    pub(super) fn line(&mut self, line: &[u8], learned: &Learned, spans: &mut Vec<Span>) {
        let row = match self.folded {
            0 => row(line),
            _ => row(line).or_else(|| folded(line)),
        };
        self.folded = self.folded.saturating_sub(1);
        let begun = std::mem::take(&mut self.begun);
        let Some(row) = row.filter(|row| !row.is_empty()) else {
            return;
        };
        let known = begun.len();
        let mut text = begun;
        text.extend(row.iter().map(|shown| shown.byte));
        let mut parts = Vec::new();
        let mut left = 0;
        learned.each(0, |secret| {
            let whole = memchr::memmem::find_iter(&text, secret);
            parts.extend(whole.map(|place| (place, place + secret.len())));
            let most = secret.len().saturating_sub(1).min(text.len());
            let mut lens = (PART_MIN..=most).rev();
            let ends = |len: &usize| text.ends_with(cut(secret, 0, *len));
            if let Some(len) = lens.clone().find(ends) {
                parts.push((text.len() - len, text.len()));
                left = left.max(len);
            }
            let begins = |len: &usize| {
                let start = secret.len().saturating_sub(*len);
                text.starts_with(cut(secret, start, secret.len()))
            };
            if let Some(len) = lens.find(begins).filter(|_| known == 0) {
                parts.push((0, len));
            }
        });
        self.begun = Zeroizing::new(from(&text, text.len() - left).to_vec());
        for (start, end) in parts {
            hide(
                cut_row(&row, start.saturating_sub(known), end.saturating_sub(known)),
                spans,
            );
        }
    }
}

fn cut_row(row: &[Shown], start: usize, end: usize) -> &[Shown] {
    row.get(start..end.min(row.len())).unwrap_or_default()
}

/// Masks bytes that stand side by side, and the characters that show them once more.
fn hide(part: &[Shown], spans: &mut Vec<Span>) {
    let (Some(first), Some(last)) = (part.first(), part.last()) else {
        return;
    };
    // Of two bytes that make a number the second stands first.
    let start = part.iter().map(|shown| shown.start).min();
    let end = part.iter().map(|shown| shown.end).max();
    let (start, end) = (start.unwrap_or(first.start), end.unwrap_or(last.end));
    spans.push(Span::new(start, end, RULE, Class::Password).in_cell());
    if let (Some(start), Some(end)) = (first.sign, last.sign) {
        spans.push(Span::new(start, end + 1, RULE, Class::Password).in_cell());
    }
}

/// `4a:75:6e`, `52 37 74`, `87 105 108`
fn is_parted(line: &[u8]) -> bool {
    let by = if at(line, 2).is_ascii_digit() { 3 } else { 2 };
    let sign = at(line, by);
    matches!(sign, b':' | b' ') && [by + 3, by + 4].iter().any(|i| at(line, *i) == sign)
}

/// Bytes with one sign between them, each in hexadecimal or decimal, or as itself.
fn parted(line: &[u8]) -> Option<Vec<Shown>> {
    let line = line.trim_ascii_end();
    let sign = if memchr::memchr(b':', line).is_some() {
        b':'
    } else {
        b' '
    };
    let mut lens = line.split(|c| *c == sign).map(<[u8]>::len);
    let (first, count) = (lens.clone().next()?, lens.clone().count());
    let single = sign == b' ' && lens.all(|len| len == 1);
    let decimal = sign == b' ' && line.iter().all(|c| c.is_ascii_digit() || *c == b' ');
    let hexadecimal = first == 2 && line.len() == count * 3 - 1;
    if count < 4 || !single && !decimal && !hexadecimal {
        return None;
    }
    let mut row = Vec::new();
    let mut start = 0;
    for part in line.split(|c| *c == sign) {
        let text = std::str::from_utf8(part).ok()?;
        let byte = match part {
            [one] if single => *one,
            _ if hexadecimal => u8::from_str_radix(text, 16).ok()?,
            _ => text.parse().ok()?,
        };
        row.push(Shown {
            byte,
            start,
            end: start + part.len(),
            sign: None,
        });
        start += part.len() + 1;
    }
    Some(row)
}

/// `  0x4a, 0x75,` of `xxd -i`
fn listed(line: &[u8]) -> Option<Vec<Shown>> {
    let mut row = Vec::new();
    for place in memchr::memmem::find_iter(line, b"0x") {
        if at(line, place + 2).is_ascii_hexdigit() && at(line, place + 3).is_ascii_hexdigit() {
            pairs(line, place + 2, place + 4, &mut row)?;
        }
    }
    (row.len() >= 2).then_some(row)
}

/// A line as it is.
fn folded(line: &[u8]) -> Option<Vec<Shown>> {
    let line = line.trim_ascii_end();
    let shown = |(start, byte): (usize, &u8)| Shown {
        byte: *byte,
        start,
        end: start + 1,
        sign: None,
    };
    (line.len() <= ROW_MAX).then(|| line.iter().enumerate().map(shown).collect())
}

/// The bytes of a row, if `line` is one.
fn row(line: &[u8]) -> Option<Vec<Shown>> {
    if line.len() > ROW_MAX {
        return None;
    }
    let digits = line.iter().take_while(|c| c.is_ascii_hexdigit()).count();
    let text = line.trim_ascii_end();
    // xxd -p
    if digits == text.len() && digits >= 8 && digits.is_multiple_of(2) {
        let mut row = Vec::new();
        pairs(line, 0, digits, &mut row)?;
        return Some(row);
    }
    if at(line, 0) == b' ' {
        return listed(line);
    }
    if let Some(row) = parted(line) {
        return Some(row);
    }
    match (digits, at(line, digits)) {
        // xxd
        (8, b':') => grouped(line, 10, false),
        // hexdump -C
        (7..=8, b' ') if at(line, digits + 1) == b' ' && at(line, digits + 2) != b' ' => {
            grouped(line, digits + 2, false)
        }
        (6 | 7, b' ') => characters(line, digits).or_else(|| {
            let group = from(line, digits + 1).iter();
            let wide = group.take_while(|c| c.is_ascii_hexdigit()).count() == 4;
            grouped(line, digits + 1, wide)
        }),
        _ => None,
    }
}

/// Appends the bytes whose two digits stand from `start` to `end`.
fn pairs(line: &[u8], start: usize, end: usize, row: &mut Vec<Shown>) -> Option<()> {
    let mut place = start;
    while place + 2 <= end {
        let digit = |i: usize| char::from(at(line, i)).to_digit(16);
        let byte = u8::try_from(digit(place)? * 16 + digit(place + 1)?).ok()?;
        row.push(Shown {
            byte,
            start: place,
            end: place + 2,
            sign: None,
        });
        place += 2;
    }
    Some(())
}

/// The bytes of groups of digits with blanks between, behind which the characters may stand; `swapped`
/// where two bytes make a number.
fn grouped(line: &[u8], start: usize, swapped: bool) -> Option<Vec<Shown>> {
    let mut row = Vec::new();
    let mut place = start;
    let signs = loop {
        let digits = from(line, place).iter();
        let digits = digits.take_while(|c| c.is_ascii_hexdigit()).count();
        if digits == 0 || digits % 2 == 1 || digits > 8 {
            break place;
        }
        let group = row.len();
        pairs(line, place, place + digits, &mut row)?;
        if swapped && row.len() == group + 2 {
            row.swap(group, group + 1);
        }
        place += digits;
        if at(line, place) != b' ' {
            break place;
        }
        place += 1;
        // A wider gap parts the halves of a row, or the characters.
        let wide = at(line, place) == b' ';
        let half = wide && row.len() == 8 && at(line, place + 1).is_ascii_hexdigit();
        if half && at(line, place + 2).is_ascii_hexdigit() && at(line, place + 3) == b' ' {
            place += 1;
        } else if wide {
            break place;
        }
    };
    let blanks = from(line, signs).iter().take_while(|c| **c == b' ').count();
    let mut sign = signs + blanks;
    if at(line, sign) == b'|' || at(line, sign) == b'>' {
        sign += 1;
    }
    for (n, shown) in row.iter_mut().enumerate() {
        let same = |c: u8| c == shown.byte || c == b'.';
        if !swapped && same(at(line, sign + n)) {
            shown.sign = Some(sign + n);
        }
    }
    (!row.is_empty()).then_some(row)
}

/// The bytes of `od -c`, each in four columns.
fn characters(line: &[u8], start: usize) -> Option<Vec<Shown>> {
    let mut row = Vec::new();
    let mut place = start;
    while place + 4 <= line.len() && row.len() < 16 {
        let cell = cut(line, place, place + 4);
        let byte = match cell.trim_ascii() {
            [] => b' ',
            [byte] if cell.starts_with(b"   ") => *byte,
            b"\\n" => b'\n',
            b"\\t" => b'\t',
            b"\\0" => 0,
            [b'\\', _] => b'?',
            three if three.len() == 3 && three.iter().all(u8::is_ascii_digit) => b'?',
            _ => return None,
        };
        row.push(Shown {
            byte,
            start: place + 3,
            end: place + 4,
            sign: None,
        });
        place += 4;
    }
    (!row.is_empty()).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secret: &str, text: &str) -> String {
        let learned = Learned::default();
        assert!(learned.add(secret.as_bytes(), RULE, Class::Password, true));
        let mut dump = Dump::default();
        let mut out = Vec::new();
        for line in text.lines() {
            let mut line = line.as_bytes().to_vec();
            let mut spans = Vec::new();
            if dump.may_hold(&line) {
                dump.line(&line, &learned, &mut spans);
            }
            if line.starts_with(b"$ fold") {
                dump.fold();
            }
            for span in spans {
                line[span.start..span.end].fill(b'*');
            }
            out.push(String::from_utf8(line).expect("text"));
        }
        out.join("\n")
    }

    #[test]
    fn rows_of_bytes_show_nothing_of_a_known_secret() {
        for (text, hidden) in [
            (
                "00000000: 4d65 6164 6f77 3338 3034 5b7b 7878 0a7a  Meadow3804[{xx.z",
                "00000000: ***************************** 7878 0a7a  ************xx.z",
            ),
            (
                "00000000  78 4d 65 61 64 6f 77 33  38 30 34 5b 7b 0a        |xMeadow3804[{.|",
                "00000000  78 ************************************ 0a        |x************.|",
            ),
            (
                "0000000   x   M   e   a   d   o   w   3   8   0   4   [   {  \\n",
                "0000000   x   *********************************************  \\n",
            ),
            (
                "0000000 654d 6461 776f 3833 3430 7b5b 000a",
                "0000000 ***************************** 000a",
            ),
            (
                "784d6561646f77333830345b7b0a",
                "78************************0a",
            ),
            // It begins in one row and ends in the next.
            (
                "00000000: 7878 7878 7878 7878 7878 4d65 6164 6f77  xxxxxxxxxxMeadow\n\
                 00000010: 3338 3034 5b7b 0a                        3804[{.",
                "00000000: 7878 7878 7878 7878 7878 **************  xxxxxxxxxx******\n\
                 00000010: ************** 0a                        ******.",
            ),
            (
                "4d:65:61:64:6f:77:33:38:30:34:5b:7b:0a",
                "***********************************:0a",
            ),
            (
                "77 101 97 100 111 119 51 56 48 52 91 123 10",
                "**************************************** 10",
            ),
            ("a M e a d o w 3 8 0 4 [ {", "a ***********************"),
            (
                "  0x4d, 0x65, 0x61, 0x64, 0x6f, 0x77, 0x33, 0x38,\n  0x30, 0x34, 0x5b, 0x7b, 0x0a",
                "  0x********************************************,\n  0x********************, 0x0a",
            ),
            (
                "$ fold -w 5 pw\nMeado\nw3804\n[{\nother",
                "$ fold -w 5 pw\n*****\n*****\n**\nother",
            ),
        ] {
            let shown = masked("Meadow3804[{", text);
            assert_eq!(shown, hidden, "{text}");
        }
    }

    #[test]
    fn other_rows_stay() {
        for text in [
            "00000000: 7f45 4c46 0201 0100 0000 0000 0000 0000  .ELF............",
            "0000000   h   e   l   l   o  \\n",
            "deadbeef cafe",
            "20260504 11:22:33 Meadow",
            "$ fold -w 80 x\nThe meadow is wide.",
        ] {
            assert_eq!(masked("Meadow3804[{", text), text);
        }
    }
}
