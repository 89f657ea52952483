//! Messages too long to be held, shortened as they pass: each long text and each long value loses
//! its end, everything else stays as it was.

use super::frame::{MESSAGE_MAX, some};
use super::read::Reader;
use crate::model::wire::{PARAMETERS_MAX, TEXT_MAX, VALUE_MAX};

/// The longest name kept. The server's own end at 63 bytes.
pub(super) const NAME_MAX: usize = 256;
/// What is kept of a list of formats or types: more than there can be of them.
const REST_MAX: usize = 4 * 65_536 + 2;

/// How a message's body is laid out.
pub(super) type Layout = &'static [Part];

/// A part of a message's body.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// Ends in a zero byte; so much is kept.
    Text(usize),
    /// So many bytes.
    Fixed(usize),
    /// A number of two bytes, and so many times two bytes.
    Formats,
    /// A number of two bytes, and so many values; so many bytes of them are kept.
    Values(usize),
    /// One value; so many bytes of it are kept.
    Value(usize),
    /// What is left; so many bytes of it are kept.
    Rest(usize),
}

pub(super) const QUERY: Layout = &[Part::Text(TEXT_MAX)];
pub(super) const PARSE: Layout = &[
    Part::Text(NAME_MAX),
    Part::Text(TEXT_MAX),
    Part::Rest(REST_MAX),
];
pub(super) const BIND: Layout = &[
    Part::Text(NAME_MAX),
    Part::Text(NAME_MAX),
    Part::Formats,
    Part::Values(PARAMETERS_MAX),
    Part::Rest(REST_MAX),
];
pub(super) const FUNCTION: Layout = &[
    Part::Fixed(4),
    Part::Formats,
    Part::Values(PARAMETERS_MAX),
    Part::Rest(2),
];
pub(super) const ROW: Layout = &[Part::Values(MESSAGE_MAX)];
pub(super) const RESULT: Layout = &[Part::Value(VALUE_MAX)];
pub(super) const BEGINNING: Layout = &[Part::Rest(MESSAGE_MAX)];

/// A message that is being shortened.
pub(super) struct Shortener {
    /// What is to come, the present part first.
    parts: Layout,
    within: Within,
    /// Bytes of a text that were left out.
    cut: u64,
}

/// Where in a part.
enum Within {
    Start,
    /// In a text of which so many bytes were kept.
    Text(usize),
    /// In a number: its bytes so far, and how many are missing.
    Number(Number, u32, u8),
    /// Bytes that are kept.
    Keep(usize),
    /// Before or in one of so many values: what may be kept of all, and what of the present one
    /// is still to be kept and to be left out.
    Values {
        values: u32,
        room: usize,
        keep: usize,
        leave: usize,
    },
}

/// What a number counts.
enum Number {
    Formats,
    Values(usize),
    /// The bytes of one of so many values, where so much may be kept.
    Bytes(u32, usize),
}

impl Shortener {
    pub fn new(parts: Layout) -> Self {
        Shortener {
            parts,
            within: Within::Start,
            cut: 0,
        }
    }

