//! Commands: which line was submitted, behind which prompt, and when it was over.
//!
//! Enter only marks the intent. The line is read when the output moves the cursor off it, which
//! over ssh is later than the key, and with type-ahead much later. Where the prompt ends is known
//! from the shell's marks (OSC 133), from where the cursor stood when the first key of the line was
//! pressed, or from the prompt's shape.

mod ahead;
mod asks;
mod edit;
mod editor;

use super::{Note, Pipeline, SETTLE, TtyMode, outcome};
use crate::model::{Command, Micros};
use crate::term::keys::Key;
use crate::term::prompt;
use crate::term::screen::LineText;
use avt::parser::ShellIntegration;
use edit::{Edit, edit_secret, typed};
use outcome::Outcome;
use std::collections::VecDeque;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a submitted line waits for the prompt that continues it (one round trip over a slow
/// line). The event is still committed within the second that P4 grants.
const CONTINUE_WAIT: Duration = Duration::from_millis(800);
/// More Enters than this waiting are no type-ahead but a key that is stuck.
const INTENTS_MAX: usize = 256;
/// After so many lines of output an Enter was for the program that wrote them, not for a prompt.
const INTENT_LINES_MAX: usize = 1000;
/// How many different prompts of a session are remembered.
const KNOWN_MAX: usize = 16;
/// Ctrl-C.
const INTERRUPT: u8 = 0x03;
/// A command of more lines is cut into several.
const COMMAND_MAX: usize = 256 * 1024;

/// An Enter whose line was not seen yet.
#[derive(Debug)]
struct Intent {
    at: Micros,
    edit: Option<Edit>,
    lines: usize,
    /// No key came since the Enter before, and that one waited, too: if this one submits anything, it is
    /// an empty line.
    bare: bool,
}

/// A submitted line that may still be continued.
#[derive(Debug)]
struct Pending {
    at: Micros,
    command: Command,
    /// The place behind its last line's end.
    place: u64,
    since: Micros,
    /// The prompt of a continued line showed.
    goes_on: bool,
    /// What it goes back to if its line editor goes on with it, until that lets it go.
    editor: Option<Edit>,
}

/// The state of a session's commands.
#[derive(Debug, Default)]
pub(super) struct Commands {
    number: u32,
    known: Vec<String>,
    intents: VecDeque<Intent>,
    edit: Option<Edit>,
    /// A key was pressed since the last Enter.
    keyed: bool,
    /// Typed while the terminal did not echo.
    unechoed: Zeroizing<Vec<u8>>,
    pending: Option<Pending>,
    running: Option<u32>,
    outcome: Option<Outcome>,
    /// The place where the cursor's line begins, and when its first character came.
    line: u64,
    line_at: Option<Micros>,
    /// The prompt that the shell marked on the cursor's line.
    marked: Option<String>,
    /// What stood on the right of the last prompt that had something there.
    right: String,
    /// What is known of the database connection, and prompts that it showed to continue a line.
    asks: asks::Asks,
}

impl Commands {
    /// Prompts of this session.
    pub(super) fn known(&self) -> &[String] {
        &self.known
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some() && self.pending.is_none()
    }

    pub(super) fn see_outcome(&mut self, masked: &str) {
        let failed_before = self.outcome.as_ref().is_some_and(|o| o.failed);
        if let Some(outcome) = outcome::read(masked).filter(|_| !failed_before) {
            self.outcome = Some(outcome);
        }
    }

    /// A line begins at `place`.
    pub(super) fn begin_line(&mut self, place: u64) {
        self.line = place;
        self.line_at = None;
        self.marked = None;
        if let Some(pending) = self.pending.as_mut().filter(|p| p.place == u64::MAX) {
            pending.place = place;
        }
    }

    pub(super) fn see_character(&mut self, at: Micros) {
        self.line_at.get_or_insert(at);
    }

    /// The place beyond which nothing may leave yet: a command's event may belong there.
    pub(super) fn barrier(&self) -> Option<u64> {
        let pending = self.pending.as_ref().filter(|p| !p.goes_on)?;
        Some(pending.place)
    }

    /// Whether lines must be read one by one from the screen.
    pub(super) fn wait_for_lines(&self) -> bool {
        let edit = self.edit.as_ref();
        self.pending.is_some() || !self.intents.is_empty() || edit.is_some_and(Edit::has_several)
    }

    /// Whether a prompt that shows would change something.
    pub(super) fn wait_for_prompt(&self) -> bool {
        self.pending.is_some() || self.running.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Micros> {
        let pending = self.pending.as_ref().filter(|p| !p.goes_on)?;
        Some(pending.since + CONTINUE_WAIT)
    }

    /// What was typed so far belongs to no line that will be recorded.
    pub(super) fn forget_typing(&mut self) {
        self.intents.clear();
        self.edit = None;
    }

    fn learn_prompt(&mut self, prompt: &str) {
        if prompt.trim().is_empty() || prompt.len() > 200 || self.known.iter().any(|k| k == prompt)
        {
            return;
        }
        if self.known.len() >= KNOWN_MAX {
            self.known.remove(0);
        }
        self.known.push(prompt.to_owned());
    }
}

impl Pipeline {
    pub(super) fn typed(&mut self, bytes: &[u8], mode: TtyMode) {
        let unechoed = mode.icanon && !mode.echo;
        for byte in bytes {
            let key = self.keys.feed(*byte);
            if unechoed {
                self.typed_unechoed(*byte, key);
            } else if self.paused.is_none() && !self.screen.is_alternate() {
                self.typed_key(*byte, key);
            }
        }
    }

    fn typed_unechoed(&mut self, byte: u8, key: Key) {
        if key == Key::Enter {
            let secret = std::mem::take(&mut self.commands.unechoed);
            self.learn(&secret);
        } else {
            edit_secret(&mut self.commands.unechoed, byte);
        }
    }

    fn typed_key(&mut self, byte: u8, key: Key) {
        if byte == INTERRUPT {
            // Whatever was typed is given up, with the lines that it continued; the next key begins
            // another line.
            self.commands.edit = None;
            let asks_on = self.commands.pending.as_ref().is_some_and(|p| p.goes_on);
            if asks_on && self.commands.intents.is_empty() {
                self.commands.pending = None;
            }
            return;
        }
        if key != Key::None {
            self.forget_bare_enters();
            if self.commands.edit.is_none() && self.commands.intents.is_empty() {
                self.begin_edit();
            }
            if let Some(edit) = &mut self.commands.edit {
                edit.entered = None;
            }
        }
        let edit = self.commands.edit.as_mut();
        if let Some(secret) = edit.and_then(|edit| edit.secret.as_mut())
            && key != Key::Enter
        {
            edit_secret(secret, byte);
        }
        if key == Key::Line
            && self.bracketed_paste
            && let Some(edit) = &mut self.commands.edit
        {
            edit.pasted += 1;
        }
        let keyed = self.commands.keyed;
        self.commands.keyed = key != Key::Enter && (keyed || key != Key::None);
        if key == Key::Enter && self.commands.intents.len() < INTENTS_MAX {
            let edit = self.commands.edit.take();
            let bare = edit.is_none() && !keyed;
            self.commands.intents.push_back(Intent {
                at: self.now,
                edit,
                lines: 0,
                bare,
            });
        }
    }

    /// The first key of a line: what stands before the cursor is its prompt, if anything is.
    fn begin_edit(&mut self) {
        self.turn_slow();
        let (before, right) = self.screen.around_cursor();
        if self.edits_on(&before) {
            return;
        }
        let asks = prompt::asks_password(&before);
        self.learn_continuation(&before);
        let mut edit = Edit {
            right: edit::right_prompt(&right).to_owned(),
            secret: asks.then(Zeroizing::default),
            ..Edit::default()
        };
        if asks {
            edit.before = Some(before);
        } else if let Some((prefix, prompt)) = self.prompt_before(&before) {
            self.commands.learn_prompt(&prompt);
            self.see_prompt(&prefix, &prompt);
            edit.before = Some(prefix);
            edit.prompt = prompt;
        }
        if !edit.right.is_empty() && edit.before.is_some() {
            self.commands.right.clone_from(&edit.right);
        }
        self.commands.edit = Some(edit);
    }

    /// The prompt in what stands before the cursor: all up to its end, and the prompt itself.
    fn prompt_before(&self, before: &str) -> Option<(String, String)> {
        let whole = |s: &str| Some((s.to_owned(), s.to_owned()));
        if let Some(marked) = &self.commands.marked {
            return whole(marked);
        }
        let continues = self.commands.continues(before);
        if let Some(prompt) = continues.and_then(|end| before.get(..end)) {
            return whole(prompt);
        }
        if let Some(prompt) =
            prompt::split(before, &self.commands.known).and_then(|end| before.get(..end))
        {
            return whole(prompt);
        }
        // Output without a newline at its end pushes the prompt to the right.
        let known = self.commands.known.iter();
        if let Some(prompt) = known
            .filter(|k| k.len() > 1 && before.ends_with(k.as_str()))
            .max_by_key(|k| k.len())
        {
            return Some((before.to_owned(), prompt.clone()));
        }
        let settled = self.now >= self.last_output + SETTLE || self.commands.number == 0;
        let for_program = self.commands.running.is_some()
            && (before.trim().is_empty() || prompt::is_question(before));
        let nothing = before.is_empty() && self.commands.known.iter().any(|k| !k.is_empty());
        if settled && !for_program && !nothing {
            whole(before)
        } else {
            None
        }
    }

    /// A prompt for the next command shows on the cursor's line: the one before is over. `prefix`
    /// is what stands up to the prompt's end.
    fn see_prompt(&mut self, prefix: &str, prompt: &str) {
        let continues = self.commands.continues(prompt).is_some();
        if let Some(pending) = self.commands.pending.as_mut().filter(|_| continues) {
            pending.goes_on = true;
            return;
        }
        let mut place = self.commands.line;
        let mut at = self.commands.line_at.unwrap_or(self.now);
        let begins = prefix.len().saturating_sub(prompt.len());
        if begins > 0 {
            let line = self.screen.text(self.cursor_line());
            if let Some(serial) = line.serials(begins..begins + 1).next() {
                place = self.held.place(serial).unwrap_or(place);
                at = self.held.time(serial).unwrap_or(at);
            }
        }
        self.settle_command();
        self.end_command(place, at);
    }

    fn end_command(&mut self, place: u64, at: Micros) {
        let outcome = self.commands.outcome.take();
        if let Some(number) = self.commands.running.take() {
            let outcome = outcome.map(|outcome| outcome.text);
            self.held.note(place, Note::CommandEnd(at, number, outcome));
        }
    }

    /// The submitted line is whole: its command begins where it ended.
    pub(super) fn settle_command(&mut self) {
        let Some(mut pending) = self.commands.pending.take() else {
            return;
        };
        // The empty line that ends a block in Python says nothing.
        let said = pending.command.text.trim_end_matches('\n').len();
        pending.command.text.truncate(said);
        let place = pending.place.min(self.held.end());
        self.commands.number = pending.command.number;
        self.commands.running = Some(pending.command.number);
        self.commands.outcome = None;
        self.held
            .note(place, Note::Command(pending.at, pending.command));
    }

    /// Output stopped: what stands before the cursor may be a prompt.
    pub(super) fn see_settled(&mut self) {
        if !self.commands.wait_for_prompt() || self.paused.is_some() || self.screen.is_alternate() {
            return;
        }
        let (before, _) = self.screen.around_cursor();
        self.learn_continuation(&before);
        let continues = self.commands.continues(&before) == Some(before.len());
        if let Some(pending) = self.commands.pending.as_mut().filter(|_| continues) {
            pending.goes_on = true;
            return;
        }
        let known = &self.commands.known;
        let at_end = |prompt: &String| before == *prompt;
        if known.iter().any(at_end)
            || prompt::is_sure(&before, known) && prompt::shape(&before) == Some(before.len())
        {
            self.see_prompt(&before.clone(), &before);
        } else if let Some(prompt) = known
            .iter()
            .find(|k| k.len() > 3 && before.ends_with(k.as_str()))
            .cloned()
        {
            self.see_prompt(&before, &prompt);
        }
    }

    /// The cursor left a line of the primary screen for the next one; `shown` is its masked text.
    pub(super) fn see_line(&mut self, line: &LineText, shown: &str) {
        let text = line.text.as_str();
        if self.draws_again(text, shown) || self.submitted(text, shown) {
            return;
        }
        let place = self.rows_of_cursor();
        if let Some(intent) = self.commands.intents.front_mut() {
            if let Some(edit) = &mut intent.edit {
                edit.leave(place, text, shown);
            }
            intent.lines += 1;
            if intent.lines > INTENT_LINES_MAX {
                self.commands.intents.clear();
            }
        } else if let Some(edit) = &mut self.commands.edit
            && !edit.leave(place, text, shown)
        {
            self.commands.edit = None;
        }
        if self
            .commands
            .pending
            .as_ref()
            .is_some_and(|p| p.place != u64::MAX)
        {
            self.settle_command();
        }
        if self.commands.running.is_some() {
            self.commands.see_outcome(shown);
        }
    }

    /// The row of the cursor's line and that of the last line of the screen.
    fn rows_of_cursor(&self) -> (usize, usize) {
        let (_, rows) = self.screen.size();
        (self.cursor_line().start, rows.saturating_sub(1))
    }

    /// Whether nothing stands below the cursor's line.
    fn is_lowest(&self) -> bool {
        let below = self.screen.line_around(self.cursor_line().end);
        self.screen.text(below).text.is_empty()
    }

    /// Whether the oldest Enter submitted a text of several lines that ends with this one.
    fn submitted_lines(&mut self, text: &str, shown: &str) -> bool {
        let begun = |intent: &&mut Intent| {
            let edit = intent.edit.as_ref();
            edit.is_some_and(Edit::has_several)
        };
        if !self.is_lowest() || self.commands.intents.front_mut().filter(begun).is_none() {
            return false;
        }
        let Some(Intent { at, edit, .. }) = self.commands.intents.pop_front() else {
            return false;
        };
        let edit = edit.unwrap_or_default();
        let kept = self.to_go_on(&edit, text, shown);
        let lines = edit.rows.iter().map(|(_, line)| line.as_str());
        let lines = lines.chain([shown.trim_end()]);
        let whole: Vec<String> = lines
            .map(|line| self.without_right(line, &edit.right).trim_end().to_owned())
            .collect();
        let whole = editor::without_indent(whole, edit.before.as_deref());
        self.commands.edit = None;
        self.submit(at, &edit.prompt.clone(), edit.prompt, &whole.join("\n"));
        self.keep_editor(kept);
        true
    }

    /// Whether the line is the one that the oldest Enter submitted.
    fn submitted(&mut self, text: &str, shown: &str) -> bool {
        let continues = self.commands.continues(text);
        let Some(intent) = self.commands.intents.front_mut() else {
            return false;
        };
        let edit = intent.edit.as_ref();
        let own = edit
            .and_then(|e| e.before.as_deref())
            .filter(|b| prompt::starts_with(text, b));
        if let (Some(before), Some(true)) = (own, edit.map(|e| e.secret.is_some())) {
            let rest = text.get(before.len()..).unwrap_or_default();
            let unechoed = rest.chars().all(|c| matches!(c, '*' | '•' | ' '));
            let secret = intent.edit.take().and_then(|e| e.secret);
            self.commands.intents.pop_front();
            if let Some(secret) = secret.filter(|_| unechoed) {
                self.learn(&secret);
            }
            return false;
        }
        let (prefix, prompt) = if let Some(before) = own {
            let prompt = edit.map(|e| e.prompt.clone()).unwrap_or_default();
            (before.to_owned(), prompt)
        } else {
            let Some(end) = continues.or_else(|| prompt::split(text, &self.commands.known)) else {
                return self.submitted_lines(text, shown);
            };
            let prompt = text.get(..end).unwrap_or_default().to_owned();
            (prompt.clone(), prompt)
        };
        // A line editor that draws a text of several lines anew passes its first lines once more.
        // One that has not drawn all that was pasted when Enter is pressed passes them first.
        let several = edit.is_some_and(Edit::has_several);
        let more = own.is_some() && edit.is_some_and(Edit::is_to_show_more);
        let right = edit.map(|e| e.right.clone()).unwrap_or_default();
        if more || several && !self.is_lowest() {
            let place = self.rows_of_cursor();
            if let Some(intent) = self.commands.intents.front_mut()
                && let Some(edit) = &mut intent.edit
            {
                edit.leave(place, text, shown);
            }
            return true;
        }
        let Some(intent) = self.commands.intents.pop_front() else {
            return false;
        };
        let kept = intent.edit.as_ref();
        let kept = kept.and_then(|edit| self.to_go_on(edit, text, shown));
        self.commands.edit = None;
        let skip = prefix.chars().count();
        let typed = typed(text, shown, skip);
        let typed = self.without_right(&typed, &right);
        let prompt: String = {
            let whole: String = shown.chars().take(skip).collect();
            let from = prefix
                .chars()
                .count()
                .saturating_sub(prompt.chars().count());
            whole.chars().skip(from).collect()
        };
        self.submit(intent.at, &prefix, prompt, typed.trim_end());
        self.keep_editor(kept);
        true
    }

    fn submit(&mut self, at: Micros, prefix: &str, prompt: String, typed: &str) {
        self.commands.learn_prompt_of(&prompt);
        let goes_on = self.commands.continues(&prompt).is_some();
        if let Some(pending) = self.commands.pending.as_mut().filter(|_| goes_on)
            && pending.command.text.len() + typed.len() < COMMAND_MAX
        {
            pending.command.text.push('\n');
            pending.command.text.push_str(typed);
            pending.place = u64::MAX;
            pending.since = self.now;
            pending.goes_on = false;
            pending.editor = None;
            return;
        }
        self.see_prompt(prefix, &prompt);
        if typed.trim().is_empty() {
            return;
        }
        self.commands.asks.begin();
        self.commands.pending = Some(Pending {
            at,
            command: Command {
                number: self.commands.number + 1,
                text: typed.to_owned(),
                prompt,
                prompt_at: self.commands.line_at.unwrap_or(at),
            },
            // Known when the line's end was executed.
            place: u64::MAX,
            since: self.now,
            goes_on: false,
            editor: None,
        });
    }

    /// The shell says where it stands (OSC 133, FinalTerm); `start` is where the mark begins.
    pub(super) fn shell_mark(&mut self, mark: &ShellIntegration, start: u64) {
        if self.paused.is_some() || self.screen.is_alternate() {
            return;
        }
        match mark {
            ShellIntegration::PromptStart => {
                self.settle_command();
                self.end_command(start, self.now);
            }
            ShellIntegration::CommandStart => {
                self.commands.marked = Some(self.screen.around_cursor().0);
            }
            ShellIntegration::CommandExecuted => {}
            ShellIntegration::CommandFinished { exit_status } => {
                self.settle_command();
                if let Some(status) = exit_status {
                    self.commands.outcome = Some(Outcome {
                        failed: *status != 0,
                        text: format!("exit {status}"),
                    });
                }
                self.end_command(start, self.now);
            }
        }
    }

    pub(super) fn end_commands(&mut self) {
        self.settle_command();
        self.end_command(self.held.end(), self.now);
    }
}

impl Commands {
    /// Continued lines have prompts of their own, which must not count as those of new commands.
    fn learn_prompt_of(&mut self, prompt: &str) {
        if self.continues(prompt).is_none() {
            self.learn_prompt(prompt);
        }
    }
}
