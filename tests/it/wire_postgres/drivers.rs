//! What drivers do beyond psql: pipelines, binary values, server-side cursors, replication.

use super::{Exchange, Kind, Served, Story};
use crate::support::check;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Runs a Python script that uses psycopg, keeps the conversation and tells what was read.
fn psycopg(name: &str, script: &str) -> (Story, String) {
    let served = Served::start();
    let mut python = served.client("/usr/bin/python3", "python3-psycopg");
    let output = python.args(["-c", script]).output().unwrap();
    check(&output);
    let sessions = served.sessions();
    assert_eq!(sessions.len(), 1);
    super::fixtures::keep(name, &sessions[0]);
    let printed = String::from_utf8(output.stdout).unwrap();
    (Story::of(&sessions[0]), printed)
}

#[test]
fn a_pipeline_of_psycopg_is_attributed_to_its_statements() {
    let (story, printed) = psycopg(
        "psycopg-pipeline",
        "import psycopg
c = psycopg.connect('', autocommit=True)
c.execute('create table t (a int primary key)')
with c.pipeline() as p:
    first = c.execute('insert into t values (%s) returning a', [1])
    many = c.cursor()
    many.executemany('insert into t values (%s)', [(2,), (3,), (4,)])
    last = c.execute('select sum(a) from t')
    print(first.fetchall(), last.fetchall())
try:
    with c.pipeline() as p:
        c.execute('insert into t values (9)')
        c.execute('insert into t values (1)')
        c.execute('insert into t values (10)')
        p.sync()
        c.execute('select 1')
except psycopg.Error as e:
    print(type(e).__name__)
print(c.execute('select count(*) from t').fetchone())
c.close()
",
    );
    assert_eq!(printed, "[(1,)] [(10,)]\nUniqueViolation\n(4,)\n");
    let inserts: Vec<_> = story
        .statements
        .iter()
        .filter(|told| told.statement.text.starts_with("insert into t values ($1)"))
        .collect();
    let parameters: Vec<_> = inserts
        .iter()
        .map(|told| told.parameters()[0].unwrap())
        .collect();
    assert_eq!(parameters, ["1", "2", "3", "4"]);
    assert_eq!(inserts[0].unaligned(), "1\n");
    assert_eq!(story.only("sum(a)").unaligned(), "10\n");
    assert_eq!(story.only("values (1)").code(), Some("23505"));
    let skipped = story.only("values (10)").end.clone().unwrap();
    assert!(skipped.skipped && skipped.error.is_none());
}

#[test]
fn psycopg_with_prepared_statements_binary_values_and_a_server_side_cursor() {
    let (story, printed) = psycopg(
        "psycopg-binary",
        "import psycopg, datetime, decimal, uuid
c = psycopg.connect('')
b = c.cursor(binary=True)
for n in range(2):
    b.execute('select %b::int4, %b::numeric, %b::date, %b::uuid', [n, decimal.Decimal('12.50'),
        datetime.date(2024, 2, 29), uuid.UUID(int=n)], prepare=True)
    print(*b.fetchone(), sep='|')
s = c.cursor(name='cur')
s.execute('select n from generate_series(1, 5) n')
s.itersize = 2
print(*[n for n, in s], sep='|')
s.close()
with c.cursor().copy('copy (select 1, null) to stdout') as copy:
    print(b''.join(copy).decode(), end='')
c.execute('create temp table t (a int)')
with c.cursor().copy('copy t from stdin') as copy:
    copy.write_row([7])
    copy.write_row([None])
c.commit()
c.close()
",
    );
    let selects: Vec<_> = story
        .statements
        .iter()
        .filter(|told| told.statement.text.contains("::uuid"))
        .collect();
    assert_eq!(selects.len(), 2);
    let mut lines = printed.lines();
    for (n, told) in selects.iter().enumerate() {
        assert_eq!(told.statement.kind, Kind::Prepared);
        assert!(!told.statement.name.is_empty());
        let row = told.unaligned();
        assert_eq!(Some(row.trim_end()), lines.next());
        let bound: Vec<_> = told.parameters().into_iter().map(Option::unwrap).collect();
        assert_eq!(bound.join("|"), row.trim_end(), "{n}");
    }
    let cursor: String = story
        .statements
        .iter()
        .filter(|told| told.statement.text.starts_with("FETCH"))
        .map(super::Told::unaligned)
        .collect();
    assert_eq!(cursor, "1\n2\n3\n4\n5\n");
    assert_eq!(story.only("to stdout").copied, "1\t\\N\n");
    assert_eq!(story.only("from stdin").copied, "7\n\\N\n");
}

#[test]
fn replication_is_followed_without_being_kept() {
    let served = Served::start_with(&["wal_level=logical", "max_wal_senders=4"]);
    served.postgres.sql("postgres", "create table t (a int)");
    let slot = "select pg_create_logical_replication_slot('s', 'test_decoding')";
    served.postgres.sql("postgres", slot);
    let mut receive = served.client("pg_recvlogical", "postgresql-client");
    let mut child = receive
        .args(["-d", "postgres", "-S", "s", "--start", "-f", "-", "-F", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    served
        .postgres
        .sql("postgres", "insert into t values (4711)");
    let end = Instant::now() + Duration::from_secs(60);
    let came = || {
        let all = served.capture.now();
        let said = all.iter().flat_map(|c| &c.said);
        said.into_iter()
            .any(|(_, bytes)| bytes.windows(4).any(|w| w == b"4711"))
    };
    while !came() {
        assert!(Instant::now() < end, "the change never came");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let sessions = served.sessions();
    let (story, busy) = Story::read(sessions.last().unwrap());
    assert!(busy);
    let stream = story.only("START_REPLICATION");
    let told = format!("{:?}", story.exchanges);
    assert!(!told.contains("4711"), "{told}");
    let bytes: u64 = story
        .exchanges
        .iter()
        .filter_map(|exchange| match exchange {
            Exchange::Complete(complete) if complete.statement == stream.statement.number => {
                assert_eq!(complete.bytes, complete.bytes_cut);
                Some(complete.bytes)
            }
            _ => None,
        })
        .sum();
    assert!(bytes > 100, "{told}");
}
