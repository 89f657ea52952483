//! A vault of years: how fast it is searched, listed and written to.
//!
//! `cargo bench --bench vault` makes ten thousand sessions with a million commands and about a
//! gigabyte of text, then measures. `-- --sessions 1000` makes fewer, `-- --keep DIR` keeps the
//! vault for the next run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

use rec::config::Paths;
use rec::mask::{Masked, Rules, Scanner, Viewable};
use rec::model::{Body, Command, Event, Exit, Meta, Micros, Size, Stamp, Summary, Target};
use rec::query::{Now, Query};
use rec::vault::index::{Library, Search};
use rec::vault::{Means, NewKey, Nobody, Recording, Refused, Unlocked, Vault, new_session_id};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Commands in a session, and lines that each prints on average.
const COMMANDS: u64 = 100;
const LINES: u64 = 11;

/// Recorders at once, and how long they write.
const RECORDERS: usize = 20;
const WRITING: Duration = Duration::from_secs(20);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1).cloned()
    };
    let sessions = value("--sessions").map_or(10_000, |n| n.parse().unwrap());
    let temp = tempfile::tempdir().unwrap();
    let home = value("--keep").map_or_else(|| temp.path().to_owned(), PathBuf::from);
    let paths = paths(&home);
    if !paths.vault.join("vault.db").exists() {
        let begun = Instant::now();
        let text = generate(&paths, sessions);
        let took = begun.elapsed().as_secs_f64();
        println!(
            "generated {sessions} sessions, {} commands, {} MB of text in {took:.0} s",
            sessions * COMMANDS,
            text / 1_000_000
        );
        std::fs::write(home.join("text"), text.to_string()).unwrap();
    }
    let text: u64 = std::fs::read_to_string(home.join("text"))
        .unwrap()
        .parse()
        .unwrap();
    fill(&paths, text);
    searches(&paths);
    scans(&paths, text);
    lists(&paths);
    recorders(&home.join("recorders"));
    println!("memory at most: {} MB", peak());
}

fn paths(home: &Path) -> Paths {
    Paths {
        vault: home.join("vault"),
        config: home.join("config/config.toml"),
        config_dir: home.join("config"),
        state: home.join("state"),
        runtime: home.join("run"),
    }
}

fn masked<T: Viewable>(value: T) -> Masked<T> {
    Scanner::new(Rules::builtin()).door().admit(value).unwrap()
}

/// A repeatable stream of numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// A made-up word; small numbers are frequent, as in text.
    fn word(&mut self) -> String {
        let rank = self.roll(self.0 % 60_000 + 1);
        let mut n = rank.wrapping_mul(2_654_435_761) % 60_000 + 1;
        let mut word = String::new();
        while n > 0 {
            let (consonant, vowel) = (n % 20, n / 20 % 5);
            word.push(char::from(b"bcdfghjklmnpqrstvwxz"[consonant as usize]));
            word.push(char::from(b"aeiou"[vowel as usize]));
            n /= 100;
        }
        word
    }
}

fn meta(number: u64, started: i64) -> Meta {
    Meta {
        id: new_session_id().unwrap(),
        client: if number.is_multiple_of(3) {
            "ssh"
        } else {
            "psql"
        }
        .into(),
        command: format!("psql -h db-{}", number % 50),
        target: Target {
            host: Some(format!("db-{}", number % 50)),
            database: Some("app".into()),
            ..Target::default()
        },
        started: Stamp(started),
        utc_offset: 0,
        size: Size {
            cols: 120,
            rows: 40,
        },
        term: "xterm-256color".into(),
        machine: "laptop".into(),
        login: "ada".into(),
        directory: "/home/ada".into(),
        version: "bench".into(),
    }
}

