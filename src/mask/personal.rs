//! Personal data whose shape is strong enough to stand without a name: payment cards, IBANs and
//! e-mail addresses.

mod address;
mod numbered;

use super::bytes::{at, before, contains, cut, is_word, word_at};
use super::checksum;
use super::grams::{Grams, Match};
use super::span::{Class, RuleId, Span};
use address::is_nobodys;
use numbered::{is_article, is_counted, is_named};
use std::sync::OnceLock;
use wide::u8x16;

const IBAN: RuleId = RuleId::new("iban");
const MAIL: RuleId = RuleId::new("e-mail");
const CARD: RuleId = RuleId::new("payment-card");

/// No card number (ISO/IEC 7812) and no IBAN has fewer characters than this.
const NUMBER_MIN: usize = 13;
/// No card number has more digits.
pub(crate) const CARD_MAX: usize = 19;
/// The shortest, Norway's.
const IBAN_MIN: usize = 15;
/// A longer run is no number of a person's; groups of an IBAN and their blanks reach 42.
const RUN_MAX: usize = 64;

/// Appends the card numbers and IBANs of `line` that stand around one of `places`.
pub(crate) fn numbers(line: &[u8], places: &[usize], spans: &mut Vec<Span>) {
    let mut done = 0;
    for &place in places {
        if place < done {
            continue;
        }
        let run = Run::around(line, place);
        done = run.end;
        if run.capitals >= 2 && run.digits >= 2 && run.capitals + run.digits >= IBAN_MIN {
            ibans(line, run.start, run.end, spans);
        }
        // Without letters and with single separators it is one number, longer than any card's.
        let longer = run.capitals == 0 && run.digits > CARD_MAX && !is_double(line, place);
        if run.digits >= NUMBER_MIN && !longer {
            cards(line, run.start, run.end, spans);
        }
    }
}

/// Whether two separators meet before and at `i`: a run is counted from there both ways.
fn is_double(line: &[u8], i: usize) -> bool {
    part(before(line, i)) == SEPARATOR && part(at(line, i)) == SEPARATOR
}

/// Upper case letters and digits, and single blanks and dashes between them.
struct Run {
    start: usize,
    end: usize,
    digits: usize,
    capitals: usize,
}

impl Run {
    /// The run that holds the byte at `i`.
    fn around(line: &[u8], i: usize) -> Run {
        let lead = cut(line, i.saturating_sub(RUN_MAX), i);
        let behind = cut(line, i, i.saturating_add(RUN_MAX));
        let mut run = Run {
            start: i,
            end: i,
            digits: 0,
            capitals: 0,
        };
        run.start -= run.count::<true>(lead);
        run.end += run.count::<false>(behind);
        run
    }

    /// How many of `bytes` go on with the run, from their end on where `BACK`.
    fn count<const BACK: bool>(&mut self, bytes: &[u8]) -> usize {
        let (mut rest, mut separator) = (bytes, false);
        // As many at a time as possible: most numbers are parts of long ones.
        loop {
            let block = match BACK {
                true => rest.split_last_chunk::<BLOCK>().map(|(rest, b)| (b, rest)),
                false => rest.split_first_chunk::<BLOCK>(),
            };
            let Some((block, others)) = block else { break };
            let [ahead, .., behind] = block;
            let (near, far) = if BACK {
                (behind, ahead)
            } else {
                (ahead, behind)
            };
            let Some((digits, capitals)) = whole(block) else {
                break;
            };
            if separator && part(*near) == SEPARATOR {
                break;
            }
            self.digits += digits;
            self.capitals += capitals;
            separator = part(*far) == SEPARATOR;
            rest = others;
        }
        let all = bytes.len() - rest.len();
        all + match BACK {
            true => self.step(rest.iter().rev(), separator),
            false => self.step(rest.iter(), separator),
        }
    }

