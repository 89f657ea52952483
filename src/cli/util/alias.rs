//! Aliases that put rec before a client, so that nobody has to remember to.

use super::Shell;
use crate::cli::{Error, Kind, RESERVED};

/// What most people want recorded.
const CLIENTS: [&str; 3] = ["psql", "mysql", "ssh"];

/// One alias a line, in the shell's syntax.
///
/// # Errors
/// A name that could not stand in an alias.
pub fn aliases(shell: Shell, clients: &[String]) -> Result<String, Error> {
    let mut names: Vec<&str> = clients.iter().map(String::as_str).collect();
    if names.is_empty() {
        names.extend(CLIENTS);
    }
    let mut text = String::new();
    for name in names {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) {
            let message = format!("{name:?} is not the name of a client");
            return Err(Error::new(Kind::Usage, message)
                .hint("name it as you type it: rec util alias bash psql"));
        }
        // A verb's name reaches the client only behind `run --`.
        let rec = if RESERVED.contains(&name) {
            "rec run --"
        } else {
            "rec"
        };
        text.push_str(&match shell {
            Shell::Bash | Shell::Zsh => format!("alias {name}='{rec} {name}'\n"),
            Shell::Fish => format!("alias {name} '{rec} {name}'\n"),
        });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_name_the_client_once_and_only_clients() {
        assert_eq!(
            aliases(Shell::Zsh, &[]).unwrap(),
            "alias psql='rec psql'\nalias mysql='rec mysql'\nalias ssh='rec ssh'\n"
        );
        assert_eq!(
            aliases(Shell::Fish, &["ls".into(), "redis-cli".into()]).unwrap(),
            "alias ls 'rec run -- ls'\nalias redis-cli 'rec redis-cli'\n"
        );
        for wrong in ["", "-h", "a b", "x';rm"] {
            assert!(aliases(Shell::Bash, &[wrong.into()]).is_err(), "{wrong}");
        }
    }
}
