//! Standard streams that are no terminals stay what they are, byte for byte.

use super::{file, lives, only, process, recorded, sessions, wait_until};
use crate::support::{Home, Terminal, tool};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

/// With and without a wish to record.
const WAYS: [&[&str]; 3] = [&[], &["run", "--"], &["run", "--always", "--"]];

/// Runs `words` off any terminal in each of the [`WAYS`], the first being without rec; `prepare`
/// gives the streams.
fn each(home: &Home, words: &[&str], mut prepare: impl FnMut(&mut Command)) -> [Output; 3] {
    WAYS.map(|way| {
        let mut all = way.to_vec();
        all.extend(words);
        let mut command = if way.is_empty() {
            let mut bare = home.command(words[0]);
            bare.args(&words[1..]);
            bare
        } else {
            home.rec(&all)
        };
        prepare(&mut command);
        command.output().unwrap()
    })
}

#[test]
fn stdout_and_stderr_that_are_pipes_are_byte_exact() {
    let home = Home::with_vault();
    let script = "printf 'a\\nb\\r\\n\\000\\377'; printf 'c\\n\\200' >&2; exit 5";
    for output in each(&home, &["sh", "-c", script], |c| {
        c.stdin(Stdio::null());
    }) {
        assert_eq!(output.stdout, b"a\nb\r\n\0\xff");
        assert_eq!(output.stderr, b"c\n\x80");
        assert_eq!(output.status.code(), Some(5));
    }
    assert_eq!(only(&home)["exit"], 5, "only the third was to be recorded");
    let text = recorded(&home);
    assert!(text.contains("a\nb") && text.contains('c'), "{text}");
}

#[test]
fn stdin_pipe() {
    let home = Home::with_vault();
    for script in [
        "printf abc | $rec cat; echo; echo end",
        "printf 'x\\n' | $rec sh -c 'read a; read b; echo \"<$a$b>\"'",
    ] {
        for way in ["", "rec", "rec run --always --"] {
            let mut sh = home.command("/bin/sh");
            sh.env("rec", way).args(["-c", script]);
            let mut t = Terminal::open(&sh, 100, 30);
            assert_eq!(t.wait().code(), Some(0));
            let first = t.screen().lines().next().unwrap().to_owned();
            assert!(first.starts_with("abc") || first == "<x>", "{way}: {first}");
        }
    }
}

#[test]
fn stdin_pipe_big() {
    let home = Home::with_vault();
    let lines = "some line of a file\n".repeat(60_000);
    let path = home.path().join("lines");
    std::fs::write(&path, &lines).unwrap();
    for words in [&["wc", "-c"][..], &["cat"]] {
        let mut cats = Vec::new();
        let [bare, rec, always] = each(&home, words, |c| {
            let mut cat = Command::new("cat");
            let mut cat = cat.arg(&path).stdout(Stdio::piped()).spawn().unwrap();
            c.stdin(cat.stdout.take().unwrap());
            cats.push(cat);
        });
        for mut cat in cats {
            cat.wait().unwrap();
        }
        assert_eq!(bare.stdout, rec.stdout);
        assert!(bare.stdout == always.stdout);
        assert!(!bare.stdout.is_empty());
    }
    // And into a terminal.
    let script = "cat lines | rec run --always -- wc -c";
    let mut t = home.shell(script);
    t.wait_for(&lines.len().to_string());
    assert_eq!(t.wait().code(), Some(0));
}

#[test]
fn stdout_pipe() {
    let home = Home::with_vault();
    for way in ["", "rec", "rec run --always --"] {
        let mut sh = home.command("/bin/sh");
        sh.env("rec", way);
        sh.args(["-c", "$rec printf 'a\\nb\\n' | od -An -c"]);
        let mut t = Terminal::open(&sh, 100, 30);
        t.wait_for("a  \\n   b  \\n\n");
        assert_eq!(t.wait().code(), Some(0), "{way}");
    }
}

#[test]
fn isatty_answers_the_same_for_every_stream() {
    let home = Home::with_vault();
    let script = "for n in 0 1 2; do if [ -t $n ]; then printf '%s ' tty >> answer; else printf '%s ' no >> answer; fi; done; echo >> answer";
    std::fs::write(home.path().join("answer"), "").unwrap();
    let mut expected = String::new();
    for way in ["", "rec", "rec run --always --"] {
        for streams in 0..8 {
            let redirect = |bit: i32, to: &str| {
                if streams & bit == 0 {
                    String::new()
                } else {
                    to.to_owned()
                }
            };
            let line = format!(
                "$rec sh -c \"$0\" {} {} {}",
                redirect(1, "</dev/null"),
                redirect(2, ">out"),
                redirect(4, "2>err")
            );
            let mut sh = home.command("/bin/sh");
            sh.env("rec", way).args(["-c", &line, script]);
            assert_eq!(Terminal::open(&sh, 100, 30).wait().code(), Some(0));
        }
        let answers = std::fs::read_to_string(home.path().join("answer")).unwrap();
        std::fs::write(home.path().join("answer"), "").unwrap();
        if way.is_empty() {
            expected = answers;
            assert_eq!(expected.lines().count(), 8);
        } else {
            assert_eq!(answers, expected, "{way}");
        }
    }
}