    /// As [`Self::count`], byte by byte, behind a separator or not.
    fn step<'a>(&mut self, bytes: impl Iterator<Item = &'a u8>, mut separator: bool) -> usize {
        let mut count = 0;
        for c in bytes {
            let part = part(*c);
            match part {
                DIGIT => self.digits += 1,
                CAPITAL => self.capitals += 1,
                SEPARATOR if !separator => {}
                _ => break,
            }
            separator = part == SEPARATOR;
            count += 1;
        }
        count
    }
}

const BLOCK: usize = 16;

/// The digits and capitals of bytes that all belong to one run; `None` where one of them does not.
/// All are looked at at once.
#[inline]
fn whole(block: &[u8; BLOCK]) -> Option<(usize, usize)> {
    let bytes = u8x16::new(*block);
    let among =
        |first: u8, count: u8| (bytes - u8x16::splat(first)).simd_le(u8x16::splat(count - 1));
    let is = |c: u8| bytes.simd_eq(u8x16::splat(c));
    let digits = among(b'0', 10).to_bitmask();
    let capitals = among(b'A', 26).to_bitmask();
    let separators = (is(b' ') | is(b'-')).to_bitmask();
    let doubles = separators & separators >> 1;
    let belong = (digits | capitals | separators) == (1 << BLOCK) - 1 && doubles == 0;
    belong.then(|| (digits.count_ones() as usize, capitals.count_ones() as usize))
}

/// Appends the card numbers in `line[start..end]`.
fn cards(line: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let mut i = start;
    while i < end {
        let mut stop = i;
        while stop < end && in_number(line, stop) {
            stop += 1;
        }
        if stop - i >= NUMBER_MIN
            && let Some((from, to)) = card(line, i, stop)
        {
            spans.push(Span::new(from, to, CARD, Class::Personal).in_cell());
        }
        i = stop.max(i + 1);
    }
}

const DIGIT: u8 = 1;
const CAPITAL: u8 = 2;
const SEPARATOR: u8 = 3;

/// What the bytes are to a number; 0 ends it.
const PARTS: [u8; 256] = {
    let mut parts = [0; 256];
    let mut c = 0;
    #[allow(clippy::indexing_slicing)] // evaluated when rec is built
    while c < 256 {
        let byte = c as u8;
        if byte.is_ascii_digit() {
            parts[c] = DIGIT;
        } else if byte.is_ascii_uppercase() {
            parts[c] = CAPITAL;
        } else if byte == b' ' || byte == b'-' {
            parts[c] = SEPARATOR;
        }
        c += 1;
    }
    parts
};

#[inline]
fn part(c: u8) -> u8 {
    PARTS.get(usize::from(c)).copied().unwrap_or(0)
}

#[inline]
fn in_number(line: &[u8], i: usize) -> bool {
    let c = at(line, i);
    c.is_ascii_digit()
        || matches!(c, b' ' | b'-')
            && at(line, i + 1).is_ascii_digit()
            && before(line, i).is_ascii_digit()
}

fn card(line: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let text = cut(line, start, end);
    let glued = is_word(before(line, start))
        || is_word(at(line, end))
        || matches!(before(line, start), b'.' | b'/' | b'+' | b'-')
        || at(line, end) == b'.' && at(line, end + 1).is_ascii_digit()
        || matches!(at(line, end), b'-' | b'/' | b':') && at(line, end + 1).is_ascii_alphanumeric();
    // Before anything is put together: most long numbers end here.
    let count = text.iter().filter(|c| c.is_ascii_digit()).count();
    if glued
        || !(NUMBER_MIN..=CARD_MAX).contains(&count)
        || is_article(line, start, count)
        || text.len() == count && (is_counted(line, start) || count > 16 && !is_named(line))
    {
        return None;
    }
    let digits = checksum::digits(text);
    let grouped = text.len() > digits.len();
    if grouped && !is_grouped(text) {
        return None;
    }
    (is_issued(&digits) && checksum::luhn(&digits) && digits.iter().any(|d| *d != at(&digits, 0)))
        .then_some((start, end))
}

