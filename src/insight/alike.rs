//! The runs of one statement among all commands.

use super::collect::dialect;
use super::fingerprint::{LENGTH_MAX, fingerprint};

/// A statement, by what its runs have in common: the same fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    fingerprint: String,
}

impl Alike {
    /// The statement that `text` is a run of, typed in or sent by a session of `client`.
    pub fn to(client: &str, text: &str) -> Alike {
        Alike {
            fingerprint: fingerprint(dialect(client, text), text),
        }
    }

    /// Whether another text is a run of it too; it may have been typed in another client.
    pub fn has(&self, client: &str, text: &str) -> bool {
        Alike::to(client, text) == *self
    }

    /// What its runs have in common.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether that is only a beginning, and may end in the middle of a word.
    pub fn is_cut(&self) -> bool {
        self.fingerprint.chars().count() >= LENGTH_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_alike_whatever_client_they_were_typed_in() {
        let alike = Alike::to("psql", "SELECT * FROM orders WHERE id = 1;");
        assert!(alike.has("psql", "select *\nfrom orders where id = 17"));
        assert!(alike.has("ssh", "select * from orders where id=3;"));
        assert!(!alike.has("psql", "select * from orders"));
        assert!(!alike.has("bash", "echo select"));
        assert!(Alike::to("bash", "tail -n 5 log").has("ssh", "tail -n 90  log"));
    }
}
