//! What a client inherits: descriptors, signals, masks, words, environment.

use super::{both_shells, file, shown};
use crate::support::{Home, Postgres, Terminal, tool};
use std::os::unix::ffi::OsStrExt;

#[test]
fn clean_child() {
    let home = Home::with_vault();
    // Some of everything: an ignored signal, blocked ones, a umask, open and closed descriptors.
    let script = "trap '' USR2 TTOU; umask 027; exec 5</dev/null 7>seven
        $rec sh -c 'grep -E \"^Sig(Blk|Ign)\" /proc/self/status; umask
            cd /proc/self/fd; for n in *; do echo $n; done; echo 7 >&7; ulimit -n; ulimit -c; nice; pwd'";
    let seen = both_shells(&home, script).map(|mut t| {
        assert_eq!(t.wait().code(), Some(0));
        String::from_utf8(shown(&t)).unwrap()
    });
    assert!(seen[0].contains("0027"));
    assert_eq!(seen[0], seen[1]);
    assert_eq!(file(&home, "seven"), "7");
}

#[test]
fn blocked_signals_stay_blocked() {
    let home = Home::with_vault();
    let env = tool("env", "coreutils");
    let masks = ["", "rec"].map(|rec| {
        let script = format!(
            "exec {} --block-signal=USR1 --block-signal=WINCH --block-signal=CONT {rec} grep SigBlk /proc/self/status",
            env.display()
        );
        let mut t = home.shell(&script);
        assert_eq!(t.wait().code(), Some(0));
        shown(&t)
    });
    assert_eq!(masks[0], masks[1]);
    assert_ne!(masks[0], b"SigBlk:\t0000000000000000\r\n");
}

#[test]
fn nohup() {
    let home = Home::with_vault();
    tool("nohup", "coreutils");
    let script = "exec nohup rec sh -c 'grep SigIgn /proc/self/status > ign; echo up; cat; echo $? > after; exec sleep 60'";
    let mut t = home.shell(script);
    let ignored = file(&home, "ign");
    assert_eq!(
        u64::from_str_radix(ignored.split('\t').nth(1).unwrap(), 16).unwrap() & 1,
        1
    );
    t.hang_up();
    file(&home, "after");
}

#[test]
fn descriptors_of_process_substitutions_reach_psql() {
    let home = Home::with_vault();
    let postgres = Postgres::start();
    let words = postgres.words().join(" ");
    let line =
        format!("$rec psql -X {words} -At -f <(echo 'select 6*7;'; echo '\\echo of /dev/fd')");
    for rec in ["", "rec"] {
        let mut bash = home.command(tool("bash", "bash"));
        bash.env("rec", rec).args(["-c", &line]);
        let mut t = Terminal::open(&bash, 100, 30);
        t.wait_for("42\nof /dev/fd");
        assert_eq!(t.wait().code(), Some(0));
    }
}

#[test]
fn a_pipe_on_a_descriptor_above_2_is_the_clients_alone() {
    let home = Home::with_vault();
    // The client closes it and lives on; the reader must see the end.
    let mut bash = home.command(tool("bash", "bash"));
    bash.args(["-c", "mkfifo fifo; { cat fifo; echo over; } & rec sh -c 'echo word >&3; exec 3>&-; read x' 3>fifo; echo status $?"]);
    let mut t = Terminal::open(&bash, 100, 30);
    t.wait_for("over");
    t.keys("\r");
    t.wait_for("status 0");
    t.wait();
}

#[test]
fn argv_exact() {
    let home = Home::with_vault();
    let words: [&[u8]; 8] = [
        b"two words",
        b"",
        b"'single' \"double\"",
        b"line\nline",
        b"\\ $HOME `id`",
        b"--always",
        b"\xff\xfe\x80",
        "wörd".as_bytes(),
    ];
    let seen = [false, true].map(|rec| {
        let mut command = home.command(if rec { "rec" } else { "env" });
        command.args(["sh", "-c", "printf '[%s]' \"$@\" | od -An -v -tx1", "name"]);
        command.args(words.map(std::ffi::OsStr::from_bytes));
        let mut t = Terminal::open(&command, 100, 30);
        assert_eq!(t.wait().code(), Some(0));
        shown(&t)
    });
    assert_eq!(
        String::from_utf8_lossy(&seen[0]),
        String::from_utf8_lossy(&seen[1])
    );
    let command = super::only(&home)["command"].to_string();
    assert!(command.contains("two words"), "{command}");
    // A client whose own name is no text.
    let name = home.path().join(std::ffi::OsStr::from_bytes(b"n\xffme"));
    std::fs::write(&name, "#!/bin/sh\necho it ran\n").unwrap();
    std::fs::set_permissions(&name, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = home.command("rec");
    command.arg(&name);
    let mut t = Terminal::open(&command, 100, 30);
    t.wait_for("it ran");
    assert_eq!(t.wait().code(), Some(0));
}

#[test]
fn the_environment_is_the_users() {
    let home = Home::with_vault();
    std::fs::write(home.path().join("pass"), "nobody asks for it").unwrap();
    let script = "A='a
b' B= $rec env";
    let mut seen = ["", "rec"].map(|rec| {
        let mut sh = home.command("/bin/sh");
        sh.env("rec", rec).env("REC_VAULT", home.vault());
        sh.args(["-c", &format!("export REC_PASSPHRASE_FILE=pass; {script}")]);
        let mut t = Terminal::open(&sh, 100, 30);
        assert_eq!(t.wait().code(), Some(0));
        let text = String::from_utf8(shown(&t)).unwrap();
        let own = |line: &&str| !line.starts_with("rec=") && !line.starts_with("_=");
        text.lines()
            .filter(own)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    assert!(
        !seen[1]
            .iter()
            .any(|line| line.starts_with("REC_PASSPHRASE")),
        "{:?}",
        seen[1]
    );
    seen[0].retain(|line| !line.starts_with("REC_PASSPHRASE"));
    assert_eq!(seen[0], seen[1]);
}
