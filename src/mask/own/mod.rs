//! What the owner of rec adds to its rules, or takes from them: token formats, columns, values that
//! are no secrets, and kinds of personal data that stay.

mod file;
mod gitleaks;

pub use file::{Kind, Row, parse};

use super::provider::Check;
use super::span::{Class, RuleId};
use regex::bytes::{Regex, RegexBuilder};
use std::collections::BTreeSet;
use std::ops::Range;

/// What is wrong with a rule, and at which byte of the text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The byte.
    pub at: usize,
    /// For a person, on one line.
    pub what: String,
}

impl Wrong {
    fn at(span: Range<usize>, what: impl Into<String>) -> Wrong {
        Wrong {
            at: span.start,
            what: what.into(),
        }
    }
}

impl From<toml::de::Error> for Wrong {
    fn from(error: toml::de::Error) -> Wrong {
        let what = error.message().trim_end().replace('\n', "; ");
        Wrong::at(error.span().unwrap_or_default(), what)
    }
}

/// A token format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) class: Class,
    pub(crate) keywords: Vec<String>,
    pub(crate) regex: String,
    pub(crate) fold: bool,
    pub(crate) check: Check,
    pub(crate) context: Vec<String>,
    pub(crate) allow: Vec<String>,
}

impl Rule {
    /// The rule as a rule file writes it.
    pub fn to_toml(&self) -> String {
        let text = |text: &str| toml::Value::from(text).to_string();
        let list = |list: &[String]| {
            let items: Vec<_> = list.iter().map(|item| text(item)).collect();
            format!("[{}]", items.join(", "))
        };
        let mut out = format!(
            "[[rule]]\nid = {}\ndescription = {}\nkeywords = {}\nregex = {}\n",
            text(&self.id),
            text(&self.description),
            list(&self.keywords),
            text(&self.regex),
        );
        if self.fold {
            out.push_str("fold = true\n");
        }
        if !self.allow.is_empty() {
            out.push_str(&format!("allow = {}\n", list(&self.allow)));
        }
        out.push('\n');
        out
    }
}

/// A column, and what its cells are.
#[derive(Clone, Debug)]
pub struct Column {
    name: Regex,
    table: Option<Regex>,
    kind: Option<Regex>,
    /// `None`: its cells stay, whatever its name says.
    pub(crate) class: Option<Class>,
    /// What must stand in a line for the name to stand there.
    pub(crate) keyword: String,
}

impl Column {
    /// The columns that `name`, `table` and `kind` (a type) name: globs of `*` and `?`, in any case.
    ///
    /// # Errors
    /// `name` has not three letters in a row, by which it can be found.
    pub fn new(
        name: &str,
        table: Option<&str>,
        kind: Option<&str>,
        class: Option<Class>,
    ) -> Result<Column, &'static str> {
        let parts = name.split(['*', '?']);
        let keyword = parts.max_by_key(|part| part.len()).unwrap_or_default();
        if keyword.len() < 3 {
            return Err("a column's name needs three characters in a row that are not * or ?");
        }
        let too_long = "too long";
        Ok(Column {
            name: glob(name).ok_or(too_long)?,
            table: table.map(|t| glob(t).ok_or(too_long)).transpose()?,
            kind: kind.map(|k| glob(k).ok_or(too_long)).transpose()?,
            class,
            keyword: keyword.to_lowercase(),
        })
    }

    /// Whether it is this column; what is not known of one matches no glob.
    pub(crate) fn matches(&self, name: &[u8], table: &[u8], kind: &[u8]) -> bool {
        let fits = |glob: &Option<Regex>, text| glob.as_ref().is_none_or(|g| g.is_match(text));
        self.name.is_match(name) && fits(&self.table, table) && fits(&self.kind, kind)
    }
}

/// Longer names are none.
const GLOB_MAX: usize = 256;

fn glob(text: &str) -> Option<Regex> {
    let each = text.chars().map(|c| match c {
        '*' => ".*".to_owned(),
        '?' => ".".to_owned(),
        c => regex::escape(c.encode_utf8(&mut [0; 4])),
    });
    let whole = format!("^(?:{})$", each.collect::<String>());
    let mut builder = RegexBuilder::new(&whole);
    builder.case_insensitive(true).dot_matches_new_line(true);
    (text.len() <= GLOB_MAX).then(|| builder.build().ok())?
}

