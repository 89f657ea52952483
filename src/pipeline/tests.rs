//! The pipeline as a whole: each sample is fed whole, split in two at every place, and byte by byte.

use super::*;
use crate::mask::Rules;
use crate::model::{Body, Command};

pub(super) const SIZE: Size = Size { cols: 80, rows: 24 };

pub(super) fn pipeline(size: Size) -> Pipeline {
    let scanner = Scanner::new(Rules::builtin());
    let door = scanner.door();
    Pipeline::new(scanner, door, size)
}

pub(super) fn ms(n: u64) -> Micros {
    Micros(n * 1000)
}

const RAW: TtyMode = TtyMode {
    echo: false,
    icanon: false,
};
const UNECHOED: TtyMode = TtyMode {
    echo: false,
    icanon: true,
};
const EXIT: Exit = Exit {
    code: 0,
    signal: None,
};

pub(super) fn bodies(p: &mut Pipeline) -> Vec<Body> {
    let events = p.take().into_iter();
    events.map(|e| e.into_inner().body).collect()
}

pub(super) fn bytes(bodies: &[Body]) -> Vec<u8> {
    let output = bodies.iter().filter_map(|b| match b {
        Body::Output(data) => Some(data.as_slice()),
        _ => None,
    });
    output.collect::<Vec<_>>().concat()
}

pub(super) fn run(size: Size, chunks: &[&[u8]]) -> Vec<u8> {
    let mut p = pipeline(size);
    let mut out = Vec::new();
    for chunk in chunks {
        p.output(ms(1), chunk);
        out.extend(bodies(&mut p));
    }
    p.exit(ms(2), EXIT);
    out.extend(bodies(&mut p));
    bytes(&out)
}

/// The masked bytes, which must not depend on the chunks.
pub(super) fn masked(size: Size, input: &[u8]) -> Vec<u8> {
    let whole = run(size, &[input]);
    let single: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(show(&run(size, &single)), show(&whole), "byte by byte");
    for cut in 1..input.len() {
        let (a, b) = input.split_at(cut);
        assert_eq!(show(&run(size, &[a, b])), show(&whole), "cut at {cut}");
    }
    whole
}

pub(super) fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Every state of the screen while `bytes` are replayed, in steps of a few bytes.
fn screens(size: Size, bytes: &[u8]) -> String {
    let mut terminal = avt::Terminal::new(usize::from(size.cols), usize::from(size.rows)).unwrap();
    let mut seen = String::new();
    let text = String::from_utf8_lossy(bytes);
    let chars: Vec<char> = text.chars().collect();
    for step in chars.chunks(3) {
        terminal.feed(step.iter().collect::<String>().as_str());
        for line in terminal.screen().text() {
            seen.push_str(&line);
            seen.push('\n');
        }
    }
    seen
}

pub(super) fn leaks(size: Size, masked: &[u8], secret: &str) -> bool {
    let plain = String::from_utf8_lossy(masked).into_owned();
    let stripped: String = plain.chars().filter(|c| !c.is_control()).collect();
    plain.contains(secret) || stripped.contains(secret) || screens(size, masked).contains(secret)
}

const SECRET: &str = "tr0ub4dor-and-3";

#[test]
fn harmless_bytes_are_unchanged() {
    let samples: &[&[u8]] = &[
        b"plain\r\nlines\r\n\r\nno end",
        b"\x1b[1;31mred\x1b[0m \x1b[Kx\r\n",
        b"\r\x1b[K10%\r\x1b[K20%\r\x1b[Kdone\r\n",
        b"50%\r 6%\r\nafter\r\n",
        "naïve 接続 ✓ 🚀\r\n".as_bytes(),
        b"a\xff\xfe\x00b\x7f\r\nc\xe2\x98",
        b"bare\nlf\n\ttab\r\n",
        b"\x1b[?1049h\x1b[H\x1b[2Jfull\x1b[5;5Hscreen\x1b[?1049l\r\nback\r\n",
        b"\x1b]0;title\x07text\x1b]8;;http://a/b\x1b\\link\x1b]8;;\x1b\\\r\n",
        b"abc\x08\x08\x1b[1@X\x1b[K\r\n",
        b"\x1bPq#0;2\x1b\\after\r\n\x1b[31",
    ];
    for sample in samples {
        assert_eq!(show(&masked(SIZE, sample)), show(sample));
    }
}

