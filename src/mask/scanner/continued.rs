//! Commands over several lines: a backslash or the like ends one, and the next holds words of the same command.

use super::Scanner;
use crate::mask::bytes::{at, cut};
use crate::mask::grams::Hit;
use crate::mask::rules::Wake;
use crate::mask::shell;
use crate::mask::span::Span;
use zeroize::Zeroizing;

/// A longer command is not followed.
const COMMAND_MAX: usize = 4096;

/// A command that goes on in the next line.
#[derive(Clone)]
pub(super) struct Continued {
    /// Its lines so far, without what a shell draws before them and the backslashes behind.
    text: Zeroizing<Vec<u8>>,
    /// The programs in it that have secret options: the places and lengths of their names.
    programs: Vec<(usize, usize)>,
}

impl Scanner {
    /// Appends what `line` holds as part of the command that the lines before began, and keeps it if it
    /// goes on, where it or they name a program.
    pub(super) fn continued(&mut self, line: &[u8], hits: &[Hit], spans: &mut Vec<Span>) {
        let before = self.state.continued.take();
        let goes_on = goes_on(line);
        let lead = before.as_ref().map_or(0, |_| drawn(line));
        let (mut text, mut programs) = match before {
            Some(before) => (before.text, before.programs),
            None => Default::default(),
        };
        let offset = text.len();
        let named = hits.iter().filter_map(|hit| match self.rules.wake(*hit) {
            Some(Wake::Program(len)) => {
                Some((hit.at.checked_sub(lead)? + offset, usize::from(len)))
            }
            _ => None,
        });
        let before = programs.len();
        programs.extend(named);
        if programs.is_empty() || text.len() + line.len() > COMMAND_MAX {
            return;
        }
        text.extend_from_slice(cut(line, lead, line.len() - usize::from(goes_on)));
        let mut own = Vec::new();
        for (at, len) in programs.iter().take(before) {
            shell::command(&text, *at, *len, &mut own);
        }
        let here = own.into_iter().filter(|span| span.end > offset);
        spans.extend(here.map(|span| Span {
            start: span.start.max(offset) - offset + lead,
            end: span.end - offset + lead,
            ..span
        }));
        if goes_on {
            text.push(b' ');
            self.state.continued = Some(Continued { text, programs });
        }
    }
}

/// Whether `line` goes on: a single backslash ends it, for two are one that is meant; or in PowerShell and
/// cmd a sign that stands alone.
pub(super) fn goes_on(line: &[u8]) -> bool {
    line.ends_with(b" `")
        || line.ends_with(b" ^")
        || line.iter().rev().take_while(|c| **c == b'\\').count() % 2 == 1
}

/// The length of what a shell draws before a line that goes on with a command: `> `, `quote> `.
fn drawn(line: &[u8]) -> usize {
    let word = line
        .iter()
        .take_while(|c| c.is_ascii_lowercase() || **c == b' ')
        .count();
    match (at(line, word), at(line, word + 1)) {
        (b'>', b' ') => word + 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::mask::cases_tests::found;
    use crate::mask::{Rules, Scanner};

    #[test]
    fn a_command_goes_on_behind_a_backslash() {
        for text in [
            "$ mysql -h db -uroot \\\n    -pZimt6Anis shop",
            "$ mysql -h db \\\n> -uroot \\\n> -pZimt6Anis shop",
            "$ mysqldump --single-transaction \\\n  -h db \\\n  -u root -pZimt6Anis \\\n  shop > x",
            "$ sshpass \\\n  -p Zimt6Anis ssh a@b",
            "$ sshpass -p \\\nZimt6Anis ssh a@b",
            "$ curl -s \\\n  -u admin:Zimt6Anis \\\n  https://x",
            "PS> mysql -u root `\n  -pZimt6Anis",
            "C:\\> mysql -u root ^\n  -pZimt6Anis",
            "$ time \\\nmysql \\\n-pZimt6Anis",
        ] {
            assert_eq!(found(text), ["Zimt6Anis"], "{text}");
        }
    }

    #[test]
    fn what_only_follows_stays() {
        for text in [
            "$ mysql -h db -uroot\n    -pZimt6Anis shop",
            "$ echo mysql \\\\\n    -pZimt6Anis shop",
            "#define RUN(x) \\\n  -pZimt6Anis \\\n  go",
            "$ mysql \\\n  -h db \\\n  -P 3307 \\\n  shop\n-pZimt6Anis",
            "$ ssh \\\n> -p 2222 \\\n> a@b",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_command_without_an_end_is_followed_for_a_while() {
        let mut scanner = Scanner::new(Rules::builtin());
        let mut spans = Vec::new();
        scanner.line(b"$ mysql \\", &mut spans);
        for _ in 0..10_000 {
            scanner.line(b"> --comments \\", &mut spans);
        }
        assert!(scanner.state.continued.is_none() && spans.is_empty());
    }
}