/// One session's events, and the bytes of text in them.
fn session(dice: &mut Dice, number: u64) -> (Vec<Event>, u64) {
    let mut events = Vec::new();
    let mut text = 0;
    let mut at = 0;
    let mut push = |at: u64, body| {
        events.push(Event {
            at: Micros(at * 1000),
            body,
        });
    };
    for command in 1..=COMMANDS {
        at += 500;
        let (a, b, c) = (dice.word(), dice.word(), dice.word());
        let typed = format!(
            "select {a}, {b} from {c}_{} where id = {}",
            command % 7,
            dice.roll(1_000_000)
        );
        push(at, Body::Output(format!("app=> {typed}\r\n").into_bytes()));
        push(
            at,
            Body::Command(Command {
                number: command as u32,
                text: typed.clone(),
                prompt: "app=> ".into(),
                prompt_at: Micros(0),
            }),
        );
        text += typed.len() as u64;
        let mut output = String::new();
        for _ in 0..1 + dice.roll(2 * LINES) {
            for _ in 0..9 {
                output.push_str(&dice.word());
                output.push(' ');
            }
            output.push_str(&format!("| {}\r\n", dice.roll(1_000_000)));
        }
        if number % 100 == 7 && command == 50 {
            output.push_str("needleinhaystack\r\n");
        }
        text += output.len() as u64;
        push(at + 3, Body::Output(output.into_bytes()));
        let failed = dice.roll(50) == 0;
        let outcome = Some(if failed { "ERROR 42703" } else { "SELECT 10" }.to_owned());
        push(
            at + 5,
            Body::CommandEnd {
                number: command as u32,
                outcome,
            },
        );
    }
    push(
        at + 10,
        Body::Exit(Exit {
            code: 0,
            signal: None,
        }),
    );
    (events, text)
}

fn generate(paths: &Paths, sessions: u64) -> u64 {
    rec::vault::create(paths, NewKey::File(None)).unwrap();
    let mut dice = Dice(1);
    let mut text = 0;
    for number in 0..sessions {
        let started = 1_600_000_000_000_000 + i64::try_from(number).unwrap() * 10_000_000_000;
        let (events, bytes) = session(&mut dice, number);
        text += bytes;
        let summary = Summary {
            commands: COMMANDS as u32,
            duration: Micros(60_000_000),
            ..Summary::default()
        };
        let mut recording =
            Recording::open(Vault::open(paths).unwrap(), &masked(meta(number, started))).unwrap();
        let mut door = Scanner::new(Rules::builtin()).door();
        for event in events {
            let event = door.admit(event).unwrap();
            while recording.append(&event) == Err(Refused::Full) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        recording.close(&masked(summary)).unwrap();
    }
    text
}

fn unlocked(paths: &Paths) -> Unlocked {
    let vault = Vault::open(paths).unwrap();
    vault.unlock_with(&Means::default(), &mut Nobody).unwrap()
}

fn size(path: PathBuf) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

fn fill(paths: &Paths, text: u64) {
    // Each unlock compacts a little; a vault that is read daily has nothing left to compact.
    let loose = || -> i64 {
        let db = rusqlite::Connection::open(paths.vault.join("vault.db")).unwrap();
        db.query_row(
            "SELECT count(*) FROM sessions WHERE compact >= 0",
            [],
            |row| row.get(0),
        )
        .unwrap()
    };
    while loose() > 0 {
        drop(unlocked(paths));
    }
    let begun = Instant::now();
    drop(Library::open(unlocked(paths), &mut |_| {}));
    let index = size(paths.vault.join("index.db")) + size(paths.vault.join("index.db-wal"));
    println!(
        "index caught up in {:.0} s: {} MB, {:.2} of the text; vault.db {} MB",
        begun.elapsed().as_secs_f64(),
        index / 1_000_000,
        index as f64 / text as f64,
        size(paths.vault.join("vault.db")) / 1_000_000
    );
}

fn query(text: &str) -> Query {
    let now = Now {
        stamp: Stamp(1_700_000_000_000_000),
        zone: jiff::tz::TimeZone::UTC,
    };
    Query::parse(text, &now).unwrap()
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
        at(50),
        at(99),
        at(100)
    )
}

fn run(
    library: &Library,
    query: &Query,
    limit: usize,
    with_text: bool,
) -> (usize, Option<Duration>) {
    let begun = Instant::now();
    let (mut found, mut first) = (0, None);
    let search = Search {
        query,
        limit,
        with_text,
    };
    library
        .search(&search, &mut |_| {
            found += 1;
            first.get_or_insert_with(|| begun.elapsed());
            true
        })
        .unwrap();
    (found, first)
}

