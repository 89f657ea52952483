//! Line editors that ask for pastes in brackets take that back when they let a line go: until then a
//! line that the cursor left is still being edited. fish goes on with an open `for` so, and draws all
//! of its lines anew with each key.

use super::super::Pipeline;
use super::edit::Edit;
use super::{Intent, Pending};
use crate::term::prompt;

impl Pipeline {
    /// The edit that a submitted line goes back to if its editor goes on with it.
    pub(super) fn to_go_on(&self, edit: &Edit, text: &str, shown: &str) -> Option<Edit> {
        let mut kept = Edit {
            before: edit.before.clone(),
            prompt: edit.prompt.clone(),
            right: edit.right.clone(),
            rows: edit.rows.clone(),
            pasted: 0,
            secret: None,
            entered: None,
        };
        let asks = self.bracketed_paste && edit.secret.is_none();
        (asks && kept.leave(self.rows_of_cursor(), text, shown)).then_some(kept)
    }

    /// What was just submitted may go back to this, where it is all of it: not the lines that a shell
    /// asked for one by one.
    pub(super) fn keep_editor(&mut self, kept: Option<Edit>) {
        if let Some(pending) = &mut self.commands.pending {
            let lines = pending.command.text.split('\n').count();
            pending.editor = kept.filter(|edit| edit.rows.len() == lines);
        }
    }

    /// A key of a line whose editor went on with it: nothing new stands before the cursor.
    pub(super) fn edits_on(&mut self, before: &str) -> bool {
        let blank = before.trim().is_empty();
        let pending = self.commands.pending.as_mut();
        let editor = pending.filter(|_| blank).and_then(|p| p.editor.take());
        let went_on = editor.is_some();
        if went_on {
            self.commands.pending = None;
            self.commands.edit = editor;
        }
        went_on
    }

    /// Whether the editor that a submitted line may be taken back by draws its first line once more.
    pub(super) fn draws_again(&mut self, text: &str, shown: &str) -> bool {
        let place = self.rows_of_cursor();
        let same = |pending: &mut Pending| {
            let mut editor = pending.editor.take()?;
            editor.entered = Some(pending.at);
            let (_, first) = editor.rows.first()?.clone();
            let before = editor.before.as_ref()?;
            let again = prompt::starts_with(text, before)
                && editor.leave(place, text, shown)
                && editor.rows.first().is_some_and(|(_, line)| *line == first);
            again.then_some(editor)
        };
        let editor = self.commands.pending.as_mut().and_then(same);
        let again = editor.is_some();
        if again {
            self.commands.pending = None;
            // Its next Enter may have been typed already.
            match self.commands.intents.front_mut() {
                Some(intent) => intent.edit = editor,
                None => self.commands.edit = editor,
            }
        }
        again
    }

    /// The editor went on where nothing stands on the cursor's line but what it indents by.
    pub(in super::super) fn goes_on_by_itself(&mut self) -> bool {
        let waits = |p: &Pending| p.editor.is_some();
        if !self.commands.pending.as_ref().is_some_and(waits) {
            return false;
        }
        let (before, _) = self.screen.around_cursor();
        match &mut self.commands.pending {
            Some(pending) if before.trim().is_empty() => {
                pending.goes_on = true;
                true
            }
            _ => false,
        }
    }

    /// The program takes back its wish for pastes in brackets.
    pub(in super::super) fn editor_lets_go(&mut self) {
        if self.paused.is_some() || self.screen.is_alternate() {
            return;
        }
        if let Some(pending) = &mut self.commands.pending
            && pending.editor.take().is_some()
        {
            pending.goes_on = false;
            pending.since = self.now;
        }
        if self.lets_go_of_a_paste() || self.lets_go_of_what_was_entered() {
            return;
        }
        // zsh's search through the history leaves the line for its own below, and comes back to it.
        let searched = |intent: &Intent, text: &str| {
            let edit = intent.edit.as_ref()?;
            let before = edit.before.as_ref().filter(|_| edit.has_several())?;
            prompt::starts_with(text, before).then_some(())
        };
        let line = self.screen.text(self.cursor_line());
        let front = self.commands.intents.front();
        if front.and_then(|i| searched(i, &line.text)).is_none() || !self.is_lowest() {
            return;
        }
        if let Some(edit) = self
            .commands
            .intents
            .front_mut()
            .and_then(|i| i.edit.as_mut())
        {
            edit.rows.clear();
        }
        self.peek(&line);
        let shown = self.shown(&line);
        self.submitted(&line.text, &shown);
        let end = self.held.end();
        if let Some(pending) = &mut self.commands.pending {
            pending.place = end;
            pending.editor = None;
        }
    }
}

