//! How long what a command sent over connections took, told while a recording is read once; as
//! [`crate::timeline::Timeline::took`] tells it of a whole one.

use crate::model::{Command, Event, Micros, wire};
use std::time::Duration;

/// Statements that are remembered until the command is known that sent them: completing a name
/// sends a few for each key.
const AHEAD_MAX: usize = 64;
/// Characters of such a statement by which its command is known.
const TEXT_MAX: usize = 256;
/// Statements under way at a time; with more of them the terminal's time counts.
const OPEN_MAX: usize = 64;

/// A statement, by its connection and its number there.
type Key = (u32, u32);

/// What the command that runs has sent so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    running: bool,
    first: Option<Micros>,
    last: Option<Micros>,
    open: Vec<Key>,
    ahead: Vec<Ahead>,
}

/// A statement that was sent while no command ran.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ahead {
    key: Key,
    /// By the recording's own clock, as a command's times are.
    sent: Micros,
    at: Micros,
    end: Option<Micros>,
    text: String,
}

impl Sent {
    /// Something passed on a connection, at `at` on the replay's clock.
    pub(super) fn note(&mut self, event: &Event, wire: &wire::Wire, at: Micros) {
        match &wire.what {
            wire::Exchange::Statement(statement) => {
                let key = (wire.connection, statement.number);
                if self.running {
                    self.begin(key, at, None);
                } else {
                    // The command's own is among the last.
                    if self.ahead.len() >= AHEAD_MAX {
                        self.ahead.remove(0);
                    }
                    let text = statement.text.trim().chars();
                    self.ahead.push(Ahead {
                        key,
                        sent: event.at,
                        at,
                        end: None,
                        text: text.take(TEXT_MAX).collect(),
                    });
                }
            }
            wire::Exchange::End(end) => {
                let key = (wire.connection, end.statement);
                if let Some(place) = self.open.iter().position(|open| *open == key) {
                    self.open.swap_remove(place);
                    self.last = self.last.max(Some(at));
                } else if let Some(ahead) = self.ahead.iter_mut().find(|ahead| ahead.key == key) {
                    ahead.end = Some(at);
                }
            }
            wire::Exchange::Opened(_)
            | wire::Exchange::Setting { .. }
            | wire::Exchange::Columns { .. }
            | wire::Exchange::Rows { .. }
            | wire::Exchange::Copied { .. }
            | wire::Exchange::Complete(_)
            | wire::Exchange::Notice { .. }
            | wire::Exchange::Notification { .. }
            | wire::Exchange::Closed { .. } => {}
        }
    }

    /// A command was submitted. What was sent since then is its own, and what it says itself since
    /// its prompt: a client may be heard on the connection before its terminal is.
    pub(super) fn submit(&mut self, event: &Event, command: &Command) {
        let ahead = std::mem::take(&mut self.ahead);
        *self = Sent {
            running: true,
            ..Sent::default()
        };
        let own = |ahead: &Ahead| {
            let says = !ahead.text.is_empty() && command.text.contains(&ahead.text);
            ahead.sent >= event.at || ahead.sent >= command.prompt_at && says
        };
        for ahead in ahead.into_iter().filter(own) {
            self.begin(ahead.key, ahead.at, ahead.end);
        }
    }

    /// The command is over: how long its statements took, where it sent any and all were answered.
    pub(super) fn end(&mut self) -> Option<Duration> {
        let sent = std::mem::take(self);
        if !sent.open.is_empty() {
            return None;
        }
        Some(sent.last?.since(sent.first?))
    }

    fn begin(&mut self, key: Key, at: Micros, end: Option<Micros>) {
        self.first.get_or_insert(at);
        match end {
            Some(end) => self.last = self.last.max(Some(end)),
            None if self.open.len() < OPEN_MAX => self.open.push(key),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Body;
    use crate::model::wire::{End, Exchange, Kind, Statement};

    fn statement(number: u32, text: &str) -> Body {
        Body::wire(
            1,
            Exchange::Statement(Statement {
                number,
                kind: Kind::Text,
                text: text.into(),
                cut: 0,
                name: String::new(),
                prepared: String::new(),
                parameters: Vec::new(),
            }),
        )
    }

    fn ended(statement: u32) -> Body {
        Body::wire(
            1,
            Exchange::End(End {
                statement,
                first: None,
                error: None,
                transaction: None,
                skipped: false,
            }),
        )
    }

    fn command(text: &str, prompt_at: u64) -> Body {
        Body::Command(Command {
            number: 1,
            text: text.into(),
            prompt: "app=> ".into(),
            prompt_at: Micros(prompt_at),
        })
    }

    /// How long the command took that ends after these events.
    fn took(events: &[(u64, Body)]) -> Option<u128> {
        let mut sent = Sent::default();
        for (at, body) in events {
            let event = Event {
                at: Micros(*at),
                body: body.clone(),
            };
            match body {
                Body::Wire(wire) => sent.note(&event, wire, event.at),
                Body::Command(command) => sent.submit(&event, command),
                _ => {}
            }
        }
        sent.end().map(|took| took.as_micros())
    }

    #[test]
    fn a_command_takes_as_long_as_its_statements() {
        let all = [
            (10, command("table t;", 1)),
            (12, statement(1, "table t;")),
            (20, ended(1)),
            (21, statement(2, "table u;")),
            (40, ended(2)),
        ];
        assert_eq!(took(&all), Some(28));
        assert_eq!(took(&all[..4]), None, "one is under way");
        assert_eq!(took(&all[..1]), None, "none was sent");
    }

    #[test]
    fn what_was_sent_before_the_command_is_its_own_where_it_says_it() {
        let asked = (5, statement(1, "select name from names"));
        let early = [
            asked.clone(),
            (6, ended(1)),
            (9, statement(2, "table t;")),
            (10, command("table t;", 1)),
            (19, ended(2)),
        ];
        assert_eq!(took(&early), Some(10));
        let only_asked = [asked, (6, ended(1)), (10, command("table t;", 1))];
        assert_eq!(took(&only_asked), None);
        let older = [
            (2, statement(1, "table t;")),
            (3, ended(1)),
            (10, command("table t;", 5)),
        ];
        assert_eq!(took(&older), None, "it was sent before the prompt");
    }
}
