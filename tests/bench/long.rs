//! One session of a day and a gigabyte: commands all along, between them output in colours, a screen
//! drawn anew now and then, and other sizes.

use super::make::{masked, meta, paths};
use super::say::Dice;
use rec::mask::{Rules, Scanner};
use rec::model::{Body, Command, Event, Exit, Micros, Size, Summary};
use rec::vault::{NewKey, Recording, Refused, Vault};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// Between two commands.
const EACH: Duration = Duration::from_secs(20);
/// One command in so many is an editor, which draws its whole screen.
const EDITOR: u64 = 50;
/// One command in so many comes after the terminal was given another size.
const RESIZED: u64 = 200;

/// Writes the session into a new vault in `home`.
pub fn session(home: &Path, hours: u64, megabytes: u64) {
    std::fs::create_dir_all(home).unwrap();
    let paths = paths(&home.canonicalize().unwrap());
    rec::vault::create(&paths, NewKey::File(None)).unwrap();
    std::fs::write(&paths.config, "").unwrap();
    let about = masked(meta(2));
    let mut recording = Recording::open(Vault::open(&paths).unwrap(), &about).unwrap();
    let mut door = Scanner::new(Rules::builtin()).door();
    let mut push = |at: u64, body: Body| {
        let event = door
            .admit(Event {
                at: Micros(at),
                body,
            })
            .unwrap();
        while recording.append(&event) == Err(Refused::Full) {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let commands = hours * 3600 / EACH.as_secs();
    let each = megabytes * 1_000_000 / commands;
    let mut dice = Dice::new(4711);
    let mut bytes = 0;
    for number in 1..=commands {
        let at = number * EACH.as_micros() as u64;
        if number % RESIZED == 0 {
            let even = (number / RESIZED).is_multiple_of(2);
            let wide = if even { 120 } else { 100 };
            push(
                at,
                Body::Resize(Size {
                    cols: wide,
                    rows: 40,
                }),
            );
        }
        let editor = number % EDITOR == 0;
        let text = match editor {
            true => format!("vi {}.rs", dice.word()),
            false => format!("grep {} /var/log/{}.log", dice.word(), dice.word()),
        };
        push(at, Body::Output(format!("$ {text}\r\n").into_bytes()));
        push(
            at,
            Body::Command(Command {
                number: u32::try_from(number).unwrap(),
                text,
                prompt: "$ ".into(),
                prompt_at: Micros(at),
            }),
        );
        let (mut said, mut when) = (0, at);
        while said < each {
            let mut text = match editor {
                true => "\x1b[?1049h\x1b[2J\x1b[H".to_owned(),
                false => String::new(),
            };
            while text.len() < 4000 {
                let colour = dice.roll(8);
                let _ = write!(text, "\x1b[3{colour}m{:9}\x1b[0m", dice.roll(1 << 30));
                for _ in 0..10 {
                    let _ = write!(text, " {}", dice.word());
                }
                text += "\r\n";
            }
            said += text.len() as u64;
            when += 4_000;
            push(when, Body::Output(text.into_bytes()));
        }
        bytes += said;
        if editor {
            push(when, Body::Output(b"\x1b[?1049l".to_vec()));
        }
        push(
            when,
            Body::CommandEnd {
                number: u32::try_from(number).unwrap(),
                outcome: Some(format!("exit {}", dice.roll(20) / 19)),
            },
        );
    }
    let end = hours * 3_600_000_000;
    let exit = Exit {
        code: 0,
        signal: None,
    };
    push(end, Body::Exit(exit));
    let summary = Summary {
        commands: u32::try_from(commands).unwrap(),
        duration: Micros(end),
        exit: Some(exit),
        bytes,
        ..Summary::default()
    };
    recording.close(&masked(summary)).unwrap();
}
