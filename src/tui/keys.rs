//! The one key map: what a key does where, and how help says it.
//!
//! The help screen, the bottom line and the manual page's table are made from it, so that none of
//! them can say what the program does not do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In every view that takes no text.
    Everywhere,
    /// The list of sessions, their commands and what those printed.
    Browser,
    /// The player.
    Player,
    /// The list of keys.
    Help,
    /// A line being typed.
    Typing,
}

impl Scope {
    /// A heading for people.
    pub fn title(self) -> &'static str {
        match self {
            Scope::Everywhere => "Everywhere",
            Scope::Browser => "Browser",
            Scope::Player => "Player",
            Scope::Help => "This help",
            Scope::Typing => "While typing",
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leaves the program at once.
    Exit,
    /// Goes back one view; leaves the program from the first.
    Back,
    /// Ends what was begun and nothing else.
    Cancel,
    /// Shows every key.
    Help,
    /// Stops the program, as in a shell.
    Suspend,
    /// Draws everything again.
    Redraw,
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// One screen up.
    PageUp,
    /// One screen down.
    PageDown,
    /// To the first line.
    Top,
    /// To the last line.
    Bottom,
    /// To the next pane.
    NextPane,
    /// To the pane before.
    PreviousPane,
    /// Goes into what is selected.
    Open,
    /// Plays from what is selected.
    Play,
    /// Narrows the list while typing.
    Filter,
    /// The next tab of the pane on the right.
    NextTab,
    /// Text further left.
    Left,
    /// Text further right.
    Right,
    /// The command to the clipboard.
    CopyCommand,
    /// What the command printed to the clipboard.
    CopyOutput,
    /// Reads the list again.
    Reload,
    /// Plays or pauses.
    TogglePlay,
    /// Plays faster.
    Faster,
    /// Plays slower.
    Slower,
    /// Shows the next thing that was drawn.
    Step,
    /// Five seconds on.
    Forward,
    /// Five seconds back.
    Rewind,
    /// A minute on.
    FarForward,
    /// A minute back.
    FarRewind,
    /// To the next command.
    NextCommand,
    /// To the command before.
    PreviousCommand,
    /// To the next command that failed.
    NextFailed,
    /// To the failed command before.
    PreviousFailed,
    /// To the next marker, gap or pause.
    NextMark,
    /// To the marker, gap or pause before.
    PreviousMark,
    /// To a tenth of the recording.
    Tenth,
    /// Skips idle time, or plays it.
    ToggleIdle,
    /// Moves the window over a recording that is larger than it.
    ScrollLeft,
    /// As above.
    ScrollRight,
    /// As above.
    ScrollUp,
    /// As above.
    ScrollDown,
    /// Takes the typed line.
    Accept,
    /// Deletes the character before the cursor.
    Erase,
    /// Deletes the word before the cursor.
    EraseWord,
    /// Deletes the line.
    EraseLine,
}

/// A key and its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    const fn of(code: KeyCode) -> Key {
        Key {
            code,
            modifiers: KeyModifiers::NONE,
        }
    }

    const fn char(c: char) -> Key {
        Key::of(KeyCode::Char(c))
    }

    const fn ctrl(c: char) -> Key {
        Key {
            code: KeyCode::Char(c),
            modifiers: KeyModifiers::CONTROL,
        }
    }

    const fn shift(code: KeyCode) -> Key {
        Key {
            code,
            modifiers: KeyModifiers::SHIFT,
        }
    }

    fn is(self, event: &KeyEvent) -> bool {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = event.modifiers & known;
        // A capital letter or a sign says itself that shift was held, where it was.
        if matches!(event.code, KeyCode::Char(_)) {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        self.code == event.code && self.modifiers == modifiers
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            f.write_str("shift-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::Enter => f.write_str("enter"),
            KeyCode::Esc => f.write_str("esc"),
            KeyCode::Tab => f.write_str("tab"),
            KeyCode::BackTab => f.write_str("shift-tab"),
            KeyCode::Backspace => f.write_str("backspace"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            KeyCode::PageUp => f.write_str("pgup"),
            KeyCode::PageDown => f.write_str("pgdn"),
            KeyCode::Home => f.write_str("home"),
            KeyCode::End => f.write_str("end"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// One line of the key map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where it holds.
    pub scope: Scope,
    /// The keys; the first one is shown on the bottom line.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// One or two words for the bottom line; empty where it has no place there.
    pub short: &'static str,
    /// A sentence for help and the manual.
    pub help: &'static str,
}

impl Binding {
    /// The keys as a person reads them: `↓`, `j`.
    pub fn names(&self) -> Vec<String> {
        if self.action == Action::Tenth {
            return vec!["0 … 9".to_owned()];
        }
        let shown = self.keys.iter().filter(|key| **key != LINE_FEED);
        shown.map(Key::to_string).collect()
    }

    /// The key for the bottom line.
    pub fn first(&self) -> String {
        self.keys.first().map(Key::to_string).unwrap_or_default()
    }
}

/// The whole key map, in the order that help shows it.
pub fn keys() -> &'static [Binding] {
    KEYS
}

/// What `event` does in `scope`.
pub fn action(scope: Scope, event: &KeyEvent) -> Option<Action> {
    let here = |binding: &&Binding| {
        binding.scope == scope || binding.scope == Scope::Everywhere && scope != Scope::Typing
    };
    let mut here = KEYS.iter().filter(here);
    let found = here.find(|binding| binding.keys.iter().any(|key| key.is(event)));
    found.map(|binding| binding.action)
}

const fn on(
    scope: Scope,
    keys: &'static [Key],
    action: Action,
    short: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        scope,
        keys,
        action,
        short,
        help,
    }
}

use Scope::{Browser, Everywhere, Help, Player, Typing};

/// What Enter became when it was typed before the terminal gave its keys to the views. Nobody
/// needs to be told of it.
const LINE_FEED: Key = Key::ctrl('j');

#[rustfmt::skip]
const KEYS: &[Binding] = &[
    on(Browser, &[Key::of(KeyCode::Enter), LINE_FEED], Action::Open, "open", "Open the session; play from the command"),
    on(Browser, &[Key::char(' ')], Action::Play, "play", "Play the session, or from the command"),
    on(Browser, &[Key::char('/')], Action::Filter, "filter", "Narrow the sessions or the commands while typing"),
    on(Browser, &[Key::of(KeyCode::Tab)], Action::NextPane, "pane", "Go to the next pane"),
    on(Browser, &[Key::of(KeyCode::BackTab)], Action::PreviousPane, "", "Go to the pane before"),
    on(Browser, &[Key::char('t')], Action::NextTab, "view", "Show the result, the screen or what is known of the session"),
    on(Browser, &[Key::char('y')], Action::CopyCommand, "copy", "Copy the command to the clipboard (by OSC 52)"),
    on(Browser, &[Key::char('Y')], Action::CopyOutput, "", "Copy what the command printed to the clipboard"),
    on(Browser, &[Key::of(KeyCode::Down), Key::char('j'), Key::ctrl('n')], Action::Down, "", "One line down"),
    on(Browser, &[Key::of(KeyCode::Up), Key::char('k'), Key::ctrl('p')], Action::Up, "", "One line up"),
    on(Browser, &[Key::of(KeyCode::PageDown), Key::ctrl('f'), Key::ctrl('d')], Action::PageDown, "", "One screen down"),
    on(Browser, &[Key::of(KeyCode::PageUp), Key::ctrl('b'), Key::ctrl('u')], Action::PageUp, "", "One screen up"),
    on(Browser, &[Key::of(KeyCode::Home), Key::char('g')], Action::Top, "", "To the first line"),
    on(Browser, &[Key::of(KeyCode::End), Key::char('G')], Action::Bottom, "", "To the last line"),
    on(Browser, &[Key::of(KeyCode::Left), Key::char('h')], Action::Left, "", "Move the text on the right, or go a pane left"),
    on(Browser, &[Key::of(KeyCode::Right), Key::char('l')], Action::Right, "", "Move the text on the right, or go a pane right"),
    on(Browser, &[Key::char('R')], Action::Reload, "", "Read the list of sessions again"),

    on(Player, &[Key::char(' ')], Action::TogglePlay, "play", "Play or pause; at the end, start over"),
    on(Player, &[Key::char(']'), Key::char('n')], Action::NextCommand, "next", "To the next command"),
    on(Player, &[Key::char('['), Key::char('p')], Action::PreviousCommand, "prev", "To the command before"),
    on(Player, &[Key::of(KeyCode::Right)], Action::Forward, "5s", "Five seconds on"),
    on(Player, &[Key::of(KeyCode::Left)], Action::Rewind, "", "Five seconds back"),
    on(Player, &[Key::of(KeyCode::Up)], Action::FarForward, "", "A minute on"),
    on(Player, &[Key::of(KeyCode::Down)], Action::FarRewind, "", "A minute back"),
    on(Player, &[Key::char('+'), Key::char('='), Key::char('>')], Action::Faster, "fast", "Play faster"),
    on(Player, &[Key::char('-'), Key::char('<')], Action::Slower, "slow", "Play slower"),
    on(Player, &[Key::char('.')], Action::Step, "step", "Pause, and show the next thing that was drawn"),
    on(Player, &[Key::char('i')], Action::ToggleIdle, "idle", "Skip idle time, or play it"),
    on(Player, &[Key::char('x')], Action::NextFailed, "", "To the next command that failed"),
    on(Player, &[Key::char('X')], Action::PreviousFailed, "", "To the failed command before"),
    on(Player, &[Key::char('m')], Action::NextMark, "", "To the next marker, gap or pause"),
    on(Player, &[Key::char('M')], Action::PreviousMark, "", "To the marker, gap or pause before"),
    on(Player, &[Key::char('g'), Key::of(KeyCode::Home)], Action::Top, "", "To the start"),
    on(Player, &[Key::char('G'), Key::of(KeyCode::End)], Action::Bottom, "", "To the end"),
    on(Player, &[
        Key::char('0'), Key::char('1'), Key::char('2'), Key::char('3'), Key::char('4'),
        Key::char('5'), Key::char('6'), Key::char('7'), Key::char('8'), Key::char('9'),
    ], Action::Tenth, "", "To that tenth of the recording"),
    on(Player, &[Key::char('h'), Key::shift(KeyCode::Left)], Action::ScrollLeft, "", "Show what is cut off on the left"),
    on(Player, &[Key::char('l'), Key::shift(KeyCode::Right)], Action::ScrollRight, "", "Show what is cut off on the right"),
    on(Player, &[Key::char('k'), Key::shift(KeyCode::Up)], Action::ScrollUp, "", "Show what is cut off above"),
    on(Player, &[Key::char('j'), Key::shift(KeyCode::Down)], Action::ScrollDown, "", "Show what is cut off below"),
    on(Player, &[Key::char('y')], Action::CopyCommand, "", "Copy the command to the clipboard (by OSC 52)"),

    on(Help, &[Key::char('/')], Action::Filter, "search", "Search the keys"),
    on(Help, &[Key::of(KeyCode::Down), Key::char('j')], Action::Down, "", "One line down"),
    on(Help, &[Key::of(KeyCode::Up), Key::char('k')], Action::Up, "", "One line up"),
    on(Help, &[Key::of(KeyCode::PageDown), Key::char(' ')], Action::PageDown, "", "One screen down"),
    on(Help, &[Key::of(KeyCode::PageUp)], Action::PageUp, "", "One screen up"),
    on(Help, &[Key::of(KeyCode::Home), Key::char('g')], Action::Top, "", "To the first line"),
    on(Help, &[Key::of(KeyCode::End), Key::char('G')], Action::Bottom, "", "To the last line"),

    on(Typing, &[Key::of(KeyCode::Enter), LINE_FEED], Action::Accept, "keep", "Keep what was typed"),
    on(Typing, &[Key::of(KeyCode::Esc)], Action::Cancel, "cancel", "Give it up"),
    on(Typing, &[Key::of(KeyCode::Backspace), Key::ctrl('h')], Action::Erase, "", "Delete a character"),
    on(Typing, &[Key::ctrl('w')], Action::EraseWord, "", "Delete a word"),
    on(Typing, &[Key::ctrl('u')], Action::EraseLine, "", "Delete the line"),
    on(Typing, &[Key::of(KeyCode::Down), Key::ctrl('n')], Action::Down, "", "One line down in the list"),
    on(Typing, &[Key::of(KeyCode::Up), Key::ctrl('p')], Action::Up, "", "One line up in the list"),
    on(Typing, &[Key::ctrl('c')], Action::Exit, "", "Leave rec"),

    on(Everywhere, &[Key::char('?')], Action::Help, "help", "Show every key"),
    on(Everywhere, &[Key::char('q')], Action::Back, "back", "Go back; from the first view, leave"),
    on(Everywhere, &[Key::of(KeyCode::Esc)], Action::Cancel, "", "Cancel what was begun; never leaves"),
    on(Everywhere, &[Key::ctrl('c')], Action::Exit, "", "Leave rec"),
    on(Everywhere, &[Key::ctrl('z')], Action::Suspend, "", "Stop rec; fg brings it back"),
    on(Everywhere, &[Key::ctrl('l')], Action::Redraw, "", "Draw everything again"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn keys_do_what_the_map_says() {
        let none = KeyModifiers::NONE;
        let shift = KeyModifiers::SHIFT;
        let table = [
            (
                Player,
                press(KeyCode::Char(' '), none),
                Some(Action::TogglePlay),
            ),
            (Browser, press(KeyCode::Char(' '), none), Some(Action::Play)),
            (
                Player,
                press(KeyCode::Char('G'), shift),
                Some(Action::Bottom),
            ),
            (Player, press(KeyCode::Char('?'), shift), Some(Action::Help)),
            (Player, press(KeyCode::Left, none), Some(Action::Rewind)),
            (
                Player,
                press(KeyCode::Left, shift),
                Some(Action::ScrollLeft),
            ),
            (
                Player,
                press(KeyCode::Char('c'), KeyModifiers::CONTROL),
                Some(Action::Exit),
            ),
            (Browser, press(KeyCode::Char('q'), none), Some(Action::Back)),
            (Typing, press(KeyCode::Char('q'), none), None),
            (Typing, press(KeyCode::Char('?'), none), None),
            (Player, press(KeyCode::Char('q'), KeyModifiers::ALT), None),
        ];
        for (scope, event, expected) in table {
            assert_eq!(action(scope, &event), expected, "{event:?} in {scope:?}");
        }
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (n, one) in KEYS.iter().enumerate() {
            for other in &KEYS[n + 1..] {
                let typing = [one, other].iter().any(|b| b.scope == Typing);
                let together = one.scope == other.scope
                    || !typing && [one, other].iter().any(|b| b.scope == Everywhere);
                let shared = one.keys.iter().find(|key| other.keys.contains(key));
                assert!(
                    !(together && shared.is_some()),
                    "{shared:?} is both {:?} and {:?}",
                    one.action,
                    other.action
                );
            }
        }
    }
}