impl Pipeline {
    /// What was pasted is let go with fewer lines than it had: its editor left blank ones out.
    fn lets_go_of_a_paste(&mut self) -> bool {
        let short = |intent: &Intent| {
            let edit = intent.edit.as_ref();
            edit.is_some_and(|edit| edit.pasted > 0 && edit.has_several())
        };
        let blank = self.screen.text(self.cursor_line()).text.trim().is_empty();
        if !blank || !self.commands.intents.front().is_some_and(short) {
            return false;
        }
        let Some(intent) = self.commands.intents.pop_front() else {
            return false;
        };
        let edit = intent.edit.unwrap_or_default();
        let lines: Vec<&str> = edit.rows.iter().map(|(_, line)| line.as_str()).collect();
        let whole = lines.join("\n");
        self.submit(
            intent.at,
            &edit.prompt.clone(),
            edit.prompt,
            whole.trim_end(),
        );
        let end = self.held.end();
        if let Some(pending) = &mut self.commands.pending {
            pending.place = end;
        }
        true
    }
}

impl Pipeline {
    /// A typed line without the prompt on its right: this one, or one of the form that was seen
    /// last, such as the time of day.
    pub(super) fn without_right(&self, typed: &str, right: &str) -> String {
        let last = self.commands.right.as_str();
        let cut = |right: &str| {
            let left = typed.trim_end().strip_suffix(right)?;
            left.ends_with("  ").then(|| left.to_owned())
        };
        if let Some(left) = [right, last]
            .into_iter()
            .filter(|r| !r.is_empty())
            .find_map(cut)
        {
            return left;
        }
        let form = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_ascii_digit() { '0' } else { c })
                .collect()
        };
        let whole = typed.trim_end();
        match whole.rsplit_once("  ") {
            Some((left, rest)) if !last.is_empty() && form(rest.trim()) == form(last) => {
                left.to_owned()
            }
            _ => typed.to_owned(),
        }
    }

    /// What was entered is let go after it was drawn once more, without another key: readline does so
    /// where the search through its history went over several rows.
    fn lets_go_of_what_was_entered(&mut self) -> bool {
        let edit = self.commands.edit.take_if(|edit| edit.entered.is_some());
        let Some((edit, at)) = edit.and_then(|edit| edit.entered.map(|at| (edit, at))) else {
            return false;
        };
        let lines = edit.rows.iter().map(|(_, line)| {
            let typed = self.without_right(line, &edit.right);
            typed.trim_end().to_owned()
        });
        let whole = without_indent(lines.collect(), edit.before.as_deref()).join("\n");
        self.submit(at, &edit.prompt.clone(), edit.prompt, whole.trim_end());
        let end = self.held.end();
        if let Some(pending) = &mut self.commands.pending {
            pending.place = end;
        }
        true
    }
}

/// The lines of a text without what an editor indents those behind the first by: the prompt's width,
/// as fish does, and behind it what shows how deep they stand.
pub(super) fn without_indent(lines: Vec<String>, before: Option<&str>) -> Vec<String> {
    let width = before.map_or(0, |before| before.chars().count());
    let margin = " ".repeat(width);
    let mut rest = lines.iter().skip(1).filter(|line| !line.is_empty());
    if width == 0 || lines.len() < 2 || !rest.all(|line| line.starts_with(&margin)) {
        return lines;
    }
    let mut lines = lines.into_iter();
    let first = lines.next();
    let bare = lines.map(|line| line.trim_start().to_owned());
    first.into_iter().chain(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::without_indent;

    #[test]
    fn only_what_stands_below_the_prompt_is_an_indent() {
        let lines = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        let fish = lines(&["for n in 1 2", "       echo $n", "   end"]);
        let bare = lines(&["for n in 1 2", "echo $n", "end"]);
        assert_eq!(without_indent(fish, Some("~> ")), bare);
        let zsh = lines(&["for n in 1 2", "  echo $n", "end"]);
        assert_eq!(without_indent(zsh.clone(), Some("~> ")), zsh);
        assert_eq!(without_indent(zsh.clone(), None), zsh);
    }
}
