//! What went wrong with the vault, with what to do next.

use super::{Error, Kind};
use crate::vault;
use rusqlite::ErrorCode as Code;
use std::io::ErrorKind;

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        use vault::Error as E;
        let kind = match &error {
            E::NoSession { .. } => Kind::NotFound,
            E::Locked(_) | E::WrongPassphrase | E::WrongKey { .. } | E::PassphraseFile { .. } => {
                Kind::Locked
            }
            E::Held { .. }
            | E::Recorded { .. }
            | E::IsPinned { .. }
            | E::FileExists { .. }
            | E::NoSlot(_)
            | E::HasSlot(_)
            | E::LastSlot(_)
            | E::Exists { .. }
            | E::Ambiguous { .. } => Kind::Usage,
            _ => Kind::Failed,
        };
        let hints = hints(&error);
        let mut edge = Error::new(kind, error.to_string());
        if let Some(cause) = std::error::Error::source(&error) {
            edge = edge.caused_by(cause);
        }
        hints.into_iter().fold(edge, Error::hint)
    }
}

fn hints(error: &vault::Error) -> Vec<String> {
    use vault::Error as E;
    let one = |hint: &str| vec![hint.to_owned()];
    match error {
        // What is left of one: nothing is made over it.
        E::NoVault { dir } | E::Gone { dir } if dir.join("keyslots.age").exists() => one(
            "vault.db is missing, though the rest of a vault is there: put it back, or a backup in its place: rec vault restore FILE",
        ),
        E::NoVault { .. } => one("rec init makes one; so does the first recording"),
        E::Gone { dir } => vec![
            format!("put it back in {}, or make a new one with rec init", dir.display()),
            "it is not made anew by itself, so that a vault that is only away (an unmounted disk) is not forgotten".to_owned(),
        ],
        E::Exists { .. } => one("rec vault slots shows how it is unlocked; rec --vault DIR init makes another one elsewhere"),
        E::NotEmpty { .. } => one("name an empty directory: rec --vault DIR init"),
        E::Loose { path, mode } => {
            let tight = if path.is_dir() { "700" } else { "600" };
            vec![format!("chmod {tight} {} (mode is {mode:04o}; then ask who read it meanwhile)", path.display())]
        }
        E::Symlink { path } if path.is_dir() => {
            one("name the real directory with --vault or REC_VAULT")
        }
        E::Symlink { .. } => one("put the file itself there, and ask who made the link"),
        E::Owner { .. } => one("use a vault of your own: rec --vault DIR init"),
        E::Newer { .. } => one("update rec; nothing in the vault was changed"),
        E::NotAVault { path, .. } => vec![
            format!(
                "keep {} as it is and put a backup beside it; nothing in it was changed",
                path.display()
            ),
            SALVAGE.to_owned(),
        ],
        E::Pinned { dir, file, .. } => vec![
            format!(
                "if you did not put another vault into {}, someone else did: do not record into it",
                dir.display()
            ),
            format!("if you did, take its line out of {}", file.display()),
        ],
        E::Locked(_) => one("rec unlock --for 8h    (or: rec unlock --identity ~/.ssh/id_ed25519)"),
        E::WrongPassphrase => one("a recovery key or another identity opens it too: rec unlock --identity FILE"),
        E::WrongKey { .. } => one("rec vault slots shows which keys open it"),
        E::Keyring(_) => one("rec init --key passphrase, or --key file on a machine without a person"),
        E::Kernel(_) => one("without it rec asks, or reads the key, each time"),
        E::NoSession { .. } => one("rec ls lists them"),
        E::Ambiguous { name, all } => {
            let shown: Vec<String> = all.iter().take(5).map(|id| id.short(all)).collect();
            vec![format!("write more of it than {name}: {}", shown.join(", "))]
        }
        E::Held { .. } => one("retention.min_age keeps it; lowering that frees only what is recorded from the next day on"),
        E::Recorded { .. } => one("rec discard forgets a running session"),
        E::IsPinned { .. } => one("rec unpin frees it"),
        E::NoSlot(_) => one("rec vault slots lists them"),
        E::HasSlot(slot) => vec![
            "rec vault slots lists them".to_owned(),
            format!("if it is another key now: rec vault remove-slot {slot} first"),
        ],
        E::LastSlot(_) => one("add another one first: rec vault add-slot --recovery"),
        E::Busy { .. } => one(BUSY),
        E::Db { source, .. } if is(source, Code::DatabaseBusy) => one(BUSY),
        E::SlotAway { slot, .. } => vec![
            format!("make its key available, or take the slot out: rec vault remove-slot {slot}"),
            "nothing was changed".to_owned(),
        ],
        E::SlotsUnowned => vec![
            "rec vault slots lists them: take out what is not yours with rec vault remove-slot SLOT".to_owned(),
            "rec vault rekey asks at the terminal whether the others are yours, and signs for them".to_owned(),
        ],
        E::FileExists { .. } => one("choose another name"),
        E::NotTaken(_) => one("what was taken in before stays; run it again to go on"),
        E::Config(wrong) => vec![wrong.hint()],
        E::Changed => one("try again"),
        E::Db { source, .. } if is(source, Code::DiskFull) => one(FULL),
        E::Io { source, .. } if source.kind() == ErrorKind::StorageFull => one(FULL),
        E::Db { source, .. } if is(source, Code::ReadOnly) => one(READ_ONLY),
        E::Io { source, .. } if source.kind() == ErrorKind::ReadOnlyFilesystem => one(READ_ONLY),
        E::Db { source, .. } if is_damaged(source) => vec![
            "rec vault verify says what is damaged".to_owned(),
            SALVAGE.to_owned(),
        ],
        E::BadIdentity { .. }
        | E::PassphraseFile { .. }
        | E::Cancelled
        | E::Damaged { .. }
        | E::Seal(_)
        | E::Io { .. }
        | E::Db { .. } => Vec::new(),
    }
}

const BUSY: &str = "is a process stopped that writes it (Ctrl-Z, a debugger), or vault.db open in another program? rec waits five seconds at most";
const SALVAGE: &str = "rec vault salvage DIR copies all that still opens";
const FULL: &str = "its disk is full: make room there, then try again";
const READ_ONLY: &str = "its file system takes no writes: mount it for writing, then try again (reading goes on: rec ls, rec vault backup FILE)";

fn is(error: &rusqlite::Error, code: Code) -> bool {
    error.sqlite_error_code() == Some(code)
}

fn is_damaged(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(Code::DatabaseCorrupt | Code::NotADatabase | Code::SystemIoFailure)
    )
}
