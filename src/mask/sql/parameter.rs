//! Placeholders: which values that a statement is executed with stand in secret positions.
//!
//! Each placeholder is replaced by a literal, and the statement is looked at as any other: what
//! would be masked there says what the placeholder is for.

use super::lex::{Kind, View, lex_on};
use super::whole;
use crate::mask::bytes::{at, cut, find, from, is_word, skip_blanks};
use crate::mask::columns::Judge;
use crate::mask::span::{Class, RuleId, Span};
use crate::mask::value::is_random;

/// MySQL allows 65,535 placeholders in a statement, PostgreSQL as many parameters.
const SLOTS_MAX: usize = 65_535;
/// A longer statement is not prepared by hand or program; its placeholders are not looked at.
const STATEMENT_MAX: usize = 4 << 20;

/// What the value of a placeholder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub rule: RuleId,
    pub class: Class,
    /// Only a value that looks random is a secret there.
    random: bool,
}

impl Slot {
    /// Whether `value` is a secret in this place.
    pub(crate) fn holds(&self, value: &[u8]) -> bool {
        !value.is_empty() && (!self.random || is_random(value))
    }
}

/// A word that nobody drew at random, and one that somebody did.
const PLAIN: &str = "harv4est";
const RANDOM: &str = "k3Vq9ZtR7mWx2LbY";

/// The placeholders of `text` that stand in secret positions: by their number, from 0.
pub(crate) fn slots(text: &[u8], judge: &Judge) -> Vec<Option<Slot>> {
    if text.len() > STATEMENT_MAX {
        return Vec::new();
    }
    let mut slots = Vec::new();
    for (value, random) in [(PLAIN, false), (RANDOM, true)] {
        let (filled, places) = fill(text, value);
        if places.is_empty() {
            break;
        }
        let mut spans: Vec<Span> = Vec::new();
        whole(&filled, judge, &mut spans);
        for (number, start) in places {
            let span = spans.iter().find(|s| s.start <= start && start < s.end);
            let Some(span) = span else { continue };
            if slots.len() <= number {
                slots.resize(number + 1, None);
            }
            if let Some(slot @ None) = slots.get_mut(number) {
                *slot = Some(Slot {
                    rule: span.rule,
                    class: span.class,
                    random,
                });
            }
        }
    }
    slots
}

/// The name under which `line` prepares a statement.
pub(crate) fn prepared(line: &[u8]) -> Option<Vec<u8>> {
    named(line, b"prepare ")
}

/// The name of the prepared statement that `line` executes.
pub(crate) fn executed(line: &[u8]) -> Option<Vec<u8>> {
    named(line, b"execute ")
}

fn named(line: &[u8], verb: &[u8]) -> Option<Vec<u8>> {
    let start = find(line, 0, verb)? + verb.len();
    let name = from(line, start).iter().take_while(|c| is_word(**c));
    let name: Vec<u8> = name.map(u8::to_ascii_lowercase).collect();
    (!name.is_empty() && name.len() <= 64).then_some(name)
}

/// Appends the literals of `EXECUTE p('x', 2)` whose places are secret.
pub(crate) fn given(line: &[u8], slots: &[Option<Slot>], spans: &mut Vec<Span>) {
    let mut tokens = Vec::new();
    lex_on(line, 0, 4096, &mut tokens);
    let view = View::new(line, &tokens);
    let Some(open) = (0..tokens.len()).find(|i| view.is(*i, "execute") && view.mark(i + 2, b'('))
    else {
        return;
    };
    let (mut number, mut depth) = (0, 0usize);
    for token in tokens.iter().skip(open + 3) {
        match token.kind {
            Kind::Mark(b'(') => depth += 1,
            Kind::Mark(b')') if depth == 0 => break,
            Kind::Mark(b')') => depth -= 1,
            Kind::Mark(b',') if depth == 0 => number += 1,
            Kind::Text => {
                let slot = slots.get(number).copied().flatten();
                if let Some(slot) = slot.filter(|slot| slot.holds(view.of(*token))) {
                    spans.push(Span::new(token.start, token.end, slot.rule, slot.class));
                }
            }
            _ => {}
        }
    }
}

/// Appends the values that psql is told to execute a statement with, `… = $1 \\bind 'x' \\g`, whose
/// placeholders stood in secret positions.
pub(crate) fn given_to_client(text: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    let Some(verb) = memchr::memmem::rfind(text, b"\\bind ") else {
        return;
    };
    let slots = slots(cut(text, 0, verb), judge);
    let mut i = verb + 6;
    for slot in slots {
        i = skip_blanks(text, i);
        let quoted = at(text, i) == b'\'';
        let start = i + usize::from(quoted);
        let rest = from(text, start);
        let length = match quoted {
            true => memchr::memchr(b'\'', rest),
            false => memchr::memchr2(b' ', b'\\', rest),
        };
        let end = start + length.unwrap_or(rest.len());
        if let Some(slot) = slot.filter(|slot| slot.holds(cut(text, start, end))) {
            spans.push(Span::new(start, end, slot.rule, slot.class));
        }
        i = end + usize::from(quoted);
    }
}

