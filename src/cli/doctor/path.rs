//! Which `rec` the shell starts: sox brings a program of that name, which records sound.

use super::clients::on_path;
use super::{Check, State};
use std::fs::canonicalize;
use std::path::Path;

pub fn check() -> Option<Check> {
    let name = "another rec";
    let own = canonicalize(std::env::current_exe().ok()?).ok()?;
    let found = on_path("rec");
    let is_own = |file: &Path| canonicalize(file).is_ok_and(|file| file == own);
    let first = found.first();
    let other = found.iter().find(|file| !is_own(file));
    match (first, other) {
        (None, _) => {
            let dir = own.parent().unwrap_or(Path::new("/")).display();
            let text = format!("no rec on your PATH; this one is {}", own.display());
            Some(Check::new(name, State::Note, text).hint(format!("export PATH=\"{dir}:$PATH\"")))
        }
        (Some(_), None) => None,
        (Some(first), Some(other)) => {
            let what = match canonicalize(other) {
                Ok(real) if real.ends_with("sox") => " (sox)",
                _ => "",
            };
            let other = other.display();
            if is_own(first) {
                let text = format!("{other}{what} comes later on your PATH; this one wins");
                Some(Check::new(name, State::Note, text))
            } else {
                let dir = own.parent().unwrap_or(Path::new("/")).display();
                let text = format!("{other}{what} comes first on your PATH");
                Some(
                    Check::new(name, State::Bad, text)
                        .hint(format!("put this one first: export PATH=\"{dir}:$PATH\"")),
                )
            }
        }
    }
}
