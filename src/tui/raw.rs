//! Recorded bytes on the terminal itself, in their own time, filtered.

use super::guard::Guard;
use super::input::{self, Input, Woken};
use super::msg::Pace;
use crate::model::{Body, Size};
use crate::player::{Filter, Jump, Player, Reached, Source, Spot};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_usize;
use signal_hook::low_level::emulate_default_handler;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What the viewer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Nothing: the time has passed.
    On,
    /// To leave.
    Leave,
}

/// Plays `source` to stdout from `jump` on, until its end, `q`, Ctrl-C, or a signal that ends
/// programs: then the process ends by it, after the terminal was put in order. Where stdout is no
/// terminal, no keys are read.
///
/// # Errors
/// The terminal cannot be read or written. It is given back in any case.
pub fn play(source: impl Source, size: Size, jump: Jump, pace: Pace) -> io::Result<Reached> {
    let mut player = Player::new(source, size);
    let reached = begin(&mut player, jump, pace);
    if reached != Reached::There {
        return Ok(reached);
    }
    if !io::stdout().is_terminal() {
        let wait = |time| {
            thread::sleep(time);
            Ok(Wish::On)
        };
        pour(&mut player, &mut io::stdout().lock(), wait)?;
        return Ok(Reached::There);
    }
    let caught = Arc::new(AtomicUsize::new(0));
    for signal in [SIGTERM, SIGHUP, SIGINT, SIGQUIT] {
        let number = usize::try_from(signal).unwrap_or(0);
        register_usize(signal, Arc::clone(&caught), number)?;
    }
    let input = Input::open()?;
    let guard = Guard::take_keys()?;
    let result = pour(&mut player, &mut io::stdout().lock(), |time| {
        wait(&input, time, &caught)
    });
    drop(guard);
    match i32::try_from(caught.load(Ordering::SeqCst)) {
        Ok(0) | Err(_) => {}
        Ok(signal) => emulate_default_handler(signal)?,
    }
    result.map(|()| Reached::There)
}

/// Goes to where the replay begins.
fn begin<S: Source>(player: &mut Player<S>, jump: Jump, pace: Pace) -> Reached {
    player.set_speed(pace.speed);
    player.set_idle(pace.idle);
    loop {
        match player.jump(jump) {
            Reached::NotYet => {
                player.index_more();
            }
            reached => return reached,
        }
    }
}

/// Writes what the terminal was given, each at its time, and then what puts it back in order.
fn pour<S: Source>(
    player: &mut Player<S>,
    out: &mut impl Write,
    mut wait: impl FnMut(Duration) -> io::Result<Wish>,
) -> io::Result<()> {
    let mut filter = Filter::new();
    let mut bytes = Vec::new();
    // A replay from the start goes on where the cursor is, as the client did.
    if player.spot() != Spot::default() {
        filter.push(b"\x1b[2J\x1b[H", &mut bytes);
        filter.push(player.screen().dump().as_bytes(), &mut bytes);
    }
    let mut result = out.write_all(&bytes).and_then(|()| out.flush());
    while result.is_ok() {
        let Some((time, event)) = player.pull() else {
            break;
        };
        match wait(time) {
            Ok(Wish::On) => {}
            Ok(Wish::Leave) => break,
            Err(error) => {
                result = Err(error);
                break;
            }
        }
        bytes.clear();
        match event.body {
            Body::Output(data) => filter.push(&data, &mut bytes),
            Body::Stream { data, .. } => {
                for line in data.split_inclusive(|b| *b == b'\n') {
                    match line.strip_suffix(b"\n") {
                        Some(text) => {
                            filter.push(text, &mut bytes);
                            filter.push(b"\r\n", &mut bytes);
                        }
                        None => filter.push(line, &mut bytes),
                    }
                }
            }
            _ => continue,
        }
        result = out.write_all(&bytes).and_then(|()| out.flush());
    }
    // The terminal is put in order also when something failed.
    bytes.clear();
    filter.finish(&mut bytes);
    bytes.extend_from_slice(b"\r\n");
    result.and(out.write_all(&bytes).and_then(|()| out.flush()))
}

/// How often it is looked whether a signal came.
const SIGNAL_WAIT: Duration = Duration::from_millis(100);

