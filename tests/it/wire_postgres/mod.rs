//! PostgreSQL's protocol as real servers and clients speak it.
//!
//! A client talks to a server through a relay that keeps both directions; the decoder reads what
//! was kept. `fixtures/wire/postgres` holds some of these conversations, so that they are read at
//! every cut; `REC_FIXTURES=write` writes them anew.

mod drivers;
mod fixtures;
mod pgbench;
mod psql;
mod values;

use crate::support::{Capture, Conversation, Postgres, Speaker, tool};
use rec::model::Micros;
use rec::model::wire::{Complete, End, Exchange, Kind, Row, Statement, Value};
use rec::wire::postgres::Decoder;
use rec::wire::{Decoder as _, Limits, Seen};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A server with a relay in front.
struct Served {
    postgres: Postgres,
    capture: Capture,
}

impl Served {
    fn start() -> Served {
        Self::start_with(&[])
    }

    fn start_with(settings: &[&str]) -> Served {
        let postgres = Postgres::start_with(settings);
        let name = format!(".s.PGSQL.{}", postgres.port);
        let capture = Capture::start(Path::new(postgres.socket()), &name);
        Served { postgres, capture }
    }

    /// A client's command that goes through the relay, by the environment.
    fn client(&self, program: &str, package: &str) -> Command {
        let mut command = Command::new(tool(program, package));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("LC_ALL", "C.UTF-8")
            .env("PGHOST", self.capture.socket())
            .env("PGPORT", self.postgres.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", "postgres");
        command
    }

    /// The conversations of the sessions so far, without those that only cancelled one.
    fn sessions(&self) -> Vec<Conversation> {
        const CANCEL_REQUEST: [u8; 4] = 80_877_102_u32.to_be_bytes();
        let mut all = self.capture.conversations();
        all.retain(|c| {
            c.said.first().is_some_and(|(who, bytes)| {
                *who == Speaker::Client && bytes.get(4..8) != Some(&CANCEL_REQUEST)
            })
        });
        all
    }

    /// The one session so far, read.
    fn session(&self) -> Story {
        let sessions = self.sessions();
        assert_eq!(sessions.len(), 1, "sessions");
        Story::of(&sessions[0])
    }
}

/// A statement from its sending to its end.
#[derive(Debug)]
struct Told {
    statement: Statement,
    results: Vec<Outcome>,
    copied: String,
    end: Option<End>,
}

/// One result of a statement.
#[derive(Debug, Default)]
struct Outcome {
    columns: Vec<(String, String)>,
    rows: Vec<Row>,
    complete: Option<Complete>,
}

/// What the decoder told of a conversation.
#[derive(Debug, Default)]
struct Story {
    exchanges: Vec<Exchange>,
    statements: Vec<Told>,
}

impl Story {
    /// Reads a conversation, and checks that it makes sense and was answered.
    fn of(conversation: &Conversation) -> Story {
        let (story, busy) = Self::read(conversation);
        assert!(!busy, "an answer is missing");
        story
    }

    /// Reads a conversation; says whether an answer is missing at its end.
    fn read(conversation: &Conversation) -> (Story, bool) {
        let mut decoder = Decoder::new(Limits::default());
        let mut exchanges = Vec::new();
        let mut at = Micros(0);
        let mut seen = |at: Micros, decoder: &mut Decoder| {
            for (when, seen) in decoder.take() {
                assert!(when <= at);
                match seen {
                    Seen::Exchange(exchange) => exchanges.push(exchange),
                    Seen::Gap(gap) => panic!("{gap:?}"),
                }
            }
        };
        for (who, bytes) in &conversation.said {
            at.0 += 1;
            match who {
                Speaker::Client => decoder.client(at, bytes),
                Speaker::Server => decoder.server(at, bytes),
            }
            seen(at, &mut decoder);
        }
        let busy = decoder.busy();
        decoder.closed(at);
        seen(at, &mut decoder);
        let story = Story {
            statements: told(&exchanges),
            exchanges,
        };
        (story, busy)
    }

    fn texts(&self) -> Vec<&str> {
        self.statements
            .iter()
            .map(|told| &*told.statement.text)
            .collect()
    }

    fn only(&self, text: &str) -> &Told {
        let mut such = self
            .statements
            .iter()
            .filter(|told| told.statement.text.contains(text));
        let one = such
            .next()
            .unwrap_or_else(|| panic!("{text}: {:?}", self.texts()));
        assert!(such.next().is_none(), "{text}: {:?}", self.texts());
        one
    }
}

impl Told {
    /// All rows, as psql prints them with -At.
    fn unaligned(&self) -> String {
        let rows = self.results.iter().flat_map(|result| &result.rows);
        // Of rows without columns it prints none.
        rows.filter(|row| !row.is_empty())
            .map(|row| {
                let cells: Vec<&str> = row.iter().map(|v| v.text().unwrap_or_default()).collect();
                cells.join("|") + "\n"
            })
            .collect()
    }

    fn code(&self) -> Option<&str> {
        let error = self.end.as_ref()?.error.as_ref()?;
        Some(&error.code)
    }

    fn parameters(&self) -> Vec<Option<&str>> {
        let parameters = self.statement.parameters.iter();
        parameters.map(|p| p.value.text()).collect()
    }
}

/// Puts together what belongs to each statement, and checks that it does.
fn told(exchanges: &[Exchange]) -> Vec<Told> {
    let mut all: BTreeMap<u32, Told> = BTreeMap::new();
    for exchange in exchanges {
        if let Exchange::Statement(statement) = exchange {
            let told = Told {
                statement: statement.clone(),
                results: Vec::new(),
                copied: String::new(),
                end: None,
            };
            assert!(all.insert(statement.number, told).is_none());
            continue;
        }
        let Some(number) = exchange.statement() else {
            continue;
        };
        let told = all.get_mut(&number).expect("a statement that was told");
        assert!(told.end.is_none(), "{exchange:?} after the end");
        let open = told.results.last().is_some_and(|result| {
            result
                .complete
                .as_ref()
                .is_none_or(|complete| complete.suspended)
        });
        if !open && !matches!(exchange, Exchange::End(_) | Exchange::Notice { .. }) {
            told.results.push(Outcome::default());
        }
        let result = told.results.last_mut();
        match exchange {
            Exchange::Columns { columns, .. } => {
                let columns = columns.iter();
                result.unwrap().columns = columns
                    .map(|c| (c.name.clone(), c.type_name.clone()))
                    .collect();
            }
            Exchange::Rows { rows, .. } => {
                let result = result.unwrap();
                assert!(rows.iter().all(|row| row.len() == result.columns.len()));
                result.rows.extend(rows.iter().cloned());
            }
            Exchange::Copied { text, .. } => told.copied.push_str(text),
            Exchange::Complete(complete) => {
                let result = result.unwrap();
                let mut complete = complete.clone();
                if let Some(before) = &result.complete {
                    complete.rows += before.rows;
                    complete.rows_cut += before.rows_cut;
                }
                let kept = u64::try_from(result.rows.len()).unwrap();
                assert_eq!(complete.rows, kept + complete.rows_cut);
                result.complete = Some(complete);
            }
            Exchange::End(end) => told.end = Some(end.clone()),
            _ => {}
        }
    }
    for told in all.values() {
        assert!(told.end.is_some(), "{told:?} has no end");
    }
    all.into_values().collect()
}