/// Whether the groups are those of a card: one separator throughout, groups of three to six.
fn is_grouped(text: &[u8]) -> bool {
    let separator = text
        .iter()
        .copied()
        .find(|c| !c.is_ascii_digit())
        .unwrap_or(b' ');
    let groups: Vec<usize> = text.split(|c| *c == separator).map(<[u8]>::len).collect();
    text.iter().all(|c| c.is_ascii_digit() || *c == separator)
        && matches!(
            groups.as_slice(),
            [4, 4, 4, 1..=4] | [4, 6, 4 | 5] | [4, 4, 4, 4, 1..=3] | [6, 7..=13] | [4, 4, 5]
        )
}

/// Whether an issuer hands out numbers that begin so and are so long.
fn is_issued(digits: &[u8]) -> bool {
    let n = digits.len();
    let head = |k: usize| {
        digits
            .iter()
            .take(k)
            .fold(0u32, |sum, d| sum * 10 + u32::from(*d))
    };
    match (head(1), head(2), head(3), head(4)) {
        (4, ..) => matches!(n, 13 | 16 | 19),
        (_, 51..=55, ..) | (.., 2221..=2720) => n == 16,
        (_, 34 | 37, ..) => n == 15,
        (_, 36 | 38 | 39, ..) | (_, _, 300..=305 | 309, _) => (14..=19).contains(&n),
        (_, 60 | 64 | 65 | 62 | 81 | 82, ..) => (16..=19).contains(&n),
        (.., 3528..=3589) => (16..=19).contains(&n),
        (_, 50 | 56..=59 | 61 | 63 | 66..=69, ..) => matches!(n, 16 | 18 | 19),
        (.., 2200..=2204) => (16..=19).contains(&n),
        (.., 9792) => n == 16,
        _ => false,
    }
}

/// Appends the IBANs that start in `line[from..to]`: two letters, two digits, 11 to 30 letters or
/// digits, also in groups of four.
fn ibans(line: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    let mut start = from;
    while start + 4 <= to {
        let head = matches!(cut(line, start, start + 4), [a, b, c, d] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit());
        start += 1;
        if !head || is_word(before(line, start - 1)) {
            continue;
        }
        let first = start - 1;
        let mut end = first;
        let mut text = Vec::with_capacity(34);
        let mut best = None;
        while text.len() < 34 {
            let c = at(line, end);
            if c.is_ascii_uppercase() || c.is_ascii_digit() {
                text.push(c);
                end += 1;
                if text.len() >= IBAN_MIN && !is_word(at(line, end)) && checksum::iban(&text) {
                    best = Some(end);
                }
            } else if c == b' ' && text.len().is_multiple_of(4) {
                end += 1;
            } else {
                break;
            }
        }
        if let Some(end) = best {
            spans.push(Span::new(first, end, IBAN, Class::Personal).in_cell());
            start = end;
        }
    }
}

/// `Message-ID: <`: what names a message looks like an address (RFC 5322, section 3.6.4).
fn is_message(lead: &[u8]) -> bool {
    [
        &b"message-id:"[..],
        b"references:",
        b"in-reply-to:",
        b"message-id=",
        b"msgid=",
    ]
    .iter()
    .any(|name| contains(lead, name))
}

