//! Records of formats in which systems exchange what they know of people: HL7 v2 segments, EDIFACT
//! segments, vCard properties, SWIFT statements, and the machine-readable zone of travel documents.

use super::bytes::{at, before, cut, from};
use super::own::Personal;
use super::span::{Class, Span};

/// Words that wake this layer, as written.
pub(crate) const TRIGGERS: &[&str] = &[
    "PID|", "NK1|", "GT1|", "IN1|", "<<<", "NAD+", "COM+", "CTA+", "FN:", "FN;", "ADR;", "ADR:",
    "BDAY", "TEL;", "TEL:", "EMAIL;", "EMAIL:", ":86:", "?32", "/NAME/",
];

/// Appends the personal data of a record in `line`.
pub(crate) fn find(line: &[u8], spans: &mut Vec<Span>) {
    hl7(line, spans);
    edifact(line, spans);
    statement(line, spans);
    zone(line, spans);
    card(line, spans);
}

/// Fields of a segment by number, and what each holds (HL7 v2.5.1, chapters 3 and 6).
const SEGMENTS: &[(&str, &[(usize, Personal)])] = &[
    (
        "PID",
        &[
            (2, Personal::NationalId),
            (3, Personal::NationalId),
            (4, Personal::NationalId),
            (5, Personal::Name),
            (6, Personal::Name),
            (7, Personal::BirthDate),
            (9, Personal::Name),
            (11, Personal::Address),
            (13, Personal::Phone),
            (14, Personal::Phone),
            (18, Personal::Account),
            (19, Personal::NationalId),
            (20, Personal::NationalId),
        ],
    ),
    (
        "NK1",
        &[
            (2, Personal::Name),
            (4, Personal::Address),
            (5, Personal::Phone),
            (6, Personal::Phone),
        ],
    ),
    (
        "GT1",
        &[
            (3, Personal::Name),
            (5, Personal::Address),
            (6, Personal::Phone),
            (7, Personal::Phone),
            (8, Personal::BirthDate),
            (12, Personal::NationalId),
        ],
    ),
    (
        "IN1",
        &[
            (16, Personal::Name),
            (18, Personal::BirthDate),
            (19, Personal::Address),
            (36, Personal::Other),
            (49, Personal::NationalId),
        ],
    ),
];

fn hl7(line: &[u8], spans: &mut Vec<Span>) {
    for (segment, fields) in SEGMENTS {
        for start in memchr::memmem::find_iter(line, segment.as_bytes()) {
            let lead = before(line, start);
            // Segments end in a carriage return, which a log writes as \r.
            let begins = !lead.is_ascii_alphanumeric() || before(line, start - 1) == b'\\';
            if at(line, start + 3) != b'|' || !begins {
                continue;
            }
            let rest = from(line, start);
            let end = rest
                .windows(2)
                .position(|w| w.first() == Some(&b'\r') || w == b"\\r" || w == b"\\n")
                .unwrap_or(rest.len());
            // The heading of a list has few.
            let fields_there = cut(rest, 0, end).iter().filter(|c| **c == b'|').count();
            if fields_there < 5 {
                continue;
            }
            let mut at_field = start;
            for (number, field) in cut(rest, 0, end).split(|c| *c == b'|').enumerate() {
                let held = fields.iter().find(|(n, _)| *n == number);
                if let Some((_, kind)) = held {
                    mask_field(at_field, field, *kind, spans);
                }
                at_field += field.len() + 1;
            }
        }
    }
}

/// Of an identifier only what stands before the first `^`, in each repetition; of other fields all.
fn mask_field(start: usize, field: &[u8], kind: Personal, spans: &mut Vec<Span>) {
    let mut at_part = start;
    for part in field.split(|c| *c == b'~') {
        let whole = matches!(
            kind,
            Personal::Name | Personal::Address | Personal::BirthDate
        );
        let shown = if whole {
            part.len()
        } else {
            part.iter().position(|c| *c == b'^').unwrap_or(part.len())
        };
        if part
            .iter()
            .take(shown)
            .any(|c| c.is_ascii_alphanumeric() || *c >= 0x80)
        {
            push(at_part, at_part + shown, kind, spans);
        } else if kind == Personal::Phone {
            // The number without its sign stands in later components.
            push(at_part, at_part + part.len(), kind, spans);
        }
        at_part += part.len() + 1;
    }
}

