//! The sixteen colours as terminals that have no more understand them.
//!
//! crossterm writes every colour by its place among 256 (`38;5;1`). A terminal of sixteen colours may
//! take that for three attributes, of which 5 blinks. It knows 30 to 37 and 40 to 47 (ECMA-48, 8.3.117,
//! SGR), and 90 to 97 and 100 to 107 for the bright ones (aixterm's, and everyone's since).

use std::io::{self, Write};

/// Bytes of a sequence's parameters that are held until it ends: crossterm writes two colours at
/// most, and longer ones are nothing of ours.
const PARAMETERS_MAX: usize = 64;

/// Hands on what is drawn, with the colours spelled for sixteen where it is so asked.
pub struct Sixteen<W> {
    out: W,
    on: bool,
    /// What may become a sequence that says colours.
    held: Vec<u8>,
}

impl<W: Write> Sixteen<W> {
    /// Into `out`; as it is where it is not `on`.
    pub fn new(out: W, on: bool) -> Sixteen<W> {
        Sixteen {
            out,
            on,
            held: Vec::new(),
        }
    }

    fn byte(&mut self, byte: u8) -> io::Result<()> {
        match (self.held.as_slice(), byte) {
            ([], 0x1b) | ([0x1b], b'[') => self.held.push(byte),
            ([0x1b, b'[', parameters @ ..], b'0'..=b'9' | b';')
                if parameters.len() < PARAMETERS_MAX =>
            {
                self.held.push(byte);
            }
            ([0x1b, b'[', parameters @ ..], b'm') => {
                let spelled = spelled(parameters);
                self.held.clear();
                self.out.write_all(spelled.as_bytes())?;
            }
            _ => {
                self.release()?;
                match byte {
                    0x1b => self.held.push(byte),
                    byte => self.out.write_all(&[byte])?,
                }
            }
        }
        Ok(())
    }

    fn release(&mut self) -> io::Result<()> {
        self.out.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sixteen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.on {
            return self.out.write(bytes);
        }
        bytes.iter().try_for_each(|byte| self.byte(*byte))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.release()?;
        self.out.flush()
    }
}

/// The sequence with these parameters; the theme has made each colour one of the sixteen.
fn spelled(parameters: &[u8]) -> String {
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    let mut made = Vec::new();
    let mut rest = text.split(';');
    while let Some(parameter) = rest.next() {
        let base = match parameter {
            "38" => 30_u16,
            "48" => 40,
            other => {
                made.push(other.to_owned());
                continue;
            }
        };
        let (kind, place) = (
            rest.next(),
            rest.next().and_then(|place| place.parse().ok()),
        );
        match (kind, place) {
            (Some("5"), Some(place @ 0..=7)) => made.push((base + place).to_string()),
            (Some("5"), Some(place @ 8..=15)) => made.push((base + 52 + place).to_string()),
            // No colour is better than a wrong one.
            (Some("2"), _) => {
                let _ = rest.nth(1);
            }
            _ => {}
        }
    }
    match made.is_empty() {
        true => String::new(),
        false => format!("\x1b[{}m", made.join(";")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(on: bool, parts: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut writer = Sixteen::new(&mut out, on);
        for part in parts {
            writer.write_all(part).unwrap();
        }
        writer.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    const DRAWN: &str = "\x1b[2J\x1b[1;1H\x1b[38;5;1;49mred\x1b[0m \x1b[38;5;12;48;5;0mé\x1b[m\
                         \x1b[39;48;5;9m\x1b[1m\x1b[38;2;1;2;3;4m\x1b[38;5;200mx\x1b]52;c;YQ==\x07\
                         \x1b\x1b[38;5;8m\x1b[?25l\x1b[38;5";

    #[test]
    fn colours_are_spelled_for_sixteen_wherever_the_text_is_cut() {
        let expected = "\x1b[2J\x1b[1;1H\x1b[31;49mred\x1b[0m \x1b[94;40mé\x1b[m\
                        \x1b[39;101m\x1b[1m\x1b[4mx\x1b]52;c;YQ==\x07\
                        \x1b\x1b[90m\x1b[?25l\x1b[38;5";
        let bytes = DRAWN.as_bytes();
        for at in 0..=bytes.len() {
            let (before, after) = bytes.split_at(at);
            assert_eq!(drawn(true, &[before, after]), expected, "cut at {at}");
        }
    }

    #[test]
    fn other_terminals_get_what_was_drawn() {
        assert_eq!(drawn(false, &[DRAWN.as_bytes()]), DRAWN);
    }
}
