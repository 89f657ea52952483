//! Enters that wait for their lines: keys typed ahead, and those that submitted nothing.

use super::super::Pipeline;
use crate::term::prompt;

impl Pipeline {
    /// A key is pressed behind a prompt that nothing follows while only bare Enters wait: those went to
    /// something else, such as a search through the history that one Enter ends and a second one
    /// executes what it found.
    pub(super) fn forget_bare_enters(&mut self) {
        let commands = &self.commands;
        let idle = commands.edit.is_none() && commands.pending.is_none();
        let bare = commands.intents.iter().all(|intent| intent.bare);
        if !idle || !bare || commands.intents.is_empty() {
            return;
        }
        self.turn_slow();
        let (before, _) = self.screen.around_cursor();
        let known = &self.commands.known;
        let sure = prompt::is_sure(&before, known) && prompt::shape(&before) == Some(before.len());
        if sure || known.contains(&before) {
            self.commands.intents.clear();
        }
    }
}
