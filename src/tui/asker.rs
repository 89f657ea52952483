//! The vault's questions, asked in the views instead of on the terminal that they own.

use super::msg::Msg;
use crate::vault::Ask;
use secrecy::SecretString;
use std::sync::mpsc::{Receiver, SyncSender};

/// Asks in the views and waits for the answer; for the thread that opens the vault.
pub struct Asker {
    out: SyncSender<Msg>,
    answers: Receiver<Option<SecretString>>,
}

impl Asker {
    /// Asks by `out`, is answered by `answers`.
    pub fn new(out: SyncSender<Msg>, answers: Receiver<Option<SecretString>>) -> Asker {
        Asker { out, answers }
    }
}

impl Ask for Asker {
    fn present(&self) -> bool {
        true
    }

    fn passphrase(&mut self, question: &str) -> Option<SecretString> {
        self.out.send(Msg::Question(question.to_owned())).ok()?;
        // None as well when the views are gone.
        self.answers.recv().ok().flatten()
    }

    fn tell(&mut self, line: &str) {
        // Nobody is left to read it when this fails.
        let _ = self.out.send(Msg::Told(line.to_owned()));
    }
}
