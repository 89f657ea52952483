//! Sizes, and full-screen programs that look the same with rec in front.

use super::{both, both_sh, recorded, sessions, shown};
use crate::support::{Home, Terminal, tool};
use std::time::Instant;

/// Prints rows, columns and pixels of the terminal on stdin (TIOCGWINSZ).
const PIXELS: &str =
    r#"perl -e 'ioctl(STDIN, 0x5413, $b = " " x 8); print join(" ", unpack("S4", $b)), "\n"'"#;

#[test]
fn size_initial() {
    let home = Home::with_vault();
    tool("perl", "perl");
    // TIOCSWINSZ: pixels have no other way in.
    let set = r#"perl -e 'my $b = pack("S4", 33, 111, 777, 555); ioctl(STDIN, 0x5414, $b)'"#;
    let mut t = home.shell(&format!("{set}; exec rec {PIXELS}"));
    t.wait_for("33 111 777 555");
    t.wait();
    let session = &sessions(&home)[0];
    assert_eq!(
        (&session["rows"], &session["cols"]),
        (&33.into(), &111.into())
    );
}

#[test]
fn resize() {
    let home = Home::with_vault();
    let script = "trap 'stty size' WINCH; echo up; while :; do read x && break; done";
    let mut t = home.terminal(&["sh", "-c", script]);
    t.wait_for("up");
    t.resize(71, 20);
    t.wait_for("20 71");
    // A burst: the last one counts.
    for n in 0..200 {
        t.resize(60 + n % 40, 20 + n % 10);
    }
    t.resize(72, 25);
    t.wait_for("25 72");
    t.keys("\r");
    t.wait();
    let cast = super::cast(&home);
    assert!(cast.contains("\"r\", \"72x25\""), "{cast}");
}

#[test]
fn resize_race() {
    let home = Home::with_vault();
    let wait = "until [ \"$(stty size)\" = '20 70' ]; do sleep 0.005; done; echo there";
    for n in 0..20 {
        let began = Instant::now();
        let mut t = home.terminal(&["sh", "-c", wait]);
        while began.elapsed().as_millis() < n * 3 / 2 {
            std::hint::spin_loop();
        }
        t.resize(70, 20);
        t.wait_for("there");
        t.wait();
    }
}

#[test]
fn size_zero() {
    let home = Home::with_vault();
    let mut t = home.shell("stty rows 0 cols 0; exec rec sh -c 'stty size; echo text'");
    t.wait_for("0 0");
    assert_eq!(t.wait().code(), Some(0));
    assert!(recorded(&home).contains("text"));
}

#[test]
fn all_bytes() {
    let home = Home::with_vault();
    // Every pair of bytes, so that every byte meets every other at a chunk's end somewhere.
    let mut all = Vec::new();
    for a in 0..=255u8 {
        for b in 0..=255u8 {
            all.extend([a, b]);
        }
    }
    std::fs::write(home.path().join("all"), &all).unwrap();
    let [bare, rec] = both_sh(&home, "stty raw; cat all").map(|mut t| {
        assert_eq!(t.wait().code(), Some(0));
        shown(&t)
    });
    assert!(bare == all, "the terminal itself changes nothing");
    assert!(
        rec == all,
        "byte {:?}",
        rec.iter().zip(&all).position(|(a, b)| a != b)
    );
    assert_eq!(sessions(&home)[0]["gaps"], 0);
}

#[test]
fn c_locale_and_no_term() {
    let home = Home::with_vault();
    for (set, unset) in [
        (&[("LANG", "C"), ("LC_ALL", "C")][..], None),
        (&[("TERM", "dumb")], None),
        (&[], Some("TERM")),
        (&[], Some("LANG")),
        (&[], Some("PATH")),
    ] {
        let ends = ["/bin/sh", env!("CARGO_BIN_EXE_rec")].map(|first| {
            let mut command = home.command(first);
            if first != "/bin/sh" {
                command.arg("/bin/sh");
            }
            command.args([
                "-c",
                "printf 'h\\303\\244\\n'; echo \"<$TERM><$LANG><$LC_ALL>\"",
            ]);
            command.envs(set.iter().copied());
            if let Some(name) = unset {
                command.env_remove(name);
            }
            let mut t = Terminal::open(&command, 100, 30);
            assert_eq!(t.wait().code(), Some(0));
            shown(&t)
        });
        assert_eq!(
            String::from_utf8_lossy(&ends[0]),
            String::from_utf8_lossy(&ends[1])
        );
    }
}

#[test]
fn vim_and_less_look_the_same() {
    let home = Home::with_vault();
    let text: String = (1..200).map(|n| format!("line {n} wörld\n")).collect();
    std::fs::write(home.path().join("text.c"), text).unwrap();
    for (words, begun, keys, there, drawn, quit) in [
        (
            &[
                "vim",
                "-n",
                "-u",
                "NONE",
                "-i",
                "NONE",
                "-c",
                "syntax on",
                "text.c",
            ][..],
            "line 1 w",
            "50Gzt:set nu\r",
            "50 line 50 w",
            "/line 120",
            ":q!\r",
        ),
        (
            &["less", "text.c"],
            "line 1 w",
            "50g",
            "line 78 w",
            ":",
            "q",
        ),
    ] {
        tool(words[0], words[0]);
        let mut ends = both(&home, words);
        for t in &ends {
            t.wait_for(begun);
            t.keys(keys);
            t.wait_for(there);
            t.keys("/line 120\r");
            // A page that is half drawn is drawn anew otherwise.
            t.wait_until("the whole page", |screen| {
                let last = screen.lines().last().unwrap_or_default();
                screen.contains("line 125 w") && last.trim() == drawn
            });
            t.resize(90, 25);
        }
        // Each is drawn in its own time; in the end they are the same. less misses a resize that
        // comes between its last write and its next read (so it does without rec: seen under
        // `strace -e inject=write:delay_exit=2000`), and hears of the next one.
        let [bare, rec] = &ends;
        let same = |screen: &str| screen.lines().count() == 25 && screen == bare.screen();
        rec.done_until("what the bare client shows", same, || {
            for cols in [91, 90] {
                bare.resize(cols, 25);
                rec.resize(cols, 25);
            }
        });
        for t in &mut ends {
            assert_eq!(t.keys_until_it_ends(quit).code(), Some(0));
        }
    }
}

