//! The one key map: what a key does where, and how help says it.
//!
//! The help screen, the bottom line and the manual page's table are made from it, so that none of
//! them can say what the program does not do.

mod map;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use map::{KEYS, LINE_FEED};
use std::borrow::Cow;
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
    /// The search across all sessions; what is typed goes into its line.
    Search,
    /// What the recordings say of their owner's work.
    Insights,
    /// The runs of one statement.
    Runs,
    /// Two sessions or two runs side by side.
    Compare,
    /// What is handed on, and how.
    Export,
    /// A text or a list in front of everything else.
    Reader,
    /// The list of keys.
    Help,
    /// A line being typed.
    Typing,
}

impl Scope {
    /// All of them, in the order of the manual.
    pub const ALL: [Scope; 11] = [
        Scope::Browser,
        Scope::Search,
        Scope::Player,
        Scope::Insights,
        Scope::Runs,
        Scope::Compare,
        Scope::Export,
        Scope::Reader,
        Scope::Everywhere,
        Scope::Typing,
        Scope::Help,
    ];

    /// As the configuration names it.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Whether what is typed here goes into a line.
    pub fn takes_text(self) -> bool {
        matches!(self, Scope::Typing | Scope::Search)
    }

    /// A heading for people.
    pub fn title(self) -> &'static str {
        match self {
            Scope::Everywhere => "Everywhere",
            Scope::Browser => "Browser",
            Scope::Player => "Player",
            Scope::Search => "Search",
            Scope::Insights => "Insights",
            Scope::Runs => "Runs of a statement",
            Scope::Compare => "Compare",
            Scope::Export => "Export",
            Scope::Reader => "Text and lists",
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
    /// To the command's next result.
    NextResult,
    /// To the command's result before.
    PreviousResult,
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
    /// To a time that is typed.
    GoTo,
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
    /// Every action by its name.
    Palette,
    /// The search across all sessions.
    Search,
    /// What the recordings say.
    Insights,
    /// Two sessions or runs side by side.
    Compare,
    /// Other runs of a statement.
    Runs,
    /// Hands on what is selected.
    Export,
    /// What the sessions have in common, to choose from.
    Facets,
    /// Another order of the list.
    Sort,
    /// Marks what is selected.
    Mark,
    /// Tags sessions.
    Tag,
    /// Notes something about the session.
    Note,
    /// Pins sessions, or lets them go.
    Pin,
    /// Forgets sessions.
    Delete,
    /// The result as CSV to the clipboard.
    CopyCsv,
    /// The text to the pager.
    Pager,
    /// Something selected, in full.
    Value,
    /// To the next match of the search.
    NextMatch,
    /// To the match before.
    PreviousMatch,
    /// Another stretch of time.
    Period,
    /// Shows what is the same, or leaves it out.
    ToggleSame,
    /// Writes the file.
    Write,
    /// Takes the typed line.
    Accept,
    /// Deletes the character before the cursor.
    Erase,
    /// Deletes the word before the cursor.
    EraseWord,
    /// Deletes the line.
    EraseLine,
    /// Deletes the character behind the cursor.
    EraseNext,
}

impl Action {
    /// As the configuration and the palette name it: `copy-command`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(c.to_lowercase());
        }
        name
    }
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
        // A capital letter, a sign and a tab back say themselves that shift was held, where it was.
        if matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab) {
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
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("alt-")?;
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
            KeyCode::F(number) => write!(f, "f{number}"),
            KeyCode::Delete => f.write_str("delete"),
            KeyCode::Insert => f.write_str("insert"),
            KeyCode::Home => f.write_str("home"),
            KeyCode::End => f.write_str("end"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// One line of the key map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where it holds.
    pub scope: Scope,
    /// The keys; the first one is shown on the bottom line.
    pub keys: Cow<'static, [Key]>,
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

/// The key map as rec brings it, in the order that help shows it.
pub fn keys() -> &'static [Binding] {
    KEYS
}

/// What the keys do, with what the owner changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        Keymap {
            bindings: KEYS.to_vec(),
        }
    }
}

impl Keymap {
    /// Every binding, in the order that help shows them.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// Gives an action other keys: `browser.copy-command` to `["y", "ctrl-y"]`. A key that meant
    /// something else there means that no more; none at all takes the action its keys.
    ///
    /// # Errors
    /// One sentence on what is not known.
    pub fn remap(&mut self, name: &str, keys: &[String]) -> Result<(), String> {
        let keys: Result<Vec<Key>, String> = keys.iter().map(|key| key.parse()).collect();
        let keys = keys?;
        let named = |b: &Binding| format!("{}.{}", b.scope.name(), b.action.name()) == name;
        let Some(place) = self.bindings.iter().position(named) else {
            return Err(format!(
                "there is no action {name:?}; rec(1), KEYS, lists them"
            ));
        };
        let scope = self.bindings.get(place).map(|binding| binding.scope);
        for (other, binding) in self.bindings.iter_mut().enumerate() {
            if other == place {
                binding.keys = Cow::Owned(keys.clone());
            } else if Some(binding.scope) == scope {
                binding.keys.to_mut().retain(|key| !keys.contains(key));
            }
        }
        Ok(())
    }