/// Appends the values of a log's `parameters: $1 = 'x', $2 = NULL` whose placeholders stood in secret
/// positions.
pub(crate) fn bound(line: &[u8], slots: &[Option<Slot>], spans: &mut Vec<Span>) {
    let mut tokens = Vec::new();
    lex_on(line, 0, 4096, &mut tokens);
    let view = View::new(line, &tokens);
    for i in 0..tokens.len() {
        let (Some(number), Some(value)) = (view.get(i), view.text(i + 2)) else {
            continue;
        };
        let number = view.of(number).strip_prefix(b"$").map(std::str::from_utf8);
        let Some(Ok(Ok(number))) = number.map(|n| n.map(str::parse::<usize>)) else {
            continue;
        };
        let slot = number
            .checked_sub(1)
            .and_then(|n| slots.get(n))
            .copied()
            .flatten();
        if let Some(slot) = slot.filter(|slot| slot.holds(view.of(value))) {
            spans.push(Span::new(value.start, value.end, slot.rule, slot.class));
        }
    }
}

/// Appends the values that MyBatis lists from `i` on, `x(String), 17(Integer), null`, and whose question
/// marks stood in secret positions.
pub(crate) fn typed(line: &[u8], mut i: usize, slots: &[Option<Slot>], spans: &mut Vec<Span>) {
    for slot in slots {
        let rest = from(line, i);
        let end = memchr::memmem::find(rest, b"), ").map_or(rest.len(), |n| n + 1);
        let (end, next) = match rest.strip_prefix(b"null, ") {
            Some(_) => (4, 6),
            None => (end, end + 2),
        };
        let value = cut(rest, 0, end);
        let length = memchr::memrchr(b'(', value).unwrap_or(0);
        if let Some(slot) = slot.filter(|slot| slot.holds(cut(value, 0, length))) {
            spans.push(Span::new(i, i + length, slot.rule, slot.class));
        }
        i += next;
    }
}

/// `text` with a literal for each placeholder, and where the literals stand: `$1` of PostgreSQL by
/// its number, `?` of MySQL by its order.
fn fill(text: &[u8], value: &str) -> (Vec<u8>, Vec<(usize, usize)>) {
    let mut tokens = Vec::new();
    let (mut from, mut found) = (0, Vec::new());
    while from < text.len() && found.len() < SLOTS_MAX {
        tokens.clear();
        from = lex_on(text, from, 4096, &mut tokens);
        let view = View::new(text, &tokens);
        for token in &tokens {
            let word = view.of(*token);
            match token.kind {
                Kind::Word => {
                    let number = word.strip_prefix(b"$").map(std::str::from_utf8);
                    if let Some(Ok(Ok(number))) = number.map(|n| n.map(str::parse::<usize>))
                        && (1..=SLOTS_MAX).contains(&number)
                    {
                        found.push((Some(number - 1), token.start, token.end));
                    }
                }
                Kind::Mark(b'?') => found.push((None, token.start, token.end)),
                _ => {}
            }
        }
    }
    // Where numbers stand, a question mark is an operator.
    if found.iter().any(|(number, ..)| number.is_some()) {
        found.retain(|(number, ..)| number.is_some());
    }
    let mut filled = Vec::with_capacity(text.len() + found.len() * (value.len() + 2));
    let mut places = Vec::with_capacity(found.len());
    let mut at = 0;
    for (order, (number, start, end)) in found.into_iter().enumerate() {
        filled.extend_from_slice(text.get(at..start).unwrap_or_default());
        filled.push(b'\'');
        places.push((number.unwrap_or(order), filled.len()));
        filled.extend_from_slice(value.as_bytes());
        filled.push(b'\'');
        at = end;
    }
    filled.extend_from_slice(text.get(at..).unwrap_or_default());
    (filled, places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::columns::RECS_OWN;

    fn secret(text: &str) -> Vec<usize> {
        let slots = slots(text.as_bytes(), &RECS_OWN);
        let numbered = slots.iter().enumerate();
        numbered
            .filter(|(_, s)| s.is_some())
            .map(|(n, _)| n + 1)
            .collect()
    }

    #[test]
    fn placeholders_in_secret_positions_are_found() {
        for (text, numbers) in [
            ("UPDATE users SET password=$1 WHERE id=$2", vec![1]),
            (
                "UPDATE users SET name = ?, password = ? WHERE id = ?",
                vec![2],
            ),
            (
                "INSERT INTO t(id, email, token) VALUES ($1,$2,$3)",
                vec![2, 3],
            ),
            ("INSERT INTO t(email, n) VALUES (?, ?), (?, ?)", vec![1, 3]),
            ("SELECT crypt($2, gen_salt('bf')), $1::int", vec![2]),
            (
                "SELECT pgp_sym_decrypt(c, $1) FROM t WHERE id = $2",
                vec![1],
            ),
            (
                "SELECT * FROM u WHERE login = ? AND password = SHA2(?, 256)",
                vec![2],
            ),
            ("SELECT a ? 'k' FROM t WHERE token = $1", vec![1]),
            ("SELECT 1 WHERE x = $1 -- password = $2", vec![]),
            ("SELECT * FROM orders WHERE id = $1 LIMIT $2", vec![]),
        ] {
            assert_eq!(secret(text), numbers, "{text}");
        }
    }

    #[test]
    fn a_weak_name_takes_only_random_values() {
        let slots = slots(b"UPDATE t SET cookie = $1", &RECS_OWN);
        let slot = slots[0].expect("a slot");
        assert!(slot.holds(b"9f86d081884c7d659a2feaa0") && !slot.holds(b"choc"));
    }
}
