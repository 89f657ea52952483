//! The terminal, as far as the environment and the kernel tell: rec asks a terminal no questions,
//! for some never answer.

use super::{Check, State};
use std::io::{self, IsTerminal};

pub fn check() -> Check {
    let name = "terminal";
    let term = std::env::var("TERM").unwrap_or_default();
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let text = "stdin or stdout is no terminal here: a client started so is not recorded";
        return Check::new(name, State::Note, text).hint("rec run --always -- CLIENT records it");
    }
    let mut known = Vec::new();
    if let Ok(size) = rustix::termios::tcgetwinsize(io::stdout()) {
        known.push(format!("{}x{}", size.ws_col, size.ws_row));
    }
    let colour = std::env::var("COLORTERM").is_ok_and(|it| it == "truecolor" || it == "24bit");
    if colour {
        known.push("true colour".to_owned());
    } else if term.contains("256color") {
        known.push("256 colours".to_owned());
    }
    if std::env::var_os("TMUX").is_some() {
        known.push("inside tmux".to_owned());
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let utf8 = locale.contains("utf-8") || locale.contains("utf8");
    known.push(if utf8 { "UTF-8" } else { "no UTF-8" }.to_owned());
    if term.is_empty() || term == "dumb" {
        let text = format!("TERM is {term:?}: {}", known.join(", "));
        return Check::new(name, State::Note, text)
            .hint("clients are recorded; the browser needs a TERM that can move the cursor");
    }
    let check = Check::new(name, State::Ok, format!("{term}, {}", known.join(", ")));
    if utf8 {
        return check;
    }
    Check {
        state: State::Note,
        ..check
    }
    .hint("set LANG to a UTF-8 locale (C.UTF-8), or other letters show as marks")
}
