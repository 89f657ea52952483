//! One session of a library, as the player reads it.

use super::library::Library;
use crate::model::{Event, SessionId, Size};
use crate::player::Source;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A library that the player of the open session shares with the list of sessions.
pub type Shared = Rc<RefCell<Box<dyn Library>>>;

/// One session.
pub struct Reel {
    library: Shared,
    id: SessionId,
    pieces: usize,
    lost: Rc<RefCell<BTreeSet<usize>>>,
    /// The terminal's size at the start.
    pub size: Size,
}

impl Reel {
    /// Opens the session.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(library: &Shared, id: SessionId) -> Result<Reel, String> {
        let (pieces, size) = library.borrow_mut().open(id)?;
        Ok(Reel {
            library: Rc::clone(library),
            id,
            pieces,
            lost: Rc::default(),
            size,
        })
    }

    /// Which pieces could not be read so far; also of the reel once it was handed on.
    pub fn lost(&self) -> Rc<RefCell<BTreeSet<usize>>> {
        Rc::clone(&self.lost)
    }
}

impl Source for Reel {
    fn pieces(&self) -> usize {
        self.pieces
    }

    fn read(&mut self, number: usize) -> Result<Vec<Event>, String> {
        let read = self.library.borrow_mut().piece(self.id, number);
        read.inspect_err(|_| {
            self.lost.borrow_mut().insert(number);
        })
    }
}
