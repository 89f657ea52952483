//! A program's words told apart as the program itself does it: options, their values, operands.
//!
//! Only as much as is needed to find the words that name a target: an option that the program would
//! refuse is passed over, since then it connects to nothing.

use std::ffi::OsString;

/// What a program takes.
pub struct Options {
    /// As for getopt(3): `:` after a letter that takes a value, `::` after one whose value can only
    /// be attached.
    pub short: &'static str,
    /// Long names, separated by blanks: `host=h` takes a value and is `-h`, `password?p` takes one
    /// only after `=`, `list|l` takes none. The letter may be missing.
    pub long: &'static str,
    /// How the program reads them.
    pub style: Style,
}

/// Whose way of reading words it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// getopt_long(3).
    Getopt,
    /// MySQL's my_getopt: `_` in a name is `-`, and a name may begin with `loose-`.
    Mysql,
    /// Perl's Getopt::Long: one dash or two, no bundles.
    Perl,
}

/// A word, or an option with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// An option that has a letter, by that letter.
    Option(char, Option<String>),
    /// A word that is no option.
    Operand(String),
}

/// The words after the program's name. With `in_order` options end at the first operand, as where
/// `POSIXLY_CORRECT` is set.
pub fn words(args: &[OsString], options: &Options, in_order: bool) -> Vec<Word> {
    let mut found = Vec::new();
    let mut args = args.iter().map(|word| word.to_string_lossy());
    while let Some(word) = args.next() {
        if word == "--" {
            break;
        }
        let mut value = || args.next().map(|value| value.into_owned());
        let long = match options.style {
            Style::Perl => word.strip_prefix("--").or_else(|| word.strip_prefix('-')),
            Style::Getopt | Style::Mysql => word.strip_prefix("--"),
        };
        match (long, word.strip_prefix('-')) {
            (Some(long), _) if !long.is_empty() => found.extend(options.long(long, &mut value)),
            (None, Some(bundle)) if !bundle.is_empty() => {
                options.bundle(bundle, &mut value, &mut found);
            }
            _ => {
                found.push(Word::Operand(word.into_owned()));
                if in_order {
                    break;
                }
            }
        }
    }
    found.extend(args.map(|word| Word::Operand(word.into_owned())));
    found
}

/// Whether an option takes a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Attached,
    Value,
}

impl Options {
    /// `name`, `name=value` or the beginning of a name, what stood before it (`--`) cut off.
    fn long(&self, word: &str, next: &mut dyn FnMut() -> Option<String>) -> Option<Word> {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        let (takes, letter) = self.find(name)?;
        let value = match takes {
            Takes::Value => attached.or_else(next),
            Takes::Attached => attached,
            Takes::Nothing => None,
        };
        Some(Word::Option(letter?, value))
    }

    /// The option that `name` spells out, or is the beginning of and of no other.
    fn find(&self, name: &str) -> Option<(Takes, Option<char>)> {
        let name = match self.style {
            Style::Mysql => {
                let name = name.replace('_', "-");
                name.strip_prefix("loose-")
                    .map_or(name.clone(), str::to_owned)
            }
            Style::Getopt | Style::Perl => name.to_owned(),
        };
        let known = || self.long.split_ascii_whitespace().map(entry);
        if let Some((_, takes, letter)) = known().find(|(long, ..)| *long == name) {
            return Some((takes, letter));
        }
        let mut begun = known().filter(|(long, ..)| long.starts_with(&name));
        let (_, takes, letter) = begun.next()?;
        // Two names of one option are no ambiguity.
        begun
            .all(|(_, t, l)| (t, l) == (takes, letter) && l.is_some())
            .then_some((takes, letter))
    }

    /// Letters behind one dash; the value of the last may follow.
    fn bundle(
        &self,
        letters: &str,
        next: &mut dyn FnMut() -> Option<String>,
        found: &mut Vec<Word>,
    ) {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let attached = rest.as_str();
            let value = match self.takes(letter) {
                Takes::Nothing => {
                    found.push(Word::Option(letter, None));
                    continue;
                }
                Takes::Value if attached.is_empty() => next(),
                Takes::Attached if attached.is_empty() => None,
                Takes::Value | Takes::Attached => Some(attached.to_owned()),
            };
            found.push(Word::Option(letter, value));
            return;
        }
    }

    fn takes(&self, letter: char) -> Takes {
        let after = self.short.split_once(letter).map_or("", |(_, after)| after);
        match after {
            _ if letter == ':' => Takes::Nothing,
            after if after.starts_with("::") => Takes::Attached,
            after if after.starts_with(':') => Takes::Value,
            _ => Takes::Nothing,
        }
    }
}

fn entry(text: &'static str) -> (&'static str, Takes, Option<char>) {
    let Some(at) = text.find(['=', '?', '|']) else {
        return (text, Takes::Nothing, None);
    };
    let (name, rest) = text.split_at(at);
    let mut rest = rest.chars();
    let takes = match rest.next() {
        Some('=') => Takes::Value,
        Some('?') => Takes::Attached,
        _ => Takes::Nothing,
    };
    (name, takes, rest.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options {
        short: "Xh:p::l",
        long: "host=h html|H list|l password?p pass-word?p port=",
        style: Style::Getopt,
    };

    fn read(line: &str, options: &Options, in_order: bool) -> String {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let shown = words(&args, options, in_order)
            .into_iter()
            .map(|word| match word {
                Word::Option(letter, None) => format!("-{letter}"),
                Word::Option(letter, Some(value)) => format!("-{letter}={value}"),
                Word::Operand(word) => word,
            });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_in_every_spelling() {
        for (line, wanted) in [
            ("-h a", "-h=a"),
            ("-ha", "-h=a"),
            ("-Xlha", "-X -l -h=a"),
            ("-Xlh a b", "-X -l -h=a b"),
            ("-h -X", "-h=-X"),
            ("-h --", "-h=--"),
            ("-h", "-h"),
            ("--host a", "-h=a"),
            ("--host=a", "-h=a"),
            ("--host= a", "-h= a"),
            ("--ho a", "-h=a"),
            // Host or html: the program refuses it.
            ("--h a", "a"),
            ("--pas=a", "-p=a"),
            ("--password a", "-p a"),
            ("-p a", "-p a"),
            ("-pa", "-p=a"),
            // Known, and no letter of interest.
            ("--port 5 a", "a"),
            ("--nonsense a", "a"),
            ("a -l b -- -h c", "a -l b -h c"),
            ("- -l", "- -l"),
        ] {
            assert_eq!(read(line, &OPTIONS, false), wanted, "{line}");
        }
        assert_eq!(read("-l a -h b", &OPTIONS, true), "-l a -h b");
    }

    #[test]
    fn mysql_and_perl_have_their_own_ways() {
        let mysql = Options {
            style: Style::Mysql,
            ..OPTIONS
        };
        assert_eq!(
            read("--loose-host=a --pass_word=b", &mysql, false),
            "-h=a -p=b"
        );
        let perl = Options {
            style: Style::Perl,
            ..OPTIONS
        };
        assert_eq!(
            read("-host=a --host b -l -- -l", &perl, false),
            "-h=a -h=b -l -l"
        );
    }
}
