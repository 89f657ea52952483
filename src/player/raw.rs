//! A filter for recorded bytes on their way to a real terminal.
//!
//! Only what draws passes: text, cursor movement, erasing, colours, scrolling, the alternate
//! screen. What asks the terminal a question (its answer would arrive as typed keys), writes the
//! clipboard, title or palette, moves the window, changes what the keyboard and mouse send, or
//! carries a payload (DCS, APC, PM, SOS) does not. It is a list of what passes: a sequence that
//! nobody thought of is dropped. Control functions by ECMA-48 and xterm's ctlseqs document.
//!
//! Bytes may be cut anywhere; a sequence is passed only when it is complete.

/// A sequence longer than this does not draw anything a person would miss. An SGR with every
/// parameter that exists, and a hyperlink's target (2083 in the terminals that bound it), fit.
const SEQUENCE_MAX: usize = 4096;

/// DEC private modes that change what is drawn and nothing that is sent.
/// Origin, autowrap, cursor blinking and visibility, reverse wraparound, the alternate screen in
/// its three forms, saved cursor, left-right margins, synchronized output.
const DEC_MODES: &[&str] = &[
    "5", "6", "7", "12", "25", "45", "47", "69", "1047", "1048", "1049", "2026",
];
/// ANSI modes: insert, line feed/new line.
const ANSI_MODES: &[&str] = &["4", "20"];

/// Undoes what recorded bytes may have left behind. The margins' reset moves the cursor, so it is
/// saved around it; the alternate screen is left by [`Filter::finish`] only where it is active,
/// because leaving it twice moves the cursor too.
const RESTORE: &[u8] = b"\x1b[?2026l\x1b[?5l\x1b[?6l\x1b[?69l\x1b7\x1b[r\x1b8\x1b[4l\x1b[20l\x1b[?7h\x1b[?45l\x1b]8;;\x1b\\\x1b(B\x1b)B\x0f\x1b[0m\x1b[0 q\x1b[?25h";

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// Inside a UTF-8 character, with so many bytes to come.
    Character(u8),
    Escape,
    Csi,
    Osc,
    /// The ESC that may end an OSC.
    OscEscape,
    /// A string that is dropped whole: DCS, APC, PM, SOS, a tmux title.
    Dropped,
    DroppedEscape,
}

/// Recorded bytes in, harmless bytes out.
pub struct Filter {
    state: State,
    /// The sequence or character that is not complete yet.
    held: Vec<u8>,
    alternate: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Filter::new()
    }
}

impl Filter {
    /// A filter at the start of a recording.
    pub fn new() -> Filter {
        Filter {
            state: State::Text,
            held: Vec::new(),
            alternate: false,
        }
    }

