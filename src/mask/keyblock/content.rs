//! What of a line can be part of a key: without what quotes, editors, logs and tables put around it.

use crate::mask::bytes::{at, cut, trim};

/// What a log, a build or a multiplexer writes before each line of a block: its bytes, where any number
/// stands for any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lead {
    /// Bytes, a number counted as one; none: 0.
    length: u8,
    /// Of those bytes.
    shape: u64,
}

/// Nothing writes more before a line.
const LEAD_MAX: usize = 200;

impl Lead {
    /// What stands before the dashes that end `before`.
    pub(super) fn of(before: &[u8]) -> Lead {
        let before = match before.trim_ascii_end() {
            dashed if dashed.ends_with(b"-") => dashed,
            _ => before,
        };
        let dashes = before.iter().rev().take_while(|c| **c == b'-').count();
        let text = cut(before, 0, before.len() - dashes);
        // Blanks and a single sign are known as what surrounds any line.
        if text.trim_ascii().len() < 3 || text.len() > LEAD_MAX {
            return Lead::default();
        }
        let mut lead = Lead::default();
        let mut digit = false;
        for c in text {
            lead.take(*c, &mut digit);
        }
        lead
    }

    fn take(&mut self, c: u8, digit: &mut bool) {
        if c.is_ascii_digit() && *digit {
            return;
        }
        *digit = c.is_ascii_digit();
        let c = if *digit { b'0' } else { c };
        self.length = self.length.saturating_add(1);
        // FNV-1a
        self.shape = (self.shape ^ u64::from(c)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    /// Where `line` goes on behind the same.
    pub(super) fn behind(self, line: &[u8]) -> Option<usize> {
        if self.length == 0 {
            return None;
        }
        let mut lead = Lead::default();
        let mut digit = false;
        for (i, c) in line.iter().take(2 * LEAD_MAX).enumerate() {
            lead.take(*c, &mut digit);
            if lead == self && !(digit && at(line, i + 1).is_ascii_digit()) {
                return Some(i + 1);
            }
            if lead.length > self.length {
                return None;
            }
        }
        None
    }
}

/// What a pager writes between two lines of a file, when the screen is full.
pub(super) fn is_pager(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let says = [
        &b"--More--"[..],
        b"-- More --",
        b"---(more",
        b"<--- More --->",
        b"lines ",
    ]
    .iter()
    .any(|sign| text.starts_with(sign));
    text == b":" || text == b"(END)" || says && text.len() < 40
}

/// A line without what quotes, lists, tables and prompts put around it: `> `, `| `, `"…\n" +`, the
/// `+` behind a psql cell, the `|` of a mysql cell, diff and comment signs.
pub(super) fn content(line: &[u8]) -> (usize, usize) {
    let (mut start, mut end) = trim(line, 0, line.len());
    if at(line, end.wrapping_sub(1)) == b'\r' {
        end -= 1;
    }
    // Aligned psql: the cell is what stands behind the last column rule.
    if let Some(bar) = cut(line, start, end).iter().rposition(|c| *c == b'|') {
        let bar = start + bar;
        if bar + 1 == end {
            end = bar;
            if let Some(first) = cut(line, start, end).iter().rposition(|c| *c == b'|') {
                start += first + 1;
            }
        } else {
            start = bar + 1;
        }
    }
    // tmux: a pane's line among those of its neighbours
    if memchr::memmem::find(cut(line, start, end), PANE).is_some()
        && let Some((from, to)) = pane(line, start, end)
    {
        (start, end) = (from, to);
    }
    start = behind_prompt(line, start, end);
    start = behind_number(line, start, end);
    loop {
        (start, end) = trim(line, start, end);
        match at(line, start) {
            b'>' | b'#' | b'"' | b'\'' | b'`' | b'*' | b'<' if end > start => start += 1,
            b'-' if matches!(at(line, start + 1), b' ' | b'>') => start += 1,
            b'+' if at(line, start + 1) == b' ' || is_added(cut(line, start, end)) => start += 1,
            b'/' if at(line, start + 1) == b'/' && at(line, start + 2) == b' ' => start += 2,
            b'.' if at(line, start + 1) == b' ' => start += 1,
            _ => break,
        }
    }
    loop {
        (start, end) = trim(line, start, end);
        let last = at(line, end.wrapping_sub(1));
        match last {
            b'"' | b'\'' | b'`' | b',' | b';' | b'\\' if end > start => end -= 1,
            // `cat -A` writes a line's end as `$`, and a carriage return as `^M`.
            b'$' if end > start + 1 => end -= 1,
            b'M' if end >= start + 2 && at(line, end - 2) == b'^' => end -= 2,
            b'n' | b'r' if end >= start + 2 && at(line, end - 2) == b'\\' => end -= 2,
            // psql marks a cell's line break with `+`; base64 keeps its own plus signs otherwise.
            b'+' if end > start + 1
                && (at(line, end - 2) == b' '
                    || (end - start) % 4 == 1
                    || at(line, end - 2) == b'=') =>
            {
                end -= 1
            }
            _ => break,
        }
    }
    (start, end)
}

/// Behind psql's prompt within a literal or a statement: `app'> `, `app-# `.
fn behind_prompt(line: &[u8], start: usize, end: usize) -> usize {
    let name = cut(line, start, end)
        .iter()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
        .count();
    let sign = start + name;
    // A dash is the name's last byte here.
    let open = matches!(at(line, sign), b'\'' | b'"' | b'$' | b'(' | b'*');
    let mark = sign + usize::from(open);
    let prompt = matches!(at(line, mark), b'>' | b'#') && at(line, mark + 1) == b' ';
    if name > 0 && prompt && (open || at(line, mark - 1) == b'-') {
        mark + 2
    } else {
        start
    }
}

/// What parts the panes of a window.
const PANE: &[u8] = "│".as_bytes();

/// The pane of `line[start..end]` that holds key material or its end.
fn pane(line: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let mut from = start;
    let places: Vec<usize> = memchr::memmem::find_iter(cut(line, start, end), PANE)
        .map(|n| start + n)
        .chain([end])
        .collect();
    for to in places {
        let (a, b) = trim(line, from, to);
        let a = behind_number(line, a, b);
        let text = cut(line, a, b);
        if is_material(text) && text.len() >= 32 || text.starts_with(b"-----") {
            return Some((a, b));
        }
        from = to + PANE.len();
    }
    None
}

/// Behind the number that an editor or `cat -n`, `nl`, `grep -n`, `bat` puts before each line: digits, then a
/// blank, a tab or a sign, and then the line.
fn behind_number(line: &[u8], start: usize, end: usize) -> usize {
    let digits = cut(line, start, end)
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .count();
    let behind = start + digits;
    let mut next = behind;
    while matches!(
        at(line, next),
        b' ' | b'\t' | b':' | b'-' | b'|' | b')' | b'.'
    ) && next < end
        && !cut(line, next, end).starts_with(b"-----")
    {
        next += 1;
    }
    let bar = [0xE2, 0x94, 0x82];
    if cut(line, next, next + 3) == bar {
        next += 3;
    }
    let counted = (1..=6).contains(&digits) && next > behind && next < end;
    if counted { next } else { start }
}

/// A line that a diff adds: its sign, and then as many characters of base64 as make whole groups.
fn is_added(text: &[u8]) -> bool {
    text.len() > 8 && text.len() % 4 == 1
}

/// Without what a log puts before its lines, `Jun 30 22:01:07 ci-2 runner[881]: `, or grep, which
/// names the file: `certs/a.pem:2:`, `certs/a.pem-3-`.
pub(super) fn behind_prefix(line: &[u8], start: usize, end: usize) -> (usize, &[u8]) {
    let text = cut(line, start, end);
    let named = |n: &usize| cut(text, 0, *n).iter().any(|c| matches!(c, b'.' | b'/'));
    let blank = memchr::memchr(b' ', text).is_some();
    let prefix = memchr::memmem::rfind(text, b": ").map(|n| n + 2);
    let prefix = prefix.or_else(|| {
        let sign = memchr::memrchr(b':', text).or_else(|| {
            let dot = memchr::memrchr(b'.', text)?;
            memchr::memrchr(b'-', text).filter(|dash| dot < *dash)
        });
        sign.filter(named).filter(|_| !blank).map(|n| n + 1)
    });
    match prefix {
        Some(n) if n < 100 && is_material(cut(text, n, text.len())) && !is_header(text) => {
            (start + n, cut(text, n, text.len()))
        }
        _ => (start, text),
    }
}

/// Base64 or armor text: no blank inside, only its characters.
pub(super) fn is_material(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() <= 4096
        && text.iter().all(|c| {
            c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'-' | b'_' | b'\\')
        })
        && (text.len() >= 24
            || text.len() <= 23
                && (text.iter().any(|c| {
                    matches!(c, b'=' | b'+' | b'/') || c.is_ascii_uppercase() || c.is_ascii_digit()
                })))
}

/// `Proc-Type: 4,ENCRYPTED`, `Comment: imported`.
pub(super) fn is_header(text: &[u8]) -> bool {
    let Some(colon) = text.iter().position(|c| *c == b':') else {
        return false;
    };
    colon < 32
        && at(text, colon + 1) == b' '
        && cut(text, 0, colon)
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || *c == b'-')
        && at(text, 0).is_ascii_uppercase()
}
