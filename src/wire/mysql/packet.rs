//! Packets put together to payloads, in any pieces.
//!
//! A packet has a header of three bytes of length and one of sequence. A payload of 0xFFFFFF bytes
//! and more is spread over several packets, the last of which is shorter and may be empty.

use super::read::number;

/// The length of a packet that another one continues.
pub const FULL: u32 = 0xFF_FFFF;

/// What comes next in a stream of packets.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A payload begins.
    Begin {
        /// The first packet's sequence id.
        sequence: u8,
        /// The first packet's length: the whole payload's, unless it is [`FULL`].
        length: u32,
    },
    /// A part of it, never empty.
    Part(&'a [u8]),
    /// It is complete.
    End,
}

/// One direction of a connection.
#[derive(Default)]
pub struct Packets {
    header: Vec<u8>,
    /// The current packet's length.
    length: u32,
    /// Of which so much is still to come.
    left: u32,
    stage: Stage,
}

#[derive(Default, PartialEq)]
enum Stage {
    #[default]
    Header,
    Inside,
    /// Within a payload, before another packet's header.
    Continued,
}

impl Packets {
    /// The next piece of `bytes`, which it takes from their front. `None`: more are needed.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Piece<'a>> {
        loop {
            if self.stage == Stage::Inside {
                if self.left > 0 {
                    let wanted = usize::try_from(self.left).ok()?.min(bytes.len());
                    let (part, rest) = bytes.split_at_checked(wanted)?;
                    if part.is_empty() {
                        return None;
                    }
                    *bytes = rest;
                    self.left -= u32::try_from(wanted).ok()?;
                    return Some(Piece::Part(part));
                }
                if self.length < FULL {
                    self.stage = Stage::Header;
                    return Some(Piece::End);
                }
                self.stage = Stage::Continued;
            }
            let wanted = 4 - self.header.len().min(4);
            let (part, rest) = bytes.split_at(wanted.min(bytes.len()));
            *bytes = rest;
            self.header.extend_from_slice(part);
            let [length @ .., sequence] = self.header.as_slice() else {
                return None;
            };
            if length.len() < 3 {
                return None;
            }
            let (length, sequence) = (u32::try_from(number(length)).ok()?, *sequence);
            self.header.clear();
            (self.length, self.left) = (length, length);
            let begins = self.stage == Stage::Header;
            self.stage = Stage::Inside;
            if begins {
                return Some(Piece::Begin { sequence, length });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mysql::fixture::packets;

    fn read(stream: &[u8], step: usize) -> Vec<(u8, Vec<u8>)> {
        let mut reader = Packets::default();
        let mut found = Vec::new();
        for mut bytes in stream.chunks(step) {
            while let Some(piece) = reader.next(&mut bytes) {
                match piece {
                    Piece::Begin { sequence, .. } => found.push((sequence, Vec::new())),
                    Piece::Part(part) => found.last_mut().unwrap().1.extend_from_slice(part),
                    Piece::End => found.push((0xEE, Vec::new())),
                }
            }
            assert!(bytes.is_empty());
        }
        found
    }

    #[test]
    fn payloads_are_put_together_from_pieces_of_any_size() {
        let mut stream = packets(0, b"abc");
        stream.extend(packets(7, b""));
        stream.extend(packets(255, b"x"));
        let wanted = vec![
            (0, b"abc".to_vec()),
            (0xEE, vec![]),
            (7, vec![]),
            (0xEE, vec![]),
            (255, b"x".to_vec()),
            (0xEE, vec![]),
        ];
        for step in 1..=stream.len() {
            assert_eq!(read(&stream, step), wanted, "in steps of {step}");
        }
    }

    #[test]
    fn a_payload_of_exactly_the_full_length_is_ended_by_an_empty_packet() {
        for length in [FULL as usize - 1, FULL as usize, FULL as usize + 1] {
            let stream = packets(3, &vec![b'a'; length]);
            let full = length >= FULL as usize;
            assert_eq!(stream.len(), length + if full { 8 } else { 4 });
            let found = read(&stream, 1 << 20);
            assert_eq!(found.len(), 2);
            assert_eq!(found[0].1.len(), length);
        }
    }
}