    /// Appends to `out` what of `bytes`, and of what was held back, may be shown.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            self.byte(*byte, out);
        }
    }

    /// Nothing follows: puts the terminal back into an ordinary state.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.held.clear();
        self.state = State::Text;
        out.extend_from_slice(RESTORE);
        if std::mem::take(&mut self.alternate) {
            out.extend_from_slice(b"\x1b[?1049l\x1b[0m");
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.state {
            State::Text => self.text(byte, out),
            State::Character(left) => self.character(byte, left, out),
            // ESC, CAN and SUB end any sequence; what was held of it is nothing.
            State::Escape | State::Csi if byte == 0x1b => self.begin(),
            State::Osc if byte == 0x1b => self.state = State::OscEscape,
            State::Dropped if byte == 0x1b => self.state = State::DroppedEscape,
            State::Escape | State::Csi | State::Osc | State::Dropped
                if matches!(byte, 0x18 | 0x1a) =>
            {
                self.state = State::Text;
            }
            State::Escape => self.escape(byte, out),
            State::Csi => self.csi(byte, out),
            State::Osc if byte == 0x07 => self.osc_end(out),
            State::Osc => self.hold(byte),
            State::OscEscape if byte == b'\\' => self.osc_end(out),
            State::DroppedEscape if byte == b'\\' => self.state = State::Text,
            // Any other escape cuts the string off and is one of its own.
            State::OscEscape | State::DroppedEscape => {
                self.begin();
                self.byte(byte, out);
            }
            State::Dropped => {}
        }
    }

    fn begin(&mut self) {
        self.held.clear();
        self.held.push(0x1b);
        self.state = State::Escape;
    }

    fn hold(&mut self, byte: u8) {
        if self.held.len() < SEQUENCE_MAX {
            self.held.push(byte);
        } else {
            // Too long: what remains of it is not text either.
            self.state = match self.state {
                State::Osc => State::Dropped,
                other => other,
            };
        }
    }

    fn text(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            0x1b => self.begin(),
            // BEL BS HT LF VT FF CR SO SI. Not ENQ: it asks for the answerback message.
            0x07..=0x0f => out.push(byte),
            0x20..=0x7e => out.push(byte),
            0xc2..=0xdf => self.lead(byte, 1),
            0xe0..=0xef => self.lead(byte, 2),
            0xf0..=0xf4 => self.lead(byte, 3),
            // Not UTF-8. Raw bytes from 0x80 are the 8-bit controls of some terminals.
            0x80..=0xff => out.extend_from_slice("\u{fffd}".as_bytes()),
            _ => {}
        }
    }

    fn lead(&mut self, byte: u8, left: u8) {
        self.held.clear();
        self.held.push(byte);
        self.state = State::Character(left);
    }

    fn character(&mut self, byte: u8, left: u8, out: &mut Vec<u8>) {
        if !matches!(byte, 0x80..=0xbf) {
            self.state = State::Text;
            out.extend_from_slice("\u{fffd}".as_bytes());
            self.text(byte, out);
            return;
        }
        self.held.push(byte);
        if left > 1 {
            self.state = State::Character(left - 1);
            return;
        }
        self.state = State::Text;
        match std::str::from_utf8(&self.held) {
            // U+0080 to U+009F: the 8-bit controls in UTF-8, which terminals obey.
            Ok(text) if text.chars().all(char::is_control) => {}
            Ok(text) => out.extend_from_slice(text.as_bytes()),
            Err(_) => out.extend_from_slice("\u{fffd}".as_bytes()),
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.push(byte);
        self.state = match (self.held.get(1), byte) {
            (Some(b'['), b'[') => State::Csi,
            (Some(b']'), b']') => State::Osc,
            (Some(b'P' | b'X' | b'^' | b'_' | b'k'), _) if self.held.len() == 2 => State::Dropped,
            // Controls inside a sequence are obeyed on their own; they are dropped here.
            (_, 0x00..=0x1f) => {
                self.held.pop();
                State::Escape
            }
            (_, 0x20..=0x2f) if self.held.len() < 4 => State::Escape,
            _ => {
                if draws(self.held.get(1..).unwrap_or_default()) {
                    out.extend_from_slice(&self.held);
                }
                State::Text
            }
        };
    }

    fn csi(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            0x40..=0x7e => {
                self.state = State::Text;
                let held = std::mem::take(&mut self.held);
                if held.len() < SEQUENCE_MAX {
                    let body = held.get(2..).unwrap_or_default();
                    self.control(body, byte, out);
                }
            }
            0x20..=0x3f => self.hold(byte),
            // Neither a parameter nor a final byte: a broken sequence ends as nothing.
            0x80..=0xff => {
                self.state = State::Text;
                self.text(byte, out);
            }
            _ => {}
        }
    }

    /// A complete CSI: parameters and intermediates in `body`, then `last`.
    fn control(&mut self, body: &[u8], last: u8, out: &mut Vec<u8>) {
        let Ok(body) = std::str::from_utf8(body) else {
            return;
        };
        let marks = |c: char| matches!(c, ' '..='/');
        let (params, intermediates) = match body.find(marks) {
            Some(at) => body.split_at(at),
            None => (body, ""),
        };
        let private = params.starts_with(['<', '=', '>', '?']);
        let passes = match (intermediates, last) {
            ("", b'h' | b'l') => return self.modes(params, last, out),
            // Cursor movement, tabs, erasing, inserting, deleting, scrolling, repeating, margins.
            ("", b'A'..=b'I' | b'L' | b'M' | b'P' | b'S' | b'T' | b'X' | b'Z') => !private,
            ("", b'@' | b'`' | b'a' | b'b' | b'd'..=b'g' | b'm' | b'r' | b's') => !private,
            // Without a prefix it restores the cursor; with one it talks about the keyboard.
            ("", b'u') => !private,
            // DECSED and DECSEL erase as well.
            ("", b'J' | b'K') => !private || params.starts_with('?'),
            // DECSTR, DECSCUSR, DECSCA, scrolling sideways, inserting and deleting columns.
            ("!", b'p') | (" ", b'q' | b'@' | b'A') | ("\"", b'q') | ("'", b'}' | b'~') => !private,
            // Rectangles: change and reverse attributes, copy, fill, erase; and DECSACE.
            ("$", b'r' | b't' | b'v' | b'x' | b'z' | b'{') | ("*", b'x') => !private,
            _ => false,
        };
        if passes {
            out.extend_from_slice(format!("\x1b[{body}").as_bytes());
            out.push(last);
        }
    }

    /// Sets and resets only the modes that draw.
    fn modes(&mut self, params: &str, last: u8, out: &mut Vec<u8>) {
        let (prefix, params, known) = match params.strip_prefix('?') {
            Some(params) => ("?", params, DEC_MODES),
            None => ("", params, ANSI_MODES),
        };
        let passed: Vec<&str> = params.split(';').filter(|p| known.contains(p)).collect();
        if passed.is_empty() {
            return;
        }
        if prefix == "?" && passed.iter().any(|p| matches!(*p, "47" | "1047" | "1049")) {
            self.alternate = last == b'h';
        }
        let passed = passed.join(";");
        out.extend_from_slice(format!("\x1b[{prefix}{passed}").as_bytes());
        out.push(last);
    }

    /// A complete OSC. Hyperlinks pass: they are part of the text.
    fn osc_end(&mut self, out: &mut Vec<u8>) {
        self.state = State::Text;
        let body = self.held.get(2..).unwrap_or_default();
        let printable = body.iter().all(|b| matches!(b, 0x20..=0x7e));
        if body.starts_with(b"8;") && printable {
            out.extend_from_slice(&self.held);
            out.extend_from_slice(b"\x1b\\");
        }
    }
}

