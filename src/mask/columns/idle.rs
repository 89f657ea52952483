//! What earlier lines left open, and whether a line is read with it.

use super::Columns;
use super::layout::next_bar;

impl Columns {
    /// Whether no line is read with anything.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_closed() && self.known.is_none()
    }

    /// Whether `line` is read with nothing: nothing is remembered, or only a table of which it shows no
    /// row, since it has no bars.
    pub(crate) fn is_apart(&self, line: &[u8]) -> bool {
        self.is_closed()
            && self.left == 0
            && self.markup.is_blank()
            && self.asked.is_blank()
            && (self.known.is_none() || next_bar(line, 0).is_none())
    }

    /// Whether no table is open and none is about to be.
    fn is_closed(&self) -> bool {
        self.table.is_none()
            && self.header.is_empty()
            && !self.border
            && !self.headed
            && self.markup.is_idle()
            && self.vertical.is_idle()
            && self.asked.is_idle()
    }
}
