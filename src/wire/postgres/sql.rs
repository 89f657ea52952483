//! The few SQL statements that manage prepared ones, found in a text.
//!
//! PREPARE, EXECUTE and DEALLOCATE share their names with the protocol's own prepared statements.

use std::borrow::Cow;

/// A statement that has to do with prepared statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Managing<'a> {
    /// PREPARE name AS text.
    Prepare(Cow<'a, str>, &'a str),
    /// EXECUTE name.
    Execute(Cow<'a, str>),
    /// DEALLOCATE name.
    Deallocate(Cow<'a, str>),
    /// DEALLOCATE ALL or DISCARD ALL.
    All,
}

/// Whether [`managing`] may find anything. Looks at little of the text.
pub(super) fn may_manage(text: &str) -> bool {
    let inner = text.trim_end().trim_end_matches(';');
    memchr::memchr(b';', inner.as_bytes()).is_some() || Words::new(text, true).managing().is_some()
}

/// For each statement of `text` that is not empty, what it manages, if anything.
pub(super) fn managing(text: &str, standard: bool) -> Vec<Option<Managing<'_>>> {
    statements(text, standard)
        .map(|statement| Words::new(statement, standard).managing())
        .collect()
}

/// The columns that the COPY `text` begins with lists, if it is one.
pub(super) fn copied(text: &str, standard: bool) -> Vec<String> {
    let mut words = Words::new(text, standard);
    let mut names = Vec::new();
    let is = |word: Option<&str>, other| word.is_some_and(|word| word.eq_ignore_ascii_case(other));
    if !is(words.word(), "copy") {
        return names;
    }
    // Names, dots, and the word BINARY of older servers stand before the list.
    let mut before = 0;
    loop {
        match words.word() {
            Some("(") if before > 0 => break,
            Some(word) if word != "(" && !is(Some(word), "from") && !is(Some(word), "to") => {
                before += 1;
            }
            _ => return names,
        }
    }
    loop {
        match words.word() {
            Some(")") => return names,
            Some(",") => {}
            Some(word) => names.extend(name(word).map(Cow::into_owned)),
            None => return Vec::new(),
        }
    }
}

/// The statements of `text`, without those that are empty.
fn statements(text: &str, standard: bool) -> impl Iterator<Item = &str> {
    let mut words = Words::new(text, standard);
    std::iter::from_fn(move || {
        let start = words.space();
        if start >= text.len() {
            return None;
        }
        let mut depth = 0_usize;
        loop {
            let at = words.space();
            match words.word() {
                None => return text.get(start..),
                Some("(" | "[") => depth += 1,
                Some(")" | "]") => depth = depth.saturating_sub(1),
                Some(";") if depth == 0 => return text.get(start..at),
                Some(_) => {}
            }
        }
    })
    .filter(|statement| !statement.is_empty())
}

/// A text read word by word. A quoted string, a number or a sign is a word too.
struct Words<'a> {
    text: &'a str,
    at: usize,
    /// A backslash in a plain string is just that (standard_conforming_strings).
    standard: bool,
}

