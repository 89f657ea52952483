//! Manual pages: one for rec, one for each verb.

use crate::cli::Cli;
use crate::tui::{self, Scope};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use std::io;
use std::path::Path;

/// What the tree does not tell: files, environment, exit status, what scripts may rely on.
const SECTIONS: &str = include_str!("rec.1.roff");

/// Writes all pages and gives their number.
///
/// # Errors
/// What the file system said.
pub fn write(dir: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(dir)?;
    let pages = pages()?;
    for (name, page) in &pages {
        std::fs::write(dir.join(name), page)?;
    }
    Ok(pages.len())
}

/// Names and texts of all pages.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut tree = Cli::command().disable_help_subcommand(true);
    tree.build();
    let mut pages = Vec::new();
    collect(&tree, None, &mut pages)?;
    Ok(pages)
}

fn collect(
    command: &Command,
    parent: Option<&str>,
    pages: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    let name = match parent {
        Some(parent) => format!("{parent}-{}", command.get_name()),
        None => command.get_name().to_owned(),
    };
    pages.push((format!("{name}.1"), page(command, &name, parent)?));
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        collect(verb, Some(&name), pages)?;
    }
    Ok(())
}

fn page(command: &Command, name: &str, parent: Option<&str>) -> io::Result<Vec<u8>> {
    let source = format!("rec {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .source(source)
        .manual("rec");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(help) = command.get_after_long_help().or(command.get_after_help()) {
        after_help(&help.to_string()).to_writer(&mut text)?;
    }
    if let Some(keys) = keys(name) {
        keys.to_writer(&mut text)?;
    }
    match parent {
        None => text.extend_from_slice(SECTIONS.as_bytes()),
        Some(parent) => {
            let mut roff = Roff::new();
            roff.control("SH", ["SEE ALSO"]);
            roff.control("BR", [parent, "(1)"]);
            roff.to_writer(&mut text)?;
        }
    }
    Ok(text)
}

/// The keys of the views that a page's verb opens, from the one key map.
fn keys(name: &str) -> Option<Roff> {
    let scopes: &[Scope] = match name {
        "rec" => &Scope::ALL,
        "rec-play" => &[Scope::Player, Scope::Everywhere],
        _ => return None,
    };
    let mut roff = Roff::new();
    roff.control("SH", ["KEYS"]);
    for scope in scopes {
        roff.control("SS", [scope.title()]);
        for binding in tui::keys().iter().filter(|b| b.scope == *scope) {
            roff.control("TP", []);
            roff.text([bold(binding.names().join(", "))]);
            let name = format!("{}.{}", scope.name(), binding.action.name());
            roff.text([roman(binding.help), roman(" ("), italic(name), roman(")")]);
        }
    }
    Some(roff)
}

/// What stands below the options in `--help`: prose, then examples, each line as it is.
fn after_help(help: &str) -> Roff {
    let mut roff = Roff::new();
    let (prose, examples) = match help.split_once("Examples:\n") {
        Some((prose, examples)) => (prose, Some(examples)),
        None => (help, None),
    };
    if !prose.trim().is_empty() {
        roff.control("SH", ["NOTES"]);
        verbatim(&mut roff, prose.trim());
    }
    if let Some(examples) = examples {
        roff.control("SH", ["EXAMPLES"]);
        verbatim(&mut roff, examples.trim_end());
    }
    roff
}

fn verbatim(roff: &mut Roff, text: &str) {
    roff.control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}
