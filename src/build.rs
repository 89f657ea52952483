//! Turns the rule files under `src/mask/rules` into a table, so that a start of rec reads none.
//!
//! The files keep to a plain part of TOML: a table's head, or a key and its value, on a line of its
//! own. Its strings and arrays are then literals of Rust too; a test reads the files as TOML and
//! compares.

use std::path::{Path, PathBuf};
use std::{env, error, fs};

const RULES: &str = "src/mask/rules";

/// The fields that a rule may leave out.
const DEFAULTS: [(&str, &str); 5] = [
    ("class", "Class::Token"),
    ("fold", "false"),
    ("check", "Check::None"),
    ("context", "&[]"),
    ("allow", "&[]"),
];

fn main() -> Result<(), Box<dyn error::Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    // The fuzz targets are a package of their own, further down.
    let mut above = package.ancestors();
    let root = above.find(|dir| dir.join(RULES).is_dir());
    let root = root.ok_or_else(|| format!("no {RULES} in {}", package.display()))?;
    let rules = root.join(RULES);
    println!("cargo::rerun-if-changed={}", rules.display());
    println!(
        "cargo::rerun-if-changed={}",
        root.join("src/build.rs").display()
    );
    let entries = fs::read_dir(rules)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = entries.collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let mut rows = Vec::new();
    for path in &files {
        for (number, line) in fs::read_to_string(path)?.lines().enumerate() {
            add(line, &mut rows)
                .map_err(|what| format!("{}:{}: {what}", path.display(), number + 1))?;
        }
    }
    let rows = rows.iter().map(row_literal);
    let table = format!("&[\n{}]", rows.collect::<String>());
    fs::write(Path::new(&env::var("OUT_DIR")?).join("rules.rs"), table)?;
    at_a_fixed_place();
    Ok(())
}

/// Links the binary where its addresses are known (as Go links its own): else each start of rec, also
/// one that only becomes the client, rewrites the fifty thousand that stand in its data, which is a
/// megabyte of pages of its own and more than a millisecond. Stack, heap and libraries are placed at
/// random as ever.
fn at_a_fixed_place() {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // The fuzz targets' sanitizer has its own places.
    if is("CARGO_PKG_NAME", "rec")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

/// A rule's fields and their values, as Rust writes them.
type Row = Vec<(String, String)>;

fn add(line: &str, rows: &mut Vec<Row>) -> Result<(), &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    if line == "[[rule]]" {
        rows.push(Row::new());
        return Ok(());
    }
    let row = rows.last_mut().ok_or("a field before the first [[rule]]")?;
    let (key, value) = line
        .split_once(" = ")
        .ok_or("neither [[rule]] nor key = value")?;
    // How a token looks, for people and tests.
    if key == "example" {
        return Ok(());
    }
    let quoted = |quote| {
        value
            .strip_prefix(quote)
            .and_then(|v| v.strip_suffix(quote))
    };
    let plain = quoted("'''").or_else(|| quoted("'"));
    let value = match (key, plain) {
        ("class", _) => variant("Class", value),
        ("check", _) => variant("Check", value),
        (_, Some(literal)) => format!("r##\"{literal}\"##"),
        (_, None) if value.starts_with('[') && !value.contains('\'') => format!("&{value}"),
        (_, None) => value.to_owned(),
    };
    row.push((key.to_owned(), value));
    Ok(())
}

/// `"mod-97"` is `Check::Mod97`.
fn variant(kind: &str, name: &str) -> String {
    let words = name.trim_matches('"').split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    format!("{kind}::{}", words.collect::<String>())
}

fn row_literal(row: &Row) -> String {
    let given = row
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    let missing = DEFAULTS
        .into_iter()
        .filter(|(key, _)| row.iter().all(|(given, _)| given != key));
    let fields = given
        .chain(missing)
        .map(|(key, value)| format!("{key}: {value}, "));
    format!("Row {{ {} }},\n", fields.collect::<String>())
}
