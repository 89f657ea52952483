//! A vault of real sessions as the views read it.

use super::*;
use crate::config::Paths;
use crate::mask::{Rules, Scanner};
use crate::model::{Command, Meta, Summary, Target};
use crate::vault::{Means, NewKey, Nobody, Recording, Vault, create, new_session_id};
use std::path::Path;

/// A vault of so many sessions, in each of which one command failed, with its index.
fn shelf(home: &Path, count: usize) -> VaultLibrary {
    let paths = Paths {
        vault: home.join("vault"),
        config: home.join("config/config.toml"),
        config_dir: home.join("config"),
        state: home.join("state"),
        runtime: home.join("run"),
    };
    create(&paths, NewKey::File(None)).unwrap();
    let mut door = Scanner::new(Rules::builtin()).door();
    for _ in 0..count {
        let id = new_session_id().unwrap();
        let meta = Meta {
            id,
            client: "psql".into(),
            command: "psql orders".into(),
            target: Target::default(),
            started: Stamp(1_700_000_000_000_000),
            utc_offset: 0,
            size: Size { cols: 80, rows: 24 },
            term: "xterm".into(),
            machine: "laptop".into(),
            login: "ada".into(),
            directory: "/home/ada".into(),
            version: "0".into(),
        };
        let vault = Vault::open(&paths).unwrap();
        let mut recording = Recording::open(vault, &door.admit(meta).unwrap()).unwrap();
        let command = Command {
            number: 1,
            text: "false".into(),
            prompt: "$ ".into(),
            prompt_at: Micros(0),
        };
        let outcome = Some("exit 1".to_owned());
        for body in [
            Body::Command(command),
            Body::CommandEnd { number: 1, outcome },
        ] {
            let event = Event {
                at: Micros(1),
                body,
            };
            recording.append(&door.admit(event).unwrap()).unwrap();
        }
        recording
            .close(&door.admit(Summary::default()).unwrap())
            .unwrap();
    }
    let vault = Vault::open(&paths).unwrap();
    let unlocked = vault.unlock_with(&Means::default(), &mut Nobody).unwrap();
    let mut shelf = VaultLibrary::new(unlocked);
    while shelf.catch_up(&Halt::default(), &mut |_| {}) {}
    shelf
}

#[test]
fn failures_are_counted_only_of_those_asked_for_and_until_something_else_is() {
    let home = tempfile::tempdir().unwrap();
    let mut shelf = shelf(home.path(), 3);
    let sessions = shelf.sessions(0, 10).unwrap();
    let all: HashSet<SessionId> = sessions.iter().map(|session| session.meta.id).collect();
    assert_eq!(all.len(), 3);

    let halt = Halt::default();
    halt.ask();
    let mut ids = all.clone();
    assert_eq!(shelf.failed(&mut ids, &halt), []);
    assert_eq!(ids, all, "they wait for the next time");

    halt.take_up();
    let some = sessions[1].meta.id;
    assert_eq!(shelf.failed(&mut HashSet::from([some]), &halt), [(some, 1)]);
    assert_eq!(shelf.failed(&mut HashSet::new(), &halt), []);
    let mut ids: HashSet<SessionId> = all.iter().copied().chain([SessionId([9; 16])]).collect();
    assert_eq!(shelf.failed(&mut ids, &halt).len(), 3);
    assert!(
        ids.is_empty(),
        "one that is not there is not asked for again"
    );
}
