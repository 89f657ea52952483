//! A vault of years, made up: sessions of psql, mysql and ssh as rec records them, with what the
//! wire saw, written through the real library. The same seed makes the same sessions.

use super::say::{Dice, Said};
use rec::config::Paths;
use rec::mask::{Masked, Rules, Scanner, Viewable};
use rec::model::wire::{Complete, End, Exchange, Kind, Opened, Report, Statement, Value};
use rec::model::{
    Body, Command, Event, Exit, Labels, Meta, Micros, Note, SessionId, Size, Stamp, Summary, Target,
};
use rec::vault::{Means, NewKey, Nobody, Recording, Refused, Unlocked, Vault, new_session_id};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Commands in a session.
pub const COMMANDS: u64 = 100;

/// One session in so many has a small piece for each command, as when it is typed by hand; the
/// others have pieces as full as compaction makes them.
const TYPED: u64 = 25;

/// One session in so many has a tag and a note.
const LABELLED: u64 = 500;

/// Between two sessions' starts: 10,000 of them last two years.
const APART: i64 = 6_300_000_000;

/// When the first one began.
const BEGUN: i64 = 1_640_000_000_000_000;

/// A vault that was made.
pub struct Made {
    /// Where it stands.
    pub paths: Paths,
    /// Bytes of commands and of what the terminal showed of their output.
    pub text: u64,
}

/// Where the vault in `home` stands.
pub fn paths(home: &Path) -> Paths {
    Paths {
        vault: home.join("vault"),
        config: home.join("config/config.toml"),
        config_dir: home.join("config"),
        state: home.join("state/rec"),
        runtime: home.join("run/rec"),
    }
}

/// What a shell evaluates so that rec uses the vault in `home`.
pub fn environment(home: &Path) -> String {
    let paths = paths(home);
    format!(
        "export REC_VAULT='{}' REC_CONFIG='{}' XDG_STATE_HOME='{}' XDG_RUNTIME_DIR='{}'",
        paths.vault.display(),
        paths.config.display(),
        home.join("state").display(),
        home.join("run").display(),
    )
}

/// The vault in `home`; it is made where there is none of so many sessions. What is half made, or of
/// another size, is made anew.
pub fn vault(home: &Path, sessions: u64) -> Made {
    std::fs::create_dir_all(home).unwrap();
    let home = home.canonicalize().unwrap();
    let home = home.as_path();
    let paths = paths(home);
    let ready = home.join("ready");
    let known = std::fs::read_to_string(&ready).unwrap_or_default();
    if let Some(text) = known.strip_prefix(&format!("{VERSION} {sessions} ")) {
        let text = text.trim().parse().unwrap();
        return Made { paths, text };
    }
    for part in ["ready", "vault", "config", "state", "run"] {
        let part = home.join(part);
        let _ = std::fs::remove_file(&part);
        let _ = std::fs::remove_dir_all(&part);
    }
    let text = make(&paths, sessions);
    std::fs::write(&ready, format!("{VERSION} {sessions} {text}\n")).unwrap();
    Made { paths, text }
}

/// Changes whenever other sessions are made.
const VERSION: &str = "1";

fn make(paths: &Paths, sessions: u64) -> u64 {
    rec::vault::create(paths, NewKey::File(None)).unwrap();
    std::fs::write(&paths.config, "").unwrap();
    let begun = Instant::now();
    let (next, text, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= sessions {
                        return;
                    }
                    let bytes = record(paths, number);
                    let text = text.fetch_add(bytes, Ordering::Relaxed) + bytes;
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if done.is_multiple_of(1000) {
                        let took = begun.elapsed().as_secs_f64();
                        eprintln!("{done} sessions, {} MB, {took:.0} s", text / 1_000_000);
                    }
                }
            });
        }
    });
    label(paths, sessions);
    settle(paths);
    text.into_inner()
}

/// As after daily use: nothing is left to compact.
fn settle(paths: &Paths) {
    let loose = || -> i64 {
        let db = rusqlite::Connection::open(paths.vault.join("vault.db")).unwrap();
        let count = "SELECT count(*) FROM sessions WHERE compact >= 0";
        db.query_row(count, [], |row| row.get(0)).unwrap()
    };
    while loose() > 0 {
        drop(unlocked(paths));
    }
}

/// The vault, unlocked with its key file.
pub fn unlocked(paths: &Paths) -> Unlocked {
    let vault = Vault::open(paths).unwrap();
    vault.unlock_with(&Means::default(), &mut Nobody).unwrap()
}

/// Through the door: made-up text holds nothing to mask.
pub fn masked<T: Viewable>(value: T) -> Masked<T> {
    Scanner::new(Rules::builtin()).door().admit(value).unwrap()
}

fn label(paths: &Paths, sessions: u64) {
    let mut unlocked = unlocked(paths);
    let ids: Vec<SessionId> = unlocked.rows().unwrap().iter().map(|row| row.id).collect();
    for (n, id) in ids.into_iter().enumerate() {
        if (n as u64).is_multiple_of(LABELLED) || sessions < LABELLED && n == 0 {
            let mut labels = Labels::default();
            labels.tags.insert("incident".to_owned());
            labels.add(Note {
                at: Micros(20_000_000),
                text: "the replica fell behind here".to_owned(),
            });
            unlocked.label(id, &masked(labels)).unwrap();
        }
    }
}

