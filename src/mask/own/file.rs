//! Rule files: token formats as data. rec's own under `src/mask/rules` are written the same way.
//!
//! ```toml
//! [[rule]]
//! id = "acme-token"                  # letters, digits, - and _; replaces rec's rule of this name
//! description = "Acme API token"
//! keywords = ["acme_"]               # one must stand in the line; three bytes at least
//! regex = 'acme_[a-z0-9]{32}'        # group 1 is the secret, else the whole match
//! # and, where needed:
//! class = "token"                    # or password, key, personal
//! fold = false                       # keywords in any case
//! check = "none"                     # or mixed, entropy, luhn, mod97, verhoeff, crc
//! context = ["acme"]                 # one of these words must stand in the line, in any case
//! allow = ['acme_test_.*']           # what one of these matches as a whole is no secret
//! example = 'acme_{l32}'             # how a token looks, for people
//! ```

use super::{Rule, Wrong, gitleaks};
use crate::mask::provider::{Check, builder};
use crate::mask::span::Class;
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Row>,
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    id: Spanned<String>,
    description: String,
    #[serde(default)]
    class: Kind,
    keywords: Vec<Spanned<String>>,
    regex: Spanned<String>,
    #[serde(default)]
    fold: bool,
    #[serde(default)]
    check: Check,
    #[serde(default)]
    context: Vec<String>,
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    /// Read by people; tests of rec's own rules fill it in.
    #[serde(default)]
    example: Option<String>,
}

/// No token's description is longer.
const EXAMPLE_MAX: usize = 1024;

/// A class as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Issued by a service.
    #[default]
    Token,
    /// Chosen by a person.
    Password,
    /// Key material.
    Key,
    /// Says who somebody is.
    Personal,
}

impl From<Kind> for Class {
    fn from(kind: Kind) -> Class {
        match kind {
            Kind::Token => Class::Token,
            Kind::Password => Class::Password,
            Kind::Key => Class::Key,
            Kind::Personal => Class::Personal,
        }
    }
}

impl Row {
    /// The rule, if its parts are good. Places in the fault are bytes of the text that was read.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn checked(self) -> Result<Rule, Wrong> {
        let id = self.id.get_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
            let what = "a rule's id is made of up to 64 letters, digits, `-` and `_`";
            return Err(Wrong::at(self.id.span(), what));
        }
        if self.keywords.is_empty() {
            let what = format!("the rule `{id}` has no keyword");
            return Err(Wrong::at(self.id.span(), what));
        }
        for keyword in &self.keywords {
            if keyword.get_ref().len() < 3 {
                let what = "a keyword has three bytes at least";
                return Err(Wrong::at(keyword.span(), what));
            }
        }
        for regex in std::iter::once(&self.regex).chain(&self.allow) {
            if let Err(error) = builder(regex.get_ref()).build() {
                return Err(Wrong::at(regex.span(), regex_fault(&error)));
            }
        }
        if self
            .example
            .as_ref()
            .is_some_and(|example| example.len() > EXAMPLE_MAX)
        {
            let what = format!("the example of `{id}` is longer than {EXAMPLE_MAX} bytes");
            return Err(Wrong::at(self.id.span(), what));
        }
        let all = |list: Vec<Spanned<String>>| list.into_iter().map(Spanned::into_inner);
        Ok(Rule {
            id: self.id.into_inner(),
            description: self.description,
            class: self.class.into(),
            keywords: all(self.keywords).collect(),
            regex: self.regex.into_inner(),
            fold: self.fold,
            check: self.check,
            context: self
                .context
                .iter()
                .map(|word| word.to_lowercase())
                .collect(),
            allow: all(self.allow).collect(),
        })
    }
}

/// What is wrong with an expression, on one line.
pub(super) fn regex_fault(error: &regex::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default();
    let reason = reason.trim().trim_start_matches("error: ");
    if text.contains("look-around") {
        format!("{reason}; write it without (?=…), (?!…), (?<=…) and (?<!…)")
    } else {
        reason.to_owned()
    }
}

/// The rules in `text`: a rule file of rec, or a configuration of gitleaks. The second part says
/// what of the latter has no equivalent here.
///
/// # Errors
/// It is neither, or a rule in it is wrong.
pub fn parse(text: &str) -> Result<(Vec<Rule>, Vec<String>), Wrong> {
    if gitleaks::is_one(text) {
        return gitleaks::parse(text);
    }
    let file: File = toml::from_str(text).map_err(Wrong::from)?;
    let rules = file.rule.into_iter().map(Row::checked);
    Ok((rules.collect::<Result<_, _>>()?, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::provider::BUILTIN;

    #[test]
    fn the_table_that_was_built_says_what_the_files_say() {
        let files = [
            include_str!("../rules/cloud.toml"),
            include_str!("../rules/code.toml"),
            include_str!("../rules/issuers.toml"),
            include_str!("../rules/lines.toml"),
            include_str!("../rules/named.toml"),
            include_str!("../rules/services.toml"),
            include_str!("../rules/stores.toml"),
        ];
        let rules = files
            .iter()
            .flat_map(|text| parse(text).expect("a rule file").0);
        let rules: Vec<_> = rules.collect();
        assert_eq!(rules.len(), BUILTIN.len());
        for (rule, row) in rules.iter().zip(BUILTIN) {
            assert_eq!(rule.id, row.id);
            assert_eq!(rule.description, row.description);
            assert_eq!(rule.class, row.class, "{}", row.id);
            assert_eq!(rule.keywords, row.keywords, "{}", row.id);
            assert_eq!(rule.regex, row.regex, "{}", row.id);
            assert_eq!((rule.fold, rule.check), (row.fold, row.check), "{}", row.id);
            assert_eq!(rule.context, row.context, "{}", row.id);
            assert_eq!(rule.allow, row.allow, "{}", row.id);
        }
    }

    #[test]
    fn a_wrong_rule_says_where_and_why() {
        let rule = |rest: &str| format!("[[rule]]\nid = \"a\"\ndescription = \"\"\n{rest}\n");
        for (text, place, why) in [
            (
                rule("keywords = [\"abc\"]\nregex = 'a('"),
                "a(",
                "unclosed group",
            ),
            (
                rule("keywords = [\"ab\"]\nregex = 'a'"),
                "\"ab\"",
                "three bytes",
            ),
            (rule("keywords = []\nregex = 'a'"), "\"a\"", "no keyword"),
            (
                rule("keywords = [\"abc\"]\nregex = 'a(?=b)'"),
                "a(?=b)",
                "look-around",
            ),
            (
                rule("keywords = [\"abc\"]\nregex = 'a'\nallow = ['[']"),
                "[']",
                "unclosed",
            ),
            (
                rule("keyword = 3"),
                "keyword = 3",
                "unknown field `keyword`",
            ),
        ] {
            let wrong = parse(&text).expect_err(&text);
            let at = &text[wrong.at..];
            assert!(at.trim_start_matches('\'').starts_with(place), "{at}");
            assert!(wrong.what.contains(why), "{}", wrong.what);
        }
    }
}
