//! A vault of years: how fast it is searched, listed and written to.
//!
//! `cargo bench --bench vault -- [--sessions N] [--keep DIR] [PART ...]` makes ten thousand sessions
//! (or N) with a million commands and about a gigabyte of text, then measures. With `--keep` the
//! vault stays in DIR for the next run. Parts: index, search, scan, list, recorders; all of them
//! where none is named.
//!
//! `cargo bench --bench vault -- make [--sessions N] DIR` only makes it, where DIR does not hold it
//! already, and prints what a shell evaluates so that `rec` and other benches use it:
//!
//! ```sh
//! eval "$(cargo bench --bench vault -- make --sessions 1000 ~/.cache/rec-bench)"
//! rec ls
//! ```
//!
//! `… -- long [--hours N] [--mb N] DIR` makes a vault with one session of a day and a gigabyte instead.
//!
//! Its key is a plain file, its index is not built yet, and it takes about as much room as its text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

mod long;
mod make;
mod say;

use make::{masked, meta, paths, unlocked};
use rec::config::Paths;
use rec::model::{Body, Event, Micros, Stamp, Summary};
use rec::query::{Now, Query};
use rec::vault::index::{Library, Search};
use rec::vault::{NewKey, Recording, Vault};
use say::Dice;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Recorders at once, and how long they write.
const RECORDERS: usize = 20;
const WRITING: Duration = Duration::from_secs(20);
/// From one piece of a recorder to its next.
const EACH: Duration = Duration::from_millis(250);

/// Sessions that `rec ls` shows, and the one more that tells whether there are others.
const LISTED: usize = 51;

const PARTS: &[&str] = &["index", "search", "scan", "list", "recorders"];

fn main() {
    let mut sessions = 10_000;
    let (mut hours, mut megabytes) = (24, 1_000);
    let mut keep = None;
    let mut rest = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--sessions" => sessions = args.next().unwrap().parse().unwrap(),
            "--hours" => hours = args.next().unwrap().parse().unwrap(),
            "--mb" => megabytes = args.next().unwrap().parse().unwrap(),
            "--keep" => keep = args.next(),
            // Cargo's own.
            "--bench" => {}
            _ => rest.push(arg),
        }
    }
    if rest.first().is_some_and(|verb| verb == "make") {
        let home = PathBuf::from(rest.get(1).expect("make DIR"));
        make::vault(&home, sessions);
        println!("{}", make::environment(&home.canonicalize().unwrap()));
        return;
    }
    if rest.first().is_some_and(|verb| verb == "long") {
        let home = PathBuf::from(rest.get(1).expect("long DIR"));
        long::session(&home, hours, megabytes);
        println!("{}", make::environment(&home.canonicalize().unwrap()));
        return;
    }
    if let Some(other) = rest.iter().find(|part| !PARTS.contains(&part.as_str())) {
        panic!("{other} is none of {PARTS:?}");
    }
    let wanted = |part: &str| rest.is_empty() || rest.iter().any(|wanted| wanted == part);
    let temp = tempfile::tempdir().unwrap();
    let home = keep.map_or_else(|| temp.path().to_owned(), PathBuf::from);
    if PARTS
        .iter()
        .any(|part| *part != "recorders" && wanted(part))
    {
        let begun = Instant::now();
        let made = make::vault(&home, sessions);
        println!(
            "{sessions} sessions, {} commands, {} MB of text, after {:.0} s",
            sessions * make::COMMANDS,
            made.text / 1_000_000,
            begun.elapsed().as_secs_f64()
        );
        if wanted("index") {
            fill(&made.paths, made.text);
        }
        if wanted("search") {
            searches(&made.paths);
        }
        if wanted("scan") {
            scans(&made.paths, made.text);
        }
        if wanted("list") {
            lists(&made.paths);
        }
    }
    if wanted("recorders") {
        recorders(&temp.path().join("recorders"));
    }
    println!("memory at most: {} MB", peak());
}

fn size(path: PathBuf) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

