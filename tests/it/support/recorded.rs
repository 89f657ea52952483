//! Sessions for the tests of what reads them: recorded through the vault, without a client.

use super::Home;
use rec::config::Paths;
use rec::mask::{Masked, Rules, Scanner, Viewable};
use rec::model::{Body, Command, Event, Meta, Micros, SessionId, Size, Stamp, Summary, Target};
use rec::timeline::Timeline;
use rec::vault::{Recording, Vault, new_session_id};

fn masked<T: Viewable>(value: T) -> Masked<T> {
    let mut door = Scanner::new(Rules::builtin()).door();
    door.admit(value).unwrap()
}

fn paths(home: &Home) -> Paths {
    Paths {
        vault: home.vault(),
        config: home.path().join("config/rec/config.toml"),
        config_dir: home.path().join("config/rec"),
        state: home.path().join("state/rec"),
        runtime: home.path().join("run/rec"),
    }
}

/// Records a session as a recorder would, on a terminal of 80 by 24, `started` seconds into a
/// certain evening of November 2023.
pub fn record(home: &Home, client: &str, host: &str, started: i64, events: &[Event]) -> SessionId {
    let id = new_session_id().unwrap();
    let meta = Meta {
        id,
        client: client.into(),
        command: format!("{client} -h {host}"),
        target: Target {
            host: Some(host.into()),
            database: (client == "psql").then(|| "app".into()),
            user: Some("ada".into()),
            port: None,
        },
        started: Stamp(1_700_000_000_000_000 + started * 1_000_000),
        utc_offset: 0,
        size: Size { cols: 80, rows: 24 },
        term: "xterm-256color".into(),
        machine: "laptop".into(),
        login: "ada".into(),
        directory: "/home/ada".into(),
        version: "0".into(),
    };
    let summary: Summary = Timeline::outline(&meta, events).summary();
    let vault = Vault::open(&paths(home)).unwrap();
    let mut recording = Recording::open(vault, &masked(meta)).unwrap();
    for event in events {
        recording.append(&masked(event.clone())).unwrap();
    }
    recording.close(&masked(summary)).unwrap();
    id
}

/// An event at that millisecond.
pub fn at(ms: u64, body: Body) -> Event {
    Event {
        at: Micros(ms * 1000),
        body,
    }
}

/// Terminal output.
pub fn output(ms: u64, text: &str) -> Event {
    at(ms, Body::Output(text.as_bytes().to_vec()))
}

/// A submitted command.
pub fn command(ms: u64, number: u32, text: &str) -> Event {
    at(
        ms,
        Body::Command(Command {
            number,
            text: text.into(),
            prompt: "app=> ".into(),
            prompt_at: Micros((ms - 10) * 1000),
        }),
    )
}

/// The end of a command.
pub fn end(ms: u64, number: u32, outcome: Option<&str>) -> Event {
    let outcome = outcome.map(str::to_owned);
    at(ms, Body::CommandEnd { number, outcome })
}
