//! A prompt of psql's that names the host by what a socket has no name for.

use super::wrapper::home;
use crate::record::tap::Remark;
use std::ffi::OsString;
use std::path::PathBuf;

/// Proposes the loopback where psqlrc shows the host as `%m` or `:HOST`, which on a socket are
/// `[local]` and a directory.
pub fn proposal(argv: &[OsString]) -> Option<Remark> {
    let skipped = argv
        .iter()
        .any(|word| word == "-X" || word == "--no-psqlrc");
    let file = std::env::var_os("PSQLRC").map(PathBuf::from);
    let file = file.or_else(|| Some(home()?.join(".psqlrc")))?;
    let text = std::fs::read_to_string(file).ok().filter(|_| !skipped)?;
    shows_host(&text).then(|| Remark {
        once: true,
        text: "your psqlrc shows the host by %m or :HOST, which is rec's own socket now; with \
         [tap] listen = \"loopback\" in rec's configuration it stays the server's name \
         (man rec says what that costs)"
            .to_owned(),
    })
}

fn shows_host(text: &str) -> bool {
    let variables = [":HOST", ":'HOST'", ":\"HOST\""];
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    let mut lines = lines.map(str::trim);
    lines.any(|line| {
        let prompt = line.contains("PROMPT") && (line.contains("%m") || line.contains("%:HOST"));
        prompt || variables.iter().any(|name| line.contains(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_that_name_the_host() {
        for (text, wanted) in [
            ("\\set PROMPT1 '%n@%m %/%R%# '", true),
            ("\\set PROMPT1 '%n@%M %/%R%# '", false),
            ("\\set PROMPT1 '%:HOST: '", true),
            ("\\echo on :HOST now", true),
            ("\\timing on", false),
            ("-- \\set PROMPT1 '%m'", false),
            ("select 5 %mod", false),
        ] {
            assert_eq!(shows_host(text), wanted, "{text}");
        }
    }
}
