//! Prompts that continue a line and look like nothing known: psql's `PROMPT2` is anything. Where what
//! passes over the connection is seen, a line that sent nothing goes on.

use super::super::Pipeline;
use super::{Commands, KNOWN_MAX};
use crate::model::wire::Exchange;
use crate::term::prompt;

/// A longer one is output.
const PROMPT_MAX: usize = 200;

/// What is known of the database connection.
#[derive(Debug, Default)]
pub(in super::super) struct Asks {
    /// Statements are seen.
    wired: bool,
    /// One was since the line that is pending was submitted.
    sent: bool,
    /// Prompts that continued a line.
    prompts: Vec<String>,
}

impl Asks {
    /// A line is submitted.
    pub(super) fn begin(&mut self) {
        self.sent = false;
    }

    /// Something passed over the connection.
    pub(in super::super) fn see(&mut self, exchange: &Exchange) {
        if let Exchange::Statement(_) = exchange {
            self.wired = true;
            self.sent = true;
        }
    }
}

impl Commands {
    /// What passes over database connections.
    pub(in super::super) fn asks(&mut self) -> &mut Asks {
        &mut self.asks
    }

    /// Where a prompt at the start of `text` ends that continues the pending line.
    pub(super) fn continues(&self, text: &str) -> Option<usize> {
        let pending = self.pending.as_ref()?;
        let learned = || {
            let prompts = self.asks.prompts.iter();
            let begins = prompts.filter(|prompt| prompt::starts_with(text, prompt));
            begins.map(|prompt| prompt.len().min(text.len())).max()
        };
        prompt::continuation(text, &pending.command.prompt).or_else(learned)
    }
}

impl Pipeline {
    /// The cursor stands behind `before`: the prompt that continues the pending line, where that is an
    /// open statement of a client whose connection is seen and nothing was printed since.
    pub(super) fn learn_continuation(&mut self, before: &str) {
        let commands = &mut self.commands;
        let Some(pending) = &commands.pending else {
            return;
        };
        let (asks, command) = (&commands.asks, &pending.command);
        let text = command.text.trim_end();
        let open = !text.ends_with(';') && !text.starts_with('\\') && !text.starts_with("--");
        let next = pending.place == commands.line;
        let other = before.trim_end() != command.prompt.trim_end()
            && !commands.known.iter().any(|known| known == before);
        let asks_on = asks.wired && !asks.sent && open && next && other;
        let short = !before.trim().is_empty() && before.len() <= PROMPT_MAX;
        if asks_on
            && short
            && !prompt::asks_password(before)
            && commands.continues(before).is_none()
            && commands.asks.prompts.len() < KNOWN_MAX
        {
            commands.asks.prompts.push(before.to_owned());
        }
    }
}

#[cfg(test)]
#[path = "asks_tests.rs"]
mod tests;