#[test]
fn a_file_gets_stdout_and_stderr_in_their_order() {
    let home = Home::with_vault();
    let script = "i=0; while [ $i -lt 200 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done";
    let expected: String = (0..200).map(|i| format!("o{i}\ne{i}\n")).collect();
    for redirect in [
        "> file 2>&1",
        ">> file 2>&1",
        "2> file >&2",
        ">> file 2>> file",
    ] {
        for stdin in ["", "</dev/null"] {
            let _ = std::fs::remove_file(home.path().join("file"));
            let line = format!("exec rec run --always -- sh -c \"$0\" {redirect} {stdin}");
            let mut sh = home.command("/bin/sh");
            sh.args(["-c", &line, script]);
            assert_eq!(Terminal::open(&sh, 100, 30).wait().code(), Some(0));
            let text = std::fs::read_to_string(home.path().join("file")).unwrap();
            assert_eq!(text, expected, "{redirect} {stdin}");
        }
    }
    // Two open files of one name write over one another, with rec as without.
    let mut files = ["", "rec run --always --"].map(|rec| {
        let mut sh = home.command("/bin/sh");
        let script = "echo one; echo two >&2; echo three; echo four and more >&2";
        sh.env("rec", rec).args([
            "-c",
            "exec $rec sh -c \"$0\" > file 2> file </dev/null",
            script,
        ]);
        assert_eq!(Terminal::open(&sh, 100, 30).wait().code(), Some(0));
        std::fs::read_to_string(home.path().join("file")).unwrap()
    });
    files.sort();
    assert_eq!(files[0], files[1]);
}

#[test]
fn a_reader_that_leaves_ends_the_writer() {
    let home = Home::with_vault();
    for way in ["", "rec", "rec run --always --"] {
        let mut bash = home.command(tool("bash", "bash"));
        let line = "$rec yes | head -1; echo status ${PIPESTATUS[0]}";
        bash.env("rec", way).args(["-c", line]);
        let output = bash.stdin(Stdio::null()).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "y\nstatus 141\n",
            "{way}"
        );
        let mut bash = home.command(tool("bash", "bash"));
        bash.env("rec", way).args(["-c", line]);
        let mut t = Terminal::open(&bash, 100, 30);
        t.wait_for("y\n");
        t.wait_for("status 141");
        t.wait();
    }
    assert_eq!(sessions(&home)[0]["exit"], 141);
}

#[test]
fn a_writer_whose_reader_stops_reading_loses_it_too() {
    let home = Home::with_vault();
    // The client closes its stdin and lives on: what writes there must see it.
    let line =
        "{ yes; echo $? > writer; } | $rec sh -c 'head -1; exec <&-; echo $$ > client; sleep 60'";
    for way in ["", "rec run --always --"] {
        for stdout in ["", "| cat"] {
            let mut sh = home.command("/bin/sh");
            sh.env("rec", way).args(["-c", &format!("{line} {stdout}")]);
            let _ = std::fs::remove_file(home.path().join("client"));
            let t = Terminal::open(&sh, 100, 30);
            assert_eq!(file(&home, "writer"), "141", "{way} {stdout}");
            let client = process(&home, "client");
            assert!(lives(client));
            rustix::process::kill_process(client, rustix::process::Signal::KILL).unwrap();
            std::fs::remove_file(home.path().join("writer")).unwrap();
            drop(t);
        }
    }
}

#[test]
fn a_client_that_closes_a_stream_closes_it_for_its_reader() {
    let home = Home::with_vault();
    let line =
        "$rec sh -c 'echo out; exec >&-; echo $$ > client; exec sleep 60' | { cat; echo > over; }";
    for way in ["", "rec run --always --"] {
        let mut sh = home.command("/bin/sh");
        sh.env("rec", way).args(["-c", line]);
        let _ = std::fs::remove_file(home.path().join("client"));
        let t = Terminal::open(&sh, 100, 30);
        file(&home, "client");
        t.wait_for("out");
        let over = home.path().join("over");
        wait_until("the reader has seen the end", || over.exists());
        let client = process(&home, "client");
        assert!(lives(client), "{way}");
        rustix::process::kill_process(client, rustix::process::Signal::KILL).unwrap();
        std::fs::remove_file(over).unwrap();
    }
}

