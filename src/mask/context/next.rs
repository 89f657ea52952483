//! A name at the end of a line whose value stands alone in the next one: JSON and XML that were wrapped, a
//! here-document, the words of a command as a list.

use crate::mask::bytes::{at, cut, is_word};
use crate::mask::names::{Strength, judge};
use crate::mask::standin::is_placeholder;

/// Whether the line after `text`, which has no blanks behind it, is a secret's value.
pub(super) fn opens(text: &[u8]) -> bool {
    let secret = |name: &[u8]| judge(name).is_some_and(|named| named.strength > Strength::Weak);
    // "password":
    if let Some(key) = text.strip_suffix(b"\":") {
        return last_after(key, b'"').is_some_and(secret);
    }
    // <password>, <ns:Password type="x">
    let tag = text.trim_ascii_start();
    if let Some(tag) = tag
        .strip_prefix(b"<")
        .and_then(|tag| tag.strip_suffix(b">"))
    {
        let name = cut(
            tag,
            0,
            tag.iter().position(|c| *c == b' ').unwrap_or(tag.len()),
        );
        let name = last_after(name, b':').unwrap_or(name);
        return words_of(name) == name.len() && !name.starts_with(b"your") && secret(name);
    }
    // password = <<EOT
    if let Some(place) = memchr::memmem::rfind(text, b"<<") {
        let mark = cut(text, place + 2, text.len());
        let mark = mark.strip_prefix(b"-").unwrap_or(mark);
        let lead = cut(text, 0, place).trim_ascii_end();
        let Some(lead) = lead.strip_suffix(b"=") else {
            return false;
        };
        let lead = lead.trim_ascii_end();
        let name = lead.iter().rev().take_while(|c| is_word(**c)).count();
        let named = words_of(mark) == mark.len() && at(mark, 0).is_ascii_uppercase();
        return named && secret(cut(lead, lead.len() - name, lead.len()));
    }
    // - --password
    let (start, end) = item(text);
    let option = cut(text, start, end);
    option.starts_with(b"--")
        && words_of(cut(option, 2, option.len())) + 2 == option.len()
        && secret(cut(option, 2, option.len()))
}

/// The value in `line`, if it stands there alone.
pub(super) fn value(line: &[u8]) -> Option<(usize, usize)> {
    let (start, end) = item(line);
    let text = cut(line, start, end);
    let quoted = matches!(at(line, start.wrapping_sub(1)), b'"' | b'\'');
    // EOT, when nothing stands in the document
    let mark = text.len() < 4 && text.iter().all(u8::is_ascii_uppercase);
    let other = mark || b"<{[$-".contains(&at(text, 0)) || text.ends_with(b":");
    let alone = quoted || !other && !text.iter().any(|c| matches!(c, b' ' | b'\t'));
    (text.len() >= 3 && alone && !is_placeholder(text)).then_some((start, end))
}

/// Where the item of a list stands in `line`, without its dash, quotes and comma.
fn item(line: &[u8]) -> (usize, usize) {
    let mut start = line.len() - line.trim_ascii_start().len();
    let mut end = line.trim_ascii_end().len().max(start);
    if cut(line, start, start + 2) == b"- " {
        start += 2;
    }
    let quote = at(line, start);
    if matches!(quote, b'"' | b'\'')
        && let Some(closing) = memchr::memrchr(quote, cut(line, start + 1, end))
    {
        return (start + 1, start + 1 + closing);
    }
    end -= usize::from(end > start && at(line, end - 1) == b',');
    (start, end)
}

fn last_after(text: &[u8], sign: u8) -> Option<&[u8]> {
    memchr::memrchr(sign, text).map(|place| cut(text, place + 1, text.len()))
}

/// How many bytes of a name `text` begins with.
fn words_of(text: &[u8]) -> usize {
    let part = |c: &&u8| is_word(**c) || matches!(**c, b'-' | b'.');
    text.iter().take_while(part).count()
}

#[cfg(test)]
mod tests {
    use crate::mask::cases_tests::found;

    #[test]
    fn a_value_stands_below_its_name() {
        for (text, secret) in [
            (
                "{\"user\": \"a\", \"password\":\n   \"Zimt#Anis 9\"}",
                "Zimt#Anis 9",
            ),
            ("\"db_password\":\n   \"Zimt#Anis 9\",", "Zimt#Anis 9"),
            ("<password>\n  Zimt#Anis9\n</password>", "Zimt#Anis9"),
            (
                "<ns:Password type=\"x\">\nZimt#Anis9\n</ns:Password>",
                "Zimt#Anis9",
            ),
            ("password = <<EOT\nZimt#Anis9\nEOT", "Zimt#Anis9"),
            (
                "  db_password = <<-EOT\n    Zimt#Anis9\n  EOT",
                "Zimt#Anis9",
            ),
            (
                "args:\n  - --requirepass\n  - Zimt#Anis9\n  - --appendonly",
                "Zimt#Anis9",
            ),
            (
                "[\n \"--user\",\n \"a\",\n \"--password\",\n \"Zimt#Anis9\",\n \"-v\"\n]",
                "Zimt#Anis9",
            ),
        ] {
            assert_eq!(found(text), [secret], "{text}");
        }
    }

    #[test]
    fn what_is_no_value_stays() {
        for text in [
            "\"password\":\n  { \"min\": 8 }",
            "\"password\":\n  null,",
            "<password>\n  <minimum>8</minimum>\n</password>",
            "  - --password\n  - --verbose",
            "  - --password\n  - $(PASSWORD)",
            "  --password\n      Ask for the password",
            "token = <<EOT\nEOT",
            "\"users\":\n  \"ann\"",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