/// Whether an escape sequence that is neither CSI nor a string only draws: `rest` is what follows
/// the ESC. Not DECID (`Z`), which asks; not `c`, which resets what the user configured; not the
/// keypad modes; not `%`, which leaves UTF-8; not S8C1T.
fn draws(rest: &[u8]) -> bool {
    matches!(
        rest,
        [b'7' | b'8' | b'D' | b'E' | b'H' | b'M' | b'N' | b'O']
            | [b'n' | b'o' | b'|' | b'}' | b'~']
            | [
                b'(' | b')' | b'*' | b'+',
                b'0' | b'1' | b'2' | b'A' | b'B' | b'<' | b'='
            ]
            | [b'#', b'3'..=b'6' | b'8']
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filtered(parts: &[&[u8]]) -> String {
        let mut filter = Filter::new();
        let mut out = Vec::new();
        parts.iter().for_each(|part| filter.push(part, &mut out));
        String::from_utf8(out).expect("the filter's output is UTF-8")
    }

    /// What goes in, what comes out.
    const TABLE: &[(&str, &str)] = &[
        ("plain é ✓ 😀\r\n\t\x08\x07", "plain é ✓ 😀\r\n\t\x08\x07"),
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
        (
            "\x1b[38;2;1;2;3mx\x1b[48:5:9my",
            "\x1b[38;2;1;2;3mx\x1b[48:5:9my",
        ),
        (
            "\x1b[2J\x1b[H\x1b[5;6H\x1b[K\x1b[?1J",
            "\x1b[2J\x1b[H\x1b[5;6H\x1b[K\x1b[?1J",
        ),
        ("\x1b[?1049h\x1b[?25l", "\x1b[?1049h\x1b[?25l"),
        ("\x1b(0qqq\x1b(B", "\x1b(0qqq\x1b(B"),
        (
            "\x1b]8;;https://a.example/\x07link\x1b]8;;\x1b\\",
            "\x1b]8;;https://a.example/\x1b\\link\x1b]8;;\x1b\\",
        ),
        // Clipboard, titles, palette, notifications.
        ("a\x1b]52;c;aGk=\x07b", "ab"),
        ("a\x1b]52;c;?\x1b\\b", "ab"),
        ("a\x1b]0;title\x07b\x1b]2;t\x1b\\c", "abc"),
        ("a\x1b]10;?\x07b\x1b]4;1;?\x1b\\c\x1b]11;#fff\x07d", "abcd"),
        (
            "a\x1b]1337;File=inline=1:AAAA\x07b\x1b]9;hi\x07c\x1b]133;A\x07d",
            "abcd",
        ),
        ("a\x1bktitle\x1b\\b", "ab"),
        // Payload strings, with what would be text or a sequence inside.
        ("a\x1bP1$r0m\x1b\\b\x1bPq#0;2;0\x1b\\c", "abc"),
        (
            "a\x1b_Gf=100;AAAA\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d",
            "abcd",
        ),
        ("a\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\b", "ab"),
        // Queries.
        ("a\x1b[cb\x1b[>cc\x1b[=cd\x1b[0ce", "abcde"),
        ("a\x1b[6nb\x1b[?6nc\x1b[5nd\x1b[>0qe", "abcde"),
        ("a\x1b[?2026$pb\x1b[4$pc\x1b[xd\x1b[1;1;1;1;1*ye", "abcde"),
        (
            "a\x1bZb\x05c\x1b[?ud\x1b[>1ue\x1b[<uf\x1b[?1;1;0Sg",
            "abcdefg",
        ),
        ("a\x1b[1$wb\x1b['|c\x1b[&ud\x1b[#Re", "abcde"),
        // Window operations, printing, keyboard, mouse, focus, paste.
        ("a\x1b[8;24;80tb\x1b[21tc\x1b[14td\x1b[5ie", "abcde"),
        (
            "a\x1b[?1000hb\x1b[?2004hc\x1b[?1004;1006hd\x1b[?1he\x1b[2hf\x1b=g\x1b>h",
            "abcdefgh",
        ),
        ("\x1b[?1000;25;2004l", "\x1b[?25l"),
        ("a\x1b%@b\x1b Gc\x1bcd", "abcd"),
        // The 8-bit controls in UTF-8.
        ("a\u{9b}6nb\u{9d}52;c;aGk=\u{9c}c\u{90}x", "a6nb52;c;aGk=cx"),
        // Broken, cut off, too long.
        ("a\x1b[31", "a"),
        ("a\x1b[3\x18mb", "amb"),
        ("a\x1b]52;c;\x1b[31mb", "a\x1b[31mb"),
        ("a\x1b\x1b[31mb", "a\x1b[31mb"),
        ("a\x1b]52;c;aGk=", "a"),
    ];

    #[test]
    fn only_what_draws_passes() {
        for (input, expected) in TABLE {
            assert_eq!(filtered(&[input.as_bytes()]), *expected, "for {input:?}");
        }
    }

    #[test]
    fn every_split_gives_the_same() {
        for (input, expected) in TABLE {
            let input = input.as_bytes();
            for cut in 0..=input.len() {
                let (a, b) = input.split_at(cut);
                assert_eq!(filtered(&[a, b]), *expected, "{input:?} cut at {cut}");
            }
            let bytes: Vec<&[u8]> = input.chunks(1).collect();
            assert_eq!(filtered(&bytes), *expected, "{input:?} byte by byte");
        }
    }

    #[test]
    fn a_sequence_without_end_holds_little_and_shows_nothing() {
        for start in ["\x1b[", "\x1b]52;c;", "\x1bP", "\x1b_"] {
            let mut filter = Filter::new();
            let mut out = Vec::new();
            filter.push(start.as_bytes(), &mut out);
            for _ in 0..100 {
                filter.push(&[b'1'; 1000], &mut out);
            }
            assert!(filter.held.len() <= SEQUENCE_MAX, "for {start:?}");
            assert_eq!(out, b"", "for {start:?}");
        }
    }

    #[test]
    fn the_end_leaves_the_alternate_screen_once() {
        let mut filter = Filter::new();
        let mut out = Vec::new();
        filter.push(b"\x1b[?1049hvim", &mut out);
        out.clear();
        filter.finish(&mut out);
        assert!(out.ends_with(b"\x1b[?1049l\x1b[0m"));
        let mut filter = Filter::new();
        filter.push(b"\x1b[?1049hvim\x1b[?1049l", &mut out);
        out.clear();
        filter.finish(&mut out);
        assert_eq!(out, RESTORE);
    }

    proptest! {
        /// Whatever the bytes, what passes holds no question, payload or clipboard.
        #[test]
        fn nothing_dangerous_passes(bytes in proptest::collection::vec(spice(), 0..60)) {
            let bytes: Vec<u8> = bytes.into_iter().flatten().collect();
            let mut once = Vec::new();
            Filter::new().push(&bytes, &mut once);
            let text = String::from_utf8(once.clone()).unwrap();
            for bad in ["\x1b]5", "\x1b]0", "\x1bP", "\x1b_", "\x1b[c", "\x1b[6n", "\x1bZ", "\x05"] {
                prop_assert!(!text.contains(bad), "{:?} passed {:?}", bytes, bad);
            }
            let eight_bit = text.chars().any(|c| matches!(c, '\u{80}'..='\u{9f}'));
            prop_assert!(!eight_bit, "an 8-bit control passed");
            // What passed passes again: the filter has nothing left to object to.
            let mut twice = Vec::new();
            Filter::new().push(&once, &mut twice);
            prop_assert_eq!(once, twice);
        }
    }

    fn spice() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            any::<u8>().prop_map(|b| vec![b]),
            Just(b"\x1b".to_vec()),
            Just(b"\x1b[".to_vec()),
            Just(b"\x1b]52;c;".to_vec()),
            Just(b"\x1b\\".to_vec()),
            Just(b"\x1bP".to_vec()),
            Just(b"6n".to_vec()),
            Just(b"c".to_vec()),
            Just("\u{9b}".as_bytes().to_vec()),
        ]
    }
}