/// Communication numbers, contacts, and the parties' names and streets (UN/EDIFACT D.96A segments COM,
/// CTA and NAD).
fn edifact(line: &[u8], spans: &mut Vec<Span>) {
    for (tag, kind) in [
        (b"COM+", Personal::Phone),
        (b"CTA+", Personal::Name),
        (b"NAD+", Personal::Address),
    ] {
        for start in memchr::memmem::find_iter(line, tag) {
            if super::bytes::is_word(before(line, start)) {
                continue;
            }
            let end = segment_end(line, start);
            if at(line, end) != b'\'' {
                continue;
            }
            let body = cut(line, start + 4, end);
            match kind {
                Personal::Phone => {
                    let colon = memchr::memrchr(b':', body);
                    let told = colon.map(|c| from(body, c + 1));
                    if let (Some(colon), Some(b"EM" | b"TE" | b"FX" | b"AL")) = (colon, told) {
                        push(start + 4, start + 4 + colon, kind, spans);
                    }
                }
                Personal::Name => {
                    if let Some(colon) = memchr::memchr(b':', body) {
                        push(start + 4 + colon + 1, end, kind, spans);
                    }
                }
                _ => {
                    let mut at_part = start + 4;
                    for (n, part) in body.split(|c| *c == b'+').enumerate() {
                        if matches!(n, 3 | 4 | 7) && !part.is_empty() {
                            push(at_part, at_part + part.len(), kind, spans);
                        }
                        at_part += part.len() + 1;
                    }
                }
            }
        }
    }
}

/// Where the segment ends: at an apostrophe that `?` does not release.
fn segment_end(line: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < line.len() && (at(line, end) != b'\'' || before(line, end) == b'?') {
        end += 1;
    }
    end
}

/// Field 86 of a statement (SWIFT MT940; its subfields as the German banks' DFÜ agreement, annex 3, has
/// them): the account and name of the other side.
fn statement(line: &[u8], spans: &mut Vec<Span>) {
    for (tag, kind) in [
        (&b"?31"[..], Personal::Account),
        (b"?32", Personal::Name),
        (b"?33", Personal::Name),
    ] {
        for start in memchr::memmem::find_iter(line, tag) {
            let body = start + 3;
            let end = memchr::memchr(b'?', from(line, body)).map_or(line.len(), |n| body + n);
            // A query string has a name there.
            let plain = line.starts_with(b":86:") || line.starts_with(b"?");
            if plain && end - body >= 2 {
                push(body, end, kind, spans);
            }
        }
    }
    for start in memchr::memmem::find_iter(line, b"/NAME/") {
        let body = start + 6;
        let end = memchr::memchr(b'/', from(line, body)).map_or(line.len(), |n| body + n);
        let said = at(line, end) == b'/' || line.starts_with(b":86:");
        let letters = cut(line, body, end).iter().any(u8::is_ascii_alphabetic);
        if said && letters && cut(line, 0, start).contains(&b'/') {
            push(body, end, Personal::Name, spans);
        }
    }
}

/// A line of a machine-readable zone (ICAO Doc 9303): 44, 36 or 30 characters, filled with `<`.
fn zone(line: &[u8], spans: &mut Vec<Span>) {
    let in_zone = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'<';
    let mut done = 0;
    for fill in memchr::memmem::find_iter(line, b"<<<") {
        if fill < done {
            continue;
        }
        let (mut start, mut end) = (fill, fill);
        while fill - start < 64 && in_zone(before(line, start)) {
            start -= 1;
        }
        while end - fill < 64 && in_zone(at(line, end)) {
            end += 1;
        }
        done = end;
        let text = cut(line, start, end);
        let told = text.iter().filter(|c| **c != b'<').count();
        if matches!(text.len(), 30 | 36 | 44) && told >= 4 {
            push(start, end, Personal::Passport, spans);
        }
    }
}

