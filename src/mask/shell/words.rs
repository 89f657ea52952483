//! The words of a command line, and masking one of them without its quotes.

use super::RULE;
use crate::mask::assign::{closing, opening};
use crate::mask::bytes::{at, before, cut, skip_blanks};
use crate::mask::span::{Class, Span};
use crate::mask::standin::is_placeholder;
use crate::mask::value::is_stop_word;

/// More words are not read of one command.
const WORDS_MAX: usize = 400;

/// A word of a command line, quotes still around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub start: usize,
    pub end: usize,
}

impl Word {
    /// The word without the quotes around all of it.
    pub(super) fn bare(self, line: &[u8]) -> Word {
        let quote = at(line, self.start);
        let whole = matches!(quote, b'"' | b'\'')
            && self.end > self.start + 1
            && closing(line, self.start + 1, quote, 0) + 1 == self.end;
        let by = usize::from(whole);
        Word {
            start: self.start + by,
            end: self.end - by,
        }
    }
}

/// The words from `i` to the end of the command: a newline, `|`, `;`, `&&`, a closing quote or
/// bracket that opened before it.
pub(super) fn words(line: &[u8], mut i: usize) -> Vec<Word> {
    let mut words = Vec::new();
    while words.len() < WORDS_MAX {
        i = skip_blanks(line, i);
        if i >= line.len()
            || matches!(at(line, i), b'|' | b';' | b')' | b'`')
            || at(line, i) == b'&' && at(line, i + 1) == b'&'
        {
            break;
        }
        let start = i;
        while i < line.len() {
            match at(line, i) {
                b' ' | b'\t' => break,
                b'|' | b';'
                    if i > start
                        && !matches!(before(line, i), b'\\')
                        && matches!(at(line, i + 1), b' ' | 0 | b'|') =>
                {
                    break;
                }
                b'\\' => i += 2,
                quote @ (b'"' | b'\'') => {
                    let end = closing(line, i + 1, quote, 0);
                    i = end + 1;
                }
                _ => i += 1,
            }
        }
        let end = i.min(line.len());
        if end > start {
            words.push(Word { start, end });
        }
    }
    words
}

/// The words behind a program that is itself a quoted element of a list, from behind its closing
/// `quote` on: `["curl", "-u", "bot:x"]` of JSON, Python and strace, `a0="useradd" a1="-p"` of
/// auditd.
pub(super) fn listed(line: &[u8], mut i: usize, quote: u8) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    while words.len() < WORDS_MAX {
        let from = i;
        i = skip_blanks(line, i);
        let audited = at(line, i) == b'a' && at(line, i + 1).is_ascii_digit() && i > from;
        if audited {
            let digits = cut(line, i + 1, i + 5);
            let digits = digits.iter().take_while(|c| c.is_ascii_digit()).count();
            i += 1 + digits;
            if at(line, i) != b'=' {
                break;
            }
        } else if at(line, i) != b',' {
            break;
        }
        i = skip_blanks(line, i + 1);
        // strace and execve tell the path first, and then the list.
        if at(line, i) == b'[' {
            i += 1;
        }
        let start = i;
        if at(line, i) == quote {
            i = (closing(line, i + 1, quote, 0) + 1).min(line.len());
        } else if audited {
            // What holds blanks or is not ASCII stands there in hexadecimal digits.
            while at(line, i).is_ascii_hexdigit() {
                i += 1;
            }
        }
        if i == start {
            break;
        }
        words.push(Word { start, end: i });
    }
    (!words.is_empty()).then_some(words)
}

/// The rest of `text` behind `option`.
pub(super) fn strip<'a>(text: &'a [u8], option: &str) -> Option<&'a [u8]> {
    text.strip_prefix(option.as_bytes())
}

pub(super) fn push_word(line: &[u8], word: Option<Word>, spans: &mut Vec<Span>) {
    let Some(word) = word else { return };
    let text = cut(line, word.start, word.end);
    if text.starts_with(b"-") && text.len() > 1 && !text.iter().any(u8::is_ascii_digit)
        || text.starts_with(b"<")
    {
        return;
    }
    push(line, word.start, word.end, spans);
}

pub(super) fn unquoted_end(line: &[u8], word: Word) -> usize {
    if word.end > word.start + 1 && matches!(at(line, word.end - 1), b'"' | b'\'') {
        word.end - 1
    } else {
        word.end
    }
}

/// Masks a word without the quotes around it.
pub(super) fn push(line: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let (mut start, mut end) = (start, end);
    if let Some((body, quote, escapes)) = opening(line, start, 0).filter(|(body, ..)| *body <= end)
    {
        let close = closing(line, body, quote, escapes);
        if close + 1 >= end {
            start = body;
            end = close.min(end);
        }
    } else if matches!(before(line, end), b'"' | b'\'')
        && !cut(line, start, end - 1).contains(&at(line, end - 1))
    {
        end -= 1;
    }
    while end > start
        && matches!(at(line, end - 1), b'`' | b')')
        && !cut(line, start, end).contains(&b'(')
    {
        end -= 1;
    }
    let text = cut(line, start, end);
    super::variable::given_to(line, start, text, spans);
    if start < end
        && !is_placeholder(text)
        && !is_stop_word(text)
        // What a here-document ends with, and where a program reads instead.
        && !text.starts_with(b"<<")
        && !text.starts_with(b"/dev/")
        && !text.starts_with(b"file:")
        && !text.starts_with(b"env:")
    {
        spans.push(Span::new(start, end, RULE, Class::Password));
    }
}

pub(super) fn push_pair(
    line: &[u8],
    start: usize,
    end: usize,
    separator: u8,
    spans: &mut Vec<Span>,
) {
    let start = start + usize::from(matches!(at(line, start), b'"' | b'\''));
    // What manuals write in this place.
    let shown = [
        &b"user:passwd"[..],
        b"user:password",
        b"user:pass",
        b"name:password",
    ];
    if shown.contains(&cut(line, start, end)) {
        return;
    }
    if let Some(at) = cut(line, start, end).iter().position(|c| *c == separator) {
        push(line, start + at + 1, end, spans);
    }
}