fn searches(paths: &Paths) {
    let library = Library::open(unlocked(paths), &mut |_| {});
    let mut dice = Dice(99);
    let mut queries: Vec<String> = Vec::new();
    for n in 0..400 {
        let (a, b) = (dice.word(), dice.word());
        queries.push(match n % 8 {
            0 | 1 => a,
            2 => format!("{a} {b}"),
            3 => format!("{a} client:psql host:db-7"),
            4 => format!("{}*", a.get(..4).unwrap_or(&a)),
            5 => format!("failed: {a}"),
            6 => format!("in:command {a}"),
            _ => format!("{a} -{b}"),
        });
    }
    let mut found = 0;
    let mut times = Vec::new();
    // The first round warms the cache.
    for round in 0..2 {
        for text in &queries {
            let query = query(text);
            let begun = Instant::now();
            found += run(&library, &query, 50, false).0;
            if round == 1 {
                times.push(begun.elapsed());
            }
        }
    }
    println!(
        "search from the index, 400 queries, newest 50, {found} hits: {}",
        percentiles(times)
    );
}

fn scans(paths: &Paths, text: u64) {
    let library = Library::without_index(unlocked(paths));
    let query = query("/needle[a-z]nhaystack/");
    let begun = Instant::now();
    let (found, first) = run(&library, &query, usize::MAX, true);
    let took = begun.elapsed().as_secs_f64();
    println!(
        "scan of everything for an expression: {found} hits, the first after {:.0} ms, all in {took:.1} s ({:.0} MB/s)",
        first.unwrap_or_default().as_secs_f64() * 1000.0,
        text as f64 / 1e6 / took
    );
}

fn lists(paths: &Paths) {
    let mut times = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        let library = Library::open(unlocked(paths), &mut |_| {});
        let sessions = library.sessions().unwrap();
        times.push(begun.elapsed());
        assert!(!sessions.is_empty());
    }
    println!("rec ls (unlock, index, list): {}", percentiles(times));
}

/// Each hands over a piece four times a second; what is measured is from there to the commit.
fn recorders(home: &Path) {
    let paths = paths(home);
    rec::vault::create(&paths, NewKey::File(None)).unwrap();
    let threads: Vec<_> = (0..RECORDERS)
        .map(|number| {
            let paths = paths.clone();
            std::thread::spawn(move || {
                let meta = masked(meta(number as u64, 1_700_000_000_000_000));
                let mut recording = Recording::open(Vault::open(&paths).unwrap(), &meta).unwrap();
                let id = meta.id;
                let db = rusqlite::Connection::open(paths.vault.join("vault.db")).unwrap();
                let mut committed = db
                    .prepare(
                        "SELECT count(*) FROM pieces p JOIN sessions s ON s.number = p.session
                         WHERE s.id = ?1",
                    )
                    .unwrap();
                let mut times = Vec::new();
                let begun = Instant::now();
                let mut at: u64 = 0;
                let mut wanted: i64 = 0;
                while begun.elapsed() < WRITING {
                    at += 1;
                    wanted += 1;
                    let event = Event {
                        at: Micros(at * 250_000),
                        body: Body::Output(
                            format!("line {at} {}\r\n", "x".repeat(500)).into_bytes(),
                        ),
                    };
                    recording.append(&masked(event)).unwrap();
                    let handed = Instant::now();
                    recording.tick(recording.deadline().unwrap());
                    while committed
                        .query_row([&id.0], |row| row.get::<_, i64>(0))
                        .unwrap()
                        < wanted
                    {
                        std::thread::sleep(Duration::from_micros(500));
                    }
                    times.push(handed.elapsed());
                    std::thread::sleep(Duration::from_millis(250).saturating_sub(handed.elapsed()));
                }
                recording.close(&masked(Summary::default())).unwrap();
                times
            })
        })
        .collect();
    let times: Vec<Duration> = threads
        .into_iter()
        .flat_map(|t| t.join().unwrap())
        .collect();
    println!(
        "{RECORDERS} recorders at four commits a second, {} commits: {}",
        times.len(),
        percentiles(times)
    );
}

/// The most memory that this process had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1000
}