/// Lets `time` pass, unless the viewer leaves or a signal came. Space holds the clock.
fn wait(input: &Input, time: Duration, caught: &AtomicUsize) -> io::Result<Wish> {
    let mut left = time;
    let mut held = false;
    loop {
        if caught.load(Ordering::SeqCst) != 0 {
            return Ok(Wish::Leave);
        }
        let since = Instant::now();
        let slice = if held {
            SIGNAL_WAIT
        } else {
            left.min(SIGNAL_WAIT)
        };
        let woken = input.wait(Some(slice), None)?;
        if !held {
            left = left.saturating_sub(since.elapsed());
        }
        match woken {
            Woken::Gone | Woken::Over => return Ok(Wish::Leave),
            Woken::Late if !held && left.is_zero() => return Ok(Wish::On),
            Woken::Late => {}
            Woken::Ready => match input::next()? {
                Some(Event::Key(key)) if leaves(&key) => return Ok(Wish::Leave),
                Some(Event::Key(key)) if pauses(&key) => held = !held,
                _ => {}
            },
        }
    }
}

fn pauses(key: &KeyEvent) -> bool {
    key.kind == KeyEventKind::Press && key.code == KeyCode::Char(' ')
}

fn leaves(key: &KeyEvent) -> bool {
    let interrupt = key.modifiers == KeyModifiers::CONTROL && key.code == KeyCode::Char('c');
    interrupt || key.modifiers.is_empty() && key.code == KeyCode::Char('q')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event as Recorded, Micros};

    fn output(millis: u64, text: &str) -> Recorded {
        Recorded {
            at: Micros(millis * 1000),
            body: Body::Output(text.as_bytes().to_vec()),
        }
    }

    fn session() -> Vec<Vec<Recorded>> {
        vec![
            vec![
                output(0, "one\r\n"),
                output(1_000, "two\x1b]52;c;aGk=\x07\x1b[6n\r\n"),
            ],
            vec![output(60_000, "\x1b[?1049hthree")],
        ]
    }

    const SIZE: Size = Size { cols: 20, rows: 4 };

    /// What was written, and the waits between.
    fn poured(jump: Jump, pace: Pace, last: usize) -> (String, Vec<u64>) {
        let mut player = Player::new(session(), SIZE);
        assert_eq!(begin(&mut player, jump, pace), Reached::There);
        let mut out = Vec::new();
        let mut waits = Vec::new();
        let wait = |time: Duration| {
            waits.push(u64::try_from(time.as_millis()).unwrap());
            Ok(if waits.len() > last {
                Wish::Leave
            } else {
                Wish::On
            })
        };
        pour(&mut player, &mut out, wait).unwrap();
        (String::from_utf8(out).unwrap(), waits)
    }

    fn end(alternate: bool) -> String {
        let mut filter = Filter::new();
        let mut out = Vec::new();
        if alternate {
            filter.push(b"\x1b[?1049h", &mut out);
            out.clear();
        }
        filter.finish(&mut out);
        String::from_utf8(out).unwrap() + "\r\n"
    }

    #[test]
    fn bytes_come_filtered_and_in_their_time() {
        let (text, waits) = poured(
            Jump::Start,
            Pace {
                speed: 2.0,
                ..Pace::default()
            },
            9,
        );
        assert_eq!(
            waits,
            [0, 500, 1_000],
            "idle is cut to two seconds, at twice the speed"
        );
        let expected = format!("one\r\ntwo\r\n\x1b[?1049hthree{}", end(true));
        assert_eq!(text, expected);
    }

    #[test]
    fn leaving_puts_the_terminal_in_order() {
        let (text, _) = poured(Jump::Start, Pace::default(), 1);
        assert_eq!(text, format!("one\r\n{}", end(false)));
    }

    #[test]
    fn a_start_in_the_middle_draws_what_stood_there() {
        let (text, _) = poured(Jump::Time(Micros(2_000_000)), Pace::default(), 0);
        let mut screen = crate::player::Screen::new(SIZE);
        screen.feed(text.trim_end_matches(&end(false)).as_bytes());
        assert_eq!(screen.text(), ["one", "two", "", ""]);
    }
}
