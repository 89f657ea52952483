//! Key blocks: PEM, PGP, OpenSSH, PuTTY, also cut short, indented, quoted, in a table cell, or
//! written on one line with `\n`.
//!
//! A block is open from its BEGIN to its END, or to the first line that cannot be part of one.
//! Certificates and public keys are no secret and stay.

mod content;

use super::bytes::{at, contains, cut, find as find_in, from, trim, word_at};
use super::span::{Class, RuleId, Span};
use content::{Lead, behind_prefix, content, is_header, is_material, is_pager};

const RULE: RuleId = RuleId::new("private-key");

/// Words that only stand in a line that opens a block.
pub(crate) const TRIGGERS: &[&str] = &[
    "-----BEGIN",
    "---- BEGIN",
    "PuTTY-User-Key-File",
    "Private-Lines:",
    "END PRIVATE",
    "PRIVATE KEY",
    "priv:",
    "privateExponent:",
    "prime1:",
    "prime2:",
    "exponent1:",
    "exponent2:",
    "coefficient:",
    "BORG_KEY",
    "b3BlbnNzaC1rZXktdjE",
    "$ANSIBLE_VAULT;",
    ".key",
    ".pem",
    ".p12",
    ".pfx",
    ".jks",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
];

/// No private key has more lines; an RSA key of 16384 bits has 200.
const LINES_MAX: u32 = 1000;

/// A shorter line is not taken for part of a key by its neighbours alone.
const BODY_MIN: usize = 40;

/// Nor is a shorter run of base64 a key between a BEGIN and an END.
const RUN_MIN: usize = 8;

/// Shorter runs behind a BEGIN belong to the code around it.
const SIGNS_MAX: usize = 4;

/// A block that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    kind: Kind,
    lines: u32,
    /// Lines of base64 seen; header lines may only stand before them.
    body: u32,
    /// What stood before its BEGIN, and so before each of its lines.
    lead: Lead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Until `-----END`.
    Armor,
    /// PuTTY: the header's public part; the private part opens at `Private-Lines`.
    PuttyPublic,
    /// PuTTY: so many private lines are left.
    PuttyPrivate(u32),
    /// The numbers of a key as `openssl -text` writes them.
    Numbers,
    /// Lines of base64 or hex with no end of their own.
    Lines,
}

/// What stands before `PRIVATE KEY` in a BEGIN line, or instead of it.
fn is_private(label: &[u8]) -> bool {
    contains(label, b"private key")
        || contains(label, b"private-key")
        || label.eq_ignore_ascii_case(b"PKCS12")
        || contains(label, b"openvpn static key")
        || contains(label, b"nkey seed")
}

/// What opens a block that no BEGIN opens.
fn unbegun(line: &[u8]) -> Option<Kind> {
    let text = line.trim_ascii();
    if matches!(
        text,
        b"priv:"
            | b"privateExponent:"
            | b"prime1:"
            | b"prime2:"
            | b"exponent1:"
            | b"exponent2:"
            | b"coefficient:"
    ) {
        return Some(Kind::Numbers);
    }
    if text.starts_with(b"BORG_KEY ") || contains(text, b"$ansible_vault;") {
        return Some(Kind::Lines);
    }
    // $ tail -3 server.key: what it shows may have lost its first line.
    let shows = [
        "cat ", "tail ", "head ", "less ", "more ", "bat ", "sed -n", "base64 ",
    ]
    .iter()
    .filter_map(|verb| find_in(line, 0, verb.as_bytes()))
    .min()?;
    let prompted = matches!(super::bytes::before(line, shows), 0 | b' ');
    let file = from(line, shows)
        .split(|c| matches!(c, b' ' | b';' | b'|' | b'&'))
        .any(|word| {
            [
                &b".key"[..],
                b".pem",
                b"id_rsa",
                b"id_ed25519",
                b"id_ecdsa",
                b".p12",
                b".pfx",
                b".jks",
                b".keystore",
            ]
            .iter()
            .any(|end| word.ends_with(end))
        });
    (prompted && file && !contains(line, b" > ")).then_some(Kind::Lines)
}

