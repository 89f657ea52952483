//! A line in somebody's line editor.

use crate::mask::{MASK, PASSWORD_WIDTH};
use crate::model::Micros;
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
    /// New lines of what was pasted: the text has at least as many lines more than one, though they
    /// may be seen only after Enter was pressed.
    pub(super) pasted: usize,
    /// The line asks for a password: what is typed is kept until it shows whether it is echoed.
    pub(super) secret: Option<Zeroizing<Vec<u8>>>,
    /// When it was submitted, where its editor drew it once more since and no key came.
    pub(super) entered: Option<Micros>,
}

impl Edit {
    /// The cursor has left a line of it: it is a text of several lines.
    pub(super) fn has_several(&self) -> bool {
        !self.rows.is_empty()
    }

    /// More lines of it are to come, for they were pasted.
    pub(super) fn is_to_show_more(&self) -> bool {
        self.secret.is_none() && self.rows.len() < self.pasted.min(EDIT_LINES_MAX)
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

/// What was typed behind the first `skip` characters, as it may be shown: on the screen a mask is as
/// wide as what it covers, here it tells nothing of that.
pub(super) fn typed(text: &str, shown: &str, skip: usize) -> String {
    let mask = char::from(MASK);
    let mut typed = String::with_capacity(shown.len());
    let mut masked = false;
    for (own, shown) in text.chars().zip(shown.chars()).skip(skip) {
        let covered = shown == mask && (own != mask || masked);
        if !covered {
            typed.push(shown);
        } else if !masked {
            typed.extend(std::iter::repeat_n(mask, PASSWORD_WIDTH));
        }
        masked = covered;
    }
    typed
}
/// The right prompt in what stands behind the cursor. Where the cursor is within a text, as with vi's
/// keys or before what the history suggests, that goes on first; the prompt is what stands apart.
pub(super) fn right_prompt(behind: &str) -> &str {
    if behind.starts_with(' ') {
        return behind.trim();
    }
    let apart = behind.trim_end().rsplit_once("  ");
    apart.map_or("", |(_, prompt)| prompt.trim())
}
