//! Bytes to characters to control functions, one step at a time.
//!
//! The grammar is avt's parser (Paul Williams' state machine, vt100.net/emu/dec_ansi_parser).
//! Invalid UTF-8 becomes U+FFFD, one for each byte, as a terminal shows it; a character that is cut
//! off by the end of the input is not consumed, so nothing depends on how a stream was chunked.

use avt::Parser;
use avt::parser::{Function, State};

/// One step: a character and what it completed.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// How many bytes it took.
    pub len: usize,
    /// The function that is complete now.
    pub function: Option<Function>,
    /// What the step did to a control string (OSC, DCS, SOS, PM, APC).
    pub string: StringStep,
}

/// Where a step stands relative to a control string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringStep {
    /// Outside.
    None,
    /// The string's payload begins behind this step.
    Begins,
    /// This step is payload.
    Inside,
    /// The payload ended before this step.
    Ended,
}

/// The state between two steps.
#[derive(Debug, Default)]
pub struct Tokens {
    parser: Parser,
}

impl Tokens {
    /// The first step of `input`; `None` when it is empty or ends inside a character.
    /// With `last`, what is there is taken as all there will be.
    pub fn step(&mut self, input: &[u8], last: bool) -> Option<Step> {
        let (c, len) = decode(input, last)?;
        let before = in_string(self.parser.state);
        // A terminal ignores DEL; the parser would print it.
        let ignored = c == '\u{7f}' && self.parser.state == State::Ground;
        let function = if ignored { None } else { self.parser.feed(c) };
        let string = match (before, in_string(self.parser.state)) {
            (false, false) => StringStep::None,
            (false, true) => StringStep::Begins,
            (true, true) => StringStep::Inside,
            (true, false) => StringStep::Ended,
        };
        Some(Step {
            len,
            function,
            string,
        })
    }

    /// Whether the stream stands between two sequences.
    pub fn is_ground(&self) -> bool {
        self.parser.state == State::Ground
    }
}

fn in_string(state: State) -> bool {
    matches!(
        state,
        State::OscString
            | State::SosPmApcString
            | State::DcsEntry
            | State::DcsParam
            | State::DcsIntermediate
            | State::DcsPassthrough
            | State::DcsIgnore
    )
}

fn decode(input: &[u8], last: bool) -> Option<(char, usize)> {
    let first = *input.first()?;
    if first < 0x80 {
        return Some((char::from(first), 1));
    }
    let head = input.get(..4.min(input.len())).unwrap_or(input);
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.valid_up_to() > 0 => {
            std::str::from_utf8(head.get(..e.valid_up_to())?).unwrap_or_default()
        }
        Err(e) if e.error_len().is_none() && !last => return None,
        Err(_) => return Some(('\u{fffd}', 1)),
    };
    let c = valid.chars().next()?;
    Some((c, c.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> Vec<(usize, String, StringStep)> {
        let mut tokens = Tokens::default();
        let mut rest = input;
        let mut out = Vec::new();
        while let Some(step) = tokens.step(rest, false) {
            rest = &rest[step.len..];
            out.push((step.len, format!("{:?}", step.function), step.string));
        }
        out
    }

    #[test]
    fn a_character_waits_for_its_last_byte() {
        let mut tokens = Tokens::default();
        let snowman = "☃".as_bytes();
        assert_eq!(tokens.step(&snowman[..1], false), None);
        assert_eq!(tokens.step(&snowman[..2], false), None);
        assert_eq!(tokens.step(snowman, false).unwrap().len, 3);
        let cut = tokens.step(&snowman[..2], true).unwrap();
        assert_eq!(cut.function, Some(Function::Print('\u{fffd}')));
    }

    #[test]
    fn invalid_bytes_take_a_cell_each_and_del_takes_none() {
        let steps = all(b"\xff\xfea\x7f");
        assert_eq!(steps.len(), 4);
        assert_eq!(
            steps[0],
            (1, "Some(Print('\u{fffd}'))".into(), StringStep::None)
        );
        assert_eq!(steps[3], (1, "None".into(), StringStep::None));
    }

    #[test]
    fn the_payload_of_a_string_is_known() {
        use StringStep::{Begins, Ended, Inside};
        let kinds = |input: &[u8]| all(input).into_iter().map(|s| s.2).collect::<Vec<_>>();
        assert_eq!(
            kinds(b"\x1b]0;t\x07"),
            [StringStep::None, Begins, Inside, Inside, Inside, Ended]
        );
        let dcs = kinds(b"\x1bPq#\x1b\\");
        assert_eq!(dcs[1..5], [Begins, Inside, Inside, Ended]);
    }
}
