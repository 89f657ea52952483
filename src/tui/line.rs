//! A line that is typed, with what it was before, so that it can be given up.

/// The longest line; more is no filter.
const LENGTH_MAX: usize = 1000;

/// A typed line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedLine {
    text: String,
    before: Option<String>,
}

impl TypedLine {
    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether keys go into it.
    pub fn typing(&self) -> bool {
        self.before.is_some()
    }

    /// From now on keys go into it.
    pub fn begin(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.text.clone());
        }
    }

    /// Keeps what was typed.
    pub fn keep(&mut self) {
        self.before = None;
    }

    /// Takes back what was typed.
    pub fn cancel(&mut self) {
        if let Some(before) = self.before.take() {
            self.text = before;
        }
    }

    /// One more character; controls are none.
    pub fn push(&mut self, c: char) {
        if !c.is_control() && self.text.len() < LENGTH_MAX {
            self.text.push(c);
        }
    }

    /// One character less.
    pub fn erase(&mut self) {
        self.text.pop();
    }

    /// One word less.
    pub fn erase_word(&mut self) {
        let kept = self.text.trim_end();
        let kept = kept.trim_end_matches(|c: char| !c.is_whitespace());
        self.text.truncate(kept.len());
    }

    /// Nothing is left of it.
    pub fn clear(&mut self) {
        self.text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_typed_kept_and_given_up() {
        let mut line = TypedLine::default();
        line.begin();
        "psql prod\x1b\n".chars().for_each(|c| line.push(c));
        assert_eq!(line.text(), "psql prod");
        line.keep();
        line.begin();
        line.erase_word();
        assert_eq!(line.text(), "psql ");
        line.erase_word();
        assert_eq!(line.text(), "");
        line.cancel();
        assert_eq!((line.text(), line.typing()), ("psql prod", false));
    }
}
