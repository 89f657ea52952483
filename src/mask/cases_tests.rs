//! The cases of `fixtures/mask`: what must be masked stands in ⟦…⟧, all else must come back as it was.
//!
//! A blank line ends a case; `¶` stands for an empty line in one. Each case is a session of its
//! own, so nothing is known because an earlier case taught it.

use super::{Filter, Rules, Scanner};

const FILES: &[(&str, &str)] = &[
    ("sql", include_str!("../../fixtures/mask/sql.txt")),
    ("shell", include_str!("../../fixtures/mask/shell.txt")),
    ("config", include_str!("../../fixtures/mask/config.txt")),
    ("clients", include_str!("../../fixtures/mask/clients.txt")),
    ("files", include_str!("../../fixtures/mask/files.txt")),
    ("tables", include_str!("../../fixtures/mask/tables.txt")),
    ("formats", include_str!("../../fixtures/mask/formats.txt")),
    ("tokens", include_str!("../../fixtures/mask/tokens.txt")),
    ("harmless", include_str!("../../fixtures/mask/harmless.txt")),
    ("people", include_str!("../../fixtures/mask/people.txt")),
    (
        "people-harmless",
        include_str!("../../fixtures/mask/people-harmless.txt"),
    ),
    ("wide", include_str!("../../fixtures/mask/wide.txt")),
    (
        "wide-harmless",
        include_str!("../../fixtures/mask/wide-harmless.txt"),
    ),
    ("more", include_str!("../../fixtures/mask/more.txt")),
    (
        "more-harmless",
        include_str!("../../fixtures/mask/more-harmless.txt"),
    ),
    (
        "code-harmless",
        include_str!("../../fixtures/mask/code-harmless.txt"),
    ),
    (
        "paper-harmless",
        include_str!("../../fixtures/mask/paper-harmless.txt"),
    ),
    ("others", include_str!("../../fixtures/mask/others.txt")),
    (
        "others-harmless",
        include_str!("../../fixtures/mask/others-harmless.txt"),
    ),
    ("near", include_str!("../../fixtures/mask/near.txt")),
    ("rare", include_str!("../../fixtures/mask/rare.txt")),
    (
        "rare-harmless",
        include_str!("../../fixtures/mask/rare-harmless.txt"),
    ),
];

/// What is masked of `text`, whose lines come one after the other.
pub(super) fn found(text: &str) -> Vec<String> {
    let mut scanner = Scanner::new(Rules::builtin());
    let mut found = Vec::new();
    for line in text.split('\n') {
        let mut spans = Vec::new();
        scanner.line(line.as_bytes(), &mut spans);
        found.extend(spans.iter().map(|s| line[s.start..s.end].to_owned()));
    }
    found
}

/// A case's text, and its secrets.
fn case(lines: &[&str]) -> (String, Vec<String>) {
    // ¦ parts a token, so that no scanner takes this file for a leak.
    let text = lines.join("\n").replace(['¶', '¦'], "");
    let secrets = text.split('⟦').skip(1);
    let secrets = secrets.filter_map(|s| Some(s.split_once('⟧')?.0.to_owned()));
    let secrets = secrets.collect();
    (text.replace(['⟦', '⟧'], ""), secrets)
}

/// The cases of a file, with the line where each starts.
fn cases(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut cases = Vec::new();
    let mut lines = Vec::new();
    for (number, line) in text.lines().chain([""]).enumerate() {
        if line.starts_with("#!") {
            continue;
        }
        if !line.is_empty() {
            lines.push(line);
        } else if !lines.is_empty() {
            cases.push((number + 1 - lines.len(), std::mem::take(&mut lines)));
        }
    }
    cases
}

fn run(text: &str) -> String {
    let mut filter = Filter::new(Scanner::new(Rules::builtin()), false);
    let mut out = Vec::new();
    filter.push(text.as_bytes(), &mut out);
    filter.finish(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// What stands outside the brackets, split where a secret stood.
fn around(lines: &[&str]) -> Vec<String> {
    let text = lines.join("\n").replace(['¶', '¦'], "");
    let parts = text.split('⟦').enumerate();
    let outside = parts.map(|(n, part)| match part.split_once('⟧') {
        Some((_, rest)) if n > 0 => rest.to_owned(),
        _ => part.to_owned(),
    });
    outside.collect()
}

#[test]
fn every_case_is_masked_where_it_must_be_and_nowhere_else() {
    let mut wrong = Vec::new();
    let mut total = 0;
    for (file, text) in FILES {
        for (line, lines) in cases(text) {
            total += 1;
            let (text, secrets) = case(&lines);
            let masked = run(&text);
            let leaked: Vec<_> = secrets.iter().filter(|s| masked.contains(*s)).collect();
            let mut rest = masked.as_str();
            let mut lost = None;
            for (n, part) in around(&lines).iter().enumerate() {
                let behind = if n == 0 {
                    rest
                } else {
                    rest.trim_start_matches('*')
                };
                if let Some(after) = behind.strip_prefix(part.as_str()) {
                    rest = after;
                } else {
                    lost = Some(part.clone());
                    break;
                }
            }
            if !leaked.is_empty() {
                wrong.push(format!("LEAK {file}:{line}: {leaked:?}\n{masked}"));
            } else if lost.is_some() || !rest.is_empty() {
                wrong.push(format!(
                    "OVER {file}:{line}: {:?}\n{masked}",
                    lost.unwrap_or_default()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {total} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
