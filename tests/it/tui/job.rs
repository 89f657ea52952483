//! Signals, job control and a closed window: the terminal is given back as it was.

use super::{USUAL, gave_back, home, leaves, open, same_settings};
use crate::support::{Terminal, tool};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;

#[test]
fn whatever_ends_it_the_terminal_is_as_it_was() {
    let (home, older, _) = home();
    let id = older.hex();
    let playing = format!("rec play {id} --keep-idle");
    for (run, shown) in [("rec", "app@prod-db"), (playing.as_str(), "psql (15.18)")] {
        for (signal, code) in [
            (None, 0),
            (Some(Signal::INT), 130),
            (Some(Signal::TERM), 143),
            (Some(Signal::HUP), 129),
            (Some(Signal::QUIT), 131),
        ] {
            let mut t = home.shell(&format!(
                "ulimit -c 0; stty -g >a; sh -c 'echo $$ >pid; exec {run}'; echo left $?; stty -g >b; read wait"
            ));
            t.wait_for(shown);
            match signal {
                None => t.keys("\x03"),
                Some(signal) => {
                    let pid = fs::read_to_string(home.path().join("pid")).unwrap();
                    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
                    kill_process(pid, signal).unwrap();
                }
            }
            t.wait_for(&format!("left {code}"));
            t.keys("\r");
            t.wait();
            assert!(gave_back(&t), "{run} after {signal:?}");
            assert!(
                !t.screen().contains(shown),
                "{run} after {signal:?}: {}",
                t.screen()
            );
            same_settings(&home);
        }
    }
}

#[test]
fn a_closed_window_ends_it() {
    let (home, older, _) = home();
    let id = older.hex();
    for args in [
        &[][..],
        &["play", &id, "--keep-idle"],
        &["play", &id, "--keep-idle", "--raw"],
    ] {
        let mut t = open(&home, args, USUAL);
        t.wait_for(if args.is_empty() {
            "app@prod-db"
        } else {
            "app=>"
        });
        t.hang_up();
        t.wait();
    }
}

#[test]
fn ctrl_z_gives_the_shell_back_and_fg_the_view() {
    let (home, older, _) = home();
    for (run, shown) in [
        ("rec".to_owned(), "app@prod-db"),
        (
            format!("rec play {} --keep-idle", older.hex()),
            "psql (15.18)",
        ),
        ("sh -c 'rec; :'".to_owned(), "app@prod-db"),
    ] {
        let mut bash = home.command(tool("bash", "bash"));
        bash.args(["--norc", "--noprofile", "--noediting", "-i"]);
        let mut t = Terminal::open(&bash, 80, 24);
        t.wait_for("$");
        t.keys(format!("stty -g >a; {run}\r"));
        t.wait_for("? help");
        t.wait_for(shown);
        t.keys("\x1a");
        t.wait_for("Stopped");
        assert!(gave_back(&t), "{run}");
        t.keys("stty -g >b; echo at the sh''ell\r");
        t.wait_for("at the shell");
        same_settings(&home);
        t.resize(100, 20);
        t.keys("fg\r");
        t.wait_for("? help");
        t.wait_for(shown);
        let help = t.screen().lines().position(|line| line.contains("? help"));
        assert_eq!(
            help,
            Some(19),
            "{run} is not drawn for the new size: {}",
            t.screen()
        );
        t.keys("q");
        // The screen before is there again, and what is typed from here on is the shell's.
        t.wait_for("at the shell");
        t.keys("exit\r");
        assert!(t.wait().success(), "{run}: {}", t.screen());
    }
}

#[test]
fn without_a_shell_behind_it_ctrl_z_does_not_freeze_the_window() {
    let (home, _, _) = home();
    let t = open(&home, &[], USUAL);
    t.wait_for("app@prod-db");
    t.keys("\x1a");
    t.wait_for("there is no shell to go back to");
    leaves(t, "q");
}

#[test]
fn stopped_from_outside_it_takes_the_terminal_again() {
    let (home, _, _) = home();
    let mut bash = home.command(tool("bash", "bash"));
    bash.args(["--norc", "--noprofile", "--noediting", "-i"]);
    let mut t = Terminal::open(&bash, 80, 24);
    t.wait_for("$");
    t.keys("sh -c 'echo $$ >pid; exec rec'\r");
    t.wait_for("app@prod-db");
    let pid = fs::read_to_string(home.path().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    t.wait_for("Stopped");
    t.keys("stty sane; fg\r");
    t.wait_until("the view alone", |screen| {
        screen.starts_with("▌ Sessions") && !screen.contains("Stopped")
    });
    t.keys("\r");
    t.wait_for("▌ Commands");
    t.keys("\x03");
    t.wait_for("exec rec");
    t.keys("exit\r");
    t.wait();
    assert!(gave_back(&t));
}
