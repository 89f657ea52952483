//! A session with a database connection.

use super::*;

/// A session whose statements were seen on their connection, one of them sent by no command.
pub(super) fn wired() -> Vec<Event> {
    let at = |at: u64, body| Event {
        at: Micros(at * 1000),
        body,
    };
    let wire = |ms, what| {
        at(
            ms,
            Body::Wire(Wire {
                connection: 1,
                what,
            }),
        )
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
    ]
}