    /// What `event` does in `scope`.
    pub fn action(&self, scope: Scope, event: &KeyEvent) -> Option<Action> {
        let is = |binding: &&Binding| binding.keys.iter().any(|key| key.is(event));
        let mut own = self.bindings.iter().filter(|b| b.scope == scope);
        let mut everywhere = self
            .bindings
            .iter()
            .filter(|b| b.scope == Scope::Everywhere);
        let found = own.find(is).or_else(|| match scope.takes_text() {
            true => None,
            false => everywhere.find(is),
        });
        found.map(|binding| binding.action)
    }
}

impl std::str::FromStr for Key {
    type Err = String;

    /// `y`, `Y`, `ctrl-y`, `shift-left`, `enter`, `space`, `f5`.
    fn from_str(text: &str) -> Result<Key, String> {
        let wrong = || format!("{text:?} is no key: write it as y, Y, ctrl-y, enter, space or f5");
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        for (prefix, modifier) in [
            ("ctrl-", KeyModifiers::CONTROL),
            ("alt-", KeyModifiers::ALT),
            ("shift-", KeyModifiers::SHIFT),
        ] {
            if let Some(stripped) = rest.strip_prefix(prefix).filter(|rest| !rest.is_empty()) {
                rest = stripped;
                modifiers |= modifier;
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(c),
            _ => match rest {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" if modifiers.contains(KeyModifiers::SHIFT) => {
                    modifiers.remove(KeyModifiers::SHIFT);
                    KeyCode::BackTab
                }
                "tab" => KeyCode::Tab,
                "space" => KeyCode::Char(' '),
                "backspace" => KeyCode::Backspace,
                "delete" => KeyCode::Delete,
                "insert" => KeyCode::Insert,
                "up" => KeyCode::Up,
                "down" => KeyCode::Down,
                "left" => KeyCode::Left,
                "right" => KeyCode::Right,
                "pgup" => KeyCode::PageUp,
                "pgdn" => KeyCode::PageDown,
                "home" => KeyCode::Home,
                "end" => KeyCode::End,
                _ => match rest.strip_prefix('f').map(str::parse) {
                    Some(Ok(number @ 1..=24)) => KeyCode::F(number),
                    _ => return Err(wrong()),
                },
            },
        };
        Ok(Key { code, modifiers })
    }
}

#[cfg(test)]
mod tests {
    use super::Scope::{Browser, Player, Typing};
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
            // Terminals tell a tab back with shift, crossterm passes that on.
            (
                Browser,
                press(KeyCode::BackTab, shift),
                Some(Action::PreviousPane),
            ),
            (
                Browser,
                press(KeyCode::BackTab, none),
                Some(Action::PreviousPane),
            ),
            (Typing, press(KeyCode::Char('q'), none), None),
            (Typing, press(KeyCode::Char('?'), none), None),
            (Player, press(KeyCode::Char('q'), KeyModifiers::ALT), None),
        ];
        for (scope, event, expected) in table {
            assert_eq!(
                Keymap::default().action(scope, &event),
                expected,
                "{event:?} in {scope:?}"
            );
        }
    }

    #[test]
    fn the_owner_gives_actions_other_keys() {
        let mut map = Keymap::default();
        let keys = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        map.remap("browser.copy-command", &keys(&["ctrl-y", "e"]))
            .unwrap();
        let none = KeyModifiers::NONE;
        let at = |map: &Keymap, c, m| map.action(Browser, &press(KeyCode::Char(c), m));
        assert_eq!(
            at(&map, 'y', KeyModifiers::CONTROL),
            Some(Action::CopyCommand)
        );
        assert_eq!(
            at(&map, 'e', none),
            Some(Action::CopyCommand),
            "it was export"
        );
        assert_eq!(at(&map, 'y', none), None);
        map.remap("everywhere.back", &keys(&[])).unwrap();
        assert_eq!(at(&map, 'q', none), None);
        assert!(map.remap("browser.fly", &keys(&["x"])).is_err());
        assert!(map.remap("browser.open", &keys(&["hyper-x"])).is_err());
        for binding in KEYS {
            for key in binding.keys.iter().filter(|key| **key != LINE_FEED) {
                let name = key.to_string();
                let plain = name.replace('↑', "up").replace('↓', "down");
                let plain = plain.replace('←', "left").replace('→', "right");
                assert_eq!(plain.parse::<Key>().as_ref(), Ok(key), "{name}");
            }
        }
    }

    #[test]
    fn every_sentence_fits_beside_its_keys() {
        for binding in KEYS {
            let length = binding.help.chars().count();
            assert!(length <= 58, "{length}: {}", binding.help);
        }
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (n, one) in KEYS.iter().enumerate() {
            for other in &KEYS[n + 1..] {
                let together = one.scope == other.scope;
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
