//! Data of COPY's binary format, told as the lines that its text format would have.
//!
//! After "Binary Format" in PostgreSQL's documentation of COPY: a signature, flags and an extension;
//! then tuples, each a number of fields and, for each field, its length and so many bytes of its
//! type's binary format; in place of a number of fields, -1 ends it. Nothing in it says which types
//! those are. They are known where a result of the same columns was described before, as drivers
//! have it described to know how to write them; else only what can be nothing but text is told.

use super::encoding::Encoding;
use super::frame::MESSAGE_MAX;
use super::value;
use crate::model::wire::{VALUE_MAX, Value};
use std::fmt::Write as _;

/// Signature, flags, and the length of the extension.
const HEADER: usize = 19;
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The upper half of the flags changes how everything behind them is to be read.
const CRITICAL: u32 = 0xffff_0000;

/// Where the data stands.
enum State {
    Header,
    /// So many bytes of the extension are left.
    Extension(usize),
    /// Before a tuple.
    Count,
    /// Before the next field, of so many that are left.
    Length(u16),
    /// In a field of so many bytes, of which so many are left; so many fields come behind it.
    Field(usize, usize, u16),
    /// Behind the last tuple, in something else than this format, or where there is no more room.
    Over,
}

/// Binary tuples that come in pieces.
pub(super) struct Tuples {
    state: State,
    /// The types of the columns; 0 for one that is not known.
    types: Vec<u32>,
    /// The beginning of what is not complete: a number, or a field.
    held: Vec<u8>,
    /// The tuple under way: its line so far, its fields, its bytes that were told.
    line: String,
    fields: usize,
    told: u64,
    /// How long all lines are together, and how long they may be: a number of twelve bytes can have a
    /// hundred thousand digits.
    text: u64,
    room: u64,
}

impl Tuples {
    /// Tuples of columns of these types, whose lines may be so long in all.
    pub fn new(types: Vec<u32>, room: u64) -> Tuples {
        Tuples {
            state: State::Header,
            types,
            held: Vec::new(),
            line: String::new(),
            fields: 0,
            told: 0,
            text: 0,
            room,
        }
    }

    /// How long the lines are that were told.
    pub fn text(&self) -> u64 {
        self.text
    }

    /// Reads the next bytes and adds the lines that are whole to `lines`. Gives how many bytes of
    /// fields are not told.
    pub fn read(&mut self, mut bytes: &[u8], encoding: Encoding, lines: &mut String) -> u64 {
        let mut cut = 0;
        loop {
            match self.state {
                State::Header => {
                    let Some(header) = self.gather::<HEADER>(&mut bytes) else {
                        break;
                    };
                    self.state = match extension(&header) {
                        Some(length) => State::Extension(length),
                        None => {
                            cut += HEADER as u64;
                            State::Over
                        }
                    };
                }
                State::Extension(ref mut left) => {
                    super::frame::some(&mut bytes, left);
                    if *left > 0 {
                        break;
                    }
                    self.state = State::Count;
                }
                State::Count => {
                    let Some(count) = self.gather(&mut bytes) else {
                        break;
                    };
                    self.state = match u16::try_from(i16::from_be_bytes(count)) {
                        Ok(count) => State::Length(count),
                        Err(_) => State::Over,
                    };
                }
                State::Length(_) if self.text + self.line.len() as u64 >= self.room => {
                    // With the line's end there is no more room.
                    cut += std::mem::take(&mut self.told);
                    self.line = String::new();
                    self.state = State::Over;
                }
                State::Length(0) => {
                    self.text += self.line.len() as u64 + 1;
                    lines.push_str(&self.line);
                    lines.push('\n');
                    self.line.clear();
                    (self.fields, self.told) = (0, 0);
                    self.state = State::Count;
                }
                State::Length(left) => {
                    let Some(length) = self.gather(&mut bytes) else {
                        break;
                    };
                    if self.fields > 0 {
                        self.line.push('\t');
                    }
                    match usize::try_from(i32::from_be_bytes(length)) {
                        Ok(length) => self.state = State::Field(length, length, left - 1),
                        Err(_) => {
                            self.line.push_str("\\N");
                            self.fields += 1;
                            self.state = State::Length(left - 1);
                        }
                    }
                }
                State::Field(length, ref mut left, behind) => {
                    let piece = super::frame::some(&mut bytes, left);
                    let over = *left == 0;
                    let room = MESSAGE_MAX.saturating_sub(self.line.len()).min(VALUE_MAX);
                    let kept = piece.len().min(room.saturating_sub(self.held.len()));
                    self.held
                        .extend_from_slice(piece.get(..kept).unwrap_or_default());
                    if !over {
                        break;
                    }
                    cut += self.field(length, encoding);
                    self.state = State::Length(behind);
                }
                State::Over => {
                    cut += bytes.len() as u64;
                    break;
                }
            }
        }
        cut
    }

    /// Nothing more comes. Gives how many bytes of a tuple that is not whole were read.
    pub fn rest(&self) -> u64 {
        let held = match self.state {
            State::Field(length, left, _) => length - left,
            _ => 0,
        };
        self.told + held as u64
    }

    /// The next `N` bytes, once they are all there.
    fn gather<const N: usize>(&mut self, bytes: &mut &[u8]) -> Option<[u8; N]> {
        let mut left = N.saturating_sub(self.held.len());
        self.held
            .extend_from_slice(super::frame::some(bytes, &mut left));
        let whole = <[u8; N]>::try_from(&*self.held).ok()?;
        self.held.clear();
        Some(whole)
    }

    /// A field of `length` bytes is over. Gives how many of them are not told.
    fn field(&mut self, length: usize, encoding: Encoding) -> u64 {
        let oid = self.types.get(self.fields).copied().unwrap_or_default();
        let held = std::mem::take(&mut self.held);
        let text = match held.len() < length {
            // Of what is not known nobody can say either how it goes on.
            true if oid == 0 => None,
            true => match value::value(oid, true, &held, length, encoding) {
                Value::Null => None,
                Value::Text(text) | Value::Cut { text, .. } => Some(text),
            },
            false => value::told(oid, &held, encoding),
        };
        let told = text.as_ref().map_or(0, |_| held.len());
        match text {
            Some(text) => escape(&mut self.line, &text),
            None if length == 1 => self.line.push_str("(1 byte)"),
            // Writing to a string does not fail.
            None => drop(write!(self.line, "({length} bytes)")),
        }
        self.fields += 1;
        self.told += told as u64;
        self.held = held;
        self.held.clear();
        self.held.shrink_to(VALUE_MAX / 16);
        (length - told) as u64
    }
}

/// The length of the header's extension; `None` if this is no such header, or one whose data is to be
/// read in another way.
fn extension(header: &[u8; HEADER]) -> Option<usize> {
    let mut reader = super::read::Reader(header);
    (reader.bytes(SIGNATURE.len())? == SIGNATURE).then_some(())?;
    (reader.u32()? & CRITICAL == 0).then_some(())?;
    usize::try_from(reader.i32()?).ok()
}

/// Adds `text` as COPY's text format has it.
fn escape(line: &mut String, text: &str) {
    for c in text.chars() {
        let short = match c {
            '\\' => '\\',
            '\t' => 't',
            '\n' => 'n',
            '\r' => 'r',
            '\u{8}' => 'b',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            c => {
                line.push(c);
                continue;
            }
        };
        line.push('\\');
        line.push(short);
    }
}
