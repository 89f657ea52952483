//! Reading the rules of a gitleaks configuration (gitleaks 8, `config/gitleaks.toml`).
//!
//! Its expressions are those of Go's RE2, which differ from Rust's in little; entropy floors and
//! stop words are left out, because they let passwords pass that people chose.

use super::file::regex_fault;
use super::{Rule, Wrong};
use crate::mask::provider::{Check, builder};
use crate::mask::span::Class;
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rules: Vec<Row>,
    #[serde(default)]
    allowlist: Option<Allow>,
    #[serde(default)]
    allowlists: Vec<Allow>,
}

#[derive(Deserialize)]
struct Row {
    id: Spanned<String>,
    #[serde(default)]
    description: String,
    regex: Option<Spanned<String>>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default, rename = "secretGroup")]
    group: usize,
    entropy: Option<f64>,
    #[serde(default)]
    allowlist: Option<Allow>,
    #[serde(default)]
    allowlists: Vec<Allow>,
}

#[derive(Default, Deserialize)]
struct Allow {
    #[serde(default)]
    regexes: Vec<Spanned<String>>,
    #[serde(default)]
    stopwords: Vec<String>,
    #[serde(default, rename = "regexTarget")]
    target: String,
}

/// Whether `text` is a gitleaks configuration rather than a rule file of rec.
pub(super) fn is_one(text: &str) -> bool {
    text.lines().any(|line| {
        matches!(
            line.trim(),
            "[[rules]]" | "[allowlist]" | "[[allowlists]]" | "[extend]"
        )
    })
}

/// The rules, and what was left out of them.
pub(super) fn parse(text: &str) -> Result<(Vec<Rule>, Vec<String>), Wrong> {
    let file: File = toml::from_str(text).map_err(Wrong::from)?;
    let mut notes = Vec::new();
    let everywhere: Vec<_> = file.allowlist.into_iter().chain(file.allowlists).collect();
    let shared = allowed(&everywhere, "the file", &mut notes)?;
    let mut rules = Vec::new();
    for row in file.rules {
        let id = row.id.get_ref().clone();
        let Some(regex) = row.regex else {
            notes.push(format!(
                "{id}: left out, it has no expression for text (only a path)"
            ));
            continue;
        };
        let span = regex.span();
        let mut expression = from_re2(&regex.into_inner());
        if row.group > 1 {
            expression = only_group(&expression, row.group);
        }
        if let Err(error) = builder(&expression).build() {
            return Err(Wrong::at(span, format!("{id}: {}", regex_fault(&error))));
        }
        if row.entropy.is_some() {
            notes.push(format!(
                "{id}: its entropy floor is not used, so more is masked"
            ));
        }
        let own: Vec<_> = row.allowlist.into_iter().chain(row.allowlists).collect();
        let mut allow = allowed(&own, &id, &mut notes)?;
        allow.extend(shared.iter().cloned());
        let mut keywords: Vec<_> = row.keywords.into_iter().filter(|k| k.len() >= 3).collect();
        if keywords.is_empty() {
            keywords = literal(&expression).into_iter().collect();
        }
        if keywords.is_empty() {
            notes.push(format!(
                "{id}: left out, it has no keyword of three letters to look for"
            ));
            continue;
        }
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        };
        rules.push(Rule {
            id: id.chars().map(plain).take(64).collect(),
            description: row.description,
            class: Class::Token,
            keywords,
            regex: expression,
            fold: true,
            check: Check::None,
            context: Vec::new(),
            allow,
        });
    }
    Ok((rules, notes))
}

/// The expressions of allow lists that look at secrets; gitleaks searches with them, rec matches the
/// whole value.
fn allowed(lists: &[Allow], owner: &str, notes: &mut Vec<String>) -> Result<Vec<String>, Wrong> {
    let mut all = Vec::new();
    for list in lists {
        if !list.stopwords.is_empty() {
            notes.push(format!(
                "{owner}: its stop words are not used, so more is masked"
            ));
        }
        if !matches!(list.target.as_str(), "" | "secret") {
            notes.push(format!(
                "{owner}: an allow list of lines is not used, so more is masked"
            ));
            continue;
        }
        for regex in &list.regexes {
            let whole = format!("(?s:.*)(?:{})(?s:.*)", from_re2(regex.get_ref()));
            if let Err(error) = builder(&whole).build() {
                return Err(Wrong::at(
                    regex.span(),
                    format!("{owner}: {}", regex_fault(&error)),
                ));
            }
            all.push(whole);
        }
    }
    Ok(all)
}

