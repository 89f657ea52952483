//! What a layer says: from here to there stands a secret, found by this rule, of this class.

use std::fmt;

/// The byte that masked cells show.
pub const MASK: u8 = b'*';

/// How many cells a masked password gets where the layout is free, so that its length is not kept.
pub const PASSWORD_WIDTH: usize = 8;

/// The name of a rule, as `--explain`, statistics and events show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) &'static str);

impl RuleId {
    /// A rule that the code itself names.
    pub const fn new(name: &'static str) -> Self {
        RuleId(name)
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What kind of secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Chosen by or for a person; its length is not kept where the layout allows.
    Password,
    /// Issued by a service.
    Token,
    /// Key material.
    Key,
    /// Says who somebody is: card, account, e-mail, national id.
    Personal,
}

impl Class {
    /// Whether a value of this class, once found, is looked for everywhere in the session.
    pub fn is_learned(self) -> bool {
        self != Class::Personal
    }
}

/// A secret in a line: bytes `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One behind the last byte.
    pub end: usize,
    /// What found it.
    pub rule: RuleId,
    /// What it is.
    pub class: Class,
    /// It stands in a table, so its width must stay.
    pub cell: bool,
}

impl Span {
    /// A span in free text.
    pub fn new(start: usize, end: usize, rule: RuleId, class: Class) -> Self {
        Span {
            start,
            end,
            rule,
            class,
            cell: false,
        }
    }

    /// The same span, in a table.
    pub fn in_cell(self) -> Self {
        Span { cell: true, ..self }
    }

    /// How many mask characters stand for this span, whose text is `width` cells wide.
    pub fn cover(&self, width: usize) -> usize {
        if self.class == Class::Password && !self.cell {
            PASSWORD_WIDTH
        } else {
            width
        }
    }
}

/// Sorts `spans` and joins those that overlap; the one that starts first (the longer one at a tie)
/// gives its name.
pub(crate) fn settle(spans: &mut Vec<Span>) {
    if spans.len() < 2 {
        return;
    }
    spans.sort_by_key(|s| (s.start, std::cmp::Reverse(s.end)));
    spans.dedup_by(|later, kept| {
        let joined = later.start < kept.end;
        if joined {
            kept.end = kept.end.max(later.end);
            kept.cell |= later.cell;
        }
        joined
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_spans_become_one_and_neighbours_stay_two() {
        let rule = RuleId::new("r");
        let span = |start, end| Span::new(start, end, rule, Class::Token);
        let mut spans = vec![span(9, 12), span(0, 4), span(3, 6), span(6, 8), span(0, 2)];
        settle(&mut spans);
        assert_eq!(spans, [span(0, 6), span(6, 8), span(9, 12)]);
    }

    #[test]
    fn a_password_in_free_text_does_not_keep_its_length() {
        let span = Span::new(0, 3, RuleId::new("r"), Class::Password);
        assert_eq!(span.cover(3), span.cover(30));
        assert_eq!(span.in_cell().cover(3), 3);
    }
}
