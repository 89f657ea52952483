//! `[mask]`: what the owner of rec adds to its rules and takes from them, for all sessions or for some
//! targets.

use super::Fault;
use super::scope::{Folded, Pattern};
use crate::mask::own::{self, Column, Kind, OnDoubt, Own, Personal, Row, Wrong};
use crate::model::Target;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The masking of sessions as configured.
#[derive(Clone, Debug, Default)]
pub struct Masking {
    own: Own,
    /// Rule files that are still to be read.
    pub(super) files: Vec<PathBuf>,
    targets: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    client: Option<Pattern>,
    host: Option<Folded>,
    database: Option<Pattern>,
    user: Option<Pattern>,
    personal: BTreeMap<Personal, bool>,
    on_doubt: Option<OnDoubt>,
}

impl Masking {
    /// What holds for all sessions.
    pub fn everywhere(&self) -> &Own {
        &self.own
    }

    /// What holds for a session of `client` that leads to `target`: the first target that matches
    /// is laid over what holds everywhere. What is not known of a target matches no glob.
    pub fn of(&self, client: &str, target: &Target) -> Own {
        let client = Path::new(client)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or(client);
        let mut own = self.own.clone();
        if let Some(place) = self.targets.iter().find(|p| p.matches(client, target)) {
            for (kind, masked) in &place.personal {
                if *masked {
                    own.stays.remove(kind);
                } else {
                    own.stays.insert(*kind);
                }
            }
            own.on_doubt = place.on_doubt.unwrap_or(own.on_doubt);
        }
        own
    }

    /// How many rules and columns the owner wrote.
    pub fn additions(&self) -> usize {
        self.own.rules.len() + self.own.columns.len()
    }

    /// Adds the rules that `text`, a rule file, holds.
    ///
    /// # Errors
    /// What is wrong in it.
    pub(super) fn add_file(&mut self, text: &str) -> Result<(), Fault> {
        let (rules, _) = own::parse(text).map_err(|wrong| fault(text, &wrong))?;
        self.own.rules.extend(rules);
        Ok(())
    }
}

fn fault(text: &str, wrong: &Wrong) -> Fault {
    Fault::at(text, wrong.at, &wrong.what, false)
}

impl Place {
    fn matches(&self, client: &str, target: &Target) -> bool {
        let fits = |glob: Option<&Pattern>, value: Option<&str>| {
            glob.is_none_or(|glob| value.is_some_and(|value| glob.matches(value)))
        };
        let host = self.host.as_ref().map(|Folded(glob)| glob);
        let hosts = target.host.as_deref();
        fits(self.client.as_ref(), Some(client))
            && fits(self.database.as_ref(), target.database.as_deref())
            && fits(self.user.as_ref(), target.user.as_deref())
            && host.is_none_or(|glob| {
                hosts.is_some_and(|hosts| hosts.split(',').all(|host| glob.matches(host)))
            })
    }
}

/// The section as it is laid out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Section {
    on_doubt: Doubt,
    /// Rule files, beside the configuration unless their paths are absolute.
    rules: Vec<PathBuf>,
    off: BTreeSet<String>,
    allow: Vec<Spanned<String>>,
    personal: Switches,
    #[serde(rename = "rule")]
    rows: Vec<Row>,
    #[serde(rename = "column")]
    columns: Vec<Spanned<Cells>>,
    #[serde(rename = "target")]
    targets: Vec<Over>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Doubt {
    #[default]
    Drop,
    Keep,
}

impl From<Doubt> for OnDoubt {
    fn from(doubt: Doubt) -> OnDoubt {
        match doubt {
            Doubt::Drop => OnDoubt::Drop,
            Doubt::Keep => OnDoubt::Keep,
        }
    }
}

/// Whether a kind of personal data is masked.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Switches {
    email: Option<bool>,
    phone: Option<bool>,
    card: Option<bool>,
    account: Option<bool>,
    national_id: Option<bool>,
    passport: Option<bool>,
    birth_date: Option<bool>,
    name: Option<bool>,
    address: Option<bool>,
    other: Option<bool>,
}