/// What a session of this number says of itself.
pub fn meta(number: u64) -> Meta {
    let (client, user) = match number % 3 {
        0 => ("psql", "app"),
        1 => ("mysql", "shop"),
        _ => ("ssh", "deploy"),
    };
    let host = format!("db-{}", number % 50);
    Meta {
        id: new_session_id().unwrap(),
        client: client.into(),
        command: format!("{client} -h {host}"),
        target: Target {
            host: Some(host),
            database: (client != "ssh").then(|| "orders".into()),
            user: Some(user.into()),
            ..Target::default()
        },
        started: Stamp(BEGUN + i64::try_from(number).unwrap() * APART),
        utc_offset: 3600,
        size: Size {
            cols: 120,
            rows: 40,
        },
        term: "xterm-256color".into(),
        machine: "laptop".into(),
        login: "ada".into(),
        directory: "/home/ada/work".into(),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}

fn record(paths: &Paths, number: u64) -> u64 {
    let mut writing = Writing {
        recording: Recording::open(Vault::open(paths).unwrap(), &masked(meta(number))).unwrap(),
        door: Scanner::new(Rules::builtin()).door(),
        typed: number.is_multiple_of(TYPED),
        terminal: 0,
        text: 0,
        at: 0,
    };
    let mut dice = Dice::new(number);
    let wire = number % 3 < 2;
    if wire {
        writing.open(number);
    }
    for command in 1..=u32::try_from(COMMANDS).unwrap() {
        let said = Said::new(&mut dice, number);
        writing.command(command, &said, wire, &mut dice);
    }
    writing.push(Body::Exit(Exit {
        code: 0,
        signal: None,
    }));
    let summary = Summary {
        commands: COMMANDS as u32,
        statements: if wire { COMMANDS as u32 } else { 0 },
        duration: Micros(writing.at),
        exit: Some(Exit {
            code: 0,
            signal: None,
        }),
        bytes: writing.terminal,
        ..Summary::default()
    };
    writing.recording.close(&masked(summary)).unwrap();
    writing.text
}

/// A recording that is being written.
struct Writing {
    recording: Recording,
    door: rec::mask::Door,
    typed: bool,
    terminal: u64,
    text: u64,
    at: u64,
}

impl Writing {
    fn push(&mut self, body: Body) {
        let event = Event {
            at: Micros(self.at),
            body,
        };
        let event = self.door.admit(event).unwrap();
        while self.recording.append(&event) == Err(Refused::Full) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn output(&mut self, text: String) {
        self.terminal += text.len() as u64;
        self.push(Body::Output(text.into_bytes()));
    }

    fn wire(&mut self, what: Exchange) {
        self.push(Body::wire(1, what));
    }

    fn open(&mut self, number: u64) {
        let postgresql = number.is_multiple_of(3);
        self.wire(Exchange::Opened(Opened {
            protocol: if postgresql { "postgresql" } else { "mysql" }.into(),
            server: if postgresql { "17.2" } else { "8.4.3" }.into(),
            user: if postgresql { "app" } else { "shop" }.into(),
            database: "orders".into(),
            tls: "TLSv1.3".into(),
        }));
    }

    fn command(&mut self, number: u32, said: &Said, wire: bool, dice: &mut Dice) {
        let prompt_at = Micros(self.at);
        self.at += 500_000 + dice.roll(9_000_000);
        let shown = said.typed.replace('\n', "\r\n");
        self.output(format!("{}{shown}\r\n", said.prompt));
        self.push(Body::Command(Command {
            number,
            text: said.typed.clone(),
            prompt: said.prompt.to_owned(),
            prompt_at,
        }));
        if wire {
            self.wire(Exchange::Statement(Statement {
                number,
                kind: Kind::Text,
                text: said.typed.clone(),
                cut: 0,
                name: String::new(),
                prepared: String::new(),
                parameters: Vec::new(),
            }));
        }
        let slow = dice.roll(20) == 0;
        self.at += 1_000 + dice.roll(if slow { 4_000_000 } else { 40_000 });
        if wire {
            self.answer(number, said);
        }
        self.text += (said.typed.len() + said.output.len()) as u64;
        self.output(said.output.replace('\n', "\r\n"));
        self.push(Body::CommandEnd {
            number,
            outcome: said.outcome.clone(),
        });
        if self.typed {
            let due = self.recording.deadline();
            self.recording.tick(due.unwrap());
        }
    }

    fn answer(&mut self, statement: u32, said: &Said) {
        if !said.columns.is_empty() {
            self.wire(Exchange::Columns {
                statement,
                columns: said.columns.clone(),
            });
            let cells = |row: &Vec<String>| row.iter().cloned().map(Value::Text).collect();
            self.wire(Exchange::Rows {
                statement,
                rows: said.rows.iter().map(cells).collect(),
            });
        }
        if said.error.is_none() {
            self.wire(Exchange::Complete(Complete {
                statement,
                tag: said.outcome.clone().unwrap_or_default(),
                rows: said.rows.len() as u64,
                ..Complete::default()
            }));
        }
        let error = said.error.as_ref().map(|(code, message)| Report {
            severity: "ERROR".into(),
            code: (*code).into(),
            message: message.clone(),
            ..Report::default()
        });
        self.wire(Exchange::End(End {
            statement,
            first: Some(Micros(self.at)),
            error,
            ..End::default()
        }));
    }
}
