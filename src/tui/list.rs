//! A cursor in a list that is taller than its pane.

/// Which line is selected and which one is drawn first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The selected line; 0 in an empty list.
    pub selected: usize,
    /// The first line drawn.
    pub top: usize,
}

impl List {
    /// Moves by `lines`, and stops at both ends of `len`.
    pub fn step(&mut self, lines: isize, len: usize) {
        self.selected = self.selected.saturating_add_signed(lines);
        self.clamp(len);
    }

    /// Selects line `to`.
    pub fn select(&mut self, to: usize, len: usize) {
        self.selected = to;
        self.clamp(len);
    }

    /// The list has `len` lines now.
    pub fn clamp(&mut self, len: usize) {
        self.selected = self.selected.min(len.saturating_sub(1));
    }

    /// Scrolls as little as shows the selected line in a pane of `height` lines.
    pub fn reveal(&mut self, height: usize, len: usize) {
        let last = (self.selected + 1).saturating_sub(height);
        self.top = self.top.clamp(last, self.selected.max(last));
        self.top = self.top.min(len.saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_line_is_always_in_sight() {
        let mut list = List::default();
        for (lines, selected, top) in [
            (1, 1, 0),
            (3, 4, 2),
            (-1, 3, 2),
            (-2, 1, 1),
            (100, 9, 7),
            (-100, 0, 0),
        ] {
            list.step(lines, 10);
            list.reveal(3, 10);
            assert_eq!((list.selected, list.top), (selected, top), "after {lines}");
        }
        list.select(9, 10);
        list.reveal(3, 10);
        list.clamp(2);
        list.reveal(3, 2);
        assert_eq!((list.selected, list.top), (1, 0), "the list became shorter");
        list.clamp(0);
        list.reveal(0, 0);
        assert_eq!((list.selected, list.top), (0, 0));
    }
}