impl Switches {
    fn set(self) -> BTreeMap<Personal, bool> {
        let all = [
            (Personal::Email, self.email),
            (Personal::Phone, self.phone),
            (Personal::Card, self.card),
            (Personal::Account, self.account),
            (Personal::NationalId, self.national_id),
            (Personal::Passport, self.passport),
            (Personal::BirthDate, self.birth_date),
            (Personal::Name, self.name),
            (Personal::Address, self.address),
            (Personal::Other, self.other),
        ];
        let set = all.into_iter().filter_map(|(kind, on)| Some((kind, on?)));
        set.collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cells {
    name: String,
    table: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    class: Option<Kind>,
    /// `false`: the cells stay.
    #[serde(default = "yes")]
    mask: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Over {
    client: Option<Pattern>,
    host: Option<Folded>,
    database: Option<Pattern>,
    user: Option<Pattern>,
    #[serde(default)]
    personal: Switches,
    on_doubt: Option<Doubt>,
}

impl Section {
    /// The masking that the section asks for. Places in the fault are bytes of the configuration.
    pub(super) fn checked(self) -> Result<Masking, Wrong> {
        let mut own = Own {
            off: self.off,
            on_doubt: self.on_doubt.into(),
            ..Own::default()
        };
        for row in self.rows {
            own.rules.push(row.checked()?);
        }
        for allow in self.allow {
            let at = allow.span().start;
            own::allowed(allow.get_ref()).map_err(|what| Wrong { at, what })?;
            own.allow.push(allow.into_inner());
        }
        for column in self.columns {
            let at = column.span().start;
            let cells = column.into_inner();
            let class = cells.mask.then(|| cells.class.unwrap_or_default().into());
            let (table, kind) = (cells.table.as_deref(), cells.kind.as_deref());
            let column = Column::new(&cells.name, table, kind, class);
            let what = |what: &str| what.to_owned();
            own.columns.push(column.map_err(|why| Wrong {
                at,
                what: what(why),
            })?);
        }
        let off = self.personal.set().into_iter().filter(|(_, on)| !on);
        own.stays = off.map(|(kind, _)| kind).collect();
        let targets = self.targets.into_iter().map(|over| Place {
            client: over.client,
            host: over.host,
            database: over.database,
            user: over.user,
            personal: over.personal.set(),
            on_doubt: over.on_doubt.map(OnDoubt::from),
        });
        Ok(Masking {
            own,
            files: self.rules,
            targets: targets.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::mask::{Rules, Scanner};
    use crate::model::Target;

    fn masked(config: &str, host: &str, lines: &[&str]) -> Vec<String> {
        let config = Config::parse(config).unwrap_or_else(|fault| panic!("{fault}"));
        let target = Target {
            host: Some(host.to_owned()),
            ..Target::default()
        };
        let own = config.masking.of("/usr/bin/psql", &target);
        let mut scanner = Scanner::new(Rules::with(&own));
        let mask = |line: &&str| {
            let mut spans = Vec::new();
            scanner.line(line.as_bytes(), &mut spans);
            String::from_utf8_lossy(&crate::mask::masked(line.as_bytes(), &spans)).into_owned()
        };
        lines.iter().map(mask).collect()
    }

    #[test]
    fn own_rules_columns_and_allow_lists_hold() {
        let config = r#"
            [mask]
            off = ["iban"]
            allow = ['demo-.*']
            [[mask.rule]]
            id = "acme"
            description = "Acme"
            keywords = ["acme"]
            regex = 'acme([0-9]{6})'
            [[mask.column]]
            name = "*shoe_size"
            class = "personal"
            [[mask.column]]
            name = "email"
            mask = false
            "#;
        let lines = [
            "x acme123456 y",
            "password=demo-secret-1",
            "password=other-secret-1",
            "to DE89370400440532013000",
            " shoe_size | email | phone ",
            "-----------+-------+-------",
            " 44        | ann   | 5550  ",
        ];
        assert_eq!(
            masked(config, "h", &lines),
            [
                "x acme****** y",
                "password=demo-secret-1",
                "password=********",
                "to DE89370400440532013000",
                " shoe_size | email | phone ",
                "-----------+-------+-------",
                " **        | ann   | ****  ",
            ]
        );
    }

    #[test]
    fn personal_data_is_switched_for_a_target() {
        let config = r#"
            [mask.personal]
            card = false
            [[mask.target]]
            host = "*.dev.example.net"
            client = "psql"
            personal = { email = false, card = true }
            "#;
        let lines = ["ann@example.org 4111 1111 1111 1111"];
        assert_eq!(
            masked(config, "db.example.net", &lines),
            ["*************** 4111 1111 1111 1111"]
        );
        assert_eq!(
            masked(config, "db.DEV.example.net", &lines),
            ["ann@example.org *******************"]
        );
    }

    #[test]
    fn a_wrong_rule_names_its_line() {
        for (text, wanted) in [
            (
                "[[mask.rule]]\nid = \"a\"\ndescription = \"\"\nkeywords = [\"abc\"]\nregex = 'a('",
                "5:9: unclosed group",
            ),
            ("[mask]\nallow = ['[']", "2:10: "),
            ("[mask]\non_doubt = \"ask\"", "2:12: unknown variant `ask`"),
            (
                "[[mask.column]]\nname = \"id\"",
                "1:1: a column's name needs three characters",
            ),
            ("[mask.personal]\nmail = true", "2:1: unknown field `mail`"),
        ] {
            let said = Config::parse(text).expect_err(text).to_string();
            assert!(said.starts_with(wanted), "{text:?} gives {said}");
        }
    }
}
