//! Personal data under the keys of JSON, in the elements of XML, and behind the labels of a form,
//! which are names as those of columns are.

use super::looks::like;
use super::names::{Judge, beside, words};
use super::{rule_of, wanted};
use crate::mask::assign::closing;
use crate::mask::bytes::{at, cut, skip_blanks, trim};
use crate::mask::names::Named;
use crate::mask::own::Personal;
use crate::mask::span::{Class, Span};

/// No key is longer.
const KEY_MAX: usize = 64;
/// More pairs of a line are not looked at.
const PAIRS_MAX: usize = 2000;

/// What stands under a key: where, and whether in quotes.
struct Value {
    start: usize,
    end: usize,
    quoted: bool,
}

/// Appends the values of `"firstName": "x"` and its kin, and of `<firstName>x</firstName>`.
pub(super) fn pairs(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    json(line, judge, spans);
    xml(line, judge, spans);
}

fn json(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    let (mut keys, mut values, mut named) = (Vec::new(), Vec::new(), Vec::new());
    for middle in memchr::memmem::find_iter(line, b"\":").take(PAIRS_MAX) {
        // In a string of its own the quotes are escaped.
        let escaped = at(line, middle.wrapping_sub(1)) == b'\\';
        let last = middle - usize::from(escaped);
        let window = cut(line, last.saturating_sub(KEY_MAX), last);
        let Some(open) = window.iter().rposition(|c| *c == b'"') else {
            continue;
        };
        let key = cut(window, open + 1, window.len());
        let from = skip_blanks(line, middle + 2);
        let from = from + usize::from(escaped && at(line, from) == b'\\');
        let quoted = at(line, from) == b'"';
        let (start, end) = if quoted {
            let close = if escaped {
                let rest = cut(line, from + 1, line.len());
                memchr::memmem::find(rest, b"\\\"").map_or(from + 1, |n| from + 1 + n)
            } else {
                closing(line, from + 1, b'"', 0)
            };
            (from + 1, close)
        } else {
            let number = |c: &u8| c.is_ascii_digit() || *c == b'+';
            let len = cut(line, from, from + 32)
                .iter()
                .take_while(|c| number(c))
                .count();
            (from, from + len)
        };
        let list = at(line, from) == b'[' && at(line, skip_blanks(line, from + 1)) == b'"';
        if start >= end && !list {
            continue;
        }
        let own = judge
            .column(key)
            .filter(|named| named.class == Class::Personal);
        keys.push(key);
        named.push(own);
        values.push(Value {
            start: if list { from } else { start },
            end: if list { from } else { end },
            quoted,
        });
    }
    beside(&mut named, &keys);
    let fhir = keys.iter().any(|key| *key == b"family")
        && keys
            .iter()
            .any(|key| matches!(*key, b"given" | b"use" | b"resourceType"));
    for ((key, named), value) in keys.iter().zip(&named).zip(&values) {
        let kin = fhir && matches!(*key, b"family" | b"given")
            || matches!(*key, b"line") && memchr::memmem::find(line, b"\"postalCode\"").is_some();
        let named = if kin {
            let kind = if *key == b"line" {
                Personal::Address
            } else {
                Personal::Name
            };
            Some(Named::personal(kind))
        } else if *key == b"value" {
            system(cut(line, value.start.saturating_sub(160), value.start))
        } else {
            *named
        };
        let Some(named) = named else { continue };
        if value.start == value.end {
            strings(line, value.start, named, spans);
            continue;
        }
        let text = cut(line, value.start, value.end);
        let fits = value.quoted || like(text, named.kind);
        if fits && wanted(text, named) && says(text, key, named) {
            push(value.start, value.end, named, spans);
        }
    }
}

/// Of FHIR: what the value is that stands behind `"system":"phone"` or the address of a register of
/// persons (hl7.org/fhir, datatypes ContactPoint and Identifier).
fn system(lead: &[u8]) -> Option<Named> {
    let open = memchr::memmem::rfind(lead, b"\"system\"")?;
    let rest = cut(lead, open + 8, lead.len());
    let from = memchr::memchr(b'"', rest)? + 1;
    let end = from + memchr::memchr(b'"', cut(rest, from, rest.len()))?;
    let system = cut(rest, from, end);
    // Not that of an object before this one.
    if memchr::memchr2(b'}', b'{', cut(rest, end, rest.len())).is_some() {
        return None;
    }
    let ends = |names: &[&str]| names.iter().any(|name| system.ends_with(name.as_bytes()));
    if ends(&["phone", "sms", "fax"]) {
        return Some(Named::personal(Personal::Phone));
    }
    let person = ends(&[
        "us-ssn",
        "nhs-number",
        "bsn",
        "us-medicare",
        "us-mbi",
        "kvid-10",
        "svnr",
        "ahv",
        "NNx",
        "passport-USA",
        "/ins-nir",
        "/nir",
        "cpf",
        "/cns",
        "dni",
        "curp",
        "rut",
        "codiceFiscale",
        "nin",
        "patient-mrn",
    ]);
    person.then(|| Named::personal(Personal::NationalId))
}

