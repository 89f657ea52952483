//! A line that is typed, with what it was before, so that it can be given up.

/// The longest line; more is no filter.
const LENGTH_MAX: usize = 1000;

/// A typed line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedLine {
    text: String,
    /// Bytes before the cursor: whole characters.
    at: usize,
    before: Option<String>,
}

impl TypedLine {
    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor.
    pub fn head(&self) -> &str {
        self.text.get(..self.at).unwrap_or(&self.text)
    }

    fn tail(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
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
        self.at = self.text.len();
    }

    /// Keeps what was typed.
    pub fn keep(&mut self) {
        self.before = None;
    }

    /// Takes back what was typed.
    pub fn cancel(&mut self) {
        if let Some(before) = self.before.take() {
            self.text = before;
            self.at = self.text.len();
        }
    }

    /// One more character, where the cursor is; controls are none.
    pub fn push(&mut self, c: char) {
        if !c.is_control() && self.text.len() < LENGTH_MAX {
            self.text.insert(self.at, c);
            self.at += c.len_utf8();
        }
    }

    /// One character less before the cursor.
    pub fn erase(&mut self) {
        self.erase_to(
            self.head()
                .char_indices()
                .next_back()
                .map_or(0, |(at, _)| at),
        );
    }

    /// One character less behind the cursor.
    pub fn erase_next(&mut self) {
        if !self.tail().is_empty() {
            self.text.remove(self.at);
        }
    }

    /// One word less before the cursor.
    pub fn erase_word(&mut self) {
        let kept = self.head().trim_end();
        let kept = kept.trim_end_matches(|c: char| !c.is_whitespace());
        self.erase_to(kept.len());
    }

    fn erase_to(&mut self, from: usize) {
        self.text.replace_range(from..self.at, "");
        self.at = from;
    }

    /// Nothing is left of it.
    pub fn clear(&mut self) {
        self.text.clear();
        self.at = 0;
    }

    /// The cursor one character to the left.
    pub fn left(&mut self) {
        self.at -= self.head().chars().next_back().map_or(0, char::len_utf8);
    }

    /// The cursor one character to the right.
    pub fn right(&mut self) {
        self.at += self.tail().chars().next().map_or(0, char::len_utf8);
    }

    /// The cursor before everything.
    pub fn home(&mut self) {
        self.at = 0;
    }

    /// The cursor behind everything.
    pub fn end(&mut self) {
        self.at = self.text.len();
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

    #[test]
    fn the_cursor_goes_where_something_is_wrong() {
        let mut line = TypedLine::default();
        line.begin();
        "slöw:<1s".chars().for_each(|c| line.push(c));
        (0..2).for_each(|_| line.left());
        line.erase();
        line.push('>');
        assert_eq!((line.text(), line.head()), ("slöw:>1s", "slöw:>"));
        line.home();
        line.left();
        line.right();
        line.right();
        line.erase_next();
        line.push('o');
        assert_eq!((line.text(), line.head()), ("slow:>1s", "slo"));
        line.end();
        line.right();
        line.erase_next();
        line.push(' ');
        line.left();
        line.erase_word();
        assert_eq!((line.text(), line.head()), (" ", ""));
        line.erase();
        line.cancel();
        assert_eq!((line.text(), line.head()), ("", ""));
    }
}
