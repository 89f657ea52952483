//! What opens the vault without a question: what `rec lock` cannot end.

use super::slots::{KeyFile, Kind, Slot};
use super::unlock::{IDENTITY_VARIABLE, Means, PASSPHRASE_VARIABLE};
use super::{Error, Vault};
use std::path::Path;

/// Something that opens the vault without a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// The key of this slot lies in clear, or the login keyring gives it.
    Slot(i64, String),
    /// A variable of this process's environment leads to a key or passphrase.
    Variable(&'static str),
}

impl Vault {
    /// What opens the vault without a question, apart from the key that `rec unlock` keeps. No
    /// plugin is run for it and no passphrase is read.
    ///
    /// # Errors
    /// The slots cannot be read.
    pub fn opens_quietly(&self, means: &Means) -> Result<Vec<Quiet>, Error> {
        let slots = self.all_slots()?;
        let mut found = Vec::new();
        for slot in &slots {
            let path = slot.path(self.dir());
            let what = match slot.kind {
                Kind::File if self.by_plain_file(slot).is_ok() => {
                    format!("{}, in clear", path.display())
                }
                Kind::Keyring if self.by_keyring(slot).is_ok() => "the login keyring".to_owned(),
                Kind::Identity => match opens(&path, std::slice::from_ref(slot)) {
                    Opens::Yes => format!("{}, which has no passphrase", path.display()),
                    Opens::Plugin => {
                        format!("the age plugin of {}, if it asks nothing", path.display())
                    }
                    Opens::No => continue,
                },
                _ => continue,
            };
            found.push(Quiet::Slot(slot.id, what));
        }
        if let Some(path) = &means.identity {
            let own = KeyFile::read(path).is_ok_and(|file| {
                let mut keys = file.native().into_iter();
                keys.any(|key| key.recipient() == self.recipient)
            });
            if own || !matches!(opens(path, &slots), Opens::No) {
                found.push(Quiet::Variable(IDENTITY_VARIABLE));
            }
        }
        let passphrase = slots.iter().any(|slot| slot.kind == Kind::Passphrase);
        if passphrase && means.passphrase_file.is_some() {
            found.push(Quiet::Variable(PASSPHRASE_VARIABLE));
        }
        Ok(found)
    }
}

enum Opens {
    Yes,
    /// The file leads to a plugin, which decides for itself whether it asks.
    Plugin,
    No,
}

fn opens(path: &Path, slots: &[Slot]) -> Opens {
    let Ok(file) = KeyFile::read(path) else {
        return Opens::No;
    };
    let mut slots = slots.iter().filter(|slot| slot.kind != Kind::Passphrase);
    if slots.any(|slot| file.opens(&slot.sealed) == Some(true)) {
        return Opens::Yes;
    }
    if file.is_plugin() {
        Opens::Plugin
    } else {
        Opens::No
    }
}