#[test]
fn a_secret_is_masked_however_it_was_drawn() {
    let line = format!("$ export PGPASSWORD={SECRET}");
    let samples: Vec<Vec<u8>> = vec![
        format!("{line}\r\ndone\r\n").into(),
        line.clone().into(),
        // Coloured inside.
        "$ export PGPASSWORD=tr0u\x1b[31mb4do\x1b[0mr-and-3\r\ndone\r\n".into(),
        // A typo and backspace; deleted by Ctrl-W; erased with the line.
        "$ export PGPASSWORD=tr0ubX\x08 \x084dor-and-3\r\ndone\r\n".into(),
        format!("{line}\x1b[15D\x1b[Ky\r\ndone\r\n").into(),
        format!("{line}\r\x1b[2K$ ls\r\ndone\r\n").into(),
        // Inserted in mid-line.
        "$ export PGPASSWORD=tr0udor-and-3\x1b[9D\x1b[1@b\x1b[1@4\x1b[9C\r\ndone\r\n".into(),
        // Overwritten by CR.
        format!("PGPASSWORD={SECRET}\rshort\r\ndone\r\n").into(),
        // Redrawn by a full-screen program, and left by moving.
        format!("\x1b[?1049h\x1b[H\x1b[2J\x1b[3;5HPGPASSWORD={SECRET}\x1b[1;1Htop\x1b[?1049l")
            .into(),
        format!("\x1b]0;PGPASSWORD={SECRET}\x07x\r\n").into(),
        format!("\x1b]8;;http://ada:{SECRET}@host/\x07x\x1b]8;;\x07\r\n").into(),
    ];
    for sample in samples {
        let out = masked(SIZE, &sample);
        assert!(
            !leaks(SIZE, &out, SECRET),
            "{}\n{}",
            show(&sample),
            show(&out)
        );
        let out = masked(Size { cols: 17, rows: 3 }, &sample);
        assert!(
            !leaks(Size { cols: 17, rows: 3 }, &out, SECRET),
            "17 columns: {}\n{}",
            show(&sample),
            show(&out)
        );
    }
}

#[test]
fn a_clipboard_is_dropped() {
    let out = masked(SIZE, b"a\x1b]52;c;dHIwdWI0ZG9yLWFuZC0z\x07b\r\n");
    assert_eq!(show(&out), show(b"a\x1b]52;c;\x07b\r\n"));
    let out = masked(
        SIZE,
        b"a\x1b]1337;SetUserVar=cmd=dHIwdWI0ZG9yLWFuZC0z\x07b\r\n",
    );
    assert_eq!(show(&out), show(b"a\x1b]1337;SetUserVar=cmd=\x07b\r\n"));
}

