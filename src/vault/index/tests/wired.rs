//! A session with a database connection.

use super::*;

/// A session whose statements were seen on their connection, one of them sent by no command.
pub(super) fn wired() -> Vec<Event> {
    let at = |at: u64, body| Event {
        at: Micros(at * 1000),
        body,
    };
    let wire = |ms, what| at(ms, Body::wire(1, what));
    let on = |connection, ms, what| at(ms, Body::wire(connection, what));
    let opened = |user: &str, database: &str| {
        Exchange::Opened(wire::Opened {
            user: user.to_owned(),
            database: database.to_owned(),
            ..wire::Opened::default()
        })
    };
    let set = |name: &str, value: &str| Exchange::Setting {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let statement = |number, text: &str| {
        Exchange::Statement(Statement {
            number,
            kind: wire::Kind::Text,
            text: text.to_owned(),
            cut: 0,
            name: String::new(),
            prepared: String::new(),
            parameters: Vec::new(),
        })
    };
    let complete = |statement, rows| {
        Exchange::Complete(wire::Complete {
            statement,
            rows,
            ..wire::Complete::default()
        })
    };
    let end = |statement, error| {
        Exchange::End(wire::End {
            statement,
            error,
            ..wire::End::default()
        })
    };
    let error = wire::Report {
        severity: "ERROR".into(),
        code: "23505".into(),
        message: "duplicate key value violates a constraint".into(),
        detail: "Key (id)=(7) already exists.".into(),
        ..wire::Report::default()
    };
    let command = |ms, number, text: &str| {
        at(
            ms,
            Body::Command(Command {
                number,
                text: text.to_owned(),
                prompt: "=> ".into(),
                prompt_at: Micros(0),
            }),
        )
    };
    let over = |ms, number, outcome: &str| {
        let outcome = Some(outcome.to_owned());
        at(ms, Body::CommandEnd { number, outcome })
    };
    vec![
        wire(
            1,
            statement(1, "select set_config('a', 'b') from pg_settings"),
        ),
        wire(2, complete(1, 1)),
        wire(3, end(1, None)),
        at(
            100,
            Body::Output(b"=> select * from shop.baskets;\r\n".to_vec()),
        ),
        command(100, 1, "select * from shop.baskets;"),
        wire(101, statement(2, "select * from shop.baskets;")),
        wire(102, complete(2, 5000)),
        wire(103, end(2, None)),
        at(104, Body::Output(b"many rows\r\n".to_vec())),
        over(105, 1, "5000 rows"),
        at(200, Body::Output(b"=> \\i load.sql\r\n".to_vec())),
        command(200, 2, "\\i load.sql"),
        wire(201, statement(3, "insert into orders(id) values (7)")),
        wire(205, end(3, Some(error))),
        over(206, 2, "1 line"),
        at(300, Body::Output(b"=> \\c reports\r\n".to_vec())),
        command(300, 3, "\\c reports"),
        on(2, 310, opened("ro", "reports")),
        on(1, 311, Exchange::Closed { error: None }),
        over(320, 3, ""),
        at(400, Body::Output(b"=> select elsewhere;\r\n".to_vec())),
        command(400, 4, "select elsewhere;"),
        on(2, 401, statement(1, "select elsewhere")),
        on(2, 402, complete(1, 1)),
        on(2, 403, end(1, None)),
        over(404, 4, "1 row"),
        at(500, Body::Output(b"=> use archive\r\n".to_vec())),
        command(500, 5, "use archive"),
        on(2, 501, set("database", "archive")),
        on(2, 502, set("user", "Keeper")),
        over(503, 5, ""),
        at(600, Body::Output(b"=> select older;\r\n".to_vec())),
        command(600, 6, "select older;"),
        on(2, 601, statement(2, "select older")),
        on(2, 602, end(2, None)),
        over(604, 6, "1 row"),
    ]
}

#[test]
fn where_a_moment_ran_is_what_its_connection_says() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    several(&paths);
    let library = library(&paths);
    let found = |text: &str| {
        let found = search(&library, text, usize::MAX);
        let of = |text: &&str| found.iter().any(|hit| hit.contains(*text));
        let all = ["baskets", "elsewhere", "older", "statsu"];
        all.into_iter().filter(of).collect::<Vec<_>>()
    };
    for (text, expected) in [
        ("db:reports", &["elsewhere"][..]),
        ("db:archive", &["older"]),
        ("user:keeper", &["older"]),
        ("user:ro", &["elsewhere"]),
        ("db:app", &["baskets", "statsu"]),
        ("-db:app select client:psql", &["elsewhere", "older"]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
    let listed = |text: &str| {
        let query = Query::parse(text, &now()).unwrap();
        library.matching(&query, 99).unwrap().len()
    };
    // Those that began in it count, whatever ran in them, and the one that went there.
    assert_eq!(
        (listed("db:app"), listed("db:reports"), listed("db:nowhere")),
        (3, 1, 0)
    );
}
