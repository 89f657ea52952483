//! The user's own programs: the pager for a long text, the editor for a note.

use crate::model::printable;
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The longest note that is read back.
const NOTE_MAX: u64 = 64 << 10;
/// What the file for a note begins with.
const NOTE_HEAD: &str =
    "\n# Write a note about this moment; lines that begin with # are left out.\n";

/// Shows a text in `$PAGER`, safe to draw.
///
/// # Errors
/// One sentence on why it was not shown.
pub fn page(text: &str) -> Result<(), String> {
    let pager = variable(&["PAGER"]).unwrap_or_else(|| "less".to_owned());
    let failed = |error: std::io::Error| format!("{pager} cannot be run: {error}");
    let mut child = shell(&pager)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        for line in text.lines() {
            // Who has read enough closes it.
            if writeln!(stdin, "{}", printable(line)).is_err() {
                break;
            }
        }
    }
    child.wait().map_err(failed)?;
    Ok(())
}

/// A file for a note, where nothing of it reaches a disk: in the directory that the system keeps
/// in memory for its user. `None` where there is no such directory, or no editor.
pub fn note_file() -> Option<PathBuf> {
    variable(&["VISUAL", "EDITOR"])?;
    let dir = PathBuf::from(env::var_os("XDG_RUNTIME_DIR")?);
    if !dir.is_absolute() || !dir.is_dir() {
        return None;
    }
    let dir = dir.join("rec");
    // Another session of rec may have made it.
    let _ = fs::DirBuilder::new().mode(0o700).create(&dir);
    Some(dir.join(format!("note-{}.txt", std::process::id())))
}

/// Lets the user write a note into `file`, and gives what was written; `None` where that is
/// nothing. The file is gone afterwards.
///
/// # Errors
/// One sentence on why there is no note.
pub fn edit(file: &Path) -> Result<Option<String>, String> {
    let written = write_and_read(file);
    let _ = fs::remove_file(file);
    written
}

fn write_and_read(file: &Path) -> Result<Option<String>, String> {
    let editor = variable(&["VISUAL", "EDITOR"]).unwrap_or_else(|| "vi".to_owned());
    let failed = |error: std::io::Error| format!("the note cannot be written: {error}");
    let mut new = fs::OpenOptions::new();
    let new = new.write(true).create_new(true).mode(0o600);
    let mut new = new.open(file).map_err(failed)?;
    new.write_all(NOTE_HEAD.as_bytes()).map_err(failed)?;
    drop(new);
    let ended = shell(&format!("{editor} \"$1\""))
        .args(["sh".as_ref(), file.as_os_str()])
        .status()
        .map_err(|error| format!("{editor} cannot be run: {error}"))?;
    if !ended.success() {
        return Err(format!("nothing is noted: {editor} ended with {ended}"));
    }
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|f| f.take(NOTE_MAX).read_to_string(&mut text));
    read.map_err(failed)?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let note = lines.collect::<Vec<_>>().join(" ");
    Ok((!note.is_empty()).then_some(note))
}

/// The first of these variables that says something.
fn variable(names: &[&str]) -> Option<String> {
    let said = names.iter().filter_map(|name| env::var(name).ok());
    said.map(|value| value.trim().to_owned())
        .find(|value| !value.is_empty())
}

/// A command line as the user wrote it, with its options.
fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]);
    command
}
