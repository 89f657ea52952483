//! A line in somebody's line editor.

use crate::term::prompt;
use zeroize::Zeroizing;

/// A text of more lines in a line editor is output that came while somebody typed.
const EDIT_LINES_MAX: usize = 100;
/// A longer password is a paste gone wrong.
const SECRET_MAX: usize = 4096;

/// A line that is being typed.
#[derive(Debug, Default)]
pub(super) struct Edit {
    /// What stood before the cursor at the first key; `None` when that was no prompt.
    pub(super) before: Option<String>,
    /// The prompt in it: its end, or all of it.
    pub(super) prompt: String,
    /// What stood behind the cursor: a right prompt.
    pub(super) right: String,
    /// The lines of a text with several, such as one from the history, that the cursor left so far:
    /// the row of each and its masked text.
    pub(super) rows: Vec<(usize, String)>,
    /// The line asks for a password: what is typed is kept until it shows whether it is echoed.
    pub(super) secret: Option<Zeroizing<Vec<u8>>>,
}

impl Edit {
    /// The cursor has left a line of it: it is a text of several lines.
    pub(super) fn has_several(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The cursor left a line of what is edited; says whether it can be one.
    pub(super) fn leave(&mut self, (row, last): (usize, usize), text: &str, shown: &str) -> bool {
        let Some(before) = self.before.as_ref().filter(|_| self.secret.is_none()) else {
            return false;
        };
        let mut own = shown.trim_end().to_owned();
        if prompt::starts_with(text, before) {
            own = own.chars().skip(before.chars().count()).collect();
            self.rows.clear();
        } else if self.rows.is_empty() {
            return false;
        }
        // Whoever moved up draws anew from there.
        self.rows.retain(|(other, _)| *other < row);
        self.rows.push((row, own));
        if row == last {
            for (row, _) in &mut self.rows {
                *row = row.saturating_sub(1);
            }
        }
        self.rows.len() <= EDIT_LINES_MAX
    }
}

/// What the line editor of a password prompt makes of a byte.
pub(super) fn edit_secret(secret: &mut Zeroizing<Vec<u8>>, byte: u8) {
    match byte {
        0x7f | 0x08 => {
            secret.pop();
        }
        0x15 | 0x03 => secret.clear(),
        _ if secret.len() < SECRET_MAX => secret.push(byte),
        _ => {}
    }
}