#[test]
fn closed_streams_stay_closed() {
    let home = Home::with_vault();
    let script = "for n in 0 1 2; do [ -e /proc/$$/fd/$n ] && printf '%s ' $n >> answer; done; echo . >> answer";
    for way in ["", "rec", "rec run --always --"] {
        for close in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"] {
            let mut sh = home.command("/bin/sh");
            sh.env("rec", way)
                .args(["-c", &format!("exec $rec sh -c \"$0\" {close}"), script]);
            assert_eq!(
                Terminal::open(&sh, 100, 30).wait().code(),
                Some(0),
                "{way} {close}"
            );
        }
        let answers = file(&home, "answer");
        assert_eq!(answers, "1 2 .\n0 2 .\n0 1 .\n2 .\n.", "{way}");
        std::fs::remove_file(home.path().join("answer")).unwrap();
    }
}

#[test]
fn no_ctty() {
    let home = Home::with_vault();
    let setsid = tool("setsid", "util-linux");
    for way in WAYS {
        let mut command = home.command(&setsid);
        command.arg("--wait");
        if !way.is_empty() {
            command.arg(env!("CARGO_BIN_EXE_rec"));
        }
        let out = home.path().join("out");
        command
            .args(way)
            .args(["sh", "-c", "echo out; echo err >&2; exit 9"]);
        command
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap());
        let output = command
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        assert_eq!(output.status.code(), Some(9));
        assert_eq!(std::fs::read(&out).unwrap(), b"out\n");
        assert_eq!(output.stderr, b"err\n", "nothing of rec's own is among it");
    }
    let session = only(&home);
    assert_eq!(
        (&session["exit"], &session["status"]),
        (&9.into(), &"closed".into())
    );
}

#[test]
fn no_vault_and_nobody_to_ask_runs_unrecorded() {
    let home = Home::new();
    for output in each(&home, &["sh", "-c", "echo out; exit 9"], |c| {
        c.stdin(Stdio::null());
    }) {
        assert_eq!(output.status.code(), Some(9));
        assert_eq!(output.stdout, b"out\n");
        assert_eq!(output.stderr, b"");
    }
    let log = std::fs::read_to_string(home.path().join("state/rec/rec.log")).unwrap();
    assert!(log.contains("not recording: no vault yet"), "{log}");
}

#[test]
fn signals_end_a_client_without_a_terminal() {
    let home = Home::with_vault();
    for signal in [1, 2, 3, 15] {
        let mut command = home.rec(&[
            "run",
            "--always",
            "--",
            "sh",
            "-c",
            "ulimit -c 0; echo up; exec sleep 60",
        ]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = [0; 3];
        child.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(
            status.code(),
            Some(128 + signal.as_raw()),
            "{:?}",
            status.signal()
        );
        assert_eq!(sessions(&home)[0]["signal"], signal.as_raw());
    }
}

#[test]
fn interactive_input_through_a_pipe_is_not_held_back() {
    let home = Home::with_vault();
    let mut command = home.rec(&["run", "--always", "--", "cat"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    for word in [b"one\n", b"two\n"] {
        stdin.write_all(word).unwrap();
        let mut back = [0; 4];
        stdout.read_exact(&mut back).unwrap();
        assert_eq!(&back, word);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// What the client leaves in the background writes on to where the stream leads, also after rec.
#[test]
fn a_background_writer_that_outlives_the_client_is_not_cut_off() {
    let home = Home::with_vault();
    let script = "(sleep 1; echo late; echo later >&2; head -c 3000000 /dev/zero) & echo soon";
    for output in each(&home, &["sh", "-c", script], |c| {
        c.stdin(Stdio::null());
    }) {
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(&output.stdout[..10], b"soon\nlate\n");
        assert_eq!(output.stdout.len(), 3_000_010);
        assert_eq!(output.stderr, b"later\n");
    }
    assert_eq!(only(&home)["status"], "closed");

    let script = "rec run --always -- sh -c 'yes & echo $! > writer' | head -c 5000000 | tail -c 4";
    let mut t = home.shell(script);
    t.wait_for("y\ny");
    t.wait();
    let writer = process(&home, "writer");
    wait_until("the writer is told that nobody reads", || !lives(writer));

    let script =
        "rec run --always -- sh -c '(sleep 1; echo late) & echo soon' > out; echo status $?";
    let mut t = home.shell(script);
    t.wait_for("status 0");
    t.wait();
    wait_until("what was written late is there", || {
        std::fs::read(home.path().join("out")).is_ok_and(|out| out == b"soon\nlate\n")
    });
}
