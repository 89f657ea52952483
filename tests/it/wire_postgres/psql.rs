//! psql's own statements and commands.

use super::{Exchange, Kind, Served, Story, Value};
use crate::support::check;
use std::io::Write as _;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

/// Runs psql with a script on its stdin, unaligned.
fn psql(served: &Served, words: &[&str], script: &str) -> Output {
    let mut psql = served.client("psql", "postgresql-client");
    let mut child = psql
        .args(["-XqAt"])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Runs a script, keeps the conversation, and gives what was told.
fn told(name: &str, script: &str) -> (Story, String, String) {
    let served = Served::start();
    let output = psql(&served, &[], script);
    let sessions = served.sessions();
    assert_eq!(sessions.len(), 1);
    super::fixtures::keep(name, &sessions[0]);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        Story::of(&sessions[0]),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn what_psql_prints_is_what_is_told() {
    let (story, printed, said) = told(
        "psql-queries",
        "select 1 as one, null, 'a|b', 'naïve';
         select 2 \\; select 3, 4 \\; select 5;
         create table t (id int primary key, name text);
         insert into t values (1, 'one'), (2, 'two') returning id;
         update t set name = 'x';
         select * from t order by id;
         begin; savepoint s; delete from t where id = 1; rollback;
         create table u as select * from t;
         values (1.50, '2024-02-29'::date, '{1,2}'::int[]);
         select;
         do $$begin raise notice 'noted'; end$$;\n",
    );
    let all: String = story
        .statements
        .iter()
        .map(super::Told::unaligned)
        .collect();
    assert_eq!(all, printed);
    assert_eq!(said, "NOTICE:  noted\n");
    assert_eq!(
        story.texts(),
        [
            "select 1 as one, null, 'a|b', 'naïve';",
            "select 2 ; select 3, 4 ; select 5;",
            "create table t (id int primary key, name text);",
            "insert into t values (1, 'one'), (2, 'two') returning id;",
            "update t set name = 'x';",
            "select * from t order by id;",
            "begin;",
            "savepoint s;",
            "delete from t where id = 1;",
            "rollback;",
            "create table u as select * from t;",
            "values (1.50, '2024-02-29'::date, '{1,2}'::int[]);",
            "select;",
            "do $$begin raise notice 'noted'; end$$;",
        ]
    );
    let affected = |text| {
        story.only(text).results[0]
            .complete
            .as_ref()
            .unwrap()
            .affected
    };
    assert_eq!(affected("insert"), Some(2));
    assert_eq!(affected("update"), Some(2));
    assert_eq!(affected("create table u"), Some(2));
    assert_eq!(story.only("select 2").results.len(), 3);
    let types: Vec<_> = story.only("values (1.50").results[0]
        .columns
        .iter()
        .map(|c| &*c.1)
        .collect();
    assert_eq!(types, ["numeric", "date", "int4[]"]);
    assert!(matches!(&story.exchanges[0], Exchange::Opened(opened)
        if opened.user == "postgres" && opened.server.starts_with(|c: char| c.is_ascii_digit())));
    let noted = story.exchanges.iter().any(|exchange| {
        matches!(exchange, Exchange::Notice { statement: Some(14), report }
            if report.message == "noted" && report.severity == "NOTICE")
    });
    assert!(noted);
}

#[test]
fn errors_have_all_their_fields() {
    let (story, _, said) = told(
        "psql-errors",
        "create table t (id int primary key, check (id > 0));
         insert into t values (1);
         insert into t values (1);
         insert into t values (-1);
         select 1; select nothing;
         select 1/0 \\; select 2;
         begin;
         selec;
         select 2;
         commit;\n",
    );
    let codes: Vec<Option<&str>> = story.statements.iter().map(super::Told::code).collect();
    assert_eq!(
        codes,
        [
            None,
            None,
            Some("23505"),
            Some("23514"),
            None,
            Some("42703"),
            Some("22012"),
            None,
            Some("42601"),
            Some("25P02"),
            None
        ]
    );
    let duplicate = story.statements[2]
        .end
        .as_ref()
        .unwrap()
        .error
        .as_ref()
        .unwrap();
    assert_eq!(duplicate.severity, "ERROR");
    assert!(said.contains(&duplicate.message) && said.contains(&duplicate.detail));
    assert_eq!(duplicate.fields["table"], "t");
    assert_eq!(duplicate.fields["constraint"], "t_pkey");
    let misspelt = story.statements[8].end.as_ref().unwrap();
    assert_eq!(misspelt.error.as_ref().unwrap().fields["position"], "1");
    let after = |n: usize| {
        story.statements[n]
            .end
            .as_ref()
            .unwrap()
            .transaction
            .unwrap()
    };
    use rec::model::wire::Transaction::{Failed, Idle, Open};
    assert_eq!(
        [after(6), after(7), after(8), after(10)],
        [Idle, Open, Failed, Idle]
    );
}

#[test]
fn sql_prepared_statements_are_told_with_their_text() {
    let (story, printed, _) = told(
        "psql-prepare",
        "prepare q (int) as select $1 + 1;
         execute q(1);
         execute q(41);
         deallocate q;
         execute q(2);
         prepare r as select 7 \\; execute r;
         discard all;
         execute r;\n",
    );
    assert_eq!(printed, "2\n42\n7\n");
    let prepared: Vec<&str> = story
        .statements
        .iter()
        .map(|t| &*t.statement.prepared)
        .collect();
    let text = "select $1 + 1";
    assert_eq!(prepared, ["", text, text, "", "", "select 7", "", ""]);
}

#[test]
fn gdesc_prepares_without_executing() {
    let (story, printed, _) = told("psql-gdesc", "select 1 as one, now() as two \\gdesc\n");
    assert_eq!(printed, "one|integer\ntwo|timestamp with time zone\n");
    let kinds: Vec<Kind> = story
        .statements
        .iter()
        .map(|told| told.statement.kind)
        .collect();
    assert_eq!(kinds, [Kind::Prepare, Kind::Text]);
    assert_eq!(story.texts()[0], "select 1 as one, now() as two ");
    assert_eq!(story.statements[1].unaligned(), printed);
}

#[test]
fn fetch_count_reads_through_a_cursor() {
    let (story, printed, _) = told(
        "psql-cursor",
        "\\set FETCH_COUNT 3\nselect n from generate_series(1, 7) n;\n",
    );
    assert_eq!(printed, "1\n2\n3\n4\n5\n6\n7\n");
    let all: String = story
        .statements
        .iter()
        .map(super::Told::unaligned)
        .collect();
    assert_eq!(all, printed);
    assert!(
        story.texts()[1].starts_with("DECLARE"),
        "{:?}",
        story.texts()
    );
}

#[test]
fn copies_are_told_as_what_was_copied() {
    let served = Served::start();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let script = format!(
        "create table t (a int, b text);
         copy t from stdin;\n1\tone\n2\t\\N\n\\.
         \\copy t to '{path}'
         \\copy t from '{path}'
         copy t from stdin;\nx\ty\n\\.
         \\copy nowhere from '{path}'
         copy (select a from t order by a) to stdout csv header;
         copy t to stdout (format binary) \\g /dev/null\n"
    );
    let output = psql(&served, &[], &script);
    check_said(&output, "invalid input syntax");
    super::fixtures::keep("psql-copy", &served.sessions()[0]);
    let story = served.session();
    let copied: Vec<&str> = story.statements.iter().map(|told| &*told.copied).collect();
    let lines = "1\tone\n2\t\\N\n";
    // psql sends the end of its own input along.
    let typed = format!("{lines}\\.\n");
    assert_eq!(
        copied,
        [
            "",
            &*typed,
            lines,
            lines,
            "x\ty\n\\.\n",
            "",
            "a\n1\n1\n2\n2\n",
            // Nobody has said what is a number here.
            &*"(4 bytes)\tone\n(4 bytes)\t\\N\n".repeat(2),
        ]
    );
    let complete = |n: usize| story.statements[n].results[0].complete.clone().unwrap();
    assert_eq!(complete(1).affected, Some(2));
    assert_eq!(complete(2).bytes, 11);
    assert_eq!(story.statements[4].code(), Some("22P02"));
    assert_eq!(story.statements[5].code(), Some("42P01"));
    let binary = complete(7);
    assert!(binary.bytes > 80 && binary.bytes_cut == 16, "{binary:?}");
}

#[test]
fn a_binary_copy_of_described_columns_is_told_as_the_server_writes_them() {
    let served = Served::start();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let columns = "id, \"Name\", n, tags, raw, at, day, amount, u, flag, j, code, half";
    let script = format!(
        "set timezone = 'UTC'; set bytea_output = 'hex';
         create table t (id int8, \"Name\" text, n int2, tags text[], raw bytea, at timestamptz,
            day date, amount numeric, u uuid, flag bool, j jsonb, code varchar, half float8);
         insert into t values
            (4000000000, E'a\\tb\\\\ é\\n', -2, '{{x,\"y z\",NULL}}', '\\x00ff', '2024-02-29 12:00:00.5+00',
             '1999-12-31', 1234567.890, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', true,
             '{{\"k\": [1, null]}}', 'Abcd', 1.5),
            (default, '', null, '{{}}', '', null, 'infinity', 'NaN', null, false, 'null', '', '-inf');
         select {columns} from t limit 0;
         copy t ({columns}) to stdout;
         \\copy t ({columns}) to '{path}' (format binary)
         \\copy t ({columns}) from '{path}' (format binary)\n"
    );
    check(&psql(&served, &["-v", "ON_ERROR_STOP=1"], &script));
    super::fixtures::keep("psql-copy-binary", &served.sessions()[0]);
    let story = served.session();
    let copies: Vec<_> = story.statements.iter().rev().take(3).collect();
    let [read, written, text] = copies[..] else {
        panic!("{} statements", copies.len())
    };
    assert_eq!(text.copied.lines().count(), 2, "{}", text.copied);
    assert_eq!(written.copied, text.copied);
    assert_eq!(read.copied, text.copied);
    for told in [read, written] {
        let complete = told.results[0].complete.as_ref().unwrap();
        assert_eq!((complete.bytes_cut, complete.affected), (0, Some(2)));
    }
}

fn check_said(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(words), "{said}");
}

#[test]
fn large_objects_are_function_calls() {
    let served = Served::start();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"large enough").unwrap();
    let path = file.path().to_str().unwrap();
    let script = format!("\\lo_import '{path}'\n\\lo_unlink :LASTOID\n");
    let output = psql(&served, &[], &script);
    check(&output);
    super::fixtures::keep("psql-large-object", &served.sessions()[0]);
    let story = served.session();
    let calls: Vec<_> = story
        .statements
        .iter()
        .filter(|told| told.statement.kind == Kind::Function)
        .collect();
    let names: Vec<&str> = calls.iter().map(|told| &*told.statement.text).collect();
    assert_eq!(
        names,
        ["lo_creat", "lo_open", "lowrite", "lo_close", "lo_unlink"]
    );
    assert_eq!(
        calls[2].parameters()[1],
        Some("\\x6c6172676520656e6f756768")
    );
    assert_eq!(calls[2].unaligned(), "12\n");
    let oid = calls[0].unaligned();
    assert_eq!(calls[4].parameters(), [Some(oid.trim_end())]);
    let columns: Vec<&str> = calls
        .iter()
        .map(|told| &*told.results[0].columns[0].1)
        .collect();
    assert_eq!(columns, ["oid", "int4", "int4", "int4", "int4"]);
}