/// Kinds of personal data, each of which can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Personal {
    /// E-mail addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// Payment cards, their codes and expiry.
    Card,
    /// IBANs and other account numbers.
    Account,
    /// National ids, tax numbers, driving licences.
    NationalId,
    /// Passports.
    Passport,
    /// Dates of birth.
    BirthDate,
    /// Names of persons.
    Name,
    /// Postal addresses.
    Address,
    /// What else says who somebody is: patient, insurance, licence plate.
    Other,
}

impl Personal {
    /// All of them.
    pub const ALL: [Personal; 10] = [
        Personal::Email,
        Personal::Phone,
        Personal::Card,
        Personal::Account,
        Personal::NationalId,
        Personal::Passport,
        Personal::BirthDate,
        Personal::Name,
        Personal::Address,
        Personal::Other,
    ];

    /// As the configuration writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Personal::Email => "email",
            Personal::Phone => "phone",
            Personal::Card => "card",
            Personal::Account => "account",
            Personal::NationalId => "national-id",
            Personal::Passport => "passport",
            Personal::BirthDate => "birth-date",
            Personal::Name => "name",
            Personal::Address => "address",
            Personal::Other => "other",
        }
    }

    /// The rule that finds it below a column's header.
    pub(crate) const fn column(self) -> RuleId {
        RuleId::new(match self {
            Personal::Email => "email-column",
            Personal::Phone => "phone-column",
            Personal::Card => "card-column",
            Personal::Account => "account-column",
            Personal::NationalId => "national-id-column",
            Personal::Passport => "passport-column",
            Personal::BirthDate => "birth-date-column",
            Personal::Name => "name-column",
            Personal::Address => "address-column",
            Personal::Other => "personal-column",
        })
    }

    /// The rule that finds it behind the word that names it.
    pub(crate) const fn named(self) -> RuleId {
        RuleId::new(match self {
            Personal::Email | Personal::Name | Personal::Address | Personal::Other => "personal",
            Personal::Phone => "phone",
            Personal::Card => "card-code",
            Personal::Account => "account-number",
            Personal::NationalId => "national-id",
            Personal::Passport => "passport",
            Personal::BirthDate => "birth-date",
        })
    }

    /// The rule that finds it by its shape alone, if there is one.
    fn shape(self) -> Option<&'static str> {
        match self {
            Personal::Email => Some("e-mail"),
            Personal::Card => Some("payment-card"),
            Personal::Account => Some("iban"),
            _ => None,
        }
    }

    fn has(self, rule: RuleId) -> bool {
        self.column() == rule || self.named() == rule || self.shape() == Some(rule.as_str())
    }
}

/// What happens to a value in which the second look still finds a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDoubt {
    /// It is dropped, and a gap says so.
    #[default]
    Drop,
    /// It is stored, and a gap says so.
    Keep,
}

/// What an owner adds and takes.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Token formats; one of the same name as a rule of rec's replaces it.
    pub rules: Vec<Rule>,
    /// Columns; the first that matches decides, before rec's own names.
    pub columns: Vec<Column>,
    /// Rules that are switched off, by name.
    pub off: BTreeSet<String>,
    /// Kinds of personal data that stay.
    pub stays: BTreeSet<Personal>,
    /// Expressions for values that are no secrets; each must match the whole value.
    pub allow: Vec<String>,
    /// What happens in doubt.
    pub on_doubt: OnDoubt,
}

impl Own {
    /// Whether it changes nothing.
    pub(crate) fn is_nothing(&self) -> bool {
        self.rules.is_empty()
            && self.columns.is_empty()
            && self.off.is_empty()
            && self.stays.is_empty()
            && self.allow.is_empty()
            && self.on_doubt == OnDoubt::Drop
    }

    /// Whether the findings of `rule` stay unmasked.
    pub(crate) fn is_off(&self, rule: RuleId) -> bool {
        self.off.contains(rule.as_str()) || self.stays.iter().any(|kind| kind.has(rule))
    }
}

/// An expression of an allow list, if it is a good one.
///
/// # Errors
/// What is wrong with it.
pub fn allowed(expression: &str) -> Result<(), String> {
    let built = super::provider::builder(expression).build();
    built.map(|_| ()).map_err(|error| file::regex_fault(&error))
}
