//! The configuration: where it stands, and what is wrong in it.

use super::place::counted;
use super::{Check, State};
use crate::cli::views;
use crate::config::{Config, OnFailure, Paths};

/// Looks at the file; `named` where the person said which one it is.
pub fn check(paths: &Paths, named: bool) -> Check {
    let config = match Config::load(paths) {
        Ok(config) => config,
        Err(error) => {
            let effect = if error.asks_to_refuse() {
                "no session runs that would be recorded"
            } else {
                "nothing is recorded"
            };
            let text = format!("{error}; until that is mended, {effect}");
            return Check::new("config", State::Bad, text).hint(error.hint());
        }
    };
    let file = paths.config.display();
    if !paths.config.exists() {
        let text = format!("no {file}: every session is recorded that can be");
        return match named {
            true => Check::new("config", State::Note, text).hint("is that name right?"),
            false => Check::new("config", State::Ok, text),
        };
    }
    let mut text = format!("{file}, {}", counted(config.scope.rules(), "scope rule"));
    if config.on_failure == OnFailure::Refuse {
        text.push_str(", what cannot be recorded does not run");
    }
    if let (_, Some((line, why))) = views::keymap(&config.browser) {
        let text = format!("{file}:{line}: {why}; the other keys hold");
        return Check::new("config", State::Note, text)
            .hint("mend that line; the section KEYS of man rec tells every action");
    }
    Check::new("config", State::Ok, text)
}
