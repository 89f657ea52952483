//! Where a replay reads from.

use crate::model::Event;

/// A recording as a row of pieces that can be read in any order, so that a seek opens one piece
/// and not all that stand before it.
pub trait Source {
    /// How many pieces there are.
    fn pieces(&self) -> usize;

    /// The events of piece `number`, in stream order.
    ///
    /// # Errors
    /// One sentence for a person on why the piece cannot be read; the others still can.
    fn read(&mut self, number: usize) -> Result<Vec<Event>, String>;
}

/// A recording that is all in memory: text that was imported, a test.
impl Source for Vec<Vec<Event>> {
    fn pieces(&self) -> usize {
        self.len()
    }

    fn read(&mut self, number: usize) -> Result<Vec<Event>, String> {
        Ok(self.get(number).cloned().unwrap_or_default())
    }
}
