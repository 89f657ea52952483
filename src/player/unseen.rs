//! What nobody sees is not drawn: output that scrolls off the screen before the next keyframe.
//!
//! Reading a long recording is mostly drawing lines that are pushed off the top a moment later. Once
//! more lines than the screen has, twice, have done nothing but scroll, all cells hold what these
//! lines left there, wherever the cursor was before. What came before them still decides how the
//! terminal behaves, so that only what writes cells or moves the cursor may be left out: pens are
//! given to the terminal all the same, and anything that is not known here to be harmless ends the
//! stretch. A terminal with margins scrolls only a part of itself, so with them nothing is left out.

use super::{Screen, index};
use crate::model::Body;
use std::collections::VecDeque;

/// Bytes that are held back at most: as many as lie between two keyframes.
const HELD_MAX: usize = 256 << 10;

/// Private modes that bear on neither cells nor the cursor's place: cursor keys, how the cursor
/// looks, mouse, focus, pasting, synchronised output.
const MODES: &[&str] = &[
    "1", "12", "25", "1000", "1002", "1003", "1004", "1005", "1006", "1015", "2004", "2026",
];

/// Where the scanner stands, in the states of <https://www.vt100.net/emu/dec_ansi_parser>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    /// Behind ESC and an intermediate.
    EscapeMore,
    Csi,
    Osc,
    /// DCS, SOS, PM and APC.
    Text,
    /// Some control of C1 was met, which the scanner does not follow: nothing is left out any more.
    Lost,
}

/// Output on its way to a screen.
pub(super) struct Unseen {
    /// Not given to the screen yet; begins outside of any sequence, unless [`Unseen::whole`].
    held: Vec<u8>,
    state: State,
    /// Where in `held` the sequence at hand begins.
    begun: usize,
    /// The sequence at hand does more than is known here.
    odd: bool,
    /// The byte before was a CR.
    returned: bool,
    /// The byte before was 0xC2, with which the controls of C1 begin.
    c2: bool,
    /// Starts of the last lines since anything but scrolling was done, at most twice as many as rows.
    lines: VecDeque<usize>,
    /// From here on all is given to the screen; 0 gives all.
    from: usize,
    /// Pens and harmless modes.
    pens: Vec<(usize, usize)>,
    margins: bool,
    /// Whether there are margins once what is held was given on.
    margins_next: Option<bool>,
    /// What is held begins within a sequence.
    whole: bool,
}

impl Unseen {
    pub fn new() -> Unseen {
        Unseen {
            held: Vec::new(),
            state: State::Ground,
            begun: 0,
            odd: false,
            returned: false,
            c2: false,
            lines: VecDeque::new(),
            from: 0,
            pens: Vec::new(),
            margins: false,
            margins_next: None,
            whole: false,
        }
    }

    /// Does to the screen, now or later, what the event did to the terminal, and gives the bytes that
    /// it took.
    pub fn apply(&mut self, screen: &mut Screen, body: &Body) -> usize {
        match body {
            Body::Output(data) => {
                self.push(screen, data);
                data.len()
            }
            Body::Stream { data, .. } => {
                self.push_stream(screen, data);
                data.len()
            }
            body => {
                if matches!(body, Body::Resize(_)) {
                    self.flush(screen);
                }
                index::apply(screen, body)
            }
        }
    }

    /// Takes output; `screen` sees it now or later.
    pub fn push(&mut self, screen: &mut Screen, bytes: &[u8]) {
        let mut rest = bytes;
        let mut rows = usize::from(screen.size().rows);
        while let Some((byte, after)) = rest.split_first() {
            // Most of it is text.
            let text = match self.state {
                State::Ground if !self.c2 => {
                    let sign = rest.iter().position(|byte| *byte < 0x20 || *byte == 0xc2);
                    rest.split_at(sign.unwrap_or(rest.len()))
                }
                _ => Default::default(),
            };
            if !text.0.is_empty() {
                self.held.extend_from_slice(text.0);
                self.returned = false;
                rest = text.1;
                continue;
            }
            rest = after;
            self.held.push(*byte);
            if self.look(*byte, rows) {
                self.flush(screen);
                rows = usize::from(screen.size().rows);
            }
        }
        if self.held.len() >= HELD_MAX {
            self.flush(screen);
        }
    }