/// Appends the e-mail addresses of `line`, but not what looks like one where programs write
/// user@host: ssh and its kin, git remotes, prompts, URIs.
pub(crate) fn mails(line: &[u8], spans: &mut Vec<Span>) {
    // A query string writes it as %40.
    let encoded = memchr::memchr_iter(b'%', line).filter(|at| cut(line, at + 1, at + 3) == b"40");
    let encoded = encoded.map(|at| (at, 3));
    let plain = memchr::memchr_iter(b'@', line).map(|at| (at, 1));
    for (place, sign) in plain.chain(encoded) {
        let mut start = place;
        // Names of users and hosts may be of any script (RFC 6531).
        while before(line, start).is_ascii_alphanumeric()
            || matches!(before(line, start), b'.' | b'_' | b'-' | b'+' | 0xC3..=0xD4)
            || matches!(before(line, start), 0x80..=0xBF)
        {
            start -= 1;
        }
        // The rest of a letter of another kind.
        while start < place && matches!(at(line, start), 0x80..=0xBF) {
            start += 1;
        }
        let mut end = place + sign;
        while at(line, end).is_ascii_alphanumeric()
            || matches!(at(line, end), b'.' | b'-' | 0x80..=0xBF | 0xC3..=0xD4)
        {
            end += 1;
        }
        while matches!(before(line, end), b'.' | b'-') {
            end -= 1;
        }
        if before(line, start) == b'<' && is_message(cut(line, 0, start)) {
            continue;
        }
        let (user, host) = (cut(line, start, place), cut(line, place + sign, end));
        let top = host.rsplit(|c| *c == b'.').next().unwrap_or_default();
        let good = (at(user, 0).is_ascii_alphanumeric() || matches!(at(user, 0), 0xC3..=0xD4))
            && std::str::from_utf8(user)
                .is_ok_and(|user| user.chars().all(|c| c.is_alphanumeric() || c.is_ascii()))
            && std::str::from_utf8(host)
                .is_ok_and(|host| host.chars().all(|c| c.is_alphanumeric() || c.is_ascii()))
            && user.len() <= 64
            && host.contains(&b'.')
            && (2..=12).contains(&top.len())
            && top.iter().all(u8::is_ascii_alphabetic);
        // bob@ACME.EXAMPLE: whom Kerberos knows
        let principal = user.iter().all(|c| !c.is_ascii_uppercase())
            && host.iter().all(|c| !c.is_ascii_lowercase())
            && ["kinit", "kerberos", "krb5", "principal", "password for "]
                .iter()
                .any(|word| contains(line, word.as_bytes()));
        let good = good && !principal;
        if good && !is_file(top) && !is_nobodys(user, host) && !is_login(line, start, end, user) {
            spans.push(Span::new(start, end, MAIL, Class::Personal).in_cell());
        }
    }
}

/// Whether a host's last part is that of a file, a unit or a machine, not a domain's.
fn is_file(top: &[u8]) -> bool {
    [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "js",
        "css",
        "service",
        "timer",
        "socket",
        "slice",
        "local",
        "internal",
        "lan",
        "localdomain",
        "svc",
        "conf",
    ]
    .iter()
    .any(|t| top.eq_ignore_ascii_case(t.as_bytes()))
}