/// Properties of a vCard (RFC 6350).
fn card(line: &[u8], spans: &mut Vec<Span>) {
    let start = super::bytes::skip_blanks(line, 0);
    let Some(colon) = memchr::memchr(b':', cut(line, start, start + 200)) else {
        return;
    };
    let (head, body) = (cut(line, start, start + colon), start + colon + 1);
    // item1.TEL;TYPE=cell
    let name = head.split(|c| *c == b';').next().unwrap_or_default();
    let name = name.rsplit(|c| *c == b'.').next().unwrap_or_default();
    let end = super::bytes::back_blanks(line, line.len());
    let value = cut(line, body, end);
    let count = |f: fn(&u8) -> bool| value.iter().filter(|c| f(c)).count();
    let digits = count(u8::is_ascii_digit);
    let letter = value
        .first()
        .is_some_and(|c| c.is_ascii_alphabetic() || *c >= 0x80);
    let kind = match name {
        b"TEL" if digits >= 6 && count(u8::is_ascii_alphabetic) <= 6 => Personal::Phone,
        b"EMAIL" if value.contains(&b'@') && !value.contains(&b' ') => Personal::Email,
        b"BDAY" if digits >= 4 => Personal::BirthDate,
        // Coverage reports write `FN:12,main`.
        b"FN" if letter && digits == 0 && !value.contains(&b',') => Personal::Name,
        b"N" if letter && value.contains(&b';') && digits == 0 => Personal::Name,
        b"ADR" if count(|c| *c == b';') >= 4 => Personal::Address,
        _ => return,
    };
    push(body, end, kind, spans);
}

fn push(start: usize, end: usize, kind: Personal, spans: &mut Vec<Span>) {
    if start < end {
        spans.push(Span::new(start, end, kind.column(), Class::Personal).in_cell());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        find(line.as_bytes(), &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn records_give_up_what_they_hold_of_people() {
        for (line, values) in [
            (
                "PID|1||9963826385^^^NHS^NH||CASE^TEST||19610214|M|||1 High St^^Leeds||+15125550847^PRN^CP",
                vec![
                    "9963826385",
                    "CASE^TEST",
                    "19610214",
                    "1 High St^^Leeds",
                    "+15125550847",
                ],
            ),
            (
                "got MSH|^~\\&|A\\rNK1|1|KERN^ANNA|SPO||0171 2233445|\\rPV1|1",
                vec!["KERN^ANNA", "0171 2233445"],
            ),
            (
                "COM+u.brandt@nord.example:EM'COM++494087443120:TE'",
                vec!["u.brandt@nord.example", "+494087443120"],
            ),
            ("CTA+IC+:Frau Brandt'", vec!["Frau Brandt"]),
            (
                "NAD+BY+118::9++Kern Anna+Hauptstr 5+Linz++4020+AT'",
                vec!["Kern Anna", "Hauptstr 5", "4020"],
            ),
            (":86:166?00GUTSCHRIFT?32KERN ANNA?34000", vec!["KERN ANNA"]),
            (":86:/TRTP/SEPA/NAME/A KERN/REMI/x", vec!["A KERN"]),
            (
                "EH48271939POL8402149F3101126<<<<<<<<<<<<<<<2",
                vec!["EH48271939POL8402149F3101126<<<<<<<<<<<<<<<2"],
            ),
            (
                "KOWALSKA<<EWA<<<<<<<<<<<<<<<<<",
                vec!["KOWALSKA<<EWA<<<<<<<<<<<<<<<<<"],
            ),
            ("N:Keller;Beat;;Dr.;", vec!["Keller;Beat;;Dr.;"]),
            (
                "item1.EMAIL;TYPE=work:b.k@bluewin.example",
                vec!["b.k@bluewin.example"],
            ),
            (
                "ADR;TYPE=home:;;Gasse 4;Chur;;7000;CH",
                vec![";;Gasse 4;Chur;;7000;CH"],
            ),
        ] {
            assert_eq!(found(line), values, "{line}");
        }
    }

    #[test]
    fn other_lines_stay() {
        for line in [
            "<<<<<<< HEAD",
            "FN:12,main",
            "FN: 3",
            "N: 12;14",
            "PID|USER|COMMAND",
            "TEL: see below",
            "https://h/p?32=x",
            "GET /NAME/x",
            "  PID   1 <<< \"$x\"",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