#[test]
fn notifications_while_idle_are_told() {
    let served = Served::start();
    let mut psql = served.client("psql", "postgresql-client");
    let mut child = psql
        .args(["-XqAt"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.as_mut().unwrap();
    stdin
        .write_all(b"listen jobs;\n\\! echo listening\n")
        .unwrap();
    let mut said = [0; 10];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    served.postgres.sql("postgres", "notify jobs, 'run 5'");
    // psql looks at what came only before its next statement's answer; the tap does not wait.
    let end = Instant::now() + Duration::from_secs(30);
    let came = |served: &Served| {
        let said = &served.capture.now()[0].said;
        said.iter()
            .any(|(_, bytes)| bytes.windows(5).any(|w| w == b"run 5"))
    };
    while !came(&served) {
        assert!(Instant::now() < end, "the notification never came");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(child.stdin.take());
    child.wait().unwrap();
    let sessions = served.sessions();
    super::fixtures::keep("psql-notify", &sessions[0]);
    let story = Story::of(&sessions[0]);
    let notified = story.exchanges.iter().any(|exchange| {
        matches!(exchange, Exchange::Notification { channel, payload }
            if channel == "jobs" && payload == "run 5")
    });
    assert!(notified, "{:?}", story.exchanges);
}

#[test]
fn a_cancelled_statement_has_its_error() {
    let served = Served::start();
    let mut psql = served.client("psql", "postgresql-client");
    let mut child = psql
        .args(["-XqAt", "-c", "select pg_sleep(600)"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    let running = "select count(*) from pg_stat_activity where state = 'active' \
                   and query = 'select pg_sleep(600)'";
    while served.postgres.sql("postgres", running) != "1\n" {
        assert!(Instant::now() < end, "it never ran");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    child.wait().unwrap();
    super::fixtures::keep("psql-cancel", &served.sessions()[0]);
    let story = served.session();
    assert_eq!(story.statements[0].code(), Some("57014"));
}

#[test]
fn a_session_that_the_server_ends_is_closed_with_its_last_word() {
    let served = Served::start();
    let output = psql(
        &served,
        &[],
        "select pg_terminate_backend(pg_backend_pid());\n",
    );
    check_said(&output, "terminating connection");
    let sessions = served.sessions();
    super::fixtures::keep("psql-terminated", &sessions[0]);
    let fatal = |exchange: &Exchange| matches!(exchange, Exchange::Closed { error: Some(report) } if report.code == "57P01");
    let mut decoder = super::Decoder::new(super::Limits::default());
    use rec::wire::Decoder as _;
    for (who, bytes) in &sessions[0].said {
        match who {
            super::Speaker::Client => decoder.client(super::Micros(0), bytes),
            super::Speaker::Server => decoder.server(super::Micros(0), bytes),
        }
    }
    decoder.closed(super::Micros(1));
    let seen = decoder.take();
    assert!(
        seen.iter().any(|(_, seen)| {
            matches!(seen, super::Seen::Exchange(exchange) if fatal(exchange))
        })
    );
}

#[test]
fn other_encodings_of_the_client_are_read() {
    let (story, _, _) = told(
        "psql-latin1",
        "set client_encoding = 'LATIN1';\nselect chr(233), U&'\\00e9' as \"x\";\n",
    );
    let select = story.only("chr(233)");
    let Value::Text(text) = &select.results[0].rows[0][0] else {
        panic!("{select:?}");
    };
    assert_eq!(text, "é");
}
