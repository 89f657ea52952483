//! Numbers that are as long as a card's and number something else: what stands around them says so.

use super::NUMBER_MIN;
use crate::mask::bytes::{contains, cut};

/// `EAN 4006381333932`, `"barcode": "…"`: thirteen digits that number an article.
pub(super) fn is_article(line: &[u8], start: usize, count: usize) -> bool {
    let lead = cut(line, start.saturating_sub(16), start);
    count == NUMBER_MIN
        && [&b"ean"[..], b"gtin", b"isbn", b"barcode", b"upc"]
            .iter()
            .any(|name| contains(lead, name))
}

/// Whether the line speaks of cards. Longer numbers in one piece are ids of every kind more often than
/// cards: one in ten has the check digit, one in three begins like an issuer's.
pub(super) fn is_named(line: &[u8]) -> bool {
    [
        &b"card"[..],
        b"pan",
        b"visa",
        b"maestro",
        b"unionpay",
        b"payment",
        b"paid",
        b"pay ",
        b"credit",
        b"debit",
        b"karte",
        b"carte",
        b"tarjeta",
        b"carta",
        b"kort",
        b"kreditkarte",
        b"charge",
    ]
    .iter()
    .any(|word| contains(line, word))
}

/// `rx_bytes=6011…`, `offset: 4412…`: a number whose name says what it counts.
pub(super) fn is_counted(line: &[u8], start: usize) -> bool {
    const COUNTS: &[&[u8]] = &[
        b"bytes",
        b"offset",
        b"count",
        b"counter",
        b"total",
        b"packets",
        b"size",
        b"seq",
        b"lsn",
        b"xid",
        b"usec",
        b"nsec",
        b"nanos",
        b"micros",
        b"timestamp",
        b"ticks",
        b"cycles",
        b"inode",
        b"position",
        b"nonce",
    ];
    let lead = cut(line, start.saturating_sub(40), start);
    let name = lead
        .iter()
        .rposition(|c| !b"\"'=: ".contains(c))
        .map_or(&[][..], |n| cut(lead, 0, n + 1));
    let marked = cut(lead, name.len(), lead.len())
        .iter()
        .any(|c| matches!(c, b'=' | b':'));
    let word = name
        .iter()
        .rev()
        .take_while(|c| c.is_ascii_alphabetic())
        .count();
    let word = cut(name, name.len() - word, name.len());
    marked && COUNTS.iter().any(|count| word.eq_ignore_ascii_case(count))
}