/// Reads `line` while no block is open: masks what a block on this line holds, and tells whether
/// one stays open behind it.
pub(crate) fn open(line: &[u8], spans: &mut Vec<Span>) -> Option<Block> {
    let block = |kind, lead| Block {
        kind,
        lines: 0,
        body: 0,
        lead,
    };
    let mut i = 0;
    let mut left = None;
    while let Some(begin) = find_in(line, i, b"begin ") {
        i = begin + 6;
        let dashes = cut(line, begin.saturating_sub(6), begin)
            .iter()
            .filter(|c| **c == b'-')
            .count();
        if dashes < 4 {
            continue;
        }
        let rest = from(line, i);
        let label_end = rest.iter().position(|c| *c == b'-').unwrap_or(rest.len());
        let label = cut(rest, 0, label_end);
        if !is_private(label) {
            continue;
        }
        let mut body = i + label_end;
        while at(line, body) == b'-' {
            body += 1;
        }
        // grep '-----BEGIN RSA PRIVATE KEY-----' looks for one.
        let quote = at(line, body);
        if matches!(quote, b'\'' | b'"' | b'`' | b'/')
            && super::bytes::before(line, begin.saturating_sub(5)) == quote
            && matches!(at(line, body + 1), b' ' | b'\t' | b';' | b'|' | b')' | 0)
        {
            i = body;
            continue;
        }
        let end = find_in(line, body, b"end ").filter(|e| at(line, e.wrapping_sub(1)) == b'-');
        let stop = end.map_or(line.len(), |e| {
            let mut e = e;
            while e > body && super::bytes::before(line, e) == b'-' {
                e -= 1;
            }
            e
        });
        // `starts with -----BEGIN PRIVATE KEY----- and ends with …`, `BEGIN …-----"):` of code: words
        // or signs, where a key has a run of base64.
        let run = cut(line, body, stop)
            .split(|c| !(c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=')))
            .map(<[u8]>::len);
        let run = run.max().unwrap_or(0);
        if end.is_some() && stop > body && run < RUN_MIN {
            i = stop.max(i);
            continue;
        }
        if run >= SIGNS_MAX {
            mask_body(line, body, stop, spans);
        }
        let lead = Lead::of(cut(line, 0, begin));
        left = end.is_none().then_some(block(Kind::Armor, lead));
        i = stop.max(i);
    }
    // `openssh-key-v1`: the first line behind the BEGIN, which may stand alone.
    let (start, end) = content(line);
    if left.is_none() && cut(line, start, end).starts_with(b"b3BlbnNzaC1rZXktdjE") {
        push(start, end, spans);
        return Some(Block {
            body: 1,
            ..block(Kind::Lines, Lead::of(cut(line, 0, start)))
        });
    }
    if left.is_none()
        && let Some(kind) = unbegun(line)
    {
        return Some(block(kind, Lead::default()));
    }
    if let Some(n) = find_in(line, 0, b"putty-user-key-file-") {
        left = Some(block(Kind::PuttyPublic, Lead::of(cut(line, 0, n))));
    } else if let Some(count) = private_lines(line) {
        let n = find_in(line, 0, b"private-lines:").unwrap_or(0);
        left = Some(block(Kind::PuttyPrivate(count), Lead::of(cut(line, 0, n))));
    }
    left
}

fn private_lines(line: &[u8]) -> Option<u32> {
    let at = find_in(line, 0, b"private-lines:")?;
    let digits = from(line, at + 14).trim_ascii();
    let digits: String = digits
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .map(|c| char::from(*c))
        .collect();
    Some(digits.parse().unwrap_or(LINES_MAX).min(LINES_MAX))
}

/// Reads `line` inside `block`: `Some` when the line belongs to it, with what is left of it.
pub(crate) fn inside(block: Block, line: &[u8], spans: &mut Vec<Span>) -> Inside {
    let next = |kind| Block {
        kind,
        lines: block.lines + 1,
        ..block
    };
    if block.lines >= LINES_MAX {
        return Inside::Not;
    }
    // `more` asks for a key between two lines of the file.
    if block.lines > 0 && is_pager(line) {
        return Inside::Open(next(block.kind));
    }
    let (start, end, text) = match block.lead.behind(line) {
        Some(lead) => {
            let (start, end) = content(from(line, lead));
            let (start, end) = (lead + start, lead + end);
            (start, end, cut(line, start, end))
        }
        None => {
            let (start, end) = content(line);
            let (start, text) = behind_prefix(line, start, end);
            (start, end, text)
        }
    };
    match block.kind {
        Kind::PuttyPublic => {
            if let Some(count) = private_lines(line) {
                return Inside::Open(next(Kind::PuttyPrivate(count)));
            }
            if block.lines < 200 && (is_header(text) || is_material(text) || text.is_empty()) {
                return Inside::Open(next(Kind::PuttyPublic));
            }
            Inside::Not
        }
        Kind::PuttyPrivate(left) => {
            if let Some(mac) =
                find_in(line, 0, b"private-mac:").or_else(|| find_in(line, 0, b"private-hash:"))
            {
                let value = mac + 12;
                mask_body(line, value, line.len(), spans);
                return Inside::Closed;
            }
            if is_material(text) {
                push(start, end, spans);
                return Inside::Open(next(Kind::PuttyPrivate(left.saturating_sub(1))));
            }
            Inside::Not
        }
        Kind::Numbers => {
            let pairs = text.len() >= 2
                && text.split(|c| *c == b':').all(|pair| {
                    pair.is_empty() || pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit)
                });
            if pairs {
                push(start, end, spans);
                return Inside::Open(next(Kind::Numbers));
            }
            Inside::Not
        }
        Kind::Lines => {
            let plain = text.len() >= 16 || block.body > 0 && text.len() >= 4;
            if plain && is_material(text) {
                push(start, end, spans);
                return Inside::Open(Block {
                    body: block.body + 1,
                    ..next(Kind::Lines)
                });
            }
            Inside::Not
        }
        Kind::Armor => {
            if let Some(e) = find_in(line, 0, b"end ")
                .filter(|e| cut(line, e.saturating_sub(5), *e).ends_with(b"----"))
            {
                let mut stop = e;
                while super::bytes::before(line, stop) == b'-' {
                    stop -= 1;
                }
                mask_body(line, start.min(stop), stop, spans);
                return Inside::Closed;
            }
            if text.is_empty() && block.lines < 8 {
                return Inside::Open(next(Kind::Armor));
            }
            if is_header(text) && block.body == 0 {
                if word_at(text, 0, b"dek-info") {
                    push(start, end, spans);
                }
                return Inside::Open(next(Kind::Armor));
            }
            if is_material(text) || text.is_empty() && block.body == 0 {
                push(start, end, spans);
                return Inside::Open(Block {
                    body: block.body + 1,
                    ..next(Kind::Armor)
                });
            }
            Inside::Not
        }
    }
}

/// Appends what stands of a block before its END in the lines of a page that begins behind its BEGIN:
/// the number of the line, and the span.
pub(crate) fn tails(lines: &[&[u8]], spans: &mut Vec<(usize, Span)>) {
    for (n, line) in lines.iter().enumerate() {
        let ends = find_in(line, 0, b"-----end ").is_some_and(|i| {
            is_private(from(line, i)) && find_in(line, 0, b"-----begin ").is_none()
        });
        if !ends {
            continue;
        }
        for (above, line) in lines.iter().enumerate().take(n).rev() {
            let (start, end) = content(line);
            let text = cut(line, start, end);
            if !is_material(text) || text.len() < 4 {
                break;
            }
            spans.push((above, Span::new(start, end, RULE, Class::Key).in_cell()));
        }
    }
}

/// Appends the lines of a page that stand next to lines of a key, as `page` (what was found in each line)
/// says, and look like more of it: a page that shows the middle of a key shows neither its BEGIN nor its
/// END.
pub(crate) fn neighbours(lines: &[&[u8]], page: &[Vec<Span>], spans: &mut Vec<(usize, Span)>) {
    let material = |n: usize| {
        let line = lines.get(n)?;
        let (start, end) = content(line);
        let text = cut(line, start, end);
        (text.len() >= BODY_MIN && is_material(text)).then_some((start, end))
    };
    let covered = |n: usize| {
        let (start, end) = material(n)?;
        let spans = page.get(n)?.iter();
        let mut key = spans.filter(|s| s.rule == RULE && s.start <= start && s.end >= end);
        key.next()
    };
    let known: Vec<usize> = (0..lines.len()).filter(|n| covered(*n).is_some()).collect();
    for n in known {
        let mut reach = |range: &mut dyn Iterator<Item = usize>| {
            for n in range {
                match material(n) {
                    Some((start, end)) if covered(n).is_none() => {
                        spans.push((n, Span::new(start, end, RULE, Class::Key).in_cell()));
                    }
                    _ => break,
                }
            }
        };
        reach(&mut (0..n).rev());
        reach(&mut (n + 1..lines.len()));
    }
}

/// What a line is to an open block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// It belongs to it, and more may come.
    Open(Block),
    /// It ends it.
    Closed,
    /// It is no part of it: the block was cut short.
    Not,
}