fn fill(paths: &Paths, text: u64) {
    let begun = Instant::now();
    rec::vault::index::remove(&paths.vault).unwrap();
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
    let mut dice = Dice::new(99);
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
    let mut worst = (Duration::ZERO, "");
    // The first round warms the cache.
    for round in 0..2 {
        for text in &queries {
            let query = query(text);
            let begun = Instant::now();
            found += run(&library, &query, 50, false).0;
            if round == 1 {
                let took = begun.elapsed();
                times.push(took);
                worst = worst.max((took, text));
            }
        }
    }
    println!(
        "search from the index, 400 queries, newest 50, {found} hits: {} ({})",
        percentiles(times),
        worst.1
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
        let sessions = library.matching(&query(""), LISTED).unwrap();
        times.push(begun.elapsed());
        assert!(!sessions.is_empty());
    }
    println!("rec ls (unlock, index, list): {}", percentiles(times));
}

/// What one recorder measured.
struct Times {
    /// From handing over the first piece to the commit that opens the session.
    first: Duration,
    /// From handing over each other piece to its commit.
    pieces: Vec<Duration>,
    /// From the end to the commit that closes the session.
    close: Duration,
}

/// Each hands over a piece four times a second; what is measured is from there to the commit. All
/// begin and all end at the same moment, the hardest case for the log's lock; in between each has
/// its own beat, as people do.
fn recorders(home: &Path) {
    let paths = paths(home);
    rec::vault::create(&paths, NewKey::File(None)).unwrap();
    let beat = |number: usize| EACH * u32::try_from(number).unwrap() / RECORDERS as u32;
    let threads: Vec<_> = (0..RECORDERS)
        .map(|number| {
            let paths = paths.clone();
            std::thread::spawn(move || recorder(&paths, number, beat(number)))
        })
        .collect();
    let times: Vec<Times> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let pieces: Vec<Duration> = times.iter().flat_map(|t| t.pieces.clone()).collect();
    println!(
        "{RECORDERS} recorders at four commits a second, {} commits: {}",
        pieces.len(),
        percentiles(pieces)
    );
    let first = times.iter().map(|t| t.first).collect();
    println!("  all opened at once: {}", percentiles(first));
    let close = times.iter().map(|t| t.close).collect();
    println!("  all closed at once: {}", percentiles(close));
}

fn recorder(paths: &Paths, number: usize, beat: Duration) -> Times {
    let meta = masked(meta(number as u64));
    let mut recording = Recording::open(Vault::open(paths).unwrap(), &meta).unwrap();
    let id = meta.id;
    let db = rusqlite::Connection::open(paths.vault.join("vault.db")).unwrap();
    let mut committed = db
        .prepare(
            "SELECT count(*) FROM pieces p JOIN sessions s ON s.number = p.session
             WHERE s.id = ?1",
        )
        .unwrap();
    let mut pieces = Vec::new();
    let begun = Instant::now();
    let mut at: u64 = 0;
    while begun.elapsed() < WRITING {
        at += 1;
        let event = Event {
            at: Micros(at * 250_000),
            body: Body::Output(format!("line {at} {}\r\n", "x".repeat(500)).into_bytes()),
        };
        recording.append(&masked(event)).unwrap();
        let handed = Instant::now();
        recording.tick(recording.deadline().unwrap());
        while committed
            .query_row([&id.0], |row| row.get::<_, i64>(0))
            .unwrap()
            < i64::try_from(at).unwrap()
        {
            std::thread::sleep(Duration::from_micros(500));
        }
        pieces.push(handed.elapsed());
        let next = begun + beat + EACH * u32::try_from(at).unwrap();
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    std::thread::sleep((begun + WRITING + EACH).saturating_duration_since(Instant::now()));
    let ended = Instant::now();
    recording.close(&masked(Summary::default())).unwrap();
    Times {
        first: pieces.remove(0),
        pieces,
        close: ended.elapsed(),
    }
}

/// The most memory that this process had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1000
}
