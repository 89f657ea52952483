//! Where a client leads, as far as its words and its environment tell. Pure.
//!
//! One file for each family of clients; a new client is a new file. What is not known is left out:
//! a name that only a file could resolve is no name.
//!
//! * [`psql`] with [`conninfo`], what libpq takes in place of a database, and the programs of [`libpq`]
//! * [`service`], [`passfile`] libpq's files; [`settings`] what it makes of all
//! * [`mysql`], [`ssh`]
//! * [`getopt`] options told from operands
//! * [`starter`] programs that start a client

pub mod conninfo;
mod getopt;
pub mod libpq;
pub mod mysql;
pub mod passfile;
pub mod psql;
pub mod service;
pub mod settings;
mod ssh;
pub mod starter;

use crate::config::Family;
use crate::model::Target;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// A variable of the environment, by name.
type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The family of the client `name` (without its directory): as configured, else by what it is.
pub fn family(name: &str, configured: &BTreeMap<String, Family>) -> Option<Family> {
    let known = || {
        let families = [(mysql::NAMES, Family::Mysql), (ssh::NAMES, Family::Ssh)];
        if libpq::Program::named(name).is_some() {
            return Some(Family::Psql);
        }
        let family = families.iter().find(|(names, _)| names.contains(&name));
        family.map(|(_, family)| *family)
    };
    configured.get(name).copied().or_else(known)
}

/// Where the client `argv[0]`, one of `family`, leads with the words after it.
pub fn target(family: Option<Family>, argv: &[OsString], env: Env<'_>) -> Target {
    let (Some(family), Some((program, args))) = (family, argv.split_first()) else {
        return Target::default();
    };
    let program = Path::new(program)
        .file_name()
        .unwrap_or(program)
        .to_string_lossy();
    match family {
        Family::Psql => psql::target(&program, args, env),
        Family::Mysql => mysql::target(&program, args, env),
        Family::Ssh => ssh::target(&program, args, env),
    }
}

/// The text of a variable.
fn text(env: Env<'_>, name: &str) -> Option<String> {
    env(name).map(|value| value.to_string_lossy().into_owned())
}

/// Tables of command lines.
#[cfg(test)]
mod fixture {
    use super::*;

    /// Each line as a shell would take it (`VAR=value` in front, blanks in `'…'`) leads to
    /// `user@host:port/database`.
    #[track_caller]
    pub fn check(family: Family, table: &[(&str, &str)]) {
        for (line, wanted) in table {
            let (env, argv) = split(line);
            let argv: Vec<OsString> = argv.into_iter().map(OsString::from).collect();
            let Target {
                host,
                port,
                database,
                user,
            } = target(Some(family), &argv, &|name| {
                env.get(name).map(OsString::from)
            });
            let port = port.map(|port| port.to_string());
            let [user, host, port, database] =
                [user, host, port, database].map(Option::unwrap_or_default);
            assert_eq!(
                format!("{user}@{host}:{port}/{database}"),
                *wanted,
                "{line}"
            );
        }
    }

    fn split(line: &str) -> (BTreeMap<String, String>, Vec<String>) {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                c => words.last_mut().unwrap().push(c),
            }
        }
        let client = words.iter().position(|word| !word.contains('=')).unwrap();
        let argv = words.split_off(client);
        let env = words.iter().map(|word| word.split_once('=').unwrap());
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        (env.collect(), argv)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_name_comes_before_a_known_one() {
        let configured = BTreeMap::from([
            ("pg-prod".to_owned(), Family::Psql),
            ("mysql".to_owned(), Family::Psql),
        ]);
        for (name, family) in [
            ("psql", Some(Family::Psql)),
            ("pg-prod", Some(Family::Psql)),
            ("mysql", Some(Family::Psql)),
            ("mariadb-dump", Some(Family::Mysql)),
            ("mosh", Some(Family::Ssh)),
            ("scp", None),
            ("", None),
        ] {
            assert_eq!(super::family(name, &configured), family, "{name}");
        }
    }

    #[test]
    fn an_unknown_client_leads_nowhere_known() {
        let argv = ["bash", "-h", "db"].map(OsString::from);
        let env = |_: &str| Some(OsString::from("db"));
        assert_eq!(target(None, &argv, &env), Target::default());
        for family in [Family::Psql, Family::Mysql, Family::Ssh] {
            assert_eq!(target(Some(family), &[], &env), Target::default());
        }
    }

    /// P2: what a person types as a password is in no target.
    #[test]
    fn no_password_reaches_a_target() {
        let env = |name: &str| {
            let password = ["PGPASSWORD", "MYSQL_PWD", "SSHPASS"].contains(&name);
            password.then(|| OsString::from("s3cret"))
        };
        for (family, line) in [
            (
                Family::Psql,
                "psql postgresql://ada:s3cret@db/app?password=s3cret",
            ),
            (Family::Psql, "psql password=s3cret"),
            (Family::Mysql, "mysql -ps3cret app"),
            (Family::Mysql, "mysql --password=s3cret -uada"),
            (Family::Mysql, "mysql -uada -Bps3cret"),
            (Family::Ssh, "ssh ssh://ada:s3cret@host"),
        ] {
            let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let target = format!("{:?}", target(Some(family), &argv, &env));
            assert!(!target.contains("s3cret"), "{line}: {target}");
        }
    }
}