    /// As [`Unseen::push`], of what went to a pipe, where no line discipline added the CR.
    pub fn push_stream(&mut self, screen: &mut Screen, bytes: &[u8]) {
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(text) => {
                    self.push(screen, text);
                    self.push(screen, b"\r\n");
                }
                None => self.push(screen, line),
            }
        }
    }

    /// Gives the screen what it must have seen to be what it is by now.
    pub fn flush(&mut self, screen: &mut Screen) {
        let from = match self.whole || self.margins {
            true => 0,
            false => self.from,
        };
        if from > 0 {
            // A character that was begun before has ended, or never will.
            screen.give_up_partial();
        }
        let pens = self.pens.iter().take_while(|(_, end)| *end <= from);
        let pens: Vec<&[u8]> = pens.filter_map(|(a, b)| self.held.get(*a..*b)).collect();
        let reset = pens.iter().rposition(|pen| is_reset(pen)).unwrap_or(0);
        for (place, pen) in pens.iter().enumerate() {
            if place >= reset || !pen.ends_with(b"m") {
                screen.feed(pen);
            }
        }
        screen.feed(self.held.get(from..).unwrap_or_default());
        self.held.clear();
        self.lines.clear();
        self.pens.clear();
        self.from = 0;
        self.begun = 0;
        self.whole = self.state != State::Ground;
        if let Some(margins) = self.margins_next.take() {
            self.margins = margins;
        }
    }

    /// Looks at the byte that was held last; whether all that is held must be given on now.
    fn look(&mut self, byte: u8, rows: usize) -> bool {
        let c2 = std::mem::replace(&mut self.c2, byte == 0xc2);
        if c2 && (0x80..=0x9f).contains(&byte) {
            self.state = State::Lost;
            return true;
        }
        let returned = std::mem::replace(&mut self.returned, byte == b'\r');
        match (self.state, byte) {
            (State::Lost, _) | (State::Ground, 0x20..) => {}
            (_, 0x1b) => {
                self.state = State::Escape;
                self.begun = self.held.len() - 1;
                self.odd = false;
            }
            (State::Ground, b'\n') => {
                if returned {
                    self.line(rows * 2 + 2);
                }
            }
            // To the other charset and back.
            (State::Ground, 0x0e | 0x0f) => return true,
            (State::Ground, _) => {}
            (_, 0x18 | 0x1a) => self.state = State::Ground,
            (State::Osc, 0x07) => self.state = State::Ground,
            (State::Osc | State::Text, _) => {}
            (State::Escape, b'[') => self.state = State::Csi,
            (State::Escape, b']') => self.state = State::Osc,
            (State::Escape, b'P' | b'X' | b'^' | b'_') => {
                self.state = State::Text;
                self.odd = true;
            }
            (State::Escape, 0x20..=0x2f) => self.state = State::EscapeMore,
            (State::Escape, b'\\') => self.state = State::Ground,
            (State::Escape | State::EscapeMore, 0x30..=0x7e | 0x80..) => {
                if self.state == State::Escape && byte == b'c' {
                    self.margins_next = Some(false);
                }
                self.state = State::Ground;
                return true;
            }
            (State::Csi, 0x30..=0x3b) => {}
            (State::Csi, 0x40..=0x7e) => {
                self.state = State::Ground;
                return self.csi(byte, rows);
            }
            (State::Csi, 0x80..) => {
                self.state = State::Ground;
                return true;
            }
            // A control within a sequence is done at once; a parameter of another kind.
            (State::Escape | State::EscapeMore | State::Csi, _) => self.odd = true,
        }
        false
    }

    /// A line was left at its beginning.
    fn line(&mut self, enough: usize) {
        self.lines.push_back(self.held.len());
        if self.lines.len() >= enough
            && let Some(first) = self.lines.pop_front()
        {
            self.from = first;
        }
    }

    /// A control sequence is whole; whether all that is held must be given on.
    fn csi(&mut self, last: u8, rows: usize) -> bool {
        let sequence = self.held.get(self.begun..).unwrap_or_default();
        let parameters = sequence.get(2..sequence.len().saturating_sub(1));
        let parameters = parameters.unwrap_or_default();
        if let (Some(modes), b'h' | b'l') = (parameters.strip_prefix(b"?"), last) {
            let mut modes = modes.split(|byte| *byte == b';');
            let harmless = |mode: &[u8]| MODES.iter().any(|known| known.as_bytes() == mode);
            if modes.all(harmless) {
                self.pens.push((self.begun, self.held.len()));
                return false;
            }
            return true;
        }
        match last {
            b'r' => {
                let whole = format!("1;{rows}");
                let none = parameters.is_empty() || parameters == whole.as_bytes();
                // With more in it than numbers it may be read as any.
                self.margins_next = Some(self.odd || !none);
                true
            }
            _ if self.odd => true,
            b'm' => {
                self.pens.push((self.begun, self.held.len()));
                false
            }
            // Cursor, erasing, shifting: cells and places alone.
            b'@'..=b'H'
            | b'J'..=b'M'
            | b'P'
            | b'S'
            | b'T'
            | b'X'
            | b'`'
            | b'a'
            | b'd'
            | b'e'
            | b'f' => {
                self.lines.clear();
                false
            }
            _ => true,
        }
    }
}

