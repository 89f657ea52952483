//! Programs that start another one: what that connects to, rec does not see.

use super::{Family, family};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Those that start a program in this environment, in which `rec` may stand right before it.
const HERE: &[&str] = &[
    "chrt", "env", "ionice", "nice", "nohup", "setsid", "stdbuf", "taskset", "time", "timeout",
];
/// Those that start it as another user, or where rec is not installed.
const ELSEWHERE: &[&str] = &[
    "chroot",
    "doas",
    "nsenter",
    "runuser",
    "sudo",
    "systemd-run",
    "unshare",
];
/// Those that start it in a container, with the verb `exec`.
const CONTAINERS: &[&str] = &["docker", "kubectl", "nerdctl", "oc", "podman"];
/// Those that take another word before it: a time, a mask, a priority, a directory.
const AFTER_ONE: &[&str] = &["chroot", "chrt", "taskset", "timeout"];
/// Options of all of these that take the next word.
const VALUES: &[&str] = &[
    "--container",
    "--env",
    "--group",
    "--namespace",
    "--user",
    "--workdir",
    "-C",
    "-D",
    "-c",
    "-e",
    "-g",
    "-n",
    "-u",
    "-w",
];

/// Why the connection of a database client is not seen that the first word of `argv` starts; `None`
/// where none is.
pub fn unseen(argv: &[OsString], configured: &BTreeMap<String, Family>) -> Option<String> {
    let (first, words) = argv.split_first()?;
    let starter = base(first);
    let is = |names: &[&str]| names.contains(&&*starter);
    let contained = is(CONTAINERS);
    if !contained && !is(HERE) && !is(ELSEWHERE) {
        return None;
    }
    let mut operands = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if VALUES.contains(&&*text) {
            words.next();
        } else if !(text.starts_with('-') || starter == "env" && text.contains('=')) {
            operands.push(base(word));
        }
    }
    let at = match contained {
        // The container comes first.
        true => operands.iter().position(|word| word == "exec")? + 2,
        false => usize::from(is(AFTER_ONE)),
    };
    let client = operands.get(at)?;
    if !matches!(
        family(client, configured),
        Some(Family::Psql | Family::Mysql)
    ) {
        return None;
    }
    let why = format!("the connection is not recorded: {starter} started {client}");
    Some(match is(HERE) {
        true => format!("{why}; {starter} … rec {client} … records it"),
        false => why,
    })
}

fn base(word: &OsStr) -> String {
    let name = Path::new(word).file_name().unwrap_or(word);
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_client_is_found_behind_what_starts_it() {
        for (line, found) in [
            (
                "env PGUSER=app psql -h db",
                "env started psql; env … rec psql …",
            ),
            (
                "/usr/bin/timeout 5 /opt/pg/bin/pg_dump",
                "timeout started pg_dump;",
            ),
            ("nice -n 5 mysql", "nice started mysql;"),
            ("sudo -u postgres psql -c env", "sudo started psql"),
            ("sudo -u mysql mariadb", "sudo started mariadb"),
            ("docker exec -it -u postgres db psql", "docker started psql"),
            (
                "kubectl -n prod exec -it mysql-0 -- mysql -uroot",
                "kubectl started mysql",
            ),
            ("docker exec -it mysql bash", ""),
            ("docker run mysql", ""),
            ("sudo vim /etc/mysql", ""),
            ("env psql-history", ""),
            ("vim psql", ""),
            ("sudo ssh host", ""),
            ("env", ""),
        ] {
            let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let why = unseen(&argv, &BTreeMap::new()).unwrap_or_default();
            assert_eq!(why.is_empty(), found.is_empty(), "{line}: {why}");
            assert!(why.contains(found), "{line}: {why}");
            assert_eq!(why.contains("rec "), found.contains(';'), "{line}: {why}");
        }
        let configured = BTreeMap::from([("pg-prod".to_owned(), Family::Psql)]);
        assert!(unseen(&["env".into(), "pg-prod".into()], &configured).is_some());
        assert_eq!(unseen(&[], &configured), None);
    }
}
