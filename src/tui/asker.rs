//! The vault's questions, asked in the views instead of on the terminal that they own.

use super::msg::Msg;
use crate::vault::Ask;
use secrecy::SecretString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};

/// Asks in the views and waits for the answer; for the thread that opens the vault.
pub struct Asker {
    out: SyncSender<Msg>,
    answers: Receiver<Option<SecretString>>,
    asked: Arc<AtomicBool>,
}

/// Where answers go; for the thread that reads keys. They are in no message, and in no model.
#[derive(Clone)]
pub struct Answers {
    to: Sender<Option<SecretString>>,
    asked: Arc<AtomicBool>,
}

impl Asker {
    /// Asks by `out`.
    pub fn new(out: SyncSender<Msg>) -> (Asker, Answers) {
        let (to, answers) = mpsc::channel();
        let asked = Arc::<AtomicBool>::default();
        let answering = Answers {
            to,
            asked: Arc::clone(&asked),
        };
        let asker = Asker {
            out,
            answers,
            asked,
        };
        (asker, answering)
    }
}

impl Ask for Asker {
    fn present(&self) -> bool {
        true
    }

    fn passphrase(&mut self, question: &str) -> Option<SecretString> {
        // Before the question is seen: what is typed once it is must be no key.
        self.asked.store(true, Ordering::SeqCst);
        self.out.send(Msg::Question(question.to_owned())).ok()?;
        // None as well when the views are gone.
        self.answers.recv().ok().flatten()
    }

    fn tell(&mut self, line: &str) {
        // Nobody is left to read it when this fails.
        let _ = self.out.send(Msg::Told(line.to_owned()));
    }
}

impl Answers {
    /// Whether a question waits for its answer.
    pub fn wanted(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Answers it; `None` declines. The next question may come at once.
    pub fn give(&self, answer: Option<SecretString>) {
        self.asked.store(false, Ordering::SeqCst);
        // Whoever asked is gone only when the views are about to be.
        let _ = self.to.send(answer);
    }
}