/// What happens in a session, for the tests of commands.
enum Step<'a> {
    Out(&'a str),
    Key(&'a str),
    Password(&'a str),
}
use Step::{Key, Out, Password};

fn session(steps: &[(u64, Step<'_>)]) -> Vec<Body> {
    let mut p = pipeline(SIZE);
    let mut all = Vec::new();
    let mut last = 0;
    for (at, step) in steps {
        while let Some(due) = p.next_deadline().filter(|due| *due <= ms(*at)) {
            p.tick(due);
            all.extend(bodies(&mut p));
        }
        match step {
            Out(text) => p.output(ms(*at), text.as_bytes()),
            Key(text) => p.input(ms(*at), text.as_bytes(), RAW),
            Password(text) => p.input(ms(*at), text.as_bytes(), UNECHOED),
        }
        all.extend(bodies(&mut p));
        last = *at;
    }
    p.exit(ms(last + 1), EXIT);
    all.extend(bodies(&mut p));
    all
}

/// Commands with their output and outcome.
fn commands(bodies: &[Body]) -> Vec<(String, String, String, Option<String>)> {
    let mut found: Vec<(Command, Vec<u8>, Option<String>)> = Vec::new();
    let mut open = false;
    for body in bodies {
        match body {
            Body::Command(c) => {
                assert!(!open, "{c:?} begins inside another command");
                found.push((c.clone(), Vec::new(), None));
                open = true;
            }
            Body::CommandEnd { number, outcome } => {
                let last = found.last_mut().unwrap();
                assert_eq!(last.0.number, *number);
                last.2 = outcome.clone();
                open = false;
            }
            Body::Output(data) if open => found.last_mut().unwrap().1.extend_from_slice(data),
            _ => {}
        }
    }
    assert!(!open, "a command never ended");
    let text = |data: Vec<u8>| String::from_utf8_lossy(&data).into_owned();
    found
        .into_iter()
        .map(|(c, out, outcome)| (c.text, c.prompt, text(out), outcome))
        .collect()
}

fn found(
    text: &str,
    prompt: &str,
    output: &str,
    outcome: Option<&str>,
) -> (String, String, String, Option<String>) {
    (
        text.into(),
        prompt.into(),
        output.into(),
        outcome.map(str::to_owned),
    )
}

#[test]
fn commands_are_read_as_the_screen_showed_them() {
    let all = session(&[
        (0, Out("Welcome\r\nada@web:~$ ")),
        (500, Key("l")),
        (501, Out("l")),
        (600, Key("x")),
        (601, Out("x")),
        (650, Key("\x7f")),
        (651, Out("\x08 \x08")),
        (700, Key("s")),
        (701, Out("s")),
        (800, Key("\r")),
        (801, Out("\r\na  b\r\n")),
        (802, Out("ada@web:~$ ")),
        (2000, Key("nope\r")),
        (
            2001,
            Out("nope\r\nbash: nope: command not found\r\nada@web:~$ "),
        ),
        (3000, Key("\x1b[A")),
        (3001, Out("ls")),
        (3100, Key("\r")),
        (3101, Out("\r\na  b\r\nada@web:~$ ")),
        (4000, Key("exit\r")),
        (4001, Out("exit\r\n")),
    ]);
    let prompt = "ada@web:~$ ";
    assert_eq!(
        commands(&all),
        [
            found("ls", prompt, "a  b\r\n", None),
            found(
                "nope",
                prompt,
                "bash: nope: command not found\r\n",
                Some("bash: nope: command not found")
            ),
            found("ls", prompt, "a  b\r\n", None),
            found("exit", prompt, "", None),
        ]
    );
}

#[test]
fn a_command_goes_on_while_its_pager_has_the_screen() {
    // Rows scroll on the alternate screen; the prompt comes where the primary one was left.
    let pager = "\x1b[?1049h\x1b[?1h\x1b=\r id\r\n----\r\n 1\r\n:\x1b[K";
    let leaves = "\r\x1b[K\x1b[?1l\x1b>\x1b[?1049l";
    let all = session(&[
        (0, Out("psql (15)\r\n\r\napp=> ")),
        (100, Key("table t;\r")),
        (101, Out("table t;\r\n")),
        (110, Out(pager)),
        (3000, Key("q")),
        (3001, Out(leaves)),
        (3002, Out("app=> ")),
        (5000, Key("\\q\r")),
        (5001, Out("\\q\r\n")),
    ]);
    let shown = format!("{pager}{leaves}");
    assert_eq!(
        commands(&all),
        [
            found("table t;", "app=> ", &shown, None),
            found("\\q", "app=> ", "", None),
        ]
    );
}

#[test]
fn continued_lines_are_one_command() {
    let all = session(&[
        (0, Out("psql (15)\r\n\r\napp=> ")),
        (100, Key("select 1\r")),
        (101, Out("select 1\r\napp-> ")),
        (2100, Key("from t;\r")),
        (
            2101,
            Out("from t;\r\n id \r\n----\r\n(0 rows)\r\n\r\napp=> "),
        ),
        (3100, Key("\\q\r")),
        (3101, Out("\\q\r\n")),
    ]);
    assert_eq!(
        commands(&all),
        [
            found(
                "select 1\nfrom t;",
                "app=> ",
                " id \r\n----\r\n(0 rows)\r\n\r\n",
                Some("(0 rows)")
            ),
            found("\\q", "app=> ", "", None),
        ]
    );
}

#[test]
fn a_right_prompt_is_known_with_the_cursor_within_the_text() {
    // The line stands already when its editing begins, as behind vi's escape.
    let line = format!("\r~> cho start{}07:22\x1b[80G\r\x1b[3C", " ".repeat(40));
    let drawn = format!("\r~> echo start{}07:22\r\x1b[4C", " ".repeat(39));
    let all = session(&[
        (0, Out("~> ")),
        (50, Out(&line)),
        (100, Key("e")),
        (101, Out(&drawn)),
        (200, Key("\r")),
        (201, Out("\r\nstart\r\n~> ")),
    ]);
    let texts: Vec<String> = commands(&all).into_iter().map(|found| found.0).collect();
    assert_eq!(texts, ["echo start"]);
}

#[test]
fn the_empty_line_that_ends_a_block_is_no_part_of_it() {
    let all = session(&[
        (0, Out(">>> ")),
        (100, Key("for n in x:\r")),
        (101, Out("for n in x:\r\n... ")),
        (2100, Key("  f(n)\r")),
        (2101, Out("  f(n)\r\n... ")),
        (3100, Key("\r")),
        (3101, Out("\r\n7\r\n>>> ")),
    ]);
    let texts: Vec<String> = commands(&all).into_iter().map(|found| found.0).collect();
    assert_eq!(texts, ["for n in x:\n  f(n)"]);
}

#[test]
fn what_is_given_up_on_a_continued_line_was_no_command() {
    let all = session(&[
        (0, Out("psql (15)\r\n\r\napp=> ")),
        (100, Key("select 1\r")),
        (101, Out("select 1\r\napp-> ")),
        (2100, Key("from")),
        (2101, Out("from")),
        (2500, Key("\x03")),
        (2501, Out("^C\r\napp=> ")),
        (3100, Key("\\q\r")),
        (3101, Out("\\q\r\n")),
    ]);
    assert_eq!(commands(&all), [found("\\q", "app=> ", "", None)]);
}

#[test]
fn a_paste_of_several_lines_is_one_command_however_late_it_shows() {
    // Enter is pressed before the paste is drawn; readline draws it in inverse, and then anew.
    let all = session(&[
        (0, Out("\x1b[?2004hada@web:~$ ")),
        (100, Key("\x1b[200~echo one\necho two\x1b[201~")),
        (150, Key("\r")),
        (
            400,
            Out("\x1b[7mecho one\x1b[27m\r\n\r\x1b[7mecho two\x1b[27m"),
        ),
        (
            410,
            Out(
                "\x1b[A\rada@web:~$ echo one\r\n\recho two\r\n\x1b[?2004l\rone\r\ntwo\r\n\x1b[?2004hada@web:~$ ",
            ),
        ),
        // A line editor that leaves the blank line at a paste's end out.
        (2000, Key("\x1b[200~echo three\n\x1b[201~\r")),
        (
            2300,
            Out("echo three\r\n\x1b[?2004l\rthree\r\n\x1b[?2004hada@web:~$ "),
        ),
        (4000, Key("exit\r")),
        (4300, Out("exit\r\n")),
    ]);
    let texts: Vec<String> = commands(&all).into_iter().map(|c| c.0).collect();
    assert_eq!(texts, ["echo one\necho two", "echo three", "exit"]);
}

#[test]
fn lines_from_the_history_are_one_command() {
    // readline draws all lines of it, of which those in the middle are plain.
    let all = session(&[
        (0, Out("psql (15)\r\n\r\napp=> ")),
        (100, Key("\x1b[A")),
        (
            101,
            Out("select 'two'\r\n\r  || 'lines'\r\n\r  || 'more'\r\n\r  as x;"),
        ),
        (2100, Key("\r")),
        (2101, Out("\r\n x \r\n---\r\n(0 rows)\r\n\r\napp=> ")),
        (3100, Key("\\q\r")),
        (3101, Out("\\q\r\n")),
    ]);
    assert_eq!(
        commands(&all),
        [
            found(
                "select 'two'\n  || 'lines'\n  || 'more'\n  as x;",
                "app=> ",
                " x \r\n---\r\n(0 rows)\r\n\r\n",
                Some("(0 rows)")
            ),
            found("\\q", "app=> ", "", None),
        ]
    );
}

#[test]
fn type_ahead_and_late_echo_are_understood() {
    // Over ssh, 300 ms away: everything is typed before anything is echoed.
    let all = session(&[
        (0, Out("ada@web:~$ ")),
        (100, Key("id\r")),
        (150, Key("pwd\r")),
        (400, Out("id\r\n")),
        (401, Out("uid=1000(ada)\r\nada@web:~$ ")),
        (450, Out("pwd\r\n/home/ada\r\nada@web:~$ ")),
    ]);
    assert_eq!(
        commands(&all),
        [
            found("id", "ada@web:~$ ", "uid=1000(ada)\r\n", None),
            found("pwd", "ada@web:~$ ", "/home/ada\r\n", None),
        ]
    );
}

#[test]
fn a_password_is_no_command_and_is_learned() {
    for password in [Password("tr0ub4dor-and-3\r"), Key("tr0ub4dor-and-3\r")] {
        let all = session(&[
            (0, Out("ada@web:~$ ")),
            (100, Key("sudo id\r")),
            (101, Out("sudo id\r\n[sudo] password for ada: ")),
            (500, password),
            (600, Out("\r\nuid=0(root) tr0ub4dor-and-3\r\nada@web:~$ ")),
        ]);
        let list = commands(&all);
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].0, "sudo id");
        assert!(list[0].2.contains("uid=0(root) *"), "{list:?}");
    }
}

#[test]
fn marks_of_the_shell_are_exact() {
    let all = session(&[
        (0, Out("\x1b]133;A\x07anything \x1b]133;B\x07")),
        (100, Key("false\r")),
        (
            101,
            Out(
                "false\r\n\x1b]133;C\x07oops\r\n\x1b]133;D;1\x07\x1b]133;A\x07anything \x1b]133;B\x07",
            ),
        ),
    ]);
    assert_eq!(
        commands(&all),
        [found(
            "false",
            "anything ",
            "\x1b]133;C\x07oops\r\n",
            Some("exit 1")
        )]
    );
}

#[test]
fn a_paste_in_brackets_is_one_command() {
    let all = session(&[
        (0, Out("ada@web:~$ \x1b[?2004h")),
        (100, Key("\x1b[200~echo a\necho b\x1b[201~")),
        (101, Out("echo a\r\n> echo b")),
        (200, Key("\r")),
        (201, Out("\r\na\r\nb\r\nada@web:~$ ")),
    ]);
    assert_eq!(commands(&all).len(), 1, "{all:?}");
}

#[test]
fn nothing_drawn_while_paused_is_recorded() {
    let mut p = pipeline(SIZE);
    p.output(ms(0), b"before\r\n\x1b[1mbold\x1b[0m $ ");
    p.pause(ms(10));
    p.output(ms(20), b"hidden1\r\nhidden2\r\n$ ");
    p.input(ms(25), b"ls\r", RAW);
    p.resume(ms(30));
    p.output(ms(40), b"after\r\n");
    p.exit(ms(50), EXIT);
    let all = bodies(&mut p);
    let text = String::from_utf8_lossy(&bytes(&all)).into_owned();
    assert!(!text.contains("hidden"), "{text:?}");
    let last = screens(SIZE, text.as_bytes());
    let last: Vec<&str> = last.lines().rev().take(24).collect();
    assert!(
        last.contains(&"before") && last.contains(&"bold $"),
        "{last:?}"
    );
    assert!(all.contains(&Body::Pause) && all.contains(&Body::Resume));
    assert_eq!(p.summary().gaps.get(&GapKind::Paused), Some(&1));
}

#[test]
fn streams_are_exact_but_for_secrets() {
    let mut p = pipeline(SIZE);
    p.stream(ms(0), 1, b"a\nexport PGPASSWORD=tr0ub");
    p.stream(ms(1), 2, b"warn\x00\xff\n");
    p.stream(ms(2), 1, b"4dor-and-3\nlast");
    p.exit(ms(3), EXIT);
    let mut fds = [Vec::new(), Vec::new()];
    for body in bodies(&mut p) {
        if let Body::Stream { fd, data } = body {
            fds[usize::from(fd) - 1].extend(data);
        }
    }
    assert_eq!(show(&fds[0]), "a\\nexport PGPASSWORD=********\\nlast");
    assert_eq!(show(&fds[1]), show(b"warn\x00\xff\n"));
}

#[test]
fn the_limit_cuts_and_counts_on() {
    let scanner = Scanner::new(Rules::builtin());
    let door = scanner.door();
    let mut p = Pipeline::with_limit(scanner, door, SIZE, 1000);
    for n in 0..100 {
        p.output(ms(n), b"twenty bytes a line\r\n");
    }
    p.exit(ms(200), EXIT);
    let all = bodies(&mut p);
    assert!(bytes(&all).len() <= 1000);
    let gaps = all.iter().filter(|b| matches!(b, Body::Gap(_))).count();
    assert_eq!((gaps, p.summary().bytes), (1, 2100));
}