/// An expression of RE2 as Rust's `regex` takes it: in a class an unescaped `[`, `&&`, `--` and `~~`
/// mean more here, outside of one a brace that repeats nothing is an error.
fn from_re2(regex: &str) -> String {
    let chars: Vec<char> = regex.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(regex.len() + 8);
    let (mut class, mut i) = (false, 0);
    while i < chars.len() {
        let c = at(i);
        match c {
            '\\' => {
                // \z is the end of the text in both; \Z is none in either.
                out.push(c);
                out.push(at(i + 1));
                i += 2;
                continue;
            }
            '[' if !class => {
                class = true;
                out.push(c);
                if at(i + 1) == '^' {
                    out.push('^');
                    i += 1;
                }
                // A bracket that comes first is one.
                if at(i + 1) == ']' {
                    out.push_str("\\]");
                    i += 1;
                }
            }
            '[' if at(i + 1) == ':' => {
                let name: String = chars.iter().skip(i).take_while(|c| **c != ']').collect();
                out.push_str(&name);
                out.push(']');
                i += name.chars().count();
            }
            '[' => out.push_str("\\["),
            ']' => {
                class = false;
                out.push(c);
            }
            '&' | '~' if class && at(i + 1) == c => {
                out.push('\\');
                out.push(c);
            }
            '{' if !class && !repeats(&chars, i) => out.push_str("\\{"),
            '}' if !class && !closes(&chars, i) => out.push_str("\\}"),
            _ => out.push(c),
        }
        i += 1;
    }
    out
}

/// Whether `{2}`, `{2,}` or `{2,3}` stands at `i`.
fn repeats(chars: &[char], i: usize) -> bool {
    let inner: String = chars
        .iter()
        .skip(i + 1)
        .take_while(|c| **c != '}')
        .collect();
    let closed = chars.get(i + 1 + inner.chars().count()) == Some(&'}');
    closed
        && inner.starts_with(|c: char| c.is_ascii_digit())
        && inner.chars().all(|c| c.is_ascii_digit() || c == ',')
}

/// Whether the brace at `i` ends such a repetition.
fn closes(chars: &[char], i: usize) -> bool {
    let open = chars.iter().take(i).rposition(|c| *c == '{');
    open.is_some_and(|open| {
        repeats(chars, open) && !chars.iter().skip(open).take(i - open).any(|c| *c == '}')
    })
}

/// The expression with only its `wanted` group left capturing.
fn only_group(regex: &str, wanted: usize) -> String {
    let chars: Vec<char> = regex.chars().collect();
    let mut out = String::with_capacity(regex.len() + 16);
    let (mut class, mut number, mut escaped) = (false, 0, false);
    for (i, c) in chars.iter().enumerate() {
        out.push(*c);
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class && chars.get(i + 1) != Some(&'?') => {
                number += 1;
                if number != wanted {
                    out.push_str("?:");
                }
            }
            _ => {}
        }
    }
    out
}

/// The letters that every match begins with, when there are three or more.
fn literal(regex: &str) -> Option<String> {
    let bare = regex
        .trim_start_matches("(?i)")
        .trim_start_matches("\\b")
        .trim_start_matches(['(', '?', ':', '^']);
    let text: String = bare
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | '='))
        .collect();
    // What is repeated or optional behind it may be missing.
    let next = bare.chars().nth(text.chars().count());
    let sure = text.len() - usize::from(matches!(next, Some('?' | '*' | '{' | '+')));
    let text = text.get(..sure)?;
    (text.len() >= 3 && !bare.contains('|')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_gitleaks_are_taken_over() {
        let text = r#"
            title = "x"
            [extend]
            useDefault = false
            [[rules]]
            id = "acme.token"
            description = "Acme"
            regex = '''(?i)(acme|ac)[\w[.-]{0,5}['"`{]{1,2}(ak_[a-z0-9]{8,})'''
            secretGroup = 2
            entropy = 3.5
            keywords = ["acme", "ak"]
            [[rules.allowlists]]
            regexes = ['''EXAMPLE''']
            stopwords = ["x"]
            [[rules]]
            id = "plain"
            regex = '''pln-[0-9]{6}'''
            [[rules]]
            id = "file"
            path = '''\.p12$'''
            "#;
        let (rules, notes) = parse(text).expect("rules");
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0].id, "acme_token");
        assert_eq!(rules[0].keywords, ["acme"]);
        assert!(
            rules[0].regex.contains("(?:acme|ac)[\\w\\[.-]"),
            "{}",
            rules[0].regex
        );
        assert_eq!(rules[0].allow, ["(?s:.*)(?:EXAMPLE)(?s:.*)"]);
        assert_eq!(rules[1].keywords, ["pln-"]);
        let said = notes.join("\n");
        for word in ["entropy", "stop words", "only a path"] {
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn a_lookaround_is_refused_with_its_place() {
        let text = "[[rules]]\nid = 'a'\nregex = '''abc(?!d)'''\n";
        let wrong = parse(text).expect_err("refused");
        assert!(text[wrong.at..].contains("abc(?!d)"));
        assert!(wrong.what.contains("look-around"), "{}", wrong.what);
    }

    #[test]
    fn expressions_of_re2_mean_the_same() {
        for (re2, rust) in [
            ("[^][]a", "[^\\]\\[]a"),
            ("[[:alnum:]_]{2}", "[[:alnum:]_]{2}"),
            ("a{b}", "a\\{b\\}"),
            ("x{2,3}{", "x{2,3}\\{"),
            ("[&&~~]", "[\\&&\\~~]"),
        ] {
            assert_eq!(from_re2(re2), rust);
            assert!(builder(rust).build().is_ok(), "{rust}");
        }
    }
}