/// Masks `line[start..end]` without blanks, escapes and quotes around it.
fn mask_body(line: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let (mut start, mut end) = trim(line, start, end);
    loop {
        match at(line, start) {
            b'\\' if matches!(at(line, start + 1), b'n' | b'r') => start += 2,
            b'\\' | b' ' | b'"' | b'\'' | b'+' if start < end => start += 1,
            _ => break,
        }
    }
    loop {
        // The side of a box.
        if cut(line, start, end).ends_with("│".as_bytes()) {
            end -= "│".len();
        } else if end > start
            && matches!(at(line, end - 1), b'\\' | b' ' | b'"' | b'\'' | b'|' | b',')
        {
            end -= 1;
        } else {
            break;
        }
    }
    push(start, end, spans);
}

fn push(start: usize, end: usize, spans: &mut Vec<Span>) {
    if start < end {
        spans.push(Span::new(start, end, RULE, Class::Key).in_cell());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with key material replaced by `#`, and whether a block is left open.
    fn run(text: &str) -> (String, bool) {
        let mut block = None;
        let mut out = Vec::new();
        for line in text.lines() {
            let bytes = line.as_bytes();
            let mut spans = Vec::new();
            let state = block.map(|b| inside(b, bytes, &mut spans));
            block = match state {
                Some(Inside::Open(next)) => Some(next),
                Some(Inside::Closed) => None,
                Some(Inside::Not) | None => open(bytes, &mut spans),
            };
            let mut line = line.to_owned();
            for span in spans.iter().rev() {
                line.replace_range(span.start..span.end, "#");
            }
            out.push(line);
        }
        (out.join("\n"), block.is_some())
    }

    const BODY: &str = "MC4CAQAwBQYDK2VwBCIEIPJighSsSsf5C8M9dEpZgT1i0R4IWgIBsmVIe30szr9x";

    #[test]
    fn blocks_are_masked_however_they_are_wrapped() {
        for (lead, tail) in [
            ("", ""),
            ("> ", ""),
            ("    ", ""),
            ("    | ", "+"),
            ("# ", ""),
            ("\"", "\\n\" +"),
            ("+ ", ""),
            ("certs/a.pem:12:", ""),
            ("certs/a.pem-12-", ""),
            ("a.pem:", ""),
        ] {
            let text = format!(
                "{lead}-----BEGIN RSA PRIVATE KEY-----{tail}\n{lead}{BODY}{tail}\n{lead}-----END RSA PRIVATE KEY-----{tail}\n$ ls"
            );
            let (masked, open) = run(&text);
            assert!(!masked.contains(&BODY[..12]) && !open, "{masked}");
            assert!(
                masked.contains("END RSA") && masked.ends_with("$ ls"),
                "{masked}"
            );
        }
    }

    #[test]
    fn lines_bear_what_stands_before_begin_and_a_pager_stops_between_them() {
        for leads in [
            ["2026-03-04 08:15:59 [info] ", "2026-03-04 08:16:00 [info] "],
            ["#7 9.98 + ", "#7 10.02 + "],
            ["web-1  | 08:15:59 out: ", "web-1  | 08:16:00 out: "],
            ["[pod/api-0/init] ", "[pod/api-0/init] "],
            ["  stdout F ", "  stdout F "],
        ] {
            let [first, other] = leads;
            let text = format!(
                "{first}-----BEGIN PRIVATE KEY-----\n{other}{BODY}\n{other}{BODY}\n{other}Zm9v\n{other}-----END PRIVATE KEY-----\n{other}done"
            );
            let (masked, open) = run(&text);
            assert_eq!(
                masked,
                format!(
                    "{first}-----BEGIN PRIVATE KEY-----\n{other}#\n{other}#\n{other}#\n{other}-----END PRIVATE KEY-----\n{other}done"
                )
            );
            assert!(!open, "{masked}");
        }
        for pager in [
            "--More--(31%)",
            "--More--",
            ":",
            "<--- More --->",
            "lines 1-23",
        ] {
            let text = format!("-----BEGIN PRIVATE KEY-----\n{BODY}\n{pager}\n{BODY}\n");
            let masked = run(&text).0;
            assert!(!masked.contains(&BODY[..12]), "{masked}");
        }
    }

    #[test]
    fn a_block_cut_short_ends_at_the_first_line_that_is_none() {
        let (masked, open) = run(&format!(
            "-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY}\nuser@db1:~$ ls\n{BODY}"
        ));
        assert_eq!(
            masked,
            format!("-----BEGIN PRIVATE KEY-----\n#\n#\nuser@db1:~$ ls\n{BODY}")
        );
        assert!(!open);
    }

    #[test]
    fn a_block_on_one_line_and_public_ones() {
        let json = format!(
            "{{\"k\":\"-----BEGIN PRIVATE KEY-----\\n{BODY}\\n-----END PRIVATE KEY-----\\n\",\"x\":1}}"
        );
        let (masked, open) = run(&json);
        assert!(
            masked.contains("-----BEGIN PRIVATE KEY-----\\n#\\n-----END")
                || masked.contains("-----BEGIN PRIVATE KEY-----\\n#-----END"),
            "{masked}"
        );
        assert!(masked.ends_with("\"x\":1}") && !open);
        let public = format!("-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----");
        assert_eq!(run(&public).0, public);
    }

    #[test]
    fn an_openssh_key_is_known_without_its_begin() {
        let text = format!(
            "$ tail -n +2 k\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n{BODY}\n{}==\n-----END OPENSSH PRIVATE KEY-----\n$ ls",
            &BODY[..17]
        );
        let (masked, open) = run(&text);
        assert_eq!(
            masked,
            "$ tail -n +2 k\n#\n#\n#\n-----END OPENSSH PRIVATE KEY-----\n$ ls"
        );
        assert!(!open);
    }

    #[test]
    fn a_key_in_a_box_with_numbers_is_masked() {
        let text = format!(
            "│   1  -----BEGIN PRIVATE KEY-----     │\n│   2  {BODY}  │\n│   3  -----END PRIVATE KEY-----   │"
        );
        assert_eq!(
            run(&text).0,
            "│   1  -----BEGIN PRIVATE KEY-----     │\n│   2  #  │\n│   3  -----END PRIVATE KEY-----   │"
        );
    }

    #[test]
    fn putty_masks_the_private_lines_only() {
        let text = format!(
            "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPublic-Lines: 1\n{BODY}\nPrivate-Lines: 2\n{BODY}\n{BODY}\nPrivate-MAC: ebc1afc9343ff7602d78\n$ "
        );
        assert_eq!(run(&text).0.matches('#').count(), 3);
    }
}