impl<'a> Words<'a> {
    fn new(text: &'a str, standard: bool) -> Self {
        Words {
            text,
            at: 0,
            standard,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over white space and comments; gives where it stands.
    fn space(&mut self) -> usize {
        loop {
            let rest = self.rest();
            let trimmed =
                rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.at += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at += comment(trimmed);
            } else {
                return self.at;
            }
        }
    }

    /// The next word.
    fn word(&mut self) -> Option<&'a str> {
        self.space();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let length = match first {
            '"' => quoted(rest, 1, '"', false),
            '\'' => quoted(rest, 1, '\'', !self.standard),
            'e' | 'E' if rest.get(1..2) == Some("'") => quoted(rest, 2, '\'', true),
            'b' | 'B' | 'x' | 'X' | 'n' | 'N' if rest.get(1..2) == Some("'") => {
                quoted(rest, 2, '\'', false)
            }
            '$' => dollar(rest).unwrap_or(1),
            c if starts_word(c) || c.is_ascii_digit() => {
                rest.find(|c| !continues_word(c)).unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        self.at += length;
        rest.get(..length)
    }

    fn managing(mut self) -> Option<Managing<'a>> {
        let word = self.word()?;
        let is = |other| word.eq_ignore_ascii_case(other);
        if is("prepare") {
            let name = name(self.word()?)?;
            let mut depth = 0_usize;
            loop {
                match self.word()? {
                    "(" => depth += 1,
                    ")" => depth = depth.saturating_sub(1),
                    word if depth == 0 => {
                        // PREPARE TRANSACTION 'id' is another thing.
                        word.eq_ignore_ascii_case("as").then_some(())?;
                        self.space();
                        return Some(Managing::Prepare(name, self.rest().trim_end()));
                    }
                    _ => {}
                }
            }
        } else if is("execute") {
            name(self.word()?).map(Managing::Execute)
        } else if is("deallocate") {
            let mut word = self.word()?;
            if word.eq_ignore_ascii_case("prepare") {
                word = self.word()?;
            }
            match word.eq_ignore_ascii_case("all") {
                true => Some(Managing::All),
                false => name(word).map(Managing::Deallocate),
            }
        } else if is("discard") {
            self.word()?
                .eq_ignore_ascii_case("all")
                .then_some(Managing::All)
        } else {
            None
        }
    }
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn continues_word(c: char) -> bool {
    starts_word(c) || c.is_ascii_digit() || c == '$'
}

/// An identifier's meaning: unquoted ones are folded.
fn name(word: &str) -> Option<Cow<'_, str>> {
    if let Some(inner) = word.strip_prefix('"') {
        let inner = inner.strip_suffix('"')?;
        return Some(match inner.contains('"') {
            true => Cow::Owned(inner.replace("\"\"", "\"")),
            false => Cow::Borrowed(inner),
        });
    }
    word.starts_with(starts_word).then_some(())?;
    Some(match word.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(word.to_ascii_lowercase()),
        false => Cow::Borrowed(word),
    })
}

/// The length of a block comment; they nest.
fn comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth = depth.saturating_sub(1),
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of what is quoted by `quote`, which stands doubled or behind a backslash inside.
fn quoted(text: &str, start: usize, quote: char, backslash: bool) -> usize {
    let mut chars = text.char_indices().skip_while(|(at, _)| *at < start);
    while let Some((at, c)) = chars.next() {
        if backslash && c == '\\' {
            chars.next();
        } else if c == quote {
            if text
                .get(at + 1..)
                .is_some_and(|rest| rest.starts_with(quote))
            {
                chars.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}

/// The length of a dollar-quoted string.
fn dollar(text: &str) -> Option<usize> {
    let tag = text.get(1..)?;
    let end = tag.find('$')?;
    let name = tag.get(..end)?;
    let plain = name.is_empty()
        || (name.starts_with(starts_word) && name.chars().all(|c| continues_word(c) && c != '$'));
    plain.then_some(())?;
    let delimiter = text.get(..end + 2)?;
    let inner = text.get(end + 2..)?;
    let close = memchr::memmem::find(inner.as_bytes(), delimiter.as_bytes());
    Some(close.map_or(text.len(), |close| close + 2 * delimiter.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_manage_prepared_ones_are_found() {
        use Managing::*;
        let cases: &[(&str, &[Option<Managing<'_>>])] = &[
            ("select 1", &[None]),
            (
                "prepare q(int, numeric(3,2)) as select $1;",
                &[Some(Prepare("q".into(), "select $1"))],
            ),
            (
                " -- x\n/* a /* b */ */PREPARE \"Q\"\"1\" AS select ';' ; EXECUTE Q1(3)",
                &[
                    Some(Prepare("Q\"1".into(), "select ';'")),
                    Some(Execute("q1".into())),
                ],
            ),
            ("deallocate prepare a;;", &[Some(Deallocate("a".into()))]),
            ("DEALLOCATE ALL", &[Some(All)]),
            ("discard all; discard plans", &[Some(All), None]),
            ("prepare transaction 'x'", &[None]),
            (
                "select $a$;$a$, E'\\';', \";\" ; execute b",
                &[None, Some(Execute("b".into()))],
            ),
            (
                "create rule r as on insert to t do (a; b); select 1",
                &[None, None],
            ),
            ("", &[]),
            (" ; ; ", &[]),
        ];
        for (text, found) in cases {
            assert_eq!(&managing(text, true), found, "{text}");
            assert!(
                may_manage(text) || found.iter().all(Option::is_none),
                "{text}"
            );
        }
    }

    #[test]
    fn standard_conforming_strings_change_how_literals_lex() {
        let text = r"select '\'; execute a; --'";
        assert_eq!(managing(text, true).len(), 2);
        assert_eq!(managing(text, false).len(), 1);
    }
}
