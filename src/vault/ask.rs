//! How the vault asks its owner something. The edge implements it; where there is no terminal
//! nobody is asked.

use age::secrecy::SecretString;

/// A person, perhaps.
pub trait Ask {
    /// Whether there is one to ask.
    fn present(&self) -> bool;

    /// A secret typed without echo; `None` when the person declined or there is none.
    fn passphrase(&mut self, question: &str) -> Option<SecretString>;

    /// Whether the person, asked this, says yes.
    fn agrees(&mut self, _question: &str) -> bool {
        false
    }

    /// Says one line.
    fn tell(&mut self, line: &str);
}

/// There is no person.
pub struct Nobody;

impl Ask for Nobody {
    fn present(&self) -> bool {
        false
    }

    fn passphrase(&mut self, _question: &str) -> Option<SecretString> {
        None
    }

    fn tell(&mut self, _line: &str) {}
}