/// The strings of the list that opens at `open`.
fn strings(line: &[u8], open: usize, named: Named, spans: &mut Vec<Span>) {
    let mut i = open + 1;
    for _ in 0..16 {
        i = skip_blanks(line, i);
        if at(line, i) != b'"' {
            return;
        }
        let end = closing(line, i + 1, b'"', 0);
        if i + 1 < end {
            push(i + 1, end, named, spans);
        }
        i = skip_blanks(line, end + 1);
        if at(line, i) != b',' {
            return;
        }
        i += 1;
    }
}

/// Whether a value under a key of a document can be what the key says: documents use the words for
/// machines, types and translations too.
fn says(text: &[u8], key: &[u8], named: Named) -> bool {
    let same = || words(text).concat() == words(key).concat();
    match named.kind {
        // `"address": "10.0.0.1:80"`, `"unix:///run/x"`
        Personal::Address => {
            let numeric = text
                .iter()
                .all(|c| c.is_ascii_digit() || matches!(c, b'-' | b' '));
            let short = text.len() <= 10
                && text.iter().any(u8::is_ascii_digit)
                && text.iter().all(|c| {
                    c.is_ascii_digit() || c.is_ascii_uppercase() || matches!(c, b'-' | b' ')
                });
            let place = beside_only(key)
                && text
                    .first()
                    .is_some_and(|c| c.is_ascii_uppercase() || *c >= 0x80);
            like(text, Personal::Address)
                || numeric && text.len() >= 4
                || short && text.len() >= 4
                || place
        }
        Personal::Name | Personal::BirthDate => !same() && text.len() >= 2,
        // Too many documents use these words of other things.
        Personal::Other => false,
        Personal::Phone | Personal::Passport | Personal::NationalId => {
            text.iter().filter(|c| c.is_ascii_digit()).count() >= 4 && !same()
        }
        Personal::Card | Personal::Account => {
            text.iter().filter(|c| c.is_ascii_digit()).count() >= 3
        }
        // Addresses are found by their shape.
        Personal::Email => text.contains(&b'@'),
    }
}

/// Whether a key says no more than that a place follows.
fn beside_only(key: &[u8]) -> bool {
    super::names::listed(key).is_none()
}

/// `<telefono>612 345 078</telefono>`
fn xml(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    for close in memchr::memmem::find_iter(line, b"</").take(PAIRS_MAX) {
        let tail = cut(line, close + 2, close + 2 + KEY_MAX);
        let Some(len) = memchr::memchr(b'>', tail) else {
            continue;
        };
        let key = cut(tail, 0, len);
        let Some(open) = cut(line, 0, close).iter().rposition(|c| *c == b'>') else {
            continue;
        };
        let value = cut(line, open + 1, close);
        let Some(begin) = cut(line, 0, open).iter().rposition(|c| *c == b'<') else {
            continue;
        };
        let head = cut(line, begin + 1, open);
        if value.is_empty() || !head.starts_with(key) || matches!(at(head, key.len()), b'/' | b'-')
        {
            continue;
        }
        // mysql names a column in an attribute, `<field name="full_name">`. Elsewhere without its name space.
        let named = head.strip_prefix(b"field name=\"");
        let named = named.and_then(|name| name.split(|c| *c == b'"').next());
        let name = named
            .or_else(|| key.rsplit(|c| *c == b':').next())
            .unwrap_or_default();
        if let Some(named) = judge.column(name)
            && named.class == Class::Personal
            && wanted(value, named)
            && says(value, name, named)
            && !matches!(at(value, 0), b'$' | b'{' | b'%' | b'&')
        {
            push(open + 1, close, named, spans);
        }
    }
}

