//! What is said of `is:failed`: a word that reads as a filter where there is no such filter.

use super::lex::FILTERS;

/// Letters that a name may differ by from the one that was meant: more would be another word.
const SLIPS_MAX: usize = 2;

/// What other tools call a filter, and what it is here.
const ALSO: &[(&str, &str)] = &[
    ("cmd", "kind:command"),
    ("command", "in:command"),
    ("output", "in:output"),
    ("error", "in:error"),
    ("note", "in:note"),
    ("exit", "failed:"),
    ("code", "sqlstate:"),
    ("duration", "slow:>1s"),
    ("took", "slow:>1s"),
    ("from", "since:"),
    ("to", "until:"),
    ("date", "since:"),
    ("day", "since:"),
    ("label", "tag:"),
    ("server", "host:"),
    ("type", "kind:"),
];

/// Whether `name:value` may be meant as it stands: `http://`, `ERROR:`, `localhost:5432`, `a::b`,
/// `psql:load.sql:3:`, `ada:secret@db`, `C:\temp`. The sign of a filter is a name in small letters
/// with a plain value.
pub(super) fn may_be_text(name: &str, value: &str) -> bool {
    let port = value.len() > 1 && value.bytes().all(|b| b.is_ascii_digit());
    let known = ALSO.iter().any(|(other, _)| *other == name);
    value.is_empty()
        || name.len() < 2
        || name.bytes().all(|b| b.is_ascii_uppercase())
        || value.starts_with(['/', '\\', '=', '{', '[', '\'', '.'])
        || value.contains([':', '@'])
        || port && !known
}

/// What to write instead of `word`, which is `name:value`.
pub(super) fn hint(name: &str, value: &str, word: &str) -> String {
    let all: Vec<String> = FILTERS.iter().map(|(name, _)| format!("{name}:")).collect();
    let all = all.join(" ");
    let text = format!("to search for the text, write \"{word}\"; the filters are {all}");
    match meant(&name.to_ascii_lowercase(), &value.to_ascii_lowercase()) {
        Some(meant) => format!("did you mean {meant}? ({text})"),
        None => text,
    }
}

/// The filter that comes nearest.
fn meant(name: &str, value: &str) -> Option<String> {
    // `is:failed`, `has:tag`, `is:interrupted`.
    if matches!(name, "is" | "has") {
        if matches!(value, "recording" | "live" | "closed" | "interrupted") {
            return Some(format!("status:{value}"));
        }
        return near(value).map(|filter| format!("{filter}:"));
    }
    if let Some((_, here)) = ALSO.iter().find(|(other, _)| *other == name) {
        return Some((*here).to_owned());
    }
    near(name).map(|filter| format!("{filter}:"))
}

/// The filter whose name takes the fewest slips to become `name`: a letter more, less or other, or
/// two neighbours swapped.
fn near(name: &str) -> Option<&'static str> {
    let names = FILTERS.iter().flat_map(|(_, names)| names.iter().copied());
    let slips = names.map(|known| (strsim::osa_distance(name, known), known));
    // One slip makes another word of a short name.
    let most = |known: &str| SLIPS_MAX.min(known.len().saturating_sub(1) / 2);
    let near = slips.filter(|(slips, known)| *slips <= most(known));
    near.min_by_key(|(slips, _)| *slips).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_as_text_stays_text() {
        let of = |word: &str| {
            let (name, value) = word.split_once(':').unwrap();
            may_be_text(name, value)
        };
        for text in [
            "http:",
            "http://db/",
            "ERROR:x",
            "HEAD:src",
            "localhost:5432",
            "a::b",
            "id::text",
            "psql:load.sql:3:",
            "ada:secret@db",
            "c:temp",
            "C:\\temp",
            "web:/srv",
            "x:=1",
        ] {
            assert!(of(text), "{text}");
        }
        for filter in [
            "is:failed",
            "exit:127",
            "clinet:psql",
            "Is:Failed",
            "nginx:latest",
        ] {
            assert!(!of(filter), "{filter}");
        }
    }

    #[test]
    fn the_nearest_filter_is_told_and_all_there_are() {
        for (word, expected) in [
            ("is:failed", Some("failed:")),
            ("is:Interrupted", Some("status:interrupted")),
            ("has:tag", Some("tag:")),
            ("is:pined", Some("pinned:")),
            ("clinet:psql", Some("client:")),
            ("sinse:7d", Some("since:")),
            ("databse:app", Some("database:")),
            ("exit:1", Some("failed:")),
            ("command:select", Some("in:command")),
            ("nginx:latest", None),
            ("ab:c", None),
        ] {
            let (name, value) = word.split_once(':').unwrap();
            let said = hint(name, value, word);
            let meant = said.strip_prefix("did you mean ");
            let meant = meant
                .and_then(|said| said.split_once("? "))
                .map(|(meant, _)| meant);
            assert_eq!(meant, expected, "{said}");
            assert!(said.contains(&format!("write \"{word}\"")), "{said}");
            assert!(said.contains("client: target: host:"), "{said}");
        }
    }
}
