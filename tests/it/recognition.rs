//! Commands are recognised in recorded real sessions: shells and clients, with editing, history,
//! completion, several lines, Ctrl-C and paste. `fixtures/commands/record.py` and `more.py` made
//! them, and say what was meant.

use rec::insight::{Pair, align};
use rec::mask::{Rules, Scanner};
use rec::model::{Body, Exit, Micros, Size};
use rec::pipeline::{Pipeline, TtyMode};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Hundredths of the commands that must be exact.
const EXACT_MIN: usize = 98;

struct Recorded {
    name: String,
    meant: Vec<String>,
    found: Vec<String>,
}

fn replay(path: &Path) -> Recorded {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let head = lines.next().unwrap();
    let size = |name: &str| u16::try_from(head[name].as_u64().unwrap()).unwrap();
    let scanner = Scanner::new(Rules::builtin());
    let door = scanner.door();
    let size = Size {
        cols: size("cols"),
        rows: size("rows"),
    };
    let mut pipeline = Pipeline::new(scanner, door, size);
    let mut found = Vec::new();
    let mut at = Micros(0);
    for event in lines {
        at = Micros(event[0].as_u64().unwrap() * 1000);
        // As the recorder's clock would have woken it.
        let mut woken = None;
        while let Some(due) = pipeline.next_deadline().filter(|due| *due <= at) {
            if woken == Some(due) {
                break;
            }
            pipeline.tick(due);
            woken = Some(due);
        }
        let bytes: Vec<u8> = event[2]
            .as_str()
            .unwrap()
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect();
        match event[1].as_str().unwrap() {
            "o" => pipeline.output(at, &bytes),
            _ => {
                let mode = TtyMode {
                    echo: event[3].as_bool().unwrap(),
                    icanon: event[4].as_bool().unwrap(),
                };
                pipeline.input(at, &bytes, mode);
            }
        }
        take(&mut pipeline, &mut found);
    }
    pipeline.exit(
        at,
        Exit {
            code: 0,
            signal: None,
        },
    );
    take(&mut pipeline, &mut found);
    let meant = head["commands"].as_array().unwrap().iter();
    let meant = meant.map(|command| tidy(command.as_str().unwrap()));
    Recorded {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        meant: meant.collect(),
        found,
    }
}

fn take(pipeline: &mut Pipeline, found: &mut Vec<String>) {
    for event in pipeline.take() {
        if let Body::Command(command) = event.into_inner().body {
            found.push(tidy(&command.text));
        }
    }
}

/// Blanks at the end are no part of what was meant: completion adds one.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

#[test]
fn commands_of_real_sessions_are_recognised_as_they_were_meant() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/commands");
    let mut paths: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 35, "sessions are missing: {paths:?}");
    let (mut all, mut exact) = (0, 0);
    let mut misses = Vec::new();
    for recorded in paths.iter().map(|path| replay(path)) {
        // The last one leaves the client; the script ends there and does not say so.
        let mut found = recorded.found;
        let leaves = ["exit", "\\q", ".quit"];
        if found.len() > recorded.meant.len()
            && found.last().is_some_and(|l| leaves.contains(&l.as_str()))
        {
            found.pop();
        }
        all += recorded.meant.len();
        for pair in align(&recorded.meant, &found) {
            match pair {
                Pair::Both(..) => exact += 1,
                Pair::Left(n) => {
                    misses.push(format!("{}: missed {:?}", recorded.name, recorded.meant[n]))
                }
                Pair::Right(n) => misses.push(format!("{}: instead {:?}", recorded.name, found[n])),
            }
        }
    }
    let listed = misses.join("\n");
    eprintln!("{exact} of {all} commands are exact; the misses:\n{listed}");
    assert!(all >= 570, "only {all} commands were recorded");
    assert!(
        exact * 100 >= all * EXACT_MIN,
        "only {exact} of {all} commands are exact:\n{listed}"
    );
    // Nothing that was typed at a password prompt is a command.
    assert!(!listed.contains("moon-landing"), "{listed}");
    assert!(
        misses.len() <= all * (100 - EXACT_MIN) * 2 / 100 + 1,
        "{listed}"
    );
}
