//! The runs of one statement, found.

use super::{Hit, Library, Search};
use crate::insight::Alike;
use crate::model::Stamp;
use crate::query::{Now, Query, tokens};
use crate::timeline::PartOf;
use crate::vault::Error;
use jiff::tz::TimeZone;
use std::collections::HashSet;

/// Words of a statement that are looked for. Its longest ones are its rarest more often than not,
/// and after so many another one rules hardly anything out.
const WORDS_MAX: usize = 8;

impl Library {
    /// Gives `each` the commands, and the statements that none sent, which are runs of the same as
    /// `alike`: newest session first and in it the latest first, until it says that it is enough.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn runs(&self, alike: &Alike, each: &mut dyn FnMut(Hit) -> bool) -> Result<(), Error> {
        // Only words and phrases stand in it, so it is never misunderstood.
        let nowhere = Now {
            stamp: Stamp(0),
            zone: TimeZone::UTC,
        };
        let Ok(query) = Query::parse(&words(alike), &nowhere) else {
            return Ok(());
        };
        let search = Search {
            query: &query,
            limit: usize::MAX,
            with_text: false,
        };
        let mut told = HashSet::new();
        self.search(&search, &mut |hit| {
            let of_command = matches!(hit.of, PartOf::Command(_) | PartOf::Statement(_));
            if !of_command || !alike.has(&hit.session.meta.client, &hit.command) {
                return true;
            }
            // Parts of a long output each stand for their command.
            match told.insert((hit.session.id(), hit.number, hit.of)) {
                true => each(hit),
                false => true,
            }
        })
    }
}

/// What every run of a statement has in it, as a query.
fn words(alike: &Alike) -> String {
    let words = tokens(alike.fingerprint()).map(|(_, word)| word);
    let mut words: Vec<&str> = words.collect();
    if alike.is_cut() {
        words.pop();
    }
    words.sort_unstable_by_key(|word| (std::cmp::Reverse(word.chars().count()), *word));
    words.dedup();
    words.truncate(WORDS_MAX);
    let mut query = "in:command".to_owned();
    for word in words {
        query += &format!(" \"{word}\"");
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_looked_for_by_its_longest_words() {
        for (text, query) in [
            (
                "select a from orders where a in (1, 'x')",
                "in:command \"orders\" \"select\" \"where\" \"from\" \"in\" \"a\"",
            ),
            ("\\d", "in:command \"d\""),
            ("'?'", "in:command"),
            (
                "a1 b1 c1 d1 e1 f1 g1 h1 i1 long",
                "in:command \"long\" \"a1\" \"b1\" \"c1\" \"d1\" \"e1\" \"f1\" \"g1\"",
            ),
        ] {
            assert_eq!(words(&Alike::to("bash", text)), query, "{text}");
            assert_eq!(words(&Alike::to("psql", text)), query, "{text}");
        }
        let long = "x ".repeat(199) + "yyzz";
        let words = words(&Alike::to("bash", &long));
        assert_eq!(words, "in:command \"x\"", "yy is only a word's half");
    }
}
