//! The arrows of the map in `src/lib.rs` only ever point down, and the core stays pure.

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom to the top. A module may use those of a lower rank, and its own.
const RANKS: &[&[&str]] = &[
    &["model"],
    &["wire", "term", "mask"],
    &["pipeline", "timeline"],
    &["query", "player", "insight"],
    &["export"],
    &["config", "record", "vault", "tui"],
    &["cli"],
];

/// Ranks up to this one are the core.
const CORE: usize = 4;

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|rank| rank.contains(&module))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The modules of this crate that `code` names, with the line.
fn named(code: &str) -> Vec<(usize, String)> {
    let mut uses = Vec::new();
    for (number, line) in code.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let module: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            uses.push((number + 1, module));
        }
    }
    uses
}

#[test]
fn arrows_point_down_and_the_core_is_sans_io() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&root).unwrap();
        let module = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap();
        let module = module.strip_suffix(".rs").unwrap_or(module);
        if ["lib", "main", "build"].contains(&module) {
            continue;
        }
        let Some(own) = rank(module) else {
            wrong.push(format!(
                "{}: {module} has no place in the map",
                inside.display()
            ));
            continue;
        };
        let code = fs::read_to_string(file).unwrap();
        for (line, used) in named(&code) {
            let below = rank(&used).is_some_and(|other| other < own) || used == module;
            let beside_in_shell = own == RANKS.len() - 2 && rank(&used) == Some(own);
            if !below && !beside_in_shell {
                wrong.push(format!("{}:{line}: {module} uses {used}", inside.display()));
            }
        }
        let tests = inside.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            part == "tests" || part.ends_with("tests.rs") || part == "fixture.rs"
        });
        if own <= CORE && !tests {
            let body = code.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in body.lines().enumerate() {
                let outside = ["std::fs", "std::env", "std::net", "std::process", "tokio::"]
                    .iter()
                    .chain(&["SystemTime::now", "Instant::now", "rustix::"])
                    .find(|word| line.contains(**word));
                if let Some(word) = outside.filter(|_| !line.trim_start().starts_with("//")) {
                    wrong.push(format!(
                        "{}:{}: core uses {word}",
                        inside.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows must point down:\n{}",
        wrong.join("\n")
    );
}

/// What is fuzzed is built apart, with a toolchain that the other tests do not have: so that nobody
/// finds out late, its list of crates must hold all that the core uses.
#[test]
fn what_the_core_uses_is_there_where_it_is_fuzzed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = |file: &str| -> Vec<String> {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let table: toml::Table = text.parse().unwrap();
        table["dependencies"]
            .as_table()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let there = crates("tests/fuzz/Cargo.toml");
    let mut files = Vec::new();
    for module in ["mask", "model", "pipeline", "term", "wire"] {
        sources(&root.join("src").join(module), &mut files);
    }
    let code: Vec<(PathBuf, String)> = files
        .into_iter()
        .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
        .collect();
    let mut missing = Vec::new();
    for name in crates("Cargo.toml") {
        let path = format!("{}::", name.replace('-', "_"));
        let named = |line: &str| {
            line.match_indices(&path).any(|(at, _)| {
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c))
            })
        };
        let uses = |body: &str| {
            body.lines()
                .any(|line| !line.trim_start().starts_with("//") && named(line))
        };
        let user = code
            .iter()
            .find(|(_, text)| uses(text.split("#[cfg(test)]").next().unwrap_or_default()));
        if let Some((file, _)) = user.filter(|_| !there.contains(&name)) {
            missing.push(format!("{name}, used in {}", file.display()));
        }
    }
    assert!(
        missing.is_empty(),
        "not in tests/fuzz/Cargo.toml: {missing:?}"
    );
}