/// Whether `user@host` at `start..end` names an account on a machine.
fn is_login(line: &[u8], start: usize, end: usize, user: &[u8]) -> bool {
    const PROGRAMS: &[&str] = &[
        "ssh ",
        "scp ",
        "sftp ",
        "rsync ",
        "ssh-copy-id ",
        "mosh ",
        "autossh ",
        "sshfs ",
        "plink",
        "pscp",
        "git clone",
        "git remote",
        "telnet",
        "mysqlsh",
        "psql",
        "systemctl",
        "npm i",
        "yarn add",
        "pnpm add",
        "sqlplus",
        "--uri",
        "ftp ",
        "connecting to ",
        "authenticated to ",
    ];
    let (lead, behind) = (before(line, start), at(line, end));
    // mailto:x, EMAIL:x of a vCard, To:x
    let said = [&b"mailto:"[..], b"mail:", b"to:", b"from:", b"cc:"];
    if lead == b':'
        && said
            .iter()
            .any(|word| word_at(line, start.wrapping_sub(word.len()), word))
    {
        return false;
    }
    // sip:user:secret@host; no host of git's has an account of other letters.
    if lead == b':' {
        let account = cut(line, 0, start - 1);
        let name = account
            .iter()
            .rev()
            .take_while(|c| c.is_ascii_alphanumeric())
            .count();
        let scheme = account.len() - name;
        if !user.is_ascii()
            || word_at(line, scheme.wrapping_sub(4), b"sip:")
            || word_at(line, scheme.wrapping_sub(5), b"sips:")
        {
            return false;
        }
    }
    // git@h:path, http://user@h/, user@host:~$, [user@host dir]$
    let path = matches!(behind, b':' | b'/') && end + 1 < line.len() && at(line, end + 1) != b' ';
    let prompt = matches!(behind, b'$' | b'#')
        || start == 0
            && behind == b' '
            && matches!(at(line, end + 1), b'~' | b'/' | b'$' | b'#' | b'%')
        || lead == b'[' && behind == b' ';
    if path || prompt || matches!(lead, b'/' | b':' | b'@' | b'%' | b'#') || user == b"git" {
        return true;
    }
    static LISTED: OnceLock<Grams> = OnceLock::new();
    let programs = PROGRAMS.iter().map(|p| (p.as_bytes(), Match::Folded));
    let listed = LISTED.get_or_init(|| Grams::new(programs));
    listed.any(cut(line, start.saturating_sub(512), start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::classes::Classes;

    fn all_numbers(line: &[u8], spans: &mut Vec<Span>) {
        let mut classes = Classes::default();
        classes.sort(line);
        numbers(line, &classes.numbers, spans);
    }

    fn found(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        all_numbers(line.as_bytes(), &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn cards_are_found_wherever_they_stand() {
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5500-0000-0000-0004",
            "340000000000009",
            "3400 000000 00009",
            "6011000000000004",
        ] {
            for lead in 0..30 {
                let line = format!("{}{card} exp 12/28", "x ".repeat(lead));
                assert_eq!(found(&line), [card], "{line}");
            }
        }
    }

    proptest::proptest! {
        /// Long numbers are left out early, and only those that hold no card.
        #[test]
        fn what_is_left_out_early_is_no_card(line in "([0-9]{1,7}[ -]{0,2}|4111[ -]?1111[ -]?1111[ -]?1111[ -]{0,2}){0,24}") {
            let line = line.as_bytes();
            let mut classes = Classes::default();
            classes.sort(line);
            let mut found = Vec::new();
            numbers(line, &classes.numbers, &mut found);
            let (mut all, mut done) = (Vec::new(), 0);
            for &place in &classes.numbers {
                if place >= done {
                    let run = Run::around(line, place);
                    done = run.end;
                    cards(line, run.start, run.end, &mut all);
                }
            }
            proptest::prop_assert_eq!(found, all);
        }
    }

    #[test]
    fn numbers_that_are_no_cards_stay() {
        for line in [
            "4111111111111112",
            "1795336240728",
            "id 4111111111111111x",
            "0.4111111111111111",
            "2026-05-04 11:22:33",
            "4444444444444444444444",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn ibans_and_mail_are_found_and_logins_stay() {
        let found = |line: &str| {
            let mut spans = Vec::new();
            all_numbers(line.as_bytes(), &mut spans);
            mails(line.as_bytes(), &mut spans);
            spans
                .iter()
                .map(|s| line[s.start..s.end].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found("to DE89 3704 0044 0532 0130 00, soon"),
            ["DE89 3704 0044 0532 0130 00"]
        );
        assert_eq!(
            found("('GB82WEST12345698765432')"),
            ["GB82WEST12345698765432"]
        );
        assert_eq!(
            found("mail ada.l+x@example.co.uk now"),
            ["ada.l+x@example.co.uk"]
        );
        for line in [
            "ssh deploy@web-03.example.net",
            "git@github.com:o/r.git",
            "https://u@example.com/",
            "root@db.example.net:~# ls",
            "react@18.2.0",
            "[ada@db.example.net ~]$",
            "logo@2x.png",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_run_counted_in_blocks_is_the_one_counted_byte_by_byte(
            line in "[0-9]{0,40}([0-9A-Z -]|[0-9]{12}-|x){0,60}",
            place in 0usize..100,
        ) {
            let line = line.as_bytes();
            let place = place.min(line.len());
            let run = Run::around(line, place);
            let mut wanted = Run { start: place, end: place, digits: 0, capitals: 0 };
            let lead = cut(line, place.saturating_sub(RUN_MAX), place);
            wanted.start -= wanted.step(lead.iter().rev(), false);
            let behind = cut(line, place, place + RUN_MAX);
            wanted.end += wanted.step(behind.iter(), false);
            let all = |run: Run| (run.start, run.end, run.digits, run.capitals);
            proptest::prop_assert_eq!(all(run), all(wanted));
        }
    }
}