fn is_reset(pen: &[u8]) -> bool {
    pen == b"\x1b[m" || pen == b"\x1b[0m"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Size;
    use proptest::prelude::*;

    const SIZE: Size = Size { cols: 12, rows: 3 };

    fn lines(n: usize) -> Vec<u8> {
        (0..n)
            .flat_map(|n| format!("line {n}\r\n").into_bytes())
            .collect()
    }

    /// What the screen was given of `bytes`.
    fn given(bytes: &[u8]) -> usize {
        let mut unseen = Unseen::new();
        let mut screen = Screen::new(SIZE);
        unseen.push(&mut screen, bytes);
        assert!(!unseen.whole);
        unseen.held.len() - unseen.from
    }

    #[test]
    fn what_scrolls_off_is_left_out() {
        let many = lines(1_000);
        assert!(given(&many) < 200, "{}", given(&many));
        // A pen does not change that, nor does a cursor that moves before.
        let moved = [&b"\x1b[5;5Hx\x1b[2J"[..], &many].concat();
        assert!(given(&moved) < 200);
        let coloured = [&many[..], b"\x1b[31m", &many].concat();
        assert!(given(&coloured) < 200);
        // Few lines do not fill the screen.
        assert_eq!(given(&lines(5)), lines(5).len());
    }

    #[test]
    fn a_screen_with_margins_is_drawn_whole() {
        let mut unseen = Unseen::new();
        let mut screen = Screen::new(SIZE);
        let bytes = [&b"top\x1b[2;3r\x1b[3;1H"[..], &lines(100)].concat();
        unseen.push(&mut screen, &bytes);
        unseen.flush(&mut screen);
        assert_eq!(screen.text()[0], "top");
        // Also one that was set with a control in the middle of the sequence.
        let mut unseen = Unseen::new();
        unseen.push(&mut screen, b"\x1b[2\nr");
        unseen.push(&mut screen, &lines(100));
        assert!(unseen.margins);
        // Those that an editor sets to the whole screen are none.
        let mut unseen = Unseen::new();
        unseen.push(&mut screen, b"\x1b[1;3r");
        unseen.push(&mut screen, &lines(100));
        assert!(unseen.from > 0 && !unseen.margins);
    }

    fn part() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            8 => (0..12_usize).prop_map(lines),
            4 => "[a-z\u{754c}\u{e9} ]{0,30}".prop_map(String::into_bytes),
            2 => "[\\x00-\\x1a\\x1c-\\x1f]{1,3}".prop_map(String::into_bytes),
            4 => "\\x1b\\[[0-9;]{0,4}[@-Zb-z`]".prop_map(String::into_bytes),
            2 => "\\x1b\\[[0-9;:<-? !]{0,3}\\n?[@-z]".prop_map(String::into_bytes),
            2 => "\\x1b\\[\\?(1|25|2004|7|6|1049|1047|1048|1;7)[hl]".prop_map(String::into_bytes),
            2 => "\\x1b[()]?[0-9A-Za-z\\\\=>#]".prop_map(String::into_bytes),
            1 => "\\x1b[\\]PX^_][a-z0-9;]{0,6}(\\x07|\\x1b\\\\|\\x18)?".prop_map(String::into_bytes),
            1 => Just(b"\x1b[31m".to_vec()),
            1 => Just(b"\x1b[44m".to_vec()),
            1 => Just(b"\x1b[0m".to_vec()),
            1 => Just(b"\xe2\x9c".to_vec()),
            1 => Just(b"\xc2".to_vec()),
            1 => Just("\u{9b}3m\u{85}".into()),
            1 => Just(b"\n\n\n\n\n\n\n\n\n\n\n\n".to_vec()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// Whatever was left out, the screen and all that comes after are as if nothing was.
        #[test]
        fn nothing_that_is_seen_is_left_out(
            parts in proptest::collection::vec((part(), 0..8_u8), 1..40),
        ) {
            let mut unseen = Unseen::new();
            let (mut seen, mut all) = (Screen::new(SIZE), Screen::new(SIZE));
            for (part, then) in parts {
                unseen.push(&mut seen, &part);
                all.feed(&part);
                if then < 2 {
                    unseen.flush(&mut seen);
                    prop_assert_eq!(seen.grid(), all.grid());
                    prop_assert_eq!(seen.snapshot(), all.snapshot());
                }
                if then == 0 {
                    let size = Size { cols: 7 + u16::try_from(part.len() % 9).unwrap(), rows: 4 };
                    seen.resize(size);
                    all.resize(size);
                }
            }
            unseen.flush(&mut seen);
            prop_assert_eq!(seen.grid(), all.grid());
            prop_assert_eq!(seen.snapshot(), all.snapshot());
        }
    }
}