/// `Teléfono móvil: 612 345 078` and its kin, at the start of a line: forms, LDIF, YAML. What stands behind
/// must look like what the label says.
pub(super) fn labelled(line: &[u8], judge: &Judge, spans: &mut Vec<Span>) {
    let (start, _) = trim(line, 0, line.len());
    let mut start = start;
    while matches!(at(line, start), b'-' | b'*' | b'>' | b' ') {
        start += 1;
    }
    let Some(colon) = cut(line, start, start + KEY_MAX)
        .iter()
        .position(|c| *c == b':')
    else {
        return;
    };
    let key = cut(line, start, start + colon);
    let mut from = start + colon + 1;
    // LDIF writes two before base64.
    from += usize::from(at(line, from) == b':');
    let value = skip_blanks(line, from);
    let plain = |c: &u8| c.is_ascii_alphanumeric() || *c >= 0x80 || b" _-.'".contains(c);
    let spoken = key.iter().filter(|c| **c == b' ').count() > 3;
    if value == from || spoken || key.is_empty() || !key.iter().all(plain) {
        return;
    }
    let (_, mut end) = trim(line, value, line.len());
    let mut value = value;
    if matches!(at(line, value), b'"' | b'\'')
        && end > value + 1
        && at(line, end - 1) == at(line, value)
    {
        value += 1;
        end -= 1;
    }
    let Some(named) = judge
        .column(key)
        .filter(|named| named.class == Class::Personal)
    else {
        return;
    };
    let text = cut(line, value, end);
    let joined = words(key).concat();
    // Machines have addresses too, and code has fields of that name.
    let machine = named.kind == Personal::Address
        && (joined.ends_with(b"address")
            || joined.ends_with(b"addr")
            || !text.iter().all(plain_place));
    // Mail is found by its shape.
    if machine || named.kind == Personal::Email {
        return;
    }
    let same = words(text).concat() == joined;
    if !same && !is_schema(text) && like(text, named.kind) && wanted(text, named) {
        push(value, end, named, spans);
    }
}

/// What a street, a place or a postal code is written with.
fn plain_place(c: &u8) -> bool {
    c.is_ascii_alphanumeric() || *c >= 0x80 || b" -.,/'".contains(c)
}

/// `String`, `Optional`, `VARCHAR`: the type of a field, and what messages say of one.
fn is_schema(text: &[u8]) -> bool {
    const TYPES: &str = "
        string str text char varchar integer int number date datetime timestamp boolean bool optional required unknown null none
        nil any object array list invalid missing empty unique true false yes no new the please enter charfield email phone
        first last name surname vorname nachname nombre apellido apellidos prenom";
    let first = text
        .split(|c| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    let first = first.to_ascii_lowercase();
    TYPES
        .split_ascii_whitespace()
        .any(|word| word.as_bytes() == first)
}

fn push(start: usize, end: usize, named: Named, spans: &mut Vec<Span>) {
    spans.push(Span::new(start, end, rule_of(named), named.class).in_cell());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::columns::RECS_OWN;

    fn found(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        pairs(line.as_bytes(), &RECS_OWN, &mut spans);
        labelled(line.as_bytes(), &RECS_OWN, &mut spans);
        spans.iter().map(|s| &line[s.start..s.end]).collect()
    }

    #[test]
    fn what_keys_elements_and_labels_name_is_found() {
        for (line, values) in [
            (
                r#"{"adresse":"18 bis rue des Tilleuls","code_postal":"35700","pays":"FR"}"#,
                vec!["18 bis rue des Tilleuls", "35700"],
            ),
            (
                r#"{"street":"Hauptstr. 4","zip":"50667","city":"Köln","id":3}"#,
                vec!["Hauptstr. 4", "50667", "Köln"],
            ),
            (
                r#"{"dni":"12345678Z","telefono_movil":612345078}"#,
                vec!["12345678Z", "612345078"],
            ),
            (r#"{\"nachname\":\"Kern\",\"x\":1}"#, vec!["Kern"]),
            (
                r#"{"family":"Chalmers","given":["Peter","J"],"use":"x"}"#,
                vec!["Chalmers", "Peter", "J"],
            ),
            (
                r#"{"system":"phone","value":"03 5555 6473"}"#,
                vec!["03 5555 6473"],
            ),
            (
                r#"{"system":"http://hl7.org/fhir/sid/us-ssn","value":"444222222"}"#,
                vec!["444222222"],
            ),
            ("<p:telefono>612 345 078</p:telefono>", vec!["612 345 078"]),
            (
                "\t<field name=\"full_name\">Goran Moreau</field>",
                vec!["Goran Moreau"],
            ),
            ("Teléfono móvil: 612 345 078", vec!["612 345 078"]),
            ("sn: Svoboda", vec![]),
            ("givenName: Petra", vec!["Petra"]),
            ("  - nachname: 'Kern'", vec!["Kern"]),
        ] {
            assert_eq!(found(line), values, "{line}");
        }
    }

    #[test]
    fn machines_types_and_translations_stay() {
        for line in [
            r#"{"address":"10.0.0.1:80","city":"x"}"#,
            r#"{"address":"unix:///run/x.sock"}"#,
            r#"{"lastName":"lastName","phone":true,"street":null}"#,
            r#"{"system":"http://loinc.org","value":"8867-4"}"#,
            "firstName: String",
            "phone: varchar(20)",
            "Address: 10.0.0.1#53",
            "<surname>${name}</surname>",
            "street: main",
            "cap: 10",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }
}
