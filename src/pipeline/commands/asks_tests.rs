//! Lines that a database client asks to continue behind a prompt of its user's own.

use super::super::super::tests::{SIZE, bodies, ms, pipeline};
use super::super::super::{Pipeline, TtyMode};
use crate::model::Body;
use crate::model::wire::{Exchange, Kind, Statement, Wire};

const RAW: TtyMode = TtyMode {
    echo: false,
    icanon: false,
};

struct Client {
    p: Pipeline,
    now: u64,
    sent: u32,
}

impl Client {
    fn new() -> Client {
        let mut client = Client {
            p: pipeline(SIZE),
            now: 0,
            sent: 0,
        };
        client.print("ada@shop #\r\n\u{276f} ");
        client
    }

    fn print(&mut self, text: &str) {
        self.now += 5;
        self.p.output(ms(self.now), text.as_bytes());
        self.now += 100;
        self.p.tick(ms(self.now));
    }

    fn types(&mut self, line: &str) {
        for key in line.bytes() {
            self.now += 10;
            self.p.input(ms(self.now), &[key], RAW);
            self.p.output(ms(self.now), &[key]);
        }
        self.now += 10;
        self.p.input(ms(self.now), b"\r", RAW);
    }

    fn sends(&mut self, text: &str) {
        self.sent += 1;
        let statement = Statement {
            number: self.sent,
            kind: Kind::Text,
            text: text.into(),
            cut: 0,
            name: String::new(),
            prepared: String::new(),
            parameters: Vec::new(),
        };
        let what = Exchange::Statement(statement);
        let connection = 1;
        self.p
            .wire(ms(self.now), Box::new(Wire { connection, what }));
    }

    fn commands(mut self) -> Vec<String> {
        self.now += 2000;
        self.p.tick(ms(self.now));
        let found = bodies(&mut self.p).into_iter();
        let commands = found.filter_map(|body| match body {
            Body::Command(command) => Some(command.text),
            _ => None,
        });
        commands.collect()
    }
}

#[test]
fn a_line_that_sent_nothing_goes_on_behind_whatever_prompt_follows_it() {
    let mut client = Client::new();
    client.types("select 1;");
    client.print("\r\n");
    client.sends("select 1;");
    client.print(" 1\r\n\r\nada@shop #\r\n\u{276f} ");
    client.types("select count(*)");
    client.print("\r\nmore - ");
    client.types("from orders");
    client.print("\r\nmore - ");
    client.types(";");
    client.print("\r\n");
    client.sends("select count(*)\nfrom orders\n;");
    client.print(" 7\r\n\r\nada@shop #\r\n\u{276f} ");
    client.types("table orders");
    client.print("\r\nmore - ");
    client.types("limit 1;");
    client.print("\r\n");
    client.sends("table orders\nlimit 1;");
    client.print(" 8\r\n\r\nada@shop #\r\n\u{276f} ");
    let found = client.commands();
    let meant = [
        "select 1;",
        "select count(*)\nfrom orders\n;",
        "table orders\nlimit 1;",
    ];
    assert_eq!(found, meant);
}

#[test]
fn what_is_printed_or_belongs_to_no_connection_continues_nothing() {
    let mut client = Client::new();
    // No statement was ever seen: a shell, say.
    client.types("cat");
    client.print("\r\nmore - ");
    client.types("x");
    client.print("\r\nada@shop #\r\n\u{276f} ");
    client.types("select 1;");
    client.print("\r\n");
    client.sends("select 1;");
    client.print(" 1\r\n\u{276f} ");
    // A command of the client's own, and an answer.
    client.types("\\echo a");
    client.print("\r\na ");
    client.print("\r\n\u{276f} ");
    client.types("use shop");
    client.print("\r\nchanged\r\nshop \u{276f} ");
    client.types("select 2;");
    client.print("\r\n");
    client.sends("select 2;");
    client.print(" 2\r\nshop \u{276f} ");
    let found = client.commands();
    let meant = ["cat", "select 1;", "\\echo a", "use shop", "select 2;"];
    for command in meant {
        assert!(
            found.iter().any(|text| text == command),
            "{command}: {found:?}"
        );
    }
}
