//! Anything that a terminal may be sent, in any order: what is recorded of it must be the same however
//! the stream was cut into chunks.

use super::plant::{LOWER, planted};
use super::random::Random;
use super::{Step, noise};
use rec::mask::own::{OnDoubt, Own};
use rec::mask::{Rules, Scanner};
use rec::model::{Body, Exit, Micros, Size};
use rec::pipeline::Pipeline;

/// What differs between the ways to cut the traffic that `seed` stands for.
pub fn failure(seed: u64) -> Option<String> {
    let mut random = Random(seed);
    let cols = 1 + random.below(60);
    let rows = 1 + random.below(12);
    let steps = traffic(&mut random, cols, rows);
    let size = size(cols, rows);
    let whole = recorded(&steps, size, || usize::MAX);
    let (largest, mut cuts) = (2 + random.below(40), Random(seed));
    let ways = [
        ("byte by byte", recorded(&steps, size, || 1)),
        (
            "in chunks",
            recorded(&steps, size, || 1 + cuts.below(largest)),
        ),
    ];
    let (way, other) = ways.into_iter().find(|(_, other)| *other != whole)?;
    let told: Vec<String> = steps.iter().map(Step::told).collect();
    Some(format!(
        "{cols}x{rows} {way} (REC_MASK_SEED={seed} REC_MASK_RUNS=1): {told:?}\nbecame\n{other:?}\nand whole\n{whole:?}",
    ))
}

fn size(cols: usize, rows: usize) -> Size {
    Size {
        cols: u16::try_from(cols).unwrap(),
        rows: u16::try_from(rows).unwrap(),
    }
}

/// What is recorded of `steps` in chunks as long as `longest` says, output that follows output as one.
fn recorded(steps: &[Step], size: Size, mut longest: impl FnMut() -> usize) -> Vec<String> {
    // What the second look drops is an event's doubtful lines, and where events end is a matter of time.
    let scanner = Scanner::new(Rules::with(&Own {
        on_doubt: OnDoubt::Keep,
        ..Own::default()
    }));
    let door = scanner.door();
    let mut pipeline = Pipeline::with_limit(scanner, door, size, u64::MAX);
    let mut events: Vec<(bool, Vec<u8>)> = Vec::new();
    let mut take = |pipeline: &mut Pipeline| {
        for event in pipeline.take() {
            match (&event.body, events.last_mut()) {
                (Body::Output(data), Some((true, before))) => before.extend_from_slice(data),
                (Body::Output(data), _) => events.push((true, data.clone())),
                // Told behind the output that happened to be gathered by then.
                (Body::Masked { .. }, _) => {}
                (Body::Gap(gap), _) if gap.detail.ends_with("kept as configured") => {}
                (other, _) => events.push((false, format!("{other:?}").into_bytes())),
            }
        }
    };
    let at = Micros(1000);
    for step in steps {
        match step {
            Step::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let (chunk, after) = rest.split_at(longest().min(rest.len()));
                    pipeline.output(at, chunk);
                    take(&mut pipeline);
                    rest = after;
                }
            }
            Step::Resize(size) => pipeline.resize(at, *size),
        }
    }
    let (code, signal) = (0, None);
    pipeline.exit(at, Exit { code, signal });
    take(&mut pipeline);
    let shown = events
        .iter()
        .map(|(_, bytes)| bytes.escape_ascii().to_string());
    shown.collect()
}

/// A little of everything, with pieces of a line that holds a secret between.
fn traffic(random: &mut Random, cols: usize, rows: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut bytes = Vec::new();
    let line = planted(random).0;
    let mut rest: Vec<char> = line.chars().collect();
    for _ in 0..1 + random.below(24) {
        if random.one_in(25) {
            steps.push(Step::Bytes(std::mem::take(&mut bytes)));
            steps.push(Step::Resize(size(
                1 + random.below(60),
                1 + random.below(12),
            )));
        }
        if random.one_in(3) {
            let count = match random.below(4) {
                0 => rest.len(),
                _ => random.below(rest.len() + 1),
            };
            bytes.extend(rest.drain(..count).collect::<String>().into_bytes());
        } else {
            bytes.extend(piece(random, cols, rows, &line));
        }
        if rest.is_empty() {
            rest = planted(random).0.chars().collect();
        }
    }
    steps.push(Step::Bytes(bytes));
    steps
}

fn piece(random: &mut Random, cols: usize, rows: usize, line: &str) -> Vec<u8> {
    let (col, row) = (1 + random.below(cols + 2), 1 + random.below(rows + 1));
    let few = 1 + random.below(4);
    let piece = match random.below(18) {
        0 | 1 => random
            .pick(&["\r\n", "\n", "\r", "\n\n", "\x1bE", "\x1bD", "\x1bM"])
            .to_owned(),
        2 => format!("\x1b[{row};{col}H"),
        3 => format!(
            "\x1b[{few}{}",
            random.pick(&["A", "B", "C", "D", "E", "F", "G", "d"])
        ),
        4 => format!(
            "\x1b[{few}{}",
            random.pick(&["@", "P", "X", "L", "M", "S", "T", "b"])
        ),
        5 => format!("\x1b[{}{}", random.below(3), random.pick(&["J", "K"])),
        6 => format!("\x1b[{row};{}r", row + few),
        7 => random
            .pick(&["\x1b[r", "\x1b7", "\x1b8", "\x1b[s", "\x1b[u", "\x1b#8"])
            .to_owned(),
        8 => random
            .pick(&["\x1b[?1049h", "\x1b[?1049l", "\x1b[?47h", "\x1b[?47l"])
            .to_owned(),
        9 => random
            .pick(&[
                "\x1b[?7l", "\x1b[?7h", "\x1b[4h", "\x1b[4l", "\x1b[?6h", "\x1b[?6l", "\x1b[20h",
            ])
            .to_owned(),
        10 => random
            .pick(&["\x1b(0", "\x1b(B", "\x0e", "\x0f", "\x1bc", "\x1b[!p"])
            .to_owned(),
        // Exactly as wide as the screen, and one cell off.
        11 => {
            let width = (cols + random.below(3)).saturating_sub(1);
            random.text(LOWER, width)
        }
        12 => random
            .pick(&["接続", "é", "e\u{301}", "🚀", "│", "\u{200b}"])
            .to_owned(),
        13 => random
            .pick(&["\x08", "\t", "\x08\x08", "\x7f", "\x07", "\x08 \x08"])
            .to_owned(),
        14 => random
            .pick(&[
                "\x1b[1;31m",
                "\x1b[m",
                "\x1b[7m",
                "\x1b[38;2;1;2;3m",
                "\x1b[K",
            ])
            .to_owned(),
        15 => {
            let kind = random
                .pick(&["0;", "2;", "8;;https://h/", "52;c;", "133;A", "7;"])
                .to_owned();
            let end = random
                .pick(&["\x07", "\x1b\\", "\u{9c}", "\x18"])
                .to_owned();
            format!("\x1b]{kind}{line}{end}")
        }
        16 => noise(random),
        _ => {
            // Not UTF-8, and a sequence that does not end.
            let odd: [&[u8]; 5] = [b"\xff", b"\xe6\x8e", b"\xc3", b"\x1b[12", b"\x1bP1$r"];
            return odd[random.below(odd.len())].to_vec();
        }
    };
    piece.into_bytes()
}