    /// Bytes of a text that were left out.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Adds to `out` what is kept of the next `bytes`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let (false, Some(part)) = (bytes.is_empty(), self.parts.first().copied()) {
            match &mut self.within {
                Within::Start => {
                    self.within = match part {
                        Part::Text(_) => Within::Text(0),
                        Part::Fixed(n) | Part::Rest(n) => Within::Keep(n),
                        Part::Formats => Within::Number(Number::Formats, 0, 2),
                        Part::Values(room) => Within::Number(Number::Values(room), 0, 2),
                        Part::Value(room) => Within::Number(Number::Bytes(1, room), 0, 4),
                    };
                }
                Within::Text(kept) => {
                    let Part::Text(max) = part else { return };
                    let end = memchr::memchr(0, bytes);
                    let piece = some(&mut bytes, &mut end.unwrap_or(usize::MAX));
                    let (keep, leave) = piece.split_at_checked(max - *kept).unwrap_or((piece, &[]));
                    out.extend_from_slice(keep);
                    *kept += keep.len();
                    self.cut += leave.len() as u64;
                    if end.is_some() {
                        out.push(0);
                        bytes = bytes.get(1..).unwrap_or_default();
                        self.next();
                    }
                }
                Within::Number(_, number, missing) => {
                    let Some((byte, rest)) = bytes.split_first() else {
                        return;
                    };
                    out.push(*byte);
                    bytes = rest;
                    *number = *number << 8 | u32::from(*byte);
                    *missing -= 1;
                    if *missing == 0 {
                        self.counted();
                    }
                }
                Within::Keep(left) => {
                    let kept = some(&mut bytes, left);
                    out.extend_from_slice(kept);
                    if *left == 0 {
                        self.next();
                    }
                }
                Within::Values {
                    values,
                    room,
                    keep,
                    leave,
                } => {
                    out.extend_from_slice(some(&mut bytes, keep));
                    some(&mut bytes, leave);
                    if *keep == 0 && *leave == 0 {
                        let (values, room) = (*values, *room);
                        self.value(values, room);
                    }
                }
            }
        }
    }

    fn next(&mut self) {
        self.parts = self.parts.get(1..).unwrap_or_default();
        self.within = Within::Start;
    }

    /// `values` are still to come.
    fn value(&mut self, values: u32, room: usize) {
        match values {
            0 => self.next(),
            _ => self.within = Within::Number(Number::Bytes(values, room), 0, 4),
        }
    }

    /// A number is complete.
    fn counted(&mut self) {
        let Within::Number(what, number, _) = std::mem::replace(&mut self.within, Within::Start)
        else {
            return;
        };
        match what {
            Number::Formats if number == 0 => self.next(),
            Number::Formats => self.within = Within::Keep(2 * number as usize),
            Number::Values(room) => self.value(number, room),
            Number::Bytes(values, mut room) => {
                let length = i32::from_be_bytes(number.to_be_bytes());
                let length = usize::try_from(length).unwrap_or(0);
                let keep = kept(length, &mut room);
                let values = values - 1;
                match length {
                    0 => self.value(values, room),
                    _ => {
                        self.within = Within::Values {
                            values,
                            room,
                            keep,
                            leave: length - keep,
                        }
                    }
                }
            }
        }
    }
}

/// How much is kept of a value, where there is `room` for so much in all.
fn kept(length: usize, room: &mut usize) -> usize {
    let kept = length.min(VALUE_MAX).min(*room);
    *room -= kept;
    kept
}

/// A message's body, whole or shortened.
pub(super) struct Body<'a> {
    pub reader: Reader<'a>,
    /// It was shortened, and a text in it lost so many bytes.
    pub shortened: Option<u64>,
}

/// A value: what was kept of it, and its length.
pub(super) type Kept<'a> = Option<(&'a [u8], usize)>;

impl<'a> Body<'a> {
    /// Reads the next value, where there is `room` for so many bytes; `None` inside for NULL.
    pub fn value(&mut self, room: &mut usize) -> Option<Kept<'a>> {
        let Some(length) = self.reader.length()? else {
            return Some(None);
        };
        let keep = kept(length, room);
        let bytes = self.reader.bytes(keep)?;
        if self.shortened.is_none() {
            self.reader.bytes(length - keep)?;
        }
        Some(Some((bytes, length)))
    }

    /// Reads a text, of which `max` bytes are kept, and says how many were not.
    pub fn text(&mut self, max: usize) -> Option<(&'a [u8], u64)> {
        let text = self.reader.string()?;
        let cut = self.shortened.unwrap_or(0) + text.len().saturating_sub(max) as u64;
        Some((text.get(..max).unwrap_or(text), cut))
    }

    /// Reads a name.
    pub fn name(&mut self) -> Option<&'a [u8]> {
        let name = self.reader.string()?;
        Some(name.get(..NAME_MAX).unwrap_or(name))
    }
}
