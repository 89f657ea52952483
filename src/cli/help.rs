//! Help that fits the terminal.
//!
//! clap breaks what stands behind the options wherever the line is full, and goes on at the left
//! edge, between what is explained there. Here a paragraph is filled again, and the explanation of a
//! row goes on under itself.

use clap::Command;
use unicode_width::UnicodeWidthChar;

/// Columns that help takes at most: longer lines are hard to read.
pub const WIDEST: usize = 100;

/// Between a row and its explanation.
const GAP: &str = "  ";

/// `command` and all its verbs with help that fits `width` columns.
pub fn fitted(command: Command, width: usize) -> Command {
    let command = command.term_width(width);
    let after = command.get_after_help().map(|help| help.to_string());
    let command = match after {
        Some(help) => command.after_help(fit(&help, width)),
        None => command,
    };
    let verbs = command
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned());
    verbs
        .collect::<Vec<_>>()
        .into_iter()
        .fold(command, |command, verb| {
            command.mut_subcommand(verb, |verb| fitted(verb, width))
        })
}

/// The text with no line wider than `width`, but for words that are.
fn fit(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut paragraph: Vec<&str> = Vec::new();
    // Rows and empty lines end a paragraph; so does the end, which an empty line stands for.
    for line in text.lines().chain([""]) {
        if !line.is_empty() && !line.starts_with(' ') {
            paragraph.push(line);
            continue;
        }
        let fits = paragraph.iter().all(|line| columns(line) <= width);
        let lines = match fits {
            true => paragraph.join("\n"),
            false => broken(&paragraph.join(" "), 0, width),
        };
        if !lines.is_empty() {
            out.push_str(&lines);
            out.push('\n');
        }
        paragraph.clear();
        out.push_str(&broken(line, under(line, width), width));
        out.push('\n');
    }
    out.trim_end().to_owned()
}

/// Where a row goes on: under its explanation, or a little to the right of its own beginning.
fn under(row: &str, width: usize) -> usize {
    let said = row.trim_start();
    let indent = columns(row) - columns(said);
    let gap = said.find(GAP).map(|at| {
        let (head, rest) = said.split_at(at);
        indent + columns(head) + columns(rest) - columns(rest.trim_start())
    });
    let beside = gap.filter(|column| *column <= width / 2);
    match beside {
        Some(column) => column,
        // A line that is an explanation's second one already.
        None if indent > 2 * GAP.len() => indent.min(width / 2),
        None => indent + 2 * GAP.len(),
    }
}

/// `line` broken at spaces; what follows begins in the column `under`.
fn broken(line: &str, under: usize, width: usize) -> String {
    let mut out = String::new();
    let mut rest = line;
    let mut begin = 0;
    while begin + columns(rest) > width {
        let Some(at) = last_space(rest, width - begin, begin == 0) else {
            break;
        };
        let (head, tail) = rest.split_at(at);
        out.push_str(head.trim_end());
        out.push('\n');
        out.push_str(&" ".repeat(under));
        begin = under;
        rest = tail.trim_start();
    }
    out.push_str(rest);
    out
}

/// The last space that leaves at most `room` columns before it, or else the first there is. The
/// spaces that a whole line begins with are none, and neither are those before an explanation.
fn last_space(line: &str, room: usize, whole: bool) -> Option<usize> {
    let said = match whole {
        true => line.len() - line.trim_start().len(),
        false => 0,
    };
    let mut column = 0;
    let mut found = None;
    for (at, char) in line.char_indices() {
        if char == ' ' && at > said {
            if column > room && found.is_some() {
                break;
            }
            found = Some(at);
            if column > room {
                break;
            }
        }
        column += char.width().unwrap_or(0);
    }
    found
}

fn columns(text: &str) -> usize {
    text.chars().map(|char| char.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn a_row_goes_on_under_its_explanation_and_a_paragraph_is_filled_again() {
        let text = "\
Query:
  stat*          words that begin so
  stuck orders   both words, in a command, in its output
                 or in a marker that was set
  a line that explains itself

What is written here is as wide as it is,
and goes on.";
        assert_eq!(fit(text, 100), text);
        let narrow = "\
Query:
  stat*          words that begin so
  stuck orders   both words, in a
                 command, in its output
                 or in a marker that was
                 set
  a line that explains itself

What is written here is as wide as it
is, and goes on.";
        assert_eq!(fit(text, 40), narrow);
    }

    /// Every verb's help, at every width that is usual.
    #[test]
    fn no_verbs_help_is_wider_than_the_terminal_or_says_anything_else() {
        fn all(command: &Command, into: &mut Vec<(String, String)>) {
            let help = command.get_after_help().map(|help| help.to_string());
            into.push((command.get_name().to_owned(), help.unwrap_or_default()));
            command.get_subcommands().for_each(|verb| all(verb, into));
        }
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let mut written = Vec::new();
        all(&Cli::command(), &mut written);
        for width in [60, 72, 80, 99, WIDEST] {
            let mut fitting = Vec::new();
            all(&fitted(Cli::command(), width), &mut fitting);
            for ((verb, was), (_, is)) in written.iter().zip(&fitting) {
                assert_eq!(words(is), words(was), "{verb}");
                for line in is.lines() {
                    let longest = line.split(' ').map(columns).max().unwrap_or(0);
                    assert!(
                        columns(line) <= width || longest > width / 2,
                        "{verb} at {width}: {line}"
                    );
                }
            }
        }
    }

    #[test]
    fn clap_breaks_nothing_of_it_again() {
        let asked = fitted(Cli::command(), 80).try_get_matches_from(["rec", "search", "--help"]);
        let help = asked.unwrap_err().to_string();
        assert!(
            help.contains(
                "
  stuck orders           both words, in a command, its output, its outcome or a
                         marker
  \"stuck orders\"         one after the other (quote it for the shell: '\"stuck
                         orders\"')
"
            ),
            "{help}"
        );
    }
}
