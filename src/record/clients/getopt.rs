//! A program's words told apart as the program itself does it: options, their values, operands.
//!
//! Only as much as is needed to find the words that name a target: an option that the program would
//! refuse is passed over, since then it connects to nothing.

use std::ffi::OsString;

/// What a program takes.
#[derive(Clone, Copy)]
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

/// A word and where its value stands: in which of the arguments, and from which of its bytes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub word: Word,
    /// An option without a value has the place behind it.
    pub at: (usize, usize),
}

/// A program's words, read.
pub struct Read {
    /// In order.
    pub found: Vec<Found>,
    /// Before this argument an option may be put that comes after all others.
    pub end: usize,
}

/// The words after the program's name. With `in_order` options end at the first operand, as where
/// `POSIXLY_CORRECT` is set.
pub fn words(args: &[OsString], options: &Options, in_order: bool) -> Vec<Word> {
    let read = read(args, options, in_order);
    read.found.into_iter().map(|found| found.word).collect()
}

/// The same, with their places.
pub fn read(args: &[OsString], options: &Options, in_order: bool) -> Read {
    let mut found = Vec::new();
    let mut at = 0;
    let text = |at: usize| args.get(at).map(|word| word.to_string_lossy());
    let mut end = args.len();
    while let Some(word) = text(at) {
        let here = at;
        at += 1;
        if word == "--" {
            end = here;
            break;
        }
        let mut value = || {
            let value = text(at)?.into_owned();
            at += 1;
            Some((value, (at - 1, 0)))
        };
        let dashes = match options.style {
            Style::Perl if !word.starts_with("--") => 1,
            _ => 2,
        };
        let long = word
            .get(..dashes)
            .filter(|d| d.bytes().all(|b| b == b'-'))
            .and_then(|_| word.get(dashes..));
        match (long, word.strip_prefix('-')) {
            (Some(long), _) if !long.is_empty() => {
                found.extend(options.long(long, (here, dashes), &mut value));
            }
            (None, Some(bundle)) if !bundle.is_empty() => {
                options.bundle(bundle, (here, 1), &mut value, &mut found);
            }
            _ => {
                found.push(Found {
                    word: Word::Operand(word.into_owned()),
                    at: (here, 0),
                });
                if in_order {
                    end = here;
                    break;
                }
            }
        }
    }
    while let Some(word) = text(at) {
        found.push(Found {
            word: Word::Operand(word.into_owned()),
            at: (at, 0),
        });
        at += 1;
    }
    Read { found, end }
}

/// Takes the next argument as a value.
type Next<'a> = &'a mut dyn FnMut() -> Option<(String, (usize, usize))>;

/// Whether an option takes a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Attached,
    Value,
}

impl Options {
    /// `name`, `name=value` or the beginning of a name, what stood before it (`--`) cut off.
    fn long(&self, word: &str, (here, from): (usize, usize), next: Next<'_>) -> Option<Found> {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (
                name,
                Some((value.to_owned(), (here, from + name.len() + 1))),
            ),
            None => (word, None),
        };
        let (takes, letter) = self.find(name)?;
        let value = match takes {
            Takes::Value => attached.or_else(next),
            Takes::Attached => attached,
            Takes::Nothing => None,
        };
        let (value, at) = value.unzip();
        Some(Found {
            word: Word::Option(letter?, value),
            at: at.unwrap_or((here + 1, 0)),
        })
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
        (here, from): (usize, usize),
        next: Next<'_>,
        found: &mut Vec<Found>,
    ) {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let attached = rest.as_str();
            let value = match self.takes(letter) {
                Takes::Nothing => {
                    found.push(Found {
                        word: Word::Option(letter, None),
                        at: (here + 1, 0),
                    });
                    continue;
                }
                Takes::Value if attached.is_empty() => next(),
                Takes::Attached if attached.is_empty() => None,
                Takes::Value | Takes::Attached => {
                    let at = from + letters.len() - attached.len();
                    Some((attached.to_owned(), (here, at)))
                }
            };
            let (value, at) = value.unzip();
            found.push(Found {
                word: Word::Option(letter, value),
                at: at.unwrap_or((here + 1, 0)),
            });
            return;
        }
    }

    /// Whether the option `letter` must have a value.
    pub fn wants_value(&self, letter: char) -> bool {
        self.takes(letter) == Takes::Value
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
    fn each_value_has_its_place() {
        let args = ["-Xlha", "--host=b", "--ho", "c", "-p", "op", "--", "-h"].map(OsString::from);
        let read = super::read(&args, &OPTIONS, false);
        for found in &read.found {
            let (word, from) = found.at;
            match &found.word {
                Word::Option(_, Some(value)) | Word::Operand(value) => {
                    assert_eq!(&args[word].to_str().unwrap()[from..], value);
                }
                Word::Option(..) => {}
            }
        }
        assert_eq!(read.found.len(), 8);
        assert_eq!(read.end, 6);
        assert_eq!(super::read(&args[..6], &OPTIONS, false).end, 6);
        assert_eq!(super::read(&args, &OPTIONS, true).end, 5);
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
