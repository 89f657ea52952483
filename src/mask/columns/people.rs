//! Personal data under the keys of JSON, which are names as those of columns are.

use super::{Judge, rule_of, wanted};
use crate::mask::assign::closing;
use crate::mask::bytes::{at, cut};
use crate::mask::own::Personal;
use crate::mask::span::{Class, Span};

/// No key is longer.
const KEY_MAX: usize = 48;

/// Appends the values of `"firstName": "x"` and its kin.
pub(super) fn pairs(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    for middle in memchr::memmem::find_iter(line, b"\":") {
        let window = cut(line, middle.saturating_sub(KEY_MAX), middle);
        let Some(open) = window.iter().rposition(|c| *c == b'"') else {
            continue;
        };
        let key = cut(window, open + 1, window.len());
        let mut from = middle + 2;
        while at(line, from) == b' ' {
            from += 1;
        }
        if at(line, from) != b'"' {
            continue;
        }
        let body = from + 1;
        let end = closing(line, body, b'"', 0);
        let kinds = [Personal::Name, Personal::BirthDate, Personal::Phone];
        let named = judge
            .column(key)
            .filter(|named| named.class == Class::Personal && kinds.contains(&named.kind));
        if let Some(named) = named
            && body < end
            && wanted(cut(line, body, end), named)
        {
            spans.push(Span::new(body, end, rule_of(named), named.class).in_cell());
        }
    }
}
