//! The modes of a terminal that the model must know itself, since avt tells them to nobody.

use avt::Charset;
use avt::parser::{AnsiMode, DecMode, Function};

/// The modes that decide what the next characters do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Modes {
    pub(super) auto_wrap: bool,
    pub(super) insert: bool,
    pub(super) origin: bool,
    pub(super) new_line: bool,
    pub(super) charsets: [bool; 2],
    pub(super) shifted: bool,
    pub(super) cursor_visible: bool,
    pub(super) margins: Option<(u16, u16)>,
    /// What was saved with the cursor on the primary and on the alternate screen.
    saved: [Saved; 2],
}

/// The modes that are saved and restored with the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Saved {
    auto_wrap: bool,
    origin: bool,
}

impl Default for Saved {
    fn default() -> Self {
        Saved {
            auto_wrap: true,
            origin: false,
        }
    }
}

impl Modes {
    fn save(&mut self, alternate: bool) {
        let [primary, other] = &mut self.saved;
        *if alternate { other } else { primary } = Saved {
            auto_wrap: self.auto_wrap,
            origin: self.origin,
        };
    }

    fn restore(&mut self, alternate: bool) {
        let [primary, other] = self.saved;
        let saved = if alternate { other } else { primary };
        self.auto_wrap = saved.auto_wrap;
        self.origin = saved.origin;
    }

    /// `CSI ? … h`, or `l` when not `on`.
    fn set(&mut self, modes: &[DecMode], on: bool, mut alternate: bool) {
        for mode in modes {
            match mode {
                DecMode::AutoWrap => self.auto_wrap = on,
                DecMode::Origin => self.origin = on,
                DecMode::TextCursorEnable => self.cursor_visible = on,
                DecMode::SaveCursor if on => self.save(alternate),
                DecMode::SaveCursor => self.restore(alternate),
                DecMode::AltScreenBuffer => alternate = on,
                DecMode::SaveCursorAltScreenBuffer => {
                    if on {
                        self.save(alternate);
                    } else {
                        self.restore(false);
                    }
                    alternate = on;
                }
                _ => {}
            }
        }
    }

    /// What `function` does to them, on a screen of so many rows.
    pub(super) fn follow(&mut self, function: &Function, alternate: bool, rows: usize) {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX);
        let modes = self;
        match function {
            Function::Decset(set) => modes.set(set.as_slice(), true, alternate),
            Function::Decrst(set) => modes.set(set.as_slice(), false, alternate),
            Function::Sm(set) | Function::Rm(set) => {
                let on = matches!(function, Function::Sm(_));
                for mode in set.as_slice() {
                    match mode {
                        AnsiMode::Insert => modes.insert = on,
                        AnsiMode::NewLine => modes.new_line = on,
                    }
                }
            }
            Function::Decsc | Function::Scosc => modes.save(alternate),
            Function::Decrc | Function::Scorc => modes.restore(alternate),
            Function::Decstbm(top, bottom) => {
                let top = (*top).max(1);
                let bottom = if *bottom == 0 { rows } else { *bottom };
                // Other margins than these a terminal ignores.
                if top < bottom && bottom <= rows {
                    let whole = top == 1 && bottom == rows;
                    modes.margins = (!whole).then_some((top, bottom));
                }
            }
            Function::Gzd4(set) => modes.charsets[0] = *set == Charset::Drawing,
            Function::G1d4(set) => modes.charsets[1] = *set == Charset::Drawing,
            Function::So => modes.shifted = true,
            Function::Si => modes.shifted = false,
            Function::Decstr => {
                let mut saved = modes.saved;
                let [primary, other] = &mut saved;
                *if alternate { other } else { primary } = Saved::default();
                *modes = Modes {
                    auto_wrap: modes.auto_wrap,
                    new_line: modes.new_line,
                    saved,
                    ..Modes::default()
                }
            }
            Function::Ris => *modes = Modes::default(),
            _ => {}
        }
    }
}

impl Default for Modes {
    fn default() -> Self {
        Modes {
            auto_wrap: true,
            insert: false,
            origin: false,
            new_line: false,
            charsets: [false; 2],
            shifted: false,
            cursor_visible: true,
            margins: None,
            saved: [Saved::default(); 2],
        }
    }
}