#[test]
fn top_looks_the_same() {
    let home = Home::with_vault();
    tool("top", "procps");
    let shapes = both(&home, &["top", "-d", "60"]).map(|mut t| {
        t.wait_for("COMMAND");
        t.wait_until("a row of processes", |screen| screen.lines().count() > 20);
        // The numbers differ from moment to moment; rows and columns do not.
        let screen = t.screen();
        let shape: Vec<String> = screen
            .lines()
            .take(7)
            .map(|line| {
                line.chars()
                    .map(|c| {
                        if c.is_ascii_digit() || c == ' ' {
                            '0'
                        } else {
                            c
                        }
                    })
                    .collect::<String>()
                    .replace('0', "")
            })
            .collect();
        t.keys("q");
        assert_eq!(t.wait().code(), Some(0));
        (shape[1..].join("\n"), screen.lines().count())
    });
    assert_eq!(shapes[0], shapes[1]);
}

#[test]
fn tmux_looks_the_same() {
    let home = Home::with_vault();
    // Keys that come within 1 ms of one another are a paste to tmux, in which its prefix means nothing.
    let conf = "set -g status-right ''\nset -g assume-paste-time 0\n";
    std::fs::write(home.path().join("tmux.conf"), conf).unwrap();
    let tmux = tool("tmux", "tmux");
    let screens = ["bare", "rec"].map(|name| {
        let mut command = home.command(if name == "rec" {
            env!("CARGO_BIN_EXE_rec")
        } else {
            "env"
        });
        command.arg(&tmux);
        command
            .args(["-f", "tmux.conf", "-S"])
            .arg(home.path().join(name));
        command.args(["new-session", "-n", "w", "-s", "s", "sh"]);
        let mut t = Terminal::open(&command, 100, 30);
        t.wait_until("tmux", |screen| {
            screen.starts_with('$') && screen.contains("[s]")
        });
        t.keys("echo one; tty\r");
        t.wait_for("/dev/");
        t.keys("\x02%");
        t.wait_until("the other pane's prompt", |screen| {
            screen.starts_with('$')
                && screen
                    .lines()
                    .next()
                    .is_some_and(|row| row.ends_with("│#") || row.ends_with("│$"))
        });
        t.keys("echo t\"\"wo\r");
        t.wait_for("two");
        t.resize(80, 24);
        t.wait_until("the status line moved", |screen| {
            screen
                .lines()
                .nth(23)
                .is_some_and(|line| line.starts_with("[s]"))
        });
        let screen = t.screen();
        t.keys("exit\r");
        t.wait_until("one pane", |screen| !screen.contains('│'));
        t.keys("exit\r");
        assert_eq!(t.wait().code(), Some(0));
        screen
            .lines()
            .filter(|line| !line.contains("/dev/"))
            .collect::<Vec<_>>()
            .join("\n")
    });
    assert_eq!(screens[0], screens[1]);
}

#[test]
fn a_rec_within_a_rec_records_once() {
    let home = Home::with_vault();
    let mut t = home.terminal(&[
        "sh",
        "-c",
        "echo outer; rec sh -c 'echo inner; exit 4'; echo status $?",
    ]);
    t.wait_for("status 4");
    t.wait();
    assert_eq!(super::only(&home)["client"], "sh");
    let text = recorded(&home);
    assert!(text.contains("outer\ninner\nstatus 4"), "{text}");
    assert_eq!(t.screen().matches("rec play").count(), 1, "{}", t.screen());
}

#[test]
fn a_marker_that_leaked_into_a_tmux_server_is_no_nesting() {
    let home = Home::with_vault();
    let tmux = tool("tmux", "tmux");
    let socket = home.path().join("tmux");
    let mut t = home.terminal(&[
        "sh",
        "-c",
        &format!(
            "{} -f /dev/null -S {} new-session -d sh; echo made",
            tmux.display(),
            socket.display()
        ),
    ]);
    t.wait_for("made");
    t.wait();
    let mut attach = home.command(&tmux);
    attach.arg("-S").arg(&socket).arg("attach");
    let mut t = Terminal::open(&attach, 100, 30);
    t.wait_until("tmux", |screen| screen.starts_with('$'));
    t.keys("rec echo recorded\r");
    t.wait_for("rec play");
    t.keys("exit\r");
    t.wait();
    let clients: Vec<String> = sessions(&home)
        .iter()
        .map(|s| s["client"].to_string())
        .collect();
    assert_eq!(clients, ["\"echo\"", "\"sh\""]);
}
