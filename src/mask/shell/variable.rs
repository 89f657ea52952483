//! What a variable holds that a program takes for a secret, when the same line says it:
//! `for p in a b; do mysql -p"$p"`, `x=a; sshpass -p "$x"`.

use super::RULE;
use super::special::is_strong;
use super::words::{Word, words};
use crate::mask::bytes::{at, before, contains, cut, from, is_word, word_at};
use crate::mask::span::{Class, Span};
use crate::mask::standin::is_placeholder;
use crate::mask::value::is_random;

/// Appends the words that the variable in `text`, which begins at `place`, was given before it.
pub(super) fn given_to(line: &[u8], place: usize, text: &[u8], spans: &mut Vec<Span>) {
    let Some(name) = text.strip_prefix(b"$") else {
        return;
    };
    let name = name
        .strip_prefix(b"{")
        .and_then(|name| name.strip_suffix(b"}"))
        .unwrap_or(name);
    if name.is_empty() || !name.iter().all(|c| is_word(*c)) {
        return;
    }
    let lead = cut(line, 0, place);
    for i in memchr::memmem::find_iter(lead, name) {
        let end = i + name.len();
        if is_word(before(lead, i)) {
            continue;
        }
        if at(lead, end) == b'=' && matches!(before(lead, i), 0 | b' ' | b'\t' | b';' | b'&' | b'(')
        {
            let value = words(lead, end + 1).first().copied();
            push_given(lead, value.filter(|word| word.start == end + 1), spans);
        } else {
            gone_through(lead, i, end, |_| true, spans);
        }
    }
}

/// Appends what the loop `for token in a b; do` goes through, whose variable's name stands from `start` to
/// `end` and says that it is a secret: `for secret in db-creds tls-cert` are names of some.
pub(super) fn listed_for(line: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    gone_through(
        line,
        start,
        end,
        |text| is_strong(text) || is_random(text),
        spans,
    );
}

/// Appends the words of such a loop that are what `is_one` says.
fn gone_through(
    line: &[u8],
    start: usize,
    end: usize,
    is_one: impl Fn(&[u8]) -> bool,
    spans: &mut Vec<Span>,
) {
    let lead = cut(line, 0, start);
    if !lead.ends_with(b"for ")
        || is_word(before(lead, lead.len() - 4))
        || !word_at(line, end, b" in ")
        || !contains(from(line, end), b"; do ")
    {
        return;
    }
    for word in words(line, end + 4) {
        // What a program prints is no list of its own.
        if b"$`".contains(&at(line, word.start)) {
            break;
        }
        let last = before(line, word.end) == b';';
        let word = Word {
            start: word.start,
            end: word.end - usize::from(last),
        };
        let bare = word.bare(line);
        if is_one(cut(line, bare.start, bare.end)) {
            push_given(line, Some(word), spans);
        }
        if last || at(line, word.end) == b';' {
            break;
        }
    }
}

fn push_given(line: &[u8], word: Option<Word>, spans: &mut Vec<Span>) {
    let Some(word) = word.map(|word| word.bare(line)) else {
        return;
    };
    let text = cut(line, word.start, word.end);
    // What a program prints, what a pattern finds, what is read from elsewhere.
    let other = b"$`(<{*?".contains(&at(text, 0)) || text.ends_with(b"*");
    if text.len() >= 4 && !other && !is_placeholder(text) {
        spans.push(Span::new(word.start, word.end, RULE, Class::Password));
    }
}
