//! The full-screen views on a real terminal.

mod browse;
mod hostile;
mod job;
mod locked;
mod more;
mod pages;
mod play;
mod words;

use crate::support::recorded::{at, command, end, output, record};
use crate::support::{Home, Terminal};
use rec::model::{Body, Event, Exit, SessionId};
use std::fs;

/// Four minutes of psql in which little happens, and one command fails.
pub fn psql() -> Vec<Event> {
    vec![
        output(0, "psql (15.18)\r\n\r\napp=> "),
        output(8_000, "select count(*) from orders;\r\n"),
        command(8_000, 1, "select count(*) from orders;"),
        output(
            8_040,
            " count \r\n-------\r\n    \x1b[1;31m17\x1b[0m\r\n(1 row)\r\n\r\n",
        ),
        end(8_041, 1, Some("1 row")),
        output(8_041, "app=> "),
        output(29_000, "update orders set statsu = 1;\r\n"),
        command(29_000, 2, "update orders set statsu = 1;"),
        output(29_001, "ERROR:  column \"statsu\" does not exist\r\n"),
        end(29_001, 2, Some("ERROR:  column \"statsu\" does not exist")),
        output(29_001, "app=> "),
        at(
            60_000,
            Body::Marker {
                label: "look here".into(),
            },
        ),
        output(126_000, "update orders set status = 1;\r\n"),
        command(126_000, 3, "update orders set status = 1;"),
        output(126_003, "UPDATE 17\r\n"),
        end(126_003, 3, Some("UPDATE 17")),
        output(126_003, "app=> "),
        output(252_000, "\\q\r\n"),
        at(
            252_000,
            Body::Exit(Exit {
                code: 0,
                signal: None,
            }),
        ),
    ]
}

pub fn ssh() -> Vec<Event> {
    vec![
        output(0, "web-03$ "),
        output(500, "uptime\r\n"),
        command(500, 1, "uptime"),
        output(600, " up 3 days\r\n"),
        end(700, 1, Some("exit 0")),
        output(700, "web-03$ "),
        at(
            800,
            Body::Exit(Exit {
                code: 0,
                signal: None,
            }),
        ),
    ]
}

/// A home with the session of psql, and a newer one over ssh.
pub fn home() -> (Home, SessionId, SessionId) {
    let home = Home::with_vault();
    let older = record(&home, "psql", "prod-db", 0, &psql());
    let newer = record(&home, "ssh", "web-03", 100, &ssh());
    (home, older, newer)
}

pub fn open(home: &Home, args: &[&str], (cols, rows): (u16, u16)) -> Terminal {
    Terminal::open(&home.rec(args), cols, rows)
}

pub const USUAL: (u16, u16) = (80, 24);
pub const SMALL: (u16, u16) = (40, 12);

/// Whether the bytes switched to the alternate screen and back.
pub fn gave_back(t: &Terminal) -> bool {
    let bytes = t.bytes();
    let last = |sequence: &[u8]| bytes.windows(sequence.len()).rposition(|at| at == sequence);
    let (taken, given) = (last(b"\x1b[?1049h"), last(b"\x1b[?1049l"));
    taken.is_some() && taken < given && last(b"\x1b[?25l") < last(b"\x1b[?25h")
}

#[track_caller]
pub fn leaves(mut t: Terminal, keys: &str) {
    t.keys(keys);
    let status = t.wait();
    assert_eq!(
        status.code(),
        Some(0),
        "{status} after {keys:?}:\n{}",
        t.screen()
    );
    assert!(gave_back(&t), "the screen is not given back after {keys:?}");
}

#[track_caller]
pub fn same_settings(home: &Home) {
    let read = |name| fs::read_to_string(home.path().join(name)).unwrap();
    assert_eq!(read("a"), read("b"), "the terminal's settings have changed");
}
